//! `wkit toolchain`: what components are built with.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::build::{self, LANGUAGES, Language, Package, Requirement, Tools};
use crate::components;
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::project::Project;
use crate::toolchain::{self, Entry, Outcome, State, Step};
use crate::ui::{self, Format, Table};

/// Arguments of `wkit toolchain`.
#[derive(Debug, Args)]
pub(crate) struct ToolchainArgs {
    /// What to do
    #[command(subcommand)]
    command: ToolchainCommand,
}

#[derive(Debug, Subcommand)]
enum ToolchainCommand {
    /// Show what each language is built with, and what of it is there
    List(ListArgs),
    /// Get the packages that wkit pins, into a folder of its own
    ///
    /// Packages come from PyPI and npm, with the settings of pip and npm that are there. Base toolchains (Rust, Go,
    /// Node.js, Python) are never installed. What is there already needs no network.
    Install(InstallArgs),
    /// Say what is wrong, and what to do about it
    ///
    /// Fails when a language that was named, or one of the project's, cannot be built.
    Doctor(DoctorArgs),
}

/// Arguments of `wkit toolchain list`.
#[derive(Debug, Args)]
struct ListArgs {
    /// The languages to show; all of them when none is named
    #[arg(value_name = "LANGUAGE")]
    languages: Vec<String>,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Arguments of `wkit toolchain install`.
#[derive(Debug, Args)]
struct InstallArgs {
    /// Languages or single tools; the project's languages when none is named
    #[arg(value_name = "LANGUAGE|TOOL")]
    names: Vec<String>,

    /// Everything that this machine's base toolchains allow
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Install even what is there
    #[arg(long)]
    force: bool,
}

/// Arguments of `wkit toolchain doctor`.
#[derive(Debug, Args)]
struct DoctorArgs {
    /// The languages that must work; the project's when none is named
    #[arg(value_name = "LANGUAGE")]
    languages: Vec<String>,

    /// Every language must work
    #[arg(long, conflicts_with = "languages")]
    all: bool,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Runs one of them.
pub(crate) fn run(args: ToolchainArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let place = Place::find(context)?;
    match args.command {
        ToolchainCommand::List(args) => list(args, &place, context),
        ToolchainCommand::Install(args) => install(args, &place, context),
        ToolchainCommand::Doctor(args) => doctor(args, &place, context),
    }
}

/// The project, if there is one, and the tools in its versions.
struct Place {
    project: Option<Project>,
    tools: Tools,
}

impl Place {
    fn find(context: &Context) -> Result<Self, CommandError> {
        let project = Project::find_optional(&context.project_start)?;
        let tools = match &project {
            Some(project) => components::project_tools(project, context),
            None => Tools::new(context.tools_folder.clone(), context.path.clone()),
        };
        Ok(Self { project, tools })
    }

    /// The languages of the project's components; `None` outside of a project.
    fn languages(&self) -> Result<Option<Vec<&'static dyn Language>>, CommandError> {
        let Some(project) = &self.project else { return Ok(None) };
        let mut names = BTreeSet::new();
        for component in &project.components {
            names.insert(components::language_of(component)?.name());
        }
        let used = LANGUAGES.into_iter().filter(|language| names.contains(language.name()));
        Ok(Some(used.collect()))
    }
}

fn named(names: &[String]) -> Result<Vec<&'static dyn Language>, CommandError> {
    names.iter().map(|name| build::language_named(name).map_err(CommandError::usage)).collect()
}

fn list(args: ListArgs, place: &Place, context: &Context) -> Result<ExitCode, CommandError> {
    let languages = if args.languages.is_empty() { LANGUAGES.to_vec() } else { named(&args.languages)? };
    let folder = toolchain::asking_folder(&context.project_start);
    let entries = toolchain::survey(&languages, &place.tools, &folder, false);
    if args.format == Format::Json {
        ui::print_json(&entries)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["language", "tool", "wanted", "found", "state", "place"]);
    for entry in entries {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.row(vec![
            entry.language.to_owned(),
            entry.tool.to_owned(),
            entry.wanted.unwrap_or_else(|| "any".to_owned()),
            or_dash(entry.found),
            entry.state.words().to_owned(),
            or_dash(entry.place.map(|place| place.display().to_string())),
        ]);
    }
    ui::print(&table.render())?;
    Ok(ExitCode::SUCCESS)
}

