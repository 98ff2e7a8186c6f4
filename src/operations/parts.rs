//! Checks that a content part has the members that its type requires.

use serde_json::{Map, Value};

use super::file_source::{self, Data, Source};
use crate::{
    error::{Error, ErrorText, error_text},
    input::fields::{excerpt, scalar_text},
};

/// Part types in the spelling of Responses, and in that of Chat.
const OF_RESPONSES: [(&str, &str); 4] =
    [("input_image", "image_url"), ("input_text", "text"), ("output_text", "text"), ("input_file", "file")];
/// Members of a file, and their names in errors about Chat's spelling. In that of Responses, they belong to the part
/// itself.
const OF_FILE: [(&str, &str); 5] = [
    ("file_id", "file.file_id"),
    ("file_url", "file.file_url"),
    ("file_data", "file.file_data"),
    ("filename", "file.filename"),
    ("detail", "file.detail"),
];
/// Name of a file without one; the API requires a name.
const UNNAMED: &str = "document.pdf";

/// Checks the part at `place` and returns it in the API's spelling. An unknown type passes unchanged: the API's list
/// grows, and other servers have more types.
///
/// # Errors
/// [`Error::InvalidOption`] naming the place and the member that is missing or wrong.
pub fn checked(place: &ErrorText, members: &Map<String, Value>) -> Result<Value, Error> {
    let mut part = members.clone();
    part.retain(|_, value| !value.is_null());
    let place = Place(place);
    let kind = kind(&part);
    match kind.as_str() {
        "text" => set_text(place, &mut part, "text")?,
        "refusal" => set_text(place, &mut part, "refusal")?,
        "image_url" => {
            let image = image(place, part.get("image_url"))?;
            part.insert("image_url".to_owned(), image.into());
        }
        "input_audio" => {
            let mut audio = place.object(&part, "input_audio")?;
            place.text(&audio, "data", "input_audio.data")?;
            let format = place.text(&audio, "format", "input_audio.format")?.to_ascii_lowercase();
            audio.insert("format".to_owned(), format.into());
            part.insert("input_audio".to_owned(), audio.into());
        }
        "file" => {
            let file = file(place, &mut part)?;
            part.insert("file".to_owned(), file.into());
        }
        _ => return Ok(part.into()),
    }
    part.insert("type".to_owned(), kind.into());
    Ok(part.into())
}

/// Whether it is a file part.
#[must_use]
pub fn is_file(members: &Map<String, Value>) -> bool {
    kind(members) == "file"
}

/// The part's type in Chat's spelling.
fn kind(members: &Map<String, Value>) -> String {
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default().trim().to_ascii_lowercase();
    OF_RESPONSES.iter().find(|(theirs, _)| *theirs == kind).map_or(kind, |(_, ours)| (*ours).to_owned())
}

/// Rejects a part without text, which usually comes from an empty template.
fn set_text(place: Place<'_>, part: &mut Map<String, Value>, name: &'static str) -> Result<(), Error> {
    let value = part.get(name);
    let text = value.and_then(scalar_text).ok_or_else(|| place.lacks("text", name, value))?;
    part.insert(name.to_owned(), text.into());
    Ok(())
}

/// Takes the file's members out of the part if they belong to it directly.
fn file(place: Place<'_>, part: &mut Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let is_own = !part.contains_key("file") && OF_FILE.iter().any(|(name, _)| part.contains_key(*name));
    let mut file = if is_own {
        OF_FILE.iter().filter_map(|(name, _)| part.shift_remove_entry(*name)).collect()
    } else {
        match part.get_mut("file").map(Value::take) {
            Some(Value::Object(file)) => file,
            other => return Err(place.lacks("an object", "file", other.as_ref())),
        }
    };
    file.retain(|_, value| !value.is_null() && value != "");
    let texts = OF_FILE.map(|(name, nested)| (name, if is_own { name } else { nested }));
    for (name, member) in texts.into_iter().filter(|(name, _)| file.contains_key(*name)) {
        place.text(&file, name, member)?;
    }
    let [id, url, data, ..] = texts.map(|(name, _)| file.contains_key(name));
    if let Some(given) = file.get("file_url").filter(|url| !url.as_str().is_some_and(|url| url.contains("://"))) {
        return Err(place.lacks("a URL", texts[1].1, Some(given)));
    }
    if id || url {
        // With an ID or a URL, the API accepts no name.
        file.shift_remove("filename");
    } else if data {
        set_data(place, &mut file)?;
    } else {
        return Err(place.lacks("text", if is_own { "file_data" } else { "file.file_data or file.file_id" }, None));
    }
    Ok(file)
}

