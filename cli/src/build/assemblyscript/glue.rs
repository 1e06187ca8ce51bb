//! The entry of the module: a core export for each export of the world, which calls what the person has written.

use std::collections::BTreeMap;

use wit_bindgen_core::abi::guest_export_needs_post_return;
use wit_parser::abi::AbiVariant;
use wit_parser::{
    Function, FunctionKind, LiftLowerAbi, ManglingAndAbi, ResourceIntrinsic, TypeDefKind, WasmExport,
    WasmExportKind, WasmImport, WorldKey,
};

use super::functions::{core_type, export_body, is_plain_constructor, post_return_body};
use super::modules::external;
use super::names;
use super::world::{Module, Place, Scope, World};

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// The text of the entry, and what each of its functions is called in the canonical ABI.
pub(super) struct Glue {
    pub(super) text: String,
    pub(super) exports: BTreeMap<String, String>,
}

/// Makes the entry.
pub(super) fn glue(world: &World, entry: &str) -> Glue {
    let scope = Scope::new(world, None);
    let mut made = Maker { scope: &scope, text: String::new(), exports: BTreeMap::new(), area_bytes: 0 };
    for module in &world.exports {
        made.interface(module);
    }
    for function in &world.exported_functions {
        made.function(None, "", function);
    }
    made.exports.insert("cabi_realloc".to_owned(), "cabi_realloc".to_owned());
    let Maker { text, exports, area_bytes, .. } = made;
    let mut lines =
        "// What the component exports. Made by wkit from its WIT: changes are lost.\n".to_owned();
    lines += &scope.needs.lines("./", &format!("../{entry}"));
    for function in &world.exported_functions {
        let name = names::value(&function.name);
        let expected = super::signatures::expected(&scope, function);
        lines += &format!(
            "import {{ {name} as $world_{name} }} from \"../{entry}\"; // expected there: {expected}\n"
        );
    }
    // Nothing calls it by its name: the compiler is told to where it calls its own.
    lines += "import \"./abort\";\n\nexport { realloc as cabi_realloc } from \"./runtime\";\n";
    if area_bytes > 0 {
        lines += &format!(
            "\n// Where results lie until the caller has read them.\nconst $area: usize = memory.data({area_bytes}, 8);\n"
        );
    }
    Glue { text: lines + &text, exports }
}

struct Maker<'a> {
    scope: &'a Scope<'a>,
    text: String,
    exports: BTreeMap<String, String>,
    area_bytes: usize,
}

impl Maker<'_> {
    fn interface(&mut self, module: &Module) {
        let Place::Export { namespace, .. } = &module.place else { return };
        let interface = &self.scope.world.resolve.interfaces[module.interface];
        for id in interface.types.values() {
            if matches!(self.scope.world.resolve.types[*id].kind, TypeDefKind::Resource) {
                self.resource(module, namespace, *id);
            }
        }
        for function in interface.functions.values() {
            self.function(Some(&module.key), namespace, function);
        }
    }

    fn function(&mut self, interface: Option<&WorldKey>, namespace: &str, function: &Function) {
        let scope = self.scope;
        let resolve = &scope.world.resolve;
        let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let parameters: Vec<String> = (0..signature.params.len()).map(|index| format!("p{index}")).collect();
        let body = export_body(scope, function, self.callee(namespace, function), parameters.clone());
        self.area_bytes = self.area_bytes.max(body.area_bytes);
        let declared: Vec<String> = parameters
            .iter()
            .zip(&signature.params)
            .map(|(name, ty)| format!("{name}: {}", core_type(*ty)))
            .collect();
        let result = signature.results.first().map_or("void", |ty| core_type(*ty));
        let own_name = export_name(namespace, function);
        let text = body.into_text();
        self.text +=
            &format!("\nexport function {own_name}({}): {result} {{\n{text}}}\n", declared.join(", "));
        let export =
            |kind| resolve.wasm_export_name(MANGLING, WasmExport::Func { interface, func: function, kind });
        self.exports.insert(own_name.clone(), export(WasmExportKind::Normal));
        if guest_export_needs_post_return(resolve, function) {
            let text = post_return_body(scope, function);
            self.text += &format!("\nexport function {own_name}$free($results: usize): void {{\n{text}}}\n");
            self.exports.insert(format!("{own_name}$free"), export(WasmExportKind::PostReturn));
        }
    }

    /// What an export calls; a method is found on its object instead.
    fn callee(&self, namespace: &str, function: &Function) -> String {
        let scope = self.scope;
        let name = names::value(function.item_name());
        if namespace.is_empty() {
            return format!("$world_{name}");
        }
        let space = scope.needs.namespace(namespace);
        let class = function.kind.resource().map(|resource| scope.world.resource_class(resource));
        match (&function.kind, class) {
            (FunctionKind::Constructor(_), Some(class))
                if is_plain_constructor(&scope.world.resolve, function) =>
            {
                format!("new {space}.{class}")
            }
            (FunctionKind::Constructor(_), Some(class)) => format!("{space}.{class}.create"),
            (_, Some(class)) => format!("{space}.{class}.{}", names::member(function.item_name())),
            (_, None) => format!("{space}.{name}"),
        }
    }

    /// The table of a resource's objects, and the functions that turn objects into handles and back.
    fn resource(&mut self, module: &Module, namespace: &str, id: wit_parser::TypeId) {
        let world = self.scope.world;
        let class = world.resource_class(id);
        let of = format!("{namespace}_{class}");
        let ty = format!("{}.{class}", self.scope.needs.namespace(namespace));
        let intrinsic = |intrinsic| {
            let import =
                WasmImport::ResourceIntrinsic { interface: Some(&module.key), resource: id, intrinsic };
            world.resolve.wasm_import_name(MANGLING, import)
        };
        let declare = |which, name: &str, result: &str| {
            let (module, field) = intrinsic(which);
            external(&module, &field, &format!("{name}_{of}"), "value: i32", result)
        };
        self.text.push('\n');
        self.text += &declare(ResourceIntrinsic::ExportedNew, "$handle", "i32");
        self.text += &declare(ResourceIntrinsic::ExportedRep, "$number", "i32");
        self.text += &declare(ResourceIntrinsic::ExportedDrop, "$forget", "void");
        self.text += &format!("const $table_{of} = new $.Table<{ty}>();\n");
        self.text += &format!(
            "function $new_{of}(object: {ty}): i32 {{\nreturn $handle_{of}($table_{of}.add(object));\n}}\n"
        );
        // Dropping the handle calls the destructor below, which finds the object gone and leaves it alone.
        self.text += &format!("function $take_{of}(handle: i32): {ty} {{\n");
        self.text += &format!(
            "const object = $table_{of}.remove($number_{of}(handle));\n$forget_{of}(handle);\nreturn object;\n}}\n"
        );
        self.text += &format!("export function {of}$drop(number: i32): void {{\n");
        self.text +=
            &format!("if (!$table_{of}.has(number)) return;\nconst object = $table_{of}.remove(number);\n");
        self.text += "if (isDefined(object.drop)) object.drop();\n}\n";
        let name = world
            .resolve
            .wasm_export_name(MANGLING, WasmExport::ResourceDtor { interface: &module.key, resource: id });
        self.exports.insert(format!("{of}$drop"), name);
    }
}

/// What an export is called in the entry, and so in backtraces: `values$Counter$add`.
fn export_name(namespace: &str, function: &Function) -> String {
    let name = function.name.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
    let prefix = if namespace.is_empty() { "world" } else { namespace };
    format!("{prefix}${}", name.trim_start_matches('_'))
}
