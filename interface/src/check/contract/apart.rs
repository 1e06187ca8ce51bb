//! Interfaces that a component imports and exports under one name, and of which it uses different parts.

use std::collections::HashSet;

use wit_parser::{Interface, Resolve, WorldId, WorldItem, WorldKey};

use crate::model::Extern;
use crate::surface::Surface;

/// The decoder of WIT makes one interface of an import and an export of one name. A component imports only what it uses,
/// so what stands in the import becomes an interface of its own.
pub(super) fn apart(resolve: &mut Resolve, world: WorldId, surface: &Surface) {
    let model = &surface.model;
    let names = |externs: &[(String, Extern)], name: &str| -> Option<HashSet<String>> {
        let Extern::Interface(found) = &externs.iter().find(|(known, _)| known == name)?.1 else {
            return None;
        };
        let types = found.types.iter().map(|(name, _)| name.clone());
        Some(types.chain(found.functions.iter().map(|function| function.name.clone())).collect())
    };
    let keep = |interface: &mut Interface, names: &HashSet<String>| {
        interface.types.retain(|name, _| names.contains(name));
        interface.functions.retain(|name, _| names.contains(name));
    };
    let imports = std::mem::take(&mut resolve.worlds[world].imports);
    for (mut key, mut item) in imports {
        if let (WorldKey::Interface(known), WorldItem::Interface { id, .. }) = (&mut key, &mut item)
            && resolve.worlds[world].exports.contains_key(&WorldKey::Interface(*id))
        {
            let name = resolve.id_of(*id).unwrap_or_default();
            let asked = (names(&model.root.imports, &name), names(&model.root.exports, &name));
            if let (Some(imported), Some(exported)) = asked
                && imported != exported
            {
                let mut own = resolve.interfaces[*id].clone();
                own.clone_of = Some(*id);
                keep(&mut own, &imported);
                keep(&mut resolve.interfaces[*id], &exported);
                *id = resolve.interfaces.alloc(own);
                *known = *id;
            }
        }
        resolve.worlds[world].imports.insert(key, item);
    }
}
