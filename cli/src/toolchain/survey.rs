//! Looks at everything that languages need on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{install, is_at_least, is_laid_out, or_newer, start, version_in};
use crate::build::{Language, Package, Program, Requirement, ToolError, Tools};

/// One tool of one language, as it was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// The language's name in `wkit.toml`.
    pub(crate) language: &'static str,
    /// The tool.
    pub(crate) tool: &'static str,
    /// The version that is wanted; absent where any will do.
    pub(crate) wanted: Option<String>,
    /// The version that was found, where it tells one.
    pub(crate) found: Option<String>,
    /// How it is with the tool.
    pub(crate) state: State,
    /// Where it is.
    pub(crate) place: Option<PathBuf>,
    /// What is wrong, in words.
    pub(crate) problem: Option<String>,
    /// What to do about it.
    #[serde(skip)]
    pub(crate) step: Option<Step>,
    /// Whether it is needed for installing only, so that builds do without.
    #[serde(skip)]
    pub(crate) installs_only: bool,
}

/// How it is with a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It is there in a version that will do.
    Ok,
    /// wkit has it inside.
    Carried,
    /// A package that is not wkit's own installation is used, in whatever version it has.
    Foreign,
    /// A base program is not on the machine.
    Missing,
    /// A base program is older than what is needed.
    TooOld,
    /// A package of wkit's own is not installed.
    NotInstalled,
    /// A package of wkit's own is not installed, and only some components need it.
    Optional,
    /// It is there and does not work.
    Broken,
}

impl State {
    /// As it is shown.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Carried => "carried by wkit",
            Self::Foreign => "not wkit's own",
            Self::Missing => "missing",
            Self::TooOld => "too old",
            Self::NotInstalled => "not installed",
            Self::Optional => "optional",
            Self::Broken => "does not work",
        }
    }

    /// Whether components can be built with it.
    pub(crate) fn is_usable(self) -> bool {
        matches!(self, Self::Ok | Self::Carried | Self::Foreign | Self::Optional)
    }
}

/// A next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// `wkit toolchain install TOOL`.
    Install(&'static str),
    /// Something else, as a sentence.
    Do(String),
}

/// Looks at what `languages` need. Programs are asked in `folder`.
///
/// With `thorough` each package's program is started, and Python asked whether it can make environments.
pub(crate) fn survey(
    languages: &[&'static dyn Language],
    tools: &Tools,
    folder: &Path,
    thorough: bool,
) -> Vec<Entry> {
    let mut survey = Survey { tools, folder, thorough, known: BTreeMap::new() };
    languages.iter().flat_map(|language| survey.language(*language)).collect()
}

struct Survey<'a> {
    tools: &'a Tools,
    folder: &'a Path,
    thorough: bool,
    /// What is known of each tool: many languages share one.
    known: BTreeMap<&'static str, Entry>,
}

