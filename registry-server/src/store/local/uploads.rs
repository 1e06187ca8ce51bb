//! Uploads: one file each, and the state of its hash in memory.
//!
//! The file is the truth about how much of a blob has arrived; the running hash can always be made again from it, and
//! is after a restart.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::OwnedMutexGuard;
use wkit_artifact::{Algorithm, Digest, Hasher};

use super::blocks::Transfer;
use super::{LocalLimits, absent_is_ok, blocking, free_bytes, private_file, store_error};
use crate::limits::{BLOB_RESERVE_BYTES, TRANSFER_BLOCK_BYTES, TRANSFER_PIECES_MAX, UPLOAD_LOCK_WAIT_MAX};
use crate::store::{
    AppendError, BeginError, BlobStoreError, Chunk, Incoming, SealError, Sealed, UploadKey, layout,
};

/// All open uploads of a store.
#[derive(Debug)]
pub(super) struct Uploads {
    data: Arc<Path>,
    limits: LocalLimits,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// One open upload.
#[derive(Debug)]
struct Session {
    /// Binds the upload to its repository.
    repository_hash: String,
    /// How many bytes have arrived, to be read while another request writes.
    size_bytes: AtomicU64,
    /// When bytes last arrived.
    touched: Mutex<SystemTime>,
    /// Held by the one request that writes.
    state: Arc<tokio::sync::Mutex<State>>,
}

#[derive(Debug)]
struct State {
    algorithm: Algorithm,
    /// The hash of the bytes in the file; `None` when it has to be made from the file.
    hasher: Option<Hasher>,
    /// The upload was sealed or removed while a request waited for it.
    closed: bool,
}

impl Uploads {
    /// Takes up the uploads found in the folder.
    pub(super) fn open(data: Arc<Path>, limits: LocalLimits) -> Result<Self, BlobStoreError> {
        let found =
            scan(&layout::uploads(&data), limits).map_err(|error| store_error("list uploads", error))?;
        Ok(Self { data, limits, sessions: Mutex::new(found) })
    }

    pub(super) async fn begin(
        self: Arc<Self>,
        upload: UploadKey,
        algorithm: Algorithm,
    ) -> Result<(), BeginError> {
        let repository_hash = layout::repository_hash(&upload.repository);
        let session =
            Session::new(repository_hash, algorithm, 0, Some(Hasher::new(algorithm)), SystemTime::now());
        {
            let mut sessions = self.lock();
            if sessions.len() >= self.limits.sessions_max {
                return Err(BeginError::TooMany { maximum: self.limits.sessions_max });
            }
            sessions.insert(upload.id.clone(), Arc::new(session));
        }
        let path = layout::upload_file(&self.data, &upload);
        // A blob keeps the permissions of its upload: other users of the machine have no business with it.
        let made =
            blocking("begin an upload", move || private_file().create_new(true).open(path).map(drop)).await;
        if made.is_err() {
            self.lock().remove(&upload.id);
        }
        Ok(made?)
    }

    pub(super) fn size(&self, upload: &UploadKey) -> Option<u64> {
        self.session(upload).map(|session| session.size_bytes.load(Ordering::Acquire))
    }

    pub(super) async fn append(
        self: Arc<Self>,
        upload: UploadKey,
        chunk: Option<Chunk>,
        body: Incoming,
    ) -> Result<u64, AppendError> {
        let session = self.session(&upload).ok_or(AppendError::Unknown)?;
        let state = lock_state(&session).await.ok_or(AppendError::Busy)?;
        if state.closed {
            return Err(AppendError::Unknown);
        }
        let size_bytes = session.size_bytes.load(Ordering::Acquire);
        if let Some(chunk) = chunk
            && chunk.start != size_bytes
        {
            return Err(AppendError::OutOfOrder { expected: size_bytes, found: chunk.start });
        }
        // On a task of its own, because a request may be dropped at any moment, and file and state must still agree.
        let task = tokio::spawn(self.receive(upload, session, state, chunk, body));
        task.await.unwrap_or_else(|lost| Err(store_error("receive an upload", io::Error::other(lost)).into()))
    }

