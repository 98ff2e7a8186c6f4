//! Decides whether to retry a failed request, and after which delay: pure arithmetic.
//!
//! The rules of `OpenAI`'s own SDK with two exceptions that save money and time: an exhausted account, or a request
//! that is too large or too long, is never retried, and if the server asks for a delay longer than [`MAX_RETRY_DELAY`],
//! the query fails at once.

use std::time::{Duration, SystemTime};

use crate::error::{ApiError, Error, cause::ApiCause};

/// Maximum delay that the API may ask for; if it asks for more, the query fails at once.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);
/// First delay if the API asks for none; doubles with every retry.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Maximum delay if the API asks for none.
const MAX_BACKOFF: Duration = Duration::from_secs(8);
/// Largest fraction of a backoff that jitter removes, so that clients spread out.
const JITTER: f64 = 0.25;

/// How often a request may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum number of retries.
    pub max_retries: u32,
}

impl RetryPolicy {
    /// The delay before the next attempt; `None` if there must not be one.
    ///
    /// `retries` is the number of retries so far, `jitter` a sample in `0.0..1.0`.
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

/// Whether the API rejected a request only for its timing, so that it would reject others, too.
#[must_use]
pub fn is_too_soon(error: &ApiError) -> bool {
    let has_reason = || matches!(error.status, 503 | 529) && error.retry_after.is_some();
    (error.status == 429 || has_reason()) && is_retryable(error)
}

fn is_retryable(error: &ApiError) -> bool {
    let is_transient = || matches!(error.status, 408 | 409 | 429 | 500..);
    !ApiCause::of(error).is_permanent() && error.should_retry.unwrap_or_else(is_transient)
}

/// How long other requests should wait after such a rejection; `None` if longer than [`MAX_RETRY_DELAY`], which the
/// query itself handles.
#[must_use]
pub fn pause(error: &ApiError) -> Option<Duration> {
    error.retry_after.or(Some(FIRST_BACKOFF)).filter(|wait| *wait <= MAX_RETRY_DELAY)
}

/// `500 ms * 2^retries`, at most 8 s, minus up to a quarter of jitter.
fn backoff(retries: u32, jitter: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(retries));
    doubled.min(MAX_BACKOFF).mul_f64(1.0 - JITTER * jitter.clamp(0.0, 1.0))
}

/// The delay in a response's headers: `retry-after-ms` (milliseconds), else `retry-after` (seconds, an HTTP date, or a
/// date in seconds or milliseconds since 1970), else, for HTTP 429, the time until the used-up limit resets. Accepts
/// fractions; ignores negative and unreadable numbers.
#[must_use]
pub fn retry_after<'a>(status: u16, header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let in_millis = || Duration::try_from_secs_f64(number(header("retry-after-ms")?)? / 1000.0).ok();
    in_millis()
        .or_else(|| delay_in_header(header("retry-after")?, now))
        .or_else(|| until_reset(header, now).filter(|_| status == 429))
}

/// Higher numbers of seconds are dates since 1970: as a delay, this would be 31 years.
const MIN_EPOCH_SECONDS: f64 = 1e9;
/// Higher numbers are dates in milliseconds.
const MIN_EPOCH_MILLIS: f64 = 1e12;

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn delay_in_header(text: &str, now: SystemTime) -> Option<Duration> {
    let Some(seconds) = number(text) else {
        let date = httpdate::parse_http_date(text).ok()?;
        // A past date means no delay.
        return Some(date.duration_since(now).unwrap_or_default());
    };
    if seconds < MIN_EPOCH_SECONDS {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let since_1970 = if seconds < MIN_EPOCH_MILLIS { seconds } else { seconds / 1000.0 };
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Some(Duration::try_from_secs_f64(since_1970).ok()?.saturating_sub(now))
}

/// Headers with the rest of a limit, and with its reset.
const LIMITS: [(&str, &str); 3] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Time until all used-up limits have reset. Servers send the other limits with every response.
#[must_use]
pub fn until_reset<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let delays = LIMITS.into_iter().filter_map(|(remaining, reset)| {
        let left = number(header(remaining)?)?;
        let reset = header(reset).filter(|_| left <= 0.0)?;
        duration_in_words(reset).or_else(|| delay_in_header(reset, now))
    });
    delays.max()
}

/// Phrases before a delay: "Please try again in 6m0s.", "retry after 20 seconds", "wait 1 minute".
const BEFORE_A_DELAY: [&str; 6] = ["again in ", "again after ", "retry in ", "retry after ", "wait ", "wait for "];

/// The delay that a text asks for; `None` if there is none, or only zero.
#[must_use]
pub fn delay_in_text(text: &str) -> Option<Duration> {
    let text = text.to_ascii_lowercase();
    BEFORE_A_DELAY.iter().find_map(|words| text.split(words).skip(1).find_map(duration_in_words))
}

