//! Structured answers: `response_format` and `json_schema`, checked before anything is sent.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{advanced, is_advanced_off};
use crate::{
    error::{Error, ErrorText, error_text},
    input::fields::Fields,
};

/// Longest name of a schema.
const MAX_NAME_CHARS: usize = 64;
/// Name of a schema that has none.
const DEFAULT_NAME: &str = "response";

/// What form an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Free text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema,
}

/// Reads `response_format` (`text`, `json_object`, `json_schema`) and the advanced `json_schema`,
/// and returns the format with the request member, if there is one to send.
///
/// # Errors
/// [`Error::InvalidOption`] for an unknown format, or a schema that is missing or wrong.
pub fn from_fields(fields: &Fields<'_>) -> Result<(Format, Option<Value>), Error> {
    let formats = [("text", Format::Text), ("json_object", Format::JsonObject), ("json_schema", Format::JsonSchema)];
    Ok(match fields.choice("response_format", &formats)? {
        // "text" is the API's default, and some compatible servers do not know the member.
        None | Some(Format::Text) => (Format::Text, None),
        Some(Format::JsonObject) => (Format::JsonObject, Some(json!({"type": "json_object"}))),
        Some(Format::JsonSchema) => {
            let schema = json_schema(fields)?;
            (Format::JsonSchema, Some(json!({"type": "json_schema", "json_schema": schema})))
        }
    })
}

