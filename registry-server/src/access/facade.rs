//! Credentials in, sessions and tokens out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::credentials::Credentials;
use super::delay::LoginDelay;
use super::error::{AccessError, Refused};
use super::htpasswd::Users;
use super::identity::Identity;
use super::issuer::{Issuers, Timing};
use super::login::unavailable;
use super::password::Verifier;
use super::policy::Policy;
use super::scope::{Grant, Resource};
use super::secret::{self, NoRandomness};
use super::session::{Session, Sessions};
use super::settings::{AccessSettings, Challenge};
use super::signing::{Signing, SigningError};
use super::tokens::{REFRESH_TOKEN_PREFIX, Token, TokenKind, Tokens};
use crate::limits::SESSION_CREDENTIALS_MAX;
use crate::store::MetadataStore;

/// The name of the service in access tokens, unless the configuration has another.
const SERVICE_DEFAULT: &str = "wkit-registry";

/// What an access token is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenRequest {
    /// What it shall be for.
    pub(crate) scopes: Vec<Grant>,
    /// Whether a refresh token is wanted, too.
    pub(crate) refresh: bool,
    /// What program asks.
    pub(crate) client: Option<String>,
}

/// An access token, as it is handed out.
#[derive(Debug)]
pub(crate) struct Issued {
    /// The token.
    pub(crate) token: String,
    /// When it was issued, in seconds since 1970.
    pub(crate) issued_at: u64,
    /// How long it lives, in seconds.
    pub(crate) expires_in: u64,
    /// The refresh token, when one was asked for and may be had.
    pub(crate) refresh_token: Option<String>,
}

/// Decides who may do what. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Access {
    /// `None` in a registry that does not ask who is there.
    inner: Option<Arc<Inner>>,
    everybody: Arc<Session>,
}

/// What a registry needs that asks who is there.
pub(super) struct Inner {
    pub(super) policy: Policy,
    pub(super) users: Users,
    pub(super) verifier: Verifier,
    pub(super) delay: LoginDelay,
    pub(super) tokens: Tokens,
    pub(super) signing: Signing,
    pub(super) issuers: Issuers,
    pub(super) sessions: Sessions,
    pub(super) anonymous: Arc<Session>,
    pub(super) settings: AccessSettings,
}

impl Access {
    /// Reads what the settings refer to.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, name users that do not exist, or the metadata store fails.
    pub(crate) async fn open(
        settings: &AccessSettings,
        metadata: Arc<dyn MetadataStore>,
    ) -> Result<Self, AccessError> {
        Self::open_with(settings, metadata, Timing::default()).await
    }

    pub(super) async fn open_with(
        settings: &AccessSettings,
        metadata: Arc<dyn MetadataStore>,
        timing: Timing,
    ) -> Result<Self, AccessError> {
        let everybody = Arc::new(Session::of_everybody());
        if !settings.is_configured() {
            return Ok(Self { inner: None, everybody });
        }
        let policy = Policy::new(settings)?;
        let users = Users::open(settings.htpasswd.clone())?;
        check_users(settings, &users)?;
        let failed = |message: String| AccessError::Tokens { message };
        let no_randomness = |error: NoRandomness| failed(error.to_string());
        let service = settings.service.clone().unwrap_or_else(|| SERVICE_DEFAULT.to_owned());
        let signing = Signing::open(metadata.clone(), service, now()).await;
        let signing = signing.map_err(|error| failed(error.to_string()))?;
        let issuers = Issuers::new(&settings.issuers, timing).map_err(failed)?;
        let anonymous =
            Session { rights: Some(policy.rights(&Identity::Anonymous)), ..Session::of_everybody() };
        let inner = Inner {
            policy,
            users,
            verifier: Verifier::new(),
            delay: LoginDelay::default(),
            tokens: Tokens::new(metadata),
            signing,
            issuers,
            sessions: Sessions::new().map_err(no_randomness)?,
            anonymous: Arc::new(anonymous),
            settings: settings.clone(),
        };
        Ok(Self { inner: Some(Arc::new(inner)), everybody })
    }

    /// Whether nobody is asked who is there.
    pub(crate) fn is_open(&self) -> bool {
        self.inner.is_none()
    }

    /// How clients are asked for credentials.
    pub(crate) fn challenge(&self) -> Challenge {
        self.inner.as_ref().map_or(Challenge::default(), |inner| inner.settings.challenge)
    }

