//! Reading a journal: by the server that owns it, and beside a running server.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::JournalError;
use super::format::{BadHeader, FRAME_HEAD_BYTES, HEADER_BYTES, Header, Kind, VERSION, Write, read_body};
use crate::limits::{JOURNAL_FRAME_BYTES_MAX, JOURNAL_GROUP_BYTES_MAX};

/// Groups of writes, one after another.
pub(crate) struct JournalReader {
    file: BufReader<File>,
    header: Header,
    /// Where the last whole group ended.
    end: u64,
    /// Its number.
    sequence: u64,
    /// Whether the end of what can be read was reached.
    ended: bool,
}

/// The writes of one group of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its number.
    pub(crate) sequence: u64,
    /// Where it begins in the file.
    pub(super) start: u64,
    /// What is set or removed, in order.
    pub(crate) writes: Vec<Write>,
}

impl JournalReader {
    /// Opens the journal at `path`.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not begin as a journal does.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |source| JournalError::io("read", path, source);
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => JournalError::Missing { path: path.to_owned() },
            _ => failed(error),
        })?;
        let mut file = BufReader::with_capacity(1024 * 1024, file);
        let mut bytes = [0; HEADER_BYTES];
        match file.read_exact(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(JournalError::Damaged { path: path.to_owned() });
            }
            other => other.map_err(failed)?,
        }
        let header = Header::decode(&bytes).map_err(|bad| match bad {
            BadHeader::Damaged => JournalError::Damaged { path: path.to_owned() },
            BadHeader::Version(found) => {
                JournalError::Version { path: path.to_owned(), expected: VERSION, found }
            }
        })?;
        let (end, sequence) = (HEADER_BYTES as u64, header.sequence);
        Ok(Self { file, header, end, sequence, ended: false })
    }

    /// What the journal begins with.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Where the last whole group ended that was read.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The number of the last whole group that was read, or of the last one that the header counts as contained.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many bytes follow the last whole group that was read.
    ///
    /// # Errors
    ///
    /// When the file cannot be looked at.
    pub(crate) fn rest(&self) -> io::Result<u64> {
        Ok(self.length()?.saturating_sub(self.end))
    }

    /// How long the file is, in bytes.
    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.file.get_ref().metadata()?.len())
    }

    /// Goes on at `offset`, where the group after `sequence` begins.
    pub(super) fn skip_to(&mut self, offset: u64, sequence: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        (self.end, self.sequence, self.ended) = (offset, sequence, false);
        Ok(())
    }

    /// Goes on where another reader of the same journal is.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn skip_like(&mut self, other: &Self) -> io::Result<()> {
        self.skip_to(other.end, other.sequence)
    }

    /// Looks again whether there is more, after the end was reached.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.skip_to(self.end, self.sequence)
    }

    /// The next group, `None` after the last whole one: what follows it is torn, or not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn next_group(&mut self) -> io::Result<Option<Group>> {
        if self.ended {
            return Ok(None);
        }
        let (start, mut end, mut writes) = (self.end, self.end, Vec::new());
        while let Some((kind, sequence, size_bytes)) = self.frame(&mut writes)? {
            end += size_bytes;
            // The entries that a journal begins with come in groups with the number of the header.
            let first = self.sequence == self.header.sequence && sequence == self.sequence;
            if !(first || sequence == self.sequence + 1) || end - start > JOURNAL_GROUP_BYTES_MAX as u64 {
                break;
            }
            if kind == Kind::End {
                (self.end, self.sequence) = (end, sequence);
                return Ok(Some(Group { sequence, start, writes }));
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// The next frame, whose writes are appended to `writes`, and how long it is. `None` when there is no whole one.
    fn frame(&mut self, writes: &mut Vec<Write>) -> io::Result<Option<(Kind, u64, u64)>> {
        let mut head = [0; FRAME_HEAD_BYTES];
        if !read_whole(&mut self.file, &mut head)? {
            return Ok(None);
        }
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > JOURNAL_FRAME_BYTES_MAX {
            return Ok(None);
        }
        let mut body = Vec::new();
        // The length may be damaged, so memory is taken as bytes come.
        (&mut self.file).take(length as u64).read_to_end(&mut body)?;
        if body.len() != length || crc32fast::hash(&body) != u32::from_le_bytes(sum) {
            return Ok(None);
        }
        let size_bytes = (FRAME_HEAD_BYTES + length) as u64;
        Ok(read_body(&body, writes).map(|(kind, sequence)| (kind, sequence, size_bytes)))
    }
}

fn read_whole(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}
