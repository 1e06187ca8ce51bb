//! The metadata store in one file, by `redb`: the default, because it needs no set-up and survives a crash at any
//! moment. Types of `redb` stay in this module.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ::redb::{Database, ReadableDatabase, ReadableTable, StorageError, TableDefinition};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::limits::METADATA_CACHE_BYTES_MAX;
use crate::store::group_commit::{Committer, Engine, holds};
use crate::store::journal::{Journal, entry_bytes};
use crate::store::local::private_file;
use crate::store::{Batch, CommitError, Entry, MetadataError, MetadataStore, Scan, layout};

/// All keys are in one table: the order between kinds of keys does not matter, and one table costs one root.
const TABLE: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("wkit");

/// Scans of up to this many entries are answered on the calling thread.
const SCAN_INLINE_MAX: usize = 16;

const NAME: &str = "redb";

/// The metadata store in a `redb` file.
#[derive(Debug)]
pub(crate) struct RedbMetadata {
    shared: Arc<Shared>,
    committer: Committer,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// `None` after a failure, until it can be opened again. After an I/O error, such as a full disk, a `redb`
    /// database refuses everything; opening it again recovers the last commit.
    database: RwLock<Option<Database>>,
}

impl MetadataStore for RedbMetadata {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, MetadataError>> {
        // Ready at once: the pages are in the cache of redb or of the system.
        std::future::ready(self.shared.get(key)).boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Entry>, MetadataError>> {
        if scan.limit <= SCAN_INLINE_MAX {
            return std::future::ready(self.shared.scan(&scan)).boxed();
        }
        let shared = self.shared.clone();
        async move { tokio::task::spawn_blocking(move || shared.scan(&scan)).await.map_err(failed)? }.boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        self.committer.commit(batch).boxed()
    }
}

impl Shared {
    /// Reads from the database, which is opened again first when that was not possible before.
    fn with<T>(&self, read: impl FnOnce(&Database) -> Result<T, MetadataError>) -> Result<T, MetadataError> {
        if self.database.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.reopen();
        }
        let guard = self.database.read().unwrap_or_else(PoisonError::into_inner);
        read(guard.as_ref().ok_or(MetadataError::Closed)?)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MetadataError> {
        self.with(|database| {
            let transaction = database.begin_read().map_err(failed)?;
            let table = transaction.open_table(TABLE).map_err(failed)?;
            let value = ReadableTable::get(&table, key).map_err(failed)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, MetadataError> {
        if scan.start >= scan.end {
            return Ok(Vec::new());
        }
        self.with(|database| {
            let transaction = database.begin_read().map_err(failed)?;
            let table = transaction.open_table(TABLE).map_err(failed)?;
            let mut entries = Vec::new();
            let range = scan.start.as_slice()..scan.end.as_slice();
            for entry in ReadableTable::range::<&[u8]>(&table, range).map_err(failed)?.take(scan.limit) {
                let (key, value) = entry.map_err(failed)?;
                let value = if scan.values { value.value().to_vec() } else { Vec::new() };
                entries.push((key.value().to_vec(), value));
            }
            Ok(entries)
        })
    }

    fn reopen(&self) {
        let mut guard = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // The file must be let go of before it can be opened again.
        *guard = None;
        match open_database(&self.path) {
            Ok(database) => *guard = Some(database),
            Err(error) => tracing::error!(%error, "the metadata store could not be opened again yet"),
        }
    }
}

/// The metadata store in a `redb` file, on the calling thread.
#[derive(Debug)]
pub(crate) struct RedbEngine {
    shared: Arc<Shared>,
}

impl RedbEngine {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is another process's.
    pub(crate) fn open(path: &Path) -> Result<Self, MetadataError> {
        let database = RwLock::new(Some(open_database(path)?));
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), database }) })
    }
}

