//! One result of a check.

use std::fmt;

use semver::Version;
use serde::Serialize;

use super::rule::{Direction, Level, Rule};

/// Where an interface stands in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// The world imports it: the host has it, the component calls it.
    Import,
    /// The world exports it: the component has it, the host calls it.
    Export,
}

/// What a finding is about, from the outside to the inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Place {
    /// The package, `wasi:http@0.2.6`, as the newer side that has it names it.
    pub package: Option<String>,
    /// The worlds in which it counts, sorted; none where the interface was compared by itself.
    pub worlds: Vec<String>,
    /// Whether these worlds import or export it; both when they do both.
    pub positions: Vec<Position>,
    /// The interface, `types`; or the name of a world's own import or export.
    pub interface: Option<String>,
    /// The item, with its kind: ``function `get` ``, ``method `fields.get` ``, ``record `point` ``.
    pub item: Option<String>,
    /// The part of the item: ``parameter `key` ``, ``field `x` ``, ``case `b` ``, `result`.
    pub part: Option<String>,
}

impl Place {
    /// The place as a pattern of exceptions names it: `wasi:http/types#fields.get`, without versions.
    pub fn path(&self) -> String {
        let package = self.package.as_deref().map(|package| package.split('@').next().unwrap_or(package));
        let mut path = package.unwrap_or_default().to_owned();
        if let Some(interface) = &self.interface {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(interface);
        }
        if let Some(name) = self.item.as_deref().and_then(|item| item.split('`').nth(1)) {
            path.push('#');
            path.push_str(name);
        }
        path
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        match (&self.package, &self.interface) {
            (Some(package), Some(interface)) => {
                let (path, version) = package
                    .split_once('@')
                    .map_or((package.as_str(), None), |(path, version)| (path, Some(version)));
                let version = version.map(|version| format!("@{version}")).unwrap_or_default();
                parts.push(format!("`{path}/{interface}{version}`"));
            }
            (Some(name), None) | (None, Some(name)) => parts.push(format!("`{name}`")),
            (None, None) => {}
        }
        parts.extend(self.item.clone());
        parts.extend(self.part.clone());
        formatter.write_str(&parts.join(", "))
    }
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file, as it was given, relative to what was checked where it was a folder.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The line of the end, from 1.
    pub end_line: u32,
    /// The column behind the end, from 1.
    pub end_column: u32,
}

/// One side of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Shown {
    /// The item as WIT text.
    pub wit: String,
    /// Where it stands in the source; absent for binaries.
    pub location: Option<Location>,
}

/// The part of the version number that has to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// Nothing that concerns anybody changed.
    None,
    /// Only words changed.
    Patch,
    /// Something new that breaks nobody whom the profile protects.
    Minor,
    /// Somebody whom the profile protects breaks: a version that does not fit the old one (`0.3.0` after `0.2.6`).
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Status {
    /// It counts.
    Counts,
    /// The version of its package grew enough to allow it.
    AllowedByVersion {
        /// The version before.
        old: Version,
        /// The version after.
        new: Version,
    },
    /// The project ignores it.
    Ignored {
        /// Why, in the project's words.
        reason: String,
        /// The first version in which it is not ignored any more.
        until: Option<Version>,
    },
}

/// One result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    #[serde(serialize_with = "rule_id")]
    pub rule: &'static Rule,
    /// Whom it breaks, sorted; empty when it breaks nobody.
    pub breaks: Vec<Direction>,
    /// What it weighs under the profile and the project's rules.
    pub level: Level,
    /// What it is about.
    pub place: Place,
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// The old side, where there is one.
    pub old: Option<Shown>,
    /// The new side, where there is one.
    pub new: Option<Shown>,
    /// What to do, when it is not meant.
    pub hint: Option<String>,
    /// Whether it counts.
    pub status: Status,
}

fn rule_id<S: serde::Serializer>(rule: &&'static Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id)
}
