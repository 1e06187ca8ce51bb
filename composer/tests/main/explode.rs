//! Compositions taken apart and composed again.

use wkit_composer::{
    Composition, ExplodeError, Exploded, Input, Plan, PlannedExport, PlannedInstance, PlannedWire, Script,
    Share, compose, explode,
};
use wkit_fixtures::component::{from_wat, from_wit, wit_package};
use wkit_fixtures::golden::assert_golden;

use crate::samples::{chain, input, run, shop, wire};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

fn apart(bytes: &[u8]) -> Exploded {
    explode("it", bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// Composes the parts as the script says.
fn again(exploded: &Exploded) -> Composition {
    let input =
        |part: &wkit_composer::ExplodedPart| Input { name: part.package(), bytes: part.bytes.clone().into() };
    let inputs: Vec<Input> = exploded.parts.iter().map(input).collect();
    let script = Script::parse(&exploded.script);
    let composed = script.and_then(|script| script.compose(&inputs));
    composed.unwrap_or_else(|error| panic!("{error}\n{}", exploded.script))
}

fn planned(inputs: &[Input], plan: &Plan) -> Vec<u8> {
    compose(inputs, plan).unwrap_or_else(|error| panic!("{error}")).bytes.to_vec().unwrap()
}

fn instance(name: &str, component: &str, share: Share) -> PlannedInstance {
    PlannedInstance { name: name.to_owned(), component: component.to_owned(), share }
}

fn export(instance: &str, export: &str, name: Option<&str>) -> PlannedExport {
    PlannedExport::One {
        instance: Some(instance.to_owned()),
        export: export.to_owned(),
        name: name.map(str::to_owned),
    }
}

fn diamond() -> Vec<Input> {
    vec![
        shop(
            "app",
            "import shop:orders/cart@0.1.0; import shop:orders/checkout@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop("book", "import shop:log/log@0.1.0; export shop:orders/cart@0.1.0;"),
        shop("pay", "import shop:log/log@0.1.0; export shop:orders/checkout@0.1.0;"),
        shop("log", "import wasi:cli/environment@0.2.6; export shop:log/log@0.1.0;"),
    ]
}

const KV: &str = "package demo:kv@0.1.4 {
  interface types { resource entry { get: func() -> string; } }
  interface store { use types.{entry}; open: func(key: string) -> entry; }
}";

fn kv(name: &str, world: &str) -> Input {
    input(name, &format!("package test:it; world it {{ {world} }} {KV}"), "it")
}

/// Everything that wkit composes in these tests, by what is special about it.
fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let chain_and_more = || {
        let mut inputs = chain();
        inputs.push(shop("pay", "export shop:orders/checkout@0.1.0;"));
        inputs
    };
    let log_copy = Input { name: "other-log".to_owned(), ..chain().pop().unwrap() };
    let mut two_logs = chain();
    two_logs.push(log_copy);
    let two_logs_plan = Plan {
        wires: vec![wire("app", "shop:log/log", "log"), wire("cart", "shop:log/log", "other-log")],
        ..Plan::default()
    };
    let orders = run(&[
        shop(
            "cart",
            "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export shop:orders/cart@0.1.0;",
        ),
        shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
    ]);
    let nested = vec![
        Input { name: "orders".to_owned(), bytes: orders.bytes.to_vec().unwrap().into() },
        shop("app", "import shop:orders/cart@0.1.0; export wasi:cli/run@0.2.6;"),
        shop("log", "export shop:log/log@0.1.0;"),
    ];
    let twice = vec![
        Input { name: "inner".to_owned(), bytes: planned(&nested, &Plan::default()).into() },
        shop("clock", "export shop:orders/checkout@0.1.0;"),
    ];
    let stores = vec![
        kv(
            "app",
            "import primary: demo:kv/store@0.1.4; import backup: demo:kv/store@0.1.4; export go: func();",
        ),
        kv("memory", "export demo:kv/types@0.1.4; export demo:kv/store@0.1.4;"),
        kv("disk", "import demo:kv/types@0.1.4; export demo:kv/store@0.1.4;"),
    ];
    let stores_plan = Plan {
        wires: vec![wire("app", "primary", "memory"), wire("app", "backup", "disk")],
        ..Plan::default()
    };
    let plain = vec![
        input(
            "app",
            "package a:b; world it { import twice: func(n: u32) -> u32; import names: interface { all: func() -> list<string>; } export go: func(); }",
            "it",
        ),
        input("math", "package a:b; world it { export twice: func(n: u32) -> u32; }", "it"),
        input(
            "words",
            "package a:b; world it { export names: interface { all: func() -> list<string>; } }",
            "it",
        ),
    ];
    let pipe = |world: &str| {
        format!(
            "package t:w; world it {{ {world} }} package demo:pipe@0.3.0 {{ interface pipe {{
             resource source {{ read: async func(count: u32) -> stream<u8>; }}
             copy: async func(bytes: stream<u8>) -> future<result<u64, string>>; }} }}"
        )
    };
    let skewed = |name: &str, version: &str, world: &str| {
        let wit = format!(
            "package t:w; world it {{ {} }} package demo:kv@{version} {{ interface store {{ get: func(); }} }}",
            world.replace("store", &format!("demo:kv/store@{version}"))
        );
        input(name, &wit, "it")
    };
    let tick = vec![
        input("app", "package a:b; world it { import tick: func() -> u32; export go: func(); }", "it"),
        input("clock", "package a:b; world it { export tock: func() -> u32; }", "it"),
    ];
    let tick_plan = Plan {
        wires: vec![PlannedWire { export: Some("tock".to_owned()), ..wire("app", "tick", "clock") }],
        ..Plan::default()
    };
    let two_of_one = Plan {
        instances: vec![instance("book-log", "log", Share::One), instance("pay-log", "log", Share::One)],
        wires: vec![wire("book", "shop:log/log", "book-log"), wire("pay", "shop:log/log", "pay-log")],
        ..Plan::default()
    };
    let exports = |exports: Vec<PlannedExport>| Plan { exports: Some(exports), ..Plan::default() };
    let rest = PlannedExport::Rest { instance: None };
    let keywords = vec![
        shop("interface", "import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;"),
        shop("new", "export shop:log/log@0.1.0;"),
    ];
    vec![
        ("a chain", planned(&chain(), &Plan::default())),
        ("a diamond", planned(&diamond(), &Plan::default())),
        (
            "unused inputs",
            planned(&chain_and_more(), &Plan { socket: Some("app".to_owned()), ..Plan::default() }),
        ),
        ("two inputs of the same bytes", planned(&two_logs, &two_logs_plan)),
        ("two instances of one component", planned(&diamond(), &two_of_one)),
        ("a composition inside", planned(&nested, &Plan::default())),
        (
            "a composition inside a composition inside",
            planned(&twice, &Plan { socket: Some("inner".to_owned()), ..Plan::default() }),
        ),
        ("labels", planned(&stores, &stores_plan)),
        ("labels that stay open", planned(&stores[..1], &Plan::default())),
        ("plain names", planned(&plain, &Plan::default())),
        (
            "async",
            planned(
                &[
                    input("app", &pipe("import demo:pipe/pipe@0.3.0; export go: async func() -> u32;"), "it"),
                    input("pipe", &pipe("export demo:pipe/pipe@0.3.0;"), "it"),
                ],
                &Plan::default(),
            ),
        ),
        (
            "versions that differ",
            planned(
                &[
                    skewed("app", "0.2.0", "import store; export go: func();"),
                    skewed("kv", "0.2.6", "export store;"),
                ],
                &Plan::default(),
            ),
        ),
        (
            "versions of one open import",
            planned(
                &[
                    skewed("app", "0.2.0", "import store; import next: func(); export go: func();"),
                    skewed("kv", "0.2.6", "import store; export next: func();"),
                ],
                &Plan::default(),
            ),
        ),
        ("exports of other names", planned(&tick, &tick_plan)),
        ("one component alone", planned(&chain()[3..], &Plan::default())),
        (
            "exports renamed",
            planned(
                &diamond(),
                &exports(vec![rest.clone(), export("log", "shop:log/log", Some("shop:main/log@1.0.0"))]),
            ),
        ),
        (
            "exports chosen",
            planned(
                &diamond(),
                &exports(vec![export("book", "shop:orders/cart", None), export("log", "shop:log/log", None)]),
            ),
        ),
        (
            "an import left open",
            planned(
                &diamond(),
                &Plan {
                    open: vec![wkit_composer::PlannedOpen {
                        importer: Some("pay".to_owned()),
                        import: "shop:log/log".to_owned(),
                    }],
                    ..Plan::default()
                },
            ),
        ),
        ("names that are keywords", planned(&keywords, &Plan::default())),
    ]
}

