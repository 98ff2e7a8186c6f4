//! The operations: a query of the form becomes an API request, an answer becomes a result.
//! Everything here is pure; one file per operation.
//!
//! | `operation` | file | API |
//! |---|---|---|
//! | `completion` | `completion.rs` | `POST /completions`, or `/chat/completions` by engine |
//! | `chat` | `chat.rs` | `POST /chat/completions` |
//! | `image_generation` | `image.rs` | `POST /images/generations` |
//! | `generate_embedding` | `embedding.rs` | `POST /embeddings` |
//! | `list_models` | `models.rs` | `GET /models` |

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    answer::Answer,
    base_url::Provider,
    error::Error,
    fields::{Fields, excerpt},
    http::Method,
};

pub mod chat;
pub mod choices;
pub mod completion;
pub mod content;
pub mod embedding;
pub mod image;
pub mod models;
pub mod parameters;
pub mod response_format;

/// A request to the API, without anything of the data source.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRequest {
    /// Method.
    pub method: Method,
    /// Path below the base URL, such as `/chat/completions`.
    pub path: &'static str,
    /// JSON body; only what the query set, plus the documented defaults.
    pub body: Option<Map<String, Value>>,
}

impl ApiRequest {
    /// A `POST` of `body`.
    #[must_use]
    pub fn post(path: &'static str, body: Map<String, Value>) -> Self {
        Self { method: Method::Post, path, body: Some(body) }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &'static str) -> Self {
        Self { method: Method::Get, path, body: None }
    }

    /// A text member of the body, such as `model`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.as_ref()?.get(name)?.as_str()
    }
}

/// What a component of an app is bound to, and what else is known about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reply {
    /// `queries.<name>.data`.
    pub data: Value,
    /// `queries.<name>.metadata`.
    pub metadata: Map<String, Value>,
}

/// A request, and how its answer is read.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is sent.
    pub request: ApiRequest,
    /// What becomes of the answer.
    pub reader: Reader,
}

/// Reads the answer to a request.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Text or JSON from `choices`.
    Choices(choices::ChoicesReader),
    /// One image.
    Image,
    /// Vectors.
    Embedding,
    /// Models whose id holds this text.
    Models {
        /// Lower-case; empty for all models.
        filter: String,
    },
}

impl Reader {
    /// Reads `answer`.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] or [`Error::Decode`] if there is nothing to return.
    pub fn read(&self, answer: &Answer) -> Result<Reply, Error> {
        match self {
            Self::Choices(reader) => reader.read(answer),
            Self::Image => image::read(answer),
            Self::Embedding => embedding::read(answer),
            Self::Models { filter } => models::read(answer, filter),
        }
    }
}

/// A checked query.
#[derive(Clone, Debug)]
pub enum Query {
    /// An operation of one request.
    Plain(Plan),
    /// Completions, which has a choice of two endpoints.
    Completion(Box<completion::Completion>),
}

impl Query {
    /// Reads the options of a query.
    ///
    /// # Errors
    /// [`Error::UnknownOperation`], or [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider) -> Result<Self, Error> {
        let Some(operation) = fields.value("operation") else {
            return Err(Error::UnknownOperation("is missing".to_owned()));
        };
        match operation.as_str().map(str::trim) {
            Some("completion") => {
                Ok(Self::Completion(Box::new(completion::Completion::from_fields(fields, provider)?)))
            }
            Some("chat") => chat::plan(fields, provider).map(Self::Plain),
            Some("image_generation") => image::plan(fields).map(Self::Plain),
            Some("generate_embedding") => embedding::plan(fields).map(Self::Plain),
            Some("list_models") => models::plan(fields).map(Self::Plain),
            #[cfg(feature = "panic-probe")]
            Some("panic") => panic_for_a_test(),
            _ => Err(Error::UnknownOperation(format!("{} is unknown", excerpt(operation)))),
        }
    }
}

#[cfg(feature = "panic-probe")]
fn panic_for_a_test() -> ! {
    panic!("forced by a test")
}

/// The fields below the form's divide. They are left out while the divide is closed, so
/// that what nobody sees has no effect.
#[must_use]
pub fn advanced<'a>(fields: &Fields<'a>) -> Fields<'a> {
    let closed = fields.value("advanced").and_then(Value::as_str).is_some_and(|state| state.trim() == "off");
    if closed { Fields::none() } else { *fields }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_or_missing_operation_lists_the_known_ones() {
        for (options, start) in [
            (json!({}), "Operation is missing. Choose Completions, Chat,"),
            (json!({"operation": "Chat!"}), "Operation \"Chat!\" is unknown. Choose Completions, Chat,"),
            (json!({"operation": 5}), "Operation 5 is unknown"),
        ] {
            let fields = Fields::of("queryOptions", &options).unwrap();
            let error = Query::from_fields(&fields, Provider::OpenAi).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn advanced_fields_count_unless_their_divide_is_closed() {
        for (state, counts) in [(json!("on"), true), (json!(null), true), (json!("off"), false)] {
            let options = json!({"advanced": state, "top_p": 0.5});
            let fields = Fields::of("queryOptions", &options).unwrap();
            assert_eq!(advanced(&fields).value("top_p").is_some(), counts);
        }
    }
}
