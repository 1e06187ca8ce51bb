//! The two stores of the registry, as traits: blobs and metadata.
//!
//! Both traits are asynchronous and can be made into objects, so that a backend behind a network (an object store, a
//! database server) fits as it is. The embedded backends answer a point lookup at once, on the calling thread: it is a
//! few microseconds in memory, less than a switch to another thread. What touches files or scans runs on the
//! blocking pool, and commits run on a thread of their own.

#[cfg(test)]
mod contract;
mod folder;
mod group_commit;
pub(crate) mod journal;
pub(crate) mod layout;
pub(crate) mod local;
mod redb_store;
#[cfg(feature = "sled")]
mod sled_store;
mod unique;

use std::path::Path;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use wkit_artifact::{Algorithm, Digest, RepositoryName};

use crate::config::MetadataUrl;

pub use folder::OpenError;
pub(crate) use folder::{
    Folder, Format, Stores, make_private_folder, mark, open, prepare, read_format, write_format,
};
pub(crate) use group_commit::Engine;
pub use journal::{JournalError, ReplayError};
pub(crate) use local::LocalBlobs;
pub(crate) use unique::UniqueIds;

/// Opens the metadata store of a kind at `path`, or makes it.
///
/// # Errors
///
/// When it cannot be opened, or is another process's.
pub(crate) fn open_engine(url: &MetadataUrl, path: &Path) -> Result<Box<dyn Engine>, MetadataError> {
    Ok(match url {
        MetadataUrl::Redb(_) => Box::new(redb_store::RedbEngine::open(path)?),
        #[cfg(feature = "sled")]
        MetadataUrl::Sled(_) => Box::new(sled_store::SledEngine::open(path)?),
    })
}

/// A metadata store in a folder, without a journal.
#[cfg(test)]
pub(crate) fn open_for_test(folder: &std::path::Path) -> std::sync::Arc<dyn MetadataStore> {
    let path = folder.join("metadata");
    open_engine(&MetadataUrl::default(), &path).unwrap().into_store(&path, None).unwrap()
}

/// What a condition of a [`Batch`] asks of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The key has some value.
    Exists,
    /// The key has no value.
    Absent,
    /// The key has exactly this value.
    Equals(Vec<u8>),
}

/// Changes that are made together or not at all, and only when every condition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// What must hold for the batch to be applied, checked in the same step.
    pub(crate) conditions: Vec<(Vec<u8>, Condition)>,
    /// What is set (`Some`) or removed (`None`), in order.
    pub(crate) writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Adds a condition.
    pub(crate) fn require(&mut self, key: Vec<u8>, condition: Condition) {
        self.conditions.push((key, condition));
    }

    /// Requires that `key` still has the value that was read: `None` for no value.
    pub(crate) fn require_unchanged(&mut self, key: Vec<u8>, read: Option<Vec<u8>>) {
        self.require(key, read.map_or(Condition::Absent, Condition::Equals));
    }

    /// Sets a key.
    pub(crate) fn set(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.push((key, Some(value)));
    }

    /// Removes a key; nothing happens when it has no value.
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.writes.push((key, None));
    }

    /// Whether the batch sets anything: one that only removes is let through when the disk is nearly full.
    fn adds(&self) -> bool {
        self.writes.iter().any(|(_, value)| value.is_some())
    }

    /// About how many bytes the batch takes.
    fn size_bytes(&self) -> usize {
        self.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
    }
}

