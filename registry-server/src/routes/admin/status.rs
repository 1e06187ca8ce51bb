//! `/api/v1/admin/status`: how the registry is.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;
use crate::registry::{GarbageReport, QuotaReport, Registry, RetentionReport, Totals};

/// How a registry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Status {
    /// The version of the program.
    pub(crate) version: String,
    /// For how many seconds it has run.
    pub(crate) uptime_seconds: u64,
    /// Whether nothing may be changed.
    pub(crate) read_only: bool,
    /// What it holds.
    pub(crate) totals: Totals,
    /// How much of each quota is used.
    pub(crate) quotas: Vec<QuotaReport>,
    /// The last collection of garbage since the start.
    pub(crate) last_garbage: Option<GarbageReport>,
    /// The last retention since the start.
    pub(crate) last_retention: Option<RetentionReport>,
}

/// `GET`: how the registry is.
pub(crate) async fn show(State(registry): State<Registry>) -> Result<Json<Status>, ApiError> {
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: registry.uptime().as_secs(),
        read_only: registry.is_read_only(),
        totals: registry.totals().await?,
        quotas: registry.quota_report().await?,
        last_garbage: registry.last_garbage(),
        last_retention: registry.last_retention(),
    }))
}
