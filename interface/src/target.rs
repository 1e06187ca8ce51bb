//! Says everything in which a component does not fit a world.
//!
//! A component targets a world when it needs nothing that the world does not have, and gives everything that the world
//! wants (component model, subtyping of components: imports and exports go opposite ways). Names fit as they do
//! between two components: with versions of one line, in either direction, as long as the types fit.

use std::fmt::{self, Write as _};

use serde::Serialize;
use thiserror::Error;

use crate::model::{Extern, World};
use crate::name::{InterfaceParts, fits};
use crate::subtype::{Mismatch, compare_filling, extern_kind};
use crate::surface::{Surface, SurfaceKind, WorldSurface};

/// One way in which a component does not fit a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Misfit {
    /// The component needs something that the world does not have.
    ExtraImport {
        /// The import.
        import: String,
        /// The version of the same interface that the world has instead.
        instead: Option<String>,
    },
    /// The component lacks something that the world wants.
    MissingExport {
        /// The export.
        export: String,
        /// What it would be, in words.
        wanted: String,
        /// The version of the same interface that the component exports instead.
        instead: Option<String>,
    },
    /// The component needs something that the world has with another type.
    ImportMismatch {
        /// The import.
        import: String,
        /// The world's import, the same name or one with another version.
        world_import: String,
        /// All differences; `expected` is what the component asks for.
        mismatches: Vec<Mismatch>,
    },
    /// The component exports something with another type than the world wants.
    ExportMismatch {
        /// The component's export, the same name or one with another version.
        export: String,
        /// The world's export.
        world_export: String,
        /// All differences; `expected` is what the world wants.
        mismatches: Vec<Mismatch>,
    },
}

impl Misfit {
    /// The component's import or export, or the export that it lacks.
    pub fn item(&self) -> &str {
        match self {
            Self::ExtraImport { import, .. } | Self::ImportMismatch { import, .. } => import,
            Self::MissingExport { export, .. } | Self::ExportMismatch { export, .. } => export,
        }
    }

