//! A response of the Responses API as one of Chat.

use std::mem;

use serde_json::{Map, Value, json};

use super::{annotations::Citations, take};
use crate::response::{body::unwrapped, take_list};

/// Members that both APIs call the same, of which the result tells.
const SAME: [&str; 4] = ["id", "model", "service_tier", "moderation"];
/// What Chat calls the counters of `usage`.
const COUNTERS: [(&str, &str); 4] = [
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("input_tokens_details", "prompt_tokens_details"),
    ("output_tokens_details", "completion_tokens_details"),
];
/// Members that only a response of this API has.
const OF_RESPONSES: [&str; 3] = ["output", "output_text", "status"];

/// Translates the body of a response. One that is none of the Responses API stays as it is.
#[must_use]
pub fn into_chat(body: Map<String, Value>) -> Map<String, Value> {
    let mut body = unwrapped(body, "output");
    if body.contains_key("choices") || !OF_RESPONSES.iter().any(|name| body.contains_key(*name)) {
        return body;
    }
    let mut answer = Answer::default();
    for item in take_list(&mut body, "output") {
        answer.add(item);
    }
    // As an SDK or a gateway sums it up.
    if answer.is_silent()
        && let Some(Value::String(text)) = body.swap_remove("output_text")
    {
        answer.text = text;
    }
    let mut chat = Map::new();
    for name in SAME {
        chat.extend(body.swap_remove(name).map(|value| (name.to_owned(), value)));
    }
    chat.extend(body.swap_remove("created_at").map(|time| ("created".to_owned(), time)));
    chat.extend(body.swap_remove("usage").map(|usage| ("usage".to_owned(), in_chats_names(usage))));
    let finish_reason = finish_reason(&body, !answer.tool_calls.is_empty());
    let error = error(&mut body);
    chat.insert("choices".to_owned(), json!([answer.into_choice(finish_reason, error)]));
    chat
}

/// Why the answer ended, in Chat's words where it has them.
fn finish_reason(body: &Map<String, Value>, has_calls: bool) -> String {
    let status = body.get("status").and_then(Value::as_str).unwrap_or("completed");
    let reason = || body.get("incomplete_details")?.get("reason")?.as_str();
    match (status, reason()) {
        ("completed", _) if has_calls => "tool_calls",
        ("completed", _) => "stop",
        ("incomplete", Some("max_output_tokens")) => "length",
        ("incomplete", Some(reason)) => reason,
        (other, _) => other,
    }
    .to_owned()
}

/// Why there is no answer, of a response that is not whole.
fn error(body: &mut Map<String, Value>) -> Option<Value> {
    let error = body.swap_remove("error").filter(|error| !error.is_null());
    error.or_else(|| match body.get("status")?.as_str()? {
        "queued" | "in_progress" => {
            Some("the API answers in the background and has not finished; remove background from Extra body".into())
        }
        _ => None,
    })
}

fn in_chats_names(usage: Value) -> Value {
    let Value::Object(usage) = usage else { return usage };
    let name =
        |name: String| COUNTERS.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| (*ours).to_owned());
    usage.into_iter().map(|(theirs, value)| (name(theirs), value)).collect::<Map<_, _>>().into()
}

/// How much a message is the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// There is none yet.
    #[default]
    Nothing,
    /// What the model says while it works.
    Commentary,
    /// The model makes no difference.
    Any,
    /// The answer itself.
    Final,
}

/// What the items of the output amount to.
#[derive(Default)]
struct Answer {
    phase: Phase,
    text: String,
    refusal: String,
    citations: Citations,
    logprobs: Vec<Value>,
    reasoning: Vec<String>,
    tool_calls: Vec<Value>,
    images: Vec<Value>,
}

impl Answer {
    fn add(&mut self, mut item: Value) {
        match item["type"].as_str() {
            Some("message") => self.add_message(item),
            Some("reasoning") => self.reasoning.extend(reasoning(&item)),
            Some("function_call") => self.tool_calls.push(call(item, "function", "arguments")),
            Some("custom_tool_call") => self.tool_calls.push(call(item, "custom", "input")),
            Some("web_search_call") => self.citations.add_sources(take(&mut take(&mut item, "action"), "sources")),
            Some("image_generation_call") => self.images.extend(image(item)),
            // The API's list grows.
            _ => {}
        }
    }

