//! Builds the components of a project: several at a time, and only those that have changed.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::build::{self, BuildError, BuildInput, Language, Tools};
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::file_state::FileState;
use crate::output::write_file;
use crate::project::{Component, Project};
use crate::ui;

/// How components are built.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BuildMode {
    /// Build even what has not changed.
    pub(crate) force: bool,
    /// Make the components as small as they can be.
    pub(crate) release: bool,
    /// How many compilers run at a time; as many as there are processors without it.
    pub(crate) jobs: Option<NonZero<usize>>,
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

/// Builds `components` where they have changed.
///
/// After a failure no other build begins; those that run are waited for, and every failure but the one that is
/// returned has been shown.
pub(crate) fn build_all(
    project: &Project,
    components: &[&Component],
    mode: BuildMode,
    context: &Context,
) -> Result<Vec<Built>, CommandError> {
    let builder = Builder {
        project,
        mode,
        tools: project_tools(project, context),
        context,
        progress: context.ui.spinner(String::new()),
        running: Mutex::default(),
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = mode.jobs.map_or(processors, NonZero::get).min(components.len());
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results: Vec<Mutex<Option<Result<Built, CommandError>>>> =
        components.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(component) = components.get(index) else { return };
                    let result = builder.build(component);
                    failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    *lock(&results[index]) = Some(result);
                }
            });
        }
    });
    builder.progress.finish_and_clear();
    let (mut built, mut errors) = (Vec::new(), Vec::new());
    for result in results.iter().filter_map(|result| lock(result).take()) {
        match result {
            Ok(component) => built.push(component),
            Err(error) => errors.push(error),
        }
    }
    let last = errors.pop();
    for error in &errors {
        context.ui.error(error);
    }
    last.map_or(Ok(built), Err)
}

/// The tools of a project: those of the context, in the versions that `wkit.toml` names.
pub(crate) fn project_tools(project: &Project, context: &Context) -> Tools {
    Tools::new(context.tools_folder.clone(), context.path.clone()).with_versions(project.toolchain.clone())
}

/// The components called `names`, or all where none is named.
pub(crate) fn choose<'a>(project: &'a Project, names: &[String]) -> Result<Vec<&'a Component>, CommandError> {
    if project.components.is_empty() {
        return Err(CommandError::usage(format!("the project `{}` has no components", project.name))
            .hint("make one with `wkit new NAME --lang LANGUAGE`, or add `[components.NAME]` with `path = \"FOLDER\"` to `wkit.toml`"));
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

/// The language of a component, stated or found.
pub(crate) fn language_of(component: &Component) -> Result<&'static dyn Language, CommandError> {
    let name = &component.name;
    if !component.folder.is_dir() {
        return Err(CommandError::usage(format!(
            "the folder `{}` of component `{name}` does not exist",
            component.folder.display()
        ))
        .hint("name it with `path` in `wkit.toml`"));
    }
    build::language_of(&component.folder, component.language.as_deref()).map_err(|error| {
        CommandError::from_error(format!("cannot build `{name}`"), &error).into_usage().hint(format!(
            "state the language with `language` in `wkit.toml`: {}",
            build::LANGUAGES.map(Language::name).join(", ")
        ))
    })
}

/// An error of one component's build.
pub(crate) fn build_error(name: &str, error: &BuildError) -> CommandError {
    CommandError::from_error(format!("cannot build `{name}`"), error).maybe_hint(error.hint())
}

/// What all builds share.
struct Builder<'a> {
    project: &'a Project,
    mode: BuildMode,
    tools: Tools,
    context: &'a Context,
    progress: ProgressBar,
    running: Mutex<BTreeSet<String>>,
}

impl Builder<'_> {
    fn build(&self, component: &Component) -> Result<Built, CommandError> {
        let started = Instant::now();
        let name = &component.name;
        let language = language_of(component)?;
        let work_folder = self.project.work_folder().join("build").join(name);
        let input = BuildInput {
            name,
            folder: &component.folder,
            wit: &component.wit,
            world: &component.world,
            work_folder: &work_folder,
            options: &component.options,
            release: self.mode.release,
            tools: &self.tools,
        };
        let failed = |error: BuildError| build_error(name, &error);
        let mut output = |line: &str| {
            self.progress.suspend(|| self.context.ui.compiler_line(name, line));
        };
        language.prepare(&input, &mut output).map_err(failed)?;
        let fingerprint = build::fingerprint(language, &input).map_err(failed)?;
        let stamp_file = work_folder.join("stamp");
        let file = self.project.component_file(name);
        let built = |size_bytes, fresh| Built {
            name: name.clone(),
            language: language.name(),
            file: file.clone(),
            size_bytes,
            fresh,
            time: started.elapsed(),
        };
        if !self.mode.force && is_fresh(&stamp_file, &fingerprint, &file) {
            let size_bytes = std::fs::metadata(&file).map_err(|error| io_error("read", &file, &error))?.len();
            return Ok(built(size_bytes, true));
        }
        let label = format!("{name} ({})", language.name());
        self.show(|running| running.insert(label.clone()));
        let result = language.build(&input, &mut output);
        self.show(|running| running.remove(&label));
        let bytes = result.map_err(failed)?;
        write_file(&file, &bytes)?;
        // The stamp names the result too, so a file that was replaced is built again.
        write_file(&stamp_file, stamp(&fingerprint, &bytes).as_bytes())?;
        let built = built(bytes.len() as u64, false);
        let said = format!("{label}, {} in {}", ui::size(built.size_bytes), ui::duration(built.time));
        self.progress.suspend(|| self.context.ui.done("built", said));
        Ok(built)
    }

    /// Changes the list of what is being built, and shows it.
    fn show(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) {
        let mut running = lock(&self.running);
        change(&mut running);
        let names: Vec<&str> = running.iter().map(String::as_str).collect();
        self.progress.set_message(format!("building {}", names.join(", ")));
    }
}

/// A thread that panicked leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether `file` is what the stamp says. It is read for that only when something about it has changed.
fn is_fresh(stamp_file: &Path, fingerprint: &str, file: &Path) -> bool {
    let begun = SystemTime::now();
    let Ok(kept) = std::fs::read_to_string(stamp_file) else { return false };
    let (text, state) = kept.split_once("state ").unwrap_or((&kept, ""));
    if !text.starts_with(&format!("inputs {fingerprint}\n")) {
        return false;
    }
    let known: Option<FileState> = serde_json::from_str(state).ok();
    if known.is_some() && known == FileState::of(file) {
        return true;
    }
    let fresh = std::fs::read(file).is_ok_and(|bytes| text == stamp(fingerprint, &bytes));
    if let (true, Some(state)) = (fresh, FileState::settled(file, begun)) {
        let state = serde_json::to_string(&state).unwrap_or_default();
        // Without it the file is read again the next time, and that is all.
        let _ = write_file(stamp_file, format!("{text}state {state}").as_bytes());
    }
    fresh
}

fn stamp(fingerprint: &str, bytes: &[u8]) -> String {
    format!("inputs {fingerprint}\nresult {}\n", wkit_artifact::Digest::sha256(bytes))
}

fn as_millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
