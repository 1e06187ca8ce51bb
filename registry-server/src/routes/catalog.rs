//! `/v2/_catalog`: the repositories. Not in the OCI specification, but in Docker's before it, and asked by many tools.

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

use super::guard::Caller;
use super::query::Query;
use super::{cursor, next_link};
use crate::access::Action;
use crate::api_error::{ApiError, Code};
use crate::registry::{Next, Registry};

/// `GET`: the repositories that the client may pull from, in the order of their bytes, in pages of `n`. A page
/// can have fewer, and there is a `Link` as long as there may be more.
pub(crate) async fn list(
    State(registry): State<Registry>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, _) = request.into_parts();
    let query = Query::of(&head)?;
    let n = query.page_size()?;
    let last = query.first("last").map(cursor::open).transpose();
    let last =
        last.map_err(|error| ApiError::new(Code::Unsupported, error).status(StatusCode::BAD_REQUEST))?;
    let visible = |name: &str| caller.session.could(Action::Pull, name);
    let page = registry.catalog(n, last.as_deref(), visible).await?;
    let next = match page.next {
        Some(Next::Shown(name)) => Some(name),
        Some(Next::Hidden(name)) => Some(cursor::seal(&name).map_err(|error| ApiError::internal(&error))?),
        None => None,
    };
    let link = next.map(|last| {
        let n = n.map(|n| format!("n={n}&")).unwrap_or_default();
        next_link("/v2/_catalog", &format!("{n}last={last}"))
    });
    let mut response = Json(json!({ "repositories": page.repositories })).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
