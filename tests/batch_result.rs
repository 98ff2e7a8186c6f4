#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed
//! Get a batch: how far it is, and what its rows have come to.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use batches::{answered, codes, described, error, failed, file_of, get, not_run, ok, rejected, says};
use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    error::{TransportError, TransportErrorKind},
    operations::QueryResult,
};

#[test]
fn says_how_far_batches_are_while_one_of_them_is_running() {
    let counts = |completed: usize, failed: usize| {
        json!({
            "request_counts": {"total": 9, "completed": completed, "failed": failed}
        })
    };
    let script = Script::new([
        says(described("batch_2", "in_progress", 3, 2, 5, counts(1, 0))),
        says(described("batch_1", "completed", 0, 3, 5, counts(2, 1))),
    ]);
    let result = ok(get(&script, json!({"batch_ids": ["batch_2", "batch_1"], "rows": 5})));
    assert_eq!(result.data, json!({"status": "in_progress", "counts": {"total": 5, "completed": 3, "failed": 1}}));
    assert_eq!(
        result.metadata["batches"][1],
        json!({
            "batch_id": "batch_1", "status": "completed", "first_row": 0, "rows": 3, "completed": 2, "failed": 1
        })
    );
    let sent = script.sent.lock().unwrap();
    assert_eq!(sent[0].url, "https://api.openai.com/v1/batches/batch_2");
    for status in ["validating", "finalizing", "cancelling", "queued"] {
        let script = Script::new([says(described("batch_1", status, 0, 1, 1, json!({})))]);
        assert_eq!(ok(get(&script, json!("batch_1"))).data["status"], status);
    }
}

#[test]
fn pairs_answers_with_rows_by_their_ids_whatever_their_order() {
    let files = |number: usize| {
        json!({
            "output_file_id": format!("file-out-{number}"), "error_file_id": format!("file-err-{number}")
        })
    };
    let script = Script::new([
        says(described("batch_2", "completed", 3, 3, 6, files(2))),
        says(described("batch_1", "completed", 0, 3, 6, files(1))),
        file_of([answered(2, "c"), answered(0, "a")]),
        file_of([rejected(1, 400, json!({"message": "bad", "code": "bad_prompt"}))]),
        file_of([answered(4, "e"), answered(5, "f"), answered(3, "d")]),
        file_of([]),
    ]);
    let result = ok(get(&script, json!(["batch_2", "batch_1"])));
    assert_eq!(result.data, json!(["a", null, "c", "d", "e", "f"]));
    assert_eq!(codes(&result.metadata), json!([[1, "bad_prompt"]]));
    let description = result.metadata["failed"][0]["description"].as_str().unwrap();
    assert!(description.starts_with("The API returned HTTP 400 (bad_prompt): bad"), "{description}");
    let expected = json!({"prompt_tokens": 10, "completion_tokens": 15, "total_tokens": 25});
    assert_eq!(result.metadata["usage"], expected);
    for (name, value) in [
        ("rows", json!(6)),
        ("answered", json!(5)),
        ("attempts", json!(6)),
        ("models", json!(["gpt-4.1-2025"])),
        ("endpoint", json!("chat/completions")),
    ] {
        assert_eq!(result.metadata[name], value, "{name}");
    }
    assert_eq!(result.metadata.get("damaged_lines"), None);
    let sent = script.sent.lock().unwrap();
    let urls: Vec<_> = sent.iter().map(|sent| sent.url.strip_prefix("https://api.openai.com/v1").unwrap()).collect();
    assert_eq!(
        urls[2..],
        [
            "/files/file-out-1/content",
            "/files/file-err-1/content",
            "/files/file-out-2/content",
            "/files/file-err-2/content"
        ]
    );
    let header = |name: &str| sent[2].headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(header("accept-encoding"), "identity");
}

#[test]
fn returns_the_answers_so_far_when_a_batch_expired_or_was_cancelled() {
    for (status, code) in [("expired", "batch_expired"), ("cancelled", "batch_cancelled"), ("completed", "row_missing")]
    {
        let files = json!({"output_file_id": "file-out", "error_file_id": "file-err"});
        let script = Script::new([
            says(described("batch_1", status, 0, 4, 4, files)),
            file_of([answered(1, "b")]),
            file_of([not_run(0, "batch_expired")]),
        ]);
        let result = ok(get(&script, json!("batch_1")));
        assert_eq!(result.data, json!([null, "b", null, null]));
        assert_eq!(codes(&result.metadata), json!([[0, "batch_expired"], [2, code], [3, code]]));
        let description = result.metadata["failed"][0]["description"].as_str().unwrap();
        let words = "The API has no answer to this row (batch_expired): This request could not be executed.";
        assert_eq!(description, words);
    }
}

