#![allow(clippy::unwrap_used)] // a panic fails the test
//! Servers that respond before they have read the request: their response is reported, the request is sent once, and
//! nothing is left behind.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use bytes::Bytes;
use certificates::{Ca, pem_file, server_config};
use plugin::{KEY, Plugin, pong};
use server::{Connection, Server, response};
use tooljet_openai::{
    error::TransportErrorKind,
    input::secret::Secret,
    network::http::{Body, Content, Form, FormFile, HttpRequest, HttpResponse, Method, Transport},
};

const MIB: usize = 1 << 20;
/// Repetitions: a server that closes at once may do so before, while or after the client sends, and each case should
/// occur.
const TIMES: usize = 25;
const SECONDS: Duration = Duration::from_secs(10);

/// A body of `bytes` bytes in which no part resembles the next.
fn body(bytes: usize) -> Bytes {
    let pattern: Vec<u8> = (0..=250).collect();
    let repeated = pattern.repeat(bytes / pattern.len() + 1);
    Bytes::from(repeated).slice(..bytes)
}

fn request(base_url: &str, bytes: usize) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: format!("{base_url}/chat/completions").parse().unwrap(),
        headers: vec![("authorization".to_owned(), Secret::new(KEY))],
        body: Some(Body::Json(body(bytes))),
        is_custom: true,
        sink: None,
    }
}

/// A form with a file of `bytes` bytes.
fn form_request(base_url: &str, bytes: usize) -> HttpRequest {
    let file =
        FormFile { name: "recording.wav".to_owned(), media_type: "audio/wav", content: Content::Bytes(body(bytes)) };
    let form = Form { fields: vec![("model".to_owned(), "m".to_owned())], file };
    HttpRequest { body: Some(Body::Form(form)), ..request(base_url, 0) }
}

fn send(plugin: &Plugin, request: &HttpRequest) -> HttpResponse {
    let mut hold = plugin.client.hold();
    plugin.runtime.block_on(plugin.client.send(request, SECONDS, &mut hold)).unwrap()
}

/// Rejects a request once its head has arrived, and closes the connection.
fn rejecting(status: u16) -> impl Fn(&mut Connection) + Send + Sync + 'static {
    move |connection| {
        if connection.request_head().is_some() {
            connection.send(response(status, &[("connection", "close")], "not this"));
        }
    }
}

/// Each response must be the server's own, on its own connection.
fn assert_heard(plugin: &Plugin, base_url: &str, server: &Server, status: u16) {
    for bytes in [6 * MIB, 40 * MIB] {
        assert_request_heard(plugin, &request(base_url, bytes), server, status);
    }
}

fn assert_request_heard(plugin: &Plugin, request: &HttpRequest, server: &Server, status: u16) {
    let opened = server.opened();
    for _ in 0..TIMES {
        let response = send(plugin, request);
        assert_eq!((response.status, response.body.as_slice()), (status, &b"not this"[..]));
    }
    assert_eq!(server.opened() - opened, TIMES);
}

#[test]
fn reports_a_response_that_arrives_while_the_request_is_being_sent() {
    for status in [413, 401] {
        let server = Server::start(rejecting(status));
        assert_heard(&Plugin::new(), &server.url(), &server, status);
    }
}

#[test]
fn reports_it_when_the_request_is_a_form() {
    for status in [413, 401] {
        let server = Server::start(rejecting(status));
        assert_request_heard(&Plugin::new(), &form_request(&server.url(), 24 * MIB), &server, status);
    }
}

#[test]
fn reports_it_when_the_server_reads_on_before_it_closes() {
    let reject = rejecting(413);
    let server = Server::start(move |connection| {
        reject(connection);
        connection.finish_sending();
        connection.wait_until_closed();
    });
    assert_heard(&Plugin::new(), &server.url(), &server, 413);
}

#[test]
fn reports_the_status_when_the_rest_of_the_response_is_lost() {
    let server = Server::start(|connection| {
        if connection.request_head().is_some() {
            connection.send("HTTP/1.1 413 Too Large\r\ncontent-length: 100\r\n\r\nnot");
        }
    });
    let response = send(&Plugin::new(), &request(&server.url(), 6 * MIB));
    assert_eq!((response.status, response.body.as_slice()), (413, &b"not"[..]));
}

#[test]
fn reports_it_over_tls() {
    let ca = Ca::new();
    let server = Server::tls(server_config(ca.certify("localhost", |_| ())), rejecting(413));
    let plugin = Plugin::with_env(&[("NODE_EXTRA_CA_CERTS", &pem_file(ca.pem()))]);
    assert_heard(&plugin, &format!("https://localhost:{}/v1", server.port()), &server, 413);
}

