//! A test report as services read it: a suite for each thing that was checked, a case for each finding.

use std::fmt::Write as _;

use wkit_interface::check::{Finding, Status};

use super::words::{bump_sentence, whereabouts, whom};
use super::{Checked, Report, counts_as_breaking};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let suites: Vec<&Checked> = report.checks.iter().collect();
    let tests: usize = suites.iter().map(|checked| cases(checked)).sum();
    let failures: usize = suites.iter().map(|checked| checked.counts().breaking).sum();
    let _ =
        writeln!(text, r#"<testsuites name="wkit check" tests="{tests}" failures="{failures}" errors="0">"#);
    for checked in suites {
        text += &suite(checked);
    }
    text + "</testsuites>\n"
}

/// What has no finding is one case that passes, so that the service shows that it was checked.
fn cases(checked: &Checked) -> usize {
    checked.findings.len().max(1)
}

fn suite(checked: &Checked) -> String {
    let counts = checked.counts();
    let name = match checked.against() {
        Some(against) => format!("{} against {against}", checked.subject),
        None => checked.subject.clone(),
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        r#"  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}">"#,
        escaped(&name),
        cases(checked),
        counts.breaking,
        counts.ignored,
    );
    let class = checked.new.contract.package().unwrap_or_else(|| checked.subject.clone());
    if checked.findings.is_empty() {
        let name = if checked.old.is_some() { "replaces" } else { "is fine" };
        let _ = writeln!(text, r#"    <testcase name="{name}" classname="{}"/>"#, escaped(&class));
    }
    for finding in &checked.findings {
        text += &case(finding, &class);
    }
    let mut remarks = checked.remarks.clone();
    remarks.extend(bump_sentence(checked));
    if !remarks.is_empty() {
        let _ = writeln!(text, "    <system-out>{}</system-out>", escaped(&remarks.join(", ")));
    }
    text + "  </testsuite>\n"
}

fn case(finding: &Finding, class: &str) -> String {
    let path = finding.place.path();
    let name =
        if path.is_empty() { finding.rule.id.to_owned() } else { format!("{} {path}", finding.rule.id) };
    let head = format!(r#"    <testcase name="{}" classname="{}""#, escaped(&name), escaped(class));
    let rule = finding.rule.id;
    let message = escaped(&finding.message);
    let inner = match &finding.status {
        Status::Ignored { reason, .. } => {
            format!(r#"<skipped message="{}"/>"#, escaped(&format!("{}: {reason}", finding.message)))
        }
        _ if counts_as_breaking(finding) => {
            format!(r#"<failure type="{rule}" message="{message}">{}</failure>"#, escaped(&details(finding)))
        }
        _ => format!("<system-out>{}: {message}</system-out>", finding.level),
    };
    format!("{head}>\n      {inner}\n    </testcase>\n")
}

fn details(finding: &Finding) -> String {
    let mut lines = Vec::new();
    let place = whereabouts(finding);
    if !place.is_empty() {
        lines.push(format!("in {place}"));
    }
    if !finding.breaks.is_empty() {
        lines.push(format!("breaks {}", whom(&finding.breaks)));
    }
    for (name, shown) in [("before", &finding.old), ("now", &finding.new)] {
        if let Some(shown) = shown {
            lines.push(format!("{name}: {}", shown.wit.trim()));
        }
    }
    lines.extend(finding.hint.iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

/// Text in XML; what may not stand in a document at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' | '\n' => escaped.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_is_markup_is_written_otherwise() {
        assert_eq!(escaped("list<u8> & \"a\"\u{1b}[1m\n"), "list&lt;u8&gt; &amp; &quot;a&quot;[1m\n");
    }
}
