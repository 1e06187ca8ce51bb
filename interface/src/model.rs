//! Types, functions, interfaces and worlds as this crate keeps them: plain data without ids of the Wasm reader.

/// Where a named type stands in [`Model::types`].
pub(crate) type TypeId = usize;

/// All types of one surface and the items that use them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) types: Vec<NamedType>,
    /// The component's own imports and exports; for a WIT package its interfaces and worlds.
    pub(crate) root: World,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) worlds: Vec<(String, World)>,
    /// Interfaces that a WIT package only uses.
    pub(crate) foreign: Vec<Interface>,
}

/// A type with a name, and where it is at home.
#[derive(Debug, Clone)]
pub(crate) struct NamedType {
    pub(crate) name: String,
    /// The import or export that declares it; `None` for a type of the world itself.
    pub(crate) home: Option<String>,
    /// Whether that is an import; else it is an export.
    pub(crate) imported: bool,
    pub(crate) body: Body,
}

/// What a named type stands for.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A resource, which is equal to nothing but itself.
    Resource,
    /// A value type; [`Ty::Named`] makes it an alias, or a `use` of a type of another interface.
    Value(Ty),
}

/// A value type.
#[derive(Debug, Clone)]
pub(crate) enum Ty {
    Primitive(&'static str),
    Named(TypeId),
    List(Box<Ty>),
    FixedList(Box<Ty>, u32),
    Map(Box<Ty>, Box<Ty>),
    Tuple(Vec<Ty>),
    Option(Box<Ty>),
    Result(Option<Box<Ty>>, Option<Box<Ty>>),
    Future(Option<Box<Ty>>),
    Stream(Option<Box<Ty>>),
    Own(TypeId),
    Borrow(TypeId),
    Record(Vec<(String, Ty)>),
    Variant(Vec<(String, Option<Ty>)>),
    Flags(Vec<String>),
    Enum(Vec<String>),
}

/// A function; methods keep their long names such as `[method]bucket.get`.
#[derive(Debug, Clone)]
pub(crate) struct Func {
    pub(crate) name: String,
    pub(crate) is_async: bool,
    pub(crate) params: Vec<(String, Ty)>,
    pub(crate) result: Option<Ty>,
}

/// The types and functions behind one name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interface {
    pub(crate) name: String,
    /// The interface that a plain name stands for (`implements` in the component model).
    pub(crate) implements: Option<String>,
    pub(crate) types: Vec<(String, TypeId)>,
    pub(crate) functions: Vec<Func>,
    /// What WIT cannot say: nested instances, components, modules, values.
    pub(crate) others: Vec<(String, &'static str)>,
}

/// One import or export.
#[derive(Debug, Clone)]
pub(crate) enum Extern {
    Interface(Interface),
    Function(Func),
    Type(TypeId),
    Component,
    Module,
    Value(Ty),
}

/// What a component or world imports and exports, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) imports: Vec<(String, Extern)>,
    pub(crate) exports: Vec<(String, Extern)>,
}

impl Model {
    /// Follows aliases and `use`s to the type that is defined somewhere.
    pub(crate) fn origin(&self, mut id: TypeId) -> TypeId {
        // Every alias points to a type that was read before it, so this ends.
        while let Body::Value(Ty::Named(next)) = &self.types[id].body {
            id = *next;
        }
        id
    }

    /// Follows aliases until the type is no mere name; resources stay names.
    pub(crate) fn resolve<'a>(&'a self, ty: &'a Ty) -> &'a Ty {
        let mut ty = ty;
        while let Ty::Named(id) = ty {
            match &self.types[*id].body {
                Body::Value(next) => ty = next,
                Body::Resource => return ty,
            }
        }
        ty
    }
}

impl Ty {
    /// The same type with the names that `each` gives for those that are written in it.
    pub(crate) fn with_names(&self, each: &mut impl FnMut(TypeId) -> TypeId) -> Ty {
        match self {
            Ty::Named(id) => Ty::Named(each(*id)),
            Ty::Own(id) => Ty::Own(each(*id)),
            Ty::Borrow(id) => Ty::Borrow(each(*id)),
            Ty::List(inner) => Ty::List(Box::new(inner.with_names(each))),
            Ty::FixedList(inner, length) => Ty::FixedList(Box::new(inner.with_names(each)), *length),
            Ty::Option(inner) => Ty::Option(Box::new(inner.with_names(each))),
            Ty::Map(key, value) => {
                let key = Box::new(key.with_names(each));
                Ty::Map(key, Box::new(value.with_names(each)))
            }
            Ty::Tuple(members) => Ty::Tuple(members.iter().map(|member| member.with_names(each)).collect()),
            Ty::Result(ok, err) => {
                let ok = ok.as_ref().map(|ok| Box::new(ok.with_names(each)));
                Ty::Result(ok, err.as_ref().map(|err| Box::new(err.with_names(each))))
            }
            Ty::Future(inner) => Ty::Future(inner.as_ref().map(|inner| Box::new(inner.with_names(each)))),
            Ty::Stream(inner) => Ty::Stream(inner.as_ref().map(|inner| Box::new(inner.with_names(each)))),
            Ty::Record(fields) => {
                Ty::Record(fields.iter().map(|(name, ty)| (name.clone(), ty.with_names(each))).collect())
            }
            Ty::Variant(cases) => {
                let case = |(name, ty): &(String, Option<Ty>)| {
                    (name.clone(), ty.as_ref().map(|ty| ty.with_names(each)))
                };
                Ty::Variant(cases.iter().map(case).collect())
            }
            Ty::Primitive(_) | Ty::Flags(_) | Ty::Enum(_) => self.clone(),
        }
    }

    /// Calls `each` for every named type that is written in this one, outermost first; it does not enter definitions.
    pub(crate) fn visit_names(&self, each: &mut impl FnMut(TypeId)) {
        match self {
            Ty::Named(id) | Ty::Own(id) | Ty::Borrow(id) => each(*id),
            Ty::List(inner) | Ty::FixedList(inner, _) | Ty::Option(inner) => inner.visit_names(each),
            Ty::Map(key, value) => {
                key.visit_names(each);
                value.visit_names(each);
            }
            Ty::Tuple(members) => members.iter().for_each(|member| member.visit_names(each)),
            Ty::Result(ok, err) => ok.iter().chain(err).for_each(|inner| inner.visit_names(each)),
            Ty::Future(inner) | Ty::Stream(inner) => inner.iter().for_each(|inner| inner.visit_names(each)),
            Ty::Record(fields) => fields.iter().for_each(|(_, inner)| inner.visit_names(each)),
            Ty::Variant(cases) => {
                cases.iter().for_each(|(_, inner)| inner.iter().for_each(|inner| inner.visit_names(each)));
            }
            Ty::Primitive(_) | Ty::Flags(_) | Ty::Enum(_) => {}
        }
    }
}
