#![allow(clippy::unwrap_used)] // here a panic is a failed test
//! Files that are never in memory as a whole: written while they are sent, and taken while they come.

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use plugin::Plugin;
use server::{Server, response};
use tooljet_openai::{
    budgets::WORK_BYTES,
    error::{TransportError, TransportErrorKind},
    network::http::{
        Body, BodySink, Content, Form, FormFile, HttpRequest, HttpResponse, Method, Sink, Transport, Written,
    },
};

const SECONDS: Duration = Duration::from_secs(10);

fn send(plugin: &Plugin, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
    let mut hold = plugin.client.hold();
    plugin.runtime.block_on(plugin.client.send(request, SECONDS, &mut hold))
}

fn upload(server: &Server, length: usize, written: Written) -> HttpRequest {
    assert_eq!(written.length, length);
    let file = FormFile {
        name: "rows-1.jsonl".to_owned(),
        media_type: "application/jsonl",
        content: Content::Written(written),
    };
    HttpRequest {
        method: Method::Post,
        url: format!("{}/files", server.url()).parse().unwrap(),
        headers: Vec::new(),
        body: Some(Body::Form(Form { fields: vec![("purpose".to_owned(), "batch".to_owned())], file })),
        is_custom: true,
        sink: None,
    }
}

/// So many pieces of different lengths.
fn pieces(count: usize) -> impl Iterator<Item = Bytes> + Send {
    (0..count).map(|piece| Bytes::from(format!("{piece:>width$}\n", width = 1 + piece * 977 % 30_000)))
}

#[test]
fn sends_a_file_of_known_length_that_is_written_meanwhile_and_anew_for_each_attempt() {
    let server = Server::responding(|_| response(200, &[], "{}"));
    let plugin = Plugin::new();
    for count in [0, 1, 200] {
        let whole: Vec<u8> = pieces(count).flatten().collect();
        let begun = Arc::new(AtomicUsize::new(0));
        let written = Written::new(whole.len(), {
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::Relaxed);
                Box::new(pieces(count))
            }
        });
        let request = upload(&server, whole.len(), written);
        for attempt in 1..=2 {
            send(&plugin, &request).unwrap();
            assert_eq!(begun.load(Ordering::Relaxed), attempt);
            let sent = server.requests().pop().unwrap();
            let boundary = sent.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
            let part = |head: &str, content: &[u8]| {
                let head = format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
                [head.as_bytes(), content, b"\r\n"].concat()
            };
            let file = "name=\"file\"; filename=\"rows-1.jsonl\"\r\nContent-Type: application/jsonl";
            let end = format!("--{boundary}--\r\n");
            let expected = [part("name=\"purpose\"", b"batch"), part(file, &whole), end.into_bytes()].concat();
            assert!(sent.body == expected, "{count}: {}", String::from_utf8_lossy(&sent.body[..200]));
            assert_eq!(sent.header("transfer-encoding"), None);
        }
    }
}

#[test]
fn fails_when_a_file_turns_out_shorter_than_it_should_be() {
    let server = Server::start(|connection| while connection.request().is_some() {});
    let written = Written::new(500_000, || Box::new(pieces(3)));
    assert!(send(&Plugin::new(), &upload(&server, 500_000, written)).is_err());
    assert_eq!(server.requests().len(), 0);
}

/// Keeps all that comes.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    begun: usize,
    pieces: Vec<usize>,
    bytes: Vec<u8>,
    is_whole: bool,
    most: Option<usize>,
}

impl BodySink for Kept {
    fn begin(&mut self) {
        let mut taken = self.0.lock().unwrap();
        taken.begun += 1;
        taken.bytes.clear();
    }

    fn take(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        let mut taken = self.0.lock().unwrap();
        taken.pieces.push(bytes.len());
        taken.bytes.extend_from_slice(bytes);
        match taken.most {
            Some(most) if taken.bytes.len() > most => Err(TransportError::new(TransportErrorKind::TooLarge, "enough")),
            _ => Ok(taken.bytes.len()),
        }
    }

    fn end(&mut self) -> Result<usize, TransportError> {
        self.0.lock().unwrap().is_whole = true;
        Ok(0)
    }
}

fn download(server: &Server, kept: &Kept) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        url: format!("{}/files/file-1/content", server.url()).parse().unwrap(),
        headers: Vec::new(),
        body: None,
        is_custom: true,
        sink: Some(Sink::new(kept.clone())),
    }
}

#[test]
fn hands_on_the_body_of_a_success_in_pieces_while_it_comes() {
    let body: Vec<u8> = pieces(200).flatten().collect();
    let server = Server::responding({
        let body = body.clone();
        move |_| response(200, &[("x-request-id", "r1")], &body)
    });
    let kept = Kept::default();
    let response = send(&Plugin::new(), &download(&server, &kept)).unwrap();
    assert_eq!((response.status, response.header("x-request-id"), response.body.len()), (200, Some("r1"), 0));
    assert_eq!(response.cut, None);
    let taken = kept.0.lock().unwrap();
    assert!(taken.begun == 1 && taken.is_whole && taken.bytes == body);
    let most = taken.pieces.iter().max().unwrap();
    assert!(taken.pieces.len() > 2 && *most < WORK_BYTES + (1 << 20), "{:?}", taken.pieces);
}

#[test]
fn keeps_the_words_of_an_error_and_says_when_a_file_is_cut_or_compressed_or_more_than_is_wanted() {
    let words = r#"{"error":{"message":"no such file"}}"#;
    let whole = response(200, &[], vec![b'x'; 2 * WORK_BYTES]);
    for (sent, most, expected) in [
        (response(404, &[], words), None, Ok(())),
        (whole[..whole.len() - 1].to_vec(), None, Err(TransportErrorKind::Truncated)),
        (whole.clone(), Some(10), Err(TransportErrorKind::TooLarge)),
        (response(200, &[("content-encoding", "gzip")], "x"), None, Err(TransportErrorKind::Compression)),
    ] {
        let server = Server::start(move |connection| {
            if connection.request().is_some() {
                connection.send(&sent);
                connection.finish_sending();
            }
        });
        let kept = Kept::default();
        kept.0.lock().unwrap().most = most;
        let response = send(&Plugin::new(), &download(&server, &kept)).unwrap();
        assert_eq!(response.cut.map_or(Ok(()), |cut| Err(cut.kind)), expected);
        let taken = kept.0.lock().unwrap();
        assert!(!taken.is_whole);
        assert_eq!(String::from_utf8(response.body).unwrap(), if expected.is_ok() { words } else { "" });
    }
}