    /// The URL that clients reach the registry by, when the configuration has it; without a slash at its end.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.inner.as_ref()?.settings.public_url.as_deref().map(|url| url.trim_end_matches('/'))
    }

    /// The name of the service in access tokens.
    pub(crate) fn service(&self) -> &str {
        let configured = self.inner.as_ref().and_then(|inner| inner.settings.service.as_deref());
        configured.unwrap_or(SERVICE_DEFAULT)
    }

    /// The session of an `Authorization` header, or of its absence.
    ///
    /// # Errors
    ///
    /// When the credentials are wrong or cannot be checked.
    pub(crate) async fn session(
        &self,
        authorization: Option<&[u8]>,
        client: IpAddr,
    ) -> Result<Arc<Session>, Refused> {
        let Some(inner) = &self.inner else { return Ok(self.everybody.clone()) };
        if inner.users.is_due() {
            let inner = inner.clone();
            let look = move || {
                if inner.users.look() {
                    inner.sessions.forget();
                }
            };
            // A panic there must not keep everybody out; the users stay as they were.
            drop(tokio::task::spawn_blocking(look).await);
        }
        let Some(authorization) = authorization else { return Ok(inner.anonymous.clone()) };
        // Long credentials are checked each time: what is kept has to be small.
        let short = authorization.len() <= SESSION_CREDENTIALS_MAX;
        let key = short.then(|| inner.sessions.key(authorization));
        if let Some(session) = key.as_ref().and_then(|key| inner.sessions.get(key, Instant::now())) {
            return Ok(session);
        }
        let credentials = Credentials::parse(authorization);
        let credentials =
            credentials.map_err(|error| Refused::Wrong { user: None, message: error.to_string() })?;
        if credentials.is_empty() {
            return Ok(inner.anonymous.clone());
        }
        inner.check(credentials, key, client).await
    }

    /// The session of a user and password that did not come in a header.
    ///
    /// # Errors
    ///
    /// When the credentials are wrong or cannot be checked.
    pub(crate) async fn login(
        &self,
        credentials: Credentials,
        client: IpAddr,
    ) -> Result<Arc<Session>, Refused> {
        match &self.inner {
            Some(inner) => inner.check(credentials, None, client).await,
            None => Ok(self.everybody.clone()),
        }
    }

    /// The session of a refresh token.
    ///
    /// # Errors
    ///
    /// When it is not known, has expired, was revoked, or its user's password has changed.
    pub(crate) async fn refresh(&self, secret: &str) -> Result<Arc<Session>, Refused> {
        let Some(inner) = &self.inner else { return Ok(self.everybody.clone()) };
        let wrong = |user| Refused::Wrong { user, message: "the refresh token is not valid".to_owned() };
        if !secret.starts_with(REFRESH_TOKEN_PREFIX) {
            return Err(wrong(None));
        }
        let token = inner.tokens.find(secret, TokenKind::Refresh, now()).await.map_err(unavailable)?;
        let Some(Token { owner: Some(owner), password, .. }) = token else { return Err(wrong(None)) };
        let users = inner.users.now();
        let unchanged = users.hash(&owner).is_some_and(|hash| Some(secret::hash(hash.as_str())) == password);
        if !unchanged {
            return Err(wrong(Some(owner.to_string())));
        }
        Ok(inner.session_of(Identity::User(owner), None, None))
    }

    /// An access token for what is asked as far as it is allowed. What is not allowed is left out without a word: the
    /// client learns it when it uses the token.
    ///
    /// # Errors
    ///
    /// When the credentials are themselves an access token, or tokens cannot be stored or signed.
    pub(crate) async fn issue(
        &self,
        session: &Session,
        request: TokenRequest,
    ) -> Result<Option<Issued>, Refused> {
        let Some(inner) = &self.inner else { return Ok(None) };
        if session.is_of_access_token() {
            let message = "expected credentials, found an access token".to_owned();
            return Err(Refused::Wrong { user: None, message });
        }
        let granted = |grant: Grant| match &grant.resource {
            Resource::Catalog => grant,
            Resource::Repository(name) => {
                let actions = grant.actions.iter().filter(|action| session.could(*action, name)).collect();
                Grant { actions, ..grant }
            }
        };
        let access =
            request.scopes.into_iter().map(granted).filter(|grant| !grant.actions.is_empty()).collect();
        let issued_at = now();
        let end = issued_at + inner.settings.access_token_life();
        let end = session.expires.map_or(end, |expires| expires.min(end));
        let (who, scopes) = (session.identity.clone(), session.scopes.clone());
        let token = inner.signing.sign(who, scopes, access, issued_at, end).await;
        let token = token.map_err(|error: SigningError| {
            tracing::error!(%error, "an access token was not signed");
            Refused::Unavailable
        })?;
        let refresh_token = match (request.refresh, session.identity.user()) {
            (true, Some(user)) => inner.refresh_token(user, request.client).await?,
            _ => None,
        };
        Ok(Some(Issued { token, issued_at, expires_in: end.saturating_sub(issued_at), refresh_token }))
    }

    /// The API and refresh tokens; `None` in a registry that does not ask who is there.
    pub(crate) fn tokens(&self) -> Option<&Tokens> {
        self.inner.as_ref().map(|inner| &inner.tokens)
    }

    /// Whether there is a user of this name.
    pub(crate) fn knows_user(&self, name: &str) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.users.now().hash(name).is_some())
    }

    /// Forgets the sessions that are kept: a token was revoked.
    pub(crate) fn forget_sessions(&self) {
        if let Some(inner) = &self.inner {
            inner.sessions.forget();
        }
    }
}

/// Every user that is named must be in the file.
fn check_users(settings: &AccessSettings, users: &Users) -> Result<(), AccessError> {
    let known = users.now();
    for (place, user) in settings.users() {
        let user = user.strip_prefix("user:").unwrap_or(user);
        if known.hash(user).is_none() {
            let message = match &settings.htpasswd {
                Some(file) => format!(
                    "the user `{user}` is not in `{0}`\nhint: `wkit-registry user set {user} --file {0}`",
                    file.display()
                ),
                None => {
                    format!("there is no user `{user}` without a file of users\nhint: set `access.htpasswd`")
                }
            };
            return Err(AccessError::UnknownUser { place, message });
        }
    }
    Ok(())
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
