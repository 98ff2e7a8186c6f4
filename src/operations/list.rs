//! A query that sends the same request for each row of a list: its rows, and how they run. The operation defines the
//! request of a row; `list_runner.rs` sends it.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{advanced, route::Route};
use crate::{
    budgets::{MAX_LIST_ROWS, MAX_PARALLEL_ROWS},
    error::{Error, ErrorText, error_text},
    input::{
        crossing,
        fields::{Fields, excerpt},
        lenient_json::{self, is_json_text},
    },
};

/// Default number of concurrent rows.
const DEFAULT_PARALLEL: usize = 8;

/// The field of a single query that a row replaces.
const PROMPT: &str = "prompt";

/// What to do when a row fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Run the others anyway.
    #[default]
    Continue,
    /// Fail the query, and cancel the rows in progress.
    Stop,
}

type Plan = dyn Fn(&Value) -> Result<Route, Error> + Send + Sync;

/// A checked list.
#[derive(Clone)]
pub struct List {
    /// Maximum number of concurrent rows.
    pub parallel: usize,
    /// What to do when a row fails.
    pub on_failure: OnFailure,
    key: &'static str,
    rows: Vec<Value>,
    /// The rows to send, each with its duplicates, which get the same answer.
    asked: Vec<(usize, Vec<usize>)>,
    /// Size of a request without its row, in bytes.
    shared_bytes: usize,
    plan: Arc<Plan>,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl List {
    /// Reads the rows under `key` and how they run. `plan` builds a row's request; its errors belong to the row.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn from_fields(
        fields: &Fields<'_>,
        key: &'static str,
        plan: impl Fn(&Value) -> Result<Route, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let most = i64::try_from(MAX_PARALLEL_ROWS).unwrap_or(i64::MAX);
        let rows = rows(fields, key, MAX_LIST_ROWS)?;
        let advanced = advanced(fields);
        let parallel = advanced.integer("parallel", 1..=most)?.and_then(|parallel| usize::try_from(parallel).ok());
        let on_failure =
            advanced.choice("on_failure", &[("continue", OnFailure::Continue), ("stop", OnFailure::Stop)])?;
        let asks_once = advanced.choice("same_prompts", &[("each", false), ("once", true)])?.unwrap_or_default();
        Ok(Self {
            parallel: parallel.unwrap_or(DEFAULT_PARALLEL),
            on_failure: on_failure.unwrap_or_default(),
            asked: if asks_once { different(&rows) } else { (0..rows.len()).map(|row| (row, Vec::new())).collect() },
            key,
            rows,
            shared_bytes: 0,
            plan: Arc::new(plan),
        })
    }

    /// Sets the size of a request without its row, in bytes.
    #[must_use]
    pub fn with_shared_bytes(self, shared_bytes: usize) -> Self {
        Self { shared_bytes, ..self }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows to send, each with its duplicates, which get the same answer.
    #[must_use]
    pub fn asked(&self) -> &[(usize, Vec<usize>)] {
        &self.asked
    }

    /// Approximate size of a row's request, in bytes.
    #[must_use]
    pub fn request_bytes(&self, row: usize) -> usize {
        self.shared_bytes + self.rows.get(row).map_or(0, bytes)
    }

    /// The route of a row.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming what is invalid in the row.
    pub fn route(&self, row: usize) -> Result<Route, Error> {
        let route = (self.plan)(self.rows.get(row).unwrap_or(&Value::Null));
        route.map_err(|error| in_row(self.key, row, error))
    }
}

/// An error about a field as one about a row of the field `key`.
#[must_use]
pub fn in_row(key: &'static str, row: usize, error: Error) -> Error {
    match error {
        Error::InvalidOption { field, reason } => Error::invalid(place(key, row, field), reason),
        other => other,
    }
}

/// What the row has in place of a field: `prompts[1]` of `prompt`, `prompts[1].images` of `images`.
fn place(key: &'static str, row: usize, field: ErrorText) -> ErrorText {
    let row = error_text![key, "[", row, "]"];
    match field.to_string().strip_prefix(PROMPT) {
        Some(rest) if field.is_own() && !rest.starts_with('_') => error_text![row, ErrorText::own(rest.to_owned())],
        _ => error_text![row, ".", field],
    }
}

/// Reads the fields of a list's rows.
pub struct RowFields {
    /// Fields that a row may have itself.
    of_row: &'static [&'static str],
    /// Fields for rows that do not have their own.
    shared: Map<String, Value>,
}

