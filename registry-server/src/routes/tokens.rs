//! `/api/v1/tokens`: API tokens. A user has those of their own; whoever runs the registry, all.

use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::RequestBody;
use super::guard::{App, Caller, noted_response};
use super::token::no_tokens;
use crate::access::{NewToken, Scope, Token, TokenError, TokenKind, Tokens, now, shown};
use crate::api_error::{ApiError, Code};
use crate::audit::Entry;
use crate::limits::TOKEN_REQUEST_MAX;

/// What a new token shall be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    name: String,
    scopes: Vec<Scope>,
    expires_in_seconds: Option<u64>,
    /// Whose it is; only whoever runs the registry may name another user, or nobody with `null`.
    #[serde(default, deserialize_with = "given")]
    owner: Option<Option<String>>,
}

/// Tells `null` from a missing field.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// `GET`: the tokens without their secrets.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let tokens = tokens(&app)?;
    let list = tokens.list(owner(&caller)?, now()).await?;
    Ok(Json(json!({ "tokens": list.iter().map(shown).collect::<Vec<_>>() })).into_response())
}

/// `POST`: makes a token. Its secret is in this answer and nowhere else.
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, ApiError> {
    let tokens = tokens(&app)?;
    let own = owner(&caller)?;
    // Whoever runs the registry by a token cannot make others with it either.
    let user = caller.session.identity.user().ok_or_else(not_a_user)?;
    let (head, body) = request.into_parts();
    // A page in a browser can send other types across sites without being asked.
    let kind =
        head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let message = "expected a body of the type `application/json`";
        return Err(ApiError::new(Code::Unsupported, message).status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = super::body::whole(RequestBody::new(body), TOKEN_REQUEST_MAX).await?;
    let wanted: Wanted = serde_json::from_slice(&bytes).map_err(bad_request)?;
    let owner = match (wanted.owner, own) {
        (None, _) => Some(user.to_owned()),
        (Some(Some(user)), Some(own)) if user == own => Some(user),
        (Some(_), Some(_)) => {
            return Err(ApiError::new(Code::Denied, "only whoever runs the registry makes tokens of others"));
        }
        (Some(owner), None) => owner,
    };
    if let Some(owner) = &owner
        && !app.access.knows_user(owner)
    {
        return Err(bad_request(format!("there is no user `{}`", owner.escape_default())));
    }
    let life = wanted.expires_in_seconds.map(Duration::from_secs);
    let new = NewToken {
        kind: TokenKind::Api,
        name: wanted.name,
        owner,
        scopes: wanted.scopes,
        life,
        password: None,
    };
    let (token, secret) = tokens.create(new, now()).await?;
    let mut body = shown(&token);
    body["token"] = json!(secret);
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(noted(&app, &caller, "create-token", &token, response))
}

/// `DELETE`: revokes a token, at once.
pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let token = tokens(&app)?.revoke(&id, owner(&caller)?).await?;
    app.access.forget_sessions();
    Ok(noted(&app, &caller, "revoke-token", &token, StatusCode::NO_CONTENT.into_response()))
}

fn tokens(app: &App) -> Result<&Tokens, ApiError> {
    app.access.tokens().ok_or_else(no_tokens)
}

/// Whose tokens the caller may handle: one user's, or all.
fn owner(caller: &Caller) -> Result<Option<&str>, ApiError> {
    if caller.session.is_admin() {
        return Ok(None);
    }
    caller.session.identity.user().map(Some).ok_or_else(not_a_user)
}

/// A token that makes tokens could not be got rid of.
fn not_a_user() -> ApiError {
    ApiError::new(
        Code::Denied,
        "expected a user with a password: tokens and workloads have no tokens of their own",
    )
}

fn bad_request(error: impl ToString) -> ApiError {
    ApiError::new(Code::Unsupported, error).status(StatusCode::BAD_REQUEST)
}

fn noted(app: &App, caller: &Caller, action: &'static str, token: &Token, response: Response) -> Response {
    let entry = Entry {
        client: Some(caller.client),
        who: Some(caller.session.identity.to_string()),
        action,
        reference: Some(token.id.to_string()),
        detail: Some(format!("name {}, owner {}", token.name, token.owner.as_deref().unwrap_or("none"))),
        ..Entry::default()
    };
    noted_response(&app.audit, entry, response)
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Name { .. } | TokenError::Scopes { .. } | TokenError::Life => bad_request(error),
            TokenError::Exists { .. } => bad_request(error).status(StatusCode::CONFLICT),
            TokenError::TooMany { .. } | TokenError::Contended => Self::new(Code::TooManyRequests, error),
            TokenError::Unknown { .. } => bad_request(error).status(StatusCode::NOT_FOUND),
            TokenError::NoRandomness(error) => Self::internal(&error),
            TokenError::Metadata(error) => error.into(),
        }
    }
}
