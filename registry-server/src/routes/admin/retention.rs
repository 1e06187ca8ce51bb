//! `/api/v1/admin/retention`: removing what the retention rules do not keep.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::Request;

use super::{LastRun, RunRequest, read};
use crate::api_error::ApiError;
use crate::registry::{Registry, RetentionReport};

/// `GET`: the report of the last run.
pub(crate) async fn show(State(registry): State<Registry>) -> Json<LastRun<RetentionReport>> {
    Json(LastRun { last: registry.last_retention() })
}

/// `POST` of `{"dry-run": false}`: removes what is not kept and answers with the report. It goes on when the client
/// leaves.
pub(crate) async fn retain(
    State(registry): State<Registry>,
    request: Request<Body>,
) -> Result<Json<RetentionReport>, ApiError> {
    let RunRequest { dry_run } = read(request).await?;
    Ok(Json(registry.retain_to_the_end(dry_run).await?))
}
