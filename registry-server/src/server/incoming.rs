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
use crate::limits::MANIFEST_SMALL_BYTES;

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

    fn take(&mut self, bytes: usize) -> Result<(), BodyError> {
        self.received = self.received.saturating_add(bytes);
        if self.received <= MANIFEST_SMALL_BYTES {
            return Ok(());
        }
        let Some(permit) = self.memory.try_hold(bytes) else {
            self.refused.store(true, Ordering::Release);
            return Err(BodyError::Memory);
        };
        match &mut self.held {
            Some(held) => held.merge(permit),
            held => *held = Some(permit),
        }
        Ok(())
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
        let result = match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Pending => match this.patience.poll_wait(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => Err(BodyError::Slow),
            },
            Poll::Ready(None) => {
                this.ended = true;
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => Err(error.into()),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.patience.earn(bytes);
                let counted = this.counted.as_mut().map_or(Ok(()), |counted| counted.take(bytes));
                counted.map(|()| frame)
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
        assert!(first.take(MANIFEST_SMALL_BYTES).is_ok());
        for _ in 0..10 {
            assert!(first.take(1024).is_ok());
        }
        assert!(second.take(MANIFEST_SMALL_BYTES).is_ok());
        assert!(!refused.load(Ordering::Acquire));
        assert!(matches!(second.take(1), Err(BodyError::Memory)));
        assert!(refused.load(Ordering::Acquire));
        drop(first);
        let mut third = count();
        assert!(third.take(MANIFEST_SMALL_BYTES).is_ok() && third.take(10 * 1024).is_ok());
    }
}
