//! The list of differences against the validator: a wire is refused exactly when the component with that wire would
//! not be valid. Every interface below is tried as the import and as the export of every other one.

use wac_graph::{CompositionGraph, EncodeOptions};
use wac_types::Package;
use wkit_composer::Input;
use wkit_fixtures::component::from_wit;
use wkit_interface::{Surface, decode, mismatches};

use crate::samples::shop;

const INTERFACES: &[&str] = &[
    "get: func();",
    "get: async func();",
    "get: func() -> u32;",
    "get: func() -> u64;",
    "get: func() -> result<u32>;",
    "get: func() -> result<_, u32>;",
    "get: func() -> result<u32, string>;",
    "get: func() -> option<u32>;",
    "get: func(key: u32);",
    "get: func(key: string);",
    "get: func(key: list<u8>);",
    "get: func(key: list<option<u8>>);",
    "get: func(key: stream<u8>);",
    "get: func(key: stream);",
    "get: func(key: future<u8>);",
    "get: func(key: future<result<_, string>>);",
    "get: func(key: tuple<u32, u32>);",
    "get: func(key: tuple<u32>);",
    "get: func(name: u32);",
    "get: func(key: u32, name: u32);",
    "get: func(name: u32, key: u32);",
    "get: func(key: u32) -> u32; put: func(key: u32);",
    "put: func(key: u32);",
    "type t = u32; get: func(key: t);",
    "type t = string; get: func(key: t);",
    "type s = u32; type t = s; get: func(key: t);",
    "type t = list<u32>; get: func(key: t);",
    "record t { a: u32 } get: func(key: t);",
    "record t { a: u64 } get: func(key: t);",
    "record t { b: u32 } get: func(key: t);",
    "record t { a: u32, b: u32 } get: func(key: t);",
    "record t { b: u32, a: u32 } get: func(key: t);",
    "record s { a: u32 } type t = s; get: func(key: t);",
    "record s { a: u32 } get: func(key: s);",
    "record s { a: u32 } record t { s: s } get: func(key: t);",
    "record s { a: u64 } record t { s: s } get: func(key: t);",
    "record s { a: u32 } record t { s: list<s> } get: func(key: t);",
    "variant t { a, b } get: func(key: t);",
    "variant t { a, b(u32) } get: func(key: t);",
    "variant t { a, b(u64) } get: func(key: t);",
    "variant t { b(u32), a } get: func(key: t);",
    "variant t { a } get: func(key: t);",
    "enum t { a, b } get: func(key: t);",
    "enum t { b, a } get: func(key: t);",
    "enum t { a } get: func(key: t);",
    "flags t { a, b } get: func(key: t);",
    "flags t { b, a } get: func(key: t);",
    "flags t { a } get: func(key: t);",
    "resource t; get: func(key: t);",
    "resource t; get: func(key: borrow<t>);",
    "resource t; get: func() -> t;",
    "resource t { f: func(); } get: func() -> t;",
    "resource t { f: func(); g: func(); } get: func() -> t;",
    "resource t { f: static func(); } get: func() -> t;",
    "resource t { f: func(n: u32); } get: func() -> t;",
    "resource t { f: async func(); } get: func() -> t;",
    "resource t { constructor(); } get: func() -> t;",
    "resource t { constructor(n: u32); } get: func() -> t;",
    "resource t { constructor(n: u32) -> result<t, string>; } get: func() -> t;",
    "resource s; get: func() -> s;",
    "resource s; resource t; get: func() -> s;",
    "resource s; type t = s; get: func() -> t;",
    "resource t; record r { t: t } get: func() -> r;",
    "resource t; record r { t: list<borrow<t>> } get: func(r: r);",
    "use base.{thing}; get: func() -> thing;",
    "use base.{thing as t}; get: func() -> t;",
    "resource thing; get: func() -> thing;",
    "use base.{pair}; get: func() -> pair;",
    "use base.{pair as t}; get: func() -> t;",
    "record pair { a: u32, b: string } get: func() -> pair;",
    "use base.{holder}; get: func() -> holder;",
    "record holder { a: u32 } get: func() -> holder;",
];

struct Side {
    bytes: Vec<u8>,
    surface: Surface,
}

