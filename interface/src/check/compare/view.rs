//! What a world, or a package without one, imports and exports.

use std::collections::HashMap;

use indexmap::IndexMap;
use wit_parser::{Function, InterfaceId, LiveTypes, Resolve, Span, TypeDefKind, TypeId, WorldId, WorldItem};

use super::attributes::is_unstable;
use super::names;
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
    /// Whether it is behind a feature.
    pub(super) unstable: bool,
    pub(super) span: Span,
}

/// The imports and exports by the names that find each other, and what is seen of them.
pub(super) struct View<'a> {
    pub(super) contract: &'a Contract,
    /// The world; none for the interfaces of a package that are in no world.
    pub(super) world: Option<String>,
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
                    unstable: is_unstable(item.stability(resolve))
                        || matches!(item, WorldItem::Interface { id, .. }
                            if is_unstable(&resolve.interfaces[*id].stability)),
                    span: item.span(),
                };
                (names::world_key(resolve, key), made)
            };
            items.iter().map(item).collect::<IndexMap<String, Item<'a>>>()
        };
        let mut live = LiveTypes::default();
        for item in world.imports.values() {
            match item {
                WorldItem::Interface { id, .. } => add_interface(resolve, *id, &mut live),
                WorldItem::Function(function) => live.add_func(resolve, function),
                WorldItem::Type { .. } => {}
            }
        }
        for item in world.exports.values() {
            live.add_world_item(resolve, item);
        }
        let world = contract.root.is_none().then(|| world.name.clone());
        let (imports, exports) = (items(&resolve.worlds[id].imports), items(&resolve.worlds[id].exports));
        Self { contract, world, imports, exports, live }
    }

    /// The stated interfaces, as components that call all of them import them.
    pub(super) fn interfaces(contract: &'a Contract, interfaces: &[InterfaceId]) -> Self {
        let resolve = &contract.resolve;
        let mut live = LiveTypes::default();
        let mut imports = IndexMap::new();
        for id in interfaces {
            add_interface(resolve, *id, &mut live);
            let Some(key) = names::key(resolve, *id) else { continue };
            let item = Item {
                entry: Entry::Interface(*id),
                name: resolve.id_of(*id).unwrap_or_default(),
                implements: None,
                external_id: None,
                unstable: is_unstable(&resolve.interfaces[*id].stability),
                span: resolve.interfaces[*id].span,
            };
            imports.insert(key, item);
        }
        Self { contract, world: None, imports, exports: IndexMap::new(), live }
    }

    pub(super) fn resolve(&self) -> &'a Resolve {
        &self.contract.resolve
    }

    pub(super) fn is_live(&self, id: TypeId) -> bool {
        self.live.contains(id)
    }

    /// Whether a component of the world imports this at all.
    pub(super) fn is_needed(&self, item: &Item<'_>) -> bool {
        match item.entry {
            Entry::Function(_) => true,
            Entry::Type(id) => self.is_live(id),
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

/// What a component that calls all of an interface speaks of. It can drop handles of the interface's own resources, so
/// these it imports even where no function speaks of them.
fn add_interface(resolve: &Resolve, id: InterfaceId, live: &mut LiveTypes) {
    for ty in resolve.interfaces[id].types.values() {
        if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
            live.add_type_id(resolve, *ty);
        }
    }
    for function in resolve.interfaces[id].functions.values() {
        live.add_func(resolve, function);
    }
}
