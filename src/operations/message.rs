//! Checks one message of a history in the API's own shape before anything is sent.

use serde_json::{Map, Value, json};

use super::{
    content::{content_parts, is_blank},
    parts::Place,
    responses, tool_calls,
};
use crate::{
    error::{Error, ErrorText, error_text},
    input::fields::{excerpt, scalar_text},
};

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
/// Members that an assistant's message may have instead of content.
const INSTEAD_OF_CONTENT: [&str; 4] = ["tool_calls", "function_call", "audio", "refusal"];

/// Checks the message at `place` and returns it with the API's spelling of its role, and its content as text or parts.
/// An item of the Responses API passes unchanged.
///
/// # Errors
/// [`Error::InvalidOption`] naming the place if the API would reject it.
pub fn checked(place: &ErrorText, message: Value) -> Result<Value, Error> {
    let wrong = |reason| Error::invalid(place.clone(), reason);
    let Value::Object(mut members) = message else {
        return Err(wrong(error_text![
            "must be an object like {\"role\": \"user\", \"content\": \"...\"}, got ",
            excerpt(&message)
        ]));
    };
    if responses::is_item(&members) {
        check_item(Place(place), &members)?;
        return Ok(members.into());
    }
    let found_nothing = members.get("content").is_some_and(Value::is_null);
    members.retain(|name, value| !value.is_null() && (name != "name" || value != ""));
    let role = role(place, &members)?;
    members.insert("role".to_owned(), role.into());
    if let Some(name) = members.get("name") {
        let name = scalar_text(name).ok_or_else(|| Place(place).lacks("text", "name", Some(name)))?;
        members.insert("name".to_owned(), name.into());
    }
    match role {
        "assistant" => check_assistant(place, &mut members)?,
        "tool" => check_text(place, &mut members, "tool_call_id")?,
        "function" => check_text(place, &mut members, "name")?,
        _ => {}
    }
    if role == "tool" {
        if found_nothing {
            members.insert("content".to_owned(), "null".into());
        }
        write_data(&mut members);
    }
    let content = content(place, &members)?;
    let has_other = role == "assistant" && INSTEAD_OF_CONTENT.iter().any(|name| members.contains_key(*name));
    match content {
        Some(content) if role == "user" && is_blank(&content) => {
            return Err(wrong("needs content, got empty text".into()));
        }
        Some(content) => {
            members.insert("content".to_owned(), content);
        }
        None if role == "function" => {
            members.insert("content".to_owned(), Value::Null);
        }
        None if has_other => {
            members.shift_remove("content");
        }
        None => return Err(wrong("needs content".into())),
    }
    Ok(members.into())
}

/// Checks that the common items of the Responses API are complete.
fn check_item(place: Place<'_>, members: &Map<String, Value>) -> Result<(), Error> {
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
    let (texts, list): (&[&'static str], _) = match kind {
        "function_call" => (&["call_id", "name", "arguments"], None),
        "custom_tool_call" => (&["call_id", "name", "input"], None),
        "function_call_output" | "custom_tool_call_output" => {
            let is_text = members.get("output").is_some_and(Value::is_string);
            (&["call_id"], (!is_text).then_some("output"))
        }
        "reasoning" => (&[], Some("summary")),
        _ => (&[], None),
    };
    for name in texts {
        place.text(members, name, name)?;
    }
    let Some(name) = list else { return Ok(()) };
    let value = members.get(name);
    let is_part = |item: &Value| item.get("type").is_some_and(Value::is_string);
    let parts = value.and_then(Value::as_array).filter(|items| items.iter().all(is_part));
    parts.map(|_| ()).ok_or_else(|| place.lacks("content parts", name, value))
}

fn role(place: &ErrorText, members: &Map<String, Value>) -> Result<&'static str, Error> {
    let wrong = |reason| Error::invalid(place.clone(), reason);
    let given = members.get("role").filter(|role| role.as_str().is_none_or(|role| !role.trim().is_empty()));
    let known = "system, developer, user, assistant or tool";
    let Some(given) = given else { return Err(wrong(error_text!["needs a role: ", known])) };
    let word = given.as_str().unwrap_or_default().trim();
    let role = ROLES.iter().find(|role| role.eq_ignore_ascii_case(word));
    role.copied().ok_or_else(|| wrong(error_text!["must have the role ", known, ", got ", excerpt(given)]))
}

