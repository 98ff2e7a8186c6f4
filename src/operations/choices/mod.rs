//! Reads the `choices` of a chat or a completion response.
//!
//! Belongs here: the answer of each choice, and whether it may be returned; in `failed`, the reasons why there is none;
//! in `metadata`, the rest of the response. Does not belong here: the parts of a choice, which
//! [`choice`](super::choice) takes apart.

mod failed;
mod metadata;

use std::mem;

use serde_json::Value;

use self::failed::{Failed, failed, no_choices, not_json, nothing};
use super::{
    QueryResult,
    checks::Checks,
    choice::{Choice, Content, Ending},
    json_answer,
    response_format::Format,
    responses,
    result_size::kept,
    sources,
};
use crate::{
    budgets::MAX_ECHO_BYTES,
    error::{Error, Given, NoAnswerReason, TransportError, TransportErrorKind, error_text},
    policy::adjust::cut_at_stop,
    response::{ApiResponse, body::unwrapped, in_order, take_list, take_usage},
};

/// Turns the choices of a response into the result.
#[derive(Clone, Debug, Default)]
pub struct ChoicesReader {
    /// Path of the request without its slash: `completions` or `chat/completions`.
    pub endpoint: &'static str,
    /// Number of answers requested. If more than one, the result is an array. Further choices from the server are
    /// ignored.
    pub n: usize,
    /// The requested JSON format, if any.
    pub format: Option<Format>,
    /// Text before each answer: the prompt if the plugin has to do `echo` itself.
    pub echo: String,
    /// Stop sequences that the plugin applies because the request does not contain them.
    pub stops: Vec<String>,
    /// Why the API does not guarantee that the answer matches its schema; repeated in `metadata`.
    pub not_strict: Option<String>,
    /// The moderation that the request asks for.
    pub checks: Checks,
}

impl ChoicesReader {
    /// Reads `response`.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] if the model refused or failed, a filter stopped it, it wrote only reasoning or nothing,
    /// JSON was requested and is missing, or a requested check did not take place. With several answers, only if all of
    /// them failed; otherwise a failed one is `null`.
    /// [`Error::Transport`] if the echoes together are too long.
    pub fn read(&self, response: ApiResponse) -> Result<QueryResult, Error> {
        let ApiResponse { body, request_id } = response;
        let body = if self.endpoint == &responses::PATH[1..] { responses::into_chat(body) } else { body };
        let mut body = unwrapped(body, "choices");
        let is_other = !body.contains_key("choices");
        let choices = in_order(take_list(&mut body, "choices")).take(self.n.max(1));
        let mut choices: Vec<_> = choices.map(Choice::from).collect();
        // Everything else was in the response, whose size and JSON values are already limited.
        if self.echo.len() * choices.len() > MAX_ECHO_BYTES {
            let detail = error_text!["more than ", MAX_ECHO_BYTES >> 20, " MiB of Echo in the result"];
            return Err(TransportError::new(TransportErrorKind::ResultTooLarge, detail).into());
        }
        let mut answers: Vec<_> = choices.iter_mut().map(|choice| self.answer(choice)).collect();
        let data = if answers.is_empty() {
            Err(no_choices(&body, is_other))
        } else if self.n > 1 && answers.iter().any(Result::is_ok) {
            Ok(answers.into_iter().map(Result::unwrap_or_default).collect())
        } else {
            answers.swap_remove(0)
        };
        let (data, moderation) = match (data, self.checks.take(&mut body)) {
            (data, Ok(moderation)) => (data, moderation),
            // A failure without any text of the answer needs no check.
            (Err(failed), Err(_)) if failed.text.is_empty() => (Err(failed), None),
            (_, Err(reason)) => (Err(Failed::new(NoAnswerReason::NotModerated, reason)), None),
        };
        match data {
            Ok(data) => {
                let mut metadata = self.metadata(body, choices);
                metadata.extend(moderation.map(|found| ("moderation".to_owned(), found)));
                Ok(QueryResult { data, metadata })
            }
            Err(Failed { code, reason, text }) => {
                // Never return unchecked output.
                let is_given = !self.checks.output || moderation.is_some();
                let reasoning = choices.first().map_or("", |choice| &choice.reasoning);
                let [text, reasoning] = [&text, reasoning].map(|text| if is_given { text } else { "" });
                let metadata = kept([("usage", take_usage(&mut body)), ("moderation", moderation)]);
                let given = Given { metadata, ..Given::new(text, reasoning) };
                Err(Error::NoAnswer { code, reason, given, request_id })
            }
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.format, Some(Format::JsonObject | Format::JsonSchema))
    }

