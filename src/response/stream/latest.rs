//! Members that are sent repeatedly: the last one with a value counts.

use serde_json::{Map, Value, map::Entry};

use super::room::{Room, TooManyValues};

/// Sets a member to its latest value. An empty value replaces nothing, because some servers repeat a member without its
/// value.
pub(super) fn replace(
    target: &mut Map<String, Value>,
    name: String,
    value: Value,
    room: &mut Room,
) -> Result<(), TooManyValues> {
    match target.entry(name) {
        Entry::Occupied(_) if says_nothing(&value) => {}
        Entry::Occupied(mut slot) => {
            room.give_back(slot.get());
            room.take(&value)?;
            slot.insert(value);
        }
        Entry::Vacant(slot) => {
            room.take(&value)?;
            slot.insert(value);
        }
    }
    Ok(())
}

/// Sets all members of an object this way.
pub(super) fn replace_all(
    target: &mut Map<String, Value>,
    members: Map<String, Value>,
    room: &mut Room,
) -> Result<(), TooManyValues> {
    members.into_iter().try_for_each(|(name, value)| replace(target, name, value, room))
}

/// Whether a value is empty, or only a type.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(members) => members.iter().all(|(name, member)| name == "type" || says_nothing(member)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn treats_a_type_alone_as_empty() {
        for nothing in [json!(null), json!(""), json!([]), json!([{"type": "output_text", "text": "", "logprobs": []}])]
        {
            assert!(says_nothing(&nothing), "{nothing}");
        }
        for something in [json!(0), json!(false), json!("a"), json!([{"type": "output_text", "text": "a"}])] {
            assert!(!says_nothing(&something), "{something}");
        }
    }
}
