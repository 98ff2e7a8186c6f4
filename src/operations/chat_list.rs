//! A Chat query for each row of a list. Reads what the rows share only once.

use serde_json::{Map, Value};

use super::{
    chat,
    chat_route::{Api, Chat},
    list::{List, RowFields},
    route::Route,
};
use crate::{
    error::Error,
    input::{base_url::Provider, fields::Fields, lenient_json::is_json_text},
};

/// Fields that a row may have itself instead of the shared ones.
pub const OF_ROW: [&str; 4] = ["prompt", "system_prompt", "images", "message_history"];
/// Fields that make up the messages, except the prompt.
const OF_MESSAGES: [&str; 6] = ["system_prompt", "images", "message_history", "suffix", "image_detail", "advanced"];
/// Those of them that may be JSON text, which is parsed only once.
const JSON: [&str; 2] = ["images", "message_history"];

/// Reads the options of a list, and the chosen API.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field. An invalid row is an error of that row only.
pub fn list(fields: &Fields<'_>, provider: Provider) -> Result<(List, Api), Error> {
    let api = Api::from_fields(fields)?;
    let (route, bytes) = asker(fields, provider)?;
    // Says what is wrong with a field that all share.
    route(&"?".into(), api)?;
    let list = List::from_fields(fields, "prompts", move |row| route(row, api))?;
    Ok((list.with_shared_bytes(bytes), api))
}

/// How a row is asked through an API.
pub type Ask = Box<dyn Fn(&Value, Api) -> Result<Route, Error> + Send + Sync>;

/// How rows are asked, and about how many bytes each request has besides its row.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field. What is wrong with a row is for the row to say.
pub fn asker(fields: &Fields<'_>, provider: Provider) -> Result<(Ask, usize), Error> {
    let template = chat::Template::from_fields(fields, provider)?;
    let of_rows = RowFields::new(&OF_ROW, shared(fields)?);
    let bytes = of_rows.shared_bytes() + template.bytes();
    let route = move |row: &Value, api: Api| {
        let fields = of_rows.of(row);
        Chat::of_template(template.clone(), &Fields::of("prompts", &fields)?, api, provider)?.route()
    };
    Ok((Box::new(route), bytes))
}

