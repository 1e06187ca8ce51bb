//! Why components do not compose: who, which interface, every difference, and what to do.

use std::fmt::{self, Write as _};

use thiserror::Error;
use wkit_interface::{DecodeError, Mismatch};

use crate::composition::OpenImport;
use crate::limits::{COMPOSITION_BYTES_MAX, INPUTS_MAX, INSTANCES_MAX};
use crate::near::NearMiss;

/// Why a composition is not possible. [`ComposeError::hint`] says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// There is nothing to compose.
    #[error("no components to compose")]
    NoInputs,

    /// There are more inputs than [`INPUTS_MAX`].
    #[error("{count} components to compose, the limit is {INPUTS_MAX}")]
    TooManyInputs {
        /// How many there are.
        count: usize,
    },

    /// The inputs together are larger than [`COMPOSITION_BYTES_MAX`].
    #[error("the components have {size_bytes} bytes together, the limit is {COMPOSITION_BYTES_MAX}")]
    TooLarge {
        /// How many bytes they have.
        size_bytes: usize,
    },

    /// Two inputs have one name.
    #[error("two components are named `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
    },

    /// An input is not a readable component.
    #[error("`{name}`: {}", unread(source))]
    Decode {
        /// The input's name.
        name: String,
        /// What is wrong with it.
        source: DecodeError,
    },

    /// An input is a WIT package, which has no code.
    #[error("`{name}`: expected a component, found a WIT package")]
    WitPackage {
        /// The input's name.
        name: String,
    },

    /// The plan names a component that is not among the inputs.
    #[error("unknown {role} `{name}`, found {}", quoted(known))]
    UnknownComponent {
        /// What the plan uses it as: `socket`, or `importer` or `exporter` of a wire.
        role: &'static str,
        /// The name that the plan gives.
        name: String,
        /// The names of the inputs.
        known: Vec<String>,
    },

    /// The plan names an import that the importer does not have.
    #[error("`{importer}` has no import `{import}`, found {}", quoted(known))]
    UnknownImport {
        /// The input that should have the import.
        importer: String,
        /// The import as the plan gives it.
        import: String,
        /// What the input imports.
        known: Vec<String>,
    },

    /// The plan names an import without its version, and several versions are imported.
    #[error("`{importer}` has several imports `{import}`: {}", quoted(matches))]
    AmbiguousImport {
        /// The input with the imports.
        importer: String,
        /// The import as the plan gives it.
        import: String,
        /// The imports that it may mean.
        matches: Vec<String>,
    },

    /// The plan wires an import to a component that exports nothing of that name.
    #[error(
        "`{exporter}` cannot fill the import `{import}` of `{importer}`: expected an export of that name, found {}",
        quoted(known)
    )]
    UnknownExport {
        /// The input with the import.
        importer: String,
        /// The import.
        import: String,
        /// The input that should export it.
        exporter: String,
        /// What that input exports.
        known: Vec<String>,
    },

    /// The plan wires one import twice.
    #[error("the import `{import}` of `{importer}` is wired twice, to `{first}` and to `{second}`")]
    DuplicateWire {
        /// The input with the import.
        importer: String,
        /// The import.
        import: String,
        /// The exporter of the first wire.
        first: String,
        /// The exporter of the second wire.
        second: String,
    },

    /// Several inputs are needed by no other, and it is not clear which one the composition is about.
    #[error("several components can be the socket: {}{}", quoted(candidates), near_misses(near))]
    AmbiguousSocket {
        /// The inputs that no other needs, sorted.
        candidates: Vec<String>,
        /// Imports that an export of another version does not fill: perhaps the wire that is missing.
        near: Vec<NearMiss>,
    },

    /// Several inputs export what an import needs.
    #[error("{}", ambiguous_exporters(.0))]
    AmbiguousExporter(
        /// All imports of that kind, sorted.
        Vec<Ambiguity>,
    ),

    /// An export does not have the types that an import needs.
    #[error("{0}")]
    TypeMismatch(
        /// The wire, and all differences.
        Box<WireMismatch>,
    ),

    /// Components need each other in a circle.
    #[error("the components need each other in a circle{}", circle(.0))]
    Cycle(
        /// The wires of the circle in order, the exporter of each being the importer of the next.
        Vec<CycleStep>,
    ),

    /// Importer and exporter get a resource that both speak of from different places, so for the one it is not the
    /// resource that it is for the other.
    #[error("{0}")]
    ResourceMismatch(
        /// Which resource, and from where each gets it.
        Box<ResourceMismatch>,
    ),

    /// An import stays open, but speaks of a resource that comes from inside the composition, which nobody outside
    /// can know.
    #[error("{0}")]
    OpenImportNeedsInner(
        /// Which import, and what it speaks of.
        Box<OpenImportNeedsInner>,
    ),

    /// What is exported speaks of a type that comes from inside the composition and is not exported.
    #[error("{0}")]
    ExportNeedsInner(
        /// Which export, and what it speaks of.
        Box<ExportNeedsInner>,
    ),

    /// Two inputs leave an import open that should become one import of the composition, with different types.
    #[error("{0}")]
    ImportConflict(
        /// Which imports, and all differences.
        Box<ImportConflict>,
    ),

    /// There are more instances than [`INSTANCES_MAX`].
    #[error("{count} instances to make, the limit is {INSTANCES_MAX}")]
    TooManyInstances {
        /// How many there are at least.
        count: usize,
    },

    /// An instance has a name that cannot be told from that of a copy for one importer.
    #[error("an instance is named `{name}`: expected a name without `/`")]
    InstanceName {
        /// The name.
        name: String,
    },

    /// Two instances have one name.
    #[error("two instances are named `{name}`")]
    DuplicateInstance {
        /// The name.
        name: String,
    },

    /// The plan names an export that the instance does not have.
    #[error("`{instance}` has no export `{export}`, found {}", quoted(known))]
    NoSuchExport {
        /// The instance that should have the export.
        instance: String,
        /// The export as the plan gives it.
        export: String,
        /// What the instance exports.
        known: Vec<String>,
    },

    /// Several exports of one instance may be meant.
    #[error("`{instance}` has several exports for `{export}`: {}", quoted(matches))]
    AmbiguousExport {
        /// The instance with the exports.
        instance: String,
        /// The export as the plan gives it, or the import that it should fill.
        export: String,
        /// The exports that it may mean.
        matches: Vec<String>,
    },

    /// Something is to be exported under a name that exports cannot have.
    #[error("`{export}` of `{instance}` cannot be exported as `{name}`: that is no name for an export")]
    ExportName {
        /// The instance.
        instance: String,
        /// Its export.
        export: String,
        /// The name.
        name: String,
    },

    /// Two things are to be exported under one name.
    #[error(
        "two exports are named `{name}`: `{}` of `{}` and `{}` of `{}`", first.1, first.0, second.1, second.0
    )]
    DuplicateExport {
        /// The name.
        name: String,
        /// The instance and the export of the first.
        first: (String, String),
        /// The instance and the export of the second.
        second: (String, String),
    },

    /// The plan fills an import that it leaves open by name.
    #[error("the import `{import}` of `{importer}` is wired to `{exporter}` and left open as well")]
    OpenAndWired {
        /// The instance with the import.
        importer: String,
        /// The import.
        import: String,
        /// The exporter of the wire.
        exporter: String,
    },

    /// Nothing imports what the plan leaves open.
    #[error("{} `{import}`, which the plan leaves open; found {}", nobody(importer.as_deref()), quoted(known))]
    NothingToOpen {
        /// The instance that should have the import; any without it.
        importer: Option<String>,
        /// The pattern of the plan.
        import: String,
        /// What is imported.
        known: Vec<String>,
    },

    /// Imports stay open that the plan does not allow to.
    #[error("{}", incomplete(open, near))]
    Incomplete {
        /// All of them, in the order of the composition.
        open: Vec<OpenImport>,
        /// What almost fills some of them.
        near: Vec<NearMiss>,
    },

    /// The composition cannot be written as a component.
    #[error("cannot {doing}: {message}")]
    Encode {
        /// What was being done, in words.
        doing: String,
        /// What went wrong.
        message: String,
    },
}

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

