//! How several components are built: side by side, all that changed, and as small as they get.

use crate::support::Sandbox;

const WIT: &str = "package demo:parts@0.1.0;\nworld one {}\nworld two {}\n";

/// A core module with a name in it, which a release loses.
const MODULE: &str = "(module (memory (export \"memory\") 1) (func $a-name-for-traps (export \"f\")))";

/// Two components of hand-written WAT whose module comes from a script.
fn two_parts(script_of_one: &str, script_of_two: &str) -> Sandbox {
    let sandbox = Sandbox::with_programs();
    let mut project = "[project]\nname = \"demo\"\n".to_owned();
    for (name, script) in [("one", script_of_one), ("two", script_of_two)] {
        project += &format!(
            "[components.{name}]\nlanguage = \"module\"\nmodule = \"made.wat\"\ncommand = [\"sh\", \"make.sh\"]\n"
        );
        sandbox.write(&format!("{name}/make.sh"), format!("{script}\ncp ../module.wat made.wat\n"));
        sandbox.write(&format!("{name}/.gitignore"), "made.wat\nhere\n");
    }
    sandbox.write("wkit.toml", project);
    sandbox.write("wit/parts.wit", WIT);
    sandbox.write("module.wat", MODULE);
    sandbox
}

/// Each waits until the other one has begun, which only happens when both run at a time.
fn meeting(other: &str) -> String {
    format!(
        "touch here; for _ in $(seq 300); do [ -e ../{other}/here ] && break; sleep 0.1; done; [ -e ../{other}/here ]\n[ $? = 0 ] || exit 7"
    )
}

#[test]
fn components_are_built_side_by_side() {
    let sandbox = two_parts(&meeting("two"), &meeting("one"));
    sandbox.wkit("build --jobs 2").ok();
    assert!(sandbox.wkit("build").ok().stdout.matches("unchanged").count() == 2);
}

#[test]
fn one_at_a_time_where_that_is_asked_for() {
    let alone = "[ ! -e ../busy ] || exit 7; touch ../busy; sleep 0.2; rm ../busy";
    two_parts(alone, alone).wkit("build --jobs 1").ok();
}

#[test]
fn every_failure_is_shown() {
    let both = |other: &str| format!("{}\necho broken >&2; exit 3", meeting(other));
    let ran = two_parts(&both("two"), &both("one")).wkit("build --jobs 2");
    assert_eq!(ran.code, Some(1));
    for text in ["error: cannot build `one`", "error: cannot build `two`", "one | broken", "two | broken"] {
        assert!(ran.stderr.contains(text), "no `{text}` in\n{}", ran.stderr);
    }
}

#[test]
fn after_a_failure_nothing_new_begins() {
    let sandbox = two_parts("exit 3", "touch ../begun");
    assert_eq!(sandbox.wkit("build --jobs 1").code, Some(1));
    assert!(!sandbox.path("begun").exists());
}

#[test]
fn a_release_has_no_names() {
    let sandbox = two_parts("", "");
    let has_name = || {
        let bytes = std::fs::read(sandbox.path("build/one.wasm")).unwrap();
        bytes.windows(b"a-name-for-traps".len()).any(|at| at == b"a-name-for-traps")
    };
    sandbox.wkit("build").ok();
    assert!(has_name());
    sandbox.wkit("build --release").ok();
    assert!(!has_name());
    assert!(sandbox.wkit("build --release").ok().stdout.contains("unchanged"));
    sandbox.wkit("build").ok();
    assert!(has_name(), "another mode is another build");
}
