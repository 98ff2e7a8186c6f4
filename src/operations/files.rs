//! Images and PDF files next to a prompt: URLs, data URIs, base64 data, and what `ToolJet`'s file
//! pickers, cameras and image components hold.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{content::as_list, parts::UNNAMED};
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
const PDF: &str = "application/pdf";
/// What the data of each type begins with, in base64. In that of a WebP file, four bytes of length
/// follow, and then the word that tells it from other RIFF files.
const STARTS: [(&str, &str); 5] = [
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi0", PDF),
];
const WEBP: (usize, &str) = (11, "XRUJQ");
const EXTENSIONS: [(&str, &str); 6] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("pdf", PDF),
];

/// `images` as content parts; each may be a URL, a data URI, base64 data or a picked file. What is
/// blank is left out, such as a picker that was cleared.
///
/// # Errors
/// [`Error::InvalidOption`] naming the index of what cannot be used, or a `detail` of another API.
pub fn parts(fields: &Fields<'_>, detail: Option<&str>) -> Result<Vec<Value>, Error> {
    let Some(value) = fields.value(KEY) else { return Ok(Vec::new()) };
    let detail = detail.map(|word| self::detail(word).map_err(|reason| Error::invalid("image_detail", reason)));
    let detail = detail.transpose()?;
    let parsed = match value {
        Value::String(text) if is_json_text(text) => fields.parse(KEY, text)?.ok(),
        _ => None,
    };
    let value = parsed.as_ref().unwrap_or(value);
    // The file picker itself instead of its files: `{{components.filepicker1}}`.
    let value = value.get("file").filter(|files| files.is_array()).unwrap_or(value);
    let field = |index: usize| if value.is_array() { error_text![KEY, "[", index, "]"] } else { KEY.into() };
    as_list(value)
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.is_null() && item.as_str().is_none_or(|text| !text.trim().is_empty()))
        .map(|(index, item)| {
            let source = read(item).map_err(|reason| Error::invalid(field(index), reason))?;
            Ok(source.into_part(detail.as_deref()))
        })
        .collect()
}

/// The word for how closely an image is looked at, in the API's spelling.
///
/// # Errors
/// Words about one that Chat does not take.
pub fn detail(word: &str) -> Result<String, ErrorText> {
    let word = word.trim().to_ascii_lowercase();
    if word == "original" {
        return Err("must be auto, low or high: only the Responses API takes original".into());
    }
    Ok(word)
}

/// The URL of an image in a content part, with base64 data as a data URI. `None` for what is neither a URL nor data
/// of an image.
#[must_use]
pub fn image_url(text: &str) -> Option<String> {
    let text = text.trim();
    match Data::of(text).map(|data| data.into_source(None, None)) {
        Some(Ok(Source::Image(url))) => Some(url),
        // Some servers open other schemes, such as `file:`.
        _ => text.contains("://").then(|| text.to_owned()),
    }
}

/// Where the API finds an image or a document.
enum Source {
    /// A URL, or a data URI.
    Image(String),
    /// A data URI.
    Document { name: String, data: String },
}

impl Source {
    fn into_part(self, detail: Option<&str>) -> Value {
        match self {
            Self::Image(url) => {
                let mut image = json!({ "url": url });
                if let Some(detail) = detail {
                    image["detail"] = detail.into();
                }
                json!({"type": "image_url", "image_url": image})
            }
            Self::Document { name, data } => {
                json!({"type": "file", "file": {"filename": name, "file_data": data}})
            }
        }
    }
}

fn read(item: &Value) -> Result<Source, ErrorText> {
    // A content part as Chat takes it.
    let item = item.get("image_url").unwrap_or(item);
    let wrong = || {
        let expected = "must be an http(s) URL, a data URI, base64 data or a file from a file picker";
        error_text![expected, ", got ", excerpt(item)]
    };
    if let Some(text) = item.as_str().map(str::trim) {
        return Data::of(text).map_or_else(|| Err(wrong()), |data| data.into_source(None, None));
    }
    let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    // `ToolJet` 2 has bare base64 in `dataURL` too, `ToolJet` 3 has no `dataURL`.
    // Generate image has its own images in `url` or `b64_json`.
    let members = ["dataURL", "url", "base64Data", "b64_json"];
    let data = members.iter().find_map(|name| Data::of(text(name)?));
    let unusable = members.iter().find_map(|name| Some((name, unusable(item.get(name)?)?)));
    if let (None, Some((name, words))) = (&data, unusable) {
        return Err(error_text!["must have text in ", *name, ", got ", words]);
    }
    match (data, text("name")) {
        (Some(data), name) => data.into_source(text("type"), name),
        (None, Some(name)) => Err(error_text!["has no content (", truncate(name, MAX_WORD_CHARS), ")"]),
        (None, None) => Err(wrong()),
    }
}

