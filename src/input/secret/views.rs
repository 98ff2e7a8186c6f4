//! Decodes text in which an API may repeat a secret in another encoding.

use std::ops::Range;

use super::MIN_SECRET_BYTES;
use crate::input::base64;

/// Decodes one digit.
type Digit = fn(u8) -> Option<u8>;

/// Hexadecimal and base64: bits per digit, minimum number of digits for [`MIN_SECRET_BYTES`], decoder.
const ENCODINGS: [(usize, usize, Digit); 2] =
    [(4, (MIN_SECRET_BYTES * 8).div_ceil(4), hex_digit), (6, (MIN_SECRET_BYTES * 8).div_ceil(6), base64::value)];

/// A text, or a part of it, in decoded form.
pub(super) struct View {
    /// The decoded bytes.
    pub(super) bytes: Vec<u8>,
    /// The range in the text that each byte comes from.
    places: Vec<Range<usize>>,
}

/// The text itself, and its percent-encoded, hexadecimal and base64 contents.
pub(super) fn of(text: &str) -> Vec<View> {
    let plain = View { bytes: text.as_bytes().to_vec(), places: (0..text.len()).map(|at| at..at + 1).collect() };
    let unescaped = plain.percent_decoded();
    let mut views = vec![plain];
    views.extend(unescaped);
    for at in 0..views.len() {
        for (bits, min, digit) in ENCODINGS {
            for run in views[at].runs(min, digit) {
                views.extend(run.decoded(bits));
            }
        }
    }
    views
}

/// Decodes base64 text of either alphabet, padded or not.
pub(super) fn from_base64(encoded: &str) -> Option<String> {
    let bytes = base64::decoded(base64::without_padding(encoded).as_bytes())?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// A run of digits in one encoding, with their positions.
struct Run {
    digits: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl View {
    /// The range in the text that these bytes come from.
    pub(super) fn place(&self, bytes: Range<usize>) -> Range<usize> {
        self.places[bytes.start].start..self.places[bytes.end - 1].end
    }

    /// Percent-decoded, including `+`; `None` if nothing changes.
    fn percent_decoded(&self) -> Option<Self> {
        let mut decoded = Self { bytes: Vec::new(), places: Vec::new() };
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            let digits = [at + 1, at + 2].map(|at| self.bytes.get(at).copied().and_then(hex_digit));
            let (byte, length) = match (byte, digits) {
                (b'%', [Some(high), Some(low)]) => (high << 4 | low, 3),
                (b'+', _) => (b' ', 1),
                _ => (*byte, 1),
            };
            decoded.bytes.push(byte);
            decoded.places.push(self.place(at..at + length));
            at += length;
        }
        (decoded.bytes != self.bytes).then_some(decoded)
    }

    /// The longest runs of at least `min` digits.
    fn runs(&self, min: usize, digit: Digit) -> Vec<Run> {
        let digits: Vec<_> = self.bytes.iter().map(|byte| digit(*byte)).collect();
        let mut runs = Vec::new();
        let mut start = 0;
        for run in digits.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let end = start + run.len();
            if run[0].is_some() && run.len() >= min {
                let digits = run.iter().flatten().copied().collect();
                runs.push(Run { digits, places: self.places[start..end].to_vec() });
            }
            start = end;
        }
        runs
    }
}

impl Run {
    /// Decodes digits of `bits` bits. A secret may start in the middle, so decoding starts at each possible offset.
    fn decoded(&self, bits: usize) -> impl Iterator<Item = View> {
        let starts = if bits == 6 { 4 } else { 2 };
        (0..starts).map(move |start| {
            let bytes = joined(&self.digits[start..], bits);
            let place = |at: usize| {
                let (first, last) = (start + at * 8 / bits, start + (at * 8 + 7) / bits);
                self.places[first].start..self.places[last].end
            };
            View { places: (0..bytes.len()).map(place).collect(), bytes }
        })
    }
}

/// Joins digits of `bits` bits into bytes and drops an incomplete last one.
fn joined(digits: &[u8], bits: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len() * bits / 8);
    let (mut pending, mut length) = (0_u16, 0);
    for digit in digits {
        pending = pending << bits | u16::from(*digit);
        length += bits;
        if length >= 8 {
            length -= 8;
            bytes.push((pending >> length).to_be_bytes()[1]);
        }
    }
    bytes
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
