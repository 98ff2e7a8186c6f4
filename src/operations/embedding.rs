//! Generate embedding: `POST /embeddings`.
//!
//! Queries saved by `ToolJet`'s own plugin have one set of fields per model, such as `input_M1`, `encoding_format_M1`
//! and `dimensions_M1`, also spelled `input__m1`. They are read if the plain fields are not set.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, QueryResult, Reader, advanced,
    parameters::{BodyBuilder, EXTRA_BODY, model_for, own_key},
    result_size::{ResultSize, kept},
    vectors::{Encoding, ensure_one_length, in_encoding, in_order_of_texts, length},
};
use crate::{
    error::{BodyKind, Error, ErrorText, Given, NoAnswerReason, error_text},
    input::{
        fields::{Fields, excerpt, scalar_text},
        lenient_json::is_json_text,
    },
    policy::{capabilities::DEFAULT_EMBEDDING_MODEL, purpose::Purpose},
    response::{ApiResponse, body::unwrapped, take_list, take_usage},
};

/// The endpoint's path.
pub const PATH: &str = "/embeddings";
/// The API's limit for texts in one request.
const MAX_INPUTS: usize = 2048;
/// The API's limit for tokens in one request, all texts together.
const MAX_TOKENS: usize = 300_000;
/// The encoding in a response. Base64 is much shorter than numbers, and is not parsed number by number.
pub const ENCODING_FORMAT: &str = "encoding_format";
const BASE64: &str = "base64";
/// The API's default encoding.
const FLOAT: &str = "float";
/// The old form's models, in the order of its field sets `M1`, `M2`, `M3`.
const OLD_MODELS: [&str; 3] = ["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"];

/// Turns a Generate embedding query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let model = model_for(fields.trimmed("model_embedding")?, fields, Purpose::Embedding, DEFAULT_EMBEDDING_MODEL);
    let advanced_fields = advanced(fields);
    let mut body = BodyBuilder::new(&advanced_fields, &model);
    body.set("input", input(fields, &model)?);
    let key = saved_key(fields, "dimensions", &model);
    if let Some(dimensions) = fields.integer(&key, 1..=i64::MAX)? {
        body.set("dimensions", dimensions);
    }
    let format = fields.dropdown(&saved_key(fields, "encoding_format", &model))?;
    if let Some(format) = format.filter(|format| format != FLOAT) {
        body.set(ENCODING_FORMAT, format);
    }
    let mut body = body.finish(own_key(&advanced_fields, "embedding_extra_body", EXTRA_BODY))?;
    let encoding = match body.get(ENCODING_FORMAT) {
        None => {
            body.insert(ENCODING_FORMAT.to_owned(), BASE64.into());
            Encoding::Numbers
        }
        Some(format) if format == BASE64 => Encoding::Base64,
        Some(_) => Encoding::Numbers,
    };
    let total = texts_in(&body);
    Ok(Plan::new(ApiRequest::post(PATH, body), Reader::Vectors(VectorsReader { texts: 0..total, total, encoding })))
}

/// Reads the response for some of a query's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorsReader {
    /// The texts of this response, by index in `Input`.
    pub texts: Range<usize>,
    /// Number of texts in the whole query.
    pub total: usize,
    /// Encoding in the result.
    pub encoding: Encoding,
}

/// As `reader`, of the response to a single text of many that are asked one by one.
#[must_use]
pub fn reader_of_one(reader: &Reader) -> Reader {
    match reader {
        Reader::Vectors(reader) => Reader::Vectors(VectorsReader { texts: 0..1, total: 1, ..reader.clone() }),
        other => other.clone(),
    }
}

/// Number of texts in a finished body, no matter what set them. A list of numbers is one text, given as tokens.
fn texts_in(body: &Map<String, Value>) -> usize {
    match body.get("input") {
        Some(Value::Array(items)) if !items.iter().all(Value::is_number) => items.len(),
        _ => 1,
    }
}

/// The key with this query's value of `name`: the plain one, or else that of the model's own field set. The other sets
/// hold leftovers from other models.
fn saved_key(fields: &Fields<'_>, name: &str, model: &str) -> String {
    let own = OLD_MODELS.iter().position(|known| *known == model).map(|at| at + 1);
    let spellings = own.into_iter().flat_map(|set| [format!("{name}_M{set}"), format!("{name}__m{set}")]);
    std::iter::once(name.to_owned()).chain(spellings).find(|key| fields.is_set(key)).unwrap_or_else(|| name.to_owned())
}

