//! Moderate: `POST /moderations`, which is free of charge.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, QueryResult, Reader,
    files::image,
    findings::{DEFAULT_MODERATION_MODEL, Found},
};
use crate::{
    error::{BodyKind, Error, ErrorText, error_text},
    input::{
        fields::{Fields, excerpt, scalar_text},
        lenient_json::is_json_text,
    },
    response::{ApiResponse, body::unwrapped, take_list},
};

/// The endpoint's path.
pub const PATH: &str = "/moderations";
const KEY: &str = "input";

/// Turns a Moderate query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field, or the index of an item that is neither text nor an image.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let model = fields.trimmed("moderation_model")?;
    let model = model.unwrap_or_else(|| DEFAULT_MODERATION_MODEL.to_owned());
    let (input, texts) = input(fields)?;
    let body = Map::from_iter([("model".to_owned(), model.into()), (KEY.to_owned(), input)]);
    Ok(Plan::new(ApiRequest::post(PATH, body), Reader::new(move |response| read(response, texts))))
}

/// The input, and the number of texts if it is a list of texts. Texts of a list are checked separately, text and images
/// together.
fn input(fields: &Fields<'_>) -> Result<(Value, Option<usize>), Error> {
    let missing =
        || Error::invalid(KEY, "is empty. Enter the text or image to check, or see that its template has a value");
    let value = fields.value(KEY).ok_or_else(missing)?;
    let parsed = match value {
        Value::String(text) if is_json_text(text) => fields.parse(KEY, text)?.ok().filter(is_list),
        _ => None,
    };
    let value = parsed.as_ref().unwrap_or(value);
    let Value::Array(items) = value else {
        return Ok(match Item::of(&KEY.into(), value)? {
            Item::Text(text) => (text.into(), None),
            image @ Item::Image(_) => (json!([image.into_part()]), None),
        });
    };
    let items: Vec<_> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.is_null() && item.as_str() != Some(""))
        .map(|(index, item)| Item::of(&error_text![KEY, "[", index, "]"], item))
        .collect::<Result<_, _>>()?;
    if items.is_empty() {
        return Err(missing());
    }
    if items.iter().any(|item| matches!(item, Item::Image(_))) {
        return Ok((items.into_iter().map(Item::into_part).collect(), None));
    }
    let count = items.len();
    Ok((items.into_iter().map(Item::into_value).collect(), Some(count)))
}

/// Whether text is a JSON list rather than a sentence in brackets.
fn is_list(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| item.is_string() || item.is_object()))
}

enum Item {
    Text(String),
    /// An image's URL or data URI.
    Image(String),
}

impl Item {
    /// Text may be a link, so only an image's data URI counts as an image. An object is a picked file or a content
    /// part.
    fn of(field: &ErrorText, item: &Value) -> Result<Self, Error> {
        let is_data_uri =
            |text: &str| text.trim_start().get(..11).is_some_and(|start| start.eq_ignore_ascii_case("data:image/"));
        match item {
            Value::String(text) if is_data_uri(text) => image(field, item).map(Self::Image),
            Value::Object(members) => match members.get("text").and_then(Value::as_str) {
                Some(text) => Ok(Self::Text(text.to_owned())),
                None => image(field, item).map(Self::Image),
            },
            _ => scalar_text(item).map(Self::Text).ok_or_else(|| {
                Error::invalid(field.clone(), error_text!["must be text or an image, got ", excerpt(item)])
            }),
        }
    }

    fn into_value(self) -> Value {
        let (Self::Text(text) | Self::Image(text)) = self;
        text.into()
    }

    fn into_part(self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Image(url) => json!({"type": "image_url", "image_url": {"url": url}}),
        }
    }
}

