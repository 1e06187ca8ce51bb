//! The files that a person imports from: one for each interface, with its types, and for imports also its functions.

use std::collections::BTreeMap;

use wit_parser::abi::AbiVariant;
use wit_parser::{
    Docs, Function, FunctionKind, ManglingAndAbi, ResourceIntrinsic, Type, TypeDefKind, TypeId, Variant,
    WasmImport, WorldKey,
};

use super::functions::{core_type, import_body, is_plain_constructor};
use super::world::{Module, Place, Scope, World};
use super::{names, signatures};

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);

/// The file of an interface.
pub(super) fn interface(world: &World, module: &Module, entry: &str) -> String {
    let scope = Scope::new(world, Some(module.place.clone()));
    let interface = &world.resolve.interfaces[module.interface];
    let imported = matches!(module.place, Place::Import(_));
    let mut text = String::new();
    let mut of_resources: BTreeMap<TypeId, Vec<&Function>> = BTreeMap::new();
    let mut free = Vec::new();
    for function in interface.functions.values() {
        match function.kind.resource() {
            Some(resource) => of_resources.entry(resource).or_default().push(function),
            None => free.push(function),
        }
    }
    for (name, id) in &interface.types {
        if matches!(world.resolve.types[*id].kind, TypeDefKind::Resource) {
            if imported {
                let functions = of_resources.remove(id).unwrap_or_default();
                text += &resource(&scope, Some(&module.key), *id, &functions);
            }
        } else {
            text += &declaration(&scope, name, *id);
        }
    }
    if imported {
        for function in free {
            text += &imported_function(&scope, Some(&module.key), function);
        }
    } else {
        text += &expectations(world, module);
    }
    let what = if imported { "import" } else { "export" };
    let title =
        format!("// The {what} `{}`. Made by wkit from its WIT: changes are lost.\n", module.wit_name);
    title + &scope.needs.lines("../", &format!("../../{entry}")) + &text
}

/// The file of the world: its own types, and the functions that it imports.
pub(super) fn world(world: &World) -> String {
    let scope = Scope::new(world, Some(Place::World));
    let mut text = String::new();
    for (name, id) in &world.types {
        if !matches!(world.resolve.types[*id].kind, TypeDefKind::Resource) {
            text += &declaration(&scope, name, *id);
        }
    }
    for function in &world.imported_functions {
        text += &imported_function(&scope, None, function);
    }
    let title = "// Types and functions of the world itself. Made by wkit from its WIT: changes are lost.\n";
    title.to_owned() + &scope.needs.lines("./", "") + &text
}

/// A documentation comment.
pub(super) fn comment(docs: &Docs) -> String {
    let Some(contents) = &docs.contents else { return String::new() };
    // The end of a comment in the middle of one would end it.
    let contents = contents.replace("*/", "* /");
    let mut lines = contents.trim().lines();
    match (lines.next(), lines.clone().next()) {
        (None, _) => String::new(),
        (Some(line), None) => format!("/** {line} */\n"),
        (Some(first), Some(_)) => {
            let rest: String = lines.map(|line| format!(" * {line}\n")).collect();
            format!("/**\n * {first}\n{rest} */\n")
        }
    }
}

/// The declaration of a type with a name.
fn declaration(scope: &Scope<'_>, name: &str, id: TypeId) -> String {
    let ty = &scope.world.resolve.types[id];
    let class = names::class(name);
    let docs = comment(&ty.docs);
    let body = match &ty.kind {
        TypeDefKind::Record(record) => {
            let fields: String = record
                .fields
                .iter()
                .map(|field| {
                    format!(
                        "{}public {}: {},\n",
                        comment(&field.docs),
                        names::value(&field.name),
                        scope.ty(&field.ty)
                    )
                })
                .collect();
            format!("export class {class} {{\nconstructor(\n{fields}) {{}}\n}}\n")
        }
        TypeDefKind::Variant(variant) => return docs.clone() + &variant_class(scope, &class, variant),
        TypeDefKind::Enum(enumeration) => {
            let cases: String = enumeration
                .cases
                .iter()
                .map(|case| format!("{}{},\n", comment(&case.docs), names::case(&case.name)))
                .collect();
            format!("export enum {class} {{\n{cases}}}\n")
        }
        TypeDefKind::Flags(flags) => {
            let bits: String = flags
                .flags
                .iter()
                .enumerate()
                .map(|(bit, flag)| {
                    format!("{}{} = 1 << {bit},\n", comment(&flag.docs), names::case(&flag.name))
                })
                .collect();
            format!("export enum {class} {{\n/** No flag. */\nNone_ = 0,\n{bits}}}\n")
                .replace("None_", none(flags))
        }
        TypeDefKind::Type(Type::Id(other)) if scope.world.resolve.types[*other].name.is_some() => {
            return alias(scope, &class, *other);
        }
        TypeDefKind::Handle(_) => return String::new(),
        _ => format!("export type {class} = {};\n", scope.ty(&Type::Id(id))),
    };
    format!("\n{docs}{body}")
}

