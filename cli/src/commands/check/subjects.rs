//! What is checked: one thing that was named, or all that a project has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wkit_interface::check::hosts::{HostVersion, flags, gaps};
use wkit_interface::check::{
    Bump, CheckError, ContractKind, Finding, Ignore, Level, Place, Profile, Settings, Status, compare, lint,
};
use wkit_interface::{Misfit, decode};

use super::Plan;
use crate::baseline::{Side, Sides, incomparable};
use crate::error::CommandError;
use crate::project::{Component, FILE_NAME, Project};
use crate::report::Checked;
use crate::rules::WORLD_MISFIT;
use crate::target::Target;

/// Checks all that the plan names.
pub(super) fn check(plan: &Plan<'_>) -> Result<Vec<Checked>, CommandError> {
    let mut checks = check_each(plan)?;
    settle_exceptions(&mut checks, &plan.settings.stated.ignores);
    Ok(checks)
}

fn check_each(plan: &Plan<'_>) -> Result<Vec<Checked>, CommandError> {
    let sides = Sides { inputs: &plan.args.inputs, context: plan.context };
    let Some(subject) = &plan.args.subject else {
        let Some(project) = plan.project else {
            return Err(CommandError::usage(format!(
                "there is nothing to check: no `{FILE_NAME}` here or above"
            ))
            .hint("name a component, a folder of WIT or a reference, as in `wkit check wit`"));
        };
        let members: Vec<&Component> = project.components.iter().collect();
        return checked_members(plan, project, &members, &sides);
    };
    if let Some(project) = plan.project.filter(|_| names_project(subject)) {
        let members: Vec<&Component> = project.components.iter().collect();
        return checked_members(plan, project, &members, &sides);
    }
    let member = plan.project.and_then(|project| Some((project, project.component(subject)?)));
    if let Some((project, member)) = member {
        return checked_members(plan, project, &[member], &sides);
    }
    let new = sides.load(subject, None)?;
    let is_wit = new.contract.kind() == ContractKind::WitPackage;
    let base = plan.args.against.as_deref().or_else(|| stated_base(plan, &new));
    let target = match &plan.args.targets {
        Some(targets) if is_wit => {
            return Err(CommandError::usage(format!(
                "`--targets {targets}`: `{subject}` is a package of WIT, not a component"
            ))
            .hint("to compare two packages use `--against`"));
        }
        Some(targets) => {
            Some(Target::load(targets, plan.args.world.as_deref(), &plan.args.inputs, plan.context)?)
        }
        None => None,
    };
    let world = plan.settings.world().filter(|_| is_wit || plan.args.targets.is_none());
    // With a base the comparison says so itself.
    if let (Some(world), true, None) = (&plan.args.world, is_wit, base) {
        let worlds = new.contract.worlds();
        if !worlds.contains(world) {
            let label = subject.clone();
            let error = CheckError::UnknownWorld { label, world: world.clone(), worlds };
            return Err(CommandError::usage(error.to_string()));
        }
    }
    let mut remarks = Vec::new();
    let old = match base {
        // What the file says was not said of this folder, which may be newer.
        Some(base) if plan.args.against.is_none() && !sides.revision_has(base, &new.tree)? => {
            remarks.push(format!("new since `{base}`"));
            None
        }
        Some(base) => Some(sides.load(base, Some(&new.tree))?),
        None => None,
    };
    Ok(vec![checked(plan, Item { subject: subject.clone(), new, old, target, world, remarks })?])
}

/// Whether this is the folder of a project.
pub(super) fn names_project(subject: &str) -> bool {
    Path::new(subject).join(FILE_NAME).is_file()
}

/// An exception that is of use to one check is no fault of the others, and one that is of none is told once.
fn settle_exceptions(checks: &mut [Checked], exceptions: &[Ignore]) {
    for exception in exceptions {
        let used = checks.iter().flat_map(|checked| &checked.findings).any(|finding| {
            let ignored =
                matches!(&finding.status, Status::Ignored { reason, .. } if *reason == exception.reason);
            ignored && finding.rule.id == exception.rule
        });
        let path = exception.path.as_ref().map(|path| format!(" for `{path}`")).unwrap_or_default();
        let unused = format!("`{}` is ignored{path}, and ", exception.rule);
        let mut told = used;
        for checked in &mut *checks {
            checked.findings.retain(|finding| {
                let is_it = finding.rule.id == "IGNORE_UNUSED" && finding.message.starts_with(&unused);
                let keep = !is_it || !told;
                told |= is_it;
                keep
            });
        }
    }
}

