//! What known hosts fill, by their versions; the facts are the data files beside this module.
//!
//! A host has an interface in one version, and with it everything that came up to then: the functions that came later
//! are in `hosts/later.toml`. So an import may lack its whole interface or only some of its functions.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use semver::Version;
use serde::Deserialize;
use wit_parser::{InterfaceId, Resolve, Stability, TypeDefKind, TypeId, WorldId, WorldItem};

use super::capability;
use super::contract::Contract;
use super::finding::{Finding, Status};
use super::form_rules::HOST_LACKS_IMPORT;
use super::rule::Level;
use crate::name::{InterfaceParts, canonical_version};
use crate::near::nearest;

/// A host and its versions.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Host {
    name: String,
    title: String,
    versions: Vec<String>,
    /// From this version on every patch version of a line fills every import of it.
    #[serde(default)]
    any_patch_from: Option<String>,
    provides: Vec<Provides>,
    #[serde(default)]
    features: Vec<Feature>,
}

/// A function that a host has before it is stable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    interface: String,
    /// The line of the interface, `0.2`.
    line: String,
    item: String,
    /// The first version of the host that has it.
    from: String,
    /// What the host has to be told to have it.
    #[serde(default)]
    flag: Option<String>,
}

/// Interfaces, and since when in which version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provides {
    interfaces: Vec<String>,
    /// Pairs of a version of the host and the version of the interface that it has from then on.
    at: Vec<(String, Version)>,
    /// The first version of the host that does not have them any more.
    #[serde(default)]
    until: Option<String>,
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

    fn index(&self, version: &str) -> Option<usize> {
        self.versions.iter().position(|known| known == version)
    }
}

/// A host in one version.
#[derive(Debug, Clone, Copy)]
pub struct HostVersion {
    host: &'static Host,
    index: usize,
}

impl HostVersion {
    /// The host.
    pub fn host(&self) -> &'static Host {
        self.host
    }

    /// The version whose facts are used: the newest one that is known and not newer than what was asked for.
    pub fn version(&self) -> &'static str {
        self.host.versions.get(self.index).map_or("", String::as_str)
    }
}

impl fmt::Display for HostVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.host.title, self.version())
    }
}

/// Why there is no such host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No host is called so.
    #[error("there is no host `{name}`; known are {known}")]
    UnknownHost {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
        /// The one that may be meant.
        meant: Option<String>,
    },
    /// Its facts are not known.
    #[error("nothing is known of version `{version}` of host `{host}`; known are {first} to {last}")]
    UnknownVersion {
        /// The host.
        host: String,
        /// The version.
        version: String,
        /// The oldest that is known.
        first: String,
        /// The newest that is known.
        last: String,
    },
}

/// Something that a component imports and a host does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The import, `wasi:http/types@0.2.6`.
    pub import: String,
    /// The function or resource of it that is missing, `fields.copy`; `None` when all of it is.
    pub item: Option<String>,
    /// The version of the interface that the host has, if it has any that the import could take.
    pub has: Option<Version>,
    /// The first and the last known version of the host that have it; the last is `None` when the newest has it.
    pub had_by: Option<(String, Option<String>)>,
    /// The first versions of other hosts that have it, `Spin 3.6`.
    pub others: Vec<String>,
}

/// A flag that a host needs to fill an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The import.
    pub import: String,
    /// The flag, `-S http`.
    pub flag: String,
}

/// What a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Import {
    /// The name of the import.
    name: String,
    /// Its functions and resources, `exit`, `fields`, `fields.get`.
    items: Vec<String>,
}

/// All hosts that are known, by name.
pub fn hosts() -> &'static [Host] {
    static HOSTS: LazyLock<Vec<Host>> = LazyLock::new(|| {
        // A test reads every file, so none is left out here.
        FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect()
    });
    &HOSTS
}

const FILES: [&str; 6] = [
    include_str!("hosts/jco.toml"),
    include_str!("hosts/spin.toml"),
    include_str!("hosts/wash-runtime.toml"),
    include_str!("hosts/wasmcloud.toml"),
    include_str!("hosts/wasmtime.toml"),
    include_str!("hosts/wkit.toml"),
];

