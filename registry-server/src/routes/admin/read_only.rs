//! `/api/v1/admin/read-only`: letting changes be made, or not.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::Request;
use serde::{Deserialize, Serialize};

use super::read;
use crate::api_error::ApiError;
use crate::registry::Registry;

/// Whether nothing may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ReadOnly {
    pub(crate) read_only: bool,
}

/// `GET`: whether nothing may be changed.
pub(crate) async fn show(State(registry): State<Registry>) -> Json<ReadOnly> {
    Json(ReadOnly { read_only: registry.is_read_only() })
}

/// `PUT` of `{"read-only": true}`: switches until the registry stops; the configuration says how it starts.
pub(crate) async fn switch(
    State(registry): State<Registry>,
    request: Request<Body>,
) -> Result<Json<ReadOnly>, ApiError> {
    let wanted: ReadOnly = read(request).await?;
    if wanted.read_only != registry.is_read_only() {
        registry.set_read_only(wanted.read_only);
        tracing::info!(read_only = wanted.read_only, "switched by the admin API");
    }
    Ok(Json(wanted))
}
