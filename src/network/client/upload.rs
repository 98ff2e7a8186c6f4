//! Sends a large request in parts, so that an early response is still read.
//!
//! A server rejects a request that is too large or has a wrong key as soon as it can, and closes the connection. If
//! hyper then fails to send, it drops the connection even if there is a response to read. Before each send, it checks
//! for one. Therefore:
//! - A part becomes available only after hyper has checked again.
//! - After the first part, sending pauses for servers that decide by the head. curl pauses for a second if the request
//!   exceeds 1 MiB: <https://everything.curl.dev/http/post/expect100.html>.
//! - Once the request is rejected, no more of it is sent, but the connection stays open until the response is read.
//!
//! A file that is yet to be written is written piece by piece, as fast as it is sent.
//!
//! A response is lost only if it and the end of the connection both come in the few microseconds between hyper's check
//! and its sending. That is a reset connection, and retried as such: the server has not received the whole request, so
//! it cannot have carried it out.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::mpsc, task::yield_now, time::sleep};

use super::cpu::CpuLanes;
use crate::{
    budgets::WORK_BYTES,
    network::http::{Content, Pieces},
};

/// Requests up to this size are sent as a whole, as sockets take that many bytes at once.
const SHORT: usize = 64 << 10;
/// Size of a part in bytes: that of a TLS record.
const PART: usize = 16 << 10;
/// Maximum pause in which a nearby server can reject a request.
const MAX_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request per millisecond of the pause: the rate of a 200 Mbit/s line.
const BYTES_PER_MILLISECOND: usize = 25_000;

/// The rest of a request. Dropping it ends the request, and with it the connection.
#[derive(Default)]
pub(super) struct Upload(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Upload {
    /// The body for the HTTP client, which is sent by [`Upload::during`]; `pieces` is what it consists of. What is yet to
    /// be written of it is written on `cpu`.
    pub(super) fn new(pieces: Vec<Content>, cpu: &Arc<CpuLanes>) -> (Self, reqwest::Body) {
        let bytes = pieces.iter().map(Content::length).sum();
        if bytes <= SHORT
            && let Some(bytes) = whole(&pieces)
        {
            return (Self::default(), bytes.into());
        }
        let (sender, parts) = mpsc::channel(1);
        let outgoing = reqwest::Body::wrap(Parts { parts, left: bytes });
        let source = Source { pieces: pieces.into_iter().map(Piece::from).collect(), cpu: Arc::clone(cpu) };
        (Self(Some(Box::pin(send(source, bytes, sender)))), outgoing)
    }

    /// Keeps sending until `wait` ends.
    pub(super) async fn during<T>(&mut self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        poll_fn(|context| {
            if let Poll::Ready(result) = wait.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            if self.0.as_mut().is_some_and(|sending| sending.as_mut().poll(context).is_ready()) {
                self.0 = None;
            }
            Poll::Pending
        })
        .await
    }
}

/// The pieces as one, if all of them are there; a single one is not copied.
fn whole(pieces: &[Content]) -> Option<Bytes> {
    let bytes = |piece: &Content| match piece {
        Content::Bytes(bytes) => Some(bytes.clone()),
        Content::Written(_) => None,
    };
    let pieces: Vec<_> = pieces.iter().map(bytes).collect::<Option<_>>()?;
    Some(if let [only] = pieces.as_slice() { only.clone() } else { pieces.concat().into() })
}

/// Hands over what `source` has, so many `bytes` in all, as fast as it is taken.
async fn send(mut source: Source, bytes: usize, parts: mpsc::Sender<Bytes>) {
    let mut number = 0;
    while let Some(part) = source.next_part().await {
        // There is room for one part, so that the one before it is on its way by now.
        let Ok(room) = parts.reserve().await else { return };
        if number == 1 {
            sleep(pause(bytes)).await;
        }
        number += 1;
        // What has arrived meanwhile is seen only when the runtime asks the system, which a busy one seldom does.
        yield_now().await;
        room.send(part);
    }
}

/// A piece of which nothing is sent yet.
enum Piece {
    Bytes(Bytes),
    /// What is yet to be written, and how many bytes that are.
    Written(Pieces, usize),
}

impl From<Content> for Piece {
    fn from(content: Content) -> Self {
        match content {
            Content::Bytes(bytes) => Self::Bytes(bytes),
            Content::Written(written) => Self::Written(written.pieces(), written.length),
        }
    }
}

/// Cuts pieces of any length into parts.
struct Source {
    pieces: VecDeque<Piece>,
    cpu: Arc<CpuLanes>,
}

impl Source {
    /// The next part: [`PART`] bytes, and fewer only if it is the last one. It is a copy, as a part of a piece would keep
    /// the whole piece: hyper holds some for as long as the connection lasts if the server reads no further.
    async fn next_part(&mut self) -> Option<Bytes> {
        let mut part = Vec::with_capacity(PART);
        while part.len() < PART
            && let Some(mut piece) = self.next_piece().await
        {
            part.extend_from_slice(&piece.split_to(piece.len().min(PART - part.len())));
            if !piece.is_empty() {
                self.pieces.push_front(Piece::Bytes(piece));
            }
        }
        (!part.is_empty()).then(|| part.into())
    }

    async fn next_piece(&mut self) -> Option<Bytes> {
        loop {
            match self.pieces.pop_front()? {
                Piece::Bytes(bytes) => return Some(bytes),
                Piece::Written(_, 0) => {}
                Piece::Written(mut rest, left) => {
                    let write = move || {
                        let bytes = rest.next();
                        (rest, bytes)
                    };
                    let (rest, bytes) = self.cpu.run(left.min(WORK_BYTES), write).await;
                    // One that is shorter than it should be ends the body too early.
                    let mut bytes = bytes?;
                    bytes.truncate(left);
                    self.pieces.push_front(Piece::Written(rest, left - bytes.len()));
                    return Some(bytes);
                }
            }
        }
    }
}

/// How long a server may take to reject a request of this size: until then, only the first part is sent.
fn pause(bytes: usize) -> Duration {
    let milliseconds = u64::try_from(bytes / BYTES_PER_MILLISECOND).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).min(MAX_PAUSE)
}

