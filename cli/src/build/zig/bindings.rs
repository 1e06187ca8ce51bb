//! Zig bindings of a world: `wit.zig`, which a person's sources import, and the root of the program, which exports
//! what they implement.
//!
//! Both only name things and say their types; how values cross the border is in `abi.zig`, which derives it from the
//! types while compiling. References are written from the top of the file (`w_.…`): a short name could mean several
//! things in nested namespaces. No name of WIT ends with an underscore.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, InterfaceId, LiftLowerAbi, ManglingAndAbi, Resolve,
    ResourceIntrinsic, Type, TypeDefKind, TypeId, TypeOwner, WasmExport, WasmExportKind, WasmImport,
    WorldItem, WorldKey,
};

use super::super::wit::Wit;
use super::names;
use super::types::{self, has_lists};

/// The names of functions in the core module.
pub(super) const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// The generated files.
pub(super) struct Bindings {
    /// `wit.zig`.
    pub(super) wit: String,
    /// The root of the program.
    pub(super) root: String,
}

/// A side of the border: whose types are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Import,
    Export,
}

/// A namespace of `wit.zig`, with those inside.
#[derive(Default)]
struct Namespace {
    body: String,
    inner: BTreeMap<String, Namespace>,
}

/// What is known about a world before its bindings are written.
pub(super) struct World<'a> {
    pub(super) resolve: &'a Resolve,
    pub(super) world: &'a wit_parser::World,
    /// Where the types of an imported interface are, from the top of `wit.zig`.
    imports: BTreeMap<InterfaceId, Vec<String>>,
    /// The same for exported ones.
    exports: BTreeMap<InterfaceId, Vec<String>>,
    /// The declaration of the person's sources that stands for an exported interface.
    implementations: BTreeMap<InterfaceId, String>,
    /// Every name that is declared somewhere, which no parameter may have.
    taken: BTreeSet<String>,
}

/// The bindings of a world. With `main`, the sources have a `main` that is the world's command.
pub(super) fn generate(wit: &Wit, sources: &str, main: bool) -> Bindings {
    let world = World::new(wit);
    Bindings { wit: world.wit(), root: super::root::text(&world, sources, main) }
}

