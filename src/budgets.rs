//! Every limit on what a query, a server or all queries together may take of `ToolJet`'s process.
//!
//! Belongs here: numbers that hold others off, with the reason for each. Never here: the code that keeps
//! them, or limits that the API sets. `SECURITY.md` lists them from this file.

use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The options of one call, data source and query together, in bytes. `ToolJet` itself takes requests of
/// 50 MB.
pub const MAX_OPTION_BYTES: usize = 64 * MIB;
/// JSON values in the options of one call, each weighed by [`CONTAINER_WEIGHT`]; the same again in the JSON
/// text of its fields. A value takes 72 bytes of memory, however short its text.
pub const MAX_OPTION_VALUES: usize = 1 << 20;
/// Arrays and objects inside each other. The JSON parser stops at 128.
pub const MAX_OPTION_DEPTH: usize = 100;
/// What an object or an array counts for among values, besides what is in it: it takes about five times the
/// memory of a number. The name of a member counts as one value.
pub const CONTAINER_WEIGHT: usize = 5;

/// Body of a successful response, in bytes, before and after decompression.
pub const MAX_RESPONSE_BYTES: usize = 64 * MIB;
/// Body of an error response, in bytes, before and after decompression.
pub const MAX_ERROR_BYTES: usize = MIB;
/// JSON values in a response, each weighed by [`CONTAINER_WEIGHT`].
pub const MAX_RESPONSE_VALUES: usize = 4 << 20;
/// Text in a result, as long as it is in JSON, in bytes. Numbers count among values: with them, a result is
/// at most 192 MiB of JSON text, and the longest string of `V8` is 256 MiB.
pub const MAX_RESULT_BYTES: usize = 64 * MIB;
/// JSON values in a result, each weighed by [`CONTAINER_WEIGHT`].
pub const MAX_RESULT_VALUES: usize = 4 << 20;
/// Different names of members in a result. `V8` takes up to 2 µs for each, on `ToolJet`'s main thread.
pub const MAX_RESULT_NAMES: usize = 1 << 16;
/// Stop sequences that the plugin applies itself, for a model that does not take them: as many as the API
/// takes. Each is one more search through the answer.
pub const MAX_APPLIED_STOPS: usize = 4;

/// Options, request bodies and response bodies of all queries together, in bytes. A query beyond it waits, on
/// its own time. One query at a time may exceed it, so that not all of them wait for each other.
pub const MAX_HELD_BYTES: usize = 192 * MIB;
/// What each query may hold without a part in [`MAX_HELD_BYTES`], in bytes: small queries never wait.
pub const FREE_HELD_BYTES: usize = 256 * KIB;

/// Work on texts up to this length is done at once, on the thread that drives sockets and timers; in bytes.
pub const MAX_INLINE_BYTES: usize = 64 * KIB;
/// Work on texts up to this length is done on one thread, on longer ones on another, so that large queries
/// do not hold up middling ones; in bytes.
pub const MAX_MEDIUM_BYTES: usize = 4 * MIB;

/// How much later than its deadline a query may end, whatever others do.
pub const MAX_LATENESS: Duration = Duration::from_millis(250);
