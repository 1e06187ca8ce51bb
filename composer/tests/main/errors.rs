//! Every error, word for word.

use wkit_composer::{
    ComposeError, Input, Plan, PlannedExport, PlannedInstance, PlannedOpen, PlannedWire, Problems, Share,
    compose, limits,
};
use wkit_fixtures::component::{from_wat, wit_package};
use wkit_fixtures::golden::assert_golden;

use crate::samples::{fail, input, shop, wire};

/// Compares the messages and the hints with the golden file `name`.
fn check(name: &str, problems: &Problems) {
    let text = crate::cases::shown(problems);
    crate::cases::assert_readable(name, problems, &text);
    assert_golden(format!("{}/tests/goldens/{name}.txt", env!("CARGO_MANIFEST_DIR")), &text);
}

fn with_plan(inputs: &[Input], plan: &Plan) -> Problems {
    compose(inputs, plan).expect_err("this does not compose")
}

fn socket(name: &str) -> Plan {
    Plan { socket: Some(name.to_owned()), ..Plan::default() }
}

fn raw(name: &str, bytes: &[u8]) -> Input {
    Input { name: name.to_owned(), bytes: bytes.to_vec().into() }
}

fn app() -> Input {
    shop("app", "import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;")
}

fn log(name: &str) -> Input {
    shop(name, "export shop:log/log@0.1.0;")
}

#[test]
fn inputs() {
    check("no-inputs", &fail(&[]));
    check("duplicate-name", &fail(&[log("log"), app(), log("log")]));
    check("empty-file", &fail(&[app(), raw("log", b"")]));
    check("wit-text", &fail(&[app(), raw("log", b"package a:b;\ninterface c {}\n")]));
    check("core-module", &fail(&[app(), raw("log", &from_wat("(module)"))]));
    let whole = log("log").bytes.read().unwrap();
    check("truncated", &fail(&[app(), raw("log", &whole[..100])]));
    check("invalid", &fail(&[app(), raw("log", b"\0asm\x0d\0\x01\0\x63\0")]));
    check(
        "wit-package",
        &fail(&[app(), raw("log", &wit_package("package a:b; interface c { d: func(); }"))]),
    );
}

#[test]
fn limits_on_inputs() {
    let many = |count: usize| -> Vec<Input> {
        let log = log("x");
        (0..count).map(|index| Input { name: format!("log-{index}"), bytes: log.bytes.clone() }).collect()
    };
    let socket = |count: usize| compose(&many(count), &socket("log-0"));
    assert!(socket(limits::INPUTS_MAX).is_ok());
    check("too-many-inputs", &socket(limits::INPUTS_MAX + 1).unwrap_err());
    let half = vec![0; limits::COMPOSITION_BYTES_MAX / 2];
    let mut inputs = vec![raw("a", &half), raw("b", &half)];
    assert!(matches!(fail(&inputs).first(), ComposeError::Decode { .. }), "at the limit");
    inputs[0] = raw("a", &[half.as_slice(), &[0]].concat());
    check("too-large", &fail(&inputs));
}

#[test]
fn the_socket() {
    check("unknown-socket", &with_plan(&[app(), log("log")], &socket("ap")));
    let pay = shop("pay", "export shop:orders/checkout@0.1.0;");
    check("ambiguous-socket", &fail(&[log("log"), pay]));
    let other = shop("other", "import shop:log/log@0.1.0; export go: func();");
    let older = input(
        "older",
        "package test:it; world it { import shop:log/log@0.2.0; export go: func(); }
         package shop:log@0.2.0 { interface log { write: func(line: string); } }",
        "it",
    );
    check("ambiguous-socket-near", &fail(&[older, log("log")]));
    check(
        "ambiguous-wired-socket",
        &fail(&[app(), other, log("log"), shop("pay", "export shop:orders/checkout@0.1.0;")]),
    );
}

