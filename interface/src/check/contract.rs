//! One side of a check, read from WIT sources or from Wasm.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use semver::Version;
use thiserror::Error;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Interface, PackageId, ParseError, Resolve, ResolveError, Span, Stability, WorldId, WorldItem, WorldKey,
};

use super::finding::Location;
use crate::error::DecodeError;
use crate::limits::{CONTRACT_ITEMS_MAX, CONTRACT_SOURCE_BYTES_MAX, CONTRACT_SOURCE_FILES_MAX};
use crate::model::Extern;
use crate::surface::Surface;

/// One side of a check: WIT sources, a WIT package as Wasm, or a component.
#[derive(Debug, Clone)]
pub struct Contract {
    label: String,
    kind: ContractKind,
    pub(super) resolve: Resolve,
    /// The package that was read; of a component, the one that stands for it.
    pub(super) package: PackageId,
    /// The imports and exports of a component.
    pub(super) root: Option<WorldId>,
    size_bytes: Option<u64>,
    /// The sources by the name that the parser knows them by, and what messages call them.
    sources: BTreeMap<String, Source>,
}

#[derive(Debug, Clone)]
struct Source {
    shown: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    fn new(shown: String, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { shown, text, lines }
    }

    /// Line and column of a byte, both from 1; columns are counted in characters.
    fn position(&self, byte: usize) -> (u32, u32) {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (count(line), count(self.text[start..byte].chars().count() + 1))
    }
}

/// What one side of a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContractKind {
    /// A component.
    Component,
    /// A WIT package, from its sources or as Wasm.
    WitPackage,
}

/// Why one side of a check cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContractError {
    /// It is no Wasm that can be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is a component with something that WIT cannot say.
    #[error("the interfaces cannot be written as WIT: {message}")]
    NotWit {
        /// What it is.
        message: String,
    },
    /// The sources are no valid WIT.
    #[error("{message}")]
    Invalid {
        /// What is wrong, and where.
        message: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {message}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
    /// There is no `.wit` file.
    #[error("expected WIT in `{path}`, found no file with the ending `.wit`")]
    NoWit {
        /// The folder.
        path: String,
    },
    /// The sources are more than [`CONTRACT_SOURCE_BYTES_MAX`] or [`CONTRACT_SOURCE_FILES_MAX`].
    #[error(
        "the WIT in `{path}` is too large: the limits are {CONTRACT_SOURCE_FILES_MAX} files and {CONTRACT_SOURCE_BYTES_MAX} bytes"
    )]
    TooLarge {
        /// The folder or file.
        path: String,
    },
    /// There are more types and functions than [`CONTRACT_ITEMS_MAX`].
    #[error("there are {count} types and functions, the limit is {CONTRACT_ITEMS_MAX}")]
    TooManyItems {
        /// How many there are.
        count: usize,
    },
}

impl Contract {
    /// Reads a component or a WIT package in binary form. `label` is what messages call it.
    ///
    /// # Errors
    ///
    /// See [`ContractError`]; no input makes it panic.
    pub fn from_wasm(label: &str, bytes: &[u8]) -> Result<Self, ContractError> {
        // The decoder of WIT trusts what it is given, so everything is validated and measured before.
        let surface = crate::decode(bytes)?;
        let decoded = decode(bytes)
            .map_err(|error| ContractError::NotWit { message: one_line(&format!("{error:#}")) })?;
        let (kind, resolve, package, root) = match decoded {
            DecodedWasm::WitPackage(resolve, package) => (ContractKind::WitPackage, resolve, package, None),
            DecodedWasm::Component(mut resolve, world) => {
                apart(&mut resolve, world, &surface);
                let package = resolve.worlds[world].package;
                let package = package.ok_or_else(|| ContractError::NotWit {
                    message: "the component belongs to no package".to_owned(),
                })?;
                (ContractKind::Component, resolve, package, Some(world))
            }
        };
        let size_bytes = (kind == ContractKind::Component).then_some(bytes.len() as u64);
        let contract = Self {
            label: label.to_owned(),
            kind,
            resolve,
            package,
            root,
            size_bytes,
            sources: BTreeMap::new(),
        };
        contract.measured()
    }