/// Sets the data as a data URI with its media type, and a name. Unknown data is left to the server: some open URLs
/// there, or accept audio and video.
fn set_data(place: Place<'_>, file: &mut Map<String, Value>) -> Result<(), Error> {
    let name = file.get("filename").and_then(Value::as_str).map(str::trim);
    let given = file.get("file_data").and_then(Value::as_str).and_then(Data::of);
    let stated = given.as_ref().and_then(|given| given.stated_type(None));
    let source = given.map(|given| given.into_source(name, stated)).transpose();
    let source = source.map_err(|reason| Error::invalid(place.0.clone(), error_text!["has a file that ", reason]))?;
    if let Some(Some(Source::Document { name, data })) = source {
        file.insert("filename".to_owned(), name.into());
        file.insert("file_data".to_owned(), data.into());
    }
    file.entry("filename").or_insert_with(|| UNNAMED.into());
    Ok(())
}

fn image(place: Place<'_>, given: Option<&Value>) -> Result<Map<String, Value>, Error> {
    let mut image = match given {
        // Some other servers accept a plain string.
        Some(url @ Value::String(_)) => Map::from_iter([("url".to_owned(), url.clone())]),
        Some(Value::Object(image)) => image.clone(),
        other => return Err(place.lacks("an object", "image_url", other)),
    };
    image.retain(|_, value| !value.is_null());
    let url = place.text(&image, "url", "image_url.url")?;
    let url = file_source::image_url(url)
        .ok_or_else(|| place.lacks("an http(s) URL or a data URI", "image_url.url", image.get("url")))?;
    image.insert("url".to_owned(), url.into());
    match image.get("detail") {
        None => {}
        Some(Value::String(detail)) if detail.trim().is_empty() => {
            image.shift_remove("detail");
        }
        Some(Value::String(detail)) => {
            let detail = detail.trim().to_ascii_lowercase();
            image.insert("detail".to_owned(), detail.into());
        }
        other => return Err(place.lacks("text", "image_url.detail", other)),
    }
    Ok(image)
}

/// The place of a part or message, for errors.
#[derive(Clone, Copy)]
pub struct Place<'a>(pub &'a ErrorText);

