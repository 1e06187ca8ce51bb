//! C: bindings are made in this process, clang compiles them with the sources, and the core module becomes a component.

mod skeleton;

use std::collections::HashMap;

use heck::ToSnakeCase;
use wit_bindgen_c::{Opts, c_func_name};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{Function, WorldItem, WorldKey};

use super::error::BuildError;
use super::native::{self, Dialect, Export, Symbol, ZIGLANG};
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile};

const LANGUAGE: &str = "C";

/// The version of the generator that wkit carries.
const BINDINGS: &str = "0.63.0";

static DIALECT: Dialect = Dialect { title: LANGUAGE, endings: &["c"], driver: "cc", bindings, exports };

/// The back end for C.
pub(super) struct C;

impl Language for C {
    fn name(&self) -> &'static str {
        "c"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn markers(&self) -> &'static [&'static str] {
        &["*.c"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        native::SKIPPED_FOLDERS
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Package(&ZIGLANG), Requirement::Carried { name: "wit-bindgen-c", version: BINDINGS }]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        native::tools(input, "wit-bindgen-c", BINDINGS)
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

/// The header, the source and the object that make a world C.
fn bindings(wit: &Wit) -> Result<Files, BuildError> {
    if let Some(feature) = native::unsupported(wit) {
        return Err(BuildError::unsupported(LANGUAGE, wit, feature));
    }
    let mut files = Files::default();
    let mut resolve = wit.resolve.clone();
    Opts::default().build().generate(&mut resolve, wit.world, &mut files).map_err(|error| {
        BuildError::Encode {
            world: wit.world_name().to_owned(),
            message: format!("no bindings for {LANGUAGE}: {error:#}"),
        }
    })?;
    Ok(native::quiet(&files))
}

/// The functions that the sources must have: those of the world, and one that frees each resource.
fn exports(wit: &Wit) -> Vec<Export> {
    let export = |key: &WorldKey, shown: String, name: String| Export {
        wit: shown,
        owner: wit.resolve.name_world_key(key),
        symbol: Symbol::Is(name.clone()),
        name,
    };
    let functions = native::exported(wit)
        .map(|(key, function)| export(key, native::shown(wit, key, function), c_name(wit, key, function)));
    let destructors = native::resources(wit).map(|(key, resource, constructor)| {
        // The interface's part of a function's name is that of the destructor as well.
        let own = constructor.name.to_snake_case().replace('.', "_");
        let name = c_name(wit, key, constructor);
        let interface = name.strip_suffix(&own).unwrap_or(&name);
        let shown = format!("the destructor of {}#{resource}", wit.resolve.name_world_key(key));
        export(key, shown, format!("{interface}{}_destructor", resource.to_snake_case()))
    });
    functions.chain(destructors).collect()
}

/// The name of an exported function in C.
fn c_name(wit: &Wit, key: &WorldKey, function: &Function) -> String {
    let world = &wit.resolve.worlds[wit.world];
    let interface = matches!(world.exports.get(key), Some(WorldItem::Interface { .. })).then_some(key);
    c_func_name(false, &wit.resolve, &world.name, interface, function, &HashMap::new())
}
