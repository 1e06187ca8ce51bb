//! Go: bindings are made in this process, the stock compiler makes a core module, and that becomes a component.
//!
//! The user's folder holds only what a person writes. The bindings and the runtime package that they call lie in the
//! work folder; the compiler sees them in their places by an overlay and by another `go.mod`.

mod casts;
mod runtime;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{FunctionKind, TypeDefKind};
use wit_bindgen_go::{Format, Opts};

use super::error::BuildError;
use super::process;
use super::tools::{Program, Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, encode, outside, read};

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

/// The file of the bindings that calls a person's functions.
const EXPORTS: &str = "wit_exports.go";

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
        if let Some(feature) = unsupported(wit) {
            let world = wit.world_name().to_owned();
            return Err(BuildError::Unsupported { language: LANGUAGE, world, feature });
        }
        let layout = Layout::prepare(input, wit)?;
        let core = layout.work_folder.join("core.wasm");
        super::remove_file(&core)?;
        let mut build = layout.go("build");
        // `checklinkname`: the runtime package allocates before Go's own runtime is up. The rest keeps paths, dates
        // and the state of a repository out of the module.
        build.args(["-buildmode=c-shared", "-trimpath", "-buildvcs=false"]);
        build.arg("-ldflags=-checklinkname=0 -s -w").arg("-o").arg(&core).arg(".");
        process::run_plainly(&mut build, "go build -buildmode=c-shared", output)?;
        outside::record(input.work_folder, &layout.outside_sources()?)?;
        encode::reactor(read::compiled(&core)?, wit)
    }
}

/// What lies where during one build. All paths are absolute.
struct Layout<'a> {
    input: &'a BuildInput<'a>,
    go: PathBuf,
    folder: PathBuf,
    work_folder: PathBuf,
}

