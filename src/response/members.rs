//! The members of a message: vendors' names for those that `OpenAI`'s specification does not have, and how one is taken.

use serde_json::{Map, Value};

/// Members with the model's reasoning as text. The first non-empty one counts, because some servers send the same text
/// under two names.
pub const REASONING: [&str; 6] =
    ["reasoning_content", "reasoning", "thinking", "reasoning_text", "thinking_content", "thoughts"];

/// Up to this many members, comparing their names is faster than hashing the one that is asked for.
const FEW: usize = 16;

/// Takes a member out of `members`. Most that a server might send are missing, and asking for them costs next to nothing.
pub fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let is_missing = members.len() <= FEW && members.keys().all(|other| other != name);
    if is_missing { None } else { members.swap_remove(name) }
}

/// The text of a message's `content`: a string, or the text parts of an array. Skips thinking and other parts.
pub fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let is_text = |part: &&Value| matches!(part.get("type").and_then(Value::as_str), Some("text" | "output_text"));
    let parts = content.as_array().into_iter().flatten().filter(is_text);
    content.as_str().into_iter().chain(parts.filter_map(|part| part.get("text")?.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_member_once_whether_there_are_few_or_many() {
        for count in [0, 1, FEW, FEW + 1] {
            let mut members: Map<_, _> = (0..count).map(|number| (number.to_string(), number.into())).collect();
            assert_eq!(take(&mut members, "a"), None);
            assert_eq!(take(&mut members, "0"), (count > 0).then(|| 0.into()));
            assert_eq!(take(&mut members, "0"), None);
            assert_eq!(members.len(), count.saturating_sub(1));
        }
    }
}
