//! The surface of a component or WIT package: what it imports and exports, as data.

use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::convert::{Converted, convert};
use crate::error::DecodeError;
use crate::model::{Extern, Func, Interface, Model, TypeId, World};
use crate::name::InterfaceParts;
use crate::text::{self, FunctionName};
use crate::{print, wasm};

/// What a component or WIT package imports and exports.
#[derive(Debug, Clone)]
pub struct Surface {
    /// A component or a WIT package.
    pub kind: SurfaceKind,
    /// The package of a WIT package. A component does not say which package it is, so there it is `None`.
    pub package: Option<PackageName>,
    /// What a component needs, in the order of the binary; empty for a WIT package.
    pub imports: Vec<Item>,
    /// What a component gives, in the order of the binary; empty for a WIT package.
    pub exports: Vec<Item>,
    /// The interfaces of a WIT package.
    pub interfaces: Vec<Item>,
    /// The worlds of a WIT package.
    pub worlds: Vec<WorldSurface>,
    pub(crate) model: Model,
}

/// What a surface is as data: its fields and the WIT text.
#[derive(Serialize)]
struct SurfaceData<'a> {
    kind: SurfaceKind,
    package: &'a Option<PackageName>,
    imports: &'a [Item],
    exports: &'a [Item],
    interfaces: &'a [Item],
    worlds: &'a [WorldSurface],
    wit: String,
}

impl Serialize for Surface {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { kind, package, imports, exports, interfaces, worlds, model: _ } = self;
        SurfaceData { kind: *kind, package, imports, exports, interfaces, worlds, wit: self.wit() }
            .serialize(serializer)
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurfaceKind {
    /// A component.
    Component,
    /// A WIT package in binary form.
    WitPackage,
}

/// The name of a package, `namespace:name@version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageName {
    /// The namespace, `wasi` in `wasi:http@0.2.6`.
    pub namespace: String,
    /// The name, `http`.
    pub name: String,
    /// The version, if it has one.
    pub version: Option<Version>,
}

impl fmt::Display for PackageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.namespace, self.name)?;
        match &self.version {
            Some(version) => write!(formatter, "@{version}"),
            None => Ok(()),
        }
    }
}

/// The imports and exports of one world of a WIT package.
#[derive(Debug, Clone, Serialize)]
pub struct WorldSurface {
    /// The world's name without its package.
    pub name: String,
    /// What a component of this world may need.
    pub imports: Vec<Item>,
    /// What a component of this world gives.
    pub exports: Vec<Item>,
}

/// One import, export or interface.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// The whole name, `wasi:http/types@0.2.6` or `run`.
    pub name: String,
    /// What kind of thing it is.
    pub kind: ItemKind,
    /// The name taken apart, when it is that of an interface.
    pub parts: Option<InterfaceParts>,
    /// The interface that a plain name stands for (`implements`), if it says so.
    pub implements: Option<String>,
    /// The functions of an interface, or the one function; without those that belong to a resource.
    pub functions: Vec<Function>,
    /// The types of an interface, or the one type; without resources.
    pub types: Vec<TypeItem>,
    /// The resources with their functions.
    pub resources: Vec<Resource>,
}

/// What an import or export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A named interface, `wasi:cli/run@0.2.6`.
    Interface,
    /// An instance with a plain name.
    Instance,
    /// A function.
    Function,
    /// A type.
    Type,
    /// A whole component.
    Component,
    /// A core module.
    Module,
    /// A value.
    Value,
}

/// A function and its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The name; within a resource that of the method, `constructor` for the constructor.
    pub name: String,
    /// The type as WIT text, `func(key: string) -> option<u32>`.
    pub signature: String,
    /// Whether it is an `async func`.
    pub is_async: bool,
}

/// A named type and its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeItem {
    /// The name.
    pub name: String,
    /// The definition as WIT text on one line, `record point { x: u32, y: u32 }`.
    pub wit: String,
}

