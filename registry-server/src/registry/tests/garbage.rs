//! The collector, and what happens at the worst moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory::{Memory, Random};
use super::*;
use crate::registry::garbage::GarbageReport;
use crate::registry::{Clock, GarbageError};

/// A registry in memory with a clock that the test moves.
pub(super) struct Bench {
    pub(super) registry: Registry,
    pub(super) memory: Memory,
    pub(super) time_ms: Arc<AtomicU64>,
}

impl Bench {
    pub(super) fn new(rules: Rules) -> Self {
        let memory = Memory::new(Random::new(1));
        let time_ms = Arc::new(AtomicU64::new(1_000_000_000));
        let registry = Registry::with_clock(memory.stores(), rules, Clock::Manual(time_ms.clone()));
        Self { registry, memory, time_ms }
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.time_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    async fn collect(&self) -> GarbageReport {
        self.registry.collect_garbage(false).await.unwrap()
    }

    fn is_marked(&self, repository: &str, digest: &Digest) -> bool {
        self.memory.keys_of("garbage/").contains(&layout::garbage(&name(repository), digest))
    }
}

fn with_grace(grace_seconds: u64) -> Rules {
    Rules { garbage: GarbageRules { grace_seconds, ..GarbageRules::default() }, ..Rules::default() }
}

fn tally(blobs: u64, bytes: u64) -> Tally {
    Tally { blobs, bytes }
}

#[tokio::test]
async fn garbage_goes_when_its_grace_is_over_and_not_before() {
    let bench = Bench::new(with_grace(100));
    let digest = push_blob(&bench.registry, "a", b"garbage").await;
    let dry = bench.registry.collect_garbage(true).await.unwrap();
    assert_eq!((dry.marked, bench.is_marked("a", &digest)), (tally(1, 7), false));
    assert_eq!(bench.collect().await.marked, tally(1, 7));
    assert!(bench.is_marked("a", &digest));
    bench.pass(99);
    let report = bench.collect().await;
    assert_eq!((report.waiting, report.removed, report.oldest_seconds), (tally(1, 7), tally(0, 0), Some(99)));
    bench.pass(1);
    assert_eq!(bench.registry.collect_garbage(true).await.unwrap().removed, tally(1, 7));
    assert!(bench.registry.blob_size(&name("a"), &digest).await.is_ok());
    let report = bench.collect().await;
    assert_eq!((report.removed, report.freed), (tally(1, 7), tally(1, 7)));
    assert_eq!(report.repositories.first().unwrap().repository, "a");
    assert!(bench.registry.blob_size(&name("a"), &digest).await.is_err());
    assert!(bench.memory.content.lock().unwrap().is_empty());
    assert!(bench.memory.keys_of("garbage/").is_empty());
}

#[tokio::test]
async fn the_grace_begins_again_with_a_push_a_mount_a_head_and_a_manifest() {
    let bench = Bench::new(with_grace(100));
    let registry = &bench.registry;
    for way in 0..4 {
        push_blob(registry, "other", b"blob").await;
        let digest = push_blob(registry, "a", b"blob").await;
        bench.collect().await;
        bench.pass(100);
        match way {
            0 => drop(push_blob(registry, "a", b"blob").await),
            1 => {
                let mounted = registry.mount_blob(name("a"), digest.clone(), Some(name("other"))).await;
                assert!(mounted.unwrap());
            }
            2 => registry.renew_blob(&name("a"), &digest).await.unwrap(),
            _ => drop(push(registry, "a", tag("v1"), &manifest(&digest, None)).await),
        }
        assert!(!bench.is_marked("a", &digest), "way {way}");
        let report = bench.collect().await;
        assert!(registry.blob_size(&name("a"), &digest).await.is_ok(), "way {way}");
        assert_eq!(
            report.repositories.iter().filter(|part| part.repository == "a").count(),
            usize::from(way < 3)
        );
    }
}

/// The collector has found that nothing refers to the blob, and is about to commit its removal.
#[tokio::test]
async fn whoever_uses_a_blob_at_the_last_moment_wins() {
    for way in ["manifest", "head"] {
        let bench = Bench::new(with_grace(0));
        let digest = push_blob(&bench.registry, "a", b"blob").await;
        let registry = bench.registry.clone();
        bench.memory.before_commit(layout::blob(&name("a"), &digest), {
            let digest = digest.clone();
            async move {
                match way {
                    "manifest" => drop(push(&registry, "a", tag("v1"), &manifest(&digest, None)).await),
                    _ => registry.renew_blob(&name("a"), &digest).await.unwrap(),
                }
            }
        });
        let report = bench.collect().await;
        assert_eq!((report.removed, report.freed), (tally(0, 0), tally(0, 0)), "{way}");
        assert_eq!(read_blob(&bench.registry, "a", &digest).await.unwrap(), b"blob", "{way}");
    }
}

/// A manifest that comes a moment too late is refused, so that the client pushes the blob again.
#[tokio::test]
async fn whoever_comes_after_the_removal_is_told() {
    let bench = Bench::new(with_grace(0));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    bench.collect().await;
    let put = bench.registry.put_manifest(name("a"), tag("v1"), Vec::new(), None, manifest(&digest, None));
    assert!(matches!(put.await, Err(ManifestError::Missing { .. })));
    assert!(matches!(bench.registry.blob_size(&name("a"), &digest).await, Err(BlobError::Unknown { .. })));
    bench.registry.renew_blob(&name("a"), &digest).await.unwrap();
}

/// A client asks whether a blob is there, and before this is noted the collector takes it.
#[tokio::test]
async fn a_head_that_is_overtaken_by_the_collector_finds_nothing() {
    let bench = Bench::new(with_grace(100));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    bench.collect().await;
    bench.pass(100);
    let registry = bench.registry.clone();
    bench.memory.before_commit(layout::garbage(&name("a"), &digest), async move {
        assert_eq!(registry.collect_garbage(false).await.unwrap().removed, tally(1, 4));
    });
    let renewed = bench.registry.renew_blob(&name("a"), &digest).await;
    assert!(matches!(renewed, Err(BlobError::Unknown { .. })));
}

/// Between the look for holders and the removal of the content, another repository gets the same blob.
#[tokio::test]
async fn content_is_not_removed_while_it_is_pushed_elsewhere() {
    let bench = Bench::new(with_grace(0));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    let registry = bench.registry.clone();
    let (sender, pushed) = tokio::sync::oneshot::channel();
    bench.memory.before_remove(digest.clone(), async move {
        // The push has to wait for the removal, so the removal must not wait for it.
        let push = tokio::spawn(async move { push_blob(&registry, "b", b"blob").await });
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        sender.send(push).unwrap();
    });
    bench.collect().await;
    pushed.await.unwrap().await.unwrap();
    assert_eq!(read_blob(&bench.registry, "b", &digest).await.unwrap(), b"blob");
}

#[tokio::test]
async fn what_is_referred_to_in_any_way_stays() {
    let bench = Bench::new(with_grace(0));
    let registry = &bench.registry;
    let (config, layer, foreign) = (
        push_blob(registry, "a", b"config").await,
        push_blob(registry, "a", b"layer").await,
        push_blob(registry, "a", b"foreign").await,
    );
    let elsewhere = push_blob(registry, "b", b"layer").await;
    let descriptor = |kind: &str, digest: &Digest| serde_json::json!({ "mediaType": kind, "digest": digest.to_string(), "size": 1 });
    let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    let bytes: Bytes = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": descriptor("a/b", &config),
        "layers": [descriptor("a/b", &layer), descriptor(kind, &foreign)],
    })
    .to_string()
    .into();
    // Without a tag, which is no reason to go.
    push(registry, "a", TagOrDigest::Digest(Digest::sha256(&bytes)), &bytes).await;
    let report = bench.collect().await;
    assert_eq!((report.removed, report.freed), (tally(1, 5), tally(0, 0)));
    assert!(registry.blob_size(&name("b"), &elsewhere).await.is_err());
    for digest in [&config, &layer, &foreign] {
        assert!(registry.blob_size(&name("a"), digest).await.is_ok());
    }
}

