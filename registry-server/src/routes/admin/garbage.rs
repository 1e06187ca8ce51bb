//! `/api/v1/admin/garbage`: collecting garbage.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::Request;

use super::{LastRun, RunRequest, read};
use crate::api_error::ApiError;
use crate::registry::{GarbageReport, Registry};

/// `GET`: the report of the last run.
pub(crate) async fn show(State(registry): State<Registry>) -> Json<LastRun<GarbageReport>> {
    Json(LastRun { last: registry.last_garbage() })
}

/// `POST` of `{"dry-run": false}`: collects garbage and answers with the report. It goes on when the client leaves.
pub(crate) async fn collect(
    State(registry): State<Registry>,
    request: Request<Body>,
) -> Result<Json<GarbageReport>, ApiError> {
    let RunRequest { dry_run } = read(request).await?;
    Ok(Json(registry.collect_garbage_to_the_end(dry_run).await?))
}
