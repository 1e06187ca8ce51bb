//! Pushing.

use bytes::Bytes;
use wkit_artifact::{Digest, media_type};
use wkit_registry_client::{Client, PushError, PushOptions, Silent};

use crate::fake::{Fake, pack, refuse};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 pushed";

async fn push(client: &Client, locator: &str, component: &'static [u8]) -> Result<Digest, PushError> {
    let options = PushOptions::default();
    let bytes = Bytes::from_static(component);
    let pushed = client.push(&locator.parse().unwrap(), &pack(component), bytes, options, &Silent).await?;
    Ok(pushed.manifest_digest)
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let digest = push(&client, "demo:greet@1.0.0", COMPONENT).await.unwrap();
    assert_eq!(digest, pack(COMPONENT).manifest_digest);
    let pulled = client.pull(&"demo:greet@1.0.0".parse().unwrap(), &Silent).await.unwrap();
    assert_eq!((pulled.component.as_ref(), pulled.manifest_digest), (COMPONENT, digest));
}

#[tokio::test]
async fn blobs_that_are_there_are_not_sent_and_the_same_again_is_nothing() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    fake.put_blob(COMPONENT);
    push(&client, "demo:greet@1.0.0", COMPONENT).await.unwrap();
    let writes: Vec<String> = fake
        .requests()
        .into_iter()
        .filter(|line| !line.starts_with("GET") && !line.starts_with("HEAD"))
        .collect();
    assert_eq!(
        writes,
        [
            "POST /v2/demo/greet/blobs/uploads/",
            "PUT /v2/demo/greet/blobs/uploads/1",
            "PUT /v2/demo/greet/manifests/1.0.0"
        ],
        "only the config and the manifest"
    );
    let bytes = Bytes::from_static(COMPONENT);
    let locator = "demo:greet@1.0.0".parse().unwrap();
    let pushed =
        client.push(&locator, &pack(COMPONENT), bytes, PushOptions::default(), &Silent).await.unwrap();
    assert!(pushed.already_there);
    assert_eq!(fake.requests(), ["HEAD /v2/demo/greet/manifests/1.0.0"]);
}

#[tokio::test]
async fn a_version_is_not_moved_unless_asked() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let before = push(&client, "demo:greet@1.0.0", b"one").await.unwrap();
    fake.requests();
    let error = push(&client, "demo:greet@1.0.0", b"two").await.unwrap_err();
    let PushError::Exists { found, pushed, .. } = &error else { panic!("{error}") };
    assert_eq!((found, pushed), (&before, &pack(b"two").manifest_digest));
    assert!(error.to_string().contains(&before.to_string()), "{error}");
    assert_eq!(fake.requests(), ["HEAD /v2/demo/greet/manifests/1.0.0"], "nothing is sent");

    let options = PushOptions { overwrite: true };
    let locator = "demo:greet@1.0.0".parse().unwrap();
    client.push(&locator, &pack(b"two"), Bytes::from_static(b"two"), options, &Silent).await.unwrap();
    let pulled = client.pull(&locator, &Silent).await.unwrap();
    assert_eq!(pulled.component, "two");

    // A tag that is no version may move.
    let latest = format!("{}/demo/greet:latest", fake.host());
    push(&client, &latest, b"one").await.unwrap();
    push(&client, &latest, b"two").await.unwrap();
}

#[tokio::test]
async fn a_registry_without_the_digest_header_is_asked_for_the_content() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    fake.rule(|seen| seen.is("HEAD", "/manifests/").then(|| refuse(405, "UNSUPPORTED", "no HEAD here")));
    push(&client, "demo:greet@1.0.0", b"one").await.unwrap();
    let error = push(&client, "demo:greet@1.0.0", b"two").await.unwrap_err();
    assert!(matches!(error, PushError::Exists { .. }), "{error}");
}

#[tokio::test]
async fn a_registry_that_says_another_digest_is_not_believed() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let other = Digest::sha256(b"other").to_string();
    let kept = pack(b"other").manifest;
    fake.rule(move |seen| {
        // Takes the manifest and keeps another.
        seen.is("PUT", "/manifests/").then(|| {
            use axum::response::IntoResponse;
            (axum::http::StatusCode::CREATED, [("location", format!("/v2/demo/greet/manifests/{other}"))])
                .into_response()
        })
    });
    let error = push(&client, &format!("{}/demo/greet:latest", fake.host()), COMPONENT).await.unwrap_err();
    assert!(error.to_string().ends_with("found no such tag"), "{error}");
    fake.put_manifest("demo/greet", "latest", &kept, media_type::OCI_MANIFEST);
    let error = push(&client, &format!("{}/demo/greet:latest", fake.host()), COMPONENT).await.unwrap_err();
    let PushError::NotConfirmed { found: Some(found), .. } = error else { panic!("{error}") };
    assert_eq!(found, pack(b"other").manifest_digest);
}

#[tokio::test]
async fn the_registry_s_own_words_are_passed_on() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    fake.rule(|seen| {
        seen.is("PUT", "/manifests/").then(|| refuse(409, "TAG_IMMUTABLE", "the version exists"))
    });
    let error = push(&client, "demo:greet@1.0.0", COMPONENT).await.unwrap_err().to_string();
    let expected = format!(
        "cannot push `{0}/demo/greet:1.0.0`: the registry `{0}` answered with status 409 to a request for the upload of the manifest `1.0.0`: TAG_IMMUTABLE: the version exists",
        fake.host()
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn what_cannot_be_pushed_is_refused_before_anything_is_sent() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let packed = pack(COMPONENT);
    let attempt = async |locator: &str, component: &'static [u8]| {
        let bytes = Bytes::from_static(component);
        client
            .push(&locator.parse().unwrap(), &packed, bytes, PushOptions::default(), &Silent)
            .await
            .unwrap_err()
    };
    assert!(matches!(attempt("demo:greet@1.0.0", b"other").await, PushError::NotPacked { .. }));
    assert!(matches!(attempt("demo:greet", COMPONENT).await, PushError::NoVersion { .. }));
    assert!(matches!(attempt("demo:greet@^1", COMPONENT).await, PushError::NoVersion { .. }));
    assert!(matches!(attempt("demo:greet@1.0.0+5", COMPONENT).await, PushError::Resolve(_)));
    let digest = Digest::sha256(b"other");
    let by_digest = format!("{}/demo/greet@{digest}", fake.host());
    assert!(matches!(attempt(&by_digest, COMPONENT).await, PushError::NoTag { .. }));
    let both = format!("{}/demo/greet:1@{digest}", fake.host());
    assert!(matches!(attempt(&both, COMPONENT).await, PushError::OtherDigest { .. }));
    assert_eq!(fake.requests(), [""; 0]);
}

#[tokio::test]
async fn a_push_can_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let task = is_send(async move {
        push(&client, "demo:greet@1.0.0", COMPONENT).await?;
        client
            .pull(&"demo:greet@1.0.0".parse().unwrap(), &Silent)
            .await
            .map_err(|_| PushError::Offline { locator: String::new() })
    });
    assert!(tokio::spawn(task).await.unwrap().is_ok());
}
