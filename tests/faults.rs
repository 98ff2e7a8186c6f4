#![allow(clippy::unwrap_used)] // a panic fails the test
//! What an app builder sees when the network fails, with real sockets: every fault ends before its deadline, with the
//! right message, and the client can serve the next query.

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use miniz_oxide::deflate::compress_to_vec;
use plugin::{
    KEY, PONG, Plugin, assert_failure, assert_pong, client, failure, pong, query, short_timeout_client, source,
    unresolvable,
};
use serde_json::{Value, json};
use server::{Connection, Request, Server, response};
use tooljet_openai::{
    budgets::MAX_RESPONSE_HEADERS,
    error::TransportErrorKind,
    input::secret::Secret,
    network::{
        client::Hold,
        http::{HttpRequest, Method, Transport},
    },
    service::{Failure, Outcome},
};

const UNGUARDED: [(&str, &str); 1] = [("SSRF_PROTECTION_ENABLED", "false")];
const SECOND: u64 = 1_000;
/// How much a busy machine may delay a deadline; less than the server's timeout. The runtime's own precision is
/// milliseconds.
const BUSY: Duration = Duration::from_secs(20);

/// A data source with the default number of retries.
fn with_retries(base_url: &str) -> Value {
    json!({"apiKey": KEY, "base_url": base_url})
}

/// The failure of a query whose connections are served by `fault`. Also checks that it ends in time, and that the same
/// client serves the next query after the fault.
fn failure_from(milliseconds: u64, fault: impl Fn(&mut Connection) + Send + Sync + 'static) -> Failure {
    let faulty = Arc::new(AtomicBool::new(true));
    let server = {
        let faulty = Arc::clone(&faulty);
        Server::start(move |connection| {
            if faulty.load(Ordering::SeqCst) {
                fault(connection);
            } else {
                connection.respond(|_| pong());
            }
        })
    };
    let plugin = Plugin::new();
    let start = Instant::now();
    let failure = plugin.fail(&server.url(), milliseconds);
    assert!(start.elapsed() < Duration::from_millis(milliseconds) + BUSY, "{:?}", start.elapsed());
    faulty.store(false, Ordering::SeqCst);
    // With retries, because the client may not yet know that the server has closed a connection.
    assert_pong(&plugin.run(&with_retries(&server.url()), &query(5 * SECOND)));
    failure
}

/// [`failure_from`] with a server that reads a request, sends these bytes and closes the connection.
fn failure_from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Failure {
    failure_from(2 * SECOND, move |connection| {
        connection.request();
        connection.send(&bytes);
    })
}

fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

// No connection.

#[test]
fn fails_with_connection_refused_when_nothing_listens() {
    let port = unused_port();
    for host in ["127.0.0.1", "localhost"] {
        let failure = Plugin::new().fail(&format!("http://{host}:{port}"), 2 * SECOND);
        assert_failure(&failure, "connection_refused", &format!("Nothing listens at {host}:{port}."));
    }
}

#[test]
fn fails_with_dns_failed_when_a_name_has_no_address() {
    let host = unresolvable(0);
    for scheme in ["http", "https"] {
        let failure = Plugin::new().fail(&format!("{scheme}://{host}"), 5 * SECOND);
        assert_failure(&failure, "dns_failed", &format!("Check the host name {host}"));
    }
}

#[test]
fn fails_at_the_connect_timeout_or_deadline_when_a_host_accepts_no_connection() {
    let plugin = Plugin::with_client(short_timeout_client(&UNGUARDED));
    let listener = {
        let _context = plugin.runtime.enter();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(1).unwrap()
    };
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(connection) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
        queue.push(connection);
    }
    let failure = plugin.fail(&format!("http://{address}"), 2 * SECOND);
    assert_failure(&failure, "connect_timeout", "A firewall or a missing route");
    let failure = Plugin::new().fail(&format!("http://{address}"), 100);
    assert_failure(&failure, "timeout", "No response within");
}

#[test]
fn does_not_connect_to_an_address_that_the_rules_forbid() {
    let server = Server::responding(|_| pong());
    let failure = failure(Plugin::with_env(&[]).run(&source(&server.url()), &query(SECOND)));
    assert_failure(&failure, "address_blocked", "SSRF protection");
    assert_eq!(server.opened(), 0);
    Plugin::with_env(&[]).succeed(&format!("http://localhost:{}", server.port()));
}

// No response.

