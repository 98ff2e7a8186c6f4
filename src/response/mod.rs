//! Reads responses: as JSON first, then by a few rules that every compatible server follows.
//!
//! Belongs here: the possible shapes of any endpoint's response. Does not belong here: what a response means to an
//! operation, or its bytes and headers in transit.

mod api_error;
pub mod body;
mod counters;
mod error_body;
mod excerpt;
pub mod lines;
mod lists;
pub mod members;
pub mod stream;

use std::{borrow::Cow, time::SystemTime};

use serde_json::{Map, Value};

use self::{
    api_error::{api_error, has_error, is_error},
    excerpt::{excerpt, is_html},
    stream::Partial,
};
pub use self::{
    counters::{counter, take_usage},
    lists::{in_order, sorted_by_key, take_list},
    members::texts,
};
use crate::{
    budgets::{
        CONTAINER_WEIGHT, MAX_INLINE_BYTES, MAX_MEDIUM_BYTES, MAX_RESPONSE_BYTES, MAX_RESPONSE_VALUES, MAX_WORD_CHARS,
    },
    error::{BodyKind, Error, ErrorText, SAYING, TransportError, TransportErrorKind, error_text, truncate::truncate},
    input::{lenient_json, loose_json, value_count::value_count_bound},
    network::http::HttpResponse,
};

/// A successful response.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiResponse {
    /// The body: a JSON object without a meaningful `error`. A bare list is its `data`.
    pub body: Map<String, Value>,
    /// The API's id of the request.
    pub request_id: Option<String>,
}

/// Why a response is not a success.
#[derive(Clone, Debug)]
pub struct Unread {
    /// What went wrong.
    pub error: Error,
    /// The start of the answer if it is a stream.
    pub partial: Option<Box<Partial>>,
}

impl<E: Into<Error>> From<E> for Unread {
    fn from(error: E) -> Self {
        Self { error: error.into(), partial: None }
    }
}

/// Reads a response: JSON, or the events of a stream as if they were one body. The first bytes decide which, because
/// servers mislabel content types.
///
/// # Errors
/// [`Error::Api`] for a status other than 2xx, and for an `error` or an error message instead of an answer with HTTP
/// 200, including one that ends a stream; [`Error::Decode`] for a success that is not a JSON object or a list;
/// [`Error::Transport`] for one that is incomplete or takes too much memory.
pub fn read(response: &HttpResponse, now: SystemTime) -> Result<ApiResponse, Unread> {
    let text = text_of(&response.body)?;
    let text = body::without_preamble(&text);
    if stream::is_events(text) {
        return read_stream(response, text, now);
    }
    if let Some(cut) = &response.cut {
        return Err(cut.clone().into());
    }
    // No byte counts more than a container.
    if text.len() > MAX_RESPONSE_VALUES / CONTAINER_WEIGHT && value_count_bound(text) > MAX_RESPONSE_VALUES {
        return Err(too_many_values().into());
    }
    read_body(response, parsed(text), text, now)
}

/// Like [`read`], for an endpoint that may return plain text, which becomes `{text}`.
///
/// # Errors
/// As for [`read`]; a web page and invalid or other JSON are not text.
pub fn read_or_text(response: &HttpResponse, now: SystemTime) -> Result<ApiResponse, Unread> {
    let result = read(response, now);
    if let Err(Unread { error: Error::Decode { body: BodyKind::Other, .. }, .. }) = &result
        && let Some(text) = plain_text(response)
    {
        let body = Map::from_iter([("text".to_owned(), text.into())]);
        return Ok(ApiResponse { body, request_id: request_id(response) });
    }
    result
}

/// As [`read`], of a success whose body went elsewhere. The response is then an empty object.
///
/// # Errors
/// As [`read`], of anything but a success; [`Error::Transport`] if its body is not whole.
pub fn read_head(response: &HttpResponse, now: SystemTime) -> Result<ApiResponse, Unread> {
    match &response.cut {
        Some(cut) => Err(cut.clone().into()),
        None if is_success(response) => Ok(ApiResponse { body: Map::new(), request_id: request_id(response) }),
        None => read(response, now),
    }
}

