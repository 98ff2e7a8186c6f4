//! Embedding texts: in as many requests as necessary, and in any encoding that the server supports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use std::{ops::Range, time::Duration};

use script::{Script, Step, response};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::MAX_RESULT_VALUES,
    input::base64::encoded,
    operations::QueryResult,
    policy::model_cache::ModelCache,
    service::{Failure, Outcome},
};

fn source() -> Value {
    json!({"apiKey": "sk-embeddings", "base_url": "https://gateway.example/v1"})
}

fn query(texts: usize) -> Value {
    let input: Vec<_> = (0..texts).map(|at| format!("text {at}")).collect();
    json!({"operation": "generate_embedding", "model_embedding": "m", "input": input})
}

/// The vector of a text identifies it.
fn numbers(at: usize) -> [f32; 2] {
    [f32::from(u16::try_from(at).unwrap()), 0.5]
}

fn base64(at: usize) -> Value {
    encoded(&numbers(at).map(f32::to_le_bytes).concat()).into()
}

fn items(texts: Range<usize>, embedding: impl Fn(usize) -> Value) -> Vec<Value> {
    let first = texts.start;
    texts.map(|at| json!({"index": at - first, "embedding": embedding(at)})).collect()
}

fn of_items(items: &[Value]) -> Step {
    let usage = json!({"prompt_tokens": items.len(), "total_tokens": items.len()});
    response(200, &[], json!({"data": items, "model": "m-1", "usage": usage}))
}

/// The response for these texts, in reverse order.
fn of(texts: Range<usize>) -> Step {
    let mut items = items(texts, base64);
    items.reverse();
    of_items(&items)
}

fn rejected(status: u16, message: &str) -> Step {
    response(status, &[], json!({"error": {"message": message, "param": null, "code": null}}))
}

fn succeed(outcome: Outcome) -> QueryResult {
    let Outcome::Ok(result) = outcome else { panic!("{outcome:?}") };
    result
}

fn fail(outcome: Outcome) -> Failure {
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    failure
}

fn assert_all(result: &QueryResult, texts: usize) {
    let expected: Vec<_> = (0..texts).map(|at| json!(numbers(at))).collect();
    assert!(result.data["embeddings"] == Value::from(expected));
    assert_eq!(result.data["embedding"], json!([0.0, 0.5]));
}

/// The texts of each request, as a range of numbers.
fn sent(script: &Script) -> Vec<Range<usize>> {
    let number = |text: &Value| text.as_str().unwrap()["text ".len()..].parse::<usize>().unwrap();
    let sent = script.sent.lock().unwrap();
    let inputs = sent.iter().map(|sent| sent.body["input"].as_array().unwrap());
    inputs.map(|input| number(&input[0])..number(&input[input.len() - 1]) + 1).collect()
}

#[test]
fn sends_one_request_when_the_texts_fit() {
    let script = Script::new([of(0..2048)]);
    let result = succeed(script.run(&source(), &query(2048)));
    assert_all(&result, 2048);
    assert_eq!(sent(&script).first(), Some(&(0..2048)));
    assert_eq!(script.attempts(), 1);
    assert_eq!(script.sent.lock().unwrap()[0].body["encoding_format"], "base64");
}

#[test]
fn combines_the_vectors_of_several_requests_in_order_and_adds_up_usage() {
    let parts = [0..128, 128..2176, 2176..4224, 4224..4300];
    let script = Script::new(parts.clone().map(of));
    let result = succeed(script.run(&source(), &query(4300)));
    assert_all(&result, 4300);
    assert_eq!(sent(&script), parts);
    let metadata = json!({
        "endpoint": "embeddings", "model": "m-1", "usage": {"prompt_tokens": 4300, "total_tokens": 4300}, "attempts": 4,
        "duration_ms": 0
    });
    assert_eq!(Value::Object(result.metadata), metadata);
}

#[test]
fn sends_fewer_texts_when_the_server_rejects_too_many() {
    let too_many = || rejected(400, "batch size is invalid, it should not be larger than 10.: input.contents");
    let script = Script::new([too_many(), too_many(), of(0..7), of(7..14), of(14..21), of(21..28), of(28..30)]);
    assert_all(&succeed(script.run(&source(), &query(30))), 30);
    assert_eq!(sent(&script), [0..30, 0..15, 0..7, 7..14, 14..21, 21..28, 28..30]);
    let message = "Requested 453357 tokens, max 300000 tokens per request";
    let script = Script::new([of(0..128), rejected(400, message), of(128..1152), of(1152..2176)]);
    assert_all(&succeed(script.run(&source(), &query(2176))), 2176);
    let script = Script::new([rejected(400, message)]);
    assert_eq!(fail(script.run(&source(), &query(1))).data["status"], 400);
}

#[test]
fn omits_the_encoding_when_base64_is_rejected_and_caches_that() {
    let floats = |texts| of_items(&items(texts, |at| json!(numbers(at))));
    let cache = ModelCache::default();
    let script =
        Script::new([rejected(400, "base64 encoding is not currently supported"), floats(0..128), floats(128..2100)]);
    let result = succeed(script.run_with(&cache, &source(), &query(2100)));
    assert_all(&result, 2100);
    assert_eq!(result.metadata["adjusted"], json!([{"parameter": "encoding_format", "change": "removed"}]));
    let script_2 = Script::new([floats(0..2)]);
    assert_all(&succeed(script_2.run_with(&cache, &source(), &query(2))), 2);
    let formats = |script: &Script| -> Vec<_> {
        script.sent.lock().unwrap().iter().map(|sent| sent.body.get("encoding_format").cloned()).collect()
    };
    assert_eq!((formats(&script), formats(&script_2)), (vec![Some(json!("base64")), None, None], vec![None]));
}

