//! What a batch says of itself, in its metadata: all that is needed to read its results, so that nothing is kept here.
//! The API takes 16 pairs, with names of 64 and values of 512 characters.

use serde_json::{Map, Value, json};

use crate::{
    error::{Error, truncate::truncate},
    operations::{
        Reader, chat,
        checks::Checks,
        choices::ChoicesReader,
        embedding::{self, VectorsReader},
        response_format::Format,
        responses,
        vectors::Encoding,
    },
};

/// Longest value, in characters.
const MAX_VALUE_CHARS: usize = 512;
/// Longest reason why a schema is not strict, in characters.
const MAX_REASON_CHARS: usize = 200;

const START: &str = "tooljet_start";
const ROWS: &str = "tooljet_rows";
const FIRST_ROW: &str = "tooljet_first_row";
const COUNT: &str = "tooljet_count";
const READING: &str = "tooljet_reading";

/// The words for the formats of answers.
const FORMATS: [(&str, Format); 3] =
    [("text", Format::Text), ("json_object", Format::JsonObject), ("json_schema", Format::JsonSchema)];

/// What a batch says of itself.
#[derive(Clone, Debug)]
pub struct Memo {
    /// Names the query that started it: the id of its first file.
    pub start: String,
    /// The rows of that query.
    pub rows: usize,
    /// The first one of the batch.
    pub first_row: usize,
    /// How many it has.
    pub count: usize,
    /// How its results are read, as JSON.
    pub reading: String,
}

impl Memo {
    /// The metadata of a new batch.
    #[must_use]
    pub fn to_metadata(&self) -> Map<String, Value> {
        [
            (START, self.start.clone()),
            (ROWS, self.rows.to_string()),
            (FIRST_ROW, self.first_row.to_string()),
            (COUNT, self.count.to_string()),
            (READING, self.reading.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
    }

    /// What the metadata of a batch says; `None` if this plugin has not started it.
    #[must_use]
    pub fn of_metadata(metadata: &Value) -> Option<Self> {
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| text(name)?.parse::<usize>().ok();
        Some(Self {
            start: text(START)?,
            rows: number(ROWS)?,
            first_row: number(FIRST_ROW)?,
            count: number(COUNT)?,
            reading: text(READING)?,
        })
    }
}

/// How the reader `of` responses reads, as JSON. `has_stops` says whether the plugin has to cut answers at the stop sequences.
///
/// # Errors
/// [`Error::InvalidOption`] if stop sequences are too long to be remembered.
pub fn reading(of: &Reader, has_stops: bool) -> Result<String, Error> {
    let reading = match of {
        Reader::Choices(reader) => {
            let not_strict = reader.not_strict.as_ref().map(|reason| truncate(reason, MAX_REASON_CHARS));
            let stops = if has_stops { reader.stops.as_slice() } else { &[] };
            let Checks { input, output } = reader.checks;
            json!({
                "path": reader.endpoint, "n": reader.n, "format": format(of), "stops": stops, "input": input,
                "output": output, "not_strict": not_strict
            })
        }
        Reader::Vectors(reader) => json!({"base64": reader.encoding == Encoding::Base64}),
        Reader::Own(..) => return Err(Error::Internal("rows of another operation".into())),
    };
    let members = reading.as_object().into_iter().flatten();
    let set = members.filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    let set: Map<_, _> = set.map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = Value::Object(set).to_string();
    if text.chars().count() > MAX_VALUE_CHARS {
        return Err(Error::invalid(
            "stop_sequence",
            "must be shorter in a batch of this model, which does not take stop sequences itself",
        ));
    }
    Ok(text)
}

/// How the results of a batch are read that says so; `None` if it says something else.
#[must_use]
pub fn reader(reading: &str) -> Option<Reader> {
    let reading: Value = serde_json::from_str(reading).ok()?;
    let is_set = |name: &str| reading[name] == true;
    let Some(path) = reading["path"].as_str() else {
        let encoding = if is_set("base64") { Encoding::Base64 } else { Encoding::Numbers };
        return reading.is_object().then_some(Reader::Vectors(VectorsReader { texts: 0..1, total: 1, encoding }));
    };
    let endpoint = [chat::PATH, responses::PATH].into_iter().find(|known| known[1..] == *path)?;
    let format = FORMATS.iter().find(|(word, _)| reading["format"] == *word).map(|(_, format)| *format);
    let stops = reading["stops"].as_array().into_iter().flatten();
    Some(Reader::Choices(ChoicesReader {
        endpoint: &endpoint[1..],
        n: reading["n"].as_u64().and_then(|n| usize::try_from(n).ok())?,
        format,
        stops: stops.filter_map(Value::as_str).map(str::to_owned).collect(),
        not_strict: reading["not_strict"].as_str().map(str::to_owned),
        checks: Checks { input: is_set("input"), output: is_set("output") },
        ..ChoicesReader::default()
    }))
}

/// The path whose responses are read so.
#[must_use]
pub fn path(reader: &Reader) -> &'static str {
    match reader {
        Reader::Choices(reader) if reader.endpoint == &responses::PATH[1..] => responses::PATH,
        Reader::Choices(_) => chat::PATH,
        Reader::Vectors(_) | Reader::Own(..) => embedding::PATH,
    }
}

/// The type of response format of requests whose responses are read so.
#[must_use]
pub fn format(reader: &Reader) -> Option<&'static str> {
    let Reader::Choices(reader) = reader else { return None };
    FORMATS.iter().find(|(_, format)| Some(*format) == reader.format).map(|(word, _)| *word)
}
