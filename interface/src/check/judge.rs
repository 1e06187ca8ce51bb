//! What findings weigh, and which version they demand.

use semver::Version;
use serde::Serialize;

use super::contract::Contract;
use super::finding::{Bump, Finding, Place, Shown, Status};
use super::rule::{Direction, Group, Level};
use super::rules;
use super::settings::{Profile, Settings};
use crate::name::canonical_version;

/// What changed, whom it breaks, and which version it demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was found, the heaviest first, then by place.
    pub findings: Vec<Finding>,
    /// The bump that the changes demand.
    pub required: Bump,
    /// The package with its versions, where both sides are WIT packages.
    pub versions: Vec<VersionStep>,
    /// Whether there was more than is listed.
    pub truncated: bool,
}

impl Comparison {
    /// The findings that count and break somebody who is protected: there should be none.
    pub fn breaking(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.level == Level::Breaking && finding.status == Status::Counts)
    }
}

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

pub(super) fn judge(
    found: Vec<(Finding, bool)>,
    truncated: bool,
    old: &Contract,
    new: &Contract,
    settings: &Settings,
) -> Comparison {
    let mut findings: Vec<Finding> = found
        .into_iter()
        .filter_map(|(mut finding, unstable)| {
            finding.level = level(&finding, unstable, settings)?;
            if unstable && !finding.breaks.is_empty() {
                finding.hint =
                    Some("it is behind a feature (`@unstable`), so nobody may rely on it".to_owned());
            }
            Some(finding)
        })
        .collect();
    let required = required(&findings);
    let step = step(old, new, required);
    if let Some(step) = &step {
        findings.extend(of_versions(step, new, settings));
        if step.enough && settings.profile != Profile::Strict {
            allow(&mut findings, step);
        }
    }
    ignore(&mut findings, new, settings);
    findings.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.place.cmp(&b.place)));
    Comparison { findings, required, versions: step.into_iter().collect(), truncated }
}

/// What a finding weighs; nothing when the project does not want the rule.
fn level(finding: &Finding, unstable: bool, settings: &Settings) -> Option<Level> {
    if let Some(level) = settings.levels.get(finding.rule.id) {
        return *level;
    }
    if unstable {
        return Some(Level::Note);
    }
    let protects = settings.profile.protects();
    let adds = finding.rule.group != Group::Gates && finding.rule.id.ends_with("_ADD");
    // To all who use no features it is new.
    let adds = adds || finding.rule.id == rules::STABILISED.id;
    Some(if finding.breaks.iter().any(|direction| protects.contains(direction)) {
        Level::Breaking
    } else if adds {
        Level::Additive
    } else {
        Level::Note
    })
}

fn required(findings: &[Finding]) -> Bump {
    // What breaks a promise of versions and gates is not mended by a version.
    let breaks = |finding: &&Finding| finding.breaks.iter().any(|direction| *direction != Direction::Policy);
    if findings.iter().filter(breaks).any(|finding| finding.level == Level::Breaking) {
        Bump::Major
    } else if findings.iter().any(|finding| finding.level == Level::Additive) {
        Bump::Minor
    } else if findings.is_empty() {
        Bump::None
    } else {
        Bump::Patch
    }
}

fn step(old: &Contract, new: &Contract, required: Bump) -> Option<VersionStep> {
    let package = new.package()?;
    let package = package.split('@').next().unwrap_or_default().to_owned();
    if old.package()?.split('@').next() != Some(package.as_str()) {
        return None;
    }
    let (before, after) = (old.version(), new.version());
    let actual = match (&before, &after) {
        (Some(before), Some(after)) => actual(before, after),
        _ => Bump::None,
    };
    let enough = is_enough(before.as_ref(), actual, required);
    let at_least = before.as_ref().filter(|_| !enough).map(|before| next(before, required));
    Some(VersionStep { package, old: before, new: after, actual, required, enough, at_least })
}

