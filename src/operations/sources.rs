//! Lists the sources of an answer for a table. Servers return them in several places and shapes.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Map, Value, json};

use super::room::Room;
use crate::budgets::CONTAINER_WEIGHT;

/// Members of the metadata that contain sources, as servers send them. Those in the first are cited, with positions.
const PLACES: [&str; 3] = ["annotations", "search_results", "citations"];
/// Members of a citation with its start in the text, in characters.
const STARTS: [&str; 2] = ["start_index", "index"];
/// `OpenAI` adds this to cited URLs, but not to those only read.
const MARK: &str = "utm_source=openai";
/// Values in `{"title": …, "url": …}`, weighted.
const VALUES: usize = CONTAINER_WEIGHT + 4;

/// The sources in `metadata`, then those in `more`, each URL once: `{"title": …, "url": …}`. A URL's first title wins,
/// or else its host. Only URLs that begin with `http` are listed, because apps turn them into links. Stops when `room`
/// is used up.
#[must_use]
pub fn listed(metadata: &Map<String, Value>, more: Option<&Value>, room: &mut Room) -> Vec<Value> {
    let [cited, others @ ..] = PLACES.map(|name| metadata.get(name));
    let places = [cited, more].into_iter().chain(others).flatten();
    let mut sources: Vec<Source<'_>> = Vec::new();
    let mut places_of_urls = HashMap::new();
    for found in places.flat_map(|place| place.as_array().into_iter().flatten()).filter_map(Source::of) {
        let at = *places_of_urls.entry(unmarked(found.url)).or_insert(sources.len());
        match sources.get_mut(at) {
            Some(known) => known.title = known.title.or(found.title),
            None => sources.push(found),
        }
    }
    let fits = |source: &Source<'_>| room.take(source.url.len() + source.title().len(), VALUES);
    sources.into_iter().take_while(fits).map(|source| json!({"title": source.title(), "url": source.url})).collect()
}

/// The pages that a web search step found, opened or searched, as sources.
#[must_use]
pub fn read_by(mut action: Value) -> Vec<Value> {
    let found = action.get_mut("sources").map(Value::take);
    let opened = action.get_mut("url").map(Value::take).filter(Value::is_string);
    let mut pages = if let Some(Value::Array(pages)) = found { pages } else { Vec::new() };
    pages.extend(opened.map(|url| json!({"type": "url", "url": url})));
    pages
}

/// Keeps citations that begin in the first `chars` characters of the text, and those without a position.
pub fn cut(annotations: &mut Vec<Value>, chars: usize) {
    annotations.retain(|annotation| {
        let inner = annotation.get("url_citation").unwrap_or(annotation);
        let place = STARTS.iter().find_map(|name| inner.get(name)?.as_u64());
        place.is_none_or(|place| place < chars as u64)
    });
}

#[derive(Clone, Copy)]
struct Source<'a> {
    title: Option<&'a str>,
    url: &'a str,
}

impl<'a> Source<'a> {
    /// A URL, an object with one, or Chat's annotation with such an object inside.
    fn of(value: &'a Value) -> Option<Self> {
        let inner = value.get("url_citation").unwrap_or(value);
        let url = inner.as_str().or_else(|| inner.get("url")?.as_str())?.trim();
        let title = inner.get("title").and_then(Value::as_str).map(str::trim).filter(|title| !title.is_empty());
        host(url).map(|_| Self { title, url })
    }

    fn title(&self) -> &'a str {
        self.title.or_else(|| host(self.url)).unwrap_or(self.url)
    }
}

/// The host of a web URL.
fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)).then_some(host)
}

