//! Opens no more connections than there are queries waiting for one.
//!
//! hyper opens a connection for each query that finds none free. If another connection becomes free first, the query
//! uses that one, and hyper finishes opening the first in a background task. The next query does not know about it and
//! opens yet another. Sixty-four concurrent queries with quick answers opened 114 connections this way, each with a TLS
//! handshake.
//!
//! Here, a connection is opened only if fewer connections to that server are being opened than queries are waiting. A
//! query that is held back uses the first connection that becomes free or open, or opens one after half a second. The
//! number of concurrent handshakes is limited in the same way, because queued ones often turn out to be unnecessary.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Concurrent handshakes with one server.
const MAX_HANDSHAKES: usize = 32;
/// Scheduler turns until the counts are correct. This takes microseconds, and only for a query that finds no free
/// connection.
const SCHEDULER_YIELDS: usize = 3;
/// The longest time to hold a query back, so that a hung handshake cannot block it.
const MAX_HOLD: Duration = Duration::from_millis(500);

tokio::task_local! {
    /// The server to which this task's query needs a connection. A task-local, because hyper passes only a URI to
    /// connectors, and because it identifies the task: hyper's own tasks have none.
    static SERVER: String;
}

/// Sends a request that may have to wait for a connection to `server`.
pub(super) async fn waiting_for<T>(server: String, request: impl Future<Output = T>) -> T {
    SERVER.scope(server, request).await
}

/// Whether the query has found another connection, so that hyper finishes opening this one in the background.
fn is_detached() -> bool {
    SERVER.try_with(|_| ()).is_err()
}

/// Counts waiting queries and connections being opened, per server.
#[derive(Clone)]
pub(super) struct ConnectLimiter {
    servers: Arc<Mutex<HashMap<String, Server>>>,
    max_hold: Duration,
}

impl Default for ConnectLimiter {
    fn default() -> Self {
        Self { servers: Arc::default(), max_hold: MAX_HOLD }
    }
}

#[derive(Default)]
struct Server {
    waiting: usize,
    opening: usize,
    /// Wakes queries that are held back, in order of arrival, to check the counts again.
    changed: Arc<Notify>,
}

impl Server {
    fn may_open(&self) -> bool {
        self.opening < self.waiting.min(MAX_HANDSHAKES)
    }
}

/// The state of a connection, and who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A query is waiting, and the connection is not being opened yet.
    Queued,
    /// A query is waiting while the connection is being opened.
    Opening,
    /// The connection is being opened for any later query.
    Detached,
}

impl Phase {
    fn waiting(self) -> usize {
        usize::from(self != Self::Detached)
    }

    fn opening(self) -> usize {
        usize::from(self != Self::Queued)
    }
}

impl ConnectLimiter {
    /// Moves a connection from one phase to another, with `None` at its start or end, and wakes the next in the queue.
    fn change(&self, name: &str, from: Option<Phase>, to: Option<Phase>) {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let server = servers.entry(name.to_owned()).or_default();
        server.waiting += to.map_or(0, Phase::waiting);
        server.waiting -= from.map_or(0, Phase::waiting);
        server.opening += to.map_or(0, Phase::opening);
        server.opening -= from.map_or(0, Phase::opening);
        if server.may_open() {
            server.changed.notify_one();
        }
        if server.waiting == 0 && server.opening == 0 {
            servers.remove(name);
        }
    }

    /// Whether a connection may be opened, and a notification of the next change.
    fn look(&self, name: &str) -> (bool, Arc<Notify>) {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let server = servers.entry(name.to_owned()).or_default();
        (server.may_open(), Arc::clone(&server.changed))
    }
}

impl<S> Layer<S> for ConnectLimiter {
    type Service = LimitedConnector<S>;

    fn layer(&self, inner: S) -> LimitedConnector<S> {
        LimitedConnector { inner: Arc::new(inner), limiter: self.clone() }
    }
}

/// Opens connections through `inner`.
#[derive(Clone)]
pub(super) struct LimitedConnector<S> {
    /// Shared, because hyper clones its connector six times per request, but rarely opens a connection.
    inner: Arc<S>,
    limiter: ConnectLimiter,
}

impl<S, R> Service<R> for LimitedConnector<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut inner = S::clone(&self.inner);
        let opening = async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        };
        let Ok(server) = SERVER.try_with(Clone::clone) else { return Box::pin(opening) };
        let mut pending = PendingConnect::new(self.limiter.clone(), server);
        Box::pin(async move {
            // An extra connection is better than a query that waits for hung handshakes.
            if let Ok(Err(detached)) = timeout(pending.limiter.max_hold, pending.wait_for_slot()).await {
                return Err(detached.into());
            }
            pending.enter(Phase::Opening);
            let mut opening = pin!(opening);
            poll_fn(|cx| {
                if is_detached() {
                    pending.enter(Phase::Detached);
                }
                opening.as_mut().poll(cx)
            })
            .await
        })
    }
}

/// A connection that should be opened.
struct PendingConnect {
    limiter: ConnectLimiter,
    server: String,
    phase: Phase,
}

