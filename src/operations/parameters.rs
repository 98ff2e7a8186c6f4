//! Request parameters shared by several operations.

use serde_json::{Map, Value};

use crate::{
    error::{Error, ErrorText, error_text},
    input::{
        fields::{Fields, excerpt, scalar_text},
        lenient_json::is_json_text,
    },
    policy::purpose::Purpose,
    response::counter,
};

/// The API's limit for stop sequences.
const MAX_STOP_SEQUENCES: usize = 4;
/// Members that `extra_body` must not change, and why.
const RESERVED: [(&str, &str); 2] = [
    ("stream", "Streaming in the data source says that"),
    ("stream_options", "Streaming in the data source says that"),
];

/// Builds the body of a request from form fields.
pub struct BodyBuilder<'a> {
    fields: Fields<'a>,
    members: Map<String, Value>,
}

impl<'a> BodyBuilder<'a> {
    /// A body that contains only the model.
    #[must_use]
    pub fn new(fields: &Fields<'a>, model: &str) -> Self {
        Self { fields: *fields, members: Map::from_iter([("model".to_owned(), model.into())]) }
    }

    /// Switches to other fields, such as the advanced ones.
    #[must_use]
    pub fn read_from(mut self, fields: &Fields<'a>) -> Self {
        self.fields = *fields;
        self
    }

    /// The members set so far.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The requested model.
    #[must_use]
    pub fn model(&self) -> &str {
        self.members.get("model").and_then(Value::as_str).unwrap_or_default()
    }

    /// Sets a member.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Copies dropdown choices, unchecked because the API's lists grow.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if one is not text.
    pub fn set_dropdowns(&mut self, names: &[&str]) -> Result<(), Error> {
        for name in names {
            if let Some(word) = self.fields.dropdown(name)? {
                self.set(name, word);
            }
        }
        Ok(())
    }

    /// Copies short strings, such as ids.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if one is not text.
    pub fn set_words(&mut self, names: &[&str]) -> Result<(), Error> {
        for name in names {
            if let Some(word) = self.fields.trimmed(name)? {
                self.set(name, word);
            }
        }
        Ok(())
    }

    /// `temperature`, a number from 0 to 2.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is out of range.
    pub fn set_temperature(&mut self) -> Result<(), Error> {
        if let Some(temperature) = self.fields.number("temperature", 0.0..=2.0)? {
            self.set("temperature", temperature);
        }
        Ok(())
    }

    /// `top_p` (0 to 1), the two penalties (-2 to 2), `seed` (any whole number) and `n` (1 to 128). Returns the number
    /// of answers set in the form; [`n_of`] returns that of the request.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if one is out of range.
    pub fn set_sampling(&mut self) -> Result<usize, Error> {
        for (name, range) in [("top_p", 0.0..=1.0), ("frequency_penalty", -2.0..=2.0), ("presence_penalty", -2.0..=2.0)]
        {
            if let Some(number) = self.fields.number(name, range)? {
                self.set(name, number);
            }
        }
        if let Some(seed) = self.fields.integer("seed", i64::MIN..=i64::MAX)? {
            self.set("seed", seed);
        }
        let n = self.fields.integer("n", 1..=128)?;
        if let Some(n) = n {
            self.set("n", n);
        }
        Ok(n.and_then(|n| usize::try_from(n).ok()).unwrap_or(1))
    }

    /// `stop_sequence` as `stop`. Text is one literal sequence, even if it is only spaces or line breaks; an array (or
    /// its JSON text) has up to four.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for more than four, or one that is not text.
    pub fn set_stops(&mut self) -> Result<(), Error> {
        const KEY: &str = "stop_sequence";
        let wrong = |reason| Error::invalid(KEY, reason);
        let array = match self.fields.typed(KEY) {
            None => return Ok(()),
            Some(Value::Array(items)) => items.clone(),
            Some(object @ Value::Object(_)) => {
                return Err(wrong(error_text!["must be text or an array of strings, got ", excerpt(object)]));
            }
            Some(Value::String(text)) if is_json_text(text) => match self.fields.parse(KEY, text)? {
                Ok(Value::Array(items)) => items,
                _ => vec![text.clone().into()],
            },
            Some(scalar) => scalar_text(scalar).map(Value::from).into_iter().collect(),
        };
        let mut stops = Vec::new();
        for (index, item) in array.iter().enumerate() {
            match item {
                Value::String(text) if !text.is_empty() => stops.push(text.clone()),
                other => {
                    let place = error_text![KEY, "[", index, "]"];
                    return Err(Error::invalid(place, error_text!["must be text, got ", excerpt(other)]));
                }
            }
        }
        match stops.len() {
            0 => {}
            1 => self.set("stop", stops[0].clone()),
            2..=MAX_STOP_SEQUENCES => self.set("stop", stops.clone()),
            many => {
                return Err(wrong(error_text!["takes at most ", MAX_STOP_SEQUENCES, " stop sequences, got ", many]));
            }
        }
        Ok(())
    }

    /// The finished body, after merging the JSON object in `extra_body`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not an object or requests a stream.
    pub fn finish(mut self, extra_body: &str) -> Result<Map<String, Value>, Error> {
        for (name, value) in self.fields.object(extra_body)?.unwrap_or_default() {
            if let Some((reserved, why)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
                let field = ErrorText::own(extra_body.to_owned());
                return Err(Error::invalid(field, error_text!["must not set ", *reserved, ": ", *why]));
            }
            self.members.insert(name, value);
        }
        Ok(self.members)
    }
}

