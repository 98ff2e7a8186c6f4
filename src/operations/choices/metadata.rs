//! The `metadata` of an answer: the server's report on it, and the model's output other than text.

use std::mem;

use serde_json::{Map, Value};

use super::ChoicesReader;
use crate::{
    operations::{
        choice::{Choice, is_empty},
        room::Room,
        sources, tool_calls,
    },
    response::take_usage,
};

/// Members of the response that `metadata` repeats if present.
const PASSED_ON: [&str; 12] = [
    "model",
    "id",
    "created",
    "service_tier",
    "tool_usage",
    "system_fingerprint",
    "citations",
    "search_results",
    "related_questions",
    "moderation",
    "prompt_filter_results",
    "images",
];
/// Members of the first choice, or of its message, that `metadata` repeats if present.
const PASSED_ON_OF_CHOICE: [&str; 11] = [
    "logprobs",
    "content_filter_results",
    "function_call",
    "audio",
    "citations",
    "search_results",
    "context",
    "executed_tools",
    "reasoning_details",
    "thinking_blocks",
    "extra_content",
];

/// Most answers have no more members of `metadata`.
const USUAL_MEMBERS: usize = 14;

impl ChoicesReader {
    pub(super) fn metadata(&self, mut body: Map<String, Value>, mut choices: Vec<Choice>) -> Map<String, Value> {
        let mut metadata = Map::with_capacity(USUAL_MEMBERS);
        metadata.insert("endpoint".to_owned(), self.endpoint.into());
        let usage = take_usage(&mut body);
        // Only text: any other value could be huge.
        let reason = |choice: &Choice| Some(choice.finish_reason()).filter(|reason| !reason.is_empty()).into();
        let reasons: Vec<Value> = choices.iter().map(reason).collect();
        let mut pass_on = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                metadata.entry(name).or_insert(value);
            }
        };
        let is_there = |value: &Value| !is_empty(value);
        let mut room = Room::default();
        // Pages that the search read, in addition to the cited ones.
        let read = choices.first_mut().and_then(|first| first.take("sources"));
        if let Some(first) = choices.first_mut() {
            let calls = first.take("tool_calls").filter(is_there);
            pass_on("tool_calls", calls.map(|calls| tool_calls::bindable(calls, &mut room)));
            for name in PASSED_ON_OF_CHOICE {
                pass_on(name, first.take(name).filter(is_there));
            }
            let list = |items: &mut Vec<Value>| Some(Value::Array(mem::take(items))).filter(is_there);
            pass_on("images", list(&mut first.images));
            pass_on("annotations", list(&mut first.annotations));
            pass_on("content_parts", list(&mut first.other_parts));
            let text = |text: &mut String| Some(Value::String(mem::take(text))).filter(is_there);
            pass_on("reasoning", text(&mut first.reasoning));
            pass_on("refusal", text(&mut first.refusal));
        }
        // In one pass, because looking up each member takes longer.
        let mut passed_on = PASSED_ON.map(|name| (name, None));
        for (name, value) in body {
            if let Some((_, place)) = passed_on.iter_mut().find(|(known, _)| *known == name) {
                *place = Some(value);
            }
        }
        for (name, value) in passed_on {
            pass_on(name, value.filter(is_there));
        }
        pass_on("not_strict", self.not_strict.clone().map(Value::from));
        pass_on("usage", usage);
        pass_on("finish_reason", reasons.first().cloned());
        if self.n > 1 {
            pass_on("finish_reasons", Some(reasons.into()));
        }
        let sources = sources::listed(&metadata, read.as_ref(), &mut room);
        if !sources.is_empty() {
            metadata.insert("sources".to_owned(), sources.into());
        }
        metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operations::{
        QueryResult,
        choices::tests::{chat, read},
    };

    fn metadata(body: Value) -> Map<String, Value> {
        read(&ChoicesReader::default(), body).unwrap().metadata
    }

    #[test]
    fn repeats_present_members_in_metadata() {
        let first = json!({
            "index": 0, "finish_reason": "stop", "logprobs": {"content": []},
            "message": {"content": "a", "tool_calls": [], "annotations": [1], "audio": {"transcript": "b"}}
        });
        let second =
            json!({"index": 1, "finish_reason": {"not": "text"}, "message": {"content": "b", "tool_calls": [2]}});
        let body = json!({
            "choices": [second, first], "model": "m", "id": "i", "created": 5, "service_tier": null,
            "system_fingerprint": "f", "usage": {"total_tokens": "7"}, "object": "chat.completion"
        });
        let common = json!({
            "endpoint": "chat/completions", "model": "m", "id": "i", "created": 5, "system_fingerprint": "f",
            "usage": {"total_tokens": 7}, "finish_reason": "stop", "annotations": [1],
            "audio": {"transcript": "b"}, "logprobs": {"content": []}
        });
        let reader = ChoicesReader { endpoint: "chat/completions", n: 1, ..ChoicesReader::default() };
        assert_eq!(Value::Object(read(&reader, body.clone()).unwrap().metadata), common);
        let mut of_several = common;
        of_several["finish_reasons"] = json!(["stop", null]);
        let reader = ChoicesReader { n: 2, ..reader };
        assert_eq!(Value::Object(read(&reader, body).unwrap().metadata), of_several);
    }

    #[test]
    fn keeps_everything_that_the_model_returned() {
        let message = json!({
            "content": [
                {"type": "text", "text": "a", "annotations": [{"title": "b"}]}, {"type": "thinking", "thinking": "hm"},
                {"type": "image_url", "image_url": {"url": "data:,b"}}, {"type": "document", "name": "d"}
            ],
            "images": [{"type": "image_url", "image_url": {"url": "data:,a"}}], "refusal": "but",
            "citations": ["of the message"], "annotations": [{"title": "a"}], "function_call": {"name": "f", "arguments": "{}"},
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}], "context": {"intent": "i"}
        });
        let body = json!({
            "choices": [{"message": message, "finish_reason": "stop", "content_filter_results": {"hate": {}}}],
            "citations": ["https://a.example"], "search_results": [{"title": "t"}], "related_questions": ["q"],
            "moderation": {"output": {"results": []}}, "images": [], "prompt_filter_results": null
        });
        assert_eq!(
            Value::Object(metadata(body)),
            json!({
                "endpoint": "", "finish_reason": "stop", "reasoning": "hm", "refusal": "but",
                "images": [
                    {"type": "image_url", "image_url": {"url": "data:,b"}},
                    {"type": "image_url", "image_url": {"url": "data:,a"}}
                ],
                "annotations": [{"title": "b"}, {"title": "a"}],
                "content_parts": [{"type": "document", "name": "d"}], "citations": ["of the message"],
                "function_call": {"name": "f", "arguments": "{}"}, "context": {"intent": "i"},
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}],
                "content_filter_results": {"hate": {}}, "search_results": [{"title": "t"}],
                "related_questions": ["q"], "moderation": {"output": {"results": []}}
            })
        );
        let beside = json!({
            "choices": [{"message": {"content": "4"}, "reasoning_content": "2 and 2"}], "citations": ["https://a.example"],
            "images": [{"image_url": "https://b.example"}]
        });
        let metadata = metadata(beside);
        assert_eq!(metadata["reasoning"], "2 and 2");
        assert_eq!(metadata["citations"], json!(["https://a.example"]));
        assert_eq!(metadata["images"], json!([{"image_url": "https://b.example"}]));
    }

    #[test]
    fn reports_how_often_billed_tools_were_used() {
        let usage = json!({"web_search": {"num_requests": 2}});
        let reader = ChoicesReader { endpoint: "responses", ..ChoicesReader::default() };
        let output = json!([
            {"type": "web_search_call", "action": {"type": "open_page", "url": "https://a.example/b"}},
            {"type": "message", "content": [{"type": "output_text", "text": "a"}]}
        ]);
        let QueryResult { metadata, .. } = read(&reader, json!({"output": output, "tool_usage": usage})).unwrap();
        assert_eq!(metadata["tool_usage"], usage);
        assert_eq!(metadata["sources"], json!([{"title": "a.example", "url": "https://a.example/b"}]));
    }

    #[test]
    fn lists_the_sources_from_all_places_once() {
        let cited = json!({"type": "url_citation", "url_citation": {"title": "A", "url": "https://a.example"}});
        let message = json!({
            "content": "a", "annotations": [cited],
            "sources": [{"type": "url", "url": "https://a.example"}, {"type": "url", "url": "https://b.example"}]
        });
        let body = json!({
            "choices": [{"message": message}], "citations": ["https://c.example"],
            "search_results": [{"title": "C", "url": "https://c.example"}]
        });
        let read = metadata(body);
        let expected = json!([
            {"title": "A", "url": "https://a.example"}, {"title": "b.example", "url": "https://b.example"},
            {"title": "C", "url": "https://c.example"}
        ]);
        assert_eq!((&read["sources"], &read["annotations"]), (&expected, &json!([cited])));
        assert_eq!(read["citations"], json!(["https://c.example"]));
        assert!(!metadata(chat(json!({"content": "a", "annotations": [1]}), "stop")).contains_key("sources"));
    }
}
