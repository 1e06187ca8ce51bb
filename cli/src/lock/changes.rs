//! What has changed from one lock to the next, for people who read it.

use std::fmt;

use semver::Version;
use serde::Serialize;
use wkit_artifact::Digest;

use super::{Lock, LockedPackage};

/// One package, or reference, that is another than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// `namespace:name`, or a reference.
    pub(crate) name: String,
    /// What was locked; nothing for what is new.
    pub(crate) old: Option<Side>,
    /// What is locked now; nothing for what is gone.
    pub(crate) new: Option<Side>,
}

/// What was or is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Side {
    /// The version; a reference has none.
    pub(crate) version: Option<Version>,
    /// The digest of the manifest.
    pub(crate) manifest: Digest,
}

impl Side {
    fn of(package: &LockedPackage) -> Self {
        Self { version: package.version.clone(), manifest: package.manifest.clone() }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |side: &Side| match &side.version {
            Some(version) => version.to_string(),
            None => side.manifest.to_string(),
        };
        write!(f, "{} ", self.name)?;
        match (&self.old, &self.new) {
            // The version says nothing when only the content is another.
            (Some(old), Some(new)) if old.version == new.version => {
                let version = old.version.as_ref().map(|version| format!("{version} ")).unwrap_or_default();
                write!(f, "{version}{} → {}", old.manifest, new.manifest)
            }
            (Some(old), Some(new)) => write!(f, "{} → {}", shown(old), shown(new)),
            (None, Some(new)) => write!(f, "{} is new", shown(new)),
            (Some(old), None) => write!(f, "{} is gone", shown(old)),
            (None, None) => Ok(()),
        }
    }
}

/// What is another in `new` than in `old`, by name. Versions of one package that went and came are told as pairs.
pub(crate) fn changes(old: &Lock, new: &Lock) -> Vec<Change> {
    let mut names: Vec<&str> =
        old.packages.iter().chain(&new.packages).map(|package| package.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().flat_map(|name| changes_of(name, old, new)).collect()
}

fn changes_of(name: &str, old: &Lock, new: &Lock) -> Vec<Change> {
    // What is not in `there` as it is here.
    let only = |here: &Lock, there: &Lock| -> Vec<Side> {
        let same = |package: &&LockedPackage| {
            let other = there.package(name, package.version.as_ref());
            other.is_none_or(|other| other.manifest != package.manifest)
        };
        let mut sides: Vec<Side> =
            here.packages.iter().filter(|package| package.name == name).filter(same).map(Side::of).collect();
        sides.sort_by(|a, b| a.version.cmp(&b.version));
        sides
    };
    let (gone, come) = (only(old, new), only(new, old));
    let count = gone.len().max(come.len());
    let side = |sides: &[Side], index: usize| sides.get(index).cloned();
    (0..count)
        .map(|index| Change { name: name.to_owned(), old: side(&gone, index), new: side(&come, index) })
        .collect()
}
