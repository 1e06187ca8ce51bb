//! The limits on what this crate reads. The Wasm reader below adds its own (types nest 100 deep, names are 100 kB long).

/// The largest component or WIT package that is read, in bytes: 512 MiB, about twenty times a component with a whole
/// Python interpreter inside.
pub const COMPONENT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// How deep components may be nested in one another before their sizes are no longer taken apart.
pub const NESTING_MAX: usize = 64;

/// The most imports and exports that one component may have.
pub const EXTERNS_MAX: usize = 10_000;

/// The most bytes that the types and names of one surface may take up as WIT text: a few hundred bytes of Wasm can
/// describe a type that is gigabytes long when it is written out.
pub const SURFACE_TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most differences that one comparison lists; what is beyond is counted and not listed.
pub const MISMATCHES_MAX: usize = 200;

/// The most bytes that the WIT sources of one side of a check may have: sixty times all of WASI.
pub const CONTRACT_SOURCE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The most files that they may stand in.
pub const CONTRACT_SOURCE_FILES_MAX: usize = 10_000;

/// The most packages that they may be: each is looked for in all others.
pub const CONTRACT_PACKAGES_MAX: usize = 1_000;

/// The most parameters that a function in them may have, as in a component.
pub const CONTRACT_PARAMETERS_MAX: usize = 1_000;

/// The most types and functions that one side of a check may have.
pub const CONTRACT_ITEMS_MAX: usize = 1_000_000;

/// The most types and functions that are compared with each other, each of them in every world that has it.
pub const COMPARED_ITEMS_MAX: usize = 10_000_000;

/// The most findings that one check lists; beyond it, one of every rule and direction that there was none of.
pub const FINDINGS_MAX: usize = 10_000;

/// How deep types may be nested in one another before they are taken for different.
pub const TYPE_NESTING_MAX: usize = 256;
