//! Lenient readers for the options that `ToolJet` passes.
//!
//! Typed text arrives as a string (`"0.7"`), a field that is exactly one template has its value's own type, and a
//! cleared field is blank, `null` or missing. So every reader accepts text or the real type, and treats blank text,
//! `null` and a missing key as "not set". `0`, `false` and `"0"` are values.

use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};

use crate::{
    budgets::MAX_OPTION_VALUES,
    error::{Error, ErrorText, error_text, truncate::truncate},
    input::{
        crossing,
        lenient_json::{self, is_json_text},
        value_count::value_count_bound,
    },
};

/// 2^53, above which a float cannot represent every integer.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;
/// A dropdown's value for "Default"; `ToolJet` dropdowns cannot have an empty value.
const UNSET: &str = "unset";
/// Maximum length of an invalid value quoted in an error, in characters.
const EXCERPT: usize = 40;

/// The options of a data source or a query.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// Reads `options`; `null` means that there are none.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming `what` if it is not an object.
    pub fn of(what: &str, options: &'a Value) -> Result<Self, Error> {
        match options {
            Value::Object(map) if crossing::unusable(options).is_none() => Ok(Self(Some(map))),
            Value::Null => Ok(Self(None)),
            other => Err(Error::invalid(field(what), error_text!["must be an object, got ", excerpt(other)])),
        }
    }

    /// Options without any set.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// The value of `key` if it is set.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        match self.0?.get(key)? {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            value => Some(value),
        }
    }

    /// The value of `key`, for fields in which blanks are significant: only empty text is "not set".
    #[must_use]
    pub fn typed(&self, key: &str) -> Option<&'a Value> {
        self.0?.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// Whether `key` is set to anything but "Default".
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| !is_unset(value))
    }

    /// Text as entered; numbers and booleans become text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is an array or object.
    pub fn text(&self, key: &str) -> Result<Option<String>, Error> {
        self.value(key).map(|value| scalar_text(value).ok_or_else(|| wrong(key, "must be text", value))).transpose()
    }

    /// Short trimmed text, such as an id or a name.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is an array or object.
    pub fn trimmed(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.text(key)?.map(|text| text.trim().to_owned()))
    }

    /// A number within `range`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not a number, or outside the range.
    pub fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<Option<Number>, Error> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let expected = || ErrorText::own(format!("must be a number from {} to {}", range.start(), range.end()));
        number_of(value)
            .filter(|number| number.as_f64().is_some_and(|n| range.contains(&n)))
            .map(Some)
            .ok_or_else(|| wrong(key, expected(), value))
    }

    /// A whole number within `range`; `"100.0"` and `1e2` are accepted.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not a whole number, or outside the range.
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Error> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let expected = || {
            if *range.end() == i64::MAX && *range.start() == i64::MIN {
                "must be a whole number".into()
            } else if *range.end() == i64::MAX {
                error_text!["must be a whole number of at least ", *range.start()]
            } else {
                error_text!["must be a whole number from ", *range.start(), " to ", *range.end()]
            }
        };
        number_of(value)
            .and_then(|number| number.as_i64())
            .filter(|number| range.contains(number))
            .map(Some)
            .ok_or_else(|| wrong(key, expected(), value))
    }

    /// `true` or `false`, as a boolean or text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is neither.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, Error> {
        let Some(value) = self.value(key).filter(|value| !is_unset(value)) else { return Ok(None) };
        match value {
            Value::Bool(flag) => Ok(Some(*flag)),
            Value::String(text) if unwrapped(text).eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if unwrapped(text).eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(wrong(key, "must be true or false", value)),
        }
    }

    /// A dropdown's value in lower case, possibly one that is not in its list.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is an array or object.
    pub fn dropdown(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.trimmed(key)?.map(|word| word.to_ascii_lowercase()).filter(|word| word != UNSET))
    }

    /// One of `choices`, ignoring case.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] listing the choices if it is none of them.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(word) = self.trimmed(key)?.filter(|word| !word.eq_ignore_ascii_case(UNSET)) else { return Ok(None) };
        choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)).map(|(_, choice)| Some(*choice)).ok_or_else(
            || {
                let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
                let expected = error_text!["must be one of ", ErrorText::own(names.join(", "))];
                wrong(key, expected, &Value::String(word))
            },
        )
    }

    /// An array or object, or its JSON text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is neither, naming the position of the syntax error or the part that JSON cannot
    /// express.
    pub fn json(&self, key: &str) -> Result<Option<Value>, Error> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value {
            Value::Array(_) | Value::Object(_) => {
                crossing::ensure_usable(key, value)?;
                Ok(Some(value.clone()))
            }
            Value::String(text) if is_json_text(text) => match self.parse(key, text)? {
                Ok(parsed) => Ok(Some(parsed)),
                Err(error) => {
                    let what = ErrorText::own(lenient_json::explain(&error));
                    Err(Error::invalid(field(key), error_text!["is not valid JSON: ", what]))
                }
            },
            _ => Err(wrong(key, "must be a JSON array or object", value)),
        }
    }

    /// Parses the JSON text of the field `key`. All fields with JSON text share the limit on values equally.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it may contain too many values, and the parser's error if it is not JSON.
    pub fn parse(&self, key: &str, text: &str) -> Result<serde_json::Result<Value>, Error> {
        let texts = self.0.into_iter().flat_map(Map::values).filter_map(Value::as_str);
        let max_values = MAX_OPTION_VALUES / texts.filter(|text| is_json_text(text)).count().max(1);
        if value_count_bound(text.as_bytes()) > max_values {
            return Err(Error::invalid(field(key), error_text!["must have at most ", max_values, " values"]));
        }
        Ok(lenient_json::parse(text))
    }

    /// A JSON object, or its JSON text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is anything else.
    pub fn object(&self, key: &str) -> Result<Option<Map<String, Value>>, Error> {
        match self.json(key)? {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(wrong(key, "must be a JSON object", &other)),
        }
    }
}

