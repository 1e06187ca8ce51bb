//! What an error speaks of, for whoever knows where that is written.

use crate::error::{Ambiguity, ComposeError, CycleStep, ImportConflict, ResourceMismatch, WireMismatch};
use crate::near::NearMiss;

/// Something that an error speaks of, and what it says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What is meant.
    pub subject: Subject,
    /// What is to be said there, in a few words.
    pub label: String,
}

/// A part of what was to be composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An instance or input.
    Component {
        /// Its name.
        name: String,
    },
    /// The wire to an import, when the plan has one.
    Wire {
        /// The instance with the import.
        importer: String,
        /// The import, with its version.
        import: String,
    },
    /// What the plan says of the socket.
    Socket,
}

impl ComposeError {
    /// What the error speaks of, the most important first.
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::DuplicateName { name } => vec![component(name, "this name twice")],
            Self::Decode { name, .. } => vec![component(name, "not a component")],
            Self::WitPackage { name } => vec![component(name, "a WIT package")],
            Self::UnknownImport { importer, import, .. } => {
                vec![wire(importer, import, "no such import"), component(importer, "")]
            }
            Self::AmbiguousImport { importer, import, .. } => {
                vec![wire(importer, import, "which version?"), component(importer, "")]
            }
            Self::UnknownExport { importer, import, exporter, .. } => {
                vec![wire(importer, import, ""), component(exporter, "exports nothing of that name")]
            }
            Self::DuplicateWire { importer, import, .. } => vec![wire(importer, import, "wired twice")],
            Self::AmbiguousSocket { candidates, near } => {
                let tops = candidates.iter().map(|name| component(name, "can be the socket"));
                tops.chain(near.iter().flat_map(near_miss)).collect()
            }
            Self::AmbiguousExporter(ambiguities) => ambiguities.iter().flat_map(ambiguity).collect(),
            Self::TypeMismatch(wire) => mismatch(wire),
            Self::Cycle(steps) => steps.iter().flat_map(step).collect(),
            Self::ResourceMismatch(mismatch) => {
                let ResourceMismatch { resource, interface, importer, import, exporter, .. } = &**mismatch;
                vec![
                    wire(importer, interface, "the resource comes from here"),
                    wire(importer, import, format!("speaks of `{resource}`")),
                    component(importer, format!("imports `{import}`")),
                    component(exporter, format!("exports `{import}`")),
                ]
            }
            Self::OpenImportNeedsInner(open) => vec![
                component(&open.importer, format!("nothing fills its import `{}`", open.import)),
                component(&open.exporter, format!("brings the resource `{}`", open.resource)),
            ],
            Self::ExportNeedsInner(inner) => vec![
                component(&inner.instance, format!("exports `{}`", inner.export)),
                component(&inner.exporter, format!("brings the type `{}`", inner.type_name)),
            ],
            Self::ImportConflict(conflict) => {
                let ImportConflict { first, first_import, second, second_import, .. } = &**conflict;
                vec![
                    component(first, format!("imports `{first_import}`")),
                    component(second, format!("imports `{second_import}`")),
                ]
            }
            Self::Incomplete { open, near } => {
                let importers = open.iter().flat_map(|open| &open.importers);
                let importers = importers.map(|importer| {
                    component(&importer.instance, format!("nothing fills its import `{}`", importer.import))
                });
                importers.chain(near.iter().flat_map(near_miss)).collect()
            }
            Self::UnknownComponent { role: "socket", .. } => vec![socket("no such component")],
            Self::NoSuchExport { instance, .. } => vec![component(instance, "has no such export")],
            Self::AmbiguousExport { instance, .. } => vec![component(instance, "has several")],
            Self::DuplicateExport { first, second, .. } => vec![
                component(&first.0, format!("exports `{}`", first.1)),
                component(&second.0, format!("exports `{}`", second.1)),
            ],
            Self::OpenAndWired { importer, import, .. } => vec![wire(importer, import, "left open as well")],
            Self::NothingToOpen { importer: Some(importer), .. } => {
                vec![component(importer, "does not import it")]
            }
            _ => Vec::new(),
        }
    }
}

fn component(name: &str, label: impl Into<String>) -> Place {
    Place { subject: Subject::Component { name: name.to_owned() }, label: label.into() }
}

fn wire(importer: &str, import: &str, label: impl Into<String>) -> Place {
    let subject = Subject::Wire { importer: importer.to_owned(), import: import.to_owned() };
    Place { subject, label: label.into() }
}

fn socket(label: &str) -> Place {
    Place { subject: Subject::Socket, label: label.to_owned() }
}

fn near_miss(near: &NearMiss) -> Vec<Place> {
    let NearMiss { importer, import, exporter, export, .. } = near;
    vec![
        component(importer, format!("imports `{import}`")),
        component(exporter, format!("exports `{export}`")),
    ]
}

fn ambiguity(ambiguity: &Ambiguity) -> Vec<Place> {
    let Ambiguity { importer, import, exporters } = ambiguity;
    let exporters = exporters.iter().map(|(name, export)| component(name, format!("exports `{export}`")));
    [component(importer, format!("imports `{import}`"))].into_iter().chain(exporters).collect()
}

fn mismatch(mismatch: &WireMismatch) -> Vec<Place> {
    let WireMismatch { importer, import, exporter, export, .. } = mismatch;
    vec![
        wire(importer, import, "these do not fit"),
        component(importer, format!("imports `{import}`")),
        component(exporter, format!("exports `{export}`")),
    ]
}

fn step(step: &CycleStep) -> Vec<Place> {
    let CycleStep { importer, import, exporter } = step;
    vec![
        wire(importer, import, "a part of the circle"),
        component(importer, format!("needs `{import}` of `{exporter}`")),
    ]
}
