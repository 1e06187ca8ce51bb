//! Who is wired to whom, as plain data: of a composition that has just been made, or of any composed binary.

mod composition;
mod dot;
mod error;
mod html;
mod layout;
mod mermaid;
pub(crate) mod name;
mod picture;
mod svg;
mod trace;
mod tree;
mod width;

use serde::Serialize;
use wkit_artifact::Digest;
use wkit_interface::{InterfaceParts, Producers};

use crate::composition::Skew;
use crate::structure;
pub use error::GraphError;
pub use tree::TreeStyle;

/// Instances and the wires between them.
///
/// An instance of a composition inside the composition is not a node; the instances in it are, and say where they
/// stand. A component that is no composition is one node.
///
/// ```
/// use wkit_composer::{Graph, Input, Plan, compose};
/// use wkit_fixtures::component::from_wit;
///
/// let input = |name: &str, world: &str| Input {
///     name: name.to_owned(),
///     bytes: from_wit(&format!("package demo:it; world it {{ {world} }} package demo:kv@0.1.0 {{
///         interface store {{ get: func(key: string) -> option<string>; }} }}"), "it").into(),
/// };
/// let inputs = [
///     input("app", "import demo:kv/store@0.1.0; import log: func(line: string); export run: func();"),
///     input("store", "export demo:kv/store@0.1.0;"),
/// ];
/// let composition = compose(&inputs, &Plan::default()).unwrap();
///
/// let graph = Graph::read("demo", &composition.bytes.to_vec().unwrap())?;
/// assert_eq!(graph.nodes[graph.edges[0].importer].name, "app");
/// assert_eq!(graph.nodes[graph.edges[0].exporter].name, "store");
/// assert_eq!(graph.edges[0].functions, Some(1));
/// assert_eq!(graph.imports[0].name, "log");
/// assert!(graph.dot().starts_with("digraph \"demo\" {"));
/// # Ok::<(), wkit_composer::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// What the composition is called.
    pub name: String,
    /// The digest of the composition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The size of the composition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The components that the nodes are instances of; those of equal bytes are one.
    pub components: Vec<GraphComponent>,
    /// The instances, each after those that it needs.
    pub nodes: Vec<Node>,
    /// The wires between instances, by importer and import.
    pub edges: Vec<Edge>,
    /// What the composition needs from outside, in the order of the binary.
    pub imports: Vec<GraphImport>,
    /// What the composition exports, in the order of the binary.
    pub exports: Vec<Export>,
}

/// A component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GraphComponent {
    /// The name that the binary gives it, or that of its first instance.
    pub name: String,
    /// Its digest; `None` when its bytes are not in the binary.
    pub digest: Option<Digest>,
    /// Its size; `None` when its bytes are not in the binary.
    pub size_bytes: Option<u64>,
    /// The languages that it says it is written in.
    pub languages: Vec<String>,
    /// The tools that it says it is made with, each with its version.
    pub tools: Vec<String>,
}

/// An instance of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name, unique among those that stand in the same place.
    pub name: String,
    /// Its component, by position in [`Graph::components`].
    pub component: usize,
    /// The names of the inner compositions that it stands in, outermost first.
    pub within: Vec<String>,
}

/// An import of one instance that is filled by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The instance with the import, by position in [`Graph::nodes`].
    pub importer: usize,
    /// The import.
    pub import: String,
    /// The interface that a plain name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implements: Option<String>,
    /// The instance that fills it, by position in [`Graph::nodes`].
    pub exporter: usize,
    /// Its export; `interface#function` for one function of an interface.
    pub export: String,
    /// The versions, when they differ.
    pub skew: Option<Skew>,
    /// How many functions come over the wire, where that is known.
    pub functions: Option<u32>,
}

/// An import of the composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphImport {
    /// Its name.
    pub name: String,
    /// Who needs it. Empty when the import only brings types that other imports speak of.
    pub importers: Vec<GraphImporter>,
}

/// An instance that needs an open import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphImporter {
    /// The instance, by position in [`Graph::nodes`].
    pub node: usize,
    /// What it calls the import.
    pub import: String,
    /// How many functions it takes, where that is known.
    pub functions: Option<u32>,
    /// Whether a plan leaves it open; bytes do not tell.
    #[serde(skip)]
    pub stated: bool,
}

/// An export of the composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Where it comes from: one place for most, several when it is put together from functions of several instances,
    /// and none when it is a mere type.
    pub from: Vec<End>,
}

/// Where an export comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// The instance, by position in [`Graph::nodes`]; `None` for an import of the composition that is exported again.
    pub node: Option<usize>,
    /// The export of the instance, or the import of the composition.
    pub export: String,
}

