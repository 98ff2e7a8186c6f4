//! Queries with any fields: they end in a request, or in an error that names the field.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Number, Value, json};
use tooljet_openai::{
    error::Error,
    input::fields::{Fields, number_of},
    service::Outcome,
};

use crate::{
    config,
    samples::{self, KEY, OPERATIONS},
    script::{Script, response},
};

/// Fields whose JSON is passed on unchanged, including nulls.
const AS_GIVEN: [&str; 3] = ["message_history", "json_schema", "tools"];

/// The body of the query's request, or the field that its error names.
fn body(query: &Map<String, Value>) -> Result<Value, String> {
    let success = json!({
        "choices": [{"text": "{}", "message": {"content": "{}"}}], "data": [{"embedding": [1], "url": "u", "id": "m"}]
    });
    let script = Script::new([response(200, &[], success)]);
    match script.run(&json!({"apiKey": KEY}), &Value::Object(query.clone())) {
        Outcome::Ok(_) => Ok(script.sent.lock().unwrap().remove(0).body),
        // The response does not fit every request.
        Outcome::Failed(failure) if failure.data["code"] != "invalid_option" && script.attempts() > 0 => {
            Ok(script.sent.lock().unwrap().remove(0).body)
        }
        Outcome::Failed(failure) if failure.data["code"] == "timeout" => {
            assert_eq!(script.attempts(), 0, "a timeout of less than a nanosecond");
            Err("query_timeout".to_owned())
        }
        Outcome::Failed(failure) => {
            assert_eq!(failure.data["code"], "invalid_option", "{}", failure.description);
            assert_eq!(script.attempts(), 0, "something was sent: {}", failure.description);
            let field = failure.data["param"].as_str().unwrap();
            let operation = query.get("operation").and_then(Value::as_str);
            let label = Error::invalid(field.to_owned(), "").text_in(operation).to_string();
            assert!(failure.description.starts_with(&label), "{field}: {}", failure.description);
            Err(field.to_owned())
        }
        Outcome::Connected { .. } => panic!("a query is not a connection test"),
    }
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        _ => false,
    }
}

/// Whether a member set by a form field has the type that the API expects.
fn has_known_type(name: &str, value: &Value) -> bool {
    let whole = |range: std::ops::RangeInclusive<i64>| value.as_i64().is_some_and(|number| range.contains(&number));
    let number = |low: f64, high: f64| value.as_f64().is_some_and(|number| (low..=high).contains(&number));
    let text = || value.as_str().is_some_and(|text| !text.trim().is_empty());
    match name {
        "model" | "size" | "complexity" | "quality" | "background" | "output_format" | "encoding_format"
        | "reasoning_effort" | "verbosity" | "service_tier" | "prompt_cache_key" | "safety_identifier"
        | "moderation" | "instructions" | "file" | "language" | "purpose" => text(),
        "prompt" | "suffix" => value.is_string(),
        // Texts to embed or to moderate, or the items of a conversation.
        "input" => {
            let is_input = |item: &Value| item.is_string() || item["type"].is_string();
            value.is_string() || value.as_array().is_some_and(|items| items.iter().all(is_input))
        }
        "max_output_tokens" => whole(16..=i64::MAX),
        "include" | "keywords" | "languages" => {
            value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
        }
        "questions" => {
            value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(|item| item["type"].is_string()))
        }
        "images" => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
        "max_tokens" | "max_completion_tokens" | "dimensions" => whole(1..=i64::MAX),
        "n" => whole(1..=128),
        "best_of" => whole(1..=20),
        "logprobs" => whole(0..=5),
        "seed" => value.is_i64(),
        "echo" | "store" | "stream" => value.is_boolean(),
        "temperature" => number(0.0, 2.0),
        "top_p" => number(0.0, 1.0),
        "frequency_penalty" | "presence_penalty" => number(-2.0, 2.0),
        "stop" => {
            value.is_string()
                || value
                    .as_array()
                    .is_some_and(|stops| (2..=4).contains(&stops.len()) && stops.iter().all(Value::is_string))
        }
        "metadata" => value.as_object().is_some_and(|pairs| pairs.len() <= 16 && pairs.values().all(Value::is_string)),
        "response_format" => {
            value["type"] == "json_object"
                || (value["type"] == "json_schema" && value["json_schema"]["name"].is_string())
        }
        "mask" | "reasoning" | "text" | "web_search_options" => value.is_object(),
        "tools" => value.as_array().is_some_and(|tools| tools.iter().all(|tool| tool["type"].is_string())),
        "tool_choice" => value.is_string() || value["type"].is_string(),
        "messages" => value.as_array().is_some_and(|messages| !messages.is_empty() && messages.iter().all(is_message)),
        _ => false,
    }
}

