//! The metadata of a batch. It contains all that is needed to read the results, so that the plugin keeps nothing. The
//! API accepts 16 pairs, with names of up to 64 and values of up to 512 characters.

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

/// The names of answer formats.
const FORMATS: [(&str, Format); 3] =
    [("text", Format::Text), ("json_object", Format::JsonObject), ("json_schema", Format::JsonSchema)];

/// The metadata of a batch.
#[derive(Clone, Debug)]
pub struct Memo {
    /// Identifies the query that started it: the ID of its first file.
    pub start: String,
    /// Number of rows of that query.
    pub rows: usize,
    /// Index of the first row of the batch among them.
    pub first_row: usize,
    /// Number of rows of the batch.
    pub count: usize,
    /// How to read its results, as JSON.
    pub reading: String,
}

impl Memo {
    /// The metadata as the API accepts it.
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

    /// Reads the metadata of a batch; `None` if this plugin did not start it.
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

/// Describes the reader `of` responses as JSON. With `has_stops`, the plugin must cut answers at the stop sequences.
///
/// # Errors
/// [`Error::InvalidOption`] if stop sequences are too long for the metadata.
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
            "must be shorter in a batch of this model, which does not support stop sequences itself",
        ));
    }
    Ok(text)
}

/// The reader that `reading` describes; `None` if it is unknown.
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

/// The path whose responses `reader` reads.
#[must_use]
pub fn path(reader: &Reader) -> &'static str {
    match reader {
        Reader::Choices(reader) if reader.endpoint == &responses::PATH[1..] => responses::PATH,
        Reader::Choices(_) => chat::PATH,
        Reader::Vectors(_) | Reader::Own(..) => embedding::PATH,
    }
}

/// `response_format.type` of the requests whose responses `reader` reads.
#[must_use]
pub fn format(reader: &Reader) -> Option<&'static str> {
    let Reader::Choices(reader) = reader else { return None };
    FORMATS.iter().find(|(_, format)| Some(*format) == reader.format).map(|(word, _)| *word)
}
