//! The copy of the journal of a registry that goes on writing to it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use wkit_artifact::Algorithm;

use crate::store::journal::JournalReader;
use crate::store::local::{private_file, sync_folder};
use crate::store::{JournalError, layout};
use crate::upkeep::{UpkeepError, files};

/// The copy of the journal while it is made.
pub(in crate::upkeep) struct Copy {
    live: PathBuf,
    path: PathBuf,
    pub(in crate::upkeep) reader: JournalReader,
}

/// What a look at the journal of the running registry gave.
pub(in crate::upkeep) enum Followed {
    /// There is nothing new.
    Nothing,
    /// There are more groups.
    More,
    /// The journal was written anew: everything has to be read again.
    Anew,
}

impl Copy {
    pub(in crate::upkeep) fn begin(data: &Path, to: &Path, identity: &str) -> Result<Self, UpkeepError> {
        let (live, path) = (layout::journal_file(data), layout::new_file(&layout::journal_file(to)));
        copy_from(&live, &path, 0)?;
        let reader = JournalReader::open(&path)?;
        if reader.header().identity != identity {
            return Err(JournalError::Identity { path: live }.into());
        }
        Ok(Self { live, path, reader })
    }

    pub(in crate::upkeep) fn follow(&mut self) -> Result<Followed, UpkeepError> {
        let failed = UpkeepError::io("read", &self.path);
        copy_from(&self.live, &self.path, self.reader.end())?;
        // Looked at afterwards: what was copied is of the same file then.
        if JournalReader::open(&self.live)?.header() != self.reader.header() {
            copy_from(&self.live, &self.path, 0)?;
            self.reader = JournalReader::open(&self.path)?;
            return Ok(Followed::Anew);
        }
        let before = self.reader.sequence();
        self.reader.resume().map_err(failed)?;
        let mut look = JournalReader::open(&self.path)?;
        look.skip_like(&self.reader).map_err(UpkeepError::io("read", &self.path))?;
        let more = look.next_group().map_err(UpkeepError::io("read", &self.path))?;
        Ok(if more.is_some_and(|group| group.sequence > before) { Followed::More } else { Followed::Nothing })
    }

    /// Ends the copy with the last whole group, durably; returns name, digest, and the number of that group.
    pub(super) fn finish(self, to: &Path) -> Result<(String, String, u64), UpkeepError> {
        let (end, sequence) = (self.reader.end(), self.reader.sequence());
        // The journal of the older backup stays until that is replaced, also when it has the same number.
        let names = (sequence..).map(layout::backup_journal_name);
        let name = names.into_iter().find(|name| !to.join(name).exists()).ok_or(UpkeepError::Lost)?;
        let place = to.join(&name);
        let finish = || {
            let file = File::options().write(true).open(&self.path)?;
            file.set_len(end)?;
            file.sync_all()
        };
        finish().map_err(UpkeepError::io("write", &self.path))?;
        let digest = files::digest(&self.path, Algorithm::Sha256)?.ok_or(UpkeepError::Lost)?;
        let renamed = std::fs::rename(&self.path, &place).and_then(|()| sync_folder(to));
        renamed.map_err(UpkeepError::io("write", &place))?;
        Ok((name, digest.to_string(), sequence))
    }
}

/// Copies a file from `offset` on, in place of what the copy has from there.
fn copy_from(from: &Path, to: &Path, offset: u64) -> Result<(), UpkeepError> {
    let copy = || {
        let mut source = File::open(from)?;
        source.seek(SeekFrom::Start(offset))?;
        let mut target = private_file().truncate(false).open(to)?;
        target.set_len(offset)?;
        target.seek(SeekFrom::Start(offset))?;
        io::copy(&mut source, &mut target)
    };
    copy().map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => JournalError::Missing { path: from.to_owned() }.into(),
        _ => UpkeepError::io("copy", from)(error),
    })
}
