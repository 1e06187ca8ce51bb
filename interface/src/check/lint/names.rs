//! Names that are two in WIT and one in a guest language.
//!
//! What WIT itself takes for equal, without regard to case and hyphens, is refused when a package is read. Left are the
//! names that bindings make by joining others. Each kind here was found by making bindings and compiling them.

use std::collections::{HashMap, HashSet};

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem};

use super::{Item, Subject};
use crate::check::finding::Finding;
use crate::check::form_rules::NAME_CLASH;
use crate::check::rule::Level;

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let package = &subject.resolve.packages[subject.package];
    let freed = freed(subject.resolve);
    let mut findings = Vec::new();
    let mut flat = Names::new(subject, "C");
    for id in package.interfaces.values() {
        let scope = Scope::interface(subject, *id);
        flat.c(&scope, &freed);
        let mut go = Names::new(subject, "Go");
        go.go(&scope);
        let mut rust = Names::new(subject, "Rust");
        rust.rust(&scope);
        findings.extend(go.findings);
        findings.extend(rust.findings);
        findings.extend(members(subject, &scope));
    }
    for id in package.worlds.values() {
        // The bindings of two worlds never meet.
        let scope = Scope::world(subject, *id);
        let mut flat = Names::new(subject, "C");
        flat.c(&scope, &freed);
        let mut go = Names::new(subject, "Go");
        go.go(&scope);
        findings.extend(flat.findings);
        findings.extend(go.findings);
        findings.extend(members(subject, &scope));
    }
    findings.extend(flat.findings);
    findings
}

/// What an interface has, or a world itself.
struct Scope<'a> {
    home: Item,
    /// What C puts before every name.
    prefix: String,
    types: Vec<(&'a str, TypeId)>,
    functions: Vec<(&'a Function, Side)>,
    /// Whether its types can be exported; those of a world never are.
    is_exportable: bool,
}

/// From where a function is seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// An interface has it, which may be imported or exported: its names are compared as those of an import.
    Any,
    /// A world exports it itself.
    Exported,
}

impl<'a> Scope<'a> {
    fn interface(subject: &Subject<'a>, id: InterfaceId) -> Self {
        let interface = &subject.resolve.interfaces[id];
        let package = &subject.resolve.packages[subject.package].name;
        let name = interface.name.as_deref().unwrap_or_default();
        Self {
            home: subject.interface_item(id),
            prefix: [&package.namespace, &package.name, name].map(|name| name.to_snake_case()).join("_"),
            types: interface.types.iter().map(|(name, id)| (name.as_str(), *id)).collect(),
            functions: interface.functions.values().map(|function| (function, Side::Any)).collect(),
            is_exportable: true,
        }
    }

    fn world(subject: &Subject<'a>, id: WorldId) -> Self {
        let world = &subject.resolve.worlds[id];
        let (mut types, mut functions) = (Vec::new(), Vec::new());
        for item in world.imports.values() {
            match item {
                WorldItem::Function(function) => functions.push((function, Side::Any)),
                WorldItem::Type { id, .. } => {
                    types.push((subject.resolve.types[*id].name.as_deref().unwrap_or_default(), *id));
                }
                WorldItem::Interface { .. } => {}
            }
        }
        for item in world.exports.values() {
            if let WorldItem::Function(function) = item {
                functions.push((function, Side::Exported));
            }
        }
        let (home, prefix) = (subject.world_item(id), world.name.to_snake_case());
        Self { home, prefix, types, functions, is_exportable: false }
    }
}

/// The names of one scope of a language, and who has them.
struct Names<'a> {
    subject: &'a Subject<'a>,
    language: &'static str,
    taken: HashMap<String, (Item, String, When)>,
    told: HashSet<(String, String)>,
    findings: Vec<Finding>,
}

/// In which bindings a name is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Exported,
}

impl<'a> Names<'a> {
    fn new(subject: &'a Subject<'a>, language: &'static str) -> Self {
        Self { subject, language, taken: HashMap::new(), told: HashSet::new(), findings: Vec::new() }
    }

