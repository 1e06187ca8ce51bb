//! Checking credentials of every kind.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::credentials::Credentials;
use super::error::Refused;
use super::facade::{Inner, now};
use super::identity::{Action, Identity};
use super::issuer::WorkloadError;
use super::password::Verifier;
use super::secret;
use super::session::{Session, SessionKey};
use super::tokens::{API_TOKEN_PREFIX, NewToken, Scope, TokenError, TokenKind};
use crate::limits::{ACCESS_TOKEN_LIFE_MAX, NAME_MAX, PASSWORD_MAX, SESSION_LIFE_MAX};

impl Inner {
    /// Checks credentials. With a key, the session is kept under it for a while.
    pub(super) async fn check(
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
            let life = left.map_or(most, |left| left.min(most)).min(ACCESS_TOKEN_LIFE_MAX);
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
        let wrong = |user: String| Refused::Wrong {
            user: Some(user),
            message: "the user is not known or the password is wrong".to_owned(),
        };
        // Nobody can have set such a name or password, so nothing is compared or remembered.
        if user.len() > NAME_MAX || password.is_empty() || password.len() > PASSWORD_MAX {
            return Err(wrong(user));
        }
        if let Some(wait) = self.delay.wait(client, &user, Instant::now()) {
            return Err(Refused::Wait { user, wait });
        }
        let turn = self.verifier.turn(client).await.map_err(|_| Refused::Busy)?;
        // Many requests come at once with the same credentials; the first one is enough.
        if let Some(session) = key.and_then(|key| self.sessions.get(key, Instant::now())) {
            return Ok(Err(session));
        }
        // Others may have failed while this one waited for its turn.
        if let Some(wait) = self.delay.wait(client, &user, Instant::now()) {
            return Err(Refused::Wait { user, wait });
        }
        let users = self.users.now();
        let (hash, stand_in) = (users.hash(&user).cloned(), self.users.stand_in(&users, &user));
        if !Verifier::verify(turn, hash, stand_in, password).await {
            self.delay.failed(client, &user, Instant::now());
            return Err(wrong(user));
        }
        self.delay.succeeded(client, &user);
        Ok(Ok(self.session_of(Identity::User(user.into()), None, None)))
    }

    /// An API token. With a file of users, its owner must still be one of them.
    async fn api_token(&self, secret: &str, user: Option<String>) -> Result<Arc<Session>, Refused> {
        let wrong = || Refused::Wrong {
            user,
            message: "the API token is not known, was revoked or has expired".to_owned(),
        };
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

    pub(super) fn session_of(
        &self,
        identity: Identity,
        scopes: Option<Vec<Scope>>,
        expires: Option<u64>,
    ) -> Arc<Session> {
        let rights = Some(self.policy.rights(&identity));
        Arc::new(Session { identity, rights, scopes, grants: None, expires })
    }

    /// A refresh token for a user.
    pub(super) async fn refresh_token(
        &self,
        user: &str,
        client: Option<String>,
    ) -> Result<Option<String>, Refused> {
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

/// Three parts with dots between them, of which the first begins as every JSON object does.
fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

pub(super) fn unavailable(error: TokenError) -> Refused {
    tracing::error!(%error, "a token was not looked up or stored");
    Refused::Unavailable
}
