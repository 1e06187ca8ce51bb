//! `wkit check`: whether something is sound by itself, and whether it replaces what was there before.

mod explain;
mod subjects;
mod witness;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use wkit_interface::check::hosts::{HostError, HostVersion};
use wkit_interface::check::{Level, Profile, Settings, hosts};

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::output::write_file;
use crate::project::{Check, Project, Refused, known, level, profile};
use crate::report::{Report, ReportFormat};
use crate::ui;

/// Arguments of `wkit check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A component, a folder or file of WIT, a member of the project, something in a registry, or `git:REVISION#PATH`; all
    /// members of the project without it
    #[arg(value_name = "FILE|REF|FOLDER")]
    subject: Option<String>,

    /// What it has to replace: a file, a folder of WIT, `git:REVISION`, `git:REVISION#PATH`, `git:REVISION...` (where the
    /// current branch left it), `namespace:name@range` or `host/repository:tag`
    #[arg(long, value_name = "BASE")]
    against: Option<String>,

    /// Whom to protect: `host-api` (old components on new hosts), `component` (hosts of a component), `library` (callers)
    /// or `strict` (everybody); found by what is checked without it
    #[arg(long, value_name = "PROFILE", value_parser = read_profile)]
    profile: Option<Profile>,

    /// The world to look at, where a package has several
    #[arg(long, value_name = "NAME")]
    world: Option<String>,

    /// Check that a component fits this world: a folder, file or package of WIT, and a world of it
    #[arg(long, value_name = "WIT[#WORLD]")]
    targets: Option<String>,

    /// Check that a host has all that a component imports, as in `wasmtime@48`; can be repeated
    #[arg(long = "host", value_name = "NAME@VERSION")]
    hosts: Vec<String>,

    /// Give a rule another level: `breaking`, `additive`, `note` or `off`; can be repeated
    #[arg(long = "level", value_name = "RULE=LEVEL", value_parser = read_level)]
    levels: Vec<(String, Option<Level>)>,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,

    /// Write the result to a file too, in any of the formats; can be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = read_report)]
    reports: Vec<(ReportFormat, PathBuf)>,

    /// Write for each change that breaks linking two components that show it, into this folder
    #[arg(long, value_name = "FOLDER")]
    witness: Option<PathBuf>,

    /// Say what a rule watches, with an example, why, and what to do instead
    #[arg(long, value_name = "RULE", conflicts_with_all = ["subject", "against", "witness", "rules"])]
    explain: Option<String>,

    /// List all rules
    #[arg(long, conflicts_with_all = ["subject", "against", "witness"])]
    rules: bool,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// Checks, and shows what was found.
pub(crate) fn run(args: CheckArgs, context: &Context) -> Result<ExitCode, CommandError> {
    // Code 1 is for findings alone, whatever else goes wrong.
    check(&args, context).map_err(CommandError::could_not_check)
}

fn check(args: &CheckArgs, context: &Context) -> Result<ExitCode, CommandError> {
    if args.rules {
        ui::print(&explain::list(args.format)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(id) = &args.explain {
        ui::print(&explain::rule(id)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let project = match args.subject.as_deref().filter(|subject| subjects::names_project(subject)) {
        Some(folder) => Some(Project::find(&context.current_folder.join(folder))?),
        None => Project::find_optional(&context.project_start)?,
    };
    let none = Check::default();
    let stated = project.as_ref().map_or(&none, |project| &project.check);
    let plan = Plan {
        args,
        hosts: find_hosts(if args.hosts.is_empty() { &stated.hosts } else { &args.hosts })?,
        settings: SettingsOf { args, stated },
        project: project.as_ref(),
        context,
    };
    let report = Report { checks: subjects::check(&plan)?, folder: context.current_folder.clone() };
    for (format, file) in &args.reports {
        let text = report.render(*format)?;
        write_file(file, anstream::adapter::strip_str(&text).to_string().as_bytes())?;
        context.ui.done("wrote", file.display().to_string());
    }
    if let Some(folder) = &args.witness {
        witness::write(&report, folder, context)?;
    }
    ui::print(&report.render(args.format)?)?;
    Ok(if report.has_findings() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a check is made with.
struct Plan<'a> {
    args: &'a CheckArgs,
    hosts: Vec<HostVersion>,
    settings: SettingsOf<'a>,
    project: Option<&'a Project>,
    context: &'a Context,
}

/// Settings by options, then by `[check]`.
#[derive(Clone, Copy)]
struct SettingsOf<'a> {
    args: &'a CheckArgs,
    stated: &'a Check,
}

impl SettingsOf<'_> {
    /// The settings for something whose own profile is `default`, in `world`.
    fn with(&self, default: Profile, world: Option<String>) -> Settings {
        let mut levels: BTreeMap<String, Option<Level>> = self.stated.levels.clone();
        levels.extend(self.args.levels.iter().cloned());
        let settings = Settings::new(self.args.profile.or(self.stated.profile).unwrap_or(default));
        let size_growth_percent = self.stated.size_growth_percent.unwrap_or(settings.size_growth_percent);
        Settings { world, levels, ignores: self.stated.ignores.clone(), size_growth_percent, ..settings }
    }

    /// The world that is named.
    fn world(&self) -> Option<String> {
        self.args.world.clone().or_else(|| self.stated.world.clone())
    }
}

fn find_hosts(named: &[String]) -> Result<Vec<HostVersion>, CommandError> {
    let find = |spec: &String| {
        hosts::find(spec).map_err(|error| {
            let hint = match &error {
                HostError::UnknownHost { meant: Some(meant), .. } => Some(format!("did you mean `{meant}`?")),
                _ => None,
            };
            CommandError::usage(format!("`--host {spec}`: {error}")).maybe_hint(hint)
        })
    };
    named.iter().map(find).collect()
}

/// `--profile`.
pub(crate) fn read_profile(text: &str) -> Result<Profile, String> {
    profile(text).map_err(shown)
}

fn read_level(text: &str) -> Result<(String, Option<Level>), String> {
    let (id, name) = text.split_once('=').ok_or("expected `RULE=LEVEL`, as in `FUNC_ADD=note`")?;
    known(id).map_err(shown)?;
    Ok((id.to_owned(), level(name).map_err(shown)?))
}

fn read_report(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("expected `FORMAT=FILE`, as in `sarif=check.sarif`")?;
    if file.is_empty() {
        return Err("expected a file after the `=`".to_owned());
    }
    let known = || {
        let formats = ReportFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        formats.map(|format| format!("`{}`", format.get_name())).collect::<Vec<_>>().join(", ")
    };
    let format = ReportFormat::from_str(format, false)
        .map_err(|_| format!("unknown format `{format}`, expected one of {}", known()))?;
    Ok((format, PathBuf::from(file)))
}

fn shown(refused: Refused) -> String {
    let hint = refused.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    refused.message + &hint
}
