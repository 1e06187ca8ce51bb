//! Retention: what happens at the worst moment, and the times of pulls.

use super::garbage::Bench;
use super::*;
use crate::registry::RetentionRule;

fn rules(text: &str) -> Rules {
    let rule: RetentionRule = toml::from_str(&format!("repositories = \"**\"\n{text}")).unwrap();
    Rules { retention: vec![rule], ..Rules::default() }
}

const NOTHING_UNTAGGED: &str = "keep-untagged = false\nuntagged-days = 1";

const DAY: u64 = 24 * 60 * 60;

async fn image(registry: &Registry, content: &[u8], subject: Option<&Digest>) -> Bytes {
    let config = push_blob(registry, "a", content).await;
    manifest(&config, subject)
}

async fn push_untagged(registry: &Registry, bytes: &Bytes) -> Digest {
    push(registry, "a", TagOrDigest::Digest(Digest::sha256(bytes)), bytes).await
}

fn index_of(bytes: &Bytes) -> Bytes {
    let entry = serde_json::json!({
        "mediaType": media_type::OCI_MANIFEST, "digest": Digest::sha256(bytes).to_string(), "size": bytes.len(),
    });
    serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [entry] })
        .to_string()
        .into()
}

async fn has(registry: &Registry, digest: &Digest) -> bool {
    registry.manifest(&name("a"), &TagOrDigest::Digest(digest.clone())).await.is_ok()
}

#[tokio::test]
async fn manifests_without_a_tag_go_when_they_are_old_and_nothing_uses_them() {
    let bench = Bench::new(rules(NOTHING_UNTAGGED));
    let registry = &bench.registry;
    let (lonely, child, subject) = (
        image(registry, b"1", None).await,
        image(registry, b"2", None).await,
        image(registry, b"3", None).await,
    );
    let referrer = image(registry, b"4", Some(&Digest::sha256(&subject))).await;
    let dangling = image(registry, b"5", Some(&Digest::sha256(b"not here"))).await;
    for bytes in [&lonely, &child, &referrer, &dangling] {
        push_untagged(registry, bytes).await;
    }
    push(registry, "a", tag("v1"), &subject).await;
    push(registry, "a", tag("v2"), &index_of(&child)).await;
    bench.pass(DAY - 1);
    assert_eq!(registry.retain(false).await.unwrap().manifests, 0);
    bench.pass(1);
    let late = push_untagged(registry, &image(registry, b"6", None).await).await;
    let dry = registry.retain(true).await.unwrap();
    let report = registry.retain(false).await.unwrap();
    assert_eq!(dry.removed, report.removed);
    assert_eq!(report.manifests, 2, "{report:?}");
    for (bytes, there) in
        [(&lonely, false), (&dangling, false), (&child, true), (&subject, true), (&referrer, true)]
    {
        assert_eq!(has(registry, &Digest::sha256(bytes)).await, there);
    }
    assert!(has(registry, &late).await);
    assert!(bench.memory.keys_of("garbage/").is_empty());
    // When the index is gone, so is the reason to keep its child.
    registry.delete_manifest(name("a"), tag("v2")).await.unwrap();
    assert_eq!(registry.retain(false).await.unwrap().manifests, 1);
    assert_eq!(registry.retain(false).await.unwrap().manifests, 1);
    assert!(!has(registry, &Digest::sha256(&child)).await);
}

/// Nothing uses the manifest, and it is about to be marked, or its removal to be committed.
#[tokio::test]
async fn whoever_uses_a_manifest_at_the_last_moment_wins() {
    for (way, marked) in ["index", "tag", "again"].into_iter().flat_map(|way| [(way, false), (way, true)]) {
        let bench = Bench::new(rules(NOTHING_UNTAGGED));
        let bytes = image(&bench.registry, b"1", None).await;
        let digest = push_untagged(&bench.registry, &bytes).await;
        bench.pass(DAY);
        let registry = bench.registry.clone();
        let moment = match marked {
            true => layout::manifest(&name("a"), &digest),
            false => layout::garbage(&name("a"), &digest),
        };
        bench.memory.before_commit(moment, async move {
            match way {
                "index" => drop(push(&registry, "a", tag("v1"), &index_of(&bytes)).await),
                "tag" => drop(push(&registry, "a", tag("v1"), &bytes).await),
                _ => drop(push_untagged(&registry, &bytes).await),
            }
        });
        assert_eq!(bench.registry.retain(false).await.unwrap().manifests, 0, "{way}");
        assert!(has(&bench.registry, &digest).await, "{way}");
        assert!(bench.memory.keys_of("garbage/").is_empty(), "{way}");
    }
}

