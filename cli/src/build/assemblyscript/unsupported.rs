//! What a world may not have, since the bindings cannot express it.

use wit_parser::{FunctionKind, TypeDefKind};

use crate::build::wit::Wit;

/// The first thing in the world that the bindings cannot express.
pub(super) fn first(wit: &Wit) -> Option<String> {
    if let Some(feature) = wit.first_async() {
        return Some(feature);
    }
    let plain = |kind: &FunctionKind| {
        matches!(
            kind,
            FunctionKind::Freestanding
                | FunctionKind::Method(_)
                | FunctionKind::Static(_)
                | FunctionKind::Constructor(_)
        )
    };
    if let Some((owner, function)) = wit.functions().find(|(_, function)| !plain(&function.kind)) {
        return Some(format!("the property `{}` of `{owner}`", function.item_name()));
    }
    wit.types().find_map(|kind| match kind {
        TypeDefKind::FixedLengthList(..) => Some("a list of fixed length".to_owned()),
        TypeDefKind::Map(..) => Some("a map".to_owned()),
        TypeDefKind::Flags(flags) if flags.flags.len() > 32 => {
            Some(format!("{} flags in one type, where 32 are the most", flags.flags.len()))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    fn of(parameter: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        let text = format!("package a:b; interface i {{ f: func(x: {parameter}); }} world w {{ import i; }}");
        std::fs::write(&file, text).unwrap();
        first(&wit::load(&file, "w").unwrap())
    }

    #[test]
    fn what_the_bindings_cannot_express_is_named() {
        assert_eq!(of("list<option<tuple<u8, string>>>"), None);
        assert_eq!(of("stream<u8>").unwrap(), "a `stream`");
        assert_eq!(of("future<u8>").unwrap(), "a `future`");
        assert_eq!(of("list<u8, 4>").unwrap(), "a list of fixed length");
        assert_eq!(of("map<string, u8>").unwrap(), "a map");
    }
}
