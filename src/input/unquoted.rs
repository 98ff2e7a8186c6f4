//! Removes extras of pasted text: quotation marks, blanks and invisible characters.

/// Opening and closing quotation marks.
const QUOTES: [(char, char); 7] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“'), ('‘', '’'), ('«', '»')];

/// The text without surrounding blanks, invisible characters and pairs of quotation marks.
#[must_use]
pub fn unquoted(text: &str) -> &str {
    let mut text = trimmed(text);
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close)) {
        text = trimmed(inner);
    }
    text
}

fn trimmed(text: &str) -> &str {
    // Byte order marks, and characters that web pages insert.
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_pairs_around_the_whole_text() {
        for text in ["a", " a\n", "\"a\"", "'a'", " ` \"a\" ` ", "“a”", "„a“", "‘a’", "«a»", "\u{feff}a\u{200b}"]
        {
            assert_eq!(unquoted(text), "a", "{text:?}");
        }
        for text in ["\"a", "a'", "a\"b\"", "\""] {
            assert_eq!(unquoted(text), text);
        }
        assert_eq!(unquoted(" \"\" "), "");
    }
}
