//! `ToolJet`'s `run` and `testConnection`, without `Node`: options in, outcome out.

use std::{
    borrow::Cow,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    error::{
        Details, Error, TransportError,
        cause::ApiCause,
        hints::{self, HintContext},
        truncate::{MAX_WORD_CHARS, truncate},
    },
    input::{
        fields::Fields,
        options::{DEFAULT_TIMEOUT, SourceOptions, query_timeout},
        secret::{Redactor, Secret},
    },
    network::http::Transport,
    operations::{
        self, ApiRequest, Plan, Query, QueryResult, Reader, Work,
        completion::{self, Completion, Engine},
        models,
    },
    policy::{
        adjust::{self, Adjustment},
        capabilities,
        model_cache::ModelCache,
    },
    request_sender::RequestSender,
};

/// `message` of a failed query.
pub const QUERY_FAILED: &str = "Query could not be completed";
/// What the `message` of a failed connection test begins with; the reason follows in a few words.
pub const CONNECTION_FAILED: &str = "Connection could not be established";
/// Time for a connection test with all its tries.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How a call ended. Its JSON is what the addon gives to the entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status")]
pub enum Outcome {
    /// The query's result.
    #[serde(rename = "ok")]
    Ok(QueryResult),
    /// The connection works; perhaps with a remark.
    #[serde(rename = "ok")]
    Connected {
        /// What the user should know all the same.
        #[serde(rename = "message", skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// The call failed.
    #[serde(rename = "failed")]
    Failed(Failure),
}

/// What `QueryError` is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// [`QUERY_FAILED`], or [`CONNECTION_FAILED`] with the reason.
    pub message: Cow<'static, str>,
    /// What happened and what to do, in sentences.
    pub description: String,
    /// The [`Details`] of the error. Of a query, `message` is the description once more: where there
    /// is any data, `ToolJet` 2 shows that in place of the message.
    pub data: Map<String, Value>,
    /// Of a query, what `metadata` of a result says about the requests, as far as it is known.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// Runs a query.
pub async fn run<T: Transport>(transport: &T, cache: &ModelCache, source: &Value, query: &Value) -> Outcome {
    let mut state = Diagnostics::default();
    match catch_panics(run_query(transport, cache, source, query, &mut state)).await {
        Ok(mut reply) => {
            reply.metadata.extend(state.about_requests());
            for value in reply.metadata.values_mut() {
                if let Value::String(text) = value
                    && state.redactor.contains_secret(text)
                {
                    *text = state.redactor.redact(text);
                }
            }
            Outcome::Ok(if state.has_details { with_details(reply) } else { reply })
        }
        Err(error) => Outcome::Failed(state.failed_query(&error)),
    }
}

/// The metadata in `data` as well, for a `ToolJet` that does not show it elsewhere.
fn with_details(reply: QueryResult) -> QueryResult {
    let mut data = Map::from_iter([("answer".to_owned(), reply.data)]);
    data.extend(reply.metadata.clone());
    QueryResult { data: data.into(), metadata: reply.metadata }
}

/// Tests a data source: asks for the list of models, which is free of charge.
pub async fn test_connection<T: Transport>(transport: &T, source: &Value) -> Outcome {
    let mut state = Diagnostics::default();
    match catch_panics(connect(transport, source, &mut state)).await {
        Ok(warning) => Outcome::Connected { warning },
        Err(error) => Outcome::Failed(state.failed_test(&error)),
    }
}

/// The outcome of a query where the server's own network settings keep every request from being sent.
#[must_use]
pub fn unsendable_query(error: TransportError) -> Outcome {
    Outcome::Failed(Diagnostics::default().failed_query(&error.into()))
}

/// The outcome of a connection test in that case.
#[must_use]
pub fn unsendable_test(error: TransportError) -> Outcome {
    Outcome::Failed(Diagnostics::default().failed_test(&error.into()))
}

/// What is known about a call while it goes on; all of it is shown in a failure.
#[derive(Default)]
struct Diagnostics {
    redactor: Redactor,
    context: HintContext,
    attempts: u32,
    request_id: Option<String>,
    adjusted: Vec<Adjustment>,
    substituted_model: Option<String>,
    has_details: bool,
}

impl Diagnostics {
    /// Notes what is asked next.
    fn asks(&mut self, path: &str, model: Option<&str>) {
        self.context.endpoint = Some(operations::endpoint(path));
        self.context.model = model.map(|model| truncate(model, MAX_WORD_CHARS));
    }

