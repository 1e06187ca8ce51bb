//! What one request may do, and the sessions that are found again by their credentials.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ring::hmac;

use super::identity::{Action, Identity};
use super::policy::Rights;
use super::scope::{Grant, Resource};
use super::secret::{self, NoRandomness};
use super::tokens::Scope;
use crate::limits::{SESSION_PATTERNS_MAX, SESSIONS_MAX};

/// Who asks, and what may be done in that name with the credentials that were shown.
#[derive(Debug)]
pub(crate) struct Session {
    /// Who asks.
    pub(crate) identity: Identity,
    /// What the rules say; `None` in a registry that does not ask who is there.
    pub(super) rights: Option<Rights>,
    /// What an API token is limited to.
    pub(super) scopes: Option<Vec<Scope>>,
    /// What an access token is limited to; `None` for other credentials.
    pub(super) grants: Option<Vec<Grant>>,
    /// When the credentials expire, in seconds since 1970.
    pub(super) expires: Option<u64>,
}

impl Session {
    /// The session of everybody in a registry that does not ask who is there.
    pub(super) fn of_everybody() -> Self {
        Self { identity: Identity::Anonymous, rights: None, scopes: None, grants: None, expires: None }
    }

    /// Whether `action` is allowed on a repository with these credentials.
    pub(crate) fn may(&self, action: Action, repository: &str) -> bool {
        let granted = |grant: &Grant| {
            grant.actions.contains(action)
                && matches!(&grant.resource, Resource::Repository(name) if name == repository)
        };
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(granted)) && self.could(action, repository)
    }

    /// Whether `action` would be allowed with an access token that is for it: by the rules, and by the scopes of the
    /// API token that the access token was issued for.
    pub(crate) fn could(&self, action: Action, repository: &str) -> bool {
        let Some(rights) = &self.rights else { return true };
        let within = |scope: &Scope| scope.actions.contains(action) && scope.repositories.matches(repository);
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(within))
            && rights.allow(action, repository)
    }

    /// Whether the list of repositories may be read. It shows only what may be pulled.
    pub(crate) fn may_list(&self) -> bool {
        let granted = |grant: &Grant| grant.resource == Resource::Catalog;
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(granted))
    }

    /// Whether running the registry is allowed. An access token is never for that.
    pub(crate) fn is_admin(&self) -> bool {
        let Some(rights) = &self.rights else { return true };
        let within =
            |scope: &Scope| scope.actions.contains(Action::Admin) && scope.repositories.is_everything();
        self.grants.is_none()
            && self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(within))
            && rights.admin()
    }

    /// Whether it is of an access token, and not of the credentials that one is issued for.
    pub(crate) fn is_of_access_token(&self) -> bool {
        self.grants.is_some()
    }

    /// How many patterns its scopes have.
    fn patterns(&self) -> usize {
        self.scopes.as_ref().map_or(0, Vec::len)
    }

    /// Whether the registry asks who is there at all.
    pub(crate) fn is_of_open_registry(&self) -> bool {
        self.rights.is_none()
    }
}

/// A keyed hash of credentials. The key lives as long as the process.
pub(super) type SessionKey = [u8; 32];

/// The sessions whose credentials were checked a short while ago.
pub(super) struct Sessions {
    key: hmac::Key,
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<SessionKey, (Arc<Session>, Instant)>,
    /// How many patterns the scopes of all of them have: each holds memory once it was asked.
    patterns: usize,
    /// How many of them are of access tokens.
    access_tokens: usize,
    /// Grows whenever everything is forgotten.
    generation: u64,
}

impl Kept {
    /// Keeps only the sessions that a question says yes to.
    fn retain(&mut self, mut stays: impl FnMut(&Session, Instant) -> bool) {
        self.sessions.retain(|_, (session, end)| stays(session, *end));
        self.patterns = self.sessions.values().map(|(session, _)| session.patterns()).sum();
        self.access_tokens =
            self.sessions.values().filter(|(session, _)| session.is_of_access_token()).count();
    }

    fn insert(&mut self, key: SessionKey, session: Arc<Session>, end: Instant) {
        self.patterns += session.patterns();
        self.access_tokens += usize::from(session.is_of_access_token());
        self.sessions.insert(key, (session, end));
    }

    fn remove(&mut self, key: &SessionKey) {
        if let Some((session, _)) = self.sessions.remove(key) {
            self.patterns -= session.patterns();
            self.access_tokens -= usize::from(session.is_of_access_token());
        }
    }

    /// Makes room for a session; `false` when it has to do without. What costs most to be checked again stays longest:
    /// whoever has an access token can have any number of them, and must not put out those who log in by a password.
    fn make_room(&mut self, session: &Session, now: Instant) -> bool {
        let is_full = |kept: &Self| kept.sessions.len() >= SESSIONS_MAX;
        let is_heavy = |kept: &Self| kept.patterns + session.patterns() > SESSION_PATTERNS_MAX;
        // A walk over all sessions has to be worth it.
        if is_full(self) && session.is_of_access_token() && self.access_tokens < SESSIONS_MAX / 10 {
            return false;
        }
        if is_full(self) || is_heavy(self) {
            self.retain(|_, end| now < end);
        }
        if is_heavy(self) {
            self.retain(|session, _| session.patterns() == 0);
        }
        if is_full(self) {
            self.retain(|session, _| !session.is_of_access_token());
        }
        if is_full(self) {
            // Any half of them: their owners are checked once more.
            let mut keep = false;
            self.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        !is_heavy(self)
    }
}

impl Sessions {
    pub(super) fn new() -> Result<Self, NoRandomness> {
        Ok(Self { key: secret::process_key()?, kept: RwLock::default() })
    }

