//! A difference as the text of a release note.

use wkit_interface::check::{Finding, Place};

use super::changes::{Title, by_title, documented};
use crate::report::{Checked, placed};

pub(super) fn render(checked: &Checked) -> String {
    let mut text = format!("## {}\n", heading(checked));
    let changes = by_title(checked);
    if changes.is_empty() {
        text += "\nNothing changed.\n";
    }
    for (title, changes) in changes {
        text += &format!("\n### {}\n\n", title.text());
        if title == Title::Documentation {
            for (place, items) in documented(&changes) {
                text += &format!("- {}\n", [vec![place], items].concat().join(", ").replacen(", ", ": ", 1));
            }
            continue;
        }
        for finding in changes {
            text += &entry(finding);
        }
    }
    if checked.truncated {
        text += "\nThere are more changes than are listed.\n";
    }
    text
}

/// `acme:kv 0.2.7`, and which version it has to be where that is not enough.
fn heading(checked: &Checked) -> String {
    let Some(package) = checked.new.contract.package() else { return checked.subject.clone() };
    let heading = package.replacen('@', " ", 1);
    match checked.versions.first().and_then(|step| step.at_least.as_ref()) {
        Some(least) => format!("{heading} (has to be {least} at least)"),
        None => heading,
    }
}

fn entry(finding: &Finding) -> String {
    // The heading says the version for all of it.
    let package =
        finding.place.package.as_ref().map(|name| name.split('@').next().unwrap_or(name).to_owned());
    let place = Place { package, ..finding.place.clone() };
    let text = placed(&Finding { place, ..finding.clone() });
    let mut text = format!("- {}\n", text.replace('\n', " "));
    if let (Some(old), Some(new)) = (&finding.old, &finding.new) {
        let (old, new) = (old.wit.trim(), new.wit.trim());
        if old != new {
            text += "\n  ```diff\n";
            for (sign, side) in [('-', old), ('+', new)] {
                for line in side.lines() {
                    text += &format!("  {sign} {line}\n");
                }
            }
            text += "  ```\n";
        }
    }
    text
}
