//! Finds the programs that build guests, and says plainly what to do where one is missing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use super::process;

/// Where compilers are found: the packages that `wkit toolchain install` lays out, then the folders of `PATH`.
#[derive(Debug)]
pub(crate) struct Tools {
    folder: PathBuf,
    path: Option<OsString>,
    versions: BTreeMap<String, String>,
}

/// A program that a person installs for a language.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name of its file.
    pub(crate) name: &'static str,
    /// The language that needs it, as people write it.
    pub(crate) language: &'static str,
    /// How to get it.
    pub(crate) hint: &'static str,
    /// The arguments that make it tell its version; none for what is no program to be started by itself.
    pub(crate) version_arguments: &'static [&'static str],
    /// The oldest version that will do, where it matters.
    pub(crate) oldest: Option<(u32, u32)>,
}

/// A program that comes as a package of a fixed version, in a folder of wkit's own.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name and how to get it.
    pub(crate) program: Program,
    /// The version that is installed unless `[toolchain]` of `wkit.toml` names another.
    pub(crate) version: &'static str,
    /// The program's place in the package's folder.
    pub(crate) file: &'static str,
    /// Where the package comes from, with what must lie beside it.
    pub(crate) origin: Origin,
}

/// A package registry, and how the package is laid out from it.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A Python environment of its own, made with `python3 -m venv` and `pip`.
    PyPi {
        /// The package's name there.
        package: &'static str,
    },
    /// A folder with a `node_modules` of its own.
    Npm {
        /// The package's name there.
        package: &'static str,
        /// Other packages, with their versions, that are installed beside it.
        beside: &'static [(&'static str, &'static str)],
        /// npm's `overrides`: versions of dependencies that are forced.
        overrides: &'static [(&'static str, &'static str)],
    },
}

/// What packages of PyPI are installed with, and run by.
pub(crate) static PYTHON: Program = Program {
    name: "python3",
    language: "Python",
    hint: "install Python 3.10 or newer, with its `venv` module, from your package manager",
    version_arguments: &["--version"],
    oldest: Some((3, 10)),
};

/// What packages of npm are run by.
pub(crate) static NODE: Program = Program {
    name: "node",
    language: "JavaScript",
    hint: "install Node.js 20 or newer from your package manager",
    version_arguments: &["--version"],
    oldest: Some((20, 0)),
};

/// What packages of npm are installed with.
pub(crate) static NPM: Program = Program {
    name: "npm",
    hint: "install npm, which comes with Node.js or as a package of its own",
    oldest: None,
    ..NODE
};

impl Origin {
    /// What must be on the machine to run a package.
    pub(crate) fn runs_with(&self) -> &'static Program {
        match self {
            Self::PyPi { .. } => &PYTHON,
            Self::Npm { .. } => &NODE,
        }
    }

    /// What must be on the machine to install a package.
    pub(crate) fn installed_with(&self) -> &'static Program {
        match self {
            Self::PyPi { .. } => &PYTHON,
            Self::Npm { .. } => &NPM,
        }
    }
}

