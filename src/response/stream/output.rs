//! Puts the events of the Responses API together. The last one carries the whole response; what came before it counts
//! where the stream breaks off, and where a compatible server leaves the output out of the last one.

use serde_json::{Map, Value, json};

use super::room::{Room, TooManyValues};
use crate::response::{counter, has_error};

/// What the type of an event begins with, but for that of an error.
const PREFIX: &str = "response.";
/// States of a response in the event that ends it.
const ENDS: [&str; 4] = ["completed", "incomplete", "failed", "cancelled"];
/// How far back an item is looked for that an event belongs to: servers write one after the other, and a search through
/// a long list for each piece would take too long.
const MAX_OPEN_ITEMS: usize = 128;

/// A response, as far as its events have been added. The time that this takes is linear in their length.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The response as it was last seen whole.
    response: Option<Map<String, Value>>,
    /// The items of its output, each with its index.
    items: Vec<(i64, Map<String, Value>)>,
    /// Whether the event came that ends it.
    is_ended: bool,
}

/// The kind of an event of the Responses API, such as `output_text.delta`; `None` for chunks of other endpoints.
pub(super) fn kind_of(event: &Map<String, Value>) -> Option<&str> {
    event.get("type")?.as_str()?.strip_prefix(PREFIX)
}

/// Where a text belongs that comes in pieces.
struct Target {
    /// The type of the item.
    item: &'static str,
    /// The list of the item that the text is in, if it is not the item's own.
    list: Option<&'static str>,
    /// The type of what holds the text: the part in that list, or the item.
    holder: &'static str,
    /// The member with the text: also in the event at its end, which repeats it.
    text: &'static str,
}

impl Target {
    /// The target of the events about `subject`.
    fn of(subject: &str) -> Option<Self> {
        let (item, list, holder, text) = match subject {
            "output_text" => ("message", Some("content"), "output_text", "text"),
            "refusal" => ("message", Some("content"), "refusal", "refusal"),
            "reasoning_text" => ("reasoning", Some("content"), "reasoning_text", "text"),
            "reasoning_summary_text" => ("reasoning", Some("summary"), "summary_text", "text"),
            "function_call_arguments" => ("function_call", None, "function_call", "arguments"),
            "custom_tool_call_input" => ("custom_tool_call", None, "custom_tool_call", "input"),
            _ => return None,
        };
        Some(Self { item, list, holder, text })
    }
}

impl Output {
    /// Adds an event.
    pub(super) fn add(&mut self, mut event: Map<String, Value>, room: &mut Room) -> Result<(), TooManyValues> {
        let Some(kind) = kind_of(&event).map(str::to_owned) else { return Ok(()) };
        if let Some(Value::Object(response)) = event.get_mut("response").map(Value::take) {
            self.is_ended |= ENDS.contains(&kind.as_str());
            return set(self.response.get_or_insert_default(), response, room);
        }
        let Some((subject, state)) = kind.rsplit_once('.') else { return Ok(()) };
        let mut take = |name: &str| event.get_mut(name).map(Value::take);
        match (subject, state) {
            ("output_item", "added" | "done") => {
                let Some(Value::Object(item)) = take("item") else { return Ok(()) };
                let at = self.position(&event, "", room)?;
                set(&mut self.items[at].1, item, room)
            }
            ("content_part", "added" | "done") => {
                let Some(Value::Object(part)) = take("part") else { return Ok(()) };
                let at = self.position(&event, "message", room)?;
                match slot(&mut self.items[at].1, "content", &event, room)? {
                    Some(slot) => set(slot, part, room),
                    None => Ok(()),
                }
            }
            ("output_text.annotation", "added") => {
                let Some(annotation) = take("annotation") else { return Ok(()) };
                let at = self.position(&event, "message", room)?;
                let part = slot(&mut self.items[at].1, "content", &event, room)?;
                match part.and_then(|part| list(part, "annotations")) {
                    Some(annotations) => push(annotations, annotation, room),
                    None => Ok(()),
                }
            }
            _ => {
                // Others are progress of what the server does itself, or new.
                let Some(target) = Target::of(subject) else { return Ok(()) };
                let Some(Value::String(text)) = take(if state == "delta" { "delta" } else { target.text }) else {
                    return Ok(());
                };
                let at = self.position(&event, target.item, room)?;
                let item = &mut self.items[at].1;
                let holder = match target.list {
                    Some(name) => slot(item, name, &event, room)?,
                    None => Some(item),
                };
                holder.map_or(Ok(()), |holder| add_text(holder, &target, state, &text, room))
            }
        }
    }