/// A text that the API or the plugin can read an image or a document from.
enum Data<'a> {
    /// The scheme, and what follows it.
    Url(&'static str, &'a str),
    /// What follows `data:` in a data URI of an image that is not base64, such as an SVG.
    Encoded(&'a str),
    Base64 {
        kind: Option<&'a str>,
        data: Cow<'a, str>,
    },
}

impl<'a> Data<'a> {
    /// `None` for anything else, such as a `blob:` URL, which only the browser can open.
    fn of(text: &'a str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        if let Some(rest) = after("data:", text) {
            return match rest.split_once(',') {
                Some((kind, data)) if is_base64(kind) => Self::base64(kind.split(';').next(), data),
                _ => after("image/", rest).is_some().then_some(Self::Encoded(rest)),
            };
        }
        let url = ["http://", "https://"].iter().find_map(|scheme| Some(Self::Url(scheme, after(scheme, text)?)));
        url.or_else(|| Self::base64(None, text))
    }

    fn base64(kind: Option<&'a str>, data: &'a str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let data = if data.bytes().all(is_digit) {
            Cow::Borrowed(data)
        } else {
            // Line breaks, and the digits of base64 in a URL.
            let digits = data.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}');
            Cow::Owned(
                digits
                    .map(|c| {
                        if c == '-' {
                            '+'
                        } else if c == '_' {
                            '/'
                        } else {
                            c
                        }
                    })
                    .collect(),
            )
        };
        (data.bytes().all(is_digit) && !data.is_empty()).then_some(Self::Base64 { kind, data })
    }

    /// The type is told by the data, else by the type that the browser knew, else by the name.
    fn into_source(self, kind: Option<&str>, name: Option<&str>) -> Result<Source, ErrorText> {
        let (own_kind, data) = match self {
            Self::Url(_, url) if is_of_document(url) => {
                return Err("is the URL of a document, which the API does not open; use a file picker, or enter the \
                            content of the file as base64 data"
                    .into());
            }
            Self::Url(scheme, rest) => return Ok(Source::Image(format!("{scheme}{rest}"))),
            Self::Encoded(rest) => return Ok(Source::Image(format!("data:{rest}"))),
            Self::Base64 { kind, data } => (kind, data),
        };
        let own_kind = own_kind.map(|kind| kind.trim().to_ascii_lowercase());
        let stated = [own_kind.as_deref(), kind].into_iter().flatten().find(|kind| is_media_type(kind));
        let found = type_of_data(&data).or(stated).or_else(|| type_of_name(name?));
        match found {
            Some(PDF) => Ok(Source::Document {
                name: name.unwrap_or(UNNAMED).to_owned(),
                data: format!("data:{PDF};base64,{data}"),
            }),
            Some(image) if image.starts_with("image/") => Ok(Source::Image(format!("data:{image};base64,{data}"))),
            other => Err(not_taken(name, other)),
        }
    }
}

/// What follows `start`, in whichever case.
fn after<'a>(start: &str, text: &'a str) -> Option<&'a str> {
    text.get(..start.len()).filter(|begun| begun.eq_ignore_ascii_case(start)).map(|_| &text[start.len()..])
}

/// Whether a data URI with this type holds base64.
fn is_base64(kind: &str) -> bool {
    kind.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"))
}

/// `application/octet-stream` is what a browser says of a file that it does not know.
fn is_media_type(kind: &str) -> bool {
    kind.contains('/') && kind != "application/octet-stream"
}

fn is_of_document(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.to_ascii_lowercase().ends_with(".pdf")
}

fn not_taken(name: Option<&str>, kind: Option<&str>) -> ErrorText {
    let (name, kind) =
        (name.map(|name| truncate(name, MAX_WORD_CHARS)), kind.map(|kind| truncate(kind, MAX_WORD_CHARS)));
    let what = match (name, kind) {
        (Some(name), Some(kind)) => error_text!["is ", name, " (", kind, ")"],
        (Some(name), None) => error_text!["is ", name],
        (None, Some(kind)) => error_text!["is a file of type ", kind],
        (None, None) => "is neither an image nor a PDF".into(),
    };
    error_text![what, "; Chat takes images and PDFs"]
}