impl Engine for RedbEngine {
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
        journal: Option<&mut Journal>,
    ) -> Result<Vec<Result<(), CommitError>>, MetadataError> {
        let result = self.shared.with(|database| try_group(database, batches, journal));
        if result.is_err() {
            self.shared.reopen();
        }
        result
    }

    fn share(&self) -> Box<dyn Engine> {
        Box::new(Self { shared: self.shared.clone() })
    }

    fn into_store(
        self: Box<Self>,
        path: &Path,
        journal: Option<Journal>,
    ) -> Result<Arc<dyn MetadataStore>, MetadataError> {
        let shared = self.shared.clone();
        let committer = Committer::start(*self, path.to_owned(), journal).map_err(failed)?;
        Ok(Arc::new(RedbMetadata { shared, committer }))
    }
}

fn try_group(
    database: &Database,
    batches: &[Batch],
    mut journal: Option<&mut Journal>,
) -> Result<Vec<Result<(), CommitError>>, MetadataError> {
    // The default durability syncs once: two checksummed commit slots make a torn commit recognisable.
    let transaction = database.begin_write().map_err(failed)?;
    let mut results = Vec::with_capacity(batches.len());
    let (mut changed, mut dead) = (false, 0);
    {
        let mut table = transaction.open_table(TABLE).map_err(failed)?;
        for batch in batches {
            if let Some(condition) = conflict(&table, batch)? {
                results.push(Err(CommitError::Conflict { condition }));
                continue;
            }
            for (key, value) in &batch.writes {
                changed = true;
                let old = match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()).map_err(failed)?,
                    None => table.remove(key.as_slice()).map_err(failed)?,
                };
                if let Some(old) = old
                    && layout::is_primary(key)
                {
                    dead += entry_bytes(key, old.value());
                }
            }
            results.push(Ok(()));
        }
        if changed && let Some(journal) = journal.as_deref_mut() {
            let applied = batches.iter().zip(&results).filter(|(_, result)| result.is_ok());
            if let Some((key, value)) = journal.append(applied.map(|(batch, _)| batch), dead)? {
                table.insert(key.as_slice(), value.as_slice()).map_err(failed)?;
            }
        }
    }
    if !changed {
        // Readers see only what is durable, so there is nothing to wait for.
        transaction.abort().map_err(failed)?;
        return Ok(results);
    }
    let Some(journal) = journal else {
        transaction.commit().map_err(failed)?;
        return Ok(results);
    };
    journal.begin_sync();
    let committed = transaction.commit().map_err(failed);
    journal.finish_sync()?;
    committed?;
    journal.committed();
    Ok(results)
}

/// The first condition of a batch that does not hold.
fn conflict(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    batch: &Batch,
) -> Result<Option<usize>, MetadataError> {
    for (place, (key, condition)) in batch.conditions.iter().enumerate() {
        let value = table.get(key.as_slice()).map_err(failed)?;
        if !holds(condition, value.as_ref().map(::redb::AccessGuard::value)) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn open_database(path: &Path) -> Result<Database, MetadataError> {
    // What is in it can sign access tokens: a folder that others may look into must not be enough to read it.
    drop(private_file().truncate(false).open(path).map_err(failed)?);
    let database =
        Database::builder().set_cache_size(METADATA_CACHE_BYTES_MAX).create(path).map_err(failed)?;
    // Readers expect the table to be there.
    let transaction = database.begin_write().map_err(failed)?;
    drop(transaction.open_table(TABLE).map_err(failed)?);
    transaction.commit().map_err(failed)?;
    Ok(database)
}

/// Turns any failure of `redb`, or of a thread, into ours, and tells a full disk from the rest.
fn failed(error: impl std::error::Error + 'static) -> MetadataError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        let io = match current.downcast_ref::<StorageError>() {
            Some(StorageError::Io(io)) => Some(io),
            _ => current.downcast_ref::<std::io::Error>(),
        };
        if io.is_some_and(crate::store::local::is_full) {
            return MetadataError::Full;
        }
        cause = current.source();
    }
    // redb's errors nest without `source`, so the text is looked at as well.
    let message = error.to_string();
    if message.contains("No space left on device") || message.contains("Disk quota exceeded") {
        return MetadataError::Full;
    }
    MetadataError::Failed { backend: NAME, message }
}
