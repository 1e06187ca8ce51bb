//! What goes into a composition.

use bytes::Bytes;

/// A component to compose, under the name by which plan, messages and result speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name, unique among the inputs.
    pub name: String,
    /// The component in binary form.
    pub bytes: Bytes,
}

/// What is not left to inference; `Plan::default()` leaves everything to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The name of the input whose exports the composition exports. Without it, the one input that no other needs.
    pub socket: Option<String>,
    /// Wires that are ambiguous otherwise, or that should differ from the inferred ones.
    pub wires: Vec<PlannedWire>,
}

/// A wire by choice: an import of one input, filled by another input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWire {
    /// The input with the import.
    pub importer: String,
    /// The import's name; its version may be left out when only one fits.
    pub import: String,
    /// The input whose export of that name fills it.
    pub exporter: String,
}
