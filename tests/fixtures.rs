//! What a builder sees for every stored answer of the API and of servers like it.
//!
//! The table here says it in short; `docs/failures.md` and the README say it in whole
//! sentences, written by this test: `UPDATE_DOCS=1 cargo test --test fixtures`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed

#[path = "support/script.rs"]
mod script;

use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf};

use script::{Script, Step};
use serde_json::{Value, json};
use tooljet_openai::{
    http::HttpResponse,
    service::{Failure, Outcome},
};

enum Expect {
    /// `data` of a success.
    Data(Value),
    /// `data.code` of a failure, the number of requests, and words of its description.
    Fails(&'static str, usize, &'static str),
}

use Expect::{Data, Fails};

fn expectations() -> Vec<(&'static str, Expect)> {
    let pong = || Data(json!("Pong."));
    vec![
        ("chat_annotations.json", Data(json!("See the docs."))),
        ("chat_audio_null_content.json", pong()),
        ("chat_content_filter.json", Fails("content_filter", 1, "Rephrase the prompt")),
        ("chat_custom_tool_call.json", Data(json!(""))),
        ("chat_json_object_content.json", Data(json!("{\"answer\": 4, \"why\": \"2+2\"}"))),
        ("chat_length_empty_all_reasoning.json", Fails("tokens_spent_on_reasoning", 1, "Raise Max Tokens")),
        ("chat_length_partial.json", Data(json!("The first half of the ans"))),
        ("chat_multiple_choices.json", Data(json!("A"))),
        ("chat_ok.json", pong()),
        ("chat_ok_leading_blank_lines.txt", pong()),
        ("chat_ok_reasoning_usage.json", Data(json!("42"))),
        ("chat_refusal.json", Fails("refusal", 1, "I cannot help with that")),
        ("chat_tool_calls_null_content.json", Data(json!(""))),
        ("compat_200_error_body.json", Fails("502", 3, "Upstream provider failed")),
        ("compat_azure_chat.json", pong()),
        ("compat_choices_empty.json", Fails("no_answer", 1, "without any choices")),
        ("compat_content_parts_array.json", pong()),
        ("compat_floats_and_string_numbers.json", pong()),
        ("compat_groq_chat.json", pong()),
        ("compat_llamacpp_chat.json", pong()),
        ("compat_minimal_missing_fields.json", pong()),
        ("compat_ollama_chat.json", pong()),
        ("compat_openrouter_chat.json", pong()),
        ("compat_vllm_chat.json", Fails("tokens_spent_on_reasoning", 1, "reasoning_effort")),
        ("completion_echo_logprobs_null.json", Data(json!("Hi there"))),
        ("completion_ok.json", Data(json!("\n\nPong from the fixture."))),
        ("completion_two_choices_length.json", Data(json!(" first"))),
        ("completion_usage_without_completion_tokens.json", Fails("content_filter", 1, "before any text")),
        ("error_400_azure_content_filter.json", Fails("content_filter", 1, "Rephrase")),
        ("error_400_context_length.json", Fails("context_length_exceeded", 1, "Shorten them")),
        ("error_400_litellm_none_strings.json", Fails("400", 1, "upstream said no")),
        // The query of this test sets neither parameter, so there is nothing to adjust.
        ("error_400_max_tokens_unsupported.json", Fails("unsupported_parameter", 1, "max_tokens")),
        ("error_400_suffix_unrecognized.json", Fails("", 1, "set Engine to Chat")),
        ("error_400_temperature_unsupported_value.json", Fails("unsupported_value", 1, "Change or clear temperature")),
        ("error_400_tools_with_reasoning_effort.json", Fails("", 1, "Change or clear reasoning_effort")),
        ("error_400_vllm_flat_legacy.json", Fails("400", 1, "list index out of range")),
        ("error_400_vllm_int_code.json", Fails("400", 1, "suffix is not currently supported")),
        ("error_401_azure_gateway.json", Fails("401", 1, "Check the API key")),
        ("error_401_invalid_api_key.json", Fails("invalid_api_key", 1, "Check the API key")),
        ("error_401_mismatched_organization.json", Fails("mismatched_organization", 1, "Check the Organization ID")),
        ("error_401_missing_key.json", Fails("", 1, "Check the API key")),
        ("error_401_missing_scope.json", Fails("", 1, "genuine but restricted")),
        ("error_401_vllm_error_string.json", Fails("", 1, "Check the API key")),
        ("error_402_openrouter.json", Fails("402", 1, "no credit left")),
        ("error_403_country.json", Fails("unsupported_country_region_territory", 1, "does not serve the country")),
        ("error_403_models_scope_error_string.json", Fails("", 1, "genuine but restricted")),
        ("error_403_project_model_access.json", Fails("model_not_found", 1, "Check the name")),
        ("error_404_chat_model_on_completions.json", Fails("", 1, "Set Engine to Auto or Chat")),
        ("error_404_invalid_url.json", Fails("", 1, "The plugin asked https://api.openai.com/v1")),
        ("error_404_model_not_found.json", Fails("model_not_found", 1, "Check the name")),
        (
            "error_404_model_shut_down.json",
            Fails("model_not_found", 1, "announced the end of gpt-3.5-turbo-instruct for 2026-09-28. Use"),
        ),
        ("error_404_responses_only_model.json", Fails("", 1, "Responses API only")),
        ("error_422_fastapi_detail.json", Fails("", 1, "HTTP 422")),
        ("error_429_credit_balance_exhausted.json", Fails("credit_balance_exhausted", 1, "Add credit")),
        ("error_429_insufficient_quota.json", Fails("insufficient_quota", 1, "Add credit")),
        ("error_429_rate_limit.json", Fails("rate_limit_exceeded", 3, "Try again in 4 s")),
        ("error_429_request_too_large.json", Fails("rate_limit_exceeded", 1, "Shorten the prompt")),
        ("error_429_slow_down.json", Fails("slow_down", 3, "Try again in 20 s")),
        ("error_500_empty.txt", Fails("", 3, "HTTP 500: internal server error")),
        ("error_500_server_error.json", Fails("", 3, "Try again later")),
        ("error_502_cloudflare_int_code.json", Fails("502", 3, "HTTP 502")),
        ("error_502_nginx.html", Fails("", 3, "502 Bad Gateway")),
        ("error_503_llamacpp_loading.json", Fails("503", 3, "no capacity")),
        ("error_503_overloaded.json", Fails("server_is_overloaded", 3, "Try again in 8 s")),
        ("error_503_plain.txt", Fails("", 3, "HTTP 503")),
        (
            "models_list.json",
            Data(json!(["ft:gpt-4.1-2025-04-14:org::abc", "gpt-5", "gpt-6-sol", "text-embedding-3-small"])),
        ),
        ("models_list_ollama_null_data.json", Data(json!([]))),
        ("models_list_vllm.json", Data(json!(["Qwen/Qwen3-32B"]))),
        ("ok_200_html_captive_portal.html", Fails("invalid_response", 1, "A web page answered")),
        ("sse_chat_azure_first_chunk.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_crlf_comments_no_final_blank.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_error_midstream.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_error_named_event.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_ok_usage.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_tool_calls.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_chat_truncated.txt", Fails("invalid_response", 1, "event stream")),
        ("sse_completion_ok.txt", Fails("invalid_response", 1, "event stream")),
    ]
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn index() -> Vec<Value> {
    let text = fs::read_to_string(root().join("__tests__/fixtures/index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn source() -> Value {
    json!({"apiKey": "sk-fixtures-0123456789"})
}

/// The same answer to every try.
fn script(fixture: &Value) -> Script {
    let body = fs::read(root().join("__tests__/fixtures").join(fixture["file"].as_str().unwrap())).unwrap();
    let headers = fixture["headers"].as_object().unwrap();
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let response = HttpResponse {
        status: u16::try_from(fixture["status"].as_u64().unwrap()).unwrap(),
        headers: headers.collect(),
        body,
    };
    Script::new((0..3).map(|_| Step::Answer(response.clone())))
}

fn query(fixture: &Value) -> Value {
    match fixture["endpoint"].as_str().unwrap() {
        "completions" => json!({"operation": "completion", "prompt": "Ping", "engine": "completions"}),
        "models" => json!({"operation": "list_models"}),
        _ => json!({"operation": "chat", "prompt": "Ping"}),
    }
}

fn run(fixture: &Value) -> (Outcome, usize) {
    let script = script(fixture);
    let outcome = script.run(&source(), &query(fixture));
    (outcome, script.attempts())
}

fn ids(data: Value) -> Value {
    match data {
        Value::Array(models) => models.iter().map(|model| model["id"].clone()).collect(),
        other => other,
    }
}

#[test]
fn every_stored_answer_becomes_what_the_table_says() {
    let index = index();
    let expectations = expectations();
    let listed: BTreeSet<_> = expectations.iter().map(|(file, _)| *file).collect();
    let stored: BTreeSet<_> = index.iter().map(|fixture| fixture["file"].as_str().unwrap()).collect();
    assert_eq!(listed, stored);
    for (file, expected) in expectations {
        let fixture = index.iter().find(|fixture| fixture["file"] == file).unwrap();
        match (run(fixture), expected) {
            ((Outcome::Ok(reply), _), Data(data)) => assert_eq!(ids(reply.data), data, "{file}"),
            ((Outcome::Failed(failure), attempts), Fails(code, expected_attempts, words)) => {
                assert_eq!(failure.message, "Query could not be completed");
                assert_eq!(failure.data.get("code").and_then(Value::as_str).unwrap_or_default(), code, "{file}");
                assert_eq!(attempts, expected_attempts, "{file}");
                assert!(failure.description.contains(words), "{file}: {}", failure.description);
            }
            ((outcome, _), _) => panic!("{file}: {outcome:?}"),
        }
    }
}

#[test]
fn metadata_survives_whatever_the_server_makes_of_it() {
    let metadata = |file: &str| {
        let index = index();
        let fixture = index.iter().find(|fixture| fixture["file"] == file).unwrap();
        match run(fixture).0 {
            Outcome::Ok(reply) => Value::Object(reply.metadata),
            other => panic!("{file}: {other:?}"),
        }
    };
    let plain = metadata("chat_ok.json");
    assert_eq!(plain["model"], "gpt-5.4-2026-03-05");
    assert_eq!((&plain["finish_reason"], &plain["id"]), (&json!("stop"), &json!("chatcmpl-fx01")));
    assert_eq!((&plain["request_id"], &plain["usage"]["total_tokens"]), (&json!("req_fx"), &json!(26)));
    assert_eq!(metadata("chat_length_partial.json")["finish_reason"], "length");
    let drifted = metadata("compat_floats_and_string_numbers.json");
    assert_eq!(drifted["usage"], json!({"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}));
    let reasoning = metadata("chat_ok_reasoning_usage.json");
    assert_eq!(reasoning["usage"]["completion_tokens_details"]["reasoning_tokens"], 320);
    assert_eq!(metadata("chat_tool_calls_null_content.json")["tool_calls"][0]["function"]["name"], "get_weather");
    assert_eq!(metadata("chat_annotations.json")["annotations"][0]["url_citation"]["title"], "Docs");
}

#[test]
fn a_connection_test_tells_the_cases_apart() {
    let index = index();
    let verdict = |file: &str| {
        let fixture = index.iter().find(|fixture| fixture["file"] == file).unwrap();
        script(fixture).test_connection(&source())
    };
    for file in ["models_list.json", "models_list_ollama_null_data.json", "models_list_vllm.json"] {
        assert_eq!(verdict(file), Outcome::Connected { warning: None }, "{file}");
    }
    for file in ["error_403_models_scope_error_string.json", "error_401_missing_scope.json"] {
        let Outcome::Connected { warning: Some(warning) } = verdict(file) else { panic!("{file}") };
        assert!(warning.contains("genuine but restricted"), "{warning}");
    }
    for (file, words) in [
        ("error_401_invalid_api_key.json", "Check the API key"),
        ("error_401_missing_key.json", "Check the API key"),
        ("error_401_mismatched_organization.json", "Check the Organization ID"),
        ("error_403_country.json", "does not serve the country"),
        ("error_404_invalid_url.json", "not the API that was expected"),
        ("error_429_insufficient_quota.json", "The API key works, but the account has no credit"),
        ("error_502_nginx.html", "Try again later"),
        ("ok_200_html_captive_portal.html", "A web page answered"),
        ("chat_ok.json", "no list of models"),
    ] {
        let Outcome::Failed(failure) = verdict(file) else { panic!("{file}") };
        assert_eq!(failure.message, "Connection could not be established");
        assert!(failure.description.contains(words), "{file}: {}", failure.description);
    }
}

#[test]
fn no_failure_shows_the_key_or_a_part_of_it() {
    for fixture in index() {
        if let (Outcome::Failed(Failure { description, data, .. }), _) = run(&fixture) {
            let shown = description + &Value::Object(data).to_string();
            assert!(!shown.contains("sk-") && !shown.contains("0123456789") && !shown.contains("***"), "{shown}");
        }
    }
}

/// Rows that the README shows; the page has them all.
const IN_README: [&str; 10] = [
    "error_401_invalid_api_key.json",
    "error_401_mismatched_organization.json",
    "error_401_missing_scope.json",
    "error_404_model_shut_down.json",
    "error_400_context_length.json",
    "error_429_rate_limit.json",
    "error_429_insufficient_quota.json",
    "error_503_overloaded.json",
    "chat_length_empty_all_reasoning.json",
    "ok_200_html_captive_portal.html",
];

fn table(fixtures: &[Value]) -> String {
    let mut table = "| situation | tries | `data.code` | `description` |\n|---|---|---|---|\n".to_owned();
    for fixture in fixtures {
        let (Outcome::Failed(failure), attempts) = run(fixture) else { continue };
        let code = failure.data.get("code").and_then(Value::as_str).map_or(String::new(), |code| format!("`{code}`"));
        let situation = format!("{}, HTTP {}", fixture["exercises"].as_str().unwrap(), fixture["status"]);
        let description = failure.description.replace('|', "\\|").replace('<', "&lt;");
        writeln!(table, "| {situation} | {attempts} | {code} | {description} |").unwrap();
    }
    table
}

/// Replaces what stands between the markers of a page, or checks that it is already that.
fn keep_current(page: &str, table: &str) {
    let (start, end) = ("<!-- failures: written by tests/fixtures.rs -->\n", "<!-- end of failures -->");
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(start).unwrap();
    let (old, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{start}{table}{end}{after}")).unwrap();
    } else {
        assert!(old == table, "{page} is out of date: run UPDATE_DOCS=1 cargo test --test fixtures");
    }
}

#[test]
fn the_tables_of_failures_are_what_the_plugin_says() {
    let mut fixtures = index();
    // Streams all fail alike: one row stands for them.
    fixtures.retain(|fixture| {
        let file = fixture["file"].as_str().unwrap();
        !file.starts_with("sse_") || file == "sse_chat_ok_usage.txt"
    });
    keep_current("docs/failures.md", &table(&fixtures));
    let find = |file: &str| fixtures.iter().find(|fixture| fixture["file"] == file).unwrap().clone();
    keep_current("README.md", &table(&IN_README.map(find)));
}
