//! What the process has learned about models, so that only the first query pays for it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::policy::adjust::Adjustment;

/// Models remembered at most. Model names come from queries, so their number has no other
/// bound; when it is reached, everything is forgotten and learnt again at need.
const MAX_MODELS: usize = 1_000;
/// Longest name that is remembered, with its address: a query may name a model of megabytes.
const MAX_NAME_BYTES: usize = 1_000;

/// Facts that an API told about its models, by base URL, endpoint and model.
#[derive(Debug, Default)]
pub struct ModelCache {
    adjustments: Mutex<HashMap<String, Vec<Adjustment>>>,
    chat_models: Mutex<HashMap<String, String>>,
}

impl ModelCache {
    /// The adjustments that requests for this model need.
    pub fn adjustments(&self, model: &str) -> Vec<Adjustment> {
        locked(&self.adjustments).get(model).cloned().unwrap_or_default()
    }

    /// Remembers that requests for this model need `adjustment`.
    pub fn learn(&self, model: &str, adjustment: &Adjustment) {
        if model.len() > MAX_NAME_BYTES {
            return;
        }
        let mut known = locked(&self.adjustments);
        make_room(&mut known, model);
        let known = known.entry(model.to_owned()).or_default();
        if !known.contains(adjustment) {
            known.push(adjustment.clone());
        }
    }

    /// The chat model that stands in for a model which `/completions` no longer serves.
    pub fn chat_model(&self, model: &str) -> Option<String> {
        locked(&self.chat_models).get(model).cloned()
    }

    /// Remembers that `/completions` does not serve `model`, but chat serves `chat_model`.
    pub fn learn_chat_model(&self, model: &str, chat_model: &str) {
        if model.len() > MAX_NAME_BYTES || chat_model.len() > MAX_NAME_BYTES {
            return;
        }
        let mut known = locked(&self.chat_models);
        make_room(&mut known, model);
        known.insert(model.to_owned(), chat_model.to_owned());
    }
}

fn make_room<V>(known: &mut HashMap<String, V>, key: &str) {
    if known.len() >= MAX_MODELS && !known.contains_key(key) {
        known.clear();
    }
}

/// A panic elsewhere leaves the maps as they were: each change is one insert.
fn locked<K: Eq + Hash, V>(map: &Mutex<HashMap<K, V>>) -> MutexGuard<'_, HashMap<K, V>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let cache = ModelCache::default();
        for n in 0..3 * MAX_MODELS {
            cache.learn_chat_model(&n.to_string(), "chat");
        }
        assert!(locked(&cache.chat_models).len() <= MAX_MODELS);
        assert_eq!(cache.chat_model(&(3 * MAX_MODELS - 1).to_string()).as_deref(), Some("chat"));
    }

    #[test]
    fn names_that_no_model_has_are_not_remembered() {
        let cache = ModelCache::default();
        let name = "m".repeat(MAX_NAME_BYTES + 1);
        cache.learn(&name, &Adjustment::Removed("seed".to_owned()));
        cache.learn_chat_model(&name, "chat");
        cache.learn_chat_model("short", &name);
        assert!(locked(&cache.adjustments).is_empty() && locked(&cache.chat_models).is_empty());
    }
}
