//! What came back: reads a response as JSON first, then by the few rules that every compatible server
//! keeps.
//!
//! Belongs here: what any endpoint's response may look like. Never here: what a response means to an
//! operation, or the bytes and headers on their way.

use std::{borrow::Cow, time::SystemTime};

use serde_json::{Map, Value};

use crate::{
    budgets::{CONTAINER_WEIGHT, MAX_RESPONSE_VALUES},
    error::{
        ApiError, BodyKind, Error, TransportError, TransportErrorKind,
        truncate::{MAX_WORD_CHARS, truncate},
    },
    input::{
        fields::{number_of, scalar_text},
        lenient_json,
    },
    network::http::HttpResponse,
    policy::retry::retry_after,
};

/// Longest message of the API that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
/// Longest excerpt of a body that is not JSON, in characters.
const MAX_EXCERPT_CHARS: usize = 200;
/// Bytes of such a body that are read for the excerpt.
const EXCERPT_READS: usize = 8 << 10;

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiResponse {
    /// The body: a JSON object without an `error`.
    pub body: Map<String, Value>,
    /// The API's id of the request.
    pub request_id: Option<String>,
}

/// Reads an answer. The content type is not looked at: servers get it wrong.
///
/// # Errors
/// [`Error::Api`] for a status other than 2xx and for an `error` under HTTP 200,
/// [`Error::Decode`] for a success that is not a JSON object, [`Error::Transport`] for one
/// that would not fit into the memory of a server.
pub fn read(response: &HttpResponse, now: SystemTime) -> Result<ApiResponse, Error> {
    // The lossy way reads one character after the other.
    let text = match str::from_utf8(&response.body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(&response.body),
    };
    // Some servers keep a slow connection alive with blank lines before the JSON.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.len() > MAX_RESPONSE_VALUES / CONTAINER_WEIGHT && value_count_bound(text.as_bytes()) > MAX_RESPONSE_VALUES {
        return Err(TransportError::new(TransportErrorKind::TooLarge, "too many JSON values").into());
    }
    let parsed = lenient_json::parse(text);
    if !(200..300).contains(&response.status) {
        let body = parsed.unwrap_or(Value::Null);
        return Err(Error::Api(Box::new(api_error(response, &body, text, now))));
    }
    match parsed {
        Ok(Value::Object(body)) if body.get("error").is_some_and(|error| !error.is_null()) => {
            Err(Error::Api(Box::new(api_error(response, &Value::Object(body), text, now))))
        }
        Ok(Value::Object(body)) => Ok(ApiResponse { body, request_id: request_id(response) }),
        Ok(other) => Err(undecodable(response, text, &format!("JSON of type {}", type_name(&other)))),
        Err(error) => Err(undecodable(
            response,
            text,
            &match unexpected(text) {
                _ if text.is_empty() => "an empty body".to_owned(),
                BodyKind::Html => "an HTML page".to_owned(),
                BodyKind::EventStream => "an event stream".to_owned(),
                BodyKind::Other => format!("invalid JSON ({error})"),
            },
        )),
    }
}

/// At least as many values as a JSON text has, weighed; what looks like one inside of text counts too.
#[must_use]
pub fn value_count_bound(text: &[u8]) -> usize {
    text.iter()
        .map(|byte| if matches!(byte, b'{' | b'[') { CONTAINER_WEIGHT } else { usize::from(*byte == b',') })
        .sum()
}

fn undecodable(response: &HttpResponse, text: &str, what: &str) -> Error {
    let excerpt = excerpt(text);
    let quoted = if excerpt.is_empty() { String::new() } else { format!(": “{excerpt}”") };
    Error::Decode {
        status: response.status,
        reason: format!("the API returned HTTP {} with {what} in place of a JSON object{quoted}", response.status),
        body: unexpected(text),
        request_id: request_id(response),
    }
}

