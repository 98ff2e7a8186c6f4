//! Opens no more connections than there are queries that wait for one.
//!
//! hyper opens a connection for each query that finds none free. If another one becomes free
//! first, the query takes that, and its own goes on being opened for whoever comes next; but the
//! next query does not know of it, and opens one more. Sixty-four queries at a time with quick
//! answers were seen to open 114 connections that way, each with its TLS handshake.
//!
//! Here a connection is opened only if fewer are being opened to that server than queries wait.
//! A query that is held back takes the first connection that becomes free or open. How many
//! handshakes run at once is limited too: those that queue often turn out to be unnecessary.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, mem,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tower_layer::Layer;
use tower_service::Service;
use url::{Position, Url};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Handshakes at once with one server.
const MOST_HANDSHAKES: usize = 32;
/// Turns of the scheduler after which the counts are right; microseconds, and only for a query
/// that finds no free connection.
const TURNS: usize = 3;

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
pub(super) struct Dialing {
    servers: Arc<Mutex<HashMap<String, Server>>>,
}

#[derive(Default)]
struct Server {
    waiting: usize,
    opening: usize,
    /// Those held back, in the order in which they came.
    queue: BTreeMap<u64, Waker>,
}

impl Server {
    fn may_open(&self) -> bool {
        self.opening < self.waiting.min(MOST_HANDSHAKES)
    }
}

impl Dialing {
    /// Changes the counts of a server, and lets the next in the queue look whether it may open.
    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Server) -> T) -> T {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let server = servers.entry(name.to_owned()).or_default();
        let result = change(server);
        let next = if server.may_open() { server.queue.pop_first() } else { None };
        if server.waiting == 0 && server.opening == 0 && server.queue.is_empty() {
            servers.remove(name);
        }
        drop(servers);
        if let Some((_, waker)) = next {
            waker.wake();
        }
        result
    }
}

impl<S> Layer<S> for Dialing {
    type Service = Dialer<S>;

    fn layer(&self, inner: S) -> Dialer<S> {
        Dialer { inner, dialing: self.clone() }
    }
}

/// Opens connections by way of `inner`.
#[derive(Clone)]
pub(super) struct Dialer<S> {
    inner: S,
    dialing: Dialing,
}

impl<S, R> Service<R> for Dialer<S>
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
        // The one that was asked for readiness is the one that is ready.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let Some(mut dial) = Dial::of_this_task(&self.dialing) else {
            return Box::pin(inner.call(request));
        };
        Box::pin(async move {
            // A query takes a free connection in one turn of the scheduler, and what it leaves to
            // hyper is noticed in the next: counts looked at before then are too high.
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            std::future::poll_fn(|cx| dial.poll_turn(cx)).await?;
            let mut opening = Box::pin(inner.call(request));
            std::future::poll_fn(|cx| {
                dial.notice_whether_wanted();
                opening.as_mut().poll(cx)
            })
            .await
        })
    }
}

/// One connection that is to be opened.
struct Dial {
    dialing: Dialing,
    server: String,
    place: u64,
    wanted: bool,
    opening: bool,
}

impl Dial {
    fn of_this_task(dialing: &Dialing) -> Option<Self> {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let server = SERVER.try_with(Clone::clone).ok()?;
        let place = PLACES.fetch_add(1, Ordering::Relaxed);
        dialing.change(&server, |server| server.waiting += 1);
        Some(Self { dialing: dialing.clone(), server, place, wanted: true, opening: false })
    }

    fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<Result<(), BoxError>> {
        self.notice_whether_wanted();
        if !self.wanted {
            return Poll::Ready(Err(NotWanted.into()));
        }
        let place = self.place;
        self.opening = self.dialing.change(&self.server, |server| {
            if server.may_open() {
                server.opening += 1;
                return true;
            }
            server.queue.insert(place, cx.waker().clone());
            false
        });
        if self.opening { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// A query that has found another connection leaves this one to a task of hyper's.
    fn notice_whether_wanted(&mut self) {
        if self.wanted && SERVER.try_with(|_| ()).is_err() {
            self.wanted = false;
            self.dialing.change(&self.server, |server| server.waiting -= 1);
        }
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        self.dialing.change(&self.server, |server| {
            server.waiting -= usize::from(self.wanted);
            server.opening -= usize::from(self.opening);
            server.queue.remove(&self.place);
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
