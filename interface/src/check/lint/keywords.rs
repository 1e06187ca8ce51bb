//! Names that are words of a guest language.

use std::collections::BTreeMap;

use wit_parser::{Function, InterfaceId, Resolve, Span, Type, TypeDefKind, TypeId, WorldItem};

use super::words::{Escape, Use, WORDS, rows};
use super::{Item, Subject};
use crate::check::compare::text;
use crate::check::finding::{Finding, Place};
use crate::check::form_rules::KEYWORD_CLASH;
use crate::check::rule::Level;
use crate::text::word;

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let package = &subject.resolve.packages[subject.package];
    let mut findings = Vec::new();
    for id in package.interfaces.values() {
        let home = subject.interface_item(*id);
        let mut scope = Scope::new(subject, &home);
        scope.interface(*id);
        findings.extend(scope.findings());
    }
    for id in package.worlds.values() {
        let world = &subject.resolve.worlds[*id];
        let home = subject.world_item(*id);
        let mut scope = Scope::new(subject, &home);
        for item in world.imports.values().chain(world.exports.values()) {
            match item {
                WorldItem::Function(function) => scope.function(function),
                WorldItem::Type { id, .. } => scope.named_type(*id),
                WorldItem::Interface { id, .. } if subject.resolve.interfaces[*id].name.is_none() => {
                    scope.interface(*id);
                }
                WorldItem::Interface { .. } => {}
            }
        }
        findings.extend(scope.findings());
    }
    findings
}

/// An interface or world. A name that is a word is told once in it, however often it is there.
struct Scope<'a> {
    subject: &'a Subject<'a>,
    home: &'a Item,
    /// The words that were found, with the first item and how many more there are of the same kind.
    found: BTreeMap<(usize, Vec<usize>, String), (Item, usize)>,
}

impl<'a> Scope<'a> {
    fn new(subject: &'a Subject<'a>, home: &'a Item) -> Self {
        Self { subject, home, found: BTreeMap::new() }
    }

    fn interface(&mut self, id: InterfaceId) {
        let interface = &self.subject.resolve.interfaces[id];
        if let Some(name) = &interface.name {
            self.name(name, Use::Interface, self.subject.interface_item(id));
        }
        for ty in interface.types.values() {
            self.named_type(*ty);
        }
        for function in interface.functions.values() {
            self.function(function);
        }
    }

    fn named_type(&mut self, id: TypeId) {
        let definition = &self.subject.resolve.types[id];
        let is_used_from_elsewhere = |resolve: &Resolve| match definition.kind {
            TypeDefKind::Type(wit_parser::Type::Id(target)) => {
                resolve.types[target].owner != definition.owner
            }
            _ => false,
        };
        if is_used_from_elsewhere(self.subject.resolve) {
            return;
        }
        let item = self.subject.type_item(self.home, id);
        if let Some(name) = &definition.name {
            self.name(name, Use::Type, item.copy());
        }
        match &definition.kind {
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    self.name(
                        &field.name,
                        Use::Field,
                        self.part(&item, "field", &field.name, Some(&field.ty), field.span),
                    );
                }
            }
            TypeDefKind::Variant(variant) => {
                for case in &variant.cases {
                    self.name(&case.name, Use::Case, self.part(&item, "case", &case.name, None, case.span));
                }
            }
            TypeDefKind::Enum(cases) => {
                for case in &cases.cases {
                    self.name(&case.name, Use::Case, self.part(&item, "case", &case.name, None, case.span));
                }
            }
            _ => {}
        }
    }

    /// A part of an item: ``field `x` ``.
    fn part(&self, item: &Item, kind: &str, name: &str, ty: Option<&Type>, span: Span) -> Item {
        let place = Place { part: Some(format!("{kind} `{name}`")), ..item.place.clone() };
        let wit = match ty {
            Some(ty) => format!("{}: {}", word(name), text::ty(self.subject.resolve, ty)),
            None => word(name),
        };
        Item { place, wit, span }
    }

    fn function(&mut self, function: &Function) {
        let item = self.subject.function_item(self.home, function);
        let what = if function.kind.resource().is_some() { Use::Member } else { Use::Function };
        if !function.name.starts_with("[constructor]") {
            self.name(function.item_name(), what, item.copy());
        }
        let is_method = function.name.starts_with("[method]");
        // The words that only the body of a function needs are in it when there is a value to take apart.
        let resolve = self.subject.resolve;
        let is_taken_apart = |ty: &Type| match ty {
            Type::String => true,
            Type::Id(id) => !matches!(resolve.types[*id].kind, TypeDefKind::Handle(_)),
            _ => false,
        };
        let params = &function.params[usize::from(is_method).min(function.params.len())..];
        for param in params {
            let others = params.iter().filter(|other| other.name != param.name);
            let has_body = others.map(|other| &other.ty).any(is_taken_apart);
            let what = if has_body { Use::Parameter } else { Use::LoneParameter };
            self.name(
                &param.name,
                what,
                self.part(&item, "parameter", &param.name, Some(&param.ty), param.span),
            );
        }
    }

    fn name(&mut self, name: &str, what: Use, item: Item) {
        let rows = rows(name, what);
        if rows.iter().all(|row| WORDS[*row].is_minor) {
            return;
        }
        let order = self.found.len();
        let known = self.found.iter_mut().find(|((_, known, of), _)| *known == rows && of == name);
        match known {
            Some((_, (_, more))) => *more += 1,
            None => {
                self.found.insert((order, rows, name.to_owned()), (item, 0));
            }
        }
    }

    fn findings(self) -> Vec<Finding> {
        let subject = self.subject;
        let one = |((_, rows, name), (item, more)): ((usize, Vec<usize>, String), (Item, usize))| {
            let fails = rows.iter().any(|row| WORDS[*row].escape == Escape::None);
            let level = if fails { Level::Breaking } else { Level::Note };
            let mut message = sentence(&name, &rows);
            if more > 0 {
                let places = if more == 1 { "place" } else { "places" };
                message += &format!("; so it is in {more} more {places} of `{}`", self.home.wit);
            }
            subject.finding(&KEYWORD_CLASH, level, &item, message)
        };
        self.found.into_iter().map(one).collect()
    }
}

/// What the languages of `rows` do with the name.
fn sentence(name: &str, rows: &[usize]) -> String {
    let languages = |escape: Escape| -> Vec<&str> {
        rows.iter()
            .map(|row| &WORDS[*row])
            .filter(|row| row.escape == escape)
            .map(|row| row.language)
            .collect()
    };
    let mut clauses = Vec::new();
    let fails = languages(Escape::None);
    if !fails.is_empty() {
        clauses.push(format!("in {} the bindings do not escape it and do not compile", list(&fails)));
    }
    let hidden = languages(Escape::Hidden);
    if !hidden.is_empty() {
        let language = list(&hidden);
        clauses.push(format!("in {language} the bindings may not compile, as they use the word themselves"));
    }
    let underscore = languages(Escape::Underscore);
    if !underscore.is_empty() {
        clauses.push(format!("in {} it is written with `_` at its end", list(&underscore)));
    }
    let quotes = languages(Escape::Quotes);
    if !quotes.is_empty() {
        clauses.push(format!("in {} it is written `@\"{}\"`", list(&quotes), name.replace('-', "_")));
    }
    format!("`{name}` is a word of its own in guest languages: {}", clauses.join("; "))
}

fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