/// One text, or an array of texts (or its JSON text).
fn input(fields: &Fields<'_>, model: &str) -> Result<Value, Error> {
    let key = saved_key(fields, "input", model);
    // The key is defined by the form, so it needs no redaction.
    let field = || ErrorText::own(key.clone());
    let missing =
        || Error::invalid(field(), "is empty. Enter the text to embed, or check that its template has a value");
    let value = fields.value(&key).ok_or_else(missing)?;
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Object(_) => {
            let got = error_text!["must be text or an array of strings, got ", excerpt(value)];
            return Err(Error::invalid(field(), got));
        }
        Value::String(text) if is_json_text(text) => match fields.parse(&key, text)? {
            Ok(Value::Array(items)) if items.iter().all(Value::is_string) => items,
            _ => return Ok(value.clone()),
        },
        scalar => return Ok(scalar_text(scalar).into()),
    };
    if items.is_empty() {
        return Err(missing());
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            scalar_text(item).filter(|text| !text.is_empty()).map(Value::String).ok_or_else(|| {
                Error::invalid(error_text![field(), "[", index, "]"], error_text!["must be text, got ", excerpt(item)])
            })
        })
        .collect()
}

impl VectorsReader {
    /// Returns the vectors in the order of their texts, in the server's encoding.
    ///
    /// # Errors
    /// [`Error::Decode`] if the response contains no vector, [`Error::NoAnswer`] unless it has exactly one for each
    /// text.
    pub fn read(&self, response: ApiResponse) -> Result<QueryResult, Error> {
        let ApiResponse { body, request_id } = response;
        let mut body = unwrapped(body, "data");
        // A server's own API, outside the OpenAI-compatible one, uses another name.
        let mut lists = ["data", "embeddings"].into_iter().map(|name| take_list(&mut body, name));
        let Some(items) = lists.find(|list| !list.is_empty()) else {
            return Err(Error::Decode {
                status: 200,
                reason: "the response contains no embedding".into(),
                body: BodyKind::Other,
                request_id,
            });
        };
        let vectors = in_order_of_texts(items, self.texts.clone(), self.total);
        let vectors = vectors.map_err(|reason| {
            invalid(
                reason,
                Given { metadata: kept([("usage", take_usage(&mut body))]), ..Given::default() },
                request_id,
            )
        })?;
        let mut metadata = Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..]))]);
        metadata.extend(body.swap_remove("model").map(|model| ("model".to_owned(), model)));
        metadata.extend(take_usage(&mut body).map(|usage| ("usage".to_owned(), usage)));
        Ok(QueryResult { data: vectors.into(), metadata })
    }

    /// Checks that the result will not be too large if all vectors are like this one.
    ///
    /// # Errors
    /// [`Error::Transport`] if it would be.
    pub fn ensure_result_fits(&self, vector: &Value) -> Result<(), Error> {
        let size = match self.encoding {
            Encoding::Numbers => ResultSize::of_numbers(length(vector)),
            Encoding::Base64 => ResultSize::of_ascii(length(vector) * 16 / 3),
        };
        // The result contains the first vector twice.
        (size * (self.total + usize::from(self.total > 1))).ensure_fits()
    }

    /// `{embedding}` for one text; several also have `embeddings`.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] if they differ in length, [`Error::Transport`] if they are too large.
    pub fn result(&self, vectors: Vec<Value>) -> Result<Value, Error> {
        ensure_one_length(&vectors).map_err(|reason| invalid(reason, Given::default(), None))?;
        if let Some(first) = vectors.first() {
            self.ensure_result_fits(first)?;
        }
        let mut vectors: Vec<_> = vectors.into_iter().map(|vector| in_encoding(vector, self.encoding)).collect();
        let data = if vectors.len() == 1 {
            Map::from_iter([("embedding".to_owned(), vectors.remove(0))])
        } else {
            let first = vectors.first().cloned().unwrap_or_default();
            Map::from_iter([("embedding".to_owned(), first), ("embeddings".to_owned(), vectors.into())])
        };
        Ok(data.into())
    }
}

fn invalid(reason: ErrorText, given: Given, request_id: Option<String>) -> Error {
    Error::NoAnswer { code: NoAnswerReason::EmbeddingInvalid, reason, given, request_id }
}

/// How many of these texts fit into one request. At least one, because only the API knows whether it is too long.
#[must_use]
pub fn texts_for_one_request(texts: &[Value]) -> usize {
    let mut tokens = 0_usize;
    let fitting = texts.iter().take(MAX_INPUTS).take_while(|text| {
        tokens = tokens.saturating_add(estimate_tokens(text));
        tokens <= MAX_TOKENS
    });
    fitting.count().clamp(1, texts.len().max(1))
}

