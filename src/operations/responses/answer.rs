//! Translates a response of the Responses API into one of Chat.

use std::{cmp::Ordering, slice};

use serde_json::{Map, Value};

use super::{object, take};
use crate::{
    operations::{
        choice::{is_empty, is_given, words_of},
        sources,
    },
    response::body::unwrapped,
};

/// Members of the result that keep their names.
const SAME: [&str; 5] = ["id", "model", "service_tier", "moderation", "tool_usage"];
/// Chat's names for the counters of `usage`.
const COUNTERS: [(&str, &str); 4] = [
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("input_tokens_details", "prompt_tokens_details"),
    ("output_tokens_details", "completion_tokens_details"),
];

/// Roles of messages not written by the model.
const OF_OTHERS: [&str; 4] = ["user", "system", "developer", "tool"];

/// Translates the body of a response; another API's body stays unchanged.
#[must_use]
pub fn into_chat(body: Map<String, Value>) -> Map<String, Value> {
    let mut body = unwrapped(body, "output");
    if body.get("choices").is_some_and(|choices| !is_empty(choices)) || !is_response(&body) {
        return body;
    }
    let mut answer = Answer::default();
    match body.swap_remove("output") {
        Some(Value::Array(items)) => items.into_iter().for_each(|item| answer.add(item)),
        // A single item.
        other => answer.add(other.unwrap_or_default()),
    }
    // The text as summarized by an SDK or a gateway.
    if let Some(text) = body.swap_remove("output_text").filter(is_given)
        && answer.is_silent()
    {
        answer.contents = vec![text];
    }
    let mut chat = Map::new();
    for name in SAME {
        chat.extend(body.swap_remove(name).map(|value| (name.to_owned(), value)));
    }
    chat.extend(body.swap_remove("created_at").map(|time| ("created".to_owned(), time)));
    chat.extend(body.swap_remove("usage").map(|usage| ("usage".to_owned(), in_chats_names(usage))));
    let finish_reason = finish_reason(&body, !answer.tool_calls.is_empty());
    let error = error(&mut body);
    chat.insert("choices".to_owned(), vec![answer.into_choice(finish_reason, error)].into());
    chat
}

fn is_response(body: &Map<String, Value>) -> bool {
    ["output", "output_text"].iter().any(|name| body.contains_key(*name))
        || body.get("object").is_some_and(|kind| kind == "response")
}

/// Why the answer ended, in Chat's words if they exist.
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

/// Explains why an incomplete response has no answer.
fn error(body: &mut Map<String, Value>) -> Option<Value> {
    let error = body.swap_remove("error").filter(|error| !error.is_null());
    error.or_else(|| match body.get("status")?.as_str()? {
        "queued" | "in_progress" => {
            Some("the API answers in the background and has not finished; remove background from Extra body".into())
        }
        _ => None,
    })
}

/// A response's usage under Chat's names; Chat's own usage stays unchanged.
#[must_use]
pub fn in_chats_names(usage: Value) -> Value {
    let Value::Object(usage) = usage else { return usage };
    let name =
        |name: String| COUNTERS.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| (*ours).to_owned());
    usage.into_iter().map(|(theirs, value)| (name(theirs), value)).collect::<Map<_, _>>().into()
}

/// How close a message is to the final answer, in ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// No message yet.
    #[default]
    Nothing,
    /// A comment of the model while it works.
    Commentary,
    /// A message of a model that does not tell them apart.
    Any,
    /// The final answer.
    Final,
}

/// Collects the items of the output.
#[derive(Default)]
struct Answer {
    phase: Phase,
    /// Contents of the messages that are the answer.
    contents: Vec<Value>,
    /// Contents of earlier messages.
    on_the_way: Vec<Value>,
    reasoning: Vec<String>,
    tool_calls: Vec<Value>,
    images: Vec<Value>,
    /// Pages that a search found or opened, as `{type, url}`.
    sources: Vec<Value>,
}

impl Answer {
    fn add(&mut self, mut item: Value) {
        match item["type"].as_str() {
            Some("message") => self.add_message(item),
            None if item.get("content").is_some() => self.add_message(item),
            None if item.is_string() => self.add_message(object([("content", item)])),
            Some("reasoning") => self.reasoning.extend(reasoning(&item)),
            Some("function_call") => self.tool_calls.push(call(item, "function", "arguments")),
            Some("custom_tool_call") => self.tool_calls.push(call(item, "custom", "input")),
            Some("web_search_call") => self.sources.extend(sources::read_by(take(&mut item, "action"))),
            Some("image_generation_call") => self.images.extend(image(item)),
            // Unknown: the API's list grows.
            _ => {}
        }
    }

