//! Turns one image or document (a URL, a data URI or base64 data) into a content part.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::file_types::{Clues, END_BYTES, Kind, NotTaken, START_BYTES, with_extension};
use crate::{
    budgets::MAX_WORD_CHARS,
    error::{ErrorText, error_text, truncate::truncate},
    input::base64::{byte_count, decoded, normalized, without_padding},
};

/// The API's limit for a document (`OpenAI`: 50 MB per file, and for all files of a request).
/// [`crate::budgets::MAX_OPTION_BYTES`] stops anything much larger earlier.
const MAX_FILE_BYTES: usize = 50_000_000;

/// An image or document as the API accepts it.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A URL, or a data URI.
    Image(String),
    /// A document in a data URI.
    Document {
        /// Its name, with an extension.
        name: String,
        /// The data URI.
        data: String,
    },
    /// The URL of a document.
    DocumentUrl(String),
}

impl Source {
    /// The content part in Chat's spelling; `detail` applies to images.
    #[must_use]
    pub fn into_part(self, detail: Option<&str>) -> Value {
        match self {
            Self::Image(url) => {
                let mut image = json!({ "url": url });
                if let Some(detail) = detail {
                    image["detail"] = detail.into();
                }
                json!({"type": "image_url", "image_url": image})
            }
            Self::Document { name, data } => json!({"type": "file", "file": {"filename": name, "file_data": data}}),
            // The API accepts no name next to a URL.
            Self::DocumentUrl(url) => json!({"type": "file", "file": {"file_url": url}}),
        }
    }
}

/// Text that contains or refers to an image or a document.
#[derive(Clone, Debug)]
pub enum Data<'a> {
    /// The scheme, and the rest of the URL.
    Url(&'static str, &'a str),
    /// The rest of a data URI that is not base64, such as an SVG.
    Encoded(&'a str),
    /// Base64 in the standard alphabet, with the media type of its data URI if there is one.
    Base64 {
        /// The media type.
        kind: Option<&'a str>,
        /// The base64 characters, padded or not.
        data: Cow<'a, str>,
    },
}

impl<'a> Data<'a> {
    /// `None` for anything else, such as a `blob:` URL, which only the browser can open.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_start_matches('\u{feff}');
        if let Some(rest) = after("data:", text) {
            return match rest.split_once(',') {
                Some((kind, data)) if is_base64(kind) => {
                    Some(Self::Base64 { kind: kind.split(';').next(), data: normalized(data)? })
                }
                _ => Some(Self::Encoded(rest)),
            };
        }
        let url = ["http://", "https://"].iter().find_map(|scheme| Some(Self::Url(scheme, after(scheme, text)?)));
        url.or_else(|| Some(Self::Base64 { kind: None, data: normalized(text)? }))
    }

    /// The media type of the data URI, or else `stated`, which comes from elsewhere.
    #[must_use]
    pub fn stated_type(&self, stated: Option<&'a str>) -> Option<&'a str> {
        let own = if let Self::Base64 { kind, .. } = self { *kind } else { None };
        [own, stated].into_iter().flatten().find(|stated| is_media_type(stated))
    }

    /// What to send for a file with this name and [`Data::stated_type`]; `None` for an unsupported type.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn into_source(self, name: Option<&str>, stated: Option<&str>) -> Result<Option<Source>, ErrorText> {
        match self {
            Self::Url(_, rest) if has_another_url(rest) => Err(SEVERAL.into()),
            Self::Url(scheme, rest) => {
                let path = rest.split(['?', '#']).next().and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
                let kind = path.and_then(Kind::of_name).or_else(|| Kind::of_name(name?));
                let url = format!("{scheme}{rest}");
                Ok(Some(match kind.or_else(|| Kind::of_media_type(stated?)) {
                    Some(Kind::Document(_)) => Source::DocumentUrl(url),
                    _ => Source::Image(url),
                }))
            }
            Self::Encoded(rest) if rest.split_once(',').is_none_or(|(_, data)| data.is_empty()) => Err(EMPTY.into()),
            Self::Encoded(rest) if after("image/", rest).is_some() => Ok(Some(Source::Image(format!("data:{rest}")))),
            Self::Encoded(_) => Err("must have base64 in its data URI, such as data:text/csv;base64,AAAA".into()),
            Self::Base64 { data, .. } => of_base64(&data, name, stated),
        }
    }
}