/// An upper estimate of a text's tokens, or their exact number if it is a list of them. Words use fewer.
fn estimate_tokens(text: &Value) -> usize {
    match text {
        Value::String(text) => {
            let ascii = text.bytes().filter(u8::is_ascii).count();
            ascii / 3 + (text.len() - ascii) / 2
        }
        Value::Array(tokens) => tokens.len(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_RESULT_VALUES;

    fn planned(options: Value) -> Result<(Map<String, Value>, Encoding), String> {
        let plan = plan(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())?;
        let Reader::Vectors(reader) = plan.reader else { panic!("not a reader of vectors") };
        Ok((plan.request.body.unwrap(), reader.encoding))
    }

    /// The body without `encoding_format`.
    fn body(options: Value) -> Result<Value, String> {
        planned(options).map(|(mut body, _)| {
            assert_eq!(body.shift_remove(ENCODING_FORMAT), Some(json!(BASE64)));
            body.into()
        })
    }

    fn read(body: Value, total: usize) -> Result<QueryResult, Error> {
        let Value::Object(body) = body else { panic!("not an object") };
        let reader = VectorsReader { texts: 0..total, total, encoding: Encoding::Numbers };
        let read = reader.read(ApiResponse { body, request_id: None })?;
        let Value::Array(vectors) = read.data else { panic!("not a list") };
        Ok(QueryResult { data: reader.result(vectors)?, ..read })
    }

    #[test]
    fn embeds_one_text_or_several() {
        assert_eq!(body(json!({"input": "a"})).unwrap(), json!({"model": DEFAULT_EMBEDDING_MODEL, "input": "a"}));
        assert_eq!(body(json!({"input": ["a", 5]})).unwrap()["input"], json!(["a", "5"]));
        assert_eq!(body(json!({"input": "[\"a\", \"b\"]"})).unwrap()["input"], json!(["a", "b"]));
        assert_eq!(body(json!({"input": "[1, 2]"})).unwrap()["input"], "[1, 2]");
        assert!(body(json!({})).unwrap_err().starts_with("Input is empty"));
        assert!(body(json!({"input": ["a", ""]})).unwrap_err().starts_with("Input[1] must be text"));
    }

    #[test]
    fn fills_a_request_up_to_the_api_s_limits() {
        let count = |texts: &[Value]| texts_for_one_request(texts);
        assert_eq!((count(&vec![json!("a"); 3000]), count(&vec![json!("a"); 2]), count(&[])), (2048, 2, 1));
        let long = json!("word ".repeat(5_400)); // 27,000 bytes, at most 9,000 tokens
        assert_eq!(count(&vec![long; 100]), 33);
        assert_eq!(count(&vec![json!("ü".repeat(30_000)); 100]), 10);
        assert_eq!(count(&vec![json!(vec![1; 100_000]); 100]), 3);
        assert_eq!(count(&[json!("a".repeat(2_000_000)), json!("a")]), 1);
    }

    #[test]
    fn requests_base64_unless_extra_body_sets_another_encoding() {
        for (format, extra, sent, encoding) in [
            (json!(null), json!({}), "base64", Encoding::Numbers),
            (json!("float"), json!({}), "base64", Encoding::Numbers),
            (json!("unset"), json!({}), "base64", Encoding::Numbers),
            (json!("Base64"), json!({}), "base64", Encoding::Base64),
            (json!(null), json!({"encoding_format": "float"}), "float", Encoding::Numbers),
            (json!("float"), json!({"encoding_format": "base64"}), "base64", Encoding::Base64),
        ] {
            let options = json!({"input": "a", "encoding_format": format, "extra_body": extra});
            let (body, planned) = planned(options).unwrap();
            assert_eq!((&body[ENCODING_FORMAT], planned), (&json!(sent), encoding), "{format} {extra}");
        }
    }

    #[test]
    fn reads_every_old_spelling() {
        for (set, model) in OLD_MODELS.iter().enumerate().map(|(at, model)| (at + 1, model)) {
            for (input, dimensions, format) in [
                (format!("input_M{set}"), format!("dimensions_M{set}"), format!("encoding_format_M{set}")),
                (format!("input__m{set}"), format!("dimensions__m{set}"), format!("encoding_format__m{set}")),
            ] {
                let options =
                    json!({"model_embedding": model, input: "a", dimensions: "8", format: "base64", "input_M9": "x"});
                assert_eq!(planned(options.clone()).unwrap().1, Encoding::Base64);
                assert_eq!(body(options).unwrap(), json!({"model": model, "input": "a", "dimensions": 8}));
            }
        }
    }

    #[test]
    fn reads_a_saved_encoding_behind_a_default_from_tooljet() {
        let options = json!({
            "model_embedding": "text-embedding-3-large", "input_M2": "a", "encoding_format_M2": "base64",
            "encoding_format": "unset"
        });
        assert_eq!(planned(options).unwrap().1, Encoding::Base64);
    }

    #[test]
    fn ignores_fields_of_other_models_and_blank_plain_ones() {
        let options = json!({"model_embedding": "text-embedding-ada-002", "input": "", "input_M3": "a", "input_M1": "b", "dimensions_M1": 5});
        assert_eq!(body(options).unwrap(), json!({"model": "text-embedding-ada-002", "input": "a"}));
    }

    #[test]
    fn ignores_a_model_left_over_from_another_operation() {
        let options = json!({"model": "gpt-4o", "model_embedding": "text-embedding-3-large", "input_M2": "a"});
        assert_eq!(body(options).unwrap(), json!({"model": "text-embedding-3-large", "input": "a"}));
        for model in [json!("gpt-4o"), json!([1])] {
            let options = json!({"model": model, "input": "a"});
            assert_eq!(body(options).unwrap(), json!({"model": DEFAULT_EMBEDDING_MODEL, "input": "a"}));
        }
    }

    #[test]
    fn reads_an_embedding_model_from_chat_s_key_when_its_own_is_unset() {
        let model = |options: Value| body(options).unwrap()["model"].clone();
        assert_eq!(model(json!({"model": "nomic-embed-text", "input": "a"})), "nomic-embed-text");
        let both = json!({"model": "nomic-embed-text", "model_embedding": "new", "input": "a"});
        assert_eq!(model(both), "new");
    }

    #[test]
    fn does_not_repeat_a_long_first_vector() {
        let response = |data: Value| json!({ "data": data });
        let two = |length: usize| json!([{"embedding": vec![0; length]}, {"embedding": vec![0; length]}]);
        assert_eq!(read(response(two(MAX_RESULT_VALUES / 3)), 2).unwrap_err().code(), Some("response_too_large"));
        let fits = read(response(two(MAX_RESULT_VALUES / 4)), 2).unwrap().data;
        assert_eq!(fits["embedding"], fits["embeddings"][0]);
        let long: Value = vec![0; MAX_RESULT_VALUES / 2].into();
        let only = read(response(json!([{ "embedding": long }])), 1).unwrap();
        assert_eq!(only.data["embedding"], long);
    }

    #[test]
    fn returns_details_in_metadata() {
        let body =
            json!({"data": [{"embedding": [1]}], "model": "m", "usage": {"total_tokens": 7.0}, "object": "list"});
        let metadata = read(body, 1).unwrap().metadata;
        assert_eq!(
            Value::Object(metadata),
            json!({"endpoint": "embeddings", "model": "m", "usage": {"total_tokens": 7}})
        );
    }

    #[test]
    fn returns_the_old_shape() {
        let response = |data: Value| json!({ "data": data });
        let one = read(response(json!([{"embedding": [0.5]}])), 1).unwrap();
        assert_eq!(one.data, json!({"embedding": [0.5]}));
        let two = json!([{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}]);
        assert_eq!(read(response(two), 2).unwrap().data, json!({"embedding": [1], "embeddings": [[1], [2]]}));
        assert_eq!(read(response(json!(null)), 1).unwrap_err().code(), Some("invalid_response"));
    }

    #[test]
    fn fails_when_vectors_and_texts_do_not_match() {
        let query = |input: Value, response: Value| {
            let options = json!({ "input": input });
            let (body, _) = planned(options).unwrap();
            read(response, texts_in(&body))
                .map(|result| result.data)
                .map_err(|error| (error.code().unwrap(), error.to_string()))
        };
        let [a, b] = [0, 1].map(|at| json!({"index": at, "embedding": [at]}));
        let too_few = ("invalid_embedding", "the response contains 2 embeddings for 3 texts".to_owned());
        assert_eq!(query(json!(["a", "b", "c"]), json!({"data": [a, b]})), Err(too_few));
        assert_eq!(query(json!("[\"a\", \"b\"]"), json!({"data": [b, a]})).unwrap()["embeddings"], json!([[0], [1]]));
        assert_eq!(query(json!("a"), json!({"data": [{"embedding": [null]}]})).unwrap_err().0, "invalid_embedding");
        assert_eq!(query(json!("a"), json!({"embeddings": [[0.5]]})).unwrap(), json!({"embedding": [0.5]}));
        assert_eq!(query(json!("a"), json!({"result": {"data": [a]}})).unwrap(), json!({"embedding": [0]}));
    }

    #[test]
    fn counts_texts_in_the_finished_body() {
        for (input, texts) in
            [(json!("a"), 1), (json!(["a", "b"]), 2), (json!([1, 2, 3]), 1), (json!([[1], [2]]), 2), (json!(null), 1)]
        {
            let options = json!({"input": "a", "extra_body": { "input": input }});
            let body = plan(&Fields::of("queryOptions", &options).unwrap()).unwrap().request.body.unwrap();
            assert_eq!(texts_in(&body), texts, "{input}");
        }
    }
}