#[test]
fn fails_at_the_deadline_when_the_server_never_responds() {
    let failure = failure_from(200, |connection| {
        connection.request();
        connection.wait_until_closed();
    });
    assert_failure(&failure, "timeout", "raise the query's own timeout");
}

#[test]
fn fails_at_the_deadline_when_the_response_trickles_in() {
    for start in ["HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n", "HTTP/1.1 200 OK\r\nx-header: "] {
        let failure = failure_from(200, move |connection| {
            connection.request();
            connection.send(start);
            while connection.send("1") {
                sleep(Duration::from_millis(10));
            }
        });
        assert_failure(&failure, "timeout", "No response within");
    }
}

#[test]
fn fails_at_the_deadline_when_interim_responses_never_end() {
    let failure = failure_from(200, |connection| {
        connection.request();
        while connection.send("HTTP/1.1 100 Continue\r\n\r\n") {
            sleep(Duration::from_millis(1));
        }
    });
    assert_failure(&failure, "timeout", "No response within");
}

#[test]
fn fails_with_connection_reset_when_the_connection_ends_before_the_response() {
    assert_failure(
        &failure_from(2 * SECOND, Connection::reset),
        "connection_reset",
        "closed before the response was complete",
    );
    assert_failure(&failure_from(2 * SECOND, |_| ()), "connection_reset", "before the response was complete");
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        assert_failure(&failure_from_bytes(start), "connection_reset", "before the response was complete");
    }
}

#[test]
fn fails_with_connection_reset_when_the_body_is_reset() {
    let failure = failure_from(2 * SECOND, |connection| {
        connection.reset();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
        // The client reads this before the reset discards it.
        sleep(Duration::from_millis(30));
    });
    assert_failure(&failure, "connection_reset", "Connection reset");
}

#[test]
fn distinguishes_a_truncated_body_from_an_invalid_response() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-encoding: gzip\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n",
    ] {
        assert_failure(&failure_from_bytes(cut), "truncated_response", "cut off before it was complete");
    }
}

// Not HTTP, or not the API.

#[test]
fn reports_a_server_that_does_not_speak_http() {
    for response in [
        "Hello, who is there?\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n",
        "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0",
    ] {
        assert_failure(&failure_from_bytes(response), "not_http", "https:// for TLS, http:// without");
    }
}

#[test]
fn reports_a_server_that_speaks_first_as_not_http() {
    let server = Server::start(|connection| {
        connection.send("SSH-2.0-OpenSSH_9.9\r\n");
        connection.wait_until_closed();
    });
    let plugin = Plugin::new();
    // Repeated, because its text may arrive before or after the request is sent.
    for _ in 0..50 {
        let failure = plugin.fail(&server.url(), 5 * SECOND);
        assert_failure(&failure, "not_http", "does not speak HTTP");
    }
}

#[test]
fn accepts_more_headers_than_most_servers_send() {
    let many = "x-many: 1\r\n".repeat(MAX_RESPONSE_HEADERS - 10);
    let long = format!("x-long: {}\r\n", "x".repeat(100_000));
    for headers in [many, long] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{PONG}", PONG.len());
        let server = Server::responding(move |_| head.clone().into_bytes());
        Plugin::new().succeed(&server.url());
    }
}

#[test]
fn reports_a_head_that_is_too_long() {
    let many = "x-many: 1\r\n".repeat(MAX_RESPONSE_HEADERS + 1);
    for status in ["200 OK", "401 No"] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n{many}\r\n{{}}");
        assert_failure(&failure_from_bytes(head), "response_headers_too_large", "1000 headers or 400 KiB");
    }
}

#[test]
fn reports_an_endless_head() {
    let failure = failure_from(5 * SECOND, |connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\n");
        while connection.send(format!("x-header: {}\r\n", "x".repeat(10_000))) {}
    });
    assert_failure(&failure, "response_headers_too_large", "1000 headers or 400 KiB");
}

#[test]
fn names_the_base_url_when_the_response_is_empty() {
    let failure = failure_from_bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_failure(&failure, "invalid_response", "an empty body");
    assert_eq!(failure.data["status"], 200);
}

#[test]
fn keeps_the_status_of_an_error_sent_before_the_request_was_read() {
    let failure = failure_from(2 * SECOND, |connection| {
        connection.reset();
        connection.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        sleep(Duration::from_millis(30));
    });
    assert_eq!(failure.data["status"], 413);
}

