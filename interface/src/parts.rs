//! What the bytes of a binary are spent on: components, core modules and their sections, adding up to the file.

use serde::Serialize;
use wasmparser::{Chunk, Encoding, Parser, Payload};

use crate::error::DecodeError;
use crate::limits::NESTING_MAX;
use crate::wasm::{self, Fault};

/// A stretch of a binary. The children of a part lie inside it, in order, and fill it without gaps, so that their
/// sizes add up to its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The name of a component or core module if it says one, of a custom section, or else what the kind is called.
    pub name: String,
    /// What it is.
    pub kind: PartKind,
    /// Where it begins in the file.
    pub offset_bytes: u64,
    /// How many bytes it has, with its header.
    pub size_bytes: u64,
    /// What a component or core module consists of; empty for a section.
    pub children: Vec<Part>,
}

/// What a stretch of a binary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A component, with everything inside it.
    Component,
    /// A core module, with everything inside it.
    Module,
    /// The code of a core module's functions.
    Code,
    /// The initial contents of a core module's memories.
    Data,
    /// Names for debugging: the sections `name` and `component-name`.
    Names,
    /// Debug information: `.debug_*`, `sourceMappingURL`, `external_debug_info`.
    DebugInfo,
    /// Any other custom section.
    Custom,
    /// Types, imports, exports, and the wiring inside a component: all other sections.
    Structure,
    /// Magic and version at the beginning, and the headers of nested parts.
    Header,
}

/// Takes a component, WIT package or core module apart by size. The result is the whole file as one part.
///
/// # Errors
///
/// As for [`decode`](crate::decode), except that core modules are welcome and code is not validated.
pub fn parts(bytes: &[u8]) -> Result<Vec<Part>, DecodeError> {
    let encoding = wasm::check_header(bytes)?;
    let mut walker = Walker { bytes, end_of_last: 0 };
    walker.walk(encoding).map(|root| vec![root]).map_err(|fault| fault.into_decode_error(bytes))
}

struct Walker<'a> {
    bytes: &'a [u8],
    /// Where the last part ended: what lies between it and the next one are headers.
    end_of_last: u64,
}

/// A component or core module that is being read.
struct Open {
    part: Part,
    parser: Parser,
}

impl Walker<'_> {
    fn walk(&mut self, encoding: Encoding) -> Result<Part, Fault> {
        let size_bytes = self.bytes.len() as u64;
        let mut parser = Parser::new(0);
        parser.set_features(wasm::features());
        let mut stack = vec![Open { part: empty(encoding, 0, size_bytes), parser }];
        let mut rest = self.bytes;
        while let Some(open) = stack.last_mut() {
            let (payload, consumed) = match open.parser.parse(rest, true)? {
                Chunk::Parsed { consumed, payload } => (payload, consumed),
                Chunk::NeedMoreData(_) => {
                    return Err(Fault::Own(DecodeError::Truncated { offset: size_bytes + 1, size_bytes }));
                }
            };
            rest = &rest[consumed..];
            let position = size_bytes - rest.len() as u64;
            match payload {
                Payload::ModuleSection { parser, unchecked_range } => {
                    let part = self.nested(&mut open.part, Encoding::Module, &unchecked_range)?;
                    stack.push(Open { part, parser });
                    if stack.len() > NESTING_MAX {
                        return Err(Fault::Own(DecodeError::TooDeep));
                    }
                }
                Payload::ComponentSection { parser, unchecked_range } => {
                    let part = self.nested(&mut open.part, Encoding::Component, &unchecked_range)?;
                    stack.push(Open { part, parser });
                    if stack.len() > NESTING_MAX {
                        return Err(Fault::Own(DecodeError::TooDeep));
                    }
                }
                // The bodies follow, and together with this header they are the section.
                Payload::CodeSectionStart { unchecked_range, .. } => {
                    self.section(&mut open.part, "code".to_owned(), PartKind::Code, unchecked_range.end);
                }
                Payload::CodeSectionEntry(_) => {}
                Payload::End(_) => {
                    let Some(done) = stack.pop() else { break };
                    let part = done.part;
                    match stack.last_mut() {
                        Some(parent) => parent.part.children.push(part),
                        None if rest.is_empty() => return Ok(part),
                        None => {
                            let message = "bytes after the end".to_owned();
                            return Err(Fault::Own(DecodeError::Invalid { offset: position, message }));
                        }
                    }
                }
                other => {
                    let (name, kind) = section_kind(&other);
                    if let Some(name) = own_name(&other) {
                        open.part.name = name;
                    }
                    self.section(&mut open.part, name, kind, position);
                }
            }
        }
        Err(Fault::Own(DecodeError::Truncated { offset: size_bytes + 1, size_bytes }))
    }

    /// Adds the section that ends at `end`; it begins where the last one ended.
    fn section(&mut self, parent: &mut Part, name: String, kind: PartKind, end: u64) {
        let offset_bytes = self.end_of_last;
        let size_bytes = end.saturating_sub(offset_bytes);
        parent.children.push(Part { name, kind, offset_bytes, size_bytes, children: Vec::new() });
        self.end_of_last = end;
    }

    /// Opens a nested part, and adds what lies before it (its id and length) as a header of the parent.
    fn nested(
        &mut self,
        parent: &mut Part,
        encoding: Encoding,
        range: &std::ops::Range<u64>,
    ) -> Result<Part, Fault> {
        let size_bytes = self.bytes.len() as u64;
        if range.end > size_bytes {
            return Err(Fault::Own(DecodeError::Truncated { offset: range.end, size_bytes }));
        }
        self.section(parent, "header".to_owned(), PartKind::Header, range.start);
        Ok(empty(encoding, range.start, range.end.saturating_sub(range.start)))
    }
}

