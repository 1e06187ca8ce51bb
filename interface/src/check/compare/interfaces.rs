//! One interface against its partner.

use std::collections::{HashMap, HashSet};

use wit_parser::{Function, InterfaceId, Resolve, Span, Stability, TypeDefKind, TypeId};

use super::drafts::{Draft, Drafts, Seen};
use super::equal::{Pairing, Way};
use super::similar::Successors;
use super::{attributes, names, text};
use crate::check::contract::Contract;
use crate::check::finding::{Place, Position, Shown};
use crate::check::rule::Direction;
use crate::check::rules;

/// An interface, or what a world has itself, on both sides.
pub(super) struct Compared<'a> {
    pub(super) pairing: &'a Pairing<'a>,
    pub(super) position: Position,
    pub(super) seen: Seen,
    /// The package and the interface.
    pub(super) place: Place,
    /// Whether it is in the package that is checked.
    pub(super) is_own: bool,
    /// Whether it is something that a world has itself: a component imports its types by name, whether it speaks of
    /// them or not.
    pub(super) is_of_world: bool,
}

impl<'a> Compared<'a> {
    pub(super) fn contract(&self, way: Way) -> &'a Contract {
        match way {
            Way::NewFillsOld => self.pairing.old.contract,
            Way::OldFillsNew => self.pairing.new.contract,
        }
    }

    pub(super) fn old_resolve(&self) -> &'a Resolve {
        &self.contract(Way::NewFillsOld).resolve
    }

    pub(super) fn new_resolve(&self) -> &'a Resolve {
        &self.contract(Way::OldFillsNew).resolve
    }

    /// Whom it breaks when the one side does not fill the other.
    pub(super) fn broken(&self, way: Way) -> Direction {
        match (self.position, way) {
            (Position::Import, Way::NewFillsOld) | (Position::Export, Way::OldFillsNew) => Direction::Host,
            (Position::Import, Way::OldFillsNew) | (Position::Export, Way::NewFillsOld) => {
                Direction::Component
            }
        }
    }

    /// Everybody who is broken when neither side fills the other.
    pub(super) fn all(&self) -> Vec<Direction> {
        let links = Way::BOTH.map(|way| self.broken(way));
        links.into_iter().chain([Direction::Callers, Direction::Implementers]).collect()
    }

    pub(super) fn shown(&self, way: Way, wit: String, span: Span) -> Option<Shown> {
        Some(Shown { wit, location: self.contract(way).locate(span) })
    }

    /// Where a change of something with this gate was met.
    pub(super) fn seen(&self, stability: &Stability) -> Seen {
        let mut seen = self.seen.clone();
        seen.feature = seen.feature.or_else(|| attributes::feature(stability).map(str::to_owned));
        seen
    }

    pub(super) fn item(&self, item: String) -> Place {
        Place { item: Some(item), ..self.place.clone() }
    }

    /// Compares two interfaces.
    pub(super) fn interfaces(&self, old: InterfaceId, new: InterfaceId, drafts: &mut Drafts) {
        let (old_side, new_side) = (&self.old_resolve().interfaces[old], &self.new_resolve().interfaces[new]);
        let mut gone: Vec<TypeId> = Vec::new();
        for (name, id) in &old_side.types {
            match new_side.types.get(name) {
                Some(other) => self.types(*id, *other, drafts),
                None => gone.push(*id),
            }
        }
        let is_added = |(name, _): &(&String, &TypeId)| !old_side.types.contains_key(*name);
        let mut added: Vec<TypeId> = new_side.types.iter().filter(is_added).map(|(_, id)| *id).collect();
        self.renamed_types(&mut gone, &mut added, drafts);
        // The members of a resource that is gone, or new, go and come with it.
        let gone_resources = own_resources(&gone, self.old_resolve());
        let added_resources = own_resources(&added, self.new_resolve());
        self.types_gone(&gone, &added, drafts);
        for id in added {
            self.type_added(id, drafts);
        }
        let of_old: Vec<&Function> =
            old_side.functions.values().filter(|function| !is_of(function, &gone_resources)).collect();
        let of_new: Vec<&Function> =
            new_side.functions.values().filter(|function| !is_of(function, &added_resources)).collect();
        self.function_lists(&of_old, &of_new, drafts);
        attributes::interfaces(self, old, new, drafts);
    }

    fn function_lists(&self, old: &[&Function], new: &[&Function], drafts: &mut Drafts) {
        let old_names: HashSet<&str> = old.iter().map(|function| function.name.as_str()).collect();
        let new_names: HashMap<&str, &Function> =
            new.iter().map(|function| (function.name.as_str(), *function)).collect();
        let mut added: Vec<&Function> =
            new.iter().copied().filter(|function| !old_names.contains(function.name.as_str())).collect();
        // A method that became a static function has another name, and is still the same thing to a reader.
        let spoken: HashMap<String, &Function> =
            added.iter().map(|function| (names::spoken(self.new_resolve(), function), *function)).collect();
        let mut other_kind: HashSet<&str> = HashSet::new();
        let mut gone: Vec<&Function> = Vec::new();
        for function in old {
            if let Some(other) = new_names.get(function.name.as_str()) {
                self.functions(function, other, drafts);
            } else if let Some(other) = spoken.get(&names::spoken(self.old_resolve(), function)) {
                other_kind.insert(other.name.as_str());
                self.function_of_other_kind(function, other, drafts);
            } else {
                gone.push(function);
            }
        }
        added.retain(|function| !other_kind.contains(function.name.as_str()));
        let mut successors = Successors::default();
        for function in added.iter().filter(|_| !gone.is_empty()) {
            successors.add(names::spoken(self.new_resolve(), function), shape(self.new_resolve(), function));
        }
        for function in gone {
            self.function_gone(function, &successors, drafts);
        }
        for function in added {
            self.function_added(function, drafts);
        }
    }

    fn function_of_other_kind(&self, old: &Function, new: &Function, drafts: &mut Drafts) {
        let (old_item, new_item) =
            (names::function(self.old_resolve(), old), names::function(self.new_resolve(), new));
        let draft = Draft {
            rule: &rules::RESOURCE_MEMBER_SAME_KIND,
            message: format!("{old_item} became a {new_item}"),
            place: self.item(new_item),
            breaks: self.all(),
            old: self.shown(Way::NewFillsOld, text::function(self.old_resolve(), old), old.span),
            new: self.shown(Way::OldFillsNew, text::function(self.new_resolve(), new), new.span),
            hint: Some(rules::RESOURCE_MEMBER_SAME_KIND.advice.to_owned()),
        };
        drafts.add(&self.seen(&old.stability), draft);
    }

    fn function_gone(&self, function: &Function, successors: &Successors, drafts: &mut Drafts) {
        let item = names::function(self.old_resolve(), function);
        let rule = match names::resource_of(function) {
            Some(_) => &rules::RESOURCE_MEMBER_NO_DELETE,
            None => &rules::FUNC_NO_DELETE,
        };
        let name = names::spoken(self.old_resolve(), function);
        let similar = successors.of(&name, &shape(self.old_resolve(), function), drafts);
        let draft = Draft {
            rule,
            message: format!("{item} is gone{similar}"),
            place: self.item(item.clone()),
            breaks: vec![self.broken(Way::NewFillsOld), Direction::Callers],
            old: self.shown(Way::NewFillsOld, text::function(self.old_resolve(), function), function.span),
            new: None,
            hint: Some(rule.advice.to_owned()),
        };
        attributes::gone(self, &draft, &item, &function.stability, drafts);
        drafts.add(&self.seen(&function.stability), draft);
    }

    fn function_added(&self, function: &Function, drafts: &mut Drafts) {
        let item = names::function(self.new_resolve(), function);
        let rule = match names::resource_of(function) {
            Some(_) => &rules::RESOURCE_MEMBER_ADD,
            None => &rules::FUNC_ADD,
        };
        let draft = Draft {
            rule,
            message: format!("{item} is new"),
            place: self.item(item.clone()),
            breaks: vec![self.broken(Way::OldFillsNew), Direction::Implementers],
            old: None,
            new: self.shown(Way::OldFillsNew, text::function(self.new_resolve(), function), function.span),
            hint: None,
        };
        drafts.add(&self.seen(&function.stability), draft);
        attributes::added(self, item, &function.stability, function.span, drafts);
    }
}

/// What a function of another name has in common with this one; nothing where that says too little.
fn shape(resolve: &Resolve, function: &Function) -> String {
    match (function.params.len(), &function.result) {
        (0, None) => String::new(),
        _ => {
            let owner = names::resource_of(function).and_then(|id| resolve.types[id].name.clone());
            format!("{} {}", owner.unwrap_or_default(), text::signature(resolve, function))
        }
    }
}

fn own_resources(ids: &[TypeId], resolve: &Resolve) -> HashSet<TypeId> {
    ids.iter().copied().filter(|id| matches!(resolve.types[*id].kind, TypeDefKind::Resource)).collect()
}

fn is_of(function: &Function, resources: &HashSet<TypeId>) -> bool {
    names::resource_of(function).is_some_and(|owner| resources.contains(&owner))
}
