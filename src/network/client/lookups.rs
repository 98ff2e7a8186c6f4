//! Looks names up: one lookup per name at a time, and few in all.
//!
//! The system's resolver blocks a thread and cannot be interrupted. A name server that is silent holds that thread
//! for up to half a minute, so the threads are divided: names that others chose share theirs, and hold up neither
//! `OpenAI`, Azure and the proxies nor names that have been found before.
//!
//! Nothing is kept but which names were found: a result is shared by those that wait for it at the same time, and
//! each of them checks its own rules on it.

use std::{
    collections::{HashMap, VecDeque},
    fmt, io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::watch;

use crate::budgets::{MAX_KNOWN_NAMES, MAX_LOOKUPS, RESERVED_LOOKUPS};

/// Finds the addresses of a name; may block.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Asks the system's resolver.
///
/// # Errors
/// Those of the resolver.
pub fn system_lookup(name: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((name, 0).to_socket_addrs()?.collect())
}

/// The addresses of a name, of which there is at least one.
pub(super) type Found = Result<Vec<SocketAddr>, Unresolved>;

/// Why a name has no address.
#[derive(Clone, Debug)]
pub(super) struct Unresolved(pub(super) String);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unresolved {}

/// Lookups that share threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    /// `OpenAI`, Azure, proxies: nobody else chooses these names.
    Trusted,
    /// Names that were found when they were last looked up.
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

/// What is looked up. A trusted lookup never waits for an untrusted one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) name: String,
    /// Whether it is a name of `OpenAI`, of Azure or of a proxy.
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
    /// For as long as a lookup waits or runs.
    pending: HashMap<Target, watch::Sender<Option<Found>>>,
    queues: HashMap<Lane, VecDeque<Target>>,
    threads: HashMap<Lane, usize>,
    /// The names that were found last, the latest at the end.
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

    /// Queues a lookup, and says whether it takes one more thread.
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

    /// The next lookup that somebody waits for; `None` ends the thread.
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

    /// The addresses of a name, from a lookup that starts now or goes on already.
    pub(super) async fn find(&self, target: &Target) -> Found {
        let mut found = self.subscribe(target);
        match found.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(found)) => found.clone(),
            _ => Err(Unresolved("the lookup was given up".to_owned())),
        }
    }

    /// Whether a lookup waits or runs.
    pub(super) fn is_pending(&self, target: &Target) -> bool {
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

    /// Looks names up until none is queued.
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
