//! Function calls: easy to bind in a result, and in the API's shape when a history sends them back.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::room::Room;
use crate::input::{lenient_json, value_count::value_count_bound};

/// Members that a result adds to a call.
const ADDED: [&str; 2] = ["name", "arguments"];

/// The calls of a message, each with two more members: the `name` of the function, and its `arguments` as JSON.
/// `arguments` is null if the model did not write JSON, or if it exceeds `room`; `function.arguments` always contains
/// the text. Calls of other tools stay unchanged.
#[must_use]
pub fn bindable(mut calls: Value, room: &mut Room) -> Value {
    for call in calls.as_array_mut().into_iter().flatten() {
        let Some(function) = call.get("function").and_then(Value::as_object) else { continue };
        let name =
            function.get("name").filter(|name| name.as_str().is_some_and(|name| room.take(name.len(), 1))).cloned();
        let arguments = arguments(function.get("arguments"), room);
        let Value::Object(members) = call else { continue };
        members.extend(ADDED.into_iter().map(str::to_owned).zip([name.unwrap_or_default(), arguments]));
    }
    calls
}

fn arguments(given: Option<&Value>, room: &mut Room) -> Value {
    let text = match given {
        // A function without parameters.
        None | Some(Value::Null) => return json!({}),
        Some(Value::String(text)) if text.trim().is_empty() => return json!({}),
        Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
        // Some servers parse the arguments.
        Some(other) => Cow::Owned(other.to_string()),
    };
    if !room.take(text.len(), value_count_bound(text.as_bytes())) {
        return Value::Null;
    }
    lenient_json::parse(&text).unwrap_or_default()
}

/// Restores a call to the API's shape: removes what a result added, or builds the call from it if there is nothing
/// else. Also removes the index of a streamed piece.
pub fn unbind(call: &mut Map<String, Value>) {
    call.shift_remove("index");
    let added = ADDED.map(|name| (name.to_owned(), call.shift_remove(name).unwrap_or_default()));
    if !added[0].1.is_null() {
        call.entry("function").or_insert_with(|| Map::from_iter(added).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_REPEATED_BYTES;

    fn call(arguments: &Value) -> Value {
        json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}})
    }

    /// A call, and the arguments that a result adds to it.
    fn bound(arguments: Value) -> (Value, Value) {
        let mut calls = bindable(json!([call(&arguments)]), &mut Room::default());
        let added = calls[0]["arguments"].take();
        assert_eq!(calls[0]["name"], "f");
        unbind(calls[0].as_object_mut().unwrap());
        (calls[0].take(), added)
    }

    #[test]
    fn adds_the_name_and_the_arguments_as_json() {
        for (text, arguments) in [
            (json!("{\"city\": \"Oslo\"}"), json!({"city": "Oslo"})),
            (json!({"city": "Oslo"}), json!({"city": "Oslo"})),
            (json!("[1]"), json!([1])),
            (json!(" "), json!({})),
            (json!(null), json!({})),
            (json!("{\"city\": \"Os"), json!(null)),
            (json!("Oslo"), json!(null)),
        ] {
            assert_eq!(bound(text.clone()), (call(&text), arguments));
        }
    }

    #[test]
    fn leaves_calls_of_other_tools_unchanged() {
        for calls in [
            json!([{"id": "c", "type": "custom", "custom": {"name": "g", "input": "x"}}, 5, {"id": "c"}]),
            json!("x"),
            json!([{"function": "f"}]),
        ] {
            assert_eq!(bindable(calls.clone(), &mut Room::default()), calls);
        }
    }

    #[test]
    fn adds_nothing_when_the_room_is_used_up() {
        let long = json!("x".repeat(MAX_REPEATED_BYTES));
        let calls = json!([{"function": {"name": long, "arguments": {"a": [long]}}}, call(&json!("{}"))]);
        let calls = bindable(calls, &mut Room::default());
        assert_eq!((&calls[0]["name"], &calls[0]["arguments"]), (&json!(null), &json!(null)));
        assert_eq!(calls[0]["function"]["arguments"]["a"][0], long);
        assert_eq!((&calls[1]["name"], &calls[1]["arguments"]), (&json!("f"), &json!({})));
        let many = json!(vec![call(&json!("[[[[[[]]]]]]")); 100_000]);
        let read = bindable(many, &mut Room::default());
        let parsed = read.as_array().unwrap().iter().filter(|call| call["arguments"].is_array()).count();
        assert!(parsed > 100 && parsed * 6 * 5 * 72 <= MAX_REPEATED_BYTES, "{parsed}");
    }

    #[test]
    fn builds_a_call_from_name_and_arguments() {
        let mut call = json!({"index": 0, "id": "c", "name": "f", "arguments": {"a": 1}});
        unbind(call.as_object_mut().unwrap());
        assert_eq!(call, json!({"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}));
        let mut nameless = json!({"id": "c", "arguments": {}});
        unbind(nameless.as_object_mut().unwrap());
        assert_eq!(nameless, json!({"id": "c"}));
    }
}
