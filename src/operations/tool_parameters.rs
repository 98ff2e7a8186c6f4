//! A function's parameters: a JSON schema, or a short form for people who do not know schemas.
//!
//! ```json
//! {"city": "the city, such as Oslo", "days?": "integer: how many, up to 7", "unit": ["celsius", "fahrenheit"],
//!  "tags": "string[]", "lines": [{"sku": "string", "quantity": "integer"}]}
//! ```

use serde_json::{Map, Value, json};

use super::strict_schema::misshapen;
use crate::{
    budgets::MAX_WORD_CHARS,
    error::{Error, ErrorText, error_text, truncate::truncate},
    input::fields::excerpt,
};

/// Types with a name in the short form.
const TYPES: [&str; 4] = ["string", "number", "integer", "boolean"];
/// Types that do not describe their contents, which the short form writes out instead.
const CONTAINERS: [&str; 2] = ["array", "object"];
/// Members that mark a parameter as a schema.
const OF_SCHEMAS: [&str; 7] = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"];
/// Members that mark all the parameters as one schema. In the short form, `type` may be a parameter's name.
const OF_OBJECT_SCHEMAS: [&str; 3] = ["$ref", "$defs", "$schema"];

/// The schema of the parameters at `place`.
///
/// # Errors
/// [`Error::InvalidOption`] naming the place that is neither an object's schema nor the short form.
pub fn schema_of(place: &ErrorText, given: Option<Value>) -> Result<Value, Error> {
    let invalid = |at: String, reason| Error::invalid(error_text![place.clone(), at], reason);
    let schema = match given.unwrap_or_default() {
        Value::Null => object_of(Map::new()),
        Value::Object(members) if is_schema(&members) => Ok(with_type(members)),
        Value::Object(members) => object_of(members),
        other => return Err(invalid(String::new(), error_text!["must be an object, got ", excerpt(&other)])),
    };
    let schema = schema.map_err(|wrong| invalid(wrong.at, error_text![EXPECTED, excerpt(&wrong.got)]))?;
    if schema["type"] != "object" {
        return Err(invalid(String::new(), "must have the type \"object\" at the top".into()));
    }
    match misshapen(&schema) {
        None => Ok(schema),
        Some((expected, at)) => Err(invalid(at, error_text!["must be ", expected])),
    }
}

fn is_schema(members: &Map<String, Value>) -> bool {
    members.get("type").is_some_and(|kind| kind == "object" || kind.is_array())
        || members.get("properties").is_some_and(Value::is_object)
        || OF_OBJECT_SCHEMAS.iter().any(|name| members.contains_key(*name))
}

fn with_type(mut members: Map<String, Value>) -> Value {
    members.entry("type").or_insert_with(|| "object".into());
    members.into()
}

/// A value that the short form does not allow.
struct Wrong {
    /// Its path below the parameters.
    at: String,
    got: Value,
}

const EXPECTED: &str =
    "must be a type such as \"string\" or \"string[]\", a description, a list of allowed values or an object, got ";

impl Wrong {
    fn new(got: Value) -> Self {
        Self { at: String::new(), got }
    }

    /// Extends the path while returning; building one for each parameter would take too long.
    fn below(self, name: &str) -> Self {
        Self { at: format!(".{}{}", truncate(name, MAX_WORD_CHARS), self.at), ..self }
    }
}

/// The schema of an object with exactly these members, each in the short form. A `?` makes a member optional.
fn object_of(members: Map<String, Value>) -> Result<Value, Wrong> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, value) in members {
        let property = property(value).map_err(|wrong| wrong.below(&name))?;
        if let Some(optional) = name.strip_suffix('?') {
            properties.insert(optional.to_owned(), property);
        } else {
            required.push(Value::from(name.as_str()));
            properties.insert(name, property);
        }
    }
    // `json!` would copy the values at every depth.
    Ok(Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), properties.into()),
        ("required".to_owned(), required.into()),
        ("additionalProperties".to_owned(), false.into()),
    ])
    .into())
}

fn property(value: Value) -> Result<Value, Wrong> {
    match value {
        Value::String(words) if CONTAINERS.contains(&words.trim()) => Err(Wrong::new(words.into())),
        Value::String(words) => Ok(described(&words)),
        Value::Object(members) if OF_SCHEMAS.iter().any(|name| members.contains_key(*name)) => Ok(members.into()),
        Value::Object(members) => object_of(members),
        Value::Array(mut items) => match items.as_slice() {
            [Value::Object(_)] => {
                let items = property(items.remove(0))?;
                Ok(Map::from_iter([("type".to_owned(), "array".into()), ("items".to_owned(), items)]).into())
            }
            [_, ..] if items.iter().all(Value::is_string) => Ok(json!({"type": "string", "enum": items})),
            [_, ..] if items.iter().all(Value::is_number) => Ok(json!({"type": "number", "enum": items})),
            _ => Err(Wrong::new(items.into())),
        },
        other => Err(Wrong::new(other)),
    }
}

