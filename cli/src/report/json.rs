//! JSON with a documented schema: `docs/reference/check-json.md`.

use serde_json::{Value, json};
use wkit_interface::check::{Finding, Shown, VersionStep};

use super::{Checked, Counts, Report, fingerprints};
use crate::baseline::Tree;

/// The version of the schema. It grows when something changes its meaning or goes away; new keys may come at any time.
const SCHEMA: u32 = 1;

pub(super) fn document(report: &Report) -> Value {
    let ids = fingerprints(report);
    let checks: Vec<Value> =
        report.checks.iter().zip(&ids).map(|(checked, ids)| check(report, checked, ids)).collect();
    json!({
        "schema": SCHEMA,
        "wkit": env!("CARGO_PKG_VERSION"),
        "verdict": if report.has_findings() { "findings" } else { "fine" },
        "counts": Counts::of(report.checks.iter().flat_map(|checked| &checked.findings)),
        "checks": checks,
    })
}

fn check(report: &Report, checked: &Checked, ids: &[String]) -> Value {
    let findings: Vec<Value> =
        checked.findings.iter().zip(ids).map(|(found, id)| finding(report, checked, found, id)).collect();
    json!({
        "subject": checked.subject,
        "kind": kind(checked),
        "package": checked.new.contract.package(),
        "against": checked.against(),
        "profile": checked.profile.id(),
        "world": checked.world,
        "hosts": checked.hosts,
        "required_bump": checked.old.as_ref().map(|_| checked.required),
        "versions": checked.versions.iter().map(version).collect::<Vec<_>>(),
        "counts": checked.counts(),
        "remarks": checked.remarks,
        "truncated": checked.truncated,
        "findings": findings,
    })
}

/// What is checked, as a word.
pub(super) fn kind(checked: &Checked) -> &'static str {
    match checked.new.contract.kind() {
        wkit_interface::check::ContractKind::Component => "component",
        wkit_interface::check::ContractKind::WitPackage => "wit-package",
    }
}

fn version(step: &VersionStep) -> Value {
    json!({
        "package": step.package,
        "old": step.old,
        "new": step.new,
        "actual_bump": step.actual,
        "required_bump": step.required,
        "at_least": step.at_least,
        "enough": step.enough,
    })
}

fn finding(report: &Report, checked: &Checked, finding: &Finding, id: &str) -> Value {
    let old = checked.old.as_ref().map(|old| &old.tree);
    json!({
        "id": id,
        "rule": finding.rule.id,
        "group": finding.rule.group,
        "level": finding.level,
        "status": finding.status,
        "breaks": finding.breaks,
        "place": finding.place,
        "path": finding.place.path(),
        "spot": spot(report, checked, finding),
        "message": finding.message,
        "old": finding.old.as_ref().zip(old).map(|(shown, tree)| side(shown, tree)),
        "new": finding.new.as_ref().map(|shown| side(shown, &checked.new.tree)),
        "hint": finding.hint,
    })
}

/// Where to look in the files as they are now.
fn spot(report: &Report, checked: &Checked, finding: &Finding) -> Value {
    let spot = report.spot_from_here(checked, finding);
    json!({
        "file": spot.file,
        "line": spot.lines.map(|lines| lines.line),
        "column": spot.lines.map(|lines| lines.column),
        "end_line": spot.lines.map(|lines| lines.end_line),
        "end_column": spot.lines.map(|lines| lines.end_column),
    })
}

fn side(shown: &Shown, tree: &Tree) -> Value {
    json!({
        "wit": shown.wit,
        "location": shown.location.as_ref().map(|location| json!({
            "file": tree.file(&location.file),
            "line": location.line,
            "column": location.column,
            "end_line": location.end_line,
            "end_column": location.end_column,
        })),
    })
}
