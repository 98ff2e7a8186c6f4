#![allow(unreachable_pub, dead_code, clippy::unwrap_used)] // each test file uses a part of it
//! A transport whose clock jumps to the next event whenever all tasks wait. So hours take only as long as their work,
//! and every run is the same.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tooljet_openai::{
    error::{TransportError, TransportErrorKind},
    network::{
        client::Hold,
        http::{Body, HttpRequest, HttpResponse, Transport},
    },
};

/// A server's reaction to a request: its delay and its outcome.
pub type Answer = (Duration, Result<HttpResponse, TransportErrorKind>);
type Server = dyn Fn(Duration, Value) -> Answer + Send + Sync;

/// A transport to one server.
#[derive(Clone)]
pub struct VirtualClock {
    now: Arc<Mutex<Duration>>,
    /// Sorted by due time, then by creation.
    timers: Arc<Mutex<BTreeMap<(Duration, u64), Waker>>>,
    server: Arc<Server>,
    under_way: Arc<Mutex<(usize, usize)>>,
}

impl VirtualClock {
    /// `server` is called with the time and the body of each request.
    pub fn new(server: impl Fn(Duration, Value) -> Answer + Send + Sync + 'static) -> Self {
        Self { now: Arc::default(), timers: Arc::default(), server: Arc::new(server), under_way: Arc::default() }
    }

    /// Runs `future` to completion.
    pub fn run<R>(&self, future: impl Future<Output = R>) -> R {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut future = pin!(future);
        loop {
            while woken.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return result;
                }
            }
            let ((due, _), timer) = self.timers.lock().unwrap().pop_first().expect("waits for nothing");
            *self.now.lock().unwrap() = due;
            timer.wake();
        }
    }

    /// The maximum number of concurrent requests.
    pub fn most_under_way(&self) -> usize {
        self.under_way.lock().unwrap().1
    }

    /// The number of requests in flight.
    pub fn under_way(&self) -> usize {
        self.under_way.lock().unwrap().0
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Counts a request as in flight until this is dropped.
struct UnderWay(Arc<Mutex<(usize, usize)>>);

impl UnderWay {
    fn new(counts: &Arc<Mutex<(usize, usize)>>) -> Self {
        let mut both = counts.lock().unwrap();
        both.0 += 1;
        both.1 = both.1.max(both.0);
        Self(Arc::clone(counts))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

impl Transport for VirtualClock {
    async fn send(
        &self,
        request: &HttpRequest,
        timeout: Duration,
        _: &mut Hold,
    ) -> Result<HttpResponse, TransportError> {
        let _under_way = UnderWay::new(&self.under_way);
        let body = match &request.body {
            Some(Body::Json(body)) => Some(serde_json::from_slice(body).unwrap()),
            Some(Body::Form(_)) => panic!("a form"),
            None => None,
        };
        let (time, result) = (self.server)(self.now(), body.unwrap_or_default());
        self.sleep(time.min(timeout)).await;
        let result = if time > timeout { Err(TransportErrorKind::Timeout) } else { result };
        result.map_err(|kind| TransportError::new(kind, "from the test"))
    }

    async fn sleep(&self, duration: Duration) {
        static NUMBER: Mutex<u64> = Mutex::new(0);
        let due = self.now() + duration;
        poll_fn(|context| {
            if self.now() >= due {
                return Poll::Ready(());
            }
            let number = {
                let mut number = NUMBER.lock().unwrap();
                *number += 1;
                *number
            };
            self.timers.lock().unwrap().insert((due, number), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.now()
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

/// A response with this status, headers and body.
pub fn response(status: u16, headers: &[(&str, &str)], body: &Value) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpResponse { status, headers, body: body.to_string().into_bytes(), cut: None }
}

/// Pseudorandom numbers, the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 up to but not including `end`.
    pub fn roll(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
