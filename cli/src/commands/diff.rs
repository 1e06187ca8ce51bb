//! `wkit diff`: the same comparison as `wkit check --against`, to read.

mod changelog;
mod changes;
mod sides;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use wkit_interface::check::{Profile, Settings, compare};

use crate::baseline::{Sides, incomparable};
use crate::commands::check::read_profile;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::report::{Checked, Report, ReportFormat};
use crate::ui;

/// Arguments of `wkit diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// What was there before
    #[arg(value_name = "A")]
    old: String,

    /// What is there now
    #[arg(value_name = "B")]
    new: String,

    /// For whom to say what breaks: `host-api`, `component`, `library` or `strict`
    #[arg(long, value_name = "PROFILE", value_parser = read_profile)]
    profile: Option<Profile>,

    /// The world to look at, where a package has several
    #[arg(long, value_name = "NAME")]
    world: Option<String>,

    /// How to show it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: DiffFormat,

    /// How wide the text may be: from 120 columns on both sides stand beside each other; as wide as the terminal without it
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// How a difference is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum DiffFormat {
    /// Both sides of each change.
    #[default]
    Text,
    /// A release note.
    Markdown,
    /// As `wkit check --format json`.
    Json,
}

/// Compares, and shows what changed.
pub(crate) fn run(args: DiffArgs, context: &Context) -> Result<ExitCode, CommandError> {
    diff(&args, context).map_err(CommandError::could_not_check)
}

fn diff(args: &DiffArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let sides = Sides { inputs: &args.inputs, context };
    let new = sides.load(&args.new, None)?;
    let old = sides.load(&args.old, Some(&new.tree))?;
    let profile = args.profile.unwrap_or_else(|| Profile::default_for(&new.contract));
    let settings = Settings { world: args.world.clone(), ..Settings::new(profile) };
    let comparison = compare(&old.contract, &new.contract, &settings)
        .map_err(|error| incomparable(&args.old, &args.new, &error))?;
    let checked = Checked {
        subject: new.tree.shown().to_owned(),
        new,
        old: Some(old),
        profile,
        world: args.world.clone(),
        hosts: Vec::new(),
        findings: comparison.findings,
        required: comparison.required,
        versions: comparison.versions,
        truncated: comparison.truncated,
        remarks: Vec::new(),
    };
    let text = match args.format {
        DiffFormat::Text => sides::render(&checked, sides::width(args.width)),
        DiffFormat::Markdown => changelog::render(&checked),
        DiffFormat::Json => {
            let folder = context.current_folder.clone();
            Report { checks: vec![checked], folder }.render(ReportFormat::Json)?
        }
    };
    ui::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
