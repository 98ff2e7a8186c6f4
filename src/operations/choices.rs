//! Reads the `choices` of a chat or a completion response.

use serde_json::{Map, Value};

use super::{
    QueryResult,
    response_format::{self, Format},
};
use crate::{
    budgets::MAX_ECHO_BYTES,
    error::{Error, ErrorText, NoAnswerReason, TransportError, TransportErrorKind, error_text},
    policy::adjust::cut_at_stop,
    response::{ApiResponse, in_order, take_list, take_usage, texts},
};

/// Members of the response that `metadata` repeats when they are there.
const PASSED_ON: [&str; 5] = ["model", "id", "created", "service_tier", "system_fingerprint"];
/// Members of the first choice's message that `metadata` repeats when they are there.
const PASSED_ON_OF_MESSAGE: [&str; 3] = ["tool_calls", "annotations", "audio"];

/// How the choices of a response become the result.
#[derive(Clone, Debug, Default)]
pub struct ChoicesReader {
    /// Path that was asked, without its slash: `completions` or `chat/completions`.
    pub endpoint: &'static str,
    /// Answers that were asked for. With more than one, the result is an array; a server may send more
    /// choices, which do not count.
    pub n: usize,
    /// The answer is JSON.
    pub format: Option<Format>,
    /// Put before each text: the prompt, where `echo` is the plugin's to do.
    pub echo: String,
    /// Stop sequences that the API was not asked to honor.
    pub stops: Vec<String>,
    /// Why the API does not guarantee that the answer fits its schema; `metadata` repeats it.
    pub not_strict: Option<String>,
}

impl ChoicesReader {
    /// Reads `response`.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] if the model refused, was stopped by a filter, spent its tokens on
    /// reasoning, or gave no JSON where JSON was asked for. If several answers were asked
    /// for, only if that is so for all of them; else a failed one is `null`.
    /// [`Error::Transport`] if their echoes together are too long.
    pub fn read(&self, response: ApiResponse) -> Result<QueryResult, Error> {
        let ApiResponse { mut body, request_id } = response;
        let mut choices: Vec<_> = in_order(take_list(&mut body, "choices")).take(self.n.max(1)).collect();
        let texts: Vec<_> = choices.iter_mut().map(take_text).collect();
        // Nothing else is more than in the response, with which the values of JSON in a text were counted, too.
        if self.echo.len() * texts.len() > MAX_ECHO_BYTES {
            let detail = error_text!["more than ", MAX_ECHO_BYTES >> 20, " MiB of Echo in the result"];
            return Err(TransportError::new(TransportErrorKind::TooLarge, detail).into());
        }
        let fail = |(code, reason): Failed| Error::NoAnswer { code, reason, request_id: request_id.clone() };
        let answers = choices.iter().zip(texts).map(|(choice, text)| self.answer(choice, text).map_err(fail));
        let mut answers: Vec<_> = answers.collect();
        let data = if answers.is_empty() {
            return Err(fail((NoAnswerReason::Empty, "the response contains no choices".into())));
        } else if self.n > 1 && answers.iter().any(Result::is_ok) {
            answers.into_iter().map(Result::unwrap_or_default).collect()
        } else {
            answers.swap_remove(0)?
        };
        Ok(QueryResult { data, metadata: self.metadata(body, choices) })
    }

    fn is_json(&self) -> bool {
        matches!(self.format, Some(Format::JsonObject | Format::JsonSchema))
    }

    /// The answer of a choice whose text was taken.
    fn answer(&self, choice: &Value, text: Option<String>) -> Result<Value, Failed> {
        let refusal = choice.pointer("/message/refusal").and_then(Value::as_str).map(str::trim);
        let refusal = refusal.filter(|refusal| !refusal.is_empty());
        let finish_reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
        let fail = |code, reason: &'static str| Err((code, reason.into()));
        if text.as_deref().unwrap_or_default().is_empty() {
            if let Some(refusal) = refusal {
                return Err(refused(refusal));
            }
            match finish_reason {
                "content_filter" => {
                    return fail(
                        NoAnswerReason::ContentFilter,
                        "the content filter stopped the answer before any text",
                    );
                }
                "length" if choice.get("message").is_some() => {
                    return fail(
                        NoAnswerReason::TokensSpentOnReasoning,
                        "the token limit was used up before any text, usually by the model's reasoning",
                    );
                }
                "error" | "abort" => {
                    let words = choice.pointer("/error/message").and_then(Value::as_str);
                    let words = words.map_or("no reason given".into(), ErrorText::foreign);
                    return Err((NoAnswerReason::Empty, error_text!["the model failed while answering: ", words]));
                }
                _ => {}
            }
        }
        let Some(mut text) = text else { return fail(NoAnswerReason::Empty, "the response contains no text") };
        let has_tool_calls =
            choice.pointer("/message/tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty());
        if self.is_json() && !(text.is_empty() && has_tool_calls) {
            return parsed(&text, finish_reason, refusal);
        }
        text.truncate(cut_at_stop(&text, &self.stops).len());
        text.insert_str(0, &self.echo);
        Ok(text.into())
    }

    fn metadata(&self, mut body: Map<String, Value>, mut choices: Vec<Value>) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("endpoint".to_owned(), self.endpoint.into());
        let mut pass_on = |name: &str, value: Option<Value>| {
            metadata.extend(value.map(|value| (name.to_owned(), value)));
        };
        for name in PASSED_ON {
            pass_on(name, body.swap_remove(name).filter(|value| !value.is_null()));
        }
        pass_on("not_strict", self.not_strict.clone().map(Value::from));
        pass_on("usage", take_usage(&mut body));
        // Only text, as anything else would be copied at any size.
        let reason = |choice| take(choice, "finish_reason").filter(Value::is_string).unwrap_or_default();
        let reasons: Vec<_> = choices.iter_mut().map(reason).collect();
        pass_on("finish_reason", reasons.first().cloned());
        if self.n > 1 {
            pass_on("finish_reasons", Some(reasons.into()));
        }
        let Some(first) = choices.first_mut() else { return metadata };
        let is_there = |value: &Value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty());
        for name in PASSED_ON_OF_MESSAGE {
            pass_on(name, first.get_mut("message").and_then(|message| take(message, name)).filter(is_there));
        }
        pass_on("logprobs", take(first, "logprobs").filter(is_there));
        metadata
    }
}

