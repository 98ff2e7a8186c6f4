#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test
//! The advice in failures, for each operation and its form.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use std::{collections::BTreeSet, fs, iter};

use batches::{described, says, source};
use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{error::TransportErrorKind, service::Outcome};

/// A query of each operation.
fn queries() -> Vec<Value> {
    let queries = json!([
        {"operation": "chat", "prompt": "a"},
        {"operation": "chat_list", "prompts": ["a"]},
        {"operation": "completion", "prompt": "a"},
        {"operation": "completion_list", "prompts": ["a"]},
        {"operation": "image_generation", "prompt": "a"},
        {"operation": "transcription", "file": "GkXfowEAAAA="},
        {"operation": "generate_embedding", "input": "a"},
        {"operation": "decision", "input": "a", "question": "b"},
        {"operation": "moderation", "input": "a"},
        {"operation": "batch_start", "prompts": ["a"]},
        {"operation": "batch_result", "batch_id": "batch_1"},
        {"operation": "list_models"},
    ]);
    let mut queries = queries.as_array().unwrap().clone();
    for query in &mut queries {
        query["query_timeout"] = 5_000.into();
    }
    queries
}

fn forms() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/operations.json");
    let forms: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    forms["properties"].clone()
}

/// The labels of the fields in a part of a form.
fn labels(part: &Value) -> BTreeSet<String> {
    let Some(members) = part.as_object() else { return BTreeSet::new() };
    let own = members.get("label").and_then(Value::as_str).map(str::to_owned);
    own.into_iter().chain(members.values().flat_map(labels)).collect()
}

/// The fields of other forms that `advice` names, because the form with the labels `own` does not have them.
fn strange_fields(advice: &str, own: &BTreeSet<String>, all: &BTreeSet<String>) -> Vec<String> {
    let is_word = |text: &str, at: usize, label: &str| {
        let ends = |c: char| !c.is_alphanumeric();
        text[..at].chars().next_back().is_none_or(ends) && text[at + label.len()..].chars().next().is_none_or(ends)
    };
    // The longest first, because "Images and files" contains "Images".
    let mut known: Vec<_> = own.iter().collect();
    known.sort_by_key(|label| label.len());
    let rest = known.iter().rev().fold(advice.to_owned(), |text, label| text.replace(label.as_str(), "_"));
    // The API is also that of the provider.
    let others = all.iter().filter(|label| *label != "API");
    others
        .filter(|label| rest.match_indices(label.as_str()).any(|(at, _)| is_word(&rest, at, label)))
        .cloned()
        .collect()
}

/// Makes a response.
type Respond = fn() -> Step;

fn answer(message: Value, finish_reason: &str) -> Step {
    response(200, &[], json!({"choices": [{"message": message, "finish_reason": finish_reason}]}))
}

/// What the API, the network or the clock does to all requests of a query.
fn failures() -> [(&'static str, Respond); 9] {
    let too_long = || {
        let message = "This model's maximum context length is 8192 tokens, but the messages came to 9001 tokens.";
        response(400, &[], json!({"error": {"message": message, "code": "context_length_exceeded"}}))
    };
    [
        ("a timeout", || Step::Hang),
        ("a response that is too large", || Step::Fail(TransportErrorKind::TooLarge)),
        ("a body that is too large", || response(413, &[], json!({"error": {"message": "Too large"}}))),
        ("too many tokens", too_long),
        ("a gateway timeout", || response(504, &[], json!({"error": {"message": "Gateway timeout"}}))),
        ("an answer cut off before any text", || answer(json!({"content": ""}), "length")),
        ("JSON that is cut off", || answer(json!({"content": "{\"a"}), "length")),
        ("words instead of JSON", || answer(json!({"content": "No."}), "stop")),
        ("an answer with only reasoning", || answer(json!({"content": null, "reasoning": "So."}), "stop")),
    ]
}

/// What a query is advised to do, if it fails when its first requests get these responses and all others this one.
fn advice(query: &Value, first: Vec<Step>, step: Respond) -> String {
    let script = Script::new(first.into_iter().chain(iter::repeat_with(step).take(9)));
    match script.run(&source(), query) {
        Outcome::Failed(failure) => failure.data.get("hint").and_then(Value::as_str).unwrap_or_default().to_owned(),
        // Some operations accept some of the answers.
        _ => String::new(),
    }
}

/// The response of a server that does not have an operation's own endpoint.
fn no_such_route() -> Step {
    response(404, &[], json!({"error": {"message": "Invalid URL (POST /v1/decisions)"}}))
}

#[test]
fn names_only_fields_that_the_form_of_the_operation_has() {
    let forms = forms();
    let operations: Vec<_> = forms["operation"]["list"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    let queries = queries();
    let named: BTreeSet<_> = queries.iter().map(|query| query["operation"].as_str()).collect();
    assert_eq!(named, operations.iter().map(|name| name.as_str()).collect());
    let all = operations.iter().flat_map(|name| labels(&forms[name.as_str().unwrap()])).collect();
    let mut found = Vec::new();
    for query in &queries {
        let own = labels(&forms[query["operation"].as_str().unwrap()]);
        for (failure, step) in failures() {
            let first: Vec<Respond> = match query["operation"].as_str() {
                // Asked for directly, and then through Chat.
                Some("decision") => vec![step, no_such_route],
                _ => vec![step],
            };
            for first in first {
                let advice = advice(query, vec![first()], step);
                let strange = strange_fields(&advice, &own, &all);
                if !strange.is_empty() {
                    found.push(format!("{} after {failure}: {strange:?} in {advice}", query["operation"]));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn says_how_a_batch_takes_less_time_when_it_timed_out() {
    let start = json!({"operation": "batch_start", "prompts": ["a"], "query_timeout": 5_000});
    let get = json!({"operation": "batch_result", "batch_id": ["batch_1", "batch_2"], "query_timeout": 5_000});
    let page = json!({
        "operation": "batch_result", "batch_id": ["batch_1", "batch_2"], "rows": 2, "query_timeout": 5_000
    });
    let batches = || {
        let batch = |number: usize| {
            let files =
                json!({"output_file_id": format!("file-{number}"), "error_file_id": format!("file-err-{number}")});
            says(described(&format!("batch_{number}"), "completed", (number - 1) * 2, 2, 4, files))
        };
        vec![batch(1), batch(2)]
    };
    for (query, first, words) in [
        (&start, vec![], "Start batches with fewer rows, or raise the query's own timeout."),
        (&get, vec![], "Raise the query's own timeout."),
        (&get, batches(), "Get fewer rows at once with First row and Rows, or raise the query's own timeout."),
        // The rows of the page are in one file, which has to be read whole.
        (&page, batches(), "Raise the query's own timeout."),
    ] {
        assert_eq!(advice(query, first, || Step::Hang), words);
    }
}
