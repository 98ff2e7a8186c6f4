//! What the forms call their fields: `build.rs` reads it from manifest.json and operations.json.

include!(concat!(env!("OUT_DIR"), "/labels.rs"));

/// The label of the field `key`; `None` for keys that no form shows.
pub(crate) fn label(key: &str) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == key).map(|(_, label)| *label)
}