/// The field of Completions and Chat for members that the form does not have.
pub const EXTRA_BODY: &str = "extra_body";

/// The key to read: `own`, or the one `shared` with Chat if `own` is unset and the query was made without the form. In
/// the form, settings for Chat must not reach another operation.
#[must_use]
pub fn own_key<'k>(advanced: &Fields<'_>, own: &'k str, shared: &'k str) -> &'k str {
    let is_made_without_form = advanced.value("advanced").is_none();
    if advanced.value(own).is_none() && is_made_without_form { shared } else { own }
}

/// The model of an operation that has its own key: `own`, or Chat's key if its model is known to be for `purpose`.
/// Older queries use Chat's key, but so do queries first made for Chat.
#[must_use]
pub fn model_for(own: Option<String>, fields: &Fields<'_>, purpose: Purpose, default: &str) -> String {
    own.unwrap_or_else(|| {
        let shared = fields.value("model").and_then(Value::as_str).map(str::trim);
        shared.filter(|model| Purpose::of(model) == Some(purpose)).unwrap_or(default).to_owned()
    })
}

/// The number of answers that a finished body requests, no matter what set it.
#[must_use]
pub fn n_of(body: &Map<String, Value>) -> usize {
    let n = body.get("n").and_then(counter).and_then(|n| usize::try_from(n).ok());
    n.unwrap_or_default().max(1)
}

/// The stop sequences of a finished body, no matter what set them.
#[must_use]
pub fn stops_of(body: &Map<String, Value>) -> Vec<String> {
    match body.get("stop") {
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(options: Value, read: impl Fn(&mut BodyBuilder<'_>) -> Result<(), Error>) -> Result<Value, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        let mut body = BodyBuilder::new(&fields, "m");
        read(&mut body).and_then(|()| body.finish(EXTRA_BODY)).map(Value::Object).map_err(|error| error.to_string())
    }

    fn stops(value: Value) -> Result<Value, String> {
        let body = build(json!({ "stop_sequence": value }), |body| {
            body.set_stops()?;
            Ok(())
        })?;
        Ok(body["stop"].clone())
    }

    #[test]
    fn treats_stop_text_as_one_literal_sequence() {
        assert_eq!(stops(json!("a, b\nc")).unwrap(), json!("a, b\nc"));
        assert_eq!(stops(json!("[not json")).unwrap(), json!("[not json"));
        assert_eq!(stops(json!(42)).unwrap(), json!("42"));
        for unset in [json!(""), json!(null), json!([])] {
            assert_eq!(stops(unset).unwrap(), json!(null));
        }
        // `ToolJet` 2 turns a typed line break into a space.
        for blank in ["\n", "\r\n\r\n", " ", "\t"] {
            assert_eq!(stops(json!(blank)).unwrap(), json!(blank));
        }
    }

    #[test]
    fn accepts_up_to_four_stop_sequences_in_an_array() {
        assert_eq!(stops(json!(["a", "\n"])).unwrap(), json!(["a", "\n"]));
        assert_eq!(stops(json!(r#"["a","b"]"#)).unwrap(), json!(["a", "b"]));
        assert_eq!(stops(json!(["a"])).unwrap(), json!("a"));
        assert!(stops(json!(["a", "b", "c", "d", "e"])).unwrap_err().contains("at most 4 stop sequences, got 5"));
        assert!(stops(json!(["a", 1])).unwrap_err().starts_with("Stop sequence[1] must be text, got 1"));
        assert!(stops(json!({})).unwrap_err().starts_with("Stop sequence must be text"));
    }

    #[test]
    fn sends_a_temperature_of_zero_but_not_an_unset_one() {
        let temperature = |value: Value| {
            build(json!({ "temperature": value }), |body| {
                body.set_temperature()?;
                Ok(())
            })
        };
        assert_eq!(temperature(json!("0")).unwrap(), json!({"model": "m", "temperature": 0}));
        assert_eq!(temperature(json!("")).unwrap(), json!({"model": "m"}));
        assert!(temperature(json!("2.5")).unwrap_err().starts_with("Temperature must be a number from 0 to 2"));
    }

    #[test]
    fn reads_the_number_of_answers_from_the_finished_body() {
        for (n, expected) in [
            (json!(3), 3),
            (json!("3"), 3),
            (json!(1), 1),
            (json!(0), 1),
            (json!(-2), 1),
            (json!(true), 1),
            (json!(null), 1),
        ] {
            assert_eq!(n_of(&Map::from_iter([("n".to_owned(), n)])), expected);
        }
        assert_eq!(n_of(&Map::new()), 1);
    }

    #[test]
    fn merges_extra_body_last_and_rejects_a_stream() {
        let extra = |value: Value| build(json!({ "extra_body": value }), |_| Ok(()));
        assert_eq!(extra(json!({"top_k": 5, "model": "b"})).unwrap(), json!({"model": "b", "top_k": 5}));
        assert_eq!(extra(json!(r#"{"top_k": 5}"#)).unwrap(), json!({"model": "m", "top_k": 5}));
        assert!(extra(json!({"stream": true})).unwrap_err().contains("must not set stream"));
        assert!(extra(json!([1])).unwrap_err().starts_with("Extra body must be a JSON object"));
    }
}
