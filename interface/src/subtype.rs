//! Says everything in which an export differs from the import it should fill.
//!
//! The rules are those of the component model: an instance may have more than is asked for, but whatever is asked for
//! must be there under the same name, and value types and functions must be equal, with the names of parameters,
//! fields, cases and flags. A resource is equal to nothing but itself.

mod shape;

use std::collections::HashSet;

use serde::Serialize;

use crate::limits::MISMATCHES_MAX;
use crate::model::{Body, Extern, Func, Interface, Model, Ty, TypeId};
use crate::near::nearest;
use crate::surface::Surface;
use crate::text::{self, FunctionName, word};

/// What stands for a missing item in [`Mismatch::found`] and for an item too many in [`Mismatch::expected`].
const NOTHING: &str = "nothing";

/// One difference between what an import asks for and what an export has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Where inside the interface: ``function `get`, parameter `key` ``; empty for the item as a whole.
    pub path: String,
    /// What the import asks for, as WIT text, or `nothing`.
    pub expected: String,
    /// What the export has, as WIT text, or `nothing`.
    pub found: String,
    /// Where nothing was found, the name nearest to the one that is asked for, if one is so near that it may be meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similar: Option<String>,
}

impl Mismatch {
    /// What the import asks for as a message shows it: WIT in backticks, words as they are.
    pub fn expected_shown(&self) -> String {
        shown(&self.expected)
    }

    /// What the export has as a message shows it: WIT in backticks, words as they are.
    pub fn found_shown(&self) -> String {
        shown(&self.found)
    }
}

/// Words such as "nothing" and "an interface" are no WIT; no WIT text begins like them. Text that has marks of its own,
/// as that of a resource and its interface, stays as it is.
fn shown(ty: &str) -> String {
    let is_word = ty.contains('`') || ty == NOTHING || ty.starts_with("a ") || ty.starts_with("an ");
    if is_word { ty.to_owned() } else { format!("`{ty}`") }
}

/// Lists all differences, at most [`MISMATCHES_MAX`], that keep the export named `export` of `exporter` from filling
/// the import named `import` of `importer`; none when it fits.
///
/// Resources that the import takes from another interface must come from that interface on both sides; whether both
/// get them from the same component is a question of the wiring and not of two surfaces.
pub fn mismatches(importer: &Surface, import: &str, exporter: &Surface, export: &str) -> Vec<Mismatch> {
    let expected = find(&importer.model.root.imports, import);
    let found = find(&exporter.model.root.exports, export);
    compare(importer, expected, exporter, found, Mode::Fill)
}

/// Lists all differences that keep an import of a composition from filling an import of a component inside it: the
/// import named `outer_import` of `outer` takes the place of an export.
pub fn import_mismatches(
    importer: &Surface,
    import: &str,
    outer: &Surface,
    outer_import: &str,
) -> Vec<Mismatch> {
    let expected = find(&importer.model.root.imports, import);
    let found = find(&outer.model.root.imports, outer_import);
    compare(importer, expected, outer, found, Mode::Fill)
}

/// Lists all differences that keep two imports from being one import of a composition; each may have items that the
/// other has not.
pub fn conflicts(
    first: &Surface,
    first_import: &str,
    second: &Surface,
    second_import: &str,
) -> Vec<Mismatch> {
    let expected = find(&first.model.root.imports, first_import);
    let found = find(&second.model.root.imports, second_import);
    compare(first, expected, second, found, Mode::Merge)
}

/// Lists all differences that keep `found` from standing where `expected` is wanted.
pub(crate) fn compare_filling(
    expected_side: &Surface,
    expected: &Extern,
    found_side: &Surface,
    found: &Extern,
) -> Vec<Mismatch> {
    compare(expected_side, Some(expected), found_side, Some(found), Mode::Fill)
}

fn find<'a>(externs: &'a [(String, Extern)], name: &str) -> Option<&'a Extern> {
    externs.iter().find(|(known, _)| known == name).map(|(_, item)| item)
}

fn compare(
    expected_side: &Surface,
    expected: Option<&Extern>,
    found_side: &Surface,
    found: Option<&Extern>,
    mode: Mode,
) -> Vec<Mismatch> {
    let mut comparison = Comparison {
        expected: &expected_side.model,
        found: &found_side.model,
        own_home: match expected {
            Some(Extern::Interface(interface)) => Some(&interface.name),
            _ => None,
        },
        mode,
        seen: HashSet::new(),
        reported: HashSet::new(),
        list: Vec::new(),
    };
    if let (Some(expected), Some(found)) = (expected, found) {
        comparison.externs(expected, found);
    } else if expected.is_some() != found.is_some() {
        let describe = |item: Option<&Extern>| item.map_or(NOTHING, extern_kind).to_owned();
        comparison.add("", describe(expected), describe(found));
    }
    comparison.list
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The found item must have all that the expected one has.
    Fill,
    /// Only what both have must agree.
    Merge,
}

