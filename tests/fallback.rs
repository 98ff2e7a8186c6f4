//! Completions by engine: which endpoints a query uses, what is cached, and which error is reported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    budgets::MAX_CACHE_AGE,
    policy::model_cache::ModelCache,
    service::{Failure, Outcome},
};

const COMPLETIONS: &str = "/completions";
const CHAT: &str = "/chat/completions";

fn source() -> Value {
    json!({"apiKey": "sk-fallback", "base_url": "https://gateway.example/v1"})
}

fn query(engine: &str) -> Value {
    json!({"operation": "completion", "prompt": "Once", "model": "local-7b", "engine": engine})
}

fn error(status: u16, message: &str, code: Option<&str>) -> Step {
    response(status, &[], json!({"error": {"message": message, "code": code}}))
}

fn gone() -> Step {
    error(404, "The model does not exist", Some("model_not_found"))
}

fn continued() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": " upon"}, "finish_reason": "stop"}]}))
}

fn paths(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| request.url.replace("https://gateway.example/v1", "")).collect()
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn uses_chat_at_once_after_a_fallback() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), continued()]);
    for _ in 0..2 {
        let Outcome::Ok(result) = script.run_with(&cache, &source(), &query("auto")) else { panic!("failed") };
        assert_eq!(result.data, " upon");
        assert_eq!(result.metadata["endpoint"], "chat/completions");
        assert_eq!(result.metadata["substituted_model"], "gpt-5.4-mini");
    }
    assert_eq!(paths(&script), [COMPLETIONS, CHAT, CHAT]);
}

#[test]
fn caches_the_fallback_of_a_fine_tuned_model() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), continued()]);
    let mut query = query("auto");
    query["model"] = json!("ft:davinci-002:acme::1");
    for _ in 0..2 {
        script.run_with(&cache, &source(), &query);
    }
    assert_eq!(paths(&script), [COMPLETIONS, CHAT, CHAT]);
}

#[test]
fn tries_both_endpoints_again_when_the_url_or_the_model_differs() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), gone(), continued(), gone(), continued()]);
    script.run_with(&cache, &source(), &query("auto"));
    let mut other_model = query("auto");
    other_model["model"] = json!("local-13b");
    script.run_with(&cache, &source(), &other_model);
    let mut other_url = source();
    other_url["base_url"] = json!("https://gateway.example/v2");
    script.run_with(&cache, &other_url, &query("auto"));
    assert_eq!(script.attempts(), 6);
}

#[test]
fn tries_completions_again_after_an_hour() {
    let cache = ModelCache::default();
    let served = response(200, &[], json!({"choices": [{"text": " a time", "finish_reason": "stop"}]}));
    let script = Script::new([gone(), continued(), continued(), served]);
    script.run_with(&cache, &source(), &query("auto"));
    script.advance(MAX_CACHE_AGE.saturating_sub(Duration::from_millis(1)));
    script.run_with(&cache, &source(), &query("auto"));
    script.advance(Duration::from_millis(1));
    let Outcome::Ok(result) = script.run_with(&cache, &source(), &query("auto")) else { panic!("failed") };
    assert_eq!(result.data, " a time");
    assert_eq!(paths(&script), [COMPLETIONS, CHAT, CHAT, COMPLETIONS]);
}

#[test]
fn falls_back_without_caching_when_the_error_may_be_temporary_or_about_the_account() {
    let once: [fn() -> Step; 7] = [
        || response(404, &[], "<!doctype html><html><title>The model gateway was not found</title></html>"),
        || response(404, &[], "model backend not found"),
        || response(404, &[], ""),
        || response(404, &[], json!({"detail": "Not Found"})),
        || response(405, &[], ""),
        || error(405, "Method not allowed", None),
        || error(403, "no access", Some("model_not_found")),
    ];
    for first in once {
        let cache = ModelCache::default();
        let script = Script::new([first(), continued(), first(), continued()]);
        for _ in 0..2 {
            let Outcome::Ok(result) = script.run_with(&cache, &source(), &query("auto")) else { panic!("failed") };
            assert_eq!((&result.data, &result.metadata["endpoint"]), (&json!(" upon"), &json!("chat/completions")));
        }
        assert_eq!(paths(&script), [COMPLETIONS, CHAT, COMPLETIONS, CHAT]);
    }
}

