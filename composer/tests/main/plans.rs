//! What a plan may ask for: instances, wires by label, exports, and imports that stay open.

use std::collections::BTreeSet;

use wkit_composer::{
    ComposeError, Composition, Input, Plan, PlannedExport, PlannedInstance, PlannedOpen, PlannedWire, Share,
    UnusedReason, compose, limits,
};
use wkit_fixtures::golden::assert_golden;

use crate::samples::{exports, input, instances, open, run, shop, unused, wire, wires};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

fn planned(inputs: &[Input], plan: &Plan) -> Composition {
    compose(inputs, plan).unwrap_or_else(|error| panic!("{error}\nhint: {:?}", error.hint()))
}

fn instance(name: &str, component: &str) -> PlannedInstance {
    PlannedInstance { name: name.to_owned(), component: component.to_owned(), share: Share::One }
}

fn each(name: &str) -> PlannedInstance {
    PlannedInstance { share: Share::Each, ..instance(name, name) }
}

fn one(instance: &str, export: &str, name: Option<&str>) -> PlannedExport {
    PlannedExport::One {
        instance: Some(instance.to_owned()),
        export: export.to_owned(),
        name: name.map(str::to_owned),
    }
}

fn copies(composition: &Composition) -> usize {
    let parts = wkit_interface::parts(&composition.bytes.to_vec().unwrap()).unwrap();
    parts[0].children.iter().filter(|part| part.kind == wkit_interface::PartKind::Component).count()
}

/// Two services behind one front, both with a log.
fn diamond() -> Vec<Input> {
    vec![
        shop(
            "app",
            "import shop:ledger/ledger@0.1.0; import shop:orders/checkout@0.1.0; export wasi:cli/run@0.2.6;",
        ),
        shop("book", "import shop:log/log@0.1.0; export shop:ledger/ledger@0.1.0;"),
        shop("pay", "import shop:log/log@0.1.0; export shop:orders/checkout@0.1.0;"),
        shop("log", "import wasi:cli/environment@0.2.6; export shop:log/log@0.1.0;"),
    ]
}

#[test]
fn a_dependency_is_one_instance_or_one_for_each_importer() {
    let shared = run(&diamond());
    assert_eq!(instances(&shared), ["log", "book", "pay", "app"]);

    let plan = Plan { instances: vec![each("log")], ..Plan::default() };
    let separate = planned(&diamond(), &plan);
    assert_eq!(instances(&separate), ["book/log", "book", "pay/log", "pay", "app"]);
    let components: Vec<&str> =
        separate.instances.iter().map(|instance| instance.component.as_str()).collect();
    assert_eq!(components, ["log", "book", "log", "pay", "app"]);
    assert_eq!(copies(&separate), 4, "the component is inside once");
    assert_eq!(
        wires(&separate),
        [
            "app: shop:ledger/ledger@0.1.0 <- book",
            "app: shop:orders/checkout@0.1.0 <- pay",
            "book: shop:log/log@0.1.0 <- book/log",
            "pay: shop:log/log@0.1.0 <- pay/log",
        ]
    );
    assert_golden(format!("{GOLDENS}/each.tree"), &separate.tree());
}

#[test]
fn what_is_needed_by_instances_of_each_importer_follows() {
    // In the chain app → cart → stock → log the last two are made anew for each importer, `log` also for `app`.
    let inputs = [
        shop("app", "import shop:orders/cart@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;"),
        shop("cart", "import shop:stock/stock@0.1.0; export shop:orders/cart@0.1.0;"),
        shop(
            "stock",
            "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;",
        ),
        shop("log", "export shop:log/log@0.1.0;"),
    ];
    let plan = Plan { instances: vec![each("stock"), each("log")], ..Plan::default() };
    // The types that `app` and `cart` speak of are plain ones, so that each may have its own.
    let composition = planned(&inputs, &plan);
    assert_eq!(
        instances(&composition),
        ["app/log", "app/stock/log", "app/stock", "cart/stock/log", "cart/stock", "cart", "app"]
    );
}

/// Layers of two components, each of which imports both of the next layer.
fn layers(count: usize) -> Vec<Input> {
    let interfaces: Vec<String> = (0..count)
        .map(|layer| format!("interface a{layer} {{ f: func(); }} interface b{layer} {{ f: func(); }}"))
        .collect();
    let interfaces = interfaces.join("\n");
    let link = |name: &str, layer: usize| {
        let next = layer + 1;
        let imports = if next < count { format!("import a{next}; import b{next};") } else { String::new() };
        let wit = format!("package demo:it; {interfaces} world it {{ {imports} export {name}{layer}; }}");
        input(&format!("{name}{layer}"), &wit, "it")
    };
    let mut inputs: Vec<Input> = (1..count).flat_map(|layer| [link("a", layer), link("b", layer)]).collect();
    inputs.push(link("a", 0));
    inputs
}