/// As [`read`], of a response to `head` whose body has been parsed.
///
/// # Errors
/// As [`read`].
pub fn read_parsed(head: &HttpResponse, body: Value, now: SystemTime) -> Result<ApiResponse, Unread> {
    read_body(head, Ok(body), "", now)
}

/// The text of a body that is neither markup nor an object; a JSON string without its quotation marks.
fn plain_text(response: &HttpResponse) -> Option<String> {
    let text = text_of(&response.body).ok()?;
    let text = body::without_preamble(&text);
    match serde_json::from_str(text) {
        Ok(Value::String(text)) => Some(text),
        Ok(Value::Array(_) | Value::Object(_)) => None,
        _ => Some(text.to_owned()).filter(|text| !text.is_empty() && !text.starts_with(['{', '<'])),
    }
}

/// Whether a body starts like an event stream, which can be read even without its end.
#[must_use]
pub fn is_stream(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(MAX_INLINE_BYTES)]);
    stream::is_events(body::without_preamble(&start))
}

/// Reads the events of a stream. If the end is missing, its start is kept.
fn read_stream(response: &HttpResponse, text: &str, now: SystemTime) -> Result<ApiResponse, Unread> {
    let stream = stream::read(text).map_err(|_| too_many_values())?;
    let mut body = stream.body;
    let mut unread = |error| Unread { error, partial: body.as_mut().and_then(Partial::take).map(Box::new) };
    if let Some(error) = stream.error {
        return Err(unread(Error::Api(Box::new(api_error(response, &error, text, now)))));
    }
    if is_success(response) && !stream.is_whole {
        let ended = || TransportError::new(TransportErrorKind::Truncated, "the stream ended early");
        return Err(unread(response.cut.clone().unwrap_or_else(ended).into()));
    }
    let parsed = body.map_or_else(|| lenient_json::parse(text), |body| Ok(Value::Object(body)));
    read_body(response, parsed, text, now)
}

fn read_body(
    response: &HttpResponse,
    parsed: serde_json::Result<Value>,
    text: &str,
    now: SystemTime,
) -> Result<ApiResponse, Unread> {
    if !is_success(response) {
        let body = parsed.unwrap_or(Value::Null);
        return Err(Error::Api(Box::new(api_error(response, &body, text, now))).into());
    }
    match parsed.map(body::into_object) {
        // The partial answer is billed, so it is kept like that of a stream.
        Ok(Ok(body)) if is_error(&body) => {
            let mut body = Value::Object(body);
            let error = Error::Api(Box::new(api_error(response, &body, text, now)));
            Err(Unread { error, partial: body.as_object_mut().and_then(Partial::take).map(Box::new) })
        }
        Ok(Ok(body)) => Ok(ApiResponse { body, request_id: request_id(response) }),
        Ok(Err(other)) => Err(undecodable(response, text, error_text!["JSON of type ", type_name(&other)]).into()),
        Err(error) => Err(undecodable(
            response,
            text,
            match unexpected(text) {
                _ if text.is_empty() => "an empty body".into(),
                BodyKind::Html => "an HTML page".into(),
                BodyKind::EventStream => "an event stream".into(),
                BodyKind::Other => error_text!["invalid JSON (", ErrorText::own(error.to_string()), ")"],
            },
        )
        .into()),
    }
}

/// Parses the JSON of a body, even with Python's `NaN` or `Infinity`.
fn parsed(text: &str) -> serde_json::Result<Value> {
    body::parse(text).or_else(|error| {
        let may_be_loose = text.len() <= MAX_MEDIUM_BYTES && text.starts_with(['{', '[']);
        let tidied = if may_be_loose { loose_json::tidied(text) } else { None };
        tidied.and_then(|json| lenient_json::parse(&json).ok()).ok_or(error)
    })
}

fn is_success(response: &HttpResponse) -> bool {
    (200..300).contains(&response.status)
}

fn too_many_values() -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge, "too many JSON values")
}

