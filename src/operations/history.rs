//! `message_history`: the API's messages, or the history of `ToolJet`'s Chat component.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::message;
use crate::{
    error::{Error, error_text},
    input::fields::{Fields, scalar_text},
};

const KEY: &str = "message_history";
/// Message types of the component, and their roles in the API.
const ROLES: [(&str, &str); 2] = [("message", "user"), ("response", "assistant")];

/// The messages before the prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Messages in the API's shape.
    pub messages: Vec<Value>,
    /// Whether the last one is the component user's newest message. The component adds it before it runs the query, so
    /// the prompt may repeat it.
    pub ends_with_prompt: bool,
}

impl History {
    /// Reads an array of messages, a single one, or JSON text of either.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the index of the message that cannot be used.
    pub fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        let Some(value) = fields.json(KEY)? else { return Ok(Self::default()) };
        let messages = match messages_of(value) {
            Value::Array(messages) => messages,
            single => vec![single],
        };
        let mut history = Self::default();
        for (index, message) in messages.into_iter().enumerate() {
            match ComponentMessage::of(&message) {
                None => {
                    history.push(message::checked(&error_text![KEY, "[", index, "]"], message)?, false);
                }
                Some(component) => {
                    if let (Some(role), Some(text)) = (component.role(), component.text()) {
                        history.push(json!({"role": role, "content": text}), role == "user");
                    }
                }
            }
        }
        Ok(history)
    }

    fn push(&mut self, message: Value, is_prompt: bool) {
        self.messages.push(message);
        self.ends_with_prompt = is_prompt;
    }

    /// Whether `prompt` repeats the component user's newest message.
    #[must_use]
    pub fn ends_with(&self, prompt: &Value) -> bool {
        let last = self.messages.last().and_then(|last| last["content"].as_str());
        let prompt = scalar_text(prompt);
        self.ends_with_prompt && last.map(str::trim) == prompt.as_deref().map(str::trim)
    }

    /// Removes the last message if it is the component user's newest.
    pub fn take_prompt(&mut self) -> Option<String> {
        let last = if self.ends_with_prompt { self.messages.pop() } else { None };
        self.ends_with_prompt = false;
        Some(last?["content"].as_str()?.to_owned())
    }
}

/// The history of the component itself, `{{components.chat1}}`.
fn messages_of(mut value: Value) -> Value {
    match value.get_mut("history") {
        Some(history @ Value::Array(_)) => history.take(),
        _ => value,
    }
}

/// A message of `ToolJet`'s Chat component: `{message, messageId, timestamp, name, avatar, type}`.
pub struct ComponentMessage<'a>(Cow<'a, Map<String, Value>>);

impl<'a> ComponentMessage<'a> {
    /// `None` for a message of the API, which has a role.
    fn of(message: &'a Value) -> Option<Self> {
        let members = message.as_object()?;
        Self::has_its_members(members).then_some(Self(Cow::Borrowed(members)))
    }

    /// A prompt that is such a message, or its JSON text. Content parts also have a type, so only the types of a user's
    /// message and of a response count. JSON text without the component's message ID is an ordinary prompt, such as
    /// another service's event.
    #[must_use]
    pub fn from_prompt(fields: &Fields<'_>, prompt: &'a Value) -> Option<Self> {
        let message = match prompt {
            Value::String(text) if text.trim_start().starts_with('{') => {
                // JSON text with more values than allowed is not a message either.
                let Ok(Ok(Value::Object(members))) = fields.parse("prompt", text) else { return None };
                let is_message = Self::has_its_members(&members) && members.contains_key("messageId");
                is_message.then_some(Self(Cow::Owned(members)))
            }
            other => Self::of(other),
        };
        message.filter(|message| message.role().is_some())
    }

