//! Removes values nested deeper than the parser accepts from JSON text.

use std::iter;

/// A copy of `text` with null for each array and object inside `max_depth` others; `None` if there are none. Takes time
/// proportional to the length of `text`.
#[must_use]
pub fn cut_at_depth(text: &str, max_depth: usize) -> Option<String> {
    let mut copy = String::new();
    // The end of the copied text, and the start of the part being left out.
    let (mut copied, mut cut) = (0, None);
    let mut depth = 0_usize;
    for (at, byte) in structure_of(text) {
        match byte {
            b'{' | b'[' => {
                if depth == max_depth && cut.is_none() {
                    cut = Some(at);
                }
                depth += 1;
            }
            _ => {
                depth = depth.saturating_sub(1);
                if depth == max_depth
                    && let Some(start) = cut.take()
                {
                    copy.extend([&text[copied..start], "null"]);
                    copied = at + 1;
                }
            }
        }
    }
    (copied > 0).then(|| copy + &text[copied..])
}

/// The brackets and braces outside strings, with their positions.
fn structure_of(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut bytes = text.bytes().enumerate();
    let mut is_string = false;
    iter::from_fn(move || {
        loop {
            match bytes.next()? {
                (_, b'"') => is_string = !is_string,
                // Skip the escaped character.
                (_, b'\\') if is_string => drop(bytes.next()),
                (at, byte @ (b'{' | b'[' | b'}' | b']')) if !is_string => return Some((at, byte)),
                _ => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Option<String> {
        cut_at_depth(text, 2)
    }

    #[test]
    fn removes_only_what_is_too_deep() {
        for (text, expected) in [
            ("[[[]]]", "[[null]]"),
            ("[[[1,[2]],3,{\"a\":[4]}],5]", "[[null,3,null],5]"),
            ("{\"a\":{\"b\":{\"c\":1}},\"d\":[2]}", "{\"a\":{\"b\":null},\"d\":[2]}"),
            ("[[[\"]\\\"]\"],\"[\"]]", "[[null,\"[\"]]"),
            ("[[\"ü\",[\"ü\"],\"ü\"]]", "[[\"ü\",null,\"ü\"]]"),
        ] {
            assert_eq!(cut(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "5", "[[]]", "[[\"[[[]]]\"]]", "{\"[\":[1,2]}"] {
            assert_eq!(cut(text), None, "{text}");
        }
    }

    #[test]
    fn leaves_unterminated_text_to_the_parser() {
        for text in ["[[[", "[[[1]", "]]][[", "[[[\"a", "[[[\"\\"] {
            assert!(cut(text).is_none_or(|copy| serde_json::from_str::<serde_json::Value>(&copy).is_err()), "{text}");
        }
    }
}
