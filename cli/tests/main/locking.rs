//! `wkit.lock`, and the commands that change what is locked.

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::inputs::{caller, greeter, project_file, publish, registry_with, shown};
use crate::support::Sandbox;

/// A project of a caller and `demo:greet` as `range` allows.
fn project(registry: &TestRegistry, range: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", caller());
    set_range(&sandbox, registry, range);
    sandbox
}

fn set_range(sandbox: &Sandbox, registry: &TestRegistry, range: &str) {
    let dependencies = format!(
        "[dependencies]\ncaller = {{ path = \"caller.wasm\" }}\ngreet = \"demo:greet{range}\"  # keep\n"
    );
    sandbox.write("wkit.toml", project_file(registry, &dependencies));
}

fn lock(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("wkit.lock")).unwrap()
}

fn composed(sandbox: &Sandbox) -> Vec<u8> {
    std::fs::read(sandbox.path("build/shop.wasm")).unwrap()
}

#[test]
fn what_is_locked_is_kept_until_it_is_updated() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    sandbox.wkit("compose").ok();
    let first = (lock(&sandbox), composed(&sandbox));
    let text = first.0.replace(&registry.host(), "[registry]");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/lock.txt");
    wkit_fixtures::golden::assert_golden(file, &text);

    // A newer version changes nothing, and nothing is written.
    publish(&registry, "0.1.2", &greeter("0.1.2"));
    let written = std::fs::metadata(sandbox.path("wkit.lock")).unwrap().modified().unwrap();
    sandbox.wkit("compose --locked").ok();
    sandbox.wkit("compose").ok();
    assert_eq!((lock(&sandbox), composed(&sandbox)), first);
    assert_eq!(std::fs::metadata(sandbox.path("wkit.lock")).unwrap().modified().unwrap(), written);

    shown(sandbox.wkit("update --dry-run"), &registry).golden("update-dry-run");
    assert_eq!(lock(&sandbox), first.0);
    shown(sandbox.wkit("update --format json"), &registry).golden("update-json");
    shown(sandbox.wkit("update"), &registry).golden("update-nothing");
    sandbox.wkit("compose --locked").ok();
    assert_ne!(composed(&sandbox), first.1);
    shown(sandbox.wkit("update demo:tax"), &registry).golden("update-unknown");
}

#[test]
fn only_what_is_named_is_updated() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    let host = registry.host();
    let publish_other = |version: &str| {
        sandbox.write("other.wasm", greeter(version));
        let reference = format!("{host}/demo/other:{version}");
        sandbox.wkit_words(&["publish", "other.wasm", "--as", &reference], &[]).ok();
    };
    publish_other("1.0.0");
    sandbox.wkit_words(&["add", "demo:other@^1"], &[]).ok();
    publish_other("1.1.0");
    publish(&registry, "0.1.1", &greeter("0.1.1"));
    assert_eq!(sandbox.wkit("update other").ok().stdout, "demo:other 1.0.0 → 1.1.0\n");
    assert_eq!(sandbox.wkit("update demo:greet").ok().stdout, "demo:greet 0.1.0 → 0.1.1\n");
}

#[test]
fn a_tag_that_moved() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    sandbox.wkit("compose").ok();
    let locked = (lock(&sandbox), composed(&sandbox));
    publish(&registry, "0.1.0", &greeter("0.1.99"));
    for (line, golden) in [("compose", "tag-moved"), ("compose --locked", "tag-moved-locked")] {
        shown(sandbox.wkit(line), &registry).golden(golden);
    }
    assert_eq!((lock(&sandbox), composed(&sandbox)), locked, "nothing is touched");
    // Offline what is locked is at hand.
    sandbox.wkit("compose --offline").ok();
    assert_eq!(composed(&sandbox), locked.1);
    shown(sandbox.wkit("update demo:greet"), &registry).golden("tag-moved-accepted");
    sandbox.wkit("compose --locked").ok();
    assert_ne!(composed(&sandbox), locked.1);
}

#[test]
fn demands_that_do_not_agree() {
    let registry = registry_with(&["0.1.0", "0.1.1", "0.1.2"]);
    let sandbox = project(&registry, "@=0.1.0");
    let file = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    sandbox.write("wkit.toml", file + "other = \"demo:greet@>=0.1.1, <0.2\"\n");
    shown(sandbox.wkit("compose"), &registry).golden("demands-conflict");
    assert!(!sandbox.path("wkit.lock").exists());
    shown(
        sandbox.wkit("compose caller.wasm --plug demo:greet@0.1.0 --plug b=demo:greet@^0.1.1 -o out.wasm"),
        &registry,
    )
    .golden("demands-conflict-plugs");
}

