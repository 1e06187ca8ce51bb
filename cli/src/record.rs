//! What compositions were made of, so that nothing is composed again when nothing has changed.
//!
//! A record stands in the cache for each composition that was written to a file. It names all files that decided what
//! came out, each with its digest and its [`FileState`], and keeps what was said. While the states are the same, no
//! file is read; where a state differs, the digest decides.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wkit_artifact::{Algorithm, Digest, Hasher};
use wkit_composer::InputBytes;

use crate::file_state::FileState;
use crate::limits::RECORD_FILE_BYTES_MAX;
use crate::output::write_cached;

/// The record of one composition.
pub(crate) struct Record {
    /// Where it is kept.
    path: PathBuf,
    /// What was asked for, and of which wkit.
    request: String,
    /// The composition.
    output: PathBuf,
    /// Before anything was read.
    begun: SystemTime,
}

/// What is said about a composition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Said {
    /// What instances can do no longer, each with the word for that.
    pub(crate) closed: Vec<(String, String)>,
    /// The tree of instances.
    pub(crate) tree: String,
    /// What else a person should know.
    pub(crate) notes: Vec<String>,
    /// The imports that stubs fill.
    pub(crate) stubs: Vec<String>,
    /// The composition's size.
    pub(crate) size_bytes: u64,
    /// The composition's digest.
    pub(crate) digest: String,
    /// All of it as data.
    pub(crate) data: Value,
}

impl Said {
    /// All of it as data, with the file.
    pub(crate) fn json(&self, file: &Path) -> Value {
        let mut json = serde_json::json!({"file": file});
        if let (Some(all), Some(more)) = (json.as_object_mut(), self.data.as_object()) {
            all.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        json
    }
}

/// A file that decided what came out.
pub(crate) struct Source<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// What was read from it; `None` when only the text of the file counts and it is read again for its digest.
    pub(crate) bytes: Option<&'a InputBytes>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    request: String,
    files: Vec<KeptFile>,
    output: KeptFile,
    said: Said,
}

/// The files that decided what came out, as they are kept.
pub(crate) struct Files(Vec<KeptFile>);

#[derive(Serialize, Deserialize)]
struct KeptFile {
    path: PathBuf,
    /// `None` for a file that was not there.
    digest: Option<String>,
    /// `None` where it might not tell a change.
    state: Option<FileState>,
}

impl Record {
    /// The record of the composition `output`, in `folder`. `request` is everything that decides what comes out and
    /// stands in no file but the folder that paths in it begin from.
    pub(crate) fn new(folder: &Path, request: &str, output: &Path) -> Self {
        let begun = SystemTime::now();
        let output = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
        let name = Digest::sha256(output.as_os_str().as_encoded_bytes());
        let path = folder.join(format!("{}.json", name.hex()));
        let here = std::path::absolute(".").unwrap_or_default();
        let request = format!("wkit {}\nin {}\n{request}", env!("CARGO_PKG_VERSION"), here.display());
        Self { path, request, output, begun }
    }

    /// What was said when the same was composed of the same files, if the composition is still there and intact.
    pub(crate) fn find(&self) -> Option<Said> {
        let size_bytes = std::fs::metadata(&self.path).ok()?.len();
        if size_bytes > RECORD_FILE_BYTES_MAX {
            return None;
        }
        let mut kept: Kept = serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()?;
        if kept.request != self.request {
            return None;
        }
        let mut learnt = false;
        for file in kept.files.iter_mut().chain([&mut kept.output]) {
            learnt |= file.is_unchanged(self.begun)?;
        }
        if learnt {
            self.write(&kept);
        }
        Some(kept.said)
    }

    /// What is kept of `sources`; nothing when one of them is a pipe or a device, which can be read only once. It takes
    /// its time, as all of them are hashed.
    pub(crate) fn files(&self, sources: &[Source<'_>]) -> Option<Files> {
        let is_once = |source: &Source<'_>| source.bytes.is_some() && FileState::of(source.path).is_none();
        if sources.iter().any(is_once) {
            return None;
        }
        let file = |source: &Source<'_>| KeptFile {
            path: std::path::absolute(source.path).unwrap_or_else(|_| source.path.to_owned()),
            digest: match source.bytes {
                Some(bytes) => bytes.digest().ok().map(|digest| digest.to_string()),
                None => digest(source.path),
            },
            state: FileState::settled(source.path, self.begun),
        };
        Some(Files(sources.iter().map(file).collect()))
    }

    /// Keeps what was said about the composition of `files`; not when it went to a pipe or a device.
    pub(crate) fn keep(&self, Files(files): Files, said: &Said) {
        if FileState::of(&self.output).is_none() {
            return;
        }
        let output = KeptFile {
            path: self.output.clone(),
            digest: Some(said.digest.clone()),
            state: FileState::settled(&self.output, self.begun),
        };
        self.write(&Kept { request: self.request.clone(), files, output, said: said.clone() });
    }

    /// Without a record the next composition only takes longer, so that a cache that cannot be written is no error.
    fn write(&self, kept: &Kept) {
        if let Ok(text) = serde_json::to_vec(kept) {
            let _ = write_cached(&self.path, &text);
        }
    }
}

