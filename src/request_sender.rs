//! Sends the requests of one query, with as many retries as the policy allows, all before one deadline.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use crate::{
    budgets::{
        MAX_INLINE_BYTES, MAX_LATENESS, MAX_MEDIUM_BYTES, MAX_RESPONSE_BYTES, MAX_RESPONSE_VALUES, MAX_TIME_TO_RETURN,
        VALUE_BYTES,
    },
    error::{Error, TransportErrorKind},
    input::{options::SourceOptions, secret::Secret, value_count::value_count_bound},
    network::{
        client::Hold,
        gzip::{self, Unpacked},
        http::{Body, HttpRequest, HttpResponse, Transport},
    },
    operations::{ApiRequest, Expected},
    policy::{
        paces::{Paces, SharedPace, Turn},
        retry::{MAX_RETRY_DELAY, RetryPolicy, is_too_soon, pause, until_reset},
        shutdowns::Day,
        streaming,
    },
    response::{self, ApiResponse, Unread, stream::Partial},
};

/// Sent as `User-Agent`.
pub const USER_AGENT: &str = concat!("tooljet-openai/", env!("CARGO_PKG_VERSION"));

/// Bytes whose values are counted in the time that it takes to parse one.
const COUNTED_PER_PARSED: usize = 16;

/// When a call must end.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// When the call began, on the transport's clock.
    pub started: Duration,
    /// Its timeout.
    pub timeout: Duration,
}

impl Deadline {
    /// The deadline on the transport's clock.
    #[must_use]
    pub fn at(self) -> Duration {
        self.started.saturating_add(self.timeout)
    }

    /// An earlier deadline for the requests of a list, which reserves time to return a partial result: a tenth, at most
    /// [`MAX_TIME_TO_RETURN`].
    #[must_use]
    pub fn with_time_to_return(self) -> Self {
        let kept = (self.timeout / 10).min(MAX_TIME_TO_RETURN);
        Self { timeout: self.timeout.saturating_sub(kept), ..self }
    }

    fn remaining<T: Transport>(self, transport: &T) -> Duration {
        self.at().saturating_sub(transport.now())
    }

    /// The output of `work`; `None` if it does not end in time. Requests end at the deadline by themselves; this also
    /// covers what they wait for before and after.
    pub async fn enforce<T: Transport, R>(self, transport: &T, work: impl Future<Output = R>) -> Option<R> {
        let (mut work, mut end) =
            (pin!(work), pin!(transport.sleep(self.remaining(transport).saturating_add(MAX_LATENESS / 2))));
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => end.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

/// How long a request waits while the server accepts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For a moment if there is time; then it is sent anyway, because the server's response explains best why it
    /// rejects requests.
    OfQuery,
    /// As long as there is time; if that is not enough, it is not sent, so that it does not delay others.
    OfRow,
}

/// Sends the requests of one query. They share its deadline and retries, even if a request is adjusted or replaced by
/// another.
pub struct RequestSender<'a, T> {
    transport: &'a T,
    source: &'a SourceOptions,
    hold: &'a mut Hold,
    policy: RetryPolicy,
    deadline: Deadline,
    pace: Option<(&'a Paces, Patience)>,
    /// Shared by all senders of the query.
    attempts: Arc<AtomicU32>,
    retries: u32,
    /// The start of the last answer that broke off.
    partial: Option<Partial>,
}

impl<'a, T: Transport> RequestSender<'a, T> {
    /// Everything must end before `deadline`. Memory for responses is added to `hold`.
    pub fn new(transport: &'a T, source: &'a SourceOptions, deadline: Deadline, hold: &'a mut Hold) -> Self {
        Self {
            transport,
            source,
            hold,
            policy: RetryPolicy { max_retries: source.max_retries },
            deadline,
            pace: None,
            attempts: Arc::default(),
            retries: 0,
            partial: None,
        }
    }

    /// Makes requests follow the pace of their model, and update it.
    #[must_use]
    pub fn paced(self, paces: &'a Paces, patience: Patience) -> Self {
        Self { pace: Some((paces, patience)), ..self }
    }

    /// A sender for other requests of the same query, with separate retries and deadline. Memory for their responses is
    /// added to `hold`.
    pub fn beside<'b>(&self, hold: &'b mut Hold, deadline: Deadline) -> RequestSender<'b, T>
    where
        'a: 'b,
    {
        let attempts = Arc::clone(&self.attempts);
        RequestSender { attempts, pace: self.pace, ..RequestSender::new(self.transport, self.source, deadline, hold) }
    }

    /// The deadline.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Memory held by the query.
    pub fn hold(&mut self) -> &mut Hold {
        self.hold
    }

