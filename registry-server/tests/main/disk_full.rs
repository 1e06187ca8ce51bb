//! A full disk: the client is told, nothing is there by half, and the registry goes on when there is room again.
//!
//! The disk is a small file system in memory that only the program sees: it takes a mount namespace of its own.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use wkit_artifact::{Digest, media_type};

use crate::support::{Program, error_code, manifest};

const BLOB_BYTES: usize = 1024 * 1024;

#[tokio::test]
async fn the_disk_is_full_with_redb() -> Result<()> {
    fill("redb:").await
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn the_disk_is_full_with_sled() -> Result<()> {
    fill("sled:").await
}

async fn fill(metadata: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(program) = start(folder.path(), metadata) else {
        eprintln!("SKIPPED: no mount namespace can be had here, so no disk could be filled");
        return Ok(());
    };
    let api = &program.api;
    api.push_artifact("kept", "v1", b"layer").await?;

    // Blobs until there is no room.
    let (mut stored, mut refused) = (Vec::new(), None);
    for number in 0..64_u8 {
        let content = vec![number; BLOB_BYTES];
        let response = api.push_blob("a", &content).await?;
        match response.status().as_u16() {
            201 => stored.push(Digest::sha256(&content)),
            507 => {
                assert_eq!(error_code(response).await?, "UNKNOWN");
                refused = Some(Digest::sha256(&content));
                break;
            }
            status => anyhow::bail!("a blob was answered {status}"),
        }
    }
    let refused = refused.expect("64 MiB do not fit into 32 MiB");
    ensure!(stored.len() > 3, "only {} blobs fit", stored.len());
    assert_eq!(api.get(&format!("/v2/a/blobs/{refused}")).await?.status(), 404);
    // One that is larger than the disk, sent in one stream.
    let large = vec![7; 48 * BLOB_BYTES];
    assert_eq!(api.push_blob("a", &large).await?.status(), 507);
    assert_eq!(api.get(&format!("/v2/a/blobs/{}", Digest::sha256(&large))).await?.status(), 404);

    // Manifests until the metadata store has no room, either.
    let mut manifests = Vec::new();
    let full = loop {
        ensure!(manifests.len() < 64, "there is no end to the room for manifests");
        let bytes = large_manifest(manifests.len());
        let tag = format!("m{}", manifests.len());
        let response = api.push_manifest("kept", &tag, &bytes).await?;
        match response.status().as_u16() {
            201 => manifests.push((tag, Digest::sha256(&bytes))),
            status => break status,
        }
    };
    assert_eq!(full, 507);

    // What was acknowledged can still be read.
    for digest in &stored {
        let content = api.get(&format!("/v2/a/blobs/{digest}")).await?.bytes().await?;
        ensure!(Digest::sha256(&content) == *digest, "`{digest}` came back changed");
    }
    for (tag, digest) in &manifests {
        let content = api.get(&format!("/v2/kept/manifests/{tag}")).await?.bytes().await?;
        ensure!(Digest::sha256(&content) == *digest, "`{tag}` came back changed");
    }
    let tags: Value = api.get("/v2/kept/tags/list").await?.json().await?;
    assert_eq!(tags["tags"].as_array().map(Vec::len), Some(manifests.len() + 1));

    // Somebody else takes the reserve, so that the stores themselves meet the end of the disk.
    let ballast = ballast(&program, folder.path());
    let reserve = ballast.with_file_name("reserve");
    let taken = std::fs::write(&reserve, vec![1; 32 * BLOB_BYTES]).expect_err("32 MiB do not fit");
    assert_eq!(taken.kind(), std::io::ErrorKind::StorageFull);
    let untagged = api.send(Method::DELETE, "/v2/kept/manifests/m0").await?.status().as_u16();
    ensure!(matches!(untagged, 202 | 507), "the removal of a tag was answered {untagged}");

    // Room again: the registry goes on as if nothing had been.
    std::fs::remove_file(reserve)?;
    std::fs::remove_file(ballast)?;
    let tag = api.get("/v2/kept/manifests/m0").await?.status().as_u16();
    assert_eq!(tag, if untagged == 202 { 404 } else { 200 });
    for (_, digest) in &manifests {
        let content = api.get(&format!("/v2/kept/manifests/{digest}")).await?.bytes().await?;
        ensure!(Digest::sha256(&content) == *digest, "`{digest}` came back changed");
    }
    api.push_artifact("kept", "v2", b"another layer").await?;
    for digest in stored.iter().take(2) {
        assert_eq!(api.send(Method::DELETE, &format!("/v2/a/blobs/{digest}")).await?.status(), 202);
    }
    assert_eq!(api.push_blob("a", &vec![255; BLOB_BYTES]).await?.status(), 201);
    assert_eq!(api.get("/v2/kept/manifests/v1").await?.status(), 200);
    assert_eq!(api.get("/v2/kept/manifests/v2").await?.status(), 200);
    Ok(())
}

fn large_manifest(number: usize) -> Vec<u8> {
    let config = b"{\"tag\":\"v1\"}";
    let mut bytes: Value = serde_json::from_slice(&manifest(config, &[], None)).expect("it is JSON");
    assert_eq!(bytes["mediaType"], media_type::OCI_MANIFEST);
    bytes["annotations"] = json!({ "number": number.to_string(), "filler": "x".repeat(BLOB_BYTES) });
    bytes.to_string().into_bytes()
}

/// Starts the program with a data folder on a disk of 32 MiB, of which a file takes 8.
fn start(folder: &Path, metadata: &str) -> Option<Program> {
    let script = r#"mount -t tmpfs -o size=32m tmpfs "$1" && head -c 8388608 /dev/zero >"$1/ballast" &&
        exec "$2" serve --data "$1/data" --listen 127.0.0.1:0 --metadata "$3""#;
    // As an ordinary user, a namespace of users is needed, too; where that is not allowed, root needs none.
    ["-rm", "-m"].into_iter().find_map(|namespaces| {
        let mut command = Command::new("unshare");
        command.args([namespaces, "sh", "-c", script, "sh"]).arg(folder);
        command.arg(env!("CARGO_BIN_EXE_wkit-registry")).arg(metadata);
        Program::spawn(command).ok()
    })
}

/// The file that takes up room, as seen through the program's own view of the file system.
fn ballast(program: &Program, folder: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", program.id()));
    root.join(folder.strip_prefix("/").unwrap_or(folder)).join("ballast")
}
