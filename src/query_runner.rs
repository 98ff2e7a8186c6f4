//! Runs one query: chooses its endpoint, fits its requests to their models, and keeps what it has found out.

use serde_json::{Map, Value};

use crate::{
    budgets::MAX_WORD_CHARS,
    error::{Error, cause::ApiCause, truncate::truncate},
    input::options::SourceOptions,
    network::http::Transport,
    operations::{
        ApiRequest, Plan, Query, QueryResult, Reader, Work,
        completion::{Completion, Engine},
    },
    policy::{
        adjust::{self, Adjustment, Rejection},
        model_cache::{CacheKey, ModelCache},
        streaming,
    },
    request_sender::RequestSender,
    response::{ApiResponse, stream::Partial},
};

/// What is known about the requests of one call, however it ended.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    /// Path of the request that counts.
    pub path: Option<&'static str>,
    /// Its model, cut to the length of a word.
    pub model: Option<String>,
    /// Its `response_format.type`, cut to the length of a word.
    pub response_format: Option<String>,
    /// Whether its response is asked for as a stream.
    pub is_streamed: bool,
    /// Requests sent, also to other endpoints.
    pub attempts: u32,
    /// The API's id of the successful request.
    pub request_id: Option<String>,
    /// Changes to the request that counts.
    pub adjusted: Vec<Adjustment>,
    /// The model in place of the one that the query names.
    pub substituted_model: Option<String>,
    /// The chat model that the fallback of Completions asked in vain.
    pub failed_fallback: Option<String>,
    /// The start of the answer that broke off.
    pub partial: Option<Partial>,
}

impl RequestLog {
    /// The log of a request that is about to be sent.
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

    /// What `metadata` says about the requests.
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

/// Runs one query. Owns its log, so that the log is there even if the run panics or is dropped.
pub struct QueryRunner<'a, T> {
    sender: RequestSender<'a, T>,
    cache: &'a ModelCache,
    source: &'a SourceOptions,
    /// Whether the result has the metadata twice.
    has_details: bool,
    log: RequestLog,
}

impl<'a, T: Transport> QueryRunner<'a, T> {
    /// A runner that sends nothing yet.
    pub fn new(sender: RequestSender<'a, T>, cache: &'a ModelCache, source: &'a SourceOptions) -> Self {
        Self { sender, cache, source, has_details: false, log: RequestLog::default() }
    }

    /// Runs the query.
    ///
    /// # Errors
    /// The error of the request that counts.
    pub async fn run(&mut self, query: Query) -> Result<QueryResult, Error> {
        self.has_details = query.has_details;
        match query.work {
            Work::Plain(plan) => {
                let log = RequestLog::of(&plan.request);
                self.send_adjusted(*plan, log).await
            }
            Work::Completion(completion) => self.complete(&completion).await,
        }
    }

    /// What is known about the requests so far.
    #[must_use]
    pub fn into_log(self) -> RequestLog {
        RequestLog { attempts: self.sender.attempts(), partial: self.sender.into_partial(), ..self.log }
    }

    /// Runs Completions by its engine.
    async fn complete(&mut self, completion: &Completion) -> Result<QueryResult, Error> {
        let plan = completion.plan();
        let model = plan.request.text("model").unwrap_or_default().to_owned();
        let key = self.key(&plan.request);
        if let Some(chat_model) = self.chat_model(completion, key) {
            return self.complete_through_chat(completion, &model, &chat_model).await;
        }
        let log = RequestLog::of(&plan.request);
        let error = match self.send_adjusted(plan, log).await {
            Err(Error::Api(error)) if !self.sender.has_partial() => error,
            result => return result,
        };
        // Also after a 404 that may be about this account or this moment, and is not cached: chat itself says
        // whether it serves the query, at the price of one request, and the result names its endpoint.
        let Some(chat_model) = completion.chat_model_after(ApiCause::of(&error), &self.sender.today()) else {
            return Err(Error::Api(error));
        };
        let first_log = self.log.clone();
        let result = self.complete_through_chat(completion, &model, &chat_model).await;
        match &result {
            Ok(_) => self.cache.add_fallback(key, &error, self.sender.now()),
            // The server has no `OpenAI` chat models, so report the first error.
            Err(Error::Api(second)) if ApiCause::of(second).is_about_model_or_route() => {
                self.log = RequestLog { failed_fallback: Some(chat_model), ..first_log };
                return Err(Error::Api(error));
            }
            Err(_) => {}
        }
        result
    }

