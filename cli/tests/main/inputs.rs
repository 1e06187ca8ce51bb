//! Where inputs come from: files, members and dependencies of a project, registries.

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::support::{Ran, Sandbox};

/// A caller of `demo:greet`, and greeters in versions that can be told apart by a function of their own.
const WIT: &str = "package demo:greet@0.1.0;
interface greeting { greet: func(name: string) -> string; }
world greeter { export greeting; }
world caller { import greeting; export call: func() -> string; }
";

/// A greeter that exports a function named after its version.
pub(crate) fn greeter(version: &str) -> Vec<u8> {
    let mark = format!("export v{};", version.replace(['.', '-'], "-v")).replace(';', ": func();");
    component::from_wit(&WIT.replace("export greeting;", &format!("export greeting; {mark}")), "greeter")
}

pub(crate) fn caller() -> Vec<u8> {
    component::from_wit(WIT, "caller")
}

/// A registry with `demo:greet` in each of `versions`.
pub(crate) fn registry_with(versions: &[&str]) -> TestRegistry {
    let registry = TestRegistry::start();
    for version in versions {
        publish(&registry, version, &greeter(version));
    }
    registry
}

/// Publishes `bytes` as `demo:greet` of a version, whatever was there.
pub(crate) fn publish(registry: &TestRegistry, version: &str, bytes: &[u8]) {
    let sandbox = Sandbox::new();
    sandbox.write("greet.wasm", bytes);
    let reference = format!("{}/demo/greet:{version}", registry.host());
    sandbox.wkit_words(&["publish", "greet.wasm", "--as", &reference, "--overwrite"], &[]).ok();
}

/// A `wkit.toml` that finds `demo` in the registry, with `rest` behind it.
pub(crate) fn project_file(registry: &TestRegistry, rest: &str) -> String {
    format!("[project]\nname = \"shop\"\n\n[registries]\ndemo = \"{}\"\n\n{rest}", registry.host())
}

/// What was printed with the registry's port left out.
pub(crate) fn shown(ran: Ran, registry: &TestRegistry) -> Ran {
    ran.replace(registry.host(), "[registry]")
}

#[test]
fn plugs_come_from_everywhere() {
    let registry = registry_with(&["0.1.0", "0.1.2"]);
    let host = registry.host();
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", caller());
    let file = project_file(&registry, "[dependencies]\nhello = \"demo:greet@0.1.0\"\n");
    sandbox.write("wkit.toml", file);

    let plugs = ["demo:greet@^0.1", "demo:greet", &format!("{host}/demo/greet:0.1.2"), "hi=demo:greet@0.1.2"];
    for plug in plugs {
        let words = ["compose", "caller.wasm", "--plug", plug, "-o", "out.wasm", "--format", "json"];
        let ran = sandbox.wkit_words(&words, &[]).ok();
        let name = if plug.starts_with("hi=") { "hi" } else { "greet" };
        assert!(ran.stdout.contains(&format!("\"exporter\": \"{name}\"")), "{plug}: {}", ran.stdout);
    }
    sandbox.write("greet.wasm", greeter("0.1.2"));
    sandbox.wkit("compose caller.wasm --plug greet.wasm -o by-file.wasm").ok();
    let by_file = std::fs::read(sandbox.path("by-file.wasm")).unwrap();
    sandbox.wkit("compose caller.wasm --plug demo:greet@~0.1.1 -o by-range.wasm").ok();
    assert_eq!(std::fs::read(sandbox.path("by-range.wasm")).unwrap(), by_file);

    shown(sandbox.wkit("compose caller.wasm --plug hello -o out.wasm"), &registry)
        .golden("inputs-dependency");
    shown(sandbox.wkit("inspect hello --format wit"), &registry).golden("inputs-inspect-dependency");
}

#[test]
fn a_project_is_composed_with_its_dependencies() {
    let registry = registry_with(&["0.1.0", "0.1.2", "0.2.0-rc.1"]);
    let sandbox = Sandbox::new();
    sandbox.write("vendor/caller.wasm", caller());
    let dependencies = "[dependencies]\ngreet = \"demo:greet\"\ncaller = { path = \"vendor/caller.wasm\" }\n";
    sandbox.write("wkit.toml", project_file(&registry, dependencies));
    shown(sandbox.wkit("compose"), &registry).golden("inputs-project");

    // Wires and socket name dependencies like components, and a range picks another version.
    let file = dependencies.replace("\"demo:greet\"", "\"demo:greet@=0.1.0\"")
        + "[compose]\nsocket = \"caller\"\n"
        + "wires = [{ importer = \"caller\", import = \"demo:greet/greeting\", exporter = \"greet\" }]\n";
    sandbox.write("wkit.toml", project_file(&registry, &file));
    let first = std::fs::read(sandbox.path("build/shop.wasm")).unwrap();
    sandbox.wkit("compose").ok();
    assert_ne!(std::fs::read(sandbox.path("build/shop.wasm")).unwrap(), first);
}

#[test]
fn a_wit_package_is_no_instance() {
    let registry = TestRegistry::start();
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", caller());
    sandbox.write("types.wasm", component::wit_package(WIT));
    let dependencies =
        "[dependencies]\ntypes = { path = \"types.wasm\" }\ncaller = { path = \"caller.wasm\" }\n";
    sandbox.write("wkit.toml", project_file(&registry, dependencies));
    let ran = sandbox.wkit("compose").ok();
    assert_eq!(ran.stdout, "caller\n└── open: demo:greet/greeting@0.1.0\n");
}

#[test]
fn inputs_that_make_no_sense() {
    let registry = registry_with(&["0.1.0", "0.2.0"]);
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", caller());
    sandbox.write("other/caller.wasm", caller());
    let run = |line: &str| shown(sandbox.wkit(line), &registry);
    run("compose caller.wasm --plug other/caller.wasm -o out.wasm").golden("inputs-one-name");
    run("compose caller.wasm --plug greet -o out.wasm").golden("inputs-word-without-project");
    let dependencies = "[dependencies]\nhello = \"demo:greet@0.1.0\"\n";
    sandbox.write("wkit.toml", project_file(&registry, dependencies));
    run("compose caller.wasm --plug greet -o out.wasm").golden("inputs-unknown-name");
    run("compose caller.wasm --plug demo:greet@^3 -o out.wasm").golden("inputs-no-version");
    run("compose caller.wasm --plug demo:greet@^0.2 --plug second=demo:greet@=0.2.1 -o out.wasm")
        .golden("inputs-no-such-version");
}
