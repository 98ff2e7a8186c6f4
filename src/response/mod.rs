//! Reads responses: as JSON first, then by a few rules that every compatible server follows.
//!
//! Belongs here: the possible shapes of any endpoint's response. Does not belong here: what a response means to an
//! operation, or its bytes and headers in transit.

pub mod body;
mod error_body;
pub mod lines;
pub mod members;
pub mod stream;

use std::{borrow::Cow, cmp::Reverse, collections::BinaryHeap, iter, mem, time::SystemTime};

use serde_json::{Map, Value};

use self::{error_body::ErrorBody, stream::Partial};
use crate::{
    budgets::{
        CONTAINER_WEIGHT, MAX_INLINE_BYTES, MAX_MEDIUM_BYTES, MAX_RESPONSE_BYTES, MAX_RESPONSE_VALUES, MAX_WORD_CHARS,
    },
    error::{
        ApiError, BodyKind, Error, ErrorText, TransportError, TransportErrorKind, error_text,
        truncate::{start_of, truncate},
    },
    input::{fields::number_of, lenient_json, loose_json, value_count::value_count_bound},
    network::http::HttpResponse,
    policy::retry::retry_after,
};

/// Maximum length of an excerpt of a body that is not JSON, in characters.
const MAX_EXCERPT_CHARS: usize = 200;
/// Bytes of such a body read for the excerpt.
const EXCERPT_READS: usize = 8 << 10;

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