/// A resource and the functions that belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The name.
    pub name: String,
    /// Constructor, methods and statics.
    pub functions: Vec<Function>,
}

/// Reads and validates a component or a binary WIT package.
///
/// # Errors
///
/// See [`DecodeError`]; no input makes it panic.
pub fn decode(bytes: &[u8]) -> Result<Surface, DecodeError> {
    let validated = wasm::validate(bytes)?;
    let Converted { model, is_wit_package } = convert(&validated)?;
    Ok(if is_wit_package { wit_package(model) } else { component(model) })
}

fn component(model: Model) -> Surface {
    Surface {
        kind: SurfaceKind::Component,
        package: None,
        imports: items(&model, &model.root.imports),
        exports: items(&model, &model.root.exports),
        interfaces: Vec::new(),
        worlds: Vec::new(),
        model,
    }
}

fn wit_package(model: Model) -> Surface {
    let package = InterfaceParts::parse(first_name(&model));
    Surface {
        kind: SurfaceKind::WitPackage,
        package: package.map(|parts| PackageName {
            namespace: parts.namespace,
            name: parts.package,
            version: parts.version,
        }),
        imports: Vec::new(),
        exports: Vec::new(),
        interfaces: model.interfaces.iter().map(|interface| interface_item(&model, interface)).collect(),
        worlds: model.worlds.iter().map(|(name, world)| world_surface(&model, name, world)).collect(),
        model,
    }
}

/// The name of something that is in a WIT package, which tells the name of the package; empty for an empty package.
fn first_name(model: &Model) -> &str {
    let interface = model.interfaces.first().map(|interface| interface.name.as_str());
    interface.or_else(|| model.worlds.first().map(|(name, _)| name.as_str())).unwrap_or_default()
}

fn world_surface(model: &Model, name: &str, world: &World) -> WorldSurface {
    WorldSurface {
        name: InterfaceParts::parse(name).map_or_else(|| name.to_owned(), |parts| parts.interface),
        imports: items(model, &world.imports),
        exports: items(model, &world.exports),
    }
}

fn items(model: &Model, externs: &[(String, Extern)]) -> Vec<Item> {
    externs.iter().map(|(name, item)| extern_item(model, name, item)).collect()
}

fn extern_item(model: &Model, name: &str, item: &Extern) -> Item {
    let plain = |kind| Item {
        name: name.to_owned(),
        kind,
        parts: None,
        implements: None,
        functions: Vec::new(),
        types: Vec::new(),
        resources: Vec::new(),
    };
    match item {
        Extern::Interface(interface) => interface_item(model, interface),
        Extern::Function(found) => {
            Item { functions: vec![function(model, found)], ..plain(ItemKind::Function) }
        }
        Extern::Type(id) => Item { types: vec![type_item(model, name, *id)], ..plain(ItemKind::Type) },
        Extern::Component => plain(ItemKind::Component),
        Extern::Module => plain(ItemKind::Module),
        Extern::Value(_) => plain(ItemKind::Value),
    }
}

fn interface_item(model: &Model, interface: &Interface) -> Item {
    let parts = InterfaceParts::parse(&interface.name);
    let is_resource = |id: TypeId| matches!(model.types[id].body, crate::model::Body::Resource);
    let (mut types, mut resources) = (Vec::new(), Vec::new());
    for (name, id) in &interface.types {
        if is_resource(*id) {
            let functions = interface
                .functions
                .iter()
                .filter(|found| FunctionName::parse(&found.name).resource() == Some(name))
                .map(|found| function(model, found))
                .collect();
            resources.push(Resource { name: name.clone(), functions });
        } else {
            types.push(type_item(model, name, *id));
        }
    }
    let in_resource = |found: &Func| {
        FunctionName::parse(&found.name)
            .resource()
            .is_some_and(|name| resources.iter().any(|resource| resource.name == name))
    };
    let functions = interface
        .functions
        .iter()
        .filter(|found| !in_resource(found))
        .map(|found| function(model, found))
        .collect();
    Item {
        name: interface.name.clone(),
        kind: if parts.is_some() { ItemKind::Interface } else { ItemKind::Instance },
        parts,
        implements: interface.implements.clone(),
        functions,
        types,
        resources,
    }
}