/// "1m2.5s", "350ms", "1 minute and 30 seconds" at the start of text.
fn duration_in_words(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Some(amount) = number(&rest[..end]) else { break };
        let unit = rest[end..].trim_start();
        let unit = &unit[..unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len())];
        let Some(unit_seconds) = seconds_of(unit) else { break };
        seconds += amount * unit_seconds;
        rest = rest[end..].trim_start()[unit.len()..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|delay| !delay.is_zero())
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
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

    fn wait_of(status: u16, headers: &[(&str, &str)]) -> Option<Duration> {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        retry_after(status, header, SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }

    fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
        wait_of(429, headers)
    }

    #[test]
    fn retries_transient_failures_only() {
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
    fn retries_at_most_max_retries_times() {
        assert!(delay(api(500), 1).is_some());
        assert_eq!(delay(api(500), 2), None);
    }

    #[test]
    fn doubles_the_backoff_up_to_eight_seconds_minus_jitter() {
        let policy = RetryPolicy { max_retries: 10 };
        let error = Error::Api(Box::new(api(500)));
        let millis = |retries, jitter| policy.delay(&error, retries, jitter).unwrap().as_millis();
        assert_eq!([0, 1, 2, 3, 4, 5, 9].map(|n| millis(n, 0.0)), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!((millis(0, 1.0), millis(1, 0.5)), (375, 875));
    }

    #[test]
    fn clamps_jitter_out_of_range() {
        assert_eq!((backoff(0, 9.0), backoff(0, -9.0)), (backoff(0, 1.0), backoff(0, 0.0)));
    }

    #[test]
    fn retries_at_once_when_the_date_has_passed() {
        for past in ["Thu, 01 Jan 1970 00:00:07 GMT", "1799999999", "1799999999000"] {
            assert_eq!(wait(&[("retry-after", past)]), Some(Duration::ZERO), "{past}");
        }
    }

    #[test]
    fn reads_hours_but_not_a_delay_of_zero() {
        assert_eq!(delay_in_text("Please try again in 1h2m."), Some(Duration::from_secs(3_720)));
        assert_eq!(delay_in_text("Please try again in 0s."), None);
    }

    #[test]
    fn trusts_the_server_s_header_over_the_status() {
        assert!(delay(ApiError { should_retry: Some(true), ..api(400) }, 0).is_some());
        assert_eq!(delay(ApiError { should_retry: Some(false), ..api(500) }, 0), None);
    }

    #[test]
    fn does_not_retry_after_quota_exhaustion() {
        for code in BILLING_CODES {
            let error = ApiError { code: Some(code.to_owned()), should_retry: Some(true), ..api(429) };
            assert_eq!(delay(error, 0), None, "{code}");
        }
        assert_eq!(delay(ApiError { kind: Some("insufficient_quota".to_owned()), ..api(429) }, 0), None);
    }

    #[test]
    fn does_not_retry_a_request_that_is_too_large() {
        let message = "Request too large for gpt-x: Limit 30000, Requested 90000".to_owned();
        assert_eq!(delay(ApiError { message, ..api(429) }, 0), None);
    }

    #[test]
    fn obeys_a_requested_delay_up_to_a_minute() {
        let after = |seconds| ApiError { retry_after: Some(Duration::from_secs(seconds)), ..api(429) };
        assert_eq!(delay(after(0), 0), Some(Duration::ZERO));
        assert_eq!(delay(after(60), 0), Some(Duration::from_secs(60)));
        assert_eq!(delay(after(61), 0), None);
    }

    #[test]
    fn reads_retry_headers_in_all_formats() {
        let millis = |headers: &[(&str, &str)]| wait(headers).map(|wait| wait.as_millis());
        assert_eq!(millis(&[("retry-after-ms", "1500.5"), ("retry-after", "9")]), Some(1500));
        for (value, expected) in [
            ("0", 0),
            ("2.5", 2500),
            ("Fri, 15 Jan 2027 08:00:07 GMT", 7000),
            ("1800000007", 7000),
            ("1800000007.5", 7500),
            ("1800000002500", 2500),
        ] {
            assert_eq!(millis(&[("retry-after", value)]), Some(expected), "{value}");
        }
        assert_eq!(millis(&[("retry-after-ms", "abc"), ("retry-after", "1")]), Some(1000));
        for bad in ["-5", "soon", "NaN", "inf", "", "1e400"] {
            assert_eq!(millis(&[("retry-after", bad)]), None, "{bad}");
        }
    }

    #[test]
    fn waits_for_the_reset_of_the_limit_that_is_used_up() {
        let headers = [
            ("x-ratelimit-remaining-requests", "10"),
            ("x-ratelimit-reset-requests", "8h24m"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "1m2.5s"),
        ];
        assert_eq!(wait(&headers), Some(Duration::from_millis(62_500)));
        assert_eq!(wait_of(500, &headers), None);
        assert_eq!(wait(&headers[..2]), None);
        assert_eq!(wait(&[&headers[..], &[("retry-after", "3")]].concat()), Some(Duration::from_secs(3)));
        // OpenRouter's format: milliseconds since 1970.
        let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000004000")];
        assert_eq!(wait(&reset), Some(Duration::from_secs(4)));
    }

    #[test]
    fn reads_a_delay_in_words() {
        let millis = |text: &str| delay_in_text(text).map(|wait| wait.as_millis());
        for (text, expected) in [
            ("Limit reached. Please try again in 4s. Visit", 4_000),
            ("Please try again in 6m0.5s.", 360_500),
            ("Please try again in 350ms", 350),
            ("Please retry in 2.1s.", 2_100),
            ("Rate limit is exceeded. Try again in 30 seconds.", 30_000),
            ("Please retry after 20 seconds. Please contact support", 20_000),
            ("Wait 1 minute and 30 seconds, then send it again", 90_000),
            ("You must wait for 2 mins", 120_000),
            ("try again in 9m38.016s. Need more tokens?", 578_016),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for text in ["Please try again in a while", "slow down", "retry in 5", "try again in 3 parsecs", "wait"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
