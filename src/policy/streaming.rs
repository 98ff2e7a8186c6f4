//! Decides whether to request a stream, and what to do if the server rejects it.

use serde_json::{Map, Value, json};

use crate::{
    error::ApiError,
    policy::adjust::{Adjustment, Rejection, Scope, has_word, is_about_support},
};

/// The parameter that requests a stream.
pub const STREAM: &str = "stream";
/// The parameter that requests usage at the end of a stream.
pub const STREAM_OPTIONS: &str = "stream_options";

/// Sets in `body` whether the answer should be a stream. Some gateways stream unless told not to.
pub fn ask(body: &mut Map<String, Value>, is_on: bool) {
    let is_stream = is_on && can_stream(body);
    set(body, is_stream);
}

/// Like [`ask`], whatever else `body` contains.
pub(super) fn set(body: &mut Map<String, Value>, is_stream: bool) {
    body.insert(STREAM.to_owned(), is_stream.into());
    if is_stream {
        body.insert(STREAM_OPTIONS.to_owned(), json!({"include_usage": true}));
    }
}

/// Whether `body` requests a stream.
#[must_use]
pub fn is_asked(body: &Map<String, Value>) -> bool {
    body.get(STREAM) == Some(&Value::Bool(true))
}

/// Whether a stream can answer `body`: the best of several answers is known only at the end, and speech streams only in
/// one format.
#[must_use]
pub fn can_stream(body: &Map<String, Value>) -> bool {
    let number = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or(1);
    number("best_of") <= number("n") && !body.get("audio").is_some_and(Value::is_object)
}

/// What to change if `error` rejects the stream that `body` requests, or demands one. `None` for errors about the key
/// or the rate limit.
#[must_use]
pub fn rejection(body: &Map<String, Value>, error: &ApiError) -> Option<Rejection> {
    let said = body.get(STREAM)?;
    if !matches!(error.status, 400..=499 | 501) || matches!(error.status, 401 | 402 | 408 | 429) {
        return None;
    }
    let param = error.param.as_deref().unwrap_or_default();
    let is_named = |name: &str| param == name || param.is_empty() && error.message.contains(name);
    if body.contains_key(STREAM_OPTIONS) && (is_named(STREAM_OPTIONS) || is_named("include_usage")) {
        return Some(Rejection { adjustment: Adjustment::Removed(STREAM_OPTIONS), scope: Scope::EveryValue });
    }
    let is_in_words = || [STREAM, "streaming", "streamed"].iter().any(|word| has_word(&error.message, word));
    if !(param == STREAM || param.is_empty() && is_in_words()) {
        return None;
    }
    if is_asked(body) {
        return Some(Rejection { adjustment: Adjustment::Removed(STREAM), scope: Scope::Value(said.to_string()) });
    }
    if wants_stream(&error.message) {
        return Some(Rejection { adjustment: Adjustment::Streamed, scope: Scope::EveryValue });
    }
    let removed = Rejection { adjustment: Adjustment::Removed(STREAM), scope: Scope::Value(said.to_string()) };
    is_about_support(error).then_some(removed)
}

/// Whether a message says that the model supports only streams, as some reasoning models do.
fn wants_stream(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["only support", "only available", "non-stream", "enable", "must", "require"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: Value, is_on: bool) -> Map<String, Value> {
        let Value::Object(mut body) = body else { panic!("not an object") };
        ask(&mut body, is_on);
        body
    }

    #[test]
    fn requests_a_stream_with_usage_or_explicitly_none() {
        let on = asked(json!({"n": 2, "best_of": 2}), true);
        assert_eq!((&on[STREAM], &on[STREAM_OPTIONS]), (&json!(true), &json!({"include_usage": true})));
        for (body, is_on) in
            [(json!({}), false), (json!({"n": 2, "best_of": 3}), true), (json!({"audio": {"format": "wav"}}), true)]
        {
            let body = asked(body, is_on);
            assert_eq!((body.get(STREAM), body.get(STREAM_OPTIONS)), (Some(&json!(false)), None));
        }
    }

    #[test]
    fn recognizes_a_rejected_stream_by_name() {
        let removed = |status, param: Option<&str>, message: &str| {
            let error = ApiError {
                status,
                param: param.map(str::to_owned),
                message: message.to_owned(),
                ..ApiError::default()
            };
            match rejection(&asked(json!({}), true), &error)?.adjustment {
                Adjustment::Removed(name) => Some(name),
                _ => None,
            }
        };
        for (status, param, message, expected) in [
            (400, Some("stream"), "Your organization must be verified to stream this model.", STREAM),
            (422, None, "Streaming is not supported for this model", STREAM),
            (501, None, "streaming: not implemented", STREAM),
            (403, None, "You may not use `stream`.", STREAM),
            (400, None, "Unrecognized request argument supplied: stream_options", STREAM_OPTIONS),
            (422, None, "body.stream_options.include_usage: Extra inputs are not permitted", STREAM_OPTIONS),
            (400, Some("stream_options"), "Unknown parameter", STREAM_OPTIONS),
        ] {
            assert_eq!(removed(status, param, message), Some(expected), "{message}");
        }
        for (status, param, message) in [
            (401, None, "no streaming without a key"),
            (429, None, "too many streams: stream less"),
            (500, Some("stream"), ""),
            (400, Some("prompt"), "stream of words"),
            (400, None, "upstream error"),
        ] {
            assert_eq!(removed(status, param, message), None, "{message}");
        }
    }

    #[test]
    fn requests_a_stream_from_a_model_that_only_streams() {
        let adjustment = |message: &str| {
            let error = ApiError { status: 400, message: message.to_owned(), ..ApiError::default() };
            rejection(&asked(json!({}), false), &error).map(|rejection| rejection.adjustment)
        };
        for message in [
            "This model only support stream mode, please enable the stream parameter to access the model.",
            "parameter.enable_thinking must be set to false for non-streaming calls",
            "stream must be true",
        ] {
            assert_eq!(adjustment(message), Some(Adjustment::Streamed), "{message}");
        }
        assert_eq!(adjustment("Unrecognized request argument supplied: stream"), Some(Adjustment::Removed(STREAM)));
        for message in ["The stream of the file is damaged.", "max_tokens must be positive"] {
            assert_eq!(adjustment(message), None, "{message}");
        }
        let mut body = asked(json!({}), false);
        assert!(Adjustment::Streamed.apply(&mut body) && is_asked(&body) && body.contains_key(STREAM_OPTIONS));
        assert!(!Adjustment::Streamed.apply(&mut body));
    }
}
