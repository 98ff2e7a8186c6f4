//! What a whole query shows of a secret that its API repeats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use script::{Script, response};
use serde_json::{Value, json};
use tooljet_openai::service::Outcome;

const KEY: &str = "sk-redaction-0123456789";

fn source() -> Value {
    json!({"apiKey": KEY, "base_url": "https://gateway.example/v1?token=topsecretvalue&api-version=2024-10-21"})
}

fn query() -> Value {
    json!({"operation": "chat", "model": "m", "prompt": "Ping"})
}

#[test]
fn redacts_a_key_that_the_api_repeats_in_metadata() {
    let body = json!({"id": KEY, "model": format!("m-{KEY}"), "choices": [{"message": {"content": "x"}}]});
    let script = Script::new([response(200, &[("x-request-id", KEY)], body)]);
    let Outcome::Ok(result) = script.run(&source(), &query()) else { panic!("failed") };
    assert!(!Value::Object(result.metadata).to_string().contains(KEY));
}

#[test]
fn redacts_a_secret_of_the_query_string_but_not_the_api_version() {
    let message = "bad url ?token=topsecretvalue&api-version=2024-10-21";
    let script = Script::new([response(400, &[], json!({"error": {"message": message}}))]);
    let Outcome::Failed(failure) = script.run(&source(), &query()) else { panic!("succeeded") };
    assert!(!failure.description.contains("topsecretvalue") && failure.description.contains("2024-10-21"));
}
