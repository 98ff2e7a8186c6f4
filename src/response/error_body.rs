//! Reads the message and the fields of any server's error response.
//!
//! The same rules apply to all vendors. An error is an object with a message and fields, and may contain other errors,
//! each closer to the cause: in a member, in a list, or as JSON in its own text. The innermost message that says more
//! than the status counts, as do the innermost fields that are more than a number.

use std::time::Duration;

use serde_json::{Deserializer, Map, Value};

use crate::{
    budgets::{MAX_MESSAGE_CHARS, MAX_WORD_CHARS},
    error::truncate::{start_of, truncate},
    input::{
        fields::{number_of, scalar_text},
        lenient_json,
    },
    policy::retry::delay_in_text,
};

/// Maximum depth of nested errors.
const MAX_DEPTH: usize = 8;
/// Maximum length of error text that is read, in bytes: several times what is shown, because a delay may be at its end.
const MAX_TEXT_BYTES: usize = 8 << 10;

/// Members that contain other errors. In `metadata`, `raw` is a gateway's copy of the upstream's error.
const NESTED: [&str; 8] = ["metadata", "error", "Error", "errors", "base_resp", "Response", "fault", "messages"];
/// Members with the message of an error, the most specific first.
const WORDS: [&str; 14] = [
    "message",
    "Message",
    "msg",
    "status_msg",
    "error_msg",
    "error_message",
    "errorMessage",
    "ErrorMessage",
    "err_msg",
    "errmsg",
    "faultstring",
    "error",
    "title",
    "raw",
];
/// Members that explain the message.
const EXPLANATIONS: [&str; 6] = ["detail", "details", "error_description", "errorDescription", "description", "reason"];
const CODES: [&str; 7] = ["code", "Code", "statusCode", "status_code", "error_code", "errorCode", "http_code"];
const TYPES: [&str; 3] = ["type", "__type", "status"];
/// Types that say only that there is an error, and states of a response.
const EMPTY_TYPES: [&str; 9] =
    ["error", "fail", "failed", "failure", "completed", "incomplete", "in_progress", "queued", "cancelled"];

/// Messages that say only that there is an error, or only repeat its status.
const EMPTY_WORDS: [&str; 37] = [
    "an error occurred",
    "an unexpected error occurred",
    "api error",
    "bad gateway",
    "bad request",
    "bad response from upstream",
    "content too large",
    "forbidden",
    "gateway time-out",
    "gateway timeout",
    "input validation error",
    "internal error",
    "internal server error",
    "invalid request",
    "method not allowed",
    "no message available",
    "not acceptable",
    "not authorized",
    "not found",
    "not implemented",
    "one or more validation errors occurred",
    "payload too large",
    "payment required",
    "provider returned an error",
    "provider returned error",
    "request entity too large",
    "request failed",
    "request timeout",
    "service unavailable",
    "something went wrong",
    "the given data was invalid",
    "too many requests",
    "unknown error",
    "unprocessable content",
    "unprocessable entity",
    "unsupported media type",
    "upstream error",
];

/// The content of an error.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    /// Its message in one line, at most [`MAX_TEXT_BYTES`]; may be empty.
    text: String,
    /// `code`, or a member with that meaning.
    pub(super) code: Option<String>,
    /// `type`, or a member with that meaning.
    pub(super) kind: Option<String>,
    /// `param`.
    pub(super) param: Option<String>,
    /// An HTTP status among the codes.
    pub(super) status: Option<u16>,
    /// The server's id of the request.
    pub(super) request_id: Option<String>,
    /// The delay in a member.
    pub(super) delay: Option<Duration>,
}

impl ErrorBody {
    /// Reads the body of an error.
    pub(super) fn of(body: &Value) -> Self {
        let mut error = Self::default();
        error.text = error.words(body, 0).map_or_else(String::new, |words| one_line(&words.text));
        error
    }

    /// Reads the body of an error, which is an object.
    pub(super) fn of_object(body: &Map<String, Value>) -> Self {
        let mut error = Self::default();
        error.text = error.words_of_object(body, 0).map_or_else(String::new, |words| one_line(&words.text));
        error
    }