    /// Whether the event came that ends the response.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// What the response says of its failure, as the body of an error response.
    pub(super) fn failure(&self) -> Option<Value> {
        let response = self.response.as_ref().filter(|response| has_error(response))?;
        Some(json!({ "error": response.get("error")? }))
    }

    /// The response as it was last seen whole, with the items that came where it has none. `is_done` says that nothing
    /// more was to come, also where no event ended the response.
    pub(super) fn into_body(self, is_done: bool) -> Map<String, Value> {
        let mut body = self.response.unwrap_or_default();
        if is_done && !self.is_ended {
            body.insert("status".to_owned(), "completed".into());
        }
        if body.get("output").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let mut items = self.items;
            items.sort_by_key(|(index, _)| *index);
            let items: Vec<Value> = items.into_iter().map(|(_, item)| item.into()).collect();
            body.insert("output".to_owned(), items.into());
        }
        body
    }

    /// Where the item of an event is. One that has not begun begins here, as an item of this type.
    fn position(&mut self, event: &Map<String, Value>, kind: &str, room: &mut Room) -> Result<usize, TooManyValues> {
        let index = event.get("output_index").and_then(counter);
        let is_it = |(open, item): &(i64, Map<String, Value>)| match index {
            Some(index) => *open == index,
            // Of a server that does not number its items, a piece belongs to the last one of its type.
            None => item.get("type").is_some_and(|open| open == kind),
        };
        let count = self.items.len();
        if let Some(back) = self.items.iter().rev().take(MAX_OPEN_ITEMS).position(is_it) {
            return Ok(count - 1 - back);
        }
        let item = Map::from_iter([("type".to_owned(), kind.into())]);
        room.take(&Value::Object(item.clone()))?;
        self.items.push((index.unwrap_or(i64::try_from(count).unwrap_or(i64::MAX)), item));
        Ok(count)
    }
}

/// Puts an object in the place of another.
fn set(place: &mut Map<String, Value>, value: Map<String, Value>, room: &mut Room) -> Result<(), TooManyValues> {
    room.give_back_members(place);
    room.take_members(&value)?;
    *place = value;
    Ok(())
}

fn push(list: &mut Vec<Value>, value: Value, room: &mut Room) -> Result<(), TooManyValues> {
    room.take(&value)?;
    list.push(value);
    Ok(())
}

/// The list of this name, which may be new; `None` if it is something else.
fn list<'a>(holder: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Vec<Value>> {
    holder.entry(name).or_insert_with(|| Value::Array(Vec::new())).as_array_mut()
}

/// The part of an event in the list of an item, which may be new; `None` if that is something else.
fn slot<'a>(
    item: &'a mut Map<String, Value>,
    name: &str,
    event: &Map<String, Value>,
    room: &mut Room,
) -> Result<Option<&'a mut Map<String, Value>>, TooManyValues> {
    let Some(parts) = list(item, name) else { return Ok(None) };
    let index = if name == "summary" { "summary_index" } else { "content_index" };
    let index = event.get(index).and_then(counter).and_then(|index| usize::try_from(index).ok());
    let at = index.unwrap_or_default().min(parts.len());
    if at == parts.len() {
        push(parts, Map::new().into(), room)?;
    }
    Ok(parts[at].as_object_mut())
}

