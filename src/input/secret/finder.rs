//! Finds whole secrets in text of any length.

use std::cell::OnceCell;

use memchr::memchr_iter;

use super::MIN_SECRET_BYTES;

/// A secret is recognized by its last bytes, up to this many. Starts are less distinctive, because many tokens share
/// them.
const MAX_TAIL_BYTES: usize = 32;

/// Up to this product of text bytes and secrets, a simple search is used: building the automaton takes as long.
const MAX_SIMPLE_SEARCH: usize = 1 << 10;

/// Finds secrets by their tails.
pub(super) struct Finder<'a> {
    tails: Vec<&'a [u8]>,
    automaton: OnceCell<Automaton>,
}

impl<'a> Finder<'a> {
    /// A finder for these secrets, except short ones.
    pub(super) fn new(secrets: impl Iterator<Item = &'a str>) -> Self {
        let tails = secrets
            .map(str::as_bytes)
            .filter(|secret| secret.len() >= MIN_SECRET_BYTES)
            .map(|secret| &secret[secret.len().saturating_sub(MAX_TAIL_BYTES)..])
            .collect();
        Self { tails, automaton: OnceCell::new() }
    }

    /// Whether `text` contains one of the secrets.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if text.len() < MIN_SECRET_BYTES {
            return false;
        }
        if text.len() * self.tails.len() > MAX_SIMPLE_SEARCH {
            return self.automaton.get_or_init(|| Automaton::new(&self.tails)).is_in(text);
        }
        let text = text.as_bytes();
        self.tails.iter().any(|tail| memchr_iter(tail[0], text).any(|start| text[start..].starts_with(tail)))
    }
}

/// The Aho-Corasick automaton, which reads any text once, whatever the secrets. A state is the longest start of a tail
/// that ends at the current byte.
struct Automaton {
    /// The column of each byte in `next`; 0 for bytes that no tail contains.
    columns: [usize; 256],
    width: usize,
    /// The next state by state and column; state 0 is the start.
    next: Vec<usize>,
    /// Whether a tail ends in a state.
    is_end: Vec<bool>,
}

impl Automaton {
    fn new(tails: &[&[u8]]) -> Self {
        let mut columns = [0; 256];
        let mut width = 1;
        for byte in tails.iter().copied().flatten() {
            let column = &mut columns[usize::from(*byte)];
            if *column == 0 {
                *column = width;
                width += 1;
            }
        }
        let mut automaton = Self { columns, width, next: vec![0; width], is_end: vec![false] };
        for tail in tails {
            automaton.add(tail);
        }
        automaton.link();
        automaton
    }

    fn is_in(&self, text: &str) -> bool {
        let mut state = 0;
        text.bytes().any(|byte| {
            state = self.next[self.cell(state, byte)];
            self.is_end[state]
        })
    }

    fn cell(&self, state: usize, byte: u8) -> usize {
        state * self.width + self.columns[usize::from(byte)]
    }

    /// Adds a tail's states.
    fn add(&mut self, tail: &[u8]) {
        let mut state = 0;
        for byte in tail {
            let cell = self.cell(state, *byte);
            if self.next[cell] == 0 {
                self.next[cell] = self.is_end.len();
                self.next.resize(self.next.len() + self.width, 0);
                self.is_end.push(false);
            }
            state = self.next[cell];
        }
        self.is_end[state] = true;
    }

    /// Adds transitions for mismatches: to the longest start of another tail that ends in the same bytes.
    fn link(&mut self) {
        let mut fallbacks = vec![0; self.is_end.len()];
        let mut queue = std::collections::VecDeque::from([0]);
        while let Some(state) = queue.pop_front() {
            for column in 1..self.width {
                let cell = state * self.width + column;
                let fallback = if state == 0 { 0 } else { self.next[fallbacks[state] * self.width + column] };
                match self.next[cell] {
                    0 => self.next[cell] = fallback,
                    child => {
                        fallbacks[child] = fallback;
                        self.is_end[child] |= self.is_end[fallback];
                        queue.push_back(child);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `text` contains a secret; checks that the simple search and the automaton agree.
    fn finds(secrets: &[&str], text: &str) -> bool {
        let finder = Finder::new(secrets.iter().copied());
        let found = finder.is_in(text);
        assert!(finder.automaton.get().is_none());
        let long = format!("{}{text}", "-".repeat(MAX_SIMPLE_SEARCH + 1));
        assert_eq!(finder.is_in(&long), found, "{text}");
        assert_eq!(finder.automaton.get().is_some(), !finder.tails.is_empty());
        found
    }

    #[test]
    fn finds_whole_secrets_at_any_position() {
        for text in ["abcdefgh", "xabcdefgh", "abcdefghx", "abcdefabcdefgh", "aabcdefgh", "abcdefg abcdefgh é"] {
            assert!(finds(&["abcdefgh"], text), "{text}");
        }
        for text in ["", "abcdefg", "bcdefgh", "abcdefgxh", "ABCDEFGH", "abcdefgé"] {
            assert!(!finds(&["abcdefgh"], text), "{text}");
        }
        assert!(!finds(&[], "abcdefgh") && !finds(&["short", "shorter"], "short shorter"));
    }

    #[test]
    fn finds_a_secret_that_begins_inside_another() {
        let secrets = ["abababababac", "babababc", "cdcdcdcdcd"];
        for text in ["abababababc", "ababababababac", "babababacdcdcdcdcdcd", "abababababacd"] {
            let expected = secrets.iter().any(|secret| text.contains(secret));
            assert_eq!(finds(&secrets, text), expected, "{text}");
        }
        assert!(finds(&["xabcdefghy", "abcdefgh"], "xabcdefgh"));
    }

    #[test]
    fn recognizes_a_long_secret_by_its_end() {
        let secret = "x".repeat(100) + "0123456789";
        assert!(finds(&[&secret], &format!("{} ", &secret[70..])));
        assert!(!finds(&[&secret], &secret[..109]));
    }

    #[test]
    fn reads_long_text_once_whatever_the_secrets() {
        // Searching for each similar secret at each position would take minutes.
        let secrets: Vec<_> = (0..100).map(|n| format!("{n}{}", "a".repeat(31))).collect();
        let finder = Finder::new(secrets.iter().map(String::as_str));
        assert!(!finder.is_in(&"a".repeat(8 << 20)));
    }
}
