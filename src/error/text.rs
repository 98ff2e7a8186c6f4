//! The texts of errors: the plugin's own words, and what they repeat of others.
//!
//! A literal in the source is the plugin's own. Every `String` is foreign: it is cut where it becomes part
//! of an error, and redacted where the error is shown.

use std::{borrow::Cow, fmt};

use crate::{budgets::MAX_MESSAGE_CHARS, error::truncate::truncate};

/// A text that an error shows, made with [`error_text`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorText(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Own(Cow<'static, str>),
    Foreign(String),
}

/// An [`ErrorText`] of literals, numbers, strings and other such texts, one after the other:
/// `error_text!["must be text, got ", excerpt(value)]`.
macro_rules! error_text {
    ($($piece:expr),+ $(,)?) => {
        $crate::error::ErrorText::concat([$($crate::error::ErrorText::from($piece)),+])
    };
}
pub(crate) use error_text;

impl ErrorText {
    /// Words of the plugin that are put together at run time, such as a list of choices. They are shown as
    /// they are, so they must not contain anything from outside.
    #[must_use]
    pub fn own(words: String) -> Self {
        Self(vec![Piece::Own(words.into())])
    }

    /// What is repeated of others, cut.
    #[must_use]
    pub fn foreign(text: &str) -> Self {
        Self(vec![Piece::Foreign(truncate(text, MAX_MESSAGE_CHARS))])
    }

    /// These texts, one after the other.
    #[must_use]
    pub fn concat<const N: usize>(texts: [Self; N]) -> Self {
        Self(texts.into_iter().flat_map(|text| text.0).collect())
    }

    /// Whether nothing in it is foreign.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Own(_)))
    }

    /// Whether it has no characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| piece.as_str().is_empty())
    }

    /// The whole text, with each foreign piece as `redact` returns it.
    pub fn with_foreign(&self, redact: impl Fn(&str) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Own(text) => Cow::Borrowed(text.as_ref()),
                Piece::Foreign(text) => Cow::Owned(redact(text)),
            })
            .collect()
    }

    /// The text, or its first `max_chars` characters and an ellipsis.
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

    /// The text up to where the plugin's own words say `mark`.
    #[must_use]
    pub fn until(mut self, mark: &str) -> Self {
        let is_mark = |piece: &Piece| matches!(piece, Piece::Own(text) if text.contains(mark));
        if let Some(at) = self.0.iter().position(is_mark) {
            self.0[at].change(|text| text.split(mark).next().unwrap_or_default().to_owned());
            self.0.truncate(at + 1);
        }
        self
    }

    /// The text with a capital at its start and a full stop at its end, unless it ends like a sentence.
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

    /// The text with a full stop at its end, unless it ends like a sentence, or with one in quotation marks.
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

/// For tests: with every foreign text as it came.
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
    fn takes_literals_and_numbers_as_own_and_strings_as_foreign() {
        let text = error_text!["got ", "chat".to_owned(), " of ", 404_u16, ErrorText::own("chat".to_owned())];
        assert_eq!(text.with_foreign(|foreign| format!("<{foreign}>")), "got <chat> of 404chat");
        assert_eq!(text.to_string(), "got chat of 404chat");
        assert!(!text.is_own() && error_text!["a", 1_usize].is_own());
    }

    #[test]
    fn cuts_a_foreign_text_where_it_comes_in() {
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
        assert_eq!(text.until("; ").to_string(), "got a; b");
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
