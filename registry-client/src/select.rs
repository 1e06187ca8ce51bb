//! Choosing versions: what several places ask of one package, what is locked, and which versions there are.

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;
use wkit_artifact::PackageReference;

use crate::resolve::shown;

#[cfg(test)]
mod tests;

/// What one place asks of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The package and the versions that will do.
    pub package: PackageReference,
    /// Where that is written, as in `wkit.toml:7:7` or `--plug`.
    pub place: String,
}

impl fmt::Display for Demand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} asks for `{}`", self.place, self.package)
    }
}

/// Chooses a version for each of `demands`, which all are on one package, out of `available`.
///
/// Demands that one version can meet get one version. What no single version meets may get several, but never two of
/// one line of compatible versions (the same major number; below 1.0.0 the same minor number, as Cargo sees it). Of
/// the versions that will do, one of `locked` is taken, else the highest. The answer does not depend on the order of
/// `locked` and `available`.
///
/// # Errors
///
/// When a demand is met by no version, or demands that need the same line are met by no version together.
pub fn select(
    demands: &[Demand],
    locked: &[Version],
    available: &[Version],
) -> Result<Vec<Version>, SelectError> {
    let mut available = available.to_vec();
    available.sort();
    available.dedup();
    let selection = Selection { demands, locked, available: &available };
    if let Some(unmet) = demands.iter().find(|demand| selection.best(&[demand], None).is_none()) {
        return Err(SelectError::NoVersion { demand: Box::new(unmet.clone()), available });
    }
    let all: Vec<&Demand> = demands.iter().collect();
    if let Some(one) = selection.best(&all, None) {
        return Ok(vec![one.clone(); demands.len()]);
    }
    selection.by_line()
}

/// [`select`] without asking a registry for its versions: `None` when what is locked, or named exactly, is not enough.
pub fn select_locked(demands: &[Demand], locked: &[Version]) -> Option<Vec<Version>> {
    let exact = demands.iter().filter_map(|demand| demand.package.version());
    let known: Vec<Version> = locked.iter().chain(exact).cloned().collect();
    select(demands, locked, &known).ok()
}

/// The line of versions that can stand in for each other: `1` for 1.4.2, `0.2` for 0.2.6, `0.0.3` for 0.0.3.
type Line = (u64, u64, u64);

fn line(version: &Version) -> Line {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

struct Selection<'a> {
    demands: &'a [Demand],
    locked: &'a [Version],
    /// Sorted.
    available: &'a [Version],
}

