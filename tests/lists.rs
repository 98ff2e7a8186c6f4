//! Lists: which row starts when, what is returned in which order, and the rate of requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/clock.rs"]
mod clock;

use std::{
    cell::RefCell,
    collections::HashMap,
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use clock::{Answer, Dice, VirtualClock, response};
use futures_util::future::{join, join3};
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::{FIRST_ROWS, FIRST_ROWS_TIME, MAX_RESULT_BYTES, MAX_VAIN_ROWS},
    error::{TransportError, TransportErrorKind},
    network::{
        client::Hold,
        http::{HttpResponse, Transport},
    },
    operations::QueryResult,
    policy::{capabilities::DEFAULT_CHAT_MODEL, model_cache::ModelCache},
    row_engine::{Collector, Engine, Next},
    service::{self, Call, Failure, Outcome},
};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Collects results, and decides with `next` how to continue.
struct Kept<F> {
    results: Vec<(usize, usize)>,
    next: F,
    rooms: usize,
}

impl<F: FnMut(usize) -> Next + Send> Kept<F> {
    fn new(next: F) -> Self {
        Self { results: Vec::new(), next, rooms: 0 }
    }
}

impl<F: FnMut(usize) -> Next + Send> Collector<usize> for Kept<F> {
    fn collect(&mut self, row: usize, result: usize) -> Next {
        self.results.push((row, result));
        (self.next)(row)
    }

    async fn make_room(&mut self) {
        self.rooms += 1;
    }
}

fn no_server() -> VirtualClock {
    VirtualClock::new(|_, _| panic!("nothing is sent"))
}

/// Runs rows that take the time that `time` returns, and returns when each started and what was collected.
fn run<F: FnMut(usize) -> Next + Send>(
    parallel: usize,
    rows: usize,
    until: Duration,
    time: impl Fn(usize) -> Duration,
    next: F,
) -> (Vec<Duration>, Kept<F>, Duration) {
    let clock = no_server();
    let (begun, mut kept) = (RefCell::new(Vec::new()), Kept::new(next));
    let engine = Engine { transport: &clock, parallel, known: 0, until };
    let row = |row: usize| {
        let (clock, time, begun) = (&clock, time(row), &begun);
        async move {
            begun.borrow_mut().push(clock.now());
            clock.sleep(time).await;
            row * 2
        }
    };
    clock.run(engine.run(0..rows, row, &mut kept));
    (begun.into_inner(), kept, clock.now())
}

#[test]
fn collects_each_of_ten_thousand_rows_once_when_they_take_different_times() {
    let dice = RefCell::new(Dice(7));
    let (begun, kept, _) = run(64, 10_000, Duration::MAX, |_| millis(dice.borrow_mut().roll(500)), |_| Next::Go);
    assert_eq!((begun.len(), begun.is_sorted()), (10_000, true));
    assert!(!kept.results.is_sorted(), "rows end in another order than they begin");
    let mut results = kept.results;
    results.sort_unstable();
    assert!(results.into_iter().eq((0..10_000).map(|row| (row, row * 2))));
}

#[test]
fn starts_the_next_row_as_soon_as_one_ends() {
    let (begun, _, end) = run(2, 5, Duration::MAX, |row| millis([100, 300, 50, 50, 50][row]), |_| Next::Go);
    assert_eq!(begun, [0, 0, 100, 150, 200].map(millis));
    assert_eq!(end, millis(300));
}

/// A row's request, which its connection sends in the next turn unless the row is canceled before.
struct Begun<'a>(&'a Mutex<Vec<usize>>, usize);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().retain(|row| *row != self.1);
    }
}