    /// Reads WIT sources: a folder with its `deps`, or one file. Items of every feature (`@unstable`) are read.
    ///
    /// # Errors
    ///
    /// See [`ContractError`]; no input makes it panic.
    pub fn from_wit(label: &str, path: &Path) -> Result<Self, ContractError> {
        measure(path)?;
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        let pushed = resolve.push_path(path).map(|(package, _)| package);
        let package = pushed.map_err(|error| {
            let placed = error.chain().find_map(|cause| {
                let parse = cause.downcast_ref::<ParseError>().map(|error| error.render(&resolve.source_map));
                let resolved =
                    || cause.downcast_ref::<ResolveError>().map(|error| error.render(&resolve.source_map));
                parse.or_else(resolved)
            });
            let text = placed.unwrap_or_else(|| one_line(&format!("{error:#}")));
            ContractError::Invalid { message: relative(&text, path) }
        })?;
        let base = if path.is_dir() { Some(path) } else { path.parent() };
        let mut sources = BTreeMap::new();
        for name in resolve.source_map.source_names() {
            let file = PathBuf::from(name);
            // A package in binary form has no lines.
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let shown = base.and_then(|base| file.strip_prefix(base).ok()).unwrap_or(&file);
            sources.insert(name.to_owned(), Source::new(slashes(shown), text));
        }
        let kind = ContractKind::WitPackage;
        let contract =
            Self { label: label.to_owned(), kind, resolve, package, root: None, size_bytes: None, sources };
        contract.measured()
    }

    fn measured(self) -> Result<Self, ContractError> {
        let functions = self.resolve.interfaces.iter().map(|(_, interface)| interface.functions.len());
        let count = self.resolve.types.len() + functions.sum::<usize>();
        if count > CONTRACT_ITEMS_MAX { Err(ContractError::TooManyItems { count }) } else { Ok(self) }
    }

    /// What messages call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What it is.
    pub fn kind(&self) -> ContractKind {
        self.kind
    }

    /// The WIT package, `wasi:http@0.2.6`; a component says of none that it is one.
    pub fn package(&self) -> Option<String> {
        match self.kind {
            ContractKind::Component => None,
            ContractKind::WitPackage => Some(self.resolve.packages[self.package].name.to_string()),
        }
    }

    /// The version of the WIT package, if it has one.
    pub fn version(&self) -> Option<Version> {
        match self.kind {
            ContractKind::Component => None,
            ContractKind::WitPackage => self.resolve.packages[self.package].name.version.clone(),
        }
    }

    /// The names of the worlds of a WIT package, in its order.
    pub fn worlds(&self) -> Vec<String> {
        match self.kind {
            ContractKind::Component => Vec::new(),
            ContractKind::WitPackage => self.resolve.packages[self.package].worlds.keys().cloned().collect(),
        }
    }

    /// Whether something in the package has a gate: `@since` or `@unstable`.
    pub fn has_gates(&self) -> bool {
        let package = &self.resolve.packages[self.package];
        let interfaces = package.interfaces.values().map(|id| &self.resolve.interfaces[*id]);
        let gated = |stability: &Stability| !stability.is_unknown();
        let mut worlds = package.worlds.values().map(|id| &self.resolve.worlds[*id]);
        worlds.any(|world| gated(&world.stability))
            || interfaces.clone().any(|interface| {
                gated(&interface.stability)
                    || interface.functions.values().any(|function| gated(&function.stability))
                    || interface.types.values().any(|id| gated(&self.resolve.types[*id].stability))
            })
    }

