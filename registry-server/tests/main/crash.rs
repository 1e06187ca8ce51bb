//! Killing the program while clients push: whatever was acknowledged is there afterwards, and nothing is there by half;
//! also when the disk keeps nothing that was not synced.
//!
//! WKIT_CRASH_ROUNDS sets the number of rounds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wkit_artifact::Digest;

#[cfg(target_os = "linux")]
use crate::forgetful::ForgetfulDisk;
use crate::support::{Api, Program, header, manifest, run};

const WORKERS: usize = 8;

/// What a client knows about its pushes.
#[derive(Default)]
struct Pushes {
    /// Repository, tag and manifest of each acknowledged push.
    acknowledged: Vec<Artifact>,
    /// Repository and digest of each blob that was begun, acknowledged or not.
    begun: Vec<(String, Digest)>,
}

#[derive(Clone)]
struct Artifact {
    repository: String,
    tag: String,
    manifest: Vec<u8>,
    blobs: Vec<Digest>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_redb() -> Result<()> {
    crash(&mut Folder::new()?, "redb:", rounds(20)?).await
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_fails() -> Result<()> {
    crash(&mut ForgetfulDisk::new(false)?, "redb:", rounds(20)?).await
}

#[cfg(all(target_os = "linux", feature = "sled"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_fails_with_sled() -> Result<()> {
    crash(&mut ForgetfulDisk::new(false)?, "sled:", rounds(20)?.div_ceil(5)).await
}

/// The proof that such a disk shows what it is meant to show.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_sync_is_found_out() -> Result<()> {
    let lost = crash(&mut ForgetfulDisk::new(true)?, "redb:", 3).await;
    let lost = lost.expect_err("nothing was lost, though nothing was synced");
    assert!(format!("{lost:#}").contains("no list of tags"), "{lost:#}");
    Ok(())
}

#[cfg(feature = "sled")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_sled() -> Result<()> {
    crash(&mut Folder::new()?, "sled:", rounds(20)?.div_ceil(5)).await
}

/// What the program keeps its data on.
trait Disk {
    /// The data folder, until the next crash.
    fn data(&self) -> PathBuf;

    /// Changes the command that starts the program.
    fn under(&self, command: &mut Command);

    /// What is lost with the program.
    fn crash(&mut self) -> Result<()>;
}

/// A folder of this machine, which loses nothing with a program.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }
}

impl Disk for Folder {
    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn under(&self, _: &mut Command) {}

    fn crash(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
impl Disk for ForgetfulDisk {
    fn data(&self) -> PathBuf {
        self.data()
    }

    fn under(&self, command: &mut Command) {
        self.under(command);
    }

    fn crash(&mut self) -> Result<()> {
        self.cut()
    }
}

fn start(disk: &impl Disk, metadata: &str) -> Result<Program> {
    Program::start_with(&disk.data(), &["--metadata", metadata], |command| disk.under(command))
}

fn rounds(default: u64) -> Result<u64> {
    match std::env::var("WKIT_CRASH_ROUNDS") {
        Ok(text) => text.parse().context("WKIT_CRASH_ROUNDS is no number"),
        Err(_) => Ok(default),
    }
}

async fn crash(disk: &mut impl Disk, metadata: &str, rounds: u64) -> Result<()> {
    let (mut all, mut random) = (Vec::new(), 0x9e37_79b9_7f4a_7c15_u64);
    for round in 0..rounds {
        let mut program = start(disk, metadata)?;
        let pushes = Arc::new(Mutex::new(Pushes::default()));
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                tokio::spawn(push_until_it_fails(program.api.clone(), round, worker, pushes.clone()))
            })
            .collect();
        // The moment differs from round to round; nothing depends on how much is done by then.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(100 + (random >> 33) % 300)).await;
        program.kill()?;
        for worker in workers {
            worker.await?;
        }
        disk.crash()?;
        let pushes = std::mem::take(&mut *pushes.lock().expect("no worker panicked"));
        let mut program = start(disk, metadata)?;
        check(&program.api, &pushes).await.with_context(|| format!("in round {round}"))?;
        all.extend(pushes.acknowledged);
        program.kill()?;
        disk.crash()?;
        if round.is_multiple_of(5) {
            parts_agree(&disk.data(), metadata).with_context(|| format!("in round {round}"))?;
        }
    }
    parts_agree(&disk.data(), metadata)?;
    let program = start(disk, metadata)?;
    eprintln!("{metadata} {rounds} crashes, {} pushes were acknowledged", all.len());
    ensure!(!all.is_empty(), "no push was ever acknowledged");
    check(&program.api, &Pushes { acknowledged: all, begun: Vec::new() }).await
}

