//! The structure of a component: its index spaces as steps in order, and the components inside. Types and core code are
//! passed over; what is kept points into the bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{
    CanonicalFunction, Chunk, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentName,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, InstanceTypeDeclaration, KnownCustom, Parser,
    Payload,
};
use wkit_interface::limits::NESTING_MAX;
use wkit_interface::{DecodeError, PartKind};

/// What an index refers to.
pub(crate) type Sort = ComponentExternalKind;

/// A component as it stands in the bytes.
#[derive(Debug, Default)]
pub(crate) struct Structure<'a> {
    /// Where it stands in the file.
    pub(crate) range: Range<usize>,
    /// Its own name, if it says one.
    pub(crate) name: Option<&'a str>,
    /// What makes its index spaces, in order.
    pub(crate) steps: Vec<Step<'a>>,
    /// The components inside, as [`Step::Component`] counts them.
    pub(crate) components: Vec<Structure<'a>>,
    /// The names of its instances, by index.
    pub(crate) instance_names: BTreeMap<u32, &'a str>,
    /// The names of its components, by index.
    pub(crate) component_names: BTreeMap<u32, &'a str>,
    /// Whether it only gives other names to what it is given: `wit-component` makes an exported interface with such a
    /// component, whose imports are called `import-func-…`, `import-type-…` and the like.
    pub(crate) is_shim: bool,
    /// Whether it is put together from instances of other components.
    pub(crate) is_composition: bool,
    /// Whether it, or a component inside it, takes a component from around it.
    pub(crate) takes_outer_components: bool,
    /// Where each component of the index space comes from, as far as that stands here.
    component_space: Vec<Option<usize>>,
    types: Vec<Type>,
}

/// What is kept of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    /// Of an instance with so many functions.
    Instance(u32),
    /// Of a component.
    Component,
    Other,
}

/// A step that adds to the index spaces of a component, or uses them.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// An import.
    Import(Import<'a>),
    /// A component, by its place in [`Structure::components`].
    Component(usize),
    /// A core module.
    Module,
    /// An instance of a component of the index space, with its arguments.
    Instantiate {
        /// The component.
        component: u32,
        /// What fills its imports.
        arguments: Vec<Reference<'a>>,
    },
    /// An instance made of items at hand.
    Bundle(Vec<Reference<'a>>),
    /// An export of an instance.
    Alias {
        /// What it is.
        sort: Sort,
        /// The instance.
        instance: u32,
        /// The export's name.
        name: &'a str,
    },
    /// An item of a component around this one.
    Outer {
        /// What it is.
        sort: Sort,
        /// How many components outwards; 0 is this one.
        count: u32,
        /// Its index there.
        index: u32,
    },
    /// A function of the component's own core code.
    Lift,
    /// The component's own core code calls a function.
    Lower(u32),
    /// A type is defined.
    Type,
    /// An export; it adds to the index space once more.
    Export(Reference<'a>),
}

/// An import of a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) name: &'a str,
    /// The interface that a plain name stands for.
    pub(crate) implements: Option<&'a str>,
    pub(crate) sort: Sort,
    /// How many functions it brings.
    pub(crate) functions: u32,
}

/// A named item: an argument, a member of a bundle, an export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub(crate) name: &'a str,
    pub(crate) sort: Sort,
    pub(crate) index: u32,
}

