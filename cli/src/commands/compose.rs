//! `wkit compose`: many components into one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_composer::{Composition, Input, Plan, StubbedImport};

use crate::components::{BuildMode, build_all};
use crate::composing;
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::output::write_binary;
use crate::project::{Component, Project};
use crate::registries::RegistryArgs;
use crate::script::{self, ScriptArgs, ScriptInput};
use crate::stubs::{self, StubArgs};
use crate::target::Target;
use crate::ui::{self, Format};
use crate::wiring::WiringArgs;

/// Arguments of `wkit compose`.
///
/// Without a socket or script, composes the project of `wkit.toml` and builds what has changed first.
#[derive(Debug, Args)]
pub(crate) struct ComposeArgs {
    /// A component whose imports are filled by the plugs, or a script of the wac language; without it the project is
    /// composed
    #[arg(value_name = "SOCKET|FILE.wac")]
    socket: Option<PathBuf>,

    /// A component whose exports fill imports of the socket and of other plugs; can be repeated
    #[arg(long = "plug", value_name = "FILE", requires = "socket")]
    plugs: Vec<PathBuf>,

    /// The file to write; without it, a project's composition goes to its `build` folder, and a script's to `FILE.wasm`
    /// beside it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Take the project's components as they were last built
    #[arg(long)]
    no_build: bool,

    /// Build the project's components as small as they can be, as in `wkit build --release`
    #[arg(long, conflicts_with = "no_build")]
    release: bool,

    /// Refuse a composition that does not fit this world: a folder, file or package of WIT, and a world of it
    #[arg(long, value_name = "WIT[#WORLD]")]
    targets: Option<String>,

    /// What is filled with stubs
    #[command(flatten)]
    stubs: StubArgs,

    /// How to show what was wired
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    wiring: WiringArgs,

    #[command(flatten)]
    script: ScriptArgs,

    #[command(flatten, next_help_heading = "Registries")]
    registry: RegistryArgs,
}