#[test]
fn uses_only_one_endpoint_when_the_engine_names_it() {
    let script = Script::new([gone()]);
    assert!(matches!(script.run(&source(), &query("completions")), Outcome::Failed(_)));
    assert_eq!(paths(&script), [COMPLETIONS]);
    let script = Script::new([continued()]);
    let Outcome::Ok(result) = script.run(&source(), &query("chat")) else { panic!("failed") };
    assert_eq!(paths(&script), [CHAT]);
    assert_eq!(script.sent.lock().unwrap()[0].body["model"], "local-7b");
    assert!(!result.metadata.contains_key("substituted_model"), "it is the model of the query");
}

#[test]
fn lists_what_chat_lacks_with_what_its_model_rejects() {
    let rejected = error(400, "Unknown parameter: 'seed'.", None);
    let script = Script::new([gone(), rejected, continued()]);
    let mut query = query("auto");
    query["best_of"] = json!(2);
    query["seed"] = json!(1);
    let Outcome::Ok(result) = script.run(&source(), &query) else { panic!("failed") };
    let removed = |parameter: &str| json!({"parameter": parameter, "change": "removed"});
    assert_eq!(result.metadata["adjusted"], json!([removed("best_of"), removed("seed")]));
}

#[test]
fn uses_completions_when_the_engine_names_it_despite_a_cached_fallback() {
    let cache = ModelCache::default();
    let script = Script::new([gone(), continued(), gone()]);
    script.run_with(&cache, &source(), &query("auto"));
    failure(script.run_with(&cache, &source(), &query("completions")));
    assert_eq!(paths(&script), [COMPLETIONS, CHAT, COMPLETIONS]);
}

#[test]
fn reports_the_first_error_when_chat_lacks_the_model_too() {
    let cache = ModelCache::default();
    let rejected = || error(400, "Unknown parameter: 'seed'.", None);
    let script = Script::new([gone(), rejected(), gone(), gone(), rejected(), gone()]);
    let mut query = query("auto");
    query["extra_body"] = json!({"seed": 1});
    for _ in 0..2 {
        let failure = failure(script.run_with(&cache, &source(), &query));
        assert_eq!((&failure.data["model"], &failure.data["attempts"]), (&json!("local-7b"), &json!(3)));
        assert!(failure.description.contains("Check the model name local-7b"), "{}", failure.description);
        // Nothing about the request to chat.
        assert_eq!(failure.metadata.keys().collect::<Vec<_>>(), ["attempts", "duration_ms", "model"]);
    }
}

#[test]
fn does_not_fall_back_after_an_error_about_something_else() {
    for error in [
        error(401, "no", Some("invalid_api_key")),
        response(403, &[], json!({"error": {"message": "Your chosen model requires moderation; input flagged"}})),
    ] {
        let script = Script::new([error]);
        failure(script.run(&source(), &query("auto")));
        assert_eq!(paths(&script), [COMPLETIONS]);
    }
}

#[test]
fn falls_back_and_caches_it_after_every_wording_of_a_missing_model() {
    let wordings: [fn() -> Step; 5] = [
        || error(400, "The model `text-davinci-003` has been deprecated", None),
        || error(400, "This is a chat model and not supported in the v1/completions endpoint.", None),
        || error(400, "The completion operation does not work with the specified model", Some("OperationNotSupported")),
        || error(404, "gone", Some("model_not_found")),
        || error(410, "gone", Some("model_deprecated")),
    ];
    for first in wordings {
        let cache = ModelCache::default();
        let script = Script::new([first(), continued(), continued()]);
        for _ in 0..2 {
            let outcome = script.run_with(&cache, &source(), &query("auto"));
            assert!(matches!(outcome, Outcome::Ok(_)), "{outcome:?}");
        }
        assert_eq!(paths(&script), [COMPLETIONS, CHAT, CHAT]);
    }
}

/// A script on the day that is this many days after 1970-01-01.
fn script_on(days: u64, steps: impl IntoIterator<Item = Step>) -> Script {
    let mut script = Script::new(steps);
    script.calendar = Some(Duration::from_secs(days * 24 * 60 * 60));
    script
}