    /// Only the model's messages of the highest phase are the answer.
    fn add_message(&mut self, mut message: Value) {
        if message["role"].as_str().is_some_and(|role| OF_OTHERS.contains(&role)) {
            return;
        }
        let phase = match message["phase"].as_str() {
            Some("commentary") => Phase::Commentary,
            Some("final_answer") => Phase::Final,
            _ => Phase::Any,
        };
        let content = take(&mut message, "content");
        match phase.cmp(&self.phase) {
            Ordering::Less => self.on_the_way.push(content),
            Ordering::Equal => self.contents.push(content),
            Ordering::Greater => {
                self.phase = phase;
                self.on_the_way.append(&mut self.contents);
                self.contents.push(content);
            }
        }
    }

    /// Whether all messages are empty.
    fn is_silent(&self) -> bool {
        let is_refusal = |part: &Value| part.get("refusal").is_some_and(is_given);
        let refuses = |content: &Value| content.as_array().is_some_and(|parts| parts.iter().any(is_refusal));
        !self.contents.iter().any(|content| refuses(content) || !words_of(content).is_empty())
    }

    fn into_choice(self, finish_reason: String, error: Option<Value>) -> Value {
        let is_silent = !self.on_the_way.is_empty() && self.is_silent();
        let mut reasoning = self.reasoning;
        if is_silent {
            // Nothing else was written.
            reasoning.extend(self.on_the_way.iter().map(words_of).filter(|words| !words.is_empty()));
        }
        let mut contents = self.contents;
        let logprobs = logprobs(&mut contents);
        let mut message = Map::from_iter([("role".to_owned(), "assistant".into())]);
        let mut set = |name: &str, value: Value| message.insert(name.to_owned(), value);
        set("content", joined(contents));
        if !reasoning.is_empty() {
            set("reasoning", reasoning.join("\n\n").into());
        }
        let lists = [("tool_calls", self.tool_calls), ("sources", self.sources), ("images", self.images)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            set(name, list.into());
        }
        let mut choice =
            object([("index", 0.into()), ("message", message.into()), ("finish_reason", finish_reason.into())]);
        if !logprobs.is_empty() {
            choice["logprobs"] = object([("content", logprobs.into())]);
        }
        if let Some(error) = error {
            choice["error"] = error;
        }
        choice
    }
}

/// Joins the contents of several messages.
fn joined(mut contents: Vec<Value>) -> Value {
    if contents.len() < 2 {
        return contents.pop().unwrap_or_default();
    }
    let parts = contents.into_iter().flat_map(|content| match content {
        Value::Array(parts) => parts,
        part => vec![part],
    });
    parts.collect()
}

/// Moves the log probabilities out of the parts, because Chat has them next to the message.
fn logprobs(contents: &mut [Value]) -> Vec<Value> {
    let parts = contents.iter_mut().flat_map(|content| match content {
        Value::Array(parts) => parts.as_mut_slice(),
        part => slice::from_mut(part),
    });
    let lists = parts.filter_map(|part| match take(part, "logprobs") {
        Value::Array(logprobs) => Some(logprobs),
        _ => None,
    });
    lists.flatten().collect()
}

/// The summary of the reasoning, or the reasoning itself, which open models show.
fn reasoning(item: &Value) -> Option<String> {
    let texts = |name: &str| {
        let parts = item[name].as_array().map_or(slice::from_ref(&item[name]), Vec::as_slice);
        parts.iter().map(words_of).filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n\n")
    };
    ["summary", "content"].into_iter().map(texts).find(|text| !text.is_empty())
}

/// A call of a tool of this `kind`; `words` names the member that the model wrote.
fn call(mut item: Value, kind: &str, words: &str) -> Value {
    let inner = object(["name", words].map(|member| (member, take(&mut item, member))));
    // Servers with a single ID use either name.
    let id = ["call_id", "id"].map(|name| take(&mut item, name)).into_iter().find(|id| !id.is_null());
    object([("id", id.unwrap_or_default()), ("type", kind.into()), (kind, inner)])
}

