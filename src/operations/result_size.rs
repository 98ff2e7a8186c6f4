//! Keeps results within their limits. Code that copies a value several times measures it first.

use std::{
    collections::HashSet,
    iter::Sum,
    ops::{Add, Mul},
};

use serde_json::{Map, Value};

use super::QueryResult;
use crate::{
    budgets::{
        CONTAINER_WEIGHT, MAX_KEPT_BYTES, MAX_KEPT_VALUES, MAX_RESULT_BYTES, MAX_RESULT_NAME_BYTES, MAX_RESULT_NAMES,
        MAX_RESULT_VALUES, VALUE_BYTES,
    },
    error::{Error, ErrorText, TransportError, TransportErrorKind, error_text},
};

/// Length of the longest JSON escape, `\u0000`, in bytes.
const MAX_ESCAPE_BYTES: usize = 6;

/// The size of a result or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResultSize {
    /// Length of all text in JSON, in bytes.
    bytes: usize,
    /// Number of values, weighted by [`CONTAINER_WEIGHT`].
    values: usize,
}

impl ResultSize {
    /// The size of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self::of_value(value, json_length)
    }

    /// An object with these names, without its values.
    #[must_use]
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of_container(names, json_length)
    }

    /// A list of numbers.
    #[must_use]
    pub fn of_numbers(count: usize) -> Self {
        Self { bytes: 0, values: CONTAINER_WEIGHT.saturating_add(count) }
    }

    /// A string of this many bytes, none of which JSON escapes.
    #[must_use]
    pub fn of_ascii(bytes: usize) -> Self {
        Self { bytes, values: 1 }
    }

    fn of_value(value: &Value, length: fn(&str) -> usize) -> Self {
        match value {
            Value::String(text) => Self::of_text(text, length),
            Value::Array(items) => {
                items.iter().map(|item| Self::of_value(item, length)).sum::<Self>() + Self::of_container([], length)
            }
            Value::Object(members) => Self::of_members(members, length),
            _ => Self { bytes: 0, values: 1 },
        }
    }

    fn of_members(members: &Map<String, Value>, length: fn(&str) -> usize) -> Self {
        members.values().map(|value| Self::of_value(value, length)).sum::<Self>()
            + Self::of_container(members.keys().map(String::as_str), length)
    }

    fn of_container<'a>(names: impl IntoIterator<Item = &'a str>, length: fn(&str) -> usize) -> Self {
        names.into_iter().map(|name| Self::of_text(name, length)).sum::<Self>()
            + Self { bytes: 0, values: CONTAINER_WEIGHT }
    }

    fn of_text(text: &str, length: fn(&str) -> usize) -> Self {
        Self { bytes: length(text), values: 1 }
    }

    /// Approximate memory use in bytes.
    #[must_use]
    pub fn memory(self) -> usize {
        self.bytes.saturating_add(self.values.saturating_mul(VALUE_BYTES))
    }

    /// How many parts fit a result if `count` parts have this size together and are alike. Rounded down to two digits,
    /// but at least one.
    #[must_use]
    pub fn fitting_parts(self, count: usize) -> usize {
        let fitting = |limit: usize, size: usize| count.saturating_mul(limit) / size.max(limit);
        let parts = fitting(MAX_RESULT_BYTES, self.bytes).min(fitting(MAX_RESULT_VALUES, self.values));
        let unit = 10_usize.pow(parts.checked_ilog10().unwrap_or_default().saturating_sub(1));
        (parts / unit * unit).max(1)
    }

    /// Checks it against [`MAX_RESULT_BYTES`] and [`MAX_RESULT_VALUES`].
    ///
    /// # Errors
    /// [`TransportErrorKind::ResultTooLarge`] beyond either.
    pub fn ensure_fits(self) -> Result<(), Error> {
        if self.bytes > MAX_RESULT_BYTES {
            return Err(too_large(error_text!["more than ", MAX_RESULT_BYTES >> 20, " MiB of text in the result"]));
        }
        if self.values > MAX_RESULT_VALUES {
            return Err(too_large("too many JSON values in the result".into()));
        }
        Ok(())
    }
}

impl Add for ResultSize {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), values: self.values.saturating_add(other.values) }
    }
}

impl Mul<usize> for ResultSize {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self { bytes: self.bytes.saturating_mul(times), values: self.values.saturating_mul(times) }
    }
}

impl Sum for ResultSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

/// The members of a failure's `metadata`: those present and short.
#[must_use]
pub fn kept<const N: usize>(members: [(&str, Option<Value>); N]) -> Box<Map<String, Value>> {
    let is_short = |value: &Value| {
        let size = ResultSize::of(value);
        size.bytes <= MAX_KEPT_BYTES && size.values <= MAX_KEPT_VALUES
    };
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.filter(is_short)?)));
    Box::new(members.collect())
}

