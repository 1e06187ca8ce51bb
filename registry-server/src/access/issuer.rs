//! Workloads: jobs of CI systems that show a token of their own issuer (OpenID Connect).
//!
//! The issuer's keys are found by discovery, fetched within limits of time and size, without following redirects, and
//! kept. A token is accepted when an issuer of the configuration signed it by RS256, ES256 or EdDSA, it is for the
//! audience of the configuration and valid now, and its claims match a workload.

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::glob::Glob;
use super::jwt_ring;
use super::settings::{IssuerSettings, WorkloadSettings};
use crate::limits::{
    CLOCK_LEEWAY, CREDENTIALS_MAX, ISSUER_BYTES_MAX, ISSUER_KEYS_AGE, ISSUER_KEYS_AGE_MAX, ISSUER_KEYS_MAX,
    ISSUER_PAUSE, ISSUER_WAIT_MAX,
};

/// Why the token of a workload is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkloadError {
    /// It is no token, not signed by a key of its issuer, not for this registry, or not valid now.
    #[error("the token is not valid: {message}")]
    Invalid {
        /// What is wrong.
        message: String,
    },
    /// The configuration has no such issuer.
    #[error("the issuer of the token is not one of the configuration")]
    Issuer,
    /// It is valid, and of no workload of the configuration.
    #[error("the claims of the token match no workload of its issuer")]
    NoMatch,
    /// The keys of its issuer cannot be had.
    #[error("the keys of the issuer `{issuer}` cannot be fetched: {message}")]
    Unavailable {
        /// The issuer.
        issuer: String,
        /// What went wrong.
        message: String,
    },
}

/// How long things are waited for and kept; a test makes them short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) age: Duration,
    pub(super) age_max: Duration,
    pub(super) pause: Duration,
    pub(super) wait: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            age: ISSUER_KEYS_AGE,
            age_max: ISSUER_KEYS_AGE_MAX,
            pause: ISSUER_PAUSE,
            wait: ISSUER_WAIT_MAX,
        }
    }
}

/// The issuers of the configuration.
pub(super) struct Issuers {
    issuers: Vec<Issuer>,
    client: reqwest::Client,
    timing: Timing,
}

struct Issuer {
    url: String,
    audience: String,
    workloads: Vec<(String, Vec<(String, Glob)>)>,
    keys: RwLock<Option<Arc<Keys>>>,
    fetching: tokio::sync::Mutex<Option<Instant>>,
}

struct Keys {
    fetched: Instant,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A workload, and when its token expires in seconds since 1970.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) expires: u64,
}

/// What discovery says (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

/// A set of keys, each read on its own: one of an unknown kind does not spoil the others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Issuers {
    /// The issuers of settings, which were checked. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client; the message says why.
    pub(super) fn new(settings: &[IssuerSettings], timing: Timing) -> Result<Self, String> {
        jwt_ring::install();
        // It fails only if another part of the program has installed one, which then is used.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = reqwest::Client::builder();
        if settings.iter().all(|issuer| issuer.url.starts_with("http://")) {
            // They are on this machine, which no proxy reaches.
            builder = builder.no_proxy();
        }
        let client = builder
            .user_agent(concat!("wkit-registry/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(timing.wait)
            .timeout(timing.wait)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { issuers: settings.iter().map(Issuer::new).collect(), client, timing })
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// Which workload shows this token.
    ///
    /// # Errors
    ///
    /// When the token is not valid or of no workload, or the keys of its issuer cannot be had.
    pub(super) async fn workload(&self, token: &str) -> Result<Workload, WorkloadError> {
        let invalid = |message: &str| WorkloadError::Invalid { message: message.to_owned() };
        if token.len() > CREDENTIALS_MAX {
            return Err(invalid("it is too long"));
        }
        // `none`, and whatever the library does not know, fails here; symmetric algorithms fail below.
        let header = jsonwebtoken::decode_header(token).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA) {
            return Err(invalid("expected the algorithm RS256, ES256 or EdDSA"));
        }
        let claimed: Claimed = jsonwebtoken::dangerous::insecure_decode_claims(token)
            .map_err(|error| invalid(&error.to_string()))?;
        // What it claims only chooses the keys that it then has to be signed by.
        let issuer = self.issuers.iter().find(|issuer| issuer.url == claimed.iss);
        let issuer = issuer.ok_or(WorkloadError::Issuer)?;
        let key = issuer.key(header.kid.as_deref(), header.alg, &self.client, self.timing).await?;
        let claims = issuer.verify(token, &key).map_err(|error| invalid(&error.to_string()))?;
        let expires = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
        let issued =
            claims.get("iat").and_then(Value::as_f64).ok_or_else(|| invalid("there is no claim `iat`"))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a time in seconds is exact until the year 285 million"
        )]
        let latest = (super::facade::now() + CLOCK_LEEWAY.as_secs()) as f64;
        if issued > latest {
            return Err(invalid("it was issued in the future"));
        }
        let name = issuer.workload(&claims).ok_or(WorkloadError::NoMatch)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        Ok(Workload { name: name.to_owned(), expires: expires as u64 })
    }
}

