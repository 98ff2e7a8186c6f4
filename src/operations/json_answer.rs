//! Finds the JSON in an answer, even after reasoning, among other text, in a Markdown fence, inside a JSON string, or
//! written as JavaScript or Python would.

use std::collections::VecDeque;

use serde_json::{Deserializer, Value};

use crate::input::{lenient_json, loose_json};

/// Tags around reasoning that a model writes as text.
const THINKING: [(&str, &str); 5] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
];
const FENCE: &str = "```";
/// Maximum depth of nested JSON strings.
const MAX_ENCODINGS: usize = 3;
/// Maximum number of places to try, starting at the end.
const MAX_PLACES: usize = 32;
/// Maximum depth of brackets, equal to the parser's.
const MAX_DEPTH: usize = 128;

/// The JSON of an answer. The last value wins, because drafts come first, and a fence wins over text outside it.
/// Several different values without any words are ambiguous and rejected. Takes time proportional to the length of
/// `text`.
///
/// # Errors
/// The parser's error for the whole text if it contains no JSON.
pub fn find(text: &str) -> Result<Value, serde_json::Error> {
    let text = trimmed(text);
    let error = match lenient_json::parse(text) {
        Ok(value) => return Ok(decoded(value)),
        Err(error) => error,
    };
    let answer = trimmed(after_thinking(text));
    if let Ok(value) = lenient_json::parse(answer) {
        return Ok(decoded(value));
    }
    if let Some(values) = sequence(answer) {
        // A model may repeat itself. If the values differ, none of them is the answer.
        return values.iter().all(|value| *value == values[0]).then(|| values[0].clone()).ok_or(error);
    }
    let places: Vec<_> = fenced(answer).into_iter().chain(brackets(answer)).collect();
    let structured = |value: Value| Some(decoded(value)).filter(|value| value.is_object() || value.is_array());
    let strict = |place: &&str| lenient_json::parse(place).ok().and_then(structured);
    let loose = |place: &&str| lenient_json::parse(&loose_json::tidied(place)?).ok().and_then(structured);
    // JSON text in a string that has lost its quotation marks.
    let escaped = || {
        let quoted = answer.contains(r#"\""#).then(|| format!("\"{answer}\""))?;
        lenient_json::parse(&quoted).ok().and_then(structured)
    };
    let found = places.iter().find_map(strict).or_else(escaped).or_else(|| places.iter().find_map(loose));
    found.ok_or(error)
}

/// Whether the text is nothing but tagged reasoning.
#[must_use]
pub fn is_all_thinking(text: &str) -> bool {
    let text = text.trim_start();
    THINKING.iter().any(|(start, _)| text.starts_with(start)) && after_thinking(text).trim().is_empty()
}

/// The text after the model's reasoning. Servers often omit the opening tag.
#[must_use]
pub fn after_thinking(text: &str) -> &str {
    let end = THINKING.iter().filter_map(|(_, end)| Some(text.rfind(end)? + end.len())).max();
    match end {
        Some(end) => &text[end..],
        None if THINKING.iter().any(|(start, _)| text.trim_start().starts_with(start)) => "",
        None => text,
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Decodes a value that is itself JSON text.
fn decoded(mut value: Value) -> Value {
    for _ in 0..MAX_ENCODINGS {
        let Value::String(text) = &value else { break };
        match lenient_json::parse(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => value = inner,
            _ => break,
        }
    }
    value
}

/// The objects and arrays of a text that contains nothing else.
fn sequence(text: &str) -> Option<Vec<Value>> {
    let values: Vec<Value> = Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()?;
    (values.len() > 1 && values.iter().all(|value| value.is_object() || value.is_array())).then_some(values)
}

/// The contents of Markdown fences, last one first.
fn fenced(text: &str) -> VecDeque<&str> {
    let mut found = VecDeque::new();
    for inside in text.split(FENCE).skip(1).step_by(2) {
        // Skip the language.
        let inside = inside.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        keep(&mut found, trimmed(inside));
    }
    found
}

/// The outermost brackets, last one first: objects, then arrays of objects and arrays on their own lines. Any other
/// array in a sentence is probably a footnote.
fn brackets(text: &str) -> impl Iterator<Item = &str> {
    let (mut objects, mut arrays) = (VecDeque::new(), VecDeque::new());
    let mut open = Vec::new();
    let (mut is_string, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if is_string {
            is_string = is_escaped || byte != b'"';
            is_escaped = byte == b'\\' && !is_escaped;
            continue;
        }
        match byte {
            b'"' => is_string = !open.is_empty(),
            b'{' | b'[' if open.len() > MAX_DEPTH => break,
            b'{' | b'[' => open.push((at, byte)),
            b'}' | b']' => match open.pop() {
                // `{` and `}`, and `[` and `]`, are two apart.
                Some((start, bracket)) if bracket + 2 == byte && open.is_empty() => {
                    let place = &text[start..=at];
                    if bracket == b'{' && place.len() > "{}".len() {
                        keep(&mut objects, place);
                    } else if bracket == b'[' && (place[1..].starts_with('{') || has_lines_to_itself(text, start, at)) {
                        keep(&mut arrays, place);
                    }
                }
                Some((_, bracket)) if bracket + 2 == byte => {}
                _ => open.clear(),
            },
            _ => {}
        }
    }
    objects.into_iter().chain(arrays)
}

fn has_lines_to_itself(text: &str, start: usize, last: usize) -> bool {
    let before = text[..start].rsplit('\n').next().unwrap_or_default();
    let after = text[last + 1..].split('\n').next().unwrap_or_default();
    before.trim().is_empty() && after.trim().is_empty()
}

fn keep<'a>(places: &mut VecDeque<&'a str>, place: &'a str) {
    places.push_front(place);
    places.truncate(MAX_PLACES);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(text: &str) -> Value {
        find(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn reads_an_answer_that_is_plain_json() {
        assert_eq!(found(" [1] "), json!([1]));
        assert_eq!(found("\u{feff}\n{\"a\":1}\n"), json!({"a": 1}));
        assert_eq!(found("{\"a\":\"<think>```{}```</think>\"}"), json!({"a": "<think>```{}```</think>"}));
        assert_eq!(found("true"), json!(true));
    }

    #[test]
    fn reads_json_in_a_fence() {
        for text in [
            "```json\n{\"a\":1}\n```",
            "```\n{\"a\":1}```\n",
            "Here is the JSON:\n\n```json\n{\"a\":1}\n```\nDone!",
            "```json {\"a\":1} ```",
            "```JSON\n{\"a\":1}",
            "A draft:\n```json\n{\"a\":0}\n```\nCorrected:\n```json\n{\"a\":1}\n```\n",
            "```json\n{\"a\":1}\n```\nUse it so:\n```js\nread({ a })\n```",
            "Given {\"a\":0}:\n```json\n{\"a\":1}\n```\nand {\"a\":2} is wrong",
        ] {
            assert_eq!(found(text), json!({"a": 1}), "{text}");
        }
        assert_eq!(found("\n```\n[2]```\n"), json!([2]));
    }

    #[test]
    fn reads_json_after_reasoning() {
        for text in [
            "<think>\n{\"a\":0}?\n</think>\n\n{\"a\":1}",
            "maybe {\"a\":0}</think>{\"a\":1}",
            "<thinking>```json\n{\"a\":0}\n```</thinking>\n```json\n{\"a\":1}\n```",
            "[THINK]{\"a\":0}[/THINK]The answer: {\"a\":1}",
            "Perhaps {\"a\":0}. No, it is {\"a\":1}.",
        ] {
            assert_eq!(found(text), json!({"a": 1}), "{text}");
        }
        for text in ["<think>{\"a\":0}", "<think>{\"a\":0}</think>", "<think>{\"a\":0}</think> I cannot say."] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_json_among_other_text() {
        assert_eq!(found("Sure! {\"a\":[1,{\"b\":\"}\"}]} Anything else [1]?"), json!({"a": [1, {"b": "}"}]}));
        assert_eq!(found("Sure: [{\"a\":1},{\"a\":2}]."), json!([{"a": 1}, {"a": 2}]));
        assert_eq!(found("The list:\n[\"a\", \"b\"]\nThat is all."), json!(["a", "b"]));
        for text in ["Sure! {}", "I cannot do that [1].", "See [1]: a", "", "{", "}{", "]", "a } b { c"] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_several_different_values_without_words() {
        assert_eq!(found("{\"a\":1}\n{\"a\":1}\n"), json!({"a": 1}));
        for text in ["{\"a\":1}\n{\"a\":2}", "[1][2]", "<think>hm</think>{\"a\":1} {\"b\":1}"] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_part_of_a_truncated_answer() {
        for text in [
            "{\"rows\":[{\"a\":1},{\"a\":2},{\"a\":",
            "```json\n{\"rows\":[{\"a\":1},{\"a\":2},",
            "Here it is: [{\"a\":1},\n[2]\n",
            "{\"text\": \"{\\\"a\\\": 1}",
        ] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_json_inside_json_strings() {
        let encoded = |value: &Value| Value::String(value.to_string());
        let once = encoded(&json!({"a": "b"}));
        assert_eq!(found(&once.to_string()), json!({"a": "b"}));
        assert_eq!(found(&encoded(&once).to_string()), json!({"a": "b"}));
        assert_eq!(found(&format!("```json\n{once}\n```")), json!({"a": "b"}));
        assert_eq!(found(r#"{\"a\": \"b\"}"#), json!({"a": "b"}));
        assert_eq!(found("\"just text\""), json!("just text"));
        assert_eq!(found("\"5\""), json!("5"));
    }

    #[test]
    fn reads_javascript_and_python_notation() {
        assert_eq!(found("{\"a\": [1, 2,], }"), json!({"a": [1, 2]}));
        assert_eq!(found("Here: {'a': True, 'b': None,}"), json!({"a": true, "b": null}));
        assert_eq!(found("```js\n{\n  // one\n  a: 1,\n}\n```"), json!({"a": 1}));
        assert_eq!(found("{\"a\": \"two\nlines\"}"), json!({"a": "two\nlines"}));
    }

    #[test]
    fn recognizes_text_that_is_only_reasoning() {
        for text in ["<think>a</think>", "\n<think>a</think>\n", "<think>a", "<thinking></thinking>"] {
            assert!(is_all_thinking(text), "{text}");
        }
        for text in ["", "a", "a</think>", "<think>a</think>b", "Say <think>"] {
            assert!(!is_all_thinking(text), "{text}");
        }
    }

    #[test]
    fn takes_linear_time() {
        // Scanned again from each bracket, fence or quotation mark, these would take hours.
        for unit in
            ["{", "[", "{\"a\":", "[1,", "```", "```{", "{}-", "{a}", "\"", "{'", "<think>", "</think>", "[\n]-"]
        {
            assert!(find(&unit.repeat((1 << 20) / unit.len())).is_err(), "{unit}");
        }
    }
}
