//! Reads options passed from JavaScript: JSON text, long strings next to it, and descriptions of values that JSON
//! cannot express. Written by `src/entry/options.js`.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    budgets::{MAX_OPTION_BYTES, MAX_OPTION_DEPTH, MAX_OPTION_VALUES, MAX_WORD_CHARS, VALUE_BYTES},
    error::{Error, ErrorText, error_text, truncate::truncate},
    input::{
        lenient_json::{self, is_json_text},
        value_count::value_count_bound,
    },
};

/// The only member of an object that stands for a value which JSON cannot express, and which its value describes. A
/// real option that looks like this is rejected just the same.
const UNUSABLE: &str = "\0unusable";

/// The options of one query or connection test.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    /// Options of the data source.
    pub source: Value,
    /// Options of the query; null for a connection test.
    pub query: Value,
    /// Memory for the options and for parsed JSON text in them, in bytes.
    pub memory: usize,
}

/// Reads `json`, in which each `-0` stands for the next item of `texts`.
///
/// # Errors
/// [`Error::InvalidOption`] naming the option at which the entry reached a limit, or [`Error::Timeout`].
pub fn parse(json: &str, texts: Vec<String>) -> Result<Options, Error> {
    let bytes = texts.iter().map(String::len).fold(json.len(), usize::saturating_add);
    match lenient_json::parse_with_texts(json, texts) {
        Ok((Value::Array(options), values)) => {
            let mut options = options.into_iter();
            let (source, query) = (options.next().unwrap_or_default(), options.next().unwrap_or_default());
            let values = values + json_text_values(&source) + json_text_values(&query);
            Ok(Options { source, query, memory: bytes + values.saturating_mul(VALUE_BYTES) })
        }
        Ok((excess, _)) => Err(exceeding(&excess)),
        Err(error) => Err(Error::Internal(error_text!["the options could not be read: ", error.to_string()])),
    }
}

/// Upper bound on the number of values in JSON text among the fields.
fn json_text_values(options: &Value) -> usize {
    let texts = options.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
    let bounds = texts.filter(|text| is_json_text(text)).map(|text| value_count_bound(text.as_bytes()));
    // Text with more values is not parsed.
    bounds.sum::<usize>().min(MAX_OPTION_VALUES)
}

/// The error for options that exceed a limit, as the entry describes them.
fn exceeding(excess: &Value) -> Error {
    let at = excess.get("at");
    let reason = match excess.get("limit").and_then(Value::as_str).unwrap_or_default() {
        "seconds" => {
            let seconds = at.and_then(Value::as_f64).unwrap_or_default();
            return Error::Timeout { after: Duration::try_from_secs_f64(seconds).unwrap_or_default() };
        }
        "values" => {
            error_text!["must be smaller: all options together may have at most ", MAX_OPTION_VALUES, " values"]
        }
        "depth" => error_text!["must be nested at most ", MAX_OPTION_DEPTH, " deep"],
        _ => error_text!["must be shorter: all options together may have at most ", MAX_OPTION_BYTES >> 20, " MiB"],
    };
    Error::invalid(ErrorText::foreign(at.and_then(Value::as_str).unwrap_or_default()), reason)
}

/// Describes a value that JSON cannot express; `None` for all others.
#[must_use]
pub fn unusable(value: &Value) -> Option<ErrorText> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.get(UNUSABLE)?.as_str().map(|words| truncate(words, MAX_WORD_CHARS).into())
}

/// Checks that JSON can express the whole option `key`.
///
/// # Errors
/// [`Error::InvalidOption`] naming the place of the value that it cannot express, such as `extra_body.tools[0]`.
pub fn ensure_usable(key: &str, value: &Value) -> Result<(), Error> {
    match first_unusable(value) {
        None => Ok(()),
        Some((place, words)) => {
            let place = error_text![ErrorText::own(key.to_owned()), truncate(&place, MAX_WORD_CHARS)];
            Err(Error::invalid(place, error_text!["must be a JSON value, got ", words]))
        }
    }
}

