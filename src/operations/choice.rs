//! Splits a choice of a response into text, reasoning, refusal, images, sources and the rest.

use std::mem;

use serde_json::{Map, Value};

use super::{citations::Citations, json_answer::is_all_thinking};
use crate::{
    error::ErrorText,
    response::{
        body::is_no_error,
        members::{self, REASONING},
    },
};

/// Members with reasoning in signed blocks, which `metadata` repeats.
const REASONING_BLOCKS: [&str; 2] = ["reasoning_details", "thinking_blocks"];
/// Members of a message that contain tool calls, the older one last.
const CALLS: [&str; 2] = ["tool_calls", "function_call"];
/// Members of a part or block that contain its text.
const WORDS: [&str; 6] = ["text", "thinking", "reasoning", "summary", "content", "value"];
/// Members of a text part. An object that has others and no type is JSON that the model wrote.
const OF_TEXT: [&str; 3] = ["text", "annotations", "logprobs"];
/// Parts whose `type` contains one of these are reasoning.
const THOUGHTS: [&str; 3] = ["thinking", "thought", "reasoning"];
/// Members that make a part an image.
const IMAGES: [&str; 4] = ["image_url", "b64_json", "inline_data", "inlineData"];
/// Members that say why a choice ended; the first one present counts.
const ENDINGS: [&str; 4] = ["finish_reason", "finishReason", "stop_reason", "done_reason"];
/// The underlying model's reason, as a gateway reports it.
const NATIVE_ENDING: &str = "native_finish_reason";
/// Parts of vendors' words for an answer that a filter ended, such as `SAFETY` or `content_filter`.
const FILTERED: [&str; 11] = [
    "filter",
    "safety",
    "unsafe",
    "block",
    "prohibit",
    "spii",
    "recitation",
    "moderat",
    "sensitive",
    "guardrail",
    "policy",
];
/// Parts of the words for a token limit.
const LENGTH: [&str; 4] = ["length", "max_tokens", "max_output_tokens", "context_window"];
/// Parts of the words for a failure of the model, or behind a gateway.
const FAILED: [&str; 6] = ["error", "abort", "fail", "malformed", "cancel", "insufficient"];

/// What a model wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Content {
    /// Nothing.
    #[default]
    None,
    /// Text.
    Text(String),
    /// JSON that the server already parsed.
    Json(Value),
}

/// Why an answer ended, in one vocabulary for all vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model failed, or something behind the server.
    Failed,
    /// A filter stopped it.
    Filtered,
    /// The model refused without giving a reason.
    Refused,
    /// The token limit was reached.
    Length,
    /// Any other reason.
    Other,
}

/// A choice, taken apart.
#[derive(Debug, Default)]
pub struct Choice {
    /// Whether it has a message; the choices of Completions have only text.
    pub is_chat: bool,
    /// What the model wrote.
    pub content: Content,
    /// Its reasoning, if the server shows any.
    pub reasoning: String,
    /// Why the model refuses, in its own words; empty if it does not.
    pub refusal: String,
    /// Images as received.
    pub images: Vec<Value>,
    /// Sources, from the content parts and the message.
    pub annotations: Vec<Value>,
    /// Parts of the content that are neither text, reasoning, refusal nor image.
    pub other_parts: Vec<Value>,
    /// Sources of the parts, with positions relative to their part.
    citations: Citations,
    message: Map<String, Value>,
    members: Map<String, Value>,
}

impl From<Value> for Choice {
    fn from(choice: Value) -> Self {
        let members = match choice {
            Value::Object(members) => members,
            Value::String(text) => Map::from_iter([("text".to_owned(), text.into())]),
            _ => Map::new(),
        };
        let mut this = Self { members, ..Self::default() };
        // A gateway may return the single event of a stream as a response.
        let content = match ["message", "delta"].into_iter().find_map(|name| this.take(name)) {
            Some(Value::Object(message)) => {
                this.is_chat = true;
                this.message = message;
                this.take("content")
            }
            other => other,
        };
        if let Some(content) = content.or_else(|| this.take("text")) {
            this.add(content);
        }
        this.read_reasoning();
        this.read_other_output();
        this
    }
}

