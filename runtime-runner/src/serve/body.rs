//! Bodies: those of clients, counted, those of guests, watched, and those that the server writes itself.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;
use wasmtime_wasi_http::{Error, WasiBody};

/// A client's body that fails where it becomes too long.
pub(super) struct Counted {
    inner: Incoming,
    left_bytes: u64,
    bytes_max: u64,
    too_long: Arc<Notify>,
}

impl Counted {
    /// Lets `bytes_max` bytes through and notifies `too_long` when there are more.
    pub(super) fn new(inner: Incoming, bytes_max: u64, too_long: Arc<Notify>) -> Self {
        Self { inner, left_bytes: bytes_max, bytes_max, too_long }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(Error::Hyper(error)))),
            None => return Poll::Ready(None),
        };
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left_bytes) = self.left_bytes.checked_sub(bytes) else {
            self.left_bytes = 0;
            self.too_long.notify_one();
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.bytes_max)))));
        };
        self.left_bytes = left_bytes;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a guest's response, which breaks off for the client when the guest does not come to its end: by itself
/// the engine would end it as if it were whole.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What the guest writes to; none before its answer.
    inner: Option<WasiBody>,
    /// What it had written when it ended early.
    left: VecDeque<Result<Frame<Bytes>, Error>>,
    /// How it ended early.
    end: Option<End>,
    /// Who waits for more of it.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Broken,
}

impl Watched {
    /// The same response, with its body watched.
    pub(super) fn watch(&self, response: Response<WasiBody>) -> Response<WasiBody> {
        let (parts, body) = response.into_parts();
        self.lock().inner = Some(body);
        Response::from_parts(parts, self.clone().boxed_unsync())
    }

    /// Fixes what the client will get: what the guest has written so far, and an end only if it has written that. To be
    /// called before the guest's store is dropped.
    pub(super) fn settle(&self) {
        let mut state = self.lock();
        let Some(mut inner) = state.inner.take() else { return };
        let mut context = Context::from_waker(Waker::noop());
        let end = loop {
            match Pin::new(&mut inner).poll_frame(&mut context) {
                Poll::Ready(Some(frame)) => state.left.push_back(frame),
                Poll::Ready(None) => break End::Whole,
                Poll::Pending => break End::Broken,
            }
        };
        state.end = Some(end);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic inside of the engine's body leaves that broken and nothing else.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut state = self.lock();
        if let Some(frame) = state.left.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match state.end {
            Some(End::Whole) => return Poll::Ready(None),
            Some(End::Broken) => return Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
            None => {}
        }
        let Some(inner) = &mut state.inner else { return Poll::Ready(None) };
        let polled = Pin::new(inner).poll_frame(context);
        if polled.is_pending() {
            state.waker = Some(context.waker().clone());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let state = self.lock();
        match (&state.inner, state.end) {
            (Some(inner), None) => inner.is_end_stream(),
            (_, end) => state.left.is_empty() && end == Some(End::Whole),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().inner.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// An answer of the server's own, in the words of the status.
pub(super) fn plain(status: StatusCode) -> Response<WasiBody> {
    let text = format!("{}\n", status.canonical_reason().unwrap_or("Error").to_lowercase());
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}
