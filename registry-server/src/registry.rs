//! The registry itself, without HTTP: repositories hold blobs, manifests and tags, over a blob store and a metadata
//! store.
//!
//! # How garbage is removed without losing a push
//!
//! A blob's content is held once for all repositories; a *link* in the metadata makes it visible in one of them.
//! Content without a link is garbage. Between the moment a push finds or puts content in place and the moment its link
//! is durable, that content looks like garbage too. So whoever makes a link holds the lock of the blob's shard shared
//! from before the content is put in place until the link is durable, and whoever removes content holds it alone
//! while it looks for links and removes the file. A mount does the same. Pushes do not wait for each other.
//!
//! The lock is in memory, which is enough because one process at a time runs on a data folder. A crash in between
//! leaves at worst content without a link, and the collector removes it. How the collector finds the blobs that no
//! manifest refers to, and takes their links away under the same lock, is told in `registry/garbage.rs`.
//!
//! Whatever changes something runs on a task of its own: a client that goes away cannot stop it half-way.

mod blobs;
mod clock;
mod derived;
mod error;
mod garbage;
mod listings;
mod manifests;
mod pulls;
mod quota;
pub(crate) mod references;
mod retention;
mod status;
mod uploads;
mod walk;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wkit_artifact::{Digest, RepositoryName};

use crate::limits::CONFLICT_RETRIES_MAX;
use crate::store::{Batch, BlobStore, CommitError, Condition, MetadataStore, Stores, UniqueIds, layout};

pub(crate) use clock::Clock;
pub(crate) use derived::{derived, needed};
pub(crate) use error::{BlobError, GarbageError, Interrupted, ListError, ManifestError, UploadError};
pub(crate) use garbage::GarbageReport;
pub use garbage::GarbageRules;
pub(crate) use listings::Next;
pub use quota::QuotaRule;
pub(crate) use quota::{ClaimError, QuotaError, QuotaReport};
pub(crate) use retention::RetentionReport;
pub use retention::RetentionRule;
pub(crate) use status::Totals;

/// What a registry is told to do, apart from its stores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// Manifests may refer to content that is not there.
    pub(crate) sparse: bool,
    /// Nothing is changed until this is switched off.
    pub(crate) read_only: bool,
    /// When garbage is collected.
    pub(crate) garbage: GarbageRules,
    /// What namespaces may hold.
    pub(crate) quotas: Vec<QuotaRule>,
    /// What is kept.
    pub(crate) retention: Vec<RetentionRule>,
}

/// A registry over two stores. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Registry {
    parts: Arc<Parts>,
}

struct Parts {
    blobs: Arc<dyn BlobStore>,
    metadata: Arc<dyn MetadataStore>,
    /// One lock for each first byte of a hash.
    shards: Vec<Arc<RwLock<()>>>,
    ids: UniqueIds,
    clock: Clock,
    rules: Rules,
    read_only: AtomicBool,
    quotas: quota::Quotas,
    pulls: pulls::Pulls,
    /// Held by the one collection or retention that runs.
    maintenance: tokio::sync::Mutex<()>,
    last_garbage: Mutex<Option<GarbageReport>>,
    last_retention: Mutex<Option<RetentionReport>>,
    totals: tokio::sync::Mutex<Option<Totals>>,
    begun: Instant,
    /// The changes that are under way.
    changes: TaskTracker,
    /// Ends what is long.
    stopped: CancellationToken,
    /// Keeps other servers off the data folder; the last to go.
    _lock: File,
}

impl Registry {
    /// A registry over the stores of a data folder.
    pub(crate) fn new(stores: Stores, rules: Rules) -> Self {
        Self::with_clock(stores, rules, Clock::default())
    }

    /// The same with another clock.
    pub(crate) fn with_clock(stores: Stores, rules: Rules, clock: Clock) -> Self {
        let Stores { blobs, metadata, lock } = stores;
        let parts = Parts {
            blobs,
            metadata,
            shards: (0..=u8::MAX).map(|_| Arc::new(RwLock::new(()))).collect(),
            ids: UniqueIds::new(),
            clock,
            read_only: AtomicBool::new(rules.read_only),
            quotas: quota::Quotas::new(rules.quotas.clone()),
            pulls: pulls::Pulls::new(&rules.retention),
            maintenance: tokio::sync::Mutex::default(),
            last_garbage: Mutex::default(),
            last_retention: Mutex::default(),
            totals: tokio::sync::Mutex::default(),
            begun: Instant::now(),
            rules,
            changes: TaskTracker::new(),
            stopped: CancellationToken::new(),
            _lock: lock,
        };
        Self { parts: Arc::new(parts) }
    }