    /// `item` has the name `symbol`, which is `of_it`: its own name, or that of something that comes with it.
    fn take(&mut self, symbol: String, item: &Item, of_it: &str, when: When) {
        let this = item.full();
        let Some((other, other_of_it, other_when)) = self.taken.get(&symbol) else {
            self.taken.insert(symbol, (item.copy(), of_it.to_owned(), when));
            return;
        };
        let other_name = other.full();
        if other_name == this || !self.told.insert((other_name.clone(), this)) {
            return;
        }
        let its = if of_it.is_empty() { "it".to_owned() } else { format!("its {of_it}") };
        let theirs =
            if other_of_it.is_empty() { other_name } else { format!("the {other_of_it} of {other_name}") };
        let is_exported = when == When::Exported || *other_when == When::Exported;
        let when = if is_exported { ", where the interface is exported" } else { "" };
        let message = format!("in {}, {its} is called `{symbol}`, and so is {theirs}{when}", self.language);
        let finding = self.subject.finding(&NAME_CLASH, Level::Breaking, item, message);
        self.findings.push(finding);
    }

    /// One flat space for the whole program. The names of the package come first and are the same for all.
    fn c(&mut self, scope: &Scope<'_>, freed: &HashSet<TypeId>) {
        let subject = self.subject;
        let Scope { home, prefix, .. } = scope;
        for (name, ty) in &scope.types {
            let item = subject.type_item(home, *ty);
            let snake = name.to_snake_case();
            let definition = &subject.resolve.types[*ty];
            match &definition.kind {
                TypeDefKind::Resource => {
                    self.take(format!("{prefix}_own_{snake}_t"), &item, "handle", When::Always);
                    self.take(format!("{prefix}_borrow_{snake}_t"), &item, "borrowed handle", When::Always);
                    self.take(format!("{prefix}_{snake}_drop_own"), &item, "drop function", When::Always);
                    self.take(format!("{prefix}_{snake}_drop_borrow"), &item, "drop function", When::Always);
                    if scope.is_exportable {
                        self.take(format!("{prefix}_{snake}_t"), &item, "type", When::Exported);
                        self.take(format!("{prefix}_{snake}_new"), &item, "maker", When::Exported);
                        self.take(format!("{prefix}_{snake}_rep"), &item, "reader", When::Exported);
                    }
                }
                kind => {
                    self.take(format!("{prefix}_{snake}_t"), &item, "type", When::Always);
                    if freed.contains(ty) {
                        self.take(format!("{prefix}_{snake}_free"), &item, "free function", When::Always);
                    }
                    for case in cases(kind) {
                        let symbol =
                            format!("{prefix}_{snake}_{}", case.to_snake_case()).to_shouty_snake_case();
                        self.take(symbol, &item, &format!("case `{case}`"), When::Always);
                    }
                }
            }
        }
        for (function, side) in &scope.functions {
            let item = subject.function_item(home, function);
            let exports = if *side == Side::Exported { "exports_" } else { "" };
            self.take(format!("{exports}{prefix}_{}", c_function(function)), &item, "", When::Always);
        }
    }

    /// A Go package for each interface, and one for what a world imports itself. What it exports itself is in another one.
    fn go(&mut self, scope: &Scope<'_>) {
        let subject = self.subject;
        for (name, ty) in &scope.types {
            let item = subject.type_item(&scope.home, *ty);
            let camel = name.to_upper_camel_case();
            if matches!(subject.resolve.types[*ty].kind, TypeDefKind::Resource) {
                self.take(format!("{camel}FromOwnHandle"), &item, "maker", When::Always);
                self.take(format!("{camel}FromBorrowHandle"), &item, "maker", When::Always);
            }
            if let TypeDefKind::Variant(variant) = &subject.resolve.types[*ty].kind {
                for case in &variant.cases {
                    let symbol = format!("Make{camel}{}", case.name.to_upper_camel_case());
                    self.take(symbol, &item, &format!("maker of case `{}`", case.name), When::Always);
                }
            }
            self.take(camel, &item, "type", When::Always);
        }
        for (function, _) in scope.functions.iter().filter(|(_, side)| *side == Side::Any) {
            let item = subject.function_item(&scope.home, function);
            let Some(symbol) = go_function(subject.resolve, function) else { continue };
            self.take(symbol, &item, "", When::Always);
        }
    }

