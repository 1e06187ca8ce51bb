//! `/api/v1/admin/quota`: how much of each quota is used.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;
use crate::registry::{QuotaReport, Registry};

/// All quotas, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Quotas {
    pub(crate) quotas: Vec<QuotaReport>,
}

/// `GET`: how much of each quota is used.
pub(crate) async fn show(State(registry): State<Registry>) -> Result<Json<Quotas>, ApiError> {
    Ok(Json(Quotas { quotas: registry.quota_report().await? }))
}
