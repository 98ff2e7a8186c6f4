//! Runs the rows of a list: some at once, the next one as soon as one ends.
//!
//! Belongs here: which row begins when. Never here: what a row is, what it comes to, or how fast its server may be
//! asked; that is for its pace.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};

use crate::{
    budgets::{FIRST_ROWS, FIRST_ROWS_TIME},
    network::http::Transport,
};

/// How it goes on after a row has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With the next row.
    Go,
    /// With the next row when there is room for what it comes to.
    WaitForRoom,
    /// Without another row: those that have begun may end.
    BeginNoMore,
    /// Not at all: what has begun is given up.
    Stop,
}

/// Takes what rows come to.
pub trait Collector<R> {
    /// Takes what the row came to, and says how it goes on.
    fn collect(&mut self, row: usize, result: R) -> Next;

    /// Waits until there is room for more. No row is under way meanwhile, so that none holds what this waits for.
    fn make_room(&mut self) -> impl Future<Output = ()> + Send;
}

/// When rows begin.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a, T> {
    /// Whose clock counts.
    pub transport: &'a T,
    /// Rows that may be under way at once.
    pub parallel: usize,
    /// None begins from then on.
    pub until: Duration,
}

impl<T: Transport> Engine<'_, T> {
    /// Runs `rows` in their order, by `run`, until all have ended or `collector` has had enough. Those that have begun
    /// end in any order; dropping this gives them up.
    ///
    /// A server that takes fewer rejects the others at once, long before it answers the first. So no more than
    /// [`FIRST_ROWS`] begin before one has ended, or [`FIRST_ROWS_TIME`] has passed.
    pub async fn run<F: Future>(
        self,
        rows: impl IntoIterator<Item = usize>,
        run: impl Fn(usize) -> F,
        collector: &mut impl Collector<F::Output>,
    ) {
        let mut rows = rows.into_iter().peekable();
        let mut under_way = FuturesUnordered::new();
        let mut opening = pin!(self.transport.sleep(FIRST_ROWS_TIME));
        let mut is_open = self.parallel <= FIRST_ROWS;
        let (mut has_room, mut begins_more) = (true, true);
        loop {
            let most = if is_open { self.parallel } else { FIRST_ROWS };
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