#[test]
fn every_kind_of_drift_is_refused() {
    let registry = registry_with(&["0.1.0", "0.1.2"]);
    let sandbox = project(&registry, "@^0.1.0");
    let refused = |golden: &str| {
        let lock = std::fs::read(sandbox.path("wkit.lock")).ok();
        shown(sandbox.wkit("compose --locked"), &registry).golden(golden);
        assert_eq!(std::fs::read(sandbox.path("wkit.lock")).ok(), lock, "{golden}");
    };
    refused("drift-missing");
    sandbox.wkit("compose").ok();
    sandbox.wkit("compose --locked").ok();

    set_range(&sandbox, &registry, "@=0.1.0");
    refused("drift-version");
    set_range(&sandbox, &registry, "@^0.1");
    refused("drift-range");
    sandbox
        .write("wkit.toml", project_file(&registry, "[dependencies]\ncaller = { path = \"caller.wasm\" }\n"));
    refused("drift-removed");
    set_range(&sandbox, &registry, "@^0.1.0");
    sandbox.write(
        "caller.wasm",
        component::from_wit(
            "package demo:greet@0.1.1; interface greeting { greet: func(name: string) -> string; } \
         world caller { import greeting; export call: func() -> string; }",
            "caller",
        ),
    );
    refused("drift-file");
}

#[test]
fn offline_the_cache_and_the_lock_do() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    shown(sandbox.wkit("compose --offline"), &registry).golden("offline-nothing");
    sandbox.wkit("compose").ok();
    let first = composed(&sandbox);
    let host = registry.host();
    drop(registry);
    sandbox.wkit("compose --offline --locked").ok();
    assert_eq!(composed(&sandbox), first);
    // A registry that cannot be reached is no reason to stop, but CI has to know.
    sandbox.wkit("compose").replace(&host, "[registry]").golden("unreachable");
    let ran = sandbox.wkit("compose --locked");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    std::fs::remove_dir_all(sandbox.path("home/.cache/wkit/artifacts")).unwrap();
    sandbox.wkit("compose --offline").replace(&host, "[registry]").golden("offline-not-cached");
}

#[test]
fn a_damaged_lock() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    sandbox.wkit("compose").ok();
    let whole = lock(&sandbox);
    for (golden, text) in [
        ("lock-conflict", whole.replace("[[package]]\n", "<<<<<<< HEAD\n[[package]]\n")),
        ("lock-damaged", whole.replace("name = \"demo:greet\"\n", "name = demo:greet\n")),
        ("lock-newer", whole.replace("version = 1\n", "version = 9\n")),
    ] {
        sandbox.write("wkit.lock", &text);
        shown(sandbox.wkit("compose"), &registry).golden(golden);
        assert_eq!(lock(&sandbox), text);
    }
}

#[test]
fn dependencies_come_and_go_by_command() {
    let registry = registry_with(&["0.1.0", "0.1.2", "0.2.0-rc.1"]);
    let sandbox = Sandbox::new();
    sandbox.write("vendor/caller.wasm", caller());
    let before = project_file(
        &registry,
        "# what others have built\n[compose]\n# for everybody\npackage = \"shop:app@0.1.0\"\n",
    );
    sandbox.write("wkit.toml", &before);
    shown(sandbox.wkit("add ./vendor/caller.wasm"), &registry).golden("add-file");
    shown(sandbox.wkit("add demo:greet"), &registry).golden("add-package");
    let file = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    let added = "[dependencies]\ncaller = { path = \"vendor/caller.wasm\" }\ngreet = \"demo:greet@^0.1.2\"\n";
    assert!(file.contains(added), "{file}");
    assert!(file.starts_with(&before), "{file}");
    sandbox.wkit("compose --locked").ok();

    // Another range of the same name takes the place of the old one.
    sandbox.wkit("add demo:greet@=0.1.0").ok();
    assert!(lock(&sandbox).contains("version = \"0.1.0\""));
    sandbox.wkit("add demo:greet@^0.1 --name second").ok();

    sandbox.wkit("remove second").ok();
    shown(sandbox.wkit("remove second"), &registry).golden("remove-unknown");
    sandbox.wkit("remove greet").ok();
    sandbox.wkit("remove caller").ok();
    assert_eq!(std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap(), before);

    shown(sandbox.wkit("add demo:greet@^7"), &registry).golden("add-no-version");
    shown(sandbox.wkit("add demo:nothing"), &registry).golden("add-no-package");
    shown(sandbox.wkit("add greet"), &registry).golden("add-no-reference");
    assert_eq!(
        std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap(),
        before,
        "a failure changes nothing"
    );
}

#[test]
fn what_a_wire_needs_is_not_removed() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    let file = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    sandbox.write("wkit.toml", file + "[compose]\nsocket = \"caller\"\n");
    let ran = sandbox.wkit("remove caller");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("socket = \"caller\""), "{}", ran.stderr);
    assert!(std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap().contains("caller.wasm"));
}

