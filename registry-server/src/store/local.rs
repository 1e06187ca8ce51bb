//! The blob store in a local folder.
//!
//! A blob's bytes are written under the name of its upload, hashed while they are written, synced, and only then
//! renamed to the name of their digest, whose folder is synced in turn. So a file under `blobs/` is complete at any
//! moment, even when the machine stops.

mod blocks;
mod uploads;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use wkit_artifact::{Algorithm, Digest};

use crate::store::{
    AppendError, BeginError, BlobStore, BlobStoreError, Chunk, Incoming, Outgoing, SealError, Sealed,
    UploadKey, layout,
};
use blocks::Transfer;
use uploads::Uploads;

pub(crate) use uploads::hash_file;

/// What the store allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalLimits {
    /// The largest blob, in bytes.
    pub(crate) blob_bytes_max: u64,
    /// How many uploads may be open.
    pub(crate) sessions_max: usize,
    /// How long an upload may rest.
    pub(crate) idle_max: Duration,
}

/// Blobs and uploads as files below one folder.
#[derive(Debug)]
pub(crate) struct LocalBlobs {
    data: Arc<Path>,
    uploads: Arc<Uploads>,
}

impl LocalBlobs {
    /// Opens the store in a data folder whose folders exist: takes up the uploads found there again, and removes
    /// those that rested for too long.
    ///
    /// # Errors
    ///
    /// When the folder of uploads cannot be read.
    pub(crate) fn open(data: &Path, limits: LocalLimits) -> Result<Self, BlobStoreError> {
        let data: Arc<Path> = data.into();
        Ok(Self { uploads: Arc::new(Uploads::open(data.clone(), limits)?), data })
    }
}

impl BlobStore for LocalBlobs {
    fn begin(&self, upload: UploadKey, algorithm: Algorithm) -> BoxFuture<'_, Result<(), BeginError>> {
        self.uploads.clone().begin(upload, algorithm).boxed()
    }

    fn append(
        &self,
        upload: UploadKey,
        chunk: Option<Chunk>,
        body: Incoming,
    ) -> BoxFuture<'_, Result<u64, AppendError>> {
        self.uploads.clone().append(upload, chunk, body).boxed()
    }

    fn uploaded(&self, upload: &UploadKey) -> Option<u64> {
        self.uploads.size(upload)
    }

    fn seal(&self, upload: UploadKey, digest: Digest) -> BoxFuture<'_, Result<Sealed, SealError>> {
        self.uploads.clone().seal(upload, digest).boxed()
    }

    fn publish(&self, sealed: Sealed) -> BoxFuture<'_, Result<(), BlobStoreError>> {
        let data = self.data.clone();
        blocking("publish a blob", move || publish(&data, &sealed)).boxed()
    }

    fn cancel(&self, upload: UploadKey) -> BoxFuture<'_, Result<bool, BlobStoreError>> {
        self.uploads.clone().cancel(upload).boxed()
    }

    fn expire(&self) -> BoxFuture<'_, Result<usize, BlobStoreError>> {
        self.uploads.clone().expire().boxed()
    }

    fn read(
        &self,
        digest: &Digest,
        size_bytes: u64,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'_, Result<Outgoing, BlobStoreError>> {
        let path = layout::blob_file(&self.data, digest);
        read(path, digest.clone(), size_bytes, offset, length).boxed()
    }

    fn remove(&self, digest: &Digest) -> BoxFuture<'_, Result<(), BlobStoreError>> {
        let path = layout::blob_file(&self.data, digest);
        // The folder is not synced: a file that comes back after a crash is found by the garbage collector.
        blocking("remove a blob", move || absent_is_ok(std::fs::remove_file(path))).boxed()
    }

    fn size(&self, digest: &Digest) -> BoxFuture<'_, Result<Option<u64>, BlobStoreError>> {
        let path = layout::blob_file(&self.data, digest);
        blocking("look at a blob", move || match std::fs::metadata(path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .boxed()
    }

    fn list(&self, algorithm: Algorithm, shard: u8) -> BoxFuture<'_, Result<Vec<Digest>, BlobStoreError>> {
        let folder = layout::shard(&self.data, algorithm, shard);
        blocking("list blobs", move || list(&folder, algorithm)).boxed()
    }
}

