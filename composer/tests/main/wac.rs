//! What the program wac does with the same scripts, plugs and worlds: what it accepts we accept, with the same imports
//! and exports, and what it refuses we refuse. Where we do otherwise, the table says why.

use std::path::Path;
use std::process::Command;

use wkit_composer::{Input, Plan, Script, compose};
use wkit_fixtures::component::wit_package;
use wkit_fixtures::tools;
use wkit_interface::{Surface, decode, misfits};

use crate::samples::{input, shop};

/// How the two results go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Both compose it, with the same imports and exports.
    Same,
    /// Both refuse it.
    Refused,
    /// We compose it and wac does not, or we fill more; the reason why that is better.
    More(&'static str),
    /// We refuse it and wac does not; the reason why that is better.
    Less(&'static str),
}

use Expected::{Less, More, Refused, Same};

fn packages() -> Vec<Input> {
    let log = |name: &str, version: &str, body: &str, direction: &str| {
        let wit = format!(
            "package test:it; world it {{ {direction} shop:log/log@{version}; export helper: func(); }}
             package shop:log@{version} {{ interface log {{ {body} }} }}"
        );
        input(name, &wit, "it")
    };
    let write = "write: func(line: string);";
    let wit =
        |text: &str| Input { bytes: wit_package(text).into(), ..log("shop:wit", "0.1.0", write, "export") };
    let stock = "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;";
    vec![
        shop("shop:log", "export shop:log/log@0.1.0;"),
        shop("shop:dated@0.1.0", "export shop:log/log@0.1.0;"),
        shop("shop:stock", stock),
        shop(
            "shop:app",
            "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop("shop:logged", "import shop:log/log@0.1.0; export run: func();"),
        shop("shop:clocked", "import clock: func() -> u64; export run: func();"),
        shop("shop:alone", "export run: func(); export clock: func() -> u64;"),
        log("shop:newer", "0.1.7", write, "export"),
        log("shop:richer", "0.1.7", "write: func(line: string); flush: func();", "export"),
        log("shop:next", "0.2.0", write, "export"),
        log("shop:old", "0.1.0", "write: func(line: list<u8>);", "export"),
        log("shop:asks-newer", "0.1.7", write, "import"),
        log("shop:asks-more", "0.1.7", "write: func(line: string); flush: func();", "import"),
        wit(WIT),
    ]
}

const WIT: &str = "package shop:wit;
interface log { write: func(line: string); record point { x: u32 } resource pen { draw: func(to: point); } }
interface kinds { enum kind { a, b } variant either { one(u32), none } flags marks { m, n } f: func(k: kind) -> either; }
world logger { export shop:log/log@0.1.0; }
world logger-newer { export shop:log/log@0.1.7; }
world logger-other { export shop:log/log@0.2.0; }
world caller { import shop:log/log@0.1.0; import clock: func() -> u64; export run: func(); }
world caller-newer { import shop:log/log@0.1.7; export run: func(); }
world runner { export run: func(); }
world runner-of-more { export run: func() -> u32; }
world clocked { import clock: func() -> u32; export run: func(); }
package shop:log@0.1.0 { interface log { write: func(line: string); } }
package shop:log@0.1.7 { interface log { write: func(line: string); } }
package shop:log@0.2.0 { interface log { write: func(line: string); } }
";

/// What stands after `package demo:it;`, or a whole script.
const SCRIPTS: &[(&str, Expected)] = &[
    // new, and its arguments
    ("let log = new shop:log {}; export log...;", Same),
    ("let l = new shop:log {}; let a = new shop:logged { log: l.log }; export a...;", Same),
    (
        "let l = new shop:log {}; let a = new shop:logged { \"shop:log/log@0.1.0\": l[\"shop:log/log@0.1.0\"] }; export a.run;",
        Same,
    ),
    ("let log = (new shop:log {}).log; let a = new shop:logged { log }; export a...;", Same),
    ("let l = new shop:log {}; let a = new shop:logged { ...l }; export a...;", Same),
    ("let l = new shop:log {}; let a = new shop:app { ...l, ... }; export a...;", Same),
    ("let a = new shop:app { ... }; export a...;", Same),
    ("let a = new shop:logged { log: new shop:log {}.log }; export a...;", Same),
    ("let a = new shop:logged { log: (new shop:log {}).log }; export a...;", Same),
    (
        "let l = new shop:log {}; let s = new shop:stock { ...l }; let a = new shop:app { ...s, ...l }; export a...;",
        Same,
    ),
    ("let s = new shop:stock { ... }; let a = new shop:app { ...s, ... }; export a...; export s...;", Same),
    ("let l = new shop:dated@0.1.0 {}; export l...;", Same),
    (
        "let l = new shop:log {}; let m = new shop:log {}; let a = new shop:logged { ...l }; let b = new shop:logged { ...m }; export a.run as one; export b.run as two;",
        Same,
    ),
    // versions of one line
    ("let l = new shop:newer {}; let a = new shop:logged { ...l }; export a...;", Same),
    ("let l = new shop:log {}; let a = new shop:asks-newer { ...l }; export a.helper;", Same),
    ("let l = new shop:richer {}; let a = new shop:logged { ...l }; export a...;", Same),
    (
        "let a = new shop:asks-newer { ... }; let b = new shop:logged { ... }; export a.helper; export b.run;",
        Same,
    ),
    // imports
    ("import log: shop:wit/log; export log;", Same),
    ("import log as other: shop:wit/log; export log as again;", Same),
    (
        "import log as \"shop:log/log@0.1.0\": interface { write: func(line: string); }; let a = new shop:logged { log }; export a...;",
        Same,
    ),
    ("import clock: func() -> u64; let a = new shop:clocked { clock }; export a...;", Same),
    ("import clock: async func() -> u64; export clock;", Same),
    ("type f = func() -> u64; import clock: f; let a = new shop:clocked { clock }; export a...;", Same),
    (
        "interface i { write: func(line: string); } import log: i; let a = new shop:logged { log }; export a...;",
        Same,
    ),
    (
        "import i: interface { f: func(x: list<option<tuple<u8, string>>>) -> result<_, string>; }; export i;",
        Same,
    ),
    (
        "import i: interface { use shop:wit/log.{point, pen as quill}; f: func(p: point, q: borrow<quill>); }; export i;",
        Same,
    ),
    // exports
    ("let a = new shop:alone {}; export a.run;", Same),
    ("let a = new shop:alone {}; export a.run as \"walk\";", Same),
    ("let a = new shop:alone {}; export a as all;", Same),
    ("let a = new shop:alone {}; export a.run as first; export a...;", Same),
    ("let l = new shop:log {}; export l.log as \"demo:it/log@1.0.0\";", Same),
    // types
    (
        "record point { x: u32, y: f64 } type points = list<point>; variant v { a(points), b } enum e { a } flags f { g }",
        Same,
    ),
    (
        "interface i { resource r { constructor(n: u32); m: func() -> string; s: static func(r: borrow<r>) -> r; } }",
        Same,
    ),
    (
        "interface i { f: func(); } world w { import i; export g: func(x: u8); include shop:wit/runner; }",
        Same,
    ),
    ("interface i { record p { x: u8 } } interface j { use i.{p}; f: func() -> stream<p>; }", Same),
    (
        "/// Words about it.\nlet %log = new shop:log {}; // and more\n/* and /* more */ */ export %log...;",
        Same,
    ),
    // targets
    ("package demo:it@1.0.0 targets shop:wit/logger; let l = new shop:log {}; export l.log;", Same),
    ("package demo:it targets shop:wit/caller; let a = new shop:logged { ... }; export a.run;", Same),
    ("package demo:it targets shop:wit/runner; let a = new shop:alone {}; export a...;", Same),
    (
        "package demo:it targets demo:it/w; world w { export run: func(); } let a = new shop:alone {}; export a.run;",
        Same,
    ),
    (
        "package demo:it targets shop:wit/logger-newer; let l = new shop:log {}; export l.log;",
        More("`wac targets` takes 0.1.0 for 0.1.7 as well, only a script's `targets` does not"),
    ),
    (
        "package demo:it targets shop:wit/caller-newer; let a = new shop:logged { ... }; export a.run;",
        More("`wac targets` takes 0.1.7 for 0.1.0 as well, only a script's `targets` does not"),
    ),
    ("package demo:it targets shop:wit/logger; let a = new shop:alone {}; export a.run;", Refused),
    ("package demo:it targets shop:wit/runner; let a = new shop:logged { ... }; export a.run;", Refused),
    ("package demo:it targets shop:wit/runner-of-more; let a = new shop:alone {}; export a.run;", Refused),
    ("package demo:it targets shop:wit/log; let a = new shop:alone {}; export a.run;", Refused),
    // what is wrong
    ("let a = new shop:gone {};", Refused),
    ("let a = new demo:it {};", Refused),
    ("let a = new shop:app {};", Refused),
    ("let a = new shop:app { ... }", Refused),
    ("export a...; let a = new shop:log {};", Refused),
    ("let l = new shop:old {}; let a = new shop:logged { ...l };", Refused),
    ("let l = new shop:next {}; let a = new shop:logged { ...l };", Refused),
    ("let l = new shop:log {}; let a = new shop:asks-more { ...l };", Refused),
    ("let l = new shop:log {}; let a = new shop:logged { lag: l.log };", Refused),
    ("let l = new shop:log {}; let a = new shop:logged { log: l.lag };", Refused),
    ("import clock: func() -> u32; let a = new shop:clocked { clock };", Refused),
    ("let l = new shop:log {}; export l;", Refused),
    ("let l = new shop:log {}; export l.log; export l.log;", Refused),
    ("let l = new shop:log {}; let l = new shop:log {};", Refused),
    ("import a: func(); import b as a: func();", Refused),
    ("import log as \"shop:log/log@0.1.0\": shop:wit/log; let a = new shop:logged { ... };", Refused),
    ("interface i { f: func(); type f = u32; }", Refused),
    ("record r { x: u32, x: u32 }", Refused),
    ("import x: shop:wit/nothing;", Refused),
];

/// The socket, the plugs.
const PLUGS: &[(&str, &[&str], Expected)] = &[
    ("shop:logged", &["shop:log"], Same),
    ("shop:app", &["shop:log"], Same),
    ("shop:app", &["shop:stock"], Same),
    ("shop:logged", &["shop:newer"], Same),
    ("shop:logged", &["shop:richer"], Same),
    ("shop:asks-newer", &["shop:log"], Same),
    ("shop:clocked", &["shop:alone"], Same),
    ("shop:logged", &["shop:log", "shop:alone"], Same),
    ("shop:clocked", &["shop:alone", "shop:log"], Same),
    ("shop:app", &["shop:stock", "shop:log"], More("plugs fill the imports of other plugs too")),
    ("shop:logged", &["shop:alone"], Refused),
    ("shop:alone", &["shop:log"], Refused),
    ("shop:logged", &["shop:next"], Refused),
    ("shop:logged", &["shop:old"], Refused),
    ("shop:asks-more", &["shop:log"], Refused),
    ("shop:logged", &["shop:log", "shop:newer"], Refused),
    (
        "shop:app",
        &["shop:old", "shop:stock"],
        Less("a plug whose type differs is a mistake and not to be left out in silence"),
    ),
];

/// The component, the world of `shop:wit`.
const TARGETS: &[(&str, &str, Expected)] = &[
    ("shop:log", "logger", Same),
    ("shop:newer", "logger", Same),
    ("shop:log", "logger-newer", Same),
    ("shop:logged", "caller", Same),
    ("shop:logged", "caller-newer", Same),
    ("shop:alone", "caller", Same),
    ("shop:alone", "runner", Same),
    ("shop:richer", "logger", Same),
    ("shop:log", "logger-other", Refused),
    ("shop:old", "logger", Refused),
    ("shop:alone", "logger", Refused),
    ("shop:logged", "runner", Refused),
    ("shop:alone", "runner-of-more", Refused),
    ("shop:clocked", "clocked", Refused),
    ("shop:clocked", "runner", Refused),
];

/// A folder with the packages as wac wants them.
struct Folder {
    folder: tempfile::TempDir,
    wac: std::path::PathBuf,
}

impl Folder {
    fn new() -> Option<Self> {
        let wac = tools::find("wac")?;
        let folder = tempfile::tempdir().unwrap();
        for package in packages() {
            let path = folder.path().join(file(&package.name));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &package.bytes).unwrap();
        }
        std::fs::write(folder.path().join("shop.wit"), WIT).unwrap();
        Some(Self { folder, wac })
    }

    /// What wac makes of it, or what it says.
    fn wac(&self, arguments: &[&str], output: &str) -> Result<Vec<u8>, String> {
        let output_path = self.folder.path().join(output);
        let ran = Command::new(&self.wac).args(arguments).current_dir(self.folder.path()).output().unwrap();
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
        }
        Ok(std::fs::read(output_path).unwrap_or_default())
    }
}

