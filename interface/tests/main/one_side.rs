//! One side of a check by itself: its lints, the hosts that have what it imports, and what a new component newly wants.

use std::path::Path;

use wkit_fixtures::component::from_wit;
use wkit_interface::check::{
    Contract, Ignore, Level, Profile, Settings, Status, compare, hosts, lint, rule, rules,
};

const WASI: &str = "
    package wasi:clocks@0.2.6 { interface wall-clock { now: func() -> u64; } }
    package wasi:cli@0.2.12 { interface exit { exit-with-code: func(code: u8); } }
    package wasi:sockets@0.2.6 { interface tcp { resource tcp-socket { listen: func(); } } }
    package wasi:http@0.3.0 { interface client { send: func(); } }
    package acme:tax@1.0.0 { interface rates { rate: func() -> f64; } }";

fn component(imports: &str) -> Contract {
    let wit = format!("package demo:it; world app {{ {imports} export run: func(); }} {WASI}");
    Contract::from_wasm("app.wasm", &from_wit(&wit, "app")).unwrap()
}

fn package(name: &str, wit: &str) -> Contract {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wit"));
    std::fs::write(&file, wit).unwrap();
    Contract::from_wit(name, &file).unwrap()
}

#[test]
fn a_new_capability_breaks_the_place_of_a_component() {
    let old = component("import wasi:clocks/wall-clock@0.2.6;");
    let new = component(
        "import wasi:clocks/wall-clock@0.2.6; import wasi:sockets/tcp@0.2.6; import wasi:http/client@0.3.0;",
    );
    let comparison = compare(&old, &new, &Settings::new(Profile::Component)).unwrap();
    let found: Vec<(&str, Level, String)> = comparison
        .findings
        .iter()
        .filter(|finding| finding.rule.id.starts_with("CAP_") || finding.rule.id == "WASI_LINE_CHANGED")
        .map(|finding| (finding.rule.id, finding.level, finding.place.path()))
        .collect();
    assert_eq!(
        found,
        [
            ("CAP_ADDED", Level::Breaking, "wasi:http/client".to_owned()),
            ("WASI_LINE_CHANGED", Level::Breaking, "wasi:http/client".to_owned()),
            ("CAP_ADDED", Level::Breaking, "wasi:sockets/tcp".to_owned()),
        ]
    );
    // The other way round it only needs less.
    let comparison = compare(&new, &old, &Settings::new(Profile::Component)).unwrap();
    assert_eq!(comparison.breaking().count(), 0, "{:?}", comparison.findings);
    assert_eq!(comparison.findings.iter().filter(|finding| finding.rule.id == "CAP_REMOVED").count(), 2);
    // An import that is declared and not used is none: only what the binary has counts.
    assert!(compare(&old, &old, &Settings::new(Profile::Strict)).unwrap().findings.is_empty());
}

#[test]
fn hosts_are_asked_for_what_a_component_imports() {
    let app = component(
        "import wasi:clocks/wall-clock@0.2.6; import wasi:cli/exit@0.2.12; import wasi:http/client@0.3.0; \
         import acme:tax/rates@1.0.0; import log: func(text: string);",
    );
    let gaps = |spec: &str| -> Vec<String> {
        let host = hosts::find(spec).unwrap();
        hosts::gaps(&app, &host).iter().map(|gap| gap.message(&host)).collect()
    };
    assert_eq!(
        gaps("wasmtime@48"),
        [
            "Wasmtime 48 does not have import `acme:tax/rates@1.0.0`; no version of Wasmtime that is known has it",
            "Wasmtime 48 does not have import `log`; no version of Wasmtime that is known has it",
        ]
    );
    assert_eq!(
        gaps("wasmtime@26")[..2],
        [
            "Wasmtime 26 lacks `exit-with-code` of import `wasi:cli/exit@0.2.12`: it has version 0.2.1; Wasmtime has it \
             from 27 on",
            "Wasmtime 26 does not have import `wasi:http/client@0.3.0`; Wasmtime has it from 46 on",
        ]
    );
    let flags = |spec: &str| -> Vec<String> {
        let flags = hosts::flags(&app, &hosts::find(spec).unwrap());
        flags.into_iter().map(|flag| format!("{} {}", flag.import, flag.flag)).collect()
    };
    assert_eq!(flags("wasmtime@48"), ["wasi:http/client@0.3.0 -S http"]);
    assert_eq!(flags("wasmtime@40"), ["wasi:cli/exit@0.2.12 -S cli-exit-with-code"]);
    let host = hosts::find("wkit").unwrap();
    let finding = hosts::gaps(&app, &host)[0].finding(&host);
    assert_eq!((finding.rule.id, finding.level), ("HOST_LACKS_IMPORT", Level::Breaking));
}

