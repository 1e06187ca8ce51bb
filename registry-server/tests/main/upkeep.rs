//! `check`, `reindex`, `backup` and `restore`, as a person uses them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use wkit_artifact::Digest;

use crate::support::{Api, Program, run};

const WRITERS: usize = 8;

/// Repository, tag and manifest of each acknowledged push.
type Acknowledged = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_registry_has_what_was_acknowledged_with_redb() -> Result<()> {
    busy("redb:").await
}

#[cfg(feature = "sled")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_registry_has_what_was_acknowledged_with_sled() -> Result<()> {
    busy("sled:").await
}

async fn busy(metadata: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let program = Program::start(&data, &["--metadata", metadata])?;
    let (acknowledged, stop) = (Acknowledged::default(), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(program.api.clone(), writer, acknowledged.clone(), stop.clone())))
        .collect();
    let remover = tokio::spawn(push_and_remove(program.api.clone(), stop.clone()));
    let backup = folder.path().join("backup");
    for round in 0..3 {
        wait_for(&acknowledged, (round + 1) * 20).await;
        let before = acknowledged.lock().expect("no writer panicked").clone();
        let (data, to) = (data.clone(), backup.clone());
        let taken = tokio::task::spawn_blocking(move || {
            run(&["backup", "--verify", "--format", "json", "--data", &text(&data), "--to", &text(&to)])
        });
        let (code, taken, errors) = taken.await??;
        ensure!(code == Some(0), "round {round}: {taken}{errors}");
        let taken: Value = serde_json::from_str(&taken)?;
        ensure!(taken["missing"] == Value::Array(Vec::new()), "{taken}");

        let new = folder.path().join(format!("new-{round}"));
        let (code, said, errors) = run(&["restore", "--from", &text(&backup), "--data", &text(&new)])?;
        ensure!(code == Some(0) && said.starts_with("restored "), "{said}{errors}");
        let (_, report, errors) =
            run(&["check", "--format", "json", "--metadata", metadata, "--data", &text(&new)])?;
        let report: Value = serde_json::from_str(&report).context(errors)?;
        ensure!(report["sound"] == true, "round {round}: {report}");
        let restored = Program::start(&new, &["--metadata", metadata])?;
        for (repository, tag, manifest) in &before {
            whole(&restored.api, repository, tag, manifest).await?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await??;
    }
    remover.await??;
    // Nothing of it was noticed by the registry.
    let all = acknowledged.lock().expect("no writer panicked").clone();
    for (repository, tag, manifest) in &all {
        whole(&program.api, repository, tag, manifest).await?;
    }
    let (code, said, errors) = run(&["check", "--metadata", metadata, "--data", &text(&data)])?;
    ensure!(code == Some(0) && said.contains("a server is running"), "{said}{errors}");
    Ok(())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn wait_for(acknowledged: &Acknowledged, count: usize) {
    while acknowledged.lock().expect("no writer panicked").len() < count {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn write(api: Api, writer: usize, acknowledged: Acknowledged, stop: Arc<AtomicBool>) -> Result<()> {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (repository, tag) = (format!("w{}", writer % 3), format!("w{writer}-n{number}"));
        let manifest = api.push_artifact(&repository, &tag, tag.as_bytes()).await?;
        acknowledged.lock().expect("no writer panicked").push((repository, tag, manifest));
    }
    Ok(())
}

/// Content that comes and goes, so that some is gone between the look at the journal and the look for the file.
async fn push_and_remove(api: Api, stop: Arc<AtomicBool>) -> Result<()> {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let content = format!("passing {number}");
        api.push_blob("passing", content.as_bytes()).await?;
        let path = format!("/v2/passing/blobs/{}", Digest::sha256(content.as_bytes()));
        api.send(Method::DELETE, &path).await?;
    }
    Ok(())
}

async fn whole(api: &Api, repository: &str, tag: &str, manifest: &[u8]) -> Result<()> {
    let found = api.get(&format!("/v2/{repository}/manifests/{tag}")).await?;
    ensure!(found.status() == 200, "`{repository}:{tag}` was answered {}", found.status());
    ensure!(found.bytes().await? == manifest, "`{repository}:{tag}` has changed");
    let parsed: Value = serde_json::from_slice(manifest)?;
    for descriptor in [&parsed["config"], &parsed["layers"][0]] {
        let digest: Digest = descriptor["digest"].as_str().context("no digest")?.parse()?;
        let content = api.get(&format!("/v2/{repository}/blobs/{digest}")).await?.bytes().await?;
        ensure!(Digest::sha256(&content) == digest, "`{digest}` of `{repository}:{tag}` has changed");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_commands_say() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let path = text(&data);
    let (code, _, errors) = run(&["check", "--data", &path])?;
    assert_eq!(code, Some(1));
    assert!(errors.contains("expected a registry's data folder, found no "), "{errors}");
    assert!(!data.exists());

    let mut program = Program::start(&data, &[])?;
    program.api.push_artifact("a", "v1", b"layer").await?;
    for command in [&["reindex", "--data", &path][..], &["check", "--repair", "--data", &path]] {
        let (code, _, errors) = run(command)?;
        assert_eq!(code, Some(1));
        assert!(
            errors.contains("a registry is running on the data folder") && errors.contains("hint: "),
            "{errors}"
        );
    }
    program.kill()?;
    let (code, said, _) = run(&["check", "--data", &path])?;
    assert_eq!((code, said.as_str()), (Some(0), "sound: 2 blobs (17 bytes), 2 links, 1 manifests, 1 tags\n"));

    let digest = Digest::sha256(b"layer");
    let blob = data.join("blobs/sha256").join(&digest.hex()[..2]).join(digest.hex());
    std::fs::write(&blob, b"reyal")?;
    let (code, said, errors) = run(&["check", "--data", &path])?;
    assert_eq!(code, Some(1));
    assert!(said.starts_with(&format!("damaged: `{digest}` has the content of ")), "{said}");
    assert!(said.ends_with("1 findings in 2 blobs (17 bytes), 2 links, 1 manifests, 1 tags\n"), "{said}");
    assert!(errors.contains("1 findings\nhint: stop the registry and mend them with"), "{errors}");
    let (code, said, errors) = run(&["check", "--repair", "--data", &path])?;
    assert_eq!(code, Some(1));
    assert!(errors.contains("hint: what is incomplete becomes whole when it is pushed again"), "{errors}");
    let (_, _, errors) = run(&["check", "--data", &path])?;
    assert!(errors.contains("hint: what is incomplete becomes whole"), "{errors}");
    assert!(
        said.contains("repaired: moved the damaged content of") && said.contains("incomplete: "),
        "{said}"
    );
    // What is served is whole: the content is not there, and a push of it mends the manifest.
    let program = Program::start(&data, &[])?;
    assert_eq!(program.api.get(&format!("/v2/a/blobs/{digest}")).await?.status(), 404);
    assert_eq!(program.api.push_blob("a", b"layer").await?.status(), 201);
    drop(program);
    let (code, said, errors) = run(&["reindex", "--data", &path])?;
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.ends_with("again from the journal: 2 blobs are held\n"), "{said}");
    let (code, said, errors) = run(&["check", "--data", &path])?;
    assert_eq!(code, Some(0), "{said}{errors}");
    Ok(())
}
