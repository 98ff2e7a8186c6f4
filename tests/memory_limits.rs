#![allow(clippy::unwrap_used)] // a panic fails the test
//! The memory that responses may use.

#[path = "support/memory.rs"]
mod memory;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::MutexGuard,
    time::{Duration, Instant},
};

use memory::{MIB, memory};
use miniz_oxide::deflate::compress_to_vec;
use plugin::{KEY, Plugin, assert_failure, assert_pong, failure, is_ping, pong, query, source};
use process::{alone, eventually};
use serde_json::json;
use server::{Connection, Server, response};
use tokio::task::JoinHandle;
use tooljet_openai::{
    budgets::{MAX_CONTENDED_SILENCE, MAX_ERROR_BYTES, MAX_HELD_BYTES, MAX_RESPONSE_BYTES},
    service::Failure,
};

const SECONDS: u64 = 10_000;
const TEN_SECONDS: Duration = Duration::from_millis(SECONDS);

/// Sends up to 200 MB, and returns how much the client accepted.
fn flood(connection: &mut Connection, chunk: &[u8]) {
    for _ in 0..200_000_000 / chunk.len() {
        if !connection.send(chunk) {
            return;
        }
    }
}

/// Sends a query to a server that sends too much, and checks that memory stays within `bound` and is released
/// afterwards.
#[cfg(target_os = "linux")]
fn within(
    _alone: &MutexGuard<'_, ()>,
    bound: usize,
    serve: impl Fn(&mut Connection) + Send + Sync + 'static,
) -> Failure {
    let server = Server::start(move |connection| {
        if connection.number == 0 {
            connection.request();
            serve(connection);
        } else {
            connection.respond(|_| pong());
        }
    });
    let plugin = Plugin::new();
    let (before, _) = memory();
    let failure = plugin.fail(&server.url(), SECONDS);
    // With retries, because the client may not yet know that the server has closed a connection.
    assert_pong(&plugin.run(&json!({"apiKey": KEY, "base_url": server.url()}), &query(SECONDS)));
    let (_, most) = memory();
    assert!(most.saturating_sub(before) < bound, "{} MiB", most.saturating_sub(before) / MIB);
    eventually("memory is released", || memory().0.saturating_sub(before) < 16 * MIB);
    failure
}

#[test]
#[cfg(target_os = "linux")]
fn does_not_read_a_response_that_announces_too_much() {
    let alone = alone();
    let failure = within(&alone, 8 * MIB, |connection| {
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n");
        flood(connection, &vec![b' '; 64 << 10]);
    });
    assert_failure(&failure, "response_too_large", "more than 64 MiB");
}

#[test]
#[cfg(target_os = "linux")]
fn reads_an_endless_response_up_to_the_limit() {
    let alone = alone();
    let failure = within(&alone, MAX_RESPONSE_BYTES + 48 * MIB, |connection| {
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(64 << 10));
        flood(connection, chunk.as_bytes());
    });
    assert_failure(&failure, "response_too_large", "more than 64 MiB");
}

#[test]
#[cfg(target_os = "linux")]
fn reads_a_long_error_up_to_its_limit_and_keeps_its_status() {
    let alone = alone();
    for head in ["content-length: 200000000\r\n\r\n", "\r\n"] {
        let failure = within(&alone, MAX_ERROR_BYTES + 8 * MIB, move |connection| {
            connection.send(format!("HTTP/1.1 502 Bad Gateway\r\n{head}upstream is down "));
            flood(connection, &vec![b' '; 64 << 10]);
        });
        assert_eq!(failure.data["status"], 502);
        assert!(failure.description.contains("upstream is down"), "{failure:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn rejects_a_gzip_bomb() {
    let alone = alone();
    let deflated = compress_to_vec(&vec![b' '; MAX_RESPONSE_BYTES + MIB], 1);
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &deflated, &[0; 8]].concat();
    assert!(bomb.len() < MIB);
    let failure = within(&alone, 2 * MAX_RESPONSE_BYTES + 16 * MIB, move |connection| {
        connection.send(response(200, &[("content-encoding", "gzip")], &bomb));
    });
    assert_failure(&failure, "response_too_large", "after decompression");
}

fn large_query(milliseconds: u64) -> serde_json::Value {
    json!({"operation": "chat", "model": "m", "prompt": "Go on", "query_timeout": milliseconds})
}

#[test]
#[cfg(target_os = "linux")]
fn keeps_endless_responses_within_their_budget_without_delaying_small_queries() {
    let _alone = alone();
    let server = Server::start(|connection| {
        let Some(request) = connection.request() else { return };
        if is_ping(&request) {
            connection.send(pong());
            return connection.respond(|_| pong());
        }
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = format!("100000\r\n{}\r\n", " ".repeat(MIB));
        for _ in 0..MAX_RESPONSE_BYTES / MIB - 1 {
            if !connection.send(&chunk) {
                return;
            }
        }
        connection.wait_until_closed();
    });
    let plugin = Plugin::new();
    let ping = || assert_pong(&plugin.run(&source(&server.url()), &query(SECONDS)));
    let (before, _) = memory();
    let mut most = 0;
    let mut measure = || {
        most = most.max(memory().1.saturating_sub(before));
        most
    };
    let queries: Vec<_> = (0..12).map(|_| plugin.spawn(source(&server.url()), large_query(60_000))).collect();
    // Together they would hold 756 MiB.
    let budget = MAX_HELD_BYTES + MAX_RESPONSE_BYTES;
    let start = Instant::now();
    while measure() < budget / 2 {
        assert!(start.elapsed() < Duration::from_secs(50), "{} MiB", measure() / MIB);
        ping();
    }
    for _ in 0..200 {
        ping();
    }
    // In addition to bodies: what this test's server sends, and what the allocator keeps of growing bodies.
    assert!(measure() < budget + 80 * MIB, "{} MiB", measure() / MIB);
    queries.iter().for_each(JoinHandle::abort);
}

#[test]
fn fails_at_the_deadline_when_no_memory_is_free() {
    let _alone = alone();
    let server = Server::responding(|_| response(200, &[], " ".repeat(MIB)));
    let plugin = Plugin::new();
    // The budget, and the right to exceed it.
    let _held = [(); 2].map(|()| plugin.runtime.block_on(plugin.client.admit(MAX_HELD_BYTES, TEN_SECONDS)).unwrap());
    let start = Instant::now();
    let failure = plugin.fail(&server.url(), 500);
    assert_failure(&failure, "server_busy", "no memory was free in time");
    assert!(start.elapsed() < MAX_CONTENDED_SILENCE / 2, "{:?}", start.elapsed());
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn releases_memory_after_a_large_query() {
    let _alone = alone();
    let texts = format!("{{\"data\":[{{\"embedding\":[{}\"\"]}}]}}", "\"text\",".repeat(1 << 20));
    let server = Server::responding(move |request| if is_ping(request) { pong() } else { response(200, &[], &texts) });
    let plugin = Plugin::new();
    plugin.succeed(&server.url());
    let (before, _) = memory();
    let failure = failure(plugin.run(&source(&server.url()), &large_query(60_000)));
    assert_failure(&failure, "no_answer", "contains no choices");
    eventually("memory is released", || memory().0.saturating_sub(before) < 24 * MIB);
}
