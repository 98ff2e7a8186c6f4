//! Keeps long work off the thread that drives sockets and timers.
//!
//! Short work is done at once. Longer work is done one job after the other, on a thread for middling jobs or
//! on one for long jobs. So at most two cores are busy with it, and its memory is that of two jobs.

use std::{future::pending, panic::resume_unwind, sync::Arc};

use tokio::sync::Semaphore;

use super::home::Home;
use crate::budgets::{MAX_INLINE_BYTES, MAX_MEDIUM_BYTES};

/// Threads that such work occupies at most.
pub(super) const MAX_CPU_THREADS: usize = 2;

#[derive(Debug)]
pub(super) struct CpuLanes {
    home: Home,
    medium: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

impl CpuLanes {
    pub(super) fn new(home: Home) -> Self {
        Self { home, medium: Arc::new(Semaphore::new(1)), long: Arc::new(Semaphore::new(1)) }
    }

    /// Does `work` on `bytes` bytes. A panic of `work` panics here.
    pub(super) async fn run<R: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> R + Send + 'static) -> R {
        if bytes <= MAX_INLINE_BYTES {
            return work();
        }
        let lane = if bytes <= MAX_MEDIUM_BYTES { &self.medium } else { &self.long };
        let turn = Arc::clone(lane).acquire_owned().await;
        let job = self.home.spawn_blocking(move || {
            let result = work();
            // Only now, so that work whose query has ended meanwhile keeps its place in the lane.
            drop(turn);
            result
        });
        match job.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime ends, and this query with it.
                Err(_) => pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;

    use std::{
        sync::mpsc::{Receiver, channel},
        thread,
    };

    use super::*;
    use crate::network::client::runtime;

    /// Work that ends when the receiver is told so.
    fn blocked(lanes: &Arc<CpuLanes>, bytes: usize, end: Receiver<()>) -> tokio::task::JoinHandle<()> {
        let lanes = Arc::clone(lanes);
        tokio::spawn(async move { lanes.run(bytes, move || end.recv().unwrap()).await })
    }

    #[test]
    fn short_work_is_done_where_it_is_asked_for() {
        let lanes = CpuLanes::new(Home::default());
        let here = thread::current().id();
        runtime().unwrap().block_on(async {
            assert_eq!(lanes.run(MAX_INLINE_BYTES, || thread::current().id()).await, here);
            assert_ne!(lanes.run(MAX_INLINE_BYTES + 1, || thread::current().id()).await, here);
        });
    }

    #[test]
    fn long_work_of_a_query_on_a_thread_of_a_server_is_done_on_the_runtime_that_lasts() {
        let (lasting, of_server) = (runtime().unwrap(), runtime().unwrap());
        let home = Home::default();
        lasting.block_on(async { home.note() });
        let lanes = CpuLanes::new(home);
        let work = || Handle::current().id();
        assert_eq!(of_server.block_on(lanes.run(MAX_INLINE_BYTES + 1, work)), lasting.handle().id());
    }

    #[test]
    fn long_work_holds_up_neither_short_nor_middling_work() {
        let lanes = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let (end, ended) = channel();
            let (second_end, second_ended) = channel();
            let long = blocked(&lanes, MAX_MEDIUM_BYTES + 1, ended);
            let waiting = blocked(&lanes, MAX_MEDIUM_BYTES + 1, second_ended);
            assert_eq!(lanes.run(1, || 1).await, 1);
            assert_eq!(lanes.run(MAX_MEDIUM_BYTES, || 2).await, 2);
            // One job at a time, so the second cannot end before the first.
            second_end.send(()).unwrap();
            lanes.run(MAX_MEDIUM_BYTES, || ()).await;
            assert!(!waiting.is_finished());
            end.send(()).unwrap();
            long.await.unwrap();
            waiting.await.unwrap();
        });
    }

    #[test]
    fn work_that_is_given_up_keeps_its_place_until_it_ends() {
        let lanes = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let (end, ended) = channel();
            let given_up = blocked(&lanes, MAX_MEDIUM_BYTES + 1, ended);
            while lanes.long.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            given_up.abort();
            assert!(given_up.await.unwrap_err().is_cancelled());
            assert_eq!(lanes.long.available_permits(), 0);
            end.send(()).unwrap();
            lanes.run(MAX_MEDIUM_BYTES + 1, || ()).await;
        });
    }

    #[test]
    fn a_panic_of_the_work_panics_in_the_query() {
        let lanes = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let query = tokio::spawn({
                let lanes = Arc::clone(&lanes);
                async move { lanes.run(MAX_INLINE_BYTES + 1, || panic!("odd")).await }
            });
            let panic = query.await.unwrap_err().into_panic();
            assert_eq!(panic.downcast_ref(), Some(&"odd"));
            lanes.run(MAX_INLINE_BYTES + 1, || ()).await;
        });
    }
}
