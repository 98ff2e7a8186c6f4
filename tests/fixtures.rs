//! What an app builder sees for every stored response of the API and of similar servers.
//!
//! The table here has the essence; `docs/failures.md` and the README have the full descriptions, written by this test:
//! `UPDATE_DOCS=1 cargo test --test fixtures`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use std::{collections::BTreeSet, fmt::Write, fs, iter, path::PathBuf};

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    error::TransportErrorKind,
    network::http::HttpResponse,
    service::{Failure, Outcome},
};

enum Expect {
    /// `data` of a success.
    Data(Value),
    /// The parameter that the plugin changes so that the second request succeeds.
    Adjusts(&'static str),
    /// `data.code` of a failure, the number of requests, and a part of its description.
    Fails(&'static str, usize, &'static str),
}

use Expect::{Adjusts, Data, Fails};

#[allow(clippy::too_many_lines)] // one table
fn expectations() -> Vec<(&'static str, Expect)> {
    let pong = || Data(json!("Pong."));
    vec![
        ("compat_200_base_resp.json", Fails("1004", 1, "login fail. Check the API key")),
        ("error_400_gemini_key.json", Fails("API_KEY_INVALID", 1, "API key not valid. Check the API key")),
        ("error_400_llamacpp_context.json", Fails("400", 1, "(512 tokens). Shorten Prompt or Message history")),
        ("error_400_lmstudio_response_format.json", Fails("", 2, "Set Response format to JSON with a schema")),
        ("error_400_nest_list.json", Fails("400", 1, "messages must be an array; model should not be empty.")),
        (
            "error_400_openrouter_raw.json",
            Fails("invalid_request_error", 1, "at most 1 image per prompt. Change or clear Images and files"),
        ),
        ("error_401_account_deactivated.json", Fails("account_deactivated", 1, "Enter the API key of another account")),
        ("error_401_ip_not_authorized.json", Fails("ip_not_authorized", 1, "Add the public IP address")),
        ("error_403_organization_unverified.json", Fails("", 1, "Verify the organization at")),
        ("error_404_cloudflare_route.json", Fails("7003", 1, "Could not route to")),
        ("error_404_fastapi_route.json", Fails("", 1, "The server may not offer this operation. Check the Base URL")),
        ("error_404_openrouter_image_input.json", Fails("404", 1, "Clear Images and files")),
        ("error_413_nginx.html", Fails("", 1, "fewer or smaller Images and files")),
        (
            "error_429_billing_not_active.json",
            Fails("billing_not_active", 1, "is not active. The API key works. Add credit"),
        ),
        ("error_429_gemini_retry_info.json", Fails("429", 3, "Wait 8 s")),
        ("error_524_cloudflare.txt", Fails("", 3, "Set Streaming to On")),
        ("chat_annotations.json", Data(json!("See the docs."))),
        ("chat_audio_null_content.json", pong()),
        ("chat_content_filter.json", Fails("content_filter", 1, "Rephrase the prompt")),
        ("chat_custom_tool_call.json", Data(json!(null))),
        ("chat_json_object_content.json", Data(json!("{\"answer\": 4, \"why\": \"2+2\"}"))),
        ("chat_length_empty_all_reasoning.json", Fails("tokens_spent_on_reasoning", 1, "Raise or clear Max tokens")),
        ("chat_length_partial.json", Data(json!("The first half of the ans"))),
        ("chat_multiple_choices.json", Data(json!("A"))),
        ("chat_ok.json", pong()),
        ("chat_ok_leading_blank_lines.txt", pong()),
        ("chat_ok_reasoning_usage.json", Data(json!("42"))),
        ("chat_refusal.json", Fails("refusal", 1, "I cannot help with that")),
        ("chat_tool_calls_null_content.json", Data(json!(null))),
        ("compat_200_error_body.json", Fails("502", 3, "Upstream provider failed")),
        ("compat_azure_chat.json", pong()),
        ("compat_choice_error_midway.json", Fails("answer_cut_off", 1, "Upstream provider disconnected")),
        ("compat_choices_empty.json", Fails("no_answer", 1, "contains no choices")),
        ("compat_content_parts_array.json", pong()),
        ("compat_floats_and_string_numbers.json", pong()),
        ("compat_gemini_safety.json", Fails("content_filter", 1, "before any text")),
        ("compat_groq_chat.json", pong()),
        ("compat_not_moderated.json", Fails("not_moderated", 1, "The output was not checked")),
        ("compat_json_in_words.json", Fails("json_invalid", 1, "“I cannot do that.”")),
        ("compat_llamacpp_chat.json", pong()),
        ("compat_minimal_missing_fields.json", pong()),
        ("compat_ollama_chat.json", pong()),
        ("compat_only_reasoning.json", Fails("only_reasoning", 1, "reasoned but wrote no answer")),
        ("compat_openrouter_chat.json", pong()),
        ("compat_vllm_chat.json", Fails("tokens_spent_on_reasoning", 1, "lower Reasoning effort")),
        ("completion_echo_logprobs_null.json", Data(json!("Hi there"))),
        ("completion_ok.json", Data(json!("\n\nPong from the fixture."))),
        ("completion_two_choices_length.json", Data(json!(" first"))),
        ("completion_usage_without_completion_tokens.json", Fails("content_filter", 1, "before any text")),
        ("embeddings_too_few.json", Fails("invalid_embedding", 1, "1 embedding for 2 texts")),
        ("error_400_audio_corrupted.json", Fails("invalid_value", 1, "Check that Recording can be played")),
        ("error_400_audio_format.json", Fails("", 1, "'webm']. Check that Recording can be played, and convert it")),
        ("error_400_audio_too_long.json", Fails("invalid_value", 1, "for this model. Split the recording")),
        (
            "error_400_audio_too_short.json",
            Fails("audio_too_short", 1, "The recording is nearly empty. Check the microphone"),
        ),
        ("error_413_audio_size.json", Fails("", 1, "Record less at once, or use a format that compresses")),
        ("error_400_azure_content_filter.json", Fails("content_filter", 1, "Rephrase")),
        ("error_400_context_length.json", Fails("context_length_exceeded", 1, "Shorten Prompt or Message history")),
        ("error_400_litellm_none_strings.json", Fails("400", 1, "upstream said no")),
        ("error_400_max_tokens_unsupported.json", Adjusts("max_tokens")),
        ("error_400_suffix_unrecognized.json", Fails("", 1, "set Engine to Chat")),
        ("error_400_temperature_unsupported_value.json", Adjusts("temperature")),
        ("error_400_tools_with_reasoning_effort.json", Adjusts("reasoning_effort")),
        ("error_400_vllm_flat_legacy.json", Fails("400", 1, "list index out of range")),
        ("error_400_vllm_int_code.json", Fails("400", 1, "suffix is not currently supported")),
        ("error_401_azure_gateway.json", Fails("401", 1, "but it did not arrive")),
        ("error_401_invalid_api_key.json", Fails("invalid_api_key", 1, "Check the API key")),
        ("error_401_mismatched_organization.json", Fails("mismatched_organization", 1, "Check the Organization ID")),
        ("error_401_missing_key.json", Fails("", 1, "but it did not arrive")),
        ("error_401_missing_scope.json", Fails("", 1, "valid but restricted")),
        ("error_401_vllm_error_string.json", Fails("", 1, "Check the API key")),
        ("error_402_openrouter.json", Fails("402", 1, "Add credit")),
        ("error_403_country.json", Fails("unsupported_country_region_territory", 1, "in a supported country")),
        ("error_403_models_scope_error_string.json", Fails("", 1, "valid but restricted")),
        ("error_403_project_model_access.json", Fails("model_not_found", 1, "Ask for access to gpt-6-astra")),
        ("error_404_chat_model_on_completions.json", Fails("", 1, "Set Engine to Auto or Chat")),
        ("error_404_invalid_url.json", Fails("", 1, "Check the Base URL (https://api.openai.com/v1/v1)")),
        ("error_404_model_not_found.json", Fails("model_not_found", 1, "Check the model name nope-1")),
        (
            "error_404_model_shut_down.json",
            Fails("model_not_found", 1, "announced the shutdown of gpt-3.5-turbo-instruct for 2026-09-28. Use"),
        ),
        ("error_404_responses_only_model.json", Fails("", 2, "Choose a chat model")),
        ("error_422_fastapi_detail.json", Fails("", 1, "HTTP 422")),
        ("error_429_credit_balance_exhausted.json", Fails("credit_balance_exhausted", 1, "Add credit")),
        ("error_429_insufficient_quota.json", Fails("insufficient_quota", 1, "Add credit")),
        ("error_429_rate_limit.json", Fails("rate_limit_exceeded", 3, "Wait 4 s")),
        ("error_429_request_too_large.json", Fails("rate_limit_exceeded", 1, "Shorten Prompt")),
        ("error_429_slow_down.json", Fails("slow_down", 3, "Wait 20 s")),
        ("error_500_empty.txt", Fails("", 3, "HTTP 500: internal server error")),
        ("error_500_server_error.json", Fails("", 3, "Try again later")),
        ("error_502_cloudflare_int_code.json", Fails("502", 3, "HTTP 502")),
        ("error_502_nginx.html", Fails("", 3, "HTTP 502: Bad Gateway nginx.")),
        ("error_503_llamacpp_loading.json", Fails("503", 3, "Loading model. Wait a moment and try again.")),
        ("error_503_overloaded.json", Fails("server_is_overloaded", 3, "Wait 8 s and try again.")),
        ("error_503_plain.txt", Fails("", 3, "HTTP 503")),
        (
            "models_list.json",
            Data(json!(["ft:gpt-4.1-2025-04-14:org::abc", "gpt-5", "gpt-6-sol", "text-embedding-3-small"])),
        ),
        ("models_list_ollama_null_data.json", Data(json!([]))),
        ("models_list_vllm.json", Data(json!(["Qwen/Qwen3-32B"]))),
        ("ok_200_html_captive_portal.html", Fails("invalid_response", 1, "the sign-in page of a network")),
        ("sse_chat_azure_first_chunk.txt", pong()),
        ("sse_chat_crlf_comments_no_final_blank.txt", pong()),
        ("sse_chat_error_midstream.txt", Fails("", 1, "had an error while processing")),
        (
            "sse_chat_error_named_event.txt",
            Fails("server_is_overloaded", 1, "Wait a moment and try again. The text so far is in"),
        ),
        ("sse_chat_ok_usage.txt", Data(json!("Pong ✓"))),
        ("sse_chat_tool_calls.txt", Data(json!(null))),
        ("sse_chat_truncated.txt", Fails("truncated_response", 1, "is in data.partial.")),
        ("sse_completion_ok.txt", pong()),
    ]
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn index() -> Vec<Value> {
    let text = fs::read_to_string(root().join("__tests__/fixtures/index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

const KEY: &str = "sk-fixtures-0123456789";

/// The data source for queries that get this response.
fn find_fixture(file: &str) -> Value {
    index().into_iter().find(|fixture| fixture["file"] == file).unwrap()
}

fn source(file: &str) -> Value {
    let base_url = match file {
        "error_404_invalid_url.json" => "https://api.openai.com/v1/v1",
        "error_400_max_tokens_unsupported.json" | "error_404_fastapi_route.json" => "https://gateway.example/v1",
        "error_404_cloudflare_route.json" => "https://gateway.example/client/v4/accounts/fx/ai",
        _ => "",
    };
    json!({"apiKey": KEY, "base_url": base_url})
}

/// Options that a query needs for this response: the model that it names, the parameter that it rejects.
fn set_for(file: &str) -> Value {
    match file {
        "compat_not_moderated.json" => json!({"moderation": "output"}),
        "compat_json_in_words.json" => json!({"response_format": "json_object"}),
        "error_400_max_tokens_unsupported.json" => json!({"model": "gateway-model", "max_tokens": 50}),
        "error_400_temperature_unsupported_value.json" => json!({"model": "new-model", "temperature": 0.2}),
        "error_400_tools_with_reasoning_effort.json" => {
            json!({"model": "gpt-6-sol", "reasoning_effort": "low", "extra_body": {"tools": []}})
        }
        "error_400_suffix_unrecognized.json" | "error_400_vllm_int_code.json" => {
            json!({"model": "some-model", "suffix": " the end."})
        }
        "error_400_lmstudio_response_format.json" => json!({"model": "m", "response_format": "json_object"}),
        "error_403_organization_unverified.json" | "error_403_project_model_access.json" => {
            json!({"model": "gpt-6-astra"})
        }
        "error_404_chat_model_on_completions.json" => json!({"model": "gpt-5.4-mini"}),
        "error_404_model_not_found.json" => json!({"model": "nope-1"}),
        "error_404_responses_only_model.json" => json!({"model": "o3-pro"}),
        "error_429_rate_limit.json" | "error_429_request_too_large.json" => json!({"model": "gpt-6-sol"}),
        _ => json!({}),
    }
}

fn stored(fixture: &Value) -> HttpResponse {
    let body = fs::read(root().join("__tests__/fixtures").join(fixture["file"].as_str().unwrap())).unwrap();
    let headers = fixture["headers"].as_object().unwrap();
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    HttpResponse {
        status: u16::try_from(fixture["status"].as_u64().unwrap()).unwrap(),
        headers: headers.collect(),
        body,
        cut: None,
    }
}

/// The same response for every attempt, or a success after a response that the plugin can adjust to.
fn script(fixture: &Value) -> Script {
    let (first, mut others) = (stored(fixture), stored(fixture));
    if expectations().iter().any(|(file, expected)| fixture["file"] == *file && matches!(expected, Adjusts(_))) {
        others = stored(&find_fixture("chat_ok.json"));
    }
    Script::new(iter::once(first).chain(iter::repeat_n(others, 4)).map(Step::Respond))
}

fn query(fixture: &Value) -> Value {
    let mut query = match fixture["endpoint"].as_str().unwrap() {
        "completions" => json!({"operation": "completion", "prompt": "Ping", "engine": "completions"}),
        "models" => json!({"operation": "list_models", "include_ended": true}),
        "embeddings" => json!({"operation": "generate_embedding", "input": ["a", "b"]}),
        "transcriptions" => json!({"operation": "transcription", "file": "GkXfowEAAAA="}),
        _ => json!({"operation": "chat", "prompt": "Ping"}),
    };
    let set = set_for(fixture["file"].as_str().unwrap());
    query.as_object_mut().unwrap().extend(set.as_object().unwrap().clone());
    query
}

fn run(fixture: &Value) -> (Outcome, usize) {
    let script = script(fixture);
    let outcome = script.run(&source(fixture["file"].as_str().unwrap()), &query(fixture));
    (outcome, script.attempts())
}

fn ids(data: Value) -> Value {
    match data {
        Value::Array(models) => models.iter().map(|model| model["id"].clone()).collect(),
        other => other,
    }
}

/// `ToolJet` 2 shows only this message of a failed connection test.
#[test]
fn explains_a_failed_connection_test_in_a_few_words() {
    for (file, reason) in [
        ("error_402_openrouter.json", "no credit left"),
        ("error_404_model_not_found.json", "unknown model"),
        ("error_429_rate_limit.json", "rate limit reached"),
        ("error_500_server_error.json", "server error (HTTP 500)"),
        ("error_503_overloaded.json", "server overloaded (HTTP 503)"),
        ("ok_200_html_captive_portal.html", "a web page instead of the API"),
        ("sse_chat_ok_usage.txt", "not an OpenAI-compatible API"),
        ("chat_ok.json", "not an OpenAI-compatible API"),
    ] {
        let fixture = &find_fixture(file);
        let Outcome::Failed(failure) = script(fixture).test_connection(&source(file)) else {
            panic!("{file}: connected")
        };
        assert_eq!(failure.message, format!("Connection could not be established: {reason}"), "{file}");
        assert!(!failure.data.contains_key("message"), "{file}");
    }
    for (kind, reason) in [
        (TransportErrorKind::Timeout, "no response in time"),
        (TransportErrorKind::ConnectTimeout, "no connection in time"),
        (TransportErrorKind::Dns, "host name not found"),
        (TransportErrorKind::Refused, "connection refused"),
        (TransportErrorKind::Unreachable, "host not reachable"),
        (TransportErrorKind::Reset, "connection closed too early"),
        (TransportErrorKind::Truncated, "response cut off"),
        (TransportErrorKind::TlsExpired, "certificate expired or not yet valid"),
        (TransportErrorKind::TlsUnknownIssuer, "certificate not trusted"),
        (TransportErrorKind::TlsWrongHost, "certificate of another host"),
        (TransportErrorKind::TlsCertificate, "certificate not usable"),
        (TransportErrorKind::Tls, "TLS connection failed"),
        (TransportErrorKind::Proxy, "proxy did not connect"),
        (TransportErrorKind::ProxyAuthentication, "proxy requires a valid username and password"),
        (TransportErrorKind::Redirect, "redirected to another URL"),
        (TransportErrorKind::NotHttp, "not an HTTP server"),
        (TransportErrorKind::HeadersTooLarge, "too many response headers"),
        (TransportErrorKind::TooLarge, "response too large"),
        (TransportErrorKind::ResultTooLarge, "response too large"),
        (TransportErrorKind::Compression, "compressed response not readable"),
        (TransportErrorKind::Blocked, "address blocked by ToolJet's SSRF protection"),
        (TransportErrorKind::Busy, "too many queries at once"),
        (TransportErrorKind::Other, "connection failed"),
    ] {
        let script = Script::new(std::iter::repeat_with(|| Step::Fail(kind)).take(3));
        let Outcome::Failed(failure) = script.test_connection(&source("")) else { panic!("{kind:?}: connected") };
        assert_eq!(failure.message, format!("Connection could not be established: {reason}"));
        // ToolJet 3 shows them together, and the data as well.
        assert_eq!(repeated_words(&shown(&failure)), None, "{kind:?}");
        assert_eq!(failure.data.get("hint"), None);
    }
}

/// What `ToolJet` 3 shows of a failed connection test above the data.
fn shown(failure: &Failure) -> String {
    format!("{}: {}", failure.message, failure.description)
}

#[test]
fn says_each_thing_once_of_a_connection_test_that_a_server_rejects() {
    let page = "<html><body>Welcome</body></html>";
    let base_url = "https://gateway.example/v1";
    let url = "Check the Base URL (https://gateway.example/v1): the plugin adds the rest of the path, such as \
               /chat/completions.";
    let gateway = "Check that the server behind the gateway is running, or raise the gateway's time limit.";
    let size = "The server, or a proxy in front of it, limits the size of requests. Shorten Headers in the data source, \
                or raise the limit there.";
    let later = "Try again later. If it keeps happening, check the status of the API and any proxy in front of it.";
    for (status, body, expected) in [
        (200, r#"{"a": 1}"#, format!("not an OpenAI-compatible API: The response is not a list of models. {url}")),
        (
            200,
            "Hello",
            format!(
                "not an OpenAI-compatible API: The API returned HTTP 200 with invalid JSON (expected value at line 1 \
                 column 1) instead of a JSON object: “Hello”. {url}"
            ),
        ),
        (
            200,
            page,
            format!(
                "a web page instead of the API: It says “Welcome”. This may be the sign-in page of a network or a \
                 proxy. {url}"
            ),
        ),
        (
            400,
            page,
            format!("a web page instead of the API: It says “Welcome”. It may be the sign-in page of a network. {url}"),
        ),
        (
            403,
            page,
            format!(
                "a web page instead of the API: It says “Welcome”. A proxy or firewall may require its own sign-in, or \
                 block the ToolJet server. {url}"
            ),
        ),
        (404, "", format!("no API at this URL (HTTP 404): {url}")),
        (404, "Gone", format!("no API at this URL (HTTP 404): Gone. {url}")),
        (413, "", format!("request too large: The API returned HTTP 413. {size}")),
        (413, "Request too large", format!("request too large: The API returned HTTP 413. {size}")),
        (418, "", "request rejected (HTTP 418): ".to_owned()),
        (418, "I am a teapot", "request rejected (HTTP 418): I am a teapot.".to_owned()),
        (504, "", format!("gateway timeout (HTTP 504): {gateway}")),
        (504, "Gateway Timeout", format!("gateway timeout (HTTP 504): {gateway}")),
        (504, page, format!("gateway timeout (HTTP 504): Welcome. {gateway}")),
        (599, "", format!("server error (HTTP 599): {later}")),
        (
            500,
            r#"{"error": {"message": "It broke.", "code": "b"}}"#,
            format!("server error (HTTP 500): It broke. {later}"),
        ),
    ] {
        let script = Script::new(iter::repeat_with(|| response(status, &[], body)).take(9));
        let source = json!({"apiKey": KEY, "base_url": base_url});
        let Outcome::Failed(failure) = script.test_connection(&source) else { panic!("{status} {body}: connected") };
        assert_eq!(shown(&failure), format!("Connection could not be established: {expected}"));
        assert_eq!(repeated_words(&shown(&failure)), None, "{status} {body}");
    }
}

/// Three words that a text contains twice.
fn repeated_words(text: &str) -> Option<[String; 3]> {
    let text = text.to_lowercase();
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut seen = BTreeSet::new();
    let repeated = words.windows(3).find(|three| !seen.insert(three.to_vec()))?;
    Some([0, 1, 2].map(|at| repeated[at].to_owned()))
}

#[test]
fn reads_every_stored_response_as_the_table_says() {
    let index = index();
    let expectations = expectations();
    let listed: BTreeSet<_> = expectations.iter().map(|(file, _)| *file).collect();
    let stored: BTreeSet<_> = index.iter().map(|fixture| fixture["file"].as_str().unwrap()).collect();
    assert_eq!(listed, stored);
    for (file, expected) in expectations {
        let fixture = &find_fixture(file);
        match (run(fixture), expected) {
            ((Outcome::Ok(result), _), Data(data)) => assert_eq!(ids(result.data), data, "{file}"),
            ((Outcome::Ok(result), attempts), Adjusts(parameter)) => {
                assert_eq!((&result.metadata["adjusted"][0]["parameter"], attempts), (&json!(parameter), 2), "{file}");
            }
            ((Outcome::Failed(failure), attempts), Fails(code, expected_attempts, words)) => {
                assert_eq!(failure.message, "Query could not be completed");
                assert_eq!(failure.data.get("code").and_then(Value::as_str).unwrap_or_default(), code, "{file}");
                assert_eq!(attempts, expected_attempts, "{file}");
                assert!(failure.description.contains(words), "{file}: {}", failure.description);
                assert_eq!(failure.data["message"], failure.description, "{file}");
            }
            ((outcome, _), _) => panic!("{file}: {outcome:?}"),
        }
    }
}

#[test]
fn reads_metadata_whatever_the_server_sends() {
    let metadata = |file: &str| match run(&find_fixture(file)).0 {
        Outcome::Ok(result) => Value::Object(result.metadata),
        other => panic!("{file}: {other:?}"),
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
    assert_eq!(metadata("chat_tool_calls_null_content.json")["tool_calls"][0]["arguments"], json!({"city": "Oslo"}));
    assert_eq!(metadata("chat_annotations.json")["annotations"][0]["url_citation"]["title"], "Docs");
    let sources = json!([{"title": "Docs", "url": "https://example.com/docs"}]);
    assert_eq!(metadata("chat_annotations.json")["sources"], sources);
}

#[test]
fn keeps_the_model_s_output_in_the_data_of_a_failure() {
    let data = |file: &str| match run(&find_fixture(file)).0 {
        Outcome::Failed(failure) => failure.data,
        other => panic!("{file}: {other:?}"),
    };
    assert_eq!(data("compat_only_reasoning.json")["reasoning"], "2 and 2 are 4.");
    assert_eq!(data("compat_vllm_chat.json")["reasoning"], "long thought");
    assert_eq!(data("compat_choice_error_midway.json")["partial"], "The first half of the ans");
    assert_eq!(data("compat_json_in_words.json")["partial"], "I cannot do that.");
    assert!(!data("chat_refusal.json").contains_key("partial"));
    assert_eq!(data("chat_refusal.json")["usage"]["total_tokens"], 26);
}

#[test]
fn reports_the_requests_in_the_metadata_of_a_failure() {
    let metadata = |file: &str| match run(&find_fixture(file)).0 {
        Outcome::Failed(failure) => Value::Object(failure.metadata),
        other => panic!("{file}: {other:?}"),
    };
    let expected = json!({"attempts": 3, "duration_ms": 8_000, "request_id": "req_fx", "model": "gpt-6-sol"});
    assert_eq!(metadata("error_429_rate_limit.json"), expected);
    assert_eq!(metadata("chat_refusal.json")["request_id"], "req_fx");
    assert_eq!(metadata("chat_refusal.json")["usage"]["total_tokens"], 26);
    assert_eq!(metadata("error_403_models_scope_error_string.json").get("model"), None);
    let unsent = Script::new([]).run(&source(""), &json!({"operation": "chat"}));
    assert!(matches!(unsent, Outcome::Failed(failure) if failure.metadata.is_empty()));
    let refused = json!({"error": {"message": "not supported", "param": "seed"}});
    let steps = [response(400, &[], refused), response(401, &[], json!({"error": "no"}))];
    let query = json!({"operation": "chat", "prompt": "Ping", "model": "m", "seed": 1});
    let Outcome::Failed(failure) = Script::new(steps).run(&source(""), &query) else { panic!("a success") };
    assert_eq!(failure.metadata["adjusted"], json!([{"parameter": "seed", "change": "removed"}]));
}

#[test]
fn distinguishes_the_cases_of_a_connection_test() {
    let verdict = |file: &str| {
        let fixture = &find_fixture(file);
        script(fixture).test_connection(&source(file))
    };
    for file in ["models_list.json", "models_list_ollama_null_data.json", "models_list_vllm.json"] {
        assert_eq!(verdict(file), Outcome::Connected { warning: None }, "{file}");
    }
    for file in ["error_403_models_scope_error_string.json", "error_401_missing_scope.json"] {
        let Outcome::Connected { warning: Some(warning) } = verdict(file) else { panic!("{file}") };
        assert!(warning.contains("valid but restricted"), "{warning}");
    }
    for (file, reason, words) in [
        ("error_401_invalid_api_key.json", "wrong API key", "Check the API key"),
        ("error_401_missing_key.json", "API key not received", "but it did not arrive"),
        ("error_401_mismatched_organization.json", "wrong organization ID", "Check the Organization ID"),
        ("error_403_country.json", "country not supported", "in a supported country"),
        ("error_404_invalid_url.json", "no API at this URL (HTTP 404)", "Check the Base URL"),
        ("error_429_insufficient_quota.json", "no credit left", "The API key works. Add credit"),
        ("error_502_nginx.html", "server error (HTTP 502)", "Try again later"),
        ("error_503_plain.txt", "server overloaded (HTTP 503)", "Wait a moment"),
        ("ok_200_html_captive_portal.html", "a web page instead of the API", "the sign-in page of a network"),
        ("chat_ok.json", "not an OpenAI-compatible API", "not a list of models"),
    ] {
        let Outcome::Failed(failure) = verdict(file) else { panic!("{file}") };
        assert_eq!(failure.message, format!("Connection could not be established: {reason}"));
        assert!(failure.description.contains(words), "{file}: {}", failure.description);
        assert_eq!(repeated_words(&shown(&failure)), None, "{file}");
        // ToolJet 3 shows the data below the description, so it must not repeat it.
        assert_eq!((failure.data.get("message"), failure.metadata.len()), (None, 0), "{file}");
    }
}

#[test]
fn redacts_the_key_and_its_parts_in_every_failure() {
    for fixture in index() {
        if let (Outcome::Failed(Failure { description, data, metadata, .. }), _) = run(&fixture) {
            let shown = description + &Value::Object(data).to_string() + &Value::Object(metadata).to_string();
            assert!(!shown.contains("sk-") && !shown.contains("0123456789") && !shown.contains("***"), "{shown}");
        }
    }
}

/// Rows in the README; the page has them all.
const IN_README: [&str; 3] =
    ["error_401_invalid_api_key.json", "error_404_model_shut_down.json", "error_429_rate_limit.json"];

fn table(fixtures: &[Value]) -> String {
    let mut table = "| situation | attempts | `data.code` | `description` |\n|---|---|---|---|\n".to_owned();
    for fixture in fixtures {
        let (Outcome::Failed(failure), attempts) = run(fixture) else { continue };
        let code = failure.data.get("code").and_then(Value::as_str).map_or(String::new(), |code| format!("`{code}`"));
        let situation = format!("{}, HTTP {}", fixture["exercises"].as_str().unwrap(), fixture["status"]);
        let description = failure.description.replace('|', "\\|").replace('<', "&lt;");
        writeln!(table, "| {situation} | {attempts} | {code} | {description} |").unwrap();
    }
    table
}

/// Replaces the text between the markers of a page, or checks that it is up to date.
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
fn documents_the_failures_that_the_plugin_reports() {
    let fixtures = index();
    keep_current("docs/failures.md", &table(&fixtures));
    let find = |file: &str| fixtures.iter().find(|fixture| fixture["file"] == file).unwrap().clone();
    keep_current("README.md", &table(&IN_README.map(find)));
}
