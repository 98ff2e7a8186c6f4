//! Finds out a file's type, and knows which types the API reads.
//!
//! The data decides, then the name, then the type that the browser or a data URI states. Browsers derive that type from
//! the extension, sometimes wrongly: Excel's for a CSV file.

/// The media type of a PDF.
pub const PDF: &str = "application/pdf";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const DOC: &str = "application/msword";
const XLS: &str = "application/vnd.ms-excel";
const PPT: &str = "application/vnd.ms-powerpoint";
const RTF: &str = "application/rtf";
const CSV: &str = "text/csv";
const TEXT: &str = "text/plain";

/// What a document's bytes are, whatever they contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Pdf,
    /// A ZIP archive, such as Office files since 2007.
    Zip,
    /// Office files before 2007.
    Ole,
    Text,
}

/// A type of document that the API reads.
#[derive(Debug, PartialEq, Eq)]
struct DocumentType {
    media_type: &'static str,
    container: Container,
    /// The first one is added to a name without an extension.
    extensions: &'static [&'static str],
    /// Other media types of the same format.
    aliases: &'static [&'static str],
}

const fn document(
    media_type: &'static str,
    container: Container,
    extensions: &'static [&'static str],
    aliases: &'static [&'static str],
) -> DocumentType {
    DocumentType { media_type, container, extensions, aliases }
}

/// The types that `OpenAI` lists (developers.openai.com/api/docs/guides/file-inputs). It reads any other text as plain
/// text.
static DOCUMENTS: [DocumentType; 18] = [
    document(PDF, Container::Pdf, &["pdf"], &["application/x-pdf"]),
    document(DOCX, Container::Zip, &["docx"], &[]),
    document(XLSX, Container::Zip, &["xlsx"], &[]),
    document(PPTX, Container::Zip, &["pptx"], &[]),
    document("application/vnd.oasis.opendocument.text", Container::Zip, &["odt"], &[]),
    document("application/vnd.apple.pages", Container::Zip, &["pages"], &[]),
    document("application/vnd.apple.keynote", Container::Zip, &["key"], &[]),
    document(DOC, Container::Ole, &["doc", "dot", "wiz"], &[]),
    document(XLS, Container::Ole, &["xls", "xla", "xlb", "xlc", "xlm", "xlt", "xlw"], &["application/msexcel"]),
    document(PPT, Container::Ole, &["ppt", "pot", "ppa", "pps", "pwz"], &["application/mspowerpoint"]),
    document(RTF, Container::Text, &["rtf"], &["text/rtf"]),
    document(CSV, Container::Text, &["csv"], &["application/csv"]),
    document("text/tsv", Container::Text, &["tsv"], &["text/tab-separated-values"]),
    document("text/markdown", Container::Text, &["md", "markdown"], &["text/x-markdown"]),
    document("application/json", Container::Text, &["json"], &["text/json"]),
    document("text/html", Container::Text, &["html", "htm"], &[]),
    document("text/xml", Container::Text, &["xml"], &["application/xml"]),
    document(TEXT, Container::Text, PLAIN, &[]),
];

/// Extensions of plain text and code. Text with any other extension is recognized by its data. A URL with another
/// extension is not treated as a document, because servers run some files, such as PHP, and return an image.
const PLAIN: &[&str] = &[
    "txt", "text", "log", "list", "conf", "ini", "in", "yaml", "yml", "toml", "rst", "tex", "eml", "ics", "ifb", "vcf",
    "srt", "vtt", "iif", "css", "js", "mjs", "ts", "jsx", "tsx", "py", "java", "c", "cc", "cpp", "cxx", "h", "hh",
    "cs", "go", "rs", "rb", "sh", "ksh", "bat", "ps1", "sql", "pl", "asm", "s", "def", "dic", "mht", "mhtml", "mime",
    "nws",
];

const IMAGES: [(&str, &[&str]); 4] =
    [("image/png", &["png"]), ("image/jpeg", &["jpg", "jpeg"]), ("image/gif", &["gif"]), ("image/webp", &["webp"])];

