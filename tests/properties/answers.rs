//! JSON in an answer, whatever surrounds it.

use proptest::prelude::*;
use serde_json::Value;
use tooljet_openai::{input::loose_json, operations::json_answer};

use crate::{config, samples};

/// A non-empty object, the only kind that counts among words.
fn object() -> impl Strategy<Value = Value> {
    samples::json().prop_map(|value| Value::from_iter([("answer", value)]))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn finds_an_object_among_words(object in object(), words in "[a-z .,:'!?\n]{0,40}", fence in any::<bool>()) {
        let json = if fence { format!("```json\n{object}\n```") } else { object.to_string() };
        let text = format!("<think>{{\"a\": 1}}</think>{words}{json} {words}");
        // A fence or the end of thinking inside the JSON looks like one around it.
        prop_assume!(!object.to_string().contains("```") && !object.to_string().contains("</"));
        prop_assert_eq!(json_answer::find(&text).ok(), Some(object), "{}", text);
    }

    #[test]
    fn finds_an_object_in_a_json_string(object in object()) {
        let once = Value::from(object.to_string());
        let twice = Value::from(once.to_string());
        prop_assert_eq!(json_answer::find(&once.to_string()).ok(), Some(object.clone()));
        prop_assert_eq!(json_answer::find(&twice.to_string()).ok(), Some(object));
    }

    #[test]
    fn keeps_json_unchanged(value in samples::json()) {
        let json = value.to_string();
        prop_assert_eq!(loose_json::tidied(&json), Some(json));
    }

    #[test]
    fn finds_objects_and_arrays_only_in_a_text_that_is_not_json(text in r#"[\[\]{}"'`,:/*\\ <>a-cT0-1\n]{0,60}"#) {
        if let Ok(found) = json_answer::find(&text) {
            let is_json = serde_json::from_str::<Value>(text.trim()).is_ok();
            prop_assert!(is_json || found.is_object() || found.is_array(), "{}", text);
        }
    }
}