    fn read_source(&mut self, source: &Value) -> Result<SourceOptions, Error> {
        let fields = Fields::of("sourceOptions", source)?;
        // At once, as the key may also stand in a field that it does not belong to.
        self.redactor = Redactor::new(fields.trimmed("apiKey").ok().flatten().map(Secret::new));
        let source = SourceOptions::from_fields(&fields)?;
        self.redactor = source.redactor();
        self.context.host = source.base_url.host();
        source.base_url.without_query().clone_into(&mut self.context.base_url);
        self.context.is_custom = source.base_url.is_custom();
        Ok(source)
    }

    /// What `metadata` says about the requests of a query, whatever became of it.
    fn about_requests(&self) -> Map<String, Value> {
        let mut metadata = Map::new();
        if let Some(model) = &self.substituted_model {
            metadata.insert("substituted_model".to_owned(), model.clone().into());
        }
        if !self.adjusted.is_empty() {
            let adjusted = self.adjusted.iter().map(Adjustment::to_json).collect();
            metadata.insert("adjusted".to_owned(), adjusted);
        }
        if let Some(id) = &self.request_id {
            metadata.insert("request_id".to_owned(), id.clone().into());
        }
        if self.attempts > 0 {
            metadata.insert("attempts".to_owned(), self.attempts.into());
        }
        metadata
    }

    fn failed_query(&self, error: &Error) -> Failure {
        let hint = self.hint(error);
        let description = self.redactor.redact(&hints::describe(error, hint.as_deref()));
        let details = self.details(error, hint.as_deref());
        let mut metadata = self.about_requests();
        for (name, value) in [("request_id", details.request_id), ("model", details.model)] {
            metadata.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        // `ToolJet` 2 shows `data.message` and nothing else.
        let mut data = Map::from_iter([("message".to_owned(), description.clone().into())]);
        data.extend(self.redacted(json_object(details)));
        Failure { message: QUERY_FAILED.into(), description, data, metadata: self.redacted(metadata) }
    }

    fn failed_test(&self, error: &Error) -> Failure {
        let hint = self.hint(error);
        let message = format!("{CONNECTION_FAILED}: {}", hints::in_short(error));
        Failure {
            message: self.redactor.redact(&message).into(),
            description: self.redactor.redact(&hints::describe(error, hint.as_deref())),
            data: self.redacted(json_object(self.details(error, hint.as_deref()))),
            metadata: Map::new(),
        }
    }

    fn hint(&self, error: &Error) -> Option<String> {
        let model_facts = capabilities::facts(self.context.model.as_deref().unwrap_or_default());
        hints::hint(error, &HintContext { model_facts, ..self.context.clone() })
    }

    fn details<'a>(&'a self, error: &'a Error, hint: Option<&'a str>) -> Details<'a> {
        Details {
            attempts: Some(self.attempts).filter(|attempts| *attempts > 0),
            model: self.context.model.as_deref(),
            hint,
            ..error.details()
        }
    }

    fn redacted(&self, mut members: Map<String, Value>) -> Map<String, Value> {
        for value in members.values_mut() {
            if let Value::String(text) = value {
                *text = self.redactor.redact(text);
            }
        }
        members
    }
}

fn json_object(details: Details<'_>) -> Map<String, Value> {
    match serde_json::to_value(details) {
        Ok(Value::Object(data)) => data,
        _ => Map::new(),
    }
}

async fn run_query<T: Transport>(
    transport: &T,
    cache: &ModelCache,
    source: &Value,
    query: &Value,
    state: &mut Diagnostics,
) -> Result<QueryResult, Error> {
    let source = state.read_source(source)?;
    let fields = Fields::of("queryOptions", query)?;
    let query = Query::from_fields(&fields, source.base_url.provider())?;
    state.has_details = query.has_details;
    let timeout = [query_timeout(&fields), source.timeout].into_iter().flatten().min().unwrap_or(DEFAULT_TIMEOUT);
    let call = RequestSender::new(transport, &source, timeout);
    let mut runner = QueryRunner { call, cache, source: &source, state };
    match query.work {
        Work::Plain(plan) => runner.send_adjusted(plan).await,
        Work::Completion(completion) => runner.complete(&completion).await,
    }
}

struct QueryRunner<'a, T> {
    call: RequestSender<'a, T>,
    cache: &'a ModelCache,
    source: &'a SourceOptions,
    state: &'a mut Diagnostics,
}