#[test]
fn fails_with_the_first_row_when_none_has_an_answer() {
    let errors = json!({"errors": {"object": "list", "data": [
        {"code": "model_not_found", "message": "The model gpt-0 does not exist.", "param": null, "line": 1}
    ]}});
    let script = Script::new([says(described("batch_1", "failed", 0, 3, 3, errors))]);
    let failure = failed(get(&script, json!("batch_1")));
    assert_eq!((&failure.data["code"], &failure.data["index"]), (&json!("model_not_found"), &json!(0)));
    let words = "All 3 rows failed. The API rejected the batch because of row 0 (model_not_found): The model";
    assert!(failure.description.starts_with(words), "{}", failure.description);
    assert_eq!(codes(&failure.metadata).as_array().unwrap().len(), 3);
    assert_eq!(failure.metadata["attempts"], 1);
    let script = Script::new([
        says(described("batch_1", "completed", 0, 2, 2, json!({"error_file_id": "file-err"}))),
        file_of([not_run(1, "second"), rejected(0, 401, json!({"message": "first"}))]),
    ]);
    let failure = failed(get(&script, json!("batch_1")));
    assert!(failure.description.starts_with("All 2 rows failed. The first one: The API returned HTTP 401: first"));
    assert_eq!(failure.data["status"], 401);
}

#[test]
fn names_damaged_unknown_and_repeated_lines_and_reads_on() {
    let script = Script::new([
        says(described(
            "batch_1",
            "completed",
            5,
            3,
            9,
            json!({"output_file_id": "file-out", "error_file_id": "file-err"}),
        )),
        file_of([
            answered(6, "b"),
            "{\"custom_id\":".to_owned(),
            "[]".to_owned(),
            answered(6, "again"),
            answered(4, "of another batch"),
            answered(5, "a").replace("row-5", "row-05"),
            answered(5, "a").replace("row-5", "mine-5"),
            answered(7, "c").replace("\"custom_id\":\"row-7\",", ""),
            String::new(),
            answered(5, "a"),
        ]),
        file_of([not_run(6, "late"), json!({"custom_id": "row-7"}).to_string()]),
    ]);
    let result = ok(get(&script, json!("batch_1")));
    assert_eq!(result.data, json!(["a", "b", null]));
    assert_eq!(codes(&result.metadata), json!([[2, "row_missing"]]));
    let lines = result.metadata["damaged_lines"].as_array().unwrap();
    let lines: Vec<_> = lines.iter().map(|line| json!([line["file_id"], line["line"], line["reason"]])).collect();
    let unknown = "belongs to no row of this batch";
    assert_eq!(
        json!(lines),
        json!([
            ["file-out", 2, "is not JSON"],
            ["file-out", 3, "is not an object"],
            ["file-out", 4, "repeats a row"],
            ["file-out", 5, unknown],
            ["file-out", 6, unknown],
            ["file-out", 7, unknown],
            ["file-out", 8, unknown],
            ["file-err", 1, "repeats a row"]
        ])
    );
}

#[test]
fn reads_a_file_again_when_it_was_cut_and_counts_each_row_once() {
    let lines = |count: usize| (0..count).map(|row| answered(row, "x") + "\n").collect::<String>();
    let cut = |body: String| {
        let Step::Respond(mut response) = response(200, &[], body) else { panic!("no response") };
        response.cut = Some(TransportError::new(TransportErrorKind::Truncated, "scripted"));
        Step::Respond(response)
    };
    let damaged = "?\n".to_owned() + &lines(2);
    let script = Script::new([
        says(described("batch_1", "completed", 0, 3, 3, json!({"output_file_id": "file-out"}))),
        cut(damaged.clone()),
        error(500),
        response(200, &[], damaged + &answered(2, "y")),
    ]);
    let result = ok(get(&script, json!("batch_1")));
    assert_eq!(result.data, json!(["x", "x", "y"]));
    assert_eq!(result.metadata["usage"]["total_tokens"], 15);
    let named = json!([{"file_id": "file-out", "line": 1, "reason": "is not JSON"}]);
    assert_eq!(result.metadata["damaged_lines"], named);
}

