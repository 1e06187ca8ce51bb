//! Types and functions as WIT text.

use crate::model::{Body, Func, Model, Ty, TypeId};

/// The words that need a `%` in front to be a name.
const KEYWORDS: [&str; 45] = [
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "flags",
    "float32",
    "float64",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// A name as it stands in WIT, with `%` where it would be a keyword.
pub(crate) fn word(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("%{name}") } else { name.to_owned() }
}

/// A value type as WIT text, named types by their names.
pub(crate) fn ty(model: &Model, ty: &Ty) -> String {
    let mut out = String::new();
    write_ty(model, ty, &mut out);
    out
}

fn write_ty(model: &Model, ty: &Ty, out: &mut String) {
    let optional = |out: &mut String, ty: &Option<Box<Ty>>| match ty {
        Some(ty) => write_ty(model, ty, out),
        None => out.push('_'),
    };
    match ty {
        Ty::Primitive(name) => out.push_str(name),
        Ty::Named(id) | Ty::Own(id) => out.push_str(&word(&model.types[*id].name)),
        Ty::Borrow(id) => {
            out.push_str("borrow<");
            out.push_str(&word(&model.types[*id].name));
            out.push('>');
        }
        Ty::List(element) => generic(model, "list", &[element], out),
        Ty::FixedList(element, length) => {
            out.push_str("list<");
            write_ty(model, element, out);
            out.push_str(&format!(", {length}>"));
        }
        Ty::Map(key, value) => generic(model, "map", &[key, value], out),
        Ty::Tuple(members) => generic(model, "tuple", &members.iter().collect::<Vec<_>>(), out),
        Ty::Option(inner) => generic(model, "option", &[inner], out),
        Ty::Future(inner) => {
            generic(model, "future", &inner.iter().map(AsRef::as_ref).collect::<Vec<_>>(), out)
        }
        Ty::Stream(inner) => {
            generic(model, "stream", &inner.iter().map(AsRef::as_ref).collect::<Vec<_>>(), out)
        }
        Ty::Result(None, None) => out.push_str("result"),
        Ty::Result(ok, None) => {
            generic(model, "result", &ok.iter().map(AsRef::as_ref).collect::<Vec<_>>(), out)
        }
        Ty::Result(ok, err) => {
            out.push_str("result<");
            optional(out, ok);
            out.push_str(", ");
            optional(out, err);
            out.push('>');
        }
        Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_) => {
            out.push_str(kind(ty));
            out.push_str(" { ");
            out.push_str(&members(model, ty).join(", "));
            out.push_str(" }");
        }
    }
}

fn generic(model: &Model, name: &str, arguments: &[&Ty], out: &mut String) {
    out.push_str(name);
    if arguments.is_empty() {
        return;
    }
    for (index, argument) in arguments.iter().enumerate() {
        out.push_str(if index == 0 { "<" } else { ", " });
        write_ty(model, argument, out);
    }
    out.push('>');
}

/// The word that WIT begins such a type with: `record`, `variant`, `type` …
pub(crate) fn kind(ty: &Ty) -> &'static str {
    match ty {
        Ty::Record(_) => "record",
        Ty::Variant(_) => "variant",
        Ty::Flags(_) => "flags",
        Ty::Enum(_) => "enum",
        _ => "type",
    }
}

/// The fields, cases or flags of a type, each as WIT text.
pub(crate) fn members(model: &Model, ty: &Ty) -> Vec<String> {
    match ty {
        Ty::Record(fields) => {
            fields.iter().map(|(name, inner)| format!("{}: {}", word(name), self::ty(model, inner))).collect()
        }
        Ty::Variant(cases) => cases
            .iter()
            .map(|(name, inner)| match inner {
                Some(inner) => format!("{}({})", word(name), self::ty(model, inner)),
                None => word(name),
            })
            .collect(),
        Ty::Flags(names) | Ty::Enum(names) => names.iter().map(|name| word(name)).collect(),
        _ => Vec::new(),
    }
}