struct Comparison<'a> {
    expected: &'a Model,
    found: &'a Model,
    /// The name of the expected interface: a resource of its own may be filled by any resource.
    own_home: Option<&'a str>,
    mode: Mode,
    /// The definitions that have been compared.
    seen: HashSet<(TypeId, TypeId)>,
    /// Named types that are listed as different: functions that mention them are not listed again.
    reported: HashSet<(TypeId, TypeId)>,
    list: Vec<Mismatch>,
}

impl<'a> Comparison<'a> {
    fn add(&mut self, path: &str, expected: impl Into<String>, found: impl Into<String>) {
        self.add_similar(path, expected, found, None);
    }

    fn add_similar(
        &mut self,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        similar: Option<&str>,
    ) {
        let mismatch = Mismatch {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
            similar: similar.map(str::to_owned),
        };
        if self.list.len() < MISMATCHES_MAX && !self.list.contains(&mismatch) {
            self.list.push(mismatch);
        }
    }

    fn externs(&mut self, expected: &'a Extern, found: &'a Extern) {
        match (expected, found) {
            (Extern::Interface(expected), Extern::Interface(found)) => self.interfaces(expected, found),
            (Extern::Function(expected), Extern::Function(found)) => self.functions(expected, found),
            (Extern::Type(expected), Extern::Type(found)) => self.named(*expected, *found),
            (Extern::Value(expected), Extern::Value(found)) => self.types("value", expected, found),
            // The insides of components and modules are left to the validator.
            (Extern::Component, Extern::Component) | (Extern::Module, Extern::Module) => {}
            _ => self.add("", self.describe(self.expected, expected), self.describe(self.found, found)),
        }
    }

    fn describe(&self, model: &Model, item: &Extern) -> String {
        match item {
            Extern::Function(function) => text::signature(model, function),
            Extern::Type(id) => text::definition(model, *id),
            _ => extern_kind(item).to_owned(),
        }
    }

