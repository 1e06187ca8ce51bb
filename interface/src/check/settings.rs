//! Whom a check protects, and what the project makes of its findings.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::Serialize;
use thiserror::Error;

use super::contract::{Contract, ContractKind};
use super::rule::{Direction, Level};

/// Whom a check protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// An interface that a host has and components call, WASI for example: old components and the sources of callers,
    /// and what was promised by gates and versions.
    HostApi,
    /// A component that takes the place of an older one: the hosts and compositions around it.
    Component,
    /// An interface that others call: old components and the sources of callers.
    Library,
    /// Everybody.
    Strict,
}

/// A word that is no profile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown profile `{0}`, expected `host-api`, `component`, `library` or `strict`")]
pub struct UnknownProfile(pub String);

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HostApi, Self::Component, Self::Library, Self::Strict];

    /// The name in options and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::HostApi => "host-api",
            Self::Component => "component",
            Self::Library => "library",
            Self::Strict => "strict",
        }
    }

    /// The directions in which something that breaks is breaking.
    pub fn protects(self) -> &'static [Direction] {
        match self {
            Self::HostApi => &[Direction::Host, Direction::Callers, Direction::Policy],
            Self::Component => &[Direction::Component, Direction::Policy],
            Self::Library => &[Direction::Host, Direction::Callers],
            Self::Strict => &Direction::ALL,
        }
    }

    /// The profile of what nobody has given one: that of a component, of a host's interface where a package has gates,
    /// of a library otherwise.
    pub fn default_for(contract: &Contract) -> Self {
        match contract.kind() {
            ContractKind::Component => Self::Component,
            ContractKind::WitPackage if contract.has_gates() => Self::HostApi,
            ContractKind::WitPackage => Self::Library,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.id() == text)
            .ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

/// An exception of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The rule.
    pub rule: String,
    /// What it goes for, as [`Place::path`](super::Place::path) writes it, with `*` for any part; everything without it.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// The first version of the package in which it does not go any more.
    pub until: Option<Version>,
}

impl Ignore {
    /// Whether it goes for a finding of `rule` at `path`, whatever the version.
    pub fn covers(&self, rule: &str, path: &str) -> bool {
        self.rule == rule && self.path.as_deref().is_none_or(|pattern| matches(pattern, path))
    }
}

/// Whether `text` is as `pattern` says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let parts: Vec<&str> = parts.collect();
    let (last, middle) = parts.split_last().map_or(("", &[][..]), |(last, middle)| (*last, middle));
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// How a check is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whom it protects.
    pub profile: Profile,
    /// The world that is compared; all of them without it.
    pub world: Option<String>,
    /// Levels by rule, where the project has its own; `None` leaves the rule out.
    pub levels: BTreeMap<String, Option<Level>>,
    /// What the project excepts.
    pub ignores: Vec<Ignore>,
    /// By how much a component may grow before it is worth a note, in percent.
    pub size_growth_percent: u32,
}

impl Settings {
    /// Nothing but a profile.
    pub fn new(profile: Profile) -> Self {
        Self { profile, world: None, levels: BTreeMap::new(), ignores: Vec::new(), size_growth_percent: 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("wasi:http/types#get", "wasi:http/types#get", true),
            ("wasi:http/types#get", "wasi:http/types#get-all", false),
            ("wasi:http/*", "wasi:http/types#get", true),
            ("*#get", "wasi:http/types#get", true),
            ("*types*", "wasi:http/types#get", true),
            ("wasi:*/types#*", "wasi:http/types#get", true),
            ("wasi:*/other#*", "wasi:http/types#get", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn profiles_are_read_as_they_are_written() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert_eq!(
            Profile::from_str("hosts").unwrap_err().to_string(),
            "unknown profile `hosts`, expected `host-api`, `component`, `library` or `strict`"
        );
    }
}
