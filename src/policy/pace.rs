//! The rate of requests to one model: pure arithmetic.
//!
//! Nothing is delayed until the server says that requests come too fast: with HTTP 429, or with a limit that is used
//! up. Then no request starts until the time that the server asks for has passed. After that, requests start at regular
//! intervals, slightly slower than the server accepted them. The rate rises along a cubic curve: slowly around the
//! rejected rate, faster and faster beyond it, until nothing is delayed after a minute. So fewer requests are in flight
//! after a rejection, and occasional extra ones test whether more are accepted.

use std::time::Duration;

/// How long a limit is remembered after the last rejection. Most servers count per minute.
const MEMORY: Duration = Duration::from_secs(60);
/// Seconds until the rate is back at the rejected rate.
const SECONDS_TO_RECOVER: f64 = 5.0;
/// Fraction by which the rate drops at first.
const DROP: f64 = 0.15;
/// Minimum first estimate, in requests per second: a single rejection says little.
const MIN_FIRST_GUESS: f64 = 4.0;
/// Minimum next estimate, as a fraction of the last one.
const MIN_NEXT_GUESS: f64 = 0.25;
/// Minimum rate, in requests per second.
const MIN_RATE: f64 = 0.01;

/// The pace of requests to one model. All times come from one monotonic clock.
#[derive(Debug, Default)]
pub struct Pace {
    /// No request may start earlier.
    next: Duration,
    limit: Option<Limit>,
    /// The end of the latest pause that the server asked for.
    resumed: Duration,
    /// Requests started since then.
    taken: u32,
    /// Number of pauses. A slot is void after the next pause.
    pauses: u64,
    /// Requests that the server answered.
    answered: u64,
    in_flight: usize,
    /// The most requests that were in flight when one was answered, since the last rejection, and when that was.
    accepted_at_once: (usize, Duration),
    recent: Recent,
}

/// What is known about the server's limit.
#[derive(Debug)]
struct Limit {
    /// When it was detected.
    found: Duration,
    /// Requests accepted in the preceding period, at a rate that was too high or nearly so.
    taken: f64,
    /// Length of that period in seconds.
    seconds: f64,
    /// Minimum and maximum rate to derive from this, in requests per second.
    bounds: [f64; 2],
}

/// The time when a request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The earliest start.
    pub at: Duration,
    pauses: u64,
}

/// A started request.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    at: Duration,
    answered: u64,
}

impl Pace {
    /// The next slot; `None`, without taking it, if it is later than `latest`.
    pub fn slot(&mut self, now: Duration, latest: Duration) -> Option<Slot> {
        if now.saturating_sub(self.resumed) > MEMORY {
            self.limit = None;
        }
        let at = self.next.max(now);
        if at > latest {
            return None;
        }
        if let Some(limit) = &self.limit {
            self.next = at + Duration::from_secs_f64(1.0 / limit.rate_at(at.saturating_sub(self.resumed)));
        }
        Some(Slot { at, pauses: self.pauses })
    }

    /// Starts a request in its slot; `None` if a pause began in the meantime, so that it needs another slot.
    pub fn begin(&mut self, slot: Slot, now: Duration) -> Option<Begun> {
        (slot.pauses == self.pauses).then(|| self.begin_anyway(now))
    }

    /// Starts a request that has no time to wait.
    pub fn begin_anyway(&mut self, now: Duration) -> Begun {
        self.recent.add(now);
        self.taken = self.taken.saturating_add(1);
        self.in_flight += 1;
        Begun { at: now, answered: self.answered }
    }

    /// Records the end of a request, however it ended.
    pub fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Records that the server answered a request.
    pub fn answer(&mut self, now: Duration) {
        self.answered += 1;
        if self.in_flight >= self.accepted_at_once(now) {
            self.accepted_at_once = (self.in_flight, now);
        }
    }

    /// How many concurrent requests the server is known to accept; 0 if that is unknown, or too long ago.
    #[must_use]
    pub fn accepted_at_once(&self, now: Duration) -> usize {
        let (count, seen) = self.accepted_at_once;
        if now.saturating_sub(seen) > MEMORY { 0 } else { count }
    }

    /// Records that the server rejected a request as too early and asks for a `pause`. Returns whether the server has
    /// accepted others since that request started, or may still do so.
    pub fn reject(&mut self, begun: Begun, now: Duration, pause: Duration) -> bool {
        self.hold_back(begun, now, pause);
        if let Some(limit) = &mut self.limit
            && limit.has_counted(begun)
        {
            limit.taken -= 1.0;
        }
        self.in_flight > 1 || self.answered > begun.answered
    }

