//! Generate embedding: `POST /embeddings`.
//!
//! Queries saved by `ToolJet`'s own plugin have one set of fields per model: `input_M1`,
//! `encoding_format_M1`, `dimensions_M1` and so on, also spelled `input__m1`. They are read where
//! the plain fields are not set.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, QueryResult, Reader, advanced,
    parameters::{BodyBuilder, EXTRA_BODY, model_for, own_key},
    result_size::{ResultSize, kept},
    vectors::in_order_of_texts,
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
/// Most texts that the API takes at once.
const MAX_INPUTS: usize = 2048;
/// The models of the old form in the order of its field sets `M1`, `M2`, `M3`.
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
    if let Some(format) = fields.dropdown(&saved_key(fields, "encoding_format", &model))? {
        body.set("encoding_format", format);
    }
    let body = body.finish(own_key(&advanced_fields, "embedding_extra_body", EXTRA_BODY))?;
    let texts = texts_in(&body);
    let is_base64_asked = body.get("encoding_format").is_some_and(|format| format == "base64");
    let reader = Reader::new(move |response| read(response, texts, is_base64_asked));
    Ok(Plan::new(ApiRequest::post(PATH, body), reader))
}

/// How many texts a finished body asks to embed, whoever set them. A list of numbers is one text, as tokens.
fn texts_in(body: &Map<String, Value>) -> usize {
    match body.get("input") {
        Some(Value::Array(items)) if !items.iter().all(Value::is_number) => items.len(),
        _ => 1,
    }
}

/// The key of `name` that has this query's value: the plain one, else that of the
/// model's own field set. In other sets, values are left over from another choice of model.
fn saved_key(fields: &Fields<'_>, name: &str, model: &str) -> String {
    let own = OLD_MODELS.iter().position(|known| *known == model).map(|at| at + 1);
    let spellings = own.into_iter().flat_map(|set| [format!("{name}_M{set}"), format!("{name}__m{set}")]);
    std::iter::once(name.to_owned()).chain(spellings).find(|key| fields.is_set(key)).unwrap_or_else(|| name.to_owned())
}