/// A stretch of keys to read, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The first key that may be in it.
    pub(crate) start: Vec<u8>,
    /// The first key after it.
    pub(crate) end: Vec<u8>,
    /// How many entries to read at most.
    pub(crate) limit: usize,
    /// Whether the values are wanted; without, every value comes back empty.
    pub(crate) values: bool,
}

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// An ordered key space with atomic, durable batches. Every index of the registry is a layout of keys in it
/// (`store/layout.rs`).
pub(crate) trait MetadataStore: Send + Sync + 'static {
    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// When the backend fails.
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, MetadataError>>;

    /// The entries of a stretch of keys, in the order of their bytes.
    ///
    /// # Errors
    ///
    /// When the backend fails.
    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Entry>, MetadataError>>;

    /// Checks the conditions and applies the writes in one step, and returns when the result is durable. A batch
    /// without writes still returns only when everything its conditions saw is durable.
    ///
    /// # Errors
    ///
    /// [`CommitError::Conflict`] when a condition does not hold: nothing is changed then. When the backend fails,
    /// the batch is applied as a whole or not at all, and which of the two is not known.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>>;
}

/// Why the metadata store could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// There is no room left.
    #[error("no space is left for the metadata store")]
    Full,
    /// The store is closed, or is being opened again after a failure.
    #[error("the metadata store is not open")]
    Closed,
    /// The backend reports a failure.
    #[error("the metadata store `{backend}` failed: {message}")]
    Failed {
        /// The backend's name.
        backend: &'static str,
        /// What it reports.
        message: String,
    },
}

/// Why a batch was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A condition does not hold.
    #[error("condition {condition} of the batch does not hold")]
    Conflict {
        /// The place of the first such condition in the batch.
        condition: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// Names one upload: an unguessable id, bound to the repository it was begun in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UploadKey {
    /// 32 lower-case hexadecimal digits.
    pub(crate) id: String,
    /// Where the upload was begun, and where its blob will be visible.
    pub(crate) repository: RepositoryName,
}

/// The body of a request on its way into the store.
pub(crate) type Incoming = BoxStream<'static, Result<Bytes, IncomingError>>;

/// The content of a blob on its way out of the store.
pub(crate) type Outgoing = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// Why the body of a request ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IncomingError {
    /// The client is gone or breaks the protocol.
    #[error("the body ended early: {message}")]
    Broken {
        /// What the transport reports.
        message: String,
    },
    /// The client stopped sending.
    #[error("no bytes of the body arrived for {seconds} s")]
    Idle {
        /// How long was waited.
        seconds: u64,
    },
    /// The registry takes no more of it.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
}

/// Where a chunk claims to belong (`Content-Range` of a `PATCH` or `PUT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The offset of its first byte in the blob.
    pub(crate) start: u64,
    /// How many bytes it has.
    pub(crate) size_bytes: u64,
}

/// An upload whose bytes are complete, verified and durable, but not yet a blob.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The digest of the content.
    pub(crate) digest: Digest,
    /// The length of the content.
    pub(crate) size_bytes: u64,
    /// The upload it came from.
    pub(crate) upload: UploadKey,
}

