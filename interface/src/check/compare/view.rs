//! What a world, or a package without one, imports and exports.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use wit_parser::{Function, InterfaceId, LiveTypes, Resolve, Span, TypeDefKind, TypeId, WorldId, WorldItem};

use super::{attributes, names};
use crate::check::contract::Contract;

/// One import or export.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    Interface(InterfaceId),
    Function(&'a Function),
    Type(TypeId),
}

/// An import or export with its names.
pub(super) struct Item<'a> {
    pub(super) entry: Entry<'a>,
    /// As it stands in a component, `wasi:http/types@0.2.6`.
    pub(super) name: String,
    /// The interface that a plain name stands for.
    pub(super) implements: Option<String>,
    pub(super) external_id: Option<String>,
    /// The feature that it is behind.
    pub(super) feature: Option<String>,
    pub(super) span: Span,
}

/// The imports and exports by the names that find each other, and what is seen of them.
pub(super) struct View<'a> {
    pub(super) contract: &'a Contract,
    /// The world as places name it: that of a component is none.
    pub(super) world: Option<String>,
    /// The world; none for the interfaces of a package that are in no world.
    pub(super) id: Option<WorldId>,
    pub(super) imports: IndexMap<String, Item<'a>>,
    pub(super) exports: IndexMap<String, Item<'a>>,
    /// The types that a component of the world imports: only those that its functions and exports speak of.
    live: LiveTypes,
}

impl<'a> View<'a> {
    /// The imports and exports of a world.
    pub(super) fn world(contract: &'a Contract, id: WorldId) -> Self {
        let resolve = &contract.resolve;
        let world = &resolve.worlds[id];
        let items = |items: &'a IndexMap<wit_parser::WorldKey, WorldItem>| {
            let item = |(key, item): (&wit_parser::WorldKey, &'a WorldItem)| {
                let made = Item {
                    entry: match item {
                        WorldItem::Interface { id, .. } => Entry::Interface(*id),
                        WorldItem::Function(function) => Entry::Function(function),
                        WorldItem::Type { id, .. } => Entry::Type(*id),
                    },
                    name: resolve.name_world_key(key),
                    implements: resolve
                        .implements_interface(key, item)
                        .and_then(|id| names::key(resolve, id)),
                    external_id: resolve.external_id_value(key, item),
                    feature: item_feature(resolve, item),
                    span: item.span(),
                };
                (names::world_key(resolve, key), made)
            };
            items.iter().map(item).collect::<IndexMap<String, Item<'a>>>()
        };
        let mut live = LiveTypes::default();
        for item in world.imports.values() {
            match item {
                WorldItem::Interface { id, .. } => add_imported(resolve, *id, &mut live),
                WorldItem::Function(function) => live.add_func(resolve, function),
                WorldItem::Type { id, .. } => live.add_type_id(resolve, *id),
            }
        }
        for item in world.exports.values() {
            live.add_world_item(resolve, item);
        }
        let world = contract.root.is_none().then(|| world.name.clone());
        let (imports, exports) = (items(&resolve.worlds[id].imports), items(&resolve.worlds[id].exports));
        Self { contract, world, id: Some(id), imports, exports, live }
    }

    /// The stated interfaces, as components that call all of them import them.
    pub(super) fn interfaces(contract: &'a Contract, interfaces: &[InterfaceId]) -> Self {
        let resolve = &contract.resolve;
        let mut live = LiveTypes::default();
        let mut imports = IndexMap::new();
        for id in interfaces {
            add_imported(resolve, *id, &mut live);
            let Some(key) = names::key(resolve, *id) else { continue };
            let item = Item {
                entry: Entry::Interface(*id),
                name: resolve.id_of(*id).unwrap_or_default(),
                implements: None,
                external_id: None,
                feature: attributes::feature(&resolve.interfaces[*id].stability).map(str::to_owned),
                span: resolve.interfaces[*id].span,
            };
            imports.insert(key, item);
        }
        Self { contract, world: None, id: None, imports, exports: IndexMap::new(), live }
    }

    pub(super) fn is_world(&self) -> bool {
        self.id.is_some()
    }

    pub(super) fn resolve(&self) -> &'a Resolve {
        &self.contract.resolve
    }

    /// The names of all imports and exports, without versions.
    pub(super) fn paths(&self) -> HashSet<String> {
        self.imports.keys().chain(self.exports.keys()).map(|key| names::path(key)).collect()
    }

    pub(super) fn is_live(&self, id: TypeId) -> bool {
        self.live.contains(id)
    }

    /// Whether a component of the world imports this at all.
    pub(super) fn is_needed(&self, item: &Item<'_>) -> bool {
        match item.entry {
            Entry::Function(_) | Entry::Type(_) => true,
            Entry::Interface(id) => {
                let interface = &self.resolve().interfaces[id];
                !interface.functions.is_empty() || interface.types.values().any(|id| self.is_live(*id))
            }
        }
    }

    /// The interface of an import or export, by its key.
    pub(super) fn interface(&self, key: &str) -> Option<InterfaceId> {
        let found = self.imports.get(key).or_else(|| self.exports.get(key))?;
        match found.entry {
            Entry::Interface(id) => Some(id),
            _ => None,
        }
    }

    /// The interfaces that the types of an exported interface come from, each with whether the world exports it.
    pub(super) fn homes(&self, id: InterfaceId) -> HashMap<String, bool> {
        let resolve = self.resolve();
        let mut homes = HashMap::new();
        for ty in resolve.interfaces[id].types.values() {
            let origin = names::root(resolve, *ty);
            if matches!(resolve.types[origin].kind, TypeDefKind::Resource) {
                let (home, _) = names::resource(resolve, origin);
                homes.insert(home.clone(), self.exports.contains_key(&home));
            }
        }
        homes
    }
}

/// The feature that an import or export is behind, or else its interface.
fn item_feature(resolve: &Resolve, item: &WorldItem) -> Option<String> {
    let own = attributes::feature(item.stability(resolve));
    let of_interface = || match item {
        WorldItem::Interface { id, .. } => attributes::feature(&resolve.interfaces[*id].stability),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    };
    own.or_else(of_interface).map(str::to_owned)
}

/// What a component imports of an interface: its functions, with all that they speak of, and its resources, for
/// every resource may be dropped.
fn add_imported(resolve: &Resolve, id: InterfaceId, live: &mut LiveTypes) {
    let interface = &resolve.interfaces[id];
    for function in interface.functions.values() {
        live.add_func(resolve, function);
    }
    for id in interface.types.values().filter(|id| is_own_resource(resolve, **id)) {
        live.add_type_id(resolve, *id);
    }
}

fn is_own_resource(resolve: &Resolve, id: TypeId) -> bool {
    matches!(resolve.types[id].kind, TypeDefKind::Resource)
}
