//! Checks the vectors of an embeddings response: exactly one for each text, all of the same length. A vector stored
//! with the wrong text would do harm long after the query. Vectors stay in the server's encoding until all have
//! arrived, because numbers take many times the memory.

use std::ops::Range;

use serde_json::Value;

use crate::{
    budgets::VALUE_BYTES,
    error::{ErrorText, error_text},
    input::base64::{MAX_PADDING, byte_count, decoded, encoded, without_padding},
    response::counter,
};

/// Bytes of one number in a base64 vector: a little-endian float.
const FLOAT_BYTES: usize = 4;
/// Base64 characters decoded at once: a multiple of whole numbers, so that a long vector is not held twice.
const DIGITS_AT_ONCE: usize = 1024;

/// Encoding of a vector in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// An array of numbers.
    Numbers,
    /// A base64 string.
    Base64,
}

/// The vectors of `items` in the order of their texts: those in `texts`, out of `total` in `Input`.
///
/// # Errors
/// Explains what is wrong unless there is exactly one valid vector for each text.
pub fn in_order_of_texts(items: Vec<Value>, texts: Range<usize>, total: usize) -> Result<Vec<Value>, ErrorText> {
    let (first, texts) = (texts.start, texts.len());
    if items.len() != texts {
        let plural = |count: usize, one: &'static str, many: &'static str| if count == 1 { one } else { many };
        let (vectors, of) =
            (plural(items.len(), " embedding for ", " embeddings for "), plural(texts, " text", " texts"));
        return Err(error_text!["the response contains ", items.len(), vectors, texts, of]);
    }
    let mut vectors = vec![None; texts];
    for (position, item) in items.into_iter().enumerate() {
        // A single text needs no index.
        let index = item.get("index").filter(|index| texts > 1 && !index.is_null());
        let index = index.map_or(Some(position), |index| counter(index).and_then(|index| usize::try_from(index).ok()));
        let Some(index) = index.filter(|index| vectors.get(*index) == Some(&None)) else {
            return Err(error_text!["the embeddings of the response are not numbered from 0 to ", texts - 1]);
        };
        vectors[index] = Some(vector(item).map_err(|what| match total {
            1 => error_text!["the embedding in the response ", what],
            _ => error_text!["the embedding of Input[", first + index, "] ", what],
        })?);
    }
    Ok(vectors.into_iter().flatten().collect())
}

/// Checks that all vectors have the same length.
///
/// # Errors
/// Names the first one that differs.
pub fn ensure_one_length(vectors: &[Value]) -> Result<(), ErrorText> {
    let lengths = || vectors.iter().map(length);
    match lengths().position(|length| Some(length) != lengths().next()) {
        Some(other) => Err(error_text!["the embeddings of Input[0] and Input[", other, "] differ in length"]),
        None => Ok(()),
    }
}

/// Converts a checked vector to the result's encoding.
#[must_use]
pub fn in_encoding(vector: Value, encoding: Encoding) -> Value {
    match (vector, encoding) {
        (Value::String(text), Encoding::Numbers) => {
            let mut numbers = Vec::with_capacity(length_of_text(&text));
            all_floats(&text, |float| {
                numbers.push(Value::from(f64::from(float)));
                true
            });
            numbers.into()
        }
        (Value::Array(numbers), Encoding::Base64) => {
            #[allow(clippy::cast_possible_truncation)] // base64 vectors consist of such floats
            let bytes = numbers.iter().flat_map(|number| (number.as_f64().unwrap_or_default() as f32).to_le_bytes());
            encoded(&bytes.collect::<Vec<_>>()).into()
        }
        (vector, _) => vector,
    }
}

/// Number of elements in a checked vector.
#[must_use]
pub fn length(vector: &Value) -> usize {
    match vector {
        Value::Array(numbers) => numbers.len(),
        Value::String(text) => length_of_text(text),
        _ => 0,
    }
}

