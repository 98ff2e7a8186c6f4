//! Limits the memory of all queries together: options, bodies, and what is parsed from them.
//!
//! Each query has a small allowance. For more, it waits until others release theirs. Two rules prevent deadlocks: one
//! query at a time may exceed the budget, so that one can always finish; and if others are waiting, a query that makes
//! no progress loses its memory.

use std::{
    future::{Future, pending, poll_fn},
    mem,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

use super::{allocator::Trimmer, home::Home};
use crate::{
    budgets::{FREE_HELD_BYTES, MAX_CONTENDED_SILENCE, MAX_HELD_BYTES, MAX_MEDIUM_BYTES, MIN_CONTENDED_PROGRESS},
    error::{TransportError, TransportErrorKind},
};

/// Memory is counted in units of this many bytes.
const UNIT: usize = 1 << 10;

#[derive(Debug)]
struct Budget {
    shared: Arc<Semaphore>,
    /// The right to exceed the budget.
    excess: Arc<Semaphore>,
    waiting: AtomicUsize,
    trimmer: Arc<Trimmer>,
}

/// The memory shared by all queries of this process.
#[derive(Clone, Debug)]
pub(super) struct Memory(Arc<Budget>);

impl Memory {
    pub(super) fn new(home: Home) -> Self {
        Self::of(MAX_HELD_BYTES, home)
    }

    fn of(bytes: usize, home: Home) -> Self {
        Self(Arc::new(Budget {
            shared: Arc::new(Semaphore::new(bytes / UNIT)),
            excess: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
            trimmer: Arc::new(Trimmer::new(home)),
        }))
    }

    /// An empty hold for one query.
    pub(super) fn hold(&self) -> Hold {
        let mut hold = Hold::default();
        hold.budget = Some(Arc::clone(&self.0));
        hold
    }
}

/// The memory held by one query, released when this is dropped.
#[derive(Debug, Default)]
pub struct Hold {
    /// `None` means no limit.
    budget: Option<Arc<Budget>>,
    bytes: usize,
    most_bytes: usize,
    /// The peak since it was last requested.
    peak_bytes: usize,
    is_waiting: bool,
    shared: Option<OwnedSemaphorePermit>,
    excess: Option<OwnedSemaphorePermit>,
}

impl Hold {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it is waiting for more, or was canceled while waiting.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Another, empty hold on the same memory.
    #[must_use]
    pub fn beside(&self) -> Self {
        let mut hold = Self::default();
        hold.budget.clone_from(&self.budget);
        hold
    }

    /// Holds `bytes` more if there is room now, and returns whether it does.
    #[must_use]
    pub fn try_add(&mut self, bytes: usize) -> bool {
        let has_room = self.try_reserve(bytes);
        if has_room {
            self.note(self.bytes.saturating_add(bytes));
        }
        has_room
    }

    /// Reserves room for `bytes` more, for which [`Hold::add`] will not wait, and returns whether there was room. Lasts
    /// until memory is released.
    #[must_use]
    pub fn try_reserve(&mut self, bytes: usize) -> bool {
        let Some(missing) = self.missing_for(self.bytes.saturating_add(bytes)) else { return true };
        let Some(budget) = &self.budget else { return false };
        let permit = Arc::clone(&budget.shared).try_acquire_many_owned(missing);
        permit.map(|permit| self.merge(permit)).is_ok()
    }

    /// Takes over the memory of another hold. Its right to exceed the budget goes to another waiting query, because a
    /// finished part of a query must not keep what others need to finish.
    pub fn absorb(&mut self, mut other: Self) {
        other.shrink_to(other.bytes);
        self.note(self.bytes.saturating_add(mem::take(&mut other.bytes)));
        if let Some(permit) = other.shared.take() {
            self.merge(permit);
        }
    }

    /// The peak of bytes held since the last call.
    pub fn take_peak(&mut self) -> usize {
        mem::replace(&mut self.peak_bytes, self.bytes)
    }

    /// The units needed to hold `bytes`; `None` if none are missing.
    fn missing_for(&self, bytes: usize) -> Option<u32> {
        self.budget.as_ref().filter(|_| self.excess.is_none())?;
        let needed = bytes.saturating_sub(FREE_HELD_BYTES).div_ceil(UNIT);
        let held = self.shared.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = needed.checked_sub(held).filter(|missing| *missing > 0)?;
        // More than the whole budget can be held only by exceeding it.
        Some(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// Holds `bytes` more once there is room.
    pub async fn add(&mut self, bytes: usize) {
        self.note(self.bytes.saturating_add(bytes));
        let Some((missing, budget)) = self.missing_for(self.bytes).zip(self.budget.as_ref()) else { return };
        if let Ok(permit) = Arc::clone(&budget.shared).try_acquire_many_owned(missing) {
            self.merge(permit);
            return;
        }
        let budget = Arc::clone(budget);
        let _waiting = Waiting::new(&budget);
        self.is_waiting = true;
        let mut shared = pin!(Arc::clone(&budget.shared).acquire_many_owned(missing));
        let mut excess = pin!(Arc::clone(&budget.excess).acquire_owned());
        poll_fn(|context| {
            if let Poll::Ready(Ok(permit)) = shared.as_mut().poll(context) {
                self.merge(permit);
                return Poll::Ready(());
            }
            if let Poll::Ready(Ok(permit)) = excess.as_mut().poll(context) {
                self.excess = Some(permit);
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
        self.is_waiting = false;
    }

    fn note(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.most_bytes = self.most_bytes.max(bytes);
        self.peak_bytes = self.peak_bytes.max(bytes);
    }

    fn merge(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.shared {
            Some(shared) => shared.merge(permit),
            None => self.shared = Some(permit),
        }
    }

    /// Releases all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.bytes = self.bytes.min(bytes);
        let needed = self.bytes.saturating_sub(FREE_HELD_BYTES).div_ceil(UNIT);
        if let Some(shared) = &mut self.shared {
            drop(shared.split(shared.num_permits().saturating_sub(needed)));
        }
        if needed == 0 {
            self.excess = None;
        }
    }

    /// Watches whether this query should end in favor of others.
    pub(super) fn watch(&self) -> Watch {
        let holds = self.shared.is_some() || self.excess.is_some();
        Watch { budget: self.budget.clone().filter(|_| holds), since: Instant::now(), progress: 0 }
    }
}

/// The error of a query that got no memory before its deadline.
#[must_use]
pub fn no_memory() -> TransportError {
    TransportError::new(TransportErrorKind::Busy, "no memory was free in time")
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(budget) = self.budget.as_ref().filter(|_| self.most_bytes > MAX_MEDIUM_BYTES) {
            budget.trimmer.schedule();
        }
    }
}

/// Counts a query as waiting for memory.
struct Waiting<'a>(&'a Budget);

impl<'a> Waiting<'a> {
    fn new(budget: &'a Budget) -> Self {
        budget.waiting.fetch_add(1, Ordering::Relaxed);
        Self(budget)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Detects a query that holds memory and makes too little progress for too long while others wait.
pub(super) struct Watch {
    /// `None` if the query holds no more than its allowance.
    budget: Option<Arc<Budget>>,
    /// Time of the last progress, or when nobody was waiting.
    since: Instant,
    progress: usize,
}

impl Watch {
    /// Records that this many bytes have arrived.
    pub(super) fn progress(&mut self, bytes: usize) {
        self.progress += bytes;
        if self.progress >= MIN_CONTENDED_PROGRESS {
            (self.progress, self.since) = (0, Instant::now());
        }
    }

    /// Resolves when the query should end. May be dropped and called again.
    pub(super) async fn revoked(&mut self) {
        let Some(budget) = &self.budget else { return pending().await };
        while self.since.elapsed() < MAX_CONTENDED_SILENCE {
            sleep(MAX_CONTENDED_SILENCE / 8).await;
            if budget.waiting.load(Ordering::Relaxed) == 0 {
                (self.progress, self.since) = (0, Instant::now());
            }
        }
    }
}

/// The result of `wait`, unless the query has to end because others wait for its memory.
pub(super) async fn unless_revoked<T>(watch: &mut Watch, wait: impl Future<Output = T>) -> Result<T, TransportError> {
    let (mut wait, mut revoked) = (pin!(wait), pin!(watch.revoked()));
    poll_fn(|context| {
        if let Poll::Ready(result) = wait.as_mut().poll(context) {
            return Poll::Ready(Ok(result));
        }
        let revoked = revoked.as_mut().poll(context);
        revoked.map(|()| Err(TransportError::new(TransportErrorKind::Busy, "others waited for the memory it held")))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;
    use crate::network::client::runtime;

    const PART: usize = 1 << 20;

    /// A budget of two parts.
    fn memory() -> Memory {
        Memory::of(2 * PART, Home::default())
    }

    async fn held(memory: &Memory, bytes: usize) -> Hold {
        let mut hold = memory.hold();
        hold.add(bytes).await;
        hold
    }

    /// Whether `hold` has to wait for more.
    async fn waits(hold: &mut Hold, bytes: usize) -> bool {
        let mut adding = pin!(hold.add(bytes));
        for _ in 0..3 {
            if poll_fn(|context| Poll::Ready(adding.as_mut().poll(context).is_ready())).await {
                return false;
            }
            yield_now().await;
        }
        true
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        runtime().unwrap().block_on(future)
    }

    #[test]
    fn never_makes_a_small_query_wait() {
        block_on(async {
            let memory = memory();
            let _others = [held(&memory, 2 * PART).await, held(&memory, 2 * PART).await];
            assert!(waits(&mut memory.hold(), PART).await);
            assert!(!waits(&mut memory.hold(), FREE_HELD_BYTES).await);
        });
    }

    #[test]
    fn makes_a_large_query_wait_until_another_releases_memory() {
        block_on(async {
            let memory = memory();
            let first = held(&memory, 2 * PART).await;
            let _in_excess = held(&memory, 2 * PART).await;
            let mut third = memory.hold();
            assert!(waits(&mut third, PART).await);
            drop(first);
            assert!(!waits(&mut memory.hold(), PART).await);
        });
    }

    #[test]
    fn holds_more_at_once_only_if_there_is_room() {
        block_on(async {
            let memory = memory();
            let first = held(&memory, 2 * PART).await;
            let mut second = first.beside();
            assert!(second.try_add(FREE_HELD_BYTES) && !second.try_add(PART));
            assert_eq!(second.bytes(), FREE_HELD_BYTES);
            drop(first);
            assert!(second.try_add(PART));
            assert_eq!(second.bytes(), FREE_HELD_BYTES + PART);
            assert!(Hold::default().beside().try_add(usize::MAX));
        });
    }

    #[test]
    fn keeps_reserved_room_when_others_hold_the_rest() {
        block_on(async {
            let memory = memory();
            let mut reserved = memory.hold();
            assert!(reserved.try_reserve(PART) && !memory.hold().try_reserve(2 * PART + FREE_HELD_BYTES));
            assert_eq!(reserved.bytes(), 0);
            let _others = [held(&memory, PART).await, held(&memory, 2 * PART).await];
            assert!(!waits(&mut reserved, PART).await);
            assert!(waits(&mut reserved, PART).await);
        });
    }

    #[test]
    fn prevents_parts_of_a_query_from_waiting_for_each_other() {
        block_on(async {
            let memory = memory();
            let mut query = held(&memory, 2 * PART).await;
            let (mut first, mut second) = (query.beside(), query.beside());
            assert!(!waits(&mut first, PART).await);
            assert!(waits(&mut second, PART).await);
            first.shrink_to(PART / 2);
            query.absorb(first);
            assert!(!waits(&mut second, PART).await);
            assert_eq!(query.bytes(), 2 * PART + PART / 2);
            assert!(waits(&mut query, PART).await);
            query.absorb(second);
            assert!(!waits(&mut query, PART).await);
        });
    }

    #[test]
    fn returns_the_peak_since_the_last_call() {
        block_on(async {
            let mut hold = memory().hold();
            hold.add(5).await;
            hold.add(5).await;
            hold.shrink_to(3);
            assert_eq!((hold.take_peak(), hold.take_peak()), (10, 3));
        });
    }

    #[test]
    fn lets_one_query_at_a_time_exceed_the_budget() {
        block_on(async {
            let memory = memory();
            let (mut first, mut second) = (held(&memory, PART).await, held(&memory, PART).await);
            // Both hold half and want more than the whole budget.
            assert!(!waits(&mut first, 10 * PART).await);
            assert!(!waits(&mut first, 10 * PART).await);
            assert!(waits(&mut second, 10 * PART).await);
            drop(first);
            let mut third = memory.hold();
            assert!(!waits(&mut third, 10 * PART).await);
        });
    }

    #[test]
    fn lets_others_use_memory_released_early() {
        block_on(async {
            let memory = memory();
            let mut first = held(&memory, 2 * PART).await;
            first.shrink_to(PART);
            assert_eq!(first.bytes(), PART);
            assert!(!waits(&mut memory.hold(), PART).await);
            let mut in_excess = held(&memory, 10 * PART).await;
            assert!(waits(&mut memory.hold(), 10 * PART).await);
            in_excess.shrink_to(0);
            assert!(!waits(&mut memory.hold(), 10 * PART).await);
        });
    }

    #[test]
    fn has_no_limit_without_a_budget() {
        block_on(async {
            let mut hold = Hold::default();
            assert!(!waits(&mut hold, usize::MAX).await);
            hold.add(1).await;
            assert_eq!(hold.bytes(), usize::MAX);
        });
    }

    /// Whether a query that holds memory is told to end after this time, with or without others waiting.
    async fn is_revoked(seconds: u64, others_wait: bool, progress: usize) -> bool {
        let memory = memory();
        let first = held(&memory, 2 * PART).await;
        let _waiting = others_wait.then(|| Waiting::new(&memory.0));
        let mut watch = first.watch();
        watch.since = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        watch.progress(progress);
        let mut revoked = pin!(watch.revoked());
        poll_fn(|context| Poll::Ready(revoked.as_mut().poll(context).is_ready())).await
    }

    #[test]
    fn ends_a_query_without_progress_when_others_wait_for_its_memory() {
        block_on(async {
            let limit = MAX_CONTENDED_SILENCE.as_secs();
            assert!(is_revoked(limit, true, MIN_CONTENDED_PROGRESS - 1).await);
            assert!(!is_revoked(limit - 1, true, 0).await);
            assert!(!is_revoked(limit, true, MIN_CONTENDED_PROGRESS).await);
            let small = held(&memory(), FREE_HELD_BYTES).await;
            assert!(small.watch().budget.is_none());
        });
    }
}
