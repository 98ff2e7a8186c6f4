//! Citations in Chat's shape, with positions in the whole text.

use serde_json::{Map, Value};

/// Members of an annotation that are positions in its own part of the text, in characters.
const PLACES: [&str; 3] = ["start_index", "end_index", "index"];

/// Collects the citations of a text, part by part.
#[derive(Debug, Default)]
pub struct Citations {
    annotations: Vec<Value>,
    /// Bytes of the text that are counted so far, and the characters in them.
    counted: (usize, usize),
}

impl Citations {
    /// Adds the annotations of the next part, which follows the text `before`.
    pub fn add(&mut self, annotations: Vec<Value>, before: &str) {
        if annotations.is_empty() {
            return;
        }
        let (bytes, chars) = self.counted;
        let offset = chars + before[bytes..].chars().count();
        self.counted = (before.len(), offset);
        self.annotations.extend(annotations.into_iter().map(|annotation| in_chats_shape(annotation, offset)));
    }

    /// All citations.
    #[must_use]
    pub fn into_list(self) -> Vec<Value> {
        self.annotations
    }
}

/// In Chat, a page's citation is a nested member, and files are not cited.
fn in_chats_shape(mut annotation: Value, offset: usize) -> Value {
    for name in PLACES {
        if let Some(place) = annotation.get_mut(name)
            && let Some(index) = place.as_u64()
        {
            *place = index.saturating_add(offset as u64).into();
        }
    }
    if annotation["type"] != "url_citation" || annotation.get("url_citation").is_some() {
        return annotation;
    }
    let Value::Object(mut members) = annotation else { return annotation };
    members.shift_remove("type");
    let nested = [("type", "url_citation".into()), ("url_citation", members.into())];
    nested.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(url: &str, places: [u64; 2]) -> Value {
        json!({"type": "url_citation", "start_index": places[0], "end_index": places[1], "title": "A page", "url": url})
    }

    #[test]
    fn counts_positions_in_characters_of_the_whole_text() {
        let mut citations = Citations::default();
        citations.add(vec![page("https://h/a", [0, 2])], "");
        citations.add(vec![json!({"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 1})], "äöü");
        citations.add(Vec::new(), "äöü€");
        citations.add(vec![page("https://h/b", [1, 2]), json!("odd"), json!({"start_index": "1"})], "äöü€😀");
        let nested = |places: [u64; 2], url: &str| {
            json!({"type": "url_citation", "url_citation": {
                "start_index": places[0], "end_index": places[1], "title": "A page", "url": url
            }})
        };
        assert_eq!(
            Value::from(citations.into_list()),
            json!([
                nested([0, 2], "https://h/a"),
                {"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 4},
                nested([6, 7], "https://h/b"),
                "odd",
                {"start_index": "1"}
            ])
        );
    }
}
