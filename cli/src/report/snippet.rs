//! What to paste into `wkit.toml` for changes that are meant to break.

use std::collections::BTreeSet;

use wkit_interface::check::{Finding, Group};

use super::{Report, counts_as_breaking};

pub(super) fn render(report: &Report) -> String {
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    let all = || report.checks.iter().flat_map(|checked| &checked.findings);
    // What is said of the version follows from the changes: where they are ignored, it is not said any more.
    let is_change = |finding: &Finding| finding.rule.group != Group::Version && counts_as_breaking(finding);
    let has_changes = all().any(is_change);
    for finding in all().filter(|finding| !has_changes || is_change(finding)) {
        let path = finding.place.path();
        if !counts_as_breaking(finding) || !seen.insert((finding.rule.id, path.clone())) {
            continue;
        }
        text += &format!("[[check.ignore]]                      # {}\n", finding.message.replace('\n', " "));
        text += &format!("rule = \"{}\"\n", finding.rule.id);
        if !path.is_empty() {
            text += &format!("path = {}\n", toml::Value::from(path));
        }
        text += "reason = \"\"                           # say why; it is shown in reports\n\n";
    }
    if text.is_empty() {
        return "# nothing breaks, so there is nothing to ignore\n".to_owned();
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}
