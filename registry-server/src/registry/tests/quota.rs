//! What is counted, and when.

use super::garbage::Bench;
use super::*;
use crate::registry::{QuotaReport, QuotaRule};

fn rules(bytes: u64) -> Rules {
    let rule = |pattern: &str, bytes| QuotaRule {
        repositories: pattern.parse().unwrap(),
        bytes: Some(bytes),
        tags: None,
        repository_count: None,
    };
    let garbage = GarbageRules { grace_seconds: 0, ..GarbageRules::default() };
    Rules { quotas: vec![rule("team/**", bytes), rule("**", 1_000_000)], garbage, ..Rules::default() }
}

async fn used(registry: &Registry) -> Vec<(u64, u64, u64)> {
    let report = registry.quota_report().await.unwrap();
    let used = |quota: QuotaReport| (quota.bytes.used, quota.tags.used, quota.repository_count.used);
    report.into_iter().map(used).collect()
}

#[tokio::test]
async fn every_quota_that_matches_counts_and_at_the_limit_fits() {
    let bench = Bench::new(rules(10));
    let registry = &bench.registry;
    push_blob(registry, "team/a", b"01234567").await;
    push_blob(registry, "elsewhere", b"0123").await;
    assert_eq!(used(registry).await, [(8, 0, 1), (12, 0, 2)]);
    push_blob(registry, "team/a", b"xy").await;
    let refused = registry.put_blob(name("team/a"), Digest::sha256(b"z"), body(&[b"z"])).await;
    let Err(UploadError::Quota(error)) = refused else { panic!("accepted") };
    assert_eq!((error.unit, error.allowed, error.used, error.added), ("bytes", 10, 10, 1));
    assert!(registry.check_room(&name("team/a"), None, 0).await.is_ok());
    assert!(registry.check_room(&name("team/a"), None, 1).await.is_err());
    assert!(registry.check_room(&name("team/b"), Some(&Digest::sha256(b"xy")), 2).await.is_ok());
}

/// Whatever happens, what is counted is what a count from the beginning finds.
#[tokio::test]
async fn the_count_is_that_of_a_new_start() {
    let bench = Bench::new(rules(1_000_000));
    let registry = &bench.registry;
    let mut manifests = Vec::new();
    for (place, repository) in ["team/a", "team/b", "other"].into_iter().enumerate() {
        let shared = push_blob(registry, repository, b"shared").await;
        let own = push_blob(registry, repository, repository.as_bytes()).await;
        let image = manifest(&shared, None);
        push(registry, repository, tag("v1"), &image).await;
        push(registry, repository, tag("v1"), &image).await;
        push(registry, repository, tag("v2"), &manifest(&own, Some(&Digest::sha256(&image)))).await;
        push(registry, repository, tag("v1"), &manifest(&own, None)).await;
        manifests.push((repository, image, own));
        assert_eq!(used(registry).await[1].2, place as u64 + 1);
    }
    let (repository, image, own) = &manifests[0];
    registry.delete_manifest(name(repository), TagOrDigest::Digest(Digest::sha256(image))).await.unwrap();
    registry.delete_manifest(name(repository), tag("v2")).await.unwrap();
    registry.delete_blob(name(manifests[1].0), Digest::sha256(b"shared")).await.unwrap();
    push_blob(registry, "garbage", b"garbage").await;
    let missing = registry.put_manifest(
        name(repository),
        tag("v9"),
        Vec::new(),
        None,
        manifest(&Digest::sha256(b"missing"), None),
    );
    assert!(missing.await.is_err());
    let wrong = registry.put_blob(name("team/c"), Digest::sha256(b"other"), body(&[b"content"])).await;
    assert!(wrong.is_err());
    registry.mount_blob(name("team/c"), own.clone(), None).await.unwrap();
    registry.collect_garbage(false).await.unwrap();

    let counted = used(registry).await;
    let again = Registry::new(bench.memory.stores(), rules(1_000_000));
    assert_eq!(counted, used(&again).await);
    // Not all of this was for nothing.
    assert!(counted[0].0 > 0 && counted[1].0 > counted[0].0, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_blob_that_is_pushed_many_times_at_once_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open_with_rules(folder.path(), rules(20)).await;
    for _ in 0..10 {
        let pushes: Vec<_> = (0..8)
            .map(|number| {
                let (registry, repository) = (registry.clone(), format!("team/{}", number % 2));
                tokio::spawn(async move { push_blob(&registry, &repository, b"0123456789").await })
            })
            .collect();
        for push in pushes {
            push.await.unwrap();
        }
        assert_eq!(used(&registry).await[0], (10, 0, 2));
        for repository in ["team/0", "team/1"] {
            registry.delete_blob(name(repository), Digest::sha256(b"0123456789")).await.unwrap();
        }
        assert_eq!(used(&registry).await, [(0, 0, 0), (0, 0, 0)]);
    }
}