/// `{flagged, categories, scores}`, or one of these for each text of a list, in order.
///
/// # Errors
/// [`Error::Decode`] unless the response has exactly one result, or one per text.
fn read(response: ApiResponse, texts: Option<usize>) -> Result<QueryResult, Error> {
    let ApiResponse { body, request_id } = response;
    let mut body = unwrapped(body, "results");
    let results = take_list(&mut body, "results").into_iter().filter_map(Found::of);
    let mut results: Vec<Value> = results.map(Value::from).collect();
    let expected = texts.unwrap_or(1);
    if results.len() != expected {
        let reason = match results.len() {
            0 => "the response contains no moderation result".into(),
            found => error_text!["the response contains ", found, " moderation results instead of ", expected],
        };
        return Err(Error::Decode { status: 200, reason, body: BodyKind::Other, request_id });
    }
    let data = if texts.is_some() { results.into() } else { results.remove(0) };
    let mut metadata = Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..]))]);
    for name in ["model", "id"] {
        metadata.extend(body.swap_remove(name).map(|value| (name.to_owned(), value)));
    }
    Ok(QueryResult { data, metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

    fn input_of(value: Value) -> Result<Value, String> {
        let options = json!({ "input": value });
        let plan = plan(&Fields::of("queryOptions", &options).unwrap()).map_err(|error| error.to_string())?;
        Ok(plan.request.body.unwrap()["input"].clone())
    }

    fn data(input: Value, results: Value) -> Result<Value, String> {
        let options = json!({ "input": input });
        let reader = plan(&Fields::of("queryOptions", &options).unwrap()).unwrap().reader;
        let body = Map::from_iter([("results".to_owned(), results)]);
        let result = reader.read(ApiResponse { body, request_id: None }, false);
        result.map(|result| result.data).map_err(|error| error.to_string())
    }

    #[test]
    fn checks_listed_texts_separately_and_images_with_their_text() {
        let image = json!({"type": "image_url", "image_url": {"url": PNG}});
        for (value, expected) in [
            (json!("a"), json!("a")),
            (json!(5), json!("5")),
            (json!("https://example.com/a.png"), json!("https://example.com/a.png")),
            (json!("[sic]"), json!("[sic]")),
            (json!(["a", 5, "", null]), json!(["a", "5"])),
            (json!("[\"a\"]"), json!(["a"])),
            (json!(PNG), json!([image])),
            (json!({"name": "a.png", "base64Data": "iVBORw0KGgo="}), json!([image])),
            (json!(["a", PNG]), json!([{"type": "text", "text": "a"}, image])),
            (json!([{"type": "text", "text": "a"}, image]), json!([{"type": "text", "text": "a"}, image])),
        ] {
            assert_eq!(input_of(value.clone()).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn names_the_item_that_is_neither_text_nor_an_image() {
        for value in [json!(null), json!(""), json!([]), json!([""])] {
            assert!(input_of(value.clone()).unwrap_err().starts_with("Input is empty."), "{value}");
        }
        assert!(input_of(json!(["a", ["b"]])).unwrap_err().starts_with("Input[1] must be text or an image, got "));
        assert!(input_of(json!({"name": "a.pdf", "base64Data": "JVBERi0xLjQK"})).unwrap_err().contains("an image"));
    }

    #[test]
    fn returns_the_categories_that_apply_and_all_scores() {
        let item = json!({
            "flagged": true, "categories": {"hate": false, "violence": true, "illicit": null},
            "category_scores": {"hate": 0.1, "violence": 0.9}
        });
        let expected = json!({"flagged": true, "categories": ["violence"], "scores": {"hate": 0.1, "violence": 0.9}});
        assert_eq!(data(json!("a"), json!([item])).unwrap(), expected);
        assert_eq!(data(json!(["a"]), json!([item])).unwrap(), json!([expected]));
        assert_eq!(data(json!(["a", "b"]), json!([item, item])).unwrap(), json!([expected, expected]));
        let without = json!([{"categories": {"hate": true}}]);
        assert_eq!(data(json!("a"), without).unwrap()["flagged"], true);
    }

    #[test]
    fn fails_when_a_result_is_missing() {
        let none = "the response contains no moderation result";
        for results in [json!([]), json!(null), json!([{}]), json!(["x"])] {
            assert_eq!(data(json!("a"), results).unwrap_err(), none);
        }
        let one = json!([{"categories": {}}]);
        assert_eq!(
            data(json!(["a", "b"]), one).unwrap_err(),
            "the response contains 1 moderation results instead of 2"
        );
    }
}
