//! What a finding is about, in one of the two sides.

use std::collections::BTreeSet;

use wit_parser::{
    Docs, Function, Interface, InterfaceId, PackageId, Resolve, Span, Stability, TypeOwner, WorldId,
    WorldItem, WorldKey,
};

use super::cut::{self, Names};
use super::home;
use crate::check::contract::Contract;
use crate::check::finding::{Finding, Place, Position};
use crate::name::{InterfaceParts, fits};

/// An interface of one side, and the items of it that the finding is about.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) resolve: Resolve,
    pub(super) package: PackageId,
    pub(super) interface: InterfaceId,
    pub(super) functions: BTreeSet<String>,
    pub(super) types: BTreeSet<String>,
}

/// A component that imports what the finding is about.
pub(super) struct Wanted {
    pub(super) bytes: Vec<u8>,
    /// The types that it speaks of.
    pub(super) names: Names,
}

impl Subject {
    /// Looks up what `finding` is about; nothing when this side does not have the interface.
    pub(super) fn find(finding: &Finding, side: &Contract, position: Position) -> Option<Self> {
        let (mut resolve, package, place) = (side.resolve.clone(), side.package, &finding.place);
        let worlds = worlds(side, place);
        let interface = match &place.interface {
            Some(name) => {
                // What only one side has is not on the other one in another version either.
                let is_alone = place.item.is_none() && !home::is_about(finding);
                // What is gone from a package was perhaps in none of its worlds.
                let is_outside = place.item.is_some() || finding.rule.id.starts_with("INTERFACE_");
                let found = find_interface(&resolve, &worlds, place, name, position, !is_alone, is_outside)?;
                whole(&mut resolve, found)
            }
            None => {
                let world =
                    *worlds.iter().find(|id| has_own(&resolve, **id, place, position)).or(worlds.first())?;
                world_interface(&mut resolve, world, package, position)
            }
        };
        named(&mut resolve, interface, package, place);
        let mut subject =
            Self { resolve, package, interface, functions: BTreeSet::new(), types: BTreeSet::new() };
        subject.choose(finding);
        Some(subject)
    }

    /// The items: those that the finding names, else the first function, else the first type.
    fn choose(&mut self, finding: &Finding) {
        let interface = &self.resolve.interfaces[self.interface];
        let Some(item) = &finding.place.item else {
            match interface.functions.keys().next() {
                Some(name) => self.functions.insert(name.clone()),
                None => interface.types.keys().next().is_some_and(|name| self.types.insert(name.clone())),
            };
            return;
        };
        let (kind, rest) = item.split_once('`').unwrap_or(("", item));
        let name = rest.trim_end_matches('`');
        if matches!(kind.trim(), "record" | "variant" | "enum" | "flags" | "type" | "resource") {
            // What was renamed is called by its new name, and the old one stands in its text.
            let sides = [&finding.old, &finding.new];
            let shown = sides.into_iter().flatten().filter_map(|shown| declared_name(&shown.wit));
            self.types.extend(
                shown.chain([name]).filter(|name| interface.types.contains_key(*name)).map(str::to_owned),
            );
        } else {
            let functions = interface.functions.values();
            let called = functions.filter(|function| spoken(&self.resolve, function, kind.trim()) == name);
            self.functions.extend(called.map(|function| function.name.clone()));
        }
    }

    /// A component that imports the items.
    pub(super) fn consumer(&self) -> Result<Wanted, String> {
        let mut resolve = self.resolve.clone();
        let types = Names::from([(cut::path(&resolve, self.interface), self.types.clone())]);
        let names = cut::cut(&mut resolve, self.interface, &self.functions, &types);
        let bytes = cut::consumer(&mut resolve, self.package, self.interface)?;
        Ok(Wanted { bytes, names })
    }

    /// A component that exports the items, the types that a consumer speaks of, and the other interfaces that have some
    /// of these.
    pub(super) fn provider(mut self, names: &Names) -> Result<Vec<u8>, String> {
        let own = cut::path(&self.resolve, self.interface);
        let mut types = names.clone();
        types.entry(own).or_default().extend(self.types.clone());
        cut::cut(&mut self.resolve, self.interface, &self.functions, &types);
        let resolve = &self.resolve;
        let mut others: Vec<InterfaceId> = Vec::new();
        for (id, interface) in resolve.interfaces.iter() {
            let path = cut::path(resolve, id);
            let is_new = others.iter().all(|other| cut::path(resolve, *other) != path);
            if !interface.types.is_empty() && names.contains_key(&path) && is_new && id != self.interface {
                others.push(id);
            }
        }
        others.retain(|id| cut::path(resolve, *id) != cut::path(resolve, self.interface));
        cut::provider(&mut self.resolve, self.package, others.into_iter().chain([self.interface]), &[])
    }
}

/// The worlds of this side that the finding names; of a component, its own.
pub(super) fn worlds(side: &Contract, place: &Place) -> Vec<WorldId> {
    match side.root {
        Some(root) => vec![root],
        None => {
            let worlds = &side.resolve.packages[side.package].worlds;
            place.worlds.iter().filter_map(|name| worlds.get(name).copied()).collect()
        }
    }
}

fn items(
    resolve: &Resolve,
    world: WorldId,
    position: Position,
) -> impl Iterator<Item = (&WorldKey, &WorldItem)> {
    match position {
        Position::Import => resolve.worlds[world].imports.iter(),
        Position::Export => resolve.worlds[world].exports.iter(),
    }
}

