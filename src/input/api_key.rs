//! The API key within what was pasted: a header, a line of an environment file, quotation marks.

use crate::input::unquoted::unquoted;

/// What comes before a key in the places that it is copied from. A separator follows.
const NAMES: [&str; 8] = [
    "authorization",
    "bearer",
    "api-key",
    "x-api-key",
    "export",
    "openai_api_key",
    "azure_openai_api_key",
    "-h", // of a curl command
];

/// The key without the names, separators and quotation marks around it; empty if there is nothing else.
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
    // A key may be any text, also one of the names; `Bearer` alone is a header without a key.
    let is_key = rest.is_empty() && name != "bearer";
    (start.eq_ignore_ascii_case(name) && is_separate && !is_key).then_some(key.trim_end_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_what_it_was_copied_with() {
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
    fn a_key_that_looks_like_a_name_stays_as_it_is() {
        for key in ["api-key", "bearer-1", "authorizationA", "export1", "abc=", "a b", "Basic abc", "-h"] {
            assert_eq!(bare_key(key), key);
        }
    }

    #[test]
    fn a_header_without_a_key_has_none() {
        for pasted in ["Bearer", "Bearer ", "Authorization: Bearer", "\"\"", "Authorization:", " , "] {
            assert_eq!(bare_key(pasted), "", "{pasted:?}");
        }
    }
}