#[test]
fn sends_nothing_when_a_row_fails_before_anything_is_sent_and_the_list_stops() {
    let clock = no_server();
    let begun = Mutex::new(Vec::new());
    let row = |row: usize| {
        let (clock, begun) = (&clock, &begun);
        async move {
            if row != 2 {
                begun.lock().unwrap().push(row);
                let _begun = Begun(begun, row);
                clock.sleep(millis(1)).await;
            }
            row
        }
    };
    let mut kept = Kept::new(|_| Next::Stop);
    let engine = Engine { transport: &clock, parallel: 8, known: 0, until: Duration::MAX };
    let connection = async { mem::take(&mut *begun.lock().unwrap()) };
    let ((), sent) = clock.run(join(engine.run(0..8, row, &mut kept), connection));
    assert_eq!((kept.results, sent), (vec![(2, 2)], vec![]));
}

#[test]
fn starts_few_rows_until_one_has_ended_or_a_moment_has_passed() {
    let begun_by = |time: Duration, moment: Duration| {
        let (begun, ..) = run(64, 64, Duration::MAX, |_| time, |_| Next::Go);
        begun.iter().filter(|begun| **begun <= moment).count()
    };
    assert_eq!(begun_by(millis(50), millis(49)), FIRST_ROWS);
    assert_eq!(begun_by(millis(50), millis(50)), 64);
    let long = FIRST_ROWS_TIME * 4;
    assert_eq!(begun_by(long, FIRST_ROWS_TIME.saturating_sub(millis(1))), FIRST_ROWS);
    assert_eq!(begun_by(long, FIRST_ROWS_TIME), 64);
}

#[test]
fn starts_as_many_rows_at_once_as_the_server_is_known_to_accept() {
    let clock = server(|_| None);
    let cache = ModelCache::default();
    let time_of = |model: &str, later: Duration| {
        let query = with(with(list(prompts(192)), "parallel", 64), "model", model);
        clock.run(async {
            clock.sleep(later).await;
            let begun = clock.now();
            result(ask(&clock, &cache, source(), query).await);
            clock.now().saturating_sub(begun)
        })
    };
    let [now, later] = [0, 61].map(Duration::from_secs);
    assert_eq!([time_of("m", now), time_of("m", now)], [400, 300].map(millis));
    assert_eq!([time_of("n", now), time_of("m", later)], [400, 400].map(millis), "of another, and of a minute ago");
}

#[test]
fn starts_no_row_after_the_time_is_up_but_lets_others_finish() {
    let (begun, kept, end) = run(2, 100, millis(250), |_| millis(100), |_| Next::Go);
    assert_eq!((begun.len(), kept.results.len(), end), (6, 6, millis(300)));
}

#[test]
fn starts_no_more_rows_when_the_collector_says_so() {
    let next = |row| if row == 1 { Next::BeginNoMore } else { Next::Go };
    let (_, kept, end) = run(4, 100, Duration::MAX, |row| millis([100, 10, 30, 20][row]), next);
    assert_eq!((kept.results.iter().map(|(row, _)| *row).collect(), end), (vec![1, 3, 2, 0], millis(100)));
}

#[test]
fn cancels_rows_in_progress_when_the_collector_stops() {
    let next = |row| if row == 1 { Next::Stop } else { Next::Go };
    let (_, kept, end) = run(4, 100, Duration::MAX, |row| millis([100, 10, 30, 20][row]), next);
    assert_eq!((kept.results, end), (vec![(1, 2)], millis(10)));
}

#[test]
fn waits_for_room_only_when_no_row_is_in_progress() {
    let next = |row| if row == 1 { Next::WaitForRoom } else { Next::Go };
    let (begun, kept, _) = run(2, 4, Duration::MAX, |row| millis([100, 10, 30, 20][row]), next);
    assert_eq!((begun, kept.rooms), ([0, 0, 100, 100].map(millis).to_vec(), 1));
}

fn source() -> Value {
    json!({"apiKey": "sk-lists-0123456789"})
}

fn list(prompts: impl Into<Value>) -> Value {
    list_of("chat_list", prompts)
}

fn list_of(operation: &str, prompts: impl Into<Value>) -> Value {
    json!({"operation": operation, "model": "m", "prompts": prompts.into()})
}

fn with(mut query: Value, key: &str, value: impl Into<Value>) -> Value {
    query[key] = value.into();
    query
}

