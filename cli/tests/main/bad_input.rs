//! Wrong input: each message names the file, the place and the next step. The golden files are the messages.

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

const GREETER: &str = "package demo:greet@0.1.0;
interface greeting { greet: func(name: string) -> string; }
world greeter { export greeting; }
world caller { import greeting; export call: func() -> string; }
";

fn greeter() -> Vec<u8> {
    component::from_wit(GREETER, "greeter")
}

#[test]
fn a_file_that_is_not_wasm() {
    let sandbox = Sandbox::new();
    sandbox.write("notes.wasm", "these are my notes\n");
    sandbox.wkit("run notes.wasm").golden("not-wasm-run");
    sandbox.wkit("inspect notes.wasm").golden("not-wasm-inspect");
    sandbox.wkit("publish notes.wasm --as 127.0.0.1:1/demo/notes:1.0.0").golden("not-wasm-publish");
}

#[test]
fn a_file_that_is_not_there() {
    let sandbox = Sandbox::new();
    sandbox.wkit("run missing.wasm").golden("missing-file");
}

#[test]
fn a_core_module_where_a_component_is_needed() {
    let sandbox = Sandbox::new();
    sandbox.write("core.wasm", component::from_wat("(module (func (export \"run\")))"));
    sandbox.wkit("run core.wasm").golden("core-module-run");
    sandbox.wkit("inspect core.wasm").golden("core-module-inspect");
    sandbox.write("greeter.wasm", greeter());
    sandbox.wkit("compose greeter.wasm --plug core.wasm -o out.wasm").golden("core-module-compose");
    assert!(!sandbox.path("out.wasm").exists());
}

#[test]
fn a_truncated_component() {
    let sandbox = Sandbox::new();
    let bytes = greeter();
    sandbox.write("half.wasm", &bytes[..bytes.len() / 2]);
    sandbox.wkit("run half.wasm").golden("truncated-run");
    sandbox.wkit("inspect half.wasm").golden("truncated-inspect");
}

#[test]
fn an_unknown_package_and_an_unknown_version() {
    let registry = TestRegistry::start();
    let sandbox = Sandbox::new();
    sandbox.write("greeter.wasm", greeter());
    let host = registry.host();
    sandbox.write("wkit.toml", format!("[project]\nname = \"demo\"\n[registries]\ndemo = \"{host}\"\n"));
    sandbox.wkit("run demo:nothing@1.0.0").replace(&host, "[registry]").golden("unknown-package");
    sandbox.wkit("run other:thing@1.0.0").replace(&host, "[registry]").golden("unknown-namespace");
    sandbox.wkit("publish greeter.wasm --as demo:greet@0.1.0").ok();
    sandbox.wkit("pull demo:greet@0.2.0").replace(&host, "[registry]").golden("unknown-version");
    let words = ["pull", &format!("{host}/demo/greet:nope")];
    sandbox.wkit_words(&words, &[]).replace(&host, "[registry]").golden("unknown-tag");
}

#[test]
fn a_registry_that_answers_other_bytes_than_the_digest_says() {
    let registry = TestRegistry::start();
    let sandbox = Sandbox::new();
    let bytes = greeter();
    sandbox.write("greeter.wasm", &bytes);
    let host = registry.host();
    let reference = format!("{host}/demo/greet:0.1.0");
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &reference], &[]).ok();
    registry.tamper_with_blob(&bytes);
    sandbox
        .wkit_words(&["pull", &reference, "-o", "out.wasm"], &[])
        .replace(&host, "[registry]")
        .golden("wrong-digest");
    assert!(!sandbox.path("out.wasm").exists());
}

#[test]
fn a_registry_that_is_down() {
    let sandbox = Sandbox::new();
    // The port was free a moment ago and nothing listens on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reference = format!("127.0.0.1:{port}/demo/greet:0.1.0");
    sandbox.wkit_words(&["run", &reference], &[]).replace(port.to_string(), "[port]").golden("registry-down");
}

#[test]
fn a_version_that_is_published_already() {
    let registry = TestRegistry::start();
    let sandbox = Sandbox::new();
    let host = registry.host();
    let reference = format!("{host}/demo/greet:0.1.0");
    sandbox.write("greeter.wasm", greeter());
    sandbox.write("caller.wasm", component::from_wit(GREETER, "caller"));
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &reference], &[]).ok();
    // The same bytes are no conflict.
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &reference], &[]).ok();
    sandbox
        .wkit_words(&["publish", "caller.wasm", "--as", &reference], &[])
        .replace(&host, "[registry]")
        .golden("version-exists");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let sandbox = Sandbox::new();
    sandbox.write("greeter.wasm", greeter());
    sandbox.write("caller.wasm", component::from_wit(GREETER, "caller"));
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o /dev/full").golden("disk-full");
}

