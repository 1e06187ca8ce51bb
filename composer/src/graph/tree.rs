//! Draws a graph as a tree of plain text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Edge, Graph, by_package};

/// How parts of the tree are set off on a terminal: what stands before and after each. By default nothing is.
#[derive(Debug, Clone, Copy, Default)]
pub struct TreeStyle<'a> {
    /// Around the names of instances.
    pub instance: [&'a str; 2],
    /// Around what is of less interest: sizes, lines, what stands above already.
    pub aside: [&'a str; 2],
    /// Whether exports are listed even when they are simply all that one instance exports.
    pub exports: bool,
}

impl Graph {
    /// Draws who is wired to whom: on top what no other instance needs, below each instance what it needs. What is
    /// exported is told when it is not simply all of one instance under its own names.
    pub fn tree(&self, style: &TreeStyle<'_>) -> String {
        let mut tree = Tree::new(self, style);
        let needed: BTreeSet<usize> = self.edges.iter().map(|edge| edge.exporter).collect();
        let roots = (0..self.nodes.len()).rev().filter(|node| !needed.contains(node));
        // In a circle, which the core code of a composition may close, nobody is on top.
        for root in roots.chain((0..self.nodes.len()).rev()) {
            if std::mem::replace(&mut tree.shown[root], true) {
                continue;
            }
            let name = tree.instance(root, true);
            let _ = writeln!(tree.out, "{name}");
            tree.below(root);
        }
        tree.exports();
        tree.out
    }
}

struct Tree<'a> {
    graph: &'a Graph,
    style: &'a TreeStyle<'a>,
    /// The wires of each instance.
    needs: Vec<Vec<&'a Edge>>,
    /// The open imports of each instance: first those that a plan leaves open, then the others.
    open: Vec<[Vec<&'a str>; 2]>,
    /// The instances whose needs are drawn already: each is one instance, however many need it.
    shown: Vec<bool>,
    out: String,
}

/// A line that is still to be drawn.
struct Line<'a> {
    indent: String,
    is_last: bool,
    what: What<'a>,
}

enum What<'a> {
    Wire(&'a Edge),
    Open { word: &'static str, names: &'a [&'a str] },
}

impl<'a> Tree<'a> {
    fn new(graph: &'a Graph, style: &'a TreeStyle<'a>) -> Self {
        let mut needs = vec![Vec::new(); graph.nodes.len()];
        for edge in &graph.edges {
            needs[edge.importer].push(edge);
        }
        let mut open = vec![[Vec::new(), Vec::new()]; graph.nodes.len()];
        for importer in graph.imports.iter().flat_map(|import| &import.importers) {
            open[importer.node][usize::from(!importer.stated)].push(importer.import.as_str());
        }
        Self { graph, style, needs, open, shown: vec![false; graph.nodes.len()], out: String::new() }
    }

    fn below(&mut self, root: usize) {
        let (needs, open) = (std::mem::take(&mut self.needs), std::mem::take(&mut self.open));
        let mut pending = lines(&needs[root], &open[root], "");
        while let Some(line) = pending.pop() {
            let branch = if line.is_last { "└── " } else { "├── " };
            let [dim, plain] = self.style.aside;
            let text = match line.what {
                What::Open { word, names } => format!("{word}: {}", by_package(names).join(", ")),
                What::Wire(edge) => {
                    let first = !std::mem::replace(&mut self.shown[edge.exporter], true);
                    if first {
                        let deeper = if line.is_last { "    " } else { "│   " };
                        let indent = format!("{}{deeper}", line.indent);
                        pending.extend(lines(&needs[edge.exporter], &open[edge.exporter], &indent));
                    }
                    let again = if first { String::new() } else { format!("{dim}, shown above{plain}") };
                    format!("{}{again}", self.wire(edge, first))
                }
            };
            let _ = writeln!(self.out, "{dim}{}{branch}{plain}{text}", line.indent);
        }
        (self.needs, self.open) = (needs, open);
    }

    /// The name of an instance, with what is known of its component.
    fn instance(&self, node: usize, with_details: bool) -> String {
        let ([strong, end], [dim, plain]) = (self.style.instance, self.style.aside);
        let name = self.graph.full_name(node);
        let node = &self.graph.nodes[node];
        let component = self.graph.component(node);
        let mut details = Vec::new();
        if component.name != node.name {
            details.push(format!("an instance of {}", component.name));
        }
        if with_details {
            details.extend(component.languages.iter().take(2).cloned());
            details.extend(component.size_bytes.map(super::size));
        }
        match details.is_empty() {
            true => format!("{strong}{name}{end}"),
            false => format!("{strong}{name}{end} {dim}({}){plain}", details.join(", ")),
        }
    }

    /// `IMPORT from INSTANCE`, with the interface of a label, the version where it differs, and the export where it
    /// has another name.
    fn wire(&self, edge: &Edge, with_details: bool) -> String {
        let label = edge.implements.as_ref().map(|interface| format!(" ({interface})")).unwrap_or_default();
        let asked = edge.implements.as_ref().unwrap_or(&edge.import);
        let other = match &edge.skew {
            Some(skew) => format!(" ({})", skew.given),
            None if edge.export == edge.import || edge.export == *asked => String::new(),
            None => format!(", its {}", edge.export),
        };
        let exporter = self.instance(edge.exporter, with_details);
        format!("{}{label} from {exporter}{other}", edge.import)
    }

    fn exports(&mut self) {
        let exports = &self.graph.exports;
        let first = exports.iter().find_map(|export| export.from.first()?.node);
        let is_own = |export: &super::Export| {
            export.from.iter().all(|end| end.node.is_some() && end.node == first && end.export == export.name)
        };
        if exports.is_empty() || (!self.style.exports && exports.iter().all(is_own)) {
            return;
        }
        let _ = writeln!(self.out, "exports");
        let [dim, plain] = self.style.aside;
        for (position, export) in exports.iter().enumerate() {
            let branch = if position + 1 == exports.len() { "└── " } else { "├── " };
            let from: Vec<String> = export.from.iter().map(|end| self.end(end, &export.name)).collect();
            let from = if from.is_empty() { String::new() } else { format!(" from {}", from.join(" and ")) };
            let _ = writeln!(self.out, "{dim}{branch}{plain}{}{from}", export.name);
        }
    }

    fn end(&self, end: &super::End, name: &str) -> String {
        let ([strong, plain], other) = (self.style.instance, format!(", its {}", end.export));
        let other = if end.export == name { "" } else { &other };
        match end.node {
            Some(node) => format!("{strong}{}{plain}{other}", self.graph.full_name(node)),
            None => format!("outside{other}"),
        }
    }
}

/// What stands below an instance, the last line first.
fn lines<'a>(needs: &[&'a Edge], open: &'a [Vec<&'a str>; 2], indent: &str) -> Vec<Line<'a>> {
    let words = ["left open", "open"].into_iter().zip(open).filter(|(_, names)| !names.is_empty());
    let open: Vec<What<'a>> = words.map(|(word, names)| What::Open { word, names }).collect();
    let below = needs.iter().map(|edge| What::Wire(edge)).chain(open).rev();
    let line = |(position, what)| Line { indent: indent.to_owned(), is_last: position == 0, what };
    below.enumerate().map(line).collect()
}
