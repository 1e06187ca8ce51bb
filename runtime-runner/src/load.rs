//! Making a program out of bytes, and saying precisely why bytes are none.

use wasmparser::{Validator, WasmFeatures};

/// What every Wasm binary begins with.
const MAGIC: &[u8] = b"\0asm";

/// Bytes that do not become a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// More bytes than [`RunnerConfig::component_bytes_max`](crate::RunnerConfig::component_bytes_max).
    #[error("expected a component of at most {bytes_max} bytes, found {found_bytes}")]
    TooLarge {
        /// The length of the bytes.
        found_bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not a Wasm binary at all.
    #[error("expected a WebAssembly component, found {found}")]
    NotWasm {
        /// What it looks like.
        found: &'static str,
    },
    /// A core module, which has no typed imports and exports.
    #[error("expected a WebAssembly component, found a core module")]
    CoreModule,
    /// A component that breaks the rules of its format.
    #[error("the component is not valid at byte {offset}: {message}")]
    Invalid {
        /// Where, in bytes from the start.
        offset: usize,
        /// Which rule, in the validator's words.
        message: String,
    },
    /// A valid component that uses a proposal which the engine does not have or has turned off.
    #[error("the component needs a feature that this engine does not have: {message}")]
    NeedsFeature {
        /// Which feature, in the engine's words.
        message: String,
    },
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::CoreModule => Some(
                "`wkit build` makes components; for a finished module there is `wasm-tools component new`",
            ),
            Self::NotWasm { .. } => Some("build one with `wkit build`"),
            Self::TooLarge { .. } | Self::Invalid { .. } | Self::NeedsFeature { .. } => None,
        }
    }
}

/// What can be told from the first bytes.
pub(crate) fn check_preamble(bytes: &[u8], bytes_max: usize) -> Result<(), LoadError> {
    if bytes.len() > bytes_max {
        return Err(LoadError::TooLarge { found_bytes: bytes.len(), bytes_max });
    }
    if !bytes.starts_with(MAGIC) {
        return Err(LoadError::NotWasm { found: looks_like(bytes) });
    }
    // The fifth to eighth byte are the version and the layer, both little-endian; layer 0 is the core.
    if bytes.get(6..8) == Some(&[0, 0]) {
        return Err(LoadError::CoreModule);
    }
    Ok(())
}

/// Why the engine did not take `bytes`; `message` is what it said.
pub(crate) fn diagnose(bytes: &[u8], message: String) -> LoadError {
    match Validator::new_with_features(WasmFeatures::all()).validate_all(bytes) {
        Err(error) => LoadError::Invalid {
            offset: usize::try_from(error.offset()).unwrap_or(usize::MAX),
            message: error.message().to_owned(),
        },
        Ok(_) => LoadError::NeedsFeature { message },
    }
}

fn looks_like(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    match bytes {
        [] => "nothing (0 bytes)",
        [0x7f, b'E', b'L', b'F', ..] => "an ELF file",
        [0x1f, 0x8b, ..] => "gzip data",
        [b'P', b'K', ..] => "a zip file",
        [b'#', b'!', ..] => "a script",
        _ if text.starts_with(b"(component") || text.starts_with(b"(module") => {
            "the text form of WebAssembly"
        }
        _ if text.starts_with(b"{") => "JSON text",
        _ if text.starts_with(b"<") => "HTML or XML text",
        _ if std::str::from_utf8(bytes).is_ok() => "text",
        _ => "other data",
    }
}
