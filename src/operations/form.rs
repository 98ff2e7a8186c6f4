//! Turns the members of a body into form fields.

use serde_json::{Map, Value};

use crate::input::fields::scalar_text;

/// Names and values of the fields, as `OpenAI`'s libraries write them: each item of a list is a field whose name ends
/// in `[]`, an object is JSON text, and `null` is skipped.
#[must_use]
pub fn fields(body: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| scalar_text(value).unwrap_or_else(|| value.to_string());
    let mut fields = Vec::new();
    for (name, value) in body {
        match value {
            Value::Null => {}
            Value::Array(items) => fields.extend(items.iter().map(|item| (format!("{name}[]"), text(item)))),
            value => fields.push((name.clone(), text(value))),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_a_field_for_each_item_and_json_for_an_object() {
        let body =
            json!({"a": "b", "n": 0.5, "yes": true, "none": null, "list": ["c", 1], "empty": [], "o": {"d": [1]}});
        let expected =
            [("a", "b"), ("n", "0.5"), ("yes", "true"), ("list[]", "c"), ("list[]", "1"), ("o", r#"{"d":[1]}"#)];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fields(body.as_object().unwrap()), expected);
    }
}
