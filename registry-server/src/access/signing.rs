//! Access tokens: signed by the registry for itself, short-lived, and checked without asking anybody.
//!
//! The keys are in the metadata store, so tokens outlive a restart. A new key is made every day; an old one stays for
//! as long as tokens of it may live. Whoever can read the metadata can sign, as whoever can read it can change it.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use super::jwt_ring;
use super::scope::Grant;
use super::secret::{self, NoRandomness};
use super::tokens::Scope;
use crate::limits::{ACCESS_TOKEN_LIFE_MAX, CLOCK_LEEWAY, SIGNING_KEY_AGE_MAX};
use crate::store::{Batch, CommitError, MetadataError, MetadataStore, layout};

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    /// When it expires, in seconds since 1970.
    pub(super) exp: u64,
    jti: String,
    /// Whose token it is.
    pub(super) who: Identity,
    /// What the API token may do that it was issued for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) scopes: Option<Vec<Scope>>,
    /// What it is for.
    pub(super) access: Vec<Grant>,
}

/// Why no access token was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// There are no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The keys cannot be stored.
    #[error("the signing keys cannot be stored: {0}")]
    Store(#[from] CommitError),
    /// The keys cannot be read.
    #[error("the signing keys cannot be read: {0}")]
    Metadata(#[from] MetadataError),
    /// The token cannot be written.
    #[error("the token cannot be signed: {0}")]
    Jwt(#[from] jsonwebtoken::errors::Error),
}

/// A key as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    created: u64,
    secret: String,
}

#[derive(Clone)]
struct Key {
    id: String,
    created: u64,
    signs: EncodingKey,
    verifies: DecodingKey,
}

/// Signs and verifies access tokens.
pub(super) struct Signing {
    metadata: Arc<dyn MetadataStore>,
    /// Who issues the tokens and whom they are for: this registry.
    service: String,
    /// By the time they were made.
    keys: RwLock<Arc<Vec<Key>>>,
    rotating: tokio::sync::Mutex<()>,
}

impl Signing {
    /// Reads the keys of a store, and makes one if there is none that is new enough.
    ///
    /// # Errors
    ///
    /// When the store fails or there are no random numbers.
    pub(super) async fn open(
        metadata: Arc<dyn MetadataStore>,
        service: String,
        now: u64,
    ) -> Result<Self, SigningError> {
        jwt_ring::install();
        let entries = metadata.scan(layout::all_signing_keys()).await?;
        let mut keys: Vec<Key> = entries.iter().filter_map(|(key, value)| Key::read(key, value)).collect();
        keys.sort_by_key(|key| key.created);
        let keys = RwLock::new(Arc::new(keys));
        let signing = Self { metadata, service, keys, rotating: tokio::sync::Mutex::default() };
        signing.rotate(now).await?;
        Ok(signing)
    }

    /// Signs a token for `who` that is for `access` and expires at `expires`.
    ///
    /// # Errors
    ///
    /// When a new key is due and cannot be stored.
    pub(super) async fn sign(
        &self,
        who: Identity,
        scopes: Option<Vec<Scope>>,
        access: Vec<Grant>,
        now: u64,
        expires: u64,
    ) -> Result<String, SigningError> {
        let key = match self.newest().filter(|key| key.is_new(now)) {
            Some(key) => key,
            None => self.rotate(now).await?,
        };
        let (iss, aud) = (self.service.clone(), self.service.clone());
        let (sub, jti) = (who.to_string(), secret::random_id()?);
        let claims = Claims { iss, aud, sub, iat: now, exp: expires, jti, who, scopes, access };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        Ok(jsonwebtoken::encode(&header, &claims, &key.signs)?)
    }

    /// What a token says, when it is one of this registry and has not expired. `None` also for every other text.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let kid = header.kid?;
        let keys = self.keys();
        let key = keys.iter().find(|key| key.id == kid)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&self.service]);
        validation.set_audience(&[&self.service]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The clock that it was signed by is the clock that checks it.
        validation.leeway = 5;
        Some(jsonwebtoken::decode::<Claims>(token, &key.verifies, &validation).ok()?.claims)
    }

    fn keys(&self) -> Arc<Vec<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn newest(&self) -> Option<Key> {
        self.keys().last().cloned()
    }

    /// Makes a new key if there is none that is new enough, removes those that are too old, and returns the newest.
    async fn rotate(&self, now: u64) -> Result<Key, SigningError> {
        let _rotating = self.rotating.lock().await;
        if let Some(key) = self.newest().filter(|key| key.is_new(now)) {
            return Ok(key);
        }
        let old = SIGNING_KEY_AGE_MAX + ACCESS_TOKEN_LIFE_MAX + CLOCK_LEEWAY;
        let (kept, gone): (Vec<Key>, Vec<Key>) =
            self.keys().iter().cloned().partition(|key| now < key.created + old.as_secs());
        let (id, secret) = (secret::random_id()?, secret::random_secret("")?);
        let stored = StoredKey { created: now, secret };
        let mut batch = Batch::default();
        for key in gone {
            batch.remove(layout::signing_key(&key.id));
        }
        let value = serde_json::to_vec(&stored).expect("a key is plain data with text keys");
        batch.set(layout::signing_key(&id), value);
        self.metadata.commit(batch).await?;
        let key = Key::new(id, &stored);
        let keys = kept.into_iter().chain([key.clone()]).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(key)
    }
}

