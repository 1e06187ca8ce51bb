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
    let mut wiring = Wiring::default();
    let provider = wiring.instantiate("provider", provider, &[])?;
    wiring.instantiate("consumer", consumer, &[&provider])?;
    Ok(wiring.finish())
}

/// Components that are instantiated one after the other.
#[derive(Default)]
pub(super) struct Wiring {
    root: ComponentBuilder,
}

/// An instance of a component.
pub(super) struct Instance {
    index: u32,
    /// The instances that it exports.
    pub(super) exports: Vec<String>,
}

impl Wiring {
    /// Instantiates a component, and gives it for each import the first that fits of what `sources` export.
    pub(super) fn instantiate(
        &mut self,
        name: &str,
        bytes: &[u8],
        sources: &[&Instance],
    ) -> Result<Instance, String> {
        let (imports, exports) = names(bytes)?;
        let component = self.root.component_raw(Some(name), bytes);
        // Two versions that do not fit are wired all the same: it is the types that are asked about.
        let path = |name: &str| InterfaceParts::parse(name).map(|parts| parts.path());
        let is_same = |import: &str, export: &str| path(export).is_some() && path(export) == path(import);
        let mut arguments = Vec::new();
        for import in &imports {
            let found = sources.iter().find_map(|source| {
                let by_name = source.exports.iter().find(|export| fits(import, export));
                let export =
                    by_name.or_else(|| source.exports.iter().find(|export| is_same(import, export)))?;
                Some((source.index, export))
            });
            if let Some((instance, export)) = found {
                let item = self.root.alias_export(instance, export, ComponentExportKind::Instance);
                arguments.push((import.as_str(), ComponentExportKind::Instance, item));
            }
        }
        Ok(Instance { index: self.root.instantiate(Some(name), component, arguments), exports })
    }

    /// The component with all of them inside.
    pub(super) fn finish(self) -> Vec<u8> {
        self.root.finish()
    }
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

/// What the reader says, on one line, without places in the bytes and the numbers that it gives to resources.
fn sentence(error: wasmparser::Error) -> String {
    let lines = error.message().lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.map(|line| line.split(" (ResourceId").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join(": ")
}
