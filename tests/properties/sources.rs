//! Data sources with any fields.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    input::{fields::Fields, options::SourceOptions},
    service::Outcome,
};

use crate::{
    config,
    samples::{self, KEY, SOURCE_KEYS, leaks},
    script::{Script, response},
};

fn source() -> impl Strategy<Value = Map<String, Value>> {
    let api_key = prop_oneof![4 => Just(Value::from(KEY)), 1 => samples::field()];
    let pair = (prop_oneof!["[A-Za-z-]{0,12}", samples::text()], prop_oneof!["[!-~]{8,40}", samples::text()]);
    let pairs = vec(pair.prop_map(|(name, value)| json!([name, value])), 0..4).prop_map(Value::from);
    (samples::options(SOURCE_KEYS.clone()), api_key, proptest::option::of(pairs)).prop_map(
        |(mut options, key, pairs)| {
            options.insert("apiKey".to_owned(), key);
            options.extend(pairs.map(|pairs| ("headers".to_owned(), pairs)));
            options
        },
    )
}

fn read(options: &Map<String, Value>) -> Result<SourceOptions, String> {
    let options = Value::Object(options.clone());
    SourceOptions::from_fields(&Fields::of("sourceOptions", &options).unwrap())
        .map_err(|error| error.details().param.unwrap_or_default().to_string())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reads_a_data_source_or_names_the_field(options in source()) {
        match read(&options) {
            Ok(source) => {
                prop_assert!(source.timeout.is_none_or(|timeout| (1..=3600).contains(&timeout.as_secs())) && source.max_retries <= 10);
                for (at, (name, value)) in source.headers.iter().enumerate() {
                    let token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c.is_ascii_punctuation();
                    prop_assert!(!name.is_empty() && name.chars().all(token), "{}", name);
                    prop_assert!(value.expose().chars().all(|c| (' '..='~').contains(&c)));
                    prop_assert!(source.headers.iter().skip(at + 1).all(|(other, _)| other != name), "two {}", name);
                    prop_assert!(!["host", "content-length", "transfer-encoding"].contains(&name.as_str()));
                }
            }
            Err(field) => prop_assert!(SOURCE_KEYS.contains(&field), "{}", field),
        }
    }

    #[test]
    fn redacts_key_and_headers_in_errors_of_a_data_source(
        mut options in source(), place in prop::sample::select(SOURCE_KEYS.clone()), wrap in 0..4,
    ) {
        // The key may also have been pasted into another field.
        let pasted = match wrap {
            0 => json!(KEY),
            1 => json!(json!(KEY).to_string()),
            2 => json!([KEY]),
            _ => json!({ "a": KEY }),
        };
        options.insert(place, pasted);
        options.insert("apiKey".to_owned(), KEY.into());
        let secrets: Vec<String> = match options.get("headers") {
            Some(Value::Array(pairs)) => pairs.iter().filter_map(|pair| Some(pair[1].as_str()?.to_owned())).collect(),
            _ => Vec::new(),
        };
        let query = json!({"operation": "list_models"});
        if let Outcome::Failed(failure) = Script::new([response(400, &[], KEY)]).run(&Value::Object(options), &query) {
            let shown = failure.description + &Value::Object(failure.data).to_string();
            prop_assert!(!leaks(&shown, KEY), "{}", shown);
            for secret in secrets.iter().filter(|secret| secret.len() >= 12) {
                prop_assert!(!shown.contains(secret.as_str()), "{} is in {}", secret, shown);
            }
        }
    }
}