/// Why there is no answer, in a word and in a sentence.
type Failed = (NoAnswerReason, ErrorText);

/// Takes the text of a choice; `None` if there is no place for one.
fn take_text(choice: &mut Value) -> Option<String> {
    let Some(Value::Object(message)) = choice.get_mut("message") else {
        return match take(choice, "text") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
    };
    let text = match message.swap_remove("content") {
        Some(Value::String(text)) => text,
        Some(content) => texts(&content).collect(),
        None => String::new(),
    };
    let spoken = || message.get("audio")?.get("transcript")?.as_str().map(str::to_owned);
    Some(if text.is_empty() { spoken().unwrap_or_default() } else { text })
}

/// Takes a member out of an object.
fn take(value: &mut Value, name: &str) -> Option<Value> {
    value.as_object_mut()?.swap_remove(name)
}

fn parsed(text: &str, finish_reason: &str, refusal: Option<&str>) -> Result<Value, Failed> {
    response_format::parse(text).map_err(|error| match (finish_reason, refusal) {
        (_, Some(refusal)) => refused(refusal),
        ("length", _) => (NoAnswerReason::JsonTruncated, "the JSON answer was cut off by the token limit".into()),
        ("content_filter", _) => (NoAnswerReason::ContentFilter, "the content filter cut the JSON answer off".into()),
        _ => {
            let words = ErrorText::own(error.to_string());
            (NoAnswerReason::JsonInvalid, error_text!["the answer is not valid JSON: ", words])
        }
    })
}

