//! List models: `GET /models`.

use serde_json::{Map, Value, json};

use super::{ApiRequest, Plan, QueryResult, Reader, result_size::ResultSize};
use crate::{
    error::{BodyKind, Error},
    input::fields::Fields,
    response::{ApiResponse, counter, take_list},
};

/// The endpoint's path; the connection test asks it too.
pub const PATH: &str = "/models";

/// Turns a List models query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] if `filter` is not text.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let filter = fields.trimmed("filter")?.unwrap_or_default().to_lowercase();
    Ok(Plan { request: ApiRequest::get(PATH), reader: Reader::new(move |response| read(response, &filter)) })
}

/// The models by id. `value` and `label` make the list ready for a dropdown; `created` is
/// in Unix seconds, `shutdown_date` a `YYYY-MM-DD` or null.
///
/// # Errors
/// [`Error::Decode`] if the response is not a list of models, [`Error::Transport`] if more models match the
/// filter than a result may have.
pub fn read(mut response: ApiResponse, filter: &str) -> Result<QueryResult, Error> {
    ensure_model_list(&response)?;
    let matches = |id: &str| id.to_lowercase().contains(filter);
    let listed = take_list(&mut response.body, "data").into_iter().filter_map(Model::from_value);
    let mut models: Vec<_> = listed.filter(|model| matches(&model.id)).collect();
    // Each takes several times the memory that it had in the response.
    models.iter().map(Model::result_size).sum::<ResultSize>().ensure_fits()?;
    models.sort_by(|a, b| a.id.cmp(&b.id));
    let metadata =
        Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..])), ("count".to_owned(), models.len().into())]);
    Ok(QueryResult { data: models.into_iter().map(Model::into_result).collect(), metadata })
}

/// A model of the list.
struct Model {
    id: String,
    /// What else the response says about it.
    members: Map<String, Value>,
}

impl Model {
    /// `None` if there is no id.
    fn from_value(value: Value) -> Option<Self> {
        let Value::Object(mut members) = value else { return None };
        match members.swap_remove("id") {
            Some(Value::String(id)) => Some(Self { id, members }),
            _ => None,
        }
    }

    fn shutdown_date(&self) -> Option<&str> {
        self.members.get("shutdown_date")?.as_str()
    }

    /// The size of [`Self::into_result`].
    fn result_size(&self) -> ResultSize {
        let id_and_value = ResultSize::of_text(&self.id) * 2;
        let label = ResultSize::of_text(&self.id) + ResultSize::of_text(self.shutdown_date().unwrap_or_default());
        let others = ["owned_by", "created", "shutdown_date"].map(|name| match self.members.get(name) {
            Some(value) => ResultSize::of(value),
            None => ResultSize::of(&Value::Null),
        });
        id_and_value + label + others.into_iter().sum() + ResultSize::of_container(6)
    }

    fn into_result(mut self) -> Value {
        let label = match self.shutdown_date() {
            Some(date) => format!("{} (until {date})", self.id),
            None => self.id.clone(),
        };
        let members = [
            ("id", self.id.clone().into()),
            ("owner", self.members.swap_remove("owned_by").unwrap_or_default()),
            ("created", self.members.get("created").and_then(counter).into()),
            ("shutdown_date", self.members.swap_remove("shutdown_date").unwrap_or_default()),
            ("value", self.id.into()),
            ("label", label.into()),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    }
}

/// Checks that a response is a list of models, even an empty one (Ollama: `data` is null).
///
/// # Errors
/// [`Error::Decode`] if it is not.
pub fn ensure_model_list(response: &ApiResponse) -> Result<(), Error> {
    match response.body.get("data") {
        Some(Value::Array(_) | Value::Null) => Ok(()),
        _ => Err(Error::Decode {
            status: 200,
            reason: "the response is not a list of models".to_owned(),
            body: BodyKind::Other,
            request_id: response.request_id.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::{CONTAINER_WEIGHT, MAX_RESULT_BYTES, MAX_RESULT_VALUES};

    fn models(data: Value, filter: &str) -> Result<Value, Error> {
        let body = Map::from_iter([("data".to_owned(), data)]);
        read(ApiResponse { body, request_id: None }, filter).map(|reply| reply.data)
    }

    #[test]
    fn models_are_sorted_filtered_and_ready_for_a_dropdown() {
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
    fn a_list_fails_before_it_is_built_when_it_is_too_long_for_a_result() {
        // Each model has six members, three of them made of its id.
        let model = CONTAINER_WEIGHT + 2 * 6;
        let most = (MAX_RESULT_VALUES - CONTAINER_WEIGHT) / model;
        let listed = |count: usize, id: &str| json!(vec![json!({ "id": id }); count]);
        let code = |data, filter| models(data, filter).map_err(|error| error.code().map(str::to_owned));
        let too_large = Err(Some("response_too_large".to_owned()));
        assert_eq!(code(listed(most + 1, "a"), ""), too_large);
        assert_eq!(code(listed(most + 1, "a"), "b"), Ok(json!([])));
        // In JSON, this character takes six bytes.
        let long = "\u{1}".repeat(MAX_RESULT_BYTES / 3 / 6);
        assert_eq!(code(listed(1, &long), "").unwrap()[0]["id"], long);
        assert_eq!(code(listed(2, &long), ""), too_large);
    }

    #[test]
    fn a_null_list_is_empty_and_anything_else_is_an_error() {
        assert_eq!(models(json!(null), "").unwrap(), json!([]));
        assert!(models(json!("x"), "").is_err());
        assert!(ensure_model_list(&ApiResponse { body: Map::new(), request_id: None }).is_err());
    }
}
