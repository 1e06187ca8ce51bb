//! The local cache: blobs by digest, and what tags and hosts said last.
//!
//! ```text
//! blobs/sha256/<hex>                       layers, configs and manifests; checked again whenever they are read
//! tags/<host>/<repository>/_tags/<tag>     the tag, and the digest it had last
//! hosts/<host>.json                        what the host said about its packages last
//! partial/                                 what is being written; nothing here has a name yet
//! ```
//!
//! A file gets its name by a rename, so another process sees all of it or nothing. Nothing is synced: a file that a
//! power cut has emptied does not fit its digest and is fetched again.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tempfile::NamedTempFile;
use wkit_artifact::{Digest, Hasher, RegistryHost, RepositoryName, Tag};

/// Files in `partial/` that are older than this were left by a process that was ended.
const PARTIAL_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The cache in one folder. All of it blocks: callers move it off the async threads.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

/// A blob that is being written and has no name yet.
pub(crate) struct Partial {
    file: NamedTempFile,
    hasher: Hasher,
    size_bytes: u64,
}

impl Partial {
    /// Takes the next bytes in.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes have been taken in.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The digest of what has been taken in.
    pub(crate) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// The bytes themselves, read back from the file.
    pub(crate) fn read_back(&mut self) -> io::Result<Bytes> {
        read_whole(&mut self.file.reopen()?, self.size_bytes)
    }
}

impl Cache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the cache is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The blob of this digest, if it is here, whole, and not larger than `max_bytes`. One that does not fit its
    /// digest is removed and counts as missing.
    pub(crate) fn blob(&self, digest: &Digest, max_bytes: u64) -> io::Result<Option<Bytes>> {
        let path = self.blob_path(digest);
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size_bytes = file.metadata()?.len();
        if size_bytes <= max_bytes {
            let bytes = read_whole(&mut file, size_bytes)?;
            if Digest::of(digest.algorithm(), &bytes) == *digest {
                return Ok(Some(bytes));
            }
        }
        tracing::warn!(%digest, "a cached blob does not fit its digest and is removed");
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins a blob whose digest is expected to be made with `digest`'s algorithm.
    pub(crate) fn begin(&self, digest: &Digest) -> io::Result<Partial> {
        Ok(Partial { file: self.partial_file()?, hasher: Hasher::new(digest.algorithm()), size_bytes: 0 })
    }

    /// Gives `partial` its name. The caller has compared the digests.
    pub(crate) fn keep(&self, partial: Partial) -> io::Result<()> {
        let digest = partial.digest();
        self.name(partial.file, &self.blob_path(&digest))
    }

    /// Stores `bytes` under their digest.
    pub(crate) fn put(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let mut partial = self.begin(digest)?;
        partial.write(bytes)?;
        self.keep(partial)
    }

    /// The digest that the tag had last.
    pub(crate) fn tag(
        &self,
        registry: &RegistryHost,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Option<Digest> {
        self.read_tag(&self.tags_folder(registry, repository).join(tag.as_str()), tag)
    }

    /// Remembers the digest that the tag has now.
    pub(crate) fn set_tag(
        &self,
        registry: &RegistryHost,
        repository: &RepositoryName,
        tag: &Tag,
        digest: &Digest,
    ) -> io::Result<()> {
        let path = self.tags_folder(registry, repository).join(tag.as_str());
        self.write_file(&path, format!("{tag}\n{digest}\n").as_bytes())
    }

    /// All tags of the repository that have been seen.
    pub(crate) fn tags(&self, registry: &RegistryHost, repository: &RepositoryName) -> io::Result<Vec<Tag>> {
        let folder = self.tags_folder(registry, repository);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut tags = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let Some(tag) = name.to_str().and_then(|name| name.parse::<Tag>().ok()) else { continue };
            if self.read_tag(&folder.join(tag.as_str()), &tag).is_some() {
                tags.push(tag);
            }
        }
        tags.sort();
        Ok(tags)
    }

    /// What `host` said about its packages last; empty when it said that there is nothing.
    pub(crate) fn metadata(&self, host: &RegistryHost) -> Option<Vec<u8>> {
        std::fs::read(self.metadata_path(host)).ok()
    }

    /// Remembers what `host` said about its packages.
    pub(crate) fn set_metadata(&self, host: &RegistryHost, bytes: &[u8]) -> io::Result<()> {
        self.write_file(&self.metadata_path(host), bytes)
    }

    fn read_tag(&self, path: &Path, tag: &Tag) -> Option<Digest> {
        let text = std::fs::read_to_string(path).ok()?;
        let (name, digest) = text.split_once('\n')?;
        // The tag is written inside because file systems may take `V1` and `v1` for one name.
        (name == tag.as_str()).then(|| digest.trim_end().parse().ok())?
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.partial_file()?;
        file.write_all(bytes)?;
        self.name(file, path)
    }

    fn name(&self, mut file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.flush()?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn partial_file(&self) -> io::Result<NamedTempFile> {
        let folder = self.folder.join("partial");
        std::fs::create_dir_all(&folder)?;
        remove_old_files(&folder);
        NamedTempFile::new_in(&folder)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs").join(digest.algorithm().as_str()).join(digest.hex())
    }

    fn tags_folder(&self, registry: &RegistryHost, repository: &RepositoryName) -> PathBuf {
        // No component of a repository begins with `_`, so `_tags` is never one.
        self.folder.join("tags").join(host_name(registry)).join(repository.as_str()).join("_tags")
    }

    fn metadata_path(&self, host: &RegistryHost) -> PathBuf {
        self.folder.join("hosts").join(format!("{}.json", host_name(host)))
    }
}

/// The host as a file name: `:` is no character of one everywhere, and `_` is none of a host.
fn host_name(host: &RegistryHost) -> String {
    host.to_string().replace(':', "_")
}

fn read_whole(file: &mut std::fs::File, size_bytes: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0));
    file.take(size_bytes).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Best effort: a file that cannot be looked at or removed harms nobody.
