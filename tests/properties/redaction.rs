//! Secrets in text that leaves the addon.

use proptest::{collection::vec, prelude::*, sample::Index};
use tooljet_openai::input::secret::{Redactor, Secret};

use crate::{
    config,
    samples::{self, leaks},
};

/// Keys of any length, including repetitive ones.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[!-~]{8,80}",
        1 => "(a|ab|abc){8,30}",
        1 => "[a-zA-Z0-9]{3}[!-~ ]{4,20}[a-z0-9]{3}",
        1 => "sk-proj-[A-Za-z0-9_-]{20,160}",
    ]
}

/// A part of the key between two points, or other text.
type Piece = (Option<(Index, Index)>, String);

fn piece() -> impl Strategy<Value = Piece> {
    (proptest::option::weighted(0.6, any::<(Index, Index)>()), samples::text())
}

fn compose(key: &str, pieces: &[Piece]) -> String {
    let length = key.len();
    let piece = |(part, text): &Piece| match part {
        None => text.clone(),
        Some((start, end)) => {
            let (start, end) = (start.index(length), end.index(length + 1));
            key[start.min(end)..start.max(end)].to_owned()
        }
    };
    pieces.iter().map(piece).collect()
}

/// Base64 with these characters for 62 and 63.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let digits: Vec<_> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last).collect();
    let chunks = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(chunk.get(at).copied().unwrap_or_default()));
        (0..=chunk.len()).map(move |at| bits >> (18 - 6 * at) & 63)
    });
    chunks.map(|digit| char::from(digits[digit])).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn redacts_a_key_and_any_twelve_characters_of_it(
        key in key(), other in key(), pieces in vec(piece(), 0..8), others in vec(piece(), 0..3),
    ) {
        let text = compose(&key, &pieces) + &key + &compose(&other, &others) + &other;
        let redactor = Redactor::new([Secret::new(&key), Secret::new(&other)]);
        let shown = redactor.redact(&text);
        prop_assert!(!leaks(&shown, &key), "{} is in {}", key, shown);
        prop_assert!(!leaks(&shown, &other), "{} is in {}", other, shown);
    }

    #[test]
    fn redacts_eight_characters_at_an_end_of_a_key(
        key in "[a-zA-Z0-9]{20,60}", length in 8_usize..20, before in "[ -/:-@]{1,5}", after in "[ -/:-@]{1,5}",
    ) {
        let redactor = Redactor::new([Secret::new(&key)]);
        let (start, end) = (&key[..length], &key[key.len() - length..]);
        for part in [start, end] {
            let shown = redactor.redact(&format!("{before}{part}{after}"));
            prop_assert!(!shown.contains(part), "{} is in {}", part, shown);
        }
    }

    #[test]
    fn redacts_an_encoded_key(key in "[!-~]{8,60}", before in "[ -~]{0,9}", encoding in 0..4) {
        let plain = format!("{before}{key}");
        let encoded = match encoding {
            0 => plain.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat(),
            1 => plain.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
            2 => base64(plain.as_bytes(), *b"+/"),
            _ => base64(plain.as_bytes(), *b"-_"),
        };
        let shown = Redactor::new([Secret::new(&key)]).redact(&format!("<{encoded}>"));
        // The text before the key may stay; in base64 also the bits that share a character with the key.
        let kept = shown.replace("[redacted]", "");
        let most = encoded.len() * before.len() / plain.len() + 4;
        prop_assert!(kept.len() <= most, "{} of {}", shown, encoded);
    }

    #[test]
    fn redacts_a_short_secret_as_a_word(key in "[!-~]{1,7}", pieces in vec("[ -~]{0,6}", 0..4)) {
        let text = format!("{} {key} {}", pieces.concat(), pieces.join(&key));
        let shown = Redactor::new([Secret::new(&key)]).redact(&text);
        let inside = |c: char| c.is_alphanumeric();
        let left = shown.replace("[redacted]", "");
        for (at, _) in left.match_indices(&key) {
            // Removing the placeholder has joined the text around it.
            let whole = !left[..at].ends_with(inside) && !left[at + key.len()..].starts_with(inside);
            prop_assert!(!whole || !shown.contains(&format!(" {key} ")), "{} is in {}", key, shown);
        }
    }

    #[test]
    fn leaves_text_without_secrets_unchanged(text in "[a-zA-Z ,.:éß„“✓]{0,200}") {
        prop_assert_eq!(Redactor::new([Secret::new(samples::KEY)]).redact(&text), text);
    }
}
