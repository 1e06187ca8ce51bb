//! Describes a world to the adapter that stands between a program and its engine.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value, json};
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey};

use super::names::{self, Place};
use crate::build::wit::Wit;

/// What the driver needs to know of a world.
pub(super) struct Description {
    /// The source of the module that is bundled with the program, and exports what the world does.
    pub(super) entry: String,
    /// The modules that stand for imports, by the name under which a program imports them.
    pub(super) modules: BTreeMap<String, String>,
    /// Names without a version, where only one import is meant.
    pub(super) short: BTreeMap<String, String>,
    /// The adapter with what it needs to know of the types.
    pub(super) adapter: String,
}

/// How an engine gives the functions that the world imports itself, outside any interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootImports {
    /// As the members of one module.
    Module(&'static str),
    /// Each as the default export of a module with its name.
    Modules,
}

/// What an engine makes of 64-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Integers {
    /// Bigints.
    Wide,
    /// Numbers, exact up to 2^53.
    Narrow,
    /// Bigints that are never negative.
    Unsigned,
}

/// What is peculiar to an engine, and how it knows the imports.
pub(super) struct Dialect<'a> {
    pub(super) integers: Integers,
    pub(super) root: RootImports,
    /// The name that the engine has for an import.
    pub(super) import: &'a dyn Fn(&str) -> String,
}

/// Describes the world of `wit` for an engine.
pub(super) fn describe(wit: &Wit, dialect: &Dialect<'_>) -> Description {
    let mut writer = Writer {
        resolve: &wit.resolve,
        types: Vec::new(),
        known: HashMap::new(),
        resources: Vec::new(),
        own: HashSet::new(),
    };
    let world = &wit.resolve.worlds[wit.world];
    let imports = writer.items(&world.imports);
    writer.known.clear();
    writer.own = world.exports.values().filter_map(interface_of).collect();
    let exports = writer.items(&world.exports);
    let modules: BTreeMap<_, _> = imports
        .interfaces
        .iter()
        .map(|item| (item.name.clone(), import_module(item, &(dialect.import)(&item.name))))
        .chain(imports.root.iter().map(|item| {
            let (module, by_name) = match dialect.root {
                RootImports::Module(module) => (module.to_owned(), true),
                RootImports::Modules => (item.name.clone(), false),
            };
            (item.name.clone(), root_module(item, &format!("engine:{module}"), by_name))
        }))
        .collect();
    let adapter = format!(
        "{}\nexport const {{ imported, exported }} = adapter({});\n",
        include_str!("adapter.js"),
        json!({ "types": writer.types, "integers": dialect.integers }),
    );
    // What a function gives may be of a class whose module the program does not import itself.
    let classes: String = imports
        .interfaces
        .iter()
        .filter(|item| item.shape["resources"].as_object().is_some_and(|resources| !resources.is_empty()))
        .map(|item| format!("import {:?};\n", item.name))
        .collect();
    Description { entry: classes + &entry(&exports), short: short(modules.keys()), modules, adapter }
}

/// One interface, or one function of the world.
struct Item {
    /// Its name in the component.
    name: String,
    /// Its name in JavaScript.
    export: String,
    shape: Value,
    /// The names in it: functions and classes.
    members: Vec<String>,
}

#[derive(Default)]
struct Items {
    interfaces: Vec<Item>,
    root: Vec<Item>,
}

/// A module that gives a program an imported interface, as named exports and as the default.
fn import_module(item: &Item, engine: &str) -> String {
    let engine = format!("engine:{engine}");
    let mut code = format!(
        "import * as raw from {engine:?};\nimport {{ imported }} from \"wkit:adapter\";\n\
         const target = raw.default ?? raw;\nconst made = imported(target, {});\nexport default made;\n",
        item.shape
    );
    // A member called `default` or like a reserved word is still exported, under that name.
    for (index, member) in item.members.iter().enumerate() {
        code += &format!("const member{index} = made.{member};\nexport {{ member{index} as {member} }};\n");
    }
    code
}

/// A module that gives a program one function, as the default export and under its name.
fn root_module(item: &Item, engine: &str, by_name: bool) -> String {
    let name = &item.export;
    let target = if by_name { "raw.default ?? raw".to_owned() } else { format!("{{ {name}: raw.default }}") };
    format!(
        "import * as raw from {engine:?};\nimport {{ imported }} from \"wkit:adapter\";\n\
         const made = imported({target}, {});\nconst member = made.{name};\n\
         export {{ member as default, member as {name} }};\n",
        item.shape
    )
}

