//! HTTP requests and responses as plain values, and the one trait that sends them.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use url::Url;

use crate::{error::TransportError, input::secret::Secret, network::client::Hold};

/// HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a body.
    Post,
}

/// One request, ready to be sent any number of times.
#[derive(Debug)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Full address.
    pub url: Url,
    /// Lower-case names; the values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// What all attempts send.
    pub body: Option<Body>,
    /// Whether `ToolJet`'s rules on addresses apply, because a person typed this one.
    pub is_custom: bool,
}

/// The body of a request. Copies share its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// JSON text.
    Json(Bytes),
    /// `multipart/form-data`, which the client writes anew for each attempt.
    Form(Form),
}

/// A form with one file, in a field that is called `file`.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Names and values of the other fields, in their order.
    pub fields: Vec<(String, String)>,
    /// The file.
    pub file: FormFile,
}

/// A file in a form.
#[derive(Clone, PartialEq)]
pub struct FormFile {
    /// Its name with an extension, by which servers know its type.
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

/// One response with its body.
#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    /// At most [`crate::budgets::MAX_RESPONSE_BYTES`], or [`crate::budgets::MAX_ERROR_BYTES`] of an error.
    pub body: Vec<u8>,
    /// Why the body of a success is not whole: of a stream, also its start is worth something.
    pub cut: Option<TransportError>,
}

impl HttpResponse {
    /// The first header of this lower-case name, without surrounding blanks.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }
}

/// Takes the lines of the query log, each without its line break, and never waits.
pub type LogSink = Arc<dyn Fn(String) + Send + Sync>;

/// The outside world: sockets, clocks and randomness. [`crate::network::client::Client`] in production.
pub trait Transport: Sync {
    /// Sends `request` and reads the whole response, of a stream up to its last event, or as much of it as comes.
    /// Fails with [`crate::error::TransportErrorKind::Timeout`] after `timeout`, having
    /// aborted the request on the wire; dropping the future aborts it as well. What the response takes of
    /// memory is added to `hold`.
    fn send(
        &self,
        request: &HttpRequest,
        timeout: Duration,
        hold: &mut Hold,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;

    /// Does `work` on `bytes` bytes: at once if they are few, else on a thread that no socket and no timer
    /// depends on. A panic of `work` panics here. Work that has begun goes on if the future is dropped.
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

    /// A clock that never goes back, counted from any fixed point.
    fn now(&self) -> Duration;

    /// The calendar clock, which HTTP dates refer to.
    fn wall_clock(&self) -> SystemTime;

    /// The credentials of the proxies, which must never be shown.
    fn proxy_secrets(&self) -> &[Secret] {
        &[]
    }

    /// Where the query log goes, if the administrator wants one.
    fn log(&self) -> Option<LogSink> {
        None
    }

    /// A fresh sample in `0.0..1.0`.
    fn jitter(&self) -> f64;
}
