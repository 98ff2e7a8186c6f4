//! Runs the rows of a list: some at once, and the next one as soon as one ends.
//!
//! Belongs here: which row starts when. Does not belong here: what a row or its result is, and the rate of requests,
//! which is up to the pace.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{MaybeDone, maybe_done},
    stream::FuturesUnordered,
};

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
            let mut has_begun = false;
            while has_room && begins_more && under_way.len() < most {
                let Some(row) = rows.next_if(|_| self.transport.now() < self.until) else {
                    begins_more = false;
                    break;
                };
                let mut running = Box::pin(maybe_done(run(row)));
                begin(running.as_mut()).await;
                // Nothing is sent before the collector has seen it: it may stop.
                let has_ended = matches!(*running, MaybeDone::Done(_));
                under_way.push(async move {
                    running.as_mut().await;
                    (row, running.as_mut().take_output())
                });
                has_begun = !has_ended;
                if has_ended {
                    break;
                }
            }
            if has_begun {
                let_others_run().await;
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
            let ended = poll_fn(|context| {
                if let Poll::Ready(ended) = under_way.poll_next_unpin(context) {
                    return Poll::Ready(ended);
                }
                if waits_to_open { opening.as_mut().poll(context).map(|()| None) } else { Poll::Pending }
            })
            .await;
            is_open = true;
            let Some((row, Some(result))) = ended else { continue };
            match collector.collect(row, result) {
                Next::Go => {}
                Next::WaitForRoom => has_room = false,
                Next::BeginNoMore => begins_more = false,
                Next::Stop => return,
            }
        }
    }
}

/// Runs a row as far as it comes without waiting. Otherwise it would begin only after all rows that have ended by now,
/// and the rows of a list would ask in bursts.
async fn begin<F: Future>(mut row: Pin<&mut MaybeDone<F>>) {
    poll_fn(|context| {
        let _ = row.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Lets the other tasks of this thread run once: the connections, which send the requests of the rows that have begun.
async fn let_others_run() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
