//! The functions that a model may call, and which one it must call.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    json_schema::{MAX_NAME_CHARS, is_name},
    strict_schema::set_strict,
    tool_parameters::schema_of,
};
use crate::{
    error::{Error, ErrorText, error_text},
    input::{
        crossing::ensure_usable,
        fields::{Fields, excerpt},
        lenient_json::is_json_text,
    },
    policy::capabilities::is_fine_tune,
};

const KEY: &str = "tools";
const CHOICE: &str = "tool_choice";
/// Choices other than a function.
const MODES: [&str; 3] = ["auto", "none", "required"];

/// Reads `tools` for `model` into Chat's shape. It is an array of functions in the shape of Chat or Responses, with or
/// without a `type`, or an object that maps names to parameters: `{"get_weather": {"city": "string"}}`.
///
/// # Errors
/// [`Error::InvalidOption`] naming a function that is invalid or whose name is taken.
pub fn from_fields(fields: &Fields<'_>, model: &str) -> Result<Vec<Value>, Error> {
    let given: Vec<(ErrorText, Definition)> = match fields.json(KEY)? {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| (error_text![KEY, "[", index, "]"], Definition::Whole(item)))
            .collect(),
        Some(Value::Object(members)) if is_definition(&members) => {
            vec![(KEY.into(), Definition::Whole(members.into()))]
        }
        Some(Value::Object(members)) => members
            .into_iter()
            .map(|(name, value)| (error_text![KEY, ".", ErrorText::foreign(&name)], Definition::Named(name, value)))
            .collect(),
        Some(_) => unreachable!("a field of JSON is an array or an object"),
    };
    let mut names = HashSet::new();
    let mut tools = Vec::new();
    for (place, definition) in given {
        let function = checked(&place, definition.members(&place)?, is_fine_tune(model))?;
        let name = function["name"].as_str().unwrap_or_default();
        if !names.insert(name.to_owned()) {
            return Err(Error::invalid(place, error_text!["has the name of another tool, ", excerpt(&name.into())]));
        }
        let members = [("type".to_owned(), "function".into()), ("function".to_owned(), function)];
        tools.push(Map::from_iter(members).into());
    }
    Ok(tools)
}

/// Whether an object is a single function rather than several by name.
fn is_definition(members: &Map<String, Value>) -> bool {
    let is_text = |name: &str| members.get(name).is_some_and(Value::is_string);
    is_text("type") || is_text("name") || members.get("function").is_some_and(|function| function["name"].is_string())
}

/// A function as entered.
enum Definition {
    /// Contains its own name.
    Whole(Value),
    /// Contains its parameters, its description, or both.
    Named(String, Value),
}

impl Definition {
    /// Its `name`, `description`, `parameters` and `strict`, unchecked.
    fn members(self, place: &ErrorText) -> Result<Map<String, Value>, Error> {
        let (value, name) = match self {
            Self::Whole(Value::String(name)) => (Value::Null, Some(name)),
            Self::Whole(value) => (value, None),
            Self::Named(name, value) => (value, Some(name)),
        };
        let mut members = match value {
            Value::Null => Map::new(),
            Value::String(description) => Map::from_iter([("description".to_owned(), description.into())]),
            Value::Object(members) if name.is_none() || members.contains_key("parameters") => whole(place, members)?,
            Value::Object(parameters) => Map::from_iter([("parameters".to_owned(), parameters.into())]),
            other => {
                return Err(Error::invalid(place.clone(), error_text!["must be an object, got ", excerpt(&other)]));
            }
        };
        members.extend(name.map(|name| ("name".to_owned(), name.into())));
        Ok(members)
    }
}

/// The members of a function in Chat's shape, nested under `function`, or in that of Responses.
fn whole(place: &ErrorText, mut members: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    match members.shift_remove("type") {
        None | Some(Value::Null) => {}
        Some(kind) if kind == "function" => {}
        Some(other) => {
            let reason = error_text!["must have the type \"function\", got ", excerpt(&other), ": ", OTHERS];
            return Err(Error::invalid(place.clone(), reason));
        }
    }
    match members.get_mut("function") {
        Some(Value::Object(function)) => Ok(std::mem::take(function)),
        _ => Ok(members),
    }
}

const OTHERS: &str = "to search, set Web search to On; any other tool goes into Extra body";

fn checked(place: &ErrorText, mut members: Map<String, Value>, is_fine_tuned: bool) -> Result<Value, Error> {
    let wrong = |reason| Err(Error::invalid(place.clone(), reason));
    members.retain(|_, value| !value.is_null());
    let name = members.get("name").cloned().unwrap_or_default();
    if !name.as_str().is_some_and(is_name) {
        let got = if name.is_null() { "nothing".into() } else { excerpt(&name) };
        return wrong(error_text!["must have a name of 1 to ", MAX_NAME_CHARS, " letters, digits, _ or -, got ", got]);
    }
    if let Some(other) = members.get("description").filter(|words| !words.is_string()) {
        return wrong(error_text!["must have text as its description, got ", excerpt(other)]);
    }
    if let Some(other) = members.get("strict").filter(|strict| !strict.is_boolean()) {
        return wrong(error_text!["must have strict set to true or false, got ", excerpt(other)]);
    }
    let parameters = schema_of(&error_text![place.clone(), ".parameters"], members.shift_remove("parameters"))?;
    members.insert("parameters".to_owned(), parameters);
    set_strict(&mut members, "parameters", is_fine_tuned);
    Ok(members.into())
}

