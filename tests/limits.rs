#![allow(clippy::unwrap_used)] // here a panic is a failed test
//! What the plugin takes of the server it lives in: connections, tasks, threads, memory.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/server.rs"]
mod server;

use std::{
    collections::VecDeque,
    fs,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use certificates::{Authority, pem_file, server_config};
use memory::{MIB, memory};
use miniz_oxide::deflate::compress_to_vec;
use plugin::{KEY, Plugin, assert_failure, assert_pong, failure, pong, query, source, unresolvable};
use serde_json::json;
use server::{Connection, Server, response};
use tokio::task::JoinHandle;
use tooljet_openai::{
    budgets::{MAX_ERROR_BYTES, MAX_RESPONSE_BYTES},
    service::{Failure, Outcome},
};

const SECONDS: u64 = 10_000;

/// Memory and threads are those of the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for what happens on other threads.
#[track_caller]
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(5), "never: {what}");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn two_hundred_queries_that_time_out_leave_nothing_behind() {
    let _alone = alone();
    let server = Server::start(|connection| {
        connection.request();
        connection.wait_until_closed();
    });
    let plugin = Plugin::new();
    let queries: Vec<_> = (0..200).map(|_| plugin.spawn(source(&server.url()), query(1_500))).collect();
    server.wait_for_requests(200);
    for query in queries {
        let failure = failure(plugin.runtime.block_on(query).unwrap());
        assert_failure(&failure, "timeout", "raise the query's own timeout");
    }
    server.wait_until_closed();
    assert_eq!(server.requests().len(), 200);
    eventually("no task is left", || plugin.runtime.metrics().num_alive_tasks() == 0);
}

#[test]
fn a_query_that_is_dropped_closes_its_connection() {
    let _alone = alone();
    let server = Server::start(|connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
        connection.wait_until_closed();
    });
    let plugin = Plugin::new();
    let query = plugin.spawn(source(&server.url()), query(SECONDS));
    server.wait_for_requests(1);
    query.abort();
    server.wait_until_closed();
    eventually("no task is left", || plugin.runtime.metrics().num_alive_tasks() == 0);
}

#[test]
fn a_thousand_queries_one_after_the_other_share_one_connection() {
    let _alone = alone();
    let server = Server::answering(|_| pong());
    let plugin = Plugin::new();
    for _ in 0..1_000 {
        plugin.succeed(&server.url());
    }
    assert_eq!((server.opened(), server.requests().len()), (1, 1_000));
}

#[test]
fn errors_of_the_api_keep_the_connection() {
    let _alone = alone();
    let server = Server::answering(|_| response(400, &[], r#"{"error":{"message":"no"}}"#));
    let plugin = Plugin::new();
    for _ in 0..10 {
        assert_eq!(plugin.fail(&server.url(), SECONDS).data["status"], 400);
    }
    assert_eq!(server.opened(), 1);
}

#[test]
fn sixty_four_queries_at_a_time_never_need_more_connections() {
    let _alone = alone();
    let server = Server::answering(|_| {
        sleep(Duration::from_millis(20));
        pong()
    });
    let plugin = Plugin::new();
    let mut queries: VecDeque<JoinHandle<Outcome>> = VecDeque::new();
    for _ in 0..64 * 10 {
        if queries.len() == 64 {
            assert_pong(&plugin.runtime.block_on(queries.pop_front().unwrap()).unwrap());
        }
        queries.push_back(plugin.spawn(source(&server.url()), query(SECONDS)));
    }
    for query in queries {
        assert_pong(&plugin.runtime.block_on(query).unwrap());
    }
    assert_eq!(server.requests().len(), 64 * 10);
    assert!(server.opened() <= 64, "{} connections", server.opened());
}

#[test]
fn a_burst_of_queries_with_quick_answers_opens_fewer_connections_than_it_has_queries() {
    let _alone = alone();
    let authority = Authority::new();
    let config = server_config(authority.certify("localhost", |_| ()));
    let server = Server::tls(config, |connection| connection.answer(|_| pong()));
    let ca_file = pem_file(&authority.pem());
    let plugin = Plugin::with_env(&[("SSRF_PROTECTION_ENABLED", "false"), ("NODE_EXTRA_CA_CERTS", ca_file.as_str())]);
    let source = source(&format!("https://localhost:{}/v1", server.port()));
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_pong(&plugin.run(&source, &query(SECONDS)));
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 64 * 10);
    assert!(server.opened() < 64, "{} connections", server.opened());
}

#[test]
fn queries_that_waited_for_a_connection_fail_with_those_that_could_not_open_one() {
    let _alone = alone();
    let plugin = Plugin::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = source(&format!("http://{address}/v1"));
    let queries: Vec<_> = (0..200).map(|_| plugin.spawn(source.clone(), query(SECONDS))).collect();
    for query in queries {
        let failure = failure(plugin.runtime.block_on(query).unwrap());
        assert_failure(&failure, "connection_refused", "refused");
    }
    eventually("no task is left", || plugin.runtime.metrics().num_alive_tasks() == 0);
}

/// Threads of the runtime, which all have its name.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim() == "tooljet-openai").count()
}

