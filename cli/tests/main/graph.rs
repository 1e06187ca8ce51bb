//! `wkit graph`: every format, of a file, of a project, and of what is neither.

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

const SHOP: &str = "package demo:shop@0.1.0;
interface stock { count: func(id: u32) -> u32; reserve: func(id: u32) -> result; }
interface log { write: func(line: string); }
world stockroom { import log; export stock; }
world logger { export log; }
world app { import stock; import log; import time: func() -> u64; export run: func(); }
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for world in ["app", "stockroom", "logger"] {
        sandbox.write(&format!("build/{world}.wasm"), component::from_wit(SHOP, world));
    }
    sandbox
}

const PROJECT: &str =
    "[project]\nname = \"shop\"\n[components.app]\n[components.logger]\n[components.stockroom]\n";

#[test]
fn a_file_in_every_format() {
    let sandbox = sandbox();
    sandbox
        .wkit("compose build/app.wasm --plug build/stockroom.wasm --plug build/logger.wasm -o shop.wasm")
        .ok();
    sandbox.wkit("graph shop.wasm").ok().golden("graph");
    sandbox.wkit("graph shop.wasm --format json").ok().golden("graph-json");
    let coloured = sandbox.wkit("graph shop.wasm --color always").ok();
    assert!(coloured.stdout.contains("\u{1b}["), "{}", coloured.stdout);
    for (format, begins) in [
        ("dot", "digraph \"shop\" {"),
        ("mermaid", "flowchart LR"),
        ("svg", "<?xml version=\"1.0\""),
        ("html", "<!doctype html>"),
        ("text", "shop: 3 instances, 3 wires"),
    ] {
        let printed = sandbox.wkit(&format!("graph shop.wasm --format {format}")).ok();
        assert!(printed.stdout.starts_with(begins), "{}", printed.stdout);
        sandbox.wkit(&format!("graph shop.wasm --format {format} -o pictures/it")).ok();
        assert_eq!(std::fs::read_to_string(sandbox.path("pictures/it")).unwrap(), printed.stdout);
    }
}

#[test]
fn a_script_before_it_is_composed() {
    let sandbox = sandbox();
    sandbox.write(
        "shop.wac",
        "package demo:all;\nlet logger = new demo:logger {};\nlet stockroom = new demo:stockroom { ...logger };\n\
         let app = new demo:app { ...logger, ...stockroom, ... };\nexport app...;\n",
    );
    let packages = "--dep demo:logger=build/logger.wasm --dep demo:stockroom=build/stockroom.wasm --dep demo:app=build/app.wasm";
    let graph = sandbox.wkit(&format!("graph shop.wac {packages}")).ok();
    assert!(graph.stdout.starts_with("shop: 3 instances, 3 wires"), "{}", graph.stdout);
    assert!(!sandbox.path("shop.wasm").exists(), "nothing is written");
    let unknown = sandbox.wkit("graph shop.wac");
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("shop.wac:2:18"), "{}", unknown.stderr);
}

#[test]
fn a_project_as_it_was_last_built() {
    let sandbox = sandbox();
    sandbox.write("wkit.toml", PROJECT);
    let graph = sandbox.wkit("graph").ok();
    assert!(graph.stdout.starts_with("shop: 3 instances, 3 wires"), "{}", graph.stdout);
    assert_eq!(sandbox.wkit("graph .").ok().stdout, graph.stdout);
    assert_eq!(sandbox.wkit("graph wkit.toml").ok().stdout, graph.stdout);
    assert!(!sandbox.path("build/shop.wasm").exists(), "nothing is written");
    std::fs::remove_file(sandbox.path("build/logger.wasm")).unwrap();
    sandbox.wkit("graph").golden("graph-not-built");
}

#[test]
fn a_reference() {
    let (sandbox, registry) = (sandbox(), TestRegistry::start());
    let reference = format!("{}/demo/app:0.1.0", registry.host());
    sandbox.wkit_words(&["publish", "build/app.wasm", "--as", &reference], &[]).ok();
    let graph = sandbox.wkit_words(&["graph", &reference], &[]).ok();
    assert!(graph.stdout.starts_with("app:0.1.0: 1 instance, 0 wires"), "{}", graph.stdout);
}

#[test]
fn what_has_no_graph() {
    let sandbox = sandbox();
    sandbox.write("package.wasm", component::wit_package(SHOP));
    sandbox.wkit("graph package.wasm").golden("graph-wit-package");
    sandbox.write("core.wasm", component::from_wat("(module)"));
    sandbox.wkit("graph core.wasm").golden("graph-core-module");
    sandbox.wkit("graph missing.wasm").golden("graph-missing");
}
