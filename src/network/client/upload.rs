//! Sends a large request in parts, so that a response that comes before all of it is sent is still read.
//!
//! A server rejects a request that is too large or has a wrong key as soon as it knows, and closes the connection.
//! When hyper then fails to send, it drops the connection, although there may be a response to read. Before it sends,
//! it always checks for one. Therefore:
//! - A part becomes available only after hyper has checked again.
//! - After the first part, sending pauses for servers that decide by the head. curl pauses for a second for requests of
//!   more than 1 MiB: <https://everything.curl.dev/http/post/expect100.html>.
//! - Once the request is rejected, nothing more of it is sent, but the connection stays until the response is read.
//!
//! A response is lost only if it and the end of the connection both come in the few microseconds between hyper's check
//! and its sending. That is a reset connection, and retried as such: the server has not received the whole request, so
//! it cannot have carried it out.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, poll_fn},
    iter, mem,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::mpsc, task::yield_now, time::sleep};

/// Requests up to this size are sent as a whole, as sockets take that many bytes at once.
const SHORT: usize = 64 << 10;
/// Bytes of a part: as much as TLS puts in a record.
const PART: usize = 16 << 10;
/// Longest pause for a nearby server to reject a request.
const MAX_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request for each millisecond of the pause, which a line of 200 Mbit/s sends in that time.
const BYTES_PER_MILLISECOND: usize = 25_000;

/// The part of a request that is not sent yet. When it is dropped, the request ends, and with it the connection.
#[derive(Default)]
pub(super) struct Upload(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Upload {
    /// The body for the HTTP client, which is sent by [`Upload::during`]; `pieces` are its bytes in their order.
    pub(super) fn new(pieces: Vec<Bytes>) -> (Self, reqwest::Body) {
        let bytes = pieces.iter().map(Bytes::len).sum();
        if bytes <= SHORT {
            return (Self::default(), whole(pieces).into());
        }
        let (sender, parts) = mpsc::channel(1);
        let outgoing = reqwest::Body::wrap(Parts { parts, left: bytes });
        (Self(Some(Box::pin(send(pieces, bytes, sender)))), outgoing)
    }

    /// Sends on until `wait` is over.
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

/// The pieces as one; a single one is not copied.
fn whole(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.as_mut_slice() {
        [only] => mem::take(only),
        pieces => pieces.concat().into(),
    }
}

/// Hands over `pieces` of so many `bytes` in all as fast as they are taken.
async fn send(pieces: Vec<Bytes>, bytes: usize, parts: mpsc::Sender<Bytes>) {
    for (number, part) in parts_of(pieces).enumerate() {
        // There is room for one part, so that the one before it is on its way by now.
        let Ok(room) = parts.reserve().await else { return };
        if number == 1 {
            sleep(pause(bytes)).await;
        }
        // What has arrived meanwhile is seen only when the runtime asks the system, which a busy one seldom does.
        yield_now().await;
        room.send(part);
    }
}

/// The bytes of `pieces` in parts of [`PART`] bytes, of which only the last one is shorter. They are copies, as a part of
/// the whole would keep the whole: hyper holds some for as long as the connection lasts if the server reads no further.
fn parts_of(pieces: Vec<Bytes>) -> impl Iterator<Item = Bytes> {
    let mut pieces = VecDeque::from(pieces);
    iter::from_fn(move || {
        let mut part = Vec::with_capacity(PART);
        while part.len() < PART
            && let Some(piece) = pieces.front_mut()
        {
            part.extend_from_slice(&piece.split_to(piece.len().min(PART - part.len())));
            if piece.is_empty() {
                pieces.pop_front();
            }
        }
        (!part.is_empty()).then(|| part.into())
    })
}

/// How long a server may take to reject a request of so many bytes: until then its first part is all that is sent.
fn pause(bytes: usize) -> Duration {
    let milliseconds = u64::try_from(bytes / BYTES_PER_MILLISECOND).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).min(MAX_PAUSE)
}

/// A body of known length, as hyper takes it.
struct Parts {
    parts: mpsc::Receiver<Bytes>,
    /// Bytes.
    left: usize,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Without a sender the body ends too early, and hyper closes the connection.
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

    #[test]
    fn parts_have_one_size_whatever_the_pieces_have() {
        let pieces = [0, 3, PART, 2 * PART - 3, 0, 1].map(|bytes| vec![u8::try_from(bytes % 251).unwrap(); bytes]);
        let parts: Vec<_> = parts_of(pieces.iter().cloned().map(Bytes::from).collect()).collect();
        assert_eq!(parts.iter().map(Bytes::len).collect::<Vec<_>>(), [PART, PART, PART, 1]);
        assert!(parts.concat() == pieces.concat());
        assert_eq!(parts_of(Vec::new()).count(), 0);
    }

    #[test]
    fn pauses_in_proportion_to_the_request_up_to_a_tenth_of_a_second() {
        let milliseconds = |bytes| pause(bytes).as_millis();
        assert_eq!([SHORT + 1, 1 << 20, 40 << 20].map(milliseconds), [2, 41, 100]);
        assert_eq!(pause(usize::MAX), MAX_PAUSE);
    }
}
