//! Classifies errors of the HTTP client and of the layers below.

use std::{error::Error as StdError, io};

use rustls::pki_types::InvalidDnsNameError;
use url::Url;

use super::{clients::Blocked, lookups::Unresolved};
use crate::{
    budgets::MAX_RESPONSE_HEADERS,
    error::{TransportError, TransportErrorKind as Kind, error_text, truncate::truncate},
    network::tls,
};

/// Maximum length of a failure's detail, in characters.
pub(super) const MAX_DETAIL_CHARS: usize = 200;

/// A failed request, reduced to what classification needs.
#[derive(Clone, Copy)]
pub(super) struct Failed<'a> {
    /// The outermost cause.
    cause: Option<&'a Cause>,
    /// Whether the connection had not been established.
    connecting: bool,
    /// Whether a timeout of the client passed.
    timed_out: bool,
}

pub(super) fn failed(error: &reqwest::Error) -> Failed<'_> {
    Failed { cause: error.source(), connecting: error.is_connect(), timed_out: error.is_timeout() }
}

/// Classifies a request that could not be sent or got no response. `proxied` is its URL if it goes through a proxy.
pub(super) fn of_request(error: Failed<'_>, proxied: Option<&Url>) -> TransportError {
    proxied.and_then(|url| of_proxy(error, url)).unwrap_or_else(|| of(error))
}

/// A failure to get through the proxy. TLS errors inside a tunnel are the API's.
fn of_proxy(error: Failed<'_>, url: &Url) -> Option<TransportError> {
    let tunnel = causes(error).map(ToString::to_string).find_map(|cause| {
        let reason = cause.strip_prefix("tunnel error: ")?;
        Some(reason.to_owned())
    });
    if !error.connecting || !(tunnel.is_some() || error.timed_out || url.scheme() == "http") {
        return None;
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let (kind, detail) = match tunnel.as_deref() {
        Some("proxy authorization required") => (Kind::ProxyAuthentication, "HTTP 407".into()),
        // The status of the proxy's response is unknown.
        Some("unsuccessful") => (Kind::Proxy, error_text!["it did not connect to ", host]),
        Some("unexpected end of file") => (Kind::Proxy, "it closed the connection".into()),
        Some("proxy response headers too long") => (Kind::Proxy, "its response is too long".into()),
        _ => (Kind::Proxy, error_text!["cannot reach it: ", innermost(error)]),
    };
    Some(TransportError::new(kind, detail))
}

/// The HTTP client's messages about a broken exchange, and their meaning; the first match applies.
const MESSAGES: [(&str, Kind); 4] = [
    ("connection closed", Kind::Reset),
    ("parsed", Kind::NotHttp),
    ("message head is too large", Kind::HeadersTooLarge),
    ("received unexpected message", Kind::NotHttp),
];
/// Its message if the head of a response was fine.
const READING_BODY: &str = "reading a body";

/// Classifies a failure by its cause chain, never by its own message.
pub(super) fn of(error: Failed<'_>) -> TransportError {
    if let Some(known) = causes(error).find_map(of_typed) {
        return known;
    }
    if error.connecting && error.timed_out {
        return TransportError::new(Kind::ConnectTimeout, "");
    }
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
    // For example after unanswered keep-alive probes, which the client also calls a timeout.
    if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut && io.raw_os_error().is_some()) {
        return TransportError::new(Kind::Reset, innermost(error));
    }
    if error.timed_out {
        return TransportError::new(Kind::Timeout, "");
    }
    let chain = causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let of_message = || MESSAGES.iter().find(|(message, _)| chain.contains(message)).map(|(_, kind)| *kind);
    let kind =
        io.and_then(|io| of_io(io.kind(), chain.contains(READING_BODY))).or_else(of_message).unwrap_or(Kind::Other);
    let detail = match kind {
        // The kind is clear without a detail.
        Kind::Refused => "".into(),
        Kind::Reset if io.is_none() => "".into(),
        Kind::HeadersTooLarge => error_text!["more than ", MAX_RESPONSE_HEADERS, " headers or 400 KiB"],
        _ => innermost(error).into(),
    };
    TransportError::new(kind, detail)
}

