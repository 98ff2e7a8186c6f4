//! Errors about a request of the Responses API, in the words of the Chat body behind it.

use crate::error::ApiError;

/// Parameters of the Responses API, and what they are in a Chat body. Not among them is `max_output_tokens`: the two
/// names of Chat's limit are one here, so that to rename it does not help.
const NAMES: [(&str, &str); 5] = [
    ("reasoning.effort", "reasoning_effort"),
    ("text.verbosity", "verbosity"),
    ("text.format", "response_format"),
    ("input", "messages"),
    ("instructions", "messages"),
];

/// The error as Chat would word it, for the rules that change a Chat body. The error that is shown stays the API's
/// own.
#[must_use]
pub fn in_chats_words(error: &ApiError) -> ApiError {
    let mut error = error.clone();
    if let Some(param) = &mut error.param {
        *param = parameter(param, &error.message);
    }
    for (theirs, ours) in NAMES {
        for quote in ["'", "\"", "`"] {
            error.message = error.message.replace(&format!("{quote}{theirs}"), &format!("{quote}{ours}"));
        }
        if theirs.contains('.') {
            error.message = error.message.replace(theirs, ours);
        }
    }
    error
}

fn parameter(param: &str, message: &str) -> String {
    // Asked for by `logprobs` alone.
    if param.starts_with("include") && message.contains("logprobs") {
        return "logprobs".to_owned();
    }
    let known = NAMES.iter().find_map(|(theirs, ours)| {
        let rest = param.strip_prefix(theirs)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{ours}{rest}"))
    });
    known.unwrap_or_else(|| param.to_owned())
}
