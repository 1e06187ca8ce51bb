//! Writes the composed component, by way of `wac-graph`; its types stay in here.

use std::collections::HashMap;

use wac_graph::{CompositionGraph, EncodeError, EncodeOptions, NodeId, PackageId, Processor};
use wac_types::Package;
use wkit_interface::Surface;

use crate::binary::Binary;
use crate::error::ComposeError;
use crate::exports::Exported;
use crate::instances::{Index, Instance};
use crate::labels;
use crate::plug::{Candidates, End};
use crate::share::Graph;
use crate::shell::{Shell, Shells};

/// Instantiates what `order` says with the wires and exports of `graph`, and leaves all other imports open. Gives the
/// composition and its surface.
pub(crate) fn encode(
    graph: &Graph<'_>,
    order: &[Index],
    packages: Packages,
    shells: &Shells,
) -> Result<(Binary, Surface), ComposeError> {
    let Graph { instances, wires, exports, .. } = graph;
    let mut engine =
        Engine { instances, graph: packages.graph, packages: packages.packages, nodes: HashMap::new() };
    for index in order {
        engine.instantiate(*index, wires)?;
    }
    for export in exports {
        engine.export(export)?;
    }
    let composed = labels::restore(engine.finish()?, &label_exports(instances, exports))?;
    shells.fill(composed)
}

/// The exports under a plain name that stand for an interface, each with that interface: `wac-graph` writes the names
/// alone.
fn label_exports(instances: &[Instance<'_>], exports: &[Exported]) -> HashMap<String, String> {
    let interface = |export: &Exported| {
        let item = instances[export.instance].surface().export(&export.export)?;
        labels::interface_of(&export.name, item).map(|interface| (export.name.clone(), interface))
    };
    exports.iter().filter_map(interface).collect()
}

/// How every composition is written, so that the same graph gives the same bytes whoever made it.
pub(crate) fn encode_options() -> EncodeOptions<'static> {
    EncodeOptions {
        define_components: true,
        // The result is validated by the caller, with the features that wkit accepts.
        validate: false,
        processor: Some(Processor { name: "wkit", version: env!("CARGO_PKG_VERSION") }),
    }
}

/// The components as `wac-graph` knows them, by the numbers of their shells: those of equal bytes are written once and
/// instantiated as often as they are named.
#[derive(Default)]
pub(crate) struct Packages {
    graph: CompositionGraph,
    packages: HashMap<usize, Registered>,
}

enum Registered {
    /// Read, and not asked for yet.
    Read(Box<Package>),
    Graph(PackageId),
    /// It cannot be read, and why.
    Failed(String),
}

impl Packages {
    /// Reads a component that has been validated, which takes about as long as that.
    pub(crate) fn add(&mut self, name: &str, shell: &Shell) {
        let package = match Package::from_bytes(name, None, shell.bytes(), self.graph.types_mut()) {
            Ok(package) => Registered::Read(Box::new(package)),
            Err(error) => Registered::Failed(chain(error.as_ref())),
        };
        self.packages.insert(shell.number(), package);
    }
}

struct Engine<'a> {
    instances: &'a [Instance<'a>],
    graph: CompositionGraph,
    packages: HashMap<usize, Registered>,
    nodes: HashMap<Index, NodeId>,
}

impl<'a> Engine<'a> {
    fn node(&self, index: Index) -> Option<NodeId> {
        self.nodes.get(&index).copied()
    }

    fn package(&mut self, index: Index) -> Result<PackageId, ComposeError> {
        let component = self.instances[index].component;
        let failed =
            |message: String| ComposeError::Encode { doing: format!("read `{}`", component.name), message };
        let package = match self.packages.remove(&component.shell) {
            Some(Registered::Graph(package)) => Ok(package),
            Some(Registered::Read(package)) => {
                self.graph.register_package(*package).map_err(|error| error.to_string())
            }
            Some(Registered::Failed(message)) => Err(message),
            None => Err("it was not read".to_owned()),
        };
        let package = package.map_err(failed)?;
        self.packages.insert(component.shell, Registered::Graph(package));
        Ok(package)
    }

