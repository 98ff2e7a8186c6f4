//! Streamed answers: what is requested, what is read, and what is kept if one breaks off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/script.rs"]
mod script;
#[path = "support/server.rs"]
mod server;

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread::{sleep, spawn},
    time::{Duration, Instant},
};

use miniz_oxide::deflate::compress_to_vec;
use plugin::{KEY, Plugin, assert_failure, failure, pong, query, source};
use script::{Script, Step};
use serde_json::{Value, json};
use server::{Connection, Server};
use tooljet_openai::{
    budgets::MAX_CACHE_AGE,
    error::{TransportError, TransportErrorKind},
    network::http::HttpResponse,
    policy::model_cache::ModelCache,
    service::Outcome,
};

/// A chunk with text of a chat answer.
fn chunk(text: &str) -> String {
    event(
        &json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}),
    )
}

/// The last chunks of an answer.
fn end() -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        + &event(&json!({"choices": [], "usage": {"total_tokens": 7}}))
        + "data: [DONE]\n\n"
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn chat() -> Value {
    json!({"operation": "chat", "model": "m", "prompt": "Ping"})
}

fn completion() -> Value {
    json!({"operation": "completion", "model": "m", "prompt": "Ping"})
}

fn streaming(base_url: &str) -> Value {
    json!({"apiKey": KEY, "base_url": base_url, "streaming": "on"})
}

fn stream(body: impl ToString) -> Step {
    script::response(200, &[("content-type", "text/event-stream")], body)
}

fn rejected(param: Option<&str>, message: &str) -> Step {
    script::response(400, &[], json!({"error": {"message": message, "param": param}}))
}

fn result(outcome: Outcome) -> (Value, Value) {
    match outcome {
        Outcome::Ok(result) => (result.data, result.metadata.into()),
        other => panic!("{other:?}"),
    }
}

fn sent(script: &Script, name: &str) -> Vec<Value> {
    script.sent.lock().unwrap().iter().map(|sent| sent.body[name].clone()).collect()
}

// What is requested.

#[test]
fn requests_no_stream_unless_streaming_is_on() {
    let source = source("https://gateway.example/v1");
    let script = Script::new([stream(chunk("Pong") + &end()), stream(chunk("Pong") + &end())]);
    script.run(&source, &chat());
    script.run(&source, &completion());
    assert_eq!(sent(&script, "stream"), [json!(false), json!(false)]);
    assert_eq!(sent(&script, "stream_options"), [json!(null), json!(null)]);
    let script = Script::new([script::response(200, &[], json!({"data": [{"embedding": [1]}]}))]);
    script.run(&streaming(""), &json!({"operation": "generate_embedding", "input": "a"}));
    assert_eq!(sent(&script, "stream"), [json!(null)]);
}

#[test]
fn requests_an_uncompressed_stream_with_usage_when_streaming_is_on() {
    let source = streaming("https://gateway.example/v1");
    let script = Script::new([stream(chunk("Pong") + &end()), stream(chunk("Pong") + &end())]);
    let (data, metadata) = result(script.run(&source, &chat()));
    assert_eq!(
        (data, &metadata["usage"], &metadata["finish_reason"]),
        (json!("Pong"), &json!({"total_tokens": 7}), &json!("stop"))
    );
    script.run(&source, &completion());
    assert_eq!(sent(&script, "stream"), [json!(true), json!(true)]);
    assert_eq!(sent(&script, "stream_options"), vec![json!({"include_usage": true}); 2]);
    let headers = &script.sent.lock().unwrap()[0].headers;
    assert!(headers.contains(&("accept-encoding".to_owned(), "identity".to_owned())), "{headers:?}");
}

#[test]
fn stops_streaming_for_an_hour_when_a_server_rejects_it() {
    let (cache, source) = (ModelCache::default(), streaming("https://gateway.example/v1"));
    let answer = || script::response(200, &[], json!({"choices": [{"message": {"content": "Pong"}}]}));
    let script = Script::new([rejected(None, "Streaming is not supported."), answer(), answer(), answer()]);
    let (data, metadata) = result(script.run_with(&cache, &source, &chat()));
    assert_eq!((data, &metadata["adjusted"]), (json!("Pong"), &json!([{"parameter": "stream", "change": "removed"}])));
    script.run_with(&cache, &source, &chat());
    script.advance(MAX_CACHE_AGE);
    script.run_with(&cache, &source, &chat());
    assert_eq!(sent(&script, "stream"), [json!(true), json!(null), json!(null), json!(true)]);
    assert_eq!(sent(&script, "stream_options")[1..3], [json!(null), json!(null)]);
}

