//! Outcomes as JSON text for JavaScript, in slices that its single thread parses in a few milliseconds each.
//!
//! `JSON.parse` builds objects faster than one call per property would, and only it handles some names and numbers as
//! expected: `__proto__`, or integers that would become a `BigInt`, which `ToolJet` cannot serialize. But it takes more
//! than a second for a million names and blocks all other queries meanwhile. So a slice ends when its cost is high
//! enough, and adds items or members to a single array or object. Nested containers are sent first, until their parent
//! includes them.

use std::{fmt::Write, mem};

use serde_json::{Map, Value};

use crate::service::Outcome;

/// Longer strings are passed next to the JSON, so that nobody has to parse them; in bytes.
const MAX_EMBEDDED_BYTES: usize = 64 << 10;
/// Even longer ones are passed in parts of this length; in bytes.
const MAX_PART_BYTES: usize = 1 << 20;
/// Cost at which a slice ends, in units of the time that `JSON.parse` takes for a number: 0.2 µs.
pub const SLICE_COST: usize = 32 << 10;
/// Cost of a name, which is looked up in a table of all names.
const NAME_COST: usize = 8;
/// Bytes of text that cost as much as a number.
const BYTES_PER_COST: usize = 32;

/// A part of an outcome.
#[derive(Debug, PartialEq)]
pub struct Slice {
    /// Number of the array, object or string to extend. The last one is the outcome itself.
    pub container: u32,
    /// The addition.
    pub added: Added,
    /// Its cost.
    pub cost: usize,
}

/// What a slice adds.
#[derive(Debug, PartialEq)]
pub enum Added {
    /// Items or members.
    Json {
        /// An array or object of its own, with placeholders for the values in `apart`.
        json: Text,
        /// What replaces the placeholders, by index or name.
        apart: Vec<(String, Apart)>,
    },
    /// Text.
    Text(Text),
}

/// An item or member outside the JSON of its slice.
#[derive(Debug, PartialEq)]
pub enum Apart {
    /// A long string.
    Text(Text),
    /// A complete array, object or even longer string, by number.
    Container(u32),
}

/// Text in JavaScript's representation.
#[derive(Debug, PartialEq)]
pub enum Text {
    /// One byte per character.
    Ascii(Vec<u8>),
    /// UTF-16.
    Utf16(Vec<u16>),
}

/// The slices of an outcome; only one unless it is large.
#[must_use]
pub fn slices(outcome: Outcome) -> Vec<Slice> {
    let mut slicer = Slicer::default();
    let mut members = outcome.into_members();
    // Data that is a single string is never parsed, however short it is.
    let text = match members.get_mut("data") {
        Some(Value::String(data)) => Some(slicer.write_text(mem::take(data))),
        _ => None,
    };
    if let Written::Inline(cost) = slicer.write_object(members) {
        let (container, json) = (slicer.next_container(), mem::take(&mut slicer.json).into());
        slicer.slices.push(Slice { container, added: Added::Json { json, apart: Vec::new() }, cost });
    }
    if let (Some(text), Some(Slice { added: Added::Json { apart, .. }, .. })) = (text, slicer.slices.last_mut()) {
        apart.push(("data".to_owned(), text));
    }
    slicer.slices
}

/// Where a value was written.
enum Written {
    /// In the JSON, at this cost.
    Inline(usize),
    Apart(Apart),
}

/// The part of an array or object that is written but not yet in a slice.
struct Part {
    container: Option<u32>,
    brackets: [char; 2],
    /// Its start in the JSON.
    start: usize,
    len: usize,
    apart: Vec<(String, Apart)>,
    cost: usize,
}

#[derive(Default)]
struct Slicer {
    slices: Vec<Slice>,
    /// Text that is written but not yet in a slice.
    json: String,
    containers: u32,
}

impl Slicer {
    fn write(&mut self, value: Value) -> Written {
        match value {
            Value::Array(items) => {
                let mut part = self.begin(['[', ']']);
                for item in items {
                    let index = part.len;
                    self.add(&mut part, item, || index.to_string());
                }
                self.end(part)
            }
            Value::Object(members) => self.write_object(members),
            Value::String(text) if text.len() > MAX_EMBEDDED_BYTES => Written::Apart(self.write_text(text)),
            scalar => {
                let bytes = self.write_scalar(&scalar);
                Written::Inline(1 + bytes / BYTES_PER_COST)
            }
        }
    }