#[test]
fn keeps_the_status_of_an_error_when_its_body_is_truncated_or_broken() {
    for start in [
        "HTTP/1.1 401 No\r\ncontent-length: 100\r\n\r\nnot this key",
        "HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\nc\r\nnot this key\r\nmany\r\n",
    ] {
        let failure = failure_from_bytes(start);
        assert_eq!(failure.data["status"], 401);
        assert!(failure.description.contains("not this key"), "{failure:?}");
    }
}

// Redirects.

#[test]
fn does_not_follow_redirects_or_send_headers_to_their_target() {
    let other = Server::responding(|_| pong());
    let target = format!("http://127.0.0.1:{}/v1/elsewhere?token=hush", other.port());
    for status in [300, 301, 302, 303, 307, 308] {
        let failure = failure_from_bytes(response(status, &[("location", &target)], ""));
        assert_failure(&failure, "unexpected_redirect", &format!("HTTP {status} to http://127.0.0.1:"));
        assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
    }
    assert_eq!(other.opened(), 0);
}

#[test]
fn requests_a_redirect_to_itself_once() {
    let server = Server::responding(|_| response(307, &[("location", "/v1/chat/completions")], ""));
    let failure = Plugin::new().fail(&server.url(), 2 * SECOND);
    assert_failure(&failure, "unexpected_redirect", "/v1/chat/completions");
    assert_eq!(server.requests().len(), 1);
}

// Retries.

/// A server that sends these responses in turn, then a success.
fn in_turn(responses: Vec<Vec<u8>>) -> Server {
    let responses = std::sync::Mutex::new(responses.into_iter());
    Server::responding(move |_| responses.lock().unwrap().next().unwrap_or_else(pong))
}

#[test]
fn succeeds_after_two_server_errors() {
    let error = || response(500, &[("retry-after-ms", "1")], r#"{"error":{"message":"no"}}"#);
    let server = in_turn(vec![error(), error()]);
    let outcome = Plugin::new().run(&with_retries(&server.url()), &query(5 * SECOND));
    assert!(matches!(&outcome, Outcome::Ok(result) if result.metadata["attempts"] == 3), "{outcome:?}");
    let requests: Vec<_> = server.requests().into_iter().map(|Request { line, body, .. }| (line, body)).collect();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| *request == requests[0]));
    assert_eq!(server.opened(), 1);
}

