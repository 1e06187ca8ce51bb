//! One interface against its partner.

use std::collections::{HashMap, HashSet};

use wit_parser::{Function, InterfaceId, Resolve, Stability, Type, TypeDefKind, TypeId};

use super::drafts::{Draft, Drafts, Seen};
use super::equal::{Pairing, Way, is_resource};
use super::{attributes, names, text};
use crate::check::contract::Contract;
use crate::check::finding::{Place, Position, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;
use crate::near::nearest;

/// An interface, or what a world has itself, on both sides.
pub(super) struct Compared<'a> {
    pub(super) pairing: &'a Pairing<'a>,
    pub(super) position: Position,
    pub(super) seen: Seen,
    /// The package and the interface.
    pub(super) place: Place,
}

impl<'a> Compared<'a> {
    fn contract(&self, way: Way) -> &'a Contract {
        match way {
            Way::NewFillsOld => self.pairing.old.contract,
            Way::OldFillsNew => self.pairing.new.contract,
        }
    }

    fn old(&self) -> &'a Resolve {
        &self.contract(Way::NewFillsOld).resolve
    }

    fn new(&self) -> &'a Resolve {
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

    /// Whether those who ask for the interface ask for this type: a component imports only what it speaks of, a host
    /// asks exports for all.
    fn is_asked(&self, way: Way, id: TypeId) -> bool {
        match (self.position, way) {
            (Position::Export, _) => true,
            (Position::Import, Way::NewFillsOld) => self.pairing.old.is_live(id),
            (Position::Import, Way::OldFillsNew) => self.pairing.new.is_live(id),
        }
    }

    fn shown(&self, way: Way, wit: String, span: wit_parser::Span) -> Option<Shown> {
        Some(Shown { wit, location: self.contract(way).locate(span) })
    }

    /// Where a change of something with this gate was met.
    fn seen(&self, stability: &Stability) -> Seen {
        Seen { unstable: self.seen.unstable || attributes::is_unstable(stability), ..self.seen.clone() }
    }

    fn item(&self, item: String) -> Place {
        Place { item: Some(item), ..self.place.clone() }
    }

    /// Compares two interfaces.
    pub(super) fn interfaces(&self, old: InterfaceId, new: InterfaceId, drafts: &mut Drafts) {
        let (old_side, new_side) = (&self.old().interfaces[old], &self.new().interfaces[new]);
        let types = |resolve: &Resolve, id| resolve.interfaces[id].types.clone();
        let (old_types, new_types) = (types(self.old(), old), types(self.new(), new));
        let mut gone: Vec<TypeId> = Vec::new();
        for (name, id) in &old_types {
            match new_types.get(name) {
                Some(other) => self.types(*id, *other, drafts),
                None => gone.push(*id),
            }
        }
        let mut added: Vec<TypeId> =
            new_types.iter().filter(|(name, _)| !old_types.contains_key(*name)).map(|(_, id)| *id).collect();
        self.renamed_types(&mut gone, &mut added, drafts);
        let resources = |ids: &[TypeId], resolve: &Resolve| -> HashSet<String> {
            let own = |id: &&TypeId| matches!(resolve.types[**id].kind, TypeDefKind::Resource);
            ids.iter().filter(own).filter_map(|id| resolve.types[*id].name.clone()).collect()
        };
        let gone_resources = resources(&gone, self.old());
        let added_resources = resources(&added, self.new());
        for id in gone {
            self.type_gone(id, &new_types.keys().map(String::as_str).collect::<Vec<_>>(), drafts);
        }
        for id in added {
            self.type_added(id, drafts);
        }
        let skip = |resolve: &Resolve, function: &Function, resources: &HashSet<String>| {
            let owner = names::resource_of(function).and_then(|id| resolve.types[id].name.clone());
            owner.is_some_and(|owner| resources.contains(&owner))
        };
        let of_old: Vec<&Function> = old_side
            .functions
            .values()
            .filter(|function| !skip(self.old(), function, &gone_resources))
            .collect();
        let of_new: Vec<&Function> = new_side
            .functions
            .values()
            .filter(|function| !skip(self.new(), function, &added_resources))
            .collect();
        self.function_lists(&of_old, &of_new, drafts);
        attributes::interfaces(self, old, new, drafts);
    }

    fn function_lists(&self, old: &[&Function], new: &[&Function], drafts: &mut Drafts) {
        let old_names: HashMap<&str, &Function> =
            old.iter().map(|function| (function.name.as_str(), *function)).collect();
        let new_names: HashMap<&str, &Function> =
            new.iter().map(|function| (function.name.as_str(), *function)).collect();
        // A method that became a static function has another name, and is still the same thing to a reader.
        let spoken: HashMap<String, &Function> = new
            .iter()
            .filter(|function| !old_names.contains_key(function.name.as_str()))
            .map(|function| (names::spoken(self.new(), function), *function))
            .collect();
        let mut other_kind: HashSet<&str> = HashSet::new();
        for function in old {
            if let Some(other) = new_names.get(function.name.as_str()) {
                self.functions(function, other, drafts);
            } else if let Some(other) = spoken.get(&names::spoken(self.old(), function)) {
                other_kind.insert(other.name.as_str());
                self.function_of_other_kind(function, other, drafts);
            } else {
                self.function_gone(function, new, drafts);
            }
        }
        for function in new {
            if !old_names.contains_key(function.name.as_str()) && !other_kind.contains(function.name.as_str())
            {
                self.function_added(function, drafts);
            }
        }
    }

    fn function_of_other_kind(&self, old: &Function, new: &Function, drafts: &mut Drafts) {
        let (old_item, new_item) = (names::function(self.old(), old), names::function(self.new(), new));
        let mut breaks: Vec<Direction> = Way::BOTH.map(|way| self.broken(way)).into();
        breaks.extend([Direction::Callers, Direction::Implementers]);
        let draft = Draft {
            rule: &rules::RESOURCE_MEMBER_SAME_KIND,
            message: format!("{old_item} became a {new_item}"),
            place: self.item(new_item),
            breaks,
            old: self.shown(Way::NewFillsOld, text::function(self.old(), old), old.span),
            new: self.shown(Way::OldFillsNew, text::function(self.new(), new), new.span),
            hint: Some(rules::RESOURCE_MEMBER_SAME_KIND.advice.to_owned()),
        };
        drafts.add(&self.seen(&old.stability), draft);
    }

    fn function_gone(&self, function: &Function, new: &[&Function], drafts: &mut Drafts) {
        let item = names::function(self.old(), function);
        let rule = match names::resource_of(function) {
            Some(_) => &rules::RESOURCE_MEMBER_NO_DELETE,
            None => &rules::FUNC_NO_DELETE,
        };
        let candidates: Vec<String> = new.iter().map(|known| names::spoken(self.new(), known)).collect();
        let similar = nearest(&names::spoken(self.old(), function), candidates.iter().map(String::as_str));
        let similar = similar.map(|name| format!("; `{name}` has a name like it")).unwrap_or_default();
        let draft = Draft {
            rule,
            message: format!("{item} is gone{similar}"),
            place: self.item(item),
            breaks: vec![self.broken(Way::NewFillsOld), Direction::Callers],
            old: self.shown(Way::NewFillsOld, text::function(self.old(), function), function.span),
            new: None,
            hint: Some(rule.advice.to_owned()),
        };
        attributes::gone(self, &draft, &function.stability, drafts);
        drafts.add(&self.seen(&function.stability), draft);
    }

    fn function_added(&self, function: &Function, drafts: &mut Drafts) {
        let item = names::function(self.new(), function);
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
            new: self.shown(Way::OldFillsNew, text::function(self.new(), function), function.span),
            hint: None,
        };
        drafts.add(&self.seen(&function.stability), draft);
        attributes::added(self, item, &function.stability, function.span, drafts);
    }

    /// Compares two functions of one name.
    pub(super) fn functions(&self, old: &Function, new: &Function, drafts: &mut Drafts) {
        let item = names::function(self.new(), new);
        let both = |this: &Self| -> Vec<Direction> {
            let mut breaks: Vec<Direction> = Way::BOTH.map(|way| this.broken(way)).into();
            breaks.extend([Direction::Callers, Direction::Implementers]);
            breaks
        };
        let mut add = |rule: &'static Rule, part: Option<String>, breaks: Vec<Direction>, message: String| {
            let draft = Draft {
                rule,
                place: Place { part, ..self.item(item.clone()) },
                breaks,
                message,
                old: self.shown(Way::NewFillsOld, text::function(self.old(), old), old.span),
                new: self.shown(Way::OldFillsNew, text::function(self.new(), new), new.span),
                hint: Some(rule.advice.to_owned()),
            };
            drafts.add(&self.seen(&old.stability), draft);
        };
        if old.kind.is_async() != new.kind.is_async() {
            let now = if new.kind.is_async() { "is `async` now" } else { "is no longer `async`" };
            add(&rules::FUNC_SAME_ASYNC, None, both(self), format!("{item} {now}"));
        }
        let names = |function: &Function| -> Vec<String> {
            function.params.iter().map(|param| param.name.clone()).collect()
        };
        let (old_names, new_names) = (names(old), names(new));
        if old_names == new_names {
            for (old, new) in old.params.iter().zip(&new.params) {
                let part = format!("parameter `{}`", new.name);
                if let Some((rule, breaks, message)) = self.changed(&old.ty, &new.ty, &part, &item) {
                    let rule =
                        if rule.id == rules::TYPE_SAME.id { &rules::FUNC_SAME_PARAM_TYPE } else { rule };
                    add(rule, Some(part), breaks, message);
                }
            }
        } else if old_names.len() == new_names.len()
            && old
                .params
                .iter()
                .zip(&new.params)
                .all(|(old, new)| Way::BOTH.iter().all(|way| self.pairing.same(*way, &old.ty, &new.ty)))
            && !is_permutation(&old_names, &new_names)
        {
            // The types are the same one by one: only names changed, and code that does not use them goes on.
            let link: Vec<Direction> = Way::BOTH.map(|way| self.broken(way)).into();
            for (old, new) in old_names.iter().zip(&new_names).filter(|(old, new)| old != new) {
                let message = format!("parameter `{old}` of {item} is called `{new}` now");
                add(&rules::FUNC_SAME_PARAM_NAME, Some(format!("parameter `{new}`")), link.clone(), message);
            }
        } else {
            let message = parameters_message(&item, &old_names, &new_names);
            add(&rules::FUNC_SAME_PARAMS, None, both(self), message);
        }
        match (&old.result, &new.result) {
            (None, None) => {}
            (Some(old), Some(new)) => {
                if let Some((rule, breaks, message)) = self.changed(old, new, "result", &item) {
                    let rule = if rule.id == rules::TYPE_SAME.id { &rules::FUNC_SAME_RESULT } else { rule };
                    add(rule, Some("result".to_owned()), breaks, message);
                }
            }
            (old, new) => {
                let message = match (old, new) {
                    (None, Some(new)) => format!("{item} has a result now: `{}`", text::ty(self.new(), new)),
                    (Some(old), _) => {
                        format!("{item} has no result any more, it was `{}`", text::ty(self.old(), old))
                    }
                    _ => String::new(),
                };
                add(&rules::FUNC_SAME_RESULT, Some("result".to_owned()), both(self), message);
            }
        }
        attributes::functions(self, old, new, drafts);
    }

    /// The difference of two types in a function, if there is one.
    fn changed(
        &self,
        old: &Type,
        new: &Type,
        part: &str,
        item: &str,
    ) -> Option<(&'static Rule, Vec<Direction>, String)> {
        let differs = Way::BOTH.map(|way| !self.pairing.same(way, old, new));
        if differs == [false, false] {
            return None;
        }
        let broken = Way::BOTH.into_iter().zip(differs).filter(|(_, differs)| *differs);
        let mut breaks: Vec<Direction> = broken.map(|(way, _)| self.broken(way)).collect();
        breaks.extend([Direction::Callers, Direction::Implementers]);
        let (old_text, new_text) = (text::ty(self.old(), old), text::ty(self.new(), new));
        let handles = |text: &str| text.replace("borrow<", "").replace('>', "");
        let is_handle = old_text != new_text
            && (old_text.contains("borrow<") || new_text.contains("borrow<"))
            && handles(&old_text) == handles(&new_text);
        let rule = match is_handle {
            true => &rules::HANDLE_SAME_OWNERSHIP,
            false => &rules::TYPE_SAME,
        };
        let of = if part == "result" { format!("the result of {item}") } else { format!("{part} of {item}") };
        let message = match old_text == new_text {
            true => format!("{of} is another `{new_text}`: it means a type of another place now"),
            false => format!("{of} was `{old_text}` and is `{new_text}`"),
        };
        Some((rule, breaks, message))
    }

    fn renamed_types(&self, gone: &mut Vec<TypeId>, added: &mut Vec<TypeId>, drafts: &mut Drafts) {
        let mut kept = Vec::new();
        for id in gone.drain(..) {
            let kind = names::type_kind(&self.old().types[id].kind);
            // An alias of a plain type tells too little to be sure.
            let partner = added.iter().position(|other| {
                kind == names::type_kind(&self.new().types[*other].kind)
                    && !matches!(kind, "type" | "resource")
                    && Way::BOTH.iter().all(|way| self.pairing.definition(*way, id, *other))
            });
            let Some(position) = partner else {
                kept.push(id);
                continue;
            };
            let other = added.swap_remove(position);
            let name = |resolve: &Resolve, id: TypeId| resolve.types[id].name.clone().unwrap_or_default();
            let (old_name, new_name) = (name(self.old(), id), name(self.new(), other));
            let mut breaks = vec![Direction::Callers];
            breaks.extend(self.is_asked(Way::NewFillsOld, id).then(|| self.broken(Way::NewFillsOld)));
            breaks.extend(self.is_asked(Way::OldFillsNew, other).then(|| self.broken(Way::OldFillsNew)));
            let draft = Draft {
                rule: &rules::TYPE_SAME_NAME,
                place: self.item(format!("{kind} `{new_name}`")),
                breaks,
                message: format!("{kind} `{old_name}` is called `{new_name}` now"),
                old: self.shown_type(Way::NewFillsOld, id),
                new: self.shown_type(Way::OldFillsNew, other),
                hint: Some(rules::TYPE_SAME_NAME.advice.to_owned()),
            };
            drafts.add(&self.seen(&self.old().types[id].stability), draft);
        }
        *gone = kept;
    }

    fn shown_type(&self, way: Way, id: TypeId) -> Option<Shown> {
        let resolve = &self.contract(way).resolve;
        self.shown(way, text::definition(resolve, id), resolve.types[id].span)
    }

    fn type_gone(&self, id: TypeId, others: &[&str], drafts: &mut Drafts) {
        let definition = &self.old().types[id];
        let name = definition.name.clone().unwrap_or_default();
        let kind = names::type_kind(&definition.kind);
        let rule = match &definition.kind {
            TypeDefKind::Resource => &rules::RESOURCE_NO_DELETE,
            TypeDefKind::Type(_) => &rules::TYPE_ALIAS_NO_DELETE,
            _ => &rules::TYPE_NO_DELETE,
        };
        let mut breaks = vec![Direction::Callers];
        breaks.extend(self.is_asked(Way::NewFillsOld, id).then(|| self.broken(Way::NewFillsOld)));
        let similar = nearest(&name, others.iter().copied());
        let similar = similar.map(|name| format!("; `{name}` has a name like it")).unwrap_or_default();
        let draft = Draft {
            rule,
            place: self.item(format!("{kind} `{name}`")),
            breaks,
            message: format!("{kind} `{name}` is gone{similar}"),
            old: self.shown_type(Way::NewFillsOld, id),
            new: None,
            hint: Some(rule.advice.to_owned()),
        };
        attributes::gone(self, &draft, &definition.stability, drafts);
        drafts.add(&self.seen(&self.old().types[id].stability), draft);
    }

    fn type_added(&self, id: TypeId, drafts: &mut Drafts) {
        let definition = &self.new().types[id];
        let name = definition.name.clone().unwrap_or_default();
        let kind = names::type_kind(&definition.kind);
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
        let item = format!("{kind} `{name}`");
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
        attributes::added(self, item, &definition.stability, definition.span, drafts);
    }

    /// Compares two named types of one name.
    pub(super) fn types(&self, old: TypeId, new: TypeId, drafts: &mut Drafts) {
        let differs = Way::BOTH.map(|way| !self.pairing.definition(way, old, new));
        let new_type = &self.new().types[new];
        let name = new_type.name.clone().unwrap_or_default();
        let item = format!("{} `{name}`", names::type_kind(&new_type.kind));
        if differs != [false, false] {
            let asked = Way::BOTH
                .into_iter()
                .zip(differs)
                .zip([old, new])
                .filter(|((way, differs), id)| *differs && self.is_asked(*way, *id));
            let mut breaks: Vec<Direction> = asked.map(|((way, _), _)| self.broken(way)).collect();
            breaks.extend([Direction::Callers, Direction::Implementers]);
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
            drafts.add(&self.seen(&self.old().types[old].stability), draft);
        } else {
            self.other_source(old, new, item, drafts);
        }
        attributes::types(self, old, new, drafts);
    }

    /// A value type of the same structure that is taken from somewhere else.
    fn other_source(&self, old: TypeId, new: TypeId, item: String, drafts: &mut Drafts) {
        let home = |resolve: &Resolve, id: TypeId| match resolve.types[names::root(resolve, id)].owner {
            wit_parser::TypeOwner::Interface(home) => names::key(resolve, home),
            _ => None,
        };
        let is_used = |resolve: &Resolve, id: TypeId| names::root(resolve, id) != id;
        let (old_home, new_home) = (home(self.old(), old), home(self.new(), new));
        let translated =
            old_home.as_ref().and_then(|home| self.pairing.pairs.get(home)).or(old_home.as_ref());
        if translated == new_home.as_ref() || !(is_used(self.old(), old) || is_used(self.new(), new)) {
            return;
        }
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
        let (old_kind, new_kind) = (&self.old().types[old].kind, &self.new().types[new].kind);
        let texts = || {
            let strip = |text: String| {
                let value =
                    text.strip_prefix("type ").and_then(|text| Some(text.split_once(" = ")?.1.to_owned()));
                value.unwrap_or(text)
            };
            (strip(text::definition(self.old(), old)), strip(text::definition(self.new(), new)))
        };
        let word = match (old_kind, new_kind) {
            (TypeDefKind::Record(_), TypeDefKind::Record(_)) => Some(("field", &rules::RECORD_SAME_FIELDS)),
            (TypeDefKind::Variant(_), TypeDefKind::Variant(_)) => Some(("case", &rules::VARIANT_SAME_CASES)),
            (TypeDefKind::Enum(_), TypeDefKind::Enum(_)) => Some(("case", &rules::ENUM_SAME_CASES)),
            (TypeDefKind::Flags(_), TypeDefKind::Flags(_)) => Some(("flag", &rules::FLAGS_SAME_MEMBERS)),
            _ => None,
        };
        if let Some((word, rule)) = word {
            let (before, after) = (members(old_kind, self.old()), members(new_kind, self.new()));
            return (rule, members_message(item, word, &before, &after));
        }
        if is_resource(self.old(), old) && is_resource(self.new(), new) {
            let shown = |resolve: &Resolve, id: TypeId| {
                let (home, name) = names::resource(resolve, id);
                format!("`{name}` of {}", home_shown(Some(home.as_str()).filter(|home| !home.is_empty())))
            };
            let (before, after) = (shown(self.old(), old), shown(self.new(), new));
            return (
                &rules::RESOURCE_SAME_HOME,
                format!("{item} was {before} and is {after}: another resource"),
            );
        }
        let (before, after) = texts();
        (&rules::TYPE_SAME, format!("{item} was `{before}` and is `{after}`"))
    }
}