/// Different prompts: `p0`, `p1`, ...
fn prompts(count: usize) -> Vec<String> {
    (0..count).map(|row| format!("p{row}")).collect()
}

async fn ask(clock: &VirtualClock, cache: &ModelCache, source: Value, query: Value) -> Outcome {
    let mut call = Call { source, query, started: clock.now(), hold: Hold::default() };
    service::run(clock, cache, &mut call).await
}

fn outcome(clock: &VirtualClock, query: Value) -> Outcome {
    clock.run(ask(clock, &ModelCache::default(), source(), query))
}

fn result(outcome: Outcome) -> QueryResult {
    match outcome {
        Outcome::Ok(result) => result,
        other => panic!("expected a result: {other:?}"),
    }
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure: {other:?}"),
    }
}

/// The prompt in a request of Chat or Completions.
fn prompt(body: &Value) -> String {
    let of_chat = || body["messages"].as_array().unwrap().last().unwrap()["content"].as_str();
    body["prompt"].as_str().or_else(of_chat).unwrap().to_owned()
}

fn said(text: &str, finish_reason: &str) -> Value {
    json!({
        "model": "m-1", "usage": {"total_tokens": 3, "details": {"cached": 1}},
        "choices": [{"message": {"content": text}, "finish_reason": finish_reason}]
    })
}

fn ok(body: &Value) -> HttpResponse {
    response(200, &[], body)
}

/// Answers `p7` with `a7`.
fn answer(body: &Value) -> HttpResponse {
    let text = prompt(body).replace('p', "a");
    if body.get("prompt").is_some() {
        return ok(&json!({"model": "m-1", "choices": [{"text": text, "finish_reason": "stop"}]}));
    }
    ok(&said(&text, "stop"))
}

fn rejection(status: u16, headers: &[(&str, &str)]) -> HttpResponse {
    response(status, headers, &json!({"error": {"message": "no", "type": "t", "code": null}}))
}

