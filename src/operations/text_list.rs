//! A list of short strings in one field.

use serde_json::Value;

use crate::{
    error::{Error, ErrorText, error_text},
    input::{
        fields::{excerpt, scalar_text},
        lenient_json::is_json_text,
    },
};

/// The trimmed strings in `value`, without blank ones: an array, its JSON text, or text separated by commas.
///
/// # Errors
/// [`Error::InvalidOption`] naming `field` for anything else.
pub fn text_list(field: &ErrorText, value: Option<&Value>) -> Result<Vec<String>, Error> {
    let wrong = |reason: ErrorText| Error::invalid(field.clone(), reason);
    let parsed = match value {
        Some(Value::String(text)) if is_json_text(text) => serde_json::from_str::<Value>(text).ok(),
        _ => None,
    };
    let texts: Vec<_> = match parsed.as_ref().or(value) {
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| scalar_text(item).ok_or_else(|| wrong(error_text!["must be strings, got ", excerpt(item)])))
            .collect::<Result<_, _>>()?,
        Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
        None => Vec::new(),
        Some(other) => return Err(wrong(error_text!["must be a list of strings, got ", excerpt(other)])),
    };
    Ok(texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn accepts_a_list_its_json_or_text_with_commas() {
        let read = |value: Value| text_list(&"keywords".into(), Some(&value)).map_err(|error| error.to_string());
        for value in [json!(["a b", " c ", "", 5]), json!(r#"["a b", "c", 5]"#), json!("a b, c,,5 ")] {
            assert_eq!(read(value.clone()).unwrap(), ["a b", "c", "5"], "{value}");
        }
        assert_eq!(read(json!("[sic], a")).unwrap(), ["[sic]", "a"]);
        assert_eq!(text_list(&"keywords".into(), None).unwrap(), [""; 0]);
        assert_eq!(read(json!(["a", {}])).unwrap_err(), "Keywords must be strings, got an object");
        assert_eq!(read(json!({"a": 1})).unwrap_err(), "Keywords must be a list of strings, got an object");
    }
}