#[tokio::test]
async fn a_tag_that_is_pushed_again_at_the_last_moment_stays() {
    for same in [true, false] {
        let bench = Bench::new(rules("keep-pushed-within-days = 1"));
        let old = image(&bench.registry, b"1", None).await;
        let new = if same { old.clone() } else { image(&bench.registry, b"2", None).await };
        push(&bench.registry, "a", tag("v1"), &old).await;
        bench.pass(DAY);
        let registry = bench.registry.clone();
        let (key, bytes) = (layout::tag(&name("a"), &"v1".parse().unwrap()), new.clone());
        bench.memory.before_commit(key, async move {
            push(&registry, "a", tag("v1"), &bytes).await;
        });
        assert_eq!(bench.registry.retain(false).await.unwrap().tags, 0);
        assert_eq!(bench.registry.manifest(&name("a"), &tag("v1")).await.unwrap().bytes, new);
    }
}

#[tokio::test]
async fn pulls_are_noted_stored_and_keep_what_was_pulled() {
    let text = "keep-pulled-within-days = 10";
    let bench = Bench::new(rules(text));
    let registry = &bench.registry;
    let mut digests = Vec::new();
    for content in [b"1", b"2"] {
        let bytes = image(registry, content, None).await;
        digests.push(push(registry, "a", tag(std::str::from_utf8(content).unwrap()), &bytes).await);
    }
    registry.store_pulls().await.unwrap();
    bench.pass(9 * DAY);
    registry.note_pull(&name("a"), &digests[0]);
    registry.note_pull(&name("a"), &Digest::sha256(b"not there"));
    registry.store_pulls().await.unwrap();
    assert_eq!(bench.memory.keys_of("pulled/"), [layout::pulled(&name("a"), &digests[0])]);
    bench.pass(DAY);
    let report = registry.retain(false).await.unwrap();
    assert_eq!(report.removed.iter().map(|item| item.tag.as_deref()).collect::<Vec<_>>(), [Some("2")]);
    // The time of the pull goes with the manifest.
    registry.delete_manifest(name("a"), TagOrDigest::Digest(digests[0].clone())).await.unwrap();
    assert!(bench.memory.keys_of("pulled/").is_empty());
}

#[tokio::test]
async fn what_was_pulled_before_pulls_were_noted_is_not_held_against_it() {
    let before = Bench::new(Rules::default());
    let bytes = image(&before.registry, b"1", None).await;
    let digest = push(&before.registry, "a", tag("v1"), &bytes).await;
    before.registry.note_pull(&name("a"), &digest);
    before.pass(100 * DAY);
    let clock = crate::registry::Clock::Manual(before.time_ms.clone());
    let registry =
        Registry::with_clock(before.memory.stores(), rules("keep-pulled-within-days = 10"), clock.clone());
    for (days, gone) in [(0, 0), (9, 0), (1, 1)] {
        before.pass(days * DAY);
        assert_eq!(registry.retain(true).await.unwrap().tags, gone);
    }
    // Not noted for a while: begins again.
    let clock_again = clock.clone();
    let without = Registry::with_clock(before.memory.stores(), Rules::default(), clock);
    without.forget_unwanted_pulls().await.unwrap();
    let rules = rules("keep-pulled-within-days = 10");
    let registry = Registry::with_clock(before.memory.stores(), rules, clock_again);
    assert_eq!(registry.retain(true).await.unwrap().tags, 0);
}

#[tokio::test]
async fn more_pulls_than_are_noted_keep_everything_for_a_while() {
    use crate::limits::PULLS_NOTED_MAX;

    let bench = Bench::new(rules("keep-pulled-within-days = 10"));
    let registry = &bench.registry;
    let bytes = image(registry, b"1", None).await;
    push(registry, "a", tag("v1"), &bytes).await;
    registry.store_pulls().await.unwrap();
    for (extra, gone) in [(0, 1), (1, 0)] {
        bench.pass(10 * DAY);
        for number in 0..PULLS_NOTED_MAX + extra {
            registry.note_pull(&name("b"), &Digest::sha256(&number.to_le_bytes()));
        }
        assert_eq!(registry.retain(true).await.unwrap().tags, gone, "{extra} too many");
    }
}

#[tokio::test]
async fn what_has_no_time_is_never_too_old() {
    let text = "keep-newest = 0\nkeep-untagged = false\nuntagged-days = 0";
    let bench = Bench::new(rules(text));
    let bytes = image(&bench.registry, b"1", None).await;
    let digest = push(&bench.registry, "a", tag("v1"), &bytes).await;
    let other = push_untagged(&bench.registry, &image(&bench.registry, b"2", None).await).await;
    for digest in [&digest, &other] {
        let stamp = layout::stamp(&name("a"), digest);
        bench.memory.keys.lock().unwrap().insert(stamp, b"0123456789abcdef".to_vec());
    }
    bench.pass(1_000 * DAY);
    let report = bench.registry.retain(false).await.unwrap();
    assert_eq!((report.tags, report.manifests), (0, 0));
}

