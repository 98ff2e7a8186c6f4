//! Remembers what servers said about their models, so that only one query per hour has to find out.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Map, Value};

use crate::{
    budgets::{MAX_CACHE_AGE, MAX_CACHED_FACTS, MAX_CACHED_FACTS_PER_MODEL, MAX_INLINE_BYTES},
    error::{ApiError, cause::ApiCause},
    input::options::SourceOptions,
    policy::{
        adjust::{Rejection, Scope},
        paces::Paces,
    },
};

/// Facts about models, and the paces of requests to them. Every fact belongs to one [`CacheKey`], so that no data
/// source affects another's requests.
#[derive(Debug, Default)]
pub struct ModelCache {
    /// The pace of requests to each model.
    pub paces: Paces,
    hasher: RandomState,
    /// Oldest first.
    entries: Mutex<VecDeque<Entry>>,
}

/// Identifies what a fact is about: a hash of everything that it may depend on. The hash's random key never leaves the
/// process, so the hash reveals nothing about the credentials in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheKey(Option<[u64; 2]>);

#[derive(Debug)]
struct Entry {
    key: CacheKey,
    fact: Fact,
    added: Duration,
}

#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Rejection(Rejection),
    Fallback(ApiCause),
}

impl ModelCache {
    /// The key of a request to this path with this JSON body.
    ///
    /// A gateway may choose its upstream by any header and any part of the URL. What a model rejects may depend on its
    /// reasoning effort and on tools.
    pub fn key(&self, source: &SourceOptions, path: &str, body: Option<&Map<String, Value>>) -> CacheKey {
        let url = source.base_url.url().as_str();
        let headers: Vec<_> = source.headers.iter().map(|(name, value)| (name, value.expose())).collect();
        let member = |name: &str| body.and_then(|body| body.get(name));
        let text = |name: &str| member(name).and_then(Value::as_str).unwrap_or_default();
        let (model, effort) = (text("model"), text("reasoning_effort"));
        let has_tools = ["tools", "functions"].into_iter().any(|name| member(name).is_some());
        // No real model has such a name, and hashing it would delay other queries.
        if url.len() + model.len() + effort.len() > MAX_INLINE_BYTES {
            return CacheKey(None);
        }
        let parts = (url, path, headers, model, effort, has_tools);
        CacheKey(Some([0_u8, 1].map(|half| self.hasher.hash_one((half, &parts)))))
    }

    /// The known rejections, oldest first.
    pub fn rejections(&self, key: CacheKey, now: Duration) -> Vec<Rejection> {
        self.facts(key, now, |fact| match fact {
            Fact::Rejection(rejection) => Some(rejection.clone()),
            Fact::Fallback(_) => None,
        })
    }

    /// Remembers a rejection for other requests.
    pub fn add_rejection(&self, key: CacheKey, rejection: Rejection, now: Duration) {
        if rejection.scope != Scope::ThisRequest {
            self.add(key, Fact::Rejection(rejection), now);
        }
    }

    /// Why this endpoint does not serve a model that the next endpoint serves.
    pub fn fallback(&self, key: CacheKey, now: Duration) -> Option<ApiCause> {
        let causes = self.facts(key, now, |fact| match fact {
            Fact::Fallback(cause) => Some(*cause),
            Fact::Rejection(_) => None,
        });
        causes.last().copied()
    }

    /// Remembers that this endpoint failed with `error` and the next one succeeded, provided that the error is about
    /// the model. A proxy or a restarting server may lack a path for a moment, and an account may be given access.
    pub fn add_fallback(&self, key: CacheKey, error: &ApiError, now: Duration) {
        let cause = ApiCause::of(error);
        let is_about_model = matches!(
            cause,
            ApiCause::ModelNotFound
                | ApiCause::ModelOfOtherEndpoint
                | ApiCause::ModelOfResponses
                | ApiCause::ToolsOfResponses
        );
        if is_about_model && error.is_json && error.status != 403 {
            self.add(key, Fact::Fallback(cause), now);
        }
    }

    fn facts<T>(&self, key: CacheKey, now: Duration, pick: impl Fn(&Fact) -> Option<T>) -> Vec<T> {
        let entries = self.entries();
        let valid = entries.iter().filter(|entry| entry.key == key && !entry.has_expired(now));
        valid.filter_map(|entry| pick(&entry.fact)).collect()
    }

