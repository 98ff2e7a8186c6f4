//! A Completions query for each row of a list. Reads what the rows share only once.

use serde_json::{Map, Value};

use super::{
    completion::{Engine, Template},
    list::{List, RowFields},
};
use crate::{
    error::Error,
    input::{base_url::Provider, fields::Fields},
};

/// Fields that a row may have itself: its prompt, and a suffix instead of the shared one.
const OF_ROW: [&str; 2] = ["prompt", "suffix"];

/// Reads the options of a list, and the chosen engine.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field. An invalid row is an error of that row only.
pub fn list(fields: &Fields<'_>, provider: Provider) -> Result<(List, Engine), Error> {
    let template = Template::from_fields(fields, provider)?;
    let engine = template.engine;
    let suffix = fields.value("suffix").map(|suffix| ("suffix".to_owned(), suffix.clone()));
    let of_rows = RowFields::new(&OF_ROW, suffix.into_iter().collect::<Map<_, _>>());
    let bytes = of_rows.shared_bytes() + template.bytes();
    let route = move |row: &Value| {
        let fields = of_rows.of(row);
        Ok(template.clone().complete(&Fields::of("prompts", &fields)?)?.route())
    };
    // Finds invalid shared fields.
    route(&"?".into())?;
    Ok((List::from_fields(fields, "prompts", route)?.with_shared_bytes(bytes), engine))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        error::hints::EndpointChoice,
        operations::{Query, Task},
        policy::shutdowns::Day,
    };

    fn read(operation: &str, mut options: Value) -> Result<Query, String> {
        options["operation"] = operation.into();
        let fields = Fields::of("queryOptions", &options).unwrap();
        Query::from_fields(&fields, Provider::OpenAi, &Day::default()).map_err(|error| error.to_string())
    }

    fn bodies(options: Value) -> Vec<Result<Value, String>> {
        let Task::List(list) = read("completion_list", options).unwrap().task else { panic!("not a list") };
        let route = |row| list.route(row).map(|route| route.plan.request.body.unwrap().into());
        (0..list.len()).map(route).map(|body| body.map_err(|error| error.to_string())).collect()
    }

    /// What Completions sends for the same options.
    fn completion(options: Value) -> Value {
        match read("completion", options).unwrap().task {
            Task::One(route) => route.plan.request.body.unwrap().into(),
            _ => panic!("a list"),
        }
    }

    #[test]
    fn sends_for_each_row_what_completions_would_send() {
        for engine in ["auto", "completions", "chat"] {
            let shared = json!({
                "engine": engine, "model": "m", "max_tokens": 9, "temperature": "0.2", "stop_sequence": "END",
                "suffix": "Bye", "n": 2, "best_of": 3, "echo": true, "seed": 1, "extra_body": {"top_k": 4}
            });
            let with = |members: Value| {
                let mut options = shared.clone();
                options.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
                options
            };
            let rows = json!(["a", 5, ["b", {"text": "c"}], {"text": "d"}, {"prompt": "e", "suffix": "Own", "id": 7}]);
            let expected = [
                json!({"prompt": "a"}),
                json!({"prompt": 5}),
                json!({"prompt": "b\nc"}),
                json!({"prompt": "d"}),
                json!({"prompt": "e", "suffix": "Own"}),
            ];
            let expected: Vec<_> = expected.into_iter().map(|members| Ok(completion(with(members)))).collect();
            assert_eq!(bodies(with(json!({ "prompts": rows }))), expected);
        }
    }

    #[test]
    fn fails_only_the_row_that_is_invalid() {
        let asked = bodies(json!({"prompts": ["a", null, {"a": 1}, {"prompt": "b", "suffix": [1]}]}));
        let errors: Vec<_> = asked[1..].iter().map(|body| body.as_ref().unwrap_err().as_str()).collect();
        assert!(asked[0].is_ok());
        for (error, start) in errors.iter().zip([
            "Prompts[1] is empty",
            "Prompts[2] must be text, got an object",
            "Prompts[3].suffix must be text",
        ]) {
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn fails_the_query_when_a_shared_field_is_invalid() {
        for (key, value, start) in [
            ("best_of", json!(21), "Best of must be"),
            ("suffix", json!([1]), "Suffix must be text"),
            ("engine", json!("v8"), "Engine must be one of"),
        ] {
            let error = read("completion_list", json!({"prompts": ["a"], key: value})).unwrap_err();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn remembers_whether_the_engine_was_chosen() {
        for (engine, is_auto) in [("auto", true), ("chat", false)] {
            let query = read("completion_list", json!({"prompts": ["a"], "engine": engine})).unwrap();
            assert_eq!(query.endpoint_choice, EndpointChoice::Engine { is_auto });
        }
    }
}
