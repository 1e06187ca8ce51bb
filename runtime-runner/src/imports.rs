//! What a component imports and this host does not provide.
//!
//! wasmtime's linker stops at the first import that does not fit, and names only that one. Here the component's type is
//! compared with the linker before, so that everything that is missing can be told at once.

use std::fmt;

use semver::Version;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

/// The versions of WASI that the linker of this crate holds; within a compatible range the linker takes any.
const WASI_VERSIONS: [Version; 2] = [Version::new(0, 2, 12), Version::new(0, 3, 0)];

/// Everything that a component imports and the host does not provide, in the component's order. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingImports {
    /// One entry for each import of the component.
    pub imports: Vec<MissingImport>,
}

/// One import that the host does not provide, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingImport {
    /// The name of the interface as the component writes it: `shop:orders/tax@0.1.0`; or of a function that is
    /// imported by itself.
    pub name: String,
    /// The functions of the interface that are missing, or its resources if it has no functions. Empty for what is
    /// imported by itself.
    pub items: Vec<String>,
    /// The version of the same interface that the host has without these items.
    pub host_version: Option<Version>,
}

impl MissingImports {
    /// Compares what `component` imports with what `linker` has.
    pub(crate) fn find<T: 'static>(component: &Component, linker: &Linker<T>) -> Option<Self> {
        let engine = component.engine();
        // Asking a linker means defining; it must not be the real one.
        let mut probe = linker.clone();
        let imports: Vec<_> = component
            .component_type()
            .imports(engine)
            .filter_map(|(name, import)| missing_import(&mut probe, engine, name, &import.ty))
            .collect();
        (!imports.is_empty()).then_some(Self { imports })
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let others: Vec<_> = self.imports.iter().filter(|import| !import.name.starts_with("wasi:")).collect();
        match others.first() {
            Some(import) => {
                format!(
                    "compose it with a component that exports `{}`, and run the composition",
                    import.name
                )
            }
            None => {
                "this host provides `wasi:cli` and `wasi:http` 0.2 and 0.3 and what those worlds import: clocks, \
                 filesystem, io, random and sockets"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for MissingImports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.imports.as_slice() {
            [import] => write!(f, "the component imports {import}, which this host does not provide"),
            imports => {
                write!(f, "the component has {} imports that this host does not provide:", imports.len())?;
                imports.iter().try_for_each(|import| write!(f, "\n  {import}"))
            }
        }
    }
}

impl fmt::Display for MissingImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        if !self.items.is_empty() {
            let items: Vec<_> = self.items.iter().map(|item| format!("`{item}`")).collect();
            write!(f, " ({})", items.join(", "))?;
        }
        if let Some(version) = &self.host_version {
            write!(f, " [the host has version {version} of it]")?;
        }
        Ok(())
    }
}

impl std::error::Error for MissingImports {}

fn missing_import<T: 'static>(
    probe: &mut Linker<T>,
    engine: &Engine,
    name: &str,
    import: &ComponentItem,
) -> Option<MissingImport> {
    let instance = match import {
        ComponentItem::ComponentInstance(instance) => instance,
        // A type needs nothing from the host.
        ComponentItem::Type(_) => return None,
        // This host provides interfaces only.
        _ => return Some(MissingImport { name: name.to_owned(), items: Vec::new(), host_version: None }),
    };
    let (mut functions, mut resources) = (Vec::new(), Vec::new());
    for (item, export) in instance.exports(engine) {
        match export.ty {
            ComponentItem::Type(_) => {}
            ComponentItem::Resource(_) => resources.push(item),
            _ => functions.push(item),
        }
    }
    // A resource may be another interface's, under a second name that the linker need not know; an interface without
    // functions has nothing else to be missed by.
    let wanted = if functions.is_empty() { resources } else { functions };
    let host_names = host_names(name);
    let is_provided = |probe: &mut Linker<T>, item: &str| {
        host_names.iter().any(|(host_name, _)| is_defined(probe, host_name, item))
    };
    let total = wanted.len();
    let items: Vec<_> =
        wanted.into_iter().filter(|item| !is_provided(probe, item)).map(str::to_owned).collect();
    if items.is_empty() {
        return None;
    }
    let host_version =
        if items.len() < total { host_names.into_iter().find_map(|(_, version)| version) } else { None };
    Some(MissingImport { name: name.to_owned(), items, host_version })
}

/// The names under which the linker would find `name`: as it is written, and with the version that this host has.
fn host_names(name: &str) -> Vec<(String, Option<Version>)> {
    let mut names = vec![(name.to_owned(), None)];
    if let Some((unversioned, version)) = name.split_once('@')
        && let Ok(version) = Version::parse(version)
    {
        names.extend(
            WASI_VERSIONS
                .into_iter()
                .filter(|host| is_compatible(host, &version))
                .map(|host| (format!("{unversioned}@{host}"), Some(host))),
        );
    }
    names
}

/// Whether the linker takes one version for the other: both released, and equal up to the leftmost nonzero number.
fn is_compatible(one: &Version, other: &Version) -> bool {
    one.pre.is_empty()
        && other.pre.is_empty()
        && one.major == other.major
        && (one.major != 0 || (one.minor == other.minor && one.minor != 0))
}

/// Whether `linker` has `item` in `interface`. A linker cannot be asked, but it refuses to define a name twice.
fn is_defined<T: 'static>(linker: &mut Linker<T>, interface: &str, item: &str) -> bool {
    match linker.instance(interface) {
        Ok(mut instance) => instance.func_new(item, |_, _, _, _| Ok(())).is_err(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::wasi_linker;

    #[test]
    fn the_versions_are_those_of_the_linker() {
        let engine = Engine::default();
        for version in WASI_VERSIONS {
            let mut linker = wasi_linker(&engine).unwrap();
            let interface = format!("wasi:cli/environment@{version}");
            assert!(is_defined(&mut linker, &interface, "get-environment"), "{interface}");
            assert!(!is_defined(&mut linker, &interface, "no-such-function"), "{interface}");
        }
    }

    #[test]
    fn compatibility_is_that_of_the_linker() {
        let version = |text: &str| Version::parse(text).unwrap();
        for (one, other, compatible) in [
            ("0.2.12", "0.2.0", true),
            ("0.2.12", "0.2.99", true),
            ("0.2.12", "0.3.0", false),
            ("0.3.0", "0.3.0-rc-2025-09-16", false),
            ("1.0.0", "1.4.2", true),
            ("1.0.0", "2.0.0", false),
            ("0.0.1", "0.0.2", false),
        ] {
            assert_eq!(is_compatible(&version(one), &version(other)), compatible, "{one} {other}");
        }
    }
}