/// Text or parts; `None` if there is no content.
fn content(place: &ErrorText, members: &Map<String, Value>) -> Result<Option<Value>, Error> {
    let Some(content) = members.get("content") else { return Ok(None) };
    if let Some(text) = scalar_text(content) {
        return Ok(Some(text.into()));
    }
    if content.is_object() && content.get("type").is_none() {
        let reason = "needs text or an array of content parts as its content, got an object";
        return Err(Error::invalid(place.clone(), reason));
    }
    let parts = content_parts(&error_text![place.clone(), ".content"], content)?;
    Ok(if parts.is_empty() { None } else { Some(parts.into()) })
}

fn check_assistant(place: &ErrorText, members: &mut Map<String, Value>) -> Result<(), Error> {
    if let Some(calls) = members.get("tool_calls") {
        let calls = calls.as_array().ok_or_else(|| Place(place).lacks("an array", "tool_calls", Some(calls)))?;
        let calls = calls.iter().enumerate().map(|(index, call)| {
            let place = error_text![place.clone(), ".tool_calls[", index, "]"];
            let members = call
                .as_object()
                .ok_or_else(|| Error::invalid(place.clone(), error_text!["must be an object, got ", excerpt(call)]))?;
            tool_call(&place, members.clone())
        });
        let calls = calls.collect::<Result<Vec<_>, _>>()?;
        if calls.is_empty() {
            members.shift_remove("tool_calls");
        } else {
            members.insert("tool_calls".to_owned(), calls.into());
        }
    }
    if members.contains_key("function_call") {
        let mut call = Place(place).object(members, "function_call")?;
        Place(place).text(&call, "name", "function_call.name")?;
        write_arguments(&mut call);
        members.insert("function_call".to_owned(), call.into());
    }
    if members.contains_key("audio") {
        Place(place).text(&Place(place).object(members, "audio")?, "id", "audio.id")?;
    }
    if members.contains_key("refusal") {
        check_text(place, members, "refusal")?;
    }
    Ok(())
}

fn tool_call(place: &ErrorText, mut call: Map<String, Value>) -> Result<Value, Error> {
    check_text(place, &mut call, "id")?;
    call.entry("type").or_insert_with(|| "function".into());
    match Place(place).text(&call, "type", "type")? {
        "function" => {
            tool_calls::unbind(&mut call);
            let mut function = Place(place).object(&call, "function")?;
            Place(place).text(&function, "name", "function.name")?;
            write_arguments(&mut function);
            call.insert("function".to_owned(), function.into());
        }
        "custom" => {
            let custom = Place(place).object(&call, "custom")?;
            Place(place).text(&custom, "name", "custom.name")?;
            custom
                .get("input")
                .filter(|input| input.is_string())
                .map(|_| ())
                .ok_or_else(|| Place(place).lacks("text", "custom.input", custom.get("input")))?;
        }
        _ => {}
    }
    Ok(call.into())
}

/// The API expects the arguments of a call as JSON text, but apps may have parsed them.
fn write_arguments(call: &mut Map<String, Value>) {
    let text = match call.get("arguments") {
        Some(Value::String(_)) => return,
        None | Some(Value::Null) => json!({}).to_string(),
        Some(arguments) => arguments.to_string(),
    };
    call.insert("arguments".to_owned(), text.into());
}

/// Writes a tool's result, such as a query's rows, as JSON text unless it consists of content parts.
fn write_data(members: &mut Map<String, Value>) {
    let data = match members.get("content") {
        Some(Value::Array(items)) if !items.is_empty() && items.iter().all(is_part) => return,
        Some(data @ (Value::Array(_) | Value::Object(_))) if !is_part(data) => data.to_string(),
        _ => return,
    };
    members.insert("content".to_owned(), data.into());
}

/// Whether it is a content part that a tool's result may contain, in either API. A table's row may have a column
/// `type`.
fn is_part(item: &Value) -> bool {
    let member = |name: &str| item.get(name).unwrap_or(&Value::Null);
    let has_text = |names: &[&str]| names.iter().any(|name| member(name).is_string());
    match member("type").as_str().unwrap_or_default() {
        "text" | "input_text" | "output_text" => has_text(&["text"]),
        "refusal" => has_text(&["refusal"]),
        "image_url" | "input_image" => member("image_url").is_object() || has_text(&["image_url", "file_id"]),
        "file" | "input_file" => member("file").is_object() || has_text(&["file_id", "file_url", "file_data"]),
        "input_audio" => member("input_audio").is_object(),
        _ => false,
    }
}

