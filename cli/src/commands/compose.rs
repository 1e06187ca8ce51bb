//! `wkit compose`: many components into one.

use std::mem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_composer::{Composition, Input, Plan};

use crate::components::{BuildMode, build_all};
use crate::composing;
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::output::write_binary;
use crate::project::{Component, FILE_NAME, Project};
use crate::record::{Record, Said, Source};
use crate::ui::{self, Format};
use crate::wiring::WiringArgs;

/// Arguments of `wkit compose`.
///
/// Without a socket, composes the project of `wkit.toml` and builds what has changed first.
#[derive(Debug, Default, Args)]
pub(crate) struct ComposeArgs {
    /// A component whose imports are filled by the plugs; without it the project is composed
    #[arg(value_name = "SOCKET", requires = "plugs")]
    socket: Option<PathBuf>,

    /// A component whose exports fill imports of the socket and of other plugs; can be repeated
    #[arg(long = "plug", value_name = "FILE", requires = "socket")]
    plugs: Vec<PathBuf>,

    /// The file to write; a project's composition goes to its `build` folder without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Take the project's components as they were last built
    #[arg(long, conflicts_with = "socket")]
    no_build: bool,

    /// Build the project's components as small as they can be, as in `wkit build --release`
    #[arg(long, conflicts_with_all = ["socket", "no_build"])]
    release: bool,

    /// Compose even when nothing has changed since the last time
    #[arg(long)]
    force: bool,

    /// How to show what was wired
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    wiring: WiringArgs,
}

