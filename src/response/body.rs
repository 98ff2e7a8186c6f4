//! Extracts the JSON object of a response from what servers put around it.

use std::mem;

use serde_json::{Map, Value};

use crate::{
    budgets::{MAX_MEDIUM_BYTES, MAX_RESPONSE_DEPTH},
    input::{fields::number_of, lenient_json, shallow_json::cut_at_depth},
};

/// Members of a complete response.
const OF_RESPONSES: [&str; 2] = ["choices", "error"];
/// Members in which a gateway nests the upstream's response.
pub(super) const ENVELOPES: [&str; 4] = ["data", "result", "response", "body"];
/// Values of `error` that mean no error.
const NO_ERROR: [&str; 6] = ["", "none", "null", "ok", "success", "no error"];

/// Removes what may precede JSON: a byte order mark, blank lines, and comment lines of an event stream. Servers send
/// these to keep a slow connection open.
#[must_use]
pub fn without_preamble(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start().trim_start_matches('\u{feff}').trim_start();
        if !rest.starts_with(':') {
            return rest.trim_end();
        }
        rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
    }
}

/// Parses the JSON of a response or an event, without values too deep for the parser. The copy for this is made only up
/// to [`MAX_MEDIUM_BYTES`], because no memory is reserved for it.
///
/// # Errors
/// The parser's error.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    lenient_json::parse(text).or_else(|error| {
        let shallow = if text.len() <= MAX_MEDIUM_BYTES { cut_at_depth(text, MAX_RESPONSE_DEPTH) } else { None };
        shallow.map_or(Err(error), |text| lenient_json::parse(&text))
    })
}

/// Turns a response into an object. A list of objects or names becomes its `data`; a complete response inside a list or
/// a string is unwrapped.
///
/// # Errors
/// The value if it is none of these.
pub fn into_object(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(body) => Ok(body),
        Value::Array(mut items) if is_response_in_list(&items) => into_object(items.remove(0)),
        Value::Array(items) if items.iter().all(|item| item.is_object() || item.is_string()) => {
            Ok(Map::from_iter([("data".to_owned(), items.into())]))
        }
        Value::String(text) => match lenient_json::parse(&text) {
            Ok(Value::Object(body)) => Ok(body),
            _ => Err(text.into()),
        },
        other => Err(other),
    }
}

fn is_response_in_list(items: &[Value]) -> bool {
    let [Value::Object(members)] = items else { return false };
    OF_RESPONSES.iter().any(|name| members.contains_key(*name))
}

/// The body that has `list`: `body` itself or one nested in it, with the `usage` next to that.
#[must_use]
pub fn unwrapped(mut body: Map<String, Value>, list: &str) -> Map<String, Value> {
    if body.get(list).is_some_and(Value::is_array) {
        return body;
    }
    for name in ENVELOPES {
        match body.get_mut(name) {
            Some(Value::Object(inner)) if inner.get(list).is_some_and(Value::is_array) => {
                let mut inner = mem::take(inner);
                if inner.get("usage").is_none_or(Value::is_null)
                    && let Some(usage) = body.swap_remove("usage")
                {
                    inner.insert("usage".to_owned(), usage);
                }
                return inner;
            }
            _ => {}
        }
    }
    body
}

/// Whether the member `error` of a response means no error: empty, blank, or the code 0 without a message.
#[must_use]
pub fn is_no_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(_) => is_zero(error),
        Value::String(text) => {
            let text = text.trim();
            NO_ERROR.iter().any(|words| text.eq_ignore_ascii_case(words)) || is_zero(error)
        }
        Value::Array(items) => items.iter().all(is_no_error),
        Value::Object(members) => members.values().all(is_no_error),
    }
}

fn is_zero(value: &Value) -> bool {
    number_of(value).and_then(|number| number.as_f64()) == Some(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn skips_what_servers_send_before_json() {
        for text in
            ["{}", "\u{feff}{}", "\n\n  {}\n", ": PROCESSING\n\n: PROCESSING\n\n{}", ":\r\n\r\n\u{feff}\n{}", ": a\r{}"]
        {
            assert_eq!(without_preamble(text), "{}", "{text:?}");
        }
        for (text, rest) in [("", ""), (": PROCESSING", ""), (": a\ndata: {}", "data: {}"), ("a: {}", "a: {}")] {
            assert_eq!(without_preamble(text), rest, "{text:?}");
        }
        assert_eq!(without_preamble(&":\n".repeat(1 << 20)), "");
    }

    #[test]
    fn treats_an_empty_error_as_none() {
        for none in [
            json!(null),
            json!({}),
            json!([]),
            json!(""),
            json!(" "),
            json!(false),
            json!(0),
            json!("0"),
            json!("None"),
            json!({"message": "", "type": "", "param": "", "code": null}),
            json!({"code": 0}),
            json!({"code": "0"}),
            json!({"message": null, "code": 0, "details": [{}]}),
            json!({"code": 0, "message": "Success"}),
        ] {
            assert!(is_no_error(&none), "{none}");
        }
        for error in [
            json!(true),
            json!("no"),
            json!(5),
            json!({"code": 1}),
            json!({"message": "m"}),
            json!({"code": 0, "message": "m"}),
            json!(["m"]),
            json!({"details": {"a": ["m"]}}),
        ] {
            assert!(!is_no_error(&error), "{error}");
        }
    }

    #[test]
    fn reads_a_list_as_data_and_unwraps_a_response_in_a_list() {
        let object = |value: Value| into_object(value).map(Value::Object);
        assert_eq!(object(json!([{"id": "a"}])), Ok(json!({"data": [{"id": "a"}]})));
        assert_eq!(object(json!(["a"])), Ok(json!({"data": ["a"]})));
        assert_eq!(object(json!([])), Ok(json!({"data": []})));
        assert_eq!(object(json!([{"choices": []}])), Ok(json!({"choices": []})));
        assert_eq!(object(json!([{"error": "m"}])), Ok(json!({"error": "m"})));
        assert_eq!(object(json!("{\"choices\":[]}")), Ok(json!({"choices": []})));
        for other in [json!([1]), json!("a"), json!("[1]"), json!(5), json!(null)] {
            assert_eq!(object(other.clone()), Err(other));
        }
    }

    #[test]
    fn unwraps_a_response_from_an_envelope() {
        let unwrap = |body: Value| match body {
            Value::Object(body) => Value::Object(unwrapped(body, "choices")),
            other => other,
        };
        for name in ENVELOPES {
            assert_eq!(unwrap(json!({"success": true, name: {"choices": [1]}})), json!({"choices": [1]}));
        }
        assert_eq!(
            unwrap(json!({"data": {"choices": [1], "usage": null}, "usage": {"a": 1}})),
            json!({"choices": [1], "usage": {"a": 1}})
        );
        assert_eq!(
            unwrap(json!({"data": {"choices": [1], "usage": {"a": 2}}, "usage": {"a": 1}})),
            json!({"choices": [1], "usage": {"a": 2}})
        );
        for whole in
            [json!({"choices": [1], "data": {"choices": [2]}}), json!({"data": [1]}), json!({"data": {"choices": 1}})]
        {
            assert_eq!(unwrap(whole.clone()), whole);
        }
    }
}
