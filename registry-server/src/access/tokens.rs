//! API tokens and refresh tokens: random secrets, shown once, stored as their hash.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::glob::Glob;
use super::htpasswd::check_user_name;
use super::identity::{Action, Actions};
use super::secret::{self, NoRandomness};
use super::settings::check_name;
use crate::limits::{API_TOKEN_SCOPES_MAX, TOKEN_LIFE_MAX, TOKEN_USE_STEP, TOKENS_MAX, TOKENS_PER_OWNER_MAX};
use crate::store::{Batch, CommitError, Condition, MetadataError, MetadataStore, layout};

/// What API tokens begin with.
pub(super) const API_TOKEN_PREFIX: &str = "wkit_";
/// What refresh tokens begin with.
pub(super) const REFRESH_TOKEN_PREFIX: &str = "wkitr_";

/// What an API token may do at most, on some repositories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scope {
    /// The repositories.
    pub(crate) repositories: Glob,
    /// The actions.
    pub(crate) actions: Actions,
}

impl std::str::FromStr for Scope {
    type Err = String;

    /// `<pattern>:<action>,<action>`, such as `demo/**:pull,push`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || format!("expected a scope such as `demo/**:pull,push`, found `{text}`");
        let (repositories, actions) = text.rsplit_once(':').ok_or_else(shape)?;
        let repositories = repositories.parse().map_err(|error| format!("{error}"))?;
        let parse = |word: &str| {
            Action::parse(word)
                .ok_or_else(|| format!("expected `pull`, `push`, `delete` or `admin`, found `{word}`"))
        };
        Ok(Self { repositories, actions: actions.split(',').map(parse).collect::<Result<_, _>>()? })
    }
}

/// The two kinds of stored tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenKind {
    /// A credential of its own.
    Api,
    /// Gets access tokens for a user who has logged in.
    Refresh,
}

/// What is stored of a token: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// Names it when it is revoked.
    pub(crate) id: Box<str>,
    /// What it is for.
    pub(crate) kind: TokenKind,
    /// Its name: unique among the tokens of its owner and kind.
    pub(crate) name: Box<str>,
    /// The user it belongs to; without one, rules name it as `token:NAME`.
    pub(crate) owner: Option<Box<str>>,
    /// What it may do at most.
    pub(crate) scopes: Vec<Scope>,
    /// When it was made, in seconds since 1970.
    pub(crate) created: u64,
    /// When it expires, in seconds since 1970.
    pub(crate) expires: Option<u64>,
    /// When it was last used, in seconds since 1970, to within ten minutes.
    pub(crate) last_used: Option<u64>,
    /// For a refresh token, what the owner's password was: it ends when the password changes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) password: Option<String>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    /// What it is for.
    pub(crate) kind: TokenKind,
    /// Its name.
    pub(crate) name: String,
    /// The user it belongs to.
    pub(crate) owner: Option<String>,
    /// What it may do at most.
    pub(crate) scopes: Vec<Scope>,
    /// How long it lives.
    pub(crate) life: Option<Duration>,
    /// What the owner's password is, for a refresh token.
    pub(crate) password: Option<String>,
}

/// Why a token was not made, found or revoked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The name is no name.
    #[error("{message}")]
    Name {
        /// What was expected.
        message: String,
    },
    /// There is one of that name.
    #[error("there is a token `{name}` already\nhint: choose another name, or revoke that token first")]
    Exists {
        /// The name.
        name: String,
    },
    /// There are too many.
    #[error("expected at most {maximum} tokens")]
    TooMany {
        /// How many there may be.
        maximum: usize,
    },
    /// It has no scopes, or too many.
    #[error("expected 1 to {API_TOKEN_SCOPES_MAX} scopes with actions, found {found}")]
    Scopes {
        /// How many it has.
        found: usize,
    },
    /// It would live too long, or not at all.
    #[error("expected a life of 1 to {} seconds", TOKEN_LIFE_MAX.as_secs())]
    Life,
    /// There is no such token.
    #[error("there is no token with the id `{id}`\nhint: the list of tokens shows their ids")]
    Unknown {
        /// The id, shortened.
        id: String,
    },
    /// Other changes came first, again and again.
    #[error("the tokens keep changing")]
    Contended,
    /// There are no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<CommitError> for TokenError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => TokenError::Contended,
            CommitError::Metadata(error) => error.into(),
        }
    }
}

/// The tokens of a metadata store. One process at a time has the store, so what changes is ordered by a lock.
#[derive(Clone)]
pub(crate) struct Tokens {
    metadata: Arc<dyn MetadataStore>,
    changing: Arc<tokio::sync::Mutex<()>>,
}

impl Tokens {
    /// The tokens of a store.
    pub(crate) fn new(metadata: Arc<dyn MetadataStore>) -> Self {
        Self { metadata, changing: Arc::default() }
    }