    /// Reads an error that is only text, possibly with JSON inside.
    pub(super) fn of_text(text: &str) -> Self {
        let mut error = Self::default();
        error.text = error.words_in_text(text, 0).map_or_else(String::new, |words| one_line(&words.text));
        error
    }

    /// The message, truncated to what a failure shows.
    pub(super) fn message(&self) -> String {
        truncate(&self.text, MAX_MESSAGE_CHARS)
    }

    /// The delay in a member or in the text.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.delay.or_else(|| delay_in_text(&self.text))
    }

    fn words(&mut self, value: &Value, depth: usize) -> Option<Words> {
        if depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Object(error) => self.words_of_object(error, depth),
            Value::Array(errors) => Words::list(errors.iter().take(MAX_MESSAGE_CHARS).filter_map(|error| {
                let words = self.words(error, depth + 1)?;
                Some(if let Some(path) = path_of(error) { words.after(&path) } else { words })
            })),
            Value::String(text) => self.words_in_text(text, depth),
            _ => None,
        }
    }

    fn words_of_object(&mut self, error: &Map<String, Value>, depth: usize) -> Option<Words> {
        self.take_fields(error);
        let is_nested = |value: &&Value| value.is_object() || value.is_array();
        let nested = NESTED.into_iter().filter_map(|name| {
            let value = error.get(name).filter(is_nested)?;
            match (name, value) {
                ("metadata", value) => self.words(value.get("raw")?, depth + 1),
                ("errors", Value::Object(fields)) => self.words_of_fields(fields, depth + 1),
                _ => self.words(value, depth + 1),
            }
        });
        let nested = Words::best(nested);
        let words = match nested {
            Some(words) if words.is_telling => Some(words),
            nested => {
                let is_read = |name: &&str| *name != "error" || error.get("error").is_some_and(Value::is_string);
                let own = WORDS.into_iter().filter(is_read);
                let own = own.filter_map(|name| self.words(error.get(name)?, depth + 1));
                Words::best(nested.into_iter().chain(own))
            }
        };
        let more = Words::best(EXPLANATIONS.into_iter().filter_map(|name| self.words(error.get(name)?, depth + 1)));
        match (words, more) {
            (Some(words), Some(more)) => Some(words.explained(more)),
            (words, more) => words.or(more),
        }
    }

    /// Errors by field name, as in `{"model": ["is required"]}`, or an object that is an error itself.
    fn words_of_fields(&mut self, fields: &Map<String, Value>, depth: usize) -> Option<Words> {
        if WORDS.iter().any(|name| fields.contains_key(*name)) {
            return self.words_of_object(fields, depth);
        }
        let errors = fields.iter().take(MAX_MESSAGE_CHARS);
        Words::list(errors.filter_map(|(name, error)| Some(self.words(error, depth + 1)?.after(name))))
    }

    /// The message of a text, and of the error that it may contain as JSON or in Python's notation.
    fn words_in_text(&mut self, text: &str, depth: usize) -> Option<Words> {
        let text = start_of(text, MAX_TEXT_BYTES).trim();
        if depth > MAX_DEPTH || is_nothing(text) {
            return None;
        }
        let Some(at) = text.find(['{', '[']) else { return Some(Words::of(text)) };
        let (before, inner) = text.split_at(at);
        let parsed = if before.is_empty() { lenient_json::parse(inner).ok() } else { None };
        let parsed = parsed.or_else(|| Deserializer::from_str(inner).into_iter().next()?.ok());
        let inner = match parsed {
            Some(error) if error.is_object() || error.is_array() => self.words(&error, depth + 1),
            _ => quoted_by_python(inner).and_then(|text| self.words_in_text(text, depth + 1)),
        };
        match inner {
            Some(words) if words.is_telling => Some(Words { text: format!("{before}{}", words.text), ..words }),
            _ => Some(Words::of(text)),
        }
    }

    fn take_fields(&mut self, error: &Map<String, Value>) {
        let texts =
            |names: &[&'static str]| -> Vec<String> { names.iter().filter_map(|name| member(error, name)).collect() };
        let codes = texts(&CODES);
        let status = codes.iter().find_map(|code| code.parse().ok().filter(|status| (400..600).contains(status)));
        self.status = self.status.or(status);
        // The message is actually a code.
        let is_code = |text: &String| is_word(text) && text.contains('_');
        let codes = codes.into_iter().chain(texts(&["error", "reason"]).into_iter().filter(is_code));
        let (numbers, names): (Vec<_>, Vec<_>) = codes.partition(|code| is_number(code));
        self.code = names.into_iter().next().or(self.code.take()).or(numbers.into_iter().next());
        let is_type = |kind: &String| {
            !kind.contains(char::is_whitespace) && !is_number(kind) && !kind.contains("//") && !kind.contains(':')
        };
        let kind = texts(&TYPES).into_iter().find(|kind| is_type(kind) && !EMPTY_TYPES.contains(&kind.as_str()));
        // AWS prefixes it with the name of a service.
        let kind = kind.map(|kind| kind.rsplit('#').next().unwrap_or_default().to_owned());
        self.kind = kind.or(self.kind.take());
        self.param = member(error, "param").or(self.param.take());
        self.request_id = self.request_id.take().or_else(|| member(error, "request_id"));
        let delay = || {
            let in_seconds = ["retry_after", "retryAfter", "retry_after_seconds"];
            let seconds = in_seconds.iter().find_map(|name| number_of(error.get(*name)?)?.as_f64());
            let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            // `RetryInfo` from Google.
            seconds.or_else(|| delay_in_text(&format!("retry in {}", member(error, "retryDelay")?)))
        };
        self.delay = self.delay.or_else(delay);
    }
}