fn empty(encoding: Encoding, offset_bytes: u64, size_bytes: u64) -> Part {
    let (name, kind) = match encoding {
        Encoding::Module => ("core module", PartKind::Module),
        Encoding::Component => ("component", PartKind::Component),
    };
    Part { name: name.to_owned(), kind, offset_bytes, size_bytes, children: Vec::new() }
}

fn section_kind(payload: &Payload<'_>) -> (String, PartKind) {
    let (name, kind) = match payload {
        Payload::Version { .. } => ("header", PartKind::Header),
        Payload::DataSection(_) => ("data", PartKind::Data),
        Payload::CustomSection(section) => {
            let name = section.name();
            let debug =
                name.starts_with(".debug_") || name == "sourceMappingURL" || name == "external_debug_info";
            let kind = match name {
                "name" | "component-name" => PartKind::Names,
                _ if debug => PartKind::DebugInfo,
                _ => PartKind::Custom,
            };
            (name, kind)
        }
        Payload::TypeSection(_) | Payload::CoreTypeSection(_) | Payload::ComponentTypeSection(_) => {
            ("types", PartKind::Structure)
        }
        Payload::ImportSection(_) | Payload::ComponentImportSection(_) => ("imports", PartKind::Structure),
        Payload::ExportSection(_) | Payload::ComponentExportSection(_) => ("exports", PartKind::Structure),
        Payload::FunctionSection(_) => ("functions", PartKind::Structure),
        Payload::TableSection(_) => ("tables", PartKind::Structure),
        Payload::MemorySection(_) => ("memories", PartKind::Structure),
        Payload::TagSection(_) => ("tags", PartKind::Structure),
        Payload::GlobalSection(_) => ("globals", PartKind::Structure),
        Payload::ElementSection(_) => ("elements", PartKind::Structure),
        Payload::StartSection { .. } | Payload::ComponentStartSection { .. } => {
            ("start", PartKind::Structure)
        }
        Payload::DataCountSection { .. } => ("data count", PartKind::Structure),
        Payload::InstanceSection(_) => ("core instances", PartKind::Structure),
        Payload::ComponentInstanceSection(_) => ("instances", PartKind::Structure),
        Payload::ComponentAliasSection(_) => ("aliases", PartKind::Structure),
        Payload::ComponentCanonicalSection(_) => ("canonical functions", PartKind::Structure),
        _ => ("unknown section", PartKind::Custom),
    };
    (name.to_owned(), kind)
}

/// The name that a `name` or `component-name` section gives to what it is in.
pub(crate) fn own_name(payload: &Payload<'_>) -> Option<String> {
    let Payload::CustomSection(section) = payload else { return None };
    match section.as_known() {
        wasmparser::KnownCustom::Name(names) => names.into_iter().find_map(|name| match name {
            Ok(wasmparser::Name::Module { name, .. }) => Some(name.to_owned()),
            _ => None,
        }),
        wasmparser::KnownCustom::ComponentName(names) => names.into_iter().find_map(|name| match name {
            Ok(wasmparser::ComponentName::Component { name, .. }) => Some(name.to_owned()),
            _ => None,
        }),
        _ => None,
    }
}
