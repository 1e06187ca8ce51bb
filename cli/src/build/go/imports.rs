//! Finds imports of bindings that there are none of, before the compiler looks for such a module in the network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::STANDALONE;
use crate::build::error::BuildError;
use crate::build::read;
use crate::build::wit::Wit;

/// Refuses sources in `folder` that import a package of bindings which the world does not lead to.
pub(super) fn check(
    folder: &Path,
    module: &str,
    bindings: &BTreeMap<String, Vec<u8>>,
    wit: &Wit,
) -> Result<(), BuildError> {
    let known: BTreeSet<&str> = bindings.keys().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
    let walk = ignore::WalkBuilder::new(folder).git_global(false).parents(false).build();
    let mut files: Vec<_> =
        walk.flatten().map(ignore::DirEntry::into_path).filter(|path| is_source(path)).collect();
    files.sort();
    for file in files {
        let code = read::manifest(&file)?;
        let unknown = imported(&code, module)
            .find(|(_, package)| !known.contains(package) && !folder.join(package).is_dir());
        if let Some((line, package)) = unknown {
            let packages: Vec<String> =
                known.iter().filter(|name| is_import(name, module)).map(|name| format!("`{name}`")).collect();
            let known = if packages.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", packages.join(", "))
            };
            return Err(BuildError::Source {
                path: file,
                problem: format!(
                    "line {line} imports `{module}/{package}`, which no import of the world `{}` makes; {known}",
                    wit.world_name()
                ),
            });
        }
    }
    Ok(())
}

/// Whether a file is compiled into the component, as far as its name tells.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.ends_with(".go")
        && !name.ends_with("_test.go")
        && fs::metadata(path).is_ok_and(|file| file.is_file())
}

/// The packages of bindings that a file imports, with the lines.
fn imported<'a>(code: &'a str, module: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    // A file that `go run` alone is for may import anything.
    let ignored = code.lines().any(|line| line.trim_end() == "//go:build ignore");
    let lines = code.lines().take(if ignored { 0 } else { usize::MAX }).enumerate();
    lines.filter_map(move |(index, line)| {
        let line = line.trim();
        let path = line.strip_suffix('"')?.rsplit_once('"').map(|(_, path)| path)?;
        let package = path.strip_prefix(module)?.strip_prefix('/')?;
        (!line.starts_with("//") && is_import(package, module)).then_some((index + 1, package))
    })
}

/// Whether a package of the module is one of the bindings of imports.
fn is_import(package: &str, module: &str) -> bool {
    let last = package.rsplit('/').next().unwrap_or(package);
    (module == STANDALONE || package.starts_with("imports/"))
        && !last.starts_with("export_")
        && last != "wit_exports"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_bindings_are_found_with_their_lines() {
        let code = "package a\n\nimport (\n\t\"fmt\"\n\tlogs \"example.com/a/imports/b_c_logs\"\n\t\"example.com/a/own\"\n)\n\
                    // \"example.com/a/imports/x\"\nimport _ \"example.com/a/imports/b_c_d\"\n";
        let found: Vec<_> = imported(code, "example.com/a").collect();
        assert_eq!(found, [(5, "imports/b_c_logs"), (9, "imports/b_c_d")]);
        assert_eq!(imported(&format!("//go:build ignore\n\n{code}"), "example.com/a").count(), 0);
    }
}
