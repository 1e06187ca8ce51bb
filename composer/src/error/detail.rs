//! What a problem is about, and how it is told.

use std::fmt;

use wkit_interface::Mismatch;

use super::mismatch_lines;

/// An import that several inputs could fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// The input with the import.
    pub importer: String,
    /// The import.
    pub import: String,
    /// The inputs that could fill it and their exports, sorted.
    pub exporters: Vec<(String, String)>,
}

/// A wire whose two ends have different types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireMismatch {
    /// The input with the import.
    pub importer: String,
    /// The import.
    pub import: String,
    /// The input that should fill it.
    pub exporter: String,
    /// Its export.
    pub export: String,
    /// All differences; `expected` is what the importer asks for.
    pub mismatches: Vec<Mismatch>,
}

impl fmt::Display for WireMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { importer, import, exporter, export, mismatches } = self;
        let other = if import == export { "that".to_owned() } else { format!("`{export}`") };
        let lines = mismatch_lines(mismatches, importer, exporter);
        write!(formatter, "`{importer}` imports `{import}`, but {other} of `{exporter}` does not fit:{lines}")
    }
}

/// One step of a circle: `importer` needs what `exporter` exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStep {
    /// Who needs it.
    pub importer: String,
    /// What it needs.
    pub import: String,
    /// Who has it.
    pub exporter: String,
}

/// A resource that the two ends of a wire get from different places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMismatch {
    /// The resource's name.
    pub resource: String,
    /// The interface that declares it.
    pub interface: String,
    /// The input with the import.
    pub importer: String,
    /// The import that speaks of the resource.
    pub import: String,
    /// Where the importer gets the resource from.
    pub importer_source: ResourceSource,
    /// The input that fills the import.
    pub exporter: String,
    /// Where the exporter gets the resource from.
    pub exporter_source: ResourceSource,
}

impl fmt::Display for ResourceMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, interface, importer, import, importer_source, exporter, exporter_source } = self;
        writeln!(
            formatter,
            "`{importer}` and `{exporter}` do not share the resource `{resource}` of `{interface}` that `{import}` speaks of"
        )?;
        writeln!(formatter, "  `{importer}` gets it from {importer_source}")?;
        write!(formatter, "  `{exporter}` gets it from {exporter_source}")
    }
}

/// An open import that speaks of a resource of a filled one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenImportNeedsInner {
    /// The input with the open import.
    pub importer: String,
    /// The open import.
    pub import: String,
    /// The resource that it speaks of.
    pub resource: String,
    /// The interface that declares the resource.
    pub interface: String,
    /// The input that exports that interface.
    pub exporter: String,
}

impl fmt::Display for OpenImportNeedsInner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { importer, import, resource, interface, exporter } = self;
        write!(
            formatter,
            "nothing fills the import `{import}` of `{importer}`, and from outside it cannot be filled: it speaks of the resource `{resource}` of `{interface}`, which `{exporter}` brings"
        )
    }
}

/// An export that speaks of a type of an instance inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportNeedsInner {
    /// The instance whose export it is.
    pub instance: String,
    /// The export.
    pub export: String,
    /// The type that it speaks of.
    pub type_name: String,
    /// The export that declares the type.
    pub interface: String,
    /// The instance that declares the type.
    pub exporter: String,
}

impl fmt::Display for ExportNeedsInner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, export, type_name, interface, exporter } = self;
        write!(
            formatter,
            "`{export}` of `{instance}` cannot be exported alone: it speaks of the type `{type_name}` of `{interface}`, which `{exporter}` brings and nobody outside would know"
        )
    }
}

/// Two open imports that should be one and differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportConflict {
    /// One input.
    pub first: String,
    /// Its import.
    pub first_import: String,
    /// The other input.
    pub second: String,
    /// Its import.
    pub second_import: String,
    /// All differences; `expected` is that of the first.
    pub mismatches: Vec<Mismatch>,
}

impl fmt::Display for ImportConflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, first_import, second, second_import, mismatches } = self;
        let lines = mismatch_lines(mismatches, first, second);
        write!(
            formatter,
            "`{first}` imports `{first_import}` and `{second}` imports `{second_import}`, and they cannot be one import:{lines}"
        )
    }
}

/// Where a component gets a resource from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResourceSource {
    /// An input of the composition declares it.
    Component {
        /// The input.
        name: String,
        /// The export that declares it.
        export: String,
    },
    /// It comes from outside the composition.
    Outside {
        /// The open import that declares it.
        import: String,
    },
}

impl fmt::Display for ResourceSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component { name, export } => write!(formatter, "`{name}` (its export `{export}`)"),
            Self::Outside { import } => write!(formatter, "outside (the import `{import}`)"),
        }
    }
}
