#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed
//! Batches: what is uploaded and created for their rows, and what is known when that fails.

#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use script::{Script, Sent, Step, response};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::{MAX_BATCH_ROWS, MAX_RESULT_BYTES},
    error::{TransportError, TransportErrorKind},
    operations::QueryResult,
    policy::model_cache::ModelCache,
    service::{Failure, Outcome},
};

const KEY: &str = "sk-batches-0123456789abcdef";

fn source() -> Value {
    json!({"apiKey": KEY, "max_retries": 2})
}

fn file(number: usize) -> Step {
    response(200, &[], json!({"id": format!("file-{number}"), "object": "file", "status": "processed"}))
}

fn batch(number: usize) -> Step {
    let body = json!({"id": format!("batch_{number}"), "object": "batch", "status": "validating"});
    response(200, &[("x-request-id", "req_1")], body)
}

/// Starts a batch.
fn start(script: &Script, mut query: Value) -> Outcome {
    query["operation"] = "batch_start".into();
    let outcome = script.run(&source(), &query);
    assert!(!format!("{outcome:?}").contains(KEY));
    outcome
}

#[track_caller]
fn ok(outcome: Outcome) -> QueryResult {
    match outcome {
        Outcome::Ok(result) => result,
        other => panic!("not a result: {other:?}"),
    }
}

#[track_caller]
fn failed(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("not a failure: {other:?}"),
    }
}

