//! Reads a response: its status, its headers, and its body up to a limit.

use super::{classify, failed};
use crate::{
    budgets::{MAX_ERROR_BYTES, MAX_RESPONSE_BYTES},
    error::{TransportError, TransportErrorKind, truncate::truncate},
    network::http::HttpResponse,
};

/// `through` is the scheme of a request that a proxy has carried.
pub(super) async fn receive(
    mut response: reqwest::Response,
    through: Option<&str>,
) -> Result<HttpResponse, TransportError> {
    let status = response.status().as_u16();
    let fail = |kind, detail: String| Err(TransportError::new(kind, detail));
    // Inside a tunnel a 407 comes from the API; outside, from the proxy.
    if status == 407 && through == Some("http") {
        return fail(TransportErrorKind::ProxyAuthentication, "HTTP 407".to_owned());
    }
    if let (300..400, Some(target)) = (status, redirect_target(&response)) {
        return fail(TransportErrorKind::Redirect, format!("HTTP {status} to {target}"));
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let succeeded = (200..300).contains(&status);
    let limit = if succeeded { MAX_RESPONSE_BYTES } else { MAX_ERROR_BYTES };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = Vec::with_capacity(announced.min(limit));
    let mut too_large = succeeded && announced > limit;
    while !too_large {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                too_large = chunk.len() > limit - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
            }
            Err(error) if succeeded => return Err(classify::of(failed(&error))),
            // A partial error body is enough; the status is known.
            Ok(None) | Err(_) => break,
        }
    }
    if too_large && succeeded {
        return fail(TransportErrorKind::TooLarge, format!("more than {} MiB", limit >> 20));
    }
    Ok(HttpResponse { status, headers, body })
}

/// Scheme, host and path only: a query may hold a secret.
fn redirect_target(response: &reqwest::Response) -> Option<String> {
    let location = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    Some(truncate(&format!("{}{}", target.origin().ascii_serialization(), target.path()), classify::MAX_DETAIL_CHARS))
}
