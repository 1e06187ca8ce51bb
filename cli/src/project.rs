//! The project file `wkit.toml`: which components there are, how they are composed, where they are published.

mod check;
mod compose;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_spanned::Spanned;

use wkit_artifact::RegistryHost;

use check::CheckSection;
pub(crate) use check::{Check, Refused, known, level, profile};
pub(crate) use compose::Compose;
use compose::ComposeSection;

use crate::build::Options;
use crate::error::{CommandError, io_reason};
use crate::limits::PROJECT_FILE_BYTES_MAX;
use crate::marks::place_error;

mod dependencies;
mod edit;

pub(crate) use dependencies::{Dependency, DependencySource};
use dependencies::{DependencySection, Reading};
pub(crate) use edit::{with_dependency, without_dependency};

/// The name of the project file.
pub(crate) const FILE_NAME: &str = "wkit.toml";

/// A project: its folder and what its `wkit.toml` says.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder that holds `wkit.toml`.
    pub(crate) folder: PathBuf,
    /// The project's name.
    pub(crate) name: String,
    /// The components, sorted by name.
    pub(crate) components: Vec<Component>,
    /// What is composed with them and comes from elsewhere, sorted by name.
    pub(crate) dependencies: Vec<Dependency>,
    /// How they are composed.
    pub(crate) compose: Compose,
    /// What `wkit check` does.
    pub(crate) check: Check,
    /// Where each namespace's packages are kept.
    pub(crate) registries: BTreeMap<String, Registry>,
    /// Versions of language tools that differ from those that wkit pins.
    pub(crate) toolchain: BTreeMap<String, String>,
}

/// A component that is built from source.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// Its name in the project.
    pub(crate) name: String,
    /// The folder of its sources.
    pub(crate) folder: PathBuf,
    /// The language, where it is stated.
    pub(crate) language: Option<String>,
    /// The folder of its WIT.
    pub(crate) wit: PathBuf,
    /// The world that it targets.
    pub(crate) world: String,
    /// What is said to its language alone.
    pub(crate) options: Options,
}

/// Where the packages of a namespace are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registry {
    /// `host` or `host:port`.
    pub(crate) host: RegistryHost,
    /// What stands before `namespace/name` in the repository's name; the registry is asked where it is absent.
    pub(crate) prefix: Option<String>,
    /// Whether to speak HTTP without TLS; loopback hosts are plain without it.
    pub(crate) plain_http: bool,
}

impl Project {
    /// Finds and reads the project of `start`: a `wkit.toml`, or the nearest one in `start` and the folders above it.
    pub(crate) fn find(start: &Path) -> Result<Self, CommandError> {
        match Self::find_optional(start)? {
            Some(project) => Ok(project),
            None => Err(CommandError::usage(format!(
                "no `{FILE_NAME}` in `{}` or the folders above it",
                start.display()
            ))
            .hint("run the command in a project's folder, or name one with `--project FOLDER`")),
        }
    }

    /// Like [`Project::find`], but no project is no error.
    pub(crate) fn find_optional(start: &Path) -> Result<Option<Self>, CommandError> {
        if start.is_file() {
            return Self::read(start).map(Some);
        }
        let found = start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
        found.map(|path| Self::read(&path)).transpose()
    }

