//! Failures between the plugin and the API, with their codes and messages.

use crate::error::{ErrorText, error_text};

/// The request did not reach the API, or its response was incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// The cause in the words of the operating system or TLS library; may be empty.
    pub detail: ErrorText,
}

impl TransportError {
    /// A failure of this kind, with the cause's own words.
    pub fn new(kind: TransportErrorKind, detail: impl Into<ErrorText>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// Describes what happened.
    #[must_use]
    pub fn text(&self) -> ErrorText {
        let what = self.kind.in_words();
        match self.cause() {
            Some(cause) => error_text![what, " (", cause.clone(), ")"],
            None => what.into(),
        }
    }

    /// What the detail adds to the kind.
    #[must_use]
    pub fn cause(&self) -> Option<&ErrorText> {
        // The system's message for a refused connection would repeat ours.
        Some(&self.detail).filter(|detail| !detail.is_empty() && self.kind != TransportErrorKind::Refused)
    }
}

/// Kinds of transport failures, each with its own code, message and advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The query's deadline passed while the request was in progress.
    Timeout,
    /// The connect timeout passed without a connection.
    ConnectTimeout,
    /// The host name could not be resolved.
    Dns,
    /// Nothing listens on the address.
    Refused,
    /// No route to the host or the network.
    Unreachable,
    /// The connection was closed before the response was complete.
    Reset,
    /// The body ended before its announced length.
    Truncated,
    /// The server's certificate is expired or not yet valid.
    TlsExpired,
    /// The server's certificate is self-signed or signed by an unknown CA.
    TlsUnknownIssuer,
    /// The server's certificate is for another host.
    TlsWrongHost,
    /// The server's certificate cannot be used for another reason.
    TlsCertificate,
    /// TLS failed in another way.
    Tls,
    /// The proxy is unreachable or refused to connect.
    Proxy,
    /// The proxy requires a username and password.
    ProxyAuthentication,
    /// The response is a redirect, which is never followed.
    Redirect,
    /// The server does not use HTTP.
    NotHttp,
    /// The response headers exceed the limit.
    HeadersTooLarge,
    /// The body exceeds the limit, possibly only after decompression.
    TooLarge,
    /// The response is within its limit, but the result made of it would exceed its own.
    ResultTooLarge,
    /// The body's compression is invalid or unsupported.
    Compression,
    /// `ToolJet`'s rules forbid a connection to this address.
    Blocked,
    /// The query got no connection or memory before its deadline, because other queries were using them.
    Busy,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    /// The value of `data.code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ConnectTimeout => "connect_timeout",
            Self::Dns => "dns_failed",
            Self::Refused => "connection_refused",
            Self::Unreachable => "host_unreachable",
            Self::Reset => "connection_reset",
            Self::Truncated => "truncated_response",
            Self::TlsExpired => "tls_certificate_expired",
            Self::TlsUnknownIssuer => "tls_unknown_issuer",
            Self::TlsWrongHost => "tls_wrong_host",
            Self::TlsCertificate => "tls_certificate_unusable",
            Self::Tls => "tls_failed",
            Self::Proxy => "proxy_failed",
            Self::ProxyAuthentication => "proxy_authentication_required",
            Self::Redirect => "unexpected_redirect",
            Self::NotHttp => "not_http",
            Self::HeadersTooLarge => "response_headers_too_large",
            Self::TooLarge | Self::ResultTooLarge => "response_too_large",
            Self::Compression => "invalid_compression",
            Self::Blocked => "address_blocked",
            Self::Busy => "server_busy",
            Self::Other => "connection_failed",
        }
    }

    /// The reason in a few words, for places too small for a sentence.
    #[must_use]
    pub fn in_short(self) -> &'static str {
        match self {
            Self::Timeout => "no response in time",
            Self::ConnectTimeout => "no connection in time",
            Self::Dns => "host name not found",
            Self::Refused => "connection refused",
            Self::Unreachable => "host not reachable",
            Self::Reset => "connection closed too early",
            Self::Truncated => "response cut off",
            Self::TlsExpired => "certificate expired or not yet valid",
            Self::TlsUnknownIssuer => "certificate not trusted",
            Self::TlsWrongHost => "certificate of another host",
            Self::TlsCertificate => "certificate not usable",
            Self::Tls => "TLS connection failed",
            Self::Proxy => "proxy did not connect",
            Self::ProxyAuthentication => "proxy requires a valid username and password",
            Self::Redirect => "redirected to another URL",
            Self::NotHttp => "not an HTTP server",
            Self::HeadersTooLarge => "too many response headers",
            Self::TooLarge | Self::ResultTooLarge => "response too large",
            Self::Compression => "compressed response not readable",
            Self::Blocked => "address blocked by ToolJet's SSRF protection",
            Self::Busy => "too many queries at once",
            Self::Other => "connection failed",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Timeout => "no response in time",
            Self::ConnectTimeout => "no connection in time",
            Self::Dns => "the host name of the API could not be resolved",
            Self::Refused => "the connection to the API was refused",
            Self::Unreachable => "the API's host cannot be reached from this server",
            Self::Reset => "the connection was closed before the response was complete",
            Self::Truncated => "the response was cut off before it was complete",
            Self::TlsExpired => "the API's TLS certificate is not valid at this time",
            Self::TlsUnknownIssuer => "the API's TLS certificate is not signed by a trusted CA",
            Self::TlsWrongHost => "the API's TLS certificate is for another host",
            Self::TlsCertificate => "the API's TLS certificate cannot be used",
            Self::Tls => "the TLS connection to the API failed",
            Self::Proxy => "the proxy did not connect to the API",
            Self::ProxyAuthentication => "the proxy requires a valid username and password",
            Self::Redirect => "the API sent a redirect, which the plugin does not follow",
            Self::NotHttp => "the server at this URL does not speak HTTP",
            Self::HeadersTooLarge => "the response has more headers than the plugin accepts",
            Self::TooLarge | Self::ResultTooLarge => "the response is larger than the plugin accepts",
            Self::Compression => "the compressed response cannot be read",
            Self::Blocked => "ToolJet's SSRF protection blocks this address",
            Self::Busy => "the ToolJet server is busy with other queries",
            Self::Other => "the request to the API failed",
        }
    }

    /// Whether any part of the request may have reached a server.
    #[must_use]
    pub fn is_sent(self) -> bool {
        !matches!(
            self,
            Self::ConnectTimeout
                | Self::Dns
                | Self::Refused
                | Self::Unreachable
                | Self::TlsExpired
                | Self::TlsUnknownIssuer
                | Self::TlsWrongHost
                | Self::Tls
                | Self::Proxy
                | Self::ProxyAuthentication
                | Self::Blocked
                | Self::Busy
        )
    }

    /// Whether a retry may succeed. The same certificate, rule, address or oversized response would only fail again.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout
                | Self::Dns
                | Self::Refused
                | Self::Unreachable
                | Self::Reset
                | Self::Truncated
                | Self::Other
        )
    }
}
