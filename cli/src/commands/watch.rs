//! `wkit watch`: rebuilds, composes and runs again whenever a source changes.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::build;
use crate::commands::compose;
use crate::components::{self, BuildMode};
use crate::context::{self, Context};
use crate::error::{CommandError, io_error};
use crate::inputs::InputArgs;
use crate::project::Project;

/// How long nothing must happen before a round begins: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Arguments of `wkit watch`.
///
/// A component that exports `wasi:cli/run` is run, one that answers HTTP requests is served, any other is only built.
/// A build that fails leaves the last good component running.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Build the components as small as they can be
    #[arg(long)]
    release: bool,

    /// Build and compose only
    #[arg(long)]
    no_run: bool,

    /// Where a component that answers HTTP requests is served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Grant a host folder under a guest path, as in `wkit run`; can be repeated
    #[arg(long = "dir", value_name = "HOST::GUEST[:ro]")]
    folders: Vec<String>,

    /// Set a variable of the guest's environment, as in `wkit run`; can be repeated
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    variables: Vec<String>,

    /// Where inputs of the composition come from
    #[command(flatten)]
    inputs: InputArgs,

    /// Arguments of the guest
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Watches until it is interrupted.
pub(crate) fn run(args: WatchArgs, context: &Context) -> Result<ExitCode, CommandError> {
    // A project that cannot be read at all is an error; one that breaks later is waited for.
    Project::find(&context.project_start)?;
    context::runtime()?.block_on(watch(&args, context))
}

async fn watch(args: &WatchArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let cannot = |error: &dyn std::error::Error| CommandError::from_error("cannot watch the sources", error);
    let (sender, mut changes) = mpsc::unbounded_channel();
    let on_event = move |event: notify::Result<notify::Event>| {
        // The receiver is gone only when wkit ends.
        if event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_))) {
            let _ = sender.send(());
        }
    };
    let watcher = notify::recommended_watcher(on_event).map_err(|error| cannot(&error))?;
    let mut watched = Watched { watcher, folders: BTreeSet::new() };
    let mut guest = Guest { args, context, digest: None, child: None };
    let mut stop = std::pin::pin!(context::interrupted());
    loop {
        // Watching goes first, so that what changes during the build begins another round.
        watched.update(context).map_err(|error| cannot(&error))?;
        match tokio::task::block_in_place(|| guest.make()) {
            Ok(Some((file, bytes))) => guest.restart(&file, &bytes).await?,
            Ok(None) => {}
            Err(error) => context.ui.error(&error),
        }
        watched.update(context).map_err(|error| cannot(&error))?;
        tokio::select! {
            () = &mut stop => return Ok(ExitCode::SUCCESS),
            _ = changes.recv() => {}
        }
        while tokio::time::timeout(QUIET, changes.recv()).await.is_ok_and(|change| change.is_some()) {}
    }
}

/// The folders that are watched, each by itself: those of sources, not those of what was made from them.
struct Watched {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    /// Follows the folders that have come and gone.
    fn update(&mut self, context: &Context) -> Result<(), notify::Error> {
        // While `wkit.toml` cannot be read, the folders stay what they were.
        let Ok(project) = Project::find(&context.project_start) else { return Ok(()) };
        let folders = source_folders(&project);
        for gone in self.folders.difference(&folders) {
            // A folder that was removed is no longer watched anyway.
            drop(self.watcher.unwatch(gone));
        }
        for new in folders.difference(&self.folders) {
            match self.watcher.watch(new, RecursiveMode::NonRecursive) {
                Err(error) if !matches!(error.kind, notify::ErrorKind::PathNotFound) && new.exists() => {
                    return Err(error);
                }
                _ => {}
            }
        }
        self.folders = folders;
        Ok(())
    }
}

fn source_folders(project: &Project) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::from([project.folder.clone()]);
    for component in &project.components {
        let work_folder = project.work_folder().join("build").join(&component.name);
        let skipped =
            components::language_of(component).map_or(&[][..], |language| language.skipped_folders());
        folders.extend(build::source_folders(&component.folder, skipped));
        folders.extend(build::source_folders(&component.wit, &[]));
        let outside = build::outside_sources(&work_folder);
        folders.extend(outside.iter().filter_map(|file| file.parent()).map(Path::to_owned));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// The component that runs.
struct Guest<'a> {
    args: &'a WatchArgs,
    context: &'a Context,
    /// What runs, or ran last.
    digest: Option<wkit_artifact::Digest>,
    child: Option<Child>,
}

impl Guest<'_> {
    /// Builds and composes; `None` where the result is what it was.
    fn make(&mut self) -> Result<Option<(PathBuf, Vec<u8>)>, CommandError> {
        let project = Project::find(&self.context.project_start)?;
        let mode = BuildMode { release: self.args.release, ..BuildMode::default() };
        let file = match &project.components[..] {
            [component] if project.dependencies.is_empty() => {
                components::build_all(&project, &[component], mode, self.context)?;
                project.component_file(&component.name)
            }
            _ => compose::compose_project(&project, mode, &self.args.inputs, self.context)?,
        };
        let bytes = std::fs::read(&file).map_err(|error| io_error("read", &file, &error))?;
        let digest = wkit_artifact::Digest::sha256(&bytes);
        if self.digest.as_ref() == Some(&digest) {
            return Ok(None);
        }
        self.digest = Some(digest);
        Ok(Some((file, bytes)))
    }

    /// Ends what runs, and starts `file` if it is something that can be started.
    async fn restart(&mut self, file: &Path, bytes: &[u8]) -> Result<(), CommandError> {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            drop(child.kill().await);
        }
        let verb = if self.args.no_run { None } else { verb(bytes) };
        let Some(verb) = verb else {
            self.context.ui.done("ready", file.display().to_string());
            return Ok(());
        };
        let program = std::env::current_exe()
            .map_err(|error| CommandError::failed(format!("wkit cannot find its own program: {error}")))?;
        let mut command = Command::new(program);
        command.arg(verb).arg(file).kill_on_drop(true);
        for folder in &self.args.folders {
            command.args(["--dir", folder]);
        }
        for variable in &self.args.variables {
            command.args(["--env", variable]);
        }
        match verb {
            "serve" => command.args(["--listen", &self.args.listen.to_string()]),
            _ => command.arg("--").args(&self.args.arguments),
        };
        self.context.ui.done("running", file.display().to_string());
        let child = command
            .spawn()
            .map_err(|error| CommandError::failed(format!("wkit cannot start itself: {error}")))?;
        self.child = Some(child);
        Ok(())
    }
}

/// The command for a component: what it exports decides.
fn verb(component: &[u8]) -> Option<&'static str> {
    let surface = wkit_interface::decode(component).ok()?;
    let exports = |prefix: &str| surface.exports.iter().any(|export| export.name.starts_with(prefix));
    if exports("wasi:cli/run@") {
        return Some("run");
    }
    (exports("wasi:http/incoming-handler@") || exports("wasi:http/handler@")).then_some("serve")
}
