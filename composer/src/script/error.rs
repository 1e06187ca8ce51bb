//! What can be wrong with a script, and where.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use thiserror::Error;
use wkit_interface::{DecodeError, Misfit};

use crate::error::{ImportConflict, WireMismatch, mismatch_lines, quoted};
use crate::limits::{
    COMPOSITION_BYTES_MAX, INPUTS_MAX, INSTANCES_MAX, SCRIPT_BYTES_MAX, SCRIPT_NESTING_MAX,
    SCRIPT_TYPE_PARTS_MAX,
};

/// Why a script does not compose: everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// At least one problem, in the order of the text.
    pub problems: Vec<ScriptProblem>,
}

/// One thing that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptProblem {
    /// What is wrong.
    pub fault: ScriptFault,
    /// Where: the first is the place itself, the others belong to it. Empty when it is no single place.
    pub labels: Vec<Label>,
}

/// A part of the script's text, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The part, in bytes of the text.
    pub span: Range<usize>,
    /// The line of its beginning, from 1.
    pub line: usize,
    /// The column of its beginning in characters, from 1.
    pub column: usize,
    /// What is said beside it; may be empty.
    pub text: String,
}

impl Label {
    /// A label for a part of `script`.
    pub(crate) fn new(script: &str, span: Range<usize>, text: impl Into<String>) -> Self {
        let start = script.floor_char_boundary(span.start.min(script.len()));
        let before = &script[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span,
            text: text.into(),
        }
    }
}

impl From<ScriptProblem> for ScriptError {
    fn from(problem: ScriptProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ScriptProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.labels.first() {
            write!(formatter, "{}:{}: ", label.line, label.column)?;
        }
        write!(formatter, "{}", self.fault)
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ScriptError {}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScriptFault {
    /// The text is larger than [`SCRIPT_BYTES_MAX`].
    #[error("the script has {size_bytes} bytes, the limit is {SCRIPT_BYTES_MAX}")]
    TooLarge {
        /// How many bytes it has.
        size_bytes: usize,
    },

    /// Brackets are nested deeper than [`SCRIPT_NESTING_MAX`].
    #[error("brackets are nested deeper than {SCRIPT_NESTING_MAX}")]
    TooDeep,

    /// More packages are named than [`INPUTS_MAX`].
    #[error("the script speaks of {count} packages, the limit is {INPUTS_MAX}")]
    TooManyPackages {
        /// How many there are.
        count: usize,
    },

    /// More instances are made than [`INSTANCES_MAX`].
    #[error("the script makes {count} instances, the limit is {INSTANCES_MAX}")]
    TooManyInstances {
        /// How many there are.
        count: usize,
    },

    /// The types of the script are larger than [`SCRIPT_TYPE_PARTS_MAX`].
    #[error(
        "the types have more than {SCRIPT_TYPE_PARTS_MAX} parts when every name in them is replaced by its type"
    )]
    TypesTooLarge,

    /// The packages together are larger than [`COMPOSITION_BYTES_MAX`].
    #[error("the packages have {size_bytes} bytes together, the limit is {COMPOSITION_BYTES_MAX}")]
    PackagesTooLarge {
        /// How many bytes they have.
        size_bytes: usize,
    },

    /// Something else stands where the language wants something.
    #[error("expected {expected}, found {found}")]
    Syntax {
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },

    /// The text has a character that may stand nowhere, or a string or comment without an end.
    #[error("{what}")]
    Character {
        /// What it is.
        what: String,
    },

    /// A record, variant, enum or flags type without members.
    #[error("expected at least one {member} of the {kind}, found none")]
    Empty {
        /// What kind of type.
        kind: String,
        /// What it should have.
        member: String,
    },

    /// A version that is none.
    #[error("expected a whole version such as `1.2.3`, found `{version}`")]
    Version {
        /// What is there.
        version: String,
    },

    /// A name that stands for nothing.
    #[error("{}", unknown(what, name, place, known))]
    Unknown {
        /// What it should be the name of: `name`, `import`, `export`, `type`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it should be known, if it is not the script.
        place: Option<String>,
        /// The names that are known there.
        known: Vec<String>,
    },

    /// A package that is not to be had.
    #[error("unknown package `{name}`")]
    UnknownPackage {
        /// The package.
        name: String,
        /// Packages that are to be had.
        known: Vec<String>,
    },

    /// A name that stands twice where it may stand once.
    #[error("the {what} `{name}` stands twice{}", in_place(place))]
    Duplicate {
        /// What it is the name of.
        what: String,
        /// The name.
        name: String,
        /// Where it stands twice, if it is not the script.
        place: Option<String>,
    },

