//! Go: bindings are made in this process, the stock compiler makes a core module, and that becomes a component.
//!
//! The user's folder holds only what a person writes; a `main` there makes the component a command.

mod bindings;
mod casts;
mod command;
mod editor;
mod entry;
mod explain;
mod layout;
mod runtime;
mod skeleton;

use std::path::Path;

use self::bindings::{Main, check_supported};
use self::layout::Layout;
use super::error::BuildError;
use super::process;
use super::tools::{Program, Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile, encode, outside, read};

const LANGUAGE: &str = "Go";
const MANIFEST: &str = "go.mod";
const HINT: &str = "install Go 1.25 or newer from your package manager, or from its makers";
const GO: Program = Program {
    name: "go",
    language: LANGUAGE,
    hint: HINT,
    version_arguments: &["env", "GOVERSION"],
    oldest: Some(OLDEST),
};

/// The oldest version whose compiler and library the bindings need.
const OLDEST: (u32, u32) = (1, 25);

/// The module path by which the bindings are a program of their own; any other makes them packages of that module.
const STANDALONE: &str = "wit_component";

/// The back end for Go.
pub(super) struct Go;

impl Language for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[
            Requirement::Program(&GO),
            Requirement::Carried { name: "wit-bindgen-go", version: runtime::VERSION },
        ]
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &[]
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        let go = input.tools.program(&GO)?;
        // Asked in the component's folder, where `go.mod` may choose another toolchain.
        let version = input.tools.ask(&go, input.folder, &["env", "GOVERSION"])?;
        if minor(&version).is_some_and(|found| found < OLDEST) {
            let expected = format!("{}.{}", OLDEST.0, OLDEST.1);
            return Err(ToolError::TooOld { tool: GO.name, expected, found: version, hint: HINT });
        }
        let runtime = ToolVersion { tool: "wit-bindgen-go", version: runtime::VERSION.to_owned() };
        Ok(vec![ToolVersion { tool: GO.name, version }, runtime])
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        self.fingerprint_tools(input)?;
        check_supported(wit)?;
        let layout = Layout::prepare(input, wit)?;
        super::remove_file(&layout.core())?;
        let mut build = layout.go("build");
        // The flags keep paths, dates and the state of a repository out of the module.
        build.args(["-trimpath", "-buildvcs=false"]);
        // The bindings' runtime package allocates before Go's own runtime is up, which `checklinkname` is about.
        build.arg("-ldflags=-checklinkname=0 -s -w");
        let shown = match layout.main() {
            Main::Command => "go build",
            Main::Absent | Main::Empty => {
                build.arg("-buildmode=c-shared");
                "go build -buildmode=c-shared"
            }
        };
        build.arg("-o").arg(layout.core()).arg(".");
        process::run_plainly(&mut build, shown, output).map_err(|error| {
            let hint = error
                .compiler_output()
                .and_then(|output| explain::hint(output, &layout.bindings(), wit, layout.module()));
            error.with_hint(hint)
        })?;
        outside::record(input.work_folder, &layout.outside_sources()?)?;
        let core = read::compiled(&layout.core())?;
        match layout.main() {
            Main::Command => command::encode(core, &entry::without_run(wit, input.folder)?),
            Main::Absent | Main::Empty => encode::reactor(core, wit),
        }
    }

    fn bindings(&self, input: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        check_supported(wit)?;
        let (_, module) = module(input.folder)?;
        let main = entry::main_of(input.folder)?;
        match main {
            Main::Command => {
                editor::files(input.folder, &entry::without_run(wit, input.folder)?, &module, main)
            }
            Main::Absent | Main::Empty => editor::files(input.folder, wit, &module, main),
        }
    }

    fn skeleton(&self, name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        check_supported(wit)?;
        // The template's `go.mod` names the same module.
        skeleton::files(wit, &format!("example.com/{name}"))
    }
}

/// The `go.mod` in a folder, and the path of its module.
fn module(folder: &Path) -> Result<(String, String), BuildError> {
    let path = folder.join(MANIFEST);
    let manifest = read::manifest(&path)?;
    match module_path(&manifest).map(str::to_owned) {
        Some(module) => Ok((manifest, module)),
        None => Err(BuildError::Source {
            path,
            problem: format!("expected a line such as `module {STANDALONE}`, found none"),
        }),
    }
}

/// The module's path in a `go.mod`.
fn module_path(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or_default().trim();
        let path = line.strip_prefix("module")?;
        let path = path.starts_with([' ', '\t']).then(|| path.trim().trim_matches(['"', '`']))?;
        (!path.is_empty()).then_some(path)
    })
}

/// `(1, 26)` of `go1.26.8`; `None` for a compiler that was built from a branch.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("go")?.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths_are_read() {
        assert_eq!(module_path("// x\nmodule wit_component // y\ngo 1.25\n"), Some("wit_component"));
        assert_eq!(module_path("module \"example.com/a\"\n"), Some("example.com/a"));
        for none in ["", "modules x", "module", "go 1.25", "// module x"] {
            assert_eq!(module_path(none), None, "{none}");
        }
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(minor("go1.9.1") < Some(OLDEST));
        assert_eq!(minor("go1.25"), Some(OLDEST));
        assert!(minor("go1.26rc1") > Some(OLDEST));
        assert_eq!(minor("devel go1.27-abc"), None);
    }
}