    fn write_text(&mut self, text: String) -> Apart {
        if text.len() <= MAX_PART_BYTES {
            return Apart::Text(text.into());
        }
        let container = self.next_container();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = (0..=MAX_PART_BYTES.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end));
            let (part, others) = rest.split_at(end.unwrap_or(rest.len()));
            let cost = part.len() / BYTES_PER_COST;
            self.slices.push(Slice { container, added: Added::Text(part.to_owned().into()), cost });
            rest = others;
        }
        Apart::Container(container)
    }

    fn write_object(&mut self, members: Map<String, Value>) -> Written {
        let mut part = self.begin(['{', '}']);
        for (name, member) in members {
            let name = Value::String(name);
            let bytes = self.write_scalar(&name);
            self.json.push(':');
            part.cost += NAME_COST + bytes / BYTES_PER_COST;
            self.add(&mut part, member, || name.as_str().unwrap_or_default().to_owned());
        }
        self.end(part)
    }

    fn write_scalar(&mut self, scalar: &Value) -> usize {
        let start = self.json.len();
        // Writing to a string cannot fail.
        let _ = write!(self.json, "{scalar}");
        self.json.len() - start
    }

    fn begin(&mut self, brackets: [char; 2]) -> Part {
        let start = self.json.len();
        self.json.push(brackets[0]);
        Part { container: None, brackets, start, len: 0, apart: Vec::new(), cost: 1 }
    }

    /// Adds an item or member, and ends the slice if its cost is high enough.
    fn add(&mut self, part: &mut Part, value: Value, key: impl FnOnce() -> String) {
        match self.write(value) {
            Written::Inline(cost) => part.cost += cost,
            Written::Apart(apart) => {
                part.cost += apart.cost();
                part.apart.push((key(), apart));
                self.json.push('0');
            }
        }
        self.json.push(',');
        part.len += 1;
        if part.cost > SLICE_COST {
            self.cut(part);
        }
    }

    /// Completes the written part as JSON of its own.
    fn close(&mut self, part: &Part) {
        if part.len > 0 {
            self.json.pop();
        }
        self.json.push(part.brackets[1]);
    }

    /// Turns the written part into a slice.
    fn cut(&mut self, part: &mut Part) {
        self.close(part);
        let container = part.container.unwrap_or_else(|| self.next_container());
        part.container = Some(container);
        let (json, apart) = (self.json.split_off(part.start).into(), mem::take(&mut part.apart));
        let cost = mem::replace(&mut part.cost, 1);
        self.slices.push(Slice { container, added: Added::Json { json, apart }, cost });
        self.json.push(part.brackets[0]);
        part.len = 0;
    }

    fn end(&mut self, mut part: Part) -> Written {
        if part.container.is_none() && part.apart.is_empty() {
            self.close(&part);
            return Written::Inline(part.cost);
        }
        if part.len > 0 {
            self.cut(&mut part);
        }
        self.json.truncate(part.start);
        Written::Apart(Apart::Container(part.container.unwrap_or_default()))
    }

    fn next_container(&mut self) -> u32 {
        self.containers += 1;
        self.containers - 1
    }
}

impl Apart {
    fn cost(&self) -> usize {
        match self {
            Self::Text(text) => 1 + text.units() / BYTES_PER_COST,
            Self::Container(_) => 1,
        }
    }
}

impl Text {
    fn units(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Utf16(text) => text.len(),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.is_ascii() { Self::Ascii(text.into_bytes()) } else { Self::Utf16(utf16(&text)) }
    }
}