fn type_of_data(base64: &str) -> Option<&'static str> {
    let Some((_, kind)) = STARTS.iter().find(|(start, _)| base64.starts_with(start)) else {
        return is_pdf_within(base64).then_some(PDF);
    };
    let (at, word) = WEBP;
    let is_other_riff = *kind == "image/webp" && base64.get(at..at + word.len()) != Some(word);
    (!is_other_riff).then_some(*kind)
}

/// A PDF may have other bytes before it, such as a byte order mark. Readers look for it in the first 1024 bytes.
fn is_pdf_within(base64: &str) -> bool {
    const START: &[u8] = b"%PDF-";
    let digits: Vec<_> = base64.bytes().take(1024 / 3 * 4).filter_map(digit).collect();
    let bytes: Vec<_> = digits
        .chunks_exact(4)
        .flat_map(|digits| {
            [digits[0] << 2 | digits[1] >> 4, digits[1] << 4 | digits[2] >> 2, digits[2] << 6 | digits[3]]
        })
        .collect();
    bytes.windows(START.len()).any(|window| window == START)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn type_of_name(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &str = "iVBORw0KGgo=";
    const PDF_DATA: &str = "JVBERi0xLjQK";

    fn read(value: Value) -> Result<Vec<Value>, String> {
        let options = json!({ "images": value });
        parts(&Fields::of("queryOptions", &options).unwrap(), Some("low")).map_err(|error| error.to_string())
    }

    fn urls(value: Value) -> Result<Vec<String>, String> {
        let url = |part: Value| {
            assert_eq!((&part["type"], &part["image_url"]["detail"]), (&json!("image_url"), &json!("low")));
            part["image_url"]["url"].as_str().unwrap().to_owned()
        };
        Ok(read(value)?.into_iter().map(url).collect())
    }

    fn document(value: Value) -> (String, String) {
        let part = read(value).unwrap().remove(0);
        assert_eq!(part["type"], "file");
        let text = |name: &str| part["file"][name].as_str().unwrap().to_owned();
        (text("filename"), text("file_data"))
    }

    #[test]
    fn images_come_as_url_data_uri_base64_file_or_list() {
        assert_eq!(urls(json!("https://h/a.png")).unwrap(), ["https://h/a.png"]);
        assert_eq!(urls(json!("data:image/png;base64,AA==")).unwrap(), ["data:image/png;base64,AA=="]);
        assert_eq!(urls(json!("data:image/svg+xml,<svg/>")).unwrap(), ["data:image/svg+xml,<svg/>"]);
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
    fn data_may_have_line_breaks_and_the_digits_of_urls() {
        for data in [
            "iVBORw0KGgoAAAA\nNSUhEUgAA\r\nAAE+/",
            " iVBORw0KGgoAAAA NSUhEUgAA AAE-_\n",
            "\u{feff}iVBORw0KGgoAAAANSUhEUgAAAAE+/",
        ] {
            for uri in ["", "data:image/png;base64,", "DATA:IMAGE/PNG;BASE64, ", "data:image/png;charset=utf-8;base64,"]
            {
                let sent = urls(json!(format!("{uri}{data}"))).unwrap();
                assert_eq!(sent, ["data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAE+/"], "{uri}");
            }
        }
    }

    #[test]
    fn schemes_are_read_without_case() {
        assert_eq!(urls(json!("HTTPS://H/A.png")).unwrap(), ["https://H/A.png"]);
        assert_eq!(urls(json!("Data:image/svg+xml,<svg/>")).unwrap(), ["data:image/svg+xml,<svg/>"]);
        assert!(read(json!("HTTP://h/a.PDF")).unwrap_err().contains("is the URL of a document"));
        assert_eq!(document(json!(format!("DATA:APPLICATION/PDF;BASE64,{PDF_DATA}"))).0, UNNAMED);
    }

    #[test]
    fn a_pdf_may_have_bytes_before_it() {
        // A byte order mark, and one, two and three line breaks, before %PDF-1.4.
        for data in ["77u/JVBERi0xLjQK", "CiVQREYtMS40Cg==", "CgolUERGLTEuNAo=", "CgoKJVBERi0xLjQK"] {
            assert_eq!(document(json!(data)).1, format!("data:application/pdf;base64,{data}"));
        }
        let far = format!("{}JVBERi0x", "AAAA".repeat(400));
        assert!(read(json!(far)).is_err());
    }

    #[test]
    fn a_detail_is_read_without_case_and_that_of_another_api_is_refused() {
        let detail = |word: &str| {
            let options = json!({"images": "https://h/a"});
            parts(&Fields::of("queryOptions", &options).unwrap(), Some(word)).map_err(|error| error.to_string())
        };
        assert_eq!(detail("HIGH").unwrap()[0]["image_url"]["detail"], "high");
        assert_eq!(detail("ultra").unwrap()[0]["image_url"]["detail"], "ultra");
        let error = "Image detail must be auto, low or high: only the Responses API takes original";
        assert_eq!(detail("Original"), Err(error.to_owned()));
        let none = json!({"images": " "});
        assert_eq!(parts(&Fields::of("queryOptions", &none).unwrap(), Some("original")).unwrap(), Vec::<Value>::new());
    }

    #[test]
    fn a_picked_pdf_becomes_a_file_with_its_name_in_every_tooljet() {
        let data = format!("data:application/pdf;base64,{PDF_DATA}");
        let of_2 = json!({"name": "a.pdf", "type": PDF, "dataURL": PDF_DATA, "base64Data": PDF_DATA});
        let of_3 = json!({"name": "a.pdf", "type": "", "base64Data": PDF_DATA, "content": "%PDF-1.4"});
        let picker = json!({"id": "filepicker1", "file": [of_3.clone()]});
        for file in [of_2, of_3.clone(), picker, json!(json!([of_3]).to_string())] {
            assert_eq!(document(file), ("a.pdf".to_owned(), data.clone()));
        }
        for text in
            [PDF_DATA, &data, &format!("data:;base64,{PDF_DATA}"), "data:application/pdf;a=b;base64,JVBERi0xLjQK"]
        {
            assert_eq!(document(json!(text)), ("document.pdf".to_owned(), data.clone()));
        }
    }

    #[test]
    fn the_type_is_told_by_the_data_before_the_stated_type_and_that_before_the_name() {
        let file = |data: &str, kind: &str, name: &str| json!({"base64Data": data, "type": kind, "name": name});
        assert_eq!(urls(file(PNG, PDF, "a.pdf")).unwrap(), [format!("data:image/png;base64,{PNG}")]);
        assert_eq!(document(file(PDF_DATA, "image/png", "a.png")).0, "a.png");
        assert_eq!(urls(file("AAAA", "image/heic", "a.pdf")).unwrap(), ["data:image/heic;base64,AAAA"]);
        assert_eq!(urls(file("AAAA", "", "A.JPG")).unwrap(), ["data:image/jpeg;base64,AAAA"]);
        assert_eq!(document(file("AAAA", "application/octet-stream", "a.pdf")).0, "a.pdf");
        let webp = "UklGRhIAAABXRUJQVlA4";
        assert_eq!(urls(json!(webp)).unwrap(), [format!("data:image/webp;base64,{webp}")]);
        assert!(
            urls(json!("UklGRhIAAABXQVZFZm10"))
                .unwrap_err()
                .ends_with("neither an image nor a PDF; Chat takes images and PDFs")
        );
    }

    #[test]
    fn what_cannot_be_used_names_its_file_and_in_a_list_its_index() {
        let error = |value| read(value).unwrap_err();
        assert!(error(json!(["https://h/a", "a b.png"])).starts_with("Images and files[1] must be an http(s) URL"));
        assert!(error(json!("blob:http://h/1")).starts_with("Images and files must be an http(s) URL"));
        let long = error(json!({"name": "n".repeat(5_000), "type": "t/".repeat(5_000), "base64Data": "AAAA"}));
        assert!(long.chars().count() < 300);
        assert!(error(json!({"a": 1})).starts_with("Images and files must be an http(s) URL"));
        let file = json!({"name": "notes.docx", "type": "application/msword", "base64Data": "AAAA"});
        assert_eq!(
            error(json!([PNG, file])),
            "Images and files[1] is notes.docx (application/msword); Chat takes images and PDFs"
        );
        assert_eq!(
            error(json!("data:text/plain;base64,AAAA")),
            "Images and files is a file of type text/plain; Chat takes images and PDFs"
        );
        assert_eq!(
            error(json!({"name": "notes", "base64Data": "AAAA"})),
            "Images and files is notes; Chat takes images and PDFs"
        );
        assert_eq!(
            error(json!({"name": "a.pdf", "type": PDF, "base64Data": ""})),
            "Images and files has no content (a.pdf)"
        );
    }

    #[test]
    fn the_url_of_a_document_is_an_error_that_says_what_to_do() {
        for url in ["https://h/a.pdf", "https://h/a.PDF?x=1#2"] {
            for value in [json!(url), json!({ "url": url })] {
                let error = read(value).unwrap_err();
                assert!(error.starts_with("Images and files is the URL of a document"), "{error}");
                assert!(error.contains("use a file picker"), "{error}");
            }
        }
        assert_eq!(urls(json!("https://h/show?file=a.pdf")).unwrap().len(), 1);
    }
}