fn api_error(response: &HttpResponse, body: &Value, text: &str, now: SystemTime) -> ApiError {
    let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
    let code = member(error, "code").or_else(|| member(error, "statusCode"));
    let message = message(error, body, text, response.status);
    ApiError {
        status: match response.status {
            // An error under HTTP 200 names its real status in the code.
            200..300 => code
                .as_deref()
                .and_then(|code| code.parse().ok())
                .filter(|status| (400..600).contains(status))
                .unwrap_or(response.status),
            status => status,
        },
        retry_after: retry_after(response.status, |name| response.header(name), &message, now),
        message,
        kind: member(error, "type"),
        code,
        param: member(error, "param"),
        request_id: request_id(response),
        should_retry: match response.header("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
        html: is_html(text),
        is_json: body.is_object(),
    }
}

/// A scalar member of an error as text. Python gateways send the text "None" for nothing.
fn member(error: &Value, name: &str) -> Option<String> {
    scalar_text(error.get(name)?)
        .filter(|text| !text.is_empty() && text != "None")
        .map(|text| truncate(&text, MAX_WORD_CHARS))
}

/// The first of: `error.message`, `error` as text, `message`, `detail` as text or list,
/// an excerpt of the body, the words for the status.
fn message(error: &Value, body: &Value, text: &str, status: u16) -> String {
    let text_of = |value: Option<&Value>| {
        value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let message = text_of(error.get("message"))
        .or_else(|| text_of(Some(error)))
        .or_else(|| text_of(body.get("message")))
        .or_else(|| text_of(body.get("detail")))
        .or_else(|| details(body.get("detail")?))
        .or_else(|| Some(excerpt(text)).filter(|text| !text.is_empty() && !body.is_object()))
        .unwrap_or_else(|| status_in_words(status).to_owned());
    truncate(&message, MAX_MESSAGE_CHARS)
}

/// `FastAPI`'s list of `{loc, msg}`.
fn details(detail: &Value) -> Option<String> {
    let lines: Vec<_> = detail
        .as_array()?
        .iter()
        .filter_map(|item| {
            let path: Vec<_> = item.get("loc")?.as_array()?.iter().filter_map(scalar_text).collect();
            Some(format!("{}: {}", path.join("."), item.get("msg")?.as_str()?))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// The words of a body that is not JSON: tags, scripts and styles left out, cut.
fn excerpt(text: &str) -> String {
    // The start is enough, and a hostile page of a million tags costs no more than it.
    let end = (0..=EXCERPT_READS.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let mut rest = &text[..end.unwrap_or_default()];
    let mut words = String::new();
    while let Some(start) = rest.find('<') {
        words.push_str(&rest[..start]);
        words.push(' ');
        let tag = rest[start + 1..].to_ascii_lowercase();
        let skipped = ["script", "style"].iter().find(|name| tag.starts_with(**name));
        let end = match skipped {
            Some(name) => tag.find(&format!("</{name}")).map(|at| start + 1 + at + 2 + name.len()),
            None => Some(start),
        };
        rest = end.and_then(|end| Some(&rest[end + rest[end..].find('>')? + 1..])).unwrap_or_default();
    }
    words.push_str(rest);
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(&line.replace(|c: char| c.is_control(), ""), MAX_EXCERPT_CHARS)
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with('<') && (start.contains("<!doctype html") || start.contains("<html") || start.contains("<head"))
}

fn unexpected(text: &str) -> BodyKind {
    if is_html(text) {
        BodyKind::Html
    } else if ["data:", "event:", "id:", "retry:", ":"].iter().any(|start| text.starts_with(start)) {
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

/// A counter: an integer, an integral float or a text of either; else `None`.
#[must_use]
pub fn counter(value: &Value) -> Option<i64> {
    number_of(value)?.as_i64()
}

/// A member that is a non-empty array; null and missing ones count as empty.
#[must_use]
pub fn list<'a>(body: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    body.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The elements of `choices` or `data` in the order of their `index`, or as they came.
#[must_use]
pub fn in_order(items: &[Value]) -> Vec<&Value> {
    let mut items: Vec<_> = items.iter().enumerate().collect();
    items.sort_by_key(|(position, item)| {
        let index = item.get("index").and_then(counter);
        index.unwrap_or_else(|| i64::try_from(*position).unwrap_or(i64::MAX))
    });
    items.into_iter().map(|(_, item)| item).collect()
}

/// The text of a message's `content`: a string, or the text parts of an array.
/// Thinking and other parts are left out; `None` if there is no content.
#[must_use]
pub fn content_text(content: Option<&Value>) -> Option<String> {
    match content? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter(|part| matches!(part.get("type").and_then(Value::as_str), Some("text" | "output_text")))
                .filter_map(|part| part.get("text").and_then(Value::as_str))
                .collect(),
        ),
        _ => None,
    }
}

/// `usage` with its counters as whole numbers, whatever the server made of them.
#[must_use]
pub fn usage(body: &Map<String, Value>) -> Option<Value> {
    let mut usage = body.get("usage")?.as_object()?.clone();
    for (name, value) in &mut usage {
        if name.ends_with("_tokens")
            && let Some(count) = counter(value)
        {
            *value = count.into();
        }
    }
    Some(Value::Object(usage))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: vec![("x-request-id".into(), " req_1 ".into())], body: body.into() }
    }

    fn read(status: u16, body: &str) -> Result<ApiResponse, Error> {
        super::read(&response(status, body), SystemTime::UNIX_EPOCH)
    }

    fn api(status: u16, body: &str) -> ApiError {
        read(status, body).unwrap_err().api().unwrap().clone()
    }

    #[test]
    fn blank_lines_and_a_byte_order_mark_before_the_json_are_fine() {
        let answer = read(200, "\u{feff}\n\n  {\"a\":1}").unwrap();
        assert_eq!((answer.body["a"].as_i64(), answer.request_id.as_deref()), (Some(1), Some("req_1")));
    }

    #[test]
    fn an_emoji_that_was_cut_does_not_make_an_answer_unreadable() {
        let answer = read(200, r#"{"text":"so \ud83d","path":"C:\\ud83d"}"#).unwrap();
        assert_eq!((&answer.body["text"], &answer.body["path"]), (&json!("so \u{fffd}"), &json!("C:\\ud83d")));
        assert_eq!(api(400, r#"{"error":{"message":"cut \ud83d"}}"#).message, "cut \u{fffd}");
    }

    #[test]
    fn messages_are_found_in_every_shape() {
        let message = |body: &str| api(400, body).message;
        assert_eq!(message(r#"{"error":{"message":"a"}}"#), "a");
        assert_eq!(message(r#"{"error":"b"}"#), "b");
        assert_eq!(message(r#"{"object":"error","message":"c"}"#), "c");
        assert_eq!(message(r#"{"detail":"d"}"#), "d");
        assert_eq!(message(r#"{"detail":[{"loc":["body","model"],"msg":"e"}]}"#), "body.model: e");
        assert_eq!(message("<html><style>x{}</style><b>f</b> g</html>"), "f g");
        assert_eq!(message(r#"{"error":{"message":""}}"#), "bad request");
        assert_eq!(message(""), "bad request");
        assert_eq!(message(&format!(r#"{{"error":"{}"}}"#, "x".repeat(900))).chars().count(), 501);
    }

    #[test]
    fn members_are_text_whatever_their_type() {
        let error = api(400, r#"{"error":{"message":"m","code":400,"param":"None","type":"None"}}"#);
        assert_eq!((error.code.as_deref(), error.param, error.kind), (Some("400"), None, None));
        let long = "x".repeat(900);
        let error = api(400, &format!(r#"{{"error":{{"message":"m","code":"{long}","type":"{long}"}}}}"#));
        assert_eq!([error.code, error.kind].map(|word| word.unwrap().chars().count()), [MAX_WORD_CHARS + 1; 2]);
    }

    #[test]
    fn an_error_under_http_200_is_an_error_with_the_status_of_its_code() {
        assert_eq!(api(200, r#"{"error":{"message":"m","code":502}}"#).status, 502);
        assert_eq!(api(200, r#"{"error":"m"}"#).status, 200);
        // The codes of some providers are numbers of their own, and no server error to be tried again.
        assert_eq!(api(200, r#"{"error":{"message":"m","code":"1301"}}"#).status, 200);
        assert!(read(200, r#"{"error":null,"data":[]}"#).is_ok());
    }

    #[test]
    fn an_answer_of_more_values_than_fit_into_memory_is_not_parsed() {
        for (unit, fits, too_many) in [("0,", MAX_RESPONSE_VALUES - 10, MAX_RESPONSE_VALUES), ("{},", 1 << 16, 1 << 20)]
        {
            let body = |count: usize| format!("{{\"data\":[{}0]}}", unit.repeat(count));
            assert!(super::read(&response(200, &body(fits)), SystemTime::UNIX_EPOCH).is_ok());
            assert_eq!(read(200, &body(too_many)).unwrap_err().code(), Some("response_too_large"));
        }
    }

    #[test]
    fn what_is_no_json_object_is_called_what_it_is() {
        let reason = |body: &str| read(200, body).unwrap_err().to_string();
        assert!(reason("<!DOCTYPE html><title>Sign in</title>").contains("with an HTML page"));
        assert!(reason("").contains("with an empty body"));
        assert!(reason("[1]").contains("with JSON of type array"));
        assert!(reason(r#"{"a": NaN}"#).contains("invalid JSON"));
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        assert!(read(200, &"[".repeat(100_000)).is_err());
    }

    #[test]
    fn counters_are_whole_numbers_in_any_spelling() {
        let body = json!({"usage": {"a_tokens": 12.0, "b_tokens": "3", "c_tokens": null, "cost": 0.1}});
        let usage = usage(body.as_object().unwrap()).unwrap();
        assert_eq!(usage, json!({"a_tokens": 12, "b_tokens": 3, "c_tokens": null, "cost": 0.1}));
    }

    #[test]
    fn items_come_in_the_order_of_their_index() {
        let items = [json!({"index": 1.0, "n": "b"}), json!({"index": "0", "n": "a"})];
        let names: Vec<_> = in_order(&items).iter().map(|item| item["n"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
