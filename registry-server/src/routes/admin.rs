//! `/api/v1/admin/`: what those who run a registry ask it, and tell it to do. JSON both ways; refusals have the form of
//! the OCI distribution specification.
//!
//! A request that starts something has a JSON body and says so in its `Content-Type`, which a web page that is not ours
//! cannot send without asking first.

pub(crate) mod garbage;
pub(crate) mod quota;
pub(crate) mod read_only;
pub(crate) mod retention;
pub(crate) mod status;

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::RequestBody;
use super::body::WholeBodyError;
use crate::api_error::{ApiError, Code};
use crate::limits::ADMIN_BODY_BYTES_MAX;

/// What a request that starts a run says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RunRequest {
    /// Whether nothing is to be changed.
    pub(crate) dry_run: bool,
}

/// Whether a run is under way is told by a refusal; this is the report of the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LastRun<T> {
    /// `None` when there was none since the start.
    pub(crate) last: Option<T>,
}

/// Reads the body of a request.
async fn read<T: DeserializeOwned>(request: Request<Body>) -> Result<T, ApiError> {
    let (head, body) = request.into_parts();
    let kind =
        head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !wkit_artifact::media_type::essence(kind).eq_ignore_ascii_case("application/json") {
        let message = format!("expected a body of `application/json`, found `{}`", kind.escape_default());
        return Err(ApiError::new(Code::Unsupported, message).status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = RequestBody::new(body).whole(ADMIN_BODY_BYTES_MAX).await.map_err(|error| match error {
        WholeBodyError::TooLong => {
            let message = format!("expected a body of at most {ADMIN_BODY_BYTES_MAX} bytes");
            ApiError::new(Code::SizeInvalid, message).status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        WholeBodyError::Incoming(error) => bad_request(error),
    })?;
    serde_json::from_slice(&bytes).map_err(bad_request)
}

fn bad_request(error: impl ToString) -> ApiError {
    ApiError::new(Code::Unsupported, error).status(StatusCode::BAD_REQUEST)
}
