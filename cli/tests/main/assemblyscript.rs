//! AssemblyScript: what people see when something is wrong, and that nothing leaks.

use crate::support::{Ran, Sandbox, available};

const WIT: &str = "package demo:calc@0.1.0;

interface maths {
    divide: func(a: s32, b: s32) -> result<s32, string>;
}

world calc {
    export maths;
}
";

const SOURCE: &str = "import { Result } from \"./bindings/types\";

export namespace maths {
  export function divide(a: i32, b: i32): Result<i32, string> {
    if (b == 0) return Result.err<i32, string>(\"division by zero\");
    return Result.ok<i32, string>(a / b);
  }
}
";

/// A project with one component of AssemblyScript.
fn project(sandbox: &Sandbox, source: &str) {
    sandbox.write("wkit.toml", "[project]\nname = \"demo\"\n[components.calc]\n");
    sandbox.write("calc/asconfig.json", "{}\n");
    sandbox.write("calc/assembly/index.ts", source);
    sandbox.write("wit/calc.wit", WIT);
}

/// What a build of `source` says; `None` where this machine has no compiler.
fn build(source: &str, change: impl Fn(&Sandbox)) -> Option<Ran> {
    if !available("assemblyscript") {
        return None;
    }
    let sandbox = Sandbox::with_toolchains();
    project(&sandbox, source);
    change(&sandbox);
    Some(sandbox.wkit("build"))
}

fn golden(source: &str, change: impl Fn(&Sandbox), name: &str) {
    if let Some(ran) = build(source, change) {
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        ran.golden(name);
    }
}

#[test]
fn a_missing_compiler_is_named() {
    let sandbox = Sandbox::new();
    project(&sandbox, SOURCE);
    sandbox.wkit("build").golden("assemblyscript-missing-node");
}

#[cfg(unix)]
#[test]
fn another_version_that_is_not_installed_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    project(&sandbox, SOURCE);
    let node = sandbox.write("bin/node", "#!/bin/sh\necho v20.0.0\n");
    std::fs::set_permissions(&node, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
        .write("wkit.toml", "[project]\nname = \"demo\"\n[components.calc]\n[toolchain]\nasc = \"0.1.2\"\n");
    let path = node.parent().unwrap().display().to_string();
    sandbox.wkit_words(&["build"], &[("PATH", path.as_str())]).golden("assemblyscript-version-missing");
}

#[test]
fn a_mistake_in_the_source_keeps_its_place() {
    golden("export namespace maths {\n  export function\n}\n", |_| {}, "assemblyscript-syntax");
}

#[test]
fn an_export_that_is_not_there_is_named() {
    golden(
        "export namespace maths {\n  export const x: i32 = 1;\n}\n",
        |_| {},
        "assemblyscript-not-implemented",
    );
}

#[test]
fn a_wrong_signature_shows_the_expected_one() {
    let source = SOURCE.replace("b: i32)", "b: string)").replace("b == 0", "b == \"\"").replace("a / b", "a");
    golden(&source, |_| {}, "assemblyscript-wrong-signature");
}

#[test]
fn missing_wit_is_named() {
    golden(
        SOURCE,
        |sandbox| std::fs::remove_dir_all(sandbox.path("wit")).unwrap(),
        "assemblyscript-wit-missing",
    );
}

#[test]
fn what_only_a_browser_has_is_refused() {
    let source = SOURCE.replace("if (b == 0)", "console.log(\"dividing\");\n    if (b == 0)");
    golden(&source, |_| {}, "assemblyscript-browser");
}

#[test]
fn an_import_that_the_world_does_not_have_is_named() {
    let source = SOURCE.to_owned() + "\nexport { now } from \"./bindings/imports/wasi-clocks-wall-clock\";\n";
    golden(&source, |_| {}, "assemblyscript-import-missing");
}

#[test]
fn what_bindings_cannot_express_is_refused_before_the_compiler_starts() {
    let sandbox = Sandbox::new();
    project(&sandbox, SOURCE);
    sandbox.write("wit/calc.wit", "package demo:calc;\nworld calc { export f: func(a: list<u8, 4>); }\n");
    let ran = sandbox.wkit("bindings");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("AssemblyScript cannot build the world `calc`: it has a list of fixed length"),
        "{}",
        ran.stderr
    );
}

