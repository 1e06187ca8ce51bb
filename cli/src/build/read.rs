//! Reads files with a limit on their size.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::BuildError;
use super::limits::{COMPILED_BYTES_MAX, MANIFEST_BYTES_MAX};

/// What a compiler has written.
pub(super) fn compiled(path: &Path) -> Result<Vec<u8>, BuildError> {
    bytes(path, COMPILED_BYTES_MAX)
}

/// A language's own manifest, such as `package.json`.
pub(super) fn manifest(path: &Path) -> Result<String, BuildError> {
    String::from_utf8(bytes(path, MANIFEST_BYTES_MAX)?).map_err(|_| BuildError::Source {
        path: path.to_owned(),
        problem: "expected text in UTF-8, found other bytes".to_owned(),
    })
}

fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, BuildError> {
    let io = |source| BuildError::io("read", path, source);
    let file = File::open(path).map_err(io)?;
    let size_bytes = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    if size_bytes <= bytes_max {
        // The file may grow while it is read.
        file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(io)?;
    }
    if size_bytes.max(bytes.len() as u64) > bytes_max {
        return Err(BuildError::TooLarge {
            what: format!("`{}`", path.display()),
            max: format!("{bytes_max} bytes"),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_limited() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MANIFEST_BYTES_MAX).unwrap();
        assert_eq!(manifest(file.path()).unwrap().len() as u64, MANIFEST_BYTES_MAX);
        file.as_file().set_len(MANIFEST_BYTES_MAX + 1).unwrap();
        let message = manifest(file.path()).unwrap_err().to_string();
        assert!(message.ends_with("is too large: expected at most 1048576 bytes, found more"), "{message}");
    }

    #[test]
    fn a_component_that_is_too_large_is_not_read_at_all() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(COMPILED_BYTES_MAX + 1).unwrap();
        assert!(matches!(compiled(file.path()), Err(BuildError::TooLarge { .. })));
        file.as_file().set_len(3).unwrap();
        assert_eq!(compiled(file.path()).unwrap(), [0, 0, 0]);
    }

    #[test]
    fn a_manifest_is_text() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\xff").unwrap();
        assert!(matches!(manifest(file.path()), Err(BuildError::Source { .. })));
    }
}
