//! Lists: the answers in the order of the rows, and what is returned when some fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/clock.rs"]
mod clock;
#[path = "support/lists.rs"]
mod lists;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use clock::{Answer, Dice, VirtualClock, response};
use lists::{
    answer, answers, failure, list, list_of, millis, no_server, ok, outcome, prompt, prompts, rejection, result, said,
    server, with,
};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::{MAX_RESULT_BYTES, MAX_VAIN_ROWS},
    error::{TransportError, TransportErrorKind},
    network::http::{HttpResponse, Transport},
    operations::QueryResult,
    policy::capabilities::DEFAULT_CHAT_MODEL,
};

/// The indexes and codes of the failed rows.
fn failed(metadata: &Map<String, Value>) -> Vec<(u64, String)> {
    let entries = metadata["failed"].as_array().unwrap().iter();
    entries.map(|entry| (entry["index"].as_u64().unwrap(), entry["code"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn returns_the_answers_in_order_with_total_usage() {
    let clock = server(|prompt| (prompt == "p1").then(|| (millis(300), Ok(ok(&said("a1", "length"))))));
    let QueryResult { data, metadata } = result(outcome(&clock, list(prompts(3))));
    assert_eq!(data, answers(3, &[]));
    let expected = json!({
        "rows": 3, "answered": 3, "failed": [], "parallel": 3, "duration_ms": 300,
        "finish_reasons": [{"index": 1, "finish_reason": "length"}], "models": ["m-1"],
        "endpoint": "chat/completions", "usage": {"total_tokens": 9, "details": {"cached": 3}}, "attempts": 3
    });
    assert_eq!(Value::from(metadata), expected);
}

#[test]
fn sends_nothing_for_a_list_without_rows() {
    let result = result(outcome(&no_server(), list(json!([]))));
    assert_eq!((result.data, &result.metadata["rows"]), (json!([]), &json!(0)));
}

#[test]
fn parses_the_answers_when_they_are_json() {
    let clock = server(|prompt| Some((millis(1), Ok(ok(&said(&format!("{{\"is\": \"{prompt}\"}}"), "stop"))))));
    let query = with(list(prompts(2)), "response_format", "json_object");
    assert_eq!(result(outcome(&clock, query)).data, json!([{"is": "p0"}, {"is": "p1"}]));
}

#[test]
fn returns_details_of_a_row_under_its_index() {
    let clock = server(|prompt| {
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}});
        let message = json!({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]});
        (prompt == "p1").then(|| (millis(1), Ok(ok(&message))))
    });
    let QueryResult { data, metadata } = result(outcome(&clock, list(prompts(2))));
    assert_eq!(data, answers(2, &[1]));
    assert_eq!(metadata["details"][0]["index"], 1);
    assert_eq!(metadata["details"][0]["tool_calls"][0]["arguments"], json!({"x": 1}));
    assert_eq!(metadata["finish_reasons"], json!([{"index": 1, "finish_reason": "tool_calls"}]));
}

/// One row in fifty gets `fault` every time; the query has ten seconds.
fn one_in_fifty(operation: &str, fault: impl Fn() -> Answer + Send + Sync + 'static) -> (Vec<(u64, String)>, String) {
    let clock = server(move |prompt| (prompt == "p17").then(&fault));
    let query = with(list_of(operation, prompts(50)), "query_timeout", 10_000);
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert_eq!(data, answers(50, &[17]));
    assert_eq!(metadata["answered"], 49);
    (failed(&metadata), metadata["failed"][0]["description"].as_str().unwrap().to_owned())
}

#[test]
fn returns_the_other_answers_when_one_row_fails_in_any_way() {
    fn cut() -> HttpResponse {
        HttpResponse { cut: Some(TransportError::new(TransportErrorKind::Truncated, "cut")), ..ok(&json!({})) }
    }
    for operation in ["chat_list", "completion_list"] {
        let one_in_fifty = |fault: &'static (dyn Fn() -> Answer + Send + Sync)| one_in_fifty(operation, fault);
        for ((failed, description), code, words) in [
            (one_in_fifty(&|| (millis(20), Ok(rejection(400, &[])))), "t", "HTTP 400"),
            (one_in_fifty(&|| (millis(20), Ok(rejection(401, &[])))), "t", "HTTP 401"),
            (one_in_fifty(&|| (millis(20), Err(TransportErrorKind::Reset))), "connection_reset", "connection"),
            (one_in_fifty(&|| (millis(20), Ok(cut()))), "truncated_response", "cut off"),
            (
                one_in_fifty(&|| (Duration::from_secs(3600), Ok(ok(&json!({}))))),
                "timeout",
                "the query's timeout of 10000 ms",
            ),
            (one_in_fifty(&|| (millis(20), Ok(ok(&said("", "content_filter"))))), "content_filter", "content filter"),
        ] {
            assert_eq!(failed, [(17, code.to_owned())], "{operation}: {description}");
            assert!(description.contains(words), "{operation}: {description}");
        }
    }
}