/// Whether an error means that the disk, or the user's share of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// How much room is left on the disk that holds `path`, in bytes.
#[cfg(unix)]
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Other systems say that the disk is full when it is, and not before.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// How to make a file that only the server's own user may read: metadata can hold secrets.
pub(crate) fn private_file() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs file operations on the blocking pool.
async fn blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobStoreError> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|lost| Err(io::Error::other(lost))).map_err(|source| store_error(action, source))
}

fn store_error(action: &'static str, source: io::Error) -> BlobStoreError {
    if is_full(&source) { BlobStoreError::Full } else { BlobStoreError::Io { action, source } }
}

/// Takes a file that is not there for done.
pub(crate) fn absent_is_ok(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn publish(data: &Path, sealed: &Sealed) -> io::Result<()> {
    let upload = layout::upload_file(data, &sealed.upload);
    let blob = layout::blob_file(data, &sealed.digest);
    let shard = layout::shard(data, sealed.digest.algorithm(), layout::first_byte(&sealed.digest));
    match std::fs::metadata(&blob) {
        // The blob is there. A file of another size is damaged, and is replaced by the bytes just verified.
        Ok(found) if found.len() == sealed.size_bytes => std::fs::remove_file(&upload)?,
        _ => match std::fs::rename(&upload, &blob) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(&shard)?;
                sync_folder(&layout::blobs(data, sealed.digest.algorithm()))?;
                std::fs::rename(&upload, &blob)?;
            }
            other => other?,
        },
    }
    // Also when the blob was there already: whoever renamed it may not have synced the folder yet.
    sync_folder(&shard)
}

async fn read(
    path: PathBuf,
    digest: Digest,
    size_bytes: u64,
    offset: u64,
    length: u64,
) -> Result<Outgoing, BlobStoreError> {
    let mut transfer = Transfer::begin();
    let maximum = transfer.next_block_bytes();
    let opened = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let found = file.metadata()?.len();
        let mut first = Bytes::new();
        if found == size_bytes && length > 0 {
            if offset > 0 {
                file.seek(SeekFrom::Start(offset))?;
            }
            first = read_block(&mut file, length, maximum)?;
        }
        Ok((file, found, first))
    });
    let (file, found, first) = match opened.await.unwrap_or_else(|lost| Err(io::Error::other(lost))) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BlobStoreError::Missing { digest });
        }
        Err(source) => return Err(store_error("read a blob", source)),
    };
    if found != size_bytes {
        return Err(BlobStoreError::Size { digest, expected: size_bytes, found });
    }
    let left = length - first.len() as u64;
    let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
    if left == 0 {
        return Ok(first.boxed());
    }
    Ok(first.chain(stream::try_unfold((file, left, transfer), next_block)).boxed())
}

/// The next block and what is left: one step of a stream. The socket's buffer keeps the client busy meanwhile.
async fn next_block(
    (mut file, left, mut transfer): (File, u64, Transfer),
) -> io::Result<Option<(Bytes, (File, u64, Transfer))>> {
    if left == 0 {
        return Ok(None);
    }
    let maximum = transfer.next_block_bytes();
    let step = tokio::task::spawn_blocking(move || {
        let block = read_block(&mut file, left, maximum)?;
        Ok::<_, io::Error>((block, file))
    });
    let (block, file) = step.await.map_err(io::Error::other)??;
    let left = left - block.len() as u64;
    Ok(Some((block, (file, left, transfer))))
}

fn read_block(file: &mut File, left: u64, maximum: usize) -> io::Result<Bytes> {
    let want = left.min(maximum as u64);
    let mut block = Vec::with_capacity(usize::try_from(want).unwrap_or(maximum));
    let found = file.take(want).read_to_end(&mut block)?;
    if found as u64 != want {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a blob became shorter while it was read"));
    }
    Ok(block.into())
}

/// The blobs of a shard's folder.
pub(crate) fn list(folder: &Path, algorithm: Algorithm) -> io::Result<Vec<Digest>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut digests = Vec::new();
    for entry in entries {
        // A file that is not named after a digest is not ours to judge.
        if let Some(hex) = entry?.file_name().to_str()
            && let Ok(digest) = format!("{algorithm}:{hex}").parse()
        {
            digests.push(digest);
        }
    }
    Ok(digests)
}
