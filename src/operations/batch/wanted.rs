//! The options of Get a batch: which batches, and which of their rows.

use std::ops::Range;

use serde_json::Value;

use crate::{
    budgets::MAX_BATCH_IDS,
    error::{Error, error_text},
    input::{fields::Fields, lenient_json::is_json_text},
    operations::{api_id::ApiId, text_list::text_list},
};

const KEY: &str = "batch_id";
/// The member of what Start a batch returns.
const IDS: &str = "batch_ids";

/// The batches that a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Their IDs, each once.
    pub ids: Vec<ApiId>,
    /// Which of their rows.
    pub page: Page,
}

/// Some of the rows, counted from 0 across all batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    first_row: usize,
    /// How many; `None` for all that follow.
    rows: Option<usize>,
}

impl Page {
    fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let first_row = fields.integer("first_row", 0..=i64::MAX)?.map_or(0, count);
        Ok(Self { first_row, rows: fields.integer("rows", 1..=i64::MAX)?.map(count) })
    }

    /// The rows of the page if there are `total` rows. The last page may be shorter.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it begins after the last row.
    pub fn range(self, total: usize) -> Result<Range<usize>, Error> {
        let Self { first_row, rows } = self;
        if first_row >= total.max(1) {
            let reason = error_text!["must be less than ", total, ", the number of rows, got ", first_row];
            return Err(Error::invalid("first_row", reason));
        }
        let rest = total - first_row;
        Ok(first_row..first_row + rows.map_or(rest, |rows| rows.min(rest)))
    }
}

/// Reads the options of a query. Batch ID is one ID, a list of IDs, or what Start a batch returned; each also as JSON
/// text.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn wanted(fields: &Fields<'_>) -> Result<Wanted, Error> {
    Ok(Wanted { ids: ids(fields)?, page: Page::from_fields(fields)? })
}

fn ids(fields: &Fields<'_>) -> Result<Vec<ApiId>, Error> {
    let value = fields.value(KEY);
    let parsed = match value {
        Some(Value::String(text)) if is_json_text(text) => fields.parse(KEY, text)?.ok(),
        _ => None,
    };
    let value = parsed.as_ref().or(value);
    let value = value.and_then(Value::as_object).and_then(|members| members.get(IDS)).or(value);
    let mut ids = Vec::new();
    for text in text_list(&KEY.into(), value)? {
        let id = ApiId::new(&text).map_err(|reason| Error::invalid(KEY, reason))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > MAX_BATCH_IDS {
            return Err(Error::invalid(KEY, error_text!["must have at most ", MAX_BATCH_IDS, " IDs"]));
        }
    }
    if ids.is_empty() {
        return Err(Error::invalid(KEY, "is empty. Enter what Start a batch returned: its data, or the IDs in it"));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(value: Value) -> Result<Vec<String>, String> {
        let options = json!({"batch_id": value});
        let wanted = wanted(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())?;
        Ok(wanted.ids.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn takes_one_id_several_or_what_start_a_batch_returned() {
        for value in [
            json!(["batch_1", "batch_2", " batch_1 "]),
            json!("[\"batch_1\", \"batch_2\"]"),
            json!("batch_1, batch_2"),
            json!({"batch_ids": ["batch_1", "batch_2"], "rows": 5}),
            json!("{\"batch_ids\": [\"batch_1\", \"batch_2\"]}"),
        ] {
            assert_eq!(ids(value.clone()).unwrap(), ["batch_1", "batch_2"], "{value}");
        }
        assert_eq!(ids(json!(" batch_1\n")).unwrap(), ["batch_1"]);
    }

    fn page(options: Value) -> Result<Page, String> {
        Page::from_fields(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn takes_all_rows_or_those_of_a_page() {
        for (options, total, rows) in [
            (json!({}), 5, 0..5),
            (json!({"first_row": "", "rows": null}), 5, 0..5),
            (json!({"rows": "2"}), 5, 0..2),
            (json!({"first_row": "3"}), 5, 3..5),
            (json!({"first_row": 2, "rows": 2}), 5, 2..4),
            (json!({"first_row": 4, "rows": 2}), 5, 4..5),
            (json!({"first_row": 4, "rows": i64::MAX}), 5, 4..5),
            (json!({}), 0, 0..0),
        ] {
            assert_eq!(page(options.clone()).unwrap().range(total).unwrap(), rows, "{options}");
        }
    }

    #[test]
    fn rejects_a_page_that_has_no_rows() {
        for (options, words) in [
            (json!({"first_row": -1}), "First row must be a whole number of at least 0, got -1"),
            (json!({"first_row": "1.5"}), "First row must be a whole number of at least 0, got \"1.5\""),
            (json!({"rows": 0}), "Rows must be a whole number of at least 1, got 0"),
            (json!({"rows": "all"}), "Rows must be a whole number of at least 1, got \"all\""),
        ] {
            assert_eq!(page(options).unwrap_err(), words);
        }
        for first_row in [5, i64::MAX] {
            let error = page(json!({"first_row": first_row})).unwrap().range(5).unwrap_err().to_string();
            assert_eq!(error, format!("First row must be less than 5, the number of rows, got {first_row}"));
        }
    }

    #[test]
    fn takes_nothing_else() {
        let many: Vec<_> = (0..=MAX_BATCH_IDS).map(|number| format!("batch_{number}")).collect();
        for (value, start) in [
            (json!(null), "Batch ID is empty. Enter what"),
            (json!([]), "Batch ID is empty. Enter what"),
            (json!({"batch_ids": []}), "Batch ID is empty. Enter what"),
            (json!({"rows": 1}), "Batch ID must be a list of strings"),
            (json!([{}]), "Batch ID must be strings"),
            (json!("../files/x"), "Batch ID must be an ID such as batch_abc123, got \"../files/x\""),
            (json!(["batch_1", "batch 2"]), "Batch ID must be an ID such as"),
            (json!(many), "Batch ID must have at most 64 IDs"),
        ] {
            let error = ids(value).unwrap_err();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
