//! Adjustments to what a model accepts: when the plugin makes them, and when it caches them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{policy::model_cache::ModelCache, service::Outcome};

fn source() -> Value {
    json!({"apiKey": "sk-adjustments", "base_url": "https://gateway.example/v1"})
}

fn pong() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "one END two"}, "finish_reason": "stop"}]}))
}

fn refused(param: Option<&str>, message: &str) -> Step {
    response(400, &[], json!({"error": {"message": message, "param": param, "code": null}}))
}

fn chat(more: Value) -> Value {
    let mut query = json!({"operation": "chat", "model": "m", "prompt": "Ping"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

#[test]
fn caches_only_adjustments_that_helped() {
    let cache = ModelCache::default();
    let script = Script::new([
        refused(Some("temperature"), "temperature is not supported"),
        refused(None, "something else is wrong"),
        pong(),
    ]);
    assert!(matches!(script.run_with(&cache, &source(), &chat(json!({"temperature": 1}))), Outcome::Failed(_)));
    script.run_with(&cache, &source(), &chat(json!({"temperature": 1})));
    assert_eq!(script.sent.lock().unwrap()[2].body["temperature"], 1);
}

#[test]
fn keeps_the_role_of_instructions_when_another_role_is_rejected() {
    for (param, message) in
        [(None, "Unexpected role 'bot' is not supported"), (Some("messages[1].role"), "this role is not supported")]
    {
        let script = Script::new([refused(param, message)]);
        let history = json!([{"role": "bot", "content": "a"}]);
        script.run(&source(), &chat(json!({"system_prompt": "Be brief.", "message_history": history})));
        assert_eq!(script.attempts(), 1, "{message}");
    }
}

#[test]
fn keeps_a_parameter_that_an_error_only_mentions() {
    let script = Script::new([refused(None, "Unknown model metadata: adapter not allowed")]);
    script.run(&source(), &chat(json!({"metadata": {"a": "b"}})));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn applies_stop_sequences_of_the_extra_body() {
    let script = Script::new([pong()]);
    let query = chat(json!({"model": "gpt-5", "extra_body": {"stop": ["END"]}}));
    let Outcome::Ok(result) = script.run(&source(), &query) else { panic!("failed") };
    assert_eq!(result.data, "one ");
    assert_eq!(result.metadata["adjusted"][0]["change"], "applied by the plugin");
}
