//! Keeps long work off the thread that drives sockets and timers.
//!
//! Short work runs at once. On a custom server's thread, so does somewhat longer work, because only that server's
//! queries wait for it. Longer work runs one job at a time, on a thread for medium jobs or on one for long jobs. So it
//! uses at most two cores, and memory for two jobs.

use std::{
    collections::VecDeque,
    future::pending,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::oneshot;

use super::home::Home;
use crate::budgets::{MAX_INLINE_BYTES, MAX_MEDIUM_BYTES, MAX_SERVER_INLINE_BYTES};

/// Maximum number of threads for such work.
pub(super) const MAX_CPU_THREADS: usize = 2;

pub(super) struct CpuLanes {
    home: Home,
    medium: Arc<Lane>,
    long: Arc<Lane>,
}

impl CpuLanes {
    pub(super) fn new(home: Home) -> Self {
        Self { home, medium: Arc::default(), long: Arc::default() }
    }

    /// Processes `bytes` bytes with `work`. A panic of `work` propagates. Work that has not started is canceled when
    /// this is dropped.
    pub(super) async fn run<R: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> R + Send + 'static) -> R {
        let inline = if self.home.is_elsewhere() { MAX_SERVER_INLINE_BYTES } else { MAX_INLINE_BYTES };
        if bytes <= inline {
            return work();
        }
        let lane = if bytes <= MAX_MEDIUM_BYTES { &self.medium } else { &self.long };
        let (sender, result) = oneshot::channel();
        let job = move || {
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        };
        let place: Arc<Place> = Arc::new(Mutex::new(Some(Box::new(job))));
        if lane.line_up(&place) {
            let lane = Arc::clone(lane);
            self.home.spawn_blocking(move || lane.work_off());
        }
        match result.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            // The runtime is ending, and this query with it.
            Err(_) => pending().await,
        }
    }
}

/// A waiting job, owned by its query: dropping the query drops the job.
type Place = Mutex<Option<Box<dyn FnOnce() + Send>>>;

/// Runs jobs in order of arrival. A single thread does all of them, so that no thread is woken between two jobs.
#[derive(Default)]
struct Lane(Mutex<Line>);

#[derive(Default)]
struct Line {
    places: VecDeque<Weak<Place>>,
    has_thread: bool,
}

impl Lane {
    /// Adds a job and returns whether the lane needs a thread now.
    fn line_up(&self, place: &Arc<Place>) -> bool {
        let mut line = self.line();
        line.places.push_back(Arc::downgrade(place));
        !mem::replace(&mut line.has_thread, true)
    }

    fn work_off(&self) {
        while let Some(place) = self.next() {
            let job = place.upgrade().and_then(|place| place.lock().unwrap_or_else(PoisonError::into_inner).take());
            if let Some(job) = job {
                job();
            }
        }
    }

    fn next(&self) -> Option<Weak<Place>> {
        let mut line = self.line();
        let next = line.places.pop_front();
        line.has_thread = next.is_some();
        next
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Work that ends when told to.
    fn blocked(lanes: &Arc<CpuLanes>, bytes: usize, end: Receiver<()>) -> tokio::task::JoinHandle<()> {
        let lanes = Arc::clone(lanes);
        tokio::spawn(async move { lanes.run(bytes, move || end.recv().unwrap()).await })
    }

    #[test]
    fn runs_short_work_on_the_caller_s_thread() {
        let lanes = CpuLanes::new(Home::default());
        let here = thread::current().id();
        runtime().unwrap().block_on(async {
            assert_eq!(lanes.run(MAX_INLINE_BYTES, || thread::current().id()).await, here);
            assert_ne!(lanes.run(MAX_INLINE_BYTES + 1, || thread::current().id()).await, here);
        });
    }

    #[test]
    fn runs_long_work_of_a_server_s_thread_on_the_lasting_runtime() {
        let (lasting, of_server) = (runtime().unwrap(), runtime().unwrap());
        let home = Home::default();
        lasting.block_on(async { home.note() });
        let lanes = CpuLanes::new(home);
        let work = || Handle::current().id();
        assert_eq!(of_server.block_on(lanes.run(MAX_SERVER_INLINE_BYTES, work)), of_server.handle().id());
        assert_eq!(of_server.block_on(lanes.run(MAX_SERVER_INLINE_BYTES + 1, work)), lasting.handle().id());
    }

    #[test]
    fn does_not_delay_short_or_medium_work_for_long_work() {
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
    fn keeps_the_place_of_canceled_work_until_it_ends() {
        let lanes = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let (end, ended) = channel();
            let given_up = blocked(&lanes, MAX_MEDIUM_BYTES + 1, ended);
            while !lanes.long.line().has_thread || !lanes.long.line().places.is_empty() {
                tokio::task::yield_now().await;
            }
            given_up.abort();
            assert!(given_up.await.unwrap_err().is_cancelled());
            assert!(lanes.long.line().has_thread);
            end.send(()).unwrap();
            lanes.run(MAX_MEDIUM_BYTES + 1, || ()).await;
        });
    }

    #[test]
    fn drops_work_canceled_before_its_turn_at_once() {
        let lanes = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let (end, ended) = channel();
            let first = blocked(&lanes, MAX_MEDIUM_BYTES + 1, ended);
            let body = Arc::new(());
            let held = Arc::clone(&body);
            let given_up = tokio::spawn({
                let lanes = Arc::clone(&lanes);
                async move { lanes.run(MAX_MEDIUM_BYTES + 1, move || drop(held)).await }
            });
            while lanes.long.line().places.is_empty() {
                tokio::task::yield_now().await;
            }
            given_up.abort();
            assert!(given_up.await.unwrap_err().is_cancelled());
            assert_eq!(Arc::strong_count(&body), 1);
            end.send(()).unwrap();
            first.await.unwrap();
            lanes.run(MAX_MEDIUM_BYTES + 1, || ()).await;
        });
    }

    #[test]
    fn propagates_a_panic_of_the_work_to_the_query() {
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