    /// Takes the answer from a choice.
    fn answer(&self, choice: &mut Choice) -> Result<Value, Failed> {
        let ending = choice.ending();
        let mut text = match mem::take(&mut choice.content) {
            Content::None => String::new(),
            Content::Text(text) => text,
            Content::Json(value) if self.is_json() && ending != Ending::Failed => return Ok(value),
            Content::Json(value) => value.to_string(),
        };
        // White space may continue a text, but it never answers a message.
        let is_blank = if choice.is_chat { text.trim().is_empty() } else { text.is_empty() };
        if ending == Ending::Failed {
            return Err(failed(choice, text, is_blank));
        }
        if is_blank {
            let refused = !choice.refusal.trim().is_empty();
            return match choice {
                _ if refused || !choice.has_other_output() => Err(nothing(choice, ending, self.is_json())),
                // No answer yet: the model waits for the tool's result.
                _ if choice.has_calls() => Ok(Value::Null),
                _ => Ok("".into()),
            };
        }
        if self.is_json() {
            return json_answer::find(&text).map_err(|error| not_json(choice, ending, &error, text));
        }
        let kept = cut_at_stop(&text, &self.stops);
        if kept.len() < text.len() {
            sources::cut(&mut choice.annotations, kept.chars().count());
            text.truncate(kept.len());
        }
        if text.is_empty() {
            return Err(Failed::new(NoAnswerReason::Empty, "a stop sequence ended the answer before any text"));
        }
        text.insert_str(0, &self.echo);
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(super) fn read(reader: &ChoicesReader, body: Value) -> Result<QueryResult, String> {
        let Value::Object(body) = body else { panic!("not an object") };
        reader
            .read(ApiResponse { body, request_id: None })
            .map_err(|error| format!("{}: {error}", error.code().unwrap_or_default()))
    }

    pub(super) fn chat(message: Value, finish_reason: &str) -> Value {
        json!({"choices": [{"message": message, "finish_reason": finish_reason}]})
    }

    pub(super) fn data(body: Value) -> Result<Value, String> {
        read(&ChoicesReader::default(), body).map(|result| result.data)
    }

    pub(super) fn json(body: Value) -> Result<Value, String> {
        let reader = ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() };
        read(&reader, body).map(|result| result.data)
    }

    /// A side as both endpoints report it.
    fn checked(flagged: bool) -> Value {
        json!({"type": "moderation_result", "flagged": flagged, "categories": {"violence": flagged}})
    }

    const BOTH: Checks = Checks { input: true, output: true };

    #[test]
    fn returns_moderation_results_in_metadata() {
        let mut body = chat(json!({"content": "Hello"}), "stop");
        body["moderation"] = json!({"input": checked(false), "output": checked(true)});
        let result = read(&ChoicesReader { checks: BOTH, ..ChoicesReader::default() }, body.clone()).unwrap();
        assert_eq!(result.data, "Hello");
        assert_eq!(
            result.metadata["moderation"],
            json!({
                "input": {"flagged": false, "categories": [], "scores": {}},
                "output": {"flagged": true, "categories": ["violence"], "scores": {}}
            })
        );
        // Results that the form did not ask for stay as the server sent them.
        let plain = read(&ChoicesReader::default(), body.clone()).unwrap();
        assert_eq!(plain.metadata["moderation"], body["moderation"]);
    }

    #[test]
    fn returns_nothing_unchecked_when_a_check_was_requested() {
        let fail = |checks, moderation: &Value, finish_reason| {
            let mut body = chat(json!({"content": "{half", "reasoning": "hm"}), finish_reason);
            body["moderation"] = moderation.clone();
            body["usage"] = json!({"total_tokens": 5});
            let format = Some(if finish_reason == "length" { Format::JsonObject } else { Format::Text });
            let reader = ChoicesReader { format, checks, ..ChoicesReader::default() };
            let error = reader.read(ApiResponse { body: body.as_object().unwrap().clone(), request_id: None });
            let error = error.unwrap_err();
            let given: Vec<_> = error.given().keys().cloned().collect();
            let known: Vec<_> = error.metadata().keys().cloned().collect();
            (error.code().unwrap(), error.to_string(), given.join(" "), known.join(" "))
        };
        let unchecked = ("not_moderated", "the input was not checked: the server returned no result");
        for moderation in [json!(null), json!({"output": checked(false)})] {
            let (code, words, given, known) = fail(BOTH, &moderation, "stop");
            assert_eq!((code, words.as_str(), given.as_str(), known.as_str()), (unchecked.0, unchecked.1, "", "usage"));
        }
        // A failure of another kind keeps the results.
        let found = json!({"input": checked(true), "output": checked(true)});
        for (moderation, code, given, known) in [
            (found, "json_truncated", "partial reasoning", "usage moderation"),
            (json!(null), "not_moderated", "", "usage"),
        ] {
            let failure = fail(BOTH, &moderation, "length");
            assert_eq!((failure.0, failure.2.as_str(), failure.3.as_str()), (code, given, known), "{moderation}");
        }
        // A failure without text stays as it is.
        let body = chat(json!({"content": null, "refusal": "no"}), "stop");
        let reader = ChoicesReader { checks: BOTH, ..ChoicesReader::default() };
        assert!(read(&reader, body).unwrap_err().starts_with("refusal: "));
    }

