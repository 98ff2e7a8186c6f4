//! Collects the rows of batches from the files with their results, where they are in any order, some perhaps twice.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{
    answers::{Answers, RowFailure},
    budgets::{MAX_BATCH_ROWS, MAX_NAMED_LINES},
    error::{Error, ErrorText, Given, NoAnswerReason, TransportError, TransportErrorKind, error_text},
    list_result::{ListEnd, ListFailure},
    network::http::Sink,
    operations::{
        QueryResult, Reader,
        api_id::ApiId,
        batch::{
            memo,
            output::RowResult,
            status::{Batch, Missing},
        },
        result_size::ResultSize,
        vectors::{Encoding, in_encoding, length},
    },
    query_runner::RequestLog,
    response::lines::{LineSink, Lines},
};

/// Describes a failed row.
pub type Describe = Arc<dyn Fn(&Error, &RequestLog) -> RowFailure + Send + Sync>;

/// A page of the rows of `batches`, which are counted across all batches.
pub struct BatchRows {
    batches: Vec<Batch>,
    /// The rows of each batch.
    places: Vec<Range<usize>>,
    /// The rows of the page. The others are not kept.
    page: Range<usize>,
    reader: Reader,
    answers: Answers,
    describe: Describe,
    /// The log of the requests of rows.
    log: RequestLog,
    first_failure: Option<(usize, Error)>,
    vector_length: Option<usize>,
    held: usize,
    /// In which attempt to read a file each row of the page was found, counted from 1 over all files; 0 if it was not.
    found: Vec<u32>,
    attempt: u32,
    file: File,
    damaged: Vec<Value>,
}

/// The file that is being read.
#[derive(Default)]
struct File {
    batch: usize,
    id: String,
    first_attempt: u32,
    /// Damaged lines in the files before it.
    damaged: usize,
}

impl BatchRows {
    /// The rows `page` of these batches, which all belong to one query, in the order of their rows. With `has_details`,
    /// the result will have the metadata twice.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they do not belong together, or cannot be read.
    pub fn new(
        mut batches: Vec<Batch>,
        page: Range<usize>,
        has_details: bool,
        describe: Describe,
    ) -> Result<Self, Error> {
        let wrong = |reason: &'static str| Err(Error::invalid("batch_id", reason));
        batches.sort_by_key(|batch| batch.memo.first_row);
        let Some(first) = batches.first() else { return wrong("is empty") };
        if batches.iter().any(|batch| batch.memo.start != first.memo.start) {
            return wrong("must name batches that the same query started");
        }
        let Some(reader) = memo::reader(&first.memo.reading) else {
            return wrong("names a batch that a different version of this plugin started");
        };
        let mut rows = 0_usize;
        let mut places = Vec::new();
        for Batch { memo, .. } in &batches {
            places.push(rows..rows.saturating_add(memo.count));
            rows = rows.saturating_add(memo.count);
            if rows > memo.rows.min(MAX_BATCH_ROWS) {
                return wrong("names batches with more rows than their query had");
            }
        }
        Ok(Self {
            places,
            answers: Answers::new(page.clone(), has_details),
            describe,
            log: RequestLog {
                path: Some(memo::path(&reader)),
                response_format: memo::format(&reader).map(str::to_owned),
                ..RequestLog::default()
            },
            reader,
            first_failure: None,
            vector_length: None,
            held: 0,
            found: vec![0; page.len()],
            page,
            attempt: 0,
            file: File::default(),
            damaged: Vec::new(),
            batches,
        })
    }

    /// The files that may have results of the page, each with the number of its batch.
    #[must_use]
    pub fn files(&self) -> Vec<(usize, ApiId)> {
        let batches = self.batches.iter().enumerate().filter(|(number, _)| !self.rows_of(*number).is_empty());
        batches.flat_map(|(number, batch)| batch.files.iter().flatten().map(move |id| (number, id.clone()))).collect()
    }

    /// The rows of the page that are in the batch of this number.
    fn rows_of(&self, number: usize) -> Range<usize> {
        let rows = self.places.get(number).cloned().unwrap_or_default();
        rows.start.max(self.page.start)..rows.end.min(self.page.end)
    }

