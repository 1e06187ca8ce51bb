//! Reads the WIT of a component and picks its world.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wit_parser::{
    Function, LiveTypes, PackageId, ParseError, Resolve, ResolveError, TypeDefKind, WorldId, WorldItem,
};

use super::error::BuildError;
use super::limits::WIT_BYTES_MAX;

/// A world and everything it refers to.
#[derive(Debug)]
pub(crate) struct Wit {
    /// All packages.
    pub(super) resolve: Resolve,
    /// The world that the component targets.
    pub(super) world: WorldId,
}

impl Wit {
    /// The name of the world.
    pub(super) fn world_name(&self) -> &str {
        &self.resolve.worlds[self.world].name
    }

    /// The names of the world's imports, as they stand in a component.
    pub(super) fn imports(&self) -> BTreeSet<String> {
        let world = &self.resolve.worlds[self.world];
        world.imports.keys().map(|key| self.resolve.name_world_key(key)).collect()
    }

    /// The names of the world's exports, as they stand in a component. Types are no exports of their own.
    pub(super) fn exports(&self) -> BTreeSet<String> {
        let world = &self.resolve.worlds[self.world];
        world
            .exports
            .iter()
            .filter(|(_, item)| !matches!(item, WorldItem::Type { .. }))
            .map(|(key, _)| self.resolve.name_world_key(key))
            .collect()
    }

    /// Every function of the world, with the name of the import or export that it belongs to.
    pub(super) fn functions(&self) -> impl Iterator<Item = (String, &Function)> {
        let world = &self.resolve.worlds[self.world];
        world.imports.iter().chain(&world.exports).flat_map(|(key, item)| {
            let functions: Vec<&Function> = match item {
                WorldItem::Function(function) => vec![function],
                WorldItem::Interface { id, .. } => self.resolve.interfaces[*id].functions.values().collect(),
                WorldItem::Type { .. } => Vec::new(),
            };
            functions.into_iter().map(|function| (self.resolve.name_world_key(key), function))
        })
    }

    /// Every type that the world uses.
    pub(super) fn types(&self) -> impl Iterator<Item = &TypeDefKind> {
        let mut live = LiveTypes::default();
        live.add_world(&self.resolve, self.world);
        live.iter().map(|id| &self.resolve.types[id].kind).collect::<Vec<_>>().into_iter()
    }

    /// The first thing in the world that needs the asynchronous part of the component model.
    pub(super) fn first_async(&self) -> Option<String> {
        let function = self.functions().find(|(_, function)| function.kind.is_async());
        if let Some((owner, function)) = function {
            return Some(format!("the async function `{}` of `{owner}`", function.item_name()));
        }
        self.types().find_map(|kind| match kind {
            TypeDefKind::Stream(_) => Some("a `stream`".to_owned()),
            TypeDefKind::Future(_) => Some("a `future`".to_owned()),
            _ => None,
        })
    }
}

/// Reads the WIT at `path`, a folder (with its `deps`) or one file, and finds the world called `name`.
pub(crate) fn load(path: &Path, name: &str) -> Result<Wit, BuildError> {
    let (resolve, package) = load_packages(path)?;
    let Ok(world) = resolve.select_world(&[package], Some(name)) else {
        return Err(BuildError::UnknownWorld {
            world: name.to_owned(),
            worlds: resolve.packages[package].worlds.keys().cloned().collect(),
            path: path.to_owned(),
        });
    };
    Ok(Wit { resolve, world })
}

/// Reads the WIT at `path`: the package that lies there itself, and all others in its `deps`.
pub(crate) fn load_packages(path: &Path) -> Result<(Resolve, PackageId), BuildError> {
    if !path.exists() {
        return Err(BuildError::WitMissing { path: path.to_owned() });
    }
    let (files, size_bytes) = measure(path)?;
    if files == 0 {
        return Err(BuildError::WitMissing { path: path.to_owned() });
    }
    if size_bytes > WIT_BYTES_MAX {
        return Err(BuildError::TooLarge {
            what: format!("the WIT in `{}`", path.display()),
            max: format!("{WIT_BYTES_MAX} bytes"),
        });
    }
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(path).map_err(|error| BuildError::WitInvalid {
        path: path.to_owned(),
        message: message(&error, &resolve),
    })?;
    Ok((resolve, package))
}

