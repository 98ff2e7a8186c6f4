//! Assembles the chunks of a streamed answer into the body that the server would have sent at once.

use serde_json::{Map, Value};

use super::{
    latest::replace,
    room::{Room, TooManyValues},
};
use crate::response::{counter, members::REASONING};

/// Members whose text is sent in pieces, anywhere in a delta, in addition to those with reasoning. All others are sent
/// whole, some of them repeatedly.
const IN_PIECES: [&str; 8] = ["arguments", "content", "data", "input", "refusal", "summary", "text", "transcript"];
/// How many of a list's last items are searched for the one that a piece continues. Servers write few items at a time,
/// and searching a long list for each piece would take too long.
const MAX_OPEN_ITEMS: usize = 128;

/// The answer so far. Takes time linear in the length of its chunks.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    body: Map<String, Value>,
    choices: Vec<Value>,
    /// Whether a choice arrived with its whole message.
    has_message: bool,
}

impl Assembly {
    /// Adds a chunk.
    pub(super) fn add(&mut self, chunk: Map<String, Value>, room: &mut Room) -> Result<(), TooManyValues> {
        for (name, value) in chunk {
            match value {
                Value::Array(choices) if name == "choices" => {
                    self.body.entry(name).or_insert(Value::Null);
                    for (position, choice) in choices.into_iter().enumerate() {
                        if let Value::Object(choice) = choice {
                            self.add_choice(position, choice, room)?;
                        }
                    }
                }
                Value::String(kind) if name == "object" => {
                    let kind = kind.strip_suffix(".chunk").unwrap_or(&kind).into();
                    replace(&mut self.body, name, kind, room)?;
                }
                value => replace(&mut self.body, name, value, room)?,
            }
        }
        Ok(())
    }

    fn add_choice(
        &mut self,
        position: usize,
        mut piece: Map<String, Value>,
        room: &mut Room,
    ) -> Result<(), TooManyValues> {
        let index = piece.get("index").and_then(counter).unwrap_or_else(|| i64::try_from(position).unwrap_or_default());
        let at = open_item(&self.choices, index).unwrap_or(self.choices.len());
        if at == self.choices.len() {
            let choice = Value::Object(Map::from_iter([("index".to_owned(), index.into())]));
            room.take(&choice)?;
            self.choices.push(choice);
        }
        let Value::Object(choice) = &mut self.choices[at] else { return Ok(()) };
        piece.remove("index");
        // Next to a delta, it repeats the text so far.
        let message = piece.swap_remove("message").filter(|_| !piece.contains_key("delta"));
        for (name, value) in piece {
            match (name.as_str(), value) {
                ("delta", Value::Object(delta)) => {
                    let message = choice.entry("message").or_insert_with(|| Map::new().into());
                    if let Value::Object(message) = message {
                        merge(message, delta, room)?;
                    }
                }
                ("delta", _) => {}
                ("text" | "logprobs", value) => merge_member(choice, name, value, room)?,
                (_, value) => replace(choice, name, value, room)?,
            }
        }
        if let Some(message @ Value::Object(_)) = message {
            self.has_message = true;
            replace(choice, "message".to_owned(), message, room)?;
        }
        Ok(())
    }

    /// Whether some choice has not ended, or none has begun.
    pub(super) fn is_unfinished(&self) -> bool {
        let is_finished = |choice: &Value| choice.get("finish_reason").is_some_and(|reason| !reason.is_null());
        let is_whole = self.has_message || !self.choices.is_empty() && self.choices.iter().all(is_finished);
        self.body.contains_key("choices") && !is_whole
    }

    /// The body, with usage in the API's place.
    pub(super) fn into_body(self) -> Map<String, Value> {
        let Self { mut body, mut choices, .. } = self;
        if !body.contains_key("usage") {
            // Groq and Moonshot have it elsewhere.
            let of_choice = |choice: &mut Value| choice.as_object_mut()?.swap_remove("usage");
            let usage = body.get_mut("x_groq").and_then(of_choice);
            let usage = usage.or_else(|| choices.iter_mut().find_map(of_choice));
            body.extend(usage.map(|usage| ("usage".to_owned(), usage)));
        }
        if let Some(list) = body.get_mut("choices") {
            *list = choices.into();
        }
        body
    }
}

/// Merges a delta into what preceded it.
fn merge(target: &mut Map<String, Value>, delta: Map<String, Value>, room: &mut Room) -> Result<(), TooManyValues> {
    delta.into_iter().try_for_each(|(name, value)| merge_member(target, name, value, room))
}