/// `against` of `[check]` speaks of the project's own interfaces, whichever folder of them is named.
fn stated_base<'a>(plan: &Plan<'a>, new: &Side) -> Option<&'a str> {
    let project = plan.project?;
    let path = std::path::absolute(new.tree.current()?).ok()?;
    let inside = new.contract.kind() == ContractKind::WitPackage && path.starts_with(&project.folder);
    project.check.against.as_deref().filter(|_| inside)
}

/// Each WIT folder of the members once, and each member's component as it was last built.
fn checked_members(
    plan: &Plan<'_>,
    project: &Project,
    members: &[&Component],
    sides: &Sides<'_>,
) -> Result<Vec<Checked>, CommandError> {
    let base = plan.args.against.as_deref().or(project.check.against.as_deref());
    let is_revision = base.is_some_and(|base| base.starts_with("git:"));
    let folders: BTreeSet<&Path> = members.iter().map(|member| member.wit.as_path()).collect();
    if let (Some(base), false, true) = (base, is_revision, folders.len() > 1) {
        let names: Vec<String> = members.iter().map(|member| format!("`{}`", member.name)).collect();
        let first = members.first().map_or("", |member| member.name.as_str());
        let names = names.join(", ");
        return Err(CommandError::usage(format!(
            "`--against {base}` is one thing, and there are several to compare with it"
        ))
        .hint(format!("name one of {names}, as in `wkit check {first} --against {base}`")));
    }
    // What is no revision is read before anything is checked, and replaces what it is like.
    let mut other = match base {
        Some(base) if !is_revision => Some(sides.load(base, None)?),
        _ => None,
    };
    let mut take = |kind: ContractKind| match &other {
        Some(side) if side.contract.kind() == kind => other.take(),
        _ => None,
    };
    let mut all = Vec::new();
    for folder in folders {
        let shown = shown_path(plan, folder);
        let new = sides.wit(folder, &shown)?;
        let mut remarks = Vec::new();
        let old = match base {
            Some(base) if is_revision => match sides.revision_has(base, &new.tree)? {
                true => Some(sides.load(base, Some(&new.tree))?),
                false => {
                    remarks.push(format!("new since `{base}`"));
                    None
                }
            },
            _ => take(ContractKind::WitPackage),
        };
        let subject = new.tree.shown().to_owned();
        let world = plan.settings.world();
        all.push(checked(plan, Item { subject, new, old, target: None, world, remarks })?);
    }
    for member in members {
        let file = project.component_file(&member.name);
        if !file.is_file() {
            let hint = "`wkit build` makes it, and then it is checked too";
            plan.context.ui.note(format!("the component `{}` is not built; {hint}", member.name));
            continue;
        }
        let shown = shown_path(plan, &file);
        let new = sides.component(&file, &shown)?;
        let wit = member.wit.display().to_string();
        let target = Target::load(&wit, Some(&member.world), &plan.args.inputs, plan.context)?;
        let old = take(ContractKind::Component);
        all.push(checked(
            plan,
            Item { subject: shown, new, old, target: Some(target), world: None, remarks: Vec::new() },
        )?);
    }
    if let (Some(side), Some(base)) = (other, base) {
        let (found, wanted) = match side.contract.kind() {
            ContractKind::Component => ("a component", "no component is built"),
            ContractKind::WitPackage => ("a package of WIT", "no WIT is checked"),
        };
        return Err(CommandError::usage(format!("`--against {base}` is {found}, and {wanted}"))
            .hint("run `wkit build`, or name what to compare with it"));
    }
    Ok(all)
}

/// A path as a person in the current folder would write it.
fn shown_path(plan: &Plan<'_>, path: &Path) -> String {
    let path: PathBuf = path.components().collect();
    let inside = path.strip_prefix(&plan.context.current_folder).unwrap_or(&path);
    inside.display().to_string()
}

/// One thing to check.
struct Item {
    subject: String,
    new: Side,
    old: Option<Side>,
    target: Option<Target>,
    world: Option<String>,
    remarks: Vec<String>,
}

