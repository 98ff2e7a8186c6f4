//! A batch as the API describes it: how far it is, and where its results are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::memo::Memo;
use crate::{
    budgets::{MAX_FILE_ERRORS, MAX_MESSAGE_CHARS, MAX_WORD_CHARS},
    error::{ApiError, BodyKind, Error, error_text, truncate::truncate},
    operations::api_id::ApiId,
    response::{ApiResponse, counter},
};

/// Statuses of a running batch. A batch with an unknown status has ended if it has results.
const RUNNING: [&str; 4] = ["validating", "in_progress", "finalizing", "cancelling"];
/// Statuses of a batch that has ended.
const ENDED: [&str; 4] = ["completed", "failed", "expired", "cancelled"];

/// A batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its ID.
    pub id: ApiId,
    /// Its status, as the API names it.
    pub status: String,
    /// Its metadata.
    pub memo: Memo,
    /// Number of rows that were answered, and number of rows that failed.
    pub counts: [usize; 2],
    /// The file with the answers and the file with the failures, if they exist.
    pub files: [Option<ApiId>; 2],
    /// What is wrong in its file; the first [`MAX_FILE_ERRORS`].
    errors: Vec<FileError>,
}

/// Something that is wrong in the file of a batch.
#[derive(Clone, Debug)]
struct FileError {
    /// The row, from 0 in the batch; `None` if it is not a single row.
    row: Option<usize>,
    error: ApiError,
}

/// Why rows of a batch have no line in the results.
#[derive(Debug)]
pub struct Missing {
    /// The rows that are wrong, each with what is wrong.
    pub wrong: BTreeMap<usize, Error>,
    /// Why the others have none.
    pub others: Error,
}

impl Batch {
    /// Reads the API's response about the batch `id`.
    ///
    /// # Errors
    /// [`Error::Decode`] if it is not a batch, [`Error::InvalidOption`] if this plugin did not start it.
    pub fn read(response: &ApiResponse, id: ApiId) -> Result<Self, Error> {
        let ApiResponse { body, request_id } = response;
        let Some(status) = body.get("status").and_then(Value::as_str) else {
            return Err(Error::Decode {
                status: 200,
                reason: "the API did not name the status of the batch".into(),
                body: BodyKind::Other,
                request_id: request_id.clone(),
            });
        };
        let Some(memo) = body.get("metadata").and_then(Memo::of_metadata) else {
            let reason = error_text![
                "must name batches that Start a batch started. ",
                id.as_str().to_owned(),
                " lacks the metadata by which its results are read"
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
            errors: file_errors(body, memo.count),
            memo,
        })
    }

    /// Whether it has ended, so that no more results will follow.
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

    /// Why rows have no line in the results. The first row of the batch has the index `first_row`.
    #[must_use]
    pub fn why_missing(&self, first_row: usize) -> Missing {
        let mut wrong = BTreeMap::new();
        let mut others = None;
        let is_rejected = !["completed", "expired", "cancelled"].contains(&self.status.as_str());
        for FileError { row, error } in self.errors.iter().filter(|_| is_rejected) {
            let row = row.map(|row| first_row + row);
            let rejected = Error::BatchRejected { error: Box::new(error.clone()), row };
            match row {
                Some(row) => drop(wrong.entry(row).or_insert(rejected)),
                None => drop(others.get_or_insert(rejected)),
            }
        }
        let others = others.unwrap_or_else(|| not_run(&self.status, wrong.keys().next().copied()));
        Missing { wrong, others }
    }

    /// Its entry in the metadata of a result.
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

/// Why a row has no line in the results of a batch with this status. `wrong` is the first row that the API rejected.
fn not_run(status: &str, wrong: Option<usize>) -> Error {
    let (code, message) = match (status, wrong) {
        ("expired", _) => ("batch_expired", "the batch expired before this row was answered".to_owned()),
        ("cancelled", _) => ("batch_cancelled", "the batch was cancelled before this row was answered".to_owned()),
        (_, Some(row)) => ("batch_failed", format!("the API rejected the batch because of row {row}")),
        ("failed", None) => ("batch_failed", "the batch failed, and the API gives no reason".to_owned()),
        _ => ("row_missing", "the results do not contain this row".to_owned()),
    };
    Error::NotRun(Box::new(ApiError { code: Some(code.to_owned()), message, ..ApiError::default() }))
}

/// What the API says is wrong in the file of a batch of `count` rows. Each row is a line, and lines are counted from 1.
fn file_errors(body: &Map<String, Value>, count: usize) -> Vec<FileError> {
    let errors = body.get("errors").and_then(|errors| errors.get("data")?.as_array());
    let row = |line: &Value| usize::try_from(counter(line)?).ok()?.checked_sub(1).filter(|row| *row < count);
    let errors = errors.into_iter().flatten().take(MAX_FILE_ERRORS);
    errors.map(|error| FileError { row: error.get("line").and_then(row), error: error_of(error) }).collect()
}

/// Reads an error of a batch or of its results.
#[must_use]
pub fn error_of(error: &Value) -> ApiError {
    let text = |name: &str, max_chars| Some(truncate(error.get(name)?.as_str()?, max_chars));
    let word = |name: &str| text(name, MAX_WORD_CHARS);
    ApiError {
        message: text("message", MAX_MESSAGE_CHARS).unwrap_or_default(),
        code: word("code"),
        kind: word("type"),
        param: word("param"),
        is_json: true,
        ..ApiError::default()
    }
}
