//! The words of a body that is not JSON, such as a web page of a proxy.

use super::error_body;
use crate::error::truncate::{start_of, truncate};

/// Maximum length of an excerpt of a body that is not JSON, in characters.
const MAX_EXCERPT_CHARS: usize = 200;
/// Bytes of such a body read for the excerpt.
const EXCERPT_READS: usize = 8 << 10;

/// The text of a body that is not JSON; for a web page, its title unless that only names a status.
pub(super) fn page_words(text: &str) -> String {
    let between = |start: &str, end: &str| {
        let lower = start_of(text, EXCERPT_READS).to_ascii_lowercase();
        let from = lower.find(start)?;
        let from = from + lower[from..].find('>')? + 1;
        Some((from, from + lower[from..].find(end)?))
    };
    let Some((from, to)) = between("<title", "</title").filter(|_| is_html(text)) else { return excerpt(text) };
    let title = excerpt(&text[from..to]);
    let rest = between("<body", "</body").map_or_else(String::new, |(from, to)| excerpt(&text[from..to]));
    if error_body::is_telling(&title) || rest.is_empty() { title } else { rest }
}

/// The text of a body that is not JSON, truncated, without tags, scripts and styles.
pub(super) fn excerpt(text: &str) -> String {
    let text = start_of(text, EXCERPT_READS);
    let lower = text.to_ascii_lowercase();
    let find = |from: usize, words: &str| lower[from..].find(words).map(|at| from + at);
    let mut words = String::new();
    let mut at = 0;
    while let Some(tag) = find(at, "<") {
        words.push_str(&text[at..tag]);
        words.push(' ');
        let last_tag = if lower[tag..].starts_with("<script") {
            find(tag, "</script")
        } else if lower[tag..].starts_with("<style") {
            find(tag, "</style")
        } else {
            Some(tag)
        };
        at = last_tag.and_then(|tag| find(tag, ">")).map_or(text.len(), |end| end + 1);
    }
    words.push_str(&text[at..]);
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(&line.replace(|c: char| c.is_control(), ""), MAX_EXCERPT_CHARS)
}

pub(super) fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with('<') && (start.contains("<!doctype html") || start.contains("<html") || start.contains("<head"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omits_tags_scripts_and_styles_from_an_excerpt() {
        for (page, words) in [
            ("a<b>c</b>d", "a c d"),
            ("<SCRIPT src>x</Script >é<style>y</style>z", "é z"),
            ("a<script>b", "a"),
            ("a<b", "a"),
            ("<p>a\n\u{7}b</p>", "a b"),
        ] {
            assert_eq!(excerpt(page), words, "{page}");
        }
        assert_eq!(excerpt(&format!("{}a", " ".repeat(EXCERPT_READS - 1))), "a");
        assert_eq!(excerpt(&format!("{}é", " ".repeat(EXCERPT_READS - 1))), "");
        assert_eq!(excerpt(&"é".repeat(EXCERPT_READS)).chars().count(), MAX_EXCERPT_CHARS + 1);
    }
}
