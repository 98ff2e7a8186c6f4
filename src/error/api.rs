//! An error that the API itself reported.

use std::{borrow::Cow, iter, time::Duration};

use crate::error::{ErrorText, error_text};

/// An error reported by the API, whatever its shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    /// HTTP status. For an error with HTTP 200, the status that its code stands for.
    pub status: u16,
    /// The API's message, truncated; empty if there is none.
    pub message: String,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.code`, as text.
    pub code: Option<String>,
    /// `error.param`: the request's parameter at fault.
    pub param: Option<String>,
    /// The API's id of the request, for support.
    pub request_id: Option<String>,
    /// The delay that the API asks for before a retry.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`: whether a retry makes sense, according to the API.
    pub should_retry: Option<bool>,
    /// Whether the body is an HTML page: a proxy or a wrong URL responded.
    pub html: bool,
    /// Whether the body is JSON: an API server responded.
    pub is_json: bool,
}

impl ApiError {
    /// Describes what happened.
    #[must_use]
    pub fn text(&self) -> ErrorText {
        self.text_with(&self.message)
    }

    /// Like [`ApiError::text`] without the API's advice, for errors with the plugin's own.
    #[must_use]
    pub fn text_without_advice(&self) -> ErrorText {
        self.text_with(&self.message_without_advice())
    }

    /// The API's message without its advice.
    pub(super) fn message_without_advice(&self) -> String {
        let is_advice = |sentence: &str| {
            let sentence = sentence.to_ascii_lowercase();
            ADVICE.iter().any(|start| sentence.starts_with(start))
        };
        let mut sentences = sentences(&self.message);
        let first = sentences.next().unwrap_or_default();
        let kept = iter::once(first).chain(sentences.filter(|sentence| !is_advice(sentence))).map(|sentence| {
            let clause = [", please ", ", try "].iter().filter_map(|start| sentence.find(start)).min();
            clause.map_or(Cow::Borrowed(sentence), |at| format!("{}. ", &sentence[..at]).into())
        });
        kept.collect::<String>().trim_end().to_owned()
    }

    fn text_with(&self, message: &str) -> ErrorText {
        let message = match message {
            "" => status_in_words(self.status).into(),
            _ => ErrorText::foreign(message),
        };
        error_text![self.status_and_code(), ": ", message]
    }

    /// `the API returned HTTP 404 (model_not_found)`
    pub(super) fn status_and_code(&self) -> ErrorText {
        let code = match &self.code {
            Some(code) if code.parse::<u16>() != Ok(self.status) => error_text![" (", code, ")"],
            _ => ErrorText::default(),
        };
        // Points out that the error came with a success status.
        let returned = if self.status < 400 { "an error with HTTP " } else { "HTTP " };
        error_text!["the API returned ", returned, self.status, code]
    }
}

/// First words of sentences that give advice.
const ADVICE: [&str; 22] = [
    "check ",
    "consider ",
    "contact ",
    "did you mean",
    "for more ",
    "go to ",
    "if you ",
    "learn more",
    "make sure",
    "need more",
    "please ",
    "read more",
    "reduce ",
    "retry ",
    "see ",
    "shorten ",
    "to resolve ",
    "try ",
    "upgrade ",
    "visit ",
    "wait ",
    "you can ",
];

/// Splits text into sentences with their trailing space. Some servers omit the full stop before "Please".
fn sentences(mut text: &str) -> impl Iterator<Item = &str> {
    iter::from_fn(move || {
        let ends = [". ", "? ", "! "].iter().filter_map(|end| Some(text.find(end)? + 2));
        let end = ends.chain(text.find(" Please ").map(|at| at + 1)).min().unwrap_or(text.len());
        let sentence;
        (sentence, text) = text.split_at(end);
        (!sentence.is_empty()).then_some(sentence)
    })
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
        504 | 522 | 524 => "gateway timeout",
        _ if status > 500 => "server error",
        _ => "request rejected",
    }
}
