//! Scripts of the wac language: what they ask for, what they become, and every way in which they can be wrong.

use wkit_composer::{Composition, Input, Plan, Script, ScriptError, compose};
use wkit_fixtures::component::wit_package;
use wkit_fixtures::golden::assert_golden;

use crate::samples::{open, shop, wires};

fn packages() -> Vec<Input> {
    vec![
        shop(
            "shop:app",
            "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop(
            "shop:stock",
            "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;",
        ),
        shop("shop:log", "export shop:log/log@0.1.0;"),
    ]
}

fn run(text: &str, packages: &[Input]) -> Result<Composition, ScriptError> {
    Script::parse(text)?.compose(packages)
}

const CHAIN: &str = r#"package shop:all;
let log = new shop:log {};
let stock = new shop:stock { "shop:log/log@0.1.0": log["shop:log/log@0.1.0"] };
let app = new shop:app {
  "shop:log/log@0.1.0": log["shop:log/log@0.1.0"],
  "shop:stock/stock@0.1.0": stock["shop:stock/stock@0.1.0"],
  "shop:types/catalog@0.1.0": stock["shop:types/catalog@0.1.0"],
};
export app...;
"#;

#[test]
fn a_script_gives_the_bytes_that_the_same_wiring_of_a_project_gives() {
    let script = run(CHAIN, &packages()).unwrap();
    let named = packages().into_iter().map(|input| Input { name: input.name.replace("shop:", ""), ..input });
    let project = compose(&named.collect::<Vec<_>>(), &Plan::default()).unwrap();
    assert_eq!(wires(&script), wires(&project));
    let names = |composition: &Composition| -> Vec<String> {
        composition.instances.iter().map(|instance| instance.name.clone()).collect()
    };
    assert_eq!(names(&script), names(&project));
    assert_eq!(script.socket, project.socket);
    assert_eq!(open(&script), open(&project));
    assert_eq!(script.exports, project.exports);
    let tree = script.tree().replace(" (an instance of shop:app)", "");
    assert_eq!(
        tree.replace(" (an instance of shop:stock)", "").replace(" (an instance of shop:log)", ""),
        project.tree()
    );
    assert!(script.bytes.to_vec().unwrap() == project.bytes.to_vec().unwrap());
}

/// Every error, word for word, below its script.
#[test]
fn errors() {
    let packages = packages_of_errors();
    for (name, body) in CASES {
        let text = if body.contains("package ") || body.is_empty() {
            (*body).to_owned()
        } else {
            format!("package shop:all;\n{body}")
        };
        let Err(error) = run(&text, &packages) else { panic!("{name} composes") };
        let mut shown = format!("{text}\n\n");
        for problem in &error.problems {
            shown.push_str(&format!("error: {}\n", problem.fault));
            for label in &problem.labels {
                let marked = &text[label.span.start.min(text.len())..label.span.end.min(text.len())];
                shown.push_str(&format!("  {}:{}: `{marked}` {}\n", label.line, label.column, label.text));
            }
            let hint = problem.hint().unwrap_or_else(|| panic!("{name} has no hint"));
            shown.push_str(&format!("hint: {hint}\n"));
        }
        for word in ["Id(", "idx", "NodeId", "offset 0x", "globally_unique"] {
            assert!(!shown.contains(word), "{name} shows the inside: {shown}");
        }
        assert_golden(format!("{}/tests/goldens/script/{name}.txt", env!("CARGO_MANIFEST_DIR")), &shown);
    }
}

/// Those of the shop, and some that are wrong with them.
fn packages_of_errors() -> Vec<Input> {
    let raw = |name: &str, bytes: &[u8]| Input { name: name.to_owned(), bytes: bytes.to_vec().into() };
    let mut all = packages();
    all.push(crate::samples::input(
        "shop:old-log",
        "package test:it; world it { export shop:log/log@0.1.0; export shop:log/other@0.1.0; export helper: func(); }
         package shop:log@0.1.0 { interface log { write: func(text: list<u8>) -> bool; } interface other { f: func(); } }",
        "it",
    ));
    all.push(crate::samples::input(
        "shop:next-log",
        "package test:it; world it { export shop:log/log@0.2.0; }
         package shop:log@0.2.0 { interface log { write: func(line: string); } }",
        "it",
    ));
    all.push(crate::samples::input(
        "shop:other-app",
        "package test:it; world it { import shop:log/log@0.1.0; export run: func(); }
         package shop:log@0.1.0 { interface log { write: func(line: u8); } }",
        "it",
    ));
    all.push(raw(
        "shop:wit",
        &wit_package(
            "package shop:wit; interface log { write: func(line: u8, more: bool); record point { x: u32 } resource r; }
             world logger { export shop:log/log@0.1.0; export run: func(); }
             world runner { import shop:log/log@0.1.0; export wasi:cli/run@0.2.6; }
             package shop:log@0.1.0 { interface log { write: func(line: u8); } }
             package wasi:cli@0.2.6 { interface run { run: func() -> result; } }",
        ),
    ));
    all.push(raw("shop:core", &wkit_fixtures::component::from_wat("(module)")));
    all.push(raw("shop:cut", &packages()[0].bytes.read().unwrap()[..100]));
    all
}

