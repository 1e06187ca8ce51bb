//! `/v2/` and `/healthz`.

use axum::response::IntoResponse;
use http::{HeaderName, header};

/// Says that this is a registry (OCI distribution specification, "Determining Support"). Some clients ask before every
/// request, so nothing is looked up.
pub(crate) async fn version() -> impl IntoResponse {
    let version = HeaderName::from_static("docker-distribution-api-version");
    ([(header::CONTENT_TYPE, "application/json"), (version, "registry/2.0")], "{}")
}

/// Says that the server answers.
pub(crate) async fn health() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}")
}
