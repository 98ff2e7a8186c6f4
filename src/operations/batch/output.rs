//! Reads a line of the results: which row it belongs to, and the result of that row.

use std::time::SystemTime;

use serde_json::Value;

use super::{ROW, status::error_of};
use crate::{
    error::{ApiError, BodyKind, Error},
    network::http::HttpResponse,
    operations::{QueryResult, Reader},
    response::{self, ApiResponse, body::parse, body::without_preamble, counter},
};

/// A line of the results.
pub struct RowResult {
    /// The index of its row across all files; `None` if its `custom_id` names no row.
    pub row: Option<usize>,
    /// All of its members.
    rest: Value,
}

impl RowResult {
    /// Reads a line.
    ///
    /// # Errors
    /// Says what is wrong with the line.
    pub fn of_line(line: &[u8]) -> Result<Self, &'static str> {
        let text = String::from_utf8_lossy(line);
        match parse(without_preamble(&text)) {
            Ok(rest @ Value::Object(_)) => {
                let row = rest["custom_id"].as_str().and_then(|id| id.strip_prefix(ROW));
                // Only as the plugin wrote it: no sign, no leading zeros.
                let index = |row: &str| row.parse().ok().filter(|index: &usize| index.to_string() == row);
                Ok(Self { row: row.and_then(index), rest })
            }
            Ok(_) => Err("is not an object"),
            Err(_) => Err("is not JSON"),
        }
    }

    /// The result of the row.
    ///
    /// # Errors
    /// Why it has no answer.
    pub fn read(self, reader: &Reader) -> Result<QueryResult, Error> {
        let mut rest = self.rest;
        let response = rest["response"].take();
        if !response.is_object() {
            let error = &rest["error"];
            let missing = || ApiError {
                code: Some("row_missing".to_owned()),
                message: "the results have neither a response nor an error for this row".to_owned(),
                ..ApiError::default()
            };
            let error = if error.is_object() { error_of(error) } else { missing() };
            return Err(Error::NotRun(Box::new(error)));
        }
        reader.read(as_response(response)?, false)
    }
}

/// The response in a line, as if it had arrived on its own.
fn as_response(mut response: Value) -> Result<ApiResponse, Error> {
    let status = counter(&response["status_code"]).and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let id = response["request_id"].as_str().map(|id| ("x-request-id".to_owned(), id.to_owned()));
    let head = HttpResponse { status, headers: id.into_iter().collect(), ..HttpResponse::default() };
    response::read_parsed(&head, response["body"].take(), SystemTime::UNIX_EPOCH).map_err(|unread| match unread.error {
        // Where a row is meant, an excerpt of its JSON is all there is.
        Error::Decode { status, request_id, .. } => Error::Decode {
            status,
            reason: "the response to this row is not a JSON object".into(),
            body: BodyKind::Other,
            request_id,
        },
        other => other,
    })
}
