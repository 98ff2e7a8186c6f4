//! The engines of Completions: which requests they send, when they cache the fallback, and which error they report.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{policy::model_cache::ModelCache, service::Outcome};

fn source() -> Value {
    json!({"apiKey": "sk-fallback", "base_url": "https://gateway.example/v1"})
}

fn query(engine: &str) -> Value {
    json!({"operation": "completion", "prompt": "Once", "model": "local-7b", "engine": engine})
}

fn gone() -> Step {
    response(404, &[], json!({"error": {"message": "The model does not exist", "code": "model_not_found"}}))
}

fn continued() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": " upon"}, "finish_reason": "stop"}]}))
}

fn paths(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| request.url.replace("https://gateway.example/v1", "")).collect()
}

#[test]
fn auto_requests_a_missing_endpoint_only_once() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), continued()]);
    for _ in 0..2 {
        let Outcome::Ok(result) = script.run_with(&cache, &source(), &query("auto")) else { panic!("failed") };
        assert_eq!(result.data, " upon");
        assert_eq!(result.metadata["endpoint"], "chat/completions");
        assert_eq!(result.metadata["substituted_model"], "gpt-5.4-mini");
    }
    assert_eq!(paths(&script), ["/completions", "/chat/completions", "/chat/completions"]);
}

#[test]
fn caches_the_fallback_for_one_url_and_model() {
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
fn completions_and_chat_request_only_their_endpoint() {
    let script = Script::new([gone()]);
    assert!(matches!(script.run(&source(), &query("completions")), Outcome::Failed(_)));
    assert_eq!(paths(&script), ["/completions"]);
    let script = Script::new([continued()]);
    assert!(matches!(script.run(&source(), &query("chat")), Outcome::Ok(_)));
    assert_eq!(paths(&script), ["/chat/completions"]);
    assert_eq!(script.sent.lock().unwrap()[0].body["model"], "local-7b");
}

#[test]
fn reports_the_first_error_when_chat_is_missing_too() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), gone(), gone(), gone()]);
    for _ in 0..2 {
        let Outcome::Failed(failure) = script.run_with(&cache, &source(), &query("auto")) else { panic!("succeeded") };
        assert_eq!((&failure.data["model"], &failure.data["attempts"]), (&json!("local-7b"), &json!(2)));
        assert!(failure.description.contains("Check the name local-7b"), "{}", failure.description);
    }
    assert_eq!(script.attempts(), 4, "a failed fallback is not cached");
}

#[test]
fn does_not_fall_back_when_the_error_is_about_something_else() {
    let error = response(401, &[], json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let script = Script::new([error]);
    assert!(matches!(script.run(&source(), &query("auto")), Outcome::Failed(_)));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn does_not_send_a_rejected_prompt_to_another_model() {
    let flagged = response(
        403,
        &[],
        json!({"error": {"message": "Your chosen model requires moderation; input flagged", "code": 403}}),
    );
    let script = Script::new([flagged]);
    assert!(matches!(script.run(&source(), &query("auto")), Outcome::Failed(_)));
    assert_eq!(script.attempts(), 1);
}

#[test]
fn falls_back_to_chat_on_every_wording_of_a_missing_model() {
    for (status, code, message) in [
        (400, None, "The model `text-davinci-003` has been deprecated"),
        (400, None, "This is a chat model and not supported in the v1/completions endpoint."),
        (400, Some("OperationNotSupported"), "The completion operation does not work with the specified model"),
        (404, Some("model_not_found"), "gone"),
        (410, Some("model_deprecated"), "gone"),
    ] {
        let gone = response(status, &[], json!({"error": {"message": message, "code": code}}));
        let script = Script::new([gone, continued()]);
        assert!(matches!(script.run(&source(), &query("auto")), Outcome::Ok(_)), "{message}");
    }
}

#[test]
fn does_not_cache_missing_access_of_one_account() {
    let cache = ModelCache::default();
    let denied = || response(403, &[], json!({"error": {"message": "no access", "code": "model_not_found"}}));
    let script = Script::new([denied(), continued(), denied(), continued()]);
    for _ in 0..2 {
        script.run_with(&cache, &source(), &query("auto"));
    }
    assert_eq!(script.attempts(), 4);
}