/// Reads a component. It is not validated: indexes may lead nowhere.
///
/// # Errors
///
/// As for [`wkit_interface::parts`]; a core module is refused as well.
pub(crate) fn read(bytes: &[u8]) -> Result<Structure<'_>, DecodeError> {
    // Says what is wrong with bytes that are no component, whatever they are.
    let parts = wkit_interface::parts(bytes)?;
    if parts.first().is_some_and(|part| part.kind == PartKind::Module) {
        return Err(DecodeError::CoreModule);
    }
    let mut parser = Parser::new(0);
    parser.set_features(wkit_interface::features());
    let root = Structure { range: 0..bytes.len(), ..Structure::default() };
    let mut open = vec![(root, parser)];
    let mut position = 0;
    let cut_off =
        || DecodeError::Truncated { offset: bytes.len() as u64 + 1, size_bytes: bytes.len() as u64 };
    while let Some((structure, parser)) = open.last_mut() {
        let rest = bytes.get(position..).ok_or_else(cut_off)?;
        let (payload, consumed) = match parser.parse(rest, true).map_err(invalid)? {
            Chunk::Parsed { payload, consumed } => (payload, consumed),
            Chunk::NeedMoreData(_) => return Err(cut_off()),
        };
        position += consumed;
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                structure.steps.push(Step::Module);
                position = usize::try_from(unchecked_range.end).unwrap_or(usize::MAX);
            }
            Payload::ComponentSection { parser, unchecked_range } => {
                if open.len() >= NESTING_MAX {
                    return Err(DecodeError::TooDeep);
                }
                let end = usize::try_from(unchecked_range.end).unwrap_or(usize::MAX);
                let inner = Structure { range: position..end, ..Structure::default() };
                open.push((inner, parser));
            }
            Payload::End(_) => {
                let Some((mut done, _)) = open.pop() else { break };
                done.is_shim = done.steps.iter().all(only_renames);
                done.takes_outer_components |= done.components.iter().any(|it| it.takes_outer_components);
                done.is_composition = done.steps.iter().any(|step| done.instantiates(step));
                let Some((outer, _)) = open.last_mut() else { return Ok(done) };
                outer.steps.push(Step::Component(outer.components.len()));
                outer.component_space.push(Some(outer.components.len()));
                outer.components.push(done);
            }
            other => section(&mut open, &other).map_err(invalid)?,
        }
    }
    Err(cut_off())
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn invalid(error: wasmparser::Error) -> DecodeError {
    DecodeError::Invalid { offset: error.offset(), message: error.message().to_owned() }
}

/// Adds what a section says to the innermost open component.
fn section<'a>(open: &mut [(Structure<'a>, Parser)], payload: &Payload<'a>) -> Result<(), wasmparser::Error> {
    match payload {
        Payload::ComponentTypeSection(section) => {
            for ty in section.clone() {
                let ty = kept(&ty?);
                if let Some((structure, _)) = open.last_mut() {
                    structure.types.push(ty);
                    structure.steps.push(Step::Type);
                }
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section.clone() {
                add_alias(open, &alias?);
            }
        }
        other => {
            if let Some((structure, _)) = open.last_mut() {
                structure.section(other)?;
            }
        }
    }
    Ok(())
}

fn kept(ty: &ComponentType<'_>) -> Type {
    let is_function = |declaration: &&InstanceTypeDeclaration<'_>| {
        matches!(declaration, InstanceTypeDeclaration::Export { ty: ComponentTypeRef::Func(_), .. })
    };
    match ty {
        ComponentType::Instance(declarations) => {
            let functions = declarations.iter().filter(is_function).count();
            Type::Instance(u32::try_from(functions).unwrap_or(u32::MAX))
        }
        ComponentType::Component(_) => Type::Component,
        _ => Type::Other,
    }
}

fn add_alias<'a>(open: &mut [(Structure<'a>, Parser)], alias: &ComponentAlias<'a>) {
    let depth = open.len();
    let outer = |count: u32| (depth - 1).checked_sub(count as usize);
    let inherited = match alias {
        ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, count, index } => {
            outer(*count).and_then(|at| open[at].0.types.get(*index as usize).copied())
        }
        _ => None,
    };
    let inherited = inherited.unwrap_or(Type::Other);
    let Some((structure, _)) = open.last_mut() else { return };
    match *alias {
        ComponentAlias::InstanceExport { kind, instance_index, name } => {
            structure.grow(kind, Type::Other);
            structure.steps.push(Step::Alias { sort: kind, instance: instance_index, name });
        }
        ComponentAlias::Outer { kind, count, index } => {
            let sort = match kind {
                ComponentOuterAliasKind::Type => Sort::Type,
                ComponentOuterAliasKind::Component => Sort::Component,
                ComponentOuterAliasKind::CoreModule => Sort::Module,
                ComponentOuterAliasKind::CoreType => return,
            };
            structure.takes_outer_components |= sort == Sort::Component && count > 0;
            structure.grow(sort, inherited);
            structure.steps.push(Step::Outer { sort, count, index });
        }
        ComponentAlias::CoreInstanceExport { .. } => {}
    }
}

