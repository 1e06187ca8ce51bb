//! What became of the packages of a script: the wires, read from wac's graph.

use std::collections::HashMap;

use wac_graph::{CompositionGraph, NodeId, NodeKind};
use wkit_interface::{Item, Surface, fits};

use super::packages::{Package, Packages};
use crate::binary::Binary;
use crate::composition::{ComposedExport, ComposedInstance, Composition, Importer, OpenImport, Skew, Wire};
use crate::{labels, plug};

/// The composition that `graph` was encoded to.
pub(super) fn composition(nodes: &Nodes<'_>, bytes: Binary, surface: Surface) -> Composition {
    let mut wires: Vec<Wire> = nodes.order.iter().flat_map(|node| nodes.wires(*node)).collect();
    wires.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
    let open = nodes.open();
    let importers = |item: &Item| {
        let is_same = |(outer, _): &&(String, Importer)| fits(outer, &item.name);
        open.iter().filter(is_same).map(|(_, importer)| importer.clone()).collect()
    };
    let imports = surface.imports.iter().map(|item| OpenImport {
        name: item.name.clone(),
        implements: item.implements.clone(),
        importers: importers(item),
    });
    let (socket, dropped) = nodes.socket(&surface);
    Composition {
        socket,
        instances: nodes.order.iter().map(|node| nodes.instance(*node)).collect(),
        wires,
        imports: imports.collect(),
        exports: surface.exports.iter().filter_map(|item| nodes.export(&item.name)).collect(),
        dropped,
        unused: Vec::new(),
        near_misses: Vec::new(),
        bytes,
        surface,
    }
}

/// The graph of a script, in names.
pub(super) struct Nodes<'a> {
    graph: &'a CompositionGraph,
    packages: &'a Packages<'a>,
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
    pub(super) fn of(graph: &'a CompositionGraph, packages: &'a Packages<'a>) -> Self {
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
        Self { graph, packages, order, names }
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

    fn package(&self, node: NodeId) -> Option<&'a Package<'a>> {
        let package = &self.graph[self.graph[node].package()?];
        self.packages.find(package.name(), package.version())
    }

    fn instance(&self, node: NodeId) -> ComposedInstance {
        let component = self.package(node).map(|package| package.request.to_string()).unwrap_or_default();
        ComposedInstance { name: self.names[&node].clone(), component }
    }

    fn wires(&self, importer: NodeId) -> Vec<Wire> {
        let wire = |(import, argument): (&str, NodeId)| {
            let Source::Instance { node, export } = self.source(argument) else { return None };
            let asked = self.package(importer).and_then(|package| package.surface.import(import));
            let given = self.package(node).and_then(|package| package.surface.export(&export));
            let versions = asked.zip(given).and_then(|(asked, given)| plug::versions(asked, given));
            Some(Wire {
                importer: self.names[&importer].clone(),
                import: import.to_owned(),
                implements: asked.and_then(|item| item.implements.clone()),
                exporter: self.names[&node].clone(),
                export,
                skew: versions.map(|(asked, given)| Skew { asked, given }),
            })
        };
        self.graph.get_instantiation_arguments(importer).filter_map(wire).collect()
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
                // A script says of everything that stays open that it does.
                let importer =
                    Importer { instance: self.names[node].clone(), import: import.clone(), stated: true };
                open.push((outer, importer));
            }
        }
        open
    }

    /// Where the export `name` of the composition comes from, if it is from an instance.
    fn export(&self, name: &str) -> Option<ComposedExport> {
        let Source::Instance { node, export } = self.source(self.graph.get_export(name)?) else {
            return None;
        };
        Some(ComposedExport { name: name.to_owned(), instance: self.names[&node].clone(), export })
    }

    /// The one instance that all exports come from, and what it exports besides.
    fn socket(&self, surface: &Surface) -> (Option<String>, Vec<String>) {
        let exports: Vec<Option<ComposedExport>> =
            surface.exports.iter().map(|item| self.export(&item.name)).collect();
        let Some(Some(first)) = exports.first() else { return (None, Vec::new()) };
        let is_of_first = |export: &Option<ComposedExport>| {
            export.as_ref().is_some_and(|export| export.instance == first.instance)
        };
        let node = self.order.iter().find(|node| self.names[*node] == first.instance);
        let Some(package) = node.and_then(|node| self.package(*node)) else { return (None, Vec::new()) };
        if !exports.iter().all(is_of_first) {
            return (None, Vec::new());
        }
        let is_exported = |item: &&Item| {
            exports.iter().flatten().any(|export| export.export == item.name || export.export.is_empty())
        };
        let dropped = package.surface.exports.iter().filter(|item| !is_exported(item));
        (Some(first.instance.clone()), dropped.map(|item| item.name.clone()).collect())
    }

    /// The exports under a plain name that stand for an interface, each with that interface: wac writes the names alone.
    pub(super) fn label_exports(&self) -> HashMap<String, String> {
        let exports = self.graph.node_ids().filter_map(|node| self.graph[node].export_name());
        let interface = |name: &str| {
            let Source::Instance { node, export } = self.source(self.graph.get_export(name)?) else {
                return None;
            };
            let item = self.package(node)?.surface.export(&export)?;
            labels::interface_of(name, item).map(|interface| (name.to_owned(), interface))
        };
        exports.filter_map(interface).collect()
    }
}
