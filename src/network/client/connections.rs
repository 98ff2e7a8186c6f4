//! Counts open connections, in use or idle, and holds queries back if there are too many.
//!
//! The HTTP client does not report when it closes a connection, so this mirrors its rules: a query uses the connection
//! that became idle last, or opens one; an idle one is closed if there are too many, or at the latest after twice its
//! timeout.
//!
//! Each server has two kinds of connections, so that a server with few threads is not left with more idle ones than it
//! can handle: a few lasting ones, which are used first, and those of a burst, which are closed soon or at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::timeout};

use crate::budgets::{CONNECTIONS_PER_IDLE, DESCRIPTORS_PER_CONNECTION, IdleLimits, MAX_CONNECTIONS, MIN_CONNECTIONS};

/// How often a waiting query checks for idle connections that have expired.
const RECHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Limits on connections.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Limit for all servers together.
    max: usize,
    /// Limit for each server.
    max_of_server: usize,
    pub(super) lasting: IdleLimits,
    pub(super) burst: IdleLimits,
}

impl Limits {
    /// Limits for a process that may open this many descriptors.
    pub(super) fn new(descriptors: usize, lasting: IdleLimits, burst_timeout: Duration) -> Self {
        let max = (descriptors / DESCRIPTORS_PER_CONNECTION).clamp(MIN_CONNECTIONS, MAX_CONNECTIONS);
        let burst = IdleLimits { max: max / CONNECTIONS_PER_IDLE, timeout: burst_timeout };
        Self { max, max_of_server: max / 2, lasting, burst }
    }
}

/// Which kind of connection a query uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Lasting,
    Burst,
}

/// Identifies the connections that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) origin: String,
    /// The thread that they belong to. When it ends, so do its idle connections.
    pub(super) thread: u64,
    pub(super) kept: Kept,
}

/// Which connections stay open after their queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    None,
    Lasting,
    All,
}

impl Kept {
    /// For a server with its own thread.
    pub(super) fn of_server(origin: &str) -> Self {
        if origin.starts_with("https:") { Self::All } else { Self::Lasting }
    }

    /// Maximum number of idle connections of this kind.
    pub(super) fn max_idle(self, kind: Kind, limits: &Limits) -> usize {
        match (self, kind) {
            (Self::None, _) | (Self::Lasting, Kind::Burst) => 0,
            (_, Kind::Lasting) => limits.lasting.max,
            (Self::All, Kind::Burst) => limits.burst.max,
        }
    }
}

/// The connections to servers that share [`Limits`].
pub(super) struct Connections {
    limits: Limits,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    open: usize,
    servers: HashMap<Owner, Server>,
}

#[derive(Default)]
struct Server {
    lasting: Group,
    burst: Group,
}

/// Connections of one kind.
#[derive(Default)]
struct Group {
    busy: usize,
    /// When each became idle, the latest last.
    idle: Vec<Instant>,
}

impl Group {
    /// Removes the connections that have been closed by now, and returns their number.
    fn expire(&mut self, limits: IdleLimits, now: Instant) -> usize {
        let before = self.idle.len();
        self.idle.retain(|since| now.saturating_duration_since(*since) < 2 * limits.timeout);
        before - self.idle.len()
    }
}

impl Server {
    fn group(&mut self, kind: Kind) -> &mut Group {
        match kind {
            Kind::Lasting => &mut self.lasting,
            Kind::Burst => &mut self.burst,
        }
    }

    fn expire(&mut self, limits: &Limits, now: Instant) -> usize {
        self.lasting.expire(limits.lasting, now) + self.burst.expire(limits.burst, now)
    }

    fn busy(&self) -> usize {
        self.lasting.busy + self.burst.busy
    }

    fn is_unused(&self) -> bool {
        self.busy() == 0 && self.lasting.idle.is_empty() && self.burst.idle.is_empty()
    }
}

impl State {
    /// Removes the connections that have been closed by now.
    fn expire(&mut self, limits: &Limits, now: Instant) {
        for server in self.servers.values_mut() {
            self.open -= server.expire(limits, now);
        }
        self.servers.retain(|_, server| !server.is_unused());
    }

