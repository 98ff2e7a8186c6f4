//! Base64: checks it, converts it to the alphabet that the API accepts, and decodes it.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Lenient: accepts any padding, and any value of unused bits.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Maximum number of padding characters.
pub const MAX_PADDING: usize = 2;

/// `text` in the standard alphabet, without white space and byte order marks; also accepts the URL alphabet and missing
/// padding. `None` if it is not base64.
#[must_use]
pub fn normalized(text: &str) -> Option<Cow<'_, str>> {
    let digits = without_padding(text);
    if text.len() - digits.len() <= MAX_PADDING && digits.bytes().all(is_standard) {
        return Some(Cow::Borrowed(text));
    }
    let (mut digits, mut padding) = (String::with_capacity(text.len()), 0);
    for letter in text.chars() {
        match letter {
            '=' => padding += 1,
            _ if letter.is_whitespace() || letter == '\u{feff}' => {}
            _ if padding > 0 => return None,
            '-' => digits.push('+'),
            '_' => digits.push('/'),
            _ if u8::try_from(letter).is_ok_and(is_standard) => digits.push(letter),
            _ => return None,
        }
    }
    digits.extend(std::iter::repeat_n('=', padding));
    (padding <= MAX_PADDING).then_some(Cow::Owned(digits))
}

/// Removes the padding.
#[must_use]
pub fn without_padding(base64: &str) -> &str {
    base64.trim_end_matches('=')
}

/// Number of bytes that unpadded base64 encodes.
#[must_use]
pub fn byte_count(digits: &str) -> usize {
    digits.len() / 4 * 3 + digits.len() % 4 * 6 / 8
}

/// Decodes unpadded base64 of either alphabet; `None` if there are other characters. A single character in the last
/// group encodes nothing.
#[must_use]
pub fn decoded(digits: &[u8]) -> Option<Vec<u8>> {
    let digits = &digits[..digits.len() - usize::from(digits.len() % 4 == 1)];
    let is_of_urls = |digit: &u8| matches!(digit, b'-' | b'_');
    ENGINE.decode(digits).ok().or_else(|| {
        digits.iter().any(is_of_urls).then(|| ENGINE.decode(digits.iter().map(standard).collect::<Vec<_>>()).ok())?
    })
}

/// Translates a character of the URL alphabet into the standard one.
fn standard(digit: &u8) -> u8 {
    match digit {
        b'-' => b'+',
        b'_' => b'/',
        digit => *digit,
    }
}

/// Encodes `bytes` in the standard alphabet, padded.
#[must_use]
pub fn encoded(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// The six bits of a character in either alphabet.
#[must_use]
pub fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn is_standard(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_base64_without_line_breaks() {
        for text in ["", "AAAA", "AA==", "AAA=", "AA", "+/+/"] {
            assert!(matches!(normalized(text), Some(Cow::Borrowed(same)) if same == text), "{text}");
        }
    }

    #[test]
    fn normalizes_line_breaks_marks_and_the_url_alphabet() {
        for text in ["+/+/\nAA==", " -_+_\r\nAA==\n", "\u{feff}-_-_AA=\t="] {
            assert_eq!(normalized(text).as_deref(), Some("+/+/AA=="), "{text:?}");
        }
    }

    #[test]
    fn rejects_other_text_and_misplaced_padding() {
        for text in ["a b!", "é", "AA==AA==", "AAA===", "A=A", "blob:http://h/1", "==\n="] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }

    #[test]
    fn counts_and_decodes_bytes_with_an_incomplete_last_group() {
        for (digits, bytes) in
            [("", ""), ("JVBERi0x", "%PDF-1"), ("JVBERi0", "%PDF-"), ("JVBERg", "%PDF"), ("-_", "\u{fb}")]
        {
            let decoded = decoded(digits.as_bytes()).unwrap();
            let expected: Vec<_> = bytes.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
            assert_eq!((decoded.len(), &decoded), (byte_count(digits), &expected), "{digits}");
        }
        assert_eq!(decoded(b"AA=A"), None);
        // A single last character, both alphabets, and unused bits that are set.
        for (digits, bytes) in [("AAAAA", vec![0; 3]), ("-+_/", vec![0xfb, 0xef, 0xff]), ("AB", vec![0])] {
            assert_eq!(decoded(digits.as_bytes()), Some(bytes), "{digits}");
        }
    }

    #[test]
    fn encodes_in_the_standard_alphabet_with_padding() {
        assert_eq!(encoded(&[0xfb, 0xef, 0xff, 0]), "++//AA==");
    }
}