/// The result of a batch with these responses, which is read in this way.
fn read_as(reading: Value, path: &str, bodies: &[Value]) -> QueryResult {
    let files = json!({"output_file_id": "file-out"});
    let mut batch = described("batch_1", "completed", 0, bodies.len(), bodies.len(), files);
    batch["endpoint"] = path.into();
    batch["metadata"]["tooljet_reading"] = reading.to_string().into();
    let lines = bodies.iter().enumerate().rev().map(|(row, body)| {
        json!({"custom_id": format!("row-{row}"), "response": {"status_code": 200, "body": body}}).to_string()
    });
    ok(get(&Script::new([says(batch), file_of(lines)]), json!("batch_1")))
}

#[test]
fn reads_answers_as_the_batch_says() {
    let chat = |text: &str| json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]});
    let reading = json!({"path": "chat/completions", "n": 1, "format": "json_object"});
    let result = read_as(reading, "/v1/chat/completions", &[chat("{\"a\": 1}"), chat("no")]);
    assert_eq!((result.data, codes(&result.metadata)), (json!([{"a": 1}, null]), json!([[1, "json_invalid"]])));
    let reading = json!({"path": "chat/completions", "n": 1, "format": "text", "stops": ["END"]});
    assert_eq!(read_as(reading, "/v1/chat/completions", &[chat("a END b")]).data, json!(["a "]));
    let output = json!([{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}]);
    let reading = json!({"path": "responses", "n": 1, "format": "text"});
    let result = read_as(reading, "/v1/responses", &[json!({"status": "completed", "output": output})]);
    assert_eq!((result.data, &result.metadata["endpoint"]), (json!(["hi"]), &json!("responses")));
}

#[test]
fn returns_vectors_in_the_order_of_their_texts() {
    let of = |vector: Value| json!({"data": [{"index": 0, "embedding": vector}], "usage": {"total_tokens": 1}});
    let bodies = [of(json!("AACAPwAAAEA=")), of(json!([0.5, 0.25])), of(json!([1])), of(json!(null))];
    let result = read_as(json!({}), "/v1/embeddings", &bodies[..2]);
    assert_eq!(result.data, json!([[1.0, 2.0], [0.5, 0.25]]));
    assert_eq!(result.metadata["usage"], json!({"total_tokens": 2}));
    let result = read_as(json!({"base64": true}), "/v1/embeddings", &bodies[..1]);
    assert_eq!(result.data, json!(["AACAPwAAAEA="]));
    // Lines come in any order: the last one is read first.
    let result = read_as(json!({}), "/v1/embeddings", &bodies[1..]);
    assert_eq!(codes(&result.metadata), json!([[0, "invalid_embedding"], [2, "invalid_embedding"]]));
}

#[test]
fn takes_only_batches_that_belong_together_and_can_be_read() {
    let other_start = json!({"metadata": {
        "tooljet_start": "file-9", "tooljet_rows": "2", "tooljet_first_row": "1", "tooljet_count": "1",
        "tooljet_reading": "{}"
    }});
    let changed = |name: &str, value: &str| {
        let mut batch = described("batch_1", "completed", 0, 1, 2, json!({}));
        batch["metadata"][name] = value.into();
        batch
    };
    for (batch, words) in [
        (
            described("batch_1", "completed", 1, 1, 2, other_start),
            "Batch ID must name batches that the same query started",
        ),
        (
            json!({"id": "batch_1", "status": "completed", "metadata": {}}),
            "Batch ID must name batches that Start a batch started. ",
        ),
        (
            json!({"id": "batch_1", "status": "completed"}),
            "Batch ID must name batches that Start a batch started. batch_1 lacks",
        ),
        (changed("tooljet_count", "99999999999"), "Batch ID names batches with more rows than their query had"),
        (changed("tooljet_reading", "x"), "Batch ID names a batch that a different version of this plugin started"),
        (json!({"id": "batch_1"}), "The API did not name the status of the batch"),
    ] {
        let script = Script::new([says(batch), says(described("batch_2", "completed", 0, 1, 2, json!({})))]);
        let failure = failed(get(&script, json!(["batch_1", "batch_2"])));
        assert!(failure.description.starts_with(words), "{}", failure.description);
    }
    let script = Script::default();
    assert!(failed(get(&script, json!("../models"))).description.starts_with("Batch ID must be an ID"));
    assert_eq!(script.attempts(), 0);
}

#[test]
fn fails_with_the_apis_message_when_it_does_not_know_an_id() {
    let words = json!({"error": {"message": "No batch found with id 'batch_x'.", "code": null}});
    let failure = failed(get(&Script::new([response(404, &[], words)]), json!("batch_x")));
    assert!(failure.description.contains("HTTP 404: No batch found with id 'batch_x'"), "{}", failure.description);
}
