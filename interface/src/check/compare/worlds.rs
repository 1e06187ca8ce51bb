//! One world against its partner: what it imports and exports.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use wit_parser::{InterfaceId, Resolve, Span};

use super::drafts::{Draft, Drafts, Seen};
use super::equal::{Pairing, Way};
use super::fate::{Arrivals, Fate};
use super::interfaces::Compared;
use super::similar::Successors;
use super::view::{Entry, Item, View};
use super::{attributes, names, text};
use crate::check::finding::{Place, Position, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;

/// Compares all that two views import and export. `renumbered` is the package, without a version, that is the same
/// package in another version, whatever it is.
pub(super) fn views<'a>(old: &'a View<'a>, new: &'a View<'a>, renumbered: Option<&str>, drafts: &mut Drafts) {
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
    if let (Some(old), Some(new)) = (old.id, new.id)
        && pairing.is_of_one_package()
    {
        attributes::worlds(&pairing, old, new, drafts);
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
    fn items(&self, way: Way) -> &'a IndexMap<String, Item<'a>> {
        let view = self.view(way);
        match self.position {
            Position::Import => &view.imports,
            Position::Export => &view.exports,
        }
    }

    /// The side that has to be filled.
    fn view(&self, way: Way) -> &'a View<'a> {
        match way {
            Way::NewFillsOld => self.pairing.old,
            Way::OldFillsNew => self.pairing.new,
        }
    }

    fn compare(&self, pairs: &HashMap<String, String>, drafts: &mut Drafts) {
        let (old, new) = (self.items(Way::NewFillsOld), self.items(Way::OldFillsNew));
        let taken: HashSet<&String> = pairs.values().collect();
        let mut gone: Vec<(&String, &Item<'a>)> = Vec::new();
        let mut added: Vec<(&String, &Item<'a>)> =
            new.iter().filter(|(key, _)| !taken.contains(key)).collect();
        for (key, item) in old {
            match pairs.get(key).and_then(|key| new.get_key_value(key)) {
                // One name for another kind of thing: the one is gone, and the other is new.
                Some((new_key, other)) if !is_same_kind(&item.entry, &other.entry) => {
                    gone.push((key, item));
                    added.push((new_key, other));
                }
                Some((new_key, other)) => self.pair(new_key, item, other, drafts),
                None => gone.push((key, item)),
            }
        }
        let mut successors = Successors::default();
        for (key, _) in added.iter().filter(|_| !gone.is_empty()) {
            successors.add((*key).clone(), String::new());
        }
        let of_new = self.pairing.new.resolve();
        let arrivals = Arrivals::new(of_new, if gone.is_empty() { &[] } else { &added });
        for (key, item) in gone {
            let fate = arrivals.fate(self.pairing.old.resolve(), key, item);
            let (rule, rest) = match fate {
                Some(Fate::OtherVersion(other)) => (None, format!("; there is `{other}` now")),
                Some(Fate::Moved(other)) => {
                    (Some(&rules::INTERFACE_NO_MOVE), format!("; it has moved to `{other}`"))
                }
                None => (None, successors.of(key, "", drafts)),
            };
            self.alone(Way::NewFillsOld, key, item, (rule, &rest), drafts);
        }
        for (key, item) in added {
            self.alone(Way::OldFillsNew, key, item, (None, ""), drafts);
        }
    }

    fn compared<'c>(&'c self, view: &View<'_>, key: &str, item: &Item<'_>) -> Compared<'c>
    where
        'a: 'c,
    {
        let resolve = view.resolve();
        let (place, id) = match item.entry {
            Entry::Interface(id) => (interface_place(resolve, id, key), Some(id)),
            // What a world has itself is in the package of the world.
            Entry::Function(_) | Entry::Type(_) => {
                (Place { package: view.contract.package(), ..Place::default() }, None)
            }
        };
        Compared {
            pairing: self.pairing,
            position: self.position,
            seen: Seen {
                world: self.pairing.new.world.clone(),
                position: Some(self.position),
                feature: item.feature.clone(),
            },
            place,
            is_own: self.pairing.is_of_one_package() && attributes::is_own(view.contract, resolve, id),
            is_of_world: id.is_none(),
        }
    }

    fn pair(&self, key: &str, old: &Item<'_>, new: &Item<'_>, drafts: &mut Drafts) {
        let mut compared = self.compared(self.pairing.new, key, new);
        // What was stable is compared as such.
        compared.seen.feature = old.feature.clone();
        match (&old.entry, &new.entry) {
            (Entry::Interface(old_id), Entry::Interface(new_id)) => {
                compared.interfaces(*old_id, *new_id, drafts);
                self.labels(&compared, old, new, drafts);
            }
            (Entry::Function(old), Entry::Function(new)) => compared.functions(old, new, drafts),
            (Entry::Type(old), Entry::Type(new)) => compared.types(*old, *new, drafts),
            _ => {}
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
            Entry::Interface(id) if !view.is_world() => {
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

    /// What only one side has: the rule where it is a special one, and the rest of the message.
    fn alone(
        &self,
        way: Way,
        key: &str,
        item: &Item<'_>,
        (special, rest): (Option<&'static Rule>, &str),
        drafts: &mut Drafts,
    ) {
        let view = self.view(way);
        let compared = self.compared(view, key, item);
        let is_needed = match self.position {
            Position::Import => view.is_needed(item),
            Position::Export => true,
        };
        let mut breaks: Vec<Direction> = Vec::new();
        breaks.extend(is_needed.then(|| compared.broken(way)));
        breaks.push(match way {
            Way::NewFillsOld => Direction::Callers,
            Way::OldFillsNew => Direction::Implementers,
        });
        // What comes or goes with the whole package is told as that; in which worlds it stood is in the place.
        let is_of_package = !view.is_world() || (compared.is_own && self.is_only_here(way, item));
        let (rule, verb) = rule_alone(way, self.position, !is_of_package);
        let rule = special.unwrap_or(rule);
        let (old, new) = match way {
            Way::NewFillsOld => (self.shown(way, item), None),
            Way::OldFillsNew => (None, self.shown(way, item)),
        };
        let called = match item.entry {
            Entry::Interface(_) => format!("interface `{}`", item.name),
            Entry::Function(function) => names::function(view.resolve(), function),
            Entry::Type(id) => names::type_item(view.resolve(), id),
        };
        let mut place = compared.place.clone();
        if compared.is_of_world {
            place.item = Some(called.clone());
        }
        let draft = Draft {
            rule,
            place,
            breaks,
            message: format!("{called} {verb}{rest}"),
            old,
            new,
            hint: (way == Way::NewFillsOld).then(|| rule.advice.to_owned()),
        };
        self.gates_alone(&compared, way, item, &draft, drafts);
        drafts.add(&compared.seen, draft);
    }

    /// Whether the other package has no such interface, in no world.
    fn is_only_here(&self, way: Way, item: &Item<'_>) -> bool {
        let other = match way {
            Way::NewFillsOld => self.pairing.new.contract,
            Way::OldFillsNew => self.pairing.old.contract,
        };
        let Entry::Interface(id) = item.entry else { return false };
        let name = &self.view(way).resolve().interfaces[id].name;
        name.as_ref().is_some_and(|name| !other.resolve.packages[other.package].interfaces.contains_key(name))
    }

    /// The gate of what comes or goes with the package itself, and not only with a world.
    fn gates_alone(
        &self,
        compared: &Compared<'_>,
        way: Way,
        item: &Item<'_>,
        draft: &Draft,
        drafts: &mut Drafts,
    ) {
        let resolve = self.view(way).resolve();
        let (called, stability, span) = match item.entry {
            Entry::Interface(id) => {
                if !self.is_only_here(way, item) {
                    return;
                }
                let interface = &resolve.interfaces[id];
                let name = interface.name.as_deref().unwrap_or_default();
                (format!("interface `{name}`"), &interface.stability, interface.span)
            }
            Entry::Function(function) => {
                (names::function(resolve, function), &function.stability, function.span)
            }
            Entry::Type(id) => {
                let definition = &resolve.types[id];
                (names::type_item(resolve, id), &definition.stability, definition.span)
            }
        };
        match way {
            Way::NewFillsOld => attributes::gone(compared, draft, &called, stability, drafts),
            Way::OldFillsNew => attributes::added(compared, called, stability, span, drafts),
        }
    }
}

fn is_same_kind(old: &Entry<'_>, new: &Entry<'_>) -> bool {
    matches!(
        (old, new),
        (Entry::Interface(_), Entry::Interface(_))
            | (Entry::Function(_), Entry::Function(_))
            | (Entry::Type(_), Entry::Type(_))
    )
}

/// The rule for what only one side has, and what is said of it.
fn rule_alone(way: Way, position: Position, is_of_world: bool) -> (&'static Rule, &'static str) {
    match (way, position, is_of_world) {
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
        let position = Some(Position::Export);
        drafts.add(&Seen { world: pairing.new.world.clone(), position, feature: None }, draft);
    }
}
