//! Translates Chat's messages into `instructions` and `input` of the Responses API.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{object, take};
use crate::policy::adjust::INSTRUCTION_ROLES;

/// Members of a message that both APIs have. The API rejects others, such as those of an answer that an app puts back
/// into the history.
const OF_MESSAGES: [&str; 2] = ["role", "phase"];

/// Types of items other than messages, calls and call outputs.
const OTHER_ITEMS: [&str; 6] =
    ["reasoning", "compaction", "item_reference", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response"];

/// Whether it is an item of the Responses API rather than a message.
#[must_use]
pub fn is_item(message: &Map<String, Value>) -> bool {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_known = kind.ends_with("_call") || kind.ends_with("_output") || OTHER_ITEMS.contains(&kind);
    is_known && message.get("role").is_none_or(Value::is_null)
}

/// Removes the leading instructions from `messages` and joins them. `None` if there are none, or if no message would be
/// left, because the API rejects an empty input.
pub(super) fn take_instructions(messages: &mut Vec<Value>) -> Option<String> {
    let count = messages.iter().take_while(|message| is_instruction_of_text(message)).count();
    if count == 0 || count == messages.len() {
        return None;
    }
    let mut texts: Vec<_> =
        messages.drain(..count).map(|mut message| text(take(&mut message, "content"), "\n")).collect();
    // Avoids copying a single text.
    if count == 1 { texts.pop() } else { Some(texts.join("\n\n")) }
}

/// Whether it is an instruction that contains only text.
fn is_instruction_of_text(message: &Value) -> bool {
    let is_text = |part: &Value| part["type"] == "text" && part.as_object().is_some_and(|part| part.len() == 2);
    INSTRUCTION_ROLES.iter().any(|role| message["role"] == *role)
        && match &message["content"] {
            Value::String(_) => true,
            Value::Array(parts) => parts.iter().all(is_text),
            _ => false,
        }
}

/// The items for these messages, in order. Only stored items keep their IDs.
pub(super) fn items(messages: Vec<Value>, is_stored: bool) -> Vec<Value> {
    let mut items = Items { is_stored, ..Items::default() };
    for message in messages {
        items.add(message);
    }
    items.list
}

#[derive(Default)]
struct Items {
    is_stored: bool,
    list: Vec<Value>,
    /// IDs of custom tool calls, whose results have another item type.
    custom_calls: HashSet<String>,
    /// Number of calls without an ID, as in Chat's former function calls.
    unnamed_calls: usize,
}

impl Items {
    fn add(&mut self, message: Value) {
        let Value::Object(mut message) = message else { return self.list.push(message) };
        if is_item(&message) {
            return self.add_item(message);
        }
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
            _ => self.add_message(message, user_content(content)),
        }
    }

    /// Without its ID, an item must be complete; for reasoning, that means its encrypted content.
    fn add_item(&mut self, mut item: Map<String, Value>) {
        if !self.is_stored && item["type"] != "item_reference" {
            if item["type"] == "reasoning" && !item.get("encrypted_content").is_some_and(Value::is_string) {
                return;
            }
            item.shift_remove("id");
        }
        self.list.push(item.into());
    }

    fn add_message(&mut self, mut message: Map<String, Value>, content: Value) {
        message.retain(|name, _| OF_MESSAGES.contains(&name.as_str()));
        let mut item = Map::from_iter([("type".to_owned(), "message".into())]);
        item.append(&mut message);
        item.insert("content".to_owned(), content);
        self.list.push(item.into());
    }

    /// The model's message, followed by its calls.
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
            self.list.push(object([
                ("type", "custom_tool_call".into()),
                ("call_id", call_id),
                ("name", name),
                ("input", input),
            ]));
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
        self.list.push(object([("type", kind.into()), ("call_id", call_id), ("output", output)]));
    }
}

/// An ID for call number `count`, which has none in Chat.
fn unnamed(count: usize) -> Value {
    format!("function_call_{count}").into()
}

fn function_call(call_id: Value, mut function: Value) -> Value {
    let [name, arguments] = ["name", "arguments"].map(|member| take(&mut function, member));
    object([("type", "function_call".into()), ("call_id", call_id), ("name", name), ("arguments", arguments)])
}

/// An earlier answer as one text, the only form that the API accepts without ID and status.
fn said(content: Value, refusal: Value) -> String {
    text(content, "") + &text(refusal, "")
}

/// The text, or that of the content parts joined by `between`.
fn text(content: Value, between: &str) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(parts) => {
            let words =
                |part: &Value| ["text", "refusal"].iter().find_map(|name| Some(part[*name].as_str()?.to_owned()));
            parts.iter().filter_map(words).collect::<Vec<_>>().join(between)
        }
        _ => String::new(),
    }
}

/// Content parts of any message but the model's; text stays unchanged.
fn user_content(content: Value) -> Value {
    match content {
        Value::Array(parts) => parts.into_iter().map(part).collect(),
        other => other,
    }
}