/// The interface of that name in one of the worlds, or without them among all: a package may have another version by now.
/// One that is whole what the finding is about has to be in a world, unless it may be `outside` of all.
fn find_interface(
    resolve: &Resolve,
    worlds: &[WorldId],
    place: &Place,
    name: &str,
    position: Position,
    in_any_version: bool,
    outside: bool,
) -> Option<InterfaceId> {
    let full = match place.package.as_deref().map(|package| package.split_once('@').unwrap_or((package, "")))
    {
        Some((package, "")) => format!("{package}/{name}"),
        Some((package, version)) => format!("{package}/{name}@{version}"),
        None => name.to_owned(),
    };
    let inside = worlds.iter().flat_map(|world| items(resolve, *world, position));
    let inside: Vec<(String, InterfaceId)> = inside
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((resolve.name_world_key(key), *id)),
            _ => None,
        })
        .collect();
    let path = |name: &str| InterfaceParts::parse(name).map_or_else(|| name.to_owned(), |parts| parts.path());
    let among = |list: &[(String, InterfaceId)]| {
        let by =
            |suits: &dyn Fn(&str) -> bool| list.iter().find(|(known, _)| suits(known)).map(|(_, id)| *id);
        by(&|known| fits(known, &full))
            .or_else(|| by(&|known| known == name))
            .or_else(|| by(&|known| in_any_version && path(known) == path(&full)))
    };
    let found = among(&inside);
    if found.is_some() || !(outside || (worlds.is_empty() && place.worlds.is_empty())) {
        return found;
    }
    let all = resolve.interfaces.iter().filter_map(|(id, _)| Some((resolve.id_of(id)?, id)));
    among(&all.collect::<Vec<_>>())
}

/// An interface that a component imports and exports may be two: the other one becomes what this one is, as types are at
/// home there.
fn whole(resolve: &mut Resolve, id: InterfaceId) -> InterfaceId {
    let known = &resolve.interfaces[id];
    let Some(home) = known.clone_of else { return id };
    if !known.types.values().all(|ty| resolve.types[*ty].owner == TypeOwner::Interface(home)) {
        return id;
    }
    let own = known.clone();
    resolve.interfaces[id].types.clear();
    resolve.interfaces[id].functions.clear();
    resolve.interfaces[home] = Interface { clone_of: None, ..own };
    home
}

/// Whether the world itself has the function or type.
fn has_own(resolve: &Resolve, world: WorldId, place: &Place, position: Position) -> bool {
    let name = place.item.as_deref().and_then(|item| item.split('`').nth(1)).unwrap_or_default();
    let mut found = items(resolve, world, position).chain(items(resolve, world, Position::Import));
    found.any(|(key, item)| {
        !matches!(item, WorldItem::Interface { .. }) && matches!(key, WorldKey::Name(known) if known == name)
    })
}

/// An interface with the functions and types that a world has itself: components can be given no types but those of
/// interfaces.
fn world_interface(
    resolve: &mut Resolve,
    world: WorldId,
    package: PackageId,
    position: Position,
) -> InterfaceId {
    let mut interface = empty(Some(resolve.worlds[world].name.clone()), package);
    for (key, item) in items(resolve, world, Position::Import).chain(items(resolve, world, position)) {
        let WorldKey::Name(name) = key else { continue };
        match item {
            WorldItem::Function(function) => drop(interface.functions.insert(name.clone(), function.clone())),
            WorldItem::Type { id, .. } => drop(interface.types.insert(name.clone(), *id)),
            WorldItem::Interface { .. } => {}
        }
    }
    if position == Position::Export {
        let exported: Vec<&String> = resolve.worlds[world]
            .exports
            .keys()
            .filter_map(|key| if let WorldKey::Name(name) = key { Some(name) } else { None })
            .collect();
        interface.functions.retain(|name, _| exported.contains(&name));
    }
    let id = resolve.interfaces.alloc(interface);
    let types: Vec<_> = resolve.interfaces[id].types.values().copied().collect();
    for ty in types {
        resolve.types[ty].owner = TypeOwner::Interface(id);
    }
    id
}

/// Gives an interface that stands in a world under a plain name a full one, as only those can be used from others.
fn named(resolve: &mut Resolve, id: InterfaceId, package: PackageId, place: &Place) {
    let interface = &mut resolve.interfaces[id];
    interface.package.get_or_insert(package);
    if interface.name.is_none() {
        interface.name = place.interface.clone().or_else(|| Some("inline".to_owned()));
    }
}

fn empty(name: Option<String>, package: PackageId) -> Interface {
    Interface {
        name,
        types: Default::default(),
        functions: Default::default(),
        docs: Docs::default(),
        stability: Stability::Unknown,
        package: Some(package),
        clone_of: None,
        span: Span::default(),
    }
}

/// A function as findings call it: `fields.get`, and a constructor by its resource.
fn spoken(resolve: &Resolve, function: &Function, kind: &str) -> String {
    let owner = function.kind.resource().and_then(|id| resolve.types[id].name.as_deref());
    match owner {
        Some(owner) if kind.starts_with("constructor") => match function.kind {
            wit_parser::FunctionKind::Constructor(_) => owner.to_owned(),
            _ => String::new(),
        },
        Some(owner) => format!("{owner}.{}", function.item_name()),
        None => function.item_name().to_owned(),
    }
}

/// The name in the text of a definition: `t` of `record t { … }`.
fn declared_name(wit: &str) -> Option<&str> {
    let line = wit.lines().map(str::trim).find(|line| !line.starts_with("//") && !line.starts_with('@'))?;
    let mut words = line.split(|letter: char| letter.is_whitespace() || ";{=".contains(letter));
    let keyword = words.next()?;
    if keyword == "use" {
        // `use types.{name as local};`
        return line
            .rsplit(['{', ' ', ','])
            .find(|word| !word.trim_matches(['}', ';']).is_empty())
            .map(|word| word.trim_matches(['}', ';']));
    }
    words.find(|word| !word.is_empty()).map(|name| name.trim_start_matches('%'))
}
