//! Python: `componentize-py` puts the program and the CPython interpreter into one component.

mod explain;
mod skeleton;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::BuildError;
use super::process;
use super::tools::{Origin, Package, Program, Requirement, SETUP_HINT, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile, read};

const LANGUAGE: &str = "Python";
const MANIFEST: &str = "pyproject.toml";
const MODULE: &str = "app";
const COMPONENTIZE: Package = Package {
    program: Program {
        name: "componentize-py",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "0.25.1",
    file: "bin/componentize-py",
    origin: Origin::PyPi { package: "componentize-py" },
};

/// The module that stands in front of the person's own, and looks at it while the component is built.
const WRAPPER: &str = include_str!("python/component.py");
const WRAPPER_MODULE: &str = "wkit_component";

/// The back end for Python.
pub(super) struct Python;

impl Language for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Package(&COMPONENTIZE)]
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["__pycache__", ".venv"]
    }

    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        let mut records = Vec::new();
        for packages in site_packages(&folder.join(".venv")) {
            let entries = fs::read_dir(packages).into_iter().flatten().flatten();
            records
                .extend(entries.map(|entry| entry.path().join("RECORD")).filter(|record| record.is_file()));
        }
        records.sort();
        records
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        let (program, version) = input.tools.package(&COMPONENTIZE)?;
        let version = match version {
            Some(version) => version,
            None => input.tools.ask(&program, input.folder, &["--version"])?,
        };
        Ok(vec![ToolVersion { tool: COMPONENTIZE.program.name, version }])
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let folder = super::absolute(input.folder)?;
        let work_folder = super::absolute(input.work_folder)?;
        let module = module(&folder)?;
        let made = work_folder.join("component.wasm");
        super::remove_file(&made)?;
        let wrapper = work_folder.join("wrapper");
        write(&wrapper.join(format!("{WRAPPER_MODULE}.py")), &WRAPPER.replace("@module@", &module))?;
        let environment = environment(&folder, &work_folder)?;
        let mut command = componentize(input, &folder)?;
        command.arg("componentize");
        command.arg("--python-path").arg(&folder).arg("--python-path").arg(&wrapper);
        command.arg(WRAPPER_MODULE).arg("--output").arg(&made);
        // Packages come from the component's own environment or from none, never from the one that is active.
        command.env("VIRTUAL_ENV", &environment);
        let shown = format!("componentize-py --world {} componentize {module}", input.world);
        let mut lines = Vec::new();
        process::run_plainly(&mut command, &shown, &mut |line| lines.push(line.to_owned())).map_err(
            |error| {
                let mut useful = explain::useful(&lines);
                if useful.is_empty() {
                    useful.clone_from(&lines);
                }
                useful.iter().for_each(|line| output(line));
                error.with_hint(explain::hint(&lines, &site_packages(&environment), wit))
            },
        )?;
        read::compiled(&made)
    }

    fn bindings(&self, input: &BuildInput<'_>, _: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        let folder = super::absolute(input.work_folder)?.join("bindings");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|source| BuildError::io("remove", &folder, source))?;
        }
        let mut command = componentize(input, input.work_folder)?;
        command.arg("bindings").arg(&folder);
        let shown = format!("componentize-py --world {} bindings", input.world);
        process::run_plainly(&mut command, &shown, &mut |_| {})?;
        let mut files = Vec::new();
        collect(&folder, "", &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(skeleton::files(wit))
    }
}

/// The tool with the world that it is to take, for work in `folder`.
fn componentize(input: &BuildInput<'_>, folder: &Path) -> Result<Command, BuildError> {
    let (program, _) = input.tools.package(&COMPONENTIZE)?;
    let mut command = input.tools.command(&program, folder);
    command.arg("--quiet").arg("--wit-path").arg(super::absolute(input.wit)?).args(["--world", input.world]);
    Ok(command)
}