fn checked(plan: &Plan<'_>, item: Item) -> Result<Checked, CommandError> {
    let Item { subject, new, old, target, world, mut remarks } = item;
    let settings = plan.settings.with(Profile::default_for(&new.contract), world.clone());
    let mut findings = lint(&new.contract, &settings);
    let (mut required, mut versions, mut truncated) = (Bump::None, Vec::new(), false);
    if let Some(old) = &old {
        // What was wrong before is no fault of the change.
        let before = lint(&old.contract, &settings);
        let same = |one: &Finding, other: &Finding| {
            one.rule.id == other.rule.id && one.place.path() == other.place.path()
        };
        findings.retain(|finding| !before.iter().any(|known| same(known, finding)));
        let comparison = compare(&old.contract, &new.contract, &settings)
            .map_err(|error| incomparable(&subject, old.tree.shown(), &error))?;
        findings.extend(comparison.findings);
        (required, versions, truncated) = (comparison.required, comparison.versions, comparison.truncated);
    }
    match new.contract.kind() {
        _ if old.is_some() => {}
        ContractKind::Component => remarks.push("valid".to_owned()),
        ContractKind::WitPackage => remarks.push("it resolves".to_owned()),
    }
    if let (Some(target), Some(bytes)) = (&target, &new.bytes) {
        let surface = decode(bytes)
            .map_err(|error| CommandError::from_error(format!("cannot read `{subject}`"), &error))?;
        let misfits = target.misfits(&surface);
        if misfits.is_empty() {
            remarks.push(format!("fits the world `{}`", target.world()));
        }
        findings
            .extend(misfits.iter().filter_map(|misfit| weighed(misfit_finding(misfit, target), &settings)));
    }
    for host in &plan.hosts {
        let missing = gaps(&new.contract, host);
        if missing.is_empty() && !is_wit(&new) {
            remarks.push(host_remark(&new, host));
        }
        findings.extend(missing.iter().filter_map(|gap| weighed(gap.finding(host), &settings)));
    }
    findings.sort_by(|one, other| other.level.cmp(&one.level).then_with(|| one.place.cmp(&other.place)));
    let hosts = plan.hosts.iter().map(ToString::to_string).collect();
    let profile = settings.profile;
    Ok(Checked { subject, new, old, profile, world, hosts, findings, required, versions, truncated, remarks })
}

fn is_wit(side: &Side) -> bool {
    side.contract.kind() == ContractKind::WitPackage
}

/// A host that fills all imports, and what it has to be told for that.
fn host_remark(side: &Side, host: &HostVersion) -> String {
    let mut flags: Vec<String> =
        flags(&side.contract, host).into_iter().map(|flag| format!("`{}`", flag.flag)).collect();
    flags.sort();
    flags.dedup();
    match flags.as_slice() {
        [] => format!("{host} has all that it imports"),
        flags => format!("{host} has all that it imports with {}", flags.join(" ")),
    }
}

/// What a world asks of a component, and does not find.
fn misfit_finding(misfit: &Misfit, target: &Target) -> Finding {
    Finding {
        rule: &WORLD_MISFIT,
        breaks: Vec::new(),
        level: Level::Breaking,
        place: Place { worlds: vec![target.world().to_owned()], ..Place::default() },
        message: one_line(&misfit.to_string()),
        old: None,
        new: None,
        hint: Some(misfit.hint()),
        status: Status::Counts,
    }
}

/// What the project and the options make of a finding about a component by itself; nothing where its rule is off.
fn weighed(mut finding: Finding, settings: &Settings) -> Option<Finding> {
    if let Some(level) = settings.levels.get(finding.rule.id) {
        finding.level = (*level)?;
    }
    let path = finding.place.path();
    if let Some(Ignore { reason, until, .. }) =
        settings.ignores.iter().find(|ignore| ignore.covers(finding.rule.id, &path))
    {
        // A component has no version of its own by which an exception could end.
        finding.status = Status::Ignored { reason: reason.clone(), until: until.clone() };
    }
    Some(finding)
}

/// A sentence, and what is below it, in one line.
fn one_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.collect();
    if rest.is_empty() { first.to_owned() } else { format!("{first} {}", rest.join("; ")) }
}