#[test]
fn instances_of_each_importer_are_limited() {
    let plan = |count: usize| Plan {
        instances: (1..count)
            .flat_map(|layer| [each(&format!("a{layer}")), each(&format!("b{layer}"))])
            .collect(),
        ..Plan::default()
    };
    let composition = planned(&layers(10), &plan(10));
    assert_eq!(instances(&composition).len(), 1023, "one of {}", limits::INSTANCES_MAX);
    let error = compose(&layers(11), &plan(11)).unwrap_err();
    assert_eq!(*error.first(), ComposeError::TooManyInstances { count: limits::INSTANCES_MAX + 1 });
}

#[test]
fn several_instances_of_one_component() {
    let plan = Plan {
        instances: vec![instance("book-log", "log"), instance("pay-log", "log")],
        wires: vec![wire("book", "shop:log/log", "book-log"), wire("pay", "shop:log/log", "pay-log")],
        ..Plan::default()
    };
    let composition = planned(&diamond(), &plan);
    assert_eq!(instances(&composition), ["book-log", "book", "pay-log", "pay", "app"]);
    assert_eq!(copies(&composition), 4);
    // An input has an instance of its own name besides when that is said too.
    let plan = Plan {
        instances: vec![instance("book-log", "log"), instance("log", "log")],
        wires: vec![wire("book", "shop:log/log", "book-log"), wire("pay", "shop:log/log", "log")],
        ..Plan::default()
    };
    assert_eq!(instances(&planned(&diamond(), &plan)), ["book-log", "book", "log", "pay", "app"]);
}

const KV: &str = "package demo:kv@0.1.4 {
    interface types { resource bucket { get: func(key: string) -> option<string>; } }
    interface store { use types.{bucket}; open: func(name: string) -> bucket; }
}
package demo:other@2.0.0 {
    interface store { use demo:kv/types@0.1.4.{bucket}; open: func(name: string) -> bucket; }
}
package demo:old@0.1.0 { interface counter { next: func() -> u32; } }
";

fn kv(name: &str, world: &str) -> Input {
    input(name, &format!("package test:it; world it {{ {world} }} {KV}"), "it")
}

#[test]
fn two_stores_by_label() {
    let inputs = [
        kv(
            "app",
            "import primary: demo:kv/store@0.1.4; import backup: demo:kv/store@0.1.4; export go: func();",
        ),
        kv("memory", "export demo:kv/types@0.1.4; export demo:kv/store@0.1.4;"),
        kv("disk", "import demo:kv/types@0.1.4; export demo:kv/store@0.1.4;"),
    ];
    let error = compose(&inputs, &Plan::default()).unwrap_err();
    assert!(error.to_string().contains("several components export"), "{error}");
    let plan = Plan {
        wires: vec![wire("app", "primary", "memory"), wire("app", "backup", "disk")],
        ..Plan::default()
    };
    let composition = planned(&inputs, &plan);
    assert_eq!(
        wires(&composition),
        [
            "app: backup <- disk",
            "app: demo:kv/types@0.1.4 <- memory",
            "app: primary <- memory",
            "disk: demo:kv/types@0.1.4 <- memory"
        ]
    );
    assert_eq!(composition.wires[0].implements.as_deref(), Some("demo:kv/store@0.1.4"));
    assert_golden(format!("{GOLDENS}/labels.tree"), &composition.tree());

    // With one store, both labels are filled by it.
    let composition = run(&inputs[..2]);
    assert_eq!(wires(&composition)[1..], ["app: demo:kv/types@0.1.4 <- memory", "app: primary <- memory"]);
    // The interface alone does not say which label is meant.
    let plan = Plan { wires: vec![wire("app", "demo:kv/store", "memory")], ..Plan::default() };
    let error = compose(&inputs, &plan).unwrap_err();
    assert_eq!(error.to_string(), "`app` has several imports `demo:kv/store`: `primary`, `backup`");
}