impl Graph {
    /// Reads the graph of a component that is called `name`: of a composition, whichever tool made it, or of a
    /// component that is none. Its code is not looked at, and the component is not validated.
    ///
    /// # Errors
    ///
    /// See [`GraphError`].
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, GraphError> {
        let structure = structure::read(bytes)?;
        if structure.is_wit_package() {
            return Err(GraphError::WitPackage);
        }
        trace::trace(name, bytes, &structure)
    }

    /// The component of a node.
    pub fn component(&self, node: &Node) -> &GraphComponent {
        &self.components[node.component]
    }

    /// The name of a node with the inner compositions that it stands in: `stock/cart`.
    pub fn full_name(&self, node: usize) -> String {
        let node = &self.nodes[node];
        let parts: Vec<&str> = node.within.iter().chain([&node.name]).map(String::as_str).collect();
        parts.join("/")
    }

    /// What is known of a node's component, for people: `cart, Go, 2.7 MiB`.
    fn about(&self, node: &Node) -> Vec<String> {
        let component = self.component(node);
        let mut about = Vec::new();
        if component.name != node.name && !component.name.is_empty() {
            about.push(component.name.clone());
        }
        about.extend(component.languages.iter().take(2).cloned());
        about.extend(component.size_bytes.map(size));
        about
    }
}

impl GraphComponent {
    fn read(name: String, digest: Digest, bytes: &[u8]) -> Self {
        let mut component =
            Self { name, digest: Some(digest), size_bytes: Some(bytes.len() as u64), ..Self::default() };
        if let Ok(producers) = wkit_interface::producers(bytes) {
            component.add(&producers);
        }
        if component.languages.iter().any(|language| language == "Python") {
            component.languages.retain(|language| language == "Python");
        }
        component.languages.sort();
        component.languages.dedup();
        component.tools.sort();
        component.tools.dedup();
        component
    }

    /// Producers are nested no deeper than components are.
    fn add(&mut self, producers: &Producers) {
        // An interpreter says in which language it is written, and not which one it runs.
        let name = producers.name.as_deref().unwrap_or_default();
        if name.starts_with("libpython") || name == "componentize_py_runtime.wasm" {
            self.languages.push("Python".to_owned());
        }
        for field in &producers.fields {
            let shown = field
                .values
                .iter()
                .map(|value| format!("{} {}", value.name, value.version).trim_end().to_owned());
            match field.name.as_str() {
                "language" => self.languages.extend(field.values.iter().map(|value| value.name.clone())),
                "processed-by" | "sdk" => self.tools.extend(shown),
                _ => {}
            }
        }
        producers.children.iter().for_each(|child| self.add(child));
    }
}

fn skew(import: &str, export: &str) -> Option<Skew> {
    let version = |name: &str| InterfaceParts::parse(name)?.version;
    let (asked, given) = (version(import)?, version(export)?);
    (asked != given).then_some(Skew { asked, given })
}

/// A size as people read it: `812 B`, `61.5 KiB`, `18.3 MiB`.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
    let value = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", value / 1024.0),
        _ => format!("{:.1} MiB", value / 1_048_576.0),
    }
}

/// An interface without namespace and package, for where room is short: `cart` for `shop:orders/cart@0.1.0`.
fn short(name: &str) -> String {
    match InterfaceParts::parse(name) {
        Some(parts) => parts.interface,
        None => name.to_owned(),
    }
}

/// Import names with those of one package drawn together, as most components import a dozen interfaces of WASI:
/// `wasi:io@0.2.6 (3 interfaces)`.
fn by_package(names: &[&str]) -> Vec<String> {
    let mut packages: Vec<(String, Vec<&str>)> = Vec::new();
    for name in names {
        let package = match InterfaceParts::parse(name) {
            Some(parts) => {
                let version =
                    name.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
                format!("{}:{}{version}", parts.namespace, parts.package)
            }
            None => (*name).to_owned(),
        };
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, members)) => members.push(name),
            None => packages.push((package, vec![name])),
        }
    }
    packages
        .into_iter()
        .map(|(package, members)| match members.as_slice() {
            [one] => (*one).to_owned(),
            several => format!("{package} ({} interfaces)", several.len()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{by_package, size};

    #[test]
    fn open_imports_are_drawn_by_package() {
        let names = [
            "wasi:io/poll@0.2.6",
            "log",
            "wasi:cli/exit@0.2.6",
            "wasi:io/error@0.2.6",
            "wasi:io/error@0.2.0",
        ];
        assert_eq!(
            by_package(&names),
            ["wasi:io@0.2.6 (2 interfaces)", "log", "wasi:cli/exit@0.2.6", "wasi:io/error@0.2.0"]
        );
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([size(1023), size(1024), size(5 * 1024 * 1024)], ["1023 B", "1.0 KiB", "5.0 MiB"]);
    }
}