    /// Takes the exports that fill the imports before it makes the instance, as the wac language does with the arguments
    /// of `new`: a script of the same wiring gives the same bytes.
    fn instantiate(&mut self, importer: Index, wires: &Candidates) -> Result<(), ComposeError> {
        let package = self.package(importer)?;
        let mut arguments = Vec::new();
        for ((_, import), ends) in wires.range((importer, String::new())..(importer + 1, String::new())) {
            for end in ends {
                let Some(source) = self.node(end.exporter) else {
                    let message = "the exporter is not instantiated yet".to_owned();
                    return Err(self.cannot_fill(importer, import, end, message));
                };
                match self.graph.alias_instance_export(source, &end.export) {
                    Ok(export) => arguments.push((import, end, export)),
                    Err(error) => return Err(self.cannot_fill(importer, import, end, error.to_string())),
                }
            }
        }
        let node = self.graph.instantiate(package);
        self.graph.set_node_name(node, self.instances[importer].name.clone());
        self.nodes.insert(importer, node);
        for (import, end, export) in arguments {
            self.graph
                .set_instantiation_argument(node, import, export)
                .map_err(|error| self.cannot_fill(importer, import, end, chain(&error)))?;
        }
        Ok(())
    }

    fn cannot_fill(&self, importer: Index, import: &str, end: &End, message: String) -> ComposeError {
        ComposeError::Encode {
            doing: format!(
                "fill the import `{import}` of `{}` with `{}` of `{}`",
                self.instances[importer].name, end.export, self.instances[end.exporter].name
            ),
            message,
        }
    }

    fn export(&mut self, export: &Exported) -> Result<(), ComposeError> {
        let failed = |message: String| ComposeError::Encode {
            doing: format!(
                "export `{}` of `{}` as `{}`",
                export.export, self.instances[export.instance].name, export.name
            ),
            message,
        };
        let Some(node) = self.node(export.instance) else {
            return Err(failed("it is not instantiated".to_owned()));
        };
        let alias = self
            .graph
            .alias_instance_export(node, &export.export)
            .map_err(|error| failed(error.to_string()))?;
        // Names are unique by now, so that the only thing left to be wrong is the name itself.
        self.graph.export(alias, &export.name).map_err(|_| ComposeError::ExportName {
            instance: self.instances[export.instance].name.clone(),
            export: export.export.clone(),
            name: export.name.clone(),
        })
    }

    fn finish(&self) -> Result<Vec<u8>, ComposeError> {
        self.graph.encode(encode_options()).map_err(|error| self.translate(&error))
    }

    /// Says in names what `wac-graph` says in node numbers.
    fn translate(&self, error: &EncodeError) -> ComposeError {
        let doing = "write the composition".to_owned();
        match error {
            EncodeError::ImportTypeMergeConflict { import, first, second, source } => {
                let name = |node: NodeId| {
                    let found = self.nodes.iter().find(|(_, known)| **known == node);
                    found.map_or("a component", |(index, _)| self.instances[*index].name.as_str())
                };
                ComposeError::Encode {
                    doing: format!(
                        "make one import of `{import}`, which `{}` and `{}` need",
                        name(*first),
                        name(*second)
                    ),
                    message: chain(source.as_ref()),
                }
            }
            EncodeError::ValidationFailure { source } => {
                ComposeError::Encode { doing, message: source.message().to_owned() }
            }
            EncodeError::ImplicitImportConflict { name, .. } => {
                ComposeError::Encode { doing, message: format!("the import `{name}` stands twice") }
            }
            EncodeError::GraphContainsCycle { .. } => ComposeError::Encode {
                doing,
                message: "the components need each other in a circle".to_owned(),
            },
        }
    }
}

/// An error with everything that caused it, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
