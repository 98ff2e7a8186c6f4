//! Text that must never be shown, and the means to keep it out of everything that is.

use std::{collections::HashSet, fmt};

/// Secrets shorter than this are only taken out where they stand as a whole word:
/// a local server's key may well be `test`.
const WHOLE_WORD_BELOW: usize = 8;
/// An API that echoes the start or the end of a key shows at least this much of it.
const MIN_END_CHARS: usize = 8;
/// Any other part of a key, if it is at least this long.
const MIN_PART_CHARS: usize = 12;
const REDACTED: &str = "[redacted]";

/// A secret text: an API key, the value of a header, the password of a proxy.
/// It has no `Display`, and `Debug` prints a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The secrets of one query, to be taken out of every text that leaves the addon.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// A redactor for these secrets; blank ones are ignored.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.0.trim().is_empty()).collect())
    }

    /// Whether a secret stands in `text` as a whole; quicker than taking parts of it out.
    #[must_use]
    pub fn contains_secret(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.expose()))
    }

    /// `text` without any known secret, without any part of one that is long enough to
    /// be told, and without anything that looks like a key (`sk-...`) or a masked key
    /// (`abc****xyz`), whoever it belongs to.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = without_secret(&text, secret.expose());
        }
        let text = without_key_like_words(&text);
        // An echo like `sk-abc***xyz` is found in two parts.
        text.replace(&REDACTED.repeat(2), REDACTED)
    }
}

fn without_secret(text: &str, secret: &str) -> String {
    if secret.len() < WHOLE_WORD_BELOW {
        return without_word(text, secret);
    }
    let (text, secret): (Vec<char>, Vec<char>) = (text.chars().collect(), secret.chars().collect());
    let mark_leaks = mark_leaks(&text, &secret);
    let mut clean = String::with_capacity(text.len());
    for (at, c) in text.into_iter().enumerate() {
        match (mark_leaks[at], at > 0 && mark_leaks[at - 1]) {
            (false, _) => clean.push(c),
            (true, false) => clean.push_str(REDACTED),
            (true, true) => {}
        }
    }
    clean
}

/// Which characters of `text` belong to a telling part of `secret`. Both may be long and
/// chosen by somebody hostile, so the time is linear in both.
fn mark_leaks(text: &[char], secret: &[char]) -> Vec<bool> {
    let mut mark_leaks = vec![false; text.len()];
    let parts: HashSet<&[char]> = secret.windows(MIN_PART_CHARS).collect();
    for at in 0..text.len() {
        let (before, rest) = text.split_at(at);
        if rest.get(..MIN_PART_CHARS).is_some_and(|part| parts.contains(part)) {
            mark_leaks[at..at + MIN_PART_CHARS].fill(true);
        }
        // The windows already cover longer prefixes and suffixes.
        let start = common_prefix_len(rest.iter(), secret.iter());
        if start >= MIN_END_CHARS {
            mark_leaks[at..at + start].fill(true);
        }
        let end = common_prefix_len(before.iter().rev(), secret.iter().rev());
        if end >= MIN_END_CHARS {
            mark_leaks[at - end..at].fill(true);
        }
    }
    let end = common_prefix_len(text.iter().rev(), secret.iter().rev());
    if end >= MIN_END_CHARS {
        mark_leaks[text.len() - end..].fill(true);
    }
    mark_leaks
}

/// How many characters two texts have in common at their start, as far as it matters.
fn common_prefix_len<'a>(text: impl Iterator<Item = &'a char>, secret: impl Iterator<Item = &'a char>) -> usize {
    text.zip(secret).take(MIN_PART_CHARS).take_while(|(ours, theirs)| ours == theirs).count()
}

fn without_word(text: &str, word: &str) -> String {
    let inside = |c: char| c.is_alphanumeric();
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| from + at) {
        let end = at + word.len();
        if text[..at].ends_with(inside) || text[end..].starts_with(inside) {
            // The next one may begin inside of this one.
            from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        } else {
            clean.push_str(&text[done..at]);
            clean.push_str(REDACTED);
            (done, from) = (end, end);
        }
    }
    clean.push_str(&text[done..]);
    clean
}

fn without_key_like_words(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Zx81-Commodore-64-Amiga-500";

    fn redactor() -> Redactor {
        Redactor::new([Secret::new(KEY)])
    }

    #[test]
    fn a_secret_never_appears_in_debug() {
        assert_eq!(format!("{:?}", Secret::new(KEY)), REDACTED);
        assert!(!format!("{:?}", redactor()).contains("Amiga"));
    }

    #[test]
    fn whole_and_partial_echoes_are_taken_out() {
        let redact = |text: &str| redactor().redact(text);
        assert_eq!(redact(&format!("key {KEY} is wrong")), "key [redacted] is wrong");
        assert_eq!(redact("starts with Zx81-Commodore ..."), "starts with [redacted] ...");
        assert_eq!(redact("ends with miga-500"), "ends with [redacted]");
        assert_eq!(redact("holds Commodore-64"), "holds [redacted]");
        assert_eq!(redact("got Zx81-Commodore**************-500."), "got [redacted].");
        assert_eq!(redact(&format!("{KEY}{KEY}")), "[redacted]");
    }

    #[test]
    fn foreign_keys_are_taken_out_too() {
        let redact = |text: &str| Redactor::default().redact(text);
        assert_eq!(redact("provided: sk-fx***************1234. Check"), "provided: [redacted]. Check");
        assert_eq!(redact("sk-proj-abc_DEF"), "[redacted]");
        assert_eq!(redact("risk-free, 2 ** 3, a*b"), "risk-free, 2 ** 3, a*b");
    }

    #[test]
    fn a_short_secret_is_taken_out_as_a_word_only() {
        let redact = |text: &str| Redactor::new([Secret::new("test")]).redact(text);
        assert_eq!(redact("key test, latest test"), "key [redacted], latest [redacted]");
    }

    #[test]
    fn a_short_secret_is_found_where_it_overlaps_itself() {
        let redact = |text: &str| Redactor::new([Secret::new("a-a")]).redact(text);
        assert_eq!(redact("xa-a-a"), "xa-[redacted]");
        assert_eq!(redact("a-a-a"), "[redacted]-a");
    }

    #[test]
    fn a_long_key_and_a_long_text_take_no_longer_than_reading_them() {
        // Compared at each place with each place, these would take hours.
        let (key, text) = ("a1".repeat(32 << 10), "a2 a1a".repeat(32 << 10));
        assert_eq!(Redactor::new([Secret::new(key)]).redact(&text), text);
    }

    #[test]
    fn text_that_is_not_ascii_survives() {
        assert_eq!(redactor().redact("Schlüssel „…“ fehlt ✓"), "Schlüssel „…“ fehlt ✓");
    }
}
