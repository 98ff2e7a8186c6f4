//! The operations: turn a query of the form into an API request, and its response into a result. Everything here is
//! pure, with one file per operation.
//!
//! | `operation` | file | API |
//! |---|---|---|
//! | `completion` | `completion.rs` | `POST /completions`, or as `chat` by engine |
//! | `chat` | `chat.rs`, `chat_route.rs` | `POST /chat/completions`, or `/responses` |
//! | `chat_list` | `chat_list.rs`, `list.rs` | as `chat`, for each row |
//! | `completion_list` | `completion_list.rs`, `list.rs` | as `completion`, for each row |
//! | `batch_start` | `batch/` | `POST /files`, `POST /batches` |
//! | `batch_result` | `batch/` | `GET /batches`, `GET /files` |
//! | `image_generation` | `image.rs` | `POST /images/generations`, or `/images/edits` |
//! | `generate_embedding` | `embedding.rs` | `POST /embeddings` |
//! | `decision` | `decision.rs` | `POST /decisions`, or through `/chat/completions` |
//! | `moderation` | `moderation.rs` | `POST /moderations` |
//! | `transcription` | `transcription.rs` | `POST /audio/transcriptions` |
//! | `list_models` | `models.rs` | `GET /models` |
//!
//! `route.rs` defines how an operation falls back from one endpoint to the next.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    error::{
        Error, error_text,
        hints::{Endpoint, EndpointChoice},
        known_operation,
    },
    input::{
        base_url::Provider,
        fields::{Fields, excerpt, scalar_text},
    },
    network::http::{Body, Form, FormFile, Method, Sink},
    policy::{adjust::Adjustment, shutdowns::Day},
    response::ApiResponse,
};

pub mod api_id;
pub mod batch;
pub mod chat;
pub mod chat_list;
pub mod chat_route;
pub mod checks;
pub mod choice;
pub mod choices;
pub mod citations;
pub mod completion;
pub mod completion_list;
pub mod content;
pub mod decision;
pub mod embedding;
pub mod file_source;
pub mod file_types;
pub mod files;
pub mod findings;
pub mod form;
pub mod history;
pub mod image;
pub mod json_answer;
pub mod json_schema;
pub mod list;
pub mod message;
pub mod models;
pub mod moderation;
pub mod parameters;
pub mod parts;
pub mod recording;
pub mod response_format;
pub mod responses;
pub mod result_size;
pub mod room;
pub mod route;
pub mod sources;
pub mod strict_schema;
pub mod text_list;
pub mod tool_calls;
pub mod tool_parameters;
pub mod tools;
pub mod transcription;
pub mod usage;
pub mod vectors;
pub mod web_search;

/// A request to the API, without the settings of the data source.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRequest {
    /// Method.
    pub method: Method,
    /// Path below the base URL, such as `/chat/completions`.
    pub path: &'static str,
    /// What follows the path, such as the id of a batch.
    pub below: Option<Below>,
    /// Members of the body: only those that the query sets, and documented defaults.
    pub body: Option<Map<String, Value>>,
    /// A file. If set, the body is sent as a form, not as JSON.
    pub file: Option<FormFile>,
    /// What the response is.
    pub expected: Expected,
    /// Whether it must not be sent again unless it is known that the server has not carried it out.
    pub is_sent_once: bool,
}

/// What the response to a request is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expected {
    /// JSON.
    #[default]
    Json,
    /// JSON, or plain text, which becomes the member `text`.
    JsonOrText,
    /// A file, which goes here as it comes. The response is then empty.
    File(Sink),
}

impl ApiRequest {
    /// A `POST` of `body`.
    #[must_use]
    pub fn post(path: &'static str, body: Map<String, Value>) -> Self {
        Self { method: Method::Post, body: Some(body), ..Self::get(path) }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &'static str) -> Self {
        let expected = Expected::Json;
        Self { method: Method::Get, path, below: None, body: None, file: None, expected, is_sent_once: false }
    }

    /// A `GET` of what is below a path.
    #[must_use]
    pub fn get_below(path: &'static str, below: Below) -> Self {
        Self { below: Some(below), ..Self::get(path) }
    }