/// Memory use of a checked vector, in bytes.
#[must_use]
pub fn memory(vector: &Value) -> usize {
    VALUE_BYTES + vector.as_str().map_or_else(|| length(vector) * VALUE_BYTES, str::len)
}

fn length_of_text(text: &str) -> usize {
    byte_count(without_padding(text)) / FLOAT_BYTES
}

/// The vector of an item: its `embedding`, or the item itself.
fn vector(mut item: Value) -> Result<Value, &'static str> {
    let vector = match item.as_object_mut() {
        Some(members) => members.swap_remove("embedding").unwrap_or_default(),
        None => item,
    };
    match vector {
        // llama.cpp returns a list of vectors, one per token or a single pooled one.
        Value::Array(mut rows) if rows.len() == 1 && rows[0].is_array() => checked(rows.swap_remove(0)),
        vector => checked(vector),
    }
}

fn checked(vector: Value) -> Result<Value, &'static str> {
    match &vector {
        Value::Null => Err("is missing"),
        Value::Array(numbers) if numbers.is_empty() => Err("is empty"),
        Value::Array(numbers) if numbers.iter().all(Value::is_number) => Ok(vector),
        Value::String(text) if text.is_empty() => Err("is empty"),
        Value::String(text) if all_floats(text, f32::is_finite) => Ok(vector),
        Value::String(_) => Err("is not a list of numbers in base64"),
        _ => Err("contains something other than numbers"),
    }
}