    /// How many rows of the page fit a result, if there was no room for all.
    #[must_use]
    pub fn fitting_rows(&self) -> Option<usize> {
        self.answers.fitting_rows()
    }

    /// Approximate memory of the rows, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held
    }

    /// The result after all files have been read, with `attempts` requests.
    #[must_use]
    pub fn end(mut self, attempts: u32) -> ListEnd {
        for (number, batch) in self.batches.iter().enumerate() {
            let rows = self.rows_of(number);
            let mut missing = rows.filter(|place| self.found[*place - self.page.start] == 0).peekable();
            let Some(first) = missing.peek().copied() else { continue };
            let Missing { mut wrong, others } = batch.why_missing(self.places[number].start);
            let failure = (self.describe)(&others, &self.log);
            for place in missing {
                let own = wrong.get(&place).map(|error| (self.describe)(error, &self.log));
                self.answers.fail(place, own.as_ref().unwrap_or(&failure));
            }
            // What is wrong says more than that other rows were not run because of it.
            let (first, error) = wrong.pop_first().unwrap_or((first, others));
            note_first(&mut self.first_failure, first, error);
        }
        let rows = self.answers.rows();
        let total = self.places.last().map_or(0, |rows| rows.end);
        // Rows of other pages have answers, so that this one is a page like them.
        let has_others = rows < total && self.batches.iter().any(Batch::has_answers);
        let mut metadata = self.answers.metadata([
            ("first_row", self.page.start.into()),
            ("total_rows", total.into()),
            ("attempts", attempts.into()),
            ("batches", self.batches.iter().map(Batch::to_json).collect()),
            ("damaged_lines", self.damaged.into()),
        ]);
        // The requests of the plugin; those of rows were sent within the API.
        let log = RequestLog { attempts, ..self.log };
        match self.first_failure {
            Some((row, error)) if self.answers.answered() == 0 && !has_others => {
                let notice = match (rows, &error) {
                    (1, _) => ErrorText::default(),
                    (_, Error::BatchRejected { .. }) => error_text!["All ", rows, " rows failed. "],
                    _ => error_text!["All ", rows, " rows failed. The first one: "],
                };
                let data = Map::from_iter([("index".to_owned(), row.into())]);
                metadata.shift_remove("attempts");
                ListEnd { result: Err(error), log, failure: Some(ListFailure { notice, data, metadata }) }
            }
            _ => {
                let answers = self.answers.into_answers();
                let data = match &self.reader {
                    Reader::Vectors(reader) => answers.map(|vector| in_encoding(vector, reader.encoding)).collect(),
                    _ => answers.collect(),
                };
                ListEnd { result: Ok(QueryResult { data, metadata }), log, failure: None }
            }
        }
    }

    fn begin_file(&mut self, batch: usize, id: String) {
        self.file = File { batch, id, first_attempt: self.attempt + 1, damaged: self.damaged.len() };
    }

    fn note_damaged(&mut self, number: usize, reason: &str) {
        if self.damaged.len() < MAX_NAMED_LINES {
            self.damaged.push(json!({"file_id": self.file.id, "line": number, "reason": reason}));
        }
    }

    /// The index of a row across all batches, if it is in the batch whose file is being read.
    fn place(&self, row: usize) -> Option<usize> {
        let (batch, places) = (self.batches.get(self.file.batch)?, self.places.get(self.file.batch)?);
        let place = places.start.checked_add(row.checked_sub(batch.memo.first_row)?)?;
        places.contains(&place).then_some(place)
    }

    fn add(&mut self, place: usize, result: RowResult) -> Result<(), TransportError> {
        match result.read(&self.reader).and_then(|result| self.measured(result)) {
            Ok((result, size)) => match self.answers.answer(place, &[], result, size) {
                Ok(bytes) => self.held += bytes,
                Err(Error::Transport(error)) => return Err(error),
                Err(error) => return Err(TransportError::new(TransportErrorKind::ResultTooLarge, error.text())),
            },
            Err(error) => {
                let failure = (self.describe)(&error, &self.log);
                self.answers.fail(place, &failure);
                note_first(&mut self.first_failure, place, error);
            }
        }
        Ok(())
    }

    /// The result of a row, and its size in the result of the query. Vectors are decoded only when all have arrived.
    fn measured(&mut self, QueryResult { data, metadata }: QueryResult) -> Result<(QueryResult, ResultSize), Error> {
        let Reader::Vectors(reader) = &self.reader else {
            let size = ResultSize::of(&data);
            return Ok((QueryResult { data, metadata }, size));
        };
        let vector = match data {
            Value::Array(mut vectors) if vectors.len() == 1 => vectors.remove(0),
            other => other,
        };
        let numbers = length(&vector);
        if *self.vector_length.get_or_insert(numbers) != numbers {
            return Err(Error::NoAnswer {
                code: NoAnswerReason::EmbeddingInvalid,
                reason: "its embedding has a different length from those of other rows".into(),
                given: Given::default(),
                request_id: None,
            });
        }
        let size = match reader.encoding {
            Encoding::Numbers => ResultSize::of_numbers(numbers),
            Encoding::Base64 => ResultSize::of_ascii(numbers * 16 / 3),
        };
        Ok((QueryResult { data: vector, metadata }, size))
    }
}