#[test]
fn sends_later_rows_to_chat_at_once_after_the_first_ones_fell_back() {
    let clock = VirtualClock::new(|_, body| {
        if body.get("prompt").is_some() {
            return (
                millis(10),
                Ok(response(404, &[], &json!({"error": {"message": "no", "code": "model_not_found"}}))),
            );
        }
        (millis(100), Ok(answer(&body)))
    });
    let query = with(with(list_of("completion_list", prompts(50)), "model", "davinci-002"), "parallel", 4);
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert_eq!(data, answers(50, &[]));
    assert_eq!(metadata["attempts"], 54, "only the first four ask both");
    assert_eq!(metadata["retried"].as_array().unwrap().len(), 4);
    assert_eq!(metadata["endpoint"], "chat/completions");
    assert_eq!(metadata["substituted_model"], DEFAULT_CHAT_MODEL);
}

#[test]
fn reports_flagged_and_unchecked_rows_by_index() {
    let found = |flagged: bool| json!({"results": [{"flagged": flagged, "categories": {"violence": flagged}}]});
    let checked = Arc::new(Mutex::new(0));
    let clock = {
        let checked = Arc::clone(&checked);
        VirtualClock::new(move |_, body| {
            *checked.lock().unwrap() +=
                usize::from(body["moderation"]["policy"] == json!({"output": {"mode": "score"}}));
            let prompt = prompt(&body);
            let mut said = said(&prompt.replace('p', "a"), "stop");
            let failed = json!({"type": "error", "message": "overloaded"});
            said["moderation"] = json!({"output": if prompt == "p3" { failed } else { found(prompt == "p7") }});
            (millis(10), Ok(ok(&said)))
        })
    };
    let query = with(list(prompts(20)), "moderation", "output");
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert_eq!((data, *checked.lock().unwrap()), (answers(20, &[3]), 20));
    assert_eq!(failed(&metadata), [(3, "not_moderated".to_owned())]);
    assert!(!Value::from(metadata.clone()).to_string().contains("a3"), "what nobody has checked is not given");
    let details = metadata["details"].as_array().unwrap();
    let flagged: Vec<_> = details.iter().filter(|row| row["moderation"]["output"]["flagged"] == true).collect();
    assert_eq!(details.len(), 19);
    assert!(flagged.len() == 1 && flagged[0]["index"] == 7, "{flagged:?}");
    assert_eq!(flagged[0]["moderation"]["output"]["categories"], json!(["violence"]));
}

#[test]
fn fails_only_the_row_that_is_invalid() {
    let mut rows: Vec<Value> = prompts(3).into_iter().map(Value::from).collect();
    rows[1] = json!(null);
    let QueryResult { data, metadata } = result(outcome(&server(|_| None), list(rows)));
    assert_eq!((data, failed(&metadata)), (answers(3, &[1]), vec![(1, "invalid_option".to_owned())]));
    assert!(metadata["failed"][0]["description"].as_str().unwrap().starts_with("Prompts[1] is empty"));
}

#[test]
fn fails_with_the_first_failure_when_every_row_failed() {
    let clock = server(|prompt| {
        let time = if prompt == "p0" { 500 } else { 10 };
        Some((millis(time), Ok(rejection(if prompt == "p0" { 400 } else { 422 }, &[]))))
    });
    let failure = failure(outcome(&clock, list(prompts(3))));
    assert_eq!((&failure.data["status"], &failure.data["index"]), (&json!(400), &json!(0)));
    assert!(failure.description.starts_with("All 3 rows failed. The first one: The API returned HTTP 400"));
    assert_eq!((failed(&failure.metadata).len(), &failure.metadata["attempts"]), (3, &json!(3)));
}

#[test]
fn stops_when_many_rows_failed_for_a_reason_not_specific_to_them() {
    let asked = Arc::new(Mutex::new(0));
    let clock = {
        let asked = Arc::clone(&asked);
        server(move |_| {
            *asked.lock().unwrap() += 1;
            Some((millis(10), Ok(rejection(401, &[]))))
        })
    };
    let failure = failure(outcome(&clock, list(prompts(1_000))));
    assert_eq!(failure.data["status"], 401);
    assert!(failure.description.contains("so the others were not sent"), "{}", failure.description);
    assert!(*asked.lock().unwrap() <= MAX_VAIN_ROWS + 8);
}