#[test]
fn returns_base64_on_request_when_the_server_sends_numbers() {
    let mut query = query(2);
    query["encoding_format"] = "base64".into();
    for embedding in [base64, |at| json!(numbers(at))] {
        let script = Script::new([of_items(&items(0..2, embedding))]);
        let result = succeed(script.run(&source(), &query));
        assert_eq!(result.data, json!({"embedding": base64(0), "embeddings": [base64(0), base64(1)]}));
    }
}

#[test]
fn keeps_the_partial_result_when_a_request_fails() {
    let denied = || rejected(400, "the text is too long");
    let script = Script::new([of(0..128), denied(), of(2176..4224), of(4224..4300)]);
    let failure = fail(script.run(&source(), &query(4300)));
    let expected: Vec<_> =
        (0..4300).map(|at| if (128..2176).contains(&at) { Value::Null } else { json!(numbers(at)) }).collect();
    assert!(failure.data["partial"] == Value::from(expected));
    assert!(failure.description.contains("The partial result is in data.partial."), "{}", failure.description);
    assert_eq!((&failure.data["status"], &failure.data["attempts"]), (&json!(400), &json!(4)));
    assert_eq!(failure.metadata["usage"], json!({"prompt_tokens": 2252, "total_tokens": 2252}));
    assert_eq!(failure.metadata["model"], "m");

    let none = fail(Script::new([denied()]).run(&source(), &query(4300)));
    assert_eq!((none.data.get("partial"), none.metadata.get("usage")), (None, None));
    assert!(!none.description.contains("partial"), "{}", none.description);
}

#[test]
fn starts_no_request_after_one_has_failed() {
    let texts = 128 + 2048 * 8;
    let parts = [128..2176, 2176..4224, 4224..6272].map(of);
    let steps = [of(0..128), rejected(400, "the text is too long")].into_iter().chain(parts.into_iter().skip(1));
    let script = Script::new(steps.chain([of(6272..8320)]));
    let failure = fail(script.run(&source(), &query(texts)));
    assert_eq!(script.attempts(), 5);
    assert_eq!(failure.data["partial"].as_array().unwrap().iter().filter_map(Value::as_array).count(), 128 + 3 * 2048);
}

#[test]
fn keeps_the_partial_result_at_the_deadline() {
    let script = Script::new([of(0..128), of(128..2176), Step::Hang]);
    let mut query = query(2300);
    query["query_timeout"] = 5000.into();
    let failure = fail(script.run(&source(), &query));
    assert_eq!(failure.data["code"], "timeout");
    assert!(failure.description.contains("5000 ms"), "{}", failure.description);
    assert_eq!(failure.data["partial"].as_array().unwrap().iter().filter_map(Value::as_array).count(), 2176);
    // The plugin has 4.75 s, and reserves a tenth.
    assert_eq!(script.elapsed(), Duration::from_millis(4275));
}

#[test]
fn retries_each_request_as_often_as_the_data_source_allows() {
    let busy = || rejected(503, "busy");
    let script =
        Script::new([busy(), busy(), of(0..128), busy(), busy(), of(128..2176), busy(), busy(), of(2176..2177)]);
    let result = succeed(script.run(&source(), &query(2177)));
    assert_all(&result, 2177);
    assert_eq!(result.metadata["attempts"], 9);
}

#[test]
fn sends_only_one_short_request_when_the_result_would_be_too_large() {
    let texts = 3000;
    let vector = encoded(&vec![0; 4 * (MAX_RESULT_VALUES / texts)]);
    let script = Script::new([of_items(&items(0..128, |_| json!(vector)))]);
    let failure = fail(script.run(&source(), &query(texts)));
    assert_eq!((&failure.data["code"], script.attempts()), (&json!("response_too_large"), 1));
    assert!(failure.description.contains("set fewer Dimensions"), "{}", failure.description);
}

#[test]
fn fails_when_vectors_do_not_match_their_texts() {
    for (rest, code) in [
        (of(128..2175), "2047 embeddings for 2048 texts"),
        (of_items(&[&items(128..2175, base64)[..], &items(2174..2175, base64)].concat()), "numbered from 0 to 2047"),
        (of_items(&items(128..2176, |_| json!([1, 2, 3]))), "Input[0] and Input[128] differ in length"),
    ] {
        let failure = fail(Script::new([of(0..128), rest]).run(&source(), &query(2176)));
        assert_eq!(failure.data["code"], "invalid_embedding");
        assert!(failure.description.contains(code), "{}", failure.description);
    }
}

#[test]
fn treats_a_list_of_tokens_as_one_text() {
    let extra = Map::from_iter([("input".to_owned(), json!(vec![1; 3000]))]);
    let script = Script::new([of(0..1)]);
    let query = json!({"operation": "generate_embedding", "input": "a", "extra_body": extra});
    let result = succeed(script.run(&source(), &query));
    assert_eq!(result.data, json!({"embedding": [0.0, 0.5]}));
    assert_eq!(script.sent.lock().unwrap()[0].body["input"].as_array().unwrap().len(), 3000);
}
