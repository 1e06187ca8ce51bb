//! Gets a pinned package from PyPI or npm into a folder of wkit's own.
//!
//! A Python environment names its own place in many of its files, so a package is laid out where it will stay. While
//! that goes on, a mark beside the folder says that it is not complete; the mark goes last. An installation that was
//! killed leaves the mark, and what has it is not used and is made anew.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use thiserror::Error;

use super::{environment, is_at_least, is_laid_out, or_newer, start, version_in};
use crate::build::{Origin, Package, Program, ToolError, Tools};

/// What an installation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The package was there already, and no network was asked.
    Present,
    /// The package was installed.
    Installed,
}

/// Why a package is not installed.
#[derive(Debug, Error)]
pub(crate) enum InstallError {
    /// What it is installed with is not on the machine.
    #[error("it needs `{tool}`, which is not installed")]
    BaseMissing {
        /// The program.
        tool: &'static str,
        /// How to get it.
        hint: &'static str,
    },
    /// What it is installed with is too old.
    #[error("expected `{tool}` {expected}, found {found}")]
    BaseTooOld {
        /// The program.
        tool: &'static str,
        /// The oldest version that will do.
        expected: String,
        /// The version that is there.
        found: String,
        /// How to get a newer one.
        hint: &'static str,
    },
    /// The Python of the machine cannot make environments.
    #[error("the Python of this machine has no `venv` module")]
    NoVenv,
    /// The base program does not start.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// pip or npm refused.
    #[error("`{command}` failed\n{}", output.trim())]
    Refused {
        /// The command as a person would type it.
        command: String,
        /// The end of what it wrote.
        output: String,
        /// What that means, as far as it is known.
        reason: Reason,
    },
    /// pip or npm was content, but the package is not what it should be.
    #[error("the package has no `{file}`")]
    Incomplete {
        /// The file that should be there.
        file: &'static str,
    },
    /// The package is there and its program does not work.
    #[error("`{tool}` was installed and does not start: {answer}")]
    DoesNotStart {
        /// The program.
        tool: &'static str,
        /// What it said.
        answer: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {}", path.display(), crate::error::io_reason(reason))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

/// Why pip or npm refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The package registry does not answer.
    NoNetwork,
    /// The registry has no such version, or none for this machine.
    NoVersion,
    /// Something else, which its output says.
    Other,
}

/// What pip and npm write where no network answers.
const NO_NETWORK: [&str; 12] = [
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Max retries exceeded",
    "ProxyError",
    "ConnectTimeout",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ENETUNREACH",
    "ETIMEDOUT",
];

/// What they write where there is no such version, or none for this machine.
const NO_VERSION: [&str; 4] =
    ["No matching distribution found", "ETARGET", "notarget No matching version", "E404"];

impl InstallError {
    /// What to do about it.
    pub(crate) fn hint(&self, package: &Package) -> Option<String> {
        let registry = match package.origin {
            Origin::PyPi { .. } => "pip's settings (`pip config list`)",
            Origin::Npm { .. } => "npm's settings (`npm config list`)",
        };
        match self {
            Self::BaseMissing { hint, .. } | Self::BaseTooOld { hint, .. } => Some((*hint).to_owned()),
            Self::NoVenv => Some("install it; Debian's package is `python3-venv`".to_owned()),
            Self::Tool(error) => error.hint(),
            Self::Refused { reason: Reason::NoNetwork, .. } => {
                Some(format!("the package registry cannot be reached: check the network and {registry}"))
            }
            Self::Refused { reason: Reason::NoVersion, .. } => {
                Some("the registry has no such version for this machine; `[toolchain]` of `wkit.toml` can name another".to_owned())
            }
            Self::Io { reason, .. } if reason.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, or name another folder with `WKIT_TOOLS`".to_owned())
            }
            Self::Io { .. } => {
                Some("check who owns the folder, or name another with `WKIT_TOOLS`".to_owned())
            }
            Self::Refused { .. } | Self::Incomplete { .. } | Self::DoesNotStart { .. } => None,
        }
    }

    /// Whether it is the machine's own programs that are missing or too old.
    pub(crate) fn is_about_base(&self) -> bool {
        matches!(self, Self::BaseMissing { .. } | Self::BaseTooOld { .. } | Self::NoVenv)
    }
}

