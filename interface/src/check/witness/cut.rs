//! Cuts interfaces down to a few items, and makes components of what is left.

use std::collections::{BTreeMap, BTreeSet};

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, LiveTypes, ManglingAndAbi, PackageId,
    Param, Resolve, Span, Stability, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World, WorldId,
    WorldItem, WorldKey,
};

/// The names of types by the interface that has them, without its version.
pub(super) type Names = BTreeMap<String, BTreeSet<String>>;

/// An interface without its version: `wasi:http/types`.
pub(super) fn path(resolve: &Resolve, id: InterfaceId) -> String {
    let interface = &resolve.interfaces[id];
    let name = interface.name.as_deref().unwrap_or_default();
    match interface.package {
        Some(package) => {
            let package = &resolve.packages[package].name;
            format!("{}:{}/{name}", package.namespace, package.name)
        }
        None => name.to_owned(),
    }
}

/// Leaves nothing in any interface but the functions of `interface` that are named, the types that are named, and
/// what they need. Gives the names of the types that stayed.
pub(super) fn cut(
    resolve: &mut Resolve,
    interface: InterfaceId,
    functions: &BTreeSet<String>,
    types: &Names,
) -> Names {
    let mut live = LiveTypes::default();
    for (name, function) in &resolve.interfaces[interface].functions {
        if functions.contains(name) {
            live.add_func(resolve, function);
            if let Some(resource) = function.kind.resource() {
                live.add_type_id(resolve, resource);
            }
        }
    }
    for (id, known) in resolve.interfaces.iter() {
        let Some(wanted) = types.get(&path(resolve, id)) else { continue };
        for (name, ty) in &known.types {
            if wanted.contains(name) {
                live.add_type_id(resolve, *ty);
            }
        }
    }
    let ids: Vec<InterfaceId> = resolve.interfaces.iter().map(|(id, _)| id).collect();
    let mut left = Names::new();
    for id in ids {
        let known = &mut resolve.interfaces[id];
        known.types.retain(|_, ty| live.contains(*ty));
        known.functions.retain(|name, _| id == interface && functions.contains(name));
        let names: BTreeSet<String> = known.types.keys().cloned().collect();
        if !names.is_empty() {
            left.entry(path(resolve, id)).or_default().extend(names);
        }
    }
    left
}

/// A component that imports `interface`, and exports an interface of its own that speaks of all types of `interface`:
/// what nobody speaks of is not imported.
pub(super) fn consumer(
    resolve: &mut Resolve,
    package: PackageId,
    interface: InterfaceId,
) -> Result<Vec<u8>, String> {
    let world = world(resolve, package, "consumer");
    for id in with_needed(resolve, [interface]) {
        resolve.worlds[world].imports.insert(WorldKey::Interface(id), item(id));
    }
    if let Some(user) = user(resolve, package, interface) {
        resolve.worlds[world].exports.insert(WorldKey::Name("user".to_owned()), item(user));
    }
    component(resolve, world)
}

/// A component that exports the interfaces and those whose types they use.
pub(super) fn provider(
    resolve: &mut Resolve,
    package: PackageId,
    interfaces: impl IntoIterator<Item = InterfaceId>,
) -> Result<Vec<u8>, String> {
    let world = world(resolve, package, "provider");
    for id in with_needed(resolve, interfaces) {
        resolve.worlds[world].exports.insert(WorldKey::Interface(id), item(id));
    }
    component(resolve, world)
}

/// The interfaces behind those whose types they use.
fn with_needed(resolve: &Resolve, interfaces: impl IntoIterator<Item = InterfaceId>) -> Vec<InterfaceId> {
    let mut list: Vec<InterfaceId> = Vec::new();
    let mut open: Vec<(InterfaceId, bool)> = interfaces.into_iter().map(|id| (id, false)).collect();
    let mut seen = BTreeSet::new();
    while let Some((id, is_done)) = open.pop() {
        if is_done {
            list.push(id);
        } else if seen.insert(id) {
            open.push((id, true));
            open.extend(resolve.interface_direct_deps(id).filter(|dep| *dep != id).map(|dep| (dep, false)));
        }
    }
    list
}

fn world(resolve: &mut Resolve, package: PackageId, name: &str) -> WorldId {
    resolve.worlds.alloc(World {
        name: name.to_owned(),
        imports: Default::default(),
        exports: Default::default(),
        package: Some(package),
        docs: Docs::default(),
        stability: Stability::Unknown,
        includes: Vec::new(),
        span: Span::default(),
    })
}

fn item(id: InterfaceId) -> WorldItem {
    let (stability, external_id, docs, span) = (Stability::Unknown, None, Docs::default(), Span::default());
    WorldItem::Interface { id, stability, external_id, docs, span }
}

fn component(resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, String> {
    let mut module = dummy_module(resolve, world, ManglingAndAbi::Standard32);
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| one_line(format!("{error:#}")))?;
    ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| one_line(format!("{error:#}")))
}

/// An interface with a function for each type of `of`; nothing when that has none.
fn user(resolve: &mut Resolve, package: PackageId, of: InterfaceId) -> Option<InterfaceId> {
    let types: Vec<(String, TypeId)> =
        resolve.interfaces[of].types.iter().map(|(name, id)| (name.clone(), *id)).collect();
    if types.is_empty() {
        return None;
    }
    let id = resolve.interfaces.alloc(Interface {
        name: None,
        types: Default::default(),
        functions: Default::default(),
        docs: Docs::default(),
        stability: Stability::Unknown,
        package: Some(package),
        clone_of: None,
        span: Span::default(),
    });
    for (name, used) in types {
        let alias =
            define(resolve, Some(name.clone()), TypeDefKind::Type(Type::Id(used)), TypeOwner::Interface(id));
        let ty = if is_resource(resolve, used) {
            define(resolve, None, TypeDefKind::Handle(Handle::Borrow(alias)), TypeOwner::None)
        } else {
            alias
        };
        let function = Function {
            name: format!("use-{name}"),
            kind: FunctionKind::Freestanding,
            params: vec![Param { name: "value".to_owned(), ty: Type::Id(ty), span: Span::default() }],
            result: None,
            docs: Docs::default(),
            stability: Stability::Unknown,
            span: Span::default(),
            external_id: None,
        };
        let interface = &mut resolve.interfaces[id];
        interface.types.insert(name, alias);
        interface.functions.insert(function.name.clone(), function);
    }
    Some(id)
}

fn define(resolve: &mut Resolve, name: Option<String>, kind: TypeDefKind, owner: TypeOwner) -> TypeId {
    resolve.types.alloc(TypeDef {
        name,
        kind,
        owner,
        docs: Docs::default(),
        stability: Stability::Unknown,
        span: Span::default(),
        external_id: None,
    })
}

fn is_resource(resolve: &Resolve, mut id: TypeId) -> bool {
    while let TypeDefKind::Type(Type::Id(other)) = resolve.types[id].kind {
        id = other;
    }
    matches!(resolve.types[id].kind, TypeDefKind::Resource)
}