impl Place<'_> {
    /// The error for a `member` that should be `what` but is `got`.
    #[must_use]
    pub fn lacks(self, what: &'static str, member: &'static str, got: Option<&Value>) -> Error {
        let got = got.filter(|got| !got.is_null()).map_or("nothing".into(), excerpt);
        Error::invalid(self.0.clone(), error_text!["must have ", what, " in ", member, ", got ", got])
    }

    /// The text in `name`, which errors call `member`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is blank or not text.
    pub fn text<'m>(self, members: &'m Map<String, Value>, name: &str, member: &'static str) -> Result<&'m str, Error> {
        let value = members.get(name);
        let text = value.and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.lacks("text", member, value))
    }

    /// The object in `name`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not an object.
    pub fn object(self, members: &Map<String, Value>, name: &'static str) -> Result<Map<String, Value>, Error> {
        let value = members.get(name);
        value.and_then(Value::as_object).cloned().ok_or_else(|| self.lacks("an object", name, value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(part: Value) -> Result<Value, String> {
        let Value::Object(members) = part else { panic!("not an object") };
        checked(&"prompt[2]".into(), &members).map_err(|error| error.to_string())
    }

    #[test]
    fn names_the_missing_member() {
        for (part, words) in [
            (json!({"type": "text"}), "text in text, got nothing"),
            (json!({"type": "text", "text": null}), "text in text, got nothing"),
            (json!({"type": "text", "text": {"a": 1}}), "text in text, got an object"),
            (json!({"type": "refusal"}), "text in refusal, got nothing"),
            (json!({"type": "image_url"}), "an object in image_url, got nothing"),
            (json!({"type": "image_url", "image_url": [1]}), "an object in image_url, got an array of 1 item"),
            (json!({"type": "image_url", "image_url": {"url": " "}}), "text in image_url.url, got \" \""),
            (
                json!({"type": "image_url", "image_url": "cat.png"}),
                "an http(s) URL or a data URI in image_url.url, got \"cat.png\"",
            ),
            (
                json!({"type": "image_url", "image_url": {"url": "https://h/a", "detail": 1}}),
                "text in image_url.detail, got 1",
            ),
            (json!({"type": "input_audio"}), "an object in input_audio, got nothing"),
            (json!({"type": "input_audio", "input_audio": {"format": "mp3"}}), "text in input_audio.data, got nothing"),
            (
                json!({"type": "input_audio", "input_audio": {"data": "AA", "format": 3}}),
                "text in input_audio.format, got 3",
            ),
            (json!({"type": "file"}), "an object in file, got nothing"),
            (json!({"type": "file", "file": {"file_id": "file-1", "filename": 5}}), "text in file.filename, got 5"),
            (json!({"type": "file", "file": {"file_id": 1}}), "text in file.file_id, got 1"),
            (json!({"type": "file", "file": {}}), "text in file.file_data or file.file_id, got nothing"),
        ] {
            assert_eq!(read(part), Err(format!("Prompt[2] must have {words}")));
        }
    }

    #[test]
    fn sends_parts_in_the_api_s_spelling() {
        for (part, sent) in [
            (json!({"type": "Text", "text": 5}), json!({"type": "text", "text": "5"})),
            (json!({"type": "output_text", "text": "a"}), json!({"type": "text", "text": "a"})),
            (
                json!({"type": "input_image", "image_url": "https://h/a"}),
                json!({"type": "image_url", "image_url": {"url": "https://h/a"}}),
            ),
            (
                json!({"type": "image_url", "image_url": "HTTPS://h/a.png"}),
                json!({"type": "image_url", "image_url": {"url": "https://h/a.png"}}),
            ),
            (
                json!({"type": "image_url", "image_url": {"url": "iVBORw0\nKGgo=", "detail": "HIGH"}}),
                json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "high"}}),
            ),
            (
                json!({"type": "image_url", "image_url": {"url": "https://h/a", "detail": ""}}),
                json!({"type": "image_url", "image_url": {"url": "https://h/a"}}),
            ),
            (
                json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "WAV"}}),
                json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}),
            ),
            (
                json!({"type": "file", "file": {"file_id": "", "file_data": "data:application/pdf;base64,JVBERi0="}}),
                json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": UNNAMED}}),
            ),
            (
                json!({"type": "file", "file": {"file_id": "file-1", "filename": "a.pdf"}}),
                json!({"type": "file", "file": {"file_id": "file-1"}}),
            ),
            (
                json!({"type": "file", "file": {"filename": "a", "file_data": "JVBERi0x\nLjQK"}}),
                json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}}),
            ),
            (
                json!({"type": "file", "file": {"filename": "a.csv", "file_data": "Data:TEXT/plain;base64,YSxi", "detail": "low"}}),
                json!({"type": "file", "file": {"filename": "a.csv", "file_data": "data:text/csv;base64,YSxi", "detail": "low"}}),
            ),
            (
                json!({"type": "input_file", "filename": "a.csv", "file_data": "YSxi", "file_id": null, "detail": "low"}),
                json!({"type": "file", "file": {"file_data": "data:text/csv;base64,YSxi", "filename": "a.csv", "detail": "low"}}),
            ),
            (
                json!({"type": "input_file", "filename": "a.pdf", "file_url": "https://h/a.pdf"}),
                json!({"type": "file", "file": {"file_url": "https://h/a.pdf"}}),
            ),
            (
                json!({"type": "INPUT_FILE", "file_id": "file-1"}),
                json!({"type": "file", "file": {"file_id": "file-1"}}),
            ),
        ] {
            assert_eq!(read(part), Ok(sent));
        }
    }

    #[test]
    fn passes_unknown_types_and_words() {
        for part in [
            json!({"type": "video_url", "video_url": {"url": "v.mp4"}}),
            json!({"type": "image_url", "image_url": {"url": "https://h/a", "detail": "ultra"}}),
            json!({"type": "image_url", "image_url": {"url": "file:///a.png"}}),
            json!({"type": "file", "file": {"filename": "a.mp4", "file_data": "data:video/mp4;base64,AAAAIGZ0eXA="}}),
            json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "https://h/a.pdf"}}),
        ] {
            assert_eq!(read(part.clone()), Ok(part));
        }
    }

    #[test]
    fn rejects_a_file_that_contradicts_its_name() {
        for (data, what) in [
            ("data:application/pdf;base64,YSxi", "does not have the content of a .pdf file"),
            ("data:text/csv;base64,", "has no content"),
            ("data:text/csv,a%2Cb", "must have base64 in its data URI"),
        ] {
            let error = read(json!({"type": "input_file", "file_data": data})).unwrap_err();
            assert!(error.starts_with(&format!("Prompt[2] has a file that {what}")), "{error}");
        }
    }
}