/// First bytes of image formats.
const IMAGE_STARTS: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
];
/// A WebP file starts with these two, with a four-byte length between them.
const WEBP_STARTS: [&[u8]; 2] = [b"RIFF", b"WEBP"];
/// Other bytes may precede it: readers search the first [`START_BYTES`].
const PDF_START: &[u8] = b"%PDF-";
const RTF_START: &[u8] = b"{\\rtf";
const ZIP_START: &[u8] = b"PK\x03\x04";
const OLE_START: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const UTF_8_START: &[u8] = b"\xef\xbb\xbf";
const UTF_16_STARTS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// Control characters that occur in text: tabs, line breaks, the end mark of old programs (Ctrl-Z), and the escape of
/// colored logs.
const CONTROLS_OF_TEXT: &[u8] = b"\t\n\x0b\x0c\r\x1a\x1b";

/// An Office application: the folder in its files since 2007, and the media types since then and before.
struct Office {
    folder: &'static [u8],
    zip: &'static str,
    ole: &'static str,
}

static OFFICE: [Office; 3] = [
    Office { folder: b"word/", zip: DOCX, ole: DOC },
    Office { folder: b"xl/", zip: XLSX, ole: XLS },
    Office { folder: b"ppt/", zip: PPTX, ole: PPT },
];

/// Number of leading bytes that can show a file's type.
pub const START_BYTES: usize = 1024;
/// Number of trailing bytes that can show a file's type: an archive lists its names there.
pub const END_BYTES: usize = 4096;

/// What is known about a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clues<'a> {
    /// Its first [`START_BYTES`].
    pub start: &'a [u8],
    /// Its last [`END_BYTES`].
    pub end: &'a [u8],
    /// Its name.
    pub name: Option<&'a str>,
    /// The media type that a browser or a data URI states.
    pub stated: Option<&'a str>,
}

impl Clues<'_> {
    /// The kind by name, or else by stated type.
    fn said(&self) -> Option<Kind> {
        self.name.and_then(Kind::of_name).or_else(|| Kind::of_media_type(self.stated?))
    }

    /// Whether it is a PDF with other bytes before its mark. Text stated to be text may only mention the mark, and an
    /// archive may start with a PDF.
    fn is_late_pdf(&self, container: Option<Container>) -> bool {
        let may_be = match container {
            None => true,
            Some(Container::Text) => match self.said() {
                Some(kind) => kind == Kind::Document(PDF),
                None => self.name.is_none() && self.stated.is_none(),
            },
            Some(_) => false,
        };
        may_be && self.start.windows(PDF_START.len()).any(|window| window == PDF_START)
    }
}

/// A file's kind, as the API distinguishes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An image of this media type.
    Image(String),
    /// A document of this media type.
    Document(&'static str),
}

/// Why a file cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The API does not read this type.
    Unknown,
    /// The content does not match this extension, which its name and stated type imply.
    OtherContent(&'static str),
}

impl Kind {
    /// The kind by data, or else by name and stated type.
    ///
    /// # Errors
    /// Why it cannot be sent.
    pub fn of_data(clues: Clues<'_>) -> Result<Self, NotTaken> {
        if let Some(kind) = Self::of_start(clues.start) {
            return Ok(kind);
        }
        let container = container_of(clues.start);
        if clues.is_late_pdf(container) {
            return Ok(Self::Document(PDF));
        }
        let is_archive = matches!(container, Some(Container::Zip | Container::Ole));
        let stated = match clues.said() {
            // Servers may support more image types.
            Some(Self::Image(media_type)) if !is_archive => return Ok(Self::Image(media_type)),
            Some(Self::Document(media_type)) => DOCUMENTS.iter().find(|known| known.media_type == media_type),
            _ => None,
        };
        let office = OFFICE.iter().find(|office| stated.is_some_and(|stated| office.has(stated.media_type)));
        let found = match (container, stated) {
            (Some(Container::Zip), _) => Office::of_archive(clues.end).or(office).map(|office| office.zip),
            (Some(Container::Ole), _) => office.map(|office| office.ole),
            // Windows states this type for CSV files, and programs save tables and web pages under such names.
            (Some(Container::Text), Some(stated)) if stated.container == Container::Ole => {
                Some(if stated.media_type == XLS { CSV } else { TEXT })
            }
            (Some(Container::Text), None) => clues.name.or(clues.stated).map(|_| TEXT),
            _ => None,
        };
        let as_stated = || stated.filter(|stated| container == Some(stated.container)).map(|stated| stated.media_type);
        let not_taken = || stated.map_or(NotTaken::Unknown, |stated| NotTaken::OtherContent(stated.extensions[0]));
        found.or_else(as_stated).map(Self::Document).ok_or_else(not_taken)
    }

