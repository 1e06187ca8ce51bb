//! Memory that many clients together could use up: it is counted, and what does not fit is refused.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::ANSWER_SMALL_BYTES;

/// Memory is counted in pieces of so many bytes.
const PIECE_BYTES: usize = 1024;

/// An amount of memory that is shared.
#[derive(Clone)]
pub(super) struct Memory {
    pieces: Arc<Semaphore>,
    maximum: usize,
}

impl Memory {
    /// So many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { pieces: Arc::new(Semaphore::new(bytes / PIECE_BYTES)), maximum: bytes }
    }

    /// Holds so many bytes, if there are.
    pub(super) fn try_hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).ok()?;
        self.pieces.clone().try_acquire_many_owned(pieces).ok()
    }

    /// Counts the body of an answer until the client has taken it; `None` when there is no memory for it.
    ///
    /// Only a body whose size is known is counted: it is in memory as a whole. A stream is not, however long it is.
    pub(super) async fn hold_answer(&self, response: Response) -> Option<Response> {
        match response.body().size_hint().exact() {
            Some(size) if size > ANSWER_SMALL_BYTES as u64 && size <= self.maximum as u64 => {
                let permit = self.try_hold(usize::try_from(size).ok()?)?;
                let (head, body) = response.into_parts();
                let bytes = body.collect().await.ok()?.to_bytes();
                let body = Body::from(Bytes::from_owner(Held { bytes, _permit: permit }));
                Some(Response::from_parts(head, body))
            }
            _ => Some(response),
        }
    }
}

/// Bytes that are counted for as long as they are anywhere, also in the buffers of a connection.
struct Held {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_up_to_the_limit_and_again_when_one_has_gone() {
        let answer = |size: usize| Response::new(Body::from(vec![b'x'; size]));
        let memory = Memory::new(10 * ANSWER_SMALL_BYTES);
        let mut held = Vec::new();
        for _ in 0..5 {
            held.push(memory.hold_answer(answer(2 * ANSWER_SMALL_BYTES)).await.unwrap());
        }
        assert!(memory.hold_answer(answer(ANSWER_SMALL_BYTES + 1)).await.is_none());
        assert!(memory.hold_answer(answer(ANSWER_SMALL_BYTES)).await.is_some(), "a small one is not counted");
        // The body is gone, but its bytes are in a buffer.
        let bytes = held.pop().unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(bytes, vec![b'x'; 2 * ANSWER_SMALL_BYTES]);
        assert!(memory.hold_answer(answer(2 * ANSWER_SMALL_BYTES)).await.is_none());
        drop(bytes);
        assert!(memory.hold_answer(answer(2 * ANSWER_SMALL_BYTES)).await.is_some());
    }
}
