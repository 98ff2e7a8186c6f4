//! Collects the answers of the rows of a list or a batch, and the metadata about them.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::{
    budgets::{MAX_NAMED_MODELS, MAX_ROW_FAILURE_BYTES, MAX_WORD_CHARS},
    error::{Error, truncate::truncate},
    operations::{
        QueryResult,
        list::bytes,
        result_size::{Names, ResultSize, too_many_names},
        usage::UsageSum,
    },
};

/// Members of a row's metadata that `metadata.details` has with its index.
const DETAILS: [&str; 9] =
    ["tool_calls", "sources", "reasoning", "refusal", "logprobs", "images", "audio", "content_parts", "moderation"];

/// What an app is told about a row that failed.
pub struct RowFailure {
    /// A word to branch on.
    pub code: String,
    /// What happened and what to do, in sentences.
    pub description: String,
    /// What the model wrote anyway.
    pub partial: Option<Value>,
}

/// The rows that have ended so far.
pub struct Answers {
    metadata_copies: usize,
    first_row: usize,
    rows: Vec<State>,
    size: ResultSize,
    fitting_rows: Option<usize>,
    names: Names,
    failure_room: usize,
    failed: Vec<(usize, Value)>,
    answered: usize,
    usage: UsageSum,
    models: Vec<Value>,
    endpoints: Vec<Value>,
    not_strict: Option<Value>,
    finish_reasons: Vec<(usize, Value)>,
    details: Vec<(usize, Value)>,
}

#[derive(Clone)]
enum State {
    Open,
    Answered(Value),
    Failed,
}

impl State {
    fn into_answer(self) -> Value {
        match self {
            Self::Answered(answer) => answer,
            Self::Open | Self::Failed => Value::Null,
        }
    }
}

/// The metadata of a row.
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
    /// Takes a member of the row's metadata. Ignores members that the metadata of a list does not have.
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

impl Answers {
    /// These `rows`, none of which has ended. With `has_details`, the result will have the metadata twice.
    #[must_use]
    pub fn new(rows: Range<usize>, has_details: bool) -> Self {
        Self {
            metadata_copies: if has_details { 2 } else { 1 },
            first_row: rows.start,
            rows: vec![State::Open; rows.len()],
            size: ResultSize::default(),
            fitting_rows: None,
            names: Names::default(),
            failure_room: MAX_ROW_FAILURE_BYTES,
            failed: Vec::new(),
            answered: 0,
            usage: UsageSum::default(),
            models: Vec::new(),
            endpoints: Vec::new(),
            not_strict: None,
            finish_reasons: Vec::new(),
            details: Vec::new(),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Number of rows with an answer.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.answered
    }

    /// Number of rows that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// The rows that have not ended.
    #[must_use]
    pub fn open(&self) -> Vec<usize> {
        let open = self.rows.iter().enumerate().filter(|(_, state)| matches!(state, State::Open));
        open.map(|(at, _)| self.first_row + at).collect()
    }

    /// How many rows like those so far a result has room for; `None` as long as there was room for all.
    #[must_use]
    pub fn fitting_rows(&self) -> Option<usize> {
        self.fitting_rows
    }

    /// Adds an answer, whose data will have the size `data_size`, for the row and for those that get the `same`.
    /// Returns the memory that it takes, in bytes.
    ///
    /// # Errors
    /// [`Error::Transport`] if there is no room for it in a result.
    pub fn answer(
        &mut self,
        row: usize,
        same: &[usize],
        result: QueryResult,
        data_size: ResultSize,
    ) -> Result<usize, Error> {
        let QueryResult { data, metadata } = result;
        let mut of_row = OfRow::default();
        // In one pass, because looking up each member takes longer.
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
        let size = data_size * (1 + same.len()) + ResultSize::of(&details) * self.metadata_copies;
        let sum = self.size + size;
        if let Err(error) = sum.ensure_fits() {
            self.fitting_rows = Some(sum.fitting_parts(self.answered + 1 + same.len()));
            return Err(error);
        }
        if !self.names.add(&data) || !self.names.add(&details) {
            self.fitting_rows = Some(self.answered.max(1));
            return Err(too_many_names());
        }
        self.size = sum;
        if let Some(reason) = reason.as_ref().and_then(Value::as_str).filter(|reason| *reason != "stop") {
            self.finish_reasons.push((row, json!({"finish_reason": truncate(reason, MAX_WORD_CHARS)})));
        }
        if details.as_object().is_some_and(|details| !details.is_empty()) {
            self.details.push((row, details));
        }
        self.answered += 1 + same.len();
        for same in same {
            self.rows[*same - self.first_row] = State::Answered(data.clone());
        }
        self.rows[row - self.first_row] = State::Answered(data);
        Ok(size.memory())
    }

    /// Records that a row failed.
    pub fn fail(&mut self, row: usize, failure: &RowFailure) {
        let RowFailure { code, description, partial } = failure;
        let mut entry = Map::from_iter([("code".to_owned(), Value::from(code.as_str()))]);
        for (name, value) in [("description", Some(Value::from(description.as_str()))), ("partial", partial.clone())] {
            if let Some(value) = value
                && let Some(rest) = self.failure_room.checked_sub(bytes(&value))
            {
                self.failure_room = rest;
                entry.insert(name.to_owned(), value);
            }
        }
        self.failed.push((row, entry.into()));
        self.rows[row - self.first_row] = State::Failed;
    }

    /// The metadata about the rows, with those `more` members that have a value.
    pub fn metadata(&mut self, more: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
        let is_there = |(_, value): &(&str, Value)| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            value => !value.is_null(),
        };
        // They arrived in any order.
        for list in [&mut self.models, &mut self.endpoints] {
            list.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        }
        let endpoints = std::mem::take(&mut self.endpoints);
        let always = [
            ("rows", self.rows.len().into()),
            ("answered", self.answered.into()),
            ("failed", by_index(&mut self.failed)),
        ];
        let where_there = [
            ("finish_reasons", by_index(&mut self.finish_reasons)),
            ("details", by_index(&mut self.details)),
            ("models", std::mem::take(&mut self.models).into()),
            ("endpoint", endpoints.first().cloned().unwrap_or_default()),
            ("endpoints", if endpoints.len() > 1 { endpoints.into() } else { Value::Null }),
            ("not_strict", self.not_strict.take().unwrap_or_default()),
            ("usage", std::mem::take(&mut self.usage).into_members().into()),
        ];
        let members = always.into_iter().chain(more.into_iter().chain(where_there).filter(is_there));
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The answers in the order of their rows, with null for rows without one.
    pub fn into_answers(self) -> impl Iterator<Item = Value> {
        self.rows.into_iter().map(State::into_answer)
    }
}

/// Moves the items about some of the rows into an array in the order of the rows, each with its index.
pub fn by_index(list: &mut Vec<(usize, Value)>) -> Value {
    list.sort_by_key(|(row, _)| *row);
    let items = list.drain(..).map(|(row, mut item)| {
        if let Value::Object(members) = &mut item {
            members.shift_insert(0, "index".to_owned(), row.into());
        }
        item
    });
    items.collect()
}
