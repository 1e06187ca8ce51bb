//! Whether a file is still what it was, told without reading it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What the file system says of a file; another content comes with another state, save for changes in quick
/// succession, which [`FileState::settled`] rules out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileState {
    size_bytes: u64,
    /// Device and number; a file that was replaced has another one. Not known on every system.
    place: Option<(u64, u64)>,
    /// When content was last written, since 1970.
    modified: Duration,
    /// When content or anything else about the file last changed: nobody can set it back. Not known on every system.
    changed: Option<Duration>,
}

/// How far apart two changes are that a file system with fine times tells apart: ten times the step of its clock.
const FINE_STEP: Duration = Duration::from_millis(100);

/// The same for one that counts in seconds, some of them in twos.
const COARSE_STEP: Duration = Duration::from_secs(3);

impl FileState {
    /// The state of the regular file `path` now; `None` when there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        #[cfg(unix)]
        let (place, changed) = {
            use std::os::unix::fs::MetadataExt;
            let seconds = u64::try_from(metadata.ctime()).ok()?;
            let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
            (Some((metadata.dev(), metadata.ino())), Some(Duration::new(seconds, nanos)))
        };
        #[cfg(not(unix))]
        let (place, changed) = (None, None);
        Some(Self { size_bytes: metadata.len(), place, modified, changed })
    }

    /// The state of a file that was read after `begun`, when it tells every later change: `None` when the last change
    /// is so close to `begun` that another one might bear the same time.
    pub(crate) fn settled(path: &Path, begun: SystemTime) -> Option<Self> {
        let state = Self::of(path)?;
        let begun = begun.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let last = state.changed.unwrap_or(state.modified);
        let is_fine = !last.subsec_nanos().is_multiple_of(1_000_000);
        let step = if is_fine { FINE_STEP } else { COARSE_STEP };
        (last + step <= begun).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_just_now_is_not_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        std::fs::write(&path, "one").unwrap();
        let now = SystemTime::now();
        assert!(FileState::of(&path).is_some());
        assert_eq!(FileState::settled(&path, now), None);
        assert_eq!(FileState::settled(&path, now + 2 * COARSE_STEP), FileState::of(&path));
        assert_eq!(FileState::of(folder.path()), None, "a folder has no content");
        assert_eq!(FileState::of(&folder.path().join("nothing")), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_change_of_the_same_size_shows_even_when_its_time_is_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        std::fs::write(&path, "one").unwrap();
        let times = std::fs::FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(60));
        std::fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        let before = FileState::of(&path).unwrap();
        // A new file under the same name, as most programs write them.
        let other = folder.path().join("other");
        std::fs::write(&other, "two").unwrap();
        std::fs::File::options().write(true).open(&other).unwrap().set_times(times).unwrap();
        std::fs::rename(&other, &path).unwrap();
        let after = FileState::of(&path).unwrap();
        assert_eq!((before.size_bytes, before.modified), (after.size_bytes, after.modified));
        assert_ne!(before, after);
    }
}