/// The fields that make up the messages.
fn shared(fields: &Fields<'_>) -> Result<Map<String, Value>, Error> {
    let mut shared = Map::new();
    for key in OF_MESSAGES {
        let Some(value) = fields.value(key) else { continue };
        let parsed = match value {
            Value::String(text) if JSON.contains(&key) && is_json_text(text) => fields.parse(key, text)?.ok(),
            _ => None,
        };
        shared.insert(key.to_owned(), parsed.unwrap_or_else(|| value.clone()));
    }
    Ok(shared)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        operations::{Query, Task},
        policy::shutdowns::Day,
    };

    fn read(mut options: Value) -> Result<List, String> {
        options["operation"] = "chat_list".into();
        let fields = Fields::of("queryOptions", &options).unwrap();
        match Query::from_fields(&fields, Provider::OpenAi, &Day::default()).map_err(|error| error.to_string())?.task {
            Task::List(list) => Ok(list),
            _ => panic!("not a list"),
        }
    }

    fn bodies(options: Value) -> Vec<Result<Value, String>> {
        let list = read(options).unwrap();
        let route = |row| list.route(row).map(|route| route.plan.request.body.unwrap().into());
        (0..list.len()).map(route).map(|body| body.map_err(|error| error.to_string())).collect()
    }

    fn messages(options: Value) -> Vec<Value> {
        bodies(options).into_iter().map(|body| body.unwrap()["messages"].clone()).collect()
    }

    /// What Chat sends for the same options.
    fn chat(mut options: Value) -> Value {
        options["operation"] = "chat".into();
        let fields = Fields::of("queryOptions", &options).unwrap();
        match Query::from_fields(&fields, Provider::OpenAi, &Day::default()).unwrap().task {
            Task::One(route) => route.plan.request.body.unwrap().into(),
            _ => panic!("a list"),
        }
    }

    #[test]
    fn sends_for_each_row_what_chat_would_send() {
        let shared = json!({
            "model": "gpt-5.4", "system_prompt": "Be brief.", "max_tokens": 9, "temperature": "0.2",
            "stop_sequence": "END", "suffix": "Bye", "response_format": "json_object", "n": 2, "seed": 1,
            "message_history": "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]",
            "images": "[\"https://h/a.png\"]", "image_detail": "low", "tools": {"f": {"x": "string"}},
            "extra_body": {"store": true}
        });
        let with = |key: &str, value: Value| {
            let mut options = shared.clone();
            options[key] = value;
            options
        };
        let parts = json!([{"type": "text", "text": "c"}]);
        let asked = bodies(with("prompts", json!(["a", 5, parts, {"type": "text", "text": "d"}])));
        let expected = [json!("a"), json!(5), parts, json!({"type": "text", "text": "d"})];
        let expected: Vec<_> = expected.into_iter().map(|prompt| Ok(chat(with("prompt", prompt)))).collect();
        assert_eq!(asked, expected);
    }

    #[test]
    fn accepts_a_row_s_own_instructions_files_and_history() {
        let rows = json!([
            {"prompt": "a", "system_prompt": "Own.", "id": 7},
            {"prompt": "b", "system_prompt": null, "images": "https://h/a.png"},
            {"message_history": [{"role": "user", "content": "c"}]},
        ]);
        let system = |text: &str| json!({"role": "system", "content": text});
        let image = json!({"type": "image_url", "image_url": {"url": "https://h/a.png"}});
        assert_eq!(
            messages(json!({"prompts": rows, "system_prompt": "All."})),
            [
                json!([system("Own."), {"role": "user", "content": "a"}]),
                json!([system("All."), {"role": "user", "content": [{"type": "text", "text": "b"}, image]}]),
                json!([system("All."), {"role": "user", "content": "c"}]),
            ]
        );
    }

    #[test]
    fn fails_only_the_row_that_is_invalid() {
        let rows = json!(["a", "", null, {"a": 1}, {"prompt": "b", "images": 5}]);
        let asked = bodies(json!({ "prompts": rows }));
        let errors: Vec<_> = asked[1..].iter().map(|body| body.as_ref().unwrap_err().as_str()).collect();
        assert!(asked[0].is_ok());
        assert!(
            errors[0].starts_with("Prompts[1] is empty") && errors[1].starts_with("Prompts[2] is empty"),
            "{errors:?}"
        );
        assert!(errors[2].starts_with("Prompts[3] must be text, got an object"), "{errors:?}");
        assert!(errors[3].starts_with("Prompts[4].images must be"), "{errors:?}");
    }

    #[test]
    fn fails_the_query_when_a_shared_field_is_invalid() {
        for (key, value, start) in [
            ("temperature", json!(3), "Temperature must be"),
            ("message_history", json!([5]), "Message history[0] must be"),
            ("images", json!("[5]"), "Images and files[0] must be"),
            ("system_prompt", json!([1]), "System prompt must be text"),
            ("api", json!("x"), "API must be one of"),
        ] {
            let error = read(json!({"prompts": ["a"], key: value})).unwrap_err();
            assert!(error.starts_with(start), "{error}");
        }
        let error = read(json!({"prompts": ["a"], "api": "chat_completions", "reasoning_mode": "pro"})).unwrap_err();
        assert!(error.starts_with("Reasoning mode needs the Responses API"), "{error}");
    }

    #[test]
    fn sends_each_row_to_the_api_that_it_needs() {
        let csv = json!({"name": "a.csv", "base64Data": "YSxi"});
        let list = read(json!({"prompts": ["a", {"prompt": "b", "images": [csv]}]})).unwrap();
        let path = |row| list.route(row).unwrap().plan.request.path;
        assert_eq!((path(0), path(1)), ("/chat/completions", "/responses"));
    }

    #[test]
    fn lets_messages_in_extra_body_replace_those_of_each_row() {
        let own = json!([{"role": "user", "content": "x"}]);
        assert_eq!(messages(json!({"prompts": ["a"], "extra_body": {"messages": own}})), [own]);
    }
}