fn merge_member(
    target: &mut Map<String, Value>,
    name: String,
    value: Value,
    room: &mut Room,
) -> Result<(), TooManyValues> {
    let is_in_pieces = [&IN_PIECES[..], &REASONING].iter().any(|names| names.contains(&name.as_str()));
    match (target.get_mut(&name), value) {
        (Some(Value::String(text)), Value::String(piece)) if is_in_pieces => text.push_str(&piece),
        // The content has parts and text.
        (Some(Value::Array(parts)), Value::String(piece)) if is_in_pieces => add_text(parts, piece, room)?,
        (Some(content @ Value::String(_)), Value::Array(parts)) if is_in_pieces => {
            let mut all = Vec::new();
            if let Value::String(text) = content.take()
                && !text.is_empty()
            {
                add_text(&mut all, text, room)?;
            }
            add_items(&mut all, parts, room)?;
            *content = all.into();
        }
        (Some(Value::Array(items)), Value::Array(more)) => add_items(items, more, room)?,
        (Some(Value::Object(members)), Value::Object(more)) => merge(members, more, room)?,
        (None | Some(Value::Null), Value::Array(items)) => {
            let mut list = Vec::new();
            add_items(&mut list, items, room)?;
            replace(target, name, list.into(), room)?;
        }
        (_, value) => replace(target, name, value, room)?,
    }
    Ok(())
}

/// Appends text to content that has parts.
fn add_text(parts: &mut Vec<Value>, text: String, room: &mut Room) -> Result<(), TooManyValues> {
    if let Some(Value::Object(last)) = parts.last_mut()
        && last.get("type").is_some_and(|kind| kind == "text")
        && let Some(Value::String(before)) = last.get_mut("text")
    {
        before.push_str(&text);
        return Ok(());
    }
    let part = Value::Object(Map::from_iter([("type".to_owned(), "text".into()), ("text".to_owned(), text.into())]));
    room.take(&part)?;
    parts.push(part);
    Ok(())
}

/// Adds items to a list. An item whose `index` exists already continues that one. A piece of a tool call without an
/// index continues the last one unless it has another `id`.
fn add_items(items: &mut Vec<Value>, more: Vec<Value>, room: &mut Room) -> Result<(), TooManyValues> {
    for item in more {
        let open = match item.get("index").and_then(counter) {
            Some(index) => open_item(items, index),
            None if item.get("function").is_some() => items.len().checked_sub(1),
            None => None,
        };
        match (open.filter(|at| !begins_another(&items[*at], &item)).map(|at| &mut items[at]), item) {
            (Some(Value::Object(open)), Value::Object(piece)) => merge(open, piece, room)?,
            (_, item) => {
                room.take(&item)?;
                items.push(item);
            }
        }
    }
    Ok(())
}

/// The position of the item with this index.
fn open_item(items: &[Value], index: i64) -> Option<usize> {
    let is_it = |item: &Value| item.get("index").and_then(counter) == Some(index);
    let at = items.iter().rev().take(MAX_OPEN_ITEMS).position(is_it)?;
    Some(items.len() - 1 - at)
}

