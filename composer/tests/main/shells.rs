//! What comes out is byte for byte what `wac-graph` writes when it is given the components themselves.

use std::collections::HashMap;

use wac_graph::{CompositionGraph, EncodeOptions, Processor};
use wac_types::Package;
use wkit_composer::{Composition, Input, Plan, compose};
use wkit_fixtures::component::from_wat;
use wkit_fixtures::prebuilt;

use crate::samples::{Random, input, instances, run, shop};

/// The composition, wired the same way without any detour.
fn plainly(inputs: &[Input], composition: &Composition) -> Vec<u8> {
    let mut graph = CompositionGraph::new();
    let (mut packages, mut nodes) = (HashMap::new(), HashMap::new());
    for instance in &composition.instances {
        let input = inputs.iter().find(|input| input.name == instance.component).unwrap();
        let bytes = input.bytes.read().unwrap();
        let package = *packages.entry(bytes.clone()).or_insert_with(|| {
            let package = Package::from_bytes(&input.name, None, bytes, graph.types_mut()).unwrap();
            graph.register_package(package).unwrap()
        });
        let wires = composition.wires.iter().filter(|wire| wire.importer == instance.name);
        let arguments: Vec<_> = wires
            .map(|wire| {
                let exporter = nodes[wire.exporter.as_str()];
                (&wire.import, graph.alias_instance_export(exporter, &wire.export).unwrap())
            })
            .collect();
        let node = graph.instantiate(package);
        graph.set_node_name(node, instance.name.clone());
        nodes.insert(instance.name.as_str(), node);
        for (import, export) in arguments {
            graph.set_instantiation_argument(node, import, export).unwrap();
        }
    }
    for export in &composition.exports {
        let alias = graph.alias_instance_export(nodes[export.instance.as_str()], &export.export).unwrap();
        graph.export(alias, &export.name).unwrap();
    }
    let processor = Some(Processor { name: "wkit", version: env!("CARGO_PKG_VERSION") });
    graph.encode(EncodeOptions { processor, ..EncodeOptions::default() }).unwrap()
}

fn check(inputs: &[Input], composition: &Composition) {
    let bytes = composition.bytes.to_vec().unwrap();
    assert!(bytes == plainly(inputs, composition), "{:?}", composition.instances);
    assert_eq!(bytes.len(), composition.bytes.len());
    let mut written = Vec::new();
    composition.bytes.write_to(&mut written).unwrap();
    assert_eq!(written, bytes);
    // The surface, which was read off the shells, is that of the whole.
    let whole = wkit_interface::decode(&bytes).unwrap();
    assert_eq!(format!("{whole:?}"), format!("{:?}", composition.surface));
}

#[test]
fn of_real_components() {
    for bytes in
        [prebuilt::calc(), prebuilt::ferry(), prebuilt::porter(), prebuilt::probe(), prebuilt::tide()]
    {
        let inputs = [Input { name: "it".to_owned(), bytes: bytes.into() }];
        check(&inputs, &run(&inputs));
    }
    let calc = Input { name: "calc".to_owned(), bytes: prebuilt::calc().into() };
    let app = input(
        "app",
        "package a:b; world it { import add: func(a: u32, b: u32) -> u32; export go: func(); }",
        "it",
    );
    let inputs = [app, calc];
    let composition = run(&inputs);
    assert_eq!(instances(&composition), ["calc", "app"]);
    check(&inputs, &composition);
    // A composition inside another one.
    let inner = Input { name: "inner".to_owned(), bytes: composition.bytes.to_vec().unwrap().into() };
    let outer =
        [input("outer", "package a:b; world it { import go: func(); export run: func(); }", "it"), inner];
    check(&outer, &run(&outer));
}

#[test]
fn of_equal_components_and_of_those_that_differ_in_code_alone() {
    let store = |name: &str, number: u32| Input {
        name: name.to_owned(),
        bytes: from_wat(&format!(
            r#"(component
                (import "base" (func $base (result u32)))
                (core module $m (func (export "f") (result i32) i32.const {number}))
                (core instance $i (instantiate $m))
                (func $f (result u32) (canon lift (core func $i "f")))
                (export "{name}" (func $f)))"#
        ))
        .into(),
    };
    let base = |name: &str, number: u32| Input {
        name: name.to_owned(),
        bytes: from_wat(&format!(
            r#"(component
                (core module $m (func (export "f") (result i32) i32.const {number}))
                (core instance $i (instantiate $m))
                (func $f (result u32) (canon lift (core func $i "f")))
                (export "base" (func $f)))"#
        ))
        .into(),
    };
    let app = from_wat(
        r#"(component (import "a" (func $a (result u32))) (import "b" (func (result u32))) (export "go" (func $a)))"#,
    );
    let inputs = [
        Input { name: "app".to_owned(), bytes: app.into() },
        store("a", 1),
        store("b", 2),
        base("base-1", 7),
        base("base-2", 8),
        base("base-3", 7),
    ];
    for (for_a, for_b) in [("base-1", "base-2"), ("base-1", "base-3"), ("base-2", "base-2")] {
        let wires = vec![crate::samples::wire("a", "base", for_a), crate::samples::wire("b", "base", for_b)];
        let composition = compose(&inputs, &Plan { wires, ..Plan::default() }).unwrap();
        check(&inputs, &composition);
    }
}

#[test]
fn of_many_graphs() {
    let mut random = Random::new(1);
    let interfaces = [
        "shop:types/catalog@0.1.0",
        "shop:stock/stock@0.1.0",
        "shop:orders/cart@0.1.0",
        "shop:log/log@0.1.0",
    ];
    let mut composed = 0;
    for _ in 0..60 {
        let mut inputs = Vec::new();
        for number in 0..2 + random.below(4) {
            let mut world = format!("export run-{number}: func();");
            for interface in interfaces {
                match random.below(4) {
                    0 => world += &format!("import {interface};"),
                    1 => world += &format!("export {interface};"),
                    _ => {}
                }
            }
            inputs.push(shop(&format!("part-{number}"), &world));
        }
        let socket = format!("part-{}", random.below(inputs.len() as u64));
        let plan = Plan { socket: Some(socket), ..Plan::default() };
        if let Ok(composition) = compose(&inputs, &plan) {
            check(&inputs, &composition);
            composed += usize::from(composition.instances.len() > 1);
        }
    }
    assert!(composed >= 10, "{composed} of 60 have several instances");
}
