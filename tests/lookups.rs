#![allow(clippy::unwrap_used)] // a panic fails the test
//! Lookups of host names, which may hang.

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use plugin::{Plugin, assert_failure, client_with, failure, pong, query, source};
use process::{alone, eventually, threads};
use server::Server;
use tooljet_openai::{budgets::MAX_LOOKUPS, network::client::Settings};

const SECONDS: u64 = 10_000;

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
