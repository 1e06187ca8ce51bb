//! What a plan asks for, composed by the program and then run: instances, labels, exports, and what stays open.

use wkit_fixtures::{component, prebuilt};

use crate::support::Sandbox;

/// Counts up from 1: its state shows who shares it.
const COUNTER: &str = r#"(component
    (core module $m
        (global $count (mut i32) (i32.const 0))
        (func (export "next") (result i32)
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (global.get $count)))
    (core instance $i (instantiate $m))
    (func $next (result u32) (canon lift (core func $i "next")))
    (instance $tickets (export "next" (func $next)))
    (export "demo:it/tickets@0.1.0" (instance $tickets)))"#;

/// Passes the tickets on under another name.
const TILL: &str = r#"(component
    (import "demo:it/tickets@0.1.0" (instance $tickets (export "next" (func (result u32)))))
    (alias export $tickets "next" (func $next))
    (core func $lowered (canon lower (func $next)))
    (core module $m
        (import "tickets" "next" (func $next (result i32)))
        (func (export "ticket") (result i32) (call $next)))
    (core instance $i (instantiate $m
        (with "tickets" (instance (export "next" (func $lowered))))))
    (func $ticket (result u32) (canon lift (core func $i "ticket")))
    (instance $till (export "ticket" (func $ticket)))
    (export "demo:it/till@0.1.0" (instance $till)))"#;

/// Takes two tickets of the first till and then one of the second, and gives them back as one number of three digits.
const SHOP: &str = r#"(component
    (import "primary" (implements "demo:it/till@0.1.0") (instance $primary (export "ticket" (func (result u32)))))
    (import "backup" (implements "demo:it/till@0.1.0") (instance $backup (export "ticket" (func (result u32)))))
    (alias export $primary "ticket" (func $first))
    (alias export $backup "ticket" (func $second))
    (core func $first-lowered (canon lower (func $first)))
    (core func $second-lowered (canon lower (func $second)))
    (core module $m
        (import "tills" "first" (func $first (result i32)))
        (import "tills" "second" (func $second (result i32)))
        (func (export "tickets") (result i32)
            (i32.mul (call $first) (i32.const 100))
            (i32.mul (call $first) (i32.const 10))
            (i32.add)
            (call $second)
            (i32.add)))
    (core instance $i (instantiate $m
        (with "tills" (instance
            (export "first" (func $first-lowered))
            (export "second" (func $second-lowered))))))
    (func $tickets (result u32) (canon lift (core func $i "tickets")))
    (export "tickets" (func $tickets)))"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, text) in [("counter", COUNTER), ("till", TILL), ("shop", SHOP)] {
        sandbox.write(&format!("{name}.wasm"), component::from_wat(text));
    }
    sandbox
}

/// Composes the shop with one till for each label, and asks it for its tickets.
fn tickets(sandbox: &Sandbox, options: &str) -> String {
    let line = format!(
        "compose shop.wasm --plug till.wasm --plug counter.wasm -o out.wasm --instance till-1=till --instance \
         till-2=till --wire shop.primary=till-1 --wire shop.backup=till-2 {options}"
    );
    sandbox.wkit(&line).ok();
    sandbox.wkit("run out.wasm --invoke tickets()").ok().stdout
}

#[test]
fn a_diamond_shares_its_lowest_instance_or_has_one_for_each() {
    let sandbox = sandbox();
    assert_eq!(tickets(&sandbox, ""), "123\n", "one counter behind both tills");
    assert_eq!(tickets(&sandbox, "--each counter"), "121\n", "one counter behind each till");
    let named = "--instance a=counter --instance b=counter --wire till-1.demo:it/tickets=a --wire till-2.demo:it/tickets=b";
    assert_eq!(tickets(&sandbox, named), "121\n", "two counters by name");
}

#[test]
fn labels_may_be_filled_by_one_instance() {
    let sandbox = sandbox();
    sandbox
        .wkit("compose shop.wasm --plug till.wasm --plug counter.wasm -o out.wasm")
        .golden("compose-labels");
    assert_eq!(sandbox.wkit("run out.wasm --invoke tickets()").ok().stdout, "123\n");
}

#[test]
fn exports_are_chosen_on_the_command_line() {
    let sandbox = sandbox();
    let compose = "compose shop.wasm --plug till.wasm --plug counter.wasm -o out.wasm";
    sandbox
        .wkit(&format!("{compose} --export all=tickets --export first=till.demo:it/till --export counter.*"))
        .golden("compose-exports");
    assert_eq!(sandbox.wkit("run out.wasm --invoke all()").ok().stdout, "123\n");
    sandbox.wkit("inspect out.wasm").golden("compose-exports-inspect");
    sandbox.wkit(&format!("{compose} --export tickts")).golden("compose-no-such-export");
    sandbox.wkit(&format!("{compose} --export till-9.demo:it/till")).golden("compose-no-such-instance");
}

