//! How things are called, and which of the one side is which of the other.

use wit_parser::{
    Function, FunctionKind, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldKey,
};

use crate::name::{InterfaceParts, canonical_version};

/// The name under which an interface finds its partner: with the version that decides what fits (component model
/// Explainer, "canonversion").
pub(super) fn key(resolve: &Resolve, id: InterfaceId) -> Option<String> {
    let interface = &resolve.interfaces[id];
    let (package, name) = (&resolve.packages[interface.package?].name, interface.name.as_ref()?);
    let version = package.version.as_ref().map(|version| format!("@{}", canonical_version(version)));
    Some(format!("{}:{}/{name}{}", package.namespace, package.name, version.unwrap_or_default()))
}

/// The name without any version.
pub(super) fn path(key: &str) -> String {
    InterfaceParts::parse(key).map_or_else(|| key.to_owned(), |parts| parts.path())
}

/// The key of an import or export of a world.
pub(super) fn world_key(resolve: &Resolve, world_key: &WorldKey) -> String {
    match world_key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => key(resolve, *id).unwrap_or_default(),
    }
}

/// Follows aliases and `use`s to the type that is defined somewhere.
pub(super) fn root(resolve: &Resolve, mut id: TypeId) -> TypeId {
    // Every type points to types that were defined before it, so this ends.
    while let TypeDefKind::Type(Type::Id(next)) = resolve.types[id].kind {
        id = next;
    }
    id
}

/// Which resource a type is in the end: the interface or world that defines it, and its name there.
pub(super) fn resource(resolve: &Resolve, id: TypeId) -> (String, String) {
    let definition = &resolve.types[root(resolve, id)];
    let home = match definition.owner {
        TypeOwner::Interface(home) => key(resolve, home).unwrap_or_default(),
        TypeOwner::World(_) | TypeOwner::None => String::new(),
    };
    (home, definition.name.clone().unwrap_or_default())
}

/// What kind of definition a named type is, as the keyword of WIT.
pub(in crate::check) fn type_kind(kind: &TypeDefKind) -> &'static str {
    match kind {
        TypeDefKind::Record(_) => "record",
        TypeDefKind::Variant(_) => "variant",
        TypeDefKind::Enum(_) => "enum",
        TypeDefKind::Flags(_) => "flags",
        TypeDefKind::Resource => "resource",
        _ => "type",
    }
}

/// A named type as findings call it: ``record `entry` ``.
pub(super) fn type_item(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    format!("{} `{}`", type_kind(&definition.kind), definition.name.as_deref().unwrap_or_default())
}

/// A function as findings call it: ``method `fields.get` ``.
pub(in crate::check) fn function(resolve: &Resolve, function: &Function) -> String {
    let (kind, resource) = match function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => ("function", None),
        FunctionKind::Getter => ("getter", None),
        FunctionKind::Setter => ("setter", None),
        FunctionKind::Method(id) | FunctionKind::AsyncMethod(id) => ("method", Some(id)),
        FunctionKind::MethodGetter(id) => ("getter", Some(id)),
        FunctionKind::MethodSetter(id) => ("setter", Some(id)),
        FunctionKind::Static(id) | FunctionKind::AsyncStatic(id) => ("static function", Some(id)),
        FunctionKind::StaticGetter(id) => ("static getter", Some(id)),
        FunctionKind::StaticSetter(id) => ("static setter", Some(id)),
        FunctionKind::Constructor(id) => ("constructor", Some(id)),
    };
    let owner = resource.and_then(|id| resolve.types[id].name.as_deref());
    match (kind, owner) {
        ("constructor", Some(owner)) => format!("constructor of `{owner}`"),
        (kind, Some(owner)) => format!("{kind} `{owner}.{}`", function.item_name()),
        (kind, None) => format!("{kind} `{}`", function.item_name()),
    }
}

/// The resource that a function belongs to.
pub(super) fn resource_of(function: &Function) -> Option<TypeId> {
    function.kind.resource()
}

/// A function's name without its kind, `fields.get`: where a method becomes a static function it stays.
pub(super) fn spoken(resolve: &Resolve, function: &Function) -> String {
    let owner = resource_of(function).and_then(|id| resolve.types[id].name.clone());
    match owner {
        Some(owner) => format!("{owner}.{}", function.item_name()),
        None => function.item_name().to_owned(),
    }
}
