//! The engine that runs rows: which row starts when, and what ends the run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test

#[path = "support/clock.rs"]
mod clock;
#[path = "support/lists.rs"]
mod lists;

use std::{cell::RefCell, mem, sync::Mutex, time::Duration};

use clock::Dice;
use futures_util::future::join;
use lists::{millis, no_server};
use tooljet_openai::{
    budgets::{FIRST_ROWS, FIRST_ROWS_TIME},
    network::http::Transport,
    row_engine::{Collector, Engine, Next},
};

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
