//! Parses foreign JSON text as JavaScript does, including split emoji and numbers out of range.

use std::{fmt, vec};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::budgets::CONTAINER_WEIGHT;

/// Length of `\u` with four digits.
const ESCAPE: usize = 6;

/// Parses JSON text. `JSON.parse` accepts two things that Rust cannot represent. Half a surrogate pair (`"\ud83d"`,
/// part of an emoji) becomes U+FFFD. A number such as `1e999`, which is infinite in JavaScript, becomes null, as in
/// `JSON.stringify`.
///
/// # Errors
/// The parser's error.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let parsed = |text: &str| read(text, &mut State::default());
    parsed(text).or_else(|error| repaired(text).map_or(Err(error), |text| parsed(&text)))
}

/// Like [`parse`], but replaces each `-0` by the next item of `texts`. Also returns the number of names and values,
/// weighted by [`CONTAINER_WEIGHT`].
///
/// # Errors
/// The parser's error.
pub fn parse_with_texts(json: &str, texts: Vec<String>) -> serde_json::Result<(Value, usize)> {
    // Repair first, because each text can be inserted only once.
    let repaired = if json.contains("\\ud") { repaired(json) } else { None };
    let mut state = State { texts: Some(texts.into_iter()), values: 0 };
    let value = read(repaired.as_deref().unwrap_or(json), &mut state)?;
    Ok((value, state.values))
}

fn read(text: &str, state: &mut State) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Reader(state).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Whether text starts like a JSON array or object.
#[must_use]
pub fn is_json_text(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

/// Explains what is wrong with JSON text, without the parser's jargon.
#[must_use]
pub fn explain(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return format!("it ends too early, in line {} column {}", error.line(), error.column());
    }
    error.to_string()
}

/// A copy of the same length, without what [`parse`] replaces; `None` if nothing needs replacing.
fn repaired(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut copy = None;
    let mut replace = |at: usize, by: &[u8]| {
        copy.get_or_insert_with(|| bytes.to_vec())[at..at + by.len()].copy_from_slice(by);
    };
    let (mut at, mut is_string) = (0, false);
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => {
                is_string = !is_string;
                1
            }
            b'\\' if is_string => match (escaped_unit(text, at), escaped_unit(text, at + ESCAPE)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE,
                (Some(0xd800..=0xdfff), _) => {
                    replace(at, b"\\ufffd");
                    ESCAPE
                }
                (Some(_), _) => ESCAPE,
                // Skip the escaped character, even a backslash.
                (None, _) => 2,
            },
            b'-' | b'0'..=b'9' if !is_string => {
                let number = number_at(text, at);
                if is_infinite(number) {
                    replace(at, &[b"null", &vec![b' '; number.len() - 4][..]].concat());
                }
                number.len()
            }
            _ => 1,
        }
    }
    String::from_utf8(copy?).ok()
}

fn number_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(rest.len())]
}

/// Whether it is a number out of range for Rust and JavaScript.
fn is_infinite(number: &str) -> bool {
    number.parse().is_ok_and(f64::is_infinite) && serde_json::from_str::<IgnoredAny>(number).is_ok()
}

/// Reads a value. Using `serde_json`'s own type would compile another copy of the parser.
struct Reader<'a>(&'a mut State);

#[derive(Default)]
struct State {
    /// Texts for each `-0`, if any.
    texts: Option<vec::IntoIter<String>>,
    /// Names and values read so far, weighted.
    values: usize,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.values += 1;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        match &mut self.0.texts {
            Some(texts) if number == 0.0 && number.is_sign_negative() => {
                texts.next().map(Value::String).ok_or_else(|| E::custom("a text is missing"))
            }
            _ => Ok(number.into()),
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.values += CONTAINER_WEIGHT - 1;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reader(self.0))? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.0.values += CONTAINER_WEIGHT - 1;
        let mut object = Map::new();
        while let Some(name) = members.next_key()? {
            self.0.values += 1;
            object.insert(name, members.next_value_seed(Reader(self.0))?);
        }
        Ok(object.into())
    }
}

/// The UTF-16 unit of the escape at this position.
fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(json: &str) -> String {
        parse(&format!("\"{json}\"")).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn replaces_half_a_surrogate_pair() {
        assert_eq!(text(r"\ud83d"), "\u{fffd}");
        assert_eq!(text(r"a\uDE00b"), "a\u{fffd}b");
        assert_eq!(text(r"\ud83d\ud83d\ude00"), "\u{fffd}😀");
        assert_eq!(text(r"\ude00\ud83d"), "\u{fffd}\u{fffd}");
        assert_eq!(text(r"\ud83d\n"), "\u{fffd}\n");
        assert_eq!(text(r"\ud83d\u0041é"), "\u{fffd}Aé");
    }

    #[test]
    fn recognizes_an_escaped_backslash_before_a_u() {
        assert_eq!(text(r"\\ud83d \ud83d"), "\\ud83d \u{fffd}");
        assert_eq!(text(r"\\\ud83d"), "\\\u{fffd}");
        assert_eq!(text(r"\\\\ud83d\ud83d"), "\\\\ud83d\u{fffd}");
    }

    #[test]
    fn parses_like_serde_json() {
        for text in [
            r#"{"a":[1,-1,0.5,1e21,-0,-0.0,18446744073709551615,true,false,null],"":{},"a":"\u00e9\\n\"é"}"#,
            " [ [ ] , \"\" ] ",
            "-0",
            "[1,]",
            "[1] 2",
            "{\"a\" 1}",
            "{1: 2}",
            "",
        ] {
            let expected = serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
            assert_eq!(parse(text).map_err(|error| error.to_string()), expected, "{text}");
        }
        let deep = |depth| parse(&("[".repeat(depth) + &"]".repeat(depth)));
        assert!(deep(127).is_ok() && deep(128).is_err() && deep(1 << 20).is_err());
    }

    #[test]
    fn turns_an_infinite_number_into_null() {
        let digits = "9".repeat(400);
        let json = format!(r#"[1e999,-1.5E+400 ,{digits},1e308,"1e999 \" 1e999",{{"a":1e9999}}]"#);
        assert_eq!(parse(&json).unwrap(), json!([null, null, null, 1e308, "1e999 \" 1e999", {"a": null}]));
        assert_eq!(parse(r#"["\ud83d", 1e999]"#).unwrap(), json!(["\u{fffd}", null]));
        for bad in ["[01e999]", "[1.e999]", "[+1e999]", "[1e999.]", "[1e999e9]", "[-]", "[1e]"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keeps_every_bit_of_a_number() {
        // xorshift64: generates the same doubles in every run.
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            #[allow(clippy::cast_possible_truncation)] // half of the bits make an f32
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
    fn reports_where_text_ends_too_early() {
        let explained = |text| explain(&parse(text).unwrap_err());
        assert_eq!(explained(r#"[{"role": "#), "it ends too early, in line 1 column 10");
        assert_eq!(explained("{a}"), "key must be a string at line 1 column 2");
    }

    #[test]
    fn rejects_other_invalid_json() {
        for bad in
            [r#"{"a": NaN}"#, r#""\ud83d"#, r#""\ud83"#, r#""\ud83é""#, r#""\u+83d""#, r#"{"a":"\ud83d",}"#, "\\", ""]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
