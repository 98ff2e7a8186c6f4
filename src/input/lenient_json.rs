//! JSON text from outside, as JavaScript reads it: with half an emoji too.

use serde_json::Value;

/// Length of `\u` and four digits.
const ESCAPE: usize = 6;

/// The value of a JSON text. Half a surrogate pair (`"\ud83d"`, an emoji that was cut) becomes
/// U+FFFD: `JSON.parse` takes it, but there is no such character, so Rust cannot hold it.
///
/// # Errors
/// The parser's words.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).or_else(|error| match without_lone_surrogates(text) {
        Some(text) => serde_json::from_slice(&text),
        None => Err(error),
    })
}

/// What is wrong with a JSON text, without the parser's own terms.
#[must_use]
pub fn explain(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return format!("it ends too early, in line {} column {}", error.line(), error.column());
    }
    error.to_string()
}

/// A copy of the same length; `None` if there is nothing to replace.
fn without_lone_surrogates(text: &str) -> Option<Vec<u8>> {
    let mut copy = None;
    let mut at = 0;
    while let Some(found) = text.as_bytes()[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match (escaped_unit(text, at), escaped_unit(text, at + ESCAPE)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 2 * ESCAPE,
            (Some(0xd800..=0xdfff), _) => {
                let copy = copy.get_or_insert_with(|| text.as_bytes().to_vec());
                copy[at..at + ESCAPE].copy_from_slice(b"\\ufffd");
                at += ESCAPE;
            }
            (Some(_), _) => at += ESCAPE,
            // Skip the escaped character, even a backslash.
            (None, _) => at = text.len().min(at + 2),
        }
    }
    copy
}

/// The UTF-16 unit that is escaped at this place.
fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        parse(&format!("\"{json}\"")).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        assert_eq!(text(r"\ud83d"), "\u{fffd}");
        assert_eq!(text(r"a\uDE00b"), "a\u{fffd}b");
        assert_eq!(text(r"\ud83d\ud83d\ude00"), "\u{fffd}😀");
        assert_eq!(text(r"\ude00\ud83d"), "\u{fffd}\u{fffd}");
        assert_eq!(text(r"\ud83d\n"), "\u{fffd}\n");
        assert_eq!(text(r"\ud83d\u0041é"), "\u{fffd}Aé");
    }

    #[test]
    fn a_backslash_before_a_u_is_no_escape_where_it_is_escaped_itself() {
        assert_eq!(text(r"\\ud83d \ud83d"), "\\ud83d \u{fffd}");
        assert_eq!(text(r"\\\ud83d"), "\\\u{fffd}");
        assert_eq!(text(r"\\\\ud83d\ud83d"), "\\\\ud83d\u{fffd}");
    }

    #[test]
    fn numbers_come_back_bit_by_bit() {
        // xorshift64: the same doubles in every run.
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            #[allow(clippy::cast_possible_truncation)] // half of the bits make a float of half the size
            let single = f64::from(f32::from_bits(bits as u32));
            for number in [f64::from_bits(bits), single].into_iter().filter(|number| number.is_finite()) {
                let parsed = parse(&number.to_string()).unwrap();
                assert_eq!(parsed.as_f64().map(f64::to_bits), Some(number.to_bits()), "{number}");
                let printed = serde_json::to_string(&parsed).unwrap();
                assert_eq!(printed.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{number}");
            }
        }
    }

    #[test]
    fn a_text_that_is_cut_off_ends_too_early() {
        let explained = |text| explain(&parse(text).unwrap_err());
        assert_eq!(explained(r#"[{"role": "#), "it ends too early, in line 1 column 10");
        assert_eq!(explained("{a}"), "key must be a string at line 1 column 2");
    }

    #[test]
    fn what_is_wrong_otherwise_stays_an_error() {
        for bad in
            [r#"{"a": NaN}"#, r#""\ud83d"#, r#""\ud83"#, r#""\ud83é""#, r#""\u+83d""#, r#"{"a":"\ud83d",}"#, "\\", ""]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