    /// Makes a token and returns it with its secret, which is known from nowhere else. Expired ones are removed.
    ///
    /// # Errors
    ///
    /// When the name is taken or no name, there are too many, its life or scopes do not fit, or the store fails.
    pub(crate) async fn create(&self, new: NewToken, now: u64) -> Result<(Token, String), TokenError> {
        check_name(&new.name).map_err(|message| TokenError::Name { message })?;
        if let Some(owner) = &new.owner {
            check_user_name(owner).map_err(|message| TokenError::Name { message })?;
        }
        let usable = new.scopes.iter().all(|scope| !scope.actions.is_empty());
        if new.scopes.is_empty() || new.scopes.len() > API_TOKEN_SCOPES_MAX || !usable {
            return Err(TokenError::Scopes { found: new.scopes.len() });
        }
        if new.life.is_some_and(|life| life.as_secs() == 0 || life > TOKEN_LIFE_MAX) {
            return Err(TokenError::Life);
        }
        let _changing = self.changing.lock().await;
        let mut batch = Batch::default();
        let (mut kept, mut siblings) = (0, Vec::new());
        for (hash, token) in self.all().await? {
            if token.expires.is_some_and(|expires| expires <= now) {
                batch.remove(layout::token(&hash));
                continue;
            }
            kept += 1;
            if token.owner.as_deref() == new.owner.as_deref() && token.kind == new.kind {
                siblings.push((hash, token));
            }
        }
        if siblings.iter().any(|(_, token)| *token.name == *new.name) {
            return Err(TokenError::Exists { name: new.name });
        }
        if siblings.len() >= TOKENS_PER_OWNER_MAX {
            // A login must not fail because of earlier ones.
            let oldest = siblings.iter().min_by_key(|(_, token)| token.created);
            match (new.kind, oldest) {
                (TokenKind::Refresh, Some((hash, _))) => batch.remove(layout::token(hash)),
                _ => return Err(TokenError::TooMany { maximum: TOKENS_PER_OWNER_MAX }),
            }
            kept -= 1;
        }
        if kept >= TOKENS_MAX {
            return Err(TokenError::TooMany { maximum: TOKENS_MAX });
        }
        let secret = secret::random_secret(match new.kind {
            TokenKind::Api => API_TOKEN_PREFIX,
            TokenKind::Refresh => REFRESH_TOKEN_PREFIX,
        })?;
        let token = Token {
            id: secret::random_id()?.into(),
            kind: new.kind,
            name: new.name.into(),
            owner: new.owner.map(Into::into),
            scopes: new.scopes,
            created: now,
            expires: new.life.map(|life| now + life.as_secs()),
            last_used: None,
            password: new.password,
        };
        batch.set(layout::token(&secret::hash(&secret)), value(&token));
        self.metadata.commit(batch).await?;
        Ok((token, secret))
    }

    /// The token of a secret, when there is one and it has not expired.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn find(
        &self,
        secret: &str,
        kind: TokenKind,
        now: u64,
    ) -> Result<Option<Token>, TokenError> {
        let hash = secret::hash(secret);
        let Some(stored) = self.metadata.get(&layout::token(&hash)).await? else { return Ok(None) };
        let token = parse(&stored)
            .filter(|token| token.kind == kind && token.expires.is_none_or(|expires| now < expires));
        let Some(token) = token else { return Ok(None) };
        if token.last_used.is_none_or(|used| now >= used + TOKEN_USE_STEP.as_secs()) {
            let mut batch = Batch::default();
            batch.require(layout::token(&hash), Condition::Equals(stored));
            batch.set(layout::token(&hash), value(&Token { last_used: Some(now), ..token.clone() }));
            let metadata = self.metadata.clone();
            // Nobody waits for it, and if it is lost only the time is older.
            tokio::spawn(async move {
                if let Err(error) = metadata.commit(batch).await {
                    tracing::debug!(%error, "the last use of a token was not noted");
                }
            });
        }
        Ok(Some(token))
    }

    /// All tokens that have not expired, by the time they were made; with `owner`, those of one user.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn list(&self, owner: Option<&str>, now: u64) -> Result<Vec<Token>, TokenError> {
        let mut tokens: Vec<_> = self.all().await?.into_iter().map(|(_, token)| token).collect();
        tokens.retain(|token| token.expires.is_none_or(|expires| now < expires));
        tokens.retain(|token| owner.is_none() || token.owner.as_deref() == owner);
        tokens.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(tokens)
    }

    /// Removes a token and returns what it was. With `owner`, only one of that user.
    ///
    /// # Errors
    ///
    /// When there is none of this id, or the store fails.
    pub(crate) async fn revoke(&self, id: &str, owner: Option<&str>) -> Result<Token, TokenError> {
        let _changing = self.changing.lock().await;
        let found = self
            .all()
            .await?
            .into_iter()
            .find(|(_, token)| *token.id == *id && (owner.is_none() || token.owner.as_deref() == owner));
        let Some((hash, token)) = found else {
            return Err(TokenError::Unknown {
                id: id.chars().take(32).flat_map(char::escape_default).collect(),
            });
        };
        let mut batch = Batch::default();
        batch.remove(layout::token(&hash));
        self.metadata.commit(batch).await?;
        Ok(token)
    }

    /// All tokens with their hashes.
    async fn all(&self) -> Result<Vec<(String, Token)>, TokenError> {
        let entries = self.metadata.scan(layout::all_tokens()).await?;
        let read = |(key, stored): (Vec<u8>, Vec<u8>)| {
            let hash = layout::parse_token(&key)?.to_owned();
            let token = parse(&stored);
            if token.is_none() {
                tracing::error!(%hash, "a stored token is damaged");
            }
            Some((hash, token?))
        };
        Ok(entries.into_iter().filter_map(read).collect())
    }
}

/// A token as `/api/v1/tokens` and `token list` show it.
pub(crate) fn shown(token: &Token) -> serde_json::Value {
    let moment = |seconds: u64| crate::audit::time(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    serde_json::json!({
        "id": token.id,
        "kind": token.kind,
        "name": token.name,
        "owner": token.owner,
        "scopes": token.scopes,
        "created": moment(token.created),
        "expires": token.expires.map(moment),
        "lastUsed": token.last_used.map(moment),
    })
}

fn value(token: &Token) -> Vec<u8> {
    serde_json::to_vec(token).expect("a token is plain data with text keys")
}

fn parse(stored: &[u8]) -> Option<Token> {
    serde_json::from_slice(stored).ok()
}
