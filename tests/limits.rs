#![allow(clippy::unwrap_used)] // a panic fails the test
//! What the plugin uses of its host process: connections, tasks, threads, memory.

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
    sync::{
        Arc, Barrier, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

use certificates::{Ca, pem_file, server_config};
use memory::{MIB, memory};
use miniz_oxide::deflate::compress_to_vec;
use plugin::{KEY, Plugin, assert_failure, assert_pong, client_with, failure, pong, query, source};
use serde_json::json;
use server::{Connection, Server, response};
use tokio::task::JoinHandle;
use tooljet_openai::{
    budgets::{MAX_CONTENDED_SILENCE, MAX_ERROR_BYTES, MAX_HELD_BYTES, MAX_LOOKUPS, MAX_RESPONSE_BYTES},
    network::{client::Settings, http::Transport as _},
    policy::model_cache::ModelCache,
    service::{self, Call, Failure, Outcome},
};

const SECONDS: u64 = 10_000;
const TEN_SECONDS: Duration = Duration::from_millis(SECONDS);

/// Memory and threads belong to the whole process, so only one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for an effect on another thread.
#[track_caller]
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn closes_the_connections_of_two_hundred_timed_out_queries() {
    let _alone = alone();
    let server = Server::start(|connection| {
        connection.request();
        connection.wait_until_closed();
    });
    let plugin = Plugin::new();
    let queries: Vec<_> = (0..200).map(|_| plugin.spawn(source(&server.url()), query(4_000))).collect();
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
fn closes_the_connection_of_a_dropped_query() {
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
fn shares_one_connection_among_a_thousand_sequential_queries() {
    let _alone = alone();
    let server = Server::responding(|_| pong());
    let plugin = Plugin::new();
    for _ in 0..1_000 {
        plugin.succeed(&server.url());
    }
    assert_eq!((server.opened(), server.requests().len()), (1, 1_000));
}

#[test]
fn keeps_the_connection_when_the_api_reports_an_error() {
    let _alone = alone();
    let server = Server::responding(|_| response(400, &[], r#"{"error":{"message":"no"}}"#));
    let plugin = Plugin::new();
    for _ in 0..10 {
        assert_eq!(plugin.fail(&server.url(), SECONDS).data["status"], 400);
    }
    assert_eq!(server.opened(), 1);
}

#[test]
fn opens_about_one_connection_per_concurrent_query() {
    let _alone = alone();
    let ca = Ca::new();
    let server = Server::tls(server_config(ca.certify("localhost", |_| ())), |connection| {
        connection.respond(|_| {
            sleep(Duration::from_millis(20));
            pong()
        });
    });
    let plugin = Plugin::with_env(&[("NODE_EXTRA_CA_CERTS", &pem_file(ca.pem()))]);
    let source = source(&format!("https://localhost:{}/v1", server.port()));
    let mut queries: VecDeque<JoinHandle<Outcome>> = VecDeque::new();
    for _ in 0..64 * 10 {
        if queries.len() == 64 {
            assert_pong(&plugin.runtime.block_on(queries.pop_front().unwrap()).unwrap());
        }
        queries.push_back(plugin.spawn(source.clone(), query(SECONDS)));
    }
    for query in queries {
        assert_pong(&plugin.runtime.block_on(query).unwrap());
    }
    assert_eq!(server.requests().len(), 64 * 10);
    // A query opens another connection if a handshake takes longer than the query is held back, as on a busy machine.
    assert!(server.opened() < 2 * 64, "{} connections", server.opened());
}

#[test]
fn opens_fewer_connections_than_queries_in_a_burst_of_quick_responses() {
    let _alone = alone();
    let ca = Ca::new();
    let config = server_config(ca.certify("localhost", |_| ()));
    let server = Server::tls(config, |connection| connection.respond(|_| pong()));
    let ca_file = pem_file(ca.pem());
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
    // If a handshake takes as long as ten queries, as on a busy machine, almost every query needs its own connection.
    assert!(server.opened() < 2 * 64, "{} connections", server.opened());
}

#[test]
fn fails_queries_that_wait_for_a_connection_when_none_can_be_opened() {
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

/// A plugin that resolves every name to this machine.
fn with_any_name(variables: &[(&str, &str)], settings: Settings) -> Plugin {
    let lookup = |_: &str| Ok(vec!["127.0.0.1:0".parse().unwrap()]);
    let variables = [&[("SSRF_PROTECTION_ENABLED", "false")], variables].concat();
    Plugin::with_client(client_with(&variables, Settings { lookup: Arc::new(lookup), ..settings }).unwrap())
}

/// Runs `queries` queries at once; each must succeed.
fn burst(plugin: &Plugin, base_url: &str, queries: usize) {
    let queries: Vec<_> = (0..queries).map(|_| plugin.spawn(source(base_url), query(SECONDS))).collect();
    for query in queries {
        assert_pong(&plugin.runtime.block_on(query).unwrap());
    }
}

/// Responds once a whole burst has arrived, so that each query takes a connection.
fn together(queries: usize) -> impl Fn(&mut Connection) + Send + Sync + 'static {
    let all = Barrier::new(queries);
    move |connection| {
        connection.respond(|_| {
            all.wait();
            pong()
        });
    }
}

#[test]
fn leaves_four_connections_at_a_small_server_after_a_burst() {
    let _alone = alone();
    let server = Server::start(together(32));
    let settings = Settings { idle_timeout_of_server_burst: Duration::from_millis(20), ..Settings::default() };
    let plugin = with_any_name(&[], settings);
    for _ in 0..2 {
        burst(&plugin, &server.url(), 32);
        eventually("four are left", || server.open() == 4);
        eventually("four are counted", || plugin.client.connections() == 4);
    }
}

#[test]
fn leaves_two_connections_at_openai_after_a_burst() {
    let _alone = alone();
    let ca = Ca::new();
    let config = server_config(ca.certify("api.openai.com", |_| ()));
    let server = Server::tls(config, together(8));
    let address = ([127, 0, 0, 1], server.port()).into();
    let settings = Settings {
        idle_timeout_of_provider_burst: Duration::from_millis(20),
        lookup: Arc::new(move |_| Ok(vec![address])),
        ..Settings::default()
    };
    let plugin =
        Plugin::with_client(client_with(&[("NODE_EXTRA_CA_CERTS", pem_file(ca.pem()).as_str())], settings).unwrap());
    for _ in 0..2 {
        burst(&plugin, "https://api.openai.com/v1", 8);
        eventually("no thread is left", || threads("tooljet-server") == 0);
        eventually("two are left", || server.open() == 2);
    }
}

#[test]
fn keeps_few_connections_and_threads_when_queries_go_to_many_servers() {
    let _alone = alone();
    let server = Server::responding(|_| pong());
    let plugin = with_any_name(&[], Settings { max_server_threads: 4, ..Settings::default() });
    for n in 0..100 {
        plugin.succeed(&format!("http://host-{n}.example:{}/v1", server.port()));
    }
    eventually("those of the four are left", || server.open() == 4);
    eventually("those of the four are counted", || plugin.client.connections() == 4);
    // Four, and the shared one.
    eventually("five threads are left", || threads("tooljet-server") == 5);
    drop(plugin);
    eventually("the threads end with the client", || threads("tooljet-server") == 0);
}

#[test]
fn lets_queries_wait_on_their_own_time_when_all_connections_are_in_use() {
    let _alone = alone();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let server = Server::start(move |connection| {
        connection.respond(|_| {
            let _ = gate.lock().unwrap().recv();
            pong()
        });
    });
    // 64 connections, 32 of them to one server.
    let plugin = with_any_name(&[], Settings { max_descriptors: 256, ..Settings::default() });
    let url = |name: &str| format!("http://{name}.example:{}/v1", server.port());
    let spawn = |name, milliseconds| plugin.spawn(source(&url(name)), query(milliseconds));
    let mut queries: Vec<_> = (0..32).map(|_| spawn("a", SECONDS)).collect();
    server.wait_for_requests(32);
    let failure = failure(plugin.runtime.block_on(spawn("a", 400)).unwrap());
    assert_failure(&failure, "server_busy", "Try again");
    queries.extend((0..32).map(|_| spawn("b", SECONDS)));
    server.wait_for_requests(64);
    let waiting = ["a", "b", "c"].map(|name| spawn(name, SECONDS));
    let failure = plugin::failure(plugin.runtime.block_on(spawn("c", 400)).unwrap());
    assert_failure(&failure, "server_busy", "no connection was free in time");
    assert_eq!((server.open(), plugin.client.connections()), (64, 64));
    drop(release);
    for query in queries.into_iter().chain(waiting) {
        assert_pong(&plugin.runtime.block_on(query).unwrap());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn probes_silent_connections_within_half_a_minute() {
    let _alone = alone();
    let server = Server::responding(|_| pong());
    let plugin = Plugin::new();
    plugin.succeed(&server.url());
    let port = format!(":{:04X}", server.port());
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    // Address, peer, state (01: established), queues, timer (02: keep-alive) with the hundredths of seconds left.
    let timers: Vec<_> = rows.filter(|row| row[2].ends_with(&port) && row[3] == "01").map(|row| row[5]).collect();
    let [timer] = timers[..] else { panic!("one connection: {table}") };
    let (kind, left) = timer.split_once(':').unwrap();
    let left = u64::from_str_radix(left, 16).unwrap();
    assert!(kind == "02" && (1..=3_000).contains(&left), "{timer}");
}

#[test]
fn delays_no_query_to_another_server_when_one_floods_its_connections() {
    let _alone = alone();
    let zeros = vec![b'0'; 256 << 10];
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
    let flooding = Server::start(move |connection| {
        connection.request();
        if connection.number.is_multiple_of(2) {
            connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            while connection.send(&zeros) {}
        } else {
            while connection.send(&interim) {}
        }
    });
    let other = Server::responding(|_| pong());
    let plugin = Plugin::new();
    plugin.succeed(&other.url());
    let start = Instant::now();
    let flooded: Vec<_> = (0..8).map(|_| plugin.spawn(source(&flooding.url()), query(3_000))).collect();
    let mut slowest = Duration::ZERO;
    while !flooded.iter().all(JoinHandle::is_finished) {
        let start = Instant::now();
        plugin.succeed(&other.url());
        slowest = slowest.max(start.elapsed());
    }
    assert!(start.elapsed() < 2 * TEN_SECONDS, "the deadline was kept after {:?}", start.elapsed());
    assert!(slowest < Duration::from_secs(2), "a query to another server took {slowest:?}");
    for query in flooded {
        assert_failure(&failure(plugin.runtime.block_on(query).unwrap()), "timeout", "No response within");
    }
    drop((plugin, flooding));
    eventually("the flooded thread has ended", || threads("tooljet-server") == 0);
}

/// Number of threads with this name in this process.
fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|found| found.trim() == name).count()
}

/// Resolves every name to this machine, but those starting with `silent` only once the gate opens.
fn with_silent_names(gate: mpsc::Receiver<()>, looked_up: &Arc<Mutex<Vec<String>>>) -> Settings {
    let (gate, looked_up) = (Mutex::new(gate), Arc::clone(looked_up));
    let lookup = move |name: &str| {
        looked_up.lock().unwrap().push(name.to_owned());
        if name.starts_with("silent") {
            let _ = gate.lock().unwrap().recv();
        }
        Ok(vec!["127.0.0.1:0".parse().unwrap()])
    };
    Settings { lookup: Arc::new(lookup), ..Settings::default() }
}

#[test]
#[cfg(target_os = "linux")]
fn resolves_other_names_while_lookups_hang() {
    let _alone = alone();
    // Each query needs its own connection, and so a lookup.
    let server = Server::start(|connection| {
        connection.request();
        connection.send(pong());
    });
    let (open_gate, gate) = mpsc::channel();
    let looked_up = Arc::default();
    let proxy = format!("http://proxy.test:{}", server.port());
    let variables = [("SSRF_PROTECTION_ENABLED", "false"), ("HTTP_PROXY", &proxy), ("NO_PROXY", "example")];
    let plugin = Plugin::with_client(client_with(&variables, with_silent_names(gate, &looked_up)).unwrap());
    let known = format!("http://known.example:{}/v1", server.port());
    plugin.succeed(&known);
    let of_one_name = (0..64).map(|_| "http://silent-0.example".to_owned());
    let of_many = (1..=40).map(|n| format!("http://silent-{n}.example"));
    let queries: Vec<_> = of_one_name.chain(of_many).map(|url| plugin.spawn(source(&url), query(1_000))).collect();
    for url in [&known, "http://gateway.invalid/v1", &known] {
        server.wait_until_closed();
        plugin.succeed(url);
    }
    let lookups = threads("tooljet-lookup");
    for query in queries {
        let failure = failure(plugin.runtime.block_on(query).unwrap());
        assert_failure(&failure, "dns_failed", "could not be resolved in time");
        assert!(!failure.description.contains("irewall"), "{failure:?}");
    }
    assert!((1..=MAX_LOOKUPS).contains(&lookups), "{lookups} threads");
    let of_silent_0 = looked_up.lock().unwrap().iter().filter(|name| *name == "silent-0.example").count();
    assert_eq!(of_silent_0, 1);
    drop(open_gate);
    eventually("the lookups have ended", || threads("tooljet-lookup") == 0);
}

#[test]
fn reports_the_name_when_its_lookup_uses_up_the_connect_timeout() {
    let _alone = alone();
    let (open_gate, gate) = mpsc::channel();
    let settings = with_silent_names(gate, &Arc::default());
    let settings = Settings { connect_timeout: Duration::from_millis(100), ..settings };
    let plugin = Plugin::with_client(client_with(&[], settings).unwrap());
    let failure = plugin.fail("http://silent.example", SECONDS);
    assert_failure(&failure, "dns_failed", "could not be resolved in time");
    drop(open_gate);
}

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

fn is_ping(request: &server::Request) -> bool {
    request.body.windows(4).any(|part| part == b"Ping")
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
fn times_out_when_the_result_is_not_processed_before_the_deadline() {
    static TURN: Mutex<()> = Mutex::new(());
    let _alone = alone();
    let turn = TURN.lock().unwrap();
    let long = json!({"choices": [{"message": {"content": "x".repeat(MIB)}}]}).to_string();
    let server = Server::responding(move |_| response(200, &[], long.clone()));
    let plugin = Plugin::new();
    let run = async {
        let (source, query) = (source(&server.url()), query(500));
        let mut call = Call { source, query, started: plugin.client.now(), hold: plugin.client.hold() };
        let finish = |outcome| {
            let _turn = matches!(outcome, Outcome::Ok(_)).then(|| TURN.lock().unwrap());
            outcome
        };
        service::run_into(&plugin.client, &ModelCache::default(), &mut call, finish).await
    };
    let outcome = plugin.runtime.block_on(run);
    drop(turn);
    assert_failure(&failure(outcome), "timeout", "No response within the query's timeout of 500 ms");
}

#[test]
fn does_not_delay_a_small_query_while_a_long_response_is_parsed() {
    let _alone = alone();
    let numbers = format!("{{\"data\":[{{\"embedding\":[{}1]}}]}}", "0.125,".repeat(1 << 20));
    let server =
        Server::responding(move |request| if is_ping(request) { pong() } else { response(200, &[], &numbers) });
    let plugin = Plugin::new();
    let embedding = json!({"operation": "generate_embedding", "input": "a", "query_timeout": 60_000});
    let long = plugin.spawn(source(&server.url()), embedding);
    server.wait_for_requests(1);
    let mut answered = 0;
    while !long.is_finished() {
        assert_pong(&plugin.run(&source(&server.url()), &query(SECONDS)));
        answered += 1;
    }
    assert!(answered > 10, "{answered}");
    let outcome = plugin.runtime.block_on(long).unwrap();
    assert!(matches!(outcome, Outcome::Ok(_)), "{outcome:?}");
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

#[test]
fn reports_a_timeout_while_another_query_resolves_the_same_name() {
    let _alone = alone();
    let server = Server::start(|connection| {
        connection.request();
        connection.wait_until_closed();
    });
    let (open_gate, gate) = mpsc::channel::<()>();
    let (gate, is_first) = (Mutex::new(gate), AtomicBool::new(true));
    let lookup = move |_: &str| {
        if !is_first.swap(false, Ordering::Relaxed) {
            let _ = gate.lock().unwrap().recv();
        }
        Ok(vec!["127.0.0.1:0".parse().unwrap()])
    };
    let settings = Settings { lookup: Arc::new(lookup), ..Settings::default() };
    let plugin = Plugin::with_client(client_with(&[("SSRF_PROTECTION_ENABLED", "false")], settings).unwrap());
    let url = format!("http://name.example:{}/v1", server.port());
    let connected = plugin.spawn(source(&url), query(2_000));
    server.wait_for_requests(1);
    let resolving = plugin.spawn(source(&url), query(2_400));
    for (query, code) in [(connected, "timeout"), (resolving, "dns_failed")] {
        assert_eq!(failure(plugin.runtime.block_on(query).unwrap()).data["code"], code);
    }
    drop(open_gate);
}
