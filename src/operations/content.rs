//! What a user says: a prompt as text or content parts, and images beside it.

use serde_json::{Map, Value, json};

use crate::{
    error::Error,
    fields::{Fields, excerpt, scalar_text},
};

/// First characters of base64 for the image formats that the API takes.
const BASE64_STARTS: [(&str, &str); 4] =
    [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// `prompt` as one text: texts and text parts of an array are joined by line breaks.
///
/// # Errors
/// [`Error::InvalidOption`] if it is missing or holds something that is no text.
pub fn prompt_text(fields: &Fields<'_>) -> Result<String, Error> {
    let value = fields.value("prompt").ok_or_else(missing_prompt)?;
    if let Some(text) = scalar_text(value) {
        return Ok(text);
    }
    let parts = as_list(value);
    let texts: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            scalar_text(part).or_else(|| part.get("text").and_then(scalar_text)).ok_or_else(|| {
                Error::invalid(format!("prompt[{index}]"), format!("must be text, got {}", excerpt(part)))
            })
        })
        .collect::<Result<_, _>>()?;
    if texts.is_empty() { Err(missing_prompt()) } else { Ok(texts.join("\n")) }
}

/// The content of the user's message: `prompt` as text or content parts, with `images`
/// behind it. `None` if neither is set.
///
/// # Errors
/// [`Error::InvalidOption`] naming the part or image that cannot be used.
pub fn user_content(prompt: Option<&Value>, images: Vec<Value>) -> Result<Option<Value>, Error> {
    let mut parts = match prompt {
        None if images.is_empty() => return Ok(None),
        None => Vec::new(),
        Some(value) => match scalar_text(value) {
            Some(text) if images.is_empty() => return Ok(Some(text.into())),
            Some(text) => vec![text_part(&text)],
            None => content_parts("prompt", value)?,
        },
    };
    parts.extend(images);
    Ok(if parts.is_empty() { None } else { Some(parts.into()) })
}

/// `images` as content parts: an address, a data URI, base64 text, an object of `ToolJet`'s
/// file picker, or a list of these.
///
/// # Errors
/// [`Error::InvalidOption`] naming the image's index.
pub fn images(fields: &Fields<'_>) -> Result<Vec<Value>, Error> {
    let Some(value) = fields.value("images") else { return Ok(Vec::new()) };
    let detail = fields.dropdown("image_detail")?;
    let parsed = value.as_str().filter(|text| text.trim_start().starts_with(['[', '{']));
    let parsed = parsed.and_then(|text| serde_json::from_str::<Value>(text).ok());
    as_list(parsed.as_ref().unwrap_or(value))
        .iter()
        .enumerate()
        .filter(|(_, image)| !image.is_null() && image.as_str().is_none_or(|text| !text.trim().is_empty()))
        .map(|(index, image)| {
            let url = image_url(image).map_err(|reason| Error::invalid(format!("images[{index}]"), reason))?;
            let mut image = json!({ "url": url });
            if let Some(detail) = &detail {
                image["detail"] = detail.clone().into();
            }
            Ok(json!({"type": "image_url", "image_url": image}))
        })
        .collect()
}

fn image_url(image: &Value) -> Result<String, String> {
    const EXPECTED: &str = "must be an http(s) address, a data URI, base64 text or a file of a file picker";
    if let Some(text) = image.as_str().map(str::trim) {
        return base64_or_address(text, None).ok_or_else(|| format!("{EXPECTED}, got {}", excerpt(image)));
    }
    let text = |name: &str| image.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text("type").filter(|kind| kind.contains('/'));
    if kind.is_some_and(|kind| !kind.starts_with("image/")) {
        return Err(format!("is a file of type {}, not an image", kind.unwrap_or_default()));
    }
    ["dataURL", "url", "base64Data"]
        .iter()
        .find_map(|name| base64_or_address(text(name)?, kind))
        .ok_or_else(|| format!("{EXPECTED}, got {}", excerpt(image)))
}

fn base64_or_address(text: &str, kind: Option<&str>) -> Option<String> {
    if ["http://", "https://", "data:image/"].iter().any(|start| text.starts_with(start)) {
        return Some(text.to_owned());
    }
    // A data URI of a browser that did not know the type of the file.
    let text = text.strip_prefix("data:").map_or(Some(text), |rest| Some(rest.split_once(";base64,")?.1))?;
    if text.contains(':') {
        return None; // another scheme, such as blob:, which only the browser can open
    }
    let known = BASE64_STARTS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, kind)| *kind);
    Some(format!("data:{};base64,{text}", kind.or(known)?))
}

