//! An error that the API itself reported.

use std::time::Duration;

use crate::error::{ErrorText, error_text};

/// An error that the API itself reported, in whatever shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    /// HTTP status; for an error under HTTP 200, the status that its code names.
    pub status: u16,
    /// The API's own words, cut; empty if it gave none.
    pub message: String,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.code`, as text.
    pub code: Option<String>,
    /// `error.param`: the request's parameter that is meant.
    pub param: Option<String>,
    /// The API's id of the request, for support.
    pub request_id: Option<String>,
    /// How long the API asks to wait before another try.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`: the API's own word on whether another try makes sense.
    pub should_retry: Option<bool>,
    /// Whether the body is an HTML page: a proxy or a wrong address answered.
    pub html: bool,
    /// Whether the body is JSON: something that speaks the API answered.
    pub is_json: bool,
}

impl ApiError {
    /// What happened, in words.
    #[must_use]
    pub fn text(&self) -> ErrorText {
        let code = match &self.code {
            Some(code) if code.parse::<u16>() != Ok(self.status) => error_text![" (", code, ")"],
            _ => ErrorText::default(),
        };
        let message = match self.message.as_str() {
            "" => status_in_words(self.status).into(),
            _ => ErrorText::from(&self.message),
        };
        error_text!["the API returned HTTP ", self.status, code, ": ", message]
    }
}

fn status_in_words(status: u16) -> &'static str {
    match status {
        400 => "bad request",
        401 => "not authorized",
        402 => "payment required",
        403 => "forbidden",
        404 => "not found",
        405 => "method not allowed",
        408 => "request timeout",
        409 => "conflict",
        413 => "request too large",
        415 => "unsupported media type",
        422 => "unprocessable request",
        429 => "too many requests",
        500 => "internal server error",
        502 => "bad gateway",
        503 => "service unavailable",
        504 => "gateway timeout",
        _ if status > 500 => "server error",
        _ => "request refused",
    }
}
