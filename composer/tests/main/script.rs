//! Scripts of the wac language: what they ask for, what they become, and every way in which they can be wrong.

use wkit_composer::{Composition, Input, Plan, Script, ScriptError, compose};
use wkit_fixtures::component::wit_package;
use wkit_fixtures::golden::assert_golden;

use crate::samples::{open, shop, wires};

fn packages() -> Vec<Input> {
    vec![
        shop("shop:app", "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;"),
        shop("shop:stock", "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"),
        shop("shop:log", "export shop:log/log@0.1.0;"),
    ]
}

fn run(text: &str, packages: &[Input]) -> Result<Composition, ScriptError> {
    Script::parse(text)?.compose(packages)
}

const CHAIN: &str = r#"package shop:all;
let log = new shop:log {};
let stock = new shop:stock { "shop:log/log@0.1.0": log["shop:log/log@0.1.0"] };
let app = new shop:app {
  "shop:log/log@0.1.0": log["shop:log/log@0.1.0"],
  "shop:stock/stock@0.1.0": stock["shop:stock/stock@0.1.0"],
  "shop:types/catalog@0.1.0": stock["shop:types/catalog@0.1.0"],
};
export app...;
"#;

#[test]
fn a_script_gives_the_bytes_that_the_same_wiring_of_a_project_gives() {
    let script = run(CHAIN, &packages()).unwrap();
    let named = packages().into_iter().map(|input| Input { name: input.name.replace("shop:", ""), ..input });
    let project = compose(&named.collect::<Vec<_>>(), &Plan::default()).unwrap();
    assert_eq!(wires(&script), wires(&project));
    assert_eq!(script.instances, project.instances);
    assert_eq!(script.socket, project.socket);
    assert_eq!(open(&script), open(&project));
    assert_eq!(script.exports, project.exports);
    assert_eq!(script.tree(), project.tree());
    assert!(script.bytes == project.bytes);
}
