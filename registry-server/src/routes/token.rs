//! `/token`: access tokens for those who show credentials (the token specifications of the distribution project, and
//! RFC 6749 and RFC 8693 for what they are built on).

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::RequestBody;
use super::guard::{App, Caller};
use super::query::Query;
use crate::access::{Credentials, Issued, TokenRequest, parse_scopes};
use crate::api_error::{ApiError, Code};
use crate::audit::{Entry, time};
use crate::limits::TOKEN_REQUEST_MAX;
use crate::peer::Peer;

/// A grant type of RFC 8693.
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What comes out of it.
const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// `GET`: a token for the credentials in the header, or for everybody without. Without a scope it is a login.
pub(crate) async fn get(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    closed(&app)?;
    let (head, _) = request.into_parts();
    let query = Query::of(&head)?;
    let caller = app.caller(&head, "").await?;
    let offline = query.first("offline_token").is_some_and(|value| value == "true" || value == "1");
    let request = TokenRequest {
        scopes: parse_scopes(query.all("scope")).map_err(bad_request)?,
        refresh: offline || query.first("access_type") == Some("offline"),
        client: query.first("client_id").map(str::to_owned),
    };
    issue(&app, &head, &caller, request, None).await
}

/// `POST`: a token for a password, a refresh token, or the token of a workload.
pub(crate) async fn post(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    closed(&app)?;
    let (head, body) = request.into_parts();
    let form = form(&head, body).await?;
    let first = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let needed = |name: &str| {
        first(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| oauth("invalid_request", format!("expected the parameter `{name}`, found none")))
    };
    let client = Peer::of(&head.extensions).address.ip();
    let grant = needed("grant_type")?;
    let session = match grant {
        "password" => {
            let (user, password) = (needed("username")?.to_owned(), needed("password")?.to_owned());
            app.access.login(Credentials::Password { user, password }, client).await
        }
        "refresh_token" => app.access.refresh(needed("refresh_token")?).await,
        TOKEN_EXCHANGE => {
            app.access.login(Credentials::Token(needed("subject_token")?.to_owned()), client).await
        }
        other => {
            let message = format!(
                "expected the grant type `password`, `refresh_token` or `{TOKEN_EXCHANGE}`, found `{}`",
                other.chars().take(80).flat_map(char::escape_default).collect::<String>()
            );
            return Err(oauth("unsupported_grant_type", message));
        }
    };
    let session =
        session.map_err(|refused| app.refused(&head, refused, "", client).oauth("invalid_grant"))?;
    let scopes = form.iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.as_str());
    let request = TokenRequest {
        scopes: parse_scopes(scopes).map_err(bad_request)?,
        refresh: grant == "password" && first("access_type") == Some("offline"),
        client: first("client_id").map(str::to_owned),
    };
    let kind = (grant == TOKEN_EXCHANGE).then_some(ACCESS_TOKEN_TYPE);
    issue(&app, &head, &Caller { session, client }, request, kind).await
}

async fn issue(
    app: &App,
    head: &Parts,
    caller: &Caller,
    request: TokenRequest,
    kind: Option<&str>,
) -> Result<Response, ApiError> {
    let issued = app.access.issue(&caller.session, request).await;
    let issued = issued.map_err(|refused| app.refused(head, refused, "", caller.client))?;
    let Some(issued) = issued else { return Err(no_tokens()) };
    if issued.refresh_token.is_some() {
        app.audit.note(Entry {
            request: app.audit.request_id(),
            client: Some(caller.client),
            who: Some(caller.session.identity.to_string()),
            action: "create-refresh-token",
            status: Some(200),
            ..Entry::default()
        });
    }
    Ok(answer(&issued, kind))
}

fn answer(issued: &Issued, kind: Option<&str>) -> Response {
    let mut body = Map::new();
    // Clients of the older specification read `token`, those of the newer one `access_token`.
    body.insert("token".to_owned(), json!(issued.token));
    body.insert("access_token".to_owned(), json!(issued.token));
    body.insert("token_type".to_owned(), json!("Bearer"));
    body.insert("expires_in".to_owned(), json!(issued.expires_in));
    let issued_at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(issued.issued_at);
    body.insert("issued_at".to_owned(), json!(time(issued_at)));
    if let Some(refresh_token) = &issued.refresh_token {
        body.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    if let Some(kind) = kind {
        body.insert("issued_token_type".to_owned(), json!(kind));
    }
    let mut response = Json(Value::Object(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The fields of a form.
async fn form(head: &Parts, body: Body) -> Result<Vec<(String, String)>, ApiError> {
    let kind =
        head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        let message = "expected a form, `application/x-www-form-urlencoded`";
        return Err(oauth("invalid_request", message.to_owned()).status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = super::body::whole(RequestBody::new(body), TOKEN_REQUEST_MAX).await?;
    Ok(url::form_urlencoded::parse(&bytes).into_owned().collect())
}

/// A refusal as RFC 6749 (section 5.2) has it, besides the form that all refusals have.
fn oauth(error: &'static str, message: String) -> ApiError {
    ApiError::new(Code::Unsupported, message).status(StatusCode::BAD_REQUEST).oauth(error)
}

fn bad_request(error: impl ToString) -> ApiError {
    oauth("invalid_scope", error.to_string())
}

fn closed(app: &App) -> Result<(), ApiError> {
    if app.access.is_open() { Err(no_tokens()) } else { Ok(()) }
}

/// Without `[access]` there are no tokens, and nobody needs one.
pub(super) fn no_tokens() -> ApiError {
    let message = "this registry does not ask who is there, so it has no tokens";
    ApiError::new(Code::Unsupported, message).status(StatusCode::NOT_FOUND)
}