/// Like `str::encode_utf16`, but converts many characters at a time.
fn utf16(text: &str) -> Vec<u16> {
    let mut units = vec![0; text.len() + 1];
    let len = encoding_rs::mem::convert_str_to_utf16(text, &mut units);
    units.truncate(len);
    units
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{operations::QueryResult, service::Failure};

    fn outcome(data: Value) -> Outcome {
        let metadata = Map::from_iter([("endpoint".to_owned(), "chat".into())]);
        Outcome::Ok(QueryResult { data, metadata })
    }

    fn decoded(text: &Text) -> String {
        match text {
            Text::Ascii(text) => String::from_utf8(text.clone()).unwrap(),
            Text::Utf16(text) => String::from_utf16(text).unwrap(),
        }
    }

    fn parsed(json: &Text, apart: &[(String, Apart)], containers: &mut [Value]) -> Value {
        let mut value: Value = serde_json::from_str(&decoded(json)).unwrap();
        for (key, apart) in apart {
            let put_in = match apart {
                Apart::Text(text) => decoded(text).into(),
                Apart::Container(number) => containers[*number as usize].take(),
            };
            match &mut value {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = put_in,
                members => members[key.as_str()] = put_in,
            }
        }
        value
    }

    fn json(slice: &Slice) -> (String, &[(String, Apart)]) {
        match &slice.added {
            Added::Json { json, apart } => (decoded(json), apart),
            Added::Text(_) => panic!("no JSON"),
        }
    }

    /// Assembles slices as the entry does.
    fn assembled(slices: &[Slice]) -> Value {
        let mut containers: Vec<Value> = Vec::new();
        let mut last = 0;
        for slice in slices {
            let added = match &slice.added {
                Added::Text(text) => decoded(text).into(),
                Added::Json { json, apart } => parsed(json, apart, &mut containers),
            };
            last = slice.container as usize;
            containers.resize(containers.len().max(last + 1), Value::Null);
            match (&mut containers[last], added) {
                (Value::Array(items), Value::Array(more)) => items.extend(more),
                (Value::Object(members), Value::Object(more)) => members.extend(more),
                (Value::String(text), Value::String(more)) => text.push_str(&more),
                (begun, first) => *begun = first,
            }
        }
        containers[last].take()
    }

    /// Slices data, and checks the content and the cost of each slice.
    fn sliced(data: &Value) -> Vec<Slice> {
        let slices = slices(outcome(data.clone()));
        let expected = json!({"status": "ok", "data": data, "metadata": {"endpoint": "chat"}});
        assert_eq!(assembled(&slices), expected);
        for slice in &slices {
            assert!(slice.cost <= 2 * SLICE_COST, "{}", slice.cost);
        }
        slices
    }

    #[test]
    fn writes_a_small_outcome_as_one_slice_with_its_text_apart() {
        let expected = r#"{"status":"ok","data":"","metadata":{"endpoint":"chat"}}"#.to_owned();
        let text = [("data".to_owned(), Apart::Text("Paris".to_owned().into()))];
        let slices = sliced(&"Paris".into());
        assert_eq!((slices.len(), json(&slices[0])), (1, (expected, &text[..])));
        for data in [json!(null), json!([]), json!({}), json!([[], {"a": {}}]), json!({"__proto__": 1})] {
            let slices = sliced(&data);
            assert_eq!((slices.len(), json(&slices[0]).1.len()), (1, 0));
        }
        let failure =
            Failure { message: "m".into(), description: "d".to_owned(), data: Map::new(), metadata: Map::new() };
        let failed = super::slices(Outcome::Failed(failure));
        assert_eq!(assembled(&failed), json!({"status": "failed", "message": "m", "description": "d", "data": {}}));
    }

    #[test]
    fn splits_long_arrays_and_objects() {
        let numbers: Vec<_> = (0..200_000).map(Value::from).collect();
        assert_eq!(sliced(&numbers.clone().into()).len(), 200_000 / SLICE_COST + 2);
        assert!(sliced(&json!({"a": numbers.clone(), "b": [numbers, "é"], "c": 1})).len() > 12);
        let names = (0..20_000).map(|n| (format!("é{n}"), n.into())).collect::<Map<_, _>>();
        assert!(sliced(&names.into()).len() > 20_000 * NAME_COST / SLICE_COST);
        let objects: Vec<_> = (0..20_000).map(|n| json!({"n": n})).collect();
        assert!(sliced(&objects.into()).len() > 20_000 * NAME_COST / SLICE_COST);
    }

    #[test]
    fn splits_a_deep_value_at_every_depth() {
        let numbers: Vec<_> = (0..40_000).map(Value::from).collect();
        let mut deep = Value::from(numbers.clone());
        for depth in 0..100 {
            deep = if depth % 2 == 0 { json!([depth, deep, depth]) } else { json!({"a": depth, "deep": deep}) };
        }
        sliced(&json!([deep, numbers, deep]));
    }

    #[test]
    fn keeps_long_text_out_of_the_json() {
        let (short, long) = ("x".repeat(MAX_EMBEDDED_BYTES), "é\n".repeat(MAX_EMBEDDED_BYTES));
        let longest = "x😀\n".repeat(MAX_EMBEDDED_BYTES * 4);
        let slices = sliced(&json!({"a": longest, "__proto__": long, "b": [short, long], "c": [longest]}));
        for slice in slices.iter().filter(|slice| matches!(slice.added, Added::Json { .. })) {
            assert!(json(slice).0.len() < 2 * MAX_EMBEDDED_BYTES);
        }
        assert_eq!(sliced(&short.into()).len(), 1);
        assert_eq!(sliced(&longest.into()).len(), 3);
    }

    #[test]
    fn converts_text_to_utf_16() {
        for text in ["", "plain", "é", "café au lait", "“so”", "日本語 and 😀😀é", "😀"] {
            assert_eq!(utf16(text), text.encode_utf16().collect::<Vec<_>>(), "{text}");
        }
    }
}
