//! What works, command by command: composing, inspecting, publishing, pulling, running.

use std::io::Write as _;
use std::process::Stdio;

use wkit_fixtures::registry::TestRegistry;
use wkit_fixtures::{component, prebuilt};

use crate::support::Sandbox;

const WIT: &str = "package demo:greet@0.1.0;
interface greeting { greet: func(name: string) -> string; }
world greeter { export greeting; }
world caller { import greeting; export call: func() -> string; }
";

fn with_guests() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("probe.wasm", prebuilt::probe());
    sandbox.write("calc.wasm", prebuilt::calc());
    sandbox.write("tide.wasm", prebuilt::tide());
    sandbox
}

#[test]
fn composing_says_what_was_wired() {
    let sandbox = Sandbox::new();
    sandbox.write("greeter.wasm", component::from_wit(WIT, "greeter"));
    sandbox.write("caller.wasm", component::from_wit(WIT, "caller"));
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o one.wasm").golden("compose");
    sandbox.wkit("compose caller.wasm --plug greeter.wasm -o two.wasm --format json").golden("compose-json");
    assert_eq!(
        std::fs::read(sandbox.path("one.wasm")).unwrap(),
        std::fs::read(sandbox.path("two.wasm")).unwrap()
    );
    sandbox.wkit("inspect one.wasm").golden("inspect");
    sandbox.wkit("inspect one.wasm --format wit").golden("inspect-wit");
    sandbox.wkit("inspect greeter.wasm --format json").golden("inspect-json");
}

#[test]
fn a_wit_package_is_inspected_too() {
    let sandbox = Sandbox::new();
    sandbox.write("greet.wasm", component::wit_package(WIT));
    sandbox.wkit("inspect greet.wasm").golden("inspect-wit-package");
    sandbox.wkit("publish greet.wasm --as demo:greet@0.1.0 --dry-run").golden("publish-wit-dry-run");
}

#[test]
fn published_and_pulled_by_tag_by_digest_and_by_name() {
    let registry = TestRegistry::start();
    let sandbox = with_guests();
    let host = registry.host();
    sandbox.write("wkit.toml", format!("[project]\nname = \"demo\"\n[registries]\ndemo = \"{host}\"\n"));

    sandbox.wkit("publish calc.wasm --as demo:calc@1.0.0 --dry-run --format json").golden("publish-dry-run");
    let published = sandbox.wkit("publish calc.wasm --as demo:calc@1.0.0").ok();
    let reference = published.stdout.trim().to_owned();
    assert!(reference.starts_with(&format!("{host}/demo/calc:1.0.0@sha256:")), "{reference}");
    published.replace(&host, "[registry]").golden("publish");

    for (number, name) in ["demo:calc@1.0.0", "demo:calc", "demo:calc@^1", &reference].iter().enumerate() {
        let output = format!("out-{number}.wasm");
        sandbox.wkit_words(&["pull", name, "-o", &output], &[]).ok();
        assert_eq!(std::fs::read(sandbox.path(&output)).unwrap(), prebuilt::calc(), "{name}");
    }
    sandbox.wkit("pull demo:calc@1.0.0").replace(&host, "[registry]").golden("pull");
    assert!(sandbox.path("calc.wasm").is_file());

    // To a pipe, byte for byte.
    let output =
        sandbox.command(env!("CARGO_BIN_EXE_wkit")).args(["pull", "demo:calc", "-o", "-"]).output().unwrap();
    assert_eq!(output.stdout, prebuilt::calc());

    // Run by reference, and once more when the registry is gone.
    let run = ["run", &reference, "--invoke", "add(1, 2)"];
    assert_eq!(sandbox.wkit_words(&run, &[]).ok().stdout, "3\n");
    drop(registry);
    let offline = ["run", &reference, "--offline", "--invoke", "add(1, 2)"];
    assert_eq!(sandbox.wkit_words(&offline, &[]).ok().stdout, "3\n");
}

#[test]
fn a_registry_is_found_by_wkgs_configuration() {
    let registry = TestRegistry::start();
    let sandbox = with_guests();
    let text = format!("[namespace_registries]\ndemo = \"{}\"\n", registry.host());
    sandbox.write("home/.config/wasm-pkg/config.toml", text);
    sandbox.wkit("publish calc.wasm --as demo:calc@1.0.0").ok();
    sandbox.wkit("pull demo:calc@1.0.0 -o out.wasm").ok();
    assert_eq!(std::fs::read(sandbox.path("out.wasm")).unwrap(), prebuilt::calc());
}

#[test]
fn a_guest_gets_what_it_is_granted_and_nothing_else() {
    let sandbox = with_guests();
    sandbox.write("data/note.txt", "from the host");
    let run = |line: &str| sandbox.wkit(&format!("run probe.wasm {line}"));

    assert_eq!(run("-- args a b").ok().stdout, "a|b\n");
    assert_eq!(run("-- env").ok().stdout, "\n");
    assert_eq!(run("--env COLOUR=red --env SIZE=3 -- env").ok().stdout, "COLOUR=red|SIZE=3\n");
    let refused = run("-- cat /data/note.txt");
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("refused"), "{}", refused.stderr);
    assert_eq!(run("--dir data::/data -- cat /data/note.txt").ok().stdout, "from the host\n");
    assert_ne!(run("--dir data::/data:ro -- write /data/note.txt changed").code, Some(0));
    assert_eq!(std::fs::read(sandbox.path("data/note.txt")).unwrap(), b"from the host");
    run("--dir data::/data -- write /data/note.txt changed").ok();
    assert_eq!(std::fs::read(sandbox.path("data/note.txt")).unwrap(), b"changed");
    assert_ne!(run("-- connect 127.0.0.1:1").code, Some(0));
}

#[test]
fn stdin_goes_to_the_guest() {
    let sandbox = with_guests();
    for guest in ["probe.wasm", "tide.wasm"] {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_wkit"));
        command.args(["run", guest, "--", "stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"high water").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), "high water", "{guest}");
    }
}

#[test]
fn exit_codes_are_the_guests_own() {
    let sandbox = with_guests();
    assert_eq!(sandbox.wkit("run probe.wasm -- fail").code, Some(1));
    assert_eq!(sandbox.wkit("run tide.wasm -- exit 7").code, Some(7));
    assert_eq!(sandbox.wkit("run tide.wasm -- exit ok").code, Some(0));
    let trapped = sandbox.wkit("run tide.wasm -- trap");
    assert_eq!(trapped.code, Some(134));
    assert!(trapped.stderr.starts_with("error: `tide.wasm` trapped\n"), "{}", trapped.stderr);
    assert_eq!(sandbox.wkit_words(&["run", "calc.wasm", "--invoke", "crash()"], &[]).code, Some(134));
    assert_eq!(sandbox.wkit("run").code, Some(2));
}

#[test]
fn exports_are_called_with_wave() {
    let sandbox = with_guests();
    let call = |call: &str| sandbox.wkit_words(&["run", "calc.wasm", "--invoke", call], &[]).ok().stdout;
    assert_eq!(call("add(1, 2)"), "3\n");
    assert_eq!(call("divide(7, 2)"), "ok(3)\n");
    assert!(call("divide(1, 0)").starts_with("err(\""));
    assert_eq!(call("mix(red, red)"), "some(red)\n");
    assert_eq!(call("area(polygon([{x: 0, y: 0}, {x: 2, y: 0}, {x: 2, y: 2}]))"), "ok(2)\n");
    // Two interfaces export a function of this name.
    let words = ["run", "calc.wasm", "--invoke", "scale(2)"];
    sandbox.wkit_words(&words, &[]).golden("invoke-ambiguous");
}
