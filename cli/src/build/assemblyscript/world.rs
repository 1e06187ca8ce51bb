//! The world as the generator sees it: its interfaces as modules of AssemblyScript, and what each type is called.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use wit_bindgen_core::dealias;
use wit_parser::{
    Function, Handle, InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, TypeId, TypeOwner, WorldId,
    WorldItem, WorldKey,
};

use super::names;

/// The world, with types that are distinct for imports and exports.
pub(super) struct World {
    pub(super) resolve: Resolve,
    pub(super) sizes: SizeAlign,
    pub(super) imports: Vec<Module>,
    pub(super) exports: Vec<Module>,
    pub(super) imported_functions: Vec<Function>,
    pub(super) exported_functions: Vec<Function>,
    pub(super) types: Vec<(String, TypeId)>,
    places: HashMap<InterfaceId, Place>,
}

/// An interface of the world.
#[derive(Clone)]
pub(super) struct Module {
    pub(super) interface: InterfaceId,
    pub(super) key: WorldKey,
    /// What it is called in the world, such as `wasi:cli/run@0.2.12`.
    pub(super) wit_name: String,
    pub(super) place: Place,
}

/// Where the types of an interface are declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// An imported interface: the name of its file.
    Import(String),
    /// An exported interface: the names of its file, and of the namespace that implements it.
    Export { file: String, namespace: String },
    /// The world itself.
    World,
}

impl Place {
    /// The file in the folder of bindings, without its ending.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Import(file) => format!("imports/{file}"),
            Self::Export { file, .. } => format!("exports/{file}"),
            Self::World => "world".to_owned(),
        }
    }

    /// What other files call its module.
    fn alias(&self) -> String {
        match self {
            Self::Import(file) => format!("$import_{}", file.replace('-', "_")),
            Self::Export { file, .. } => format!("$export_{}", file.replace('-', "_")),
            Self::World => "$world".to_owned(),
        }
    }
}

/// The modules that one file needs, found while its text is made.
#[derive(Default)]
pub(super) struct Needs {
    modules: RefCell<BTreeSet<Place>>,
    namespaces: RefCell<BTreeSet<String>>,
    common: RefCell<BTreeSet<String>>,
    /// Classes by what a person calls them: where they come from, and their names there.
    classes: RefCell<BTreeMap<String, (Place, String)>>,
}

impl Needs {
    /// A name of the common types is used.
    pub(super) fn common(&self, name: &str) -> String {
        self.common.borrow_mut().insert(name.to_owned());
        name.to_owned()
    }

    /// The implementation of an exported interface is used.
    pub(super) fn namespace(&self, namespace: &str) -> String {
        self.namespaces.borrow_mut().insert(namespace.to_owned());
        format!("${namespace}")
    }

    /// A class is used under a name of its own, which is another one where two places have one of that name.
    fn class(&self, place: Place, class: &str) -> String {
        let mut classes = self.classes.borrow_mut();
        let from = (place, class.to_owned());
        let numbered =
            |number: usize| if number == 1 { class.to_owned() } else { format!("{class}{number}") };
        // A person's own `Error` is that of the language.
        let first = if class == "Error" { 2 } else { 1 };
        let is_free = |name: &String| classes.get(name).is_none_or(|known| *known == from);
        let name = (first..).map(numbered).find(is_free).expect("there is always another number");
        classes.insert(name.clone(), from);
        name
    }

    /// The import lines of a person's file.
    pub(super) fn plain_lines(&self, bindings: &str) -> String {
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, (place, class)) in self.classes.borrow().iter() {
            let import = if name == class { name.clone() } else { format!("{class} as {name}") };
            files.entry(place.path()).or_default().push(import);
        }
        let common = self.common.borrow();
        if !common.is_empty() {
            files.insert("types".to_owned(), common.iter().cloned().collect());
        }
        let lines = files
            .into_iter()
            .map(|(file, names)| format!("import {{ {} }} from \"{bindings}{file}\";\n", names.join(", ")));
        lines.collect()
    }

    /// The import lines. `up` leads from the file's folder to that of the bindings, `entry` to the person's file.
    pub(super) fn lines(&self, up: &str, entry: &str) -> String {
        let mut lines = format!("import * as $ from \"{up}runtime\";\n");
        let common = self.common.borrow();
        if !common.is_empty() {
            let names: Vec<&str> = common.iter().map(String::as_str).collect();
            lines += &format!("import {{ {} }} from \"{up}types\";\n", names.join(", "));
        }
        for place in self.modules.borrow().iter() {
            lines += &format!("import * as {} from \"{up}{}\";\n", place.alias(), place.path());
        }
        for namespace in self.namespaces.borrow().iter() {
            lines += &format!(
                "import {{ {namespace} as ${namespace} }} from \"{entry}\"; // expected there: `export namespace {namespace} {{ … }}`\n"
            );
        }
        lines
    }
}

/// Where text is written, which decides how types are called there.
pub(super) struct Scope<'a> {
    pub(super) world: &'a World,
    pub(super) here: Option<Place>,
    pub(super) needs: Needs,
    /// In a person's file: the namespace that the text stands in.
    inside: Option<RefCell<String>>,
}