/// Composes, and shows what was wired to what.
pub(crate) fn run(args: ComposeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let (composition, stubs, output) = match &args.socket {
        Some(path) if script::is_script(path) => {
            let (composition, output) = from_script(path, &args, context)?;
            (composition, Vec::new(), output)
        }
        _ => from_plan(&args, context)?,
    };
    if let Some(targets) = &args.targets {
        Target::load(targets, None, &args.registry, context)?
            .check("the composition", &composition.surface)?;
    }
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
            "stubs": stubs,
            "near_misses": composition.near_misses,
        }))?,
        Format::Text => {
            show(&composition, &output, &digest, context)?;
            stubs.iter().for_each(|stub| context.ui.note(stubs::note(stub)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn from_plan(
    args: &ComposeArgs,
    context: &Context,
) -> Result<(Composition, Vec<StubbedImport>, PathBuf), CommandError> {
    let (inputs, mut plan, output) = match &args.socket {
        Some(socket) => from_files(socket, args)?,
        None => {
            let project = Project::find(&context.project_start)?;
            let mode = BuildMode { release: args.release, ..BuildMode::default() };
            let inputs = project_inputs(&project, (!args.no_build).then_some(mode), context)?;
            let output = args.output.clone().unwrap_or_else(|| project.composition_file());
            (inputs, project.compose.plan, output)
        }
    };
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    args.wiring.apply(&mut plan, &names)?;
    let project = args.socket.is_none().then(|| Project::find(&context.project_start)).transpose()?;
    let missing = args.stubs.missing();
    let (composition, stubs) =
        composing::compose_with_stubs(&inputs, &plan, project.as_ref(), missing.as_ref())?;
    // The socket alone is not what was asked for.
    if !args.plugs.is_empty() && composition.wires.is_empty() {
        return Err(no_plug_fits(&composition));
    }
    Ok((composition, stubs, output))
}

fn no_plug_fits(composition: &Composition) -> CommandError {
    let socket = composition.socket.clone().unwrap_or_default();
    let mut shown = CommandError::failed(format!("no plug fills an import of `{socket}`"));
    for unused in &composition.unused {
        shown = shown.detail(unused.to_string());
    }
    for miss in &composition.near_misses {
        shown = shown.detail(miss.to_string());
    }
    let imports: Vec<String> = composition.imports.iter().map(|open| format!("`{}`", open.name)).collect();
    shown.hint(match imports.as_slice() {
        [] => format!("`{socket}` imports nothing: it needs no plug"),
        imports => format!("a plug exports one of {}", imports.join(", ")),
    })
}

fn from_script(
    path: &Path,
    args: &ComposeArgs,
    context: &Context,
) -> Result<(Composition, PathBuf), CommandError> {
    if !args.plugs.is_empty() || args.wiring.is_given() {
        return Err(CommandError::usage(
            "a script says itself what is wired to what: expected no `--plug` and no options for wiring",
        )
        .hint("`new` makes an instance of a package, and `--dep NAME=FILE` says what the package is"));
    }
    if args.stubs.missing().is_some() {
        return Err(CommandError::usage(
            "a script says itself what stays open: expected no `--stub-missing`",
        )
        .hint("compose the script, and what came out again with `--stub-missing`"));
    }
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("wasm"));
    let input = ScriptInput {
        path,
        args: &args.script,
        registry: &args.registry,
        output: Some(&output),
        build: (!args.no_build).then(|| BuildMode { release: args.release, ..BuildMode::default() }),
    };
    Ok((script::compose(&input, context)?, output))
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

fn from_files(socket: &Path, args: &ComposeArgs) -> Result<(Vec<Input>, Plan, PathBuf), CommandError> {
    if args.plugs.is_empty() && args.stubs.missing().is_none() {
        return Err(CommandError::usage(format!("no plugs for the socket `{}`", socket.display()))
            .hint("name at least one with `--plug FILE`, or a script with the ending `.wac`"));
    }
    let output = args.output.clone().ok_or_else(|| {
        CommandError::usage("no place for the composition").hint("name a file with `-o composed.wasm`")
    })?;
    let mut inputs = vec![read_input(socket)?];
    let socket_name = inputs[0].name.clone();
    for plug in &args.plugs {
        inputs.push(read_input(plug)?);
    }
    Ok((inputs, Plan { socket: Some(socket_name), ..Plan::default() }, output))
}

/// An input that is named after its file.
fn read_input(path: &Path) -> Result<Input, CommandError> {
    let bytes = crate::source::read_component_file(path)?;
    let name = path
        .file_stem()
        .map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned());
    Ok(Input { name, bytes: bytes.into() })
}

/// Builds and composes a project, and returns the file of its composition.
pub(crate) fn compose_project(
    project: &Project,
    mode: BuildMode,
    context: &Context,
) -> Result<PathBuf, CommandError> {
    let inputs = project_inputs(project, Some(mode), context)?;
    let composition = composing::compose(&inputs, &project.compose.plan, Some(project))?;
    let output = project.composition_file();
    write_binary(&output, &composition.bytes)?;
    Ok(output)
}

/// Composes a project's components as they were last built, and writes nothing.
pub(crate) fn compose_built(project: &Project, context: &Context) -> Result<Composition, CommandError> {
    composing::compose(&project_inputs(project, None, context)?, &project.compose.plan, Some(project))
}

/// The project's components, built first in the stated mode where they have changed.
fn project_inputs(
    project: &Project,
    build: Option<BuildMode>,
    context: &Context,
) -> Result<Vec<Input>, CommandError> {
    let components: Vec<&Component> = project.components.iter().collect();
    if let Some(mode) = build {
        build_all(project, &components, mode, context)?;
    }
    let read = |component: &&Component| {
        let file = project.component_file(&component.name);
        let bytes = std::fs::read(&file).map_err(|error| {
            let shown = io_error("read", &file, &error);
            if error.kind() == std::io::ErrorKind::NotFound { shown.hint("run `wkit build`") } else { shown }
        })?;
        Ok(Input { name: component.name.clone(), bytes: bytes.into() })
    };
    components.iter().map(read).collect()
}
