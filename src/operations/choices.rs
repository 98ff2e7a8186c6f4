//! Reads the `choices` of a chat or a completion answer.

use serde_json::{Map, Value};

use super::{
    QueryResult,
    response_format::{self, Format},
};
use crate::{
    budgets::MAX_RESPONSE_BYTES,
    error::{Error, NoAnswerReason, TransportError, TransportErrorKind},
    policy::adjust::cut_at_stop,
    response::{ApiResponse, content_text, in_order, list, usage},
};

/// Members of the answer that `metadata` repeats when they are there.
const PASSED_ON: [&str; 5] = ["model", "id", "created", "service_tier", "system_fingerprint"];
/// Members of the first choice or its message that `metadata` repeats when they are there.
const PASSED_ON_OF_MESSAGE: [&str; 3] = ["tool_calls", "annotations", "audio"];

/// How the choices of an answer become the result.
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
    /// Stop sequences that the API was not asked to honour.
    pub stops: Vec<String>,
}

impl ChoicesReader {
    /// Reads `answer`.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] if the model refused, was stopped by a filter, spent its tokens on
    /// reasoning, or gave no JSON where JSON was asked for. If several answers were asked
    /// for, only if that is so for all of them; else a failed one is `null`.
    pub fn read(&self, answer: &ApiResponse) -> Result<QueryResult, Error> {
        let mut choices = in_order(list(&answer.body, "choices"));
        choices.truncate(self.n.max(1));
        if self.echo.len() * choices.len() > MAX_RESPONSE_BYTES {
            let detail = format!("more than {} MiB with Echo", MAX_RESPONSE_BYTES >> 20);
            return Err(TransportError::new(TransportErrorKind::TooLarge, detail).into());
        }
        let results: Vec<_> = choices.iter().map(|choice| self.choice(choice, answer)).collect();
        let Some(first) = results.first() else {
            return Err(no_answer(NoAnswerReason::Empty, "the response contains no choices", answer));
        };
        let data = if self.n > 1 {
            if results.iter().all(Result::is_err) {
                first.clone()?
            } else {
                results.into_iter().map(Result::unwrap_or_default).collect()
            }
        } else {
            first.clone()?
        };
        Ok(QueryResult { data, metadata: self.metadata(answer, &choices) })
    }

    fn choice(&self, choice: &Value, answer: &ApiResponse) -> Result<Value, Error> {
        let (text, refusal) = match choice.get("message") {
            Some(message) if message.is_object() => {
                let spoken = || message.get("audio")?.get("transcript")?.as_str().map(str::to_owned);
                let refusal = message.get("refusal").and_then(Value::as_str).map(str::trim);
                let text = content_text(message.get("content")).filter(|text| !text.is_empty());
                (text.or_else(spoken), refusal.filter(|refusal| !refusal.is_empty()))
            }
            _ => (choice.get("text").and_then(Value::as_str).map(str::to_owned), None),
        };
        let finish_reason = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
        let text = text.unwrap_or_default();
        let fail = |code, reason: &str| Err(no_answer(code, reason, answer));
        if text.is_empty() {
            if let Some(refusal) = refusal {
                return fail(NoAnswerReason::Refusal, &format!("the model refused: {refusal}"));
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
                    let words = choice.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
                    return fail(NoAnswerReason::Empty, &format!("the model failed while answering: {words}"));
                }
                _ => {}
            }
            if !choice["message"].is_object() && !choice["text"].is_string() {
                return fail(NoAnswerReason::Empty, "the response contains no text");
            }
        }
        let has_tool_calls =
            choice.pointer("/message/tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty());
        let is_json = matches!(self.format, Some(Format::JsonObject | Format::JsonSchema));
        if is_json && !(text.is_empty() && has_tool_calls) {
            return parsed(&text, finish_reason, refusal, answer);
        }
        Ok(format!("{}{}", self.echo, cut_at_stop(&text, &self.stops)).into())
    }

    fn metadata(&self, answer: &ApiResponse, choices: &[&Value]) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("endpoint".to_owned(), self.endpoint.into());
        for name in PASSED_ON {
            if let Some(value) = answer.body.get(name).filter(|value| !value.is_null()) {
                metadata.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(usage) = usage(&answer.body) {
            metadata.insert("usage".to_owned(), usage);
        }
        let Some(first) = choices.first() else { return metadata };
        let member = |choice: &Value, name: &str| choice.get(name).cloned().unwrap_or_default();
        metadata.insert("finish_reason".to_owned(), member(first, "finish_reason"));
        if self.n > 1 {
            let reasons = choices.iter().map(|choice| member(choice, "finish_reason")).collect();
            metadata.insert("finish_reasons".to_owned(), reasons);
        }
        let logprobs = first.get("logprobs").map(|value| ("logprobs", value));
        let message = PASSED_ON_OF_MESSAGE.iter().filter_map(|name| Some((*name, first.get("message")?.get(*name)?)));
        for (name, value) in message.chain(logprobs) {
            if !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()) {
                metadata.insert(name.to_owned(), value.clone());
            }
        }
        metadata
    }
}

fn parsed(text: &str, finish_reason: &str, refusal: Option<&str>, answer: &ApiResponse) -> Result<Value, Error> {
    response_format::parse(text).map_err(|error| match (finish_reason, refusal) {
        (_, Some(refusal)) => no_answer(NoAnswerReason::Refusal, &format!("the model refused: {refusal}"), answer),
        ("length", _) => {
            no_answer(NoAnswerReason::JsonTruncated, "the JSON answer was cut off by the token limit", answer)
        }
        ("content_filter", _) => {
            no_answer(NoAnswerReason::ContentFilter, "the content filter cut the JSON answer off", answer)
        }
        _ => no_answer(NoAnswerReason::JsonInvalid, &format!("the answer is not valid JSON: {error}"), answer),
    })
}