    fn add(&self, key: CacheKey, fact: Fact, now: Duration) {
        if key.0.is_none() {
            return;
        }
        let mut entries = self.entries();
        entries.retain(|entry| !(entry.has_expired(now) || entry.key == key && entry.fact == fact));
        if entries.iter().filter(|entry| entry.key == key).count() >= MAX_CACHED_FACTS_PER_MODEL
            && let Some(oldest) = entries.iter().position(|entry| entry.key == key)
        {
            entries.remove(oldest);
        }
        if entries.len() >= MAX_CACHED_FACTS {
            entries.pop_front();
        }
        entries.push_back(Entry { key, fact, added: now });
    }

    /// A panic elsewhere leaves the entries valid, because each change is complete in itself.
    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn has_expired(&self, now: Duration) -> bool {
        now.saturating_sub(self.added) >= MAX_CACHE_AGE
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{budgets::MAX_CACHED_VALUE_BYTES, input::fields::Fields, policy::adjust::Adjustment};

    const NOW: Duration = Duration::from_secs(1_000);

    fn source(options: &Value) -> SourceOptions {
        SourceOptions::from_fields(&Fields::of("sourceOptions", options).unwrap()).unwrap()
    }

    fn key(cache: &ModelCache, source: &SourceOptions, body: Value) -> CacheKey {
        cache.key(source, "/chat/completions", body.as_object())
    }

    fn key_of(cache: &ModelCache, model: usize) -> CacheKey {
        key(cache, &source(&json!({"apiKey": "sk-1"})), json!({"model": format!("m{model}")}))
    }

    fn rejection(value: usize) -> Rejection {
        Rejection { adjustment: Adjustment::Removed("seed"), scope: Scope::Value(value.to_string()) }
    }

    fn model_not_found() -> ApiError {
        ApiError { status: 404, code: Some("model_not_found".to_owned()), is_json: true, ..ApiError::default() }
    }

    #[test]
    fn distinguishes_everything_that_a_rejection_may_depend_on() {
        let cache = ModelCache::default();
        let base = json!({"apiKey": "sk-1", "base_url": "https://gateway.example/v1?to=a"});
        let with = |more: Value| {
            let mut options = base.clone();
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            source(&options)
        };
        let plain = with(json!({}));
        let body = json!({"model": "m", "reasoning_effort": "low"});
        let mut keys = vec![key(&cache, &plain, body.clone())];
        assert_eq!(keys[0], key(&cache, &plain, json!({"reasoning_effort": "low", "seed": 1, "model": "m"})));
        for other in [
            json!({"apiKey": "sk-2"}),
            json!({"organizationId": "x"}),
            json!({"project_id": "x"}),
            json!({"headers": [["x-team", "x"]]}),
            json!({"headers": [["x-team", "y"]]}),
            json!({"headers": [["x-t", "eamx"]]}),
            json!({"base_url": "https://gateway.example/v1?to=b"}),
            json!({"base_url": "https://gateway.example/v2?to=a"}),
            json!({"base_url": "https://gateway.example:444/v1?to=a"}),
            json!({"base_url": "http://gateway.example/v1?to=a"}),
        ] {
            keys.push(key(&cache, &with(other), body.clone()));
        }
        for other in [
            json!({"model": "m", "reasoning_effort": "high"}),
            json!({"model": "m"}),
            json!({"model": "ml", "reasoning_effort": "ow"}),
            json!({"model": "m", "reasoning_effort": "low", "tools": []}),
        ] {
            keys.push(key(&cache, &plain, other));
        }
        keys.push(cache.key(&plain, "/completions", body.as_object()));
        keys.push(ModelCache::default().key(&plain, "/chat/completions", body.as_object()));
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys[..n].contains(key), "{n}");
            assert!(key.0.is_some_and(|[first, second]| first != second), "128 bits, not 64 twice");
        }
        let with_functions = json!({"model": "m", "reasoning_effort": "low", "functions": []});
        assert_eq!(key(&cache, &plain, with_functions), keys[14]);
    }

    #[test]
    fn caches_nothing_for_names_that_no_model_has() {
        let cache = ModelCache::default();
        let source = source(&json!({"apiKey": "sk-1"}));
        for body in
            [json!({"model": "m".repeat(MAX_INLINE_BYTES)}), json!({"reasoning_effort": "m".repeat(MAX_INLINE_BYTES)})]
        {
            let key = key(&cache, &source, body);
            cache.add_rejection(key, rejection(1), NOW);
            cache.add_fallback(key, &model_not_found(), NOW);
        }
        assert_eq!(cache.entries().len(), 0);
    }

    #[test]
    fn caches_no_rejection_specific_to_one_request() {
        let cache = ModelCache::default();
        cache.add_rejection(key_of(&cache, 1), Rejection { scope: Scope::ThisRequest, ..rejection(1) }, NOW);
        assert_eq!(cache.entries().len(), 0);
    }

    #[test]
    fn forgets_a_fact_after_an_hour_even_if_used() {
        let cache = ModelCache::default();
        let key = key_of(&cache, 1);
        cache.add_rejection(key, rejection(1), NOW);
        cache.add_fallback(key, &model_not_found(), NOW);
        let almost = NOW + MAX_CACHE_AGE.saturating_sub(Duration::from_millis(1));
        assert_eq!(cache.rejections(key, almost), [rejection(1)]);
        assert_eq!(cache.fallback(key, almost), Some(ApiCause::ModelNotFound));
        assert_eq!(cache.rejections(key, NOW + MAX_CACHE_AGE), []);
        assert_eq!(cache.fallback(key, NOW + MAX_CACHE_AGE), None);
        cache.add_rejection(key, rejection(2), NOW + MAX_CACHE_AGE);
        assert_eq!(cache.entries().len(), 1);
    }

    #[test]
    fn keeps_a_repeated_fact_once_with_its_latest_time() {
        let cache = ModelCache::default();
        let (key, later) = (key_of(&cache, 1), NOW + MAX_CACHE_AGE / 2);
        cache.add_rejection(key, rejection(1), NOW);
        cache.add_rejection(key, rejection(1), later);
        assert_eq!(cache.entries().len(), 1);
        assert_eq!(cache.rejections(key, NOW + MAX_CACHE_AGE), [rejection(1)]);
    }

    #[test]
    fn limits_the_facts_about_one_model() {
        let cache = ModelCache::default();
        let (busy, other) = (key_of(&cache, 1), key_of(&cache, 2));
        cache.add_rejection(other, rejection(0), NOW);
        for value in 0..=MAX_CACHED_FACTS_PER_MODEL {
            cache.add_rejection(busy, rejection(value), NOW);
        }
        let kept: Vec<_> = (1..=MAX_CACHED_FACTS_PER_MODEL).map(rejection).collect();
        assert_eq!(cache.rejections(busy, NOW), kept);
        assert_eq!(cache.rejections(other, NOW), [rejection(0)]);
    }

    #[test]
    fn limits_the_facts_about_all_models() {
        let cache = ModelCache::default();
        for model in 0..=MAX_CACHED_FACTS {
            cache.add_fallback(key_of(&cache, model), &model_not_found(), NOW);
        }
        assert_eq!(cache.entries().len(), MAX_CACHED_FACTS);
        assert_eq!(cache.fallback(key_of(&cache, 0), NOW), None);
        assert!(cache.fallback(key_of(&cache, 1), NOW).is_some());
        assert!(cache.fallback(key_of(&cache, MAX_CACHED_FACTS), NOW).is_some());
    }

    #[test]
    fn keeps_facts_within_300_bytes() {
        assert!(size_of::<Entry>() + MAX_CACHED_VALUE_BYTES <= 300, "{}", size_of::<Entry>());
    }

    #[test]
    fn caches_a_fallback_only_when_the_error_is_about_the_model() {
        let error = |status, code: Option<&str>, message: &str| ApiError {
            status,
            code: code.map(str::to_owned),
            message: message.to_owned(),
            is_json: true,
            ..ApiError::default()
        };
        let cache = ModelCache::default();
        for (error, expected) in [
            (error(404, Some("model_not_found"), ""), Some(ApiCause::ModelNotFound)),
            (error(400, None, "The model `m` has been deprecated"), Some(ApiCause::ModelNotFound)),
            (error(404, None, "This is a chat model"), Some(ApiCause::ModelOfOtherEndpoint)),
            (error(403, Some("model_not_found"), ""), None),
            (error(404, None, "Not Found"), None),
            (error(405, None, "Method Not Allowed"), None),
            (error(500, None, "down"), None),
            (ApiError { is_json: false, ..error(404, None, "model gateway: backend not found") }, None),
        ] {
            let key = key_of(&cache, usize::from(error.status) * 1_000 + error.message.len());
            cache.add_fallback(key, &error, NOW);
            assert_eq!(cache.fallback(key, NOW), expected, "{error:?}");
        }
    }
}