    /// Processes `bytes` bytes; see [`Transport::offload`].
    pub async fn offload<R: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> R + Send + 'static) -> R {
        self.transport.offload(bytes, work).await
    }

    /// Number of requests sent so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Whether the last answer broke off after it had begun. It is billed, so nothing is retried.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// The start of that answer.
    #[must_use]
    pub fn into_partial(self) -> Option<Partial> {
        self.partial
    }

    /// Waits, by the transport's clock.
    pub async fn sleep(&self, duration: Duration) {
        self.transport.sleep(duration).await;
    }

    /// The transport's clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.transport.now()
    }

    /// The current day.
    #[must_use]
    pub fn today(&self) -> Day {
        Day::of(self.transport.wall_clock())
    }

    /// Sends `request`, retries it as the policy says, and reads the response with `read`.
    ///
    /// # Errors
    /// The error of the last attempt, which is the final one if an answer had begun; [`Error::Timeout`] if the deadline
    /// passed during a request. Returns the last error if the next delay would pass the deadline.
    pub async fn send<R: Send + 'static>(
        &mut self,
        request: &ApiRequest,
        read: impl Fn(ApiResponse) -> Result<R, Error> + Clone + Send + 'static,
    ) -> Result<R, Error> {
        let (expected, is_sent_once) = (request.expected.clone(), request.is_sent_once);
        let pace = self.pace.zip(request.text("model"));
        let pace = pace.and_then(|((paces, patience), model)| Some((paces.of(self.source, model)?, patience)));
        let request = self.http_request(request).await?;
        let mut unconnected = None;
        let held = self.hold.bytes();
        loop {
            let turn = match &pace {
                Some((pace, patience)) => Some(self.turn(pace, *patience).await?),
                None => None,
            };
            let error = match self.attempt(&request, &expected, turn.as_ref(), read.clone()).await {
                Ok(result) => return Ok(result),
                Err(error) if self.has_partial() => return Err(error),
                // Report an earlier connect timeout, not the expired deadline.
                Err(Error::Timeout { after }) => return Err(unconnected.unwrap_or(Error::Timeout { after })),
                Err(error) if is_sent_once && !is_known_undone(&error) => return Err(error),
                Err(error) => error,
            };
            // The failed response has been dropped.
            self.hold.shrink_to(held);
            let is_row = pace.as_ref().is_some_and(|(_, patience)| *patience == Patience::OfRow);
            // A single query has no more retries than its data source allows.
            let is_one_of_many = self.note_rejection(turn, &error) && is_row;
            let retries = if is_one_of_many { 0 } else { self.retries };
            let Some(delay) = self.policy.delay(&error, retries, self.transport.jitter()) else {
                return Err(error);
            };
            if self.transport.now().saturating_add(delay) >= self.deadline.at() {
                return Err(error);
            }
            unconnected = match error {
                Error::Transport(error) if error.kind == TransportErrorKind::ConnectTimeout => Some(error.into()),
                _ => None,
            };
            self.transport.sleep(delay).await;
            self.retries += u32::from(!is_one_of_many);
        }
    }

    /// Waits until the pace allows another request. Waiting does not use up retries.
    async fn turn(&self, pace: &SharedPace, patience: Patience) -> Result<Turn, Error> {
        loop {
            let now = self.transport.now();
            let latest = match patience {
                Patience::OfRow => self.deadline.at(),
                Patience::OfQuery => self.deadline.at().min(now.saturating_add(MAX_RETRY_DELAY)),
            };
            let Some(slot) = pace.slot(now, latest) else {
                return match patience {
                    Patience::OfRow => Err(Error::Timeout { after: self.deadline.timeout }),
                    Patience::OfQuery => Ok(pace.begin_anyway(now)),
                };
            };
            let wait = slot.at.saturating_sub(now);
            if !wait.is_zero() {
                self.transport.sleep(wait).await;
            }
            if let Some(turn) = pace.begin(slot, self.transport.now()) {
                return Ok(turn);
            }
        }
    }

    /// Makes other requests wait if the server rejected this one only for its timing. Returns whether the server
    /// accepts others meanwhile: then another attempt is not a retry, but a matter of waiting its turn.
    fn note_rejection(&self, turn: Option<Turn>, error: &Error) -> bool {
        let pause = error.api().filter(|error| is_too_soon(error)).and_then(pause);
        turn.zip(pause).is_some_and(|(turn, pause)| turn.reject(self.transport.now(), pause))
    }

    async fn attempt<R: Send + 'static>(
        &mut self,
        request: &HttpRequest,
        expected: &Expected,
        turn: Option<&Turn>,
        read: impl FnOnce(ApiResponse) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let remaining = self.deadline.remaining(self.transport);
        let timed_out = Error::Timeout { after: self.deadline.timeout };
        if remaining.is_zero() {
            return Err(timed_out);
        }
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let result = match self.transport.send(request, remaining, self.hold).await {
            Ok(response) => {
                let reset = until_reset(|name| response.header(name), self.transport.wall_clock());
                let used_up = reset.filter(|pause| response.status != 429 && *pause <= MAX_RETRY_DELAY);
                let result = self.read(response, expected, read).await;
                if let Some(turn) = turn {
                    // Some servers report a rate limit with HTTP 200.
                    let is_taken = result
                        .as_ref()
                        .err()
                        .and_then(Error::api)
                        .is_none_or(|error| !matches!(error.status, 429 | 500..));
                    if is_taken {
                        turn.answer(self.transport.now());
                    }
                    if let Some(pause) = used_up {
                        turn.use_up(self.transport.now(), pause);
                    }
                }
                result
            }
            Err(error) => {
                self.attempts.fetch_sub(u32::from(!error.kind.is_sent()), Ordering::Relaxed);
                Err(error.into())
            }
        };
        match result {
            Err(Error::Transport(error)) if error.kind == TransportErrorKind::Timeout => Err(timed_out),
            result => result,
        }
    }

    /// Decompresses and parses a response. If that takes long or much memory, this runs on another thread, one at a
    /// time.
    async fn read<R: Send + 'static>(
        &mut self,
        response: HttpResponse,
        expected: &Expected,
        read: impl FnOnce(ApiResponse) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        if let Some(cut) = &response.cut
            && !gzip::is_packed(&response)
            && !response::is_stream(&response.body)
        {
            // Its body would take memory while waiting, and the query has no time left to wait.
            return Err(cut.clone().into());
        }
        let response = self.unpacked(response).await?;
        let bytes = response.body.len();
        let (response, values) = if bytes <= MAX_INLINE_BYTES {
            (response, 0)
        } else {
            let count = move || {
                let values = value_count_bound(&response.body);
                (response, values)
            };
            self.transport.offload(bytes / COUNTED_PER_PARSED, count).await
        };
        // Only small responses are parsed without reserving memory: parsed values take many times the memory of their
        // text.
        self.hold.add(values.min(MAX_RESPONSE_VALUES) * VALUE_BYTES).await;
        let now = self.transport.wall_clock();
        let parse = match expected {
            Expected::Json => response::read,
            Expected::JsonOrText => response::read_or_text,
            Expected::File(_) => response::read_head,
        };
        let read = move || parse(&response, now).and_then(|response| Ok(read(response)?));
        self.transport.offload(bytes, read).await.map_err(|Unread { error, partial }| {
            self.partial = partial.map(|partial| *partial);
            error
        })
    }

    /// A compressed body does not reveal its size, so it is decompressed with increasing limits.
    async fn unpacked(&mut self, mut response: HttpResponse) -> Result<HttpResponse, Error> {
        if !gzip::is_packed(&response) {
            return Ok(response);
        }
        let held = self.hold.bytes();
        for limit in [MAX_INLINE_BYTES, MAX_MEDIUM_BYTES, MAX_RESPONSE_BYTES] {
            self.hold.add(limit).await;
            // A compressed body may be long and contain almost nothing.
            let bytes = limit.max(response.body.len());
            let result = self.transport.offload(bytes, move || gzip::unpack(response, limit)).await?;
            match result {
                Unpacked::Whole(response) => {
                    self.hold.shrink_to(held + response.body.len());
                    return Ok(response);
                }
                Unpacked::Longer(packed) => response = packed,
            }
            self.hold.shrink_to(held);
        }
        Err(gzip::too_large().into())
    }

    async fn http_request(&self, request: &ApiRequest) -> Result<HttpRequest, Error> {
        let sink = match &request.expected {
            Expected::File(sink) => Some(sink.clone()),
            Expected::Json | Expected::JsonOrText => None,
        };
        // Compression may hold a stream back, and a file is read as it comes.
        let is_streamed = request.body.as_ref().is_some_and(streaming::is_asked) || sink.is_some();
        let encoding = if is_streamed { "identity" } else { gzip::ACCEPTED };
        let mut headers: Vec<_> =
            [("accept", "application/json"), ("accept-encoding", encoding), ("user-agent", USER_AGENT)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Secret::new(value)))
                .collect();
        headers.retain(|(name, _)| !self.source.headers.iter().any(|(own, _)| own == name));
        headers.extend(self.source.headers.iter().cloned());
        let bytes = self.hold.bytes();
        let body = if bytes <= MAX_INLINE_BYTES {
            request.to_wire()
        } else {
            let request = request.clone();
            self.transport.offload(bytes, move || request.to_wire()).await
        }?;
        if let Some(Body::Json(_)) = body {
            headers.push(("content-type".to_owned(), Secret::new("application/json")));
        }
        Ok(HttpRequest {
            method: request.method,
            url: self.source.base_url.endpoint(&request.full_path()),
            headers,
            body,
            is_custom: self.source.base_url.is_custom(),
            sink,
        })
    }
}

/// Whether it is certain that the server has not carried out the request that failed: it has not had it, or was too busy.
fn is_known_undone(error: &Error) -> bool {
    match error {
        Error::Api(error) => matches!(error.status, 429 | 503),
        Error::Transport(error) => !error.kind.is_sent(),
        _ => false,
    }
}