fn home_shown(home: Option<&str>) -> String {
    home.map_or_else(|| "the world".to_owned(), |home| format!("`{home}`"))
}

fn is_permutation(old: &[String], new: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    sorted(old) == sorted(new)
}

fn parameters_message(item: &str, old: &[String], new: &[String]) -> String {
    let quoted =
        |names: Vec<&String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let added: Vec<&String> = new.iter().filter(|name| !old.contains(name)).collect();
    let gone: Vec<&String> = old.iter().filter(|name| !new.contains(name)).collect();
    match (added.is_empty(), gone.is_empty()) {
        (false, true) => format!("{item} takes more: {}", quoted(added)),
        (true, false) => format!("{item} takes less: {} is gone", quoted(gone)),
        (true, true) => format!("{item} takes its parameters in another order"),
        (false, false) => format!("{item} takes {} in place of {}", quoted(added), quoted(gone)),
    }
}

/// The members of a record, variant, enum or flags, each with its type as text.
fn members(kind: &TypeDefKind, resolve: &Resolve) -> Vec<(String, Option<String>)> {
    let of = |ty: &Type| Some(text::ty(resolve, ty));
    match kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| (field.name.clone(), of(&field.ty))).collect()
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| (case.name.clone(), case.ty.as_ref().and_then(of))).collect()
        }
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.clone(), None)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.clone(), None)).collect(),
        _ => Vec::new(),
    }
}