#[test]
fn stops_at_a_failure_on_request_and_keeps_the_partial_result() {
    let clock = server(|prompt| match prompt {
        "p2" => Some((millis(250), Ok(rejection(400, &[])))),
        "p3" => Some((Duration::from_secs(60), Ok(ok(&said("late", "stop"))))),
        _ => None,
    });
    let query = with(with(list(prompts(100)), "on_failure", "stop"), "parallel", 4);
    let failure = failure(outcome(&clock, query));
    assert!(failure.description.starts_with("Row 2 failed, so the query stopped. The API returned HTTP 400"));
    assert_eq!((clock.now(), clock.under_way()), (millis(250), 0), "rows in progress are canceled");
    let partial = failure.data["partial"].as_array().unwrap();
    assert_eq!(partial.len(), 100);
    assert_eq!(
        (&partial[0], &partial[1], &partial[2], &partial[3]),
        (&json!("a0"), &json!("a1"), &json!(null), &json!(null))
    );
    assert_eq!((failure.data["index"].as_u64(), failed(&failure.metadata).len()), (Some(2), 1));
    assert_eq!(failure.metadata["answered"], partial.iter().filter(|answer| answer.is_string()).count());
}

#[test]
fn returns_a_partial_result_when_the_time_is_up() {
    let query = with(with(list(prompts(1_000)), "query_timeout", 10_000), "parallel", 2);
    let clock = server(|_| None);
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert!(clock.now() <= millis(10_000));
    let answered = data.as_array().unwrap().iter().filter(|answer| answer.is_string()).count();
    assert!((150..200).contains(&answered), "{answered}");
    assert_eq!(metadata["answered"], answered);
    assert_eq!(metadata["timed_out"], 1_000 - answered);
    let late = failed(&metadata);
    assert!(late.len() == 1_000 - answered && late.iter().all(|(_, code)| code == "timeout"));
}

#[test]
fn sends_equal_rows_once_on_request() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let clock = {
        let asked = Arc::clone(&asked);
        server(move |prompt| {
            asked.lock().unwrap().push(prompt.to_owned());
            (prompt == "p2").then(|| (millis(1), Ok(rejection(400, &[]))))
        })
    };
    let query = with(list(json!(["p1", "p2", "p1", "p2", "p1"])), "same_prompts", "once");
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert_eq!(data, json!(["a1", null, "a1", null, "a1"]));
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!((failed(&metadata).len(), &metadata["answered"], &metadata["attempts"]), (2, &json!(3), &json!(2)));
    assert_eq!(metadata["usage"]["total_tokens"], 3);
}

#[test]
fn stops_and_names_the_answer_that_does_not_fit() {
    let clock = server(|_| Some((millis(10), Ok(ok(&said(&"x".repeat(MAX_RESULT_BYTES / 5 * 2), "stop"))))));
    let query = with(list(prompts(5)), "parallel", 1);
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    assert_eq!(data.as_array().unwrap().iter().filter(|answer| answer.is_string()).count(), 2);
    let too_large = |row| (row, "response_too_large".to_owned());
    assert_eq!(failed(&metadata), [2, 3, 4].map(too_large));
    assert_eq!((&metadata["attempts"], &metadata["usage"]["total_tokens"]), (&json!(3), &json!(9)));
}

#[test]
fn returns_each_answer_at_its_index_and_names_those_billed_twice_under_faults() {
    let billed = Arc::new(Mutex::new((Dice(42), HashMap::<String, u64>::new())));
    let clock = {
        let billed = Arc::clone(&billed);
        VirtualClock::new(move |_, body| {
            let mut billed = billed.lock().unwrap();
            let (fault, time) = (billed.0.roll(40), millis(1 + billed.0.roll(2_000)));
            let result = match fault {
                0 => Ok(rejection(500, &[])),
                1 => Err(TransportErrorKind::Reset),
                2 => Ok(rejection(400, &[])),
                3 => Ok(ok(&said("", "content_filter"))),
                _ => Ok(answer(&body)),
            };
            // The connection may break after the server has responded.
            if matches!(fault, 1 | 3..) {
                *billed.1.entry(prompt(&body)).or_default() += 1;
            }
            (time, result)
        })
    };
    let query = with(list(prompts(10_000)), "parallel", 64);
    let QueryResult { data, metadata } = result(outcome(&clock, query));
    let failed = failed(&metadata);
    let data = data.as_array().unwrap();
    assert_eq!((data.len(), data.iter().filter(|answer| answer.is_null()).count()), (10_000, failed.len()));
    assert!(failed.len() > 200 && failed.windows(2).all(|pair| pair[0].0 < pair[1].0));
    for (row, answer) in data.iter().enumerate() {
        assert!(answer.is_null() || *answer == format!("a{row}"), "{row}: {answer}");
    }
    let retried: Vec<_> = metadata["retried"].as_array().unwrap().iter().map(|row| row["index"].as_u64()).collect();
    for (prompt, _) in billed.lock().unwrap().1.iter().filter(|(_, times)| **times > 1) {
        assert!(retried.contains(&prompt[1..].parse().ok()), "{prompt} is billed twice, and nothing says so");
    }
    assert!(clock.most_under_way() == 64 && metadata["parallel"] == 64);
}