/// The host of `spec`: a name, or name and version as in `wasmtime@48`. Without a version it is the newest that is known.
///
/// # Errors
///
/// When there is no such host, or its version is older or newer than all that are known.
pub fn find(spec: &str) -> Result<HostVersion, HostError> {
    let (name, version) = match spec.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    };
    let names = || hosts().iter().map(Host::name);
    let Some(host) = hosts().iter().find(|host| host.name == name) else {
        let known = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let meant = nearest(name, names()).map(str::to_owned);
        return Err(HostError::UnknownHost { name: name.to_owned(), known, meant });
    };
    let last = host.versions.len().saturating_sub(1);
    let Some(version) = version else { return Ok(HostVersion { host, index: last }) };
    let unknown = || HostError::UnknownVersion {
        host: host.name.clone(),
        version: version.to_owned(),
        first: host.versions.first().cloned().unwrap_or_default(),
        last: host.versions.last().cloned().unwrap_or_default(),
    };
    let asked = numbers(version).ok_or_else(unknown)?;
    let not_newer = |known: &String| {
        let known = numbers(known).unwrap_or_default();
        let length = known.len().min(asked.len());
        known[..length].cmp(&asked[..length]) != Ordering::Greater
    };
    let index = host.versions.iter().rposition(not_newer).ok_or_else(unknown)?;
    let known = numbers(&host.versions[index]).unwrap_or_default();
    let is_of_it = known.iter().zip(&asked).all(|(known, asked)| known == asked);
    if index == last && !is_of_it {
        return Err(unknown());
    }
    Ok(HostVersion { host, index })
}

/// The numbers of a version, `[48, 0, 8]`.
fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// What the contract imports and the host does not have, in the order of the imports: for a component, what it really
/// imports; for a WIT package, what its worlds may import, without what is `@unstable`.
pub fn gaps(contract: &Contract, host: &HostVersion) -> Vec<Gap> {
    gaps_of(&imports(contract), host)
}

/// What the host has to be told to fill the imports of the contract, `-S http`; see [`gaps`] for what it lacks all the same.
pub fn flags(contract: &Contract, host: &HostVersion) -> Vec<Flag> {
    flags_of(&imports(contract), host)
}

/// What a component imports, or what the worlds of a package may import.
fn imports(contract: &Contract) -> Vec<Import> {
    let resolve = &contract.resolve;
    let worlds: Vec<WorldId> = match contract.root {
        Some(root) => vec![root],
        None => resolve.packages[contract.package].worlds.values().copied().collect(),
    };
    let (mut imports, mut known) = (Vec::new(), HashSet::new());
    for (key, item) in worlds.into_iter().flat_map(|world| &resolve.worlds[world].imports) {
        let name = resolve.name_world_key(key);
        if is_unstable(item.stability(resolve)) || !known.insert(name.clone()) {
            continue;
        }
        match item {
            WorldItem::Interface { id, .. } => imports.push(Import { name, items: items(resolve, *id) }),
            WorldItem::Function(_) => imports.push(Import { name, items: Vec::new() }),
            // A type is there with what it belongs to.
            WorldItem::Type { .. } => {}
        }
    }
    imports
}

/// The functions and resources of an interface that are stable; all of a component's are, as it has no gates.
fn items(resolve: &Resolve, id: InterfaceId) -> Vec<String> {
    let interface = &resolve.interfaces[id];
    let is_resource = |id: &TypeId| {
        matches!(resolve.types[*id].kind, TypeDefKind::Resource)
            && !is_unstable(&resolve.types[*id].stability)
    };
    let resources = interface.types.iter().filter(|(_, id)| is_resource(id)).map(|(name, _)| name.clone());
    let functions = interface.functions.values().filter(|function| !is_unstable(&function.stability));
    let functions = functions.map(|function| {
        let name = function.name.as_str();
        name.rsplit_once(']').map_or(name, |(_, name)| name).to_owned()
    });
    resources.chain(functions).collect()
}

fn is_unstable(stability: &Stability) -> bool {
    matches!(stability, Stability::Unstable { .. })
}

/// What of `imports` the host does not have, in the order of the imports.
fn gaps_of(imports: &[Import], host: &HostVersion) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for import in imports {
        match provided(host, &import.name) {
            None => gaps.push(gap(import, None, None, host)),
            Some(found) => {
                let missing =
                    import.items.iter().filter(|item| !has_item(host, &import.name, item, found.version));
                gaps.extend(missing.map(|item| gap(import, Some(item), Some(found.version), host)));
            }
        }
    }
    gaps
}

