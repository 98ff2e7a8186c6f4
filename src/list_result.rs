//! How a list ends: with the answers of its rows, or with the failure of the one that counts.

use std::{iter, mem};

use serde_json::{Map, Value, json};

use crate::{
    answers::{Answers, RowFailure, by_index},
    budgets::MAX_VAIN_ROWS,
    error::{Error, ErrorText, TransportErrorKind, error_text},
    network::client::Hold,
    operations::{
        QueryResult,
        list::{List, OnFailure},
        result_size::ResultSize,
    },
    query_runner::RequestLog,
    row_engine::{Collector, Next},
};

/// Most changes that metadata lists.
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
    answers: Answers,
    /// What is not in `hold` yet.
    owed: usize,
    first_failure: Option<(usize, Error, RequestLog)>,
    /// Why no more rows are sent.
    ended_by: Option<EndedBy>,
    timed_out: usize,
    vain: usize,
    retried: Vec<(usize, Value)>,
    log: RequestLog,
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
            answers: Answers::new(0..list.len(), has_details),
            owed: 0,
            first_failure: None,
            ended_by: None,
            timed_out: 0,
            vain: 0,
            retried: Vec::new(),
            log: RequestLog::default(),
        }
    }

    /// The result. Rows that have not ended fail with `late`; `parallel` is the maximum number of concurrent rows.
    #[must_use]
    pub fn end(mut self, late: &Error, parallel: usize) -> ListEnd {
        let open = self.answers.open();
        match self.ended_by.clone() {
            Some(EndedBy::Failure | EndedBy::Vain) => {}
            Some(EndedBy::Full(error)) => self.fail(open, &error, &RequestLog::default()),
            None => self.fail(open, late, &RequestLog::default()),
        }
        let attempts = self.log.attempts;
        let first_failure = self.first_failure.take();
        let is_failure = matches!(self.ended_by, Some(EndedBy::Failure)) || self.answers.answered() == 0;
        let Some((row, error, log)) = first_failure.filter(|_| is_failure) else {
            let metadata = self.metadata(parallel);
            let data = self.answers.into_answers().collect();
            return ListEnd { result: Ok(QueryResult { data, metadata }), log: self.log, failure: None };
        };
        let notice = match self.ended_by {
            Some(EndedBy::Failure) => error_text!["Row ", row, " failed, so the query stopped. "],
            Some(EndedBy::Vain) => {
                error_text!["The first ", self.answers.failed(), " rows failed, so the others were not sent. "]
            }
            _ if self.answers.rows() == 1 => ErrorText::default(),
            _ => error_text!["All ", self.answers.rows(), " rows failed. The first one: "],
        };
        let mut data = Map::from_iter([("index".to_owned(), row.into())]);
        let metadata = self.metadata(parallel);
        if self.answers.answered() > 0 {
            data.insert("partial".to_owned(), self.answers.into_answers().collect());
        }
        let log = RequestLog { attempts, ..log };
        ListEnd { result: Err(error), log, failure: Some(ListFailure { notice, data, metadata }) }
    }

    /// `parallel` is the maximum number of concurrent rows.
    fn metadata(&mut self, parallel: usize) -> Map<String, Value> {
        self.answers.metadata([
            ("attempts", self.log.attempts.into()),
            ("parallel", parallel.into()),
            ("timed_out", Some(self.timed_out).filter(|rows| *rows > 0).into()),
            ("retried", by_index(&mut self.retried)),
        ])
    }

    /// Adds an answer for the row and for its duplicates.
    fn answer(&mut self, row: usize, same: &[usize], result: QueryResult) -> Result<(), Error> {
        let size = ResultSize::of(&result.data);
        self.owed += self.answers.answer(row, same, result, size)?;
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
        let failure = (self.describe)(error, log);
        for row in rows {
            self.answers.fail(row, &failure);
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

/// Whether every other row would fail likewise: what is wrong is not in the row.
fn is_of_all(error: &Error) -> bool {
    match error {
        Error::Api(error) => !matches!(error.status, 400 | 413 | 422),
        Error::Transport(error) => {
            !matches!(error.kind, TransportErrorKind::TooLarge | TransportErrorKind::ResultTooLarge)
        }
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
            OnFailure::Continue if self.answers.answered() == 0 && self.vain >= MAX_VAIN_ROWS => EndedBy::Vain,
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