/// What the empty set of flags is called.
fn none(flags: &wit_parser::Flags) -> &'static str {
    if flags.flags.iter().any(|flag| names::case(&flag.name) == "None") { "NoFlags" } else { "None" }
}

/// Another name for a named type, or its name in another interface.
fn alias(scope: &Scope<'_>, class: &str, other: TypeId) -> String {
    let other = wit_bindgen_core::dealias(&scope.world.resolve, other);
    let ty = &scope.world.resolve.types[other];
    let original = names::class(ty.name.as_deref().unwrap_or_default());
    let place = scope.world.place(other);
    if matches!(ty.kind, TypeDefKind::Resource) && scope.world.exported_resource(other).is_some() {
        // The class is the person's own.
        return String::new();
    }
    match place {
        Some(place) if Some(&place) != scope.here.as_ref() => {
            let up = if scope.here == Some(Place::World) { "./" } else { "../" };
            format!("\nexport {{ {original} as {class} }} from \"{up}{}\";\n", place.path())
        }
        _ => format!("\nexport {{ {original} as {class} }};\n"),
    }
}

/// A variant: its tags, and a class with a maker and a getter for each case.
fn variant_class(scope: &Scope<'_>, class: &str, variant: &Variant) -> String {
    let tags: String = variant.cases.iter().map(|case| format!("{},\n", names::case(&case.name))).collect();
    let mut text = format!("export class {class} {{\nprivate constructor(readonly tag: {class}Tag) {{}}\n");
    for (index, case) in variant.cases.iter().enumerate() {
        let (name, tag) = (names::value(&case.name), format!("{class}Tag.{}", names::case(&case.name)));
        let docs = comment(&case.docs);
        match &case.ty {
            None => text += &format!("\n{docs}static {name}(): {class} {{\nreturn new {class}({tag});\n}}\n"),
            Some(ty) => {
                let ty = scope.ty(ty);
                text += &format!("\nprivate $case{index}: {ty} = $.zero<{ty}>();\n\n");
                text += &format!(
                    "{docs}static {name}(value: {ty}): {class} {{\nconst made = new {class}({tag});\n"
                );
                text += &format!("made.$case{index} = value;\nreturn made;\n}}\n");
                text += &format!("\n/** Traps where the case is another one. */\nget {name}(): {ty} {{\n");
                text +=
                    &format!("if (this.tag != {tag}) $.refuse(\"this `{class}` is not `{}`\");\n", case.name);
                text += &format!("return this.$case{index};\n}}\n");
            }
        }
    }
    format!("\n/** The cases of `{class}`. */\nexport enum {class}Tag {{\n{tags}}}\n\n{text}}}\n")
}

