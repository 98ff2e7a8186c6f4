//! Counts what a JSON text may hold before it is parsed: a value takes many times the memory of its text.

use crate::budgets::CONTAINER_WEIGHT;

/// One in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// Words whose matches fit into a counter of one byte.
const MAX_WORDS: usize = 255;

/// Upper bound on the number of values in a JSON text and in JSON inside of its strings, each weighed by
/// [`CONTAINER_WEIGHT`]. Characters inside of strings count as if they were outside, also escaped ones.
///
/// Eight bytes are compared at once: one by one they take longer than the parser does.
#[must_use]
pub fn value_count_bound(text: impl AsRef<[u8]>) -> usize {
    let text = text.as_ref();
    let (words, rest) = text.as_chunks::<8>();
    let start_of_rest = text.len() - rest.len();
    let mut count: usize = (start_of_rest..text.len()).map(|at| weight_at(text, at)).sum();
    let mut at = 0;
    for words in words.chunks(MAX_WORDS) {
        let (mut containers, mut separators) = (0, 0);
        for bytes in words {
            let word = u64::from_le_bytes(*bytes);
            if matches(word, b'\\') > 0 {
                count += (at..at + bytes.len()).map(|at| escaped_weight_at(text, at)).sum::<usize>();
            }
            at += bytes.len();
            // `[` and `{` differ in one bit.
            containers += matches(word & !(0x20 * ONES), b'[');
            separators += matches(word, b',') + matches(word, b':');
        }
        count += CONTAINER_WEIGHT * sum(containers) + sum(separators);
    }
    count
}

fn weight_at(text: &[u8], at: usize) -> usize {
    weight(text[at]) + escaped_weight_at(text, at)
}

/// The weight of what is written as `\u007b`, if that begins here.
fn escaped_weight_at(text: &[u8], at: usize) -> usize {
    if text[at] == b'\\' { escaped(&text[at + 1..]).map_or(0, weight) } else { 0 }
}

/// The ASCII character of `u0041`, at the beginning of what follows a backslash.
fn escaped(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"u00")?.first_chunk::<2>()?;
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn weight(byte: u8) -> usize {
    match byte {
        b'{' | b'[' => CONTAINER_WEIGHT,
        b',' | b':' => 1,
        _ => 0,
    }
}

/// One in each byte of `word` that is `byte`, else zero.
fn matches(word: u64, byte: u8) -> u64 {
    const LOW_BITS: u64 = 0x7f * ONES;
    let differences = word ^ (u64::from(byte) * ONES);
    // The high bit of each byte that differs.
    let different = ((differences & LOW_BITS) + LOW_BITS) | differences;
    (!different >> 7) & ONES
}

/// The sum of the bytes.
fn sum(counters: u64) -> usize {
    counters.to_le_bytes().into_iter().map(usize::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_names_values_and_containers_also_in_json_inside_of_strings() {
        assert_eq!(value_count_bound(r#"{"a":[0,{}],"b":"c"}"#), 3 * CONTAINER_WEIGHT + 4);
        assert_eq!(value_count_bound("5"), 0);
        let in_a_string = r#"{"a":"\u007b\"b\"\u003A\u005B0\u002c{}]}"}"#;
        assert_eq!(value_count_bound(in_a_string), 4 * CONTAINER_WEIGHT + 3);
        assert_eq!(value_count_bound(r#""\\ \u \u00 \u00é \u20ac \u0041""#), 0);
    }

    #[test]
    fn counts_every_byte_as_if_one_by_one() {
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
