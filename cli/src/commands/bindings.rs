//! `wkit bindings`: what editors and the languages' own test commands want to see beside the sources.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::build::BuildInput;
use crate::components;
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::output::write_file;
use crate::project::Project;
use crate::ui::{self, Format};

/// Arguments of `wkit bindings`.
///
/// A build needs none of these files: it makes its own. Editors do, and so do tests outside Wasm.
#[derive(Debug, Args)]
pub(crate) struct BindingsArgs {
    /// The components to write bindings for; all of them when none is named
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,

    /// Write nothing, and fail where a file is missing or out of date
    #[arg(long)]
    check: bool,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// A file of bindings.
#[derive(Debug, Serialize)]
struct Written {
    component: String,
    file: PathBuf,
    /// Whether it was like this before.
    fresh: bool,
}

/// Writes the files that differ from what they should be.
pub(crate) fn run(args: BindingsArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let tools = components::project_tools(&project, context);
    let mut written = Vec::new();
    for component in components::choose(&project, &args.components)? {
        let name = &component.name;
        let work_folder = project.work_folder().join("build").join(name);
        std::fs::create_dir_all(&work_folder)
            .map_err(|error| io_error("make the folder", &work_folder, &error))?;
        let language = components::language_of(component)?;
        let input = BuildInput {
            name,
            folder: &component.folder,
            wit: &component.wit,
            world: &component.world,
            work_folder: &work_folder,
            options: &component.options,
            release: false,
            tools: &tools,
        };
        let files = language.write_bindings(&input).map_err(|error| components::build_error(name, &error))?;
        if files.is_empty() {
            context.ui.note(format!("`{name}`: {} makes its bindings by itself", language.title()));
        }
        for made in files {
            let file = component.folder.join(&made.path);
            let fresh = std::fs::read(&file).is_ok_and(|bytes| bytes == made.text.as_bytes());
            if !fresh && !args.check {
                write_file(&file, made.text.as_bytes())?;
            }
            written.push(Written { component: name.clone(), file, fresh });
        }
    }
    let stale: Vec<String> =
        written.iter().filter(|file| !file.fresh).map(|file| file.file.display().to_string()).collect();
    if args.check && !stale.is_empty() {
        return Err(CommandError::failed("bindings are missing or out of date")
            .detail(stale.join("\n"))
            .hint("run `wkit bindings`"));
    }
    match args.format {
        Format::Json => ui::print_json(&written)?,
        Format::Text => {
            let lines: String = written.iter().map(|file| format!("{}\n", file.file.display())).collect();
            ui::print(&lines)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
