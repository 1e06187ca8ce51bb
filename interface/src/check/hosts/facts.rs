//! The facts of hosts, as they stand in the data files, and how an import finds its interface in them.

use std::sync::LazyLock;

use semver::Version;
use serde::Deserialize;

use super::HostVersion;
use crate::name::{InterfaceParts, canonical_version};

/// A host and its versions.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Host {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) versions: Vec<String>,
    /// From this version on every patch version of a line fills every import of it.
    #[serde(default)]
    pub(super) any_patch_from: Option<String>,
    pub(super) provides: Vec<Provides>,
    #[serde(default)]
    features: Vec<Feature>,
}

/// A function that a host has before it is stable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feature {
    interface: String,
    /// The line of the interface, `0.2`.
    line: String,
    item: String,
    /// The first version of the host that has it.
    from: String,
    /// What the host has to be told to have it.
    #[serde(default)]
    pub(super) flag: Option<String>,
}

/// Interfaces, and since when in which version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provides {
    pub(super) interfaces: Vec<String>,
    /// Pairs of a version of the host and the version of the interface that it has from then on.
    pub(super) at: Vec<(String, Version)>,
    /// The first version of the host that does not have them any more.
    #[serde(default)]
    pub(super) until: Option<String>,
    /// What the host has to be told to have them.
    #[serde(default)]
    flag: Option<String>,
    /// Whether only this version is filled, though other patch versions stand in for each other.
    #[serde(default)]
    exact: bool,
}

impl Host {
    /// The name in `--host`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The versions that are known, oldest first.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    pub(super) fn index(&self, version: &str) -> Option<usize> {
        self.versions.iter().position(|known| known == version)
    }
}

/// All hosts that are known, by name.
pub fn hosts() -> &'static [Host] {
    static HOSTS: LazyLock<Vec<Host>> = LazyLock::new(|| {
        // A test reads every file, so none is left out here.
        FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect()
    });
    &HOSTS
}

pub(super) const FILES: [&str; 6] = [
    include_str!("jco.toml"),
    include_str!("spin.toml"),
    include_str!("wash-runtime.toml"),
    include_str!("wasmcloud.toml"),
    include_str!("wasmtime.toml"),
    include_str!("wkit.toml"),
];

/// An interface that a host has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Provided {
    pub(super) version: &'static Version,
    pub(super) flag: Option<&'static str>,
}

/// What the host fills the import with.
pub(super) fn provided(host: &HostVersion, import: &str) -> Option<Provided> {
    Wanted::of(import, host.host)?.provided(host)
}

/// An import, and what a host could fill it with in some version.
pub(super) struct Wanted {
    parts: InterfaceParts,
    entries: Vec<&'static Provides>,
}

impl Wanted {
    /// None when no version of the host has the interface.
    pub(super) fn of(import: &str, host: &'static Host) -> Option<Self> {
        let parts = InterfaceParts::parse(import)?;
        let path = parts.path();
        let entries: Vec<&Provides> =
            host.provides.iter().filter(|entry| entry.interfaces.contains(&path)).collect();
        (!entries.is_empty()).then_some(Self { parts, entries })
    }

    /// What the host has for it in this version.
    pub(super) fn provided(&self, host: &HostVersion) -> Option<Provided> {
        let is_there = |version: &String| host.host.index(version) <= Some(host.index);
        let any_patch = host.host.any_patch_from.as_ref().is_some_and(is_there);
        let fits = |version: &Version, exact: bool| match (&self.parts.version, &self.parts.canonical) {
            (Some(wanted), _) if wanted == version => true,
            (_, Some(canonical)) => any_patch && !exact && *canonical == canonical_version(version),
            _ => false,
        };
        self.entries.iter().filter(|entry| !entry.until.as_ref().is_some_and(is_there)).find_map(|entry| {
            let (_, version) = entry.at.iter().rfind(|(from, _)| is_there(from))?;
            fits(version, entry.exact).then_some(Provided { version, flag: entry.flag.as_deref() })
        })
    }
}

/// Functions and resources that came into an interface after the first version of its line. Other types are matched by
/// what they are, not by their names, so it does not matter when a name came.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Later {
    interface: String,
    /// The line of the interface, `0.2`.
    line: String,
    /// The version in which they came; none while they are `@unstable`.
    since: Option<Version>,
    items: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LaterFile {
    later: Vec<Later>,
}

pub(super) fn later() -> &'static [Later] {
    static LATER: LazyLock<LaterFile> =
        LazyLock::new(|| toml::from_str(include_str!("later.toml")).unwrap_or_default());
    &LATER.later
}

/// Whether a version of the interface has the function or resource without asking for a feature.
pub(super) fn is_stable(import: &str, item: &str, version: &Version) -> bool {
    let Some(parts) = InterfaceParts::parse(import) else { return true };
    let (line, path) = (canonical_version(version), parts.path());
    let comes_later = |later: &Later| {
        later.interface == path
            && later.line == line
            && later.since.as_ref().is_none_or(|since| since > version)
            && later.items.iter().any(|later| later == item)
    };
    !later().iter().any(comes_later)
}

/// How the host has it all the same.
pub(super) fn feature(
    host: &HostVersion,
    import: &str,
    item: &str,
    version: &Version,
) -> Option<&'static Feature> {
    let path = InterfaceParts::parse(import)?.path();
    let line = canonical_version(version);
    host.host.features.iter().find(|feature| {
        feature.interface == path
            && feature.line == line
            && feature.item == item
            && host.host.index(&feature.from) <= Some(host.index)
    })
}

/// Whether the host has the function or resource in one way or the other.
pub(super) fn has_item(host: &HostVersion, import: &str, item: &str, version: &Version) -> bool {
    is_stable(import, item, version) || feature(host, import, item, version).is_some()
}
