//! What can go wrong, as one enum. What a builder is told to do about it is in `advice.rs`.

use std::time::Duration;

use serde::Serialize;

/// A failed query or connection test.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of the data source or the query cannot be used. Nothing was sent.
    #[error("{field}: {reason}")]
    InvalidOption {
        /// The option's key, as in the form; with an index where a list is meant.
        field: String,
        /// What is wrong with it and what is expected.
        reason: String,
    },
    /// The query names no operation, or none of ours. Nothing was sent.
    #[error("operation: {0}")]
    UnknownOperation(String),
    /// The API answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The deadline of the query passed; the request was aborted.
    #[error("no answer within {}", seconds(*after))]
    Timeout {
        /// The time that the query had in all.
        after: Duration,
    },
    /// The request did not reach the API, or the answer did not come back whole.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The API answered with success, but not with what this endpoint answers.
    #[error("{reason}")]
    Decode {
        /// HTTP status of the answer.
        status: u16,
        /// What was expected and what came, with an excerpt.
        reason: String,
        /// What the body looks like.
        body: Unexpected,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// The API answered, but the model gave no usable answer.
    #[error("{reason}")]
    NoAnswer {
        /// Why.
        code: NoAnswer,
        /// What came instead, in words.
        reason: String,
        /// The API's id of the request.
        request_id: Option<String>,
    },
    /// A bug in the plugin, caught before it could harm the server.
    #[error("the plugin failed unexpectedly: {0}")]
    Internal(String),
}

impl Error {
    /// An [`Error::InvalidOption`].
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidOption { field: field.into(), reason: reason.into() }
    }

    /// The API's own error, where it is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// The word for this failure in `data.code`: the API's own code where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::InvalidOption { .. } => Some("invalid_option"),
            Self::UnknownOperation(_) => Some("unknown_operation"),
            Self::Api(error) => error.code.as_deref(),
            Self::Timeout { .. } => Some("timeout"),
            Self::Transport(error) => Some(error.kind.code()),
            Self::Decode { .. } => Some("invalid_response"),
            Self::NoAnswer { code, .. } => Some(code.code()),
            Self::Internal(_) => Some("internal_error"),
        }
    }

    /// What is known about this failure in small structured fields.
    #[must_use]
    pub fn details(&self) -> Details<'_> {
        let code = self.code();
        match self {
            Self::Api(error) => Details {
                status: Some(error.status),
                code,
                kind: error.kind.as_deref(),
                param: error.param.as_deref(),
                request_id: error.request_id.as_deref(),
                retry_after_seconds: error.retry_after.map(|wait| wait.as_secs_f64()),
                ..Details::default()
            },
            Self::InvalidOption { field, .. } => Details { code, param: Some(field), ..Details::default() },
            Self::Decode { status, request_id, .. } => {
                Details { status: Some(*status), code, request_id: request_id.as_deref(), ..Details::default() }
            }
            Self::NoAnswer { request_id, .. } => {
                Details { code, request_id: request_id.as_deref(), ..Details::default() }
            }
            _ => Details { code, ..Details::default() },
        }
    }
}

/// `data` of a `QueryError`: what an app can branch on. Unknown fields are left out.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Details<'a> {
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The API's code, or the plugin's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// The API's type of the error.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
    /// The parameter or field that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<&'a str>,
    /// The API's id of the request, for support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// How long the API asks to wait, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<f64>,
    /// Requests that were sent; unknown where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The model that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<&'a str>,
    /// What to do, as at the end of the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

/// An error that the API itself reported, in whatever shape.
#[derive(Clone, Debug, Default, PartialEq, thiserror::Error)]
#[error("the API answered HTTP {status}{}: {message}", self.code_in_words())]
pub struct ApiError {
    /// HTTP status; for an error under HTTP 200, the status that its code names.
    pub status: u16,
    /// The API's own words; never empty, at most 500 characters.
    pub message: String,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.code`, as text.
    pub code: Option<String>,
    /// `error.param`: the request's parameter that is meant.
    pub param: Option<String>,
    /// The API's id of the request, for support.
    pub request_id: Option<String>,
    /// How long the API asks to wait before another try.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`: the API's own word on whether another try makes sense.
    pub should_retry: Option<bool>,
    /// Whether the body is an HTML page: a proxy or a wrong address answered.
    pub html: bool,
}

impl ApiError {
    fn code_in_words(&self) -> String {
        match &self.code {
            Some(code) if code.parse::<u16>() != Ok(self.status) => format!(" ({code})"),
            _ => String::new(),
        }
    }
}

/// The request did not reach the API, or its answer did not come back whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", self.kind.in_words(), self.detail_in_words())]
pub struct TransportError {
    /// What kind of failure.
    pub kind: TransportErrorKind,
    /// The cause in the words of the system or the TLS library; may be empty.
    pub detail: String,
}