    /// Reads one `wkit.toml`.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let cannot_read = |error: &std::io::Error| {
            CommandError::usage(format!("cannot read `{}`: {}", path.display(), io_reason(error)))
        };
        let size_bytes = std::fs::metadata(path).map_err(|error| cannot_read(&error))?.len();
        if size_bytes > PROJECT_FILE_BYTES_MAX {
            return Err(CommandError::usage(format!(
                "`{}` is too large: expected at most {PROJECT_FILE_BYTES_MAX} bytes, found {size_bytes}",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| cannot_read(&error))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, path, folder)
    }

    /// Reads the text of a `wkit.toml` that stands, or is going to stand, at `path`.
    pub(crate) fn parse(text: &str, path: &Path, folder: &Path) -> Result<Self, CommandError> {
        let at = |span: Option<Range<usize>>, message: &str| place_error(path, text, span, message);
        let file: File = toml::from_str(text).map_err(|error| at(error.span(), error.message()))?;

        let mut components = Vec::new();
        for (name, component) in file.components {
            check_name(name.get_ref(), "a component's name")
                .map_err(|message| at(Some(name.span()), &message))?;
            if let Some(language) = &component.language {
                crate::build::language_named(language.get_ref())
                    .map_err(|message| at(Some(language.span()), &message))?;
            }
            let name = name.into_inner();
            let source_folder =
                folder.join(component.path.as_ref().map_or(name.as_str(), |path| path.as_str()));
            components.push(Component {
                wit: wit_folder(folder, &source_folder, component.wit.as_deref()),
                world: component.world.unwrap_or_else(|| name.clone()),
                language: component.language.map(Spanned::into_inner),
                options: Options {
                    engine: component.engine,
                    module: component.module,
                    command: component.command,
                },
                folder: source_folder,
                name,
            });
        }
        let mut dependencies = Vec::new();
        for (name, dependency) in file.dependencies {
            check_name(name.get_ref(), "a dependency's name")
                .map_err(|message| at(Some(name.span()), &message))?;
            if components.iter().any(|component| component.name == *name.get_ref()) {
                return Err(at(
                    Some(name.span()),
                    &format!("`{}` is a component of the project already", name.get_ref()),
                )
                .hint("give the dependency another name"));
            }
            let span = dependency.span();
            let reading = Reading { path, text };
            dependencies.push(reading.dependency(name.get_ref(), dependency.into_inner(), span)?);
        }
        let members = components.iter().map(|component| component.name.as_str());
        let others = dependencies.iter().map(|dependency: &Dependency| dependency.name.as_str());
        let inputs: Vec<&str> = members.chain(others).collect();
        let compose = match file.compose {
            Some(section) => section.read(&inputs, &at)?,
            None => Compose::default(),
        };
        let check = match file.check {
            Some(section) => section.read(&at)?,
            None => Check::default(),
        };
        let mut registries = BTreeMap::new();
        for (namespace, registry) in file.registries {
            check_name(namespace.get_ref(), "a namespace")
                .map_err(|message| at(Some(namespace.span()), &message))?;
            let span = registry.span();
            let table = registry.into_inner().into_table();
            let host = table.registry.parse().map_err(|error| {
                at(Some(span), &format!("not a registry: {error}"))
                    .hint("write it like `registry.example` or `127.0.0.1:5050`")
            })?;
            let registry = Registry { host, prefix: table.prefix, plain_http: table.plain_http };
            registries.insert(namespace.into_inner(), registry);
        }
        let mut toolchain = BTreeMap::new();
        for (tool, version) in file.toolchain {
            check_tool(tool.get_ref()).map_err(|message| at(Some(tool.span()), &message))?;
            check_version(version.get_ref()).map_err(|message| at(Some(version.span()), &message))?;
            toolchain.insert(tool.into_inner(), version.into_inner());
        }
        Ok(Self {
            folder: folder.to_owned(),
            name: file.project.name,
            components,
            dependencies,
            compose,
            check,
            registries,
            toolchain,
        })
    }

    /// The component called `name`.
    pub(crate) fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }

    /// The dependency called `name`.
    pub(crate) fn dependency(&self, name: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|dependency| dependency.name == name)
    }

    /// The lock file, whether or not it exists.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder.join(crate::lock::FILE_NAME)
    }

    /// The folder for what is built.
    pub(crate) fn build_folder(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// The folder for what wkit itself keeps between builds.
    pub(crate) fn work_folder(&self) -> PathBuf {
        self.folder.join(".wkit")
    }

    /// Where a built component stands.
    pub(crate) fn component_file(&self, name: &str) -> PathBuf {
        self.build_folder().join(format!("{name}.wasm"))
    }

    /// Where the composition stands.
    pub(crate) fn composition_file(&self) -> PathBuf {
        let taken = self.components.iter().any(|component| component.name == self.name);
        let name = if taken { format!("{}-composed", self.name) } else { self.name.clone() };
        self.build_folder().join(format!("{name}.wasm"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    project: ProjectSection,
    #[serde(default)]
    components: BTreeMap<Spanned<String>, ComponentSection>,
    #[serde(default)]
    dependencies: BTreeMap<Spanned<String>, Spanned<DependencySection>>,
    compose: Option<ComposeSection>,
    check: Option<CheckSection>,
    #[serde(default)]
    registries: BTreeMap<Spanned<String>, Spanned<RegistrySection>>,
    #[serde(default)]
    toolchain: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectSection {
    name: String,
    /// Kept for people; the version that is published stands in `compose.package`.
    #[serde(rename = "version")]
    _version: Option<semver::Version>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentSection {
    path: Option<String>,
    language: Option<Spanned<String>>,
    wit: Option<String>,
    world: Option<String>,
    engine: Option<String>,
    module: Option<String>,
    command: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"host:port\" or a table with `registry`, `prefix` and `plain-http`")]
enum RegistrySection {
    Host(String),
    Table(RegistryTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RegistryTable {
    registry: String,
    prefix: Option<String>,
    #[serde(default)]
    plain_http: bool,
}

impl RegistrySection {
    fn into_table(self) -> RegistryTable {
        match self {
            Self::Host(registry) => RegistryTable { registry, prefix: None, plain_http: false },
            Self::Table(table) => table,
        }
    }
}

/// The stated WIT folder, or the component's own `wit`, or the project's.
fn wit_folder(project: &Path, sources: &Path, stated: Option<&str>) -> PathBuf {
    if let Some(stated) = stated {
        return project.join(stated);
    }
    let own = sources.join("wit");
    if own.is_dir() { own } else { project.join("wit") }
}

/// Names are kebab-case: they become file names, WIT names and parts of repository names.
pub(crate) fn check_name(name: &str, what: &str) -> Result<(), String> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.split('-').all(word) {
        return Ok(());
    }
    Err(format!("{what} is lower-case words joined by `-`, found `{name}`"))
}

/// Only what wkit itself installs has a version that a project can choose.
fn check_tool(name: &str) -> Result<(), String> {
    let known: Vec<&str> = crate::build::packages().iter().map(|package| package.program.name).collect();
    if known.contains(&name) {
        return Ok(());
    }
    Err(format!("unknown tool `{name}`; the tools whose version can be chosen are: {}", known.join(", ")))
}

/// Versions become parts of file names and of arguments.
fn check_version(version: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_alphanumeric() || ".-+_!".contains(c);
    if version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(known) {
        return Ok(());
    }
    Err(format!("expected an exact version such as `1.2.3`, found `{version}`"))
}

#[cfg(test)]
mod tests;
