//! `images`: images and documents next to a prompt, as URLs, data URIs, base64 data, or values of `ToolJet`'s file
//! pickers, cameras and image components.

use serde_json::Value;

pub use super::file_types::is_chats;
use super::{
    content::as_list,
    file_source::{Data, Source, not_read},
    parts,
};
use crate::{
    budgets::MAX_WORD_CHARS,
    error::{Error, ErrorText, error_text, truncate::truncate},
    input::{
        crossing::unusable,
        fields::{Fields, excerpt},
        lenient_json::is_json_text,
    },
};

const KEY: &str = "images";
/// Members that can contain a file's data, in order of preference. In `ToolJet` 2, `dataURL` may also be plain base64;
/// `ToolJet` 3 has no `dataURL`. Generate image returns its images in `url` or `b64_json`.
const MEMBERS: [&str; 4] = ["dataURL", "url", "base64Data", "b64_json"];

/// What a field accepts, for error messages.
#[derive(Debug)]
pub(super) struct Expected {
    /// As the value of a field.
    pub(super) value: &'static str,
    /// In a member of an object.
    pub(super) member: &'static str,
}

const FILE: Expected = Expected {
    value: "an http(s) URL, a data URI, base64 data or a file from a file picker",
    member: "base64 data, a data URI or an http(s) URL",
};

/// `images` as content parts. Each item may be a URL, a data URI, base64 data, a picked file or a content part. Blank
/// items, such as a cleared picker, are skipped.
///
/// # Errors
/// [`Error::InvalidOption`] naming the index and the file that cannot be used.
pub fn parts(fields: &Fields<'_>, detail: Option<&str>) -> Result<Vec<Value>, Error> {
    each(fields, KEY, |field, item| part(field, item, detail))
}

/// The images in the field `key` as URLs or data URIs, in any form that `images` accepts.
///
/// # Errors
/// [`Error::InvalidOption`] naming the index of an item that is not an image.
pub fn images(fields: &Fields<'_>, key: &'static str) -> Result<Vec<String>, Error> {
    each(fields, key, image)
}

/// One image as its URL or data URI.
///
/// # Errors
/// [`Error::InvalidOption`] naming `field` if it is not an image.
pub fn image(field: &ErrorText, item: &Value) -> Result<String, Error> {
    match part(field, item, None)?.pointer_mut("/image_url/url").map(Value::take) {
        Some(Value::String(url)) => Ok(url),
        _ => Err(Error::invalid(field.clone(), "must be an image, but is another kind of file")),
    }
}

/// Reads each file of a field with `read`, which gets the file's place for its errors.
///
/// # Errors
/// [`Error::InvalidOption`] for a list with too many values, and those of `read`.
pub(super) fn each<T>(
    fields: &Fields<'_>,
    key: &'static str,
    read: impl Fn(&ErrorText, &Value) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let Some(value) = fields.value(key) else { return Ok(Vec::new()) };
    let parsed = match value {
        Value::String(text) if is_json_text(text) => fields.parse(key, text)?.ok(),
        _ => None,
    };
    let value = parsed.as_ref().unwrap_or(value);
    // The whole file picker instead of its files: `{{components.filepicker1}}`.
    let value = value.get("file").filter(|files| files.is_array()).unwrap_or(value);
    let field = |index: usize| if value.is_array() { error_text![key, "[", index, "]"] } else { key.into() };
    as_list(value)
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.is_null() && item.as_str().is_none_or(|text| !text.trim().is_empty()))
        .map(|(index, item)| read(&field(index), item))
        .collect()
}

fn part(field: &ErrorText, item: &Value, detail: Option<&str>) -> Result<Value, Error> {
    if let Some(members) = item.as_object().filter(|members| parts::is_file(members)) {
        return parts::checked(field, members);
    }
    // A content part with an image.
    let item = item.get("image_url").unwrap_or(item);
    let name = text(item, "name");
    let source = source_of(item, name).map_err(|reason| error_about(field, name, reason))?;
    Ok(source.into_part(detail))
}

/// An error about the file called `name` in `field`.
pub(super) fn error_about(field: &ErrorText, name: Option<&str>, reason: ErrorText) -> Error {
    let reason = match name {
        Some(name) => error_text!["(", truncate(name, MAX_WORD_CHARS), ") ", reason],
        None => reason,
    };
    Error::invalid(field.clone(), reason)
}

fn source_of(item: &Value, name: Option<&str>) -> Result<Source, ErrorText> {
    let data = data_of(item, name, &FILE)?;
    let stated = data.stated_type(text(item, "type"));
    data.into_source(name, stated)?.ok_or_else(|| not_read(name, stated))
}

