//! What a stub component runs.
//!
//! The generator in `composer/src/mock/` appends to this module one small function for each export, which puts its
//! parameters into slots and calls [`call`], and the tables that are described in `layout.rs`. It also writes the
//! functions that are imported here, out of what the component model gives a component for each resource, stream and
//! future. A stub runs one call at a time.

#[expect(dead_code, reason = "the generator uses the rest of it")]
mod layout;
mod records;
mod state;
mod walk;

use layout::*;
use state::Linear;
use walk::{Memory, Place, Walk};

#[link(wasm_import_module = "wkit")]
unsafe extern "C" {
    safe fn resource_new(resource: u32, number: u32) -> u32;
    safe fn resource_number(resource: u32, handle: u32) -> u32;
    safe fn resource_drop(resource: u32, handle: u32);
    safe fn foreign_drop(resource: u32, handle: u32);
    /// Makes a stream or future; the readable end is in the lower half, the writable one in the upper half.
    safe fn channel_new(channel: u32) -> u64;
    /// Begins to write; what lies at the address is read until the other side has it.
    safe fn channel_write(channel: u32, writable: u32, address: u32) -> u32;
    safe fn channel_drop_readable(channel: u32, readable: u32);
    safe fn channel_drop_writable(channel: u32, writable: u32);
    /// Traps in a function whose name says why.
    safe fn fail(function: u32, reason: u32) -> !;
}

/// Answers a call: `function` is its table; `parameters` are slots of 8 bytes, or with `in_memory` they lie where the
/// canonical ABI puts more than 16.
#[unsafe(no_mangle)]
pub extern "C" fn call(function: u32, parameters: u32, in_memory: u32) -> u64 {
    let memory = &Linear;
    let arguments = read_arguments(function, parameters, in_memory != 0);
    let recorded = memory.word(function, FUNCTION_RECORDED) != 0;
    let record = recorded.then(|| records::push(function, &arguments.texts)).flatten();
    drop_all(&arguments.found);

    let index = memory.word(function, FUNCTION_INDEX);
    let Some(answer) = choose(function, &arguments.texts) else { fail(index, FAIL_UNMATCHED) };
    if memory.word(answer, ANSWER_KIND) == ANSWER_TRAP {
        fail(index, FAIL_TRAP);
    }
    let (fills, count) = (memory.word(answer, ANSWER_FILLS), memory.word(answer, ANSWER_FILLS + 1));
    for position in 0..count {
        fill(fills + 4 * position * FILL_WORDS);
    }
    let image = memory.word(answer, ANSWER_IMAGE);
    let result = memory.word(function, FUNCTION_RESULT);
    if let Some(record) = record
        && result != 0
    {
        let mut walk = Walk::new(memory, &[], true);
        walk.value(result, Place::At(image));
        records::set_result(record, walk.text);
    }
    state::after_call();
    match memory.word(function, FUNCTION_RESULT_BYTES) {
        0 => 0,
        RESULT_IN_MEMORY => u64::from(image),
        bytes => memory.load(image, bytes),
    }
}

/// The texts of the arguments where something needs them, and the handles in them.
struct Arguments {
    texts: Vec<String>,
    found: Vec<walk::Found>,
}

fn read_arguments(function: u32, parameters: u32, in_memory: bool) -> Arguments {
    let memory = &Linear;
    let tuple = memory.word(function, FUNCTION_PARAMETERS);
    let place = if in_memory { Place::At(parameters) } else { Place::Flat };
    let flat = if in_memory { &[][..] } else { Linear::slots(parameters, memory.word(tuple, FLAT)) };
    let writes = memory.word(function, FUNCTION_RECORDED) != 0 || has_patterns(function);
    let mut walk = Walk::new(memory, flat, writes);
    let mut texts = Vec::new();
    for index in 0..memory.word(tuple, DETAIL) {
        walk.member(tuple, index, place);
        texts.push(std::mem::take(&mut walk.text));
    }
    Arguments { texts, found: walk.found }
}

fn has_patterns(function: u32) -> bool {
    rules(function).any(|rule| Linear.word(rule, RULE_PATTERNS + 1) > 0)
}

fn rules(function: u32) -> impl Iterator<Item = u32> {
    let first = Linear.word(function, FUNCTION_RULES);
    (0..Linear.word(function, FUNCTION_RULES + 1)).map(move |index| first + 4 * index * RULE_WORDS)
}

/// The next answer of the first rule that the arguments fit.
fn choose(function: u32, texts: &[String]) -> Option<u32> {
    let memory = &Linear;
    let rule = rules(function).find(|rule| {
        let (patterns, count) = (memory.word(*rule, RULE_PATTERNS), memory.word(*rule, RULE_PATTERNS + 1));
        (0..count).zip(texts).all(|(index, text)| {
            let pattern = patterns + 4 * index * PATTERN_WORDS;
            let address = memory.word(pattern, 0);
            address == 0 || memory.bytes(address, memory.word(pattern, 1)) == text.as_bytes()
        })
    })?;
    let (given, count) = (memory.word(rule, RULE_GIVEN), memory.word(rule, RULE_ANSWERS + 1));
    Linear::set_word(rule + 4 * RULE_GIVEN, given.saturating_add(1));
    let position = given.min(count.checked_sub(1)?);
    Some(memory.word(rule, RULE_ANSWERS) + 4 * position * ANSWER_WORDS)
}

/// The handles that came with a call are the stub's, and it has no use for them.
fn drop_all(found: &[walk::Found]) {
    for handle in found {
        match handle.kind {
            OWN => resource_drop(handle.index, handle.handle),
            FOREIGN => foreign_drop(handle.index, handle.handle),
            _ => channel_drop_readable(handle.index, handle.handle),
        }
    }
}

fn fill(fill: u32) {
    let memory = &Linear;
    let (index, value, extra) =
        (memory.word(fill, FILL_INDEX), memory.word(fill, FILL_VALUE), memory.word(fill, FILL_EXTRA));
    let handle = match memory.word(fill, FILL_KIND) {
        FILL_HANDLE => {
            let number = if extra == 0 {
                value
            } else {
                let next = memory.word(extra, 0) + 1;
                Linear::set_word(extra, next);
                next
            };
            resource_new(index, number)
        }
        FILL_STREAM => {
            let (readable, writable) = ends(channel_new(index));
            channel_drop_writable(index, writable);
            readable
        }
        _ => {
            let (readable, writable) = ends(channel_new(index));
            // The other side reads it some time later, when the next answer may have been filled in here.
            let copy = state::keep(value, extra);
            channel_write(index, writable, copy);
            readable
        }
    };
    Linear::set_word(memory.word(fill, FILL_ADDRESS), handle);
}

fn ends(both: u64) -> (u32, u32) {
    (both as u32, (both >> 32) as u32)
}

/// The destructor of a resource; `destructor` is its table.
#[unsafe(no_mangle)]
pub extern "C" fn dropped(destructor: u32, number: u32) {
    if Linear.word(destructor, DESTRUCTOR_RECORDED) != 0 {
        records::push_drop(destructor, number);
    }
}