/// The lines of an uploaded file.
fn lines(sent: &Sent) -> Vec<Value> {
    let text = String::from_utf8(sent.file.clone()).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The files that a query uploads, each as its lines.
fn uploaded(query: Value) -> Vec<Vec<Value>> {
    let script = Script::new([file(1), batch(1)]);
    ok(start(&script, query));
    let sent = script.sent.lock().unwrap();
    sent.iter().filter(|sent| sent.url.ends_with("/files")).map(lines).collect()
}

/// What a query with `operation` sends.
fn asked(operation: &str, mut query: Value) -> Value {
    query["operation"] = operation.into();
    let script = Script::new([response(400, &[], "{}"), response(400, &[], "{}")]);
    script.run(&source(), &query);
    let mut sent = script.sent.lock().unwrap();
    let mut body = sent.remove(0).body;
    body.as_object_mut().unwrap().shift_remove("stream");
    body
}

#[test]
fn uploads_a_line_for_each_row_and_creates_a_batch_that_says_how_it_is_read() {
    let script = Script::new([file(7), batch(9)]);
    let rows = json!(["a", {"prompt": "b", "system_prompt": "Own.", "id": 5}, ["c"]]);
    let query = json!({
        "prompts": rows, "model": "gpt-4.1", "system_prompt": "All.", "max_tokens": 9, "n": 2, "metadata": {"team": "x"},
        "response_format": "json_object"
    });
    let result = ok(start(&script, query.clone()));
    assert_eq!(result.data, json!({"batch_ids": ["batch_9"], "rows": 3}));
    let sent = script.sent.lock().unwrap();
    assert_eq!(
        sent.iter().map(|sent| &*sent.url).collect::<Vec<_>>(),
        ["https://api.openai.com/v1/files", "https://api.openai.com/v1/batches"]
    );
    assert_eq!(sent[0].body, json!({"purpose": "batch", "file": "rows-1.jsonl"}));
    for (index, row) in rows.as_array().unwrap().iter().enumerate() {
        let mut chat = query.clone();
        chat["prompt"] = row.get("prompt").unwrap_or(row).clone();
        if let Some(own) = row.get("system_prompt") {
            chat["system_prompt"] = own.clone();
        }
        let expected = json!({
            "custom_id": format!("row-{index}"), "method": "POST", "url": "/v1/chat/completions",
            "body": asked("chat", chat)
        });
        assert_eq!(lines(&sent[0])[index], expected);
    }
    let reading = json!({"path": "chat/completions", "n": 2, "format": "json_object", "stops": []}).to_string();
    let metadata = json!({
        "tooljet_start": "file-7", "tooljet_rows": "3", "tooljet_first_row": "0", "tooljet_count": "3",
        "tooljet_reading": reading
    });
    let created = json!({
        "input_file_id": "file-7", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": metadata
    });
    assert_eq!(sent[1].body, created);
    let bytes = sent[0].file.len();
    assert_eq!(
        result.metadata["batches"],
        json!([
            {"batch_id": "batch_9", "file_id": "file-7", "first_row": 0, "rows": 3, "bytes": bytes}
        ])
    );
    assert_eq!(
        (&result.metadata["model"], &result.metadata["attempts"], &result.metadata["request_id"]),
        (&json!("gpt-4.1"), &json!(2), &json!("req_1"))
    );
}

#[test]
fn sends_texts_to_embed_one_by_one() {
    let query = json!({
        "batch_task": "embedding", "input": ["a", "b"], "prompts": ["c"], "model_embedding": "text-embedding-3-large",
        "dimensions": 3
    });
    let files = uploaded(query.clone());
    let bodies: Vec<_> = ["a", "b"]
        .map(|text| {
            let body =
                json!({"model": "text-embedding-3-large", "input": text, "dimensions": 3, "encoding_format": "base64"});
            (json!("/v1/embeddings"), body)
        })
        .to_vec();
    let sent: Vec<_> = files[0].iter().map(|line| (line["url"].clone(), line["body"].clone())).collect();
    assert_eq!(sent, bodies);
    assert_eq!(uploaded(json!({"batch_task": "embedding", "input": "one"}))[0][0]["body"]["input"], "one");
}

#[test]
fn splits_rows_at_fifty_thousand_and_numbers_them_over_all_files() {
    let rows = 50_001;
    let script = Script::new([file(1), file(2), batch(1), batch(2)]);
    let query = json!({"batch_task": "embedding", "input": vec!["a"; rows]});
    let result = ok(start(&script, query));
    assert_eq!(result.data, json!({"batch_ids": ["batch_1", "batch_2"], "rows": rows}));
    let sent = script.sent.lock().unwrap();
    let ids = sent[..2].iter().flat_map(lines).map(|line| line["custom_id"].as_str().unwrap().to_owned());
    assert!(ids.eq((0..rows).map(|row| format!("row-{row}"))));
    let memo = |sent: &Sent| {
        let metadata = &sent.body["metadata"];
        ["start", "rows", "first_row", "count"].map(|name| metadata[format!("tooljet_{name}")].clone())
    };
    assert_eq!(memo(&sent[2]), ["file-1", "50001", "0", "50000"]);
    assert_eq!(memo(&sent[3]), ["file-1", "50001", "50000", "1"]);
    assert_eq!(sent[3].body["input_file_id"], "file-2");
}

#[test]
fn sends_all_rows_to_the_responses_api_when_one_of_them_needs_it() {
    let csv = json!({"name": "a.csv", "base64Data": "YSxi"});
    let rows = json!(["a", {"prompt": "b", "images": [csv]}, "c"]);
    let files = uploaded(json!({"prompts": rows, "model": "gpt-4.1"}));
    let urls: Vec<_> = files[0].iter().map(|line| line["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["/v1/responses"; 3]);
    assert_eq!(files[0][0]["body"]["input"][0]["content"], "a");
    let failure = failed(start(&Script::default(), json!({"prompts": rows, "api": "chat_completions"})));
    assert!(failure.description.starts_with("Prompts[1].images needs the Responses API"), "{}", failure.description);
}

#[test]
fn leaves_out_what_the_model_is_known_to_reject_and_says_so() {
    let script = Script::new([file(1), batch(1)]);
    let query = json!({
        "prompts": ["a", "b"], "model": "gpt-5", "temperature": 0.5, "stop_sequence": "END", "max_tokens": 5
    });
    let result = ok(start(&script, query));
    let sent = script.sent.lock().unwrap();
    for line in lines(&sent[0]) {
        let names: Vec<_> = line["body"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["model", "messages", "max_completion_tokens"]);
    }
    assert_eq!(
        result.metadata["adjusted"],
        json!([
            {"parameter": "temperature", "change": "removed"}, {"parameter": "stop", "change": "applied by the plugin"}
        ])
    );
    let reading: Value = serde_json::from_str(sent[1].body["metadata"]["tooljet_reading"].as_str().unwrap()).unwrap();
    assert_eq!(reading["stops"], json!(["END"]));
}

#[test]
fn leaves_out_what_an_earlier_query_has_learnt() {
    let (cache, rejected) = (
        ModelCache::default(),
        json!({
            "error": {"message": "Unsupported parameter: 'seed'.", "param": "seed", "code": "unsupported_parameter"}
        }),
    );
    let answer = json!({"choices": [{"message": {"content": "-"}}]});
    let script = Script::new([response(400, &[], rejected), response(200, &[], answer), file(1), batch(1)]);
    let query = |more: Value| {
        let mut query = json!({"model": "some-model", "seed": 1});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    ok(script.run_with(&cache, &source(), &query(json!({"operation": "chat", "prompt": "a"}))));
    let result = ok(script.run_with(&cache, &source(), &query(json!({"operation": "batch_start", "prompts": ["a"]}))));
    assert_eq!(lines(&script.sent.lock().unwrap()[2])[0]["body"].get("seed"), None);
    assert_eq!(result.metadata["adjusted"], json!([{"parameter": "seed", "change": "removed"}]));
}

#[test]
fn names_a_row_that_cannot_be_used_before_anything_is_sent() {
    let many = vec!["a"; MAX_BATCH_ROWS + 1];
    for (query, start_of_words) in [
        (json!({}), "Prompts is empty. Enter an array"),
        (json!({"prompts": []}), "Prompts is empty. Enter an array"),
        (json!({"prompts": "a"}), "Prompts must be an array"),
        (json!({"prompts": ["a", "", "b"]}), "Prompts[1] is empty"),
        (json!({"prompts": ["a", {"prompt": "b", "images": 5}]}), "Prompts[1].images must be"),
        (json!({"prompts": ["a"], "temperature": 3}), "Temperature must be"),
        (json!({"prompts": many}), "Prompts must have at most 200000 rows, got 200001"),
        (json!({"batch_task": "embedding", "input": many}), "Input must have at most 200000 rows, got 200001"),
        (json!({"batch_task": "embedding"}), "Input is empty"),
        (json!({"batch_task": "embedding", "input": ["a", ""]}), "Input[1] must be text"),
        (json!({"batch_task": "x"}), "Task must be one of chat, embedding, got \"x\""),
        (
            json!({"prompts": ["a"], "model": "gpt-5", "stop_sequence": "x".repeat(600)}),
            "Stop sequence must be shorter in a batch of this model",
        ),
    ] {
        let script = Script::default();
        let failure = failed(start(&script, query));
        assert!(failure.description.starts_with(start_of_words), "{}", failure.description);
        assert_eq!((script.attempts(), &failure.data["code"]), (0, &json!("invalid_option")));
    }
}

/// The failure of two files after `steps`.
fn fails_after(steps: impl IntoIterator<Item = Step>) -> (Failure, usize) {
    let script = Script::new(steps);
    let failure = failed(start(&script, json!({"batch_task": "embedding", "input": vec!["a"; 50_001]})));
    (failure, script.attempts())
}

fn error(status: u16) -> Step {
    response(status, &[], json!({"error": {"message": "no"}}))
}

#[test]
fn creates_no_batch_before_all_files_are_uploaded() {
    let (failure, attempts) = fails_after([file(1), error(400)]);
    assert_eq!(attempts, 2);
    assert_eq!(failure.data["partial"], json!({"batch_ids": [], "rows": 0, "file_ids": ["file-1"]}));
    assert!(failure.description.starts_with("No batch was started. The API returned HTTP 400"), "{failure:?}");
    for (step, code) in [(error(400), None), (response(200, &[], json!({"id": "../x"})), Some("invalid_response"))] {
        let failure = failed(start(&Script::new([step]), json!({"prompts": ["a"]})));
        assert_eq!((failure.data.get("partial"), failure.data.get("code").and_then(Value::as_str)), (None, code));
    }
    // An upload costs nothing, so it is tried again.
    let script = Script::new([error(500), Step::Fail(TransportErrorKind::Reset), file(1), batch(1)]);
    ok(start(&script, json!({"prompts": ["a"]})));
    let sent = script.sent.lock().unwrap();
    assert!(sent[0].file == sent[2].file && !sent[0].file.is_empty());
}

#[test]
fn says_which_batches_were_started_when_a_later_one_fails() {
    let (failure, attempts) = fails_after([file(1), file(2), batch(1), error(400)]);
    assert_eq!(attempts, 4);
    let partial = json!({"batch_ids": ["batch_1"], "rows": 50_000, "file_ids": ["file-1", "file-2"]});
    assert_eq!(failure.data["partial"], partial);
    let words = "1 of 2 batches were started; their IDs are in data.partial. The API returned HTTP 400";
    assert!(failure.description.starts_with(words), "{}", failure.description);
}

#[test]
fn creates_a_batch_again_only_when_it_is_known_that_it_was_not_created() {
    for again in [error(429), error(503), Step::Fail(TransportErrorKind::Refused)] {
        let script = Script::new([file(1), again, batch(1)]);
        assert_eq!(ok(start(&script, json!({"prompts": ["a"]}))).data["batch_ids"], json!(["batch_1"]));
    }
    let unclear = [
        error(500),
        error(502),
        error(504),
        error(408),
        Step::Fail(TransportErrorKind::Reset),
        Step::Fail(TransportErrorKind::Truncated),
        Step::Hang,
        response(200, &[], "<html>"),
        response(200, &[], "{}"),
    ];
    for step in unclear {
        let script = Script::new([file(1), step]);
        let failure = failed(start(&script, json!({"prompts": ["a"]})));
        assert_eq!(script.attempts(), 2, "{failure:?}");
        let partial = json!({"batch_ids": [], "rows": 0, "file_ids": ["file-1"], "unclear_file_id": "file-1"});
        assert_eq!(failure.data["partial"], partial, "{failure:?}");
        let doubt = "It is not known whether the batch of file file-1 was started. ";
        assert!(failure.description.contains(doubt), "{}", failure.description);
    }
}

#[test]
fn says_that_a_server_has_no_batch_api() {
    let source = json!({"apiKey": KEY, "base_url": "http://localhost:11434/v1"});
    let query = json!({"operation": "batch_start", "prompts": ["a"], "model": "m"});
    for body in ["404 page not found", r#"{"detail":"Not Found"}"#] {
        let failure = failed(Script::new([response(404, &[], body)]).run(&source, &query));
        assert!(failure.description.contains("no Batch API"), "{}", failure.description);
        assert!(failure.description.contains("Chat for a list"), "{}", failure.description);
    }
}

#[test]
fn asks_azures_classic_style_next_to_its_deployments() {
    let base = "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21";
    let script = Script::new([file(1), batch(1)]);
    ok(script.run(
        &json!({"apiKey": KEY, "base_url": base}),
        &json!({
            "operation": "batch_start", "prompts": ["a"], "model": "d"
        }),
    ));
    let sent = script.sent.lock().unwrap();
    assert_eq!(sent[0].url, "https://r.openai.azure.com/openai/files?api-version=2024-10-21");
    assert_eq!(sent[1].url, "https://r.openai.azure.com/openai/batches?api-version=2024-10-21");
    assert_eq!(lines(&sent[0])[0]["url"], "/chat/completions");
    assert_eq!(sent[1].body["endpoint"], "/chat/completions");
}

#[test]
fn waits_until_a_file_can_be_used_when_the_server_says_that_it_is_pending() {
    let says = |status: &str| response(200, &[], json!({"id": "file-1", "status": status}));
    let script = Script::new([says("pending"), says("running"), says("processed"), batch(1)]);
    ok(start(&script, json!({"prompts": ["a"]})));
    let sent = script.sent.lock().unwrap();
    let urls: Vec<_> = sent.iter().map(|sent| sent.url.strip_prefix("https://api.openai.com/v1").unwrap()).collect();
    assert_eq!(urls, ["/files", "/files/file-1", "/files/file-1", "/batches"]);
    assert_eq!(script.slept(), [Duration::from_secs(2); 2]);
}

#[test]
fn gives_the_metadata_in_the_data_where_the_query_asks_for_it() {
    let script = Script::new([file(1), batch(1)]);
    let result = ok(start(&script, json!({"prompts": ["a"], "result": "details"})));
    let data: &Map<_, _> = result.data.as_object().unwrap();
    assert_eq!(data["answer"], json!({"batch_ids": ["batch_1"], "rows": 1}));
    assert_eq!(data["batches"][0]["batch_id"], "batch_1");
}

/// What the API says of a batch that Chat rows of a query of `rows` rows were put into.
fn described(id: &str, status: &str, first_row: usize, count: usize, rows: usize, more: Value) -> Value {
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

fn says(batch: Value) -> Step {
    response(200, &[], batch)
}

/// The line of a row that has been answered.
fn answered(row: usize, text: &str) -> String {
    let body = json!({
        "model": "gpt-4.1-2025", "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    });
    let response = json!({"status_code": 200, "request_id": format!("req_{row}"), "body": body});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": response, "error": null}).to_string()
}

/// The line of a row that was rejected.
fn rejected(row: usize, status: u16, error: Value) -> String {
    let response = json!({"status_code": status, "request_id": "req_x", "body": {"error": error}});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": response, "error": null}).to_string()
}

/// The line of a row that was not run.
fn not_run(row: usize, code: &str) -> String {
    let error = json!({"code": code, "message": "This request could not be executed."});
    json!({"id": "b", "custom_id": format!("row-{row}"), "response": null, "error": error}).to_string()
}

fn file_of(lines: impl IntoIterator<Item = String>) -> Step {
    response(200, &[], lines.into_iter().map(|line| line + "\n").collect::<String>())
}

fn get(script: &Script, batch_id: Value) -> Outcome {
    let outcome = script.run(&source(), &json!({"operation": "batch_result", "batch_id": batch_id}));
    assert!(!format!("{outcome:?}").contains(KEY));
    outcome
}

/// `[index, code]` of the rows that failed.
fn codes(metadata: &Map<String, Value>) -> Value {
    let failed = metadata["failed"].as_array().unwrap();
    failed.iter().map(|row| json!([row["index"], row["code"]])).collect()
}

#[test]
fn says_how_far_batches_are_while_one_of_them_goes_on() {
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
fn gives_what_is_there_of_a_batch_that_expired_or_was_cancelled() {
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
    let words = "All 3 rows failed. The first one: The API has no answer to this row (model_not_found): The model";
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
fn names_lines_that_are_damaged_unknown_or_repeated_and_reads_on() {
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
    let unknown = "is of no row of this batch";
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

/// What comes of answers of this kind.
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
fn gives_vectors_in_the_order_of_their_texts() {
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
fn says_to_get_fewer_batches_at_once_when_the_result_would_be_too_large() {
    let text = "x".repeat(MAX_RESULT_BYTES / 5);
    let script = Script::new([
        says(described("batch_1", "completed", 0, 6, 6, json!({"output_file_id": "file-out"}))),
        file_of((0..6).map(|row| answered(row, &text))),
    ]);
    let failure = failed(get(&script, json!("batch_1")));
    assert_eq!(failure.data["code"], "response_too_large");
    assert!(failure.description.contains("enter the IDs one at a time"), "{}", failure.description);
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
        (described("batch_1", "completed", 1, 1, 2, other_start), "Batch ID must name batches that one query has"),
        (
            json!({"id": "batch_1", "status": "completed", "metadata": {}}),
            "Batch ID must name batches of Start a batch. ",
        ),
        (json!({"id": "batch_1", "status": "completed"}), "Batch ID must name batches of Start a batch. batch_1 has"),
        (changed("tooljet_count", "99999999999"), "Batch ID names batches with more rows than their query had"),
        (changed("tooljet_reading", "x"), "Batch ID names a batch that another version of this plugin has started"),
        (json!({"id": "batch_1"}), "The API did not say how far the batch is"),
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
fn repeats_what_the_api_says_of_an_id_that_it_does_not_know() {
    let words = json!({"error": {"message": "No batch found with id 'batch_x'.", "code": null}});
    let failure = failed(get(&Script::new([response(404, &[], words)]), json!("batch_x")));
    assert!(failure.description.contains("HTTP 404: No batch found with id 'batch_x'"), "{}", failure.description);
}
