//! Reads the API's response to a new file or batch.

use serde_json::Value;

use crate::{
    error::{BodyKind, Error, error_text},
    operations::api_id::ApiId,
    response::ApiResponse,
};

/// The ID of a new file or batch; `what` says which.
///
/// # Errors
/// [`Error::Decode`] if the response has no usable ID.
pub fn id(response: &ApiResponse, what: &'static str) -> Result<ApiId, Error> {
    let id = response.body.get("id").and_then(Value::as_str);
    id.and_then(|id| ApiId::new(id).ok()).ok_or_else(|| Error::Decode {
        status: 200,
        reason: error_text!["the API did not name the new ", what, " with a usable ID"],
        body: BodyKind::Other,
        request_id: response.request_id.clone(),
    })
}

/// Whether a new file cannot be used yet: Azure needs a while.
#[must_use]
pub fn is_pending(response: &ApiResponse) -> bool {
    let status = response.body.get("status").and_then(Value::as_str);
    status.is_some_and(|status| ["pending", "running"].contains(&status))
}
