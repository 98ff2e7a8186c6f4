//! Extracts the API key from pasted text, such as a header, a line of an environment file or a quoted string.

use crate::input::unquoted::unquoted;

/// What precedes a key in common sources, followed by a separator.
const NAMES: [&str; 8] = [
    "authorization",
    "bearer",
    "api-key",
    "x-api-key",
    "export",
    "openai_api_key",
    "azure_openai_api_key",
    "-h", // curl
];

/// The key without surrounding names, separators and quotation marks; may be empty.
#[must_use]
pub fn bare_key(pasted: &str) -> &str {
    let mut key = unquoted(pasted.trim_end().trim_end_matches([',', ';']));
    while let Some(rest) = NAMES.iter().find_map(|name| without(name, key)) {
        key = unquoted(rest);
    }
    key
}

fn without<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    let start = text.get(..name.len())?;
    let rest = &text[name.len()..];
    let key = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | '"' | '\''));
    let is_separate = key.len() < rest.len() || rest.is_empty();
    // A key may equal any of the names, except that a bare `Bearer` is a header without a key.
    let is_key = rest.is_empty() && name != "bearer";
    (start.eq_ignore_ascii_case(name) && is_separate && !is_key).then_some(key.trim_end_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracts_the_key_from_pasted_text() {
        for pasted in [
            "sk-1",
            " sk-1\n",
            "Bearer sk-1",
            "bearer   sk-1",
            "BEARER\tsk-1 ",
            "Bearer Bearer sk-1",
            "Bearer: sk-1",
            "\"sk-1\"",
            "'Bearer sk-1'",
            "Bearer \"sk-1\"",
            "“sk-1”",
            "\u{feff}sk-1\u{200b}",
            "Authorization: Bearer sk-1",
            "authorization:bearer sk-1",
            "-H \"Authorization: Bearer sk-1\"",
            "'Authorization': 'Bearer sk-1',",
            "api-key: sk-1",
            "X-API-Key: sk-1",
            "OPENAI_API_KEY=sk-1",
            "export OPENAI_API_KEY='sk-1';",
        ] {
            assert_eq!(bare_key(pasted), "sk-1", "{pasted:?}");
        }
    }

    #[test]
    fn keeps_a_key_that_looks_like_a_name() {
        for key in ["api-key", "bearer-1", "authorizationA", "export1", "abc=", "a b", "Basic abc", "-h"] {
            assert_eq!(bare_key(key), key);
        }
    }

    #[test]
    fn finds_no_key_in_a_header_without_one() {
        for pasted in ["Bearer", "Bearer ", "Authorization: Bearer", "\"\"", "Authorization:", " , "] {
            assert_eq!(bare_key(pasted), "", "{pasted:?}");
        }
    }
}