impl Choice {
    /// Takes a member from its message, or else from the choice. `None` if it is null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        [&mut self.message, &mut self.members]
            .into_iter()
            .find_map(|members| members::take(members, name).filter(|value| !value.is_null()))
    }

    /// Whether the model calls a tool.
    #[must_use]
    pub fn has_calls(&self) -> bool {
        CALLS.into_iter().any(|name| self.has_output(name))
    }

    /// Whether it has a tool call, audio or an image in place of text.
    #[must_use]
    pub fn has_other_output(&self) -> bool {
        self.has_calls() || self.has_output("audio") || !self.images.is_empty()
    }

    fn has_output(&self, name: &str) -> bool {
        self.message.get(name).is_some_and(is_given)
    }

    /// The server's own reason for the end; empty if there is none.
    #[must_use]
    pub fn finish_reason(&self) -> &str {
        ENDINGS.iter().find_map(|name| self.members.get(*name)?.as_str()).unwrap_or_default()
    }

    /// Why it ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let own = self.finish_reason().to_ascii_lowercase();
        let native = self.members.get(NATIVE_ENDING).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let says = |stems: &[&str]| stems.iter().any(|stem| own.contains(stem) || native.contains(stem));
        if self.error().is_some() || FAILED.iter().any(|stem| own.contains(stem)) {
            Ending::Failed
        } else if says(&FILTERED) {
            Ending::Filtered
        } else if says(&["refus"]) {
            Ending::Refused
        } else if says(&LENGTH) {
            Ending::Length
        } else {
            Ending::Other
        }
    }

    /// The server's description of the failure.
    #[must_use]
    pub fn error_words(&self) -> ErrorText {
        let error = self.error();
        let member = |name: &str| error?.get(name)?.as_str();
        let words = error.and_then(Value::as_str).or_else(|| ["message", "msg", "detail"].into_iter().find_map(member));
        // Without a description, the ending is all the server says.
        let ending =
            Some(self.finish_reason()).filter(|ending| !ending.is_empty() && !ending.eq_ignore_ascii_case("error"));
        let words = words.filter(|words| !words.trim().is_empty()).or(ending);
        words.map_or_else(|| "no reason given".into(), ErrorText::foreign)
    }

    fn error(&self) -> Option<&Value> {
        [&self.members, &self.message]
            .into_iter()
            .find_map(|members| members.get("error").filter(|error| !is_no_error(error)))
    }

    fn add(&mut self, content: Value) {
        let is_part = |value: &Value| Part::of(value).is_some();
        match content {
            Value::String(text) => self.add_text(text),
            Value::Array(parts) if parts.iter().any(is_part) => {
                for part in parts {
                    self.add_part(part);
                }
            }
            // An object without a type is JSON that the model wrote.
            part @ Value::Object(_) if part.get("type").is_some() && is_part(&part) => self.add_part(part),
            other if is_empty(&other) => {}
            other => self.content = Content::Json(other),
        }
    }

    fn add_part(&mut self, mut part: Value) {
        match Part::of(&part) {
            Some(Part::Text) => {
                if let Some(Value::Array(sources)) = part.get_mut("annotations").map(Value::take) {
                    let before = if let Content::Text(text) = &self.content { text.as_str() } else { "" };
                    self.citations.add(sources, before);
                }
                self.add_text(text_of(part));
            }
            Some(Part::Thought) => add_words(&part, &mut |text| self.reasoning.push_str(text)),
            Some(Part::Refusal) => {
                self.refusal.push_str(part.get("refusal").and_then(Value::as_str).unwrap_or_default());
            }
            Some(Part::Image) => self.images.push(part),
            None if part.is_object() => self.other_parts.push(part),
            None => {}
        }
    }

    fn add_text(&mut self, text: String) {
        match &mut self.content {
            Content::Text(before) if !before.is_empty() => before.push_str(&text),
            // Moved because it may be long.
            content => *content = Content::Text(text),
        }
    }

    fn read_reasoning(&mut self) {
        if let Content::Text(text) = &mut self.content
            && is_all_thinking(text)
        {
            self.reasoning = mem::take(text);
        }
        for name in REASONING {
            if is_blank(&self.reasoning) {
                self.reasoning = match self.take(name) {
                    Some(Value::String(text)) => text,
                    Some(blocks) => words_of(&blocks),
                    None => String::new(),
                };
            }
        }
        for name in REASONING_BLOCKS {
            if is_blank(&self.reasoning) {
                self.reasoning = self.message.get(name).map(words_of).unwrap_or_default();
            }
        }
    }

    fn read_other_output(&mut self) {
        if let Some(Value::String(refusal)) = self.take("refusal") {
            self.refusal.push_str(&refusal);
        }
        let images = self.take("images");
        extend(&mut self.images, images);
        self.annotations = mem::take(&mut self.citations).into_list();
        let annotations = self.take("annotations");
        extend(&mut self.annotations, annotations);
        self.images.retain(is_given);
        let is_silent = match &self.content {
            Content::None => true,
            Content::Text(text) => text.is_empty(),
            Content::Json(_) => false,
        };
        if is_silent && let Some(spoken) = self.message.get("audio").and_then(|audio| audio.get("transcript")?.as_str())
        {
            self.content = Content::Text(spoken.to_owned());
        }
    }
}