/// What is wrong with an input; where in its bytes says nothing to those who compose it.
fn unread(source: &DecodeError) -> String {
    match source {
        DecodeError::Invalid { message, .. } => format!("not a valid component: {message}"),
        DecodeError::UnsupportedFeature { message, .. } => format!("not a supported component: {message}"),
        DecodeError::Truncated { size_bytes, .. } => {
            format!("the component is cut off, the file ends after {size_bytes} bytes")
        }
        other => other.to_string(),
    }
}

/// Names in backticks with commas, or `none`.
pub(crate) fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

fn ambiguous_exporters(ambiguities: &[Ambiguity]) -> String {
    let lines: Vec<String> = ambiguities
        .iter()
        .map(|Ambiguity { importer, import, exporters }| {
            let exporters: Vec<String> =
                exporters
                    .iter()
                    .map(|(name, export)| {
                        if export == import {
                            format!("`{name}`")
                        } else {
                            format!("`{name}` (as `{export}`)")
                        }
                    })
                    .collect();
            format!(
                "several components export `{import}`, which `{importer}` needs: {}",
                exporters.join(", ")
            )
        })
        .collect();
    lines.join("\n")
}

impl fmt::Display for WireMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { importer, import, exporter, export, mismatches } = self;
        let other = if import == export { "that".to_owned() } else { format!("`{export}`") };
        let lines = mismatch_lines(mismatches, importer, exporter);
        write!(formatter, "`{importer}` imports `{import}`, but {other} of `{exporter}` does not fit:{lines}")
    }
}

