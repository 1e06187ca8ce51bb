//! Credentials in, sessions and tokens out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::credentials::Credentials;
use super::delay::LoginDelay;
use super::htpasswd::{HtpasswdError, Users};
use super::identity::{Action, Identity};
use super::issuer::{Issuers, Timing, WorkloadError};
use super::password::Verifier;
use super::policy::Policy;
use super::scope::{Grant, Resource};
use super::secret::{self, NoRandomness};
use super::session::{Session, SessionKey, Sessions};
use super::settings::{AccessSettings, AccessSettingsError, Challenge};
use super::signing::{Signing, SigningError};
use super::tokens::{
    API_TOKEN_PREFIX, NewToken, REFRESH_TOKEN_PREFIX, Scope, Token, TokenError, TokenKind, Tokens,
};
use crate::limits::{PASSWORD_MAX, SESSION_LIFE_MAX};
use crate::store::MetadataStore;

/// The name of the service in access tokens, unless the configuration has another.
const SERVICE_DEFAULT: &str = "wkit-registry";

/// Why access cannot be decided, at the start.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// `[access]` is wrong.
    #[error(transparent)]
    Settings(#[from] AccessSettingsError),
    /// The file of users cannot be used.
    #[error("access.htpasswd: {0}")]
    Htpasswd(#[from] HtpasswdError),
    /// A user has no password.
    #[error("{place}: {message}")]
    UnknownUser {
        /// The key that names the user.
        place: String,
        /// Which one, and what to do.
        message: String,
    },
    /// The keys that tokens are signed with, or the HTTP client for issuers, cannot be had.
    #[error("access tokens cannot be used: {message}")]
    Tokens {
        /// What is wrong.
        message: String,
    },
}

/// Why credentials give no session, or no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// They are wrong, or no credentials that are understood here.
    #[error("{message}")]
    Wrong {
        /// Whom they claim to be of, when they say so.
        user: Option<String>,
        /// What is wrong, without a hint whether the user exists.
        message: String,
    },
    /// Too many logins failed before this one.
    #[error("too many logins have failed, the next may be tried in {} s", seconds(*wait))]
    Wait {
        /// Whom they claim to be of.
        user: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Too many logins are being checked.
    #[error("too many logins are being checked at once")]
    Busy,
    /// Something that is needed does not work; the log says what.
    #[error("the credentials cannot be checked at the moment")]
    Unavailable,
}

/// Whole seconds, rounded up.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

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

struct Inner {
    policy: Policy,
    users: Users,
    verifier: Verifier,
    delay: LoginDelay,
    tokens: Tokens,
    signing: Signing,
    issuers: Issuers,
    sessions: Sessions,
    anonymous: Arc<Session>,
    settings: AccessSettings,
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
        let key = inner.sessions.key(authorization);
        if let Some(session) = inner.sessions.get(&key, Instant::now()) {
            return Ok(session);
        }
        let credentials = Credentials::parse(authorization);
        let credentials =
            credentials.map_err(|error| Refused::Wrong { user: None, message: error.to_string() })?;
        inner.check(credentials, Some(key), client).await
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

impl Inner {
    /// Checks credentials. With a key, the session is kept under it for a while.
    async fn check(
        &self,
        credentials: Credentials,
        key: Option<SessionKey>,
        client: IpAddr,
    ) -> Result<Arc<Session>, Refused> {
        let generation = self.sessions.generation();
        let session = match credentials {
            Credentials::Token(token) if !token.starts_with(API_TOKEN_PREFIX) => {
                match self.access_token(&token) {
                    Some(session) => session,
                    None => self.workload(&token).await?,
                }
            }
            Credentials::Token(secret) => self.api_token(&secret, None).await?,
            Credentials::Password { user, password } if password.starts_with(API_TOKEN_PREFIX) => {
                self.api_token(&password, Some(user)).await?
            }
            Credentials::Password { password, .. } if !self.issuers.is_empty() && is_jwt(&password) => {
                self.workload(&password).await?
            }
            Credentials::Password { user, password } => {
                match self.password(user, password, key.as_ref(), client).await? {
                    Ok(session) => session,
                    Err(kept) => return Ok(kept),
                }
            }
        };
        if let Some(key) = key {
            let left = session.expires.map(|expires| Duration::from_secs(expires.saturating_sub(now())));
            // An access token is as good as it is long: nothing can revoke it.
            let most = if session.is_of_access_token() { Duration::MAX } else { SESSION_LIFE_MAX };
            let life = left.map_or(most, |left| left.min(most)).min(crate::limits::ACCESS_TOKEN_LIFE_MAX);
            self.sessions.keep(key, session.clone(), generation, Instant::now(), life);
        }
        Ok(session)
    }

    /// A user and a password. The inner error is a session that another request has made meanwhile.
    async fn password(
        &self,
        user: String,
        password: String,
        key: Option<&SessionKey>,
        client: IpAddr,
    ) -> Result<Result<Arc<Session>, Arc<Session>>, Refused> {
        if let Some(wait) = self.delay.wait(client, &user, Instant::now()) {
            return Err(Refused::Wait { user, wait });
        }
        let wrong = |user: String| Refused::Wrong {
            user: Some(user),
            message: "the user is not known or the password is wrong".to_owned(),
        };
        if password.is_empty() || password.len() > PASSWORD_MAX {
            self.delay.failed(client, &user, Instant::now());
            return Err(wrong(user));
        }
        let turn = self.verifier.turn().await.map_err(|_| Refused::Busy)?;
        // Many requests come at once with the same credentials; the first one is enough.
        if let Some(session) = key.and_then(|key| self.sessions.get(key, Instant::now())) {
            return Ok(Err(session));
        }
        // Others may have failed while this one waited for its turn.
        if let Some(wait) = self.delay.wait(client, &user, Instant::now()) {
            return Err(Refused::Wait { user, wait });
        }
        let users = self.users.now();
        let (hash, stand_in) = (users.hash(&user).cloned(), users.stand_in().cloned());
        if !Verifier::verify(turn, hash, stand_in, password).await {
            self.delay.failed(client, &user, Instant::now());
            return Err(wrong(user));
        }
        self.delay.succeeded(client, &user);
        Ok(Ok(self.session_of(Identity::User(user.into()), None, None)))
    }

    /// An API token. With a file of users, its owner must still be one of them.
    async fn api_token(&self, secret: &str, user: Option<String>) -> Result<Arc<Session>, Refused> {
        let wrong = || Refused::Wrong { user, message: "the API token is not valid".to_owned() };
        let found = self.tokens.find(secret, TokenKind::Api, now()).await.map_err(unavailable)?;
        let Some(token) = found else { return Err(wrong()) };
        let gone = |owner: &str| self.users.has_file() && self.users.now().hash(owner).is_none();
        if token.owner.as_deref().is_some_and(gone) {
            return Err(wrong());
        }
        let identity = Identity::Token { id: token.id, name: token.name, owner: token.owner };
        Ok(self.session_of(identity, Some(token.scopes), token.expires))
    }

    /// An access token of this registry.
    fn access_token(&self, token: &str) -> Option<Arc<Session>> {
        let claims = self.signing.verify(token)?;
        Some(Arc::new(Session {
            rights: Some(self.policy.rights(&claims.who)),
            identity: claims.who,
            scopes: claims.scopes,
            grants: Some(claims.access),
            expires: Some(claims.exp),
        }))
    }

    /// The token of a workload.
    async fn workload(&self, token: &str) -> Result<Arc<Session>, Refused> {
        let refused = |error: WorkloadError| match error {
            WorkloadError::Unavailable { .. } => Refused::Unavailable,
            error => Refused::Wrong { user: None, message: error.to_string() },
        };
        if self.issuers.is_empty() {
            let message = "the token is not valid or has expired".to_owned();
            return Err(Refused::Wrong { user: None, message });
        }
        let workload = self.issuers.workload(token).await.map_err(refused)?;
        Ok(self.session_of(Identity::Workload(workload.name.into()), None, Some(workload.expires)))
    }

    fn session_of(
        &self,
        identity: Identity,
        scopes: Option<Vec<Scope>>,
        expires: Option<u64>,
    ) -> Arc<Session> {
        let rights = Some(self.policy.rights(&identity));
        Arc::new(Session { identity, rights, scopes, grants: None, expires })
    }

    /// A refresh token for a user.
    async fn refresh_token(&self, user: &str, client: Option<String>) -> Result<Option<String>, Refused> {
        let users = self.users.now();
        let Some(hash) = users.hash(user) else { return Ok(None) };
        let password = Some(secret::hash(hash.as_str()));
        let everything = Scope {
            repositories: "**".parse().map_err(|_| Refused::Unavailable)?,
            actions: [Action::Pull, Action::Push, Action::Delete].into_iter().collect(),
        };
        // The name says which program it is of; the number makes it unique.
        let client = client.unwrap_or_default();
        let client: String =
            client.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        let name = format!("login-{client}-{}", secret::random_id().map_err(|_| Refused::Unavailable)?);
        let new = NewToken {
            kind: TokenKind::Refresh,
            name,
            owner: Some(user.to_owned()),
            scopes: vec![everything],
            life: Some(Duration::from_secs(self.settings.refresh_token_life())),
            password,
        };
        let (_, secret) = self.tokens.create(new, now()).await.map_err(unavailable)?;
        Ok(Some(secret))
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

/// Three parts with dots between them, of which the first begins as every JSON object does.
fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

fn unavailable(error: TokenError) -> Refused {
    tracing::error!(%error, "a token was not looked up or stored");
    Refused::Unavailable
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
