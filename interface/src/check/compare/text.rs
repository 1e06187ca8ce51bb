//! Items as WIT text, on one line.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

use crate::limits::TYPE_NESTING_MAX;
use crate::text::word;

/// The longest text of one type, in bytes; what is beyond is left out.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// A type where it is mentioned.
pub(in crate::check) fn ty(resolve: &Resolve, ty: &Type) -> String {
    let mut text = String::new();
    write_type(resolve, ty, 0, &mut text);
    text
}

fn optional(resolve: &Resolve, ty: Option<&Type>, depth: usize, out: &mut String) {
    match ty {
        Some(ty) => write_type(resolve, ty, depth, out),
        None => out.push('_'),
    }
}

fn write_type(resolve: &Resolve, ty: &Type, depth: usize, out: &mut String) {
    if depth > TYPE_NESTING_MAX || out.len() > TEXT_BYTES_MAX {
        if !out.ends_with('…') {
            out.push('…');
        }
        return;
    }
    let plain = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => return write_defined(resolve, *id, depth, out),
    };
    out.push_str(plain);
}

fn write_defined(resolve: &Resolve, id: TypeId, depth: usize, out: &mut String) {
    let definition = &resolve.types[id];
    match &definition.name {
        Some(name) => out.push_str(&word(name)),
        None => write_kind(resolve, &definition.kind, depth, out),
    }
}

fn write_kind(resolve: &Resolve, kind: &TypeDefKind, depth: usize, out: &mut String) {
    let inner = |types: &[Option<&Type>], out: &mut String| {
        out.push('<');
        for (place, ty) in types.iter().enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            optional(resolve, *ty, depth + 1, out);
        }
        out.push('>');
    };
    match kind {
        TypeDefKind::Type(ty) => write_type(resolve, ty, depth + 1, out),
        // In parameters and results the handle of a resource is written as the resource.
        TypeDefKind::Handle(Handle::Own(id)) => write_defined(resolve, *id, depth + 1, out),
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            out.push_str("borrow");
            inner(&[Some(&Type::Id(*id))], out);
        }
        TypeDefKind::List(ty) => {
            out.push_str("list");
            inner(&[Some(ty)], out);
        }
        TypeDefKind::FixedLengthList(ty, length) => {
            out.push_str("list<");
            write_type(resolve, ty, depth + 1, out);
            out.push_str(&format!(", {length}>"));
        }
        TypeDefKind::Map(key, value) => {
            out.push_str("map");
            inner(&[Some(key), Some(value)], out);
        }
        TypeDefKind::Option(ty) => {
            out.push_str("option");
            inner(&[Some(ty)], out);
        }
        TypeDefKind::Tuple(tuple) => {
            out.push_str("tuple");
            inner(&tuple.types.iter().map(Some).collect::<Vec<_>>(), out);
        }
        TypeDefKind::Result(result) => {
            out.push_str("result");
            match (&result.ok, &result.err) {
                (None, None) => {}
                (ok, None) => inner(&[ok.as_ref()], out),
                (ok, err) => inner(&[ok.as_ref(), err.as_ref()], out),
            }
        }
        TypeDefKind::Future(ty) => {
            out.push_str("future");
            if ty.is_some() {
                inner(&[ty.as_ref()], out);
            }
        }
        TypeDefKind::Stream(ty) => {
            out.push_str("stream");
            if ty.is_some() {
                inner(&[ty.as_ref()], out);
            }
        }
        kind => out.push_str(kind.as_str()),
    }
}

