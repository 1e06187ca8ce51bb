//! What a person types where an artifact is expected.

use std::fmt;
use std::str::FromStr;

use crate::package::{PackageReference, ParsePackageError};
use crate::reference::{ParseReferenceError, Reference};
use crate::text::as_string;

/// A package to be found through the configuration, or a reference that says itself where it is.
///
/// Anything with a `/` is a reference, because no package name has one; `oci://` may stand before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Locator {
    /// `namespace:name`, with or without a version or requirement.
    Package(PackageReference),
    /// `host/repository:tag` and its like.
    Reference(Reference),
}

impl fmt::Display for Locator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Locator::Package(package) => package.fmt(formatter),
            Locator::Reference(reference) => reference.fmt(formatter),
        }
    }
}

impl FromStr for Locator {
    type Err = ParseLocatorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("oci://") {
            Some(reference) => Ok(Locator::Reference(reference.parse()?)),
            None if text.contains('/') => Ok(Locator::Reference(text.parse()?)),
            None => Ok(Locator::Package(text.parse()?)),
        }
    }
}

as_string!(Locator);

impl From<PackageReference> for Locator {
    fn from(package: PackageReference) -> Self {
        Locator::Package(package)
    }
}

impl From<Reference> for Locator {
    fn from(reference: Reference) -> Self {
        Locator::Reference(reference)
    }
}

/// Why a text is neither a package nor a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseLocatorError {
    /// It has no slash and is no package.
    #[error(transparent)]
    Package(#[from] ParsePackageError),
    /// It has a slash and is no reference.
    #[error(transparent)]
    Reference(#[from] ParseReferenceError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds() {
        assert!(matches!("demo:greet@1.0.0".parse().unwrap(), Locator::Package(_)));
        assert!(matches!("demo:greet@^1".parse().unwrap(), Locator::Package(_)));
        for text in ["localhost:5000/demo/greet:1", "oci://localhost:5000/demo/greet:1"] {
            let locator: Locator = text.parse().unwrap();
            assert!(matches!(locator, Locator::Reference(_)));
            assert_eq!(locator.to_string(), "localhost:5000/demo/greet:1");
        }
        assert!(matches!("a:b/c@1.0.0".parse::<Locator>(), Err(ParseLocatorError::Reference(_))));
        assert!(matches!("greet".parse::<Locator>(), Err(ParseLocatorError::Package(_))));
    }
}
