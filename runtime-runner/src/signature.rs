//! Types of exported functions as text.

use std::fmt;

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

/// The signature of an exported function, as WIT writes it, with every type spelled out: a component's type does not
/// carry the names of records and the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Each parameter's name and type.
    pub parameters: Vec<(String, String)>,
    /// The type of what it returns, if it returns something.
    pub result: Option<String>,
    /// Whether WIT declares it as an `async func`.
    pub is_async: bool,
}

impl Signature {
    pub(crate) fn of(function: &ComponentFunc) -> Self {
        Self {
            parameters: function.params().map(|(name, ty)| (name.to_owned(), type_text(&ty))).collect(),
            result: function.results().next().map(|ty| type_text(&ty)),
            is_async: function.async_(),
        }
    }
}

impl fmt::Display for Signature {
    /// `(a: u32, b: u32) -> u32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<_> = self.parameters.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        write!(f, "({})", parameters.join(", "))?;
        match &self.result {
            Some(result) => write!(f, " -> {result}"),
            None => Ok(()),
        }
    }
}

/// A type as WIT would write it in place.
pub(crate) fn type_text(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::Float32 => "f32".to_owned(),
        Type::Float64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::ErrorContext => "error-context".to_owned(),
        Type::Own(_) => "own<resource>".to_owned(),
        Type::Borrow(_) => "borrow<resource>".to_owned(),
        Type::List(list) => format!("list<{}>", type_text(&list.ty())),
        // The engine does not tell the length.
        Type::FixedLengthList(list) => format!("list<{}, _>", type_text(&list.ty())),
        Type::Map(map) => format!("map<{}, {}>", type_text(&map.key()), type_text(&map.value())),
        Type::Option(option) => format!("option<{}>", type_text(&option.ty())),
        Type::Tuple(tuple) => format!("tuple<{}>", join(tuple.types().map(|ty| type_text(&ty)))),
        Type::Flags(flags) => format!("flags {{ {} }}", join(flags.names().map(str::to_owned))),
        Type::Enum(cases) => format!("enum {{ {} }}", join(cases.names().map(str::to_owned))),
        Type::Record(record) => {
            let fields = record.fields().map(|field| format!("{}: {}", field.name, type_text(&field.ty)));
            format!("record {{ {} }}", join(fields))
        }
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, type_text(ty)),
                None => case.name.to_owned(),
            });
            format!("variant {{ {} }}", join(cases))
        }
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", type_text(&ok)),
            (None, Some(err)) => format!("result<_, {}>", type_text(&err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", type_text(&ok), type_text(&err)),
        },
        Type::Future(future) => wrapped("future", future.ty()),
        Type::Stream(stream) => wrapped("stream", stream.ty()),
    }
}

/// The first type in `ty` that WAVE has no form for.
pub(crate) fn without_wave_form(ty: &Type) -> Option<Type> {
    match ty {
        Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::Map(_)
        | Type::FixedLengthList(_) => Some(ty.clone()),
        Type::List(list) => without_wave_form(&list.ty()),
        Type::Option(option) => without_wave_form(&option.ty()),
        Type::Tuple(tuple) => tuple.types().find_map(|ty| without_wave_form(&ty)),
        Type::Record(record) => record.fields().find_map(|field| without_wave_form(&field.ty)),
        Type::Variant(variant) => {
            variant.cases().filter_map(|case| case.ty).find_map(|ty| without_wave_form(&ty))
        }
        Type::Result(result) => {
            [result.ok(), result.err()].into_iter().flatten().find_map(|ty| without_wave_form(&ty))
        }
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Flags(_)
        | Type::Enum(_) => None,
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn wrapped(name: &str, inner: Option<Type>) -> String {
    match inner {
        Some(inner) => format!("{name}<{}>", type_text(&inner)),
        None => name.to_owned(),
    }
}