/// One thing that a language needs, for `wkit toolchain`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Requirement {
    /// A base toolchain, which is looked for and never installed.
    Program(&'static Program),
    /// A target of the Rust toolchain, which `rustup` adds.
    RustTarget(&'static str),
    /// A pinned package, which `wkit toolchain install` gets.
    Package(&'static Package),
    /// A pinned package that only some components need, which is installed when it is named.
    Optional(&'static Package),
    /// A part that wkit carries inside.
    Carried {
        /// What it is.
        name: &'static str,
        /// Its version.
        version: &'static str,
    },
}

/// How a package of wkit's own is got.
pub(super) const SETUP_HINT: &str = "run `wkit toolchain install`, which installs it for wkit alone";

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
    /// `wkit.toml` names a version of it that is not installed.
    #[error("`[toolchain]` of `wkit.toml` wants `{tool}` {version}, which is not installed")]
    VersionMissing {
        /// The tool.
        tool: &'static str,
        /// The version that is named.
        version: String,
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
            Self::VersionMissing { tool, .. } => {
                Some(format!("run `wkit toolchain install {tool}` in the project"))
            }
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
        // Programs are started in other folders than the one that a relative path is meant for.
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        Self { folder, path, versions: BTreeMap::new() }
    }

    /// The same tools with the versions that `[toolchain]` of `wkit.toml` names.
    pub(crate) fn with_versions(self, versions: BTreeMap<String, String>) -> Self {
        Self { versions, ..self }
    }

    /// Finds a program in `PATH`.
    pub(crate) fn program(&self, program: &Program) -> Result<PathBuf, ToolError> {
        self.on_path(program.name).ok_or(ToolError::Missing {
            tool: program.name,
            language: program.language,
            hint: program.hint,
        })
    }

    /// Finds a program of any name in `PATH`.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        self.on_path(name)
    }

    /// Finds a package's program in wkit's own folder, else in `PATH`. The first has the wanted version, which is
    /// returned with it.
    ///
    /// A version that `wkit.toml` names is meant: one from `PATH` does not stand in for it.
    pub(crate) fn package(&self, package: &Package) -> Result<(PathBuf, Option<String>), ToolError> {
        let installed = self.package_folder(package).join(package.file);
        let wanted = self.wanted_version(package);
        if installed.is_file() && !self.incomplete_mark(package).exists() {
            return Ok((installed, Some(wanted.to_owned())));
        }
        if self.versions.contains_key(package.program.name) {
            return Err(ToolError::VersionMissing { tool: package.program.name, version: wanted.to_owned() });
        }
        Ok((self.program(&package.program)?, None))
    }

    /// The folder that packages are installed into.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that is there while a package's folder is being filled, and after an installation that was killed.
    pub(crate) fn incomplete_mark(&self, package: &Package) -> PathBuf {
        let mut name = self.package_folder(package).into_os_string();
        name.push(".incomplete");
        PathBuf::from(name)
    }

    /// The folder of wkit's own that holds a package, whether or not it is installed.
    pub(crate) fn package_folder(&self, package: &Package) -> PathBuf {
        self.folder.join(format!("{}-{}", package.program.name, self.wanted_version(package)))
    }

    /// The version of a package that is to be used.
    pub(crate) fn wanted_version<'a>(&'a self, package: &'a Package) -> &'a str {
        self.versions.get(package.program.name).map_or(package.version, String::as_str)
    }

    /// A command that runs `program` in `folder` with the same `PATH` that tools are found in.
    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = process::command(program, folder);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// Asks a program about itself: what it writes to its standard output, without the last line's end.
    pub(crate) fn ask(&self, program: &Path, folder: &Path, arguments: &[&str]) -> Result<String, ToolError> {
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
        program: Program {
            name: "compiler",
            language: "Esperanto",
            hint: SETUP_HINT,
            version_arguments: &["--version"],
            oldest: None,
        },
        version: "1.2.3",
        file: "bin/compiler",
        origin: Origin::PyPi { package: "compiler" },
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
        assert_eq!(tools.package(&PACKAGE).unwrap(), (pinned, Some("1.2.3".to_owned())));

        fs::write(tools.incomplete_mark(&PACKAGE), "").unwrap();
        let found = tools.package(&PACKAGE).unwrap();
        assert_eq!(found, (path.join("compiler"), None), "a half-made installation is none");
    }

    #[cfg(unix)]
    #[test]
    fn a_version_that_the_project_names_has_no_substitute() {
        let folder = tempfile::tempdir().unwrap();
        let (own, path) = (folder.path().join("tools"), folder.path().join("path"));
        let versions = BTreeMap::from([("compiler".to_owned(), "1.0.0".to_owned())]);
        let tools = Tools::new(own.clone(), Some(path.clone().into_os_string())).with_versions(versions);
        program(&path.join("compiler"), "exit 0", 0o755);
        program(&own.join("compiler-1.2.3/bin/compiler"), "exit 0", 0o755);
        let error = tools.package(&PACKAGE).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`[toolchain]` of `wkit.toml` wants `compiler` 1.0.0, which is not installed"
        );
        assert!(error.hint().unwrap().contains("`wkit toolchain install compiler`"));
        let named = own.join("compiler-1.0.0/bin/compiler");
        program(&named, "exit 0", 0o755);
        assert_eq!(tools.package(&PACKAGE).unwrap(), (named, Some("1.0.0".to_owned())));
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