impl<'a> World<'a> {
    pub(super) fn new(wit: &'a Wit) -> Self {
        let (resolve, world) = (&wit.resolve, &wit.resolve.worlds[wit.world]);
        let paths = |items: &'a wit_parser::IndexMap<WorldKey, WorldItem>, prefix: &[&str]| {
            let interfaces = items.iter().filter_map(|(key, item)| match item {
                WorldItem::Interface { id, .. } => Some((*id, path(resolve, key, prefix))),
                _ => None,
            });
            interfaces.collect::<BTreeMap<_, _>>()
        };
        let imports = paths(&world.imports, &[]);
        let exports = paths(&world.exports, &["exports"]);
        let mut named: BTreeMap<&String, usize> = BTreeMap::new();
        for path in exports.values() {
            *named.entry(path.last().expect("a path has a name")).or_default() += 1;
        }
        // Where two interfaces have one name, the packages tell them apart.
        let implementations = exports.iter().map(|(id, path)| {
            let last = path.last().expect("a path has a name");
            (*id, if named[last] == 1 { last.clone() } else { path[1..].join("_") })
        });
        let implementations = implementations.collect();
        let mut this = Self { resolve, world, imports, exports, implementations, taken: BTreeSet::new() };
        this.taken = this.declared();
        this
    }

    /// The name of an exported interface in the person's sources.
    pub(super) fn implementation(&self, id: InterfaceId) -> &str {
        &self.implementations[&id]
    }

    fn declared(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::from(["wit".to_owned(), "std".to_owned(), "self".to_owned()]);
        names.extend(self.imports.values().chain(self.exports.values()).flatten().cloned());
        names.extend(self.implementations.values().cloned());
        let mut function = |function: &Function| {
            names.insert(function_name(function));
        };
        for (_, item) in self.world.imports.iter().chain(&self.world.exports) {
            match item {
                WorldItem::Function(one) => function(one),
                WorldItem::Interface { id, .. } => {
                    self.resolve.interfaces[*id].functions.values().for_each(&mut function);
                }
                WorldItem::Type { .. } => {}
            }
        }
        names
    }

    /// The text of `wit.zig`.
    fn wit(&self) -> String {
        let mut top = Namespace::default();
        let mut core = String::new();
        for (key, item) in &self.world.imports {
            match item {
                WorldItem::Interface { id, .. } => {
                    let text = self.imported_interface(key, *id);
                    if !text.is_empty() {
                        top.at(&self.imports[id]).body += &text;
                    }
                }
                WorldItem::Function(function) => {
                    top.body += &self.imported_function(function, "w_");
                    core += &self.core_import(None, function);
                }
                WorldItem::Type { id, .. } => top.body += &self.definition(*id, Side::Import, &[]),
            }
        }
        for (key, item) in &self.world.exports {
            if let WorldItem::Interface { id, .. } = item {
                let text = self.exported_interface(key, *id);
                // An interface without types has nothing to show.
                if !text.is_empty() {
                    top.at(&self.exports[id]).body += &text;
                }
            }
        }
        let mut text = format!(
            "//! The world `{}` in Zig. Written by wkit from the WIT: changes are lost.\n\n\
             const w_ = @This();\nconst main_ = @import(\"component\");\nconst abi_ = @import(\"abi.zig\");\n\n\
             /// How values cross the border; nothing to call.\npub const abi = abi_;\n\n\
             /// The `result` of WIT: `.{{ .ok = … }}` or `.{{ .err = … }}`.\npub const Result = abi_.Result;\n\n",
            self.world.name
        );
        if !core.is_empty() {
            top.body += &format!("const core_ = struct {{\n{core}}};\n");
        }
        top.write(&mut text, 0);
        text
    }

    fn imported_interface(&self, key: &WorldKey, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let path = self.imports[&id].join(".");
        let mut core = String::new();
        let mut text = String::new();
        for ty in interface.types.values() {
            let methods: Vec<&Function> = methods(interface, *ty).collect();
            text += &self.definition(*ty, Side::Import, &methods);
            if matches!(self.resolve.types[*ty].kind, TypeDefKind::Resource) {
                core += &self.core_intrinsic(key, *ty, ResourceIntrinsic::ImportedDrop, "(i32) void");
            }
        }
        for function in interface.functions.values() {
            if function.kind.resource().is_none() {
                text += &self.imported_function(function, &format!("w_.{path}"));
            }
            core += &self.core_import(Some(key), function);
        }
        if !core.is_empty() {
            let _ = writeln!(text, "const core_ = struct {{\n{core}}};");
        }
        text
    }

    fn exported_interface(&self, key: &WorldKey, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let mut core = String::new();
        let mut text = String::new();
        for ty in interface.types.values() {
            text += &self.definition(*ty, Side::Export, &[]);
            if matches!(self.resolve.types[*ty].kind, TypeDefKind::Resource) {
                for (intrinsic, signature) in [
                    (ResourceIntrinsic::ExportedNew, "(i32) i32"),
                    (ResourceIntrinsic::ExportedRep, "(i32) i32"),
                    (ResourceIntrinsic::ExportedDrop, "(i32) void"),
                ] {
                    core += &self.core_intrinsic(key, *ty, intrinsic, signature);
                }
            }
        }
        if !core.is_empty() {
            let _ = writeln!(text, "const core_ = struct {{\n{core}}};");
        }
        text
    }

    /// The function of the core module behind an imported one.
    fn core_import(&self, interface: Option<&WorldKey>, function: &Function) -> String {
        let (module, name) =
            self.resolve.wasm_import_name(NAMES, WasmImport::Func { interface, func: function });
        let core = self.resolve.wasm_signature(AbiVariant::GuestImport, function);
        let params: Vec<&str> = core.params.iter().map(|param| core_type(*param)).collect();
        let result = core.results.first().map_or("void", |result| core_type(*result));
        format!("    extern {module:?} fn {}({}) {result};\n", names::quoted(&name), params.join(", "))
    }

    fn core_intrinsic(
        &self,
        key: &WorldKey,
        resource: TypeId,
        intrinsic: ResourceIntrinsic,
        signature: &str,
    ) -> String {
        let import = WasmImport::ResourceIntrinsic { interface: Some(key), resource, intrinsic };
        let (module, name) = self.resolve.wasm_import_name(NAMES, import);
        format!("    extern {module:?} fn {}{signature};\n", names::quoted(&name))
    }

    /// A function to call; `owner` is where its namespace lies.
    fn imported_function(&self, function: &Function, owner: &str) -> String {
        let allocates = function.result.as_ref().is_some_and(|ty| has_lists(self.resolve, ty));
        let mut params: Vec<(String, String)> = function
            .params
            .iter()
            .map(|param| (self.param(&param.name), self.ty(&param.ty, Side::Import)))
            .collect();
        let names: Vec<String> = params.iter().map(|(name, _)| name.clone()).collect();
        let allocator = match names.iter().any(|name| name == "allocator") || self.taken.contains("allocator")
        {
            true => "allocator_",
            false => "allocator",
        };
        if allocates {
            // Behind the resource that a function belongs to, as Zig's own library has it.
            let own = function.kind.resource().map(|resource| self.ty(&Type::Id(resource), Side::Import));
            let first = params.first().map(|(_, ty)| ty.trim_start_matches("*const "));
            let at = usize::from(own.is_some() && own.as_deref() == first);
            params.insert(at, (allocator.to_owned(), "abi_.Allocator".to_owned()));
        }
        let params: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let result = self.result(function, Side::Import);
        format!(
            "{}pub fn {}({}) {result} {{\n    return abi_.call({owner}.core_.{}, {result}, {}, {});\n}}\n",
            docs(&function.docs),
            function_name(function),
            params.join(", "),
            names::quoted(&function.name),
            if allocates { allocator } else { "abi_.gpa" },
            list(&names),
        )
    }

    /// The definition of a named type.
    fn definition(&self, id: TypeId, side: Side, methods: &[&Function]) -> String {
        let definition = &self.resolve.types[id];
        let Some(name) = &definition.name else { return String::new() };
        let name = names::of_type(name);
        let text = match &definition.kind {
            TypeDefKind::Resource if side == Side::Export => self.exported_resource(id),
            TypeDefKind::Resource => self.imported_resource(id, methods),
            _ => types::definition(self, id, side),
        };
        format!("{}pub const {name} = {text};\n", docs(&definition.docs))
    }

    fn imported_resource(&self, id: TypeId, methods: &[&Function]) -> String {
        let (owner, name) = self.place(id, Side::Import);
        let wit_name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        let drop = format!("{owner}.core_.@\"[resource-drop]{wit_name}\"");
        let mut text = format!(
            "struct {{\n    wit_handle: u32,\n\n    pub const wit_resource = true;\n    \
             pub const wit_drop: *const fn (i32) callconv(.c) void = &{drop};\n\n    \
             /// Gives the resource back.\n    pub fn deinit(self: {owner}.{name}) void {{\n        \
             {drop}(@bitCast(self.wit_handle));\n    }}\n"
        );
        for method in methods {
            text += "\n";
            indent(&self.imported_function(method, &owner), 1, &mut text);
        }
        text + "}"
    }

    fn exported_resource(&self, id: TypeId) -> String {
        let (owner, name) = self.place(id, Side::Export);
        let implementation = self.exported_value(id).expect("the interface of the resource is exported");
        let _ = name;
        let wit_name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        let core: String = ["new", "rep", "drop"]
            .iter()
            .map(|verb| format!("    pub const {verb} = {owner}.core_.@\"[resource-{verb}]{wit_name}\";\n"))
            .collect();
        format!("abi_.Exported({implementation}, struct {{\n{core}}})")
    }

    /// The person's type behind a resource that the world exports.
    pub(super) fn exported_value(&self, resource: TypeId) -> Option<String> {
        let definition = &self.resolve.types[resource];
        let TypeOwner::Interface(owner) = definition.owner else { return None };
        let implementation = self.implementations.get(&owner)?;
        Some(format!("main_.{implementation}.{}", names::of_type(definition.name.as_deref()?)))
    }

    /// The namespace that a named type is in, and its name there.
    fn place(&self, id: TypeId, side: Side) -> (String, String) {
        let definition = &self.resolve.types[id];
        let name = names::of_type(definition.name.as_deref().unwrap_or_default());
        let owner = match definition.owner {
            TypeOwner::Interface(owner) => self.located(owner, side).0,
            _ => return ("w_".to_owned(), name),
        };
        (format!("w_.{}", owner.join(".")), name)
    }

    /// Where an interface's types are when they are mentioned on one side of the border.
    fn located(&self, owner: InterfaceId, side: Side) -> (&[String], Side) {
        let exported = self.exports.get(&owner).map(|path| (path.as_slice(), Side::Export));
        let imported = self.imports.get(&owner).map(|path| (path.as_slice(), Side::Import));
        let found = if side == Side::Export { exported.or(imported) } else { imported.or(exported) };
        found.expect("a world has every interface whose types it uses")
    }

    /// A type as `wit.zig` writes it.
    pub(super) fn ty(&self, ty: &Type, side: Side) -> String {
        let Type::Id(id) = ty else { return types::primitive(ty).to_owned() };
        let definition = &self.resolve.types[*id];
        if definition.name.is_some() {
            let (owner, name) = self.place(*id, side);
            return format!("{owner}.{name}");
        }
        if let TypeDefKind::Handle(handle) = &definition.kind {
            return self.handle(handle, side);
        }
        types::definition(self, *id, side)
    }

    fn handle(&self, handle: &Handle, side: Side) -> String {
        match handle {
            Handle::Own(resource) => self.ty(&Type::Id(*resource), side),
            Handle::Borrow(resource) => {
                let mut origin = *resource;
                while let TypeDefKind::Type(Type::Id(next)) = self.resolve.types[origin].kind {
                    origin = next;
                }
                let exported = match self.resolve.types[origin].owner {
                    TypeOwner::Interface(owner) => self.located(owner, side).1 == Side::Export,
                    _ => false,
                };
                match self.exported_value(origin).filter(|_| exported) {
                    Some(value) => format!("*{value}"),
                    None => format!("*const {}", self.ty(&Type::Id(*resource), side)),
                }
            }
        }
    }

    /// What a function returns.
    pub(super) fn result(&self, function: &Function, side: Side) -> String {
        function.result.as_ref().map_or_else(|| "void".to_owned(), |ty| self.ty(ty, side))
    }

    /// A parameter's name, which nothing around may have.
    pub(super) fn param(&self, name: &str) -> String {
        if name == "self" {
            return name.to_owned();
        }
        let name = names::of_field(name);
        let plain = name.trim_matches(['@', '"']);
        if plain != name || self.taken.contains(&name) { format!("{plain}_") } else { name }
    }
}

