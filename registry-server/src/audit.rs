//! The audit log: who did what, one JSON object a line.
//!
//! Entries are written by a thread of their own, so that no request waits for a disk. When more wait than
//! [`AUDIT_QUEUE_MAX`], further ones are lost, and the log says how many. A file that was moved away is made again, as
//! `logrotate` expects; it is opened for appending and never cut.

use std::fs::File;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::limits::AUDIT_QUEUE_MAX;
use crate::store::UniqueIds;

/// `[audit]`: where the audit log goes. Without a file and `stderr` there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuditSettings {
    /// The file that entries are appended to.
    pub file: Option<PathBuf>,
    /// Whether entries go to the standard error output.
    #[serde(default)]
    pub stderr: bool,
    /// Whether reading manifests and blobs is noted, too.
    #[serde(default)]
    pub pulls: bool,
}

/// Why there is no audit log.
#[derive(Debug, thiserror::Error)]
#[error(
    "audit.file: could not open `{}`: {source}\nhint: its folder must be there, and the registry's user may write to it",
    file.display()
)]
pub struct AuditError {
    /// The file.
    pub file: PathBuf,
    /// What the system reports.
    pub source: std::io::Error,
}

/// One entry. What does not apply is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Entry {
    /// When, in UTC.
    pub(crate) time: String,
    /// The id of the request, which the client gets as `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<IpAddr>,
    /// Who it is, or claims to be when the credentials were wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<String>,
    /// What was asked: `push-manifest`, `login` and so on.
    pub(crate) action: &'static str,
    /// On which repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<String>,
    /// On which tag, digest, upload, token or path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

/// The audit log. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Audit {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    pulls: bool,
    ids: UniqueIds,
    lost: Arc<AtomicU64>,
    sender: Mutex<Option<SyncSender<Box<Entry>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens the log and starts its writer.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub(crate) fn open(settings: &AuditSettings) -> Result<Self, AuditError> {
        if settings.file.is_none() && !settings.stderr {
            return Ok(Self { inner: None });
        }
        let failed = |file: &Path, source| AuditError { file: file.to_owned(), source };
        let file = match &settings.file {
            Some(path) => Some(LogFile::open(path).map_err(|source| failed(path, source))?),
            None => None,
        };
        let (sender, receiver) = sync_channel(AUDIT_QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer { file, stderr: settings.stderr, lost: lost.clone(), last_failed: false };
        let thread =
            std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&receiver));
        let thread = thread.map_err(|source| failed(Path::new("the audit log"), source))?;
        let inner = Inner {
            pulls: settings.pulls,
            ids: UniqueIds::new(),
            lost,
            sender: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(thread)),
        };
        Ok(Self { inner: Some(Arc::new(inner)) })
    }

    /// Whether anything is noted.
    pub(crate) fn is_on(&self) -> bool {
        self.inner.is_some()
    }

    /// Whether reading is noted.
    pub(crate) fn notes_pulls(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.pulls)
    }

    /// An id for a request.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.inner.as_ref().map(|inner| inner.ids.next())
    }

    /// Notes something. Never waits.
    pub(crate) fn note(&self, entry: Entry) {
        let Some(inner) = &self.inner else { return };
        let entry = Entry { time: time(SystemTime::now()), ..entry };
        let sender = inner.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else { return };
        if sender.try_send(Box::new(entry)).is_err() {
            inner.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written; nothing may be noted any more.
    pub(crate) async fn finish(&self) {
        let Some(inner) = &self.inner else { return };
        inner.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // The thread cannot be waited for but on another one. It ends in any case.
            drop(tokio::task::spawn_blocking(move || writer.join()).await);
        }
    }
}

/// A moment as RFC 3339 has it, in UTC, with milliseconds.
pub(crate) fn time(moment: SystemTime) -> String {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let moment = chrono::DateTime::from_timestamp(seconds, since.subsec_nanos()).unwrap_or_default();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The thread that writes.
struct Writer {
    file: Option<LogFile>,
    stderr: bool,
    lost: Arc<AtomicU64>,
    last_failed: bool,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Box<Entry>>) {
        while let Ok(first) = receiver.recv() {
            // What waits already is written together.
            let mut lines = Vec::new();
            for entry in std::iter::once(first).chain(receiver.try_iter().take(AUDIT_QUEUE_MAX)) {
                line(&mut lines, &entry);
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let detail = Some(format!("{lost} entries were lost because too many were waiting"));
                line(
                    &mut lines,
                    &Entry { time: time(SystemTime::now()), action: "lost", detail, ..Entry::default() },
                );
            }
            self.write(&lines);
        }
    }

    fn write(&mut self, lines: &[u8]) {
        if self.stderr {
            // Nowhere is left to say that stderr is gone.
            drop(std::io::stderr().lock().write_all(lines));
        }
        let Some(file) = &mut self.file else { return };
        match file.append(lines) {
            Ok(()) => self.last_failed = false,
            Err(error) => {
                // Once, and not for every line on a full disk.
                if !self.last_failed {
                    tracing::error!(%error, file = %file.path.display(), "the audit log cannot be written");
                }
                self.last_failed = true;
            }
        }
    }
}

