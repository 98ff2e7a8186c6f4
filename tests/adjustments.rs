//! Adjusting a query to what its API rejects.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

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
    for (param, message) in [
        (None, "Unexpected role 'assistant' is not supported"),
        (Some("messages[1].role"), "this role is not supported"),
    ] {
        let script = Script::new([rejected(param, message)]);
        let history = json!([{"role": "assistant", "content": "a"}]);
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
fn does_not_apply_stop_sequences_that_the_model_supports() {
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

        // First cached, then known from the model's family.
        let cache = ModelCache::default();
        let script = Script::new([rejected(), pong()]);
        script.run_with(&cache, &source(), &chat(json!({"stop_sequence": "x"})));
        for query in [with_stops("m"), with_stops("gpt-5")] {
            let script = Script::new([if is_applied { pong() } else { rejected() }]);
            let outcome = script.run_with(&cache, &source(), &query);
            assert_eq!(matches!(&outcome, Outcome::Ok(result) if result.data == "one "), is_applied, "{outcome:?}");
            assert_eq!(script.sent.lock().unwrap()[0].body.get("stop").is_none(), is_applied);
        }
        // Learned from the error.
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

fn failure_of(outcome: Outcome) -> tooljet_openai::service::Failure {
    let Outcome::Failed(failure) = outcome else { panic!("succeeded") };
    failure
}

#[test]
fn puts_the_instructions_before_the_prompt_when_a_server_rejects_the_system_role() {
    let cache = ModelCache::default();
    let refused = json!({
        "object": "error", "message": "System role not supported", "type": "BadRequestError", "param": null, "code": 400
    });
    let script = Script::new([response(400, &[], refused), pong(), pong()]);
    for attempts in [2, 3] {
        let outcome = script.run_with(&cache, &source(), &chat(json!({"system_prompt": "Be kind."})));
        let Outcome::Ok(result) = outcome else { panic!("failed") };
        let sent = script.sent.lock().unwrap();
        assert_eq!(sent.len(), attempts);
        assert_eq!(sent[attempts - 1].body["messages"], json!([{"role": "user", "content": "Be kind.\n\nPing"}]));
        let change = json!([{"parameter": "role", "change": "instructions placed before the user's text"}]);
        assert_eq!(result.metadata["adjusted"], change);
    }
}

#[test]
fn reports_the_first_error_when_a_change_has_caused_the_last() {
    let points = |role: &str| {
        let message = format!("Unsupported value: 'messages[0].role' does not support '{role}' with this model.");
        rejected(Some("messages[0].role"), &message)
    };
    let alternate = || rejected(None, "Conversation roles must alternate user/assistant/user/assistant/...");
    let script = Script::new([points("system"), alternate(), rejected(None, "roles are odd")]);
    let failure = failure_of(script.run(&source(), &chat(json!({"system_prompt": "Be kind."}))));
    assert!(failure.description.contains("does not support 'system'"), "{}", failure.description);
    assert_eq!(failure.data["attempts"], 3);
    assert!(!failure.metadata.contains_key("adjusted"), "the request with this error was not changed");
}

#[test]
fn keeps_the_changes_before_the_error_that_it_reports() {
    let script = Script::new([
        rejected(Some("seed"), "seed is not supported"),
        rejected(None, "System role not supported"),
        rejected(None, "Conversation roles must alternate"),
    ]);
    let failure = failure_of(script.run(&source(), &chat(json!({"system_prompt": "Be kind.", "seed": 1}))));
    assert!(failure.description.contains("System role not supported"), "{}", failure.description);
    assert_eq!(failure.metadata["adjusted"], json!([{"parameter": "seed", "change": "removed"}]));
}

#[test]
fn reports_the_last_error_when_no_change_has_caused_it() {
    let script = Script::new([
        rejected(None, "System role not supported"),
        rejected(Some("max_tokens"), "max_tokens is too large"),
    ]);
    let failure = failure_of(script.run(&source(), &chat(json!({"system_prompt": "Be kind.", "max_tokens": 5}))));
    assert_eq!(failure.data["param"], "max_tokens");
}

#[test]
fn turns_reasoning_off_for_tools_and_keeps_it_for_queries_without_them() {
    let cache = ModelCache::default();
    let message = "Function tools with reasoning_effort are not supported for m in /v1/chat/completions. To use function \
                   tools, use /v1/responses or set reasoning_effort to 'none'.";
    let script = Script::new([rejected(Some("reasoning_effort"), message), pong(), pong(), pong(), pong()]);
    let with_tools = chat(json!({"extra_body": {"tools": [{"type": "function"}]}}));
    let Outcome::Ok(result) = script.run_with(&cache, &source(), &with_tools) else { panic!("failed") };
    assert_eq!(result.metadata["adjusted"], json!([{"parameter": "reasoning_effort", "change": "set", "to": "none"}]));
    script.run_with(&cache, &source(), &with_tools);
    script.run_with(&cache, &source(), &chat(json!({})));
    script.run_with(&cache, &source(), &chat(json!({"reasoning_effort": "high"})));
    let efforts: Vec<_> =
        script.sent.lock().unwrap().iter().map(|sent| sent.body.get("reasoning_effort").cloned()).collect();
    assert_eq!(efforts, [None, Some(json!("none")), Some(json!("none")), None, Some(json!("high"))]);
}

#[test]
fn reports_the_clash_of_tools_and_effort_when_the_model_always_reasons() {
    let clash = || rejected(Some("reasoning_effort"), "Function tools with reasoning_effort are not supported for m.");
    let none = || rejected(Some("reasoning_effort"), "Unsupported value: 'none' is not supported with this model.");
    for later in [vec![clash()], vec![none(), clash()]] {
        let script = Script::new([clash()].into_iter().chain(later));
        let query = chat(json!({"extra_body": {"tools": [{"type": "function"}]}}));
        let failure = failure_of(script.run(&source(), &query));
        assert!(failure.description.contains("Function tools"), "{}", failure.description);
    }
}

#[test]
fn requests_json_with_a_schema_when_the_server_knows_no_other_way() {
    let object =
        response(200, &[], json!({"choices": [{"message": {"content": "{\"a\": 1}"}, "finish_reason": "stop"}]}));
    let script = Script::new([
        response(400, &[], json!({"error": "'response_format.type' must be 'json_schema' or 'text'"})),
        object,
    ]);
    let query = chat(json!({"response_format": "json_object", "prompt": "As JSON."}));
    let Outcome::Ok(result) = script.run(&source(), &query) else { panic!("failed") };
    assert_eq!(result.data, json!({"a": 1}));
    let schema = json!({"name": "response", "schema": {"type": "object"}});
    let sent = &script.sent.lock().unwrap()[1].body;
    assert_eq!(sent["response_format"], json!({"type": "json_schema", "json_schema": schema}));
}
