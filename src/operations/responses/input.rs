//! The messages of Chat as `instructions` and `input` of the Responses API.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::take;
use crate::policy::adjust::INSTRUCTION_ROLES;

/// Members of a message that both APIs have. The API rejects a request with others, such as those of an answer
/// that an app puts back into the history.
const OF_MESSAGES: [&str; 2] = ["role", "phase"];

/// The leading instructions as one text, taken out of `messages`; `None` if there are none, or if nothing else would
/// be left: the API rejects an empty input.
pub(super) fn take_instructions(messages: &mut Vec<Value>) -> Option<String> {
    let texts: Vec<_> = messages.iter().map_while(instructions).collect();
    let (count, text) = (texts.len(), texts.join("\n\n"));
    if count == 0 || count == messages.len() {
        return None;
    }
    messages.drain(..count);
    Some(text)
}

/// The text of a message that instructs the model; `None` for any other, and for one that is more than text.
fn instructions(message: &Value) -> Option<String> {
    let role = message["role"].as_str()?;
    if !INSTRUCTION_ROLES.contains(&role) {
        return None;
    }
    match &message["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let is_text = |part: &Value| part["type"] == "text" && part.as_object().is_some_and(|part| part.len() == 2);
            let text = |part: &Value| is_text(part).then(|| part["text"].as_str().map(str::to_owned))?;
            Some(parts.iter().map(text).collect::<Option<Vec<_>>>()?.join("\n"))
        }
        _ => None,
    }
}

/// The items that messages are, in their order.
pub(super) fn items(messages: Vec<Value>) -> Vec<Value> {
    let mut items = Items::default();
    for message in messages {
        items.add(message);
    }
    items.list
}

#[derive(Default)]
struct Items {
    list: Vec<Value>,
    /// IDs of the calls of custom tools, whose results are other items.
    custom_calls: HashSet<String>,
    /// Calls without an ID, as Chat once had them.
    unnamed_calls: usize,
}

impl Items {
    fn add(&mut self, message: Value) {
        let Value::Object(mut message) = message else { return self.list.push(message) };
        let content = message.remove("content").unwrap_or_default();
        match message.get("role").and_then(Value::as_str) {
            Some("tool") => {
                let call_id = message.remove("tool_call_id").unwrap_or_default();
                self.add_output(call_id, content);
            }
            Some("function") => {
                let call_id = unnamed(self.unnamed_calls);
                self.add_output(call_id, content);
            }
            Some("assistant") => self.add_answer(message, content),
            Some(_) => self.add_message(message, user_content(content)),
            // An item of the Responses API itself.
            None => self.list.push(without_id(message, content)),
        }
    }

    fn add_message(&mut self, mut message: Map<String, Value>, content: Value) {
        message.retain(|name, _| OF_MESSAGES.contains(&name.as_str()));
        let mut item = Map::from_iter([("type".to_owned(), "message".into())]);
        item.append(&mut message);
        item.insert("content".to_owned(), content);
        self.list.push(item.into());
    }

    /// What the model wrote as a message, followed by what it called.
    fn add_answer(&mut self, mut message: Map<String, Value>, content: Value) {
        let calls = message.remove("tool_calls");
        let legacy = message.remove("function_call");
        let refusal = message.remove("refusal").unwrap_or_default();
        let text = said(content, refusal);
        if !text.is_empty() {
            self.add_message(message, text.into());
        }
        if let Some(Value::Array(calls)) = calls {
            for call in calls {
                self.add_call(call);
            }
        }
        if let Some(call) = legacy {
            self.unnamed_calls += 1;
            let call_id = unnamed(self.unnamed_calls);
            self.list.push(function_call(call_id, call));
        }
    }

    fn add_call(&mut self, mut call: Value) {
        let call_id = take(&mut call, "id");
        if call["type"] == "custom" {
            self.custom_calls.extend(call_id.as_str().map(str::to_owned));
            let mut custom = take(&mut call, "custom");
            let [name, input] = ["name", "input"].map(|member| take(&mut custom, member));
            self.list.push(json!({"type": "custom_tool_call", "call_id": call_id, "name": name, "input": input}));
        } else {
            self.list.push(function_call(call_id, take(&mut call, "function")));
        }
    }

    fn add_output(&mut self, call_id: Value, content: Value) {
        let is_custom = call_id.as_str().is_some_and(|id| self.custom_calls.contains(id));
        let kind = if is_custom { "custom_tool_call_output" } else { "function_call_output" };
        let output = match user_content(content) {
            Value::Null => "".into(),
            content => content,
        };
        self.list.push(json!({"type": kind, "call_id": call_id, "output": output}));
    }
}

/// The ID of the call `count`, for one that Chat gave none.
fn unnamed(count: usize) -> Value {
    format!("call_{count}").into()
}

fn function_call(call_id: Value, mut function: Value) -> Value {
    let [name, arguments] = ["name", "arguments"].map(|member| take(&mut function, member));
    json!({"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments})
}

/// IDs are those of stored items, and nothing is stored. A reference is nothing but one.
fn without_id(mut item: Map<String, Value>, content: Value) -> Value {
    if item.get("type").is_some_and(|kind| kind != "item_reference") {
        item.shift_remove("id");
    }
    if !content.is_null() {
        item.insert("content".to_owned(), content);
    }
    item.into()
}

/// What the model wrote, as one text: of an earlier answer, the API takes it without ID and status only so.
fn said(content: Value, refusal: Value) -> String {
    let mut text = match content {
        Value::String(text) => text,
        Value::Array(parts) => {
            let words =
                |part: &Value| ["text", "refusal"].iter().find_map(|name| part[*name].as_str().map(str::to_owned));
            parts.iter().filter_map(words).collect()
        }
        _ => String::new(),
    };
    if let Value::String(refusal) = refusal {
        text.push_str(&refusal);
    }
    text
}

/// Content parts of a user, of instructions or of a tool; a text stays as it is.
fn user_content(content: Value) -> Value {
    match content {
        Value::Array(parts) => parts.into_iter().map(part).collect(),
        other => other,
    }
}

/// A content part in the words of the Responses API. One that Chat does not have passes.
fn part(part: Value) -> Value {
    let Value::Object(mut members) = part else { return part };
    let kind = match members.get("type").and_then(Value::as_str) {
        Some("text") => "input_text",
        Some("image_url") => {
            if let Some(Value::Object(mut image)) = members.remove("image_url") {
                members.insert("image_url".to_owned(), image.remove("url").unwrap_or_default());
                members.insert("detail".to_owned(), image.remove("detail").unwrap_or_else(|| "auto".into()));
            }
            "input_image"
        }
        Some("file") => {
            if let Some(Value::Object(mut file)) = members.remove("file") {
                // Of the others, the API knows the name.
                if !file.contains_key("file_data") {
                    file.remove("filename");
                }
                members.append(&mut file);
            }
            "input_file"
        }
        _ => return members.into(),
    };
    members.insert("type".to_owned(), kind.into());
    members.into()
}
