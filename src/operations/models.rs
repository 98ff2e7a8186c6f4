//! List models: `GET /models`.

use serde_json::{Map, Value, json};

use super::{ApiRequest, Plan, QueryResult, Reader, result_size::ResultSize};
use crate::{
    error::{BodyKind, Error},
    input::{base_url::Provider, fields::Fields},
    policy::{
        purpose::Purpose,
        shutdowns::{self, Day},
    },
    response::{ApiResponse, body::unwrapped, counter, sorted_by_key, take_list},
};

/// The endpoint's path; the connection test uses it too.
pub const PATH: &str = "/models";
/// Members of a model in the result.
const MEMBERS: [&str; 6] = ["id", "owner", "created", "shutdown_date", "value", "label"];

/// The form's choices of purpose.
const PURPOSES: [(&str, Option<Purpose>); 5] = [
    ("all", None),
    ("chat", Some(Purpose::Chat)),
    ("image", Some(Purpose::Image)),
    ("embedding", Some(Purpose::Embedding)),
    ("transcription", Some(Purpose::Transcription)),
];

/// Which models the app gets.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Text that ids must contain, in lower case.
    filter: String,
    /// The models' purpose. Only models known to have another purpose are left out, because other servers' ids say
    /// little.
    purpose: Option<Purpose>,
    /// Leaves out models shut down by this day; `None` includes them.
    living_on: Option<Day>,
    /// Whether this is `OpenAI`'s API. On other servers, `OpenAI`'s shutdown dates mean nothing.
    are_of_openai: bool,
}

impl Wanted {
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    fn from_fields(fields: &Fields<'_>, provider: Provider, today: &Day) -> Result<Self, Error> {
        let has_ended_too = fields.boolean("include_ended")?.unwrap_or_default();
        Ok(Self {
            filter: fields.trimmed("filter")?.unwrap_or_default().to_lowercase(),
            purpose: fields.choice("purpose", &PURPOSES)?.flatten(),
            living_on: Some(today.clone()).filter(|_| !has_ended_too),
            are_of_openai: provider == Provider::OpenAi,
        })
    }

    fn contains(&self, model: &Value) -> bool {
        let Some(id) = id(model) else { return false };
        let is_for_it = self.purpose.is_none_or(|wanted| Purpose::of(id).is_none_or(|purpose| purpose == wanted));
        let has_ended = self.living_on.as_ref().is_some_and(|today| self.has_ended(model, id, today));
        is_for_it && !has_ended && id.to_lowercase().contains(&self.filter)
    }

    /// By the server's own date, or else by the table of `OpenAI`'s models.
    fn has_ended(&self, model: &Value, id: &str, today: &Day) -> bool {
        let end = model.get("shutdown_date").and_then(Value::as_str);
        end.is_some_and(|date| today.is_from(date)) || (self.are_of_openai && shutdowns::end(id, today).is_some())
    }
}

/// Turns a List models query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>, provider: Provider, today: &Day) -> Result<Plan, Error> {
    let wanted = Wanted::from_fields(fields, provider, today)?;
    let reader = Reader::new(move |response| read(response, &wanted));
    Ok(Plan::new(ApiRequest::get(PATH), reader))
}

/// The models sorted by id, ignoring case. `value` and `label` make the list ready for a dropdown; `created` is in Unix
/// seconds, `shutdown_date` is `YYYY-MM-DD` or null.
///
/// # Errors
/// [`Error::Decode`] if the response is not a list of models, [`Error::Transport`] if the result would be too large.
pub fn read(response: ApiResponse, wanted: &Wanted) -> Result<QueryResult, Error> {
    let mut models = list(response)?;
    models.retain(|model| wanted.contains(model));
    // Each model takes several times the memory that it took in the response.
    models.iter().map(result_size).sum::<ResultSize>().ensure_fits()?;
    let metadata =
        Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..])), ("count".to_owned(), models.len().into())]);
    let models = sorted_by_key(models, |_, model| id(model).map(|id| (id.to_lowercase(), id.to_owned())));
    Ok(QueryResult { data: models.map(into_result).collect(), metadata })
}

/// The list in a response. Some servers call it `models`, and Ollama returns null if it is empty.
fn list(response: ApiResponse) -> Result<Vec<Value>, Error> {
    let mut body = ["data", "models"].into_iter().fold(response.body, unwrapped);
    let is_list = |value: &Value| match value {
        Value::Array(models) => models.is_empty() || models.iter().any(|model| id(model).is_some()),
        other => other.is_null(),
    };
    let name = ["data", "models"].into_iter().find(|name| body.get(*name).is_some_and(is_list));
    name.map(|name| take_list(&mut body, name)).ok_or(Error::Decode {
        status: 200,
        reason: "the response is not a list of models".into(),
        body: BodyKind::Other,
        request_id: response.request_id,
    })
}

