//! Giving a metadata store what a journal has.

use std::collections::HashMap;

use super::{Group, JournalReader, Position, Write};
use crate::registry::derived;
use crate::store::{Batch, CommitError, Engine, MetadataError, layout};

/// Groups are put together up to about this many bytes.
const STEP_BYTES: usize = 8 * 1024 * 1024;

/// Why a journal was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal cannot be read.
    #[error("the journal cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The store does not take it.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// A batch of primary writes, the last to a key counting, with the entries that are derived from them.
///
/// # Errors
///
/// When the store cannot be read.
pub(crate) fn derive(engine: &dyn Engine, writes: Vec<Write>) -> Result<Batch, MetadataError> {
    let mut last: HashMap<Vec<u8>, Option<Vec<u8>>> = HashMap::with_capacity(writes.len());
    for (key, value) in writes.into_iter().filter(|(key, _)| layout::is_primary(key)) {
        last.insert(key, value);
    }
    let mut batch = Batch::default();
    for (key, value) in last {
        // What is derived from the old value goes first: some of it may be derived from the new one, too.
        if let Some(old) = engine.get(&key)? {
            for (derived, _) in derived(&key, &old) {
                batch.remove(derived);
            }
        }
        match value {
            Some(value) => {
                for (derived, value) in derived(&key, &value) {
                    batch.set(derived, value);
                }
                batch.set(key, value);
            }
            None => batch.remove(key),
        }
    }
    Ok(batch)
}

/// Applies primary writes to a store, with the entries that are derived from them, in one step. Applying them again
/// changes nothing.
///
/// # Errors
///
/// When the store fails.
pub(crate) fn apply(
    engine: &mut dyn Engine,
    writes: Vec<Write>,
    position: Option<Position>,
) -> Result<(), MetadataError> {
    let mut batch = derive(engine, writes)?;
    if let Some((key, value)) = position.map(Position::entry) {
        batch.set(key, value);
    }
    for result in engine.commit_group(&[batch], None)? {
        match result {
            Ok(()) => {}
            Err(CommitError::Metadata(error)) => return Err(error),
            Err(CommitError::Conflict { .. }) => unreachable!("the batch has no conditions"),
        }
    }
    Ok(())
}

/// Notes in a store that was given everything up to where the reader is, that it has that.
///
/// # Errors
///
/// When the store fails.
pub(crate) fn store_end(engine: &mut dyn Engine, reader: &JournalReader) -> Result<(), MetadataError> {
    let (generation, sequence, end) = (reader.header().generation, reader.sequence(), reader.end());
    apply(engine, Vec::new(), Some(Position { generation, sequence, start: end, end, dead: 0 }))
}

/// Gives a store all whole groups from where the reader is, and tells `progress` how far it has come, in bytes.
///
/// # Errors
///
/// When the journal cannot be read, or the store fails.
pub(crate) fn replay(
    reader: &mut JournalReader,
    engine: &mut dyn Engine,
    mut progress: impl FnMut(u64),
) -> Result<(), ReplayError> {
    let (mut writes, mut size_bytes) = (Vec::new(), 0);
    while let Some(Group { writes: more, .. }) = reader.next_group()? {
        size_bytes +=
            more.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        writes.extend(more);
        if size_bytes > STEP_BYTES {
            apply(engine, std::mem::take(&mut writes), None)?;
            size_bytes = 0;
        }
        progress(reader.end());
    }
    Ok(apply(engine, writes, None)?)
}