    /// A Rust module for each interface; only its types meet, as functions are in another space of names.
    fn rust(&mut self, scope: &Scope<'_>) {
        let subject = self.subject;
        for (name, ty) in &scope.types {
            let item = subject.type_item(&scope.home, *ty);
            let camel = name.to_upper_camel_case();
            let definition = &subject.resolve.types[*ty];
            if matches!(definition.kind, TypeDefKind::Resource) {
                self.take(format!("Guest{camel}"), &item, "trait", When::Exported);
                self.take(format!("{camel}Borrow"), &item, "borrowed handle", When::Exported);
            }
            self.take(camel, &item, "type", When::Exported);
        }
    }
}

/// Methods and static functions that meet those which bindings give to every resource.
fn members(subject: &Subject<'_>, scope: &Scope<'_>) -> Vec<Finding> {
    let has_constructor: HashSet<TypeId> = scope
        .functions
        .iter()
        .filter(|(function, _)| function.name.starts_with("[constructor]"))
        .filter_map(|(function, _)| function.kind.resource())
        .collect();
    let mut findings = Vec::new();
    for (function, _) in &scope.functions {
        let Some(resource) = function.kind.resource() else { continue };
        if function.name.starts_with("[constructor]") {
            continue;
        }
        let name = function.item_name().to_snake_case();
        let problem = match name.as_str() {
            "handle" | "take_handle" | "from_handle" => {
                format!("in Rust, the bindings of an imported resource have a function `{name}` of their own")
            }
            "new" if has_constructor.contains(&resource) => {
                "in Rust and C++, the constructor of the resource is called `new` too".to_owned()
            }
            _ => continue,
        };
        let item = subject.function_item(&scope.home, function);
        findings.push(subject.finding(&NAME_CLASH, Level::Breaking, &item, problem));
    }
    findings
}

/// `method_file_read`.
fn c_function(function: &Function) -> String {
    let name = function.name.replace(['[', ']', '.'], "-");
    name.trim_matches('-').to_snake_case()
}

/// The name of a function of a Go package; methods have one of their own for each type.
fn go_function(resolve: &Resolve, function: &Function) -> Option<String> {
    let name = function.item_name().to_upper_camel_case();
    let Some(resource) = function.kind.resource() else { return Some(name) };
    let resource = resolve.types[resource].name.as_deref().unwrap_or_default().to_upper_camel_case();
    if function.name.starts_with("[constructor]") {
        Some(format!("Make{resource}"))
    } else if function.name.starts_with("[static]") {
        Some(format!("{resource}{name}"))
    } else {
        None
    }
}

/// The cases that C names with a constant.
fn cases(kind: &TypeDefKind) -> Vec<&str> {
    match kind {
        TypeDefKind::Enum(found) => found.cases.iter().map(|case| case.name.as_str()).collect(),
        TypeDefKind::Variant(found) => found.cases.iter().map(|case| case.name.as_str()).collect(),
        TypeDefKind::Flags(found) => found.flags.iter().map(|flag| flag.name.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The types for which C has a function that frees them.
fn freed(resolve: &Resolve) -> HashSet<TypeId> {
    let mut freed = HashSet::new();
    // A type stands behind all that it mentions.
    for (id, definition) in resolve.types.iter() {
        let is_freed = |ty: &Type| match ty {
            Type::String => true,
            Type::Id(id) => freed.contains(id),
            _ => false,
        };
        let found = match &definition.kind {
            TypeDefKind::List(_)
            | TypeDefKind::Map(..)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Option(_)
            | TypeDefKind::Result(_) => true,
            TypeDefKind::Record(record) => record.fields.iter().any(|field| is_freed(&field.ty)),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().any(is_freed),
            TypeDefKind::Type(ty) => is_freed(ty),
            _ => false,
        };
        if found {
            freed.insert(id);
        }
    }
    freed
}

impl Item {
    /// The item with its interface or world, for comparing it with another.
    fn full(&self) -> String {
        let item = self.place.item.clone().unwrap_or_default();
        let home = self.place.interface.as_ref().or(self.place.worlds.first());
        format!("{item} of `{}`", home.map(String::as_str).unwrap_or_default())
    }
}
