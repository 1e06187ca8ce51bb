//! `wkit compose`: many components into one.

use std::mem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::Args;
use serde_json::json;
use wkit_composer::virtualise::{State, Virtualised};
use wkit_composer::{Composition, Input, NearMiss, OpenImport, Plan, StubbedImport};

use crate::closing;
use crate::components::BuildMode;
use crate::composing;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{self, Asked, Found, Gather, InputArgs, Place};
use crate::output::write_binary;
use crate::project::Project;
use crate::record::Said;
use crate::script::{self, ScriptArgs, ScriptInput, ScriptOptions, Scripted};
use crate::stubs::{self, StubArgs};
use crate::target::Target;
use crate::ui::{self, Format};
use crate::wiring::WiringArgs;

mod recorded;

use recorded::Recorded;

/// Arguments of `wkit compose`.
///
/// Without a socket or script, composes the project of `wkit.toml` and builds what has changed first.
#[derive(Debug, Args)]
pub(crate) struct ComposeArgs {
    /// A component whose imports are filled by the plugs (a file, a member or dependency of the project, or a
    /// reference), or a script of the wac language; without it the project is composed
    #[arg(value_name = "SOCKET|FILE.wac")]
    socket: Option<String>,

    /// A component whose exports fill imports of the socket and of other plugs, with a name of its own ahead where it
    /// needs one; can be repeated
    #[arg(long = "plug", value_name = "[NAME=]FILE|REF", requires = "socket")]
    plugs: Vec<String>,

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

    /// Close capabilities of one component inside the composition, or of all where none is named, as in
    /// `cart:filesystem,env` or `cart:wasi:sockets` or `all`; can be repeated
    #[arg(long, value_name = "[NAME:]CAPABILITIES")]
    deny: Vec<String>,

    /// Compose even when nothing has changed since the last time
    #[arg(long)]
    force: bool,

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

    #[command(flatten, next_help_heading = "Registries and the lock")]
    inputs: InputArgs,
}

/// Composes, and shows what was wired to what.
pub(crate) fn run(mut args: ComposeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let (format, force) = (mem::take(&mut args.format), mem::take(&mut args.force));
    let recorded = Recorded::new(&args, context)?;
    if let Some(recorded) = recorded.as_ref().filter(|_| !force)
        && let Some(said) = recorded.find()
    {
        return show(&said, recorded.output(), format, context);
    }
    let composed = match &args.socket {
        Some(text) if script::is_script(Path::new(text)) => from_script(Path::new(text), &args, context)?,
        _ => from_plan(&args, context)?,
    };
    if let Some(targets) = &args.targets {
        Target::load(targets, None, &args.inputs, context)?
            .check("the composition", &composed.composition.surface)?;
    }
    // The inputs are hashed while the composition is written.
    let (digest, files) = thread::scope(|scope| {
        let files = recorded.as_ref().map(|recorded| scope.spawn(|| recorded.files(&composed.inputs)));
        let digest = write_binary(&composed.output, &composed.composition.bytes);
        (digest, files.and_then(|files| files.join().ok().flatten()))
    });
    let said = said(&composed, &digest?);
    if let (Some(recorded), Some(files)) = (&recorded, files) {
        recorded.keep(files, &said);
    }
    show(&said, &composed.output, format, context)
}

/// What is said about a composition.
fn said(composed: &Composed, digest: &wkit_artifact::Digest) -> Said {
    let Composed { composition, stubs, closed, .. } = composed;
    let unused = composition.unused.iter().map(ToString::to_string);
    Said {
        closed: said_of_closed(closed),
        tree: composition.tree(),
        notes: unused.chain(composition.near_misses.iter().map(near_note)).collect(),
        stubs: stubs.iter().map(stubs::note).collect(),
        size_bytes: composition.bytes.len() as u64,
        digest: digest.to_string(),
        data: json!({
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
            "grants": closed.iter().map(|(instance, closed)| {
                json!({ "instance": instance, "capabilities": closed.capabilities })
            }).collect::<Vec<_>>(),
        }),
    }
}

/// What each instance can do no longer, with the word for that.
fn said_of_closed(closed: &[(String, Virtualised)]) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for (instance, closed) in closed {
        for state in [State::Closed, State::Fixed] {
            let outcomes = closed.capabilities.iter().filter(|outcome| outcome.state == state);
            let names: Vec<&str> = outcomes.map(|outcome| outcome.capability.name()).collect();
            if !names.is_empty() {
                said.push((state.name().to_owned(), format!("{} of {instance}", names.join(", "))));
            }
        }
    }
    said
}

