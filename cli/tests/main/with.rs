//! `wkit run --with`: linked when it is run.

use wkit_fixtures::component::from_wat;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

/// Exports what its import gives.
const APP: &str = r#"(component
    (import "demo:num/source@0.1.0" (instance $source (export "get" (func (result u32)))))
    (alias export $source "get" (func $get))
    (export "call" (func $get)))"#;

/// Gives a number.
fn source(number: u32) -> Vec<u8> {
    from_wat(&format!(
        r#"(component
            (core module $m (func (export "get") (result i32) i32.const {number}))
            (core instance $i (instantiate $m))
            (func $get (result u32) (canon lift (core func $i "get")))
            (instance $source (export "get" (func $get)))
            (export "demo:num/source@0.1.0" (instance $source)))"#
    ))
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("app.wasm", from_wat(APP));
    sandbox.write("seven.wasm", source(7));
    sandbox.write("eight.wasm", source(8));
    sandbox
}

fn run(sandbox: &Sandbox, app: &str, with: &[&str]) -> String {
    let mut words = vec!["run", app, "--invoke", "call()"];
    words.extend(with.iter().flat_map(|with| ["--with", with]));
    sandbox.wkit_words(&words, &[]).ok().stdout
}

fn kept(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let folder = sandbox.path("home/.cache/wkit/composed");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn components_are_linked_when_they_are_run() {
    let sandbox = sandbox();
    assert_eq!(run(&sandbox, "app.wasm", &["seven.wasm"]), "7\n");
    assert_eq!(run(&sandbox, "app.wasm", &["eight.wasm"]), "8\n");
    assert_eq!(kept(&sandbox).len(), 2);
    sandbox.write("seven.wasm", source(77));
    assert_eq!(run(&sandbox, "app.wasm", &["seven.wasm"]), "77\n", "other bytes are another composition");
}

#[test]
fn the_second_run_composes_nothing() {
    let sandbox = sandbox();
    assert_eq!(run(&sandbox, "app.wasm", &["seven.wasm"]), "7\n");
    let [file] = kept(&sandbox).try_into().unwrap();
    let whole = std::fs::read(&file).unwrap();

    // What is kept under the name of one composition is run as it is: here another one, whose digest fits.
    assert_eq!(run(&sandbox, "app.wasm", &["eight.wasm"]), "8\n");
    let other = kept(&sandbox).into_iter().find(|other| *other != file).unwrap();
    std::fs::copy(&other, &file).unwrap();
    assert_eq!(run(&sandbox, "app.wasm", &["seven.wasm"]), "8\n");

    // What is damaged is made again.
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(run(&sandbox, "app.wasm", &["seven.wasm"]), "7\n");
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

#[test]
fn runs_at_the_same_time() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..4).map(|_| scope.spawn(|| run(&sandbox, "app.wasm", &["seven.wasm"]))).collect();
        for ran in runs {
            assert_eq!(ran.join().unwrap(), "7\n");
        }
    });
    assert_eq!(kept(&sandbox).len(), 1);
}

#[test]
fn from_a_registry_and_without_it() {
    let registry = TestRegistry::start();
    let sandbox = sandbox();
    let host = registry.host();
    sandbox.write("wkit.toml", format!("[project]\nname = \"demo\"\n[registries]\ndemo = \"{host}\"\n"));
    for (file, package) in [("app.wasm", "demo:app@1.0.0"), ("seven.wasm", "demo:seven@1.2.0")] {
        sandbox.wkit_words(&["publish", file, "--as", package], &[]).ok();
    }
    assert_eq!(run(&sandbox, "demo:app", &["demo:seven@^1"]), "7\n");
    assert_eq!(run(&sandbox, &format!("{host}/demo/app:1.0.0"), &["eight.wasm"]), "8\n");
    drop(registry);
    let words = ["run", "demo:app", "--offline", "--invoke", "call()", "--with", "demo:seven@^1"];
    assert_eq!(sandbox.wkit_words(&words, &[]).ok().stdout, "7\n");
}

#[test]
fn what_is_of_no_use() {
    let sandbox = sandbox();
    let other = from_wat(r#"(component (core module))"#);
    sandbox.write("other.wasm", other);
    sandbox.wkit("run app.wasm --with seven.wasm --with other.wasm").golden("with-unused");
    let served = sandbox.wkit("serve app.wasm --with seven.wasm --with other.wasm");
    assert!(
        served.stderr.starts_with("error: not all of `--with` is of use to `app.wasm`"),
        "{}",
        served.stderr
    );
    sandbox.wkit("run app.wasm --with seven.wasm --with missing.wasm").golden("with-missing");
    sandbox.write("other/seven.wasm", source(9));
    sandbox.wkit("run app.wasm --with seven.wasm --with other/seven.wasm").golden("with-one-name");
}
