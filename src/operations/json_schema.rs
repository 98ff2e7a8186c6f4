//! The schema of a structured answer. Checked before anything is sent, and strict if the API's strict mode supports it.

use serde_json::{Map, Value};

use super::{
    advanced, is_advanced_off,
    strict_schema::{misshapen, set_strict},
};
use crate::{
    error::{Error, ErrorText, error_text},
    input::fields::{Fields, excerpt},
    policy::capabilities,
};

const KEY: &str = "json_schema";
/// The API's limit for the name of a schema or a function.
pub const MAX_NAME_CHARS: usize = 64;
/// Default name of a schema.
const DEFAULT_NAME: &str = "response";
/// A checked schema.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonSchema {
    /// The member `json_schema` of the request.
    pub member: Value,
    /// Why strict mode is off, if the query leaves the choice to the plugin; `None` if it is on.
    pub not_strict: Option<String>,
}

/// Reads the advanced `json_schema` for `model`: a bare schema, or one wrapped with `name` and `strict` as in the API.
///
/// # Errors
/// [`Error::InvalidOption`] for a schema that is missing or wrong.
pub fn from_fields(fields: &Fields<'_>, model: &str) -> Result<JsonSchema, Error> {
    // The form shows the format above Advanced, and the schema below it.
    let missing = if is_advanced_off(fields) {
        "is only read while Advanced is On. Set Advanced to On and enter the schema that the answer must match"
    } else {
        "is empty. Enter the schema that the answer must match"
    };
    let given = advanced(fields).object(KEY)?.ok_or_else(|| Error::invalid(KEY, missing))?;
    let mut wrapped = wrapped(given);
    check(&wrapped)?;
    let not_strict = set_strict(&mut wrapped, "schema", capabilities::is_fine_tune(model));
    Ok(JsonSchema { member: Value::Object(wrapped), not_strict })
}

/// The schema with a name. Accepts a whole `response_format` of Chat or Responses.
fn wrapped(mut given: Map<String, Value>) -> Map<String, Value> {
    if given.get("type").is_some_and(|kind| kind == KEY) {
        given.shift_remove("type");
        if let Some(Value::Object(inner)) = given.get_mut(KEY) {
            given = std::mem::take(inner);
        }
    }
    given.retain(|_, value| !value.is_null());
    let is_bare = ["type", "properties", "$ref", "anyOf"].iter().any(|name| given.contains_key(*name));
    if is_bare || !(given.contains_key("schema") || given.contains_key("name")) {
        let name = given.get("title").and_then(Value::as_str).filter(|title| is_name(title)).unwrap_or(DEFAULT_NAME);
        return Map::from_iter([("name".to_owned(), name.into()), ("schema".to_owned(), Value::Object(given))]);
    }
    given.entry("name").or_insert_with(|| DEFAULT_NAME.into());
    given
}

fn check(wrapped: &Map<String, Value>) -> Result<(), Error> {
    let wrong = |reason: ErrorText| Err(Error::invalid(KEY, reason));
    if !wrapped["name"].as_str().is_some_and(is_name) {
        return wrong(error_text!["must have a name of 1 to ", MAX_NAME_CHARS, " letters, digits, _ or -"]);
    }
    if wrapped.get("strict").is_some_and(|strict| !strict.is_boolean()) {
        return wrong("must have strict set to true or false".into());
    }
    if let Some(other) = wrapped.get("description").filter(|words| !words.is_string()) {
        return wrong(error_text!["must have text as its description, got ", excerpt(other)]);
    }
    let Some(schema) = wrapped.get("schema").filter(|schema| schema.is_object()) else {
        let got = wrapped.get("schema").map_or("nothing".into(), excerpt);
        return wrong(error_text!["must have an object as its schema, got ", got]);
    };
    if schema["type"] != "object" {
        return wrong("must have the type \"object\" at the top".into());
    }
    if let Some((expected, place)) = misshapen(schema) {
        return wrong(error_text!["must have ", expected, " at schema", place]);
    }
    Ok(())
}

