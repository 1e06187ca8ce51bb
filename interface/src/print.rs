//! The whole surface as WIT text that a WIT parser reads again: the world first, then every package it speaks of.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::model::{Body, Extern, Func, Interface, Model, Ty, TypeId, World};
use crate::name::InterfaceParts;
use crate::text::{self, FunctionName, word};

/// A component: `world root` with what it imports and exports.
pub(crate) fn component(model: &Model) -> String {
    let mut printer = Printer::new(model);
    printer.gather_world(&model.root);
    printer.line("package root:component;");
    printer.blank();
    printer.world("root", &model.root, "root:component");
    printer.packages("root:component");
    printer.out
}

/// A WIT package: its interfaces and worlds, then those of others that they use.
pub(crate) fn package(model: &Model, package: &str) -> String {
    let mut printer = Printer::new(model);
    for interface in model.interfaces.iter().chain(&model.foreign) {
        printer.gather(interface);
    }
    for (_, world) in &model.worlds {
        printer.gather_world(world);
    }
    printer.line(&format!("package {};", printable_package(package)));
    printer.interfaces_of(package);
    for (name, world) in &model.worlds {
        let short = InterfaceParts::parse(name).map_or_else(|| name.clone(), |parts| parts.interface);
        printer.blank();
        printer.world(&short, world, package);
    }
    printer.packages(package);
    printer.out
}

/// `namespace:name@version` of an interface's full name.
pub(crate) fn package_of(interface: &str) -> Option<String> {
    let (path, version) = match interface.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (interface, None),
    };
    let (package, _) = path.split_once('/')?;
    Some(match version {
        Some(version) => format!("{package}@{version}"),
        None => package.to_owned(),
    })
}

fn printable_package(package: &str) -> String {
    let (path, version) = package.split_once('@').map_or((package, ""), |(path, version)| (path, version));
    let path = path.split(':').map(word).collect::<Vec<_>>().join(":");
    if version.is_empty() { path } else { format!("{path}@{version}") }
}

/// One interface, put together from every place where a part of it is seen.
#[derive(Default)]
struct Whole<'a> {
    types: IndexMap<&'a str, TypeId>,
    functions: IndexMap<&'a str, &'a Func>,
    others: Vec<(&'a str, &'static str)>,
}

struct Printer<'a> {
    model: &'a Model,
    out: String,
    depth: usize,
    interfaces: IndexMap<&'a str, Whole<'a>>,
}

impl<'a> Printer<'a> {
    fn new(model: &'a Model) -> Self {
        Self { model, out: String::new(), depth: 0, interfaces: IndexMap::new() }
    }

    fn gather_world(&mut self, world: &'a World) {
        for (_, item) in world.imports.iter().chain(&world.exports) {
            if let Extern::Interface(interface) = item {
                self.gather(interface);
            }
        }
    }

    fn gather(&mut self, interface: &'a Interface) {
        let name = interface.implements.as_deref().unwrap_or(&interface.name);
        if InterfaceParts::parse(name).is_none() {
            return;
        }
        let whole = self.interfaces.entry(name).or_default();
        add(whole, interface);
    }