/// Composes, and shows what was wired to what.
pub(crate) fn run(mut args: ComposeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    // These do not change what comes out, or only by way of the files that are composed.
    let (format, force) = (mem::take(&mut args.format), mem::take(&mut args.force));
    let (output, no_build) = (args.output.take(), mem::take(&mut args.no_build));
    let mode = BuildMode { release: mem::take(&mut args.release), ..BuildMode::default() };
    let (said, output) = if args.socket.is_some() {
        let output = output.ok_or_else(|| {
            CommandError::usage("no place for the composition").hint("name a file with `-o composed.wasm`")
        })?;
        (compose_files(&args, &output, force, context)?, output)
    } else {
        let project = Project::find(&context.project_start)?;
        if !no_build {
            build_all(&project, &project.components.iter().collect::<Vec<_>>(), mode, context)?;
        }
        let output = output.unwrap_or_else(|| project.composition_file());
        (write_built(&project, &args, &output, force, context)?, output)
    };
    match format {
        Format::Json => ui::print_json(&said.json(&output))?,
        Format::Text => show(&said, &output, context)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds and composes a project, and returns the file of its composition.
pub(crate) fn compose_project(
    project: &Project,
    mode: BuildMode,
    context: &Context,
) -> Result<PathBuf, CommandError> {
    build_all(project, &project.components.iter().collect::<Vec<_>>(), mode, context)?;
    let output = project.composition_file();
    write_built(project, &ComposeArgs::default(), &output, false, context)?;
    Ok(output)
}

/// Composes the components of a project as they were last built.
fn write_built(
    project: &Project,
    args: &ComposeArgs,
    output: &Path,
    force: bool,
    context: &Context,
) -> Result<Said, CommandError> {
    let folder = project.folder.display();
    let record = Record::new(&context.compositions_folder(), &format!("project {folder}, {args:?}"), output);
    if let Some(said) = record.find().filter(|_| !force) {
        return Ok(said);
    }
    let files: Vec<PathBuf> =
        project.components.iter().map(|component| project.component_file(&component.name)).collect();
    let inputs = project_inputs(project)?;
    let mut plan = project.compose.plan.clone();
    args.apply(&mut plan, &inputs)?;
    let composition = composing::compose(&inputs, &plan, Some(project))?;
    let project_file = project.folder.join(FILE_NAME);
    let mut sources = sources(&files, &inputs);
    sources.push(Source { path: &project_file, bytes: None });
    written(&composition, output, &record, &sources)
}

/// Composes a socket and plugs.
fn compose_files(
    args: &ComposeArgs,
    output: &Path,
    force: bool,
    context: &Context,
) -> Result<Said, CommandError> {
    let record = Record::new(&context.compositions_folder(), &format!("{args:?}"), output);
    if let Some(said) = record.find().filter(|_| !force) {
        return Ok(said);
    }
    let files: Vec<PathBuf> = args.socket.iter().chain(&args.plugs).cloned().collect();
    let inputs: Vec<Input> = files.iter().map(|file| read_input(file)).collect::<Result<_, _>>()?;
    let socket = inputs.first().map(|input| input.name.clone());
    let mut plan = Plan { socket, ..Plan::default() };
    args.apply(&mut plan, &inputs)?;
    let composition = composing::compose(&inputs, &plan, None)?;
    written(&composition, output, &record, &sources(&files, &inputs))
}

impl ComposeArgs {
    /// Adds to `plan` what the options say.
    fn apply(&self, plan: &mut Plan, inputs: &[Input]) -> Result<(), CommandError> {
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        self.wiring.apply(plan, &names)
    }
}

fn sources<'a>(files: &'a [PathBuf], inputs: &'a [Input]) -> Vec<Source<'a>> {
    let source = |(path, input): (&'a PathBuf, &'a Input)| Source { path, bytes: Some(&input.bytes) };
    files.iter().zip(inputs).map(source).collect()
}

/// Writes a composition and keeps what is said about it.
fn written(
    composition: &Composition,
    output: &Path,
    record: &Record,
    sources: &[Source<'_>],
) -> Result<Said, CommandError> {
    let digest = write_binary(output, &composition.bytes)?;
    let unused = composition.unused.iter().map(ToString::to_string);
    let size_bytes = composition.bytes.len();
    let said = Said {
        tree: composition.tree(),
        notes: unused.chain(composition.near_misses.iter().map(ToString::to_string)).collect(),
        size_bytes: size_bytes as u64,
        digest: digest.to_string(),
        data: json!({
            "digest": digest,
            "size_bytes": size_bytes,
            "socket": composition.socket,
            "instances": composition.instances,
            "wires": composition.wires,
            "imports": composition.imports,
            "exports": composition.exports,
            "dropped": composition.dropped,
            "unused": composition.unused,
            "near_misses": composition.near_misses,
        }),
    };
    record.keep(sources, &said);
    Ok(said)
}

fn show(said: &Said, output: &Path, context: &Context) -> Result<(), CommandError> {
    ui::print(&said.tree)?;
    for note in &said.notes {
        context.ui.note(note);
    }
    let size = ui::size(said.size_bytes);
    context.ui.done("composed", format!("{} ({size}), {}", output.display(), said.digest));
    Ok(())
}

/// An input that is named after its file.
fn read_input(path: &Path) -> Result<Input, CommandError> {
    let bytes = crate::source::read_component_file(path)?;
    let name = path
        .file_stem()
        .map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned());
    Ok(Input { name, bytes: bytes.into() })
}

/// Composes a project's components as they were last built, and writes nothing.
pub(crate) fn compose_built(project: &Project) -> Result<Composition, CommandError> {
    composing::compose(&project_inputs(project)?, &project.compose.plan, Some(project))
}

/// The project's components, as they were last built.
fn project_inputs(project: &Project) -> Result<Vec<Input>, CommandError> {
    let read = |component: &Component| {
        let file = project.component_file(&component.name);
        let bytes = std::fs::read(&file).map_err(|error| {
            let shown = io_error("read", &file, &error);
            if error.kind() == std::io::ErrorKind::NotFound { shown.hint("run `wkit build`") } else { shown }
        })?;
        Ok(Input { name: component.name.clone(), bytes: bytes.into() })
    };
    project.components.iter().map(read).collect()
}