#[test]
fn imports_stay_open_by_choice_and_no_others() {
    let sandbox = sandbox();
    let compose = "compose shop.wasm --plug till.wasm --plug counter.wasm -o out.wasm";
    sandbox
        .wkit(&format!("{compose} --leave-open till.demo:it/tickets --complete"))
        .golden("compose-left-open");
    sandbox.wkit("compose till.wasm --plug shop.wasm -o none.wasm --complete").golden("compose-incomplete");
    assert!(!sandbox.path("none.wasm").exists());
    sandbox.wkit("compose till.wasm --plug shop.wasm -o some.wasm --allow-open demo:it/*").ok();
    // What was left open is filled by composing once more.
    sandbox.wkit("compose out.wasm --plug counter.wasm -o whole.wasm --complete").ok();
    assert_eq!(sandbox.wkit("run whole.wasm --invoke tickets()").ok().stdout, "123\n");
}

const PROJECT: &str = r#"[project]
name = "mesh"

[components.shop]
[components.till]
[components.counter]

[compose]
socket = "shop"
wires = [
  { importer = "shop", import = "primary", exporter = "till-1" },
  { importer = "shop", import = "backup", exporter = "till-2", export = "demo:it/till" },
]
open = ["wasi:*"]
allow-open = []

[compose.instances.till-1]
component = "till"

[compose.instances.till-2]
component = "till"

[compose.instances.counter]
share = "each"

[compose.exports]
"*" = "shop"
"demo:it/till" = "till-1"
second = "till-2.demo:it/till"
"#;

#[test]
fn a_project_says_how_it_is_composed() {
    let sandbox = sandbox();
    for name in ["shop", "till", "counter"] {
        let bytes = std::fs::read(sandbox.path(&format!("{name}.wasm"))).unwrap();
        sandbox.write(&format!("build/{name}.wasm"), bytes);
    }
    // Nothing here imports anything of WASI, so that line of the project would be an error.
    sandbox.write("wkit.toml", PROJECT.replace("open = [\"wasi:*\"]\n", ""));
    sandbox.wkit("compose --no-build").golden("compose-project");
    assert_eq!(sandbox.wkit("run build/mesh.wasm --invoke tickets()").ok().stdout, "121\n");
    sandbox.write("wkit.toml", PROJECT);
    sandbox.wkit("compose --no-build").golden("compose-nothing-to-open");
    // The command line comes before the file.
    sandbox.write("wkit.toml", PROJECT.replace("open = [\"wasi:*\"]\n", ""));
    sandbox.wkit("compose --no-build --wire shop.backup=till-1 --export *").ok();
    assert_eq!(sandbox.wkit("run build/mesh.wasm --invoke tickets()").ok().stdout, "123\n");
    for (name, from, to) in [
        ("instance", "component = \"till\"", "component = \"tile\""),
        ("exporter", "exporter = \"till-1\"", "exporter = \"till\""),
        ("share", "share = \"each\"", "share = \"all\""),
        ("exports", "second = \"till-2.", "second = \"till-3."),
        ("instance-name", "[compose.instances.counter]", "[compose.instances.\"counter.1\"]"),
    ] {
        assert!(PROJECT.contains(from));
        sandbox.write("wkit.toml", PROJECT.replace(from, to));
        sandbox.wkit("compose --no-build").golden(&format!("toml-compose-{name}"));
    }
}

/// A command of WASI 0.3 on two components of WASI 0.2, one of which two instances are made.
fn mesh() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("front.wasm", prebuilt::front());
    sandbox.write("clerk.wasm", prebuilt::clerk());
    sandbox.write("vault.wasm", prebuilt::vault());
    let counter = COUNTER.replace("demo:it/tickets", "wkit-fixtures:mesh/tickets");
    sandbox.write("counter.wasm", component::from_wat(&counter));
    sandbox
}

#[test]
fn resources_streams_futures_and_maps_cross_three_components_of_two_wasi_lines() {
    let sandbox = mesh();
    let line = "compose front.wasm --plug clerk.wasm --plug vault.wasm --plug counter.wasm -o out.wasm \
                --instance clerk-1=clerk --instance clerk-2=clerk --wire front.primary=clerk-1 --wire \
                front.backup=clerk-2 --wire front.wkit-fixtures:mesh/desk=clerk-1 --wire \
                front.wkit-fixtures:mesh/relay=clerk-2 --each counter --allow-open wasi:*";
    sandbox.wkit(line).ok();
    sandbox.wkit("run out.wasm").golden("compose-mesh-run");

    // A store for each clerk and another one for the front: no bucket of one is a bucket of the other.
    sandbox.wkit(&format!("{line} --each vault")).golden("compose-two-stores-of-one-resource");
}
