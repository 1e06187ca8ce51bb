//! SARIF 2.1.0, for code scanning: one run, with the rules that were broken and where.

use serde_json::{Map, Value, json};
use wkit_interface::check::{Finding, Level, Rule, Status};

use super::place::{Lines, Spot};
use super::words::{whereabouts, whom};
use super::{Checked, Report, fingerprints};

pub(super) fn document(report: &Report) -> Value {
    let mut rules: Vec<&'static Rule> =
        report.checks.iter().flat_map(|checked| &checked.findings).map(|finding| finding.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    let ids = fingerprints(report);
    let mut results = Vec::new();
    for (checked, ids) in report.checks.iter().zip(&ids) {
        for (finding, id) in checked.findings.iter().zip(ids) {
            results.push(result(report, checked, finding, id, &rules));
        }
    }
    let driver = json!({
        "name": "wkit",
        "fullName": "wkit check",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "exitCode": u8::from(report.has_findings()) }],
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the top of the repository, or the current folder outside of one" } } },
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    let mut markdown = format!("{}\n\n", sentence(rule.purpose));
    if !rule.before.is_empty() {
        markdown += &format!("Before:\n\n```wit\n{}\n```\n\n", rule.before.trim());
    }
    if !rule.after.is_empty() {
        let title = if rule.before.is_empty() { "For example" } else { "After" };
        markdown += &format!("{title}:\n\n```wit\n{}\n```\n\n", rule.after.trim());
    }
    for (title, text) in [("Why", rule.reason), ("Instead", rule.advice), ("See", rule.specification)] {
        if !text.is_empty() {
            markdown += &format!("**{title}**: {}\n\n", sentence(text));
        }
    }
    let plain = [rule.reason, rule.advice, rule.specification];
    let plain: Vec<String> =
        plain.iter().filter(|text| !text.is_empty()).map(|text| sentence(text)).collect();
    json!({
        "id": rule.id,
        "name": camel(rule.id),
        "shortDescription": { "text": sentence(rule.purpose) },
        "fullDescription": { "text": sentence(if rule.reason.is_empty() { rule.purpose } else { rule.reason }) },
        "help": { "text": plain.join(" "), "markdown": markdown.trim_end() },
        "properties": {
            "tags": [group(rule)],
            "directions": rule.directions,
        },
    })
}

fn group(rule: &Rule) -> Value {
    serde_json::to_value(rule.group).unwrap_or_default()
}

fn result(report: &Report, checked: &Checked, finding: &Finding, id: &str, rules: &[&Rule]) -> Value {
    let spot = report.spot_in_repository(checked, finding);
    let mut physical = json!({ "artifactLocation": artifact(&spot) });
    if let (Some(lines), Some(physical)) = (spot.lines, physical.as_object_mut()) {
        physical.insert("region".to_owned(), region(lines));
    }
    let mut location = json!({ "physicalLocation": physical });
    let name = finding.place.path();
    if let (false, Some(location)) = (name.is_empty(), location.as_object_mut()) {
        location.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": name }]));
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.rule.id));
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule.id) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    let level = match (finding.level, &finding.status) {
        (Level::Breaking, Status::AllowedByVersion { .. }) => "note",
        (Level::Breaking, _) => "error",
        (Level::Additive | Level::Note, _) => "note",
    };
    result.insert("level".to_owned(), json!(level));
    result.insert("message".to_owned(), json!({ "text": message(checked, finding) }));
    result.insert("locations".to_owned(), json!([location]));
    result.insert("partialFingerprints".to_owned(), json!({ "wkitFinding/v1": id }));
    if let Status::Ignored { reason, .. } = &finding.status {
        let suppression = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
        result.insert("suppressions".to_owned(), suppression);
    }
    let mut properties = Map::new();
    properties.insert("level".to_owned(), json!(finding.level));
    properties.insert("breaks".to_owned(), json!(finding.breaks));
    for (name, shown) in [("before", &finding.old), ("now", &finding.new)] {
        if let Some(shown) = shown {
            properties.insert(name.to_owned(), json!(shown.wit));
        }
    }
    result.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(result)
}

fn message(checked: &Checked, finding: &Finding) -> String {
    let mut text = sentence(&finding.message);
    let place = whereabouts(finding);
    if !place.is_empty() {
        text += &format!(" It is in {place}.");
    }
    if let Some(against) = checked.against() {
        text += &format!(" Compared with `{against}`.");
    }
    if !finding.breaks.is_empty() {
        let verb = if finding.level == Level::Breaking { "Breaks" } else { "Concerns" };
        text += &format!(" {verb} {}.", whom(&finding.breaks));
    }
    if let Some(hint) = &finding.hint {
        text += &format!(" Hint: {}", sentence(hint));
    }
    text
}

/// A file of the repository by its path; what is elsewhere, by its own name.
fn artifact(spot: &Spot) -> Value {
    let uri = encoded(&spot.file);
    if spot.file.starts_with('/') {
        return json!({ "uri": format!("file://{uri}") });
    }
    if spot.file.split('/').next().is_some_and(|first| first.contains(':')) {
        return json!({ "uri": uri });
    }
    json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
}

/// A path as a part of an address.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn region(lines: Lines) -> Value {
    let Lines { line, column, end_line, end_column } = lines;
    let mut region = json!({ "startLine": line, "startColumn": column });
    if let (true, Some(region)) = ((end_line, end_column) > (line, column), region.as_object_mut()) {
        region.insert("endLine".to_owned(), json!(end_line));
        region.insert("endColumn".to_owned(), json!(end_column));
    }
    region
}

/// `FuncNoDelete` of `FUNC_NO_DELETE`.
fn camel(id: &str) -> String {
    let word = |word: &str| {
        word.get(..1).unwrap_or_default().to_owned() + &word.get(1..).unwrap_or_default().to_lowercase()
    };
    id.split('_').map(word).collect()
}

/// A sentence as these services want it: it begins with a large letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().replace('\n', " ");
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) || text.is_empty() { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_names_and_texts_sentences() {
        assert_eq!(camel("FUNC_NO_DELETE"), "FuncNoDelete");
        assert_eq!(sentence("a function is gone"), "A function is gone.");
        assert_eq!(sentence("`get` is gone."), "`get` is gone.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn paths_become_addresses() {
        assert_eq!(encoded("wit/a b.wit"), "wit/a%20b.wit");
        assert_eq!(encoded("wit/ä.wit"), "wit/%C3%A4.wit");
        let spot = |file: &str| artifact(&Spot { file: file.to_owned(), lines: None });
        assert_eq!(spot("wit/a.wit"), json!({ "uri": "wit/a.wit", "uriBaseId": "%SRCROOT%" }));
        assert_eq!(spot("acme:tax@1.0.0"), json!({ "uri": "acme:tax@1.0.0" }));
        assert_eq!(spot("/tmp/a.wit"), json!({ "uri": "file:///tmp/a.wit" }));
    }
}