#[test]
fn reports_a_delay_beyond_the_limit_at_once() {
    let server = in_turn(vec![response(429, &[("retry-after", "61")], r#"{"error":{"message":"slower"}}"#)]);
    let failure = failure(Plugin::new().run(&with_retries(&server.url()), &query(5 * SECOND)));
    assert_eq!((&failure.data["attempts"], &failure.data["retry_after_seconds"]), (&json!(1), &json!(61.0)));
    assert!(failure.description.contains("Wait 61 s"), "{failure:?}");
}

#[test]
fn replaces_a_connection_that_was_closed_between_two_queries() {
    let server = Server::start(|connection| {
        connection.request();
        connection.send(pong());
    });
    let plugin = Plugin::new();
    for _ in 0..5 {
        // With retries, because the client may not yet know that the server has closed the previous one.
        assert_pong(&plugin.run(&with_retries(&server.url()), &query(5 * SECOND)));
        server.wait_until_closed();
    }
    assert_eq!(server.opened(), 5);
}

#[test]
fn retries_when_a_reused_connection_breaks() {
    let server = Server::start(|connection| {
        connection.request();
        connection.send(pong());
        if connection.number == 0 {
            connection.request();
        } else {
            connection.respond(|_| pong());
        }
    });
    let plugin = Plugin::new();
    plugin.succeed(&server.url());
    let outcome = plugin.run(&with_retries(&server.url()), &query(5 * SECOND));
    assert!(matches!(&outcome, Outcome::Ok(result) if result.metadata["attempts"] == 2), "{outcome:?}");
}

// Compression.

/// `plain` as gzip. The checksum is left empty, because it is not verified.
fn gzip(plain: &[u8]) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &compress_to_vec(plain, 1), &[0; 8]].concat()
}

#[test]
fn accepts_only_gzip_and_decodes_it() {
    let body = gzip(PONG.as_bytes());
    let server = Server::responding(move |_| response(200, &[("content-encoding", "gzip")], &body));
    Plugin::new().succeed(&server.url());
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
}

#[test]
fn reads_a_body_whatever_its_content_encoding_says() {
    let (first, second) = PONG.as_bytes().split_at(PONG.len() / 2);
    let packed = gzip(PONG.as_bytes());
    for (encoding, body) in [
        ("gzip", [gzip(first), gzip(second)].concat()),
        ("gzip", PONG.as_bytes().to_vec()),
        ("br", PONG.as_bytes().to_vec()),
        ("identity", packed.clone()),
        ("GZIP, gzip", gzip(&packed)),
        ("deflate", compress_to_vec(PONG.as_bytes(), 1)),
    ] {
        let server = Server::responding(move |_| response(200, &[("content-encoding", encoding)], &body));
        Plugin::new().succeed(&server.url());
    }
    let packed = gzip(PONG.as_bytes());
    Plugin::new().succeed(&Server::responding(move |_| response(200, &[], &packed)).url());
}

#[test]
fn names_an_encoding_that_was_not_asked_for_and_reports_damaged_gzip() {
    let whole = gzip(PONG.as_bytes());
    let cut = whole[..whole.len() / 2].to_vec();
    let unreadable = vec![0x1b, 0x80, 0xff, 0, 0x9a];
    for (encoding, body, words) in [
        ("gzip", cut, "The compressed response cannot be read (it is damaged)."),
        ("br", unreadable.clone(), "its Content-Encoding is br"),
        ("ZSTD", unreadable, "its Content-Encoding is zstd"),
    ] {
        let failure = failure_from_bytes(response(200, &[("content-encoding", encoding)], body));
        assert_failure(&failure, "invalid_compression", words);
    }
}

#[test]
fn keeps_status_and_advice_of_an_error_whose_body_cannot_be_read() {
    let body = gzip(br#"{"error": {"message": "Incorrect key", "code": "invalid_api_key"}, "more": "and so on"}"#);
    let cut = body[..body.len() - 12].to_vec();
    for (encoding, body, words) in [
        ("br", vec![0x1b, 0x80, 0xff, 0, 0x9a], "its Content-Encoding is br, which the plugin does not read"),
        ("gzip", cut, "Incorrect key"),
        ("gzip", vec![0, 1, 2, 255], "HTTP 401"),
    ] {
        let failure = failure_from_bytes(response(401, &[("content-encoding", encoding)], body));
        assert_eq!(failure.data["status"], 401);
        for words in [words, "Check the API key"] {
            assert!(failure.description.contains(words), "{failure:?}");
        }
    }
}

// Requests.

#[test]
fn sends_no_header_or_request_injected_through_an_option() {
    let server = Server::responding(|_| pong());
    let evil = "x\r\nx-evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n";
    for source in [
        json!({"apiKey": evil}),
        json!({"apiKey": KEY, "organizationId": evil}),
        json!({"apiKey": KEY, "project_id": evil}),
        json!({"apiKey": KEY, "headers": [["x-a", evil]]}),
        json!({"apiKey": KEY, "headers": [[evil, "a"]]}),
    ] {
        let mut source = source;
        source["base_url"] = server.url().into();
        assert_failure(&failure(Plugin::new().run(&source, &query(SECOND))), "invalid_option", "");
    }
    let source = json!({"apiKey": KEY, "base_url": format!("{}\r\nx-evil: 1", server.url())});
    assert_failure(&failure(Plugin::new().run(&source, &query(SECOND))), "invalid_option", "Base URL");
    assert_eq!(server.opened(), 0);
}

#[test]
fn rejects_a_header_with_a_line_break_in_the_client() {
    let server = Server::responding(|_| pong());
    let plugin = Plugin::with_client(client(&UNGUARDED).unwrap());
    for (name, value) in [("x-a", "1\r\nx-evil: hush"), ("x-a", "hush\0"), ("x-a: 1\r\nx-evil", "hush"), ("", "hush")] {
        let request = HttpRequest {
            method: Method::Get,
            url: server.url().parse().unwrap(),
            headers: vec![(name.to_owned(), Secret::new(value))],
            body: None,
            is_custom: true,
            sink: None,
        };
        let sent = plugin.runtime.block_on(plugin.client.send(&request, Duration::from_secs(1), &mut Hold::default()));
        let error = sent.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Other);
        assert!(!format!("{} {error:?}", error.text()).contains("hush"), "{error:?}");
    }
    assert_eq!(server.opened(), 0);
}
