//! Reports against the schemas of those who read them.

use std::path::{Path, PathBuf};

use wkit_fixtures::tools;

use crate::check::{new, repository};
use crate::support::Sandbox;

/// Reports of a change with all kinds of findings, and of nothing.
fn reports(sandbox: &Sandbox, format: &str) -> Vec<PathBuf> {
    let options = [
        "--against git:main",
        "",
        "--against git:main --level FUNC_NO_DELETE=note",
        "--against git:main --profile strict",
    ];
    let mut files = Vec::new();
    for (number, options) in options.iter().enumerate() {
        let ran = sandbox.wkit(&format!("check wit {options} --format {format}"));
        assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
        files.push(sandbox.write(&format!("reports/{format}-{number}"), &ran.stdout));
    }
    let ignored = "[project]\nname = \"kv\"\n[[check.ignore]]\nrule = \"RESOURCE_MEMBER_NO_DELETE\"\nreason = \"it was <never> \\\"used\\\"\"\n";
    sandbox.write("wkit.toml", ignored);
    let ran = sandbox.wkit(&format!("check wit --against git:main --format {format}"));
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    files.push(sandbox.write(&format!("reports/{format}-ignored"), &ran.stdout));
    std::fs::remove_file(sandbox.path("wkit.toml")).unwrap();
    files
}

/// A schema that `scripts/setup-clients.sh` gets.
fn schema(name: &str) -> Option<PathBuf> {
    let file = tools::folder().join("report-schemas").join(name);
    if !file.is_file() {
        tools::missing(&format!("`{}` is missing: run scripts/setup-clients.sh", file.display()));
        return None;
    }
    Some(file)
}

fn passes(sandbox: &Sandbox, program: &Path, arguments: &[&str], files: &[PathBuf]) {
    let output = sandbox.command(program).args(arguments).args(files).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn fails(sandbox: &Sandbox, program: &Path, arguments: &[&str], file: PathBuf) {
    let output = sandbox.command(program).args(arguments).arg(file).output().unwrap();
    assert!(!output.status.success(), "the schema takes anything");
}

#[test]
fn sarif() {
    let (Some(checker), Some(schema)) = (tools::find("check-jsonschema"), schema("sarif-2.1.0.json")) else {
        return;
    };
    let sandbox = repository(&new());
    let schema = format!("{}", schema.display());
    // The published schema has a pattern that only Python reads.
    let arguments = ["--schemafile", &schema, "--force-filetype", "json", "--regex-variant", "python"];
    passes(&sandbox, &checker, &arguments, &reports(&sandbox, "sarif"));
    fails(&sandbox, &checker, &arguments, sandbox.write("bad", "{\"version\": \"2.1.0\", \"runs\": [{}]}"));
}

#[test]
fn own_json() {
    let Some(checker) = tools::find("check-jsonschema") else { return };
    let sandbox = repository(&new());
    let schema = tools::repository().join("docs/reference/check.schema.json").display().to_string();
    let arguments = ["--schemafile", &schema, "--force-filetype", "json"];
    passes(&sandbox, &checker, &arguments, &reports(&sandbox, "json"));
    fails(&sandbox, &checker, &arguments, sandbox.write("bad", "{\"schema\": 1}"));
    let output = sandbox.command(&checker).arg("--check-metaschema").arg(&schema).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// GitLab has no schema of its own to install; this is what its documentation says.
#[test]
fn gitlab() {
    let sandbox = repository(&new());
    for file in reports(&sandbox, "gitlab") {
        let text = std::fs::read_to_string(file).unwrap();
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for entry in list.as_array().unwrap() {
            let word = |name: &str| entry[name].as_str().unwrap().to_owned();
            assert!(!word("description").is_empty() && !word("check_name").is_empty(), "{entry}");
            assert!(seen.insert(word("fingerprint")), "a fingerprint stands twice: {entry}");
            assert!(
                ["info", "minor", "major", "critical", "blocker"].contains(&word("severity").as_str()),
                "{entry}"
            );
            let path = entry["location"]["path"].as_str().unwrap();
            assert!(!path.starts_with(['/', '.']) && sandbox.path(path).is_file(), "{entry}");
            assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1, "{entry}");
        }
    }
}

#[test]
fn junit() {
    let (Some(checker), Some(schema)) = (tools::find("xmlschema"), schema("junit-10.xsd")) else { return };
    let sandbox = repository(&new());
    let schema = format!("{}", schema.display());
    let arguments = ["--schema", &schema];
    passes(&sandbox, &checker, &arguments, &reports(&sandbox, "junit"));
    fails(&sandbox, &checker, &arguments, sandbox.write("bad.xml", "<testsuite/>"));
}
