//! Reading and removing blobs.

use wkit_artifact::{Digest, RepositoryName};

use super::quota::Change;
use super::{BlobError, Registry};
use crate::store::{Batch, BlobStoreError, CommitError, Condition, Outgoing, layout};

/// A part of a blob on its way out.
pub(crate) struct BlobContent {
    /// The bytes.
    pub(crate) bytes: Outgoing,
}

impl Registry {
    /// The size in bytes of a blob that is visible in the repository: one point lookup.
    ///
    /// # Errors
    ///
    /// When the repository does not hold the blob, or the store fails.
    pub(crate) async fn blob_size(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<u64, BlobError> {
        let value = self.metadata().get(&layout::blob(repository, digest)).await?;
        value
            .and_then(|value| layout::parse_blob_value(&value))
            .ok_or_else(|| BlobError::Unknown { digest: digest.clone() })
    }

    /// `length` bytes from `offset` on of a blob with the size that [`Registry::blob_size`] gave.
    ///
    /// # Errors
    ///
    /// When the blob was removed meanwhile, or the store fails.
    pub(crate) async fn read_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        size_bytes: u64,
        offset: u64,
        length: u64,
    ) -> Result<BlobContent, BlobError> {
        match self.blobs().read(digest, size_bytes, offset, length).await {
            Ok(bytes) => Ok(BlobContent { bytes }),
            Err(error @ BlobStoreError::Missing { .. }) => {
                // Removed since its size was read; otherwise a link without content is damage.
                self.blob_size(repository, digest).await?;
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a blob out of a repository. Its content goes with the last repository that holds it.
    ///
    /// # Errors
    ///
    /// When the repository does not hold the blob, or a store fails.
    pub(crate) async fn delete_blob(
        &self,
        repository: RepositoryName,
        digest: Digest,
    ) -> Result<(), BlobError> {
        let registry = self.clone();
        self.to_the_end(async move {
            match registry.unlink(&repository, &digest, None).await? {
                Some(_) => Ok(()),
                None => Err(BlobError::Unknown { digest }),
            }
        })
        .await
    }

    /// Takes a blob out of a repository, and its content away when no other repository holds it. With `mark`, only
    /// if the blob still has this mark of the garbage collector. `None` when nothing was done, and otherwise whether
    /// the content went as well.
    ///
    /// # Errors
    ///
    /// When a store fails.
    pub(super) async fn unlink(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        mark: Option<Vec<u8>>,
    ) -> Result<Option<bool>, BlobError> {
        self.count_usage().await?;
        let _held = self.hold(digest).await;
        let (link, mark_key) = (layout::blob(repository, digest), layout::garbage(repository, digest));
        let Some(value) = self.metadata().get(&link).await? else { return Ok(None) };
        let mut batch = Batch::default();
        batch.require(link.clone(), Condition::Exists);
        if let Some(mark) = mark {
            batch.require(mark_key.clone(), Condition::Equals(mark));
        }
        batch.remove(link);
        batch.remove(layout::holder(digest, repository));
        batch.remove(mark_key);
        match self.metadata().commit(batch).await {
            Ok(()) => {}
            Err(CommitError::Conflict { .. }) => return Ok(None),
            Err(CommitError::Metadata(error)) => return Err(error.into()),
        }
        let size_bytes = layout::parse_blob_value(&value).unwrap_or(0);
        let change = Change { blob: Some((digest.clone(), size_bytes)), ..Change::default() };
        self.release(repository, &change);
        match self.remove_if_garbage(digest).await {
            Ok(removed) => Ok(Some(removed)),
            Err(error) => {
                // The blob is out of the repository; its content is left to the collector.
                tracing::warn!(%digest, %error, "content without a link could not be removed");
                Ok(Some(false))
            }
        }
    }

    /// Lets the time after which a blob is garbage begin again: a client was, or is about to be, told that the
    /// repository has it, and will push a manifest that refers to it.
    ///
    /// # Errors
    ///
    /// When the repository does not hold the blob any more, or the store fails.
    pub(crate) async fn renew_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), BlobError> {
        let mark = layout::garbage(repository, digest);
        if self.metadata().get(&mark).await?.is_none() || self.is_read_only() {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.require(layout::blob(repository, digest), Condition::Exists);
        batch.remove(mark);
        match self.metadata().commit(batch).await {
            Ok(()) => Ok(()),
            Err(CommitError::Conflict { .. }) => Err(BlobError::Unknown { digest: digest.clone() }),
            Err(CommitError::Metadata(error)) => Err(error.into()),
        }
    }

    /// Removes the content of a blob that no repository holds, and says whether it did. The caller holds its shard.
    pub(super) async fn remove_if_garbage(&self, digest: &Digest) -> Result<bool, BlobError> {
        if !self.metadata().scan(layout::any_holder(digest)).await?.is_empty() {
            return Ok(false);
        }
        self.blobs().remove(digest).await?;
        Ok(true)
    }
}
