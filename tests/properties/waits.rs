//! Delays before retries, whatever a server asks for.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tooljet_openai::{
    error::{ApiError, Error, TransportError, TransportErrorKind},
    policy::retry::{MAX_RETRY_DELAY, RetryPolicy, delay_in_text, retry_after},
};

use crate::{config, samples};

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn requested(status: u16, headers: &[(&str, &str)], message: &str) -> Option<Duration> {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    retry_after(status, header, SystemTime::UNIX_EPOCH + NOW).or_else(|| delay_in_text(message))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn never_delays_longer_than_a_minute(
        status in any::<u16>(),
        value in samples::header_value(),
        in_milliseconds in samples::header_value(),
        amount in "[0-9.]{0,12}(ms|s|m|h|x|)[0-9.]{0,12}(s|m|)",
        should_retry in any::<Option<bool>>(),
        retries in 0_u32..20,
        jitter in any::<f64>(),
    ) {
        let message = format!("Please try again in {amount}. Visit us");
        let headers = [("retry-after", value.as_str()), ("retry-after-ms", in_milliseconds.as_str())];
        let retry_after = requested(status, &headers, &message);
        let error = Error::Api(Box::new(ApiError { status, retry_after, should_retry, ..ApiError::default() }));
        let policy = RetryPolicy { max_retries: 10 };
        let delay = policy.delay(&error, retries, jitter);
        prop_assert!(delay.unwrap_or_default() <= MAX_RETRY_DELAY);
        prop_assert!(retries < 10 || delay.is_none());
        // A longer delay is reported, not shortened.
        prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_DELAY) || delay.is_none());
    }

    #[test]
    fn delays_between_375_milliseconds_and_8_seconds_by_default(
        retries in 0_u32..10, jitter in any::<f64>().prop_filter("a number", |jitter| !jitter.is_nan()),
    ) {
        let error = Error::Transport(TransportError::new(TransportErrorKind::Reset, ""));
        let delay = RetryPolicy { max_retries: 10 }.delay(&error, retries, jitter).unwrap();
        prop_assert!((375..=8_000).contains(&delay.as_millis()), "{delay:?}");
    }

    #[test]
    fn reads_the_same_delay_from_seconds_milliseconds_and_units(millis in 1_u32..10_000_000) {
        let expected = Some(Duration::from_millis(millis.into()));
        let near = |wait: Option<Duration>| wait.map(|wait| (wait.as_secs_f64() * 1000.0).round());
        let seconds = (f64::from(millis) / 1000.0).to_string();
        let forms = [
            requested(429, &[("retry-after-ms", &millis.to_string())], ""),
            requested(429, &[("retry-after", &seconds)], ""),
            requested(429, &[], &format!("Please try again in {millis}ms.")),
            requested(429, &[], &format!("Please try again in {seconds}s.")),
            requested(429, &[], &format!("Please try again in {}m{}ms, or later", millis / 60_000, millis % 60_000)),
        ];
        for form in forms {
            prop_assert_eq!(near(form), near(expected));
        }
    }

    #[test]
    fn reads_a_date_as_the_delay_until_then_or_none_when_past(offset in -4_000_000_i64..4_000_000) {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.as_secs().saturating_add_signed(offset));
        let wait = requested(503, &[("retry-after", &httpdate::fmt_http_date(date))], "");
        prop_assert_eq!(wait, Some(Duration::from_secs(u64::try_from(offset).unwrap_or_default())));
    }
}
