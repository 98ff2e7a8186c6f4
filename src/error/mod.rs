//! What went wrong: the errors as one enum, its parts in files of their own, what the API means by an
//! error, and what an app builder is told to do about it.
//!
//! Belongs here: failures, their codes and their words, also those for the fields of the forms. Never
//! here: how a failure comes about, or a fact about a model; those come in as arguments.

mod api;
pub mod cause;
pub mod hints;
mod labels;
mod no_answer;
mod transport;
pub mod truncate;

use std::time::Duration;

use serde::Serialize;

pub use self::{
    api::ApiError,
    no_answer::{BodyKind, NoAnswerReason},
    transport::{TransportError, TransportErrorKind},
};

/// `ToolJet` takes `data.type` for its own where it begins so: it signs the user out at `tj-401`.
const RESERVED_TYPES: &str = "tj-";

fn is_reserved(kind: &str) -> bool {
    kind.trim_start().get(..RESERVED_TYPES.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_TYPES))
}

/// A failed query or connection test.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of the data source or the query cannot be used. Nothing was sent.
    #[error("{} {reason}", labeled(field))]
    InvalidOption {
        /// The option's key, with an index where an item of a list is meant.
        field: String,
        /// What is wrong with it and what is expected. Its subject is the field's label: "must be text".
        reason: String,
    },
    /// The query has no operation, or an unknown one. Nothing was sent.
    #[error("{} {}. Choose {}", labeled("operation"), .0, operations())]
    UnknownOperation(String),
    /// The API answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The deadline of the query passed; the request was aborted.
    #[error("no response within {}", seconds(*after))]
    Timeout {
        /// The time that the query had in all.
        after: Duration,
    },
    /// The request did not reach the API, or the answer did not come back whole.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The API answered with success, but not with what this endpoint answers.
    #[error("{reason}")]
    Decode {
        /// HTTP status of the answer.
        status: u16,
        /// What was expected and what came, with an excerpt.
        reason: String,
        /// What the body looks like.
        body: BodyKind,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// The API answered, but the model gave no usable answer.
    #[error("{reason}")]
    NoAnswer {
        /// Why.
        code: NoAnswerReason,
        /// What came instead, in words.
        reason: String,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// A bug in the plugin, caught before it could harm the server.
    #[error("the plugin failed unexpectedly: {0}")]
    Internal(String),
}

impl Error {
    /// An [`Error::InvalidOption`].
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidOption { field: field.into(), reason: reason.into() }
    }

    /// The API's own error, where it is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The word for this failure in `data.code`: the API's own code where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::InvalidOption { .. } => Some("invalid_option"),
            Self::UnknownOperation(_) => Some("unknown_operation"),
            Self::Api(error) => error.code.as_deref(),
            Self::Timeout { .. } => Some("timeout"),
            Self::Transport(error) => Some(error.kind.code()),
            Self::Decode { .. } => Some("invalid_response"),
            Self::NoAnswer { code, .. } => Some(code.code()),
            Self::Internal(_) => Some("internal_error"),
        }
    }

    /// What is known about this failure in small structured fields.
    #[must_use]
    pub fn details(&self) -> Details<'_> {
        let code = self.code();
        match self {
            Self::Api(error) => Details {
                status: Some(error.status),
                code,
                kind: error.kind.as_deref().filter(|kind| !is_reserved(kind)),
                param: error.param.as_deref(),
                request_id: error.request_id.as_deref(),
                retry_after_seconds: error.retry_after.map(|wait| wait.as_secs_f64()),
                ..Details::default()
            },
            Self::InvalidOption { field, .. } => Details { code, param: Some(field), ..Details::default() },
            Self::Decode { status, request_id, .. } => {
                Details { status: Some(*status), code, request_id: request_id.as_deref(), ..Details::default() }
            }
            Self::NoAnswer { request_id, .. } => {
                Details { code, request_id: request_id.as_deref(), ..Details::default() }
            }
            _ => Details { code, ..Details::default() },
        }
    }
}