#[test]
fn references_are_locked_by_digest() {
    let registry = registry_with(&["edge"]);
    let sandbox = Sandbox::new();
    sandbox.write("caller.wasm", caller());
    let reference = format!("{}/demo/greet:edge", registry.host());
    let dependencies = format!(
        "[dependencies]\ncaller = {{ path = \"caller.wasm\" }}\ngreet = {{ reference = \"{reference}\" }}\n"
    );
    sandbox.write("wkit.toml", project_file(&registry, &dependencies));
    sandbox.wkit("compose").ok();
    let first = lock(&sandbox);
    publish(&registry, "edge", &greeter("0.1.1"));
    let ran = sandbox.wkit("compose");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("is not what it was when it was locked"), "{}", ran.stderr);
    sandbox.wkit("update greet").ok();
    assert_ne!(lock(&sandbox), first);
    sandbox.wkit("compose --locked").ok();
}

#[test]
fn a_composition_is_published_as_it_was_locked() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = project(&registry, "@^0.1");
    let file = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    sandbox.write("wkit.toml", file + "[compose]\npackage = \"demo:shop@0.1.0\"\n");
    sandbox.wkit("compose").ok();
    sandbox.write(
        "wkit.toml",
        std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap().replace("@^0.1", "@=0.1.0"),
    );
    let ran = sandbox.wkit("publish --locked");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("`wkit.lock` does not fit"), "{}", ran.stderr);
    sandbox.wkit("compose").ok();
    sandbox.wkit("publish --locked").ok();
}

#[test]
fn a_wit_package_that_is_a_dependency_is_implemented() {
    let registry = registry_with(&[]);
    let sandbox = Sandbox::new();
    let wit = component::wit_package(
        "package demo:rates@0.1.0; interface rates { rate: func() -> u32; } world it { export rates; }",
    );
    sandbox.write("rates.wasm", wit);
    let reference = format!("{}/demo/rates:0.1.0", registry.host());
    sandbox.wkit_words(&["publish", "rates.wasm", "--as", &reference], &[]).ok();
    sandbox.write("wkit.toml", project_file(&registry, ""));
    shown(sandbox.wkit("add demo:rates"), &registry).golden("add-wit-package");
    sandbox.wkit("new tax --lang rust --wit rates").ok();
    let found = std::fs::read_to_string(sandbox.path("tax/src/lib.rs")).unwrap();
    assert!(found.contains("fn rate()"), "{found}");
}

#[test]
fn what_a_script_asks_for_is_locked() {
    let registry = registry_with(&["0.1.0"]);
    let sandbox = Sandbox::new();
    sandbox.write("deps/it/caller.wasm", caller());
    sandbox.write("wkit.toml", project_file(&registry, ""));
    sandbox.write(
        "app.wac",
        "package it:app;\nlet greet = new demo:greet {};\nlet caller = new it:caller { ...greet };\nexport caller...;\n",
    );
    let composed = || std::fs::read(sandbox.path("app.wasm")).unwrap();
    shown(sandbox.wkit("compose app.wac --locked"), &registry).golden("script-not-locked");
    sandbox.wkit("compose app.wac").ok();
    let first = (lock(&sandbox), composed());
    assert!(first.0.contains("demands = [\"app.wac: demo:greet\"]"), "{}", first.0);

    publish(&registry, "0.1.2", &greeter("0.1.2"));
    sandbox.wkit("compose app.wac --locked").ok();
    assert_eq!((lock(&sandbox), composed()), first);
    sandbox.wkit("update").ok();
    sandbox.wkit("compose app.wac --locked").ok();
    assert_ne!(composed(), first.1);

    // One that the registry does not have is shown in the script, whatever else is asked for.
    let script = std::fs::read_to_string(sandbox.path("app.wac")).unwrap();
    sandbox.write("app.wac", script + "let other = new demo:other {};\n");
    shown(sandbox.wkit("compose app.wac"), &registry).golden("script-one-of-two");
}

/// What `wkit update` says of the lock is what became of it.
#[test]
fn update_says_what_becomes_of_the_lock() {
    let sandbox = Sandbox::new();
    let lock = sandbox.path("wkit.lock");
    sandbox.write("wkit.toml", "[project]\nname = \"shop\"\n");
    sandbox.wkit("update").golden("update-nothing-to-lock");
    assert!(!lock.exists());
    sandbox.write("caller.wasm", caller());
    sandbox.write(
        "wkit.toml",
        "[project]\nname = \"shop\"\n[dependencies]\ncaller = { path = \"caller.wasm\" }\n",
    );
    sandbox.wkit("update --dry-run").golden("update-would-write");
    assert!(!lock.exists());
    sandbox.wkit("update").golden("update-wrote");
    assert!(lock.is_file());
    assert!(sandbox.wkit("update").ok().stderr.contains("unchanged `wkit.lock`"));
    // Another file under the same path is no other version.
    sandbox.write("caller.wasm", greeter("0.1.0"));
    sandbox.wkit("update --dry-run").golden("update-would-change");
    sandbox.wkit("update --format json").golden("update-changed-json");
    assert!(sandbox.wkit("update --format json").ok().stdout.contains("\"written\": false"));
    std::fs::remove_file(sandbox.path("wkit.lock")).unwrap();
    sandbox.write("wkit.toml", "[project]\nname = \"shop\"\n");
    sandbox.wkit("update").golden("update-nothing-to-lock");
}
