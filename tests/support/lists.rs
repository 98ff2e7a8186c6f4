#![allow(unreachable_pub, dead_code, clippy::unwrap_used, clippy::panic)] // each test file uses a part of it
//! Queries with a list, and a server that answers their rows.

use std::time::Duration;

use serde_json::{Value, json};
use tooljet_openai::{
    network::{
        client::Hold,
        http::{HttpResponse, Transport},
    },
    operations::QueryResult,
    policy::model_cache::ModelCache,
    service::{self, Call, Failure, Outcome},
};

use crate::clock::{Answer, VirtualClock, response};

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn no_server() -> VirtualClock {
    VirtualClock::new(|_, _| panic!("nothing is sent"))
}

pub fn source() -> Value {
    json!({"apiKey": "sk-lists-0123456789"})
}

pub fn list(prompts: impl Into<Value>) -> Value {
    list_of("chat_list", prompts)
}

pub fn list_of(operation: &str, prompts: impl Into<Value>) -> Value {
    json!({"operation": operation, "model": "m", "prompts": prompts.into()})
}

pub fn with(mut query: Value, key: &str, value: impl Into<Value>) -> Value {
    query[key] = value.into();
    query
}

/// Different prompts: `p0`, `p1`, ...
pub fn prompts(count: usize) -> Vec<String> {
    (0..count).map(|row| format!("p{row}")).collect()
}

pub async fn ask(clock: &VirtualClock, cache: &ModelCache, source: Value, query: Value) -> Outcome {
    let mut call = Call { source, query, started: clock.now(), hold: Hold::default() };
    service::run(clock, cache, &mut call).await
}

pub fn outcome(clock: &VirtualClock, query: Value) -> Outcome {
    clock.run(ask(clock, &ModelCache::default(), source(), query))
}

pub fn result(outcome: Outcome) -> QueryResult {
    match outcome {
        Outcome::Ok(result) => result,
        other => panic!("expected a result: {other:?}"),
    }
}

pub fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure: {other:?}"),
    }
}

/// The prompt in a request of Chat or Completions.
pub fn prompt(body: &Value) -> String {
    let of_chat = || body["messages"].as_array().unwrap().last().unwrap()["content"].as_str();
    body["prompt"].as_str().or_else(of_chat).unwrap().to_owned()
}

pub fn said(text: &str, finish_reason: &str) -> Value {
    json!({
        "model": "m-1", "usage": {"total_tokens": 3, "details": {"cached": 1}},
        "choices": [{"message": {"content": text}, "finish_reason": finish_reason}]
    })
}

pub fn ok(body: &Value) -> HttpResponse {
    response(200, &[], body)
}

/// Answers `p7` with `a7`.
pub fn answer(body: &Value) -> HttpResponse {
    let text = prompt(body).replace('p', "a");
    if body.get("prompt").is_some() {
        return ok(&json!({"model": "m-1", "choices": [{"text": text, "finish_reason": "stop"}]}));
    }
    ok(&said(&text, "stop"))
}

pub fn rejection(status: u16, headers: &[(&str, &str)]) -> HttpResponse {
    response(status, headers, &json!({"error": {"message": "no", "type": "t", "code": null}}))
}

/// A server that answers each prompt after 100 ms, unless `but` returns something else.
pub fn server(but: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> VirtualClock {
    VirtualClock::new(move |_, body| but(&prompt(&body)).unwrap_or_else(|| (millis(100), Ok(answer(&body)))))
}

pub fn answers(count: usize, but: &[usize]) -> Value {
    (0..count).map(|row| if but.contains(&row) { Value::Null } else { format!("a{row}").into() }).collect()
}
