//! Decompresses a response within a limit, because a small body may contain a huge one.
//!
//! Only gzip is requested. The first bytes of a body decide, not its label, because servers and proxies mislabel
//! bodies: gzip is decompressed even if unlabeled or nested, and plain text stays text whatever its `Content-Encoding`.

use std::borrow::Cow;

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress,
        inflate_flags::{TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF},
    },
};

use crate::{
    budgets::{MAX_ERROR_BYTES, MAX_RESPONSE_BYTES, MAX_WORD_CHARS},
    error::{ErrorText, TransportError, TransportErrorKind, error_text, truncate::truncate},
    network::http::HttpResponse,
};

/// Sent as `Accept-Encoding`.
pub const ACCEPTED: &str = "gzip";

/// Maximum depth of nested compression.
const MAX_LAYERS: usize = 3;
/// Maximum number of members in a gzip file. Each takes a few microseconds, however short it is.
const MAX_MEMBERS: usize = 4096;

const MAGIC: &[u8] = &[0x1f, 0x8b, 8];
const HEADER: usize = 10;
const TRAILER: usize = 8;
const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;

/// A response after decompression up to a limit.
pub enum Unpacked {
    /// Completely decompressed.
    Whole(HttpResponse),
    /// The content exceeds the limit, so the response is unchanged.
    Longer(HttpResponse),
}

/// Whether the body is compressed or labeled so.
#[must_use]
pub fn is_packed(response: &HttpResponse) -> bool {
    response.body.starts_with(MAGIC) || !labels(response).is_empty()
}

/// The effective encodings of `Content-Encoding` in lower case, outermost last.
fn labels(response: &HttpResponse) -> Vec<String> {
    let headers = response.headers.iter().filter(|(name, _)| name == "content-encoding");
    let labels = headers.flat_map(|(_, value)| value.split(',')).map(|label| label.trim().to_ascii_lowercase());
    labels.filter(|label| !matches!(label.as_str(), "" | "identity" | "none")).collect()
}

/// Decompresses the body if the result has at most `limit` bytes, including intermediate layers.
///
/// # Errors
/// [`TransportErrorKind::TooLarge`] beyond the limit for all responses, [`TransportErrorKind::Compression`] for a
/// damaged body or an unknown encoding, which was not requested. An error response never fails: it keeps its status and
/// the readable part of its body, or the name of the encoding. A truncated one keeps its start.
pub fn unpack(mut response: HttpResponse, limit: usize) -> Result<Unpacked, TransportError> {
    let failed = !(200..300).contains(&response.status);
    let max_bytes = if failed { MAX_ERROR_BYTES } else { MAX_RESPONSE_BYTES };
    let body = match peel(&response.body, labels(&response), limit.min(max_bytes)) {
        Ok(Cow::Borrowed(_)) => return Ok(Unpacked::Whole(response)),
        Ok(Cow::Owned(body)) => body,
        Err(Failure::TooLarge(_)) if limit < max_bytes => return Ok(Unpacked::Longer(response)),
        Err(Failure::TooLarge(start) | Failure::Damaged(start)) if failed || response.cut.is_some() => {
            if is_text(&start) { start } else { Vec::new() }
        }
        Err(Failure::Unknown(name)) if failed => unknown(&name).to_string().into_bytes(),
        Err(Failure::TooLarge(_)) => return Err(too_large()),
        Err(Failure::Damaged(_)) => return Err(unreadable("it is damaged".into())),
        Err(Failure::Unknown(name)) => return Err(unreadable(unknown(&name))),
    };
    response.body = body;
    Ok(Unpacked::Whole(response))
}

/// The error for a successful response that exceeds the limit.
#[must_use]
pub fn too_large() -> TransportError {
    let detail = error_text!["more than ", MAX_RESPONSE_BYTES >> 20, " MiB after decompression"];
    TransportError::new(TransportErrorKind::TooLarge, detail)
}

fn unreadable(detail: ErrorText) -> TransportError {
    TransportError::new(TransportErrorKind::Compression, detail)
}

fn unknown(name: &str) -> ErrorText {
    error_text!["its Content-Encoding is ", truncate(name, MAX_WORD_CHARS), ", which the plugin does not read"]
}

/// Why decompression failed, with the content so far.
enum Failure {
    TooLarge(Vec<u8>),
    Damaged(Vec<u8>),
    /// An unknown encoding of this name.
    Unknown(String),
}

/// Removes all layers of compression.
fn peel(body: &[u8], mut labels: Vec<String>, limit: usize) -> Result<Cow<'_, [u8]>, Failure> {
    let mut current = Cow::Borrowed(body);
    for layer in 0..MAX_LAYERS {
        let room = if layer == 0 { limit } else { limit.saturating_sub(current.len()) };
        while !current.starts_with(MAGIC) {
            let Some(label) = labels.pop() else { return Ok(current) };
            match label.as_str() {
                _ if is_text(&current) => {}
                "gzip" | "x-gzip" if layer > 0 => {}
                "gzip" | "x-gzip" => return Err(Failure::Damaged(Vec::new())),
                "deflate" => break,
                _ => return Err(Failure::Unknown(label)),
            }
        }
        current =
            Cow::Owned(if current.starts_with(MAGIC) { gunzip(&current, room) } else { undeflate(&current, room) }?);
    }
    Ok(current)
}

