//! The administrator's log: what it contains about a call, and that each call is logged once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    error::Error,
    service::{self, Outcome},
};

const KEY: &str = "sk-logged-0123456789abcdef";
const CHAT: &str = r#"{"model":"gpt-6-2026","choices":[{"index":0,"message":{"role":"assistant","content":"sunlit words"},
    "finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":30,"total_tokens":42}}"#;

fn source() -> Value {
    json!({"apiKey": KEY, "base_url": "https://gateway.example/v1"})
}

fn chat() -> Value {
    json!({"operation": "chat", "model": "gpt-6", "prompt": "moonlit words"})
}

fn only_line(script: &Script) -> Value {
    let lines = script.logged();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let text = lines[0].to_string();
    for secret in [KEY, "sunlit", "moonlit"] {
        assert!(!text.contains(secret), "{text}");
    }
    lines[0].clone()
}

#[test]
fn logs_the_usage_of_a_query_with_retries() {
    let busy = response(503, &[("retry-after", "2")], r#"{"error":{"message":"sunlit words"}}"#);
    let script = Script::new([busy, response(200, &[("x-request-id", "req_1")], CHAT)]);
    let Outcome::Ok(result) = script.run(&source(), &chat()) else { panic!("not a result") };
    assert_eq!(result.metadata["duration_ms"], 2_000);
    let expected = json!({
        "time": "2027-01-15T08:00:02.000Z", "plugin": "tooljet-openai", "operation": "chat", "model": "gpt-6-2026",
        "host": "gateway.example", "status": "ok", "attempts": 2, "duration_ms": 2_000, "request_id": "req_1",
        "input_tokens": 12, "output_tokens": 30,
    });
    assert_eq!(only_line(&script), expected);
}

#[test]
fn logs_status_and_code_when_a_query_fails() {
    let body = format!(r#"{{"error":{{"message":"sunlit words {KEY}","code":"model_not_found"}}}}"#);
    let script = Script::new([response(404, &[], body)]);
    let Outcome::Failed(failure) = script.run(&source(), &chat()) else { panic!("not a failure") };
    assert_eq!(failure.metadata["duration_ms"], 0);
    let line = only_line(&script);
    assert_eq!(line["status"], "failed");
    assert_eq!(line["http_status"], 404);
    assert_eq!(line["code"], "model_not_found");
    assert_eq!(line["model"], "gpt-6");
}

#[test]
fn logs_the_duration_of_a_query_without_a_response() {
    let script = Script::new([Step::Hang]);
    let mut query = chat();
    query["query_timeout"] = 3_000.into();
    script.run(&source(), &query);
    let line = only_line(&script);
    assert_eq!(line["code"], "timeout");
    assert!((2_000..=3_000).contains(&line["duration_ms"].as_u64().unwrap()), "{line}");
}

#[test]
fn logs_why_nothing_was_sent_without_quoting_an_option() {
    let cases = [
        (
            json!({"operation": "chat", "prompt": "moonlit words", "max_tokens": "sunlit"}),
            "invalid_option",
            Some("chat"),
        ),
        (json!({"operation": "sunlit"}), "unknown_operation", None),
        (json!({}), "unknown_operation", None),
    ];
    for (query, code, operation) in cases {
        let script = Script::new([]);
        let Outcome::Failed(failure) = script.run(&source(), &query) else { panic!("not a failure") };
        assert_eq!(failure.metadata.get("duration_ms"), None);
        let line = only_line(&script);
        assert_eq!((line["code"].as_str(), line["operation"].as_str()), (Some(code), operation));
        assert_eq!(line.get("attempts"), None);
    }
}

#[test]
fn redacts_a_key_in_place_of_a_model_or_a_code() {
    let body = format!(r#"{{"error":{{"message":"no","code":"{KEY}"}}}}"#);
    let script = Script::new([response(400, &[], body)]);
    script.run(&source(), &json!({"operation": "chat", "model": KEY, "prompt": "Ping"}));
    only_line(&script);
}

#[test]
fn logs_a_connection_test() {
    let script = Script::new([response(200, &[], r#"{"data":[]}"#)]);
    script.test_connection(&source());
    let line = only_line(&script);
    assert_eq!(line["operation"], "test_connection");
    assert_eq!(line["status"], "ok");
}

#[test]
fn logs_options_that_cannot_be_read() {
    let script = Script::new([]);
    script.advance(Duration::from_secs(1));
    service::unsendable_query(Some(&script), Error::Internal("moonlit words".into()));
    let line = only_line(&script);
    assert_eq!((line["code"].as_str(), line["duration_ms"].as_u64()), (Some("internal_error"), Some(0)));
}
