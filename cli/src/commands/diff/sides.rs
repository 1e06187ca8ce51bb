//! A difference for people: both sides beside each other where there is room, else one below the other.

use std::fmt::Write as _;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use wkit_interface::check::{Finding, Shown};

use super::changes::{Title, by_title, documented};
use crate::report::{Checked, bump_sentence, placed};

/// From how many columns on there is room for two.
const BESIDE_MIN: usize = 120;

const STRONG: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GONE: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
const BREAKS: Style = AnsiColor::BrightRed.on_default().bold();

/// The columns that may be written: as stated, else those of the terminal; no limit where there is none.
pub(super) fn width(stated: Option<usize>) -> Option<usize> {
    if stated.is_some() {
        return stated;
    }
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns))
}

pub(super) fn render(checked: &Checked, width: Option<usize>) -> String {
    let beside = width.filter(|columns| *columns >= BESIDE_MIN);
    let against = checked.against().unwrap_or_default();
    let mut text = format!("{STRONG}`{against}` → `{}`{STRONG:#}\n", checked.subject);
    let changes = by_title(checked);
    for (title, changes) in &changes {
        let style = if *title == Title::Breaking { BREAKS } else { STRONG };
        let _ = write!(text, "\n{style}{}{style:#} ({})\n", title.text().to_lowercase(), changes.len());
        if *title == Title::Documentation {
            for (place, items) in documented(changes) {
                let _ = writeln!(text, "  {place}");
                for item in items {
                    let _ = writeln!(text, "    {item}");
                }
            }
            continue;
        }
        for finding in changes {
            text += &entry(finding, beside);
        }
    }
    text.push('\n');
    let mut sum: Vec<String> = changes
        .iter()
        .map(|(title, changes)| format!("{} {}", changes.len(), title.text().to_lowercase()))
        .collect();
    if sum.is_empty() {
        sum.push("nothing changed".to_owned());
    }
    sum.extend(bump_sentence(checked));
    let more = if checked.truncated { "; there is more than is listed" } else { "" };
    let _ = writeln!(text, "{}{more}", sum.join(", "));
    text
}

fn entry(finding: &Finding, beside: Option<usize>) -> String {
    let mut text = format!("  {} {DIM}[{}]{DIM:#}\n", placed(finding), finding.rule.id);
    let lines = |shown: &Option<Shown>| -> Vec<String> {
        let wit = shown.as_ref().map(|shown| shown.wit.trim_end().to_owned()).unwrap_or_default();
        wit.lines().map(|line| line.replace('\t', "  ")).collect()
    };
    let (old, new) = (lines(&finding.old), lines(&finding.new));
    if old == new {
        return text;
    }
    text += &match beside {
        Some(columns) if !old.is_empty() && !new.is_empty() => side_by_side(&old, &new, columns),
        _ => unified(&old, &new),
    };
    text
}

fn unified(old: &[String], new: &[String]) -> String {
    let same = common(old, new);
    let mut text = String::new();
    let (head, old_tail) = (&old[..same.0], &old[old.len() - same.1..]);
    for line in head {
        let _ = writeln!(text, "      {line}");
    }
    for line in &old[same.0..old.len() - same.1] {
        let _ = writeln!(text, "    {GONE}- {line}{GONE:#}");
    }
    for line in &new[same.0..new.len() - same.1] {
        let _ = writeln!(text, "    {NEW}+ {line}{NEW:#}");
    }
    for line in old_tail {
        let _ = writeln!(text, "      {line}");
    }
    text
}

fn side_by_side(old: &[String], new: &[String], columns: usize) -> String {
    // Four columns before, three between.
    let half = (columns - 7) / 2;
    let same = common(old, new);
    let (old_middle, new_middle) = (&old[same.0..old.len() - same.1], &new[same.0..new.len() - same.1]);
    let none = String::new();
    let mut text = String::new();
    let mut row = |left: &str, right: &str, changed: bool| {
        let (lefts, rights) = (folded(left, half), folded(right, half));
        for index in 0..lefts.len().max(rights.len()) {
            let left = lefts.get(index).map_or("", String::as_str);
            let right = rights.get(index).map_or("", String::as_str);
            let pad = " ".repeat(half.saturating_sub(left.chars().count()));
            let line = match changed {
                true => format!("    {GONE}{left}{GONE:#}{pad} │ {NEW}{right}{NEW:#}"),
                false => format!("    {left}{pad} │ {right}"),
            };
            text += &(line.trim_end().to_owned() + "\n");
        }
    };
    for line in &old[..same.0] {
        row(line, line, false);
    }
    for index in 0..old_middle.len().max(new_middle.len()) {
        row(old_middle.get(index).unwrap_or(&none), new_middle.get(index).unwrap_or(&none), true);
    }
    for line in &old[old.len() - same.1..] {
        row(line, line, false);
    }
    text
}

/// How many lines at the beginning and at the end are the same.
fn common(old: &[String], new: &[String]) -> (usize, usize) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let room = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(old, new)| old == new).count();
    (head, tail)
}

/// A line in pieces of at most `columns` letters, cut at spaces where there are some.
fn folded(line: &str, columns: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|letter| *letter == ' ').take(columns / 2).collect();
    let mut pieces = Vec::new();
    let mut rest = line.to_owned();
    while rest.chars().count() > columns {
        let end = rest.char_indices().nth(columns).map_or(rest.len(), |(at, _)| at);
        let inside = rest.len() - rest.trim_start().len();
        let cut = rest[..end].rfind(' ').filter(|cut| *cut > inside).unwrap_or(end);
        let after = rest.split_off(cut);
        pieces.push(rest);
        rest = format!("{indent}  {}", after.trim_start());
        if rest.chars().count() >= line.chars().count() {
            break;
        }
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_what_differs_is_marked() {
        let (old, new) = (lines("record a {\n  x: u8,\n}"), lines("record a {\n  x: u16,\n  y: u8,\n}"));
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain(unified(&old, &new)),
            "      record a {\n    -   x: u8,\n    +   x: u16,\n    +   y: u8,\n      }\n"
        );
        let shown = plain(side_by_side(&old, &new, 47));
        assert_eq!(
            shown,
            "    record a {           │ record a {\n      x: u8,             │   x: u16,\n                         │   y: u8,\n    }                    │ }\n"
        );
    }

    #[test]
    fn long_lines_are_folded() {
        let line = "  get: func(key: string, other: list<u8>) -> result<option<string>, error>";
        let pieces = folded(line, 30);
        assert!(pieces.iter().all(|piece| piece.chars().count() <= 30), "{pieces:?}");
        assert_eq!(pieces[0], "  get: func(key: string,");
        let words: String = pieces.iter().map(|piece| piece.trim().to_owned() + " ").collect();
        assert_eq!(words.trim(), line.trim());
        let long = "x".repeat(70);
        assert!(folded(&long, 30).iter().all(|piece| piece.chars().count() <= 34));
    }
}
