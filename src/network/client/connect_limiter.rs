//! Opens no more connections than there are queries that wait for one.
//!
//! hyper opens a connection for each query that finds none free. If another one becomes free
//! first, the query takes that, and its own goes on being opened for whoever comes next; but the
//! next query does not know of it, and opens one more. Sixty-four queries at a time with quick
//! answers were seen to open 114 connections that way, each with its TLS handshake.
//!
//! Here a connection is opened only if fewer are being opened to that server than queries wait.
//! A query that is held back takes the first connection that becomes free or open, or opens one
//! after half a second. How many handshakes run at once is limited in the same way: those that
//! queue often turn out to be unnecessary.

use std::{
    collections::HashMap,
    fmt,
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};
use tower_layer::Layer;
use tower_service::Service;
use url::{Position, Url};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Handshakes at once with one server.
const MAX_HANDSHAKES: usize = 32;
/// Turns of the scheduler after which the counts are right; microseconds, and only for a query
/// that finds no free connection.
const SCHEDULER_YIELDS: usize = 3;
/// How long a query is held back at most: a handshake that hangs is nothing to wait for.
const MAX_HOLD: Duration = Duration::from_millis(500);

tokio::task_local! {
    /// The server that a query of this task is on its way to. What hyper opens on its own
    /// account runs in a task without it.
    static SERVER: String;
}

/// Sends a request, known to wait for a connection to the server of `url`.
pub(super) async fn waiting_for<T>(url: &Url, request: impl Future<Output = T>) -> T {
    SERVER.scope(url[..Position::BeforePath].to_owned(), request).await
}

/// Counts, per server, the queries that wait and the connections that are being opened.
#[derive(Clone, Default)]
pub(super) struct ConnectLimiter {
    servers: Arc<Mutex<HashMap<String, Server>>>,
}

#[derive(Default)]
struct Server {
    waiting: usize,
    opening: usize,
    /// Tells those held back, in the order in which they came, to look at the counts again.
    changed: Arc<Notify>,
}

impl Server {
    fn may_open(&self) -> bool {
        self.opening < self.waiting.min(MAX_HANDSHAKES)
    }
}

impl ConnectLimiter {
    /// Changes the counts of a server, and lets the next in the queue look whether it may open.
    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Server) -> T) -> T {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let server = servers.entry(name.to_owned()).or_default();
        let result = change(server);
        if server.may_open() {
            server.changed.notify_one();
        }
        if server.waiting == 0 && server.opening == 0 {
            servers.remove(name);
        }
        result
    }
}

impl<S> Layer<S> for ConnectLimiter {
    type Service = LimitedConnector<S>;

    fn layer(&self, inner: S) -> LimitedConnector<S> {
        LimitedConnector { inner, dialing: self.clone() }
    }
}

/// Opens connections by way of `inner`.
#[derive(Clone)]
pub(super) struct LimitedConnector<S> {
    inner: S,
    dialing: ConnectLimiter,
}

impl<S, R> Service<R> for LimitedConnector<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // `poll_ready` prepared this one, so call it and keep the clone.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let Some(mut dial) = PendingConnect::of_this_task(&self.dialing) else {
            return Box::pin(inner.call(request));
        };
        Box::pin(async move {
            // Those that hold it back may hang; better one connection too many than a query that
            // waits for them.
            if let Ok(turn) = timeout(MAX_HOLD, dial.wait_for_slot()).await {
                turn?;
            }
            dial.open();
            let mut opening = Box::pin(inner.call(request));
            poll_fn(|cx| {
                dial.release_if_detached();
                opening.as_mut().poll(cx)
            })
            .await
        })
    }
}

/// One connection that is to be opened.
struct PendingConnect {
    dialing: ConnectLimiter,
    server: String,
    wanted: bool,
    opening: bool,
}

impl PendingConnect {
    fn of_this_task(dialing: &ConnectLimiter) -> Option<Self> {
        let server = SERVER.try_with(Clone::clone).ok()?;
        dialing.change(&server, |server| server.waiting += 1);
        Some(Self { dialing: dialing.clone(), server, wanted: true, opening: false })
    }

    /// Waits until a connection may be opened.
    async fn wait_for_slot(&mut self) -> Result<(), NotWanted> {
        loop {
            // A query takes a free connection in one turn of the scheduler, and what it leaves to
            // hyper is noticed in the next: counts looked at before then are too high.
            for _ in 0..SCHEDULER_YIELDS {
                tokio::task::yield_now().await;
            }
            self.release_if_detached();
            if !self.wanted {
                return Err(NotWanted);
            }
            let look = |server: &mut Server| (server.may_open(), Arc::clone(&server.changed));
            let (may_open, changed) = self.dialing.change(&self.server, look);
            if may_open {
                return Ok(());
            }
            let mut changed = pin!(changed.notified());
            poll_fn(|cx| {
                self.release_if_detached();
                if self.wanted { changed.as_mut().poll(cx) } else { Poll::Ready(()) }
            })
            .await;
        }
    }