/// The id for requests, which the native lists of Ollama and Gemini call `name`; or the whole item if it is text.
fn id(model: &Value) -> Option<&str> {
    let member = |name: &&str| model.get(*name)?.as_str().filter(|id| !id.is_empty());
    model.as_str().or_else(|| ["id", "model", "name"].iter().find_map(member))
}

fn label(model: &Value) -> String {
    let id = id(model).unwrap_or_default();
    match model["shutdown_date"].as_str() {
        Some(date) => format!("{id} (until {date})"),
        None => id.to_owned(),
    }
}

/// The size of the result of [`into_result`].
fn result_size(model: &Value) -> ResultSize {
    let [id, label, created] = [id(model).into(), label(model).into(), Value::Null];
    let values = [&id, &model["owned_by"], &created, &model["shutdown_date"], &id, &label];
    values.map(ResultSize::of).into_iter().sum::<ResultSize>() + ResultSize::of_names(MEMBERS)
}

fn into_result(mut model: Value) -> Value {
    let (id, label) = (Value::from(id(&model)), label(&model).into());
    let created = model.get("created").and_then(counter).into();
    let mut take = |name| model.get_mut(name).map(Value::take).unwrap_or_default();
    let [owner, shutdown_date] = ["owned_by", "shutdown_date"].map(&mut take);
    let values = [id.clone(), owner, created, shutdown_date, id, label];
    MEMBERS.map(str::to_owned).into_iter().zip(values).collect()
}

