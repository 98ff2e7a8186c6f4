//! Assembles events of the Responses API. The last one contains the whole response; the earlier ones matter if the
//! stream breaks off, or if a compatible server leaves the output out of the last one.

use serde_json::{Map, Value, json};

use super::{
    items::{About, Items},
    latest::replace_all,
    room::{Room, TooManyValues},
};
use crate::response::{counter, has_error, take_list};

/// The prefix of every event's type, except that of an error.
const PREFIX: &str = "response.";
/// States of a response in its final event.
const ENDS: [&str; 4] = ["completed", "incomplete", "failed", "cancelled"];
/// Some servers' name for the final event, whatever the state.
const DONE: &str = "done";

/// The response so far. Takes time linear in the length of its events.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The latest response object, without output.
    response: Option<Map<String, Value>>,
    /// The items of its output from earlier events.
    items: Items,
    /// Whether its final event has arrived.
    is_ended: bool,
}

/// The kind of a Responses API event, such as `output_text.delta`; `None` for chunks of other endpoints.
pub(super) fn kind_of(event: &Map<String, Value>) -> Option<&str> {
    event.get("type")?.as_str()?.strip_prefix(PREFIX)
}

/// The place of text that is sent in pieces.
struct Target {
    /// The type of the item.
    item: &'static str,
    /// The item's list that contains the text, unless it is the item's own.
    list: Option<&'static str>,
    /// The type of the part in that list, or of the item.
    holder: &'static str,
    /// The member with the text, also in the event that repeats it at the end.
    text: &'static str,
}

impl Target {
    /// The target of events about `subject`.
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
        let is_end = kind == DONE || ENDS.contains(&kind.as_str());
        let response = event.get_mut("response").map(Value::take);
        if is_end || matches!(response, Some(Value::Object(_))) {
            return self.add_response(&kind, response, event.swap_remove("usage"), room);
        }
        let Some((subject, state)) = kind.rsplit_once('.') else { return Ok(()) };
        let mut take = |name: &str| event.get_mut(name).map(Value::take);
        match (subject, state) {
            ("output_item", "added" | "done") => {
                let Some(Value::Object(item)) = take("item") else { return Ok(()) };
                self.items.set(About::of(&event, Some(&item), "message"), item, state == "done", room)
            }
            ("content_part", "added" | "done") => {
                let Some(Value::Object(part)) = take("part") else { return Ok(()) };
                let is_reasoning = part.get("type").is_some_and(|kind| kind == "reasoning_text");
                let about = About::of(&event, None, if is_reasoning { "reasoning" } else { "message" });
                let Some(item) = self.items.open(&about, false, room)? else { return Ok(()) };
                match slot(item, "content", &event, room)? {
                    Some(slot) => replace_all(slot, part, room),
                    None => Ok(()),
                }
            }
            ("output_text.annotation", "added") => {
                let Some(annotation) = take("annotation") else { return Ok(()) };
                let Some(item) = self.items.open(&About::of(&event, None, "message"), false, room)? else {
                    return Ok(());
                };
                let part = slot(item, "content", &event, room)?;
                match part.and_then(|part| list(part, "annotations")) {
                    Some(annotations) => push(annotations, annotation, room),
                    None => Ok(()),
                }
            }
            _ => {
                // Any other event is new, or shows the server's own progress.
                let Some(target) = Target::of(subject) else { return Ok(()) };
                let is_delta = state == "delta";
                let Some(Value::String(text)) = take(if is_delta { "delta" } else { target.text }) else {
                    return Ok(());
                };
                let about = About::of(&event, None, target.item);
                let Some(item) = self.items.open(&about, is_delta, room)? else { return Ok(()) };
                let holder = match target.list {
                    Some(name) => slot(item, name, &event, room)?,
                    None => Some(item),
                };
                holder.map_or(Ok(()), |holder| add_text(holder, &target, is_delta, text, room))
            }
        }
    }

    /// Adds an event about the response itself. `usage` comes from the event.
    fn add_response(
        &mut self,
        kind: &str,
        response: Option<Value>,
        usage: Option<Value>,
        room: &mut Room,
    ) -> Result<(), TooManyValues> {
        if kind == "created" && self.response.is_some() {
            // A gateway has started over.
            *self = Self::default();
        }
        let ours = self.response.get_or_insert_default();
        if let Some(Value::Object(response)) = response {
            replace_all(ours, response, room)?;
        }
        if kind == DONE || ENDS.contains(&kind) {
            self.is_ended = true;
            let is_end = |status: &Value| ENDS.iter().any(|end| status == end);
            if !ours.get("status").is_some_and(is_end) {
                let status = if kind == DONE { ENDS[0] } else { kind };
                ours.insert("status".to_owned(), status.into());
            }
        }
        if let Some(usage @ Value::Object(_)) = usage
            && ours.get("usage").is_none_or(Value::is_null)
        {
            room.take(&usage)?;
            ours.insert("usage".to_owned(), usage);
        }
        Ok(())
    }

    /// Whether the final event has arrived.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The response's failure, as the body of an error response.
    pub(super) fn failure(&self) -> Option<Value> {
        let response = self.response.as_ref().filter(|response| has_error(response))?;
        Some(json!({ "error": response.get("error")? }))
    }

    /// The response, completed with items from events if its own output says less. `is_done` means that the stream
    /// ended properly, even without a final event.
    pub(super) fn into_body(self, is_done: bool) -> Map<String, Value> {
        let mut body = self.response.unwrap_or_default();
        if is_done && !self.is_ended {
            body.insert("status".to_owned(), ENDS[0].into());
        }
        let output = self.items.into_output(take_list(&mut body, "output"));
        body.insert("output".to_owned(), output.into());
        body
    }
}

