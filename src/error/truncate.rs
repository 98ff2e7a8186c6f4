//! Keeps texts from outside short enough to be shown.

/// `text`, or its first `max_chars` characters and an ellipsis.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
