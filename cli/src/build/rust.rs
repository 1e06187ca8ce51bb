//! Rust: `cargo build` for `wasm32-wasip2`, whose linker makes a component by itself.

mod skeleton;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::BuildError;
use super::process::{self, Stream};
use super::tools::{Program, Requirement, ToolError, ToolVersion, Tools};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile, outside, read};

const TARGET: &str = "wasm32-wasip2";

/// What all Rust components of a project compile on the way, beside their work folders. No component has such a name.
/// A cargo older than 1.91 does not know of it and compiles everything for each component.
const SHARED: &str = ".cargo-build";
const HINT: &str = "install Rust with rustup, or from your package manager";
const LANGUAGE: &str = "Rust";
const CARGO: Program = Program {
    name: "cargo",
    language: LANGUAGE,
    hint: HINT,
    version_arguments: &["--version"],
    oldest: None,
};
pub(crate) const RUSTC: Program = Program { name: "rustc", ..CARGO };

/// The back end for Rust.
pub(super) struct Rust;

impl Language for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Program(&CARGO), Requirement::Program(&RUSTC), Requirement::RustTarget(TARGET)]
    }

    fn markers(&self) -> &'static [&'static str] {
        &["Cargo.toml"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["target"]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        input.tools.program(&CARGO)?;
        let rustc = input.tools.program(&RUSTC)?;
        // Asked in the component's folder, where a `rust-toolchain.toml` may choose another one.
        let version = input.tools.ask(&rustc, input.folder, &["--version"])?;
        let library =
            input.tools.ask(&rustc, input.folder, &["--print", "target-libdir", "--target", TARGET])?;
        if !Path::new(&library).is_dir() {
            return Err(ToolError::TargetMissing { target: TARGET });
        }
        Ok(vec![ToolVersion { tool: "rustc", version }])
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(vec![SourceFile { path: "src/lib.rs".to_owned(), text: skeleton::source(wit)? }])
    }

    /// Cargo writes the lock file of a package that has none. A workspace's lies outside of the component.
    fn prepare(&self, input: &BuildInput<'_>, output: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        let manifest = input.folder.join("Cargo.toml");
        if manifest.with_file_name("Cargo.lock").is_file() {
            return Ok(());
        }
        let cargo = input.tools.program(&CARGO)?;
        let folder = super::absolute(input.folder)?;
        if workspace(input.tools, &cargo, &folder)?.parent() != Some(&folder) {
            return Ok(());
        }
        let mut command = input.tools.command(&cargo, &folder);
        process::run_plainly(command.arg("generate-lockfile"), "cargo generate-lockfile", output)
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        _: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        self.fingerprint_tools(input)?;
        let cargo = input.tools.program(&CARGO)?;
        let folder = super::absolute(input.folder)?;
        // A folder of the component's own: neither the workspace's `target`, nor the one of a `cargo test` around us.
        // Names of results cannot collide in it. What is compiled on the way has names that tell packages apart, and is
        // shared by all components of the project; cargo locks it.
        let work_folder = super::absolute(input.work_folder)?;
        let target = work_folder.join("target");
        let shared = work_folder.parent().unwrap_or(&work_folder).join(SHARED);
        let workspace = workspace(input.tools, &cargo, &folder)?;
        let mut arguments = vec!["build", "--release", "--target", TARGET];
        if workspace.with_file_name("Cargo.lock").is_file() {
            arguments.push("--locked");
        }
        let shown = format!("cargo {}", arguments.join(" "));
        let mut command = input.tools.command(&cargo, &folder);
        command
            .args(&arguments)
            .args(["--message-format", "json-render-diagnostics"])
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_BUILD_BUILD_DIR", &shared);

        let mut made = Vec::new();
        process::run(&mut command, &shown, &mut |stream, line| match stream {
            Stream::Out => made.extend(artifact(line, &folder)),
            Stream::Err => output(line),
        })?;
        let artifact = choose(made, input.name, &shown)?;
        let mut outside = outside_sources(&artifact.file, &folder, &[&target, &shared], &workspace);
        // The macro that makes the bindings reads the WIT, which is an input of its own already.
        let wit = super::absolute(input.wit)?;
        outside.retain(|file| !file.starts_with(&wit));
        outside::record(input.work_folder, &outside)?;
        read::compiled(&artifact.file)
    }
}

/// The manifest of the workspace that the component belongs to, which is its own where it stands alone.
fn workspace(tools: &Tools, cargo: &Path, folder: &Path) -> Result<PathBuf, BuildError> {
    let arguments = ["locate-project", "--workspace", "--message-format", "plain"];
    Ok(PathBuf::from(tools.ask(cargo, folder, &arguments)?))
}

/// A Wasm file that cargo has made of a binary or a `cdylib` of the component's own package.
#[derive(Debug, PartialEq, Eq)]
struct Artifact {
    name: String,
    file: PathBuf,
}

/// Reads one of cargo's messages; `None` for all that are about something else.
fn artifact(line: &str, folder: &Path) -> Option<Artifact> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        manifest_path: Option<PathBuf>,
        target: Option<Target>,
        #[serde(default)]
        filenames: Vec<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        crate_types: Vec<String>,
    }
    let message: Message = serde_json::from_str(line).ok()?;
    let target = message.target?;
    let linked = target.crate_types.iter().any(|kind| kind == "bin" || kind == "cdylib");
    if message.reason != "compiler-artifact" || !linked || message.manifest_path?.parent() != Some(folder) {
        return None;
    }
    let file =
        message.filenames.into_iter().find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
    Some(Artifact { name: target.name, file })
}