fn first_unusable(value: &Value) -> Option<(String, ErrorText)> {
    if let Some(words) = unusable(value) {
        return Some((String::new(), words));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| first_unusable(item).map(|(place, words)| (format!("[{index}]{place}"), words))),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            first_unusable(member).map(|(place, words)| (format!(".{}{place}", truncate(name, MAX_WORD_CHARS)), words))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::CONTAINER_WEIGHT;

    fn parsed(json: &str, texts: &[&str]) -> Result<[Value; 2], String> {
        let options = parse(json, texts.iter().map(|text| (*text).to_owned()).collect());
        options.map(|options| [options.source, options.query]).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_options_of_source_and_query() {
        let json = r#"[{"a":[1,-2,0.5,1e21,true,null,"é\ud83d\ude00"]},{"__proto__":{"b":"1"}}]"#;
        let source = json!({"a": [1, -2, 0.5, 1e21, true, null, "é😀"]});
        assert_eq!(parsed(json, &[]), Ok([source, json!({"__proto__": {"b": "1"}})]));
        assert_eq!(parsed("[null]", &[]), Ok([Value::Null, Value::Null]));
    }

    #[test]
    fn puts_texts_back_in_order() {
        let json = r#"[{"a":-0,"b":[0,"-0",[-0]]},{"c":-0}]"#;
        let expected = [json!({"a": "x", "b": [0, "-0", ["\""]]}), json!({"c": ""})];
        assert_eq!(parsed(json, &["x", "\"", ""]), Ok(expected));
        // The first parse fails at half an emoji, after a text has already been put back.
        let json = r#"[{"a":-0,"\ud83d":1,"\ud83e":-0,"b":-0}]"#;
        let source = json!({"a": "x", "\u{fffd}": "y", "b": "z"});
        assert_eq!(parsed(json, &["x", "y", "z"]), Ok([source, Value::Null]));
        assert!(parsed("[-0]", &[]).unwrap_err().contains("a text is missing"));
    }

    #[test]
    fn counts_memory_for_text_and_values() {
        let memory = |json: &str, texts: Vec<String>| parse(json, texts).unwrap().memory;
        let values = |json: &str| (memory(json, Vec::new()) - json.len()) / VALUE_BYTES;
        assert_eq!(values("[null]"), CONTAINER_WEIGHT + 1);
        assert_eq!(values(r#"[{"a":[1,2]},{}]"#), 4 * CONTAINER_WEIGHT + 3);
        let json_text = |text: &str| values(&json!([null, {"a": text}]).to_string()) - values(r#"[null,{"a":""}]"#);
        assert_eq!(json_text(" [{},{}]"), 3 * CONTAINER_WEIGHT + 1);
        assert_eq!(json_text("a [{},{}]"), 0);
        assert_eq!(json_text(&"[".repeat(MAX_OPTION_VALUES)), MAX_OPTION_VALUES);
        assert_eq!(memory("[-0]", vec!["x".repeat(100)]), memory("[-0]", vec![String::new()]) + 100);
    }

    #[test]
    fn names_the_option_that_exceeds_a_limit() {
        let error = |limit: &str| parsed(&json!({"limit": limit, "at": "extra_body"}).to_string(), &[]).unwrap_err();
        assert_eq!(error("values"), "Extra body must be smaller: all options together may have at most 1048576 values");
        assert_eq!(error("bytes"), "Extra body must be shorter: all options together may have at most 64 MiB");
        assert_eq!(error("depth"), "Extra body must be nested at most 100 deep");
        assert_eq!(parsed(r#"{"limit":"seconds","at":1.5}"#, &[]), Err("no response within 1.5 s".to_owned()));
        let long = json!({"limit": "values", "at": "x".repeat(1 << 20)}).to_string();
        assert!(parsed(&long, &[]).unwrap_err().len() < 400);
    }

    #[test]
    fn names_the_place_of_a_value_that_json_cannot_express() {
        let unusable = |words: &str| json!({ UNUSABLE: words });
        assert_eq!(super::unusable(&unusable("NaN")), Some("NaN".to_owned().into()));
        for other in [json!({}), json!({"a": "NaN"}), json!({UNUSABLE: "NaN", "a": 1}), json!("NaN")] {
            assert_eq!(super::unusable(&other), None);
        }
        let error = |value: Value| ensure_usable("extra_body", &value).unwrap_err().to_string();
        assert_eq!(error(unusable("a Map")), "Extra body must be a JSON value, got a Map");
        let tools = json!({"seed": 1, "tools": [{}, {"f": unusable("a function")}]});
        assert_eq!(error(tools), "Extra body.tools[1].f must be a JSON value, got a function");
        assert!(error(json!({"x".repeat(1 << 20): unusable("NaN")})).len() < 400);
        assert!(ensure_usable("extra_body", &json!({"a": [1, {"b": null}]})).is_ok());
    }
}
