//! Chat by API: which endpoints a query uses, what is cached, and which error is reported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    policy::model_cache::ModelCache,
    service::{Failure, Outcome},
};

const COMPLETIONS: &str = "/completions";
const CHAT: &str = "/chat/completions";
const RESPONSES: &str = "/responses";
const OPENAI: &str = "https://api.openai.com/v1";
const GATEWAY: &str = "https://gateway.example/v1";

const ONLY_RESPONSES: [&str; 2] = [
    "This model is only supported in v1/responses and not in v1/chat/completions.",
    "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use \
     v1/completions?",
];
const TOOLS: &str = "Function tools with reasoning_effort are not supported for gpt-7 in /v1/chat/completions. To use \
                     function tools, use /v1/responses or set reasoning_effort to 'none'.";

fn source(base_url: &str) -> Value {
    json!({"apiKey": "sk-routes", "base_url": base_url})
}

fn query(more: &Value) -> Value {
    let mut query = json!({"operation": "chat", "prompt": "Hi", "model": "gpt-7"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

fn with_tools(more: &Value) -> Value {
    let tool = json!({"type": "function", "function": {"name": "now"}});
    let mut query = query(more);
    query["extra_body"] = json!({"tools": [tool]});
    query
}

fn error(status: u16, param: Option<&str>, message: &str) -> Step {
    let error = json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
    response(status, &[], json!({ "error": error }))
}

fn only_responses() -> Step {
    error(404, Some("model"), ONLY_RESPONSES[0])
}

fn no_tools() -> Step {
    error(400, Some("reasoning_effort"), TOOLS)
}

fn no_route() -> Step {
    response(404, &[], json!({"detail": "Not Found"}))
}

fn chat_answer() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}))
}

fn responses_answer() -> Step {
    let content = json!([{"type": "output_text", "text": "Hello", "annotations": []}]);
    let output = json!([{"type": "message", "role": "assistant", "status": "completed", "content": content}]);
    response(200, &[], json!({"object": "response", "status": "completed", "error": null, "output": output}))
}

fn paths(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| request.url.replace(OPENAI, "").replace(GATEWAY, "")).collect()
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[track_caller]
fn assert_answered(outcome: Outcome, endpoint: &str) {
    let Outcome::Ok(result) = outcome else { panic!("{outcome:?}") };
    assert_eq!((&result.data, &result.metadata["endpoint"]), (&json!("Hello"), &json!(endpoint)));
}

#[test]
fn uses_responses_at_once_after_chat_said_that_only_it_serves_the_model() {
    for (message, url) in ONLY_RESPONSES.iter().flat_map(|message| [(message, OPENAI), (message, GATEWAY)]) {
        let cache = ModelCache::default();
        let first = error(404, Some("model"), message);
        let script = Script::new([first, responses_answer(), responses_answer()]);
        for _ in 0..2 {
            assert_answered(script.run_with(&cache, &source(url), &query(&json!({}))), "responses");
        }
        assert_eq!(paths(&script), [CHAT, RESPONSES, RESPONSES], "{message}");
    }
}

#[test]
fn reports_chat_s_error_when_the_server_lacks_responses_or_its_model() {
    let model = || error(404, Some("model"), "The model `gpt-7` does not exist");
    for (second, chat_error) in [(no_route(), true), (model(), true), (error(400, None, "No such prompt"), false)] {
        let cache = ModelCache::default();
        let script = Script::new([only_responses(), second, chat_answer()]);
        let outcome = script.run_with(&cache, &source(GATEWAY), &query(&json!({})));
        let description = failure(outcome).description;
        assert_eq!(description.contains(ONLY_RESPONSES[0]), chat_error, "{description}");
        // Nothing is cached.
        assert_answered(script.run_with(&cache, &source(GATEWAY), &query(&json!({}))), "chat/completions");
    }
}

#[test]
fn does_not_try_responses_on_a_compatible_server_unless_it_says_so() {
    for (status, message) in [
        (404, "The model `gpt-7` does not exist"),
        (404, "Not Found"),
        (400, "\"gpt-7\" does not support chat"),
        (400, "Function tools are not supported with reasoning_effort"),
        (405, "Method Not Allowed"),
        (501, "Not implemented"),
        (500, "v1/responses"),
    ] {
        let script = Script::new([error(status, None, message), chat_answer(), chat_answer()]);
        script.run(&source(GATEWAY), &with_tools(&json!({"reasoning_effort": "low"})));
        assert!(!paths(&script).contains(&RESPONSES.to_owned()), "{message}");
    }
}

