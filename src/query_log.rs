//! The query log for the server's administrator: one JSON line per call.
//!
//! Belongs here: the content of a line. Does not belong here: how it is written, which is up to the transport. A line
//! never contains text of a prompt or an answer. Foreign words are included only if they look like a name, and
//! redacted.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use crate::{
    budgets::MAX_WORD_CHARS,
    network::http::{LogSink, Transport},
    policy::shutdowns::Day,
    service::{Failure, Outcome},
};

/// The operation in the line of a connection test.
pub const CONNECTION_TEST: &str = "test_connection";

/// The counters in `usage` for input and output tokens, by API.
const TOKENS: [(&str, [&str; 2]); 2] =
    [("input_tokens", ["prompt_tokens", "input_tokens"]), ("output_tokens", ["completion_tokens", "output_tokens"])];

/// The line of one call. Written once, even if the call ends twice: at its deadline, and later by itself.
pub struct QueryLog {
    sink: LogSink,
    /// The time of `ToolJet`'s call.
    started: SystemTime,
    is_written: AtomicBool,
}

/// Content of a line other than the outcome.
pub struct Entry {
    /// The operation, if known.
    pub operation: Option<&'static str>,
    /// Host and port of the API, with secrets redacted.
    pub host: String,
    /// From `ToolJet`'s call to the outcome.
    pub duration: Duration,
}

impl QueryLog {
    /// The log of a call that started at `started` on the transport's clock; `None` if the log is off.
    pub fn new<T: Transport>(transport: &T, started: Duration) -> Option<Self> {
        let sink = transport.log()?;
        let (now, ago) = (transport.wall_clock(), transport.now().saturating_sub(started));
        let started = now.checked_sub(ago).unwrap_or(now);
        Some(Self { sink, started, is_written: AtomicBool::new(false) })
    }

    /// Writes the line unless it has been written.
    pub fn write(&self, entry: &Entry, outcome: &Outcome) {
        if !self.is_written.swap(true, Ordering::Relaxed) {
            let time = self.started.checked_add(entry.duration).unwrap_or(self.started);
            (self.sink)(line(time, entry, outcome));
        }
    }
}

/// The line without a line break. Unknown members are omitted.
fn line(time: SystemTime, Entry { operation, host, duration }: &Entry, outcome: &Outcome) -> String {
    let none = Map::new();
    let (status, metadata, data) = match outcome {
        Outcome::Ok(result) => ("ok", &result.metadata, &none),
        Outcome::Connected { .. } => ("ok", &none, &none),
        Outcome::Failed(Failure { data, metadata, .. }) => ("failed", metadata, data),
    };
    // For a failure, `data` is more detailed than `metadata`.
    let member = |name: &str| data.get(name).or_else(|| metadata.get(name));
    let text = |name| member(name)?.as_str().and_then(word).map(Value::from);
    let number = |name| member(name).filter(|value| value.is_u64()).cloned();
    let usage = metadata.get("usage").unwrap_or(&Value::Null);
    let tokens = TOKENS.map(|(name, spellings)| {
        (name, spellings.iter().find_map(|name| usage.get(name)).filter(|tokens| tokens.is_u64()).cloned())
    });
    let members = [
        ("time", Some(timestamp(time).into())),
        ("plugin", Some("tooljet-openai".into())),
        ("operation", operation.map(Value::from)),
        ("model", text("model")),
        ("host", word(host).map(Value::from)),
        ("status", Some(status.into())),
        ("http_status", number("status")),
        ("code", text("code")),
        ("attempts", number("attempts")),
        ("duration_ms", Some(milliseconds(*duration))),
        ("request_id", text("request_id")),
    ];
    let members = members.into_iter().chain(tokens);
    let line: Map<_, _> = members.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Value::from(line).to_string()
}

/// A name, such as a model's; `None` for anything that may be free text.
fn word(text: &str) -> Option<&str> {
    let is_word = text.len() <= MAX_WORD_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic());
    (is_word && !text.is_empty()).then_some(text)
}

/// `2026-11-26T03:45:10.123Z`.
fn timestamp(time: SystemTime) -> String {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (seconds, millis) = (since_1970.as_secs(), since_1970.subsec_millis());
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z", Day::of(time).as_str())
}

/// A duration as in `metadata` and in the log.
#[must_use]
pub fn milliseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operations::QueryResult;

    fn logged(outcome: &Outcome) -> Value {
        let entry = Entry {
            operation: Some("chat"),
            host: "api.openai.com".to_owned(),
            duration: Duration::from_millis(1_234),
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(951_786_123_045);
        serde_json::from_str(&line(time, &entry, outcome)).unwrap()
    }

    fn result(metadata: Value) -> Outcome {
        let Value::Object(metadata) = metadata else { panic!("not an object") };
        Outcome::Ok(QueryResult { data: "the answer".into(), metadata })
    }

    #[test]
    fn logs_a_query_and_its_usage() {
        for usage in
            [json!({"prompt_tokens": 3, "completion_tokens": 5}), json!({"input_tokens": 3, "output_tokens": 5})]
        {
            let metadata = json!({"model": "gpt-6", "usage": usage, "attempts": 2, "request_id": "req_1"});
            let expected = json!({
                "time": "2000-02-29T01:02:03.045Z", "plugin": "tooljet-openai", "operation": "chat", "model": "gpt-6",
                "host": "api.openai.com", "status": "ok", "attempts": 2, "duration_ms": 1234, "request_id": "req_1",
                "input_tokens": 3, "output_tokens": 5,
            });
            assert_eq!(logged(&result(metadata)), expected);
        }
    }

    #[test]
    fn logs_status_and_code_of_a_failure_but_not_its_message() {
        let data = json!({"message": "secret words", "status": 429, "code": "rate_limit_exceeded", "partial": "Once"});
        let Value::Object(data) = data else { panic!("not an object") };
        let failure = Failure { message: "no".into(), description: "secret words".into(), data, metadata: Map::new() };
        let line = logged(&Outcome::Failed(failure));
        assert_eq!(line["status"], "failed");
        assert_eq!(line["http_status"], 429);
        assert_eq!(line["code"], "rate_limit_exceeded");
        assert!(!line.to_string().contains("words") && !line.to_string().contains("Once"), "{line}");
    }

    #[test]
    fn omits_what_may_be_free_text() {
        for text in ["two words", "", "a\nb", "é", &"m".repeat(MAX_WORD_CHARS + 1)] {
            let line = logged(&result(json!({"model": text, "request_id": text, "attempts": text, "usage": text})));
            let unknown = ["model", "request_id", "attempts", "input_tokens"].map(|name| line.get(name));
            assert_eq!(unknown, [None; 4], "{text}");
        }
    }
}