/// A component that lets another one make, keep and give away strings, lists, records and resources.
const LOOP_WIT: &str = "package demo:calc@0.1.0;

interface store {
    record entry { name: string, tags: list<string>, score: option<f64> }
    resource cell {
        constructor(start: string);
        text: func() -> string;
        join: static func(a: cell, b: borrow<cell>) -> cell;
    }
    turn: func(entries: list<entry>) -> result<list<entry>, string>;
    pages: func() -> u32;
}

world provider {
    export store;
}

world consumer {
    import store;
    export pages-after: func(rounds: u32) -> u32;
}
";

const PROVIDER: &str = r#"import { Entry } from "./bindings/exports/demo-calc-store";
import { Result } from "./bindings/types";

export namespace store {
  export class Cell {
    constructor(private content: string) {}
    text(): string {
      return this.content;
    }
    static join(a: Cell, b: Cell): Cell {
      return new Cell(a.content + b.content);
    }
  }
  export function pages(): u32 {
    return memory.size();
  }
  export function turn(entries: Array<Entry>): Result<Array<Entry>, string> {
    if (entries.length == 0) return Result.err<Array<Entry>, string>("nothing to turn");
    return Result.ok<Array<Entry>, string>(entries.reverse());
  }
}
"#;

/// The largest number for a wrong answer; else the pages of memory that both sides have in the end.
const CONSUMER: &str = r#"import { Cell, Entry, pages, turn } from "./bindings/imports/demo-calc-store";
import { Option } from "./bindings/types";

export function pagesAfter(rounds: u32): u32 {
  for (let round: u32 = 0; round < rounds; round++) {
    const name = `round ${round}`;
    const entries = [
      new Entry(name, ["a", "bc", "grün"], Option.some<f64>(1.5)),
      new Entry("other", [], Option.none<f64>()),
    ];
    const turned = turn(entries).value;
    if (turned.length != 2 || turned[1].name != name || turned[1].tags[2] != "grün") return u32.MAX_VALUE;
    if (turn([]).error != "nothing to turn") return u32.MAX_VALUE;
    const lent = new Cell(name);
    const joined = Cell.join(new Cell("x"), lent);
    if (joined.text() != "x" + name) return u32.MAX_VALUE;
    lent.drop();
    joined.drop();
  }
  return pages() + memory.size();
}
"#;

/// 20,000 rounds of eight calls in one instance need no more memory than 1,000: neither side may leak, and what is
/// still held must survive the garbage collector. A leak of one byte in each call would show as two pages.
#[test]
fn many_calls_need_no_more_memory_than_few() {
    if !available("assemblyscript") {
        return;
    }
    let sandbox = Sandbox::with_toolchains();
    sandbox.write(
        "wkit.toml",
        "[project]\nname = \"demo\"\n[components.consumer]\nworld = \"consumer\"\n[components.provider]\nworld = \"provider\"\n",
    );
    sandbox.write("wit/calc.wit", LOOP_WIT);
    for (name, source) in [("provider", PROVIDER), ("consumer", CONSUMER)] {
        sandbox.write(&format!("{name}/asconfig.json"), "{}\n");
        sandbox.write(&format!("{name}/assembly/index.ts"), source);
    }
    sandbox.wkit("build").ok();
    sandbox.wkit("compose build/consumer.wasm --plug build/provider.wasm -o both.wasm").ok();
    let pages = |rounds: u32| -> u32 {
        let call = format!("pages-after({rounds})");
        let ran = sandbox.wkit_words(&["run", "both.wasm", "--invoke", &call], &[]).ok();
        ran.stdout.trim().parse().unwrap()
    };
    let few = pages(1_000);
    assert_eq!(pages(20_000), few);
}
