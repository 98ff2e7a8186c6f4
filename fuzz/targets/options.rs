//! Options of a data source and of a query: the JSON text of `[source, query]`.
#![no_main]

#[path = "../../tests/support/script.rs"]
mod script;

use libfuzzer_sys::{Corpus, fuzz_target};
use script::{Script, answer};
use serde_json::{Value, json};
use tooljet_openai::service::{Failure, Outcome};

const KEY: &str = "Qx7-Vw93_ZpLm41kTrY8eHn2-BdGs56uJcFa0XoWi";

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(Value::Array(mut options)) = serde_json::from_slice(data) else { return Corpus::Reject };
    let [source, query] = options.as_mut_slice() else { return Corpus::Reject };
    if let Value::Object(source) = source {
        source.insert("apiKey".to_owned(), KEY.into());
    }
    let success = json!({
        "choices": [{"text": "{}", "message": {"content": "{}"}}], "data": [{"embedding": [1], "url": "u", "id": "m"}]
    });
    let script = Script::new([answer(200, &[], success)]);
    let outcome = script.run(source, query);
    for sent in script.sent.lock().unwrap().iter() {
        assert!(!sent.body.to_string().contains(KEY) || query.to_string().contains(KEY));
        assert!(sent.url.starts_with("http"));
        assert!(sent.headers.iter().all(|(_, value)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    }
    match outcome {
        Outcome::Ok(_) => assert_eq!(script.attempts(), 1),
        Outcome::Failed(Failure { description, data, .. }) => {
            assert_ne!(data.get("code"), Some(&json!("internal_error")), "{description}");
            assert!(!(description + &Value::Object(data).to_string()).contains(KEY));
        }
        Outcome::Connected { .. } => unreachable!("a query is not a connection test"),
    }
    Corpus::Keep
});
