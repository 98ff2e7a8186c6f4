//! Generate image: `POST /images/generations`, or `POST /images/edits` with input images.
//!
//! Queries saved by `ToolJet`'s own plugin keep the model in `model`, which other operations share.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, QueryResult, Reader, advanced,
    choice::is_empty,
    content::prompt_text,
    files,
    parameters::{BodyBuilder, EXTRA_BODY, model_for, own_key},
    result_size::ResultSize,
};
use crate::{
    error::{BodyKind, Error, error_text},
    input::fields::Fields,
    policy::{capabilities::DEFAULT_IMAGE_MODEL, purpose::Purpose},
    response::{ApiResponse, body::unwrapped, take_list, take_usage},
};

/// The endpoint's path.
pub const PATH: &str = "/images/generations";
/// The path of the endpoint that edits images.
pub const EDITS_PATH: &str = "/images/edits";
/// The API's limit for input images.
const MAX_IMAGES: usize = 16;
/// The API's limit for a prompt, in characters.
const MAX_PROMPT_CHARS: usize = 32_000;
/// Members that can contain an image, in order of preference, and their names in the result.
const NAMES: [(&str, &str); 6] = [
    ("url", "url"),
    ("b64_json", "b64_json"),
    ("image_url", "url"),
    ("b64", "b64_json"),
    ("base64", "b64_json"),
    ("image_base64", "b64_json"),
];

/// Turns a Generate image query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>) -> Result<Plan, Error> {
    let advanced_fields = advanced(fields);
    let model = model_for(fields.trimmed("image_model")?, fields, Purpose::Image, DEFAULT_IMAGE_MODEL);
    let mut body = BodyBuilder::new(fields, &model);
    let prompt = prompt_text(fields)?;
    let chars = prompt.chars().count();
    if chars > MAX_PROMPT_CHARS {
        return Err(Error::invalid(
            "prompt",
            error_text!["must have at most ", MAX_PROMPT_CHARS, " characters, got ", chars],
        ));
    }
    body.set("prompt", prompt);
    if let Some(size) = fields.trimmed("size")? {
        body.set("size", size_as_the_api_writes_it(&size));
    }
    let path = set_images(&mut body, fields)?;
    let mut body = body.read_from(&advanced_fields);
    body.set_dropdowns(&["quality", "complexity", "background", "output_format"])?;
    if let Some(compression) = advanced_fields.integer("output_compression", 0..=100)? {
        body.set("output_compression", compression);
    }
    if let Some(moderation) = advanced_fields.dropdown("image_moderation")? {
        body.set("moderation", moderation);
    }
    if let Some(n) = advanced_fields.integer(own_key(&advanced_fields, "image_count", "n"), 1..=10)? {
        body.set("n", n);
    }
    let body = body.finish(own_key(&advanced_fields, "image_extra_body", EXTRA_BODY))?;
    Ok(Plan::new(ApiRequest::post(path, body), Reader::new(move |response| read(response, path))))
}

/// Sets the input images and the mask that marks what to change in the first one. Returns the endpoint.
fn set_images(body: &mut BodyBuilder<'_>, fields: &Fields<'_>) -> Result<&'static str, Error> {
    let image = |url: &String| json!({ "image_url": url });
    let images = files::images(fields, "images")?;
    let masks = files::images(fields, "mask")?;
    if images.len() > MAX_IMAGES {
        return Err(Error::invalid("images", error_text!["takes at most ", MAX_IMAGES, " images, got ", images.len()]));
    }
    match masks.as_slice() {
        [] => {}
        [_] if images.is_empty() => return Err(Error::invalid("images", "must have an image where Mask is set")),
        [mask] => body.set("mask", image(mask)),
        _ => return Err(Error::invalid("mask", error_text!["must be one image, got ", masks.len()])),
    }
    if images.is_empty() {
        return Ok(PATH);
    }
    body.set("images", images.iter().map(image).collect::<Value>());
    Ok(EDITS_PATH)
}

