//! Ends a query on time if the thread of its server is too busy to do so.
//!
//! A query on such a thread costs the runtime nothing: one task sleeps until the earliest deadline of all, even if
//! the query with that deadline has ended by then. So it wakes up about once per timeout.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::{runtime::Handle, sync::Notify, time::timeout_at};

/// What to do about a query that is late.
type Late = Box<dyn FnOnce() + Send>;

/// The deadlines of queries on threads of servers.
#[derive(Default)]
pub(super) struct Lateness {
    state: Mutex<State>,
    /// There is a deadline before the one that is waited for.
    is_earlier: Notify,
}

#[derive(Default)]
struct State {
    /// By deadline; the number distinguishes those at the same time.
    queries: BTreeMap<(Instant, u64), Late>,
    registered: u64,
    is_watched: bool,
    /// The deadline that is waited for, if any.
    next: Option<Instant>,
}

/// A query that is not late yet. Dropped when it ends.
pub(super) struct Registration {
    lateness: Arc<Lateness>,
    key: (Instant, u64),
}

impl Lateness {
    /// Calls `late` on the runtime `home` at `deadline`, unless the registration is dropped before.
    pub(super) fn register(self: &Arc<Self>, home: &Handle, deadline: Instant, late: Late) -> Registration {
        let mut state = self.state();
        state.registered += 1;
        let key = (deadline, state.registered);
        state.queries.insert(key, late);
        if state.next.is_none_or(|next| deadline < next) {
            state.next = Some(deadline);
            self.is_earlier.notify_one();
        }
        if !state.is_watched {
            state.is_watched = true;
            home.spawn(Arc::clone(self).watch());
        }
        drop(state);
        Registration { lateness: Arc::clone(self), key }
    }

    async fn watch(self: Arc<Self>) {
        loop {
            let next = self.state().next;
            let earlier = self.is_earlier.notified();
            match next {
                None => earlier.await,
                Some(next) if timeout_at(next.into(), earlier).await.is_ok() => {}
                Some(next) => {
                    for late in self.take_late(next) {
                        // As a task of its own, so that no panic ends this one.
                        tokio::spawn(async { late() });
                    }
                }
            }
        }
    }

    /// Takes the queries that are late, and notes the deadline to wait for.
    fn take_late(&self, now: Instant) -> Vec<Late> {
        let mut state = self.state();
        let mut late = Vec::new();
        while let Some(query) = state.queries.first_entry().filter(|query| query.key().0 <= now) {
            late.push(query.remove());
        }
        state.next = state.queries.first_key_value().map(|((deadline, _), _)| *deadline);
        late
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let query = self.lateness.state().queries.remove(&self.key);
        // What it contains is dropped outside the lock.
        drop(query);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;
    use crate::network::client::runtime;

    #[test]
    fn calls_for_queries_that_are_late_and_not_for_those_that_have_ended() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let (calls, called) = mpsc::channel();
        let register = |name: &'static str, milliseconds| {
            let calls = calls.clone();
            let deadline = Instant::now() + Duration::from_millis(milliseconds);
            lateness.register(runtime.handle(), deadline, Box::new(move || calls.send(name).unwrap()))
        };
        let _much_later = register("much later", 60_000);
        let _late = register("late", 20);
        let _earlier = register("earlier", 10);
        drop(register("ended", 15));
        let called = |()| called.recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!([(); 2].map(called), ["earlier", "late"]);
        assert_eq!(lateness.state().queries.len(), 1);
    }

    #[test]
    fn a_panic_of_one_leaves_the_others_on_time() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let (calls, called) = mpsc::channel();
        let now = Instant::now();
        let _odd = lateness.register(runtime.handle(), now, Box::new(|| panic!("on purpose")));
        let second = Box::new(move || calls.send(()).unwrap());
        let _second = lateness.register(runtime.handle(), now + Duration::from_millis(10), second);
        called.recv_timeout(Duration::from_secs(5)).unwrap();
    }

    #[test]
    fn waits_on_for_a_deadline_whose_query_has_ended_so_that_the_next_query_wakes_nobody() {
        let runtime = runtime().unwrap();
        let lateness = Arc::new(Lateness::default());
        let first = Instant::now() + Duration::from_secs(60);
        drop(lateness.register(runtime.handle(), first, Box::new(|| ())));
        let _second = lateness.register(runtime.handle(), first + Duration::from_secs(1), Box::new(|| ()));
        assert_eq!(lateness.state().next, Some(first));
    }
}
