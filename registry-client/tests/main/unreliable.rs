//! Registries that lie, break off, are busy, or are not there.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use wkit_artifact::{Digest, Locator};
use wkit_registry_client::{Client, PullError, PushOptions, RequestError, Silent, Timeouts, limits};

use crate::fake::{Fake, pack, quick, refuse};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 as it should be";

/// A registry with the component, the folder for a cache, and how many requests for `part` it has seen.
async fn with_component() -> (Fake, tempfile::TempDir) {
    let fake = Fake::start().await;
    fake.put_component("demo/greet", "1.0.0", COMPONENT);
    (fake, tempfile::tempdir().unwrap())
}

async fn pull(client: &Client, fake: &Fake) -> Result<Bytes, PullError> {
    client.pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.map(|pulled| pulled.component)
}

/// Everything with a name in the cache.
fn blobs(folder: &tempfile::TempDir) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.path().join("cache/blobs/sha256")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Bytes that come piece by piece, without a length, and may break off.
fn pieces(pieces: Vec<Result<&'static [u8], std::io::Error>>) -> Response {
    let pieces = pieces.into_iter().map(|piece| piece.map(Bytes::from_static));
    Body::from_stream(stream::iter(pieces)).into_response()
}

fn broken() -> std::io::Error {
    std::io::Error::other("the power went out")
}

#[tokio::test]
async fn a_changed_blob_is_refused_and_not_kept() {
    let (fake, folder) = with_component().await;
    fake.rule(|seen| {
        let changed: &[u8] = b"\0asm\x0d\0\x01\0 As it should be";
        seen.is("GET", "/blobs/").then(|| changed.into_response())
    });
    let client = fake.client(&folder);
    let error = pull(&client, &fake).await.unwrap_err();
    let PullError::WrongDigest { what: "layer", expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!(expected, &Digest::sha256(COMPONENT));
    assert_eq!(found, &Digest::sha256(b"\0asm\x0d\0\x01\0 As it should be"));
    assert!(
        error.to_string().contains(&expected.to_string()) && error.to_string().contains(&found.to_string())
    );
    assert_eq!(blobs(&folder), [pack(COMPONENT).manifest_digest.hex()], "only the manifest has a name");
    assert_eq!(std::fs::read_dir(folder.path().join("cache/partial")).unwrap().count(), 0);
    let gets = fake.requests().iter().filter(|line| line.contains("/blobs/")).count();
    assert_eq!(gets, 1, "the same lie is not asked for again");
}

#[tokio::test]
async fn a_changed_manifest_is_refused_and_not_kept() {
    let (fake, folder) = with_component().await;
    let client = fake.client(&folder);
    let right = pack(COMPONENT).manifest_digest;
    let other = pack(b"other").manifest;
    // Asked by digest, another manifest comes.
    let body = other.clone();
    fake.rule(move |seen| seen.is("GET", "/manifests/sha256:").then(|| body.clone().into_response()));
    let locator = fake.locator(&format!("demo/greet@{right}"));
    let error = client.pull(&locator, &Silent).await.unwrap_err();
    let PullError::WrongDigest { what: "manifest", expected, found, .. } = error else { panic!("{error}") };
    assert_eq!((expected, found), (right.clone(), Digest::sha256(&other)));
    // Asked by tag, what comes is not what the header says.
    fake.rule(move |seen| {
        seen.is("GET", "/manifests/1.0.0")
            .then(|| ([("docker-content-digest", right.to_string())], other.clone()).into_response())
    });
    let error = pull(&client, &fake).await.unwrap_err();
    assert!(matches!(error, PullError::WrongDigest { what: "manifest", .. }), "{error}");
    assert_eq!(blobs(&folder), [""; 0]);
}

#[tokio::test]
async fn a_short_blob_and_a_long_one_are_refused() {
    let (fake, folder) = with_component().await;
    fake.rule(|seen| seen.is("GET", "/blobs/").then(|| pieces(vec![Ok(&COMPONENT[..10])])));
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    let expected = COMPONENT.len() as u64;
    assert!(
        matches!(error, PullError::WrongSize { expected_bytes, found_bytes: 10, .. } if expected_bytes == expected),
        "{error}"
    );
    // Too much is noticed before it ends: this body has no end.
    fake.rule(|seen| {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 4096])));
        seen.is("GET", "/blobs/").then(|| Body::from_stream(endless).into_response())
    });
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    assert!(matches!(error, PullError::WrongSize { .. }), "{error}");
    assert!(!blobs(&folder).contains(&Digest::sha256(COMPONENT).hex().to_owned()));
}

