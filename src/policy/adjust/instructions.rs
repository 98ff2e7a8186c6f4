//! Sends the instructions of a chat request differently if a server rejects their messages.

use std::mem;

use serde_json::{Map, Value, json};

use super::{
    Adjustment, INSTRUCTION_ROLES,
    rejection::{UNSUPPORTED, has_word},
};
use crate::error::{ApiError, cause::ApiCause};

/// Messages about a rejected role, in addition to [`UNSUPPORTED`].
const REJECTED: [&str; 8] = [
    "n't support",
    "not enabled",
    "invalid role",
    "invalid message role",
    "invalid value",
    "not a valid",
    "input should be",
    // About instructions that follow other messages.
    "must be at the beginning",
];
/// Words that show which message is rejected.
const SUBJECTS: [&str; 8] =
    ["role", "roles", "message", "messages", "prompt", "prompts", "instruction", "instructions"];
/// Errors of chat templates that do not support instructions.
const ONLY_CONVERSATION: [&str; 3] = ["only user and assistant", "only user and model", "only 'user' and 'assistant'"];

/// Errors of templates that require the first message to come from the user.
const FIRST_IS_USER: [&str; 4] = ["must alternate", "first message must", "start with a user", "begin with a user"];

/// How to send the instructions that `error` rejects, given the changes `made` so far.
///
/// `developer` becomes `system`, which is older. A server that points at the role `system`, as `OpenAI` does, may know
/// `developer`. For any other server, or if both are rejected, the instructions move into the user's text.
pub(super) fn for_error(body: &Map<String, Value>, error: &ApiError, made: &[Adjustment]) -> Option<Adjustment> {
    let messages = body.get("messages").and_then(Value::as_array)?;
    let [system, developer] = INSTRUCTION_ROLES;
    let (to_system, to_developer) =
        (Adjustment::Role { from: developer, to: system }, Adjustment::Role { from: system, to: developer });
    let points_at_role = error.param.is_some() || error.code.as_deref() == Some("unsupported_value");
    Some(match rejected(messages, error)? {
        Rejected::Role(role) if role == developer && !made.contains(&to_developer) => to_system,
        Rejected::Role(_) if points_at_role && !made.contains(&to_system) && !made.contains(&to_developer) => {
            to_developer
        }
        _ => Adjustment::InstructionsToUser,
    })
}

enum Rejected {
    /// One of [`INSTRUCTION_ROLES`].
    Role(&'static str),
    /// Both, whichever the request uses.
    Instructions,
}

/// Which instructions `error` rejects. The error names the role or points at the index of its message. A rejection of
/// another role must not change the instructions' role.
fn rejected(messages: &[Value], error: &ApiError) -> Option<Rejected> {
    let message = error.message.to_ascii_lowercase();
    let says_any = |all: &[&str]| all.iter().any(|words| message.contains(words));
    // Servers that run a model's template report its exceptions as their own failure.
    let is_of_template = error.status == 500 && says_any(&["jinja", "template"]);
    if !(matches!(error.status, 400 | 422) || is_of_template) || !messages.iter().any(is_instruction) {
        return None;
    }
    // "The prompt is not allowed by our safety system."
    if ApiCause::of(error) == ApiCause::ContentFilter {
        return None;
    }
    let param = error.param.as_deref().unwrap_or_default();
    if !(param.is_empty() || param == "messages" || param.starts_with("messages") && param.ends_with("role")) {
        return None;
    }
    let has = |role: &str| messages.iter().any(|message| message["role"] == role);
    let is_rejected =
        error.code.as_deref() == Some("unsupported_value") || says_any(&UNSUPPORTED) || says_any(&REJECTED);
    let index: String = param.chars().filter(char::is_ascii_digit).collect();
    if let Some(message) = index.parse().ok().and_then(|index: usize| messages.get(index)) {
        let role = INSTRUCTION_ROLES.into_iter().find(|role| message["role"] == *role);
        return role.filter(|_| is_rejected).map(Rejected::Role);
    }
    // Instructions are allowed first, so the messages after them break the order.
    let is_first = messages.first().is_some_and(is_instruction) && !message.contains("optional system");
    if is_first && says_any(&FIRST_IS_USER) || says_any(&ONLY_CONVERSATION) {
        return Some(Rejected::Instructions);
    }
    let is_about_role = SUBJECTS.into_iter().any(|word| has_word(&message, word)) || param.ends_with("role");
    let mut named = INSTRUCTION_ROLES.into_iter().filter(|role| has_word(&message, role)).peekable();
    if !is_rejected || named.peek().is_none() || !(is_about_role || has_word(&message, INSTRUCTION_ROLES[1])) {
        return None;
    }
    // Google uses "developer" for instructions of any role.
    Some(named.find(|role| has(role)).map_or(Rejected::Instructions, Rejected::Role))
}

fn is_instruction(message: &Value) -> bool {
    INSTRUCTION_ROLES.iter().any(|role| message["role"] == *role)
}

/// Puts instructions before the text of the following user message, or of the last one if none follows. Returns `false`
/// if there are no instructions.
pub(super) fn move_to_user(messages: &mut Vec<Value>) -> bool {
    if !messages.iter().any(is_instruction) {
        return false;
    }
    let mut instructions: Vec<String> = Vec::new();
    let mut moved = Vec::with_capacity(messages.len());
    for mut message in mem::take(messages) {
        if is_instruction(&message) {
            instructions.push(text_of(&message["content"]));
            continue;
        }
        if message["role"] == "user" {
            put_before(&mut message, &mut instructions);
        } else if moved.is_empty() {
            // A conversation must start with the user.
            moved.extend(as_message(&mut instructions));
        }
        moved.push(message);
    }
    match moved.last_mut() {
        Some(last) if last["role"] == "user" => put_before(last, &mut instructions),
        _ => moved.extend(as_message(&mut instructions)),
    }
    *messages = moved;
    true
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<_> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n\n")
        }
        _ => String::new(),
    }
}