/// What the host has to be told to fill `imports`.
fn flags_of(imports: &[Import], host: &HostVersion) -> Vec<Flag> {
    let mut flags = Vec::new();
    for import in imports {
        let Some(found) = provided(host, &import.name) else { continue };
        let of_items = import
            .items
            .iter()
            .filter(|item| !is_stable(&import.name, item, found.version))
            .filter_map(|item| feature(host, &import.name, item, found.version));
        for flag in found.flag.into_iter().chain(of_items.filter_map(|feature| feature.flag.as_deref())) {
            let flag = Flag { import: import.name.clone(), flag: flag.to_owned() };
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
    }
    flags
}

/// An interface that a host has.
#[derive(Debug, Clone, Copy)]
struct Provided {
    version: &'static Version,
    flag: Option<&'static str>,
}

fn provided(host: &HostVersion, import: &str) -> Option<Provided> {
    Wanted::of(import, host.host)?.provided(host)
}

/// An import, and what a host could fill it with in some version.
struct Wanted {
    parts: InterfaceParts,
    entries: Vec<&'static Provides>,
}

impl Wanted {
    fn of(import: &str, host: &'static Host) -> Option<Self> {
        let parts = InterfaceParts::parse(import)?;
        let path = parts.path();
        let entries = host.provides.iter().filter(|entry| entry.interfaces.contains(&path)).collect();
        Some(Self { parts, entries })
    }

    fn provided(&self, host: &HostVersion) -> Option<Provided> {
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
struct Later {
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

fn later() -> &'static [Later] {
    static LATER: LazyLock<LaterFile> =
        LazyLock::new(|| toml::from_str(include_str!("hosts/later.toml")).unwrap_or_default());
    &LATER.later
}

/// Whether a version of the interface has the function or resource without asking for a feature.
fn is_stable(import: &str, item: &str, version: &Version) -> bool {
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
fn feature(host: &HostVersion, import: &str, item: &str, version: &Version) -> Option<&'static Feature> {
    let path = InterfaceParts::parse(import)?.path();
    let line = canonical_version(version);
    host.host.features.iter().find(|feature| {
        feature.interface == path
            && feature.line == line
            && feature.item == item
            && host.host.index(&feature.from) <= Some(host.index)
    })
}

fn has_item(host: &HostVersion, import: &str, item: &str, version: &Version) -> bool {
    is_stable(import, item, version) || feature(host, import, item, version).is_some()
}

fn gap(import: &Import, item: Option<&String>, found: Option<&Version>, host: &HostVersion) -> Gap {
    let had_by = having(host.host, import, item).map(|(first, last)| {
        let is_newest = last.index + 1 == host.host.versions.len();
        (first.version().to_owned(), (!is_newest).then(|| last.version().to_owned()))
    });
    let others = hosts()
        .iter()
        .filter(|other| other.name != host.host.name)
        .filter_map(|other| having(other, import, item))
        .map(|(first, _)| first.to_string())
        .collect();
    Gap { import: import.name.clone(), item: item.cloned(), has: found.cloned(), had_by, others }
}

/// The first and the last version of a host that have the import, or the item of it.
fn having(host: &'static Host, import: &Import, item: Option<&String>) -> Option<(HostVersion, HostVersion)> {
    let wanted = Wanted::of(&import.name, host).filter(|wanted| !wanted.entries.is_empty())?;
    let mut versions = (0..host.versions.len()).map(|index| HostVersion { host, index }).filter(|version| {
        let has =
            |found: Provided| item.is_none_or(|item| has_item(version, &import.name, item, found.version));
        wanted.provided(version).is_some_and(has)
    });
    let first = versions.next()?;
    Some((first, versions.next_back().unwrap_or(first)))
}

impl Gap {
    /// What is missing, and which version of `host` has it, in one sentence.
    pub fn message(&self, host: &HostVersion) -> String {
        let what = match (&self.item, &self.has) {
            (Some(item), Some(has)) => {
                format!("{host} lacks `{item}` of import `{}`: it has version {has}", self.import)
            }
            (Some(item), None) => format!("{host} lacks `{item}` of import `{}`", self.import),
            (None, _) => format!("{host} does not have import `{}`", self.import),
        };
        let title = host.host.title();
        match &self.had_by {
            None => format!("{what}; no version of {title} that is known has it"),
            Some((first, None)) => format!("{what}; {title} has it from {first} on"),
            Some((first, Some(last))) if first == last => format!("{what}; only {title} {first} has it"),
            Some((first, Some(last))) => format!("{what}; {title} has it from {first} to {last} only"),
        }
    }

    /// The gap as a finding of the check.
    pub fn finding(&self, host: &HostVersion) -> Finding {
        let hint = if self.others.is_empty() {
            HOST_LACKS_IMPORT.advice.to_owned()
        } else {
            format!("{}; it is also in {}", HOST_LACKS_IMPORT.advice, self.others.join(", "))
        };
        let mut place = capability::place(&self.import);
        place.item = self.item.as_ref().map(|item| format!("`{item}`"));
        Finding {
            rule: &HOST_LACKS_IMPORT,
            breaks: HOST_LACKS_IMPORT.directions.to_vec(),
            level: Level::Breaking,
            place,
            message: self.message(host),
            old: None,
            new: Some(capability::shown(&[self.import.as_str()])),
            hint: Some(hint),
            status: Status::Counts,
        }
    }
}

#[cfg(test)]
mod tests;
