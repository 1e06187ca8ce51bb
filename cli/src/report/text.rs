//! For people: what breaks and whom, with the lines of the sources; what was added, in short; one line that sums it up.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Element, Group, Level as Shade, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use wkit_interface::check::{Bump, Finding, Group as RuleGroup, Level, Shown, Status};

use super::place::named_place;
use super::words::{bump_sentence, counted, placed, whereabouts, whom};
use super::{Checked, Report, counts_as_breaking};
use crate::baseline::Tree;
use crate::marks::within;

/// How wide a drawn line may be, in columns.
const WIDTH_MAX: usize = 140;

/// How many changes of documentation are listed one by one.
const WORDS_LISTED_MAX: usize = 4;

/// The rule of documentation.
const DOC_CHANGE: &str = "DOC_CHANGE";

const BREAKS: Style = AnsiColor::BrightRed.on_default().bold();
const FINE: Style = AnsiColor::Green.on_default().bold();
const ADDS: Style = AnsiColor::Green.on_default();
const NOTES: Style = AnsiColor::Yellow.on_default();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

pub(super) fn render(report: &Report) -> String {
    let mut blocks: Vec<String> = Vec::new();
    let several = report.checks.len() > 1;
    // What is fine is a line each, and lines of one kind stand together.
    let mut fine = String::new();
    for checked in &report.checks {
        if checked.findings.is_empty() {
            fine += &summary(checked);
        } else {
            blocks.push(block(checked, several));
        }
    }
    if !fine.is_empty() {
        blocks.push(fine);
    }
    let mut text = blocks.join("\n");
    let hints = hints(report);
    if !hints.is_empty() && !text.is_empty() {
        text += &hints;
    }
    text
}

fn block(checked: &Checked, several: bool) -> String {
    let mut text = String::new();
    if checked.old.is_some() {
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}, profile {}\n", checked.heading(), checked.profile);
    } else if several {
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}\n", checked.heading());
    }
    let all = checked.findings.iter().filter(|finding| counts_as_breaking(finding));
    let (versions, changes): (Vec<&Finding>, Vec<&Finding>) =
        all.partition(|finding| finding.rule.group == RuleGroup::Version);
    // Whom it breaks is said once for all that break the same.
    let mut groups: Vec<(&[_], Vec<&Finding>)> = Vec::new();
    for finding in changes {
        match groups.iter_mut().find(|(breaks, _)| *breaks == finding.breaks.as_slice()) {
            Some((_, findings)) => findings.push(finding),
            None => groups.push((&finding.breaks, vec![finding])),
        }
    }
    // What is said of the version follows from all that was said before.
    groups.extend(versions.first().map(|first| (first.breaks.as_slice(), versions.clone())));
    for (breaks, findings) in groups {
        // By itself nothing takes anybody's place.
        if !breaks.is_empty() && checked.old.is_some() {
            let _ = writeln!(text, "{STRONG}breaks {}:{STRONG:#}\n", whom(breaks));
        }
        for finding in findings {
            text += &drawn(checked, finding);
            text.push('\n');
        }
    }
    let listed = |level: Level| {
        let of = move |finding: &&Finding| finding.level == level && finding.status == Status::Counts;
        checked.findings.iter().filter(of)
    };
    let mut short = section("added", ADDS, listed(Level::Additive), |finding| line(checked, finding, ""));
    // Where many words changed, that is one thing to know.
    let words = listed(Level::Note).filter(|finding| finding.rule.id == DOC_CHANGE).count();
    let in_short = words > WORDS_LISTED_MAX;
    let notes = listed(Level::Note).filter(|finding| !in_short || finding.rule.id != DOC_CHANGE);
    let mut notes = section("worth knowing", NOTES, notes, |finding| line(checked, finding, ""));
    if in_short {
        if notes.is_empty() {
            notes = format!("{NOTES}worth knowing:{NOTES:#}\n");
        }
        let _ = writeln!(
            notes,
            "  {words} items are documented in other words; `wkit diff` lists them {DIM}[{DOC_CHANGE}]{DIM:#}"
        );
    }
    short += &notes;
    let allowed = checked.findings.iter().filter(|it| matches!(it.status, Status::AllowedByVersion { .. }));
    let title = allowed_title(checked);
    short += &section(&title, DIM, allowed, |finding| line(checked, finding, ""));
    let ignored = checked.findings.iter().filter(|it| matches!(it.status, Status::Ignored { .. }));
    short += &section("ignored by `wkit.toml`", DIM, ignored, |finding| match &finding.status {
        Status::Ignored { reason, until } => {
            let until = until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
            line(checked, finding, &format!(" ({reason}{until})"))
        }
        _ => String::new(),
    });
    if !short.is_empty() {
        text += &short;
        text.push('\n');
    }
    text + &summary(checked)
}