/// A scalar as text; `None` for null, arrays and objects.
#[must_use]
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A finite number from a number or text; whole floats become integers.
#[must_use]
pub fn number_of(value: &Value) -> Option<Number> {
    let float = match value {
        Value::Number(number) if number.is_i64() => return Some(number.clone()),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = unwrapped(text);
            // Rust also parses "inf", "nan" and "infinity".
            if !text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) {
                return None;
            }
            if let Ok(integer) = text.parse::<i64>() {
                return Some(integer.into());
            }
            text.parse::<f64>().ok()?
        }
        _ => return None,
    };
    if float.fract() == 0.0 && float.abs() <= MAX_EXACT_INTEGER {
        #[allow(clippy::cast_possible_truncation)] // checked just above
        return Some((float as i64).into());
    }
    Number::from_f64(float)
}

fn is_unset(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case(UNSET))
}

/// Accepts `{{ true }}` as `true` in fields whose templates are not resolved.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text).trim()
}

fn wrong(key: &str, expected: impl Into<ErrorText>, value: &Value) -> Error {
    Error::invalid(field(key), error_text![expected.into(), ", got ", excerpt(value)])
}

/// Keys are defined by the plugin, so they need no redaction.
fn field(key: &str) -> ErrorText {
    ErrorText::own(key.to_owned())
}

