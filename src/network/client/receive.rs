//! Reads a response: its status, its headers, and its body up to a limit.

use std::{mem, sync::Arc, time::Instant};

use reqwest::header::{CONTENT_TYPE, HeaderName, LOCATION, SERVER};
use tokio::time::timeout_at;
use url::Url;

use super::{
    classify::{self, failed},
    cpu::CpuLanes,
    memory::{Hold, no_memory, unless_revoked},
};
use crate::{
    budgets::{FREE_HELD_BYTES, MAX_ERROR_BYTES, MAX_POURED_BYTES, MAX_RESPONSE_BYTES, MAX_STREAM_TAIL, WORK_BYTES},
    error::{ErrorText, TransportError, TransportErrorKind, error_text, truncate::truncate},
    network::{
        gzip,
        http::{HttpResponse, Sink},
        stream_end::StreamEnd,
    },
};

/// Where a response goes, and by when.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    /// What takes the body of a success.
    pub(super) sink: Option<&'a Sink>,
    /// Where it does so.
    pub(super) cpu: &'a Arc<CpuLanes>,
    pub(super) deadline: Instant,
}

/// `proxied` is the URL of a request that a proxy has carried. The body is added to `hold`.
pub(super) async fn receive(
    mut response: reqwest::Response,
    proxied: Option<&Url>,
    hold: &mut Hold,
    target: Target<'_>,
) -> Result<HttpResponse, TransportError> {
    let status = response.status().as_u16();
    let fail = |kind, detail: ErrorText| Err(TransportError::new(kind, detail));
    // In a tunnel, every response comes from the API.
    if proxied.is_some_and(|url| url.scheme() == "http") && is_of_proxy(&response) {
        return match status {
            401 | 407 => fail(TransportErrorKind::ProxyAuthentication, error_text!["HTTP ", status]),
            _ => fail(TransportErrorKind::Proxy, error_text!["it returned HTTP ", status]),
        };
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
    if succeeded && let Some(sink) = target.sink {
        let mut poured = HttpResponse { status, headers, ..HttpResponse::default() };
        poured.cut = pour(response, &poured, sink, hold, target).await.err();
        return Ok(poured);
    }
    let limit = if succeeded { MAX_RESPONSE_BYTES } else { MAX_ERROR_BYTES };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let too_large =
        || TransportError::new(TransportErrorKind::TooLarge, error_text!["more than ", limit >> 20, " MiB"]);
    if succeeded && announced > limit {
        return Err(too_large());
    }
    let mut body = Vec::new();
    let mut watch = hold.watch();
    let mut stream_end = StreamEnd::default();
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
                    if timeout_at(target.deadline.into(), more).await.is_err() {
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
                if stream_end.is_in(chunk) {
                    finish(&mut response).await;
                    break None;
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

/// Hands the body of `response`, whose head is `head`, to `sink`, while it comes.
async fn pour(
    mut response: reqwest::Response,
    head: &HttpResponse,
    sink: &Sink,
    hold: &mut Hold,
    Target { cpu, deadline, .. }: Target<'_>,
) -> Result<(), TransportError> {
    if gzip::is_packed(head) {
        // It was not asked for.
        return Err(TransportError::new(TransportErrorKind::Compression, "a file must not be compressed"));
    }
    sink.with(|sink| sink.begin());
    let (mut bytes, mut noted, mut is_whole) = (0_usize, 0, false);
    let mut watch = hold.watch();
    while !is_whole {
        let mut body = Vec::new();
        while body.len() < WORK_BYTES && !is_whole {
            match unless_revoked(&mut watch, response.chunk()).await? {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => is_whole = true,
                Err(error) => return Err(classify::of(failed(&error))),
            }
        }
        bytes += body.len();
        watch.progress(body.len());
        if bytes > MAX_POURED_BYTES {
            let detail = error_text!["more than ", MAX_POURED_BYTES >> 20, " MiB"];
            return Err(TransportError::new(TransportErrorKind::TooLarge, detail));
        }
        let sink = sink.clone();
        let length = body.len();
        let take = move || {
            sink.with(|sink| {
                let memory = sink.take(&mem::take(&mut body))?;
                if is_whole { sink.end() } else { Ok(memory) }
            })
        };
        let memory = cpu.run(length, take).await?;
        if let Some(more) = memory.checked_sub(noted).filter(|more| *more > 0) {
            noted = memory;
            timeout_at(deadline.into(), hold.add(more)).await.map_err(|_| no_memory())?;
            watch = hold.watch();
        }
    }
    Ok(())
}

/// Reads what comes after the last event: mostly the end of the body, after which the connection can be used again.
/// A server may also keep it open; then it is closed with the response.
async fn finish(response: &mut reqwest::Response) {
    let end = async { while let Ok(Some(_)) = response.chunk().await {} };
    let _ = timeout_at((Instant::now() + MAX_STREAM_TAIL).into(), end).await;
}

/// Whether a response through a proxy is an error of the proxy itself rather than of the API: status 407, or a page
/// with headers that only proxies send.
fn is_of_proxy(response: &reqwest::Response) -> bool {
    const PROXIES: [&str; 4] = ["squid", "tinyproxy", "mitmproxy", "privoxy"];
    let text = |name: HeaderName| {
        let value = response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.unwrap_or_default().to_ascii_lowercase()
    };
    let says_so = || {
        let names = response.headers().keys().map(HeaderName::as_str);
        names.into_iter().any(|name| name.starts_with("proxy-") || name == "x-squid-error")
            || PROXIES.iter().any(|name| text(SERVER).starts_with(name))
    };
    let status = response.status().as_u16();
    status == 407 || (status >= 400 && !text(CONTENT_TYPE).contains("json") && says_so())
}

/// Scheme, host and path only, because a query string may contain a secret.
fn redirect_target(response: &reqwest::Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    Some(truncate(&format!("{}{}", target.origin().ascii_serialization(), target.path()), classify::MAX_DETAIL_CHARS))
}
