//! Reads an answer that arrives as server-sent events, requested or not.

mod assembly;
mod events;
mod items;
mod latest;
mod output;
mod partial;
mod room;

use serde_json::{Map, Value, json};

pub(super) use self::events::is_events;
pub use self::partial::Partial;
use self::{
    assembly::Assembly,
    events::Events,
    output::{Output, kind_of},
    room::{Room, TooManyValues},
};
use super::body;
use crate::{budgets::CONTAINER_WEIGHT, input::value_count::value_count_bound};

/// The data of the last event of a stream.
const DONE: &str = "[DONE]";

/// The result of reading a response's events.
#[derive(Debug)]
pub(super) struct Stream {
    /// The body as the server would have sent it at once; `None` if no event contains an object.
    pub body: Option<Map<String, Value>>,
    /// The error that ends the events, as the body of an error response.
    pub error: Option<Value>,
    /// Whether the answer is complete.
    pub is_whole: bool,
}

/// Assembles chunks: into choices for Completions and Chat Completions, into an output for the Responses API.
#[derive(Debug, Default)]
struct Answer {
    choices: Option<Assembly>,
    output: Option<Output>,
}

impl Answer {
    fn add(&mut self, chunk: Map<String, Value>, room: &mut Room) -> Result<(), TooManyValues> {
        if kind_of(&chunk).is_some() {
            self.output.get_or_insert_default().add(chunk, room)
        } else {
            self.choices.get_or_insert_default().add(chunk, room)
        }
    }

    fn is_unfinished(&self) -> bool {
        match (&self.output, &self.choices) {
            (Some(output), _) => !output.is_ended(),
            (None, choices) => choices.as_ref().is_some_and(Assembly::is_unfinished),
        }
    }

    fn into_body(self, is_done: bool) -> Option<Map<String, Value>> {
        let body = self.output.map(|output| output.into_body(is_done));
        body.or_else(|| self.choices.map(Assembly::into_body))
    }
}

/// Reads the events of `text`.
pub(super) fn read(text: &str) -> Result<Stream, TooManyValues> {
    let (mut answer, mut room) = (Answer::default(), Room::default());
    let (mut error, mut is_done, mut is_damaged) = (None, false, false);
    for event in Events::new(text) {
        let data = event.data.trim();
        if data == DONE {
            is_done = true;
            break;
        }
        // No byte counts more than a container.
        if !room.has(data.len() * CONTAINER_WEIGHT) && !room.has(value_count_bound(data)) {
            return Err(TooManyValues);
        }
        let is_error = event.name == "error";
        match body::parse(data) {
            Ok(Value::Object(chunk)) if is_error || names_error(&chunk) => {
                let wraps = chunk.contains_key("error");
                error = Some(if wraps { Value::Object(chunk) } else { json!({ "error": chunk }) });
                break;
            }
            Ok(Value::Object(chunk)) => {
                answer.add(chunk, &mut room)?;
                // Anything after the last event is not about the answer.
                if answer.output.as_ref().is_some_and(Output::is_ended) {
                    break;
                }
            }
            // Words such as `ping`, which have no meaning.
            Ok(_) | Err(_) if data.is_empty() || !is_error && !data.starts_with('{') => {}
            _ if is_error => {
                error = Some(json!({ "error": data }));
                break;
            }
            _ => {
                is_damaged = true;
                break;
            }
        }
    }
    let is_whole = is_done || !is_damaged && !answer.is_unfinished();
    let error = error.or_else(|| answer.output.as_ref()?.failure());
    Ok(Stream { body: answer.into_body(is_whole), error, is_whole })
}

