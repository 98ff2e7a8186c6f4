//! The one table where model names appear: defaults, what a family rejects, what is gone.
//!
//! As of 2026-11, from `OpenAI`'s model pages, SDK types and reports. Nothing here limits
//! what can be used: an unknown model passes through as it is, and what this table does
//! not know about a model is read from the API's errors (`adjust.rs`).

use crate::error::hints::{ModelEnd, ModelFacts};

/// Model of a Chat query that names none.
pub const DEFAULT_CHAT_MODEL: &str = "gpt-5.4-mini";
/// Model of a Completions query that names none. `OpenAI` no longer serves any model at
/// `/completions`; the engine `auto` then continues through [`DEFAULT_CHAT_MODEL`].
pub const DEFAULT_COMPLETION_MODEL: &str = "gpt-3.5-turbo-instruct";
/// Model of a Generate embedding query that names none.
pub const DEFAULT_EMBEDDING_MODEL: &str = "text-embedding-3-small";
/// Model of a Generate image query that names none.
pub const DEFAULT_IMAGE_MODEL: &str = "gpt-image-2";

/// When a family takes `temperature`, `top_p` and `logprobs`.
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

/// What the chat models of one family reject with HTTP 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// When sampling parameters are taken.
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
/// Reasoning is off unless asked for.
const REASONING_ON_DEMAND: Family = Family { sampling: Sampling::WithoutEffort, rejects_stop: false, ..REASONING };
/// Reasoning is on unless turned off.
const REASONING_BY_DEFAULT: Family = Family { sampling: Sampling::WithEffortNone, ..REASONING };

/// `OpenAI`'s chat models without their snapshot dates.
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

/// Announced ends: date, replacement, models.
const SHUTDOWNS: [(Option<&str>, &str, &[&str]); 18] = [
    (
        Some("2026-09-28"),
        DEFAULT_CHAT_MODEL,
        &["gpt-3.5-turbo-instruct", "babbage-002", "davinci-002", "gpt-3.5-turbo-1106"],
    ),
    (
        None,
        DEFAULT_CHAT_MODEL,
        &["text-davinci-003", "text-davinci-002", "text-curie-001", "text-babbage-001", "text-ada-001"],
    ),
    (Some("2026-10-23"), "gpt-5.4-mini", &["gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-4.1-nano"]),
    (
        Some("2026-10-23"),
        "gpt-5.4",
        &["gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4-1106-preview", "gpt-4o-2024-05-13"],
    ),
    (Some("2026-10-23"), "gpt-6-sol", &["o1"]),
    (Some("2026-10-23"), "gpt-6-luna", &["o3-mini", "o4-mini"]),
    (Some("2026-08-10"), "gpt-5.4", &["gpt-5.2-chat-latest", "gpt-5.3-chat-latest"]),
    (
        Some("2026-07-23"),
        "gpt-5.4",
        &["gpt-5-chat-latest", "gpt-5.1-chat-latest", "gpt-5.1-codex", "gpt-4o-search-preview"],
    ),
    (Some("2026-07-23"), "gpt-5.4-mini", &["gpt-4o-mini-search-preview"]),
    (None, "gpt-6-luna", &["o1-mini", "codex-mini-latest"]),
    (None, "gpt-6-sol", &["o1-preview"]),
    (None, "gpt-5.4", &["chatgpt-4o-latest", "gpt-4-32k", "gpt-4-vision-preview", "gpt-3.5-turbo-16k"]),
    (Some("2026-12-11"), "gpt-6-sol", &["gpt-5", "o3"]),
    (Some("2026-12-11"), "gpt-5.4-mini", &["gpt-5-mini", "gpt-5-nano"]),
    (Some("2027-01-14"), "gpt-5.4", &["gpt-4o", "gpt-4.1"]),
    (Some("2027-01-14"), "gpt-5.4-mini", &["gpt-4o-mini", "gpt-4.1-mini"]),
    (Some("2027-04-01"), "gpt-5.4", &["gpt-5.1"]),
    (None, DEFAULT_IMAGE_MODEL, &["dall-e-2", "dall-e-3"]),
];

/// Models that only the Responses API serves.
const RESPONSES_ONLY: [&str; 18] = [
    "o1-pro",
    "o3-pro",
    "o3-deep-research",
    "o4-mini-deep-research",
    "computer-use-preview",
    "gpt-5-codex",
    "gpt-5-pro",
    "gpt-5.1-codex-max",
    "gpt-5.2-codex",
    "gpt-5.3-codex",
    "gpt-5.4-pro",
    "gpt-5.5-pro",
    "gpt-daybreak-blue-latest",
    "gpt-daybreak-red-latest",
    "gpt-5.6-cyber",
    "gpt-6-cyber",
    "gpt-rosalind-research",
    "gpt-6-rosalind",
];

