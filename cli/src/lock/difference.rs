//! How two locks differ, in words.

use std::collections::BTreeSet;

use super::{FILE_NAME, Lock, LockedPackage};

/// What a project needs that its lock does not say, one line for each difference; nothing when they are the same.
pub(crate) fn differences(locked: &Lock, needed: &Lock) -> Vec<String> {
    let mut lines = Vec::new();
    for package in &needed.packages {
        match locked.package(&package.name, package.version.as_ref()) {
            Some(known) => changes(known, package, &mut lines),
            None => lines.push(format!(
                "{} needs `{}`, which `{FILE_NAME}` does not have",
                quoted(&package.demands),
                package.shown()
            )),
        }
    }
    for package in &locked.packages {
        if needed.package(&package.name, package.version.as_ref()).is_none() {
            lines.push(format!("`{FILE_NAME}` has `{}`, which nothing asks for any more", package.shown()));
        }
    }
    let path = |path: &str| format!("the file `{path}`");
    for file in &needed.files {
        let Some(known) = locked.files.iter().find(|known| known.path == file.path) else {
            lines.push(format!("`{FILE_NAME}` does not have {}", path(&file.path)));
            continue;
        };
        if known.component != file.component {
            lines.push(format!(
                "{} has changed: expected `{}`, found `{}`",
                path(&file.path),
                known.component,
                file.component
            ));
        } else {
            wit_changes(&path(&file.path), &known.wit, &file.wit, &mut lines);
        }
    }
    for file in &locked.files {
        if !needed.files.iter().any(|needed| needed.path == file.path) {
            lines.push(format!("`{FILE_NAME}` has {}, which nothing asks for any more", path(&file.path)));
        }
    }
    let component = |name: &str| format!("the component `{name}`");
    for member in &needed.members {
        match locked.members.iter().find(|known| known.name == member.name) {
            Some(known) => wit_changes(&component(&member.name), &known.wit, &member.wit, &mut lines),
            None => lines.push(format!("`{FILE_NAME}` does not have {}", component(&member.name))),
        }
    }
    for member in &locked.members {
        if !needed.members.iter().any(|needed| needed.name == member.name) {
            lines.push(format!("`{FILE_NAME}` has {}, which is gone", component(&member.name)));
        }
    }
    lines
}

fn changes(locked: &LockedPackage, needed: &LockedPackage, lines: &mut Vec<String>) {
    let shown = format!("`{}`", needed.shown());
    for (what, locked, needed) in [
        ("manifest", &locked.manifest, &needed.manifest),
        ("component", &locked.component, &needed.component),
    ] {
        if locked != needed {
            lines.push(format!("the {what} of {shown} has changed: expected `{locked}`, found `{needed}`"));
        }
    }
    if locked.source != needed.source {
        lines.push(format!(
            "{shown} comes from another place: expected `{}`, found `{}`",
            locked.source, needed.source
        ));
    }
    if locked.demands != needed.demands {
        lines.push(format!(
            "{shown} is asked for by {}, where `{FILE_NAME}` says {}",
            quoted(&needed.demands),
            quoted(&locked.demands)
        ));
    }
    if locked.component == needed.component {
        wit_changes(&shown, &locked.wit, &needed.wit, lines);
    }
}

fn wit_changes(shown: &str, locked: &BTreeSet<String>, needed: &BTreeSet<String>, lines: &mut Vec<String>) {
    if locked != needed {
        lines.push(format!(
            "{shown} speaks of {}, where `{FILE_NAME}` says {}",
            quoted(needed),
            quoted(locked)
        ));
    }
}

fn quoted(texts: &BTreeSet<String>) -> String {
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}
