//! Whether two types are the same to the validator (component model Explainer, "Subtyping").
//!
//! Value types are equal by their structure, with the names of fields, cases and flags; the names of the types
//! themselves do not count here. A resource is equal to nothing but itself.

use std::cell::RefCell;
use std::collections::HashMap;

use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

use super::view::View;
use super::{attributes, names};
use crate::limits::TYPE_NESTING_MAX;

/// Which side has to fill the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// The new side has what the old one asks for.
    NewFillsOld,
    /// The old side has what the new one asks for.
    OldFillsNew,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::NewFillsOld, Self::OldFillsNew];
}

/// Two views, and which interface of the one is which of the other.
pub(super) struct Pairing<'a> {
    pub(super) old: &'a View<'a>,
    pub(super) new: &'a View<'a>,
    /// The interfaces that are compared with each other, by their keys on the old side.
    pub(super) pairs: HashMap<String, String>,
    /// The same by the keys on the new side.
    back: HashMap<String, String>,
    is_of_one_package: bool,
    /// Whether what gates have promised holds on.
    pub(super) has_gates_to_keep: bool,
    known: RefCell<HashMap<(Way, TypeId, TypeId), bool>>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(old: &'a View<'a>, new: &'a View<'a>, pairs: HashMap<String, String>) -> Self {
        let back = pairs.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
        let has_gates_to_keep = attributes::has_gates_to_keep(old.contract, new.contract);
        let is_of_one_package = attributes::is_one_package(old.contract, new.contract);
        Self { old, new, pairs, back, is_of_one_package, has_gates_to_keep, known: RefCell::default() }
    }

    /// Whether both sides are the same WIT package, whatever its version.
    pub(super) fn is_of_one_package(&self) -> bool {
        self.is_of_one_package
    }

    fn resolves(&self) -> (&'a Resolve, &'a Resolve) {
        (self.old.resolve(), self.new.resolve())
    }

    /// Whether two types are the same where they are mentioned. Two definitions of one name in interfaces that are
    /// compared with each other count as the same: how they differ is said there.
    pub(super) fn same(&self, way: Way, old: &Type, new: &Type) -> bool {
        self.types(way, old, new, 0)
    }

    fn optional(&self, way: Way, old: Option<&Type>, new: Option<&Type>, depth: usize) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.types(way, old, new, depth),
            (None, None) => true,
            _ => false,
        }
    }

    fn types(&self, way: Way, old: &Type, new: &Type, depth: usize) -> bool {
        if depth > TYPE_NESTING_MAX {
            return false;
        }
        let (old_resolve, new_resolve) = self.resolves();
        if let (Type::Id(old), Type::Id(new)) = (old, new)
            && self.is_pair(*old, *new)
        {
            return true;
        }
        let (Type::Id(old), Type::Id(new)) = (unwrapped(old_resolve, old), unwrapped(new_resolve, new))
        else {
            return unwrapped(old_resolve, old) == unwrapped(new_resolve, new);
        };
        if self.is_pair(old, new) {
            return true;
        }
        let known = self.known.borrow().get(&(way, old, new)).copied();
        known.unwrap_or_else(|| {
            let same = self.definitions(way, old, new, depth);
            self.known.borrow_mut().insert((way, old, new), same);
            same
        })
    }

    /// Whether both define a type of one name in interfaces, or worlds, that are compared with each other.
    fn is_pair(&self, old: TypeId, new: TypeId) -> bool {
        let (old_resolve, new_resolve) = self.resolves();
        let (old, new) = (&old_resolve.types[old], &new_resolve.types[new]);
        if old.name.is_none() || old.name != new.name {
            return false;
        }
        match (old.owner, new.owner) {
            (TypeOwner::Interface(old), TypeOwner::Interface(new)) => {
                let (old, new) = (names::key(old_resolve, old), names::key(new_resolve, new));
                match (old, new) {
                    (Some(old), Some(new)) => self.pairs.get(&old) == Some(&new),
                    // An interface without a name is seen by nobody but the world that it stands in.
                    (None, None) => true,
                    _ => false,
                }
            }
            (TypeOwner::World(_), TypeOwner::World(_)) => true,
            _ => false,
        }
    }

    /// Whether two definitions are the same, whatever they are called.
    pub(super) fn definition(&self, way: Way, old: TypeId, new: TypeId) -> bool {
        self.definitions(way, old, new, 0)
    }

    fn definitions(&self, way: Way, old: TypeId, new: TypeId, depth: usize) -> bool {
        let (old_resolve, new_resolve) = self.resolves();
        let depth = depth + 1;
        let (old_root, new_root) = (names::root(old_resolve, old), names::root(new_resolve, new));
        let (old_kind, new_kind) = (&old_resolve.types[old_root].kind, &new_resolve.types[new_root].kind);
        match (old_kind, new_kind) {
            (TypeDefKind::Resource, TypeDefKind::Resource) => self.resources(way, old_root, new_root),
            (TypeDefKind::Handle(Handle::Own(old)), TypeDefKind::Handle(Handle::Own(new)))
            | (TypeDefKind::Handle(Handle::Borrow(old)), TypeDefKind::Handle(Handle::Borrow(new))) => {
                let roots = (names::root(old_resolve, *old), names::root(new_resolve, *new));
                self.is_pair(*old, *new)
                    || self.is_pair(roots.0, roots.1)
                    || self.resources(way, roots.0, roots.1)
            }
            (TypeDefKind::Record(old), TypeDefKind::Record(new)) => {
                old.fields.len() == new.fields.len()
                    && old
                        .fields
                        .iter()
                        .zip(&new.fields)
                        .all(|(old, new)| old.name == new.name && self.types(way, &old.ty, &new.ty, depth))
            }
            (TypeDefKind::Variant(old), TypeDefKind::Variant(new)) => {
                old.cases.len() == new.cases.len()
                    && old.cases.iter().zip(&new.cases).all(|(old, new)| {
                        old.name == new.name && self.optional(way, old.ty.as_ref(), new.ty.as_ref(), depth)
                    })
            }
            (TypeDefKind::Enum(old), TypeDefKind::Enum(new)) => {
                old.cases.iter().map(|case| &case.name).eq(new.cases.iter().map(|case| &case.name))
            }
            (TypeDefKind::Flags(old), TypeDefKind::Flags(new)) => {
                old.flags.iter().map(|flag| &flag.name).eq(new.flags.iter().map(|flag| &flag.name))
            }
            (TypeDefKind::Tuple(old), TypeDefKind::Tuple(new)) => {
                old.types.len() == new.types.len()
                    && old.types.iter().zip(&new.types).all(|(old, new)| self.types(way, old, new, depth))
            }
            (TypeDefKind::Option(old), TypeDefKind::Option(new))
            | (TypeDefKind::List(old), TypeDefKind::List(new)) => self.types(way, old, new, depth),
            (
                TypeDefKind::FixedLengthList(old, old_length),
                TypeDefKind::FixedLengthList(new, new_length),
            ) => old_length == new_length && self.types(way, old, new, depth),
            (TypeDefKind::Map(old_key, old), TypeDefKind::Map(new_key, new)) => {
                self.types(way, old_key, new_key, depth) && self.types(way, old, new, depth)
            }
            (TypeDefKind::Result(old), TypeDefKind::Result(new)) => {
                self.optional(way, old.ok.as_ref(), new.ok.as_ref(), depth)
                    && self.optional(way, old.err.as_ref(), new.err.as_ref(), depth)
            }
            (TypeDefKind::Future(old), TypeDefKind::Future(new))
            | (TypeDefKind::Stream(old), TypeDefKind::Stream(new)) => {
                self.optional(way, old.as_ref(), new.as_ref(), depth)
            }
            (TypeDefKind::Type(old), TypeDefKind::Type(new)) => self.types(way, old, new, depth),
            // An alias of a plain type against a type that is written out, which is never plain.
            _ => false,
        }
    }

    /// Whether the resource that is asked for is the one that is given: the partner of its own interface may be any.
    fn resources(&self, way: Way, old: TypeId, new: TypeId) -> bool {
        let (old_resolve, new_resolve) = self.resolves();
        let old_home = self.translated(names::resource(old_resolve, old));
        let new_home = names::resource(new_resolve, new);
        if old_home == new_home {
            return true;
        }
        match way {
            Way::NewFillsOld => bound(self.new, &old_home) == Some(new_home),
            Way::OldFillsNew => {
                let back = self.back.get(&new_home.0).cloned();
                let asked = (back.unwrap_or(new_home.0), new_home.1);
                bound(self.old, &asked).map(|found| self.translated(found)) == Some(old_home)
            }
        }
    }

    /// A resource of the old side by the name that its interface has on the new one.
    fn translated(&self, (home, name): (String, String)) -> (String, String) {
        (self.pairs.get(&home).cloned().unwrap_or(home), name)
    }
}

/// The resource that a view has under the name of `asked`.
fn bound(view: &View<'_>, (home, name): &(String, String)) -> Option<(String, String)> {
    let resolve = view.resolve();
    // A component may import less of an interface than it exports.
    let id = view.interfaces_of(home).find_map(|id| resolve.interfaces[id].types.get(name).copied())?;
    is_resource(resolve, id).then(|| names::resource(resolve, id))
}

pub(super) fn is_resource(resolve: &Resolve, id: TypeId) -> bool {
    matches!(resolve.types[names::root(resolve, id)].kind, TypeDefKind::Resource)
}

/// A type without its aliases.
fn unwrapped(resolve: &Resolve, ty: &Type) -> Type {
    let mut ty = *ty;
    while let Type::Id(id) = ty {
        match resolve.types[id].kind {
            TypeDefKind::Type(next) => ty = next,
            _ => break,
        }
    }
    ty
}
