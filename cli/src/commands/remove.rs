//! `wkit remove`: a dependency that the project no longer has.

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::inputs::{Fresh, InputArgs, lock_dependencies};
use crate::output::write_file;
use crate::project::{self, Project, without_dependency};

/// Arguments of `wkit remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Its name in `[dependencies]`
    #[arg(value_name = "NAME")]
    name: String,

    /// Where to look for what remains
    #[command(flatten)]
    inputs: InputArgs,
}

/// Takes the dependency out of `wkit.toml` and of `wkit.lock`.
pub(crate) fn run(args: RemoveArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let file = project.folder.join(project::FILE_NAME);
    let text = std::fs::read_to_string(&file).map_err(|error| io_error("read", &file, &error))?;
    let text = without_dependency(&text, &args.name).map_err(|error| {
        CommandError::from_error(format!("cannot remove `{}`", args.name), &error).into_usage()
    })?;
    // What still speaks of it, a wire for example, is an error here and nothing is written.
    let remaining = Project::parse(&text, &file, &project.folder).map_err(|error| {
        error.hint(format!("without `{}` this makes no sense; change it first", args.name))
    })?;
    let locked = lock_dependencies(&remaining, &Fresh::default(), &args.inputs, context)?;
    write_file(&file, text.as_bytes())?;
    locked.write(&remaining)?;
    context.ui.done("removed", &args.name);
    Ok(ExitCode::SUCCESS)
}