fn is_message(message: &Value) -> bool {
    let parts = |parts: &Vec<Value>| parts.iter().all(|part| part["type"].is_string());
    let content = &message["content"];
    let without_content = ["tool_calls", "audio", "refusal"].iter().any(|name| message.get(name).is_some());
    message["role"].is_string()
        && (content.is_string() || content.as_array().is_some_and(parts) || (content.is_null() && without_content))
}

/// Valid values for every numeric field, as JSON numbers.
fn numbers() -> impl Strategy<Value = Map<String, Value>> {
    let field = prop_oneof![
        (select(vec!["temperature"]), (0.0..=2.0).prop_map(Value::from)),
        (select(vec!["top_p"]), (0.0..=1.0).prop_map(Value::from)),
        (select(vec!["frequency_penalty", "presence_penalty"]), (-2.0..=2.0).prop_map(Value::from)),
        (select(vec!["seed"]), any::<i64>().prop_map(Value::from)),
        (select(vec!["max_tokens"]), (1..=i64::MAX).prop_map(Value::from)),
        (select(vec!["n"]), (1..=10).prop_map(Value::from)),
    ];
    vec(field, 1..6).prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn message() -> impl Strategy<Value = Value> {
    let role = select(vec!["system", "developer", "user", "assistant", "tool"]);
    let content = prop_oneof![
        "[a-z].{0,30}".prop_map(Value::from),
        vec("[a-z].{0,10}".prop_map(|text| json!({"type": "text", "text": text})), 1..3).prop_map(Value::from),
    ];
    (role, content).prop_map(|(role, content)| match role {
        "tool" => json!({"role": role, "content": content, "tool_call_id": "call_1"}),
        _ => json!({"role": role, "content": content}),
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn builds_a_request_of_known_members_or_names_the_field(query in samples::query()) {
        let operation = query["operation"].as_str().unwrap();
        let (_, keys) = OPERATIONS.iter().find(|(name, _)| name == operation).unwrap();
        match body(&query) {
            Ok(body) => {
                prop_assert!(!body.to_string().contains(KEY));
                let below_the_divide = query.get("advanced").and_then(Value::as_str).map(str::trim) != Some("off");
                let parts = query.get("prompt").is_some_and(|prompt| prompt.is_object() || prompt.is_array());
                let has_extra_body = query.keys().any(|key| key.ends_with("extra_body"));
                if !parts && !has_extra_body && !AS_GIVEN.iter().any(|key| query.contains_key(*key)) {
                    let has_no_body = ["list_models", "batch_result"].contains(&operation);
                    prop_assert_eq!(holds_null(&body), has_no_body, "{}", body);
                }
                if !(below_the_divide && has_extra_body) {
                    for (name, value) in body.as_object().into_iter().flatten() {
                        prop_assert!(has_known_type(name, value), "{}: {}", name, value);
                    }
                }
            }
            Err(error) => {
                let field = error.split(['[', '.']).next().unwrap();
                prop_assert!(keys.iter().any(|key| key == field), "{}", error);
            }
        }
    }

    #[test]
    fn reads_a_number_alike_as_text_template_and_number(
        operation in select(vec!["completion", "chat"]), numbers in numbers(), before in "[ \n]{0,2}",
    ) {
        let query = |spelt: &dyn Fn(&Value) -> Value| {
            let mut query: Map<_, _> = numbers.iter().map(|(key, value)| (key.clone(), spelt(value))).collect();
            query.insert("operation".to_owned(), operation.into());
            query.insert("prompt".to_owned(), "p".into());
            body(&query)
        };
        let sent = query(&Value::clone);
        prop_assert!(sent.is_ok(), "{:?}", sent);
        prop_assert_eq!(&query(&|value| format!("{before}{value} ").into()), &sent);
        prop_assert_eq!(&query(&|value| format!("{{{{{value}}}}}").into()), &sent);
    }

    #[test]
    fn reads_the_number_that_was_written(number in prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        (-1e6..1e6).prop_filter_map("finite", Number::from_f64),
    ]) {
        let read = number_of(&Value::Number(number.clone())).unwrap();
        prop_assert_eq!(read.as_f64(), number.as_f64());
        prop_assert_eq!(&number_of(&number.to_string().into()).unwrap(), &read);
        prop_assert_eq!(&number_of(&Value::Number(read.clone())), &Some(read));
    }

    #[test]
    fn names_field_and_range_when_text_is_not_a_number(text in samples::text()) {
        let options = json!({ "top_p": text });
        match Fields::of("queryOptions", &options).unwrap().number("top_p", 0.0..=1.0) {
            Ok(None) => prop_assert!(text.trim().is_empty()),
            Ok(Some(number)) => prop_assert!((0.0..=1.0).contains(&number.as_f64().unwrap())),
            Err(error) => prop_assert!(error.to_string().starts_with("Top p must be a number from 0 to 1, got ")),
        }
    }

    #[test]
    fn sends_a_history_unchanged_between_instructions_and_prompt(
        history in vec(message(), 1..5), as_text in any::<bool>(),
    ) {
        let given = Value::from(history.clone());
        let given = if as_text { given.to_string().into() } else { given };
        let query = json!({"operation": "chat", "prompt": "p", "system_prompt": "s", "message_history": given});
        let mut expected = vec![json!({"role": "system", "content": "s"})];
        expected.extend(history);
        expected.push(json!({"role": "user", "content": "p"}));
        prop_assert_eq!(&body(query.as_object().unwrap()).unwrap()["messages"], &Value::from(expected));
    }

    #[test]
    fn names_a_wrong_message_by_its_index(
        history in vec(message(), 0..4), at in any::<prop::sample::Index>(),
        wrong in prop_oneof![
            any::<i64>().prop_map(Value::from), Just(Value::Null), ".{0,9}".prop_map(Value::from), Just(json!([])),
            Just(json!({})), Just(json!({"role": "user"})), Just(json!({"role": 5, "content": "a"})),
            Just(json!({"role": "bot", "content": "a"})), Just(json!({"role": "tool", "content": "a"})),
            Just(json!({"role": "user", "content": [{"type": "image_url"}]})),
            Just(json!({"role": " ", "content": "a"})), Just(json!({"role": "user", "content": {}})),
            Just(json!({"role": "user", "content": [{}]})), Just(json!({"role": "user", "content": [null]})),
        ],
    ) {
        let at = at.index(history.len() + 1);
        let mut history = history;
        history.insert(at, wrong);
        let query = json!({"operation": "chat", "prompt": "p", "message_history": history});
        let error = body(query.as_object().unwrap()).unwrap_err();
        prop_assert!(error.starts_with(&format!("message_history[{at}]")), "{}", error);
    }

    #[test]
    fn lists_the_operations_when_one_is_unknown(operation in samples::field()) {
        let known = operation.as_str().is_some_and(|name| OPERATIONS.iter().any(|(known, _)| known == name.trim()));
        prop_assume!(!known);
        let query = json!({"operation": operation, "prompt": "p"});
        let Outcome::Failed(failure) = Script::new([]).run(&json!({"apiKey": KEY}), &query) else { panic!("sent") };
        prop_assert!(failure.description.starts_with("Operation "), "{}", failure.description);
        let (_, choices) = failure.description.rsplit_once(". Choose ").unwrap();
        for label in ["Completions", "Chat", "Generate image", "Generate embedding", "List models"] {
            prop_assert!(choices.contains(label), "{}", choices);
        }
    }
}
