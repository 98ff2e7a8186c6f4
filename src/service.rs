//! `ToolJet`'s `run` and `testConnection`, without `Node`: options in, outcome out.

use std::{
    any::Any,
    borrow::Cow,
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use serde_json::{Map, Value};
use url::Url;

use crate::{
    batch_getter::BatchGetter,
    batch_starter::BatchStarter,
    budgets::MAX_INLINE_BYTES,
    diagnostics::Diagnostics,
    error::{ApiError, Error, ErrorText, cause::ApiCause, hints::TimeLimit},
    input::{
        fields::Fields,
        options::{self, DEFAULT_TIMEOUT, SourceOptions, query_timeout, typed_query_timeout},
    },
    list_runner::ListRunner,
    network::{
        client::{self, Hold},
        http::Transport,
    },
    operations::{ApiRequest, Query, QueryResult, Task, chat, completion, embedding, image, models},
    policy::model_cache::ModelCache,
    query_log::{self, QueryLog},
    query_runner::{QueryRunner, RequestLog},
    request_sender::{Deadline, Patience, RequestSender},
};

/// `message` of a failed query.
pub const QUERY_FAILED: &str = "Query could not be completed";
/// Start of the `message` of a failed connection test; the reason follows in a few words.
pub const CONNECTION_FAILED: &str = "Connection could not be established";
/// Timeout of a connection test including all attempts.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of a response that are finished in the time that it takes to parse one.
const FINISHED_PER_PARSED: usize = 4;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The query's result.
    Ok(QueryResult),
    /// The connection works, possibly with a warning.
    Connected {
        /// What the user should know anyway.
        warning: Option<String>,
    },
    /// The call failed.
    Failed(Failure),
}

impl Outcome {
    /// The members of the object for JavaScript.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        let members: Vec<(&str, Option<Value>)> = match self {
            Self::Ok(QueryResult { data, metadata }) => {
                vec![("status", Some("ok".into())), ("data", Some(data)), ("metadata", Some(metadata.into()))]
            }
            Self::Connected { warning } => vec![("status", Some("ok".into())), ("message", warning.map(Value::from))],
            Self::Failed(Failure { message, description, data, metadata }) => vec![
                ("status", Some("failed".into())),
                ("message", Some(message.into())),
                ("description", Some(description.into())),
                ("data", Some(data.into())),
                ("metadata", Some(metadata).filter(|members| !members.is_empty()).map(Value::from)),
            ],
        };
        members.into_iter().filter_map(|(name, member)| Some((name.to_owned(), member?))).collect()
    }
}

/// The content of a `QueryError`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// [`QUERY_FAILED`], or [`CONNECTION_FAILED`] with the reason.
    pub message: Cow<'static, str>,
    /// What happened and what to do, in sentences. For a connection test, what `message` does not say; may be empty.
    pub description: String,
    /// The [`Details`] of the error, for a connection test without the hint. For a query, `message` repeats the
    /// description, because `ToolJet` 2 shows that instead of the message if there is any data.
    pub data: Map<String, Value>,
    /// For a query, the known `metadata` about the requests, and the usage of the failed answer.
    pub metadata: Map<String, Value>,
}

/// A call from `ToolJet`.
#[derive(Debug, Default)]
pub struct Call {
    /// Options of the data source.
    pub source: Value,
    /// Options of the query; null for a connection test.
    pub query: Value,
    /// The time of the call on the transport's clock.
    pub started: Duration,
    /// Memory held by the call, at first for its options.
    pub hold: Hold,
}

impl Call {
    /// Waits until the options may use `bytes` of memory.
    ///
    /// # Errors
    /// [`TransportErrorKind::Busy`] if there is not enough before the deadline.
    pub async fn reserve<T: Transport>(&mut self, transport: &T, bytes: usize) -> Result<(), Error> {
        let timeout = timeout(&self.source, &self.query);
        let reserved = self.hold.add(bytes.saturating_sub(self.hold.bytes()));
        let reserved = Deadline { started: self.started, timeout }.enforce(transport, reserved).await;
        reserved.ok_or_else(|| late(&self.hold, timeout))
    }
}