/// The text of a body, with U+FFFD for invalid UTF-8. This can triple its length, so it is measured first.
fn text_of(body: &[u8]) -> Result<Cow<'_, str>, TransportError> {
    // The lossy conversion reads character by character.
    if let Ok(text) = simdutf8::basic::from_utf8(body) {
        return Ok(Cow::Borrowed(text));
    }
    let replaced = |invalid: &[u8]| if invalid.is_empty() { 0 } else { '\u{fffd}'.len_utf8() };
    let bytes: usize = body.utf8_chunks().map(|chunk| chunk.valid().len() + replaced(chunk.invalid())).sum();
    if bytes > MAX_RESPONSE_BYTES {
        let detail = error_text!["more than ", MAX_RESPONSE_BYTES >> 20, " MiB after its invalid bytes are replaced"];
        return Err(TransportError::new(TransportErrorKind::TooLarge, detail));
    }
    Ok(String::from_utf8_lossy(body))
}

fn undecodable(response: &HttpResponse, text: &str, what: ErrorText) -> Error {
    let excerpt = excerpt(text);
    let quoted = if excerpt.is_empty() { ErrorText::default() } else { error_text![SAYING, excerpt, "”"] };
    Error::Decode {
        status: response.status,
        reason: error_text![
            "the API returned HTTP ",
            response.status,
            " with ",
            what,
            " instead of a JSON object",
            quoted
        ],
        body: unexpected(text),
        request_id: request_id(response),
    }
}

fn unexpected(text: &str) -> BodyKind {
    if is_html(text) {
        BodyKind::Html
    } else if stream::is_events(text) {
        BodyKind::EventStream
    } else {
        BodyKind::Other
    }
}