impl Key {
    fn new(id: String, stored: &StoredKey) -> Self {
        let secret = stored.secret.as_bytes();
        let (signs, verifies) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { id, created: stored.created, signs, verifies }
    }

    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let id = std::str::from_utf8(key.rsplit(|byte| *byte == b'/').next()?).ok()?.to_owned();
        let stored: StoredKey = serde_json::from_slice(value).ok()?;
        // A short secret could be guessed; whatever it is, it is not of our making.
        (stored.secret.len() >= 43).then(|| Self::new(id, &stored))
    }

    /// Whether it may sign. A clock that was set back does not make keys without end.
    fn is_new(&self, now: u64) -> bool {
        now.saturating_sub(self.created) < SIGNING_KEY_AGE_MAX.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::facade::now;
    use crate::access::identity::{Action, Actions};
    use crate::access::scope::Resource;
    use crate::store::open_for_test;

    fn store(folder: &std::path::Path) -> Arc<dyn MetadataStore> {
        open_for_test(folder)
    }

    async fn sign(signing: &Signing, now: u64, expires: u64) -> String {
        let grant = Grant {
            resource: Resource::Repository("a/b".to_owned()),
            actions: Actions::default().with(Action::Pull),
        };
        signing.sign(Identity::User("alice".into()), None, vec![grant], now, expires).await.unwrap()
    }

    #[tokio::test]
    async fn a_token_says_what_was_signed_and_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (metadata, now) = (store(folder.path()), now());
        let signing = Signing::open(metadata.clone(), "r".to_owned(), now).await.unwrap();
        let token = sign(&signing, now, now + 60).await;
        let claims = signing.verify(&token).unwrap();
        assert_eq!((claims.who, claims.access.len()), (Identity::User("alice".into()), 1));
        let again = Signing::open(metadata.clone(), "r".to_owned(), now).await.unwrap();
        assert!(again.verify(&token).is_some());
        let other = Signing::open(metadata, "other".to_owned(), now).await.unwrap();
        assert!(other.verify(&token).is_none());
        assert!(signing.verify(&sign(&signing, now - 100, now - 10).await).is_none());
    }

    #[tokio::test]
    async fn what_was_tampered_with_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let now = now();
        let signing = Signing::open(store(folder.path()), "r".to_owned(), now).await.unwrap();
        let token = sign(&signing, now, now + 60).await;
        let parts: Vec<&str> = token.split('.').collect();
        let encode = |text: &str| {
            use base64::Engine as _;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
        };
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let none = encode(&format!("{{\"alg\":\"none\",\"kid\":\"{kid}\"}}"));
        let rs256 = encode(&format!("{{\"alg\":\"RS256\",\"kid\":\"{kid}\"}}"));
        let hs512 = encode(&format!("{{\"alg\":\"HS512\",\"kid\":\"{kid}\"}}"));
        for tampered in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{rs256}.{}.{}", parts[1], parts[2]),
            format!("{hs512}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], encode("{}"), parts[2]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{token}.x"),
            format!("{}x", &token[..token.len() - 1]),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            // A last character may differ in bits that do not count.
            let same = tampered == token;
            assert!(same || signing.verify(&tampered).is_none(), "{tampered}");
        }
    }

    #[tokio::test]
    async fn keys_are_rotated_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let (metadata, now) = (store(folder.path()), now());
        let signing = Signing::open(metadata.clone(), "r".to_owned(), now).await.unwrap();
        let first = sign(&signing, now, now + 60).await;
        let day = SIGNING_KEY_AGE_MAX.as_secs();
        // Tokens of the old key go on after the new one is there.
        let second = sign(&signing, now + day, now + day + 60).await;
        assert!(signing.verify(&first).is_some() && signing.verify(&second).is_some());
        assert_eq!(signing.keys().len(), 2);
        sign(&signing, now + 3 * day, now + 3 * day + 60).await;
        assert_eq!(signing.keys().len(), 1);
        assert!(signing.verify(&first).is_none());
        assert_eq!(metadata.scan(layout::all_signing_keys()).await.unwrap().len(), 1);
    }
}
