//! `wkit build`: every component of the project, from source.

use std::num::NonZero;
use std::process::ExitCode;

use clap::Args;

use crate::components::{self, BuildMode};
use crate::context::Context;
use crate::error::CommandError;
use crate::project::Project;
use crate::ui::{self, Format, Table};

/// Arguments of `wkit build`.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The components to build; all of them when none is named
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,

    /// Build even what has not changed
    #[arg(long)]
    force: bool,

    /// Make the components as small as they can be: without names for traps, shrunk where that helps
    #[arg(long)]
    release: bool,

    /// How many components are built at a time; as many as there are processors without it
    #[arg(long, short, value_name = "COUNT")]
    jobs: Option<NonZero<usize>>,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Builds, and shows what was made.
pub(crate) fn run(args: BuildArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let chosen = components::choose(&project, &args.components)?;
    let mode = BuildMode { force: args.force, release: args.release, jobs: args.jobs };
    let built = components::build_all(&project, &chosen, mode, context)?;
    match args.format {
        Format::Json => ui::print_json(&built)?,
        Format::Text => {
            let mut table = Table::new(&["component", "language", ">size", ">time", "state", "file"]);
            for component in &built {
                table.row(vec![
                    component.name.clone(),
                    component.language.to_owned(),
                    ui::size(component.size_bytes),
                    ui::duration(component.time),
                    if component.fresh { "unchanged" } else { "built" }.to_owned(),
                    component.file.display().to_string(),
                ]);
            }
            ui::print(&table.render())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
