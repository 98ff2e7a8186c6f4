//! Finds the end of an event stream, because some servers keep the connection open after the last event.
//!
//! Chat Completions end with the line `data: [DONE]`; the Responses API ends with certain event names or types. Only
//! the start of each line is examined, where a model's answer cannot be.

/// Bytes examined per line.
const MAX_LINE_START: usize = 160;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Fields of an event.
const FIELDS: [&str; 4] = ["data", "event", "id", "retry"];
/// The last events of the Responses API.
const LAST: [&str; 6] =
    ["error", "response.cancelled", "response.completed", "response.done", "response.failed", "response.incomplete"];

/// Finds the end of a stream in its chunks. Reads each byte once.
#[derive(Debug, Default)]
pub struct StreamEnd {
    /// The start of the line in which the last chunk ended.
    line: Vec<u8>,
    /// Whether the last line ended with CR, which LF may follow.
    is_after_cr: bool,
    /// Whether the body is an event stream; `None` before the first line.
    is_stream: Option<bool>,
    /// The current event so far.
    event: Event,
}

#[derive(Debug, Default)]
struct Event {
    has_data: bool,
    is_named_last: bool,
    is_last: bool,
}

impl StreamEnd {
    /// Adds a chunk and returns whether it contains the last event. Always `false` if the body is not an event stream.
    pub fn is_in(&mut self, chunk: &[u8]) -> bool {
        let mut rest = chunk;
        while self.is_stream != Some(false) && !rest.is_empty() {
            if std::mem::take(&mut self.is_after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
            let room = MAX_LINE_START - self.line.len();
            self.line.extend_from_slice(&line[..line.len().min(room)]);
            let Some((ending, after)) = after.split_first() else { break };
            self.is_after_cr = *ending == b'\r';
            rest = after;
            let line = std::mem::take(&mut self.line);
            if self.ends_with(&line) {
                return true;
            }
            // Reuse its memory.
            self.line = line;
            self.line.clear();
        }
        false
    }

    /// Adds the start of a line and returns whether it ends the stream.
    fn ends_with(&mut self, line: &[u8]) -> bool {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return event.has_data && (event.is_named_last || event.is_last);
        }
        let line = String::from_utf8_lossy(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line));
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        if self.is_stream.is_none() && !field.is_empty() {
            self.is_stream = Some(FIELDS.contains(&field));
        }
        let value = value.trim();
        match field {
            "event" => self.event.is_named_last = LAST.contains(&value),
            "data" if !self.event.has_data => {
                self.event.has_data = true;
                self.event.is_last = has_last_type(value);
                return value == "[DONE]" && line.len() < MAX_LINE_START;
            }
            _ => {}
        }
        false
    }
}

/// Whether the start of an object has the type of a last event. Quotation marks in strings are escaped, and nested
/// objects are skipped.
fn has_last_type(json: &str) -> bool {
    let Some(members) = json.strip_prefix('{') else { return false };
    let members = members.split(['{', '[', '\\']).next().unwrap_or_default();
    let mut values = members.split("\"type\"").skip(1);
    let value = values.next().and_then(|rest| rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"'));
    value.and_then(|rest| rest.split_once('"')).is_some_and(|(kind, _)| LAST.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length of `text` up to the end of the last event, read in chunks of `size` bytes.
    fn end_of(text: &str, size: usize) -> Option<usize> {
        let mut end = StreamEnd::default();
        let at = text.as_bytes().chunks(size).position(|chunk| end.is_in(chunk))?;
        Some(text.len().min((at + 1) * size))
    }

    fn is_ended(text: &str) -> bool {
        let ended = end_of(text, text.len()).is_some();
        for size in [1, 2, 3, 7] {
            assert_eq!(end_of(text, size).is_some(), ended, "{size}: {text}");
        }
        ended
    }

    const PIECE: &str = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n";

    #[test]
    fn finds_the_last_event_however_the_text_is_split() {
        for end in [
            "data: [DONE]\n",
            "data:[DONE] \r\n",
            "event: done\rdata: [DONE]\r",
            "event: response.completed\ndata: {\"response\":{}}\n\n",
            "event: error\r\ndata: {\"message\":\"m\"}\r\n\r\n",
            "data: {\"type\":\"response.completed\",\"response\":{}}\n\n",
            "data: {\"sequence_number\": 5, \"type\": \"response.failed\", \"response\":\ndata: {}}\n\n",
            "data: {\"type\":\"response.done\"}\n\n",
            "data: {\"type\":\"response.incomplete\"}\n\n",
            "data: {\"type\":\"response.cancelled\"}\n\n",
            "data: {\"type\":\"error\",\"message\":\"m\"}\n\n",
        ] {
            for start in ["", "\u{feff}", ": hello\n\n", PIECE, "id: 1\nretry: 5\n\n"] {
                assert!(is_ended(&format!("{start}{end}")), "{start}{end}");
            }
            // The LF of the final CR LF is not needed.
            let length = PIECE.len() + end.trim_end_matches('\n').len();
            assert!(end_of(&format!("{PIECE}{end}"), 1) >= Some(length), "{end}");
        }
    }

    #[test]
    fn finds_no_end_in_other_text() {
        for text in [
            "data: {\"delta\":\"[DONE]\"}\n\n",
            "data: say [DONE]\n\n",
            "data: first\ndata: [DONE]\n\n",
            "data: first\r\ndata: [DONE]\r\n\r\n",
            ": data: [DONE]\n\n",
            "data: [DONE]",
            "data: [DONE]x\n",
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"\\\"type\\\":\\\"response.completed\\\"\"}\n\n",
            "data: {\"item\":{\"type\":\"error\"}}\n\n",
            "data: {\"delta\":\"\\\\\",\"type\":\"response.completed\"}\n",
            "data: {\"type\":\"response.completed\",\"response\":{}}\n",
            "event: response.completed\n\ndata: {\"type\":\"response.in_progress\"}\n\n",
            "{\"a\":\ndata: [DONE]\n\n",
            "<html>\n\ndata: [DONE]\n\n",
        ] {
            assert!(!is_ended(text), "{text}");
        }
        assert!(!is_ended(&format!("data: [DONE]{}x\n\n", " ".repeat(MAX_LINE_START))));
    }

    #[test]
    fn keeps_only_the_start_of_a_line() {
        let mut end = StreamEnd::default();
        assert!(!end.is_in(b"data: {\"type\":\"response.completed\",\"response\":\""));
        for _ in 0..100 {
            assert!(!end.is_in(&[b'x'; 1000]));
        }
        assert!(end.line.capacity() <= 2 * MAX_LINE_START);
        assert!(end.is_in(b"\"}\n\n"));
    }
}
