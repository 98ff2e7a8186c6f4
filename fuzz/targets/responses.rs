//! Responses of a server: `status`, `retry-after` and `content-encoding` on a line each, then
//! the body.
#![no_main]

#[path = "../../tests/support/script.rs"]
mod script;

use std::time::Duration;

use libfuzzer_sys::{Corpus, fuzz_target};
use script::{Script, Step};
use serde_json::{Value, json};
use tooljet_openai::{network::http::HttpResponse, service::{Failure, Outcome}};

const KEY: &str = "Qx7-Vw93_ZpLm41kTrY8eHn2-BdGs56uJcFa0XoWi";
const OPERATIONS: [&str; 5] = ["completion", "chat", "image_generation", "generate_embedding", "list_models"];
/// More than any query may send.
const MAX_REQUESTS: usize = 100;

fn response(data: &[u8]) -> Option<HttpResponse> {
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(lines.next()?).ok();
    let (status, wait, encoding) = (line()?.parse().ok()?, line()?.to_owned(), line()?.to_owned());
    let headers = vec![("retry-after".to_owned(), wait), ("content-encoding".to_owned(), encoding)];
    Some(HttpResponse { status, headers, body: lines.next()?.to_vec(), cut: None })
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(response) = response(data) else { return Corpus::Reject };
    let known = response.body.windows(KEY.len()).any(|part| part == KEY.as_bytes());
    for operation in OPERATIONS {
        let script = Script::new((0..MAX_REQUESTS).map(|_| Step::Answer(response.clone())));
        let query = json!({
            "operation": operation, "prompt": "As JSON", "input": "a", "temperature": 1, "max_tokens": 5, "n": 2,
            "stop_sequence": "END", "response_format": "json_object", "model": "m", "seed": 1, "logprobs": 1
        });
        let outcome = script.run(&json!({ "apiKey": KEY }), &query);
        assert!(script.slept().iter().all(|wait| *wait <= Duration::from_secs(60)));
        assert!(script.elapsed() <= Duration::from_secs(600));
        if let Outcome::Failed(Failure { description, data, .. }) = outcome {
            assert_ne!(data.get("code"), Some(&json!("internal_error")), "{description}");
            assert!(!known || !(description + &Value::Object(data).to_string()).contains(KEY));
        }
    }
    Corpus::Keep
});
