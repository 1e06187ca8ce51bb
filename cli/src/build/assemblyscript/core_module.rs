//! The module that the compiler made: its exports get the names of the canonical ABI, which no function of
//! AssemblyScript can have, and its imports are held against the world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wasm_encoder::{ExportSection, Module, RawSection};
use wasmparser::{BinaryReaderError, ExternalKind, Parser, Payload};

use crate::build::error::BuildError;
use crate::build::wit::Wit;

/// The module with its exports renamed. Everything else stays as it is, byte for byte; exports that the canonical ABI
/// does not know are dropped, but for the memory and the initialisation.
pub(super) fn rename_exports(
    module: &[u8],
    names: &BTreeMap<String, String>,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut renamed = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(exports) = &payload {
            let mut section = ExportSection::new();
            for export in exports.clone() {
                let export = export?;
                let kept = matches!(export.name, "memory" | "_initialize").then_some(export.name);
                if let Some(name) = names.get(export.name).map(String::as_str).or(kept) {
                    section.export(name, kind(export.kind), export.index);
                }
            }
            renamed.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            // A module in memory is not longer than an address can say.
            let data = &module[range.start as usize..range.end as usize];
            renamed.section(&RawSection { id, data });
        }
    }
    Ok(renamed.finish())
}

fn kind(kind: ExternalKind) -> wasm_encoder::ExportKind {
    match kind {
        ExternalKind::Table => wasm_encoder::ExportKind::Table,
        ExternalKind::Memory => wasm_encoder::ExportKind::Memory,
        ExternalKind::Global => wasm_encoder::ExportKind::Global,
        ExternalKind::Tag => wasm_encoder::ExportKind::Tag,
        _ => wasm_encoder::ExportKind::Func,
    }
}

/// Refuses a module that calls what its world does not have, such as a function of a browser.
pub(super) fn check_imports(module: &[u8], wit: &Wit, entry: &Path) -> Result<(), BuildError> {
    let invalid = |error: BinaryReaderError| BuildError::NotAComponent { message: error.to_string() };
    let mut allowed: BTreeSet<String> = wit.imports();
    allowed.extend(wit.exports().into_iter().map(|export| format!("[export]{export}")));
    allowed.insert("$root".to_owned());
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(imports) = payload.map_err(invalid)? else { continue };
        for import in imports.into_imports() {
            let import = import.map_err(invalid)?;
            if !allowed.contains(import.module) {
                // Both names come from the sources; `env` is what the compiler's own library asks of a browser.
                let from =
                    if import.module == "env" { String::new() } else { format!(" of `{}`", import.module) };
                return Err(BuildError::ForeignImport {
                    path: entry.to_owned(),
                    import: format!("`{}`{from}", import.name),
                    world: wit.world_name().to_owned(),
                });
            }
        }
    }
    Ok(())
}