    /// The size of a component.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// The source file that findings call `file`, if it was read.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.values().find(|source| source.shown == file).map(|source| source.text.as_str())
    }

    /// Where something stands in the sources.
    pub(super) fn locate(&self, span: Span) -> Option<Location> {
        let place = self.resolve.source_map.resolve_span(span)?;
        let source = self.sources.get(place.path)?;
        let (line, column) = source.position(place.range.start);
        let (end_line, end_column) = source.position(place.range.end);
        Some(Location { file: source.shown.clone(), line, column, end_line, end_column })
    }
}

/// The decoder of WIT makes one interface of an import and an export of one name. A component imports only what it uses,
/// so what stands in the import becomes an interface of its own.
fn apart(resolve: &mut Resolve, world: WorldId, surface: &Surface) {
    let model = &surface.model;
    let names = |externs: &[(String, Extern)], name: &str| -> Option<HashSet<String>> {
        let Extern::Interface(found) = &externs.iter().find(|(known, _)| known == name)?.1 else {
            return None;
        };
        let types = found.types.iter().map(|(name, _)| name.clone());
        Some(types.chain(found.functions.iter().map(|function| function.name.clone())).collect())
    };
    let keep = |interface: &mut Interface, names: &HashSet<String>| {
        interface.types.retain(|name, _| names.contains(name));
        interface.functions.retain(|name, _| names.contains(name));
    };
    let imports = std::mem::take(&mut resolve.worlds[world].imports);
    for (mut key, mut item) in imports {
        if let (WorldKey::Interface(known), WorldItem::Interface { id, .. }) = (&mut key, &mut item)
            && resolve.worlds[world].exports.contains_key(&WorldKey::Interface(*id))
        {
            let name = resolve.id_of(*id).unwrap_or_default();
            let asked = (names(&model.root.imports, &name), names(&model.root.exports, &name));
            if let (Some(imported), Some(exported)) = asked
                && imported != exported
            {
                let mut own = resolve.interfaces[*id].clone();
                own.clone_of = Some(*id);
                keep(&mut own, &imported);
                keep(&mut resolve.interfaces[*id], &exported);
                *id = resolve.interfaces.alloc(own);
                *known = *id;
            }
        }
        resolve.worlds[world].imports.insert(key, item);
    }
}

/// How many files the WIT has, and their size, before any is read.
fn measure(path: &Path) -> Result<(), ContractError> {
    let shown = || path.display().to_string();
    let io = |error: std::io::Error| ContractError::Io { path: shown(), message: reason(&error) };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_file() {
        return if metadata.len() > CONTRACT_SOURCE_BYTES_MAX {
            Err(ContractError::TooLarge { path: shown() })
        } else {
            Ok(())
        };
    }
    let (mut own, mut files, mut size_bytes) = (0_usize, 0_usize, 0_u64);
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let file = entry.path();
            let metadata = fs::metadata(&file).map_err(io)?;
            // Packages are in `deps` and in the folders in it, and nowhere deeper.
            if metadata.is_dir() {
                if (depth == 0 && entry.file_name() == "deps") || depth == 1 {
                    folders.push((file, depth + 1));
                }
                continue;
            }
            own += usize::from(depth == 0 && file.extension().is_some_and(|ending| ending == "wit"));
            files += 1;
            size_bytes += metadata.len();
            if files > CONTRACT_SOURCE_FILES_MAX || size_bytes > CONTRACT_SOURCE_BYTES_MAX {
                return Err(ContractError::TooLarge { path: shown() });
            }
        }
    }
    if own == 0 { Err(ContractError::NoWit { path: shown() }) } else { Ok(()) }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// What the parser says, with paths as they are in the folder.
fn relative(text: &str, path: &Path) -> String {
    let base = if path.is_dir() { Some(path) } else { path.parent() };
    let prefix = base.map(|base| format!("{}/", base.display())).filter(|prefix| prefix.len() > 1);
    prefix.map_or_else(|| text.to_owned(), |prefix| text.replace(&prefix, "")).trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/").replace("//", "/")
}
