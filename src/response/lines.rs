//! Cuts a body that comes in pieces into its lines.

use std::mem;

use crate::{budgets::MAX_LINE_BYTES, error::TransportError, network::http::BodySink};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Takes the lines of a body.
pub trait LineSink: Send {
    /// A body begins. What has come of the body of an earlier attempt is void.
    fn begin(&mut self);

    /// Takes a line that is not blank, without its end. The first one has the `number` 1.
    ///
    /// # Errors
    /// Why no more lines are wanted.
    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), TransportError>;

    /// A line is longer than [`MAX_LINE_BYTES`].
    fn long_line(&mut self, number: usize);

    /// How much memory is held for the lines so far, in bytes.
    fn held(&self) -> usize;
}

/// The lines of a body.
pub struct Lines<S> {
    sink: S,
    /// The start of the line that the last piece ended in.
    start: Vec<u8>,
    /// Whether that line is too long to be kept.
    is_long: bool,
    /// Of the line that comes.
    number: usize,
}

impl<S: LineSink> Lines<S> {
    /// Hands lines to `sink`.
    pub fn new(sink: S) -> Self {
        Self { sink, start: Vec::new(), is_long: false, number: 1 }
    }

    fn hand_on(&mut self, line: &[u8]) -> Result<(), TransportError> {
        let line = if self.number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        let line = line.trim_ascii();
        if line.is_empty() { Ok(()) } else { self.sink.line(self.number, line) }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.start.len() + bytes.len() > MAX_LINE_BYTES {
            self.is_long = true;
            self.start = Vec::new();
        }
        if !self.is_long {
            self.start.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, rest: &[u8]) -> Result<(), TransportError> {
        if self.start.is_empty() && !self.is_long && rest.len() <= MAX_LINE_BYTES {
            self.hand_on(rest)?;
        } else {
            self.keep(rest);
            if mem::take(&mut self.is_long) {
                self.sink.long_line(self.number);
            } else {
                let mut line = mem::take(&mut self.start);
                self.hand_on(&line)?;
                // Its memory is used again, unless it is unusually much.
                line.clear();
                line.shrink_to(MAX_LINE_BYTES / 16);
                self.start = line;
            }
        }
        self.number += 1;
        Ok(())
    }
}

impl<S: LineSink> BodySink for Lines<S> {
    fn begin(&mut self) {
        (self.start, self.is_long, self.number) = (Vec::new(), false, 1);
        self.sink.begin();
    }

    fn take(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.end_line(&rest[..end])?;
            rest = &rest[end + 1..];
        }
        self.keep(rest);
        Ok(self.sink.held() + self.start.capacity())
    }

    fn end(&mut self) -> Result<usize, TransportError> {
        if !self.start.is_empty() || self.is_long {
            self.end_line(&[])?;
        }
        Ok(self.sink.held())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<(usize, String)>);

    impl LineSink for Kept {
        fn begin(&mut self) {
            self.0.clear();
        }

        fn line(&mut self, number: usize, line: &[u8]) -> Result<(), TransportError> {
            self.0.push((number, String::from_utf8(line.to_vec()).unwrap()));
            Ok(())
        }

        fn long_line(&mut self, number: usize) {
            self.0.push((number, "long".to_owned()));
        }

        fn held(&self) -> usize {
            self.0.len()
        }
    }

    fn lines_of(text: &[u8], size: usize) -> Vec<(usize, String)> {
        let mut lines = Lines::new(Kept::default());
        lines.take(b"of an attempt before\nthis").unwrap();
        lines.begin();
        for piece in text.chunks(size) {
            lines.take(piece).unwrap();
        }
        lines.end().unwrap();
        lines.sink.0
    }

    #[test]
    fn finds_the_same_lines_however_the_body_is_cut() {
        let text = "\u{feff}{\"a\":1}\r\n\n  é \n{}\n\nlast";
        let expected = [(1, "{\"a\":1}"), (3, "é"), (4, "{}"), (6, "last")].map(|(at, line)| (at, line.to_owned()));
        for size in 1..=text.len() {
            assert_eq!(lines_of(text.as_bytes(), size), expected, "{size}");
        }
        assert_eq!(lines_of(b"", 1), []);
        assert_eq!(lines_of(b"a\n", 1), [(1, "a".to_owned())]);
    }

    #[test]
    fn keeps_no_line_that_is_too_long_and_goes_on_after_it() {
        let fits = "x".repeat(MAX_LINE_BYTES);
        let text = format!("a\n{fits}x\n{fits}\n{fits}xx");
        for size in [1 << 16, text.len()] {
            let lines = lines_of(text.as_bytes(), size);
            let lengths: Vec<_> = lines.iter().map(|(at, line)| (*at, line.len())).collect();
            assert_eq!(lengths, [(1, 1), (2, 4), (3, MAX_LINE_BYTES), (4, 4)]);
        }
        let mut lines = Lines::new(Kept::default());
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..3 * MAX_LINE_BYTES / piece.len() {
            assert!(lines.take(&piece).unwrap() <= 2 * MAX_LINE_BYTES);
        }
    }
}
