//! The reasons why a choice, or a whole response, has no answer.

use serde_json::{Map, Value};

use crate::{
    error::{ErrorText, NoAnswerReason, error_text, truncate::truncate},
    input::lenient_json,
    operations::{
        choice::{Choice, Ending},
        json_answer,
    },
};

/// Characters quoted of an answer that is not JSON.
const MAX_QUOTE_CHARS: usize = 200;

/// Why there is no answer.
pub(super) struct Failed {
    pub(super) code: NoAnswerReason,
    pub(super) reason: ErrorText,
    /// What the model wrote anyway.
    pub(super) text: String,
}

impl Failed {
    pub(super) fn new(code: NoAnswerReason, reason: impl Into<ErrorText>) -> Self {
        Self { code, reason: reason.into(), text: String::new() }
    }

    pub(super) fn with(self, text: String) -> Self {
        Self { text, ..self }
    }
}

/// Why a choice has no answer.
pub(super) fn nothing(choice: &Choice, ending: Ending, is_json: bool) -> Failed {
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
        _ if is_json => Failed::new(NoAnswerReason::JsonInvalid, "the answer is empty instead of JSON"),
        _ => Failed::new(NoAnswerReason::Empty, "the response contains no text"),
    }
}

fn refused(refusal: &str) -> Failed {
    Failed::new(NoAnswerReason::Refusal, error_text!["the model refused: ", ErrorText::foreign(refusal)])
}

pub(super) fn failed(choice: &Choice, text: String, is_blank: bool) -> Failed {
    let words = choice.error_words();
    if is_blank {
        Failed::new(NoAnswerReason::Empty, error_text!["the model failed while answering: ", words])
    } else {
        Failed::new(NoAnswerReason::CutOff, error_text!["the model failed in the middle of its answer: ", words])
            .with(text)
    }
}

pub(super) fn not_json(choice: &Choice, ending: Ending, error: &serde_json::Error, text: String) -> Failed {
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
pub(super) fn no_choices(body: &Map<String, Value>, is_other: bool) -> Failed {
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
    use crate::{
        budgets::{MAX_KEPT_BYTES, MAX_KEPT_VALUES, MAX_MESSAGE_CHARS, MAX_PARTIAL_BYTES},
        error::Error,
        operations::{
            choices::{
                ChoicesReader,
                tests::{chat, data, json},
            },
            response_format::Format,
        },
        response::ApiResponse,
    };

    fn failure(reader: &ChoicesReader, body: Value) -> (&'static str, String, Value) {
        let Value::Object(body) = body else { panic!("not an object") };
        let error = reader.read(ApiResponse { body, request_id: None }).unwrap_err();
        (error.code().unwrap(), error.to_string(), error.given().into())
    }

    fn failed(body: Value) -> (&'static str, String, Value) {
        failure(&ChoicesReader { format: Some(Format::Text), ..ChoicesReader::default() }, body)
    }

    fn failed_json(body: Value) -> (&'static str, String, Value) {
        failure(&ChoicesReader { format: Some(Format::JsonObject), ..ChoicesReader::default() }, body)
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
}
