//! Core modules: what becomes a component, and what is said about what does not.

use crate::support::{Ran, Sandbox};

const WIT: &str = "package demo:calc@0.1.0;
world calc { import log: func(n: u32); export add: func(a: u32, b: u32) -> u32; }
";

/// What the world asks for, and a call of what it gives.
const ADD: &str = r#"(module
  (import "$root" "log" (func $log (param i32)))
  (func (export "add") (param i32 i32) (result i32)
    (call $log (local.get 0))
    (i32.add (local.get 0) (local.get 1))))
"#;

/// A project whose component has these lines in its section, and these files.
fn project(section: &str, files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::with_programs();
    sandbox.write(
        "wkit.toml",
        format!("[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"module\"\n{section}\n"),
    );
    sandbox.write("wit/calc.wit", WIT);
    sandbox.write("calc/README.md", "");
    for (name, content) in files {
        sandbox.write(&format!("calc/{name}"), content);
    }
    sandbox
}

/// Builds one module in text form.
fn build(text: &str) -> Ran {
    project("module = \"calc.wat\"", &[("calc.wat", text)]).wkit("build")
}

#[test]
fn a_key_that_leads_nowhere() {
    project("", &[]).wkit("build").golden("module-not-named");
    project("module = \"../calc.wasm\"", &[]).wkit("build").golden("module-outside");
    assert_eq!(project("module = \"/calc.wasm\"", &[]).wkit("build").code, Some(1));
    assert_eq!(project("module = \"\"", &[]).wkit("build").code, Some(1));
    project("module = \"out/calc.wasm\"", &[]).wkit("build").golden("module-missing");
    project("module = \"calc.wat\"\nengine = \"v8\"", &[]).wkit("build").golden("module-foreign-key");
}

#[test]
fn a_command_that_makes_nothing() {
    let command = |words: &str| project(&format!("module = \"calc.wasm\"\ncommand = {words}"), &[]);
    command("[]").wkit("build").golden("module-command-empty");
    command("[\"cobolc\", \"calc.cob\"]").wkit("build").golden("module-command-missing");
    command("[\"make core\"]").wkit("build").golden("module-command-one-text");
    command("[\"./build.sh\"]").wkit("build").golden("module-command-no-script");
    command("[\"true\"]").wkit("build").golden("module-not-made");
    command("[\"sh\", \"-c\", \"echo calc.cob:1: no such verb >&2; exit 3\"]")
        .wkit("build")
        .golden("module-command-fails");
}

#[test]
fn a_file_that_is_no_module() {
    project("module = \"README.md\"", &[]).wkit("build").golden("module-no-wasm");
    build("(module\n  (func (export \"add\") (result i32)\n    i32.cosnt 1))\n").golden("module-wat-mistake");
    build("(module (func (export \"add\") (result i32) i64.const 1))").golden("module-invalid");
}

#[test]
fn a_module_that_does_not_fit() {
    build("(module)").golden("module-export-missing");
    build("(module (func (export \"add\") (param i64) (result i32) i32.const 1))")
        .golden("module-wrong-signature");
    let import = ADD.replace("$root\" \"log", "env\" \"trace");
    build(&import).golden("module-import-unknown");
    let sandbox = project("module = \"calc.wat\"", &[("calc.wat", ADD)]);
    sandbox.write("wit/calc.wit", WIT.replace("u32;", "string;"));
    sandbox.wkit("build").golden("module-no-memory");
    std::fs::remove_file(sandbox.path("wit/calc.wit")).unwrap();
    sandbox.wkit("build").golden("module-no-wit");
}

#[test]
fn a_module_is_built_again_when_it_has_changed() {
    let sandbox = project("module = \"out/calc.wat\"", &[("out/calc.wat", ADD), (".gitignore", "out\n")]);
    let state = || {
        let ran = sandbox.wkit("build").ok();
        ran.stdout
            .lines()
            .find_map(|line| ["built", "unchanged"].into_iter().find(|word| line.contains(word)))
    };
    assert_eq!(state(), Some("built"));
    assert_eq!(state(), Some("unchanged"));
    sandbox.write("calc/out/calc.wat", ADD.replace("i32.add", "i32.mul"));
    assert_eq!(state(), Some("built"), "the module is ignored by git, and still decides");
}

#[test]
fn a_command_makes_the_module_from_the_sources() {
    let section = "module = \"made.wat\"\ncommand = [\"./make.sh\", \"calc.src\"]";
    let sandbox = project(section, &[("calc.src", ADD), ("make.sh", ""), (".gitignore", "made.wat\n")]);
    sandbox.write("calc/make.sh", "#!/bin/sh\necho compiling $1\ncp $1 made.wat\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("calc/make.sh"), mode).unwrap();
    let built = sandbox.wkit("build").ok();
    assert!(built.stderr.contains("calc | compiling calc.src"), "{}", built.stderr);
    assert!(sandbox.wkit("build").ok().stdout.contains("unchanged"));
    sandbox.write("calc/calc.src", ADD.replace("i32.add", "i32.mul"));
    assert!(sandbox.wkit("build").ok().stdout.contains("built"));
}

#[test]
fn a_module_with_a_start_is_a_command() {
    let text = r#"(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
      (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#;
    let sandbox = project("module = \"calc.wat\"", &[("calc.wat", text)]);
    sandbox.write("wit/calc.wit", "package demo:calc;\nworld calc {}\n");
    sandbox.wkit("build").ok();
    assert_eq!(sandbox.wkit("run build/calc.wasm").ok().stdout, "hi\n");
}

#[test]
fn a_component_is_taken_as_it_is_when_it_fits() {
    let component = wkit_fixtures::prebuilt::calc();
    let sandbox = project("module = \"calc.wasm\"", &[]);
    sandbox.write("calc/calc.wasm", &component);
    sandbox.write("wit/calc.wit", WIT.replace("add", "subtract"));
    sandbox.wkit("build").golden("module-other-component");
    sandbox.write("wit/calc.wit", "package demo:calc;\nworld calc {}\n");
    sandbox.wkit("build").ok();
    assert_eq!(std::fs::read(sandbox.path("build/calc.wasm")).unwrap(), component);
}

#[test]
fn a_module_that_has_a_world_keeps_it() {
    let sandbox = project("module = \"calc.wat\"", &[("calc.wat", ADD)]);
    sandbox.wkit("build").ok();
    // The types of another world are in it, so that they count and not those of `calc`.
    let other = "(module (func (export \"sub\")) (@custom \"component-type\" \"\\00\"))";
    sandbox.write("calc/calc.wat", other);
    let ran = sandbox.wkit("build");
    assert_eq!(ran.code, Some(1));
    assert!(!ran.stderr.contains("`add`"), "{}", ran.stderr);
}
