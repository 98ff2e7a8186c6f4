//! The ceiling of `npm run bench -- --list`: reqwest alone, which asks the same rows without `ToolJet` and without a
//! plugin. Reads `{ca, url, body, parallel, passes}` from standard input: the CA's file, the endpoint, the body of all
//! requests, how many to send at once, and how many rows to ask in each pass. Prints the rows/s of the passes as a list.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a benchmark without its API ends

use std::{
    fs, io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{runtime, time::sleep};

/// As in `bench/tasks/list.mjs`: what a pass leaves behind must not count for the next one.
const PAUSE: Duration = Duration::from_millis(100);
const ANSWER: &str = "/choices/0/message/content";

#[derive(Deserialize)]
struct Options {
    ca: String,
    url: String,
    body: String,
    parallel: usize,
    passes: Vec<u32>,
}

fn main() {
    let options: Options = serde_json::from_reader(io::stdin()).unwrap();
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rates = runtime.block_on(async {
        let client = client(&options.ca);
        let body = Bytes::from(options.body);
        let ask = || async {
            let request = client
                .post(&options.url)
                .header(CONTENT_TYPE, "application/json")
                .header(AUTHORIZATION, "Bearer sk-bench");
            let response = request.body(body.clone()).send().await.unwrap().bytes().await.unwrap();
            let response: Value = serde_json::from_slice(&response).unwrap();
            assert!(response.pointer(ANSWER).is_some_and(Value::is_string), "an answer");
        };
        let mut rates = Vec::new();
        for rows in options.passes {
            let started = Instant::now();
            let mut waiting = (0..rows).map(|_| ask());
            let mut under_way: FuturesUnordered<_> = waiting.by_ref().take(options.parallel).collect();
            while under_way.next().await.is_some() {
                under_way.extend(waiting.next());
            }
            rates.push(f64::from(rows) / started.elapsed().as_secs_f64());
            sleep(PAUSE).await;
        }
        rates
    });
    println!("{}", serde_json::to_string(&rates).unwrap());
}

fn client(ca: &str) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&fs::read(ca).unwrap()).map(Result::unwrap));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let tls = builder.with_root_certificates(roots).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}
