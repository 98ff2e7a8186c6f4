//! What the API says of a file or a batch that it has just made.

use serde_json::Value;

use crate::{
    error::{BodyKind, Error, error_text},
    operations::api_id::ApiId,
    response::ApiResponse,
};

/// Its id.
///
/// # Errors
/// [`Error::Decode`] if the response has none, or none that can be asked for.
pub fn id(response: &ApiResponse, what: &'static str) -> Result<ApiId, Error> {
    let id = response.body.get("id").and_then(Value::as_str);
    id.and_then(|id| ApiId::new(id).ok()).ok_or_else(|| Error::Decode {
        status: 200,
        reason: error_text!["the API did not name the new ", what, " with a usable ID"],
        body: BodyKind::Other,
        request_id: response.request_id.clone(),
    })
}

/// Whether a new file cannot be used yet, which is so on Azure for a while.
#[must_use]
pub fn is_pending(response: &ApiResponse) -> bool {
    let status = response.body.get("status").and_then(Value::as_str);
    status.is_some_and(|status| ["pending", "running"].contains(&status))
}