    /// Receives a body: while one block is hashed and written, the next one arrives.
    async fn receive(
        self: Arc<Self>,
        upload: UploadKey,
        session: Arc<Session>,
        mut state: OwnedMutexGuard<State>,
        chunk: Option<Chunk>,
        mut body: Incoming,
    ) -> Result<u64, AppendError> {
        let begun = session.size_bytes.load(Ordering::Acquire);
        let path = layout::upload_file(&self.data, &upload);
        let mut writer = Writer { path, file: None, size_bytes: begun, hasher: state.hasher.take() };
        let (algorithm, room) = (state.algorithm, self.room(begun, chunk));
        let (mut received, mut end) = (0, None);
        let mut transfer = Transfer::begin();
        let mut block = gather(&mut body, &mut received, &mut end, room, transfer.next_block_bytes()).await;
        while !block.is_empty() {
            let written = tokio::task::spawn_blocking(move || writer.write(algorithm, &block));
            block = match end {
                None => gather(&mut body, &mut received, &mut end, room, transfer.next_block_bytes()).await,
                Some(_) => Vec::new(),
            };
            writer = match written.await.unwrap_or_else(|lost| Err(io::Error::other(lost))) {
                Ok(writer) => writer,
                Err(error) => {
                    let error = store_error("write an upload", error);
                    return Err(self.give_up(&upload, &mut state, error.into()).await);
                }
            };
            session.size_bytes.store(writer.size_bytes, Ordering::Release);
            *session.touched.lock().unwrap_or_else(PoisonError::into_inner) = SystemTime::now();
        }
        state.hasher = writer.hasher;
        match end {
            Some(Err(error @ AppendError::TooLarge { .. })) => {
                Err(self.give_up(&upload, &mut state, error).await)
            }
            Some(Err(error)) => Err(error),
            _ => match chunk {
                Some(chunk) if chunk.size_bytes != received => {
                    Err(AppendError::ChunkSize { expected: chunk.size_bytes, found: received })
                }
                _ => Ok(writer.size_bytes),
            },
        }
    }

    /// How many bytes of a body may come, and what it means when there are more.
    fn room(&self, begun: u64, chunk: Option<Chunk>) -> Room {
        let left = self.limits.blob_bytes_max.saturating_sub(begun);
        match chunk {
            Some(chunk) if chunk.size_bytes <= left => {
                Room { bytes: chunk.size_bytes, of_chunk: true, maximum: 0 }
            }
            _ => Room { bytes: left, of_chunk: false, maximum: self.limits.blob_bytes_max },
        }
    }

    /// Ends an upload that cannot go on: after a failed write its file has bytes that the hash has not seen. With a
    /// full disk this also makes room.
    async fn give_up(&self, upload: &UploadKey, state: &mut State, error: AppendError) -> AppendError {
        tracing::warn!(upload = upload.id, repository = %upload.repository, %error, "an upload is given up");
        state.closed = true;
        if let Err(error) = self.forget(upload).await {
            tracing::warn!(upload = upload.id, %error, "its file is left until it expires");
        }
        error
    }

    pub(super) async fn seal(
        self: Arc<Self>,
        upload: UploadKey,
        digest: Digest,
    ) -> Result<Sealed, SealError> {
        let session = self.session(&upload).ok_or(SealError::Unknown)?;
        let mut state = lock_state(&session).await.ok_or(SealError::Busy)?;
        if state.closed {
            return Err(SealError::Unknown);
        }
        let size_bytes = session.size_bytes.load(Ordering::Acquire);
        let hasher = state.hasher.take().filter(|_| state.algorithm == digest.algorithm());
        let (path, expected) = (layout::upload_file(&self.data, &upload), digest.clone());
        let sealed = blocking("sync an upload", move || {
            let mut file = File::options().read(true).write(true).open(path)?;
            let hasher = match hasher {
                Some(hasher) => hasher,
                None => hash_file(&mut file, expected.algorithm(), size_bytes)?,
            };
            let found = hasher.finish();
            // A wrong digest is not worth a sync.
            if found == expected {
                file.sync_data()?;
            }
            Ok(found)
        });
        let found = sealed.await;
        // Whatever comes next, the upload is over.
        state.closed = true;
        match found {
            Ok(found) if found == digest => {
                self.lock().remove(&upload.id);
                Ok(Sealed { digest, size_bytes, upload })
            }
            Ok(found) => {
                self.forget(&upload).await?;
                Err(SealError::Digest { expected: digest, found })
            }
            Err(error) => {
                self.forget(&upload).await?;
                Err(error.into())
            }
        }
    }

    pub(super) async fn cancel(self: Arc<Self>, upload: UploadKey) -> Result<bool, BlobStoreError> {
        let Some(session) = self.session(&upload) else { return Ok(false) };
        // A request that still writes ends on its own; without the lock, its file is simply gone afterwards.
        if let Some(mut state) = lock_state(&session).await {
            state.closed = true;
        }
        self.forget(&upload).await?;
        Ok(true)
    }

    pub(super) async fn expire(self: Arc<Self>) -> Result<usize, BlobStoreError> {
        let now = SystemTime::now();
        let resting: Vec<(String, Arc<Session>)> = self
            .lock()
            .iter()
            .filter(|(_, session)| session.rests_since(now, self.limits.idle_max))
            .map(|(id, session)| (id.clone(), session.clone()))
            .collect();
        let mut removed = 0;
        for (id, session) in resting {
            // An upload that is being written to does not rest.
            let Ok(mut state) = session.state.clone().try_lock_owned() else { continue };
            state.closed = true;
            self.lock().remove(&id);
            let name = layout::upload_file_name(&id, &session.repository_hash);
            let path = layout::uploads(&self.data).join(name);
            blocking("remove an upload", move || absent_is_ok(std::fs::remove_file(path))).await?;
            removed += 1;
        }
        Ok(removed)
    }

