//! What is wired to what when everything fits.

use std::collections::BTreeSet;

use wkit_composer::{Input, Plan, compose};
use wkit_fixtures::component::from_wat;
use wkit_fixtures::golden::assert_golden;

use crate::samples::{chain, exports, input, instances, open, run, shop, unused, wire, wires};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

#[test]
fn a_chain_with_a_diamond() {
    let composition = run(&chain());
    assert_eq!(composition.socket.as_deref(), Some("app"));
    assert_eq!(instances(&composition), ["log", "stock", "cart", "app"]);
    assert_eq!(
        wires(&composition),
        [
            "app: shop:log/log@0.1.0 <- log",
            "app: shop:orders/cart@0.1.0 <- cart",
            "app: shop:types/catalog@0.1.0 <- stock",
            "cart: shop:log/log@0.1.0 <- log",
            "cart: shop:stock/stock@0.1.0 <- stock",
            "cart: shop:types/catalog@0.1.0 <- stock",
        ]
    );
    assert_eq!(open(&composition), ["wasi:cli/environment@0.2.6"]);
    let importers: Vec<&str> =
        composition.imports[0].importers.iter().map(|importer| importer.instance.as_str()).collect();
    assert_eq!(importers, ["app", "stock"]);
    assert_eq!(exports(&composition), ["wasi:cli/run@0.2.6"]);
    assert!(composition.unused.is_empty());
    assert!(composition.surface.is_command().is_some());
    assert_golden(format!("{GOLDENS}/chain.tree"), &composition.tree());
    let components = wkit_interface::parts(&composition.bytes.to_vec().unwrap()).unwrap()[0]
        .children
        .iter()
        .filter(|part| part.kind == wkit_interface::PartKind::Component)
        .count();
    assert_eq!(components, 4, "each input is inside once");
}

#[test]
fn the_order_of_inputs_does_not_matter() {
    let mut inputs = chain();
    let mut results = BTreeSet::new();
    for round in 0..50_usize {
        let length = inputs.len();
        inputs.swap(round % length, (round * 7 + 3) % length);
        results.insert(run(&inputs).bytes.to_vec().unwrap());
    }
    assert_eq!(results.len(), 1, "one result of 50 rounds");
}

#[test]
fn the_result_names_its_maker_and_its_instances() {
    let composition = run(&chain());
    let producers = wkit_interface::producers(&composition.bytes.to_vec().unwrap()).unwrap();
    let made_by = producers.fields.iter().find(|field| field.name == "processed-by").unwrap();
    assert_eq!(made_by.values[0].name, "wkit");
    assert_eq!(made_by.values[0].version, env!("CARGO_PKG_VERSION"));
    let text = wasm_names(&composition.bytes.to_vec().unwrap());
    assert_eq!(text, ["log", "stock", "cart", "app"]);
}

/// The instance names in the outermost `component-name` section.
fn wasm_names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        let section = match payload.unwrap() {
            wasmparser::Payload::Version { .. } => {
                depth += 1;
                continue;
            }
            wasmparser::Payload::End(_) => {
                depth -= 1;
                continue;
            }
            wasmparser::Payload::CustomSection(section) if depth == 1 => section,
            _ => continue,
        };
        if let wasmparser::KnownCustom::ComponentName(reader) = section.as_known() {
            for name in reader {
                if let wasmparser::ComponentName::Instances(map) = name.unwrap() {
                    names.extend(map.into_iter().map(|naming| naming.unwrap().name.to_owned()));
                }
            }
        }
    }
    names
}

#[test]
fn a_composition_can_be_composed_again() {
    let inner = run(&[
        shop("cart", "import shop:stock/stock@0.1.0; export shop:orders/cart@0.1.0;"),
        shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
    ]);
    assert_eq!(open(&inner), Vec::<String>::new());
    let outer = run(&[
        Input { name: "inner".to_owned(), bytes: inner.bytes.to_vec().unwrap().into() },
        shop("app", "import shop:orders/cart@0.1.0; export wasi:cli/run@0.2.6;"),
    ]);
    assert_eq!(open(&outer), ["shop:types/catalog@0.1.0"]);
}

#[test]
fn one_component_alone_stays_what_it_is() {
    let composition = run(&[shop("app", "import wasi:cli/environment@0.2.6; export wasi:cli/run@0.2.6;")]);
    assert!(composition.wires.is_empty());
    assert_eq!(open(&composition), ["wasi:cli/environment@0.2.6"]);
    assert_eq!(exports(&composition), ["wasi:cli/run@0.2.6"]);
}

