//! `wkit new` and `wkit bindings`: what is made, and what is said when it cannot be.

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

const WIT: &str = "package acme:tax@1.0.0;

/// What the state wants.
interface rates {
    /// In thousandths.
    rate: func(place: string) -> result<u32, string>;
}

world office {
    export rates;
}
";

/// Every file below a folder, with its size left out: what a person finds.
fn listing(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let root = sandbox.path(folder);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(&root).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_component_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.wkit("new greeter --lang module --template library").golden("new");
    let project = std::fs::read_to_string(sandbox.path("greeter/wkit.toml")).unwrap();
    assert!(project.starts_with("[project]\nname = \"greeter\"\n"), "{project}");
    assert!(project.contains("[components.greeter]\npath = \".\"\nlanguage = \"module\"\n"), "{project}");
    let files = listing(&sandbox, "greeter");
    for file in ["README.md", ".gitignore", "wit/world.wit"] {
        assert!(files.iter().any(|found| found == file), "{files:?}");
    }
}

#[test]
fn a_part_of_a_project() {
    let sandbox = Sandbox::new();
    let before = "# Ours.\n[project]\nname = \"shop\"\n\n[compose]\npackage = \"shop:app@0.1.0\"\n";
    sandbox.write("wkit.toml", before);
    sandbox.wkit("new services/greeter --lang module --template library").golden("new-in-project");
    let after = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    assert!(after.starts_with(before), "{after}");
    assert!(after.contains("[components.greeter]\npath = \"services/greeter\"\n"), "{after}");
    assert!(!sandbox.path("services/greeter/wkit.toml").exists());
    sandbox.wkit("build greeter").ok();
    sandbox.wkit("new greeter --lang module").golden("new-taken-in-project");
}

#[test]
fn what_cannot_be_made_is_not_begun() {
    let sandbox = Sandbox::new();
    sandbox.write("taken/file", "");
    sandbox.wkit("new taken --lang rust").golden("new-taken");
    sandbox.wkit("new Greeter --lang rust").golden("new-bad-name");
    sandbox.wkit("new greeter --lang cobol").golden("new-unknown-language");
    sandbox.wkit("new greeter --lang rust --template daemon").golden("new-unknown-template");
    sandbox.wkit("new greeter --lang rust --wit gone/").golden("new-wit-missing");
    sandbox.write("two/a.wit", "package a:b; world one {} world two {}");
    sandbox.wkit("new greeter --lang rust --wit two").golden("new-several-worlds");
    sandbox.wkit("new greeter --lang rust --wit two --world three").golden("new-unknown-world");
    assert!(!sandbox.path("greeter").exists());
}

#[test]
fn for_a_wit_package_of_a_folder_and_of_a_registry() {
    let registry = TestRegistry::start();
    let sandbox = Sandbox::new();
    sandbox.write("tax/tax.wit", WIT);
    sandbox.write("tax.wasm", component::wit_package(WIT));
    let reference = format!("{}/acme/tax:1.0.0", registry.host());
    sandbox.wkit(&format!("publish tax.wasm --as {reference}")).ok();

    sandbox.wkit("new from-folder --lang module --wit tax").golden("new-wit");
    sandbox.wkit(&format!("new from-registry --lang module --wit {reference}")).ok();
    let world = |name: &str| std::fs::read_to_string(sandbox.path(name).join("wit/world.wit")).unwrap();
    assert!(
        world("from-folder").contains("    include acme:tax/office@1.0.0;\n"),
        "{}",
        world("from-folder")
    );
    assert_eq!(world("from-registry").replace("from-registry", "from-folder"), world("from-folder"));
    let package = "wit/deps/acme-tax-1.0.0/package.wit";
    let text = |name: &str| std::fs::read_to_string(sandbox.path(name).join(package)).unwrap();
    assert!(text("from-folder").contains("/// In thousandths."), "{}", text("from-folder"));
    assert_eq!(text("from-registry"), text("from-folder"));
    for name in ["from-folder", "from-registry"] {
        sandbox.wkit(&format!("--project {name} build")).ok();
        let inspected = sandbox.wkit(&format!("inspect {name}/build/{name}.wasm")).ok().stdout;
        assert!(inspected.contains("acme:tax/rates@1.0.0"), "{inspected}");
    }

    sandbox.write("calc.wasm", wkit_fixtures::prebuilt::calc());
    sandbox.wkit("new greeter --lang module --wit calc.wasm").golden("new-wit-is-a-component");
}
