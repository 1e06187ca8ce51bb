//! What components are built with: what is there, what is missing, and getting what wkit installs by itself.
//!
//! Base toolchains (Rust, Go, Node.js, Python) belong to the machine: they are looked for and never installed. The
//! packages that wkit pins come from PyPI and npm into a folder of wkit's own.

mod environment;
mod install;
mod survey;

pub(crate) use install::{InstallError, Outcome, install};
pub(crate) use survey::{Entry, State, Step, survey};

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{Origin, Package, Tools};

/// The version in what a program says of itself: the first digits with a dot between them.
fn version_in(answer: &str) -> Option<&str> {
    let starts = answer.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && !answer[..*at].ends_with(|before: char| before.is_ascii_digit())
    });
    starts.into_iter().find_map(|(start, _)| {
        let rest = &answer[start..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let version = rest[..end].trim_end_matches('.');
        version.contains('.').then_some(version)
    })
}

/// Whether `version` is at least `oldest`; one that cannot be read is taken as it is.
fn is_at_least(version: &str, oldest: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= oldest,
        _ => true,
    }
}

/// `1.25 or newer`, and `20 or newer`.
fn or_newer((major, minor): (u32, u32)) -> String {
    if minor == 0 { format!("{major} or newer") } else { format!("{major}.{minor} or newer") }
}

/// Whether all of a package is in its folder: its program, and the packages beside it in their versions.
fn is_laid_out(package: &Package, tools: &Tools) -> bool {
    let folder = tools.package_folder(package);
    let beside = match package.origin {
        Origin::PyPi { .. } => &[],
        Origin::Npm { beside, .. } => beside,
    };
    folder.join(package.file).is_file()
        && !tools.incomplete_mark(package).exists()
        && beside.iter().all(|(name, version)| npm_version(&folder, name).as_deref() == Some(*version))
}

/// The version of a package in a `node_modules`.
fn npm_version(folder: &Path, name: &str) -> Option<String> {
    let text = std::fs::read(folder.join("node_modules").join(name).join("package.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

/// Starts a package's program, and says why that failed.
///
/// Not every program can tell its version, but all of them can tell how they are used.
fn start(package: &Package, program: &Path, tools: &Tools, folder: &Path) -> Result<(), String> {
    let arguments = package.program.version_arguments;
    if arguments.is_empty() {
        return Ok(());
    }
    let mut problem = String::new();
    for arguments in [arguments, &["--help"]] {
        let mut command = command(package, program, tools, folder);
        match command.args(arguments).stdin(std::process::Stdio::null()).output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                problem = said.trim().lines().last().unwrap_or("it says nothing").to_owned();
            }
            Err(error) => problem = crate::error::io_reason(&error),
        }
    }
    Err(problem)
}

/// A command for a package's program: scripts for Node.js are given to `node`, as their back ends do.
fn command(package: &Package, program: &Path, tools: &Tools, folder: &Path) -> Command {
    let node = match package.origin {
        Origin::Npm { .. } if is_script(program) => tools.program(package.origin.runs_with()).ok(),
        _ => None,
    };
    let mut command = tools.command(node.as_deref().unwrap_or(program), folder);
    if node.is_some() {
        command.arg(program);
    }
    command
}

/// Whether a file is text for Node.js rather than a program of the machine's own.
fn is_script(file: &Path) -> bool {
    let mut start = [0; 2];
    let read = std::fs::File::open(file).and_then(|mut file| std::io::Read::read(&mut file, &mut start));
    let by_name = file.extension().is_some_and(|end| end == "js" || end == "mjs" || end == "cjs");
    by_name || (read.is_ok() && &start == b"#!")
}

/// A folder that programs can be asked in: the project's, whose files may choose their version.
pub(crate) fn asking_folder(start: &Path) -> PathBuf {
    if start.is_file() { start.parent().unwrap_or(start).to_owned() } else { start.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let cases = [
            ("Python 3.11.7", Some("3.11.7")),
            ("go1.26.8", Some("1.26.8")),
            ("v20.20.2", Some("20.20.2")),
            ("rustc 1.99.0 (0123456789 2026-10-29)", Some("1.99.0")),
            ("zig2 version 0.17.1.", Some("0.17.1")),
            ("devel", None),
            ("build 12", None),
            ("", None),
        ];
        for (answer, version) in cases {
            assert_eq!(version_in(answer), version, "{answer}");
        }
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_at_least("1.25.0", (1, 25)));
        assert!(is_at_least("1.100", (1, 25)));
        assert!(is_at_least("2.0.1", (1, 25)));
        assert!(!is_at_least("1.24.9", (1, 25)));
        assert!(!is_at_least("0.99", (1, 25)));
        assert!(is_at_least("devel", (1, 25)));
    }
}
