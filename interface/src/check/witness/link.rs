//! Wires two components and asks the validator.

use wasm_encoder::{ComponentBuilder, ComponentExportKind};
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, Validator};

use crate::name::{InterfaceParts, fits};
use crate::wasm::features;

/// A component without imports and exports.
pub(super) const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// One component in which `provider` and `consumer` are instantiated, and what the consumer imports is what the provider
/// exports, as far as it does.
pub(super) fn link(consumer: &[u8], provider: &[u8]) -> Result<Vec<u8>, String> {
    let (imports, exports) = (names(consumer)?.0, names(provider)?.1);
    let mut root = ComponentBuilder::default();
    let provider = root.component_raw(Some("provider"), provider);
    let provider =
        root.instantiate(Some("provider"), provider, Vec::<(&str, ComponentExportKind, u32)>::new());
    let consumer = root.component_raw(Some("consumer"), consumer);
    let mut arguments = Vec::new();
    for import in &imports {
        // Two versions that do not fit are wired all the same: it is the types that are asked about.
        let path = |name: &str| InterfaceParts::parse(name).map(|parts| parts.path());
        let found = exports
            .iter()
            .find(|export| fits(import, export))
            .or_else(|| exports.iter().find(|export| path(export).is_some() && path(export) == path(import)));
        if let Some(export) = found {
            let instance = root.alias_export(provider, export, ComponentExportKind::Instance);
            arguments.push((import.as_str(), ComponentExportKind::Instance, instance));
        }
    }
    root.instantiate(Some("consumer"), consumer, arguments);
    Ok(root.finish())
}

/// The instances that a component imports and exports.
fn names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(sentence)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(sentence)?;
                    if matches!(import.ty, ComponentTypeRef::Instance(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(sentence)?;
                    if export.kind == ComponentExternalKind::Instance {
                        exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

/// Whether the validator accepts `bytes`, or what it says.
pub(super) fn validate(bytes: &[u8]) -> Result<(), String> {
    Validator::new_with_features(features()).validate_all(bytes).map(|_| ()).map_err(sentence)
}

/// What the reader says, on one line and without places in the bytes.
fn sentence(error: wasmparser::Error) -> String {
    error.message().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ")
}
