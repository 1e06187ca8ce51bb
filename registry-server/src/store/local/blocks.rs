//! How large the blocks of transfers are: large ones are fast, but many of them at once would take much memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{TRANSFER_BLOCK_BYTES, TRANSFER_BLOCK_BYTES_MIN, TRANSFER_MEMORY_MAX};

/// How many bytes the blocks of all transfers in this process may have.
static CLAIMED: AtomicUsize = AtomicUsize::new(0);

/// A transfer, which holds two blocks at most.
#[derive(Debug)]
pub(super) struct Transfer {
    claimed: &'static AtomicUsize,
    block_bytes: usize,
}

impl Transfer {
    /// One more.
    pub(super) fn begin() -> Self {
        Self { claimed: &CLAIMED, block_bytes: 0 }
    }

    /// How large the next block may be, in bytes: as large as there is room, and never less than the smallest one.
    pub(super) fn next_block_bytes(&mut self) -> usize {
        let others = self.claimed.fetch_sub(2 * self.block_bytes, Ordering::Relaxed) - 2 * self.block_bytes;
        self.block_bytes = block_bytes(others);
        self.claimed.fetch_add(2 * self.block_bytes, Ordering::Relaxed);
        self.block_bytes
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.claimed.fetch_sub(2 * self.block_bytes, Ordering::Relaxed);
    }
}

/// The size of a block when so much is claimed already. Never all that is left, so that there is some for the next.
fn block_bytes(claimed: usize) -> usize {
    let left = TRANSFER_MEMORY_MAX.saturating_sub(claimed);
    (left / 16).clamp(TRANSFER_BLOCK_BYTES_MIN, TRANSFER_BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::limits::{CONNECTIONS_MAX, STREAMS_TOTAL_MAX};

    #[test]
    fn all_blocks_together_are_bounded() {
        static CLAIMED: AtomicUsize = AtomicUsize::new(0);

        let mut transfers = Vec::new();
        let mut begin = || {
            let mut transfer = Transfer { claimed: &CLAIMED, block_bytes: 0 };
            let bytes = transfer.next_block_bytes();
            transfers.push(transfer);
            bytes
        };
        for number in 0..100 {
            assert_eq!(begin(), TRANSFER_BLOCK_BYTES, "transfer {number}");
        }
        for _ in 100..CONNECTIONS_MAX + STREAMS_TOTAL_MAX {
            begin();
        }
        assert_eq!(begin(), TRANSFER_BLOCK_BYTES_MIN);
        let smallest = 2 * TRANSFER_BLOCK_BYTES_MIN * (CONNECTIONS_MAX + STREAMS_TOTAL_MAX);
        assert!(CLAIMED.load(Ordering::Relaxed) <= TRANSFER_MEMORY_MAX + smallest);
        // One that goes on when the others have gone has large blocks again.
        let mut last = transfers.pop().unwrap();
        drop(transfers);
        assert_eq!(last.next_block_bytes(), TRANSFER_BLOCK_BYTES);
        drop(last);
        assert_eq!(CLAIMED.load(Ordering::Relaxed), 0);
    }
}
