//! How many rows of a list run at once, and the rate of requests that a server accepts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/clock.rs"]
mod clock;
#[path = "support/lists.rs"]
mod lists;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clock::{VirtualClock, response};
use futures_util::future::join3;
use lists::{
    answer, answers, ask, list, millis, outcome, prompt, prompts, rejection, result, said, server, source, with,
};
use serde_json::json;
use tooljet_openai::{network::http::Transport, operations::QueryResult, policy::model_cache::ModelCache};

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