impl<'a> Structure<'a> {
    /// Follows the parser through one section.
    fn section(&mut self, payload: &Payload<'a>) -> Result<(), wasmparser::Error> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    let functions = match import.ty {
                        ComponentTypeRef::Func(_) => 1,
                        ComponentTypeRef::Instance(index) => match self.ty(index) {
                            Type::Instance(functions) => functions,
                            _ => 0,
                        },
                        _ => 0,
                    };
                    let sort = import.ty.kind();
                    self.grow(sort, Type::Other);
                    let (name, implements) = (import.name.name, import.name.implements);
                    self.steps.push(Step::Import(Import { name, implements, sort, functions }));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    self.steps.push(match instance? {
                        ComponentInstance::Instantiate { component_index, args } => {
                            let argument = |argument: &wasmparser::ComponentInstantiationArg<'a>| Reference {
                                name: argument.name,
                                sort: argument.kind,
                                index: argument.index,
                            };
                            let arguments = args.iter().map(argument).collect();
                            Step::Instantiate { component: component_index, arguments }
                        }
                        ComponentInstance::FromExports(exports) => {
                            Step::Bundle(exports.iter().map(Reference::from).collect())
                        }
                    });
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = Reference::from(&export?);
                    match export.sort {
                        Sort::Type => self.types.push(self.ty(export.index)),
                        Sort::Component => {
                            let component = self.component_space.get(export.index as usize);
                            self.component_space.push(component.copied().flatten());
                        }
                        _ => {}
                    }
                    self.steps.push(Step::Export(export));
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    match function? {
                        CanonicalFunction::Lift { .. } => self.steps.push(Step::Lift),
                        CanonicalFunction::Lower { func_index, .. } => {
                            self.steps.push(Step::Lower(func_index));
                        }
                        _ => {}
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::ComponentName(names) = section.as_known() {
                    // Names do not decide whether a component is valid: those that cannot be read are not there.
                    names.into_iter().map_while(Result::ok).for_each(|name| self.name_section(name));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn name_section(&mut self, name: ComponentName<'a>) {
        match name {
            ComponentName::Component { name, .. } => self.name = Some(name),
            ComponentName::Instances(map) => {
                let names = map.into_iter().map_while(Result::ok);
                self.instance_names.extend(names.map(|naming| (naming.index, naming.name)));
            }
            ComponentName::Components(map) => {
                let names = map.into_iter().map_while(Result::ok);
                self.component_names.extend(names.map(|naming| (naming.index, naming.name)));
            }
            _ => {}
        }
    }

    /// Adds to the index spaces that are kept while reading.
    fn grow(&mut self, sort: Sort, ty: Type) {
        match sort {
            Sort::Type => self.types.push(ty),
            Sort::Component => self.component_space.push(None),
            _ => {}
        }
    }

    /// The component at an index, if it stands in this one.
    pub(crate) fn component(&self, index: u32) -> Option<&Structure<'a>> {
        self.components.get((*self.component_space.get(index as usize)?)?)
    }

    /// The imports, in order.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &Import<'a>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Import(import) => Some(import),
            _ => None,
        })
    }

    /// The exports, in order.
    pub(crate) fn exports(&self) -> impl Iterator<Item = &Reference<'a>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Export(export) => Some(export),
            _ => None,
        })
    }

    fn ty(&self, index: u32) -> Type {
        self.types.get(index as usize).copied().unwrap_or(Type::Other)
    }

    /// Whether this is a WIT package in binary form: it imports nothing, and exports the types of components alone.
    pub(crate) fn is_wit_package(&self) -> bool {
        let is_component_type =
            |export: &Reference<'_>| export.sort == Sort::Type && self.ty(export.index) == Type::Component;
        let mut exports = self.exports().peekable();
        exports.peek().is_some() && self.imports().next().is_none() && exports.all(is_component_type)
    }

    /// Whether a step makes an instance that is more than other names.
    fn instantiates(&self, step: &Step<'_>) -> bool {
        match step {
            Step::Instantiate { component, .. } => !self.component(*component).is_some_and(|it| it.is_shim),
            _ => false,
        }
    }
}

fn only_renames(step: &Step<'_>) -> bool {
    match step {
        Step::Import(import) => import.name.starts_with("import-"),
        Step::Type | Step::Export(_) | Step::Alias { .. } => true,
        Step::Outer { sort, .. } => *sort == Sort::Type,
        _ => false,
    }
}

impl<'a> From<&wasmparser::ComponentExport<'a>> for Reference<'a> {
    fn from(export: &wasmparser::ComponentExport<'a>) -> Self {
        let wasmparser::ComponentExport { name, kind, index, .. } = export;
        Self { name: name.name, sort: *kind, index: *index }
    }
}