    fn interfaces(&mut self, expected: &'a Interface, found: &'a Interface) {
        for (name, id) in &expected.types {
            match found.types.iter().find(|(known, _)| known == name) {
                Some((_, other)) => self.named(*id, *other),
                None if self.mode == Mode::Fill => {
                    let definition = text::definition(self.expected, *id);
                    let kind = definition.split(' ').next().unwrap_or("type");
                    let kind = if kind == "use" { "type" } else { kind };
                    let similar = nearest(name, found.types.iter().map(|(known, _)| known.as_str()));
                    self.add_similar(&format!("{kind} `{name}`"), definition.clone(), NOTHING, similar);
                }
                None => {}
            }
        }
        for function in &expected.functions {
            match found.functions.iter().find(|known| known.name == function.name) {
                Some(other) => self.functions(function, other),
                None if self.mode == Mode::Fill => self.missing_function(function, found),
                None => {}
            }
        }
        for (name, kind) in &expected.others {
            let other = found.others.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind);
            if other != Some(*kind) && (self.mode == Mode::Fill || other.is_some()) {
                self.add(&format!("{kind} `{name}`"), *kind, other.unwrap_or(NOTHING));
            }
        }
    }

    /// A function that is not there may be there as another kind: a method as a static function.
    fn missing_function(&mut self, function: &Func, found: &Interface) {
        let spoken = FunctionName::parse(&function.name).spoken();
        let other = found.functions.iter().find(|known| FunctionName::parse(&known.name).spoken() == spoken);
        let signature = other.map_or_else(|| NOTHING.to_owned(), |other| text::signature(self.found, other));
        let similar = match other {
            Some(_) => None,
            None => similar_function(function, found),
        };
        let path = function_path(function);
        self.add_similar(&path, text::signature(self.expected, function), signature, similar);
    }

    fn functions(&mut self, expected: &'a Func, found: &'a Func) {
        let path = function_path(expected);
        if expected.is_async != found.is_async {
            self.add(&path, text::signature(self.expected, expected), text::signature(self.found, found));
        }
        // The receiver of a method is not written in WIT, and its type follows from the method's name.
        let skipped = usize::from(matches!(FunctionName::parse(&expected.name), FunctionName::Method { .. }));
        let (expected_params, found_params) = (
            expected.params.get(skipped..).unwrap_or_default(),
            found.params.get(skipped..).unwrap_or_default(),
        );
        let names_equal =
            expected_params.iter().map(|(name, _)| name).eq(found_params.iter().map(|(name, _)| name));
        if !names_equal {
            let list = |model: &Model, params: &[(String, Ty)]| {
                let params: Vec<String> = params
                    .iter()
                    .map(|(name, ty)| format!("{}: {}", word(name), text::ty(model, ty)))
                    .collect();
                format!("({})", params.join(", "))
            };
            let (expected, found) = (list(self.expected, expected_params), list(self.found, found_params));
            self.add(&format!("{path}, parameters"), expected, found);
        }
        for (name, ty) in expected_params {
            if let Some((_, other)) = found_params.iter().find(|(known, _)| known == name) {
                // When the lists differ as a whole they have been shown, but the types deeper down have not.
                let path = if names_equal { format!("{path}, parameter `{name}`") } else { String::new() };
                self.types_or_deeper(&path, ty, other, names_equal);
            }
        }
        match (&expected.result, &found.result) {
            (None, None) => {}
            (Some(expected), Some(found)) => self.types(&format!("{path}, result"), expected, found),
            (expected, found) => {
                let show =
                    |model, ty: &Option<Ty>| ty.as_ref().map_or(NOTHING.to_owned(), |ty| text::ty(model, ty));
                let (expected, found) = (show(self.expected, expected), show(self.found, found));
                self.add(&format!("{path}, result"), expected, found);
            }
        }
    }

    fn types(&mut self, path: &str, expected: &'a Ty, found: &'a Ty) {
        self.types_or_deeper(path, expected, found, true);
    }

    /// Reports the place itself when the shapes differ (and `report` is set), and whatever differs inside the
    /// definitions that both sides name there.
    fn types_or_deeper(&mut self, path: &str, expected: &'a Ty, found: &'a Ty, report: bool) {
        let mut pairs = Vec::new();
        if !self.same_shape(expected, found, &mut pairs) && report {
            let (mut expected_text, mut found_text) =
                (text::ty(self.expected, expected), text::ty(self.found, found));
            if expected_text == found_text {
                expected_text = self.spelled_out(self.expected, expected);
                found_text = self.spelled_out(self.found, found);
            }
            self.add(path, expected_text, found_text);
        }
        for (expected, found) in pairs {
            self.definitions(expected, found);
        }
    }

    /// Two named types of the same name.
    fn named(&mut self, expected: TypeId, found: TypeId) {
        let (expected_origin, found_origin) = (self.expected.origin(expected), self.found.origin(found));
        let name = self.expected.types[expected].name.clone();
        match (&self.expected.types[expected_origin].body, &self.found.types[found_origin].body) {
            (Body::Resource, Body::Resource) => {
                if !self.same_resource(expected_origin, found_origin) {
                    self.reported.insert((expected_origin, found_origin));
                    let (expected, found) =
                        (origin_text(self.expected, expected), origin_text(self.found, found));
                    self.add(&format!("resource `{name}`"), expected, found);
                }
            }
            (Body::Value(expected_ty), Body::Value(found_ty)) => {
                let (expected_kind, found_kind) = (text::kind(expected_ty), text::kind(found_ty));
                if expected_kind == found_kind && expected_kind != "type" {
                    self.definitions(expected_origin, found_origin);
                } else {
                    let before = self.list.len();
                    self.types(&format!("type `{name}`"), expected_ty, found_ty);
                    if self.list.len() > before {
                        self.reported.insert((expected_origin, found_origin));
                    }
                }
            }
            _ => {
                self.reported.insert((expected_origin, found_origin));
                let (expected, found) = (
                    text::definition(self.expected, expected_origin),
                    text::definition(self.found, found_origin),
                );
                self.add(&format!("type `{name}`"), expected, found);
            }
        }
    }

    /// Two records, variants, enums or flags, member by member; each pair once.
    fn definitions(&mut self, expected: TypeId, found: TypeId) {
        if !self.seen.insert((expected, found)) {
            return;
        }
        let (Body::Value(expected_ty), Body::Value(found_ty)) =
            (&self.expected.types[expected].body, &self.found.types[found].body)
        else {
            return;
        };
        let path = format!("{} `{}`", text::kind(expected_ty), self.expected.types[expected].name);
        let member = match expected_ty {
            Ty::Record(_) => "field",
            Ty::Flags(_) => "flag",
            _ => "case",
        };
        let (expected_members, found_members) = (member_types(expected_ty), member_types(found_ty));
        let show = |model: &Model, name: &str, ty: Option<&Ty>| match (member, ty) {
            ("field", Some(ty)) => format!("{}: {}", word(name), text::ty(model, ty)),
            (_, Some(ty)) => format!("{}({})", word(name), text::ty(model, ty)),
            (_, None) => word(name),
        };
        for (name, ty) in &expected_members {
            let place = format!("{path}, {member} `{name}`");
            match (ty, found_members.iter().find(|(known, _)| known == name)) {
                (Some(ty), Some((_, Some(other)))) => self.types(&place, ty, other),
                (None, Some((_, None))) => {}
                (ty, Some((_, other))) => {
                    self.add(&place, show(self.expected, name, *ty), show(self.found, name, *other));
                }
                (ty, None) => {
                    let similar = nearest(name, found_members.iter().map(|(known, _)| *known));
                    self.add_similar(&place, show(self.expected, name, *ty), NOTHING, similar);
                }
            }
        }
        let mut same_set = expected_members.len() == found_members.len();
        for (name, ty) in &found_members {
            if !expected_members.iter().any(|(known, _)| known == name) {
                same_set = false;
                self.add(&format!("{path}, {member} `{name}`"), NOTHING, show(self.found, name, *ty));
            }
        }
        let names = |members: &[(&str, Option<&Ty>)]| {
            members.iter().map(|(name, _)| word(name)).collect::<Vec<_>>().join(", ")
        };
        let (expected_names, found_names) = (names(&expected_members), names(&found_members));
        if same_set && expected_names != found_names {
            self.add(&format!("{path}, order of the {member}s"), expected_names, found_names);
        }
    }
}