impl World {
    /// Looks at a world; nothing in it may be asynchronous.
    pub(super) fn new(resolve: &Resolve, world: WorldId) -> anyhow::Result<Self> {
        let mut resolve = resolve.clone();
        resolve.generate_nominal_type_ids(world);
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve)?;
        let mut this = Self {
            sizes,
            imports: Vec::new(),
            exports: Vec::new(),
            imported_functions: Vec::new(),
            exported_functions: Vec::new(),
            types: Vec::new(),
            places: HashMap::new(),
            resolve,
        };
        this.imports = this.modules(&this.resolve.worlds[world].imports, false);
        this.exports = this.modules(&this.resolve.worlds[world].exports, true);
        let modules: Vec<_> = this.imports.iter().chain(&this.exports).cloned().collect();
        this.places.extend(modules.into_iter().map(|module| (module.interface, module.place)));
        let functions = |items: &mut dyn Iterator<Item = &WorldItem>| -> Vec<Function> {
            items
                .filter_map(|item| match item {
                    WorldItem::Function(function) => Some(function.clone()),
                    _ => None,
                })
                .collect()
        };
        this.imported_functions = functions(&mut this.resolve.worlds[world].imports.values());
        this.exported_functions = functions(&mut this.resolve.worlds[world].exports.values());
        for (key, item) in &this.resolve.worlds[world].imports {
            if let (WorldKey::Name(name), WorldItem::Type { id, .. }) = (key, item) {
                this.types.push((name.clone(), *id));
            }
        }
        Ok(this)
    }

    /// The interfaces among the items of one direction, each with names of its own.
    fn modules<'b>(
        &self,
        items: impl IntoIterator<Item = (&'b WorldKey, &'b WorldItem)>,
        exported: bool,
    ) -> Vec<Module> {
        let interfaces: Vec<_> = items
            .into_iter()
            .filter_map(|(key, item)| match item {
                WorldItem::Interface { id, .. } => Some((key, *id, self.resolve.name_world_key(key))),
                _ => None,
            })
            .collect();
        let names: Vec<&str> = interfaces.iter().map(|(_, _, name)| name.as_str()).collect();
        let files = distinct(&names, &[without_version, with_version]);
        let spaces = distinct(&names, &[last, without_version, with_version]);
        let modules = interfaces.iter().zip(files).zip(spaces);
        modules
            .map(|(((key, interface, name), file), namespace)| Module {
                interface: *interface,
                key: (*key).clone(),
                wit_name: name.clone(),
                place: if exported {
                    Place::Export { file, namespace: names::value(&namespace) }
                } else {
                    Place::Import(file)
                },
            })
            .collect()
    }

    /// Where a type was declared.
    pub(super) fn place(&self, id: TypeId) -> Option<Place> {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(interface) => self.places.get(&interface).cloned(),
            TypeOwner::World(_) => Some(Place::World),
            TypeOwner::None => None,
        }
    }

    /// The namespace that implements a resource, where it is one that the world exports.
    pub(super) fn exported_resource(&self, id: TypeId) -> Option<String> {
        match self.place(dealias(&self.resolve, id)) {
            Some(Place::Export { namespace, .. }) => Some(namespace),
            _ => None,
        }
    }

    /// The class of a resource, without its module.
    pub(super) fn resource_class(&self, id: TypeId) -> String {
        let id = dealias(&self.resolve, id);
        names::class(self.resolve.types[id].name.as_deref().unwrap_or_default())
    }

    /// Whether a type can be `null` already, or cannot be at all, so that its option is an `Option`.
    pub(super) fn is_reference(&self, ty: &Type) -> bool {
        match ty {
            Type::String => true,
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.is_reference(ty),
                TypeDefKind::Option(inner) => !self.is_reference(inner),
                TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => false,
                _ => true,
            },
            _ => false,
        }
    }

    /// Whether a function is lent resources of imported interfaces.
    pub(super) fn borrows_imported(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        let any =
            |mut types: &mut dyn Iterator<Item = &Type>| (&mut types).any(|ty| self.borrows_imported(ty));
        match &self.resolve.types[*id].kind {
            TypeDefKind::Handle(Handle::Borrow(resource)) => self.exported_resource(*resource).is_none(),
            TypeDefKind::Type(ty) | TypeDefKind::List(ty) | TypeDefKind::Option(ty) => {
                self.borrows_imported(ty)
            }
            TypeDefKind::Record(record) => any(&mut record.fields.iter().map(|field| &field.ty)),
            TypeDefKind::Tuple(tuple) => any(&mut tuple.types.iter()),
            TypeDefKind::Variant(variant) => {
                any(&mut variant.cases.iter().filter_map(|case| case.ty.as_ref()))
            }
            TypeDefKind::Result(result) => any(&mut [&result.ok, &result.err].into_iter().flatten()),
            _ => false,
        }
    }

    /// How many values each kind of tuple in the world has.
    pub(super) fn tuples(&self) -> BTreeSet<usize> {
        let kinds = self.resolve.types.iter().map(|(_, ty)| &ty.kind);
        kinds
            .filter_map(|kind| match kind {
                TypeDefKind::Tuple(tuple) => Some(tuple.types.len()),
                _ => None,
            })
            .collect()
    }
}

