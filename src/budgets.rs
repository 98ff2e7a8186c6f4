//! Every limit on what a query, a server or all queries together may use of `ToolJet`'s process.
//!
//! Belongs here: numbers that protect others, each with its reason. Does not belong here: the code that enforces them,
//! and limits of the API. `SECURITY.md` lists them from this file.

use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Options of one call, data source and query together, in bytes. `ToolJet` itself accepts requests of 50 MB.
pub const MAX_OPTION_BYTES: usize = 64 * MIB;
/// JSON values in the options of one call, weighted by [`CONTAINER_WEIGHT`]; as many again in the JSON text of its
/// fields. A value takes [`VALUE_BYTES`], however short its text.
pub const MAX_OPTION_VALUES: usize = 1 << 20;
/// Nesting of arrays and objects. The JSON parser stops at 128.
pub const MAX_OPTION_DEPTH: usize = 100;
/// Memory of a JSON value, in bytes.
pub const VALUE_BYTES: usize = 72;
/// Weight of an object or array, without its content: it takes about five times the memory of a number. A member's name
/// counts as one value.
pub const CONTAINER_WEIGHT: usize = 5;

/// Header fields that a data source can set.
pub const MAX_HEADERS: usize = 100;
/// Names and values of all headers of a data source, including its API key, in bytes. Servers accept less.
pub const MAX_HEADER_BYTES: usize = 64 * KIB;
/// Base URL of a data source, in bytes. Servers accept less.
pub const MAX_BASE_URL_BYTES: usize = 8 * KIB;

/// An id of a batch or a file, in bytes. It becomes a part of a URL.
pub const MAX_ID_BYTES: usize = 256;

/// Foreign text in an error, such as the API's message, in characters.
pub const MAX_MESSAGE_CHARS: usize = 500;
/// Name or word in an error, such as a code, an ID or a model, in characters.
pub const MAX_WORD_CHARS: usize = 100;
/// Description of a failed query, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// Body of a successful response, in bytes, before and after decompression.
pub const MAX_RESPONSE_BYTES: usize = 64 * MIB;
/// Body of an error response, in bytes, before and after decompression.
pub const MAX_ERROR_BYTES: usize = MIB;
/// Text and reasoning of an unusable answer that a failure keeps, in bytes.
pub const MAX_PARTIAL_BYTES: usize = 256 * KIB;
/// Text in a member of a failure's `metadata`, such as the usage of an unusable answer, in bytes.
pub const MAX_KEPT_BYTES: usize = 16 * KIB;
/// JSON values in it, weighted by [`CONTAINER_WEIGHT`].
pub const MAX_KEPT_VALUES: usize = 1 << 10;
/// Header fields of a response. Gateways add many; a normal response has fewer than 100.
pub const MAX_RESPONSE_HEADERS: usize = 1000;
/// Nesting of arrays and objects in a response. Deeper values become null, so that a new member that the plugin ignores
/// does not make the rest unreadable.
pub const MAX_RESPONSE_DEPTH: usize = 100;
/// A file of a server that is read while it comes, in bytes. Nothing but what is made of it is held.
pub const MAX_POURED_BYTES: usize = 2048 * MIB;
/// JSON values in a response, weighted by [`CONTAINER_WEIGHT`].
pub const MAX_RESPONSE_VALUES: usize = 4 << 20;
/// Text in a result, as long as in JSON, in bytes. Numbers count as values: including them, a result has at most 192
/// MiB of JSON text, and `V8`'s longest string has 256 MiB.
pub const MAX_RESULT_BYTES: usize = 64 * MIB;
/// JSON values in a result, weighted by [`CONTAINER_WEIGHT`].
pub const MAX_RESULT_VALUES: usize = 4 << 20;
/// Different member names in a result. `V8` takes up to 2 µs for each on `ToolJet`'s main thread.
pub const MAX_RESULT_NAMES: usize = 1 << 16;
/// Length of a member name in a result, in bytes. A long value is passed to JavaScript in parts, a name is not.
pub const MAX_RESULT_NAME_BYTES: usize = MIB;
/// Prompts that the plugin itself puts before the answers of a query, in bytes. They turn a short response into a long
/// result, which is not counted in [`MAX_HELD_BYTES`].
pub const MAX_ECHO_BYTES: usize = 4 * MIB;
/// Parts of a response that a result repeats in a form that is easier to bind, such as an answer's sources and the
/// arguments of tool calls, in bytes. They are not counted in [`MAX_HELD_BYTES`].
pub const MAX_REPEATED_BYTES: usize = 4 * MIB;
/// Stop sequences that the plugin applies itself for a model that does not support them: as many as the API allows.
/// Each one needs another search through the answer.
pub const MAX_APPLIED_STOPS: usize = 4;