/// The function of the same kind and resource whose name is nearest.
fn similar_function<'a>(function: &Func, found: &'a Interface) -> Option<&'a str> {
    let asked = FunctionName::parse(&function.name);
    let same_kind = found.functions.iter().filter_map(|known| {
        let parsed = FunctionName::parse(&known.name);
        match (&asked, parsed) {
            (FunctionName::Plain(_), FunctionName::Plain(name)) => Some(name),
            (FunctionName::Method { resource: asked, .. }, FunctionName::Method { resource, name })
            | (FunctionName::Static { resource: asked, .. }, FunctionName::Static { resource, name })
                if *asked == resource =>
            {
                Some(name)
            }
            _ => None,
        }
    });
    match asked {
        FunctionName::Plain(name) | FunctionName::Method { name, .. } | FunctionName::Static { name, .. } => {
            nearest(name, same_kind)
        }
        FunctionName::Constructor { .. } => None,
    }
}

fn member_types(ty: &Ty) -> Vec<(&str, Option<&Ty>)> {
    match ty {
        Ty::Record(fields) => fields.iter().map(|(name, ty)| (name.as_str(), Some(ty))).collect(),
        Ty::Variant(cases) => cases.iter().map(|(name, ty)| (name.as_str(), ty.as_ref())).collect(),
        Ty::Flags(names) | Ty::Enum(names) => names.iter().map(|name| (name.as_str(), None)).collect(),
        _ => Vec::new(),
    }
}

fn function_path(function: &Func) -> String {
    match FunctionName::parse(&function.name) {
        FunctionName::Plain(name) => format!("function `{name}`"),
        FunctionName::Constructor { resource } => format!("constructor of `{resource}`"),
        FunctionName::Method { resource, name } => format!("method `{resource}.{name}`"),
        FunctionName::Static { resource, name } => format!("static function `{resource}.{name}`"),
    }
}

fn origin_text(model: &Model, id: TypeId) -> String {
    let origin = &model.types[model.origin(id)];
    match &origin.home {
        Some(home) => format!("`{}` of `{home}`", origin.name),
        None => format!("`{}`", origin.name),
    }
}

pub(crate) fn extern_kind(item: &Extern) -> &'static str {
    match item {
        Extern::Interface(_) => "an interface",
        Extern::Function(_) => "a function",
        Extern::Type(_) => "a type",
        Extern::Component => "a component",
        Extern::Module => "a core module",
        Extern::Value(_) => "a value",
    }
}
