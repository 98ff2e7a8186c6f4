//! A batch as the API describes it: how far it is, and where its results are.

use serde_json::{Map, Value, json};

use super::memo::Memo;
use crate::{
    budgets::MAX_WORD_CHARS,
    error::{ApiError, BodyKind, Error, error_text, truncate::truncate},
    operations::api_id::ApiId,
    response::{ApiResponse, counter},
};

/// Words for a batch that goes on. Whatever else it is, it has ended if there are results.
const RUNNING: [&str; 4] = ["validating", "in_progress", "finalizing", "cancelling"];
/// Words for one that has ended.
const ENDED: [&str; 4] = ["completed", "failed", "expired", "cancelled"];

/// A batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its id.
    pub id: ApiId,
    /// The API's word for how far it is.
    pub status: String,
    /// What it says of itself.
    pub memo: Memo,
    /// The rows that have been answered, and those that failed.
    pub counts: [usize; 2],
    /// The file with the answers, and the one with the failures, as far as there are any.
    pub files: [Option<ApiId>; 2],
    /// Why it has not been run.
    pub error: Option<ApiError>,
}

impl Batch {
    /// Reads what the API says of the batch of this id.
    ///
    /// # Errors
    /// [`Error::Decode`] if that is no batch, [`Error::InvalidOption`] if this plugin has not started it.
    pub fn read(response: &ApiResponse, id: ApiId) -> Result<Self, Error> {
        let ApiResponse { body, request_id } = response;
        let Some(status) = body.get("status").and_then(Value::as_str) else {
            return Err(Error::Decode {
                status: 200,
                reason: "the API did not say how far the batch is".into(),
                body: BodyKind::Other,
                request_id: request_id.clone(),
            });
        };
        let Some(memo) = body.get("metadata").and_then(Memo::of_metadata) else {
            let reason = error_text![
                "must name batches of Start a batch. ",
                id.as_str().to_owned(),
                " has none of the metadata by which its results are read"
            ];
            return Err(Error::invalid("batch_id", reason));
        };
        let count = |name: &str| {
            let count = body.get("request_counts").and_then(|counts| counter(counts.get(name)?));
            count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default().min(memo.count)
        };
        let file = |name: &str| body.get(name).and_then(Value::as_str).and_then(|id| ApiId::new(id).ok());
        Ok(Self {
            id,
            status: truncate(&status.to_ascii_lowercase(), MAX_WORD_CHARS),
            counts: ["completed", "failed"].map(count),
            files: ["output_file_id", "error_file_id"].map(file),
            error: first_error(body),
            memo,
        })
    }

    /// Whether there will be no more results than there are.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let is_one_of = |words: &[&str]| words.contains(&self.status.as_str());
        is_one_of(&ENDED) || !is_one_of(&RUNNING) && self.files.iter().any(Option::is_some)
    }

    /// Whether the API says that it has answered rows.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.counts[0] > 0
    }

    /// Why a row has no line in the results.
    #[must_use]
    pub fn why_missing(&self) -> ApiError {
        if let Some(error) = self.error.as_ref().filter(|_| self.status != "completed") {
            return error.clone();
        }
        let (code, message) = match self.status.as_str() {
            "expired" => ("batch_expired", "the batch expired before this row was answered"),
            "cancelled" => ("batch_cancelled", "the batch was cancelled before this row was answered"),
            "failed" => ("batch_failed", "the batch failed, and the API gives no reason"),
            _ => ("row_missing", "the results do not contain this row"),
        };
        ApiError { code: Some(code.to_owned()), message: message.to_owned(), ..ApiError::default() }
    }

    /// What a result says of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let [completed, failed] = self.counts;
        let Memo { first_row, count, .. } = self.memo;
        json!({
            "batch_id": self.id.as_str(), "status": self.status, "first_row": first_row, "rows": count,
            "completed": completed, "failed": failed
        })
    }
}

/// The first reason why the API has not run a batch.
fn first_error(body: &Map<String, Value>) -> Option<ApiError> {
    let first = body.get("errors")?.get("data")?.get(0)?;
    Some(error_of(first))
}

/// An error in the results of a batch.
#[must_use]
pub fn error_of(error: &Value) -> ApiError {
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    ApiError {
        message: text("message").unwrap_or_default(),
        code: text("code"),
        kind: text("type"),
        param: text("param"),
        is_json: true,
        ..ApiError::default()
    }
}