    fn open(&mut self) {
        self.opening = true;
        self.dialing.change(&self.server, |server| server.opening += 1);
    }

    /// A query that has found another connection leaves this one to a task of hyper's.
    fn release_if_detached(&mut self) {
        if self.wanted && SERVER.try_with(|_| ()).is_err() {
            self.wanted = false;
            self.dialing.change(&self.server, |server| server.waiting -= 1);
        }
    }
}

impl Drop for PendingConnect {
    fn drop(&mut self) {
        self.dialing.change(&self.server, |server| {
            server.waiting -= usize::from(self.wanted);
            server.opening -= usize::from(self.opening);
        });
    }
}

/// Nobody sees it: hyper drops what becomes of connections that it opens on its own account.
#[derive(Debug)]
struct NotWanted;

impl fmt::Display for NotWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the query has found another connection")
    }
}

impl std::error::Error for NotWanted {}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering},
        time::Instant,
    };

    use tokio::{task::yield_now, time::sleep};

    use super::*;

    /// Opens connections that never finish their handshake.
    #[derive(Clone, Default)]
    struct Hanging {
        opened: Arc<AtomicUsize>,
    }

    impl Service<()> for Hanging {
        type Response = ();
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.opened.fetch_add(1, Ordering::Relaxed);
            Box::pin(pending())
        }
    }

    impl Hanging {
        fn opened(&self) -> usize {
            self.opened.load(Ordering::Relaxed)
        }

        /// How long it takes until so many are being opened.
        async fn wait_for(&self, opened: usize) -> Duration {
            let start = Instant::now();
            while self.opened() < opened {
                assert!(start.elapsed() < 10 * MAX_HOLD, "{} instead of {opened}", self.opened());
                sleep(Duration::from_millis(2)).await;
            }
            start.elapsed()
        }
    }

    fn url() -> Url {
        "https://api.example/v1".parse().unwrap()
    }

    fn block_on(test: impl Future<Output = ()>) {
        crate::network::client::runtime().unwrap().block_on(test);
    }

    #[test]
    fn a_handshake_that_nobody_waits_for_holds_up_the_next_query_only_for_a_moment() {
        block_on(async {
            let server = Hanging::default();
            let mut dialer = ConnectLimiter::default().layer(server.clone());
            let mut left = waiting_for(&url(), poll_fn(|_| Poll::Ready(dialer.call(())))).await;
            let _ = waiting_for(&url(), timeout(Duration::from_millis(20), &mut left)).await;
            assert_eq!(server.opened(), 1);
            // The query has found another connection: hyper goes on with this one by itself.
            let left = tokio::spawn(left);
            for _ in 0..SCHEDULER_YIELDS {
                yield_now().await;
            }
            let next = tokio::spawn(async move { waiting_for(&url(), async { dialer.call(()).await }).await });
            assert!(server.wait_for(2).await >= MAX_HOLD / 2, "it was not held back");
            left.abort();
            next.abort();
        });
    }

    #[test]
    fn handshakes_beyond_the_limit_wait_only_for_a_moment() {
        block_on(async {
            let server = Hanging::default();
            let dialer = ConnectLimiter::default().layer(server.clone());
            let queries: Vec<_> = (0..MAX_HANDSHAKES + 8)
                .map(|_| {
                    let mut dialer = dialer.clone();
                    tokio::spawn(async move { waiting_for(&url(), async { dialer.call(()).await }).await })
                })
                .collect();
            server.wait_for(MAX_HANDSHAKES).await;
            sleep(MAX_HOLD / 10).await;
            assert_eq!(server.opened(), MAX_HANDSHAKES);
            server.wait_for(MAX_HANDSHAKES + 8).await;
            for query in queries {
                query.abort();
                let _ = query.await;
            }
            assert!(dialer.dialing.servers.lock().unwrap().is_empty(), "counts are left");
        });
    }

    #[test]
    fn a_query_that_is_given_up_lets_the_next_one_take_its_turn() {
        block_on(async {
            let server = Hanging::default();
            let dialer = ConnectLimiter::default().layer(server.clone());
            let mut queries: Vec<_> = (0..=MAX_HANDSHAKES)
                .map(|_| {
                    let mut dialer = dialer.clone();
                    tokio::spawn(async move { waiting_for(&url(), async { dialer.call(()).await }).await })
                })
                .collect();
            server.wait_for(MAX_HANDSHAKES).await;
            queries.remove(0).abort();
            assert!(server.wait_for(MAX_HANDSHAKES + 1).await < MAX_HOLD / 2);
        });
    }
}