/// Checks that a response is a list of models, possibly empty.
///
/// # Errors
/// [`Error::Decode`] if it is not.
pub fn ensure_model_list(response: ApiResponse) -> Result<(), Error> {
    list(response).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::{CONTAINER_WEIGHT, MAX_RESULT_BYTES, MAX_RESULT_VALUES};

    fn models(data: Value, filter: &str) -> Result<Value, Error> {
        let body = Map::from_iter([("data".to_owned(), data)]);
        let wanted = Wanted { filter: filter.to_owned(), ..Wanted::default() };
        read(ApiResponse { body, request_id: None }, &wanted).map(|result| result.data)
    }

    /// The ids that a query with these fields returns for `data` on 2026-11-25.
    fn ids(fields: &Value, provider: Provider, data: &Value) -> Vec<String> {
        let fields = Fields::of("queryOptions", fields).unwrap();
        let plan = plan(&fields, provider, &Day::of_text("2026-11-25")).unwrap();
        let body = Map::from_iter([("data".to_owned(), data.clone())]);
        let found = plan.reader.read(ApiResponse { body, request_id: None }, false).unwrap();
        assert_eq!(found.metadata["count"], found.data.as_array().unwrap().len());
        found.data.as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn leaves_out_models_known_to_have_another_purpose() {
        let data = json!(["gpt-6-luna", "gpt-image-2", "text-embedding-3-small", "gpt-transcribe", "tts-2", "llama3"]);
        for (purpose, expected) in [
            (json!("chat"), &["gpt-6-luna", "llama3"][..]),
            (json!(" Image "), &["gpt-image-2", "llama3"]),
            (json!("embedding"), &["llama3", "text-embedding-3-small"]),
            (json!("transcription"), &["gpt-transcribe", "llama3"]),
            (
                json!("all"),
                &["gpt-6-luna", "gpt-image-2", "gpt-transcribe", "llama3", "text-embedding-3-small", "tts-2"],
            ),
        ] {
            assert_eq!(ids(&json!({"purpose": purpose}), Provider::OpenAi, &data), expected, "{purpose}");
        }
        let all = ids(&json!({"purpose": "all"}), Provider::OpenAi, &data);
        assert_eq!(ids(&json!({}), Provider::OpenAi, &data), all);
        let foreign = json!(["bge-m3", "llama3", "mistral-large"]);
        for (purpose, _) in PURPOSES {
            let fields = json!({"purpose": purpose});
            assert_eq!(ids(&fields, Provider::Compatible, &foreign), ["bge-m3", "llama3", "mistral-large"]);
        }
        let fields = json!({"purpose": "video"});
        let error =
            Wanted::from_fields(&Fields::of("queryOptions", &fields).unwrap(), Provider::OpenAi, &Day::default());
        let expected = "Purpose must be one of all, chat, image, embedding, transcription, got \"video\"";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }

    #[test]
    fn leaves_out_models_after_their_shutdown_unless_requested() {
        let data = json!([
            {"id": "gpt-4"},
            {"id": "gpt-4o"},
            {"id": "old", "shutdown_date": "2026-11-25"},
            {"id": "older", "shutdown_date": "2026-11-26"},
            {"id": "odd", "shutdown_date": 5}
        ]);
        let asked = |fields, provider| ids(&fields, provider, &data);
        assert_eq!(asked(json!({}), Provider::OpenAi), ["gpt-4o", "odd", "older"]);
        assert_eq!(asked(json!({"include_ended": "false"}), Provider::OpenAi), ["gpt-4o", "odd", "older"]);
        let all = ["gpt-4", "gpt-4o", "odd", "old", "older"];
        assert_eq!(asked(json!({"include_ended": "true"}), Provider::OpenAi), all);
        // Another server may use OpenAI's names for any model.
        for provider in [Provider::Azure, Provider::AzureDeployment, Provider::Compatible] {
            assert_eq!(asked(json!({}), provider), ["gpt-4", "gpt-4o", "odd", "older"]);
        }
    }

    #[test]
    fn sorts_models_ignoring_case() {
        let data = json!(["b", "a", "C", "A", "Qwen/qwen3", "all-minilm"]);
        let sorted = ["A", "a", "all-minilm", "b", "C", "Qwen/qwen3"];
        assert_eq!(ids(&json!({}), Provider::Compatible, &data), sorted);
    }

    #[test]
    fn returns_sorted_and_filtered_models_for_a_dropdown() {
        let data = json!([
            {"id": "gpt-5", "owned_by": "system", "created": 1.0, "shutdown_date": "2026-12-11"},
            {"id": "Embed"}, {"object": "junk"}, {"id": "GPT-4"}
        ]);
        let found = models(data, "gpt").unwrap();
        assert_eq!(found[0]["value"], "GPT-4");
        assert_eq!(
            found[1],
            json!({
                "id": "gpt-5", "owner": "system", "created": 1, "shutdown_date": "2026-12-11",
                "value": "gpt-5", "label": "gpt-5 (until 2026-12-11)"
            })
        );
        assert_eq!(found.as_array().unwrap().len(), 2);
    }

    #[test]
    fn knows_the_size_of_a_model_before_building_it() {
        for model in [
            json!({"id": "a"}),
            json!({"id": "a\n", "created": "12", "shutdown_date": "2026-12-11", "owned_by": {"name": ["b"]}}),
            json!({"id": "", "created": null, "shutdown_date": 5, "owned_by": null, "junk": "c"}),
        ] {
            assert_eq!(result_size(&model), ResultSize::of(&into_result(model)));
        }
    }

    #[test]
    fn fails_before_building_a_list_that_is_too_large() {
        let too_many = MAX_RESULT_VALUES / (CONTAINER_WEIGHT + 2 * MEMBERS.len()) + 1;
        let listed = |count: usize, id: &str| json!(vec![json!({ "id": id }); count]);
        let code = |data, filter| models(data, filter).map_err(|error| error.code().map(str::to_owned));
        let too_large = Err(Some("response_too_large".to_owned()));
        assert_eq!(code(listed(too_many, "a"), ""), too_large);
        assert_eq!(code(listed(too_many, "a"), "b"), Ok(json!([])));
        // In JSON, this character takes six bytes.
        let long = "\u{1}".repeat(MAX_RESULT_BYTES / 3 / 6 - 10);
        assert_eq!(code(listed(1, &long), "").unwrap()[0]["id"], long);
        assert_eq!(code(listed(2, &long), ""), too_large);
    }

    #[test]
    fn treats_a_null_list_as_empty_and_anything_else_as_an_error() {
        assert_eq!(models(json!(null), "").unwrap(), json!([]));
        assert!(models(json!("x"), "").is_err());
        assert!(ensure_model_list(ApiResponse { body: Map::new(), request_id: None }).is_err());
    }

    #[test]
    fn reads_lists_and_models_under_other_names() {
        let ids = |body: Value| {
            let Value::Object(body) = body else { panic!("not an object") };
            let ids =
                |data: Value| data.as_array().unwrap().iter().map(|model| model["value"].clone()).collect::<Value>();
            read(ApiResponse { body, request_id: None }, &Wanted::default()).map(|result| ids(result.data)).ok()
        };
        for body in [
            json!({"models": [{"name": "b"}, {"name": "a", "model": "a"}]}),
            json!({"data": ["b", "a"]}),
            json!({"data": [{"id": "a"}, {"id": "", "name": "b"}], "models": [{"name": "c"}]}),
            json!({"data": {"data": [{"id": "a"}, {"id": "b"}]}}),
            json!({"result": {"models": [{"id": "a"}, {"id": "b"}]}}),
        ] {
            assert_eq!(ids(body.clone()), Some(json!(["a", "b"])), "{body}");
        }
        for body in [json!({"models": null}), json!({"data": []}), json!({"data": null, "object": "list"})] {
            assert_eq!(ids(body.clone()), Some(json!([])), "{body}");
        }
        for body in
            [json!({"data": [{"object": "x"}]}), json!({"data": [1]}), json!({"object": "list"}), json!({"data": {}})]
        {
            assert_eq!(ids(body.clone()), None, "{body}");
        }
    }
}
