#![allow(clippy::unwrap_used)] // a panic fails the test
//! Long work on a response: it delays no other query, and counts toward the timeout.

#[path = "support/memory.rs"]
mod memory;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use memory::MIB;
use plugin::{Plugin, assert_failure, assert_pong, failure, is_ping, pong, query, source};
use process::{alone, eventually, threads};
use serde_json::json;
use server::{Server, response};
use tokio::task::JoinHandle;
use tooljet_openai::{
    network::http::Transport as _,
    policy::model_cache::ModelCache,
    service::{self, Call, Outcome},
};

const SECONDS: u64 = 10_000;
const TEN_SECONDS: Duration = Duration::from_millis(SECONDS);

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
