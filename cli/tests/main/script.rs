//! `wkit compose FILE.wac`: where the packages of a script come from, and what is said when it does not compose; and
//! `--targets`.

use wkit_fixtures::component::from_wit;
use wkit_fixtures::prebuilt;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

const LOG: &str = "package shop:log@0.1.0 { interface log { write: func(line: string); } }";

const SCRIPT: &str = "package shop:all;
let log = new shop:log {};
let app = new shop:app { ...log, ... };
export app...;
";

fn component(world: &str) -> Vec<u8> {
    from_wit(&format!("package test:it;\nworld it {{ {world} }}\n{LOG}"), "it")
}

/// A script, `deps` with its packages, and WIT.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("shop.wac", SCRIPT);
    sandbox.write("deps/shop/log.wasm", component("export shop:log/log@0.1.0;"));
    let app = "import shop:log/log@0.1.0; import clock: func() -> u64; export run: func();";
    sandbox.write("deps/shop/app.wasm", component(app));
    sandbox.write(
        "wit/shop.wit",
        format!(
            "package shop:worlds@0.1.0;\nworld runner {{ import clock: func() -> u64; export run: func(); }}\n\
             world server {{ import clock: func() -> u32; export serve: func(); export run: func(); }}\n{LOG}"
        ),
    );
    sandbox
}

#[test]
fn packages_beside_the_script() {
    let sandbox = sandbox();
    sandbox.wkit("compose shop.wac").golden("script-compose");
    assert!(sandbox.path("shop.wasm").is_file());
    sandbox.wkit("compose shop.wac -o out.wasm --format json").ok();
    assert_eq!(
        std::fs::read(sandbox.path("shop.wasm")).unwrap(),
        std::fs::read(sandbox.path("out.wasm")).unwrap()
    );
    std::fs::rename(sandbox.path("deps"), sandbox.path("vendor")).unwrap();
    sandbox.wkit("compose shop.wac --deps-dir vendor -o out.wasm").ok();
    sandbox.wkit("compose shop.wac --deps-dir nowhere").golden("script-no-deps-dir");
}

#[test]
fn packages_by_argument() {
    let sandbox = sandbox();
    std::fs::rename(sandbox.path("deps/shop"), sandbox.path("build")).unwrap();
    sandbox.wkit("compose shop.wac --offline").golden("script-unknown-packages");
    sandbox.wkit("compose shop.wac --dep shop:log=build/log.wasm --dep shop:app=build/app.wasm").ok();
    let one = "compose shop.wac --dep shop:log=build/log.wasm --dep shop:app=build/app.wasm --dep shop:apq=build/app.wasm";
    sandbox.wkit(one).golden("script-unused-dep");
    sandbox.wkit("compose shop.wac --dep build/app.wasm").golden("script-bad-dep");
    sandbox
        .wkit(
            "compose shop.wac --dep shop:log=build/log.wasm --dep shop:app=build/app.wasm -o build/app.wasm",
        )
        .golden("script-overwrites");
}

/// The members of a project are packages whose namespace is the project's name.
#[test]
fn packages_of_the_project() {
    let sandbox = sandbox();
    std::fs::rename(sandbox.path("deps/shop"), sandbox.path("build")).unwrap();
    let project = |name: &str| format!("[project]\nname = \"{name}\"\n[components.log]\n[components.app]\n");
    sandbox.write("wkit.toml", project("shop"));
    sandbox.wkit("compose shop.wac --no-build").ok();
    sandbox.write("wkit.toml", project("other"));
    sandbox.wkit("compose shop.wac --no-build --dep shop:log=log --dep shop:app=app").ok();
    sandbox.write("wkit.toml", project("shop"));
    sandbox.write("shop.wac", SCRIPT.replace("shop:log", "shop:lag"));
    sandbox.wkit("compose shop.wac --no-build").golden("script-unknown-member");
}

#[test]
fn packages_of_a_registry() {
    let sandbox = sandbox();
    let registry = TestRegistry::start();
    let host = registry.host();
    sandbox.wkit(&format!("publish deps/shop/app.wasm --as {host}/app:1.0.0")).ok();
    std::fs::remove_file(sandbox.path("deps/shop/app.wasm")).unwrap();
    sandbox.wkit(&format!("compose shop.wac --dep shop:app={host}/app:1.0.0")).ok();
}

#[test]
fn wit_is_a_package_too() {
    let sandbox = sandbox();
    let script = "package shop:all targets shop:worlds/runner@0.1.0;
import clock: func() -> u64;
let log = new shop:log {};
let app = new shop:app { ...log, clock };
export app.run;
";
    sandbox.write("fits.wac", script);
    sandbox.wkit("compose fits.wac --dep shop:worlds@0.1.0=wit").ok();
    sandbox.write("deps/shop/worlds/0.1.0.wit", std::fs::read(sandbox.path("wit/shop.wit")).unwrap());
    sandbox.wkit("compose fits.wac").ok();
    sandbox.write("misfits.wac", script.replace("runner", "server"));
    sandbox.wkit("compose misfits.wac").golden("script-misfits");
}

#[test]
fn what_is_wrong_has_a_place() {
    let sandbox = sandbox();
    sandbox.write("wrong.wac", SCRIPT.replace("...log, ...", "logs: log.lok"));
    sandbox.wkit("compose wrong.wac").golden("script-wrong");
    sandbox.write("syntax.wac", SCRIPT.replace("{};", "{}"));
    sandbox.wkit("compose syntax.wac").golden("script-syntax");
    sandbox.wkit("compose gone.wac").golden("script-gone");
    sandbox.write("binary.wac", b"package a:b;\n\xff\n");
    sandbox.wkit("compose binary.wac").golden("script-binary");
    sandbox.wkit("compose shop.wac --plug deps/shop/log.wasm").golden("script-with-plugs");
    sandbox.wkit("compose deps/shop/app.wasm -o out.wasm").golden("compose-no-plugs");
    sandbox.write("alone.wasm", component("export other: func();"));
    sandbox.wkit("compose deps/shop/app.wasm --plug alone.wasm -o out.wasm").golden("compose-no-plug-fits");
}

