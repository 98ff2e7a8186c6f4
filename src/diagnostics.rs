//! Collects the facts about a call, and reports its end to the app and the log.
//!
//! Belongs here: the members of a result and of a failure that the plugin adds, and what is redacted in them. Does not
//! belong here: what is sent and when, which is up to `service`.

use std::{mem, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{
    answers::RowFailure,
    budgets::MAX_DESCRIPTION_CHARS,
    error::{
        Details, Error, ErrorText, error_text,
        hints::{self, HintContext},
        in_short::in_short,
        truncate::truncate,
    },
    input::{
        fields::Fields,
        options::SourceOptions,
        secret::{Redactor, Secret},
    },
    list_result::ListFailure,
    network::http::Transport,
    operations::{self, Query, QueryResult, responses, result_size::kept},
    policy::{capabilities, shutdowns::Day},
    query_log::{self, QueryLog},
    query_runner::RequestLog,
    service::{CONNECTION_FAILED, Failure, Outcome, QUERY_FAILED, limit_of_query, timeout_of_query},
};

/// Members of `metadata` from the plugin itself, with nothing from a response.
const OWN_METADATA: [&str; 3] = ["adjusted", "endpoint", "substituted_model"];

/// The facts about a call so far.
#[derive(Clone, Default)]
pub(crate) struct Diagnostics {
    pub(crate) proxy_secrets: Vec<Secret>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) context: HintContext,
    pub(crate) requests: RequestLog,
    /// More about a failed list.
    pub(crate) list: Option<ListFailure>,
    pub(crate) has_details: bool,
    pub(crate) today: Day,
    /// As in [`Call`].
    pub(crate) started: Duration,
    pub(crate) operation: Option<&'static str>,
    pub(crate) log: Option<Arc<QueryLog>>,
}

impl Diagnostics {
    pub(crate) fn new<T: Transport>(transport: &T, started: Duration) -> Self {
        let (proxy_secrets, today) = (transport.proxy_secrets().to_vec(), Day::of(transport.wall_clock()));
        let log = QueryLog::new(transport, started).map(Arc::new);
        Self { proxy_secrets, today, started, log, ..Self::default() }
    }

    pub(crate) fn read(&mut self, source: &Value, query: &Value) -> Result<(SourceOptions, Query, Duration), Error> {
        let source = self.read_source(source)?;
        let fields = Fields::of("queryOptions", query)?;
        self.context.operation = operations::operation(&fields);
        self.operation = self.context.operation;
        let query = Query::from_fields(&fields, source.base_url.provider(), &self.today)?;
        self.has_details = query.has_details;
        self.context.endpoint_choice = query.endpoint_choice;
        self.context.time_limit = limit_of_query(&fields, source.timeout);
        let timeout = timeout_of_query(&fields, source.timeout);
        Ok((source, query, timeout))
    }

    /// The outcome at `now` on the transport's clock.
    pub(crate) fn outcome(mut self, result: Result<QueryResult, Error>, now: Duration) -> Outcome {
        let outcome = match result {
            Ok(mut result) => {
                result.metadata.extend(self.request_metadata(now));
                self.redactor.redact_result(&mut result.metadata, &OWN_METADATA);
                Outcome::Ok(if self.has_details { with_details(result) } else { result })
            }
            Err(error) => Outcome::Failed(self.failure(&error, now)),
        };
        self.logged(outcome, now)
    }

    /// Returns `outcome` after logging it.
    pub(crate) fn logged(&self, outcome: Outcome, now: Duration) -> Outcome {
        if let Some(log) = &self.log {
            let host = self.redactor.show(&self.context.host);
            let entry =
                query_log::Entry { operation: self.operation, host, duration: now.saturating_sub(self.started) };
            log.write(&entry, &outcome);
        }
        outcome
    }

    /// The `metadata` about the requests, if any were sent.
    fn request_metadata(&self, now: Duration) -> Map<String, Value> {
        let mut metadata = self.requests.to_metadata();
        if self.requests.attempts > 0 {
            let duration = query_log::milliseconds(now.saturating_sub(self.started));
            metadata.insert("duration_ms".to_owned(), duration);
        }
        metadata
    }

    pub(crate) fn read_source(&mut self, source: &Value) -> Result<SourceOptions, Error> {
        let fields = Fields::of("sourceOptions", source)?;
        // First, because the key may also have been pasted into another field.
        self.redactor = Arc::new(Redactor::new(fields.trimmed("apiKey").ok().flatten().map(Secret::new)));
        let source = SourceOptions::from_fields(&fields)?;
        self.redactor = Arc::new(Redactor::new(source.secrets().chain(mem::take(&mut self.proxy_secrets))));
        let is_custom = source.base_url.is_custom();
        // The default URL is the plugin's own text.
        let text = |text: String| if is_custom { ErrorText::from(text) } else { ErrorText::own(text) };
        self.context.host = text(source.base_url.host());
        self.context.base_url = text(source.base_url.without_query().to_owned());
        self.context.is_custom = is_custom;
        Ok(source)
    }