#[test]
fn labels_stay_labels_where_they_stay_open_or_are_exported() {
    let both = kv(
        "both",
        "export demo:kv/types@0.1.4; export primary: demo:kv/store@0.1.4; export backup: demo:kv/store@0.1.4;",
    );
    let app = kv("app", "import demo:kv/store@0.1.4; import cold: demo:kv/store@0.1.4; export go: func();");
    let plan = Plan {
        wires: vec![PlannedWire {
            export: Some("backup".to_owned()),
            ..wire("app", "demo:kv/store", "both")
        }],
        open: vec![PlannedOpen { importer: None, import: "cold".to_owned() }],
        exports: Some(vec![
            one("app", "go", None),
            one("both", "primary", None),
            one("both", "backup", Some("second")),
            one("both", "demo:kv/types", None),
        ]),
        ..Plan::default()
    };
    let error = compose(&[app.clone(), both.clone()], &plan).unwrap_err();
    // What stays open speaks of a resource that is inside.
    assert!(error.to_string().contains("from outside it cannot be filled"), "{error}");

    let app = kv("app", "import demo:kv/store@0.1.4; export go: func();");
    let composition = planned(&[app, both], &Plan { open: Vec::new(), ..plan });
    assert_eq!(exports(&composition), ["demo:kv/types@0.1.4", "primary", "second", "go"]);
    let implements: Vec<Option<&str>> =
        composition.surface.exports.iter().map(|item| item.implements.as_deref()).collect();
    assert_eq!(implements, [None, Some("demo:kv/store@0.1.4"), Some("demo:kv/store@0.1.4"), None]);

    let alone = run(&[kv(
        "app",
        "import cold: demo:kv/store@0.1.4; import warm: demo:kv/store@0.1.0; export go: func();"
            .replace("@0.1.0", "@0.1.4")
            .as_str(),
    )]);
    let implements: Vec<Option<&str>> =
        alone.surface.imports.iter().map(|item| item.implements.as_deref()).collect();
    assert_eq!(open(&alone), ["demo:kv/types@0.1.4", "cold", "warm"]);
    assert_eq!(implements, [None, Some("demo:kv/store@0.1.4"), Some("demo:kv/store@0.1.4")]);
}

#[test]
fn a_wire_may_name_an_export_of_another_name() {
    let inputs = [
        kv("app", "import demo:kv/store@0.1.4; import tick: func() -> u32; export go: func();"),
        kv("other", "import demo:kv/types@0.1.4; export demo:other/store@2.0.0; export tock: func() -> u32;"),
    ];
    let plan = Plan {
        wires: vec![
            PlannedWire {
                export: Some("demo:other/store".to_owned()),
                ..wire("app", "demo:kv/store", "other")
            },
            PlannedWire { export: Some("tock".to_owned()), ..wire("app", "tick", "other") },
        ],
        ..Plan::default()
    };
    let composition = planned(&inputs, &plan);
    assert_eq!(open(&composition), ["demo:kv/types@0.1.4"]);
    assert!(composition.wires.iter().all(|wire| wire.skew.is_none()));
    assert_golden(format!("{GOLDENS}/other-names.tree"), &composition.tree());
}

#[test]
fn exports_are_chosen_renamed_and_passed_on() {
    let whole = run(&diamond());
    assert_eq!(exports(&whole), ["wasi:cli/run@0.2.6"]);
    let plan = |exports: Vec<PlannedExport>| Plan { exports: Some(exports), ..Plan::default() };
    // All of the socket, and more.
    let rest = PlannedExport::Rest { instance: None };
    let composition = planned(
        &diamond(),
        &plan(vec![rest.clone(), one("log", "shop:log/log", Some("shop:main/log@1.0.0"))]),
    );
    assert_eq!(exports(&composition), ["shop:main/log@1.0.0", "wasi:cli/run@0.2.6"]);
    assert_eq!(composition.socket.as_deref(), Some("app"));
    assert_golden(format!("{GOLDENS}/exports.tree"), &composition.tree());
    // What nothing exported needs is left out.
    let composition = planned(&diamond(), &plan(vec![one("book", "shop:ledger/ledger", Some("ledger"))]));
    assert_eq!(instances(&composition), ["log", "book"]);
    assert_eq!(composition.socket, None);
    assert_eq!(composition.surface.exports[0].implements.as_deref(), Some("shop:ledger/ledger@0.1.0"));
    assert_eq!(unused(&composition), ["app", "pay"]);
    // A renamed export is not in the rest.
    let renamed = PlannedExport::One {
        instance: None,
        export: "wasi:cli/run".to_owned(),
        name: Some("demo:it/run".to_owned()),
    };
    let composition = planned(&diamond(), &plan(vec![rest, renamed]));
    assert_eq!(exports(&composition), ["demo:it/run"]);
    assert!(composition.dropped.is_empty());
}

#[test]
fn a_part_of_the_sockets_exports() {
    let socket = input("app", "package a:b; world it { export go: func(); export stop: func(); }", "it");
    let stop = PlannedExport::One { instance: None, export: "stop".to_owned(), name: None };
    let composition = planned(&[socket], &Plan { exports: Some(vec![stop]), ..Plan::default() });
    assert_eq!(exports(&composition), ["stop"]);
    assert_eq!(composition.dropped, ["go"]);
    assert_eq!(composition.tree(), "app\nexports\n└── stop from app\n");
}