#[tokio::test]
async fn a_repository_with_a_manifest_that_cannot_be_read_is_left_alone() {
    let bench = Bench::new(with_grace(0));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    push_blob(&bench.registry, "b", b"other").await;
    let key = layout::manifest(&name("a"), &Digest::sha256(b"damaged"));
    bench.memory.keys.lock().unwrap().insert(key, b"text/plain\n{".to_vec());
    let report = bench.collect().await;
    assert_eq!((report.damaged, report.removed), (vec!["a".to_owned()], tally(1, 5)));
    assert!(bench.registry.blob_size(&name("a"), &digest).await.is_ok());
}

#[tokio::test]
async fn marks_of_what_is_gone_are_forgotten() {
    let bench = Bench::new(with_grace(100));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    push_blob(&bench.registry, "a", b"another").await;
    {
        let mut keys = bench.memory.keys.lock().unwrap();
        keys.insert(layout::garbage(&name("a"), &Digest::sha256(b"gone")), b"1".to_vec());
        keys.insert(layout::orphan(&Digest::sha256(b"gone")), b"1".to_vec());
        keys.insert(layout::orphan(&digest), b"1".to_vec());
        // Not a time: as if it were not marked.
        keys.insert(layout::garbage(&name("a"), &digest), b"x".to_vec());
    }
    assert_eq!(bench.collect().await.marked, tally(2, 11));
    assert_eq!(bench.memory.keys_of("garbage/").len(), 2);
}

