//! The core of `tooljet-openai`, a `ToolJet` marketplace plugin for `OpenAI`.
//!
//! `ToolJet` calls `run` with the options of a data source and a query. The core turns them into an API request, sends
//! it, and turns the response into a result. Expected failures are values ([`service::Outcome::Failed`]), never panics.
//!
//! Each folder is a wing, named for what it handles; its `mod.rs` says what belongs there. Dependencies point one way,
//! which `npm run lint` checks:
//!
//! ```text
//! error <- input <- network, policy <- response <- operations <- service <- binding <- index.js
//! ```
//!
//! Next to the wings are [`budgets`], limits that every wing may use; the [`request_sender`], which sends the requests
//! of one query; the [`query_runner`], which decides what to send, with the [`embedding_runner`] for texts that need
//! several requests, the [`list_runner`], [`row_engine`] and [`list_result`] for lists, and the [`batch_starter`] and
//! [`batch_getter`] for batches; [`service`], which turns
//! options into an outcome; `diagnostics`, which describes it; and [`serialized`], which splits it for JavaScript to
//! parse.
//!
//! Everything except [`network::client`] and [`binding`] is free of sockets, clocks, randomness and `Node`: time and
//! jitter come from [`network::http::Transport`]; only the hash of the model cache has its own random key. Only
//! `client` names `reqwest` and `tokio`, and only `binding` names `napi`.
//!
//! | to change ... | look in |
//! |---|---|
//! | what an operation sends or returns | `operations/<operation>.rs` |
//! | what happens when only the Responses API serves a model | `operations/route.rs` |
//! | names and shapes that differ in the Responses API | `operations/responses/` |
//! | what Moderation in Chat requests and returns | `operations/checks.rs`, `findings.rs` |
//! | what a prompt or a history may be | `operations/content.rs`, `parts.rs`, `history.rs` |
//! | what a file may be, and how its type is detected | `operations/files.rs`, `file_source.rs`, `file_types.rs`, `recording.rs` |
//! | what values options may have, and how JavaScript passes them | `input/crossing.rs`, `entry/options.js` |
//! | how large options and results are split | `entry/calls.js`, `serialized.rs` |
//! | how typed options are read | `input/fields.rs`, `options.rs`, `base_url.rs`, `pasted_url.rs` |
//! | what must never be shown, and how it is found | `input/secret/` |
//! | which parts of an error are foreign text | `error/text.rs` |
//! | a default model, what a family rejects | `policy/capabilities.rs` |
//! | when a model is shut down, and what replaces it | `policy/shutdowns.rs` |
//! | how a model's rejection of a parameter is worked around | `policy/adjust/` |
//! | the rate of requests to a model | `policy/pace.rs`, `paces.rs` |
//! | the rows of a list, when they start, and their results | `operations/list.rs`, `row_engine.rs`, `list_result.rs`, `answers.rs` |
//! | when a request is retried | `policy/retry.rs` |
//! | what is cached about models | `policy/model_cache.rs` |
//! | which endpoint a query uses, and its `metadata` about requests | `query_runner.rs` |
//! | what is uploaded and created for a batch | `batch_starter.rs` |
//! | how the results of batches are found in their files | `batch_getter.rs`, `batch_rows.rs` |
//! | how many requests a list of texts to embed needs | `embedding_runner.rs` |
//! | what the administrator's log contains about a query | `query_log.rs`, `network/client/log.rs` |
//! | how a response is read | `response/` |
//! | when a response is an error, and its parts | `response/api_error.rs`, `error_body.rs` |
//! | what an answer is, and why there is none | `operations/choice.rs`, `choices/` |
//! | how JSON is found in an answer | `operations/json_answer.rs`, `input/loose_json.rs` |
//! | the failures and their codes | `error/mod.rs`, `no_answer.rs`, `api.rs`, `transport.rs` |
//! | the labels of fields in errors | `error/labels.rs`, which `build.rs` reads from the forms |
//! | the cause of an API error | `error/cause/` |
//! | what an app builder is told to do about a failure | `error/hints.rs`, `api_hints.rs`, `less.rs` |
//! | the few words for a failed connection test | `error/in_short.rs` |
//! | the members of a failure, and what is redacted in them | `diagnostics.rs` |
//! | how much a query, a server or all queries may use | `budgets.rs` |
//! | where long work runs, and which queries wait for memory | `network/client/cpu.rs`, `memory.rs` |
//! | connections, proxies | `network/client/`, `proxies.rs`, `ssrf.rs`, `gzip.rs`, `stream_end.rs` |
//! | which certificates are trusted | `network/tls.rs` |
//! | the cause of a network failure | `network/client/classify.rs`, `tls.rs` |

pub mod answers;
pub mod batch_getter;
pub mod batch_rows;
pub mod batch_starter;
pub mod binding;
pub mod budgets;
mod diagnostics;
pub mod embedding_runner;
pub mod error;
pub mod input;
pub mod list_result;
pub mod list_runner;
pub mod network;
pub mod operations;
pub mod policy;
pub mod query_log;
pub mod query_runner;
pub mod request_sender;
pub mod response;
pub mod row_engine;
pub mod serialized;
pub mod service;
