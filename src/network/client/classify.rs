//! Classifies the errors of the HTTP client, and of what is below it.

use std::{error::Error as StdError, io};

use rustls::pki_types::InvalidDnsNameError;

use super::{clients::Blocked, lookups::Unresolved};
use crate::{
    error::{TransportError, TransportErrorKind as Kind, error_text, truncate::truncate},
    network::tls,
};

/// Longest detail of a failure, in characters.
pub(super) const MAX_DETAIL_CHARS: usize = 200;

/// A failed request, as far as it matters here.
#[derive(Clone, Copy)]
pub(super) struct Failed<'a> {
    /// The outermost cause.
    pub(super) cause: Option<&'a Cause>,
    /// Whether there was no connection yet.
    pub(super) connecting: bool,
    /// Whether a time limit of the client passed.
    pub(super) timed_out: bool,
}

/// What it means that a request could not be sent, or that no answer came; `through` is its
/// scheme if it takes a proxy.
pub(super) fn of_request(error: Failed<'_>, through: Option<&str>) -> TransportError {
    through.and_then(|scheme| of_proxy(error, scheme)).unwrap_or_else(|| of(error))
}

/// A failure to get through the proxy. The TLS that follows inside a tunnel is the API's.
fn of_proxy(error: Failed<'_>, scheme: &str) -> Option<TransportError> {
    let tunnel = causes(error).map(ToString::to_string).find(|cause| cause.starts_with("tunnel error"));
    if !error.connecting || !(tunnel.is_some() || error.timed_out || scheme == "http") {
        return None;
    }
    Some(match tunnel.as_deref() {
        Some("tunnel error: proxy authorization required") => {
            TransportError::new(Kind::ProxyAuthentication, "HTTP 407")
        }
        Some("tunnel error: unsuccessful") => TransportError::new(Kind::Proxy, "it rejected the request"),
        _ => TransportError::new(Kind::Proxy, error_text!["cannot reach it: ", innermost(error)]),
    })
}

/// What the HTTP client says of an exchange that broke, and what that means; the first that applies.
const MESSAGES: [(&str, Kind); 4] = [
    ("connection closed", Kind::Reset),
    ("parsed", Kind::NotHttp),
    ("message head is too large", Kind::NotHttp),
    ("received unexpected message", Kind::NotHttp),
];
/// What it says where the head of a response was fine.
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
    // For example after unanswered keep-alive probes; the client calls it a timeout as well.
    if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut && io.raw_os_error().is_some()) {
        return TransportError::new(Kind::Reset, innermost(error));
    }
    if error.timed_out {
        return TransportError::new(Kind::Timeout, "");
    }
    let chain = causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let of_message = || MESSAGES.iter().find(|(message, _)| chain.contains(message)).map(|(_, kind)| *kind);
    let kind = io.and_then(|io| of_io(io.kind(), chain.contains(READING_BODY))).or_else(of_message);
    TransportError::new(kind.unwrap_or(Kind::Other), innermost(error))
}

/// Errors whose type says it all.
fn of_typed(cause: &Cause) -> Option<TransportError> {
    if let Some(Blocked(reason)) = cause.downcast_ref() {
        return Some(TransportError::new(Kind::Blocked, *reason));
    }
    if let Some(Unresolved(reason)) = cause.downcast_ref() {
        return Some(TransportError::new(Kind::Dns, reason.clone()));
    }
    if let Some(error) = cause.downcast_ref::<InvalidDnsNameError>() {
        return Some(TransportError::new(Kind::Dns, error.to_string()));
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

/// An `io::Error` that wraps another error gives that error's source as its own.
fn deeper(cause: &Cause) -> Option<&Cause> {
    match cause.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

/// The words of the innermost cause.
pub(super) fn innermost(error: Failed<'_>) -> String {
    let text = causes(error).last().map_or_else(|| "no cause is known".to_owned(), ToString::to_string);
    // rustls adds the address of its manual, the standard library the system's number of the error.
    let text = text.split(": https://").next().unwrap_or_default();
    truncate(text.split(" (os error ").next().unwrap_or_default(), MAX_DETAIL_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(cause: &io::Error, connecting: bool, timed_out: bool) -> Kind {
        of(Failed { cause: Some(cause), connecting, timed_out }).kind
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_that_the_system_gives_up_is_not_the_deadline() {
        const ETIMEDOUT: i32 = 110;
        // reqwest calls both a timeout.
        assert_eq!(kind(&io::Error::from_raw_os_error(ETIMEDOUT), false, true), Kind::Reset);
        assert_eq!(kind(&io::Error::from_raw_os_error(ETIMEDOUT), true, true), Kind::ConnectTimeout);
        assert_eq!(kind(&io::Error::other("operation timed out"), false, true), Kind::Timeout);
    }

    #[test]
    fn a_cause_is_found_however_often_it_is_wrapped() {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown));
        assert_eq!(kind(&wrapped, true, false), Kind::TlsUnknownIssuer);
    }
}
