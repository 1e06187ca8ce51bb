//! C++: bindings are made in this process, clang compiles them with the sources, and the core module becomes a
//! component.
//!
//! An exported resource is a class of the person's: its header is generated once, as a proposal, and the one in
//! `include` or `src` takes its place.

mod skeleton;

use heck::ToPascalCase;
use wit_bindgen_c::to_c_ident;
use wit_bindgen_core::wit_parser::{Function, FunctionKind, InterfaceId, WorldItem, WorldKey};
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

    fn skeleton(&self, name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        skeleton::of(name, wit)
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
        return Err(BuildError::Unsupported {
            language: LANGUAGE,
            world: wit.world_name().to_owned(),
            feature,
        });
    }
    let mut files = Files::default();
    let mut resolve = wit.resolve.clone();
    Opts::default().build(None).generate(&mut resolve, wit.world, &mut files).map_err(|error| {
        BuildError::Encode {
            world: wit.world_name().to_owned(),
            message: format!("no bindings for {LANGUAGE}: {error:#}"),
        }
    })?;
    Ok(native::quiet(&files))
}

/// The functions that the sources must have.
fn exports(wit: &Wit) -> Vec<Export> {
    native::exported(wit)
        .map(|(key, function)| {
            let path = path(wit, key, function);
            let mangled: String = path.iter().map(|name| format!("{}{name}", name.len())).collect();
            Export {
                wit: native::shown(wit, key, function),
                owner: wit.resolve.name_world_key(key),
                name: path.join("::"),
                symbol: Symbol::BeginsWith(format!("_ZN{mangled}E")),
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
    if let Some(resource) = function.kind.resource() {
        path.push(wit.resolve.types[resource].name.as_deref().unwrap_or_default().to_pascal_case());
    }
    path.push(match function.kind {
        // What the bindings call; the class has a constructor for it.
        FunctionKind::Constructor(_) => "New".to_owned(),
        _ => function.item_name().to_pascal_case(),
    });
    path
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
