//! The body of a request.

use axum::body::{Body, BodyDataStream, HttpBody as _};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;

use crate::api_error::{ApiError, Code};
use crate::limits::BODY_IDLE_MAX;
use crate::store::{Incoming, IncomingError};

/// How much of a body is still taken in after its request was refused. A client that is still sending would otherwise
/// see a broken connection instead of the answer.
const DRAINED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The body of a request, which is taken in to its end, within reason, even when nobody wants it.
pub(crate) struct RequestBody {
    /// `None` when it has come to its end.
    stream: Option<BodyDataStream>,
}

/// Why a body could not be taken whole.
pub(crate) enum WholeBodyError {
    /// It has more bytes than are accepted.
    TooLong,
    /// It ended early.
    Incoming(IncomingError),
}

impl RequestBody {
    /// Wraps the body of a request.
    pub(crate) fn new(body: Body) -> Self {
        // Most requests have no body: there is nothing to take in then.
        let stream = (!body.is_end_stream()).then(|| body.into_data_stream());
        Self { stream }
    }

    /// Whether it is known that no byte will come.
    pub(crate) fn is_empty(&self) -> bool {
        self.stream.is_none()
    }

    /// The next bytes, `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, IncomingError>> {
        let stream = self.stream.as_mut()?;
        let Ok(next) = tokio::time::timeout(BODY_IDLE_MAX, stream.next()).await else {
            self.stream = None;
            return Some(Err(IncomingError::Idle { seconds: BODY_IDLE_MAX.as_secs() }));
        };
        match next {
            Some(Ok(bytes)) => Some(Ok(bytes)),
            Some(Err(error)) => {
                self.stream = None;
                Some(Err(IncomingError::Broken { message: error.to_string() }))
            }
            None => {
                self.stream = None;
                None
            }
        }
    }

    /// The body as the store takes it.
    pub(crate) fn incoming(self) -> Incoming {
        stream::unfold(self, async |mut body| body.next().await.map(|bytes| (bytes, body))).boxed()
    }

    /// All bytes at once, at most `maximum`.
    pub(crate) async fn whole(mut self, maximum: usize) -> Result<Bytes, WholeBodyError> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.next().await {
            let bytes = bytes.map_err(WholeBodyError::Incoming)?;
            if whole.len() + bytes.len() > maximum {
                return Err(WholeBodyError::TooLong);
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.into())
    }
}

/// All bytes of a small body, or a refusal.
pub(super) async fn whole(body: RequestBody, maximum: usize) -> Result<Bytes, ApiError> {
    body.whole(maximum).await.map_err(|error| match error {
        WholeBodyError::TooLong => {
            let message = format!("expected a body of at most {maximum} bytes");
            ApiError::new(Code::SizeInvalid, message).status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        WholeBodyError::Incoming(error) => {
            ApiError::new(Code::Unsupported, error).status(StatusCode::BAD_REQUEST)
        }
    })
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        // Without a runtime there is no connection either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let mut drained = 0;
            while let Ok(Some(Ok(bytes))) = tokio::time::timeout(BODY_IDLE_MAX, stream.next()).await {
                drained += bytes.len() as u64;
                if drained > DRAINED_BYTES_MAX {
                    break;
                }
            }
        });
    }
}
