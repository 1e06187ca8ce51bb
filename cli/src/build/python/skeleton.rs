//! Sources in which every export stands, to be filled in, with the names that componentize-py gives them.

mod types;

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use wit_parser::{Function, FunctionKind, InterfaceId, TypeDefKind, TypeId, WorldItem, WorldKey};

use self::types::Types;
use crate::build::SourceFile;
use crate::build::wit::Wit;

/// As wide as formatters of Python let a line be.
const WIDTH: usize = 88;

/// Words that cannot be names.
const RESERVED: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The module `app`, and a module for every exported interface with resources.
pub(super) fn files(wit: &Wit) -> Vec<SourceFile> {
    let names = Names::of(wit);
    let mut app = Module::default();
    let mut files = Vec::new();
    let mut own = Vec::new();
    for item in wit.resolve.worlds[wit.world].exports.values() {
        match item {
            WorldItem::Function(function) => own.push(function),
            WorldItem::Interface { id, .. } => {
                let interface = &wit.resolve.interfaces[*id];
                let functions: Vec<&Function> = interface
                    .functions
                    .values()
                    .filter(|function| function.kind.resource().is_none())
                    .collect();
                let class = names.class(*id);
                if !functions.is_empty() {
                    app.imports.insert("from wit_world import exports".to_owned());
                    app.class(
                        wit,
                        &names,
                        &class,
                        &format!("exports.{class}"),
                        interface.docs.contents.as_deref(),
                        &functions,
                    );
                }
                files.extend(resources(wit, &names, *id));
            }
            WorldItem::Type { .. } => {}
        }
    }
    if !own.is_empty() {
        app.imports.insert("import wit_world".to_owned());
        app.class(wit, &names, "WitWorld", "wit_world.WitWorld", None, &own);
    }
    let what = format!("\"\"\"What the world `{}` exports.\"\"\"", wit.world_name());
    files.insert(0, SourceFile { path: "app.py".to_owned(), text: app.text(&what) });
    files
}

/// The module in which the resources of an interface are looked for.
fn resources(wit: &Wit, names: &Names, id: InterfaceId) -> Option<SourceFile> {
    let interface = &wit.resolve.interfaces[id];
    let name = names.module(id);
    let mut module = Module::default();
    for (resource, ty) in &interface.types {
        if !matches!(wit.resolve.types[*ty].kind, TypeDefKind::Resource) {
            continue;
        }
        let functions: Vec<&Function> =
            interface.functions.values().filter(|function| function.kind.resource() == Some(*ty)).collect();
        let class = resource.to_upper_camel_case();
        module.imports.insert(format!("from wit_world.exports import {name}"));
        let docs = wit.resolve.types[*ty].docs.contents.as_deref();
        module.class(wit, names, &class, &format!("{name}.{class}"), docs, &functions);
    }
    let what = format!(
        "\"\"\"The resources of the interface `{}`.\"\"\"",
        interface.name.as_deref().unwrap_or(&name)
    );
    (!module.classes.is_empty()).then(|| SourceFile { path: format!("{name}.py"), text: module.text(&what) })
}

/// One file.
#[derive(Default)]
struct Module {
    imports: BTreeSet<String>,
    classes: Vec<String>,
}

impl Module {
    /// Adds a class with functions that are not written yet.
    fn class(
        &mut self,
        wit: &Wit,
        names: &Names,
        name: &str,
        parent: &str,
        docs: Option<&str>,
        functions: &[&Function],
    ) {
        let mut text = format!("class {name}({parent}):\n{}", docstring(docs, "    "));
        let methods: Vec<String> =
            functions.iter().map(|function| self.method(wit, names, function)).collect();
        if !text.ends_with(":\n") && !methods.is_empty() {
            text.push('\n');
        }
        text.push_str(&methods.join("\n"));
        if methods.is_empty() {
            text.push_str("    pass\n");
        }
        self.classes.push(text);
    }

    fn method(&mut self, wit: &Wit, names: &Names, function: &Function) -> String {
        let mut types = Types::new(wit, names, &mut self.imports, function.kind.resource());
        let is_constructor = matches!(function.kind, FunctionKind::Constructor(_));
        let is_static = matches!(function.kind, FunctionKind::Static(_) | FunctionKind::AsyncStatic(_));
        let is_method = matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_));
        let mut parameters = vec![if is_static { "cls" } else { "self" }.to_owned()];
        for parameter in function.params.iter().skip(usize::from(is_method)) {
            parameters.push(format!("{}: {}", escaped(&parameter.name), types.name(parameter.ty)));
        }
        let result = if is_constructor { "None".to_owned() } else { types.result(function.result) };
        let item = function.item_name();
        let name = if is_constructor { "__init__".to_owned() } else { escaped(item) };
        let start = if function.kind.is_async() { "async def" } else { "def" };
        let decorator = if is_static { "    @classmethod\n" } else { "" };
        let mut head = format!("    {start} {name}({}) -> {result}:", parameters.join(", "));
        if head.len() > WIDTH {
            let lines: String =
                parameters.iter().map(|parameter| format!("        {parameter},\n")).collect();
            head = format!("    {start} {name}(\n{lines}    ) -> {result}:");
        }
        let docs = docstring(function.docs.contents.as_deref(), "        ");
        let shown = if is_constructor { "the constructor" } else { item };
        format!("{decorator}{head}\n{docs}        raise NotImplementedError(\"{shown}\")\n")
    }

    fn text(&self, what: &str) -> String {
        let (plain, from): (Vec<&str>, Vec<&str>) =
            self.imports.iter().map(String::as_str).partition(|line| line.starts_with("import "));
        let (typing, from): (Vec<&str>, Vec<&str>) =
            from.into_iter().partition(|line| line.contains("typing"));
        let mut blocks = vec![what.to_owned()];
        for block in [typing, [plain, from].concat()] {
            if !block.is_empty() {
                blocks.push(block.join("\n"));
            }
        }
        let head = blocks.join("\n\n");
        format!("{head}\n{}", self.classes.iter().map(|class| format!("\n\n{class}")).collect::<String>())
    }
}

