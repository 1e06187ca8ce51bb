//! Stores in memory that let other tasks go first at random moments, so that every run of a test interleaves its
//! tasks in another way, and the same way again for the same seed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use wkit_artifact::{Algorithm, Digest};

use crate::store::{
    AppendError, Batch, BeginError, BlobStore, BlobStoreError, Chunk, CommitError, Condition, Entry,
    Incoming, MetadataError, MetadataStore, Outgoing, Scan, SealError, Sealed, Stores, UploadKey, layout,
};

/// Random numbers that a seed decides.
#[derive(Clone, Debug)]
pub(super) struct Random(Arc<Mutex<u64>>);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)))
    }

    /// A number below `bound`.
    pub(super) fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) % bound
    }

    /// Lets other tasks go first, or not.
    pub(super) async fn pause(&self) {
        for _ in 0..self.below(4) {
            tokio::task::yield_now().await;
        }
    }
}

/// What both stores hold, to be looked at from outside.
#[derive(Clone)]
pub(super) struct Memory {
    random: Random,
    pub(super) keys: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
    pub(super) content: Arc<Mutex<BTreeMap<Digest, Bytes>>>,
    uploads: Arc<Mutex<HashMap<UploadKey, Vec<u8>>>>,
    before_commit: Hook<Vec<u8>>,
    before_remove: Hook<Digest>,
}

/// What happens just before something else, once.
type Hook<K> = Arc<Mutex<Option<(K, BoxFuture<'static, ()>)>>>;

fn take<K: PartialEq>(hook: &Hook<K>, matches: impl Fn(&K) -> bool) -> Option<BoxFuture<'static, ()>> {
    hook.lock().unwrap().take_if(|(key, _)| matches(key)).map(|(_, future)| future)
}

impl Memory {
    pub(super) fn new(random: Random) -> Self {
        Self {
            random,
            keys: Arc::default(),
            content: Arc::default(),
            uploads: Arc::default(),
            before_commit: Hook::default(),
            before_remove: Hook::default(),
        }
    }

    /// Lets something happen just before the next batch that writes `key` is applied.
    pub(super) fn before_commit(&self, key: Vec<u8>, happens: impl Future<Output = ()> + Send + 'static) {
        *self.before_commit.lock().unwrap() = Some((key, happens.boxed()));
    }

    /// Lets something happen just before content is removed.
    pub(super) fn before_remove(&self, digest: Digest, happens: impl Future<Output = ()> + Send + 'static) {
        *self.before_remove.lock().unwrap() = Some((digest, happens.boxed()));
    }

    pub(super) fn stores(&self) -> Stores {
        let lock = tempfile::tempfile().unwrap();
        Stores { blobs: Arc::new(self.clone()), metadata: Arc::new(self.clone()), lock }
    }

    /// The keys of one kind.
    pub(super) fn keys_of(&self, kind: &str) -> Vec<Vec<u8>> {
        let keys = self.keys.lock().unwrap();
        keys.keys().filter(|key| key.starts_with(kind.as_bytes())).cloned().collect()
    }
}

impl MetadataStore for Memory {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, MetadataError>> {
        async move {
            self.random.pause().await;
            Ok(self.keys.lock().unwrap().get(key).cloned())
        }
        .boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Entry>, MetadataError>> {
        async move {
            self.random.pause().await;
            let keys = self.keys.lock().unwrap();
            let value = |value: &Vec<u8>| if scan.values { value.clone() } else { Vec::new() };
            let entries = keys.range(scan.start..scan.end).take(scan.limit);
            Ok(entries.map(|(key, stored)| (key.clone(), value(stored))).collect())
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        async move {
            self.random.pause().await;
            let writes = |key: &Vec<u8>| batch.writes.iter().any(|write| write.0 == *key);
            if let Some(happens) = take(&self.before_commit, writes) {
                happens.await;
            }
            {
                let mut keys = self.keys.lock().unwrap();
                for (place, (key, condition)) in batch.conditions.iter().enumerate() {
                    let holds = match condition {
                        Condition::Exists => keys.contains_key(key),
                        Condition::Absent => !keys.contains_key(key),
                        Condition::Equals(value) => keys.get(key) == Some(value),
                    };
                    if !holds {
                        return Err(CommitError::Conflict { condition: place });
                    }
                }
                for (key, value) in batch.writes {
                    match value {
                        Some(value) => drop(keys.insert(key, value)),
                        None => drop(keys.remove(&key)),
                    }
                }
            }
            self.random.pause().await;
            Ok(())
        }
        .boxed()
    }
}

impl BlobStore for Memory {
    fn begin(&self, upload: UploadKey, _: Algorithm) -> BoxFuture<'_, Result<(), BeginError>> {
        self.uploads.lock().unwrap().insert(upload, Vec::new());
        std::future::ready(Ok(())).boxed()
    }

