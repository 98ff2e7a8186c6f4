//! Turns the value of a file picker or an audio recorder into a file for the API.
//!
//! The first bytes decide the format, because an audio recorder always says `audio/wav`. If they are inconclusive, as
//! in an MP3 that begins with silence, a picked file's extension decides.

use serde_json::Value;

use super::{
    file_source::Data,
    files::{self, Expected, data_of},
};
use crate::{
    error::{Error, ErrorText, error_text},
    input::{
        base_url::Provider,
        base64::{byte_count, decoded, without_padding},
        fields::Fields,
    },
    network::http::{Content, FormFile},
};

const KEY: &str = "file";
/// The limit of `OpenAI` and Azure for a recording. Other servers have their own.
const MAX_RECORDING_BYTES: usize = 25 << 20;
const RECORDING: Expected = Expected {
    value: "a data URI, base64 data, or a file from a file picker or an audio recorder",
    member: "base64 data or a data URI",
};
const FORMATS: &str = "FLAC, M4A, MP3, MP4, MPEG, Ogg, WAV or WebM";

/// The recording in the field `file`.
///
/// # Errors
/// [`Error::InvalidOption`] if there is not exactly one, or the API would reject it.
pub fn recording(fields: &Fields<'_>, provider: Provider) -> Result<FormFile, Error> {
    let max_bytes = (provider != Provider::Compatible).then_some(MAX_RECORDING_BYTES);
    let mut recordings = files::each(fields, KEY, |field, item| {
        let name = files::text(item, "name");
        read(item, name, max_bytes).map_err(|reason| files::error_about(field, name, reason))
    })?;
    match (recordings.pop(), recordings.len()) {
        (Some(recording), 0) => Ok(recording),
        (None, _) => {
            Err(Error::invalid(KEY, "is empty. Record or pick a file, or check that its template has a value"))
        }
        (Some(_), others) => Err(Error::invalid(KEY, error_text!["must be one recording, got ", others + 1])),
    }
}

fn read(item: &Value, name: Option<&str>, max_bytes: Option<usize>) -> Result<FormFile, ErrorText> {
    let base64 = match data_of(item, name, &RECORDING)? {
        Data::Base64 { data, .. } => data,
        Data::Url(..) => return Err("must be the recording itself, as the API opens no URLs".into()),
        Data::Encoded(_) => return Err("must have base64 in its data URI, such as data:audio/webm;base64,AAAA".into()),
    };
    let digits = without_padding(&base64);
    let bytes = byte_count(digits);
    if let Some(max) = max_bytes.filter(|max| bytes > *max) {
        let sizes = error_text!["has ", bytes.div_ceil(1 << 20), " MB; the API takes up to ", max >> 20, " MB"];
        return Err(error_text![sizes, ". Record less at once, or use a format that compresses, such as MP3 or WebM"]);
    }
    let data = decoded(digits.as_bytes()).filter(|data| !data.is_empty()).ok_or("has no content")?;
    let format = Format::of_start(&data)
        .or_else(|| Format::of_name(name?))
        .ok_or_else(|| error_text!["is not in an audio format that the API takes; convert it to ", FORMATS])?;
    // A generic name: the API needs only the extension.
    Ok(FormFile {
        name: format!("recording.{}", format.extension),
        media_type: format.media_type,
        content: Content::Bytes(data.into()),
    })
}

/// A format that the API accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    extension: &'static str,
    media_type: &'static str,
}

const fn format(extension: &'static str, media_type: &'static str) -> Format {
    Format { extension, media_type }
}

const FLAC: Format = format("flac", "audio/flac");
const M4A: Format = format("m4a", "audio/m4a");
const MP3: Format = format("mp3", "audio/mpeg");
const MP4: Format = format("mp4", "audio/mp4");
const MPEG: Format = format("mpeg", "video/mpeg");
const OGG: Format = format("ogg", "audio/ogg");
const WAV: Format = format("wav", "audio/wav");
const WEBM: Format = format("webm", "audio/webm");

/// First bytes of the formats.
const STARTS: [(&[u8], Format); 6] = [
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"ID3", MP3),
    // EBML, the container of Matroska and so of WebM.
    (b"\x1a\x45\xdf\xa3", WEBM),
    (b"\0\0\x01\xba", MPEG),
    (b"\0\0\x01\xb3", MPEG),
];

const EXTENSIONS: [(&str, Format); 11] = [
    ("flac", FLAC),
    ("m4a", M4A),
    ("mp3", MP3),
    ("mpga", MP3),
    ("mp4", MP4),
    ("mpeg", MPEG),
    ("mpg", MPEG),
    ("oga", OGG),
    ("ogg", OGG),
    ("wav", WAV),
    ("webm", WEBM),
];

impl Format {
    /// The format of data that starts with these bytes.
    fn of_start(start: &[u8]) -> Option<Self> {
        let has = |at: usize, mark: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(mark));
        if has(0, b"RIFF") && has(8, b"WAVE") {
            return Some(WAV);
        }
        if has(4, b"ftyp") {
            // The brand of audio-only files.
            return Some(if has(8, b"M4A") { M4A } else { MP4 });
        }
        let known = STARTS.iter().find(|(mark, _)| has(0, mark)).map(|(_, format)| *format);
        known.or_else(|| is_mpeg_audio(start).then_some(MP3))
    }

    /// The format by the file's name.
    fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, format)| *format)
    }
}

