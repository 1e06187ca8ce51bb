//! Makes a component of a core module whose world is put together here.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

use crate::virtualise::error::VirtualiseError;
use crate::virtualise::provider::Provider;

/// A component that imports what its module takes of the imports of `world` and of the provider, and exports those
/// imports of `world` that `exports` names.
pub(super) fn encode(
    module: Vec<u8>,
    resolve: &Resolve,
    world: WorldId,
    exports: &[&WorldKey],
    provider: &Provider,
) -> Result<Vec<u8>, VirtualiseError> {
    let mut resolve = resolve.clone();
    let changed = &mut resolve.worlds[world];
    changed.imports.retain(|_, item| matches!(item, WorldItem::Interface { .. }));
    changed.exports.clear();
    for key in exports {
        if let Some(item) = changed.imports.get(*key).cloned() {
            changed.exports.insert((*key).clone(), item);
        }
    }
    for item in provider.exports() {
        if let WorldItem::Interface { id, .. } = item {
            changed.imports.insert(WorldKey::Interface(*id), item.clone());
        }
    }
    write(module, &resolve, world, "write the gate")
}

/// A component that exports one interface of `resolve` and imports nothing.
pub(super) fn encode_export(
    module: Vec<u8>,
    resolve: &Resolve,
    world: WorldId,
    export: &WorldItem,
) -> Result<Vec<u8>, VirtualiseError> {
    let mut resolve = resolve.clone();
    let changed = &mut resolve.worlds[world];
    changed.imports.clear();
    changed.exports.clear();
    if let WorldItem::Interface { id, .. } = export {
        changed.exports.insert(WorldKey::Interface(*id), export.clone());
    }
    write(module, &resolve, world, "write the files")
}

fn write(
    mut module: Vec<u8>,
    resolve: &Resolve,
    world: WorldId,
    doing: &str,
) -> Result<Vec<u8>, VirtualiseError> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| encode_failed(doing, &error))?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).and_then(|encoder| encoder.encode()).map_err(|error| encode_failed(doing, &error))
}

/// An error of the libraries that write components, with all its causes on one line.
pub(super) fn encode_failed(doing: &str, error: &dyn std::fmt::Display) -> VirtualiseError {
    let message = format!("{error:#}");
    VirtualiseError::Encode { doing: doing.to_owned(), message }
}
