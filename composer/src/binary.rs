//! A binary in pieces, so that what it is made of need not be copied.

use std::io::{self, Write};

use bytes::Bytes;

/// A component in binary form, as the pieces that follow each other in it. The components inside a composition are
/// the inputs themselves and not copies of them.
#[derive(Debug, Clone, Default)]
pub struct Binary {
    pieces: Vec<Bytes>,
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

    /// The pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Bytes::as_ref)
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        self.pieces().try_for_each(|piece| out.write_all(piece))
    }

    /// All of it in one place. That is a copy, so prefer [`Binary::write_to`] where it may be large.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size_bytes);
        self.pieces().for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
        self.size_bytes += piece.len();
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        let mut binary = Self::default();
        binary.push(bytes.into());
        binary
    }
}