    /// Records that a request used up the server's limit, so that others will be rejected during `pause`.
    pub fn use_up(&mut self, begun: Begun, now: Duration, pause: Duration) {
        self.hold_back(begun, now, pause);
    }

    fn hold_back(&mut self, begun: Begun, now: Duration, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        self.accepted_at_once = <_>::default();
        let resumed = now + pause;
        let is_known = self.limit.as_ref().is_some_and(|limit| begun.at <= limit.found);
        if is_known && resumed <= self.resumed {
            return;
        }
        if !is_known {
            let last = self.limit.as_ref().map(|limit| limit.rate_at(begun.at.saturating_sub(self.resumed)));
            let (taken, seconds, bounds) = match last {
                None => (self.recent.count(now), 1.0, [MIN_FIRST_GUESS, f64::MAX]),
                Some(rate) => {
                    let seconds = resumed.saturating_sub(self.resumed).as_secs_f64();
                    (f64::from(self.taken), seconds, [(rate * MIN_NEXT_GUESS).max(MIN_RATE), rate.max(MIN_RATE)])
                }
            };
            self.limit = Some(Limit { found: now, taken, seconds, bounds });
            self.taken = 0;
        }
        self.resumed = resumed;
        self.next = resumed;
        self.pauses += 1;
    }
}

impl Limit {
    /// Whether this request is among those counted.
    fn has_counted(&self, begun: Begun) -> bool {
        begun.at <= self.found && self.found.saturating_sub(begun.at).as_secs_f64() <= self.seconds
    }

    /// Requests per second, this long after the pause.
    fn rate_at(&self, time: Duration) -> f64 {
        let rate = (self.taken.max(1.0) / self.seconds).clamp(self.bounds[0], self.bounds[1]);
        let distance = (time.as_secs_f64() - SECONDS_TO_RECOVER) / SECONDS_TO_RECOVER;
        rate * (1.0 + DROP * distance.powi(3))
    }
}

/// Counts requests in the last second, from the counts of two clock seconds, the earlier one in proportion.
#[derive(Debug, Default)]
struct Recent {
    second: u64,
    this: u32,
    last: u32,
}

impl Recent {
    fn add(&mut self, now: Duration) {
        self.turn_to(now);
        self.this = self.this.saturating_add(1);
    }

    fn turn_to(&mut self, now: Duration) {
        let second = now.as_secs();
        if second != self.second {
            self.last = if second == self.second + 1 { self.this } else { 0 };
            (self.second, self.this) = (second, 0);
        }
    }

