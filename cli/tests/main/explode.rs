//! `wkit explode`: apart and together again.

use wkit_fixtures::component;

use crate::support::Sandbox;

const SHOP: &str = "package demo:shop@0.1.0;
interface stock { count: func(id: u32) -> u32; }
interface log { write: func(line: string); }
world stockroom { import log; export stock; }
world logger { export log; }
world app { import stock; import log; import time: func() -> u64; export run: func(); }
";

fn composed() -> Sandbox {
    let sandbox = Sandbox::new();
    for world in ["app", "stockroom", "logger"] {
        sandbox.write(&format!("{world}.wasm"), component::from_wit(SHOP, world));
    }
    sandbox.wkit("compose app.wasm --plug stockroom.wasm --plug logger.wasm -o shop.wasm").ok();
    sandbox
}

#[test]
fn apart_and_together_again() {
    let sandbox = composed();
    sandbox.wkit("explode shop.wasm -o parts").ok().golden("explode");
    for world in ["app", "stockroom", "logger"] {
        let part = std::fs::read(sandbox.path(&format!("parts/deps/parts/{world}.wasm"))).unwrap();
        assert!(part == component::from_wit(SHOP, world), "{world}");
    }
    sandbox.wkit("compose parts/shop.wac -o again.wasm").ok();
    let read = |name: &str| std::fs::read(sandbox.path(name)).unwrap();
    assert!(read("again.wasm") == read("shop.wasm"));
    // Files that are there stay what they are.
    sandbox.write("parts/shop.wac", "mine");
    sandbox.wkit("explode shop.wasm -o parts").golden("explode-taken");
    assert_eq!(read("parts/shop.wac"), b"mine");
    let forced = sandbox.wkit("explode shop.wasm -o parts --force --no-verify --format json").ok();
    let shown: serde_json::Value = serde_json::from_str(&forced.stdout).unwrap();
    assert_eq!(shown["parts"][0]["package"], "parts:logger");
    assert_eq!(shown["composed_again"], serde_json::Value::Null);
    assert!(read("parts/shop.wac") != b"mine");
}

#[test]
fn what_cannot_be_taken_apart() {
    let sandbox = composed();
    sandbox.wkit("explode app.wasm -o parts").golden("explode-one-component");
    assert!(!sandbox.path("parts").exists());
}
