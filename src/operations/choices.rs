//! Reads the `choices` of a chat or a completion response.

use std::mem;

use serde_json::{Map, Value};

use super::{
    QueryResult,
    checks::Checks,
    choice::{Choice, Content, Ending, is_empty},
    json_answer,
    response_format::Format,
    responses,
    result_size::kept,
    room::Room,
    sources, tool_calls,
};
use crate::{
    budgets::MAX_ECHO_BYTES,
    error::{
        Error, ErrorText, Given, NoAnswerReason, TransportError, TransportErrorKind, error_text, truncate::truncate,
    },
    input::lenient_json,
    policy::adjust::cut_at_stop,
    response::{ApiResponse, body::unwrapped, in_order, members, take_list, take_usage},
};

/// Members of the response that `metadata` repeats if present.
const PASSED_ON: [&str; 12] = [
    "model",
    "id",
    "created",
    "service_tier",
    "tool_usage",
    "system_fingerprint",
    "citations",
    "search_results",
    "related_questions",
    "moderation",
    "prompt_filter_results",
    "images",
];
/// Members of the first choice, or of its message, that `metadata` repeats if present.
const PASSED_ON_OF_CHOICE: [&str; 11] = [
    "logprobs",
    "content_filter_results",
    "function_call",
    "audio",
    "citations",
    "search_results",
    "context",
    "executed_tools",
    "reasoning_details",
    "thinking_blocks",
    "extra_content",
];
/// Characters quoted of an answer that is not JSON.
const MAX_QUOTE_CHARS: usize = 200;

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
            return Err(TransportError::new(TransportErrorKind::TooLarge, detail).into());
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
                _ if refused || !choice.has_other_output() => Err(self.nothing(choice, ending)),
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

    /// Why a choice has no answer.
    fn nothing(&self, choice: &Choice, ending: Ending) -> Failed {
        let refusal = choice.refusal.trim();
        match ending {
            _ if !refusal.is_empty() => refused(refusal),
            Ending::Refused => Failed::new(NoAnswerReason::Refusal, "the model refused to answer"),
            Ending::Filtered => {
                Failed::new(NoAnswerReason::ContentFilter, "the content filter stopped the answer before any text")
            }
            Ending::Length if choice.is_chat => Failed::new(
                NoAnswerReason::TokensSpentOnReasoning,
                "the token limit was used up before any text, usually by the model's reasoning",
            ),
            _ if !choice.reasoning.trim().is_empty() => {
                Failed::new(NoAnswerReason::OnlyReasoning, "the model reasoned but wrote no answer")
            }
            _ if self.is_json() => Failed::new(NoAnswerReason::JsonInvalid, "the answer is empty instead of JSON"),
            _ => Failed::new(NoAnswerReason::Empty, "the response contains no text"),
        }
    }

    fn metadata(&self, mut body: Map<String, Value>, mut choices: Vec<Choice>) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("endpoint".to_owned(), self.endpoint.into());
        let usage = take_usage(&mut body);
        // Only text: any other value could be huge.
        let reason = |choice: &Choice| Some(choice.finish_reason()).filter(|reason| !reason.is_empty()).into();
        let reasons: Vec<Value> = choices.iter().map(reason).collect();
        let mut pass_on = |name: &str, value: Option<Value>| {
            if let Some(value) = value
                && !metadata.contains_key(name)
            {
                metadata.insert(name.to_owned(), value);
            }
        };
        let is_there = |value: &Value| !is_empty(value);
        let mut room = Room::default();
        // Pages that the search read, in addition to the cited ones.
        let read = choices.first_mut().and_then(|first| first.take("sources"));
        if let Some(first) = choices.first_mut() {
            let calls = first.take("tool_calls").filter(is_there);
            pass_on("tool_calls", calls.map(|calls| tool_calls::bindable(calls, &mut room)));
            for name in PASSED_ON_OF_CHOICE {
                pass_on(name, first.take(name).filter(is_there));
            }
            let list = |items: &mut Vec<Value>| Some(Value::Array(mem::take(items))).filter(is_there);
            pass_on("images", list(&mut first.images));
            pass_on("annotations", list(&mut first.annotations));
            pass_on("content_parts", list(&mut first.other_parts));
            let text = |text: &mut String| Some(Value::String(mem::take(text))).filter(is_there);
            pass_on("reasoning", text(&mut first.reasoning));
            pass_on("refusal", text(&mut first.refusal));
        }
        for name in PASSED_ON {
            pass_on(name, members::take(&mut body, name).filter(is_there));
        }
        pass_on("not_strict", self.not_strict.clone().map(Value::from));
        pass_on("usage", usage);
        pass_on("finish_reason", reasons.first().cloned());
        if self.n > 1 {
            pass_on("finish_reasons", Some(reasons.into()));
        }
        let sources = sources::listed(&metadata, read.as_ref(), &mut room);
        if !sources.is_empty() {
            metadata.insert("sources".to_owned(), sources.into());
        }
        metadata
    }
}

