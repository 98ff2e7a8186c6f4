//! Combines the results of a list's rows: the answers in order, and metadata about them.

use std::{iter, mem};

use serde_json::{Map, Value, json};

use crate::{
    budgets::{MAX_NAMED_MODELS, MAX_ROW_FAILURE_BYTES, MAX_VAIN_ROWS, MAX_WORD_CHARS},
    error::{Error, ErrorText, TransportErrorKind, error_text, truncate::truncate},
    network::client::Hold,
    operations::{
        QueryResult,
        list::{List, OnFailure, bytes},
        result_size::{Names, ResultSize, too_many_names},
        usage::UsageSum,
    },
    query_runner::RequestLog,
    row_engine::{Collector, Next},
};

/// Members of a row's metadata that `metadata.details` repeats with the row's index.
const DETAILS: [&str; 9] =
    ["tool_calls", "sources", "reasoning", "refusal", "logprobs", "images", "audio", "content_parts", "moderation"];
/// Maximum number of adjustments in metadata.
const MAX_ADJUSTMENTS: usize = 32;

/// A row that has ended.
pub struct Row {
    /// Its result.
    pub result: Result<QueryResult, Error>,
    /// The log of its requests.
    pub log: RequestLog,
}

impl Row {
    /// A row for which no request could be sent.
    #[must_use]
    pub fn unsent(error: Error) -> Self {
        Self { result: Err(error), log: RequestLog::default() }
    }
}

/// What an app is told about a failed row.
pub struct RowFailure {
    /// A code to branch on.
    pub code: String,
    /// What happened and what to do, in sentences.
    pub description: String,
    /// What the model wrote anyway.
    pub partial: Option<Value>,
}

/// How a list ended.
pub struct ListEnd {
    /// Its result, or the failure of the row that is reported.
    pub result: Result<QueryResult, Error>,
    /// The log of all requests, or of the reported row's requests with the total number of attempts.
    pub log: RequestLog,
    /// More about a failed list.
    pub failure: Option<ListFailure>,
}

/// What a failed list reports in addition to the failure of one row.
#[derive(Clone, Debug, Default)]
pub struct ListFailure {
    /// The start of the description.
    pub notice: ErrorText,
    /// Additional members of `data`.
    pub data: Map<String, Value>,
    /// Additional members of `metadata`.
    pub metadata: Map<String, Value>,
}

/// Collects the rows as they end.
pub struct ListResult<'a> {
    list: &'a List,
    hold: &'a mut Hold,
    describe: &'a (dyn Fn(&Error, &RequestLog) -> RowFailure + Send + Sync),
    metadata_copies: usize,
    rows: Vec<State>,
    /// Memory not yet added to `hold`, in bytes.
    owed: usize,
    size: ResultSize,
    names: Names,
    failure_room: usize,
    first_failure: Option<(usize, Error, RequestLog)>,
    /// Why no more rows are sent.
    ended_by: Option<EndedBy>,
    failed: Vec<(usize, Value)>,
    answered: usize,
    timed_out: usize,
    vain: usize,
    usage: UsageSum,
    models: Vec<Value>,
    endpoints: Vec<Value>,
    not_strict: Option<Value>,
    finish_reasons: Vec<(usize, Value)>,
    details: Vec<(usize, Value)>,
    retried: Vec<(usize, Value)>,
    log: RequestLog,
}

/// What the result reports about a row.
#[derive(Default)]
struct OfRow {
    details: Map<String, Value>,
    usage: Option<Value>,
    reason: Option<Value>,
    model: Option<Value>,
    endpoint: Option<Value>,
    not_strict: Option<Value>,
}

impl OfRow {
    /// Takes a member of the row's metadata, and ignores members that lists do not report.
    fn add(&mut self, name: String, value: Value) {
        let place = match name.as_str() {
            "usage" => &mut self.usage,
            "finish_reason" => &mut self.reason,
            "model" => &mut self.model,
            "endpoint" => &mut self.endpoint,
            "not_strict" => &mut self.not_strict,
            name if !DETAILS.contains(&name) => return,
            _ => {
                self.details.insert(name, value);
                return;
            }
        };
        *place = Some(value);
    }
}

#[derive(Clone)]
enum State {
    Open,
    Answered(Value),
    Failed,
}

#[derive(Clone)]
enum EndedBy {
    /// A row failed.
    Failure,
    /// Too many rows failed for a reason that is not specific to them.
    Vain,
    /// The result is full; the error is that of the rows that are missing from it.
    Full(Error),
}

