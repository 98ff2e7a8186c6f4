//! Every limit on what a query, a server or all queries together may take of `ToolJet`'s process.
//!
//! Belongs here: numbers that protect others, with the reason for each. Never here: the code that enforces
//! them, or limits that the API sets. `SECURITY.md` lists them from this file.

use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The options of one call, data source and query together, in bytes. `ToolJet` itself takes requests of
/// 50 MB.
pub const MAX_OPTION_BYTES: usize = 64 * MIB;
/// JSON values in the options of one call, each weighed by [`CONTAINER_WEIGHT`]; the same again in the JSON
/// text of its fields. A value takes [`VALUE_BYTES`], however short its text.
pub const MAX_OPTION_VALUES: usize = 1 << 20;
/// Arrays and objects inside each other. The JSON parser stops at 128.
pub const MAX_OPTION_DEPTH: usize = 100;
/// Memory of one JSON value, in bytes.
pub const VALUE_BYTES: usize = 72;
/// What an object or an array counts for among values, besides what is in it: it takes about five times the
/// memory of a number. The name of a member counts as one value.
pub const CONTAINER_WEIGHT: usize = 5;

/// Header fields that a data source may set.
pub const MAX_HEADERS: usize = 100;
/// Names and values of all headers of a data source, its API key included, in bytes. Servers take less.
pub const MAX_HEADER_BYTES: usize = 64 * KIB;
/// Base URL of a data source, in bytes. Servers take less.
pub const MAX_BASE_URL_BYTES: usize = 8 * KIB;

/// Longest foreign text that an error repeats, such as the API's message; in characters.
pub const MAX_MESSAGE_CHARS: usize = 500;
/// Longest name or word that an error repeats, such as a code, an ID or a model; in characters.
pub const MAX_WORD_CHARS: usize = 100;
/// Description of a failed query, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// Body of a successful response, in bytes, before and after decompression.
pub const MAX_RESPONSE_BYTES: usize = 64 * MIB;
/// Body of an error response, in bytes, before and after decompression.
pub const MAX_ERROR_BYTES: usize = MIB;
/// Text and reasoning that a failure keeps of an unusable answer, in bytes.
pub const MAX_PARTIAL_BYTES: usize = 256 * KIB;
/// Text in a member of `metadata` that a failure keeps, such as the usage of an unusable answer, in bytes.
pub const MAX_KEPT_BYTES: usize = 16 * KIB;
/// JSON values in it, each weighed by [`CONTAINER_WEIGHT`].
pub const MAX_KEPT_VALUES: usize = 1 << 10;
/// Header fields of a response. Gateways add many; a usual response has fewer than 100.
pub const MAX_RESPONSE_HEADERS: usize = 1000;
/// Arrays and objects inside each other in a response. What is deeper is null, so that a new member that the plugin does
/// not read cannot take the rest with it.
pub const MAX_RESPONSE_DEPTH: usize = 100;
/// JSON values in a response, each weighed by [`CONTAINER_WEIGHT`].
pub const MAX_RESPONSE_VALUES: usize = 4 << 20;
/// Text in a result, as long as it is in JSON, in bytes. Numbers count among values: with them, a result is
/// at most 192 MiB of JSON text, and the longest string of `V8` is 256 MiB.
pub const MAX_RESULT_BYTES: usize = 64 * MIB;
/// JSON values in a result, each weighed by [`CONTAINER_WEIGHT`].
pub const MAX_RESULT_VALUES: usize = 4 << 20;
/// Different names of members in a result. `V8` takes up to 2 µs for each, on `ToolJet`'s main thread.
pub const MAX_RESULT_NAMES: usize = 1 << 16;
/// Name of a member in a result, in bytes. A long value crosses to JavaScript in parts, a name does not.
pub const MAX_RESULT_NAME_BYTES: usize = MIB;
/// Prompts that the plugin itself puts before the answers of one query, in bytes. They make a long result of a
/// short response, for which no part of [`MAX_HELD_BYTES`] is held.
pub const MAX_ECHO_BYTES: usize = 4 * MIB;
/// What one result repeats of the response in a form that is easier to bind, such as the sources of an answer and the
/// arguments of tool calls; in bytes. No part of [`MAX_HELD_BYTES`] is held for it.
pub const MAX_REPEATED_BYTES: usize = 4 * MIB;
/// Stop sequences that the plugin applies itself, for a model that does not take them: as many as the API
/// takes. Each is one more search through the answer.
pub const MAX_APPLIED_STOPS: usize = 4;