/// Why there is no answer.
struct Failed {
    code: NoAnswerReason,
    reason: ErrorText,
    /// What the model wrote anyway.
    text: String,
}

impl Failed {
    fn new(code: NoAnswerReason, reason: impl Into<ErrorText>) -> Self {
        Self { code, reason: reason.into(), text: String::new() }
    }

    fn with(self, text: String) -> Self {
        Self { text, ..self }
    }
}

fn refused(refusal: &str) -> Failed {
    Failed::new(NoAnswerReason::Refusal, error_text!["the model refused: ", ErrorText::foreign(refusal)])
}

fn failed(choice: &Choice, text: String, is_blank: bool) -> Failed {
    let words = choice.error_words();
    if is_blank {
        Failed::new(NoAnswerReason::Empty, error_text!["the model failed while answering: ", words])
    } else {
        Failed::new(NoAnswerReason::CutOff, error_text!["the model failed in the middle of its answer: ", words])
            .with(text)
    }
}

fn not_json(choice: &Choice, ending: Ending, error: &serde_json::Error, text: String) -> Failed {
    let refusal = choice.refusal.trim();
    let failed = match ending {
        _ if !refusal.is_empty() => refused(refusal),
        Ending::Length => Failed::new(NoAnswerReason::JsonTruncated, "the JSON answer was cut off by the token limit"),
        Ending::Filtered => Failed::new(NoAnswerReason::ContentFilter, "the content filter cut off the JSON answer"),
        _ => {
            let said = json_answer::after_thinking(&text).trim();
            let said = if said.is_empty() { text.trim() } else { said };
            let quote = truncate(said, MAX_QUOTE_CHARS).split_whitespace().collect::<Vec<_>>().join(" ");
            let what = if lenient_json::is_json_text(said) {
                error_text!["the answer is not valid JSON (", ErrorText::own(lenient_json::explain(error)), ")"]
            } else {
                "the model answered in words instead of JSON".into()
            };
            Failed::new(NoAnswerReason::JsonInvalid, error_text![what, ": “", quote, "”"])
        }
    };
    failed.with(text)
}

