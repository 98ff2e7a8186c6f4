//! Runs one query: chooses its endpoint, fits its requests to their models, and keeps what it has found out.

use serde_json::{Map, Value};

use crate::{
    error::{
        Error,
        cause::ApiCause,
        truncate::{MAX_WORD_CHARS, truncate},
    },
    input::options::SourceOptions,
    network::http::Transport,
    operations::{
        ApiRequest, Plan, QueryResult, Reader, Work,
        completion::{Completion, Engine},
    },
    policy::{
        adjust::{self, Adjustment},
        model_cache::ModelCache,
    },
    request_sender::RequestSender,
    response::ApiResponse,
};

/// What is known about the requests of one call, however it ended.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    /// Path of the request that counts.
    pub path: Option<&'static str>,
    /// Its model, cut to the length of a word.
    pub model: Option<String>,
    /// Requests sent, also to other endpoints.
    pub attempts: u32,
    /// The API's id of the successful request.
    pub request_id: Option<String>,
    /// Changes to the request that counts.
    pub adjusted: Vec<Adjustment>,
    /// The model in place of the one that the query names.
    pub substituted_model: Option<String>,
}

impl RequestLog {
    /// The log of a request that is about to be sent.
    #[must_use]
    pub fn of(path: &'static str, model: Option<&str>) -> Self {
        Self { path: Some(path), model: model.map(|model| truncate(model, MAX_WORD_CHARS)), ..Self::default() }
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
    log: RequestLog,
}

impl<'a, T: Transport> QueryRunner<'a, T> {
    /// A runner that sends nothing yet.
    pub fn new(sender: RequestSender<'a, T>, cache: &'a ModelCache, source: &'a SourceOptions) -> Self {
        Self { sender, cache, source, log: RequestLog::default() }
    }

    /// Runs the query.
    ///
    /// # Errors
    /// The error of the request that counts.
    pub async fn run(&mut self, work: Work) -> Result<QueryResult, Error> {
        match work {
            Work::Plain(plan) => self.send_adjusted(plan).await,
            Work::Completion(completion) => self.complete(&completion).await,
        }
    }

    /// What is known about the requests so far.
    #[must_use]
    pub fn into_log(self) -> RequestLog {
        RequestLog { attempts: self.sender.attempts(), ..self.log }
    }

    /// Runs Completions by its engine.
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
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let Some(chat_model) = error.api().and_then(|error| completion.chat_model_after(error)) else {
            return Err(error);
        };
        let first_log = self.log.clone();
        match self.complete_through_chat(completion, &model, &chat_model).await {
            Ok(result) => {
                // A rejection of one account says nothing about the next.
                let is_about_the_account =
                    error.api().is_some_and(|error| error.status == 403) || model.starts_with("ft:");
                if !is_about_the_account {
                    self.cache.learn_chat_model(&key, &chat_model);
                }
                Ok(result)
            }
            // The server has no `OpenAI` chat models, so report the first error.
            Err(second) if second.api().is_some_and(|error| ApiCause::of(error).is_about_model_or_route()) => {
                self.log = first_log;
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
        let result = self.send_adjusted(plan).await;
        self.log.adjusted.splice(0..0, left_out);
        if chat_model != model {
            self.log.substituted_model = Some(chat_model.to_owned());
        }
        result
    }

    /// Sends a request, adjusted to its model as far as the cache knows or the API says.
    async fn send_adjusted(&mut self, plan: Plan) -> Result<QueryResult, Error> {
        let Plan { mut request, reader } = plan;
        let model = request.text("model").map(str::to_owned);
        let key = self.key(&request, model.as_deref().unwrap_or_default());
        self.log = RequestLog::of(request.path, model.as_deref());
        if let Some(body) = &mut request.body {
            for adjustment in adjust::for_family(body).into_iter().chain(self.cache.adjustments(&key)) {
                if adjustment.apply(body) {
                    self.log.adjusted.push(adjustment);
                }
            }
        }
        let mut learnt = Vec::new();
        let (request_id, result) = loop {
            let mut reader = reader.clone();
            if let Reader::Choices(reader) = &mut reader
                && !self.log.adjusted.contains(&Adjustment::Removed("stop".to_owned()))
            {
                // The API cuts the text itself.
                reader.stops.clear();
            }
            let read = move |response: ApiResponse| Ok((response.request_id.clone(), reader.read(&response)));
            let error = match self.sender.send(&request, read).await {
                Ok(result) => break result,
                Err(error) => error,
            };
            let (Some(body), Some(api_error)) = (&mut request.body, error.api()) else { return Err(error) };
            let Some(adjustment) = adjust::for_error(body, api_error, &self.log.adjusted) else {
                return Err(error);
            };
            adjustment.apply(body);
            learnt.push(adjustment.clone());
            self.log.adjusted.push(adjustment);
        };
        // Only what has helped is cached.
        for adjustment in learnt.iter().filter(|adjustment| adjustment.is_about_the_model()) {
            self.cache.learn(&key, adjustment);
        }
        self.log.request_id = request_id;
        result
    }

    /// What is cached holds for one address, endpoint, model and reasoning effort.
    fn key(&self, request: &ApiRequest, model: &str) -> String {
        let effort = request.text("reasoning_effort").unwrap_or_default();
        [self.source.base_url.without_query(), request.path, model, effort].join("\n")
    }
}
