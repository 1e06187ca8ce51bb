//! From the types of the Wasm reader to our own [`Model`].

use std::collections::HashMap;

use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentEntityType,
    ComponentFuncTypeId, ComponentInstanceTypeId, ComponentItem, ComponentTypeId, ComponentValType,
};
use wasmparser::types::Types;

use crate::error::DecodeError;
use crate::limits::SURFACE_TEXT_BYTES_MAX;
use crate::model::{Body, Extern, Func, Interface, Model, NamedType, Ty, TypeId, World};
use crate::name::InterfaceParts;
use crate::wasm::Validated;

type Result<T> = std::result::Result<T, DecodeError>;

/// A surface's model, and whether it is that of a WIT package.
pub(crate) struct Converted {
    pub(crate) model: Model,
    pub(crate) is_wit_package: bool,
}

/// Converts all imports and exports of a validated component.
pub(crate) fn convert(validated: &Validated) -> Result<Converted> {
    let mut converter = Converter {
        types: &validated.types,
        model: Model::default(),
        named: HashMap::new(),
        importing: true,
        budget: SURFACE_TEXT_BYTES_MAX,
    };
    let imports: Vec<(&str, &ComponentItem)> = validated
        .imports
        .iter()
        .filter_map(|name| Some((name.as_str(), validated.types.component_item_for_import(name)?)))
        .collect();
    let exports: Vec<(&str, &ComponentItem)> = validated
        .exports
        .iter()
        .filter_map(|name| Some((name.as_str(), validated.types.component_item_for_export(name)?)))
        .collect();
    let is_wit_package = imports.is_empty() && converter.is_wit_package(&exports);
    if is_wit_package {
        for (_, item) in exports {
            converter.package_part(item)?;
        }
    } else {
        let root = converter.world(imports.into_iter(), exports.into_iter())?;
        converter.model.root = root;
    }
    Ok(Converted { model: converter.model, is_wit_package })
}

struct Converter<'a> {
    types: &'a Types,
    model: Model,
    /// Every type that a type import or export has created so far.
    named: HashMap<ComponentAnyTypeId, TypeId>,
    /// Whether imports are being read; else exports.
    importing: bool,
    /// How many bytes of WIT may still be described.
    budget: usize,
}

impl<'a> Converter<'a> {
    /// All exports are component types, each of which exports interfaces or worlds by full name (both encodings of
    /// WIT packages do so).
    fn is_wit_package(&self, exports: &[(&str, &ComponentItem)]) -> bool {
        !exports.is_empty()
            && exports.iter().all(|(_, item)| match item.ty {
                ComponentEntityType::Type { created: ComponentAnyTypeId::Component(id), .. } => {
                    let inner = &self.types[id].exports;
                    !inner.is_empty()
                        && inner.iter().all(|(name, item)| {
                            InterfaceParts::parse(name).is_some()
                                && matches!(
                                    item.ty,
                                    ComponentEntityType::Instance(_) | ComponentEntityType::Component(_)
                                )
                        })
                }
                _ => false,
            })
    }

