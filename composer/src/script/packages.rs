//! The packages of a script, read.

use indexmap::IndexMap;
use wac_graph::types::BorrowedPackageKey;
use wkit_interface::{Surface, SurfaceKind};

use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use super::{PackageRequest, Script};
use crate::limits::COMPOSITION_BYTES_MAX;
use crate::plan::Input;

/// All packages that a script asks for.
pub(super) struct Packages<'a> {
    list: Vec<Package<'a>>,
}

/// One of them.
pub(super) struct Package<'a> {
    pub(super) request: &'a PackageRequest,
    bytes: &'a [u8],
    pub(super) surface: Surface,
}

impl<'a> Packages<'a> {
    /// Finds the inputs by name and reads them.
    pub(super) fn read(script: &'a Script<'_>, inputs: &'a [Input]) -> Result<Self, ScriptError> {
        let (mut list, mut problems) = (Vec::new(), Vec::new());
        let mut size_bytes = 0_usize;
        for request in &script.requests {
            let name = request.to_string();
            let Some(input) = inputs.iter().find(|input| input.name == name) else {
                let known = inputs.iter().map(|input| input.name.clone()).collect();
                problems.push(script.unknown_package(request, known));
                continue;
            };
            size_bytes = size_bytes.saturating_add(input.bytes.len());
            if size_bytes > COMPOSITION_BYTES_MAX {
                let fault = ScriptFault::PackagesTooLarge { size_bytes };
                return Err(ScriptProblem { fault, labels: vec![request.label.clone()] }.into());
            }
            let fault = match wkit_interface::decode(&input.bytes) {
                Ok(surface) if surface.kind == SurfaceKind::WitPackage && request.is_instantiated => {
                    ScriptFault::WitPackage { name }
                }
                Ok(surface) => {
                    list.push(Package { request, bytes: &input.bytes, surface });
                    continue;
                }
                Err(source) => ScriptFault::Package { name, source },
            };
            let label = Label { text: "this package".to_owned(), ..request.label.clone() };
            problems.push(ScriptProblem { fault, labels: vec![label] });
        }
        if problems.is_empty() { Ok(Self { list }) } else { Err(ScriptError { problems }) }
    }

    /// The bytes as wac's resolver takes them.
    pub(super) fn for_wac(&self) -> IndexMap<BorrowedPackageKey<'_>, Vec<u8>> {
        self.list
            .iter()
            .map(|package| {
                let PackageRequest { name, version, .. } = package.request;
                let key = BorrowedPackageKey::from_name_and_version(name, version.as_ref());
                (key, package.bytes.to_vec())
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
