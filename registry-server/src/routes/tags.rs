//! `/v2/<name>/tags/list` (OCI distribution specification, "Listing Tags").

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use serde_json::json;
use wkit_artifact::RepositoryName;

use super::next_link;
use super::query::Query;
use crate::api_error::ApiError;
use crate::registry::Registry;

/// `GET`: the tags in the order of their bytes; all of them unless `n` asks for a page.
pub(crate) async fn list(
    registry: &Registry,
    name: &RepositoryName,
    head: &Parts,
) -> Result<Response, ApiError> {
    let query = Query::of(head)?;
    let n = query.page_size()?;
    let page = registry.tags(name, n, query.first("last")).await?;
    let link = page.tags.last().filter(|_| page.more).map(|last| {
        let n = n.map(|n| format!("n={n}&")).unwrap_or_default();
        next_link(&format!("/v2/{name}/tags/list"), &format!("{n}last={last}"))
    });
    let mut response = Json(json!({ "name": name.as_str(), "tags": page.tags })).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
