//! Error texts, which distinguish the plugin's own words from what they quote.
//!
//! A literal in the source is the plugin's own. Every `String` is foreign: it is truncated when it becomes part of an
//! error, and redacted when the error is shown.

use std::{borrow::Cow, fmt};

use crate::{budgets::MAX_MESSAGE_CHARS, error::truncate::truncate};

/// The text of an error, built with [`error_text`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorText(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Own(Cow<'static, str>),
    Foreign(String),
}

/// Concatenates literals, numbers, strings and other [`ErrorText`]s: `error_text!["must be text, got ",
/// excerpt(value)]`.
macro_rules! error_text {
    ($($piece:expr),+ $(,)?) => {
        $crate::error::ErrorText::concat([$($crate::error::ErrorText::from($piece)),+])
    };
}
pub(crate) use error_text;

impl ErrorText {
    /// The plugin's own words built at run time, such as a list of choices. They are never redacted, so they must not
    /// contain anything from outside.
    #[must_use]
    pub fn own(words: String) -> Self {
        Self(vec![Piece::Own(words.into())])
    }

    /// Quotes a foreign text, truncated.
    #[must_use]
    pub fn foreign(text: &str) -> Self {
        Self(vec![Piece::Foreign(truncate(text, MAX_MESSAGE_CHARS))])
    }

    /// Concatenates texts.
    #[must_use]
    pub fn concat<const N: usize>(texts: [Self; N]) -> Self {
        Self(texts.into_iter().flat_map(|text| text.0).collect())
    }

    /// Whether it contains nothing foreign.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Own(_)))
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| piece.as_str().is_empty())
    }

    /// The whole text, with each foreign piece replaced by `redact` of it.
    pub fn with_foreign(&self, redact: impl Fn(&str) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Own(text) => Cow::Borrowed(text.as_ref()),
                Piece::Foreign(text) => Cow::Owned(redact(text)),
            })
            .collect()
    }

    /// The first `max_chars` characters and an ellipsis, or the whole text if it is shorter.
    #[must_use]
    pub fn truncated(mut self, max_chars: usize) -> Self {
        let mut room = max_chars;
        for at in 0..self.0.len() {
            let chars = self.0[at].as_str().chars().count();
            if chars > room {
                self.0[at].change(|text| truncate(text, room));
                self.0.truncate(at + 1);
                return self;
            }
            room -= chars;
        }
        self
    }

    /// The text before `mark` in the plugin's own words.
    #[must_use]
    pub fn until(mut self, mark: &str) -> Self {
        let is_mark = |piece: &Piece| matches!(piece, Piece::Own(text) if text.contains(mark));
        if let Some(at) = self.0.iter().position(is_mark) {
            self.0[at].change(|text| text.split(mark).next().unwrap_or_default().to_owned());
            self.0.truncate(at + 1);
        }
        self
    }

    /// The text after `mark` in the plugin's own words, if it contains that.
    #[must_use]
    pub fn after(mut self, mark: &str) -> Option<Self> {
        let is_mark = |piece: &Piece| matches!(piece, Piece::Own(text) if text.contains(mark));
        let at = self.0.iter().position(is_mark)?;
        self.0.drain(..at);
        self.0[0].change(|text| text.split_once(mark).map(|(_, after)| after.to_owned()).unwrap_or_default());
        Some(self)
    }

    /// Adds a capital at the start, and a full stop unless it already ends like a sentence.
    #[must_use]
    pub fn sentence(self) -> Self {
        let mut text = self.ended();
        if let Some(first) = text.0.first_mut() {
            first.change(|text| {
                let mut letters = text.chars();
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
            });
        }
        text
    }

    /// Adds a full stop unless it already ends like a sentence, possibly quoted.
    #[must_use]
    pub fn ended(mut self) -> Self {
        let mut letters = self.0.iter().rev().flat_map(|piece| piece.as_str().chars().rev());
        let last = letters.find(|letter| *letter != '”');
        if !last.is_some_and(|last| ['.', '!', '?', '…'].contains(&last)) {
            self.0.push(Piece::Own(".".into()));
        }
        self
    }
}

impl Piece {
    fn as_str(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Foreign(text) => text,
        }
    }

    fn change(&mut self, change: impl FnOnce(&str) -> String) {
        match self {
            Self::Own(text) => *text = change(text).into(),
            Self::Foreign(text) => *text = change(text),
        }
    }
}

/// For tests: shows foreign text unredacted.
impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_foreign(str::to_owned))
    }
}

impl From<&'static str> for ErrorText {
    fn from(words: &'static str) -> Self {
        Self(vec![Piece::Own(words.into())])
    }
}

impl From<String> for ErrorText {
    fn from(text: String) -> Self {
        Self::foreign(&text)
    }
}

impl From<&String> for ErrorText {
    fn from(text: &String) -> Self {
        Self::foreign(text)
    }
}

macro_rules! own_numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for ErrorText {
            fn from(number: $number) -> Self {
                Self::own(number.to_string())
            }
        })+
    };
}
own_numbers!(i64, u16, u64, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn treats_literals_as_own_and_strings_as_foreign() {
        let text = error_text!["got ", "chat".to_owned(), " of ", 404_u16, ErrorText::own("chat".to_owned())];
        assert_eq!(text.with_foreign(|foreign| format!("<{foreign}>")), "got <chat> of 404chat");
        assert_eq!(text.to_string(), "got chat of 404chat");
        assert!(!text.is_own() && error_text!["a", 1_usize].is_own());
    }

    #[test]
    fn truncates_foreign_text_at_once() {
        let text = error_text!["got ", "é".repeat(20 << 20)];
        assert_eq!(text.to_string().chars().count(), "got ".len() + MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn truncates_across_pieces() {
        let cut = |max_chars| error_text!["abc", "déf".to_owned(), "ghi"].truncated(max_chars).to_string();
        assert_eq!(
            [cut(9), cut(8), cut(6), cut(5), cut(3), cut(0)],
            ["abcdéfghi", "abcdéfgh…", "abcdéf…", "abcdé…", "abc…", "…"]
        );
    }

    #[test]
    fn ends_at_a_mark_in_own_words_only() {
        let text = error_text!["got ", "a; b".to_owned(), "; enter it; or not"];
        assert_eq!(text.clone().until("; ").to_string(), "got a; b");
        assert_eq!(text.after("; ").unwrap().to_string(), "enter it; or not");
        assert_eq!(error_text!["got ", "a; b".to_owned()].after("; "), None);
        assert_eq!(error_text!["is odd"].until("; ").to_string(), "is odd");
    }

    #[test]
    fn makes_a_sentence_with_a_capital_and_one_full_stop() {
        let sentence = |text: ErrorText| text.sentence().to_string();
        assert_eq!(sentence("no response".into()), "No response.");
        assert_eq!(sentence(error_text!["the API: ", "Why?".to_owned(), ""]), "The API: Why?");
        assert_eq!(sentence(error_text!["got “", "No.".to_owned(), "”"]), "Got “No.”");
        assert_eq!(sentence(error_text!["got “", "No".to_owned(), "”"]), "Got “No”.");
        assert_eq!(sentence(error_text!["the API: ", "x".to_owned()]), "The API: x.");
    }
}
