//! The journal: the primary entries of the metadata store in one append-only file, group of commits by group.
//!
//! The metadata store is one file of a format with its own code; a tag is in no blob. With the journal, everything can
//! be made again when the store is lost or damaged, a running registry can be checked and backed up by reading two
//! kinds of files, and the store can be exchanged for another kind.
//!
//! # How the two stay the same
//!
//! The thread that commits writes a group of batches to the journal when their conditions were found to hold, then
//! syncs the journal and commits the store at the same time, and answers when both are done. With every group the store
//! keeps a [`Position`]: the number of the group and its place in the journal. So after a crash one look tells which of
//! the two is ahead, and nothing acknowledged is in only one of them:
//!
//! - the journal ends in a torn group: it is cut off;
//! - the journal is ahead: the store is given what it lacks, which can be done twice;
//! - the store is ahead (the machine stopped between the two syncs): the journal is written anew from the store.
//!
//! While most of the journal is of no use any more, a thread writes a new one beside it (`compaction`).
//!
//! A commit that fails while the server runs leaves the journal as it was before, or, when that cannot be told, is
//! settled before the next one in the same way.

mod anew;
mod compaction;
mod error;
mod format;
mod reader;
mod replay;
mod syncer;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::limits::{JOURNAL_COMPACT_MIN_BYTES, JOURNAL_GROUP_BYTES_MAX};
use crate::store::group_commit::Engine;
use crate::store::local::is_full;
use crate::store::{Batch, Entry, MetadataError, layout};
use anew::{put_in_place, store_position, write_anew};
use compaction::Compaction;
use format::GroupWriter;
use syncer::Syncer;

pub use error::JournalError;
pub(crate) use format::{Header, Position, Write, entry_bytes};
pub(crate) use reader::{Group, JournalReader};
pub use replay::ReplayError;
pub(crate) use replay::{apply, derive, replay, store_end};

/// The journal of an open metadata store, held by the thread that commits.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    identity: String,
    file: Arc<File>,
    /// Up to where journal and store are known to be the same.
    position: Position,
    state: State,
    syncer: Syncer,
    /// The journal is not written anew before it has this length, in bytes.
    compact_from: u64,
    /// The new journal that is being written.
    compaction: Option<Compaction>,
}

/// What is known about the journal and the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They are the same.
    Settled,
    /// A group was appended and its commit is under way, or its end is not known.
    Appended(Position),
    /// The journal may not be what was written to it.
    Broken,
}

