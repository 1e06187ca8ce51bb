//! What a world, or a package without one, imports and exports.

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};
use wit_parser::{
    Function, InterfaceId, LiveTypes, Resolve, Span, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
    WorldKey,
};

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
        let live = live_of(contract, id);
        let world = contract.root.is_none().then(|| world.name.clone());
        let (imports, exports) = (items(&resolve.worlds[id].imports), items(&resolve.worlds[id].exports));
        Self { contract, world, id: Some(id), imports, exports, live }
    }

    /// The stated interfaces and those whose types one of the sides uses in its ones, as components that call all of them
    /// import them.
    pub(super) fn interfaces(
        contract: &'a Contract,
        interfaces: &[InterfaceId],
        used: &HashSet<String>,
    ) -> Self {
        let resolve = &contract.resolve;
        let mut live = LiveTypes::default();
        let mut imports = IndexMap::new();
        let is_used = |id: &InterfaceId| names::key(resolve, *id).is_some_and(|key| used.contains(&key));
        let others = resolve.interfaces.iter().map(|(id, _)| id).filter(is_used);
        let all: Vec<InterfaceId> = interfaces.iter().copied().chain(others).collect();
        for id in with_used(resolve, &all) {
            add_imported(resolve, id, &mut live);
            let Some(key) = names::key(resolve, id) else { continue };
            let item = Item {
                entry: Entry::Interface(id),
                name: resolve.id_of(id).unwrap_or_default(),
                implements: None,
                external_id: None,
                feature: attributes::feature(&resolve.interfaces[id].stability).map(str::to_owned),
                span: resolve.interfaces[id].span,
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

    /// The interfaces of that key: imported, exported.
    pub(super) fn interfaces_of(&self, key: &str) -> impl Iterator<Item = InterfaceId> {
        let found = [self.imports.get(key), self.exports.get(key)];
        found.into_iter().flatten().filter_map(|item| match item.entry {
            Entry::Interface(id) => Some(id),
            _ => None,
        })
    }

    /// The interfaces that the resources come from that an exported interface speaks of, each with whether the world
    /// exports it.
    pub(super) fn homes(&self, id: InterfaceId) -> HashMap<String, bool> {
        let resolve = self.resolve();
        let mut homes = HashMap::new();
        let mut spoken_of = LiveTypes::default();
        spoken_of.add_interface(resolve, id);
        for ty in spoken_of.iter() {
            if matches!(resolve.types[ty].kind, TypeDefKind::Resource) {
                let (home, _) = names::resource(resolve, ty);
                let is_exported = self.exports.contains_key(&home);
                homes.insert(home, is_exported);
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

/// The types that a component of the world imports.
fn live_of(contract: &Contract, id: WorldId) -> LiveTypes {
    let resolve = &contract.resolve;
    let world = &resolve.worlds[id];
    let mut live = LiveTypes::default();
    if contract.root.is_some() {
        // A component imports what it imports, whatever it does with it.
        live.add_world(resolve, id);
        return live;
    }
    for item in world.imports.values() {
        match item {
            WorldItem::Interface { id, .. } => add_imported(resolve, *id, &mut live),
            WorldItem::Function(function) => live.add_func(resolve, function),
            WorldItem::Type { id, .. } => live.add_type_id(resolve, *id),
        }
    }
    for item in world.exports.values() {
        let WorldItem::Interface { id, .. } = item else {
            live.add_world_item(resolve, item);
            continue;
        };
        // An exported interface has its own types, and takes those of others from the exports if they are there.
        let mut spoken_of = LiveTypes::default();
        spoken_of.add_interface(resolve, *id);
        for ty in spoken_of.iter() {
            if let TypeOwner::Interface(home) = resolve.types[ty].owner
                && home != *id
                && !world.exports.contains_key(&WorldKey::Interface(home))
            {
                live.add_type_id(resolve, ty);
            }
        }
    }
    live
}

/// What a component imports of an interface that it calls: what the functions speak of, and every resource, for it can
/// be dropped.
fn add_imported(resolve: &Resolve, id: InterfaceId, live: &mut LiveTypes) {
    for function in resolve.interfaces[id].functions.values() {
        live.add_func(resolve, function);
    }
    for ty in resolve.interfaces[id].types.values() {
        if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
            live.add_type_id(resolve, *ty);
        }
    }
}

/// The keys of the interfaces whose types these use.
pub(super) fn used(contract: &Contract, interfaces: &[InterfaceId]) -> HashSet<String> {
    let resolve = &contract.resolve;
    let own: HashSet<&InterfaceId> = interfaces.iter().collect();
    let all = with_used(resolve, interfaces).into_iter().filter(|id| !own.contains(id));
    all.filter_map(|id| names::key(resolve, id)).collect()
}

/// The interfaces, each behind those whose types it uses.
fn with_used(resolve: &Resolve, interfaces: &[InterfaceId]) -> IndexSet<InterfaceId> {
    let mut all = IndexSet::new();
    let mut open: Vec<(InterfaceId, bool)> = interfaces.iter().rev().map(|id| (*id, false)).collect();
    while let Some((id, is_done)) = open.pop() {
        if is_done {
            all.insert(id);
        } else if !all.contains(&id) {
            open.push((id, true));
            open.extend(
                resolve.interface_direct_deps(id).filter(|used| *used != id).map(|used| (used, false)),
            );
        }
    }
    all
}