const CASES: &[(&str, &str)] = &[
    ("empty", ""),
    ("no-package", "let a = new shop:log {};\n// no package at all"),
    ("no-semicolon", "let a = new shop:log {}\nexport a...;"),
    ("no-statement", "log = new shop:log {};"),
    ("bad-token", "let a = 5;"),
    ("string-without-end", "let a = new shop:log { \"x };"),
    ("comment-without-end", "/* let a = new shop:log {};"),
    ("direction-character", "// \u{202e}\nlet a = new shop:log {};"),
    ("version-of-one-number", "let a = new shop:log@1 {};"),
    ("plain-package", "let a = new log {};"),
    ("empty-record", "record point {}"),
    ("itself", "let a = new shop:all { };"),
    ("unknown-name", "let logger = new shop:log {};\nexport loger...;"),
    ("duplicate-name", "let log = new shop:log {};\nlet log = new shop:log {};"),
    ("unknown-package", "let log = new shop:lgo {};\nlet tax = new acme:tax@1.0.0 {};"),
    ("unknown-interface", "import log: shop:wit/logs;"),
    ("unknown-export", "let log = new shop:log {};\nexport log.logs;"),
    ("unknown-named-export", "let log = new shop:log {};\nexport log[\"shop:log/log@0.2.0\"];"),
    (
        "unknown-argument",
        "let log = new shop:log {};\nlet app = new shop:app { logs: log.log, \"shop:log/log\": log.log, ... };",
    ),
    (
        "several",
        "let log = new shop:log {};\nlet old = new shop:old-log {};\nlet app = new shop:app { log: old.log, ... };\nlet stock = new shop:stock { log: old.log };\nlet more = new shop:app {};\nexport old.nothing;",
    ),
    ("missing-arguments", "let log = new shop:log {};\nlet app = new shop:app {};"),
    ("missing-arguments-of-nobody", "let app = new shop:app {};"),
    ("mismatch", "let log = new shop:old-log {};\nlet stock = new shop:stock { ...log };"),
    ("mismatch-of-kind", "let log = new shop:old-log {};\nlet stock = new shop:stock { log: log.helper };"),
    ("mismatch-of-import", "import log: shop:wit/log;\nlet stock = new shop:stock { log };"),
    (
        "mismatch-of-function",
        "import write: func(line: string) -> u32;\nlet stock = new shop:stock { log: write };",
    ),
    ("spread-of-another-version", "let log = new shop:next-log {};\nlet stock = new shop:stock { ...log };"),
    ("spread-of-nothing", "let log = new shop:log {};\nlet more = new shop:log { ...log };"),
    ("spread-of-a-function", "import f: func();\nlet more = new shop:stock { ...f };"),
    ("fill-not-last", "let log = new shop:log {};\nlet app = new shop:app { ..., log: log.log };"),
    (
        "duplicate-argument",
        "let log = new shop:log {};\nlet app = new shop:app { log: log.log, log: log.log, ... };",
    ),
    ("export-without-name", "let log = new shop:log {};\nexport log;"),
    ("export-twice", "let log = new shop:log {};\nexport log.log;\nexport log.log;"),
    ("export-of-nothing", "let log = new shop:log {};\nexport log...;\nexport log...;"),
    ("export-of-a-bad-name", "let log = new shop:log {};\nexport log as \"Log In\";"),
    ("export-of-a-type-name", "type log = u32;\nlet l = new shop:log {};\nexport l as log;"),
    ("access-of-a-function", "let log = new shop:old-log {};\nexport log.helper.more;"),
    ("import-twice", "import a: shop:wit/log;\nimport b as \"shop:wit/log\": func();"),
    (
        "import-of-an-open-one",
        "import a as \"shop:log/log@0.1.0\": shop:wit/log;\nlet app = new shop:stock { ... };",
    ),
    ("import-conflict", "let a = new shop:other-app { ... };\nlet b = new shop:stock { ... };\nexport a...;"),
    (
        "imports-of-two-versions",
        "import a as \"shop:log/log@0.1.1\": interface { write: func(); };\nlet b = new shop:stock { ... };\nexport b...;",
    ),
    (
        "target-misses-an-export",
        "package shop:all targets shop:wit/logger;\nlet log = new shop:log {};\nexport log.log;",
    ),
    (
        "target-has-no-import",
        "package shop:all targets shop:wit/runner;\nlet app = new shop:app { ... };\nexport app...;",
    ),
    (
        "target-differs",
        "package shop:all targets shop:wit/logger;\nlet log = new shop:log {};\nexport log.log;\nlet a = new shop:other-app { ... };\nexport a.run;",
    ),
    ("target-is-no-world", "package shop:all targets shop:wit/log;"),
    ("target-is-unknown", "package shop:all targets shop:wit/longer;"),
    ("duplicate-field", "record point { x: u32, x: u32 }"),
    ("duplicate-case", "interface i { enum e { a, a } }"),
    ("duplicate-function", "interface i { f: func(); f: func(); }"),
    ("duplicate-method", "interface i { resource r { m: func(); m: func(); } }"),
    ("duplicate-world-import", "world w { import f: func(); import f: func(); }"),
    ("type-like-a-function", "interface i { f: func(); type f = u32; }"),
    ("type-like-an-import", "world w { import f: func(); record f { x: u32 } }"),
    ("not-a-type", "import f: func();\nrecord r { x: f }"),
    ("not-an-interface", "type t = u32;\ninterface i { use t.{x}; }"),
    ("unknown-type", "interface i { use shop:wit/log.{points}; }"),
    ("borrow-in-result", "interface i { resource r; f: func() -> borrow<r>; }"),
    ("alias-of-a-resource", "import r: shop:wit/log/r;\ntype t = r;"),
    ("core-module", "let a = new shop:core {};"),
    ("cut-off", "let a = new shop:cut {};"),
    ("wit-package", "let a = new shop:wit {};"),
];

