//! Chat through `/responses`: what is sent, and what the app gets. Includes the pitfalls that others met when they
//! switched; `routes.rs` has those about choosing the endpoint.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    network::http::HttpResponse,
    operations::QueryResult,
    service::{Failure, Outcome},
};

fn source() -> Value {
    json!({"apiKey": "sk-responses", "max_retries": 1})
}

fn query(more: &Value) -> Value {
    let mut query = json!({"operation": "chat", "prompt": "Hi", "model": "gpt-7", "api": "responses"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

/// A whole response with this text and additional members.
fn answer(text: &str, more: &Value) -> Step {
    let content = json!([{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]);
    let message = json!({"type": "message", "role": "assistant", "status": "completed", "content": content});
    let mut body = json!({
        "id": "resp_1", "object": "response", "status": "completed", "error": null, "incomplete_details": null,
        "model": "gpt-7-2026-11-01", "output": [message]
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    response(200, &[], body)
}

/// A failed response, which has HTTP status 200.
fn failed(code: &str) -> Step {
    let error = json!({"code": code, "message": "It went wrong."});
    response(200, &[], json!({"object": "response", "status": "failed", "error": error, "output": []}))
}

fn result(outcome: Outcome) -> QueryResult {
    match outcome {
        Outcome::Ok(result) => result,
        other => panic!("expected a result, got {other:?}"),
    }
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// The request of this query.
fn sent(more: &Value) -> Value {
    let script = Script::new([answer("{}", &json!({}))]);
    result(script.run(&source(), &query(more)));
    script.sent.lock().unwrap()[0].body.clone()
}

#[test]
fn returns_usage_finish_reason_and_ids_as_chat_does() {
    let usage = json!({
        "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 17
    });
    let script = Script::new([answer("Hello", &json!({"usage": usage, "created_at": 5}))]);
    let result = result(script.run(&source(), &query(&json!({}))));
    assert_eq!(result.data, "Hello");
    for (name, value) in [
        ("endpoint", json!("responses")),
        ("id", json!("resp_1")),
        ("model", json!("gpt-7-2026-11-01")),
        ("created", json!(5)),
        ("finish_reason", json!("stop")),
        (
            "usage",
            json!({
                "prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 17
            }),
        ),
    ] {
        assert_eq!(result.metadata[name], value, "{name}");
    }
}

#[test]
fn returns_an_incomplete_answer_but_fails_for_reasoning_alone() {
    let limit = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}});
    let cut = result(Script::new([answer("Hel", &limit)]).run(&source(), &query(&json!({}))));
    assert_eq!((&cut.data, &cut.metadata["finish_reason"]), (&json!("Hel"), &json!("length")));

    let mut silent = limit.clone();
    silent["output"] = json!([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Let me see."}]}]);
    let failure = failure(Script::new([answer("", &silent)]).run(&source(), &query(&json!({}))));
    assert_eq!(failure.data["code"], "tokens_spent_on_reasoning");
    assert_eq!(failure.data["reasoning"], "Let me see.");
}

#[test]
fn removes_message_names_and_lists_that() {
    let script = Script::new([answer("Hello", &json!({}))]);
    let history = json!([{"role": "user", "name": "ann", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]);
    let result = result(script.run(&source(), &query(&json!({"message_history": history}))));
    assert_eq!(result.metadata["adjusted"], json!([{"parameter": "name", "change": "removed"}]));
    assert_eq!(script.sent.lock().unwrap()[0].body["input"][0].get("name"), None);
}

#[test]
fn keeps_the_answer_next_to_an_unknown_item_nested_too_deep() {
    let said = json!({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]});
    let body = json!({"object": "response", "status": "completed", "output": [{"type": "new", "deep": "HERE"}, said]});
    let deep = "{\"a\":".repeat(5_000) + "1" + &"}".repeat(5_000);
    let body = body.to_string().replace("\"HERE\"", &deep).into_bytes();
    let script = Script::new([Step::Respond(HttpResponse { status: 200, headers: Vec::new(), body, cut: None })]);
    assert_eq!(result(script.run(&source(), &query(&json!({})))).data, "Hello");
}

#[test]
fn reports_the_usage_of_an_unusable_answer() {
    let usage = json!({"input_tokens": 10, "output_tokens": 7, "total_tokens": 17});
    let in_chats_names = json!({"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17});
    let filtered = json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []});
    let broken = json!({"status": "failed", "error": {"code": "server_error", "message": "It went wrong."}});
    for (more, code) in [(filtered, "content_filter"), (broken, "server_error")] {
        let mut more = more;
        more["usage"] = usage.clone();
        let failure = failure(Script::new([answer("Hel", &more)]).run(&source(), &query(&json!({}))));
        assert_eq!(failure.data["code"], code);
        assert_eq!((&failure.data["usage"], &failure.metadata["usage"]), (&in_chats_names, &in_chats_names));
    }
}

#[test]
fn retries_a_failure_with_http_200_when_its_code_is_transient() {
    for code in ["rate_limit_exceeded", "server_error"] {
        let script = Script::new([failed(code), answer("Hello", &json!({}))]);
        assert_eq!(result(script.run(&source(), &query(&json!({})))).data, "Hello", "{code}");
        let script = Script::new([failed(code), failed(code)]);
        let failure = failure(script.run(&source(), &query(&json!({}))));
        assert!(failure.description.contains(&format!("({code}): It went wrong.")), "{}", failure.description);
    }
    for code in ["invalid_prompt", "image_too_large", "bio_policy"] {
        let script = Script::new([failed(code)]);
        let failure = failure(script.run(&source(), &query(&json!({}))));
        assert_eq!((&failure.data["code"], script.attempts()), (&json!(code), 1));
    }
}

#[test]
fn requests_and_reads_an_answer_with_a_schema() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let options = json!({"response_format": "json_schema", "json_schema": schema});
    let format = &sent(&options)["text"]["format"];
    assert_eq!((&format["type"], &format["name"]), (&json!("json_schema"), &json!("response")));
    assert!(format["schema"].is_object() && format.get("json_schema").is_none(), "{format}");
    let script = Script::new([answer("{\"a\": 1}", &json!({}))]);
    assert_eq!(result(script.run(&source(), &query(&options))).data, json!({"a": 1}));
}

#[test]
fn puts_the_word_json_into_the_input() {
    let request = sent(&json!({"system_prompt": "Answer in JSON.", "response_format": "json_object"}));
    assert_eq!(request["text"]["format"], json!({"type": "json_object"}));
    assert_eq!(request.get("instructions"), None);
    assert_eq!(request["input"][0], json!({"type": "message", "role": "system", "content": "Answer in JSON."}));
}

#[test]
fn stores_nothing_and_repeats_no_id() {
    let history = json!([
        {"role": "user", "content": "How warm is it?"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": null},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "Let me see.", "annotations": []}
        ]},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "12"},
        {"role": "assistant", "id": "chatcmpl-1", "content": "12 degrees."}
    ]);
    let request = sent(&json!({"message_history": history}));
    assert_eq!(request["store"], false);
    let items = request["input"].as_array().unwrap();
    assert_eq!(items.len(), 6);
    assert!(items.iter().all(|item| item.get("id").is_none()), "{request}");
    // If the builder asks for state, the API may store it.
    let stored = sent(&json!({"extra_body": {"previous_response_id": "resp_1"}}));
    assert_eq!(stored.get("store"), None);
}

#[test]
fn rejects_metadata_that_the_api_would_reject() {
    let script = Script::new([]);
    let failure = failure(script.run(&source(), &query(&json!({"metadata": {"note": "x".repeat(513)}}))));
    assert!(failure.description.starts_with("Metadata must have values of at most 512 characters"));
    assert_eq!(script.attempts(), 0);
}

#[test]
fn sends_a_call_and_its_result_back_unchanged() {
    let call =
        json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"});
    let script = Script::new([answer("", &json!({ "output": [call] }))]);
    let called = result(script.run(&source(), &query(&json!({}))));
    assert_eq!(called.metadata["finish_reason"], "tool_calls");
    let history = json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": null, "tool_calls": called.metadata["tool_calls"]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12"}
    ]);
    let request = sent(&json!({"message_history": history, "prompt": "And?"}));
    assert_eq!(
        request["input"],
        json!([
            {"type": "message", "role": "user", "content": "Hi"},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "12"},
            {"type": "message", "role": "user", "content": "And?"}
        ])
    );
}

#[test]
fn returns_the_final_answer_with_reasoning_in_metadata() {
    let message = |phase: &str, text: &str| json!({"type": "message", "phase": phase, "content": [{"type": "output_text", "text": text}]});
    let output = json!([
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "First."}]},
        message("commentary", "One moment."),
        message("final_answer", "Hello")
    ]);
    let result = result(Script::new([answer("", &json!({ "output": output }))]).run(&source(), &query(&json!({}))));
    assert_eq!((&result.data, &result.metadata["reasoning"]), (&json!("Hello"), &json!("First.")));
}

#[test]
fn does_not_report_an_error_that_an_adjustment_caused() {
    let rejected = |message: &str| {
        let error = json!({"message": message, "type": "invalid_request_error", "param": "text.verbosity"});
        response(400, &[], json!({ "error": error }))
    };
    let first = "Unsupported value: 'text.verbosity' does not support 'low'.";
    let script = Script::new([rejected(first), rejected("Missing required parameter: 'text.verbosity'.")]);
    let failure = failure(script.run(&source(), &query(&json!({"verbosity": "low"}))));
    assert!(failure.description.contains(first), "{}", failure.description);
    assert_eq!(script.attempts(), 2);
}
