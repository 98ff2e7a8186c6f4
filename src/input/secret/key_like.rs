//! Recognizes words that look like a key, no matter whose.

use super::REDACTED;

/// `text` without words such as `sk-...` and masked keys such as `abc****xyz`.
pub(super) fn redact(text: &str) -> String {
    let part_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.' | '…' | '•');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c| !part_of_key(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        let (word, dots) = word.split_at(word.trim_end_matches('.').len());
        let masked = word.contains("***") || word.contains("•••");
        if masked || (word.starts_with("sk-") && word.len() > "sk-".len() + 3) {
            clean.push_str(REDACTED);
        } else {
            clean.push_str(word);
        }
        clean.push_str(dots);
        let gap_end = after.find(part_of_key).unwrap_or(after.len());
        clean.push_str(&after[..gap_end]);
        rest = &after[gap_end..];
    }
    clean
}