    /// How long it has run.
    pub(crate) fn uptime(&self) -> Duration {
        self.parts.begun.elapsed()
    }

    /// What the registry was told to do.
    pub(crate) fn rules(&self) -> &Rules {
        &self.parts.rules
    }

    /// Whether nothing may be changed at the moment.
    pub(crate) fn is_read_only(&self) -> bool {
        self.parts.read_only.load(Ordering::Relaxed)
    }

    /// Lets changes be made again, or not any more, until the registry stops. What has begun is finished.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        self.parts.read_only.store(read_only, Ordering::Relaxed);
    }

    /// Ends the collections and retentions that were asked for, between two changes.
    pub(crate) fn stop_runs(&self) {
        self.parts.stopped.cancel();
    }

    /// Waits for the changes under way; there must be no new ones.
    pub(crate) async fn finish(&self) {
        self.stop_runs();
        self.parts.changes.close();
        self.parts.changes.wait().await;
    }

    fn blobs(&self) -> &dyn BlobStore {
        &*self.parts.blobs
    }

    fn metadata(&self) -> &dyn MetadataStore {
        &*self.parts.metadata
    }

    /// Keeps the content of a blob from being removed.
    async fn keep(&self, digest: &Digest) -> OwnedRwLockReadGuard<()> {
        self.shard(digest).read_owned().await
    }

    /// Keeps links to a blob from being made.
    async fn hold(&self, digest: &Digest) -> OwnedRwLockWriteGuard<()> {
        self.shard(digest).write_owned().await
    }

    fn shard(&self, digest: &Digest) -> Arc<RwLock<()>> {
        self.parts.shards[usize::from(layout::first_byte(digest))].clone()
    }

    /// Makes a blob visible in a repository, durably. The caller keeps the content meanwhile. `source` is a link
    /// that must exist, for a mount. What waits for the blob to be garbage begins again. `claim` is kept when the
    /// link is new.
    ///
    /// # Errors
    ///
    /// [`CommitError::Conflict`] when the source is gone.
    async fn link(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        size_bytes: u64,
        source: Option<&RepositoryName>,
        claim: quota::Claim,
    ) -> Result<(), CommitError> {
        let (link, mark) = (layout::blob(repository, digest), layout::garbage(repository, digest));
        for _ in 0..CONFLICT_RETRIES_MAX {
            let mut batch = Batch::default();
            if self.metadata().get(&mark).await?.is_some() {
                batch.remove(mark.clone());
            }
            let is_new = self.metadata().get(&link).await?.is_none();
            if is_new {
                batch.require(link.clone(), Condition::Absent);
                batch.set(link.clone(), layout::blob_value(size_bytes));
                batch.set(layout::holder(digest, repository), Vec::new());
            } else {
                // Nothing to write, but the link must be known to be durable.
                batch.require(link.clone(), Condition::Exists);
            }
            if let Some(source) = source {
                batch.require(layout::blob(source, digest), Condition::Exists);
            }
            match self.metadata().commit(batch).await {
                // Another push of the same blob came first, or the repository lost it since it was looked for.
                Err(CommitError::Conflict { condition: 0 }) => {}
                Ok(()) => {
                    if is_new {
                        claim.keep();
                    }
                    return Ok(());
                }
                Err(error) => {
                    // A store that failed may have applied the batch all the same: then the room is taken.
                    if is_new && self.metadata().get(&link).await.is_ok_and(|link| link.is_some()) {
                        claim.keep();
                    }
                    return Err(error);
                }
            }
        }
        Err(CommitError::Conflict { condition: 0 })
    }

    /// Runs something long that is made of changes: it goes on when the request that asked for it goes away, and ends
    /// between two changes when the registry stops.
    async fn until_stopped<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + Send + 'static,
    {
        let stopped = self.parts.stopped.clone();
        let work = async move {
            tokio::select! {
                biased;
                () = stopped.cancelled() => Err(Interrupted.into()),
                result = work => result,
            }
        };
        // Only the changes are waited for in the end, not this.
        tokio::spawn(work).await.unwrap_or_else(|_| Err(Interrupted.into()))
    }

    /// Runs a change to its end, even when the request that asked for it goes away.
    async fn to_the_end<T, E>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + Send + 'static,
    {
        self.parts.changes.spawn(change).await.unwrap_or_else(|_| Err(Interrupted.into()))
    }
}