impl<'a> ListResult<'a> {
    /// The result of a list in which no row has ended yet. Its memory is added to `hold`; `describe` describes a failed
    /// row.
    pub fn new(
        list: &'a List,
        hold: &'a mut Hold,
        has_details: bool,
        describe: &'a (dyn Fn(&Error, &RequestLog) -> RowFailure + Send + Sync),
    ) -> Self {
        Self {
            list,
            hold,
            describe,
            metadata_copies: if has_details { 2 } else { 1 },
            rows: vec![State::Open; list.len()],
            owed: 0,
            size: ResultSize::default(),
            names: Names::default(),
            failure_room: MAX_ROW_FAILURE_BYTES,
            first_failure: None,
            ended_by: None,
            failed: Vec::new(),
            answered: 0,
            timed_out: 0,
            vain: 0,
            usage: UsageSum::default(),
            models: Vec::new(),
            endpoints: Vec::new(),
            not_strict: None,
            finish_reasons: Vec::new(),
            details: Vec::new(),
            retried: Vec::new(),
            log: RequestLog::default(),
        }
    }

    /// The result. Rows that have not ended fail with `late`; `parallel` is the maximum number of concurrent rows.
    #[must_use]
    pub fn end(mut self, late: &Error, parallel: usize) -> ListEnd {
        let open: Vec<_> = (0..self.rows.len()).filter(|row| matches!(self.rows[*row], State::Open)).collect();
        match self.ended_by.clone() {
            Some(EndedBy::Failure | EndedBy::Vain) => {}
            Some(EndedBy::Full(error)) => self.fail(open, &error, &RequestLog::default()),
            None => self.fail(open, late, &RequestLog::default()),
        }
        let attempts = self.log.attempts;
        let first_failure = self.first_failure.take();
        let is_failure = matches!(self.ended_by, Some(EndedBy::Failure)) || self.answered == 0;
        let Some((row, error, log)) = first_failure.filter(|_| is_failure) else {
            let metadata = self.metadata(parallel);
            let data = self.rows.into_iter().map(State::into_answer).collect();
            return ListEnd { result: Ok(QueryResult { data, metadata }), log: self.log, failure: None };
        };
        let notice = match self.ended_by {
            Some(EndedBy::Failure) => error_text!["Row ", row, " failed, so the query stopped. "],
            Some(EndedBy::Vain) => {
                error_text!["The first ", self.failed.len(), " rows failed, so the others were not sent. "]
            }
            _ if self.rows.len() == 1 => ErrorText::default(),
            _ => error_text!["All ", self.rows.len(), " rows failed. The first one: "],
        };
        let mut data = Map::from_iter([("index".to_owned(), row.into())]);
        let metadata = self.metadata(parallel);
        if self.answered > 0 {
            data.insert("partial".to_owned(), self.rows.into_iter().map(State::into_answer).collect());
        }
        let log = RequestLog { attempts, ..log };
        ListEnd { result: Err(error), log, failure: Some(ListFailure { notice, data, metadata }) }
    }

