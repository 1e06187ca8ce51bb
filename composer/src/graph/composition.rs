//! The graph of a composition that has just been made, without a look into its bytes.

use std::collections::HashMap;

use super::{Edge, End, Export, Graph, GraphComponent, GraphImport, GraphImporter, Node, TreeStyle};
use crate::composition::{ComposedExport, Composition};

impl From<&Composition> for Graph {
    /// Digests, sizes and producers are not known here; [`Graph::read`] finds them in the bytes.
    fn from(composition: &Composition) -> Self {
        let mut graph = Self {
            name: composition.socket.clone().unwrap_or_else(|| "composition".to_owned()),
            digest: None,
            size_bytes: None,
            components: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
        };
        let (mut components, mut nodes) = (HashMap::new(), HashMap::new());
        for instance in &composition.instances {
            let component = *components.entry(instance.component.as_str()).or_insert(graph.components.len());
            if component == graph.components.len() {
                let name = instance.component.clone();
                graph.components.push(GraphComponent { name, ..GraphComponent::default() });
            }
            nodes.insert(instance.name.as_str(), graph.nodes.len());
            graph.nodes.push(Node { name: instance.name.clone(), component, within: Vec::new() });
        }
        let node = |name: &String| nodes.get(name.as_str()).copied();
        graph.edges = composition
            .wires
            .iter()
            .filter_map(|wire| {
                Some(Edge {
                    importer: node(&wire.importer)?,
                    import: wire.import.clone(),
                    implements: wire.implements.clone(),
                    exporter: node(&wire.exporter)?,
                    export: wire.export.clone(),
                    skew: wire.skew.clone(),
                    functions: None,
                })
            })
            .collect();
        let importer = |importer: &crate::composition::Importer| {
            let (import, stated) = (importer.import.clone(), importer.stated);
            Some(GraphImporter { node: node(&importer.instance)?, import, functions: None, stated })
        };
        let open = composition.imports.iter().map(|import| GraphImport {
            name: import.name.clone(),
            importers: import.importers.iter().filter_map(importer).collect(),
        });
        graph.imports = open.collect();
        let exports = composition.exports.iter().map(|export| Export {
            name: export.name.clone(),
            from: vec![End { node: node(&export.instance), export: export.export.clone() }],
        });
        graph.exports = exports.collect();
        graph
    }
}

impl Composition {
    /// Draws who is wired to whom, as plain text: on top what exports something, below each instance what it needs.
    /// What is exported is told when it is not simply all that the socket exports.
    pub fn tree(&self) -> String {
        let is_own = |export: &ComposedExport| {
            export.name == export.export && Some(&export.instance) == self.socket.as_ref()
        };
        let exports = !self.dropped.is_empty() || !self.exports.iter().all(is_own);
        Graph::from(self).tree(&TreeStyle { exports, ..TreeStyle::default() })
    }
}