#[test]
fn imports_are_left_open_by_choice() {
    let leave = |importer: Option<&str>, import: &str| Plan {
        open: vec![PlannedOpen { importer: importer.map(str::to_owned), import: import.to_owned() }],
        socket: Some("app".to_owned()),
        ..Plan::default()
    };
    for pattern in ["shop:log/log@0.1.0", "shop:log/log", "shop:log/*", "shop:log*"] {
        let composition = planned(&diamond(), &leave(None, pattern));
        assert_eq!(open(&composition), ["shop:log/log@0.1.0"], "{pattern}");
        assert!(composition.imports[0].importers.iter().all(|importer| importer.stated));
        let reason =
            UnusedReason::LeftOpen { importer: "book".to_owned(), import: "shop:log/log@0.1.0".to_owned() };
        assert_eq!(composition.unused[0].reason, reason);
    }
    let composition = planned(&diamond(), &leave(Some("pay"), "shop:log/log"));
    assert_eq!(instances(&composition), ["log", "book", "pay", "app"]);
    assert_eq!(open(&composition), ["wasi:cli/environment@0.2.6", "shop:log/log@0.1.0"]);
    assert_golden(format!("{GOLDENS}/left-open.tree"), &composition.tree());
}

#[test]
fn a_complete_composition_leaves_nothing_open_but_what_may() {
    let plan = |allowed: &[&str]| Plan {
        allow_open: Some(allowed.iter().map(|pattern| (*pattern).to_owned()).collect()),
        ..Plan::default()
    };
    let error = compose(&diamond(), &plan(&[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the composition is not complete\n  nothing fills `wasi:cli/environment@0.2.6`, which `log` needs"
    );
    assert!(compose(&diamond(), &plan(&["wasi:*"])).is_ok());
    let stated = PlannedOpen { importer: None, import: "wasi:cli/environment".to_owned() };
    assert!(compose(&diamond(), &Plan { open: vec![stated], ..plan(&[]) }).is_ok(), "left open by choice");
    // Imports of types alone need nobody.
    let types = input(
        "types",
        "package test:it; world it { import demo:it/t; export go: func(); }
         package demo:it { interface t { type id = u32; record pair { a: id, b: id } } }",
        "it",
    );
    assert!(compose(&[types], &plan(&[])).is_ok());
}

#[test]
fn the_reason_why_an_input_is_left_out() {
    let mut inputs = diamond();
    inputs.push(shop("log-2", "export shop:log/log@0.1.0;"));
    inputs.push(shop("nothing", "import shop:log/log@0.1.0;"));
    inputs.push(shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"));
    inputs.push(shop("shelves", "import shop:stock/stock@0.1.0; export go: func();"));
    let plan = Plan {
        socket: Some("app".to_owned()),
        wires: ["book", "pay"].map(|importer| wire(importer, "shop:log/log", "log")).to_vec(),
        ..Plan::default()
    };
    // `nothing` is beside the point: whatever it is wired to does not matter.
    let composition = planned(&inputs, &plan);
    let reasons: Vec<String> = composition.unused.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "`log-2` is left out: `shop:log/log@0.1.0` of `book` is filled by `log`",
            "`nothing` is left out: it exports nothing",
            "`shelves` is left out: nothing imports what it exports, `go`",
            "`stock` is left out: only `shelves` would need it",
        ]
    );
}

#[test]
fn neither_the_order_of_inputs_nor_that_of_the_plan_matters() {
    let mut inputs = diamond();
    let mut plan = Plan {
        instances: vec![each("log"), instance("till", "pay")],
        wires: vec![wire("app", "shop:orders/checkout", "till"), wire("till", "shop:log/log", "log")],
        exports: Some(vec![
            one("app", "wasi:cli/run", None),
            one("book", "shop:ledger/ledger", Some("ledger")),
            one("till", "shop:orders/checkout", None),
        ]),
        ..Plan::default()
    };
    let mut results = BTreeSet::new();
    for round in 0..24_usize {
        inputs.swap(round % 4, (round * 7 + 3) % 4);
        plan.instances.reverse();
        plan.wires.reverse();
        if let Some(exports) = &mut plan.exports {
            exports.rotate_left(1);
        }
        results.insert(planned(&inputs, &plan).bytes.to_vec().unwrap());
    }
    assert_eq!(results.len(), 1, "one result of 24 rounds");
}

#[test]
fn a_plan_is_plain_data() {
    let plan = Plan {
        socket: Some("app".to_owned()),
        instances: vec![each("log")],
        wires: vec![wire("app", "a", "log")],
        exports: Some(vec![one("app", "go", None), PlannedExport::Rest { instance: None }]),
        open: vec![PlannedOpen { importer: None, import: "wasi:*".to_owned() }],
        allow_open: Some(Vec::new()),
    };
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    assert_eq!(serde_json::from_str::<Plan>("{}").unwrap(), Plan::default());
}