/// An image, as gateways add it to a Chat message.
fn image(mut item: Value) -> Option<Value> {
    let Value::String(mut data) = take(&mut item, "result") else { return None };
    let format = item["output_format"].as_str().unwrap_or("png");
    data.insert_str(0, &format!("data:image/{format};base64,"));
    Some(object([("type", "image_url".into()), ("image_url", object([("url", data.into())]))]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        operations::{QueryResult, choices::ChoicesReader},
        response::ApiResponse,
    };

    fn chat(response: Value) -> Value {
        let Value::Object(body) = response else { panic!("not an object") };
        into_chat(body).into()
    }

    /// A whole response with this output.
    fn response(output: Value) -> Value {
        json!({"id": "resp_1", "object": "response", "status": "completed", "error": null, "output": output})
    }

    fn message(text: &str) -> Value {
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        ]})
    }

    fn in_phase(phase: &str, text: &str) -> Value {
        let mut message = message(text);
        message["phase"] = phase.into();
        message
    }

    fn choice(output: Value) -> Value {
        chat(response(output))["choices"][0].take()
    }

    fn result(output: Value) -> QueryResult {
        read(response(output)).unwrap()
    }

    fn read(response: Value) -> Result<QueryResult, String> {
        let Value::Object(body) = response else { panic!("not an object") };
        ChoicesReader { endpoint: "responses", ..ChoicesReader::default() }
            .read(ApiResponse { body: into_chat(body), request_id: None })
            .map_err(|error| format!("{}: {error}", error.code().unwrap_or_default()))
    }

    #[test]
    fn translates_a_response_into_chat() {
        let mut response = response(json!([message("Hello.")]));
        response.as_object_mut().unwrap().extend(
            json!({
                "created_at": 5, "model": "gpt-x", "service_tier": "default", "metadata": {"team": "x"},
                "moderation": {"input": {}}, "usage": {
                    "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                    "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 17
                }
            })
            .as_object()
            .unwrap()
            .clone(),
        );
        assert_eq!(
            chat(response),
            json!({
                "id": "resp_1", "model": "gpt-x", "service_tier": "default", "moderation": {"input": {}}, "created": 5,
                "usage": {
                    "prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                    "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 17
                },
                "choices": [{
                    "index": 0, "message": {"role": "assistant", "content": [
                        {"type": "output_text", "text": "Hello.", "annotations": [], "logprobs": null}
                    ]}, "finish_reason": "stop"
                }]
            })
        );
    }

    #[test]
    fn returns_the_final_answer_without_earlier_comments() {
        let text = |output: Value| result(output).data;
        assert_eq!(text(json!([message("a"), message("b")])), "ab");
        let [comment, last] = [in_phase("commentary", "Hm."), in_phase("final_answer", "Yes.")];
        for output in [json!([comment, last]), json!([last, comment]), json!([comment, message("-"), last])] {
            assert_eq!(text(output.clone()), "Yes.", "{output}");
        }
        assert_eq!(text(json!([comment, message("Yes.")])), "Yes.");
        assert_eq!(text(json!([comment, comment])), "Hm.Hm.");
        // The text before an empty answer is kept as reasoning.
        let error = ChoicesReader { endpoint: "responses", ..ChoicesReader::default() }.read(ApiResponse {
            body: Map::from_iter([("output".to_owned(), json!([comment, in_phase("final_answer", "")]))]),
            request_id: None,
        });
        let error = error.unwrap_err();
        assert_eq!(error.code(), Some("only_reasoning"));
        assert_eq!(Value::from(error.given()), json!({"reasoning": "Hm."}));
        // Its citations and log probabilities are dropped with it.
        let cited = json!({"type": "message", "phase": "commentary", "content": [{
            "type": "output_text", "text": "Hm.", "annotations": [{"type": "file_path"}], "logprobs": [{"token": "Hm"}]
        }]});
        let metadata = result(json!([cited, last])).metadata;
        assert_eq!((metadata.get("annotations"), metadata.get("logprobs")), (None, None));
    }

    #[test]
    fn reads_summarized_text_and_wrapped_responses() {
        let texts = [
            json!({"status": "completed", "output": [], "output_text": "Hello."}),
            json!({"output_text": "Hello."}),
            json!({"output": [message("Hello.")], "output_text": "Not this."}),
            json!({"success": true, "data": response(json!([message("Hello.")]))}),
            json!({"output": [{"type": "message", "content": "Hello."}]}),
        ];
        for response in texts {
            assert_eq!(read(response.clone()).unwrap().data, "Hello.", "{response}");
        }
        for other in
            [json!({"choices": []}), json!({"status": "ok"}), json!({"output": [], "choices": [{"text": "a"}]})]
        {
            assert_eq!(chat(other.clone()), other);
        }
    }

    #[test]
    fn keeps_output_other_than_text() {
        let text = json!({
            "type": "output_text", "text": "b", "logprobs": [{"token": "b", "logprob": -0.5}],
            "annotations": [
                {"type": "url_citation", "start_index": 0, "end_index": 1, "title": "A page", "url": "https://h/a"}
            ]
        });
        let QueryResult { data, metadata } = result(json!([
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "First."}, {"text": "Then."}]},
            {"type": "web_search_call", "status": "completed", "action": {
                "type": "search", "queries": ["q"], "sources": [{"type": "url", "url": "https://h/a"}]
            }},
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Last."}]},
            {"type": "image_generation_call", "result": "AA==", "status": "completed"},
            {"type": "image_generation_call", "result": "AA==", "output_format": "webp"},
            {"type": "image_generation_call", "result": null, "status": "failed"},
            {"type": "what_comes_next", "content": "c"},
            {"type": "message", "content": [{"type": "output_text", "text": "a"}, text]}
        ]));
        let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
        assert_eq!(data, "ab");
        assert_eq!(
            Value::Object(metadata),
            json!({
                "endpoint": "responses", "id": "resp_1", "reasoning": "First.\n\nThen.\n\nLast.",
                "annotations": [{"type": "url_citation", "url_citation": {
                    "start_index": 1, "end_index": 2, "title": "A page", "url": "https://h/a"
                }}],
                "sources": [{"title": "A page", "url": "https://h/a"}],
                "images": [image("data:image/png;base64,AA=="), image("data:image/webp;base64,AA==")],
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "b", "logprob": -0.5}]}
            })
        );
    }

    #[test]
    fn reads_every_content_shape_of_chat() {
        let part = json!({"type": "output_text", "text": "hello"});
        for (content, text) in [
            (json!("hello"), "hello"),
            (json!(["hello ", "world"]), "hello world"),
            (json!(["a", "\n\n", {"type": "output_text", "text": " "}, "b"]), "a\n\n b"),
            (json!([{"text": "hello"}]), "hello"),
            (json!([{"text": "hello", "annotations": [], "logprobs": []}]), "hello"),
            (part.clone(), "hello"),
            (json!([{"type": "output_text", "text": {"value": "hello"}}]), "hello"),
            (json!([{"type": "output_text", "text": 42}]), "42"),
            (json!(42), "42"),
            (json!({"answer": 42}), "{\"answer\":42}"),
        ] {
            let message = json!({"type": "message", "role": "assistant", "content": content});
            assert_eq!(result(json!([message])).data, text, "{content}");
            let chat = ApiResponse {
                body: Map::from_iter([("choices".to_owned(), json!([{"message": message}]))]),
                request_id: None,
            };
            assert_eq!(ChoicesReader::default().read(chat).unwrap().data, text, "{content}");
            let untyped = json!({"role": "assistant", "content": content});
            assert_eq!(result(json!([untyped])).data, text, "{content}");
        }
        for output in [message("hello"), json!("hello"), json!(["hello"]), json!([message("he"), "llo"])] {
            assert_eq!(result(output.clone()).data, "hello", "{output}");
        }
        for body in [
            json!({"output_text": ["hello"]}),
            json!({"output": [], "output_text": [part]}),
            json!({"output": [message("hello")], "choices": null}),
            json!({"output": [message("hello")], "choices": []}),
        ] {
            assert_eq!(read(body.clone()).unwrap().data, "hello", "{body}");
        }
        let shown = result(json!([{"type": "message", "content": [
            {"type": "output_text", "text": "a"}, {"type": "thinking", "thinking": "hm"}, {"type": "document", "name": "d"}
        ]}]));
        assert_eq!((shown.data, &shown.metadata["reasoning"]), (json!("a"), &json!("hm")));
        assert_eq!(shown.metadata["content_parts"], json!([{"type": "document", "name": "d"}]));
    }

    #[test]
    fn ignores_messages_of_other_roles() {
        for role in OF_OTHERS {
            let mut theirs = message("Hi");
            theirs["role"] = role.into();
            assert_eq!(result(json!([theirs, message("Hello.")])).data, "Hello.", "{role}");
        }
        let mut model = message("Hello.");
        model["role"] = "model".into();
        assert_eq!(result(json!([model])).data, "Hello.");
    }

    #[test]
    fn returns_tool_calls_in_chat_s_shape() {
        let choice = choice(json!([
            in_phase("commentary", "Let me see."),
            {"type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_b", "name": "g", "input": "x"},
            {"type": "function_call", "id": "call_c", "call_id": null, "name": "h", "arguments": "{}"}
        ]));
        assert_eq!(choice["finish_reason"], "tool_calls");
        assert_eq!(choice["message"]["content"][0]["text"], "Let me see.");
        assert_eq!(
            choice["message"]["tool_calls"],
            json!([
                {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "call_b", "type": "custom", "custom": {"name": "g", "input": "x"}},
                {"id": "call_c", "type": "function", "function": {"name": "h", "arguments": "{}"}}
            ])
        );
    }

    #[test]
    fn translates_the_status_into_chat_s_finish_reason() {
        let reason = |state: Value| {
            let mut response = response(json!([message("a")]));
            response.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
            chat(response)["choices"][0]["finish_reason"].clone()
        };
        let incomplete = |reason: &str| json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
        for (state, expected) in [
            (json!({}), "stop"),
            (json!({"status": null}), "stop"),
            (incomplete("max_output_tokens"), "length"),
            (incomplete("content_filter"), "content_filter"),
            (incomplete("steered"), "steered"),
            (json!({"status": "incomplete", "incomplete_details": null}), "incomplete"),
            (json!({"status": "cancelled"}), "cancelled"),
        ] {
            assert_eq!(reason(state.clone()), expected, "{state}");
        }
    }

    #[test]
    fn fails_as_chat_does_when_there_is_no_answer() {
        let reasoning = json!([{"type": "reasoning", "summary": []}]);
        let refusal = json!([{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}]);
        let incomplete = |reason: &str| json!({"status": "incomplete", "incomplete_details": {"reason": reason}, "output": reasoning});
        for (response, failure) in [
            (incomplete("max_output_tokens"), "tokens_spent_on_reasoning: the token limit was used up"),
            (incomplete("content_filter"), "content_filter: "),
            (json!({"output": refusal}), "refusal: the model refused: I cannot."),
            (json!({"status": "completed", "output": []}), "no_answer: the response contains no text"),
            (json!({"status": "failed", "output": []}), "no_answer: the model failed while answering: failed"),
            (json!({"status": "cancelled", "output": []}), "no_answer: the model failed while answering: cancelled"),
            (
                json!({"data": {"status": "failed", "error": {"message": "It broke."}, "output": []}}),
                "no_answer: the model failed while answering: It broke.",
            ),
            (
                json!({"status": "failed", "output": [message("Half")]}),
                "answer_cut_off: the model failed in the middle of its answer: failed",
            ),
            (
                json!({"status": "queued", "output": []}),
                "no_answer: the model failed while answering: the API answers in the background and has not finished",
            ),
            (
                json!({"status": "in_progress", "output": []}),
                "no_answer: the model failed while answering: the API answers in the background",
            ),
        ] {
            let error = read(response.clone()).unwrap_err();
            assert!(error.starts_with(failure), "{response}: {error}");
        }
    }

    #[test]
    fn accepts_any_type_of_output() {
        for odd in [json!("a"), json!(5), json!(null), json!([]), json!({"type": "message"})] {
            choice(json!([
                odd,
                {"type": "message", "content": odd, "phase": odd},
                {"type": "message", "content": [odd, {"type": "text", "text": odd, "annotations": odd, "logprobs": odd}]},
                {"type": "reasoning", "summary": odd, "content": odd},
                {"type": "function_call", "name": odd},
                {"type": "web_search_call", "action": odd},
                {"type": "web_search_call", "action": {"sources": odd}},
                {"type": "image_generation_call", "result": odd}
            ]));
            chat(
                json!({"object": "response", "output": odd, "status": odd, "incomplete_details": odd, "usage": odd, "output_text": odd}),
            );
        }
    }
}