    fn failure(&mut self, error: &Error, now: Duration) -> Failure {
        // Moved, because it may be long.
        let list = self.list.as_mut().map(|list| [mem::take(&mut list.data), mem::take(&mut list.metadata)]);
        let mut failure = self.failed_query(error, now);
        if let Some(mut members) = list {
            for members in &mut members {
                self.redactor.redact_result(members, &OWN_METADATA);
            }
            let [data, metadata] = members;
            failure.data.extend(data);
            failure.metadata.extend(metadata);
        }
        failure
    }

    pub(crate) fn failed_query(&self, error: &Error, now: Duration) -> Failure {
        let details = self.details(error);
        let description = self.description(error, &details);
        let mut metadata = self.request_metadata(now);
        for (name, value) in &mut metadata {
            if let Value::String(text) = value
                && !OWN_METADATA.contains(&name.as_str())
            {
                *text = self.redactor.redact(text);
            }
        }
        for (name, text) in [("request_id", &details.request_id), ("model", &details.model)] {
            metadata.extend(text.as_ref().map(|text| (name.to_owned(), self.redactor.show(text).into())));
        }
        // `ToolJet` 2 shows only `data.message`.
        let mut data = Map::from_iter([("message".to_owned(), description.clone().into())]);
        data.extend(details.to_json(|text| self.redactor.show(text)));
        if let Some(partial) = &self.requests.partial {
            data.extend(partial.to_json(|text| self.redactor.redact_answer(text)));
        }
        let [mut given, mut known] = [error.given(), error.metadata()];
        let usage = self.requests.partial.as_ref().and_then(|partial| partial.usage.clone());
        known.extend(*kept([("usage", usage.map(responses::in_chats_names))]));
        for members in [&mut given, &mut known] {
            self.redactor.redact_result(members, &[]);
        }
        data.extend(given);
        data.extend(known.clone());
        metadata.extend(known);
        Failure { message: QUERY_FAILED.into(), description, data, metadata }
    }

    pub(crate) fn failed_test(&self, error: &Error) -> Failure {
        let mut details = self.details(error);
        // `ToolJet` 3 shows the message, the description, which ends with the hint, and the data.
        let hint = details.hint.take();
        let description = hints::describe_rest(error, hint.as_ref(), &self.context);
        Failure {
            message: format!("{CONNECTION_FAILED}: {}", self.redactor.show(&in_short(error))).into(),
            description: truncate(&self.redactor.show(&description), MAX_DESCRIPTION_CHARS),
            data: details.to_json(|text| self.redactor.show(text)),
            metadata: Map::new(),
        }
    }

    fn description(&self, error: &Error, details: &Details) -> String {
        let description = hints::describe(error, details.hint.as_ref(), &self.context);
        let partial = self.requests.partial.as_ref().map_or_else(ErrorText::default, |partial| partial.notice().into());
        let notice = self.list.as_ref().map_or_else(ErrorText::default, |list| list.notice.clone());
        truncate(&self.redactor.show(&error_text![notice, description, partial]), MAX_DESCRIPTION_CHARS)
    }

    /// What an app is told about a failed row.
    pub(crate) fn failed_row(&self, error: &Error, requests: &RequestLog) -> RowFailure {
        let row = Self { requests: requests.clone(), ..self.clone() };
        let Failure { description, mut data, .. } = row.failed_query(error, self.started);
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        let status = || data.get("status").map(|status| format!("http_{status}"));
        let code = text("code").or_else(|| text("type")).or_else(status).unwrap_or_default();
        RowFailure { code, description, partial: data.swap_remove("partial") }
    }

    fn details(&self, error: &Error) -> Details {
        let model = self.requests.model.clone();
        let failed: Vec<_> = self.requests.failed_models.iter().map(String::as_str).collect();
        let context = HintContext {
            model: model.clone(),
            model_facts: capabilities::facts(model.as_deref().unwrap_or_default(), &failed, &self.today),
            endpoint: self.requests.path.map(operations::endpoint),
            response_format: self.requests.response_format.clone(),
            streaming: self.requests.streaming,
            fitting_rows: self.requests.fitting_rows,
            spans_batches: self.requests.spans_batches,
            ..self.context.clone()
        };
        let hint = hints::hint(error, &context);
        Details {
            attempts: Some(self.requests.attempts).filter(|attempts| *attempts > 0),
            model: model.map(ErrorText::from),
            hint,
            ..error.details()
        }
    }
}

/// Repeats the metadata in `data`, for a `ToolJet` that does not show it elsewhere.
fn with_details(reply: QueryResult) -> QueryResult {
    let mut data = Map::from_iter([("answer".to_owned(), reply.data)]);
    data.extend(reply.metadata.clone());
    QueryResult { data: data.into(), metadata: reply.metadata }
}