#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

impl Issuer {
    fn new(settings: &IssuerSettings) -> Self {
        let claims = |workload: &WorkloadSettings| {
            // Every pattern was checked with the settings; a workload with one that is none is left out.
            let globs = workload.claims.iter();
            globs
                .map(|(claim, text)| Some((claim.clone(), Glob::new(text).ok()?)))
                .collect::<Option<Vec<_>>>()
        };
        let workloads = settings.workloads.iter();
        Self {
            url: settings.url.clone(),
            audience: settings.audience.clone(),
            workloads: workloads
                .filter_map(|workload| Some((workload.name.clone(), claims(workload)?)))
                .collect(),
            keys: RwLock::new(None),
            fetching: tokio::sync::Mutex::new(None),
        }
    }

    /// The first workload whose claims all match.
    fn workload(&self, claims: &Map<String, Value>) -> Option<&str> {
        let matches =
            |(claim, glob): &(String, Glob)| claims.get(claim).is_some_and(|value| matches(glob, value));
        self.workloads.iter().find(|(_, globs)| globs.iter().all(matches)).map(|(name, _)| name.as_str())
    }

    /// Checks the signature, issuer, audience and times of a token, and gives its claims.
    fn verify(&self, token: &str, key: &Key) -> Result<Map<String, Value>, jsonwebtoken::errors::Error> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.url]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = CLOCK_LEEWAY.as_secs();
        Ok(jsonwebtoken::decode(token, &key.key, &validation)?.claims)
    }

    /// The key that a token says it is signed by.
    async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        client: &reqwest::Client,
        timing: Timing,
    ) -> Result<Key, WorkloadError> {
        let kept = self.kept();
        let fresh = kept.as_ref().filter(|keys| keys.fetched.elapsed() < timing.age);
        if let Some(key) = fresh.and_then(|keys| keys.find(id, algorithm)) {
            return Ok(key);
        }
        let unknown = || WorkloadError::Invalid { message: "the issuer has no such key".to_owned() };
        let mut attempted = self.fetching.lock().await;
        // Another request may have fetched them meanwhile.
        if let Some(key) = self
            .kept()
            .filter(|keys| keys.fetched.elapsed() < timing.age)
            .and_then(|keys| keys.find(id, algorithm))
        {
            return Ok(key);
        }
        let paused = attempted.is_some_and(|attempted| attempted.elapsed() < timing.pause);
        let failure = if paused {
            "it was asked a moment ago".to_owned()
        } else {
            *attempted = Some(Instant::now());
            match tokio::time::timeout(timing.wait, fetch(client, &self.url)).await {
                Ok(Ok(keys)) => {
                    let keys = Arc::new(Keys { fetched: Instant::now(), keys });
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
                    return keys.find(id, algorithm).ok_or_else(unknown);
                }
                Ok(Err(message)) => message,
                Err(_) => format!("no answer came within {} s", timing.wait.as_secs()),
            }
        };
        if !paused {
            tracing::warn!(issuer = %self.url, %failure, "the keys of an issuer were not fetched");
        }
        match self.kept().filter(|keys| keys.fetched.elapsed() < timing.age_max) {
            // An issuer that does not answer for a while does not stop everybody.
            Some(keys) => keys.find(id, algorithm).ok_or_else(unknown),
            None => Err(WorkloadError::Unavailable { issuer: self.url.clone(), message: failure }),
        }
    }

    fn kept(&self) -> Option<Arc<Keys>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Keys {
    /// The key of an id and algorithm. A token without an id is fine when there is one key only for its algorithm.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Key> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithm == algorithm);
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)).cloned(),
            None => fitting.next().filter(|_| fitting.next().is_none()).cloned(),
        }
    }
}

