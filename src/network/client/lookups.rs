//! Resolves names: one lookup per name at a time, and few in total.
//!
//! The system's resolver blocks a thread and cannot be interrupted. A silent name server blocks it for up to half a
//! minute, so the threads are divided: names chosen by others share theirs, and delay neither `OpenAI`, Azure and the
//! proxies nor names that were resolved before.
//!
//! Only the names that were resolved are remembered. A result is shared by those who wait for it at the same time, and
//! each of them checks it against its own rules.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::watch;

use crate::budgets::{MAX_KNOWN_NAMES, MAX_LOOKUPS, RESERVED_LOOKUPS};

/// Finds the addresses of a name; may block.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Uses the system's resolver.
///
/// # Errors
/// Those of the resolver.
pub fn system_lookup(name: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((name, 0).to_socket_addrs()?.collect())
}

/// The addresses of a name, at least one.
pub(super) type Found = Result<Vec<SocketAddr>, Unresolved>;

/// Why a name has no address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unresolved(pub(super) String);

/// A group of lookups that share threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    /// `OpenAI`, Azure, proxies: names that nobody else chooses.
    Trusted,
    /// Names that were resolved the last time.
    Known,
    New,
}

impl Lane {
    const fn max_threads(self) -> usize {
        match self {
            Self::Trusted | Self::Known => RESERVED_LOOKUPS,
            Self::New => MAX_LOOKUPS - 2 * RESERVED_LOOKUPS,
        }
    }
}

/// A name to resolve. A trusted lookup never waits for an untrusted one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) name: String,
    /// Whether it belongs to `OpenAI`, Azure or a proxy.
    pub(super) is_trusted: bool,
}

/// The lookups of this process.
#[derive(Clone)]
pub(super) struct Lookups {
    lookup: Arc<Lookup>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Lookups that are waiting or running.
    pending: HashMap<Target, watch::Sender<Option<Found>>>,
    queues: HashMap<Lane, VecDeque<Target>>,
    threads: HashMap<Lane, usize>,
    /// The names resolved most recently, the latest last.
    known: VecDeque<String>,
}

impl State {
    fn lane(&self, target: &Target) -> Lane {
        if target.is_trusted {
            Lane::Trusted
        } else if self.known.contains(&target.name) {
            Lane::Known
        } else {
            Lane::New
        }
    }

    /// Queues a lookup, and returns whether it needs another thread.
    fn enqueue(&mut self, lane: Lane, target: Target) -> bool {
        let queue = self.queues.entry(lane).or_default();
        let pending = &mut self.pending;
        queue.retain(|target| {
            let is_wanted = pending.get(target).is_some_and(|sender| sender.receiver_count() > 0);
            if !is_wanted {
                pending.remove(target);
            }
            is_wanted
        });
        queue.push_back(target);
        let threads = self.threads.entry(lane).or_default();
        let needs_thread = *threads < lane.max_threads();
        *threads += usize::from(needs_thread);
        needs_thread
    }

    /// The next lookup that someone waits for; `None` ends the thread.
    fn next(&mut self, lane: Lane) -> Option<Target> {
        let queue = self.queues.entry(lane).or_default();
        while let Some(target) = queue.pop_front() {
            if self.pending.get(&target).is_some_and(|sender| sender.receiver_count() > 0) {
                return Some(target);
            }
            self.pending.remove(&target);
        }
        *self.threads.entry(lane).or_default() -= 1;
        None
    }

    fn finish(&mut self, target: &Target, found: Found) {
        self.known.retain(|known| *known != target.name);
        if found.is_ok() {
            self.known.push_back(target.name.clone());
            if self.known.len() > MAX_KNOWN_NAMES {
                self.known.pop_front();
            }
        }
        if let Some(sender) = self.pending.remove(target) {
            sender.send_replace(Some(found));
        }
    }
}

impl Lookups {
    pub(super) fn new(lookup: Arc<Lookup>) -> Self {
        Self { lookup, state: Arc::default() }
    }