/// A repository with more links than are looked at together.
#[tokio::test]
async fn a_page_of_links_and_one_more() {
    use crate::limits::GARBAGE_PAGE_MAX;

    let bench = Bench::new(with_grace(0));
    let used = push_blob(&bench.registry, "a", b"used").await;
    push(&bench.registry, "a", tag("v1"), &manifest(&used, None)).await;
    {
        let mut keys = bench.memory.keys.lock().unwrap();
        for number in 0..GARBAGE_PAGE_MAX {
            let digest = Digest::sha256(format!("{number}").as_bytes());
            keys.insert(layout::blob(&name("a"), &digest), b"1".to_vec());
            keys.insert(layout::holder(&digest, &name("a")), Vec::new());
        }
    }
    let report = bench.registry.collect_garbage(true).await.unwrap();
    assert_eq!(report.marked, tally(GARBAGE_PAGE_MAX as u64, GARBAGE_PAGE_MAX as u64));
    assert!(bench.collect().await.removed.blobs == GARBAGE_PAGE_MAX as u64);
    assert_eq!(bench.memory.keys_of("blob/"), [layout::blob(&name("a"), &used)]);
    assert!(bench.memory.keys_of("garbage/").is_empty());
}

#[tokio::test]
async fn a_read_only_registry_collects_nothing() {
    let bench = Bench::new(Rules { read_only: true, ..with_grace(0) });
    assert!(matches!(bench.registry.collect_garbage(false).await, Err(GarbageError::ReadOnly)));
    assert!(matches!(bench.registry.retain(false).await, Err(GarbageError::ReadOnly)));
    bench.registry.set_read_only(false);
    bench.collect().await;
}

/// A registry becomes read-only in the middle of a run.
#[tokio::test]
async fn a_run_ends_when_nothing_may_be_changed_any_more() {
    let bench = Bench::new(with_grace(0));
    let digest = push_blob(&bench.registry, "a", b"blob").await;
    let other = push_blob(&bench.registry, "b", b"other").await;
    let registry = bench.registry.clone();
    bench.memory.before_commit(layout::blob(&name("a"), &digest), async move {
        registry.set_read_only(true);
    });
    assert!(matches!(bench.registry.collect_garbage(false).await, Err(GarbageError::ReadOnly)));
    assert!(bench.registry.blob_size(&name("a"), &digest).await.is_err());
    assert!(bench.registry.blob_size(&name("b"), &other).await.is_ok());
    // A look is possible.
    assert_eq!(bench.registry.collect_garbage(true).await.unwrap().removed, tally(1, 5));
}

#[tokio::test]
async fn a_run_that_was_asked_for_ends_with_the_registry() {
    let bench = Bench::new(with_grace(0));
    bench.registry.stop_runs();
    for dry_run in [true, false] {
        let result = bench.registry.collect_garbage_to_the_end(dry_run).await;
        assert!(matches!(result, Err(GarbageError::Interrupted(_))));
        let result = bench.registry.retain_to_the_end(dry_run).await;
        assert!(matches!(result, Err(GarbageError::Interrupted(_))));
    }
}

/// A manifest that is too long to be read on the spot.
#[tokio::test]
async fn what_a_long_manifest_refers_to_stays() {
    use crate::limits::MANIFEST_INLINE_BYTES_MAX;

    let bench = Bench::new(with_grace(0));
    for (size, text) in [(MANIFEST_INLINE_BYTES_MAX - 1_000, "short"), (MANIFEST_INLINE_BYTES_MAX, "long")] {
        let digest = push_blob(&bench.registry, "a", text.as_bytes()).await;
        let mut bytes: serde_json::Value = serde_json::from_slice(&manifest(&digest, None)).unwrap();
        bytes["annotations"] = serde_json::json!({ "text": "x".repeat(size) });
        push(&bench.registry, "a", tag(text), &bytes.to_string().into()).await;
    }
    assert_eq!(bench.collect().await.removed, tally(0, 0));
    for text in ["short", "long"] {
        assert!(bench.registry.blob_size(&name("a"), &Digest::sha256(text.as_bytes())).await.is_ok());
    }
}
