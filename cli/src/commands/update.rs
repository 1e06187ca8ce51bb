//! `wkit update`: newer versions of dependencies, within their ranges.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{Fresh, InputArgs, lock_dependencies};
use crate::lock;
use crate::project::{DependencySource, Project};
use crate::ui::{self, Format};

/// Arguments of `wkit update`.
///
/// Takes the highest versions that the ranges in `wkit.toml` allow, and what tags stand for now, and writes them into
/// `wkit.lock`. `wkit.toml` stays what it is.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Packages, or names in `[dependencies]`; all without any
    #[arg(value_name = "PACKAGE|NAME")]
    packages: Vec<String>,

    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Where to look for versions
    #[command(flatten)]
    inputs: InputArgs,

    /// How to show what has changed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Renews the lock and shows old and new.
pub(crate) fn run(args: UpdateArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let fresh = fresh(&args, &project)?;
    let locked = lock_dependencies(&project, &fresh, &args.inputs, context)?;
    let changes = lock::changes(&locked.old, &locked.new);
    if !args.dry_run {
        locked.write(&project)?;
    }
    match args.format {
        Format::Json => ui::print_json(&json!({ "changes": changes, "written": !args.dry_run }))?,
        Format::Text => {
            ui::print(&changes.iter().map(|change| format!("{change}\n")).collect::<String>())?;
            let file = lock::FILE_NAME;
            match (changes.len(), args.dry_run) {
                (0, _) => context.ui.done("unchanged", format!("`{file}`")),
                (count, true) => context.ui.note(format!("{count} would change; `{file}` is as it was")),
                (count, false) => context.ui.done("updated", format!("{count} in `{file}`")),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The names, as the lock has them, of what is to be renewed.
fn fresh(args: &UpdateArgs, project: &Project) -> Result<Fresh, CommandError> {
    if args.packages.is_empty() {
        return Ok(Fresh::All);
    }
    let known = lock::Lock::read(&project.lock_file())?.unwrap_or_default();
    let mut names = BTreeSet::new();
    for text in &args.packages {
        let dependency = project.dependency(text).map(|dependency| &dependency.source);
        match dependency {
            Some(DependencySource::Registry(locator)) => {
                names.insert(lock::name_of(locator));
            }
            Some(DependencySource::File(_)) => {}
            None => {
                let asked = project.dependencies.iter().any(|dependency| match &dependency.source {
                    DependencySource::Registry(locator) => lock::name_of(locator) == *text,
                    DependencySource::File(_) => false,
                });
                if !asked && !known.packages.iter().any(|package| package.name == *text) {
                    return Err(unknown(text, project));
                }
                names.insert(text.clone());
            }
        }
    }
    Ok(Fresh::Only(names))
}

fn unknown(text: &str, project: &Project) -> CommandError {
    let names: Vec<String> =
        project.dependencies.iter().map(|dependency| format!("`{}`", dependency.name)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    CommandError::usage(format!("the project has no dependency `{text}`; it has {names}"))
        .hint(format!("add it with `wkit add {text}`"))
}
