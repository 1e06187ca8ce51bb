//! Workloads, with an issuer of our own on this machine.

mod login;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::json;

use super::*;
use crate::access::facade::now;

const AUDIENCE: &str = "registry.example";

/// Made once with `openssl genpkey`; it signs nothing but these tests. ring makes no RSA keys.
const RSA_KEY: &[u8] = include_bytes!("rsa.pk8");

/// A key of the issuer.
enum TestKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl TestKey {
    fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(RSA_KEY).unwrap())
    }

    fn ec() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
    }

    fn ed() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
        }
    }

    fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "n": text(&public.n), "e": text(&public.e) })
            }
            Self::Ec(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": text(x), "y": text(y) })
            }
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": text(key.public_key().as_ref()) })
            }
        }
    }

    fn token(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if let Some(id) = id {
            header["kid"] = json!(id);
        }
        let message = message(&header, claims);
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// How the issuer answers to a request for its keys.
#[derive(Clone)]
enum Answer {
    Keys(Value),
    Text(String),
    Status(u16),
    Redirect(String),
    Never,
}

/// An issuer on this machine.
struct TestIssuer {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    discovery: Mutex<Option<Value>>,
    fetched: AtomicUsize,
}

impl TestIssuer {
    async fn start(keys: &[(&str, &TestKey)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys"), "other": [1, 2] });
        let shared = Arc::new(Shared {
            answer: Mutex::new(Answer::Status(500)),
            discovery: Mutex::new(Some(discovery)),
            fetched: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(keys_of))
            .with_state(shared.clone());
        // It ends with the test's runtime.
        tokio::spawn(async move { axum_serve(listener, router).await });
        let issuer = Self { url, shared };
        issuer.has(keys);
        issuer
    }

    fn has(&self, keys: &[(&str, &TestKey)]) {
        let keys: Vec<_> = keys.iter().map(|(id, key)| key.jwk(id)).collect();
        self.answers(Answer::Keys(json!({ "keys": keys })));
    }

    fn answers(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    fn fetched(&self) -> usize {
        self.shared.fetched.load(Ordering::SeqCst)
    }

    fn issuers(&self, timing: Timing) -> Issuers {
        let settings = format!(
            "url = \"{}\"\naudience = \"{AUDIENCE}\"\n\
            [[workload]]\nname = \"release\"\nclaims = {{ repository = \"acme/*\", ref = \"refs/tags/**\" }}\n\
            [[workload]]\nname = \"main\"\nclaims = {{ repository = \"acme/shop\", protected = \"true\", run = \"7\", teams = \"ops\" }}\n",
            self.url
        );
        Issuers::new(&[toml::from_str(&settings).unwrap()], timing).unwrap()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.url, "aud": AUDIENCE, "sub": "job", "iat": now(), "nbf": now(), "exp": now() + 300,
            "repository": "acme/shop", "ref": "refs/tags/v1",
        })
    }
}

/// A bare loop over hyper: axum's own server is not among its features here.
async fn axum_serve(listener: tokio::net::TcpListener, router: Router) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            drop(builder.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn discover(State(shared): State<Arc<Shared>>) -> Response {
    let discovery = shared.discovery.lock().unwrap().clone();
    discovery.map_or(StatusCode::NOT_FOUND.into_response(), |body| body.to_string().into_response())
}

async fn keys_of(State(shared): State<Arc<Shared>>) -> Response {
    shared.fetched.fetch_add(1, Ordering::SeqCst);
    let answer = shared.answer.lock().unwrap().clone();
    match answer {
        Answer::Keys(keys) => keys.to_string().into_response(),
        Answer::Text(text) => text.into_response(),
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Redirect(to) => (StatusCode::FOUND, [(http::header::LOCATION, to)]).into_response(),
        Answer::Never => std::future::pending().await,
    }
}

/// Asks again at once, and waits for a short while only.
fn quick() -> Timing {
    Timing { pause: Duration::ZERO, wait: Duration::from_secs(5), ..Timing::default() }
}

fn message_of(error: &WorkloadError) -> String {
    error.to_string()
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted() {
    let keys = [TestKey::rsa(), TestKey::ec(), TestKey::ed()];
    let issuer = TestIssuer::start(&[("a", &keys[0]), ("b", &keys[1]), ("c", &keys[2])]).await;
    let issuers = issuer.issuers(Timing::default());
    for (id, key) in ["a", "b", "c"].iter().zip(&keys) {
        let claims = issuer.claims();
        let expected = Workload { name: "release".to_owned(), expires: claims["exp"].as_u64().unwrap() };
        // Without an id the one key of its algorithm is meant.
        for id in [Some(*id), None] {
            assert_eq!(issuers.workload(&key.token(id, &claims)).await.unwrap(), expected);
        }
    }
    assert_eq!(issuer.fetched(), 1);
}

#[tokio::test]
async fn claims_choose_the_workload() {
    let key = TestKey::ec();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let issuers = issuer.issuers(Timing::default());
    let main = json!({ "ref": "refs/heads/main", "protected": true, "run": 7, "teams": ["dev", "ops"] });
    for (change, expected) in [
        (json!({}), Some("release")),
        (json!({ "ref": "refs/tags/a/b" }), Some("release")),
        (json!({ "repository": "acme/other" }), Some("release")),
        (main.clone(), Some("main")),
        (json!({ "repository": "acme/shop/x" }), None),
        (json!({ "repository": "evil/acme/shop" }), None),
        (json!({ "ref": "refs/heads/main" }), None),
        (json!({ "ref": null }), None),
        (json!({ "ref": { "x": "refs/tags/v1" } }), None),
    ] {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let found = issuers.workload(&key.token(Some("k"), &claims)).await;
        match expected {
            Some(name) => assert_eq!(found.unwrap().name, name, "{change}"),
            None => assert!(matches!(found, Err(WorkloadError::NoMatch)), "{change}: {found:?}"),
        }
    }
    for missing in ["protected", "run", "teams"] {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().extend(main.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().remove(missing);
        let found = issuers.workload(&key.token(Some("k"), &claims)).await;
        assert!(matches!(found, Err(WorkloadError::NoMatch)), "{missing}");
    }
}

#[tokio::test]
async fn issuer_audience_and_times_must_fit() {
    let key = TestKey::ed();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let issuers = issuer.issuers(Timing::default());
    let now = now();
    for (claim, value, good) in [
        ("aud", json!([AUDIENCE, "other"]), true),
        ("aud", json!("other"), false),
        ("aud", json!("registry.example.evil"), false),
        ("aud", json!([]), false),
        ("aud", Value::Null, false),
        ("exp", json!(now - 10), true),
        ("exp", json!(now - 70), false),
        ("exp", Value::Null, false),
        ("exp", json!("never"), false),
        ("nbf", json!(now + 30), true),
        ("nbf", json!(now + 120), false),
        ("nbf", Value::Null, true),
        ("iat", json!(now + 30), true),
        ("iat", json!(now + 120), false),
        ("iat", Value::Null, false),
        ("iat", json!("now"), false),
        ("iss", json!("https://other.example"), false),
        ("iss", json!(format!("{}/", issuer.url)), false),
        ("iss", Value::Null, false),
    ] {
        let mut claims = issuer.claims();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value.clone();
        }
        let found = issuers.workload(&key.token(Some("k"), &claims)).await;
        assert_eq!(found.is_ok(), good, "{claim} {value}: {found:?}");
    }
}

#[tokio::test]
async fn signatures_and_algorithms_cannot_be_confused() {
    let (rsa, ec, other) = (TestKey::rsa(), TestKey::ec(), TestKey::ec());
    let issuer = TestIssuer::start(&[("r", &rsa), ("e", &ec)]).await;
    let issuers = issuer.issuers(Timing { pause: Duration::from_secs(600), ..Timing::default() });
    let claims = issuer.claims();
    assert!(issuers.workload(&rsa.token(Some("r"), &claims)).await.is_ok());

    let sign_hmac = |header: Value, secret: &[u8]| {
        let text = message(&header, &claims);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, text.as_bytes())))
    };
    let jwk = rsa.jwk("r");
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let good = rsa.token(Some("r"), &claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut other_claims = claims.clone();
    other_claims["repository"] = json!("acme/other");
    let swapped = message(&json!({ "alg": "RS256", "kid": "r" }), &other_claims);
    for (what, token) in [
        ("none", format!("{}.", message(&json!({ "alg": "none", "kid": "r" }), &claims))),
        ("None", format!("{}.{signature}", message(&json!({ "alg": "None", "kid": "r" }), &claims))),
        ("no signature", format!("{signed}.")),
        ("HS256 by the public key", sign_hmac(json!({ "alg": "HS256", "kid": "r" }), &modulus)),
        (
            "HS256 by the public key's text",
            sign_hmac(json!({ "alg": "HS256", "kid": "r" }), jwk["n"].as_str().unwrap().as_bytes()),
        ),
        (
            "another algorithm for the key",
            format!("{}.{signature}", message(&json!({ "alg": "ES256", "kid": "r" }), &claims)),
        ),
        ("PS256", format!("{}.{signature}", message(&json!({ "alg": "PS256", "kid": "r" }), &claims))),
        ("other claims", format!("{swapped}.{signature}")),
        ("another's key with our id", other.token(Some("e"), &claims)),
        ("a key of the issuer with another id", ec.token(Some("r"), &claims)),
        ("its own key", {
            let header = json!({ "alg": "ES256", "kid": "x", "jwk": other.jwk("x") });
            let text = message(&header, &claims);
            let TestKey::Ec(key) = &other else { unreachable!() };
            let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
        }),
        ("no token", "abc".to_owned()),
        ("nothing", String::new()),
        ("too long", rsa.token(Some(&"x".repeat(CREDENTIALS_MAX)), &claims)),
    ] {
        let found = issuers.workload(&token).await;
        assert!(matches!(found, Err(WorkloadError::Invalid { .. })), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn keys_are_fetched_again_when_one_is_not_known() {
    let (first, second, third) = (TestKey::ec(), TestKey::ec(), TestKey::ed());
    let issuer = TestIssuer::start(&[("1", &first)]).await;
    let claims = issuer.claims();
    let issuers = issuer.issuers(quick());
    assert!(issuers.workload(&first.token(Some("1"), &claims)).await.is_ok());
    issuer.has(&[("1", &first), ("2", &second)]);
    assert!(issuers.workload(&second.token(Some("2"), &claims)).await.is_ok());
    assert_eq!(issuer.fetched(), 2);
    // A key that is gone is good for nothing once the new set is known.
    issuer.has(&[("2", &second)]);
    assert!(issuers.workload(&third.token(Some("3"), &claims)).await.is_err());
    assert!(issuers.workload(&first.token(Some("1"), &claims)).await.is_err());

    // With a pause, unknown ids make no storm of requests.
    let issuers = issuer.issuers(Timing { pause: Duration::from_secs(600), ..quick() });
    assert!(issuers.workload(&second.token(Some("2"), &claims)).await.is_ok());
    let before = issuer.fetched();
    for number in 0..20 {
        assert!(issuers.workload(&first.token(Some(&number.to_string()), &claims)).await.is_err());
    }
    assert_eq!(issuer.fetched(), before);
    assert!(issuers.workload(&second.token(Some("2"), &claims)).await.is_ok());
}

#[tokio::test]
async fn many_at_once_fetch_once() {
    let key = TestKey::ec();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let issuers = Arc::new(issuer.issuers(quick()));
    let token = key.token(Some("k"), &issuer.claims());
    let asked = (0..16).map(|_| {
        let (issuers, token) = (issuers.clone(), token.clone());
        tokio::spawn(async move { issuers.workload(&token).await.is_ok() })
    });
    for one in asked.collect::<Vec<_>>() {
        assert!(one.await.unwrap());
    }
    assert_eq!(issuer.fetched(), 1);
}

#[tokio::test]
async fn an_issuer_that_fails_is_bounded_and_its_old_keys_go_on() {
    let key = TestKey::ec();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let token = key.token(Some("k"), &issuer.claims());
    let keys = json!({ "keys": [key.jwk("k")] }).to_string();
    let padded = |length: usize| format!("{keys}{}", " ".repeat(length - keys.len()));
    let elsewhere = TestIssuer::start(&[("k", &key)]).await;
    for (answer, said) in [
        (Answer::Status(500), "500"),
        (Answer::Status(404), "404"),
        (Answer::Text("<html>".to_owned()), "expected value"),
        (Answer::Text("{\"keys\": 7}".to_owned()), "invalid type"),
        (Answer::Text("{\"keys\": [7, {}, {\"kty\": \"RSA\"}]}".to_owned()), "no key"),
        (Answer::Text(padded(ISSUER_BYTES_MAX + 1)), "at most"),
        (Answer::Redirect(format!("{}/keys", elsewhere.url)), "302"),
    ] {
        issuer.answers(answer);
        let error = issuer.issuers(quick()).workload(&token).await.unwrap_err();
        assert!(matches!(error, WorkloadError::Unavailable { .. }), "{error}");
        assert!(message_of(&error).contains(said), "{said}: {error}");
    }
    assert_eq!(elsewhere.fetched(), 0);
    issuer.answers(Answer::Never);
    let issuers = issuer.issuers(Timing { wait: Duration::from_millis(200), ..quick() });
    assert!(matches!(issuers.workload(&token).await, Err(WorkloadError::Unavailable { .. })));
    issuer.answers(Answer::Text(padded(ISSUER_BYTES_MAX)));
    assert!(issuer.issuers(quick()).workload(&token).await.is_ok());

    // Keys that are old are asked for again; when that fails they go on for a while.
    let old = Timing { age: Duration::ZERO, ..quick() };
    let issuers = issuer.issuers(old);
    assert!(issuers.workload(&token).await.is_ok());
    issuer.answers(Answer::Status(503));
    assert!(issuers.workload(&token).await.is_ok());
    let issuers = issuer.issuers(Timing { age_max: Duration::ZERO, ..old });
    assert!(matches!(issuers.workload(&token).await, Err(WorkloadError::Unavailable { .. })));
}

#[tokio::test]
async fn discovery_must_be_of_the_issuer_and_lead_to_a_safe_place() {
    let key = TestKey::ec();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let token = key.token(Some("k"), &issuer.claims());
    let keys = format!("{}/keys", issuer.url);
    for (discovery, said) in [
        (Some(json!({ "issuer": "https://other.example", "jwks_uri": keys })), "other.example"),
        (Some(json!({ "issuer": issuer.url, "jwks_uri": "http://192.0.2.1/keys" })), "https"),
        (Some(json!({ "issuer": issuer.url, "jwks_uri": "file:///etc/passwd" })), "https"),
        (Some(json!({ "issuer": issuer.url })), "jwks_uri"),
        (None, "404"),
    ] {
        *issuer.shared.discovery.lock().unwrap() = discovery;
        let error = issuer.issuers(quick()).workload(&token).await.unwrap_err();
        assert!(message_of(&error).contains(said), "{said}: {error}");
    }
    assert_eq!(issuer.fetched(), 0);
}

#[test]
fn keys_that_are_not_for_signatures_are_left_out() {
    let key = TestKey::ec().jwk("k");
    assert!(usable(key.clone()).is_some());
    for (field, value) in [("use", "enc"), ("alg", "ES384"), ("crv", "P-384"), ("kty", "oct"), ("x", "!")] {
        let mut key = key.clone();
        key[field] = json!(value);
        assert!(usable(key).is_none(), "{field}");
    }
    assert!(usable(json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "k" })).is_none());
}

#[test]
fn places_of_issuers() {
    for url in [
        "https://a.example",
        "https://a.example:8443/x/y",
        "http://127.0.0.1:1",
        "http://localhost",
        "http://[::1]:9/a",
    ] {
        assert_eq!(check_issuer_url(url), Ok(()), "{url}");
    }
    for url in [
        "http://a.example",
        "http://127.0.0.1.evil.example",
        "ftp://a.example",
        "a.example",
        "https://",
        "https://u@a.example",
        "https://a.example/?x",
        "https://a.example/#x",
        "file:///x",
    ] {
        assert!(check_issuer_url(url).is_err(), "{url}");
    }
}
