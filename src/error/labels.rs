//! Labels of the forms' fields: `build.rs` reads them from manifest.json and operations.json.

include!(concat!(env!("OUT_DIR"), "/labels.rs"));

/// The label of the field `key` in the form of `operation`, or else in the first form that has it; `None` for keys that
/// no form shows.
pub(crate) fn label(key: &str, operation: Option<&str>) -> Option<&'static str> {
    let own = OWN_LABELS.iter().find(|(form, known, _)| *known == key && operation == Some(*form));
    let shared = || LABELS.iter().find(|(known, _)| *known == key).map(|(_, label)| *label);
    own.map(|(_, _, label)| *label).or_else(shared)
}

/// The operation named `word`; `None` if the form does not have it.
pub(crate) fn operation(word: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(value, _)| *value == word).map(|(value, _)| *value)
}