/// An array of content parts, or a single one. Texts become text parts.
///
/// # Errors
/// [`Error::InvalidOption`] naming the part's index.
pub fn content_parts(field: &str, value: &Value) -> Result<Vec<Value>, Error> {
    as_list(value)
        .iter()
        .enumerate()
        .map(|(index, part)| match part {
            Value::Object(members) if is_content_part(members) => {
                let mut members = members.clone();
                members.retain(|_, value| !value.is_null());
                Ok(members.into())
            }
            _ => scalar_text(part).map(|text| text_part(&text)).ok_or_else(|| {
                Error::invalid(
                    format!("{field}[{index}]"),
                    format!(
                        "must be text or a content part with a type, got {}; to send data as text, use \
                         {{{{JSON.stringify(...)}}}}",
                        excerpt(part)
                    ),
                )
            }),
        })
        .collect()
}

/// Types are the API's to know, but a part of text without a text is a template that came out empty.
fn is_content_part(members: &Map<String, Value>) -> bool {
    match members.get("type").and_then(Value::as_str) {
        Some("text") => members.get("text").is_some_and(Value::is_string),
        kind => kind.is_some_and(|kind| !kind.is_empty()),
    }
}

fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn as_list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// The error of a query without a prompt.
#[must_use]
pub fn missing_prompt() -> Error {
    Error::invalid("prompt", "is missing; enter the text to send")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(value: Value) -> Result<String, String> {
        let options = json!({ "prompt": value });
        prompt_text(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())
    }

    fn urls(value: Value) -> Result<Vec<String>, String> {
        let options = json!({"images": value, "image_detail": "low"});
        let images = images(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())?;
        Ok(images
            .iter()
            .map(|part| {
                assert_eq!((&part["type"], &part["image_url"]["detail"]), (&json!("image_url"), &json!("low")));
                part["image_url"]["url"].as_str().unwrap().to_owned()
            })
            .collect())
    }

    #[test]
    fn a_prompt_is_sent_as_it_is() {
        assert_eq!(prompt(json!("  a\n")).unwrap(), "  a\n");
        assert_eq!(prompt(json!(5)).unwrap(), "5");
        assert_eq!(prompt(json!(["a", {"type": "text", "text": "b"}])).unwrap(), "a\nb");
        for missing in [json!(null), json!(""), json!(" "), json!([])] {
            assert_eq!(prompt(missing).unwrap_err(), "Prompt is missing; enter the text to send");
        }
        assert!(prompt(json!(["a", {"b": 1}])).unwrap_err().starts_with("Prompt[1] must be text"));
    }

    #[test]
    fn content_parts_pass_and_other_objects_are_errors() {
        let content = |value: Value| user_content(Some(&value), Vec::new()).map_err(|error| error.to_string());
        assert_eq!(content(json!(true)).unwrap(), Some(json!("true")));
        let part = json!({"type": "input_audio", "input_audio": {"data": "x", "format": "mp3"}});
        assert_eq!(content(json!(["hear", part])).unwrap(), Some(json!([{"type": "text", "text": "hear"}, part])));
        let image = json!({"type": "image_url", "image_url": {"url": "u"}, "cache": null});
        assert_eq!(content(image).unwrap(), Some(json!([{"type": "image_url", "image_url": {"url": "u"}}])));
        assert!(content(json!({"row": 1})).unwrap_err().contains("{{JSON.stringify(...)}}"));
        for empty in [json!({"type": ""}), json!({"type": "text"}), json!({"type": "text", "text": null})] {
            assert!(content(json!(["a", empty])).unwrap_err().starts_with("Prompt[1] must be"));
        }
    }

    #[test]
    fn images_come_as_address_data_uri_base64_file_or_list() {
        assert_eq!(urls(json!("https://h/a.png")).unwrap(), ["https://h/a.png"]);
        assert_eq!(urls(json!("data:image/png;base64,AA")).unwrap(), ["data:image/png;base64,AA"]);
        assert_eq!(urls(json!("/9j/4AAQ")).unwrap(), ["data:image/jpeg;base64,/9j/4AAQ"]);
        let file = json!({"name": "a.webp", "type": "image/webp", "base64Data": "UklG", "dataURL": ""});
        assert_eq!(urls(json!([file, "", null])).unwrap(), ["data:image/webp;base64,UklG"]);
        assert_eq!(urls(json!(r#"["https://h/a", "https://h/b"]"#)).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_image_names_its_index() {
        assert!(urls(json!(["https://h/a", "a.png"])).unwrap_err().starts_with("Images and files[1] must be"));
        let file = json!({"type": "application/pdf", "dataURL": "data:application/pdf;base64,AA"});
        assert_eq!(
            urls(json!(file)).unwrap_err(),
            "Images and files[0] is a file of type application/pdf, not an image"
        );
    }
}
