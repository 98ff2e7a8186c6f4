//! Keeps texts from outside short enough to be shown.

/// Longest message of others that an error repeats: of the API or the model; in characters.
pub const MAX_MESSAGE_CHARS: usize = 500;
/// Longest name or word that an error repeats: a code, an ID, a model; in characters.
pub const MAX_WORD_CHARS: usize = 100;

/// `text`, or its first `max_chars` characters and an ellipsis.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