    /// The one step that most likely helps.
    pub fn hint(&self) -> String {
        match self {
            Self::ExtraImport { import, instead: Some(instead) } => {
                format!("build the component against `{instead}`, or the world with `{import}`")
            }
            Self::ExtraImport { import, instead: None } => {
                format!(
                    "compose the component with one that exports `{import}`, or add the import to the world"
                )
            }
            Self::MissingExport { export, instead: Some(instead), .. } => {
                format!("build the component against `{export}`, or the world with `{instead}`")
            }
            Self::MissingExport { export, instead: None, .. } => format!("export `{export}`"),
            Self::ImportMismatch { .. } | Self::ExportMismatch { .. } => {
                "build the component from the WIT of the world".to_owned()
            }
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = |instead: &Option<String>| {
            instead.as_ref().map(|instead| format!(", but `{instead}`")).unwrap_or_default()
        };
        match self {
            Self::ExtraImport { import, instead } => {
                write!(
                    formatter,
                    "the component imports `{import}`, which the world does not have{}",
                    other(instead)
                )
            }
            Self::MissingExport { export, wanted, instead } => {
                write!(formatter, "the component does not export `{export}` ({wanted}){}", other(instead))
            }
            Self::ImportMismatch { import, world_import, mismatches } => {
                let what = if import == world_import { "it".to_owned() } else { format!("`{world_import}`") };
                write!(
                    formatter,
                    "the component imports `{import}`, but the world has {what} with another type:"
                )?;
                formatter.write_str(&lines(mismatches, "component", "world"))
            }
            Self::ExportMismatch { export, world_export, mismatches } => {
                let what = if export == world_export { "it".to_owned() } else { format!("`{world_export}`") };
                write!(
                    formatter,
                    "the component exports `{export}`, but the world wants {what} with another type:"
                )?;
                formatter.write_str(&lines(mismatches, "world", "component"))
            }
        }
    }
}

fn lines(mismatches: &[Mismatch], expected: &str, found: &str) -> String {
    mismatches.iter().fold(String::new(), |mut text, mismatch| {
        let place = if mismatch.path.is_empty() { String::new() } else { format!("{}: ", mismatch.path) };
        let (wanted, given) = (mismatch.expected_shown(), mismatch.found_shown());
        let _ = write!(text, "\n  {place}expected {wanted} ({expected}), found {given} ({found})");
        text
    })
}

/// Why there is no world to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WorldError {
    /// It is a component and no WIT package.
    #[error("expected a WIT package, found a component")]
    NotWit,
    /// The package has no world.
    #[error("the package has no world")]
    NoWorld,
    /// The package has several worlds, and none is named.
    #[error("the package has several worlds: {}", quoted(worlds))]
    SeveralWorlds {
        /// Their names.
        worlds: Vec<String>,
    },
    /// The package has no world of that name.
    #[error("the package has no world `{world}`, found {}", quoted(worlds))]
    UnknownWorld {
        /// The name.
        world: String,
        /// The names of its worlds.
        worlds: Vec<String>,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Surface {
    /// The world of a WIT package that is called `name`, or its only one.
    ///
    /// # Errors
    ///
    /// See [`WorldError`].
    pub fn world(&self, name: Option<&str>) -> Result<&WorldSurface, WorldError> {
        let worlds = || self.worlds.iter().map(|world| world.name.clone()).collect();
        match (name, self.worlds.as_slice()) {
            _ if self.kind != SurfaceKind::WitPackage => Err(WorldError::NotWit),
            (_, []) => Err(WorldError::NoWorld),
            (None, [world]) => Ok(world),
            (None, _) => Err(WorldError::SeveralWorlds { worlds: worlds() }),
            (Some(name), known) => known
                .iter()
                .find(|world| world.name == name)
                .ok_or_else(|| WorldError::UnknownWorld { world: name.to_owned(), worlds: worlds() }),
        }
    }
}

/// Lists every way in which `component` does not fit the world called `world` of the WIT package `package`, imports
/// first, in the order of the binaries; none when it does. A world that the package does not have fits nothing and
/// wants nothing: ask [`Surface::world`] before.
pub fn misfits(component: &Surface, package: &Surface, world: &str) -> Vec<Misfit> {
    let nothing = World::default();
    let name =
        |full: &str| InterfaceParts::parse(full).map_or_else(|| full.to_owned(), |parts| parts.interface);
    let found = package.model.worlds.iter().find(|(full, _)| name(full) == world);
    let world = found.map_or(&nothing, |(_, world)| world);
    let mut misfits = Vec::new();
    for (import, item) in &component.model.root.imports {
        let Some((world_import, given)) = find(&world.imports, import) else {
            let instead = other_version(&world.imports, import);
            misfits.push(Misfit::ExtraImport { import: import.clone(), instead });
            continue;
        };
        let mismatches = compare_filling(component, item, package, given);
        if !mismatches.is_empty() {
            let (import, world_import) = (import.clone(), world_import.to_owned());
            misfits.push(Misfit::ImportMismatch { import, world_import, mismatches });
        }
    }
    for (world_export, wanted) in &world.exports {
        let exports = &component.model.root.exports;
        let Some((export, given)) = find(exports, world_export) else {
            let instead = other_version(exports, world_export);
            let wanted = extern_kind(wanted).to_owned();
            misfits.push(Misfit::MissingExport { export: world_export.clone(), wanted, instead });
            continue;
        };
        let mismatches = compare_filling(package, wanted, component, given);
        if !mismatches.is_empty() {
            let (export, world_export) = (export.to_owned(), world_export.clone());
            misfits.push(Misfit::ExportMismatch { export, world_export, mismatches });
        }
    }
    misfits
}

/// The item of that name, else the one with the highest version that stands in for it.
fn find<'a>(items: &'a [(String, Extern)], name: &str) -> Option<(&'a str, &'a Extern)> {
    let exact = items.iter().find(|(known, _)| known == name);
    let version = |name: &str| InterfaceParts::parse(name).and_then(|parts| parts.version);
    let fitting = || {
        let fitting = items.iter().filter(|(known, _)| fits(name, known));
        fitting.max_by_key(|(known, _)| version(known))
    };
    exact.or_else(fitting).map(|(name, item)| (name.as_str(), item))
}

/// An item that is the same interface in another version.
fn other_version(items: &[(String, Extern)], name: &str) -> Option<String> {
    let path = InterfaceParts::parse(name)?.path();
    let same = |known: &str| InterfaceParts::parse(known).is_some_and(|parts| parts.path() == path);
    items.iter().find(|(known, _)| same(known)).map(|(known, _)| known.clone())
}
