//! JavaScript: `componentize-qjs` puts the program and the QuickJS engine into one component.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::BuildError;
use super::process;
use super::tools::{Origin, Package, Program, Requirement, SETUP_HINT, ToolError, ToolVersion, Tools};
use super::wit::Wit;
use super::{BuildInput, Language, read};

const LANGUAGE: &str = "JavaScript";
const MANIFEST: &str = "package.json";
const NODE: Program = Program {
    name: "node",
    language: LANGUAGE,
    hint: "install Node.js 20 or newer from your package manager",
    version_arguments: &["--version"],
    oldest: Some((20, 0)),
};
const COMPONENTIZE: Package = Package {
    program: Program {
        name: "componentize-qjs",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "0.4.5",
    file: "node_modules/componentize-qjs/bin/componentize-qjs",
    origin: Origin::Npm { package: "componentize-qjs", beside: &[], overrides: &[] },
};

/// The back end for JavaScript.
pub(super) struct JavaScript;

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn options(&self) -> &'static [&'static str] {
        &["engine"]
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Program(&NODE), Requirement::Package(&COMPONENTIZE)]
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["node_modules"]
    }

    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        // npm's own list of what is in the folder.
        let list = folder.join("node_modules").join(".package-lock.json");
        if list.is_file() { vec![list] } else { Vec::new() }
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        // Node only starts the tool, which brings its engine with it: its version does not show in the component.
        input.tools.program(&NODE)?;
        let (program, version) = input.tools.package(&COMPONENTIZE)?;
        let version = version.unwrap_or_else(|| version_beside(&program));
        Ok(vec![ToolVersion { tool: COMPONENTIZE.program.name, version }])
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let folder = super::absolute(input.folder)?;
        let entry = entry(&folder)?;
        let made = super::absolute(input.work_folder)?.join("component.wasm");
        super::remove_file(&made)?;
        let mut command = run_tool(input.tools, &folder)?;
        command.arg("--wit").arg(super::absolute(input.wit)?).args(["--world", input.world]);
        command
            .arg("--js")
            .arg(folder.join(&entry))
            .arg("--module-root")
            .arg(&folder)
            .arg("--output")
            .arg(&made);
        // A world without async functions gets a component that every host of WASI 0.2 can run.
        if wit.first_async().is_none() {
            command.arg("--sync");
        }
        let shown = format!("componentize-qjs --world {} --js {entry}", input.world);
        process::run_plainly(&mut command, &shown, output)?;
        read::compiled(&made)
    }
}

/// The package is a script for Node; one from `PATH` is started the same way, wherever it is a link to.
fn run_tool(tools: &Tools, folder: &Path) -> Result<std::process::Command, ToolError> {
    let node = tools.program(&NODE)?;
    let (program, _) = tools.package(&COMPONENTIZE)?;
    let mut command = tools.command(&node, folder);
    command.arg(program);
    Ok(command)
}

/// The version of an installation that is not wkit's own, which has no flag that would tell it.
fn version_beside(program: &Path) -> String {
    let manifest = |program: PathBuf| read::manifest(&program.parent()?.parent()?.join(MANIFEST)).ok();
    let text = program.canonicalize().ok().and_then(manifest).unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    match json["version"].as_str() {
        Some(version) => version.to_owned(),
        None => format!("unknown, at {}", program.display()),
    }
}

/// The file that `main` of `package.json` names, relative to the folder.
fn entry(folder: &Path) -> Result<String, BuildError> {
    let path = folder.join(MANIFEST);
    let problem = |problem: String| BuildError::Source { path: path.clone(), problem };
    let json: Value = serde_json::from_str(&read::manifest(&path)?)
        .map_err(|error| problem(format!("expected a JSON object: {error}")))?;
    let entry = match &json["main"] {
        Value::String(entry) => entry.as_str(),
        Value::Null => "index.js",
        other => return Err(problem(format!("expected the name of a file in `main`, found `{other}`"))),
    };
    if !folder.join(entry).is_file() {
        return Err(problem(format!("`main` names `{entry}`, which does not exist")));
    }
    if !(entry.ends_with(".js") || entry.ends_with(".mjs")) {
        return Err(problem(format!(
            "expected a file of JavaScript (`.js`, `.mjs`) in `main`, found `{entry}`"
        )));
    }
    Ok(entry.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry_of(manifest: &str) -> Result<String, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        fs::write(folder.path().join("index.js"), "").unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/app.mjs"), "").unwrap();
        fs::write(folder.path().join("app.ts"), "").unwrap();
        entry(folder.path())
    }

    #[test]
    fn the_entry_is_what_main_names() {
        assert_eq!(entry_of("{}").unwrap(), "index.js");
        assert_eq!(entry_of(r#"{"main": "src/app.mjs"}"#).unwrap(), "src/app.mjs");
    }

    #[test]
    fn an_entry_that_cannot_be_is_refused() {
        let cases = [
            ("nothing", "expected a JSON object"),
            (r#"{"main": 3}"#, "expected the name of a file in `main`, found `3`"),
            (r#"{"main": "gone.js"}"#, "`main` names `gone.js`, which does not exist"),
            (
                r#"{"main": "app.ts"}"#,
                "expected a file of JavaScript (`.js`, `.mjs`) in `main`, found `app.ts`",
            ),
        ];
        for (manifest, expected) in cases {
            let message = entry_of(manifest).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("package.json"), "{message}");
        }
    }

    #[test]
    fn a_foreign_installation_tells_its_version_beside_the_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let program = folder.path().join("bin/componentize-qjs");
        fs::write(&program, "").unwrap();
        assert!(version_beside(&program).starts_with("unknown, at "));
        fs::write(folder.path().join(MANIFEST), r#"{"version": "9.8.7"}"#).unwrap();
        assert_eq!(version_beside(&program), "9.8.7");
    }
}
