//! The calls that were made, and the functions of `wkit:mock/calls` that tell them.

use super::layout::*;
use super::state::{self, Global, Linear};
use super::walk::Memory;

/// The most calls that are kept, and the most bytes of their text; later ones are only counted.
const CALLS_MAX: usize = 100_000;
const TEXT_BYTES_MAX: usize = 16 << 20;

/// The bytes of one `call` record of `wkit:mock/calls` in memory.
const CALL_BYTES: usize = 36;

struct Call {
    /// The address of four words: address and length of the interface's name, of the function's.
    names: u32,
    arguments: String,
    result: Option<String>,
}

struct Records {
    calls: Vec<Call>,
    text_bytes: usize,
    total: u64,
    /// The list that was told last, which the caller reads.
    told: Vec<u32>,
}

static RECORDS: Global<Records> =
    Global::new(Records { calls: Vec::new(), text_bytes: 0, total: 0, told: Vec::new() });

/// Records a call; its place, when it is kept.
pub fn push(function: u32, arguments: &[String]) -> Option<usize> {
    push_call(function + 4 * FUNCTION_INTERFACE, format!("({})", arguments.join(", ")))
}

/// Records that a handle of a resource was dropped.
pub fn push_drop(destructor: u32, number: u32) {
    push_call(destructor + 4 * DESTRUCTOR_INTERFACE, format!("({number})"));
}

fn push_call(names: u32, arguments: String) -> Option<usize> {
    RECORDS.with(|records| {
        records.total += 1;
        let text_bytes = records.text_bytes + arguments.len();
        if records.calls.len() >= CALLS_MAX || text_bytes > TEXT_BYTES_MAX {
            return None;
        }
        records.text_bytes = text_bytes;
        records.calls.push(Call { names, arguments, result: None });
        Some(records.calls.len() - 1)
    })
}

/// Adds what a recorded call got.
pub fn set_result(record: usize, result: String) {
    RECORDS.with(|records| {
        if records.text_bytes + result.len() <= TEXT_BYTES_MAX
            && let Some(call) = records.calls.get_mut(record)
        {
            records.text_bytes += result.len();
            call.result = Some(result);
        }
    });
}

/// `calls: func() -> list<call>`: the address of the list.
#[unsafe(no_mangle)]
pub extern "C" fn calls() -> u32 {
    state::after_call();
    RECORDS.with(|records| {
        let Records { calls, told, .. } = records;
        told.clear();
        // The list itself comes first, in two words, and the calls follow.
        told.reserve_exact(2 + calls.len() * CALL_BYTES / 4);
        let address = told.as_ptr() as u32;
        told.extend([address + 8, calls.len() as u32]);
        for call in calls.iter() {
            told.extend((0..4).map(|index| Linear.word(call.names, index)));
            told.extend(text(&call.arguments));
            told.push(u32::from(call.result.is_some()));
            told.extend(text(call.result.as_deref().unwrap_or_default()));
        }
        address
    })
}

fn text(text: &str) -> [u32; 2] {
    [text.as_ptr() as u32, text.len() as u32]
}

/// `total: func() -> u64`: how many calls there were, kept or not.
#[unsafe(no_mangle)]
pub extern "C" fn total() -> u64 {
    RECORDS.with(|records| records.total)
}

/// `clear: func()`: forgets all calls.
#[unsafe(no_mangle)]
pub extern "C" fn clear() {
    RECORDS.with(|records| {
        records.calls.clear();
        records.text_bytes = 0;
        records.total = 0;
    });
}
