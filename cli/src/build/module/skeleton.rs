//! A core module in text form in which everything of a world stands, to be filled in.

use std::fmt::Write as _;

use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, Type, TypeDefKind, WasmExport,
    WasmExportKind, WasmImport, WorldItem, WorldKey,
};

use super::super::SourceFile;
use super::super::error::BuildError;
use super::super::wit::Wit;

/// The file, as `module` in `wkit.toml` names it.
const FILE: &str = "module.wat";

/// The names that compilers other than wkit's own bindings write, too.
const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// What is the same in every module: its memory, and an allocator that is emptied after each call.
const MEMORY: &str = r#"
  (memory (export "memory") 1)

  ;; Where the next value goes. What lies below is yours: constants, and what must outlive a call.
  (global $next (mut i32) (i32.const 4096))

  ;; Gives whoever calls room for arguments and results, and moves a value that grows.
  (func $realloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $new_size i32) (result i32)
    (local $place i32) (local $end i32)
    ;; The next address that is a multiple of the alignment, which is a power of two.
    (local.set $place
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $place) (local.get $new_size)))
    ;; A size that goes round the end of the address space is more than there is.
    (if (i32.lt_u (local.get $end) (local.get $place)) (then (unreachable)))
    (block $enough
      (br_if $enough
        (i64.le_u
          (i64.extend_i32_u (local.get $end))
          (i64.mul (i64.extend_i32_u (memory.size)) (i64.const 65536))))
      (br_if $enough
        (i32.ge_s
          (memory.grow
            (i32.sub
              (i32.add (i32.shr_u (local.get $end) (i32.const 16)) (i32.const 1))
              (memory.size)))
          (i32.const 0)))
      (unreachable))
    (memory.copy
      (local.get $place)
      (local.get $old)
      (select
        (local.get $old_size)
        (local.get $new_size)
        (i32.lt_u (local.get $old_size) (local.get $new_size))))
    (global.set $next (local.get $end))
    (local.get $place))
"#;

/// The skeleton of the world for the component `name`.
pub(super) fn files(name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
    if let Some(feature) = wit.first_async() {
        return Err(BuildError::unsupported("a skeleton in text form", wit, feature));
    }
    let resolve = &wit.resolve;
    let world = &resolve.worlds[wit.world];
    let mut text = format!(
        ";; `{name}`, a core module for the world `{}`.\n;;\n\
         ;; wkit adds the types of the world, so that names and signatures must stay as they are; they follow the\n\
         ;; canonical ABI of the component model.\n(module\n",
        world.name
    );
    let mut imports = Vec::new();
    let mut exports = Vec::new();
    for (key, item) in &world.imports {
        each_function(resolve, key, item, &mut |interface, function| {
            imports.push(import(resolve, interface, function));
        });
        each_resource(resolve, item, &mut |resource| {
            let drop = ResourceIntrinsic::ImportedDrop;
            imports.push(intrinsic(resolve, key, item, resource, drop, "(param $handle i32)"));
        });
    }
    for (key, item) in &world.exports {
        each_resource(resolve, item, &mut |resource| {
            let made = "(param $value i32) (result i32)";
            let asked = "(param $handle i32) (result i32)";
            imports.push(intrinsic(resolve, key, item, resource, ResourceIntrinsic::ExportedNew, made));
            imports.push(intrinsic(resolve, key, item, resource, ResourceIntrinsic::ExportedRep, asked));
            let dropped = ResourceIntrinsic::ExportedDrop;
            imports.push(intrinsic(resolve, key, item, resource, dropped, "(param $handle i32)"));
            exports.push(destructor(resolve, key, resource));
        });
        each_function(resolve, key, item, &mut |interface, function| {
            exports.push(export(resolve, interface, function));
        });
    }
    for import in imports {
        text += &import;
    }
    text += MEMORY;
    for export in exports {
        text += &export;
    }
    text += ")\n";
    Ok(vec![SourceFile { path: FILE.to_owned(), text }])
}

fn each_function<'a>(
    resolve: &'a Resolve,
    key: &'a WorldKey,
    item: &'a WorldItem,
    seen: &mut dyn FnMut(Option<&'a WorldKey>, &'a Function),
) {
    match item {
        WorldItem::Function(function) => seen(None, function),
        WorldItem::Interface { id, .. } => {
            resolve.interfaces[*id].functions.values().for_each(|function| seen(Some(key), function));
        }
        WorldItem::Type { .. } => {}
    }
}