    #[test]
    fn returns_the_text() {
        assert_eq!(data(chat(json!({"content": "hi"}), "stop")).unwrap(), "hi");
        assert_eq!(data(chat(json!({"content": "cut"}), "length")).unwrap(), "cut");
        assert_eq!(data(json!({"choices": [{"text": "\n\nhi"}]})).unwrap(), "\n\nhi");
        assert_eq!(data(json!({"choices": [{"text": "\n", "finish_reason": "length"}]})).unwrap(), "\n");
        assert_eq!(data(json!({"choices": [{"message": "hi"}]})).unwrap(), "hi");
        assert_eq!(data(json!({"choices": [{"delta": {"content": "hi"}}]})).unwrap(), "hi");
        assert_eq!(data(json!({"result": {"choices": [{"message": {"content": "hi"}}]}})).unwrap(), "hi");
        let thinking = "<think>hm</think>hi";
        assert_eq!(data(chat(json!({"content": thinking}), "stop")).unwrap(), thinking);
    }

    #[test]
    fn converts_other_content_to_text_unless_json_was_requested() {
        for (content, text) in [
            (json!({"answer": 42}), "{\"answer\":42}"),
            (json!({"text": "a", "answer": 42}), "{\"text\":\"a\",\"answer\":42}"),
            (json!([{"answer": 42}]), "[{\"answer\":42}]"),
            (json!([1, 2]), "[1,2]"),
            (json!(42), "42"),
            (json!(false), "false"),
        ] {
            assert_eq!(data(chat(json!({ "content": content }), "stop")).unwrap(), text);
            assert_eq!(json(chat(json!({ "content": content }), "stop")).unwrap(), content);
        }
        for content in [json!({"type": "text", "text": "a"}), json!(["a"]), json!([{"text": "a"}])] {
            assert_eq!(data(chat(json!({ "content": content }), "stop")).unwrap(), "a");
        }
    }

    #[test]
    fn joins_content_parts_without_reasoning() {
        let parts = json!([{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}, {"type": "output_text", "text": "c"}, 5]);
        assert_eq!(data(chat(json!({ "content": parts }), "stop")).unwrap(), "ac");
    }

    #[test]
    fn accepts_an_image_or_speech_without_text() {
        for message in [
            json!({"content": null, "images": [{"type": "image_url", "image_url": {"url": "data:,a"}}]}),
            json!({"content": [{"type": "image", "inline_data": {"mime_type": "image/png", "data": "AAAA"}}]}),
            json!({"content": null, "audio": {"id": "a", "data": "AAAA"}}),
        ] {
            assert_eq!(data(chat(message.clone(), "stop")).unwrap(), "", "{message}");
            assert_eq!(json(chat(message, "stop")).unwrap(), "");
        }
    }

    #[test]
    fn returns_null_when_the_model_only_calls_tools() {
        for message in [
            json!({"content": null, "function_call": {"name": "f", "arguments": "{}"}}),
            json!({"content": "", "tool_calls": [{"id": "c"}], "reasoning": "hm"}),
            json!({"content": "\n", "tool_calls": [{"id": "c"}], "images": [{"url": "data:,a"}]}),
        ] {
            assert_eq!(data(chat(message.clone(), "tool_calls")), Ok(json!(null)), "{message}");
            assert_eq!(json(chat(message, "tool_calls")), Ok(json!(null)));
        }
        let both = chat(json!({"content": "One moment.", "tool_calls": [{"id": "c"}]}), "tool_calls");
        assert_eq!(data(both), Ok(json!("One moment.")));
    }