/// The message of an error.
struct Words {
    text: String,
    /// Whether it says more than the status.
    is_telling: bool,
}

impl Words {
    fn of(text: &str) -> Self {
        let words = text.trim_matches(|c: char| c.is_ascii_digit() || " :-.!".contains(c));
        let is_empty = EMPTY_WORDS.iter().any(|empty| words.eq_ignore_ascii_case(empty));
        Self { text: text.to_owned(), is_telling: !is_empty && !is_word(words) }
    }

    /// The first specific message, or else the first.
    fn best(words: impl Iterator<Item = Self>) -> Option<Self> {
        let mut first = None;
        for words in words {
            if words.is_telling {
                return Some(words);
            }
            first = first.or(Some(words));
        }
        first
    }

    /// All messages joined, up to the limit.
    fn list(words: impl Iterator<Item = Self>) -> Option<Self> {
        let mut list: Option<Self> = None;
        for words in words {
            list = Some(match list {
                None => words,
                Some(list) if list.text.len() > MAX_TEXT_BYTES => return Some(list),
                Some(list) => Self {
                    text: format!("{}; {}", list.text, words.text),
                    is_telling: list.is_telling || words.is_telling,
                },
            });
        }
        list
    }

    /// Adds the place before the message.
    fn after(self, place: &str) -> Self {
        Self { text: format!("{}: {}", start_of(place, MAX_WORD_CHARS), self.text), is_telling: true }
    }

    /// Adds an explanation after the message unless one of them says it all.
    fn explained(self, more: Self) -> Self {
        match (self.is_telling, more.is_telling) {
            (_, false) => self,
            (false, true) => more,
            _ if self.text.contains(&more.text) => self,
            _ if more.text.contains(&self.text) => more,
            _ => {
                let end = if self.text.ends_with(['.', '!', '?', ':']) { " " } else { ": " };
                Self { text: format!("{}{end}{}", self.text, more.text), is_telling: true }
            }
        }
    }
}

/// Whether a message says more than a status.
pub(super) fn is_telling(words: &str) -> bool {
    !words.is_empty() && Words::of(words).is_telling
}

