//! What became of the packages of a script: the wires, read from wac's graph.

use std::collections::HashMap;

use wac_graph::{CompositionGraph, NodeId, NodeKind};
use wkit_interface::{Surface, fits};

use super::Script;
use crate::composition::{Composition, Importer, OpenImport, Skew, Wire};
use crate::plug;

/// The composition that `graph` was encoded to.
pub(super) fn composition(
    script: &Script<'_>,
    graph: &CompositionGraph,
    bytes: Vec<u8>,
    surface: Surface,
) -> Composition {
    let nodes = Nodes::of(graph);
    let mut wires: Vec<Wire> = nodes.order.iter().flat_map(|node| nodes.wires(*node)).collect();
    wires.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
    let open = nodes.open();
    let imports = surface
        .imports
        .iter()
        .map(|item| {
            let importers = open
                .iter()
                .filter(|(outer, _)| fits(outer, &item.name))
                .map(|(_, importer)| importer.clone())
                .collect();
            OpenImport { name: item.name.clone(), importers }
        })
        .collect();
    Composition {
        socket: nodes.socket(&surface).unwrap_or_else(|| script.package().to_owned()),
        instances: nodes.order.iter().map(|node| nodes.names[node].clone()).collect(),
        wires,
        imports,
        exports: surface.exports.iter().map(|item| item.name.clone()).collect(),
        unused: Vec::new(),
        near_misses: Vec::new(),
        bytes,
        surface,
    }
}

struct Nodes<'a> {
    graph: &'a CompositionGraph,
    /// The instances in the order of the script.
    order: Vec<NodeId>,
    names: HashMap<NodeId, String>,
}

/// Where an argument or export comes from in the end.
enum Source<'a> {
    Instance { node: NodeId, export: String },
    Import { name: &'a str },
    Other,
}

impl<'a> Nodes<'a> {
    /// Names every instance as the script does; one without a name is named after its package.
    fn of(graph: &'a CompositionGraph) -> Self {
        let is_instance = |node: &NodeId| matches!(graph[*node].kind(), NodeKind::Instantiation(_));
        let order: Vec<NodeId> = graph.node_ids().filter(is_instance).collect();
        let mut names: HashMap<NodeId, String> = HashMap::new();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for node in &order {
            let stated = graph[*node].name();
            let package = graph[*node].package().map(|package| graph[package].name());
            let name = stated.or(package).unwrap_or_default();
            let number = count.entry(name).or_default();
            *number += 1;
            let unique = if *number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            names.insert(*node, unique);
        }
        Self { graph, order, names }
    }

    /// Follows accesses to the instance or import that they begin with.
    fn source(&self, node: NodeId) -> Source<'a> {
        let (mut node, mut path) = (node, Vec::new());
        while let Some((outer, export)) = self.graph.get_alias_source(node) {
            path.push(export);
            node = outer;
        }
        path.reverse();
        match self.graph[node].kind() {
            NodeKind::Instantiation(_) => Source::Instance { node, export: path.join(".") },
            NodeKind::Import(name) => Source::Import { name },
            NodeKind::Definition | NodeKind::Alias => Source::Other,
        }
    }

    fn wires(&self, importer: NodeId) -> Vec<Wire> {
        self.graph
            .get_instantiation_arguments(importer)
            .filter_map(|(import, argument)| {
                let Source::Instance { node, export } = self.source(argument) else { return None };
                Some(Wire {
                    importer: self.names[&importer].clone(),
                    import: import.to_owned(),
                    exporter: self.names[&node].clone(),
                    skew: plug::versions(import, &export).map(|(asked, given)| Skew { asked, given }),
                    export,
                })
            })
            .collect()
    }

    /// The imports of instances that come from outside: under which name, and who needs it.
    fn open(&self) -> Vec<(String, Importer)> {
        let mut open = Vec::new();
        for node in &self.order {
            let arguments: HashMap<&str, NodeId> = self.graph.get_instantiation_arguments(*node).collect();
            let Some(package) = self.graph[*node].package() else { continue };
            for import in self.graph.types()[self.graph[package].ty()].imports.keys() {
                let outer = match arguments.get(import.as_str()).map(|argument| self.source(*argument)) {
                    None => import.clone(),
                    Some(Source::Import { name }) => name.to_owned(),
                    Some(_) => continue,
                };
                let importer = Importer { component: self.names[node].clone(), import: import.clone() };
                open.push((outer, importer));
            }
        }
        open
    }

    /// The one instance that all exports come from.
    fn socket(&self, surface: &Surface) -> Option<String> {
        let mut sockets = surface.exports.iter().map(|item| {
            match self.graph.get_export(&item.name).map(|node| self.source(node)) {
                Some(Source::Instance { node, .. }) => Some(node),
                _ => None,
            }
        });
        let first = sockets.next()??;
        sockets.all(|socket| socket == Some(first)).then(|| self.names[&first].clone())
    }
}
