//! An error that the API itself reported.

use std::time::Duration;

/// An error that the API itself reported, in whatever shape.
#[derive(Clone, Debug, Default, PartialEq, thiserror::Error)]
#[error("the API returned HTTP {status}{}: {message}", self.code_in_words())]
pub struct ApiError {
    /// HTTP status; for an error under HTTP 200, the status that its code names.
    pub status: u16,
    /// The API's own words; never empty, at most 500 characters.
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
    fn code_in_words(&self) -> String {
        match &self.code {
            Some(code) if code.parse::<u16>() != Ok(self.status) => format!(" ({code})"),
            _ => String::new(),
        }
    }
}