/// Whether the API accepts it as the name of a schema or function: 1 to 64 letters, digits, `_` or `-`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::MAX_MESSAGE_CHARS;

    fn read_for(model: &str, schema: Value) -> Result<JsonSchema, String> {
        let options = json!({ "json_schema": schema });
        from_fields(&Fields::of("queryOptions", &options).unwrap(), model).map_err(|error| error.to_string())
    }

    fn read(schema: Value) -> Result<Value, String> {
        read_for("m", schema).map(|schema| schema.member)
    }

    /// A closed object with one property.
    fn with(property: Value) -> Value {
        json!({"type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false})
    }

    #[test]
    fn wraps_a_bare_schema_and_makes_it_strict_when_possible() {
        let closed = with(json!({"type": "string"}));
        assert_eq!(read(closed.clone()).unwrap(), json!({"name": "response", "schema": closed, "strict": true}));
        let open = json!({"title": "Invoice", "type": "object", "properties": {"a": {"type": "string"}}});
        assert_eq!(read(open.clone()).unwrap(), json!({"name": "Invoice", "schema": open}));
        assert_eq!(read(json!(open.to_string())).unwrap()["schema"], open);
        let wrapped = json!({"name": "n", "strict": false, "schema": closed});
        assert_eq!(read(wrapped.clone()).unwrap(), wrapped);
    }

    #[test]
    fn accepts_a_whole_response_format() {
        let schema = with(json!({"type": "string"}));
        let expected = json!({"name": "n", "schema": schema, "strict": true});
        for format in [
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}),
            json!({"type": "json_schema", "name": "n", "schema": schema, "strict": null}),
        ] {
            assert_eq!(read(format), Ok(expected.clone()));
        }
    }

    #[test]
    fn names_the_place_of_an_invalid_schema() {
        let missing = |advanced: &str| {
            let hidden = if advanced == "off" { json!({"type": "object"}) } else { json!("") };
            let options = json!({"json_schema": hidden, "advanced": advanced});
            from_fields(&Fields::of("queryOptions", &options).unwrap(), "m").unwrap_err().to_string()
        };
        assert_eq!(missing("on"), "JSON schema is empty. Enter the schema that the answer must match");
        assert_eq!(
            missing("off"),
            "JSON schema is only read while Advanced is On. Set Advanced to On and enter the schema that the answer must match"
        );
        let object = || json!({"type": "object"});
        for (schema, words) in [
            (json!("{oops"), "is not valid JSON"),
            (json!({"type": "array"}), "must have the type \"object\" at the top"),
            (json!({"name": "a b", "schema": object()}), "must have a name of 1 to 64 letters, digits, _ or -"),
            (json!({"name": "n".repeat(65), "schema": object()}), "must have a name of 1 to 64"),
            (json!({"name": 5, "schema": object()}), "must have a name of 1 to 64"),
            (json!({"name": "n", "schema": object(), "strict": "yes"}), "must have strict set to true or false"),
            (json!({"name": "n", "schema": object(), "description": 1}), "must have text as its description, got 1"),
            (json!({"name": "n", "schema": "x"}), "must have an object as its schema, got \"x\""),
            (json!({"name": "n"}), "must have an object as its schema, got nothing"),
            (json!({"type": "object", "properties": {"a": 5}}), "must have an object at schema.properties.a"),
            (json!({"type": "object", "properties": []}), "must have an object at schema.properties"),
            (with(json!({"type": 5})), "must have the name of a type at schema.properties.a.type"),
            (with(json!({"type": "array", "items": 5})), "must have an object at schema.properties.a.items"),
            (with(json!({"enum": "x"})), "must have an array of values at schema.properties.a.enum"),
            (with(json!({"anyOf": [true, 1]})), "must have an object at schema.properties.a.anyOf[1]"),
            (with(json!({"anyOf": {}})), "must have an array of schemas at schema.properties.a.anyOf"),
            (json!({"type": "object", "required": "a"}), "must have an array of names at schema.required"),
        ] {
            let error = read(schema).unwrap_err();
            assert!(error.starts_with(&format!("JSON schema {words}")), "{error}");
        }
    }

    #[test]
    fn keeps_strict_mode_on_with_every_supported_keyword() {
        for property in [
            json!({"type": "string", "format": "date-time", "pattern": "^a"}),
            json!({"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 9, "multipleOf": 2}),
            json!({"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1, "maxItems": 3}),
            json!({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}], "description": "d", "title": "t"}),
        ] {
            let mut schema = with(property);
            schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
            schema["$defs"] = json!({"b": with(json!({"const": 1}))});
            let expected = json!({"name": "response", "schema": schema, "strict": true});
            schema["$id"] = "https://example.com/a".into();
            schema["$comment"] = "c".into();
            assert_eq!(read_for("m", schema), Ok(JsonSchema { member: expected, not_strict: None }));
        }
    }

    #[test]
    fn explains_why_strict_mode_is_off() {
        let property = |property: Value| read_for("m", with(property)).unwrap();
        for (schema, reason) in [
            (json!({"type": "object"}), "schema has no properties"),
            (json!({"type": "object", "properties": {}}), "schema does not have \"additionalProperties\": false"),
            (
                json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}),
                "schema does not require a",
            ),
            (with(json!({"type": "string", "minLength": 1})), "schema.properties.a has minLength"),
            (with(json!({"type": "string", "format": "uri"})), "schema.properties.a has the format uri"),
            (with(json!({"type": "string", "default": "b"})), "schema.properties.a has default"),
            (with(json!({"pattern": "(?=a)"})), "schema.properties.a has a pattern that looks around"),
            (with(json!({"$id": "a"})), "schema.properties.a has $id"),
            (with(json!({"$ref": "other.json"})), "schema.properties.a has a $ref to another document"),
            (with(json!({"anyOf": [{"oneOf": []}]})), "schema.properties.a.anyOf[0] has oneOf"),
            (with(json!({"type": "array", "items": true})), "schema.properties.a.items allows anything"),
        ] {
            let read = read_for("m", schema.clone()).unwrap();
            assert_eq!((read.member["schema"].clone(), read.not_strict.as_deref()), (schema, Some(reason)));
            assert_eq!(read.member.get("strict"), None);
        }
        assert_eq!(property(json!({"type": "string"})).not_strict, None);
        // An explicit `strict` wins.
        let chosen = json!({"name": "n", "strict": false, "schema": {"type": "object"}});
        assert_eq!(read_for("m", chosen).unwrap().not_strict, None);
    }

    #[test]
    fn allows_fewer_keywords_for_fine_tuned_models() {
        let schema = || with(json!({"type": "string", "pattern": "^a"}));
        assert_eq!(read_for("gpt-5.4-mini", schema()).unwrap().not_strict, None);
        let fine_tuned = read_for("ft:gpt-4.1:org::id", schema()).unwrap();
        assert_eq!(fine_tuned.not_strict.as_deref(), Some("schema.properties.a has pattern"));
    }

    #[test]
    fn takes_linear_time_for_many_properties() {
        // Searching the whole list for each name would take minutes.
        let names: Vec<_> = (0..100_000).map(|n| format!("property_{n}")).collect();
        let properties: Map<_, _> = names.iter().map(|name| (name.clone(), json!({"type": "string"}))).collect();
        let closed = json!({
            "type": "object", "properties": properties, "required": names, "additionalProperties": false
        });
        assert_eq!(read(closed).unwrap()["strict"], true);
    }

    #[test]
    fn truncates_the_reason_and_builds_only_one_path() {
        // Building a path for each nested property would take terabytes.
        let inside: Map<_, _> = (0..20_000).map(|n| (format!("p{n}"), json!({"type": "string"}))).collect();
        let names: Vec<_> = inside.keys().cloned().collect();
        let long = "x".repeat(10 << 20);
        let inner = json!({"type": "object", "properties": inside, "required": names, "additionalProperties": false});
        let closed = |inner: Value| json!({"type": "object", "properties": {&long: inner}, "required": [long], "additionalProperties": false});
        assert_eq!(read(closed(inner)).unwrap()["strict"], true);
        let reason = read_for("m", closed(json!({"minLength": 1}))).unwrap().not_strict.unwrap();
        assert_eq!(reason.chars().count(), MAX_MESSAGE_CHARS + 1);
    }
}
