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

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &str = "bool u8 s8 u16 s16 u32 s32 u64 s64 f32 f64 char string list<u8> list<s16> list<string> \
        option<u8> option<string> option<option<u8>> result result<u8> result<_,string> result<u64,f32> \
        tuple<u8,f64> r v e g own<res> borrow<res> list<own<res>>";

    fn of(text: &str) -> Bindings {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", text).unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        generate(&resolve, world, "index").unwrap()
    }

    #[test]
    fn every_kind_of_value_goes_both_ways() {
        let mut functions = String::new();
        for (index, kind) in KINDS.split_whitespace().enumerate() {
            functions += &format!("take{index}: func(x: {kind});\n");
            if !kind.contains("borrow") {
                functions += &format!("give{index}: func() -> {kind};\n");
            }
        }
        let types = "record r { x: u8, y: string } variant v { a, b(f32), c(s64), d(string) } enum e { a, b } \
                     flags g { a, b } resource res { constructor(x: u8); m: func() -> string; }";
        let world = "world w { import i; export i; }";
        let made = of(&format!("package a:b; interface i {{ {types}\n{functions} }} {world}"));
        let (import, glue) = (&made.files["imports/a-b-i.ts"], &made.files["exports.ts"]);
        for (index, kind) in KINDS.split_whitespace().enumerate() {
            assert!(import.contains(&format!("export function take{index}(")), "{kind}\n{import}");
            assert_eq!(made.exports[&format!("i$take{index}")], format!("a:b/i#take{index}"));
        }
        assert!(import.contains("export class Res extends $.Resource {"), "{import}");
        assert!(glue.contains("const $table_i_Res = new $.Table<$i.Res>();"), "{glue}");
        assert_eq!(made.exports["i_Res$drop"], "a:b/i#[dtor]res");
        // An `f32` and an `s64` share 64 bits in the variant, which the other side sees as an integer.
        assert!(glue.contains("$.f32OfBits(<i32>("), "{glue}");
        assert!(
            glue.contains("<i64><u32>$.bitsOfF32(") || import.contains("<i64><u32>$.bitsOfF32("),
            "{glue}"
        );
        // What is returned in memory is freed afterwards, and numbers need nothing freed.
        let strings = KINDS.split_whitespace().position(|kind| kind == "string").unwrap();
        assert_eq!(made.exports[&format!("i$give{strings}$free")], format!("cabi_post_a:b/i#give{strings}"));
        assert!(!made.exports.contains_key("i$give1$free"));
    }

    #[test]
    fn words_of_the_language_are_no_names() {
        let made = of("package a:b; interface i { new: func(class: u8, %export: string); delete: func(); } \
                       world w { import i; export i; }");
        let import = &made.files["imports/a-b-i.ts"];
        assert!(import.contains("export function new_(class_: u8, export_: string): void {"), "{import}");
        assert!(made.files["exports.ts"].contains("$i.delete_();"));
        assert_eq!(made.exports["i$new"], "a:b/i#new");
    }

    #[test]
    fn types_of_the_same_name_in_two_interfaces_stay_apart() {
        let made = of("package a:b; interface i { record t { x: u8 } f: func() -> t; } \
                       interface j { use i.{t as other}; record t { y: string } g: func(a: other) -> t; } \
                       world w { import j; export run: func(); }");
        let other = &made.files["imports/a-b-j.ts"];
        assert!(other.contains("export function g(a: $import_a_b_i.T): T {"), "{other}");
        assert!(other.contains("import * as $import_a_b_i from \"../imports/a-b-i\";"), "{other}");
    }

    #[test]
    fn interfaces_of_the_same_name_get_longer_names() {
        let made = of("package a:b; interface i { f: func(); } \
                       world w { export i; export c:d/i; } package c:d { interface i { f: func(); } }");
        assert_eq!(made.exports["aBI$f"], "a:b/i#f");
        assert_eq!(made.exports["cDI$f"], "c:d/i#f");
    }

    #[test]
    fn the_reason_of_a_trap_is_told_where_it_can_be() {
        let made = of("package a:b; world w { export run: func(); }");
        assert!(!made.files["abort.ts"].contains("@external"));
    }
}