/// Whether it is base64 of numbers that all satisfy `is_good`.
fn all_floats(text: &str, mut is_good: impl FnMut(f32) -> bool) -> bool {
    let digits = without_padding(text);
    let bytes = byte_count(digits);
    if bytes == 0 || !bytes.is_multiple_of(FLOAT_BYTES) || text.len() - digits.len() > MAX_PADDING {
        return false;
    }
    digits.as_bytes().chunks(DIGITS_AT_ONCE).all(|digits| {
        let are_good =
            |bytes: Vec<u8>| bytes.as_chunks::<FLOAT_BYTES>().0.iter().all(|float| is_good(f32::from_le_bytes(*float)));
        decoded(digits).is_some_and(are_good)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(items: Value, texts: usize) -> Result<Value, String> {
        let Value::Array(items) = items else { panic!("not a list") };
        let vectors = in_order_of_texts(items, 0..texts, texts).and_then(|vectors| {
            ensure_one_length(&vectors)?;
            Ok(vectors)
        });
        vectors.map(Value::from).map_err(|error| error.to_string())
    }

    #[test]
    fn returns_vectors_in_the_order_of_their_texts() {
        let [a, b, c] = [0, 1, 2].map(|at| json!({"index": at, "embedding": [at]}));
        assert_eq!(read(json!([c, a, b]), 3), Ok(json!([[0], [1], [2]])));
        // This server omits zeros.
        assert_eq!(read(json!([{"embedding": [0]}, b]), 2), Ok(json!([[0], [1]])));
        assert_eq!(read(json!([{"embedding": [0]}, {"index": null, "embedding": [1]}]), 2), Ok(json!([[0], [1]])));
        assert_eq!(
            read(json!([{"index": "1", "embedding": [1]}, {"index": 0.0, "embedding": [0]}]), 2),
            Ok(json!([[0], [1]]))
        );
        assert_eq!(read(json!([[0.5], [1e-9]]), 2), Ok(json!([[0.5], [1e-9]])));
        assert_eq!(read(json!([{"index": 7, "embedding": [[0.5]]}]), 1), Ok(json!([[0.5]])));
    }

    #[test]
    fn fails_when_a_vector_is_missing_or_extra() {
        let one = json!({"embedding": [1]});
        assert_eq!(read(json!([one, one]), 3).unwrap_err(), "the response contains 2 embeddings for 3 texts");
        assert_eq!(read(json!([one, one]), 1).unwrap_err(), "the response contains 2 embeddings for 1 text");
        assert_eq!(read(json!([one]), 2).unwrap_err(), "the response contains 1 embedding for 2 texts");
    }

    #[test]
    fn fails_when_an_index_matches_no_text() {
        for [first, second] in [[0, 0], [1, 1], [1, 2], [-1, 0], [0, 2]].map(|pair| pair.map(Value::from)) {
            let items = json!([{"index": first, "embedding": [1]}, {"index": second, "embedding": [2]}]);
            assert_eq!(read(items, 2).unwrap_err(), "the embeddings of the response are not numbered from 0 to 1");
        }
        let words = json!([{"index": "first", "embedding": [1]}, {"index": 1, "embedding": [2]}]);
        assert!(read(words, 2).is_err());
        assert!(read(json!([{"index": 1, "embedding": [1]}, {"embedding": [2]}]), 2).is_err());
    }

    #[test]
    fn fails_when_vectors_differ_in_length() {
        let differ = |other: Value| read(json!([{"embedding": [0.5]}, {"embedding": [1]}, {"embedding": other}]), 3);
        assert!(differ(json!([2])).is_ok());
        assert!(differ(json!("AACAPw==")).is_ok());
        for other in [json!([1, 2]), json!("AACAPwAAgL8=")] {
            assert_eq!(differ(other).unwrap_err(), "the embeddings of Input[0] and Input[2] differ in length");
        }
    }

    #[test]
    fn converts_vectors_to_the_requested_encoding() {
        let (numbers, text) = (json!([1.0, -0.5]), json!("AACAPwAAAL8="));
        for vector in [&numbers, &text] {
            assert_eq!(in_encoding(vector.clone(), Encoding::Numbers), numbers);
            assert_eq!(in_encoding(vector.clone(), Encoding::Base64), text);
            assert_eq!(length(vector), 2);
        }
        let long = "AACAPwAAAL8AAIA/".repeat(DIGITS_AT_ONCE);
        assert_eq!(in_encoding(json!(long), Encoding::Numbers).as_array().unwrap().len(), 3 * DIGITS_AT_ONCE);
    }

    #[test]
    fn names_a_vector_by_its_index_in_the_whole_input() {
        let items = vec![json!({"index": 1, "embedding": []}), json!({"index": 0, "embedding": [1]})];
        let error = in_order_of_texts(items, 2048..2050, 2050).unwrap_err().to_string();
        assert_eq!(error, "the embedding of Input[2049] is empty");
        let only = in_order_of_texts(vec![json!({"index": 7, "embedding": []})], 2048..2049, 2049);
        assert_eq!(only.unwrap_err().to_string(), "the embedding of Input[2048] is empty");
    }

    #[test]
    fn rejects_anything_but_a_vector() {
        for (embedding, what) in [
            (json!(null), "is missing"),
            (json!([]), "is empty"),
            (json!(""), "is empty"),
            (json!([null, null]), "contains something other than numbers"),
            (json!([1, "2"]), "contains something other than numbers"),
            (json!([[1], [2]]), "contains something other than numbers"),
            (json!({"float": [1]}), "contains something other than numbers"),
            (json!(5), "contains something other than numbers"),
            (json!("AACAPw"), ""),
            (json!("AACAPw=="), ""),
            (json!("AACAP"), "is not a list of numbers in base64"),
            (json!("AACA!w=="), "is not a list of numbers in base64"),
            (json!("AACAPw==="), "is not a list of numbers in base64"),
            // Not a number, and infinity.
            (json!("AADAfw=="), "is not a list of numbers in base64"),
            (json!("AACAfw=="), "is not a list of numbers in base64"),
        ] {
            let read = read(json!([{"index": 0, "embedding": [1]}, {"index": 1, "embedding": embedding}]), 2);
            let error = read.err().unwrap_or_default();
            let expected = if what.is_empty() { String::new() } else { format!("the embedding of Input[1] {what}") };
            assert_eq!(error, expected, "{embedding}");
        }
        assert_eq!(read(json!([{"object": "embedding"}]), 1).unwrap_err(), "the embedding in the response is missing");
    }
}
