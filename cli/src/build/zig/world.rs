//! A world as its Zig bindings see it: where its interfaces are, and what things are called.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem,
    WorldKey,
};

use super::super::wit::Wit;
use super::names;
use super::types;

/// A side of the border: whose types are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Import,
    Export,
}

/// What is known about a world before its bindings are written.
pub(super) struct World<'a> {
    pub(super) resolve: &'a Resolve,
    pub(super) world: &'a wit_parser::World,
    /// Where the types of an imported interface are, from the top of `wit.zig`.
    pub(super) imports: BTreeMap<InterfaceId, Vec<String>>,
    /// The same for exported ones.
    pub(super) exports: BTreeMap<InterfaceId, Vec<String>>,
    /// The declaration of the person's sources that stands for an exported interface.
    implementations: BTreeMap<InterfaceId, String>,
    /// Every name that is declared somewhere, which no parameter may have.
    pub(super) taken: BTreeSet<String>,
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

    /// The person's type behind a resource that the world exports.
    pub(super) fn exported_value(&self, resource: TypeId) -> Option<String> {
        let definition = &self.resolve.types[resource];
        let TypeOwner::Interface(owner) = definition.owner else { return None };
        let implementation = self.implementations.get(&owner)?;
        Some(format!("main_.{implementation}.{}", names::of_type(definition.name.as_deref()?)))
    }

    /// The namespace that a named type is in, and its name there.
    pub(super) fn place(&self, id: TypeId, side: Side) -> (String, String) {
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
}
