#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test
//! The advice in failures, for each operation and its form.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use std::{collections::BTreeSet, fs, iter};

use batches::{described, file_of, rejected, says, source};
use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{error::TransportErrorKind, service::Outcome};

/// Queries of each operation.
fn queries() -> Vec<Value> {
    let queries = json!([
        {"operation": "chat", "prompt": "a", "response_format": "json_object"},
        {"operation": "chat", "prompt": "a", "response_format": "json_schema", "json_schema": {"a": "number"}},
        {"operation": "chat_list", "prompts": ["a"], "response_format": "json_object"},
        {"operation": "chat_list", "prompts": ["a"], "response_format": "json_schema", "json_schema": {"a": "number"}},
        {"operation": "completion", "prompt": "a"},
        {"operation": "completion_list", "prompts": ["a"]},
        {"operation": "image_generation", "prompt": "a"},
        {"operation": "transcription", "file": "GkXfowEAAAA="},
        {"operation": "generate_embedding", "input": "a"},
        {"operation": "decision", "input": "a", "question": "b"},
        {"operation": "moderation", "input": "a"},
        {"operation": "batch_start", "prompts": ["a"], "response_format": "json_object"},
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

/// An error of the API about a request.
fn rejection(message: &str, more: Value) -> Value {
    let mut error = json!({"message": message});
    error.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    error
}

fn rejects(status: u16, message: &str, more: Value) -> Step {
    response(status, &[], json!({"error": rejection(message, more)}))
}

/// What the API, the network or the clock does to all requests of a query.
fn failures() -> Vec<(&'static str, Respond)> {
    let too_long = || {
        let message = "This model's maximum context length is 8192 tokens, but the messages came to 9001 tokens.";
        rejects(400, message, json!({"code": "context_length_exceeded"}))
    };
    let no_format = || {
        let message = "'response_format' of type 'json_schema' is not supported with this model.";
        rejects(400, message, json!({"param": "response_format"}))
    };
    let no_word = || rejects(400, "'messages' must contain the word 'json' in some form", json!({}));
    let no_image = || rejects(404, "No endpoints found that support image input", json!({}));
    vec![
        ("a timeout", || Step::Hang),
        ("a response that is too large", || Step::Fail(TransportErrorKind::TooLarge)),
        ("a result that is too large", || Step::Fail(TransportErrorKind::ResultTooLarge)),
        ("a body that is too large", || rejects(413, "Too large", json!({}))),
        ("too many tokens", too_long),
        ("a gateway timeout", || rejects(504, "Gateway timeout", json!({}))),
        ("a rate limit", || rejects(429, "Slow down", json!({}))),
        ("an overloaded server", || rejects(503, "Overloaded", json!({}))),
        ("a rejected response format", no_format),
        ("a missing word", no_word),
        ("rejected images", no_image),
        ("rejected messages", || rejects(400, "Invalid", json!({"param": "messages[0].content"}))),
        ("a rejected prompt", || rejects(400, "Invalid", json!({"param": "prompt"}))),
        ("a rejected format", || rejects(400, "Invalid", json!({"param": "text.format"}))),
        ("rejected instructions", || rejects(400, "Invalid", json!({"param": "instructions"}))),
        ("a rejected temperature", || rejects(400, "Invalid", json!({"param": "temperature"}))),
        ("a rejected effort", || rejects(400, "Invalid", json!({"param": "reasoning.effort"}))),
        ("an answer cut off before any text", || answer(json!({"content": ""}), "length")),
        ("JSON that is cut off", || answer(json!({"content": "{\"a"}), "length")),
        ("words instead of JSON", || answer(json!({"content": "No."}), "stop")),
        ("an answer with only reasoning", || answer(json!({"content": null, "reasoning": "So."}), "stop")),
        ("no answer", || response(200, &[], json!({"choices": []}))),
    ]
}

/// What a query is advised to do, if it fails when its first requests get these responses and all others this one.
fn advice(query: &Value, first: Vec<Step>, step: Respond) -> String {
    advice_in(&source(), query, first, step)
}

/// The same with other options of the data source.
fn advice_in(source: &Value, query: &Value, first: Vec<Step>, step: Respond) -> String {
    let script = Script::new(first.into_iter().chain(iter::repeat_with(step).take(9)));
    match script.run(source, query) {
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

/// What Get a batch advises if the API has answered the only row with `line`.
fn advice_about_row(line: String) -> String {
    let batch = described("batch_1", "completed", 0, 1, 1, json!({"output_file_id": "file-2"}));
    let get = json!({"operation": "batch_result", "batch_id": "batch_1"});
    advice(&get, vec![says(batch), file_of([line])], || Step::Hang)
}

#[test]
fn gives_advice_about_a_row_of_a_batch_that_starting_it_again_can_follow() {
    let forms = forms();
    let all = forms["operation"]["list"].as_array().unwrap().iter();
    let all = all.flat_map(|one| labels(&forms[one["value"].as_str().unwrap()])).collect();
    let own = labels(&forms["batch_start"]);
    for (status, message) in [(429, "Rate limit reached"), (503, "Overloaded"), (500, "Failed"), (504, "Timed out")] {
        let advice = advice_about_row(rejected(0, status, rejection(message, json!({}))));
        assert_eq!(advice, "Start another batch with the rows that failed.", "{status}");
    }
    for (message, more, words) in [
        ("'response_format' is not supported", json!({"param": "response_format"}), "Set Response format to"),
        ("Invalid", json!({"param": "messages"}), "Change or clear Prompts or Message history"),
        ("Invalid", json!({"param": "max_completion_tokens"}), "Change or clear Max tokens"),
    ] {
        let advice = advice_about_row(rejected(0, 400, rejection(message, more)));
        assert!(advice.starts_with(words), "{advice}");
        assert_eq!(strange_fields(&advice, &own, &all), [""; 0], "{advice}");
    }
    let said = |message: Value| json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    for body in [
        said(json!({"content": null, "reasoning": "So."})),
        said(json!({"content": ""})),
        json!({"choices": []}),
        json!({"id": "resp_1"}),
        json!("No."),
    ] {
        let line = json!({"custom_id": "row-0", "response": {"status_code": 200, "body": body}, "error": null});
        let advice = advice_about_row(line.to_string());
        assert!(advice.starts_with("Start another batch with the rows that failed, "), "{advice}");
        assert_eq!(strange_fields(&advice, &own, &all), [""; 0], "{advice}");
    }
}

#[test]
fn suggests_streaming_only_when_that_would_stream() {
    let timed_out = || rejects(504, "Gateway timeout", json!({}));
    let no_stream = || rejects(400, "Unrecognized request argument supplied: stream", json!({}));
    let unverified =
        || rejects(400, "Your organization must be verified to stream this model.", json!({"param": "stream"}));
    let chat = json!({"operation": "chat", "prompt": "a"});
    for (streaming, query, first, is_suggested) in [
        ("off", chat.clone(), vec![], true),
        ("off", json!({"operation": "chat_list", "prompts": ["a"]}), vec![], true),
        ("off", json!({"operation": "completion", "prompt": "a", "model": "m"}), vec![], true),
        ("on", chat.clone(), vec![], false),
        ("on", chat.clone(), vec![unverified()], false),
        ("off", chat, vec![no_stream()], false),
        ("off", json!({"operation": "completion", "prompt": "a", "model": "m", "best_of": 2}), vec![], false),
        ("on", json!({"operation": "completion", "prompt": "a", "model": "m", "best_of": 2}), vec![], false),
        (
            "off",
            json!({"operation": "chat", "prompt": "a", "extra_body": {"modalities": ["audio"], "audio": {"voice": "a"}}}),
            vec![],
            false,
        ),
        ("off", json!({"operation": "decision", "input": "a", "question": "b"}), vec![no_such_route()], false),
        ("off", json!({"operation": "image_generation", "prompt": "a"}), vec![], false),
    ] {
        let mut source = source();
        source["streaming"] = streaming.into();
        let advice = advice_in(&source, &query, first, timed_out);
        assert!(advice.starts_with("A gateway in front of the model stopped waiting for the answer. "), "{advice}");
        assert_eq!(advice.contains("Streaming"), is_suggested, "{streaming} {query}: {advice}");
    }
}

#[test]
fn advises_on_decide_by_its_own_fields_when_it_asks_through_chat() {
    let decide = json!({"operation": "decision", "input": "a", "question": "b"});
    for (param, words) in [
        ("response_format", "Choose another model."),
        ("text.format", "Choose another model."),
        ("temperature", "Choose another model."),
        ("messages", "Change or clear Input or Question, or choose another model."),
        ("input", "Change or clear Input or Question, or choose another model."),
    ] {
        let query = json!({"operation": "decision", "input": "a", "question": "b", "decision_model": param});
        let script = Script::new([
            no_such_route(),
            rejects(400, "Invalid", json!({"param": param})),
            rejects(400, "Invalid", json!({"param": param})),
        ]);
        let Outcome::Failed(failure) = script.run(&source(), &query) else { panic!("{param}: no failure") };
        assert_eq!(failure.data["hint"], words, "{param}");
    }
    let format = || rejects(400, "'response_format.type' must be 'text'", json!({}));
    assert_eq!(advice(&decide, vec![no_such_route()], format), "Choose another model.");
}

#[test]
fn suggests_a_filter_only_when_the_whole_list_arrived() {
    let list = json!({"operation": "list_models"});
    let base_url = "Enter the Base URL of a server with a shorter list of models.";
    assert_eq!(advice(&list, vec![], || Step::Fail(TransportErrorKind::TooLarge)), base_url);
    // Few JSON values, of which each becomes a model with several.
    let long = response(200, &[], json!({"data": vec!["m"; 300_000]}));
    let hint = advice(&list, vec![long], || Step::Hang);
    assert!(hint.starts_with("Enter a Filter that fewer models match"), "{hint}");
}

#[test]
fn gives_advice_about_a_request_without_a_body_that_can_be_followed() {
    let list = json!({"operation": "list_models"});
    let too_large = "The server, or a proxy in front of it, limits the size of requests. Shorten Headers in the data \
                     source, or raise the limit there.";
    let gateway = "Check that the server behind the gateway is running, or raise the gateway's time limit.";
    for (status, listed, tested) in [
        (413, too_large, too_large),
        (
            429,
            "Wait 7 s before running the query again, or raise the rate limits of the account.",
            "Wait 7 s and test again.",
        ),
        (408, gateway, gateway),
        (504, gateway, gateway),
        (522, gateway, gateway),
        (524, gateway, gateway),
    ] {
        let step = || response(status, &[("retry-after", "7")], "");
        let mut source = source();
        source["max_retries"] = 0.into();
        let Outcome::Failed(failure) = Script::new([step()]).run(&source, &list) else { panic!("{status}: models") };
        assert_eq!(failure.data["hint"], listed);
        let script = Script::new(iter::repeat_with(step).take(5));
        let Outcome::Failed(failure) = script.test_connection(&source) else { panic!("{status}: connected") };
        assert!(failure.description.ends_with(tested), "{}", failure.description);
    }
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
