//! The user's message: a prompt as text or as content parts.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{history::ComponentMessage, parts};
use crate::{
    error::{Error, ErrorText, error_text},
    input::{
        crossing::ensure_usable,
        fields::{Fields, excerpt, scalar_text},
    },
};

/// The prompt if it is set. For a message of `ToolJet`'s Chat component, its text.
///
/// # Errors
/// [`Error::InvalidOption`] naming the part that is invalid, or if it is a list of messages.
pub fn prompt<'a>(fields: &Fields<'a>) -> Result<Option<Cow<'a, Value>>, Error> {
    let Some(value) = fields.value("prompt") else { return Ok(None) };
    ensure_usable("prompt", value)?;
    if value.as_array().is_some_and(|list| ComponentMessage::is_history(list)) {
        return Err(Error::invalid(
            "prompt",
            "must be the text to answer, got a list of messages; enter the list in Message history",
        ));
    }
    let Some(message) = ComponentMessage::from_prompt(fields, value) else { return Ok(Some(Cow::Borrowed(value))) };
    Ok(message.text().map(|text| Cow::Owned(text.into())))
}

/// The prompt as one text: strings and text parts of an array are joined by line breaks.
///
/// # Errors
/// [`Error::InvalidOption`] if it is missing or contains something that is not text.
pub fn prompt_text(fields: &Fields<'_>) -> Result<String, Error> {
    let value = prompt(fields)?.ok_or_else(missing_prompt)?;
    if let Some(text) = scalar_text(&value) {
        return Ok(text);
    }
    if value.is_object() && value.get("text").is_none() {
        return Err(no_text(&value));
    }
    let parts = as_list(&value);
    let texts: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            scalar_text(part).or_else(|| part.get("text").and_then(scalar_text)).ok_or_else(|| {
                Error::invalid(error_text!["prompt[", index, "]"], error_text!["must be text, got ", excerpt(part)])
            })
        })
        .collect::<Result<_, _>>()?;
    let is_blank = texts.iter().all(|text| text.trim().is_empty());
    if is_blank { Err(missing_prompt()) } else { Ok(texts.join("\n")) }
}

/// The content of the user's message: `prompt` as text or content parts, followed by `files`.
/// `None` if there is neither.
///
/// # Errors
/// [`Error::InvalidOption`] naming the part that cannot be used.
pub fn user_content(prompt: Option<&Value>, files: Vec<Value>) -> Result<Option<Value>, Error> {
    let mut parts = match prompt {
        None if files.is_empty() => return Ok(None),
        None => Vec::new(),
        Some(value) => match scalar_text(value) {
            Some(text) if files.is_empty() => return Ok(Some(text.into())),
            Some(text) => vec![text_part(&text)],
            None if value.is_object() && value.get("type").is_none() => return Err(no_text(value)),
            None => content_parts(&"prompt".into(), value)?,
        },
    };
    parts.extend(files);
    Ok(Some(Value::from(parts)).filter(|content| !is_blank(content)))
}

/// An array of content parts, or a single one. Strings become text parts.
///
/// # Errors
/// [`Error::InvalidOption`] naming the part's index.
pub fn content_parts(field: &ErrorText, value: &Value) -> Result<Vec<Value>, Error> {
    let part = |place: ErrorText, part: &Value| match part {
        Value::Object(members) if members.get("type").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty()) => {
            parts::checked(&place, members)
        }
        _ => scalar_text(part).map(|text| text_part(&text)).ok_or_else(|| {
            let expected = "must be text or a content part with a type, got ";
            Error::invalid(place, error_text![expected, excerpt(part), instead_of(part)])
        }),
    };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| part(error_text![field.clone(), "[", index, "]"], item))
            .collect(),
        single => Ok(vec![part(field.clone(), single)?]),
    }
}

/// What to enter instead of data: the value if it looks like a whole component, or all of it as text.
fn instead_of(data: &Value) -> &'static str {
    match data.get("value") {
        Some(_) => "; to send a component's value, use {{components.name.value}}",
        None => "; to send data as text, use {{JSON.stringify(...)}}",
    }
}

fn no_text(value: &Value) -> Error {
    Error::invalid("prompt", error_text!["must be text, got ", excerpt(value), instead_of(value)])
}

