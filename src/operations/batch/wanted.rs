//! Get a batch: which ones.

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

/// The batches that are wanted, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Their ids.
    pub ids: Vec<ApiId>,
}

/// Reads one id, a list of them, or what Start a batch returned; each also as JSON text.
///
/// # Errors
/// [`Error::InvalidOption`] for anything else.
pub fn wanted(fields: &Fields<'_>) -> Result<Wanted, Error> {
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
    Ok(Wanted { ids })
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