/// A body of known length for hyper.
struct Parts {
    parts: mpsc::Receiver<Bytes>,
    /// Bytes left to send.
    left: usize,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Without a sender, the body ends early and hyper closes the connection.
        let part = ready!(self.parts.poll_recv(context));
        self.left -= part.as_ref().map_or(0, Bytes::len);
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{
        client::{home::Home, runtime},
        http::Written,
    };

    /// The parts of `pieces`.
    fn parts_of(pieces: Vec<Content>) -> Vec<Bytes> {
        let cpu = Arc::new(CpuLanes::new(Home::default()));
        runtime().unwrap().block_on(async {
            let mut source = Source { pieces: pieces.into_iter().map(Piece::from).collect(), cpu };
            let mut parts = Vec::new();
            while let Some(part) = source.next_part().await {
                parts.push(part);
            }
            parts
        })
    }

    fn pieces() -> Vec<Bytes> {
        let piece = |bytes: usize| Bytes::from(vec![u8::try_from(bytes % 251).unwrap(); bytes]);
        [0, 3, PART, 2 * PART - 3, 0, 1].map(piece).to_vec()
    }

    #[test]
    fn parts_have_one_size_whatever_the_pieces_have() {
        let parts = parts_of(pieces().into_iter().map(Content::Bytes).collect());
        assert_eq!(parts.iter().map(Bytes::len).collect::<Vec<_>>(), [PART, PART, PART, 1]);
        assert!(parts.concat() == pieces().concat());
        assert!(parts_of(Vec::new()).is_empty());
    }

    #[test]
    fn a_file_is_written_between_what_is_there_of_its_form() {
        let whole = pieces().concat();
        let written = |length: usize| Content::Written(Written::new(length, || Box::new(pieces().into_iter())));
        let form = |length: usize| vec![Content::Bytes("<".into()), written(length), Content::Bytes(">".into())];
        assert!(parts_of(form(whole.len())).concat() == [b"<", whole.as_slice(), b">"].concat());
        // Never more than the head of the request announces.
        assert!(parts_of(form(5)).concat() == [b"<", &whole[..5], b">"].concat());
        assert!(parts_of(form(0)).concat() == b"<>");
    }

    #[test]
    fn pauses_in_proportion_to_the_request_up_to_a_tenth_of_a_second() {
        let milliseconds = |bytes| pause(bytes).as_millis();
        assert_eq!([SHORT + 1, 1 << 20, 40 << 20].map(milliseconds), [2, 41, 100]);
        assert_eq!(pause(usize::MAX), MAX_PAUSE);
    }
}