/// One line for each difference.
pub(crate) fn mismatch_lines(mismatches: &[Mismatch], expected: &str, found: &str) -> String {
    mismatches
        .iter()
        .fold(String::new(), |text, mismatch| text + "\n  " + &mismatch_line(mismatch, expected, found))
}

/// Where two components differ and how, naming whose type is which.
pub(crate) fn mismatch_line(mismatch: &Mismatch, expected: &str, found: &str) -> String {
    let place = if mismatch.path.is_empty() { String::new() } else { format!("{}: ", mismatch.path) };
    let similar = match &mismatch.similar {
        Some(name) => format!("; is `{name}` the one?"),
        None => String::new(),
    };
    format!(
        "{place}expected {} (`{expected}`), found {} (`{found}`){similar}",
        mismatch.expected_shown(),
        mismatch.found_shown()
    )
}

fn nobody(importer: Option<&str>) -> String {
    importer.map_or_else(|| "nothing imports".to_owned(), |importer| format!("`{importer}` does not import"))
}

fn incomplete(open: &[OpenImport], near: &[NearMiss]) -> String {
    let mut text = "the composition is not complete".to_owned();
    for OpenImport { name, importers, .. } in open {
        let importers: Vec<String> = importers.iter().map(|importer| importer.instance.clone()).collect();
        let _ = write!(text, "\n  nothing fills `{name}`, which {} needs", quoted(&importers));
    }
    text + &near_misses(near)
}

fn near_misses(near: &[NearMiss]) -> String {
    near.iter().fold(String::new(), |text, miss| text + "\n  " + &miss.to_string())
}

fn circle(steps: &[CycleStep]) -> String {
    let mut text = String::new();
    for CycleStep { importer, import, exporter } in steps {
        let _ = write!(text, "\n  `{importer}` needs `{import}` of `{exporter}`");
    }
    text
}