impl<'a> Scope<'a> {
    /// The scope of a file.
    pub(super) fn new(world: &'a World, here: Option<Place>) -> Self {
        Self { world, here, needs: Needs::default(), inside: None }
    }

    /// The scope of a person's file, where classes are called by their own names.
    pub(super) fn plain(world: &'a World) -> Self {
        Self { world, here: None, needs: Needs::default(), inside: Some(RefCell::default()) }
    }

    /// What follows stands in a namespace of a person's file.
    pub(super) fn enter(&self, namespace: &str) {
        if let Some(inside) = &self.inside {
            namespace.clone_into(&mut inside.borrow_mut());
        }
    }

    /// A type as it is written here.
    pub(super) fn ty(&self, ty: &Type) -> String {
        let plain = match ty {
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::U64 => "u64",
            Type::S8 => "i8",
            Type::S16 => "i16",
            Type::S32 | Type::Char | Type::ErrorContext => "i32",
            Type::S64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::String => "string",
            Type::Id(id) => return self.id(*id),
        };
        plain.to_owned()
    }

    fn id(&self, id: TypeId) -> String {
        match &self.world.resolve.types[id].kind {
            TypeDefKind::Type(ty) => self.ty(ty),
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(element) if self.is_byte(element) => "Uint8Array".to_owned(),
            TypeDefKind::List(element) => format!("Array<{}>", self.ty(element)),
            TypeDefKind::Option(inner) if self.world.is_reference(inner) => {
                format!("{} | null", self.ty(inner))
            }
            TypeDefKind::Option(inner) => format!("{}<{}>", self.needs.common("Option"), self.ty(inner)),
            TypeDefKind::Result(result) => {
                let (ok, err) = (self.or_unit(result.ok.as_ref()), self.or_unit(result.err.as_ref()));
                format!("{}<{ok}, {err}>", self.needs.common("Result"))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.ty(ty)).collect();
                let class = self.needs.common(&format!("Tuple{}", types.len()));
                if types.is_empty() { class } else { format!("{class}<{}>", types.join(", ")) }
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
                self.named(dealias(&self.world.resolve, *id))
            }
            _ => self.named(id),
        }
    }

    /// Whether a type is `u8` under another name.
    fn is_byte(&self, ty: &Type) -> bool {
        match ty {
            Type::U8 => true,
            Type::Id(id) => match &self.world.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.is_byte(ty),
                _ => false,
            },
            _ => false,
        }
    }

    /// A type, or that of no value.
    pub(super) fn or_unit(&self, ty: Option<&Type>) -> String {
        ty.map_or_else(|| self.needs.common("Unit"), |ty| self.ty(ty))
    }

    /// A type that has a name of its own.
    pub(super) fn named(&self, id: TypeId) -> String {
        let ty = &self.world.resolve.types[id];
        let class = names::class(ty.name.as_deref().unwrap_or_default());
        if let (TypeDefKind::Resource, Some(namespace)) = (&ty.kind, self.world.exported_resource(id)) {
            return match &self.inside {
                None => format!("{}.{class}", self.needs.namespace(&namespace)),
                Some(inside) if *inside.borrow() == namespace => class,
                Some(_) => format!("{namespace}.{class}"),
            };
        }
        if let (Some(_), Some(place)) = (&self.inside, self.world.place(id)) {
            return self.needs.class(place, &class);
        }
        match self.world.place(id) {
            Some(place) if Some(&place) != self.here.as_ref() => {
                let name = format!("{}.{class}", place.alias());
                self.needs.modules.borrow_mut().insert(place);
                name
            }
            _ => class,
        }
    }
}

/// For each name the first of its spellings that no other name has too.
fn distinct(names: &[&str], spellings: &[fn(&str) -> String]) -> Vec<String> {
    let spelled: Vec<Vec<String>> =
        names.iter().map(|name| spellings.iter().map(|spell| spell(name)).collect()).collect();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for spelling in spelled.iter().flat_map(|spelled| spelled.iter().collect::<BTreeSet<_>>()) {
        *uses.entry(spelling.clone()).or_default() += 1;
    }
    let choose = |spelled: &Vec<String>| {
        spelled.iter().find(|spelling| uses[*spelling] == 1).or(spelled.last()).cloned()
    };
    spelled.iter().map(|spelled| choose(spelled).unwrap_or_default()).collect()
}

/// `run` of `wasi:cli/run@0.2.12`.
fn last(name: &str) -> String {
    let name = name.split('@').next().unwrap_or_default();
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// `wasi-cli-run` of `wasi:cli/run@0.2.12`.
fn without_version(name: &str) -> String {
    name.split('@').next().unwrap_or_default().replace([':', '/'], "-")
}

/// `wasi-cli-run-0-2-12` of `wasi:cli/run@0.2.12`.
fn with_version(name: &str) -> String {
    name.replace(|character: char| !character.is_ascii_alphanumeric(), "-")
}