/// A named type with its definition.
pub(in crate::check) fn definition(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    let name = word(definition.name.as_deref().unwrap_or_default());
    let list = |members: Vec<String>| format!("{{ {} }}", shortened(&members).join(", "));
    match &definition.kind {
        TypeDefKind::Record(record) => {
            let field = |name: &str, of: &Type| format!("{}: {}", word(name), ty(resolve, of));
            let fields = record.fields.iter().map(|member| field(&member.name, &member.ty)).collect();
            format!("record {name} {}", list(fields))
        }
        TypeDefKind::Variant(variant) => {
            let case = |name: &str, of: &Option<Type>| match of {
                Some(of) => format!("{}({})", word(name), ty(resolve, of)),
                None => word(name),
            };
            let cases = variant.cases.iter().map(|member| case(&member.name, &member.ty)).collect();
            format!("variant {name} {}", list(cases))
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter().map(|case| word(&case.name)).collect();
            format!("enum {name} {}", list(cases))
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter().map(|flag| word(&flag.name)).collect();
            format!("flags {name} {}", list(flags))
        }
        TypeDefKind::Resource => format!("resource {name}"),
        TypeDefKind::Type(Type::Id(origin)) if is_elsewhere(resolve, id, *origin) => {
            let origin_name = resolve.types[*origin].name.as_deref().unwrap_or_default();
            let from = match resolve.types[*origin].owner {
                TypeOwner::Interface(home) => resolve.id_of(home).unwrap_or_default(),
                TypeOwner::World(_) | TypeOwner::None => String::new(),
            };
            let renamed = definition.name.as_deref().filter(|own| *own != origin_name);
            let renamed = renamed.map(|own| format!(" as {}", word(own))).unwrap_or_default();
            format!("use {from}.{{{}{renamed}}}", word(origin_name))
        }
        kind => {
            let mut text = format!("type {name} = ");
            write_kind(resolve, kind, 0, &mut text);
            text
        }
    }
}

/// The members as long as there is room for them.
fn shortened(members: &[String]) -> Vec<&str> {
    let mut size_bytes = 0;
    let fits = |member: &&String| {
        size_bytes += member.len();
        size_bytes <= TEXT_BYTES_MAX
    };
    let mut shown: Vec<&str> = members.iter().take_while(fits).map(String::as_str).collect();
    if shown.len() < members.len() {
        shown.push("…");
    }
    shown
}

/// What a named type is defined as, without its name where it can do without.
pub(super) fn meaning(resolve: &Resolve, id: TypeId) -> String {
    let text = definition(resolve, id);
    let meaning = text.strip_prefix("type ").and_then(|text| text.split_once(" = "));
    meaning.map(|(_, meaning)| meaning.to_owned()).unwrap_or(text)
}

/// Whether a type that names another one takes it from another interface.
fn is_elsewhere(resolve: &Resolve, id: TypeId, origin: TypeId) -> bool {
    resolve.types[id].owner != resolve.types[origin].owner && resolve.types[origin].name.is_some()
}

/// A function with its name.
pub(in crate::check) fn function(resolve: &Resolve, function: &Function) -> String {
    let signature = signature(resolve, function);
    match function.kind {
        FunctionKind::Constructor(_) => signature,
        _ => format!("{}: {signature}", word(function.item_name())),
    }
}

/// The type of a function, without its name.
pub(super) fn signature(resolve: &Resolve, function: &Function) -> String {
    let takes_self = matches!(
        function.kind,
        FunctionKind::Method(_)
            | FunctionKind::AsyncMethod(_)
            | FunctionKind::MethodGetter(_)
            | FunctionKind::MethodSetter(_)
    );
    let params = function.params.iter().skip(usize::from(takes_self));
    let params: Vec<String> =
        params.map(|param| format!("{}: {}", word(&param.name), ty(resolve, &param.ty))).collect();
    let is_static = matches!(
        function.kind,
        FunctionKind::Static(_)
            | FunctionKind::AsyncStatic(_)
            | FunctionKind::StaticGetter(_)
            | FunctionKind::StaticSetter(_)
    );
    let verb = match function.kind {
        FunctionKind::Constructor(_) => "constructor",
        FunctionKind::Getter | FunctionKind::MethodGetter(_) | FunctionKind::StaticGetter(_) => "get",
        FunctionKind::Setter | FunctionKind::MethodSetter(_) | FunctionKind::StaticSetter(_) => "set",
        _ => "func",
    };
    let before = format!(
        "{}{}",
        if is_static { "static " } else { "" },
        if function.kind.is_async() { "async " } else { "" }
    );
    // What a constructor gives is its resource, unless it may fail.
    let result = function.result.as_ref().map(|result| ty(resolve, result));
    let own = names_own(resolve, function, result.as_deref());
    let result = result.filter(|_| !own).map(|result| format!(" -> {result}")).unwrap_or_default();
    format!("{before}{verb}({}){result}", shortened(&params).join(", "))
}

fn names_own(resolve: &Resolve, function: &Function, result: Option<&str>) -> bool {
    let FunctionKind::Constructor(id) = function.kind else { return false };
    result.is_some_and(|result| resolve.types[id].name.as_deref() == Some(result.trim_start_matches('%')))
}