/// Reads `tool_choice` into Chat's shape: `auto`, `none`, `required`, or a function that must be called, by name or in
/// the shape of Chat or Responses.
///
/// # Errors
/// [`Error::InvalidOption`] for anything else.
pub fn choice(fields: &Fields<'_>) -> Result<Option<Value>, Error> {
    let Some(given) = fields.value(CHOICE) else { return Ok(None) };
    ensure_usable(CHOICE, given)?;
    let given = match given {
        Value::String(text) if is_json_text(text) => fields.json(CHOICE)?.unwrap_or_default(),
        given => given.clone(),
    };
    let name = match &given {
        Value::String(word) => {
            let word = word.trim();
            if let Some(mode) = MODES.iter().find(|mode| mode.eq_ignore_ascii_case(word)) {
                return Ok(Some((*mode).into()));
            }
            Some(word)
        }
        Value::Object(members) if members.get("type").is_none_or(|kind| kind == "function") => {
            members.get("function").unwrap_or(&given).get("name").and_then(Value::as_str)
        }
        _ => None,
    };
    let name = name.ok_or_else(|| no_choice(&given))?;
    Ok(Some(json!({"type": "function", "function": {"name": name}})))
}

fn no_choice(got: &Value) -> Error {
    let expected = "must be auto, none, required or the name of one of the tools, got ";
    Error::invalid(CHOICE, error_text![expected, excerpt(got)])
}

