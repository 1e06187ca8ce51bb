//! Building JavaScript that is wrong, or without what it needs.

use crate::support::{Sandbox, available};

const WIT: &str = "package demo:greeter@0.1.0;
interface greet { greet: func(name: string) -> string; }
interface store { get: func(key: string) -> option<string>; }
world greeter { import store; export greet; }
";

const PROGRAM: &str = "export const greet = { greet: (name) => `Hello, ${name}!` };\n";

/// A project with one component.
fn project(sandbox: Sandbox, program: &str, more: &str) -> Sandbox {
    sandbox.write(
        "wkit.toml",
        format!("[project]\nname = \"demo\"\n[components.greeter]\nlanguage = \"javascript\"\n{more}"),
    );
    sandbox.write("greeter/package.json", "{ \"type\": \"module\", \"main\": \"main.js\" }\n");
    sandbox.write("greeter/main.js", program);
    sandbox.write("wit/greeter.wit", WIT);
    sandbox
}

#[test]
fn node_is_not_there() {
    project(Sandbox::new(), PROGRAM, "").wkit("build").golden("javascript-no-node");
}

#[cfg(unix)]
#[test]
fn node_is_too_old() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = project(Sandbox::new(), PROGRAM, "");
    let node = sandbox.write("bin/node", "#!/bin/sh\necho v18.20.4\n");
    std::fs::set_permissions(&node, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = sandbox.path("bin").display().to_string();
    sandbox.wkit_words(&["build"], &[("PATH", &path)]).golden("javascript-old-node");
}

#[test]
fn a_package_of_another_version() {
    if available("javascript") {
        let more = "[toolchain]\nesbuild = \"0.1.0\"\n";
        project(Sandbox::with_toolchains(), PROGRAM, more).wkit("build").golden("javascript-no-package");
    }
}

#[test]
fn an_engine_that_is_not_known() {
    if available("javascript") {
        let more = "engine = \"v8\"\n";
        project(Sandbox::with_toolchains(), PROGRAM, more).wkit("build").golden("javascript-engine");
    }
}

#[test]
fn source_that_does_not_parse() {
    if available("javascript") {
        let program = "export const greet = {\n  greet(name) { return `Hello, ${name}`; ,\n};\n";
        project(Sandbox::with_toolchains(), program, "").wkit("build").golden("javascript-syntax");
    }
}

#[test]
fn an_export_that_is_missing() {
    if available("javascript") {
        let program = "export const greet = { welcome: () => \"Hello!\" };\n";
        let ran = project(Sandbox::with_toolchains(), program, "").wkit("build");
        assert_eq!(ran.code, Some(1));
        assert!(
            ran.stderr.contains("the program does not export `greet.greet`, which its world `greeter` says"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("hint: an interface is an object with that name"), "{}", ran.stderr);
    }
}

#[test]
fn an_import_that_the_world_does_not_have() {
    if available("javascript") {
        let program = format!("import {{ put }} from \"demo:greeter/shelf@0.1.0\";\nput();\n{PROGRAM}");
        project(Sandbox::with_toolchains(), &program, "").wkit("build").golden("javascript-import");
    }
}

#[test]
fn wit_that_is_not_there() {
    if available("javascript") {
        let more = "wit = \"interfaces\"\n";
        project(Sandbox::with_toolchains(), PROGRAM, more).wkit("build").golden("javascript-no-wit");
    }
}

#[test]
fn nothing_of_the_engine_is_left_among_the_exports() {
    if available("javascript") {
        let sandbox = project(Sandbox::with_toolchains(), PROGRAM, "");
        sandbox.wkit("build").ok();
        let shown = sandbox.wkit("inspect build/greeter.wasm").ok().stdout;
        assert!(shown.contains("exports (1)\n  demo:greeter/greet@0.1.0\n"), "{shown}");
    }
}