fn file(package: &str) -> String {
    format!("deps/{}.wasm", package.replace([':', '@'], "/"))
}

fn package(name: &str) -> Input {
    packages().into_iter().find(|package| package.name == name).unwrap()
}

/// Compares the two outcomes with what the table says; a text when they are otherwise.
fn check(
    what: &str,
    expected: Expected,
    ours: Result<Vec<u8>, String>,
    wac: Result<Vec<u8>, String>,
) -> Option<String> {
    let imports = |bytes: &[u8]| decode(bytes).unwrap().imports.len();
    let (ours, wac) = (ours.as_deref(), wac.as_deref());
    let is_as_expected = match (expected, ours, wac) {
        (Same, Ok(ours), Ok(wac)) => shape(ours) == shape(wac),
        (Refused, Err(_), Err(_)) => true,
        (More(_), Ok(ours), wac) => wac.map_or(true, |wac| imports(ours) < imports(wac)),
        (Less(_), Err(_), Ok(_)) => true,
        _ => false,
    };
    (!is_as_expected).then(|| {
        let (ours, wac) = (ours.map(shape), wac.map(shape));
        format!("{what}: expected {expected:?}\n  we: {ours:?}\n  wac: {wac:?}\n")
    })
}

/// The WIT of a valid component, in an order that does not depend on that of the binary.
fn shape(bytes: &[u8]) -> Vec<String> {
    let surface: Surface = decode(bytes).unwrap();
    let mut lines: Vec<String> = surface.wit().lines().map(|line| line.trim().to_owned()).collect();
    lines.sort();
    lines
}