/// Checks a whole result that will contain the metadata `metadata_copies` times.
///
/// # Errors
/// [`TransportErrorKind::ResultTooLarge`] if it exceeds a limit.
pub fn ensure_fits(result: &QueryResult, metadata_copies: usize) -> Result<(), Error> {
    let QueryResult { data, metadata } = result;
    let measure =
        |length| ResultSize::of_value(data, length) + ResultSize::of_members(metadata, length) * metadata_copies;
    // An upper bound first: counting escapes takes longer than parsing, and few results are that long.
    let mut size = measure(|text| text.len().saturating_mul(MAX_ESCAPE_BYTES));
    if size.bytes > MAX_RESULT_BYTES {
        size = measure(json_length);
    }
    size.ensure_fits()?;
    if size.bytes > MAX_RESULT_NAME_BYTES && std::iter::once(data).chain(metadata.values()).any(has_long_name) {
        return Err(too_large(error_text!["a name of more than ", MAX_RESULT_NAME_BYTES >> 20, " MiB in the result"]));
    }
    // Each name belongs to a value, so few values mean few names.
    if size.values <= MAX_RESULT_NAMES {
        return Ok(());
    }
    let mut names = HashSet::new();
    if std::iter::once(data).chain(metadata.values()).all(|value| has_few_names(value, &mut names)) {
        return Ok(());
    }
    Err(too_many_names())
}

/// The error for a result with more than [`MAX_RESULT_NAMES`].
#[must_use]
pub fn too_many_names() -> Error {
    too_large(error_text!["more than ", MAX_RESULT_NAMES, " different names of members in the result"])
}

/// Counts the different names in a result that arrives in parts.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Adds the names of a part; `false` as soon as there are too many.
    pub fn add(&mut self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().all(|item| self.add(item)),
            Value::Object(members) => members.iter().all(|(name, value)| {
                if !self.0.contains(name) {
                    if self.0.len() >= MAX_RESULT_NAMES {
                        return false;
                    }
                    self.0.insert(name.clone());
                }
                self.add(value)
            }),
            _ => true,
        }
    }
}

/// Length of a string in JSON, in bytes. Fast for texts with little to escape.
fn json_length(text: &str) -> usize {
    let escapes = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | b'\x08' | b'\x0c' => 1,
        b'\0'..b' ' => MAX_ESCAPE_BYTES - 1,
        _ => 0,
    };
    let (words, rest) = text.as_bytes().as_chunks();
    let parts = words.iter().filter(|word| has_escapes(u64::from_ne_bytes(**word))).flatten();
    text.len() + parts.chain(rest).map(escapes).sum::<usize>()
}

/// Whether one of these eight bytes is a control character, a quotation mark or a backslash: subtracting a limit then
/// borrows from the next bit. A false positive is only possible after a true one.
fn has_escapes(bytes: u64) -> bool {
    const EACH: u64 = u64::MAX / 0xff;
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(EACH * u64::from(limit)) & !bytes;
    let is = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (below(bytes, b' ') | is(b'"') | is(b'\\')) & (EACH * 0x80) != 0
}

fn has_long_name(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_long_name),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.len() > MAX_RESULT_NAME_BYTES || has_long_name(value))
        }
        _ => false,
    }
}

/// Adds the names of all members in `value`; `false` as soon as there are too many.
fn has_few_names<'a>(value: &'a Value, names: &mut HashSet<&'a str>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| has_few_names(item, names)),
        Value::Object(members) => members.iter().all(|(name, value)| {
            names.insert(name);
            names.len() <= MAX_RESULT_NAMES && has_few_names(value, names)
        }),
        _ => true,
    }
}