/// Takes the collected instructions as one text.
fn joined(instructions: &mut Vec<String>) -> Option<String> {
    let text = mem::take(instructions).join("\n\n");
    Some(text).filter(|text| !text.is_empty())
}

fn as_message(instructions: &mut Vec<String>) -> Option<Value> {
    joined(instructions).map(|text| json!({"role": "user", "content": text}))
}

fn put_before(message: &mut Value, instructions: &mut Vec<String>) {
    let Some(text) = joined(instructions) else { return };
    match &mut message["content"] {
        Value::Array(parts) => parts.insert(0, json!({"type": "text", "text": text})),
        Value::String(asked) => *asked = format!("{text}\n\n{asked}"),
        other => *other = text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(messages: Value) -> Map<String, Value> {
        Map::from_iter([("messages".to_owned(), messages)])
    }

    fn error(param: Option<&str>, message: &str) -> ApiError {
        let (param, message) = (param.map(str::to_owned), message.to_owned());
        ApiError { status: 400, param, message, ..ApiError::default() }
    }

    fn with(role: &str) -> Map<String, Value> {
        body(json!([{"role": role, "content": "Be brief."}, {"role": "user", "content": "Hi"}]))
    }

    fn moved(messages: Value) -> Value {
        let Value::Array(mut messages) = messages else { panic!("no list") };
        assert!(move_to_user(&mut messages));
        messages.into()
    }

    #[test]
    fn moves_instructions_to_the_user_for_every_wording_of_a_rejection() {
        for message in [
            "System role not supported",
            "system role is not supported",
            "Error rendering prompt with jinja template: \"System role not supported\"",
            "Developer instruction is not enabled for models/gemma-3-27b-it",
            "Only user and assistant roles are supported!",
            "Conversation roles must alternate user/assistant/user/assistant/...",
            "This model doesn't support system messages. Try again without system messages.",
            "invalid params, invalid message role: system",
            "The system prompt is not supported by this model",
            "messages: Unexpected role \"system\"",
            "'system' is not one of ['user', 'assistant'] - 'messages.0.role'",
            "messages: first message must use the \"user\" role",
            "Conversation must start with a user message",
            "System message must be at the beginning.",
        ] {
            let adjustment = for_error(&with("system"), &error(None, message), &[]);
            assert_eq!(adjustment, Some(Adjustment::InstructionsToUser), "{message}");
        }
    }

    #[test]
    fn keeps_instructions_when_something_else_is_rejected() {
        for (param, message) in [
            (None, "Unexpected role 'bot' is not supported"),
            (None, "After the optional system message, conversation roles must alternate user/assistant/..."),
            (None, "The system is not available"),
            (None, "The messages are too long for this system"),
            (Some("tools"), "tools are not supported with the role system"),
            (Some("messages[1].role"), "this role is not supported"),
            (Some("messages[0].role"), "must be text, got a number"),
            (Some("messages[0].content"), "this system message has content that is not supported"),
        ] {
            assert_eq!(for_error(&with("system"), &error(param, message), &[]), None, "{message}");
        }
        let without = body(json!([{"role": "user", "content": "Hi"}]));
        assert_eq!(for_error(&without, &error(None, "System role not supported"), &[]), None);
        let code = Some("content_policy_violation".to_owned());
        let filtered = ApiError { code, ..error(None, "The prompt is not allowed by our safety system.") };
        assert_eq!(for_error(&with("system"), &filtered, &[]), None);
        for status in [401, 404, 429, 500] {
            let error = ApiError { status, ..error(None, "System role not supported") };
            assert_eq!(for_error(&with("system"), &error, &[]), None, "{status}");
        }
    }

    #[test]
    fn moves_instructions_when_a_template_fails_the_server() {
        let message = "While executing CallExpression: Jinja Exception: System role not supported";
        let error = ApiError { status: 500, ..error(None, message) };
        assert_eq!(for_error(&with("system"), &error, &[]), Some(Adjustment::InstructionsToUser));
    }

    #[test]
    fn tries_the_older_role_and_then_the_text_of_the_user() {
        let points = |role: &str| {
            let message = format!("Unsupported value: 'messages[0].role' does not support '{role}' with this model.");
            error(Some("messages[0].role"), &message)
        };
        let to_system = Adjustment::Role { from: "developer", to: "system" };
        let to_developer = Adjustment::Role { from: "system", to: "developer" };
        let next = |role: &str, error: &ApiError, made: &[Adjustment]| for_error(&with(role), error, made);
        assert_eq!(next("developer", &points("developer"), &[]), Some(to_system.clone()));
        assert_eq!(next("developer", &error(None, "Unexpected message role: developer"), &[]), Some(to_system.clone()));
        assert_eq!(next("system", &points("system"), &[]), Some(to_developer.clone()));
        for (role, made) in [("developer", to_developer), ("system", to_system)] {
            assert_eq!(next(role, &points(role), &[made]), Some(Adjustment::InstructionsToUser));
        }
    }

    #[test]
    fn puts_instructions_before_the_text_that_follows_them() {
        let (system, developer) =
            (json!({"role": "system", "content": "A"}), json!({"role": "developer", "content": "B"}));
        let user = |content: Value| json!({"role": "user", "content": content});
        let assistant = json!({"role": "assistant", "content": "x"});
        for (messages, expected) in [
            (json!([system, user(json!("Hi"))]), json!([user(json!("A\n\nHi"))])),
            (json!([system, developer, user(json!("Hi"))]), json!([user(json!("A\n\nB\n\nHi"))])),
            (
                json!([system, user(json!("Hi")), assistant, developer, user(json!("So?"))]),
                json!([user(json!("A\n\nHi")), assistant, user(json!("B\n\nSo?"))]),
            ),
            (json!([system, assistant, user(json!("Hi"))]), json!([user(json!("A")), assistant, user(json!("Hi"))])),
            (json!([user(json!("Hi")), system]), json!([user(json!("A\n\nHi"))])),
            (json!([system]), json!([user(json!("A"))])),
            (
                json!([{"role": "system", "content": [{"type": "text", "text": "A"}]}, user(json!([{"type": "image_url"}]))]),
                json!([user(json!([{"type": "text", "text": "A"}, {"type": "image_url"}]))]),
            ),
            (json!([{"role": "system", "content": ""}, user(json!("Hi"))]), json!([user(json!("Hi"))])),
        ] {
            assert_eq!(moved(messages.clone()), expected, "{messages}");
        }
        let mut none = vec![user(json!("Hi"))];
        assert!(!move_to_user(&mut none));
        assert_eq!(none, [user(json!("Hi"))]);
    }
}
