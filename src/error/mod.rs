//! What went wrong: the errors as one enum, its parts in files of their own, what the API means by an
//! error, and what an app builder is told to do about it.
//!
//! Belongs here: failures, their codes and their words, also those for the fields of the forms. Never
//! here: how a failure comes about, or a fact about a model; those come in as arguments.

mod api;
mod api_hints;
pub mod cause;
pub mod hints;
mod labels;
mod no_answer;
mod recording_hints;
mod text;
mod transport;
pub mod truncate;

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

pub use self::{
    api::ApiError,
    no_answer::{BodyKind, Given, NoAnswerReason},
    text::ErrorText,
    transport::{TransportError, TransportErrorKind},
};
pub(crate) use self::{labels::operation as known_operation, text::error_text};
use crate::budgets::MAX_WORD_CHARS;

/// `ToolJet` treats a `data.type` that begins like this as its own: it signs the user out at `tj-401`.
const RESERVED_TYPES: &str = "tj-";

fn is_reserved(kind: &str) -> bool {
    kind.trim_start().get(..RESERVED_TYPES.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_TYPES))
}

/// A failed query or connection test. Its `Display` is for tests: what is shown goes through
/// [`crate::input::secret::Redactor::show`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of the data source or the query cannot be used. Nothing was sent.
    InvalidOption {
        /// The option's key, with an index where an item of a list is meant.
        field: ErrorText,
        /// What is wrong with it and what is expected. Its subject is the field's label: "must be text".
        reason: ErrorText,
    },
    /// The query has no operation, or an unknown one. Nothing was sent.
    UnknownOperation(ErrorText),
    /// The API returned an error.
    Api(Box<ApiError>),
    /// The deadline of the query passed; the request was aborted.
    Timeout {
        /// The timeout of the query.
        after: Duration,
    },
    /// The request did not reach the API, or the response did not come back whole.
    Transport(TransportError),
    /// The API reported success, but did not return what this endpoint returns.
    Decode {
        /// HTTP status of the response.
        status: u16,
        /// What was expected and what came, with an excerpt.
        reason: ErrorText,
        /// What the body looks like.
        body: BodyKind,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// The response has no usable answer.
    NoAnswer {
        /// Why.
        code: NoAnswerReason,
        /// What came instead, in words.
        reason: ErrorText,
        /// What the response has nevertheless.
        given: Given,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// A bug in the plugin, caught before it could harm the server.
    Internal(ErrorText),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl Error {
    /// An [`Error::InvalidOption`]; `field` is cut to the length of a word.
    pub fn invalid(field: impl Into<ErrorText>, reason: impl Into<ErrorText>) -> Self {
        Self::InvalidOption { field: field.into().truncated(MAX_WORD_CHARS), reason: reason.into() }
    }

    /// What happened, in words.
    #[must_use]
    pub fn text(&self) -> ErrorText {
        self.text_in(None)
    }

    /// As [`Error::text`], with fields as the form of `operation` calls them.
    #[must_use]
    pub fn text_in(&self, operation: Option<&str>) -> ErrorText {
        match self {
            Self::InvalidOption { field, reason } => error_text![labeled(field, operation), " ", reason.clone()],
            Self::UnknownOperation(reason) => {
                error_text![labeled(&"operation".into(), None), " ", reason.clone(), ". Choose ", operations()]
            }
            Self::Api(error) => error.text(),
            Self::Timeout { after } => error_text!["no response within ", ErrorText::own(seconds(*after))],
            Self::Transport(error) => error.text(),
            Self::Decode { reason, .. } | Self::NoAnswer { reason, .. } => reason.clone(),
            Self::Internal(words) => error_text!["the plugin failed unexpectedly: ", words.clone()],
        }
    }

    /// The API's own error, where it is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What the model wrote before it failed, as members of `data`.
    #[must_use]
    pub fn given(&self) -> Map<String, Value> {
        match self {
            Self::NoAnswer { given, .. } => given.to_json(),
            _ => Map::new(),
        }
    }

    /// What `metadata` says of the response that has no usable answer.
    #[must_use]
    pub fn metadata(&self) -> Map<String, Value> {
        match self {
            Self::NoAnswer { given, .. } => Map::clone(&given.metadata),
            _ => Map::new(),
        }
    }

    /// The plugin's word for this failure in `data.code`; `None` for an error of the API, which has its own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidOption { .. } => "invalid_option",
            Self::UnknownOperation(_) => "unknown_operation",
            Self::Api(_) => return None,
            Self::Timeout { .. } => "timeout",
            Self::Transport(error) => error.kind.code(),
            Self::Decode { .. } => "invalid_response",
            Self::NoAnswer { code, .. } => code.code(),
            Self::Internal(_) => "internal_error",
        })
    }

    /// What is known about this failure in small structured fields.
    #[must_use]
    pub fn details(&self) -> Details {
        let word = |text: &Option<String>| text.as_ref().map(|text| ErrorText::from(text).truncated(MAX_WORD_CHARS));
        let code = self.code().map(ErrorText::from);
        match self {
            Self::Api(error) => Details {
                status: Some(error.status),
                code: word(&error.code),
                kind: word(&error.kind.clone().filter(|kind| !is_reserved(kind))),
                param: word(&error.param),
                request_id: word(&error.request_id),
                retry_after_seconds: error.retry_after.map(|wait| wait.as_secs_f64()),
                ..Details::default()
            },
            Self::InvalidOption { field, .. } => Details { code, param: Some(field.clone()), ..Details::default() },
            Self::Decode { status, request_id, .. } => {
                Details { status: Some(*status), code, request_id: word(request_id), ..Details::default() }
            }
            Self::NoAnswer { code: reason, request_id, .. } => {
                let param = (*reason == NoAnswerReason::NotModerated).then(|| "moderation".into());
                Details { code, param, request_id: word(request_id), ..Details::default() }
            }
            _ => Details { code, ..Details::default() },
        }
    }
}

