//! What the API's strict mode requires of a JSON schema, in return for its guarantee that the output matches.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{budgets::MAX_MESSAGE_CHARS, error::truncate::truncate};

/// Keywords that strict mode supports, from the API's guide to Structured Outputs; its libraries write `$schema`.
const STRICT_KEYWORDS: [&str; 14] = [
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
/// More supported keywords, which fine-tuned models reject.
const STRICT_CONSTRAINTS: [&str; 9] = [
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
const STRICT_FORMATS: [&str; 9] =
    ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"];
/// Annotations, which do not restrict an answer.
const NOTES: [&str; 2] = ["$comment", "$id"];
/// Lookaheads and lookbehinds, which strict mode rejects in patterns.
const LOOKAROUND: [&str; 3] = ["(?=", "(?!", "(?<"];
/// Keywords that contain schemas: by name, as a list, or a single one.
const SCHEMAS_BY_NAME: [&str; 4] = ["$defs", "definitions", "patternProperties", "properties"];
const SCHEMAS_IN_LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// Sets `strict` next to the schema in the member `schema` if the API can guarantee it and the query does not set it.
/// Returns why it could not; `None` if it is set.
pub fn set_strict(beside: &mut Map<String, Value>, schema: &str, is_fine_tuned: bool) -> Option<String> {
    if beside.contains_key("strict") {
        return None;
    }
    let not_strict = looseness(beside.get(schema)?, is_fine_tuned);
    if not_strict.is_none() {
        if let Some(Value::Object(schema)) = beside.get_mut(schema) {
            schema.retain(|name, _| !NOTES.contains(&name.as_str()));
        }
        beside.insert("strict".to_owned(), true.into());
    }
    not_strict
}

/// What is wrong at the first place that is not a valid schema, and that place.
#[must_use]
pub fn misshapen(schema: &Value) -> Option<(&'static str, String)> {
    let Value::Object(members) = schema else { return (!schema.is_boolean()).then(|| ("an object", String::new())) };
    let is_text_list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    let wrong = members.iter().find_map(|(name, value)| {
        let here = |expected| Some((expected, format!(".{name}")));
        match name.as_str() {
            name if SCHEMAS_BY_NAME.contains(&name) && !value.is_object() => here("an object"),
            name if SCHEMAS_IN_LIST.contains(&name) && !value.is_array() => here("an array of schemas"),
            "required" if !is_text_list(value) => here("an array of names"),
            "enum" if !value.is_array() => here("an array of values"),
            "type" if !value.is_string() && !is_text_list(value) => here("the name of a type"),
            _ => None,
        }
    });
    wrong.or_else(|| parts(members).find_map(|(place, part)| misshapen(part).map(|(what, rest)| (what, place + &rest))))
}

/// The nested schemas, each with its path.
fn parts(members: &Map<String, Value>) -> impl Iterator<Item = (String, &Value)> {
    members.iter().flat_map(|(name, value)| -> Box<dyn Iterator<Item = (String, &Value)>> {
        match (name.as_str(), value) {
            (by_name, Value::Object(named)) if SCHEMAS_BY_NAME.contains(&by_name) => {
                Box::new(named.iter().map(move |(key, part)| (format!(".{name}.{key}"), part)))
            }
            (list, Value::Array(items)) if SCHEMAS_IN_LIST.contains(&list) => {
                Box::new(items.iter().enumerate().map(move |(at, part)| (format!(".{name}[{at}]"), part)))
            }
            // Older drafts write a tuple as a list of items.
            ("items", Value::Array(_)) => Box::new(std::iter::empty()),
            ("items" | "not", part) => Box::new(std::iter::once((format!(".{name}"), part))),
            _ => Box::new(std::iter::empty()),
        }
    })
}

/// Explains why strict mode does not support a schema; `None` if it does. Strict mode supports only the keywords above,
/// and every object must require all its properties and allow no others.
fn looseness(schema: &Value, is_fine_tuned: bool) -> Option<String> {
    let (place, reason) = first_loose(schema, true, is_fine_tuned)?;
    Some(truncate(&format!("schema{place} {reason}"), MAX_MESSAGE_CHARS))
}

/// The first place that strict mode does not support, and what is wrong there. The path is built while returning.
fn first_loose(schema: &Value, is_root: bool, is_fine_tuned: bool) -> Option<(String, String)> {
    let here = |reason: String| (String::new(), reason);
    let Value::Object(members) = schema else { return Some(here("allows anything".to_owned())) };
    let unknown = members.iter().find_map(|(name, value)| {
        let has = |what: &str| Some(format!("has {what}"));
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            note if NOTES.contains(&note) && is_root => None,
            constraint if STRICT_CONSTRAINTS.contains(&constraint) && is_fine_tuned => has(name),
            "format" if !STRICT_FORMATS.contains(&text) => has(&format!("the format {text}")),
            "pattern" if LOOKAROUND.iter().any(|group| text.contains(group)) => has("a pattern that looks around"),
            "$ref" if !text.starts_with('#') => has("a $ref to another document"),
            "items" if value.is_array() => has("a list of items"),
            known if STRICT_KEYWORDS.contains(&known) || STRICT_CONSTRAINTS.contains(&known) => None,
            _ => has(name),
        }
    });
    let inside = || {
        parts(members).find_map(|(place, part)| {
            first_loose(part, false, is_fine_tuned).map(|(rest, reason)| (place + &rest, reason))
        })
    };
    unknown.or_else(|| openness(members)).map(here).or_else(inside)
}

/// Explains why an object may have members other than the required ones.
fn openness(members: &Map<String, Value>) -> Option<String> {
    let Some(properties) = members.get("properties").and_then(Value::as_object) else {
        return (members.get("type") == Some(&"object".into())).then(|| "has no properties".to_owned());
    };
    if members.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some("does not have \"additionalProperties\": false".to_owned());
    }
    let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: HashSet<_> = required.filter_map(Value::as_str).collect();
    let optional = properties.keys().find(|name| !required.contains(name.as_str()));
    optional.map(|name| format!("does not require {name}"))
}