#[test]
fn scripts() {
    let Some(folder) = Folder::new() else { return };
    let mut wrong = String::new();
    let packages = packages();
    for (body, expected) in SCRIPTS {
        let text =
            if body.starts_with("package") { (*body).to_owned() } else { format!("package demo:it; {body}") };
        std::fs::write(folder.folder.path().join("it.wac"), &text).unwrap();
        let wac = folder.wac(&["compose", "it.wac", "-o", "out.wasm"], "out.wasm");
        let composed = Script::parse(&text).and_then(|script| script.compose(&packages));
        if let Err(error) = &composed {
            // A message has a place and says what to do.
            for problem in &error.problems {
                assert!(!problem.labels.is_empty() && problem.hint().is_some(), "{text}\n{error}");
            }
        }
        let ours = composed.map(|composition| composition.bytes.to_vec()).map_err(|error| error.to_string());
        wrong.extend(check(&text, *expected, ours, wac));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn plugs() {
    let Some(folder) = Folder::new() else { return };
    let mut wrong = String::new();
    for (socket, plugs, expected) in PLUGS {
        let what = format!("{socket} with {plugs:?}");
        let files: Vec<String> = plugs.iter().map(|plug| file(plug)).collect();
        let socket_file = file(socket);
        let mut arguments = vec!["plug", socket_file.as_str(), "-o", "out.wasm"];
        files.iter().for_each(|file| arguments.extend(["--plug", file]));
        let wac = folder.wac(&arguments, "out.wasm");

        let inputs: Vec<Input> = std::iter::once(socket).chain(*plugs).map(|name| package(name)).collect();
        let plan = Plan { socket: Some((*socket).to_owned()), ..Plan::default() };
        let ours = match compose(&inputs, &plan) {
            // The command refuses it then.
            Ok(composition) if composition.wires.is_empty() => Err("no plug fits".to_owned()),
            Ok(composition) => Ok(composition.bytes.to_vec()),
            Err(error) => Err(error.to_string()),
        };
        wrong.extend(check(&what, *expected, ours, wac));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn targets() {
    let Some(folder) = Folder::new() else { return };
    let mut wrong = String::new();
    let wit = decode(&package("shop:wit").bytes).unwrap();
    for (component, world, expected) in TARGETS {
        let what = format!("{component} targets {world}");
        let component_file = file(component);
        let arguments = ["targets", component_file.as_str(), "--wit", "shop.wit", "--world", world];
        let wac = folder.wac(&arguments, &component_file);
        assert!(Path::new(&folder.folder.path().join(&component_file)).is_file());
        wit.world(Some(world)).unwrap();
        let bytes = package(component).bytes;
        let found = misfits(&decode(&bytes).unwrap(), &wit, world);
        let ours = if found.is_empty() { Ok(bytes.to_vec()) } else { Err(format!("{found:?}")) };
        wrong.extend(check(&what, *expected, ours, wac));
    }
    assert!(wrong.is_empty(), "{wrong}");
}
