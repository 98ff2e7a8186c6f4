//! Keeps texts from outside short enough to be shown.

/// `text`, or its first `max_chars` characters and an ellipsis.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first `max_bytes` bytes of `text`, or one to three fewer, so that no character is cut.
#[must_use]
pub fn start_of(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}