fn side(direction: &str, body: &str) -> Side {
    let bytes = from_wit(
        &format!(
            "package test:it; world it {{ {direction} demo:kv/store@0.1.0; }}
             package demo:kv@0.1.0 {{
               interface base {{
                 resource thing;
                 record pair {{ a: u32, b: string }}
                 record holder {{ thing: thing }}
               }}
               interface store {{ {body} }}
             }}"
        ),
        "it",
    );
    let surface = decode(&bytes).unwrap();
    Side { bytes, surface }
}

const STORE: &str = "demo:kv/store@0.1.0";

/// Whether a component that contains this wire is valid. `base` stays open, so that both sides get it from one place.
fn is_valid(importer: &Side, exporter: &Side) -> bool {
    let mut graph = CompositionGraph::new();
    let mut instance = |name: &str, side: &Side| {
        let package = Package::from_bytes(name, None, side.bytes.clone(), graph.types_mut()).unwrap();
        let package = graph.register_package(package).unwrap();
        graph.instantiate(package)
    };
    let exporter = instance("exporter", exporter);
    let importer = instance("importer", importer);
    let export = graph.alias_instance_export(exporter, STORE).unwrap();
    graph.set_instantiation_argument(importer, STORE, export).is_ok()
        && graph.encode(EncodeOptions { validate: true, ..EncodeOptions::default() }).is_ok()
}

#[test]
fn differences_are_listed_exactly_when_the_wire_is_invalid() {
    let importers: Vec<Side> = INTERFACES.iter().map(|body| side("import", body)).collect();
    let exporters: Vec<Side> = INTERFACES.iter().map(|body| side("export", body)).collect();
    let (mut valid, mut wrong) = (0, Vec::new());
    for (importer, expected) in importers.iter().zip(INTERFACES) {
        for (exporter, found) in exporters.iter().zip(INTERFACES) {
            let list = mismatches(&importer.surface, STORE, &exporter.surface, STORE);
            let is_valid = is_valid(importer, exporter);
            valid += usize::from(is_valid);
            if is_valid != list.is_empty() {
                wrong.push(format!("import {expected}\nexport {found}\nvalid {is_valid}, but {list:?}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    // Every interface fits itself, and some fit others that ask for less.
    assert!(valid > INTERFACES.len(), "{valid} of {} valid", INTERFACES.len().pow(2));
}

/// Whether the components, wired as given, are valid together; the last one is exported.
fn is_valid_together(inputs: &[Input], wires: &[(usize, &str, usize)]) -> bool {
    let mut graph = CompositionGraph::new();
    let nodes: Vec<_> = inputs
        .iter()
        .map(|input| {
            let bytes = input.bytes.read().unwrap();
            let package = Package::from_bytes(&input.name, None, bytes, graph.types_mut()).unwrap();
            let package = graph.register_package(package).unwrap();
            graph.instantiate(package)
        })
        .collect();
    for (importer, import, exporter) in wires {
        let export = graph.alias_instance_export(nodes[*exporter], import).unwrap();
        graph.set_instantiation_argument(nodes[*importer], import, export).unwrap();
    }
    graph.encode(EncodeOptions { validate: true, ..EncodeOptions::default() }).is_ok()
}

#[test]
fn resources_from_two_places_are_invalid_indeed() {
    let (catalog, stock) = ("shop:types/catalog@0.1.0", "shop:stock/stock@0.1.0");
    let types = shop("types", "export shop:types/catalog@0.1.0;");
    let own = shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;");
    let app = shop(
        "app",
        "import shop:types/catalog@0.1.0; import shop:stock/stock@0.1.0; export wasi:cli/run@0.2.6;",
    );
    let inputs = [types, own, app];
    assert!(is_valid_together(&inputs, &[(2, catalog, 1), (2, stock, 1)]));
    assert!(!is_valid_together(&inputs, &[(2, catalog, 0), (2, stock, 1)]), "from two components");
    assert!(!is_valid_together(&inputs, &[(2, stock, 1)]), "from outside and from inside");
    assert!(!is_valid_together(&inputs, &[(2, catalog, 0)]), "open, with a resource from inside");
}
