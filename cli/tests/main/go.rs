//! Go components that cannot be built: what is said, and what to do about it.

use wkit_fixtures::tools;

use crate::support::Sandbox;

const WIT: &str = "package demo:calc@0.1.0;

interface sums {
    add: func(a: u32, b: u32) -> u32;
    resource counter {
        constructor(start: u32);
        next: func() -> u32;
    }
}

world calc {
    export sums;
}
";
const PACKAGE: &str = "calc/exports/export_demo_calc_sums/sums.go";

/// The implementation, of which each test spoils a part.
const SOURCE: &str = "package export_demo_calc_sums

import \"runtime\"

func Add(a, b uint32) uint32 {
	return a + b
}

type Counter struct {
	pinner runtime.Pinner
	handle int32
	count  uint32
}

func MakeCounter(start uint32) *Counter {
	return &Counter{count: start}
}

func (c *Counter) OnDrop() {}

func (c *Counter) Next() uint32 {
	c.count++
	return c.count
}
";

fn project(source: &str) -> Sandbox {
    let sandbox = Sandbox::with_toolchains();
    sandbox.write(
        "wkit.toml",
        "[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"go\"\nwit = \"wit\"\n",
    );
    sandbox.write("calc/go.mod", "module example.com/calc\n\ngo 1.25\n");
    sandbox.write(PACKAGE, source);
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

/// Builds the implementation with `part` replaced.
fn spoiled(part: &str, replacement: &str, golden: &str) {
    if tools::have("go") {
        assert!(SOURCE.contains(part), "{part}");
        let sandbox = project(&SOURCE.replacen(part, replacement, 1));
        sandbox.wkit("build").golden(golden);
        assert!(!sandbox.path("build/calc.wasm").exists());
    }
}

#[test]
fn the_implementation_itself_is_built() {
    if tools::have("go") {
        project(SOURCE).wkit("build").ok();
    }
}

#[test]
fn source_that_does_not_parse() {
    spoiled("return a + b", "return a +", "go-syntax");
}

#[test]
fn an_export_that_is_not_implemented() {
    spoiled("func Add(", "func Plus(", "go-export-missing");
}

#[test]
fn a_method_that_is_not_implemented() {
    spoiled("func (c *Counter) Next(", "func (c *Counter) Following(", "go-method-missing");
}

#[test]
fn a_package_that_is_not_there() {
    if tools::have("go") {
        let sandbox = project(SOURCE);
        std::fs::remove_dir_all(sandbox.path("calc/exports")).unwrap();
        sandbox.wkit("build").golden("go-package-missing");
    }
}

#[test]
fn a_function_with_other_parameters() {
    spoiled(
        "func Add(a, b uint32) uint32 {\n\treturn a + b",
        "func Add(a uint32) uint32 {\n\treturn a",
        "go-wrong-parameters",
    );
}

#[test]
fn a_function_with_another_result() {
    spoiled(
        "func Add(a, b uint32) uint32 {\n\treturn a + b",
        "func Add(a, b uint32) string {\n\treturn \"sum\"",
        "go-wrong-result",
    );
}

#[test]
fn an_import_that_the_world_does_not_have() {
    spoiled(
        "import \"runtime\"",
        "import (\n\t\"runtime\"\n\n\t\"example.com/calc/imports/demo_calc_logs\"\n)\n\nvar _ = demo_calc_logs.Line",
        "go-import-unknown",
    );
}

#[test]
fn a_command_that_exports_more() {
    if tools::have("go") {
        let sandbox = project(SOURCE);
        sandbox.write("calc/main.go", "package main\n\nfunc main() {\n\tprintln(1)\n}\n");
        sandbox.wkit("build").golden("go-command-with-exports");
    }
}

#[test]
fn wit_that_is_not_there() {
    if tools::have("go") {
        let sandbox = project(SOURCE);
        std::fs::remove_dir_all(sandbox.path("wit")).unwrap();
        sandbox.wkit("build").golden("go-wit-missing");
    }
}

#[cfg(unix)]
#[test]
fn a_compiler_that_is_too_old() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = project(SOURCE);
    let program = sandbox.write("programs/go", "#!/bin/sh\necho go1.20.3\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = sandbox.path("programs").display().to_string();
    sandbox.wkit_words(&["build"], &[("PATH", &path)]).golden("go-too-old");
}

#[test]
fn bindings_let_the_tools_of_go_see_everything() {
    if !tools::have("go") {
        return;
    }
    let sandbox = project(SOURCE);
    sandbox.write(
        "wit/calc.wit",
        WIT.replace(
            "world calc {",
            "interface logs { line: func(text: string) -> list<string>; }\nworld calc { import logs;",
        ),
    );
    let uses = "import (\n\t\"runtime\"\n\n\t\"example.com/calc/imports/demo_calc_logs\"\n)\n\nvar Line = demo_calc_logs.Line";
    sandbox.write(PACKAGE, SOURCE.replace("import \"runtime\"", uses));
    sandbox.write(
        "calc/exports/export_demo_calc_sums/sums_test.go",
        "package export_demo_calc_sums\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fail()\n\t}\n}\n",
    );
    let go = |arguments: &[&str]| {
        sandbox.command("go").args(arguments).current_dir(sandbox.path("calc")).output().unwrap()
    };
    assert!(!go(&["test", "./..."]).status.success(), "nothing has written the bindings yet");
    sandbox.wkit("bindings").ok();
    for arguments in [["test", "./..."], ["vet", "./..."]] {
        let output = go(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // What lies beside the sources now does not get into the way of a build.
    sandbox.wkit("build").ok();
    sandbox.wkit("bindings --check").ok();
}
