//! Every route of the registry.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::{Method, Request, StatusCode, header};

use crate::api_error::{ApiError, Code};
use crate::path::{self, Endpoint};
use crate::registry::Registry;
use crate::routes::{
    RequestBody, admin, base, blobs, catalog, manifests, referrers, tags, uploads, well_known,
};

/// The whole registry as a service.
pub(crate) fn router(registry: Registry) -> Router {
    Router::new()
        .route("/v2", get(base::version))
        .route("/v2/", get(base::version))
        .route("/v2/_catalog", get(catalog::list))
        .route("/v2/{*path}", any(repository))
        .route("/.well-known/wasm-pkg/registry.json", get(well_known::wasm_pkg))
        .route("/healthz", get(base::health))
        .nest("/api/v1/admin", admin())
        .fallback(async || no_such_route())
        .method_not_allowed_fallback(async || method_not_allowed("GET, HEAD"))
        .with_state(registry)
}

/// The routes of those who run the registry.
fn admin() -> Router<Registry> {
    Router::new()
        .route("/status", get(admin::status::show))
        .route("/garbage", get(admin::garbage::show).post(admin::garbage::collect))
        .route("/retention", get(admin::retention::show).post(admin::retention::retain))
        .route("/quota", get(admin::quota::show))
        .route("/read-only", get(admin::read_only::show).put(admin::read_only::switch))
}

/// The routes below a repository.
async fn repository(
    State(registry): State<Registry>,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response {
    let Some((name, endpoint)) = path::parse(&path) else { return no_such_route().into_response() };
    let (head, body) = request.into_parts();
    let (head, body) = (&head, RequestBody::new(body));
    if registry.is_read_only() && !matches!(head.method, Method::GET | Method::HEAD) {
        return read_only(endpoint).into_response();
    }
    let name = match name.parse() {
        Ok(name) => name,
        Err(error) => return ApiError::new(Code::NameInvalid, error).into_response(),
    };
    let result = match (endpoint, &head.method) {
        (Endpoint::Uploads, &Method::POST) => uploads::begin(&registry, name, head, body).await,
        (Endpoint::Upload(id), &Method::GET | &Method::HEAD) => uploads::status(&registry, name, id),
        (Endpoint::Upload(id), &Method::PATCH) => uploads::append(&registry, name, id, head, body).await,
        (Endpoint::Upload(id), &Method::PUT) => uploads::finish(&registry, name, id, head, body).await,
        (Endpoint::Upload(id), &Method::DELETE) => uploads::cancel(&registry, name, id).await,
        (Endpoint::Blob(digest), &Method::GET | &Method::HEAD) => {
            blobs::get(&registry, &name, digest, head).await
        }
        (Endpoint::Blob(digest), &Method::DELETE) => blobs::delete(&registry, name, digest).await,
        (Endpoint::Manifest(reference), &Method::GET | &Method::HEAD) => {
            manifests::get(&registry, &name, reference, head).await
        }
        (Endpoint::Manifest(reference), &Method::PUT) => {
            manifests::put(&registry, name, reference, head, body).await
        }
        (Endpoint::Manifest(reference), &Method::DELETE) => {
            manifests::delete(&registry, name, reference).await
        }
        (Endpoint::Tags, &Method::GET | &Method::HEAD) => tags::list(&registry, &name, head).await,
        (Endpoint::Referrers(digest), &Method::GET | &Method::HEAD) => {
            referrers::list(&registry, &name, digest, head).await
        }
        (endpoint, _) => Err(method_not_allowed(methods(endpoint))),
    };
    result.unwrap_or_else(IntoResponse::into_response)
}

/// The methods of an endpoint below a repository.
fn methods(endpoint: Endpoint<'_>) -> &'static str {
    match endpoint {
        Endpoint::Uploads => "POST",
        Endpoint::Upload(_) => "DELETE, GET, HEAD, PATCH, PUT",
        Endpoint::Blob(_) => "DELETE, GET, HEAD",
        Endpoint::Manifest(_) => "DELETE, GET, HEAD, PUT",
        Endpoint::Tags | Endpoint::Referrers(_) => "GET, HEAD",
    }
}

/// The refusal of a registry that is read-only for a while, or for ever.
fn read_only(endpoint: Endpoint<'_>) -> ApiError {
    let allowed = match endpoint {
        Endpoint::Uploads => "",
        _ => "GET, HEAD",
    };
    ApiError::new(
        Code::Unsupported,
        "the registry is read-only: content can be pulled, not pushed or removed",
    )
    .header(header::ALLOW, http::HeaderValue::from_static(allowed))
}

fn method_not_allowed(allowed: &'static str) -> ApiError {
    ApiError::new(Code::Unsupported, format!("expected one of the methods {allowed}"))
        .header(header::ALLOW, http::HeaderValue::from_static(allowed))
}

fn no_such_route() -> ApiError {
    ApiError::new(Code::Unsupported, "there is nothing at this path").status(StatusCode::NOT_FOUND)
}