/// Requests of one Generate embedding query that may be under way at once.
pub const MAX_PARALLEL_REQUESTS: usize = 4;
/// What a response may take of memory where a query has several, as far as that can be foreseen; in bytes.
pub const MAX_PART_BYTES: usize = 32 * MIB;

/// Options, request bodies and response bodies of all queries together, in bytes. A query beyond it waits, which counts
/// toward its timeout. One query at a time may exceed it, so that not all of them wait for each other.
pub const MAX_HELD_BYTES: usize = 192 * MIB;
/// What each query may hold without a part in [`MAX_HELD_BYTES`], in bytes: small queries never wait.
pub const FREE_HELD_BYTES: usize = 256 * KIB;

/// How long a query that holds a part of [`MAX_HELD_BYTES`] may bring less than [`MIN_CONTENDED_PROGRESS`] while
/// others wait for a part; then it fails.
pub const MAX_CONTENDED_SILENCE: Duration = Duration::from_secs(60);
/// Bytes of a response that count as progress.
pub const MIN_CONTENDED_PROGRESS: usize = 8 * MIB;

/// Work on texts up to this length is done at once, on the thread that drives sockets and timers; in bytes.
pub const MAX_INLINE_BYTES: usize = 64 * KIB;
/// The same on the thread of a custom server, which only its own queries wait for; in bytes.
pub const MAX_SERVER_INLINE_BYTES: usize = 256 * KIB;
/// Work on texts up to this length is done on one thread, on longer ones on another, so that large queries
/// do not delay medium ones; in bytes.
pub const MAX_MEDIUM_BYTES: usize = 4 * MIB;

/// How long a query waits for the thread of its server to begin it; then the runtime begins it.
pub const MAX_START_DELAY: Duration = Duration::from_millis(50);
/// Base URLs, as they are typed, whose servers are known without reading them.
pub const MAX_KNOWN_BASE_URLS: usize = 256;
/// Length of such a base URL, in bytes.
pub const MAX_KNOWN_BASE_URL_BYTES: usize = 256;

/// How much later than its deadline a query may end, whatever others do.
pub const MAX_LATENESS: Duration = Duration::from_millis(250);

/// How long the connection may stay open after the last event of a stream; then the query ends without waiting for it,
/// and the connection is not used again.
pub const MAX_STREAM_TAIL: Duration = Duration::from_millis(50);

/// Rejections and fallbacks that the process caches of models. Each takes under 300 bytes.
pub const MAX_CACHED_FACTS: usize = 2_000;
/// Of these, for one data source, endpoint and model: an app with a slider has many values to be rejected.
pub const MAX_CACHED_FACTS_PER_MODEL: usize = 32;
/// A rejected value that is cached, in bytes.
pub const MAX_CACHED_VALUE_BYTES: usize = 64;
/// How long the plugin relies on what a server said of a model. Servers are upgraded and accounts gain access; asking
/// again costs one request an hour.
pub const MAX_CACHE_AGE: Duration = Duration::from_secs(60 * 60);
/// Rows of one list, each of which is a request.
pub const MAX_LIST_ROWS: usize = 10_000;
/// Rows of one list that may be under way at once.
pub const MAX_PARALLEL_ROWS: usize = 64;
/// Rows that begin before anything is known of how many the server takes.
pub const FIRST_ROWS: usize = 24;
/// How long no more rows than [`FIRST_ROWS`] are under way while none has ended.
pub const FIRST_ROWS_TIME: Duration = Duration::from_millis(250);
/// Rows that fail for a reason which is not their own, and before any has been answered, after which the others are
/// not asked any more.
pub const MAX_VAIN_ROWS: usize = 20;
/// What the failed rows of one list say together, in bytes: descriptions, and what the models wrote all the same. Those
/// beyond it have no more than their code.
pub const MAX_ROW_FAILURE_BYTES: usize = MIB;
/// Names of counters in the usage of one list, which is the sum of what the responses say.
pub const MAX_USAGE_NAMES: usize = 256;
/// Models that a list names as those that have answered.
pub const MAX_NAMED_MODELS: usize = 32;
/// The most time that a list of rows or texts keeps to give back what is there by its deadline: a tenth of what it has.
pub const MAX_TIME_TO_RETURN: Duration = Duration::from_secs(1);

