//! Whole queries against servers that send anything.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use tooljet_openai::{
    network::http::HttpResponse,
    service::{Failure, Outcome},
};

use crate::{
    config,
    samples::{self, KEY, Response, leaks},
    script::{Script, Step},
};

/// A query with most options set, so that there is something to adjust.
fn query(operation: &str) -> Value {
    json!({
        "operation": operation, "prompt": "As JSON", "input": ["a", "b"], "question": "Is it?",
        "file": "data:audio/wav;base64,UklGRgAAAABXQVZF", "prompts": ["As JSON"], "batch_id": "batch_1", "model": "some-model", "temperature": 1,
        "max_tokens": 5, "stop_sequence": "END", "top_p": 1, "n": 2, "seed": 7, "frequency_penalty": 1,
        "presence_penalty": 1, "logprobs": 1, "reasoning_effort": "low", "verbosity": "low", "service_tier": "flex",
        "system_prompt": "Be brief.", "query_timeout": 100_000
    })
}

/// Maximum number of requests of a query, without retries: one for each possible adjustment, at up to two endpoints.
const MAX_REQUESTS: usize = 2 * (1 + 19);

fn echoing(Response(mut response): Response, echo: bool) -> HttpResponse {
    if echo {
        let body = String::from_utf8_lossy(&response.body).replace("message\":\"", &format!("message\":\"{KEY} "));
        response.body = body.into_bytes();
    }
    response
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ends_every_query_in_time_and_without_secrets(
        responses in vec((samples::response(), any::<bool>()), 1..5),
        operation in prop::sample::select(samples::OPERATIONS.clone()), max_retries in 0_usize..10,
    ) {
        let scripted: Vec<_> = responses.into_iter().map(|(response, echo)| echoing(response, echo)).collect();
        let steps = scripted.iter().cycle().take(MAX_REQUESTS + max_retries).cloned().map(Step::Respond);
        let script = Script::new(steps);
        let source = json!({"apiKey": KEY, "max_retries": max_retries, "timeout_seconds": 300});
        let outcome = script.run(&source, &query(&operation.0));

        prop_assert!(script.elapsed() <= Duration::from_secs(100));
        prop_assert!(script.slept().iter().all(|wait| *wait <= Duration::from_secs(60)));
        let attempts = u64::try_from(script.attempts()).unwrap();
        prop_assert!(attempts >= 1);
        for sent in script.sent.lock().unwrap().iter() {
            prop_assert!(!sent.body.to_string().contains(KEY));
        }
        match outcome {
            Outcome::Ok(result) => prop_assert_eq!(&result.metadata["attempts"], &json!(attempts)),
            Outcome::Failed(Failure { description, data, metadata, .. }) => {
                prop_assert!(!description.trim().is_empty());
                prop_assert_eq!(data["message"].as_str(), Some(description.as_str()));
                prop_assert_eq!(&metadata["attempts"], &json!(attempts));
                prop_assert_ne!(data.get("code"), Some(&json!("internal_error")), "{}", description);
                let shown = description + &Value::Object(data).to_string() + &Value::Object(metadata).to_string();
                prop_assert!(!leaks(&shown, KEY), "{}", shown);
                prop_assert!(shown.len() < 20_000);
            }
            Outcome::Connected { .. } => prop_assert!(false, "a query is not a connection test"),
        }
    }

    #[test]
    fn ends_every_connection_test_in_time_and_without_secrets(response in samples::response(), echo in any::<bool>()) {
        let response = echoing(response, echo);
        let script = Script::new((0..3).map(|_| Step::Respond(response.clone())));
        match script.test_connection(&json!({ "apiKey": KEY })) {
            Outcome::Connected { warning } => prop_assert!(!leaks(&warning.unwrap_or_default(), KEY)),
            Outcome::Failed(Failure { description, data, .. }) => {
                prop_assert_ne!(data.get("code"), Some(&json!("internal_error")), "{}", description);
                prop_assert!(!leaks(&(description + &Value::Object(data).to_string()), KEY));
            }
            Outcome::Ok(_) => prop_assert!(false, "a connection test is not a query"),
        }
        prop_assert!(script.elapsed() <= Duration::from_secs(15));
    }
}