/// Whether a body reports an error, whatever its status.
fn has_error(body: &Map<String, Value>) -> bool {
    body.get("error").is_some_and(|error| !body::is_no_error(error))
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
    let quoted = if excerpt.is_empty() { ErrorText::default() } else { error_text![": “", excerpt, "”"] };
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

/// Members of a response that contain the answer, or that only a batch has: its `errors` are those of its file.
const ANSWERS: [&str; 7] = ["choices", "data", "embeddings", "images", "input_file_id", "models", "output"];
/// Codes of transient errors that the Responses API sends with HTTP 200, and their real statuses.
const STATUSES: [(&str, u16); 2] = [("rate_limit_exceeded", 429), ("server_error", 500)];

/// Whether a body with HTTP 200 is an error: it has one, or an error message instead of an answer.
fn is_error(body: &Map<String, Value>) -> bool {
    let is_answer = |name: &&str| match body.get(*name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let is_envelope = |name: &&str| body.get(*name).and_then(Value::as_object).is_some_and(|inner| !inner.is_empty());
    if has_error(body) {
        return true;
    }
    let has_answer = ANSWERS.iter().any(is_answer) || body::ENVELOPES.iter().any(is_envelope);
    !has_answer && reports_error(body)
}

/// Whether a body contains an error message and does not claim success.
fn reports_error(body: &Map<String, Value>) -> bool {
    !error_body::is_success(body) && !ErrorBody::of_object(body).message().is_empty()
}

/// The fields of an error in a body.
fn from_body(error: ErrorBody) -> ApiError {
    ApiError {
        message: error.message(),
        kind: error.kind,
        code: error.code,
        param: error.param,
        request_id: error.request_id,
        ..ApiError::default()
    }
}

fn api_error(response: &HttpResponse, body: &Value, text: &str, now: SystemTime) -> ApiError {
    let is_json = body.is_object() || body.is_array();
    let error = match body {
        Value::Object(_) | Value::Array(_) => ErrorBody::of(body),
        _ if text.starts_with('<') => ErrorBody::of_text(&page_words(text)),
        _ => ErrorBody::of_text(text.strip_prefix("data:").unwrap_or(text)),
    };
    // With HTTP 200, the code names the real status.
    let by_code = || STATUSES.iter().find(|(code, _)| error.code.as_deref() == Some(code)).map(|(_, status)| *status);
    let named = error.status.or_else(by_code).filter(|_| is_success(response));
    let status = named.unwrap_or(response.status);
    let retry_after = retry_after(response.status, |name| response.header(name), now)
        .or_else(|| error.delay().filter(|_| matches!(status, 429 | 503)));
    let request_id = request_id(response);
    let mut error = from_body(error);
    if let Some(words) = error.message.strip_prefix(&status.to_string()) {
        // The status is shown before the message anyway.
        error.message = words.trim_start_matches([' ', ':', '-']).to_owned();
    }
    ApiError {
        status,
        retry_after,
        request_id: request_id.or(error.request_id),
        should_retry: match response.header("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
        html: is_html(text),
        is_json,
        ..error
    }
}

/// The text of a body that is not JSON; for a web page, its title unless that only names a status.
fn page_words(text: &str) -> String {
    let between = |start: &str, end: &str| {
        let lower = start_of(text, EXCERPT_READS).to_ascii_lowercase();
        let from = lower.find(start)?;
        let from = from + lower[from..].find('>')? + 1;
        Some((from, from + lower[from..].find(end)?))
    };
    let Some((from, to)) = between("<title", "</title").filter(|_| is_html(text)) else { return excerpt(text) };
    let title = excerpt(&text[from..to]);
    let rest = between("<body", "</body").map_or_else(String::new, |(from, to)| excerpt(&text[from..to]));
    if error_body::is_telling(&title) || rest.is_empty() { title } else { rest }
}

/// The text of a body that is not JSON, truncated, without tags, scripts and styles.
fn excerpt(text: &str) -> String {
    let text = start_of(text, EXCERPT_READS);
    let lower = text.to_ascii_lowercase();
    let find = |from: usize, words: &str| lower[from..].find(words).map(|at| from + at);
    let mut words = String::new();
    let mut at = 0;
    while let Some(tag) = find(at, "<") {
        words.push_str(&text[at..tag]);
        words.push(' ');
        let last_tag = if lower[tag..].starts_with("<script") {
            find(tag, "</script")
        } else if lower[tag..].starts_with("<style") {
            find(tag, "</style")
        } else {
            Some(tag)
        };
        at = last_tag.and_then(|tag| find(tag, ">")).map_or(text.len(), |end| end + 1);
    }
    words.push_str(&text[at..]);
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

/// A counter: an integer, a whole float, or either as text; else `None`.
#[must_use]
pub fn counter(value: &Value) -> Option<i64> {
    number_of(value)?.as_i64()
}

/// Takes an array out of `body`; empty if it is missing or has another type.
#[must_use]
pub fn take_list(body: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match body.swap_remove(name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// The elements of `choices` or `data` sorted by `index`, or by position if that is missing.
pub fn in_order(items: Vec<Value>) -> impl Iterator<Item = Value> {
    sorted_by_key(items, |position, item| {
        let index = item.get("index").and_then(counter);
        index.unwrap_or_else(|| i64::try_from(position).unwrap_or(i64::MAX))
    })
}

/// Returns the items in the order of their keys; equal ones keep their order. Computes each key once, because it may be
/// built from long text.
pub fn sorted_by_key<K: Ord>(mut items: Vec<Value>, key: impl Fn(usize, &Value) -> K) -> impl Iterator<Item = Value> {
    // A heap, because only a few of many choices are needed.
    let keys = items.iter().enumerate().map(|(position, item)| Reverse((key(position, item), position)));
    let mut heap: BinaryHeap<_> = keys.collect();
    iter::from_fn(move || heap.pop().map(|Reverse((_, position))| mem::take(&mut items[position])))
}

/// The text of a message's `content`: a string, or the text parts of an array. Skips thinking and other parts.
pub fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let is_text = |part: &&Value| matches!(part.get("type").and_then(Value::as_str), Some("text" | "output_text"));
    let parts = content.as_array().into_iter().flatten().filter(is_text);
    content.as_str().into_iter().chain(parts.filter_map(|part| part.get("text")?.as_str()))
}

/// Takes `usage` out of `body`, with its counters converted to whole numbers.
#[must_use]
pub fn take_usage(body: &mut Map<String, Value>) -> Option<Value> {
    let mut usage = body.swap_remove("usage")?;
    let counters = usage.as_object_mut()?;
    set_counters(counters);
    for (name, details) in counters {
        if let Value::Object(details) = details
            && name.ends_with("_details")
        {
            set_counters(details);
        }
    }
    Some(usage)
}

fn set_counters(counters: &mut Map<String, Value>) {
    for (name, value) in counters {
        if name.ends_with("_tokens")
            && let Some(count) = counter(value)
        {
            *value = count.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::MAX_MESSAGE_CHARS;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: vec![("x-request-id".into(), " req_1 ".into())], body: body.into(), cut: None }
    }

    fn read(status: u16, body: &str) -> Result<ApiResponse, Error> {
        super::read(&response(status, body), SystemTime::UNIX_EPOCH).map_err(|unread| unread.error)
    }

    fn api(status: u16, body: &str) -> ApiError {
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
    fn finds_messages_in_every_shape() {
        let message = |body: &str| api(400, body).message;
        assert_eq!(message(r#"{"error":{"message":"a"}}"#), "a");
        assert_eq!(message(r#"{"error":"b"}"#), "b");
        assert_eq!(message(r#"{"object":"error","message":"c"}"#), "c");
        assert_eq!(message(r#"{"detail":"d"}"#), "d");
        assert_eq!(message(r#"{"detail":[{"loc":["body","model"],"msg":"e"}]}"#), "body.model: e");
        assert_eq!(message("<html><style>x{}</style><b>f</b> g</html>"), "f g");
        assert_eq!(message(r#"{"error":{"message":""}}"#), "");
        assert_eq!(message(""), "");
        assert_eq!(message(&format!(r#"{{"error":"{}"}}"#, "x".repeat(900))).chars().count(), 501);
    }

    #[test]
    fn reads_details_up_to_the_length_that_is_shown() {
        let detail = |item: Value| api(422, &json!({"detail": vec![item; 20_000]}).to_string()).message;
        let message = detail(json!({"loc": ["a", 1], "msg": "m"}));
        assert!(message.starts_with("a.1: m; a.1: m; ") && message.ends_with('…'), "{message}");
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS + 1);
        assert_eq!(detail(json!({"loc": ["a", 1], "msg": 5})), "");
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
    fn omits_tags_scripts_and_styles_from_an_excerpt() {
        for (page, words) in [
            ("a<b>c</b>d", "a c d"),
            ("<SCRIPT src>x</Script >é<style>y</style>z", "é z"),
            ("a<script>b", "a"),
            ("a<b", "a"),
            ("<p>a\n\u{7}b</p>", "a b"),
        ] {
            assert_eq!(excerpt(page), words, "{page}");
        }
        assert_eq!(excerpt(&format!("{}a", " ".repeat(EXCERPT_READS - 1))), "a");
        assert_eq!(excerpt(&format!("{}é", " ".repeat(EXCERPT_READS - 1))), "");
        assert_eq!(excerpt(&"é".repeat(EXCERPT_READS)).chars().count(), MAX_EXCERPT_CHARS + 1);
    }

    #[test]
    fn converts_error_members_to_text() {
        let error = api(400, r#"{"error":{"message":"m","code":400,"param":"None","type":"None"}}"#);
        assert_eq!((error.code.as_deref(), error.param, error.kind), (Some("400"), None, None));
        let long = "x".repeat(900);
        let error = api(400, &format!(r#"{{"error":{{"message":"m","code":"{long}","type":"{long}"}}}}"#));
        assert_eq!([error.code, error.kind].map(|word| word.unwrap().chars().count()), [MAX_WORD_CHARS + 1; 2]);
    }

    #[test]
    fn reads_error_members_next_to_a_null_error() {
        let error = api(400, r#"{"error":null,"message":"m","code":"c","type":"t","param":"p"}"#);
        assert_eq!((error.message.as_str(), error.code.as_deref()), ("m", Some("c")));
        assert_eq!((error.kind.as_deref(), error.param.as_deref()), (Some("t"), Some("p")));
    }

    #[test]
    fn reads_request_id_and_retry_advice_from_headers() {
        let error = |headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let response = HttpResponse { status: 500, headers, body: "{}".into(), cut: None };
            super::read(&response, SystemTime::UNIX_EPOCH).unwrap_err().error.api().unwrap().clone()
        };
        let id = |headers: &[(&str, &str)]| error(headers).request_id;
        for name in ["x-request-id", "apim-request-id", "x-generation-id"] {
            assert_eq!(id(&[(name, "a")]).as_deref(), Some("a"), "{name}");
        }
        assert_eq!(id(&[("apim-request-id", "b"), ("x-request-id", "a")]).as_deref(), Some("a"));
        assert_eq!(id(&[("x-request-id", " "), ("x-generation-id", "c")]).as_deref(), Some("c"));
        assert_eq!(id(&[]), None);
        for (word, expected) in [("true", Some(true)), ("false", Some(false)), ("maybe", None)] {
            assert_eq!(error(&[("x-should-retry", word)]).should_retry, expected);
        }
    }

    #[test]
    fn gives_an_error_with_http_200_the_status_of_its_code() {
        assert_eq!(api(200, r#"{"error":{"message":"m","code":502}}"#).status, 502);
        assert_eq!(api(200, r#"{"error":"m"}"#).status, 200);
        for (code, status) in [("rate_limit_exceeded", 429), ("server_error", 500), ("invalid_prompt", 200)] {
            let failed = json!({"object": "response", "status": "failed", "output": [], "error": {"code": code, "message": "m"}});
            let error = api(200, &failed.to_string());
            assert_eq!((error.status, error.code.as_deref(), error.message.as_str()), (status, Some(code), "m"));
        }
        for status in ["completed", "incomplete", "cancelled"] {
            let body = json!({"object": "response", "status": status, "error": {"code": "x", "message": "bad"}});
            assert_eq!(api(200, &body.to_string()).kind, None, "{status}");
        }
        // Some providers use numeric codes, which are not server errors to retry.
        assert_eq!(api(200, r#"{"error":{"message":"m","code":"1301"}}"#).status, 200);
        assert!(read(200, r#"{"error":null,"data":[]}"#).is_ok());
    }

    #[test]
    fn keeps_the_partial_answer_next_to_an_error_with_http_200() {
        let partial = |body: Value| {
            let unread = super::read(&response(200, &body.to_string()), SystemTime::UNIX_EPOCH).unwrap_err();
            assert_eq!(unread.error.api().unwrap().message, "m");
            unread.partial.map(|partial| partial.texts)
        };
        let error = json!({"code": "server_error", "message": "m"});
        let message = json!({"type": "message", "content": [{"type": "output_text", "text": "Half"}]});
        let half = Some(vec!["Half".to_owned()]);
        assert_eq!(partial(json!({"status": "failed", "error": error, "output": [message]})), half);
        assert_eq!(partial(json!({"error": error, "choices": [{"message": {"content": "Half"}}]})), half);
        assert_eq!(partial(json!({"status": "failed", "error": error, "output": []})), None);
        assert_eq!(partial(json!({"error": error})), None);
    }

    #[test]
    fn ignores_an_empty_error_next_to_an_answer() {
        for error in [json!({}), json!(""), json!({"message": "", "type": "", "param": "", "code": null})] {
            assert!(read(200, &json!({"error": error, "choices": []}).to_string()).is_ok(), "{error}");
        }
    }

    #[test]
    fn treats_a_message_without_an_answer_as_an_error_with_http_200() {
        for (body, message) in [
            (json!({"choices": null, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}), "login fail"),
            (json!({"code": 500, "msg": "404 NOT_FOUND", "success": false}), "404 NOT_FOUND"),
            (json!({"success": false, "errors": [{"message": "no such account"}]}), "no such account"),
            (json!([{"error": {"code": 400, "message": "not valid"}}]), "not valid"),
            (json!({"detail": "sold out today"}), "sold out today"),
        ] {
            assert_eq!(api(200, &body.to_string()).message, message);
        }
        for body in [
            json!({"data": null, "base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"data": null, "code": 0, "msg": "all is well"}),
            json!({"object": "list", "data": null}),
        ] {
            assert!(read(200, &body.to_string()).is_ok(), "{body}");
        }
    }

    #[test]
    fn reads_numbers_invalid_in_json_as_null() {
        let body = r#"{"choices": [{"logprobs": [-0.5, NaN, -Infinity, Infinity]}]}"#;
        assert_eq!(read(200, body).unwrap().body["choices"], json!([{"logprobs": [-0.5, null, null, null]}]));
    }

    #[test]
    fn reports_a_message_next_to_an_empty_list_unless_it_claims_success() {
        let body = json!({"choices": [], "base_resp": {"status_code": 1004, "status_msg": "login fail"}});
        let error = read(200, &body.to_string()).unwrap_err().api().unwrap().clone();
        assert_eq!((error.status, error.message.as_str()), (200, "login fail"));
        assert_eq!(error.code.as_deref(), Some("1004"));
        for body in [
            json!({"choices": []}),
            json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"object": "list", "data": []}),
        ] {
            assert!(read(200, &body.to_string()).is_ok(), "{body}");
        }
    }

    #[test]
    fn shows_a_page_s_title_or_its_text_when_the_title_only_names_the_status() {
        let page = |title: &str, body: &str| {
            let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>");
            api(403, &page).message
        };
        assert_eq!(
            page("Access denied | api.example used Cloudflare", "<h1>Error</h1>"),
            "Access denied | api.example used Cloudflare"
        );
        assert_eq!(page("403 Forbidden", "<h1>403 Forbidden</h1><hr>nginx"), "Forbidden nginx");
        assert_eq!(page("403 Forbidden", ""), "Forbidden");
        assert_eq!(api(403, "<html><body>Not <b>you</b></body></html>").message, "Not you");
        assert_eq!(api(403, "<Error><Message>Not you</Message></Error>").message, "Not you");
        assert_eq!(api(500, "upstream: {\"error\": {\"message\": \"it broke\"}}").message, "upstream: it broke");
    }

    #[test]
    fn reads_a_delay_in_words_only_from_a_busy_server() {
        let delay = |status, body: Value| api(status, &body.to_string()).retry_after.map(|delay| delay.as_millis());
        let words = json!({"error": {"message": "Please retry in 2.1s."}});
        assert_eq!([delay(429, words.clone()), delay(503, words.clone())], [Some(2_100); 2]);
        for status in [400, 401, 403, 408, 500, 502, 529] {
            assert_eq!(delay(status, words.clone()), None, "{status}");
        }
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

    #[test]
    fn reads_whole_counters_in_any_notation() {
        let mut body = json!({"usage": {"a_tokens": 12.0, "b_tokens": "3", "c_tokens": null, "cost": 0.1, "tier": "3", "a_details": {"d_tokens": "4"}}});
        let usage = take_usage(body.as_object_mut().unwrap()).unwrap();
        assert_eq!(
            usage,
            json!({"a_tokens": 12, "b_tokens": 3, "c_tokens": null, "cost": 0.1, "tier": "3", "a_details": {"d_tokens": 4}})
        );
    }

    #[test]
    fn sorts_items_by_index() {
        let order = |items: Value| -> Value {
            in_order(take_list(&mut Map::from_iter([("data".to_owned(), items)]), "data")).collect()
        };
        let [a, b] = [json!({"index": "0", "n": "a"}), json!({"index": 1.0, "n": "b"})];
        assert_eq!(order(json!([b, a])), json!([a, b]));
        assert_eq!(
            order(json!(["x", {"index": 0, "n": 1}, {"index": 0, "n": 2}, null])),
            json!(["x", {"index": 0, "n": 1}, {"index": 0, "n": 2}, null])
        );
        let unnumbered = json!({"n": "c"});
        assert_eq!(order(json!([b, a, unnumbered])), json!([a, b, unnumbered]));
        assert_eq!(order(json!({"index": 0})), json!([]));
    }
}
