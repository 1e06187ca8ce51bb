//! `/v2/_catalog`: the repositories. Not in the OCI specification, but in Docker's before it, and asked by many tools.

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::json;

use super::guard::Caller;
use super::next_link;
use super::query::Query;
use crate::access::Action;
use crate::api_error::ApiError;
use crate::registry::Registry;

/// `GET`: the repositories that the client may pull from, in the order of their bytes, in pages of `n`.
pub(crate) async fn list(
    State(registry): State<Registry>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, _) = request.into_parts();
    let query = Query::of(&head)?;
    let n = query.page_size()?;
    let page =
        registry.catalog(n, query.first("last"), |name| caller.session.could(Action::Pull, name)).await?;
    let link = page.repositories.last().filter(|_| page.more).map(|last| {
        let n = n.map(|n| format!("n={n}&")).unwrap_or_default();
        next_link("/v2/_catalog", &format!("{n}last={last}"))
    });
    let mut response = Json(json!({ "repositories": page.repositories })).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