/// Adds a piece of a text, or the whole of one that came without pieces.
fn add_text(
    holder: &mut Map<String, Value>,
    target: &Target,
    state: &str,
    text: &str,
    room: &mut Room,
) -> Result<(), TooManyValues> {
    for (name, value) in [("type", target.holder), (target.text, "")] {
        if !holder.contains_key(name) {
            room.take(&Value::Null)?;
            holder.insert(name.to_owned(), value.into());
        }
    }
    if let Some(Value::String(whole)) = holder.get_mut(target.text)
        && (state == "delta" || whole.is_empty())
    {
        whole.push_str(text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_RESPONSE_VALUES;

    fn added(events: impl IntoIterator<Item = Value>) -> Output {
        let (mut output, mut room) = (Output::default(), Room::default());
        for event in events {
            let Value::Object(event) = event else { panic!("not an object") };
            output.add(event, &mut room).unwrap();
        }
        output
    }

    fn items(events: impl IntoIterator<Item = Value>) -> Value {
        added(events).into_body(false)["output"].take()
    }

    fn event(kind: &str, members: Value) -> Value {
        let Value::Object(mut event) = members else { panic!("not an object") };
        event.insert("type".to_owned(), format!("response.{kind}").into());
        event.into()
    }

    fn ended(kind: &str, response: Value) -> Value {
        event(kind, json!({ "response": response }))
    }

    #[test]
    fn the_response_in_the_last_event_counts() {
        let said = json!({"type": "message", "content": [{"type": "output_text", "text": "whole"}]});
        let output = added([
            ended("created", json!({"id": "r", "status": "in_progress", "output": []})),
            event("output_text.delta", json!({"output_index": 0, "content_index": 0, "delta": "piece"})),
            ended(
                "completed",
                json!({"id": "r", "status": "completed", "output": [said], "usage": {"total_tokens": 1}}),
            ),
        ]);
        assert!(output.is_ended());
        let expected = json!({"id": "r", "status": "completed", "output": [said], "usage": {"total_tokens": 1}});
        assert_eq!(Value::Object(output.into_body(true)), expected);
    }

    #[test]
    fn the_items_that_came_are_the_output_where_the_last_event_has_none() {
        let begun = json!({"type": "message", "id": "m", "content": []});
        let done = json!({"type": "message", "id": "m", "content": [{"type": "output_text", "text": "ab"}]});
        let call = json!({"type": "function_call", "name": "f", "arguments": "{}"});
        for end in [json!({"status": "completed", "output": []}), json!({"status": "completed"})] {
            let output = added([
                event("output_item.added", json!({"output_index": 1, "item": begun})),
                event("output_item.done", json!({"output_index": 0, "item": call})),
                event("output_item.done", json!({"output_index": 1, "item": done})),
                ended("completed", end),
            ]);
            assert_eq!(output.into_body(true)["output"], json!([call, done]));
        }
    }

    #[test]
    fn texts_are_put_together_from_their_pieces() {
        let at = json!({"output_index": 1, "content_index": 0});
        let with = |name: &str, text: &str| {
            let mut members = at.clone();
            members[name] = text.into();
            members
        };
        let made = items([
            event("reasoning_summary_text.delta", json!({"output_index": 0, "summary_index": 0, "delta": "Hm"})),
            event("reasoning_summary_text.delta", json!({"output_index": 0, "summary_index": 0, "delta": "."})),
            event("reasoning_summary_text.delta", json!({"output_index": 0, "summary_index": 1, "delta": "So"})),
            event("output_item.added", json!({"output_index": 1, "item": {"type": "message", "id": "m"}})),
            event("content_part.added", with("none", "")),
            event("content_part.added", json!({"output_index": 1, "part": {"type": "output_text", "text": ""}})),
            event("output_text.delta", with("delta", "Hel")),
            event("output_text.delta", with("delta", "lo")),
            event("output_text.done", with("text", "Hello")),
            event(
                "output_text.annotation.added",
                json!({"output_index": 1, "content_index": 0, "annotation": {"url": "u"}}),
            ),
            event("refusal.delta", json!({"output_index": 2, "content_index": 0, "delta": "no"})),
        ]);
        let expected = json!([
            {"type": "reasoning", "summary": [
                {"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "So"}
            ]},
            {"type": "message", "id": "m", "content": [
                {"type": "output_text", "text": "Hello", "annotations": [{"url": "u"}]}
            ]},
            {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}
        ]);
        assert_eq!(made, expected);
    }

    #[test]
    fn calls_are_put_together_from_their_pieces() {
        let made = items([
            event("output_item.added", json!({"output_index": 0, "item": {"type": "function_call", "name": "f"}})),
            event("function_call_arguments.delta", json!({"output_index": 0, "delta": "{"})),
            event("function_call_arguments.delta", json!({"output_index": 0, "delta": "}"})),
            event("function_call_arguments.done", json!({"output_index": 0, "arguments": "{}"})),
            event("custom_tool_call_input.done", json!({"output_index": 1, "input": "x"})),
        ]);
        let expected = json!([
            {"type": "function_call", "name": "f", "arguments": "{}"}, {"type": "custom_tool_call", "input": "x"}
        ]);
        assert_eq!(made, expected);
    }

    #[test]
    fn pieces_without_an_index_belong_to_the_last_item_of_their_type() {
        let made = items([
            event("reasoning_text.delta", json!({"delta": "h"})),
            event("reasoning_text.delta", json!({"delta": "m"})),
            event("output_text.delta", json!({"delta": "a"})),
            event("output_text.delta", json!({"delta": "b"})),
        ]);
        let expected = json!([
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "ab"}]}
        ]);
        assert_eq!(made, expected);
    }

    #[test]
    fn a_response_is_completed_where_the_server_only_says_that_it_is_done() {
        let events = [
            ended("created", json!({"status": "in_progress"})),
            event("output_text.delta", json!({"output_index": 0, "delta": "a"})),
        ];
        assert_eq!(added(events.clone()).into_body(true)["status"], "completed");
        let cut = added(events);
        assert!(!cut.is_ended());
        assert_eq!(cut.into_body(false)["status"], "in_progress");
    }

    #[test]
    fn what_is_out_of_place_does_no_harm() {
        let made = items([
            event("output_text.delta", json!({"output_index": i64::MIN, "content_index": u64::MAX, "delta": "a"})),
            event("output_text.delta", json!({"output_index": "x", "content_index": -5, "delta": "b"})),
            event("output_item.added", json!({"output_index": 7, "item": {"type": "message", "content": "text"}})),
            event("output_text.delta", json!({"output_index": 7, "delta": "lost"})),
            event("output_item.added", json!({"output_index": 8, "item": {"content": [5]}})),
            event("output_text.delta", json!({"output_index": 8, "delta": "lost"})),
            event("output_item.added", json!({"output_index": 9, "item": "no item"})),
            event("output_text.delta", json!({"output_index": 9, "delta": {"no": "text"}})),
            event("web_search_call.searching", json!({"output_index": 10})),
        ]);
        assert_eq!(made.as_array().unwrap().len(), 3);
        assert_eq!(made[0], json!({"type": "message", "content": [{"type": "output_text", "text": "ab"}]}));
    }

    #[test]
    fn keeps_as_many_values_as_a_response_may_have() {
        let values = 1_000;
        let many = || json!({"type": "message", "content": vec![0; values]});
        let add = |output: &mut Output, room: &mut Room, index: usize| {
            let event = event("output_item.done", json!({"output_index": index, "item": many()}));
            output.add(event.as_object().unwrap().clone(), room)
        };
        let limit = MAX_RESPONSE_VALUES / values;
        let (mut output, mut room) = (Output::default(), Room::default());
        assert!((0..=limit).any(|index| add(&mut output, &mut room, index).is_err()));
        // What is replaced no longer counts.
        let (mut output, mut room) = (Output::default(), Room::default());
        assert!((0..=limit).all(|_| add(&mut output, &mut room, 0).is_ok()));
    }

    #[test]
    fn the_error_of_a_response_that_failed_is_that_of_the_stream() {
        let error = json!({"code": "server_error", "message": "m"});
        assert_eq!(added([ended("failed", json!({"error": error}))]).failure(), Some(json!({"error": error})));
        assert_eq!(added([ended("completed", json!({"error": null}))]).failure(), None);
    }
}
