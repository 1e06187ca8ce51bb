//! Writing results so that no file is ever half written.

use std::io::{BufWriter, Write};
use std::path::Path;

use wkit_artifact::{Algorithm, Digest, Hasher};
use wkit_composer::{Binary, InputChanged};

use crate::error::{CommandError, io_error};
use crate::source::input_error;

/// Writes `bytes` to `path`, as [`write_with`] does, and waits until they are on the disk.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    write_with(path, true, |out| out.write_all(bytes))
}

/// Writes what can be made again to `path`, as [`write_with`] does: it is not waited for the disk, which takes longer than
/// all else. After a loss of power such a file may be empty, so whoever reads it has to expect that.
pub(crate) fn write_cached(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    write_with(path, false, |out| out.write_all(bytes))
}

/// Writes `binary` to `path`, as [`write_with`] does, and gives its digest. Nothing of it is copied. It is not waited for
/// the disk, as with what compilers write: it can be made again.
pub(crate) fn write_binary(path: &Path, binary: &Binary) -> Result<Digest, CommandError> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    write_with(path, false, |out| binary.write_to(&mut Hashing { out, hasher: &mut hasher }))?;
    Ok(hasher.finish())
}

/// How much is hashed and written at a time, so that it is still in the processor's cache when it is hashed.
const PART_BYTES: usize = 256 * 1024;

/// Hashes what is written.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hasher: &'a mut Hasher,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let part = &bytes[..bytes.len().min(PART_BYTES)];
        self.out.write_all(part)?;
        self.hasher.update(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Lets `write` write the file `path`: beside it under a temporary name, synced if so asked, then renamed. What is not a
/// regular file (a pipe, a device) is written as it is.
fn write_with(
    path: &Path,
    synced: bool,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| match error.get_ref() {
        // It is not the file that is written that is at fault.
        Some(source) if source.is::<InputChanged>() => input_error(&error),
        _ => io_error("write", path, &error),
    };
    if let Ok(metadata) = std::fs::metadata(path) {
        if metadata.is_dir() {
            return Err(CommandError::failed(format!("cannot write `{}`: it is a folder", path.display()))
                .hint("name a file with `-o`"));
        }
        if !metadata.is_file() {
            let mut device = std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
            return write(&mut device).and_then(|()| device.flush()).map_err(failed);
        }
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| io_error("make the folder of", path, &error))?;
    let mut file = tempfile::Builder::new().prefix(".wkit-").tempfile_in(folder).map_err(failed)?;
    let mut buffer = BufWriter::new(&mut file);
    write(&mut buffer).and_then(|()| buffer.flush()).map_err(failed)?;
    drop(buffer);
    if synced {
        file.as_file().sync_all().map_err(failed)?;
    }
    make_readable(file.as_file()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are private; a result is read by others, as far as any new file is.
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_file(folder.path(), b"x").unwrap_err();
        assert!(error.message().ends_with("it is a folder"), "{}", error.message());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_are_made_and_files_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.wasm");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }
}
