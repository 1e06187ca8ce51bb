//! The memory of the stub: what the tables say, and what callers put there.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::UnsafeCell;

use super::walk::Memory;

/// The linear memory, by address.
pub struct Linear;

impl Memory for Linear {
    fn bytes(&self, address: u32, len: u32) -> &[u8] {
        if len == 0 {
            return &[];
        }
        // SAFETY: addresses come from the generator's tables and from the canonical ABI, which both keep within memory;
        // nothing writes while a slice is in use, for each is read at once.
        unsafe { std::slice::from_raw_parts(address as *const u8, len as usize) }
    }

    fn number(&self, resource: u32, handle: u32) -> u32 {
        super::resource_number(resource, handle)
    }
}

impl Linear {
    /// The `count` slots at `address`.
    pub fn slots<'a>(address: u32, count: u32) -> &'a [u64] {
        // SAFETY: the generator's function has just filled them, and nothing writes to them until the next call.
        unsafe { std::slice::from_raw_parts(address as *const u64, count as usize) }
    }

    /// Writes one word.
    pub fn set_word(address: u32, word: u32) {
        // SAFETY: only words of the generator's tables and images are written, which are its own and aligned.
        unsafe { (address as *mut u32).write(word) }
    }
}

/// A value of the one thread that a stub has.
pub struct Global<T>(UnsafeCell<T>);

// SAFETY: a stub has no threads.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    /// A value from the start.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Works on the value; `work` calls nothing that comes back here.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: there is one thread, and `work` does not come back here.
        work(unsafe { &mut *self.0.get() })
    }
}

/// What the canonical ABI has put into memory for the current call.
struct Passed {
    blocks: Vec<(*mut u8, Layout)>,
    /// The call is over, so that the next block belongs to another one.
    is_over: bool,
}

static PASSED: Global<Passed> = Global::new(Passed { blocks: Vec::new(), is_over: false });

/// Whether what was passed is needed any more: the result is read before anything is passed again.
pub fn after_call() {
    PASSED.with(|passed| passed.is_over = true);
}

/// Gives memory to the canonical ABI.
#[unsafe(no_mangle)]
pub extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(size, align) else { std::process::abort() };
    PASSED.with(|passed| {
        if std::mem::take(&mut passed.is_over) {
            for (block, layout) in passed.blocks.drain(..) {
                // SAFETY: each block is from here, with this layout, and of a call that is over.
                unsafe { dealloc(block, layout) };
            }
        }
        if size == 0 {
            return align as *mut u8;
        }
        // SAFETY: the size is not 0.
        let block = unsafe { alloc(layout) };
        if block.is_null() {
            std::process::abort();
        }
        if old_size > 0 {
            // SAFETY: the caller says that `old` has `old_size` bytes; it is freed with the others.
            unsafe { std::ptr::copy_nonoverlapping(old, block, old_size.min(size)) };
        }
        passed.blocks.push((block, layout));
        block
    })
}

/// A copy of the bytes at `address` that stays; its address.
pub fn keep(address: u32, len: u32) -> u32 {
    let words = Linear.bytes(address, len).chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    let copy: Vec<u64> = words.collect();
    Vec::leak(copy).as_ptr() as u32
}
