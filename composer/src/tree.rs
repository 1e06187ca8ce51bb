//! Draws a composition as a tree of plain text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wkit_interface::InterfaceParts;

use crate::composition::{ComposedExport, Composition, Wire};

impl Composition {
    /// Draws who is wired to whom, as plain text: on top what exports something, below each instance what it needs.
    /// What is exported is told when it is not simply all that the socket exports.
    pub fn tree(&self) -> String {
        let mut tree = Tree {
            composition: self,
            components: self
                .instances
                .iter()
                .map(|instance| (instance.name.as_str(), instance.component.as_str()))
                .collect(),
            wires: BTreeMap::new(),
            open: BTreeMap::new(),
            out: String::new(),
            shown: BTreeSet::new(),
        };
        for wire in &self.wires {
            tree.wires.entry(&wire.importer).or_default().push(wire);
        }
        for open in self.imports.iter().flat_map(|import| &import.importers) {
            tree.open.entry((&open.instance, open.stated)).or_default().push(&open.import);
        }
        // What is below another one is drawn there.
        let needed: BTreeSet<&str> = self.wires.iter().map(|wire| wire.exporter.as_str()).collect();
        for instance in
            self.instances.iter().rev().filter(|instance| !needed.contains(instance.name.as_str()))
        {
            let name = tree.instance(&instance.name);
            let _ = writeln!(tree.out, "{name}");
            tree.shown.insert(&instance.name);
            tree.needs(&instance.name, "");
        }
        tree.exports();
        tree.out
    }
}

struct Tree<'a> {
    composition: &'a Composition,
    /// The component of each instance.
    components: BTreeMap<&'a str, &'a str>,
    /// The wires of each importer.
    wires: BTreeMap<&'a str, Vec<&'a Wire>>,
    /// The open imports of each instance, those apart that the plan leaves open.
    open: BTreeMap<(&'a str, bool), Vec<&'a str>>,
    out: String,
    /// The instances whose needs are drawn already: each is one instance, however many need it.
    shown: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    /// The name of an instance, with its component where that has another name.
    fn instance(&self, name: &str) -> String {
        match self.components.get(name) {
            Some(component) if *component != name => format!("{name} (an instance of {component})"),
            _ => name.to_owned(),
        }
    }

    fn needs(&mut self, importer: &str, indent: &str) {
        let wires = self.wires.get(importer).cloned().unwrap_or_default();
        let open = |stated: bool| self.open.get(&(importer, stated)).cloned().unwrap_or_default();
        let leaves: Vec<String> = [("left open", open(true)), ("open", open(false))]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{word}: {}", by_package(&names).join(", ")))
            .collect();
        let count = wires.len() + leaves.len();
        for (position, wire) in wires.into_iter().enumerate() {
            let (branch, deeper) =
                if position + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
            let first = self.shown.insert(&wire.exporter);
            let again = if first { "" } else { ", shown above" };
            let text = self.wire(wire);
            let _ = writeln!(self.out, "{indent}{branch}{text}{again}");
            if first {
                self.needs(&wire.exporter, &format!("{indent}{deeper}"));
            }
        }
        for (position, leaf) in leaves.iter().enumerate() {
            let branch = if position + 1 == leaves.len() { "└── " } else { "├── " };
            let _ = writeln!(self.out, "{indent}{branch}{leaf}");
        }
    }

    /// `IMPORT from INSTANCE`, with the interface of a label, the version where it differs, and the export where it
    /// has another name.
    fn wire(&self, wire: &Wire) -> String {
        let label = wire.implements.as_ref().map(|interface| format!(" ({interface})")).unwrap_or_default();
        let asked = wire.implements.as_ref().unwrap_or(&wire.import);
        let other = match &wire.skew {
            Some(skew) => format!(" ({})", skew.given),
            None if wire.export == wire.import || wire.export == *asked => String::new(),
            None => format!(", its {}", wire.export),
        };
        format!("{}{label} from {}{other}", wire.import, self.instance(&wire.exporter))
    }

    /// The exports, unless they are all of one instance and under their own names.
    fn exports(&mut self) {
        let exports = &self.composition.exports;
        let is_own = |export: &ComposedExport| {
            export.name == export.export && Some(&export.instance) == self.composition.socket.as_ref()
        };
        if exports.iter().all(is_own) && self.composition.dropped.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "exports");
        for (position, export) in exports.iter().enumerate() {
            let branch = if position + 1 == exports.len() { "└── " } else { "├── " };
            let other =
                if export.name == export.export { String::new() } else { format!(", its {}", export.export) };
            let _ = writeln!(self.out, "{branch}{} from {}{other}", export.name, export.instance);
        }
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
    use super::by_package;

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
}
