//! Whether the API's strict mode takes a JSON schema. Strict mode guarantees the fit, so it is used if it can be.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// What strict mode knows, by the API's guide to structured outputs (2026-11). `$schema` says nothing about the answer.
const KEYWORDS: [&str; 14] = [
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "definitions",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "title",
    "type",
];
/// What it knows for a model that is not fine-tuned.
const CONSTRAINTS: [&str; 9] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "multipleOf",
    "pattern",
];
/// The values of `format` that it knows.
const FORMATS: [&str; 9] = ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"];

/// Why strict mode does not take `schema`, in words that continue "left off: "; `None` if it does.
///
/// Every object must list all its properties as required and allow no others, and there must be no keyword that
/// strict mode does not know.
pub(super) fn obstacle(schema: &Value, is_fine_tune: bool) -> Option<&'static str> {
    let Value::Object(members) = schema else { return Some("a schema is no object") };
    keywords(members, is_fine_tune).or_else(|| open_object(members)).or_else(|| {
        let of = |schema: &Value| obstacle(schema, is_fine_tune);
        let named =
            ["properties", "$defs", "definitions"].into_iter().filter_map(|name| members.get(name)?.as_object());
        let listed = ["items", "anyOf"].into_iter().filter_map(|name| members.get(name)?.as_array());
        let single = members.get("items").filter(|items| !items.is_array());
        let in_named = named.flat_map(Map::values).find_map(of);
        in_named.or_else(|| listed.flatten().find_map(of)).or_else(|| single.and_then(of))
    })
}

fn keywords(members: &Map<String, Value>, is_fine_tune: bool) -> Option<&'static str> {
    let is_constraint = |name: &str| CONSTRAINTS.contains(&name);
    if members.keys().any(|name| !(KEYWORDS.contains(&name.as_str()) || is_constraint(name))) {
        return Some("the schema has a keyword that strict mode does not take");
    }
    if is_fine_tune && members.keys().any(|name| is_constraint(name)) {
        return Some("the schema has a keyword that strict mode does not take for a fine-tuned model");
    }
    let is_unknown = |format: &Value| !format.as_str().is_some_and(|format| FORMATS.contains(&format));
    members.get("format").is_some_and(is_unknown).then_some("the schema has a format that strict mode does not take")
}

/// Of an object that leaves something open.
fn open_object(members: &Map<String, Value>) -> Option<&'static str> {
    let Some(properties) = members.get("properties").and_then(Value::as_object) else {
        let is_object = members.get("type").is_some_and(|kind| *kind == "object");
        return is_object.then_some("an object has no properties");
    };
    if members.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some("an object has no additionalProperties: false");
    }
    let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: HashSet<_> = required.filter_map(Value::as_str).collect();
    let is_optional = |name: &String| !required.contains(name.as_str());
    properties.keys().any(is_optional).then_some("an object does not list all its properties as required")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A closed object whose property `a` is this.
    fn with(property: Value) -> Value {
        json!({"type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false})
    }

    #[test]
    fn takes_what_the_guide_of_the_api_lists() {
        let mut whole = with(json!({"$ref": "#/$defs/b"}));
        whole["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        whole["$defs"] = json!({"b": with(json!({"type": "string"}))});
        for schema in [
            whole,
            with(json!({"type": ["string", "null"], "pattern": "^a", "format": "date-time"})),
            with(json!({"type": "array", "minItems": 1, "maxItems": 9, "items": {"type": "number", "minimum": 0}})),
            with(json!({"anyOf": [{"type": "integer", "multipleOf": 2}, with(json!({"const": 1}))]})),
        ] {
            assert_eq!(obstacle(&schema, false), None, "{schema}");
        }
    }

    #[test]
    fn says_why_it_does_not_take_a_schema() {
        let keyword = "the schema has a keyword that strict mode does not take";
        let open = "an object has no additionalProperties: false";
        for (property, expected) in [
            (json!({"type": "string", "minLength": 1}), keyword),
            (json!({"type": "string", "default": "x"}), keyword),
            (json!({"oneOf": []}), keyword),
            (json!({"type": "string", "format": "uri"}), "the schema has a format that strict mode does not take"),
            (json!({"type": "object"}), "an object has no properties"),
            (json!({"type": "object", "properties": {}}), open),
            (json!({"items": {"type": "object", "properties": {}}}), open),
            (json!({"items": [{"type": "object", "properties": {}}]}), open),
            (json!({"anyOf": [{"type": "object", "properties": {}}]}), open),
            (json!({"definitions": {"b": {"type": "object", "properties": {}}}}), open),
            (json!(true), "a schema is no object"),
        ] {
            assert_eq!(obstacle(&with(property.clone()), false), Some(expected), "{property}");
        }
        let mut optional = with(json!({"type": "string"}));
        optional["required"] = json!([]);
        assert_eq!(obstacle(&optional, false), Some("an object does not list all its properties as required"));
    }

    #[test]
    fn takes_fewer_keywords_for_a_fine_tuned_model() {
        let schema = with(json!({"type": "array", "minItems": 1, "items": {"type": "string"}}));
        assert!(obstacle(&schema, true).unwrap().ends_with("for a fine-tuned model"));
        assert_eq!(obstacle(&with(json!({"type": "string"})), true), None);
    }
}