/// Comments of the WIT as a docstring, without what would end it.
fn docstring(docs: Option<&str>, indent: &str) -> String {
    let Some(docs) = docs.map(str::trim).filter(|docs| !docs.is_empty()) else { return String::new() };
    let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "'''");
    let lines: Vec<&str> = docs.lines().map(str::trim_end).collect();
    match lines[..] {
        [line] if !line.ends_with('"') => format!("{indent}\"\"\"{line}\"\"\"\n"),
        _ => {
            let line =
                |line: &&str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
            let body: String = lines.iter().map(line).collect();
            format!("{indent}\"\"\"\n{body}{indent}\"\"\"\n")
        }
    }
}

/// A name of the WIT as one of Python.
fn escaped(name: &str) -> String {
    let name = name.to_snake_case();
    if RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// The names of the interfaces' modules, each for the imports and for the exports.
pub(super) struct Names {
    imports: BTreeMap<InterfaceId, String>,
    exports: BTreeMap<InterfaceId, String>,
}

impl Names {
    fn of(wit: &Wit) -> Self {
        let world = &wit.resolve.worlds[wit.world];
        let interfaces = |items: &indexmap::IndexMap<WorldKey, WorldItem>| -> Vec<(InterfaceId, Name)> {
            let named = items.iter().filter_map(|(key, item)| match item {
                WorldItem::Interface { id, .. } => Some((*id, Name::of(wit, key))),
                _ => None,
            });
            named.collect()
        };
        Self {
            imports: distinct(&interfaces(&world.imports)),
            exports: distinct(&interfaces(&world.exports)),
        }
    }

    /// The module of an exported interface.
    fn module(&self, id: InterfaceId) -> String {
        let name = self.exports.get(&id).cloned().unwrap_or_default();
        if RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name }
    }

    /// The class of an exported interface.
    fn class(&self, id: InterfaceId) -> String {
        self.exports.get(&id).map(|name| name.to_upper_camel_case()).unwrap_or_default()
    }

    /// Where the types of an interface are, and what the module is called: exports use the exported ones.
    fn place(&self, id: InterfaceId) -> Option<(&'static str, String)> {
        if self.exports.contains_key(&id) {
            return Some(("exports", self.module(id)));
        }
        let name = self.imports.get(&id)?;
        let escape = if RESERVED.contains(&name.as_str()) { "_" } else { "" };
        Some(("imports", format!("{name}{escape}")))
    }
}

/// What an interface can be called: shortly, with its package, and with the package's version.
struct Name {
    short: String,
    package: String,
    full: String,
}

impl Name {
    fn of(wit: &Wit, key: &WorldKey) -> Self {
        let plain = |name: &str| Self {
            short: name.to_snake_case(),
            package: String::new(),
            full: name.to_snake_case(),
        };
        match key {
            WorldKey::Name(name) => plain(name),
            WorldKey::Interface(id) => {
                let interface = &wit.resolve.interfaces[*id];
                let short = interface.name.as_deref().unwrap_or_default();
                let Some(package) = interface.package else { return plain(short) };
                let package = &wit.resolve.packages[package].name;
                let owner = format!("{}-{}", package.namespace, package.name);
                let version =
                    package.version.as_ref().map(|version| format!("-{version}").replace(['.', '+'], "-"));
                Self {
                    short: short.to_snake_case(),
                    package: format!("{owner}-{short}").to_snake_case(),
                    full: format!("{owner}-{short}{}", version.unwrap_or_default()).to_snake_case(),
                }
            }
        }
    }
}

/// The shortest name for each that no other has.
fn distinct(interfaces: &[(InterfaceId, Name)]) -> BTreeMap<InterfaceId, String> {
    let count = |of: fn(&Name) -> &str, wanted: &str| {
        interfaces.iter().filter(|(_, name)| of(name) == wanted).count()
    };
    let choose = |name: &Name| {
        if count(|name| &name.short, &name.short) == 1 {
            name.short.clone()
        } else if count(|name| &name.package, &name.package) == 1 {
            name.package.clone()
        } else {
            name.full.clone()
        }
    };
    interfaces.iter().map(|(id, name)| (*id, choose(name))).collect()
}

/// The class of a type that has a name.
fn class_of(wit: &Wit, id: TypeId) -> String {
    wit.resolve.types[id].name.as_deref().unwrap_or_default().to_upper_camel_case()
}
