//! Core modules: whatever compiler makes one, wkit makes a component of it.
//!
//! `module` in `wkit.toml` names the file, in Wasm or in its text format, and `command` may say what makes it. The
//! module must follow the canonical ABI; what it lacks to be a component, which is the world's types and an adapter
//! for preview 1 of WASI, is added here. A file that already is a component is only held against its world.

mod skeleton;

use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmparser::{Encoding, Parser, Payload};

use super::error::BuildError;
use super::outside::hex;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile, encode, process, read};

/// The back end for core modules.
pub(super) struct Module;

impl Language for Module {
    fn name(&self) -> &'static str {
        "module"
    }

    fn title(&self) -> &'static str {
        "a core module"
    }

    /// None: the files of any language may lie beside a module.
    fn markers(&self) -> &'static [&'static str] {
        &[]
    }

    fn options(&self) -> &'static [&'static str] {
        &["module", "command"]
    }

    /// Where the compilers that people use for this keep what they make.
    fn skipped_folders(&self) -> &'static [&'static str] {
        &["target", "zig-out", ".zig-cache", "node_modules"]
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[]
    }

    /// The module itself, where it is nobody's product: it may lie in a folder that holds no sources.
    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        if input.options.command.is_some() {
            return Ok(Vec::new());
        }
        // What is wrong with the key or the file is said by the build.
        let bytes = module_file(input).ok().and_then(|file| read::compiled(&file).ok());
        let version = bytes.map_or_else(|| "missing".to_owned(), |bytes| hex(&Sha256::digest(bytes)));
        Ok(vec![ToolVersion { tool: "module", version }])
    }

    fn skeleton(&self, name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        skeleton::files(name, wit)
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let file = module_file(input)?;
        if let Some(command) = &input.options.command {
            run(input, command, output)?;
        }
        let bytes = assemble(input, read_module(input, &file)?)?;
        let parts = parts(&bytes)?;
        if parts.encoding == Encoding::Component {
            return Ok(bytes);
        }
        let adapter = match (parts.has_start, parts.needs_preview1) {
            (true, _) => encode::Adapter::Command,
            (false, true) => encode::Adapter::Reactor,
            (false, false) => encode::Adapter::None,
        };
        encode::module(bytes, wit, adapter, !parts.has_world)
    }
}

/// The path that `module` names, which must stay in the component's folder.
fn module_file(input: &BuildInput<'_>) -> Result<PathBuf, BuildError> {
    let stated = input.options.module.as_deref().ok_or(BuildError::ModuleNotNamed)?;
    let path = Path::new(stated);
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.as_os_str().is_empty() || !path.components().all(plain) {
        return Err(BuildError::ModuleOutside { stated: stated.to_owned() });
    }
    Ok(input.folder.join(path))
}

/// Runs the command that makes the module, in the component's folder and without a shell.
fn run(input: &BuildInput<'_>, words: &[String], output: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
    let Some((program, arguments)) = words.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(BuildError::CommandEmpty);
    };
    let missing = || BuildError::CommandMissing { program: program.clone() };
    let found = match Path::new(program).components().count() {
        1 if !program.contains('/') => input.tools.find(program).ok_or_else(missing)?,
        _ => super::absolute(&input.folder.join(program)).map_err(|_| missing())?,
    };
    let mut command = input.tools.command(&found, input.folder);
    command.args(arguments);
    process::run_plainly(&mut command, &words.join(" "), output)
}

/// The bytes of the module's file.
fn read_module(input: &BuildInput<'_>, file: &Path) -> Result<Vec<u8>, BuildError> {
    if file.is_file() {
        return read::compiled(file);
    }
    let file = file.to_owned();
    match &input.options.command {
        Some(words) => Err(BuildError::ModuleNotMade { command: words.join(" "), file }),
        None => Err(BuildError::ModuleMissing { file }),
    }
}

/// Wasm as it is; its text format is translated.
fn assemble(input: &BuildInput<'_>, bytes: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    if bytes.starts_with(b"\0asm") {
        return Ok(bytes);
    }
    let stated = input.options.module.as_deref().unwrap_or_default();
    // Other bytes are a mistake of whoever named the file, and not of its contents.
    let is_text =
        stated.ends_with(".wat") || matches!(wat::Detect::from_bytes(&bytes), wat::Detect::WasmText);
    if !is_text {
        return Err(BuildError::ModuleUnknown { stated: stated.to_owned() });
    }
    wat::Parser::new()
        .parse_bytes(Some(Path::new(stated)), &bytes)
        .map(|wasm| wasm.into_owned())
        .map_err(|error| BuildError::ModuleText { stated: stated.to_owned(), message: error.to_string() })
}

/// What decides how a module becomes a component.
struct Parts {
    encoding: Encoding,
    /// It carries the types of a world, which its compiler's bindings have put there.
    has_world: bool,
    /// It has a `main` of its own.
    has_start: bool,
    /// It calls preview 1 of WASI.
    needs_preview1: bool,
}

fn parts(wasm: &[u8]) -> Result<Parts, BuildError> {
    let invalid =
        |error: wasmparser::BinaryReaderError| BuildError::NotAComponent { message: error.to_string() };
    let mut parts =
        Parts { encoding: Encoding::Module, has_world: false, has_start: false, needs_preview1: false };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(invalid)? {
            Payload::Version { encoding, .. } if depth == 0 => {
                parts.encoding = encoding;
                depth += 1;
            }
            // What is inside of a component is its own affair.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => break,
            Payload::CustomSection(section) => {
                parts.has_world |= section.name().starts_with("component-type");
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    parts.needs_preview1 |= import.map_err(invalid)?.module == encode::PREVIEW1;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    parts.has_start |= export.map_err(invalid)?.name == "_start";
                }
            }
            _ => {}
        }
    }
    Ok(parts)
}
