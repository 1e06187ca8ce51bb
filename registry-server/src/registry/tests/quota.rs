//! What is counted, and when.

use super::garbage::Bench;
use super::*;
use crate::limits::QUOTA_STEP_BYTES;
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

/// A body that does not say how long it is ends where the quota does, and not where the disk does.
#[tokio::test]
async fn a_body_of_unknown_length_is_not_taken_in_past_the_quota() {
    let quota = 4 * QUOTA_STEP_BYTES;
    let folder = tempfile::tempdir().unwrap();
    let url = crate::MetadataUrl::default();
    let stores = store::open(folder.path(), &url, 1 << 30, 100, UPLOAD_IDLE_MAX).await.unwrap();
    let registry = &Registry::new(stores, rules(quota));
    let piece = vec![7; 64 * 1024];
    let pieces = |count: usize| body(&vec![piece.as_slice(); count]);
    let (fitting, endless) = (quota as usize / piece.len(), 100);
    let whole = piece.repeat(endless);
    let is_refused = |result: Result<(), UploadError>| {
        matches!(result, Err(UploadError::Append(AppendError::Body(IncomingError::Refused { .. }))))
    };
    let repository = name("elsewhere");
    registry.check_room(&repository, None, 0).await.unwrap();
    let upload = registry.begin_upload(repository.clone(), Algorithm::Sha256).await.unwrap();
    let incoming = registry.within_quota(&repository, None, 0, pieces(endless));
    assert!(is_refused(registry.append_upload(upload.clone(), None, incoming).await.map(drop)));
    let taken = registry.upload_size(&upload).unwrap();
    assert!(taken <= 1_000_000 + 2 * QUOTA_STEP_BYTES, "{taken} bytes were taken in");
    registry.cancel_upload(upload).await.unwrap();
    // In one request, nothing stays.
    let put = async |count: usize| {
        let digest = Digest::sha256(&whole[..count * piece.len()]);
        registry.put_blob(name("team/a"), digest, pieces(count)).await
    };
    registry.check_room(&name("team/a"), None, 0).await.unwrap();
    assert!(is_refused(put(endless).await));
    assert_eq!(upload_files(folder.path()), 0);
    // What the quota has already costs nothing.
    let small = 900_000 / piece.len();
    assert!(small < fitting && put(small).await.is_ok() && put(small).await.is_ok());
}
