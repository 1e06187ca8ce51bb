//! The component that stands in for a host, and whether a function of its is the one that a component calls.

use wit_parser::{Function, Handle, InterfaceId, PackageName, Resolve, Type, TypeDefKind, TypeId, WorldItem};

use crate::virtualise::component::encode_failed;
use crate::virtualise::error::VirtualiseError;

/// The core module, made by `composer/provider/build.sh`; it carries its WIT.
const MODULE: &[u8] = include_bytes!("../../provider/provider.wasm");

/// The name of its WIT package.
const PACKAGE: (&str, &str) = ("wkit", "provider");

/// The provider's interfaces as a resolve knows them that holds them.
pub(super) struct Provider {
    /// Each after those that it speaks of.
    exports: Vec<(String, WorldItem)>,
    imports: Vec<(String, WorldItem)>,
}

impl Provider {
    /// Adds the provider's WIT to `resolve`.
    pub(super) fn add_to(resolve: &mut Resolve) -> Result<Self, VirtualiseError> {
        let failed = |error: &dyn std::fmt::Display| encode_failed("read the provider", error);
        let (_, metadata) = wit_component::metadata::decode(MODULE).map_err(|error| failed(&error))?;
        resolve
            .merge(metadata.resolve)
            .map_err(|error| encode_failed("add the provider to the component's WIT", &error))?;
        let package = resolve.package_names.iter().find(|(name, _)| is_provider(name)).map(|(_, id)| *id);
        let package = package.ok_or_else(|| failed(&"its package is missing"))?;
        let world = resolve.packages[package].worlds.get("provider").copied();
        let world = &resolve.worlds[world.ok_or_else(|| failed(&"its world is missing"))?];
        let interfaces = |items: &wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| {
            let named = items.values().filter_map(|item| match item {
                WorldItem::Interface { id, .. } => {
                    Some((resolve.interfaces[*id].name.clone()?, item.clone()))
                }
                _ => None,
            });
            named.collect()
        };
        Ok(Self { exports: interfaces(&world.exports), imports: interfaces(&world.imports) })
    }

    /// An interface that it exports.
    pub(super) fn interface(&self, name: &str) -> Option<InterfaceId> {
        match find(&self.exports, name)? {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// All interfaces that it exports, each after those that it speaks of.
    pub(super) fn exports(&self) -> impl Iterator<Item = &WorldItem> {
        self.exports.iter().map(|(_, item)| item)
    }

    /// An interface that it imports.
    pub(super) fn import(&self, name: &str) -> Option<&WorldItem> {
        find(&self.imports, name)
    }

    /// The provider as a component.
    pub(super) fn component() -> Result<Vec<u8>, VirtualiseError> {
        let mut encoder = wit_component::ComponentEncoder::default();
        encoder
            .module(MODULE)
            .and_then(|encoder| encoder.encode())
            .map_err(|error| encode_failed("write the provider", &error))
    }
}

fn find<'a>(items: &'a [(String, WorldItem)], name: &str) -> Option<&'a WorldItem> {
    items.iter().find(|(known, _)| known == name).map(|(_, item)| item)
}

fn is_provider(name: &PackageName) -> bool {
    (name.namespace.as_str(), name.name.as_str()) == PACKAGE
}

/// Whether two functions take and give values of the same layout, with resources of the same names.
pub(super) fn same_function(resolve: &Resolve, ours: &Function, theirs: &Function) -> bool {
    let parameters = ours.params.iter().map(|parameter| parameter.ty);
    ours.params.len() == theirs.params.len()
        && parameters
            .zip(theirs.params.iter().map(|parameter| parameter.ty))
            .all(|(ours, theirs)| same(resolve, &ours, &theirs))
        && same_payload(resolve, ours.result, theirs.result)
}

fn same_payload(resolve: &Resolve, ours: Option<Type>, theirs: Option<Type>) -> bool {
    match (ours, theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) => same(resolve, &ours, &theirs),
        _ => false,
    }
}

fn same(resolve: &Resolve, ours: &Type, theirs: &Type) -> bool {
    use TypeDefKind as K;
    let (ours, theirs) = match (plain(resolve, *ours), plain(resolve, *theirs)) {
        (Type::Id(ours), Type::Id(theirs)) => (ours, theirs),
        (ours, theirs) => return ours == theirs,
    };
    let name = |id: TypeId| {
        let Type::Id(id) = plain(resolve, Type::Id(id)) else { return None };
        resolve.types[id].name.as_deref()
    };
    match (&resolve.types[ours].kind, &resolve.types[theirs].kind) {
        (K::Handle(Handle::Own(ours)), K::Handle(Handle::Own(theirs)))
        | (K::Handle(Handle::Borrow(ours)), K::Handle(Handle::Borrow(theirs))) => {
            name(*ours) == name(*theirs)
        }
        (K::List(ours), K::List(theirs)) | (K::Option(ours), K::Option(theirs)) => {
            same(resolve, ours, theirs)
        }
        (K::Result(ours), K::Result(theirs)) => {
            same_payload(resolve, ours.ok, theirs.ok) && same_payload(resolve, ours.err, theirs.err)
        }
        (K::Record(ours), K::Record(theirs)) => {
            ours.fields.len() == theirs.fields.len()
                && ours
                    .fields
                    .iter()
                    .zip(&theirs.fields)
                    .all(|(ours, theirs)| ours.name == theirs.name && same(resolve, &ours.ty, &theirs.ty))
        }
        (K::Tuple(ours), K::Tuple(theirs)) => {
            ours.types.len() == theirs.types.len()
                && ours.types.iter().zip(&theirs.types).all(|(ours, theirs)| same(resolve, ours, theirs))
        }
        (K::Variant(ours), K::Variant(theirs)) => {
            ours.cases.len() == theirs.cases.len()
                && ours.cases.iter().zip(&theirs.cases).all(|(ours, theirs)| {
                    ours.name == theirs.name && same_payload(resolve, ours.ty, theirs.ty)
                })
        }
        (K::Enum(ours), K::Enum(theirs)) => {
            ours.cases.iter().map(|case| &case.name).eq(theirs.cases.iter().map(|case| &case.name))
        }
        (K::Flags(ours), K::Flags(theirs)) => {
            ours.flags.iter().map(|flag| &flag.name).eq(theirs.flags.iter().map(|flag| &flag.name))
        }
        _ => false,
    }
}

/// A type without the other names that it has.
fn plain(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(next) = &resolve.types[id].kind
    {
        ty = *next;
    }
    ty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_needs_nothing_but_the_image() {
        let component = Provider::component().unwrap();
        let surface = wkit_interface::decode(&component).unwrap();
        let imports: Vec<&str> = surface.imports.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(imports, ["wkit:provider/image@0.1.0"]);
        assert!(MODULE.len() < 200 * 1024, "{}", MODULE.len());
    }
}
