//! Parses server-sent events by the HTML standard, section 9.2.6.

use std::borrow::Cow;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// The server's name for it; usually empty.
    pub(super) name: &'a str,
    /// Its `data` lines, joined by line breaks.
    pub(super) data: Cow<'a, str>,
}

/// The events of a text. Unlike in the standard, an event counts even without a blank line after it: many servers omit
/// the last one, and truncated text shows in the event's data.
pub(super) struct Events<'a> {
    rest: &'a str,
}

impl<'a> Events<'a> {
    /// The events of `text`, which must not start with a byte order mark.
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Takes the next line without its end: LF, CR LF or CR.
    fn line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        // Bytes are faster to search than characters.
        let end = self.rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        Some(line)
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    /// The next event with data.
    fn next(&mut self) -> Option<Event<'a>> {
        let mut name = "";
        let mut data: Option<Cow<'a, str>> = None;
        while let Some(line) = self.line() {
            if line.is_empty() {
                if let Some(data) = data {
                    return Some(Event { name, data });
                }
                name = "";
                continue;
            }
            // A comment is a field without a name.
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match (field, &mut data) {
                ("event", _) => name = value,
                ("data", None) => data = Some(Cow::Borrowed(value)),
                ("data", Some(data)) => {
                    let data = data.to_mut();
                    data.push('\n');
                    data.push_str(value);
                }
                _ => {}
            }
        }
        data.map(|data| Event { name, data })
    }
}

/// Whether text, after removing leading comments, consists of events.
pub(in crate::response) fn is_events(text: &str) -> bool {
    let is_field = |name: &&str| {
        let rest = text.strip_prefix(*name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '\n', '\r']))
    };
    ["data", "event", "id", "retry"].iter().any(is_field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<(&str, String)> {
        Events::new(text).map(|event| (event.name, event.data.into_owned())).collect()
    }

    #[test]
    fn reads_lines_of_every_ending() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["event: a", "data: 1", "", "data:2", "data: 3", "", ""].join(end);
            assert_eq!(events(&text), [("a", "1".to_owned()), ("", "2\n3".to_owned())], "{end:?}");
        }
    }

    #[test]
    fn skips_comments_and_fields_without_data() {
        let text = ": hi\n\n: there\nid: 5\nretry: 100\nwhatever\ndata:  x\n\nevent: gone\n\ndata: y";
        assert_eq!(events(text), [("", " x".to_owned()), ("", "y".to_owned())]);
    }

    #[test]
    fn reads_data_lines_without_a_value_as_empty() {
        assert_eq!(events("data\n\ndata:\n\ndata: \ndata\n\n"), ["", "", "\n"].map(|data| ("", data.to_owned())));
    }

    #[test]
    fn distinguishes_events_from_other_text() {
        for events in ["data: x", "data:x", "event: error\n", "id: 1\ndata: x", "retry: 5\r\rdata: x", "data\n"] {
            assert!(is_events(events), "{events}");
        }
        for other in ["", "{}", "[]", "data is lost", "Data: x", "<html>", "idle: 5"] {
            assert!(!is_events(other), "{other}");
        }
    }
}
