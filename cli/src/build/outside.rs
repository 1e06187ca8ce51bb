//! The sources of a component that are not in its folder: path dependencies, a workspace's manifest and lock file.
//!
//! Only the compiler knows them, and only after it has run. So a back end records them with their digests when it has
//! built, and the next fingerprint asks whether they are still the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::BuildError;

const FILE: &str = "outside-sources";

/// Notes that the build in `work_folder` also read `files`.
pub(super) fn record(work_folder: &Path, files: &BTreeSet<PathBuf>) -> Result<(), BuildError> {
    let text: String =
        files.iter().map(|file| format!("{} {}\n", digest(file), file.to_string_lossy())).collect();
    let path = work_folder.join(FILE);
    fs::write(&path, text).map_err(|source| BuildError::io("write", &path, source))
}

/// The recorded files that are no longer what they were, with their present digests.
pub(super) fn changed(work_folder: &Path) -> Vec<(PathBuf, String)> {
    // Without a record there was no build, so that there is nothing to compare with either.
    let recorded = fs::read_to_string(work_folder.join(FILE)).unwrap_or_default();
    recorded
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(before, path)| (before, PathBuf::from(path), digest(Path::new(path))))
        .filter(|(before, _, now)| before != now)
        .map(|(_, path, now)| (path, now))
        .collect()
}

/// The files that the last build in `work_folder` read.
pub(crate) fn recorded(work_folder: &Path) -> Vec<PathBuf> {
    let recorded = fs::read_to_string(work_folder.join(FILE)).unwrap_or_default();
    recorded.lines().filter_map(|line| line.split_once(' ')).map(|(_, path)| PathBuf::from(path)).collect()
}

/// The digest of a file's contents; a missing file has one of its own.
fn digest(path: &Path) -> String {
    match fs::read(path) {
        Ok(bytes) => hex(&Sha256::digest(bytes)),
        Err(_) => "missing".to_owned(),
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_until_they_are_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("with a space.rs");
        let files = BTreeSet::from([file.clone()]);
        assert!(changed(folder.path()).is_empty());
        fs::write(&file, "one").unwrap();
        record(folder.path(), &files).unwrap();
        assert!(changed(folder.path()).is_empty());
        fs::write(&file, "two").unwrap();
        assert_eq!(changed(folder.path())[0].0, file);
        record(folder.path(), &files).unwrap();
        assert!(changed(folder.path()).is_empty());
        fs::remove_file(&file).unwrap();
        assert_eq!(changed(folder.path()), [(file, "missing".to_owned())]);
    }
}