impl RowFields {
    /// Rows are a prompt, or an object with some of the fields `of_row`, which replace those in `shared`.
    #[must_use]
    pub fn new(of_row: &'static [&'static str], shared: Map<String, Value>) -> Self {
        Self { of_row, shared }
    }

    /// The fields of `row`; ignores its other members.
    #[must_use]
    pub fn of(&self, row: &Value) -> Value {
        let mut fields = self.shared.clone();
        match row {
            Value::Object(members) if self.of_row.iter().any(|key| members.contains_key(*key)) => {
                let own = self.of_row.iter().filter_map(|key| Some(((*key).to_owned(), members.get(*key)?.clone())));
                fields.extend(own.filter(|(_, value)| !value.is_null()));
            }
            prompt => {
                fields.insert(PROMPT.to_owned(), prompt.clone());
            }
        }
        fields.into()
    }

    /// Approximate size of the fields that each row shares, as JSON.
    #[must_use]
    pub fn shared_bytes(&self) -> usize {
        self.shared.values().map(bytes).sum()
    }
}

/// The rows under `key`, at most `most`: an array, or its JSON text.
///
/// # Errors
/// [`Error::InvalidOption`] if it is anything else.
pub fn rows(fields: &Fields<'_>, key: &'static str, most: usize) -> Result<Vec<Value>, Error> {
    let wrong = |value: &Value| {
        let expected =
            error_text!["must be an array with an item for each row, such as [\"one\", \"two\"], got ", excerpt(value)];
        Err(Error::invalid(key, expected))
    };
    let rows = match fields.value(key) {
        None => return Err(Error::invalid(key, "is empty. Enter an array, or check that its template has a value")),
        Some(Value::Array(rows)) => rows.clone(),
        Some(value @ Value::String(text)) if is_json_text(text) => match fields.parse(key, text)? {
            Ok(Value::Array(rows)) => rows,
            Ok(_) => return wrong(value),
            Err(error) => {
                let what = ErrorText::own(lenient_json::explain(&error));
                return Err(Error::invalid(key, error_text!["is not valid JSON: ", what]));
            }
        },
        Some(value) => {
            crossing::ensure_usable(key, value)?;
            return wrong(value);
        }
    };
    ensure_few(key, rows.len(), most)?;
    Ok(rows)
}

/// Checks that there are at most `most` rows.
///
/// # Errors
/// [`Error::InvalidOption`] if there are more.
pub fn ensure_few(key: &'static str, rows: usize, most: usize) -> Result<(), Error> {
    if rows > most {
        return Err(Error::invalid(key, error_text!["must have at most ", most, " rows, got ", rows]));
    }
    Ok(())
}

/// The first row of each group of equal rows, with the others of the group.
fn different(rows: &[Value]) -> Vec<(usize, Vec<usize>)> {
    let mut places = HashMap::new();
    let mut asked: Vec<(usize, Vec<usize>)> = Vec::new();
    for (row, value) in rows.iter().enumerate() {
        match places.entry(value.to_string()) {
            Entry::Vacant(place) => {
                place.insert(asked.len());
                asked.push((row, Vec::new()));
            }
            Entry::Occupied(place) => asked[*place.get()].1.push(row),
        }
    }
    asked
}

/// Approximate size of a value as JSON, in bytes.
#[must_use]
pub fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes).sum(),
        Value::Object(members) => members_bytes(members),
        _ => 8,
    }
}

