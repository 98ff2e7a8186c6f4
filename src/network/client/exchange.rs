//! One request and its response, over a permitted connection.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::{HeaderName, HeaderValue};
use url::Position;

use super::{
    classify::{self, failed},
    clients::{Clients, Route},
    connect_limiter,
    connections::Permit,
    cpu::CpuLanes,
    form,
    memory::{Hold, unless_revoked},
    receive::{Target, receive},
    upload::Upload,
};
use crate::{
    error::{TransportError, TransportErrorKind, error_text},
    network::http::{Body, Content, HttpRequest, HttpResponse, Method, Sink},
};

/// A request in progress, which may finish on another thread. It owns the query's memory and returns it with the
/// result.
pub(super) struct Exchange {
    pub(super) permit: Permit,
    pub(super) clients: Clients,
    /// The request without its body.
    pub(super) request: reqwest::Request,
    pub(super) body: Option<Body>,
    pub(super) sink: Option<Sink>,
    pub(super) cpu: Arc<CpuLanes>,
    pub(super) route: Route,
    /// The time left for the query.
    pub(super) time: Duration,
    pub(super) hold: Hold,
}

impl Exchange {
    /// Sends the request and reads the response within its time.
    pub(super) async fn run(mut self) -> (Result<HttpResponse, TransportError>, Hold) {
        let deadline = Instant::now() + self.time;
        let url = self.request.url().clone();
        let proxied = (self.route == Route::Proxied).then_some(&url);
        let client = self.clients.of(self.permit.kind);
        let pieces = match self.body {
            None => None,
            Some(Body::Json(text)) => Some(vec![Content::Bytes(text)]),
            Some(Body::Form(form)) => match form::written(client, self.request, form).await {
                Ok((request, pieces)) => {
                    self.request = request;
                    Some(pieces)
                }
                Err(error) => return (Err(error), self.hold),
            },
        };
        let (mut upload, body) = pieces.map(|pieces| Upload::new(pieces, &self.cpu)).unzip();
        *self.request.body_mut() = body;
        *self.request.timeout_mut() = Some(self.time);
        let upload = upload.get_or_insert_default();
        let sent = client.execute(self.request);
        let sent = connect_limiter::waiting_for(url[..Position::BeforePath].to_owned(), sent);
        let hold = &mut self.hold;
        let target = Target { sink: self.sink.as_ref(), cpu: &self.cpu, deadline };
        let exchange = async {
            let sent = upload.during(unless_revoked(&mut hold.watch(), sent)).await?;
            let response = sent.map_err(|error| classify::of_request(failed(&error), proxied))?;
            let is_rejected = !response.status().is_success();
            let received = receive(response, proxied, hold, target);
            if is_rejected { received.await } else { upload.during(received).await }
        };
        (exchange.await, self.hold)
    }
}

/// Converts the request for the HTTP client, without its body.
///
/// # Errors
/// [`TransportErrorKind::Other`] if a header cannot be sent over HTTP.
pub(super) fn outgoing(request: &HttpRequest) -> Result<reqwest::Request, TransportError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let mut outgoing = reqwest::Request::new(method, request.url.clone());
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_for_proxy(name)) {
        let unusable =
            || TransportError::new(TransportErrorKind::Other, error_text!["the header ", name, " cannot be sent"]);
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        outgoing.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, value);
    }
    Ok(outgoing)
}

/// Whether a header is for a proxy, which only the administrator may configure.
fn is_for_proxy(name: &str) -> bool {
    ["proxy-authorization", "proxy-connection"].iter().any(|known| known.eq_ignore_ascii_case(name))
}
