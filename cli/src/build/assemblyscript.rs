//! AssemblyScript: bindings over the canonical ABI are made in this process, `asc` compiles them with the sources into
//! a core module, and that becomes a component. docs/decisions/assemblyscript.md says why the bindings are as they are.

mod bindings;
mod config;
mod core_module;
mod functions;
mod glue;
mod modules;
mod names;
mod signatures;
mod skeleton;
mod unsupported;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::tools::{Origin, Package, Program, Requirement, SETUP_HINT, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile, encode, process, read};
use bindings::Bindings;
use config::Config;

const LANGUAGE: &str = "AssemblyScript";
const MANIFEST: &str = "asconfig.json";
const NODE: Program = Program {
    name: "node",
    language: LANGUAGE,
    hint: "install Node.js 20 or newer from your package manager",
    version_arguments: &["--version"],
    oldest: Some((20, 0)),
};
const ASC: Package = Package {
    program: Program {
        name: "asc",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: Some((0, 28)),
    },
    version: "0.28.20",
    file: "node_modules/assemblyscript/bin/asc.js",
    origin: Origin::Npm { package: "assemblyscript", beside: &[], overrides: &[] },
};

/// Runs the compiler with the bindings in their places, although they lie in the work folder.
const DRIVER: &str = include_str!("assemblyscript/support/compile.mjs");

/// The folder of the bindings, beside the person's first file.
const BINDINGS: &str = "bindings";

/// The back end for AssemblyScript.
pub(super) struct AssemblyScript;

impl Language for AssemblyScript {
    fn name(&self) -> &'static str {
        "assemblyscript"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["javascript", "typescript"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["node_modules"]
    }

    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        // npm's own list of what is in the folder.
        let list = folder.join("node_modules").join(".package-lock.json");
        if list.is_file() { vec![list] } else { Vec::new() }
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Program(&NODE), Requirement::Package(&ASC)]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        // Node only runs the compiler: its version does not show in the component.
        let node = input.tools.program(&NODE)?;
        let (program, version) = input.tools.package(&ASC)?;
        let version = match version {
            Some(version) => version,
            None => {
                let script = program.to_string_lossy().into_owned();
                let answer = input.tools.ask(&node, input.folder, &[&script, "--version"])?;
                answer.trim_start_matches("Version ").to_owned()
            }
        };
        Ok(vec![ToolVersion { tool: ASC.program.name, version }])
    }

    fn bindings(&self, input: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        let config = Config::read(input.folder, input.release)?;
        let bindings = generate(wit, &config)?;
        let folder = config.folder();
        let file = |(path, text)| SourceFile { path: format!("{folder}{BINDINGS}/{path}"), text };
        Ok(bindings.files.into_iter().map(file).collect())
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        refuse(wit)?;
        let text = skeleton::skeleton(&wit.resolve, wit.world).map_err(|error| encode_error(wit, &error))?;
        Ok(vec![SourceFile { path: config::DEFAULT_ENTRY.to_owned(), text }])
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let folder = super::absolute(input.folder)?;
        let work_folder = super::absolute(input.work_folder)?;
        let config = Config::read(&folder, input.release)?;
        let bindings = generate(wit, &config)?;
        let node = input.tools.program(&NODE)?;
        let (compiler, _) = input.tools.package(&ASC)?;
        let core = work_folder.join("core.wasm");
        super::remove_file(&core)?;
        write_sources(&work_folder, &config, &bindings)?;

        let mut command = input.tools.command(&node, &folder);
        command.arg(work_folder.join("compile.mjs")).arg(super::absolute(&compiler)?);
        command.arg(work_folder.join("sources.json")).arg(&core);
        command.arg(format!("{}{BINDINGS}/{}", config.folder(), bindings::ENTRY));
        process::run_plainly(&mut command, &format!("asc {}", config.entry()), output)?;

        let module = read::compiled(&core)?;
        let entry = input.folder.join(config.entry());
        core_module::check_imports(&module, wit, &entry)?;
        let module = core_module::rename_exports(&module, &bindings.exports)
            .map_err(|error| encode_error(wit, &error.into()))?;
        encode::reactor(module, wit)
    }
}

/// The bindings, unless the world has something that they cannot express.
fn generate(wit: &Wit, config: &Config) -> Result<Bindings, BuildError> {
    refuse(wit)?;
    bindings::generate(&wit.resolve, wit.world, config.module()).map_err(|error| encode_error(wit, &error))
}

fn refuse(wit: &Wit) -> Result<(), BuildError> {
    match unsupported::first(wit) {
        None => Ok(()),
        Some(feature) => Err(BuildError::unsupported(LANGUAGE, wit, feature)),
    }
}

fn encode_error(wit: &Wit, error: &anyhow::Error) -> BuildError {
    BuildError::Encode { world: wit.world_name().to_owned(), message: format!("{error:#}") }
}

/// Writes the driver, the bindings, and the list that says which file of the person's folder each stands for.
fn write_sources(work_folder: &Path, config: &Config, bindings: &Bindings) -> Result<(), BuildError> {
    let folder = work_folder.join(BINDINGS);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|source| BuildError::io("remove", &folder, source))?;
    }
    let mut sources: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (path, text) in &bindings.files {
        let file = folder.join(path);
        write(&file, text)?;
        sources.insert(format!("{}{BINDINGS}/{path}", config.folder()), file);
    }
    let file = work_folder.join(MANIFEST);
    write(&file, &config.for_compiler(&format!("{}{BINDINGS}", config.folder())))?;
    sources.insert(MANIFEST.to_owned(), file);
    let reserved = format!("{}{BINDINGS}/", config.folder());
    write(
        &work_folder.join("sources.json"),
        &serde_json::json!({ "files": sources, "reserved": reserved }).to_string(),
    )?;
    write(&work_folder.join("compile.mjs"), DRIVER)
}

fn write(file: &Path, text: &str) -> Result<(), BuildError> {
    let io = |source| BuildError::io("write", file, source);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(file, text).map_err(io)
}
