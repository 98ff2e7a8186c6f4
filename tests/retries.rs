//! Retries, delays and the deadline of a query, with a virtual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/script.rs"]
mod script;

use std::time::Duration;

use script::{Script, Step, response};
use serde_json::{Value, json};
use tooljet_openai::{
    error::TransportErrorKind,
    service::{Failure, Outcome},
};

fn source() -> Value {
    json!({"apiKey": "sk-retries"})
}

fn query() -> Value {
    json!({"operation": "chat", "prompt": "Ping"})
}

fn pong() -> Step {
    response(200, &[], json!({"choices": [{"message": {"content": "Pong."}, "finish_reason": "stop"}]}))
}

fn error(status: u16, headers: &[(&str, &str)]) -> Step {
    response(status, headers, json!({"error": {"message": "no", "type": null, "code": null}}))
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn millis(durations: &[Duration]) -> Vec<u128> {
    durations.iter().map(Duration::as_millis).collect()
}

#[test]
fn succeeds_when_two_server_errors_are_followed_by_an_answer() {
    let script = Script::new([error(500, &[]), error(503, &[]), pong()]);
    let Outcome::Ok(result) = script.run(&source(), &query()) else { panic!("failed") };
    assert_eq!(result.data, "Pong.");
    assert_eq!(result.metadata["attempts"], 3);
    assert_eq!(millis(&script.slept()), [500, 1000]);
}

#[test]
fn reports_the_number_of_attempts_when_the_last_retry_fails() {
    let script = Script::new([error(500, &[]), Step::Fail(TransportErrorKind::Reset), error(502, &[])]);
    let failure = failure(script.run(&source(), &query()));
    assert_eq!((&failure.data["status"], &failure.data["attempts"]), (&json!(502), &json!(3)));
}

#[test]
fn counts_only_requests_that_were_sent_as_attempts() {
    let script = Script::new([Step::Fail(TransportErrorKind::Refused), error(500, &[]), error(500, &[])]);
    assert_eq!(failure(script.run(&source(), &query())).data["attempts"], 2);
    let script = Script::new([Step::Fail(TransportErrorKind::Blocked)]);
    assert_eq!(failure(script.run(&source(), &query())).data.get("attempts"), None);
}

#[test]
fn makes_as_many_retries_as_the_data_source_allows() {
    for (max_retries, attempts) in [(json!(0), 1), (json!("1"), 2), (json!(4), 5)] {
        let script = Script::new((0..attempts).map(|_| error(500, &[])));
        failure(script.run(&json!({"apiKey": "sk-1", "max_retries": max_retries}), &query()));
        assert_eq!(script.attempts(), attempts);
    }
}

#[test]
fn does_not_reset_the_retries_after_an_adjustment() {
    let rejected = |param| response(400, &[], json!({"error": {"message": "not supported", "param": param}}));
    let query = json!({"operation": "chat", "model": "m", "prompt": "Ping", "temperature": 1, "seed": 1});
    let busy = || error(503, &[]);
    let script = Script::new([busy(), rejected("temperature"), busy(), rejected("seed"), busy()]);
    let failure = failure(script.run(&source(), &query));
    assert_eq!((&failure.data["status"], &failure.data["attempts"]), (&json!(503), &json!(5)));
    assert_eq!(millis(&script.slept()), [500, 1000]);

    let script = Script::new([busy(), rejected("temperature"), busy(), rejected("seed"), pong()]);
    let Outcome::Ok(result) = script.run(&source(), &query) else { panic!("failed") };
    assert_eq!(result.metadata["attempts"], 5);
}

#[test]
fn does_not_reset_the_retries_after_a_fallback() {
    let gone = response(404, &[], json!({"error": {"message": "gone", "code": "model_not_found"}}));
    let script = Script::new([error(503, &[]), error(503, &[]), gone, error(503, &[])]);
    let query = json!({"operation": "completion", "model": "m", "prompt": "Ping"});
    let failure = failure(script.run(&source(), &query));
    assert_eq!((&failure.data["status"], &failure.data["attempts"]), (&json!(503), &json!(4)));
}

#[test]
fn delays_a_retry_by_every_form_of_the_headers() {
    for (header, expected) in [
        (("retry-after-ms", "1500"), 1_500),
        (("retry-after-ms", "0.5"), 0),
        (("retry-after", "2"), 2_000),
        (("retry-after", "0.25"), 250),
        (("retry-after", "0"), 0),
        // The script's calendar starts at 2027-01-15 08:00:00.
        (("retry-after", "Fri, 15 Jan 2027 08:00:07 GMT"), 7_000),
        (("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), 0),
        (("retry-after", "1800000002"), 2_000),
        (("retry-after", "junk"), 500),
        (("retry-after", "-1"), 500),
    ] {
        let script = Script::new([error(429, &[header]), pong()]);
        assert!(matches!(script.run(&source(), &query()), Outcome::Ok(_)), "{header:?}");
        assert_eq!(millis(&script.slept()), [expected], "{header:?}");
    }
}

#[test]
fn fails_at_once_when_the_api_asks_for_a_delay_of_more_than_a_minute() {
    let script = Script::new([error(429, &[("retry-after", "61")])]);
    let failure = failure(script.run(&source(), &query()));
    assert_eq!(script.slept(), []);
    assert_eq!(failure.data["retry_after_seconds"], 61.0);
    assert!(failure.description.contains("Wait 61 s"), "{}", failure.description);
}

#[test]
fn does_not_retry_after_exhausted_quotas_and_oversized_requests() {
    for body in [
        json!({"error": {"message": "m", "type": "insufficient_quota", "code": "insufficient_quota"}}),
        json!({"error": {"message": "m", "type": "insufficient_quota", "code": "credit_balance_exhausted"}}),
        json!({"error": {"message": "m", "code": "organization_spend_limit_exceeded"}}),
        json!({"error": {"message": "m", "code": "project_spend_limit_exceeded"}}),
        json!({"error": {"message": "m", "code": "organization_usage_limit_exceeded"}}),
        json!({"error": {"message": "m", "type": "insufficient_quota", "code": null}}),
        json!({"error": {"message": "Your account is not active, please check your billing details."}}),
        json!({"error": {"message": "Request too large for gpt-x", "type": "tokens", "code": "rate_limit_exceeded"}}),
    ] {
        let script = Script::new([response(429, &[("x-should-retry", "true")], &body)]);
        failure(script.run(&source(), &query()));
        assert_eq!(script.attempts(), 1, "{body}");
    }
}

#[test]
fn does_not_retry_after_permanent_transport_failures() {
    for kind in [
        TransportErrorKind::TlsExpired,
        TransportErrorKind::TlsUnknownIssuer,
        TransportErrorKind::TlsWrongHost,
        TransportErrorKind::Blocked,
        TransportErrorKind::TooLarge,
        TransportErrorKind::Redirect,
        TransportErrorKind::Proxy,
        TransportErrorKind::Busy,
    ] {
        let script = Script::new([Step::Fail(kind)]);
        failure(script.run(&source(), &query()));
        assert_eq!(script.attempts(), 1, "{kind:?}");
    }
}

#[test]
fn ends_after_600_seconds_unless_the_query_or_its_data_source_sets_a_timeout() {
    for (source_extra, query_extra, expected) in [
        (json!({}), json!({}), 600_000),
        (json!({"timeout_seconds": "30"}), json!({}), 30_000),
        (json!({}), json!({"query_timeout": "10000"}), 9_750),
        (json!({"timeout_seconds": 5}), json!({"query_timeout": 10_000}), 5_000),
        (json!({"timeout_seconds": 30}), json!({"query_timeout": 10_000}), 9_750),
    ] {
        let (mut source, mut query) = (source(), query());
        source.as_object_mut().unwrap().extend(source_extra.as_object().unwrap().clone());
        query.as_object_mut().unwrap().extend(query_extra.as_object().unwrap().clone());
        let script = Script::new([Step::Hang]);
        let failure = failure(script.run(&source, &query));
        assert_eq!(failure.data["code"], "timeout");
        assert_eq!(script.elapsed(), Duration::from_millis(expected));
        assert_eq!(script.attempts(), 1, "a passed deadline is not retried");
    }
}

#[test]
fn ends_all_attempts_and_delays_at_one_deadline() {
    let script = Script::new([error(500, &[]), Step::Hang]);
    let mut query = query();
    query["query_timeout"] = json!(10_000);
    let failure = failure(script.run(&source(), &query));
    assert_eq!(failure.data["code"], "timeout");
    let expected = "No response within the query's timeout of 10000 ms.";
    assert!(failure.description.starts_with(expected), "{}", failure.description);
    assert_eq!(script.sent.lock().unwrap()[1].timeout, Duration::from_millis(9_250));
    assert_eq!(script.elapsed(), Duration::from_millis(9_750));
}

#[test]
fn fails_at_once_when_the_delay_would_pass_the_deadline() {
    let script = Script::new([error(429, &[("retry-after", "20")])]);
    let mut query = query();
    query["query_timeout"] = json!(10_000);
    let failure = failure(script.run(&source(), &query));
    assert_eq!((script.attempts(), script.elapsed()), (1, Duration::ZERO));
    assert_eq!(failure.data["status"], 429);
    assert!(failure.description.contains("Wait 20 s"), "{}", failure.description);
}

#[test]
fn delays_a_retry_by_the_api_s_message() {
    let words = json!({"error": {"message": "Please retry in 2.1s."}});
    let google = json!([{"error": {"code": 429, "message": "You exceeded it", "details": [{"retryDelay": "3s"}]}}]);
    for (status, body, expected) in
        [(429, &words, 2_100), (503, &words, 2_100), (500, &words, 500), (429, &google, 3_000)]
    {
        let script = Script::new([response(status, &[], body), pong()]);
        assert!(matches!(script.run(&source(), &query()), Outcome::Ok(_)), "{body}");
        assert_eq!(millis(&script.slept()), [expected], "{status} {body}");
    }
}

#[test]
fn names_the_timeout_that_was_typed() {
    for (source_extra, query_extra, expected) in [
        (json!({}), json!({"query_timeout": "1500"}), "the query's timeout of 1500 ms."),
        (json!({"timeout_seconds": 30}), json!({"query_timeout": 1500}), "the query's timeout of 1500 ms."),
        (json!({"timeout_seconds": 5}), json!({"query_timeout": 10_000}), "the data source's Timeout of 5 s."),
        (json!({}), json!({}), "600 s."),
    ] {
        let (mut source, mut query) = (source(), query());
        source.as_object_mut().unwrap().extend(source_extra.as_object().unwrap().clone());
        query.as_object_mut().unwrap().extend(query_extra.as_object().unwrap().clone());
        let description = failure(Script::new([Step::Hang]).run(&source, &query)).description;
        assert!(description.starts_with(&format!("No response within {expected}")), "{description}");
    }
}

#[test]
fn ends_a_connection_test_after_15_seconds() {
    let script = Script::new([Step::Hang]);
    let failure = failure(script.test_connection(&source()));
    assert_eq!(
        (failure.message.as_ref(), script.elapsed()),
        ("Connection could not be established: no response in time", Duration::from_secs(15))
    );
}

#[test]
fn sends_the_same_request_in_a_retry() {
    let script = Script::new([error(500, &[]), pong()]);
    script.run(&source(), &query());
    let sent = script.sent.lock().unwrap();
    assert_eq!((&sent[0].url, &sent[0].body, &sent[0].headers), (&sent[1].url, &sent[1].body, &sent[1].headers));
}

#[test]
fn reports_the_connect_timeout_when_a_retry_runs_into_the_deadline() {
    let script = Script::new([Step::Fail(TransportErrorKind::ConnectTimeout), Step::Hang]);
    let failure = failure(script.test_connection(&source()));
    assert_eq!(failure.data["code"], "connect_timeout");
}

#[test]
fn accepts_a_query_timeout_beyond_the_default() {
    let script = Script::new([Step::Hang]);
    let mut query = query();
    query["query_timeout"] = json!(900_000);
    failure(script.run(&source(), &query));
    assert_eq!(script.elapsed().as_millis(), 899_750);
}