/// A resource of an import.
fn resource(scope: &Scope<'_>, interface: Option<&WorldKey>, id: TypeId, functions: &[&Function]) -> String {
    let world = scope.world;
    let class = scope.named(id);
    let mut text = comment(&world.resolve.types[id].docs);
    text += &format!("export class {class} extends $.Resource {{\n");
    let mut raw = String::new();
    let mut made = false;
    for function in functions {
        if is_plain_constructor(&world.resolve, function) {
            made = true;
            let (parameters, arguments) =
                (signatures::parameters(scope, function), arguments(function).join(", "));
            text += &format!("{}constructor({parameters}) {{\n", comment(&function.docs));
            text += &format!("super({class}.$construct({arguments}));\n}}\n\n");
            raw += &raw_import(scope, interface, function);
            let body = import_body(scope, function, raw_name(function), self::arguments(function));
            text += &format!("private static $construct({parameters}): i32 {{\n{body}}}\n\n");
        }
    }
    if !made {
        text += "private constructor() {\nsuper(0);\n}\n\n";
    }
    text += &format!("static $from(handle: i32): {class} {{\n");
    text += &format!("const made = changetype<{class}>(__new(offsetof<{class}>(), idof<{class}>()));\n");
    text += "made.$handle = handle;\nreturn made;\n}\n\n";
    for function in functions.iter().filter(|function| !is_plain_constructor(&world.resolve, function)) {
        raw += &raw_import(scope, interface, function);
        let mut parameters = arguments(function);
        if matches!(function.kind, FunctionKind::Method(_)) {
            parameters[0] = "this".to_owned();
        }
        let body = import_body(scope, function, raw_name(function), parameters);
        let head = signatures::head(scope, function);
        text += &format!("{}{head} {{\n{body}}}\n\n", comment(&function.docs));
    }
    text += "/** Lets go of it; nothing else may be done with it afterwards. */\n";
    text += &format!("drop(): void {{\n$drop_{class}(this.$give());\n}}\n}}\n");
    let drop =
        WasmImport::ResourceIntrinsic { interface, resource: id, intrinsic: ResourceIntrinsic::ImportedDrop };
    let (module, field) = world.resolve.wasm_import_name(MANGLING, drop);
    raw += &external(&module, &field, &format!("$drop_{class}"), "handle: i32", "void");
    format!("\n{raw}\n{text}")
}

/// A function of an import.
fn imported_function(scope: &Scope<'_>, interface: Option<&WorldKey>, function: &Function) -> String {
    let raw = raw_import(scope, interface, function);
    let body = import_body(scope, function, raw_name(function), arguments(function));
    let head = signatures::head(scope, function);
    format!("\n{raw}\n{}{head} {{\n{body}}}\n", comment(&function.docs))
}

/// The names of the parameters.
fn arguments(function: &Function) -> Vec<String> {
    function.params.iter().map(|parameter| names::value(&parameter.name)).collect()
}

/// What the raw import is called in the file: no name of WIT has a `$`.
fn raw_name(function: &Function) -> String {
    format!("$raw_{}", function.name.replace(|character: char| !character.is_ascii_alphanumeric(), "_"))
}

/// The declaration of the core function behind an import.
fn raw_import(scope: &Scope<'_>, interface: Option<&WorldKey>, function: &Function) -> String {
    let resolve = &scope.world.resolve;
    let (module, field) = resolve.wasm_import_name(MANGLING, WasmImport::Func { interface, func: function });
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let parameters: Vec<String> = signature
        .params
        .iter()
        .enumerate()
        .map(|(index, ty)| format!("p{index}: {}", core_type(*ty)))
        .collect();
    let result = signature.results.first().map_or("void", |ty| core_type(*ty));
    external(&module, &field, &raw_name(function), &parameters.join(", "), result)
}

/// The declaration of a core import.
pub(super) fn external(module: &str, field: &str, name: &str, parameters: &str, result: &str) -> String {
    format!(
        "// @ts-ignore: decorator\n@external(\"{module}\", \"{field}\")\ndeclare function {name}({parameters}): {result};\n"
    )
}

/// A comment that says what the person writes.
fn expectations(world: &World, module: &Module) -> String {
    let Place::Export { namespace, .. } = &module.place else { return String::new() };
    // A scope of its own: what a comment mentions need not be imported.
    let scope = Scope::new(world, Some(module.place.clone()));
    let interface = &world.resolve.interfaces[module.interface];
    if interface.functions.is_empty() {
        return String::new();
    }
    let mut text = format!("\n// `export namespace {namespace}` implements it, with:\n");
    for function in interface.functions.values() {
        text += &format!("//   {}\n", signatures::expected(&scope, function));
    }
    text
}
