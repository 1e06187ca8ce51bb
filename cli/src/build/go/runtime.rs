//! The Go package that the bindings call, taken from the crate that makes them when wkit itself is built.

use std::path::Path;

use super::layout;
use crate::build::BuildError;

// Written by the build script: `VERSION` of the crate, and `FILES` as pairs of a path and the contents.
include!(concat!(env!("OUT_DIR"), "/go_runtime.rs"));

/// What the crate's own `go.mod` says is a version of Go that few have; the package needs no newer one than this.
const MANIFEST: &str = "module go.bytecodealliance.org/pkg\n\ngo 1.25\n";

/// The files of the package with its manifest.
pub(super) fn files() -> Vec<(&'static str, String)> {
    let sources =
        FILES.iter().map(|(name, contents)| (*name, String::from_utf8_lossy(contents).into_owned()));
    std::iter::once(("go.mod", MANIFEST.to_owned())).chain(sources).collect()
}

/// Writes the package with its manifest into `folder`.
pub(super) fn write(folder: &Path) -> Result<(), BuildError> {
    files().iter().try_for_each(|(name, contents)| layout::write(&folder.join(name), contents.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        for file in
            ["go.mod", "LICENSE", "wit/runtime/runtime.go", "wit/types/result.go", "wit/async/async.go"]
        {
            assert!(folder.path().join(file).is_file(), "{file}");
        }
        assert!(MANIFEST.contains(wit_bindgen_go::remote_pkg_version().split(' ').next().unwrap()));
    }
}
