//! Types of the WIT in Python's words, with the imports that they need.

use std::collections::BTreeSet;

use wit_parser::{Handle, Type, TypeDefKind, TypeId, TypeOwner};

use super::{Names, class_of};
use crate::build::wit::Wit;

/// Names types, and notes what has to be imported for that.
pub(super) struct Types<'a> {
    wit: &'a Wit,
    names: &'a Names,
    imports: &'a mut BTreeSet<String>,
    /// The resource in whose class the types stand.
    own: Option<TypeId>,
}

impl<'a> Types<'a> {
    pub(super) fn new(
        wit: &'a Wit,
        names: &'a Names,
        imports: &'a mut BTreeSet<String>,
        own: Option<TypeId>,
    ) -> Self {
        Self { wit, names, imports, own }
    }

    /// The type of what a function returns: an error is raised instead.
    pub(super) fn result(&mut self, result: Option<Type>) -> String {
        let Some(result) = result else { return "None".to_owned() };
        match self.as_result(result) {
            Some(ok) => self.optional(ok),
            None => self.name(result),
        }
    }

    pub(super) fn name(&mut self, ty: Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64 => {
                "int".to_owned()
            }
            Type::F32 | Type::F64 => "float".to_owned(),
            Type::Char | Type::String => "str".to_owned(),
            Type::ErrorContext => "object".to_owned(),
            Type::Id(id) => self.named(id),
        }
    }

    fn named(&mut self, id: TypeId) -> String {
        match self.wit.resolve.types[id].kind.clone() {
            TypeDefKind::Type(ty) => self.name(ty),
            TypeDefKind::Handle(Handle::Own(ty) | Handle::Borrow(ty)) => self.class(ty),
            TypeDefKind::Option(ty) if self.is_option(ty) => {
                self.imports.insert("from componentize_py_types import Some".to_owned());
                format!("Some[{}] | None", self.name(ty))
            }
            TypeDefKind::Option(ty) => format!("{} | None", self.name(ty)),
            TypeDefKind::Result(result) => {
                self.imports.insert("from componentize_py_types import Result".to_owned());
                format!("Result[{}, {}]", self.optional(result.ok), self.optional(result.err))
            }
            TypeDefKind::List(Type::U8) => "bytes".to_owned(),
            TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => format!("list[{}]", self.name(ty)),
            TypeDefKind::Map(key, value) => format!("dict[{}, {}]", self.name(key), self.name(value)),
            TypeDefKind::Tuple(tuple) if tuple.types.is_empty() => "tuple[()]".to_owned(),
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.name(*ty)).collect();
                format!("tuple[{}]", types.join(", "))
            }
            TypeDefKind::Stream(Some(Type::U8)) => self.reader("streams", "ByteStreamReader"),
            TypeDefKind::Stream(ty) => {
                let reader = self.reader("streams", "StreamReader");
                format!("{reader}[{}]", self.optional(ty))
            }
            TypeDefKind::Future(ty) => {
                let reader = self.reader("futures", "FutureReader");
                format!("{reader}[{}]", self.optional(ty))
            }
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Resource => self.class(id),
            TypeDefKind::Unknown => "object".to_owned(),
        }
    }

    /// A type with a class of its own, which the bindings have.
    fn class(&mut self, id: TypeId) -> String {
        let definition = &self.wit.resolve.types[id];
        if let TypeDefKind::Type(Type::Id(other)) = definition.kind {
            return self.class(other);
        }
        if self.own == Some(id) {
            self.imports.insert("from typing import Self".to_owned());
            return "Self".to_owned();
        }
        let class = class_of(self.wit, id);
        match definition.owner {
            TypeOwner::Interface(interface) => match self.names.place(interface) {
                Some((side, module)) => {
                    self.imports.insert(format!("from wit_world.{side} import {module}"));
                    format!("{module}.{class}")
                }
                None => class,
            },
            TypeOwner::World(_) | TypeOwner::None => {
                self.imports.insert("import wit_world".to_owned());
                format!("wit_world.{class}")
            }
        }
    }

    fn reader(&mut self, module: &str, class: &str) -> String {
        self.imports.insert(format!("from componentize_py_async_support.{module} import {class}"));
        class.to_owned()
    }

    fn optional(&mut self, ty: Option<Type>) -> String {
        ty.map_or_else(|| "None".to_owned(), |ty| self.name(ty))
    }

    /// The payload of the good case, where the type is a result.
    fn as_result(&self, ty: Type) -> Option<Option<Type>> {
        let Type::Id(id) = ty else { return None };
        match &self.wit.resolve.types[id].kind {
            TypeDefKind::Result(result) => Some(result.ok),
            TypeDefKind::Type(ty) => self.as_result(*ty),
            _ => None,
        }
    }

    fn is_option(&self, ty: Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.wit.resolve.types[id].kind {
            TypeDefKind::Option(_) => true,
            TypeDefKind::Type(ty) => self.is_option(*ty),
            _ => false,
        }
    }
}