impl Namespace {
    fn at(&mut self, path: &[String]) -> &mut Self {
        path.iter().fold(self, |namespace, name| namespace.inner.entry(name.clone()).or_default())
    }

    fn write(&self, text: &mut String, depth: usize) {
        indent(&self.body, depth, text);
        for (place, (name, inner)) in self.inner.iter().enumerate() {
            if place > 0 || !self.body.is_empty() {
                text.push('\n');
            }
            indent(&format!("pub const {name} = struct {{\n"), depth, text);
            inner.write(text, depth + 1);
            indent("};\n", depth, text);
        }
    }
}

/// Where an interface is in `wit.zig`: `wasi.http.types`, or its own name where it has no package.
fn path(resolve: &Resolve, key: &WorldKey, prefix: &[&str]) -> Vec<String> {
    let mut path: Vec<String> = prefix.iter().map(|&name| name.to_owned()).collect();
    let id = match key {
        WorldKey::Name(name) => {
            path.push(names::of_field(name));
            return path;
        }
        WorldKey::Interface(id) => *id,
    };
    let interface = &resolve.interfaces[id];
    if let Some(package) = interface.package {
        let this = &resolve.packages[package].name;
        let same =
            |other: &wit_parser::PackageName| other.namespace == this.namespace && other.name == this.name;
        let several = resolve.package_names.keys().filter(|other| same(other)).count() > 1;
        let version = this.version.as_ref().filter(|_| several).map(|version| format!("-{version}"));
        path.push(names::of_field(&this.namespace));
        path.push(names::of_field(&format!("{}{}", this.name, version.unwrap_or_default())));
    }
    path.push(names::of_field(interface.name.as_deref().unwrap_or_default()));
    path
}