impl KeptFile {
    /// `None` when the file has changed; else whether something new is known of its state.
    fn is_unchanged(&mut self, begun: SystemTime) -> Option<bool> {
        let state = FileState::of(&self.path);
        if self.state.is_some() && self.state == state {
            return Some(false);
        }
        if digest(&self.path) != self.digest {
            return None;
        }
        let state = FileState::settled(&self.path, begun);
        let learnt = state != self.state;
        self.state = state;
        Some(learnt)
    }
}

/// The digest of a file, read piece by piece; `None` when there is no such file.
fn digest(path: &Path) -> Option<String> {
    FileState::of(path)?;
    let mut file = std::fs::File::open(path).ok()?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match std::io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Some(hasher.finish().to_string()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            folder.write("input", "component");
            folder.write("output", "composition");
            folder
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.path(name), text).unwrap();
        }

        /// Puts another file in its place, as most programs write files.
        fn replace(&self, name: &str, text: &str) {
            self.write("temporary", text);
            std::fs::rename(self.path("temporary"), self.path(name)).unwrap();
        }

        /// A record of now, or of a time when all that was written before is long past.
        fn record(&self, request: &str, later: bool) -> Record {
            let mut record = Record::new(&self.path("records"), request, &self.path("output"));
            if later {
                record.begun += std::time::Duration::from_secs(60);
            }
            record
        }

        fn keep(&self, record: &Record) {
            let (input, project) = (self.path("input"), self.path("wkit.toml"));
            let bytes = InputBytes::from(b"component".to_vec());
            let sources =
                [Source { path: &input, bytes: Some(&bytes) }, Source { path: &project, bytes: None }];
            let said = Said {
                closed: Vec::new(),
                stubs: Vec::new(),
                tree: "app\n".to_owned(),
                notes: vec!["a note".to_owned()],
                size_bytes: 11,
                digest: Digest::sha256(b"composition").to_string(),
                data: serde_json::json!({"b": 1, "a": 2}),
            };
            if let Some(files) = record.files(&sources) {
                record.keep(files, &said);
            }
        }

        fn is_found(&self) -> bool {
            self.record("request", false).find().is_some()
        }
    }

    #[test]
    fn what_was_said_is_said_again() {
        for later in [false, true] {
            let folder = Folder::new();
            folder.keep(&folder.record("request", later));
            let said = folder.record("request", later).find().unwrap();
            assert_eq!((said.tree.as_str(), said.notes.len(), said.size_bytes), ("app\n", 1, 11));
            assert_eq!(said.json(Path::new("x")).to_string(), r#"{"file":"x","b":1,"a":2}"#);
            assert!(folder.record("another request", later).find().is_none());
        }
    }

    #[test]
    fn any_change_is_seen_even_at_once_and_of_the_same_size() {
        for later in [false, true] {
            for (name, text) in
                [("input", "Component"), ("output", "Composition"), ("wkit.toml", "[project]")]
            {
                let folder = Folder::new();
                folder.keep(&folder.record("request", later));
                assert!(folder.is_found());
                folder.replace(name, text);
                assert!(!folder.is_found(), "{name} {later}");
            }
            for name in ["input", "output"] {
                let folder = Folder::new();
                folder.keep(&folder.record("request", later));
                std::fs::remove_file(folder.path(name)).unwrap();
                assert!(!folder.is_found(), "{name} {later}");
            }
        }
    }

    #[test]
    fn a_file_that_was_only_touched_is_read_once_and_then_known() {
        let folder = Folder::new();
        folder.keep(&folder.record("request", true));
        folder.write("input", "component");
        assert!(folder.record("request", true).find().is_some());
        let kept: Kept =
            serde_json::from_slice(&std::fs::read(folder.record("", false).path).unwrap()).unwrap();
        assert_eq!(kept.files[0].state, FileState::of(&folder.path("input")));
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_not_taken_for_what_was_read() {
        let folder = Folder::new();
        let record = folder.record("request", false);
        folder.write("input", "Component");
        folder.keep(&record);
        assert!(!folder.is_found());
    }

    #[test]
    fn records_that_are_damaged_or_too_large_are_none() {
        let folder = Folder::new();
        let record = folder.record("request", true);
        folder.keep(&record);
        let whole = std::fs::read(&record.path).unwrap();
        std::fs::write(&record.path, &whole[..whole.len() / 2]).unwrap();
        assert!(record.find().is_none());
        let padded = |size: usize| [whole.as_slice(), " ".repeat(size - whole.len()).as_bytes()].concat();
        let largest = usize::try_from(RECORD_FILE_BYTES_MAX).unwrap();
        std::fs::write(&record.path, padded(largest)).unwrap();
        assert!(record.find().is_some());
        std::fs::write(&record.path, padded(largest + 1)).unwrap();
        assert!(record.find().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn what_can_be_read_only_once_is_not_recorded() {
        let folder = Folder::new();
        std::fs::remove_file(folder.path("input")).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.path("input")).unwrap();
        folder.keep(&folder.record("request", true));
        assert!(!folder.path("records").exists());
    }
}
