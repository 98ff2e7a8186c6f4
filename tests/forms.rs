#![allow(clippy::unwrap_used)] // a panic fails the test
//! Forms with a file on real sockets: every attempt sends the whole form.

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};

use plugin::{Plugin, failure, source};
use serde_json::{Value, json};
use server::{Request, Server, response};
use tooljet_openai::service::Outcome;

/// `groups` groups of three bytes after the start of a `WebM` file, including everything that resembles a boundary.
fn webm(groups: usize) -> (String, Vec<u8>) {
    (format!("GkXfow0K{}", "LS0N".repeat(groups)), [b"\x1a\x45\xdf\xa3\r\n".to_vec(), b"--\r".repeat(groups)].concat())
}

fn query(base64: &str) -> Value {
    json!({"operation": "transcription", "file": base64, "keywords": "Ada, \"ToolJet\"", "query_timeout": 10_000})
}

/// The boundary of a form, and its fields as name, further headers and value.
fn parts(request: &Request) -> (String, Vec<(String, Vec<u8>)>) {
    let boundary = request.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let find = |bytes: &[u8], mark: &str| bytes.windows(mark.len()).position(|window| window == mark.as_bytes());
    let (mut rest, mut parts) = (request.body.as_slice(), Vec::new());
    rest = rest.strip_prefix(format!("--{boundary}").as_bytes()).unwrap();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, &format!("\r\n--{boundary}")).unwrap();
        let head = find(part, "\r\n\r\n").unwrap();
        parts.push((String::from_utf8(part[..head].to_vec()).unwrap(), part[head + 4..end].to_vec()));
        rest = &part[end + format!("\r\n--{boundary}").len()..];
    }
    assert_eq!(rest, b"--\r\n");
    (boundary.to_owned(), parts)
}

fn expected(file: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let field = |name: &str, value: &str| {
        (format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes().to_vec())
    };
    let file_head =
        "Content-Disposition: form-data; name=\"file\"; filename=\"recording.webm\"\r\nContent-Type: audio/webm";
    vec![
        field("model", "gpt-transcribe"),
        field("keywords[]", "Ada"),
        field("keywords[]", "\"ToolJet\""),
        (file_head.to_owned(), file),
    ]
}

#[test]
fn sends_a_recording_of_any_size_whole_and_with_its_length() {
    let server =
        Server::responding(|_| response(200, &[("content-type", "application/json")], r#"{"text": "Hello."}"#));
    let plugin = Plugin::new();
    for groups in [0, 5_000, 21_700, 22_000, 1 << 20] {
        let (base64, bytes) = webm(groups);
        let outcome = plugin.run(&source(&server.url()), &query(&base64));
        assert!(matches!(outcome, Outcome::Ok(result) if result.data == "Hello."));
        let sent = server.requests().pop().unwrap();
        assert_eq!(sent.line, "POST /v1/audio/transcriptions HTTP/1.1");
        assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
        assert_eq!(sent.header("transfer-encoding"), None);
        assert!(parts(&sent).1 == expected(bytes), "{groups}");
    }
    assert_eq!(server.opened(), 1);
}

#[test]
fn writes_the_form_again_when_the_first_attempt_fails() {
    let attempts = AtomicUsize::new(0);
    let server = Server::responding(move |_| match attempts.fetch_add(1, Ordering::Relaxed) {
        0 => response(503, &[("retry-after-ms", "1")], "busy"),
        _ => response(200, &[], r#"{"text": "Hello."}"#),
    });
    let mut source = source(&server.url());
    source["max_retries"] = json!(1);
    let (base64, bytes) = webm(100_000);
    let outcome = Plugin::new().run(&source, &query(&base64));
    assert!(matches!(outcome, Outcome::Ok(result) if result.data == "Hello." && result.metadata["attempts"] == 2));
    let [first, second] = server.requests().try_into().unwrap();
    let ((one, first), (other, second)) = (parts(&first), parts(&second));
    assert_ne!(one, other);
    let expected = expected(bytes);
    assert!(first == expected && second == expected);
}

#[test]
fn accepts_plain_text_but_no_web_page_as_a_transcription() {
    let server = Server::responding(|_| response(200, &[("content-type", "text/plain")], " Hello.\n"));
    let outcome = Plugin::new().run(&source(&server.url()), &query(&webm(0).0));
    assert!(matches!(outcome, Outcome::Ok(result) if result.data == "Hello."));
    let server = Server::responding(|_| response(200, &[], "<!DOCTYPE html><title>Sign in</title>"));
    let failure = failure(Plugin::new().run(&source(&server.url()), &query(&webm(0).0)));
    assert_eq!(failure.data["code"], "invalid_response");
    assert!(failure.description.contains("an HTML page"), "{}", failure.description);
}
