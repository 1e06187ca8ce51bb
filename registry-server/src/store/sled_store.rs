//! The metadata store in a folder, by `sled`: chosen with `--metadata sled:`. Types of `sled` stay in this module.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ::sled::Db;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::limits::{METADATA_CACHE_BYTES_MAX, METADATA_RESERVE_BYTES};
use crate::store::group_commit::{Committer, Engine, holds};
use crate::store::journal::{Journal, entry_bytes};
use crate::store::local::{absent_is_ok, sync_folder};
use crate::store::{
    Batch, CommitError, Entry, MetadataError, MetadataStore, Scan, layout, make_private_folder,
};

/// Scans of up to this many entries are answered on the calling thread.
const SCAN_INLINE_MAX: usize = 16;

const NAME: &str = "sled";

/// How long a store that is open is waited for.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long until it is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The metadata store in a `sled` folder.
#[derive(Debug)]
pub(crate) struct SledMetadata {
    shared: Arc<Shared>,
    committer: Committer,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// `None` after a failure, until it can be opened again.
    database: RwLock<Option<Db>>,
}

impl MetadataStore for SledMetadata {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, MetadataError>> {
        std::future::ready(self.shared.get(key)).boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Entry>, MetadataError>> {
        if scan.limit <= SCAN_INLINE_MAX {
            return std::future::ready(self.shared.scan(&scan)).boxed();
        }
        let shared = self.shared.clone();
        async move {
            tokio::task::spawn_blocking(move || shared.scan(&scan)).await.map_err(|error| {
                MetadataError::Failed { backend: NAME, message: format!("a scan was lost: {error}") }
            })?
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        self.committer.commit(batch).boxed()
    }
}

impl Shared {
    /// Uses the database, which is opened again first when that was not possible before.
    fn with<T>(&self, read: impl FnOnce(&Db) -> Result<T, ::sled::Error>) -> Result<T, MetadataError> {
        if self.database.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.reopen();
        }
        let guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
        read(guard.as_ref().ok_or(MetadataError::Closed)?).map_err(failed)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MetadataError> {
        Ok(self.with(|database| database.get(key))?.map(|value| value.to_vec()))
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, MetadataError> {
        if scan.start >= scan.end {
            return Ok(Vec::new());
        }
        self.with(|database| {
            database
                .range(scan.start.as_slice()..scan.end.as_slice())
                .take(scan.limit)
                .map(|entry| {
                    let (key, value) = entry?;
                    Ok((key.to_vec(), if scan.values { value.to_vec() } else { Vec::new() }))
                })
                .collect()
        })
    }

    fn reopen(&self) {
        let mut guard = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *guard = None;
        match open_database(&self.path) {
            Ok(database) => *guard = Some(database),
            Err(error) => tracing::error!(%error, "the metadata store could not be opened again yet"),
        }
    }
}

/// The metadata store in a `sled` folder, on the calling thread.
#[derive(Debug)]
pub(crate) struct SledEngine {
    shared: Arc<Shared>,
    /// The files of large values that are synced already, by name; they never change.
    synced: HashSet<OsString>,
}

impl SledEngine {
    /// Makes durable what `sled` has written. Its own flush hands the bytes to the system (`sync_file_range`), which
    /// neither empties the disk's cache nor keeps the file's length, and does not sync the files of large values.
    fn sync(&mut self) -> io::Result<()> {
        let large = self.shared.path.join("blobs");
        let mut names = HashSet::new();
        for entry in std::fs::read_dir(&large)? {
            let entry = entry?;
            if !self.synced.contains(&entry.file_name()) {
                absent_is_ok(File::open(entry.path()).and_then(|file| file.sync_all()))?;
            }
            names.insert(entry.file_name());
        }
        if names != self.synced {
            sync_folder(&large)?;
        }
        self.synced = names;
        File::open(self.shared.path.join("db"))?.sync_all()
    }
}

impl SledEngine {
    /// Opens the folder at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is another process's.
    pub(crate) fn open(path: &Path) -> Result<Self, MetadataError> {
        let database = RwLock::new(Some(open_database(path)?));
        let shared = Arc::new(Shared { path: path.to_owned(), database });
        Ok(Self { shared, synced: HashSet::new() })
    }
}

impl Engine for SledEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MetadataError> {
        self.shared.get(key)
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, MetadataError> {
        self.shared.scan(scan)
    }

    fn commit_group(
        &mut self,
        batches: &[Batch],
        mut journal: Option<&mut Journal>,
    ) -> Result<Vec<Result<(), CommitError>>, MetadataError> {
        let result = self.shared.with(|database| Ok(try_group(database, batches, journal.as_deref_mut())));
        let result = result.flatten().and_then(|results| {
            self.sync().map_err(|error| failed(error.into()))?;
            if let Some(journal) = journal {
                journal.finish_sync()?;
                journal.committed();
            }
            Ok(results)
        });
        if result.is_err() {
            self.shared.reopen();
        }
        result
    }

