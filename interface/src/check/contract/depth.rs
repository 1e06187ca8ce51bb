//! How deep types are nested, found without going down into them: chains of names may be as long as the sources.

use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeId};

/// The depth of the type that is nested deepest; a type that contains none is 1 deep.
pub(super) fn deepest(resolve: &Resolve) -> usize {
    let mut depths = vec![0_usize; resolve.types.len()];
    let mut deepest = 0;
    let mut waiting: Vec<TypeId> = Vec::new();
    for (id, _) in resolve.types.iter() {
        waiting.push(id);
        while let Some(&id) = waiting.last() {
            if depths[id.index()] > 0 {
                waiting.pop();
                continue;
            }
            let known = waiting.len();
            let mut below = 0;
            contained(&resolve.types[id].kind, &mut |ty| {
                if let Type::Id(inner) = ty {
                    let depth = depths[inner.index()];
                    below = below.max(depth);
                    if depth == 0 {
                        waiting.push(*inner);
                    }
                }
            });
            if waiting.len() == known {
                depths[id.index()] = below + 1;
                deepest = deepest.max(below + 1);
                waiting.pop();
            }
        }
    }
    deepest
}

/// Calls `each` for every type that a definition mentions.
fn contained(kind: &TypeDefKind, each: &mut dyn FnMut(&Type)) {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().for_each(|field| each(&field.ty)),
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().filter_map(|case| case.ty.as_ref()).for_each(each);
        }
        TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(each),
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => each(&Type::Id(*id)),
        TypeDefKind::Result(result) => [&result.ok, &result.err].into_iter().flatten().for_each(each),
        TypeDefKind::Map(key, value) => [key, value].into_iter().for_each(each),
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().for_each(each),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => each(ty),
        TypeDefKind::Resource | TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Unknown => {}
    }
}
