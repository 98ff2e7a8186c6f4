//! How a query is adjusted to what its API rejects.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    budgets::{MAX_APPLIED_STOPS, MAX_CACHE_AGE},
    policy::model_cache::ModelCache,
    service::Outcome,
};

fn source() -> Value {
    json!({"apiKey": "sk-adjustments", "base_url": "https://gateway.example/v1"})
}

fn pong() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "one END two"}, "finish_reason": "stop"}]}))
}

fn rejected(param: Option<&str>, message: &str) -> Step {
    response(400, &[], json!({"error": {"message": message, "param": param, "code": null}}))
}

fn chat(more: Value) -> Value {
    let mut query = json!({"operation": "chat", "model": "m", "prompt": "Ping"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

#[test]
fn does_not_cache_an_adjustment_that_has_not_helped() {
    let cache = ModelCache::default();
    let script = Script::new([
        rejected(Some("temperature"), "temperature is not supported"),
        rejected(None, "something else is wrong"),
        pong(),
    ]);
    assert!(matches!(script.run_with(&cache, &source(), &chat(json!({"temperature": 1}))), Outcome::Failed(_)));
    script.run_with(&cache, &source(), &chat(json!({"temperature": 1})));
    assert_eq!(script.sent.lock().unwrap()[2].body["temperature"], 1);
}

#[test]
fn sends_a_rejected_parameter_again_after_an_hour() {
    let cache = ModelCache::default();
    let query = chat(json!({"seed": 1}));
    let script = Script::new([rejected(Some("seed"), "seed is not supported"), pong(), pong(), pong()]);
    script.run_with(&cache, &source(), &query);
    script.advance(MAX_CACHE_AGE.saturating_sub(Duration::from_millis(1)));
    script.run_with(&cache, &source(), &query);
    script.advance(Duration::from_millis(1));
    script.run_with(&cache, &source(), &query);
    let seeds: Vec<_> = script.sent.lock().unwrap().iter().map(|sent| sent.body.get("seed").cloned()).collect();
    assert_eq!(seeds, [Some(json!(1)), None, None, Some(json!(1))]);
}

#[test]
fn keeps_the_role_of_the_instructions_when_another_role_is_rejected() {
    for (param, message) in
        [(None, "Unexpected role 'bot' is not supported"), (Some("messages[1].role"), "this role is not supported")]
    {
        let script = Script::new([rejected(param, message)]);
        let history = json!([{"role": "bot", "content": "a"}]);
        script.run(&source(), &chat(json!({"system_prompt": "Be brief.", "message_history": history})));
        assert_eq!(script.attempts(), 1, "{message}");
    }
}

#[test]
fn keeps_a_parameter_that_an_error_only_mentions() {
    let script = Script::new([rejected(None, "Unknown model metadata: adapter not allowed")]);
    script.run(&source(), &chat(json!({"metadata": {"a": "b"}})));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn fails_with_the_error_when_a_part_of_a_parameter_is_rejected() {
    for param in ["metadata.a", "stop[0]"] {
        let script = Script::new([rejected(Some(param), "not supported")]);
        let outcome = script.run(&source(), &chat(json!({"metadata": {"a": "b"}, "stop_sequence": ["END"]})));
        let Outcome::Failed(failure) = outcome else { panic!("succeeded") };
        assert_eq!((&failure.data["param"], script.attempts()), (&json!(param), 1));
    }
}

#[test]
fn does_not_apply_stop_sequences_that_the_model_takes() {
    let script = Script::new([pong()]);
    let Outcome::Ok(result) = script.run(&source(), &chat(json!({"stop_sequence": "END"}))) else { panic!("failed") };
    assert_eq!(result.data, "one END two");
}

#[test]
fn applies_no_more_stop_sequences_than_the_api() {
    for (count, is_applied) in [(MAX_APPLIED_STOPS, true), (MAX_APPLIED_STOPS + 1, false)] {
        let stops: Vec<_> = (1..count).map(|n| format!("<{n}>")).chain(["END".to_owned()]).collect();
        let with_stops = |model: &str| chat(json!({"model": model, "extra_body": {"stop": stops}}));
        let rejected = || rejected(Some("stop"), "stop is not supported");

        // Cached, then known of the model's family.
        let cache = ModelCache::default();
        let script = Script::new([rejected(), pong()]);
        script.run_with(&cache, &source(), &chat(json!({"stop_sequence": "x"})));
        for query in [with_stops("m"), with_stops("gpt-5")] {
            let script = Script::new([if is_applied { pong() } else { rejected() }]);
            let outcome = script.run_with(&cache, &source(), &query);
            assert_eq!(matches!(&outcome, Outcome::Ok(result) if result.data == "one "), is_applied, "{outcome:?}");
            assert_eq!(script.sent.lock().unwrap()[0].body.get("stop").is_none(), is_applied);
        }
        // Known only after the error.
        let script = Script::new([rejected(), pong()]);
        let outcome = script.run(&source(), &with_stops("m"));
        assert_eq!(matches!(&outcome, Outcome::Ok(result) if result.data == "one "), is_applied, "{outcome:?}");
        assert_eq!(script.attempts(), if is_applied { 2 } else { 1 });
    }
}

#[test]
fn applies_stop_sequences_of_the_extra_body_when_the_model_rejects_them() {
    let script = Script::new([pong()]);
    let query = chat(json!({"model": "gpt-5", "extra_body": {"stop": ["END"]}}));
    let Outcome::Ok(result) = script.run(&source(), &query) else { panic!("failed") };
    assert_eq!(result.data, "one ");
    assert_eq!(result.metadata["adjusted"][0]["change"], "applied by the plugin");
}