#[test]
fn what_wkit_composed_composes_again_to_the_same_bytes() {
    let shapes = shapes();
    assert!(shapes.len() >= 15, "{}", shapes.len());
    for (shape, bytes) in shapes {
        let exploded = apart(&bytes);
        assert!(exploded.renamed.is_empty() && exploded.named == 0, "{shape}: {:?}", exploded.renamed);
        assert!(again(&exploded).bytes.to_vec().unwrap() == bytes, "{shape}\n{}", exploded.script);
    }
}

#[test]
fn the_script_of_the_chain() {
    let exploded = apart(&run(&chain()).bytes.to_vec().unwrap());
    assert_golden(format!("{GOLDENS}/exploded.wac"), &exploded.script);
    let names: Vec<&str> = exploded.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["log", "stock", "cart", "app"]);
    assert!(exploded.parts[0].bytes == chain()[3].bytes.read().unwrap());
}

/// An instance for each importer has a name with `/`, which the language has not.
#[test]
fn names_that_the_language_cannot_say() {
    let plan = Plan { instances: vec![instance("log", "log", Share::Each)], ..Plan::default() };
    let exploded = apart(&planned(&diamond(), &plan));
    let renamed: Vec<(&str, &str)> =
        exploded.renamed.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect();
    assert_eq!(renamed, [("book/log", "book-log"), ("pay/log", "pay-log")]);
    // From then on nothing changes.
    let composed = again(&exploded).bytes.to_vec().unwrap();
    let exploded = apart(&composed);
    assert!(exploded.renamed.is_empty());
    assert!(again(&exploded).bytes.to_vec().unwrap() == composed);
}

