//! The default models, and what each model family rejects.
//!
//! As of 2026-11, from `OpenAI`'s model pages, SDK types and reports. Nothing here limits what can be used: requests to
//! unknown models stay unchanged, and anything missing here is learned from the API's errors (`adjust`). Which
//! endpoints serve a model is not included, because sources contradict each other and the API's errors are clear.

use crate::{
    error::hints::ModelFacts,
    policy::shutdowns::{self, Day},
};

/// Default model of Chat, and the model that continues Completions instead of [`DEFAULT_COMPLETION_MODEL`].
///
/// It accepts a temperature, and does not reason by default: all of Max tokens is for the answer, which comes at once.
/// No shutdown is announced. `gpt-6-luna` costs a seventh as much, but reasons by default, rejects a temperature while
/// it does, and may spend a low Max tokens before it writes anything.
pub const DEFAULT_CHAT_MODEL: &str = "gpt-5.4-mini";
/// Default model of Completions. `OpenAI` no longer serves any model at `/completions`; the engine `auto` then
/// continues through [`DEFAULT_CHAT_MODEL`].
pub const DEFAULT_COMPLETION_MODEL: &str = "gpt-3.5-turbo-instruct";
/// Default model of Generate embedding. Vectors of different models cannot be compared, so this must stay the same for
/// vectors that apps have stored, as long as the API serves it.
pub const DEFAULT_EMBEDDING_MODEL: &str = "text-embedding-3-small";
/// Default model of Generate image. No shutdown is announced.
pub const DEFAULT_IMAGE_MODEL: &str = "gpt-image-2";

/// When a family accepts `temperature`, `top_p` and `logprobs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Always.
    Always,
    /// Unless a reasoning effort other than `none` is set.
    WithoutEffort,
    /// Only with the reasoning effort `none`.
    WithEffortNone,
    /// Never.
    Never,
}

/// What a family of chat models rejects with HTTP 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// When sampling parameters are accepted.
    pub sampling: Sampling,
    /// Whether `stop` is rejected.
    pub rejects_stop: bool,
    /// Whether penalties and `logit_bias` are rejected.
    pub rejects_penalties: bool,
    /// Whether `reasoning_effort` is rejected.
    pub rejects_effort: bool,
}

const CLASSIC: Family =
    Family { sampling: Sampling::Always, rejects_stop: false, rejects_penalties: false, rejects_effort: true };
const REASONING: Family =
    Family { sampling: Sampling::Never, rejects_stop: true, rejects_penalties: true, rejects_effort: false };
/// Reasoning is off by default.
const REASONING_ON_DEMAND: Family = Family { sampling: Sampling::WithoutEffort, rejects_stop: false, ..REASONING };
/// Reasoning is on by default.
const REASONING_BY_DEFAULT: Family = Family { sampling: Sampling::WithEffortNone, ..REASONING };

