//! Moderation in Chat: what each endpoint is asked for, what the app is told, and that no answer is returned unchecked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::service::{Failure, Outcome};

const APIS: [&str; 2] = ["chat_completions", "responses"];

fn source(base_url: &str) -> Value {
    json!({"apiKey": "sk-x1y2z3", "base_url": base_url})
}

fn query(api: &str, moderation: &str) -> Value {
    json!({"operation": "chat", "prompt": "Hi", "model": "gpt-7", "api": api, "moderation": moderation})
}

/// An answer of the endpoint named by `api`, with additional members.
fn answer(api: &str, more: &Value) -> Step {
    let mut body = match api {
        "responses" => {
            let content = json!([{"type": "output_text", "text": "Hello", "annotations": []}]);
            let output = json!([{"type": "message", "role": "assistant", "content": content}]);
            json!({"object": "response", "status": "completed", "error": null, "output": output})
        }
        _ => json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}),
    };
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    response(200, &[], body)
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn fails_without_the_answer_when_the_server_did_not_check_it() {
    let failed = json!({"type": "error", "code": "server_error", "message": "Moderation is down."});
    for api in APIS {
        for (moderation, reason) in [
            (json!(null), "the server returned no result"),
            (json!({"input": {"flagged": false, "categories": {}}, "output": failed}), "Moderation is down."),
        ] {
            let usage = json!({"total_tokens": 5});
            let script = Script::new([answer(api, &json!({"moderation": moderation, "usage": usage}))]);
            let failure = failure(script.run(&source("https://gateway.example/v1"), &query(api, "output")));
            let words = format!("The output was not checked: {reason}");
            assert!(failure.description.starts_with(&words), "{}", failure.description);
            assert!(failure.description.contains("set Moderation to Off"), "{}", failure.description);
            let data = &failure.data;
            assert_eq!((&data["code"], &data["param"]), (&json!("not_moderated"), &json!("moderation")));
            assert_eq!((data.get("partial"), &data["usage"], &data["attempts"]), (None, &usage, &json!(1)));
            assert!(!format!("{failure:?}").contains("Hello"));
        }
    }
}

#[test]
fn sends_no_request_without_the_check_when_the_server_rejects_it() {
    for (param, code, message) in [
        (json!("moderation"), json!("unknown_parameter"), "Unknown parameter: 'moderation'."),
        (json!(null), json!(null), "Unrecognized request argument supplied: moderation"),
        (json!("moderation"), json!("unsupported_parameter"), "'moderation' is not supported with this model."),
    ] {
        for api in APIS {
            for base_url in
                ["https://api.openai.com/v1", "https://a.openai.azure.com/openai/v1", "http://ollama:11434/v1"]
            {
                let error = json!({"error": {"message": message, "param": param, "code": code}});
                let script = Script::new([response(400, &[], error)]);
                let failure = failure(script.run(&source(base_url), &query(api, "both")));
                let hint = failure.data["hint"].as_str().unwrap();
                assert!(hint.contains("Set Moderation to Off and use the Moderate operation"), "{hint}");
                let sent = script.sent.lock().unwrap();
                assert_eq!((sent.len(), sent[0].body["moderation"].is_object()), (1, true), "{message}");
            }
        }
    }
}

#[test]
fn reports_the_results_of_blocked_content() {
    // Extra body may request this.
    let found = json!({"flagged": true, "categories": {"violence": true}, "category_scores": {"violence": 0.9}});
    let moderation = json!({"input": found, "output": found});
    let blocked =
        json!({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}], "moderation": moderation});
    let script = Script::new([response(200, &[], blocked)]);
    let failure = failure(script.run(&source(""), &query("auto", "both")));
    assert_eq!(failure.data["code"], "content_filter");
    assert_eq!(failure.data["moderation"]["input"]["categories"], json!(["violence"]));
    assert_eq!(failure.metadata["moderation"], failure.data["moderation"]);
}

#[test]
fn keeps_the_check_when_falling_back_to_another_api() {
    let only_responses = json!({"error": {
        "message": "This model is only supported in v1/responses and not in v1/chat/completions.", "param": "model"
    }});
    let found = json!({"flagged": false, "categories": {}});
    let answered = answer("responses", &json!({"moderation": {"input": found, "output": null}}));
    let script = Script::new([response(404, &[], only_responses), answered]);
    let Outcome::Ok(result) = script.run(&source(""), &query("auto", "input")) else { panic!("no result") };
    assert_eq!(result.metadata["moderation"], json!({"input": {"flagged": false, "categories": [], "scores": {}}}));
    let sent = script.sent.lock().unwrap();
    let expected = json!({"model": "omni-moderation-latest", "policy": {"input": {"mode": "score"}}});
    assert!(sent.iter().all(|request| request.body["moderation"] == expected));
    assert_eq!(sent.len(), 2);
}