/// Whether data starts with an MPEG audio frame header: eleven set bits, a version and a layer. AAC has a similar
/// header, but no layer.
fn is_mpeg_audio(start: &[u8]) -> bool {
    let [0xff, second, ..] = start else { return false };
    let (version, layer) = (second >> 3 & 0b11, second >> 1 & 0b11);
    *second >= 0xe0 && version != 0b01 && layer != 0b00
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    /// The start of a `WebM` file, as far as it matters here.
    const WEBM_DATA: &str = "GkXfowEAAAA=";

    fn read_for(value: Value, provider: Provider) -> Result<FormFile, String> {
        let options = json!({ "file": value });
        recording(&Fields::of("queryOptions", &options).unwrap(), provider).map_err(|error| error.to_string())
    }

    fn read(value: Value) -> Result<FormFile, String> {
        read_for(value, Provider::OpenAi)
    }

    #[test]
    fn trusts_the_first_bytes_over_the_label() {
        for (data, format) in [
            (&b"RIFF\x24\0\0\0WAVEfmt "[..], WAV),
            (b"fLaC\0", FLAC),
            (b"OggS\0", OGG),
            (b"\x1a\x45\xdf\xa3\x01", WEBM),
            (b"\0\0\0\x1cftypM4A ", M4A),
            (b"\0\0\0\x1cftypisom", MP4),
            (b"ID3\x04", MP3),
            (b"\xff\xfb\x90", MP3),
            (b"\xff\xf3\x40", MP3),
            (b"\0\0\x01\xba", MPEG),
        ] {
            assert_eq!(Format::of_start(data), Some(format));
        }
        for other in [
            &b"RIFF\x24\0\0\0AVI "[..],
            b"\xff\xf1\x50",
            b"\xff\xd8\xff\xe0",
            b"\xff\xef",
            b"#!AMR",
            b"%PDF-",
            b"\xff",
            b"",
        ] {
            assert_eq!(Format::of_start(other), None, "{other:?}");
        }
        let recorded = read(json!(format!("data:audio/wav;base64,{WEBM_DATA}"))).unwrap();
        assert_eq!((recorded.name.as_str(), recorded.media_type), ("recording.webm", "audio/webm"));
        assert_eq!(recorded.content, Content::Bytes(Bytes::from_static(b"\x1a\x45\xdf\xa3\x01\0\0\0")));
    }

    #[test]
    fn accepts_a_recorder_a_file_picker_and_text() {
        let picked = json!({"name": "a.mp3", "type": "audio/mpeg", "base64Data": WEBM_DATA, "content": "..."});
        for value in [
            json!(WEBM_DATA),
            json!({"dataURL": format!("data:audio/wav;base64,{WEBM_DATA}"), "blobURL": "blob:http://h/1"}),
            picked.clone(),
            json!([picked]),
            json!({"file": [picked]}),
            json!(json!([picked]).to_string()),
        ] {
            assert_eq!(read(value.clone()).unwrap().name, "recording.webm", "{value}");
        }
    }

    #[test]
    fn uses_the_file_name_when_the_bytes_are_inconclusive() {
        let named = |name: &str| read(json!({"name": name, "type": "audio/wav", "base64Data": "AAAAAAAA"}));
        assert_eq!(named("a.b.MPGA").unwrap().name, "recording.mp3");
        for name in ["a.aac", "mp3", "a."] {
            let error = named(name).unwrap_err();
            let expected = "is not in an audio format that the API takes; convert it to FLAC, M4A, MP3";
            assert!(error.starts_with(&format!("Recording ({name}) {expected}")), "{error}");
        }
    }

    #[test]
    fn explains_what_is_missing_or_unusable() {
        for cleared in [json!(null), json!(""), json!([]), json!({"file": []})] {
            assert!(read(cleared.clone()).unwrap_err().starts_with("Recording is empty. Record or pick"), "{cleared}");
        }
        for empty in [
            json!({"dataURL": null, "blobURL": null}),
            json!("data:audio/wav;base64,"),
            json!("data:audio/wav;base64,A"),
        ] {
            assert_eq!(read(empty.clone()).unwrap_err(), "Recording has no content", "{empty}");
        }
        assert_eq!(read(json!([WEBM_DATA, WEBM_DATA])).unwrap_err(), "Recording must be one recording, got 2");
        assert!(read(json!("https://h/a.mp3")).unwrap_err().ends_with("the API opens no URLs"));
        assert!(
            read(json!("blob:http://h/1")).unwrap_err().starts_with("Recording must be a data URI, base64 data, or a")
        );
        assert!(read(json!("data:audio/wav,a%20b")).unwrap_err().starts_with("Recording must have base64 in its"));
        assert!(
            read(json!({"name": "a.mp3", "dataURL": "blob:http://h/1"}))
                .unwrap_err()
                .starts_with("Recording (a.mp3) must have base64 data or a data URI in dataURL, got ")
        );
    }

    #[test]
    fn checks_the_size_when_the_limit_is_known() {
        // Four characters encode three bytes.
        let of = |bytes: usize| json!(format!("GkXf{}", "A".repeat((bytes - 3) / 3 * 4)));
        let most = MAX_RECORDING_BYTES / 3 * 3;
        assert_eq!(read(json!({"name": "a.webm", "base64Data": of(most)})).unwrap().content.length(), most);
        let larger = json!({"name": "a.webm", "base64Data": of(most + 3)});
        let error = read(larger.clone()).unwrap_err();
        assert!(error.starts_with("Recording (a.webm) has 26 MB; the API takes up to 25 MB. Record less"), "{error}");
        assert!(read_for(larger.clone(), Provider::Azure).is_err());
        assert!(read_for(larger, Provider::Compatible).is_ok());
    }
}