#[test]
fn lets_a_reasoning_model_call_tools_through_responses() {
    let cache = ModelCache::default();
    let script = Script::new([no_tools(), responses_answer(), responses_answer(), chat_answer()]);
    for _ in 0..2 {
        let outcome = script.run_with(&cache, &source(OPENAI), &with_tools(&json!({})));
        let Outcome::Ok(result) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(result.metadata.get("adjusted"), None);
        assert_answered(outcome, "responses");
    }
    // What was cached for a query with tools does not apply to one without.
    assert_answered(script.run_with(&cache, &source(OPENAI), &query(&json!({}))), "chat/completions");
    assert_eq!(paths(&script), [CHAT, RESPONSES, RESPONSES, CHAT]);
}

#[test]
fn uses_responses_first_for_tools_of_a_known_reasoning_model() {
    let script = Script::new([responses_answer()]);
    assert_answered(script.run(&source(OPENAI), &with_tools(&json!({"model": "gpt-6-luna"}))), "responses");
    assert_eq!(paths(&script), [RESPONSES]);
    let script = Script::new([chat_answer()]);
    let without_reasoning = with_tools(&json!({"model": "gpt-6-luna", "reasoning_effort": "none"}));
    assert_answered(script.run(&source(OPENAI), &without_reasoning), "chat/completions");
}

#[test]
fn turns_reasoning_off_for_tools_when_responses_is_unknown_or_unwanted() {
    for (url, api) in [(GATEWAY, "auto"), (OPENAI, "chat_completions")] {
        let script = Script::new([no_tools(), chat_answer()]);
        let outcome = script.run(&source(url), &with_tools(&json!({"api": api})));
        let Outcome::Ok(result) = &outcome else { panic!("{outcome:?}") };
        let none = json!([{"parameter": "reasoning_effort", "change": "set", "to": "none"}]);
        assert_eq!(result.metadata["adjusted"], none);
        assert_eq!(paths(&script), [CHAT, CHAT]);
    }
}

#[test]
fn uses_only_one_endpoint_when_api_names_it() {
    let script = Script::new([only_responses()]);
    let description = failure(script.run(&source(OPENAI), &query(&json!({"api": "chat_completions"})))).description;
    assert!(description.ends_with("Set API to Auto or Responses."), "{description}");
    assert_eq!(paths(&script), [CHAT]);

    let script = Script::new([no_route()]);
    let description = failure(script.run(&source(GATEWAY), &query(&json!({"api": "responses"})))).description;
    assert!(description.contains("Set API to Chat Completions"), "{description}");
    assert_eq!(paths(&script), [RESPONSES]);
}

#[test]
fn uses_only_the_chosen_endpoint_whatever_is_cached() {
    let cache = ModelCache::default();
    let script = Script::new([only_responses(), responses_answer(), chat_answer()]);
    script.run_with(&cache, &source(OPENAI), &query(&json!({})));
    let fixed = query(&json!({"api": "chat_completions"}));
    assert_answered(script.run_with(&cache, &source(OPENAI), &fixed), "chat/completions");
    assert_eq!(paths(&script), [CHAT, RESPONSES, CHAT]);
}

#[test]
fn uses_responses_at_once_for_what_only_it_supports() {
    for url in [OPENAI, GATEWAY] {
        let script = Script::new([responses_answer()]);
        assert_answered(script.run(&source(url), &query(&json!({"web_search": "on"}))), "responses");
        assert_eq!(paths(&script), [RESPONSES]);
    }
    let fixed = query(&json!({"web_search": "on", "api": "chat_completions"}));
    let script = Script::new([]);
    let description = failure(script.run(&source(OPENAI), &fixed)).description;
    let words = "Web search needs the Responses API (for web search); choose Auto or Responses under API.";
    assert_eq!(description, words);
    assert_eq!(script.attempts(), 0);
}