#[test]
fn requests_a_stream_without_usage_when_only_that_is_rejected() {
    let (cache, source) = (ModelCache::default(), streaming("https://gateway.example/v1"));
    let answer = || stream(chunk("Pong") + &end());
    let message = "Unrecognized request argument supplied: stream_options";
    let script = Script::new([rejected(None, message), answer(), answer()]);
    for _ in 0..2 {
        assert_eq!(result(script.run_with(&cache, &source, &completion())).0, "Pong");
    }
    assert_eq!(sent(&script, "stream"), vec![json!(true); 3]);
    assert_eq!(sent(&script, "stream_options"), [json!({"include_usage": true}), json!(null), json!(null)]);
}

#[test]
fn omits_stream_false_when_a_server_rejects_it() {
    let answer = script::response(200, &[], json!({"choices": [{"message": {"content": "Pong"}}]}));
    let script = Script::new([rejected(Some("stream"), "Unknown parameter: 'stream'"), answer]);
    result(script.run(&source("https://gateway.example/v1"), &chat()));
    assert_eq!(sent(&script, "stream"), [json!(false), json!(null)]);
}

#[test]
fn requests_a_stream_from_a_model_that_only_streams_and_caches_that() {
    let (cache, source) = (ModelCache::default(), source("https://gateway.example/v1"));
    let message = "This model only support stream mode, please enable the stream parameter to access the model. ";
    let answer = || stream(chunk("Pong") + &end());
    let script = Script::new([rejected(None, message), answer(), answer()]);
    for _ in 0..2 {
        let (data, metadata) = result(script.run_with(&cache, &source, &chat()));
        let adjusted = json!([{"parameter": "stream", "change": "set", "to": "true"}]);
        assert_eq!(
            (data, &metadata["adjusted"], &metadata["usage"]["total_tokens"]),
            (json!("Pong"), &adjusted, &json!(7))
        );
    }
    assert_eq!(sent(&script, "stream"), [json!(false), json!(true), json!(true)]);
}

// What is read.

