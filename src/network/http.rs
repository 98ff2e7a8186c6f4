//! HTTP requests and responses as plain values, and the trait that sends them.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
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
    /// Where the body of a success goes as it comes; without one, it is in the response.
    pub sink: Option<Sink>,
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
#[derive(Clone, Debug, PartialEq)]
pub struct FormFile {
    /// Its name with an extension, which tells servers its type.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: Content,
}

/// What a file contains.
#[derive(Clone)]
pub enum Content {
    /// Bytes that are there.
    Bytes(Bytes),
    /// Bytes that are written while they are sent.
    Written(Written),
}

/// Pieces of a content in their order.
pub type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// A content that is never there as a whole. It is written anew for each attempt, on the threads for long work.
#[derive(Clone)]
pub struct Written {
    /// Its length, in bytes.
    pub length: usize,
    write: Arc<dyn Fn() -> Pieces + Send + Sync>,
}

impl Written {
    /// A content of `length` bytes, which `write` begins to write each time. A piece should have about
    /// [`crate::budgets::WORK_BYTES`].
    pub fn new(length: usize, write: impl Fn() -> Pieces + Send + Sync + 'static) -> Self {
        Self { length, write: Arc::new(write) }
    }

    /// Its pieces, none of which is written yet.
    #[must_use]
    pub fn pieces(&self) -> Pieces {
        (self.write)()
    }
}

impl Content {
    /// Its length, in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Written(written) => written.length,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length())
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            (Self::Written(one), Self::Written(other)) => Arc::ptr_eq(&one.write, &other.write),
            _ => false,
        }
    }
}

/// Takes the body of a response while it comes.
pub trait BodySink: Send {
    /// A body begins. What has come of the body of an earlier attempt is void.
    fn begin(&mut self);

    /// Takes the next bytes of the body. Returns how much memory is held for it by now, in bytes.
    ///
    /// # Errors
    /// Why nothing more of it is wanted.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, TransportError>;

    /// The body is whole. Returns as [`BodySink::take`].
    ///
    /// # Errors
    /// As [`BodySink::take`].
    fn end(&mut self) -> Result<usize, TransportError>;
}

/// A [`BodySink`] that a request has to itself, on whatever thread its body is taken.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<dyn BodySink>>);

impl Sink {
    /// What takes the body.
    pub fn new(sink: impl BodySink + 'static) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    /// Does `work` with it.
    pub fn with<R>(&self, work: impl FnOnce(&mut dyn BodySink) -> R) -> R {
        work(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

impl PartialEq for Sink {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A response with its body.
#[derive(Clone, Debug, Default)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Header names are in lower case.
    pub headers: Vec<(String, String)>,
    /// At most [`crate::budgets::MAX_RESPONSE_BYTES`], or [`crate::budgets::MAX_ERROR_BYTES`] for an error. Empty for a
    /// success whose body went to a [`Sink`].
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
    /// dropping the future. Memory for the response, or held by the request's sink, is added to `hold`.
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
