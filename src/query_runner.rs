//! Runs one query: follows its route from endpoint to endpoint, adapts its requests to their models, and caches what it
//! learns.

use std::{borrow::Cow, mem};

use serde_json::{Map, Value};

use crate::{
    budgets::MAX_WORD_CHARS,
    error::{ApiError, Error, cause::ApiCause, hints::Streaming, truncate::truncate},
    input::options::SourceOptions,
    list_result::ListFailure,
    network::http::Transport,
    operations::{
        ApiRequest, Plan, QueryResult, Reader, responses,
        route::{Next, Route},
    },
    policy::{
        adjust::{self, Adjustment, ChatEndpoint, Rejection},
        model_cache::{CacheKey, ModelCache},
        streaming,
    },
    request_sender::RequestSender,
    response::{ApiResponse, stream::Partial},
};

/// A step of the route that failed.
struct FailedWay {
    key: CacheKey,
    error: Box<ApiError>,
    log: RequestLog,
}

/// What is known about the requests of a call, however it ended.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    /// Path of the request that counts: the successful one, or the one whose error is reported.
    pub path: Option<&'static str>,
    /// Its model, truncated to the length of a word.
    pub model: Option<String>,
    /// Its `response_format.type`, truncated to the length of a word.
    pub response_format: Option<String>,
    /// Whether it requested a stream.
    pub streaming: Streaming,
    /// Number of requests sent, including those to other endpoints.
    pub attempts: u32,
    /// The API's id of the successful request.
    pub request_id: Option<String>,
    /// Changes to the request that counts.
    pub adjusted: Vec<Adjustment>,
    /// The model, if it replaced the one that the query names.
    pub substituted_model: Option<String>,
    /// Models that failed in addition to that of the request that counts.
    pub failed_models: Vec<String>,
    /// The start of an answer that broke off; without text if it should have been checked.
    pub partial: Option<Partial>,
    /// Whether the API should check the answer.
    pub is_answer_checked: bool,
    /// How many rows of the batches fit a result, if it has no room for all that the query asks for.
    pub fitting_rows: Option<usize>,
    /// Whether the rows that the query asks for are in several batches.
    pub spans_batches: bool,
}

impl RequestLog {
    /// The log for a request that is about to be sent.
    #[must_use]
    pub fn of(request: &ApiRequest) -> Self {
        let model = request.text("model").map(|model| truncate(model, MAX_WORD_CHARS));
        let member = |name: &str| request.body.as_ref()?.get(name);
        let format = member("response_format").and_then(|format| format.get("type")?.as_str());
        Self {
            path: Some(request.path),
            model,
            response_format: format.map(|format| truncate(format, MAX_WORD_CHARS)),
            ..Self::default()
        }
    }

    /// The members of `metadata` about the requests.
    #[must_use]
    pub fn to_metadata(&self) -> Map<String, Value> {
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
}

/// Runs one query. Owns its log, so that it survives if the run panics or is dropped.
pub struct QueryRunner<'a, T> {
    pub(crate) sender: RequestSender<'a, T>,
    cache: &'a ModelCache,
    source: &'a SourceOptions,
    /// Whether the result repeats the metadata in the data.
    pub(crate) has_details: bool,
    pub(crate) log: RequestLog,
    /// The partial result if one of several requests failed.
    pub(crate) incomplete: Option<ListFailure>,
}

impl<'a, T: Transport> QueryRunner<'a, T> {
    /// A runner that has not sent anything yet.
    pub fn new(sender: RequestSender<'a, T>, cache: &'a ModelCache, source: &'a SourceOptions) -> Self {
        Self { sender, cache, source, has_details: false, log: RequestLog::default(), incomplete: None }
    }

