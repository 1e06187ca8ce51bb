//! Takes files out of crates, so that `wkit` carries them and needs no network later: the Go package that generated
//! bindings call, from `wit-bindgen-go`; the WIT of WASI 0.2 and 0.3 in exactly the versions that the engine serves,
//! from `wasmtime-wasi-http`; and the QuickJS that JavaScript components run in, from `componentize-qjs`.
//!
//! The crates do not offer these files to Rust code. They are found where cargo keeps the crates for this build: in its
//! registry, a vendor folder or a checkout.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn main() {
    let metadata = metadata(&env::var("TARGET").expect("cargo sets TARGET"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));

    let (version, manifest) = package(&metadata, "wit-bindgen-go");
    let root = manifest.with_file_name("src").join("pkg");
    let mut files = vec![root.join("LICENSE")];
    collect(&root.join("wit"), &["go", "s"], &mut files);
    let mut code = format!("pub(super) const VERSION: &str = {version:?};\n");
    code.push_str(&embedded("FILES", &root, files));
    write(&out.join("go_runtime.rs"), &code);

    let (_, manifest) = package(&metadata, "wasmtime-wasi-http");
    let mut code = String::new();
    for (name, folder) in [("WASI_0_2", "wit/deps"), ("WASI_0_3", "src/p3/wit/deps")] {
        let root = manifest.with_file_name(folder);
        let mut files = Vec::new();
        collect(&root, &["wit"], &mut files);
        code.push_str(&embedded(name, &root, files));
    }
    write(&out.join("wasi_wit.rs"), &code);

    // That crate is a dependency for a target that wkit is never built for.
    let (version, manifest) = package(&self::metadata("wasm32-unknown-unknown"), "componentize-qjs");
    let runtime = manifest.with_file_name("prebuilt").join("runtime-sync.wasm");
    let code = format!(
        "pub(super) const VERSION: &str = {version:?};\n\
         pub(super) const RUNTIME: &[u8] = include_bytes!({:?});\n",
        runtime.display().to_string()
    );
    write(&out.join("quickjs.rs"), &code);

    let lock = Path::new(text(&metadata["workspace_root"])).join("Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rerun-if-changed=build.rs");
}

/// The version of a dependency, and its manifest.
fn package(metadata: &Value, name: &str) -> (String, PathBuf) {
    let package = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == name))
        .unwrap_or_else(|| panic!("`{name}` is not among the dependencies of `wkit`"));
    (text(&package["version"]).to_owned(), PathBuf::from(text(&package["manifest_path"])))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo's metadata has this as text")
}

/// A constant that holds files with their paths below `root`.
fn embedded(constant: &str, root: &Path, mut files: Vec<PathBuf>) -> String {
    files.sort();
    let mut code = format!("const {constant}: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(root).expect("every file was found below the root");
        let name = name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())
            .expect("writing to a string does not fail");
    }
    code.push_str("];\n");
    code
}

fn write(file: &Path, code: &str) {
    fs::write(file, code).unwrap_or_else(|error| panic!("cannot write `{}`: {error}", file.display()));
}

/// What cargo knows about the packages of a build for `target`.
///
/// For this build's own target nothing is fetched: cargo has all packages before it runs this; only a `cargo install`
/// that resolves anew, without `--locked`, may need to look again. For another one cargo gets what it does not have,
/// once; without a network, `cargo fetch` or `cargo vendor` beforehand brings everything.
fn metadata(target: &str) -> Value {
    let ask = |mode: &[&str]| {
        let output = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"))
            .args(["metadata", "--format-version", "1", "--filter-platform", target])
            .args(mode)
            .output()
            .unwrap_or_else(|error| panic!("`cargo metadata` cannot be started: {error}"));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    };
    ask(&["--frozen"])
        .or_else(|_| ask(&["--offline"]))
        .or_else(|_| ask(&[]))
        .unwrap_or_else(|error: String| panic!("`cargo metadata` failed: {error}"))
}

fn collect(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("cannot read `{}`: {error}", folder.display())).path();
        if path.is_dir() {
            collect(&path, endings, files);
        } else if path.extension().is_some_and(|end| endings.iter().any(|ending| end == *ending)) {
            files.push(path);
        }
    }
}
