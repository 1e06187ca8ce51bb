//! The guard: turns credentials into a caller, and says no in the words of HTTP.
//!
//! What a route needs is stated where the route is, in `router.rs`. A refusal must not say more than it has to:
//!
//! - Without credentials, or with wrong ones: 401, and how to show some.
//! - With an access token that is for something else, by somebody who could have one for this: the same.
//! - Known, and not allowed: 403. It is the same whether the repository exists or not.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use wkit_artifact::RegistryHost;

use super::query::Query;
use crate::access::{Access, Action, Challenge, Refused, Session, seconds};
use crate::api_error::{ApiError, Code};
use crate::audit::{Audit, Entry};
use crate::peer::Peer;
use crate::registry::Registry;
use crate::throttle;

/// The id of a request, as it is in the audit log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What all routes share. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct App {
    /// The registry itself.
    pub(crate) registry: Registry,
    /// Who may do what.
    pub(crate) access: Access,
    /// Who did what.
    pub(crate) audit: Audit,
}

impl axum::extract::FromRef<App> for Registry {
    fn from_ref(app: &App) -> Self {
        app.registry.clone()
    }
}

/// Who sends a request, after the guard let it pass.
#[derive(Clone)]
pub(crate) struct Caller {
    /// What the client may do.
    pub(crate) session: Arc<Session>,
    /// The client's address.
    pub(crate) client: IpAddr,
}

/// What a route outside of a repository needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: the route is for everybody, or looks at credentials itself.
    Nothing,
    /// Valid credentials of any kind, also an access token without any right. Clients learn here how to log in.
    Credentials,
    /// As [`Need::Credentials`], and an access token must be for the list of repositories. It shows what may be pulled; a
    /// client that could see it without credentials would never show those it has.
    List,
    /// Somebody who is known, with credentials that are not an access token.
    Known,
    /// The right to run the registry.
    Admin,
}

impl App {
    /// Who sends this request.
    ///
    /// # Errors
    ///
    /// When credentials come with it that are wrong or cannot be checked. `scope` is what the client is told to ask
    /// for.
    pub(crate) async fn caller(&self, head: &Parts, scope: &str) -> Result<Caller, ApiError> {
        let client = Peer::of(&head.extensions).address.ip();
        match self.session(head, client).await {
            Ok(session) => admitted(head, session, client),
            Err(refused) => Err(self.refused(head, refused, scope, client)),
        }
    }

    /// Who sends this request to a repository, if `action` is allowed there.
    ///
    /// # Errors
    ///
    /// When it is not allowed, or as for [`App::caller`].
    pub(crate) async fn caller_for(
        &self,
        head: &Parts,
        repository: &str,
        action: Action,
    ) -> Result<Caller, ApiError> {
        let client = Peer::of(&head.extensions).address.ip();
        // The scope is needed for a refusal only, so it is made then.
        match self.session(head, client).await {
            Ok(session) if session.may(action, repository) => admitted(head, session, client),
            Ok(session) => {
                let could = session.is_of_access_token() && session.could(action, repository);
                Err(self.denied(head, &session, could, &scope(head, repository, action)))
            }
            Err(refused) => Err(self.refused(head, refused, &scope(head, repository, action), client)),
        }
    }

    async fn session(&self, head: &Parts, client: IpAddr) -> Result<Arc<Session>, Refused> {
        let authorization = head.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        self.access.session(authorization, client).await
    }

    /// The answer to credentials that give no session; noted in the audit log.
    pub(crate) fn refused(&self, head: &Parts, refused: Refused, scope: &str, client: IpAddr) -> ApiError {
        let message = refused.to_string();
        let (who, error) = match refused {
            Refused::Wrong { user, .. } => (
                user,
                self.challenged(
                    ApiError::new(Code::Unauthorized, &message),
                    head,
                    scope,
                    Some("invalid_token"),
                ),
            ),
            Refused::Wait { user, wait } => {
                let after = HeaderValue::from(seconds(wait));
                let error = ApiError::new(Code::TooManyRequests, &message).header(header::RETRY_AFTER, after);
                (Some(user), error)
            }
            Refused::Busy | Refused::Unavailable => {
                let error = ApiError::new(Code::Unknown, &message).status(StatusCode::SERVICE_UNAVAILABLE);
                return error.header(header::RETRY_AFTER, HeaderValue::from(1));
            }
        };
        self.audit.note(Entry {
            request: self.audit.request_id(),
            client: Some(client),
            // A name that is not ours may be anything, also a password typed into the wrong field; it is cut short.
            who: who.map(|user| user.chars().take(64).collect()),
            action: "login",
            reference: Some(whole_path(head).chars().take(256).collect()),
            status: Some(error.status_code().as_u16()),
            detail: Some(message),
            ..Entry::default()
        });
        error
    }

    /// The answer to a session that may not do what is asked. `could` says that another access token would do.
    fn denied(&self, head: &Parts, session: &Session, could: bool, scope: &str) -> ApiError {
        if session.identity.is_known() && !could {
            return ApiError::new(Code::Denied, format!("`{}` may not do this", session.identity));
        }
        let reason = session.is_of_access_token().then_some("insufficient_scope");
        self.challenged(
            ApiError::new(Code::Unauthorized, "credentials are needed for this"),
            head,
            scope,
            reason,
        )
    }

