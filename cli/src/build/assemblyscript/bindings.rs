//! The generator: files of AssemblyScript for a world.

use std::collections::BTreeMap;

use wit_parser::{Resolve, WorldId};

use super::world::World;
use super::{glue, modules};

/// What is made for a world.
pub(super) struct Bindings {
    /// The files, by their paths in the folder of bindings.
    pub(super) files: BTreeMap<String, String>,
    /// The functions that the entry exports, and what each is called in the canonical ABI.
    pub(super) exports: BTreeMap<String, String>,
}

/// The file whose exports become those of the module.
pub(super) const ENTRY: &str = "exports.ts";

/// Makes the bindings of a world. `entry` is the person's file without its ending, in the folder above the bindings.
pub(super) fn generate(resolve: &Resolve, world: WorldId, entry: &str) -> anyhow::Result<Bindings> {
    let world = World::new(resolve, world)?;
    let mut files = BTreeMap::new();
    let mut put = |path: String, text: String| files.insert(path, indent(&text));
    for module in world.imports.iter().chain(&world.exports) {
        put(format!("{}.ts", module.place.path()), modules::interface(&world, module, entry));
    }
    if !world.types.is_empty() || !world.imported_functions.is_empty() {
        put("world.ts".to_owned(), modules::world(&world));
    }
    let glue = glue::glue(&world, entry);
    put(ENTRY.to_owned(), glue.text);
    let tuples: String = world.tuples().into_iter().map(tuple).collect();
    put("types.ts".to_owned(), format!("{}{tuples}", include_str!("support/types.ts")));
    put("abort.ts".to_owned(), abort(&world));
    put("runtime.ts".to_owned(), include_str!("support/runtime.ts").to_owned());
    Ok(Bindings { files, exports: glue.exports })
}

/// The function that ends a program, which tells the reason where the world has a standard error.
fn abort(world: &World) -> String {
    let import = |prefix: &str, function: &str| {
        let of_it = world.imports.iter().find(|module| module.wit_name.starts_with(prefix))?;
        let functions = &world.resolve.interfaces[of_it.interface].functions;
        functions.contains_key(function).then_some(of_it.wit_name.as_str())
    };
    let streams = import("wasi:io/streams@", "[method]output-stream.blocking-write-and-flush");
    match (import("wasi:cli/stderr@", "get-stderr"), streams) {
        (Some(stderr), Some(streams)) => include_str!("support/abort-stderr.ts")
            .replace("{{stderr}}", stderr)
            .replace("{{streams}}", streams),
        _ => include_str!("support/abort.ts").to_owned(),
    }
}

/// The class of tuples with so many values.
fn tuple(length: usize) -> String {
    let each = |text: &dyn Fn(usize) -> String| (0..length).map(text).collect::<Vec<_>>();
    let types = each(&|index| format!("T{index}")).join(", ");
    let types = if length == 0 { types } else { format!("<{types}>") };
    let fields: String = each(&|index| format!("public _{index}: T{index},\n")).concat();
    format!(
        "\n/** Several values: {length}. */\nexport class Tuple{length}{types} {{\nconstructor(\n{fields}) {{}}\n}}\n"
    )
}

/// Indents by the brackets at the beginnings and ends of lines. What is indented already stays as it is.
pub(super) fn indent(text: &str) -> String {
    let mut depth = 0_usize;
    let mut indented = String::new();
    for line in text.lines() {
        let code = line.split(" // ").next().unwrap_or_default().trim_end();
        let comment = line.starts_with("//") || line.trim_start().starts_with('*');
        if !comment && code.trim_start().starts_with(['}', ')']) {
            depth = depth.saturating_sub(1);
        }
        if !line.is_empty() && !line.starts_with(' ') || line.starts_with(" *") {
            indented.push_str(&"  ".repeat(depth));
        }
        indented.push_str(line);
        indented.push('\n');
        if !comment && code.ends_with(['{', '(']) {
            depth += 1;
        }
    }
    indented
}
