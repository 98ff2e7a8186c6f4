//! HTTP requests and responses as plain values, and the trait that sends them.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use url::Url;

use crate::{error::TransportError, input::secret::Secret, network::client::Hold};

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Sends no body.
    Get,
    /// Sends a body.
    Post,
}

/// A request, ready to be sent any number of times.
#[derive(Debug)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// The full URL.
    pub url: Url,
    /// Header names are in lower case; values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// The body, the same for every attempt.
    pub body: Option<Body>,
    /// Whether `ToolJet`'s SSRF rules apply, because a person entered the URL.
    pub is_custom: bool,
}

/// The body of a request. Clones share its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// JSON text.
    Json(Bytes),
    /// `multipart/form-data`, which the client encodes for each attempt.
    Form(Form),
}

/// A form with one file, in a field named `file`.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Names and values of the other fields, in order.
    pub fields: Vec<(String, String)>,
    /// The file.
    pub file: FormFile,
}

/// A file in a form.
#[derive(Clone, PartialEq)]
pub struct FormFile {
    /// Its name with an extension, which tells servers its type.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub data: Bytes,
}

impl fmt::Debug for FormFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.data.len())
    }
}

/// A response with its body.
#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Header names are in lower case.
    pub headers: Vec<(String, String)>,
    /// At most [`crate::budgets::MAX_RESPONSE_BYTES`], or [`crate::budgets::MAX_ERROR_BYTES`] for an error.
    pub body: Vec<u8>,
    /// Why the body of a success is incomplete. The start of a stream is still useful.
    pub cut: Option<TransportError>,
}

impl HttpResponse {
    /// The first header with this lower-case name, trimmed.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }
}

/// Receives the lines of the query log without line breaks. Never blocks.
pub type LogSink = Arc<dyn Fn(String) + Send + Sync>;

/// The outside world: sockets, clocks and randomness. In production, it is [`crate::network::client::Client`].
pub trait Transport: Sync {
    /// Sends `request` and reads the response: all of it, or a stream up to its last event, or as much as arrives.
    /// Fails with [`crate::error::TransportErrorKind::Timeout`] after `timeout`; this aborts the request, as does
    /// dropping the future. Memory for the response is added to `hold`.
    fn send(
        &self,
        request: &HttpRequest,
        timeout: Duration,
        hold: &mut Hold,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;

    /// Processes `bytes` bytes with `work`: at once if they are few, or else on a thread without sockets and timers. A
    /// panic of `work` propagates. Once started, `work` continues even if the future is dropped.
    fn offload<R: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> impl Future<Output = R> + Send {
        let _ = bytes;
        async move { work() }
    }

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// A monotonic clock, counted from an arbitrary start.
    fn now(&self) -> Duration;

    /// The calendar clock, for HTTP dates.
    fn wall_clock(&self) -> SystemTime;

    /// The proxies' credentials, which must never be shown.
    fn proxy_secrets(&self) -> &[Secret] {
        &[]
    }

    /// The query log, if the administrator enabled it.
    fn log(&self) -> Option<LogSink> {
        None
    }

    /// A random number in `0.0..1.0`.
    fn jitter(&self) -> f64;
}
