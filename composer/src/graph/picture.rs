//! What every picture of a graph shows: boxes, and one line for all wires between two of them.

use std::collections::BTreeMap;

use super::{Graph, by_package, short};

/// A graph as boxes and lines, before anything has a place.
pub(super) struct Picture {
    pub(super) boxes: Vec<Shape>,
    pub(super) links: Vec<Link>,
}

/// A box.
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// What stands in it, the most important first.
    pub(super) lines: Vec<String>,
    /// What a pointer or a screen reader is told.
    pub(super) title: String,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Node,
    Exports,
    Outside,
}

/// All wires from one box to another.
pub(super) struct Link {
    /// The box that needs.
    pub(super) from: usize,
    /// The box that gives.
    pub(super) to: usize,
    /// The interfaces, in short.
    pub(super) label: String,
    /// Each interface with its whole name, one a line.
    pub(super) title: String,
    /// Whether a version differs.
    pub(super) is_skewed: bool,
}

/// How many names are written into one box or on one line before the rest is counted.
const SHOWN_MAX: usize = 8;

impl Picture {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut picture = Self { boxes: Vec::new(), links: Vec::new() };
        for (index, node) in graph.nodes.iter().enumerate() {
            let name = graph.full_name(index);
            let about = graph.about(node).join(", ");
            let mut title = if about.is_empty() { name.clone() } else { format!("{name}: {about}") };
            if let Some(digest) = &graph.component(node).digest {
                title += &format!("\n{digest}");
            }
            let lines = [name, about].into_iter().filter(|line| !line.is_empty()).collect();
            picture.boxes.push(Shape { kind: Kind::Node, lines, title });
        }
        picture.wires(graph);
        picture.exports(graph);
        picture.outside(graph);
        picture
    }

    fn wires(&mut self, graph: &Graph) {
        let mut pairs: BTreeMap<(usize, usize), Vec<&super::Edge>> = BTreeMap::new();
        for edge in &graph.edges {
            pairs.entry((edge.importer, edge.exporter)).or_default().push(edge);
        }
        for ((from, to), edges) in pairs {
            let names: Vec<String> = edges.iter().map(|edge| short(&edge.import)).collect();
            let titles: Vec<String> = edges.iter().map(|edge| wire(graph, edge)).collect();
            let is_skewed = edges.iter().any(|edge| edge.skew.is_some());
            self.links.push(Link { from, to, label: few(&names), title: titles.join("\n"), is_skewed });
        }
    }

    fn exports(&mut self, graph: &Graph) {
        if graph.exports.is_empty() {
            return;
        }
        let names: Vec<&str> = graph.exports.iter().map(|export| export.name.as_str()).collect();
        let exports = self.list(Kind::Exports, "exports", &names);
        let mut nodes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for export in &graph.exports {
            for end in &export.from {
                let Some(node) = end.node else { continue };
                let renamed = end.export != export.name;
                let other = if renamed { format!(", its {}", end.export) } else { String::new() };
                nodes.entry(node).or_default().push(format!(
                    "{} from {}{other}",
                    export.name,
                    graph.full_name(node)
                ));
            }
        }
        for (node, titles) in nodes {
            let title = titles.join("\n");
            self.links.push(Link { from: exports, to: node, label: String::new(), title, is_skewed: false });
        }
    }

    fn outside(&mut self, graph: &Graph) {
        if graph.imports.is_empty() {
            return;
        }
        let names: Vec<&str> = graph.imports.iter().map(|import| import.name.as_str()).collect();
        let outside = self.list(Kind::Outside, "outside", &names);
        let mut nodes: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for import in &graph.imports {
            for importer in &import.importers {
                nodes.entry(importer.node).or_default().push(&importer.import);
            }
        }
        for (node, imports) in nodes {
            let title = format!("{} from outside:\n{}", graph.full_name(node), imports.join("\n"));
            self.links.push(Link { from: node, to: outside, label: String::new(), title, is_skewed: false });
        }
    }

    fn list(&mut self, kind: Kind, heading: &str, names: &[&str]) -> usize {
        let mut lines = vec![heading.to_owned()];
        let grouped = by_package(names);
        lines.extend(grouped.iter().take(SHOWN_MAX).cloned());
        if grouped.len() > SHOWN_MAX {
            lines.push(format!("and {} more", grouped.len() - SHOWN_MAX));
        }
        self.boxes.push(Shape { kind, lines, title: format!("{heading}:\n{}", names.join("\n")) });
        self.boxes.len() - 1
    }
}

/// A wire in words.
fn wire(graph: &Graph, edge: &super::Edge) -> String {
    let (importer, exporter) = (graph.full_name(edge.importer), graph.full_name(edge.exporter));
    let asked = edge.implements.as_ref().unwrap_or(&edge.import);
    let label = edge.implements.as_ref().map(|interface| format!(" ({interface})")).unwrap_or_default();
    let export = if edge.export == *asked { String::new() } else { format!(", its {}", edge.export) };
    let functions = match edge.functions {
        Some(1) => ", 1 function".to_owned(),
        Some(count) if count > 1 => format!(", {count} functions"),
        _ => String::new(),
    };
    format!("{importer} needs {}{label} from {exporter}{export}{functions}", edge.import)
}

/// A few names, and how many there are besides.
fn few(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [one, two] => format!("{one}, {two}"),
        [one, two, three] => format!("{one}, {two}, {three}"),
        several => format!("{} interfaces", several.len()),
    }
}