    /// Of messages with a phase, only the last phase counts.
    fn add_message(&mut self, mut message: Value) {
        let phase = match message["phase"].as_str() {
            Some("commentary") => Phase::Commentary,
            Some("final_answer") => Phase::Final,
            _ => Phase::Any,
        };
        if phase < self.phase {
            return;
        }
        if phase > self.phase {
            *self = Self {
                phase,
                reasoning: mem::take(&mut self.reasoning),
                tool_calls: mem::take(&mut self.tool_calls),
                images: mem::take(&mut self.images),
                citations: mem::take(&mut self.citations).without_annotations(),
                ..Self::default()
            };
        }
        match take(&mut message, "content") {
            Value::String(text) => self.text.push_str(&text),
            Value::Array(parts) => parts.into_iter().for_each(|part| self.add_part(part)),
            _ => {}
        }
    }

    fn add_part(&mut self, mut part: Value) {
        if let Some(refusal) = part["refusal"].as_str() {
            self.refusal.push_str(refusal);
            return;
        }
        if let Value::Array(annotations) = take(&mut part, "annotations") {
            self.citations.add(annotations, &self.text);
        }
        if let Value::Array(logprobs) = take(&mut part, "logprobs") {
            self.logprobs.extend(logprobs);
        }
        match take(&mut part, "text") {
            Value::String(text) if self.text.is_empty() => self.text = text,
            Value::String(text) => self.text.push_str(&text),
            _ => {}
        }
    }

    fn is_silent(&self) -> bool {
        self.text.is_empty() && self.refusal.is_empty()
    }

    fn into_choice(self, finish_reason: String, error: Option<Value>) -> Value {
        let mut message = Map::from_iter([("role".to_owned(), "assistant".into())]);
        let mut set = |name: &str, value: Value| message.insert(name.to_owned(), value);
        set("content", if self.text.is_empty() { Value::Null } else { self.text.into() });
        let (annotations, sources) = self.citations.into_lists();
        let texts = [("refusal", self.refusal), ("reasoning", self.reasoning.join("\n\n"))];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            set(name, text.into());
        }
        let lists = [
            ("tool_calls", self.tool_calls),
            ("annotations", annotations),
            ("sources", sources),
            ("images", self.images),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            set(name, list.into());
        }
        let mut choice = Map::from_iter([
            ("index".to_owned(), 0.into()),
            ("message".to_owned(), message.into()),
            ("finish_reason".to_owned(), finish_reason.into()),
        ]);
        if !self.logprobs.is_empty() {
            choice.insert("logprobs".to_owned(), json!({"content": self.logprobs}));
        }
        choice.extend(error.map(|error| ("error".to_owned(), error)));
        choice.into()
    }
}

/// The summary of the reasoning, or else the reasoning itself, which open models show.
fn reasoning(item: &Value) -> Option<String> {
    let texts = |name: &str| {
        let parts = item[name].as_array().into_iter().flatten();
        parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n\n")
    };
    ["summary", "content"].into_iter().map(texts).find(|text| !text.is_empty())
}

/// A call of the tool of a `kind`, whose `words` the model wrote.
fn call(mut item: Value, kind: &str, words: &str) -> Value {
    let inner = json!({"name": take(&mut item, "name"), words: take(&mut item, words)});
    json!({"id": take(&mut item, "call_id"), "type": kind, kind: inner})
}

/// An image, as gateways add one to a message of Chat.
fn image(mut item: Value) -> Option<Value> {
    let Value::String(mut data) = take(&mut item, "result") else { return None };
    let format = item["output_format"].as_str().unwrap_or("png");
    data.insert_str(0, &format!("data:image/{format};base64,"));
    Some(json!({"type": "image_url", "image_url": {"url": data}}))
}
