//! Whether a composition is there already, made of the same files in the same way.

use std::path::{Path, PathBuf};

use wkit_composer::Input;

use super::ComposeArgs;
use crate::components::build_all;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{Asked, Place};
use crate::project::{Dependency, DependencySource, FILE_NAME, Project};
use crate::record::{Files, Record, Said, Source};
use crate::script;

/// A composition that is made of files alone, so that it can be told whether anything has changed.
pub(super) struct Recorded {
    record: Record,
    output: PathBuf,
    /// The files of inputs, in their order on the command line or by their names in the project.
    files: Vec<(Option<String>, PathBuf)>,
    /// Other files that count.
    settings: Vec<PathBuf>,
}

impl Recorded {
    /// Builds the project's components first, as they are among the files. `None` where more than these files decides
    /// what comes out: registries, which are asked whether a tag has moved, scripts, WIT to target, folders that are
    /// baked in.
    pub(super) fn new(args: &ComposeArgs, context: &Context) -> Result<Option<Self>, CommandError> {
        if args.targets.is_some() {
            return Ok(None);
        }
        match (&args.socket, &args.output) {
            (Some(socket), Some(output)) => Ok(Self::of_files(socket, output, args, context)),
            (Some(_), None) => Ok(None),
            (None, _) => Self::of_project(args, context),
        }
    }

    fn of_files(socket: &str, output: &Path, args: &ComposeArgs, context: &Context) -> Option<Self> {
        let mut asked = vec![Asked { name: None, text: socket.to_owned(), place: Place::Argument("SOCKET") }];
        asked.extend(args.plugs.iter().map(|plug| Asked::argument(plug, "--plug")));
        if script::is_script(Path::new(socket)) || !asked.iter().all(Asked::is_path) {
            return None;
        }
        let record = Record::new(&context.compositions_folder(), &format!("{args:?}"), output);
        let files = asked.into_iter().map(|asked| (None, PathBuf::from(asked.text))).collect();
        Some(Self { record, output: output.to_owned(), files, settings: Vec::new() })
    }

    fn of_project(args: &ComposeArgs, context: &Context) -> Result<Option<Self>, CommandError> {
        let project = Project::find(&context.project_start)?;
        let Some(dependencies) = dependency_files(&project) else { return Ok(None) };
        if !project.compose.grants.is_empty() {
            return Ok(None);
        }
        if let Some(mode) = args.build_mode() {
            build_all(&project, &project.components.iter().collect::<Vec<_>>(), mode, context)?;
        }
        let output = args.output.clone().unwrap_or_else(|| project.composition_file());
        let start = &context.project_start;
        let file = if start.is_file() { start.clone() } else { project.folder.join(FILE_NAME) };
        let settings = vec![file, project.lock_file()];
        let record = Record::new(&context.compositions_folder(), &format!("{settings:?} {args:?}"), &output);
        let member = |name: &String| (Some(name.clone()), project.component_file(name));
        let members = project.components.iter().map(|component| member(&component.name));
        Ok(Some(Self { record, output, files: members.chain(dependencies).collect(), settings }))
    }

    /// What was said when the composition was made, if it is there and nothing has changed.
    pub(super) fn find(&self) -> Option<Said> {
        self.record.find()
    }

    /// Where the composition goes.
    pub(super) fn output(&self) -> &Path {
        &self.output
    }

    /// What is kept of the files and of `inputs`, which are as they were read.
    pub(super) fn files(&self, inputs: &[Input]) -> Option<Files> {
        let setting = |path| Source { path, bytes: None };
        let mut sources: Vec<Source<'_>> = self.settings.iter().map(|path| setting(path)).collect();
        for (place, (name, path)) in self.files.iter().enumerate() {
            let input = match name {
                Some(name) => inputs.iter().find(|input| input.name == *name),
                None => inputs.get(place),
            };
            sources.push(Source { path, bytes: input.map(|input| &input.bytes) });
        }
        self.record.files(&sources)
    }

    /// Keeps what is said about the composition of these files.
    pub(super) fn keep(&self, files: Files, said: &Said) {
        self.record.keep(files, said);
    }
}

/// The dependencies of a project by name, when all of them are files.
fn dependency_files(project: &Project) -> Option<Vec<(Option<String>, PathBuf)>> {
    let file = |dependency: &Dependency| match &dependency.source {
        DependencySource::File(path) => Some((Some(dependency.name.clone()), project.folder.join(path))),
        DependencySource::Registry(_) => None,
    };
    project.dependencies.iter().map(file).collect()
}