    fn of_start(start: &[u8]) -> Option<Self> {
        let [riff, webp] = WEBP_STARTS;
        if start.starts_with(riff) && start.get(8..).is_some_and(|rest| rest.starts_with(webp)) {
            return Some(Self::Image("image/webp".to_owned()));
        }
        if let Some((_, media_type)) = IMAGE_STARTS.iter().find(|(begun, _)| start.starts_with(begun)) {
            return Some(Self::Image((*media_type).to_owned()));
        }
        if start.starts_with(RTF_START) {
            return Some(Self::Document(RTF));
        }
        let start = start.strip_prefix(UTF_8_START).unwrap_or(start).trim_ascii_start();
        start.starts_with(PDF_START).then_some(Self::Document(PDF))
    }

    /// The kind by the name's extension.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.trim().rsplit_once('.')?;
        let has = |extensions: &[&str]| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension));
        let image = IMAGES.iter().find(|(_, extensions)| has(extensions)).map(|(media_type, _)| *media_type);
        let document = || DOCUMENTS.iter().find(|known| has(known.extensions));
        image.map(|image| Self::Image(image.to_owned())).or_else(|| Some(Self::Document(document()?.media_type)))
    }

    /// The kind by media type.
    #[must_use]
    pub fn of_media_type(stated: &str) -> Option<Self> {
        let stated = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if stated.starts_with("image/") {
            return Some(Self::Image(stated));
        }
        let is_it = |known: &&DocumentType| known.media_type == stated || known.aliases.contains(&stated.as_str());
        DOCUMENTS.iter().find(is_it).map(|known| Self::Document(known.media_type))
    }
}

impl Office {
    fn has(&self, media_type: &str) -> bool {
        [self.zip, self.ole].contains(&media_type)
    }

    /// The last application folder listed. An earlier one may belong to an embedded file of another application.
    fn of_archive(end: &[u8]) -> Option<&'static Self> {
        let last = |office: &Self| end.windows(office.folder.len()).rposition(|window| window == office.folder);
        OFFICE
            .iter()
            .filter_map(|office| Some((last(office)?, office)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, office)| office)
    }
}

/// The container of this data; `None` for a type that contains no documents.
fn container_of(start: &[u8]) -> Option<Container> {
    let is_text = |byte: &u8| *byte >= b' ' || CONTROLS_OF_TEXT.contains(byte);
    if start.starts_with(ZIP_START) {
        Some(Container::Zip)
    } else if start.starts_with(OLE_START) {
        Some(Container::Ole)
    } else {
        let is_utf_16 = UTF_16_STARTS.iter().any(|mark| start.starts_with(mark));
        (is_utf_16 || start.iter().all(is_text)).then_some(Container::Text)
    }
}

/// `name`, or a default name, with the extension that the API identifies the type by. Another type's extension is
/// replaced; text may keep an unknown one.
#[must_use]
pub fn with_extension(name: Option<&str>, media_type: &str) -> String {
    let name = name.unwrap_or("document");
    let is_extension = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let Some(document) = DOCUMENTS.iter().find(|document| document.media_type == media_type) else {
        return name.to_owned();
    };
    let parts =
        name.trim_end().rsplit_once('.').filter(|(stem, extension)| !stem.is_empty() && is_extension(extension));
    let stem = match (parts, Kind::of_name(name)) {
        (Some(_), Some(kind)) if kind == Kind::Document(document.media_type) => return name.to_owned(),
        (Some(_), None) if document.container == Container::Text => return name.to_owned(),
        (Some((stem, _)), Some(_)) => stem,
        _ => name,
    };
    format!("{stem}.{}", document.extensions[0])
}

