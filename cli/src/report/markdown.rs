//! For a comment on a change: what it comes to, a table of what breaks, the rest folded away.

use std::fmt::Write as _;

use wkit_interface::check::{Finding, Group, Level, Status};

use super::place::Spot;
use super::words::{bump_sentence, counted, placed, whereabouts, whom};
use super::{Checked, Report, counts_as_breaking};

pub(super) fn render(report: &Report) -> String {
    let blocks: Vec<String> = report.checks.iter().map(|checked| block(report, checked)).collect();
    blocks.join("\n")
}

fn block(report: &Report, checked: &Checked) -> String {
    let counts = checked.counts();
    let mut text = format!("### {}\n\n", checked.heading());
    let verdict = match (counts.breaking, checked.old.is_some()) {
        (0, true) if counts.allowed_by_version == 0 => "**Nothing breaks.**".to_owned(),
        (0, true) => "**Breaks, as the version says.**".to_owned(),
        (0, false) => "**Fine.**".to_owned(),
        (_, true) if checked.breaking_changes() == 0 => {
            "**The version does not say what changed.**".to_owned()
        }
        (_, true) => {
            format!("**{}.**", counted(checked.breaking_changes(), "breaking change", "breaking changes"))
        }
        (count, false) => format!("**{}.**", counted(count, "finding", "findings")),
    };
    let mut rest: Vec<String> = Vec::new();
    for (count, one, many) in [
        (counts.additive, "addition", "additions"),
        (counts.note, "note", "notes"),
        (counts.ignored, "ignored", "ignored"),
    ] {
        if count > 0 {
            rest.push(counted(count, one, many));
        }
    }
    if counts.breaking == 0 {
        rest.extend(checked.remarks.iter().cloned());
    }
    rest.extend(bump_sentence(checked));
    let rest = rest.join(", ");
    let rest = if rest.is_empty() { rest } else { format!(" {}.", capital(&rest)) };
    let _ = writeln!(text, "{verdict}{rest}");
    let mut breaking: Vec<&Finding> = checked.findings.iter().filter(|it| counts_as_breaking(it)).collect();
    // What is said of the version follows from the changes.
    breaking.sort_by_key(|finding| finding.rule.group == Group::Version);
    if !breaking.is_empty() {
        text += "\n| What | Where | Breaks | Rule |\n|---|---|---|---|\n";
        for finding in &breaking {
            text += &row(report, checked, finding);
        }
        breaking.retain(|finding| finding.rule.group != Group::Version);
        text += &folded("Before and after", &breaking, difference);
    }
    let of = |level: Level| -> Vec<&Finding> {
        let of = |it: &&Finding| it.level == level && it.status == Status::Counts;
        checked.findings.iter().filter(of).collect()
    };
    text += &folded(&counted(counts.additive, "addition", "additions"), &of(Level::Additive), item);
    text += &folded(&counted(counts.note, "note", "notes"), &of(Level::Note), item);
    let allowed: Vec<&Finding> =
        checked.findings.iter().filter(|it| matches!(it.status, Status::AllowedByVersion { .. })).collect();
    let title = counted(counts.allowed_by_version, "breaking change", "breaking changes");
    text += &folded(&format!("{title} that the version allows"), &allowed, item);
    let ignored: Vec<&Finding> =
        checked.findings.iter().filter(|it| matches!(it.status, Status::Ignored { .. })).collect();
    text += &folded(&format!("{} ignored", counts.ignored), &ignored, |finding| match &finding.status {
        Status::Ignored { reason, .. } => format!("{}: {}\n", item(finding).trim_end(), flat(reason)),
        _ => item(finding),
    });
    if checked.truncated {
        text += "\nThere is more than is listed.\n";
    }
    text
}

fn row(report: &Report, checked: &Checked, finding: &Finding) -> String {
    let Spot { file, lines } = report.spot_in_repository(checked, finding);
    let spot = lines.map_or(file.clone(), |lines| format!("{file}:{}", lines.line));
    let place = whereabouts(finding);
    let place = if place.is_empty() { place } else { format!("<br>{}", cell(&place)) };
    format!(
        "| {} | `{}`{place} | {} | `{}` |\n",
        cell(&finding.message),
        spot.replace('|', "\\|"),
        cell(&whom(&finding.breaks)),
        finding.rule.id
    )
}

fn folded(title: &str, findings: &[&Finding], show: impl Fn(&Finding) -> String) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let lines: String = findings.iter().map(|finding| show(finding)).collect();
    format!("\n<details><summary>{title}</summary>\n\n{}\n\n</details>\n", lines.trim_end())
}

fn item(finding: &Finding) -> String {
    format!("- {} (`{}`)\n", flat(&placed(finding)), finding.rule.id)
}

/// Both sides as a difference.
fn difference(finding: &Finding) -> String {
    let mut lines = String::new();
    for (sign, shown) in [('-', &finding.old), ('+', &finding.new)] {
        for line in shown.iter().flat_map(|shown| shown.wit.trim_end().lines()) {
            let _ = writeln!(lines, "{sign} {line}");
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let fence = fence(&lines);
    format!("{} (`{}`)\n\n{fence}diff\n{lines}{fence}\n\n", flat(&finding.message), finding.rule.id)
}

/// A fence that the text does not end.
fn fence(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    fence
}

/// Text in one line, in which markup of pages is no markup.
fn flat(text: &str) -> String {
    // Within backticks everything stands for itself.
    let parts = text.replace(['\r', '\n'], " ");
    let mut inside = false;
    let mut flat = String::new();
    for letter in parts.chars() {
        match letter {
            '`' => inside = !inside,
            '<' if !inside => {
                flat += "&lt;";
                continue;
            }
            _ => {}
        }
        flat.push(letter);
    }
    flat
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    flat(text).replace('|', "\\|")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_does_not_break_out() {
        assert_eq!(cell("a | b\n<b> `list<u8>`"), "a \\| b &lt;b> `list<u8>`");
        assert_eq!(fence("a ``` b"), "````");
    }
}
