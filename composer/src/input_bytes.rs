//! The bytes of an input, which need not be in memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use bytes::Bytes;
use thiserror::Error;
use wkit_artifact::{Algorithm, Digest, Hasher};

use crate::limits::{COMPOSITION_BYTES_MAX, LARGE_INPUT_BYTES};

/// A component in binary form: in memory, or in a file that is read whenever its bytes are needed.
///
/// What was read first decides: a file that is no longer the same is an error, [`InputChanged`], however it was changed.
#[derive(Debug, Clone)]
pub struct InputBytes(Place);

#[derive(Debug, Clone)]
enum Place {
    Memory(Bytes),
    File(Arc<InFile>),
}

#[derive(Debug)]
struct InFile {
    path: Box<Path>,
    size_bytes: usize,
    /// Of what was read first.
    digest: OnceLock<Digest>,
}

/// The file of an input has changed since it was read first.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` has changed while it was composed")]
pub struct InputChanged {
    /// The file.
    pub path: String,
}

/// How much of a file is copied at a time.
const PART_BYTES: usize = 256 * 1024;

impl InputBytes {
    /// The bytes of the file `path`. A small one is read at once, a large one stays where it is.
    ///
    /// # Errors
    ///
    /// What the file system says; a file is not read when it is larger than what can be composed.
    pub fn file(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let size_bytes = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        // A pipe or device says nothing of its size, and can be read only once.
        if !metadata.is_file() || size_bytes < LARGE_INPUT_BYTES {
            let mut bytes = Vec::with_capacity(if metadata.is_file() { size_bytes + 1 } else { 0 });
            // One byte more than may be composed is enough to be refused.
            File::open(path)?.take(COMPOSITION_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
            return Ok(bytes.into());
        }
        Ok(Self(Place::File(Arc::new(InFile { path: path.into(), size_bytes, digest: OnceLock::new() }))))
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Memory(bytes) => bytes.len(),
            Place::File(file) => file.size_bytes,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in memory for as long as the result is kept.
    ///
    /// # Errors
    ///
    /// What the file system says, or [`InputChanged`].
    pub fn read(&self) -> io::Result<Bytes> {
        match &self.0 {
            Place::Memory(bytes) => Ok(bytes.clone()),
            Place::File(file) => file.read(),
        }
    }

    /// Does `work` with all of them, and finds the digest of a file meanwhile.
    pub(crate) fn read_for<T>(&self, work: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        match &self.0 {
            Place::Memory(bytes) => Ok(work(bytes)),
            Place::File(file) => {
                let bytes = file.read_unchecked()?;
                thread::scope(|scope| {
                    let digest = scope.spawn(|| Digest::sha256(&bytes));
                    let done = work(&bytes);
                    file.check(digest.join().unwrap_or_else(|_| Digest::sha256(&bytes)))?;
                    Ok(done)
                })
            }
        }
    }

    /// Their digest. It is known of a file that has been read.
    ///
    /// # Errors
    ///
    /// As for [`InputBytes::read`].
    pub fn digest(&self) -> io::Result<Digest> {
        match &self.0 {
            Place::Memory(bytes) => Ok(Digest::sha256(bytes)),
            Place::File(file) => match file.digest.get() {
                Some(digest) => Ok(digest.clone()),
                None => file.copy_to(&mut io::sink()),
            },
        }
    }

    /// Writes them, those of a file part by part.
    pub(crate) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.0 {
            Place::Memory(bytes) => out.write_all(bytes),
            Place::File(file) => file.copy_to(out).map(drop),
        }
    }
}

impl From<Bytes> for InputBytes {
    fn from(bytes: Bytes) -> Self {
        Self(Place::Memory(bytes))
    }
}

impl From<Vec<u8>> for InputBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl InFile {
    fn read(&self) -> io::Result<Bytes> {
        let bytes = self.read_unchecked()?;
        self.check(Digest::sha256(&bytes))?;
        Ok(bytes.into())
    }

    fn read_unchecked(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size_bytes + 1);
        // One byte more than there should be tells as much as all of them.
        File::open(&self.path)?.take(self.size_bytes as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() != self.size_bytes {
            return Err(self.changed());
        }
        Ok(bytes)
    }

    fn copy_to(&self, out: &mut impl Write) -> io::Result<Digest> {
        let mut file = File::open(&self.path)?.take(self.size_bytes as u64 + 1);
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let (mut part, mut copied) = (vec![0; PART_BYTES], 0);
        loop {
            let count = match file.read(&mut part) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            copied += count;
            hasher.update(&part[..count]);
            out.write_all(&part[..count])?;
        }
        if copied != self.size_bytes {
            return Err(self.changed());
        }
        let digest = hasher.finish();
        self.check(digest.clone())?;
        Ok(digest)
    }

    /// Holds what was read against what was read first.
    fn check(&self, digest: Digest) -> io::Result<()> {
        if *self.digest.get_or_init(|| digest.clone()) == digest { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> io::Error {
        io::Error::other(InputChanged { path: self.path.display().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size_bytes: usize) -> (tempfile::NamedTempFile, InputBytes) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![7; size_bytes]).unwrap();
        let bytes = InputBytes::file(file.path()).unwrap();
        (file, bytes)
    }

    fn is_change(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|source| source.is::<InputChanged>())
    }

    #[test]
    fn large_files_stay_where_they_are() {
        for (size_bytes, stays) in [(0, false), (LARGE_INPUT_BYTES - 1, false), (LARGE_INPUT_BYTES, true)] {
            let (file, bytes) = file(size_bytes);
            assert_eq!(matches!(bytes.0, Place::File(_)), stays, "{size_bytes}");
            assert_eq!((bytes.len(), bytes.is_empty()), (size_bytes, size_bytes == 0));
            let expected = vec![7; size_bytes];
            assert_eq!(bytes.read_for(<[u8]>::len).unwrap(), size_bytes);
            assert_eq!(bytes.digest().unwrap(), Digest::sha256(&expected));
            assert_eq!(bytes.read().unwrap(), expected);
            let mut written = Vec::new();
            bytes.write_to(&mut written).unwrap();
            assert_eq!(written, expected);
            // What is in memory needs the file no longer.
            drop(file);
            assert_eq!(bytes.read().is_err(), stays);
        }
    }

    #[test]
    fn a_file_that_changes_is_told() {
        let changes: [fn(&Path); 4] = [
            |path| std::fs::write(path, vec![8; LARGE_INPUT_BYTES]).unwrap(),
            |path| std::fs::write(path, vec![7; LARGE_INPUT_BYTES - 1]).unwrap(),
            |path| std::fs::write(path, vec![7; LARGE_INPUT_BYTES + 1]).unwrap(),
            |path| std::fs::write(path, "").unwrap(),
        ];
        for change in changes {
            let (file, bytes) = file(LARGE_INPUT_BYTES);
            let first = bytes.read().unwrap();
            change(file.path());
            assert!(is_change(&bytes.read().unwrap_err()));
            assert!(is_change(&bytes.read_for(<[u8]>::len).unwrap_err()));
            assert!(is_change(&bytes.write_to(&mut Vec::new()).unwrap_err()));
            assert_eq!(bytes.digest().unwrap(), Digest::sha256(&first), "it is that of what was read first");
            std::fs::write(file.path(), &first).unwrap();
            assert_eq!(bytes.read().unwrap(), first);
        }
    }
}
