//! Labels of the forms' fields: `build.rs` reads them from manifest.json and operations.json.

include!(concat!(env!("OUT_DIR"), "/labels.rs"));

/// The label of the field `key` in the form of `operation`, or else in the first form that has it; `None` for keys that
/// no form shows.
pub(crate) fn label(key: &str, operation: Option<&str>) -> Option<&'static str> {
    let shared = || LABELS.iter().find(|(known, _)| *known == key).map(|(_, label)| *label);
    operation.and_then(|operation| own_label(key, operation)).or_else(shared)
}

/// The label of the field `key` in the form of `operation`; `None` if that does not have it.
pub(crate) fn own_label(key: &str, operation: &str) -> Option<&'static str> {
    OWN_LABELS.iter().find(|(form, known, _)| *known == key && *form == operation).map(|(_, _, label)| *label)
}

/// The operation named `word`; `None` if the form does not have it.
pub(crate) fn operation(word: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(value, _)| *value == word).map(|(value, _)| *value)
}