/// The timeout of a call, from unchecked options.
#[must_use]
pub fn timeout(source: &Value, query: &Value) -> Duration {
    let fields = |options| Fields::of("options", options).unwrap_or(Fields::none());
    let of_source = options::timeout(&fields(source)).ok().flatten();
    if query.is_null() { timeout_of_test(of_source) } else { timeout_of_query(&fields(query), of_source) }
}

pub(crate) fn timeout_of_query(query: &Fields<'_>, of_source: Option<Duration>) -> Duration {
    [query_timeout(query), of_source].into_iter().flatten().min().unwrap_or(DEFAULT_TIMEOUT)
}

/// The origin of [`timeout_of_query`].
pub(crate) fn limit_of_query(query: &Fields<'_>, of_source: Option<Duration>) -> TimeLimit {
    let of_query = query_timeout(query).filter(|timeout| of_source.is_none_or(|of_source| *timeout <= of_source));
    match (of_query.and_then(|_| typed_query_timeout(query)), of_source) {
        (Some(typed), _) => TimeLimit::Query(typed),
        (None, Some(timeout)) => TimeLimit::Source(timeout),
        (None, None) => TimeLimit::Own,
    }
}

fn timeout_of_test(of_source: Option<Duration>) -> Duration {
    of_source.map_or(TEST_TIMEOUT, |timeout| timeout.min(TEST_TIMEOUT))
}

/// Runs a query. Takes the options out of `call`; its memory is held until `call` is dropped.
pub async fn run<T: Transport>(transport: &T, cache: &ModelCache, call: &mut Call) -> Outcome {
    run_into(transport, cache, call, |outcome| outcome).await
}

/// Like [`run`], but `finish` converts the outcome for JavaScript. That takes long for a long result, so it counts
/// toward the timeout.
pub async fn run_into<T: Transport, R: Send + 'static>(
    transport: &T,
    cache: &ModelCache,
    call: &mut Call,
    finish: fn(Outcome) -> R,
) -> R {
    match prepare(transport, call).await {
        Ok(prepared) => run_prepared(transport, cache, prepared, call, finish).await,
        Err(outcome) => finish(*outcome),
    }
}

/// Like [`run_into`], for a query whose options have been read.
pub async fn run_prepared<T: Transport, R: Send + 'static>(
    transport: &T,
    cache: &ModelCache,
    prepared: Prepared,
    call: &mut Call,
    finish: fn(Outcome) -> R,
) -> R {
    let option_bytes = call.hold.bytes();
    let Prepared { source, query, clock, mut state } = prepared;
    let result = run_query(transport, cache, (source, query), clock, call, &mut state).await;
    let now = transport.now();
    let bytes = call.hold.bytes().saturating_sub(option_bytes);
    let bytes = bytes / FINISHED_PER_PARSED;
    if bytes <= MAX_INLINE_BYTES || (result.is_err() && state.list.is_none()) {
        return finish(state.outcome(result, now));
    }
    let list = state.list.take();
    let unfinished = state.clone();
    state.list = list;
    let finished = transport.offload(bytes, move || finish(state.outcome(result, now)));
    match clock.enforce(transport, finished).await {
        Some(finished) => finished,
        None => finish(unfinished.outcome(Err(Error::Timeout { after: clock.timeout }), transport.now())),
    }
}

/// Tests a data source by requesting the list of models, which is free. Takes the options out of `call`.
pub async fn test_connection<T: Transport>(transport: &T, call: &mut Call) -> Outcome {
    let mut state = Diagnostics::new(transport, call.started);
    state.operation = Some(query_log::CONNECTION_TEST);
    let source = state.read_source(&mem::take(&mut call.source));
    let result = match source {
        Ok(source) => connect(transport, source, call, &mut state).await,
        Err(error) => Err(error),
    };
    let outcome = match result {
        Ok(warning) => Outcome::Connected { warning },
        Err(error) => Outcome::Failed(state.failed_test(&error)),
    };
    state.logged(outcome, transport.now())
}

/// The outcome of a query that could send no request or return no result; `transport` if there is one.
pub fn unsendable_query<T: Transport>(transport: Option<&T>, error: impl Into<Error>) -> Outcome {
    unsendable(transport, None, |state| state.failed_query(&error.into(), Duration::ZERO))
}

