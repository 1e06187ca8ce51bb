//! C++: bindings are made in this process, clang compiles them with the sources, and the core module becomes a
//! component.
//!
//! An exported resource is a class of the person's: its header is generated once, as a proposal, and the one in
//! `include` or `src` takes its place.

mod skeleton;

use heck::ToPascalCase;
use wit_bindgen_c::to_c_ident;
use wit_bindgen_core::wit_parser::{
    Function, FunctionKind, InterfaceId, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey,
};
use wit_bindgen_core::{Files, name_package_module};
use wit_bindgen_cpp::Opts;

use super::error::BuildError;
use super::native::{self, Dialect, Export, Symbol, ZIGLANG};
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile};

const LANGUAGE: &str = "C++";

/// The version of the generator that wkit carries.
const BINDINGS: &str = "0.63.0";

/// The header of what all bindings have in common.
const HELPERS: &str = "wit.h";

static DIALECT: Dialect =
    Dialect { title: LANGUAGE, endings: &["cpp", "cc", "cxx", "c"], driver: "c++", bindings, exports };

/// The back end for C++.
pub(super) struct Cpp;

impl Language for Cpp {
    fn name(&self) -> &'static str {
        "cpp"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn markers(&self) -> &'static [&'static str] {
        &["*.cpp", "*.cc", "*.cxx"]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["c"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        native::SKIPPED_FOLDERS
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Package(&ZIGLANG), Requirement::Carried { name: "wit-bindgen-cpp", version: BINDINGS }]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        native::tools(input, "wit-bindgen-cpp", BINDINGS)
    }

    fn bindings(&self, input: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        native::headers(input, &DIALECT, wit)
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        skeleton::of(wit)
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        native::build(input, wit, &DIALECT, output)
    }
}

/// The headers, the source and the object that make a world C++.
fn bindings(wit: &Wit) -> Result<Files, BuildError> {
    if let Some(feature) = native::unsupported(wit) {
        return Err(BuildError::unsupported(LANGUAGE, wit, feature));
    }
    let mut files = generate(&wit.resolve, wit.world, wit.world_name())?;
    if files.iter().all(|(name, _)| name != HELPERS) {
        // The headers of resources include it, which the generator overlooks in a world that has no other use for it.
        let mut resolve = Resolve::default();
        let parsed = resolve
            .push_str("helpers.wit", "package wkit:helpers; world helpers { import f: func() -> string; }");
        let world = parsed
            .and_then(|package| resolve.select_world(&[package], None))
            .map_err(|error| failure(wit.world_name(), &error))?;
        let helpers = generate(&resolve, world, wit.world_name())?;
        if let Some((name, contents)) = helpers.iter().find(|(name, _)| *name == HELPERS) {
            files.push(name, contents);
        }
    }
    let mut mended = Files::default();
    for (name, contents) in files.iter() {
        match std::str::from_utf8(contents) {
            Ok(source) if name.ends_with(".cpp") => mended.push(name, with_handles(source).as_bytes()),
            _ => mended.push(name, contents),
        }
    }
    Ok(native::quiet(&mended))
}

fn generate(resolve: &Resolve, world: WorldId, name: &str) -> Result<Files, BuildError> {
    let mut files = Files::default();
    let generated = Opts::default().build(None).generate(&mut resolve.clone(), world, &mut files);
    generated.map_err(|error| failure(name, &error))?;
    Ok(files)
}

fn failure(world: &str, error: &anyhow::Error) -> BuildError {
    BuildError::Encode { world: world.to_owned(), message: format!("no bindings for {LANGUAGE}: {error:#}") }
}

/// The bindings forget the handle of a resource that comes back: it would be dropped under the one that it had
/// when it was made, which may be another's by now.
fn with_handles(source: &str) -> String {
    let mut mended = String::with_capacity(source.len());
    for line in source.lines() {
        mended.push_str(line);
        mended.push('\n');
        let object = line.trim_start().strip_prefix("auto ").and_then(|rest| rest.split_once(" = "));
        let handle = line.split_once("::ResourceRep(").and_then(|(_, rest)| rest.strip_suffix("));"));
        if let (Some((object, owned)), Some(handle)) = (object, handle)
            && owned.contains("::Owned(")
        {
            mended.push_str(&format!("  {object}->handle = {handle};\n"));
        }
    }
    mended
}

