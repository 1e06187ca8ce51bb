//! Every route of the registry, and what each needs.

#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get};
use http::request::Parts;
use http::{Method, Request, StatusCode, header};
use wkit_artifact::RepositoryName;

use crate::access::Action;
use crate::api_error::{ApiError, Code};
use crate::audit::Entry;
use crate::path::{self, Endpoint};
use crate::routes::guard::{App, Caller, Need, guard, noted_response};
use crate::routes::{
    RequestBody, admin, base, blobs, catalog, manifests, referrers, tags, token, tokens, uploads, well_known,
};

/// Every route but those below a repository: the path, what it needs, and its methods. `router::tests` asks each of
/// them as everybody; a route without a row there fails.
fn routes() -> Vec<(&'static str, Need, MethodRouter<App>)> {
    vec![
        ("/v2", Need::Credentials, get(base::version)),
        ("/v2/", Need::Credentials, get(base::version)),
        ("/v2/_catalog", Need::List, get(catalog::list)),
        ("/token", Need::Nothing, get(token::get).post(token::post)),
        ("/api/v1/tokens", Need::Known, get(tokens::list).post(tokens::create)),
        ("/api/v1/tokens/{id}", Need::Known, delete(tokens::revoke)),
        ("/.well-known/wasm-pkg/registry.json", Need::Nothing, get(well_known::wasm_pkg)),
        ("/healthz", Need::Nothing, get(base::health)),
    ]
}

/// The routes of those who run the registry, below [`ADMIN`]. The guard demands [`Need::Admin`] for the whole prefix, also
/// for what is not there.
fn admin() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/status", get(admin::status::show)),
        ("/garbage", get(admin::garbage::show).post(admin::garbage::collect)),
        ("/retention", get(admin::retention::show).post(admin::retention::retain)),
        ("/quota", get(admin::quota::show)),
        ("/read-only", get(admin::read_only::show).put(admin::read_only::switch)),
    ]
}

const ADMIN: &str = "/api/v1/admin";

/// What a request to a repository needs; `None` when the endpoint does not have the method.
fn action(endpoint: Endpoint<'_>, method: &Method) -> Option<Action> {
    let (get, head) = (method == Method::GET, method == Method::HEAD);
    match endpoint {
        Endpoint::Uploads => (method == Method::POST).then_some(Action::Push),
        Endpoint::Upload(_) => {
            let (patch, put, delete) =
                (method == Method::PATCH, method == Method::PUT, method == Method::DELETE);
            (get || head || patch || put || delete).then_some(Action::Push)
        }
        Endpoint::Blob(_) | Endpoint::Manifest(_) if get || head => Some(Action::Pull),
        Endpoint::Blob(_) | Endpoint::Manifest(_) if method == Method::DELETE => Some(Action::Delete),
        Endpoint::Manifest(_) if method == Method::PUT => Some(Action::Push),
        Endpoint::Blob(_) | Endpoint::Manifest(_) => None,
        Endpoint::Tags | Endpoint::Referrers(_) => (get || head).then_some(Action::Pull),
    }
}

/// The whole registry as a service.
pub(crate) fn router(app: App) -> Router {
    let guarded = |router: Router<App>, (path, need, methods): (&'static str, Need, MethodRouter<App>)| {
        router.route(path, methods.route_layer(from_fn_with_state((app.clone(), need), guard)))
    };
    let admin =
        admin().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    let admin = admin
        .fallback(async || no_such_route())
        .method_not_allowed_fallback(async || method_not_allowed("GET, HEAD"))
        .layer(from_fn_with_state((app.clone(), Need::Admin), guard));
    routes()
        .into_iter()
        .fold(Router::new(), guarded)
        .nest(ADMIN, admin)
        .route("/v2/{*path}", any(repository))
        .fallback(async || no_such_route())
        .method_not_allowed_fallback(async || method_not_allowed("GET, HEAD"))
        .with_state(app.clone())
}