    fn append(
        &self,
        upload: UploadKey,
        _: Option<Chunk>,
        mut body: Incoming,
    ) -> BoxFuture<'_, Result<u64, AppendError>> {
        async move {
            while let Some(bytes) = body.next().await {
                let mut uploads = self.uploads.lock().unwrap();
                uploads.get_mut(&upload).ok_or(AppendError::Unknown)?.extend_from_slice(&bytes?);
            }
            self.random.pause().await;
            Ok(self.uploaded(&upload).unwrap_or(0))
        }
        .boxed()
    }

    fn uploaded(&self, upload: &UploadKey) -> Option<u64> {
        self.uploads.lock().unwrap().get(upload).map(|bytes| bytes.len() as u64)
    }

    fn seal(&self, upload: UploadKey, digest: Digest) -> BoxFuture<'_, Result<Sealed, SealError>> {
        async move {
            self.random.pause().await;
            let mut uploads = self.uploads.lock().unwrap();
            let bytes = uploads.get(&upload).ok_or(SealError::Unknown)?;
            let (found, size_bytes) = (Digest::of(digest.algorithm(), bytes), bytes.len() as u64);
            if found != digest {
                uploads.remove(&upload);
                return Err(SealError::Digest { expected: digest, found });
            }
            Ok(Sealed { digest, size_bytes, upload })
        }
        .boxed()
    }

    fn publish(&self, sealed: Sealed) -> BoxFuture<'_, Result<(), BlobStoreError>> {
        async move {
            self.random.pause().await;
            let bytes = self.uploads.lock().unwrap().remove(&sealed.upload).unwrap();
            self.content.lock().unwrap().insert(sealed.digest, bytes.into());
            self.random.pause().await;
            Ok(())
        }
        .boxed()
    }

    fn cancel(&self, upload: UploadKey) -> BoxFuture<'_, Result<bool, BlobStoreError>> {
        let removed = self.uploads.lock().unwrap().remove(&upload).is_some();
        std::future::ready(Ok(removed)).boxed()
    }

    fn expire(&self) -> BoxFuture<'_, Result<usize, BlobStoreError>> {
        std::future::ready(Ok(0)).boxed()
    }

    fn read(
        &self,
        digest: &Digest,
        _: u64,
        _: u64,
        _: u64,
    ) -> BoxFuture<'_, Result<Outgoing, BlobStoreError>> {
        let digest = digest.clone();
        async move {
            self.random.pause().await;
            let found = self.content.lock().unwrap().get(&digest).cloned();
            let bytes = found.ok_or(BlobStoreError::Missing { digest })?;
            Ok(stream::iter([Ok(bytes)]).boxed())
        }
        .boxed()
    }

    fn remove(&self, digest: &Digest) -> BoxFuture<'_, Result<(), BlobStoreError>> {
        let digest = digest.clone();
        async move {
            self.random.pause().await;
            if let Some(happens) = take(&self.before_remove, |key| *key == digest) {
                happens.await;
            }
            self.content.lock().unwrap().remove(&digest);
            Ok(())
        }
        .boxed()
    }

    fn size(&self, digest: &Digest) -> BoxFuture<'_, Result<Option<u64>, BlobStoreError>> {
        let size = self.content.lock().unwrap().get(digest).map(|bytes| bytes.len() as u64);
        std::future::ready(Ok(size)).boxed()
    }

    fn list(&self, algorithm: Algorithm, shard: u8) -> BoxFuture<'_, Result<Vec<Digest>, BlobStoreError>> {
        let content = self.content.lock().unwrap();
        let here = |digest: &&Digest| digest.algorithm() == algorithm && layout::first_byte(digest) == shard;
        let found = content.keys().filter(here).cloned().collect();
        std::future::ready(Ok(found)).boxed()
    }
}