/// The same for a connection test.
pub fn unsendable_test<T: Transport>(transport: Option<&T>, error: impl Into<Error>) -> Outcome {
    unsendable(transport, Some(query_log::CONNECTION_TEST), |state| state.failed_test(&error.into()))
}

fn unsendable<T: Transport>(
    transport: Option<&T>,
    operation: Option<&'static str>,
    failed: impl FnOnce(&mut Diagnostics) -> Failure,
) -> Outcome {
    let now = transport.map(Transport::now).unwrap_or_default();
    let log = transport.and_then(|transport| QueryLog::new(transport, now)).map(Arc::new);
    let mut state = Diagnostics { log, started: now, operation, ..Diagnostics::default() };
    let failure = failed(&mut state);
    state.logged(Outcome::Failed(failure), now)
}

/// A query whose options have been read.
pub struct Prepared {
    source: SourceOptions,
    query: Query,
    clock: Deadline,
    state: Diagnostics,
}

impl Prepared {
    /// The base URL of its requests, and whether a person entered it.
    #[must_use]
    pub fn target(&self) -> (Url, bool) {
        (self.source.base_url.url().clone(), self.source.base_url.is_custom())
    }

    /// Its deadline.
    #[must_use]
    pub fn clock(&self) -> Deadline {
        self.clock
    }

    /// Its outcome if it has not ended by the deadline.
    pub fn late_outcome(&self) -> impl FnOnce() -> Outcome + Send + 'static {
        let (state, clock) = (self.state.clone(), self.clock);
        move || state.outcome(Err(Error::Timeout { after: clock.timeout }), clock.at())
    }
}

/// Reads the options of a query, on another thread if they are long. Takes them out of `call`.
///
/// # Errors
/// The outcome if they are invalid.
pub async fn prepare<T: Transport>(transport: &T, call: &mut Call) -> Result<Prepared, Box<Outcome>> {
    let (source, query, started) = (mem::take(&mut call.source), mem::take(&mut call.query), call.started);
    let mut state = Diagnostics::new(transport, call.started);
    let now = transport.now();
    let read = move || {
        let read = catch_unwind(AssertUnwindSafe(|| state.read(&source, &query)));
        match read.unwrap_or_else(|panic| Err(internal(panic))) {
            Ok((source, query, timeout)) => Ok(Prepared { source, query, clock: Deadline { started, timeout }, state }),
            Err(error) => Err(Box::new(state.outcome(Err(error), now))),
        }
    };
    transport.offload(call.hold.bytes(), read).await
}

async fn run_query<T: Transport>(
    transport: &T,
    cache: &ModelCache,
    (source, query): (SourceOptions, Query),
    clock: Deadline,
    call: &mut Call,
    state: &mut Diagnostics,
) -> Result<QueryResult, Error> {
    let has_details = query.has_details;
    let route = match query.task {
        Task::One(route) => *route,
        Task::List(list) => {
            let describe = |error: &Error, requests: &RequestLog| state.failed_row(error, requests);
            let runner = ListRunner { transport, cache, source: &source, clock, list: &list, has_details };
            let end = Box::pin(runner.run(&mut call.hold, &describe)).await;
            (state.requests, state.list) = (end.log, end.failure);
            return end.result;
        }
        Task::BatchStart(start) => {
            let sender = RequestSender::new(transport, &source, clock, &mut call.hold);
            let mut starter = BatchStarter::new(sender, cache, &source);
            let result = clock.enforce(transport, catch_panics(Box::pin(starter.run(&start)))).await;
            let incomplete;
            (state.requests, incomplete) = starter.into_end();
            let result = result.unwrap_or_else(|| Err(late(&call.hold, clock.timeout)));
            state.list = incomplete.filter(|_| result.is_err());
            return result;
        }
        Task::BatchResult(wanted) => {
            let describing = state.clone();
            let describe = Arc::new(move |error: &Error, log: &RequestLog| describing.failed_row(error, log));
            let mut getter = BatchGetter::new(RequestSender::new(transport, &source, clock, &mut call.hold));
            let run = Box::pin(getter.run(&wanted, has_details, describe));
            let result = clock.enforce(transport, catch_panics(run)).await;
            (state.requests, state.list) = getter.into_end();
            return result.unwrap_or_else(|| Err(late(&call.hold, clock.timeout)));
        }
    };
    let sender = RequestSender::new(transport, &source, clock, &mut call.hold);
    let mut runner = QueryRunner::new(sender.paced(&cache.paces, Patience::OfQuery), cache, &source);
    // On the heap, because it is large and every wrapping future would move it.
    let run = Box::pin(runner.run(route, has_details));
    let result = clock.enforce(transport, catch_panics(run)).await;
    state.list = runner.take_incomplete();
    state.requests = runner.into_log();
    result.unwrap_or_else(|| Err(late(&call.hold, clock.timeout)))
}