/// The text files below a folder, by their paths with `prefix`.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> Result<(), BuildError> {
    let io = |source| BuildError::io("read", folder, source);
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(io)?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            let text = fs::read_to_string(entry.path()).map_err(io)?;
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), BuildError> {
    let io = |source| BuildError::io("write", file, source);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(file, text).map_err(io)
}

/// The folder's `.venv`, else an empty one: without any, the tool would ask the Python of whoever runs wkit.
fn environment(folder: &Path, work_folder: &Path) -> Result<PathBuf, BuildError> {
    let own = folder.join(".venv");
    if !site_packages(&own).is_empty() {
        return Ok(own);
    }
    let empty = work_folder.join("no-packages");
    let packages = empty.join("lib").join("python3").join("site-packages");
    fs::create_dir_all(&packages).map_err(|source| BuildError::io("create the folder", &packages, source))?;
    Ok(empty)
}

fn site_packages(environment: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    versions.map(|version| version.path().join("site-packages")).filter(|folder| folder.is_dir()).collect()
}

/// The module that `[tool.wkit] module` of `pyproject.toml` names, else `app`.
fn module(folder: &Path) -> Result<String, BuildError> {
    let path = folder.join(MANIFEST);
    let problem = |problem: String| BuildError::Source { path: path.clone(), problem };
    let manifest: toml::Table = if path.is_file() {
        read::manifest(&path)?.parse().map_err(|error: toml::de::Error| problem(error.to_string()))?
    } else {
        toml::Table::new()
    };
    let stated = manifest.get("tool").and_then(|tool| tool.get("wkit")).and_then(|wkit| wkit.get("module"));
    let module = match stated {
        None => MODULE,
        Some(toml::Value::String(module)) => module,
        Some(other) => {
            return Err(problem(format!(
                "expected the name of a module in `tool.wkit.module`, found {} `{other}`",
                other.type_str()
            )));
        }
    };
    let file = folder.join(module.replace('.', "/"));
    if file.with_extension("py").is_file() || file.join("__init__.py").is_file() {
        return Ok(module.to_owned());
    }
    Err(problem(format!(
        "the module `{module}` does not exist; name another with `module` in the section `[tool.wkit]`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(manifest: &str, files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        folder
    }

    #[test]
    fn the_module_is_app_unless_another_is_named() {
        assert_eq!(module(folder("", &["app.py"]).path()).unwrap(), "app");
        let named = "[tool.wkit]\nmodule = \"shop.tax\"\n";
        assert_eq!(module(folder(named, &["shop/tax.py"]).path()).unwrap(), "shop.tax");
        assert_eq!(module(folder(named, &["shop/tax/__init__.py"]).path()).unwrap(), "shop.tax");
    }

    #[test]
    fn a_module_that_cannot_be_is_refused() {
        let cases = [
            ("", "the module `app` does not exist"),
            (
                "[tool.wkit]\nmodule = 3\n",
                "expected the name of a module in `tool.wkit.module`, found integer `3`",
            ),
            ("[tool", "TOML parse error at line 1"),
        ];
        for (manifest, expected) in cases {
            let message = module(folder(manifest, &[]).path()).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("pyproject.toml"), "{message}");
        }
    }

    #[test]
    fn the_own_environment_is_used_where_there_is_one() {
        let work = tempfile::tempdir().unwrap();
        let bare = folder("", &["app.py"]);
        let empty = environment(bare.path(), work.path()).unwrap();
        assert_eq!(empty, work.path().join("no-packages"));
        assert_eq!(site_packages(&empty).len(), 1);
        assert!(Python.installed(bare.path()).is_empty());

        let record = ".venv/lib/python3.12/site-packages/six-1.dist-info/RECORD";
        let equipped = folder("", &["app.py", record]);
        assert_eq!(environment(equipped.path(), work.path()).unwrap(), equipped.path().join(".venv"));
        assert_eq!(Python.installed(equipped.path()), [equipped.path().join(record)]);
    }
}
