//! `wkit update`: newer versions of dependencies, within their ranges.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{Fresh, InputArgs, LockStep, lock_dependencies};
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
    let step = locked.step();
    match args.format {
        Format::Json => {
            let written = !args.dry_run && matches!(step, LockStep::Create | LockStep::Change);
            ui::print_json(&json!({ "changes": changes, "written": written }))?;
        }
        Format::Text => {
            ui::print(&changes.iter().map(|change| format!("{change}\n")).collect::<String>())?;
            tell(step, changes.len(), args.dry_run, context);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what became of the lock, or would become of it.
fn tell(step: LockStep, changes: usize, dry_run: bool, context: &Context) {
    let file = lock::FILE_NAME;
    // What a file has inside may change without a change of a version.
    let count = if changes == 0 { String::new() } else { format!("{changes} in ") };
    match (step, dry_run) {
        (LockStep::Nothing, _) => context.ui.note("nothing to lock: the project takes nothing from others"),
        (LockStep::Unchanged, _) => context.ui.done("unchanged", format!("`{file}`")),
        (LockStep::Create, true) => context.ui.note(format!("`{file}` would be written")),
        (LockStep::Create, false) => context.ui.done("wrote", format!("`{file}`")),
        (LockStep::Change, true) if changes == 0 => {
            context.ui.note(format!("`{file}` would change; it is as it was"));
        }
        (LockStep::Change, true) => {
            context.ui.note(format!("{changes} would change; `{file}` is as it was"));
        }
        (LockStep::Change, false) => context.ui.done("updated", format!("{count}`{file}`")),
    }
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
