#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a panic fails the test
//! How large a small response may become. In a separate process, because its memory, allocated and freed in many small
//! pieces, would blur what other tests measure.

#[path = "support/memory.rs"]
mod memory;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use memory::{MIB, memory};
use miniz_oxide::deflate::compress_to_vec;
use plugin::{Plugin, assert_failure, failure, source};
use serde_json::{Value, json};
use server::{Server, response};
use tooljet_openai::budgets::{CONTAINER_WEIGHT, MAX_RESPONSE_VALUES, MAX_RESULT_VALUES};

fn gzip(plain: &str) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &compress_to_vec(plain.as_bytes(), 1), &[0; 8]].concat()
}

/// The maximum number of models in a response; with six members each, they are too many for a result.
fn models() -> (Value, Vec<u8>) {
    let models = r#"{"id":"a"},"#.repeat(MAX_RESPONSE_VALUES / (CONTAINER_WEIGHT + 2) - 2);
    (json!({"operation": "list_models"}), gzip(&format!(r#"{{"data":[{models}null]}}"#)))
}

/// Nine million JSON values nested in JSON, which appear only when the text is unescaped.
fn json_answer() -> (Value, Vec<u8>) {
    let values = r"0\u002c".repeat(9_000_000);
    let query = json!({"operation": "chat", "prompt": "p", "response_format": "json_object"});
    (query, gzip(&format!(r#"{{"choices":[{{"message":{{"content":"[{values}0]"}}}}]}}"#)))
}

/// Metadata that is accepted by itself, but too large if the data repeats it.
fn details() -> (Value, Vec<u8>) {
    let usage = "[],".repeat(MAX_RESULT_VALUES / CONTAINER_WEIGHT * 2 / 3);
    let query = json!({"operation": "chat", "prompt": "p", "result": "details"});
    (query, gzip(&format!(r#"{{"choices":[{{"message":{{"content":"a"}}}}],"usage":{{"a":[{usage}0]}}}}"#)))
}

#[test]
fn limits_the_result_of_a_small_response() {
    let queries = [models(), json_answer(), details()];
    let (before, _) = memory();
    for (query, body) in queries {
        assert!(body.len() < MIB, "{} bytes", body.len());
        let server = Server::start(move |connection| {
            connection.request();
            connection.send(response(200, &[("content-encoding", "gzip")], &body));
        });
        let failure = failure(Plugin::new().run(&source(&server.url()), &query));
        let (_, most) = memory();
        assert_failure(&failure, "response_too_large", "(too many JSON values");
        assert!(most.saturating_sub(before) < 400 * MIB, "{} MiB", most.saturating_sub(before) / MIB);
    }
}