/// The routes below a repository.
async fn repository(State(app): State<App>, Path(path): Path<String>, request: Request<Body>) -> Response {
    let Some((name, endpoint)) = path::parse(&path) else { return no_such_route().into_response() };
    let (head, body) = request.into_parts();
    let (head, body) = (&head, RequestBody::new(body));
    let name: RepositoryName = match name.parse() {
        Ok(name) => name,
        Err(error) => return ApiError::new(Code::NameInvalid, error).into_response(),
    };
    let Some(action) = action(endpoint, &head.method) else {
        return method_not_allowed(methods(endpoint)).into_response();
    };
    let caller = match app.caller_for(head, name.as_str(), action).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    if app.registry.is_read_only() && !matches!(head.method, Method::GET | Method::HEAD) {
        return read_only(endpoint).into_response();
    }
    let entry = entry(&app, &caller, &name, endpoint, head);
    let response = answer(&app, &caller, name, endpoint, head, body).await;
    let response = response.unwrap_or_else(IntoResponse::into_response);
    match entry {
        Some(entry) => noted_response(&app.audit, entry, response),
        None => response,
    }
}

async fn answer(
    app: &App,
    caller: &Caller,
    name: RepositoryName,
    endpoint: Endpoint<'_>,
    head: &Parts,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let registry = &app.registry;
    match (endpoint, &head.method) {
        (Endpoint::Uploads, &Method::POST) => uploads::begin(registry, caller, name, head, body).await,
        (Endpoint::Upload(id), &Method::GET | &Method::HEAD) => uploads::status(registry, name, id),
        (Endpoint::Upload(id), &Method::PATCH) => uploads::append(registry, name, id, head, body).await,
        (Endpoint::Upload(id), &Method::PUT) => uploads::finish(registry, name, id, head, body).await,
        (Endpoint::Upload(id), &Method::DELETE) => uploads::cancel(registry, name, id).await,
        (Endpoint::Blob(digest), &Method::GET | &Method::HEAD) => {
            blobs::get(registry, caller, &name, digest, head).await
        }
        (Endpoint::Blob(digest), &Method::DELETE) => blobs::delete(registry, name, digest).await,
        (Endpoint::Manifest(reference), &Method::GET | &Method::HEAD) => {
            manifests::get(registry, &name, reference, head).await
        }
        (Endpoint::Manifest(reference), &Method::PUT) => {
            manifests::put(registry, name, reference, head, body).await
        }
        (Endpoint::Manifest(reference), &Method::DELETE) => {
            manifests::delete(registry, name, reference).await
        }
        (Endpoint::Tags, &Method::GET | &Method::HEAD) => tags::list(registry, &name, head).await,
        (Endpoint::Referrers(digest), &Method::GET | &Method::HEAD) => {
            referrers::list(registry, &name, digest, head).await
        }
        (endpoint, _) => Err(method_not_allowed(methods(endpoint))),
    }
}

/// What the audit log is to know of a request: what is pushed and removed, and what is pulled if that is wanted. The
/// steps of an upload are not noted, only its end.
fn entry(
    app: &App,
    caller: &Caller,
    name: &RepositoryName,
    endpoint: Endpoint<'_>,
    head: &Parts,
) -> Option<Entry> {
    if !app.audit.is_on() {
        return None;
    }
    let pulls = app.audit.notes_pulls();
    let (action, reference) = match (endpoint, &head.method) {
        (Endpoint::Uploads, _) if head.uri.query().is_some() => ("push-blob", head.uri.query()?),
        (Endpoint::Upload(_), &Method::PUT) => ("push-blob", head.uri.query().unwrap_or_default()),
        (Endpoint::Blob(digest), &Method::DELETE) => ("delete-blob", digest),
        (Endpoint::Manifest(reference), &Method::PUT) => ("push-manifest", reference),
        (Endpoint::Manifest(reference), &Method::DELETE) => ("delete-manifest", reference),
        (Endpoint::Blob(digest), &Method::GET) if pulls => ("pull-blob", digest),
        (Endpoint::Manifest(reference), &Method::GET) if pulls => ("pull-manifest", reference),
        _ => return None,
    };
    Some(Entry {
        client: Some(caller.client),
        who: Some(caller.session.identity.to_string()),
        action,
        repository: Some(name.to_string()),
        reference: Some(reference.chars().take(256).collect()),
        ..Entry::default()
    })
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
