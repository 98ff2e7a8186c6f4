//! Errors as one enum with its parts in separate files, what an API error means, and what an app builder can do about
//! it.
//!
//! Belongs here: failures, their codes and messages, including those about form fields. Does not belong here: what
//! causes a failure, and facts about models, which are passed as arguments.

mod access_hints;
mod api;
mod api_hints;
pub mod cause;
pub mod hints;
pub mod in_short;
mod labels;
mod less;
mod no_answer;
mod recording_hints;
mod rejected_field;
mod text;
mod transport;
pub mod truncate;
mod work;

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

pub use self::{
    api::ApiError,
    no_answer::{BodyKind, Given, NoAnswerReason},
    text::ErrorText,
    transport::{TransportError, TransportErrorKind},
};
pub(crate) use self::{labels::operation as known_operation, no_answer::SAYING, text::error_text};
use crate::budgets::MAX_WORD_CHARS;

/// `ToolJet` handles a `data.type` with this prefix itself: at `tj-401`, it signs the user out.
const RESERVED_TYPES: &str = "tj-";

fn is_reserved(kind: &str) -> bool {
    kind.trim_start().get(..RESERVED_TYPES.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_TYPES))
}

/// A failed query or connection test. Its `Display` is for tests; users see it through
/// [`crate::input::secret::Redactor::show`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of the data source or the query cannot be used. Nothing was sent.
    InvalidOption {
        /// The option's key, with an index for an item of a list.
        field: ErrorText,
        /// What is wrong and what is expected, as a phrase that follows the field's label: "must be text".
        reason: ErrorText,
    },
    /// The query has no operation, or an unknown one. Nothing was sent.
    UnknownOperation(ErrorText),
    /// The API returned an error.
    Api(Box<ApiError>),
    /// The API has not run a row of a batch, for a reason that has no HTTP status.
    NotRun(Box<ApiError>),
    /// The API has run no row of a batch, because it rejected the batch's file.
    BatchRejected {
        /// What is wrong.
        error: Box<ApiError>,
        /// The row that is wrong; `None` if it is not a single row.
        row: Option<usize>,
    },
    /// The deadline of the query passed; the request was aborted.
    Timeout {
        /// The timeout of the query.
        after: Duration,
    },
    /// The request did not reach the API, or the response was incomplete.
    Transport(TransportError),
    /// The API reported success, but did not return what this endpoint should return.
    Decode {
        /// HTTP status of the response.
        status: u16,
        /// What was expected and received, with an excerpt.
        reason: ErrorText,
        /// What the body looks like.
        body: BodyKind,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// The response has no usable answer.
    NoAnswer {
        /// The reason.
        code: NoAnswerReason,
        /// Describes the response.
        reason: ErrorText,
        /// What the response contains anyway.
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
    /// An [`Error::InvalidOption`]; `field` is truncated to the length of a word.
    pub fn invalid(field: impl Into<ErrorText>, reason: impl Into<ErrorText>) -> Self {
        Self::InvalidOption { field: field.into().truncated(MAX_WORD_CHARS), reason: reason.into() }
    }

    /// Describes what happened.
    #[must_use]
    pub fn text(&self) -> ErrorText {
        self.text_in(None)
    }

    /// Like [`Error::text`], with the labels of the form of `operation`.
    #[must_use]
    pub fn text_in(&self, operation: Option<&str>) -> ErrorText {
        match self {
            Self::InvalidOption { field, reason } => error_text![labeled(field, operation), " ", reason.clone()],
            Self::UnknownOperation(reason) => {
                error_text![labeled(&"operation".into(), None), " ", reason.clone(), ". Choose ", operations()]
            }
            Self::Api(error) => error.text(),
            Self::NotRun(error) => error_text!["the API has no answer to this row", code_and_message(error)],
            Self::BatchRejected { error, row: Some(row) } => {
                error_text!["the API rejected the batch because of row ", *row, code_and_message(error)]
            }
            Self::BatchRejected { error, row: None } => {
                error_text!["the API rejected the batch", code_and_message(error)]
            }
            Self::Timeout { after } => error_text!["no response within ", ErrorText::own(seconds(*after))],
            Self::Transport(error) => error.text(),
            Self::Decode { reason, .. } | Self::NoAnswer { reason, .. } => reason.clone(),
            Self::Internal(words) => error_text!["the plugin failed unexpectedly: ", words.clone()],
        }
    }

    /// The API's own error, if it is one.
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

    /// The `metadata` of a response without a usable answer.
    #[must_use]
    pub fn metadata(&self) -> Map<String, Value> {
        match self {
            Self::NoAnswer { given, .. } => Map::clone(&given.metadata),
            _ => Map::new(),
        }
    }

    /// The plugin's `data.code`; `None` for an error of the API, which has its own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidOption { .. } => "invalid_option",
            Self::UnknownOperation(_) => "unknown_operation",
            Self::Api(_) | Self::NotRun(_) | Self::BatchRejected { .. } => return None,
            Self::Timeout { .. } => "timeout",
            Self::Transport(error) => error.kind.code(),
            Self::Decode { .. } => "invalid_response",
            Self::NoAnswer { code, .. } => code.code(),
            Self::Internal(_) => "internal_error",
        })
    }

    /// The known facts about this failure as structured fields.
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
            Self::NotRun(error) | Self::BatchRejected { error, .. } => Details {
                code: word(&error.code),
                kind: word(&error.kind.clone().filter(|kind| !is_reserved(kind))),
                param: word(&error.param),
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

/// `data` of a `QueryError`: fields for an app to branch on.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// HTTP status.
    pub status: Option<u16>,
    /// The API's code, or the plugin's own.
    pub code: Option<ErrorText>,
    /// The API's error type.
    pub kind: Option<ErrorText>,
    /// The parameter or field at fault.
    pub param: Option<ErrorText>,
    /// The API's id of the request, for support.
    pub request_id: Option<ErrorText>,
    /// The delay that the API asks for, in seconds.
    pub retry_after_seconds: Option<f64>,
    /// Number of requests sent; `None` if there were none.
    pub attempts: Option<u32>,
    /// The requested model.
    pub model: Option<ErrorText>,
    /// What to do; also ends the description.
    pub hint: Option<ErrorText>,
}

