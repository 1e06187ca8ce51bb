//! `wkit check --explain RULE` and `--rules`: what the rules watch, and why.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::json;
use wkit_interface::check::Rule;

use crate::error::CommandError;
use crate::project::known;
use crate::report::{ReportFormat, whom};
use crate::rules;
use crate::ui::Table;

const STRONG: Style = Style::new().bold();

/// A rule in full.
pub(super) fn rule(id: &str) -> Result<String, CommandError> {
    let upper = id.to_uppercase().replace('-', "_");
    let Some(rule) = rules::find(&upper) else {
        let refused = known(id).err();
        let (message, hint) =
            refused.map_or((format!("unknown rule `{id}`"), None), |it| (it.message, it.hint));
        return Err(CommandError::usage(message).maybe_hint(hint));
    };
    let mut text = format!("{STRONG}{}{STRONG:#}: {}\n", rule.id, rule.purpose);
    if !rule.directions.is_empty() {
        let _ = writeln!(text, "can break {}", whom(rule.directions));
    }
    for (title, wit) in examples(rule) {
        let _ = write!(text, "\n{STRONG}{title}{STRONG:#}\n{}", indented(wit));
    }
    for (title, words) in
        [("why", rule.reason), ("instead", rule.advice), ("specification", rule.specification)]
    {
        if !words.is_empty() {
            let _ = write!(text, "\n{STRONG}{title}{STRONG:#}\n{}", wrapped(words));
        }
    }
    let _ = write!(
        text,
        "\nin `wkit.toml`, `[check.levels] {id} = \"note\"` makes it a note, `\"off\"` leaves it out\n",
        id = rule.id
    );
    Ok(text)
}

/// All rules, as a table or as JSON.
pub(super) fn list(format: ReportFormat) -> Result<String, CommandError> {
    if format == ReportFormat::Json {
        let rows: Vec<serde_json::Value> = rules::all().map(row).collect();
        let text = serde_json::to_string_pretty(&json!({ "schema": 1, "rules": rows }));
        return text
            .map(|text| text + "\n")
            .map_err(|error| CommandError::bug(format!("cannot write the rules as JSON: {error}")));
    }
    if format != ReportFormat::Text {
        return Err(CommandError::usage("`--rules` is shown as `text` or `json`"));
    }
    let mut table = Table::new(&["rule", "rests on", "can break", "about"]);
    for rule in rules::all() {
        let directions: Vec<&str> = rule.directions.iter().map(|direction| direction.id()).collect();
        table.row(vec![rule.id.to_owned(), group(rule), directions.join(", "), rule.purpose.to_owned()]);
    }
    Ok(table.render() + "\n`wkit check --explain RULE` says more\n")
}

fn row(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id,
        "group": rule.group,
        "directions": rule.directions,
        "purpose": rule.purpose,
        "before": rule.before,
        "after": rule.after,
        "reason": rule.reason,
        "specification": rule.specification,
        "advice": rule.advice,
    })
}

fn group(rule: &Rule) -> String {
    let value = serde_json::to_value(rule.group).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn examples(rule: &Rule) -> Vec<(&'static str, &'static str)> {
    let titles = if rule.before.is_empty() { ["", "for example"] } else { ["before", "after"] };
    let both = titles.into_iter().zip([rule.before, rule.after]);
    both.filter(|(_, wit)| !wit.is_empty()).collect()
}

fn indented(text: &str) -> String {
    text.trim_matches('\n').lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect()
}

/// Text in lines of some 100 columns.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 98 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("  {word}")),
        }
    }
    lines.join("\n") + "\n"
}