/// Why there are no choices; `is_other` if the response does not even have the member.
fn no_choices(body: &Map<String, Value>, is_other: bool) -> Failed {
    let feedback = ["prompt_feedback", "promptFeedback"].into_iter().find_map(|name| body.get(name));
    let blocked = feedback.and_then(|feedback| feedback.get("block_reason").or_else(|| feedback.get("blockReason")));
    if let Some(reason) = blocked.and_then(Value::as_str) {
        let reason = error_text!["the content filter stopped the prompt (", ErrorText::foreign(reason), ")"];
        Failed::new(NoAnswerReason::ContentFilter, reason)
    } else {
        let code = if is_other { NoAnswerReason::OtherResponse } else { NoAnswerReason::Empty };
        Failed::new(code, "the response contains no choices")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::budgets::{MAX_KEPT_BYTES, MAX_KEPT_VALUES, MAX_MESSAGE_CHARS, MAX_PARTIAL_BYTES};

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

    fn failure(reader: &ChoicesReader, body: Value) -> (&'static str, String, Value) {
        let Value::Object(body) = body else { panic!("not an object") };
        let error = reader.read(ApiResponse { body, request_id: None }).unwrap_err();
        (error.code().unwrap(), error.to_string(), error.given().into())
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
    fn keeps_the_usage_of_a_failure_unless_it_is_long() {
        let usage = |reader: &ChoicesReader, mut body: Value, usage: &Value| {
            body["usage"] = usage.clone();
            let Value::Object(body) = body else { panic!("not an object") };
            let error = reader.read(ApiResponse { body, request_id: None }).unwrap_err();
            error.metadata().swap_remove("usage")
        };
        let spent = json!({"prompt_tokens": 9, "total_tokens": 12});
        let text = ChoicesReader::default();
        let json = ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() };
        for (reader, body) in [
            (&text, chat(json!({"refusal": "no"}), "stop")),
            (&text, chat(json!({"content": ""}), "content_filter")),
            (&text, chat(json!({"content": ""}), "length")),
            (&text, chat(json!({"content": "half"}), "error")),
            (&text, json!({"choices": []})),
            (&json, chat(json!({"content": "no JSON"}), "stop")),
            (&json, chat(json!({"content": "{"}), "length")),
        ] {
            assert_eq!(usage(reader, body.clone(), &spent), Some(spent.clone()), "{body}");
        }
        let long_text = json!({"model": "m".repeat(MAX_KEPT_BYTES + 1)});
        for none in [json!(null), json!("free"), long_text, json!({"of_each": vec![0; MAX_KEPT_VALUES]})] {
            assert_eq!(usage(&text, json!({"choices": []}), &none), None);
        }
    }

    fn failed(body: Value) -> (&'static str, String, Value) {
        failure(&ChoicesReader { format: Some(Format::Text), ..ChoicesReader::default() }, body)
    }

    fn failed_json(body: Value) -> (&'static str, String, Value) {
        failure(&ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() }, body)
    }

    fn metadata(body: Value) -> Map<String, Value> {
        read(&ChoicesReader::default(), body).unwrap().metadata
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
    fn fails_when_the_answer_is_empty() {
        for message in [
            json!({}),
            json!({"content": null}),
            json!({"content": ""}),
            json!({"content": " \n"}),
            json!({"content": []}),
            json!({"content": {}}),
            json!({"content": [{"type": "text", "text": ""}]}),
            json!({"content": "", "refusal": " ", "tool_calls": [], "function_call": {"name": "", "arguments": ""}}),
            json!({"content": null, "audio": {}, "images": [{"image_url": {"url": ""}}]}),
        ] {
            let (code, words, given) = failed(chat(message, "stop"));
            assert_eq!((code, words.as_str()), ("no_answer", "the response contains no text"));
            assert_eq!(given, json!({}));
        }
        for choice in [json!({"text": ""}), json!({"text": "", "finish_reason": "length"}), json!(null), json!(5)] {
            assert_eq!(failed(json!({"choices": [choice]})).0, "no_answer");
        }
        let reader = ChoicesReader { stops: vec!["END".into()], ..ChoicesReader::default() };
        let (code, words, _) = failure(&reader, chat(json!({"content": "END of it"}), "stop"));
        assert_eq!((code, words.as_str()), ("no_answer", "a stop sequence ended the answer before any text"));
    }

    #[test]
    fn fails_with_the_reasoning_when_there_is_nothing_else() {
        for message in [
            json!({"content": null, "reasoning_content": "hm"}),
            json!({"content": "", "reasoning": "hm", "reasoning_content": "hm"}),
            json!({"content": "\n", "thinking": "hm"}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            json!({"content": [{"text": "hm", "thought": true}]}),
            json!({"reasoning_details": [{"type": "reasoning.summary", "summary": "h"}, {"type": "x", "text": "m"}]}),
            json!({"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]}),
        ] {
            let (code, words, given) = failed(chat(message.clone(), "stop"));
            assert_eq!((code, given), ("only_reasoning", json!({"reasoning": "hm"})), "{message}");
            assert_eq!(words, "the model reasoned but wrote no answer");
            let (code, _, given) = failed(chat(message, "length"));
            assert_eq!((code, given), ("tokens_spent_on_reasoning", json!({"reasoning": "hm"})));
        }
        let written = "<think>hm</think>\n";
        let (code, _, given) = failed_json(chat(json!({"content": written}), "stop"));
        assert_eq!((code, given), ("only_reasoning", json!({"reasoning": written})));
    }

    #[test]
    fn recognizes_every_vendor_s_content_filter() {
        for word in [
            "content_filter",
            "SAFETY",
            "PROHIBITED_CONTENT",
            "BLOCKLIST",
            "SPII",
            "RECITATION",
            "IMAGE_SAFETY",
            "FINISH_REASON_SAFETY",
            "sensitive",
            "guardrail_intervened",
            "content-filter",
        ] {
            assert_eq!(failed(chat(json!({"role": "assistant"}), word)).0, "content_filter", "{word}");
            assert_eq!(failed(json!({"choices": [{"text": "", "finish_reason": word}]})).0, "content_filter", "{word}");
        }
        let native = json!({"choices": [{"message": {}, "finish_reason": "stop", "native_finish_reason": "SAFETY"}]});
        assert_eq!(failed(native).0, "content_filter");
        let prompt = json!({"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
        let (code, words, _) = failed(prompt);
        assert_eq!(
            (code, words.as_str()),
            ("content_filter", "the content filter stopped the prompt (PROHIBITED_CONTENT)")
        );
        assert_eq!(failed(chat(json!({}), "refusal")).0, "refusal");
        assert_eq!(failed(chat(json!({}), "MAX_TOKENS")).0, "tokens_spent_on_reasoning");
    }

    #[test]
    fn distinguishes_missing_choices_from_an_empty_list() {
        let reason = |body: Value| {
            let Value::Object(body) = body else { panic!("not an object") };
            match ChoicesReader::default().read(ApiResponse { body, request_id: None }) {
                Err(Error::NoAnswer { code, .. }) => code,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(reason(json!({"choices": []})), NoAnswerReason::Empty);
        assert_eq!(reason(json!({"choices": null})), NoAnswerReason::Empty);
        for other in [json!({}), json!({"message": {"content": "hi"}, "done": true}), json!({"content": "hi"})] {
            assert_eq!(reason(other), NoAnswerReason::OtherResponse);
        }
    }

    #[test]
    fn fails_with_the_partial_answer_when_the_model_failed_midway() {
        let error = json!({"code": 502, "message": "upstream died"});
        for choice in [
            json!({"message": {"content": "half", "reasoning": "hm"}, "finish_reason": "error", "error": error}),
            json!({"message": {"content": "half", "reasoning": "hm"}, "finish_reason": null, "error": error}),
            json!({"message": {"content": "half", "reasoning": "hm", "error": "upstream died"}}),
        ] {
            let (code, words, given) = failed(json!({"choices": [choice]}));
            assert_eq!(code, "answer_cut_off");
            assert_eq!(words, "the model failed in the middle of its answer: upstream died");
            assert_eq!(given, json!({"partial": "half", "reasoning": "hm"}));
        }
        for word in ["error", "ERROR", "abort", "network_error", "insufficient_system_resource"] {
            assert_eq!(failed(chat(json!({"content": "half"}), word)).0, "answer_cut_off", "{word}");
            assert_eq!(failed(chat(json!({"content": null}), word)).0, "no_answer", "{word}");
        }
        for (word, why) in
            [("error", "no reason given"), ("insufficient_system_resource", "insufficient_system_resource")]
        {
            let words = failed(chat(json!({"content": null}), word)).1;
            assert_eq!(words, format!("the model failed while answering: {why}"));
        }
        for none in [json!(null), json!({}), json!({"message": "", "code": null}), json!({"code": 0})] {
            let body = json!({"choices": [{"message": {"content": "whole"}, "finish_reason": "stop", "error": none}]});
            assert_eq!(data(body).unwrap(), "whole");
        }
        let reader = ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() };
        let (code, _, given) = failure(&reader, chat(json!({"content": {"a": 1}}), "error"));
        assert_eq!((code, given), ("answer_cut_off", json!({"partial": "{\"a\":1}"})));
    }

    #[test]
    fn truncates_the_answer_in_a_failure() {
        let long = "é".repeat(MAX_PARTIAL_BYTES);
        let (_, _, given) = failed(chat(json!({"content": long, "reasoning": long}), "error"));
        for name in ["partial", "reasoning"] {
            assert_eq!(given[name].as_str().unwrap().len(), MAX_PARTIAL_BYTES, "{name}");
        }
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
    fn truncates_the_server_s_reason() {
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
    fn joins_content_parts_without_reasoning() {
        let parts = json!([{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}, {"type": "output_text", "text": "c"}, 5]);
        assert_eq!(data(chat(json!({ "content": parts }), "stop")).unwrap(), "ac");
    }

    #[test]
    fn repeats_present_members_in_metadata() {
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
    fn keeps_everything_that_the_model_returned() {
        let message = json!({
            "content": [
                {"type": "text", "text": "a", "annotations": [{"title": "b"}]}, {"type": "thinking", "thinking": "hm"},
                {"type": "image_url", "image_url": {"url": "data:,b"}}, {"type": "document", "name": "d"}
            ],
            "images": [{"type": "image_url", "image_url": {"url": "data:,a"}}], "refusal": "but",
            "citations": ["of the message"], "annotations": [{"title": "a"}], "function_call": {"name": "f", "arguments": "{}"},
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}], "context": {"intent": "i"}
        });
        let body = json!({
            "choices": [{"message": message, "finish_reason": "stop", "content_filter_results": {"hate": {}}}],
            "citations": ["https://a.example"], "search_results": [{"title": "t"}], "related_questions": ["q"],
            "moderation": {"output": {"results": []}}, "images": [], "prompt_filter_results": null
        });
        assert_eq!(
            Value::Object(metadata(body)),
            json!({
                "endpoint": "", "finish_reason": "stop", "reasoning": "hm", "refusal": "but",
                "images": [
                    {"type": "image_url", "image_url": {"url": "data:,b"}},
                    {"type": "image_url", "image_url": {"url": "data:,a"}}
                ],
                "annotations": [{"title": "b"}, {"title": "a"}],
                "content_parts": [{"type": "document", "name": "d"}], "citations": ["of the message"],
                "function_call": {"name": "f", "arguments": "{}"}, "context": {"intent": "i"},
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}],
                "content_filter_results": {"hate": {}}, "search_results": [{"title": "t"}],
                "related_questions": ["q"], "moderation": {"output": {"results": []}}
            })
        );
        let beside = json!({
            "choices": [{"message": {"content": "4"}, "reasoning_content": "2 and 2"}], "citations": ["https://a.example"],
            "images": [{"image_url": "https://b.example"}]
        });
        let metadata = metadata(beside);
        assert_eq!(metadata["reasoning"], "2 and 2");
        assert_eq!(metadata["citations"], json!(["https://a.example"]));
        assert_eq!(metadata["images"], json!([{"image_url": "https://b.example"}]));
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
    fn reports_how_often_billed_tools_were_used() {
        let usage = json!({"web_search": {"num_requests": 2}});
        let reader = ChoicesReader { endpoint: "responses", ..ChoicesReader::default() };
        let output = json!([
            {"type": "web_search_call", "action": {"type": "open_page", "url": "https://a.example/b"}},
            {"type": "message", "content": [{"type": "output_text", "text": "a"}]}
        ]);
        let QueryResult { metadata, .. } = read(&reader, json!({"output": output, "tool_usage": usage})).unwrap();
        assert_eq!(metadata["tool_usage"], usage);
        assert_eq!(metadata["sources"], json!([{"title": "a.example", "url": "https://a.example/b"}]));
    }

    #[test]
    fn lists_the_sources_from_all_places_once() {
        let cited = json!({"type": "url_citation", "url_citation": {"title": "A", "url": "https://a.example"}});
        let message = json!({
            "content": "a", "annotations": [cited],
            "sources": [{"type": "url", "url": "https://a.example"}, {"type": "url", "url": "https://b.example"}]
        });
        let body = json!({
            "choices": [{"message": message}], "citations": ["https://c.example"],
            "search_results": [{"title": "C", "url": "https://c.example"}]
        });
        let read = metadata(body);
        let expected = json!([
            {"title": "A", "url": "https://a.example"}, {"title": "b.example", "url": "https://b.example"},
            {"title": "C", "url": "https://c.example"}
        ]);
        assert_eq!((&read["sources"], &read["annotations"]), (&expected, &json!([cited])));
        assert_eq!(read["citations"], json!(["https://c.example"]));
        assert!(!metadata(chat(json!({"content": "a", "annotations": [1]}), "stop")).contains_key("sources"));
    }

    #[test]
    fn quotes_an_answer_that_is_not_json() {
        let (code, words, given) = failed_json(chat(json!({"content": "I cannot\ndo that."}), "stop"));
        assert_eq!(
            (code, words.as_str()),
            ("json_invalid", "the model answered in words instead of JSON: “I cannot do that.”")
        );
        assert_eq!(given, json!({"partial": "I cannot\ndo that."}));
        let (_, words, _) = failed_json(chat(json!({"content": "<think>{}</think> No."}), "stop"));
        assert_eq!(words, "the model answered in words instead of JSON: “No.”");
        let (_, words, _) = failed_json(chat(json!({"content": "{\"a\": oops}"}), "stop"));
        assert!(
            words.starts_with("the answer is not valid JSON (") && words.ends_with("): “{\"a\": oops}”"),
            "{words}"
        );
        let (_, words, _) = failed_json(chat(json!({"content": "no ".repeat(500)}), "stop"));
        assert!(words.ends_with("no…”") && words.chars().count() < 300, "{words}");
        let (_, _, given) = failed_json(chat(json!({"content": "{\"a\":"}), "length"));
        assert_eq!(given, json!({"partial": "{\"a\":"}));
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
