#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test
//! Tenants of one server share its process, but must not affect each other.

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    policy::{
        adjust::{INSTRUCTION_ROLES, REMOVABLE, TOKEN_LIMITS},
        model_cache::ModelCache,
    },
    service::Outcome,
};

fn pong() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "Pong."}, "finish_reason": "stop"}]}))
}

fn error(status: u16, error: Value) -> Step {
    response(status, &[], json!({ "error": error }))
}

fn merged(base: Value, more: Value) -> Value {
    let (Value::Object(mut base), Value::Object(more)) = (base, more) else { panic!("not objects") };
    base.extend(more);
    base.into()
}

/// Pairs of data sources with different upstreams, or with one upstream as different customers.
fn pairs_of_tenants() -> Vec<(&'static str, [Value; 2])> {
    let gateway = json!({"apiKey": "sk-one", "base_url": "https://gateway.example/v1"});
    let pair = |name, one, other| (name, [merged(gateway.clone(), one), merged(gateway.clone(), other)]);
    let url = |url: &str| json!({ "base_url": url });
    vec![
        pair("API key", json!({"apiKey": "sk-one"}), json!({"apiKey": "sk-other"})),
        pair("organization", json!({"organizationId": "org-one"}), json!({"organizationId": "org-other"})),
        pair("organization that only one has", json!({}), json!({"organizationId": "org-other"})),
        pair("project", json!({"project_id": "proj-one"}), json!({"project_id": "proj-other"})),
        pair("header", json!({"headers": [["x-upstream", "one"]]}), json!({"headers": [["x-upstream", "other"]]})),
        pair("header that only one has", json!({}), json!({"headers": [["x-upstream", "other"]]})),
        pair("own authorization", json!({}), json!({"headers": [["authorization", "Basic b3RoZXI="]]})),
        pair("query string", url("https://gateway.example/v1?to=one"), url("https://gateway.example/v1?to=other")),
        pair("base path", url("https://gateway.example/one/v1"), url("https://gateway.example/other/v1")),
        pair("host", url("https://gateway.example/v1"), url("https://hostile.example/v1")),
    ]
}

/// Every query that is adjusted after an API error, with this error.
fn rejected_queries() -> Vec<(String, Value, Value)> {
    let mut queries = Vec::new();
    let mut add = |name: &str, options: Value, param: &str, code: &str| {
        let base = json!({"operation": "chat", "prompt": "Ping", "model": "shared-model"});
        let error = json!({"message": format!("{param} is not supported"), "param": param, "code": code});
        queries.push((format!("{name} with {code}"), merged(base, options), error));
    };
    for code in ["unsupported_parameter", "unsupported_value"] {
        for parameter in REMOVABLE {
            add(parameter, json!({"extra_body": {parameter: "x"}}), parameter, code);
        }
        for limit in TOKEN_LIMITS {
            add(limit, json!({"extra_body": {limit: 5}}), limit, code);
        }
        for role in INSTRUCTION_ROLES {
            let history = json!([{"role": role, "content": "Be brief."}]);
            add(role, json!({ "message_history": history }), "messages[0].role", code);
        }
    }
    for code in ["model_not_found", "OperationNotSupported"] {
        let fallback = json!({"operation": "completion", "prompt": "Once", "model": "shared-model"});
        queries.push((format!("fallback after {code}"), fallback, json!({"message": "gone", "code": code})));
    }
    queries
}

fn urls_and_bodies(script: &Script) -> Vec<(String, Value)> {
    script.sent.lock().unwrap().drain(..).map(|sent| (sent.url, sent.body)).collect()
}

#[test]
fn never_changes_one_tenant_s_requests_because_of_another() {
    let rejected = rejected_queries();
    assert_eq!(rejected.len(), 2 * (REMOVABLE.len() + 4) + 2);
    for (difference, [one, other]) in pairs_of_tenants() {
        for (first, second) in [(&one, &other), (&other, &one)] {
            for (name, query, rejection) in &rejected {
                let alone = Script::new([pong()]);
                alone.run(second, query);

                let cache = ModelCache::default();
                let script = Script::new([error(400, rejection.clone()), pong(), pong()]);
                let outcome = script.run_with(&cache, first, query);
                assert!(matches!(outcome, Outcome::Ok(_)), "{name}: {outcome:?}");
                let adjusted = urls_and_bodies(&script);
                assert_eq!(adjusted.len(), 2, "{name} is adjusted");
                script.run_with(&cache, second, query);
                assert_eq!(urls_and_bodies(&script), urls_and_bodies(&alone), "{name}, tenants differ in {difference}");
            }
        }
    }
}

