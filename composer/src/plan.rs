//! What goes into a composition.

use serde::{Deserialize, Serialize};

use crate::input_bytes::InputBytes;

/// A component to compose, under the name by which plan, messages and result speak of it.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name, unique among the inputs.
    pub name: String,
    /// The component in binary form.
    pub bytes: InputBytes,
}

/// What is not left to inference; `Plan::default()` leaves everything to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The name of the instance whose exports the composition exports. Without it, the one instance that no other
    /// needs; with [`Plan::exports`] that all name their instance, none is needed.
    pub socket: Option<String>,
    /// Instances other than the one of each input, which has the input's name. An input that is named here has the
    /// instances that are named here and no other.
    pub instances: Vec<PlannedInstance>,
    /// Wires that are ambiguous otherwise, or that should differ from the inferred ones.
    pub wires: Vec<PlannedWire>,
    /// What the composition exports; without it, all exports of the socket.
    pub exports: Option<Vec<PlannedExport>>,
    /// Imports that stay imports of the composition although an input could fill them.
    pub open: Vec<PlannedOpen>,
    /// The imports that may stay open, as patterns like those of [`PlannedOpen::import`]; any other is an error.
    /// Without it, all may. What [`Plan::open`] names, and imports of nothing but types, may always stay open.
    pub allow_open: Option<Vec<String>>,
}

/// An instance of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedInstance {
    /// The name, unique among the instances, without `/`.
    pub name: String,
    /// The input that is instantiated.
    pub component: String,
    /// What several importers of the instance get.
    #[serde(default)]
    pub share: Share,
}

/// What several importers of one instance get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// The same instance, and so the same state.
    #[default]
    One,
    /// An instance for each importer: that of `app` is called `app/NAME`.
    Each,
}

/// A wire by choice: an import of one instance, filled by another instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedWire {
    /// The instance with the import.
    pub importer: String,
    /// The import's name: an interface, with or without its version, a label, or the interface that a label stands
    /// for when only one label does.
    pub import: String,
    /// The instance whose export fills it.
    pub exporter: String,
    /// The export that fills it, with or without its version; without it, the one that has the import's name.
    #[serde(default)]
    pub export: Option<String>,
}

/// Something that the composition exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlannedExport {
    /// All exports of an instance that no [`PlannedExport::One`] speaks of, under their own names.
    Rest {
        /// The instance; the socket without it.
        instance: Option<String>,
    },
    /// One export of an instance.
    One {
        /// The instance; the socket without it.
        instance: Option<String>,
        /// The export, with or without its version.
        export: String,
        /// The name in the composition; the export's own name without it.
        name: Option<String>,
    },
}

/// An import that stays open by choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOpen {
    /// The instance with the import; without it, all instances.
    pub importer: Option<String>,
    /// The import's name, with or without its version, or a beginning followed by `*`: `wasi:*`, `wasi:io/*`.
    pub import: String,
}