/// The module that the engine sees: every export of the world, checked before anything is wrapped.
fn entry(exports: &Items) -> String {
    let mut root = json!({ "functions": {}, "resources": {} });
    for item in &exports.root {
        root["functions"][&item.export] = item.shape["functions"][&item.export].clone();
    }
    let interfaces: Map<String, Value> =
        exports.interfaces.iter().map(|item| (item.export.clone(), item.shape.clone())).collect();
    let mut code = format!(
        "import * as program from \"wkit:program\";\nimport {{ exported, missing }} from \"wkit:adapter\";\n\
         const root = {root};\nconst interfaces = {};\n\
         const gone = missing(program, {{ root, interfaces }});\n\
         if (gone.length > 0) throw new Error(`wkit:missing ${{gone.join(\" \")}} wkit:end`);\n\
         const own = exported(program, root);\n",
        Value::Object(interfaces)
    );
    for (index, item) in exports.interfaces.iter().enumerate() {
        let name = &item.export;
        code += &format!(
            "const export{index} = exported(program.{name}, interfaces.{name});\nexport {{ export{index} as {name} }};\n"
        );
    }
    for (index, item) in exports.root.iter().enumerate() {
        let name = &item.export;
        code += &format!("const own{index} = own.{name};\nexport {{ own{index} as {name} }};\n");
    }
    code
}

/// `wasi:cli/run` for `wasi:cli/run@0.2.12`, unless there is another version of it.
fn short<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in names {
        if let Some((short, _)) = name.split_once('@') {
            found.entry(short.to_owned()).or_default().push(name);
        }
    }
    found
        .into_iter()
        .filter(|(_, full)| full.len() == 1)
        .map(|(short, full)| (short, full[0].clone()))
        .collect()
}

/// Writes shapes, with the types that need something done in a table.
struct Writer<'a> {
    resolve: &'a Resolve,
    types: Vec<Value>,
    known: HashMap<TypeId, Value>,
    /// Resources with whether they are the program's own: an interface may be imported and exported.
    resources: Vec<(TypeId, bool)>,
    /// The interfaces whose resources are the program's own, while exports are described.
    own: HashSet<InterfaceId>,
}

