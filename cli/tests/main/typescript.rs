//! Building TypeScript that is wrong, or without what it needs.

use crate::support::{Sandbox, available};

const WIT: &str = "package demo:greeter@0.1.0;
interface greet { greet: func(name: string, times: u64) -> string; }
world greeter { export greet; }
";

const CONFIG: &str =
    "{ \"compilerOptions\": { \"target\": \"ES2022\", \"lib\": [\"ES2022\"], \"strict\": true,
  \"module\": \"ESNext\", \"moduleResolution\": \"Bundler\" } }\n";

/// A project with one component.
fn project(sandbox: Sandbox, program: &str, more: &str) -> Sandbox {
    sandbox.write("wkit.toml", format!("[project]\nname = \"demo\"\n[components.greeter]\n{more}"));
    sandbox.write("greeter/package.json", "{ \"type\": \"module\", \"main\": \"main.ts\" }\n");
    sandbox.write("greeter/tsconfig.json", CONFIG);
    sandbox.write("greeter/main.ts", program);
    sandbox.write("wit/greeter.wit", WIT);
    sandbox
}

/// Builds a program that must be refused.
fn refused(program: &str, more: &str, golden: &str) {
    if available("typescript") {
        project(Sandbox::with_toolchains(), program, more).wkit("build").golden(golden);
    }
}

#[test]
fn node_is_not_there() {
    project(Sandbox::new(), "", "").wkit("build").golden("typescript-no-node");
}

#[test]
fn a_package_of_another_version() {
    refused("", "[toolchain]\ntypescript = \"0.1.0\"\n", "typescript-no-package");
}

#[test]
fn source_that_does_not_parse() {
    refused("export const greet = { greet(name: string { return name; } };\n", "", "typescript-syntax");
}

#[test]
fn a_wrong_signature() {
    let program =
        "\nexport const greet = {\n  greet: (name: string, times: number) => name.repeat(times),\n};\n";
    refused(program, "", "typescript-signature");
}

#[test]
fn a_wrong_signature_where_the_type_is_stated() {
    let program = "import type { Exports } from \"wkit:world/greeter\";\n\nexport const greet: Exports[\"greet\"] = {\n  greet: (name, times) => times + 1n,\n};\n";
    refused(program, "", "typescript-stated-signature");
}

#[test]
fn an_export_that_is_missing() {
    refused("export const greet = { welcome: () => \"Hello!\" };\n", "", "typescript-export");
}

#[test]
fn an_import_that_the_world_does_not_have() {
    let program = "import { put } from \"demo:greeter/shelf@0.1.0\";\nput();\nexport const greet = { greet: (name: string) => name };\n";
    refused(program, "", "typescript-import");
}

#[test]
fn wit_that_is_not_there() {
    refused("", "wit = \"interfaces\"\n", "typescript-no-wit");
}