    /// A name of something else than is wanted.
    #[error("expected {expected}, found {found}{}", named(name))]
    WrongKind {
        /// What is wanted.
        expected: String,
        /// What it is.
        found: String,
        /// The name, if it has one.
        name: Option<String>,
    },

    /// A function gives back a borrowed handle.
    #[error("a result cannot contain a borrowed handle")]
    BorrowInResult,

    /// `new` of the package that the script is.
    #[error("the script is the package `{name}` and cannot make an instance of itself")]
    Itself {
        /// The package.
        name: String,
    },

    /// A package that is no readable component or WIT package.
    #[error("package `{name}`: {source}")]
    Package {
        /// The package.
        name: String,
        /// What is wrong with it.
        source: DecodeError,
    },

    /// `new` of a WIT package, which has no code.
    #[error("package `{name}`: expected a component, found a WIT package")]
    WitPackage {
        /// The package.
        name: String,
    },

    /// `new` without `...` leaves out imports.
    #[error("`new {package}` leaves out {}", quoted(missing))]
    MissingArguments {
        /// The package.
        package: String,
        /// Its imports that nothing fills, in the order of the component.
        missing: Vec<String>,
        /// Names of the script that have an export for one of them: the name, the import.
        sources: Vec<(String, String)>,
    },

    /// `...` in the middle of the arguments.
    #[error("expected `...` as the last argument, found arguments after it")]
    FillNotLast,

    /// `...name` gives nothing that is still wanted.
    #[error("`...{name}` fills no import of `{package}` that is still open")]
    SpreadFillsNothing {
        /// The instance that is spread.
        name: String,
        /// The package that is instantiated.
        package: String,
        /// What the instance exports.
        exports: Vec<String>,
        /// What is still wanted.
        wanted: Vec<String>,
    },

    /// `export name...;` of an instance whose exports are all exported already.
    #[error("nothing is left to export of the instance")]
    SpreadExportsNothing,

    /// `export` of something whose name is not clear.
    #[error("expected `as` and a name: it is not clear under which name this is exported")]
    ExportWithoutName,

    /// An argument whose type is not what the import asks for.
    #[error("{}", argument(.0))]
    Mismatch(
        /// Who is who, and all differences.
        Box<WireMismatch>,
    ),

    /// An import or export whose name the component model does not know.
    #[error("`{name}` is no valid name of an {kind}: {reason}")]
    ExternName {
        /// `import` or `export`.
        kind: String,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },

    /// An export of the name of a type that the script defines, which is exported too.
    #[error("the export `{name}` and the {kind} `{name}` would be two exports of one name")]
    ExportOfType {
        /// The name.
        name: String,
        /// What kind of type it is.
        kind: String,
    },

    /// An import that the script states, and that an instance leaves open as well.
    #[error("`{name}` is imported by a statement, and once more by `...` for an instance of `{package}`")]
    ImportTwice {
        /// The import.
        name: String,
        /// The package whose instance leaves it open.
        package: String,
    },

    /// Two instances leave an import open with different types.
    #[error("{0}")]
    ImportConflict(
        /// Who they are, and all differences.
        Box<ImportConflict>,
    ),

    /// The imports that the script states and those that instances leave open do not go together.
    #[error("the imports of the script cannot become imports of one component: {reason}")]
    ImportsConflict {
        /// What is wrong.
        reason: String,
    },

    /// The composition does not fit the world that it targets.
    #[error("the composition does not fit the world `{world}`: {misfit}")]
    Target {
        /// The world.
        world: String,
        /// In what.
        misfit: Box<Misfit>,
    },

    /// The composition does not fit the world of the script itself that it targets.
    #[error("the composition does not fit the world `{world}`: {difference}")]
    OwnTarget {
        /// The world.
        world: String,
        /// One difference, in words.
        difference: String,
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

fn unknown(what: &str, name: &str, place: &Option<String>, known: &[String]) -> String {
    match place {
        Some(place) => format!("{place} has no {what} `{name}`, found {}", quoted(known)),
        None => format!("unknown {what} `{name}`, found {}", quoted(known)),
    }
}

fn in_place(place: &Option<String>) -> String {
    place.as_ref().map(|place| format!(" in {place}")).unwrap_or_default()
}

fn named(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default()
}

/// What stands for the exporter of a mismatch where the argument is an import of the script itself.
pub(super) const THE_SCRIPT: &str = "the script";

fn argument(mismatch: &WireMismatch) -> String {
    let WireMismatch { importer, import, exporter, export, mismatches } = mismatch;
    let lines = mismatch_lines(mismatches, importer, exporter);
    if exporter == THE_SCRIPT {
        return format!(
            "what is imported as `{export}` does not fit the import `{import}` of `{importer}`:{lines}"
        );
    }
    format!("`{export}` of `{exporter}` does not fit the import `{import}` of `{importer}`:{lines}")
}