fn install(args: InstallArgs, place: &Place, context: &Context) -> Result<ExitCode, CommandError> {
    let packages = if args.all {
        build::packages()
    } else if !args.names.is_empty() {
        packages_called(&args.names)?
    } else {
        let Some(languages) = place.languages()? else {
            return Err(CommandError::usage(
                "nothing is named to be installed, and there is no project here",
            )
            .hint("name languages or tools, or ask for `--all`"));
        };
        packages_of(&languages)
    };
    if packages.is_empty() {
        context.ui.note("nothing is to be installed: wkit and the base toolchains suffice");
    }
    for package in packages {
        match install_one(package, &place.tools, args.force, context) {
            Err(error) if args.all && error.is_about_base() => {
                let name = package.program.name;
                let hint = error.hint(package).unwrap_or_default();
                context.ui.note(format!("`{name}` is LEFT OUT: {error}; {hint}"));
            }
            Err(error) => {
                let (name, version) = (package.program.name, place.tools.wanted_version(package));
                return Err(CommandError::from_error(format!("cannot install `{name}` {version}"), &error)
                    .maybe_hint(error.hint(package)));
            }
            Ok(()) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn install_one(
    package: &Package,
    tools: &Tools,
    anew: bool,
    context: &Context,
) -> Result<(), toolchain::InstallError> {
    let started = Instant::now();
    let shown = format!("{} {}", package.program.name, tools.wanted_version(package));
    let spinner = context.ui.spinner(format!("installing {shown}"));
    let outcome = toolchain::install(package, tools, anew, &mut || {
        spinner.set_message(format!("waiting for another wkit that installs, then installing {shown}"));
    });
    spinner.finish_and_clear();
    match outcome? {
        Outcome::Present => context.ui.done("present", shown),
        Outcome::Installed => {
            context.ui.done("installed", format!("{shown} in {}", ui::duration(started.elapsed())));
        }
    }
    Ok(())
}

/// The packages that languages or tools with these names stand for.
fn packages_called(names: &[String]) -> Result<Vec<&'static Package>, CommandError> {
    let all = build::packages();
    let mut chosen = Vec::new();
    for name in names {
        if let Some(package) = all.iter().find(|package| package.program.name == name) {
            chosen.push(*package);
        } else if let Some(language) = LANGUAGES.into_iter().find(|language| language.name() == name) {
            chosen.extend(packages_of(&[language]));
        } else {
            let tools: Vec<&str> = all.iter().map(|package| package.program.name).collect();
            return Err(CommandError::usage(format!("no language and no tool is called `{name}`"))
                .hint(format!("the languages are {}", LANGUAGES.map(Language::name).join(", ")))
                .hint(format!("the tools that wkit installs are {}", tools.join(", "))));
        }
    }
    Ok(each_once(chosen))
}

fn packages_of(languages: &[&'static dyn Language]) -> Vec<&'static Package> {
    let requirements = languages.iter().flat_map(|language| language.requirements());
    each_once(
        requirements
            .filter_map(|requirement| match requirement {
                Requirement::Package(package) => Some(*package),
                _ => None,
            })
            .collect(),
    )
}

fn each_once(packages: Vec<&'static Package>) -> Vec<&'static Package> {
    let mut seen = BTreeSet::new();
    packages.into_iter().filter(|package| seen.insert(package.program.name)).collect()
}

/// What is wrong, for machines.
#[derive(Debug, Serialize)]
struct Diagnosis {
    languages: Vec<LanguageHealth>,
    tools_folder: ToolsFolder,
    steps: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LanguageHealth {
    language: &'static str,
    ready: bool,
    problems: Vec<String>,
    /// What is used, although it is not what wkit pins.
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ToolsFolder {
    path: String,
    problem: Option<String>,
}

fn doctor(args: DoctorArgs, place: &Place, context: &Context) -> Result<ExitCode, CommandError> {
    let wanted = if args.all {
        Some(LANGUAGES.to_vec())
    } else if args.languages.is_empty() {
        place.languages()?
    } else {
        Some(named(&args.languages)?)
    };
    let languages = wanted.clone().unwrap_or_else(|| LANGUAGES.to_vec());
    let folder = toolchain::asking_folder(&context.project_start);
    let entries = toolchain::survey(&languages, &place.tools, &folder, true);
    let diagnosis = diagnose(&languages, &entries, &place.tools);
    match args.format {
        Format::Json => ui::print_json(&diagnosis)?,
        Format::Text => ui::print(&shown(&diagnosis))?,
    }
    let sick: Vec<&str> =
        diagnosis.languages.iter().filter(|health| !health.ready).map(|health| health.language).collect();
    match (&wanted, &sick[..]) {
        // Nobody asked for a language that is missing.
        (None, _) | (_, []) => Ok(ExitCode::SUCCESS),
        (Some(_), [one]) => Err(CommandError::failed(format!("the language {one} cannot be built here"))),
        (Some(_), several) => {
            Err(CommandError::failed(format!("the languages {} cannot be built here", several.join(", "))))
        }
    }
}

fn diagnose(languages: &[&'static dyn Language], entries: &[Entry], tools: &Tools) -> Diagnosis {
    let mut steps: Vec<String> = Vec::new();
    let mut installs: Vec<&str> = Vec::new();
    let mut health = Vec::new();
    for language in languages {
        let own = || entries.iter().filter(|entry| entry.language == language.name());
        let to_install = own().any(|entry| entry.state == State::NotInstalled);
        let problems = own()
            .filter(|entry| !entry.state.is_usable() && (to_install || !entry.installs_only))
            .inspect(|entry| match &entry.step {
                Some(Step::Install(tool)) if !installs.contains(tool) => installs.push(tool),
                Some(Step::Do(step)) if !steps.contains(step) => steps.push(step.clone()),
                _ => {}
            });
        let problems: Vec<String> = problems.filter_map(|entry| entry.problem.clone()).collect();
        let notes = own().filter(|entry| entry.state == State::Foreign).map(foreign_note);
        health.push(LanguageHealth {
            language: language.name(),
            ready: problems.is_empty(),
            problems,
            notes: notes.collect(),
        });
    }
    let problem = folder_problem(tools.folder());
    if let Some(problem) = problem.as_ref().filter(|_| !installs.is_empty()) {
        steps.push(format!(
            "make `{}` a folder that can be written ({problem}), or name another with `WKIT_TOOLS`",
            tools.folder().display()
        ));
    }
    // Last, since it needs the base toolchains.
    if !installs.is_empty() {
        steps.push(format!("run `wkit toolchain install {}`", installs.join(" ")));
    }
    let tools_folder = ToolsFolder { path: tools.folder().display().to_string(), problem };
    Diagnosis { languages: health, tools_folder, steps }
}

fn foreign_note(entry: &Entry) -> String {
    let found = entry.found.as_deref().unwrap_or("of an unknown version");
    let wanted = entry.wanted.as_deref().unwrap_or("any");
    format!("`{}` {found} from PATH is used; wkit pins {wanted}", entry.tool)
}

/// What keeps wkit from installing into its folder: its nearest existing ancestor decides where it is not made yet.
fn folder_problem(folder: &Path) -> Option<String> {
    const FREE_BYTES_MIN: u64 = 1 << 30;
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    if let Err(error) = tempfile::tempfile_in(existing) {
        return Some(io_error("write into", existing, &error).to_string());
    }
    let space = rustix::fs::statvfs(existing).ok()?;
    let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
    (free_bytes < FREE_BYTES_MIN).then(|| format!("only {} are free", ui::size(free_bytes)))
}

fn shown(diagnosis: &Diagnosis) -> String {
    let mut table = Table::new(&["language", "state", "what is wrong"]);
    for health in &diagnosis.languages {
        let state = if health.ready { "ready" } else { "cannot be built" };
        let mut lines: Vec<&String> = health.problems.iter().chain(&health.notes).collect();
        let empty = String::new();
        if lines.is_empty() {
            lines.push(&empty);
        }
        for (at, line) in lines.into_iter().enumerate() {
            let first = at == 0;
            let cell = |text: &str| if first { text.to_owned() } else { String::new() };
            table.row(vec![cell(health.language), cell(state), line.clone()]);
        }
    }
    let mut text = table.render();
    text += &format!("\n  tools folder: {}", diagnosis.tools_folder.path);
    if let Some(problem) = &diagnosis.tools_folder.problem {
        text += &format!(" ({problem})");
    }
    text += "\n";
    if !diagnosis.steps.is_empty() {
        text += "\n  next steps\n";
        for (number, step) in (1..).zip(&diagnosis.steps) {
            text += &format!("  {number}. {step}\n");
        }
    }
    text
}