/// `OpenAI`'s chat models without snapshot dates.
const FAMILIES: [(Family, &[&str]); 5] = [
    (CLASSIC, &["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"]),
    (Family { rejects_stop: false, ..REASONING }, &["o1", "o3-mini"]),
    (REASONING, &["o3", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-6-astra", "gpt-6.1-sol"]),
    (REASONING_ON_DEMAND, &["gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"]),
    (
        REASONING_BY_DEFAULT,
        &["gpt-5.5", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-terra"],
    ),
];

/// What `model`'s family rejects; `None` for unknown models.
#[must_use]
pub fn family(model: &str) -> Option<Family> {
    let base = undated(openai_name(model));
    FAMILIES.iter().find(|(_, models)| models.contains(&base)).map(|(family, _)| *family)
}

/// Facts for hints about `model` on the day `today`. Never recommends the model itself or one in `failed`, and
/// recommends a chat model only for one of `OpenAI`.
#[must_use]
pub fn facts(model: &str, failed: &[&str], today: &Day) -> ModelFacts {
    let has_failed = |name: &str| failed.iter().chain([&model]).any(|other| is_same(name, other));
    let mut end = shutdowns::end(model, today);
    if let Some(end) = &mut end {
        end.replacement.take_if(|name| has_failed(name));
    }
    // A server with other vendors' models rarely also has OpenAI's.
    let is_of_openai = end.is_some() || family(model).is_some() || openai_name(model).starts_with("gpt-");
    ModelFacts { end, chat_model: Some(DEFAULT_CHAT_MODEL).filter(|name| is_of_openai && !has_failed(name)) }
}

/// Whether both name the same model.
fn is_same(one: &str, other: &str) -> bool {
    let base = |model| undated(openai_name(model));
    base(one) == base(other)
}

/// Whether `model` is one of `OpenAI`'s that always search the web. Only Chat serves these, with `web_search_options`
/// instead of a tool.
#[must_use]
pub fn is_search_model(model: &str) -> bool {
    let name = openai_name(model);
    name.starts_with("gpt-") && ["-search-api", "-search-preview"].iter().any(|part| name.contains(part))
}

/// Whether `model` is fine-tuned, such as `ft:gpt-4.1-2025-04-14:org::id`.
#[must_use]
pub fn is_fine_tune(model: &str) -> bool {
    model[vendor_prefix(model).len()..].starts_with("ft:")
}

/// A gateway's prefix before the names of `OpenAI`'s models: `openai/` of `openai/gpt-4o`; empty if there is none.
pub(super) fn vendor_prefix(model: &str) -> &str {
    let prefix = model.rfind('/').map_or("", |end| &model[..=end]);
    let vendor = prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if vendor.eq_ignore_ascii_case("openai") { prefix } else { "" }
}

/// `OpenAI`'s own name of a model: `gpt-4.1` for `openai/gpt-4.1`, `openai/gpt-4.1:online` and `ft:gpt-4.1:org::id`.
pub(super) fn openai_name(model: &str) -> &str {
    let name = &model[vendor_prefix(model).len()..];
    let name = name.strip_prefix("ft:").unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// A model's name without its snapshot date: `gpt-4.1` for `gpt-4.1-2025-04-14`.
pub(super) fn undated(name: &str) -> &str {
    let Some((start, date)) = name.len().checked_sub(11).and_then(|at| name.split_at_checked(at)) else {
        return name;
    };
    if date.strip_prefix('-').is_some_and(shutdowns::is_day) { start } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigns_snapshots_and_fine_tunes_to_their_family() {
        assert_eq!(family("gpt-5.4-mini-2026-03-17"), Some(REASONING_ON_DEMAND));
        assert_eq!(family("ft:gpt-4.1-2025-04-14:org::abc"), Some(CLASSIC));
        assert_eq!(family("gpt-4o"), Some(CLASSIC));
        assert_eq!(family("gpt-6-astra").unwrap().sampling, Sampling::Never);
    }

    #[test]
    fn recognizes_models_that_always_search_by_name() {
        for model in ["gpt-5-search-api", "openai/gpt-4o-mini-search-preview-2025-03-11"] {
            assert!(is_search_model(model), "{model}");
        }
        for model in [DEFAULT_CHAT_MODEL, "someone/gpt-5-search-api", "my-search-api", ""] {
            assert!(!is_search_model(model), "{model}");
        }
    }

    #[test]
    fn has_no_rules_for_unknown_models_with_similar_names() {
        for model in ["openchat", "o9-mega", "gpt-7", "gpt-5x", "olmo-2", "ü", ""] {
            assert_eq!(family(model), None, "{model}");
        }
    }

    #[test]
    fn assigns_gateway_names_to_their_family() {
        for model in ["openai/gpt-4o", "openrouter/openai/gpt-4o-2024-08-06", "openai/gpt-4o:online", "OpenAI/gpt-4o"] {
            assert_eq!(family(model), Some(CLASSIC), "{model}");
        }
        for model in ["someone/gpt-4o", "openai/", "/gpt-4o", "openai/gpt-4o/", "openai-compatible/gpt-4o"] {
            assert_eq!(family(model), None, "{model}");
        }
        assert!(is_fine_tune("ft:gpt-4.1:org::a") && is_fine_tune("openai/ft:gpt-4.1:org::a"));
        assert!(!is_fine_tune("gpt-4.1") && !is_fine_tune("draft:gpt-4.1"));
    }

    #[test]
    fn recommends_a_chat_model_only_for_one_of_openai() {
        let today = Day::of_text("2026-11-25");
        let recommended = |model| facts(model, &[], &today).chat_model;
        assert_eq!(recommended("gpt-5-pro"), Some(DEFAULT_CHAT_MODEL));
        assert_eq!(recommended("nomic-embed-text"), None);
    }

    #[test]
    fn recommends_no_model_that_has_just_failed() {
        let today = Day::of_text("2026-11-25");
        let recommended = |model: &str, failed: &[&str]| {
            let facts = facts(model, failed, &today);
            (facts.end.and_then(|end| end.replacement), facts.chat_model)
        };
        assert_eq!(recommended("gpt-6-sol", &[]), (None, Some(DEFAULT_CHAT_MODEL)));
        for same in [DEFAULT_CHAT_MODEL, "gpt-5.4-mini-2026-03-17", "openai/gpt-5.4-mini", "ft:gpt-5.4-mini:org::a"] {
            assert_eq!(recommended(same, &[]), (None, None), "{same}");
            assert_eq!(recommended("davinci-002", &[same]), (None, None), "{same}");
        }
        let replacement = Some(DEFAULT_CHAT_MODEL.to_owned());
        assert_eq!(recommended("davinci-002", &[]), (replacement, Some(DEFAULT_CHAT_MODEL)));
    }
}
