//! Ends a query on time if its server's thread is too busy to do so.
//!
//! A query on such a thread costs the runtime nothing: a single task sleeps until the earliest of all deadlines, even
//! if that query has already ended. So it wakes up about once per timeout.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::{runtime::Handle, sync::Notify, time::timeout_at};

/// What to do about a late query.
type Late = Box<dyn FnOnce() + Send>;

/// The deadlines of queries on servers' threads.
#[derive(Default)]
pub(super) struct Lateness {
    state: Mutex<State>,
    /// There is a deadline before the one that the task waits for.
    is_earlier: Notify,
}

#[derive(Default)]
struct State {
    /// Sorted by deadline; the number distinguishes equal ones.
    queries: BTreeMap<(Instant, u64), Late>,
    registered: u64,
    is_watched: bool,
    /// The deadline that the task waits for, if any.
    next: Option<Instant>,
}

/// A query that is not late yet. Dropped when it ends.
pub(super) struct Registration {
    lateness: Arc<Lateness>,
    key: (Instant, u64),
}

impl Lateness {
    /// Calls `late` on the runtime `home` at `deadline`, unless the registration is dropped before.
    pub(super) fn register(self: &Arc<Self>, home: &Handle, deadline: Instant, late: Late) -> Registration {
        let mut state = self.state();
        state.registered += 1;
        let key = (deadline, state.registered);
        state.queries.insert(key, late);
        if state.next.is_none_or(|next| deadline < next) {
            state.next = Some(deadline);
            self.is_earlier.notify_one();
        }
        if !state.is_watched {
            state.is_watched = true;
            home.spawn(Arc::clone(self).watch());
        }
        drop(state);
        Registration { lateness: Arc::clone(self), key }
    }

    async fn watch(self: Arc<Self>) {
        loop {
            let next = self.state().next;
            let earlier = self.is_earlier.notified();
            match next {
                None => earlier.await,
                Some(next) if timeout_at(next.into(), earlier).await.is_ok() => {}
                Some(next) => {
                    for late in self.take_late(next) {
                        // In a separate task, so that a panic does not end this one.
                        tokio::spawn(async { late() });
                    }
                }
            }
        }
    }

    /// Removes the queries that are late, and records the next deadline.
    fn take_late(&self, now: Instant) -> Vec<Late> {
        let mut state = self.state();
        let mut late = Vec::new();
        while let Some(query) = state.queries.first_entry().filter(|query| query.key().0 <= now) {
            late.push(query.remove());
        }
        state.next = state.queries.first_key_value().map(|((deadline, _), _)| *deadline);
        late
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let query = self.lateness.state().queries.remove(&self.key);
        // Drop its contents outside the lock.
        drop(query);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;
    use crate::network::client::runtime;

    #[test]
    fn calls_late_only_for_queries_that_have_not_ended() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let (calls, called) = mpsc::channel();
        let register = |name: &'static str, milliseconds| {
            let calls = calls.clone();
            let deadline = Instant::now() + Duration::from_millis(milliseconds);
            lateness.register(runtime.handle(), deadline, Box::new(move || calls.send(name).unwrap()))
        };
        let _much_later = register("much later", 60_000);
        let _late = register("late", 20);
        let _earlier = register("earlier", 10);
        drop(register("ended", 15));
        let called = |()| called.recv_timeout(Duration::from_secs(60)).unwrap();
        let mut called = [(); 2].map(called);
        // A busy machine may call both at once.
        called.sort_unstable();
        assert_eq!(called, ["earlier", "late"]);
        assert_eq!(lateness.state().queries.len(), 1);
    }

    #[test]
    fn keeps_other_deadlines_when_one_call_panics() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let (calls, called) = mpsc::channel();
        let now = Instant::now();
        let _odd = lateness.register(runtime.handle(), now, Box::new(|| panic!("on purpose")));
        let second = Box::new(move || calls.send(()).unwrap());
        let _second = lateness.register(runtime.handle(), now + Duration::from_millis(10), second);
        called.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn keeps_waiting_for_a_deadline_whose_query_has_ended() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let first = Instant::now() + Duration::from_secs(60);
        drop(lateness.register(runtime.handle(), first, Box::new(|| ())));
        let _second = lateness.register(runtime.handle(), first + Duration::from_secs(1), Box::new(|| ()));
        assert_eq!(lateness.state().next, Some(first));
    }
}
