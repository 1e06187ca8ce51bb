//! Writing the journal anew while commits go on.
//!
//! A thread writes the primary entries of the store, as it finds them, to a new file. Meanwhile the old journal goes on.
//! When the thread is done, the groups that came since it began are copied behind its entries, and the new file takes
//! the place of the old one. An entry that was changed meanwhile may have been written with its old or its new value:
//! the groups behind it say which is right.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::anew::write_entries;
use super::{Header, JournalError, Position};
use crate::store::{Engine, layout};

/// A new journal that is being written.
#[derive(Debug)]
pub(super) struct Compaction {
    header: Header,
    /// Where the old journal ended when it began.
    begun: Position,
    cancelled: Arc<AtomicBool>,
    /// The new file.
    new: PathBuf,
    /// `None` when it was waited for.
    thread: Option<JoinHandle<Result<(File, u64), JournalError>>>,
}

impl Compaction {
    /// Begins to write the journal that is to follow the one at `path`, which ends at `position`.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn begin(
        path: &Path,
        identity: &str,
        position: Position,
        engine: Box<dyn Engine>,
    ) -> io::Result<Self> {
        let header = Header {
            identity: identity.to_owned(),
            generation: position.generation + 1,
            sequence: position.sequence,
        };
        let (new, cancelled) = (layout::new_file(path), Arc::new(AtomicBool::new(false)));
        let (file, flag, begins_with) = (new.clone(), cancelled.clone(), header.clone());
        let thread = std::thread::Builder::new()
            .name("write-journal".to_owned())
            .spawn(move || write_entries(&file, &begins_with, &*engine, &flag))?;
        Ok(Self { header, begun: position, cancelled, new, thread: Some(thread) })
    }

    /// Whether the entries are written, or it was found that they cannot be.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Copies what came since from the old journal, durably: the new file, and where it ends.
    ///
    /// # Errors
    ///
    /// When the entries or the rest cannot be written; the new file is gone then.
    pub(super) fn finish(
        mut self,
        path: &Path,
        old: &File,
        position: Position,
    ) -> Result<(File, Position), JournalError> {
        let finished = self.copy_rest(path, old, position);
        finished.inspect_err(|_| drop(std::fs::remove_file(&self.new)))
    }

    fn copy_rest(
        &mut self,
        path: &Path,
        old: &File,
        position: Position,
    ) -> Result<(File, Position), JournalError> {
        let lost = || JournalError::io("write", path, io::Error::other("the thread ended early"));
        let thread = self.thread.take().ok_or_else(lost)?;
        let (mut new, end) = thread.join().map_err(|_| lost())??;
        let from = self.begun.end;
        let copy = || {
            let mut old = old;
            old.seek(SeekFrom::Start(from))?;
            new.seek(SeekFrom::Start(end))?;
            let copied = io::copy(&mut old.take(position.end - from), &mut new)?;
            if copied != position.end - from {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            new.sync_all()?;
            Ok(new)
        };
        let file = copy().map_err(|source| JournalError::io("copy", path, source))?;
        // The last group is among those copied, or among the entries.
        let start = if position.sequence > self.begun.sequence { position.start - from + end } else { end };
        let position = Position {
            generation: self.header.generation,
            sequence: position.sequence,
            start,
            end: position.end - from + end,
            dead: position.dead.saturating_sub(self.begun.dead),
        };
        Ok((file, position))
    }
}

impl Drop for Compaction {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        // The thread holds the store open.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            let _ = std::fs::remove_file(&self.new);
        }
    }
}