fn request_id(response: &HttpResponse) -> Option<String> {
    ["x-request-id", "apim-request-id", "x-generation-id"]
        .into_iter()
        .find_map(|name| response.header(name).filter(|id| !id.is_empty()))
        .map(|id| truncate(id, MAX_WORD_CHARS))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ApiError;

    pub(super) fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: vec![("x-request-id".into(), " req_1 ".into())], body: body.into(), cut: None }
    }

    pub(super) fn read(status: u16, body: &str) -> Result<ApiResponse, Error> {
        super::read(&response(status, body), SystemTime::UNIX_EPOCH).map_err(|unread| unread.error)
    }

    pub(super) fn api(status: u16, body: &str) -> ApiError {
        read(status, body).unwrap_err().api().unwrap().clone()
    }

    #[test]
    fn skips_blank_lines_and_a_byte_order_mark() {
        let response = read(200, "\u{feff}\n\n  {\"a\":1}").unwrap();
        assert_eq!((response.body["a"].as_i64(), response.request_id.as_deref()), (Some(1), Some("req_1")));
    }

    #[test]
    fn skips_comments_and_an_empty_error() {
        let processing = ": PROCESSING\n\n: PROCESSING\n\n";
        assert_eq!(read(200, &format!("{processing}{{\"a\":1}}")).unwrap().body["a"], 1);
        assert_eq!(api(400, &format!("{processing}{{\"error\":\"no\"}}")).message, "no");
        for error in ["{}", "\"\"", "null", "false", r#"{"message":"","type":"","param":"","code":null}"#] {
            assert_eq!(read(200, &format!(r#"{{"error":{error},"a":1}}"#)).unwrap().body["a"], 1, "{error}");
        }
        assert_eq!(read(200, r#"[{"id":"a"}]"#).unwrap().body["data"], json!([{"id": "a"}]));
        assert_eq!(api(200, r#"[{"error":{"message":"no"}}]"#).message, "no");
    }

    #[test]
    fn reads_a_response_with_a_split_emoji() {
        let response = read(200, r#"{"text":"so \ud83d","path":"C:\\ud83d"}"#).unwrap();
        assert_eq!((&response.body["text"], &response.body["path"]), (&json!("so \u{fffd}"), &json!("C:\\ud83d")));
        assert_eq!(api(400, r#"{"error":{"message":"cut \ud83d"}}"#).message, "cut \u{fffd}");
    }

    #[test]
    fn replaces_invalid_utf_8_within_the_limit() {
        let read = |text: &[u8]| {
            let body = [br#"{"text":""#, text, br#""}"#].concat();
            super::read(&HttpResponse { status: 200, body, ..HttpResponse::default() }, SystemTime::UNIX_EPOCH)
        };
        assert_eq!(read(b"a\xff\xf0\x9f").unwrap().body["text"], "a\u{fffd}\u{fffd}");
        let too_long = read(&vec![0xff; MAX_RESPONSE_BYTES / 3]).unwrap_err();
        assert_eq!(too_long.error.code(), Some("response_too_large"));
    }

    #[test]
    fn reads_numbers_invalid_in_json_as_null() {
        let body = r#"{"choices": [{"logprobs": [-0.5, NaN, -Infinity, Infinity]}]}"#;
        assert_eq!(read(200, body).unwrap().body["choices"], json!([{"logprobs": [-0.5, null, null, null]}]));
    }

    #[test]
    fn does_not_parse_a_response_with_too_many_values() {
        let around = 2 * CONTAINER_WEIGHT + 1;
        for (unit, weight) in [("{},", CONTAINER_WEIGHT + 1), (r#"{"":[]},"#, 2 * CONTAINER_WEIGHT + 2)] {
            let body = |count: usize| format!("{{\"data\":[{}0]}}", unit.repeat(count));
            let fit = (MAX_RESPONSE_VALUES - around) / weight;
            assert!(read(200, &body(fit)).is_ok(), "{unit}");
            assert_eq!(read(200, &body(fit + 1)).unwrap_err().code(), Some("response_too_large"), "{unit}");
        }
    }

    #[test]
    fn describes_a_response_that_is_not_a_json_object() {
        let reason = |body: &str| read(200, body).unwrap_err().to_string();
        assert!(reason("<!DOCTYPE html><title>Sign in</title>").contains("with an HTML page"));
        assert!(reason("").contains("with an empty body"));
        assert!(reason("[1]").contains("with JSON of type array"));
        assert!(reason(r#"{"a": }"#).contains("invalid JSON"));
    }

    #[test]
    fn accepts_plain_text_when_the_endpoint_may_return_it() {
        let read = |body: &str| {
            let read = super::read_or_text(&response(200, body), SystemTime::UNIX_EPOCH);
            read.map(|response| response.body["text"].as_str().unwrap().to_owned()).map_err(|unread| unread.error)
        };
        for (body, text) in [
            ("Hello.\n", "Hello."),
            ("[Music] Hello.", "[Music] Hello."),
            ("42", "42"),
            ("\"Hello.\"", "Hello."),
            ("{\"text\":\"Hello.\"}", "Hello."),
        ] {
            assert_eq!(read(body).unwrap(), text);
        }
        for broken in
            ["", "{\"text\":\"Hel", "[1]", "<!DOCTYPE html><title>Sign in</title>", "<p>no</p>", "data: x\n\n"]
        {
            assert_eq!(read(broken).unwrap_err().code(), Some("invalid_response"), "{broken}");
        }
        let failed = super::read_or_text(&response(500, "Hello."), SystemTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(failed.error.api().unwrap().message, "Hello.");
        assert_eq!(
            super::read(&response(200, "Hello."), SystemTime::UNIX_EPOCH).unwrap_err().error.code(),
            Some("invalid_response")
        );
    }

    #[test]
    fn omits_what_is_nested_too_deep_and_reads_the_rest() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for depth in [5_000, 100_000] {
            let body = format!("{{\"output\":[{{\"type\":\"new\",\"a\":{}}},{{\"text\":\"Hi\"}}]}}", deep(depth));
            let response = read(200, &body).unwrap();
            assert_eq!(response.body["output"][1]["text"], "Hi");
            let event = format!("data: {body}\n\ndata: [DONE]\n\n");
            assert_eq!(read(200, &event.replace("output", "choices")).unwrap().body["choices"][1]["index"], 1);
        }
        assert!(read(200, &"[".repeat(100_000)).is_err());
        assert!(read(200, &deep(100_000)).is_err());
    }
}