/// Installs a package in the version that is wanted, unless it is there; with `anew` even then.
///
/// `waiting` is called when another wkit is installing something, which is waited for.
pub(crate) fn install(
    package: &Package,
    tools: &Tools,
    anew: bool,
    waiting: &mut dyn FnMut(),
) -> Result<Outcome, InstallError> {
    if !anew && is_laid_out(package, tools) {
        return Ok(Outcome::Present);
    }
    let base = base_program(package, tools)?;
    let folder = tools.folder();
    fs::create_dir_all(folder).map_err(|source| io_error("make the folder", folder, source))?;
    let _lock = lock(folder, waiting)?;
    // Whoever held the lock may have installed it.
    if !anew && is_laid_out(package, tools) {
        return Ok(Outcome::Present);
    }
    let target = tools.package_folder(package);
    let mark = tools.incomplete_mark(package);
    let earlier = set_aside(package, tools, &target)?;
    let marked = File::create(&mark).and_then(|mark| mark.sync_all());
    marked.map_err(|source| io_error("write", &mark, source))?;
    let done = lay_out(package, tools, &base, &target).and_then(|()| verify(package, tools, &target));
    if let Err(error) = done {
        // Where this fails too, the mark stays and says that the folder is not to be used.
        if remove(&target).is_ok() && earlier.is_none_or(|earlier| fs::rename(earlier, &target).is_ok()) {
            let _ = fs::remove_file(&mark);
        }
        return Err(error);
    }
    fs::remove_file(&mark).map_err(|source| io_error("remove", &mark, source))?;
    earlier.map_or(Ok(()), |earlier| remove(&earlier))?;
    Ok(Outcome::Installed)
}

/// Makes room for a package. An installation that works comes back when the new one fails, so it is kept beside.
fn set_aside(package: &Package, tools: &Tools, target: &Path) -> Result<Option<PathBuf>, InstallError> {
    let mut aside = target.as_os_str().to_owned();
    aside.push(".old");
    let aside = PathBuf::from(aside);
    remove(&aside)?;
    if !is_laid_out(package, tools) {
        remove(target)?;
        return Ok(None);
    }
    fs::rename(target, &aside).map_err(|source| io_error("move", target, source))?;
    Ok(Some(aside))
}

/// The program of the machine that installs a package.
fn base_program(package: &Package, tools: &Tools) -> Result<PathBuf, InstallError> {
    let with = package.origin.installed_with();
    let mut found = PathBuf::new();
    for program in [package.origin.runs_with(), with] {
        found = at_hand(program, tools)?;
    }
    if let Origin::PyPi { .. } = package.origin
        && !has_venv(&found, tools)
    {
        return Err(InstallError::NoVenv);
    }
    Ok(found)
}

fn at_hand(program: &Program, tools: &Tools) -> Result<PathBuf, InstallError> {
    let Ok(file) = tools.program(program) else {
        return Err(InstallError::BaseMissing { tool: program.name, hint: program.hint });
    };
    if let Some(oldest) = program.oldest {
        let answer = tools.ask(&file, Path::new("/"), program.version_arguments)?;
        let found = version_in(&answer).unwrap_or(&answer);
        if !is_at_least(found, oldest) {
            return Err(InstallError::BaseTooOld {
                tool: program.name,
                expected: or_newer(oldest),
                found: found.to_owned(),
                hint: program.hint,
            });
        }
    }
    Ok(file)
}

/// Whether a Python can make environments; Debian packs that apart.
pub(super) fn has_venv(python: &Path, tools: &Tools) -> bool {
    tools.ask(python, Path::new("/"), &["-c", "import ensurepip, venv"]).is_ok()
}

/// One installation at a time, of all processes. The system lets go of the lock when a process ends.
fn lock(folder: &Path, waiting: &mut dyn FnMut()) -> Result<File, InstallError> {
    let path = folder.join(".lock");
    let failed = |source| io_error("lock", &path, source);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            waiting();
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    Ok(file)
}

fn lay_out(package: &Package, tools: &Tools, base: &Path, target: &Path) -> Result<(), InstallError> {
    let version = tools.wanted_version(package);
    match package.origin {
        Origin::PyPi { package: name } => {
            let mut venv = tools.command(base, tools.folder());
            venv.args(["-m", "venv", "--prompt"]).arg(format!("{name} {version}")).arg(target);
            run(&mut venv, "python3 -m venv")?;
            let mut pip = tools.command(&target.join("bin").join("python3"), tools.folder());
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
            pip.args(["--no-user", "--only-binary", ":all:"]).arg(format!("{name}=={version}"));
            run(&mut pip, &format!("pip install {name}=={version}"))
        }
        Origin::Npm { package: name, beside, overrides } => {
            fs::create_dir_all(target).map_err(|source| io_error("make the folder", target, source))?;
            let manifest = target.join("package.json");
            let text = npm_manifest(name, version, beside, overrides);
            fs::write(&manifest, text).map_err(|source| io_error("write", &manifest, source))?;
            let mut npm = tools.command(base, target);
            npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
            // Programs for single systems come as optional packages.
            npm.args(["--include=optional", "--no-progress", "--loglevel=error", "--prefix"]).arg(target);
            run(&mut npm, &format!("npm install {name}@{version}"))
        }
    }
}

