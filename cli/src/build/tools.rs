//! Finds the programs that build guests, and says plainly what to do where one is missing.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use super::process;

/// Where compilers are found: the packages that `scripts/setup-guests.sh` lays out, then the folders of `PATH`.
#[derive(Debug)]
pub(crate) struct Tools {
    folder: PathBuf,
    path: Option<OsString>,
}

/// A program that a person installs for a language.
#[derive(Debug)]
pub(super) struct Program {
    /// The name of its file.
    pub(super) name: &'static str,
    /// The language that needs it, as people write it.
    pub(super) language: &'static str,
    /// How to get it.
    pub(super) hint: &'static str,
}

/// A program that comes as a package of a fixed version, in a folder of wkit's own.
#[derive(Debug)]
pub(super) struct Package {
    /// Its name and how to get it.
    pub(super) program: Program,
    /// The version, the same as in `scripts/versions.env`.
    pub(super) version: &'static str,
    /// The program's place in the package's folder.
    pub(super) file: &'static str,
}

/// What is installed by `scripts/setup-guests.sh`.
pub(super) const SETUP_HINT: &str = "run `scripts/setup-guests.sh`, which installs it for wkit alone";

/// A tool and its version, as far as they decide what is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolVersion {
    /// The tool.
    pub(crate) tool: &'static str,
    /// What it says of itself.
    pub(crate) version: String,
}

/// Why a tool cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ToolError {
    /// It is nowhere to be found.
    #[error("{language} components are built with `{tool}`, which is not installed")]
    Missing {
        /// The program's name.
        tool: &'static str,
        /// The language that needs it.
        language: &'static str,
        /// How to get it.
        hint: &'static str,
    },
    /// It is there and does not start.
    #[error("`{}` cannot be started", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It does not answer a question about itself.
    #[error("`{question}` failed: {answer}")]
    NoAnswer {
        /// The command.
        question: String,
        /// What it said instead.
        answer: String,
    },
    /// It is older than what wkit needs.
    #[error("expected `{tool}` {expected} or newer, found {found}")]
    TooOld {
        /// The program's name.
        tool: &'static str,
        /// The oldest version that will do.
        expected: String,
        /// The version that is installed.
        found: String,
        /// How to get a newer one.
        hint: &'static str,
    },
    /// The Rust toolchain cannot compile for Wasm yet.
    #[error("the Rust toolchain has no target `{target}`")]
    TargetMissing {
        /// The target.
        target: &'static str,
    },
}

impl ToolError {
    /// The next step, where there is one.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { hint, .. } | Self::TooOld { hint, .. } => Some((*hint).to_owned()),
            Self::TargetMissing { target } => {
                Some(format!("run `rustup target add {target}` in the component's folder"))
            }
            Self::Start { .. } | Self::NoAnswer { .. } => None,
        }
    }
}

impl Tools {
    /// Tools of `folder` and of the folders in `path`, which has the form of the variable `PATH`.
    pub(crate) fn new(folder: PathBuf, path: Option<OsString>) -> Self {
        Self { folder, path }
    }

    /// Finds a program in `PATH`.
    pub(super) fn program(&self, program: &Program) -> Result<PathBuf, ToolError> {
        self.on_path(program.name).ok_or(ToolError::Missing {
            tool: program.name,
            language: program.language,
            hint: program.hint,
        })
    }

    /// Finds a package's program in wkit's own folder, else in `PATH`. The first has the wanted version, which is
    /// returned with it.
    pub(super) fn package(&self, package: &Package) -> Result<(PathBuf, Option<&'static str>), ToolError> {
        let folder = self.folder.join(format!("{}-{}", package.program.name, package.version));
        let installed = folder.join(package.file);
        if installed.is_file() {
            return Ok((installed, Some(package.version)));
        }
        Ok((self.program(&package.program)?, None))
    }

    /// A command that runs `program` in `folder` with the same `PATH` that tools are found in.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = process::command(program, folder);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// Asks a program about itself: what it writes to its standard output, without the last line's end.
    pub(super) fn ask(&self, program: &Path, folder: &Path, arguments: &[&str]) -> Result<String, ToolError> {
        let answer = self
            .command(program, folder)
            .args(arguments)
            .output()
            .map_err(|source| ToolError::Start { program: program.to_owned(), source })?;
        if answer.status.success() {
            return Ok(String::from_utf8_lossy(&answer.stdout).trim_end().to_owned());
        }
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
        Err(ToolError::NoAnswer {
            question: format!("{name} {}", arguments.join(" ")),
            answer: String::from_utf8_lossy(&answer.stderr).trim().to_owned(),
        })
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(self.path.as_ref()?)
            // A relative folder would mean another one for a command that runs elsewhere.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
            .find(|file| is_executable(file))
    }
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PACKAGE: Package = Package {
        program: Program { name: "compiler", language: "Esperanto", hint: SETUP_HINT },
        version: "1.2.3",
        file: "bin/compiler",
    };

    #[cfg(unix)]
    fn program(file: &Path, script: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_own_folder_goes_before_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let (own, path) = (folder.path().join("tools"), folder.path().join("path"));
        let tools = Tools::new(own.clone(), Some(path.clone().into_os_string()));
        let missing = tools.package(&PACKAGE).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "Esperanto components are built with `compiler`, which is not installed"
        );
        assert_eq!(missing.hint().as_deref(), Some(SETUP_HINT));

        program(&path.join("compiler"), "exit 0", 0o644);
        assert!(tools.package(&PACKAGE).is_err(), "a file without the right to run it is no program");
        program(&path.join("compiler"), "exit 0", 0o755);
        assert_eq!(tools.package(&PACKAGE).unwrap(), (path.join("compiler"), None));

        let pinned = own.join("compiler-1.2.3/bin/compiler");
        program(&pinned, "exit 0", 0o755);
        assert_eq!(tools.package(&PACKAGE).unwrap(), (pinned, Some("1.2.3")));
    }

    #[cfg(unix)]
    #[test]
    fn an_answer_is_what_is_written_to_standard_output() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("compiler");
        let tools = Tools::new(folder.path().to_owned(), None);
        program(&file, "echo noise >&2; echo \"compiler $1 9.9\"", 0o755);
        assert_eq!(tools.ask(&file, folder.path(), &["--version"]).unwrap(), "compiler --version 9.9");
        program(&file, "echo 'no toolchain' >&2; exit 1", 0o755);
        let error = tools.ask(&file, folder.path(), &["--version"]).unwrap_err();
        assert_eq!(error.to_string(), "`compiler --version` failed: no toolchain");
    }

    #[test]
    fn a_path_without_folders_finds_nothing() {
        for path in [None, Some(OsString::new()), Some(OsString::from("relative/bin"))] {
            assert!(Tools::new(PathBuf::new(), path).program(&PACKAGE.program).is_err());
        }
    }
}
