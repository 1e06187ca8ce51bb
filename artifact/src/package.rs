//! Names of the component model: packages, their versions, and interfaces.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};

use crate::limits::PACKAGE_REFERENCE_MAX;
use crate::text::{as_string, shown};

/// The name of a package, `namespace:name`, without a version
/// (component model explainer, "Import and Export Definitions").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName {
    namespace: Box<str>,
    name: Box<str>,
}

impl PackageName {
    /// What stands before the colon.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What stands after the colon.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.namespace, self.name)
    }
}

impl FromStr for PackageName {
    type Err = ParsePackageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_length(text)?;
        let (namespace, name) =
            text.split_once(':').ok_or_else(|| ParsePackageError::NoColon { found: shown(text) })?;
        for word in [namespace, name] {
            if !is_words(word) {
                return Err(ParsePackageError::Name { found: shown(word) });
            }
        }
        Ok(Self { namespace: namespace.into(), name: name.into() })
    }
}

as_string!(PackageName);

/// A package a person asks for: `namespace:name`, `namespace:name@1.2.3`, or with a requirement such as
/// `namespace:name@^1.2`, `@1` or `@>=1.2, <2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackageReference {
    name: PackageName,
    version: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    Any,
    Exact(Version),
    Requirement(VersionReq),
}

impl PackageReference {
    /// The package, of which any version will do.
    pub fn any(name: PackageName) -> Self {
        Self { name, version: Wanted::Any }
    }

    /// The package in exactly this version.
    pub fn exact(name: PackageName, version: Version) -> Self {
        Self { name, version: Wanted::Exact(version) }
    }

    /// The package's name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The one version asked for; none for `namespace:name` and for a requirement.
    pub fn version(&self) -> Option<&Version> {
        match &self.version {
            Wanted::Exact(version) => Some(version),
            Wanted::Any | Wanted::Requirement(_) => None,
        }
    }

    /// The requirement that the version must meet, when one is written.
    pub fn requirement(&self) -> Option<&VersionReq> {
        match &self.version {
            Wanted::Requirement(requirement) => Some(requirement),
            Wanted::Any | Wanted::Exact(_) => None,
        }
    }

    /// Whether `version` is one of those asked for. A pre-release is only meant when it is named.
    pub fn matches(&self, version: &Version) -> bool {
        match &self.version {
            Wanted::Any => version.pre.is_empty(),
            Wanted::Exact(wanted) => wanted == version,
            Wanted::Requirement(requirement) => requirement.matches(version),
        }
    }
}

impl fmt::Display for PackageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Wanted::Any => self.name.fmt(formatter),
            Wanted::Exact(version) => write!(formatter, "{}@{version}", self.name),
            Wanted::Requirement(requirement) => write!(formatter, "{}@{requirement}", self.name),
        }
    }
}

impl FromStr for PackageReference {
    type Err = ParsePackageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_length(text)?;
        let Some((name, version)) = text.split_once('@') else { return Ok(Self::any(text.parse()?)) };
        let name = name.parse()?;
        if let Ok(version) = Version::parse(version) {
            return Ok(Self::exact(name, version));
        }
        match VersionReq::parse(version) {
            Ok(requirement) => Ok(Self { name, version: Wanted::Requirement(requirement) }),
            Err(_) => Err(ParsePackageError::Version { found: shown(version) }),
        }
    }
}

as_string!(PackageReference);

/// The name of an interface, `namespace:package/interface` with an optional `@version`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    package: PackageName,
    interface: Box<str>,
    version: Option<Version>,
}

impl InterfaceName {
    /// The package that defines the interface.
    pub fn package(&self) -> &PackageName {
        &self.package
    }

    /// The interface's own name.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The version of the package, if one is written.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.package, self.interface)?;
        match &self.version {
            Some(version) => write!(formatter, "@{version}"),
            None => Ok(()),
        }
    }
}

impl FromStr for InterfaceName {
    type Err = ParseInterfaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let (package, interface) =
            path.split_once('/').ok_or_else(|| ParseInterfaceError::NoSlash { found: shown(text) })?;
        check_length(text)?;
        let package = package.parse()?;
        if !is_label(interface) {
            return Err(ParseInterfaceError::Interface { found: shown(interface) });
        }
        let version = version
            .map(|version| {
                Version::parse(version).map_err(|_| ParseInterfaceError::Version { found: shown(version) })
            })
            .transpose()?;
        Ok(Self { package, interface: interface.into(), version })
    }
}

as_string!(InterfaceName);

/// Why a text is not the name of a package, or no package with a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParsePackageError {
    /// The text is too long.
    #[error("expected at most {PACKAGE_REFERENCE_MAX} characters in a package name, found {found}")]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// There is no colon between namespace and name.
    #[error("expected a package such as `demo:greet` or `demo:greet@1.0.0`, found `{found}`")]
    NoColon {
        /// The text, shortened.
        found: String,
    },
    /// Namespace or name is not in kebab case.
    #[error(
        "expected lower-case words joined by `-` in a package name, beginning with a letter, found `{found}`"
    )]
    Name {
        /// The namespace or the name, shortened.
        found: String,
    },
    /// What follows the `@` is neither a version nor a requirement.
    #[error("expected a version such as `1.0.0` or a requirement such as `^1.0` after `@`, found `{found}`")]
    Version {
        /// What follows, shortened.
        found: String,
    },
}

