//! Base64 text: whether it is base64, in the digits that the API takes, and the bytes that it encodes.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Takes what others write: with or without padding, and whatever stands in bits that are not used.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Most padding characters after the digits.
pub const MAX_PADDING: usize = 2;

/// `text` in the standard alphabet, without white space and byte order marks; digits of base64 in URLs are read too.
/// `None` if it is not base64. Padding may be missing.
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

/// The digits alone.
#[must_use]
pub fn without_padding(base64: &str) -> &str {
    base64.trim_end_matches('=')
}

/// How many bytes digits without padding encode.
#[must_use]
pub fn byte_count(digits: &str) -> usize {
    digits.len() / 4 * 3 + digits.len() % 4 * 6 / 8
}

/// The bytes that digits of either alphabet, without padding, encode; `None` if there are other characters. A last digit
/// that is alone in its group encodes none.
#[must_use]
pub fn decoded(digits: &[u8]) -> Option<Vec<u8>> {
    let digits = &digits[..digits.len() - usize::from(digits.len() % 4 == 1)];
    let is_of_urls = |digit: &u8| matches!(digit, b'-' | b'_');
    ENGINE.decode(digits).ok().or_else(|| {
        digits.iter().any(is_of_urls).then(|| ENGINE.decode(digits.iter().map(standard).collect::<Vec<_>>()).ok())?
    })
}

/// The digit of the standard alphabet in place of one in URLs.
fn standard(digit: &u8) -> u8 {
    match digit {
        b'-' => b'+',
        b'_' => b'/',
        digit => *digit,
    }
}

/// `bytes` in the standard alphabet, with padding.
#[must_use]
pub fn encoded(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// The bits of a digit, in either alphabet.
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
    fn base64_without_line_breaks_is_taken_as_it_is() {
        for text in ["", "AAAA", "AA==", "AAA=", "AA", "+/+/"] {
            assert!(matches!(normalized(text), Some(Cow::Borrowed(same)) if same == text), "{text}");
        }
    }

    #[test]
    fn line_breaks_marks_and_the_digits_of_urls_are_normalized() {
        for text in ["+/+/\nAA==", " -_+_\r\nAA==\n", "\u{feff}-_-_AA=\t="] {
            assert_eq!(normalized(text).as_deref(), Some("+/+/AA=="), "{text:?}");
        }
    }

    #[test]
    fn other_text_and_padding_in_other_places_are_not_base64() {
        for text in ["a b!", "é", "AA==AA==", "AAA===", "A=A", "blob:http://h/1", "==\n="] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_counted_and_decoded_whether_or_not_the_last_group_is_whole() {
        for (digits, bytes) in
            [("", ""), ("JVBERi0x", "%PDF-1"), ("JVBERi0", "%PDF-"), ("JVBERg", "%PDF"), ("-_", "\u{fb}")]
        {
            let decoded = decoded(digits.as_bytes()).unwrap();
            let expected: Vec<_> = bytes.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
            assert_eq!((decoded.len(), &decoded), (byte_count(digits), &expected), "{digits}");
        }
        assert_eq!(decoded(b"AA=A"), None);
        // A last digit alone, digits of both alphabets, and bits of the last digit that no byte has.
        for (digits, bytes) in [("AAAAA", vec![0; 3]), ("-+_/", vec![0xfb, 0xef, 0xff]), ("AB", vec![0])] {
            assert_eq!(decoded(digits.as_bytes()), Some(bytes), "{digits}");
        }
    }

    #[test]
    fn bytes_are_encoded_in_the_standard_alphabet_with_padding() {
        assert_eq!(encoded(&[0xfb, 0xef, 0xff, 0]), "++//AA==");
    }
}
