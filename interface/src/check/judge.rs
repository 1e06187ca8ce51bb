//! What findings weigh, and which version they demand.

use semver::Version;
use serde::Serialize;

use super::bump::{self, VersionStep};
use super::compare::drafts::Found;
use super::contract::Contract;
use super::dependencies::{self, Widened};
use super::finding::{Bump, Finding, Place, Shown, Status};
use super::rule::{Direction, Group, Level, Rule};
use super::rules;
use super::settings::{Ignore, Profile, Settings};

/// What changed, whom it breaks, and which version it demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was found, the heaviest first, then by place.
    pub findings: Vec<Finding>,
    /// The bump that the changes demand.
    pub required: Bump,
    /// Where both sides are WIT packages, the package with its versions, and behind it the packages that it depends on and
    /// that have another version.
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

pub(super) fn judge(
    found: Vec<Found>,
    truncated: bool,
    old: &Contract,
    new: &Contract,
    settings: &Settings,
) -> Comparison {
    let mut findings: Vec<Finding> = found
        .into_iter()
        .filter_map(|Found { mut finding, feature }| {
            finding.level = level(&finding, feature.is_some(), settings)?;
            if let Some(feature) = feature {
                finding.message = format!("{} (behind the feature `{feature}`)", finding.message);
                finding.hint = Some("it is unstable, so nobody may rely on it".to_owned());
            }
            Some(finding)
        })
        .collect();
    let mut used = vec![false; settings.ignores.len()];
    ignore(&mut findings, &mut used, new, settings);
    let counting = findings.iter().filter(|finding| !matches!(finding.status, Status::Ignored { .. }));
    let required = bump::required(counting);
    let versions = bump::steps(old, new, required, &findings);
    if let Some(step) = versions.first() {
        let mut of_versions = of_versions(step, new, settings);
        of_versions.extend(of_dependencies(old, new, settings));
        ignore(&mut of_versions, &mut used, new, settings);
        findings.extend(of_versions);
        if step.enough && settings.profile != Profile::Strict {
            allow(&mut findings, step);
        }
    }
    findings.extend(unused(&used, new, settings));
    findings.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.place.cmp(&b.place)));
    Comparison { findings, required, versions, truncated }
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

/// What the version of the package itself does wrong.
fn of_versions(step: &VersionStep, new: &Contract, settings: &Settings) -> Vec<Finding> {
    let (Some(before), Some(after)) = (&step.old, &step.new) else { return Vec::new() };
    let shown = |version: &Version| {
        Some(Shown { wit: format!("package {}@{version};", step.package), location: None })
    };
    let mut findings = Vec::new();
    let mut add = |rule: &'static Rule, message: String, hint: Option<String>| {
        let finding = Finding {
            rule,
            breaks: rule.directions.to_vec(),
            level: Level::Note,
            place: Place { package: new.package(), ..Place::default() },
            message,
            old: shown(before),
            new: shown(after),
            hint: hint.or_else(|| Some(rule.advice.to_owned()).filter(|advice| !advice.is_empty())),
            status: Status::Counts,
        };
        if let Some(level) = level(&finding, false, settings) {
            findings.push(Finding { level, ..finding });
        }
    };
    let is_prerelease = !before.pre.is_empty() && !after.pre.is_empty();
    if after < before
        && is_prerelease
        && (before.major, before.minor, before.patch) == (after.major, after.minor, after.patch)
    {
        let message = format!("`{}` went from {before} to {after}, which comes before it", step.package);
        add(&rules::PRERELEASE_ORDER, message, None);
    } else if after < before {
        let message = format!("`{}` goes back from {before} to {after}", step.package);
        add(&rules::VERSION_NO_DECREASE, message, None);
    }
    if let Some(at_least) = &step.at_least
        && step.required >= Bump::Minor
    {
        let why = match step.required {
            Bump::Major => "because something breaks",
            _ => "because something is new",
        };
        let is = match before == after {
            true => format!("it is still {after}"),
            false => format!("it went from {before} to {after}"),
        };
        let message = format!("`{}` needs a {} bump, {why}: {is}", step.package, step.required);
        add(&rules::VERSION_BUMP_REQUIRED, message, Some(format!("make it {at_least} or higher")));
    } else if before == after && step.required == Bump::Patch {
        let message =
            format!("`{}` is still {after}, and something in it is written in another way", step.package);
        add(&rules::VERSION_NO_REUSE, message, None);
    }
    // That something is new may be said by a version at the time of the release.
    if step.required == Bump::Minor && before == after && settings.profile == Profile::Library {
        findings.iter_mut().for_each(|finding| finding.level = Level::Note);
    }
    findings
}

/// What the versions of the packages that it builds on do wrong.
fn of_dependencies(old: &Contract, new: &Contract, settings: &Settings) -> Vec<Finding> {
    let rule = &rules::DEP_RANGE_WIDENED;
    let finding = |Widened { package, old, new: after, how }: Widened| {
        let shown = |versions: &[Version]| {
            let packages = versions.iter().map(|version| format!("{package}@{version}"));
            Some(Shown { wit: packages.collect::<Vec<_>>().join(", "), location: None })
        };
        let item = Some(format!("dependency `{package}`"));
        let finding = Finding {
            rule,
            breaks: rule.directions.to_vec(),
            level: Level::Note,
            place: Place { package: new.package(), item, ..Place::default() },
            message: format!("more versions of `{package}` are built on: {how}"),
            old: shown(&old),
            new: shown(&after),
            hint: Some(rule.advice.to_owned()),
            status: Status::Counts,
        };
        level(&finding, false, settings).map(|level| Finding { level, ..finding })
    };
    dependencies::widened(old, new).into_iter().filter_map(finding).collect()
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

/// Marks what the project ignores, and which of its exceptions are used.
fn ignore(findings: &mut [Finding], used: &mut [bool], new: &Contract, settings: &Settings) {
    if settings.ignores.is_empty() {
        return;
    }
    let version = new.version();
    let is_over = |until: &Version| version.as_ref().is_some_and(|version| version >= until);
    for finding in findings {
        let path = finding.place.path();
        for (ignore, used) in settings.ignores.iter().zip(&mut *used) {
            if !ignore.covers(finding.rule.id, &path) {
                continue;
            }
            *used = true;
            match &ignore.until {
                Some(until) if is_over(until) => {
                    finding.hint = Some(format!("it was ignored until {until}: {}", ignore.reason));
                }
                until if finding.status == Status::Counts => {
                    finding.status = Status::Ignored { reason: ignore.reason.clone(), until: until.clone() };
                }
                _ => {}
            }
        }
    }
}

/// The exceptions of the project that except nothing.
fn unused(used: &[bool], new: &Contract, settings: &Settings) -> Vec<Finding> {
    let rule = &rules::IGNORE_UNUSED;
    let unused = settings.ignores.iter().zip(used).filter(|(_, used)| !**used);
    let finding = |(ignore, _): (&Ignore, &bool)| {
        let path = ignore.path.as_ref().map(|path| format!(" for `{path}`")).unwrap_or_default();
        let finding = Finding {
            rule,
            breaks: Vec::new(),
            level: Level::Note,
            place: Place { package: new.package(), ..Place::default() },
            message: format!("`{}` is ignored{path}, and nothing of the kind was found", ignore.rule),
            old: None,
            new: None,
            hint: Some(rule.advice.to_owned()),
            status: Status::Counts,
        };
        level(&finding, false, settings).map(|level| Finding { level, ..finding })
    };
    unused.filter_map(finding).collect()
}
