#![allow(unreachable_pub, dead_code, clippy::unwrap_used)] // each test file uses a part of it
//! The plugin as in `ToolJet`: with its own runtime and real sockets.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{runtime::Runtime, task::JoinHandle};
use tooljet_openai::{
    error::TransportError,
    network::{
        client::{self, Client, Settings},
        http::Transport,
    },
    policy::model_cache::ModelCache,
    service::{self, Call, Failure, Outcome},
};

use crate::server::{Request, response};

/// Part of every request, and of nothing else.
pub const KEY: &str = "sk-loopback-0123456789abcdef";

pub struct Plugin {
    pub runtime: Runtime,
    pub client: Client,
    cache: Arc<ModelCache>,
}

impl Plugin {
    /// A plugin that may connect to loopback.
    pub fn new() -> Self {
        Self::with_env(&[("SSRF_PROTECTION_ENABLED", "false")])
    }

    /// A plugin with these environment variables and no others.
    pub fn with_env(variables: &[(&str, &str)]) -> Self {
        Self::with_client(client(variables).unwrap())
    }

    pub fn with_client(client: Client) -> Self {
        Self { runtime: client::runtime().unwrap(), client, cache: Arc::default() }
    }

    /// Runs a query as `ToolJet` does, on the runtime's own thread.
    pub fn run(&self, source: &Value, query: &Value) -> Outcome {
        self.runtime.block_on(self.spawn(source.clone(), query.clone())).unwrap()
    }

    /// Starts a query that runs concurrently.
    pub fn spawn(&self, source: Value, query: Value) -> JoinHandle<Outcome> {
        let (client, cache) = (self.client.clone(), Arc::clone(&self.cache));
        self.runtime.spawn(async move {
            let mut call = Call { source, query, started: client.now(), hold: client.hold() };
            service::run(&client, &cache, &mut call).await
        })
    }

    /// Runs a query that must fail within `milliseconds`, without a retry and without revealing the key.
    pub fn fail(&self, base_url: &str, milliseconds: u64) -> Failure {
        let outcome = self.run(&source(base_url), &query(milliseconds));
        assert!(!format!("{outcome:?}").contains(KEY), "{outcome:?}");
        let failure = failure(outcome);
        // Missing if no request was sent.
        assert!(failure.data.get("attempts").is_none_or(|attempts| *attempts == 1), "{failure:?}");
        failure
    }

    /// Runs a query that must succeed without a retry.
    pub fn succeed(&self, base_url: &str) {
        assert_pong(&self.run(&source(base_url), &query(5_000)));
    }
}

pub fn assert_pong(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Ok(result) if result.data == "Pong"), "{outcome:?}");
}

/// A client with these environment variables and no others.
pub fn client(variables: &[(&str, &str)]) -> Result<Client, TransportError> {
    client_with(variables, Settings::default())
}

/// Like [`client`], with a short connect timeout.
pub fn short_timeout_client(variables: &[(&str, &str)]) -> Client {
    client_with(variables, Settings { connect_timeout: Duration::from_millis(100), ..Settings::default() }).unwrap()
}

/// Like [`client`], with a test's own settings.
pub fn client_with(variables: &[(&str, &str)], settings: Settings) -> Result<Client, TransportError> {
    Client::from_env(|name| variable(variables, name), settings)
}

fn variable(variables: &[(&str, &str)], name: &str) -> Option<String> {
    variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

pub fn source(base_url: &str) -> Value {
    json!({"apiKey": KEY, "organizationId": "org-loopback", "base_url": base_url, "max_retries": 0})
}

pub fn query(milliseconds: u64) -> Value {
    json!({"operation": "chat", "model": "m", "prompt": "Ping", "query_timeout": milliseconds})
}

/// Whether it is the request of [`query`].
pub fn is_ping(request: &Request) -> bool {
    request.body.windows(4).any(|part| part == b"Ping")
}

/// A host name without an address. A label this long is not even looked up, so this does not depend on the machine's
/// resolver.
pub fn unresolvable(number: usize) -> String {
    format!("host-{number:0>60}.invalid")
}

pub fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure: {other:?}"),
    }
}

#[track_caller]
pub fn assert_failure(failure: &Failure, code: &str, words: &str) {
    assert_eq!(failure.data.get("code"), Some(&json!(code)), "{failure:?}");
    assert!(failure.description.contains(words), "{failure:?}");
}

/// The response to [`query`].
pub const PONG: &str = r#"{"id":"c1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Pong"},"finish_reason":"stop"}]}"#;

pub fn pong() -> Vec<u8> {
    response(200, &[("content-type", "application/json")], PONG)
}
