//! The core of `tooljet-openai`, a `ToolJet` marketplace plugin for `OpenAI`.
//!
//! `ToolJet` calls `run` with the options of a data source and of a query; the core
//! turns them into one API request, sends it, and turns the answer into a result.
//! Expected failures are values ([`service::Outcome::Failed`]), never panics.
//!
//! Dependencies point one way:
//!
//! ```text
//! error, secret <- fields <- options, base_url <- operations <- service <- binding <- index.js
//! error <- cause <- retry, advice      http, retry, answer <- call <- service      client <- binding
//! ```
//!
//! Everything but [`client`] and [`binding`] is free of sockets, clocks, randomness and
//! `Node`: time and jitter come in through [`http::Transport`]. `client` is the only module
//! that names `reqwest` and `tokio`, `binding` the only one that names `napi`.
//!
//! | to change ... | look in |
//! |---|---|
//! | what an operation sends or returns | `operations/<operation>.rs` |
//! | what a prompt, a history or a picked file may be | `operations/content.rs`, `history.rs`, `files.rs` |
//! | a model name, a default model, what a family rejects | `capabilities.rs` |
//! | how a model's refusal of a parameter is worked around | `adjust.rs` |
//! | what failures there are, and their codes | `error.rs`, `error/` |
//! | what an error calls a field | `error/labels.rs`, which is written from the forms |
//! | what an error of the API is taken for | `cause.rs` |
//! | what a builder is told to do about a failure | `advice.rs` |
//! | when a request is tried again | `retry.rs` |
//! | how an answer body is read | `answer.rs`, `json.rs` |
//! | connections, proxies, limits | `client.rs`, `network.rs`, `ssrf.rs`, `gzip.rs` |
//! | which certificates are trusted | `tls.rs` |
//! | what a failure of the network is taken for | `client/failure.rs`, `tls.rs` |

pub mod adjust;
pub mod advice;
pub mod answer;
pub mod base_url;
pub mod binding;
pub mod call;
pub mod capabilities;
pub mod cause;
pub mod client;
pub mod error;
pub mod fields;
pub mod gzip;
pub mod http;
pub mod json;
pub mod memory;
pub mod network;
pub mod operations;
pub mod options;
pub mod retry;
pub mod secret;
pub mod service;
pub mod ssrf;
pub mod tls;
