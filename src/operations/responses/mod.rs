//! The Responses API as another wire form of Chat: `POST /responses`.
//!
//! A Chat query has one body in Chat's shape, whatever its endpoint. Just before it goes to `/responses`, [`from_chat`]
//! translates it, and [`into_chat`] translates the response. Adjustments, readers and hints therefore know only Chat's
//! names.
//!
//! Belongs here: different names and shapes, and what only one of the two APIs has. Does not belong here: when a query
//! goes to `/responses`, and what an answer means.

use serde_json::{Map, Value};

use super::{
    files,
    parameters::{EXTRA_BODY, n_of},
};
use crate::{
    error::{Error, error_text},
    policy::adjust::TOKEN_LIMITS,
};

mod answer;
mod errors;
mod input;
mod request;

pub use self::{
    answer::{in_chats_names, into_chat},
    errors::in_chats_words,
    input::is_item,
    request::from_chat,
};

/// The endpoint's path.
pub const PATH: &str = "/responses";

/// The API's minimum for a token limit.
const MIN_OUTPUT_TOKENS: i64 = 16;

/// Something that only the Responses API supports: the key of the form's field, and words to follow "needs".
pub type OnlyInResponses = (&'static str, &'static str);

/// Why a content part needs the Responses API, if it does.
#[must_use]
pub fn only_responses_has_part(part: &Value) -> Option<OnlyInResponses> {
    if is_url_of_document(part) {
        Some(("images", "a document by its URL"))
    } else if is_other_document(part) {
        Some(("images", "documents other than PDF"))
    } else if has_other_detail(part) {
        Some(("image_detail", "this detail"))
    } else {
        None
    }
}

/// Why the content parts of a Chat body need the Responses API, if they do.
#[must_use]
pub fn only_responses_has_parts(body: &Map<String, Value>) -> Option<OnlyInResponses> {
    let messages = body.get("messages")?.as_array()?;
    let mut parts = messages.iter().filter_map(|message| message.get("content")?.as_array()).flatten();
    parts.find_map(only_responses_has_part)
}

/// Why the rest of a Chat body needs the Responses API, if it does.
#[must_use]
pub fn only_responses_has(body: &Map<String, Value>) -> Option<OnlyInResponses> {
    let list = |name: &str| body.get(name).and_then(Value::as_array).into_iter().flatten();
    let reasoning =
        |name: &str| body.get("reasoning").filter(|all| is_of_form(all)).is_some_and(|all| all.get(name).is_some());
    if list("messages").any(|message| message.as_object().is_some_and(is_item)) {
        Some(("message_history", "items of the Responses API"))
    } else if list("tools").any(is_web_search) {
        Some(("web_search", "web search"))
    } else if reasoning("summary") {
        Some(("reasoning_summary", "a summary of the reasoning"))
    } else if reasoning("mode") {
        Some(("reasoning_mode", "a mode of reasoning"))
    } else {
        None
    }
}

/// Whether the form set it. `extra_body` may set reasoning for another vendor's Chat, including the effort.
fn is_of_form(reasoning: &Value) -> bool {
    let is_known = |name: &String| ["summary", "mode"].contains(&name.as_str());
    reasoning.as_object().is_some_and(|members| members.keys().all(is_known))
}

fn is_url_of_document(part: &Value) -> bool {
    part["file"].get("file_url").is_some()
}

fn is_other_document(part: &Value) -> bool {
    let uri = part["file"]["file_data"].as_str().and_then(|data| data.strip_prefix("data:"));
    uri.and_then(|uri| uri.split(';').next()).is_some_and(|media_type| !files::is_chats(media_type))
}

/// Whether it has a detail that Chat does not support: any detail of a file, and some of an image.
fn has_other_detail(part: &Value) -> bool {
    part["file"].get("detail").is_some() || part["image_url"]["detail"] == "original"
}

/// Whether it is the Responses API's own search. Zhipu's Chat has a tool of the same type, with its options in a nested
/// member.
fn is_web_search(tool: &Value) -> bool {
    tool["type"].as_str().is_some_and(|kind| kind.starts_with("web_search")) && tool.get("web_search").is_none()
}