    fn take(&mut self, owner: &Owner, limits: &Limits, now: Instant) -> Option<Kind> {
        if self.open >= limits.max {
            self.expire(limits, now);
        }
        let has_room = self.open < limits.max;
        let server =
            if has_room { Some(self.servers.entry(owner.clone()).or_default()) } else { self.servers.get_mut(owner) };
        let server = server.filter(|server| server.busy() < limits.max_of_server)?;
        self.open -= server.expire(limits, now);
        let kind = if server.lasting.busy < limits.lasting.max { Kind::Lasting } else { Kind::Burst };
        let group = server.group(kind);
        match group.idle.pop() {
            Some(_) => {}
            None if has_room => self.open += 1,
            None => return None,
        }
        group.busy += 1;
        Some(kind)
    }

    fn give_back(&mut self, owner: &Owner, kind: Kind, limits: &Limits, now: Instant) {
        let Some(server) = self.servers.get_mut(owner) else { return };
        let group = server.group(kind);
        group.busy -= 1;
        if group.idle.len() < owner.kept.max_idle(kind, limits) {
            group.idle.push(now);
        } else {
            self.open -= 1;
        }
        if server.is_unused() {
            self.servers.remove(owner);
        }
    }
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default(), changed: Notify::new() })
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Waits until a query to this server may use a connection.
    pub(super) async fn take(self: &Arc<Self>, owner: Owner) -> Permit {
        loop {
            // Subscribe before checking, so that no change is missed.
            let changed = self.changed.notified();
            let kind = self.state().take(&owner, &self.limits, Instant::now());
            if let Some(kind) = kind {
                return Permit { connections: Arc::clone(self), owner, kind };
            }
            let _ = timeout(RECHECK_INTERVAL, changed).await;
        }
    }

    /// Records that a thread has ended, and with it the idle connections to its server.
    pub(super) fn thread_ended(&self, thread: u64) {
        {
            let mut state = self.state();
            let State { open, servers } = &mut *state;
            servers.retain(|owner, server| {
                if owner.thread == thread {
                    *open -= server.lasting.idle.drain(..).count() + server.burst.idle.drain(..).count();
                }
                !server.is_unused()
            });
        }
        self.changed.notify_waiters();
    }

    /// Number of connections that may be open.
    pub(super) fn open(&self) -> usize {
        self.state().open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one query to use a connection until this is dropped.
pub(super) struct Permit {
    connections: Arc<Connections>,
    owner: Owner,
    pub(super) kind: Kind,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Self { connections, owner, kind } = self;
        connections.state().give_back(owner, *kind, &connections.limits, Instant::now());
        connections.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max: 8,
        max_of_server: 4,
        lasting: IdleLimits { max: 2, timeout: Duration::from_secs(90) },
        burst: IdleLimits { max: 1, timeout: Duration::from_secs(2) },
    };

    fn owner(origin: &str) -> Owner {
        Owner { origin: origin.to_owned(), thread: 1, kept: Kept::All }
    }

    /// A state, and the current time for it.
    struct Clock {
        state: State,
        now: Instant,
    }

    impl Clock {
        fn new() -> Self {
            Self { state: State::default(), now: Instant::now() }
        }

        fn pass(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        fn take(&mut self, origin: &str) -> Option<Kind> {
            self.state.take(&owner(origin), &LIMITS, self.now)
        }

        fn give_back(&mut self, origin: &str, kind: Kind) {
            self.state.give_back(&owner(origin), kind, &LIMITS, self.now);
        }
    }

    #[test]
    fn uses_lasting_connections_first_and_reuses_them() {
        let mut clock = Clock::new();
        let kinds = [(); 4].map(|()| clock.take("a").unwrap());
        assert_eq!(kinds, [Kind::Lasting, Kind::Lasting, Kind::Burst, Kind::Burst]);
        for kind in kinds {
            clock.give_back("a", kind);
        }
        // One of the burst exceeds the idle limit of its kind.
        assert_eq!(clock.state.open, 3);
        assert_eq!([(); 4].map(|()| clock.take("a").unwrap()), kinds);
        assert_eq!(clock.state.open, 4);
    }

    #[test]
    fn forgets_idle_connections_after_twice_their_time() {
        let mut clock = Clock::new();
        for kind in [(); 3].map(|()| clock.take("a").unwrap()) {
            clock.give_back("a", kind);
        }
        let mut open_after = |seconds| {
            clock.pass(seconds);
            clock.state.expire(&LIMITS, clock.now);
            clock.state.open
        };
        assert_eq!((open_after(3), open_after(1), open_after(175), open_after(1)), (3, 2, 2, 0));
        assert!(clock.state.servers.is_empty());
    }

    #[test]
    fn limits_one_server_to_its_share() {
        let mut clock = Clock::new();
        assert_eq!((0..9).filter_map(|_| clock.take("a")).count(), 4);
        assert_eq!((0..9).filter_map(|_| clock.take("b")).count(), 4);
        assert_eq!(clock.take("c"), None);
        assert!(!clock.state.servers.contains_key(&owner("c")), "a name that only waits takes memory");
        clock.give_back("a", Kind::Lasting);
        // Until it expires, the connection is idle, and only its own server can use it.
        assert_eq!((clock.take("c"), clock.take("a")), (None, Some(Kind::Lasting)));
        clock.give_back("a", Kind::Lasting);
        clock.pass(180);
        assert_eq!(clock.take("c"), Some(Kind::Lasting));
    }

    #[test]
    fn keeps_burst_connections_when_connecting_is_expensive() {
        let idle = |origin| {
            let kept = Kept::of_server(origin);
            [Kind::Lasting, Kind::Burst].map(|kind| kept.max_idle(kind, &LIMITS))
        };
        assert_eq!((idle("https://a"), idle("http://a")), ([2, 1], [2, 0]));
    }

    #[test]
    fn keeps_no_idle_connections_on_a_shared_thread() {
        let mut state = State::default();
        let shared = Owner { kept: Kept::None, ..owner("a") };
        let kind = state.take(&shared, &LIMITS, Instant::now()).unwrap();
        state.give_back(&shared, kind, &LIMITS, Instant::now());
        assert_eq!((state.open, state.servers.len()), (0, 0));
    }

    #[test]
    fn drops_only_its_own_idle_connections_when_a_thread_ends() {
        let connections = Connections::new(LIMITS);
        for thread in [1, 2] {
            let owner = Owner { thread, ..owner("a") };
            let mut state = connections.state();
            let kind = state.take(&owner, &LIMITS, Instant::now()).unwrap();
            state.give_back(&owner, kind, &LIMITS, Instant::now());
        }
        connections.thread_ended(1);
        assert_eq!(connections.open(), 1);
        assert_eq!(connections.state().servers.keys().map(|owner| owner.thread).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn continues_a_waiting_query_when_a_connection_is_returned() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let connections = Connections::new(LIMITS);
            let mut permits = Vec::new();
            for _ in 0..4 {
                permits.push(connections.take(owner("a")).await);
            }
            let waiting = tokio::spawn({
                let connections = Arc::clone(&connections);
                async move { connections.take(owner("a")).await.kind }
            });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            permits.remove(0);
            tokio::task::yield_now().await;
            assert!(waiting.is_finished(), "it waits for the next look");
            assert_eq!(waiting.await.unwrap(), Kind::Lasting);
        });
    }

    #[test]
    fn uses_a_quarter_of_the_descriptors_within_its_limits() {
        let max = |descriptors| Limits::new(descriptors, LIMITS.lasting, LIMITS.burst.timeout).max;
        assert_eq!((max(20), max(1024), max(usize::MAX)), (64, 256, 1024));
        let limits = Limits::new(1024, LIMITS.lasting, LIMITS.burst.timeout);
        assert_eq!((limits.max_of_server, limits.burst.max), (128, 64));
    }
}