    #[test]
    fn drops_citations_after_a_stop_sequence() {
        let cited =
            |start: u64, url: &str| json!({"type": "url_citation", "url_citation": {"start_index": start, "url": url}});
        let [kept, beyond] = [cited(0, "https://a.example"), cited(13, "https://b.example")];
        let message = json!({"content": "äbc STOP def ghi", "annotations": [kept, beyond]});
        let reader = ChoicesReader { stops: vec!["def".to_owned()], ..ChoicesReader::default() };
        let QueryResult { data, metadata } = read(&reader, chat(message.clone(), "stop")).unwrap();
        assert_eq!((data, &metadata["annotations"]), (json!("äbc STOP "), &json!([kept])));
        assert_eq!(metadata["sources"].as_array().unwrap().len(), 1);
        let whole = read(&ChoicesReader::default(), chat(message, "stop")).unwrap();
        assert_eq!(whole.metadata["annotations"], json!([kept, beyond]));
    }

    #[test]
    fn accepts_tool_calls_and_speech_when_json_was_requested() {
        let calls = json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
        let result =
            read(&ChoicesReader::default(), chat(json!({"content": null, "tool_calls": calls}), "tool_calls")).unwrap();
        let bound = json!([{
            "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "name": "f", "arguments": {}
        }]);
        assert_eq!((&result.data, &result.metadata["tool_calls"]), (&json!(null), &bound));
        assert_eq!(data(chat(json!({"content": null, "audio": {"transcript": "hi"}}), "stop")).unwrap(), "hi");
    }

    #[test]
    fn parses_json_answers_and_fails_for_invalid_ones() {
        assert_eq!(json(chat(json!({"content": "{\"a\": 1}"}), "stop")).unwrap(), json!({"a": 1}));
        assert_eq!(json(chat(json!({"content": r#"{"a": "\ud83d"}"#}), "stop")).unwrap(), json!({"a": "\u{fffd}"}));
        assert!(json(chat(json!({"content": "{\"a\":"}), "length")).unwrap_err().starts_with("json_truncated: "));
        for message in [json!({"content": "Sure!"}), json!({"content": ""}), json!({"content": "", "tool_calls": []})] {
            assert!(json(chat(message, "stop")).unwrap_err().starts_with("json_invalid: "));
        }
        let calls = |content: &str| json!({"content": content, "tool_calls": [1]});
        assert_eq!(json(chat(calls("[2]"), "tool_calls")).unwrap(), json!([2]));
        assert_eq!(json(chat(calls(""), "tool_calls")), Ok(json!(null)));
        assert!(json(chat(json!({"content": null, "refusal": "no"}), "stop")).unwrap_err().starts_with("refusal: "));
    }

    #[test]
    fn returns_several_answers_in_order_with_null_for_failed_ones() {
        let reader = ChoicesReader { n: 3, ..ChoicesReader::default() };
        let choice =
            |index, text: &str, reason| json!({"index": index, "message": {"content": text}, "finish_reason": reason});
        let result = read(
            &reader,
            json!({"choices": [choice(2, "", "content_filter"), choice(1, "b", "stop"), choice(0, "a", "length")]}),
        )
        .unwrap();
        assert_eq!(result.data, json!(["a", "b", null]));
        assert_eq!(result.metadata["finish_reasons"], json!(["length", "stop", "content_filter"]));
        assert!(read(&reader, json!({"choices": [choice(0, "", "content_filter")]})).is_err());
    }

    #[test]
    fn ignores_more_choices_than_requested() {
        let choices: Vec<_> = (0..20_000).map(|_| json!({"message": {"content": "a"}})).collect();
        let body = json!({ "choices": choices });
        let reader = ChoicesReader { n: 2, echo: "e".repeat(MAX_ECHO_BYTES / 2), ..ChoicesReader::default() };
        assert_eq!(read(&reader, body.clone()).unwrap().data.as_array().unwrap().len(), 2);
        let reader = ChoicesReader { n: 3, ..reader };
        let error = read(&reader, body).unwrap_err();
        assert!(
            error.starts_with("response_too_large: ") && error.ends_with("(more than 4 MiB of Echo in the result)")
        );
    }

    #[test]
    fn applies_stops_and_echo_that_the_request_did_not_contain() {
        let reader = ChoicesReader { echo: "1 ".into(), stops: vec!["END".into()], ..ChoicesReader::default() };
        assert_eq!(read(&reader, chat(json!({"content": "2 END 3"}), "stop")).unwrap().data, "1 2 ");
    }
}
