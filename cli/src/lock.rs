//! `wkit.lock`: which version and which bytes stand for each thing that a project asks of others.
//!
//! ```toml
//! # made by wkit
//! version = 1
//!
//! [[package]]
//! name = "acme:tax"                       # or a reference, `host/repository:tag`, which has no version
//! version = "1.2.3"
//! source = "registry.example/acme/tax"
//! manifest = "sha256:…"
//! component = "sha256:…"
//! demands = ["wkit.toml: acme:tax@^1.2"]
//! wit = ["acme:rates@0.1.0"]
//! ```
//!
//! Below the packages stand files (`[[file]]`) and the project's own components (`[[member]]`). All is sorted, so that
//! the same project has the same text and two branches that add different things merge.

use std::collections::BTreeSet;
use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};
use wkit_artifact::{Digest, Locator, PackageName, Reference};

use crate::error::{CommandError, io_error};
use crate::limits::LOCK_FILE_BYTES_MAX;
use crate::marks::place_error;
use crate::output::write_file;

mod changes;
mod difference;
#[cfg(test)]
mod tests;

pub(crate) use changes::changes;
pub(crate) use difference::differences;

/// The name of the lock file.
pub(crate) const FILE_NAME: &str = "wkit.lock";

/// The version of the format.
const FORMAT: u32 = 1;

const HEADER: &str = "# made by wkit\n";

/// What is locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    /// What comes from registries, by name and version.
    pub(crate) packages: Vec<LockedPackage>,
    /// Files that `wkit.toml` names, by path.
    pub(crate) files: Vec<LockedFile>,
    /// The project's components, by name.
    pub(crate) members: Vec<LockedMember>,
}

/// A package in one version, or a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedPackage {
    /// `namespace:name`, or a reference as it was asked for.
    pub(crate) name: String,
    /// The version of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    /// `registry/repository`.
    pub(crate) source: String,
    /// The digest of the manifest.
    pub(crate) manifest: Digest,
    /// The digest of the component, or of the WIT package.
    pub(crate) component: Digest,
    /// Who asks for it, sorted: `FILE: WHAT`.
    pub(crate) demands: BTreeSet<String>,
    /// The WIT packages that its imports and exports are of.
    #[serde(default)]
    pub(crate) wit: BTreeSet<String>,
}

/// A file that is a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedFile {
    /// Its path, as `wkit.toml` says it.
    pub(crate) path: String,
    /// The digest of the component, or of the WIT package.
    pub(crate) component: Digest,
    /// The WIT packages that its imports and exports are of.
    #[serde(default)]
    pub(crate) wit: BTreeSet<String>,
}

/// A component of the project. Its bytes change with every build and are not locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedMember {
    /// Its name.
    pub(crate) name: String,
    /// The WIT packages that its imports and exports are of.
    #[serde(default)]
    pub(crate) wit: BTreeSet<String>,
}

/// The file as a whole.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "package", skip_serializing_if = "Vec::is_empty")]
    packages: Vec<LockedPackage>,
    #[serde(default, rename = "file", skip_serializing_if = "Vec::is_empty")]
    files: Vec<LockedFile>,
    #[serde(default, rename = "member", skip_serializing_if = "Vec::is_empty")]
    members: Vec<LockedMember>,
}

/// The only thing that every version of the format has.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

impl Lock {
    /// Reads a lock file; `None` where there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, CommandError> {
        let size_bytes = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", path, &error)),
        };
        if size_bytes > LOCK_FILE_BYTES_MAX {
            return Err(CommandError::usage(format!(
                "`{}` is too large: expected at most {LOCK_FILE_BYTES_MAX} bytes, found {size_bytes}",
                path.display()
            )));
        }
        let bytes = std::fs::read(path).map_err(|error| io_error("read", path, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            damaged(CommandError::usage(format!("cannot read `{}`: it is not UTF-8 text", path.display())))
        })?;
        Self::parse(&text, path).map(Some)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CommandError> {
        if let Some(marker) = conflict_marker(text) {
            let message = "the lock has the marks of a merge that was not resolved";
            return Err(place_error(path, text, Some(marker), message).hint(
                "take the file of either side, as in `git checkout --ours wkit.lock`; `wkit compose` adds what it lacks",
            ));
        }
        // A newer format is recognised before its keys are found unknown.
        let invalid =
            |error: &toml::de::Error| damaged(place_error(path, text, error.span(), error.message()));
        let head: Head = toml::from_str(text).map_err(|error| invalid(&error))?;
        if head.version != FORMAT {
            return Err(CommandError::usage(format!(
                "`{}` has the format {}, expected {FORMAT}",
                path.display(),
                head.version
            ))
            .hint("it was made by another wkit; use that one, or delete the file to have it made anew"));
        }
        let file: File = toml::from_str(text).map_err(|error| invalid(&error))?;
        let mut lock = Self { packages: file.packages, files: file.files, members: file.members };
        lock.sort();
        Ok(lock)
    }

    /// The file's text: the same for the same content.
    pub(crate) fn render(&self) -> Result<String, CommandError> {
        let mut sorted = self.clone();
        sorted.sort();
        let Self { packages, files, members } = sorted;
        let text = toml::to_string_pretty(&File { version: FORMAT, packages, files, members })
            .map_err(|error| CommandError::bug(format!("the lock cannot be written as TOML: {error}")))?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Writes the file whole; one that says the same already is left alone.
    pub(crate) fn write(&self, path: &Path) -> Result<(), CommandError> {
        let text = self.render()?;
        if std::fs::read_to_string(path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        write_file(path, text.as_bytes())
    }

    /// The locked versions of a package.
    pub(crate) fn versions(&self, package: &PackageName) -> Vec<Version> {
        let name = package.to_string();
        self.packages
            .iter()
            .filter(|locked| locked.name == name)
            .filter_map(|locked| locked.version.clone())
            .collect()
    }

    /// A package in one version, or a reference.
    pub(crate) fn package(&self, name: &str, version: Option<&Version>) -> Option<&LockedPackage> {
        self.packages.iter().find(|locked| locked.name == name && locked.version.as_ref() == version)
    }

    /// Brings everything into the order of the file.
    pub(crate) fn sort(&mut self) {
        self.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.members.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl LockedPackage {
    /// `acme:tax@1.2.3`, or the reference.
    pub(crate) fn shown(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.clone(),
        }
    }

    /// The reference that means exactly these bytes.
    pub(crate) fn pinned(&self) -> Result<Reference, CommandError> {
        format!("{}@{}", self.source, self.manifest).parse().map_err(|error| {
            damaged(CommandError::from_error(
                format!("`{FILE_NAME}` says that `{}` is in `{}`", self.shown(), self.source),
                &error,
            ))
        })
    }
}

/// What something in a registry is called in a lock: `namespace:name`, or the reference.
pub(crate) fn name_of(locator: &Locator) -> String {
    match locator {
        Locator::Package(package) => package.name().to_string(),
        Locator::Reference(reference) => reference.to_string(),
    }
}

fn damaged(error: CommandError) -> CommandError {
    error.hint("restore the file from version control, or delete it: `wkit compose` makes it anew, with the highest versions that fit")
}

/// The first line that a version control system has left in the file.
fn conflict_marker(text: &str) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
            return Some(start..start + line.trim_end().len());
        }
        start += line.len();
    }
    None
}