/// Checks that the Responses API supports what this Chat body requests.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field, for several answers, a token limit that is too low, audio or predictions.
pub fn ensure_takes(body: &Map<String, Value>) -> Result<(), Error> {
    let n = n_of(body);
    if n > 1 {
        let reason = "must be 1 with the Responses API, which gives one answer to a request, got ";
        return Err(Error::invalid("n", error_text![reason, n]));
    }
    let limit = TOKEN_LIMITS.iter().find_map(|name| body.get(*name)?.as_i64());
    if let Some(limit) = limit.filter(|limit| *limit < MIN_OUTPUT_TOKENS) {
        let reason = error_text!["must be at least ", MIN_OUTPUT_TOKENS, " with the Responses API, got ", limit];
        return Err(Error::invalid("max_tokens", reason));
    }
    let is_set = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let speaks =
        || body.get("modalities").and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| one == "audio"));
    for name in ["audio", "prediction", "modalities"] {
        if is_set(name) && (name != "modalities" || speaks()) {
            let reason = error_text!["must not set ", name, ", which the Responses API does not have"];
            return Err(Error::invalid(EXTRA_BODY, reason));
        }
    }
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let has_audio = |message: &Value| {
        let parts = message["content"].as_array().into_iter().flatten();
        !message["audio"].is_null() || parts.into_iter().any(|part| part["type"] == "input_audio")
    };
    if let Some(at) = messages.iter().position(has_audio) {
        let field = if at + 1 == messages.len() { "prompt" } else { "message_history" };
        return Err(Error::invalid(field, "has audio, which the Responses API does not take"));
    }
    Ok(())
}

/// An object of these members, which are moved; `json!` would copy them.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// Takes a member of an object; null if it is missing or `value` is not an object.
fn take(value: &mut Value, name: &str) -> Value {
    value.get_mut(name).map(Value::take).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> Map<String, Value> {
        let Value::Object(body) = value else { panic!("not an object") };
        body
    }

    #[test]
    fn finds_the_field_that_needs_responses() {
        let needs = |body: &Map<String, Value>| only_responses_has(body).or_else(|| only_responses_has_parts(body));
        let says =
            |part: Value| json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, part]}]});
        let file = |file: Value| says(json!({"type": "file", "file": file}));
        for (chat, field) in [
            (json!({"messages": [{"type": "function_call", "call_id": "a"}]}), "message_history"),
            (file(json!({"file_url": "https://h/a.pdf"})), "images"),
            (file(json!({"filename": "a.csv", "file_data": "data:text/csv;base64,AA=="})), "images"),
            (json!({"tools": [{"type": "function"}, {"type": "web_search"}]}), "web_search"),
            (json!({"reasoning": {"summary": "auto"}}), "reasoning_summary"),
            (json!({"reasoning": {"mode": "pro"}}), "reasoning_mode"),
        ] {
            assert_eq!(needs(&body(chat.clone())).map(|(field, _)| field), Some(field), "{chat}");
        }
        for chat in [
            json!({"messages": [{"role": "user", "content": "a"}, {"type": "message", "role": "user", "content": "b"}]}),
            says(json!({"type": "image_url", "image_url": {"url": "https://h/a"}})),
            file(json!({"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="})),
            file(json!({"file_id": "file-1"})),
            json!({"tools": [{"type": "function"}], "web_search_options": {}, "reasoning_effort": "low"}),
            // A tool of Zhipu's Chat.
            json!({"tools": [{"type": "web_search", "web_search": {"enable": true}}]}),
            // OpenRouter's reasoning.
            json!({"reasoning": {"effort": "low", "summary": "auto"}, "messages": "odd", "tools": "odd"}),
        ] {
            assert_eq!(needs(&body(chat.clone())), None, "{chat}");
        }
    }

    #[test]
    fn names_the_field_that_responses_does_not_support() {
        let audio = json!({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]});
        let spoken = json!({"role": "assistant", "audio": {"id": "a"}});
        let user = json!({"role": "user", "content": "a"});
        for (chat, words) in [
            (
                json!({"n": 3}),
                "Number of results must be 1 with the Responses API, which gives one answer to a request, got 3",
            ),
            (json!({"max_tokens": 15}), "Max tokens must be at least 16 with the Responses API, got 15"),
            (json!({"max_completion_tokens": 1}), "Max tokens must be at least 16"),
            (
                json!({"prediction": {"type": "content"}}),
                "Extra body must not set prediction, which the Responses API does not have",
            ),
            (json!({"audio": {"voice": "v"}}), "Extra body must not set audio,"),
            (json!({"modalities": ["text", "audio"]}), "Extra body must not set modalities,"),
            (json!({"messages": [user, audio]}), "Prompt has audio, which the Responses API does not take"),
            (json!({"messages": [audio, user]}), "Message history has audio,"),
            (json!({"messages": [spoken, user]}), "Message history has audio,"),
        ] {
            let error = ensure_takes(&body(chat.clone())).unwrap_err().to_string();
            assert!(error.starts_with(words), "{chat}: {error}");
        }
        for chat in [
            json!({"n": 1, "modalities": ["text"], "audio": null, "prediction": null}),
            json!({"messages": [user, {"role": "user", "content": [{"type": "text", "text": "a"}]}, "odd"]}),
            json!({"messages": "odd", "modalities": "odd"}),
        ] {
            assert!(ensure_takes(&body(chat.clone())).is_ok(), "{chat}");
        }
    }
}