/// The data of a file: a string, or a member of a picked file or of a component.
///
/// # Errors
/// Explains what is wrong if there is none.
pub(super) fn data_of<'a>(item: &'a Value, name: Option<&str>, expected: &Expected) -> Result<Data<'a>, ErrorText> {
    let data = match item.as_str() {
        Some(text) => Data::of(text),
        None => MEMBERS.iter().find_map(|member| Data::of(text(item, member)?)),
    };
    data.ok_or_else(|| {
        let unusable = MEMBERS.iter().find_map(|member| Some((member, unusable(item.get(member)?)?)));
        let other = MEMBERS.iter().find_map(|member| Some((member, text(item, member)?)));
        // A reset component keeps the member but empties it.
        let is_empty = name.is_some() || MEMBERS.iter().any(|member| item.get(member).is_some());
        match (unusable, other) {
            (Some((member, words)), _) => error_text!["must have text in ", *member, ", got ", words],
            (None, Some((member, _))) => {
                let given = excerpt(&item[*member]);
                error_text!["must have ", expected.member, " in ", *member, ", got ", given]
            }
            (None, None) if is_empty => "has no content".into(),
            (None, None) => error_text!["must be ", expected.value, ", got ", excerpt(item)],
        }
    })
}

/// A member of a picked file, if it is text and not empty.
pub(super) fn text<'a>(item: &'a Value, member: &str) -> Option<&'a str> {
    item.get(member).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PNG: &str = "iVBORw0KGgo=";
    const PDF_DATA: &str = "JVBERi0xLjQK";
    /// `a,b`.
    const CSV_DATA: &str = "YSxi";

    fn read(value: Value) -> Result<Vec<Value>, String> {
        let options = json!({ "images": value });
        parts(&Fields::of("queryOptions", &options).unwrap(), Some("low")).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_only_images_where_only_images_make_sense() {
        let read = |value: Value| {
            let options = json!({ "mask": value });
            images(&Fields::of("queryOptions", &options).unwrap(), "mask").map_err(|error| error.to_string())
        };
        let data_uri = format!("data:image/png;base64,{PNG}");
        for one in [json!(PNG), json!({"name": "a.png", "base64Data": PNG}), json!([{"image_url": {"url": data_uri}}])]
        {
            assert_eq!(read(one).unwrap(), [data_uri.as_str()]);
        }
        assert_eq!(read(json!(null)).unwrap(), [""; 0]);
        let error = read(json!([PNG, PDF_DATA])).unwrap_err();
        assert!(error.ends_with("[1] must be an image, but is another kind of file"), "{error}");
    }

    fn urls(value: Value) -> Result<Vec<String>, String> {
        let url = |part: Value| {
            assert_eq!((&part["type"], &part["image_url"]["detail"]), (&json!("image_url"), &json!("low")));
            part["image_url"]["url"].as_str().unwrap().to_owned()
        };
        Ok(read(value)?.into_iter().map(url).collect())
    }

    fn file(name: &str, data: &str) -> Value {
        json!({"type": "file", "file": {"filename": name, "file_data": data}})
    }

    #[test]
    fn accepts_a_url_a_data_uri_base64_a_file_or_a_list() {
        assert_eq!(urls(json!("https://h/a.png")).unwrap(), ["https://h/a.png"]);
        assert_eq!(urls(json!("data:image/png;base64,AA==")).unwrap(), ["data:image/png;base64,AA=="]);
        assert_eq!(urls(json!("/9j/4AAQ\nAA==")).unwrap(), ["data:image/jpeg;base64,/9j/4AAQAA=="]);
        for image in [
            json!({"url": "https://h/a.png"}),
            json!({"type": "image_url", "image_url": {"url": "https://h/a.png"}}),
            json!({"type": "input_image", "image_url": "https://h/a.png"}),
        ] {
            assert_eq!(urls(image).unwrap(), ["https://h/a.png"]);
        }
        assert_eq!(urls(json!({"b64_json": PNG})).unwrap(), [format!("data:image/png;base64,{PNG}")]);
        let file = json!({"name": "a.webp", "type": "image/webp", "base64Data": "UklG", "dataURL": ""});
        assert_eq!(urls(json!([file, "", null])).unwrap(), ["data:image/webp;base64,UklG"]);
        assert_eq!(urls(json!(r#"["https://h/a", "https://h/b"]"#)).unwrap().len(), 2);
        for cleared in [json!([]), json!("[]"), json!(null), json!(" "), json!([null, ""])] {
            assert_eq!(read(cleared), Ok(Vec::new()));
        }
    }

    #[test]
    fn keeps_a_picked_file_s_name_in_every_tooljet() {
        for (name, kind, data, media_type) in [
            ("a.pdf", "application/pdf", PDF_DATA, "application/pdf"),
            ("a.csv", "application/vnd.ms-excel", CSV_DATA, "text/csv"),
        ] {
            let uri = format!("data:{media_type};base64,{data}");
            let of_2 = json!({"name": name, "type": kind, "dataURL": data, "base64Data": data});
            let of_old_2 = json!({"name": name, "type": kind, "dataURL": format!("data:{kind};base64,{data}")});
            let of_3 = json!({"name": name, "type": "", "base64Data": data, "content": "...", "parsedValue": [[1]]});
            let picker = json!({"id": "filepicker1", "file": [of_3.clone()]});
            for picked in [of_2, of_old_2, of_3.clone(), picker, json!(json!([of_3]).to_string())] {
                assert_eq!(read(picked), Ok(vec![file(name, &uri)]));
            }
        }
    }

    #[test]
    fn keeps_the_order_of_files_and_images() {
        let csv = json!({"name": "a.csv", "base64Data": CSV_DATA});
        let parts = read(json!([csv, "https://h/a.png", "https://h/b.docx", PDF_DATA])).unwrap();
        let image = json!({"type": "image_url", "image_url": {"url": "https://h/a.png", "detail": "low"}});
        let url = json!({"type": "file", "file": {"file_url": "https://h/b.docx"}});
        let pdf = file("document.pdf", &format!("data:application/pdf;base64,{PDF_DATA}"));
        assert_eq!(parts, [file("a.csv", "data:text/csv;base64,YSxi"), image, url, pdf]);
    }

    #[test]
    fn accepts_both_spellings_of_file_parts() {
        let data = "data:text/csv;base64,YSxi";
        for (part, sent) in [
            (file("a.csv", data), file("a.csv", data)),
            (json!({"type": "input_file", "filename": "a.csv", "file_data": data}), file("a.csv", data)),
            (
                json!({"type": "input_file", "file_id": "file-1"}),
                json!({"type": "file", "file": {"file_id": "file-1"}}),
            ),
        ] {
            assert_eq!(read(json!(["https://h/a", part])).unwrap()[1], sent);
        }
        let error = read(json!(["https://h/a", {"type": "input_file", "file_id": 1}])).unwrap_err();
        assert_eq!(error, "Images and files[1] must have text in file_id, got 1");
    }

    #[test]
    fn names_the_index_and_the_file_when_one_cannot_be_used() {
        let error = |value| read(value).unwrap_err();
        assert!(error(json!(["https://h/a", "a b.png"])).starts_with("Images and files[1] must be an http(s) URL"));
        assert!(error(json!("blob:http://h/1")).starts_with("Images and files must be an http(s) URL"));
        let long = error(json!({"name": "n".repeat(5_000), "type": "t/".repeat(5_000), "base64Data": "AAAA"}));
        assert!(long.chars().count() < 500);
        assert!(error(json!({"a": 1})).starts_with("Images and files must be an http(s) URL"));
        let known =
            "the API reads images, PDF, Word, Excel, PowerPoint, OpenDocument text, RTF, CSV, and other text and code";
        let video = json!({"name": "a.mp4", "type": "video/mp4", "base64Data": "AAAAIGZ0eXA="});
        assert_eq!(
            error(json!([PNG, video])),
            format!("Images and files[1] (a.mp4) is a file of type video/mp4; {known}")
        );
        let unknown = json!({"name": "notes", "base64Data": "AAAA"});
        assert_eq!(error(unknown), format!("Images and files (notes) is of an unknown type; {known}"));
        assert_eq!(
            error(json!(CSV_DATA)),
            "Images and files is of an unknown type; enter it as a data URI with its type, such as data:text/csv;base64,AAAA"
        );
        let renamed = json!({"name": "a.docx", "base64Data": CSV_DATA});
        assert_eq!(
            error(json!([renamed])),
            "Images and files[0] (a.docx) does not have the content of a .docx file; check that the file can be opened"
        );
    }

    #[test]
    fn rejects_data_that_is_not_base64() {
        let error = |member: &str, given: &str| {
            let expected = "must have base64 data, a data URI or an http(s) URL in ";
            format!("Images and files (a.pdf) {expected}{member}, got \"{given}\"")
        };
        for (member, given) in
            [("base64Data", "!!!notbase64"), ("dataURL", "data:a/b;base64,!"), ("url", "blob:http://h/1")]
        {
            assert_eq!(read(json!({"name": "a.pdf", member: given})).unwrap_err(), error(member, given));
        }
        assert!(read(json!({"name": "a.pdf", "dataURL": "blob:http://h/1", "base64Data": PDF_DATA})).is_ok());
    }

    #[test]
    fn rejects_an_empty_file() {
        for empty in [
            json!({"name": "a.pdf", "type": "application/pdf", "base64Data": ""}),
            json!({"name": "a.pdf", "dataURL": "data:"}),
            json!({"name": "a.pdf", "dataURL": "data:text/plain;base64,"}),
            json!({"name": "a.pdf", "base64Data": "=="}),
        ] {
            assert_eq!(read(empty).unwrap_err(), "Images and files (a.pdf) has no content");
        }
        assert_eq!(read(json!("data:text/plain;base64,")).unwrap_err(), "Images and files has no content");
    }
}