fn line(lines: &mut Vec<u8>, entry: &Entry) {
    if serde_json::to_writer(&mut *lines, entry).is_ok() {
        lines.push(b'\n');
    }
}

/// The file of the log.
struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut options = File::options();
        options.create(true).append(true);
        // It says who uses what: nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { path: path.to_owned(), file: options.open(path)? })
    }

    fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        if self.was_moved() {
            *self = Self::open(&self.path)?;
        }
        self.file.write_all(lines)
    }

    /// Whether the path names another file now, or none.
    #[cfg(unix)]
    fn was_moved(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let (named, open) = (std::fs::metadata(&self.path), self.file.metadata());
        named.map(identity).ok() != open.map(identity).ok()
    }

    /// Whether the path names no file any more.
    #[cfg(not(unix))]
    fn was_moved(&self) -> bool {
        !self.path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(reference: &str) -> Entry {
        Entry { action: "push-manifest", reference: Some(reference.to_owned()), ..Entry::default() }
    }

    fn settings(file: &Path) -> AuditSettings {
        AuditSettings { file: Some(file.to_owned()), ..AuditSettings::default() }
    }

    fn references(file: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        text.lines().map(|line| read(line)["reference"].as_str().unwrap_or("-").to_owned()).collect()
    }

    #[tokio::test]
    async fn entries_are_lines_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.jsonl");
        for round in ["a", "b"] {
            let audit = Audit::open(&settings(&file)).unwrap();
            for number in 0..3 {
                audit.note(entry(&format!("{round}{number}\n\"")));
            }
            audit.finish().await;
        }
        let expected = ["a0\n\"", "a1\n\"", "a2\n\"", "b0\n\"", "b1\n\"", "b2\n\""];
        assert_eq!(references(&file), expected);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("{\"time\":\"20") && !text.contains("client"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_was_moved_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (file, old) = (folder.path().join("audit.jsonl"), folder.path().join("audit.jsonl.1"));
        let audit = Audit::open(&settings(&file)).unwrap();
        audit.note(entry("before"));
        while references(&file).is_empty() {
            tokio::task::yield_now().await;
        }
        std::fs::rename(&file, &old).unwrap();
        audit.note(entry("after"));
        audit.finish().await;
        assert_eq!(
            (references(&old), references(&file)),
            (vec!["before".to_owned()], vec!["after".to_owned()])
        );
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.jsonl");
        let (sender, receiver) = sync_channel(AUDIT_QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let inner = Inner {
            pulls: false,
            ids: UniqueIds::new(),
            lost: lost.clone(),
            sender: Mutex::new(Some(sender)),
            writer: Mutex::new(None),
        };
        let audit = Audit { inner: Some(Arc::new(inner)) };
        // The writer has not begun yet.
        for number in 0..AUDIT_QUEUE_MAX + 7 {
            audit.note(entry(&number.to_string()));
        }
        drop(audit);
        let file_open = LogFile::open(&file).unwrap();
        Writer { file: Some(file_open), stderr: false, lost, last_failed: false }.run(&receiver);
        let found = references(&file);
        assert_eq!(found.len(), AUDIT_QUEUE_MAX + 1);
        assert!(std::fs::read_to_string(&file).unwrap().contains("7 entries were lost"));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let Err(error) = Audit::open(&settings(&folder.path().join("no/audit.jsonl"))) else {
            panic!("opened")
        };
        assert!(error.to_string().contains("no/audit.jsonl"));
        assert!(!Audit::open(&AuditSettings::default()).unwrap().is_on());
    }

    #[test]
    fn times() {
        let moment = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_800_000_000_123);
        assert_eq!(time(moment), "2027-01-15T08:00:00.123Z");
    }
}