    fn line(&mut self, text: &str) {
        if !text.is_empty() {
            for _ in 0..self.depth {
                self.out.push_str("  ");
            }
            self.out.push_str(text);
        }
        self.out.push('\n');
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn open(&mut self, text: &str) {
        self.line(&format!("{text} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// Every package but the one that is printed already, as nested `package … { }` blocks.
    fn packages(&mut self, printed: &str) {
        let mut packages: Vec<String> = Vec::new();
        for name in self.interfaces.keys() {
            if let Some(package) = package_of(name).filter(|package| package != printed)
                && !packages.contains(&package)
            {
                packages.push(package);
            }
        }
        for package in packages {
            self.blank();
            self.open(&format!("package {}", printable_package(&package)));
            let start = self.out.len();
            self.interfaces_of(&package);
            // The block begins with its first interface, not with an empty line.
            if self.out[start..].starts_with('\n') {
                self.out.remove(start);
            }
            self.close();
        }
    }

    fn interfaces_of(&mut self, package: &str) {
        let names: Vec<&'a str> = self
            .interfaces
            .keys()
            .copied()
            .filter(|name| package_of(name).as_deref() == Some(package))
            .collect();
        for name in names {
            let Some(whole) = self.interfaces.shift_remove(name) else { continue };
            let short = InterfaceParts::parse(name).map_or_else(|| name.to_owned(), |parts| parts.interface);
            self.blank();
            self.open(&format!("interface {}", word(&short)));
            self.body(&whole, Some(name), package);
            self.close();
        }
    }

    /// The path of an interface as seen from `package`.
    fn path(&self, interface: &str, package: &str) -> String {
        match InterfaceParts::parse(interface) {
            Some(parts) if package_of(interface).as_deref() == Some(package) => word(&parts.interface),
            Some(parts) => {
                let version =
                    interface.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
                format!(
                    "{}:{}/{}{version}",
                    word(&parts.namespace),
                    word(&parts.package),
                    word(&parts.interface)
                )
            }
            None => word(interface),
        }
    }

    fn world(&mut self, name: &str, world: &'a World, package: &str) {
        self.open(&format!("world {}", word(name)));
        let mut whole = Whole::default();
        for (name, item) in &world.imports {
            match item {
                Extern::Type(id) => {
                    whole.types.insert(name, *id);
                }
                Extern::Function(function) if FunctionName::parse(&function.name).resource().is_some() => {
                    whole.functions.insert(name, function);
                }
                _ => self.world_item("import", name, item, package),
            }
        }
        self.body(&whole, None, package);
        for (name, item) in &world.exports {
            self.world_item("export", name, item, package);
        }
        self.close();
    }

    fn world_item(&mut self, direction: &str, name: &str, item: &'a Extern, package: &str) {
        let unsayable = |kind: &str| format!("// {direction} of {kind} `{name}`, which WIT cannot express");
        match item {
            Extern::Interface(Interface { implements: Some(implements), .. }) => {
                let path = self.path(implements, package);
                self.line(&format!("{direction} {}: {path};", word(name)));
            }
            Extern::Interface(_) if InterfaceParts::parse(name).is_some() => {
                let path = self.path(name, package);
                self.line(&format!("{direction} {path};"));
            }
            Extern::Interface(interface) => {
                self.open(&format!("{direction} {}: interface", word(name)));
                let mut whole = Whole::default();
                add(&mut whole, interface);
                self.body(&whole, Some(name), package);
                self.close();
            }
            Extern::Function(function) => {
                let signature = text::signature(self.model, function);
                self.line(&format!("{direction} {}: {signature};", word(name)));
            }
            Extern::Type(id) => {
                let definition = text::definition(self.model, *id);
                self.line(&unsayable(&format!("the type `{definition}` as")));
            }
            Extern::Component => self.line(&unsayable("component")),
            Extern::Module => self.line(&unsayable("core module")),
            Extern::Value(ty) => {
                let ty = text::ty(self.model, ty);
                self.line(&unsayable(&format!("a value of type `{ty}`")));
            }
        }
    }

    /// What stands between the braces of an interface: uses, types, functions.
    fn body(&mut self, whole: &Whole<'a>, home: Option<&str>, package: &str) {
        self.uses(whole, home, package);
        let mut in_resources: HashSet<&str> = HashSet::new();
        for (name, id) in &whole.types {
            let id = self.own_view(*id, name, home);
            let named = &self.model.types[id];
            match &named.body {
                Body::Resource => in_resources.extend(self.resource(name, whole)),
                Body::Value(Ty::Named(target)) if source(self.model, *target, home).is_some() => {}
                Body::Value(ty @ (Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_))) => {
                    self.open(&format!("{} {}", text::kind(ty), word(name)));
                    for member in text::members(self.model, ty) {
                        self.line(&format!("{member},"));
                    }
                    self.close();
                }
                Body::Value(ty) => {
                    let ty = text::ty(self.model, ty);
                    self.line(&format!("type {} = {ty};", word(name)));
                }
            }
        }
        for (name, function) in &whole.functions {
            if !in_resources.contains(name) {
                let signature = text::signature(self.model, function);
                let import = if home.is_none() { "import " } else { "" };
                self.line(&format!("{import}{}: {signature};", word(name)));
            }
        }
        for (name, kind) in &whole.others {
            self.line(&format!("// {kind} `{name}`, which WIT cannot express"));
        }
    }

    /// An interface that is both imported and exported shows its types twice, the second time as an alias of the
    /// first: for the text they are one.
    fn own_view(&self, id: TypeId, name: &str, home: Option<&str>) -> TypeId {
        let mut id = id;
        while let Body::Value(Ty::Named(target)) = &self.model.types[id].body {
            let named = &self.model.types[*target];
            if home.is_none() || named.home.as_deref() != home || named.name != name {
                break;
            }
            id = *target;
        }
        id
    }

    fn uses(&mut self, whole: &Whole<'a>, home: Option<&str>, package: &str) {
        let mut sources: IndexMap<String, Vec<String>> = IndexMap::new();
        for (name, id) in &whole.types {
            let id = self.own_view(*id, name, home);
            if let Body::Value(Ty::Named(target)) = &self.model.types[id].body
                && let Some(from) = source(self.model, *target, home)
            {
                let there = &self.model.types[*target].name;
                let item =
                    if there == name { word(name) } else { format!("{} as {}", word(there), word(name)) };
                sources.entry(from.to_owned()).or_default().push(item);
            }
        }
        for (from, items) in sources {
            let path = self.path(&from, package);
            self.line(&format!("use {path}.{{{}}};", items.join(", ")));
        }
    }

    /// A resource with its methods; returns the long names of what it printed.
    fn resource(&mut self, name: &str, whole: &Whole<'a>) -> Vec<&'a str> {
        let members: Vec<(&'a str, &'a Func)> = whole
            .functions
            .iter()
            .filter(|(long, _)| FunctionName::parse(long).resource() == Some(name))
            .map(|(long, function)| (*long, *function))
            .collect();
        if members.is_empty() {
            self.line(&format!("resource {};", word(name)));
            return Vec::new();
        }
        self.open(&format!("resource {}", word(name)));
        for (long, function) in &members {
            let signature = text::signature(self.model, function);
            match FunctionName::parse(long) {
                FunctionName::Method { name, .. } | FunctionName::Static { name, .. } => {
                    self.line(&format!("{}: {signature};", word(name)));
                }
                FunctionName::Constructor { .. } | FunctionName::Plain(_) => {
                    self.line(&format!("{signature};"))
                }
            }
        }
        self.close();
        members.into_iter().map(|(long, _)| long).collect()
    }
}

/// The interface that `target` is used from, when it is another than `home` and can be named.
fn source<'m>(model: &'m Model, target: TypeId, home: Option<&str>) -> Option<&'m str> {
    let from = model.types[target].home.as_deref()?;
    let other = home.is_none_or(|home| home != from);
    (other && InterfaceParts::parse(from).is_some()).then_some(from)
}

fn add<'a>(whole: &mut Whole<'a>, interface: &'a Interface) {
    for (name, id) in &interface.types {
        whole.types.entry(name).or_insert(*id);
    }
    for function in &interface.functions {
        whole.functions.entry(&function.name).or_insert(function);
    }
    for (name, kind) in &interface.others {
        if !whole.others.iter().any(|(known, _)| known == name) {
            whole.others.push((name, kind));
        }
    }
}
