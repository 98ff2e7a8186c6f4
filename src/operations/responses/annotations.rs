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
}

impl Citations {
    /// Adds the annotations of a part of the text that follows `before`.
    pub(super) fn add(&mut self, annotations: Vec<Value>, before: &str) {
        let offset = if annotations.is_empty() { 0 } else { before.chars().count() };
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
        Self { annotations: Vec::new(), ..self }
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
            *place = (index + offset as u64).into();
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