/// The functions of a resource.
pub(super) fn methods(
    interface: &wit_parser::Interface,
    resource: TypeId,
) -> impl Iterator<Item = &Function> {
    interface.functions.values().filter(move |function| function.kind.resource() == Some(resource))
}

/// A function's name in Zig.
pub(super) fn function_name(function: &Function) -> String {
    if matches!(function.kind, FunctionKind::Constructor(_)) {
        return "init".to_owned();
    }
    let name = names::of_function(function.item_name());
    // A method must not take the place of what every resource has.
    let own = function.kind.resource().is_some() && ["init", "deinit", "get"].contains(&name.as_str());
    if own && name != "get" { name + "_" } else { name }
}

/// The name of an exported function in the core module.
pub(super) fn export_name(
    resolve: &Resolve,
    interface: Option<&WorldKey>,
    function: &Function,
    kind: WasmExportKind,
) -> String {
    resolve.wasm_export_name(NAMES, WasmExport::Func { interface, func: function, kind })
}

pub(super) fn core_type(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// A tuple of values, as `zig fmt` writes it.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => ".{}".to_owned(),
        [name] => format!(".{{{name}}}"),
        names => format!(".{{ {} }}", names.join(", ")),
    }
}

/// Documentation as Zig's comments.
pub(super) fn docs(docs: &Docs) -> String {
    let lines = docs.contents.as_deref().unwrap_or_default().trim().lines();
    lines.map(|line| format!("/// {line}").trim_end().to_owned() + "\n").collect()
}

