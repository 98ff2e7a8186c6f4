//! The core of `tooljet-openai`, a `ToolJet` marketplace plugin for `OpenAI`.
//!
//! `ToolJet` calls `run` with the options of a data source and of a query; the core
//! turns them into an API request, sends it, and turns the response into a result.
//! Expected failures are values ([`service::Outcome::Failed`]), never panics.
//!
//! Each folder is a wing, named by what it knows; its `mod.rs` says what belongs there. Dependencies
//! point one way, and `npm run lint` keeps it so:
//!
//! ```text
//! error <- input <- network, policy <- response <- operations <- service <- binding <- index.js
//! ```
//!
//! Next to the wings are [`budgets`], the numbers of which every wing may use, the [`request_sender`], which
//! sends the requests of one query, the [`query_runner`], which decides what they are, with the [`embedding_runner`]
//! for texts that need several, the [`batch_starter`] and the [`batch_getter`], the [`list_runner`] with the [`row_engine`] and [`list_result`], which do that for each
//! row of a list, [`service`], which turns options into an outcome, and [`serialized`], which cuts that into what
//! JavaScript parses.
//!
//! Everything but [`network::client`] and [`binding`] is free of sockets, clocks, randomness and
//! `Node`: time and jitter come in through [`network::http::Transport`]; only the hash of the model cache
//! has a random key of its own. `client` is the only module that names `reqwest` and `tokio`, `binding` the
//! only one that names `napi`.
//!
//! | to change ... | look in |
//! |---|---|
//! | what an operation sends or returns | `operations/<operation>.rs` |
//! | what happens when only the Responses API serves a model | `operations/route.rs` |
//! | what the Responses API calls and shapes differently | `operations/responses/` |
//! | what Moderation in Chat asks for, and what it found | `operations/checks.rs`, `findings.rs` |
//! | what a prompt or a history may be | `operations/content.rs`, `parts.rs`, `history.rs` |
//! | what a file may be, and how its type is told | `operations/files.rs`, `file_source.rs`, `file_types.rs`, `recording.rs` |
//! | what values options may have, and how they cross from JavaScript | `input/crossing.rs`, `entry/options.js` |
//! | how large options and results take turns | `entry/calls.js`, `serialized.rs` |
//! | how typed options are read | `input/fields.rs`, `options.rs`, `base_url.rs`, `pasted_url.rs` |
//! | what must never be shown, and where it is looked for | `input/secret/` |
//! | what in an error is ours, and what is repeated of others | `error/text.rs` |
//! | a default model, what a family rejects | `policy/capabilities.rs` |
//! | when a model ends, and what replaces it | `policy/shutdowns.rs` |
//! | how a model's rejection of a parameter is worked around | `policy/adjust/` |
//! | how fast a model is asked | `policy/pace.rs`, `paces.rs` |
//! | what the rows of a list are, when they begin, what they come to | `operations/list.rs`, `row_engine.rs`, `list_result.rs`, `answers.rs` |
//! | when a request is retried | `policy/retry.rs` |
//! | what is cached of models | `policy/model_cache.rs` |
//! | which endpoint a query uses, and what its `metadata` says of its requests | `query_runner.rs` |
//! | what is uploaded and created for a batch | `batch_starter.rs` |
//! | how the results of batches are found in their files | `batch_getter.rs`, `batch_rows.rs` |
//! | how many requests a list of texts to embed takes | `embedding_runner.rs` |
//! | what the administrator's log says of a query | `query_log.rs`, `network/client/log.rs` |
//! | how a response is read | `response/` |
//! | what an answer is, and why there is none | `operations/choice.rs`, `choices.rs` |
//! | how JSON is found in an answer | `operations/json_answer.rs`, `input/loose_json.rs` |
//! | what failures there are, and their codes | `error/mod.rs`, `no_answer.rs`, `api.rs`, `transport.rs` |
//! | what an error calls a field | `error/labels.rs`, which `build.rs` reads from the forms |
//! | what an error of the API is taken for | `error/cause.rs` |
//! | what an app builder is told to do about a failure | `error/hints.rs` |
//! | how much a query, a server or all queries may take | `budgets.rs` |
//! | what long work waits for, and who waits for memory | `network/client/cpu.rs`, `memory.rs` |
//! | connections, proxies | `network/client/`, `proxies.rs`, `ssrf.rs`, `gzip.rs`, `stream_end.rs` |
//! | which certificates are trusted | `network/tls.rs` |
//! | what a failure of the network is taken for | `network/client/classify.rs`, `tls.rs` |

pub mod answers;
pub mod batch_getter;
pub mod batch_rows;
pub mod batch_starter;
pub mod binding;
pub mod budgets;
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