/// Errors classified by their type alone.
fn of_typed(cause: &Cause) -> Option<TransportError> {
    if let Some(Blocked(reason)) = cause.downcast_ref() {
        return Some(TransportError::new(Kind::Blocked, *reason));
    }
    if let Some(Unresolved(reason)) = cause.downcast_ref() {
        return Some(TransportError::new(Kind::Dns, plain(reason)));
    }
    if cause.is::<InvalidDnsNameError>() {
        return Some(TransportError::new(Kind::Dns, "it is not a valid name"));
    }
    cause.downcast_ref().map(tls::failure)
}

fn of_io(kind: io::ErrorKind, is_reading_body: bool) -> Option<Kind> {
    use io::ErrorKind;
    Some(match kind {
        ErrorKind::ConnectionRefused => Kind::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Kind::Unreachable,
        ErrorKind::UnexpectedEof if is_reading_body => Kind::Truncated,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Kind::Reset,
        // Malformed chunked encoding.
        ErrorKind::InvalidData | ErrorKind::InvalidInput if is_reading_body => Kind::NotHttp,
        _ => return None,
    })
}

/// The causes of an error, outermost first.
fn causes<'a>(error: Failed<'a>) -> impl Iterator<Item = &'a Cause> {
    std::iter::successors(error.cause, |cause| deeper(*cause))
}

pub(super) type Cause = dyn StdError + 'static;

/// An `io::Error` that wraps another error returns that error's source as its own.
fn deeper(cause: &Cause) -> Option<&Cause> {
    match cause.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

/// The message of the innermost cause.
pub(super) fn innermost(error: Failed<'_>) -> String {
    plain(&causes(error).last().map_or_else(|| "no cause is known".to_owned(), ToString::to_string))
}

/// Messages of the system and of libraries, without what app builders do not need: function names, error numbers, links
/// to manuals.
fn plain(text: &str) -> String {
    let text = text.split(": https://").next().unwrap_or_default();
    let text = text.split(" (os error ").next().unwrap_or_default();
    truncate(text.strip_prefix("failed to lookup address information: ").unwrap_or(text), MAX_DETAIL_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_io_error(cause: &io::Error, connecting: bool, timed_out: bool) -> TransportError {
        of(Failed { cause: Some(cause), connecting, timed_out })
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn distinguishes_the_system_s_timeout_from_the_deadline() {
        const ETIMEDOUT: i32 = 110;
        let kind = |cause: &io::Error, connecting| of_io_error(cause, connecting, true).kind;
        // reqwest calls both a timeout.
        assert_eq!(kind(&io::Error::from_raw_os_error(ETIMEDOUT), false), Kind::Reset);
        assert_eq!(kind(&io::Error::from_raw_os_error(ETIMEDOUT), true), Kind::ConnectTimeout);
        assert_eq!(kind(&io::Error::other("operation timed out"), false), Kind::Timeout);
    }

    #[test]
    fn removes_noise_from_system_messages() {
        let words = |code: i32| of_io_error(&io::Error::from_raw_os_error(code), false, false).text().to_string();
        assert!(!words(111).contains('('), "{}", words(111));
        assert!(!words(104).contains("os error"), "{}", words(104));
        assert_eq!(
            plain("failed to lookup address information: Name or service not known"),
            "Name or service not known"
        );
        assert_eq!(plain("unexpected end: https://docs.rs/rustls"), "unexpected end");
    }

    #[test]
    fn finds_a_cause_at_any_depth() {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown));
        assert_eq!(of_io_error(&wrapped, true, false).kind, Kind::TlsUnknownIssuer);
    }
}