fn refused(refusal: &str) -> Failed {
    (NoAnswerReason::Refusal, error_text!["the model refused: ", ErrorText::foreign(refusal)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::MAX_MESSAGE_CHARS;

    fn read(reader: &ChoicesReader, body: Value) -> Result<QueryResult, String> {
        let Value::Object(body) = body else { panic!("not an object") };
        reader
            .read(ApiResponse { body, request_id: None })
            .map_err(|error| format!("{}: {error}", error.code().unwrap_or_default()))
    }

    fn chat(message: Value, finish_reason: &str) -> Value {
        json!({"choices": [{"message": message, "finish_reason": finish_reason}]})
    }

    fn data(body: Value) -> Result<Value, String> {
        read(&ChoicesReader::default(), body).map(|result| result.data)
    }

    fn json(body: Value) -> Result<Value, String> {
        let reader = ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() };
        read(&reader, body).map(|result| result.data)
    }

    #[test]
    fn text_is_the_result_and_an_empty_one_too() {
        assert_eq!(data(chat(json!({"content": "hi"}), "stop")).unwrap(), "hi");
        assert_eq!(data(chat(json!({"content": ""}), "stop")).unwrap(), "");
        assert_eq!(data(chat(json!({"content": "cut"}), "length")).unwrap(), "cut");
        assert_eq!(data(chat(json!({"content": "", "refusal": " "}), "stop")).unwrap(), "");
        assert_eq!(data(json!({"choices": [{"text": "\n\nhi"}]})).unwrap(), "\n\nhi");
        assert_eq!(data(json!({"choices": [{"text": "", "finish_reason": "length"}]})).unwrap(), "");
    }

    #[test]
    fn fails_with_its_own_code_when_an_answer_is_unusable() {
        let code = |body| data(body).unwrap_err().split(':').next().unwrap().to_owned();
        assert_eq!(code(chat(json!({"content": null, "refusal": "no"}), "stop")), "refusal");
        assert_eq!(code(chat(json!({"content": null}), "content_filter")), "content_filter");
        assert_eq!(code(chat(json!({"content": ""}), "length")), "tokens_spent_on_reasoning");
        assert_eq!(code(chat(json!({"content": ""}), "error")), "no_answer");
        assert_eq!(code(chat(json!({"content": ""}), "abort")), "no_answer");
        for body in [json!({}), json!({"choices": null}), json!({"choices": []}), json!({"choices": [{}]})] {
            assert_eq!(code(body), "no_answer");
        }
    }

    #[test]
    fn a_reason_in_the_words_of_others_is_cut() {
        let long = "x".repeat(10_000);
        let failed = json!({"choices": [{"message": {}, "finish_reason": "error", "error": {"message": long}}]});
        for error in [
            data(chat(json!({"refusal": long}), "stop")).unwrap_err(),
            json(chat(json!({"content": "{", "refusal": long}), "stop")).unwrap_err(),
            data(failed).unwrap_err(),
        ] {
            assert!(error.ends_with("xx…"), "{error}");
            assert_eq!(error.matches('x').count(), MAX_MESSAGE_CHARS, "{error}");
        }
    }

    #[test]
    fn the_parts_of_a_content_are_joined_without_thoughts() {
        let parts = json!([{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}, {"type": "output_text", "text": "c"}, 5]);
        assert_eq!(data(chat(json!({ "content": parts }), "stop")).unwrap(), "ac");
    }

    #[test]
    fn metadata_repeats_what_is_there() {
        let first = json!({
            "index": 0, "finish_reason": "stop", "logprobs": {"content": []},
            "message": {"content": "a", "tool_calls": [], "annotations": [1], "audio": {"transcript": "b"}}
        });
        let second =
            json!({"index": 1, "finish_reason": {"not": "text"}, "message": {"content": "b", "tool_calls": [2]}});
        let body = json!({
            "choices": [second, first], "model": "m", "id": "i", "created": 5, "service_tier": null,
            "system_fingerprint": "f", "usage": {"total_tokens": "7"}, "object": "chat.completion"
        });
        let common = json!({
            "endpoint": "chat/completions", "model": "m", "id": "i", "created": 5, "system_fingerprint": "f",
            "usage": {"total_tokens": 7}, "finish_reason": "stop", "annotations": [1],
            "audio": {"transcript": "b"}, "logprobs": {"content": []}
        });
        let reader = ChoicesReader { endpoint: "chat/completions", n: 1, ..ChoicesReader::default() };
        assert_eq!(Value::Object(read(&reader, body.clone()).unwrap().metadata), common);
        let mut of_several = common;
        of_several["finish_reasons"] = json!(["stop", null]);
        let reader = ChoicesReader { n: 2, ..reader };
        assert_eq!(Value::Object(read(&reader, body).unwrap().metadata), of_several);
    }

    #[test]
    fn tool_calls_and_speech_are_answers() {
        let calls = json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
        let result =
            read(&ChoicesReader::default(), chat(json!({"content": null, "tool_calls": calls}), "tool_calls")).unwrap();
        assert_eq!((&result.data, &result.metadata["tool_calls"]), (&json!(""), &calls));
        assert_eq!(data(chat(json!({"content": null, "audio": {"transcript": "hi"}}), "stop")).unwrap(), "hi");
    }

    #[test]
    fn json_answers_are_parsed_and_bad_ones_are_failures() {
        assert_eq!(json(chat(json!({"content": "{\"a\": 1}"}), "stop")).unwrap(), json!({"a": 1}));
        assert_eq!(json(chat(json!({"content": r#"{"a": "\ud83d"}"#}), "stop")).unwrap(), json!({"a": "\u{fffd}"}));
        assert!(json(chat(json!({"content": "{\"a\":"}), "length")).unwrap_err().starts_with("json_truncated: "));
        for message in [json!({"content": "Sure!"}), json!({"content": ""}), json!({"content": "", "tool_calls": []})] {
            assert!(json(chat(message, "stop")).unwrap_err().starts_with("json_invalid: "));
        }
        let calls = |content: &str| json!({"content": content, "tool_calls": [1]});
        assert_eq!(json(chat(calls("[2]"), "tool_calls")).unwrap(), json!([2]));
        assert_eq!(json(chat(calls(""), "tool_calls")).unwrap(), "");
        assert!(json(chat(json!({"content": null, "refusal": "no"}), "stop")).unwrap_err().starts_with("refusal: "));
    }

    #[test]
    fn several_answers_are_an_array_in_order_and_a_failed_one_is_null() {
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
    fn choices_beyond_those_that_were_asked_for_do_not_count() {
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
    fn stops_and_echo_that_the_api_did_not_do_are_done_here() {
        let reader = ChoicesReader { echo: "1 ".into(), stops: vec!["END".into()], ..ChoicesReader::default() };
        assert_eq!(read(&reader, chat(json!({"content": "2 END 3"}), "stop")).unwrap().data, "1 2 ");
    }
}
