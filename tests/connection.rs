//! Connection tests of servers that do not list models.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::service::Outcome;

fn source() -> Value {
    json!({"apiKey": "sk-connection", "base_url": "https://models.example/v1"})
}

fn not_found() -> Step {
    response(404, &[], json!({"detail": "Not Found"}))
}

fn missing_field() -> Step {
    response(422, &[], json!({"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}))
}

fn paths(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| request.url.replace("https://models.example/v1", "")).collect()
}

#[test]
fn connects_with_a_warning_when_a_server_without_a_model_list_has_an_operation() {
    for (steps, asked) in [
        (vec![not_found(), missing_field()], 2),
        (vec![response(405, &[], "{}"), response(400, &[], json!({"error": "you must provide a model"}))], 2),
        (vec![not_found(), response(404, &[], json!({"error": "model '' not found"}))], 2),
        // A server with embeddings only.
        (vec![not_found(), not_found(), response(501, &[], "{}"), missing_field()], 4),
    ] {
        let script = Script::new(steps);
        let outcome = script.test_connection(&source());
        let Outcome::Connected { warning: Some(warning) } = outcome else { panic!("{outcome:?}") };
        assert!(warning.starts_with("Connected. This server does not list its models (HTTP 40"), "{warning}");
        let all = ["/models", "/chat/completions", "/completions", "/embeddings"];
        assert_eq!(paths(&script), all[..asked]);
        // Nothing that could be billed.
        assert!(script.sent.lock().unwrap()[1..].iter().all(|request| request.body == json!({})));
    }
}

#[test]
fn reports_the_rejection_of_the_key_when_a_server_lists_no_models() {
    for (status, body, reason) in [
        (401, json!({"detail": "Unauthorized"}), "wrong API key"),
        (400, json!([{"error": {"message": "API key not valid."}}]), "wrong API key"),
        (402, json!({"error": "no"}), "no credit left"),
        (403, json!({"error": "no"}), "request rejected (HTTP 403)"),
    ] {
        let script = Script::new([not_found(), response(status, &[], body)]);
        let Outcome::Failed(failure) = script.test_connection(&source()) else { panic!("connected") };
        assert_eq!(failure.message, format!("Connection could not be established: {reason}"));
    }
}

#[test]
fn does_not_connect_when_there_is_no_operation_either() {
    let page = || response(404, &[], "<!DOCTYPE html><title>404 Not Found</title>");
    let site = || response(200, &[], "<!DOCTYPE html><title>Shop</title>");
    for (first, others, reason) in [
        (not_found(), [not_found(), not_found(), not_found(), not_found()], "no API at this URL (HTTP 404)"),
        (page(), [page(), page(), page(), page()], "a web page instead of the API"),
        (not_found(), [site(), site(), site(), site()], "no API at this URL (HTTP 404)"),
    ] {
        let script = Script::new([first].into_iter().chain(others));
        let Outcome::Failed(failure) = script.test_connection(&source()) else { panic!("connected") };
        assert_eq!(failure.message, format!("Connection could not be established: {reason}"));
        assert_eq!((failure.data["status"].as_u64(), script.attempts()), (Some(404), 5));
        assert!(failure.description.contains("Check the Base URL"), "{}", failure.description);
    }
}

#[test]
fn requests_only_the_models_of_openai() {
    let script = Script::new([not_found()]);
    let outcome = script.test_connection(&json!({"apiKey": "sk-connection"}));
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert_eq!(script.attempts(), 1);
}