impl Writer<'_> {
    fn items<'a>(&mut self, items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Items {
        let mut found = Items::default();
        for (key, item) in items {
            let name = self.resolve.name_world_key(key);
            let export = names::export(self.resolve, key);
            match item {
                WorldItem::Interface { id, .. } => {
                    let (shape, members) = self.interface(*id);
                    found.interfaces.push(Item { name, export, shape, members });
                }
                WorldItem::Function(function) => {
                    let shape = json!({ "functions": { &export: self.function(function) }, "resources": {} });
                    found.root.push(Item { name, members: vec![export.clone()], export, shape });
                }
                WorldItem::Type { .. } => {}
            }
        }
        found
    }

    /// The shape of an interface, and the names of its members.
    fn interface(&mut self, id: InterfaceId) -> (Value, Vec<String>) {
        let interface = &self.resolve.interfaces[id];
        let mut functions = Map::new();
        let mut resources = Map::new();
        for (name, id) in &interface.types {
            if matches!(self.resolve.types[*id].kind, TypeDefKind::Resource) {
                let number = self.resource(*id);
                let name = names::upper_camel(name);
                let shape = json!({
                    "name": &name, "resource": number, "constructor": null, "methods": {}, "statics": {},
                });
                resources.insert(name, shape);
            }
        }
        for function in interface.functions.values() {
            let shape = self.function(function);
            let name = names::function(function);
            let Some((resource, place)) = names::owner(function) else {
                functions.insert(name, shape);
                continue;
            };
            let class = names::upper_camel(self.resolve.types[resource].name.as_deref().unwrap_or_default());
            let Some(class) = resources.get_mut(&class) else { continue };
            match place {
                Place::Constructor => class["constructor"] = shape["params"].clone(),
                Place::Method => class["methods"][name] = shape,
                Place::Static => class["statics"][name] = shape,
            }
        }
        let members = resources.keys().chain(functions.keys()).cloned().collect();
        (json!({ "functions": functions, "resources": resources }), members)
    }

    fn function(&mut self, function: &Function) -> Value {
        // The object on which a method is called is no argument in JavaScript.
        let skipped = usize::from(matches!(names::owner(function), Some((_, Place::Method))));
        let params: Vec<Value> =
            function.params.iter().skip(skipped).map(|param| self.ty(&param.ty)).collect();
        let fallible = function.result.as_ref().and_then(|result| self.fallible(result));
        let (result, error) = match (&fallible, &function.result) {
            (Some((ok, error)), _) => (self.optional(ok.as_ref()), self.optional(error.as_ref())),
            (None, result) => (self.optional(result.as_ref()), Value::Null),
        };
        json!({
            "params": params, "result": result, "error": error, "fails": fallible.is_some(),
            "asynchronous": function.kind.is_async(),
        })
    }

    /// The two sides of a `result`, behind any names.
    fn fallible(&self, ty: &Type) -> Option<(Option<Type>, Option<Type>)> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(inner) => self.fallible(inner),
            TypeDefKind::Result(result) => Some((result.ok, result.err)),
            _ => None,
        }
    }

    fn optional(&mut self, ty: Option<&Type>) -> Value {
        ty.map_or(Value::Null, |ty| self.ty(ty))
    }

    /// What is to be done with values of a type: nothing, a number's name, or an index into the table.
    fn ty(&mut self, ty: &Type) -> Value {
        match ty {
            Type::U32 => json!("u32"),
            Type::U64 => json!("u64"),
            Type::S64 => json!("s64"),
            Type::Id(id) => {
                let id = *id;
                if let Some(known) = self.known.get(&id) {
                    return known.clone();
                }
                let value = self.defined(id);
                self.known.insert(id, value.clone());
                value
            }
            _ => Value::Null,
        }
    }

    fn defined(&mut self, id: TypeId) -> Value {
        let resolve = self.resolve;
        let shape = match &resolve.types[id].kind {
            TypeDefKind::Type(inner) => return self.ty(inner),
            TypeDefKind::Option(some) => {
                json!({ "kind": "option", "some": self.ty(some), "nested": is_option(resolve, some) })
            }
            TypeDefKind::List(of) | TypeDefKind::FixedLengthList(of, _) => match number(resolve, of) {
                Some(name) => json!({ "kind": "numbers", "of": name }),
                None => match self.ty(of) {
                    Value::Null => return Value::Null,
                    of => json!({ "kind": "list", "of": of }),
                },
            },
            TypeDefKind::Map(key, value) => {
                json!({ "kind": "map", "key": self.ty(key), "value": self.ty(value) })
            }
            TypeDefKind::Tuple(tuple) => {
                let of: Vec<Value> = tuple.types.iter().map(|ty| self.ty(ty)).collect();
                if of.iter().all(Value::is_null) {
                    return Value::Null;
                }
                json!({ "kind": "tuple", "of": of })
            }
            TypeDefKind::Record(record) => {
                let fields: Vec<(String, Value)> = record
                    .fields
                    .iter()
                    .map(|field| (names::lower_camel(&field.name), self.ty(&field.ty)))
                    .filter(|(_, ty)| !ty.is_null())
                    .collect();
                if fields.is_empty() {
                    return Value::Null;
                }
                json!({ "kind": "record", "fields": fields })
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| (case.name.clone(), case.ty));
                return self.cases(cases.collect());
            }
            TypeDefKind::Result(result) => {
                return self.cases(vec![("ok".to_owned(), result.ok), ("err".to_owned(), result.err)]);
            }
            TypeDefKind::Handle(wit_parser::Handle::Own(id) | wit_parser::Handle::Borrow(id)) => {
                json!({ "kind": "resource", "resource": self.resource(*id) })
            }
            _ => return Value::Null,
        };
        self.add(shape)
    }

    fn cases(&mut self, cases: Vec<(String, Option<Type>)>) -> Value {
        let cases: Map<String, Value> = cases
            .into_iter()
            .map(|(name, ty)| (name, self.optional(ty.as_ref())))
            .filter(|(_, ty)| !ty.is_null())
            .collect();
        if cases.is_empty() {
            return Value::Null;
        }
        self.add(json!({ "kind": "variant", "cases": cases }))
    }

    fn add(&mut self, shape: Value) -> Value {
        self.types.push(shape);
        json!(self.types.len() - 1)
    }

    /// The number of a resource, whatever other names it is used under.
    fn resource(&mut self, id: TypeId) -> usize {
        let id = original(self.resolve, id);
        let key = (id, home(self.resolve, id).is_some_and(|home| self.own.contains(&home)));
        self.resources.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.resources.push(key);
            self.resources.len() - 1
        })
    }
}

fn interface_of(item: &WorldItem) -> Option<InterfaceId> {
    match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    }
}

/// The type that an alias stands for in the end.
pub(super) fn original(resolve: &Resolve, id: TypeId) -> TypeId {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(inner)) => original(resolve, inner),
        _ => id,
    }
}

/// Whether a type is an option, behind any names.
pub(super) fn is_option(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    matches!(resolve.types[original(resolve, *id)].kind, TypeDefKind::Option(_))
}

/// The name of a number, behind any names.
pub(super) fn number(resolve: &Resolve, ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::U8 => "u8",
        Type::S8 => "s8",
        Type::U16 => "u16",
        Type::S16 => "s16",
        Type::U32 => "u32",
        Type::S32 => "s32",
        Type::U64 => "u64",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::Type(inner) => return number(resolve, inner),
            _ => return None,
        },
        _ => return None,
    })
}

/// The interface in which a type is defined.
pub(super) fn home(resolve: &Resolve, id: TypeId) -> Option<InterfaceId> {
    match resolve.types[id].owner {
        TypeOwner::Interface(interface) => Some(interface),
        _ => None,
    }
}
