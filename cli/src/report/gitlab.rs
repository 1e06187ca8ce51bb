//! A code quality report of GitLab: a list of findings with a fingerprint, a severity and a place.

use serde_json::{Value, json};
use wkit_interface::check::{Finding, Level, Status};

use super::words::placed;
use super::{Checked, Report, fingerprints};

pub(super) fn document(report: &Report) -> Value {
    let ids = fingerprints(report);
    let mut list = Vec::new();
    for (checked, ids) in report.checks.iter().zip(&ids) {
        for (finding, id) in checked.findings.iter().zip(ids) {
            if !matches!(finding.status, Status::Ignored { .. }) {
                list.push(entry(report, checked, finding, id));
            }
        }
    }
    Value::Array(list)
}

fn entry(report: &Report, checked: &Checked, finding: &Finding, id: &str) -> Value {
    let spot = report.spot_in_repository(checked, finding);
    let severity = match (finding.level, &finding.status) {
        (Level::Breaking, Status::Counts) => "major",
        _ => "info",
    };
    json!({
        "description": placed(finding),
        "check_name": finding.rule.id,
        "fingerprint": id,
        "severity": severity,
        // A line has to be named; the first is where a file begins.
        "location": { "path": spot.file, "lines": { "begin": spot.lines.map_or(1, |lines| lines.line) } },
    })
}