fn no_answer(code: NoAnswerReason, reason: &str, answer: &ApiResponse) -> Error {
    Error::NoAnswer { code, reason: reason.to_owned(), request_id: answer.request_id.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(reader: &ChoicesReader, body: Value) -> Result<QueryResult, String> {
        let Value::Object(body) = body else { panic!("not an object") };
        let answer = ApiResponse { body, request_id: None };
        reader.read(&answer).map_err(|error| format!("{}: {error}", error.code().unwrap_or_default()))
    }

    fn chat(message: Value, finish_reason: &str) -> Value {
        json!({"choices": [{"message": message, "finish_reason": finish_reason}]})
    }

    fn data(body: Value) -> Result<Value, String> {
        read(&ChoicesReader::default(), body).map(|reply| reply.data)
    }

    fn json(body: Value) -> Result<Value, String> {
        let reader = ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() };
        read(&reader, body).map(|reply| reply.data)
    }

    #[test]
    fn text_is_the_result_and_an_empty_one_too() {
        assert_eq!(data(chat(json!({"content": "hi"}), "stop")).unwrap(), "hi");
        assert_eq!(data(chat(json!({"content": ""}), "stop")).unwrap(), "");
        assert_eq!(data(chat(json!({"content": "cut"}), "length")).unwrap(), "cut");
        assert_eq!(data(json!({"choices": [{"text": "\n\nhi"}]})).unwrap(), "\n\nhi");
    }

    #[test]
    fn answers_that_are_none_are_failures_with_their_own_code() {
        let code = |body| data(body).unwrap_err().split(':').next().unwrap().to_owned();
        assert_eq!(code(chat(json!({"content": null, "refusal": "no"}), "stop")), "refusal");
        assert_eq!(code(chat(json!({"content": null}), "content_filter")), "content_filter");
        assert_eq!(code(chat(json!({"content": ""}), "length")), "tokens_spent_on_reasoning");
        assert_eq!(code(chat(json!({"content": ""}), "error")), "no_answer");
        for body in [json!({}), json!({"choices": null}), json!({"choices": []}), json!({"choices": [{}]})] {
            assert_eq!(code(body), "no_answer");
        }
    }

    #[test]
    fn tool_calls_and_speech_are_answers() {
        let calls = json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
        let reply =
            read(&ChoicesReader::default(), chat(json!({"content": null, "tool_calls": calls}), "tool_calls")).unwrap();
        assert_eq!((&reply.data, &reply.metadata["tool_calls"]), (&json!(""), &calls));
        assert_eq!(data(chat(json!({"content": null, "audio": {"transcript": "hi"}}), "stop")).unwrap(), "hi");
    }

    #[test]
    fn json_answers_are_parsed_and_bad_ones_are_failures() {
        assert_eq!(json(chat(json!({"content": "{\"a\": 1}"}), "stop")).unwrap(), json!({"a": 1}));
        assert_eq!(json(chat(json!({"content": r#"{"a": "\ud83d"}"#}), "stop")).unwrap(), json!({"a": "\u{fffd}"}));
        assert!(json(chat(json!({"content": "{\"a\":"}), "length")).unwrap_err().starts_with("json_truncated: "));
        assert!(json(chat(json!({"content": "Sure!"}), "stop")).unwrap_err().starts_with("json_invalid: "));
        assert!(json(chat(json!({"content": null, "refusal": "no"}), "stop")).unwrap_err().starts_with("refusal: "));
    }

    #[test]
    fn several_answers_are_an_array_in_order_and_a_failed_one_is_null() {
        let reader = ChoicesReader { n: 3, ..ChoicesReader::default() };
        let choice =
            |index, text: &str, reason| json!({"index": index, "message": {"content": text}, "finish_reason": reason});
        let reply = read(
            &reader,
            json!({"choices": [choice(2, "", "content_filter"), choice(1, "b", "stop"), choice(0, "a", "length")]}),
        )
        .unwrap();
        assert_eq!(reply.data, json!(["a", "b", null]));
        assert_eq!(reply.metadata["finish_reasons"], json!(["length", "stop", "content_filter"]));
        assert!(read(&reader, json!({"choices": [choice(0, "", "content_filter")]})).is_err());
    }

    #[test]
    fn choices_beyond_those_that_were_asked_for_do_not_count() {
        let choices: Vec<_> = (0..20_000).map(|_| json!({"message": {"content": "a"}})).collect();
        let body = json!({ "choices": choices });
        let reader = ChoicesReader { n: 2, echo: "e".repeat(1 << 20), ..ChoicesReader::default() };
        assert_eq!(read(&reader, body.clone()).unwrap().data.as_array().unwrap().len(), 2);
        let reader = ChoicesReader { n: 128, ..reader };
        assert!(read(&reader, body).unwrap_err().starts_with("response_too_large: "));
    }

    #[test]
    fn stops_and_echo_that_the_api_did_not_do_are_done_here() {
        let reader = ChoicesReader { echo: "1 ".into(), stops: vec!["END".into()], ..ChoicesReader::default() };
        assert_eq!(read(&reader, chat(json!({"content": "2 END 3"}), "stop")).unwrap().data, "1 2 ");
    }
}
