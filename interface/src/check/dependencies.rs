//! Which versions of other packages a package builds on.

use std::collections::BTreeMap;

use semver::Version;

use super::bump;
use super::contract::Contract;
use crate::name::canonical_version;

/// A package that another one builds on in more versions than before.
pub(super) struct Widened {
    /// The package without a version.
    pub(super) package: String,
    /// The versions before.
    pub(super) old: Vec<Version>,
    /// The versions after.
    pub(super) new: Vec<Version>,
    /// What is wider, as the end of a sentence.
    pub(super) how: String,
}

/// The dependencies that a package takes from another line of versions as well, or in a lower version. One that moved to
/// another line altogether is none of them, and a package that does not fit its old version begins anew.
pub(super) fn widened(old: &Contract, new: &Contract) -> Vec<Widened> {
    if !bump::is_one_line(old.version().as_ref(), new.version().as_ref()) {
        return Vec::new();
    }
    let before = dependencies(old);
    let after = dependencies(new).into_iter();
    after.filter_map(|(package, after)| wider(package.clone(), before.get(&package)?, after)).collect()
}

/// The versions of the packages that a package itself speaks of, in their order.
fn dependencies(contract: &Contract) -> BTreeMap<String, Vec<Version>> {
    let resolve = &contract.resolve;
    let mut found: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for id in resolve.package_direct_deps(contract.package) {
        let name = &resolve.packages[id].name;
        if let Some(version) = &name.version {
            found.entry(format!("{}:{}", name.namespace, name.name)).or_default().push(version.clone());
        }
    }
    for versions in found.values_mut() {
        versions.sort();
        versions.dedup();
    }
    found
}

fn wider(package: String, old: &[Version], new: Vec<Version>) -> Option<Widened> {
    let of_line = |versions: &[Version], line: &Version| {
        versions.iter().find(|version| canonical_version(version) == canonical_version(line)).cloned()
    };
    let is_kept = old.iter().any(|version| of_line(&new, version).is_some());
    let how = new.iter().find_map(|version| match of_line(old, version) {
        Some(lowest) if *version < lowest => {
            Some(format!("{version} is enough now, where {lowest} was the lowest"))
        }
        None if is_kept => {
            Some(format!("{version} is needed as well, and does not stand in for {}", list(old)))
        }
        _ => None,
    })?;
    Some(Widened { package, old: old.to_vec(), new, how })
}

/// `0.2.6 and 0.3.0`.
pub(super) fn list(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wider() {
        let versions = |text: &str| -> Vec<Version> {
            text.split_whitespace().map(|version| Version::parse(version).unwrap()).collect()
        };
        for (old, new, expected) in [
            ("0.2.6", "0.2.6", false),
            ("0.2.6", "0.2.9", false),
            ("0.2.6", "0.3.0", false),
            ("0.2.6 0.3.0", "0.3.0", false),
            ("0.2.6 0.3.1", "0.2.7 0.3.1", false),
            ("0.2.6", "0.2.0", true),
            ("0.2.6", "0.2.6 0.3.0", true),
            ("0.2.6", "0.2.9 0.3.0", true),
            ("1.2.0", "1.2.0 1.1.0", true),
            ("0.0.1", "0.0.1 0.0.2", true),
        ] {
            let mut new = versions(new);
            new.sort();
            let found = wider("a:b".to_owned(), &versions(old), new.clone());
            assert_eq!(found.is_some(), expected, "{old} {new:?}");
        }
    }
}