/// Checks that `name` is text; a number becomes text.
fn check_text(place: &ErrorText, members: &mut Map<String, Value>, name: &'static str) -> Result<(), Error> {
    let value = members.get(name);
    let text = value.and_then(scalar_text).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Place(place).lacks("text", name, value))?;
    members.insert(name.to_owned(), text.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: Value) -> Result<Value, String> {
        checked(&"message_history[3]".into(), message).map_err(|error| error.to_string())
    }

    #[test]
    fn names_the_message_that_the_api_would_reject() {
        let tool_calls = |calls: Value| json!({"role": "assistant", "tool_calls": calls});
        for (message, words) in [
            (json!("a"), "must be an object like {\"role\": \"user\", \"content\": \"...\"}, got \"a\""),
            (json!({"content": "a"}), "needs a role: system, developer, user, assistant or tool"),
            (json!({"role": " ", "content": "a"}), "needs a role: system, developer, user, assistant or tool"),
            (
                json!({"role": "bot", "content": "a"}),
                "must have the role system, developer, user, assistant or tool, got \"bot\"",
            ),
            (
                json!({"role": 5, "content": "a"}),
                "must have the role system, developer, user, assistant or tool, got 5",
            ),
            (json!({"role": "user"}), "needs content"),
            (json!({"role": "user", "content": null}), "needs content"),
            (json!({"role": "user", "content": []}), "needs content"),
            (json!({"role": "user", "content": ""}), "needs content, got empty text"),
            (json!({"role": "user", "content": [" ", {"type": "text", "text": ""}]}), "needs content, got empty text"),
            (
                json!({"role": "user", "content": {"a": 1}}),
                "needs text or an array of content parts as its content, got an object",
            ),
            (json!({"role": "user", "content": "a", "name": {}}), "must have text in name, got an object"),
            (json!({"role": "user", "refusal": "no"}), "needs content"),
            (json!({"role": "assistant", "content": null}), "needs content"),
            (json!({"role": "assistant", "content": [], "tool_calls": []}), "needs content"),
            (json!({"role": "assistant", "refusal": ""}), "must have text in refusal, got \"\""),
            (json!({"role": "assistant", "audio": "audio_1"}), "must have an object in audio, got \"audio_1\""),
            (json!({"role": "assistant", "audio": {}}), "must have text in audio.id, got nothing"),
            (json!({"role": "assistant", "function_call": {}}), "must have text in function_call.name, got nothing"),
            (json!({"role": "tool", "content": "a"}), "must have text in tool_call_id, got nothing"),
            (json!({"role": "tool", "tool_call_id": "1"}), "needs content"),
            (json!({"role": "function", "content": "a"}), "must have text in name, got nothing"),
            (tool_calls(json!({})), "must have an array in tool_calls, got an object"),
        ] {
            assert_eq!(read(message), Err(format!("Message history[3] {words}")));
        }
        for (call, words) in [
            (json!("a"), "must be an object, got \"a\""),
            (json!({"function": {"name": "f"}}), "must have text in id, got nothing"),
            (json!({"id": "1"}), "must have an object in function, got nothing"),
            (json!({"id": "1", "type": 5}), "must have text in type, got 5"),
            (
                json!({"id": "1", "type": "custom", "custom": {"name": "g"}}),
                "must have text in custom.input, got nothing",
            ),
            (json!({"id": "1", "function": {"name": ""}}), "must have text in function.name, got \"\""),
        ] {
            assert_eq!(read(tool_calls(json!([call]))), Err(format!("Message history[3].tool_calls[0] {words}")));
        }
        let wrong_part = json!({"role": "user", "content": ["a", {"type": "file"}]});
        assert_eq!(
            read(wrong_part),
            Err("Message history[3].content[1] must have an object in file, got nothing".to_owned())
        );
    }

    #[test]
    fn passes_items_of_the_responses_api() {
        for item in [
            json!({"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}", "role": null}),
            json!({"type": "function_call_output", "call_id": "1", "output": "a"}),
            json!({"type": "reasoning", "summary": [], "encrypted_content": "x"}),
        ] {
            assert_eq!(read(item.clone()), Ok(item));
        }
        let whole = json!({"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"});
        for (kind, name, wrong) in [
            ("function_call", "call_id", json!(null)),
            ("function_call", "name", json!(" ")),
            ("function_call", "arguments", json!({})),
            ("custom_tool_call", "input", json!(null)),
            ("function_call_output", "output", json!(null)),
            ("function_call_output", "output", json!([{}])),
            ("reasoning", "summary", json!("a")),
        ] {
            let mut item = whole.clone();
            item["type"] = json!(kind);
            item[name] = wrong;
            let error = read(item).unwrap_err();
            assert!(error.contains(&format!(" in {name}, got ")), "{error}");
        }
        let unknown = read(json!({"type": "what_comes_next"})).unwrap_err();
        assert!(unknown.contains("needs a role"), "{unknown}");
    }

    #[test]
    fn sends_a_tool_s_data_as_json_text() {
        let sent = |content: Value| {
            read(json!({"role": "tool", "tool_call_id": "1", "content": content}))
                .map(|message| message["content"].clone())
        };
        for (data, text) in [
            (json!({"temp": 3}), "{\"temp\":3}"),
            (json!([{"id": 1, "type": "invoice"}]), "[{\"id\":1,\"type\":\"invoice\"}]"),
            (json!([]), "[]"),
            (json!({}), "{}"),
            (json!([1, "a"]), "[1,\"a\"]"),
            // An empty result.
            (json!(null), "null"),
            // Rows with a column `type`.
            (json!([{"type": "card", "card": {"brand": "visa"}}]), r#"[{"type":"card","card":{"brand":"visa"}}]"#),
            (json!({"type": "temp", "temp": 3}), r#"{"type":"temp","temp":3}"#),
            (json!([{"type": "input_voltage", "value": 5}]), r#"[{"type":"input_voltage","value":5}]"#),
            (json!([{"type": "file", "file": "/tmp/x"}]), r#"[{"type":"file","file":"/tmp/x"}]"#),
            (json!([{"type": "text", "text": 5}]), r#"[{"type":"text","text":5}]"#),
            (json!("sunny"), "sunny"),
            (json!(3.5), "3.5"),
        ] {
            assert_eq!(sent(data), Ok(json!(text)));
        }
        for part in
            [json!({"type": "text", "text": "a"}), json!({"type": "image_url", "image_url": {"url": "https://h/a"}})]
        {
            assert_eq!(sent(json!([part])), Ok(json!([part])));
        }
        assert_eq!(sent(json!([{"type": "input_text", "text": "a"}])), Ok(json!([{"type": "text", "text": "a"}])));
    }

    #[test]
    fn sends_messages_in_the_api_s_spelling() {
        for (message, sent) in [
            (json!({"role": "User", "content": 5}), json!({"role": "user", "content": "5"})),
            (json!({"role": " ASSISTANT", "content": ""}), json!({"role": "assistant", "content": ""})),
            (json!({"role": "user", "content": "a", "name": ""}), json!({"role": "user", "content": "a"})),
            (json!({"role": "user", "content": "a", "name": 5}), json!({"role": "user", "content": "a", "name": "5"})),
            (
                json!({"role": "user", "content": {"type": "text", "text": "a"}}),
                json!({"role": "user", "content": [{"type": "text", "text": "a"}]}),
            ),
            (
                json!({"role": "tool", "content": "", "tool_call_id": 7}),
                json!({"role": "tool", "content": "", "tool_call_id": "7"}),
            ),
            (json!({"role": "function", "name": "f"}), json!({"role": "function", "name": "f", "content": null})),
            (json!({"role": "assistant", "refusal": "No."}), json!({"role": "assistant", "refusal": "No."})),
            (
                json!({"role": "assistant", "content": null, "audio": {"id": "audio_1"}}),
                json!({"role": "assistant", "audio": {"id": "audio_1"}}),
            ),
            (
                json!({"role": "assistant", "content": [], "function_call": {"name": "f", "arguments": {"a": 1}}}),
                json!({"role": "assistant", "function_call": {"name": "f", "arguments": "{\"a\":1}"}}),
            ),
            (
                json!({"role": "assistant", "tool_calls": [
                    {"id": 1, "function": {"name": "f"}},
                    {"id": "2", "type": "custom", "custom": {"name": "g", "input": "x"}}
                ]}),
                json!({"role": "assistant", "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "2", "type": "custom", "custom": {"name": "g", "input": "x"}}
                ]}),
            ),
            (
                json!({"role": "assistant", "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}, "name": "f", "arguments": null},
                    {"id": "2", "name": "f", "arguments": {"a": 1}}
                ]}),
                json!({"role": "assistant", "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}},
                    {"id": "2", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}
                ]}),
            ),
            (
                json!({"role": "assistant", "content": "a", "tool_calls": []}),
                json!({"role": "assistant", "content": "a"}),
            ),
        ] {
            assert_eq!(read(message), Ok(sent));
        }
    }
}
