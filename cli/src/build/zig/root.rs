//! The root of a Zig component: the exports of the core module, each of which calls the person's sources.

use std::fmt::Write as _;

use wit_parser::abi::AbiVariant;
use wit_parser::{Function, TypeDefKind, WasmExport, WasmExportKind, WorldItem, WorldKey};

use super::bindings::{NAMES, Side, World, core_type, export_name, function_name, list};
use super::names;

/// The interface that `main` implements.
pub(super) const RUN: &str = "wasi:cli/run@0.2";

/// The text of the file. `sources` is the person's file as messages name it.
pub(super) fn text(world: &World<'_>, sources: &str, main: bool) -> String {
    let mut text = format!(
        "//! The exports of the world `{}`. Written by wkit from the WIT: changes are lost.\n\n\
         const std = @import(\"std\");\nconst builtin = @import(\"builtin\");\n\
         const main_ = @import(\"component\");\nconst w_ = @import(\"wit\");\nconst abi_ = w_.abi;\n\n\
         pub const std_options: std.Options = if (@hasDecl(main_, \"std_options\")) main_.std_options else .{{}};\n\n\
         /// A release says nothing when it fails; otherwise there is a message before the trap.\n\
         pub const panic = if (@hasDecl(main_, \"panic\"))\n    main_.panic\nelse if (builtin.mode == .small)\n    \
         std.debug.no_panic\nelse\n    std.debug.FullPanic(abi_.fail);\n\n\
         comptime {{\n    @export(&abi_.realloc, .{{ .name = \"cabi_realloc\" }});\n}}\n",
        world.world.name
    );
    if main {
        text += "\npub const main = main_.main;\n";
    }
    for (key, item) in &world.world.exports {
        match item {
            WorldItem::Function(function) => {
                let found = Found { container: "main_".to_owned(), title: format!("`{sources}`") };
                text += &export(world, None, function, &found);
            }
            WorldItem::Interface { id, .. } => {
                if main && world.resolve.name_world_key(key).starts_with(RUN) {
                    continue;
                }
                text += &interface(world, key, *id, sources);
            }
            WorldItem::Type { .. } => {}
        }
    }
    text
}

/// Where an implementation is looked for.
struct Found {
    container: String,
    title: String,
}

fn interface(world: &World<'_>, key: &WorldKey, id: wit_parser::InterfaceId, sources: &str) -> String {
    let interface = &world.resolve.interfaces[id];
    let implementation = world.implementation(id);
    let alias = format!("{}_", implementation.trim_matches(['@', '"']));
    let problem = format!(
        "`{sources}` has no `pub const {implementation}`, a struct or a file with the functions of the exported interface `{}`",
        world.resolve.name_world_key(key)
    );
    let mut text = format!(
        "\nconst {alias} = if (@hasDecl(main_, {implementation:?}))\n    main_.{implementation}\nelse\n    \
         @compileError({problem:?});\n",
        implementation = implementation.trim_matches(['@', '"']),
    )
    .replace(
        &format!("main_.{}", implementation.trim_matches(['@', '"'])),
        &format!("main_.{implementation}"),
    );
    for ty in interface.types.values() {
        let definition = &world.resolve.types[*ty];
        if !matches!(definition.kind, TypeDefKind::Resource) {
            continue;
        }
        let name = names::of_type(definition.name.as_deref().unwrap_or_default());
        let problem =
            format!("`{implementation}` has no `pub const {name}`, a struct for the values of the resource");
        let resource = format!("{alias}{name}_");
        let _ = write!(
            text,
            "\nconst {resource} = if (@hasDecl({alias}, \"{name}\")) {alias}.{name} else @compileError({problem:?});\n"
        );
        let dtor =
            world.resolve.wasm_export_name(NAMES, WasmExport::ResourceDtor { interface: key, resource: *ty });
        let _ =
            write!(text, "\nexport fn @{dtor:?}(rep: i32) void {{\n    abi_.destroy({resource}, rep);\n}}\n");
    }
    for function in interface.functions.values() {
        let found = match function.kind.resource() {
            None => Found { container: alias.clone(), title: format!("`{implementation}`") },
            Some(resource) => {
                let name = world.resolve.types[resource].name.as_deref().unwrap_or_default();
                let name = names::of_type(name);
                Found { container: format!("{alias}{name}_"), title: format!("`{implementation}.{name}`") }
            }
        };
        text += &export(world, Some(key), function, &found);
    }
    text
}

/// The declaration of the function that a person is to write.
pub(super) fn declaration(world: &World<'_>, function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|param| format!("{}: {}", world.param(&param.name), world.ty(&param.ty, Side::Export)))
        .collect();
    let result = match &function.kind {
        wit_parser::FunctionKind::Constructor(resource) if function.result.is_some() => world
            .exported_value(*resource)
            .filter(|_| world.result(function, Side::Export).starts_with("w_.exports."))
            .unwrap_or_else(|| world.result(function, Side::Export)),
        _ => world.result(function, Side::Export),
    };
    let text = format!("pub fn {}({}) {result}", function_name(function), params.join(", "));
    readable(&text)
}

/// Types as a person's file writes them, which imports `wit`.
fn readable(text: &str) -> String {
    text.replace("abi_.Result", "wit.Result").replace("main_.", "").replace("w_.", "wit.")
}

/// A function's name as people say it: `echo-bool`, `counter.add`.
pub(super) fn plain_name(function: &Function) -> String {
    function.name.split_once(']').map_or(function.name.as_str(), |(_, name)| name).to_owned()
}

fn export(world: &World<'_>, key: Option<&WorldKey>, function: &Function, found: &Found) -> String {
    let resolve = world.resolve;
    let core = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let arguments: Vec<String> = (0..core.params.len()).map(|place| format!("a{place}")).collect();
    let params: Vec<String> = core
        .params
        .iter()
        .enumerate()
        .map(|(place, kind)| format!("a{place}: {}", core_type(*kind)))
        .collect();
    let returned = core.results.first().map_or("void", |kind| core_type(*kind));
    let types: Vec<String> = function.params.iter().map(|param| world.ty(&param.ty, Side::Export)).collect();
    let types =
        if types.is_empty() { "struct {}".to_owned() } else { format!("struct {{ {} }}", types.join(", ")) };
    let name = function_name(function);
    let plain = name.trim_matches(['@', '"']);
    let expected = declaration(world, function);
    let problem = format!("{} has no `{expected}`", found.title);
    let container = &found.container;
    let mut text = format!(
        "\nexport fn {}({}) {returned} {{\n    \
         const implementation = if (@hasDecl({container}, \"{plain}\")) {container}.{name} else @compileError({problem:?});\n    \
         return abi_.answer(\n        implementation,\n        {expected:?},\n        {types},\n        {},\n        \
         {returned},\n        {},\n    );\n}}\n",
        names::quoted(&export_name(resolve, key, function, WasmExportKind::Normal)),
        params.join(", "),
        world.result(function, Side::Export),
        list(&arguments),
    );
    if core.retptr {
        let post = export_name(resolve, key, function, WasmExportKind::PostReturn);
        let _ =
            write!(text, "\nexport fn {}(_: i32) void {{\n    abi_.finish();\n}}\n", names::quoted(&post));
    }
    text
}
