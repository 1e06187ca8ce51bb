//! Why components do not compose: who, which interface, every difference, and what to do.

mod detail;

use std::fmt::Write as _;

use thiserror::Error;
use wkit_interface::{DecodeError, Mismatch};

use crate::composition::OpenImport;
use crate::limits::{COMPOSITION_BYTES_MAX, INPUTS_MAX, INSTANCES_MAX};
use crate::near::NearMiss;

pub use detail::{
    Ambiguity, CycleStep, ExportNeedsInner, ImportConflict, OpenImportNeedsInner, ResourceMismatch,
    ResourceSource, WireMismatch,
};

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

    /// The bytes of an input are not to be had.
    #[error("cannot read `{name}`: {message}")]
    Read {
        /// The input.
        name: String,
        /// What keeps them from being read.
        message: String,
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
