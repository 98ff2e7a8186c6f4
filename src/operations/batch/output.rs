//! A line of the results: which row it is of, and what that came to.

use std::time::SystemTime;

use serde_json::Value;

use super::{ROW, status::error_of};
use crate::{
    error::{ApiError, BodyKind, Error},
    network::http::HttpResponse,
    operations::{QueryResult, Reader},
    response::{self, ApiResponse, body::parse, body::without_preamble, counter},
};

/// What a line says.
pub struct RowResult {
    /// The index of its row over all files; `None` if it is not the name of one.
    pub row: Option<usize>,
    /// The rest of it.
    rest: Value,
}

impl RowResult {
    /// Reads a line.
    ///
    /// # Errors
    /// What the line is in place of what it should be.
    pub fn of_line(line: &[u8]) -> Result<Self, &'static str> {
        let text = String::from_utf8_lossy(line);
        match parse(without_preamble(&text)) {
            Ok(rest @ Value::Object(_)) => {
                let row = rest["custom_id"].as_str().and_then(|id| id.strip_prefix(ROW));
                // Only as it was written: no sign, no zeros before it.
                let index = |row: &str| row.parse().ok().filter(|index: &usize| index.to_string() == row);
                Ok(Self { row: row.and_then(index), rest })
            }
            Ok(_) => Err("is not an object"),
            Err(_) => Err("is not JSON"),
        }
    }

    /// What the row came to.
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

/// The response in a line, as if it had come by itself.
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
