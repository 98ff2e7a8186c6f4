//! Starts batches: measures their files, uploads all of them, and only then creates the batches.
//!
//! Nothing is billed before a batch is created, and none is created twice: if it is unclear whether the server created
//! one, the query fails and says so. The failure names what exists by then.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    budgets::WORK_BYTES,
    error::{Error, ErrorText, error_text},
    input::options::SourceOptions,
    list_result::ListFailure,
    network::http::Transport,
    operations::{
        ApiRequest, QueryResult, Reader,
        api_id::{ApiId, Below},
        batch::{
            self, created,
            draft::{Draft, InputFile},
            lines::Lines,
            memo::{self, Memo},
            start::Start,
        },
        chat_route::Api,
        responses,
        route::Route,
    },
    policy::{
        adjust::Adjustment,
        model_cache::{CacheKey, ModelCache},
    },
    query_runner::RequestLog,
    request_sender::RequestSender,
};

/// The time in which the API processes a batch; it offers no other.
const WINDOW: &str = "24h";
/// The delay between two checks whether a file can be used.
const FILE_PAUSE: Duration = Duration::from_secs(2);

/// Starts the batches of one query. Owns the record of what it did, which survives if the run panics or is dropped.
pub struct BatchStarter<'a, T> {
    sender: RequestSender<'a, T>,
    cache: &'a ModelCache,
    source: &'a SourceOptions,
    log: RequestLog,
    /// All files, in their order.
    files: Vec<InputFile>,
    /// The IDs of the uploaded files.
    file_ids: Vec<String>,
    /// The IDs of the created batches, in the order of their files.
    batch_ids: Vec<String>,
    /// Whether a request to create the next batch is under way, or ended without saying whether it was created.
    is_unclear: bool,
}

impl<'a, T: Transport> BatchStarter<'a, T> {
    /// A starter that has done nothing yet.
    pub fn new(sender: RequestSender<'a, T>, cache: &'a ModelCache, source: &'a SourceOptions) -> Self {
        Self {
            sender,
            cache,
            source,
            log: RequestLog::default(),
            files: Vec::new(),
            file_ids: Vec::new(),
            batch_ids: Vec::new(),
            is_unclear: false,
        }
    }

    /// Starts the batches. The result is `{batch_ids, rows}`.
    ///
    /// # Errors
    /// The first error, after which nothing more is sent.
    pub async fn run(&mut self, start: &Start) -> Result<QueryResult, Error> {
        let lines = self.lines(start)?;
        let draft = self.draft(lines).await?;
        let Some(first) = &draft.first else { return Err(Error::Internal("no row".into())) };
        let log = RequestLog::of(&first.request);
        self.log = RequestLog { path: Some(batch::FILES_PATH), adjusted: draft.adjusted.clone(), ..log };
        let has_stops = draft.adjusted.contains(&Adjustment::Removed("stop"));
        let (reader, path) = (first.reader.clone(), first.request.path);
        let reading = memo::reading(&reader, has_stops)?;
        self.files.clone_from(&draft.files);
        let mut pending = Vec::new();
        // For the piece that is being sent and the next one.
        self.sender.hold().add(2 * (WORK_BYTES + draft.longest)).await;
        for number in 0..self.files.len() {
            let Some(request) = draft.upload(number) else { break };
            let read = |response| Ok((created::id(&response, "file")?, created::is_pending(&response)));
            let (id, is_pending) = self.sender.send(&request, read).await?;
            self.file_ids.push(id.as_str().to_owned());
            if is_pending {
                pending.push(id);
            }
        }
        for id in pending {
            self.wait_for_file(id).await?;
        }
        self.log.path = Some(batch::PATH);
        let endpoint = format!("{}{path}", start.version);
        for number in 0..self.files.len() {
            self.create(number, &endpoint, &reading).await?;
        }
        Ok(self.result(&reader))
    }

    /// Prepares the lines. The first row says which model to look up in the cache.
    fn lines(&self, start: &Start) -> Result<Lines, Error> {
        let Start { rows, api, version } = start;
        let mut route = rows.route(0, *api)?;
        let mut api = *api;
        let key = loop {
            let Route { plan, .. } = &route;
            let (path, key) = (plan.request.path, self.key(&plan.request));
            let Some(cause) = self.cache.fallback(key, self.sender.now()) else { break key };
            let Ok(next) = route.after(cause, &self.sender.today()) else { break key };
            route = next;
            if route.plan.request.path == path {
                break key;
            }
            api = if route.plan.request.path == responses::PATH { Api::Responses } else { Api::ChatCompletions };
        };
        let rejections = self.cache.rejections(key, self.sender.now()).into();
        Ok(Lines { rows: rows.clone(), api, version, rejections })
    }