fn push(list: &mut Vec<Value>, value: Value, room: &mut Room) -> Result<(), TooManyValues> {
    room.take(&value)?;
    list.push(value);
    Ok(())
}

/// The list with this name, possibly a new one; `None` if another type is in its place.
fn list<'a>(holder: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Vec<Value>> {
    holder.entry(name).or_insert_with(|| Value::Array(Vec::new())).as_array_mut()
}

/// The part of an item's list that an event is about, possibly a new one; `None` if another type is in its place.
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

/// Appends a piece of text, or sets the whole text, which overrides all pieces.
fn add_text(
    holder: &mut Map<String, Value>,
    target: &Target,
    is_delta: bool,
    text: String,
    room: &mut Room,
) -> Result<(), TooManyValues> {
    for (name, value) in [("type", target.holder), (target.text, "")] {
        if !holder.contains_key(name) {
            room.take(&Value::Null)?;
            holder.insert(name.to_owned(), value.into());
        }
    }
    match holder.get_mut(target.text) {
        Some(Value::String(whole)) if is_delta => whole.push_str(&text),
        Some(whole) if !text.is_empty() => *whole = text.into(),
        _ => {}
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
    fn returns_the_response_of_the_last_event() {
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
    fn returns_earlier_items_when_the_last_event_has_none() {
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
    fn assembles_text_from_pieces() {
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
    fn assembles_calls_from_pieces() {
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
    fn adds_pieces_without_an_index_to_the_last_item_of_their_type() {
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

    fn item(state: &str, index: Value, item: &Value) -> Value {
        event(&format!("output_item.{state}"), json!({"output_index": index, "item": item}))
    }

    fn message(id: &str, text: &str) -> Value {
        json!({"type": "message", "id": id, "content": [{"type": "output_text", "text": text}]})
    }

    fn call(id: &str, arguments: &str) -> Value {
        json!({"type": "function_call", "id": id, "arguments": arguments})
    }

    #[test]
    fn replaces_pieces_by_the_complete_item_without_an_index() {
        let delta = |id: Value, text: &str| event("output_text.delta", json!({"item_id": id, "delta": text}));
        let done = |id: &str, text: &str| item("done", json!(null), &message(id, text));
        for id in [json!(null), json!("m")] {
            let pieces = [delta(id.clone(), "He"), delta(id, "y"), done("m", "Hey")];
            assert_eq!(items(pieces), json!([message("m", "Hey")]));
        }
        let begun = item("added", json!(null), &message("m", ""));
        assert_eq!(items([begun, delta(json!("m"), "Hey"), done("other", "Hey")]), json!([message("other", "Hey")]));
        let two = [delta(json!(null), "a"), done("a", "a"), delta(json!(null), "b"), done("b", "b")];
        assert_eq!(items(two), json!([message("a", "a"), message("b", "b")]));
    }

    #[test]
    fn separates_items_by_id_when_the_index_does_not() {
        let delta = |index: &Value, id: &str, text: &str| {
            event("function_call_arguments.delta", json!({"output_index": index, "item_id": id, "delta": text}))
        };
        for index in [json!(null), json!(0)] {
            let [a, b] = ["a", "b"].map(|id| item("added", index.clone(), &call(id, "")));
            let pieces = [
                a,
                b,
                delta(&index, "a", "{"),
                delta(&index, "b", "["),
                delta(&index, "a", "}"),
                delta(&index, "b", "]"),
            ];
            assert_eq!(items(pieces), json!([call("a", "{}"), call("b", "[]")]), "{index}");
            let done = [call("a", "{}"), message("m", "first"), message("n", "second"), call("b", "[]")];
            assert_eq!(items(done.each_ref().map(|done| item("done", index.clone(), done))), json!(done), "{index}");
        }
        let null = json!(null);
        let pieces = [delta(&null, "a", "{"), delta(&null, "b", "["), delta(&null, "a", "}"), delta(&null, "b", "]")];
        let arguments = |made: &Value| [0, 1].map(|at| made[at]["arguments"].clone());
        assert_eq!(arguments(&items(pieces)), ["{}", "[]"]);
    }

    #[test]
    fn joins_pieces_with_the_same_index_but_different_ids() {
        let delta =
            |id: &str, text: &str| event("output_text.delta", json!({"output_index": 0, "item_id": id, "delta": text}));
        let made = items([
            item("added", json!(0), &message("x", "")),
            delta("y", "He"),
            delta("z", "y"),
            item("done", json!(0), &message("w", "Hey")),
        ]);
        assert_eq!(made, json!([message("w", "Hey")]));
    }

    #[test]
    fn finds_an_item_among_hundreds() {
        let at = |name: &str, text: &str, index: usize| {
            event(
                &format!("output_text.{name}"),
                json!({"output_index": index, if name == "done" { "text" } else { "delta" }: text}),
            )
        };
        let begin = (0..300).map(|index| item("added", json!(index), &message(&index.to_string(), "")));
        let made = items(
            begin
                .chain((0..300).map(|index| at("delta", "x", index)))
                .chain((0..300).map(|index| at("done", "x", index))),
        );
        assert_eq!(made, (0..300).map(|index| message(&index.to_string(), "x")).collect::<Value>());
    }

    #[test]
    fn prefers_the_whole_text_to_its_pieces() {
        let made = items([
            event("output_text.delta", json!({"output_index": 0, "delta": "Hel"})),
            event("output_text.done", json!({"output_index": 0, "text": "Hello"})),
            event("output_text.done", json!({"output_index": 0, "text": ""})),
        ]);
        assert_eq!(made[0]["content"][0]["text"], "Hello");
    }

    #[test]
    fn starts_over_when_the_response_does() {
        let begin = || ended("created", json!({"status": "in_progress"}));
        let delta = |text: &str| event("output_text.delta", json!({"output_index": 0, "delta": text}));
        assert_eq!(items([begin(), delta("Hel"), begin(), delta("Hello")])[0]["content"][0]["text"], "Hello");
    }

    #[test]
    fn keeps_items_that_the_final_output_lacks() {
        let thought = json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]});
        let delta = event("output_text.delta", json!({"output_index": 1, "delta": "Hello"}));
        let said = json!({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]});
        for (output, expected) in [
            (json!([thought]), json!([thought, said])),
            (json!([{"type": "message", "content": []}]), json!([said])),
            (
                json!([thought, {"type": "message", "content": [{"type": "output_text", "text": null}]}]),
                json!([thought, said]),
            ),
            (json!(null), json!([said])),
            (json!([message("m", "Hi")]), json!([message("m", "Hi")])),
        ] {
            let made = added([delta.clone(), ended("completed", json!({"output": output}))]);
            assert_eq!(made.into_body(true)["output"], expected);
        }
        let silent = item("done", json!(1), &json!({"type": "message", "id": "m", "content": []}));
        assert_eq!(items([delta, silent])[0]["content"][0]["text"], "Hello");
    }

    #[test]
    fn reads_the_status_from_the_final_event_when_its_response_has_none() {
        for (kind, response, status) in [
            ("done", json!(null), "completed"),
            ("completed", json!(null), "completed"),
            ("incomplete", json!({"status": "in_progress"}), "incomplete"),
            ("done", json!({"status": "failed"}), "failed"),
        ] {
            let output = added([ended("created", json!({"status": "in_progress"})), ended(kind, response)]);
            assert!(output.is_ended(), "{kind}");
            assert_eq!(output.into_body(true)["status"], status, "{kind}");
        }
        let beside = json!({"response": {"status": "completed"}, "usage": {"total_tokens": 3}});
        assert_eq!(added([event("completed", beside)]).into_body(true)["usage"]["total_tokens"], 3);
    }

    #[test]
    fn treats_done_as_completed() {
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
    fn ignores_what_is_out_of_place() {
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
    fn limits_the_number_of_values() {
        let values = 1_000;
        let add = |output: &mut Output, room: &mut Room, id: usize| {
            let many = json!({"type": "message", "id": id.to_string(), "content": vec![0; values]});
            let event = event("output_item.done", json!({ "item": many }));
            output.add(event.as_object().unwrap().clone(), room)
        };
        let limit = MAX_RESPONSE_VALUES / values;
        let (mut output, mut room) = (Output::default(), Room::default());
        assert!((0..=limit).any(|index| add(&mut output, &mut room, index).is_err()));
        // Replaced values no longer count.
        let (mut output, mut room) = (Output::default(), Room::default());
        assert!((0..=limit).all(|_| add(&mut output, &mut room, 0).is_ok()));
    }

    #[test]
    fn reports_the_error_of_a_failed_response() {
        let error = json!({"code": "server_error", "message": "m"});
        assert_eq!(added([ended("failed", json!({"error": error}))]).failure(), Some(json!({"error": error})));
        assert_eq!(added([ended("completed", json!({"error": null}))]).failure(), None);
    }
}