/// Whether a claim matches: text, a number or a truth as it is written, or any entry of a list.
fn matches(glob: &Glob, value: &Value) -> bool {
    match value {
        Value::String(text) => glob.matches(text),
        Value::Number(number) => glob.matches(&number.to_string()),
        Value::Bool(truth) => glob.matches(if *truth { "true" } else { "false" }),
        Value::Array(values) => values.iter().any(|value| !value.is_array() && matches(glob, value)),
        Value::Null | Value::Object(_) => false,
    }
}

/// Fetches the keys of an issuer.
async fn fetch(client: &reqwest::Client, issuer: &str) -> Result<Vec<Key>, String> {
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovered: Discovered = get(client, &place).await?;
    if discovered.issuer != issuer {
        return Err(format!("`{place}` is of the issuer `{}`", short(&discovered.issuer)));
    }
    check_keys_url(issuer, &discovered.jwks_uri)?;
    let set: KeySet = get(client, &discovered.jwks_uri).await?;
    let keys: Vec<Key> = set.keys.into_iter().take(ISSUER_KEYS_MAX).filter_map(usable).collect();
    if keys.is_empty() {
        return Err(format!("`{}` has no key for RS256, ES256 or EdDSA", discovered.jwks_uri));
    }
    Ok(keys)
}

/// Gets a small JSON document.
async fn get<T: serde::de::DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, String> {
    let failed = |error: &dyn std::fmt::Display| format!("`{url}`: {error}");
    let mut response = client.get(url).send().await.map_err(|error| failed(&error))?;
    if !response.status().is_success() {
        return Err(failed(&format_args!("answered {}", response.status())));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + part.len() > ISSUER_BYTES_MAX {
            return Err(failed(&format_args!("expected at most {ISSUER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&part);
    }
    serde_json::from_slice(&body).map_err(|error| failed(&error))
}

/// The key in a JSON Web Key, when it is one that may verify tokens here.
fn usable(key: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    let named = jwk.common.key_algorithm.map(|named| named.to_string());
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return None;
    }
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
}

/// Issuers and their keys are fetched over HTTPS, from this machine also without.
pub(super) fn check_issuer_url(text: &str) -> Result<(), String> {
    let url =
        Url::parse(text).map_err(|error| format!("expected a URL, found `{}`: {error}", short(text)))?;
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.has_host();
    if plain && (url.scheme() == "https" || url.scheme() == "http" && here) {
        return Ok(());
    }
    Err(format!("expected an `https://` URL without query, found `{}`", short(text)))
}

/// An issuer elsewhere must not send the registry to what listens on this machine without HTTPS.
fn check_keys_url(issuer: &str, keys: &str) -> Result<(), String> {
    check_issuer_url(keys)?;
    let is_plain = |text: &str| Url::parse(text).is_ok_and(|url| url.scheme() == "http");
    if is_plain(keys) && !is_plain(issuer) {
        return Err(format!(
            "expected the keys at an `https://` URL, as the issuer is, found `{}`",
            short(keys)
        ));
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_default).collect()
}