/// The findings whose version allows them share one step in most cases.
fn allowed_title(checked: &Checked) -> String {
    let steps: Vec<String> = checked
        .findings
        .iter()
        .filter_map(|finding| match &finding.status {
            Status::AllowedByVersion { old, new } => Some(format!("{old} → {new}")),
            _ => None,
        })
        .collect();
    match steps.first() {
        Some(first) if steps.iter().all(|step| step == first) => {
            format!("breaks, as the version {first} says")
        }
        _ => "breaks, as the version says".to_owned(),
    }
}

fn section<'a>(
    title: &str,
    style: Style,
    findings: impl Iterator<Item = &'a Finding>,
    line: impl Fn(&'a Finding) -> String,
) -> String {
    let lines: String = findings.map(line).collect();
    if lines.is_empty() { lines } else { format!("{style}{title}:{style:#}\n{lines}") }
}

/// A finding in one line: `wit/a.wit:3:5: function `get` was added [FUNC_ADD]`.
fn line(checked: &Checked, finding: &Finding, after: &str) -> String {
    let new = finding.new.as_ref().and_then(|new| named_place(&checked.new.tree, new));
    let old = || {
        let tree = &checked.old.as_ref()?.tree;
        finding.old.as_ref().and_then(|old| named_place(tree, old))
    };
    let place = new.or_else(old).map(|place| format!("{place}: ")).unwrap_or_default();
    let item = finding.place.item.as_ref().filter(|item| !finding.message.contains(item.as_str()));
    let message = match item {
        _ if place.is_empty() => placed(finding),
        Some(item) => format!("{item}: {}", finding.message),
        None => finding.message.clone(),
    };
    format!("  {place}{message} {DIM}[{}]{DIM:#}{after}\n", finding.rule.id)
}

/// A finding with the lines of both sides.
fn drawn(checked: &Checked, finding: &Finding) -> String {
    let shade = Shade::ERROR.with_name(finding.level.id());
    let title = shade.clone().primary_title(finding.message.as_str()).id(finding.rule.id);
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut details: Vec<(&str, String)> = Vec::new();
    let sides = [
        (Some(&checked.new.tree), &finding.new, "now", AnnotationKind::Primary),
        (checked.old.as_ref().map(|old| &old.tree), &finding.old, "before", AnnotationKind::Context),
    ];
    let alone = if checked.old.is_some() { "now" } else { "here" };
    let both = finding.new.is_some() && finding.old.is_some();
    for (tree, shown, label, kind) in sides {
        let (Some(tree), Some(shown)) = (tree, shown) else { continue };
        let label = if both || label == "before" { label } else { "" };
        let kind = if finding.new.is_none() { AnnotationKind::Primary } else { kind };
        match snippet(tree, shown, label, kind) {
            Some((snippet, whole)) => {
                elements.push(snippet.into());
                if !whole {
                    details.push((if label.is_empty() { alone } else { label }, shown.wit.clone()));
                }
            }
            None => details.push((if label.is_empty() { alone } else { label }, shown.wit.clone())),
        }
    }
    let (place, has_source) = (whereabouts(finding), !elements.is_empty());
    let mut group = Group::with_title(title).elements(elements);
    // What was, then what is; of a version the message says both.
    details.reverse();
    if finding.rule.group == RuleGroup::Version {
        details.clear();
    }
    for (name, text) in &details {
        group = group.element(Shade::NOTE.with_name(*name).message(text.trim().to_owned()));
    }
    if !place.is_empty() {
        group = group.element(Shade::NOTE.with_name("in").message(place + &worlds(finding)));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Shade::HELP.with_name("hint").message(hint.as_str()));
    }
    let drawn = Renderer::styled().term_width(WIDTH_MAX).render(&[group]);
    let is_gap = |line: &str| anstream::adapter::strip_str(line).to_string().trim() == "|";
    let lines = drawn.lines().filter(|line| has_source || !is_gap(line));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The lines of a place, and whether all of the item is in them.
