//! `wkit mock` and `wkit compose --stub-missing` as a person meets them.

use wkit_fixtures::component::{from_wat, from_wit};

use crate::support::{Ran, Sandbox};

const ANSWERS: &str = "[\"demo:kv/store\"]\ncount.when = [{ args = '(4)', returns = ['21', '1'] }]\n";

/// A component whose `twice` is twice what `count` says.
fn app() -> Vec<u8> {
    from_wat(
        r#"(component
             (import "demo:kv/store@0.1.0" (instance $store
               (export "count" (func (param "of" u32) (result u32)))))
             (core func $count (canon lower (func $store "count")))
             (core module $m
               (import "store" "count" (func $count (param i32) (result i32)))
               (func (export "twice") (param i32) (result i32)
                 (i32.mul (i32.const 2) (call $count (local.get 0)))))
             (core instance $i (instantiate $m (with "store" (instance (export "count" (func $count))))))
             (func (export "twice") (param "of" u32) (result u32) (canon lift (core func $i "twice"))))"#,
    )
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("app.wasm", app());
    sandbox.write("answers.toml", ANSWERS);
    sandbox
}

/// Sizes and digests change with every engine.
fn steady(ran: Ran) -> Ran {
    let text = ran.stderr.clone();
    let digest = text.split("sha256:").nth(1).map(|rest| rest[..64].to_owned()).unwrap_or_default();
    let size = text.split('(').nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default().to_owned();
    let ran = if digest.is_empty() { ran } else { ran.replace(digest, "[digest]") };
    if size.is_empty() { ran } else { ran.replace(format!("({size})"), "([size])") }
}

#[test]
fn a_component_runs_against_stated_answers() {
    let sandbox = sandbox();
    steady(sandbox.wkit("mock app.wasm --values answers.toml -o stub.wasm").ok()).golden("mock-answers");
    sandbox.wkit("compose app.wasm --plug stub.wasm -o whole.wasm").ok();
    let ran = sandbox.wkit_words(&["run", "whole.wasm", "--invoke", "twice(4)"], &[]).ok();
    assert_eq!(ran.stdout, "42\n");
    let ran = sandbox.wkit_words(&["run", "whole.wasm", "--invoke", "twice(5)"], &[]);
    assert_eq!(ran.code, Some(134));
    let expected = "mock: demo:kv/store@0.1.0#count has no answer for these arguments";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn what_is_missing_is_stubbed_and_listed() {
    let sandbox = sandbox();
    steady(sandbox.wkit("compose app.wasm --stub-missing=default -o whole.wasm").ok()).golden("stub-missing");
    let ran = sandbox.wkit_words(&["run", "whole.wasm", "--invoke", "twice(4)"], &[]).ok();
    assert_eq!(ran.stdout, "0\n");

    let ran = sandbox.wkit("compose app.wasm --stub-missing -o whole.wasm --format json").ok();
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["stubs"][0]["import"], "demo:kv/store@0.1.0");
    assert_eq!(json["stubs"][0]["importers"][0]["instance"], "app");
    assert_eq!(json["stubs"][0]["functions"][0]["answer"], "trap");
    let ran = sandbox.wkit_words(&["run", "whole.wasm", "--invoke", "twice(4)"], &[]);
    assert_eq!(ran.code, Some(134));
    assert!(ran.stderr.contains("mock: demo:kv/store@0.1.0#count has no answer"), "{}", ran.stderr);

    let ran =
        sandbox.wkit("compose app.wasm --stub-missing --stub-import wasi:* -o open.wasm --format json").ok();
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["stubs"], serde_json::json!([]));
    assert_eq!(json["imports"][0]["name"], "demo:kv/store@0.1.0");
}