#[test]
fn unused_components_stay_outside() {
    let mut inputs = chain();
    let without = run(&inputs).bytes.to_vec().unwrap();
    inputs.push(shop("pay", "export shop:orders/checkout@0.1.0;"));
    let composition = run(&inputs);
    assert_eq!(unused(&composition), ["pay"]);
    assert_eq!(composition.bytes.to_vec().unwrap(), without);
}

fn versioned(name: &str, version: &str, world: &str, functions: &str) -> Input {
    let wit = format!(
        "package test:worlds;
         world it {{ {} }}
         package demo:kv@{version} {{ interface store {{ {functions} }} }}",
        world.replace("store", &format!("demo:kv/store@{version}"))
    );
    input(name, &wit, "it")
}

#[test]
fn patch_releases_stand_in_for_each_other_in_both_directions() {
    for (asked, given, older) in [
        ("0.2.0", "0.2.6", false),
        ("0.2.6", "0.2.0", true),
        ("1.0.0", "1.4.2", false),
        ("1.4.2", "1.0.0", true),
    ] {
        let composition = run(&[
            versioned("app", asked, "import store; export go: func();", "get: func(key: string) -> string;"),
            versioned("kv", given, "export store;", "get: func(key: string) -> string;"),
        ]);
        assert_eq!(composition.wires.len(), 1, "{asked} {given}");
        let skew = composition.wires[0].skew.as_ref().unwrap();
        assert_eq!((skew.asked.to_string().as_str(), skew.given.to_string().as_str()), (asked, given));
        assert_eq!(skew.is_older(), older);
        assert!(composition.tree().contains(&format!("({given})")), "{}", composition.tree());
    }
}

#[test]
fn other_lines_do_not_stand_in() {
    for (asked, given) in
        [("0.2.0", "0.3.0"), ("1.0.0", "2.0.0"), ("0.0.1", "0.0.2"), ("0.2.0-rc.1", "0.2.0")]
    {
        let composition = compose(
            &[
                versioned("app", asked, "import store; export go: func();", "get: func();"),
                versioned("kv", given, "export store;", "get: func();"),
            ],
            &Plan { socket: Some("app".to_owned()), ..Plan::default() },
        )
        .unwrap();
        assert_eq!(open(&composition), [format!("demo:kv/store@{asked}")]);
        assert_eq!(unused(&composition), ["kv"]);
        assert_eq!(
            composition.near_misses[0].to_string(),
            format!(
                "`app` imports `demo:kv/store@{asked}`, but `kv` exports `demo:kv/store@{given}` ({given} does not stand in for {asked})"
            )
        );
    }
}