/// Turns `1024 X 1024` or `1024×1024` into `1024x1024`.
fn size_as_the_api_writes_it(size: &str) -> String {
    size.to_lowercase().replace('×', "x").split_whitespace().collect()
}

/// The result in the old plugin's shape, with the first image as `url` or `b64_json`, plus `images`: all of them as an
/// Image component shows them, that is URLs and data URIs. A single image too long to repeat is only in `data`.
///
/// # Errors
/// [`Error::Decode`] if the response contains no image, [`Error::Transport`] if it is too large.
pub fn read(response: ApiResponse, path: &'static str) -> Result<QueryResult, Error> {
    let ApiResponse { body, request_id } = response;
    let mut body = unwrapped(body, "data");
    let lists = ["data", "images"].into_iter().map(|name| take_list(&mut body, name));
    let mut items = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    let count = items.len();
    let revised_prompt = items.first_mut().and_then(|first| first.as_object_mut()?.swap_remove("revised_prompt"));
    let mut images: Vec<_> = items.into_iter().filter_map(image).collect();
    let Some(first) = images.first() else {
        let reason = match count {
            0 => "the response contains no image".into(),
            _ => error_text!["the response contains no image: of ", count, " in its list, none has url or b64_json"],
        };
        return Err(Error::Decode { status: 200, reason, body: BodyKind::Other, request_id });
    };
    let mut data = Map::from_iter([
        ("status".to_owned(), "success".into()),
        ("message".to_owned(), "Image generated successfully".into()),
    ]);
    let fits = images.iter().chain([first]).map(ResultSize::of).sum::<ResultSize>().ensure_fits();
    if images.len() > 1 || fits.is_ok() {
        fits?;
        let format = body.get("output_format").and_then(Value::as_str).unwrap_or("png");
        data.insert("data".to_owned(), first.clone());
        data.insert("images".to_owned(), images.iter().filter_map(|image| shown(image, format)).collect());
    } else {
        data.insert("data".to_owned(), images.remove(0));
    }
    let mut metadata = Map::from_iter([("endpoint".to_owned(), json!(&path[1..]))]);
    for name in ["created", "size", "quality", "background", "output_format"] {
        metadata.extend(body.swap_remove(name).map(|value| (name.to_owned(), value)));
    }
    let revised_prompt = revised_prompt.filter(|text| !is_empty(text));
    metadata.extend(revised_prompt.map(|text| ("revised_prompt".to_owned(), text)));
    metadata.extend(take_usage(&mut body).map(|usage| ("usage".to_owned(), usage)));
    Ok(QueryResult { data: data.into(), metadata })
}

/// A URL unchanged, base64 as a data URI. Its type comes from the first bytes, or else from the format that the server
/// names.
fn shown(image: &Value, format: &str) -> Option<Value> {
    let Some(base64) = image.get("b64_json") else { return image.get("url").cloned() };
    let typed = files::image(&"images".into(), base64).ok();
    let text = base64.as_str()?;
    Some(typed.unwrap_or_else(|| format!("data:{};base64,{text}", media_type(format))).into())
}

/// The media type of an output format; PNG for an unknown word.
fn media_type(format: &str) -> String {
    match format.to_ascii_lowercase().as_str() {
        "svg" => "image/svg+xml".to_owned(),
        "jpg" => "image/jpeg".to_owned(),
        word if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!("image/{word}"),
        _ => "image/png".to_owned(),
    }
}