/// What was composed.
struct Composed {
    composition: Composition,
    /// The imports that stubs fill.
    stubs: Vec<StubbedImport>,
    /// What instances can do no longer.
    closed: Vec<(String, Virtualised)>,
    /// The file that it goes to.
    output: PathBuf,
    /// What it was made of, as it was read.
    inputs: Vec<Input>,
}

fn from_plan(args: &ComposeArgs, context: &Context) -> Result<Composed, CommandError> {
    let (mut inputs, mut plan, output) = match &args.socket {
        Some(socket) => with_plugs(socket, args, context)?,
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
    let read = inputs.clone();
    let closed = closing::apply(&mut inputs, &mut plan, project.as_ref(), &args.deny)?;
    let missing = args.stubs.missing();
    let (composition, stubs) =
        composing::compose_with_stubs(&inputs, &plan, project.as_ref(), missing.as_ref())?;
    // The socket alone is not what was asked for, unless imports were left open by choice.
    if !args.plugs.is_empty() && !args.wiring.is_given() && composition.wires.is_empty() {
        return Err(no_plug_fits(&composition));
    }
    Ok(Composed { composition, stubs, closed, output, inputs: read })
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
    if let Some(wire) = composition.near_misses.iter().find_map(NearMiss::wire) {
        let option = composing::wire_options(&[wire]);
        return shown.hint(format!("the types fit, so it can be wired by hand: {option}"));
    }
    // What hosts give is seldom what was meant.
    let of_host = |open: &&OpenImport| open.name.starts_with("wasi:");
    let (host, own): (Vec<_>, Vec<_>) = composition.imports.iter().partition(of_host);
    let asked = if own.is_empty() { host } else { own };
    let imports: Vec<String> = asked.iter().map(|open| format!("`{}`", open.name)).collect();
    shown.hint(match imports.as_slice() {
        [] => format!("`{socket}` imports nothing: it needs no plug"),
        imports => format!("a plug exports one of {}", imports.join(", ")),
    })
}

fn from_script(path: &Path, args: &ComposeArgs, context: &Context) -> Result<Composed, CommandError> {
    let plug = (!args.plugs.is_empty()).then_some((
        "--plug",
        "`new` makes an instance of a package, and `--dep NAME=FILE` says what the package is",
    ));
    if let Some((option, instead)) = plug.or_else(|| args.wiring.said_by_script()) {
        return Err(CommandError::usage(format!(
            "a script says itself what is wired to what: expected no `{option}`"
        ))
        .hint(format!("write it in the script: {instead}")));
    }
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("wasm"));
    let input = ScriptInput {
        path,
        args: &args.script,
        inputs: &args.inputs,
        output: Some(&output),
        build: args.build_mode(),
    };
    let asked = ScriptOptions {
        deny: &args.deny,
        missing: args.stubs.missing(),
        allow_open: args.wiring.allowed_open(),
    };
    let Scripted { composition, stubs, closed } = script::compose(&input, &asked, context)?;
    Ok(Composed { composition, stubs, closed, output, inputs: Vec::new() })
}

/// What almost fits, and what to do about it.
fn near_note(miss: &NearMiss) -> String {
    format!("{miss}\nhint: {}", miss.hint())
}

fn show(said: &Said, output: &Path, format: Format, context: &Context) -> Result<ExitCode, CommandError> {
    if format == Format::Json {
        ui::print_json(&said.json(output))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (what, of) in &said.closed {
        context.ui.done(what, of);
    }
    ui::print(&said.tree)?;
    for note in &said.notes {
        context.ui.note(note);
    }
    let size = ui::size(said.size_bytes);
    context.ui.done("composed", format!("{} ({size}), {}", output.display(), said.digest));
    for stub in &said.stubs {
        context.ui.note(stub);
    }
    Ok(ExitCode::SUCCESS)
}

/// A socket and its plugs, whatever they are.
fn with_plugs(
    socket: &str,
    args: &ComposeArgs,
    context: &Context,
) -> Result<(Vec<Input>, Plan, PathBuf), CommandError> {
    if args.plugs.is_empty() && args.stubs.missing().is_none() {
        return Err(CommandError::usage(format!("no plugs for the socket `{socket}`"))
            .hint("name at least one with `--plug FILE`, or a script with the ending `.wac`"));
    }
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
    let mut inputs = project_inputs(project, Some(mode), args, context)?;
    let mut plan = project.compose.plan.clone();
    closing::apply(&mut inputs, &mut plan, Some(project), &[])?;
    let composition = composing::compose(&inputs, &plan, Some(project))?;
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
    let mut inputs = project_inputs(project, None, args, context)?;
    let mut plan = project.compose.plan.clone();
    closing::apply(&mut inputs, &mut plan, Some(project), &[])?;
    composing::compose(&inputs, &plan, Some(project))
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