/// Sets `tool_choice` in a finished body, where all tools are known, unless `extra_body` has set it. Without tools,
/// `auto` and `none` are not sent.
///
/// # Errors
/// [`Error::InvalidOption`] for a choice that matches no tool.
pub fn set_choice(body: &mut Map<String, Value>, choice: Option<Value>) -> Result<(), Error> {
    let Some(choice) = choice.filter(|_| !body.contains_key(CHOICE)) else { return Ok(()) };
    let tools = body.get(KEY).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = &choice["function"]["name"];
    let is_chosen = |tool: &Value| tool["function"]["name"] == *name;
    if name.is_string() && !tools.iter().any(is_chosen) {
        return Err(no_choice(name));
    }
    if tools.is_empty() {
        let reason = "is required, but there is no tool. Fill in Tools, or set Web search to On";
        return if choice == "required" { Err(Error::invalid(CHOICE, reason)) } else { Ok(()) };
    }
    body.insert(CHOICE.to_owned(), choice);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_for(model: &str, tools: Value) -> Result<Vec<Value>, String> {
        let options = json!({ "tools": tools });
        from_fields(&Fields::of("queryOptions", &options).unwrap(), model).map_err(|error| error.to_string())
    }

    fn read(tools: Value) -> Result<Vec<Value>, String> {
        read_for("m", tools)
    }

    fn closed(properties: Value, required: Value) -> Value {
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    fn city() -> Value {
        closed(json!({"city": {"type": "string"}}), json!(["city"]))
    }

    /// A strict tool in Chat's shape.
    fn tool(name: &str, parameters: Value) -> Value {
        json!({"type": "function", "function": {"name": name, "parameters": parameters, "strict": true}})
    }

    #[test]
    fn accepts_a_function_in_every_shape() {
        for shape in [
            json!([{"type": "function", "function": {"name": "f", "parameters": city()}}]),
            json!([{"type": "function", "name": "f", "parameters": city(), "strict": null, "description": null}]),
            json!([{"name": "f", "parameters": city()}]),
            json!([{"name": "f", "parameters": {"city": "string"}}]),
            json!({"name": "f", "parameters": {"city": "string"}}),
            json!({"type": "function", "function": {"name": "f", "parameters": {"city": "string"}}}),
            json!({"f": {"city": "string"}}),
            json!({"f": {"parameters": {"city": "string"}}}),
            json!({"f": city()}),
        ] {
            assert_eq!(read(shape.clone()), Ok(vec![tool("f", city())]), "{shape}");
            assert_eq!(read(json!(shape.to_string())), Ok(vec![tool("f", city())]));
        }
        let none = closed(json!({}), json!([]));
        assert_eq!(read(json!(["f", {"name": "g"}])), Ok(vec![tool("f", none.clone()), tool("g", none.clone())]));
        assert_eq!(read(json!({"name": {"city": "string"}})), Ok(vec![tool("name", city())]));
        let mut described = tool("f", none);
        described["function"]["description"] = "Says how it goes.".into();
        let sent = read(json!({"f": "Says how it goes."})).unwrap();
        assert_eq!(sent, [described.clone()]);
        assert_eq!(read(json!({"f": {"description": "Says how it goes.", "parameters": null}})), Ok(vec![described]));
        for unset in [json!([]), json!({}), json!(""), json!(null)] {
            assert_eq!(read(unset), Ok(Vec::new()));
        }
    }

    #[test]
    fn is_strict_when_the_api_can_guarantee_the_arguments() {
        let strict =
            |model: &str, tool: Value| read_for(model, json!([tool])).unwrap()[0]["function"]["strict"].clone();
        assert_eq!(strict("m", json!({"name": "f", "parameters": {"a": "string"}})), true);
        assert_eq!(strict("m", json!({"name": "f", "parameters": {"a": "string"}, "strict": false})), false);
        for loose in
            [json!({"a?": "string"}), json!({"type": "object"}), json!({"a": {"type": "string", "minLength": 1}})]
        {
            assert_eq!(strict("m", json!({"name": "f", "parameters": loose})), json!(null));
        }
        let dated = json!({"name": "f", "parameters": {"a": {"type": "string", "format": "date"}}});
        assert_eq!(strict("m", dated.clone()), true);
        assert_eq!(strict("ft:gpt-4.1:org::a", dated), json!(null));
    }

    #[test]
    fn names_the_invalid_function() {
        let named = "must have a name of 1 to 64 letters, digits, _ or -, got ";
        for (tools, words) in [
            (json!(["f", 5]), "[1] must be an object, got 5".to_owned()),
            (json!([{}]), format!("[0] {named}nothing")),
            (json!(["f", {"function": {"name": "get weather"}}]), format!("[1] {named}\"get weather\"")),
            (json!({"get weather": {}}), format!(".get weather {named}\"get weather\"")),
            (json!([{"name": "a".repeat(65)}]), format!("[0] {named}\"{}…", "a".repeat(39))),
            (json!({"f": 5}), ".f must be an object, got 5".to_owned()),
            (json!(["f", {"name": "f"}]), "[1] has the name of another tool, \"f\"".to_owned()),
            (json!([{"name": "f", "description": 5}]), "[0] must have text as its description, got 5".to_owned()),
            (
                json!([{"name": "f", "strict": "yes"}]),
                "[0] must have strict set to true or false, got \"yes\"".to_owned(),
            ),
            (json!([{"name": "f", "parameters": "a"}]), "[0].parameters must be an object, got \"a\"".to_owned()),
            (json!(["f", {"type": "mcp"}]), format!("[1] must have the type \"function\", got \"mcp\": {OTHERS}")),
            (json!("[oops"), " is not valid JSON: expected value at line 1 column 2".to_owned()),
            (json!("f"), " must be a JSON array or object, got \"f\"".to_owned()),
        ] {
            assert_eq!(read(tools), Err(format!("Tools{words}")));
        }
    }

    fn choose(choice: Value, mut body: Value) -> Result<Value, String> {
        let options = json!({ "tool_choice": choice });
        let members = body.as_object_mut().unwrap();
        let chosen = super::choice(&Fields::of("queryOptions", &options).unwrap());
        chosen.and_then(|choice| set_choice(members, choice)).map_err(|error| error.to_string())?;
        Ok(body["tool_choice"].take())
    }

    #[test]
    fn sends_the_chosen_mode_or_function() {
        let body = || json!({"tools": [{"type": "web_search"}, tool("f", city())]});
        for mode in MODES {
            assert_eq!(choose(json!(format!(" {} ", mode.to_uppercase())), body()), Ok(json!(mode)));
        }
        let chosen = json!({"type": "function", "function": {"name": "f"}});
        let flat = json!({"type": "function", "name": "f"});
        for choice in [json!("f"), chosen.clone(), flat.clone(), json!(flat.to_string()), json!({"name": "f"})] {
            assert_eq!(choose(choice, body()), Ok(chosen.clone()));
        }
        for unset in [json!(""), json!(null)] {
            assert_eq!(choose(unset, body()), Ok(json!(null)));
        }
        let already = json!({"tools": [], "tool_choice": "auto"});
        assert_eq!(choose(json!("required"), already), Ok(json!("auto")));
    }

    #[test]
    fn rejects_a_choice_that_matches_no_tool() {
        let body = || json!({"tools": [{"type": "web_search"}, tool("f", city())]});
        let expected = "Tool choice must be auto, none, required or the name of one of the tools, got ";
        for (choice, got) in [
            (json!("g"), "\"g\""),
            (json!("F"), "\"F\""),
            (json!({"name": "g"}), "\"g\""),
            (json!({"type": "mcp"}), "an object"),
            (json!({}), "an object"),
            (json!(5), "5"),
            (json!(["f"]), "an array of 1 item"),
        ] {
            assert_eq!(choose(choice, body()), Err(format!("{expected}{got}")));
        }
        assert_eq!(choose(json!("f"), json!({})), Err(format!("{expected}\"f\"")));
        let none = "Tool choice is required, but there is no tool. Fill in Tools, or set Web search to On";
        assert_eq!(choose(json!("required"), json!({"tools": []})), Err(none.to_owned()));
        for mode in ["auto", "none"] {
            assert_eq!(choose(json!(mode), json!({})), Ok(json!(null)));
        }
    }
}