/// Whether a chunk is about an error, whatever else it contains.
fn names_error(chunk: &Map<String, Value>) -> bool {
    super::has_error(chunk)
        || ["object", "type"].iter().any(|name| chunk.get(*name).is_some_and(|kind| kind == "error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stream: &Stream) -> &Value {
        &stream.body.as_ref().unwrap()["choices"][0]["message"]["content"]
    }

    const HALF: &str = r#"data: {"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}"#;

    #[test]
    fn is_whole_when_the_server_says_done_or_finished() {
        let finished = HALF.replace("null", "\"stop\"");
        for whole in [format!("{HALF}\n\ndata: [DONE]\n\nnot read"), format!("{HALF}\n\n{finished}")] {
            assert!(read(&whole).unwrap().is_whole, "{whole}");
        }
        for cut in [HALF.to_owned(), format!("{HALF}\n\n{}", &HALF[..40]), format!("{HALF}\n\n{{}}\n\n")] {
            let stream = read(&cut).unwrap();
            assert!(!stream.is_whole && stream.error.is_none(), "{cut}");
            assert_eq!(text(&stream), "half");
        }
    }

    #[test]
    fn ignores_words_between_the_chunks() {
        let stream = read(&format!("data: ping\n\n{HALF}\n\ndata:\n\ndata: 5\n\ndata: [DONE]")).unwrap();
        assert!(stream.is_whole && stream.error.is_none());
        assert_eq!(text(&stream), "half");
        assert_eq!(read("data: hello").unwrap().body, None);
    }

    #[test]
    fn ends_the_events_at_an_error_in_every_shape() {
        for (event, error) in [
            (r#"data: {"error":{"message":"m"}}"#, json!({"error": {"message": "m"}})),
            (r#"data: {"error":"m","choices":[{"delta":{}}]}"#, json!({"error": "m", "choices": [{"delta": {}}]})),
            ("event: error\ndata: {\"message\":\"m\"}", json!({"error": {"message": "m"}})),
            ("event: error\ndata: {\"error\":{\"message\":\"m\"}}", json!({"error": {"message": "m"}})),
            ("event: error\ndata: the model died", json!({"error": "the model died"})),
            (r#"data: {"object":"error","message":"m"}"#, json!({"error": {"object": "error", "message": "m"}})),
        ] {
            let stream = read(&format!("{HALF}\n\n{event}\n\n{HALF}\n\n")).unwrap();
            assert_eq!(stream.error, Some(error), "{event}");
            assert!(!stream.is_whole);
            assert_eq!(text(&stream), "half");
        }
    }

    fn said(stream: &Stream) -> &Value {
        &stream.body.as_ref().unwrap()["output"][0]["content"][0]["text"]
    }

    const DELTA: &str = "event: response.output_text.delta\n\
        data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,\"delta\":\"half\"}";

    #[test]
    fn is_whole_after_the_event_that_ends_the_response() {
        let ended = |status: &str| {
            format!("{DELTA}\n\ndata: {{\"type\":\"response.{status}\",\"response\":{{\"status\":\"{status}\"}}}}")
        };
        let late = r#"data: {"type":"response.in_progress","response":{"status":"in_progress"}}"#;
        for whole in [
            ended("completed"),
            ended("incomplete"),
            ended("done"),
            format!("{DELTA}\n\ndata: {{\"type\":\"response.completed\"}}"),
            format!("{DELTA}\n\ndata: [DONE]"),
            format!("{}\n\n{late}\n\n{DELTA}", ended("completed")),
        ] {
            let stream = read(&whole).unwrap();
            assert!(stream.is_whole && stream.error.is_none(), "{whole}");
            assert_eq!(said(&stream), "half");
            assert_ne!(stream.body.unwrap()["status"], "in_progress", "{whole}");
        }
        for cut in [
            DELTA.to_owned(),
            format!("{DELTA}\n\n{}", &DELTA[..70]),
            format!("data: {{\"type\":\"ping\"}}\n\n{DELTA}"),
        ] {
            let stream = read(&cut).unwrap();
            assert!(!stream.is_whole && stream.error.is_none(), "{cut}");
            assert_eq!(said(&stream), "half");
        }
    }

    #[test]
    fn ends_a_response_at_an_error_in_every_shape() {
        let error = json!({"code": "server_error", "message": "m"});
        for (event, error) in [
            (
                r#"{"type":"error","code":"server_error","message":"m"}"#,
                json!({"type": "error", "code": "server_error", "message": "m"}),
            ),
            (r#"{"type":"error","error":{"code":"server_error","message":"m"}}"#, error.clone()),
            (
                r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"m"}}}"#,
                error,
            ),
        ] {
            let stream = read(&format!("{DELTA}\n\ndata: {event}\n\n{DELTA}")).unwrap();
            assert_eq!(stream.error.as_ref().map(|body| &body["error"]), Some(&error), "{event}");
            assert!(said(&stream).as_str().unwrap().starts_with("half"));
        }
    }

    #[test]
    fn rejects_an_event_with_too_many_values() {
        let many = crate::budgets::MAX_RESPONSE_VALUES / CONTAINER_WEIGHT + 1;
        let event = format!("data: {{\"a\":[{}[]]}}", "[],".repeat(many));
        assert_eq!(read(&event).unwrap_err(), TooManyValues);
    }
}