/// Content by digest, held once for all repositories, and the uploads that become such content.
pub(crate) trait BlobStore: Send + Sync + 'static {
    /// Begins an upload. `algorithm` is the one its digest is expected to have; another one costs a second reading.
    ///
    /// # Errors
    ///
    /// When too many uploads are open, or when the store fails.
    fn begin(&self, upload: UploadKey, algorithm: Algorithm) -> BoxFuture<'_, Result<(), BeginError>>;

    /// Appends `body` to an upload and returns the new size in bytes. With `chunk`, the body must begin where the
    /// upload ends and have the size it claims. What arrived before a failure of the body stays.
    ///
    /// # Errors
    ///
    /// When the upload is not open, the chunk does not fit, the body fails, or the store fails.
    fn append(
        &self,
        upload: UploadKey,
        chunk: Option<Chunk>,
        body: Incoming,
    ) -> BoxFuture<'_, Result<u64, AppendError>>;

    /// The size of an open upload in bytes, `None` when there is none.
    fn uploaded(&self, upload: &UploadKey) -> Option<u64>;

    /// Ends an upload: checks its digest and makes its bytes durable. With a wrong digest, the upload is removed.
    ///
    /// # Errors
    ///
    /// When the upload is not open, its digest is another, or the store fails.
    fn seal(&self, upload: UploadKey, digest: Digest) -> BoxFuture<'_, Result<Sealed, SealError>>;

    /// Makes a sealed upload the blob of its digest, durably. Nothing changes when there is one already.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn publish(&self, sealed: Sealed) -> BoxFuture<'_, Result<(), BlobStoreError>>;

    /// Removes an upload; `false` when it is not open.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn cancel(&self, upload: UploadKey) -> BoxFuture<'_, Result<bool, BlobStoreError>>;

    /// Removes the uploads that rest for longer than the store allows, and returns how many.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn expire(&self) -> BoxFuture<'_, Result<usize, BlobStoreError>>;

    /// `length` bytes of a blob, which has `size_bytes` in all, from `offset` on.
    ///
    /// # Errors
    ///
    /// When there is no such blob, when it has another size, or when the store fails.
    fn read(
        &self,
        digest: &Digest,
        size_bytes: u64,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'_, Result<Outgoing, BlobStoreError>>;

    /// Removes a blob; nothing happens when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove(&self, digest: &Digest) -> BoxFuture<'_, Result<(), BlobStoreError>>;

    /// The size of a blob in bytes, `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn size(&self, digest: &Digest) -> BoxFuture<'_, Result<Option<u64>, BlobStoreError>>;

    /// The blobs whose digest begins with `shard`, the first byte of the hash.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn list(&self, algorithm: Algorithm, shard: u8) -> BoxFuture<'_, Result<Vec<Digest>, BlobStoreError>>;
}

/// Why the blob store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobStoreError {
    /// There is no room left.
    #[error("no space is left for blobs")]
    Full,
    /// A blob that is linked is not there.
    #[error("the content of `{digest}` is missing in the blob store")]
    Missing {
        /// The blob asked for.
        digest: Digest,
    },
    /// A blob has another size than when it was stored.
    #[error("expected {expected} bytes of `{digest}` in the blob store, found {found}")]
    Size {
        /// The blob asked for.
        digest: Digest,
        /// The size when it was stored.
        expected: u64,
        /// The size now.
        found: u64,
    },
    /// The file system failed.
    #[error("could not {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system reports.
        source: std::io::Error,
    },
}

/// Why an upload was not begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// Too many are open.
    #[error("expected at most {maximum} open uploads")]
    TooMany {
        /// How many may be open.
        maximum: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobStoreError),
}

/// Why a chunk was not appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// There is no such upload in this repository.
    #[error("there is no such upload in this repository")]
    Unknown,
    /// The chunk does not begin where the upload ends.
    #[error("expected a chunk that begins at byte {expected}, found {found}")]
    OutOfOrder {
        /// The size of the upload.
        expected: u64,
        /// Where the chunk begins.
        found: u64,
    },
    /// The body has another size than the chunk claims.
    #[error("expected {expected} bytes in the chunk, found {found}")]
    ChunkSize {
        /// The size claimed.
        expected: u64,
        /// How many bytes came, at least.
        found: u64,
    },
    /// The blob would be too large.
    #[error("expected a blob of at most {maximum} bytes")]
    TooLarge {
        /// The most bytes a blob may have.
        maximum: u64,
    },
    /// Another request is writing to the upload.
    #[error("another request is writing to this upload")]
    Busy,
    /// The body ended early.
    #[error(transparent)]
    Body(#[from] IncomingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobStoreError),
}

/// Why an upload was not sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// There is no such upload in this repository.
    #[error("there is no such upload in this repository")]
    Unknown,
    /// Another request is writing to the upload.
    #[error("another request is writing to this upload")]
    Busy,
    /// The content has another digest.
    #[error("expected content with the digest `{expected}`, found `{found}`")]
    Digest {
        /// The digest given.
        expected: Digest,
        /// The digest of the content.
        found: Digest,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobStoreError),
}