fn of_base64(data: &str, name: Option<&str>, stated: Option<&str>) -> Result<Option<Source>, ErrorText> {
    let digits = without_padding(data);
    let bytes = byte_count(digits);
    if bytes == 0 {
        return Err(EMPTY.into());
    }
    let digits = digits.as_bytes();
    let start = decoded(&digits[..digits.len().min(START_BYTES.div_ceil(3) * 4)]).unwrap_or_default();
    // Start at a whole group of four characters.
    let end_at = digits.len().saturating_sub(END_BYTES.div_ceil(3) * 4) / 4 * 4;
    let end = decoded(&digits[end_at..]).unwrap_or_default();
    match Kind::of_data(Clues { start: &start, end: &end, name, stated }) {
        Ok(Kind::Image(media_type)) => Ok(Some(Source::Image(format!("data:{media_type};base64,{data}")))),
        Ok(Kind::Document(_)) if bytes > MAX_FILE_BYTES => {
            Err(error_text!["is too large; the API takes files of up to ", MAX_FILE_BYTES / 1_000_000, " MB"])
        }
        Ok(Kind::Document(media_type)) => Ok(Some(Source::Document {
            name: with_extension(name, media_type),
            data: format!("data:{media_type};base64,{data}"),
        })),
        Err(NotTaken::OtherContent(extension)) => {
            Err(error_text!["does not have the content of a .", extension, " file; check that the file can be opened"])
        }
        Err(NotTaken::Unknown) => Ok(None),
    }
}

/// Explains why a file for which [`Data::into_source`] returns `None` cannot be sent.
#[must_use]
pub fn not_read(name: Option<&str>, stated: Option<&str>) -> ErrorText {
    match (stated, name) {
        (Some(stated), _) => {
            error_text!["is a file of type ", truncate(stated, MAX_WORD_CHARS), "; the API reads ", READ]
        }
        (None, Some(_)) => error_text!["is of an unknown type; the API reads ", READ],
        (None, None) => {
            "is of an unknown type; enter it as a data URI with its type, such as data:text/csv;base64,AAAA".into()
        }
    }
}

/// The URL for an image part; base64 data becomes a data URI. `None` if it is neither a URL nor image data.
#[must_use]
pub fn image_url(text: &str) -> Option<String> {
    let data = Data::of(text);
    let stated = data.as_ref().and_then(|data| data.stated_type(None));
    match data.map(|data| data.into_source(None, stated)) {
        Some(Ok(Some(Source::Image(url)))) => Some(url),
        // Some servers open other schemes, such as `file:`.
        _ => Some(text.trim()).filter(|text| text.contains("://")).map(str::to_owned),
    }
}

const EMPTY: &str = "has no content";
const SEVERAL: &str = r#"has several URLs in one text; enter a list, such as ["https://h/a.png", "https://h/b.png"]"#;
const READ: &str = "images, PDF, Word, Excel, PowerPoint, OpenDocument text, RTF, CSV, and other text and code";

/// The text after `start`, ignoring case.
fn after<'a>(start: &str, text: &'a str) -> Option<&'a str> {
    text.get(..start.len()).filter(|begun| begun.eq_ignore_ascii_case(start)).map(|_| &text[start.len()..])
}

/// Whether the text contains another URL after white space or a comma.
fn has_another_url(rest: &str) -> bool {
    let mut words = rest.split([',', ';', ' ', '\t', '\r', '\n']).skip(1);
    words.any(|word| ["http://", "https://"].iter().any(|scheme| after(scheme, word).is_some()))
}

/// Whether a data URI with this type contains base64.
fn is_base64(kind: &str) -> bool {
    kind.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"))
}

