//! A binary in pieces, so that what it is made of need not be copied.

use std::io::{self, Write};

use bytes::Bytes;

use crate::input_bytes::InputBytes;

/// A component in binary form, as the pieces that follow each other in it. The components inside a composition are
/// the inputs themselves and not copies of them; those in files are read when the binary is.
#[derive(Debug, Clone, Default)]
pub struct Binary {
    pieces: Vec<InputBytes>,
    size_bytes: usize,
}

impl Binary {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.size_bytes
    }

    /// Whether it has no bytes, as a new one.
    pub fn is_empty(&self) -> bool {
        self.size_bytes == 0
    }

    /// Writes all of it. What has been written before an error is of no use.
    ///
    /// # Errors
    ///
    /// What `out` says, or what keeps the file of an input from being read: [`InputChanged`](crate::InputChanged) where
    /// it is no longer the same.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        self.pieces.iter().try_for_each(|piece| piece.write_to(out))
    }

    /// All of it in one place. That is a copy, so prefer [`Binary::write_to`] where it may be large.
    ///
    /// # Errors
    ///
    /// What keeps the file of an input from being read. There is none when all inputs are in memory.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size_bytes);
        self.write_to(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn push(&mut self, piece: InputBytes) {
        self.size_bytes += piece.len();
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    pub(crate) fn push_bytes(&mut self, piece: Bytes) {
        self.push(piece.into());
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        let mut binary = Self::default();
        binary.push(bytes.into());
        binary
    }
}