impl Details {
    /// The known members, with each text as `show` returns it.
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

/// ` (code): message`.
fn code_and_message(error: &ApiError) -> ErrorText {
    let code = error.code.as_ref().map_or_else(ErrorText::default, |code| error_text![" (", code.clone(), ")"]);
    let message =
        if error.message.is_empty() { "it gives no reason".into() } else { ErrorText::foreign(&error.message) };
    error_text![code, ": ", message]
}

/// A field under the form's label; an index follows it: `Message history[1]`.
fn labeled(field: &ErrorText, operation: Option<&str>) -> ErrorText {
    let text = field.to_string();
    let (key, index) = text.split_at(text.find(['[', '.']).unwrap_or(text.len()));
    match field_label(key, operation) {
        Some(label) if field.is_own() => error_text![label, ErrorText::own(index.to_owned())],
        Some(label) => error_text![label, index.to_owned()],
        None => field.clone(),
    }
}

/// The label of a form field in the form of `operation`; also for the keys of saved embedding queries: `input_M1`,
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

/// Readable durations: `1.5 s`, `600 s`.
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
    fn names_status_code_and_message_of_an_api_error() {
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
    fn omits_unknown_members_of_data() {
        let details = |error: &Error| Value::Object(error.details().to_json(ErrorText::to_string));
        let error = Error::Api(Box::new(ApiError { status: 500, ..ApiError::default() }));
        assert_eq!(details(&error), serde_json::json!({"status": 500}));
        let error = Error::invalid("max_tokens", "must be a whole number");
        assert_eq!(details(&error), serde_json::json!({"code": "invalid_option", "param": "max_tokens"}));
    }

    #[test]
    fn omits_a_type_that_tooljet_would_act_on() {
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
    fn names_a_field_by_label_in_the_text_and_by_key_in_data() {
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
    fn uses_the_label_of_the_operation_s_form() {
        let error = Error::invalid("images[1]", "is odd");
        assert_eq!(error.text_in(Some("chat")).to_string(), "Images and files[1] is odd");
        assert_eq!(error.text_in(Some("image_generation")).to_string(), "Images[1] is odd");
        // This form does not have the field.
        assert_eq!(error.text_in(Some("moderation")).to_string(), error.to_string());
    }

    #[test]
    fn truncates_field_names() {
        for field in [ErrorText::own("x".repeat(500)), "x".repeat(500).into()] {
            let param = Error::invalid(field, "is odd").details().param.unwrap().to_string();
            assert_eq!(param.chars().count(), MAX_WORD_CHARS + 1);
        }
    }

    #[test]
    fn lists_the_operations_when_one_is_unknown() {
        let names = operations().to_string();
        assert!(names.contains("Chat, ") && names.contains("Generate image") && names.contains(" or "), "{names}");
        assert_eq!(
            Error::UnknownOperation("is missing".into()).to_string(),
            format!("Operation is missing. Choose {}", operations())
        );
    }

    #[test]
    fn formats_durations() {
        assert_eq!(seconds(Duration::from_millis(250)), "250 ms");
        assert_eq!(seconds(Duration::from_secs(600)), "600 s");
        assert_eq!(seconds(Duration::from_millis(1_540)), "1.5 s");
    }
}