/// What other tools write has no names, or other orders: composing it again gives names once, and then nothing new.
#[test]
fn compositions_of_other_tools_are_stable_after_once() {
    let socket =
        from_wit("package a:b; world it { import f: func(); import g: func(); export h: func(); }", "it");
    let plug =
        from_wit("package a:b; world it { import wide: func(); export f: func(); export g: func(); }", "it");
    for (shape, bytes) in [
        ("wac plug", plugged(&socket, &[&plug])),
        ("by hand", by_hand(false)),
        ("by hand, with a component twice", by_hand(true)),
    ] {
        let first = apart(&bytes);
        assert_eq!(first.named > 0, shape == "wac plug", "{shape}");
        let composed = again(&first).bytes.to_vec().unwrap();
        let second = apart(&composed);
        assert_eq!(second.script, first.script, "{shape}");
        assert!(again(&second).bytes.to_vec().unwrap() == composed, "{shape}");
        let surface = |bytes: &[u8]| {
            let surface = wkit_interface::decode(bytes).unwrap();
            let names = |items: &[wkit_interface::Item]| -> Vec<String> {
                let mut names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
                names.sort();
                names
            };
            (names(&surface.imports), names(&surface.exports))
        };
        assert_eq!(surface(&composed), surface(&bytes), "{shape}");
    }
}