#[test]
fn a_resource_is_shared_by_all_who_get_it_from_one_place() {
    let composition = run(&[
        shop(
            "app",
            "import shop:types/catalog@0.1.0; import shop:stock/stock@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop("types", "export shop:types/catalog@0.1.0;"),
        shop("stock", "import shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
    ]);
    assert_eq!(instances(&composition), ["types", "stock", "app"]);
    assert!(open(&composition).is_empty());
    // And from outside, when nobody inside has it.
    let composition = run(&[
        shop(
            "app",
            "import shop:types/catalog@0.1.0; import shop:stock/stock@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop("stock", "import shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
    ]);
    assert_eq!(open(&composition), ["shop:types/catalog@0.1.0"]);
}

#[test]
fn open_imports_of_one_line_become_one_import_of_the_highest_version() {
    let composition = run(&[
        versioned(
            "app",
            "0.2.0",
            "import store; import next: func(); export go: func();",
            "get: func(key: string) -> string;",
        ),
        versioned(
            "kv",
            "0.2.6",
            "import store; export next: func();",
            "get: func(key: string) -> string; set: func(key: string);",
        ),
    ]);
    assert_eq!(open(&composition), ["demo:kv/store@0.2.6"]);
    let importers: Vec<(&str, &str)> = composition.imports[0]
        .importers
        .iter()
        .map(|importer| (importer.instance.as_str(), importer.import.as_str()))
        .collect();
    assert_eq!(importers, [("app", "demo:kv/store@0.2.0"), ("kv", "demo:kv/store@0.2.6")]);
    let functions: Vec<&str> =
        composition.surface.imports[0].functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(functions, ["get", "set"]);
}

#[test]
fn plain_functions_and_instances_are_wired_by_name() {
    let composition = run(&[
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
    ]);
    assert_eq!(wires(&composition), ["app: names <- words", "app: twice <- math"]);
    assert!(open(&composition).is_empty());
    assert_eq!(exports(&composition), ["go"]);
}

#[test]
fn async_functions_streams_and_futures() {
    let wit = |world: &str| {
        format!(
            "package test:worlds;
             world it {{ {world} }}
             package demo:pipe@0.3.0 {{
               interface pipe {{
                 resource source {{ read: async func(count: u32) -> stream<u8>; }}
                 copy: async func(bytes: stream<u8>) -> future<result<u64, string>>;
                 watch: func() -> future;
               }}
             }}"
        )
    };
    let composition = run(&[
        input("app", &wit("import demo:pipe/pipe@0.3.0; export go: async func() -> u32;"), "it"),
        input("pipe", &wit("export demo:pipe/pipe@0.3.0;"), "it"),
    ]);
    assert_eq!(wires(&composition), ["app: demo:pipe/pipe@0.3.0 <- pipe"]);
    assert!(composition.surface.exports[0].functions[0].is_async);
}

#[test]
fn a_chosen_wire_decides_between_two() {
    let inputs = [
        shop("app", "import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;"),
        shop("log-a", "export shop:log/log@0.1.0;"),
        shop("log-b", "export shop:log/log@0.1.0;"),
    ];
    for import in ["shop:log/log@0.1.0", "shop:log/log"] {
        let plan = Plan { wires: vec![wire("app", import, "log-b")], ..Plan::default() };
        let composition = compose(&inputs, &plan).unwrap();
        assert_eq!(wires(&composition), ["app: shop:log/log@0.1.0 <- log-b"]);
        assert_eq!(unused(&composition), ["log-a"]);
    }
}

#[test]
fn a_filter_imports_and_exports_the_same_interface() {
    let inputs = [
        shop("quiet", "import shop:log/log@0.1.0; export shop:log/log@0.1.0;"),
        shop("log", "export shop:log/log@0.1.0;"),
    ];
    let composition = run(&inputs);
    assert_eq!(composition.socket.as_deref(), Some("quiet"));
    assert_eq!(wires(&composition), ["quiet: shop:log/log@0.1.0 <- log"]);
    assert_eq!(exports(&composition), ["shop:log/log@0.1.0"]);
    // Two filters in a row need to be told their order.
    let three = [
        inputs[0].clone(),
        inputs[1].clone(),
        shop("loud", "import shop:log/log@0.1.0; export shop:log/log@0.1.0;"),
    ];
    let plan = Plan {
        socket: Some("quiet".to_owned()),
        wires: vec![wire("quiet", "shop:log/log", "loud"), wire("loud", "shop:log/log", "log")],
        ..Plan::default()
    };
    let composition = compose(&three, &plan).unwrap();
    assert_eq!(instances(&composition), ["log", "loud", "quiet"]);
}

#[test]
fn two_names_for_one_component_are_two_instances_of_one_copy() {
    let log = shop("log-1", "export shop:log/log@0.1.0;");
    let inputs = [
        shop("app", "import shop:log/log@0.1.0; import shop:orders/cart@0.1.0; export wasi:cli/run@0.2.6;"),
        shop(
            "cart",
            "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:orders/cart@0.1.0;",
        ),
        Input { name: "log-2".to_owned(), ..log.clone() },
        log,
    ];
    let wires = vec![wire("app", "shop:log/log", "log-1"), wire("cart", "shop:log/log", "log-2")];
    let composition = compose(&inputs, &Plan { wires, ..Plan::default() }).unwrap();
    assert_eq!(composition.instances.len(), 4);
    let copies = wkit_interface::parts(&composition.bytes.to_vec().unwrap()).unwrap()[0]
        .children
        .iter()
        .filter(|part| part.kind == wkit_interface::PartKind::Component)
        .count();
    assert_eq!(copies, 3);
}

#[test]
fn the_socket_may_export_types_that_others_bring() {
    let composition = run(&[
        shop("front", "import shop:stock/stock@0.1.0; export shop:orders/cart@0.1.0;"),
        shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
    ]);
    assert_eq!(exports(&composition), ["shop:orders/cart@0.1.0"]);
}

#[test]
fn core_modules_and_components_are_passed_by_name() {
    let app = from_wat(
        r#"(component
            (import "m" (core module $m (export "f" (func (result i32)))))
            (core instance $i (instantiate $m))
            (func (export "go") (result u32) (canon lift (core func $i "f"))))"#,
    );
    let library = from_wat(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const 7))
            (export "m" (core module $m)))"#,
    );
    let composition = run(&[
        Input { name: "app".to_owned(), bytes: app.into() },
        Input { name: "library".to_owned(), bytes: library.into() },
    ]);
    assert_eq!(wires(&composition), ["app: m <- library"]);
    assert!(open(&composition).is_empty());
}