/// The URL without the mark.
fn unmarked(url: &str) -> Cow<'_, str> {
    let Some((before, after)) = url.split_once(MARK) else { return url.into() };
    match (before.strip_suffix(['?', '&']), after.chars().next()) {
        (Some(start), None | Some('#')) => format!("{start}{after}").into(),
        (Some(_), Some('&')) => format!("{before}{}", &after[1..]).into(),
        _ => url.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budgets::MAX_REPEATED_BYTES;

    fn read(metadata: Value, more: Value) -> Vec<Value> {
        let Value::Object(metadata) = metadata else { panic!("not an object") };
        listed(&metadata, Some(&more), &mut Room::default())
    }

    fn source(title: &str, url: &str) -> Value {
        json!({"title": title, "url": url})
    }

    #[test]
    fn lists_cited_sources_before_those_only_read() {
        let metadata = json!({
            "citations": ["https://d.example/"],
            "search_results": [{"title": "C", "url": "https://c.example/", "date": "2026-11-01"}],
            "annotations": [
                {"type": "url_citation", "url_citation": {"title": "A", "url": "https://a.example/", "start_index": 0}},
                {"type": "url_citation", "title": "B", "url": "https://b.example/", "start_index": 5}
            ]
        });
        let read_only = json!([{"type": "url", "url": "https://e.example/page"}]);
        assert_eq!(
            read(metadata, read_only),
            [
                source("A", "https://a.example/"),
                source("B", "https://b.example/"),
                source("e.example", "https://e.example/page"),
                source("C", "https://c.example/"),
                source("d.example", "https://d.example/"),
            ]
        );
    }

    #[test]
    fn lists_each_url_once_with_its_first_title() {
        let cited = |title: &str, url: &str| json!({"type": "url_citation", "title": title, "url": url});
        let metadata = json!({
            "annotations": [
                cited(" ", "https://a.example/?utm_source=openai"), cited("A", "https://a.example/"),
                cited("Again", "https://a.example/")
            ],
            "citations": ["https://a.example/"]
        });
        assert_eq!(
            read(metadata, json!(["https://a.example/"])),
            [source("A", "https://a.example/?utm_source=openai")]
        );
        for (marked, plain) in [
            ("https://a/?utm_source=openai#b", "https://a/#b"),
            ("https://a/?utm_source=openai&c=d", "https://a/?c=d"),
            ("https://a/?c=d&utm_source=openai", "https://a/?c=d"),
            ("https://a/?c=d&utm_source=openai&e=f", "https://a/?c=d&e=f"),
        ] {
            assert_eq!(unmarked(marked), plain);
        }
        for other in ["https://a/?utm_source=openais", "https://a/utm_source=openai", "https://a/?xutm_source=openai"] {
            assert_eq!(unmarked(other), other);
        }
    }

    #[test]
    fn lists_pages_that_a_search_found_or_opened() {
        let page = |url: &str| json!({"type": "url", "url": url});
        for (action, pages) in [
            (json!({"type": "search", "queries": ["q"], "sources": [page("https://a")]}), vec![page("https://a")]),
            (json!({"type": "open_page", "url": "https://a"}), vec![page("https://a")]),
            (json!({"type": "find_in_page", "url": "https://a", "pattern": "b"}), vec![page("https://a")]),
            (json!({"type": "open_page", "url": null}), Vec::new()),
            (json!({"type": "search", "sources": "https://a"}), Vec::new()),
            (json!("https://a"), Vec::new()),
        ] {
            assert_eq!(read_by(action.clone()), pages, "{action}");
        }
    }

    #[test]
    fn drops_citations_after_the_cut() {
        let nested = |start: u64| json!({"type": "url_citation", "url_citation": {"start_index": start}});
        let flat = |start: u64| json!({"type": "url_citation", "start_index": start});
        let file = |index: u64| json!({"type": "file_citation", "index": index});
        let mut annotations = vec![nested(0), nested(4), flat(3), flat(4), file(3), file(9), json!("odd"), json!({})];
        cut(&mut annotations, 4);
        assert_eq!(annotations, [nested(0), flat(3), file(3), json!("odd"), json!({})]);
    }

    #[test]
    fn skips_other_urls() {
        let places = json!([
            "javascript:alert(1)", "a.example", "https://", 5, null, {}, {"url": 5}, {"type": "file_citation", "file_id": "f"},
            {"type": "api", "name": "oai-weather"}, " HTTPS://A.example:8080 "
        ]);
        assert_eq!(
            read(json!({"annotations": places, "citations": "https://b"}), json!({})),
            [source("A.example:8080", "HTTPS://A.example:8080")]
        );
        assert!(listed(&Map::new(), None, &mut Room::default()).is_empty());
    }

    #[test]
    fn stops_when_the_room_is_used_up() {
        let urls = |length: usize| -> Value {
            (0..100_000).map(|n| format!("https://a/{n}/{}", "x".repeat(length))).collect()
        };
        let short = read(json!({}), urls(0));
        assert!(short.len() > 1_000 && short.len() * VALUES * 72 <= MAX_REPEATED_BYTES, "{}", short.len());
        assert!(read(json!({}), json!([format!("https://a/{}", "x".repeat(MAX_REPEATED_BYTES))])).is_empty());
    }
}