    /// Runs the query. `has_details` means that the result will repeat the metadata in the data.
    ///
    /// # Errors
    /// The error to report.
    pub async fn run(&mut self, mut route: Route, has_details: bool) -> Result<QueryResult, Error> {
        self.has_details = has_details;
        let mut failed = Vec::new();
        if let Reader::Vectors(reader) = &route.plan.reader {
            let reader = reader.clone();
            return self.run_embeddings(route.plan, reader).await;
        }
        loop {
            let (known, key) = self.known_way(route);
            route = known;
            let error = match self.send_adjusted(&mut route.plan, key, route.next.as_ref()).await {
                Err(Error::Api(error)) if !self.sender.has_partial() => error,
                result => {
                    if result.is_ok() {
                        self.keep(&failed);
                    }
                    return result;
                }
            };
            // This includes a 404 that may be temporary or specific to the account, and is not cached: the next
            // endpoint shows whether it serves the query, at the cost of one request, and the result names it.
            let cause = ApiCause::of(&error);
            let log = self.log.clone();
            route = match route.after(cause, &self.sender.today()) {
                Ok(next) => next,
                Err(_) => return Err(self.first_failure(failed, error)),
            };
            failed.push(FailedWay { key, error, log });
        }
    }

    /// The first step that is not known to fail, and its cache key.
    fn known_way(&self, mut route: Route) -> (Route, CacheKey) {
        loop {
            let key = self.key(&route.plan.request);
            let Some(cause) = self.cache.fallback(key, self.sender.now()) else { return (route, key) };
            route = match route.after(cause, &self.sender.today()) {
                Ok(next) => next,
                Err(route) => return (*route, key),
            };
        }
    }

    /// Caches the steps that failed although the last one succeeded.
    fn keep(&self, failed: &[FailedWay]) {
        for FailedWay { key, error, .. } in failed {
            self.cache.add_fallback(*key, error, self.sender.now());
        }
    }

    /// The error to report: the last one, or an earlier one if the server does not even have the fallback's endpoint or
    /// model.
    fn first_failure(&mut self, mut failed: Vec<FailedWay>, last: Box<ApiError>) -> Error {
        let mut error = last;
        let mut failed_models = Vec::new();
        while ApiCause::of(&error).is_about_model_or_route()
            && let Some(earlier) = failed.pop()
        {
            failed_models.extend(self.log.model.take());
            error = earlier.error;
            self.log = earlier.log;
        }
        self.log.failed_models = failed_models;
        Error::Api(error)
    }

    /// Takes the partial result if one of several requests failed.
    pub fn take_incomplete(&mut self) -> Option<ListFailure> {
        self.incomplete.take()
    }

    /// What is known about the requests so far.
    #[must_use]
    pub fn into_log(self) -> RequestLog {
        let attempts = self.sender.attempts();
        let partial = self.sender.into_partial();
        let partial = if self.log.is_answer_checked { partial.map(Partial::without_words) } else { partial };
        RequestLog { attempts, partial, ..self.log }
    }

