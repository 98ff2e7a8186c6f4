//! Finds recognizable parts of secrets in text.

use std::collections::HashSet;

use super::{MIN_SECRET_BYTES, REDACTED, views};

/// Minimum length of a secret's start or end that counts as recognizable.
const MIN_END_BYTES: usize = MIN_SECRET_BYTES;
/// Minimum length of any other part that counts as recognizable.
const MIN_PART_BYTES: usize = 12;

/// A part; a shorter one is padded with a byte that never occurs in text.
type Part = [u8; MIN_PART_BYTES];
const FILLER: u8 = 0xff;

/// The parts of all secrets, found in one pass. Secrets and text may be long and chosen by an attacker; the time is
/// linear in both.
pub(super) struct Parts(HashSet<Part>);

impl Parts {
    /// The parts of these secrets. A short secret has no parts but itself.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut parts = HashSet::new();
        for secret in secrets.map(str::as_bytes) {
            if secret.len() < MIN_SECRET_BYTES {
                parts.extend(part(secret));
                continue;
            }
            parts.extend(secret.windows(MIN_PART_BYTES).filter_map(part));
            // The windows already cover longer ends.
            for length in MIN_END_BYTES..=secret.len().min(MIN_PART_BYTES) {
                parts.extend(part(&secret[..length]));
                parts.extend(part(&secret[secret.len() - length..]));
            }
        }
        Self(parts)
    }

    /// `text` with a placeholder for each stretch that reveals a secret.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let leaks = self.leaks(text);
        let mut clean = String::with_capacity(text.len());
        let mut was_leak = false;
        for (at, c) in text.char_indices() {
            let is_leak = leaks[at..at + c.len_utf8()].contains(&true);
            match (is_leak, was_leak) {
                (false, _) => clean.push(c),
                (true, false) => clean.push_str(REDACTED),
                (true, true) => {}
            }
            was_leak = is_leak;
        }
        clean
    }

    /// Marks the bytes of `text` that reveal a secret.
    fn leaks(&self, text: &str) -> Vec<bool> {
        let mut leaks = vec![false; text.len()];
        for view in views::of(text) {
            for at in 0..view.bytes.len() {
                for end in at + MIN_END_BYTES..=at + MIN_PART_BYTES {
                    if view.bytes.get(at..end).is_some_and(|bytes| self.contains(bytes)) {
                        leaks[view.place(at..end)].fill(true);
                    }
                }
            }
        }
        for (at, end) in words(text) {
            if self.contains(&text.as_bytes()[at..end]) {
                leaks[at..end].fill(true);
            }
        }
        leaks
    }

    fn contains(&self, bytes: &[u8]) -> bool {
        part(bytes).is_some_and(|part| self.0.contains(&part))
    }
}

/// `None` if there are too many bytes.
fn part(bytes: &[u8]) -> Option<Part> {
    let mut part = [FILLER; MIN_PART_BYTES];
    part.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(part)
}

/// Start and end of each short word: a stretch without a letter or digit directly before or after it.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let inside = |c: char| c.is_alphanumeric();
    let starts = text.char_indices().map(|(at, _)| at).filter(move |at| !text[..*at].ends_with(inside));
    starts.flat_map(move |at| {
        let ends = (at + 1..=text.len().min(at + MIN_SECRET_BYTES - 1)).filter(|end| text.is_char_boundary(*end));
        ends.filter(move |end| !text[*end..].starts_with(inside)).map(move |end| (at, end))
    })
}
