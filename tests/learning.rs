//! What a query teaches the process about a model, and what it must not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, answer};
use serde_json::{Value, json};
use tooljet_openai::{error::TransportErrorKind, policy::model_cache::ModelCache, service::Outcome};

const KEY: &str = "sk-learning-0123456789";

fn source() -> Value {
    json!({"apiKey": KEY, "base_url": "https://gateway.example/v1?token=topsecretvalue&api-version=2024-10-21"})
}

fn pong() -> Step {
    answer(200, &[], json!({"choices": [{"message": {"content": "one END two"}, "finish_reason": "stop"}]}))
}

fn refused(param: Option<&str>, message: &str) -> Step {
    answer(400, &[], json!({"error": {"message": message, "param": param, "code": null}}))
}

fn chat(more: Value) -> Value {
    let mut query = json!({"operation": "chat", "model": "m", "prompt": "Ping"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

#[test]
fn only_what_has_helped_is_remembered() {
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
fn a_refusal_of_another_role_leaves_the_instructions_alone() {
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
fn a_parameter_that_is_only_mentioned_is_kept() {
    let script = Script::new([refused(None, "Unknown model metadata: adapter not allowed")]);
    script.run(&source(), &chat(json!({"metadata": {"a": "b"}})));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn stops_of_the_extra_body_are_applied_too() {
    let script = Script::new([pong()]);
    let query = chat(json!({"model": "gpt-5", "extra_body": {"stop": ["END"]}}));
    let Outcome::Ok(reply) = script.run(&source(), &query) else { panic!("failed") };
    assert_eq!(reply.data, "one ");
    assert_eq!(reply.metadata["adjusted"][0]["change"], "applied by the plugin");
}

#[test]
fn a_refused_prompt_is_not_sent_to_another_model() {
    let flagged = answer(
        403,
        &[],
        json!({"error": {"message": "Your chosen model requires moderation; input flagged", "code": 403}}),
    );
    let script = Script::new([flagged]);
    let query = json!({"operation": "completion", "model": "m", "prompt": "Ping"});
    assert!(matches!(script.run(&source(), &query), Outcome::Failed(_)));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn every_wording_of_a_missing_model_is_continued_through_chat() {
    for (status, code, message) in [
        (400, None, "The model `text-davinci-003` has been deprecated"),
        (400, None, "This is a chat model and not supported in the v1/completions endpoint."),
        (400, Some("OperationNotSupported"), "The completion operation does not work with the specified model"),
        (404, Some("model_not_found"), "gone"),
        (410, Some("model_deprecated"), "gone"),
    ] {
        let gone = answer(status, &[], json!({"error": {"message": message, "code": code}}));
        let script = Script::new([gone, pong()]);
        let query = json!({"operation": "completion", "model": "m", "prompt": "Ping"});
        assert!(matches!(script.run(&source(), &query), Outcome::Ok(_)), "{message}");
    }
}

#[test]
fn one_accounts_missing_access_is_not_remembered_for_others() {
    let cache = ModelCache::default();
    let denied = || answer(403, &[], json!({"error": {"message": "no access", "code": "model_not_found"}}));
    let script = Script::new([denied(), pong(), denied(), pong()]);
    let query = json!({"operation": "completion", "model": "m", "prompt": "Ping"});
    for _ in 0..2 {
        script.run_with(&cache, &source(), &query);
    }
    assert_eq!(script.attempts(), 4);
}

#[test]
fn an_api_that_echoes_the_key_does_not_get_it_into_metadata() {
    let body = json!({"id": KEY, "model": format!("m-{KEY}"), "choices": [{"message": {"content": "x"}}]});
    let script = Script::new([answer(200, &[("x-request-id", KEY)], body)]);
    let Outcome::Ok(reply) = script.run(&source(), &chat(json!({}))) else { panic!("failed") };
    assert!(!Value::Object(reply.metadata).to_string().contains(KEY));
}

#[test]
fn a_secret_in_the_address_is_taken_out_and_the_api_version_is_not() {
    let script = Script::new([refused(None, "bad url ?token=topsecretvalue&api-version=2024-10-21")]);
    let Outcome::Failed(failure) = script.run(&source(), &chat(json!({}))) else { panic!("succeeded") };
    assert!(!failure.description.contains("topsecretvalue") && failure.description.contains("2024-10-21"));
}

#[test]
fn an_unreachable_host_is_called_that_even_if_the_time_is_up() {
    let script = Script::new([Step::Fail(TransportErrorKind::ConnectTimeout), Step::Hang]);
    let Outcome::Failed(failure) = script.test_connection(&source()) else { panic!("succeeded") };
    assert_eq!(failure.data["code"], "connect_timeout");
}

#[test]
fn a_query_timeout_beyond_the_default_counts() {
    let script = Script::new([Step::Hang]);
    script.run(&source(), &chat(json!({"query_timeout": 900_000})));
    assert_eq!(script.elapsed().as_millis(), 899_750);
}
