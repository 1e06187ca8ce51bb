//! What a person meets who builds Rust.

use std::os::unix::fs::PermissionsExt;

use wkit_fixtures::tools;

use crate::support::{Ran, Sandbox, available};

const WIT: &str = "package demo:calc@0.1.0;

interface log {
    write: func(text: string);
}

world calc {
    export add: func(a: u32, b: u32) -> u32;
}

world chatty {
    import log;
    export add: func(a: u32, b: u32) -> u32;
}
";

/// A component with the bindings that people use. Manifest and lock file are those of the pairing matrix.
fn calc() -> Sandbox {
    let sandbox = Sandbox::with_toolchains();
    let package = tools::repository().join("fixtures/pairs/rust/provider");
    for file in ["Cargo.toml", "Cargo.lock"] {
        sandbox.write(&format!("calc/{file}"), std::fs::read(package.join(file)).unwrap());
    }
    sandbox.write("wkit.toml", "[project]\nname = \"demo\"\n[components.calc]\n");
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

fn build(sandbox: &Sandbox, generate: &str, rest: &str) -> Ran {
    let source =
        format!("wit_bindgen::generate!({{ {generate} }});\n\nstruct Calc;\n\nexport!(Calc);\n\n{rest}");
    sandbox.write("calc/src/lib.rs", source);
    sandbox.wkit("build")
}

#[test]
fn sources_that_do_not_fit_their_world() {
    if !available("rust") {
        return;
    }
    let sandbox = calc();
    let own = "path: \"../wit\", world: \"calc\"";
    let add = "impl Guest for Calc {\n    fn add(a: u32, b: u32) -> u32 {\n        a + b\n    }\n}\n";
    build(&sandbox, own, add).ok();
    let called = sandbox.wkit_words(&["run", "build/calc.wasm", "--invoke", "add(20, 22)"], &[]).ok();
    assert_eq!(called.stdout, "42\n");

    build(&sandbox, own, "impl Guest for Calc {}\n").golden("rust-not-implemented");
    let other = add.replace("b: u32", "_b: String").replace("a + b", "a");
    build(&sandbox, own, &other).golden("rust-wrong-signature");
    build(&sandbox, own, &add.replace("a + b", "a + ")).golden("rust-syntax-error");
    build(&sandbox, "path: \"../gone\", world: \"calc\"", add).golden("rust-no-wit-in-source");
    let speaking = add.replace("a + b", "demo::calc::log::write(\"adding\");\n        a + b");
    let foreign = build(&sandbox, "path: \"../wit\", world: \"chatty\"", &speaking);
    assert_eq!(foreign.code, Some(1));
    for part in [
        "the component imports `demo:calc/log@0.1.0`, which its world `calc` does not say",
        "hint: check that the sources are bound to the same WIT and the same world as `wkit.toml` says",
    ] {
        assert!(foreign.stderr.contains(part), "{}", foreign.stderr);
    }
    build(&sandbox, own, add).ok();
}

#[test]
fn wit_that_is_not_there() {
    let sandbox = calc();
    std::fs::remove_file(sandbox.path("wit/calc.wit")).unwrap();
    let ran = build(&sandbox, "path: \"../wit\", world: \"calc\"", "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no WIT in `"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: name the folder of the WIT with `wit`"), "{}", ran.stderr);
}

#[test]
fn a_toolchain_without_the_target() {
    let sandbox = calc();
    for (name, script) in [
        ("cargo", "exit 1"),
        ("rustc", "case \"$*\" in --version) echo rustc 1.99.0 ;; *) echo /nowhere/lib ;; esac"),
    ] {
        let file = sandbox.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = sandbox.path("bin").display().to_string();
    sandbox.wkit_words(&["build"], &[("PATH", &path)]).golden("rust-no-target");
    let doctor = sandbox.wkit_words(&["toolchain", "doctor"], &[("PATH", &path)]);
    doctor.replace(tools::folder().display().to_string(), "[tools]").golden("rust-no-target-doctor");
}

/// The names of results may be the same: each component keeps its own.
#[test]
fn components_of_one_package_name_do_not_mix() {
    if !available("rust") {
        return;
    }
    let sandbox = Sandbox::with_toolchains();
    sandbox.write("wkit.toml", "[project]\nname = \"demo\"\n[components.one]\n[components.two]\n");
    sandbox.write("wit/demo.wit", "package demo:demo;\nworld one {}\nworld two {}\n");
    let manifest = "[package]\nname = \"same\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    for name in ["one", "two"] {
        sandbox.write(&format!("{name}/Cargo.toml"), manifest);
        sandbox.write(&format!("{name}/src/main.rs"), format!("fn main() {{ println!(\"{name}\"); }}\n"));
    }
    // There is no lock file yet, and the second build still finds nothing new.
    let first = sandbox.wkit("build -j 2").ok();
    assert_eq!(first.stdout.matches(" built ").count(), 2, "{}", first.stdout);
    let second = sandbox.wkit("build -j 2").ok();
    assert_eq!(second.stdout.matches(" unchanged ").count(), 2, "{}", second.stdout);
    for name in ["one", "two"] {
        let ran = sandbox.wkit(&format!("run build/{name}.wasm")).ok();
        assert_eq!(ran.stdout, format!("{name}\n"));
    }
}
