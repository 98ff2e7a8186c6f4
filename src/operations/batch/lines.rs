//! Writes rows as lines of a file. Each line is a request.

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::ROW;
use crate::{
    error::{Error, ErrorText},
    network::http::Body,
    operations::{
        Plan,
        chat_list::{Ask, OF_ROW},
        chat_route::Api,
        list::in_row,
        responses,
        route::Route,
    },
    policy::adjust::{self, ChatEndpoint, Rejection},
};

/// Rows, and how each becomes a request.
pub struct Rows {
    key: &'static str,
    items: Vec<Value>,
    ask: Ask,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("items", &self.items.len()).finish_non_exhaustive()
    }
}

impl Rows {
    /// The `items` of the field `key`. `ask` turns an item into a request to the given API.
    #[must_use]
    pub fn new(key: &'static str, items: Vec<Value>, ask: Ask) -> Self {
        Self { key, items, ask }
    }

    /// The key of the rows' field.
    #[must_use]
    pub fn key(&self) -> ErrorText {
        self.key.into()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The request for a row, with its fallbacks.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the row if it is invalid.
    pub fn route(&self, row: usize, api: Api) -> Result<Route, Error> {
        let route = (self.ask)(self.items.get(row).unwrap_or(&Value::Null), api);
        route.map_err(|error| in_row(self.key, row, error))
    }
}

/// Whether an error is about a field that all rows share.
fn is_shared(error: &Error) -> bool {
    let Error::InvalidOption { field, .. } = error else { return false };
    let field = field.to_string();
    let name = field.split(['.', '[']).next().unwrap_or_default();
    !OF_ROW.contains(&name)
}

/// What all lines are made of.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The rows.
    pub rows: Arc<Rows>,
    /// The API that all rows use.
    pub api: Api,
    /// As in [`super::start::Start`].
    pub version: &'static str,
    /// What the model is known to reject: a batch cannot be retried row by row.
    pub rejections: Arc<[Rejection]>,
}

impl Lines {
    /// Appends the line of a row to `file`. Returns the request as written, with the changes made to it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the row if it is invalid.
    pub fn write(&self, row: usize, file: &mut Vec<u8>) -> Result<Plan, Error> {
        let mut plan = self.rows.route(row, self.api)?.plan;
        let request = &mut plan.request;
        let endpoint =
            if request.path == responses::PATH { ChatEndpoint::Responses } else { ChatEndpoint::ChatCompletions };
        if let Some(body) = &mut request.body {
            plan.adjusted.extend(adjust::apply_known(body, endpoint, &self.rejections));
        }
        let wire = request
            .to_wire()
            .map_err(|error| if is_shared(&error) { error } else { in_row(self.rows.key, row, error) })?;
        let Some(Body::Json(body)) = wire else { return Err(Error::Internal("a row is not JSON".into())) };
        let head =
            format!(r#"{{"custom_id":"{ROW}{row}","method":"POST","url":"{}{}","body":"#, self.version, request.path);
        file.extend_from_slice(head.as_bytes());
        file.extend_from_slice(&body);
        file.extend_from_slice(b"}\n");
        Ok(plan)
    }
}