impl Selection<'_> {
    /// The version that meets all of `demands`: a locked one, else the highest; only of one line when that is stated.
    fn best(&self, demands: &[&Demand], of: Option<Line>) -> Option<&Version> {
        let fits = |version: &&Version| {
            of.is_none_or(|of| of == line(version))
                && demands.iter().all(|demand| demand.package.matches(version))
        };
        let locked = self.available.iter().rfind(|version| self.locked.contains(version) && fits(version));
        locked.or_else(|| self.available.iter().rfind(fits))
    }

    /// The lines that have a version for the demand, the highest first.
    fn lines(&self, demand: &Demand) -> Vec<Line> {
        let mut lines: Vec<Line> =
            self.available.iter().rev().filter(|version| demand.package.matches(version)).map(line).collect();
        lines.dedup();
        lines
    }

    /// Several versions, one for each line. Demands with the fewest lines to choose from come first.
    fn by_line(&self) -> Result<Vec<Version>, SelectError> {
        let mut groups: BTreeMap<Line, Vec<usize>> = BTreeMap::new();
        let mut order: Vec<(usize, Vec<Line>)> =
            self.demands.iter().map(|demand| self.lines(demand)).enumerate().collect();
        order.sort_by_key(|(index, lines)| (lines.len(), *index));
        for (index, mut lines) in order {
            // A line that is needed anyway is better than one more.
            lines.sort_by_key(|line| !groups.contains_key(line));
            let fits = lines.iter().find(|line| {
                let group = groups.get(line).map(Vec::as_slice).unwrap_or_default();
                self.best(&self.with(group, index), Some(**line)).is_some()
            });
            match fits {
                Some(line) => groups.entry(*line).or_default().push(index),
                None => return Err(self.conflict(index, &lines, &groups)),
            }
        }
        let mut chosen: BTreeMap<usize, Version> = BTreeMap::new();
        for (line, group) in &groups {
            let members: Vec<&Demand> = group.iter().map(|index| &self.demands[*index]).collect();
            if let Some(version) = self.best(&members, Some(*line)) {
                chosen.extend(group.iter().map(|index| (*index, version.clone())));
            }
        }
        Ok(chosen.into_values().collect())
    }

    fn with(&self, group: &[usize], index: usize) -> Vec<&Demand> {
        group.iter().chain([&index]).map(|index| &self.demands[*index]).collect()
    }

    /// The fewest demands that cannot be met together, as a rule two.
    fn conflict(&self, index: usize, lines: &[Line], groups: &BTreeMap<Line, Vec<usize>>) -> SelectError {
        let of = lines.first().copied();
        let mut members = of.and_then(|line| groups.get(&line)).cloned().unwrap_or_default();
        let pair = members.iter().find(|other| self.best(&self.with(&[**other], index), of).is_none());
        if let Some(other) = pair {
            members = vec![*other];
        }
        members.push(index);
        members.sort_unstable();
        let demands: Vec<Demand> = members.iter().map(|index| self.demands[*index].clone()).collect();
        let fix = self.fix(&demands, of);
        SelectError::Conflict { demands, available: self.available.to_vec(), fix }
    }

    /// The demand that the others can do without, and the highest version that they agree on.
    fn fix(&self, demands: &[Demand], of: Option<Line>) -> Option<Box<Fix>> {
        let without = |left_out: usize| {
            let others: Vec<&Demand> = demands
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != left_out)
                .map(|(_, demand)| demand)
                .collect();
            self.best(&others, of)
        };
        let best = (0..demands.len()).filter_map(|index| Some((without(index)?, index))).max_by(
            |(version, index), (other, other_index)| version.cmp(other).then(other_index.cmp(index)),
        )?;
        let (version, index) = best;
        Some(Box::new(Fix { demand: demands[index].clone(), version: version.clone() }))
    }
}

/// A way out of a conflict: the demand to change, and the version that it should take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The demand that stands in the way.
    pub demand: Demand,
    /// The version that the other demands agree on.
    pub version: Version,
}

/// Why there is no version for what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No version meets a demand.
    #[error("no version of `{}` fits: {demand}, and the registry has {}", demand.package.name(), known(available))]
    NoVersion {
        /// The demand.
        demand: Box<Demand>,
        /// The versions there are, oldest first.
        available: Vec<Version>,
    },
    /// Demands that need one version have none in common.
    #[error("{}", conflict(demands, available))]
    Conflict {
        /// The fewest demands that cannot be met together, in the order in which they were made.
        demands: Vec<Demand>,
        /// The versions there are, oldest first.
        available: Vec<Version>,
        /// One way out.
        fix: Option<Box<Fix>>,
    },
}

impl SelectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            SelectError::NoVersion { demand, available } => {
                let name = demand.package.name();
                let newest = available.iter().rfind(|version| version.pre.is_empty()).or(available.last())?;
                if newest.pre.is_empty() {
                    return Some(format!("ask for `{name}@^{newest}`, the newest release"));
                }
                Some(format!("there are only pre-releases, which have to be named: `{name}@{newest}`"))
            }
            SelectError::Conflict { fix, .. } => fix.as_ref().map(|fix| {
                let Fix { demand, version } = fix.as_ref();
                format!(
                    "change `{}` ({}) to `{}@^{version}`",
                    demand.package,
                    demand.place,
                    demand.package.name()
                )
            }),
        }
    }
}

fn known(available: &[Version]) -> String {
    if available.is_empty() {
        return "no versions of it".to_owned();
    }
    shown(available).trim_start_matches("which has ").to_owned()
}

fn conflict(demands: &[Demand], available: &[Version]) -> String {
    let name = demands.first().map(|demand| demand.package.name().to_string()).unwrap_or_default();
    let count =
        if demands.len() == 2 { "two demands".to_owned() } else { format!("{} demands", demands.len()) };
    let lines: String = demands.iter().map(|demand| format!("\n  {demand}")).collect();
    format!(
        "{count} on `{name}` do not agree on one version:{lines}\n  the registry has {}",
        known(available)
    )
}
