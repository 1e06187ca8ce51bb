//! Zig: bindings are made in this process, the pinned compiler makes a core module, and that becomes a component.
//!
//! The person's folder holds only what a person writes. The bindings lie in the work folder, and the sources see them
//! as the module `wit`; what they implement is exported by a root of wkit's own.

mod bindings;
mod messages;
mod names;
mod root;
mod skeleton;
mod types;
mod world;

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::BuildError;
use super::outside::hex;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use messages::Messages;

use super::{BuildInput, Language, SourceFile, encode, native, process, read};

const LANGUAGE: &str = "Zig";

/// How calls and values cross the border, in Zig.
const ABI: [(&str, &str); 2] =
    [("abi.zig", include_str!("zig/abi.zig")), ("values.zig", include_str!("zig/values.zig"))];

/// Raised when what the bindings offer to a person's sources changes.
const BINDINGS: &str = "1";

/// Where the sources begin, in the order in which they are looked for.
const SOURCES: [&str; 4] = ["src/root.zig", "src/main.zig", "root.zig", "main.zig"];

/// The back end for Zig.
pub(super) struct Zig;

impl Language for Zig {
    fn name(&self) -> &'static str {
        "zig"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn markers(&self) -> &'static [&'static str] {
        &["*.zig"]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["c"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["zig-out", ".zig-cache", "zig-pkg"]
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[
            Requirement::Package(&native::ZIGLANG),
            Requirement::Carried { name: "Zig bindings", version: BINDINGS },
        ]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        let version = native::version(input.tools, input.folder)?;
        let abi = hex(&Sha256::digest(ABI.map(|(_, text)| text).concat()));
        let bindings = ToolVersion { tool: "bindings", version: format!("{BINDINGS} {abi}") };
        Ok(vec![ToolVersion { tool: native::ZIGLANG.program.name, version }, bindings])
    }

    fn bindings(&self, input: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        refuse(wit)?;
        let sources = Sources::find(input, wit).map_or(SOURCES[0], |sources| sources.file);
        let text = bindings::generate(wit, sources, false).wit;
        let mut files = vec![SourceFile { path: "bindings/wit.zig".to_owned(), text }];
        files.extend(
            ABI.map(|(name, text)| SourceFile { path: format!("bindings/{name}"), text: text.to_owned() }),
        );
        Ok(files)
    }

    fn skeleton(&self, name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        refuse(wit)?;
        Ok(skeleton::files(name, wit))
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        refuse(wit)?;
        let sources = Sources::find(input, wit)?;
        let generated = bindings::generate(wit, sources.file, sources.has_main);
        let work_folder = super::absolute(input.work_folder)?;
        let files = [("wit.zig", generated.wit.as_str()), ("exports.zig", generated.root.as_str())];
        for (name, text) in ABI.into_iter().chain(files) {
            write(&work_folder.join(name), text)?;
        }
        let core = work_folder.join("core.wasm");
        super::remove_file(&core)?;
        // Compiled from the person's folder, so that messages name the sources as a person knows them.
        let folder = super::absolute(input.folder)?;
        let mut build = native::zig(input.tools, &folder, &work_folder)?;
        build.args(["build-exe", "-target", "wasm32-wasi"]);
        build.arg(if input.release { "-OReleaseSmall" } else { "-ODebug" });
        // Paths of this machine stand in what helps a debugger.
        build.args(["-fstrip", "-fsingle-threaded", "--color", "off"]);
        match sources.has_main {
            true => build.args(["-mexec-model=command", "-rdynamic"]),
            false => build.args(["-mexec-model=reactor", "-fno-entry", "-rdynamic"]),
        };
        build
            .args(["--dep", "component", "--dep", "wit"])
            .arg(module("root", &work_folder.join("exports.zig")));
        build.args(["--dep", "wit"]).arg(module("component", Path::new(sources.file)));
        build.args(["--dep", "component"]).arg(module("wit", &work_folder.join("wit.zig")));
        build.arg(format!("-femit-bin={}", core.display())).args(["--name", "core"]);
        let mut messages = Messages::new(&work_folder);
        process::run_plainly(&mut build, "zig build-exe", &mut |line| {
            if let Some(line) = messages.shown(line) {
                output(line);
            }
        })?;
        let adapter = if sources.has_main { encode::Adapter::Command } else { encode::Adapter::Reactor };
        encode::module(read::compiled(&core)?, wit, adapter, true)
    }
}

/// Where a component's sources begin.
struct Sources {
    file: &'static str,
    /// They have a `main`, which the world exports as its command.
    has_main: bool,
}

impl Sources {
    fn find(input: &BuildInput<'_>, wit: &Wit) -> Result<Self, BuildError> {
        let is_command = wit.exports().iter().any(|export| export.starts_with(root::RUN));
        // A folder may have both, as `zig init` makes them: a program that uses its own library.
        let there: Vec<&str> = SOURCES.into_iter().filter(|file| input.folder.join(file).is_file()).collect();
        let main = there.iter().copied().find(|file| file.ends_with("main.zig") && is_command);
        let Some(file) = main.or_else(|| there.first().copied()) else {
            return Err(BuildError::Source {
                path: input.folder.to_owned(),
                problem: format!(
                    "expected the sources to begin in one of {}, found none",
                    super::quoted(SOURCES)
                ),
            });
        };
        let text = read::manifest(&input.folder.join(file))?;
        let has_main = is_command && text.lines().any(|line| line.starts_with("pub fn main("));
        Ok(Self { file, has_main })
    }
}

fn refuse(wit: &Wit) -> Result<(), BuildError> {
    match types::unsupported(wit) {
        None => Ok(()),
        Some(feature) => Err(BuildError::unsupported(LANGUAGE, wit, feature)),
    }
}

fn module(name: &str, file: &Path) -> String {
    format!("-M{name}={}", file.display())
}

fn write(file: &Path, text: &str) -> Result<(), BuildError> {
    fs::write(file, text).map_err(|source| BuildError::io("write", file, source))
}