    /// The key of an `Authorization` header.
    pub(super) fn key(&self, authorization: &[u8]) -> SessionKey {
        let tag = hmac::sign(&self.key, authorization);
        let mut key = [0; 32];
        key.copy_from_slice(tag.as_ref());
        key
    }

    /// The session of a key, if it is known and not over.
    pub(super) fn get(&self, key: &SessionKey, now: Instant) -> Option<Arc<Session>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.sessions.get(key).filter(|(_, end)| now < *end).map(|(session, _)| session.clone())
    }

    /// What [`Sessions::keep`] has to be told: taken before the credentials are checked.
    pub(super) fn generation(&self) -> u64 {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Keeps a session for `life`, unless everything was forgotten since its credentials were checked.
    pub(super) fn keep(
        &self,
        key: SessionKey,
        session: Arc<Session>,
        generation: u64,
        now: Instant,
        life: Duration,
    ) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.generation != generation || life.is_zero() {
            return;
        }
        kept.remove(&key);
        if kept.make_room(&session, now) {
            kept.insert(key, session, now + life);
        }
    }

    /// Forgets all: a user was changed, or a token revoked.
    pub(super) fn forget(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.generation += 1;
        kept.retain(|_, _| false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Arc<Session> {
        Arc::new(Session::of_everybody())
    }

    #[test]
    fn sessions_end_and_are_forgotten() {
        let (sessions, now, life) = (Sessions::new().unwrap(), Instant::now(), Duration::from_secs(5));
        let key = sessions.key(b"Bearer x");
        assert_ne!(key, sessions.key(b"Bearer y"));
        assert_ne!(key, Sessions::new().unwrap().key(b"Bearer x"));
        sessions.keep(key, session(), sessions.generation(), now, life);
        assert!(sessions.get(&key, now).is_some());
        assert!(sessions.get(&key, now + life).is_none());
        let before = sessions.generation();
        sessions.forget();
        assert!(sessions.get(&key, now).is_none());
        sessions.keep(key, session(), before, now, life);
        assert!(sessions.get(&key, now).is_none());
    }

    #[test]
    fn the_table_is_bounded() {
        let (sessions, now, life) = (Sessions::new().unwrap(), Instant::now(), Duration::from_secs(5));
        for number in 0..SESSIONS_MAX {
            sessions.keep(sessions.key(&number.to_le_bytes()), session(), 0, now, life);
        }
        assert_eq!(sessions.kept.read().unwrap().sessions.len(), SESSIONS_MAX);
        let last = sessions.key(b"one more");
        sessions.keep(last, session(), 0, now, life);
        assert!(sessions.get(&last, now).is_some());
        assert!(sessions.kept.read().unwrap().sessions.len() <= SESSIONS_MAX);
    }

    fn of_access_token(scopes: usize) -> Arc<Session> {
        let scope =
            Scope { repositories: "demo/**".parse().unwrap(), actions: [Action::Pull].into_iter().collect() };
        let scopes = (scopes > 0).then(|| vec![scope; scopes]);
        Arc::new(Session { grants: Some(Vec::new()), scopes, ..Session::of_everybody() })
    }

    #[test]
    fn access_tokens_do_not_put_out_who_has_logged_in() {
        let (sessions, now, life) = (Sessions::new().unwrap(), Instant::now(), Duration::from_secs(5));
        let logins = SESSIONS_MAX - 10;
        for number in 0..logins {
            sessions.keep(sessions.key(&number.to_le_bytes()), session(), 0, now, life);
        }
        for number in 0..SESSIONS_MAX {
            sessions.keep(sessions.key(format!("t{number}").as_bytes()), of_access_token(0), 0, now, life);
        }
        let has = |number: &usize| sessions.get(&sessions.key(&number.to_le_bytes()), now).is_some();
        assert_eq!((0..logins).filter(has).count(), logins);
        for number in logins..SESSIONS_MAX {
            sessions.keep(sessions.key(&number.to_le_bytes()), session(), 0, now, life);
        }
        let last = sessions.key(b"one more token");
        sessions.keep(last, of_access_token(0), 0, now, life);
        assert!(sessions.get(&last, now).is_none());
        assert_eq!((0..SESSIONS_MAX).filter(has).count(), SESSIONS_MAX);
    }

    #[test]
    fn the_patterns_of_all_scopes_are_bounded() {
        let (sessions, now, life) = (Sessions::new().unwrap(), Instant::now(), Duration::from_secs(5));
        let login = sessions.key(b"a login");
        sessions.keep(login, session(), 0, now, life);
        let each = 20;
        let keep = |number: usize| {
            let key = sessions.key(&number.to_le_bytes());
            sessions.keep(key, of_access_token(each), 0, now, life);
            assert!(sessions.get(&key, now).is_some());
        };
        let patterns = || sessions.kept.read().unwrap().patterns;
        (0..SESSION_PATTERNS_MAX / each).for_each(keep);
        assert_eq!(patterns(), SESSION_PATTERNS_MAX);
        // The same once more adds nothing; another one does.
        keep(0);
        assert_eq!(patterns(), SESSION_PATTERNS_MAX);
        keep(SESSION_PATTERNS_MAX);
        assert_eq!(patterns(), each);
        assert!(sessions.get(&login, now).is_some());
        sessions.forget();
        assert_eq!(patterns(), 0);
    }
}
