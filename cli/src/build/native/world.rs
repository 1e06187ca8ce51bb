//! What C and C++ have to know of a world.

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{
    Function, Resolve, Type, TypeDefKind, TypeOwner, World, WorldItem, WorldKey,
};

use super::super::error::BuildError;
use super::super::tools::{ToolError, ToolVersion};
use super::super::wit::Wit;
use super::super::{BuildInput, SourceFile, absolute};
use super::component::RUN;
use super::{Dialect, ZIGLANG, version};

/// Folders of a component that hold no sources of it: what the tests' `make` builds, and bindings for editors.
pub(in super::super) const SKIPPED_FOLDERS: &[&str] = &["bindings", "build"];

/// What decides the result of a build beside the sources: the compiler and the generator of the bindings.
pub(in super::super) fn tools(
    input: &BuildInput<'_>,
    generator: &'static str,
    generator_version: &str,
) -> Result<Vec<ToolVersion>, ToolError> {
    let compiler = ToolVersion { tool: ZIGLANG.program.name, version: version(input.tools, input.folder)? };
    Ok(vec![compiler, ToolVersion { tool: generator, version: generator_version.to_owned() }])
}

/// The headers of the bindings, for editors and for tests outside Wasm.
pub(in super::super) fn headers(
    input: &BuildInput<'_>,
    dialect: &Dialect,
    wit: &Wit,
) -> Result<Vec<SourceFile>, BuildError> {
    let folder = absolute(input.folder)?;
    let files = (dialect.bindings)(wit)?;
    let headers =
        files.iter().filter(|(name, _)| name.ends_with(".h") && !super::is_own_header(&folder, name));
    Ok(headers
        .map(|(name, contents)| SourceFile {
            path: format!("bindings/{name}"),
            text: String::from_utf8_lossy(contents).into_owned(),
        })
        .collect())
}

/// What stands in front of a generated header.
pub(in super::super) const QUIET: &str = "#pragma GCC system_header\n";

/// The bindings with headers that compilers give no warnings about.
pub(in super::super) fn quiet(files: &Files) -> Files {
    let mut quiet = Files::default();
    for (name, contents) in files.iter() {
        if name.ends_with(".h") {
            quiet.push(name, &[QUIET.as_bytes(), contents].concat());
        } else {
            quiet.push(name, contents);
        }
    }
    quiet
}

/// Every function that a world exports, with the export that it belongs to.
pub(in super::super) fn exported(wit: &Wit) -> impl Iterator<Item = (&WorldKey, &Function)> {
    world(wit).exports.iter().flat_map(|(key, item)| {
        let functions: Vec<&Function> = match item {
            WorldItem::Function(function) => vec![function],
            WorldItem::Interface { id, .. } => wit.resolve.interfaces[*id].functions.values().collect(),
            WorldItem::Type { .. } => Vec::new(),
        };
        functions.into_iter().map(move |function| (key, function))
    })
}

/// The resources of the interfaces that a world exports: the export, the name, and some function of the interface.
pub(in super::super) fn resources(wit: &Wit) -> impl Iterator<Item = (&WorldKey, &str, &Function)> {
    world(wit).exports.iter().flat_map(move |(key, item)| {
        let interface = match item {
            WorldItem::Interface { id, .. } => Some(&wit.resolve.interfaces[*id]),
            _ => None,
        };
        let function = interface.and_then(|interface| interface.functions.values().next());
        let types = interface.into_iter().flat_map(|interface| &interface.types);
        types.filter_map(move |(name, id)| {
            let resource = matches!(wit.resolve.types[*id].kind, TypeDefKind::Resource);
            Some((key, name.as_str(), function.filter(|_| resource)?))
        })
    })
}

/// Whether a world exports nothing but what a `main` gives.
pub(in super::super) fn is_command(wit: &Wit) -> bool {
    exported(wit).all(|(key, _)| wit.resolve.name_world_key(key).starts_with(RUN))
}

/// A function as messages show it: `add` of the world itself, or `add` of `demo:calc/api@0.1.0`.
pub(in super::super) fn shown(wit: &Wit, key: &WorldKey, function: &Function) -> String {
    match world(wit).exports.get(key) {
        Some(WorldItem::Interface { .. }) => format!("{}#{}", wit.resolve.name_world_key(key), function.name),
        _ => function.name.clone(),
    }
}

/// The first thing in the world that neither the bindings for C nor those for C++ can express.
pub(in super::super) fn unsupported(wit: &Wit) -> Option<String> {
    if let Some(feature) = wit.first_async() {
        return Some(feature);
    }
    let resource = world(wit).exports.values().find_map(|item| match item {
        WorldItem::Function(function) => owner(&wit.resolve, function),
        _ => None,
    });
    if let Some(name) = resource {
        return Some(format!("the resource `{name}` among its own exports, outside an interface"));
    }
    let error_context = |ty: &Type| *ty == Type::ErrorContext;
    let uses = |function: &Function| {
        function.params.iter().map(|parameter| &parameter.ty).chain(&function.result).any(error_context)
    };
    if wit.functions().any(|(_, function)| uses(function)) {
        return Some("an `error-context`".to_owned());
    }
    wit.types().find_map(|kind| match kind {
        TypeDefKind::FixedLengthList(..) => Some("a list of fixed length".to_owned()),
        _ => None,
    })
}

/// The resource that a function belongs to, where that is one of the world itself.
fn owner(resolve: &Resolve, function: &Function) -> Option<String> {
    let resource = &resolve.types[function.kind.resource()?];
    matches!(resource.owner, TypeOwner::World(_)).then(|| resource.name.clone().unwrap_or_default())
}

fn world(wit: &Wit) -> &World {
    &wit.resolve.worlds[wit.world]
}
