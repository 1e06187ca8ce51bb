//! Reading and removing blobs.

use wkit_artifact::{Digest, RepositoryName};

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
            let _held = registry.hold(&digest).await;
            let link = layout::blob(&repository, &digest);
            let mut batch = Batch::default();
            batch.require(link.clone(), Condition::Exists);
            batch.remove(link);
            batch.remove(layout::holder(&digest, &repository));
            match registry.metadata().commit(batch).await {
                Ok(()) => {}
                Err(CommitError::Conflict { .. }) => return Err(BlobError::Unknown { digest }),
                Err(CommitError::Metadata(error)) => return Err(error.into()),
            }
            if let Err(error) = registry.remove_if_garbage(&digest).await {
                // The blob is out of the repository; its content is left to the collector.
                tracing::warn!(%digest, %error, "content without a link could not be removed");
            }
            Ok(())
        })
        .await
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