/// The functions that the sources must have.
fn exports(wit: &Wit) -> Vec<Export> {
    native::exported(wit)
        .map(|(key, function)| {
            let path = path(wit, key, function);
            let mangled = |path: &[String]| -> String {
                path.iter().map(|name| format!("{}{name}", name.len())).collect()
            };
            // A constructor has no name of its own behind that of its class.
            let symbol = match path.split_last() {
                Some((name, class)) if class.last() == Some(name) => format!("_ZN{}C", mangled(class)),
                _ => format!("_ZN{}E", mangled(&path)),
            };
            Export {
                wit: native::shown(wit, key, function),
                owner: wit.resolve.name_world_key(key),
                name: path.join("::"),
                symbol: Symbol::BeginsWith(symbol),
            }
        })
        .collect()
}

/// The namespaces, the class and the name of an exported function in C++.
fn path(wit: &Wit, key: &WorldKey, function: &Function) -> Vec<String> {
    let world = &wit.resolve.worlds[wit.world];
    let mut path = vec!["exports".to_owned()];
    match world.exports.get(key) {
        Some(WorldItem::Interface { id, .. }) => path.extend(namespace(wit, key, *id)),
        _ => path.push(to_c_ident(&world.name)),
    }
    let class = function
        .kind
        .resource()
        .map(|resource| wit.resolve.types[resource].name.as_deref().unwrap_or_default().to_pascal_case());
    path.extend(class.clone());
    path.push(match (&function.kind, class) {
        (FunctionKind::Constructor(_), Some(class)) if !is_fallible(wit, function) => class,
        (FunctionKind::Constructor(_), _) => "Create".to_owned(),
        _ => function.item_name().to_pascal_case(),
    });
    path
}

/// Whether a constructor may return an error.
fn is_fallible(wit: &Wit, function: &Function) -> bool {
    matches!(function.result, Some(Type::Id(id)) if matches!(wit.resolve.types[id].kind, TypeDefKind::Result(_)))
}

/// The namespaces of an exported interface.
fn namespace(wit: &Wit, key: &WorldKey, id: InterfaceId) -> Vec<String> {
    let interface = &wit.resolve.interfaces[id];
    if let (WorldKey::Name(name), true) = (key, interface.name.is_some()) {
        return vec![to_c_ident(name)];
    }
    let Some(package) = interface.package else { return Vec::new() };
    let names = [
        Some(wit.resolve.packages[package].name.namespace.clone()),
        Some(name_package_module(&wit.resolve, package)),
        interface.name.clone(),
    ];
    names.into_iter().flatten().map(|name| to_c_ident(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    const WIT: &str = "package a:b@1.0.0; interface i { resource r { constructor(n: u8); both: static func(a: r, b: r); } \
                       size-of: func(r: borrow<r>) -> u32; } world w { export i; export go: func(); }";

    fn world() -> Wit {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, WIT).unwrap();
        wit::load(&file, "w").unwrap()
    }

    #[test]
    fn a_resource_that_comes_back_has_its_present_handle() {
        let files = bindings(&world()).unwrap();
        let source = files.iter().find(|(name, _)| *name == "w.cpp").unwrap().1;
        let source = String::from_utf8_lossy(source);
        for (object, handle) in [("obj0", "arg0"), ("obj1", "arg1")] {
            let lines = format!("ResourceRep({handle}));\n  {object}->handle = {handle};\n");
            assert!(source.contains(&lines), "no `{lines}` in\n{source}");
        }
    }

    #[test]
    fn what_all_bindings_have_in_common_is_always_there() {
        let files = bindings(&world()).unwrap();
        assert!(files.iter().any(|(name, _)| name == HELPERS));
    }

    #[test]
    fn functions_are_known_by_their_symbols() {
        let exports = exports(&world());
        let find =
            |symbol: &str| exports.iter().find(|export| export.symbol.is(symbol)).map(|e| e.name.as_str());
        assert_eq!(find("_ZN7exports1w2GoEv"), Some("exports::w::Go"));
        assert_eq!(find("_ZN7exports1a1b1i1RC1Eh"), Some("exports::a::b::i::R::R"));
        assert_eq!(
            find("_ZN7exports1a1b1i6SizeOfENSt3__117reference_wrapperE"),
            Some("exports::a::b::i::SizeOf")
        );
        assert_eq!(find("_ZN7exports1w2GoneEv"), None);
    }
}
