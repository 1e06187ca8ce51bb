//! Takes the Go package that generated bindings call out of the sources of `wit-bindgen-go`, so that `wkit` carries it
//! and needs neither the crate nor a Go proxy when it builds a component.
//!
//! The crate does not offer these files to Rust code. They are found where cargo keeps the crate for this build: in its
//! registry, a vendor folder or a checkout.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CRATE: &str = "wit-bindgen-go";

fn main() {
    let metadata = metadata();
    let package = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == CRATE))
        .unwrap_or_else(|| panic!("`{CRATE}` is not among the dependencies of `wkit`"));
    let text = |value: &Value| value.as_str().map(str::to_owned).expect("cargo's metadata has this as text");
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let root = manifest.parent().expect("a manifest lies in a folder").join("src").join("pkg");

    let mut files = vec![root.join("LICENSE")];
    collect(&root.join("wit"), &mut files);
    files.sort();
    let mut code = format!("pub(super) const VERSION: &str = {:?};\n", text(&package["version"]));
    code.push_str("const FILES: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&root).expect("every file was found below the root");
        let name = name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())
            .expect("writing to a string does not fail");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("go_runtime.rs");
    fs::write(&out, code).unwrap_or_else(|error| panic!("cannot write `{}`: {error}", out.display()));

    let lock = Path::new(&text(&metadata["workspace_root"])).join("Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rerun-if-changed=build.rs");
}

/// What cargo knows about this build's packages. Nothing is fetched: cargo has them all before it runs this.
///
/// Only a `cargo install` that resolves anew, without `--locked`, may need to look again.
fn metadata() -> Value {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let ask = |mode: &[&str]| {
        let output = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"))
            .args(["metadata", "--format-version", "1", "--filter-platform", &target])
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

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("cannot read `{}`: {error}", folder.display())).path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "go" || end == "s") {
            files.push(path);
        }
    }
}