/// 2026-11-25, and the shutdown date of gpt-4o.
const BEFORE_THE_END: u64 = 20_782;
const DAY_OF_THE_END: u64 = 20_832;

fn query_for(model: &str) -> Value {
    let mut query = query("auto");
    query["model"] = json!(model);
    query
}

#[test]
fn keeps_a_chat_model_until_its_shutdown_and_then_replaces_it() {
    for (days, asked) in [(BEFORE_THE_END, "gpt-4o"), (DAY_OF_THE_END - 1, "gpt-4o"), (DAY_OF_THE_END, "gpt-6-luna")] {
        let script = script_on(days, [gone(), continued()]);
        let Outcome::Ok(result) = script.run(&source(), &query_for("gpt-4o")) else { panic!("failed") };
        assert_eq!(script.sent.lock().unwrap()[1].body["model"], asked, "day {days}");
        assert_eq!(result.metadata.get("substituted_model").is_some(), asked != "gpt-4o");
    }
}

#[test]
fn applies_shutdown_dates_to_a_cached_fallback() {
    let cache = ModelCache::default();
    script_on(BEFORE_THE_END, [gone(), continued()]).run_with(&cache, &source(), &query_for("gpt-4o"));
    let later = script_on(DAY_OF_THE_END, [continued()]);
    later.run_with(&cache, &source(), &query_for("gpt-4o"));
    assert_eq!(later.sent.lock().unwrap()[0].body["model"], "gpt-6-luna");
}

#[test]
fn keeps_a_fine_tuned_model_before_its_shutdown() {
    let model = "ft:gpt-4.1-mini-2025-04-14:acme::1";
    let script = script_on(BEFORE_THE_END, [gone(), continued()]);
    let Outcome::Ok(result) = script.run(&source(), &query_for(model)) else { panic!("failed") };
    assert_eq!(script.sent.lock().unwrap()[1].body["model"], model);
    assert!(!result.metadata.contains_key("substituted_model"));
}

#[test]
fn explains_a_missing_model_by_its_shutdown_only_once_that_is_past() {
    for (days, words) in [
        (BEFORE_THE_END, "Check the model name gpt-4o, or choose a model that List models shows"),
        (DAY_OF_THE_END, "OpenAI announced the shutdown of gpt-4o for 2027-01-14. Use gpt-6-luna."),
    ] {
        let script = script_on(days, [gone()]);
        let query = json!({"operation": "chat", "prompt": "Hi", "model": "gpt-4o"});
        let description = failure(script.run(&source(), &query)).description;
        assert!(description.contains(words), "{description}");
    }
}

#[test]
fn recommends_neither_the_current_engine_nor_the_failed_model() {
    let other_endpoint = || error(404, "This model is not supported in the v1/completions endpoint.", None);
    let responses_only =
        || error(404, "This model is only supported in v1/responses and not in v1/chat/completions.", None);
    for (model, first, second, words) in [
        ("gpt-5-pro", other_endpoint(), responses_only(), "endpoint. Choose a chat model such as gpt-5.4-mini."),
        ("gpt-5.4-mini", other_endpoint(), responses_only(), "endpoint. Choose another chat model."),
        ("davinci-002", gone(), gone(), "for 2026-09-28. Instead, choose a model that List models shows"),
        ("gpt-4", gone(), gone(), "for 2026-10-23. Instead, choose a model that List models shows"),
    ] {
        let script = script_on(BEFORE_THE_END, [first, second, gone()]);
        let description = failure(script.run(&source(), &query_for(model))).description;
        assert!(description.contains(words) && !description.contains("Engine"), "{description}");
    }
}

#[test]
fn recommends_another_model_when_only_another_endpoint_serves_the_chat_model() {
    for message in [
        "This model is only supported in v1/responses and not in v1/chat/completions.",
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
    ] {
        let refused = response(404, &[], json!({"error": {"message": message, "param": "model", "code": null}}));
        let script = script_on(BEFORE_THE_END, [refused, gone()]);
        let query = json!({"operation": "chat", "prompt": "Hi", "model": "gpt-5.4-mini"});
        let description = failure(script.run(&source(), &query)).description;
        assert!(description.ends_with(" Choose another chat model."), "{description}");
    }
}