/// `data` of a `QueryError`: what an app can branch on.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// HTTP status.
    pub status: Option<u16>,
    /// The API's code, or the plugin's own.
    pub code: Option<ErrorText>,
    /// The API's type of the error.
    pub kind: Option<ErrorText>,
    /// The parameter or field that is meant.
    pub param: Option<ErrorText>,
    /// The API's id of the request, for support.
    pub request_id: Option<ErrorText>,
    /// The delay that the API asks for, in seconds.
    pub retry_after_seconds: Option<f64>,
    /// Requests that were sent; unknown where none was.
    pub attempts: Option<u32>,
    /// The requested model.
    pub model: Option<ErrorText>,
    /// What to do, as at the end of the description.
    pub hint: Option<ErrorText>,
}

impl Details {
    /// The members that are known, with each text as `show` returns it.
    pub fn to_json(&self, show: impl Fn(&ErrorText) -> String) -> Map<String, Value> {
        let text = |text: &Option<ErrorText>| text.as_ref().map(|text| Value::from(show(text)));
        [
            ("status", self.status.map(Value::from)),
            ("code", text(&self.code)),
            ("type", text(&self.kind)),
            ("param", text(&self.param)),
            ("request_id", text(&self.request_id)),
            ("retry_after_seconds", self.retry_after_seconds.map(Value::from)),
            ("attempts", self.attempts.map(Value::from)),
            ("model", text(&self.model)),
            ("hint", text(&self.hint)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

/// A field as the form calls it; an index stays behind the label: `Message history[1]`.
fn labeled(field: &ErrorText, operation: Option<&str>) -> ErrorText {
    let text = field.to_string();
    let (key, index) = text.split_at(text.find(['[', '.']).unwrap_or(text.len()));
    match field_label(key, operation) {
        Some(label) if field.is_own() => error_text![label, ErrorText::own(index.to_owned())],
        Some(label) => error_text![label, index.to_owned()],
        None => field.clone(),
    }
}

/// The label of a form field, as the form of `operation` has it; also by a key of a saved embedding query: `input_M1`,
/// `input__m1`.
#[must_use]
pub fn field_label(key: &str, operation: Option<&str>) -> Option<&'static str> {
    let saved = || key.split_once("_M").or_else(|| key.split_once("__m"));
    labels::label(key, operation).or_else(|| labels::label(saved()?.0, operation))
}

/// `Chat, Completions, ... or List models`.
fn operations() -> ErrorText {
    let [others @ .., last] = labels::OPERATIONS.map(|(_, label)| label);
    ErrorText::own(format!("{} or {last}", others.join(", ")))
}

/// `1.5 s`, `600 s`: durations as app builders read them.
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
        assert_eq!(error.text().to_string(), "the API returned HTTP 404 (model_not_found): No such model");
        error.code = Some("404".to_owned());
        assert_eq!(error.text().to_string(), "the API returned HTTP 404: No such model");
    }

    #[test]
    fn data_holds_only_what_is_known() {
        let details = |error: &Error| Value::Object(error.details().to_json(ErrorText::to_string));
        let error = Error::Api(Box::new(ApiError { status: 500, ..ApiError::default() }));
        assert_eq!(details(&error), serde_json::json!({"status": 500}));
        let error = Error::invalid("max_tokens", "must be a whole number");
        assert_eq!(details(&error), serde_json::json!({"code": "invalid_option", "param": "max_tokens"}));
    }

    #[test]
    fn a_type_that_tooljet_would_act_on_is_left_out() {
        let kind = |kind: &str| {
            let error = ApiError { kind: Some(kind.to_owned()), ..ApiError::default() };
            Error::Api(Box::new(error)).details().kind.map(|kind| kind.to_string())
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
            assert_eq!(error.details().param, Some(field.into()));
        }
    }

    #[test]
    fn an_error_calls_a_field_as_the_form_of_its_operation_does() {
        let error = Error::invalid("images[1]", "is odd");
        assert_eq!(error.text_in(Some("chat")).to_string(), "Images and files[1] is odd");
        assert_eq!(error.text_in(Some("image_generation")).to_string(), "Images[1] is odd");
        // Not in this form.
        assert_eq!(error.text_in(Some("moderation")).to_string(), error.to_string());
    }

    #[test]
    fn cuts_the_name_of_a_field_to_the_length_of_a_word() {
        for field in [ErrorText::own("x".repeat(500)), "x".repeat(500).into()] {
            let param = Error::invalid(field, "is odd").details().param.unwrap().to_string();
            assert_eq!(param.chars().count(), MAX_WORD_CHARS + 1);
        }
    }

    #[test]
    fn an_unknown_operation_is_answered_with_the_labels_of_the_known_ones() {
        let names = operations().to_string();
        assert!(names.contains("Chat, ") && names.contains("Generate image") && names.contains(" or "), "{names}");
        assert_eq!(
            Error::UnknownOperation("is missing".into()).to_string(),
            format!("Operation is missing. Choose {}", operations())
        );
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(250)), "250 ms");
        assert_eq!(seconds(Duration::from_secs(600)), "600 s");
        assert_eq!(seconds(Duration::from_millis(1_540)), "1.5 s");
    }
}