    /// Whether a list contains messages, of the component or the API, rather than content parts.
    #[must_use]
    pub fn is_history(list: &[Value]) -> bool {
        let is_message = |item: &Value| {
            item.as_object().is_some_and(|members| {
                Self::has_its_members(members) || (members.contains_key("role") && members.contains_key("content"))
            })
        };
        list.iter().any(is_message)
    }

    fn has_its_members(members: &Map<String, Value>) -> bool {
        members.get("role").is_none_or(Value::is_null)
            && ["message", "type"].iter().all(|name| members.contains_key(*name))
    }

    /// `None` for an entry that an app added with another type.
    fn role(&self) -> Option<&'static str> {
        let kind = self.0.get("type")?.as_str()?;
        ROLES.iter().find(|(known, _)| *known == kind).map(|(_, role)| *role)
    }

    /// `None` if it is blank.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self.0.get("message")? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            data => Some(data.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(history: Value) -> Result<History, String> {
        let options = json!({ "message_history": history });
        History::from_fields(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())
    }

    /// An entry in the component's shape.
    fn entry(kind: &str, message: impl Into<Value>) -> Value {
        json!({
            "message": message.into(), "messageId": "0b5e", "timestamp": "2026-11-25T10:00:00.000Z", "name": "You",
            "avatar": "", "type": kind
        })
    }

    #[test]
    fn reads_the_api_s_messages_as_an_array_one_object_or_json_text() {
        let turns = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "name": null}]);
        let expected = [json!({"role": "user", "content": "a"}), json!({"role": "assistant", "content": "b"})];
        for given in [turns.clone(), json!(turns.to_string())] {
            assert_eq!(read(given).unwrap(), History { messages: expected.to_vec(), ends_with_prompt: false });
        }
        let one = read(json!({"role": "user", "content": 5})).unwrap();
        assert_eq!(one.messages, [json!({"role": "user", "content": "5"})]);
        assert_eq!(read(json!(null)), Ok(History::default()));
    }

    #[test]
    fn names_the_index_of_an_invalid_message() {
        let error = |value| read(value).unwrap_err();
        let second = error(json!([{"role": "user", "content": "a"}, "b"]));
        assert!(second.starts_with("Message history[1] must be an object"));
        assert!(error(json!([{"content": "a"}])).starts_with("Message history[0] needs a role"));
        assert!(error(json!([{"role": "user"}])).starts_with("Message history[0] needs content"));
        assert!(error(json!("[{role}]")).starts_with("Message history is not valid JSON"));
        assert!(error(json!(5)).starts_with("Message history must be a JSON array or object"));
    }

    #[test]
    fn reads_the_chat_component_s_history() {
        let history = json!([
            entry("message", "Hi"),
            entry("response", "Hello."),
            entry("error", "The server is busy."),
            entry("message", " "),
            entry("message", Value::Null),
            entry("response", json!({"city": "Paris"})),
            {"role": "user", "content": "by hand"},
            entry("message", "Bye"),
        ]);
        let expected = json!([
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "assistant", "content": "{\"city\":\"Paris\"}"},
            {"role": "user", "content": "by hand"},
            {"role": "user", "content": "Bye"},
        ]);
        for given in [history.clone(), json!(history.to_string())] {
            let mut read = read(given).unwrap();
            assert_eq!(Value::from(read.messages.clone()), expected);
            assert_eq!(read.take_prompt().as_deref(), Some("Bye"));
            // The history now ends with a message that the component did not write.
            assert_eq!((read.messages.len(), read.take_prompt()), (4, None));
        }
    }

    #[test]
    fn reads_the_history_from_the_component_itself() {
        let component = json!({"id": "chat1", "history": [entry("message", "Hi")], "lastMessage": {}});
        assert_eq!(read(component).unwrap().messages, [json!({"role": "user", "content": "Hi"})]);
    }

    #[test]
    fn treats_any_message_with_a_role_as_the_api_s() {
        let mut message = entry("message", "Hi");
        message["role"] = "user".into();
        assert!(read(json!([message])).unwrap_err().contains("needs content"));
    }
}
