//! Uploading and mounting blobs.

use wkit_artifact::{Algorithm, Digest, RepositoryName};

use super::quota::{Change, Claim};
use super::{ClaimError, Registry, UploadError};
use crate::limits::MOUNT_HOLDERS_MAX;
use crate::store::{Chunk, CommitError, Incoming, SealError, UploadKey, layout};

impl Registry {
    /// Begins an upload and returns its id. `algorithm` is the one its digest is expected to have.
    ///
    /// # Errors
    ///
    /// When too many uploads are open, or the store fails.
    pub(crate) async fn begin_upload(
        &self,
        repository: RepositoryName,
        algorithm: Algorithm,
    ) -> Result<UploadKey, UploadError> {
        let upload = UploadKey { id: self.parts.ids.next(), repository };
        self.blobs().begin(upload.clone(), algorithm).await?;
        Ok(upload)
    }

    /// How many bytes of an upload have arrived.
    ///
    /// # Errors
    ///
    /// When there is no such upload in the repository.
    pub(crate) fn upload_size(&self, upload: &UploadKey) -> Result<u64, UploadError> {
        self.blobs().uploaded(upload).ok_or(UploadError::Unknown)
    }

    /// Appends to an upload and returns its new size.
    ///
    /// # Errors
    ///
    /// When there is no such upload, the chunk does not fit, or the body or the store fails.
    pub(crate) async fn append_upload(
        &self,
        upload: UploadKey,
        chunk: Option<Chunk>,
        body: Incoming,
    ) -> Result<u64, UploadError> {
        Ok(self.blobs().append(upload, chunk, body).await?)
    }

    /// Ends an upload: its bytes become the blob `digest` and visible in its repository, durably.
    ///
    /// # Errors
    ///
    /// When there is no such upload, its digest is another, or a store fails. With another digest, nothing is stored
    /// and the upload is gone.
    pub(crate) async fn finish_upload(&self, upload: UploadKey, digest: Digest) -> Result<(), UploadError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let repository = upload.repository.clone();
            // Room is claimed before the bytes are made durable: a push that does not fit leaves nothing behind.
            let expected = registry.blobs().uploaded(&upload).ok_or(SealError::Unknown)?;
            let mut claim = match registry.claim_blob(&repository, &digest, expected).await {
                Ok(claim) => claim,
                Err(error) => {
                    registry.blobs().cancel(upload).await?;
                    return Err(error.into());
                }
            };
            let sealed = registry.blobs().seal(upload, digest.clone()).await?;
            let size_bytes = sealed.size_bytes;
            let _kept = registry.keep(&digest).await;
            registry.blobs().publish(sealed).await?;
            if size_bytes != expected {
                // A chunk came in between. Content that does not fit now has no link, and is left to the collector.
                drop(claim);
                claim = registry.claim_blob(&repository, &digest, size_bytes).await?;
            }
            Ok(registry.link(&repository, &digest, size_bytes, None, claim).await?)
        })
        .await
    }

    /// Stores a blob that arrives with one request.
    ///
    /// # Errors
    ///
    /// As for the steps it consists of. Nothing is left behind.
    pub(crate) async fn put_blob(
        &self,
        repository: RepositoryName,
        digest: Digest,
        body: Incoming,
    ) -> Result<(), UploadError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let body = registry.within_quota(&repository, Some(&digest), 0, body);
            let upload = registry.begin_upload(repository, digest.algorithm()).await?;
            if let Err(error) = registry.append_upload(upload.clone(), None, body).await {
                registry.blobs().cancel(upload).await?;
                return Err(error);
            }
            registry.finish_upload(upload, digest).await
        })
        .await
    }

    /// Ends an upload without a blob.
    ///
    /// # Errors
    ///
    /// When there is no such upload in the repository, or the store fails.
    pub(crate) async fn cancel_upload(&self, upload: UploadKey) -> Result<(), UploadError> {
        if self.blobs().cancel(upload).await? { Ok(()) } else { Err(UploadError::Unknown) }
    }

    /// Makes a blob that another repository holds visible in `repository`; `false` when there is none. Without
    /// `source`, any repository will do.
    ///
    /// # Errors
    ///
    /// When the metadata store fails.
    pub(crate) async fn mount_blob(
        &self,
        repository: RepositoryName,
        digest: Digest,
        source: Option<RepositoryName>,
    ) -> Result<bool, UploadError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let _kept = registry.keep(&digest).await;
            let source = match source {
                Some(source) => source,
                None => match registry.holder(&digest).await? {
                    Some(source) => source,
                    None => return Ok(false),
                },
            };
            let link = registry.metadata().get(&layout::blob(&source, &digest)).await?;
            let Some(size_bytes) = link.and_then(|value| layout::parse_blob_value(&value)) else {
                return Ok(false);
            };
            let claim = registry.claim_blob(&repository, &digest, size_bytes).await?;
            match registry.link(&repository, &digest, size_bytes, Some(&source), claim).await {
                Ok(()) => Ok(true),
                Err(CommitError::Conflict { .. }) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn claim_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        size_bytes: u64,
    ) -> Result<Claim, ClaimError> {
        self.claim(repository, Change { blob: Some((digest.clone(), size_bytes)), ..Change::default() }).await
    }

    /// A repository that holds a blob and is `visible`, among the first [`MOUNT_HOLDERS_MAX`].
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn visible_holder(
        &self,
        digest: &Digest,
        visible: impl Fn(&RepositoryName) -> bool,
    ) -> Result<Option<RepositoryName>, UploadError> {
        let found = self.metadata().scan(layout::holders(digest, MOUNT_HOLDERS_MAX)).await?;
        Ok(found.iter().filter_map(|(key, _)| layout::parse_holder(key)).find(visible))
    }

    async fn holder(&self, digest: &Digest) -> Result<Option<RepositoryName>, UploadError> {
        let found = self.metadata().scan(layout::any_holder(digest)).await?;
        Ok(found.first().and_then(|(key, _)| layout::parse_holder(key)))
    }
}
