//! One world against its partner: what it imports and exports.

use std::collections::HashMap;

use indexmap::IndexMap;
use wit_parser::{InterfaceId, Resolve, Span};

use super::drafts::{Draft, Drafts, Seen};
use super::equal::{Pairing, Way};
use super::interfaces::Compared;
use super::view::{Entry, Item, View};
use super::{attributes, names, text};
use crate::check::finding::{Place, Position, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;
use crate::near::nearest;

/// Compares all that two views import and export. `renumbered` are the packages, without versions, that are the same
/// package in another version, whatever it is.
pub(super) fn views(old: &View<'_>, new: &View<'_>, renumbered: Option<&str>, drafts: &mut Drafts) {
    let imports = pairs(&old.imports, &new.imports, renumbered);
    let exports = pairs(&old.exports, &new.exports, renumbered);
    let matched = imports.iter().chain(&exports).map(|(old, new)| (old.clone(), new.clone())).collect();
    let pairing = Pairing::new(old, new, matched);
    for (position, pairs) in [(Position::Import, &imports), (Position::Export, &exports)] {
        let side = Side { pairing: &pairing, position };
        side.compare(pairs, drafts);
    }
    for (old_key, new_key) in &exports {
        exported_homes(&pairing, old_key, new_key, drafts);
    }
}

/// Which item of the one side is which of the other.
fn pairs(
    old: &IndexMap<String, Item<'_>>,
    new: &IndexMap<String, Item<'_>>,
    renumbered: Option<&str>,
) -> HashMap<String, String> {
    let mut pairs: HashMap<String, String> =
        old.keys().filter(|key| new.contains_key(*key)).map(|key| (key.clone(), key.clone())).collect();
    let Some(package) = renumbered else { return pairs };
    let of_package = |key: &&String| names::path(key).split('/').next() == Some(package);
    let rest: HashMap<String, &String> = new
        .keys()
        .filter(|key| !old.contains_key(*key))
        .filter(of_package)
        .map(|key| (names::path(key), key))
        .collect();
    for key in old.keys().filter(|key| !new.contains_key(*key)).filter(of_package) {
        if let Some(other) = rest.get(&names::path(key)) {
            pairs.insert(key.clone(), (*other).clone());
        }
    }
    pairs
}

struct Side<'a, 'p> {
    pairing: &'p Pairing<'a>,
    position: Position,
}

impl<'a> Side<'a, '_> {
    fn items(&self, view: &'a View<'a>) -> &'a IndexMap<String, Item<'a>> {
        match self.position {
            Position::Import => &view.imports,
            Position::Export => &view.exports,
        }
    }

    fn view(&self, way: Way) -> &'a View<'a> {
        match way {
            Way::NewFillsOld => self.pairing.old,
            Way::OldFillsNew => self.pairing.new,
        }
    }

    fn compare(&self, pairs: &HashMap<String, String>, drafts: &mut Drafts) {
        let (old, new) = (self.items(self.pairing.old), self.items(self.pairing.new));
        let taken: std::collections::HashSet<&String> = pairs.values().collect();
        for (key, item) in old {
            match pairs.get(key).and_then(|key| Some((key, new.get(key)?))) {
                Some((new_key, other)) => self.pair(new_key, item, other, drafts),
                None => self.alone(Way::NewFillsOld, key, item, drafts),
            }
        }
        for (key, item) in new.iter().filter(|(key, _)| !taken.contains(key)) {
            self.alone(Way::OldFillsNew, key, item, drafts);
        }
    }

    fn compared<'c>(&'c self, place: Place) -> Compared<'c>
    where
        'a: 'c,
    {
        let seen =
            Seen { world: self.pairing.new.world.clone(), position: Some(self.position), unstable: false };
        Compared { pairing: self.pairing, position: self.position, seen, place }
    }

    fn pair(&self, key: &str, old: &Item<'_>, new: &Item<'_>, drafts: &mut Drafts) {
        let place = place(self.pairing.new, key, new);
        match (&old.entry, &new.entry) {
            (Entry::Interface(old_id), Entry::Interface(new_id)) => {
                let mut compared = self.compared(place);
                let stability = &self.pairing.old.resolve().interfaces[*old_id].stability;
                compared.seen.unstable = attributes::is_unstable(stability);
                compared.interfaces(*old_id, *new_id, drafts);
                self.labels(&compared, old, new, drafts);
            }
            (Entry::Function(old), Entry::Function(new)) => {
                self.compared(Place { interface: None, ..place }).functions(old, new, drafts);
            }
            (Entry::Type(old), Entry::Type(new)) => {
                self.compared(Place { interface: None, ..place }).types(*old, *new, drafts);
            }
            // One name for another kind of thing: the one is gone, and the other is new.
            _ => {
                self.alone(Way::NewFillsOld, key, old, drafts);
                self.alone(Way::OldFillsNew, key, new, drafts);
            }
        }
    }

    /// What a plain name stands for, and the external id.
    fn labels(&self, compared: &Compared<'_>, old: &Item<'_>, new: &Item<'_>, drafts: &mut Drafts) {
        let shown =
            |id: &Option<String>| id.as_ref().map_or_else(|| "none".to_owned(), |id| format!("`{id}`"));
        let mut add = |rule: &'static Rule, message: String| {
            let draft = Draft {
                rule,
                place: compared.place.clone(),
                breaks: vec![Direction::Policy],
                message,
                old: self.shown(Way::NewFillsOld, old),
                new: self.shown(Way::OldFillsNew, new),
                hint: Some(rule.advice.to_owned()),
            };
            drafts.add(&compared.seen, draft);
        };
        if old.implements != new.implements {
            let message = format!(
                "`{}` stood for the interface {} and stands for {}",
                new.name,
                shown(&old.implements),
                shown(&new.implements)
            );
            add(&rules::IMPLEMENTS_SAME_INTERFACE, message);
        }
        if old.external_id != new.external_id {
            let message = format!(
                "the external id of `{}` was {} and is {}",
                new.name,
                shown(&old.external_id),
                shown(&new.external_id)
            );
            add(&rules::EXTERNAL_ID_CHANGE, message);
        }
    }

    fn shown(&self, way: Way, item: &Item<'_>) -> Option<Shown> {
        let view = self.view(way);
        let verb = match self.position {
            Position::Import => "import",
            Position::Export => "export",
        };
        let resolve = view.resolve();
        let wit = match &item.entry {
            Entry::Interface(id) if view.world.is_none() && view.contract.root.is_none() => {
                format!("interface {}", resolve.interfaces[*id].name.as_deref().unwrap_or_default())
            }
            Entry::Interface(_) => match &item.implements {
                Some(implements) => format!("{verb} {}: {implements}", item.name),
                None => format!("{verb} {}", item.name),
            },
            Entry::Function(function) => format!("{verb} {}", text::function(resolve, function)),
            Entry::Type(id) => text::definition(resolve, *id),
        };
        Some(Shown { wit, location: view.contract.locate(item.span) })
    }

    /// What only one side has.
    fn alone(&self, way: Way, key: &str, item: &Item<'_>, drafts: &mut Drafts) {
        let view = self.view(way);
        let in_world = view.world.is_some() || view.contract.root.is_some();
        let compared = self.compared(place(view, key, item));
        let is_needed = match self.position {
            Position::Import => view.is_needed(item),
            Position::Export => true,
        };
        let mut breaks: Vec<Direction> = Vec::new();
        breaks.extend(is_needed.then(|| compared.broken(way)));
        let (rule, verb) = match (way, self.position, in_world) {
            (Way::NewFillsOld, _, false) => (&rules::INTERFACE_NO_DELETE, "is gone"),
            (Way::OldFillsNew, _, false) => (&rules::INTERFACE_ADD, "is new"),
            (Way::NewFillsOld, Position::Import, true) => {
                (&rules::WORLD_IMPORT_NO_DELETE, "is no longer imported")
            }
            (Way::OldFillsNew, Position::Import, true) => (&rules::WORLD_IMPORT_ADD, "is imported now"),
            (Way::NewFillsOld, Position::Export, true) => {
                (&rules::WORLD_EXPORT_NO_DELETE, "is no longer exported")
            }
            (Way::OldFillsNew, Position::Export, true) => (&rules::WORLD_EXPORT_ADD, "is exported now"),
        };
        breaks.push(match way {
            Way::NewFillsOld => Direction::Callers,
            Way::OldFillsNew => Direction::Implementers,
        });
        let others = match way {
            Way::NewFillsOld => self.items(self.pairing.new),
            Way::OldFillsNew => self.items(self.pairing.old),
        };
        let short = |key: &str| names::path(key).rsplit('/').next().unwrap_or_default().to_owned();
        let moved = others.keys().find(|other| {
            *other != key && other.contains('/') && key.contains('/') && short(other) == short(key)
        });
        let similar = match (way, moved) {
            (Way::NewFillsOld, Some(moved)) => format!("; there is `{moved}`"),
            (Way::NewFillsOld, None) => nearest(key, others.keys().map(String::as_str))
                .map(|name| format!("; `{name}` has a name like it"))
                .unwrap_or_default(),
            (Way::OldFillsNew, _) => String::new(),
        };
        let shown = self.shown(way, item);
        let (old, new) = match way {
            Way::NewFillsOld => (shown, None),
            Way::OldFillsNew => (None, shown),
        };
        let kind = match item.entry {
            Entry::Interface(_) => "interface",
            Entry::Function(_) => "function",
            Entry::Type(_) => "type",
        };
        let draft = Draft {
            rule,
            place: match item.entry {
                Entry::Interface(_) => compared.place.clone(),
                _ => Place {
                    interface: None,
                    item: Some(format!("{kind} `{}`", item.name)),
                    ..compared.place.clone()
                },
            },
            breaks,
            message: format!("{kind} `{}` {verb}{similar}", item.name),
            old,
            new,
            hint: Some(rule.advice.to_owned()).filter(|_| way == Way::NewFillsOld),
        };
        drafts.add(&Seen { unstable: item.unstable, ..compared.seen.clone() }, draft);
        if let (Entry::Interface(id), Way::OldFillsNew, false) = (&item.entry, way, in_world) {
            let interface = &view.resolve().interfaces[*id];
            let name = format!("interface `{}`", interface.name.as_deref().unwrap_or_default());
            attributes::added(&compared, name, &interface.stability, interface.span, drafts);
        }
    }
}

