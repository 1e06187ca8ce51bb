//! The packages of a script, read.

use std::sync::Arc;

use indexmap::IndexMap;
use wac_graph::types::BorrowedPackageKey;
use wkit_interface::{Surface, SurfaceKind};

use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use super::{PackageRequest, Script};
use crate::binary::Binary;
use crate::error::ComposeError;
use crate::limits::COMPOSITION_BYTES_MAX;
use crate::plan::Input;
use crate::reading::{self, Read, Unread};
use crate::shell::Shells;

/// All packages that a script asks for.
pub(super) struct Packages<'a> {
    list: Vec<Package<'a>>,
    shells: Shells,
}

/// One of them.
pub(super) struct Package<'a> {
    pub(super) request: &'a PackageRequest,
    /// The number of its shell.
    shell: usize,
    pub(super) surface: Arc<Surface>,
}

impl<'a> Packages<'a> {
    /// Finds the inputs by name and reads them.
    pub(super) fn read(script: &'a Script<'_>, inputs: &'a [Input]) -> Result<Self, ScriptError> {
        let input_of = |request: &PackageRequest| {
            let name = request.to_string();
            inputs.iter().find(|input| input.name == name)
        };
        let mut size_bytes = 0_usize;
        for request in &script.requests {
            size_bytes = size_bytes.saturating_add(input_of(request).map_or(0, |input| input.bytes.len()));
            if size_bytes > COMPOSITION_BYTES_MAX {
                let fault = ScriptFault::PackagesTooLarge { size_bytes };
                return Err(ScriptProblem { fault, labels: vec![request.label.clone()] }.into());
            }
        }
        let found = script.requests.iter().filter_map(|request| Some(&input_of(request)?.bytes));
        let (read, shells) = reading::read(&found.collect::<Vec<_>>(), |_, _, _| {});
        let (mut read, mut list, mut problems) = (read.into_iter(), Vec::new(), Vec::new());
        for request in &script.requests {
            let name = request.to_string();
            let Some(outcome) = input_of(request).and_then(|_| read.next()) else {
                let known = inputs.iter().map(|input| input.name.clone()).collect();
                problems.push(script.unknown_package(request, known));
                continue;
            };
            let fault = match outcome {
                Ok(Read { surface, .. })
                    if surface.kind == SurfaceKind::WitPackage && request.is_instantiated =>
                {
                    ScriptFault::WitPackage { name }
                }
                Ok(Read { surface, shell }) => {
                    list.push(Package { request, shell, surface });
                    continue;
                }
                Err(Unread::Decode(source)) => ScriptFault::Package { name, source },
                Err(Unread::Bytes(message)) => {
                    ScriptFault::Encode { doing: format!("read `{name}`"), message }
                }
                Err(Unread::Shell(message)) => {
                    ScriptFault::Encode { doing: format!("take the code out of `{name}`"), message }
                }
            };
            let label = Label { text: "this package".to_owned(), ..request.label.clone() };
            problems.push(ScriptProblem { fault, labels: vec![label] });
        }
        if problems.is_empty() { Ok(Self { list, shells }) } else { Err(ScriptError { problems }) }
    }

    /// Puts the packages where their shells are in what wac has written.
    pub(super) fn fill(&self, composed: Vec<u8>) -> Result<(Binary, Surface), ScriptError> {
        self.shells.fill(composed).map_err(cannot_write)
    }

    /// The packages as wac's resolver takes them, without their code.
    pub(super) fn for_wac(&self) -> IndexMap<BorrowedPackageKey<'_>, Vec<u8>> {
        self.list
            .iter()
            .map(|package| {
                let PackageRequest { name, version, .. } = package.request;
                let key = BorrowedPackageKey::from_name_and_version(name, version.as_ref());
                (key, self.shells.bytes(package.shell).to_vec())
            })
            .collect()
    }

    /// All of them.
    pub(super) fn list(&self) -> &[Package<'a>] {
        &self.list
    }

    /// The package of this name and version.
    pub(super) fn find(&self, name: &str, version: Option<&semver::Version>) -> Option<&Package<'a>> {
        self.list
            .iter()
            .find(|package| package.request.name == name && package.request.version.as_ref() == version)
    }
}

/// An error of what scripts and plans have in common.
pub(super) fn cannot_write(error: ComposeError) -> ScriptError {
    let fault = match error {
        ComposeError::Encode { doing, message } => ScriptFault::Encode { doing, message },
        ComposeError::TooLarge { size_bytes } => ScriptFault::PackagesTooLarge { size_bytes },
        other => {
            ScriptFault::Encode { doing: "write the composition".to_owned(), message: other.to_string() }
        }
    };
    ScriptProblem { fault, labels: Vec::new() }.into()
}
