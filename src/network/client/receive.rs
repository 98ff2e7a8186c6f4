//! Reads a response: its status, its headers, and its body up to a limit.

use std::time::Instant;

use tokio::time::timeout_at;

use super::{
    classify, failed,
    memory::{Hold, no_memory, unless_revoked},
};
use crate::{
    budgets::{FREE_HELD_BYTES, MAX_ERROR_BYTES, MAX_RESPONSE_BYTES},
    error::{ErrorText, TransportError, TransportErrorKind, error_text, truncate::truncate},
    network::http::HttpResponse,
};

/// `through` is the scheme of a request that a proxy has carried. The body is added to `hold`.
pub(super) async fn receive(
    mut response: reqwest::Response,
    through: Option<&str>,
    hold: &mut Hold,
    deadline: Instant,
) -> Result<HttpResponse, TransportError> {
    let status = response.status().as_u16();
    let fail = |kind, detail: ErrorText| Err(TransportError::new(kind, detail));
    // Inside a tunnel a 407 comes from the API; outside, from the proxy.
    if status == 407 && through == Some("http") {
        return fail(TransportErrorKind::ProxyAuthentication, "HTTP 407".into());
    }
    if let (300..400, Some(target)) = (status, redirect_target(&response)) {
        return fail(TransportErrorKind::Redirect, error_text!["HTTP ", status, " to ", target]);
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let succeeded = (200..300).contains(&status);
    let limit = if succeeded { MAX_RESPONSE_BYTES } else { MAX_ERROR_BYTES };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let too_large =
        || TransportError::new(TransportErrorKind::TooLarge, error_text!["more than ", limit >> 20, " MiB"]);
    if succeeded && announced > limit {
        return Err(too_large());
    }
    let mut body = Vec::new();
    let mut watch = hold.watch();
    let cut = loop {
        match unless_revoked(&mut watch, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = limit - body.len();
                let is_too_large = chunk.len() > room;
                let chunk = &chunk[..chunk.len().min(room)];
                if body.capacity() - body.len() < chunk.len() {
                    let doubled = (2 * body.capacity()).max(announced.min(FREE_HELD_BYTES));
                    let capacity = doubled.max(body.len() + chunk.len()).min(limit);
                    let more = hold.add(capacity - body.capacity());
                    if timeout_at(deadline.into(), more).await.is_err() {
                        break Some(no_memory());
                    }
                    body.reserve_exact(capacity - body.len());
                    watch = hold.watch();
                }
                watch.progress(chunk.len());
                body.extend_from_slice(chunk);
                if is_too_large {
                    break Some(too_large());
                }
            }
            Ok(Ok(None)) => break None,
            Ok(Err(error)) => break Some(classify::of(failed(&error))),
            Err(revoked) => break Some(revoked),
        }
    };
    // A partial error body is enough; the status is known.
    let cut = cut.filter(|_| succeeded);
    Ok(HttpResponse { status, headers, body, cut })
}

/// Scheme, host and path only: a query may hold a secret.
fn redirect_target(response: &reqwest::Response) -> Option<String> {
    let location = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    Some(truncate(&format!("{}{}", target.origin().ascii_serialization(), target.path()), classify::MAX_DETAIL_CHARS))
}