fn too_large(detail: ErrorText) -> Error {
    TransportError::new(TransportErrorKind::ResultTooLarge, detail).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(result: Result<(), Error>) -> String {
        result.map_or_else(|error| format!("{}: {error}", error.code().unwrap_or_default()), |()| String::new())
    }

    fn check(data: Value, metadata: Value, metadata_copies: usize) -> String {
        let Value::Object(metadata) = metadata else { panic!("not an object") };
        error(ensure_fits(&QueryResult { data, metadata }, metadata_copies))
    }

    #[test]
    fn measures_text_as_in_json() {
        for text in ["", "plain", "é😀", "\"\\/\u{7f}", "\n\r\t\u{8}\u{c}", "\0\u{1}\u{1f}"] {
            let quotes = 2;
            assert_eq!(json_length(text), json!(text).to_string().len() - quotes, "{text:?}");
        }
        // At each position within the eight bytes.
        for escaped in ["\"", "\\", "\n", "\u{1f}"] {
            for place in 0..20 {
                let text = format!(
                    "{}{escaped}{}",
                    " é#[]!".repeat(3).chars().take(place).collect::<String>(),
                    "\u{7f}".repeat(9)
                );
                assert_eq!(json_length(&text), json!(text).to_string().len() - 2, "{text:?}");
            }
        }
        let names_and_texts = json!({"a\n": ["b", 1, {"c": "\t"}]});
        assert_eq!(ResultSize::of(&names_and_texts).bytes, r"a\nbc\t".len());
    }

    #[test]
    fn fails_beyond_a_limit() {
        let most = ResultSize { bytes: MAX_RESULT_BYTES, values: MAX_RESULT_VALUES };
        assert_eq!(error(most.ensure_fits()), "");
        assert_eq!(
            error((most + ResultSize { bytes: 1, values: 0 }).ensure_fits()),
            "response_too_large: the response is larger than the plugin accepts (more than 64 MiB of text in the result)"
        );
        assert_eq!(
            error((most + ResultSize { bytes: 0, values: 1 }).ensure_fits()),
            "response_too_large: the response is larger than the plugin accepts (too many JSON values in the result)"
        );
        assert_eq!(error((most * usize::MAX).ensure_fits()), error((most * 2).ensure_fits()));
    }

    #[test]
    fn counts_the_parts_that_fit_if_all_are_alike() {
        let vectors = |count: usize, length: usize| ResultSize::of_numbers(length) * count;
        assert_eq!(vectors(2_730, 1_536).fitting_parts(2_730), 2_700);
        assert_eq!(vectors(100, 100_000).fitting_parts(100), 41);
        assert_eq!(vectors(2, MAX_RESULT_VALUES).fitting_parts(2), 1);
        let texts = ResultSize::of_ascii(MAX_RESULT_BYTES / 1_000 + 1) * 2_000;
        assert_eq!(texts.fitting_parts(2_000), 990);
        assert_eq!(ResultSize::of_ascii(MAX_RESULT_BYTES * 2).fitting_parts(1), 1);
        for (count, length) in [(2_730, 1_536), (100, 100_000), (60_000, 80)] {
            let fitting = vectors(count, length).fitting_parts(count);
            vectors(fitting, length).ensure_fits().unwrap();
            vectors(fitting * 11 / 10 + 1, length).ensure_fits().unwrap_err();
        }
    }

    #[test]
    fn fails_when_data_and_all_metadata_are_too_large_together() {
        let too_many = "(too many JSON values in the result)";
        let part: Value = vec![json!([]); MAX_RESULT_VALUES / CONTAINER_WEIGHT * 2 / 5].into();
        assert_eq!(check(part.clone(), json!({ "usage": part }), 1), "");
        assert!(check(part.clone(), json!({ "usage": part }), 2).contains(too_many));
        assert!(check(json!([part, part, part]), json!({}), 1).contains(too_many));
    }

    #[test]
    fn fails_for_a_long_name() {
        let named = |bytes: usize| json!([0, {"a": { "x".repeat(bytes): 0 }}]);
        let long = named(MAX_RESULT_NAME_BYTES + 1);
        assert_eq!(check(json!([named(MAX_RESULT_NAME_BYTES), "long".repeat(1 << 20)]), json!({}), 1), "");
        for (data, metadata) in [(long.clone(), json!({})), (json!(0), json!({ "usage": long }))] {
            assert!(check(data, metadata, 1).contains("(a name of more than 1 MiB in the result)"));
        }
    }

    #[test]
    fn counts_the_names_of_all_parts_together() {
        let part = |from: usize, count: usize| -> Value {
            (from..from + count).map(|at| json!([{ format!("name {at}"): {"a": 0} }])).collect()
        };
        let mut names = Names::default();
        assert!(names.add(&part(0, 100)) && names.add(&part(0, MAX_RESULT_NAMES - 1)) && names.add(&json!([1, "x"])));
        assert!(!names.add(&part(MAX_RESULT_NAMES, 1)) && names.add(&part(0, 1)));
    }

    #[test]
    fn fails_for_too_many_different_names() {
        let named = |count: usize| -> Value { (0..count).map(|at| json!({ format!("name {at}"): 0 })).collect() };
        assert_eq!(check(named(MAX_RESULT_NAMES), json!({}), 1), "");
        assert_eq!(check(vec![json!({"a": {"b": 0}}); MAX_RESULT_NAMES].into(), json!({}), 1), "");
        let half = named(MAX_RESULT_NAMES / 2);
        assert_eq!(check(half.clone(), json!({ "usage": half }), 1), "");
        for (data, metadata) in [
            (named(MAX_RESULT_NAMES + 1), json!({})),
            (json!({ "other": half }), json!({ "usage": named(MAX_RESULT_NAMES) })),
        ] {
            let too_many = "(more than 65536 different names of members in the result)";
            assert!(check(data, metadata, 1).contains(too_many));
        }
    }
}
