//! Gives each server its own thread, so that whatever it sends slows down only itself.
//!
//! The HTTP client reads an endless chunk size or endless interim responses for as long as more arrives, without
//! checking any timer, and has no limit for that. On its own thread, such a server delays only its own queries, and the
//! system shares the cores among threads. `lateness` enforces the deadlines.
//!
//! A query runs on its server's thread from beginning to end, so that it wakes no other. If its base URL, as entered,
//! is known from another query, it also starts there; otherwise the runtime reads its options first.
//!
//! `OpenAI` and Azure need none. If there are too many servers, the latest ones share one more thread.

use std::{
    collections::HashMap,
    future::Future,
    panic,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{self, Handle, Runtime},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use super::{
    clients::{Clients, Factory, Route},
    connections::{Connections, Kept},
};
use crate::{
    budgets::{IDLE_OF_SERVER, MAX_KNOWN_BASE_URL_BYTES, MAX_KNOWN_BASE_URLS, MIN_THREAD_HOLD},
    error::{TransportError, TransportErrorKind},
};

/// Scheduler turns until sockets and timers are checked again. A turn may take long here.
const EVENT_INTERVAL: u32 = 8;

/// How many ready sockets a check reports at most. Answers to a burst arrive together. If their connections were all
/// read before the next requests are written, those would also go out together, and each row of a list would wait for
/// all others again. Measured with 64 rows in progress and answers after 50 ms: 2.5 % more rows per second than without
/// this limit.
const READY_SOCKETS: usize = 4;

/// Identifies a thread for requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Scheme, host and port; `None` for the shared thread.
    origin: Option<String>,
    route: Route,
}

/// All servers with threads.
pub(super) struct Servers {
    factory: Arc<Factory>,
    connections: Arc<Connections>,
    max_threads: usize,
    running: Mutex<HashMap<Key, Arc<Server>>>,
    /// Servers by base URL as entered.
    known: Mutex<HashMap<String, Weak<Server>>>,
}

/// A thread with its runtime, for one server or shared by several.
pub(super) struct Server {
    pub(super) clients: Clients,
    /// Unique among all threads of this process.
    pub(super) number: u64,
    handle: Handle,
    last_used: Mutex<Instant>,
    /// Dropped to end the thread.
    _end: oneshot::Sender<()>,
}

/// A query on a server's thread, which lasts at least as long.
pub(super) struct Visit {
    server: Arc<Server>,
    /// Whether the server shares the thread.
    pub(super) is_shared: bool,
}

impl Servers {
    pub(super) fn new(factory: Arc<Factory>, connections: Arc<Connections>, max_threads: usize) -> Arc<Self> {
        Arc::new(Self { factory, connections, max_threads, running: Mutex::default(), known: Mutex::default() })
    }

    /// The thread for requests to this origin, started if necessary.
    ///
    /// # Errors
    /// [`TransportErrorKind::Busy`] if the system refuses to start a thread.
    pub(super) fn visit(self: &Arc<Self>, origin: &str, route: Route) -> Result<Visit, TransportError> {
        let mut running = self.running();
        let own = Key { origin: Some(origin.to_owned()), route };
        let key =
            if running.contains_key(&own) || self.make_room(&mut running) { own } else { Key { origin: None, route } };
        let is_shared = key.origin.is_none();
        if let Some(server) = running.get(&key) {
            return Ok(Visit { server: Arc::clone(server), is_shared });
        }
        let server = self.start(key.clone())?;
        running.insert(key, Arc::clone(&server));
        Ok(Visit { server, is_shared })
    }

    /// Remembers that a data source with this base URL uses the server of `visit`.
    pub(super) fn note(&self, typed: &str, visit: &Visit) {
        if typed.is_empty() || typed.len() > MAX_KNOWN_BASE_URL_BYTES || visit.is_shared {
            return;
        }
        let mut known = self.known();
        if known.get(typed).is_some_and(|server| server.strong_count() > 0) {
            return;
        }
        // They will be added again.
        if known.len() >= MAX_KNOWN_BASE_URLS {
            known.clear();
        }
        known.insert(typed.to_owned(), Arc::downgrade(&visit.server));
    }