pub(super) fn indent(lines: &str, depth: usize, text: &mut String) {
    for line in lines.lines() {
        if !line.is_empty() {
            *text += &"    ".repeat(depth);
            *text += line;
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::wit;
    use super::*;

    fn world(text: &str) -> Wit {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        wit::load(&file, "w").unwrap()
    }

    fn generated(text: &str) -> Bindings {
        generate(&world(text), "src/root.zig", false)
    }

    #[test]
    fn what_allocates_takes_an_allocator() {
        let wit = generated(
            "package a:b; interface i { f: func(s: string) -> u8; g: func() -> string; } world w { import i; }",
        )
        .wit;
        assert!(wit.contains("pub fn f(s: []const u8) u8 {"), "{wit}");
        assert!(wit.contains("pub fn g(allocator: abi_.Allocator) []const u8 {"), "{wit}");
        assert!(wit.contains("extern \"a:b/i\" fn f(i32, i32) i32;"), "{wit}");
    }

    #[test]
    fn a_method_takes_its_allocator_behind_the_resource() {
        let wit = generated(
            "package a:b; interface i { resource r { f: func(x: u8) -> string; g: static func(r: r) -> string; \
             h: static func(x: u8) -> string; } } world w { import i; }",
        )
        .wit;
        assert!(wit.contains("pub fn f(self: *const w_.a.b.i.R, allocator: abi_.Allocator, x: u8)"), "{wit}");
        assert!(wit.contains("pub fn g(r: w_.a.b.i.R, allocator: abi_.Allocator)"), "{wit}");
        assert!(wit.contains("pub fn h(allocator: abi_.Allocator, x: u8)"), "{wit}");
    }

    #[test]
    fn no_parameter_hides_a_declaration() {
        let wit = generated(
            "package a:b; interface i { value: func(value: u8, i: u8, %error: u8, other: u8); } world w { import i; }",
        )
        .wit;
        assert!(wit.contains("pub fn value(value_: u8, i_: u8, error_: u8, other: u8) void {"), "{wit}");
    }

    #[test]
    fn interfaces_of_one_name_are_told_apart() {
        let wit = world(
            "package a:b; interface i { f: func(); } interface j { g: func(); } \
             world w { export i; export j; export k: interface { h: func(); } }",
        );
        let names: Vec<String> = World::new(&wit).implementations.into_values().collect();
        assert_eq!(names, ["i", "j", "k"]);

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("deps/c")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("deps/c/c.wit", "package c:d@1.0.0; interface i { f: func(); }");
        write("a.wit", "package a:b; interface i { f: func(); } world w { export i; export c:d/i@1.0.0; }");
        let wit = wit::load(folder.path(), "w").unwrap();
        let mut names: Vec<String> = World::new(&wit).implementations.into_values().collect();
        names.sort();
        assert_eq!(names, ["a_b_i", "c_d_i"]);
    }

    #[test]
    fn a_main_takes_the_place_of_the_run_interface() {
        let text =
            "package wasi:cli@0.2.12; interface run { run: func() -> result; } world w { export run; }";
        let root = |main| generate(&world(text), "src/main.zig", main).root;
        assert!(root(true).contains("pub const main = main_.main;") && !root(true).contains("run#run"));
        assert!(!root(false).contains("main_.main") && root(false).contains("run@0.2.12#run"));
    }

    #[test]
    fn what_cannot_be_expressed_is_named() {
        let found = |ty: &str| {
            let text = format!("package a:b; interface i {{ f: func(x: {ty}); }} world w {{ import i; }}");
            types::unsupported(&world(&text))
        };
        assert_eq!(found("list<u8>"), None);
        assert_eq!(found("stream<u8>").as_deref(), Some("a `stream`, for which there are no bindings"));
        let flags = |count| {
            let names: Vec<String> = (0..count).map(|place| format!("f{place}")).collect();
            let text = format!(
                "package a:b; interface i {{ flags x {{ {} }} f: func(x: x); }} world w {{ import i; }}",
                names.join(", ")
            );
            types::unsupported(&world(&text))
        };
        assert_eq!(flags(32), None);
        assert_eq!(flags(33).as_deref(), Some("33 flags in one type, where 32 are the most"));
    }
}