/// `TYPE`, `TYPE: description`, or only the description of a string. `TYPE[]` is a list.
fn described(words: &str) -> Value {
    let (kind, description) = words.split_once(':').unwrap_or((words, ""));
    let item = kind.trim().trim_end_matches("[]");
    let known = TYPES.iter().find(|known| item.eq_ignore_ascii_case(known));
    let mut schema = match known {
        Some(item) if kind.contains("[]") => json!({"type": "array", "items": {"type": item}}),
        Some(kind) => json!({"type": kind}),
        None => json!({"type": "string"}),
    };
    let description = if known.is_some() { description.trim() } else { words.trim() };
    if !description.is_empty() {
        schema["description"] = description.into();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: Value) -> Result<Value, String> {
        schema_of(&"tools[1].parameters".into(), Some(parameters)).map_err(|error| error.to_string())
    }

    fn closed(properties: Value, required: Value) -> Value {
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    #[test]
    fn turns_the_short_form_into_a_schema() {
        let short = json!({
            "city": "the city, such as Oslo", "at": "string: as in 10:30", "days?": " Integer ", "tags": "string[]: labels",
            "unit": ["celsius", "fahrenheit"], "size": [1, 2.5], "who": {"name": "string"}, "type": "boolean",
            "lines": [{"sku": "string"}], "note": ""
        });
        let properties = json!({
            "city": {"type": "string", "description": "the city, such as Oslo"},
            "at": {"type": "string", "description": "as in 10:30"},
            "days": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}, "description": "labels"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "size": {"type": "number", "enum": [1, 2.5]},
            "who": closed(json!({"name": {"type": "string"}}), json!(["name"])),
            "type": {"type": "boolean"},
            "lines": {"type": "array", "items": closed(json!({"sku": {"type": "string"}}), json!(["sku"]))},
            "note": {"type": "string"}
        });
        let required = json!(["city", "at", "tags", "unit", "size", "who", "type", "lines", "note"]);
        assert_eq!(read(short), Ok(closed(properties, required)));
        for none in [json!(null), json!({})] {
            assert_eq!(read(none), Ok(closed(json!({}), json!([]))));
        }
    }

    #[test]
    fn keeps_a_schema_unchanged() {
        for schema in [
            json!({"type": "object"}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": []}),
            json!({"$schema": "s", "type": "object", "description": "d"}),
        ] {
            assert_eq!(read(schema.clone()), Ok(schema));
        }
        let untyped = json!({"properties": {"a": {"type": "string"}}});
        assert_eq!(read(untyped.clone()).unwrap()["properties"], untyped["properties"]);
        assert_eq!(read(untyped).unwrap()["type"], "object");
        let inside = json!({"a": {"type": "string", "format": "date"}, "b": {"anyOf": [{"type": "null"}]}});
        assert_eq!(read(inside.clone()).unwrap()["properties"], inside);
    }

    #[test]
    fn names_the_place_that_is_neither() {
        for (parameters, words) in [
            (json!("city"), " must be an object, got \"city\""),
            (json!([]), " must be an object, got an array of 0 items"),
            (json!({"type": ["object", "null"]}), " must have the type \"object\" at the top"),
            (json!({"type": "string", "properties": {}}), " must have the type \"object\" at the top"),
            (json!({"type": "object", "properties": {"a": 5}}), ".properties.a must be an object"),
            (json!({"type": "object", "required": "a"}), ".required must be an array of names"),
            (json!({"a": {"enum": 5}}), ".properties.a.enum must be an array of values"),
        ] {
            assert_eq!(read(parameters), Err(format!("Tools[1].parameters{words}")));
        }
        for (parameters, at, got) in [
            (json!({"a": 5}), ".a", "5"),
            (json!({"a": {"b": null}}), ".a.b", "null"),
            (json!({"a": []}), ".a", "an array of 0 items"),
            (json!({"a": ["b", 5]}), ".a", "an array of 2 items"),
            (json!({"a": [{"b": true}]}), ".a.b", "true"),
            (json!({"type": "array", "items": {"type": "string"}}), ".type", "\"array\""),
        ] {
            assert_eq!(read(parameters), Err(format!("Tools[1].parameters{at} {EXPECTED}{got}")));
        }
    }

    #[test]
    fn takes_linear_time_for_many_nested_parameters() {
        // Copying them at each depth, or building a path for each, would take minutes.
        let many: Map<_, _> = (0..50_000).map(|n| (format!("p{n}"), json!("string"))).collect();
        let deep = (0..90).fold(Value::Object(many), |inner, _| Map::from_iter([("x".repeat(100), inner)]).into());
        let mut schema = &read(deep).unwrap();
        while let Some(inner) = schema["properties"].get("x".repeat(100)) {
            schema = inner;
        }
        assert_eq!(schema["required"].as_array().unwrap().len(), 50_000);
    }
}
