//! The paces of requests to all models in use.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::pace::{Begun, Pace, Slot};
use crate::{
    budgets::{MAX_INLINE_BYTES, MAX_PACES},
    input::options::SourceOptions,
};

/// A pace for each base URL, account and model, shared by all queries. Keeps only a hash of these, whose random key
/// never leaves the process.
#[derive(Debug, Default)]
pub struct Paces {
    hasher: RandomState,
    known: Mutex<HashMap<u64, SharedPace>>,
}

/// A pace that queries share.
#[derive(Clone, Debug, Default)]
pub struct SharedPace(Arc<Mutex<Pace>>);

impl Paces {
    /// The pace of this data source's requests to this model; `None` if too many are in use.
    pub fn of(&self, source: &SourceOptions, model: &str) -> Option<SharedPace> {
        let url = source.base_url.url().as_str();
        // No real model has such a name, and hashing it would delay other queries.
        if url.len() + model.len() > MAX_INLINE_BYTES {
            return None;
        }
        let headers: Vec<_> = source.headers.iter().map(|(name, value)| (name, value.expose())).collect();
        let key = self.hasher.hash_one((url, headers, model));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_PACES && !known.contains_key(&key) {
            // Forget the unused ones; if needed, they will be learned again.
            known.retain(|_, pace| pace.is_in_use());
            if known.len() >= MAX_PACES {
                return None;
            }
        }
        Some(known.entry(key).or_default().clone())
    }
}

impl SharedPace {
    /// See [`Pace::slot`].
    #[must_use]
    pub fn slot(&self, now: Duration, latest: Duration) -> Option<Slot> {
        self.pace().slot(now, latest)
    }

    /// See [`Pace::begin`].
    #[must_use]
    pub fn begin(&self, slot: Slot, now: Duration) -> Option<Turn> {
        let begun = self.pace().begin(slot, now)?;
        Some(Turn { pace: self.clone(), begun })
    }

    /// See [`Pace::begin_anyway`].
    #[must_use]
    pub fn begin_anyway(&self, now: Duration) -> Turn {
        let begun = self.pace().begin_anyway(now);
        Turn { pace: self.clone(), begun }
    }

    /// See [`Pace::accepted_at_once`].
    #[must_use]
    pub fn accepted_at_once(&self, now: Duration) -> usize {
        self.pace().accepted_at_once(now)
    }

    /// Whether a query uses it.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// A panic elsewhere leaves it valid, because each change is complete in itself.
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight until this is dropped.
#[derive(Debug)]
pub struct Turn {
    pace: SharedPace,
    begun: Begun,
}

impl Turn {
    /// See [`Pace::answer`].
    pub fn answer(&self, now: Duration) {
        self.pace.pace().answer(now);
    }

    /// See [`Pace::reject`].
    #[must_use]
    pub fn reject(&self, now: Duration, pause: Duration) -> bool {
        self.pace.pace().reject(self.begun, now, pause)
    }

    /// See [`Pace::use_up`].
    pub fn use_up(&self, now: Duration, pause: Duration) {
        self.pace.pace().use_up(self.begun, now, pause);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pace.pace().end();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::fields::Fields;

    fn source(key: &str, base_url: &str) -> SourceOptions {
        let options = json!({"apiKey": key, "base_url": base_url});
        SourceOptions::from_fields(&Fields::of("sourceOptions", &options).unwrap()).unwrap()
    }

    fn is_same(one: &SharedPace, other: &SharedPace) -> bool {
        Arc::ptr_eq(&one.0, &other.0)
    }

    #[test]
    fn is_shared_by_requests_to_the_same_model_server_and_account() {
        let paces = Paces::default();
        let of = |key: &str, base_url: &str, model: &str| paces.of(&source(key, base_url), model).unwrap();
        let first = of("sk-1", "https://a.example/v1", "m");
        assert!(is_same(&first, &of("sk-1", "https://a.example/v1", "m")));
        for other in [
            of("sk-2", "https://a.example/v1", "m"),
            of("sk-1", "https://b.example/v1", "m"),
            of("sk-1", "https://a.example/v1", "n"),
        ] {
            assert!(!is_same(&first, &other));
        }
    }

    #[test]
    fn limits_the_number_of_models_and_forgets_unused_ones() {
        let paces = Paces::default();
        let source = source("sk-1", "https://a.example/v1");
        let kept = paces.of(&source, "m0").unwrap();
        for model in 1..MAX_PACES {
            assert!(paces.of(&source, &format!("m{model}")).is_some());
        }
        assert!(paces.of(&source, "one more").is_some());
        assert!(is_same(&kept, &paces.of(&source, "m0").unwrap()));
        let all: Vec<_> = (0..MAX_PACES).map(|model| paces.of(&source, &format!("n{model}"))).collect();
        assert!(all.iter().any(Option::is_none) && all.iter().flatten().count() >= MAX_PACES - 2);
        assert!(paces.of(&source, &"m".repeat(MAX_INLINE_BYTES)).is_none());
    }

    #[test]
    fn counts_a_request_as_in_flight_until_its_turn_is_dropped() {
        let pace = SharedPace::default();
        let turn = pace.begin_anyway(Duration::ZERO);
        let other = pace.begin_anyway(Duration::ZERO);
        assert!(turn.reject(Duration::ZERO, Duration::from_secs(1)));
        drop(other);
        assert!(!turn.reject(Duration::ZERO, Duration::from_secs(1)));
    }
}
