#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // here a panic is a failed test
//! Tenants of one server share its process: what one of them does changes nothing for another.

#[path = "support/script.rs"]
mod script;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{policy::model_cache::ModelCache, service::Outcome};

const ADDRESS: &str = "https://gateway.example/v1";

fn pong() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "Pong."}, "finish_reason": "stop"}]}))
}

fn refusal(param: &str, message: &str) -> Step {
    response(400, &[], json!({"error": {"message": message, "type": "x", "param": param, "code": null}}))
}

fn query(options: Value) -> Value {
    let mut query = json!({"operation": "chat", "prompt": "Ping", "model": "shared-model"});
    query.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    query
}

/// What the second tenant sends after the first one's query was refused and then adjusted.
fn sent_after(first: Value, refused: Step, second: Value, address_of_first: &str) -> Value {
    let cache = ModelCache::default();
    let adjusted = Script::new([refused, pong()]);
    let source = json!({"apiKey": "sk-first", "base_url": address_of_first});
    let outcome = adjusted.run_with(&cache, &source, &query(first));
    assert!(matches!(outcome, Outcome::Ok(_)), "{outcome:?}");
    assert_eq!(adjusted.attempts(), 2);
    let script = Script::new([pong()]);
    script.run_with(&cache, &json!({"apiKey": "sk-second", "base_url": ADDRESS}), &query(second));
    script.sent.lock().unwrap().remove(0).body
}

#[test]
fn does_not_cache_a_rejection_of_one_account() {
    let tier = json!({"service_tier": "priority"});
    let refused = refusal("service_tier", "service_tier is not available for this organization");
    assert_eq!(sent_after(tier.clone(), refused, tier, ADDRESS)["service_tier"], "priority");
}

#[test]
fn does_not_cache_a_rejection_of_one_value() {
    let refused = refusal("verbosity", "'hihg' is not one of ['low', 'medium', 'high'] - 'verbosity'");
    let sent = sent_after(json!({"verbosity": "hihg"}), refused, json!({"verbosity": "high"}), ADDRESS);
    assert_eq!(sent["verbosity"], "high");
}

#[test]
fn does_not_cache_for_other_servers_what_a_hostile_one_rejects() {
    let seed = json!({"seed": 7});
    let refused = || refusal("seed", "seed is not supported with this model");
    assert_eq!(sent_after(seed.clone(), refused(), seed.clone(), "https://hostile.example/v1")["seed"], 7);
    assert_eq!(sent_after(seed.clone(), refused(), seed, ADDRESS).get("seed"), None, "the same server is believed");
}