    /// `parallel` is the maximum number of concurrent rows.
    fn metadata(&mut self, parallel: usize) -> Map<String, Value> {
        let by_index = |name: &'static str, list: &mut Vec<(usize, Value)>| {
            list.sort_by_key(|(row, _)| *row);
            let items = list.drain(..).map(|(row, mut item)| {
                if let Value::Object(members) = &mut item {
                    members.shift_insert(0, "index".to_owned(), row.into());
                }
                item
            });
            (name, Value::Array(items.collect()))
        };
        let is_there = |(_, value): &(&str, Value)| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            value => !value.is_null(),
        };
        // They arrived in any order.
        for list in [&mut self.models, &mut self.endpoints] {
            list.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        }
        let endpoints = mem::take(&mut self.endpoints);
        let always = [
            ("rows", self.rows.len().into()),
            ("answered", self.answered.into()),
            by_index("failed", &mut self.failed),
            ("attempts", self.log.attempts.into()),
            ("parallel", parallel.into()),
        ];
        let where_there = [
            ("timed_out", Some(self.timed_out).filter(|rows| *rows > 0).into()),
            by_index("finish_reasons", &mut self.finish_reasons),
            by_index("details", &mut self.details),
            by_index("retried", &mut self.retried),
            ("models", mem::take(&mut self.models).into()),
            ("endpoint", endpoints.first().cloned().unwrap_or_default()),
            ("endpoints", if endpoints.len() > 1 { endpoints.into() } else { Value::Null }),
            ("not_strict", self.not_strict.take().unwrap_or_default()),
            ("usage", mem::take(&mut self.usage).into_members().into()),
        ];
        let members = always.into_iter().chain(where_there.into_iter().filter(is_there));
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Adds an answer for the row and for its duplicates.
    fn answer(&mut self, row: usize, same: &[usize], result: QueryResult) -> Result<(), Error> {
        let QueryResult { data, metadata } = result;
        let mut of_row = OfRow::default();
        // One pass over the members is faster than looking each of them up.
        for (name, value) in metadata.into_iter().filter(|(_, value)| !value.is_null()) {
            of_row.add(name, value);
        }
        let OfRow { details, usage, reason, model, endpoint, not_strict } = of_row;
        let named = [(&mut self.models, model), (&mut self.endpoints, endpoint)];
        // Counts even if there is no room for the answer, because it is billed.
        if let Some(Value::Object(usage)) = usage {
            self.usage.add(&usage);
        }
        for (list, name) in named {
            let name = name.as_ref().and_then(Value::as_str).map(|name| Value::from(truncate(name, MAX_WORD_CHARS)));
            if let Some(name) = name.filter(|name| list.len() < MAX_NAMED_MODELS && !list.contains(name)) {
                list.push(name);
            }
        }
        self.not_strict = self.not_strict.take().or(not_strict);
        let details = Value::Object(details);
        let size = ResultSize::of(&data) * (1 + same.len()) + ResultSize::of(&details) * self.metadata_copies;
        (self.size + size).ensure_fits()?;
        if !self.names.add(&data) || !self.names.add(&details) {
            return Err(too_many_names());
        }
        self.size = self.size + size;
        self.owed += size.memory();
        if let Some(reason) = reason.as_ref().and_then(Value::as_str).filter(|reason| *reason != "stop") {
            self.finish_reasons.push((row, json!({"finish_reason": truncate(reason, MAX_WORD_CHARS)})));
        }
        if details.as_object().is_some_and(|details| !details.is_empty()) {
            self.details.push((row, details));
        }
        self.answered += 1 + same.len();
        for same in same {
            self.rows[*same] = State::Answered(data.clone());
        }
        self.rows[row] = State::Answered(data);
        Ok(())
    }

    /// Records that these rows failed for the same reason.
    fn fail(&mut self, rows: Vec<usize>, error: &Error, log: &RequestLog) {
        let Some(first) = rows.first().copied() else { return };
        if self.first_failure.as_ref().is_none_or(|(row, ..)| first < *row) {
            self.first_failure = Some((first, error.clone(), log.clone()));
        }
        if matches!(error, Error::Timeout { .. }) {
            self.timed_out += rows.len();
        }
        let RowFailure { code, description, partial } = (self.describe)(error, log);
        for row in rows {
            let mut entry = Map::from_iter([("code".to_owned(), Value::from(code.as_str()))]);
            for (name, value) in
                [("description", Some(Value::from(description.as_str()))), ("partial", partial.clone())]
            {
                if let Some(value) = value
                    && let Some(rest) = self.failure_room.checked_sub(bytes(&value))
                {
                    self.failure_room = rest;
                    entry.insert(name.to_owned(), value);
                }
            }
            self.failed.push((row, entry.into()));
            self.rows[row] = State::Failed;
        }
    }

    fn note(&mut self, row: usize, log: &RequestLog) {
        self.log.attempts += log.attempts;
        if log.attempts > 1 {
            self.retried.push((row, json!({"attempts": log.attempts})));
        }
        if self.log.substituted_model.is_none() {
            self.log.substituted_model.clone_from(&log.substituted_model);
        }
        for adjustment in &log.adjusted {
            if self.log.adjusted.len() < MAX_ADJUSTMENTS && !self.log.adjusted.contains(adjustment) {
                self.log.adjusted.push(adjustment.clone());
            }
        }
    }
}

impl State {
    fn into_answer(self) -> Value {
        match self {
            Self::Answered(answer) => answer,
            Self::Open | Self::Failed => Value::Null,
        }
    }
}

/// Whether every other row would also fail, because the cause is not in the row.
fn is_of_all(error: &Error) -> bool {
    match error {
        Error::Api(error) => !matches!(error.status, 400 | 413 | 422),
        Error::Transport(error) => error.kind != TransportErrorKind::TooLarge,
        _ => false,
    }
}

impl Collector<Row> for ListResult<'_> {
    fn collect(&mut self, place: usize, Row { result, log }: Row) -> Next {
        let list = self.list;
        let Some((row, same)) = list.asked().get(place) else { return Next::Go };
        self.note(*row, &log);
        let (error, is_full) = match result {
            Ok(answer) => match self.answer(*row, same, answer) {
                Ok(()) => {
                    self.hold_owed();
                    return if self.owed > 0 { Next::WaitForRoom } else { Next::Go };
                }
                Err(error) => (error, true),
            },
            Err(error) => (error, false),
        };
        self.fail(iter::once(*row).chain(same.iter().copied()).collect(), &error, &log);
        self.vain += usize::from(is_of_all(&error));
        let ended_by = match list.on_failure {
            OnFailure::Stop => EndedBy::Failure,
            OnFailure::Continue if is_full => EndedBy::Full(error),
            OnFailure::Continue if self.answered == 0 && self.vain >= MAX_VAIN_ROWS => EndedBy::Vain,
            OnFailure::Continue => return Next::Go,
        };
        let next = if matches!(ended_by, EndedBy::Failure) { Next::Stop } else { Next::BeginNoMore };
        self.ended_by.get_or_insert(ended_by);
        next
    }

    async fn make_room(&mut self) {
        let owed = mem::take(&mut self.owed);
        self.hold.add(owed).await;
    }
}

impl ListResult<'_> {
    fn hold_owed(&mut self) {
        if self.hold.try_add(self.owed) {
            self.owed = 0;
        }
    }
}
