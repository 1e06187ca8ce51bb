//! The bytes of the journal.
//!
//! ```text
//! header   "wkit-journal\n", version u32, identity 32 bytes, generation u64, sequence u64, CRC-32 of it all
//! frame    length u32, CRC-32 of what follows u32, kind u8, sequence u64, writes
//! write    key length u32, value length u32 (all ones: removed), key, value
//! ```
//!
//! Numbers are little-endian. The frames of one group of commits follow each other; the last one ends the group. A
//! group without its last frame, or with a frame whose checksum is wrong, is not there.

use crate::limits::JOURNAL_FRAME_BYTES_MAX;
use crate::store::layout;

/// The version in the header.
pub(super) const VERSION: u32 = 1;

const MAGIC: &[u8; 13] = b"wkit-journal\n";

/// How long an identity is.
pub(super) const IDENTITY_BYTES: usize = 32;

/// How long the header is.
pub(super) const HEADER_BYTES: usize = MAGIC.len() + 4 + IDENTITY_BYTES + 8 + 8 + 4;

/// How much comes before the kind of a frame.
pub(super) const FRAME_HEAD_BYTES: usize = 8;

/// A frame is ended by the write that takes it past this.
const FRAME_BYTES: usize = JOURNAL_FRAME_BYTES_MAX / 4;

/// Stands for the length of a value when the key is removed.
const REMOVED: u32 = u32::MAX;

/// What a write takes beside its key and value.
const WRITE_HEAD_BYTES: usize = 8;

/// A key that is set, or removed with `None`.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);

/// The beginning of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The identity of the store.
    pub(crate) identity: String,
    /// Counts how often the journal was written anew.
    pub(crate) generation: u64,
    /// The number of the last group that the first frames, up to it, contain.
    pub(crate) sequence: u64,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// It is not one, or it is damaged.
    Damaged,
    /// It is of another version.
    Version(u32),
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let mut identity = self.identity.clone().into_bytes();
        identity.resize(IDENTITY_BYTES, b' ');
        bytes.extend_from_slice(&identity);
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, BadHeader> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(BadHeader::Damaged)?;
        let version = take_u32(&mut rest).ok_or(BadHeader::Damaged)?;
        if version != VERSION {
            return Err(BadHeader::Version(version));
        }
        let (before, sum) = bytes.split_at(HEADER_BYTES - 4);
        if crc32fast::hash(before).to_le_bytes() != sum {
            return Err(BadHeader::Damaged);
        }
        let read = |rest: &mut &[u8]| {
            let identity = std::str::from_utf8(take(rest, IDENTITY_BYTES)?).ok()?.trim_end().to_owned();
            Some(Self { identity, generation: take_u64(rest)?, sequence: take_u64(rest)? })
        };
        read(&mut rest).ok_or(BadHeader::Damaged)
    }
}

/// Whether a frame is the last of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// More frames of the group follow.
    More = 0,
    /// The group ends here.
    End = 1,
}

/// Makes the frames of one group.
pub(super) struct GroupWriter {
    sequence: u64,
    /// The frames so far.
    bytes: Vec<u8>,
    /// Where the frame begins that is being made.
    begun: usize,
}

impl GroupWriter {
    pub(super) fn new(sequence: u64) -> Self {
        let mut writer = Self { sequence, bytes: Vec::new(), begun: 0 };
        writer.begin();
        writer
    }

    /// Adds a write.
    pub(super) fn write(&mut self, key: &[u8], value: Option<&[u8]>) {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(REMOVED);
        self.bytes.extend_from_slice(&length(key).to_le_bytes());
        self.bytes.extend_from_slice(&value.map_or(REMOVED, length).to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        if self.bytes.len() - self.begun > FRAME_BYTES {
            self.end(Kind::More);
            self.begin();
        }
    }

    /// All frames, the last one of which ends the group.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end(Kind::End);
        self.bytes
    }

    fn begin(&mut self) {
        self.begun = self.bytes.len();
        self.bytes.extend_from_slice(&[0; FRAME_HEAD_BYTES + 1]);
        self.bytes.extend_from_slice(&self.sequence.to_le_bytes());
    }

    fn end(&mut self, kind: Kind) {
        let frame = &mut self.bytes[self.begun..];
        frame[FRAME_HEAD_BYTES] = kind as u8;
        let body = &frame[FRAME_HEAD_BYTES..];
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let sum = crc32fast::hash(body);
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..FRAME_HEAD_BYTES].copy_from_slice(&sum.to_le_bytes());
    }
}

/// The body of a frame: kind, sequence, and the writes, which are appended to `writes`. `None` when it makes no sense.
pub(super) fn read_body(body: &[u8], writes: &mut Vec<Write>) -> Option<(Kind, u64)> {
    let (&kind, mut rest) = body.split_first()?;
    let kind = match kind {
        0 => Kind::More,
        1 => Kind::End,
        _ => return None,
    };
    let sequence = take_u64(&mut rest)?;
    while !rest.is_empty() {
        let (key, value) = (take_u32(&mut rest)?, take_u32(&mut rest)?);
        let key = take(&mut rest, key as usize)?.to_vec();
        let value = if value == REMOVED { None } else { Some(take(&mut rest, value as usize)?.to_vec()) };
        writes.push((key, value));
    }
    Some((kind, sequence))
}

/// How much of the journal one entry takes.
pub(crate) fn entry_bytes(key: &[u8], value: &[u8]) -> u64 {
    (WRITE_HEAD_BYTES + key.len() + value.len()) as u64
}

/// Up to where the journal and the store are the same, as the store keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The generation of the journal's file.
    pub(super) generation: u64,
    /// The number of the last group.
    pub(crate) sequence: u64,
    /// Where it begins in the file.
    pub(super) start: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// About how many bytes before that are about entries that were replaced or removed since.
    pub(super) dead: u64,
}

impl Position {
    /// The entry of the store.
    pub(super) fn entry(self) -> (Vec<u8>, Vec<u8>) {
        let Self { generation, sequence, start, end, dead } = self;
        (layout::journal(), format!("{generation} {sequence} {start} {end} {dead}").into_bytes())
    }

    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(value).ok()?.split(' ').map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let position =
            Self { generation: next()?, sequence: next()?, start: next()?, end: next()?, dead: next()? };
        (position.start <= position.end && numbers.next().is_none()).then_some(position)
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?))
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}