/// `data` of a `QueryError`: what an app can branch on. Unknown fields are left out.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Details<'a> {
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The API's code, or the plugin's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// The API's type of the error.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
    /// The parameter or field that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<&'a str>,
    /// The API's id of the request, for support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// How long the API asks to wait, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<f64>,
    /// Requests that were sent; unknown where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The model that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<&'a str>,
    /// What to do, as at the end of the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

/// A field as the form calls it; an index stays behind the label: `Message history[1]`.
fn labeled(field: &str) -> String {
    let (key, index) = field.split_at(field.find(['[', '.']).unwrap_or(field.len()));
    format!("{}{index}", field_label(key).unwrap_or(key))
}

/// The label of a form field, also by a key of a saved embedding query: `input_M1`, `input__m1`.
#[must_use]
pub fn field_label(key: &str) -> Option<&'static str> {
    let saved = || key.split_once("_M").or_else(|| key.split_once("__m"));
    labels::label(key).or_else(|| labels::label(saved()?.0))
}

/// `Completions, Chat, ... or List models`.
fn operations() -> String {
    let [others @ .., last] = labels::OPERATIONS.map(|(_, label)| label);
    format!("{} or {last}", others.join(", "))
}

/// `1.5 s`, `600 s`: durations as builders read them.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else if millis < 1000 {
        format!("{millis} ms")
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_error_names_status_code_and_message() {
        let mut error = ApiError {
            status: 404,
            message: "No such model".to_owned(),
            code: Some("model_not_found".to_owned()),
            ..ApiError::default()
        };
        assert_eq!(error.to_string(), "the API returned HTTP 404 (model_not_found): No such model");
        error.code = Some("404".to_owned());
        assert_eq!(error.to_string(), "the API returned HTTP 404: No such model");
    }

    #[test]
    fn data_holds_only_what_is_known() {
        let details = |error: &Error| serde_json::to_value(error.details()).unwrap();
        let error = Error::Api(Box::new(ApiError { status: 500, ..ApiError::default() }));
        assert_eq!(details(&error), serde_json::json!({"status": 500}));
        let error = Error::invalid("max_tokens", "must be a whole number");
        assert_eq!(details(&error), serde_json::json!({"code": "invalid_option", "param": "max_tokens"}));
    }

    #[test]
    fn a_type_that_tooljet_would_act_on_is_left_out() {
        let kind = |kind: &str| {
            let error = ApiError { kind: Some(kind.to_owned()), ..ApiError::default() };
            Error::Api(Box::new(error)).details().kind.map(str::to_owned)
        };
        for reserved in ["tj-401", " tj-401", "TJ-401"] {
            assert_eq!(kind(reserved), None);
        }
        assert_eq!(kind("tokens").as_deref(), Some("tokens"));
    }

    #[test]
    fn an_error_calls_a_field_by_its_label_and_data_has_its_key() {
        for (field, subject) in [
            ("max_tokens", "Max tokens"),
            ("message_history[1]", "Message history[1]"),
            ("message_history[1].content[0]", "Message history[1].content[0]"),
            ("input_M2", "Input"),
            ("dimensions__m1", "Dimensions"),
            ("queryOptions", "queryOptions"),
        ] {
            let error = Error::invalid(field, "is odd");
            assert_eq!(error.to_string(), format!("{subject} is odd"));
            assert_eq!(error.details().param, Some(field));
        }
    }

    #[test]
    fn an_unknown_operation_is_answered_with_the_labels_of_the_known_ones() {
        assert_eq!(
            Error::UnknownOperation("is missing".to_owned()).to_string(),
            "Operation is missing. Choose Completions, Chat, Generate image, Generate embedding or List models"
        );
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(250)), "250 ms");
        assert_eq!(seconds(Duration::from_secs(600)), "600 s");
        assert_eq!(seconds(Duration::from_millis(1_540)), "1.5 s");
    }
}
