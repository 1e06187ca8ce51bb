//! What every metadata store must do. One suite; every backend runs all of it.

use std::path::Path;
use std::sync::Arc;

use super::journal::Journal;
use super::{Batch, CommitError, Condition, Engine, MetadataStore, Scan, layout};

type Open = fn(&Path) -> Arc<dyn MetadataStore>;

/// Runs each check of the suite on one backend, in a folder of its own.
macro_rules! contract {
    ($backend:ident, $open:expr) => {
        mod $backend {
            use super::*;

            contract!(@checks $open; reads_what_was_written, applies_a_batch_in_order, scans_in_byte_order,
                checks_conditions, changes_nothing_on_conflict, sees_batches_of_its_group, one_of_many_wins,
                keeps_large_values, keeps_commits_when_opened_again, keeps_commits_after_a_crash);
        }
    };
    (@checks $open:expr; $($check:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let folder = tempfile::tempdir().unwrap();
                super::$check($open, &folder.path().join("store")).await;
            }
        )*
    };
}

fn engine(path: &Path, backend: &str) -> Box<dyn Engine> {
    super::open_engine(&format!("{backend}:").parse().unwrap(), path).unwrap()
}

/// A store without a journal.
fn plain(path: &Path, backend: &str) -> Arc<dyn MetadataStore> {
    engine(path, backend).into_store(path, None).unwrap()
}

/// A store with a journal beside it.
fn journaled(path: &Path, backend: &str) -> Arc<dyn MetadataStore> {
    let mut engine = engine(path, backend);
    let journal = Journal::open(&path.with_extension("journal"), "id", &mut *engine).unwrap();
    engine.into_store(path, Some(journal)).unwrap()
}

contract!(redb, |path| plain(path, "redb"));
contract!(redb_with_journal, |path| journaled(path, "redb"));
#[cfg(feature = "sled")]
contract!(sled, |path| plain(path, "sled"));
#[cfg(feature = "sled")]
contract!(sled_with_journal, |path| journaled(path, "sled"));

fn batch(writes: &[(&str, Option<&str>)]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.set(key.as_bytes().to_vec(), value.as_bytes().to_vec()),
            None => batch.remove(key.as_bytes().to_vec()),
        }
    }
    batch
}

async fn get(store: &dyn MetadataStore, key: &str) -> Option<String> {
    store.get(key.as_bytes()).await.unwrap().map(|value| String::from_utf8(value).unwrap())
}