fn npm_manifest(name: &str, version: &str, beside: &[(&str, &str)], overrides: &[(&str, &str)]) -> String {
    let map = |pairs: &[(&str, &str)]| -> serde_json::Map<String, serde_json::Value> {
        pairs.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect()
    };
    let mut dependencies = map(beside);
    dependencies.insert(name.to_owned(), json!(version));
    let manifest = json!({ "private": true, "dependencies": dependencies, "overrides": map(overrides) });
    format!("{manifest:#}\n")
}

/// Runs one step; what it writes is shown only when it fails.
fn run(command: &mut Command, shown: &str) -> Result<(), InstallError> {
    environment::isolate(command);
    let program = PathBuf::from(command.get_program());
    let output =
        command.stdin(Stdio::null()).output().map_err(|source| ToolError::Start { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let text = text.concat();
    let (command, output, reason) = (shown.to_owned(), last_lines(&text), reason(&text));
    Err(InstallError::Refused { command, output, reason })
}

/// Without a network pip finds no version either, so that is looked for first.
fn reason(output: &str) -> Reason {
    let has = |texts: &[&str]| texts.iter().any(|text| output.contains(text));
    if has(&NO_NETWORK) {
        Reason::NoNetwork
    } else if has(&NO_VERSION) {
        Reason::NoVersion
    } else {
        Reason::Other
    }
}

/// Enough of what pip or npm wrote to see what is wrong.
fn last_lines(text: &str) -> String {
    const LINES_MAX: usize = 20;
    // Attempts that were repeated, and the insides of npm.
    let is_noise = |line: &str| {
        let line = line.trim_start_matches("npm error").trim_start();
        line.is_empty() || line.starts_with("WARNING: Retrying") || line.starts_with("at ")
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_noise(line)).collect();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}

fn verify(package: &Package, tools: &Tools, target: &Path) -> Result<(), InstallError> {
    let program = target.join(package.file);
    if !program.is_file() {
        return Err(InstallError::Incomplete { file: package.file });
    }
    start(package, &program, tools, target)
        .map_err(|answer| InstallError::DoesNotStart { tool: package.program.name, answer })
}

fn remove(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error("remove", folder, source)),
        _ => Ok(()),
    }
}

fn io_error(action: &'static str, path: &Path, reason: io::Error) -> InstallError {
    InstallError::Io { action, path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_for_npm_pins_everything() {
        let text = npm_manifest("jco", "1.2.3", &[("esbuild", "0.28.0")], &[("shim", "0.25.0")]);
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "private": true,
            "dependencies": { "esbuild": "0.28.0", "jco": "1.2.3" },
            "overrides": { "shim": "0.25.0" },
        });
        assert_eq!(manifest, expected);
    }

    #[test]
    fn the_reason_is_read_from_the_output() {
        let offline = "NewConnectionError: Failed to establish a new connection: [Errno 111]\n\
                       ERROR: No matching distribution found for compiler==1.0";
        assert_eq!(reason(offline), Reason::NoNetwork);
        assert_eq!(
            reason("npm error network request to x failed, reason: getaddrinfo ENOTFOUND x"),
            Reason::NoNetwork
        );
        assert_eq!(reason("ERROR: No matching distribution found for compiler==1.0"), Reason::NoVersion);
        assert_eq!(reason("npm error code ETARGET"), Reason::NoVersion);
        assert_eq!(reason("no space left on device"), Reason::Other);
    }

    #[test]
    fn only_the_end_of_a_long_output_is_kept() {
        let text = (1..=30).map(|line| format!("line {line}\n\nnpm error     at x.js:1\nnpm error\n"));
        let kept = last_lines(&text.collect::<String>());
        assert_eq!(kept.lines().count(), 20);
        assert!(kept.starts_with("line 11\n") && kept.ends_with("line 30"));
    }
}
