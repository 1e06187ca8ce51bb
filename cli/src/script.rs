//! `FILE.wac`: reads a script of the wac language, finds its packages and composes them.

use std::path::{Path, PathBuf};

use clap::Args;
use wkit_composer::{Input, InputBytes, PackageRequest, Script, ScriptError, ScriptProblem};

use crate::build::load_packages;
use crate::components::{BuildMode, build_all};
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::inputs::{self, Asked, Found, Gather, InputArgs};
use crate::marks::{self, Mark};
use crate::project::{Component, Project};
use crate::source;

/// Where the packages of a script come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scripts")]
pub(crate) struct ScriptArgs {
    /// A package that a script asks for, and what it is: a file, a folder of WIT, a member of the project, or a
    /// reference; can be repeated
    #[arg(long = "dep", value_name = "NAME=FILE|REF")]
    deps: Vec<String>,

    /// The folder with the packages of a script, as `NAMESPACE/NAME.wasm`; `deps` beside the script without it
    #[arg(long, value_name = "FOLDER")]
    deps_dir: Option<PathBuf>,
}

/// A script that has been read, and how its packages are found.
pub(crate) struct ScriptInput<'a> {
    /// The script.
    pub(crate) path: &'a Path,
    /// Where its packages come from.
    pub(crate) args: &'a ScriptArgs,
    /// How registries are asked, and the lock.
    pub(crate) inputs: &'a InputArgs,
    /// The file that is to be written, if one is: no package may be read from it.
    pub(crate) output: Option<&'a Path>,
    /// How members of the project are built before they are read; `None` takes them as they were last built.
    pub(crate) build: Option<BuildMode>,
}

mod options;

pub(crate) use options::{ScriptOptions, Scripted};

/// Whether a command's argument is a script.
pub(crate) fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "wac")
}

/// Composes the script's packages as it says, and does what is asked besides.
pub(crate) fn compose(
    input: &ScriptInput<'_>,
    asked: &ScriptOptions<'_>,
    context: &Context,
) -> Result<Scripted, CommandError> {
    let text = read(input.path)?;
    let refused = |error: ScriptError| show(input.path, &text, &error.problems);
    let script = Script::parse(&text).map_err(refused)?;
    let finder = Finder::new(input, context)?;
    finder.note_unused(&script);
    let mut places = Vec::new();
    let mut unknown = Vec::new();
    for request in script.packages() {
        match finder.place(request) {
            Some(place) => places.push((request, place)),
            None => unknown.push(script.unknown_package(request, finder.known(request))),
        }
    }
    if !unknown.is_empty() {
        return Err(show(input.path, &text, &unknown));
    }
    check_output(input, &places)?;
    finder.build(&places)?;
    let remote: Vec<(&PackageRequest, Asked)> = places
        .iter()
        .filter_map(|(request, place)| Some((*request, finder.asked(request, place, &text)?)))
        .collect();
    let mut fetched = finder.fetch(&remote).map_err(|error| match finder.not_to_be_had(&remote, error) {
        (Some(request), error) => {
            // Nobody said that it is to come from there: most likely it should have been found before.
            let unknown = script.unknown_package(request, finder.known(request));
            beside(show(input.path, &text, &[unknown]), &error)
        }
        (None, error) => error,
    })?;
    let mut inputs = Vec::new();
    for (request, place) in &places {
        let name = request.to_string();
        let bytes = match fetched.iter().position(|found| found.name == name) {
            Some(position) => fetched.swap_remove(position).bytes,
            None => finder.read(place)?,
        };
        inputs.push(Input { name, bytes });
    }
    let closed = asked.close(&script, &mut inputs)?;
    let composition = script.compose(&inputs).map_err(refused)?;
    let (composition, stubs) = asked.finish(&script, composition).map_err(|(message, hint)| {
        CommandError::failed(format!("cannot compose `{}`", input.path.display()))
            .detail(message)
            .maybe_hint(hint)
    })?;
    Ok(Scripted { composition, stubs, closed })
}