async fn connect<T: Transport>(
    transport: &T,
    source: SourceOptions,
    call: &mut Call,
    state: &mut Diagnostics,
) -> Result<Option<String>, Error> {
    let request = ApiRequest::get(models::PATH);
    state.requests = RequestLog::of(&request);
    let timeout = timeout_of_test(source.timeout);
    state.context.time_limit =
        source.timeout.filter(|of_source| *of_source <= TEST_TIMEOUT).map_or(TimeLimit::Own, TimeLimit::Source);
    let clock = Deadline { started: call.started, timeout };
    let is_custom = source.base_url.is_custom();
    let mut sender = RequestSender::new(transport, &source, clock, &mut call.hold);
    let test = async {
        match sender.send(&request, models::ensure_model_list).await {
            Err(Error::Api(error)) if is_custom && ApiCause::of(&error) == ApiCause::NoSuchRoute => {
                find_operation(&mut sender, error).await
            }
            result => result.map(|()| None),
        }
    };
    let result = clock.enforce(transport, catch_panics(test)).await;
    state.requests.attempts = sender.attempts();
    match result.unwrap_or_else(|| Err(late(&call.hold, timeout))) {
        Err(Error::Api(error)) if ApiCause::of(&error) == ApiCause::MissingScope => Ok(Some(format!(
            "Connected. The API key is valid but restricted: it may not list models (HTTP {}). Queries work if it may \
             make model requests.",
            error.status
        ))),
        result => result,
    }
}

/// Looks for an operation on a server that lists no models, with requests that cost nothing because they have neither a
/// model nor a prompt. A server that supports the operation reports what is missing, or rejects the key. Fails with
/// `no_list`, the error about the missing models, if no operation is found.
async fn find_operation<T: Transport>(
    sender: &mut RequestSender<'_, T>,
    no_list: Box<ApiError>,
) -> Result<Option<String>, Error> {
    for path in [chat::PATH, completion::PATH, embedding::PATH, image::PATH] {
        match sender.send(&ApiRequest::post(path, Map::new()), |_| Ok(())).await {
            Ok(()) => {}
            Err(Error::Api(error)) if is_about_content(&error) => {}
            Err(Error::Api(error)) if ApiCause::of(&error) == ApiCause::NoSuchRoute => continue,
            // A page that is returned for every URL.
            Err(Error::Decode { .. }) => continue,
            Err(error) => return Err(error),
        }
        return Ok(Some(format!(
            "Connected. This server does not list its models (HTTP {}), so List models does not work with it, and each \
             query must name its model. The API key was not rejected.",
            no_list.status
        )));
    }
    Err(Error::Api(no_list))
}

/// Whether the server read the request and rejected its content, which some do with HTTP 500.
fn is_about_content(error: &ApiError) -> bool {
    let is_denial = matches!(error.status, 400 | 404 | 409 | 415 | 422 | 500) && ApiCause::of(error).is_about_content();
    is_denial && !error.html
}

/// Explains why a call did not end in time if its requests could not.
fn late(hold: &Hold, timeout: Duration) -> Error {
    if hold.is_waiting() { client::no_memory().into() } else { Error::Timeout { after: timeout } }
}

/// Turns a panic of `future` into an error, because the addon lives in the process of `ToolJet`'s server.
///
/// # Errors
/// Those of `future`, or [`Error::Internal`] for a panic.
pub async fn catch_panics<R>(future: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(internal(panic))),
    })
    .await
}

fn internal(panic: Box<dyn Any + Send>) -> Error {
    let words = panic.downcast_ref::<&str>().copied().map(ErrorText::from);
    let words = words.or_else(|| panic.downcast_ref::<String>().map(ErrorText::from));
    Error::Internal(words.unwrap_or_else(|| "no reason given".into()))
}
