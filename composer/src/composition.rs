//! The result: a component, and what became of everything that went into it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use semver::Version;
use serde::Serialize;
use wkit_interface::{InterfaceParts, Surface};

use crate::binary::Binary;
use crate::error::NearMiss;

/// A composed component.
#[derive(Debug, Clone, Serialize)]
pub struct Composition {
    /// The component in binary form. The same inputs and plan give the same bytes, in whatever order they come.
    #[serde(skip)]
    pub bytes: Binary,
    /// The input whose exports are exported.
    pub socket: String,
    /// The inputs that are inside, each after what it needs; the socket is the last.
    pub instances: Vec<String>,
    /// All wires, sorted by importer and import.
    pub wires: Vec<Wire>,
    /// What the composition still needs, in the order of the binary.
    pub imports: Vec<OpenImport>,
    /// What the composition exports, in the order of the binary.
    pub exports: Vec<String>,
    /// The inputs that nothing needs; they are not inside.
    pub unused: Vec<String>,
    /// Imports that stay open although an input exports another version of the interface, by importer.
    pub near_misses: Vec<NearMiss>,
    /// The surface of the result.
    #[serde(skip)]
    pub surface: Surface,
}

/// An import of one instance that is filled by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wire {
    /// The input with the import.
    pub importer: String,
    /// The import.
    pub import: String,
    /// The input that fills it.
    pub exporter: String,
    /// Its export, the same name or one with another version.
    pub export: String,
    /// The versions, when they differ. Their types have been compared, so the wire is sound; but what an older version
    /// lacks in behaviour, types do not show.
    pub skew: Option<Skew>,
}

/// The versions at the two ends of a wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// The version that the importer was built against.
    pub asked: Version,
    /// The version that the exporter has.
    pub given: Version,
}

impl Skew {
    /// Whether the importer gets an older version than it was built against.
    pub fn is_older(&self) -> bool {
        self.given < self.asked
    }
}

/// An import of the composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenImport {
    /// Its name; of several versions that stand in for each other the highest.
    pub name: String,
    /// Who needs it, by name. Empty when the import only brings types that other imports speak of.
    pub importers: Vec<Importer>,
}

/// An instance that needs an open import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Importer {
    /// The input.
    pub component: String,
    /// The import, possibly with another version than that of the composition.
    pub import: String,
}

impl Composition {
    /// Draws who is wired to whom, as plain text: the socket on top, below each instance what it needs.
    pub fn tree(&self) -> String {
        let mut tree = Tree { composition: self, out: String::new(), shown: BTreeSet::new() };
        let _ = writeln!(tree.out, "{}", self.socket);
        tree.shown.insert(&self.socket);
        tree.needs(&self.socket, "");
        tree.out
    }
}

struct Tree<'a> {
    composition: &'a Composition,
    out: String,
    /// The instances whose needs are drawn already: each is one instance, however many need it.
    shown: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn needs(&mut self, importer: &str, indent: &str) {
        let composition = self.composition;
        let wires: Vec<&'a Wire> =
            composition.wires.iter().filter(|wire| wire.importer == importer).collect();
        let open: Vec<&'a str> = composition
            .imports
            .iter()
            .flat_map(|import| &import.importers)
            .filter(|open| open.component == importer)
            .map(|open| open.import.as_str())
            .collect();
        let count = wires.len() + usize::from(!open.is_empty());
        for (position, wire) in wires.into_iter().enumerate() {
            let (branch, deeper) =
                if position + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
            let version = match &wire.skew {
                Some(skew) => format!(" ({})", skew.given),
                None => String::new(),
            };
            let first = self.shown.insert(&wire.exporter);
            let again = if first { "" } else { ", shown above" };
            let _ =
                writeln!(self.out, "{indent}{branch}{} from {}{version}{again}", wire.import, wire.exporter);
            if first {
                self.needs(&wire.exporter, &format!("{indent}{deeper}"));
            }
        }
        if !open.is_empty() {
            let _ = writeln!(self.out, "{indent}└── open: {}", by_package(&open).join(", "));
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