/// Whether Chat accepts this media type: images and PDFs. Other documents need Responses. Unknown types are left to the
/// server.
#[must_use]
pub fn is_chats(media_type: &str) -> bool {
    media_type == PDF || DOCUMENTS.iter().all(|document| document.media_type != media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZIP: &[u8] = b"PK\x03\x04\x14\x00";
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00";
    const BINARY: &[u8] = b"\x00\x00\x00\x20ftyp";

    /// The kind by data, name and stated type; an empty string means unknown.
    fn kind(data: &[u8], name: &str, stated: &str) -> Result<Kind, NotTaken> {
        let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
        Kind::of_data(Clues { start: data, end: data, name: known(name), stated: known(stated) })
    }

    fn image(media_type: &str) -> Kind {
        Kind::Image(media_type.to_owned())
    }

    #[test]
    fn trusts_a_recognizable_start_over_name_and_stated_type() {
        let webp = b"RIFF\x12\0\0\0WEBPVP8 ";
        for (data, expected) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Ok(image("image/png"))),
            (b"\xff\xd8\xff\xe0", Ok(image("image/jpeg"))),
            (b"GIF89a", Ok(image("image/gif"))),
            (webp, Ok(image("image/webp"))),
            (b"%PDF-1.4", Ok(Kind::Document(PDF))),
            (b"\xef\xbb\xbf\n%PDF-1.4", Ok(Kind::Document(PDF))),
            (b"{\\rtf1", Ok(Kind::Document(RTF))),
        ] {
            for (name, stated) in [("", ""), ("a.docx", DOCX), ("a.svg", "image/svg+xml"), ("a.csv", PDF)] {
                assert_eq!(kind(data, name, stated), expected, "{name} {stated}");
            }
        }
        assert_eq!(kind(b"RIFF\x12\0\0\0AVI LIST", "", ""), Err(NotTaken::Unknown));
        for text in [&b"GIF89,b"[..], b"a,b\n%PDF-1.7,c"] {
            assert_eq!(kind(text, "a.csv", ""), Ok(Kind::Document(CSV)));
        }
    }

    #[test]
    fn trusts_the_name_over_the_stated_type() {
        for (name, stated, media_type) in [
            ("a.csv", "application/vnd.ms-excel", CSV),
            ("a.ts", "video/mp2t", TEXT),
            ("A.MD", "text/plain", "text/markdown"),
            ("a.json", "", "application/json"),
            ("notes", "text/csv", CSV),
            ("a.bin", "Application/XML; charset=utf-8", "text/xml"),
        ] {
            assert_eq!(kind(b"a,b", name, stated), Ok(Kind::Document(media_type)), "{name}");
        }
        assert_eq!(kind(BINARY, "A.JPG", ""), Ok(image("image/jpeg")));
        assert_eq!(kind(BINARY, "", "image/HEIC"), Ok(image("image/heic")));
    }

    #[test]
    fn recognizes_office_files_by_their_folders_or_else_by_name() {
        let archive = |names: &str| [ZIP, names.as_bytes()].concat();
        for (data, name, stated, media_type) in [
            (archive("_rels/.rels word/document.xml"), "a.xlsx", PPTX, DOCX),
            (archive("xl/workbook.xml docProps/app.xml"), "", "", XLSX),
            (archive("xl/workbook.xml ppt/presentation.xml"), "a.zip", "application/zip", PPTX),
            (ZIP.to_vec(), "a.docx", "application/x-zip-compressed", DOCX),
            (ZIP.to_vec(), "a", PPTX, PPTX),
            (ZIP.to_vec(), "a.xls", "", XLSX),
            (ZIP.to_vec(), "a.odt", "", "application/vnd.oasis.opendocument.text"),
            (OLE.to_vec(), "a.doc", "", DOC),
            (OLE.to_vec(), "a.xlsx", "", XLS),
            (OLE.to_vec(), "", PPT, PPT),
        ] {
            assert_eq!(kind(&data, name, stated), Ok(Kind::Document(media_type)), "{name} {stated}");
        }
    }

    #[test]
    fn treats_text_that_mentions_the_pdf_mark_as_a_pdf_only_when_stated() {
        let text = b"PDF files begin with %PDF-1.7";
        for (name, stated, media_type) in [
            ("notes.md", "", "text/markdown"),
            ("", "text/html", "text/html"),
            ("a.kt", "", TEXT),
            ("", "", PDF),
            ("a.pdf", "text/plain", PDF),
            ("a", PDF, PDF),
        ] {
            assert_eq!(kind(text, name, stated), Ok(Kind::Document(media_type)), "{name} {stated}");
        }
        assert_eq!(kind(b"\0\0%PDF-1.7", "a.md", ""), Ok(Kind::Document(PDF)));
        assert_eq!(kind(b"PK\x03\x04a.pdf%PDF-1.7", "a.zip", ""), Err(NotTaken::Unknown));
    }

    #[test]
    fn recognizes_text_by_its_data_when_the_name_is_unknown() {
        for (name, stated) in [("Dockerfile", ""), ("a.proto", ""), ("a.kt", "text/x-kotlin"), ("a.php", "text/x-php")]
        {
            assert_eq!(kind(b"\xef\xbb\xbfa = \x1b[1mb\r\n", name, stated), Ok(Kind::Document(TEXT)), "{name}");
        }
        for csv in [&b"\xff\xfea\0,\0b\0"[..], b"a,b\x0bc\r\n\x1a"] {
            assert_eq!(kind(csv, "a.csv", ""), Ok(Kind::Document(CSV)));
        }
        // Programs save tables and web pages under such names.
        assert_eq!(kind(b"<table>", "a.xls", ""), Ok(Kind::Document(CSV)));
        assert_eq!(kind(b"<html>", "a.doc", ""), Ok(Kind::Document(TEXT)));
        assert_eq!(kind(b"a,b", "", ""), Err(NotTaken::Unknown));
    }

    #[test]
    fn rejects_data_that_contradicts_name_and_stated_type() {
        for (data, name, stated, extension) in [
            (&b"a,b"[..], "a.docx", "", "docx"),
            (b"a,b", "a.pdf", "", "pdf"),
            (BINARY, "a.csv", "", "csv"),
            (BINARY, "", "text/markdown", "md"),
            (ZIP, "a.csv", "", "csv"),
            (OLE, "a.txt", "", "txt"),
            (OLE, "a.odt", "", "odt"),
        ] {
            assert_eq!(kind(data, name, stated), Err(NotTaken::OtherContent(extension)), "{name} {stated}");
        }
        for (data, name, stated) in [
            (BINARY, "a.mp4", "video/mp4"),
            (BINARY, "", ""),
            (ZIP, "a.zip", "application/zip"),
            (ZIP, "a.png", "image/png"),
            (OLE, "a.msg", ""),
        ] {
            assert_eq!(kind(data, name, stated), Err(NotTaken::Unknown), "{name} {stated}");
        }
    }

    #[test]
    fn adds_a_missing_extension() {
        for (name, named) in [
            ("report.docx", "report.docx"),
            ("report.final.DOCX", "report.final.DOCX"),
            ("report", "report.docx"),
            ("Report v1.2", "Report v1.2.docx"),
            ("Dr. No", "Dr. No.docx"),
            (".report", ".report.docx"),
            ("report.", "report..docx"),
        ] {
            assert_eq!(with_extension(Some(name), DOCX), named);
        }
        for (media_type, named) in [(PDF, "document.pdf"), (TEXT, "document.txt"), ("text/markdown", "document.md")] {
            assert_eq!(with_extension(None, media_type), named);
        }
    }

    #[test]
    fn replaces_the_extension_of_another_type() {
        for (name, media_type, named) in [
            ("a.pdf", DOCX, "a.docx"),
            ("a.b.DOCX", XLSX, "a.b.xlsx"),
            ("a.zip", DOCX, "a.zip.docx"),
            ("a.png", PDF, "a.pdf"),
            ("a.doc", RTF, "a.rtf"),
            ("a.xls", CSV, "a.csv"),
            ("a.py", TEXT, "a.py"),
            ("a.htm", "text/html", "a.htm"),
            ("a.proto", TEXT, "a.proto"),
        ] {
            assert_eq!(with_extension(Some(name), media_type), named);
        }
    }

    #[test]
    fn allows_images_pdfs_and_unknown_types_in_chat() {
        for media_type in ["image/png", PDF, "audio/wav"] {
            assert!(is_chats(media_type), "{media_type}");
        }
        for media_type in [DOCX, XLS, CSV, TEXT, "application/json"] {
            assert!(!is_chats(media_type), "{media_type}");
        }
    }
}
