//! The two components that show why a finding is one.

use std::fmt::Write as _;
use std::path::Path;

use wkit_fixtures::component::wit_package;
use wkit_fixtures::golden::assert_golden;
use wkit_interface::check::{
    Contract, Direction, Group, Profile, Settings, WitnessError, compare, rules, witness, witness_of,
};
use wkit_interface::decode;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// The examples of all rules, with what their findings about linking show.
#[test]
fn every_finding_of_an_example_has_its_witness() {
    let mut text = String::new();
    for rule in rules() {
        let folder = Path::new(TESTS).join("rules").join(rule.id);
        if !folder.join("old.wit").is_file() {
            continue;
        }
        let [old, new] =
            ["old.wit", "new.wit"].map(|name| Contract::from_wit(name, &folder.join(name)).unwrap());
        let comparison = compare(&old, &new, &Settings::new(Profile::Strict)).unwrap();
        for finding in comparison.findings.iter().filter(|finding| finding.rule.group == Group::Link) {
            for direction in [Direction::Host, Direction::Component] {
                if !finding.breaks.contains(&direction) {
                    continue;
                }
                let witness = witness_of(finding, direction, &old, &new)
                    .unwrap_or_else(|error| panic!("{}: {}: {error}", rule.id, finding.message));
                let (consumer, provider) =
                    (decode(&witness.consumer).unwrap(), decode(&witness.provider).unwrap());
                decode(&witness.linked).unwrap_err();
                if finding.rule.id != rule.id {
                    continue;
                }
                let _ = writeln!(
                    text,
                    "# {}, {direction} check, {:?}: {}\n## consumer\n{}\n## provider\n{}\n## refusal\n{}\n",
                    rule.id,
                    witness.position,
                    finding.message,
                    consumer.wit().trim_end(),
                    provider.wit().trim_end(),
                    witness.refusal
                );
            }
        }
    }
    assert_golden(format!("{TESTS}/goldens/witnesses.txt"), &text);
}

fn sides(old: &str, new: &str) -> [Contract; 2] {
    [("old", old), ("new", new)].map(|(label, body)| {
        let wit = format!("package demo:it; interface i {{ {body} }} world it {{ import i; }}");
        Contract::from_wasm(label, &wit_package(&wit)).unwrap()
    })
}

#[test]
fn what_links_has_no_witness() {
    let [old, new] = sides("f: func();", "f: func(a: u32);");
    let comparison = compare(&old, &new, &Settings::new(Profile::Strict)).unwrap();
    let finding = comparison.findings.iter().find(|finding| finding.rule.id == "FUNC_SAME_PARAMS").unwrap();
    let shown = witness(finding, &old, &new).unwrap();
    assert_eq!(shown.direction, Direction::Host);
    assert!(shown.refusal.contains("expected 0 parameters, found 1"), "{}", shown.refusal);
    // The same finding about two sides that do not differ is wrong.
    let error = witness(finding, &new, &new).unwrap_err();
    assert!(matches!(error, WitnessError::Links { direction: Direction::Host, .. }), "{error}");
    let [other, _] = sides("g: func();", "g: func();");
    let error = witness(finding, &other, &other).unwrap_err();
    assert!(matches!(error, WitnessError::Links { .. } | WitnessError::NotFound { .. }), "{error}");
}

#[test]
fn what_is_not_about_linking_has_no_witness() {
    let [old, new] = sides("f: func();", "/// Says more.\nf: func();");
    let comparison = compare(&old, &new, &Settings::new(Profile::Strict)).unwrap();
    let finding = comparison.findings.first().unwrap();
    let error = witness(finding, &old, &new).unwrap_err();
    assert_eq!(error, WitnessError::NotAboutLinking { rule: finding.rule.id });
    let error = witness_of(finding, Direction::Callers, &old, &new).unwrap_err();
    assert_eq!(error, WitnessError::NotAboutLinking { rule: finding.rule.id });
}
