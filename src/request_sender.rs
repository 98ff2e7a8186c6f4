//! One query's requests: as many retries as the policy allows, all before one deadline.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    error::{Error, TransportErrorKind},
    input::{options::SourceOptions, secret::Secret},
    network::{
        gzip,
        http::{HttpRequest, Transport},
    },
    operations::ApiRequest,
    policy::retry::RetryPolicy,
    response::{self, ApiResponse},
};

/// Sent as `User-Agent`.
pub const USER_AGENT: &str = concat!("tooljet-openai/", env!("CARGO_PKG_VERSION"));

/// The requests of one query. Its deadline and its retries are for all of them together, also where
/// a request is adjusted or another one takes its place.
pub struct RequestSender<'a, T> {
    transport: &'a T,
    source: &'a SourceOptions,
    policy: RetryPolicy,
    timeout: Duration,
    deadline: Duration,
    attempts: u32,
    retries: u32,
}

impl<'a, T: Transport> RequestSender<'a, T> {
    /// Starts the clock: everything must be done within `timeout`.
    pub fn new(transport: &'a T, source: &'a SourceOptions, timeout: Duration) -> Self {
        Self {
            transport,
            source,
            policy: RetryPolicy { max_retries: source.max_retries },
            timeout,
            deadline: transport.now().saturating_add(timeout),
            attempts: 0,
            retries: 0,
        }
    }

    /// Requests sent so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Sends `request`, again if the policy says so, and reads the answer.
    ///
    /// # Errors
    /// The error of the last try; [`Error::Timeout`] if the deadline passed while a
    /// request was under way. A wait that would pass the deadline is not begun: the
    /// error that asked for it is returned at once.
    pub async fn send(&mut self, request: &ApiRequest) -> Result<ApiResponse, Error> {
        let request = self.http_request(request);
        let mut unconnected = None;
        loop {
            let error = match self.attempt(&request).await {
                Ok(answer) => return Ok(answer),
                // That there is no connection says more than that there was no time for another try.
                Err(Error::Timeout { after }) => return Err(unconnected.unwrap_or(Error::Timeout { after })),
                Err(error) => error,
            };
            let Some(delay) = self.policy.delay(&error, self.retries, self.transport.jitter()) else {
                return Err(error);
            };
            if self.transport.now().saturating_add(delay) >= self.deadline {
                return Err(error);
            }
            unconnected = match error {
                Error::Transport(error) if error.kind == TransportErrorKind::ConnectTimeout => Some(error.into()),
                _ => None,
            };
            self.transport.sleep(delay).await;
            self.retries += 1;
        }
    }

    async fn attempt(&mut self, request: &HttpRequest) -> Result<ApiResponse, Error> {
        let remaining = self.deadline.saturating_sub(self.transport.now());
        let timed_out = Error::Timeout { after: self.timeout };
        if remaining.is_zero() {
            return Err(timed_out);
        }
        self.attempts += 1;
        match self.transport.send(request, remaining).await {
            Ok(response) => response::read(&gzip::decoded(response)?, self.transport.wall_clock()),
            Err(error) if error.kind == TransportErrorKind::Timeout => Err(timed_out),
            Err(error) => Err(error.into()),
        }
    }

    fn http_request(&self, request: &ApiRequest) -> HttpRequest {
        let mut headers: Vec<_> =
            [("accept", "application/json"), ("accept-encoding", gzip::ACCEPTED), ("user-agent", USER_AGENT)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Secret::new(value)))
                .collect();
        headers.retain(|(name, _)| !self.source.headers.iter().any(|(own, _)| own == name));
        headers.extend(self.source.headers.iter().cloned());
        let body = request.body.as_ref().map(|body| {
            headers.push(("content-type".to_owned(), Secret::new("application/json")));
            Bytes::from(serde_json::to_vec(body).unwrap_or_default()) // a map of JSON values always serializes
        });
        HttpRequest {
            method: request.method,
            url: self.source.base_url.endpoint(request.path),
            headers,
            body,
            is_custom: self.source.base_url.is_custom(),
        }
    }
}