/// Whether a piece starts another tool call: some servers give all calls the same index. An `id` alone does not prove
/// it, because other servers invent one for each piece.
fn begins_another(open: &Value, piece: &Value) -> bool {
    let text = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (before, id) = (text(open, "/id"), text(piece, "/id"));
    before.is_some() && id.is_some() && before != id && text(piece, "/function/name").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::MAX_RESPONSE_VALUES;

    fn body(chunks: impl IntoIterator<Item = Value>) -> Value {
        let (mut assembly, mut room) = (Assembly::default(), Room::default());
        for chunk in chunks {
            let Value::Object(chunk) = chunk else { panic!("not an object") };
            assembly.add(chunk, &mut room).unwrap();
        }
        assembly.into_body().into()
    }

    fn message(deltas: impl IntoIterator<Item = Value>) -> Value {
        let chunks = deltas.into_iter().map(|delta| json!({"choices": [{"index": 0, "delta": delta}]}));
        body(chunks)["choices"][0]["message"].take()
    }

    #[test]
    fn joins_text_and_keeps_the_last_meaningful_value_of_other_members() {
        let deltas = [
            json!({"role": "assistant", "content": "", "reasoning_content": "Let me"}),
            json!({"role": "assistant", "content": null, "reasoning_content": " see"}),
            json!({"role": "", "content": "Hel", "refusal": null}),
            json!({"content": "lo", "refusal": "n"}),
            json!({"content": "", "refusal": "o", "annotations": []}),
            json!({"annotations": [{"type": "url_citation"}], "audio": {"id": "a", "transcript": "x"}}),
            json!({"annotations": [{"type": "url_citation"}], "audio": {"id": "a", "transcript": "y"}}),
        ];
        let expected = json!({
            "role": "assistant", "content": "Hello", "reasoning_content": "Let me see", "refusal": "no",
            "annotations": [{"type": "url_citation"}, {"type": "url_citation"}],
            "audio": {"id": "a", "transcript": "xy"}
        });
        assert_eq!(message(deltas), expected);
    }

    #[test]
    fn joins_reasoning_under_every_name() {
        for name in REASONING {
            assert_eq!(message([json!({name: "Let me"}), json!({name: " see"})]), json!({name: "Let me see"}));
        }
    }

    #[test]
    fn keeps_the_last_meaningful_value_of_the_body_s_members() {
        let expected = json!({
            "id": "c", "object": "chat.completion", "created": 5, "model": "m", "choices": [],
            "citations": ["a", "b"], "usage": {"total_tokens": 7}
        });
        let chunks = [
            json!({"id": "", "object": "", "created": 0, "model": "", "choices": [], "citations": ["a"]}),
            json!({"id": "c", "object": "chat.completion.chunk", "created": 5, "model": "m", "usage": null}),
            json!({"id": "", "choices": [], "citations": ["a", "b"], "usage": {"total_tokens": 7}}),
        ];
        assert_eq!(body(chunks), expected);
    }

    #[test]
    fn separates_choices_by_index() {
        let chunk = |index, text: &str, reason: Value| json!({"choices": [{"index": index, "text": text, "finish_reason": reason}]});
        let chunks = [
            chunk(1, "b", json!(null)),
            chunk(0, "a", json!(null)),
            chunk(1, "B", json!("length")),
            chunk(0, "A", json!("stop")),
            chunk(0, "", json!(null)),
        ];
        let expected = json!([
            {"index": 1, "text": "bB", "finish_reason": "length"},
            {"index": 0, "text": "aA", "finish_reason": "stop"}
        ]);
        assert_eq!(body(chunks)["choices"], expected);
    }

    #[test]
    fn joins_log_probabilities_of_both_endpoints() {
        let logprobs = |pieces: [Value; 2]| {
            body(pieces.map(|piece| json!({"choices": [{"logprobs": piece}]})))["choices"][0]["logprobs"].take()
        };
        let chat = |token: &str| json!({"content": [{"token": token, "top_logprobs": []}], "refusal": null});
        let expected = json!([{"token": "a", "top_logprobs": []}, {"token": "b", "top_logprobs": []}]);
        assert_eq!(logprobs([chat("a"), chat("b")])["content"], expected);
        let completion = |token: &str, at| json!({"tokens": [token], "token_logprobs": [-0.5], "text_offset": [at]});
        let expected = json!({"tokens": ["a", "b"], "token_logprobs": [-0.5, -0.5], "text_offset": [0, 1]});
        assert_eq!(logprobs([completion("a", 0), completion("b", 1)]), expected);
        assert_eq!(logprobs([json!(null), chat("b")])["content"][0]["token"], "b");
    }

    fn calls(deltas: impl IntoIterator<Item = Value>) -> Value {
        message(deltas.into_iter().map(|call| json!({"tool_calls": [call]})))["tool_calls"].take()
    }

    #[test]
    fn assembles_tool_calls_by_index() {
        let made = calls([
            json!({"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}),
            json!({"index": 1, "id": "2", "type": "function", "function": {"name": "g", "arguments": "{"}}),
            json!({"index": 0, "function": {"arguments": "{\"a\""}}),
            json!({"index": 1, "id": "", "function": {"name": "", "arguments": "}"}}),
            json!({"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ":1}"}}),
        ]);
        let expected = json!([
            {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
            {"index": 1, "id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}}
        ]);
        assert_eq!(made, expected);
    }

    #[test]
    fn separates_tool_calls_by_id_when_the_index_does_not() {
        for index in [json!(null), json!(0)] {
            let made = calls([
                json!({"index": index, "id": "1", "function": {"name": "f", "arguments": "{"}}),
                json!({"index": index, "function": {"arguments": "}"}}),
                json!({"index": index, "id": "2", "function": {"name": "f", "arguments": "[]"}}),
            ]);
            let arguments: Vec<_> =
                made.as_array().unwrap().iter().map(|call| &call["function"]["arguments"]).collect();
            assert_eq!(arguments, ["{}", "[]"]);
        }
        let made = calls([
            json!({"index": 0, "id": "1", "function": {"name": "f", "arguments": "{"}}),
            json!({"index": 0, "id": "made-up", "function": {"arguments": "}"}}),
        ]);
        assert_eq!(made[0]["function"]["arguments"], "{}");
    }

    #[test]
    fn assembles_old_and_custom_calls() {
        let made = message([
            json!({"function_call": {"name": "f", "arguments": "{"}}),
            json!({"function_call": {"arguments": "}"}}),
            json!({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "c", "input": "a"}}]}),
            json!({"tool_calls": [{"index": 0, "custom": {"input": "b"}}]}),
        ]);
        assert_eq!(made["function_call"], json!({"name": "f", "arguments": "{}"}));
        assert_eq!(made["tool_calls"][0]["custom"], json!({"name": "c", "input": "ab"}));
    }

    #[test]
    fn combines_content_parts_with_text() {
        let thought = json!({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]});
        let made = message([
            json!({"content": ""}),
            json!({"content": [thought]}),
            json!({"content": "An"}),
            json!({"content": "swer"}),
            json!({"content": [{"type": "text", "text": "!"}]}),
        ]);
        let expected = json!([thought, {"type": "text", "text": "Answer"}, {"type": "text", "text": "!"}]);
        assert_eq!(made["content"], expected);
        let made = message([json!({"content": "a"}), json!({"content": [{"type": "text", "text": "b"}]})]);
        assert_eq!(made["content"], json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]));
    }

    #[test]
    fn reads_a_whole_message_when_there_are_no_deltas() {
        let whole = |text: &str| json!({"role": "assistant", "content": text});
        let chunk = |choice: Value| json!({ "choices": [choice] });
        let made = body([
            chunk(json!({"delta": {"content": "a"}, "message": whole("a")})),
            chunk(json!({"delta": {"content": "b"}, "message": whole("ab")})),
        ]);
        assert_eq!(made["choices"][0]["message"], json!({"content": "ab"}));
        let made = body([chunk(json!({"message": whole("ab"), "finish_reason": "stop"}))]);
        assert_eq!(made["choices"][0]["message"], whole("ab"));
    }

    #[test]
    fn finds_the_usage_of_groq_and_moonshot() {
        let usage = json!({"total_tokens": 7});
        assert_eq!(body([json!({"choices": [], "x_groq": {"usage": usage}})])["usage"], usage);
        assert_eq!(body([json!({"choices": [{"delta": {}, "usage": usage}]})])["usage"], usage);
    }

    #[test]
    fn is_finished_when_every_choice_is() {
        let is_unfinished = |chunks: Vec<Value>| {
            let mut assembly = Assembly::default();
            for chunk in chunks {
                assembly.add(chunk.as_object().unwrap().clone(), &mut Room::default()).unwrap();
            }
            assembly.is_unfinished()
        };
        let chunk = |index, reason: Value| json!({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]});
        assert!(is_unfinished(vec![json!({"choices": []})]));
        assert!(is_unfinished(vec![chunk(0, json!("stop")), chunk(1, json!(null))]));
        assert!(!is_unfinished(vec![chunk(0, json!(null)), chunk(0, json!("stop")), json!({"choices": []})]));
        assert!(!is_unfinished(vec![json!({"choices": [{"message": {"content": "a"}}]})]));
        assert!(!is_unfinished(vec![json!({"data": []})]));
    }

    #[test]
    fn limits_the_number_of_values() {
        let (mut assembly, mut room) = (Assembly::default(), Room::default());
        let items = 1_000;
        let per_chunk = items * 2 + 20;
        let chunk = |name: &str| json!({"choices": [{"delta": {name: vec![0; items]}}]}).as_object().unwrap().clone();
        let added =
            (0..=MAX_RESPONSE_VALUES / items).position(|_| assembly.add(chunk("annotations"), &mut room).is_err());
        assert!(added.is_some_and(|chunks| (MAX_RESPONSE_VALUES / per_chunk..).contains(&chunks)), "{added:?}");
        // Replaced values no longer count.
        let (mut assembly, mut room) = (Assembly::default(), Room::default());
        for _ in 0..=MAX_RESPONSE_VALUES / items {
            assembly.add(json!({"citations": vec![0; items]}).as_object().unwrap().clone(), &mut room).unwrap();
        }
    }
}