fn each_resource(resolve: &Resolve, item: &WorldItem, seen: &mut dyn FnMut(wit_parser::TypeId)) {
    let types = match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].types.values().copied().collect(),
        WorldItem::Type { id, .. } => vec![*id],
        WorldItem::Function(_) => Vec::new(),
    };
    types.into_iter().filter(|id| matches!(resolve.types[*id].kind, TypeDefKind::Resource)).for_each(seen);
}

fn import(resolve: &Resolve, interface: Option<&WorldKey>, function: &Function) -> String {
    let (module, name) = resolve.wasm_import_name(NAMES, WasmImport::Func { interface, func: function });
    format!(
        "  ;; {}\n  (import {module:?} {name:?}\n    (func ${}{}))\n",
        signature(resolve, function),
        identifier(resolve, interface, &function.name),
        core_signature(resolve, AbiVariant::GuestImport, function),
    )
}

fn intrinsic(
    resolve: &Resolve,
    key: &WorldKey,
    item: &WorldItem,
    resource: wit_parser::TypeId,
    intrinsic: ResourceIntrinsic,
    types: &str,
) -> String {
    let interface = matches!(item, WorldItem::Interface { .. }).then_some(key);
    let import = WasmImport::ResourceIntrinsic { interface, resource, intrinsic };
    let (module, name) = resolve.wasm_import_name(NAMES, import);
    let identifier = identifier(resolve, interface, &name);
    format!("  (import {module:?} {name:?}\n    (func ${identifier} {types}))\n")
}

fn destructor(resolve: &Resolve, interface: &WorldKey, resource: wit_parser::TypeId) -> String {
    let name = resolve.wasm_export_name(NAMES, WasmExport::ResourceDtor { interface, resource });
    format!(
        "\n  ;; Called when the last handle of a `{}` is dropped.\n  (func (export {name:?}) (param $value i32))\n",
        resolve.types[resource].name.as_deref().unwrap_or_default()
    )
}

fn export(resolve: &Resolve, interface: Option<&WorldKey>, function: &Function) -> String {
    let name = |kind| resolve.wasm_export_name(NAMES, WasmExport::Func { interface, func: function, kind });
    let core = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let mut text = format!("\n  ;; {}\n", signature(resolve, function));
    if core.indirect_params {
        text += "  ;; There are more values than parameters: `$arguments` is the address of all of them.\n";
    }
    if core.retptr {
        text += "  ;; The result is the address of the value in memory.\n";
    }
    let _ = write!(
        text,
        "  (func ${} (export {:?}){}\n    ;; Not implemented: {}\n    unreachable)\n",
        identifier(resolve, interface, &function.name),
        name(WasmExportKind::Normal),
        core_signature(resolve, AbiVariant::GuestExport, function),
        function.name,
    );
    let result = core.results.first().map(|result| format!(" (param $result {})", core_type(*result)));
    let _ = writeln!(
        text,
        "  (func (export {:?}){}\n    (global.set $next (i32.const 4096)))",
        name(WasmExportKind::PostReturn),
        result.unwrap_or_default(),
    );
    text
}

/// The name of a function in the module: short, and different from all others.
fn identifier(resolve: &Resolve, interface: Option<&WorldKey>, name: &str) -> String {
    let owner = interface.map(|key| resolve.name_world_key(key) + "#").unwrap_or_default();
    // What the text format does not have in identifiers becomes something that it has.
    format!("{owner}{name}").replace('[', "<").replace(']', ">")
}

fn core_signature(resolve: &Resolve, variant: AbiVariant, function: &Function) -> String {
    let core = resolve.wasm_signature(variant, function);
    let mut names = Vec::new();
    if core.indirect_params {
        names.push("arguments".to_owned());
    } else {
        for param in &function.params {
            flatten(resolve, &param.ty, &param.name, &mut names);
        }
    }
    if core.retptr && variant == AbiVariant::GuestImport {
        names.push("result".to_owned());
    }
    let mut text = String::new();
    for (name, kind) in names.iter().zip(&core.params) {
        let _ = write!(text, " (param ${name} {})", core_type(*kind));
    }
    for kind in &core.results {
        let _ = write!(text, " (result {})", core_type(*kind));
    }
    text
}