#[test]
fn planned_wires() {
    let inputs = [app(), log("log"), shop("pay", "export shop:orders/checkout@0.1.0;")];
    let plan = |importer, import, exporter| Plan {
        wires: vec![wire(importer, import, exporter)],
        ..Plan::default()
    };
    check("unknown-importer", &with_plan(&inputs, &plan("apq", "shop:log/log", "log")));
    check("unknown-exporter", &with_plan(&inputs, &plan("app", "shop:log/log", "logger")));
    check("unknown-import", &with_plan(&inputs, &plan("app", "shop:log/lug@0.1.0", "log")));
    check("unknown-import-version", &with_plan(&inputs, &plan("app", "shop:log/log@0.2.0", "log")));
    check("unknown-export", &with_plan(&inputs, &plan("app", "shop:log/log", "pay")));
    let twice = Plan {
        wires: vec![wire("app", "shop:log/log", "log"), wire("app", "shop:log/log@0.1.0", "log")],
        ..Plan::default()
    };
    check("duplicate-wire", &with_plan(&inputs, &twice));
    let two_versions = input(
        "app",
        "package test:it; world it { import demo:kv/store@1.0.0; import demo:kv/store@2.0.0; export go: func(); }
         package demo:kv@1.0.0 { interface store { get: func(); } }
         package demo:kv@2.0.0 { interface store { get: func(); } }",
        "it",
    );
    check("ambiguous-import", &with_plan(&[two_versions, log("log")], &plan("app", "demo:kv/store", "log")));
}

#[test]
fn two_exporters() {
    check("ambiguous-exporter", &fail(&[app(), log("log-a"), log("log-b")]));
    let filters = |name| shop(name, "import shop:log/log@0.1.0; export shop:log/log@0.1.0;");
    check("ambiguous-filters", &fail(&[filters("quiet"), filters("loud"), log("log")]));
}

#[test]
fn circles() {
    let a = shop("a", "import shop:log/log@0.1.0; export shop:orders/checkout@0.1.0;");
    let b = shop("b", "import shop:orders/checkout@0.1.0; export shop:log/log@0.1.0;");
    check("cycle-of-two", &fail(&[a.clone(), b.clone()]));
    check("cycle-with-socket", &with_plan(&[a.clone(), b.clone()], &socket("a")));
    let entry = shop("entry", "import shop:orders/checkout@0.1.0; export wasi:cli/run@0.2.6;");
    check("cycle-below-the-socket", &fail(&[entry, a, b]));
    let itself = shop("quiet", "import shop:log/log@0.1.0; export shop:log/log@0.1.0;");
    let plan = Plan { wires: vec![wire("quiet", "shop:log/log", "quiet")], ..Plan::default() };
    check("cycle-of-one", &with_plan(&[itself], &plan));
}

fn store(name: &str, direction: &str, version: &str, body: &str) -> Input {
    let wit = format!(
        "package test:it; world it {{ {direction} demo:kv/store@{version}; }}
         package demo:kv@{version} {{ interface store {{ {body} }} }}"
    );
    input(name, &wit, "it")
}

const ASKED: &str = "
    record options { ttl: option<u32>, tags: list<string> }
    variant problem { denied, missing(string) }
    enum level { low, high }
    resource bucket { get: func(key: string) -> option<u32>; drop-all: func(); }
    open: func(name: string, options: options) -> result<bucket, problem>;
    close: func(bucket: bucket);
    count: async func() -> u64;
    set-level: func(level: level);";

const GIVEN: &str = "
    record options { ttl: u32, tags: list<string>, depth: u8 }
    variant problem { denied, missing }
    enum level { low, middle, high }
    resource bucket { get: func(key: string) -> option<u64>; }
    open: func(title: string, options: options) -> result<bucket, problem>;
    close: func(bucket: borrow<bucket>);
    count: func() -> u64;
    set-level: func(level: level);";

