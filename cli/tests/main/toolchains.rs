//! Building without the tools, and building what is wrong.

use crate::support::Sandbox;

const WIT: &str = "package demo:calc@0.1.0;
world calc { export add: func(a: u32, b: u32) -> u32; }
";

fn project(language: &str, marker: &str, content: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wkit.toml",
        format!("[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"{language}\"\n"),
    );
    sandbox.write(&format!("calc/{marker}"), content);
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

#[test]
fn a_missing_toolchain() {
    project("rust", "Cargo.toml", "").wkit("build").golden("missing-cargo");
    project("go", "go.mod", "module calc\n").wkit("build").golden("missing-go");
    project("python", "app.py", "").wkit("build").golden("missing-componentize-py");
    project("javascript", "package.json", "{\"main\": \"calc.js\"}")
        .wkit("build")
        .golden("missing-componentize-qjs");
}

#[test]
fn an_unknown_world() {
    let sandbox = rust_project("");
    let text = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    sandbox.write("wkit.toml", text + "world = \"calculator\"\n");
    sandbox.wkit_words(&["build"], &rust_variables()).golden("unknown-world");
}

#[test]
fn wit_that_does_not_parse() {
    let sandbox = rust_project("");
    sandbox
        .write("wit/calc.wit", "package demo:calc@0.1.0;\nworld calc { export add: func(a: u33) -> u32; }\n");
    sandbox.wkit_words(&["build"], &rust_variables()).golden("wit-does-not-parse");
}

#[test]
fn source_that_does_not_compile() {
    let sandbox = rust_project("fn add() -> u32 { \"two\" }\n");
    let ran = sandbox.wkit_words(&["build"], &rust_variables());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("calc | error[E0308]: mismatched types"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: cannot build `calc`"), "{}", ran.stderr);
    assert!(!sandbox.path("build/calc.wasm").exists());
}

#[test]
fn what_has_not_changed_is_not_built_again() {
    let sandbox = rust_project("");
    sandbox.write("wit/calc.wit", "package demo:calc@0.1.0;\nworld calc {}\n");
    let state = || {
        let ran = sandbox.wkit_words(&["build"], &rust_variables()).ok();
        let row = ran.stdout.lines().find(|line| line.trim_start().starts_with("calc")).unwrap().to_owned();
        (row.contains(" built "), row.contains(" unchanged "))
    };
    let (built, unchanged) = ((true, false), (false, true));
    assert_eq!(state(), built);
    assert_eq!(state(), unchanged);
    sandbox.write("calc/src/lib.rs", "// Something else.\n");
    assert_eq!(state(), built, "the source has changed");
    assert_eq!(state(), unchanged);
    sandbox.write("wit/calc.wit", "package demo:calc@0.1.1;\nworld calc {}\n");
    assert_eq!(state(), built, "the WIT has changed");
    sandbox.write("build/calc.wasm", "something else");
    assert_eq!(state(), built, "the result has changed");
    assert_eq!(state(), unchanged);
}

/// A Rust project without dependencies, so that it needs no network.
fn rust_project(source: &str) -> Sandbox {
    let sandbox = Sandbox::with_programs();
    sandbox.write("wkit.toml", "[project]\nname = \"demo\"\n[components.calc]\n");
    sandbox.write(
        "calc/Cargo.toml",
        "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
    );
    sandbox.write("calc/Cargo.lock", "version = 4\n\n[[package]]\nname = \"calc\"\nversion = \"0.1.0\"\n");
    sandbox.write("calc/src/lib.rs", source);
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

/// Where rustup keeps this machine's toolchains: the sandbox's home has none.
fn rust_variables() -> Vec<(&'static str, &'static str)> {
    let home = std::env::var("HOME").unwrap();
    let variable = |name: &str, default: &str| -> &'static str {
        std::env::var(name).unwrap_or_else(|_| format!("{home}/{default}")).leak()
    };
    let toolchain = std::env::var("RUSTUP_TOOLCHAIN").unwrap_or_else(|_| "1.99.0".to_owned()).leak();
    vec![
        ("RUSTUP_HOME", variable("RUSTUP_HOME", ".rustup")),
        ("CARGO_HOME", variable("CARGO_HOME", ".cargo")),
        ("RUSTUP_TOOLCHAIN", toolchain),
    ]
}
