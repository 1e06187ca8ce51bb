//! Validates a component and hands over its types.

use wasmparser::types::Types;
use wasmparser::{Chunk, Encoding, Parser, Payload, ValidPayload, Validator, WasmFeatures};

use crate::error::DecodeError;
use crate::limits::{COMPONENT_BYTES_MAX, EXTERNS_MAX};
use crate::sniff;

mod bodies;

use bodies::Bodies;

/// A validated component: its types, and its imports and exports in order.
pub(crate) struct Validated {
    pub(crate) types: Types,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// The Wasm and component-model features that are accepted: everything that the Wasm reader knows, with async
/// (WASI 0.3), `map` and `implements`, but without what is still an early draft and what no runtime of the component
/// model runs: values as imports, nested names, GC in the canonical ABI, accessors, canonical names as the only names,
/// custom descriptors and shared-everything threads.
pub fn features() -> WasmFeatures {
    WasmFeatures::all()
        - (WasmFeatures::CM_VALUES
            | WasmFeatures::CM_NESTED_NAMES
            | WasmFeatures::CM_GC
            | WasmFeatures::CM_ACCESSORS
            | WasmFeatures::CM_CANON_NAMES
            | WasmFeatures::CUSTOM_DESCRIPTORS
            | WasmFeatures::SHARED_EVERYTHING_THREADS
            | WasmFeatures::STACK_SWITCHING)
}

/// Looks at the header alone: Wasm or not, component or core module, a known version or not.
pub(crate) fn check_header(bytes: &[u8]) -> Result<Encoding, DecodeError> {
    let size_bytes = bytes.len() as u64;
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(DecodeError::TooLarge { size_bytes });
    }
    let magic = sniff::MAGIC;
    if !bytes.starts_with(&magic[..bytes.len().min(magic.len())]) {
        return Err(DecodeError::NotWasm { found: sniff::describe(bytes) });
    }
    let Some(header) = bytes.get(4..8) else {
        return Err(DecodeError::Truncated { offset: 8, size_bytes });
    };
    let version = u16::from_le_bytes([header[0], header[1]]);
    let layer = u16::from_le_bytes([header[2], header[3]]);
    match (version, layer) {
        (1, 0) => Ok(Encoding::Module),
        (13, 1) => Ok(Encoding::Component),
        _ => Err(DecodeError::UnknownVersion { version, layer }),
    }
}

/// Validates all of a component, code included.
pub(crate) fn validate(bytes: &[u8]) -> Result<Validated, DecodeError> {
    if check_header(bytes)? == Encoding::Module {
        return Err(DecodeError::CoreModule);
    }
    walk(bytes).map_err(|fault| fault.into_decode_error(bytes))
}

/// A fault of the reader, or one of ours.
pub(crate) enum Fault {
    Reader(wasmparser::Error),
    Own(DecodeError),
}

impl From<wasmparser::Error> for Fault {
    fn from(error: wasmparser::Error) -> Self {
        Fault::Reader(error)
    }
}

impl Fault {
    pub(crate) fn into_decode_error(self, bytes: &[u8]) -> DecodeError {
        match self {
            Fault::Own(error) => error,
            Fault::Reader(error) => translate(&error, bytes),
        }
    }
}

fn translate(error: &wasmparser::Error, bytes: &[u8]) -> DecodeError {
    let offset = error.offset();
    let size_bytes = bytes.len() as u64;
    let message = error.message().trim_end_matches('.').replace('\n', ": ");
    if error.missing_wasm_feature().is_some() {
        return DecodeError::UnsupportedFeature { offset, message };
    }
    match missing_end(bytes) {
        Some(offset) => DecodeError::Truncated { offset, size_bytes },
        None => DecodeError::Invalid { offset, message },
    }
}

/// The first byte beyond the file that one of the outermost sections speaks of, if there is one. The reader gives the
/// same error for a section that ends early and for a file that does.
fn missing_end(bytes: &[u8]) -> Option<u64> {
    let size_bytes = bytes.len() as u64;
    let mut position = 8_usize;
    while position < bytes.len() {
        position += 1;
        let (mut length, mut shift) = (0_u64, 0_u32);
        loop {
            let Some(byte) = bytes.get(position) else { return Some(size_bytes + 1) };
            position += 1;
            length |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return None;
            }
        }
        let end = position as u64 + length;
        if end > size_bytes {
            return Some(end);
        }
        position = usize::try_from(end).ok()?;
    }
    None
}

fn walk(bytes: &[u8]) -> Result<Validated, Fault> {
    let mut bodies = Bodies::default();
    let walked = walk_to(bytes, &mut bodies);
    // What waits here comes before whatever ended the walk.
    bodies.validate()?;
    walked
}

fn walk_to<'a>(bytes: &'a [u8], bodies: &mut Bodies<'a>) -> Result<Validated, Fault> {
    let mut validator = Validator::new_with_features(features());
    let mut parser = Parser::new(0);
    parser.set_features(features());
    let mut parents: Vec<Parser> = Vec::new();
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    loop {
        let (payload, consumed) = match parser.parse(rest, true)? {
            Chunk::Parsed { consumed, payload } => (payload, consumed),
            Chunk::NeedMoreData(_) => {
                let size_bytes = bytes.len() as u64;
                return Err(Fault::Own(DecodeError::Truncated { offset: size_bytes + 1, size_bytes }));
            }
        };
        rest = &rest[consumed..];
        if parents.is_empty() {
            note_externs(&payload, &mut imports, &mut exports)?;
        }
        match validator.payload(&payload)? {
            ValidPayload::Ok => {}
            ValidPayload::Func(function, body) => bodies.add(function, body)?,
            ValidPayload::Parser(inner) => {
                parents.push(std::mem::replace(&mut parser, inner));
            }
            ValidPayload::End(types) => match parents.pop() {
                Some(parent) => parser = parent,
                None if rest.is_empty() => return Ok(Validated { types, imports, exports }),
                None => {
                    let offset = (bytes.len() - rest.len()) as u64;
                    let message = "bytes after the end of the component".to_owned();
                    return Err(Fault::Own(DecodeError::Invalid { offset, message }));
                }
            },
        }
    }
}

/// Keeps the names of what the outermost component imports and exports.
fn note_externs(
    payload: &Payload<'_>,
    imports: &mut Vec<String>,
    exports: &mut Vec<String>,
) -> Result<(), Fault> {
    match payload {
        Payload::ComponentImportSection(section) => {
            for import in section.clone() {
                imports.push(import?.name.name.to_owned());
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section.clone() {
                exports.push(export?.name.name.to_owned());
            }
        }
        _ => return Ok(()),
    }
    let count = imports.len() + exports.len();
    if count > EXTERNS_MAX {
        return Err(Fault::Own(DecodeError::TooManyExterns { count }));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
