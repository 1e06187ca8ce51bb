//! What a contract asks of a host.

use std::collections::HashSet;

use wit_parser::{InterfaceId, Resolve, Stability, TypeDefKind, TypeId, WorldId, WorldItem};

use crate::check::contract::Contract;

/// What a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The name of the import.
    pub(super) name: String,
    /// Its functions and resources, `exit`, `fields`, `fields.get`.
    pub(super) items: Vec<String>,
}

/// What a component imports, or what the worlds of a package may import.
pub(super) fn imports(contract: &Contract) -> Vec<Import> {
    let resolve = &contract.resolve;
    let worlds: Vec<WorldId> = match contract.root {
        Some(root) => vec![root],
        None => resolve.packages[contract.package].worlds.values().copied().collect(),
    };
    let (mut imports, mut known) = (Vec::new(), HashSet::new());
    for (key, item) in worlds.into_iter().flat_map(|world| &resolve.worlds[world].imports) {
        let name = resolve.name_world_key(key);
        if is_unstable(item.stability(resolve)) || !known.insert(name.clone()) {
            continue;
        }
        match item {
            WorldItem::Interface { id, .. } => imports.push(Import { name, items: items(resolve, *id) }),
            WorldItem::Function(_) => imports.push(Import { name, items: Vec::new() }),
            // A type is there with what it belongs to.
            WorldItem::Type { .. } => {}
        }
    }
    imports
}

/// The functions and resources of an interface that are stable; all of a component's are, as it has no gates.
fn items(resolve: &Resolve, id: InterfaceId) -> Vec<String> {
    let interface = &resolve.interfaces[id];
    let is_resource = |id: &TypeId| {
        matches!(resolve.types[*id].kind, TypeDefKind::Resource)
            && !is_unstable(&resolve.types[*id].stability)
    };
    let resources = interface.types.iter().filter(|(_, id)| is_resource(id)).map(|(name, _)| name.clone());
    let functions = interface.functions.values().filter(|function| !is_unstable(&function.stability));
    let functions = functions.map(|function| {
        let name = function.name.as_str();
        name.rsplit_once(']').map_or(name, |(_, name)| name).to_owned()
    });
    resources.chain(functions).collect()
}

fn is_unstable(stability: &Stability) -> bool {
    matches!(stability, Stability::Unstable { .. })
}