/// Browsers report `application/octet-stream` for unknown files.
fn is_media_type(stated: &str) -> bool {
    stated.contains('/') && !stated.trim().eq_ignore_ascii_case("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDF_DATA: &str = "JVBERi0xLjQK";
    const CSV_URI: &str = "data:text/csv;base64,YSxi";

    fn source(text: &str, name: Option<&str>, stated: Option<&str>) -> Result<Option<Source>, String> {
        let data = Data::of(text).unwrap();
        let stated = data.stated_type(stated);
        data.into_source(name, stated).map_err(|error| error.to_string())
    }

    fn document(name: &str, data: &str) -> Source {
        Source::Document { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn accepts_base64_with_line_breaks_and_the_url_alphabet() {
        for data in [
            "iVBORw0KGgoAAAA\nNSUhEUgAA\r\nAAE+/",
            " iVBORw0KGgoAAAA NSUhEUgAA AAE-_\n",
            "\u{feff}iVBORw0KGgoAAAANSUhEUgAAAAE+/",
        ] {
            for uri in ["", "data:image/png;base64,", "DATA:IMAGE/PNG;BASE64, ", "data:image/png;charset=utf-8;base64,"]
            {
                let url = image_url(&format!("{uri}{data}"));
                assert_eq!(url.unwrap(), "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAE+/", "{uri}");
            }
        }
    }

    #[test]
    fn ignores_case_and_sends_lower_case() {
        assert_eq!(image_url("HTTPS://H/A.png").unwrap(), "https://H/A.png");
        assert_eq!(image_url("Data:image/svg+xml,<svg/>").unwrap(), "data:image/svg+xml,<svg/>");
        assert_eq!(source("HTTP://h/a.PDF", None, None), Ok(Some(Source::DocumentUrl("http://h/a.PDF".to_owned()))));
        let pdf = format!("data:application/pdf;base64,{PDF_DATA}");
        for uri in ["DATA:APPLICATION/PDF;BASE64,", "data:;base64,", "data:application/pdf;a=b;base64,", ""] {
            assert_eq!(source(&format!("{uri}{PDF_DATA}"), None, None), Ok(Some(document("document.pdf", &pdf))));
        }
        assert_eq!(
            source("data:Text/CSV;charset=utf-8;base64,YSxi", None, None),
            Ok(Some(document("document.csv", CSV_URI)))
        );
    }

    #[test]
    fn prefers_the_name_then_the_data_uri_s_type_then_the_file_s() {
        let csv = "data:text/csv;base64,YSxi";
        assert_eq!(source(csv, None, Some("text/html")), Ok(Some(document("document.csv", CSV_URI))));
        assert_eq!(
            source(csv, Some("a.html"), Some("text/xml")),
            Ok(Some(document("a.html", "data:text/html;base64,YSxi")))
        );
        assert_eq!(
            source("data:application/octet-stream;base64,YSxi", None, Some("text/csv")),
            Ok(Some(document("document.csv", CSV_URI)))
        );
        assert_eq!(source("YSxi", Some("export"), Some("text/csv")), Ok(Some(document("export.csv", CSV_URI))));
    }

    #[test]
    fn recognizes_a_document_s_url_by_its_path_or_else_by_its_file() {
        let is_document = |url: &str, name: Option<&str>, stated: Option<&str>| matches!(source(url, name, stated), Ok(Some(Source::DocumentUrl(sent))) if sent == url);
        for url in ["https://h/a.pdf", "https://h/b/a.DOCX?x=1#2", "http://h/a.csv", "https://h/a.py", "https://h/a.md"]
        {
            assert!(is_document(url, None, None), "{url}");
        }
        for url in [
            "https://h/a.png",
            "https://h/a",
            "https://h/show?file=a.pdf",
            "https://h/#a.pdf",
            "https://h/image.php",
            "https://readme.md",
            "https://readme.md?a/b.pdf",
        ] {
            assert_eq!(source(url, None, None), Ok(Some(Source::Image(url.to_owned()))), "{url}");
        }
        assert!(is_document("https://h/1234", Some("a.docx"), None));
        assert!(is_document("https://h/1234", None, Some("application/pdf")));
        assert!(!is_document("https://h/a.png", Some("a.pdf"), Some("application/pdf")));
    }

    #[test]
    fn rejects_several_urls_in_one_text() {
        for between in [", ", "\n", "\r\n", " ", ",", "; "] {
            let error = source(&format!("https://h/a.png{between}HTTPS://h/b.pdf"), None, None).unwrap_err();
            assert!(error.starts_with("has several URLs in one text; enter a list"), "{error}");
        }
        for one in ["https://h/a/https://h/b.png", "https://h/a?u=https://h/b", "https://h/w_1,h_2/a.png"] {
            assert_eq!(source(one, None, None), Ok(Some(Source::Image(one.to_owned()))));
        }
    }

    #[test]
    fn rejects_a_document_s_data_uri_without_base64() {
        let error = source("data:text/csv,a%2Cb", None, None).unwrap_err();
        assert_eq!(error, "must have base64 in its data URI, such as data:text/csv;base64,AAAA");
    }

    #[test]
    fn rejects_a_document_beyond_the_api_s_limit() {
        let source = |groups: usize| {
            let data = Data::Base64 { kind: None, data: "YSxi".repeat(groups).into() };
            data.into_source(None, Some("text/csv")).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(source(MAX_FILE_BYTES / 3), Ok(()));
        let error = "is too large; the API takes files of up to 50 MB";
        assert_eq!(source(MAX_FILE_BYTES / 3 + 1), Err(error.to_owned()));
    }

    #[test]
    fn accepts_only_urls_and_images_as_an_image_s_url() {
        assert_eq!(image_url("file:///a.png").as_deref(), Some("file:///a.png"));
        for other in [CSV_URI, PDF_DATA, "cat.png", ""] {
            assert_eq!(image_url(other), None, "{other}");
        }
    }
}
