//! The results of moderation, for the operation Moderate and for Moderation in Chat.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

/// Default model.
pub const DEFAULT_MODERATION_MODEL: &str = "omni-moderation-latest";

/// The result of a moderation, or of several.
#[derive(Debug, Default)]
pub struct Found {
    flagged: bool,
    /// The categories that apply.
    categories: Vec<String>,
    /// The score of each category.
    scores: Map<String, Value>,
}

impl Found {
    /// Reads a result of the API; `None` if it is not one. If `flagged` is missing, it is true if a category applies.
    #[must_use]
    pub fn of(result: Value) -> Option<Self> {
        let Value::Object(mut members) = result else { return None };
        let Some(Value::Object(categories)) = members.swap_remove("categories") else { return None };
        let categories: Vec<_> =
            categories.into_iter().filter(|(_, applies)| applies == true).map(|(name, _)| name).collect();
        let flagged = members.get("flagged").and_then(Value::as_bool).unwrap_or(!categories.is_empty());
        let scores = match members.swap_remove("category_scores") {
            Some(Value::Object(scores)) => scores,
            _ => Map::new(),
        };
        Some(Self { flagged, categories, scores })
    }

    /// Merges several results: flagged if one is, with all categories and the highest score of each.
    #[must_use]
    pub fn all(results: Vec<Self>) -> Self {
        let mut results = results.into_iter();
        let mut all = results.next().unwrap_or_default();
        for Self { flagged, categories, scores } in results {
            all.flagged |= flagged;
            all.categories.extend(categories);
            for (name, score) in scores {
                let highest = all.scores.entry(name).or_insert(Value::Null);
                if highest.as_f64() < score.as_f64() {
                    *highest = score;
                }
            }
        }
        let mut known = HashSet::new();
        all.categories.retain(|name| known.insert(name.clone()));
        all
    }
}

impl From<Found> for Value {
    fn from(Found { flagged, categories, scores }: Found) -> Self {
        json!({"flagged": flagged, "categories": categories, "scores": scores})
    }
}