/// Compressed data is hardly ever valid UTF-8. The last character may be incomplete.
fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).map_or_else(|error| error.error_len().is_none(), |_| true)
        && !body.iter().any(|byte| *byte < b'\t')
}

/// Decompresses streams one after the other into one buffer.
struct Inflater {
    state: Box<DecompressorOxide>,
    /// The buffer, longer than its content.
    out: Vec<u8>,
    written: usize,
    limit: usize,
}

impl Inflater {
    fn new(packed: &[u8], limit: usize) -> Self {
        let out = vec![0; packed.len().saturating_mul(2).min(limit)];
        Self { state: Box::default(), out, written: 0, limit }
    }

    /// Decompresses the stream at the start of `packed` and returns the stream's length.
    fn inflate(&mut self, packed: &[u8], flags: u32) -> Result<usize, Failure> {
        self.state.init();
        let (start, mut read) = (self.written, 0);
        loop {
            let rest = packed.get(read..).unwrap_or_default();
            let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
            let (status, consumed, produced) =
                decompress(&mut self.state, rest, &mut self.out[start..], self.written - start, flags);
            read += consumed;
            self.written += produced;
            match status {
                TINFLStatus::Done => return Ok(read),
                TINFLStatus::HasMoreOutput if self.out.len() < self.limit => {
                    let longer = self.out.len().saturating_mul(2).max(HEADER).min(self.limit);
                    self.out.resize(longer, 0);
                }
                TINFLStatus::HasMoreOutput => return Err(Failure::TooLarge(self.take())),
                _ => return Err(Failure::Damaged(self.take())),
            }
        }
    }

    fn take(&mut self) -> Vec<u8> {
        self.out.truncate(self.written);
        std::mem::take(&mut self.out)
    }
}

/// Decompresses all members of a gzip file. Anything after them is padding.
fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let mut inflater = Inflater::new(body, limit);
    let mut rest = body;
    for _ in 0..MAX_MEMBERS {
        let Some(deflated) = without_header(rest) else { break };
        let length = inflater.inflate(deflated, 0)?;
        rest = deflated.get(length + TRAILER..).unwrap_or_default();
        if !rest.starts_with(MAGIC) {
            return Ok(inflater.take());
        }
    }
    Err(Failure::Damaged(inflater.take()))
}

/// `deflate` should be zlib, but is often sent without its header.
fn undeflate(body: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let is_zlib =
        matches!(*body, [first, second, ..] if first & 15 == 8 && u16::from_be_bytes([first, second]) % 31 == 0);
    let mut inflater = Inflater::new(body, limit);
    inflater.inflate(body, if is_zlib { TINFL_FLAG_PARSE_ZLIB_HEADER } else { 0 })?;
    Ok(inflater.take())
}

