//! Gets batches: asks how far they are and, once all have ended, reads the files with their results.

use serde_json::{Map, Value, json};

use crate::{
    batch_rows::{BatchRows, Describe, SharedRows},
    error::Error,
    list_result::ListFailure,
    network::http::Transport,
    operations::{
        ApiRequest, Expected, QueryResult,
        api_id::Below,
        batch::{self, status::Batch, wanted::Wanted},
    },
    query_runner::RequestLog,
    request_sender::RequestSender,
};

/// Gets the batches of one query. Owns its log, which survives if the run panics or is dropped.
pub struct BatchGetter<'a, T> {
    sender: RequestSender<'a, T>,
    log: RequestLog,
    failure: Option<ListFailure>,
}

impl<'a, T: Transport> BatchGetter<'a, T> {
    /// A getter that has sent nothing yet.
    #[must_use]
    pub fn new(sender: RequestSender<'a, T>) -> Self {
        let log = RequestLog { path: Some(batch::PATH), ..RequestLog::default() };
        Self { sender, log, failure: None }
    }

    /// Returns how far the batches are while one of them is running, and then the results of the page. With
    /// `has_details`, the result will have the metadata twice; `describe` describes a failed row.
    ///
    /// # Errors
    /// The first error of a request, or the error of the first row if no row has an answer.
    pub async fn run(&mut self, wanted: &Wanted, has_details: bool, describe: Describe) -> Result<QueryResult, Error> {
        let mut batches = Vec::new();
        for id in &wanted.ids {
            let request = ApiRequest::get_below(batch::PATH, Below { id: id.clone(), part: "" });
            let id = id.clone();
            let read = move |response| Batch::read(&response, id.clone());
            batches.push(self.sender.send(&request, read).await?);
        }
        let page = wanted.page.range(total_rows(&batches))?;
        if let Some(running) = batches.iter().find(|batch| !batch.has_ended()) {
            return Ok(progress(running, &batches));
        }
        let rows = BatchRows::new(batches, page, has_details, describe)?;
        let files = rows.files();
        let batch_of = |file: Option<&(usize, _)>| file.map(|(batch, _)| *batch);
        self.log.spans_batches = batch_of(files.first()) != batch_of(files.last());
        let rows = SharedRows::new(rows);
        for (batch, id) in files {
            let sink = rows.sink(batch, id.as_str());
            let request = ApiRequest::get_below(batch::FILES_PATH, Below { id, part: "/content" });
            let request = ApiRequest { expected: Expected::File(sink), ..request };
            let read = self.sender.send(&request, |_| Ok(())).await;
            if read.is_err() {
                self.log.fitting_rows = rows.take().and_then(|rows| rows.fitting_rows());
            }
            read?;
        }
        let Some(rows) = rows.take() else { return Err(Error::Internal("no rows".into())) };
        let attempts = self.sender.attempts();
        let end = self.sender.offload(rows.bytes(), move || rows.end(attempts)).await;
        (self.log, self.failure) = (end.log, end.failure);
        end.result
    }

    /// The log of the requests, and more about a failure.
    #[must_use]
    pub fn into_end(self) -> (RequestLog, Option<ListFailure>) {
        (RequestLog { attempts: self.sender.attempts(), ..self.log }, self.failure)
    }
}

fn total_rows(batches: &[Batch]) -> usize {
    batches.iter().fold(0, |rows, batch| rows.saturating_add(batch.memo.count))
}

/// How far the batches are while `running` is one of them.
fn progress(running: &Batch, batches: &[Batch]) -> QueryResult {
    let count = |which: usize| batches.iter().map(|batch| batch.counts[which]).sum::<usize>();
    let counts = json!({"total": total_rows(batches), "completed": count(0), "failed": count(1)});
    QueryResult {
        data: json!({"status": running.status, "counts": counts}),
        metadata: Map::from_iter([("batches".to_owned(), batches.iter().map(Batch::to_json).collect::<Value>())]),
    }
}