/// The names of the core values that a value of `ty` consists of.
fn flatten(resolve: &Resolve, ty: &Type, name: &str, names: &mut Vec<String>) {
    let mut payload = |resolve: &Resolve, ty: &Type| {
        // A case's values are named by their places: the cases share them.
        let mut storage = [WasmType::I32; Resolve::MAX_FLAT_PARAMS + 1];
        let mut flat = wit_parser::abi::FlatTypes::new(&mut storage);
        resolve.push_flat(ty, &mut flat);
        names.push(format!("{name}.case"));
        for place in 1..flat.to_vec().len() {
            names.push(format!("{name}.{}", place - 1));
        }
    };
    let Type::Id(id) = ty else {
        match ty {
            Type::String => names.extend([format!("{name}.pointer"), format!("{name}.length")]),
            _ => names.push(name.to_owned()),
        }
        return;
    };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => flatten(resolve, ty, name, names),
        TypeDefKind::List(_) | TypeDefKind::Map(..) => {
            names.extend([format!("{name}.pointer"), format!("{name}.length")]);
        }
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                flatten(resolve, &field.ty, &format!("{name}.{}", field.name), names);
            }
        }
        TypeDefKind::Tuple(tuple) => {
            for (place, ty) in tuple.types.iter().enumerate() {
                flatten(resolve, ty, &format!("{name}.{place}"), names);
            }
        }
        TypeDefKind::FixedLengthList(element, length) => {
            for place in 0..(*length).min(Resolve::MAX_FLAT_PARAMS as u32) {
                flatten(resolve, element, &format!("{name}.{place}"), names);
            }
        }
        TypeDefKind::Variant(_) | TypeDefKind::Option(_) | TypeDefKind::Result(_) => payload(resolve, ty),
        TypeDefKind::Flags(flags) if flags.flags.len() > 32 => {
            (0..flags.flags.len().div_ceil(32)).for_each(|place| names.push(format!("{name}.{place}")));
        }
        _ => names.push(name.to_owned()),
    }
}

fn core_type(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// A function as its WIT says it.
fn signature(resolve: &Resolve, function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, type_name(resolve, &param.ty)))
        .collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", type_name(resolve, ty)));
    format!("{}: func({}){}", function.name, params.join(", "), result.unwrap_or_default())
}

/// A type as WIT writes it.
fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    let of = |ty: &Type| type_name(resolve, ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), of);
    let definition = &resolve.types[*id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    let name = |id: &wit_parser::TypeId| of(&Type::Id(*id));
    match &definition.kind {
        TypeDefKind::Handle(wit_parser::Handle::Own(id)) => name(id),
        TypeDefKind::Handle(wit_parser::Handle::Borrow(id)) => format!("borrow<{}>", name(id)),
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Option(ty) => format!("option<{}>", of(ty)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (ok, None) => format!("result<{}>", maybe(ok)),
            (ok, err) => format!("result<{}, {}>", maybe(ok), maybe(err)),
        },
        TypeDefKind::List(ty) => format!("list<{}>", of(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", of(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", of(key), of(value)),
        kind => kind.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{encode, wit};
    use super::*;

    fn skeleton(text: &str) -> Result<(String, Wit), BuildError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        let wit = wit::load(&file, "w").unwrap();
        Ok((files("demo", &wit)?.remove(0).text, wit))
    }

    /// Every kind of value that crosses the border.
    fn pairs(world: &str) -> Wit {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/pairs/wit");
        wit::load(std::path::Path::new(folder), world).unwrap()
    }

    #[test]
    fn the_skeleton_is_a_component_of_its_world() {
        for world in ["provider", "consumer"] {
            let wit = pairs(world);
            let text = files("demo", &wit).unwrap().remove(0).text;
            let core = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let component = encode::module(core, &wit, encode::Adapter::None, true).unwrap();
            super::super::super::check::fits_world(&component, &wit).unwrap();
        }
    }

    #[test]
    fn parameters_have_the_names_of_the_world() {
        let (text, _) = skeleton(
            "package a:b; world w { record p { x: u8, y: f64 } \
             import f: func(s: string, p: p, o: option<u64>) -> string; export g: func(l: list<p>); }",
        )
        .unwrap();
        let import = "(func $f (param $s.pointer i32) (param $s.length i32) (param $p.x i32) (param $p.y f64) \
                      (param $o.case i32) (param $o.0 i64) (param $result i32))";
        assert!(text.contains(import), "{text}");
        assert!(text.contains(";; g: func(l: list<p>)\n"), "{text}");
        assert!(text.contains("(export \"g\") (param $l.pointer i32) (param $l.length i32)\n"), "{text}");
    }

    #[test]
    fn what_the_skeleton_cannot_have_is_named() {
        let error = skeleton("package a:b; world w { export f: async func(); }").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a skeleton in text form cannot build the world `w`: it has the async function `f` of `f`"
        );
    }
}