/// Adds the items of a list, or a single item.
fn extend(items: &mut Vec<Value>, more: Option<Value>) {
    match more {
        Some(Value::Array(more)) => items.extend(more),
        one => items.extend(one),
    }
}

/// The kind of a content part.
enum Part {
    Text,
    Thought,
    Refusal,
    Image,
}

impl Part {
    /// `None` if it is another kind, or not a part.
    fn of(value: &Value) -> Option<Self> {
        let members = match value {
            Value::String(_) => return Some(Self::Text),
            other => other.as_object()?,
        };
        let kind = members.get("type").and_then(Value::as_str);
        let is_kind = |stems: &[&str]| kind.is_some_and(|kind| stems.iter().any(|stem| kind.contains(stem)));
        if is_kind(&THOUGHTS) || members.get("thought") == Some(&Value::Bool(true)) {
            Some(Self::Thought)
        } else if kind == Some("refusal") {
            Some(Self::Refusal)
        } else if is_kind(&["image"]) || IMAGES.iter().any(|name| members.contains_key(*name)) {
            Some(Self::Image)
        } else if members.contains_key("text")
            && (kind.is_some() || members.keys().all(|name| OF_TEXT.contains(&name.as_str())))
        {
            Some(Self::Text)
        } else {
            None
        }
    }
}

/// The text of a text part, untrimmed.
fn text_of(mut part: Value) -> String {
    if let Value::String(text) = part {
        return text;
    }
    match part.get_mut("text").map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => text,
        Some(text) if is_given(&text) => words_of(&text),
        // Under another name.
        _ => words_of(&part),
    }
}

/// Adds the text of a part or of a list of parts, at any depth.
fn add_words(value: &Value, add: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => add(text),
        Value::Array(parts) => parts.iter().for_each(|part| add_words(part, add)),
        Value::Object(members) => {
            if let Some(words) = WORDS.iter().find_map(|name| members.get(*name).filter(|value| is_given(value))) {
                add_words(words, add);
            }
        }
        Value::Number(number) => add(&number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The text of a part or of a list of parts, at any depth.
#[must_use]
pub fn words_of(value: &Value) -> String {
    let mut words = String::new();
    add_words(value, &mut |text| words.push_str(text));
    words
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether it is null, or an empty array, object or string.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Whether it contains text, a number or `true` at any depth.
#[must_use]
pub fn is_given(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !is_blank(text),
        Value::Array(items) => items.iter().any(is_given),
        Value::Object(members) => members.values().any(is_given),
        Value::Number(_) | Value::Bool(true) => true,
    }
}
