//! The WIT package that a new component is to implement, from a folder or a registry.

use std::collections::BTreeMap;
use std::path::Path;

use thiserror::Error;
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{PackageId, PackageName, Resolve};

use crate::build::{BuildError, load_packages};

/// A WIT package with everything that it uses, and the world to implement.
pub(crate) struct WitSource {
    resolve: Resolve,
    package: PackageId,
    world: Option<String>,
}

/// Why a WIT package cannot be implemented.
#[derive(Debug, Error)]
pub(crate) enum WitError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] BuildError),
    /// The bytes are no WIT package.
    #[error("`{origin}` is not a WIT package: {reason}")]
    NotWit {
        /// Where it comes from.
        origin: String,
        /// What it is instead.
        reason: String,
    },
    /// It has several worlds.
    #[error("the package `{package}` has several worlds: {}", worlds.join(", "))]
    SeveralWorlds {
        /// The package.
        package: String,
        /// Their names.
        worlds: Vec<String>,
    },
    /// It has no such world.
    #[error("the package `{package}` has no world `{stated}`{}", list(worlds))]
    UnknownWorld {
        /// The package.
        package: String,
        /// What was asked for.
        stated: String,
        /// The worlds that it has.
        worlds: Vec<String>,
    },
    /// There is nothing to implement in it.
    #[error("the package `{package}` has neither a world nor an interface")]
    Empty {
        /// The package.
        package: String,
    },
    /// It cannot be written as text.
    #[error("the package `{package}` cannot be written as text: {message}")]
    Print {
        /// The package.
        package: String,
        /// What the printer says.
        message: String,
    },
}

impl WitError {
    /// Whether another `--world` would do.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::SeveralWorlds { .. } | Self::UnknownWorld { .. })
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::SeveralWorlds { .. } | Self::UnknownWorld { .. } => {
                Some("choose one with `--world`".to_owned())
            }
            Self::NotWit { .. } => {
                Some("`--wit` takes a folder or file of WIT, or a WIT package in a registry".to_owned())
            }
            Self::Empty { .. } | Self::Print { .. } => None,
        }
    }
}

impl WitSource {
    /// A folder with its `deps`, or one file.
    pub(crate) fn from_path(path: &Path, world: Option<String>) -> Result<Self, WitError> {
        let (resolve, package) = load_packages(path)?;
        Self::new(resolve, package, world)
    }

    /// A WIT package in its binary form, which came from `origin`.
    pub(crate) fn from_bytes(bytes: &[u8], origin: &str, world: Option<String>) -> Result<Self, WitError> {
        let not_wit = |reason: String| WitError::NotWit { origin: origin.to_owned(), reason };
        match wit_component::decode(bytes).map_err(|error| not_wit(format!("{error:#}")))? {
            DecodedWasm::WitPackage(resolve, package) => Self::new(resolve, package, world),
            DecodedWasm::Component(..) => Err(not_wit("it is a component".to_owned())),
        }
    }

    fn new(resolve: Resolve, package: PackageId, world: Option<String>) -> Result<Self, WitError> {
        let shown = resolve.packages[package].name.to_string();
        let worlds: Vec<String> = resolve.packages[package].worlds.keys().cloned().collect();
        let world = match (world, &worlds[..]) {
            (Some(stated), _) if worlds.contains(&stated) => Some(stated),
            (Some(stated), _) => return Err(WitError::UnknownWorld { package: shown, stated, worlds }),
            (None, [world]) => Some(world.clone()),
            (None, []) if resolve.packages[package].interfaces.is_empty() => {
                return Err(WitError::Empty { package: shown });
            }
            (None, []) => None,
            (None, _) => return Err(WitError::SeveralWorlds { package: shown, worlds }),
        };
        Ok(Self { resolve, package, world })
    }