/// One text, or an array of texts (also as JSON text).
fn input(fields: &Fields<'_>, model: &str) -> Result<Value, Error> {
    let key = saved_key(fields, "input", model);
    // One of the form's own keys.
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
    if items.len() > MAX_INPUTS {
        return Err(Error::invalid(field(), error_text!["takes at most ", MAX_INPUTS, " texts, got ", items.len()]));
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

/// `{embedding}`, and `embeddings` next to it where several texts were embedded.
///
/// # Errors
/// [`Error::Decode`] if the response contains no vector, [`Error::NoAnswer`] if it has not exactly one for each
/// of `texts`, [`Error::Transport`] if it is too large.
fn read(response: ApiResponse, texts: usize, is_base64_asked: bool) -> Result<QueryResult, Error> {
    let ApiResponse { body, request_id } = response;
    let mut body = unwrapped(body, "data");
    // The list has another name where the base URL leads to the own API of a server.
    let items = ["data", "embeddings"].into_iter().map(|name| take_list(&mut body, name)).find(|list| !list.is_empty());
    let Some(items) = items else {
        return Err(Error::Decode {
            status: 200,
            reason: "the response contains no embedding".into(),
            body: BodyKind::Other,
            request_id,
        });
    };
    let mut vectors = in_order_of_texts(items, texts, is_base64_asked).map_err(|reason| Error::NoAnswer {
        code: NoAnswerReason::EmbeddingInvalid,
        reason,
        given: Given { metadata: kept([("usage", take_usage(&mut body))]), ..Given::default() },
        request_id,
    })?;
    let data = if vectors.len() == 1 {
        Map::from_iter([("embedding".to_owned(), vectors.remove(0))])
    } else {
        vectors.iter().chain(vectors.first()).map(ResultSize::of).sum::<ResultSize>().ensure_fits()?;
        Map::from_iter([("embedding".to_owned(), vectors[0].clone()), ("embeddings".to_owned(), vectors.into())])
    };
    let mut metadata = Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..]))]);
    metadata.extend(body.swap_remove("model").map(|model| ("model".to_owned(), model)));
    metadata.extend(take_usage(&mut body).map(|usage| ("usage".to_owned(), usage)));
    Ok(QueryResult { data: data.into(), metadata })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_RESULT_VALUES;

    fn body(options: Value) -> Result<Value, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        plan(&fields).map(|plan| Value::Object(plan.request.body.unwrap())).map_err(|error| error.to_string())
    }

    #[test]
    fn one_text_or_several_are_embedded() {
        assert_eq!(body(json!({"input": "a"})).unwrap(), json!({"model": DEFAULT_EMBEDDING_MODEL, "input": "a"}));
        assert_eq!(body(json!({"input": ["a", 5]})).unwrap()["input"], json!(["a", "5"]));
        assert_eq!(body(json!({"input": "[\"a\", \"b\"]"})).unwrap()["input"], json!(["a", "b"]));
        assert_eq!(body(json!({"input": "[1, 2]"})).unwrap()["input"], "[1, 2]");
        assert!(body(json!({})).unwrap_err().starts_with("Input is empty"));
        assert!(body(json!({"input": ["a", ""]})).unwrap_err().starts_with("Input[1] must be text"));
    }

    #[test]
    fn more_texts_than_the_api_takes_are_refused() {
        let texts = |count: usize| Value::from(vec![json!("a"); count]);
        assert!(body(json!({"input": texts(2048)})).is_ok());
        for many in [texts(2049), json!(texts(2049).to_string())] {
            assert_eq!(body(json!({"input": many})).unwrap_err(), "Input takes at most 2048 texts, got 2049");
        }
    }

    #[test]
    fn the_encoding_is_read_without_case() {
        assert_eq!(body(json!({"input": "a", "encoding_format": "Base64"})).unwrap()["encoding_format"], "base64");
    }

    #[test]
    fn every_old_spelling_is_read() {
        for (set, model) in OLD_MODELS.iter().enumerate().map(|(at, model)| (at + 1, model)) {
            for (input, dimensions, format) in [
                (format!("input_M{set}"), format!("dimensions_M{set}"), format!("encoding_format_M{set}")),
                (format!("input__m{set}"), format!("dimensions__m{set}"), format!("encoding_format__m{set}")),
            ] {
                let options =
                    json!({"model_embedding": model, input: "a", dimensions: "8", format: "float", "input_M9": "x"});
                assert_eq!(
                    body(options).unwrap(),
                    json!({"model": model, "input": "a", "dimensions": 8, "encoding_format": "float"})
                );
            }
        }
    }

    #[test]
    fn an_encoding_that_is_left_to_the_model_is_not_sent() {
        let options = json!({"input": "a", "encoding_format": "unset"});
        assert_eq!(body(options).unwrap(), json!({"model": DEFAULT_EMBEDDING_MODEL, "input": "a"}));
    }

    #[test]
    fn a_default_that_tooljet_filled_in_does_not_hide_a_saved_encoding() {
        let options = json!({
            "model_embedding": "text-embedding-3-large", "input_M2": "a", "encoding_format_M2": "base64",
            "encoding_format": "unset"
        });
        assert_eq!(body(options).unwrap()["encoding_format"], "base64");
    }

    #[test]
    fn fields_of_another_model_and_blank_plain_ones_do_not_count() {
        let options = json!({"model_embedding": "text-embedding-ada-002", "input": "", "input_M3": "a", "input_M1": "b", "dimensions_M1": 5});
        assert_eq!(body(options).unwrap(), json!({"model": "text-embedding-ada-002", "input": "a"}));
    }

    #[test]
    fn a_model_left_from_another_operation_does_not_count() {
        let options = json!({"model": "gpt-4o", "model_embedding": "text-embedding-3-large", "input_M2": "a"});
        assert_eq!(body(options).unwrap(), json!({"model": "text-embedding-3-large", "input": "a"}));
        for model in [json!("gpt-4o"), json!([1])] {
            let options = json!({"model": model, "input": "a"});
            assert_eq!(body(options).unwrap(), json!({"model": DEFAULT_EMBEDDING_MODEL, "input": "a"}));
        }
    }

    #[test]
    fn an_embedding_model_in_the_key_of_chat_counts_where_the_own_key_is_unset() {
        let model = |options: Value| body(options).unwrap()["model"].clone();
        assert_eq!(model(json!({"model": "nomic-embed-text", "input": "a"})), "nomic-embed-text");
        let both = json!({"model": "nomic-embed-text", "model_embedding": "new", "input": "a"});
        assert_eq!(model(both), "new");
    }

    #[test]
    fn the_first_vector_is_not_repeated_when_it_is_too_long() {
        let response =
            |data: Value| ApiResponse { body: Map::from_iter([("data".to_owned(), data)]), request_id: None };
        let two = |length: usize| json!([{"embedding": vec![0; length]}, {"embedding": vec![0; length]}]);
        assert_eq!(
            read(response(two(MAX_RESULT_VALUES / 3)), 2, false).unwrap_err().code(),
            Some("response_too_large")
        );
        let fits = read(response(two(MAX_RESULT_VALUES / 4)), 2, false).unwrap().data;
        assert_eq!(fits["embedding"], fits["embeddings"][0]);
        let long: Value = vec![0; MAX_RESULT_VALUES / 2].into();
        let only = read(response(json!([{ "embedding": long }])), 1, false).unwrap();
        assert_eq!(only.data["embedding"], long);
    }

    #[test]
    fn the_details_of_an_embedding_are_metadata() {
        let body =
            json!({"data": [{"embedding": [1]}], "model": "m", "usage": {"total_tokens": 7.0}, "object": "list"});
        let Value::Object(body) = body else { panic!("not an object") };
        let metadata = read(ApiResponse { body, request_id: None }, 1, false).unwrap().metadata;
        assert_eq!(
            Value::Object(metadata),
            json!({"endpoint": "embeddings", "model": "m", "usage": {"total_tokens": 7}})
        );
    }

    #[test]
    fn the_result_keeps_its_old_shape() {
        let response =
            |data: Value| ApiResponse { body: Map::from_iter([("data".to_owned(), data)]), request_id: None };
        let one = read(response(json!([{"embedding": [0.5]}])), 1, false).unwrap();
        assert_eq!(one.data, json!({"embedding": [0.5]}));
        let two = json!([{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}]);
        assert_eq!(read(response(two), 2, false).unwrap().data, json!({"embedding": [1], "embeddings": [[1], [2]]}));
        assert_eq!(read(response(json!(null)), 1, false).unwrap_err().code(), Some("invalid_response"));
    }

    #[test]
    fn a_vector_beside_the_wrong_text_is_a_failure() {
        let query = |input: Value, response: Value| {
            let options = json!({ "input": input });
            let Value::Object(body) = response else { panic!("not an object") };
            let reader = plan(&Fields::of("queryOptions", &options).unwrap()).unwrap().reader;
            let result = reader.read(ApiResponse { body, request_id: None }, false);
            result.map(|result| result.data).map_err(|error| (error.code().unwrap(), error.to_string()))
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
    fn texts_are_counted_in_the_finished_body() {
        for (input, texts) in
            [(json!("a"), 1), (json!(["a", "b"]), 2), (json!([1, 2, 3]), 1), (json!([[1], [2]]), 2), (json!(null), 1)]
        {
            let options = json!({"input": "a", "extra_body": { "input": input }});
            let body = plan(&Fields::of("queryOptions", &options).unwrap()).unwrap().request.body.unwrap();
            assert_eq!(texts_in(&body), texts, "{input}");
        }
    }
}