    fn count(&mut self, now: Duration) -> f64 {
        self.turn_to(now);
        f64::from(self.this) + f64::from(self.last) * (1.0 - f64::from(now.subsec_nanos()) / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREVER: Duration = Duration::MAX;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Starts a request as soon as possible, and returns when that was.
    fn begin(pace: &mut Pace, now: Duration) -> (Duration, Begun) {
        let slot = pace.slot(now, FOREVER).unwrap();
        (slot.at, pace.begin(slot, slot.at).unwrap())
    }

    #[test]
    fn delays_nothing_before_a_rejection() {
        let mut pace = Pace::default();
        for _ in 0..1_000 {
            assert_eq!(begin(&mut pace, at(5)).0, at(5));
        }
    }

    #[test]
    fn starts_nothing_during_the_pause_and_then_one_by_one() {
        let mut pace = Pace::default();
        let begun: Vec<_> = (0..12).map(|_| begin(&mut pace, at(0)).1).collect();
        for rejected in &begun[10..] {
            assert!(pace.reject(*rejected, at(20), at(2_000)));
        }
        let (first, _) = begin(&mut pace, at(30));
        let (second, _) = begin(&mut pace, at(30));
        assert_eq!(first, at(2_020));
        // Ten were accepted in a second, so slightly fewer.
        let distance = second.saturating_sub(first).as_secs_f64();
        assert!((0.1..0.12).contains(&distance), "{distance}");
    }

    #[test]
    fn asks_for_another_slot_after_a_pause() {
        let mut pace = Pace::default();
        let (_, first) = begin(&mut pace, at(0));
        let slot = pace.slot(at(0), FOREVER).unwrap();
        let _ = pace.reject(first, at(10), at(1_000));
        assert!(pace.begin(slot, at(10)).is_none());
        assert_eq!(pace.slot(at(10), at(500)), None);
        assert_eq!(pace.slot(at(10), at(1_010)).unwrap().at, at(1_010));
    }

    #[test]
    fn waits_for_the_reset_when_the_last_response_says_that_nothing_is_left() {
        let mut pace = Pace::default();
        let (_, last) = begin(&mut pace, at(0));
        pace.answer(Duration::ZERO);
        pace.use_up(last, at(50), at(700));
        assert_eq!(begin(&mut pace, at(60)).0, at(750));
        pace.use_up(last, at(70), Duration::ZERO);
        assert!(begin(&mut pace, at(60)).0 < at(1_100));
    }

    #[test]
    fn speeds_up_without_rejections_and_finally_forgets_the_limit() {
        let mut pace = Pace::default();
        let begun: Vec<_> = (0..20).map(|_| begin(&mut pace, at(0)).1).collect();
        let _ = pace.reject(begun[0], at(10), at(990));
        let mut distance = |seconds: u64| {
            let now = Duration::from_secs(seconds);
            let first = begin(&mut pace, now).0;
            begin(&mut pace, now).0.saturating_sub(first).as_secs_f64()
        };
        let distances = [distance(2), distance(6), distance(11), distance(31)];
        assert!(distances.windows(2).all(|pair| pair[0] > pair[1]), "{distances:?}");
        assert!((distances[1] - 1.0 / 19.0).abs() < 0.001 && distances[3] < 0.003, "{distances:?}");
        assert!(distance(62) < 1e-9);
    }

    #[test]
    fn distinguishes_one_rejection_from_a_rejection_of_all() {
        let mut pace = Pace::default();
        let (_, alone) = begin(&mut pace, at(0));
        assert!(!pace.reject(alone, at(10), at(100)));
        pace.end();
        let (_, rejected) = begin(&mut pace, at(1_000));
        let (_, taken) = begin(&mut pace, at(1_000));
        assert!(pace.reject(rejected, at(2_000), at(100)));
        pace.end();
        let _ = taken;
        pace.answer(Duration::ZERO);
        pace.end();
        let (_, later) = begin(&mut pace, at(5_000));
        assert!(!pace.reject(later, at(5_010), at(100)));
    }

    #[test]
    fn knows_how_many_are_accepted_at_once_for_a_minute_or_until_a_rejection() {
        let mut pace = Pace::default();
        let begun: Vec<_> = (0..3).map(|_| begin(&mut pace, at(0)).1).collect();
        assert_eq!(pace.accepted_at_once(at(0)), 0);
        for known in [3, 3, 3] {
            pace.answer(at(100));
            pace.end();
            assert_eq!(pace.accepted_at_once(at(100)), known);
        }
        assert_eq!((pace.accepted_at_once(at(60_100)), pace.accepted_at_once(at(60_101))), (3, 0));
        let _ = pace.reject(begun[0], at(200), at(1_000));
        assert_eq!(pace.accepted_at_once(at(200)), 0);
    }

    #[test]
    fn counts_rejections_of_earlier_requests_as_the_same() {
        let rate = |rejected: usize| {
            let mut pace = Pace::default();
            let begun: Vec<_> = (0..64).map(|_| begin(&mut pace, at(0)).1).collect();
            for begun in &begun[..rejected] {
                let _ = pace.reject(*begun, at(20), at(1_000));
            }
            pace.limit.unwrap().rate_at(Duration::from_secs_f64(SECONDS_TO_RECOVER))
        };
        let rates = [rate(1), rate(54), rate(64)];
        let expected = [63.0, 10.0, MIN_FIRST_GUESS];
        assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-9), "{rates:?}");
    }

    #[test]
    fn learns_a_low_rate_from_the_server_s_pauses() {
        let mut pace = Pace::default();
        let mut now = at(0);
        for _ in 0..10 {
            let (first, taken) = begin(&mut pace, now);
            pace.answer(Duration::ZERO);
            let (second, rejected) = begin(&mut pace, first);
            let _ = (taken, pace.reject(rejected, second, Duration::from_secs(20)));
            now = second;
        }
        let first = begin(&mut pace, now).0;
        assert!(begin(&mut pace, now).0 > first + Duration::from_secs(10));
    }
}
