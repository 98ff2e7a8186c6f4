//! The options of Start a batch.

use std::sync::Arc;

use serde_json::Value;

use super::lines::Rows;
use crate::{
    budgets::MAX_BATCH_ROWS,
    error::Error,
    input::{base_url::Provider, fields::Fields},
    operations::{
        chat_list,
        chat_route::Api,
        embedding,
        list::{self, rows},
        route::Route,
    },
};

/// What to do with each row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Task {
    /// Answer it.
    #[default]
    Chat,
    /// Turn it into a vector.
    Embedding,
}

/// The batches to start.
#[derive(Clone, Debug)]
pub struct Start {
    /// Their rows.
    pub rows: Arc<Rows>,
    /// The API to use, if there is a choice.
    pub api: Api,
    /// What precedes the path of an endpoint in a batch.
    pub version: &'static str,
}

/// Reads the options of a query.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field. An invalid row is found when it is written.
pub fn start(fields: &Fields<'_>, provider: Provider) -> Result<Start, Error> {
    let tasks = [("chat", Task::Chat), ("embedding", Task::Embedding)];
    let (rows, api) = match fields.choice("batch_task", &tasks)?.unwrap_or_default() {
        Task::Chat => chat_rows(fields, provider)?,
        Task::Embedding => (embedding_rows(fields)?, Api::Auto),
    };
    if rows.is_empty() {
        return Err(Error::invalid(rows.key(), "is empty. Enter an array, or check that its template has a value"));
    }
    // Azure's classic style has no version in its paths.
    let version = if provider == Provider::AzureDeployment { "" } else { "/v1" };
    Ok(Start { rows: Arc::new(rows), api, version })
}

fn chat_rows(fields: &Fields<'_>, provider: Provider) -> Result<(Rows, Api), Error> {
    let api = Api::from_fields(fields)?;
    let (route, _) = chat_list::asker(fields, provider)?;
    // Rejects an invalid field that all rows share.
    route(&"?".into(), api)?;
    Ok((Rows::new("prompts", rows(fields, "prompts", MAX_BATCH_ROWS)?, route), api))
}

fn embedding_rows(fields: &Fields<'_>) -> Result<Rows, Error> {
    let mut plan = embedding::plan(fields)?;
    let input = plan.request.body.as_mut().and_then(|body| body.get_mut("input")).map(Value::take);
    let texts = match input.unwrap_or_default() {
        // A list of numbers is one text, as tokens.
        Value::Array(items) if !items.iter().all(Value::is_number) => items,
        one => vec![one],
    };
    list::ensure_few("input", texts.len(), MAX_BATCH_ROWS)?;
    plan.reader = embedding::reader_of_one(&plan.reader);
    let ask = move |text: &Value, _| {
        let mut plan = plan.clone();
        if let Some(place) = plan.request.body.as_mut().and_then(|body| body.get_mut("input")) {
            place.clone_from(text);
        }
        Ok(Route::only(plan))
    };
    Ok(Rows::new("input", texts, Box::new(ask)))
}