#[tokio::test]
async fn an_endless_manifest_or_error_is_cut() {
    let endless = || {
        let zeros = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 65536])));
        Body::from_stream(zeros)
    };
    let (fake, folder) = with_component().await;
    fake.rule(move |seen| seen.is("GET", "/manifests/").then(|| endless().into_response()));
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    let PullError::Request { source: RequestError::TooLarge { max_bytes, .. }, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(max_bytes, limits::MANIFEST_BYTES_MAX as u64);
    fake.rule(move |seen| {
        seen.is("GET", "/manifests/").then(|| (StatusCode::BAD_REQUEST, endless()).into_response())
    });
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    assert!(
        matches!(error, PullError::Request { source: RequestError::Status { status: 400, .. }, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_transfer_is_begun_again() {
    let (fake, folder) = with_component().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    fake.rule(move |seen| {
        let first = seen.is("GET", "/blobs/") && counter.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(|| pieces(vec![Ok(&COMPONENT[..10]), Err(broken())]))
    });
    assert_eq!(pull(&fake.client(&folder), &fake).await.unwrap(), COMPONENT);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_transfer_that_always_breaks_is_given_up() {
    let (fake, folder) = with_component().await;
    fake.rule(|seen| seen.is("GET", "/blobs/").then(|| pieces(vec![Ok(&COMPONENT[..10]), Err(broken())])));
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    assert!(
        matches!(error, PullError::Request { source: RequestError::Interrupted { .. }, .. }),
        "{error:?}"
    );
    assert_eq!(
        fake.requests().iter().filter(|line| line.contains("/blobs/")).count(),
        3,
        "as often as configured"
    );
}

#[tokio::test]
async fn busy_registries_are_asked_again() {
    let (fake, folder) = with_component().await;
    // Every request fails the first time, each in another way.
    let known = Mutex::new(HashSet::new());
    fake.rule(move |seen| {
        let mut known = known.lock().unwrap();
        let status = [500, 429, 502, 503, 504][known.len() % 5];
        let is_new = known.insert(format!("{} {}", seen.method, seen.path));
        is_new.then(|| refuse(status, "TOOMANYREQUESTS", "busy"))
    });
    let client = fake.client(&folder);
    assert_eq!(pull(&client, &fake).await.unwrap(), COMPONENT);
    let bytes = Bytes::from_static(b"pushed");
    client
        .push(
            &fake.locator("demo/greet:2.0.0"),
            &pack(&bytes),
            bytes.clone(),
            PushOptions::default(),
            &Silent,
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_registry_that_is_always_busy_is_given_up() {
    let (fake, folder) = with_component().await;
    fake.rule(|_| Some(refuse(503, "UNAVAILABLE", "come back later")));
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err().to_string();
    let host = fake.host();
    assert_eq!(
        error,
        format!(
            "cannot pull `{host}/demo/greet:1.0.0`: the registry `{host}` answered with status 503 to a request for the manifest `1.0.0`: UNAVAILABLE: come back later"
        )
    );
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn errors_that_stay_are_not_asked_again() {
    let (fake, folder) = with_component().await;
    fake.rule(|_| Some(refuse(400, "NAME_INVALID", "no")));
    pull(&fake.client(&folder), &fake).await.unwrap_err();
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_registry_that_is_down_is_named_with_its_port() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and where nothing listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::new(quick(&folder)).unwrap();
    let locator: Locator = format!("{host}/demo/greet:1.0.0").parse().unwrap();
    let error = client.pull(&locator, &Silent).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot pull `{locator}`: cannot reach the registry `{host}`: connection refused")
    );
    assert_eq!(error.hint().unwrap(), format!("check that a registry listens at `{host}`"));
    let bytes = Bytes::from_static(COMPONENT);
    let error =
        client.push(&locator, &pack(COMPONENT), bytes, PushOptions::default(), &Silent).await.unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
}

#[tokio::test]
async fn a_registry_that_speaks_plain_http_where_https_is_expected_is_recognised() {
    let (fake, folder) = with_component().await;
    let mut config = quick(&folder);
    let wkg = format!("[registry.\"{}\".oci]\nprotocol = \"https\"\n", fake.host());
    config.wkg_config = Some(wkit_registry_client::WkgConfig::parse(&wkg).unwrap());
    let error = pull(&Client::new(config).unwrap(), &fake).await.unwrap_err();
    assert!(
        matches!(error, PullError::Request { source: RequestError::Unreachable { .. }, .. }),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("plain HTTP"), "{error}: {:?}", error.hint());
}

#[tokio::test]
async fn silence_has_an_end() {
    let (fake, folder) = with_component().await;
    let mut config = fake.config(&folder);
    let short = Duration::from_millis(50);
    config.timeouts =
        Timeouts { connect: Duration::from_secs(10), response: Duration::from_secs(10), idle: short };
    fake.rule(|seen| {
        let start = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(&COMPONENT[..10]))]);
        seen.is("GET", "/blobs/").then(|| Body::from_stream(start.chain(stream::pending())).into_response())
    });
    let error = pull(&Client::new(config).unwrap(), &fake).await.unwrap_err();
    assert!(
        matches!(error, PullError::Request { source: RequestError::Timeout { limit_ms: 50, .. }, .. }),
        "{error:?}"
    );

    // A listener that never answers: the system takes the connection, and nobody reads.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick(&folder);
    config.timeouts = Timeouts { connect: Duration::from_secs(10), response: short, idle: short };
    let locator: Locator = format!("{}/demo/greet:1.0.0", listener.local_addr().unwrap()).parse().unwrap();
    let error = Client::new(config).unwrap().pull(&locator, &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::Request { source: RequestError::Timeout { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_without_end_is_left() {
    let (fake, folder) = with_component().await;
    fake.rule(|seen| Some((StatusCode::FOUND, [("location", seen.path.clone())]).into_response()));
    let error = pull(&fake.client(&folder), &fake).await.unwrap_err();
    assert!(matches!(error, PullError::Request { source: RequestError::Protocol { .. }, .. }), "{error:?}");
    assert_eq!(fake.requests().len(), limits::REDIRECTS_MAX + 1);
}

#[tokio::test]
async fn an_upload_that_goes_wrong_is_an_error() {
    for location in [None, Some("nonsense"), Some("")] {
        let (fake, folder) = with_component().await;
        fake.rule(move |seen| {
            seen.is("POST", "/blobs/uploads/").then(|| {
                let mut response = StatusCode::ACCEPTED.into_response();
                if let Some(location) = location {
                    response.headers_mut().insert("location", location.parse().unwrap());
                }
                response
            })
        });
        let bytes = Bytes::from_static(b"pushed");
        let client = fake.client(&folder);
        let error = client
            .push(
                &fake.locator("demo/greet:2.0.0"),
                &pack(&bytes),
                bytes.clone(),
                PushOptions::default(),
                &Silent,
            )
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("expected the registry"), "{error}");
    }
}