impl PendingConnect {
    fn new(limiter: ConnectLimiter, server: String) -> Self {
        limiter.change(&server, None, Some(Phase::Queued));
        Self { limiter, server, phase: Phase::Queued }
    }

    fn enter(&mut self, phase: Phase) {
        if phase != self.phase {
            self.limiter.change(&self.server, Some(self.phase), Some(phase));
            self.phase = phase;
        }
    }

    /// Waits until a connection may be opened. Fails if the query has found another one in the meantime.
    async fn wait_for_slot(&self) -> Result<(), Detached> {
        loop {
            // A query takes a free connection in one turn of the scheduler, and hyper's background task is counted in
            // the next: earlier counts are too high.
            for _ in 0..SCHEDULER_YIELDS {
                tokio::task::yield_now().await;
            }
            if is_detached() {
                return Err(Detached);
            }
            let (may_open, changed) = self.limiter.look(&self.server);
            if may_open {
                return Ok(());
            }
            let mut changed = pin!(changed.notified());
            poll_fn(|cx| if is_detached() { Poll::Ready(()) } else { changed.as_mut().poll(cx) }).await;
        }
    }
}

impl Drop for PendingConnect {
    fn drop(&mut self) {
        self.limiter.change(&self.server, Some(self.phase), None);
    }
}

/// Never surfaces: hyper discards the results of background connects.
#[derive(Debug, thiserror::Error)]
#[error("the query has found another connection")]
struct Detached;

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Instant};

    use tokio::{task::yield_now, time::sleep};

    use super::*;

    /// Far longer than a query may be held back, even on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Starts connections that never finish their handshake, and records the times.
    #[derive(Clone, Default)]
    struct Hanging {
        opened: Arc<Mutex<Vec<Instant>>>,
    }

    impl Service<()> for Hanging {
        type Response = ();
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.opened.lock().unwrap().push(Instant::now());
            Box::pin(pending())
        }
    }

    impl Hanging {
        fn opened(&self) -> usize {
            self.opened.lock().unwrap().len()
        }

        /// Waits until this many connections are being opened, and returns when the last one started.
        async fn wait_for(&self, opened: usize) -> Instant {
            let start = Instant::now();
            while self.opened() < opened {
                assert!(start.elapsed() < PATIENCE, "{} instead of {opened}", self.opened());
                sleep(Duration::from_millis(2)).await;
            }
            self.opened.lock().unwrap()[opened - 1]
        }
    }

    fn server_name() -> String {
        "https://api.example".to_owned()
    }

    fn block_on(test: impl Future<Output = ()>) {
        crate::network::client::runtime().unwrap().block_on(test);
    }

    #[test]
    fn delays_the_next_query_only_briefly_for_an_abandoned_handshake() {
        block_on(async {
            let server = Hanging::default();
            let mut connector = ConnectLimiter::default().layer(server.clone());
            let mut left = waiting_for(server_name(), poll_fn(|_| Poll::Ready(connector.call(())))).await;
            let _ = waiting_for(server_name(), timeout(Duration::from_millis(20), &mut left)).await;
            assert_eq!(server.opened(), 1);
            // The query has found another connection; hyper continues with this one in the background.
            let left = tokio::spawn(left);
            for _ in 0..SCHEDULER_YIELDS {
                yield_now().await;
            }
            let start = Instant::now();
            let next =
                tokio::spawn(async move { waiting_for(server_name(), async { connector.call(()).await }).await });
            assert!(server.wait_for(2).await >= start + MAX_HOLD, "it was not held back");
            left.abort();
            next.abort();
        });
    }

    #[test]
    fn delays_handshakes_beyond_the_limit_only_briefly() {
        block_on(async {
            let server = Hanging::default();
            let connector = ConnectLimiter::default().layer(server.clone());
            let start = Instant::now();
            let queries: Vec<_> = (0..MAX_HANDSHAKES + 8)
                .map(|_| {
                    let mut connector = connector.clone();
                    tokio::spawn(async move { waiting_for(server_name(), async { connector.call(()).await }).await })
                })
                .collect();
            assert!(server.wait_for(MAX_HANDSHAKES + 1).await >= start + MAX_HOLD, "it was not held back");
            server.wait_for(MAX_HANDSHAKES + 8).await;
            for query in queries {
                query.abort();
                let _ = query.await;
            }
            assert!(connector.limiter.servers.lock().unwrap().is_empty(), "counts are left");
        });
    }

    #[test]
    fn lets_the_next_query_continue_when_one_is_canceled() {
        block_on(async {
            let server = Hanging::default();
            // A query can continue only when it is its turn.
            let limiter = ConnectLimiter { max_hold: Duration::MAX, ..ConnectLimiter::default() };
            let connector = limiter.layer(server.clone());
            let mut queries: Vec<_> = (0..=MAX_HANDSHAKES)
                .map(|_| {
                    let mut connector = connector.clone();
                    tokio::spawn(async move { waiting_for(server_name(), async { connector.call(()).await }).await })
                })
                .collect();
            server.wait_for(MAX_HANDSHAKES).await;
            queries.remove(0).abort();
            server.wait_for(MAX_HANDSHAKES + 1).await;
        });
    }
}
