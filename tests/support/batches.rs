#![allow(unreachable_pub, dead_code)] // each test file uses a part of it
//! Batches as the API describes them, and the lines of their results.

use serde_json::{Map, Value, json};
use tooljet_openai::{
    operations::QueryResult,
    service::{Failure, Outcome},
};

use crate::script::{Script, Step, response};

pub const KEY: &str = "sk-batches-0123456789abcdef";

pub fn source() -> Value {
    json!({"apiKey": KEY, "max_retries": 2})
}

#[track_caller]
pub fn ok(outcome: Outcome) -> QueryResult {
    match outcome {
        Outcome::Ok(result) => result,
        other => panic!("not a result: {other:?}"),
    }
}

#[track_caller]
pub fn failed(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("not a failure: {other:?}"),
    }
}

pub fn error(status: u16) -> Step {
    response(status, &[], json!({"error": {"message": "no"}}))
}

/// What the API says of a batch that Chat rows of a query of `rows` rows were put into.
pub fn described(id: &str, status: &str, first_row: usize, count: usize, rows: usize, more: Value) -> Value {
    let reading = json!({"path": "chat/completions", "n": 1, "format": "text", "stops": []}).to_string();
    let mut batch = json!({
        "id": id, "object": "batch", "status": status, "endpoint": "/v1/chat/completions",
        "input_file_id": "file-1", "request_counts": {"total": count, "completed": 0, "failed": 0},
        "metadata": {
            "tooljet_start": "file-1", "tooljet_rows": rows.to_string(), "tooljet_first_row": first_row.to_string(),
            "tooljet_count": count.to_string(), "tooljet_reading": reading
        }
    });
    batch.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    batch
}

pub fn says(batch: Value) -> Step {
    response(200, &[], batch)
}

/// The line of a row that has been answered.
pub fn answered(row: usize, text: &str) -> String {
    let body = json!({
        "model": "gpt-4.1-2025", "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    });
    let response = json!({"status_code": 200, "request_id": format!("req_{row}"), "body": body});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": response, "error": null}).to_string()
}

/// The line of a row that was rejected.
pub fn rejected(row: usize, status: u16, error: Value) -> String {
    let response = json!({"status_code": status, "request_id": "req_x", "body": {"error": error}});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": response, "error": null}).to_string()
}

/// The line of a row that was not run.
pub fn not_run(row: usize, code: &str) -> String {
    let error = json!({"code": code, "message": "This request could not be executed."});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": null, "error": error}).to_string()
}

pub fn file_of(lines: impl IntoIterator<Item = String>) -> Step {
    response(200, &[], lines.into_iter().map(|line| line + "\n").collect::<String>())
}

pub fn get(script: &Script, batch_id: Value) -> Outcome {
    let outcome = script.run(&source(), &json!({"operation": "batch_result", "batch_id": batch_id}));
    assert!(!format!("{outcome:?}").contains(KEY));
    outcome
}

/// `[index, code]` of the rows that failed.
pub fn codes(metadata: &Map<String, Value>) -> Value {
    let failed = metadata["failed"].as_array().unwrap();
    failed.iter().map(|row| json!([row["index"], row["code"]])).collect()
}