/// How much a version grew; nothing where it is the same or lower.
fn actual(old: &Version, new: &Version) -> Bump {
    if new <= old {
        Bump::None
    } else if canonical_version(old) != canonical_version(new) {
        Bump::Major
    } else if old.minor != new.minor {
        Bump::Minor
    } else {
        Bump::Patch
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

fn of_versions(step: &VersionStep, new: &Contract, settings: &Settings) -> Vec<Finding> {
    let (Some(old_version), Some(new_version)) = (&step.old, &step.new) else { return Vec::new() };
    let shown = |version: &Version| {
        Some(Shown { wit: format!("package {}@{version};", step.package), location: None })
    };
    let finding = |rule, message: String, hint: Option<String>| {
        let mut finding = Finding {
            rule,
            breaks: vec![Direction::Policy],
            level: Level::Note,
            place: Place { package: new.package(), ..Place::default() },
            message,
            old: shown(old_version),
            new: shown(new_version),
            hint,
            status: Status::Counts,
        };
        finding.level = level(&finding, false, settings)?;
        Some(finding)
    };
    let mut findings = Vec::new();
    if new_version < old_version {
        let message = format!("`{}` goes back from {old_version} to {new_version}", step.package);
        findings.extend(finding(&rules::VERSION_NO_DECREASE, message, None));
    }
    if let Some(at_least) = &step.at_least
        && step.required >= Bump::Minor
    {
        let why = match step.required {
            Bump::Major => "because something breaks",
            _ => "because something is new",
        };
        let is = match old_version == new_version {
            true => format!("it is still {new_version}"),
            false => format!("it went from {old_version} to {new_version}"),
        };
        let message = format!("`{}` needs a {} bump, {why}: {is}", step.package, step.required);
        let hint = format!("make it {at_least} or higher");
        findings.extend(finding(&rules::VERSION_BUMP_REQUIRED, message, Some(hint)).map(|mut finding| {
            // That something is new may be said by a version at the time of the release.
            if step.required == Bump::Minor
                && old_version == new_version
                && settings.profile == Profile::Library
            {
                finding.level = Level::Note;
            }
            finding
        }));
    }
    findings
}

/// What a version that does not fit the old one allows.
fn allow(findings: &mut [Finding], step: &VersionStep) {
    let (Some(old), Some(new)) = (&step.old, &step.new) else { return };
    if step.actual != Bump::Major {
        return;
    }
    for finding in findings {
        let links = finding.breaks.iter().any(|direction| *direction != Direction::Policy);
        if finding.level == Level::Breaking && links {
            finding.status = Status::AllowedByVersion { old: old.clone(), new: new.clone() };
        }
    }
}

fn ignore(findings: &mut Vec<Finding>, new: &Contract, settings: &Settings) {
    let version = new.version();
    let is_over = |until: &Option<Version>| match (until, &version) {
        (Some(until), Some(version)) => version >= until,
        _ => false,
    };
    for ignore in &settings.ignores {
        let mut used = false;
        let covered =
            findings.iter_mut().filter(|finding| ignore.covers(finding.rule.id, &finding.place.path()));
        for finding in covered {
            used = true;
            if is_over(&ignore.until) {
                finding.hint = Some(format!(
                    "it was ignored until {}: {}",
                    ignore.until.as_ref().map(ToString::to_string).unwrap_or_default(),
                    ignore.reason
                ));
            } else if finding.status == Status::Counts {
                finding.status =
                    Status::Ignored { reason: ignore.reason.clone(), until: ignore.until.clone() };
            }
        }
        if !used {
            let path = ignore.path.as_ref().map(|path| format!(" for `{path}`")).unwrap_or_default();
            let finding = Finding {
                rule: &rules::IGNORE_UNUSED,
                breaks: Vec::new(),
                level: Level::Note,
                place: Place { package: new.package(), ..Place::default() },
                message: format!("`{}` is ignored{path}, and nothing of the kind was found", ignore.rule),
                old: None,
                new: None,
                hint: Some(rules::IGNORE_UNUSED.advice.to_owned()),
                status: Status::Counts,
            };
            if let Some(level) = level(&finding, false, settings) {
                findings.push(Finding { level, ..finding });
            }
        }
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
        ] {
            assert_eq!(actual(&version(old), &version(new)), expected, "{old} {new}");
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
