//! In what components do not fit a world, all of it.

use wkit_fixtures::component::{from_wit, wit_package};
use wkit_interface::{Misfit, WorldError, decode, misfits};

const PACKAGES: &str = "
package demo:kv@0.2.1 { interface store { resource key; get: func(key: borrow<key>) -> option<string>; } }
package demo:log@1.0.0 { interface log { write: func(line: string); } }
package demo:log@2.0.0 { interface log { write: func(line: string); } }
";

/// The differences of a component of the world `component` from the world `world`.
fn differences(component: &str, world: &str) -> Vec<Misfit> {
    let component = from_wit(&format!("package test:it; world it {{ {component} }} {PACKAGES}"), "it");
    let package = wit_package(&format!("package test:target; world host {{ {world} }} {PACKAGES}"));
    misfits(&decode(&component).unwrap(), &decode(&package).unwrap(), "host")
}

#[test]
fn a_component_may_need_less_and_give_more() {
    let world = "import demo:kv/store@0.2.1; import clock: func() -> u64; export run: func();";
    for component in [
        world,
        "import clock: func() -> u64; export run: func();",
        "export run: func(); export stop: func();",
    ] {
        assert_eq!(differences(component, world), [], "{component}");
    }
}

#[test]
fn everything_else_is_listed() {
    let component = "import demo:log/log@2.0.0; import clock: func() -> u64; export run: func() -> u32;";
    let world =
        "import demo:log/log@1.0.0; import clock: func() -> u32; export run: func(); export stop: func();";
    let found = differences(component, world);
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "the component imports `demo:log/log@2.0.0`, which the world does not have, but `demo:log/log@1.0.0`",
            "the component imports `clock`, but the world has it with another type:\n  function `clock`, result: \
             expected `u64` (component), found `u32` (world)",
            "the component exports `run`, but the world wants it with another type:\n  function `run`, result: \
             expected nothing (world), found `u32` (component)",
            "the component does not export `stop` (a function)",
        ]
    );
    assert!(found.iter().all(|misfit| !misfit.hint().is_empty()));
}

#[test]
fn a_world_is_found_by_name_or_alone() {
    let surface = |text: &str| decode(&wit_package(text)).unwrap();
    let two = surface("package a:b; world one { export f: func(); } world two { export g: func(); }");
    assert_eq!(two.world(Some("two")).unwrap().name, "two");
    let worlds = vec!["one".to_owned(), "two".to_owned()];
    assert_eq!(two.world(None).unwrap_err(), WorldError::SeveralWorlds { worlds: worlds.clone() });
    let unknown = WorldError::UnknownWorld { world: "three".to_owned(), worlds };
    assert_eq!(two.world(Some("three")).unwrap_err(), unknown);
    assert_eq!(
        surface("package a:b; interface i { f: func(); }").world(None).unwrap_err(),
        WorldError::NoWorld
    );
    let component = decode(&from_wit("package a:b; world w { export f: func(); }", "w")).unwrap();
    assert_eq!(component.world(None).unwrap_err(), WorldError::NotWit);
}
