//! Turns JSON as people, JavaScript and Python write it into JSON.

use std::{iter::Peekable, str::CharIndices};

/// A copy of `text` that may be JSON: without comments and trailing commas, with every string and name in double
/// quotation marks, and with JSON's words for `True`, `None`, `undefined` and the like. `None` if a string or a comment
/// does not end. Takes time proportional to the length of `text`.
#[must_use]
pub fn tidied(text: &str) -> Option<String> {
    let mut tidy = Tidy { text, rest: text.char_indices().peekable(), json: String::with_capacity(text.len()) };
    while let Some((at, c)) = tidy.rest.next() {
        match c {
            '"' | '\'' => tidy.string(c)?,
            '“' => tidy.string('”')?,
            '/' => tidy.comment()?,
            '}' | ']' => {
                tidy.drop_comma();
                tidy.json.push(c);
            }
            _ if is_in_name(c) && !c.is_ascii_digit() => tidy.name(at),
            _ => tidy.json.push(c),
        }
    }
    Some(tidy.json)
}

struct Tidy<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    json: String,
}

impl Tidy<'_> {
    /// Reads the rest of a string that starts with `quote`.
    fn string(&mut self, quote: char) -> Option<()> {
        self.json.push('"');
        loop {
            match self.rest.next()?.1 {
                c if c == quote => break,
                '\\' => match self.rest.next()?.1 {
                    '\'' => self.json.push('\''),
                    escaped => self.json.extend(['\\', escaped]),
                },
                '"' => self.json.push_str("\\\""),
                '\n' => self.json.push_str("\\n"),
                '\r' => self.json.push_str("\\r"),
                '\t' => self.json.push_str("\\t"),
                c => self.json.push(c),
            }
        }
        self.json.push('"');
        Some(())
    }

    /// Reads the rest of a comment that starts with a slash.
    fn comment(&mut self) -> Option<()> {
        match self.rest.next()?.1 {
            '/' => while self.rest.next_if(|(_, c)| *c != '\n').is_some() {},
            '*' => {
                let mut last = ' ';
                loop {
                    match self.rest.next()?.1 {
                        '/' if last == '*' => break,
                        c => last = c,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Removes a trailing comma.
    fn drop_comma(&mut self) {
        let written = self.json.trim_end();
        if written.ends_with(',') {
            self.json.truncate(written.len() - 1);
        }
    }

    /// Reads the name or word that starts at `start`.
    fn name(&mut self, start: usize) {
        while self.rest.next_if(|(_, c)| is_in_name(*c)).is_some() {}
        let end = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        let name = &self.text[start..end];
        let is_member = self.text[end..].trim_start().starts_with(':');
        match name {
            // The exponent of a number.
            _ if self.json.ends_with(|c: char| c.is_ascii_digit() || c == '.') => self.json.push_str(name),
            _ if is_member => self.json.extend(["\"", name, "\""]),
            "True" => self.json.push_str("true"),
            "False" => self.json.push_str("false"),
            "Infinity" if self.json.ends_with('-') => self.json.replace_range(self.json.len() - 1.., "null"),
            "None" | "undefined" | "NaN" | "Infinity" => self.json.push_str("null"),
            _ => self.json.push_str(name),
        }
    }
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Option<Value> {
        serde_json::from_str(&tidied(text)?).ok()
    }

    #[test]
    fn keeps_json_unchanged() {
        for text in [r#"{"a":[1,-2.5e+3,1E5,true,null],"b\"c":"'\\/ // é\u0041"}"#, "[]", "{}", " \"a\" "] {
            assert_eq!(tidied(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn drops_comments_and_trailing_commas() {
        assert_eq!(read("{\"a\": 1, // one\n /* two, */ \"b\": [1, 2, ], }"), Some(json!({"a": 1, "b": [1, 2]})));
        assert_eq!(read("{\"a\": [1], /* end */ }"), Some(json!({"a": [1]})));
        assert_eq!(read("[1,,]"), None);
    }

    #[test]
    fn puts_names_and_strings_in_double_quotation_marks() {
        assert_eq!(
            read(r#"{a: 'b', $c_1 : 'it\'s "d"', 'é': "e"}"#),
            Some(json!({"a": "b", "$c_1": "it's \"d\"", "é": "e"}))
        );
        assert_eq!(read("{“a”: “b \"c\"”}"), Some(json!({"a": "b \"c\""})));
        assert_eq!(read("{\"a\": \"1\n\t2\"}"), Some(json!({"a": "1\n\t2"})));
    }

    #[test]
    fn translates_words_of_other_languages() {
        assert_eq!(
            read("[True, False, None, undefined, NaN, Infinity, -Infinity, true]"),
            Some(json!([true, false, null, null, null, null, null, true]))
        );
        assert_eq!(read("[yes]"), None);
    }

    #[test]
    fn gives_up_when_a_string_or_comment_does_not_end() {
        for text in ["{\"a", "{'a", "[1] /* a", "[1] /", "{\"a\\"] {
            assert_eq!(tidied(text), None, "{text}");
        }
    }

    #[test]
    fn takes_linear_time() {
        for unit in [" ]", "a ", "a", ", ", "/", "/**/", "'\\'", "] "] {
            assert!(read(&unit.repeat(1 << 18)).is_none(), "{unit}");
        }
    }
}