/// The test is a component too: it calls the app, and asks the stub how often it was called.
#[test]
fn a_test_component_hears_what_was_called() {
    let sandbox = sandbox();
    let test = r#"(component
        (import "twice" (func $twice (param "of" u32) (result u32)))
        (import "wkit:mock/calls@0.1.0" (instance $calls (export "total" (func (result u64)))))
        (core func $twice (canon lower (func $twice)))
        (core func $total (canon lower (func $calls "total")))
        (core module $m
          (import "" "twice" (func $twice (param i32) (result i32)))
          (import "" "total" (func $total (result i64)))
          (func (export "check") (result i64)
            (drop (call $twice (i32.const 1)))
            (drop (call $twice (i32.const 2)))
            (call $total)))
        (core instance $i (instantiate $m
          (with "" (instance (export "twice" (func $twice)) (export "total" (func $total))))))
        (func (export "check") (result u64) (canon lift (core func $i "check"))))"#;
    sandbox.write("test.wasm", from_wat(test));
    sandbox.wkit("mock app.wasm --default --record -o stub.wasm").ok();
    sandbox.wkit("compose test.wasm --plug app.wasm --plug stub.wasm -o whole.wasm").ok();
    let ran = sandbox.wkit_words(&["run", "whole.wasm", "--invoke", "check()"], &[]).ok();
    assert_eq!(ran.stdout, "2\n");
}

/// A command of WASI 0.3 with resources, maps, labels, streams, futures and async functions among what it imports.
#[test]
fn defaults_of_every_kind_reach_a_guest() {
    let sandbox = Sandbox::new();
    sandbox.write("front.wasm", wkit_fixtures::prebuilt::front());
    sandbox.wkit("compose front.wasm --stub-missing=default -o whole.wasm").ok();
    let expected = "primary ticket 0\nbackup ticket 0\nprimary ticket 0\n0 buckets, then 0, then 0\nheld {}\n\
                    lengths {}\n (0 bytes)\nrested 0 turns\n";
    assert_eq!(sandbox.wkit("run whole.wasm").ok().stdout, expected);
}

#[test]
fn a_world_is_mocked_from_its_wit() {
    let sandbox = sandbox();
    sandbox.write(
        "wit/world.wit",
        "package demo:it; interface clock { now: func() -> u64; } world app { import clock; } world tool { import clock; }",
    );
    let ran = sandbox.wkit("mock wit --world app --default --record -o stub.wasm --format json").ok();
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["mocked"], serde_json::json!(["demo:it/clock"]));
    assert_eq!(
        json["functions"],
        serde_json::json!([{ "interface": "demo:it/clock", "function": "now", "answer": "default" }])
    );
    sandbox.wkit_words(&["run", "stub.wasm", "--invoke", "demo:it/clock.now()"], &[]).ok();
    sandbox.wkit("mock wit/world.wit --world tool -o stub.wasm").ok();
    sandbox.wkit("mock wit -o stub.wasm").golden("mock-several-worlds");
    sandbox.wkit("mock wit --world tol -o stub.wasm").golden("mock-unknown-world");
}

#[test]
fn mistakes_are_explained() {
    let sandbox = sandbox();
    sandbox.write("none.wasm", from_wit("package demo:none; world it { export run: func(); }", "it"));
    sandbox.wkit("mock none.wasm -o stub.wasm").golden("mock-nothing");
    sandbox.wkit("mock app.wasm").golden("mock-no-output");
    sandbox.wkit("mock app.wasm --import demo:kv/stor -o stub.wasm").golden("mock-unknown-import");
    sandbox.write("answers.toml", "[\"demo:kv/store\"]\ncont = '1'\n");
    sandbox.wkit("mock app.wasm --values answers.toml -o stub.wasm").golden("mock-unknown-function");
    sandbox.write("answers.toml", "[\"demo:kv/store\"]\ncount = '\"many\"'\n");
    sandbox.wkit("mock app.wasm --values answers.toml -o stub.wasm").golden("mock-wrong-type");
    assert!(!sandbox.path("stub.wasm").exists());
}

#[test]
fn answers_that_are_too_long_are_not_read() {
    let sandbox = sandbox();
    let comment = |len: usize| format!("{ANSWERS}#{}", "x".repeat(len - ANSWERS.len() - 1));
    sandbox.write("answers.toml", comment(16 << 20));
    sandbox.wkit("mock app.wasm --values answers.toml -o stub.wasm").ok();
    sandbox.write("answers.toml", comment((16 << 20) + 1));
    let ran = sandbox.wkit("mock app.wasm --values answers.toml -o stub.wasm");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("expected at most 16777216 bytes, found 16777217"), "{}", ran.stderr);
}