    fn package_part(&mut self, item: &ComponentItem) -> Result<()> {
        let ComponentEntityType::Type { created: ComponentAnyTypeId::Component(id), .. } = item.ty else {
            return Ok(());
        };
        let part = &self.types[id];
        for (name, item) in &part.imports {
            if let ComponentEntityType::Instance(id) = item.ty {
                let interface = self.interface(name, item, id)?;
                self.model.foreign.push(interface);
            }
        }
        for (name, item) in &part.exports {
            match item.ty {
                ComponentEntityType::Instance(id) => {
                    let interface = self.interface(name, item, id)?;
                    self.model.interfaces.push(interface);
                }
                ComponentEntityType::Component(id) => {
                    let world = self.component(id)?;
                    self.model.worlds.push((name.clone(), world));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn component(&mut self, id: ComponentTypeId) -> Result<World> {
        let ty = &self.types[id];
        self.world(
            ty.imports.iter().map(|(name, item)| (name.as_str(), item)),
            ty.exports.iter().map(|(name, item)| (name.as_str(), item)),
        )
    }

    fn world<'b>(
        &mut self,
        imports: impl Iterator<Item = (&'b str, &'b ComponentItem)>,
        exports: impl Iterator<Item = (&'b str, &'b ComponentItem)>,
    ) -> Result<World> {
        let mut world = World::default();
        self.importing = true;
        for (name, item) in imports {
            world.imports.push((name.to_owned(), self.extern_item(name, item)?));
        }
        self.importing = false;
        for (name, item) in exports {
            world.exports.push((name.to_owned(), self.extern_item(name, item)?));
        }
        Ok(world)
    }

    fn extern_item(&mut self, name: &str, item: &ComponentItem) -> Result<Extern> {
        self.charge(name.len())?;
        Ok(match item.ty {
            ComponentEntityType::Instance(id) => Extern::Interface(self.interface(name, item, id)?),
            ComponentEntityType::Func(id) => Extern::Function(self.function(name, id)?),
            ComponentEntityType::Type { referenced, created } => {
                match self.declare(name, None, referenced, created)? {
                    Some(id) => Extern::Type(id),
                    // A component, instance or function type is no value: it is only named.
                    None => Extern::Component,
                }
            }
            ComponentEntityType::Component(_) => Extern::Component,
            ComponentEntityType::Module(_) => Extern::Module,
            ComponentEntityType::Value(ty) => Extern::Value(self.value(&ty)?),
        })
    }

    fn interface(
        &mut self,
        name: &str,
        item: &ComponentItem,
        id: ComponentInstanceTypeId,
    ) -> Result<Interface> {
        let mut interface =
            Interface { name: name.to_owned(), implements: item.implements.clone(), ..Interface::default() };
        self.charge(name.len())?;
        for (inner, item) in &self.types[id].exports {
            self.charge(inner.len())?;
            match item.ty {
                ComponentEntityType::Type { referenced, created } => {
                    match self.declare(inner, Some(name), referenced, created)? {
                        Some(id) => interface.types.push((inner.clone(), id)),
                        None => interface
                            .others
                            .push((inner.clone(), "type of a function, instance or component")),
                    }
                }
                ComponentEntityType::Func(id) => interface.functions.push(self.function(inner, id)?),
                ComponentEntityType::Instance(_) => interface.others.push((inner.clone(), "instance")),
                ComponentEntityType::Component(_) => interface.others.push((inner.clone(), "component")),
                ComponentEntityType::Module(_) => interface.others.push((inner.clone(), "core module")),
                ComponentEntityType::Value(_) => interface.others.push((inner.clone(), "value")),
            }
        }
        Ok(interface)
    }

    /// Declares a named type; `None` when it is the type of something that is no value.
    fn declare(
        &mut self,
        name: &str,
        home: Option<&str>,
        referenced: ComponentAnyTypeId,
        created: ComponentAnyTypeId,
    ) -> Result<Option<TypeId>> {
        let body = match (self.known(referenced), referenced) {
            (Some(earlier), _) => Body::Value(Ty::Named(earlier)),
            (None, ComponentAnyTypeId::Resource(_)) => Body::Resource,
            (None, ComponentAnyTypeId::Defined(id)) => Body::Value(self.defined(id)?),
            (None, _) => return Ok(None),
        };
        self.charge(name.len())?;
        let id = self.model.types.len();
        self.model.types.push(NamedType {
            name: name.to_owned(),
            home: home.map(str::to_owned),
            imported: self.importing,
            body,
        });
        self.named.insert(created, id);
        Ok(Some(id))
    }

    /// The named type that `id` is, or is an alias of.
    fn known(&self, id: ComponentAnyTypeId) -> Option<TypeId> {
        let mut current = id;
        loop {
            if let Some(found) = self.named.get(&current) {
                return Some(*found);
            }
            current = self.types.as_ref().peel_alias(current)?;
        }
    }

    fn function(&mut self, name: &str, id: ComponentFuncTypeId) -> Result<Func> {
        let types = self.types;
        let ty = &types[id];
        self.charge(name.len())?;
        let mut params = Vec::with_capacity(ty.params.len());
        for (param, ty) in &ty.params {
            self.charge(param.as_str().len())?;
            params.push((param.as_str().to_owned(), self.value(ty)?));
        }
        let result = ty.result.as_ref().map(|ty| self.value(ty)).transpose()?;
        Ok(Func { name: name.to_owned(), is_async: ty.async_, params, result })
    }

    fn value(&mut self, ty: &ComponentValType) -> Result<Ty> {
        match ty {
            ComponentValType::Primitive(primitive) => {
                self.charge(8)?;
                Ok(Ty::Primitive(primitive_name(*primitive)))
            }
            ComponentValType::Type(id) => match self.named.get(&ComponentAnyTypeId::Defined(*id)) {
                Some(named) => {
                    let named = *named;
                    self.charge(self.model.types[named].name.len())?;
                    Ok(Ty::Named(named))
                }
                None => self.defined(*id),
            },
        }
    }

    fn optional(&mut self, ty: Option<&ComponentValType>) -> Result<Option<Box<Ty>>> {
        Ok(ty.map(|ty| self.value(ty)).transpose()?.map(Box::new))
    }

    fn defined(&mut self, id: ComponentDefinedTypeId) -> Result<Ty> {
        let types: &'a Types = self.types;
        self.charge(8)?;
        Ok(match &types[id] {
            ComponentDefinedType::Primitive(primitive) => Ty::Primitive(primitive_name(*primitive)),
            ComponentDefinedType::List { element, .. } => Ty::List(Box::new(self.value(element)?)),
            ComponentDefinedType::FixedLengthList { element, length, .. } => {
                Ty::FixedList(Box::new(self.value(element)?), *length)
            }
            ComponentDefinedType::Map { key, value, .. } => {
                Ty::Map(Box::new(self.value(key)?), Box::new(self.value(value)?))
            }
            ComponentDefinedType::Tuple(tuple) => {
                Ty::Tuple(tuple.types.iter().map(|ty| self.value(ty)).collect::<Result<_>>()?)
            }
            ComponentDefinedType::Option { ty, .. } => Ty::Option(Box::new(self.value(ty)?)),
            ComponentDefinedType::Result { ok, err, .. } => {
                Ty::Result(self.optional(ok.as_ref())?, self.optional(err.as_ref())?)
            }
            ComponentDefinedType::Future { ty, .. } => Ty::Future(self.optional(ty.as_ref())?),
            ComponentDefinedType::Stream { ty, .. } => Ty::Stream(self.optional(ty.as_ref())?),
            ComponentDefinedType::Own(resource) => {
                Ty::Own(self.resource(ComponentAnyTypeId::Resource(*resource))?)
            }
            ComponentDefinedType::Borrow(resource) => {
                Ty::Borrow(self.resource(ComponentAnyTypeId::Resource(*resource))?)
            }
            ComponentDefinedType::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for (name, ty) in &record.fields {
                    self.charge(name.as_str().len())?;
                    fields.push((name.as_str().to_owned(), self.value(ty)?));
                }
                Ty::Record(fields)
            }
            ComponentDefinedType::Variant(variant) => {
                let mut cases = Vec::with_capacity(variant.cases.len());
                for (name, case) in &variant.cases {
                    self.charge(name.as_str().len())?;
                    cases.push((
                        name.as_str().to_owned(),
                        case.ty.as_ref().map(|ty| self.value(ty)).transpose()?,
                    ));
                }
                Ty::Variant(cases)
            }
            ComponentDefinedType::Flags(flags) => {
                Ty::Flags(self.words(flags.iter().map(|flag| flag.as_str()))?)
            }
            ComponentDefinedType::Enum(cases) => {
                Ty::Enum(self.words(cases.iter().map(|case| case.as_str()))?)
            }
        })
    }

    fn words<'b>(&mut self, words: impl Iterator<Item = &'b str>) -> Result<Vec<String>> {
        words
            .map(|word| {
                self.charge(word.len())?;
                Ok(word.to_owned())
            })
            .collect()
    }

    /// The named resource behind a handle. A resource without a name cannot be imported or exported, but a component
    /// type inside a component may still speak of one.
    fn resource(&mut self, id: ComponentAnyTypeId) -> Result<TypeId> {
        if let Some(known) = self.known(id) {
            self.charge(self.model.types[known].name.len())?;
            return Ok(known);
        }
        let known = self.model.types.len();
        self.model.types.push(NamedType {
            name: "resource".to_owned(),
            home: None,
            imported: self.importing,
            body: Body::Resource,
        });
        self.named.insert(id, known);
        Ok(known)
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes + 16).ok_or(DecodeError::TypesTooLarge)?;
        Ok(())
    }
}

fn primitive_name(primitive: PrimitiveValType) -> &'static str {
    match primitive {
        PrimitiveValType::Bool => "bool",
        PrimitiveValType::S8 => "s8",
        PrimitiveValType::U8 => "u8",
        PrimitiveValType::S16 => "s16",
        PrimitiveValType::U16 => "u16",
        PrimitiveValType::S32 => "s32",
        PrimitiveValType::U32 => "u32",
        PrimitiveValType::S64 => "s64",
        PrimitiveValType::U64 => "u64",
        PrimitiveValType::F32 => "f32",
        PrimitiveValType::F64 => "f64",
        PrimitiveValType::Char => "char",
        PrimitiveValType::String => "string",
        PrimitiveValType::ErrorContext => "error-context",
    }
}