    async fn forget(&self, upload: &UploadKey) -> Result<(), BlobStoreError> {
        self.lock().remove(&upload.id);
        let path = layout::upload_file(&self.data, upload);
        blocking("remove an upload", move || absent_is_ok(std::fs::remove_file(path))).await
    }

    fn session(&self, upload: &UploadKey) -> Option<Arc<Session>> {
        let session = self.lock().get(&upload.id).cloned()?;
        (session.repository_hash == layout::repository_hash(&upload.repository)).then_some(session)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn new(
        repository_hash: String,
        algorithm: Algorithm,
        size_bytes: u64,
        hasher: Option<Hasher>,
        touched: SystemTime,
    ) -> Self {
        let state = State { algorithm, hasher, closed: false };
        Self {
            repository_hash,
            size_bytes: AtomicU64::new(size_bytes),
            touched: Mutex::new(touched),
            state: Arc::new(tokio::sync::Mutex::new(state)),
        }
    }

    fn rests_since(&self, now: SystemTime, idle_max: std::time::Duration) -> bool {
        let touched = *self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        now.duration_since(touched).is_ok_and(|rest| rest >= idle_max)
    }
}

/// How many bytes of a body are accepted.
#[derive(Clone, Copy)]
struct Room {
    bytes: u64,
    /// The chunk's own claim is the bound, rather than the limit on blobs.
    of_chunk: bool,
    maximum: u64,
}

/// Collects about one block of the body. At its end, or at a failure, says so in `end`.
async fn gather(
    body: &mut Incoming,
    received: &mut u64,
    end: &mut Option<Result<(), AppendError>>,
    room: Room,
    maximum: usize,
) -> Vec<Bytes> {
    let (mut block, mut size) = (Vec::new(), 0);
    // A client may send single bytes, of which each costs more to hold than to write.
    while size < maximum && block.len() < TRANSFER_PIECES_MAX {
        match body.next().await {
            Some(Ok(bytes)) => {
                if *received + bytes.len() as u64 > room.bytes {
                    let found = *received + bytes.len() as u64;
                    *end = Some(Err(if room.of_chunk {
                        AppendError::ChunkSize { expected: room.bytes, found }
                    } else {
                        AppendError::TooLarge { maximum: room.maximum }
                    }));
                    break;
                }
                *received += bytes.len() as u64;
                size += bytes.len();
                block.push(bytes);
            }
            Some(Err(error)) => {
                *end = Some(Err(error.into()));
                break;
            }
            None => {
                *end = Some(Ok(()));
                break;
            }
        }
    }
    block
}

/// The end of an upload's file, and the hash up to there.
struct Writer {
    path: PathBuf,
    /// Opened with the first block.
    file: Option<File>,
    size_bytes: u64,
    hasher: Option<Hasher>,
}

impl Writer {
    fn write(mut self, algorithm: Algorithm, block: &[Bytes]) -> io::Result<Self> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = File::options().read(true).write(true).open(&self.path)?;
                file.seek(SeekFrom::Start(self.size_bytes))?;
                file
            }
        };
        let mut hasher = match self.hasher.take() {
            Some(hasher) => hasher,
            None => hash_file(&mut file, algorithm, self.size_bytes)?,
        };
        // As if the disk were full already, when only the reserve is left.
        if free_bytes(&self.path)? < BLOB_RESERVE_BYTES {
            return Err(io::ErrorKind::StorageFull.into());
        }
        for bytes in block {
            file.write_all(bytes)?;
            hasher.update(bytes);
            self.size_bytes += bytes.len() as u64;
        }
        Ok(Self { file: Some(file), hasher: Some(hasher), ..self })
    }
}

/// Hashes the first `size_bytes` of a file and leaves the position there.
pub(crate) fn hash_file(file: &mut File, algorithm: Algorithm, size_bytes: u64) -> io::Result<Hasher> {
    let mut hasher = Hasher::new(algorithm);
    file.seek(SeekFrom::Start(0))?;
    let (mut left, mut block) = (size_bytes, vec![0; TRANSFER_BLOCK_BYTES]);
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        let part = &mut block[..want];
        file.read_exact(part)?;
        hasher.update(part);
        left -= want as u64;
    }
    Ok(hasher)
}

async fn lock_state(session: &Session) -> Option<OwnedMutexGuard<State>> {
    tokio::time::timeout(UPLOAD_LOCK_WAIT_MAX, session.state.clone().lock_owned()).await.ok()
}

fn scan(folder: &Path, limits: LocalLimits) -> io::Result<HashMap<String, Arc<Session>>> {
    let (now, mut found) = (SystemTime::now(), HashMap::new());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((id, repository_hash)) = name.to_str().and_then(layout::parse_upload_file_name) else {
            continue;
        };
        let metadata = entry.metadata()?;
        let touched = metadata.modified().unwrap_or(now);
        let session =
            Session::new(repository_hash.to_owned(), Algorithm::Sha256, metadata.len(), None, touched);
        if session.rests_since(now, limits.idle_max) {
            absent_is_ok(std::fs::remove_file(entry.path()))?;
        } else {
            found.insert(id.to_owned(), Arc::new(session));
        }
    }
    Ok(found)
}