/// Whether a body claims success, as in `{"code": 0, "msg": "success"}`.
pub(super) fn is_success(body: &Map<String, Value>) -> bool {
    let code = CODES.iter().find_map(|name| number_of(body.get(*name)?)?.as_i64());
    let is_fine = |code: Option<i64>| matches!(code, Some(0 | 200..300));
    body.get("success") == Some(&Value::Bool(true))
        || is_fine(code)
        || body.get("base_resp").is_some_and(|inner| is_fine(inner.get("status_code").and_then(Value::as_i64)))
}

/// A scalar member as text, truncated before it is copied.
fn member(error: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match error.get(name)? {
        Value::String(text) => truncate(text, MAX_WORD_CHARS),
        other => scalar_text(other)?,
    };
    Some(text).filter(|text| !is_nothing(text))
}

/// Python gateways send the text "None" for a missing value.
fn is_nothing(text: &str) -> bool {
    text.is_empty() || text == "None" || text == "null"
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a single ASCII word, which is more likely a code than a sentence.
fn is_word(text: &str) -> bool {
    text.is_ascii() && !text.contains(char::is_whitespace)
}

/// The location in the request: `FastAPI`'s `loc`.
fn path_of(error: &Value) -> Option<String> {
    let path = error.get("loc")?.as_array()?.iter().take(MAX_DEPTH).filter_map(|part| match part {
        Value::String(name) => Some(truncate(name, MAX_WORD_CHARS)),
        other => scalar_text(other),
    });
    Some(path.collect::<Vec<_>>().join("."))
}

/// The message in `{'error': {'message': 'no', 'code': None}}`.
fn quoted_by_python(error: &str) -> Option<&str> {
    let (_, rest) = error.split_once("'message': ")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let text = &rest[1..];
    let mut is_escaped = false;
    let end = text.find(|c| {
        let is_end = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    Some(&text[..end.unwrap_or(text.len())])
}

fn one_line(text: &str) -> String {
    let line = start_of(text, MAX_TEXT_BYTES).split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace(char::is_control, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(body: &Value) -> String {
        ErrorBody::of(body).message()
    }

    /// Real bodies, shortened, with their sources.
    #[test]
    fn finds_the_message_of_known_servers() {
        for (seen, body, words) in [
            (
                "Gemini, google-gemini/gemini-cli#14831",
                json!([{"error": {
                    "code": 429, "message": "Resource exhausted. Please try again later.", "status": "RESOURCE_EXHAUSTED",
                    "errors": [{"message": "Resource exhausted. Please try again later.", "reason": "rateLimitExceeded"}]
                }}]),
                "Resource exhausted. Please try again later.",
            ),
            (
                "Gemini through its SDK, continuedev/continue#10290",
                json!({"error": {
                    "message": "{\n  \"error\": {\n    \"code\": 400,\n    \"message\": \"API key not valid. Please pass a \
                                valid API key.\",\n    \"status\": \"INVALID_ARGUMENT\"\n  }\n}\n",
                    "code": 400, "status": "Bad Request"
                }}),
                "API key not valid. Please pass a valid API key.",
            ),
            (
                "Apigee, its manual",
                json!({"fault": {
                    "faultstring": "Failed to resolve API Key variable request.queryparam.apikey",
                    "detail": {"errorcode": "steps.oauth.v2.FailedToResolveAPIKey"}
                }}),
                "Failed to resolve API Key variable request.queryparam.apikey",
            ),
            (
                "OpenRouter, diegosouzapw/OmniRoute#3044",
                json!({"error": {"message": "Provider returned error", "code": 400, "metadata": {
                    "raw": "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"at most 1 image per prompt.\"}}",
                    "provider_name": "Crucible"
                }}}),
                "at most 1 image per prompt.",
            ),
            (
                "OpenRouter, open-webui/computer#293",
                json!({"error": {"message": "Provider returned error", "code": 429, "metadata": {
                    "raw": "z-ai/glm is temporarily rate-limited upstream. Please retry shortly."
                }}}),
                "z-ai/glm is temporarily rate-limited upstream. Please retry shortly.",
            ),
            (
                "Cloudflare, anomalyco/opencode#23773",
                json!({"result": null, "success": false, "messages": [], "errors": [
                    {"code": 7003, "message": "Could not route to /ai/v1"}, {"code": 7000, "message": "No route for that URI"}
                ]}),
                "Could not route to /ai/v1; No route for that URI",
            ),
            (
                "LiteLLM, OpenHands/OpenHands#5350",
                json!({"error": {"message": "litellm.ContextWindowExceededError: AnthropicError - {\"type\":\"error\",\
                    \"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 209303 tokens > 200000 \
                    maximum\"}}\nReceived Model Group=claude", "type": null, "param": null, "code": "400"}}),
                "litellm.ContextWindowExceededError: AnthropicError - prompt is too long: 209303 tokens > 200000 maximum",
            ),
            (
                "LiteLLM, jasonacox/TinyLLM#17",
                json!({"error": {"message": "litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - \
                    {'error': {'code': '429', 'message': 'It\\'s over the limit. Please retry after 86400 seconds.'}}"}}),
                "litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - It\\'s over the limit. Please \
                 retry after 86400 seconds.",
            ),
            (
                "MiniMax, MiniMax-AI/MiniMax-M2.5#18",
                json!({"base_resp": {"status_code": 2049, "status_msg": "invalid api key"}}),
                "invalid api key",
            ),
            (
                "Bedrock, karthink/gptel#1397",
                json!({"Message": "Authorization header is missing"}),
                "Authorization header is missing",
            ),
            (
                "Ollama, ollama/ollama#17301",
                json!({"error": "this model does not support image input"}),
                "this model does not support image input",
            ),
            (
                "Together, truefoundry/models#919",
                json!({"status": "failure", "message": "together-ai error: no", "error": {"message": "together-ai error: no"}}),
                "together-ai error: no",
            ),
        ] {
            assert_eq!(message(&body), words, "{seen}");
        }
    }

    #[test]
    fn finds_the_message_of_web_frameworks() {
        for (body, words) in [
            (
                json!({"statusCode": 400, "message": ["a is odd", "b is even"], "error": "Bad Request"}),
                "a is odd; b is even",
            ),
            (json!({"timestamp": "2026", "status": 404, "error": "Not Found", "path": "/v1"}), "Not Found"),
            (json!({"status": 500, "error": "Internal Server Error", "message": "model is down"}), "model is down"),
            (json!({"detail": "no such key"}), "no such key"),
            (json!({"detail": [{"loc": ["body", 0, "a"], "msg": "is odd", "type": "x"}]}), "body.0.a: is odd"),
            (json!({"detail": {"error": {"message": "is odd"}}}), "is odd"),
            (json!({"detail": {"code": 5, "reason": "it is odd"}}), "it is odd"),
            (json!({"type": "about:blank", "title": "Forbidden", "detail": "it is odd"}), "it is odd"),
            (json!({"title": "Out of credit.", "detail": "You have 30 left"}), "Out of credit. You have 30 left"),
            (json!({"title": "Key revoked", "detail": "on Monday it was"}), "Key revoked: on Monday it was"),
            (json!({"error": "invalid_token", "error_description": "The token expired"}), "The token expired"),
            (
                json!({"errors": {"model": ["is required"], "n": ["is odd", "is big"]}}),
                "model: is required; n: is odd; is big",
            ),
            (json!({"message": "The given data was invalid.", "errors": {"model": ["is odd"]}}), "model: is odd"),
            (json!({"errors": ["is odd", {"title": "An even one"}]}), "is odd; An even one"),
            (json!({"code": 500, "msg": "it is odd", "success": false}), "it is odd"),
            (json!({"error_code": 110, "error_msg": "Access token invalid"}), "Access token invalid"),
            (json!({"errorMessage": "it is odd"}), "it is odd"),
            (json!({"error": {"error": {"message": "it is odd"}}}), "it is odd"),
            (
                json!({"error": "Something failed here", "details": "the disk is full"}),
                "Something failed here: the disk is full",
            ),
            (json!({"Response": {"Error": {"Code": "AuthFailure", "Message": "it is odd"}}}), "it is odd"),
            (json!({"__type": "com.x#ThrottlingException", "message": "Too fast for us"}), "Too fast for us"),
            (json!({"result": null, "errors": [], "messages": [{"message": "it is odd"}]}), "it is odd"),
            (json!({"message": "余额不足"}), "余额不足"),
            (json!({"error": {"message": "Use {name} or [1]"}}), "Use {name} or [1]"),
            (json!({"error": {"message": "two\nlines\u{7}"}}), "two lines"),
            (json!({"error": {"message": "None"}, "object": "x"}), ""),
            (json!({"choices": [], "message": {"role": "assistant", "content": "hi"}}), ""),
        ] {
            assert_eq!(message(&body), words, "{body}");
        }
    }

    #[test]
    fn takes_the_innermost_fields_that_are_more_than_a_number() {
        let fields = |body: Value| {
            let error = ErrorBody::of(&body);
            (error.code.unwrap_or_default(), error.kind.unwrap_or_default(), error.status)
        };
        let expected = |code: &str, kind: &str, status| (code.to_owned(), kind.to_owned(), status);
        let raw = json!({"error": {"code": "unsupported_country", "type": "request_forbidden"}}).to_string();
        assert_eq!(
            fields(json!({"error": {"code": 403, "message": "m", "metadata": {"raw": raw}}})),
            expected("unsupported_country", "request_forbidden", Some(403))
        );
        assert_eq!(
            fields(
                json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}})
            ),
            expected("API_KEY_INVALID", "INVALID_ARGUMENT", Some(400))
        );
        assert_eq!(fields(json!({"type": "error", "error": {"type": "a_error"}})), expected("", "a_error", None));
        assert_eq!(fields(json!({"__type": "com.x#Throttled", "status": 500})), expected("", "Throttled", None));
        assert_eq!(fields(json!({"error": "invalid_token", "code": "1301"})), expected("invalid_token", "", None));
        assert_eq!(fields(json!({"type": "https://x.example/odd"})), expected("", "", None));
    }

    #[test]
    fn reads_a_delay_from_a_member_or_from_text_that_is_not_shown() {
        let delay = |body: Value| ErrorBody::of(&body).delay().map(|delay| delay.as_millis());
        let details = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}]);
        assert_eq!(
            delay(json!({"error": {"code": 429, "message": "You exceeded it", "details": details}})),
            Some(2_500)
        );
        assert_eq!(delay(json!({"detail": "Slow down", "retry_after": 3})), Some(3_000));
        let long = format!("{} Please retry in 21.3s.", "* Quota exceeded. ".repeat(99));
        assert_eq!(delay(json!({"error": {"message": long}})), Some(21_300));
        assert_eq!(delay(json!({"error": {"message": "Slow down", "retry_after": -1}})), None);
    }

    #[test]
    fn limits_what_is_read_of_deep_wide_and_long_errors() {
        let deep = (0..100).fold(json!("it is odd"), |deep, _| json!({ "error": [deep] }));
        assert_eq!(message(&deep), "");
        // Each level doubles the previous one's escapes.
        let in_texts = (0..10).fold(json!("it is odd"), |deep, _| json!({"error": {"message": deep.to_string()}}));
        assert!(message(&in_texts).chars().count() <= MAX_MESSAGE_CHARS + 1);
        for body in [
            json!({"errors": vec![json!({"message": "it is odd"}); 50_000]}),
            json!({"errors": (0..5_000).map(|n| (n.to_string(), json!(["x".repeat(99)]))).collect::<Map<_, _>>()}),
            json!({"error": "x ".repeat(1 << 20)}),
            json!({"error": "[".repeat(1 << 20)}),
        ] {
            assert_eq!(message(&body).chars().count(), MAX_MESSAGE_CHARS + 1);
        }
    }
}
