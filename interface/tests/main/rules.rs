//! The rules: each finds what its example shows, and nothing that it is not about.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wkit_fixtures::golden::assert_golden;
use wkit_interface::check::{
    Comparison, Contract, Direction, Finding, Group, Profile, Rule, Settings, Shown, compare, links, lint,
    rules,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules");

/// The rules that look at two sides and have an example.
fn with_examples() -> impl Iterator<Item = &'static Rule> {
    rules()
        .filter(|rule| !rule.before.is_empty() && !rule.after.is_empty() && rule.group != Group::Capability)
}

/// The rules that look at one side by itself.
fn of_one_side() -> impl Iterator<Item = &'static Rule> {
    rules().filter(|rule| {
        rule.before.is_empty() && !rule.after.is_empty() && matches!(rule.group, Group::Gates | Group::Form)
    })
}

fn folder(rule: &Rule) -> PathBuf {
    Path::new(FOLDER).join(rule.id)
}

fn read(path: &Path) -> Contract {
    let label = path.file_name().unwrap().to_string_lossy();
    Contract::from_wit(&label, path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn compared(old: &Contract, new: &Contract, profile: Profile) -> Comparison {
    compare(old, new, &Settings::new(profile)).unwrap_or_else(|error| panic!("{error}"))
}

/// Findings as a person reads them.
fn shown(comparison: &Comparison) -> String {
    let mut text = listed(&comparison.findings);
    let _ = writeln!(text, "required: {}", comparison.required);
    text
}

fn listed(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { rule, breaks, level, place, message, old, new, hint, .. } = finding;
        let breaks: Vec<&str> = breaks.iter().map(|direction| direction.id()).collect();
        let breaks = if breaks.is_empty() { "nobody".to_owned() } else { breaks.join(", ") };
        let _ = writeln!(text, "{level} {}: {message}\n  at {place}, breaks {breaks}", rule.id);
        let mut side = |name: &str, side: &Option<Shown>| {
            let Some(Shown { wit, location }) = side else { return };
            let at = location.as_ref();
            let at = at.map(|at| {
                format!(" ({}:{}:{}-{}:{})", at.file, at.line, at.column, at.end_line, at.end_column)
            });
            let _ = writeln!(text, "  {name}: {wit}{}", at.unwrap_or_default());
        };
        side("old", old);
        side("new", new);
        if let Some(hint) = hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    text
}

/// An example as a file: what names no package is in one.
fn file(text: &str) -> String {
    let package = if text.contains("package ") { "" } else { "package acme:shop@1.0.0;\n\n" };
    format!("{package}{text}\n")
}

#[test]
fn every_rule_finds_its_example() {
    for rule in with_examples() {
        let folder = folder(rule);
        assert_golden(folder.join("old.wit"), &file(rule.before));
        assert_golden(folder.join("new.wit"), &file(rule.after));
        let (old, new) = (read(&folder.join("old.wit")), read(&folder.join("new.wit")));
        let comparison = compared(&old, &new, Profile::Strict);
        assert_golden(folder.join("findings.txt"), &shown(&comparison));
        let fired = comparison.findings.iter().find(|finding| finding.rule.id == rule.id);
        let fired = fired.unwrap_or_else(|| panic!("{} finds nothing:\n{}", rule.id, shown(&comparison)));
        let known = |direction: &Direction| rule.directions.contains(direction);
        assert!(fired.breaks.iter().all(known), "{}: {:?} of {:?}", rule.id, fired.breaks, rule.directions);
    }
}

/// Two of them are about what is refused when sources are read; only a binary can have it.
#[test]
fn every_lint_finds_its_example() {
    for rule in of_one_side() {
        let folder = folder(rule);
        assert_golden(folder.join("new.wit"), &file(rule.after.trim_end()));
        let found = match Contract::from_wit("new.wit", &folder.join("new.wit")) {
            Ok(contract) => {
                let findings = lint(&contract, &Settings::new(Profile::Strict));
                assert!(findings.iter().any(|finding| finding.rule.id == rule.id), "{}", rule.id);
                listed(&findings)
            }
            Err(error) => {
                assert!(["GATES_NEED_VERSION", "SINCE_NO_FUTURE"].contains(&rule.id), "{}: {error}", rule.id);
                format!("cannot be read: {error}\n")
            }
        };
        assert_golden(folder.join("findings.txt"), &found);
    }
}

/// Nobody is told of gates and clashes where there are none: the examples of the rules for two sides.
#[test]
fn lints_find_little_in_the_examples_of_others() {
    let mut all = String::new();
    for rule in with_examples() {
        for name in ["old.wit", "new.wit"] {
            let findings = lint(&read(&folder(rule).join(name)), &Settings::new(Profile::Strict));
            for finding in findings {
                let _ = writeln!(all, "{}/{name}: {} {}", rule.id, finding.rule.id, finding.place);
            }
        }
    }
    assert_golden(Path::new(FOLDER).join("../goldens/lints-of-examples.txt"), &all);
}

#[test]
fn every_folder_is_of_a_rule() {
    let known: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(known.contains(name.as_str()), "{name}");
    }
    assert_eq!(known.len(), rules().count(), "no id stands twice");
}

#[test]
fn nothing_is_found_where_nothing_changed() {
    for rule in with_examples() {
        for name in ["old.wit", "new.wit"] {
            let side = read(&folder(rule).join(name));
            let comparison = compared(&side, &side, Profile::Strict);
            assert_eq!(comparison.findings, [], "{} {name}", rule.id);
            assert_eq!(comparison.required, wkit_interface::check::Bump::None);
        }
    }
}

/// What is new one way is gone the other way, and whom it breaks is exchanged.
#[test]
fn the_other_way_round_host_and_component_are_exchanged() {
    for rule in with_examples() {
        let folder = folder(rule);
        let (old, new) = (read(&folder.join("old.wit")), read(&folder.join("new.wit")));
        let (host, component) = links(&compared(&old, &new, Profile::Strict).findings);
        let back = links(&compared(&new, &old, Profile::Strict).findings);
        assert_eq!(back, (component, host), "{}", rule.id);
    }
}

#[test]
fn sources_and_binaries_say_the_same() {
    for rule in with_examples() {
        let folder = folder(rule);
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        // What is behind a feature is not in a binary, and an empty package has none.
        if ["old.wit", "new.wit"]
            .iter()
            .any(|name| text(name).contains("@unstable") || text(name).lines().count() < 3)
        {
            continue;
        }
        let source = |name: &str| read(&folder.join(name));
        let binary = |name: &str| {
            let bytes = wkit_fixtures::component::wit_package(&text(name));
            Contract::from_wasm(name, &bytes).unwrap_or_else(|error| panic!("{} {name}: {error}", rule.id))
        };
        let findings = |old: &Contract, new: &Contract| -> Vec<(String, String)> {
            let comparison = compared(old, new, Profile::Strict);
            comparison
                .findings
                .into_iter()
                .map(|finding| (finding.rule.id.to_owned(), finding.message))
                .collect()
        };
        let expected = findings(&source("old.wit"), &source("new.wit"));
        for (old, new) in [
            (binary("old.wit"), binary("new.wit")),
            (source("old.wit"), binary("new.wit")),
            (binary("old.wit"), source("new.wit")),
        ] {
            assert_eq!(findings(&old, &new), expected, "{}", rule.id);
        }
    }
}