#[test]
fn a_package_is_asked_for_what_its_worlds_may_import() {
    let wit = format!(
        "package demo:it; world app {{ import wasi:cli/exit@0.2.12; import acme:tax/rates@1.0.0; }} {WASI}"
    );
    let host = hosts::find("wasmtime@26").unwrap();
    let gaps = hosts::gaps(&package("hosts", &wit), &host);
    let items: Vec<(&str, Option<&str>)> =
        gaps.iter().map(|gap| (gap.import.as_str(), gap.item.as_deref())).collect();
    assert_eq!(items, [("wasi:cli/exit@0.2.12", Some("exit-with-code")), ("acme:tax/rates@1.0.0", None)]);
}

#[test]
fn lints_say_where_they_are_and_obey_the_project() {
    let wit = "package a:b@0.2.1;\n\ninterface i {\n  @unstable(feature = x) type t = u32;\n  @since(version = 0.2.0)\n  f: func(restrict: t);\n}\n";
    let package = package("lints", wit);
    let mut settings = Settings::new(Profile::HostApi);
    let findings = lint(&package, &settings);
    let ids: Vec<&str> = findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(ids, ["GATED_ITEM_USED_BY_STABLE", "KEYWORD_CLASH", "UNSTABLE_IN_RELEASE"]);
    let location = findings[0].new.as_ref().unwrap().location.clone().unwrap();
    assert_eq!((location.file.as_str(), location.line, location.column), ("lints.wit", 6, 3));
    let location = findings[1].new.as_ref().unwrap().location.clone().unwrap();
    assert_eq!((location.line, location.column), (6, 11));

    settings.levels.insert("UNSTABLE_IN_RELEASE".to_owned(), None);
    settings.levels.insert("KEYWORD_CLASH".to_owned(), Some(Level::Note));
    let reason = "until 0.2.1".to_owned();
    let ignore = |until: &str| Ignore {
        rule: "GATED_ITEM_USED_BY_STABLE".to_owned(),
        path: Some("a:b/*".to_owned()),
        reason: reason.clone(),
        until: Some(until.parse().unwrap()),
    };
    settings.ignores.push(ignore("0.2.1"));
    let findings = lint(&package, &settings);
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0].status, Status::Counts);
    assert_eq!(findings[1].level, Level::Note);
    settings.ignores = vec![ignore("0.2.2")];
    assert!(matches!(lint(&package, &settings)[0].status, Status::Ignored { .. }));
    // A component has no lints.
    assert!(lint(&component("import wasi:cli/exit@0.2.12;"), &settings).is_empty());
}

/// A hundred thousand names, each a word of some language or made to meet another one.
#[test]
fn very_many_names_are_read_in_a_moment() {
    use std::fmt::Write as _;
    let mut wit = String::from("package a:b;\ninterface i {\n  resource r {}\n");
    for number in 0..20_000 {
        let _ = writeln!(wit, "  call{number}: func(%type: u32, restrict: string, %gen: u32);");
    }
    wit.push_str("}\n");
    let package = package("many", &wit);
    let before = std::time::Instant::now();
    let findings = lint(&package, &Settings::new(Profile::Library));
    assert_eq!(findings.len(), 3, "a word is told once in an interface");
    assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
}

#[test]
fn every_rule_is_known_by_its_id_and_explained() {
    let mut ids: Vec<&str> = rules().map(|rule| rule.id).collect();
    for id in &ids {
        let rule = rule(id).unwrap();
        assert!(!rule.purpose.is_empty() && !rule.reason.is_empty(), "{id}");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
