//! Types of WIT as types of Zig.

use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use super::super::wit::Wit;
use super::bindings::{Side, World, docs, indent};
use super::names;

/// The most flags that fit into one core value.
const FLAGS_MAX: usize = 32;

/// A type without a name, or the text behind `=` of one with a name.
pub(super) fn definition(world: &World<'_>, id: TypeId, side: Side) -> String {
    let of = |ty: &Type| world.ty(ty, side);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "void".to_owned(), of);
    match &world.resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| {
                format!("{}{}: {},\n", docs(&field.docs), names::of_field(&field.name), of(&field.ty))
            });
            block("struct", fields)
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| {
                let payload = case.ty.as_ref().map(|ty| format!(": {}", of(ty))).unwrap_or_default();
                format!("{}{}{payload},\n", docs(&case.docs), names::of_field(&case.name))
            });
            block("union(enum)", cases)
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            block("enum", cases.map(|case| format!("{}{},\n", docs(&case.docs), names::of_field(&case.name))))
        }
        TypeDefKind::Flags(flags) => {
            let bits = match flags.flags.len() {
                0..=8 => 8,
                9..=16 => 16,
                _ => FLAGS_MAX,
            };
            let named = flags
                .flags
                .iter()
                .map(|flag| format!("{}{}: bool = false,\n", docs(&flag.docs), names::of_field(&flag.name)));
            let rest = bits - flags.flags.len();
            let unused = (rest > 0).then(|| format!("unused_: u{rest} = 0,\n"));
            block(&format!("packed struct(u{bits})"), named.chain(unused))
        }
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(of).collect();
            format!("struct {{ {} }}", types.join(", "))
        }
        TypeDefKind::Option(ty) => format!("?{}", of(ty)),
        TypeDefKind::Result(result) => format!("abi_.Result({}, {})", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::List(ty) => format!("[]const {}", of(ty)),
        TypeDefKind::Type(ty) => of(ty),
        TypeDefKind::Handle(_) => of(&Type::Id(id)),
        // `unsupported` has refused the world before.
        kind => unreachable!("{} is refused", kind.as_str()),
    }
}

fn block(kind: &str, members: impl Iterator<Item = String>) -> String {
    let mut text = format!("{kind} {{\n");
    indent(&members.collect::<String>(), 1, &mut text);
    text + "}"
}

/// A type that WIT has by itself.
pub(super) fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "i8",
        Type::S16 => "i16",
        Type::S32 => "i32",
        Type::S64 => "i64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "u21",
        Type::String => "[]const u8",
        // `unsupported` has refused the world before; the other is a type with a definition.
        Type::ErrorContext | Type::Id(_) => unreachable!("no primitive type"),
    }
}

/// Whether a value of the type has parts that are allocated.
pub(super) fn has_lists(resolve: &Resolve, ty: &Type) -> bool {
    let of = |ty: &Type| has_lists(resolve, ty);
    let id = match ty {
        Type::String => return true,
        Type::Id(id) => id,
        _ => return false,
    };
    match &resolve.types[*id].kind {
        TypeDefKind::List(_) => true,
        TypeDefKind::Record(record) => record.fields.iter().any(|field| of(&field.ty)),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().any(of),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty.as_ref()).any(of),
        TypeDefKind::Option(ty) | TypeDefKind::Type(ty) => of(ty),
        TypeDefKind::Result(result) => [&result.ok, &result.err].into_iter().flatten().any(of),
        _ => false,
    }
}

/// The first thing in the world that the bindings cannot express.
pub(super) fn unsupported(wit: &Wit) -> Option<String> {
    if let Some(feature) = wit.first_async() {
        return Some(format!("{feature}, for which there are no bindings"));
    }
    wit.types().find_map(|kind| match kind {
        TypeDefKind::Map(..) => Some("a `map`, for which there are no bindings".to_owned()),
        TypeDefKind::FixedLengthList(..) => {
            Some("a list of a fixed length, for which there are no bindings".to_owned())
        }
        TypeDefKind::Flags(flags) if flags.flags.len() > FLAGS_MAX => {
            Some(format!("{} flags in one type, where {FLAGS_MAX} are the most", flags.flags.len()))
        }
        _ => None,
    })
}
