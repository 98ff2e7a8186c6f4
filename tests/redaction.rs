//! Redaction in whole queries: secrets and long text that the API or a field repeats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::{MAX_DESCRIPTION_CHARS, MAX_HEADERS, MAX_MESSAGE_CHARS, MAX_WORD_CHARS},
    error::TransportErrorKind,
    input::secret::Secret,
    service::{Failure, Outcome},
};

const KEY: &str = "sk-redaction-0123456789";

fn source() -> Value {
    json!({"apiKey": KEY, "base_url": "https://gateway.example/v1?token=topsecretvalue&api-version=2024-10-21"})
}

fn query() -> Value {
    json!({"operation": "chat", "model": "m", "prompt": "Ping"})
}

/// The failure of a query whose request gets this response.
fn failure(source: &Value, query: &Value, step: Option<Step>) -> Failure {
    match Script::new(step).run(source, query) {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn with(mut options: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut options, more) else { panic!("not objects") };
    members.extend(more);
    options
}

/// An API error with this message.
fn error(message: impl Into<Value>) -> Step {
    response(400, &[], json!({"error": {"message": message.into()}}))
}

#[test]
fn redacts_a_key_that_the_api_repeats_in_metadata_at_any_depth() {
    let body = json!({
        "id": KEY,
        "model": format!("m-{KEY}"),
        "usage": {KEY: 1},
        "choices": [{
            "message": {"content": "x", "tool_calls": [{"function": {"arguments": format!("{{\"a\": \"{KEY}\"}}")}}]},
            "logprobs": {"content": [{"token": KEY, "top_logprobs": [{"token": KEY}]}]},
        }],
    });
    let script = Script::new([response(200, &[("x-request-id", KEY)], body)]);
    let Outcome::Ok(result) = script.run(&source(), &with(query(), json!({"result": "details"}))) else {
        panic!("failed")
    };
    let (data, metadata) = (result.data.to_string(), Value::Object(result.metadata).to_string());
    assert!(!data.contains(KEY) && !metadata.contains(KEY), "{data} {metadata}");
    assert!(metadata.contains(r#"{\"a\": \"[redacted]\"}"#), "{metadata}");
}

#[test]
fn redacts_a_key_in_what_a_failure_keeps_of_an_answer() {
    let long = "x".repeat(MAX_DESCRIPTION_CHARS);
    let message = json!({"content": format!("Key {KEY}"), "reasoning": format!("{long} {KEY}")});
    let step = response(200, &[], json!({"choices": [{"message": message, "finish_reason": "error"}]}));
    let data = Value::Object(failure(&source(), &query(), Some(step)).data);
    assert_eq!((&data["code"], &data["partial"]), (&json!("answer_cut_off"), &json!("Key [redacted]")));
    assert!(!data.to_string().contains(KEY) && data["reasoning"].is_string());
}

#[test]
fn redacts_a_secret_in_the_query_string_but_not_the_api_version() {
    let message = "bad url ?token=topsecretvalue&api-version=2024-10-21";
    let script = Script::new([response(400, &[], json!({"error": {"message": message}}))]);
    let Outcome::Failed(failure) = script.run(&source(), &query()) else { panic!("succeeded") };
    assert!(!failure.description.contains("topsecretvalue") && failure.description.contains("2024-10-21"));
}

#[test]
fn redacts_a_secret_in_the_query_string_in_every_encoding() {
    // A server reads each of them as "pass/wörd one".
    for typed in ["pass%2Fw%C3%B6rd+one", "pass/w%c3%b6rd%20one", "pass/wörd%20one"] {
        let url = format!("https://gateway.example/v1?token={typed}");
        let source = json!({"apiKey": KEY, "base_url": url});
        for echo in ["pass%2Fw%C3%B6rd+one", "pass%2fw%c3%b6rd%20one", "pass/wörd one"] {
            let shown = failure(&source, &query(), Some(error(format!("token ({echo})")))).description;
            assert!(shown.contains("token ([redacted])"), "{typed}: {shown}");
        }
    }
}

#[test]
fn redacts_the_credentials_of_a_header_encoded_and_decoded() {
    // user:password1, as in the header.
    let source = with(source(), json!({"headers": [["x-auth", "Basic dXNlcjpwYXNzd29yZDE="]]}));
    for echo in ["dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE", "user:password1", "password1", "70617373776f726431"] {
        let shown = failure(&source, &query(), Some(error(format!("got ({echo})")))).description;
        assert!(shown.contains("got ([redacted]"), "{echo}: {shown}");
    }
}

#[test]
fn redacts_the_secrets_of_the_proxy() {
    let secrets: Vec<_> = ["operator:hush-hush", "hush-hush"].map(Secret::new).into();
    for echo in ["hush-hush", "operator:hush-hush", "b3BlcmF0b3I6aHVzaC1odXNo"] {
        let script = |message: String| {
            let mut script = Script::new([error(message)]);
            script.proxy_secrets.clone_from(&secrets);
            script
        };
        let outcome = script(format!("got ({echo})")).run(&source(), &query());
        assert!(format!("{outcome:?}").contains("got ([redacted])"), "{outcome:?}");
        let test = format!("{:?}", script(echo.to_owned()).test_connection(&source()));
        assert!(test.contains("[redacted]") && !test.contains(echo), "{test}");
    }
}

/// Failures without anything foreign in them, with the options and the response that cause them.
fn own_failures() -> Vec<(Value, Option<Step>)> {
    vec![
        (json!({"operation": null}), None),
        (json!({"prompt": null}), None),
        (json!({"temperature": [1, 2]}), None),
        (json!({"n": {}}), None),
        (json!({"extra_body": "{\"stream\": true}"}), None),
        (json!({"extra_body": "{"}), None),
        (json!({"message_history": [{"role": "user", "content": [["a", "b"]]}]}), None),
        (json!({"response_format": "json_schema"}), None),
        (json!({"stop_sequence": ["a", ["b"]]}), None),
        (json!({"images": [{}]}), None),
        (json!({}), Some(response(404, &[], ""))),
        (json!({}), Some(response(418, &[], "{}"))),
        (json!({}), Some(response(200, &[], ""))),
        (json!({}), Some(response(200, &[], "{\"choices\": []}"))),
        (json!({}), Some(response(200, &[], "{\"choices\": [{\"message\": {}, \"finish_reason\": \"length\"}]}"))),
        (json!({}), Some(Step::Hang)),
        (json!({}), Some(Step::Fail(TransportErrorKind::Redirect))),
        (json!({}), Some(Step::Fail(TransportErrorKind::ProxyAuthentication))),
        (json!({"operation": "list_models"}), Some(Step::Fail(TransportErrorKind::Tls))),
    ]
}

fn to_json(failure: &Failure) -> Value {
    Outcome::Failed(failure.clone()).into_members().into()
}

#[test]
fn leaves_the_plugins_own_words_when_each_of_them_is_a_secret() {
    // The default URL, which is also the plugin's own. No retries, because the script has one response.
    let source = |headers: &[Value]| json!({"apiKey": "sk-1", "max_retries": 0, "headers": headers});
    for ((fields, step), (_, again)) in own_failures().into_iter().zip(own_failures()) {
        let query = with(json!({"operation": "chat", "prompt": "Ping", "model": "~"}), fields);
        let expected = to_json(&failure(&source(&[]), &query, step));
        let text = expected.to_string();
        let mut words: Vec<_> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        words.sort_unstable();
        words.dedup();
        let sentences = text.split('"').filter(|text| text.is_ascii() && text.contains(' '));
        let secrets: Vec<_> = words.into_iter().chain(sentences).collect();
        assert!(secrets.len() > 10, "{text}");
        for some in secrets.chunks(MAX_HEADERS) {
            let headers: Vec<_> = some.iter().enumerate().map(|(n, word)| json!([format!("x-{n}"), word])).collect();
            let again = match &again {
                Some(Step::Respond(response)) => Some(Step::Respond(response.clone())),
                Some(Step::Fail(kind)) => Some(Step::Fail(*kind)),
                Some(Step::Hang) => Some(Step::Hang),
                None => None,
            };
            assert_eq!(to_json(&failure(&source(&headers), &query, again)), expected, "{some:?}");
        }
    }
}

#[test]
fn leaves_the_plugins_own_metadata_when_it_contains_a_secret() {
    let headers = json!([["x-a", "chat/completions"], ["x-b", "temperature"], ["x-c", "chat"], ["x-d", "stop"]]);
    let source = with(source(), json!({"headers": headers}));
    let query = with(query(), json!({"model": "gpt-5", "temperature": 1}));
    let body = json!({"choices": [{"message": {"content": "chat"}, "finish_reason": "stop"}]});
    let Outcome::Ok(result) = Script::new([response(200, &[], body)]).run(&source, &query) else { panic!("failed") };
    assert_eq!(result.data, "chat");
    assert_eq!(result.metadata["endpoint"], "chat/completions");
    assert_eq!(result.metadata["adjusted"][0]["parameter"], "temperature");
    // Too short to be distinguished from a word of the API.
    assert_eq!(result.metadata["finish_reason"], "stop");
}

#[test]
fn leaves_the_substituted_model_of_a_failure_when_it_is_a_secret() {
    let query = json!({"operation": "completion", "engine": "chat", "prompt": "Ping"});
    let substituted = |source: &Value| failure(source, &query, Some(error("no"))).metadata["substituted_model"].clone();
    let model = substituted(&source());
    assert!(model.as_str().is_some_and(|model| model.starts_with("gpt-")), "{model}");
    assert_eq!(substituted(&with(source(), json!({"headers": [["x-a", model]]}))), model);
}

/// Queries and responses with long text that an error repeats.
fn long_failures() -> Vec<(Value, Option<Step>)> {
    let long = "é".repeat(1 << 18);
    let everywhere = json!({"message": long, "type": long, "code": long, "param": long});
    vec![
        (json!({"metadata": {&long: []}}), None),
        (json!({"temperature": long}), None),
        (json!({"operation": "completion", "engine": long}), None),
        (json!({"operation": long}), None),
        (json!({"response_format": long}), None),
        (json!({"images": [{"name": long, "type": long}]}), None),
        (json!({"images": [{"name": long, "type": long, "base64Data": "AAAA"}]}), None),
        (json!({"json_schema": {"type": "object", "properties": {&long: 5}}, "response_format": "json_schema"}), None),
        (json!({"message_history": [long]}), None),
        (json!({"model": long}), Some(response(404, &[("x-request-id", &long)], json!({"error": everywhere})))),
        (json!({}), Some(response(400, &[], json!({"error": everywhere})))),
        (json!({}), Some(response(502, &[], &long))),
        (json!({}), Some(response(200, &[], &long))),
        (json!({}), Some(response(200, &[], json!({"choices": [{"message": {"refusal": long}}]})))),
        (
            json!({}),
            Some(response(200, &[], json!({"choices": [{"error": {"message": long}, "finish_reason": "error"}]}))),
        ),
    ]
}

#[test]
fn truncates_everything_that_an_error_repeats() {
    let source = with(source(), json!({"max_retries": 0}));
    for (fields, step) in long_failures() {
        let names = format!("{:?}", fields.as_object().map(|fields| fields.keys().collect::<Vec<_>>()));
        let failure = failure(&source, &with(query(), fields), step);
        assert!(failure.description.chars().count() <= MAX_DESCRIPTION_CHARS + 1, "{names}: {}", failure.description);
        assert!(failure.description.contains('…'), "{names}: {}", failure.description);
        let members: Map<_, _> = failure.data.into_iter().chain(failure.metadata).collect();
        for (name, value) in members {
            let most = if matches!(name.as_str(), "message" | "hint") { MAX_DESCRIPTION_CHARS } else { MAX_WORD_CHARS };
            assert!(value.as_str().is_none_or(|text| text.chars().count() <= most + 1), "{names}: {name} is {value}");
        }
    }
}

#[test]
fn truncates_a_description_that_redaction_makes_longer() {
    // Each short secret becomes a placeholder of ten characters.
    let message = "a ".repeat(MAX_MESSAGE_CHARS / 2);
    let source = json!({"apiKey": "a", "base_url": "https://gateway.example"});
    let shown = failure(&source, &query(), Some(error(message))).description;
    assert_eq!(shown.chars().count(), MAX_DESCRIPTION_CHARS + 1, "{shown}");
}

#[test]
fn redacts_every_member_of_an_api_error() {
    const SECRET: &str = "Zx81-Commodore-64";
    let source = with(source(), json!({"max_retries": 0, "headers": [["x-own", SECRET]]}));
    for status in [400, 404, 422, 503] {
        let everywhere = json!({"message": SECRET, "type": SECRET, "code": SECRET, "param": SECRET});
        let step = response(status, &[("x-request-id", SECRET)], json!({"error": everywhere}));
        let query = with(query(), json!({"model": SECRET}));
        let shown = to_json(&failure(&source, &query, Some(step))).to_string();
        assert!(!shown.contains("Commodore") && shown.contains("[redacted]"), "{shown}");
    }
}

#[test]
fn rejects_a_long_key_with_many_headers_before_searching_for_them() {
    // Searching for each of them in text that repeats the key would take a minute.
    let headers: Vec<_> = (0..95).map(|n| json!([format!("x-{n}"), format!("{n}{}", "a".repeat(600))])).collect();
    let source = json!({"apiKey": "a".repeat(5 << 20), "headers": headers});
    let shown = failure(&source, &query(), None);
    assert_eq!(shown.data["param"], "apiKey");
    assert!(shown.description.starts_with("API key must be shorter"), "{}", shown.description);
}