/// RFC 1952, section 2.3. The checksum is not verified: TLS has a better one, and a damaged body is not valid JSON.
fn without_header(body: &[u8]) -> Option<&[u8]> {
    let flags = *body.get(3)?;
    let mut rest = body.get(HEADER..)?;
    if flags & HAS_EXTRA != 0 {
        let [low, high, ..] = *rest else { return None };
        rest = rest.get(2 + usize::from(u16::from_le_bytes([low, high]))..)?;
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    use super::*;

    fn gzip(flags: u8, extra: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut body = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        body.extend_from_slice(extra);
        body.extend(compress_to_vec(plain, 6));
        body.extend([0; TRAILER]);
        body
    }

    fn response(status: u16, encoding: &str, body: Vec<u8>) -> HttpResponse {
        HttpResponse { status, headers: vec![("content-encoding".to_owned(), encoding.to_owned())], body, cut: None }
    }

    fn decoded(response: HttpResponse) -> Result<HttpResponse, TransportError> {
        match unpack(response, MAX_RESPONSE_BYTES)? {
            Unpacked::Whole(response) | Unpacked::Longer(response) => Ok(response),
        }
    }

    fn kind(response: HttpResponse) -> TransportErrorKind {
        decoded(response).unwrap_err().kind
    }

    #[test]
    fn returns_a_body_beyond_the_limit_unchanged() {
        let packed = gzip(0, b"", b"0123456789");
        for (limit, is_whole) in [(9, false), (10, true)] {
            let Unpacked::Longer(response) = unpack(response(200, "gzip", packed.clone()), limit).unwrap() else {
                assert!(is_whole, "{limit}");
                continue;
            };
            assert!(!is_whole && response.body == packed, "{limit}");
        }
        assert!(is_packed(&response(200, "GZIP", packed)) && !is_packed(&response(200, "Identity", Vec::new())));
    }

    #[test]
    fn decompresses_gzip_with_every_optional_header() {
        let optional = b"\x03\x00abcname\0comment\0xx";
        for (flags, extra) in [(0, &b""[..]), (HAS_NAME, b"name\0"), (0b1_1110, optional)] {
            let answer = decoded(response(200, "GZIP", gzip(flags, extra, b"{\"a\": 1}"))).unwrap();
            assert_eq!(answer.body, b"{\"a\": 1}");
        }
    }

    #[test]
    fn trusts_the_first_bytes_over_the_label() {
        let plain = b"{\"text\": \"caf\xc3\xa9\"}";
        let once = gzip(0, b"", plain);
        let twice = gzip(0, b"", &once);
        let members = [gzip(0, b"", &plain[..7]), gzip(HAS_NAME, b"b\0", &plain[7..]), gzip(0, b"", b"")].concat();
        let padded = [members.as_slice(), &[0; 512]].concat();
        let without_trailer = once[..once.len() - TRAILER].to_vec();
        let deflated = compress_to_vec(plain, 6);
        for (label, body) in [
            ("gzip", plain.to_vec()),
            ("br", plain.to_vec()),
            ("deflate", plain.to_vec()),
            ("identity", plain.to_vec()),
            ("", once.clone()),
            ("identity", once.clone()),
            ("x-gzip", once.clone()),
            ("br", once.clone()),
            ("gzip, gzip", once.clone()),
            ("gzip, gzip", twice.clone()),
            ("GZip", twice),
            ("gzip", members),
            ("gzip", padded),
            ("gzip", without_trailer),
            ("deflate", compress_to_vec_zlib(plain, 6)),
            ("Deflate", deflated.clone()),
            ("deflate, gzip", gzip(0, b"", &deflated)),
        ] {
            assert_eq!(decoded(response(200, label, body)).unwrap().body, plain, "{label}");
        }
        assert!(decoded(response(200, "gzip", Vec::new())).unwrap().body.is_empty());
    }

    #[test]
    fn names_an_unknown_encoding_and_keeps_the_status_of_an_error() {
        let packed = vec![0x1b, 0x80, 0xff, 0x00, 0x9a];
        for label in ["br", "zstd", "compress", "gzip, br"] {
            let error = decoded(response(200, label, packed.clone())).unwrap_err();
            let name = label.rsplit(' ').next().unwrap();
            let detail = format!("its Content-Encoding is {name}, which the plugin does not read");
            assert_eq!((error.kind, error.detail.to_string()), (TransportErrorKind::Compression, detail.clone()));
            let rejection = decoded(response(401, label, packed.clone())).unwrap();
            assert_eq!((rejection.status, rejection.body), (401, detail.into_bytes()));
        }
    }

    #[test]
    fn keeps_the_readable_part_of_a_truncated_error() {
        let whole = gzip(0, b"", &b"{\"error\": \"no such key\"}".repeat(50));
        let cut = decoded(response(400, "gzip", whole[..whole.len() - TRAILER - 2].to_vec())).unwrap();
        assert!(cut.status == 400 && cut.body.starts_with(b"{\"error\": \"no such key\"}"));
        let binary = decoded(response(400, "gzip", vec![0, 1, 2, 255])).unwrap();
        assert_eq!((binary.status, binary.body.len()), (400, 0));
    }

    #[test]
    fn rejects_a_body_with_too_many_members() {
        let members = |count| response(200, "gzip", gzip(0, b"", b"").repeat(count));
        assert!(decoded(members(MAX_MEMBERS)).unwrap().body.is_empty());
        assert_eq!(kind(members(MAX_MEMBERS + 1)), TransportErrorKind::Compression);
    }

    #[test]
    fn rejects_a_bomb_and_keeps_the_status_of_an_error() {
        let bomb = gzip(0, b"", &vec![b' '; MAX_RESPONSE_BYTES + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(kind(response(200, "gzip", bomb.clone())), TransportErrorKind::TooLarge);
        let error = decoded(response(500, "gzip", bomb)).unwrap();
        assert_eq!((error.status, error.body.len() <= MAX_ERROR_BYTES), (500, true));
    }

    #[test]
    fn rejects_damaged_bodies() {
        let whole = gzip(0, b"", b"some text that is long enough to be cut");
        let cut_member = [whole.as_slice(), &whole[..14]].concat();
        for body in [whole[..20].to_vec(), gzip(HAS_NAME, b"endless", b"")[..14].to_vec(), cut_member] {
            assert_eq!(kind(response(200, "gzip", body)), TransportErrorKind::Compression);
        }
        assert_eq!(kind(response(200, "gzip", vec![0, 1, 2, 255])), TransportErrorKind::Compression);
        assert_eq!(kind(response(200, "deflate", vec![0x78, 0x9c, 255, 255])), TransportErrorKind::Compression);
    }
}