#[test]
fn sends_the_adjusted_request_at_once_to_the_same_tenant() {
    let (_, [tenant, _]) = pairs_of_tenants().remove(0);
    for (name, query, rejection) in rejected_queries() {
        // Its acceptance depends on the account.
        if name.starts_with("service_tier") {
            continue;
        }
        let cache = ModelCache::default();
        let script = Script::new([error(400, rejection), pong(), pong()]);
        script.run_with(&cache, &tenant, &query);
        let adjusted = urls_and_bodies(&script).remove(1);
        script.run_with(&cache, &tenant, &query);
        assert_eq!(urls_and_bodies(&script), [adjusted], "{name}");
    }
}

/// The body of a tenant's second query, after the first one was adjusted to `rejection`.
fn second_body(first: Value, rejection: Value, second: Value) -> Map<String, Value> {
    let source = json!({"apiKey": "sk-one", "base_url": "https://gateway.example/v1"});
    let query = |options| merged(json!({"operation": "chat", "prompt": "Ping", "model": "m"}), options);
    let cache = ModelCache::default();
    let script = Script::new([error(400, rejection), pong(), pong()]);
    script.run_with(&cache, &source, &query(first));
    assert_eq!(script.attempts(), 2);
    script.run_with(&cache, &source, &query(second));
    let Value::Object(body) = script.sent.lock().unwrap().remove(2).body else { panic!("not an object") };
    body
}

#[test]
fn does_not_cache_a_rejection_of_one_account() {
    let tier = json!({"service_tier": "priority"});
    let message = "service_tier is not available for this organization";
    let rejection = json!({"message": message, "param": "service_tier", "code": null});
    assert_eq!(second_body(tier.clone(), rejection, tier)["service_tier"], "priority");
}

#[test]
fn sends_another_value_when_one_was_rejected() {
    let message = "'hihg' is not one of ['low', 'medium', 'high'] - 'verbosity'";
    let mistyped = json!({"message": message, "param": "verbosity", "code": null});
    let sent =
        |second: &str| second_body(json!({"verbosity": "hihg"}), mistyped.clone(), json!({ "verbosity": second }));
    assert_eq!(sent("high")["verbosity"], "high");
    assert_eq!(sent("hihg").get("verbosity"), None);

    let half = json!({"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"});
    let sent = |second: Value| second_body(json!({"temperature": 0.5}), half.clone(), json!({ "temperature": second }));
    assert_eq!(sent(json!(1))["temperature"], 1);
    assert_eq!(sent(json!("0.5")).get("temperature"), None);
}

#[test]
fn removes_every_value_when_the_parameter_was_rejected() {
    let rejection = json!({"message": "Unknown parameter: 'seed'.", "param": "seed", "code": "unknown_parameter"});
    assert_eq!(second_body(json!({"seed": 1}), rejection, json!({"seed": 2})).get("seed"), None);
}

#[test]
fn sends_the_reasoning_effort_without_tools_when_it_was_rejected_with_tools() {
    let with_tools = |name: &str| json!({"reasoning_effort": "low", "extra_body": {name: []}});
    let rejection =
        json!({"message": "not supported with tools", "param": "reasoning_effort", "code": "unsupported_parameter"});
    for name in ["tools", "functions"] {
        let sent = second_body(with_tools(name), rejection.clone(), json!({"reasoning_effort": "low"}));
        assert_eq!(sent["reasoning_effort"], "low", "{name}");
        assert_eq!(second_body(with_tools(name), rejection.clone(), with_tools(name))["reasoning_effort"], "none");
    }
}

#[test]
fn sends_sampling_without_effort_when_it_was_rejected_with_effort() {
    let with_effort = json!({"temperature": 0.5, "reasoning_effort": "high"});
    let rejection = json!({"message": "", "param": "temperature", "code": "unsupported_parameter"});
    for second in [json!({"temperature": 0.5}), json!({"temperature": 0.5, "reasoning_effort": "low"})] {
        assert_eq!(second_body(with_effort.clone(), rejection.clone(), second)["temperature"], 0.5);
    }
    assert_eq!(second_body(with_effort.clone(), rejection, with_effort).get("temperature"), None);
}
