//! A person's own `main`, by which a component is a command.

use std::fs;
use std::path::Path;

use wkit_interface::fits;

use super::bindings::Main;
use crate::build::error::BuildError;
use crate::build::read;
use crate::build::wit::Wit;

/// The export that a command has because it is one.
const RUN: &str = "wasi:cli/run@0.2.0";

/// What the sources in `folder` itself say about `main`; gofmt's form is the only one that is known.
pub(super) fn main_of(folder: &Path) -> Result<Main, BuildError> {
    let entries = fs::read_dir(folder).map_err(|source| BuildError::io("read", folder, source))?;
    let mut found = Main::Absent;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let counts = name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.']);
        if !counts || !entry.path().is_file() {
            continue;
        }
        match main_in(&read::manifest(&entry.path())?) {
            Main::Absent => {}
            main => found = main,
        }
    }
    Ok(found)
}

/// What one file says.
fn main_in(code: &str) -> Main {
    // A file that `go run` alone is for: generators of code are written so.
    if code.lines().any(|line| line.trim_end() == "//go:build ignore") {
        return Main::Absent;
    }
    let mut lines = code.lines().skip_while(|line| !line.starts_with("func main()"));
    let Some(first) = lines.next() else { return Main::Absent };
    let body = first.split_once('{').map_or("", |(_, body)| body.trim());
    let next = lines.next().unwrap_or_default();
    if body.starts_with('}') || (body.is_empty() && next.starts_with('}')) {
        Main::Empty
    } else {
        Main::Command
    }
}

/// The world of a command for its bindings: `wasi:cli/run` is what becomes of `main`, and there is no other export.
pub(super) fn without_run(wit: &Wit, folder: &Path) -> Result<Wit, BuildError> {
    let others: Vec<String> = wit.exports().into_iter().filter(|export| !is_run(export)).collect();
    if let Some(other) = others.first() {
        return Err(BuildError::Source {
            path: folder.to_owned(),
            problem: format!(
                "`func main` makes the component a command, but its world `{}` exports `{other}`; leave `main` out, or \
                 leave it empty",
                wit.world_name()
            ),
        });
    }
    let mut command = Wit { resolve: wit.resolve.clone(), world: wit.world };
    command.resolve.worlds[wit.world].exports.clear();
    Ok(command)
}

/// Whether an export is `wasi:cli/run` of WASI 0.2.
pub(super) fn is_run(export: &str) -> bool {
    fits(RUN, export)
}

#[cfg(test)]
mod tests {
    use super::super::bindings::tests::world;
    use super::*;

    #[test]
    fn a_main_that_does_nothing_is_no_command() {
        let cases = [
            ("package main\n\nfunc main() {\n\trun()\n}\n", Main::Command),
            ("package main\n\nfunc main() { run() }\n", Main::Command),
            ("package main\n\nfunc main() {}\n", Main::Empty),
            ("package main\n\nfunc main() {\n}\n", Main::Empty),
            ("package main\n\n// func main() {}\nfunc mainly() {}\n", Main::Absent),
            ("//go:build ignore\n\npackage main\n\nfunc main() {\n\tmake()\n}\n", Main::Absent),
        ];
        for (code, expected) in cases {
            assert_eq!(main_in(code), expected, "{code}");
        }
    }

    #[test]
    fn tests_and_other_files_are_not_asked() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "func main() {\n\trun()\n}\n").unwrap();
        for name in ["main_test.go", "_main.go", "main.txt"] {
            write(name);
        }
        assert_eq!(main_of(folder.path()).unwrap(), Main::Absent);
        write("run.go");
        assert_eq!(main_of(folder.path()).unwrap(), Main::Command);
    }

    #[test]
    fn a_command_exports_nothing_else() {
        let wasi =
            "package wasi:cli@0.2.12; interface run { run: func() -> result; } interface x { f: func(); }";
        let run = without_run(&world(&format!("{wasi} world w {{ import x; export run; }}")), Path::new(""))
            .unwrap();
        assert!(run.exports().is_empty());
        assert_eq!(run.imports().len(), 1);
        let error =
            without_run(&world(&format!("{wasi} world w {{ export run; export x; }}")), Path::new("shop"));
        let message = error.unwrap_err().to_string();
        assert!(message.contains("exports `wasi:cli/x@0.2.12`"), "{message}");
    }
}