    /// `wit/world.wit` of the component `name`, which includes the world (or exports every interface where there is no
    /// world), and every package below `wit/deps`.
    pub(super) fn files(&self, name: &str) -> Result<BTreeMap<String, Vec<u8>>, WitError> {
        let package = &self.resolve.packages[self.package];
        let item = |item: &str| package.name.interface_id(item);
        let lines: Vec<String> = match &self.world {
            Some(world) => vec![format!("include {};", item(world))],
            None => {
                package.interfaces.keys().map(|interface| format!("export {};", item(interface))).collect()
            }
        };
        let world = format!("package local:{name};\n\nworld {name} {{\n    {}\n}}\n", lines.join("\n    "));
        let mut files = BTreeMap::from([("wit/world.wit".to_owned(), world.into_bytes())]);
        for (id, package) in self.resolve.packages.iter() {
            let mut printer = WitPrinter::default();
            printer.print(&self.resolve, id, &[]).map_err(|error| WitError::Print {
                package: package.name.to_string(),
                message: format!("{error:#}"),
            })?;
            let path = format!("wit/deps/{}/package.wit", folder_name(&package.name));
            files.insert(path, String::from(printer.output).into_bytes());
        }
        Ok(files)
    }
}

/// `wasi-cli-0.2.12`, as other tools of the field name these folders.
fn folder_name(package: &PackageName) -> String {
    let version = package.version.as_ref().map(|version| format!("-{version}")).unwrap_or_default();
    format!("{}-{}{version}", package.namespace, package.name)
}

fn list(worlds: &[String]) -> String {
    if worlds.is_empty() { String::new() } else { format!("; its worlds are {}", worlds.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, world: Option<&str>) -> Result<WitSource, WitError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.wit"), text).unwrap();
        WitSource::from_path(folder.path(), world.map(str::to_owned))
    }

    fn world_of(text: &str, world: Option<&str>) -> String {
        let files = source(text, world).unwrap().files("tax").unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in &files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, contents).unwrap();
        }
        crate::build::load_wit(&folder.path().join("wit"), "tax").unwrap();
        assert!(files.contains_key("wit/deps/acme-tax-1.0.0/package.wit"), "{:?}", files.keys());
        String::from_utf8(files["wit/world.wit"].clone()).unwrap()
    }

    const TEXT: &str = "package acme:tax@1.0.0;
/// Rates.
interface rates { rate: func() -> u32; }
interface places { place: func() -> string; }
";

    #[test]
    fn a_world_is_included() {
        let text = format!("{TEXT} world office {{ import places; export rates; }}");
        let world = world_of(&text, None);
        assert!(world.contains("    include acme:tax/office@1.0.0;\n"), "{world}");
        assert_eq!(world_of(&text, Some("office")), world);
    }

    #[test]
    fn without_a_world_every_interface_is_exported() {
        let world = world_of(TEXT, None);
        assert!(world.contains("    export acme:tax/rates@1.0.0;\n"), "{world}");
        assert!(world.contains("    export acme:tax/places@1.0.0;\n"), "{world}");
    }

    #[test]
    fn a_binary_package_gives_the_same() {
        let from_text = source(TEXT, None).unwrap();
        let bytes = wit_component::encode(&from_text.resolve, from_text.package, false).unwrap();
        let from_bytes = WitSource::from_bytes(&bytes, "acme:tax", None).unwrap();
        assert_eq!(from_bytes.files("tax").unwrap(), from_text.files("tax").unwrap());
    }

    #[test]
    fn what_cannot_be_implemented_is_refused() {
        let message = |result: Result<WitSource, WitError>| result.err().unwrap().to_string();
        let two = format!("{TEXT} world a {{}} world b {{}}");
        assert_eq!(message(source(&two, None)), "the package `acme:tax@1.0.0` has several worlds: a, b");
        assert_eq!(
            message(source(&two, Some("c"))),
            "the package `acme:tax@1.0.0` has no world `c`; its worlds are a, b"
        );
        assert!(
            message(source("package acme:tax@1.0.0;", None)).ends_with("neither a world nor an interface")
        );
        let message = message(WitSource::from_bytes(b"hello", "acme:tax", None));
        assert!(message.starts_with("`acme:tax` is not a WIT package: "), "{message}");
    }
}