    /// Sends a request, adjusted to its model by what the cache knows or the API says, unless the `next` step serves it
    /// unchanged. The changes stay in `plan`, because the next step uses the same model.
    pub(crate) async fn send_adjusted(
        &mut self,
        plan: &mut Plan,
        key: CacheKey,
        next: Option<&Next>,
    ) -> Result<QueryResult, Error> {
        let Plan { request, reader, adjusted, substituted_model } = plan;
        self.log = RequestLog {
            adjusted: mem::take(adjusted),
            substituted_model: substituted_model.clone(),
            is_answer_checked: matches!(reader, Reader::Choices(reader) if reader.checks.output),
            ..RequestLog::of(request)
        };
        if let Some(body) = &mut request.body {
            if matches!(reader, Reader::Choices(_)) {
                streaming::ask(body, self.source.streaming);
            }
            self.adjust_to_known(key, request.path, body);
        }
        // Rejections by the API, each with its error.
        let mut rejections = Vec::new();
        let has_details = self.has_details;
        let (request_id, result) = loop {
            self.log.streaming = self.streaming(reader, request.body.as_ref());
            let mut reader = reader.clone();
            if let Reader::Choices(reader) = &mut reader
                && !self.log.adjusted.contains(&Adjustment::Removed("stop"))
            {
                // The API itself truncates the text.
                reader.stops.clear();
            }
            let read =
                move |response: ApiResponse| Ok((response.request_id.clone(), reader.read(response, has_details)));
            let error = match self.sender.send(request, read).await {
                Ok(result) => break result,
                Err(error) => error,
            };
            if self.sender.has_partial() {
                return Err(error);
            }
            let is_for_next = |error: &ApiError| {
                next.is_some_and(|next| next.after(ApiCause::of(error), &self.sender.today()).is_some())
            };
            let api_error = error.api().filter(|error| !is_for_next(error));
            let rejection = request.body.as_mut().zip(api_error).and_then(|(body, error)| {
                let rejection = adjust::for_error(body, &about_body(request.path, error), &self.log.adjusted)?;
                // The Responses API has one name for both.
                if request.path == responses::PATH && matches!(rejection.adjustment, Adjustment::Renamed { .. }) {
                    return None;
                }
                rejection.adjustment.apply(body).then_some(rejection)
            });
            let Some(rejection) = rejection else {
                adjusted.clone_from(&self.log.adjusted);
                return Err(self.first_error(request.path, rejections, error));
            };
            self.log.adjusted.push(rejection.adjustment.clone());
            rejections.push((rejection, error));
        };
        // Cache only what helped.
        for (rejection, _) in rejections {
            self.cache.add_rejection(key, rejection, self.sender.now());
        }
        self.log.request_id = request_id;
        result
    }

    /// The error to report: the last one, or the earlier one whose adjustment caused it. The log keeps only the changes
    /// before that error.
    fn first_error(&mut self, path: &str, mut rejections: Vec<(Rejection, Error)>, last: Error) -> Error {
        let mut error = last;
        let has_caused = |error: &Error, rejection: &Rejection| {
            error.api().is_some_and(|error| rejection.adjustment.has_caused(&about_body(path, error)))
        };
        while let Some(at) = rejections.iter().position(|(rejection, _)| has_caused(&error, rejection)) {
            self.log.adjusted.truncate(self.log.adjusted.len() + at - rejections.len());
            error = rejections.swap_remove(at).1;
            rejections.truncate(at);
        }
        error
    }

    fn streaming(&self, reader: &Reader, body: Option<&Map<String, Value>>) -> Streaming {
        let is_rejected = || self.log.adjusted.contains(&Adjustment::Removed(streaming::STREAM));
        match body {
            Some(body) if streaming::is_asked(body) => Streaming::Used,
            Some(body)
                if matches!(reader, Reader::Choices(_))
                    && !self.source.streaming
                    && streaming::can_stream(body)
                    && !is_rejected() =>
            {
                Streaming::Possible
            }
            _ => Streaming::Never,
        }
    }

    fn adjust_to_known(&mut self, key: CacheKey, path: &str, body: &mut Map<String, Value>) {
        let endpoint = if path == responses::PATH { ChatEndpoint::Responses } else { ChatEndpoint::ChatCompletions };
        let rejections = self.cache.rejections(key, self.sender.now());
        self.log.adjusted.extend(adjust::apply_known(body, endpoint, &rejections));
    }

    /// The cache key of a request.
    pub(crate) fn key(&self, request: &ApiRequest) -> CacheKey {
        self.cache.key(self.source, request.path, request.body.as_ref())
    }
}

/// Translates an error about the wire form of a request to `path` into one about its body.
fn about_body<'e>(path: &str, error: &'e ApiError) -> Cow<'e, ApiError> {
    match path {
        responses::PATH => Cow::Owned(responses::in_chats_words(error)),
        _ => Cow::Borrowed(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn truncates_a_model_s_name_in_the_log() {
        let request = |model: &str| ApiRequest::post("/x", Map::from_iter([("model".to_owned(), json!(model))]));
        assert_eq!(RequestLog::of(&request("gpt-x")).model.as_deref(), Some("gpt-x"));
        let long = RequestLog::of(&request(&"m".repeat(99_999))).model.unwrap();
        assert!(long.chars().count() <= MAX_WORD_CHARS + 1, "{}", long.len());
    }
}