/// A composition that takes the place of one of its packages could not be made again.
fn check_output(
    input: &ScriptInput<'_>,
    places: &[(&PackageRequest, Place<'_>)],
) -> Result<(), CommandError> {
    let Some(output) = input.output.and_then(|output| output.canonicalize().ok()) else { return Ok(()) };
    for (request, place) in places {
        if let Place::File(path) = place
            && path.canonicalize().is_ok_and(|path| path == output)
        {
            let message = format!("`{}` is the package `{request}` of the script", path.display());
            return Err(CommandError::usage(message).hint("write the composition to another file with `-o`"));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, CommandError> {
    let max = wkit_composer::limits::SCRIPT_BYTES_MAX as u64;
    let size_bytes = std::fs::metadata(path).map_err(|error| io_error("read", path, &error))?.len();
    if size_bytes > max {
        return Err(CommandError::failed(format!(
            "`{}` is too large: expected at most {max} bytes, found {size_bytes}",
            path.display()
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| io_error("read", path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n');
        CommandError::failed(format!(
            "`{}` is no text: line {} is not UTF-8",
            path.display(),
            line.count() + 1
        ))
        .hint("save it as UTF-8")
    })
}

/// Every problem with the lines that it is about, and below all of them what to do.
fn show(path: &Path, text: &str, problems: &[ScriptProblem]) -> CommandError {
    let mut shown = CommandError::failed(format!("cannot compose `{}`", path.display()));
    let mut hints: Vec<String> = Vec::new();
    for problem in problems {
        shown = shown.detail(problem.fault.to_string());
        let marks: Vec<Mark> =
            problem.labels.iter().map(|label| Mark::new(label.span.clone(), label.text.clone())).collect();
        if !marks.is_empty() {
            shown = shown.detail(marks::draw(path, text, &marks));
        }
        hints.extend(problem.hint().filter(|hint| !hints.contains(hint)));
    }
    hints.into_iter().fold(shown, CommandError::hint)
}

/// What is wrong with a script, and what the registry said when it was asked.
fn beside(shown: CommandError, asked: &CommandError) -> CommandError {
    let mut shown = shown.detail(asked.message());
    for cause in asked.causes() {
        shown = shown.detail(cause.as_str());
    }
    asked.hints().iter().fold(shown, |shown, hint| shown.hint(hint.as_str()))
}

/// Where a package is.
enum Place<'a> {
    /// A component, or a WIT package in binary form.
    File(PathBuf),
    /// A folder or file of WIT.
    Wit(PathBuf),
    Member(&'a Component),
    Registry(String),
}

struct Finder<'a> {
    input: &'a ScriptInput<'a>,
    context: &'a Context,
    project: Option<Project>,
    /// The packages of `--dep`, each with what it is.
    deps: Vec<(&'a str, &'a str)>,
    folder: PathBuf,
}

impl<'a> Finder<'a> {
    fn new(input: &'a ScriptInput<'a>, context: &'a Context) -> Result<Self, CommandError> {
        let deps = input.args.deps.iter().map(|text| dep(text)).collect::<Result<Vec<_>, _>>()?;
        let beside = input.path.parent().unwrap_or(Path::new("")).join("deps");
        let folder = input.args.deps_dir.clone().unwrap_or(beside);
        if input.args.deps_dir.is_some() && !folder.is_dir() {
            return Err(CommandError::usage(format!("`{}` is no folder", folder.display()))
                .hint("`--deps-dir` names the folder that has `NAMESPACE/NAME.wasm`"));
        }
        let project = Project::find_optional(&context.project_start)?;
        Ok(Self { input, context, project, deps, folder })
    }

    /// A mistake in a name would otherwise look like a package that is not to be had.
    fn note_unused(&self, script: &Script<'_>) {
        for (name, _) in &self.deps {
            let is_asked = |request: &PackageRequest| request.to_string() == *name || request.name == *name;
            if !script.packages().iter().any(is_asked) {
                let names: Vec<String> =
                    script.packages().iter().map(|request| format!("`{request}`")).collect();
                self.context.ui.note(format!(
                    "`--dep {name}` is not used: the script asks for {}",
                    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
                ));
            }
        }
    }

    /// `--dep`, then a member of the project, then the folder, then `--dep` without the version, then a registry.
    fn place(&self, request: &PackageRequest) -> Option<Place<'_>> {
        let name = request.to_string();
        self.dep(&name)
            .or_else(|| self.member(request).map(Place::Member))
            .or_else(|| self.in_folder(request))
            .or_else(|| self.dep(&request.name))
            .or_else(|| self.registry(request))
    }

    fn dep(&self, name: &str) -> Option<Place<'_>> {
        let (_, text) = self.deps.iter().rev().find(|(known, _)| *known == name)?;
        let path = Path::new(text);
        let member = self.project.as_ref().and_then(|project| member(project, text));
        Some(match member {
            _ if path.is_dir() || path.extension().is_some_and(|ending| ending == "wit") => {
                Place::Wit(path.to_owned())
            }
            Some(member) if !path.is_file() => Place::Member(member),
            _ if source::is_file(text) => Place::File(path.to_owned()),
            _ => Place::Registry((*text).to_owned()),
        })
    }

    /// The project's own namespace is its name: `shop:cart` is the member `cart` of the project `shop`.
    fn member(&self, request: &PackageRequest) -> Option<&Component> {
        let project = self.project.as_ref()?;
        let name = request.name.strip_prefix(&project.name)?.strip_prefix(':')?;
        member(project, name)
    }

    /// `NAMESPACE/NAME.wasm` or `NAMESPACE/NAME/VERSION.wasm`; a folder of that name, or a file with the ending of WIT,
    /// is a WIT package.
    fn in_folder(&self, request: &PackageRequest) -> Option<Place<'_>> {
        let mut path = request.name.split(':').fold(self.folder.clone(), |path, word| path.join(word));
        if let Some(version) = &request.version {
            path.push(version.to_string());
        }
        let with_ending = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (component, wit) = (with_ending(".wasm"), with_ending(".wit"));
        if component.is_file() {
            Some(Place::File(component))
        } else if wit.is_file() {
            Some(Place::Wit(wit))
        } else {
            (path.is_dir() && has_wit(&path)).then_some(Place::Wit(path))
        }
    }

    fn registry(&self, request: &PackageRequest) -> Option<Place<'_>> {
        let namespace = request.name.split(':').next()?;
        let is_own = self.project.as_ref().is_some_and(|project| project.name == namespace);
        // What the project should have itself is not looked for elsewhere, unless its registry is stated.
        let has_registry =
            self.project.as_ref().is_some_and(|project| project.registries.contains_key(namespace));
        (!is_own || has_registry).then(|| Place::Registry(request.to_string()))
    }

    /// Names that may be meant instead.
    fn known(&self, request: &PackageRequest) -> Vec<String> {
        let project = self.project.iter();
        let members = project.flat_map(|project| {
            project.components.iter().map(|member| format!("{}:{}", project.name, member.name))
        });
        let mut known: Vec<String> =
            members.chain(self.deps.iter().map(|(name, _)| (*name).to_owned())).collect();
        let namespace = request.name.split(':').next().unwrap_or_default();
        for entry in std::fs::read_dir(self.folder.join(namespace)).into_iter().flatten().flatten().take(1000)
        {
            if let Some(stem) = entry.path().file_stem() {
                known.push(format!("{namespace}:{}", stem.to_string_lossy()));
            }
        }
        known
    }

    fn build(&self, places: &[(&PackageRequest, Place<'_>)]) -> Result<(), CommandError> {
        let (Some(project), Some(mode)) = (&self.project, self.input.build) else { return Ok(()) };
        let mut members: Vec<&Component> = Vec::new();
        for (_, place) in places {
            if let Place::Member(member) = place
                && !members.iter().any(|known| known.name == member.name)
            {
                members.push(member);
            }
        }
        if members.is_empty() { Ok(()) } else { build_all(project, &members, mode, self.context).map(drop) }
    }

    fn read(&self, place: &Place<'_>) -> Result<InputBytes, CommandError> {
        match place {
            Place::File(path) => source::component_file(path),
            Place::Wit(path) => wit_package(path).map(InputBytes::from),
            Place::Member(member) => {
                let folder = self.project.as_ref().map(|project| project.component_file(&member.name));
                let file = folder.unwrap_or_default();
                InputBytes::file(&file)
                    .map_err(|error| io_error("read", &file, &error).hint("run `wkit build`"))
            }
            Place::Registry(text) => Err(CommandError::bug(format!("`{text}` was not fetched"))),
        }
    }

    /// What the script asks registries for, and where it says so; what the command line says is not the script's.
    fn asked(&self, request: &PackageRequest, place: &Place<'_>, text: &str) -> Option<Asked> {
        let Place::Registry(reference) = place else { return None };
        let place = if *reference == request.to_string() {
            let (line, column) = marks::position(text, request.label.span.start);
            inputs::Place::File { path: self.input.path.to_owned(), line, column }
        } else {
            inputs::Place::Argument("--dep")
        };
        Some(Asked { name: Some(request.to_string()), text: reference.clone(), place })
    }

    /// Fetches all of it, and holds it against the project's lock.
    fn fetch(&self, asked: &[(&PackageRequest, Asked)]) -> Result<Vec<Found>, CommandError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<Asked> = asked.iter().map(|(_, asked)| asked.clone()).collect();
        Gather::new(self.project.as_ref(), None, self.input.inputs, self.context).asked(&asked)
    }

    /// The first package that cannot be had by itself, and why; none where only all together cannot be had.
    fn not_to_be_had<'r>(
        &self,
        asked: &[(&'r PackageRequest, Asked)],
        error: CommandError,
    ) -> (Option<&'r PackageRequest>, CommandError) {
        let alone = match asked {
            [(request, _)] => return (Some(*request), error),
            _ => asked.iter().find_map(|one| Some((one.0, self.fetch(std::slice::from_ref(one)).err()?))),
        };
        alone.map_or((None, error), |(request, error)| (Some(request), error))
    }
}

fn member<'a>(project: &'a Project, name: &str) -> Option<&'a Component> {
    project.components.iter().find(|component| component.name == name)
}

fn has_wit(folder: &Path) -> bool {
    let is_wit = |entry: std::fs::DirEntry| entry.path().extension().is_some_and(|ending| ending == "wit");
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(is_wit)
}

/// The WIT of a folder or file as a WIT package in binary form.
pub(crate) fn wit_package(path: &Path) -> Result<Vec<u8>, CommandError> {
    let (resolve, package) = load_packages(path).map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(format!("cannot read the WIT of `{}`", path.display()), &error)
            .maybe_hint(hint)
    })?;
    wit_component::encode(&resolve, package, false).map_err(|error| {
        CommandError::failed(format!("cannot read the WIT of `{}`: {error:#}", path.display()))
    })
}

/// `NAME=FILE|REF`, the value of `--dep`.
fn dep(text: &str) -> Result<(&str, &str), CommandError> {
    let is_name = |name: &str| name.contains(':') && !name.contains(['/', ' ']);
    match text.split_once('=') {
        Some((name, rest)) if is_name(name.trim()) && !rest.trim().is_empty() => {
            Ok((name.trim(), rest.trim()))
        }
        _ => Err(CommandError::usage(format!("expected `NAME=FILE|REF` after `--dep`, found `{text}`"))
            .hint("the name is a package of the script, as in `--dep shop:cart=build/cart.wasm`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dep_is_a_package_and_what_it_is() {
        assert_eq!(dep("a:b=x.wasm").unwrap(), ("a:b", "x.wasm"));
        assert_eq!(dep("a:b@1.0.0=a:c@=1.2.0").unwrap(), ("a:b@1.0.0", "a:c@=1.2.0"));
        for wrong in ["", "a:b", "a=x.wasm", "a:b=", "=x.wasm", "x/a:b=c"] {
            assert!(dep(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn scripts_have_an_ending() {
        assert!(is_script(Path::new("a/b.wac")));
        for other in ["wac", "a.wasm", "acme:wac@1.0.0"] {
            assert!(!is_script(Path::new(other)), "{other}");
        }
    }
}