fn remove_old_files(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        if age.is_some_and(|age| age > PARTIAL_AGE_MAX) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        (folder, cache)
    }

    #[test]
    fn blobs_are_checked_when_they_are_read() {
        let (_folder, cache) = cache();
        let digest = Digest::sha256(b"content");
        assert_eq!(cache.blob(&digest, 100).unwrap(), None);
        cache.put(&digest, b"content").unwrap();
        assert_eq!(cache.blob(&digest, 7).unwrap().unwrap(), "content");
        std::fs::write(cache.blob_path(&digest), b"c0ntent").unwrap();
        assert_eq!(cache.blob(&digest, 100).unwrap(), None);
        assert!(!cache.blob_path(&digest).exists(), "a wrong blob is removed");
        cache.put(&digest, b"content").unwrap();
        std::fs::write(cache.blob_path(&digest), b"").unwrap();
        assert_eq!(cache.blob(&digest, 100).unwrap(), None);
    }

    #[test]
    fn a_partial_blob_has_no_name() {
        let (_folder, cache) = cache();
        let digest = Digest::sha256(b"content");
        let mut partial = cache.begin(&digest).unwrap();
        partial.write(b"cont").unwrap();
        assert_eq!(cache.blob(&digest, 100).unwrap(), None);
        partial.write(b"ent").unwrap();
        assert_eq!((partial.digest(), partial.size_bytes()), (digest.clone(), 7));
        assert_eq!(partial.read_back().unwrap(), "content");
        cache.keep(partial).unwrap();
        assert!(cache.blob(&digest, 100).unwrap().is_some());
        let partial = cache.begin(&digest).unwrap();
        drop(partial);
        assert_eq!(std::fs::read_dir(cache.folder().join("partial")).unwrap().count(), 0);
    }

    #[test]
    fn tags_and_hosts() {
        let (_folder, cache) = cache();
        let registry: RegistryHost = "[::1]:5000".parse().unwrap();
        let repository: RepositoryName = "demo/greet".parse().unwrap();
        let tag: Tag = "1.0.0".parse().unwrap();
        let digest = Digest::sha256(b"m");
        assert_eq!(cache.tag(&registry, &repository, &tag), None);
        assert!(cache.tags(&registry, &repository).unwrap().is_empty());
        cache.set_tag(&registry, &repository, &tag, &digest).unwrap();
        assert_eq!(cache.tag(&registry, &repository, &tag), Some(digest));
        assert_eq!(cache.tags(&registry, &repository).unwrap(), std::slice::from_ref(&tag));
        assert_eq!(cache.tag(&"other.example".parse().unwrap(), &repository, &tag), None);
        // A repository below another does not show among its tags.
        cache.set_tag(&registry, &"demo/greet/x".parse().unwrap(), &tag, &Digest::sha256(b"n")).unwrap();
        assert_eq!(cache.tags(&registry, &repository).unwrap().len(), 1);
        cache.set_metadata(&registry, b"{}").unwrap();
        assert_eq!(cache.metadata(&registry).unwrap(), b"{}");
    }

    #[test]
    fn many_writers_leave_one_whole_blob() {
        let (_folder, cache) = cache();
        let content = vec![7_u8; 300_000];
        let digest = Digest::sha256(&content);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.put(&digest, &content).unwrap();
                        let found = cache.blob(&digest, 300_000).unwrap();
                        assert_eq!(found.expect("a named blob is whole").len(), content.len());
                    }
                });
            }
        });
    }
}
