//! How much versions grew, and how much they have to grow (Semantic Versioning 2.0.0; component model Explainer,
//! "canonversion").

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;
use wit_parser::PackageName;

use super::contract::{Contract, ContractKind};
use super::finding::{Bump, Finding};
use super::rule::{Direction, Level};
use crate::name::canonical_version;

/// A package before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionStep {
    /// The package without a version.
    pub package: String,
    /// The version before.
    pub old: Option<Version>,
    /// The version after.
    pub new: Option<Version>,
    /// How much it grew.
    pub actual: Bump,
    /// How much it has to grow.
    pub required: Bump,
    /// Whether that is enough.
    pub enough: bool,
    /// The lowest version that would be enough; absent where it is, and for packages without versions.
    pub at_least: Option<Version>,
}

/// The bump that findings demand together.
pub(super) fn required<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Bump {
    findings.into_iter().map(demanded).max().unwrap_or(Bump::None)
}

fn demanded(finding: &Finding) -> Bump {
    // What breaks a promise of versions and gates is not mended by a version.
    let breaks = finding.breaks.iter().any(|direction| *direction != Direction::Policy);
    match finding.level {
        Level::Breaking if breaks => Bump::Major,
        Level::Additive => Bump::Minor,
        Level::Breaking | Level::Note => Bump::Patch,
    }
}

/// The package that is checked, and behind it the packages that it depends on and that have another version.
pub(super) fn steps(
    old: &Contract,
    new: &Contract,
    required: Bump,
    findings: &[Finding],
) -> Vec<VersionStep> {
    if [old, new].iter().any(|side| side.kind() != ContractKind::WitPackage) {
        return Vec::new();
    }
    let (before, after) = (packages(old), packages(new));
    let own = path(&new.resolve.packages[new.package].name);
    if own != path(&old.resolve.packages[old.package].name) {
        return Vec::new();
    }
    let mut by_package: BTreeMap<String, Bump> = BTreeMap::new();
    for finding in findings {
        let package = finding.place.package.as_deref().and_then(|package| package.split('@').next());
        let known = by_package.entry(package.unwrap_or_default().to_owned()).or_insert(Bump::None);
        *known = demanded(finding).max(*known);
    }
    let mut steps = vec![step(own.clone(), old.version(), new.version(), required)];
    for (package, versions) in after {
        // Of a package in several versions at once nobody can say which became which.
        let ([new], Some([old])) = (versions.as_slice(), before.get(&package).map(Vec::as_slice)) else {
            continue;
        };
        if package != own && old != new {
            let required = by_package.get(&package).copied().unwrap_or(Bump::None);
            steps.push(step(package, old.clone(), new.clone(), required));
        }
    }
    steps
}

fn path(name: &PackageName) -> String {
    format!("{}:{}", name.namespace, name.name)
}

/// All packages of a side with their versions.
fn packages(contract: &Contract) -> BTreeMap<String, Vec<Option<Version>>> {
    let mut packages: BTreeMap<String, Vec<Option<Version>>> = BTreeMap::new();
    for (_, package) in contract.resolve.packages.iter() {
        packages.entry(path(&package.name)).or_default().push(package.name.version.clone());
    }
    packages
}

fn step(package: String, old: Option<Version>, new: Option<Version>, required: Bump) -> VersionStep {
    let actual = match (&old, &new) {
        (Some(old), Some(new)) => actual(old, new),
        _ => Bump::None,
    };
    let enough = is_enough(old.as_ref(), actual, required);
    let at_least = old.as_ref().filter(|_| !enough).map(|old| next(old, required));
    VersionStep { package, old, new, actual, required, enough, at_least }
}

/// How much a version grew; nothing where it is the same or lower. A prerelease is as much as what it comes before, and
/// promises nothing itself.
fn actual(old: &Version, new: &Version) -> Bump {
    if new <= old {
        Bump::None
    } else if !old.pre.is_empty() || canonical_version(old) != canonical_version(&released(new)) {
        Bump::Major
    } else if old.minor != new.minor {
        Bump::Minor
    } else {
        Bump::Patch
    }
}

/// The version that a prerelease comes before.
fn released(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

/// Whether what was promised in one version holds in the other: it does not in one that does not fit the old one, nor
/// behind a prerelease.
pub(super) fn is_one_line(old: Option<&Version>, new: Option<&Version>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            old.pre.is_empty() && canonical_version(old) == canonical_version(&released(new))
        }
        _ => true,
    }
}

