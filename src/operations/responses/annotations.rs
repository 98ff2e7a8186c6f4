//! What an answer rests on: citations with their places in the text, and the pages that a search has found.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

/// Members of an annotation that are places in its own part of the text, in characters.
const PLACES: [&str; 3] = ["start_index", "end_index", "index"];

/// Citations and pages, as they come.
#[derive(Default)]
pub(super) struct Citations {
    annotations: Vec<Value>,
    pages: Vec<Value>,
    /// How much of the text is counted, in bytes, and its characters.
    counted: (usize, usize),
}

impl Citations {
    /// Adds the annotations of the next part of the text, which has `before` it.
    pub(super) fn add(&mut self, annotations: Vec<Value>, before: &str) {
        if annotations.is_empty() {
            return;
        }
        let (bytes, chars) = self.counted;
        let offset = chars + before[bytes..].chars().count();
        self.counted = (before.len(), offset);
        self.annotations.extend(annotations.into_iter().map(|annotation| in_chats_shape(annotation, offset)));
    }

    /// Adds the pages that a search has found.
    pub(super) fn add_sources(&mut self, pages: Value) {
        if let Value::Array(pages) = pages {
            self.pages.extend(pages);
        }
    }

    /// The pages alone, where the text is not the answer after all.
    pub(super) fn without_annotations(self) -> Self {
        Self { pages: self.pages, ..Self::default() }
    }

    /// The annotations, and each page once as `{title?, url}`, with the title by which it is cited.
    pub(super) fn into_lists(self) -> (Vec<Value>, Vec<Value>) {
        let cited = self.annotations.iter().filter_map(|annotation| {
            let citation = &annotation["url_citation"];
            Some((citation["url"].as_str()?, citation["title"].as_str().filter(|title| !title.is_empty())?))
        });
        let titles: HashMap<&str, &str> = cited.collect();
        let mut known = HashSet::new();
        let urls = self.pages.iter().filter_map(|page| page["url"].as_str());
        let source = |url: &str| match titles.get(url) {
            Some(title) => json!({"title": title, "url": url}),
            None => json!({"url": url}),
        };
        let sources = urls.filter(|url| known.insert(*url)).map(source).collect();
        (self.annotations, sources)
    }
}

/// Chat has a citation of a page in a member, and none of files.
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
    let mut nested = Map::from_iter([("type".to_owned(), "url_citation".into())]);
    nested.insert("url_citation".to_owned(), members.into());
    nested.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str, places: [u64; 2]) -> Value {
        json!({"type": "url_citation", "start_index": places[0], "end_index": places[1], "title": "A page", "url": url})
    }

    #[test]
    fn places_are_those_in_the_whole_text_whatever_the_length_of_its_characters() {
        let mut citations = Citations::default();
        citations.add(vec![page("https://h/a", [0, 2])], "");
        citations.add(vec![json!({"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 1})], "äöü");
        citations.add(Vec::new(), "äöü€");
        citations.add(vec![page("https://h/b", [1, 2]), json!("odd"), json!({"start_index": "1"})], "äöü€😀");
        let (annotations, sources) = citations.into_lists();
        let nested = |places: [u64; 2], url: &str| {
            json!({"type": "url_citation", "url_citation": {
                "start_index": places[0], "end_index": places[1], "title": "A page", "url": url
            }})
        };
        assert_eq!(
            Value::from(annotations),
            json!([
                nested([0, 2], "https://h/a"),
                {"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 4},
                nested([6, 7], "https://h/b"),
                "odd",
                {"start_index": "1"}
            ])
        );
        assert_eq!(sources, Vec::<Value>::new());
    }

    #[test]
    fn each_page_is_one_source_with_the_title_by_which_it_is_cited() {
        let mut citations = Citations::default();
        citations.add_sources(json!([{"type": "url", "url": "https://h/a"}, {"type": "url", "url": "https://h/b"}]));
        citations.add_sources(json!([{"url": "https://h/a"}, {"type": "api", "name": "weather"}, "odd"]));
        citations.add_sources(json!("odd"));
        citations.add(vec![page("https://h/b", [0, 1])], "");
        let (_, sources) = citations.into_lists();
        assert_eq!(Value::from(sources), json!([{"url": "https://h/a"}, {"title": "A page", "url": "https://h/b"}]));
    }
}
