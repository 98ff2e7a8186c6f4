//! Generate embedding: `POST /embeddings`.
//!
//! Queries saved by `ToolJet`'s own plugin have one set of fields per model: `input_M1`,
//! `encoding_format_M1`, `dimensions_M1` and so on, also spelled `input__m1`. They are read where
//! the plain fields are not set.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, QueryResult, Reader, advanced,
    parameters::{BodyBuilder, EXTRA_BODY, model_for, own_key},
    result_size::ResultSize,
};
use crate::{
    error::{BodyKind, Error, ErrorText, error_text},
    input::{
        fields::{Fields, excerpt, scalar_text},
        lenient_json::is_json_text,
    },
    policy::capabilities::{DEFAULT_EMBEDDING_MODEL, is_embedding_model},
    response::{ApiResponse, in_order, take_list, take_usage},
};

const PATH: &str = "/embeddings";
/// Most texts that the API takes at once.
const MAX_INPUTS: usize = 2048;
/// The models of the old form in the order of its field sets `M1`, `M2`, `M3`.
const OLD_MODELS: [&str; 3] = ["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"];

/// Turns a Generate embedding query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let model = model_for(fields.trimmed("model_embedding")?, fields, is_embedding_model, DEFAULT_EMBEDDING_MODEL);
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
    Ok(Plan { request: ApiRequest::post(PATH, body), reader: Reader::new(read), adjusted: Vec::new() })
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
/// [`Error::Decode`] if the response contains no vector, [`Error::Transport`] if it is too large.
pub fn read(response: ApiResponse) -> Result<QueryResult, Error> {
    let ApiResponse { mut body, request_id } = response;
    let vectors = in_order(take_list(&mut body, "data"));
    let mut vectors: Vec<_> = vectors.filter_map(|mut item| item.as_object_mut()?.swap_remove("embedding")).collect();
    let data = match vectors.len() {
        0 => {
            return Err(Error::Decode {
                status: 200,
                reason: "the response contains no embedding".into(),
                body: BodyKind::Other,
                request_id,
            });
        }
        1 => Map::from_iter([("embedding".to_owned(), vectors.remove(0))]),
        _ => {
            vectors.iter().chain(vectors.first()).map(ResultSize::of).sum::<ResultSize>().ensure_fits()?;
            Map::from_iter([("embedding".to_owned(), vectors[0].clone()), ("embeddings".to_owned(), vectors.into())])
        }
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
        let long: Value = vec![0; MAX_RESULT_VALUES / 2].into();
        let first = json!([{ "embedding": long }, {"embedding": [1]}]);
        assert_eq!(read(response(first)).unwrap_err().code(), Some("response_too_large"));
        let last = json!([{"embedding": [1]}, { "embedding": long }]);
        assert_eq!(read(response(last)).unwrap().data["embedding"], json!([1]));
        let only = read(response(json!([{ "embedding": long }]))).unwrap();
        assert_eq!(only.data["embedding"], long);
    }

    #[test]
    fn the_details_of_an_embedding_are_metadata() {
        let body =
            json!({"data": [{"embedding": [1]}], "model": "m", "usage": {"total_tokens": 7.0}, "object": "list"});
        let Value::Object(body) = body else { panic!("not an object") };
        let metadata = read(ApiResponse { body, request_id: None }).unwrap().metadata;
        assert_eq!(
            Value::Object(metadata),
            json!({"endpoint": "embeddings", "model": "m", "usage": {"total_tokens": 7}})
        );
    }

    #[test]
    fn the_result_keeps_its_old_shape() {
        let response =
            |data: Value| ApiResponse { body: Map::from_iter([("data".to_owned(), data)]), request_id: None };
        let one = read(response(json!([{"embedding": [0.5]}]))).unwrap();
        assert_eq!(one.data, json!({"embedding": [0.5]}));
        let two = read(response(json!([{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}]))).unwrap();
        assert_eq!(two.data, json!({"embedding": [1], "embeddings": [[1], [2]]}));
        assert!(read(response(json!(null))).is_err());
    }
}