/// Models whose pace the process knows: how fast they may be asked. Each takes under 300 bytes.
pub const MAX_PACES: usize = 2_000;

/// Servers, other than `OpenAI`'s and Azure's, that have a thread of their own at the same time: whatever one of
/// them sends slows down only itself. Those beyond it share one more thread, and none of their connections is
/// kept.
pub const MAX_SERVER_THREADS: usize = 32;
/// How long after its last query a server keeps its thread although others want one, so that newcomers do not
/// crowd out those that are in use.
pub const MIN_THREAD_HOLD: Duration = Duration::from_secs(60);

/// Connections to `OpenAI` and Azure together, in use and idle; as many again to all other servers. One server
/// gets at most half of them. A query beyond it waits, which counts toward its timeout.
pub const MAX_CONNECTIONS: usize = 1024;
/// The least that is left of [`MAX_CONNECTIONS`] if the process may open few descriptors.
pub const MIN_CONNECTIONS: usize = 64;
/// The part of the process's descriptors that [`MAX_CONNECTIONS`] may be: one in so many.
pub const DESCRIPTORS_PER_CONNECTION: usize = 4;

/// Connections that stay open between queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleLimits {
    /// How many there are of one server.
    pub max: usize,
    /// How long they stay, give or take as long again.
    pub timeout: Duration,
}

/// Of `OpenAI` and Azure: enough for an app that is used now and then to do without three round trips before
/// each query.
pub const IDLE_OF_PROVIDER: IdleLimits = IdleLimits { max: 2, timeout: Duration::from_secs(300) };
/// Of any other server: those with a thread per connection have no more than four to give.
pub const IDLE_OF_SERVER: IdleLimits = IdleLimits { max: 4, timeout: Duration::from_secs(90) };
/// After a burst of queries to `OpenAI` or Azure, in addition.
pub const IDLE_TIMEOUT_OF_PROVIDER_BURST: Duration = Duration::from_secs(90);
/// After a burst of queries to another server over HTTPS, in addition. Over plain HTTP those are closed at once: to
/// connect costs little there, and it is what small servers with a thread per connection speak.
pub const IDLE_TIMEOUT_OF_SERVER_BURST: Duration = Duration::from_secs(2);
/// The part of all connections that may be idle after a burst of queries to one server: one in so many.
pub const CONNECTIONS_PER_IDLE: usize = 4;

/// Lines of the query log that wait to be written, each under 2 KiB. Those beyond it are dropped and counted.
pub const MAX_WAITING_LOG_LINES: usize = 1_000;

/// Time to connect, name resolution and TLS included.
pub const MAX_CONNECT_TIME: Duration = Duration::from_secs(10);
/// Name lookups at once. The system's resolver cannot be interrupted: a name server that is silent holds a
/// thread for up to half a minute. Queries for one name share one lookup.
pub const MAX_LOOKUPS: usize = 24;
/// Lookups out of [`MAX_LOOKUPS`] that are kept for `OpenAI`, Azure and proxies, and as many for names that
/// have been found before, so that names that no server resolves delay only each other.
pub const RESERVED_LOOKUPS: usize = 4;
/// Names that are remembered because they have been found.
pub const MAX_KNOWN_NAMES: usize = 256;