/// A bare JSON schema, or one wrapped with `name` and `strict` as the API takes it.
fn json_schema(fields: &Fields<'_>) -> Result<Value, Error> {
    let wrong = |reason: ErrorText| Error::invalid("json_schema", reason);
    // The format is chosen above Advanced, and the schema is below it.
    let missing = if is_advanced_off(fields) {
        "is only read while Advanced is On. Set Advanced to On and enter the schema that the answer must match"
    } else {
        "is empty. Enter the schema that the answer must match"
    };
    let given = advanced(fields).object("json_schema")?.ok_or_else(|| wrong(missing.into()))?;
    let is_wrapped = given.get("schema").is_some_and(Value::is_object) && !given.contains_key("properties");
    let mut wrapped = if is_wrapped {
        given
    } else {
        let name = given.get("title").and_then(Value::as_str).filter(|title| is_name(title));
        let name = name.unwrap_or(DEFAULT_NAME).to_owned();
        Map::from_iter([("name".to_owned(), name.into()), ("schema".to_owned(), Value::Object(given))])
    };
    let name = wrapped.entry("name").or_insert_with(|| DEFAULT_NAME.into());
    if !name.as_str().is_some_and(is_name) {
        return Err(wrong(error_text!["must have a name of 1 to ", MAX_NAME_CHARS, " letters, digits, _ or -"]));
    }
    wrapped.retain(|_, value| !value.is_null());
    if wrapped.get("strict").is_some_and(|strict| !strict.is_boolean()) {
        return Err(wrong("must have strict set to true or false".into()));
    }
    let schema = &wrapped["schema"];
    if schema["type"] != "object" {
        return Err(wrong("must have the type \"object\" at the top".into()));
    }
    if let Some(place) = misshapen(schema) {
        return Err(wrong(error_text!["must have an object at schema", place]));
    }
    if !wrapped.contains_key("strict") && is_strict(schema) {
        wrapped.insert("strict".to_owned(), true.into());
    }
    Ok(Value::Object(wrapped))
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The first place where a schema cannot be one.
fn misshapen(schema: &Value) -> Option<String> {
    let Value::Object(members) = schema else { return (!schema.is_boolean()).then(String::new) };
    if let Some(properties) = members.get("properties") {
        let Value::Object(properties) = properties else { return Some(".properties".to_owned()) };
        let wrong = properties
            .iter()
            .find_map(|(name, property)| misshapen(property).map(|place| format!(".properties.{name}{place}")));
        if wrong.is_some() {
            return wrong;
        }
    }
    let items = members.get("items").filter(|items| !items.is_array())?;
    misshapen(items).map(|place| format!(".items{place}"))
}

/// Whether the API's strict mode takes this schema: nothing but the keywords it knows, and
/// every object lists all its properties as required and allows no others. Strict mode
/// guarantees the fit, so it is used if it can be.
fn is_strict(schema: &Value) -> bool {
    const KEYWORDS: [&str; 11] = [
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "description",
        "enum",
        "items",
        "properties",
        "required",
        "title",
    ];
    let Value::Object(members) = schema else { return false };
    let each = |name: &str| match members.get(name) {
        None => true,
        Some(Value::Object(named)) if name != "items" => named.values().all(is_strict),
        Some(Value::Array(items)) => items.iter().all(is_strict),
        Some(item) => is_strict(item),
    };
    let is_object = members.get("type") == Some(&"object".into());
    let closed = members.get("properties").and_then(Value::as_object).map_or(!is_object, |properties| {
        let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
        let required: HashSet<_> = required.filter_map(Value::as_str).collect();
        members.get("additionalProperties") == Some(&Value::Bool(false))
            && properties.keys().all(|name| required.contains(name.as_str()))
    });
    members.keys().all(|name| name == "type" || KEYWORDS.contains(&name.as_str()))
        && closed
        && ["properties", "$defs", "items", "anyOf"].into_iter().all(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: Value) -> Result<Option<Value>, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        from_fields(&fields).map(|(_, member)| member).map_err(|error| error.to_string())
    }

    fn schema(schema: Value) -> Result<Value, String> {
        read(json!({"response_format": "json_schema", "json_schema": schema}))
            .map(|member| member.unwrap()["json_schema"].clone())
    }

    #[test]
    fn text_is_the_default_and_is_not_sent() {
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
    fn a_bare_schema_is_wrapped_and_strict_where_it_can_be() {
        let closed = json!({
            "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false
        });
        assert_eq!(schema(closed.clone()).unwrap(), json!({"name": "response", "schema": closed, "strict": true}));
        let open = json!({"title": "Invoice", "type": "object", "properties": {"a": {"type": "string"}}});
        assert_eq!(schema(open.clone()).unwrap(), json!({"name": "Invoice", "schema": open}));
        assert_eq!(schema(json!(open.to_string())).unwrap()["schema"], open);
        let wrapped = json!({"name": "n", "strict": false, "schema": closed});
        assert_eq!(schema(wrapped.clone()).unwrap(), wrapped);
    }

    #[test]
    fn a_wrong_schema_is_an_error_that_says_where() {
        let missing = |advanced: &str| {
            let hidden = if advanced == "off" { json!({"type": "object"}) } else { json!("") };
            read(json!({"response_format": "json_schema", "json_schema": hidden, "advanced": advanced})).unwrap_err()
        };
        assert_eq!(missing("on"), "JSON schema is empty. Enter the schema that the answer must match");
        assert_eq!(
            missing("off"),
            "JSON schema is only read while Advanced is On. Set Advanced to On and enter the schema that the answer must match"
        );
        assert!(schema(json!("{oops")).unwrap_err().contains("not valid JSON"));
        assert!(schema(json!({"type": "array"})).unwrap_err().contains("type \"object\" at the top"));
        assert!(
            schema(json!({"type": "object", "properties": {"a": 5}}))
                .unwrap_err()
                .ends_with("must have an object at schema.properties.a")
        );
        assert!(schema(json!({"name": "a b", "schema": {"type": "object"}})).unwrap_err().contains("must have a name"));
    }

    #[test]
    fn a_schema_of_many_properties_takes_no_longer_than_reading_it() {
        // Each name looked for in the whole list of them would take minutes.
        let names: Vec<_> = (0..100_000).map(|n| format!("property_{n}")).collect();
        let properties: Map<_, _> = names.iter().map(|name| (name.clone(), json!({"type": "string"}))).collect();
        let closed = json!({
            "type": "object", "properties": properties, "required": names, "additionalProperties": false
        });
        assert_eq!(schema(closed).unwrap()["strict"], true);
    }
}