async fn keys(store: &dyn MetadataStore, start: &str, end: &str, limit: usize) -> Vec<String> {
    let scan = Scan { start: start.into(), end: end.into(), limit, values: true };
    let entries = store.scan(scan).await.unwrap();
    let entries = entries.into_iter().filter(|(key, _)| *key != layout::journal());
    entries.map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

async fn reads_what_was_written(open: Open, path: &Path) {
    let store = open(path);
    assert_eq!(get(&*store, "a").await, None);
    store.commit(batch(&[("a", Some("1")), ("b", Some(""))])).await.unwrap();
    assert_eq!(get(&*store, "a").await.as_deref(), Some("1"));
    assert_eq!(get(&*store, "b").await.as_deref(), Some(""));
    store.commit(batch(&[("a", None), ("missing", None)])).await.unwrap();
    assert_eq!(get(&*store, "a").await, None);
    store.commit(Batch::default()).await.unwrap();
}

async fn applies_a_batch_in_order(open: Open, path: &Path) {
    let store = open(path);
    store.commit(batch(&[("a", Some("1")), ("a", Some("2")), ("b", Some("1")), ("b", None)])).await.unwrap();
    assert_eq!(get(&*store, "a").await.as_deref(), Some("2"));
    assert_eq!(get(&*store, "b").await, None);
}

async fn scans_in_byte_order(open: Open, path: &Path) {
    let store = open(path);
    let all = ["a", "a\0", "a\0x", "a-", "a/", "aa", "b", "é"];
    let writes: Vec<_> = all.iter().rev().map(|key| (*key, Some("value"))).collect();
    store.commit(batch(&writes)).await.unwrap();
    assert_eq!(keys(&*store, "", "\u{10ffff}", usize::MAX).await, all);
    assert_eq!(keys(&*store, "", "\u{10ffff}", 3).await, all[..3]);
    assert_eq!(keys(&*store, "a\0", "a\x01", 100).await, ["a\0", "a\0x"]);
    assert_eq!(keys(&*store, "b", "b", 100).await, [""; 0]);
    assert_eq!(keys(&*store, "b", "a", 100).await, [""; 0]);
    assert_eq!(keys(&*store, "", "z", 0).await, [""; 0]);
    let scan = Scan { start: b"b".to_vec(), end: b"c".to_vec(), limit: 9, values: true };
    assert_eq!(store.scan(scan.clone()).await.unwrap(), [(b"b".to_vec(), b"value".to_vec())]);
    assert_eq!(store.scan(Scan { values: false, ..scan }).await.unwrap(), [(b"b".to_vec(), Vec::new())]);
}

async fn checks_conditions(open: Open, path: &Path) {
    let store = open(path);
    store.commit(batch(&[("a", Some("1"))])).await.unwrap();
    let equals = |value: &str| Condition::Equals(value.as_bytes().to_vec());
    for (key, condition, holds) in [
        ("a", Condition::Exists, true),
        ("a", Condition::Absent, false),
        ("a", equals("1"), true),
        ("a", equals("2"), false),
        ("a", equals(""), false),
        ("b", Condition::Exists, false),
        ("b", Condition::Absent, true),
        ("b", equals(""), false),
    ] {
        let mut batch = Batch::default();
        batch.require(b"a".to_vec(), Condition::Exists);
        batch.require(key.as_bytes().to_vec(), condition.clone());
        let expected = if holds { Ok(()) } else { Err(CommitError::Conflict { condition: 1 }) };
        assert_eq!(store.commit(batch).await, expected, "{key} {condition:?}");
    }
}

async fn changes_nothing_on_conflict(open: Open, path: &Path) {
    let store = open(path);
    let mut refused = batch(&[("a", Some("1")), ("b", Some("1"))]);
    refused.require(b"b".to_vec(), Condition::Exists);
    assert_eq!(store.commit(refused).await, Err(CommitError::Conflict { condition: 0 }));
    assert_eq!(keys(&*store, "", "z", 9).await, [""; 0]);
}

/// Batches that wait at the same time share a commit, and each one still sees those before it.
async fn sees_batches_of_its_group(open: Open, path: &Path) {
    let store = open(path);
    let commits = (0..60_u32).map(|number| {
        let mut batch = batch(&[(&format!("{number:04}"), Some("x"))]);
        batch.require(format!("{number:04}").into_bytes(), Condition::Absent);
        if let Some(before) = number.checked_sub(1) {
            // The queue is first in, first out: the batch before is committed or in the same group.
            batch.require(format!("{before:04}").into_bytes(), Condition::Exists);
        }
        store.commit(batch)
    });
    for result in futures_util::future::join_all(commits).await {
        result.unwrap();
    }
    assert_eq!(keys(&*store, "", "z", 1_000).await.len(), 60);
}

async fn one_of_many_wins(open: Open, path: &Path) {
    let store = open(path);
    let tasks: Vec<_> = (0..64)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut batch = batch(&[("won", Some(&number.to_string()))]);
                batch.require(b"won".to_vec(), Condition::Absent);
                store.commit(batch).await.is_ok().then_some(number)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(get(&*store, "won").await, winners.first().map(ToString::to_string));
}

async fn keeps_large_values(open: Open, path: &Path) {
    let value: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let mut batch = Batch::default();
    batch.set(b"large".to_vec(), value.clone());
    let store = open(path);
    store.commit(batch).await.unwrap();
    drop(store);
    assert!(open(path).get(b"large").await.unwrap() == Some(value), "a large value came back changed");
}

async fn keeps_commits_when_opened_again(open: Open, path: &Path) {
    for number in 0..3 {
        let store = open(path);
        assert_eq!(keys(&*store, "", "z", 9).await.len(), number);
        store.commit(batch(&[(&number.to_string(), Some("x"))])).await.unwrap();
    }
}

/// A copy of the files, taken while the store is open, is what a crash leaves behind: what was acknowledged before
/// is in it, and no batch is there by half.
async fn keeps_commits_after_a_crash(open: Open, path: &Path) {
    let store = open(path);
    for number in 0..40_u32 {
        let (a, b) = (format!("a{number:02}"), format!("b{number:02}"));
        store.commit(batch(&[(&a, Some("x")), (&b, Some("y"))])).await.unwrap();
        if number % 10 != 9 {
            continue;
        }
        let crashed = path.with_file_name(format!("crashed-{number}"));
        copy(path, &crashed);
        let journal = path.with_extension("journal");
        if journal.exists() {
            copy(&journal, &crashed.with_extension("journal"));
        }
        let store = open(&crashed);
        let (a, b) = (keys(&*store, "a", "b", 99).await, keys(&*store, "b", "c", 99).await);
        assert_eq!((a.len(), b.len()), (number as usize + 1, number as usize + 1));
        store.commit(batch(&[("c", Some("z"))])).await.unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