fn snippet<'a>(
    tree: &Tree,
    shown: &Shown,
    label: &'a str,
    kind: AnnotationKind,
) -> Option<(Snippet<'a, annotate_snippets::Annotation<'a>>, bool)> {
    let location = shown.location.as_ref()?;
    let (text, span) = tree.span(location)?;
    let span = within(&text, &span);
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    let whole = squeezed(&text[line_start..line_end]).contains(&squeezed(&shown.wit));
    let annotation = kind.span(span);
    let annotation = if label.is_empty() { annotation } else { annotation.label(label) };
    let snippet = Snippet::source(text.to_string()).path(tree.file(&location.file)).fold(true);
    Some((snippet.annotation(annotation), whole))
}

/// Without what differs between two ways to write the same.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ';' | ',')).collect()
}

/// `, imported by the worlds `a` and `b``.
fn worlds(finding: &Finding) -> String {
    let place = &finding.place;
    if place.worlds.is_empty() || place.positions.is_empty() {
        return String::new();
    }
    let positions: Vec<&str> = place
        .positions
        .iter()
        .map(|position| match position {
            wkit_interface::check::Position::Import => "imported",
            wkit_interface::check::Position::Export => "exported",
        })
        .collect();
    let names: Vec<String> = place.worlds.iter().map(|name| format!("`{name}`")).collect();
    let shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
    let more = names.len() - shown.len();
    let names = match more {
        0 => super::words::listed(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    };
    let world = if place.worlds.len() == 1 { "world" } else { "worlds" };
    format!(", {} by the {world} {names}", positions.join(" and "))
}

/// One line: what it comes to.
fn summary(checked: &Checked) -> String {
    let counts = checked.counts();
    let mut parts: Vec<String> = Vec::new();
    let style = if counts.breaking > 0 { BREAKS } else { FINE };
    let is_said = counts.breaking == 0 && counts.allowed_by_version > 0;
    let verdict = match (checked.against(), counts.breaking) {
        (Some(against), _) if is_said => {
            format!("`{}` {style}breaks with `{against}`, as its version says{style:#}", checked.subject)
        }
        (Some(against), 0) => format!("`{}` {style}replaces{style:#} `{against}`", checked.subject),
        (Some(against), _) => format!("`{}` {style}does not replace{style:#} `{against}`", checked.subject),
        (None, 0) => format!("`{}` {style}is fine{style:#}", checked.subject),
        (None, _) => format!("`{}` {style}is not fine{style:#}", checked.subject),
    };
    let breaking =
        if checked.old.is_some() { ["breaking change", "breaking changes"] } else { ["finding", "findings"] };
    match checked.breaking_changes() {
        0 if counts.breaking > 0 => parts.push("the version does not say what changed".to_owned()),
        0 if checked.old.is_some() && counts.allowed_by_version == 0 => {
            parts.push("nothing breaks".to_owned())
        }
        0 => {}
        count => parts.push(counted(count, breaking[0], breaking[1])),
    }
    let allowed = match is_said {
        true => ["breaking change", "breaking changes"],
        false => ["that the version allows", "that the version allows"],
    };
    for (count, one, many) in [
        (counts.allowed_by_version, allowed[0], allowed[1]),
        (counts.additive, "addition", "additions"),
        (counts.note, "note", "notes"),
        (counts.ignored, "ignored", "ignored"),
    ] {
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    if counts.breaking == 0 {
        parts.extend(checked.remarks.iter().cloned());
    }
    if checked.old.is_some() && checked.required == Bump::None && checked.findings.is_empty() {
        parts = vec!["nothing changed".to_owned()];
        parts.extend(checked.remarks.iter().cloned());
    } else {
        parts.extend(bump_sentence(checked));
    }
    let more = if checked.truncated { "; there is more than is listed" } else { "" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{verdict}{parts}{more}\n")
}

/// What to do with what breaks.
fn hints(report: &Report) -> String {
    let breaking = |checked: &&Checked| checked.counts().breaking > 0;
    let Some(checked) = report.checks.iter().find(breaking) else { return String::new() };
    // What is said of the version explains itself.
    let mut all = checked.findings.iter().filter(|finding| counts_as_breaking(finding));
    let first = all.clone().find(|finding| finding.rule.group != RuleGroup::Version).or_else(|| all.next());
    let Some(first) = first else { return String::new() };
    let id = first.rule.id;
    let mut text =
        format!("{HINT}hint:{HINT:#} `wkit check --explain {id}` tells why and what to do instead\n");
    if checked.old.is_some() {
        text += &format!(
            "{HINT}hint:{HINT:#} `--format ignore-snippet` gives what to paste into `wkit.toml` for what is meant to \
             break\n"
        );
    }
    text
}
