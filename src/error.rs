//! What can go wrong, as one enum; its parts have a file each. What the API means by an error
//! is in `cause.rs`, what a builder is told to do about it in `advice.rs`.

mod answer;
mod api;
mod transport;

use std::time::Duration;

use serde::Serialize;

pub use self::{
    answer::{NoAnswer, Unexpected},
    api::ApiError,
    transport::{TransportError, TransportErrorKind},
};

/// A failed query or connection test.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of the data source or the query cannot be used. Nothing was sent.
    #[error("{field}: {reason}")]
    InvalidOption {
        /// The option's key, as in the form; with an index where a list is meant.
        field: String,
        /// What is wrong with it and what is expected.
        reason: String,
    },
    /// The query names no operation, or none of ours. Nothing was sent.
    #[error("operation: {0}")]
    UnknownOperation(String),
    /// The API answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The deadline of the query passed; the request was aborted.
    #[error("no answer within {}", seconds(*after))]
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
        body: Unexpected,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// The API answered, but the model gave no usable answer.
    #[error("{reason}")]
    NoAnswer {
        /// Why.
        code: NoAnswer,
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
                kind: error.kind.as_deref(),
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
        assert_eq!(error.to_string(), "the API answered HTTP 404 (model_not_found): No such model");
        error.code = Some("404".to_owned());
        assert_eq!(error.to_string(), "the API answered HTTP 404: No such model");
    }

    #[test]
    fn data_holds_only_what_is_known() {
        let details = |error: &Error| serde_json::to_value(error.details()).unwrap();
        let error = Error::Api(Box::new(ApiError { status: 500, ..ApiError::default() }));
        assert_eq!(details(&error), serde_json::json!({"status": 500}));
        let error = Error::invalid("max_tokens", "must be a whole number");
        assert_eq!(details(&error), serde_json::json!({"code": "invalid_option", "param": "max_tokens"}));
        assert_eq!(error.to_string(), "max_tokens: must be a whole number");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(250)), "250 ms");
        assert_eq!(seconds(Duration::from_secs(600)), "600 s");
        assert_eq!(seconds(Duration::from_millis(1_540)), "1.5 s");
    }
}