#[test]
fn types_that_differ() {
    let kv = |version| store("kv", "export", version, GIVEN);
    check("mismatch", &fail(&[store("app", "import", "0.1.0", ASKED), kv("0.1.0")]));
    check("mismatch-older", &fail(&[store("app", "import", "0.1.4", ASKED), kv("0.1.2")]));
    check("mismatch-newer", &fail(&[store("app", "import", "0.1.2", ASKED), kv("0.1.4")]));
    let world = |direction: &str, kind: &str| format!("package a:b; world it {{ {direction} x: {kind} }}");
    let function = input("lib", &world("export", "func(n: u32);"), "it");
    check(
        "mismatch-of-kind",
        &fail(&[input("app", &world("import", "interface { f: func(); }"), "it"), function.clone()]),
    );
    check("mismatch-of-function", &fail(&[input("app", &world("import", "func(n: u64);"), "it"), function]));
    let log = |kind: &str| {
        format!(
            "package test:it; world it {{ export shop:log/log@0.1.0; }} package shop:log@0.1.0 {{ interface log {{ write: func(line: {kind}); }} }}"
        )
    };
    let first = shop(
        "app",
        "import shop:log/log@0.1.0; import shop:orders/checkout@0.1.0; export wasi:cli/run@0.2.6;",
    );
    let second = shop("pay", "import shop:log/log@0.1.0; export shop:orders/checkout@0.1.0;");
    check("mismatch-of-two-wires", &fail(&[first, second, input("log", &log("list<u8>"), "it")]));
}

#[test]
fn open_imports_that_differ() {
    let world = |direction: &str, body: &str| {
        format!(
            "package test:it; world it {{ import demo:kv/store@0.1.0; {direction} next: func(); }}
             package demo:kv@0.1.0 {{ interface store {{ {body} }} }}"
        )
    };
    let app = input("app", &world("import", "get: func(key: string) -> u32; put: func();"), "it");
    let lib = input("lib", &world("export", "get: func(key: string) -> u64;"), "it");
    check("import-conflict", &fail(&[app, lib]));
}

#[test]
fn resources_from_two_places() {
    let app = shop(
        "app",
        "import shop:types/catalog@0.1.0; import shop:stock/stock@0.1.0; export wasi:cli/run@0.2.6;",
    );
    let types = shop("types", "export shop:types/catalog@0.1.0;");
    let own = shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;");
    let plan = Plan { wires: vec![wire("app", "shop:types/catalog", "types")], ..Plan::default() };
    check("resource-of-two-components", &with_plan(&[app.clone(), types.clone(), own], &plan));
    check("open-import-needs-inner", &fail(&[app.clone(), types]));
}

#[test]
fn planned_instances() {
    let inputs = [app(), log("log")];
    let plan = |names: &[(&str, &str)]| Plan {
        instances: names
            .iter()
            .map(|(name, component)| PlannedInstance {
                name: (*name).to_owned(),
                component: (*component).to_owned(),
                share: Share::One,
            })
            .collect(),
        ..Plan::default()
    };
    check("instance-of-nothing", &with_plan(&inputs, &plan(&[("log-1", "lug")])));
    check("instance-name", &with_plan(&inputs, &plan(&[("app/log", "log")])));
    check("duplicate-instance", &with_plan(&inputs, &plan(&[("log-1", "log"), ("log-1", "log")])));
    check("instance-named-as-another-input", &with_plan(&inputs, &plan(&[("app", "log")])));
    check("ambiguous-instances", &with_plan(&inputs, &plan(&[("log-1", "log"), ("log-2", "log")])));
    let many: Vec<PlannedInstance> = (0..limits::INSTANCES_MAX)
        .map(|number| PlannedInstance {
            name: format!("log-{number}"),
            component: "log".to_owned(),
            share: Share::One,
        })
        .collect();
    check("too-many-instances", &with_plan(&inputs, &Plan { instances: many, ..Plan::default() }));
}

fn two_labels(name: &str, direction: &str) -> Input {
    let wit = format!(
        "package test:it;
         world it {{ {direction} primary: demo:kv/store@0.1.0; {direction} backup: demo:kv/store@0.1.0; export go: func(); }}
         package demo:kv@0.1.0 {{ interface store {{ get: func(); }} }}"
    );
    input(name, &wit, "it")
}