    /// A `POST` of `file`, with the members of `body` as form fields.
    #[must_use]
    pub fn upload(path: &'static str, body: Map<String, Value>, file: FormFile) -> Self {
        Self { file: Some(file), ..Self::post(path, body) }
    }

    /// The whole path below the base URL.
    #[must_use]
    pub fn full_path(&self) -> Cow<'static, str> {
        match &self.below {
            Some(below) => format!("{}{below}", self.path).into(),
            None => self.path.into(),
        }
    }

    /// The body as sent. A Responses request stays a Chat body until now, so that the rules that adjust requests know
    /// only one shape.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field that the Responses API does not support.
    pub fn to_wire(&self) -> Result<Option<Body>, Error> {
        let Some(body) = &self.body else { return Ok(None) };
        if let Some(file) = &self.file {
            return Ok(Some(Body::Form(Form { fields: form::fields(body), file: file.clone() })));
        }
        Ok(Some(Body::Json(match self.path {
            responses::PATH => json(&responses::from_chat(body.clone())?),
            _ => json(body),
        })))
    }

    /// A text member of the body, such as `model`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.as_ref()?.get(name)?.as_str()
    }
}

/// The body as JSON text. Reserves about its length, because a growing buffer would copy a long prompt several times.
fn json(body: &Map<String, Value>) -> Bytes {
    let size = list::members_bytes(body);
    // Quotes, commas, and what has to be escaped.
    let mut text = Vec::with_capacity(size + size / 8 + 256);
    // Writing JSON values to memory cannot fail.
    let _ = serde_json::to_writer(&mut text, body);
    text.into()
}

/// The operation that a query names, if it exists.
#[must_use]
pub fn operation(fields: &Fields<'_>) -> Option<&'static str> {
    known_operation(fields.value("operation")?.as_str()?.trim())
}

/// The kind of endpoint at `path`, for hints.
#[must_use]
pub fn endpoint(path: &str) -> Endpoint {
    match path {
        completion::PATH => Endpoint::Completions,
        chat::PATH => Endpoint::Chat,
        responses::PATH => Endpoint::Responses,
        embedding::PATH => Endpoint::Embeddings,
        image::PATH | image::EDITS_PATH => Endpoint::Images,
        transcription::PATH => Endpoint::Transcriptions,
        batch::PATH | batch::FILES_PATH => Endpoint::Batches,
        models::PATH => Endpoint::Models,
        _ => Endpoint::Other,
    }
}

/// What an app gets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryResult {
    /// `queries.<name>.data`.
    pub data: Value,
    /// `queries.<name>.metadata`.
    pub metadata: Map<String, Value>,
}

/// A request, and how to read its response.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The request.
    pub request: ApiRequest,
    /// Reads the response.
    pub reader: Reader,
    /// How the request differs from the query's settings.
    pub adjusted: Vec<Adjustment>,
    /// The model, if it is not the one that the query names.
    pub substituted_model: Option<String>,
}

impl Plan {
    /// A request that does not differ from the query.
    #[must_use]
    pub fn new(request: ApiRequest, reader: Reader) -> Self {
        Self { request, reader, adjusted: Vec::new(), substituted_model: None }
    }
}

use api_id::Below;
use list::List;
use route::Route;

