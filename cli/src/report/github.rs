//! Annotations of a workflow of GitHub: lines that its runner makes into marks beside the changed lines.

use wkit_interface::check::{Finding, Level, Status};

use super::words::{whereabouts, whom};
use super::{Checked, Report};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for checked in &report.checks {
        // What is ignored was seen once, and nobody wants to see it again.
        for finding in checked.findings.iter().filter(|it| !matches!(it.status, Status::Ignored { .. })) {
            text += &annotation(report, checked, finding);
        }
    }
    text
}

fn annotation(report: &Report, checked: &Checked, finding: &Finding) -> String {
    let command = match (finding.level, &finding.status) {
        (Level::Breaking, Status::Counts) => "error",
        _ => "notice",
    };
    let spot = report.spot_in_repository(checked, finding);
    let mut properties = vec![("file", spot.file)];
    if let Some(lines) = spot.lines {
        properties.push(("line", lines.line.to_string()));
        properties.push(("endLine", lines.end_line.to_string()));
        // Columns are taken only where they are of one line.
        if lines.line == lines.end_line {
            properties.push(("col", lines.column.to_string()));
            properties.push(("endColumn", lines.end_column.to_string()));
        }
    }
    properties.push(("title", format!("{} ({})", finding.rule.id, finding.level)));
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}={}", property(&value))).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(&message(checked, finding)))
}

fn message(checked: &Checked, finding: &Finding) -> String {
    let mut lines = vec![finding.message.clone()];
    let place = whereabouts(finding);
    if !place.is_empty() {
        lines.push(format!("in {place}"));
    }
    if !finding.breaks.is_empty() {
        let verb = if finding.level == Level::Breaking { "breaks" } else { "concerns" };
        lines.push(format!("{verb} {}", whom(&finding.breaks)));
    }
    for (name, shown) in [("before", &finding.old), ("now", &finding.new)] {
        if let Some(shown) = shown {
            lines.push(format!("{name}: {}", shown.wit.trim()));
        }
    }
    if let Some(against) = checked.against() {
        lines.push(format!("compared with {against}"));
    }
    lines.extend(finding.hint.iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

/// Text behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_is_written_otherwise() {
        assert_eq!(data("100 %\na: b, c"), "100 %25%0Aa: b, c");
        assert_eq!(property("a:b,c\r\n%"), "a%3Ab%2Cc%0D%0A%25");
    }
}
