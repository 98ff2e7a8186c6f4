//! Undoes the gzip of an answer, within its limit: a small body may hold a huge one.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use crate::{
    budgets::{MAX_ERROR_BYTES, MAX_RESPONSE_BYTES},
    error::{TransportError, TransportErrorKind, error_text},
    network::http::HttpResponse,
};

/// Sent as `Accept-Encoding`.
pub const ACCEPTED: &str = "gzip";

const HEADER: usize = 10;
const TRAILER: usize = 8;
const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;

/// A response whose packed body was unpacked up to a limit.
pub enum Unpacked {
    /// All of it.
    Whole(HttpResponse),
    /// It holds more, so this is the response as it was.
    Longer(HttpResponse),
}

/// Whether the body of a response is packed.
#[must_use]
pub fn is_packed(response: &HttpResponse) -> bool {
    !matches!(response.header("content-encoding").map(str::to_ascii_lowercase).as_deref(), None | Some("" | "identity"))
}

/// Unpacks the body of a response if it comes to at most `limit` bytes.
///
/// # Errors
/// [`TransportErrorKind::TooLarge`] beyond the limit of all responses, [`TransportErrorKind::Compression`]
/// for a damaged body or another encoding than gzip, which nobody asked for. An error
/// response keeps its status in any case, with as much of its body as can be had, and so does one that was cut.
pub fn unpack(mut response: HttpResponse, limit: usize) -> Result<Unpacked, TransportError> {
    let failed = !(200..300).contains(&response.status);
    let max_bytes = if failed { MAX_ERROR_BYTES } else { MAX_RESPONSE_BYTES };
    let body = match response.header("content-encoding").map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => return Ok(Unpacked::Whole(response)),
        Some("gzip" | "x-gzip") => gunzip(&response.body, limit.min(max_bytes)),
        Some(_) => Err((TransportErrorKind::Compression, Vec::new())),
    };
    response.body = match body {
        Ok(body) => body,
        Err((TransportErrorKind::TooLarge, _)) if limit < max_bytes => return Ok(Unpacked::Longer(response)),
        Err((_, start)) if failed || response.cut.is_some() => start,
        Err((TransportErrorKind::TooLarge, _)) => return Err(too_large()),
        Err((kind, _)) => return Err(TransportError::new(kind, "")),
    };
    Ok(Unpacked::Whole(response))
}

/// A successful response holds more than any may.
#[must_use]
pub fn too_large() -> TransportError {
    let detail = error_text!["more than ", MAX_RESPONSE_BYTES >> 20, " MiB after decompression"];
    TransportError::new(TransportErrorKind::TooLarge, detail)
}

/// The uncompressed bytes, or why not and as many of them as there are.
fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, (TransportErrorKind, Vec<u8>)> {
    let damaged = || (TransportErrorKind::Compression, Vec::new());
    let deflated = without_header(body).ok_or_else(damaged)?;
    decompress_to_vec_with_limit(deflated, limit).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => (TransportErrorKind::TooLarge, error.output),
        _ => (TransportErrorKind::Compression, error.output),
    })
}

/// RFC 1952, section 2.3. The checksum at the end is not looked at: TLS has a better one,
/// and a damaged body is no JSON.
fn without_header(body: &[u8]) -> Option<&[u8]> {
    let [0x1f, 0x8b, 8, flags, ..] = *body else { return None };
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
    rest.get(..rest.len().checked_sub(TRAILER)?)
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

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
    fn a_body_that_is_longer_than_the_limit_comes_back_packed() {
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
    fn gzip_is_undone_with_every_optional_header() {
        let optional = b"\x03\x00abcname\0comment\0xx";
        for (flags, extra) in [(0, &b""[..]), (HAS_NAME, b"name\0"), (0b1_1110, optional)] {
            let answer = decoded(response(200, "GZIP", gzip(flags, extra, b"{\"a\": 1}"))).unwrap();
            assert_eq!(answer.body, b"{\"a\": 1}");
        }
        assert_eq!(decoded(response(200, "identity", b"{}".to_vec())).unwrap().body, b"{}");
    }

    #[test]
    fn a_bomb_is_an_error_and_an_error_keeps_its_status() {
        let bomb = gzip(0, b"", &vec![b' '; MAX_RESPONSE_BYTES + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(kind(response(200, "gzip", bomb.clone())), TransportErrorKind::TooLarge);
        let error = decoded(response(500, "gzip", bomb)).unwrap();
        assert_eq!((error.status, error.body.len() <= MAX_ERROR_BYTES), (500, true));
    }

    #[test]
    fn damaged_bodies_and_other_encodings_are_errors() {
        let whole = gzip(0, b"", b"some text that is long enough to be cut");
        for body in
            [whole[..20].to_vec(), b"plain".to_vec(), Vec::new(), gzip(HAS_NAME, b"endless", b"")[..14].to_vec()]
        {
            assert_eq!(kind(response(200, "gzip", body)), TransportErrorKind::Compression);
        }
        assert_eq!(kind(response(200, "br", whole)), TransportErrorKind::Compression);
    }
}