type Read = dyn Fn(ApiResponse, &'static str) -> Result<QueryResult, Error> + Send + Sync;

/// Reads the response to a request.
#[derive(Clone)]
pub enum Reader {
    /// Text or JSON from `choices`.
    Choices(choices::ChoicesReader),
    /// Vectors, possibly for only some of the query's texts.
    Vectors(embedding::VectorsReader),
    /// An operation's own reader, which is given the path of the request; see [`Reader::new`].
    Own(Arc<Read>, &'static str),
}

impl Reader {
    /// A reader for one operation, so that this file need not know it.
    pub fn new(read: impl Fn(ApiResponse) -> Result<QueryResult, Error> + Send + Sync + 'static) -> Self {
        Self::of_path("", move |response, _| read(response))
    }

    /// A reader for an operation with several paths, starting with `path`.
    pub fn of_path(
        path: &'static str,
        read: impl Fn(ApiResponse, &'static str) -> Result<QueryResult, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::Own(Arc::new(read), path)
    }

    /// Sets the path whose responses it will read.
    pub fn set_path(&mut self, path: &'static str) {
        match self {
            Self::Choices(reader) => reader.endpoint = &path[1..],
            Self::Own(_, asked) => *asked = path,
            // Vectors have only one path.
            Self::Vectors(_) => {}
        }
    }

    /// Reads `response`, which it takes by value to move its parts instead of copying them. `has_details` means that
    /// the caller repeats the metadata in the data.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] or [`Error::Decode`] if there is nothing to return, [`Error::Transport`] if the result is
    /// too large.
    pub fn read(&self, response: ApiResponse, has_details: bool) -> Result<QueryResult, Error> {
        let result = match self {
            Self::Choices(reader) => reader.read(response),
            Self::Vectors(reader) => reader.read(response),
            Self::Own(read, path) => read(response, path),
        }?;
        result_size::ensure_fits(&result, if has_details { 2 } else { 1 })?;
        Ok(result)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choices(reader) => reader.fmt(f),
            Self::Vectors(reader) => reader.fmt(f),
            Self::Own(..) => f.write_str("Own"),
        }
    }
}

/// What the query asks for.
#[derive(Clone, Debug)]
pub enum Task {
    /// A single request, with its fallbacks.
    One(Box<Route>),
    /// The same request for each row.
    List(List),
    /// The same of each row, later.
    BatchStart(batch::start::Start),
    /// What batches have come to.
    BatchResult(batch::wanted::Wanted),
}

impl Task {
    fn one(route: Route) -> Self {
        Self::One(Box::new(route))
    }
}

/// A checked query.
#[derive(Clone, Debug)]
pub struct Query {
    /// What the query asks for.
    pub task: Task,
    /// The form's field that chooses the endpoint.
    pub endpoint_choice: EndpointChoice,
    /// Whether `data` also contains the metadata.
    pub has_details: bool,
}

impl Query {
    /// Reads a query's options; `today` is the current day.
    ///
    /// # Errors
    /// [`Error::UnknownOperation`], or [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider, today: &Day) -> Result<Self, Error> {
        let Some(operation) = fields.value("operation") else {
            return Err(Error::UnknownOperation("is missing".into()));
        };
        let mut endpoint_choice = EndpointChoice::None;
        let task = match operation.as_str().map(str::trim) {
            Some("completion") => {
                let completion = completion::Completion::from_fields(fields, provider)?;
                endpoint_choice = EndpointChoice::Engine { is_auto: completion.engine == completion::Engine::Auto };
                Task::one(completion.route())
            }
            Some("chat") => {
                let chat = chat_route::Chat::from_fields(fields, provider)?;
                endpoint_choice = EndpointChoice::Api { is_auto: chat.api == chat_route::Api::Auto };
                Task::one(chat.route()?)
            }
            Some("chat_list") => {
                let (list, api) = chat_list::list(fields, provider)?;
                endpoint_choice = EndpointChoice::Api { is_auto: api == chat_route::Api::Auto };
                Task::List(list)
            }
            Some("completion_list") => {
                let (list, engine) = completion_list::list(fields, provider)?;
                endpoint_choice = EndpointChoice::Engine { is_auto: engine == completion::Engine::Auto };
                Task::List(list)
            }
            Some("batch_start") => Task::BatchStart(batch::start::start(fields, provider)?),
            Some("batch_result") => Task::BatchResult(batch::wanted::wanted(fields)?),
            Some("image_generation") => Task::one(Route::only(image::plan(fields)?)),
            Some("generate_embedding") => Task::one(Route::only(embedding::plan(fields)?)),
            Some("decision") => Task::one(decision::route(fields, provider)?),
            Some("moderation") => Task::one(Route::only(moderation::plan(fields)?)),
            Some("transcription") => Task::one(Route::only(transcription::plan(fields, provider)?)),
            // Has no advanced fields.
            Some("list_models") => {
                let task = Task::one(Route::only(models::plan(fields, provider, today)?));
                return Ok(Self { task, endpoint_choice, has_details: false });
            }
            #[cfg(feature = "panic-probe")]
            Some("panic") => panic_for_a_test(),
            _ => return Err(Error::UnknownOperation(error_text![excerpt(operation), " is unknown"])),
        };
        let results = [("answer", false), ("details", true)];
        let has_details = advanced(fields).choice("result", &results)?.unwrap_or_default();
        Ok(Self { task, endpoint_choice, has_details })
    }
}

#[cfg(feature = "panic-probe")]
fn panic_for_a_test() -> ! {
    panic!("forced by a test")
}

/// The advanced fields; all unset while Advanced is off, so that hidden fields have no effect.
#[must_use]
pub fn advanced<'a>(fields: &Fields<'a>) -> Fields<'a> {
    if is_advanced_off(fields) { Fields::none() } else { *fields }
}