/// Journal, metadata store, indexes and blobs agree. A crash may leave content that nobody holds yet.
fn parts_agree(data: &Path, metadata: &str) -> Result<()> {
    let path = data.to_string_lossy();
    let (_, report, errors) = run(&["check", "--format", "json", "--metadata", metadata, "--data", &path])?;
    let report: Value = serde_json::from_str(&report).with_context(|| errors)?;
    let findings = report["findings"].as_array().context("no findings")?;
    let wrong: Vec<_> = findings.iter().filter(|finding| finding["kind"] != "content-orphaned").collect();
    ensure!(wrong.is_empty(), "the parts of the registry do not agree: {wrong:?}");
    Ok(())
}

/// Pushes one artifact after another until the server is gone.
async fn push_until_it_fails(api: Api, round: u64, worker: usize, pushes: Arc<Mutex<Pushes>>) {
    for number in 0.. {
        // Half the workers share a repository, so that commits to the same keys meet.
        let repository =
            if worker.is_multiple_of(2) { "shared".to_owned() } else { format!("own/w{worker}") };
        let tag = format!("r{round}-w{worker}-n{number}");
        let layer = tag.as_bytes().repeat(1 + (number * 997) % 4096);
        if push(&api, repository, tag, &layer, number % 4 == 3, &pushes).await.is_err() {
            return;
        }
    }
}

async fn push(
    api: &Api,
    repository: String,
    tag: String,
    layer: &[u8],
    in_chunks: bool,
    pushes: &Mutex<Pushes>,
) -> Result<()> {
    let config = format!("{{\"tag\":\"{tag}\"}}");
    let blobs = vec![Digest::sha256(config.as_bytes()), Digest::sha256(layer)];
    {
        let mut pushes = pushes.lock().expect("no worker panicked");
        pushes.begun.extend(blobs.iter().map(|digest| (repository.clone(), digest.clone())));
    }
    ensure!(api.push_blob(&repository, config.as_bytes()).await?.status() == 201);
    let pushed = match in_chunks {
        true => api.push_blob_in_chunks(&repository, layer).await?,
        false => api.push_blob(&repository, layer).await?,
    };
    ensure!(pushed.status() == 201);
    let subject = Digest::sha256(b"subject");
    let manifest = manifest(config.as_bytes(), &[layer], Some(&subject));
    ensure!(api.push_manifest(&repository, &tag, &manifest).await?.status() == 201);
    let artifact = Artifact { repository, tag, manifest, blobs };
    pushes.lock().expect("no worker panicked").acknowledged.push(artifact);
    Ok(())
}

async fn check(api: &Api, pushes: &Pushes) -> Result<()> {
    let mut listed = BTreeSet::new();
    let repositories: BTreeSet<&str> = pushes.acknowledged.iter().map(|it| it.repository.as_str()).collect();
    for repository in repositories {
        let tags: Value = api.get(&format!("/v2/{repository}/tags/list")).await?.json().await?;
        let tags = tags["tags"].as_array().context("no list of tags")?;
        for tag in tags.iter().filter_map(Value::as_str) {
            // Every tag that is listed can be read, also of a push that was not acknowledged.
            listed.insert((repository.to_owned(), tag.to_owned()));
        }
        let referrers =
            api.get(&format!("/v2/{repository}/referrers/{}", Digest::sha256(b"subject"))).await?;
        ensure!(
            referrers.status() == 200,
            "the referrers of `{repository}` were answered {}",
            referrers.status()
        );
    }
    for artifact in &pushes.acknowledged {
        let Artifact { repository, tag, manifest, blobs } = artifact;
        ensure!(listed.contains(&(repository.clone(), tag.clone())), "`{repository}:{tag}` is not listed");
        let response = api.get(&format!("/v2/{repository}/manifests/{tag}")).await?;
        ensure!(response.status() == 200, "`{repository}:{tag}` was answered {}", response.status());
        ensure!(response.bytes().await? == *manifest, "`{repository}:{tag}` has changed");
        for digest in blobs {
            ensure!(whole(api, repository, digest).await?, "`{digest}` of `{repository}:{tag}` is gone");
        }
    }
    for (repository, digest) in &pushes.begun {
        whole(api, repository, digest).await?;
    }
    for (repository, tag) in &listed {
        let response = api.get(&format!("/v2/{repository}/manifests/{tag}")).await?;
        ensure!(
            response.status() == 200,
            "`{repository}:{tag}` is listed and was answered {}",
            response.status()
        );
        let digest: Digest = header(&response, "docker-content-digest").parse()?;
        ensure!(
            Digest::sha256(&response.bytes().await?) == digest,
            "`{repository}:{tag}` has another digest"
        );
    }
    Ok(())
}

/// Whether a blob is there. When it is, it must be whole.
async fn whole(api: &Api, repository: &str, digest: &Digest) -> Result<bool> {
    let response = api.get(&format!("/v2/{repository}/blobs/{digest}")).await?;
    match response.status().as_u16() {
        404 => Ok(false),
        200 => {
            let found = Digest::of(digest.algorithm(), &response.bytes().await?);
            ensure!(found == *digest, "`{digest}` in `{repository}` has the content of `{found}`");
            Ok(true)
        }
        status => anyhow::bail!("`{digest}` in `{repository}` was answered {status}"),
    }
}
