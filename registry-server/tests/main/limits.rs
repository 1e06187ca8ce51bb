//! The limits that are seen over HTTP, each at its value and one past it.

use anyhow::Result;
use reqwest::Method;
use wkit_artifact::Digest;
use wkit_registry_server::limits::{MANIFEST_BYTES_MAX, REPOSITORY_NAME_MAX, TAG_MAX, TAGS_PER_PUSH_MAX};

use crate::support::{InProcess, error_code, manifest};

#[tokio::test]
async fn the_size_of_a_manifest() -> Result<()> {
    let server = InProcess::start().await?;
    server.api.push_blob("a", b"config").await?;
    // White space after the JSON counts, and is part of what the digest names.
    let mut bytes = manifest(b"config", &[], None);
    bytes.resize(MANIFEST_BYTES_MAX, b' ');
    assert_eq!(server.api.push_manifest("a", "at", &bytes).await?.status(), 201);
    let stored = server.api.get("/v2/a/manifests/at").await?.bytes().await?;
    assert!(stored == bytes, "a large manifest came back changed");
    bytes.push(b' ');
    let refused = server.api.push_manifest("a", "past", &bytes).await?;
    assert_eq!(refused.status(), 413);
    assert_eq!(error_code(refused).await?, "SIZE_INVALID");
    server.stop().await
}

#[tokio::test]
async fn the_length_of_names_and_tags() -> Result<()> {
    let server = InProcess::start().await?;
    let at = "n".repeat(REPOSITORY_NAME_MAX);
    let bytes = server.api.push_artifact(&at, "v1", b"layer").await?;
    let refused = server.api.get(&format!("/v2/{at}n/manifests/v1")).await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(error_code(refused).await?, "NAME_INVALID");
    let tag = "t".repeat(TAG_MAX);
    assert_eq!(server.api.push_manifest(&at, &tag, &bytes).await?.status(), 201);
    assert_eq!(server.api.push_manifest(&at, &format!("{tag}t"), &bytes).await?.status(), 400);
    server.stop().await
}

#[tokio::test]
async fn the_tags_of_one_push() -> Result<()> {
    let server = InProcess::start().await?;
    let bytes = server.api.push_artifact("a", "v1", b"layer").await?;
    let push = async |count: usize| {
        let tags: Vec<String> = (0..count).map(|number| format!("tag=t{number}")).collect();
        let reference = format!("{}?{}", Digest::sha256(&bytes), tags.join("&"));
        anyhow::Ok(server.api.push_manifest("a", &reference, &bytes).await?.status().as_u16())
    };
    assert_eq!(push(TAGS_PER_PUSH_MAX).await?, 201);
    assert_eq!(push(TAGS_PER_PUSH_MAX + 1).await?, 414);
    server.stop().await
}

#[tokio::test]
async fn open_uploads_and_the_size_of_a_blob() -> Result<()> {
    let server = InProcess::start_with(|config| {
        config.upload_sessions_max = 1;
        config.blob_bytes_max = 10;
    })
    .await?;
    assert_eq!(server.api.push_blob("a", b"0123456789").await?.status(), 201);
    let refused = server.api.push_blob("a", b"0123456789x").await?;
    assert_eq!(refused.status(), 413);
    assert_eq!(error_code(refused).await?, "SIZE_INVALID");
    assert_eq!(server.api.send(Method::POST, "/v2/a/blobs/uploads/").await?.status(), 202);
    let refused = server.api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    assert_eq!(refused.status(), 429);
    assert_eq!(error_code(refused).await?, "TOOMANYREQUESTS");
    server.stop().await
}