/// Why a text is not the name of an interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseInterfaceError {
    /// There is no slash between package and interface.
    #[error("expected an interface such as `demo:greet/hello@1.0.0`, found `{found}`")]
    NoSlash {
        /// The text, shortened.
        found: String,
    },
    /// The package is wrong.
    #[error(transparent)]
    Package(#[from] ParsePackageError),
    /// The interface's own name is wrong.
    #[error("expected words joined by `-` as the name of an interface, found `{found}`")]
    Interface {
        /// The name, shortened.
        found: String,
    },
    /// What follows the `@` is not a version.
    #[error("expected a version such as `1.0.0` after `@`, found `{found}`")]
    Version {
        /// What follows, shortened.
        found: String,
    },
}

fn check_length(text: &str) -> Result<(), ParsePackageError> {
    if text.len() > PACKAGE_REFERENCE_MAX {
        return Err(ParsePackageError::Length { found: text.len() });
    }
    Ok(())
}

/// `[a-z][0-9a-z]*(-[0-9a-z]+)*`: the words of a namespace or a package name.
fn is_words(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// Words as in [`is_words`], of which each may be an acronym in upper case: the label of an interface.
fn is_label(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('-').all(|word| {
            !word.is_empty()
                && (word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    || word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names() {
        for (text, namespace, name) in [
            ("demo:greet", "demo", "greet"),
            ("a:b", "a", "b"),
            ("my-org:key-value-2", "my-org", "key-value-2"),
        ] {
            let parsed: PackageName = text.parse().unwrap();
            assert_eq!((parsed.namespace(), parsed.name()), (namespace, name));
            assert_eq!(parsed.to_string(), text);
        }
        for text in [
            "", "demo", ":x", "x:", "Demo:x", "x:Y", "1a:b", "a:1b", "a:b--c", "a:b-", "a:-b", "a:b_c",
            "a:b:c",
        ] {
            assert!(text.parse::<PackageName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn package_references() {
        let any: PackageReference = "demo:greet".parse().unwrap();
        assert_eq!((any.version(), any.requirement()), (None, None));
        let exact: PackageReference = "demo:greet@1.2.3-rc.1".parse().unwrap();
        assert_eq!(exact.version().unwrap().to_string(), "1.2.3-rc.1");
        for text in
            ["demo:greet@^1.2", "demo:greet@1", "demo:greet@1.2", "demo:greet@>=1.0.0, <2", "demo:greet@*"]
        {
            let parsed: PackageReference = text.parse().unwrap();
            assert!(parsed.version().is_none() && parsed.requirement().is_some(), "{text}");
            assert_eq!(parsed.to_string().parse::<PackageReference>().unwrap(), parsed);
        }
        let error = "demo:greet@latest".parse::<PackageReference>().unwrap_err().to_string();
        assert_eq!(
            error,
            "expected a version such as `1.0.0` or a requirement such as `^1.0` after `@`, found `latest`"
        );
        assert!("demo:greet@".parse::<PackageReference>().is_err());
    }

    #[test]
    fn matching() {
        let matches = |text: &str, version: &str| {
            text.parse::<PackageReference>().unwrap().matches(&Version::parse(version).unwrap())
        };
        assert!(matches("a:b", "1.0.0"));
        assert!(!matches("a:b", "1.0.0-rc.1"), "a pre-release is only meant when it is named");
        assert!(matches("a:b@1.0.0-rc.1", "1.0.0-rc.1"));
        assert!(matches("a:b@^1.2", "1.9.0") && !matches("a:b@^1.2", "2.0.0"));
        assert!(matches("a:b@1.2", "1.2.5") && !matches("a:b@1.2.0", "1.2.5"));
    }

    #[test]
    fn interfaces() {
        let parsed: InterfaceName = "wasi:http/incoming-handler@0.2.6".parse().unwrap();
        assert_eq!(parsed.package().to_string(), "wasi:http");
        assert_eq!(parsed.interface(), "incoming-handler");
        assert_eq!(parsed.version().unwrap().to_string(), "0.2.6");
        assert_eq!(parsed.to_string(), "wasi:http/incoming-handler@0.2.6");
        assert_eq!("a:b/HTTP-client".parse::<InterfaceName>().unwrap().version(), None);
        for text in ["a:b", "a:b/", "a:b/c@1", "a:b/c@", "a/c", "a:b/Http", "a:b/c/d", "A:b/c"] {
            assert!(text.parse::<InterfaceName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn limit() {
        let at = format!("a:{}", "b".repeat(PACKAGE_REFERENCE_MAX - 2));
        assert!(at.parse::<PackageReference>().is_ok());
        let past = format!("{at}b");
        assert_eq!(past.parse::<PackageReference>(), Err(ParsePackageError::Length { found: 513 }));
        assert_eq!(past.parse::<PackageName>(), Err(ParsePackageError::Length { found: 513 }));
    }
}
