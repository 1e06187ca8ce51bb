//! Writing a journal from the store.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::format::{GroupWriter, HEADER_BYTES};
use super::{Header, JournalError, Position};
use crate::store::local::{private_file, sync_folder};
use crate::store::{Batch, Engine, layout};

/// How many entries are read from the store at once.
const SCAN_STEP: usize = 50;

/// Writes a journal that begins with all primary entries of the store, puts it in the place of the old one, and tells
/// the store. A crash in between leaves the old journal, or the new one with a generation the store does not know.
pub(super) fn write_anew(
    path: &Path,
    identity: &str,
    last: Position,
    engine: &mut dyn Engine,
) -> Result<(File, Position), JournalError> {
    let stored = engine.get(&layout::journal())?.as_deref().and_then(Position::parse).unwrap_or_default();
    let sequence = last.sequence.max(stored.sequence);
    let header = Header { identity: identity.to_owned(), generation: last.generation + 1, sequence };
    let new = layout::new_file(path);
    let written = write_entries(&new, &header, engine, &AtomicBool::new(false));
    let (file, end) = written.inspect_err(|_| drop(std::fs::remove_file(&new)))?;
    let position = Position { generation: header.generation, sequence, start: end, end, dead: 0 };
    put_in_place(path, engine, position)?;
    Ok((file, position))
}

/// Puts a journal that was written anew in the place of the old one, and tells the store.
pub(super) fn put_in_place(
    path: &Path,
    engine: &mut dyn Engine,
    position: Position,
) -> Result<(), JournalError> {
    let renamed = std::fs::rename(layout::new_file(path), path);
    renamed
        .and_then(|()| sync_folder(path.parent().unwrap_or(path)))
        .map_err(|source| JournalError::io("replace", path, source))?;
    store_position(engine, position)
}

/// Writes a journal that begins with the primary entries of the store, durably: the file, and where it ends.
pub(super) fn write_entries(
    path: &Path,
    header: &Header,
    engine: &dyn Engine,
    cancelled: &AtomicBool,
) -> Result<(File, u64), JournalError> {
    let failed = |source| JournalError::io("write", path, source);
    let mut file = private_file().truncate(true).open(path).map_err(failed)?;
    file.write_all(&header.encode()).map_err(failed)?;
    let (mut end, mut scan) = (HEADER_BYTES as u64, layout::everything_after(None, SCAN_STEP));
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(failed(io::ErrorKind::Interrupted.into()));
        }
        let entries = engine.scan(&scan)?;
        let mut group = GroupWriter::new(header.sequence);
        let mut any = false;
        for (key, value) in entries.iter().filter(|(key, _)| layout::is_primary(key)) {
            any = true;
            group.write(key, Some(value));
        }
        if any {
            let bytes = group.finish();
            file.write_all(&bytes).map_err(failed)?;
            end += bytes.len() as u64;
        }
        match entries.last() {
            Some((key, _)) => scan = layout::primary_after(key, SCAN_STEP),
            None => break,
        }
    }
    file.sync_all().map_err(failed)?;
    Ok((file, end))
}

pub(super) fn store_position(engine: &mut dyn Engine, position: Position) -> Result<(), JournalError> {
    let (mut batch, (key, value)) = (Batch::default(), position.entry());
    batch.set(key, value);
    for result in engine.commit_group(&[batch], None)? {
        result?;
    }
    Ok(())
}
