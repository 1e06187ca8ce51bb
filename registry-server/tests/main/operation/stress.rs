//! Pushes of shared content over HTTP while the collector runs as fast as it can.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use wkit_artifact::Digest;
use wkit_registry_server::{Config, GarbageRules};

use super::{run, without_grace};
use crate::support::{Api, InProcess, Program, header, manifest};

const PUSHERS: usize = 8;
/// How long pushing goes on when the collector does not remove enough.
const ROUNDS: usize = 400;
/// How many artifacts each pusher leaves alive: what was pushed before is deleted, and its content comes again later.
const ALIVE: usize = 1;

/// What an artifact that was acknowledged, and not deleted since, consists of.
#[derive(Clone)]
struct Artifact {
    manifest: Vec<u8>,
    contents: [Vec<u8>; 2],
}

/// All of them, by repository and tag.
type Live = Arc<Mutex<BTreeMap<(String, String), Artifact>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_without_any_grace() -> Result<()> {
    let removed = stress(300, |config| config.garbage = without_grace()).await?;
    ensure!(removed > 0, "the collector was never there at the right moment");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_with_a_grace_that_pushes_outlast() -> Result<()> {
    // Most content comes again before its grace is over.
    stress(5, |config| config.garbage = GarbageRules { grace_seconds: 1, ..without_grace() }).await.map(drop)
}

/// Kills the program in the middle of pushes and collections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_collector_is_killed() -> Result<()> {
    let rounds: u64 = match std::env::var("WKIT_CRASH_ROUNDS") {
        Ok(text) => text.parse().context("WKIT_CRASH_ROUNDS is no number")?,
        Err(_) => 20,
    };
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("registry"), folder.path().join("registry.toml"));
    std::fs::write(&config, "[garbage]\nenabled = false\ngrace-seconds = 0\n")?;
    let config = config.to_str().context("a path that is no text")?;
    let (mut pushed, mut all) = (0, BTreeMap::new());
    for round in 0..rounds.div_ceil(4) {
        let mut program = Program::start(&data, &["--config", config])?;
        let (api, live, never) = (&program.api, Live::default(), Arc::new(AtomicBool::new(false)));
        let pushers: Vec<_> = (0..PUSHERS)
            .map(|number| {
                // Tags of other rounds stay as they are.
                let number = number + PUSHERS * usize::try_from(round).unwrap_or(0);
                tokio::spawn(push(api.clone(), number, never.clone(), live.clone()))
            })
            .collect();
        let collector = tokio::spawn({
            let api = api.clone();
            async move { while run(&api, "garbage", false).await.is_ok() {} }
        });
        // Nothing depends on how much is done by then.
        tokio::time::sleep(Duration::from_millis(300 + 170 * (round % 7))).await;
        program.kill()?;
        collector.await?;
        for pusher in pushers {
            ensure!(pusher.await?.is_err(), "a pusher did not notice that the program was killed");
        }
        let live = std::mem::take(&mut *live.lock().expect("no pusher panicked"));
        pushed += live.len();
        all.extend(live);
        let mut program = Program::start(&data, &["--config", config])?;
        check(&program.api, &all).await.with_context(|| format!("in round {round}"))?;
        run(&program.api, "garbage", false).await?;
        check(&program.api, &all).await.with_context(|| format!("after a collection in round {round}"))?;
        program.kill()?;
    }
    ensure!(pushed > 0, "no push was ever acknowledged");
    Ok(())
}

