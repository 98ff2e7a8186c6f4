//! List models: `GET /models`.

use serde_json::{Map, Value, json};

use super::{ApiRequest, Plan, QueryResult, Reader};
use crate::{
    error::{BodyKind, Error},
    input::fields::Fields,
    response::{ApiResponse, counter, list},
};

/// The endpoint's path; the connection test asks it too.
pub const PATH: &str = "/models";

/// Turns a List models query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] if `filter` is no text.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let filter = fields.trimmed("filter")?.unwrap_or_default().to_lowercase();
    Ok(Plan { request: ApiRequest::get(PATH), reader: Reader::new(move |response| read(response, &filter)) })
}

/// The models by id. `value` and `label` make the list ready for a dropdown; `created` is
/// in Unix seconds, `shutdown_date` a `YYYY-MM-DD` or null.
///
/// # Errors
/// [`Error::Decode`] if the answer is no list of models.
pub fn read(answer: &ApiResponse, filter: &str) -> Result<QueryResult, Error> {
    ensure_model_list(answer)?;
    let mut models: Vec<(String, Value)> = list(&answer.body, "data")
        .iter()
        .filter_map(|model| {
            let id = model.get("id")?.as_str()?;
            let shutdown_date = model.get("shutdown_date").cloned().unwrap_or_default();
            let label = match shutdown_date.as_str() {
                Some(date) => format!("{id} (until {date})"),
                None => id.to_owned(),
            };
            let model = json!({
                "id": id,
                "owner": model.get("owned_by").cloned().unwrap_or_default(),
                "created": model.get("created").and_then(counter),
                "shutdown_date": shutdown_date,
                "value": id,
                "label": label,
            });
            id.to_lowercase().contains(filter).then(|| (id.to_owned(), model))
        })
        .collect();
    models.sort_by(|(a, _), (b, _)| a.cmp(b));
    let metadata =
        Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..])), ("count".to_owned(), models.len().into())]);
    Ok(QueryResult { data: models.into_iter().map(|(_, model)| model).collect(), metadata })
}

/// Whether an answer is a list of models, be it an empty one (Ollama: `data` is null).
///
/// # Errors
/// [`Error::Decode`] if it is not.
pub fn ensure_model_list(answer: &ApiResponse) -> Result<(), Error> {
    match answer.body.get("data") {
        Some(Value::Array(_) | Value::Null) => Ok(()),
        _ => Err(Error::Decode {
            status: 200,
            reason: "the response is not a list of models".to_owned(),
            body: BodyKind::Other,
            request_id: answer.request_id.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(data: Value, filter: &str) -> Result<Value, Error> {
        let body = Map::from_iter([("data".to_owned(), data)]);
        read(&ApiResponse { body, request_id: None }, filter).map(|reply| reply.data)
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
    fn a_null_list_is_empty_and_anything_else_is_an_error() {
        assert_eq!(models(json!(null), "").unwrap(), json!([]));
        assert!(models(json!("x"), "").is_err());
        assert!(ensure_model_list(&ApiResponse { body: Map::new(), request_id: None }).is_err());
    }
}