#[test]
fn reads_several_answers_with_calls_and_finish_reasons() {
    let piece = |index, delta: Value, reason: Value| {
        event(&json!({"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}))
    };
    let call = |text: &str| json!({"tool_calls": [{"index": 0, "id": "1", "function": {"arguments": text}}]});
    let body = [
        piece(1, json!({"content": "b"}), json!(null)),
        piece(0, json!({"content": "a"}), json!(null)),
        piece(0, call("{"), json!(null)),
        piece(0, call("}"), json!("tool_calls")),
        piece(1, json!({"content": "B"}), json!("length")),
    ];
    let query = json!({"operation": "chat", "model": "m", "prompt": "Ping", "n": 2});
    let (data, metadata) = result(Script::new([stream(body.concat())]).run(&streaming(""), &query));
    assert_eq!((data, &metadata["finish_reasons"]), (json!(["a", "bB"]), &json!(["tool_calls", "length"])));
    assert_eq!(metadata["tool_calls"][0]["function"]["arguments"], "{}");
}

#[test]
fn recognizes_a_stream_by_its_first_bytes_whatever_its_content_type() {
    let events = chunk("Pong") + &end();
    for text in [
        events.clone(),
        format!("\u{feff}{events}"),
        format!(": PROCESSING\n\n: PROCESSING\n\n{events}"),
        events.replace('\n', "\r\n"),
        events.replace('\n', "\r"),
        events.replace("data: ", "data:"),
        format!("retry: 5\nid: 1\nevent: chunk\n{events}"),
    ] {
        for kind in ["text/event-stream", "application/json", "text/plain"] {
            let step = script::response(200, &[("content-type", kind)], &text);
            assert_eq!(result(Script::new([step]).run(&source(""), &chat())).0, "Pong", "{kind}: {text}");
        }
    }
    let json = json!({"choices": [{"message": {"content": "Pong"}}]});
    let step = stream(format!("\u{feff}: PROCESSING\n\n: PROCESSING\r\n\n{json}"));
    assert_eq!(result(Script::new([step]).run(&source(""), &chat())).0, "Pong");
}

// What breaks off.

fn cut_off(body: impl Into<Vec<u8>>, headers: &[(&str, &str)]) -> Step {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let cut = Some(TransportError::new(TransportErrorKind::Reset, ""));
    Step::Respond(HttpResponse { status: 200, headers, body: body.into(), cut })
}

#[test]
fn does_not_retry_after_an_answer_has_begun() {
    let unsupported =
        json!({"error": {"code": "400", "message": "temperature is not supported", "param": "temperature"}});
    let not_found = json!({"error": {"code": "model_not_found", "message": "no such model"}});
    let with_temperature = json!({"operation": "completion", "model": "m", "prompt": "Ping", "temperature": 1});
    for query in [chat(), with_temperature] {
        for end in [unsupported.clone(), not_found.clone()] {
            let failure = failure(Script::new([stream(chunk("Hal") + &event(&end))]).run(&streaming(""), &query));
            assert_eq!((&failure.data["partial"], &failure.data["attempts"]), (&json!("Hal"), &json!(1)));
        }
        let failure = failure(Script::new([cut_off(chunk("Hal"), &[])]).run(&streaming(""), &query));
        assert_eq!((&failure.data["partial"], &failure.data["attempts"]), (&json!("Hal"), &json!(1)));
    }
}

#[test]
fn hides_an_answer_that_broke_off_before_it_was_checked() {
    for (moderation, partial) in [("input", Some(json!("Hal"))), ("output", None), ("both", None)] {
        let mut query = chat();
        query["moderation"] = moderation.into();
        let failure = failure(Script::new([cut_off(chunk("Hal"), &[])]).run(&streaming(""), &query));
        assert_eq!((failure.data.get("partial"), &failure.data["attempts"]), (partial.as_ref(), &json!(1)));
        assert_eq!(failure.description.contains("data.partial"), partial.is_some());
    }
}

#[test]
fn retries_when_no_part_of_the_answer_had_arrived() {
    let silent = || cut_off(": PROCESSING\n\n".to_owned() + &chunk(""), &[]);
    let script = Script::new([silent(), stream(chunk("Pong") + &end())]);
    assert_eq!(result(script.run(&streaming(""), &chat())).0, "Pong");
    // A part of a body that is not a stream is useless.
    let script = Script::new([cut_off("{\"choices\":[", &[]), stream(chunk("Pong") + &end())]);
    assert_eq!(result(script.run(&streaming(""), &chat())).0, "Pong");
}

#[test]
fn accepts_an_answer_that_was_cut_off_after_its_end() {
    let finished = event(&json!({"choices": [{"index": 0, "delta": {"content": "Pong"}, "finish_reason": "stop"}]}));
    assert_eq!(result(Script::new([cut_off(finished, &[])]).run(&streaming(""), &chat())).0, "Pong");
}

#[test]
fn keeps_the_start_of_a_compressed_stream_that_was_cut_off() {
    let deflated = compress_to_vec(chunk("Hal").repeat(50).as_bytes(), 0);
    let packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\0", &deflated[..deflated.len() / 2]].concat();
    let step = cut_off(packed, &[("content-encoding", "gzip")]);
    let failure = failure(Script::new([step]).run(&source(""), &chat()));
    assert_failure(&failure, "connection_reset", "is in data.partial.");
    assert!(failure.data["partial"].as_str().unwrap().starts_with("HalHal"));
}

#[test]
fn keeps_secrets_out_of_a_partial_answer() {
    let failure =
        failure(Script::new([cut_off(chunk(&format!("your key is {KEY}")), &[])]).run(&streaming(""), &chat()));
    assert_eq!(failure.data["partial"], "your key is [redacted]");
}

// On real sockets.

/// Sends the head of a stream of unknown length.
fn begin(connection: &mut Connection) {
    connection.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
}

fn send(connection: &mut Connection, text: &str) -> bool {
    connection.send(format!("{:x}\r\n{text}\r\n", text.len()))
}

fn finish(connection: &mut Connection) {
    connection.send("0\r\n\r\n");
}

/// How long the gateway in these tests tolerates a silent connection.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// A gateway in front of `target` that cuts connections that are silent for [`IDLE_LIMIT`].
fn impatient_gateway(target: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let mut upstream = TcpStream::connect(target).unwrap();
            upstream.set_read_timeout(Some(IDLE_LIMIT)).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            spawn(move || std::io::copy(&mut from, &mut to));
            spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = upstream.read(&mut buffer) {
                    if client.write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
                let _ = (client.shutdown(Shutdown::Both), upstream.shutdown(Shutdown::Both));
            });
        }
    });
    url
}

#[test]
fn keeps_a_connection_busy_by_streaming_while_the_model_thinks() {
    let server = Server::start(|connection| {
        while let Some(request) = connection.request() {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            if body["stream"] != true {
                // It thinks for longer than the gateway waits.
                connection.wait_until_closed();
                return;
            }
            begin(connection);
            for _ in 0..48 {
                send(connection, &event(&json!({"choices": [{"index": 0, "delta": {"reasoning": "hm"}}]})));
                sleep(IDLE_LIMIT / 40);
            }
            send(connection, &(chunk("Pong") + &end()));
            finish(connection);
        }
    });
    let gateway = impatient_gateway(SocketAddr::from(([127, 0, 0, 1], server.port())));
    let plugin = Plugin::new();
    assert_failure(&plugin.fail(&gateway, 5_000), "connection_reset", "");
    assert_eq!(result(plugin.run(&streaming(&gateway), &query(5_000))).0, "Pong");
}