/// A chain of referrers goes with its subject up to a limit; the rest goes with the next run.
#[tokio::test]
async fn a_chain_of_referrers_at_the_limit_and_one_past() {
    use crate::limits::REFERRERS_CHAIN_MAX;

    for (length, left) in [(REFERRERS_CHAIN_MAX, 0), (REFERRERS_CHAIN_MAX + 1, 1)] {
        let bench = Bench::new(rules(&format!("{NOTHING_UNTAGGED}\nreferrers-follow = true")));
        let mut subject = None;
        for _ in 0..length {
            let bytes = image(&bench.registry, b"1", subject.as_ref()).await;
            subject = Some(push_untagged(&bench.registry, &bytes).await);
        }
        bench.pass(DAY);
        let report = bench.registry.retain(false).await.unwrap();
        assert_eq!(report.manifests, REFERRERS_CHAIN_MAX as u64);
        assert_eq!(bench.memory.keys_of("manifest/").len(), left);
        assert_eq!(bench.registry.retain(false).await.unwrap().manifests, left as u64);
    }
}

#[tokio::test]
async fn the_number_of_tags_and_what_a_report_lists_at_the_limit_and_one_past() {
    use crate::limits::{RETENTION_ITEMS_MAX, RETENTION_REPORT_MAX};

    let bench = Bench::new(rules("keep-newest = 0"));
    let bytes = image(&bench.registry, b"1", None).await;
    let digest = push(&bench.registry, "a", tag("v0"), &bytes).await;
    let add = |numbers: std::ops::Range<usize>| {
        let mut keys = bench.memory.keys.lock().unwrap();
        for number in numbers {
            let tag = format!("v{number}").parse().unwrap();
            keys.insert(layout::tag(&name("a"), &tag), layout::tag_value(&digest));
        }
    };
    for (count, listed) in [(RETENTION_REPORT_MAX, 0), (RETENTION_REPORT_MAX + 1, 1)] {
        add(1..count);
        let report = bench.registry.retain(true).await.unwrap();
        assert_eq!((report.removed.len(), report.removed_left_out), (RETENTION_REPORT_MAX, listed));
    }
    for (count, too_large) in [(RETENTION_ITEMS_MAX, 0), (RETENTION_ITEMS_MAX + 1, 1)] {
        add(RETENTION_REPORT_MAX..count);
        let report = bench.registry.retain(true).await.unwrap();
        assert_eq!(report.too_large.len(), too_large);
        assert_eq!(report.tags, if too_large == 0 { count as u64 } else { 0 });
    }
}

/// Tags of signatures are neither judged nor counted; they go with what they are named after.
#[tokio::test]
async fn tags_that_stand_for_referrers_follow_their_subject() {
    let text = format!("keep-newest = 1\n{NOTHING_UNTAGGED}\nreferrers-follow = true");
    let bench = Bench::new(rules(&text));
    let registry = &bench.registry;
    let (old, new) = (image(registry, b"old", None).await, image(registry, b"new", None).await);
    let mut signatures = Vec::new();
    for (bytes, name) in [(&old, "v1"), (&new, "v2")] {
        push(registry, "a", tag(name), bytes).await;
        bench.pass(1);
    }
    for bytes in [&old, &new] {
        let signature = image(registry, &Digest::sha256(bytes).hex().as_bytes()[..8], None).await;
        let tag_name = format!("sha256-{}.sig", Digest::sha256(bytes).hex());
        push(registry, "a", tag(&tag_name), &signature).await;
        signatures.push(tag_name);
    }
    let orphan = format!("sha256-{}", Digest::sha256(b"not here").hex());
    push(registry, "a", tag(&orphan), &image(registry, b"list", None).await).await;
    bench.pass(DAY - 1);
    // Its subject may be pushed after it.
    let tags = registry.tags(&name("a"), None, None).await.unwrap().tags;
    let report = registry.retain(true).await.unwrap();
    assert_eq!((tags.len(), report.tags), (5, 1), "{report:?}");
    bench.pass(1);
    let plan = registry.retain(true).await.unwrap();
    let report = registry.retain(false).await.unwrap();
    assert_eq!(plan.removed, report.removed);
    let mut left = vec![signatures[1].clone(), "v2".to_owned()];
    left.sort_unstable();
    assert_eq!(registry.tags(&name("a"), None, None).await.unwrap().tags, left, "{report:?}");
}