/// Approximate size of these members as JSON, in bytes.
#[must_use]
pub fn members_bytes(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, value)| name.len() + bytes(value)).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operations::{ApiRequest, Plan, QueryResult, Reader};

    fn read(options: Value) -> Result<List, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        let plan =
            |_: &Value| Ok(Route::only(Plan::new(ApiRequest::get("/x"), Reader::new(|_| Ok(QueryResult::default())))));
        List::from_fields(&fields, "prompts", plan).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_an_array_and_its_json_text() {
        for rows in [json!(["a", null, 5]), json!("[\"a\", null, 5]"), json!(" [\"a\",null,{}]")] {
            assert_eq!(read(json!({ "prompts": rows })).unwrap().len(), 3);
        }
        assert!(read(json!({"prompts": []})).unwrap().is_empty());
    }

    #[test]
    fn explains_what_is_wrong_with_anything_else() {
        for (rows, expected) in [
            (json!(null), "Prompts is empty. Enter an array, or check that its template has a value"),
            (json!(" "), "Prompts is empty. Enter an array, or check that its template has a value"),
            (json!("a"), "Prompts must be an array with an item for each row, such as [\"one\", \"two\"], got \"a\""),
            (
                json!({"a": 1}),
                "Prompts must be an array with an item for each row, such as [\"one\", \"two\"], got an object",
            ),
            (json!("{}"), "Prompts must be an array with an item for each row, such as [\"one\", \"two\"], got \"{}\""),
        ] {
            assert_eq!(read(json!({ "prompts": rows })).unwrap_err(), expected);
        }
        assert!(read(json!({"prompts": "[1,"})).unwrap_err().starts_with("Prompts is not valid JSON: "));
        let many = vec![0; MAX_LIST_ROWS + 1];
        assert_eq!(
            read(json!({ "prompts": many })).unwrap_err(),
            format!("Prompts must have at most {MAX_LIST_ROWS} rows, got {}", MAX_LIST_ROWS + 1)
        );
    }

    #[test]
    fn runs_as_the_advanced_fields_say() {
        let list = read(json!({"prompts": ["a"]})).unwrap();
        assert_eq!((list.parallel, list.on_failure), (DEFAULT_PARALLEL, OnFailure::Continue));
        let options = json!({"prompts": ["a"], "parallel": "64", "on_failure": " Stop "});
        let list = read(options.clone()).unwrap();
        assert_eq!((list.parallel, list.on_failure), (64, OnFailure::Stop));
        let mut off = options;
        off["advanced"] = "off".into();
        assert_eq!(read(off).unwrap().parallel, DEFAULT_PARALLEL);
        for parallel in [0, 65] {
            let error = read(json!({"prompts": ["a"], "parallel": parallel})).unwrap_err();
            assert_eq!(error, format!("Parallel must be a whole number from 1 to 64, got {parallel}"));
        }
    }

    #[test]
    fn sends_equal_rows_once_only_on_request() {
        let rows = json!(["a", "b", "a", {"prompt": "a"}, "a", {"prompt": "a"}]);
        let asked = |same: Value| read(json!({"prompts": rows, "same_prompts": same})).unwrap().asked().to_vec();
        assert_eq!(asked(json!(null)).len(), 6);
        assert_eq!(asked(json!("each")).len(), 6);
        assert_eq!(asked(json!("once")), [(0, vec![2, 4]), (1, vec![]), (3, vec![5])]);
    }

    #[test]
    fn prefers_a_row_s_own_fields_to_shared_ones() {
        let shared = Map::from_iter([("suffix".to_owned(), "z".into())]);
        let fields = RowFields::new(&["prompt", "suffix"], shared);
        for (row, expected) in [
            (json!("a"), json!({"suffix": "z", "prompt": "a"})),
            (json!({"prompt": "a", "suffix": "b", "id": 1}), json!({"suffix": "b", "prompt": "a"})),
            (json!({"prompt": "a", "suffix": null}), json!({"suffix": "z", "prompt": "a"})),
            (json!({"text": "a"}), json!({"suffix": "z", "prompt": {"text": "a"}})),
        ] {
            assert_eq!(fields.of(&row), expected);
        }
    }

    #[test]
    fn estimates_the_size_of_a_row_s_request() {
        let list = read(json!({"prompts": ["abc", {"prompt": ["abcd"]}]})).unwrap().with_shared_bytes(100);
        assert_eq!((list.request_bytes(0), list.request_bytes(1)), (103, 110));
    }
}