/// A server that answers each prompt after 100 ms, unless `but` returns something else.
fn server(but: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> VirtualClock {
    VirtualClock::new(move |_, body| but(&prompt(&body)).unwrap_or_else(|| (millis(100), Ok(answer(&body)))))
}

fn answers(count: usize, but: &[usize]) -> Value {
    (0..count).map(|row| if but.contains(&row) { Value::Null } else { format!("a{row}").into() }).collect()
}

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

/// The rest of a rate-limited server's allowance, when it was last updated in seconds, and the number of rejected
/// requests.
#[derive(Default)]
struct Bucket {
    left: f64,
    counted: f64,
    rejected: usize,
}

/// A server that accepts `rate` requests per second, with an initial burst of as many, and rejects the others.
fn limited(rate: f64, headers: &'static [(&'static str, &'static str)]) -> (VirtualClock, Arc<Mutex<Bucket>>) {
    let bucket = Arc::new(Mutex::new(Bucket { left: rate, ..Bucket::default() }));
    let clock = {
        let bucket = Arc::clone(&bucket);
        VirtualClock::new(move |now, body| {
            let mut bucket = bucket.lock().unwrap();
            let now = now.as_secs_f64();
            bucket.left = (bucket.left + (now - bucket.counted) * rate).min(rate);
            bucket.counted = now;
            if bucket.left < 1.0 {
                bucket.rejected += 1;
                return (millis(20), Ok(rejection(429, headers)));
            }
            bucket.left -= 1.0;
            (millis(300), Ok(answer(&body)))
        })
    };
    (clock, bucket)
}

#[test]
fn keeps_to_the_rate_of_a_server_that_only_reports_too_many_requests() {
    for (parallel, headers) in [
        (8, &[][..]),
        (8, &[("retry-after", "1")]),
        (64, &[]),
        (64, &[("retry-after", "1")]),
        (32, &[("retry-after", "1")]),
    ] {
        let (clock, bucket) = limited(10.0, headers);
        let QueryResult { data, metadata } = result(outcome(&clock, with(list(prompts(200)), "parallel", parallel)));
        assert_eq!((data, &metadata["failed"]), (answers(200, &[]), &json!([])));
        let rejected = bucket.lock().unwrap().rejected;
        let told = format!("{parallel} at once, {headers:?}: {rejected} rejected, {:?}", clock.now());
        println!("{told}");
        assert!(rejected * 10 <= 200 + rejected, "{told}");
        assert!(clock.now() <= Duration::from_secs(26), "{told}");
    }
}

#[test]
fn delays_a_query_after_another_one_was_rejected() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let clock = {
        let asked = Arc::clone(&asked);
        VirtualClock::new(move |now, body| {
            asked.lock().unwrap().push((prompt(&body), now));
            let is_early = now < millis(2_000);
            (millis(10), Ok(if is_early { rejection(429, &[("retry-after", "2")]) } else { answer(&body) }))
        })
    };
    let cache = ModelCache::default();
    let single = |model: &str, prompt: &str| json!({"operation": "chat", "model": model, "prompt": prompt});
    clock.run(async {
        let first = ask(&clock, &cache, source(), single("m", "p1"));
        let later = async {
            clock.sleep(millis(500)).await;
            let outcome = ask(&clock, &cache, source(), single("m", "p2")).await;
            result(outcome)
        };
        let of_another = async {
            clock.sleep(millis(600)).await;
            ask(&clock, &cache, json!({"apiKey": "sk-other-0123456789"}), single("m", "p3")).await
        };
        let (first, later, _) = Box::pin(join3(first, later, of_another)).await;
        assert_eq!(
            (result(first).metadata["attempts"].as_u64(), later.metadata["attempts"].as_u64()),
            (Some(2), Some(1))
        );
    });
    let asked = asked.lock().unwrap();
    let times = |prompt: &str| asked.iter().filter(|(asked, _)| asked == prompt).map(|(_, at)| *at).collect::<Vec<_>>();
    let mut begun = [times("p1")[1], times("p2")[0]];
    begun.sort_unstable();
    assert!(begun[0] == millis(2_010) && begun[1] > begun[0] && begun[1] < millis(2_500), "{begun:?}");
    assert_eq!((times("p1").len(), times("p2").len()), (2, 1));
    assert_eq!(times("p3")[0], millis(600), "another account has a pace of its own");
}

#[test]
fn waits_for_the_reset_when_a_response_says_that_nothing_is_left() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let clock = {
        let asked = Arc::clone(&asked);
        VirtualClock::new(move |now, body| {
            asked.lock().unwrap().push(now);
            let headers = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "3s")];
            let headers = if now.is_zero() { &headers[..] } else { &[] };
            (millis(100), Ok(response(200, headers, &said(&prompt(&body), "stop"))))
        })
    };
    result(outcome(&clock, with(list(prompts(4)), "parallel", 1)));
    let asked = asked.lock().unwrap();
    assert_eq!((asked[0], asked[1]), (millis(0), millis(3_100)));
}

#[test]
fn runs_fewer_rows_after_a_rejection_and_more_again_later() {
    let under_way = Arc::new(Mutex::new(Vec::new()));
    let clock = {
        let under_way = Arc::clone(&under_way);
        let ends = Mutex::new(Vec::<Duration>::new());
        // It processes four at a time, for two seconds each.
        VirtualClock::new(move |now, body| {
            let mut ends = ends.lock().unwrap();
            ends.retain(|end| *end > now);
            under_way.lock().unwrap().push((now, ends.len() + 1));
            if ends.len() >= 4 {
                return (millis(20), Ok(rejection(429, &[])));
            }
            ends.push(now + millis(2_000));
            (millis(2_000), Ok(answer(&body)))
        })
    };
    let QueryResult { data, metadata } = result(outcome(&clock, with(list(prompts(60)), "parallel", 16)));
    assert_eq!((data, &metadata["failed"]), (answers(60, &[]), &json!([])));
    let under_way = under_way.lock().unwrap();
    let rejected = under_way.iter().filter(|(_, count)| *count > 4).count();
    assert!(rejected <= 40, "{rejected} rejected");
}