#[test]
fn sends_extra_body_to_another_server_s_chat() {
    for extra_body in [
        json!({"tools": [{"type": "web_search"}]}),
        json!({"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]}),
        json!({"reasoning": {"summary": "auto"}}),
    ] {
        let mut query = query(&json!({}));
        query["extra_body"] = extra_body;
        for (url, api, endpoint) in [
            (GATEWAY, "auto", CHAT),
            (GATEWAY, "chat_completions", CHAT),
            (OPENAI, "chat_completions", CHAT),
            (OPENAI, "auto", RESPONSES),
        ] {
            query["api"] = json!(api);
            let script = Script::new([if endpoint == CHAT { chat_answer() } else { responses_answer() }]);
            assert_answered(script.run(&source(url), &query), &endpoint[1..]);
            assert_eq!(paths(&script), [endpoint]);
        }
    }
}

#[test]
fn turns_reasoning_off_for_tools_when_responses_is_missing() {
    for (model, answers) in [
        ("gpt-7", vec![no_tools(), no_route(), no_tools(), chat_answer()]),
        // A known reasoning model.
        ("gpt-6-luna", vec![no_route(), chat_answer()]),
    ] {
        let script = Script::new(answers);
        let outcome = script.run(&source(OPENAI), &with_tools(&json!({"model": model})));
        let Outcome::Ok(result) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(result.metadata["adjusted"][0]["parameter"], "reasoning_effort");
        assert_answered(outcome, "chat/completions");
    }
}

#[test]
fn truncates_at_stop_sequences_and_lists_what_responses_lacks() {
    let script = Script::new([responses_answer()]);
    let options = json!({"api": "responses", "stop_sequence": "llo", "seed": 7, "temperature": 0.5});
    let Outcome::Ok(result) = script.run(&source(OPENAI), &query(&options)) else { panic!("failed") };
    assert_eq!(result.data, "He");
    let adjusted = json!([
        {"parameter": "seed", "change": "removed"},
        {"parameter": "stop", "change": "applied by the plugin"}
    ]);
    assert_eq!(result.metadata["adjusted"], adjusted);
}

#[test]
fn removes_what_a_model_rejects_in_responses() {
    let cache = ModelCache::default();
    let rejected = error(400, Some("reasoning.effort"), "Unsupported parameter: 'reasoning.effort'");
    let script = Script::new([rejected, responses_answer(), responses_answer()]);
    let options = query(&json!({"api": "responses", "reasoning_effort": "low"}));
    for _ in 0..2 {
        let outcome = script.run_with(&cache, &source(OPENAI), &options);
        let Outcome::Ok(result) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(result.metadata["adjusted"], json!([{"parameter": "reasoning_effort", "change": "removed"}]));
    }
    assert_eq!(script.attempts(), 3);
}

#[test]
fn continues_text_through_responses_when_no_other_endpoint_serves_the_model() {
    let cache = ModelCache::default();
    let continued = query(&json!({"operation": "completion"}));
    let other = error(404, Some("model"), "This is a chat model and not supported in the v1/completions endpoint.");
    let script = Script::new([other, only_responses(), responses_answer(), responses_answer()]);
    for _ in 0..2 {
        assert_answered(script.run_with(&cache, &source(OPENAI), &continued), "responses");
    }
    assert_eq!(paths(&script), [COMPLETIONS, CHAT, RESPONSES, RESPONSES]);

    let first = error(404, None, "This model is only supported in v1/responses and not in v1/completions.");
    let script = Script::new([first, responses_answer()]);
    assert_answered(script.run(&source(OPENAI), &continued), "responses");
    assert_eq!(paths(&script), [COMPLETIONS, RESPONSES]);
}

#[test]
fn requires_a_single_answer_before_using_responses() {
    let script = Script::new([only_responses()]);
    let description = failure(script.run(&source(OPENAI), &query(&json!({"n": 2})))).description;
    let words = "Number of results must be 1 with the Responses API, which gives one answer to a request, got 2. Choose \
                 another model";
    assert_eq!(description, format!("{words}, or Chat Completions under API if that serves this one."));
    assert_eq!(paths(&script), [CHAT]);
    // Completions has no API field.
    let script = Script::new([only_responses()]);
    let continued = query(&json!({"operation": "completion", "engine": "chat", "n": 2}));
    assert_eq!(failure(script.run(&source(OPENAI), &continued)).description, format!("{words}."));
}

#[test]
fn sends_a_document_in_the_history_to_another_server_s_chat() {
    let data = "data:text/csv;base64,YSxi";
    let parts = [
        json!({"type": "file", "file": {"filename": "a.csv", "file_data": data}}),
        json!({"type": "file", "file": {"file_url": "https://h/a.docx"}}),
        json!({"type": "image_url", "image_url": {"url": "https://h/a.png", "detail": "original"}}),
    ];
    for part in parts {
        let history = json!([{"role": "user", "content": [{"type": "text", "text": "a"}, part]}]);
        let written = query(&json!({"message_history": history}));
        for (url, endpoint) in [(GATEWAY, CHAT), (OPENAI, RESPONSES)] {
            let script = Script::new([if endpoint == CHAT { chat_answer() } else { responses_answer() }]);
            assert_answered(script.run(&source(url), &written), &endpoint[1..]);
            let sent = &script.sent.lock().unwrap()[0].body;
            assert!(endpoint == RESPONSES || sent["messages"][0]["content"][1] == part, "{sent}");
        }
    }
    // No Chat accepts a file that the form converted.
    let picked = query(&json!({"images": "https://h/a.docx"}));
    let script = Script::new([responses_answer()]);
    assert_answered(script.run(&source(GATEWAY), &picked), "responses");
}
