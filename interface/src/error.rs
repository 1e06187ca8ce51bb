//! Why bytes could not be read.

use thiserror::Error;

use crate::limits::{COMPONENT_BYTES_MAX, EXTERNS_MAX, NESTING_MAX, SURFACE_TEXT_BYTES_MAX};

/// Why some bytes are not a component or WIT package that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are no bytes at all.
    #[error("the file is empty")]
    Empty,

    /// The bytes do not begin as Wasm does.
    #[error("not Wasm: found {found}")]
    NotWasm {
        /// What the bytes look like: a kind of file, or the first bytes in hex.
        found: String,
    },

    /// A core module stands where a component is needed.
    #[error("expected a component, found a core module")]
    CoreModule,

    /// A Wasm binary of a version that this crate does not know.
    #[error(
        "unknown Wasm version: expected core module 1 or component 13, found version {version} of layer {layer}"
    )]
    UnknownVersion {
        /// The version field of the header.
        version: u16,
        /// The layer field of the header: 0 is a core module, 1 is a component.
        layer: u16,
    },

    /// The bytes end in the middle.
    #[error("the component is cut off: byte {offset} is needed, but the file ends at {size_bytes} bytes")]
    Truncated {
        /// Where the reader ran out of bytes.
        offset: u64,
        /// How many bytes there are.
        size_bytes: u64,
    },

    /// The bytes are Wasm, but not a valid component.
    #[error("not a valid component: {message} (at byte {offset})")]
    Invalid {
        /// Where the fault is.
        offset: u64,
        /// What is wrong there, in the words of the validator.
        message: String,
    },

    /// The component uses a proposal that is not part of the component model yet.
    #[error("not a supported component: {message} (at byte {offset})")]
    UnsupportedFeature {
        /// Where the feature is used.
        offset: u64,
        /// Which feature, in the words of the validator.
        message: String,
    },

    /// The file is larger than [`COMPONENT_BYTES_MAX`].
    #[error("the file is too large: {size_bytes} bytes, the limit is {COMPONENT_BYTES_MAX} bytes")]
    TooLarge {
        /// How many bytes there are.
        size_bytes: u64,
    },

    /// There are more imports and exports than [`EXTERNS_MAX`].
    #[error("the component has {count} imports and exports, the limit is {EXTERNS_MAX}")]
    TooManyExterns {
        /// How many there are.
        count: usize,
    },

    /// The types would fill more than [`SURFACE_TEXT_BYTES_MAX`] as text.
    #[error(
        "the types of the component are too large to write out, the limit is {SURFACE_TEXT_BYTES_MAX} bytes of WIT"
    )]
    TypesTooLarge,

    /// Components are nested deeper than [`NESTING_MAX`].
    #[error("components are nested too deeply, the limit is {NESTING_MAX}")]
    TooDeep,
}