#[test]
fn reports_it_when_it_comes_from_a_proxy() {
    let proxy = Server::start(rejecting(413));
    let plugin = Plugin::with_env(&[("HTTP_PROXY", &format!("http://127.0.0.1:{}", proxy.port()))]);
    assert_heard(&plugin, "http://gateway.invalid/v1", &proxy, 413);
}

#[test]
fn reports_it_through_the_tunnel_of_a_proxy() {
    let ca = Ca::new();
    let api = Server::tls(server_config(ca.certify("localhost", |_| ())), rejecting(401));
    let target = format!("127.0.0.1:{}", api.port());
    let proxy = Server::start(move |connection| {
        connection.request().unwrap();
        connection.send("HTTP/1.1 200 Connected\r\n\r\n");
        connection.tunnel(&target);
    });
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let plugin = Plugin::with_env(&[("HTTPS_PROXY", &address), ("NODE_EXTRA_CA_CERTS", &pem_file(ca.pem()))]);
    assert_heard(&plugin, &format!("https://localhost:{}/v1", api.port()), &api, 401);
}

#[test]
fn reports_a_broken_connection_when_the_server_says_nothing() {
    let server = Server::start(|connection| {
        connection.request_head();
    });
    let plugin = Plugin::new();
    let request = request(&server.url(), 6 * MIB);
    for _ in 0..TIMES {
        let mut hold = plugin.client.hold();
        let sent = plugin.runtime.block_on(plugin.client.send(&request, SECONDS, &mut hold));
        assert_eq!(sent.unwrap_err().kind, TransportErrorKind::Reset);
    }
}

/// The server sends `answer` to a request of 40 MiB and reads on only after `query` has ended, so it receives only what
/// was in flight.
fn assert_given_up(answer: Vec<u8>, query: impl FnOnce(&Plugin, &HttpRequest)) {
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let (drained, rest) = mpsc::channel();
    let server = Server::start(move |connection| {
        if connection.request_head().is_some() {
            connection.send(&answer);
            let _ = ended.lock().unwrap().recv();
            drained.send(connection.drain()).unwrap();
        }
    });
    let plugin = Plugin::new();
    query(&plugin, &request(&server.url(), 40 * MIB));
    drop(end);
    let rest = rest.recv().unwrap();
    assert!(rest < 40 * MIB, "all of the request was sent");
}

#[test]
fn stops_sending_when_the_server_has_responded_and_stops_reading() {
    assert_given_up(response(429, &[], "slow down"), |plugin, request| {
        assert_eq!(send(plugin, request).status, 429);
    });
}

#[test]
fn sends_a_request_of_any_size_whole_and_with_its_length() {
    let server = Server::responding(|_| pong());
    let plugin = Plugin::new();
    for bytes in [1, 16 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 80 << 10, MIB, 6 * MIB] {
        let request = request(&server.url(), bytes);
        assert_eq!(send(&plugin, &request).status, 200);
        let sent = server.requests().pop().unwrap();
        assert_eq!(sent.header("content-length"), Some(bytes.to_string().as_str()));
        assert_eq!(sent.header("transfer-encoding"), None);
        assert!(request.body == Some(Body::Json(sent.body.into())), "{bytes}");
    }
    assert_eq!(server.opened(), 1, "a connection is kept when the request was read to its end");
}

#[test]
fn sends_on_when_a_success_begins_before_the_request_is_read() {
    let server = Server::start(|connection| {
        let head = connection.request_head().unwrap();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
        assert_eq!(connection.request_body(head).unwrap().body.len(), 6 * MIB);
        connection.send("{}");
    });
    let response = send(&Plugin::new(), &request(&server.url(), 6 * MIB));
    assert_eq!((response.status, response.body.as_slice()), (200, &b"{}"[..]));
}

#[test]
fn keeps_the_deadline_when_the_server_stops_reading() {
    assert_given_up(Vec::new(), |plugin, request| {
        let (time, start) = (Duration::from_millis(100), Instant::now());
        let mut hold = plugin.client.hold();
        let sent = plugin.runtime.block_on(plugin.client.send(request, time, &mut hold));
        assert_eq!(sent.unwrap_err().kind, TransportErrorKind::Timeout);
        assert!(start.elapsed() < SECONDS / 2, "{:?}", start.elapsed());
    });
}