impl TransportError {
    /// A failure of this kind with the cause's own words.
    pub fn new(kind: TransportErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    fn detail_in_words(&self) -> String {
        if self.detail.is_empty() { String::new() } else { format!(" ({})", self.detail) }
    }
}

/// Kinds of transport failures: each has its own code, words and advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The deadline of the query passed while the request was under way.
    Timeout,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The host name has no address.
    Dns,
    /// Nothing listens at the address.
    Refused,
    /// No route to the host or the network.
    Unreachable,
    /// The connection was closed before the answer was complete.
    Reset,
    /// The body ended before its announced length.
    Truncated,
    /// The server's certificate is out of date.
    TlsExpired,
    /// The server's certificate is signed by nobody we know, or by itself.
    TlsUnknownIssuer,
    /// The server's certificate is for another host.
    TlsWrongHost,
    /// TLS failed in another way.
    Tls,
    /// The proxy cannot be reached or refused to connect.
    Proxy,
    /// The proxy wants a user and a password.
    ProxyAuthentication,
    /// The answer is a redirect, which is never followed.
    Redirect,
    /// What answered does not speak HTTP.
    NotHttp,
    /// The body is larger than the limit, perhaps only after decompression.
    TooLarge,
    /// The body's compression is broken.
    Compression,
    /// `ToolJet`'s rules forbid to connect to this address.
    Blocked,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    /// The word for `data.code`.
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
            Self::Tls => "tls_failed",
            Self::Proxy => "proxy_failed",
            Self::ProxyAuthentication => "proxy_authentication_required",
            Self::Redirect => "unexpected_redirect",
            Self::NotHttp => "not_http",
            Self::TooLarge => "response_too_large",
            Self::Compression => "invalid_compression",
            Self::Blocked => "address_blocked",
            Self::Other => "connection_failed",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Timeout => "no answer in time",
            Self::ConnectTimeout => "no connection in time",
            Self::Dns => "the host name of the API could not be resolved",
            Self::Refused => "the connection to the API was refused",
            Self::Unreachable => "the API's host cannot be reached from this server",
            Self::Reset => "the connection was closed before the answer was complete",
            Self::Truncated => "the answer was cut off on its way",
            Self::TlsExpired => "the API's TLS certificate is not valid at this time",
            Self::TlsUnknownIssuer => "the API's TLS certificate is not signed by a known authority",
            Self::TlsWrongHost => "the API's TLS certificate is for another host",
            Self::Tls => "no secure connection to the API could be made",
            Self::Proxy => "the proxy did not connect to the API",
            Self::ProxyAuthentication => "the proxy wants a user and a password, or other ones",
            Self::Redirect => "the API answered with a redirect, which is not followed",
            Self::NotHttp => "what answered at this address does not speak HTTP",
            Self::TooLarge => "the answer is larger than the plugin accepts",
            Self::Compression => "the answer's compression is broken",
            Self::Blocked => "ToolJet's rules do not allow a connection to this address",
            Self::Other => "the request to the API failed",
        }
    }

    /// Whether another try may succeed. The same certificate, rule, address or
    /// oversized answer would only fail again.
    #[must_use]
    pub fn is_passing(self) -> bool {
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

/// What came in place of the expected JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unexpected {
    /// A web page.
    Html,
    /// A stream of events, which was not asked for.
    EventStream,
    /// Anything else.
    Other,
}

/// Reasons why an answer holds nothing to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The model refused.
    Refusal,
    /// The content filter stopped the answer before any text.
    ContentFilter,
    /// The token limit was used up before any text, usually by reasoning.
    TokensSpentOnReasoning,
    /// JSON was asked for and the answer was cut by the token limit.
    JsonTruncated,
    /// JSON was asked for and the answer is none.
    JsonInvalid,
    /// The answer has no choices, or the upstream model failed.
    Empty,
}

impl NoAnswer {
    /// The word for `data.code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::TokensSpentOnReasoning => "tokens_spent_on_reasoning",
            Self::JsonTruncated => "json_truncated",
            Self::JsonInvalid => "json_invalid",
            Self::Empty => "no_answer",
        }
    }
}

/// `1.5 s`, `600 s`: durations as builders read them.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else if millis < 1000 {
        format!("{millis} ms")
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_error_names_status_code_and_message() {
        let mut error = ApiError {
            status: 404,
            message: "No such model".to_owned(),
            code: Some("model_not_found".to_owned()),
            ..ApiError::default()
        };
        assert_eq!(error.to_string(), "the API answered HTTP 404 (model_not_found): No such model");
        error.code = Some("404".to_owned());
        assert_eq!(error.to_string(), "the API answered HTTP 404: No such model");
    }

    #[test]
    fn data_holds_only_what_is_known() {
        let details = |error: &Error| serde_json::to_value(error.details()).unwrap();
        let error = Error::Api(Box::new(ApiError { status: 500, ..ApiError::default() }));
        assert_eq!(details(&error), serde_json::json!({"status": 500}));
        let error = Error::invalid("max_tokens", "must be a whole number");
        assert_eq!(details(&error), serde_json::json!({"code": "invalid_option", "param": "max_tokens"}));
        assert_eq!(error.to_string(), "max_tokens: must be a whole number");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(250)), "250 ms");
        assert_eq!(seconds(Duration::from_secs(600)), "600 s");
        assert_eq!(seconds(Duration::from_millis(1_540)), "1.5 s");
    }
}
