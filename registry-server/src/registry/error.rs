//! Why the registry refuses: one enum per family of operations.

use wkit_artifact::{Digest, ParseManifestError, TagOrDigest};

use super::{ClaimError, QuotaError};
use crate::limits::{MANIFEST_DEPTH_MAX, MANIFEST_DESCRIPTORS_MAX};
use crate::store::{AppendError, BeginError, BlobStoreError, CommitError, MetadataError, SealError};

/// A change was lost because the registry is stopping, or because of a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the change was interrupted")]
pub(crate) struct Interrupted;

/// Why a blob was not read or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    /// The repository does not hold it.
    #[error("the repository has no blob `{digest}`")]
    Unknown {
        /// The blob asked for.
        digest: Digest,
    },
    /// The blob store failed.
    #[error(transparent)]
    Blobs(#[from] BlobStoreError),
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The change was lost.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Why a blob was not uploaded or mounted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// There is no such upload in this repository.
    #[error("there is no such upload in this repository")]
    Unknown,
    /// It does not fit into a quota.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// It could not be begun.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// Bytes could not be added.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It could not be ended.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The blob store failed.
    #[error(transparent)]
    Blobs(#[from] BlobStoreError),
    /// The metadata store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The change was lost.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Why a manifest was not read, stored or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// The repository has no such manifest or tag.
    #[error("the repository has no manifest `{reference}`")]
    Unknown {
        /// What was asked for.
        reference: TagOrDigest,
    },
    /// It cannot be read.
    #[error(transparent)]
    Invalid(#[from] ParseManifestError),
    /// It is a manifest and an index at once, so two clients could see different content.
    #[error("expected either `layers` and `config` or `manifests`, found both")]
    Ambiguous,
    /// It has too many descriptors.
    #[error("expected at most {MANIFEST_DESCRIPTORS_MAX} descriptors in a manifest, found {found}")]
    Descriptors {
        /// How many it has.
        found: usize,
    },
    /// Its lists and objects are nested too deeply for many programs that will read it.
    #[error("expected lists and objects nested at most {MANIFEST_DEPTH_MAX} deep in a manifest")]
    Depth,
    /// It was pushed under another digest.
    #[error("expected a manifest with the digest `{expected}`, found `{found}`")]
    Digest {
        /// The digest in the request.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// It refers to content that is not in the repository.
    #[error(
        "the manifest refers to {} the repository does not have, such as `{}`",
        count(missing),
        first(missing)
    )]
    Missing {
        /// The content that is missing; never empty.
        missing: Vec<Digest>,
    },
    /// It does not fit into a quota.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// Something stored cannot be read back.
    #[error("the stored manifest `{reference}` is damaged")]
    Damaged {
        /// What was asked for.
        reference: TagOrDigest,
    },
    /// The same keys were changed by other requests again and again.
    #[error("other requests keep changing the same tag or manifest")]
    Contended,
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The change was lost.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<ClaimError> for UploadError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Quota(error) => Self::Quota(error),
            ClaimError::Metadata(error) => Self::Metadata(error),
        }
    }
}

impl From<ClaimError> for ManifestError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Quota(error) => Self::Quota(error),
            ClaimError::Metadata(error) => Self::Metadata(error),
        }
    }
}

/// Why garbage was not collected, or what is not kept was not removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GarbageError {
    /// One is under way.
    #[error("a collection of garbage, or a retention, is running already")]
    Running,
    /// Nothing may be changed.
    #[error("the registry is read-only: only a dry run is possible")]
    ReadOnly,
    /// The blob store failed.
    #[error(transparent)]
    Blobs(#[from] BlobStoreError),
    /// A blob was not removed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A manifest or tag was not removed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The metadata store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The change was lost.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

fn count(missing: &[Digest]) -> String {
    match missing.len() {
        1 => "content".to_owned(),
        several => format!("{several} pieces of content"),
    }
}

fn first(missing: &[Digest]) -> String {
    missing.first().map(ToString::to_string).unwrap_or_default()
}

/// Why something was not listed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    /// There is no such repository: it has no manifest.
    #[error("there is no such repository")]
    NameUnknown,
    /// The metadata store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}
