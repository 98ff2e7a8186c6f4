//! Counts the values that JSON text may contain before it is parsed, because a value takes many times the memory of its
//! text.

use memchr::{memchr_iter, memmem};

use crate::budgets::CONTAINER_WEIGHT;

/// Upper bound on the number of values in JSON text, including JSON in its strings, weighted by [`CONTAINER_WEIGHT`].
/// Counts characters in strings as if they were outside, even escaped ones.
#[must_use]
pub fn value_count_bound(text: impl AsRef<[u8]>) -> usize {
    let text = text.as_ref();
    let written: usize = b"{[,:".iter().map(|byte| weight(*byte) * memchr_iter(*byte, text).count()).sum();
    let escaped = memmem::find_iter(text, ESCAPE).filter_map(|at| escaped(&text[at + ESCAPE.len()..]));
    written + escaped.map(weight).sum::<usize>()
}

/// Start of an escaped ASCII character. Long texts contain many other escapes.
const ESCAPE: &[u8] = b"\\u00";

/// Decodes the two hexadecimal digits after [`ESCAPE`].
fn escaped(text: &[u8]) -> Option<u8> {
    let digits = text.first_chunk::<2>()?;
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn weight(byte: u8) -> usize {
    match byte {
        b'{' | b'[' => CONTAINER_WEIGHT,
        b',' | b':' => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_names_values_and_containers_even_in_nested_json() {
        assert_eq!(value_count_bound(r#"{"a":[0,{}],"b":"c"}"#), 3 * CONTAINER_WEIGHT + 4);
        assert_eq!(value_count_bound("5"), 0);
        let in_a_string = r#"{"a":"\u007b\"b\"\u003A\u005B0\u002c{}]}"}"#;
        assert_eq!(value_count_bound(in_a_string), 4 * CONTAINER_WEIGHT + 3);
        assert_eq!(value_count_bound(r#""\\ \u \u00 \u00é \u20ac \u0041""#), 0);
    }

    #[test]
    fn agrees_with_counting_byte_by_byte() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(10_000).filter(|byte| *byte != b'\\').collect();
        for start in 0..9 {
            let text = &bytes[start..];
            assert_eq!(value_count_bound(text), text.iter().map(|byte| weight(*byte)).sum::<usize>());
        }
        for (byte, weight) in [(b'{', CONTAINER_WEIGHT), (b',', 1)] {
            assert_eq!(value_count_bound(vec![byte; 10_001]), 10_001 * weight);
        }
    }
}