/// Keeps the failure of the first row, in the order of the rows.
fn note_first(first: &mut Option<(usize, Error)>, place: usize, error: Error) {
    if first.as_ref().is_none_or(|(row, _)| place < *row) {
        *first = Some((place, error));
    }
}

impl LineSink for BatchRows {
    fn begin(&mut self) {
        self.attempt += 1;
        self.damaged.truncate(self.file.damaged);
    }

    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), TransportError> {
        let result = match RowResult::of_line(line) {
            Ok(result) => result,
            Err(reason) => {
                self.note_damaged(number, reason);
                return Ok(());
            }
        };
        let Some(place) = result.row.and_then(|row| self.place(row)) else {
            self.note_damaged(number, "belongs to no row of this batch");
            return Ok(());
        };
        if !self.page.contains(&place) {
            return Ok(());
        }
        let found = std::mem::replace(&mut self.found[place - self.page.start], self.attempt);
        if found == 0 {
            return self.add(place, result);
        }
        // Unless an attempt that broke off has found it before.
        if found < self.file.first_attempt || found == self.attempt {
            self.note_damaged(number, "repeats a row");
        }
        Ok(())
    }

    fn long_line(&mut self, number: usize) {
        self.note_damaged(number, "is too long");
    }

    fn held(&self) -> usize {
        self.held
    }
}

/// Rows that several files add to, one after the other.
#[derive(Clone)]
pub struct SharedRows(Arc<Mutex<Option<BatchRows>>>);

impl SharedRows {
    /// Shares rows before a file of them is read.
    #[must_use]
    pub fn new(rows: BatchRows) -> Self {
        Self(Arc::new(Mutex::new(Some(rows))))
    }

    /// The sink for the file `id`, which has results of the batch with this number.
    #[must_use]
    pub fn sink(&self, batch: usize, id: &str) -> Sink {
        if let Some(rows) = self.rows().as_mut() {
            rows.begin_file(batch, id.to_owned());
        }
        Sink::new(Lines::new(self.clone()))
    }

    /// Takes the rows out when all files have been read.
    #[must_use]
    pub fn take(&self) -> Option<BatchRows> {
        self.rows().take()
    }

    fn rows(&self) -> MutexGuard<'_, Option<BatchRows>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineSink for SharedRows {
    fn begin(&mut self) {
        if let Some(rows) = self.rows().as_mut() {
            rows.begin();
        }
    }

    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), TransportError> {
        self.rows().as_mut().map_or(Ok(()), |rows| rows.line(number, line))
    }

    fn long_line(&mut self, number: usize) {
        if let Some(rows) = self.rows().as_mut() {
            rows.long_line(number);
        }
    }

    fn held(&self) -> usize {
        self.rows().as_ref().map_or(0, BatchRows::held)
    }
}
