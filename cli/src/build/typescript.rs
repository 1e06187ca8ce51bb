//! TypeScript: types are checked against the world, then the program goes the way of JavaScript.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::error::BuildError;
use super::javascript::{
    self, COMPONENTIZE_JS, COMPONENTIZE_QJS, Component, Dialect, ESBUILD, NODE, QUICKJS_CARRIED,
};
use super::process;
use super::tools::{Origin, Package, Program, Requirement, SETUP_HINT, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile};

const LANGUAGE: &str = "TypeScript";
const MANIFEST: &str = "tsconfig.json";
/// Checks types. The version is wkit's own and not that of the component's folder, so that it need not be installed
/// there, and so that everyone gets the same answer.
const TYPESCRIPT: Package = Package {
    program: Program {
        name: "typescript",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "7.0.2",
    file: "node_modules/typescript/bin/tsc",
    origin: Origin::Npm { package: "typescript", beside: &[], overrides: &[] },
};

/// The back end for TypeScript.
pub(super) struct TypeScript;

impl Language for TypeScript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["javascript"]
    }

    fn options(&self) -> &'static [&'static str] {
        &["engine"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["node_modules"]
    }

    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        javascript::installed(folder)
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[
            Requirement::Program(&NODE),
            Requirement::Package(&TYPESCRIPT),
            Requirement::Package(&ESBUILD),
            Requirement::Package(&COMPONENTIZE_QJS),
            QUICKJS_CARRIED,
            Requirement::Optional(&COMPONENTIZE_JS),
        ]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        let mut versions = javascript::fingerprint_tools(input)?;
        let (program, version) = input.tools.package(&TYPESCRIPT)?;
        let version = version.unwrap_or_else(|| javascript::version_beside(&program));
        versions.push(ToolVersion { tool: TYPESCRIPT.program.name, version });
        Ok(versions)
    }

    fn bindings(&self, _: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(vec![javascript::types::declarations(wit)])
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(javascript::write_skeleton(wit, Dialect::TypeScript))
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let folder = super::absolute(input.folder)?;
        let entry = javascript::entry(&folder, &["ts", "mts", "js", "mjs"], LANGUAGE)?;
        let component = Component { input, wit, folder: &folder, entry: &entry, language: LANGUAGE };
        check_types(&component, output)?;
        javascript::componentize(&component, output)
    }
}

/// Runs the compiler over what the program's first module reaches, and over a module that holds it against the world.
fn check_types(component: &Component<'_>, output: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
    let Component { input, wit, folder, entry, .. } = component;
    let folder_of_types = super::absolute(input.work_folder)?.join("types");
    fs::create_dir_all(&folder_of_types)
        .map_err(|source| BuildError::io("create the folder", &folder_of_types, source))?;
    let write = |name: &str, text: &str| {
        let path = folder_of_types.join(name);
        fs::write(&path, text).map_err(|source| BuildError::io("write", &path, source)).map(|()| path)
    };
    let program = folder.join(entry);
    let types = write("world.d.ts", &javascript::types::declarations(wit).text)?;
    let exports = javascript::types::exports(wit);
    let conform = write("conform.mts", &conformance(&program, &exports))?;
    let own = folder.join(MANIFEST);
    let extends = if own.is_file() { json!({ "extends": own }) } else { json!({}) };
    let mut config = extends;
    config["compilerOptions"] = json!({
        "noEmit": true,
        "allowImportingTsExtensions": true,
        "composite": false,
        "incremental": false,
        "declaration": false,
        "declarationMap": false,
        "emitDeclarationOnly": false,
        // The platform's own types may be there beside wkit's.
        "skipLibCheck": true,
        "rootDir": null,
        "outDir": null,
        "tsBuildInfoFile": null,
        "typeRoots": [folder.join("node_modules/@types")],
    });
    // Nothing but what is reached from here: bindings beside the sources may be of yesterday.
    config["files"] = json!([types, conform, program]);
    config["include"] = json!([]);
    config["references"] = json!([]);
    let config = write("tsconfig.json", &config.to_string())?;

    let (node, _) = javascript::node(input.tools, folder)?;
    let (tsc, _) = input.tools.package(&TYPESCRIPT)?;
    let mut command = input.tools.command(&node, folder);
    command.arg(super::absolute(&tsc)?).arg("--project").arg(&config).args(["--pretty", "false"]);
    let source = fs::read_to_string(&program).unwrap_or_default();
    process::run_plainly(&mut command, &format!("tsc {entry}"), &mut |line| {
        output(&placed(line, entry, &source, &exports));
    })
}

/// A module that gives each export of the program the type which its world says, one a line from the second on.
fn conformance(program: &Path, exports: &[(String, String)]) -> String {
    let mut text = format!("import * as program from {:?};\n", program.to_string_lossy());
    for (index, (name, ty)) in exports.iter().enumerate() {
        text += &format!("export const checked{index}: {ty} = program.{name};\n");
    }
    text
}

/// A line of the compiler. What it says of the module that wkit has made is about the export of the program there.
fn placed(line: &str, entry: &str, source: &str, exports: &[(String, String)]) -> String {
    let Some((_, rest)) = line.split_once("conform.mts(") else { return line.to_owned() };
    let Some((place, message)) = rest.split_once("): ") else { return line.to_owned() };
    let number = place.split(',').next().and_then(|number| number.parse::<usize>().ok());
    let export = number.and_then(|number| exports.get(number.checked_sub(2)?));
    match export.and_then(|(name, _)| place_of(name, source)) {
        Some((line, column)) => format!("{entry}({line},{column}): {message}"),
        None => format!("{entry}: {message}"),
    }
}

/// The line and the column at which a module exports `name`.
fn place_of(name: &str, source: &str) -> Option<(usize, usize)> {
    source.lines().zip(1..).filter(|(line, _)| line.starts_with("export ")).find_map(|(line, number)| {
        let of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let (at, _) = line.match_indices(name).find(|(at, _)| {
            let (before, after) = (&line[..*at], &line[at + name.len()..]);
            !before.ends_with(of_name) && !after.starts_with(of_name)
        })?;
        Some((number, line[..at].chars().count() + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_about_the_export() {
        let exports = vec![("greet".to_owned(), "T".to_owned())];
        let source = "import x from \"x\";\n\nexport const greet = {};\n";
        let line = "../work/types/conform.mts(2,14): error TS2741: Property 'greet' is missing";
        let expected = "src/main.ts(3,14): error TS2741: Property 'greet' is missing";
        assert_eq!(placed(line, "src/main.ts", source, &exports), expected);
        let other = "src/main.ts(1,2): error TS1: no";
        assert_eq!(placed(other, "src/main.ts", source, &exports), other);
    }

    #[test]
    fn an_export_that_is_not_there_has_no_line() {
        let exports = vec![("greet".to_owned(), "T".to_owned())];
        let line = "types/conform.mts(2,14): error TS2339: Property 'greet' does not exist";
        assert_eq!(
            placed(line, "main.ts", "", &exports),
            "main.ts: error TS2339: Property 'greet' does not exist"
        );
    }
}