    /// Says how to show credentials (RFC 6750, section 3; RFC 7617).
    fn challenged(&self, error: ApiError, head: &Parts, scope: &str, reason: Option<&str>) -> ApiError {
        let service = self.access.service();
        let realm = match self.access.challenge() {
            Challenge::Bearer => self.base_url(head),
            Challenge::Basic => None,
        };
        let challenge = match realm {
            Some(base) => {
                let scope = if scope.is_empty() { String::new() } else { format!(",scope=\"{scope}\"") };
                let reason = match reason {
                    Some(reason) if head.headers.contains_key(header::AUTHORIZATION) => {
                        format!(",error=\"{reason}\"")
                    }
                    _ => String::new(),
                };
                format!("Bearer realm=\"{base}/token\",service=\"{service}\"{scope}{reason}")
            }
            None => format!("Basic realm=\"{service}\", charset=\"UTF-8\""),
        };
        // Names of repositories and services, and hosts, are visible ASCII without quotes.
        let value = HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static("Basic"));
        error.header(header::WWW_AUTHENTICATE, value)
    }

    /// The URL that the client reaches the registry by: the configured one, or what it asked for. The latter is the
    /// client's own word and goes back to this client only; whatever is no host and port is not repeated.
    fn base_url(&self, head: &Parts) -> Option<String> {
        if let Some(url) = self.access.public_url() {
            return Some(url.to_owned());
        }
        let asked = match head.uri.authority() {
            Some(authority) => authority.as_str(),
            None => head.headers.get(header::HOST)?.to_str().ok()?,
        };
        let host: RegistryHost = asked.parse().ok()?;
        let scheme = if Peer::of(&head.extensions).secure { "https" } else { "http" };
        Some(format!("{scheme}://{host}"))
    }

    fn check(&self, head: &Parts, caller: &Caller, need: Need) -> Result<(), ApiError> {
        let session = &caller.session;
        if session.is_of_open_registry() {
            return Ok(());
        }
        // An access token of nobody is more than nothing: its client has been told how to log in.
        let shown = session.identity.is_known() || session.is_of_access_token();
        match need {
            Need::Nothing => Ok(()),
            Need::Credentials if shown => Ok(()),
            Need::Credentials => Err(self.denied(head, session, true, "")),
            Need::List if shown && session.may_list() => Ok(()),
            Need::List => Err(self.denied(head, session, true, CATALOG_SCOPE)),
            Need::Known if session.identity.is_known() && !session.is_of_access_token() => Ok(()),
            Need::Admin if session.is_admin() => Ok(()),
            Need::Known | Need::Admin => {
                // An access token is for repositories; its user has to come in person.
                Err(self.denied(head, session, false, ""))
            }
        }
    }
}

/// Lets through who is known, unless they ask for more than one user may.
fn admitted(head: &Parts, session: Arc<Session>, client: IpAddr) -> Result<Caller, ApiError> {
    if session.identity.is_known()
        && let Some(rates) = head.extensions.get::<throttle::IdentityRates>()
    {
        rates.admit(&session.identity.to_string(), &head.method)?;
    }
    Ok(Caller { session, client })
}

const CATALOG_SCOPE: &str = "registry:catalog:*";

/// What a client should ask an access token for.
fn scope(head: &Parts, repository: &str, action: Action) -> String {
    let actions = match action {
        Action::Push => "pull,push",
        action => action.as_str(),
    };
    let own = format!("repository:{repository}:{actions}");
    // A mount needs to pull from its source, too.
    let source = (head.method == Method::POST).then(|| Query::of(head).ok()).flatten();
    let source = source.and_then(|query| query.first("from").map(str::to_owned));
    match source.filter(|source| source.parse::<wkit_artifact::RepositoryName>().is_ok()) {
        Some(source) if source != repository => format!("{own} repository:{source}:pull"),
        _ => own,
    }
}

/// Lets a request to a route outside of a repository pass when its need is met. The caller is among the request's
/// extensions then.
pub(crate) async fn guard(State((app, need)): State<(App, Need)>, request: Request, next: Next) -> Response {
    if need == Need::Nothing {
        return next.run(request).await;
    }
    let (mut head, body) = request.into_parts();
    let scope = if need == Need::List { CATALOG_SCOPE } else { "" };
    let caller = match app.caller(&head, scope).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let noted = need == Need::Admin && !matches!(head.method, Method::GET | Method::HEAD);
    let entry = noted.then(|| Entry {
        client: Some(caller.client),
        who: Some(caller.session.identity.to_string()),
        action: "admin",
        reference: Some(format!("{} {}", head.method, whole_path(&head))),
        ..Entry::default()
    });
    let response = match app.check(&head, &caller, need) {
        Ok(()) => {
            head.extensions.insert(caller);
            next.run(Request::from_parts(head, body)).await
        }
        Err(error) => error.into_response(),
    };
    match entry {
        Some(entry) => noted_response(&app.audit, entry, response),
        None => response,
    }
}

/// The path that the client has asked for; nested routes see only its end.
fn whole_path(head: &Parts) -> &str {
    head.extensions.get::<OriginalUri>().map_or(head.uri.path(), |uri| uri.path())
}

/// Notes a request with the status of its answer, and gives the answer the request's id.
pub(crate) fn noted_response(audit: &Audit, entry: Entry, mut response: Response) -> Response {
    let Some(id) = audit.request_id() else { return response };
    set_request_id(response.headers_mut(), &id);
    audit.note(Entry { request: Some(id), status: Some(response.status().as_u16()), ..entry });
    response
}

fn set_request_id(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}
