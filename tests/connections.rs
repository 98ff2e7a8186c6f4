#![allow(clippy::unwrap_used)] // a panic fails the test
//! Connections to servers: how many are opened, shared, kept and closed.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::{
    collections::VecDeque,
    fs,
    net::TcpListener,
    sync::{Arc, Barrier, Mutex, mpsc},
    thread::{self, sleep},
    time::Duration,
};

use certificates::{Ca, pem_file, server_config};
use plugin::{Plugin, assert_failure, assert_pong, client_with, failure, pong, query, source};
use process::{alone, eventually, threads};
use server::{Connection, Server, response};
use tokio::task::JoinHandle;
use tooljet_openai::{network::client::Settings, service::Outcome};

const SECONDS: u64 = 10_000;

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