/// Translates a content part; one that Chat does not have passes unchanged.
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
                // For an ID or a URL, the API knows the name.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(messages: Value, is_stored: bool) -> Value {
        let Value::Array(messages) = messages else { panic!("not an array") };
        items(messages, is_stored).into()
    }

    fn read(messages: Value) -> Value {
        all(messages, false)
    }

    #[test]
    fn translates_user_text_and_images() {
        let parts = json!([
            {"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "https://h/a", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
            {"type": "file", "file": {"filename": "a.pdf", "file_url": "https://h/a.pdf"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_id": "file-1"}},
            {"type": "input_file", "file_url": "https://h/b.pdf", "detail": "high"}
        ]);
        let expected = json!([
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "image_url": "https://h/a", "detail": "low"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            {"type": "input_file", "file_url": "https://h/a.pdf"},
            {"type": "input_file", "file_id": "file-1"},
            {"type": "input_file", "file_url": "https://h/b.pdf", "detail": "high"}
        ]);
        let message = json!({"role": "user", "name": "ann", "content": parts});
        assert_eq!(read(json!([message])), json!([{"type": "message", "role": "user", "content": expected}]));
    }

    #[test]
    fn sends_an_earlier_answer_as_text() {
        let expected = json!([{"type": "message", "role": "assistant", "content": "ab"}]);
        for content in [
            json!("ab"),
            json!([{"type": "text", "text": "a", "annotations": []}, {"type": "text", "text": "b"}]),
            json!([{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]),
        ] {
            let answer = json!({"role": "assistant", "content": content, "annotations": [], "reasoning": "r"});
            assert_eq!(read(json!([answer])), expected);
        }
        assert_eq!(read(json!([{"role": "assistant", "refusal": "ab"}])), expected);
        let phase = json!({"role": "assistant", "content": "a", "phase": "commentary"});
        assert_eq!(
            read(json!([phase])),
            json!([{"type": "message", "role": "assistant", "phase": "commentary", "content": "a"}])
        );
    }

    #[test]
    fn makes_each_call_and_result_an_item() {
        let messages = json!([
            {"role": "assistant", "content": "Let me see.", "tool_calls": [
                {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "call_b", "type": "custom", "custom": {"name": "g", "input": "x"}}
            ]},
            {"role": "tool", "tool_call_id": "call_a", "content": "1"},
            {"role": "tool", "tool_call_id": "call_b", "content": [{"type": "text", "text": "2"}]},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "tool", "tool_call_id": "call_c"}
        ]);
        let expected = json!([
            {"type": "message", "role": "assistant", "content": "Let me see."},
            {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "call_b", "name": "g", "input": "x"},
            {"type": "function_call_output", "call_id": "call_a", "output": "1"},
            {"type": "custom_tool_call_output", "call_id": "call_b", "output": [{"type": "input_text", "text": "2"}]},
            {"type": "function_call_output", "call_id": "call_c", "output": ""}
        ]);
        assert_eq!(read(messages), expected);
    }

    #[test]
    fn adds_ids_to_chat_s_former_function_calls() {
        let messages = json!([
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": null}
        ]);
        let expected = json!([
            {"type": "function_call", "call_id": "function_call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "function_call_1", "output": "1"},
            {"type": "function_call", "call_id": "function_call_2", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "function_call_2", "output": ""}
        ]);
        assert_eq!(read(messages), expected);
    }

    #[test]
    fn removes_ids_of_items_that_are_not_stored() {
        let items = json!([
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": null},
            {"type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_a", "output": "1"},
            {"type": "item_reference", "id": "msg_1"}
        ]);
        assert_eq!(all(items.clone(), true), items);
        let expected = json!([
            {"type": "reasoning", "summary": [], "encrypted_content": "x"},
            {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_a", "output": "1"},
            {"type": "item_reference", "id": "msg_1"}
        ]);
        assert_eq!(read(items), expected);
        // The API's message with an ID is also a message of Chat.
        let message = json!([{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "a", "annotations": [], "logprobs": []}
        ]}]);
        assert_eq!(read(message), json!([{"type": "message", "role": "assistant", "content": "a"}]));
    }

    #[test]
    fn accepts_any_type_of_messages_in_extra_body() {
        for odd in [json!("a"), json!(5), json!(null)] {
            assert_eq!(read(json!([odd])), json!([odd]));
            read(json!([
                {"role": "user", "content": [odd, {"type": "image_url", "image_url": odd}, {"type": "file", "file": odd}]},
                {"role": "assistant", "content": [odd], "function_call": odd, "tool_calls": [
                    odd, {"type": "custom", "custom": odd}, {"function": odd}
                ]},
                {"role": odd, "content": odd},
                {"role": "tool", "tool_call_id": odd, "content": odd}
            ]));
        }
    }
}
