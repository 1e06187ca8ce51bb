//! A metadata store for the time of one piece of work.

use std::path::Path;

use tempfile::TempDir;

use super::{Progress, UpkeepError};
use crate::config::MetadataUrl;
use crate::store::journal::{JournalReader, apply, replay};
use crate::store::{Engine, layout, open_engine};

/// How many entries are read at once.
const SCAN_STEP: usize = 100;

/// A store with the primary entries of a registry and all that is derived from them. It goes with the value.
pub(super) struct Scratch {
    pub(super) engine: Box<dyn Engine>,
    /// Removed after the store is closed: fields are dropped in order.
    _folder: TempDir,
}

impl Scratch {
    /// An empty one, in a folder below `parent`.
    pub(super) fn new(parent: &Path) -> Result<Self, UpkeepError> {
        let folder = tempfile::Builder::new().prefix(".wkit-").tempdir_in(parent);
        let folder = folder.map_err(UpkeepError::io("make a folder in", parent))?;
        let engine = open_engine(&MetadataUrl::Redb(None), &folder.path().join("scratch.redb"))?;
        Ok(Self { engine, _folder: folder })
    }

    /// One with what a journal has up to its last whole group.
    pub(super) fn of_journal(
        parent: &Path,
        reader: &mut JournalReader,
        progress: &dyn Progress,
    ) -> Result<Self, UpkeepError> {
        let mut scratch = Self::new(parent)?;
        scratch.follow(reader, progress)?;
        Ok(scratch)
    }

    /// Takes in what the journal has beyond what was read of it.
    pub(super) fn follow(
        &mut self,
        reader: &mut JournalReader,
        progress: &dyn Progress,
    ) -> Result<(), UpkeepError> {
        Ok(replay(reader, &mut *self.engine, |read| progress.done(read))?)
    }

    /// One with the primary entries of a store.
    pub(super) fn of_store(parent: &Path, store: &dyn Engine) -> Result<Self, UpkeepError> {
        let mut scratch = Self::new(parent)?;
        copy_primary(store, &mut *scratch.engine)?;
        Ok(scratch)
    }
}

/// Gives a store the primary entries of another one, and all that is derived from them.
pub(super) fn copy_primary(from: &dyn Engine, to: &mut dyn Engine) -> Result<(), UpkeepError> {
    let mut entries = Entries::new(from);
    loop {
        let step = entries.step()?;
        if step.is_empty() {
            return Ok(());
        }
        apply(to, step.into_iter().map(|(key, value)| (key, Some(value))).collect(), None)?;
    }
}

/// All entries of a store but the local ones, in order, some at a time.
pub(super) struct Entries<'a> {
    engine: &'a dyn Engine,
    last: Option<Vec<u8>>,
    step: std::vec::IntoIter<crate::store::Entry>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, last: None, step: Vec::new().into_iter() }
    }

    /// The next entries; none at the end.
    fn step(&mut self) -> Result<Vec<crate::store::Entry>, UpkeepError> {
        loop {
            let mut step = self.engine.scan(&layout::everything_after(self.last.as_deref(), SCAN_STEP))?;
            let Some((last, _)) = step.last() else { return Ok(step) };
            self.last = Some(last.clone());
            step.retain(|(key, _)| !layout::is_local(key));
            if !step.is_empty() {
                return Ok(step);
            }
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<crate::store::Entry, UpkeepError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.step.next() {
            return Some(Ok(entry));
        }
        match self.step() {
            Ok(step) => self.step = step.into_iter(),
            Err(error) => return Some(Err(error)),
        }
        self.step.next().map(Ok)
    }
}