/// Below 1.0.0 the minor number is what does not fit, so that additions have only the patch number left.
fn is_enough(old: Option<&Version>, actual: Bump, required: Bump) -> bool {
    let is_early = old.is_some_and(|old| old.major == 0);
    match required {
        Bump::Minor if is_early => actual >= Bump::Patch,
        required => actual >= required,
    }
}

/// The lowest version after `old` that grew as much as `required`.
fn next(old: &Version, required: Bump) -> Version {
    let Version { major, minor, patch, .. } = *old;
    if !old.pre.is_empty() && required != Bump::None {
        return Version::new(major, minor, patch);
    }
    match (required, major, minor) {
        (Bump::None, ..) => old.clone(),
        (Bump::Major, 0, 0) | (Bump::Minor, 0, _) | (Bump::Patch, ..) => {
            Version::new(major, minor, patch + 1)
        }
        (Bump::Major, 0, _) | (Bump::Minor, ..) => Version::new(major, minor + 1, 0),
        (Bump::Major, ..) => Version::new(major + 1, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn bumps() {
        for (old, new, expected) in [
            ("1.0.0", "1.0.0", Bump::None),
            ("1.0.0", "0.9.0", Bump::None),
            ("1.0.0", "1.0.1", Bump::Patch),
            ("1.0.0", "1.1.0", Bump::Minor),
            ("1.0.0", "2.0.0", Bump::Major),
            ("0.2.0", "0.2.1", Bump::Patch),
            ("0.2.0", "0.3.0", Bump::Major),
            ("0.0.1", "0.0.2", Bump::Major),
            ("0.3.0-rc.1", "0.3.0-rc.2", Bump::Major),
            ("0.3.0-rc.1", "0.3.0", Bump::Major),
            ("0.2.6", "0.3.0-rc.1", Bump::Major),
            ("1.0.0", "1.1.0-rc.1", Bump::Minor),
            ("1.0.0", "1.0.1-rc.1", Bump::Patch),
            ("1.0.0", "2.0.0-rc.1", Bump::Major),
            ("1.0.0", "1.0.0-rc.1", Bump::None),
        ] {
            assert_eq!(actual(&version(old), &version(new)), expected, "{old} {new}");
        }
    }

    #[test]
    fn promises_hold_within_a_line() {
        for (old, new, expected) in [
            (Some("1.0.0"), Some("1.4.0"), true),
            (Some("1.0.0"), Some("1.1.0-rc.1"), true),
            (Some("1.0.0"), Some("2.0.0"), false),
            (Some("0.2.6"), Some("0.2.9"), true),
            (Some("0.2.6"), Some("0.3.0-rc.1"), false),
            (Some("0.0.1"), Some("0.0.2"), false),
            (Some("1.0.0-rc.1"), Some("1.0.0"), false),
            (Some("1.0.0-rc.1"), Some("1.0.0-rc.1"), true),
            (None, None, true),
            (None, Some("1.0.0"), true),
        ] {
            let (before, after) = (old.map(version), new.map(version));
            assert_eq!(is_one_line(before.as_ref(), after.as_ref()), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn what_is_enough_and_what_would_be() {
        for (old, required, new, enough, at_least) in [
            ("1.0.0", Bump::Major, "1.1.0", false, "2.0.0"),
            ("1.0.0", Bump::Minor, "1.1.0", true, "1.1.0"),
            ("1.0.0", Bump::Minor, "1.0.1", false, "1.1.0"),
            ("0.2.6", Bump::Minor, "0.2.7", true, "0.2.7"),
            ("0.2.6", Bump::Minor, "0.2.6", false, "0.2.7"),
            ("0.2.6", Bump::Major, "0.2.7", false, "0.3.0"),
            ("0.0.3", Bump::Major, "0.0.4", true, "0.0.4"),
            ("1.0.0-rc.1", Bump::Major, "1.0.0-rc.1", false, "1.0.0"),
            ("1.0.0", Bump::None, "1.0.0", true, "1.0.0"),
        ] {
            let (old, new) = (version(old), version(new));
            let actual = actual(&old, &new);
            assert_eq!(is_enough(Some(&old), actual, required), enough, "{old} {new} {required}");
            assert_eq!(next(&old, required), version(at_least), "{old} {required}");
        }
    }
}