/// What `model`'s family rejects; `None` for models that this table does not know.
#[must_use]
pub fn family(model: &str) -> Option<Family> {
    let base = base(model);
    FAMILIES.iter().find(|(_, models)| models.contains(&base)).map(|(family, _)| *family)
}

/// The announced end of `model`, by its exact name or, for a snapshot, its family's.
#[must_use]
pub fn end(model: &str) -> Option<ModelEnd> {
    let by_name = |name: &str| {
        SHUTDOWNS
            .iter()
            .find(|(_, _, models)| models.contains(&name))
            .map(|(date, replacement, _)| ModelEnd { date: *date, replacement })
    };
    by_name(model).or_else(|| by_name(base(model)))
}

/// What hints say about `model`.
#[must_use]
pub fn facts(model: &str) -> ModelFacts {
    ModelFacts { end: end(model), is_responses_only: is_responses_only(model), chat_model: DEFAULT_CHAT_MODEL }
}

/// Whether only the Responses API serves `model`.
#[must_use]
pub fn is_responses_only(model: &str) -> bool {
    RESPONSES_ONLY.contains(&base(model))
}

/// Whether `model`, perhaps with a provider's prefix, is known to draw images.
#[must_use]
pub fn is_image_model(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ["gpt-image", "chatgpt-image", "dall-e"].iter().any(|start| name.starts_with(start))
}

/// Whether `model` calls itself an embedding model, as those of all providers do.
#[must_use]
pub fn is_embedding_model(model: &str) -> bool {
    model.to_ascii_lowercase().contains("embed")
}

/// `ft:gpt-4.1-2025-04-14:org::id` and `gpt-4.1-2025-04-14` are both a `gpt-4.1`.
fn base(model: &str) -> &str {
    let name = model.strip_prefix("ft:").map_or(model, |rest| rest.split(':').next().unwrap_or(rest));
    let Some((start, date)) = name.len().checked_sub(11).and_then(|at| name.split_at_checked(at)) else {
        return name;
    };
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        0 | 5 | 8 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if is_date { start } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_and_fine_tunes_belong_to_their_family() {
        assert_eq!(family("gpt-5.4-mini-2026-03-17"), Some(REASONING_ON_DEMAND));
        assert_eq!(family("ft:gpt-4.1-2025-04-14:org::abc"), Some(CLASSIC));
        assert_eq!(family("gpt-4o"), Some(CLASSIC));
        assert_eq!(family("gpt-6-astra").unwrap().sampling, Sampling::Never);
    }

    #[test]
    fn models_for_images_and_for_embeddings_are_known_by_their_names() {
        for model in ["gpt-image-2", "openai/gpt-image-1", "chatgpt-image-latest", "DALL-E-3"] {
            assert!(is_image_model(model) && !is_embedding_model(model), "{model}");
        }
        for model in [DEFAULT_EMBEDDING_MODEL, "nomic-embed-text", "Qwen/Qwen3-Embedding-8B"] {
            assert!(is_embedding_model(model) && !is_image_model(model), "{model}");
        }
        for model in [DEFAULT_CHAT_MODEL, "gpt-4o", "not-gpt-image", ""] {
            assert!(!is_image_model(model) && !is_embedding_model(model), "{model}");
        }
    }

    #[test]
    fn unknown_models_have_no_rules_whatever_they_start_with() {
        for model in ["openchat", "o9-mega", "gpt-7", "gpt-5x", "olmo-2", "ü", ""] {
            assert_eq!(family(model), None, "{model}");
        }
    }

    #[test]
    fn default_models_are_current_where_the_api_still_has_one() {
        for model in [DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDING_MODEL, DEFAULT_IMAGE_MODEL] {
            assert_eq!(end(model), None, "{model}");
        }
    }

    #[test]
    fn every_replacement_is_itself_not_ending() {
        for (_, replacement, models) in SHUTDOWNS {
            assert_eq!(end(replacement), None, "{models:?} -> {replacement}");
        }
    }

    #[test]
    fn models_of_saved_apps_that_are_gone_have_a_replacement() {
        for model in ["o1", "o3-mini", "o4-mini", "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo-0125", "text-davinci-003"] {
            assert!(end(model).is_some(), "{model}");
        }
        assert_eq!(end("gpt-5-2025-08-07").unwrap().date, Some("2026-12-11"));
    }
}