    /// The addresses of a name, from a new lookup or one in progress.
    pub(super) async fn find(&self, target: &Target) -> Found {
        let mut found = self.subscribe(target);
        match found.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(found)) => found.clone(),
            _ => Err(Unresolved("the lookup was given up".to_owned())),
        }
    }

    /// Whether a lookup is waiting or running.
    #[cfg(test)]
    fn is_pending(&self, target: &Target) -> bool {
        self.state().pending.contains_key(target)
    }

    fn subscribe(&self, target: &Target) -> watch::Receiver<Option<Found>> {
        let mut state = self.state();
        if let Some(sender) = state.pending.get(target) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        state.pending.insert(target.clone(), sender);
        let lane = state.lane(target);
        if state.enqueue(lane, target.clone()) {
            let lookups = self.clone();
            let started = thread::Builder::new().name("tooljet-lookup".to_owned()).spawn(move || lookups.work(lane));
            if let Err(error) = started {
                *state.threads.entry(lane).or_default() -= 1;
                state.finish(target, Err(Unresolved(error.to_string())));
            }
        }
        receiver
    }

    /// Resolves names until the queue is empty.
    fn work(&self, lane: Lane) {
        loop {
            let Some(target) = self.state().next(lane) else { return };
            let found = match (self.lookup)(&target.name) {
                Ok(addresses) if addresses.is_empty() => Err(Unresolved("no address".to_owned())),
                Ok(addresses) => Ok(addresses),
                Err(error) => Err(Unresolved(error.to_string())),
            };
            self.state().finish(&target, found);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use tokio::time::timeout;

    use super::*;

    fn target(name: &str, is_trusted: bool) -> Target {
        Target { name: name.to_owned(), is_trusted }
    }

    /// Lookups that resolve everything at once, except names starting with `silent`, which block until the sender is
    /// dropped.
    fn lookups() -> (Lookups, mpsc::Sender<()>) {
        let (open_gate, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let lookup = move |name: &str| match name {
            "nowhere" => Ok(Vec::new()),
            "unknown" => Err(io::Error::other("no such name")),
            name => {
                if name.starts_with("silent") {
                    let _ = gate.lock().unwrap().recv();
                }
                Ok(vec!["192.0.2.1:0".parse().unwrap()])
            }
        };
        (Lookups::new(Arc::new(lookup)), open_gate)
    }

    fn block_on(test: impl Future<Output = ()>) {
        crate::network::client::runtime().unwrap().block_on(test);
    }

    /// Starts as many silent lookups of untrusted names as allowed, and one more.
    fn silence(lookups: &Lookups) -> Vec<watch::Receiver<Option<Found>>> {
        (0..=MAX_LOOKUPS).map(|n| lookups.subscribe(&target(&format!("silent-{n}"), false))).collect()
    }

    #[test]
    fn distinguishes_resolved_names_names_without_address_and_unknown_names() {
        block_on(async {
            let (lookups, _gate) = lookups();
            assert_eq!(lookups.find(&target("name", false)).await.unwrap(), ["192.0.2.1:0".parse().unwrap()]);
            assert_eq!(lookups.find(&target("nowhere", false)).await.unwrap_err().0, "no address");
            assert_eq!(lookups.find(&target("unknown", false)).await.unwrap_err().0, "no such name");
            assert!(!lookups.is_pending(&target("unknown", false)));
        });
    }

    #[test]
    fn does_not_delay_trusted_or_known_names_for_silent_ones() {
        block_on(async {
            let (lookups, gate) = lookups();
            lookups.find(&target("known", false)).await.unwrap();
            let silent = silence(&lookups);
            assert_eq!(lookups.state().threads[&Lane::New], MAX_LOOKUPS - 2 * RESERVED_LOOKUPS);
            // If it were trusted, its lookup would not wait for a thread.
            let name = target("api.example", false);
            assert!(timeout(Duration::from_millis(10), lookups.find(&name)).await.is_err());
            assert!(lookups.is_pending(&name));
            for found in [target("known", false), target("api.example", true)] {
                timeout(Duration::from_secs(60), lookups.find(&found)).await.unwrap().unwrap();
            }
            drop(gate);
            for mut found in silent {
                found.wait_for(Option::is_some).await.unwrap();
            }
        });
    }

    #[test]
    fn does_not_start_an_abandoned_lookup() {
        block_on(async {
            let (lookups, gate) = lookups();
            let mut silent = silence(&lookups);
            drop(lookups.subscribe(&target("given up", false)));
            let next = lookups.subscribe(&target("next", false));
            assert!(!lookups.is_pending(&target("given up", false)), "it is still queued");
            silent.push(next);
            // The former is removed when another is queued, this one when its turn comes.
            drop(lookups.subscribe(&target("given up last", false)));
            drop(gate);
            for mut found in silent {
                found.wait_for(Option::is_some).await.unwrap();
            }
            while !lookups.state().threads.values().all(|threads| *threads == 0) {
                tokio::task::yield_now().await;
            }
            let state = lookups.state();
            assert!(state.pending.is_empty() && state.known.iter().all(|name| !name.starts_with("given up")));
        });
    }

    #[test]
    fn remembers_a_limited_number_of_resolved_names() {
        let mut state = State::default();
        let found = || Ok(vec!["192.0.2.1:0".parse().unwrap()]);
        for n in 0..=MAX_KNOWN_NAMES {
            state.finish(&target(&n.to_string(), false), found());
        }
        assert_eq!(state.known.len(), MAX_KNOWN_NAMES);
        assert!(state.lane(&target("0", false)) == Lane::New && state.lane(&target("1", false)) == Lane::Known);
        state.finish(&target("1", false), Err(Unresolved(String::new())));
        assert!(state.lane(&target("1", false)) == Lane::New);
    }
}