/// Whether the form hides the advanced fields.
#[must_use]
pub fn is_advanced_off(fields: &Fields<'_>) -> bool {
    let state = fields.value("advanced").and_then(scalar_text).unwrap_or_default();
    ["off", "false"].iter().any(|off| state.trim().eq_ignore_ascii_case(off))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::{CONTAINER_WEIGHT, MAX_RESULT_VALUES};

    #[test]
    fn lists_the_operations_when_one_is_unknown_or_missing() {
        for (options, start) in [
            (json!({}), "Operation is missing. Choose "),
            (json!({"operation": "Chat!"}), "Operation \"Chat!\" is unknown. Choose "),
            (json!({"operation": 5}), "Operation 5 is unknown"),
        ] {
            let fields = Fields::of("queryOptions", &options).unwrap();
            let error = Query::from_fields(&fields, Provider::OpenAi, &Day::default()).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn returns_details_when_the_form_asks_for_them() {
        let read = |options: Value| {
            let fields = Fields::of("queryOptions", &options).unwrap();
            Query::from_fields(&fields, Provider::OpenAi, &Day::default())
                .map(|query| query.has_details)
                .map_err(|error| error.to_string())
        };
        for operation in ["completion", "chat", "image_generation", "generate_embedding"] {
            let query = |result: Value, advanced: &str| {
                read(json!({
                    "operation": operation, "prompt": "p", "input": "i", "result": result, "advanced": advanced
                }))
            };
            assert_eq!(query(json!(null), "on"), Ok(false));
            assert_eq!(query(json!("answer"), "on"), Ok(false));
            assert_eq!(query(json!(" Details "), ""), Ok(true));
            assert_eq!(query(json!("details"), "off"), Ok(false));
            let wrong = "Result must be one of answer, details, got \"all\"";
            assert_eq!(query(json!("all"), "on"), Err(wrong.to_owned()));
        }
        assert_eq!(read(json!({"operation": "list_models", "result": "details"})), Ok(false));
    }

    #[test]
    fn counts_metadata_twice_when_the_data_repeats_it() {
        let reader = Reader::new(|response| Ok(QueryResult { data: Value::Null, metadata: response.body }));
        let usage: Value = vec![json!([]); MAX_RESULT_VALUES / CONTAINER_WEIGHT * 2 / 3].into();
        let response = ApiResponse { body: Map::from_iter([("usage".to_owned(), usage)]), request_id: None };
        assert!(reader.read(response.clone(), false).is_ok());
        assert_eq!(reader.read(response, true).unwrap_err().code(), Some("response_too_large"));
    }

    #[test]
    fn reads_advanced_fields_unless_advanced_is_off() {
        for (state, counts) in [
            (json!("on"), true),
            (json!(null), true),
            (json!("off"), false),
            (json!(" Off"), false),
            (json!(false), false),
        ] {
            let options = json!({"advanced": state, "top_p": 0.5});
            let fields = Fields::of("queryOptions", &options).unwrap();
            assert_eq!(advanced(&fields).value("top_p").is_some(), counts);
        }
    }
}