#[test]
fn targets() {
    let sandbox = sandbox();
    sandbox.wkit("compose shop.wac --targets wit#runner").ok();
    sandbox.wkit("compose shop.wac -o no.wasm --targets wit#server").golden("targets-compose");
    assert!(!sandbox.path("no.wasm").exists());
    sandbox.wkit("inspect shop.wasm --targets wit --world runner").golden("targets-fits");
    sandbox.wkit("inspect shop.wasm --targets wit/shop.wit --world server").golden("targets-misfits");
    let json = sandbox.wkit("inspect shop.wasm --targets wit#server --format json");
    assert_eq!(json.code, Some(1));
    json.golden("targets-misfits-json");
    sandbox.wkit("inspect shop.wasm --targets wit").golden("targets-several-worlds");
    sandbox.wkit("inspect shop.wasm --targets shop.wasm").golden("targets-no-wit");
}

#[test]
fn what_a_script_leaves_open_can_be_refused() {
    let sandbox = sandbox();
    sandbox.wkit("compose shop.wac --complete").golden("script-incomplete");
    assert!(!sandbox.path("shop.wasm").exists());
    sandbox.wkit("compose shop.wac --allow-open other:*").golden("script-not-allowed");
    sandbox.wkit("compose shop.wac --allow-open clo*").ok();
    // What a statement imports is meant to stay open.
    let stated =
        SCRIPT.replace("let app", "import clock: func() -> u64; let app").replace(", ...", ", clock");
    sandbox.write("stated.wac", stated);
    sandbox.wkit("compose stated.wac --complete").ok();
}

#[test]
fn what_a_script_leaves_open_can_be_filled_with_stubs() {
    let sandbox = sandbox();
    sandbox.wkit("compose shop.wac --stub-missing --complete").golden("script-stubs");
    assert!(decoded(&sandbox, "shop.wasm").imports.is_empty());
    sandbox.wkit("graph shop.wasm").golden("script-stubs-graph");
    sandbox.wkit("compose shop.wac --stub-missing --format json").golden("script-stubs-json");
    sandbox.wkit("compose shop.wac --stub-missing --stub-import other -o none.wasm").ok();
    sandbox.wkit("compose shop.wac -o plain.wasm").ok();
    let read = |name: &str| std::fs::read(sandbox.path(name)).unwrap();
    assert_eq!(read("none.wasm"), read("plain.wasm"), "nothing to fill, nothing changed");

    // An instance of the script may be called like a stub, and a statement's import is left alone.
    let stated = "package shop:all;\nimport shop-log as log: interface { write: func(line: string); };
let stub = new shop:app { \"shop:log/log@0.1.0\": shop-log, ... };\nexport stub...;\n";
    sandbox.write("stated.wac", stated.replace("shop-log as log", "shop-log as \"shop:log/log@0.1.0\""));
    sandbox.wkit("compose stated.wac --stub-missing=default").golden("script-stubs-stated");
    let imports = decoded(&sandbox, "stated.wasm").imports;
    assert_eq!(imports.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["shop:log/log@0.1.0"]);
}

fn decoded(sandbox: &Sandbox, name: &str) -> wkit_interface::Surface {
    wkit_interface::decode(&std::fs::read(sandbox.path(name)).unwrap()).unwrap()
}

#[test]
fn packages_of_a_script_can_be_denied_capabilities() {
    let sandbox = Sandbox::new();
    sandbox.write("deps/tool/probe.wasm", prebuilt::probe());
    sandbox.write("deps/tool/other.wasm", component("export other: func();"));
    let script = "package tool:all;\nlet other = new tool:other {};\nlet probe = new tool:probe { ... };
export probe...;\nexport other.other;\n";
    sandbox.write("all.wac", script);
    let said = |options: &str, line: &str| {
        sandbox.wkit(&format!("compose all.wac {options}")).ok();
        sandbox.wkit(&format!("run all.wasm --env A=1 -- {line}")).stdout.trim_end().to_owned()
    };
    assert_eq!(said("", "env"), "A=1");
    for options in
        ["--deny env", "--deny probe:env", "--deny tool:probe:env", "--deny tool:probe:wasi:sockets,env"]
    {
        assert_eq!(said(options, "env"), "", "{options}");
    }
    assert_eq!(said("--deny other:env", "env"), "A=1");
    sandbox.wkit("compose all.wac --deny probe:env").golden("script-deny");
    sandbox.wkit("compose all.wac --deny tool:prob:env").golden("script-deny-unknown");
    sandbox.wkit("compose all.wac --deny probe:env --stub-missing --stub-import wasi:* -o closed.wasm").ok();
    assert!(decoded(&sandbox, "closed.wasm").imports.iter().all(|item| item.functions.is_empty()));
}

/// What a script says itself is no option; the message says how to write it.
#[test]
fn wiring_options_of_a_script() {
    let sandbox = sandbox();
    for (name, options) in [
        ("instance", "--instance a=b"),
        ("each", "--each log"),
        ("wire", "--wire app.log=log"),
        ("export", "--export run"),
        ("leave-open", "--leave-open clock"),
    ] {
        sandbox.wkit(&format!("compose shop.wac {options}")).golden(&format!("script-with-{name}"));
    }
    assert!(!sandbox.path("shop.wasm").exists());
}
