//! The named types of two interfaces.

use std::collections::HashMap;

use wit_parser::{Resolve, TypeDefKind, TypeId, TypeOwner};

use super::drafts::{Draft, Drafts};
use super::equal::{Way, is_resource};
use super::interfaces::Compared;
use super::similar::Successors;
use super::{attributes, members, names, text};
use crate::check::finding::{Position, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;

/// How many types of one shape are tried for one that is gone.
const PARTNERS_TRIED_MAX: usize = 16;

impl Compared<'_> {
    /// Whether those who ask for the interface ask for this type: a component imports only what it speaks of, a host
    /// asks exports for all.
    fn is_asked(&self, way: Way, id: TypeId) -> bool {
        match (self.position, way) {
            _ if self.is_of_world => true,
            (Position::Export, _) => true,
            (Position::Import, Way::NewFillsOld) => self.pairing.old.is_live(id),
            (Position::Import, Way::OldFillsNew) => self.pairing.new.is_live(id),
        }
    }

    fn shown_type(&self, way: Way, id: TypeId) -> Option<Shown> {
        let resolve = &self.contract(way).resolve;
        self.shown(way, text::definition(resolve, id), resolve.types[id].span)
    }

    /// Takes the types out of both lists that have another name and are the same.
    pub(super) fn renamed_types(&self, gone: &mut Vec<TypeId>, added: &mut Vec<TypeId>, drafts: &mut Drafts) {
        if gone.is_empty() || added.is_empty() {
            return;
        }
        let mut by_shape: HashMap<String, Vec<TypeId>> = HashMap::new();
        for id in &*added {
            let shape = members::shape(self.new_resolve(), *id);
            shape.into_iter().for_each(|shape| by_shape.entry(shape).or_default().push(*id));
        }
        let mut renamed: Vec<TypeId> = Vec::new();
        gone.retain(|&id| {
            let partners = members::shape(self.old_resolve(), id).and_then(|shape| by_shape.get_mut(&shape));
            let Some(partners) = partners else { return true };
            let found = partners
                .iter()
                .take(PARTNERS_TRIED_MAX)
                .position(|other| Way::BOTH.iter().all(|way| self.pairing.definition(*way, id, *other)));
            let Some(found) = found else { return true };
            let other = partners.remove(found);
            renamed.push(other);
            self.type_renamed(id, other, drafts);
            false
        });
        let renamed: std::collections::HashSet<TypeId> = renamed.into_iter().collect();
        added.retain(|id| !renamed.contains(id));
    }

    fn type_renamed(&self, old: TypeId, new: TypeId, drafts: &mut Drafts) {
        let name = |resolve: &Resolve, id: TypeId| resolve.types[id].name.clone().unwrap_or_default();
        let mut breaks = vec![Direction::Callers];
        breaks.extend(self.is_asked(Way::NewFillsOld, old).then(|| self.broken(Way::NewFillsOld)));
        breaks.extend(self.is_asked(Way::OldFillsNew, new).then(|| self.broken(Way::OldFillsNew)));
        let old_item = names::type_item(self.old_resolve(), old);
        let draft = Draft {
            rule: &rules::TYPE_SAME_NAME,
            place: self.item(names::type_item(self.new_resolve(), new)),
            breaks,
            message: format!("{old_item} is called `{}` now", name(self.new_resolve(), new)),
            old: self.shown_type(Way::NewFillsOld, old),
            new: self.shown_type(Way::OldFillsNew, new),
            hint: Some(rules::TYPE_SAME_NAME.advice.to_owned()),
        };
        drafts.add(&self.seen(&self.old_resolve().types[old].stability), draft);
    }

    /// What is said of types that are gone, with what they may be called now.
    pub(super) fn types_gone(&self, gone: &[TypeId], added: &[TypeId], drafts: &mut Drafts) {
        let mut successors = Successors::default();
        for id in added.iter().filter(|_| !gone.is_empty()) {
            successors.add(self.new_resolve().types[*id].name.clone().unwrap_or_default(), String::new());
        }
        for id in gone {
            self.type_gone(*id, &successors, drafts);
        }
    }

    fn type_gone(&self, id: TypeId, successors: &Successors, drafts: &mut Drafts) {
        let definition = &self.old_resolve().types[id];
        let item = names::type_item(self.old_resolve(), id);
        let rule = match &definition.kind {
            TypeDefKind::Resource => &rules::RESOURCE_NO_DELETE,
            TypeDefKind::Type(_) => &rules::TYPE_ALIAS_NO_DELETE,
            _ => &rules::TYPE_NO_DELETE,
        };
        let mut breaks = vec![Direction::Callers];
        breaks.extend(self.is_asked(Way::NewFillsOld, id).then(|| self.broken(Way::NewFillsOld)));
        let similar = successors.of(definition.name.as_deref().unwrap_or_default(), "", drafts);
        let draft = Draft {
            rule,
            place: self.item(item.clone()),
            breaks,
            message: format!("{item} is gone{similar}"),
            old: self.shown_type(Way::NewFillsOld, id),
            new: None,
            hint: Some(rule.advice.to_owned()),
        };
        attributes::gone(self, &draft, &item, &definition.stability, drafts);
        drafts.add(&self.seen(&definition.stability), draft);
    }

    pub(super) fn type_added(&self, id: TypeId, drafts: &mut Drafts) {
        let definition = &self.new_resolve().types[id];
        let item = names::type_item(self.new_resolve(), id);
        let rule = match &definition.kind {
            TypeDefKind::Resource => &rules::RESOURCE_ADD,
            TypeDefKind::Type(_) => &rules::TYPE_ALIAS_ADD,
            _ => &rules::TYPE_ADD,
        };
        let mut breaks = Vec::new();
        breaks.extend(self.is_asked(Way::OldFillsNew, id).then(|| self.broken(Way::OldFillsNew)));
        if matches!(definition.kind, TypeDefKind::Resource) {
            breaks.push(Direction::Implementers);
        }
        let draft = Draft {
            rule,
            place: self.item(item.clone()),
            breaks,
            message: format!("{item} is new"),
            old: None,
            new: self.shown_type(Way::OldFillsNew, id),
            hint: None,
        };
        drafts.add(&self.seen(&definition.stability), draft);
        // A `use` has no gate of its own to write.
        if !matches!(definition.kind, TypeDefKind::Type(_)) || !is_used(self.new_resolve(), id) {
            attributes::added(self, item, &definition.stability, definition.span, drafts);
        }
    }

    /// Compares two named types of one name.
    pub(super) fn types(&self, old: TypeId, new: TypeId, drafts: &mut Drafts) {
        let differs = Way::BOTH.map(|way| !self.pairing.definition(way, old, new));
        if differs == [false, false] {
            self.other_source(old, new, drafts);
        } else {
            let asked = Way::BOTH.into_iter().zip(differs).zip([old, new]);
            let broken = asked.filter(|((way, differs), id)| *differs && self.is_asked(*way, *id));
            let mut breaks: Vec<Direction> = broken.map(|((way, _), _)| self.broken(way)).collect();
            breaks.extend([Direction::Callers, Direction::Implementers]);
            let item = names::type_item(self.new_resolve(), new);
            let (rule, message) = self.type_change(old, new, &item);
            let draft = Draft {
                rule,
                place: self.item(item),
                breaks,
                message,
                old: self.shown_type(Way::NewFillsOld, old),
                new: self.shown_type(Way::OldFillsNew, new),
                hint: Some(rule.advice.to_owned()),
            };
            drafts.add(&self.seen(&self.old_resolve().types[old].stability), draft);
        }
        attributes::types(self, old, new, drafts);
    }

    /// A value type of the same structure that is taken from somewhere else.
    fn other_source(&self, old: TypeId, new: TypeId, drafts: &mut Drafts) {
        let is_root = |resolve: &Resolve, id: TypeId| names::root(resolve, id) == id;
        if is_root(self.old_resolve(), old) && is_root(self.new_resolve(), new) {
            return;
        }
        let home = |resolve: &Resolve, id: TypeId| match resolve.types[names::root(resolve, id)].owner {
            TypeOwner::Interface(home) => names::key(resolve, home),
            _ => None,
        };
        let (old_home, new_home) = (home(self.old_resolve(), old), home(self.new_resolve(), new));
        let translated =
            old_home.as_ref().and_then(|home| self.pairing.pairs.get(home)).or(old_home.as_ref());
        if translated == new_home.as_ref() {
            return;
        }
        let item = names::type_item(self.new_resolve(), new);
        let draft = Draft {
            rule: &rules::USE_SAME_SOURCE,
            message: format!(
                "{item} comes from {} now, and from {} before; they are the same",
                home_shown(new_home.as_deref()),
                home_shown(old_home.as_deref())
            ),
            place: self.item(item),
            breaks: Vec::new(),
            old: self.shown_type(Way::NewFillsOld, old),
            new: self.shown_type(Way::OldFillsNew, new),
            hint: None,
        };
        drafts.add(&self.seen, draft);
    }

    fn type_change(&self, old: TypeId, new: TypeId, item: &str) -> (&'static Rule, String) {
        let (old_kind, new_kind) = (&self.old_resolve().types[old].kind, &self.new_resolve().types[new].kind);
        let word = match (old_kind, new_kind) {
            (TypeDefKind::Record(_), TypeDefKind::Record(_)) => Some(("field", &rules::RECORD_SAME_FIELDS)),
            (TypeDefKind::Variant(_), TypeDefKind::Variant(_)) => Some(("case", &rules::VARIANT_SAME_CASES)),
            (TypeDefKind::Enum(_), TypeDefKind::Enum(_)) => Some(("case", &rules::ENUM_SAME_CASES)),
            (TypeDefKind::Flags(_), TypeDefKind::Flags(_)) => Some(("flag", &rules::FLAGS_SAME_MEMBERS)),
            _ => None,
        };
        if let Some((word, rule)) = word {
            let (before, after) = (
                members::members(self.old_resolve(), old_kind),
                members::members(self.new_resolve(), new_kind),
            );
            return (rule, format!("{item}: {}", members::changes(word, &before, &after)));
        }
        if is_resource(self.old_resolve(), old) && is_resource(self.new_resolve(), new) {
            let shown = |resolve: &Resolve, id: TypeId| {
                let (home, name) = names::resource(resolve, id);
                format!("`{name}` of {}", home_shown(Some(home.as_str()).filter(|home| !home.is_empty())))
            };
            let (before, after) = (shown(self.old_resolve(), old), shown(self.new_resolve(), new));
            let message = format!("{item} was {before} and is {after}: another resource");
            return (&rules::RESOURCE_SAME_HOME, message);
        }
        let (old_word, new_word) = (names::type_kind(old_kind), names::type_kind(new_kind));
        if old_word != new_word && old_word != "type" && new_word != "type" {
            return (&rules::TYPE_SAME, format!("{item} was a type of the kind `{old_word}` before"));
        }
        let (before, after) =
            (text::meaning(self.old_resolve(), old), text::meaning(self.new_resolve(), new));
        (&rules::TYPE_SAME, format!("{item} was `{before}` and is `{after}`"))
    }
}

/// Whether a type is taken from another interface by `use`.
fn is_used(resolve: &Resolve, id: TypeId) -> bool {
    match resolve.types[id].kind {
        TypeDefKind::Type(wit_parser::Type::Id(origin)) => {
            resolve.types[origin].name.is_some() && resolve.types[origin].owner != resolve.types[id].owner
        }
        _ => false,
    }
}

fn home_shown(home: Option<&str>) -> String {
    home.map_or_else(|| "the world".to_owned(), |home| format!("`{home}`"))
}