/// A value for an error message: JSON, truncated to a few words.
#[must_use]
pub fn excerpt(value: &Value) -> ErrorText {
    if let Some(words) = crossing::unusable(value) {
        return words;
    }
    match value {
        Value::Array(items) if items.len() == 1 => "an array of 1 item".into(),
        Value::Array(items) => error_text!["an array of ", items.len(), " items"],
        Value::Object(_) => "an object".into(),
        // Truncate first: text may be long, and its JSON even longer.
        Value::String(text) => truncate(&Value::from(truncate(text, EXCERPT)).to_string(), EXCERPT).into(),
        scalar => truncate(&scalar.to_string(), EXCERPT).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(value: Value, read: impl Fn(Fields<'_>) -> T) -> T {
        let options = json!({ "key": value });
        read(Fields::of("options", &options).unwrap())
    }

    fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn treats_blank_null_and_missing_as_unset_but_not_zero_and_false() {
        for blank in [json!(null), json!(""), json!("  \n")] {
            assert!(with(blank, |fields| fields.value("key").is_none()));
        }
        for value in [json!(0), json!(false), json!("0")] {
            assert!(with(value, |fields| fields.value("key").is_some()));
        }
        assert!(Fields::of("options", &Value::Null).unwrap().value("key").is_none());
        assert!(reason(Fields::of("queryOptions", &json!([]))).starts_with("queryOptions must be an object"));
    }

    #[test]
    fn accepts_numbers_as_text_or_number() {
        let read = |value| with(value, |fields| fields.number("key", 0.0..=2.0));
        for value in [json!(0.7), json!("0.7"), json!(" 0.7 "), json!("{{0.7}}"), json!("7e-1")] {
            assert_eq!(read(value).unwrap().unwrap().as_f64(), Some(0.7));
        }
        assert_eq!(read(json!("0")).unwrap().unwrap().to_string(), "0");
        assert_eq!(read(json!(1.0)).unwrap().unwrap().to_string(), "1");
        for bad in
            [json!("warm"), json!("0,7"), json!(true), json!("NaN"), json!("inf"), json!([1]), json!(2.1), json!("-1")]
        {
            assert!(reason(read(bad)).starts_with("key must be a number from 0 to 2, got "));
        }
    }

    #[test]
    fn rejects_fractions_and_names_the_range() {
        let read = |value| with(value, |fields| fields.integer("key", 1..=i64::MAX));
        for value in [json!(100), json!("100"), json!("100.0"), json!("1e2")] {
            assert_eq!(read(value).unwrap(), Some(100));
        }
        for bad in [json!("1.5"), json!(0), json!("-3"), json!("many"), json!({}), json!(1e300)] {
            assert!(reason(read(bad)).starts_with("key must be a whole number of at least 1, got "));
        }
    }

    #[test]
    fn accepts_flags_and_choices_as_text() {
        let flag = |value| with(value, |fields| fields.boolean("key"));
        assert_eq!(flag(json!("True")).unwrap(), Some(true));
        assert_eq!(flag(json!("{{false}}")).unwrap(), Some(false));
        assert_eq!(reason(flag(json!("yes"))), r#"key must be true or false, got "yes""#);
        let choice = |value| with(value, |fields| fields.choice("key", &[("auto", 1), ("chat", 2)]));
        assert_eq!(choice(json!(" Chat ")).unwrap(), Some(2));
        assert_eq!(reason(choice(json!("x"))), r#"key must be one of auto, chat, got "x""#);
    }

    #[test]
    fn treats_a_dropdown_s_default_as_unset() {
        for unset in [json!("unset"), json!(" Unset\n"), json!(""), json!(null)] {
            assert_eq!(with(unset.clone(), |fields| fields.dropdown("key")).unwrap(), None);
            assert_eq!(with(unset.clone(), |fields| fields.boolean("key")).unwrap(), None);
            assert_eq!(with(unset, |fields| fields.choice("key", &[("a", 1)])).unwrap(), None);
        }
        assert_eq!(with(json!(" low "), |fields| fields.dropdown("key")).unwrap().as_deref(), Some("low"));
        assert_eq!(with(json!("HIGH"), |fields| fields.dropdown("key")).unwrap().as_deref(), Some("high"));
        // Valid in a text field.
        assert_eq!(with(json!("unset"), |fields| fields.trimmed("key")).unwrap().as_deref(), Some("unset"));
    }

    #[test]
    fn accepts_json_as_value_or_text_and_locates_errors() {
        let read = |value| with(value, |fields| fields.json("key"));
        assert_eq!(read(json!([1])).unwrap(), Some(json!([1])));
        assert_eq!(read(json!(r#"{"a":1}"#)).unwrap(), Some(json!({"a": 1})));
        assert_eq!(read(json!(r#"["\ud83d"]"#)).unwrap(), Some(json!(["\u{fffd}"])));
        assert!(reason(read(json!("{a:1}"))).contains("line 1 column 2"));
        assert!(reason(read(json!("5"))).contains("must be a JSON array or object"));
        let object = with(json!("[1]"), |fields| fields.object("key"));
        assert_eq!(reason(object), "key must be a JSON object, got an array of 1 item");
    }

    #[test]
    fn truncates_a_long_invalid_value() {
        let read = with(json!("x".repeat(500)), |fields| fields.boolean("key"));
        assert!(reason(read).chars().count() < 80);
    }
}