fn members_message(
    item: &str,
    word: &str,
    old: &[(String, Option<String>)],
    new: &[(String, Option<String>)],
) -> String {
    let find = |list: &[(String, Option<String>)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, ty)| ty.clone())
    };
    let mut said = Vec::new();
    let gone: Vec<&String> =
        old.iter().map(|(name, _)| name).filter(|name| find(new, name).is_none()).collect();
    let added: Vec<&String> =
        new.iter().map(|(name, _)| name).filter(|name| find(old, name).is_none()).collect();
    if let ([before], [after]) = (gone.as_slice(), added.as_slice())
        && find(old, before) == find(new, after)
    {
        said.push(format!("{word} `{before}` is called `{after}` now"));
    } else {
        said.extend(gone.iter().map(|name| format!("{word} `{name}` is gone")));
        said.extend(added.iter().map(|name| format!("{word} `{name}` is new")));
    }
    for (name, before) in old {
        let Some(after) = find(new, name) else { continue };
        let shown =
            |ty: &Option<String>| ty.clone().map_or_else(|| "nothing".to_owned(), |ty| format!("`{ty}`"));
        if *before != after {
            said.push(format!("{word} `{name}` was {} and is {}", shown(before), shown(&after)));
        }
    }
    if said.is_empty() {
        let names =
            |list: &[(String, Option<String>)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        return match names(old) == names(new) {
            true => format!("{item}: a {word} means a type of another place now"),
            false => format!("{item} has its {word}s in another order"),
        };
    }
    const SHOWN: usize = 5;
    let more = said.len().saturating_sub(SHOWN);
    said.truncate(SHOWN);
    let more = if more > 0 { format!(", and {more} more changes") } else { String::new() };
    format!("{item}: {}{more}", said.join(", "))
}