impl<T: Transport> QueryRunner<'_, T> {
    /// Completions by its engine.
    async fn complete(&mut self, completion: &Completion) -> Result<QueryResult, Error> {
        let plan = completion.plan();
        let model = plan.request.text("model").unwrap_or_default().to_owned();
        let key = self.key(&plan.request, &model);
        let chat_model = match completion.engine {
            Engine::Completions => None,
            Engine::Chat => Some(completion.chat_model()),
            Engine::Auto => self.cache.chat_model(&key),
        };
        if let Some(chat_model) = chat_model {
            return self.complete_through_chat(completion, &model, &chat_model).await;
        }
        let error = match self.send_adjusted(plan).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        let Some(chat_model) = error.api().and_then(|error| completion.chat_model_after(error)) else {
            return Err(error);
        };
        match self.complete_through_chat(completion, &model, &chat_model).await {
            Ok(reply) => {
                // A refusal to one account says nothing about the next.
                let is_about_the_account =
                    error.api().is_some_and(|error| error.status == 403) || model.starts_with("ft:");
                if !is_about_the_account {
                    self.cache.learn_chat_model(&key, &chat_model);
                }
                Ok(reply)
            }
            // The server has no `OpenAI` chat models, so report the first error.
            Err(second) if second.api().is_some_and(|error| ApiCause::of(error).is_about_model_or_route()) => {
                self.state.asks(completion::PATH, Some(&model));
                self.state.substituted_model = None;
                self.state.adjusted.clear();
                Err(error)
            }
            Err(second) => Err(second),
        }
    }

    async fn complete_through_chat(
        &mut self,
        completion: &Completion,
        model: &str,
        chat_model: &str,
    ) -> Result<QueryResult, Error> {
        let (plan, left_out) = completion.chat_plan(chat_model);
        self.state.adjusted = left_out;
        if chat_model != model {
            self.state.substituted_model = Some(chat_model.to_owned());
        }
        self.send_adjusted(plan).await
    }

    /// Sends a request, adjusted to its model as far as that is known or the API tells.
    async fn send_adjusted(&mut self, plan: Plan) -> Result<QueryResult, Error> {
        let Plan { mut request, mut reader } = plan;
        let model = request.text("model").map(str::to_owned);
        self.state.asks(request.path, model.as_deref());
        let key = self.key(&request, model.as_deref().unwrap_or_default());
        if let Some(body) = &mut request.body {
            for adjustment in adjust::for_family(body).into_iter().chain(self.cache.adjustments(&key)) {
                if adjustment.apply(body) {
                    self.state.adjusted.push(adjustment);
                }
            }
        }
        let mut learnt = Vec::new();
        let answer = loop {
            let result = self.call.send(&request).await;
            self.state.attempts = self.call.attempts();
            let error = match result {
                Ok(answer) => break answer,
                Err(error) => error,
            };
            let (Some(body), Some(api_error)) = (&mut request.body, error.api()) else { return Err(error) };
            let Some(adjustment) = adjust::for_error(body, api_error, &self.state.adjusted) else {
                return Err(error);
            };
            adjustment.apply(body);
            learnt.push(adjustment.clone());
            self.state.adjusted.push(adjustment);
        };
        // Only what has helped is remembered.
        for adjustment in learnt.iter().filter(|adjustment| adjustment.is_about_the_model()) {
            self.cache.learn(&key, adjustment);
        }
        self.state.request_id.clone_from(&answer.request_id);
        if let Reader::Choices(reader) = &mut reader
            && !self.state.adjusted.contains(&Adjustment::Removed("stop".to_owned()))
        {
            // The API has cut the text itself.
            reader.stops.clear();
        }
        reader.read(answer, self.state.has_details)
    }

    /// What is learnt holds for one address, endpoint, model and reasoning effort.
    fn key(&self, request: &ApiRequest, model: &str) -> String {
        let effort = request.text("reasoning_effort").unwrap_or_default();
        [self.source.base_url.without_query(), request.path, model, effort].join("\n")
    }
}

async fn connect<T: Transport>(
    transport: &T,
    source: &Value,
    state: &mut Diagnostics,
) -> Result<Option<String>, Error> {
    let source = state.read_source(source)?;
    state.asks(models::PATH, None);
    let mut call = RequestSender::new(
        transport,
        &source,
        source.timeout.map_or(TEST_TIMEOUT, |timeout| timeout.min(TEST_TIMEOUT)),
    );
    let result = call.send(&ApiRequest::get(models::PATH)).await;
    state.attempts = call.attempts();
    match result.and_then(|answer| models::ensure_model_list(&answer)) {
        Ok(()) => Ok(None),
        Err(Error::Api(error)) if ApiCause::of(&error) == ApiCause::MissingScope => Ok(Some(format!(
            "Connected. The API key is genuine but restricted: it may not list models (HTTP {}). Queries work if it \
             may make model requests.",
            error.status
        ))),
        Err(error) => Err(error),
    }
}

/// A panic of `future` as an error: the addon lives in the process of `ToolJet`'s server.
async fn catch_panics<R>(future: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll,
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
            Poll::Ready(Err(Error::Internal(words.unwrap_or_else(|| "no reason given".to_owned()))))
        }
    })
    .await
}
