#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed
//! Start a batch: what is uploaded and created for its rows, and what is known when that fails.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use batches::{KEY, error, failed, ok, source};
use script::{Script, Sent, Step, response};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::MAX_BATCH_ROWS,
    error::TransportErrorKind,
    policy::model_cache::ModelCache,
    service::{Failure, Outcome},
};

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
fn uploads_a_line_for_each_row_and_creates_a_batch_that_says_how_to_read_it() {
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
fn leaves_out_what_an_earlier_query_has_learned() {
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
fn names_an_invalid_row_before_anything_is_sent() {
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
    // An upload costs nothing, so it is retried.
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
fn sends_batches_of_azures_classic_style_outside_its_deployments() {
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
fn returns_the_metadata_in_data_when_the_query_asks_for_details() {
    let script = Script::new([file(1), batch(1)]);
    let result = ok(start(&script, json!({"prompts": ["a"], "result": "details"})));
    let data: &Map<_, _> = result.data.as_object().unwrap();
    assert_eq!(data["answer"], json!({"batch_ids": ["batch_1"], "rows": 1}));
    assert_eq!(data["batches"][0]["batch_id"], "batch_1");
}
