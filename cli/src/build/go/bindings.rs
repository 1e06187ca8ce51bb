//! The bindings that wit-bindgen makes, and what it cannot make.

use std::collections::BTreeMap;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{FunctionKind, TypeDefKind};
use wit_bindgen_go::{Format, Opts};

use super::{MANIFEST, STANDALONE, casts};
use crate::build::error::BuildError;
use crate::build::wit::Wit;

/// The file of the bindings that calls a person's functions.
const EXPORTS: &str = "wit_exports.go";

/// The file that makes the bindings of another module a program.
const MAIN: &str = "wit_main.go";

/// What a person's own `main` is to the bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Main {
    /// There is none, so that the bindings bring one.
    Absent,
    /// It stands where the compiler wants to see one, and does nothing.
    Empty,
    /// It is the program: the component is a command.
    Command,
}

/// The bindings of the world, by their paths in the user's module.
///
/// The bindings of another module import only what a person's sources do not.
pub(super) fn bindings(wit: &Wit, module: &str, main: Main) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
    let mut files = generate(wit, module, false)?;
    // The user's own `go.mod` takes the place of the generated one.
    files.remove(MANIFEST);
    let mut bindings: BTreeMap<String, Vec<u8>> = files
        .iter()
        // The empty assembly files serve tests outside Wasm, and the assembler cannot work in an overlaid folder.
        .filter(|(name, _)| name.ends_with(".go"))
        .map(|(name, contents)| (name.to_owned(), contents.to_owned()))
        .collect();
    let exports = bindings.keys().find(|name| name.ends_with(EXPORTS)).cloned();
    if let Some(code) = exports.as_ref().and_then(|name| bindings.get_mut(name)) {
        let mut text = casts::correct(&String::from_utf8_lossy(code));
        if module == STANDALONE && main == Main::Empty {
            text = text.replace("\nfunc main() {}\n", "\n");
        }
        *code = text.into_bytes();
    }
    match main {
        // A command exports nothing but its `main`.
        Main::Command => {
            exports.and_then(|name| bindings.remove(&name));
        }
        Main::Absent | Main::Empty if module == STANDALONE => {}
        Main::Absent | Main::Empty => {
            // As packages of another module the bindings are seen only where something imports them.
            let mut text = format!("package main\n\nimport _ \"{module}/exports/wit_exports\"\n");
            if main == Main::Absent {
                text.push_str("\nfunc main() {}\n");
            }
            bindings.insert(MAIN.to_owned(), text.into_bytes());
        }
    }
    Ok(bindings)
}

/// All files as wit-bindgen makes them; with `stubs` the exports' packages hold functions to fill in.
pub(super) fn generate(wit: &Wit, module: &str, stubs: bool) -> Result<Files, BuildError> {
    let pkg_name = (module != STANDALONE).then(|| module.to_owned());
    let options =
        Opts { format: Format::False, quiet: true, generate_stubs: stubs, pkg_name, ..Opts::default() };
    let mut files = Files::default();
    let mut resolve = wit.resolve.clone();
    options.build().generate(&mut resolve, wit.world, &mut files).map_err(|error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: format!("no bindings for Go: {error:#}"),
    })?;
    Ok(files)
}

/// Refuses a world that the bindings, or the stock compiler, cannot express.
pub(super) fn check_supported(wit: &Wit) -> Result<(), BuildError> {
    match first_unsupported(wit) {
        None => Ok(()),
        Some(feature) => Err(BuildError::unsupported(super::LANGUAGE, wit, feature)),
    }
}

/// The first thing in the world that the bindings, or the stock compiler, cannot express.
fn first_unsupported(wit: &Wit) -> Option<String> {
    if let Some(feature) = wit.first_async() {
        return Some(format!("{feature}, which needs a patched compiler"));
    }
    let property = |kind: &FunctionKind| {
        !matches!(
            kind,
            FunctionKind::Freestanding
                | FunctionKind::Method(_)
                | FunctionKind::Static(_)
                | FunctionKind::Constructor(_)
        )
    };
    if let Some((owner, function)) = wit.functions().find(|(_, function)| property(&function.kind)) {
        return Some(format!("the property `{}` of `{owner}`", function.item_name()));
    }
    wit.types().find_map(|kind| match kind {
        TypeDefKind::FixedLengthList(..) => Some("a list of fixed length".to_owned()),
        TypeDefKind::Tuple(tuple) if tuple.types.len() > 16 => {
            Some(format!("a tuple of {} values, where 16 are the most", tuple.types.len()))
        }
        _ => None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::build::wit;

    pub(crate) fn world(text: &str) -> Wit {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        wit::load(&file, "w").unwrap()
    }

    const PLAIN: &str = "package a:b; interface i { record r { x: u8 } f: func(r: r) -> list<r>; } \
                         world w { import i; export i; }";

    #[test]
    fn bindings_of_a_program_lie_beside_the_sources() {
        let files = bindings(&world(PLAIN), STANDALONE, Main::Absent).unwrap();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a_b_i/wit_bindings.go", "wit_exports.go"]);
    }

    #[test]
    fn bindings_of_another_module_get_a_main() {
        let files = bindings(&world(PLAIN), "example.com/cart", Main::Absent).unwrap();
        let main = String::from_utf8(files["wit_main.go"].clone()).unwrap();
        assert!(main.contains("import _ \"example.com/cart/exports/wit_exports\""), "{main}");
        assert!(files.contains_key("imports/a_b_i/wit_bindings.go"), "{:?}", files.keys());
        assert!(!files.contains_key(MANIFEST));
    }

    #[test]
    fn a_main_of_a_persons_own_is_not_there_twice() {
        let text = |module: &str, main, file: &str| {
            let files = bindings(&world(PLAIN), module, main).unwrap();
            files.get(file).map(|code| String::from_utf8(code.clone()).unwrap())
        };
        let own = text("example.com/cart", Main::Empty, MAIN).unwrap();
        assert!(own.contains("wit_exports") && !own.contains("func main"), "{own}");
        assert!(text(STANDALONE, Main::Absent, EXPORTS).unwrap().contains("func main() {}"));
        assert!(!text(STANDALONE, Main::Empty, EXPORTS).unwrap().contains("func main"));
        assert_eq!(text("example.com/cart", Main::Command, MAIN), None);
        assert_eq!(text(STANDALONE, Main::Command, EXPORTS), None);
    }

    #[test]
    fn what_the_bindings_cannot_express_is_named_before_they_are_made() {
        assert_eq!(first_unsupported(&world(PLAIN)), None);
        let tuple = |length| format!("tuple<{}>", vec!["u8"; length].join(", "));
        let of = |parameter: &str| {
            format!("package a:b; interface i {{ f: func(x: {parameter}); }} world w {{ import i; }}")
        };
        assert_eq!(first_unsupported(&world(&of(&tuple(16)))), None);
        let found = first_unsupported(&world(&of(&tuple(17)))).unwrap();
        assert_eq!(found, "a tuple of 17 values, where 16 are the most");
        let found = first_unsupported(&world(&of("stream<u8>"))).unwrap();
        assert_eq!(found, "a `stream`, which needs a patched compiler");
    }
}