/// How many files the WIT has, and their size.
fn measure(path: &Path) -> Result<(usize, u64), BuildError> {
    let io = |source| BuildError::io("read", path, source);
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_file() {
        return Ok((1, metadata.len()));
    }
    let (mut files, mut size_bytes) = (0, 0_u64);
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        let dependency = entry.is_dir();
        let known =
            |extension: &std::ffi::OsStr| extension == "wit" || extension == "wasm" || extension == "wat";
        if dependency || entry.extension().is_some_and(known) {
            let (more_files, more_bytes) = measure(&entry)?;
            files += more_files;
            size_bytes = size_bytes.saturating_add(more_bytes);
        }
    }
    Ok((files, size_bytes))
}

/// The parser's message with file, line and column. What it was doing, which is wrapped around, does not help.
fn message(error: &anyhow::Error, resolve: &Resolve) -> String {
    let placed = error.chain().find_map(|cause| {
        let parse = cause.downcast_ref::<ParseError>().map(|error| error.render(&resolve.source_map));
        parse.or_else(|| cause.downcast_ref::<ResolveError>().map(|error| error.render(&resolve.source_map)))
    });
    placed.unwrap_or_else(|| format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package a:b@1.0.0;
interface i { f: func(); }
interface later { g: async func(); }
world one { import i; export run: func(); }
world two { export i; export later; }";

    fn folder(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.wit"), text).unwrap();
        folder
    }

    #[test]
    fn names_are_those_of_a_component() {
        let folder = folder(WIT);
        let wit = load(folder.path(), "one").unwrap();
        assert_eq!(wit.imports(), BTreeSet::from(["a:b/i@1.0.0".to_owned()]));
        assert_eq!(wit.exports(), BTreeSet::from(["run".to_owned()]));
        assert_eq!(wit.first_async(), None);
    }

    #[test]
    fn async_functions_are_found() {
        let folder = folder(WIT);
        let wit = load(folder.path(), "two").unwrap();
        assert_eq!(wit.first_async().as_deref(), Some("the async function `g` of `a:b/later@1.0.0`"));
    }

    #[test]
    fn streams_and_futures_are_found() {
        let folder = folder("package a:b; interface i { f: func() -> stream<u8>; } world w { import i; }");
        let wit = load(folder.path(), "w").unwrap();
        assert_eq!(wit.first_async().as_deref(), Some("a `stream`"));
    }

    #[test]
    fn a_mistake_names_file_line_and_column() {
        let folder = folder("package a:b;\nworld w { import }\n");
        let message = load(folder.path(), "w").unwrap_err().to_string();
        assert!(message.contains("a.wit:2:18\n"), "{message}");
        assert!(!message.contains("failed to"), "{message}");
    }

    #[test]
    fn so_does_a_name_that_is_not_there() {
        let folder = folder("package a:b;\nworld w {\n  import c:d/e;\n}\n");
        let message = load(folder.path(), "w").unwrap_err().to_string();
        assert!(message.contains("c:d") && message.contains("a.wit:3:10\n"), "{message}");
    }

    #[test]
    fn an_unknown_world_lists_the_worlds() {
        let folder = folder(WIT);
        let error = load(folder.path(), "three").unwrap_err();
        assert!(matches!(&error, BuildError::UnknownWorld { worlds, .. } if worlds == &["one", "two"]));
        assert!(error.hint().unwrap().starts_with("its worlds are `one`, `two`"));
    }

    #[test]
    fn no_wit_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path(), "w"), Err(BuildError::WitMissing { .. })));
        assert!(matches!(load(&folder.path().join("gone"), "w"), Err(BuildError::WitMissing { .. })));
    }

    #[test]
    fn the_size_is_limited() {
        let folder = folder("package a:b; world w {}\n//");
        let file = fs::File::options().append(true).open(folder.path().join("a.wit")).unwrap();
        file.set_len(WIT_BYTES_MAX + 1).unwrap();
        assert!(matches!(load(folder.path(), "w"), Err(BuildError::TooLarge { .. })));
        // At the limit the size is fine, and the parser complains about the zeros that fill the file.
        file.set_len(WIT_BYTES_MAX).unwrap();
        assert!(matches!(load(folder.path(), "w"), Err(BuildError::WitInvalid { .. })));
    }
}
