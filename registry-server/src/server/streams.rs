//! What goes on on a connection of HTTP/2. It can carry many requests, and each of them can be left hanging by a client
//! that takes nothing of its answer but keeps the connection busy; or the connection rests, with no request at all.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The requests of one connection.
#[derive(Clone)]
pub(super) struct Streams {
    state: Arc<Mutex<State>>,
    /// Room for requests, which all connections share.
    total: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// The requests under way, and since when each waits for the client to take more of the answer.
    waiting: HashMap<u64, Option<Instant>>,
    /// When the last one ended.
    rests_since: Option<Instant>,
}

/// A request under way.
pub(super) struct Stream {
    streams: Streams,
    id: u64,
    _room: OwnedSemaphorePermit,
}

/// What is wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There was no request for too long.
    Idle,
    /// An answer is not taken.
    Stalled,
}

impl Streams {
    /// A connection without a request.
    pub(super) fn new(total: Arc<Semaphore>) -> Self {
        let state = State { rests_since: Some(Instant::now()), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), total }
    }

    /// A request begins; `None` when all connections together have as many as they may have.
    pub(super) fn begin(&self) -> Option<Stream> {
        let room = self.total.clone().try_acquire_owned().ok()?;
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.waiting.insert(id, None);
        state.rests_since = None;
        Some(Stream { streams: self.clone(), id, _room: room })
    }

    /// Waits until the connection is of no more use.
    pub(super) async fn trouble(&self, idle: Duration, stall: Duration) -> Trouble {
        loop {
            if let Some(trouble) = self.lock().trouble(idle, stall) {
                return trouble;
            }
            tokio::time::sleep(idle.min(stall) / 4).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn trouble(&self, idle: Duration, stall: Duration) -> Option<Trouble> {
        if self.rests_since.is_some_and(|since| since.elapsed() >= idle) {
            return Some(Trouble::Idle);
        }
        let stalled = self.waiting.values().flatten().any(|since| since.elapsed() >= stall);
        stalled.then_some(Trouble::Stalled)
    }
}

impl Stream {
    /// Watches whether the client takes the answer.
    pub(super) fn watch(self, body: Body) -> Body {
        self.waits_for_client(true);
        Body::new(TakenBody { body, stream: self })
    }

    fn waits_for_client(&self, waits: bool) {
        let since = waits.then(Instant::now);
        self.streams.lock().waiting.insert(self.id, since);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.streams.lock();
        state.waiting.remove(&self.id);
        if state.waiting.is_empty() {
            state.rests_since = Some(Instant::now());
        }
    }
}

/// The body of an answer: it is asked for more when the client has room.
struct TakenBody {
    body: Body,
    stream: Stream,
}

impl hyper::body::Body for TakenBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // Until there is more, it is the registry that is waited for.
        self.stream.waits_for_client(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use http_body_util::BodyExt as _;

    const IDLE: Duration = Duration::from_secs(60);
    const STALL: Duration = Duration::from_secs(30);

    fn streams(total: usize) -> Streams {
        Streams::new(Arc::new(Semaphore::new(total)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_rests() {
        let (streams, start) = (streams(1), Instant::now());
        let first = streams.begin().unwrap();
        assert!(streams.begin().is_none(), "there is room for one");
        let working = tokio::time::timeout(10 * IDLE, streams.trouble(IDLE, STALL)).await;
        assert!(working.is_err(), "the registry may take its time");
        drop(first);
        assert_eq!(streams.trouble(IDLE, STALL).await, Trouble::Idle);
        assert!(start.elapsed() >= 11 * IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken() {
        let streams = streams(2);
        let mut taken = streams.begin().unwrap().watch(Body::from("taken"));
        let _left = streams.begin().unwrap().watch(Body::from("left"));
        // One answer goes on, which does not help the other.
        let troubled = tokio::spawn({
            let streams = streams.clone();
            async move { streams.trouble(IDLE, STALL).await }
        });
        assert!(taken.frame().await.is_some());
        drop(taken);
        assert_eq!(troubled.await.unwrap(), Trouble::Stalled);
    }
}
