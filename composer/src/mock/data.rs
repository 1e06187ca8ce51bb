//! What a stub has in its memory besides the engine: tables, names, stated values.

use std::collections::HashMap;

use super::error::MockError;
use super::walk::Memory;
use crate::limits::MOCK_DATA_BYTES_MAX;

/// An address in the memory of the stub.
pub(super) type Address = u32;

/// The bytes that the stub's memory has from `base` on.
pub(super) struct Data {
    base: Address,
    bytes: Vec<u8>,
    texts: HashMap<String, Address>,
}

impl Data {
    /// Nothing yet; `base` is a multiple of 8 and not 0, so that 0 is no address.
    pub(super) fn new(base: Address) -> Self {
        Self { base, bytes: Vec::new(), texts: HashMap::new() }
    }

    /// All bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes `size` bytes of zeros, `align` being a power of two.
    pub(super) fn take(&mut self, size: u32, align: u32) -> Result<Address, MockError> {
        let start = self.bytes.len().next_multiple_of(align.max(1) as usize);
        let end = start + size as usize;
        if end > MOCK_DATA_BYTES_MAX {
            return Err(MockError::TooLarge);
        }
        self.bytes.resize(end, 0);
        // Both are below the limit, which is far below what a word holds.
        Ok(self.base + start as Address)
    }

    /// Writes a table of words.
    pub(super) fn table(&mut self, words: &[u32]) -> Result<Address, MockError> {
        let address = self.take(4 * words.len() as u32, 4)?;
        for (index, word) in words.iter().enumerate() {
            self.set(address + 4 * index as u32, &word.to_le_bytes());
        }
        Ok(address)
    }

    /// Writes a text, once; its address and length.
    pub(super) fn text(&mut self, text: &str) -> Result<[u32; 2], MockError> {
        let len = u32::try_from(text.len()).map_err(|_| MockError::TooLarge)?;
        if let Some(address) = self.texts.get(text) {
            return Ok([*address, len]);
        }
        // Address 0 stands for no text, so the empty one has another.
        let address = self.take(len.max(1), 1)?;
        self.set(address, text.as_bytes());
        self.texts.insert(text.to_owned(), address);
        Ok([address, len])
    }

    /// Writes bytes over what was taken before.
    pub(super) fn set(&mut self, address: Address, bytes: &[u8]) {
        let start = (address - self.base) as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// What to go back to with [`Data::forget`].
    pub(super) fn mark(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets what was taken since the mark; no text was interned in between.
    pub(super) fn forget(&mut self, mark: usize) {
        self.bytes.truncate(mark);
    }
}

impl Memory for Data {
    fn bytes(&self, address: u32, len: u32) -> &[u8] {
        if len == 0 {
            return &[];
        }
        let start = (address - self.base) as usize;
        &self.bytes[start..start + len as usize]
    }

    /// In stated arguments the number stands where a handle would be.
    fn number(&self, _resource: u32, handle: u32) -> u32 {
        handle
    }
}