    /// The thread for a data source with this base URL, if it is known and running. Never blocks, because the JS thread
    /// calls this.
    pub(super) fn visit_known(&self, typed: &str) -> Option<Visit> {
        // Prevents another query from finding it unused at this moment.
        let _running = self.running.try_lock().ok()?;
        let server = self.known.try_lock().ok()?.get(typed)?.upgrade()?;
        Some(Visit { server, is_shared: false })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Weak<Server>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// If another thread would exceed the limit, ends the one that has been unused longest. Returns whether another one
    /// may start now.
    fn make_room(&self, running: &mut HashMap<Key, Arc<Server>>) -> bool {
        let own = running.iter().filter(|(key, _)| key.origin.is_some());
        if own.clone().count() < self.max_threads {
            return true;
        }
        let unused = own.filter_map(|(key, server)| Some((server.unused_for()?, key)));
        let longest = unused.max_by_key(|(time, _)| *time).filter(|(time, _)| *time >= MIN_THREAD_HOLD);
        let Some(key) = longest.map(|(_, key)| key.clone()) else { return false };
        running.remove(&key).is_some()
    }

    fn start(self: &Arc<Self>, key: Key) -> Result<Arc<Server>, TransportError> {
        static STARTED: AtomicU64 = AtomicU64::new(1);
        let unstarted = |error: std::io::Error| TransportError::new(TransportErrorKind::Busy, error.to_string());
        let kept = key.origin.as_deref().map_or(Kept::None, Kept::of_server);
        let clients = self.factory.for_server(key.route, self.connections.limits(), kept)?;
        let runtime = runtime::Builder::new_current_thread()
            .event_interval(EVENT_INTERVAL)
            .max_io_events_per_tick(READY_SOCKETS)
            .enable_io()
            .enable_time()
            .build()
            .map_err(unstarted)?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let (end, ended) = oneshot::channel();
        let server = Server {
            clients,
            number,
            handle: runtime.handle().clone(),
            last_used: Mutex::new(Instant::now()),
            _end: end,
        };
        let (servers, connections) = (Arc::downgrade(self), Arc::clone(&self.connections));
        let drive = move || {
            drive(runtime, ended, &servers, &key);
            connections.thread_ended(number);
        };
        thread::Builder::new().name("tooljet-server".to_owned()).spawn(drive).map_err(unstarted)?;
        Ok(Arc::new(server))
    }

    /// How much longer the thread must run at least; `None` if it has been unused for too long and is dropped now.
    fn time_left(&self, key: &Key) -> Option<Duration> {
        let mut running = self.running();
        let Some(unused) = running.get(key)?.unused_for() else { return Some(IDLE_OF_SERVER.timeout) };
        let left = IDLE_OF_SERVER.timeout.checked_sub(unused).filter(|left| !left.is_zero());
        if left.is_none() {
            running.remove(key);
        }
        left
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Key, Arc<Server>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the tasks of queries until the thread is unused for too long or has to make room. Dropping the runtime closes
/// the remaining connections.
fn drive(runtime: Runtime, mut ended: oneshot::Receiver<()>, servers: &Weak<Servers>, key: &Key) {
    runtime.block_on(async {
        while let Some(left) = servers.upgrade().and_then(|servers| servers.time_left(key)) {
            if timeout(left, &mut ended).await.is_ok() {
                return;
            }
        }
    });
}

impl Server {
    /// How long no query has used it; `None` if one does. Must be called under the lock of all servers, because a query
    /// may arrive.
    fn unused_for(self: &Arc<Self>) -> Option<Duration> {
        let is_unused = Arc::strong_count(self) == 1;
        is_unused.then(|| self.last_used.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }
}

impl Visit {
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Whether the current thread is the server's.
    pub(super) fn is_here(&self) -> bool {
        Handle::try_current().is_ok_and(|here| here.id() == self.server.handle.id())
    }

    /// Runs `work` on the server's thread, and cancels it when this is dropped.
    pub(super) fn run<T: Send + 'static>(
        self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> {
        Remote(self.start(work))
    }

    /// Starts `work` on the server's thread.
    pub(super) fn start<T: Send + 'static>(self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        let handle = self.server.handle.clone();
        handle.spawn(async move {
            let result = work.await;
            drop(self);
            result
        })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        *self.server.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A task on another thread that is aborted when its waiter is dropped.
struct Remote<T>(JoinHandle<T>);

impl<T> Future for Remote<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(result) => Poll::Ready(result),
            Err(error) => panic::resume_unwind(error.into_panic()),
        }
    }
}

impl<T> Drop for Remote<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::network::client::{
        self, Client, Settings,
        connections::{Kept, Owner},
    };

    fn servers(max_server_threads: usize) -> Arc<Servers> {
        Client::from_env(|_| None, Settings { max_server_threads, ..Settings::default() }).unwrap().servers
    }

    fn visit(servers: &Arc<Servers>, origin: &str) -> Visit {
        servers.visit(origin, Route::Checked).unwrap()
    }

    /// Makes the thread with this number appear unused for this long.
    fn age(servers: &Servers, number: u64, time: Duration) {
        let running = servers.running();
        let server = running.values().find(|server| server.number == number).unwrap();
        *server.last_used.lock().unwrap() = Instant::now().checked_sub(time).unwrap();
    }

    #[test]
    fn does_not_delay_other_servers_when_one_is_stuck() {
        let servers = servers(2);
        let (release, gate) = mpsc::channel::<()>();
        client::runtime().unwrap().block_on(async {
            let stuck = visit(&servers, "a").run(async move { gate.recv().is_err() });
            assert_eq!(visit(&servers, "b").run(async { 1 }).await, 1);
            drop(release);
            assert!(stuck.await);
        });
    }

    #[test]
    fn finds_a_running_server_by_base_url() {
        let servers = servers(1);
        let own = visit(&servers, "a");
        let shared = visit(&servers, "b");
        let long = "a".repeat(MAX_KNOWN_BASE_URL_BYTES + 1);
        for (typed, visit) in [(" a/v1", &own), ("", &own), (&long, &own), ("b/v1", &shared)] {
            servers.note(typed, visit);
        }
        let known = |typed: &str| servers.visit_known(typed).map(|visit| visit.server.number);
        assert_eq!(known(" a/v1"), Some(own.server.number));
        assert_eq!(["a/v1", "", &long, "b/v1"].map(known), [None; 4]);
        let number = own.server.number;
        drop(own);
        age(&servers, number, MIN_THREAD_HOLD);
        assert!(!visit(&servers, "c").is_shared);
        assert_eq!(known(" a/v1"), None);
    }

    #[test]
    fn remembers_a_limited_number_of_base_urls() {
        let servers = servers(1);
        let visit = visit(&servers, "a");
        (0..=MAX_KNOWN_BASE_URLS).for_each(|number| servers.note(&number.to_string(), &visit));
        assert!(servers.known().len() <= MAX_KNOWN_BASE_URLS);
        assert!(servers.visit_known(&MAX_KNOWN_BASE_URLS.to_string()).is_some());
    }

    #[test]
    fn cancels_work_with_the_query_that_waits_for_it() {
        let servers = servers(1);
        client::runtime().unwrap().block_on(async {
            let (held, mut dropped) = oneshot::channel::<()>();
            drop(visit(&servers, "a").run(async move {
                let _held = held;
                std::future::pending::<()>().await;
            }));
            assert!(timeout(Duration::from_secs(60), &mut dropped).await.is_ok());
        });
    }

    #[test]
    fn propagates_a_panic_on_the_thread_to_the_waiting_query() {
        let servers = servers(1);
        let run =
            || client::runtime().unwrap().block_on(visit(&servers, "a").run::<()>(async { panic!("on purpose") }));
        let panic = panic::catch_unwind(panic::AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    }

    #[test]
    fn shares_a_thread_among_new_servers_until_one_is_unused() {
        let servers = servers(2);
        let (a, b) = (visit(&servers, "a"), visit(&servers, "b"));
        let (a_number, b_number) = (a.server.number, b.server.number);
        let (c, d) = (visit(&servers, "c"), visit(&servers, "d"));
        assert!(!a.is_shared && !b.is_shared && c.is_shared && d.is_shared);
        assert!(a_number != b_number && c.server.number == d.server.number);
        assert_eq!(visit(&servers, "a").server.number, a_number);
        drop((a, b));
        // Servers used recently keep their thread, even if no query is running.
        assert!(visit(&servers, "c").is_shared);
        let (unused, unused_for_longer) = (MIN_THREAD_HOLD, 2 * MIN_THREAD_HOLD);
        age(&servers, a_number, unused);
        age(&servers, b_number, unused_for_longer);
        let c = visit(&servers, "c");
        assert!(!c.is_shared && c.server.number > d.server.number);
        assert_eq!(visit(&servers, "a").server.number, a_number);
        assert!(visit(&servers, "b").is_shared, "the thread that was unused for longest goes first");
    }

    #[test]
    fn ends_a_thread_after_its_idle_time_but_not_during_a_query() {
        let servers = servers(1);
        let visit = visit(&servers, "a");
        let (number, server) = (visit.server.number, Arc::downgrade(&visit.server));
        let owner = Owner { origin: "a".to_owned(), thread: number, kept: Kept::All };
        drop(client::runtime().unwrap().block_on(servers.connections.take(owner)));
        assert_eq!(servers.connections.open(), 1);
        let key = Key { origin: Some("a".to_owned()), route: Route::Checked };
        age(&servers, number, 2 * IDLE_OF_SERVER.timeout);
        assert_eq!(servers.time_left(&key), Some(IDLE_OF_SERVER.timeout));
        drop(visit);
        age(&servers, number, IDLE_OF_SERVER.timeout / 2);
        assert!(servers.time_left(&key).is_some_and(|left| left <= IDLE_OF_SERVER.timeout / 2));
        age(&servers, number, IDLE_OF_SERVER.timeout);
        assert_eq!(servers.time_left(&key), None);
        assert!(server.upgrade().is_none() && servers.running().is_empty());
        let start = Instant::now();
        while servers.connections.open() > 0 {
            assert!(start.elapsed() < Duration::from_secs(5), "its idle connection is still counted");
            thread::yield_now();
        }
    }
}