/// The failure of a query with retries whose server sends `start` of a stream and then runs `then`.
fn broken(
    milliseconds: u64,
    start: String,
    then: impl Fn(&mut Connection) + Send + Sync + 'static,
) -> tooljet_openai::service::Failure {
    let server = Server::start(move |connection| {
        if connection.request().is_some() {
            begin(connection);
            send(connection, &start);
            then(connection);
        }
    });
    let failure = failure(Plugin::new().run(&streaming(&server.url()), &query(milliseconds)));
    assert_eq!((server.requests().len(), &failure.data["attempts"]), (1, &json!(1)), "{failure:?}");
    failure
}

#[test]
fn keeps_the_start_of_an_answer_when_the_connection_is_cut() {
    let failure = broken(5_000, chunk("Hel") + &chunk("lo") + "data: {\"choi", |_| ());
    assert_failure(&failure, "truncated_response", "The text so far is in data.partial.");
    assert_eq!(failure.data["partial"], "Hello");
}

#[test]
fn keeps_the_start_of_an_answer_when_the_deadline_passes() {
    let failure = broken(2_500, chunk("Hel") + &chunk("lo"), Connection::wait_until_closed);
    assert_failure(&failure, "timeout", "The text so far is in data.partial.");
    assert_eq!(failure.data["partial"], "Hello");
    let thought = event(&json!({"choices": [{"index": 0, "delta": {"reasoning_content": "Let me see"}}]}));
    let failure = broken(2_500, thought, Connection::wait_until_closed);
    assert_failure(&failure, "timeout", "The reasoning so far is in data.reasoning.");
    assert_eq!((failure.data.get("partial"), &failure.data["reasoning"]), (None, &json!("Let me see")));
}

#[test]
fn keeps_the_start_of_an_answer_when_an_error_ends_it() {
    let error = event(&json!({"error": {"message": "The model crashed.", "code": "server_error"}}));
    let failure = broken(5_000, chunk("Hello") + &error, finish);
    assert_failure(&failure, "server_error", "The model crashed.");
    assert_eq!(failure.data["partial"], "Hello");
}

#[test]
fn reads_ten_thousand_chunks_of_one_character() {
    const CHUNKS: usize = 10_000;
    let server = Server::start(|connection| {
        while connection.request().is_some() {
            begin(connection);
            for _ in 0..CHUNKS {
                send(connection, &chunk("x"));
            }
            send(connection, &end());
            finish(connection);
        }
    });
    let (data, metadata) = result(Plugin::new().run(&streaming(&server.url()), &query(20_000)));
    assert_eq!((data, &metadata["usage"]["total_tokens"]), (json!("x".repeat(CHUNKS)), &json!(7)));
}

#[test]
fn reuses_the_connection_after_a_stream() {
    let server = Server::start(|connection| {
        while connection.request().is_some() {
            begin(connection);
            send(connection, &(chunk("Pong") + &end()));
            finish(connection);
        }
    });
    let plugin = Plugin::new();
    for _ in 0..2 {
        assert_eq!(result(plugin.run(&streaming(&server.url()), &query(5_000))).0, "Pong");
    }
    assert_eq!(server.opened(), 1);
}

/// The end of an answer of the Responses API.
fn completed(text: &str) -> String {
    let said = json!({"type": "message", "content": [{"type": "output_text", "text": text}]});
    event(&json!({"type": "response.completed", "response": {"status": "completed", "output": [said]}}))
}

#[test]
fn returns_at_the_last_event_when_the_server_keeps_the_connection_open() {
    for stream in [chunk("say [DONE]: ") + &chunk("Pong") + &end(), completed("say [DONE]: Pong")] {
        let api = if stream.contains("output_text") { "responses" } else { "chat_completions" };
        // It arrives in pieces split at arbitrary points.
        let (first, second) = stream.split_at(stream.len() - 5);
        let (first, second) = (first.to_owned(), second.to_owned());
        let server = Server::start(move |connection| {
            while connection.request().is_some() {
                begin(connection);
                send(connection, &first);
                send(connection, &second);
                connection.wait_until_closed();
            }
        });
        let plugin = Plugin::new();
        let mut query = query(20_000);
        query["api"] = api.into();
        for opened in 1..=2 {
            let start = Instant::now();
            assert_eq!(result(plugin.run(&streaming(&server.url()), &query)).0, "say [DONE]: Pong");
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
            // The connection could not be reused.
            server.wait_until_closed();
            assert_eq!(server.opened(), opened);
        }
    }
}

#[test]
fn reads_plain_json_instead_of_a_stream() {
    let server = Server::responding(|_| pong());
    assert_eq!(result(Plugin::new().run(&streaming(&server.url()), &query(5_000))).0, "Pong");
}