fn type_item(model: &Model, name: &str, id: TypeId) -> TypeItem {
    TypeItem { name: name.to_owned(), wit: text::definition(model, id) }
}

fn function(model: &Model, function: &Func) -> Function {
    let name = match FunctionName::parse(&function.name) {
        FunctionName::Plain(name) | FunctionName::Method { name, .. } | FunctionName::Static { name, .. } => {
            name
        }
        FunctionName::Constructor { .. } => "constructor",
    };
    Function {
        name: name.to_owned(),
        signature: text::signature(model, function),
        is_async: function.is_async,
    }
}

/// A line of WASI releases that work together, `0.2` or `0.3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WasiLine {
    /// The line, `0.2` or `0.3`.
    pub line: String,
    /// The highest version of it that an import or export names: the oldest host that surely has everything.
    pub highest: Option<Version>,
    /// The imports and exports of this line, sorted.
    pub interfaces: Vec<String>,
}

impl Surface {
    /// All of it as WIT text, with every package it speaks of. Comments of the sources are not in it.
    pub fn wit(&self) -> String {
        match self.kind {
            SurfaceKind::Component => print::component(&self.model),
            SurfaceKind::WitPackage => {
                let package = print::package_of(first_name(&self.model)).unwrap_or_default();
                print::package(&self.model, &package)
            }
        }
    }

    /// The item that is imported under `name`.
    pub fn import(&self, name: &str) -> Option<&Item> {
        self.imports.iter().find(|item| item.name == name)
    }

    /// The item that is exported under `name`.
    pub fn export(&self, name: &str) -> Option<&Item> {
        self.exports.iter().find(|item| item.name == name)
    }

    /// Whether the component is a command, that is, exports `wasi:cli/run`; if so, with the parts of that name, which
    /// tell the WASI line.
    pub fn is_command(&self) -> Option<&InterfaceParts> {
        self.exported("wasi:cli/run")
    }

    /// Whether the component serves HTTP: it exports `wasi:http/incoming-handler` (WASI 0.2) or `wasi:http/handler`
    /// (WASI 0.3); if so, with the parts of that name.
    pub fn is_http(&self) -> Option<&InterfaceParts> {
        self.exported("wasi:http/incoming-handler").or_else(|| self.exported("wasi:http/handler"))
    }

    fn exported(&self, path: &str) -> Option<&InterfaceParts> {
        self.exports.iter().filter_map(|item| item.parts.as_ref()).find(|parts| parts.path() == path)
    }

    /// The WASI lines that the component speaks, lowest first: one entry for `0.2`, one for `0.3`, both for a mix.
    pub fn wasi_lines(&self) -> Vec<WasiLine> {
        let mut lines: std::collections::BTreeMap<String, WasiLine> = std::collections::BTreeMap::new();
        for item in self.imports.iter().chain(&self.exports) {
            let Some(parts) = item.parts.as_ref().filter(|parts| parts.namespace == "wasi") else { continue };
            let Some(canonical) = &parts.canonical else { continue };
            let line = lines.entry(canonical.clone()).or_insert_with(|| WasiLine {
                line: canonical.clone(),
                highest: None,
                interfaces: Vec::new(),
            });
            line.highest = line.highest.take().max(parts.version.clone());
            if !line.interfaces.contains(&item.name) {
                line.interfaces.push(item.name.clone());
            }
        }
        let mut lines: Vec<WasiLine> = lines.into_values().collect();
        for line in &mut lines {
            line.interfaces.sort();
        }
        lines
    }
}
