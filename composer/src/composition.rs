//! The result: a component, and what became of everything that went into it.

use std::fmt;

use semver::Version;
use serde::Serialize;
use wkit_interface::Surface;

use crate::binary::Binary;
use crate::error::quoted;
use crate::near::NearMiss;

/// A composed component.
#[derive(Debug, Clone, Serialize)]
pub struct Composition {
    /// The component in binary form. The same inputs and plan give the same bytes, in whatever order they come.
    #[serde(skip)]
    pub bytes: Binary,
    /// The instance whose exports are exported; `None` when the plan names an instance for each export.
    pub socket: Option<String>,
    /// What is inside, each after what it needs.
    pub instances: Vec<ComposedInstance>,
    /// All wires, sorted by importer and import.
    pub wires: Vec<Wire>,
    /// What the composition still needs, in the order of the binary.
    pub imports: Vec<OpenImport>,
    /// What the composition exports, in the order of the binary.
    pub exports: Vec<ComposedExport>,
    /// The exports of the socket that the plan does not export, in the order of its binary.
    pub dropped: Vec<String>,
    /// The instances that nothing needs, by name; they are not inside.
    pub unused: Vec<Unused>,
    /// Imports that stay open although another input exports something that is almost the same, by importer.
    pub near_misses: Vec<NearMiss>,
    /// The surface of the result.
    #[serde(skip)]
    pub surface: Surface,
}

/// An instance of a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComposedInstance {
    /// Its name.
    pub name: String,
    /// The input that it is an instance of.
    pub component: String,
}

/// An export of a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComposedExport {
    /// Its name in the composition.
    pub name: String,
    /// The instance that it comes from.
    pub instance: String,
    /// Its name there.
    pub export: String,
}

/// An instance that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// The instance.
    pub instance: String,
    /// The input that it would be an instance of.
    pub component: String,
    /// Why nothing needs it.
    pub reason: UnusedReason,
    /// The open imports that it almost fills.
    pub near: Vec<NearMiss>,
}

/// Why nothing needs an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnusedReason {
    /// It exports nothing.
    NoExports,
    /// What it exports is imported, but the plan fills the import with another instance.
    Replaced {
        /// The instance with the import.
        importer: String,
        /// The import.
        import: String,
        /// The instance that fills it.
        exporter: String,
    },
    /// What it exports is imported, but the plan leaves the import open.
    LeftOpen {
        /// The instance with the import.
        importer: String,
        /// The import.
        import: String,
    },
    /// Only instances need it that are left out themselves.
    OnlyForUnused {
        /// Those instances, by name.
        importers: Vec<String>,
    },
    /// Nothing imports what it exports.
    NotImported {
        /// What it exports.
        exports: Vec<String>,
    },
}

impl fmt::Display for Unused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is left out: ", self.instance)?;
        match &self.reason {
            UnusedReason::NoExports => write!(formatter, "it exports nothing"),
            UnusedReason::Replaced { importer, import, exporter } => {
                write!(formatter, "`{import}` of `{importer}` is filled by `{exporter}`")
            }
            UnusedReason::LeftOpen { importer, import } => {
                write!(formatter, "`{import}` of `{importer}` is left open")
            }
            UnusedReason::OnlyForUnused { importers } => {
                write!(formatter, "only {} would need it", quoted(importers))
            }
            UnusedReason::NotImported { exports } => {
                write!(formatter, "nothing imports what it exports, {}", quoted(exports))
            }
        }
    }
}

/// An import of one instance that is filled by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wire {
    /// The instance with the import.
    pub importer: String,
    /// The import.
    pub import: String,
    /// The interface that the import stands for, when its name is a label.
    pub implements: Option<String>,
    /// The instance that fills it.
    pub exporter: String,
    /// Its export.
    pub export: String,
    /// The versions, when they differ. Their types have been compared, so the wire is sound; but what an older version
    /// lacks in behaviour, types do not show.
    pub skew: Option<Skew>,
}

/// The versions at the two ends of a wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// The version that the importer was built against.
    pub asked: Version,
    /// The version that the exporter has.
    pub given: Version,
}

impl Skew {
    /// Whether the importer gets an older version than it was built against.
    pub fn is_older(&self) -> bool {
        self.given < self.asked
    }
}

/// An import of the composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenImport {
    /// Its name; of several versions that stand in for each other the highest.
    pub name: String,
    /// The interface that it stands for, when its name is a label.
    pub implements: Option<String>,
    /// Who needs it, by name. Empty when the import only brings types that other imports speak of.
    pub importers: Vec<Importer>,
}

impl OpenImport {
    /// Whether it stays open because the plan says so, for all who need it.
    pub(crate) fn is_stated(&self) -> bool {
        !self.importers.is_empty() && self.importers.iter().all(|importer| importer.stated)
    }
}

/// An instance that needs an open import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Importer {
    /// The instance.
    pub instance: String,
    /// The import, possibly with another version than that of the composition.
    pub import: String,
    /// Whether the plan leaves it open.
    pub stated: bool,
}
