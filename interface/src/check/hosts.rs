//! What known hosts fill, by their versions; the facts are the data files beside this module.
//!
//! A host has an interface in one version, and with it everything that came up to then: the functions that came later
//! are in `hosts/later.toml`. So an import may lack its whole interface or only some of its functions.

mod facts;
mod imports;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

use semver::Version;
use serde::Serialize;

use super::capability;
use super::contract::Contract;
use super::finding::{Finding, Status};
use super::form_rules::HOST_LACKS_IMPORT;
use super::rule::Level;
use crate::near::nearest;
use facts::{Provided, Wanted, feature, has_item, is_stable, provided};
use imports::{Import, imports};

pub use facts::{Host, hosts};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The import.
    pub import: String,
    /// The flag, `-S http`.
    pub flag: String,
}

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
    let wanted = Wanted::of(&import.name, host)?;
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