/// Whether the content is blank.
#[must_use]
pub fn is_blank(content: &Value) -> bool {
    let is_blank = |text: &Value| text.as_str().is_some_and(|text| text.trim().is_empty());
    match content {
        Value::Array(parts) => parts.iter().all(|part| part["type"] == "text" && is_blank(&part["text"])),
        text => is_blank(text),
    }
}

fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// The items of an array; any other value is the only item.
#[must_use]
pub fn as_list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// The error of a query without a prompt.
#[must_use]
pub fn missing_prompt() -> Error {
    Error::invalid("prompt", "is empty. Enter the text to send, or check that its template has a value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(value: Value) -> Result<String, String> {
        let options = json!({ "prompt": value });
        prompt_text(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn sends_the_prompt_unchanged() {
        assert_eq!(prompt(json!("  a\n")).unwrap(), "  a\n");
        assert_eq!(prompt(json!(5)).unwrap(), "5");
        assert_eq!(prompt(json!(["a", {"type": "text", "text": "b"}])).unwrap(), "a\nb");
        for missing in [json!(null), json!(""), json!(" "), json!([]), json!(["", {"type": "text", "text": "\n"}])] {
            assert_eq!(
                prompt(missing).unwrap_err(),
                "Prompt is empty. Enter the text to send, or check that its template has a value"
            );
        }
        assert!(prompt(json!(["a", {"b": 1}])).unwrap_err().starts_with("Prompt[1] must be text"));
    }

    #[test]
    fn accepts_content_parts_and_rejects_other_objects() {
        let content = |value: Value| user_content(Some(&value), Vec::new()).map_err(|error| error.to_string());
        assert_eq!(content(json!(true)).unwrap(), Some(json!("true")));
        let part = json!({"type": "input_audio", "input_audio": {"data": "x", "format": "mp3"}});
        assert_eq!(content(json!(["hear", part])).unwrap(), Some(json!([{"type": "text", "text": "hear"}, part])));
        let image = json!({"type": "image_url", "image_url": {"url": "https://h/u"}, "cache": null});
        assert_eq!(content(image).unwrap(), Some(json!([{"type": "image_url", "image_url": {"url": "https://h/u"}}])));
        assert_eq!(content(json!(["", {"type": "text", "text": " "}])), Ok(None));
        assert!(content(json!({"row": 1})).unwrap_err().contains("{{JSON.stringify(...)}}"));
        for empty in [json!({"type": ""}), json!({"type": "text"}), json!({"type": "text", "text": null})] {
            assert!(content(json!(["a", empty])).unwrap_err().starts_with("Prompt[1] must "));
        }
    }

    #[test]
    fn names_the_prompt_when_it_is_an_object() {
        let expected = "Prompt must be text, got an object; to send data as text, use {{JSON.stringify(...)}}";
        assert_eq!(prompt(json!({"a": 1})).unwrap_err(), expected);
        assert_eq!(
            prompt(json!({"value": "Hi"})).unwrap_err(),
            "Prompt must be text, got an object; to send a component's value, use {{components.name.value}}"
        );
        assert_eq!(user_content(Some(&json!({"a": 1})), Vec::new()).unwrap_err().to_string(), expected);
        assert_eq!(prompt(json!({"type": "text", "text": "a"})).unwrap(), "a");
        let part = json!({"type": "file", "file": 1});
        let error = user_content(Some(&part), Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "Prompt must have an object in file, got 1");
    }

    #[test]
    fn names_message_history_when_the_prompt_is_a_list_of_messages() {
        let of_component = json!([{"message": "Hi", "messageId": "1", "type": "message"}]);
        for history in [of_component, json!([{"role": "user", "content": "Hi"}])] {
            assert_eq!(
                prompt(history).unwrap_err(),
                "Prompt must be the text to answer, got a list of messages; enter the list in Message history"
            );
        }
    }

    #[test]
    fn reads_the_text_of_a_chat_component_s_message() {
        let message = |text: Value| json!({"message": text, "messageId": "1", "name": "You", "type": "message"});
        assert_eq!(prompt(message(json!("Hi"))).unwrap(), "Hi");
        assert_eq!(prompt(json!(message(json!("Hi")).to_string())).unwrap(), "Hi");
        assert_eq!(prompt(message(json!({"row": 1}))).unwrap(), "{\"row\":1}");
        assert!(prompt(message(json!(" "))).unwrap_err().starts_with("Prompt is empty"));
        let typed = "{\"message\": \"Hi\", \"type\": \"greeting\"}";
        assert_eq!(prompt(json!(typed)).unwrap(), typed);
    }
}