/// Pushes until the collector has removed `wanted` blobs of what was pushed.
async fn stress(wanted: u64, change: impl FnOnce(&mut Config)) -> Result<u64> {
    let server = InProcess::start_with(change).await?;
    let live = Live::default();
    let (enough, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let collector = tokio::spawn({
        let (api, enough, done) = (server.api.clone(), enough.clone(), done.clone());
        async move {
            let (mut removed, mut runs) = (0, 0_u32);
            while !done.load(Ordering::Relaxed) {
                removed +=
                    run(&api, "garbage", false).await?["removed"]["blobs"].as_u64().context("no number")?;
                runs += 1;
                if removed >= wanted {
                    enough.store(true, Ordering::Relaxed);
                }
            }
            anyhow::Ok((removed, runs))
        }
    });
    let pushers: Vec<_> = (0..PUSHERS)
        .map(|number| tokio::spawn(push(server.api.clone(), number, enough.clone(), live.clone())))
        .collect();
    let mut pushed = 0;
    for pusher in pushers {
        pushed += pusher.await??;
    }
    done.store(true, Ordering::Relaxed);
    let (removed, runs) = collector.await??;
    eprintln!("{removed} blobs were removed in {runs} runs while {pushed} artifacts were pushed");

    let live = std::mem::take(&mut *live.lock().expect("no pusher panicked"));
    ensure!(!live.is_empty(), "nothing was pushed");
    check(&server.api, &live).await?;
    let contents = live.values().flat_map(|artifact| &artifact.contents);
    let expected: BTreeSet<Digest> = contents.map(|content| Digest::sha256(content)).collect();
    // What nothing refers to is gone in the end: with a grace of a second, after more than one.
    let mut blobs = 0;
    for _ in 0..100 {
        run(&server.api, "garbage", false).await?;
        blobs = content_files(server.folder.path())?;
        if blobs == expected.len() {
            server.stop().await?;
            return Ok(removed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("expected {} blobs in the end, found {blobs}", expected.len())
}

/// Whatever was acknowledged can be pulled whole.
async fn check(api: &Api, live: &BTreeMap<(String, String), Artifact>) -> Result<()> {
    for ((repository, tag), Artifact { manifest, contents }) in live {
        let response = api.get(&format!("/v2/{repository}/manifests/{tag}")).await?;
        ensure!(response.bytes().await? == *manifest, "`{repository}:{tag}` is lost");
        for content in contents {
            let digest = Digest::sha256(content);
            let response = api.get(&format!("/v2/{repository}/blobs/{digest}")).await?;
            ensure!(response.bytes().await? == *content, "`{digest}` of `{repository}:{tag}` is lost");
        }
    }
    Ok(())
}

fn content_files(folder: &std::path::Path) -> Result<usize> {
    let mut count = 0;
    for shard in std::fs::read_dir(folder.join("registry/blobs/sha256"))? {
        count += std::fs::read_dir(shard?.path())?.count();
    }
    Ok(count)
}

/// Pushes artifacts of contents that all pushers share, and deletes the ones before.
async fn push(api: Api, number: usize, enough: Arc<AtomicBool>, live: Live) -> Result<usize> {
    let (mut mine, mut round) = (VecDeque::new(), 0);
    while round < ROUNDS && !enough.load(Ordering::Relaxed) {
        let repository = format!("r{}", number % 2);
        let tag = format!("p{number}-{round}");
        let contents =
            [format!("for all {} ", round % 12), format!("for some {} {} ", number % 4, round % 9)];
        let contents = contents.map(|text| text.repeat(50).into_bytes());
        let [config, layer] = &contents;
        let mut bytes: serde_json::Value = serde_json::from_slice(&manifest(config, &[layer], None))?;
        bytes["annotations"] = serde_json::json!({ "tag": tag });
        let bytes = bytes.to_string().into_bytes();
        let mut attempts = 0;
        loop {
            for (place, content) in contents.iter().enumerate() {
                push_content(&api, &repository, content, number + round + place + attempts).await?;
            }
            let pushed = api.push_manifest(&repository, &tag, &bytes).await?;
            match pushed.status().as_u16() {
                201 => break,
                // The collector was faster; without a grace, that is its right.
                404 if attempts < 200 => attempts += 1,
                status => anyhow::bail!("a manifest was answered {status}: {}", pushed.text().await?),
            }
        }
        let key = (repository, tag);
        live.lock().expect("no pusher panicked").insert(key.clone(), Artifact { manifest: bytes, contents });
        mine.push_back(key);
        if mine.len() > ALIVE
            && let Some(key) = mine.pop_front()
        {
            // Not alive from here on, whether the deletion is acknowledged or not.
            let artifact = live.lock().expect("no pusher panicked").remove(&key);
            let artifact = artifact.context("an artifact that nobody pushed")?;
            let path = format!("/v2/{}/manifests/{}", key.0, Digest::sha256(&artifact.manifest));
            ensure!(api.send(Method::DELETE, &path).await?.status() == 202);
        }
        round += 1;
    }
    Ok(round)
}

async fn push_content(api: &Api, repository: &str, content: &[u8], way: usize) -> Result<()> {
    let digest = Digest::sha256(content);
    if way.is_multiple_of(2) {
        let found = api.send(Method::HEAD, &format!("/v2/{repository}/blobs/{digest}")).await?;
        if found.status() == 200 {
            return Ok(());
        }
    }
    if way.is_multiple_of(3) {
        let path = format!("/v2/{repository}/blobs/uploads/?mount={digest}&from=r{}", way % 3);
        let mounted = api.send(Method::POST, &path).await?;
        match mounted.status().as_u16() {
            201 => return Ok(()),
            202 => {
                let location = format!("{}?digest={digest}", header(&mounted, "location"));
                let put = api.request(Method::PUT, &location).body(content.to_vec()).send().await?;
                ensure!(put.status() == 201, "a blob was answered {}", put.status());
                return Ok(());
            }
            status => anyhow::bail!("a mount was answered {status}"),
        }
    }
    let pushed = api.push_blob(repository, content).await?;
    ensure!(pushed.status() == 201, "a blob was answered {}", pushed.status());
    Ok(())
}