#[test]
#[cfg(target_os = "linux")]
fn lookups_that_hang_take_few_threads_and_hold_up_nobody_else() {
    let _alone = alone();
    let server = Server::answering(|_| pong());
    let plugin = Plugin::new();
    // What the resolver's threads are like when it does not answer.
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    for _ in 0..256 {
        let gate = Arc::clone(&gate);
        plugin.runtime.spawn_blocking(move || gate.lock().map(|gate| gate.recv()).is_ok());
    }
    let queries: Vec<_> =
        (0..256).map(|n| plugin.spawn(source(&format!("http://{}", unresolvable(n))), query(300))).collect();
    plugin.succeed(&server.url());
    for query in queries {
        assert_failure(&failure(plugin.runtime.block_on(query).unwrap()), "timeout", "No response within");
    }
    assert!((2..24).contains(&threads()), "{} threads", threads());
    drop(release);
    plugin.succeed(&format!("http://localhost:{}", server.port()));
}

/// Sends 200 MB, as far as the client takes it, and says how far that was.
fn flood(connection: &mut Connection, chunk: &[u8]) {
    for _ in 0..200_000_000 / chunk.len() {
        if !connection.send(chunk) {
            return;
        }
    }
}

/// Asks a server that sends too much, and checks that memory stays within `bound` meanwhile
/// and comes back afterwards.
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
            connection.answer(|_| pong());
        }
    });
    let plugin = Plugin::new();
    let (before, _) = memory();
    let failure = plugin.fail(&server.url(), SECONDS);
    // With retries: the client may not know yet that the server has closed a connection.
    assert_pong(&plugin.run(&json!({"apiKey": KEY, "base_url": server.url()}), &query(SECONDS)));
    let (after, most) = memory();
    assert!(most.saturating_sub(before) < bound, "{} MiB", most.saturating_sub(before) / MIB);
    assert!(after.saturating_sub(before) < 8 * MIB, "{} MiB stay", after.saturating_sub(before) / MIB);
    failure
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_announces_too_much_is_not_read() {
    let alone = alone();
    let failure = within(&alone, 8 * MIB, |connection| {
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n");
        flood(connection, &vec![b' '; 64 << 10]);
    });
    assert_failure(&failure, "response_too_large", "more than 64 MiB");
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_does_not_end_is_read_up_to_the_limit() {
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
fn a_long_error_is_read_up_to_its_limit_and_keeps_its_status() {
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
fn a_gzip_bomb_is_defused() {
    let alone = alone();
    let deflated = compress_to_vec(&vec![b' '; MAX_RESPONSE_BYTES + MIB], 1);
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &deflated, &[0; 8]].concat();
    assert!(bomb.len() < MIB);
    let failure = within(&alone, 2 * MAX_RESPONSE_BYTES + 16 * MIB, move |connection| {
        connection.send(response(200, &[("content-encoding", "gzip")], &bomb));
    });
    assert_failure(&failure, "response_too_large", "after decompression");
}