/// `{url}` or `{b64_json}`, whatever the server calls them; `None` if it has neither.
fn image(item: Value) -> Option<Value> {
    let (name, text) = match item {
        Value::String(text) => (if text.contains(':') { "url" } else { "b64_json" }, text),
        Value::Object(mut members) => NAMES.iter().find_map(|(theirs, name)| {
            let text = match members.swap_remove(*theirs)? {
                Value::Object(mut inner) => inner.swap_remove("url")?,
                text => text,
            };
            match text {
                Value::String(text) if !text.trim().is_empty() => Some((*name, text)),
                _ => None,
            }
        })?,
        _ => return None,
    };
    // Apps prepend the start of a data URL themselves.
    let data_url = if name == "b64_json" { text.strip_prefix("data:") } else { None };
    let text = data_url.and_then(|url| url.split_once(";base64,")).map(|(_, base64)| base64.to_owned()).unwrap_or(text);
    (!text.trim().is_empty()).then(|| Map::from_iter([(name.to_owned(), text.into())]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_RESULT_BYTES;

    fn body(options: Value) -> Result<Value, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        plan(&fields).map(|plan| Value::Object(plan.request.body.unwrap())).map_err(|error| error.to_string())
    }

    #[test]
    fn rejects_a_prompt_beyond_the_api_s_limit() {
        let prompt = |chars: usize| body(json!({"prompt": "é".repeat(chars)}));
        assert!(prompt(32_000).is_ok());
        assert_eq!(prompt(32_001).unwrap_err(), "Prompt must have at most 32000 characters, got 32001");
    }

    #[test]
    fn sends_the_size_in_the_api_s_notation() {
        for size in ["1536x864", " 1536 X 864", "1536×864", "1536 x 864\n"] {
            assert_eq!(body(json!({"prompt": "a cat", "size": size})).unwrap()["size"], "1536x864");
        }
        assert_eq!(body(json!({"prompt": "a cat", "size": "Auto"})).unwrap()["size"], "auto");
    }

    #[test]
    fn ignores_chat_settings_unless_the_query_was_made_without_the_form() {
        let left = json!({"prompt": "a cat", "n": 5, "extra_body": {"store": true}, "advanced": "on"});
        assert_eq!(body(left.clone()).unwrap(), json!({"model": DEFAULT_IMAGE_MODEL, "prompt": "a cat"}));
        let own = json!({"image_count": 2, "image_extra_body": {"moderation": "low"}});
        let mut set = left.clone();
        set.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        assert_eq!(
            body(set).unwrap(),
            json!({"model": DEFAULT_IMAGE_MODEL, "prompt": "a cat", "n": 2, "moderation": "low"})
        );
        let mut made_without_form = left;
        made_without_form.as_object_mut().unwrap().shift_remove("advanced");
        assert_eq!(
            body(made_without_form).unwrap(),
            json!({"model": DEFAULT_IMAGE_MODEL, "prompt": "a cat", "n": 5, "store": true})
        );
    }

    #[test]
    fn turns_the_form_into_the_request() {
        assert_eq!(body(json!({"prompt": "a cat"})).unwrap(), json!({"model": DEFAULT_IMAGE_MODEL, "prompt": "a cat"}));
        let all = json!({
            "image_model": "gpt-image-2", "prompt": "a cat", "size": "256x256", "quality": "low", "complexity": "High",
            "background": "opaque", "output_format": "webp", "n": "2"
        });
        let expected = json!({
            "model": "gpt-image-2", "prompt": "a cat", "size": "256x256", "quality": "low", "complexity": "high",
            "background": "opaque", "output_format": "webp", "n": 2
        });
        assert_eq!(body(all).unwrap(), expected);
        assert!(body(json!({"prompt": "", "n": 1})).unwrap_err().starts_with("Prompt is empty"));
        assert!(
            body(json!({"prompt": "a", "n": 11}))
                .unwrap_err()
                .starts_with("Number of results must be a whole number from 1 to 10")
        );
    }

    #[test]
    fn edits_images_with_a_mask() {
        let png = "data:image/png;base64,iVBORw0KGgo=";
        let request = |options: Value| {
            let mut options = options;
            options["prompt"] = json!("a hat");
            plan(&Fields::of("queryOptions", &options).unwrap())
                .map(|plan| (plan.request.path, Value::Object(plan.request.body.unwrap())))
                .map_err(|error| error.to_string())
        };
        let picked = json!([{"name": "a.png", "base64Data": "iVBORw0KGgo="}, "https://h/b.png"]);
        let (path, body) = request(json!({"images": picked, "mask": png})).unwrap();
        assert_eq!(path, EDITS_PATH);
        assert_eq!(body["images"], json!([{"image_url": png}, {"image_url": "https://h/b.png"}]));
        assert_eq!(body["mask"], json!({"image_url": png}));
        let (path, body) = request(json!({"images": [], "mask": ""})).unwrap();
        assert_eq!((path, body.get("images"), body.get("mask")), (PATH, None, None));
        assert!(request(json!({ "mask": png })).unwrap_err().ends_with(" must have an image where Mask is set"));
        assert!(request(json!({"images": png, "mask": [png, png]})).unwrap_err().starts_with("Mask must be one image"));
        assert!(request(json!({ "images": vec![png; 17] })).unwrap_err().contains("at most 16 images, got 17"));
    }

    #[test]
    fn detects_the_type_of_each_image_by_its_first_bytes() {
        let shown = |item: Value, format: &str| {
            let body = json!({"output_format": format, "data": [item]});
            let Value::Object(body) = body else { panic!("not an object") };
            read(ApiResponse { body, request_id: None }, EDITS_PATH).unwrap().data["images"][0].clone()
        };
        assert_eq!(shown(json!({"b64_json": "/9j/4AAQ"}), "png"), "data:image/jpeg;base64,/9j/4AAQ");
        assert_eq!(shown(json!({"b64_json": "UklGRhAAAABXRUJQ"}), "png"), "data:image/webp;base64,UklGRhAAAABXRUJQ");
        assert_eq!(shown(json!({"b64_json": "data:image/png;base64,/9j/"}), "png"), "data:image/jpeg;base64,/9j/");
        for (format, media_type) in [
            ("webp", "image/webp"),
            ("AVIF", "image/avif"),
            ("jpg", "image/jpeg"),
            ("svg", "image/svg+xml"),
            ("a;b", "image/png"),
            ("", "image/png"),
        ] {
            assert_eq!(shown(json!({"b64_json": "BBBB"}), format), format!("data:{media_type};base64,BBBB"));
        }
        let svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
        assert_eq!(shown(json!({ "b64_json": svg }), "svg"), format!("data:image/svg+xml;base64,{svg}"));
        assert_eq!(shown(json!({"url": "https://h/a"}), "png"), "https://h/a");
    }

    #[test]
    fn ignores_a_model_entered_for_chat() {
        let model = |options: Value| {
            let mut options = options;
            options["prompt"] = json!("a cat");
            body(options).unwrap()["model"].as_str().unwrap().to_owned()
        };
        assert_eq!(model(json!({"model": " gpt-image-1 "})), "gpt-image-1");
        assert_eq!(model(json!({"model": "gpt-image-1", "image_model": " flux-2 "})), "flux-2");
        for other in [json!("gpt-5.4"), json!({"stale": 1}), json!("")] {
            assert_eq!(model(json!({ "model": other })), DEFAULT_IMAGE_MODEL);
        }
    }

    #[test]
    fn sends_nothing_for_unset_choices() {
        let unset = json!({"prompt": "a cat", "quality": "unset", "background": "UNSET", "output_format": " unset "});
        assert_eq!(body(unset).unwrap(), json!({"model": DEFAULT_IMAGE_MODEL, "prompt": "a cat"}));
    }

    #[test]
    fn does_not_repeat_a_long_first_image() {
        let response =
            |data: Value| ApiResponse { body: Map::from_iter([("data".to_owned(), data)]), request_id: None };
        // In JSON, this character takes six bytes.
        let long = "\u{1}".repeat(MAX_RESULT_BYTES / 2 / 6 + 1);
        let several = json!([{ "b64_json": long }, {"b64_json": "B"}]);
        assert_eq!(read(response(several), PATH).unwrap_err().code(), Some("response_too_large"));
        let only = read(response(json!([{ "b64_json": long }])), PATH).unwrap();
        assert_eq!(only.data["data"]["b64_json"], long);
    }

    #[test]
    fn returns_details_in_metadata() {
        let body = json!({
            "created": 1, "size": "1024x1024", "quality": "low", "background": null, "output_format": "png", "junk": 1,
            "usage": {"total_tokens": "7"},
            "data": [{"url": "https://h/a", "revised_prompt": "a red cat"}, {"url": "https://h/b", "revised_prompt": "b"}]
        });
        let Value::Object(body) = body else { panic!("not an object") };
        let metadata = read(ApiResponse { body, request_id: None }, PATH).unwrap().metadata;
        assert_eq!(
            Value::Object(metadata),
            json!({
                "endpoint": "images/generations", "created": 1, "size": "1024x1024", "quality": "low",
                "background": null, "output_format": "png", "revised_prompt": "a red cat", "usage": {"total_tokens": 7}
            })
        );
    }

    #[test]
    fn returns_the_old_shape() {
        let response =
            |data: Value| ApiResponse { body: Map::from_iter([("data".to_owned(), data)]), request_id: None };
        let url = read(response(json!([{"url": "https://h/a", "b64_json": null}])), PATH).unwrap();
        assert_eq!(
            url.data,
            json!({
                "status": "success", "message": "Image generated successfully", "data": {"url": "https://h/a"},
                "images": ["https://h/a"]
            })
        );
        let both = read(response(json!([{"b64_json": "AA", "url": "https://h/a"}])), PATH).unwrap();
        assert_eq!(both.data["data"], json!({"url": "https://h/a"}));
        let several = read(response(json!([{"b64_json": "iVBORw0KGgo="}, {"b64_json": "BB"}])), PATH).unwrap();
        assert_eq!(several.data["data"], json!({"b64_json": "iVBORw0KGgo="}));
        assert_eq!(several.data["images"], json!(["data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,BB"]));
        assert!(read(response(json!([])), PATH).is_err());
    }

    #[test]
    fn finds_an_image_under_every_name() {
        let first = |item: Value| {
            let body = Map::from_iter([("data".to_owned(), json!([item]))]);
            read(ApiResponse { body, request_id: None }, PATH).map(|result| result.data["data"].clone())
        };
        for item in [
            json!({"url": "", "b64_json": "AAAA", "revised_prompt": ""}),
            json!({"url": null, "b64_json": "AAAA"}),
            json!({"b64_json": "data:image/png;base64,AAAA"}),
            json!({"image_base64": "AAAA"}),
            json!("AAAA"),
        ] {
            assert_eq!(first(item.clone()).unwrap(), json!({"b64_json": "AAAA"}), "{item}");
        }
        for item in [json!({"url": "data:,a"}), json!({"image_url": {"url": "data:,a"}}), json!("data:,a")] {
            assert_eq!(first(item.clone()).unwrap(), json!({"url": "data:,a"}), "{item}");
        }
        let fields = json!({"images": [{"url": "https://h/a"}], "data": null});
        let Value::Object(body) = fields else { panic!("not an object") };
        assert_eq!(
            read(ApiResponse { body, request_id: None }, PATH).unwrap().data["data"],
            json!({"url": "https://h/a"})
        );
    }

    #[test]
    fn fails_when_the_response_contains_no_image() {
        let reason = |body: Value| {
            let Value::Object(body) = body else { panic!("not an object") };
            let error = read(ApiResponse { body, request_id: None }, PATH).unwrap_err();
            assert_eq!(error.code(), Some("invalid_response"));
            error.to_string()
        };
        for body in [json!({}), json!({"data": null}), json!({"data": []}), json!({"data": {"url": "https://h/a"}})] {
            assert_eq!(reason(body), "the response contains no image");
        }
        let none = "the response contains no image: of 2 in its list, none has url or b64_json";
        for item in
            [json!({}), json!({"url": "", "b64_json": " "}), json!({"b64_json": "data:image/png;base64,"}), json!(5)]
        {
            assert_eq!(reason(json!({"data": [item, item]})), none);
        }
    }

    #[test]
    fn omits_an_empty_revised_prompt() {
        let body = Map::from_iter([("data".to_owned(), json!([{"b64_json": "AA", "revised_prompt": ""}]))]);
        assert!(!read(ApiResponse { body, request_id: None }, PATH).unwrap().metadata.contains_key("revised_prompt"));
    }
}