fn place(view: &View<'_>, key: &str, item: &Item<'_>) -> Place {
    let resolve = view.resolve();
    match item.entry {
        Entry::Interface(id) => interface_place(resolve, id, key),
        // What a world has itself is in the package of the world.
        Entry::Function(_) | Entry::Type(_) => {
            Place { package: view.contract.package(), interface: Some(key.to_owned()), ..Place::default() }
        }
    }
}

fn interface_place(resolve: &Resolve, id: InterfaceId, key: &str) -> Place {
    let interface = &resolve.interfaces[id];
    // A label stands for an interface, and is what the world calls it.
    let is_label = !key.contains('/');
    let package =
        interface.package.filter(|_| !is_label).map(|package| resolve.packages[package].name.to_string());
    let name = if is_label { Some(key.to_owned()) } else { interface.name.clone() };
    Place { package, interface: name, ..Place::default() }
}

/// A resource that an exported interface takes from another one is that of the world's export where it exports that
/// other one, and that of its import otherwise.
fn exported_homes(pairing: &Pairing<'_>, old_key: &str, new_key: &str, drafts: &mut Drafts) {
    let find = |view: &View<'_>, key: &str| match view.exports.get(key).map(|item| item.entry) {
        Some(Entry::Interface(id)) => Some(id),
        _ => None,
    };
    let (Some(old_id), Some(new_id)) = (find(pairing.old, old_key), find(pairing.new, new_key)) else {
        return;
    };
    let (old, new) = (pairing.old.homes(old_id), pairing.new.homes(new_id));
    for (home, is_exported) in &old {
        let new_home = pairing.pairs.get(home).unwrap_or(home);
        if home == old_key || new.get(new_home).is_none_or(|now| now == is_exported) {
            continue;
        }
        let side = |is_exported: bool| if is_exported { "exports" } else { "imports" };
        let resolve = pairing.new.resolve();
        let span: Span = resolve.interfaces[new_id].span;
        let draft = Draft {
            rule: &rules::RESOURCE_SAME_HOME,
            place: interface_place(resolve, new_id, new_key),
            breaks: vec![Direction::Host, Direction::Component],
            message: format!(
                "the resources of `{new_home}` that `{new_key}` speaks of are those that the world {}, and were those that it {}",
                side(!is_exported),
                side(*is_exported)
            ),
            old: None,
            new: Some(Shown {
                wit: format!("export {new_key}"),
                location: pairing.new.contract.locate(span),
            }),
            hint: Some(rules::RESOURCE_SAME_HOME.advice.to_owned()),
        };
        let seen =
            Seen { world: pairing.new.world.clone(), position: Some(Position::Export), unstable: false };
        drafts.add(&seen, draft);
    }
}
