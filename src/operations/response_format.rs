//! Structured answers: `response_format` and `json_schema`, checked before anything is sent.

use serde_json::{Value, json};

use super::json_schema;
use crate::{error::Error, input::fields::Fields};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Free text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that matches a schema.
    JsonSchema,
}

/// A requested format.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseFormat {
    /// How to read the answer.
    pub format: Format,
    /// The member `response_format` of the request, if one is sent.
    pub member: Option<Value>,
    /// Explains why strict mode is off.
    pub not_strict: Option<String>,
}

/// Reads `response_format` (`text`, `json_object`, `json_schema`) and the advanced `json_schema`.
///
/// # Errors
/// [`Error::InvalidOption`] for an unknown format, or a missing or invalid schema.
pub fn from_fields(fields: &Fields<'_>, model: &str) -> Result<ResponseFormat, Error> {
    let formats = [("text", Format::Text), ("json_object", Format::JsonObject), ("json_schema", Format::JsonSchema)];
    let format = fields.choice("response_format", &formats)?.unwrap_or(Format::Text);
    let (member, not_strict) = match format {
        // "text" is the API's default, and some compatible servers do not know the member.
        Format::Text => (None, None),
        Format::JsonObject => (Some(json!({"type": "json_object"})), None),
        Format::JsonSchema => {
            let schema = json_schema::from_fields(fields, model)?;
            (Some(json!({"type": "json_schema", "json_schema": schema.member})), schema.not_strict)
        }
    };
    Ok(ResponseFormat { format, member, not_strict })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: Value) -> Result<Option<Value>, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        from_fields(&fields, "m").map(|format| format.member).map_err(|error| error.to_string())
    }

    #[test]
    fn does_not_send_the_default_text() {
        assert_eq!(read(json!({})), Ok(None));
        assert_eq!(read(json!({"response_format": "text", "json_schema": "junk"})), Ok(None));
        assert_eq!(read(json!({"response_format": "json_object"})), Ok(Some(json!({"type": "json_object"}))));
        assert!(
            read(json!({"response_format": "xml"}))
                .unwrap_err()
                .contains("must be one of text, json_object, json_schema")
        );
    }

    #[test]
    fn sends_a_schema_with_its_format() {
        let options = json!({"response_format": "JSON_Schema", "json_schema": {"type": "object"}});
        let expected =
            json!({"type": "json_schema", "json_schema": {"name": "response", "schema": {"type": "object"}}});
        assert_eq!(read(options), Ok(Some(expected)));
        assert!(read(json!({"response_format": "json_schema"})).unwrap_err().starts_with("JSON schema is empty"));
    }
}