    fn key(&self, request: &ApiRequest) -> CacheKey {
        self.cache.key(self.source, request.path, request.body.as_ref())
    }

    /// Measures all rows, some at a time, so that other queries get their turn.
    async fn draft(&self, lines: Lines) -> Result<Draft, Error> {
        let mut draft = Draft::new(lines);
        loop {
            let measure = move || {
                let is_whole = draft.measure_more();
                (draft, is_whole)
            };
            let (further, is_whole) = self.sender.offload(WORK_BYTES, measure).await;
            if is_whole? {
                return Ok(further);
            }
            draft = further;
        }
    }

    /// Waits until a file can be used.
    async fn wait_for_file(&mut self, id: ApiId) -> Result<(), Error> {
        let request = ApiRequest::get_below(batch::FILES_PATH, Below { id, part: "" });
        loop {
            self.sender.sleep(FILE_PAUSE).await;
            if !self.sender.send(&request, |response| Ok(created::is_pending(&response))).await? {
                return Ok(());
            }
        }
    }

    async fn create(&mut self, number: usize, endpoint: &str, reading: &str) -> Result<(), Error> {
        let (Some(InputFile { rows, .. }), Some(file_id)) = (self.files.get(number), self.file_ids.get(number)) else {
            return Err(Error::Internal("no file".into()));
        };
        let memo = Memo {
            start: self.file_ids.first().cloned().unwrap_or_default(),
            rows: self.rows(),
            first_row: rows.start,
            count: rows.len(),
            reading: reading.to_owned(),
        };
        let body = json!({
            "input_file_id": file_id, "endpoint": endpoint, "completion_window": WINDOW,
            "metadata": memo.to_metadata()
        });
        let Value::Object(body) = body else { return Err(Error::Internal("no object".into())) };
        let request = ApiRequest { is_sent_once: true, ..ApiRequest::post(batch::PATH, body) };
        self.is_unclear = true;
        let created = self.sender.send(&request, |response| {
            let id = created::id(&response, "batch")?;
            Ok((id, response.request_id))
        });
        let created = created.await;
        self.is_unclear = created.as_ref().is_err_and(|error| !is_rejected(error));
        let (id, request_id) = created?;
        self.log.request_id = request_id;
        self.batch_ids.push(id.as_str().to_owned());
        Ok(())
    }

    fn rows(&self) -> usize {
        self.files.last().map_or(0, |file| file.rows.end)
    }

    fn result(&self, reader: &Reader) -> QueryResult {
        let parts = self.files.iter().zip(&self.file_ids).zip(&self.batch_ids);
        let batches = parts.map(|((InputFile { rows, bytes }, file_id), batch_id)| {
            json!({
                "batch_id": batch_id, "file_id": file_id, "first_row": rows.start, "rows": rows.len(), "bytes": bytes
            })
        });
        let metadata = [
            ("endpoint", memo::path(reader)[1..].into()),
            ("model", self.log.model.clone().into()),
            ("batches", batches.collect()),
        ];
        QueryResult {
            data: json!({"batch_ids": self.batch_ids, "rows": self.rows()}),
            metadata: metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    /// The log of the requests, and what exists although the query failed.
    #[must_use]
    pub fn into_end(self) -> (RequestLog, Option<ListFailure>) {
        let incomplete = (!self.file_ids.is_empty()).then(|| self.incomplete());
        (RequestLog { attempts: self.sender.attempts(), ..self.log }, incomplete)
    }

    fn incomplete(&self) -> ListFailure {
        let started = self.batch_ids.len();
        let unclear = self.file_ids.get(started).filter(|_| self.is_unclear);
        let rows = started.checked_sub(1).and_then(|last| self.files.get(last)).map_or(0, |file| file.rows.end);
        let mut partial = json!({"batch_ids": self.batch_ids, "rows": rows, "file_ids": self.file_ids});
        if let Some(id) = unclear {
            partial["unclear_file_id"] = json!(id);
        }
        let of =
            error_text![started, " of ", self.files.len(), " batches were started; their IDs are in data.partial. "];
        let doubt = unclear.map_or_else(ErrorText::default, |id| {
            error_text!["It is not known whether the batch of file ", id.clone(), " was started. "]
        });
        let notice = if started == 0 && unclear.is_none() { "No batch was started. ".into() } else { of };
        ListFailure {
            notice: error_text![notice, doubt],
            data: Map::from_iter([("partial".to_owned(), partial)]),
            metadata: Map::new(),
        }
    }
}

/// Whether the server certainly did not create the batch.
fn is_rejected(error: &Error) -> bool {
    match error {
        Error::Api(error) => matches!(error.status, 400..=499) && error.status != 408,
        Error::Transport(error) => !error.kind.is_sent(),
        _ => false,
    }
}