impl Survey<'_> {
    fn language(&mut self, language: &'static dyn Language) -> Vec<Entry> {
        let requirements = language.requirements();
        let stated = |name| {
            requirements.iter().any(
                |requirement| matches!(requirement, Requirement::Program(program) if program.name == name),
            )
        };
        let mut entries: Vec<Entry> = Vec::new();
        for requirement in requirements {
            let base = match requirement {
                Requirement::Package(package) | Requirement::Optional(package) => {
                    let origin = &package.origin;
                    [(origin.runs_with(), false), (origin.installed_with(), true)].to_vec()
                }
                _ => Vec::new(),
            };
            for (program, installs_only) in base {
                if !stated(program.name) && !entries.iter().any(|entry| entry.tool == program.name) {
                    entries.push(Entry { installs_only, ..self.program(program) });
                }
            }
            entries.push(match *requirement {
                Requirement::Program(program) => self.program(program),
                Requirement::RustTarget(target) => self.rust_target(target),
                Requirement::Package(package) => self.package(package),
                Requirement::Optional(package) => optional(self.package(package)),
                Requirement::Carried { name, version } => Entry {
                    wanted: Some(version.to_owned()),
                    found: Some(version.to_owned()),
                    state: State::Carried,
                    ..blank(name)
                },
            });
        }
        for entry in &mut entries {
            entry.language = language.name();
        }
        entries
    }

    fn remembered(&mut self, tool: &'static str, look: impl FnOnce(&Self) -> Entry) -> Entry {
        if let Some(entry) = self.known.get(tool) {
            return entry.clone();
        }
        let entry = look(self);
        self.known.insert(tool, entry.clone());
        entry
    }

    fn program(&mut self, program: &'static Program) -> Entry {
        self.remembered(program.name, |survey| survey.look_at_program(program))
    }

    fn look_at_program(&self, program: &'static Program) -> Entry {
        let name = program.name;
        let entry = Entry { wanted: program.oldest.map(or_newer), ..blank(name) };
        let advice = Some(Step::Do(program.hint.to_owned()));
        let Ok(file) = self.tools.program(program) else {
            return Entry {
                state: State::Missing,
                problem: Some(format!("`{name}` is not installed")),
                step: advice,
                ..entry
            };
        };
        let entry = Entry { place: Some(file.clone()), ..entry };
        if program.version_arguments.is_empty() {
            return entry;
        }
        let answer = match self.tools.ask(&file, self.folder, program.version_arguments) {
            Ok(answer) => answer,
            Err(error) => {
                return Entry {
                    state: State::Broken,
                    problem: Some(problem_of(&error)),
                    step: advice,
                    ..entry
                };
            }
        };
        let found = version_in(&answer).unwrap_or(&answer).to_owned();
        let entry = Entry { found: Some(found.clone()), ..entry };
        match program.oldest {
            Some(oldest) if !is_at_least(&found, oldest) => Entry {
                state: State::TooOld,
                problem: Some(format!("expected `{name}` {}, found {found}", or_newer(oldest))),
                step: advice,
                ..entry
            },
            _ => entry,
        }
    }

    fn rust_target(&mut self, target: &'static str) -> Entry {
        self.remembered(target, |survey| {
            let entry = blank(target);
            let arguments = ["--print", "target-libdir", "--target", target];
            let rustc = survey.tools.program(&crate::build::RUSTC);
            let library = rustc
                .and_then(|rustc| survey.tools.ask(&rustc, survey.folder, &arguments))
                .map(PathBuf::from)
                .ok()
                .filter(|library| library.is_dir());
            match library {
                Some(library) => Entry { place: Some(library), ..entry },
                None => Entry {
                    state: State::Missing,
                    problem: Some(format!("the Rust toolchain has no target `{target}`")),
                    step: Some(Step::Do(format!("run `rustup target add {target}`"))),
                    ..entry
                },
            }
        })
    }

    fn package(&mut self, package: &'static Package) -> Entry {
        self.remembered(package.program.name, |survey| survey.look_at_package(package))
    }

    fn look_at_package(&self, package: &'static Package) -> Entry {
        let name = package.program.name;
        let wanted = self.tools.wanted_version(package).to_owned();
        let entry = Entry { wanted: Some(wanted.clone()), ..blank(name) };
        let entry = match self.tools.package(package) {
            Ok((file, Some(version))) if is_laid_out(package, self.tools) => {
                Entry { found: Some(version), place: Some(file), ..entry }
            }
            Ok((file, None)) => {
                let found = self.foreign_version(package, &file);
                let state = if found.as_ref() == Some(&wanted) { State::Ok } else { State::Foreign };
                let step = (state == State::Foreign).then_some(Step::Install(name));
                Entry { found, place: Some(file), state, step, ..entry }
            }
            Ok((_, Some(_))) | Err(_) => {
                let problem = match self.venv_problem(package) {
                    Some(problem) => {
                        let advice = "install Python's `venv` module; Debian's package is `python3-venv`";
                        return Entry {
                            state: State::NotInstalled,
                            problem: Some(format!("`{name}` {wanted} is not installed, and {problem}")),
                            step: Some(Step::Do(advice.to_owned())),
                            ..entry
                        };
                    }
                    None => format!("`{name}` {wanted} is not installed"),
                };
                return Entry {
                    state: State::NotInstalled,
                    problem: Some(problem),
                    step: Some(Step::Install(name)),
                    ..entry
                };
            }
        };
        let file = entry.place.clone().unwrap_or_default();
        match self.thorough.then(|| start(package, &file, self.tools, self.folder)) {
            Some(Err(answer)) => Entry {
                state: State::Broken,
                problem: Some(format!("`{name}` does not start: {answer}")),
                step: Some(Step::Do(format!("run `wkit toolchain install --force {name}`"))),
                ..entry
            },
            _ => entry,
        }
    }

    /// What a package's program that is not wkit's own says of its version.
    fn foreign_version(&self, package: &Package, program: &Path) -> Option<String> {
        if package.program.version_arguments.is_empty() {
            return None;
        }
        let answer = self.tools.ask(program, self.folder, package.program.version_arguments).ok()?;
        version_in(&answer).map(str::to_owned)
    }

    /// What keeps Python from making an environment. A Python that is not there has an entry of its own.
    fn venv_problem(&self, package: &Package) -> Option<&'static str> {
        let python = match package.origin {
            crate::build::Origin::PyPi { .. } if self.thorough => {
                self.tools.program(package.origin.installed_with()).ok()?
            }
            _ => return None,
        };
        (!install::has_venv(&python, self.tools)).then_some("Python has no `venv` module")
    }
}

/// A package that may be missing without harm.
fn optional(entry: Entry) -> Entry {
    match entry.state {
        State::NotInstalled => Entry { state: State::Optional, problem: None, step: None, ..entry },
        _ => entry,
    }
}

/// An entry of a tool that is all right so far.
fn blank(tool: &'static str) -> Entry {
    Entry {
        language: "",
        tool,
        wanted: None,
        found: None,
        state: State::Ok,
        place: None,
        problem: None,
        step: None,
        installs_only: false,
    }
}

/// An error with the system's reason behind it.
fn problem_of(error: &ToolError) -> String {
    match error {
        ToolError::Start { source, .. } => format!("{error}: {}", crate::error::io_reason(source)),
        _ => error.to_string(),
    }
}