    /// The chat model, where chat is used without asking `/completions` first.
    fn chat_model(&self, completion: &Completion, key: CacheKey) -> Option<String> {
        match completion.engine {
            Engine::Completions => None,
            Engine::Chat => Some(completion.chat_model()),
            Engine::Auto => {
                completion.chat_model_after(self.cache.fallback(key, self.sender.now())?, &self.sender.today())
            }
        }
    }

    async fn complete_through_chat(
        &mut self,
        completion: &Completion,
        model: &str,
        chat_model: &str,
    ) -> Result<QueryResult, Error> {
        let plan = completion.chat_plan(chat_model);
        let log = RequestLog {
            substituted_model: (chat_model != model).then(|| chat_model.to_owned()),
            ..RequestLog::of(&plan.request)
        };
        self.send_adjusted(plan, log).await
    }

    /// Sends a request, adjusted to its model as far as the cache knows or the API says.
    async fn send_adjusted(&mut self, plan: Plan, log: RequestLog) -> Result<QueryResult, Error> {
        let Plan { mut request, reader, adjusted } = plan;
        let key = self.key(&request);
        self.log = RequestLog { adjusted, ..log };
        if let Some(body) = &mut request.body {
            if matches!(reader, Reader::Choices(_)) {
                streaming::ask(body, self.source.streaming);
            }
            self.adjust_to_known(key, body);
        }
        // What the API rejected, each with its error.
        let mut rejections = Vec::new();
        let has_details = self.has_details;
        let (request_id, result) = loop {
            self.log.is_streamed = request.body.as_ref().is_some_and(streaming::is_asked);
            let mut reader = reader.clone();
            if let Reader::Choices(reader) = &mut reader
                && !self.log.adjusted.contains(&Adjustment::Removed("stop"))
            {
                // The API cuts the text itself.
                reader.stops.clear();
            }
            let read =
                move |response: ApiResponse| Ok((response.request_id.clone(), reader.read(response, has_details)));
            let error = match self.sender.send(&request, read).await {
                Ok(result) => break result,
                Err(error) => error,
            };
            if self.sender.has_partial() {
                return Err(error);
            }
            let rejection = request.body.as_mut().zip(error.api()).and_then(|(body, error)| {
                let rejection = adjust::for_error(body, error, &self.log.adjusted)?;
                rejection.adjustment.apply(body).then_some(rejection)
            });
            let Some(rejection) = rejection else { return Err(self.first_error(rejections, error)) };
            self.log.adjusted.push(rejection.adjustment.clone());
            rejections.push((rejection, error));
        };
        // Only what has helped is cached.
        for (rejection, _) in rejections {
            self.cache.add_rejection(key, rejection, self.sender.now());
        }
        self.log.request_id = request_id;
        result
    }

    /// The error to report: the last one, or the earlier one whose adjustment caused it. The log keeps the changes made
    /// before that error.
    fn first_error(&mut self, mut rejections: Vec<(Rejection, Error)>, last: Error) -> Error {
        let mut error = last;
        let has_caused = |error: &Error, rejection: &Rejection| {
            error.api().is_some_and(|error| rejection.adjustment.has_caused(error))
        };
        while let Some(at) = rejections.iter().position(|(rejection, _)| has_caused(&error, rejection)) {
            self.log.adjusted.truncate(self.log.adjusted.len() + at - rejections.len());
            error = rejections.swap_remove(at).1;
            rejections.truncate(at);
        }
        error
    }

    fn adjust_to_known(&mut self, key: CacheKey, body: &mut Map<String, Value>) {
        for adjustment in adjust::for_family(body) {
            if adjustment.apply(body) {
                self.log.adjusted.push(adjustment);
            }
        }
        for rejection in self.cache.rejections(key, self.sender.now()) {
            if rejection.applies_to(body) && rejection.adjustment.apply(body) {
                self.log.adjusted.push(rejection.adjustment);
            }
        }
    }

    fn key(&self, request: &ApiRequest) -> CacheKey {
        self.cache.key(self.source, request.path, request.body.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cuts_the_name_of_a_model_in_the_log() {
        let request = |model: &str| ApiRequest::post("/x", Map::from_iter([("model".to_owned(), json!(model))]));
        assert_eq!(RequestLog::of(&request("gpt-x")).model.as_deref(), Some("gpt-x"));
        let long = RequestLog::of(&request(&"m".repeat(99_999))).model.unwrap();
        assert!(long.chars().count() <= MAX_WORD_CHARS + 1, "{}", long.len());
    }
}