    fn removal_bytes(&self) -> u64 {
        // Any change can make sled write a page with large values anew; when there is no room for that, it waits for
        // ever for itself.
        METADATA_RESERVE_BYTES / 2
    }

    fn share(&self) -> Box<dyn Engine> {
        Box::new(Self { shared: self.shared.clone(), synced: HashSet::new() })
    }

    fn into_store(
        self: Box<Self>,
        path: &Path,
        journal: Option<Journal>,
    ) -> Result<Arc<dyn MetadataStore>, MetadataError> {
        let shared = self.shared.clone();
        let committer = Committer::start(*self, path.to_owned(), journal).map_err(|error| {
            MetadataError::Failed { backend: NAME, message: format!("no thread to commit on: {error}") }
        })?;
        Ok(Arc::new(SledMetadata { shared, committer }))
    }
}

/// Checks and applies a group, and begins to sync the journal.
fn try_group(
    database: &Db,
    batches: &[Batch],
    journal: Option<&mut Journal>,
) -> Result<Vec<Result<(), CommitError>>, MetadataError> {
    // What the batches before have changed. The whole group is one batch of sled: after a crash it is there, with its
    // place in the journal, or it is not.
    let mut changed: HashMap<&[u8], Option<&[u8]>> = HashMap::new();
    let (mut results, mut dead) = (Vec::with_capacity(batches.len()), 0);
    for batch in batches {
        let mut conflict = None;
        for (place, (key, condition)) in batch.conditions.iter().enumerate() {
            let holds = match changed.get(key.as_slice()) {
                Some(value) => holds(condition, *value),
                // Nothing else writes, so what is checked here still holds when the group is applied.
                None => holds(condition, database.get(key).map_err(failed)?.as_deref()),
            };
            if !holds {
                conflict = Some(CommitError::Conflict { condition: place });
                break;
            }
        }
        results.push(conflict.map_or(Ok(()), Err));
        if conflict_free(&results) {
            for (key, value) in &batch.writes {
                let old = changed.insert(key, value.as_deref());
                if layout::is_primary(key) {
                    dead += match old {
                        Some(old) => old.map_or(0, |old| entry_bytes(key, old)),
                        None => {
                            let old = database.get(key).map_err(failed)?;
                            old.map_or(0, |old| entry_bytes(key, &old))
                        }
                    };
                }
            }
        }
    }
    let mut writes = ::sled::Batch::default();
    for (key, value) in &changed {
        match value {
            Some(value) => writes.insert(*key, *value),
            None => writes.remove(*key),
        }
    }
    if let Some(journal) = journal.filter(|_| !changed.is_empty()) {
        let applied = batches.iter().zip(&results).filter(|(_, result)| result.is_ok());
        if let Some((key, value)) = journal.append(applied.map(|(batch, _)| batch), dead)? {
            writes.insert(key, value);
        }
        journal.begin_sync();
    }
    if !changed.is_empty() {
        database.apply_batch(writes).map_err(failed)?;
    }
    // Readers of sled see a batch before it is durable, so even a group without writes has to wait for the log.
    database.flush().map_err(failed)?;
    Ok(results)
}

/// Whether the last of the results is no refusal.
fn conflict_free(results: &[Result<(), CommitError>]) -> bool {
    results.last().is_some_and(Result::is_ok)
}

fn open_database(path: &Path) -> Result<Db, MetadataError> {
    // What is in it can sign access tokens: a folder that others may look into must not be enough to read it.
    make_private_folder(path).map_err(|error| failed(error.into()))?;
    let config = ::sled::Config::default()
        .path(path)
        .cache_capacity(METADATA_CACHE_BYTES_MAX as u64)
        // Every group is flushed; a flush between groups would only add to the work.
        .flush_every_ms(None);
    let begun = Instant::now();
    let database = loop {
        match config.open() {
            // A thread of sled may hold a store for a moment after it was closed.
            Err(::sled::Error::Io(error)) if is_locked(&error) && begun.elapsed() < LOCK_WAIT_MAX => {
                std::thread::sleep(LOCK_PAUSE);
            }
            result => break result.map_err(failed)?,
        }
    };
    sync_names(path).map_err(|error| failed(error.into()))?;
    Ok(database)
}

/// Whether sled says that somebody has the store open: it keeps the system's error in its message only.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

/// Makes the files durable that are made once and kept.
fn sync_names(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            absent_is_ok(File::open(entry.path()).and_then(|file| file.sync_all()))?;
        }
    }
    sync_folder(path)
}

fn failed(error: ::sled::Error) -> MetadataError {
    match &error {
        ::sled::Error::Io(io) if crate::store::local::is_full(io) => MetadataError::Full,
        _ => MetadataError::Failed { backend: NAME, message: error.to_string() },
    }
}
