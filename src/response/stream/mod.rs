//! Reads an answer that arrives as server-sent events, whether the request asked for them or not.

mod assembly;
mod events;
mod partial;

use serde_json::{Map, Value, json};

pub(super) use self::events::is_events;
pub use self::partial::Partial;
use self::{
    assembly::{Assembly, TooManyValues},
    events::Events,
};
use crate::{
    budgets::CONTAINER_WEIGHT,
    input::{lenient_json, value_count::value_count_bound},
};

/// The data of the event after which nothing comes.
const DONE: &str = "[DONE]";

/// What the events of a response contain.
#[derive(Debug)]
pub(super) struct Stream {
    /// The body, as the server would have sent it in one piece; `None` if no event holds an object.
    pub body: Option<Map<String, Value>>,
    /// The error with which the events end, as the body of an error response.
    pub error: Option<Value>,
    /// Whether the answer is complete.
    pub is_whole: bool,
}

/// Reads the events of `text`.
pub(super) fn read(text: &str) -> Result<Stream, TooManyValues> {
    let mut assembly = Assembly::default();
    let mut stream = Stream { body: None, error: None, is_whole: false };
    let (mut is_done, mut is_damaged, mut has_chunks) = (false, false, false);
    for event in Events::new(text) {
        let data = event.data.trim();
        if data == DONE {
            is_done = true;
            break;
        }
        // No byte counts for more than a container.
        if !assembly.has_room(data.len() * CONTAINER_WEIGHT) && !assembly.has_room(value_count_bound(data)) {
            return Err(TooManyValues);
        }
        let is_error = event.name == "error";
        match lenient_json::parse(data) {
            Ok(Value::Object(chunk)) if is_error || names_error(&chunk) => {
                let wraps = chunk.contains_key("error");
                stream.error = Some(if wraps { Value::Object(chunk) } else { json!({ "error": chunk }) });
                break;
            }
            Ok(Value::Object(chunk)) => {
                has_chunks = true;
                assembly.add(chunk)?;
            }
            // Words such as `ping`, which say nothing.
            Ok(_) | Err(_) if data.is_empty() || !is_error && !data.starts_with('{') => {}
            _ if is_error => {
                stream.error = Some(json!({ "error": data }));
                break;
            }
            _ => {
                is_damaged = true;
                break;
            }
        }
    }
    stream.is_whole = is_done || !is_damaged && !assembly.is_unfinished();
    stream.body = has_chunks.then(|| assembly.into_body());
    Ok(stream)
}

/// Whether a chunk is about an error, whatever else is in it.
fn names_error(chunk: &Map<String, Value>) -> bool {
    super::has_error(chunk) || chunk.get("object").is_some_and(|kind| kind == "error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stream: &Stream) -> &Value {
        &stream.body.as_ref().unwrap()["choices"][0]["message"]["content"]
    }

    const HALF: &str = r#"data: {"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}"#;

    #[test]
    fn an_answer_is_whole_when_the_server_says_that_it_is_done_or_finished() {
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
    fn words_between_the_chunks_are_left_out() {
        let stream = read(&format!("data: ping\n\n{HALF}\n\ndata:\n\ndata: 5\n\ndata: [DONE]")).unwrap();
        assert!(stream.is_whole && stream.error.is_none());
        assert_eq!(text(&stream), "half");
        assert_eq!(read("data: hello").unwrap().body, None);
    }

    #[test]
    fn an_error_ends_the_events_in_each_of_its_shapes() {
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

    #[test]
    fn rejects_an_event_with_more_values_than_a_response_may_have() {
        let many = crate::budgets::MAX_RESPONSE_VALUES / CONTAINER_WEIGHT + 1;
        let event = format!("data: {{\"a\":[{}[]]}}", "[],".repeat(many));
        assert_eq!(read(&event).unwrap_err(), TooManyValues);
    }
}
