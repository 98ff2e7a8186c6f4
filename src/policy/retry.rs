//! When a failed request is tried again, and how long to wait before: pure arithmetic.
//!
//! The rules are those of `OpenAI`'s own SDK, with two exceptions that spare people money
//! and time: an empty account and a request that is too large are never tried again, and
//! a server that asks for a longer wait than [`MAX_RETRY_DELAY`] is believed instead of pressed.

use std::time::{Duration, SystemTime};

use crate::error::{
    ApiError, Error,
    cause::{is_billing, is_too_large},
};

/// Longest wait that the API may ask for; if it asks for more, the query fails at once.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);
/// First wait where the API asks for none; doubled with every try.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Longest wait where the API asks for none.
const MAX_BACKOFF: Duration = Duration::from_secs(8);
/// Largest fraction of a backoff that jitter removes, so that clients spread out.
const JITTER: f64 = 0.25;

/// How often a request may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub max_retries: u32,
}

impl RetryPolicy {
    /// The wait before the next try, or `None` if there must be none.
    ///
    /// `retries` is the number of retries already made, `jitter` a sample in `0.0..1.0`.
    #[must_use]
    pub fn delay(&self, error: &Error, retries: u32, jitter: f64) -> Option<Duration> {
        if retries >= self.max_retries {
            return None;
        }
        match error {
            Error::Transport(error) if error.kind.is_transient() => Some(backoff(retries, jitter)),
            Error::Api(error) if is_retryable(error) => match error.retry_after {
                Some(wait) if wait > MAX_RETRY_DELAY => None,
                Some(wait) => Some(wait),
                None => Some(backoff(retries, jitter)),
            },
            _ => None,
        }
    }
}

fn is_retryable(error: &ApiError) -> bool {
    if is_billing(error) || is_too_large(error) {
        return false;
    }
    error.should_retry.unwrap_or(matches!(error.status, 408 | 409 | 429 | 500..))
}

/// `500 ms * 2^retries`, at most 8 s, less up to a quarter by chance.
fn backoff(retries: u32, jitter: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(retries));
    doubled.min(MAX_BACKOFF).mul_f64(1.0 - JITTER * jitter.clamp(0.0, 1.0))
}

/// The wait that an answer asks for: `retry-after-ms` (milliseconds, may be fractional),
/// else `retry-after` (seconds, may be fractional, or an HTTP date), else the words
/// "try again in 1.5s" of a rate-limit message. Negative and unreadable ones count as none.
#[must_use]
pub fn retry_after<'a>(
    status: u16,
    header: impl Fn(&str) -> Option<&'a str>,
    message: &str,
    now: SystemTime,
) -> Option<Duration> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let in_units = |name, unit: f64| {
        let amount = number(header(name)?)?;
        Duration::try_from_secs_f64(amount * unit).ok()
    };
    let date = || {
        let date = httpdate::parse_http_date(header("retry-after")?).ok()?;
        // A date that has passed asks for no wait.
        Some(date.duration_since(now).unwrap_or_default())
    };
    in_units("retry-after-ms", 0.001)
        .or_else(|| in_units("retry-after", 1.0))
        .or_else(date)
        .or_else(|| wait_in_words(message).filter(|_| status == 429))
}

