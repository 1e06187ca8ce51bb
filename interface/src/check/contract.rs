//! One side of a check, read from WIT sources or from Wasm.

mod depth;
mod scan;
mod sources;

use std::path::Path;

use semver::Version;
use thiserror::Error;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{PackageId, ParseError, Resolve, ResolveError, Span, Stability, WorldId};

use super::finding::Location;
use crate::error::DecodeError;
use crate::limits::{
    CONTRACT_ITEMS_MAX, CONTRACT_PACKAGES_MAX, CONTRACT_PARAMETERS_MAX, CONTRACT_SOURCE_BYTES_MAX,
    CONTRACT_SOURCE_FILES_MAX, TYPE_NESTING_MAX,
};
use sources::Sources;

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
    has_gates: bool,
    sources: Sources,
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
    /// The sources have more packages than [`CONTRACT_PACKAGES_MAX`].
    #[error("the WIT in `{path}` is too large: there are more than {CONTRACT_PACKAGES_MAX} packages")]
    TooManyPackages {
        /// The folder or file.
        path: String,
    },
    /// A function has more parameters than [`CONTRACT_PARAMETERS_MAX`].
    #[error("a function in `{path}` has more than {CONTRACT_PARAMETERS_MAX} parameters")]
    TooManyParameters {
        /// The file.
        path: String,
    },
    /// There are more types and functions than [`CONTRACT_ITEMS_MAX`].
    #[error("there are {count} types and functions, the limit is {CONTRACT_ITEMS_MAX}")]
    TooManyItems {
        /// How many there are.
        count: usize,
    },
    /// Types are nested deeper than [`TYPE_NESTING_MAX`]; a component may nest them 100 deep.
    #[error("the types are nested in one another {depth} deep, the limit is {TYPE_NESTING_MAX}")]
    TooDeep {
        /// How deep they are nested.
        depth: usize,
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
        crate::decode(bytes)?;
        let decoded = decode(bytes)
            .map_err(|error| ContractError::NotWit { message: one_line(&format!("{error:#}")) })?;
        let (kind, resolve, package, root) = match decoded {
            DecodedWasm::WitPackage(resolve, package) => (ContractKind::WitPackage, resolve, package, None),
            DecodedWasm::Component(resolve, world) => {
                let package = resolve.worlds[world].package;
                let package = package.ok_or_else(|| ContractError::NotWit {
                    message: "the component belongs to no package".to_owned(),
                })?;
                (ContractKind::Component, resolve, package, Some(world))
            }
        };
        let size_bytes = (kind == ContractKind::Component).then_some(bytes.len() as u64);
        let sources = Sources::default();
        let label = label.to_owned();
        let contract = Self { label, kind, resolve, package, root, size_bytes, has_gates: false, sources };
        contract.measured()
    }

    /// Reads WIT sources: a folder with its `deps`, or one file, which may be Wasm too. Items of every feature (`@unstable`) are read.
    ///
    /// # Errors
    ///
    /// See [`ContractError`]; no input makes it panic.
    pub fn from_wit(label: &str, path: &Path) -> Result<Self, ContractError> {
        sources::measure(path)?;
        if let Some(bytes) = sources::wasm(path)? {
            return Self::from_wasm(label, &bytes);
        }
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
            ContractError::Invalid { message: sources::without_base(&text, path) }
        })?;
        let sources = Sources::of(&resolve, path);
        let (label, kind) = (label.to_owned(), ContractKind::WitPackage);
        let contract =
            Self { label, kind, resolve, package, root: None, size_bytes: None, has_gates: false, sources };
        contract.measured()
    }

    fn measured(mut self) -> Result<Self, ContractError> {
        let functions = self.resolve.interfaces.iter().map(|(_, interface)| interface.functions.len());
        let count = self.resolve.types.len() + functions.sum::<usize>();
        if count > CONTRACT_ITEMS_MAX {
            return Err(ContractError::TooManyItems { count });
        }
        let depth = depth::deepest(&self.resolve);
        if depth > TYPE_NESTING_MAX {
            return Err(ContractError::TooDeep { depth });
        }
        self.has_gates = has_gates(&self.resolve, self.package);
        Ok(self)
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
        self.has_gates
    }

    /// The size of a component.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// The source file that findings call `file`, if it was read.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.text(file)
    }

    /// Where something stands in the sources.
    pub(super) fn locate(&self, span: Span) -> Option<Location> {
        self.sources.locate(&self.resolve, span)
    }
}

fn has_gates(resolve: &Resolve, package: PackageId) -> bool {
    let package = &resolve.packages[package];
    let gated = |stability: &Stability| !stability.is_unknown();
    let mut worlds = package.worlds.values().map(|id| &resolve.worlds[*id]);
    let mut interfaces = package.interfaces.values().map(|id| &resolve.interfaces[*id]);
    worlds.any(|world| gated(&world.stability))
        || interfaces.any(|interface| {
            gated(&interface.stability)
                || interface.functions.values().any(|function| gated(&function.stability))
                || interface.types.values().any(|id| gated(&resolve.types[*id].stability))
        })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
