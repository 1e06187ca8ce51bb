//! Python components that cannot be built: what is said, and what to do about it.

use wkit_fixtures::tools;

use crate::support::{Sandbox, available};

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
    export name: func() -> string;
}
";

const APP: &str = "import wit_world
from wit_world import exports


class Sums(exports.Sums):
    def add(self, a: int, b: int) -> int:
        return a + b


class WitWorld(wit_world.WitWorld):
    def name(self) -> str:
        return \"calc\"
";

const SUMS: &str = "from wit_world.exports import sums


class Counter(sums.Counter):
    def __init__(self, start: int) -> None:
        self.count = start

    def next(self) -> int:
        self.count += 1
        return self.count
";

fn project() -> Sandbox {
    let sandbox = Sandbox::with_toolchains();
    sandbox.write(
        "wkit.toml",
        "[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"python\"\nwit = \"wit\"\n",
    );
    sandbox.write("calc/pyproject.toml", "[project]\nname = \"calc\"\nversion = \"0.1.0\"\n");
    sandbox.write("calc/app.py", APP);
    sandbox.write("calc/sums.py", SUMS);
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

#[test]
fn what_is_built_leaves_no_trace_beside_the_sources() {
    if !available("python") {
        return;
    }
    let sandbox = project();
    sandbox.wkit("build").ok();
    let mut files: Vec<_> =
        std::fs::read_dir(sandbox.path("calc")).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["app.py", "pyproject.toml", "sums.py"]);
    sandbox.wkit("bindings").ok();
    assert!(sandbox.path("calc/wit_world/exports/sums.py").is_file());
    sandbox.wkit("bindings --check").ok();
}

#[test]
fn source_that_does_not_parse() {
    if available("python") {
        let sandbox = project();
        sandbox.write("calc/app.py", APP.replace("return a + b", "return a +"));
        sandbox.wkit("build").golden("python-syntax");
        assert!(!sandbox.path("build/calc.wasm").exists());
    }
}

#[test]
fn everything_that_is_not_implemented_is_listed() {
    if available("python") {
        let sandbox = project();
        let app = APP.replace("def add(self, a: int, b: int)", "def add(self, a: int)");
        sandbox.write("calc/app.py", app.replace("class WitWorld", "class World"));
        sandbox.write("calc/sums.py", SUMS.replace("def next(", "async def following("));
        sandbox.wkit("build").golden("python-exports-missing");
    }
}

#[test]
fn a_module_of_resources_that_is_not_there() {
    if available("python") {
        let sandbox = project();
        std::fs::remove_file(sandbox.path("calc/sums.py")).unwrap();
        sandbox.wkit("build").golden("python-resources-missing");
    }
}

#[test]
fn a_package_that_is_not_there() {
    if available("python") {
        let sandbox = project();
        sandbox.write("calc/app.py", format!("import tariffs\n{APP}"));
        sandbox.wkit("build").golden("python-package-missing");
    }
}

#[test]
fn a_package_that_needs_native_code() {
    if available("python") {
        let sandbox = project();
        sandbox.write("calc/app.py", format!("import tariffs\n{APP}"));
        let package = "calc/.venv/lib/python3.12/site-packages/tariffs";
        sandbox.write(&format!("{package}/__init__.py"), "from tariffs._fast import table\n");
        sandbox.write(&format!("{package}/_fast.cpython-312-x86_64-linux-gnu.so"), "\x7fELF");
        sandbox.wkit("build").golden("python-native-package");
    }
}

#[test]
fn an_import_that_the_world_does_not_have() {
    if available("python") {
        let sandbox = project();
        sandbox.write("calc/app.py", format!("from wit_world.imports import logs\n{APP}"));
        sandbox.wkit("build").golden("python-import-unknown");
    }
}

#[test]
fn wit_that_is_not_there() {
    if available("python") {
        let sandbox = project();
        std::fs::remove_dir_all(sandbox.path("wit")).unwrap();
        sandbox.wkit("build").golden("python-wit-missing");
    }
}

#[test]
fn a_version_of_the_tool_that_is_not_installed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wkit.toml",
        "[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"python\"\nwit = \"wit\"\n[toolchain]\ncomponentize-py = \"0.1.0\"\n",
    );
    sandbox.write("calc/app.py", APP);
    sandbox.write("wit/calc.wit", WIT);
    let folder = tools::folder().display().to_string();
    sandbox.wkit_words(&["build"], &[("WKIT_TOOLS", &folder)]).golden("python-version-missing");
}
