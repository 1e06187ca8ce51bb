//! The names of imports and exports: `namespace:package/interface@version`, and which versions stand in for each other.

use std::fmt;

use semver::Version;
use serde::Serialize;

/// The name of an import or export, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct InterfaceParts {
    /// The namespace, `wasi` in `wasi:http/types@0.2.6`.
    pub namespace: String,
    /// The package, `http`.
    pub package: String,
    /// The interface, `types`.
    pub interface: String,
    /// The version, `0.2.6`; a canonical version such as `0.2` is no full version and stands in `canonical`.
    pub version: Option<Version>,
    /// The part of the version that decides what fits: the major number, else `0.minor`, else the whole version
    /// (component model Explainer, "canonversion").
    pub canonical: Option<String>,
}

impl InterfaceParts {
    /// Takes `name` apart; `None` for a plain name such as `run` and for a name with nested namespaces.
    pub fn parse(name: &str) -> Option<Self> {
        let (path, version) = match name.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (name, None),
        };
        let (namespace, rest) = path.split_once(':')?;
        let (package, interface) = rest.split_once('/')?;
        let word = |text: &str| !text.is_empty() && !text.contains([':', '/', '<', '>', '=', '"', ' ']);
        if !(word(namespace) && word(package) && word(interface)) {
            return None;
        }
        let full = version.and_then(|version| Version::parse(version).ok());
        let canonical = match (&full, version) {
            (Some(full), _) => Some(canonical_version(full)),
            (None, Some(version)) => Some(version.to_owned()),
            (None, None) => None,
        };
        Some(Self {
            namespace: namespace.to_owned(),
            package: package.to_owned(),
            interface: interface.to_owned(),
            version: full,
            canonical,
        })
    }

    /// The name without its version, `wasi:http/types`.
    pub fn path(&self) -> String {
        format!("{}:{}/{}", self.namespace, self.package, self.interface)
    }
}

impl fmt::Display for InterfaceParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path())?;
        match (&self.version, &self.canonical) {
            (Some(version), _) => write!(formatter, "@{version}"),
            (None, Some(canonical)) => write!(formatter, "@{canonical}"),
            (None, None) => Ok(()),
        }
    }
}

/// The part of `version` that decides what fits: `1` of 1.4.2, `0.2` of 0.2.6, the whole of 0.0.3 and of a prerelease.
pub fn canonical_version(version: &Version) -> String {
    if !version.pre.is_empty() || (version.major == 0 && version.minor == 0) {
        let mut exact = version.clone();
        exact.build = semver::BuildMetadata::EMPTY;
        exact.to_string()
    } else if version.major != 0 {
        version.major.to_string()
    } else {
        format!("0.{}", version.minor)
    }
}

/// Whether an export named `export` may fill an import named `import`, going by the names alone: they are the same,
/// or they are the same interface with versions of one canonical version, in either order (an older patch release may
/// lack what the import needs; the types decide then).
pub fn fits(import: &str, export: &str) -> bool {
    if import == export {
        return true;
    }
    match (InterfaceParts::parse(import), InterfaceParts::parse(export)) {
        (Some(import), Some(export)) => {
            import.canonical.is_some()
                && import.canonical == export.canonical
                && import.path() == export.path()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        let parts = InterfaceParts::parse("wasi:http/types@0.2.6").unwrap();
        assert_eq!((parts.namespace.as_str(), parts.package.as_str()), ("wasi", "http"));
        assert_eq!(parts.interface, "types");
        assert_eq!(parts.version, Some(Version::new(0, 2, 6)));
        assert_eq!(parts.to_string(), "wasi:http/types@0.2.6");
        assert_eq!(InterfaceParts::parse("a:b/c").unwrap().canonical, None);
        assert_eq!(InterfaceParts::parse("a:b/c@0.2").unwrap().to_string(), "a:b/c@0.2");
        for plain in ["run", "a:b", "a/b", ":b/c", "a:/c", "a:b/", "a:b:c/d", "a:b/c/d", ""] {
            assert_eq!(InterfaceParts::parse(plain), None, "{plain}");
        }
    }

    #[test]
    fn matches_by_canonical_version() {
        for (import, export, expected) in [
            ("a:b/c", "a:b/c", true),
            ("run", "run", true),
            ("a:b/c@1.0.0", "a:b/c@1.9.1", true),
            ("a:b/c@1.9.1", "a:b/c@1.0.0", true),
            ("a:b/c@1.0.0", "a:b/c@2.0.0", false),
            ("a:b/c@0.2.0", "a:b/c@0.2.6", true),
            ("a:b/c@0.2.0", "a:b/c@0.3.0", false),
            ("a:b/c@0.0.1", "a:b/c@0.0.2", false),
            ("a:b/c@0.0.1", "a:b/c@0.0.1", true),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0", false),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0-rc.1", true),
            ("a:b/c@0.2", "a:b/c@0.2.7", true),
            ("a:b/c", "a:b/c@1.0.0", false),
            ("a:b/c@1.0.0", "a:b/d@1.0.0", false),
        ] {
            assert_eq!(fits(import, export), expected, "{import} {export}");
        }
    }
}
