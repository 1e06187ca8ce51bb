//! The body of a request on its way in: it must not be too slow, and a manifest must not take too much memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::memory::Memory;
use super::patience::Patience;
use crate::limits::{MANIFEST_BYTES_MAX, MANIFEST_SMALL_BYTES};

/// A body that is watched.
pub(super) struct WatchedBody {
    body: Incoming,
    patience: Patience,
    counted: Option<Counted>,
    ended: bool,
}

/// A body that will be in memory as a whole.
pub(super) struct Counted {
    memory: Memory,
    held: Option<OwnedSemaphorePermit>,
    received: usize,
    /// Set when there was no memory for it.
    refused: Arc<AtomicBool>,
}

/// What becomes of bytes that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Held,
    Dropped,
    TooLong,
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection is gone, or the body is not well-formed.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
    /// The client sends too slowly.
    #[error("the body comes too slowly")]
    Slow,
    /// There is no memory for it.
    #[error("too many large manifests arrive at once")]
    Memory,
}

impl Counted {
    /// Counts a body, and says in `refused` when there was no memory for it.
    pub(super) fn new(memory: Memory, refused: Arc<AtomicBool>) -> Self {
        Self { memory, held: None, received: 0, refused }
    }

    /// What becomes of the next bytes. What there is no memory for is taken in and dropped, as long as it can be a
    /// manifest: a client that is still sending would not see the answer.
    fn take(&mut self, bytes: usize) -> Taken {
        self.received = self.received.saturating_add(bytes);
        if !self.is_refused() {
            if self.received <= MANIFEST_SMALL_BYTES {
                return Taken::Held;
            }
            if let Some(permit) = self.memory.try_hold(bytes) {
                match &mut self.held {
                    Some(held) => held.merge(permit),
                    held => *held = Some(permit),
                }
                return Taken::Held;
            }
            self.refused.store(true, Ordering::Release);
        }
        if self.received > MANIFEST_BYTES_MAX { Taken::TooLong } else { Taken::Dropped }
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }
}

impl WatchedBody {
    /// Watches a body.
    pub(super) fn new(body: Incoming, stall: Duration, counted: Option<Counted>) -> Self {
        Self { body, patience: Patience::new(stall), counted, ended: false }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let result = loop {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Pending => match this.patience.poll_wait(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => break Err(BodyError::Slow),
                },
                Poll::Ready(None) => {
                    this.ended = true;
                    match &this.counted {
                        Some(counted) if counted.is_refused() => break Err(BodyError::Memory),
                        _ => return Poll::Ready(None),
                    }
                }
                Poll::Ready(Some(Err(error))) => break Err(error.into()),
                Poll::Ready(Some(Ok(frame))) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    this.patience.earn(bytes);
                    match this.counted.as_mut().map(|counted| counted.take(bytes)) {
                        None | Some(Taken::Held) => break Ok(frame),
                        Some(Taken::Dropped) => {}
                        Some(Taken::TooLong) => break Err(BodyError::Memory),
                    }
                }
            }
        };
        this.ended |= result.is_err();
        Poll::Ready(Some(result))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_is_free_and_what_is_large_needs_memory() {
        let (memory, refused) = (Memory::new(10 * 1024), Arc::new(AtomicBool::new(false)));
        let count = || Counted::new(memory.clone(), refused.clone());
        let (mut first, mut second) = (count(), count());
        assert_eq!(first.take(MANIFEST_SMALL_BYTES), Taken::Held);
        for _ in 0..10 {
            assert_eq!(first.take(1024), Taken::Held);
        }
        assert_eq!(second.take(MANIFEST_SMALL_BYTES), Taken::Held);
        assert!(!refused.load(Ordering::Acquire));
        assert_eq!(second.take(1), Taken::Dropped);
        assert!(refused.load(Ordering::Acquire));
        // It stays refused when there is memory again, for a part of it is gone.
        drop(first);
        assert_eq!(second.take(MANIFEST_BYTES_MAX - MANIFEST_SMALL_BYTES - 1), Taken::Dropped);
        assert_eq!(second.take(1), Taken::TooLong);
        let mut third = Counted::new(memory, Arc::new(AtomicBool::new(false)));
        assert_eq!((third.take(MANIFEST_SMALL_BYTES), third.take(10 * 1024)), (Taken::Held, Taken::Held));
    }
}