#[test]
fn limits() {
    use wkit_composer::ScriptFault as Fault;
    use wkit_composer::limits::*;
    let fault =
        |text: &str| run(text, &packages()).map(drop).map_err(|error| error.problems[0].fault.clone());
    let filled = |size: usize| "package a:b; ".to_owned() + &" ".repeat(size - 13);
    assert_eq!(fault(&filled(SCRIPT_BYTES_MAX)), Ok(()));
    assert_eq!(
        fault(&filled(SCRIPT_BYTES_MAX + 1)),
        Err(Fault::TooLarge { size_bytes: SCRIPT_BYTES_MAX + 1 })
    );

    // One pair of brackets is that of the arguments.
    let nested = |depth: usize| {
        let (open, close) = ("(".repeat(depth - 1), ")".repeat(depth - 1));
        format!("package a:b; let x = {open}new shop:log {{}}{close}; /* {0} */ // {0}", "(".repeat(100))
    };
    assert_eq!(fault(&nested(SCRIPT_NESTING_MAX)), Ok(()));
    assert_eq!(fault(&nested(SCRIPT_NESTING_MAX + 1)), Err(Fault::TooDeep));
    let list =
        |depth: usize| format!("package a:b; type x = {}u8{};", "list<".repeat(depth), ">".repeat(depth));
    assert_eq!(fault(&list(SCRIPT_NESTING_MAX)), Ok(()));
    assert_eq!(fault(&list(SCRIPT_NESTING_MAX + 1)), Err(Fault::TooDeep));
    assert!(matches!(fault(&list(10_000)), Err(Fault::TooDeep)));

    let instances =
        |count: usize| format!("package a:b; {}", "export (new shop:log {}).log as log;".repeat(count));
    let too_many = Fault::TooManyInstances { count: INSTANCES_MAX + 1 };
    assert!(matches!(fault(&instances(INSTANCES_MAX)), Err(Fault::Duplicate { .. })));
    assert_eq!(fault(&instances(INSTANCES_MAX + 1)), Err(too_many));

    let named = |count: usize| {
        (0..count).map(|number| format!("let x{number} = new a:p{number} {{}};")).collect::<String>()
    };
    let packages = |count: usize| format!("package b:b; {}", named(count));
    assert!(matches!(fault(&packages(INPUTS_MAX)), Err(Fault::UnknownPackage { .. })));
    assert_eq!(fault(&packages(INPUTS_MAX + 1)), Err(Fault::TooManyPackages { count: INPUTS_MAX + 1 }));

    // Each type is two of the one before: 2^n parts in n lines.
    let doubled = |count: usize| {
        let mut text = "package a:b; type t0 = u8;".to_owned();
        for number in 1..=count {
            text.push_str(&format!("type t{number} = tuple<t{0}, t{0}>;", number - 1));
        }
        text
    };
    assert_eq!(fault(&doubled(13)), Ok(()));
    assert_eq!(fault(&doubled(14)), Err(Fault::TypesTooLarge));
    let used = "package a:b; interface i { type a = tuple<u8, u8>; } interface j { use i.{a}; type b = a; }";
    assert_eq!(fault(used), Ok(()));
}

/// Whatever a text is, it is refused or composed, and nothing panics.
#[test]
fn damaged_scripts() {
    let packages = packages_of_errors();
    let words =
        ["new", "...", "{", "}", ";", "shop:log", "shop:wit/log", "log", "\"log\"", ".", "as", "<", "func()"];
    let mut texts: Vec<String> = CASES.iter().map(|(_, body)| format!("package a:b; {body}")).collect();
    texts.push(CHAIN.to_owned());
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    for text in &texts {
        for _ in 0..20 {
            let mut parts: Vec<&str> = text.split_inclusive([' ', '{', ';', '.']).collect();
            let at = random(parts.len());
            match random(3) {
                0 => drop(parts.remove(at)),
                1 => parts.insert(at, words[random(words.len())]),
                _ => parts[at] = words[random(words.len())],
            }
            let damaged = parts.concat();
            if let Err(error) = run(&damaged, &packages) {
                assert!(!error.problems.is_empty(), "{damaged}");
                assert!(!error.to_string().contains("own resolver"), "{damaged}\n{error}");
            }
        }
    }
}
