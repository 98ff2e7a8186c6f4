//! Runs the rows of a list: some at once, and the next one as soon as one ends.
//!
//! Belongs here: which row starts when. Does not belong here: what a row or its result is, and the rate of requests,
//! which is up to the pace.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};

use crate::{
    budgets::{FIRST_ROWS, FIRST_ROWS_TIME},
    network::http::Transport,
};

/// What to do after a row has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Start the next row.
    Go,
    /// Start the next row once there is room for its result.
    WaitForRoom,
    /// Start no more rows, but let those in progress end.
    BeginNoMore,
    /// Stop at once and cancel the rows in progress.
    Stop,
}

/// Collects the results of rows.
pub trait Collector<R> {
    /// Takes a row's result and decides what to do next.
    fn collect(&mut self, row: usize, result: R) -> Next;

    /// Waits until there is room for more. No row is in progress meanwhile, so that none holds what this waits for.
    fn make_room(&mut self) -> impl Future<Output = ()> + Send;
}

/// Decides when rows start.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a, T> {
    /// Provides the clock.
    pub transport: &'a T,
    /// Maximum number of concurrent rows.
    pub parallel: usize,
    /// How many concurrent rows the server is known to accept.
    pub known: usize,
    /// No row starts after this time.
    pub until: Duration,
}

impl<T: Transport> Engine<'_, T> {
    /// Runs `rows` in order with `run`, until all have ended or `collector` stops. Rows end in any order; dropping this
    /// cancels those in progress.
    ///
    /// A server with a lower limit rejects the excess at once, long before its first answer. So at most [`FIRST_ROWS`],
    /// or as many as the server is known to accept, start before one has ended or [`FIRST_ROWS_TIME`] has passed.
    pub async fn run<F: Future>(
        self,
        rows: impl IntoIterator<Item = usize>,
        run: impl Fn(usize) -> F,
        collector: &mut impl Collector<F::Output>,
    ) {
        let mut rows = rows.into_iter().peekable();
        let mut under_way = FuturesUnordered::new();
        let mut opening = pin!(self.transport.sleep(FIRST_ROWS_TIME));
        let first = FIRST_ROWS.max(self.known);
        let mut is_open = self.parallel <= first;
        let (mut has_room, mut begins_more) = (true, true);
        loop {
            let most = if is_open { self.parallel } else { first };
            while has_room && begins_more && under_way.len() < most {
                let Some(row) = rows.next_if(|_| self.transport.now() < self.until) else {
                    begins_more = false;
                    break;
                };
                let running = run(row);
                under_way.push(async move { (row, running.await) });
            }
            if under_way.is_empty() {
                if has_room || !begins_more {
                    return;
                }
                collector.make_room().await;
                has_room = true;
                continue;
            }
            let waits_to_open = !is_open && begins_more;
            let ended = std::future::poll_fn(|context| {
                if let Poll::Ready(ended) = under_way.poll_next_unpin(context) {
                    return Poll::Ready(ended);
                }
                if waits_to_open { opening.as_mut().poll(context).map(|()| None) } else { Poll::Pending }
            })
            .await;
            is_open = true;
            let Some((row, result)) = ended else { continue };
            match collector.collect(row, result) {
                Next::Go => {}
                Next::WaitForRoom => has_room = false,
                Next::BeginNoMore => begins_more = false,
                Next::Stop => return,
            }
        }
    }
}