impl Journal {
    /// Opens the journal at `path`, or makes it, and makes it and the store the same.
    ///
    /// # Errors
    ///
    /// When it is damaged, of another version or another store, or when it or the store cannot be read or written.
    pub(crate) fn open(path: &Path, identity: &str, engine: &mut dyn Engine) -> Result<Self, JournalError> {
        // What a crash left of a new one.
        let _ = std::fs::remove_file(layout::new_file(path));
        let stored = engine.get(&layout::journal())?.as_deref().and_then(Position::parse);
        let mut reader = match JournalReader::open(path) {
            Ok(reader) => reader,
            Err(JournalError::Missing { .. }) => {
                if stored.is_some() {
                    tracing::warn!(path = %path.display(), "the journal is gone; it is made again");
                }
                return Self::make(path, identity, stored.unwrap_or_default(), engine);
            }
            Err(error) => return Err(error),
        };
        if reader.header().identity != identity {
            return Err(JournalError::Identity { path: path.to_owned() });
        }
        let failed = |source| JournalError::io("read", path, source);
        let generation = reader.header().generation;
        let known = stored.filter(|stored| stored.generation == generation);
        if let Some(known) = known {
            // What comes before was synced before; the last group may be torn for all the store knows.
            let before =
                if known.start == known.end { known.sequence } else { known.sequence.saturating_sub(1) };
            reader.skip_to(known.start, before).map_err(failed)?;
        }
        let (dead, stored) = (known.map_or(0, |known| known.dead), stored.unwrap_or_default());
        if reader.header().sequence > stored.sequence {
            let (journal, store) = (reader.header().sequence, stored.sequence);
            return Err(JournalError::StoreBehind { path: path.to_owned(), journal, store });
        }
        let (start, end) = (reader.end(), reader.end());
        let mut position = Position { generation, sequence: stored.sequence, start, end, dead };
        while let Some(group) = reader.next_group().map_err(failed)? {
            (position.start, position.end) = (group.start, reader.end());
            if group.sequence > stored.sequence {
                position.sequence = group.sequence;
                apply(engine, group.writes, Some(position))?;
            }
        }
        // A file that is too short can end before what is looked at here.
        if reader.sequence() < stored.sequence || reader.length().map_err(failed)? < reader.end() {
            tracing::warn!(
                journal = reader.sequence(),
                store = stored.sequence,
                "the journal lacks what the metadata store has; it is made again"
            );
            let newest = Position { generation: generation.max(stored.generation), ..stored };
            return Self::make(path, identity, newest, engine);
        }
        if position.sequence > stored.sequence {
            let groups = position.sequence - stored.sequence;
            tracing::info!(groups, "the metadata store was given what only the journal had");
        }
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() != position.end {
            file.set_len(position.end).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        if Some(position) != known {
            store_position(engine, position)?;
        }
        Self::over(path, identity, file, position)
    }

    /// Writes a new journal from the store, whatever there is at `path`.
    ///
    /// # Errors
    ///
    /// When it or the store cannot be read or written.
    pub(crate) fn make_again(
        path: &Path,
        identity: &str,
        engine: &mut dyn Engine,
    ) -> Result<Self, JournalError> {
        let stored = engine.get(&layout::journal())?.as_deref().and_then(Position::parse).unwrap_or_default();
        let generation = JournalReader::open(path).map_or(0, |reader| reader.header().generation);
        let newest = Position { generation: generation.max(stored.generation), ..stored };
        Self::make(path, identity, newest, engine)
    }

    fn make(
        path: &Path,
        identity: &str,
        last: Position,
        engine: &mut dyn Engine,
    ) -> Result<Self, JournalError> {
        let (file, position) = write_anew(path, identity, last, engine)?;
        Self::over(path, identity, file, position)
    }

    fn over(path: &Path, identity: &str, file: File, position: Position) -> Result<Self, JournalError> {
        let syncer =
            Syncer::start().map_err(|source| JournalError::io("start a thread for", path, source))?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity.to_owned(),
            file: Arc::new(file),
            position,
            state: State::Settled,
            syncer,
            compact_from: JOURNAL_COMPACT_MIN_BYTES,
            compaction: None,
        })
    }

    /// Writes the primary entries of `batches`, whose conditions hold, as one group, without waiting for the disk.
    /// `dead` is how many bytes of the journal they make useless. Returns the entry that the store must set with
    /// them; `None` when the batches have no primary entry.
    ///
    /// # Errors
    ///
    /// When they cannot be written; the store must not apply them then.
    pub(super) fn append<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a Batch>,
        dead: u64,
    ) -> Result<Option<Entry>, MetadataError> {
        let mut group = GroupWriter::new(self.position.sequence + 1);
        let (mut any, mut dead) = (false, self.position.dead + dead);
        for (key, value) in batches.into_iter().flat_map(|batch| &batch.writes) {
            if layout::is_primary(key) {
                any = true;
                group.write(key, value.as_deref());
                if value.is_none() {
                    dead += entry_bytes(key, &[]);
                }
            }
        }
        if !any {
            return Ok(None);
        }
        let bytes = group.finish();
        if bytes.len() > JOURNAL_GROUP_BYTES_MAX {
            let message = format!(
                "expected at most {JOURNAL_GROUP_BYTES_MAX} bytes in one commit, found {}",
                bytes.len()
            );
            return Err(MetadataError::Failed { backend: "journal", message });
        }
        let position = Position {
            sequence: self.position.sequence + 1,
            start: self.position.end,
            end: self.position.end + bytes.len() as u64,
            dead,
            ..self.position
        };
        self.state = State::Appended(position);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(position.start))
            .and_then(|_| file.write_all(&bytes))
            .map_err(|error| failed(&error))?;
        Ok(Some(position.entry()))
    }

    /// Begins to sync what was appended.
    pub(super) fn begin_sync(&mut self) {
        if matches!(self.state, State::Appended(_)) {
            self.syncer.begin(self.file.clone());
        }
    }

    /// Waits until what was appended is durable.
    ///
    /// # Errors
    ///
    /// When it may not be.
    pub(super) fn finish_sync(&mut self) -> Result<(), MetadataError> {
        self.syncer.finish().map_err(|error| {
            // What the system could not write it may have dropped.
            self.state = State::Broken;
            failed(&error)
        })
    }

    /// The store has committed what was appended.
    pub(super) fn committed(&mut self) {
        if let State::Appended(position) = self.state {
            self.position = position;
            self.state = State::Settled;
        }
    }

    /// Makes journal and store the same after a commit that failed; at once when none did.
    ///
    /// # Errors
    ///
    /// When that is not possible yet: nothing may be committed.
    pub(super) fn settle(&mut self, engine: &mut dyn Engine) -> Result<(), JournalError> {
        if self.state == State::Settled {
            return Ok(());
        }
        // It may have seen what is not to be.
        self.compaction = None;
        let stored = engine.get(&layout::journal())?.as_deref().and_then(Position::parse);
        let failed = |source| JournalError::io("cut", &self.path, source);
        match self.state {
            State::Appended(appended) if stored == Some(appended) => {
                self.file.sync_data().map_err(|source| JournalError::io("sync", &self.path, source))?;
                self.position = appended;
            }
            State::Appended(_) if stored == Some(self.position) => {
                self.file.set_len(self.position.end).and_then(|()| self.file.sync_data()).map_err(failed)?;
            }
            _ => self.write_anew(engine)?,
        }
        self.state = State::Settled;
        Ok(())
    }

    /// Has the journal written anew when most of it is of no use any more, and puts it in its place when it is.
    ///
    /// # Errors
    ///
    /// When that failed; the journal is as it was.
    pub(super) fn compact(&mut self, engine: &mut dyn Engine) -> Result<(), JournalError> {
        if self.state != State::Settled {
            return Ok(());
        }
        let Position { end, dead, .. } = self.position;
        let Some(compaction) = self.compaction.take() else {
            if end >= self.compact_from && dead >= end / 2 {
                // After a failure, such as a full disk, only when it has grown by a good part.
                self.compact_from = end + end / 4;
                let begun = Compaction::begin(&self.path, &self.identity, self.position, engine.share());
                let failed = |source| JournalError::io("start a thread for", &self.path, source);
                self.compaction = Some(begun.map_err(failed)?);
            }
            return Ok(());
        };
        if !compaction.is_finished() {
            self.compaction = Some(compaction);
            return Ok(());
        }
        let (file, position) = compaction.finish(&self.path, &self.file, self.position)?;
        self.state = State::Broken;
        put_in_place(&self.path, engine, position)?;
        (self.file, self.position, self.state) = (Arc::new(file), position, State::Settled);
        self.compact_from = JOURNAL_COMPACT_MIN_BYTES;
        tracing::info!(before = end, after = position.end, "the journal was written anew");
        Ok(())
    }

    fn write_anew(&mut self, engine: &mut dyn Engine) -> Result<(), JournalError> {
        let (file, position) = write_anew(&self.path, &self.identity, self.position, engine)?;
        (self.file, self.position) = (Arc::new(file), position);
        Ok(())
    }
}

fn failed(error: &io::Error) -> MetadataError {
    if is_full(error) {
        MetadataError::Full
    } else {
        MetadataError::Failed { backend: "journal", message: error.to_string() }
    }
}
