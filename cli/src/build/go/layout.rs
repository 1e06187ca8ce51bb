//! Where everything lies during one build: the bindings and the runtime package that they call are in the work folder,
//! and the compiler sees them in their places by an overlay and by another `go.mod`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bindings::{Main, bindings};
use super::{GO, MANIFEST, entry, module, runtime};
use crate::build::error::BuildError;
use crate::build::wit::Wit;
use crate::build::{self, BuildInput, process, read};

/// What lies where during one build. All paths are absolute.
pub(super) struct Layout<'a> {
    input: &'a BuildInput<'a>,
    go: PathBuf,
    folder: PathBuf,
    work_folder: PathBuf,
    main: Main,
    module: String,
}

impl<'a> Layout<'a> {
    /// Writes the bindings, the runtime package, the overlay and the other `go.mod` into the work folder.
    pub(super) fn prepare(input: &'a BuildInput<'a>, wit: &Wit) -> Result<Self, BuildError> {
        let folder = build::absolute(input.folder)?;
        let (manifest, module) = module(&folder)?;
        let layout = Self {
            input,
            go: input.tools.program(&GO)?,
            main: entry::main_of(&folder)?,
            module,
            folder,
            work_folder: build::absolute(input.work_folder)?,
        };
        let bindings = match layout.main {
            Main::Command => {
                bindings(&entry::without_run(wit, &layout.folder)?, &layout.module, layout.main)?
            }
            Main::Absent | Main::Empty => bindings(wit, &layout.module, layout.main)?,
        };
        let overlay = layout.write_bindings(&bindings)?;
        write(&layout.overlay(), serde_json::json!({ "Replace": overlay }).to_string().as_bytes())?;
        runtime::write(&layout.runtime())?;
        write(&layout.manifest(), manifest.as_bytes())?;
        let sums = read::manifest(&layout.folder.join("go.sum")).unwrap_or_default();
        write(&layout.work_folder.join("go.sum"), sums.as_bytes())?;
        layout.require_runtime()?;
        Ok(layout)
    }

    /// Writes the bindings anew, and says which file of the user's folder each of them stands for.
    fn write_bindings(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<BTreeMap<PathBuf, PathBuf>, BuildError> {
        let bindings = self.bindings();
        if bindings.exists() {
            fs::remove_dir_all(&bindings).map_err(|source| BuildError::io("remove", &bindings, source))?;
        }
        let mut overlay = BTreeMap::new();
        for (name, contents) in files {
            let file = bindings.join(name);
            write(&file, contents)?;
            overlay.insert(self.folder.join(name), file);
        }
        Ok(overlay)
    }

    /// Lets the copy of `go.mod` find the runtime package.
    fn require_runtime(&self) -> Result<(), BuildError> {
        let remote = wit_bindgen_go::remote_pkg_version();
        let (path, version) = remote.split_once(' ').unwrap_or((&remote, "v0.0.0"));
        let mut edit = self.input.tools.command(&self.go, &self.work_folder);
        edit.args(["mod", "edit"]).arg(format!("-require={path}@{version}"));
        // Go writes this path into the module, so it is one that is the same wherever the project lies.
        let runtime = relative(&self.folder, &self.runtime());
        edit.arg(format!("-replace={path}={}", runtime.display())).arg(self.manifest());
        process::run_plainly(&mut edit, "go mod edit", &mut |_| {})
    }

    /// What a person's own `main` is.
    pub(super) fn main(&self) -> Main {
        self.main
    }

    /// The path of the person's module.
    pub(super) fn module(&self) -> &str {
        &self.module
    }

    /// Where the compiler writes the core module.
    pub(super) fn core(&self) -> PathBuf {
        self.work_folder.join("core.wasm")
    }

    /// The bindings of this build.
    pub(super) fn bindings(&self) -> PathBuf {
        self.work_folder.join("bindings")
    }

    fn overlay(&self) -> PathBuf {
        self.work_folder.join("overlay.json")
    }

    fn manifest(&self) -> PathBuf {
        self.work_folder.join(MANIFEST)
    }

    fn runtime(&self) -> PathBuf {
        self.work_folder.join("runtime")
    }

    /// A command of `go` about the user's module as the bindings complete it.
    pub(super) fn go(&self, verb: &str) -> Command {
        let mut command = self.input.tools.command(&self.go, &self.folder);
        command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0").env("GOWORK", "off");
        command.arg(verb).arg("-mod=mod");
        command.arg(format!("-modfile={}", self.manifest().display()));
        command.arg(format!("-overlay={}", self.overlay().display()));
        command
    }

    /// The files of packages whose module `go.mod` replaces by a local folder.
    pub(super) fn outside_sources(&self) -> Result<BTreeSet<PathBuf>, BuildError> {
        const TEMPLATE: &str =
            "{{with .Module}}{{with .Replace}}{{if not .Version}}{{.GoMod}}\n{{$.Dir}}{{end}}{{end}}{{end}}";
        let mut files = BTreeSet::new();
        let mut list = self.go("list");
        list.args(["-deps", "-f", TEMPLATE, "."]);
        process::run(&mut list, "go list -deps", &mut |stream, line| {
            let path = Path::new(line);
            if stream == process::Stream::Err || line.is_empty() || path.starts_with(&self.work_folder) {
                return;
            }
            match fs::read_dir(path) {
                Ok(entries) => {
                    files.extend(entries.flatten().map(|entry| entry.path()).filter(|file| file.is_file()))
                }
                Err(_) => files.extend([path.to_owned()]),
            }
        })?;
        files.retain(|file| file.is_absolute() && !file.starts_with(&self.folder));
        Ok(files)
    }
}

/// The way from one absolute path to another; it begins with a dot, by which Go knows a folder from a module.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let way: PathBuf = up.collect();
    let way = if way.as_os_str().is_empty() { PathBuf::from(".") } else { way };
    way.join(to.components().skip(shared).collect::<PathBuf>())
}

pub(super) fn write(file: &Path, contents: &[u8]) -> Result<(), BuildError> {
    let io = |source| BuildError::io("write", file, source);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(file, contents).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_begin_with_a_dot() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/shop/cart", "/shop/.wkit/build/cart/runtime"), "../.wkit/build/cart/runtime");
        assert_eq!(way("/shop/cart", "/shop/cart/.wkit/runtime"), "./.wkit/runtime");
        assert_eq!(way("/a/b", "/c"), "../../c");
    }
}