/// Concurrent requests of one Generate embedding query.
pub const MAX_PARALLEL_REQUESTS: usize = 4;
/// Estimated memory for one response of a query that has several, in bytes.
pub const MAX_PART_BYTES: usize = 32 * MIB;

/// Options, request bodies and response bodies of all queries together, in bytes. A query beyond the limit waits,
/// within its timeout. One query at a time may exceed it, so that they never all wait for each other.
pub const MAX_HELD_BYTES: usize = 192 * MIB;
/// Memory that each query may hold in addition to [`MAX_HELD_BYTES`], in bytes: small queries never wait.
pub const FREE_HELD_BYTES: usize = 256 * KIB;

/// How long a query that holds some of [`MAX_HELD_BYTES`] may receive less than [`MIN_CONTENDED_PROGRESS`] while others
/// wait; then it fails.
pub const MAX_CONTENDED_SILENCE: Duration = Duration::from_secs(60);
/// Bytes of a response that count as progress.
pub const MIN_CONTENDED_PROGRESS: usize = 8 * MIB;

/// Text up to this length is processed at once, on the thread that drives sockets and timers; in bytes.
pub const MAX_INLINE_BYTES: usize = 64 * KIB;
/// The same on a custom server's thread, where only its own queries wait; in bytes.
pub const MAX_SERVER_INLINE_BYTES: usize = 256 * KIB;
/// Text up to this length is processed on one thread, longer text on another, so that large queries do not delay medium
/// ones; in bytes.
pub const MAX_MEDIUM_BYTES: usize = 4 * MIB;

/// Bytes of a long file that are written or read at once, between which others have their turn.
pub const WORK_BYTES: usize = 512 * KIB;

/// How long a query waits to be started by its server's thread before the runtime starts it.
pub const MAX_START_DELAY: Duration = Duration::from_millis(50);
/// Base URLs, as entered, whose servers are known without parsing them.
pub const MAX_KNOWN_BASE_URLS: usize = 256;
/// Length of such a base URL, in bytes.
pub const MAX_KNOWN_BASE_URL_BYTES: usize = 256;

/// How late after its deadline a query may end, whatever others do.
pub const MAX_LATENESS: Duration = Duration::from_millis(250);

/// How long a connection may stay open after the last event of a stream. Then the query ends without waiting for it,
/// and the connection is not reused.
pub const MAX_STREAM_TAIL: Duration = Duration::from_millis(50);

/// Rejections and fallbacks cached for all models. Each takes less than 300 bytes.
pub const MAX_CACHED_FACTS: usize = 2_000;
/// The same for one data source, endpoint and model: an app with a slider can have many values rejected.
pub const MAX_CACHED_FACTS_PER_MODEL: usize = 32;
/// Length of a rejected value in the cache, in bytes.
pub const MAX_CACHED_VALUE_BYTES: usize = 64;
/// How long a cached fact about a model is used. Servers are upgraded and accounts gain access; checking costs one
/// request per hour.
pub const MAX_CACHE_AGE: Duration = Duration::from_secs(60 * 60);
/// Rows of a list, each of which is a request.
pub const MAX_LIST_ROWS: usize = 10_000;
/// Rows of one query that starts batches. They are in the options of the query.
pub const MAX_BATCH_ROWS: usize = 200_000;
/// The files of such a query together, in bytes. What all rows share is in each line of them, and they are written twice:
/// to be measured, and to be sent.
pub const MAX_BATCH_BYTES: usize = 1024 * MIB;
/// Batches that one query gets.
pub const MAX_BATCH_IDS: usize = 64;
/// A line of the results of a batch, in bytes. A longer one is not read.
pub const MAX_LINE_BYTES: usize = 16 * MIB;
/// Lines of the results of a batch that cannot be used and are named.
pub const MAX_NAMED_LINES: usize = 20;
/// Errors in the file of a batch that are kept. Other rows fail because of the first of them.
pub const MAX_FILE_ERRORS: usize = 100;
/// Concurrent rows of a list.
pub const MAX_PARALLEL_ROWS: usize = 64;
/// Rows that start before the server's capacity is known.
pub const FIRST_ROWS: usize = 24;
/// How long at most [`FIRST_ROWS`] are in flight if none has ended.
pub const FIRST_ROWS_TIME: Duration = Duration::from_millis(250);
/// Failed rows after which the others are not sent, if none was answered and the reason is not specific to the rows.
pub const MAX_VAIN_ROWS: usize = 20;
/// Descriptions and partial answers of a list's failed rows, in bytes. Rows beyond the limit have only their code.
pub const MAX_ROW_FAILURE_BYTES: usize = MIB;
/// Counters in the usage of a list, which adds up those of its responses.
pub const MAX_USAGE_NAMES: usize = 256;
/// Models listed as having answered a list.
pub const MAX_NAMED_MODELS: usize = 32;
/// The maximum time that a list of rows or texts reserves for returning a partial result by its deadline: a tenth of
/// its timeout.
pub const MAX_TIME_TO_RETURN: Duration = Duration::from_secs(1);

