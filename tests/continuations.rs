//! Completions by engine: which requests go out, what is remembered, and which error counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, answer};
use serde_json::{Value, json};
use tooljet_openai::{policy::model_cache::ModelCache, service::Outcome};

fn source() -> Value {
    json!({"apiKey": "sk-continuations", "base_url": "https://gateway.example/v1"})
}

fn query(engine: &str) -> Value {
    json!({"operation": "completion", "prompt": "Once", "model": "local-7b", "engine": engine})
}

fn gone() -> Step {
    answer(404, &[], json!({"error": {"message": "The model does not exist", "code": "model_not_found"}}))
}

fn continued() -> Step {
    answer(200, &[], json!({"choices": [{"message": {"content": " upon"}, "finish_reason": "stop"}]}))
}

fn paths(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| request.url.replace("https://gateway.example/v1", "")).collect()
}

#[test]
fn auto_pays_for_the_missing_endpoint_only_once() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), continued()]);
    for _ in 0..2 {
        let Outcome::Ok(reply) = script.run_with(&cache, &source(), &query("auto")) else { panic!("failed") };
        assert_eq!(reply.data, " upon");
        assert_eq!(reply.metadata["endpoint"], "chat/completions");
        assert_eq!(reply.metadata["substituted_model"], "gpt-5.4-mini");
    }
    assert_eq!(paths(&script), ["/completions", "/chat/completions", "/chat/completions"]);
}

#[test]
fn what_is_remembered_holds_for_one_address_and_model() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), gone(), continued(), gone(), continued()]);
    script.run_with(&cache, &source(), &query("auto"));
    let mut other_model = query("auto");
    other_model["model"] = json!("local-13b");
    script.run_with(&cache, &source(), &other_model);
    let mut other_address = source();
    other_address["base_url"] = json!("https://gateway.example/v2");
    script.run_with(&cache, &other_address, &query("auto"));
    assert_eq!(script.attempts(), 6);
}

#[test]
fn completions_and_chat_ask_one_endpoint_only() {
    let script = Script::new([gone()]);
    assert!(matches!(script.run(&source(), &query("completions")), Outcome::Failed(_)));
    assert_eq!(paths(&script), ["/completions"]);
    let script = Script::new([continued()]);
    assert!(matches!(script.run(&source(), &query("chat")), Outcome::Ok(_)));
    assert_eq!(paths(&script), ["/chat/completions"]);
    assert_eq!(script.sent.lock().unwrap()[0].body["model"], "local-7b");
}

#[test]
fn where_chat_is_missing_too_the_first_error_counts() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), gone(), gone(), gone()]);
    for _ in 0..2 {
        let Outcome::Failed(failure) = script.run_with(&cache, &source(), &query("auto")) else { panic!("succeeded") };
        assert_eq!((&failure.data["model"], &failure.data["attempts"]), (&json!("local-7b"), &json!(2)));
        assert!(failure.description.contains("Check the name local-7b"), "{}", failure.description);
    }
    assert_eq!(script.attempts(), 4, "a failed continuation is not remembered");
}

#[test]
fn an_error_about_something_else_is_not_continued() {
    let error = answer(401, &[], json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let script = Script::new([error]);
    assert!(matches!(script.run(&source(), &query("auto")), Outcome::Failed(_)));
    assert_eq!(script.attempts(), 1);
}
