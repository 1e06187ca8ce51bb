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
//! leaves at worst content without a link, and the collector, which looks at all content once after a start and then
//! every hour, removes it.
//!
//! Whatever changes something runs on a task of its own: a client that goes away cannot stop it half-way.

mod blobs;
mod derived;
mod error;
mod garbage;
mod listings;
mod manifests;
mod references;
mod uploads;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio_util::task::TaskTracker;
use wkit_artifact::{Digest, RepositoryName};

use crate::store::{Batch, BlobStore, CommitError, Condition, MetadataStore, Stores, UniqueIds, layout};

pub(crate) use derived::{derived, needed};
pub(crate) use error::{BlobError, Interrupted, ListError, ManifestError, UploadError};
pub(crate) use garbage::Collected;

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
    sparse: bool,
    /// The changes that are under way.
    changes: TaskTracker,
    /// Keeps other servers off the data folder; the last to go.
    _lock: File,
}

impl Registry {
    /// A registry over the stores of a data folder. With `sparse`, manifests may refer to content that is not there.
    pub(crate) fn new(stores: Stores, sparse: bool) -> Self {
        let Stores { blobs, metadata, lock } = stores;
        let shards = (0..=u8::MAX).map(|_| Arc::new(RwLock::new(()))).collect();
        let (ids, changes) = (UniqueIds::new(), TaskTracker::new());
        Self { parts: Arc::new(Parts { blobs, metadata, shards, ids, sparse, changes, _lock: lock }) }
    }

    /// Waits for the changes under way; there must be no new ones.
    pub(crate) async fn finish(&self) {
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
    /// that must exist, for a mount.
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
    ) -> Result<(), CommitError> {
        let (link, mut batch) = (layout::blob(repository, digest), Batch::default());
        if let Some(source) = source {
            batch.require(layout::blob(source, digest), Condition::Exists);
        }
        if self.metadata().get(&link).await?.is_some() {
            // Nothing to write, but the link must be known to be durable.
            batch.require(link, Condition::Exists);
        } else {
            batch.set(link, layout::blob_value(size_bytes));
            batch.set(layout::holder(digest, repository), Vec::new());
        }
        self.metadata().commit(batch).await
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
