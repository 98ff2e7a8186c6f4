//! Writes the query log on a separate thread, so that a slow standard error delays no query. Lines that cannot be
//! written in time are dropped and counted.

use std::{
    io::{self, ErrorKind, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::Duration,
};

use crate::{budgets::MAX_WAITING_LOG_LINES, network::http::LogSink};

/// The environment variable that turns the log on: `json`.
const VARIABLE: &str = "TOOLJET_OPENAI_LOG";
/// How long to wait if standard error cannot accept more at the moment.
const PAUSE: Duration = Duration::from_millis(10);

/// The log to standard error, if `env` enables it.
pub(super) fn from_env(env: impl Fn(&str) -> Option<String>) -> Option<LogSink> {
    let is_on = env(VARIABLE)?.trim().eq_ignore_ascii_case("json");
    is_on.then(|| log_to(io::stderr()).ok()).flatten()
}

/// A log to `writer`.
fn log_to(writer: impl Write + Send + 'static) -> io::Result<LogSink> {
    let (sender, lines) = sync_channel(MAX_WAITING_LOG_LINES);
    let dropped = Arc::new(AtomicU64::default());
    let counted = Arc::clone(&dropped);
    thread::Builder::new().name("tooljet-openai-log".to_owned()).spawn(move || write_all(writer, &lines, &counted))?;
    Ok(Arc::new(move |line| {
        if sender.try_send(line).is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }))
}

fn write_all(mut writer: impl Write, lines: &Receiver<String>, dropped: &AtomicU64) {
    for line in lines {
        let count = dropped.swap(0, Ordering::Relaxed);
        if count > 0 {
            write_line(&mut writer, format!(r#"{{"plugin":"tooljet-openai","dropped_lines":{count}}}"#));
        }
        write_line(&mut writer, line);
    }
}

/// Writes the whole line at once, so that no other output ends up in it.
fn write_line(writer: &mut impl Write, mut line: String) {
    line.push('\n');
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match writer.write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Nobody reads it any more.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc::Sender};

    use super::*;

    /// Signals that a write has started, and finishes it on demand.
    struct Slow {
        asked: Sender<()>,
        may_write: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.send(()).ok();
            self.may_write.recv().ok();
            self.written.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn drops_and_counts_the_lines_that_a_slow_reader_misses() {
        let (asked, is_asked) = std::sync::mpsc::channel();
        let (allow, may_write) = std::sync::mpsc::channel();
        let written = Arc::default();
        let log = log_to(Slow { asked, may_write, written: Arc::clone(&written) }).unwrap();
        log("0".to_owned());
        is_asked.recv().unwrap();
        for number in 1..=MAX_WAITING_LOG_LINES + 7 {
            log(number.to_string());
        }
        drop(allow);
        for _ in 0..=MAX_WAITING_LOG_LINES {
            is_asked.recv().unwrap();
        }
        drop(log);
        // The thread ends once it has written all lines.
        assert!(is_asked.recv().is_err());
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines[..3], ["0", r#"{"plugin":"tooljet-openai","dropped_lines":7}"#, "1"]);
        assert_eq!(lines.len(), MAX_WAITING_LOG_LINES + 2);
    }

    /// Accepts three bytes in every other write, and fails in between.
    struct Halting(bool, Sender<Vec<u8>>);

    impl Write for Halting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = !self.0;
            if self.0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let part = bytes.get(..3).unwrap_or(bytes);
            self.1.send(part.to_vec()).ok();
            Ok(part.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn finishes_a_line_that_a_pipe_accepts_in_parts() {
        let (sender, parts) = std::sync::mpsc::channel();
        let log = log_to(Halting(false, sender)).unwrap();
        log("a line".to_owned());
        drop(log);
        assert_eq!(parts.iter().collect::<Vec<_>>().concat(), b"a line\n");
    }

    #[test]
    fn is_off_unless_the_variable_says_json() {
        for (value, is_on) in [(None, false), (Some(""), false), (Some("1"), false), (Some(" JSON "), true)] {
            assert_eq!(from_env(|_| value.map(str::to_owned)).is_some(), is_on, "{value:?}");
        }
    }
}