/// The only artifact, else the one with the component's name.
fn choose(mut made: Vec<Artifact>, name: &str, shown: &str) -> Result<Artifact, BuildError> {
    let named = |artifact: &Artifact| artifact.name.replace('_', "-") == name.replace('_', "-");
    if made.len() > 1 && made.iter().any(named) {
        made.retain(named);
    }
    match made.len() {
        1 => Ok(made.remove(0)),
        0 => Err(BuildError::NothingMade {
            command: shown.to_owned(),
            reason: "expected a binary, or a library with `crate-type = [\"cdylib\"]` in `Cargo.toml`"
                .to_owned(),
        }),
        _ => Err(BuildError::SeveralMade { found: made.into_iter().map(|artifact| artifact.name).collect() }),
    }
}

/// What was compiled from elsewhere: path dependencies with their manifests, and the workspace's manifest and lock.
fn outside_sources(artifact: &Path, folder: &Path, made: &[&Path], workspace: &Path) -> BTreeSet<PathBuf> {
    let listed = fs::read_to_string(artifact.with_extension("d")).unwrap_or_default();
    let mut files = BTreeSet::from([workspace.to_owned(), workspace.with_file_name("Cargo.lock")]);
    for source in sources(&listed) {
        let manifests = source.ancestors().skip(1).map(|folder| folder.join("Cargo.toml"));
        files.extend(manifests.into_iter().find(|manifest| manifest.is_file()));
        files.insert(source);
    }
    let is_made = |file: &PathBuf| made.iter().any(|folder| file.starts_with(folder));
    files.retain(|file| file.is_absolute() && !file.starts_with(folder) && !is_made(file));
    files
}

/// The files after the colon of a dependency file, where a space in a name has a backslash before it.
fn sources(listed: &str) -> Vec<PathBuf> {
    let Some((_, files)) = listed.split_once(": ") else { return Vec::new() };
    files
        .replace("\\ ", "\0")
        .split_ascii_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, manifest: &str) -> String {
        serde_json::json!({
            "reason": "compiler-artifact",
            "manifest_path": manifest,
            "target": { "name": "till", "kind": [kind], "crate_types": [kind] },
            "filenames": ["/t/till.d", "/t/till.wasm"],
        })
        .to_string()
    }

    #[test]
    fn artifacts_are_found_among_the_messages() {
        let own = Path::new("/shop/till");
        let expected = Some(Artifact { name: "till".to_owned(), file: "/t/till.wasm".into() });
        assert_eq!(artifact(&message("bin", "/shop/till/Cargo.toml"), own), expected);
        assert_eq!(artifact(&message("cdylib", "/shop/till/Cargo.toml"), own), expected);
        for other in [
            message("lib", "/shop/till/Cargo.toml"),
            message("bin", "/elsewhere/Cargo.toml"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            "no JSON".to_owned(),
        ] {
            assert_eq!(artifact(&other, own), None, "{other}");
        }
    }

    #[test]
    fn of_several_artifacts_the_name_decides() {
        let made = |names: &[&str]| {
            names.iter().map(|name| Artifact { name: (*name).to_owned(), file: PathBuf::new() }).collect()
        };
        let chosen =
            |names: &[&str]| choose(made(names), "my-till", "cargo build").map(|artifact| artifact.name);
        assert_eq!(chosen(&["other"]).unwrap(), "other");
        assert_eq!(chosen(&["other", "my_till"]).unwrap(), "my_till");
        assert_eq!(chosen(&["a", "b"]).unwrap_err().to_string(), "expected one component, found `a`, `b`");
        assert!(matches!(chosen(&[]), Err(BuildError::NothingMade { .. })));
    }

    #[test]
    fn dependency_files_are_read() {
        let listed = "/t/till.wasm: /shop/src/main.rs /a\\ b/lib.rs\n";
        assert_eq!(sources(listed), [PathBuf::from("/shop/src/main.rs"), PathBuf::from("/a b/lib.rs")]);
        assert!(sources("").is_empty());
    }

    #[test]
    fn sources_in_the_own_folder_are_not_outside() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for file in ["till/src/main.rs", "till/Cargo.toml", "lib/src/lib.rs", "lib/Cargo.toml"] {
            fs::create_dir_all(path(file).parent().unwrap()).unwrap();
            fs::write(path(file), "").unwrap();
        }
        fs::create_dir_all(path("work/target")).unwrap();
        let made = path("work/target/till.wasm");
        let listed = ["till/src/main.rs", "lib/src/lib.rs", "work/target/out/gen.rs"]
            .map(|file| path(file).display().to_string());
        fs::write(made.with_extension("d"), format!("{}: {}\n", made.display(), listed.join(" "))).unwrap();
        let found = outside_sources(&made, &path("till"), &[&path("work/target")], &path("Cargo.toml"));
        let expected = ["Cargo.lock", "Cargo.toml", "lib/Cargo.toml", "lib/src/lib.rs"].map(path);
        assert_eq!(found, BTreeSet::from(expected));
    }
}