/// What `wac plug` does.
fn plugged(socket: &[u8], plugs: &[&[u8]]) -> Vec<u8> {
    use wac_graph::{CompositionGraph, EncodeOptions, types::Package};
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes.to_vec(), graph.types_mut()).unwrap();
        graph.register_package(package).unwrap()
    };
    let socket = register("socket", socket);
    let plugs: Vec<_> =
        plugs.iter().enumerate().map(|(index, plug)| register(&format!("plug{index}"), plug)).collect();
    wac_graph::plug(&mut graph, plugs, socket).unwrap();
    graph.encode(EncodeOptions::default()).unwrap()
}

/// Imports are declared between definitions, functions are taken from instances of instances, and all instances are made
/// before any export is taken.
fn by_hand(twice: bool) -> Vec<u8> {
    let leaf = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $e (export "f" (func $f)))
        (export "a:b/c@1.2.0" (instance $e)))"#;
    let copy = if twice { leaf } else { "" };
    let other = u32::from(twice);
    from_wat(&format!(
        r#"(component
            {leaf} {copy}
            (import "log" (func $log))
            (component $USER
                (import "f" (func $f)) (import "log" (func)) (import "a:b/c@1.2.0" (instance (export "f" (func))))
                (core module)
                (export "g" (func $f)))
            (instance $one (instantiate 0))
            (instance $two (instantiate {other}))
            (alias export $two "a:b/c@1.2.0" (instance $c))
            (alias export $one "a:b/c@1.2.0" (instance $d))
            (alias export $d "f" (func $f))
            (instance $user (instantiate $USER
                (with "f" (func $f)) (with "a:b/c@1.2.0" (instance $c)) (with "log" (func $log))))
            (export "a:b/c@1.2.0" (instance $c))
            (export "whole" (instance $user)))"#
    ))
}

#[test]
fn what_cannot_be_taken_apart() {
    let fails = |text: &str| explode("it", &from_wat(text)).unwrap_err();
    let leaf = r#"(component $L (import "f" (func $f)) (core module) (export "f" (func $f)))"#;
    assert_eq!(fails("(component (core module))"), ExplodeError::NotComposed);
    assert_eq!(
        explode("it", &wit_package("package a:b; interface c { f: func(); }")),
        Err(ExplodeError::WitPackage)
    );
    for (text, expected) in [
        (
            format!(
                r#"(component {leaf} (import "g" (func $g)) (instance (instantiate $L (with "f" (func $g)))))"#
            ),
            "`f` of `L` is left to the import `g`, and the type of that import cannot be said again from the bytes",
        ),
        (
            format!(
                r#"(component {leaf} (import "f" (func $f)) (instance $i (instantiate $L (with "f" (func $f))))
                 (instance $b (export "f" (func $i "f"))) (export "bundle" (instance $b)))"#
            ),
            "the export `bundle` is put together from functions of several instances, which a script of the wac language cannot say",
        ),
        (
            format!(
                r#"(component {leaf} (import "f" (func $f)) (instance (instantiate $L (with "f" (func $f))))
                 (export "g" (func $f)))"#
            ),
            "the export `g` is the import `f`, whose type cannot be said again from the bytes",
        ),
        (
            format!(
                r#"(component {leaf} (core module $m (func (export "f"))) (core instance $m (instantiate $m))
                 (func $f (canon lift (core func $m "f"))) (instance (instantiate $L (with "f" (func $f)))))"#
            ),
            "the composition has core code of its own, which a script of the wac language cannot say",
        ),
        (
            r#"(component (import "unlocked-dep=<a:b>" (component $c (export "f" (func))))
                (instance (instantiate $c)))"#
                .to_owned(),
            "a component of the composition is not in it: it is imported as `unlocked-dep=<a:b>`",
        ),
    ] {
        let error = fails(&text);
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().is_some());
    }
}

#[test]
fn damaged_compositions() {
    let bytes = run(&diamond()).bytes.to_vec().unwrap();
    let (mut exploded, mut refused) = (0, 0);
    for position in 8..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        match explode("it", &damaged) {
            Ok(_) => exploded += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        // Cut off between sections it may still be a composition.
        refused += usize::from(explode("it", &bytes[..position]).is_err());
    }
    assert!(exploded > 0 && refused > 0, "{exploded} {refused}");
}
