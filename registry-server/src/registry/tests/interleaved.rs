//! Pushes, deletions, retention and the collector, interleaved in as many ways as there are seeds: whatever a push was
//! acknowledged for can be pulled whole until somebody deletes it, and everything else is gone in the end.
//!
//! WKIT_INTERLEAVINGS sets the number of seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::memory::{Memory, Random};
use super::*;
use crate::registry::{Clock, GarbageError, RetentionRule};

/// What a run is like.
#[derive(Clone, Copy, Debug)]
struct Shape {
    grace_seconds: u64,
    /// Manifests without a tag go at once.
    retention: bool,
}

/// What was acknowledged and not deleted since: repository and tag, and what must be readable.
type Live = Arc<Mutex<BTreeMap<(String, String), Artifact>>>;

#[derive(Clone)]
struct Artifact {
    manifest: Bytes,
    /// The manifests it lists.
    children: Vec<Bytes>,
    blobs: Vec<Digest>,
}

#[derive(Clone)]
struct World {
    registry: Registry,
    memory: Memory,
    random: Random,
    time_ms: Arc<AtomicU64>,
    shape: Shape,
    live: Live,
}

const PUSHERS: u64 = 4;
const REPOSITORIES: u64 = 2;
const CONTENTS: u64 = 5;

fn seeds() -> u64 {
    std::env::var("WKIT_INTERLEAVINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

#[test]
fn no_grace_at_all() {
    run_all(Shape { grace_seconds: 0, retention: false });
}

#[test]
fn a_grace_that_pushes_outlast() {
    run_all(Shape { grace_seconds: 1, retention: false });
}

#[test]
fn within_the_grace_no_push_is_told_to_start_again() {
    run_all(Shape { grace_seconds: 1_000_000, retention: false });
}

#[test]
fn with_a_retention_that_keeps_nothing_without_a_tag() {
    run_all(Shape { grace_seconds: 0, retention: true });
}

fn run_all(shape: Shape) {
    for seed in 0..seeds() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let done = runtime.block_on(async { tokio::spawn(run(seed, shape)).await });
        assert!(done.is_ok(), "seed {seed} of {shape:?}");
    }
}

async fn run(seed: u64, shape: Shape) {
    let random = Random::new(seed + 1);
    let memory = Memory::new(random.clone());
    let time_ms = Arc::new(AtomicU64::new(1_000_000_000));
    let rule = |text: &str| toml::from_str::<RetentionRule>(text).unwrap();
    let retention = "repositories = \"**\"\nkeep-untagged = false\nuntagged-days = 0";
    let rules = Rules {
        garbage: GarbageRules { grace_seconds: shape.grace_seconds, ..GarbageRules::default() },
        retention: if shape.retention { vec![rule(retention)] } else { Vec::new() },
        ..Rules::default()
    };
    let registry = Registry::with_clock(memory.stores(), rules, Clock::Manual(time_ms.clone()));
    let world = World { registry, memory, random, time_ms, shape, live: Live::default() };
    let pushers: Vec<_> = (0..PUSHERS).map(|number| tokio::spawn(push_some(world.clone(), number))).collect();
    let collector = tokio::spawn(collect(world.clone()));
    for pusher in pushers {
        pusher.await.unwrap();
    }
    collector.abort();
    let _ = collector.await;
    world.registry.finish().await;
    check_live(&world).await;
    check_nothing_else_is_left(&world).await;
}

async fn collect(world: World) {
    loop {
        world.time_ms.fetch_add(world.random.below(800), Ordering::SeqCst);
        let result = match world.shape.retention && world.random.below(2) == 0 {
            true => world.registry.retain(false).await.map(drop),
            false => world.registry.collect_garbage(false).await.map(drop),
        };
        assert!(result.is_ok(), "{result:?}");
        world.random.pause().await;
        tokio::task::yield_now().await;
    }
}

async fn push_some(world: World, number: u64) {
    for round in 0..6 {
        let repository = format!("r{}", world.random.below(REPOSITORIES));
        let tag = format!("p{number}-{round}");
        let artifact = match world.random.below(3) {
            0 => push_index(&world, &repository, &tag).await,
            _ => push_image(&world, &repository, &tag, Some(&tag)).await,
        };
        world.live.lock().unwrap().insert((repository.clone(), tag.clone()), artifact);
        if world.random.below(3) == 0 {
            let mine: Vec<_> = {
                let live = world.live.lock().unwrap();
                live.keys().filter(|key| key.1.starts_with(&format!("p{number}-"))).cloned().collect()
            };
            let picked = mine[usize::try_from(world.random.below(mine.len() as u64)).unwrap()].clone();
            delete(&world, picked).await;
        }
        if world.random.below(4) == 0 {
            check_live_of(&world, number).await;
        }
    }
}

async fn delete(world: &World, picked: (String, String)) {
    let artifact = world.live.lock().unwrap().remove(&picked).unwrap();
    for bytes in [&artifact.manifest].into_iter().chain(&artifact.children) {
        let digest = TagOrDigest::Digest(Digest::sha256(bytes));
        let deleted = world.registry.delete_manifest(name(&picked.0), digest).await;
        // Retention may have been faster with a manifest that has no tag.
        let faster = world.shape.retention && matches!(deleted, Err(ManifestError::Unknown { .. }));
        assert!(faster || deleted.is_ok(), "{deleted:?}");
    }
}

/// Pushes what a manifest refers to and then the manifest, as clients do: again when they are told that it is missing.
async fn push_image(world: &World, repository: &str, unique: &str, tag_name: Option<&str>) -> Artifact {
    let contents: Vec<String> =
        (0..=world.random.below(2)).map(|_| format!("content {}", world.random.below(CONTENTS))).collect();
    let blobs: Vec<Digest> = contents.iter().map(|text| Digest::sha256(text.as_bytes())).collect();
    let descriptor =
        |digest: &Digest| serde_json::json!({ "mediaType": "a/b", "digest": digest.to_string(), "size": 1 });
    let bytes: Bytes = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": descriptor(&blobs[0]),
        "layers": blobs.iter().map(descriptor).collect::<Vec<_>>(), "annotations": { "unique": unique },
    })
    .to_string()
    .into();
    let reference = || match tag_name {
        Some(text) => tag(text),
        None => TagOrDigest::Digest(Digest::sha256(&bytes)),
    };
    for _ in 0..200 {
        for text in &contents {
            push_content(world, repository, text.as_bytes()).await;
        }
        let pushed =
            world.registry.put_manifest(name(repository), reference(), Vec::new(), None, bytes.clone()).await;
        match pushed {
            Ok(_) => return Artifact { manifest: bytes, children: Vec::new(), blobs },
            Err(ManifestError::Missing { .. }) if world.shape.grace_seconds < 2 => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("a push was never lucky")
}

/// Makes sure that a blob is there, in one of the ways that clients have.
async fn push_content(world: &World, repository: &str, content: &[u8]) {
    let (registry, digest, repository) = (&world.registry, Digest::sha256(content), name(repository));
    match world.random.below(4) {
        // As a client does that knows it from long ago.
        3 if world.shape.grace_seconds < 2 => return,
        0 => {
            // As a `HEAD` does.
            if registry.renew_blob(&repository, &digest).await.is_ok()
                && registry.blob_size(&repository, &digest).await.is_ok()
            {
                return;
            }
        }
        1 => {
            let source = Some(name(&format!("r{}", world.random.below(REPOSITORIES))));
            if registry.mount_blob(repository.clone(), digest.clone(), source).await.unwrap() {
                return;
            }
        }
        _ => {}
    }
    registry.put_blob(repository, digest, body(&[content])).await.unwrap();
}

/// Pushes images without a tag and an index that lists them.
async fn push_index(world: &World, repository: &str, tag_name: &str) -> Artifact {
    for _ in 0..200 {
        let (mut children, mut blobs) = (Vec::new(), Vec::new());
        for number in 0..2 {
            let unique = format!("{tag_name}-{number}");
            let image = push_image(world, repository, &unique, None).await;
            children.push(image.manifest);
            blobs.extend(image.blobs);
        }
        let entries: Vec<_> = children
            .iter()
            .map(|bytes| {
                let digest = Digest::sha256(bytes).to_string();
                serde_json::json!({ "mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": bytes.len() })
            })
            .collect();
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries,
        });
        let bytes: Bytes = index.to_string().into();
        let pushed =
            world.registry.put_manifest(name(repository), tag(tag_name), Vec::new(), None, bytes.clone());
        match pushed.await {
            Ok(_) => return Artifact { manifest: bytes, children, blobs },
            Err(ManifestError::Missing { .. }) if world.shape.retention => {
                // The images of this attempt have other content than those of the next one may have.
                for child in children {
                    let digest = TagOrDigest::Digest(Digest::sha256(&child));
                    let _ = world.registry.delete_manifest(name(repository), digest).await;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("a push was never lucky")
}

async fn check_live_of(world: &World, number: u64) {
    let mine: Vec<_> = {
        let live = world.live.lock().unwrap();
        let mine = live.iter().filter(|(key, _)| key.1.starts_with(&format!("p{number}-")));
        mine.map(|(key, artifact)| (key.clone(), artifact.clone())).collect()
    };
    for ((repository, tag_name), artifact) in mine {
        check(world, &repository, &tag_name, &artifact).await;
    }
}

async fn check_live(world: &World) {
    for number in 0..PUSHERS {
        check_live_of(world, number).await;
    }
}

async fn check(world: &World, repository: &str, tag_name: &str, artifact: &Artifact) {
    let stored = world.registry.manifest(&name(repository), &tag(tag_name)).await;
    assert_eq!(stored.unwrap().bytes, artifact.manifest, "{repository}:{tag_name}");
    for child in &artifact.children {
        let reference = TagOrDigest::Digest(Digest::sha256(child));
        let stored = world.registry.manifest(&name(repository), &reference).await;
        assert_eq!(stored.unwrap().bytes, *child, "{reference} of {repository}:{tag_name}");
    }
    for digest in &artifact.blobs {
        let read = read_blob(&world.registry, repository, digest).await;
        let read = read.unwrap_or_else(|error| panic!("{digest} of {repository}:{tag_name}: {error}"));
        assert_eq!(Digest::sha256(&read), *digest);
    }
}

async fn check_nothing_else_is_left(world: &World) {
    // The collector of a registry that has finished does not run any more.
    let rules = world.registry.rules().clone();
    let registry = Registry::with_clock(world.memory.stores(), rules, Clock::Manual(world.time_ms.clone()));
    for _ in 0..4 {
        if world.shape.retention {
            registry.retain(false).await.unwrap();
        }
        registry.collect_garbage(false).await.unwrap();
        world.time_ms.fetch_add(world.shape.grace_seconds * 1_000, Ordering::SeqCst);
    }
    let (mut links, mut manifests, mut content) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for ((repository, _), artifact) in world.live.lock().unwrap().iter() {
        for digest in &artifact.blobs {
            links.insert(layout::blob(&name(repository), digest));
            content.insert(digest.clone());
        }
        for bytes in [&artifact.manifest].into_iter().chain(&artifact.children) {
            manifests.insert(layout::manifest(&name(repository), &Digest::sha256(bytes)));
        }
    }
    assert_eq!(world.memory.keys_of("manifest/"), Vec::from_iter(manifests));
    assert_eq!(world.memory.keys_of("blob/"), Vec::from_iter(links));
    assert_eq!(world.memory.keys_of("garbage/"), Vec::<Vec<u8>>::new());
    let stored: Vec<Digest> = world.memory.content.lock().unwrap().keys().cloned().collect();
    assert_eq!(stored, Vec::from_iter(content));
    assert!(matches!(registry.collect_garbage(true).await, Ok(report) if report.is_empty()));
    let running = registry.parts.maintenance.lock().await;
    assert!(matches!(registry.collect_garbage(false).await, Err(GarbageError::Running)));
    drop(running);
}
