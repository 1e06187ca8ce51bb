//! Finds the sources of a component, in the places where C and C++ people look for them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::BuildError;
use super::super::read;

/// The file of flags that editors read as well: one flag a line.
pub(super) const FLAGS: &str = "compile_flags.txt";

/// The folder of sources, where there is one; else they lie in the component's folder itself.
const SOURCES: &str = "src";

/// Folders in which no source belongs to the component.
const SKIPPED: [&str; 3] = ["test", "tests", "build"];

/// The sources in `folder` whose names have one of the `endings`, relative to it and sorted: all below `src`, or
/// those beside the component's other files where there is no `src`.
pub(super) fn find(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    if folder.join(SOURCES).is_dir() {
        collect(folder, Path::new(SOURCES), true, endings, &mut found)?;
    } else {
        collect(folder, Path::new(""), false, endings, &mut found)?;
    }
    if found.is_empty() {
        let kinds: Vec<String> = endings.iter().map(|ending| format!("*.{ending}")).collect();
        return Err(BuildError::Source {
            path: folder.to_owned(),
            problem: format!(
                "expected sources ({}) in it or in its folder `{SOURCES}`, found none",
                kinds.join(", ")
            ),
        });
    }
    found.sort();
    Ok(found)
}

fn collect(
    folder: &Path,
    inside: &Path,
    deeply: bool,
    endings: &[&str],
    found: &mut Vec<PathBuf>,
) -> Result<(), BuildError> {
    let here = folder.join(inside);
    let io = |source| BuildError::io("read", &here, source);
    for entry in fs::read_dir(&here).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let path = inside.join(&name);
        // A link to a folder is not followed: it may lead back.
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() && deeply && !SKIPPED.iter().any(|skipped| name == *skipped) {
            collect(folder, &path, deeply, endings, found)?;
        } else if !kind.is_dir() && has_ending(&path, endings) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether the name of a file has one of the endings.
pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending))
}

/// The flags of `compile_flags.txt`, where the folder has one.
pub(super) fn flags(folder: &Path) -> Result<Vec<String>, BuildError> {
    let file = folder.join(FLAGS);
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let lines = read::manifest(&file)?;
    Ok(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        folder
    }

    fn names(files: &[&str]) -> Vec<String> {
        let folder = folder(files);
        let found = find(folder.path(), &["cpp", "c"]).unwrap();
        found.iter().map(|path| path.display().to_string().replace('\\', "/")).collect()
    }

    #[test]
    fn all_below_src_belong_to_the_component() {
        let files = ["src/b.c", "src/deep/a.cpp", "src/a.h", "src/tests/t.c", "tests/t.c", "bench.c"];
        assert_eq!(names(&files), ["src/b.c", "src/deep/a.cpp"]);
    }

    #[test]
    fn without_src_those_beside_the_other_files_do() {
        assert_eq!(names(&["b.c", "a.c", "lib/c.c", "test/t.c", "a.txt"]), ["a.c", "b.c"]);
    }

    #[test]
    fn no_sources_say_what_was_looked_for() {
        let folder = folder(&["src/a.txt", "b.c"]);
        let message = find(folder.path(), &["c"]).unwrap_err().to_string();
        assert!(
            message.ends_with("expected sources (*.c) in it or in its folder `src`, found none"),
            "{message}"
        );
    }

    #[test]
    fn flags_are_lines() {
        let folder = folder(&[]);
        assert!(flags(folder.path()).unwrap().is_empty());
        fs::write(folder.path().join(FLAGS), "-Iinclude\n\n  -DNAME=a b \n").unwrap();
        assert_eq!(flags(folder.path()).unwrap(), ["-Iinclude", "-DNAME=a b"]);
    }
}
