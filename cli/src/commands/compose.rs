//! `wkit compose`: many components into one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_composer::{Composition, Input, Plan};

use crate::components::BuildMode;
use crate::composing;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{self, Asked, Found, Gather, InputArgs, Place};
use crate::output::write_binary;
use crate::project::Project;
use crate::ui::{self, Format};
use crate::wiring::WiringArgs;

/// Arguments of `wkit compose`.
///
/// Without a socket, composes the project of `wkit.toml` and builds what has changed first.
#[derive(Debug, Args)]
pub(crate) struct ComposeArgs {
    /// A component whose imports are filled by the plugs: a file, a member or dependency of the project, or a
    /// reference; without it the project is composed
    #[arg(value_name = "SOCKET", requires = "plugs")]
    socket: Option<String>,

    /// A component whose exports fill imports of the socket and of other plugs, with a name of its own ahead where it
    /// needs one; can be repeated
    #[arg(long = "plug", value_name = "[NAME=]FILE|REF", requires = "socket")]
    plugs: Vec<String>,

    /// The file to write; a project's composition goes to its `build` folder without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Take the project's components as they were last built
    #[arg(long)]
    no_build: bool,

    /// Build the project's components as small as they can be, as in `wkit build --release`
    #[arg(long, conflicts_with = "no_build")]
    release: bool,

    /// Where inputs come from
    #[command(flatten)]
    inputs: InputArgs,

    /// How to show what was wired
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    wiring: WiringArgs,
}

/// Composes, and shows what was wired to what.
pub(crate) fn run(args: ComposeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let (inputs, mut plan, output) = match &args.socket {
        Some(socket) => with_plugs(socket, &args, context)?,
        None => {
            let project = Project::find(&context.project_start)?;
            let inputs = project_inputs(&project, args.build_mode(), &args.inputs, context)?;
            let output = args.output.clone().unwrap_or_else(|| project.composition_file());
            (inputs, project.compose.plan, output)
        }
    };
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    args.wiring.apply(&mut plan, &names)?;
    let project = args.socket.is_none().then(|| Project::find(&context.project_start)).transpose()?;
    let composition = composing::compose(&inputs, &plan, project.as_ref())?;
    let digest = write_binary(&output, &composition.bytes)?;
    match args.format {
        Format::Json => ui::print_json(&json!({
            "file": output,
            "digest": digest,
            "size_bytes": composition.bytes.len(),
            "socket": composition.socket,
            "instances": composition.instances,
            "wires": composition.wires,
            "imports": composition.imports,
            "exports": composition.exports,
            "dropped": composition.dropped,
            "unused": composition.unused,
            "near_misses": composition.near_misses,
        }))?,
        Format::Text => show(&composition, &output, &digest, context)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(
    composition: &Composition,
    output: &Path,
    digest: &wkit_artifact::Digest,
    context: &Context,
) -> Result<(), CommandError> {
    ui::print(&composition.tree())?;
    for unused in &composition.unused {
        context.ui.note(unused.to_string());
    }
    for miss in &composition.near_misses {
        context.ui.note(miss.to_string());
    }
    let size = ui::size(composition.bytes.len() as u64);
    context.ui.done("composed", format!("{} ({size}), {digest}", output.display()));
    Ok(())
}

/// A socket and its plugs, whatever they are.
fn with_plugs(
    socket: &str,
    args: &ComposeArgs,
    context: &Context,
) -> Result<(Vec<Input>, Plan, PathBuf), CommandError> {
    let output = args.output.clone().ok_or_else(|| {
        CommandError::usage("no place for the composition").hint("name a file with `-o composed.wasm`")
    })?;
    let mut asked = vec![Asked { name: None, text: socket.to_owned(), place: Place::Argument("SOCKET") }];
    asked.extend(args.plugs.iter().map(|plug| Asked::argument(plug, "--plug")));
    let project = inputs::project_of(&asked, context)?;
    let gather = Gather::new(project.as_ref(), args.build_mode(), &args.inputs, context);
    let inputs: Vec<Input> = gather.asked(&asked)?.into_iter().map(Found::into_input).collect();
    let socket = inputs.first().map(|input| input.name.clone());
    Ok((inputs, Plan { socket, ..Plan::default() }, output))
}

impl ComposeArgs {
    fn build_mode(&self) -> Option<BuildMode> {
        let mode = BuildMode { release: self.release, ..BuildMode::default() };
        (!self.no_build).then_some(mode)
    }
}

/// Builds and composes a project, and returns the file of its composition.
pub(crate) fn compose_project(
    project: &Project,
    mode: BuildMode,
    args: &InputArgs,
    context: &Context,
) -> Result<PathBuf, CommandError> {
    let inputs = project_inputs(project, Some(mode), args, context)?;
    let composition = composing::compose(&inputs, &project.compose.plan, Some(project))?;
    let output = project.composition_file();
    write_binary(&output, &composition.bytes)?;
    Ok(output)
}

/// Composes a project's components as they were last built, and writes no composition.
pub(crate) fn compose_built(
    project: &Project,
    args: &InputArgs,
    context: &Context,
) -> Result<Composition, CommandError> {
    composing::compose(&project_inputs(project, None, args, context)?, &project.compose.plan, Some(project))
}

/// The project's components, built first in the stated mode where they have changed, and its dependencies.
fn project_inputs(
    project: &Project,
    build: Option<BuildMode>,
    args: &InputArgs,
    context: &Context,
) -> Result<Vec<Input>, CommandError> {
    let gather = Gather::new(Some(project), build, args, context);
    Ok(gather.project(project, &[])?.into_iter().map(Found::into_input).collect())
}