/// "Please try again in 6m0s.", "... in 1.2s", "... in 350ms".
fn wait_in_words(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("try again in ")?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    let mut rest = rest[..end].trim_end_matches(['.', ')']);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        seconds += amount
            * match &rest[digits..unit_end] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{TransportError, TransportErrorKind, cause::BILLING_CODES};

    const POLICY: RetryPolicy = RetryPolicy { max_retries: 2 };

    fn api(status: u16) -> ApiError {
        ApiError { status, ..ApiError::default() }
    }

    fn delay(error: ApiError, retries: u32) -> Option<Duration> {
        POLICY.delay(&Error::Api(Box::new(error)), retries, 0.0)
    }

    fn wait(headers: &[(&str, &str)], message: &str) -> Option<Duration> {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        retry_after(429, header, message, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn passing_failures_are_retried_and_others_are_not() {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert!(delay(api(status), 0).is_some(), "{status}");
        }
        for status in [300, 400, 401, 403, 404, 413, 422, 425] {
            assert_eq!(delay(api(status), 0), None, "{status}");
        }
        let transport = |kind| POLICY.delay(&Error::Transport(TransportError::new(kind, "")), 0, 0.0);
        assert!(transport(TransportErrorKind::Reset).is_some());
        assert_eq!(transport(TransportErrorKind::TlsExpired), None);
        assert_eq!(transport(TransportErrorKind::TooLarge), None);
        assert_eq!(transport(TransportErrorKind::Blocked), None);
    }

    #[test]
    fn there_are_at_most_max_retries() {
        assert!(delay(api(500), 1).is_some());
        assert_eq!(delay(api(500), 2), None);
    }

    #[test]
    fn backoff_doubles_up_to_eight_seconds_less_a_quarter_by_chance() {
        let policy = RetryPolicy { max_retries: 10 };
        let error = Error::Api(Box::new(api(500)));
        let millis = |retries, jitter| policy.delay(&error, retries, jitter).unwrap().as_millis();
        assert_eq!([0, 1, 2, 3, 4, 5, 9].map(|n| millis(n, 0.0)), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!((millis(0, 1.0), millis(1, 0.5)), (375, 875));
    }

    #[test]
    fn takes_a_jitter_out_of_range_as_the_end_of_the_range() {
        assert_eq!((backoff(0, 9.0), backoff(0, -9.0)), (backoff(0, 1.0), backoff(0, 0.0)));
    }

    #[test]
    fn retries_at_once_when_the_date_has_passed() {
        let header = |_: &str| Some("Thu, 01 Jan 1970 00:00:07 GMT");
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(retry_after(503, header, "", after(6)), Some(Duration::from_secs(1)));
        assert_eq!(retry_after(503, header, "", after(8)), Some(Duration::ZERO));
    }

    #[test]
    fn reads_hours_but_no_delay_of_zero_in_words() {
        assert_eq!(wait(&[], "Please try again in 1h2m."), Some(Duration::from_secs(3_720)));
        assert_eq!(wait(&[], "Please try again in 0s."), None);
    }

    #[test]
    fn the_servers_own_word_wins_over_the_status() {
        assert!(delay(ApiError { should_retry: Some(true), ..api(400) }, 0).is_some());
        assert_eq!(delay(ApiError { should_retry: Some(false), ..api(500) }, 0), None);
    }

    #[test]
    fn quota_exhaustion_is_not_retried() {
        for code in BILLING_CODES {
            let error = ApiError { code: Some(code.to_owned()), should_retry: Some(true), ..api(429) };
            assert_eq!(delay(error, 0), None, "{code}");
        }
        assert_eq!(delay(ApiError { kind: Some("insufficient_quota".to_owned()), ..api(429) }, 0), None);
    }

    #[test]
    fn a_request_that_is_too_large_is_not_retried() {
        let message = "Request too large for gpt-x: Limit 30000, Requested 90000".to_owned();
        assert_eq!(delay(ApiError { message, ..api(429) }, 0), None);
    }

    #[test]
    fn a_requested_wait_is_obeyed_up_to_a_minute() {
        let after = |seconds| ApiError { retry_after: Some(Duration::from_secs(seconds)), ..api(429) };
        assert_eq!(delay(after(0), 0), Some(Duration::ZERO));
        assert_eq!(delay(after(60), 0), Some(Duration::from_secs(60)));
        assert_eq!(delay(after(61), 0), None);
    }

    #[test]
    fn retry_headers_are_read_in_all_their_forms() {
        let millis = |wait: Option<Duration>| wait.map(|wait| wait.as_millis());
        assert_eq!(millis(wait(&[("retry-after-ms", "1500.5"), ("retry-after", "9")], "")), Some(1500));
        assert_eq!(millis(wait(&[("retry-after", "2.5")], "")), Some(2500));
        assert_eq!(millis(wait(&[("retry-after", "Thu, 01 Jan 1970 00:00:07 GMT")], "")), Some(7000));
        assert_eq!(millis(wait(&[("retry-after-ms", "abc"), ("retry-after", "1")], "")), Some(1000));
        for bad in ["-5", "soon", "NaN", "inf", ""] {
            assert_eq!(wait(&[("retry-after", bad)], ""), None, "{bad}");
        }
    }

    #[test]
    fn a_wait_in_words_is_read() {
        let millis = |text: &str| wait(&[], text).map(|wait| wait.as_millis());
        assert_eq!(millis("Limit reached. Please try again in 4s. Visit"), Some(4_000));
        assert_eq!(millis("Please try again in 6m0.5s."), Some(360_500));
        assert_eq!(millis("Please try again in 350ms"), Some(350));
        assert_eq!(millis("Please try again in a while"), None);
        assert_eq!(millis("slow down"), None);
    }

    #[test]
    fn a_wait_in_words_is_read_of_a_rate_limit_only() {
        let wait = |status| retry_after(status, |_| None, "Please try again in 4s", SystemTime::UNIX_EPOCH);
        assert_eq!(wait(429), Some(Duration::from_secs(4)));
        for status in [200, 400, 403, 408, 500, 503, 529] {
            assert_eq!(wait(status), None, "{status}");
        }
    }
}