#[test]
fn an_output_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    sandbox.write("greeter.wasm", greeter());
    sandbox.write("caller.wasm", component::from_wit(GREETER, "caller"));
    sandbox.write("file", "");
    sandbox.write("folder/file", "");
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o file/out.wasm").golden("output-below-a-file");
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o folder").golden("output-is-a-folder");
}

#[test]
fn a_socket_that_does_not_fit_its_plug() {
    let sandbox = Sandbox::new();
    let changed = GREETER.replace("greet: func(name: string) -> string", "greet: func(name: u32) -> string");
    sandbox.write("greeter.wasm", component::from_wit(&changed, "greeter"));
    sandbox.write("caller.wasm", component::from_wit(GREETER, "caller"));
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o out.wasm").golden("compose-mismatch");
    assert!(!sandbox.path("out.wasm").exists());
}

#[test]
fn imports_that_nobody_fills() {
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", component::from_wit(GREETER, "caller"));
    sandbox.wkit_words(&["run", "caller.wasm", "--invoke", "call()"], &[]).golden("run-missing-import");
}

#[test]
fn calls_that_make_no_sense() {
    let sandbox = Sandbox::new();
    let wit = "package demo:calc;\nworld calc { export add: func(a: u32, b: u32) -> u32; }\n";
    sandbox.write("calc.wasm", component::from_wit(wit, "calc"));
    sandbox.wkit("run calc.wasm").golden("run-no-command");
    sandbox.wkit_words(&["run", "calc.wasm", "--invoke", "sub(1, 2)"], &[]).golden("invoke-unknown");
    sandbox.wkit_words(&["run", "calc.wasm", "--invoke", "add(1)"], &[]).golden("invoke-too-few");
    sandbox.wkit_words(&["run", "calc.wasm", "--invoke", "add(1, \"two\")"], &[]).golden("invoke-wrong-type");
    sandbox.wkit_words(&["run", "calc.wasm", "--invoke", "add(1, 2"], &[]).golden("invoke-syntax");
    sandbox.write("probe.wasm", wkit_fixtures::prebuilt::probe());
    sandbox.wkit("run probe.wasm --dir nowhere::/data").golden("run-missing-folder");
    sandbox.wkit("run probe.wasm --env NOT_SET_ANYWHERE").golden("run-missing-variable");
}

#[test]
fn a_project_file_that_is_wrong() {
    let sandbox = Sandbox::new();
    sandbox.wkit("build").golden("no-project");
    for (name, text) in [
        ("toml-syntax", "[project]\nname = \"shop\"\n[components.cart\npath = \"cart\"\n"),
        ("toml-unknown-key", "[project]\nname = \"shop\"\n[components.cart]\nfolder = \"cart\"\n"),
        ("toml-missing-name", "[project]\nversion = \"0.1.0\"\n"),
        ("toml-bad-language", "[project]\nname = \"shop\"\n[components.cart]\nlanguage = \"golang\"\n"),
        ("toml-bad-package", "[project]\nname = \"shop\"\n[compose]\npackage = \"shop@1\"\n"),
        (
            "toml-bad-registry",
            "[project]\nname = \"shop\"\n[registries]\nshop = \"http://127.0.0.1:5050/x\"\n",
        ),
        (
            "toml-unknown-socket",
            "[project]\nname = \"shop\"\n[components.cart]\n[compose]\nsocket = \"kart\"\n",
        ),
    ] {
        sandbox.write("wkit.toml", text);
        sandbox.wkit("build").golden(name);
    }
    sandbox.write("wkit.toml", "[project]\nname = \"shop\"\n[components.cart]\n");
    sandbox.wkit("build").golden("missing-source-folder");
    sandbox.wkit("build kart").golden("unknown-component");
    std::fs::create_dir(sandbox.path("cart")).unwrap();
    sandbox.wkit("build").golden("unknown-language");
}

#[test]
fn references_that_are_wrong() {
    let sandbox = Sandbox::new();
    sandbox.wkit("pull demo").golden("reference-neither");
    sandbox.wkit("pull Demo:greet@1").golden("reference-bad-package");
    sandbox.wkit("pull host.example/demo:tag@sha256:12").golden("reference-bad-digest");
}