#[test]
fn wires_by_label() {
    let labels = [two_labels("app", "import"), store("kv", "export", "0.1.0", "get: func();")];
    let wires = |wires: Vec<PlannedWire>| Plan { socket: Some("app".to_owned()), wires, ..Plan::default() };
    check("ambiguous-label", &with_plan(&labels, &wires(vec![wire("app", "demo:kv/store", "kv")])));
    let other = PlannedWire { export: Some("demo:kv/stor".to_owned()), ..wire("app", "primary", "kv") };
    check("wire-to-no-export", &with_plan(&labels, &wires(vec![other])));
    let both = [store("app", "import", "0.1.0", "get: func();"), two_labels("kv", "export")];
    check("wire-to-two-labels", &with_plan(&both, &wires(vec![wire("app", "demo:kv/store", "kv")])));
    check("ambiguous-labels-of-one", &with_plan(&both, &wires(Vec::new())));
    let log = PlannedWire { export: Some("go".to_owned()), ..wire("app", "demo:kv/store", "kv") };
    check("mismatch-of-a-chosen-export", &with_plan(&both, &wires(vec![log])));
}

#[test]
fn planned_exports() {
    let inputs = [app(), log("log"), log("log-2")];
    let one = |instance: Option<&str>, export: &str, name: Option<&str>| PlannedExport::One {
        instance: instance.map(str::to_owned),
        export: export.to_owned(),
        name: name.map(str::to_owned),
    };
    let plan = |exports: Vec<PlannedExport>| Plan {
        socket: Some("app".to_owned()),
        wires: vec![wire("app", "shop:log/log", "log")],
        exports: Some(exports),
        ..Plan::default()
    };
    check("no-such-export", &with_plan(&inputs, &plan(vec![one(None, "wasi:cli/rum", None)])));
    check("export-of-nothing", &with_plan(&inputs, &plan(vec![one(Some("lug"), "shop:log/log", None)])));
    let twice = vec![one(Some("log"), "shop:log/log", None), one(Some("log-2"), "shop:log/log", None)];
    check("duplicate-export", &with_plan(&inputs, &plan(twice)));
    check(
        "bad-export-name",
        &with_plan(&inputs, &plan(vec![one(Some("log"), "shop:log/log", Some("My Log"))])),
    );
    let rest = |name: &str| PlannedExport::Rest { instance: Some(name.to_owned()) };
    check("duplicate-rest", &with_plan(&inputs, &plan(vec![rest("log"), rest("log-2")])));
}

#[test]
fn imports_that_stay_open() {
    let inputs = [app(), log("log")];
    let plan = |importer: Option<&str>, import: &str| Plan {
        socket: Some("app".to_owned()),
        open: vec![PlannedOpen { importer: importer.map(str::to_owned), import: import.to_owned() }],
        ..Plan::default()
    };
    check("nothing-to-open", &with_plan(&inputs, &plan(None, "shop:log/lug")));
    check("nothing-to-open-there", &with_plan(&inputs, &plan(Some("log"), "shop:log/log")));
    check("open-of-nothing", &with_plan(&inputs, &plan(Some("ap"), "shop:log/log")));
    let both = Plan { wires: vec![wire("app", "shop:log/log", "log")], ..plan(Some("app"), "shop:log/log") };
    check("open-and-wired", &with_plan(&inputs, &both));
    let complete = Plan { allow_open: Some(vec!["wasi:*".to_owned()]), ..plan(None, "shop:log/log") };
    let more = shop(
        "app",
        "import shop:log/log@0.1.0; import shop:ledger/ledger@0.1.0; import wasi:cli/environment@0.2.6; export go: func();",
    );
    check("incomplete", &with_plan(&[more, log("log")], &complete));
}

#[test]
fn one_label_for_two_interfaces() {
    let world = |name: &str, package: &str, rest: &str| {
        let wit = format!(
            "package test:it; world it {{ import primary: {package}/store@0.1.0; {rest} next: func(); }}
             package {package}@0.1.0 {{ interface store {{ get: func(); }} }}"
        );
        input(name, &wit, "it")
    };
    let inputs = [world("app", "demo:kv", "import"), world("lib", "demo:other", "export")];
    check("label-conflict", &fail(&inputs));
}
