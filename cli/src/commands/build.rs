//! `wkit build`: every component of the project, from source.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::build::{self, BuildInput, Tools};
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::output::write_file;
use crate::project::{Component, Project};
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

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// A component that is built and up to date.
#[derive(Debug, Serialize)]
pub(crate) struct Built {
    /// Its name in the project.
    pub(crate) name: String,
    /// The language of its sources.
    pub(crate) language: &'static str,
    /// The component.
    pub(crate) file: PathBuf,
    /// The component's size.
    pub(crate) size_bytes: u64,
    /// Whether nothing had changed since it was built.
    pub(crate) fresh: bool,
    /// How long it took to build, or to see that nothing had changed.
    #[serde(rename = "time_ms", serialize_with = "as_millis")]
    pub(crate) time: Duration,
}

/// Builds, and shows what was made.
pub(crate) fn run(args: BuildArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let chosen = choose(&project, &args.components)?;
    let built = build_all(&project, &chosen, args.force, context)?;
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

/// Builds `components` where they have changed; the first failure ends it.
pub(crate) fn build_all(
    project: &Project,
    components: &[&Component],
    force: bool,
    context: &Context,
) -> Result<Vec<Built>, CommandError> {
    let tools = Tools::new(context.tools_folder.clone(), context.path.clone());
    components.iter().map(|component| build_one(project, component, force, &tools, context)).collect()
}

fn choose<'a>(project: &'a Project, names: &[String]) -> Result<Vec<&'a Component>, CommandError> {
    if project.components.is_empty() {
        return Err(CommandError::usage(format!("the project `{}` has no components", project.name))
            .hint("add one to `wkit.toml`: `[components.NAME]` with `path = \"FOLDER\"`"));
    }
    if names.is_empty() {
        return Ok(project.components.iter().collect());
    }
    let find = |name: &String| {
        project.components.iter().find(|component| component.name == *name).ok_or_else(|| {
            let known: Vec<&str> =
                project.components.iter().map(|component| component.name.as_str()).collect();
            CommandError::usage(format!("the project `{}` has no component `{name}`", project.name))
                .hint(format!("its components are: {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

fn build_one(
    project: &Project,
    component: &Component,
    force: bool,
    tools: &Tools,
    context: &Context,
) -> Result<Built, CommandError> {
    let started = Instant::now();
    let name = &component.name;
    if !component.folder.is_dir() {
        return Err(CommandError::usage(format!(
            "the folder `{}` of component `{name}` does not exist",
            component.folder.display()
        ))
        .hint("name it with `path` in `wkit.toml`"));
    }
    let language = build::language_of(&component.folder, component.language.as_deref())
        .map_err(|error| CommandError::from_error(format!("cannot build `{name}`"), &error).into_usage())
        .map_err(|error| {
            error.hint("state the language with `language` in `wkit.toml`: rust, go, javascript or python")
        })?;
    let work_folder = project.work_folder().join("build").join(name);
    let input = BuildInput {
        name,
        folder: &component.folder,
        wit: &component.wit,
        world: &component.world,
        work_folder: &work_folder,
        tools,
    };
    let failed = |error: build::BuildError| {
        let hint = error.hint();
        CommandError::from_error(format!("cannot build `{name}`"), &error).maybe_hint(hint)
    };
    let fingerprint = build::fingerprint(language, &input).map_err(failed)?;
    let stamp_file = work_folder.join("stamp");
    let file = project.component_file(name);
    if !force && is_fresh(&stamp_file, &fingerprint, &file) {
        let size_bytes = std::fs::metadata(&file).map_err(|error| io_error("read", &file, &error))?.len();
        return Ok(Built {
            name: name.clone(),
            language: language.name(),
            file,
            size_bytes,
            fresh: true,
            time: started.elapsed(),
        });
    }
    let spinner = context.ui.spinner(format!("building {name} ({})", language.name()));
    let bytes = language
        .build(&input, &mut |line| spinner.suspend(|| context.ui.compiler_line(name, line)))
        .map_err(failed)?;
    spinner.finish_and_clear();
    write_file(&file, &bytes)?;
    // The stamp names the result too, so a file that was replaced is built again.
    write_file(&stamp_file, stamp(&fingerprint, &bytes).as_bytes())?;
    let built = Built {
        name: name.clone(),
        language: language.name(),
        file,
        size_bytes: bytes.len() as u64,
        fresh: false,
        time: started.elapsed(),
    };
    context.ui.done(
        "built",
        format!(
            "{name} ({}), {} in {}",
            built.language,
            ui::size(built.size_bytes),
            ui::duration(built.time)
        ),
    );
    Ok(built)
}

fn is_fresh(stamp_file: &std::path::Path, fingerprint: &str, file: &std::path::Path) -> bool {
    match (std::fs::read_to_string(stamp_file), std::fs::read(file)) {
        (Ok(kept), Ok(bytes)) => kept == stamp(fingerprint, &bytes),
        _ => false,
    }
}

fn stamp(fingerprint: &str, bytes: &[u8]) -> String {
    format!("inputs {fingerprint}\nresult {}\n", wkit_artifact::Digest::sha256(bytes))
}

fn as_millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