/// The definition of a named type on one line, `record point { x: u32, y: u32 }`.
pub(crate) fn definition(model: &Model, id: TypeId) -> String {
    let named = &model.types[id];
    let name = word(&named.name);
    match &named.body {
        Body::Resource => format!("resource {name}"),
        Body::Value(ty @ (Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_))) => {
            format!("{} {name} {{ {} }}", kind(ty), members(model, ty).join(", "))
        }
        Body::Value(Ty::Named(other)) => match foreign_home(model, id, *other) {
            Some(home) if model.types[*other].name == named.name => format!("use {home}.{{{name}}}"),
            Some(home) => format!("use {home}.{{{} as {name}}}", word(&model.types[*other].name)),
            None => format!("type {name} = {}", word(&model.types[*other].name)),
        },
        Body::Value(ty) => format!("type {name} = {}", self::ty(model, ty)),
    }
}

/// The interface that `target` comes from, when that is another than the one of `id`.
pub(crate) fn foreign_home(model: &Model, id: TypeId, target: TypeId) -> Option<&str> {
    let home = model.types[target].home.as_deref()?;
    (model.types[id].home.as_deref() != Some(home)).then_some(home)
}

/// What a function's long name says: `[method]bucket.get` is the method `get` of `bucket`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionName<'a> {
    Plain(&'a str),
    Constructor { resource: &'a str },
    Method { resource: &'a str, name: &'a str },
    Static { resource: &'a str, name: &'a str },
}

impl<'a> FunctionName<'a> {
    pub(crate) fn parse(name: &'a str) -> Self {
        if let Some(resource) = name.strip_prefix("[constructor]") {
            return Self::Constructor { resource };
        }
        if let Some((resource, name)) = name.strip_prefix("[method]").and_then(|rest| rest.split_once('.')) {
            return Self::Method { resource, name };
        }
        if let Some((resource, name)) = name.strip_prefix("[static]").and_then(|rest| rest.split_once('.')) {
            return Self::Static { resource, name };
        }
        Self::Plain(name)
    }

    pub(crate) fn resource(self) -> Option<&'a str> {
        match self {
            Self::Plain(_) => None,
            Self::Constructor { resource }
            | Self::Method { resource, .. }
            | Self::Static { resource, .. } => Some(resource),
        }
    }

    /// How a person calls it: `bucket.get`, `bucket` for the constructor of `bucket`.
    pub(crate) fn spoken(self) -> String {
        match self {
            Self::Plain(name) => name.to_owned(),
            Self::Constructor { resource } => format!("{resource}.constructor"),
            Self::Method { resource, name } | Self::Static { resource, name } => format!("{resource}.{name}"),
        }
    }
}

/// The function's type as WIT text: `async func(key: string) -> option<u32>`, `static func(…)`, `constructor(…)`.
pub(crate) fn signature(model: &Model, function: &Func) -> String {
    let name = FunctionName::parse(&function.name);
    let (opening, skipped) = match name {
        FunctionName::Constructor { .. } => ("constructor", 0),
        FunctionName::Static { .. } => {
            (if function.is_async { "static async func" } else { "static func" }, 0)
        }
        FunctionName::Method { .. } => (if function.is_async { "async func" } else { "func" }, 1),
        FunctionName::Plain(_) => (if function.is_async { "async func" } else { "func" }, 0),
    };
    let params: Vec<String> = function
        .params
        .iter()
        .skip(skipped)
        .map(|(name, inner)| format!("{}: {}", word(name), ty(model, inner)))
        .collect();
    let mut out = format!("{opening}({})", params.join(", "));
    let plain_constructor = matches!(name, FunctionName::Constructor { .. })
        && matches!(function.result.as_ref().map(|result| model.resolve(result)), Some(Ty::Own(_)));
    if let Some(result) = function.result.as_ref().filter(|_| !plain_constructor) {
        out.push_str(" -> ");
        out.push_str(&ty(model, result));
    }
    out
}