impl<'a> Layout<'a> {
    /// Writes the bindings, the runtime package, the overlay and the other `go.mod` into the work folder.
    fn prepare(input: &'a BuildInput<'a>, wit: &Wit) -> Result<Self, BuildError> {
        let layout = Self {
            input,
            go: input.tools.program(&GO)?,
            folder: super::absolute(input.folder)?,
            work_folder: super::absolute(input.work_folder)?,
        };
        let manifest = read::manifest(&layout.folder.join(MANIFEST))?;
        let module = module_path(&manifest).ok_or_else(|| BuildError::Source {
            path: layout.folder.join(MANIFEST),
            problem: format!("expected a line such as `module {STANDALONE}`, found none"),
        })?;
        let bindings = bindings(wit, module)?;
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
        let bindings = self.work_folder.join("bindings");
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
    fn go(&self, verb: &str) -> Command {
        let mut command = self.input.tools.command(&self.go, &self.folder);
        command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0").env("GOWORK", "off");
        command.arg(verb).arg("-mod=mod");
        command.arg(format!("-modfile={}", self.manifest().display()));
        command.arg(format!("-overlay={}", self.overlay().display()));
        command
    }

    /// The files of packages whose module `go.mod` replaces by a local folder.
    fn outside_sources(&self) -> Result<BTreeSet<PathBuf>, BuildError> {
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

/// The bindings of the world, by their paths in the user's module.
fn bindings(wit: &Wit, module: &str) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
    let own_module = (module != STANDALONE).then(|| module.to_owned());
    let options =
        Opts { format: Format::False, quiet: true, pkg_name: own_module.clone(), ..Opts::default() };
    let mut files = Files::default();
    let mut resolve = wit.resolve.clone();
    options.build().generate(&mut resolve, wit.world, &mut files).map_err(|error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: format!("no bindings for Go: {error:#}"),
    })?;
    // The user's own `go.mod` takes the place of the generated one.
    files.remove(MANIFEST);
    let mut bindings: BTreeMap<String, Vec<u8>> = files
        .iter()
        // The empty assembly files serve tests outside Wasm, and the assembler cannot work in an overlaid folder.
        .filter(|(name, _)| name.ends_with(".go"))
        .map(|(name, contents)| (name.to_owned(), contents.to_owned()))
        .collect();
    if let Some(exports) = bindings.iter_mut().find(|(name, _)| name.ends_with(EXPORTS)).map(|(_, code)| code) {
        *exports = casts::correct(&String::from_utf8_lossy(exports)).into_bytes();
    }
    if let Some(module) = own_module {
        // As packages of another module the bindings have no `main`, which the compiler wants to see.
        let main = format!("package main\n\nimport _ \"{module}/exports/wit_exports\"\n\nfunc main() {{}}\n");
        bindings.insert("wit_main.go".to_owned(), main.into_bytes());
    }
    Ok(bindings)
}

/// The first thing in the world that the bindings, or the stock compiler, cannot express.
fn unsupported(wit: &Wit) -> Option<String> {
    if let Some(feature) = wit.first_async() {
        return Some(format!("{feature}, which needs a patched compiler"));
    }
    let property = |kind: &FunctionKind| {
        !matches!(
            kind,
            FunctionKind::Freestanding
                | FunctionKind::Method(_)
                | FunctionKind::Static(_)
                | FunctionKind::Constructor(_)
        )
    };
    if let Some((owner, function)) = wit.functions().find(|(_, function)| property(&function.kind)) {
        return Some(format!("the property `{}` of `{owner}`", function.item_name()));
    }
    wit.types().find_map(|kind| match kind {
        TypeDefKind::FixedLengthList(..) => Some("a list of fixed length".to_owned()),
        TypeDefKind::Tuple(tuple) if tuple.types.len() > 16 => {
            Some(format!("a tuple of {} values, where 16 are the most", tuple.types.len()))
        }
        _ => None,
    })
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

/// The way from one absolute path to another; it begins with a dot, by which Go knows a folder from a module.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let way: PathBuf = up.collect();
    let way = if way.as_os_str().is_empty() { PathBuf::from(".") } else { way };
    way.join(to.components().skip(shared).collect::<PathBuf>())
}

fn write(file: &Path, contents: &[u8]) -> Result<(), BuildError> {
    let io = |source| BuildError::io("write", file, source);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(file, contents).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    fn world(text: &str) -> Wit {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        fs::write(&file, text).unwrap();
        wit::load(&file, "w").unwrap()
    }

    const PLAIN: &str = "package a:b; interface i { record r { x: u8 } f: func(r: r) -> list<r>; } \
                         world w { import i; export i; }";

    #[test]
    fn bindings_of_a_program_lie_beside_the_sources() {
        let files = bindings(&world(PLAIN), STANDALONE).unwrap();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a_b_i/wit_bindings.go", "wit_exports.go"]);
    }

    #[test]
    fn bindings_of_another_module_get_a_main() {
        let files = bindings(&world(PLAIN), "example.com/cart").unwrap();
        let main = String::from_utf8(files["wit_main.go"].clone()).unwrap();
        assert!(main.contains("import _ \"example.com/cart/exports/wit_exports\""), "{main}");
        assert!(files.contains_key("imports/a_b_i/wit_bindings.go"), "{:?}", files.keys());
        assert!(!files.contains_key(MANIFEST));
    }

    #[test]
    fn what_the_bindings_cannot_express_is_named_before_they_are_made() {
        assert_eq!(unsupported(&world(PLAIN)), None);
        let tuple = |length| format!("tuple<{}>", vec!["u8"; length].join(", "));
        let of = |parameter: &str| {
            format!("package a:b; interface i {{ f: func(x: {parameter}); }} world w {{ import i; }}")
        };
        assert_eq!(unsupported(&world(&of(&tuple(16)))), None);
        let found = unsupported(&world(&of(&tuple(17)))).unwrap();
        assert_eq!(found, "a tuple of 17 values, where 16 are the most");
        let found = unsupported(&world(&of("stream<u8>"))).unwrap();
        assert_eq!(found, "a `stream`, which needs a patched compiler");
    }

    #[test]
    fn module_paths_are_read() {
        assert_eq!(module_path("// x\nmodule wit_component // y\ngo 1.25\n"), Some("wit_component"));
        assert_eq!(module_path("module \"example.com/a\"\n"), Some("example.com/a"));
        for none in ["", "modules x", "module", "go 1.25", "// module x"] {
            assert_eq!(module_path(none), None, "{none}");
        }
    }

    #[test]
    fn relative_paths_begin_with_a_dot() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/shop/cart", "/shop/.wkit/build/cart/runtime"), "../.wkit/build/cart/runtime");
        assert_eq!(way("/shop/cart", "/shop/cart/.wkit/runtime"), "./.wkit/runtime");
        assert_eq!(way("/a/b", "/c"), "../../c");
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(minor("go1.9.1") < Some(OLDEST));
        assert_eq!(minor("go1.25"), Some(OLDEST));
        assert!(minor("go1.26rc1") > Some(OLDEST));
        assert_eq!(minor("devel go1.27-abc"), None);
    }
}
