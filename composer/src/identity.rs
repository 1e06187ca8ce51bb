//! Checks that both ends of every wire get the resources they share from the same place.
//!
//! Types alone do not say this: two components may both speak of the resource `bucket` of `demo:kv/types`, and get it
//! from two different instances. The validator would find that out, but could only speak of it in numbers.

use wkit_interface::{ResourceOrigin, fits};

use crate::error::{ComposeError, ExportNeedsInner, OpenImportNeedsInner, ResourceMismatch, ResourceSource};
use crate::exports::Exported;
use crate::instances::{Index, Instance};
use crate::plug::{Candidates, End, line};
use crate::share::Graph;

/// Checks all wires, and the imports that stay open; the wires must be free of circles.
pub(crate) fn check(instances: &[Instance<'_>], wires: &Candidates, in_use: &[Index]) -> Vec<ComposeError> {
    let mut problems = Vec::new();
    let check = Check { instances, wires };
    let mut sorted = in_use.to_vec();
    sorted.sort_unstable();
    for importer in sorted {
        for import in instances[importer].needs() {
            match wires.get(&(importer, import.name.clone())).and_then(|ends| ends.first()) {
                Some(end) => check.wire(importer, &import.name, end, &mut problems),
                None => check.open(importer, &import.name, &mut problems),
            }
        }
    }
    problems
}

/// Checks that all types of what is exported can be named from outside: a type from inside has to be exported too.
pub(crate) fn check_exports(graph: &Graph<'_>) -> Vec<ComposeError> {
    let check = Check { instances: &graph.instances, wires: &graph.wires };
    let mut problems = Vec::new();
    for exported in &graph.exports {
        let surface = graph.instances[exported.instance].surface();
        for hidden in surface.unnamed_types(&exported.export) {
            let Source::Component { index, export, resource } = check.source(exported.instance, &hidden)
            else {
                continue;
            };
            let is_exported = |known: &Exported| known.instance == index && known.export == export;
            if !graph.exports.iter().any(is_exported) {
                problems.push(ComposeError::ExportNeedsInner(Box::new(ExportNeedsInner {
                    instance: check.name(exported.instance),
                    export: exported.export.clone(),
                    type_name: resource,
                    interface: export,
                    exporter: check.name(index),
                })));
            }
        }
    }
    problems
}

struct Check<'a> {
    instances: &'a [Instance<'a>],
    wires: &'a Candidates,
}

impl Check<'_> {
    fn wire(&self, importer: Index, import: &str, end: &End, problems: &mut Vec<ComposeError>) {
        let exporter = end.exporter;
        let theirs = self.instances[exporter].surface().export_resources(&end.export);
        for ours in self.foreign(importer, import) {
            let same =
                |other: &&ResourceOrigin| other.name == ours.name && fits(&ours.interface, &other.interface);
            let Some(theirs) = theirs.iter().find(same) else { continue };
            let importer_source = self.source(importer, &ours);
            let exporter_source = self.source(exporter, theirs);
            if importer_source != exporter_source {
                problems.push(ComposeError::ResourceMismatch(Box::new(ResourceMismatch {
                    resource: ours.name,
                    interface: ours.interface,
                    importer: self.name(importer),
                    import: import.to_owned(),
                    importer_source: importer_source.shown(self),
                    exporter: self.name(exporter),
                    exporter_source: exporter_source.shown(self),
                })));
            }
        }
    }

    fn open(&self, importer: Index, import: &str, problems: &mut Vec<ComposeError>) {
        for ours in self.foreign(importer, import) {
            if let Source::Component { index, .. } = self.source(importer, &ours) {
                problems.push(ComposeError::OpenImportNeedsInner(Box::new(OpenImportNeedsInner {
                    importer: self.name(importer),
                    import: import.to_owned(),
                    resource: ours.name,
                    interface: ours.interface,
                    exporter: self.name(index),
                })));
            }
        }
    }

    fn name(&self, index: Index) -> String {
        self.instances[index].name.clone()
    }

    /// The resources that an import takes from other imports.
    fn foreign(&self, importer: Index, import: &str) -> Vec<ResourceOrigin> {
        let mut resources = self.instances[importer].surface().import_resources(import);
        resources.retain(|resource| resource.interface != import);
        resources
    }

    /// Follows a resource through the wires to the instance that declares it, or to the outside.
    fn source(&self, index: Index, resource: &ResourceOrigin) -> Source {
        let (mut index, mut resource) = (index, resource.clone());
        // The wires have no circles, so this passes each instance at most once.
        while resource.imported {
            let end = self.wires.get(&(index, resource.interface.clone())).and_then(|ends| ends.first());
            let Some(end) = end else {
                return Source::Outside { import: line(&resource.interface), shown: resource.interface };
            };
            index = end.exporter;
            match self.instances[index].surface().export_type(&end.export, &resource.name) {
                Some(next) => resource = next,
                None => {
                    return Source::Component { index, export: end.export.clone(), resource: resource.name };
                }
            }
        }
        Source::Component { index, export: resource.interface, resource: resource.name }
    }
}

/// Where a resource comes from in the end.
#[derive(Debug, Clone)]
enum Source {
    Component {
        index: Index,
        export: String,
        resource: String,
    },
    /// Open imports with versions that stand in for each other become one import.
    Outside {
        import: String,
        shown: String,
    },
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Component { index, export, resource },
                Self::Component { index: other_index, export: other_export, resource: other_resource },
            ) => (index, export, resource) == (other_index, other_export, other_resource),
            (Self::Outside { import, .. }, Self::Outside { import: other, .. }) => import == other,
            _ => false,
        }
    }
}

impl Source {
    fn shown(self, check: &Check<'_>) -> ResourceSource {
        match self {
            Self::Component { index, export, .. } => {
                ResourceSource::Component { name: check.name(index), export }
            }
            Self::Outside { shown, .. } => ResourceSource::Outside { import: shown },
        }
    }
}