/// Models whose pace is known: how fast requests may be sent. Each takes less than 300 bytes.
pub const MAX_PACES: usize = 2_000;

/// Servers other than `OpenAI`'s and Azure's with their own thread at the same time, so that each can slow down only
/// itself. Servers beyond the limit share one more thread and keep no connections.
pub const MAX_SERVER_THREADS: usize = 32;
/// How long after its last query a server keeps its thread although others need one, so that new servers do not
/// displace those in use.
pub const MIN_THREAD_HOLD: Duration = Duration::from_secs(60);

/// Connections to `OpenAI` and Azure together, in use and idle; as many again to all other servers. A server gets at
/// most half of them. A query beyond the limit waits, within its timeout.
pub const MAX_CONNECTIONS: usize = 1024;
/// Minimum of [`MAX_CONNECTIONS`] if the process may open only few descriptors.
pub const MIN_CONNECTIONS: usize = 64;
/// Descriptors of the process per connection, which limits [`MAX_CONNECTIONS`].
pub const DESCRIPTORS_PER_CONNECTION: usize = 4;

/// Idle connections kept for later queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleLimits {
    /// Connections per server.
    pub max: usize,
    /// How long they are kept, sometimes up to twice as long.
    pub timeout: Duration,
}

/// Idle connections to `OpenAI` or Azure: enough to save an app in occasional use three round trips per query.
pub const IDLE_OF_PROVIDER: IdleLimits = IdleLimits { max: 2, timeout: Duration::from_secs(300) };
/// Idle connections to any other server: one with a thread per connection can spare at most four.
pub const IDLE_OF_SERVER: IdleLimits = IdleLimits { max: 4, timeout: Duration::from_secs(90) };
/// Additional connections after a burst of queries to `OpenAI` or Azure.
pub const IDLE_TIMEOUT_OF_PROVIDER_BURST: Duration = Duration::from_secs(90);
/// Additional connections after a burst of queries to another server over HTTPS. Over plain HTTP they are closed at
/// once, because connecting is cheap there and small servers with a thread per connection use it.
pub const IDLE_TIMEOUT_OF_SERVER_BURST: Duration = Duration::from_secs(2);
/// One in this many connections may be idle after a burst of queries to one server.
pub const CONNECTIONS_PER_IDLE: usize = 4;

/// Query log lines waiting to be written, each less than 2 KiB. Lines beyond the limit are dropped and counted.
pub const MAX_WAITING_LOG_LINES: usize = 1_000;

/// Time to connect, including name resolution and TLS.
pub const MAX_CONNECT_TIME: Duration = Duration::from_secs(10);
/// Concurrent name lookups. The system's resolver cannot be interrupted: a silent name server blocks a thread for up to
/// half a minute. Queries for the same name share a lookup.
pub const MAX_LOOKUPS: usize = 24;
/// Lookups out of [`MAX_LOOKUPS`] reserved for `OpenAI`, Azure and proxies, and as many for names resolved before, so
/// that unresolvable names delay only each other.
pub const RESERVED_LOOKUPS: usize = 4;
/// Names remembered because they were resolved.
pub const MAX_KNOWN_NAMES: usize = 256;
