//! `wkit add`: a component of others as a dependency of the project.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use wkit_artifact::{Locator, PackageReference};
use wkit_interface::{Outline, SurfaceKind};

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::inputs::{Fresh, InputArgs, Locked, lock_dependencies};
use crate::output::write_file;
use crate::project::{self, DependencySource, Project, check_name, with_dependency};
use crate::source::{self, is_file};
use crate::ui;

/// Arguments of `wkit add`.
///
/// Writes the dependency into `[dependencies]` of `wkit.toml`, whose comments and order stay, and its version and
/// digest into `wkit.lock`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// A package, with a range of versions or without (then `^` of the highest release is written), a reference, or a
    /// file
    #[arg(value_name = "NAMESPACE:NAME[@RANGE]|REF|FILE")]
    dependency: String,

    /// Its name in the project; that of the package, repository or file without it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Where to look for it
    #[command(flatten)]
    inputs: InputArgs,
}

/// Adds the dependency, locks and fetches it, and says what it is good for.
pub(crate) fn run(args: AddArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let project = Project::find(&context.project_start)?;
    let file = project.folder.join(project::FILE_NAME);
    let text = std::fs::read_to_string(&file).map_err(|error| io_error("read", &file, &error))?;
    let source = source_of(&args.dependency, &project)?;
    let name = name_of(&args, &source)?;
    if project.component(&name).is_some() {
        return Err(CommandError::usage(format!("the project has a component `{name}`")).hint(format!(
            "give the dependency another name, as in `wkit add {} --name other-{name}`",
            args.dependency
        )));
    }
    let edited = |source: &DependencySource| {
        with_dependency(&text, &name, source)
            .map_err(|error| CommandError::from_error(format!("cannot change `{}`", file.display()), &error))
    };
    let mut new_text = edited(&source)?;
    let mut locked = lock_dependencies(
        &Project::parse(&new_text, &file, &project.folder)?,
        &Fresh::default(),
        &args.inputs,
        context,
    )?;
    // A package without a range is written with that of the version that was found.
    if let (DependencySource::Registry(Locator::Package(package)), Some(version)) =
        (&source, locked.version_of(&name))
        && *package == PackageReference::any(package.name().clone())
    {
        let ranged: Locator = source::locator(&format!("{}@^{version}", package.name()))?;
        new_text = edited(&DependencySource::Registry(ranged))?;
        let project = Project::parse(&new_text, &file, &project.folder)?;
        locked = lock_dependencies(&project, &Fresh::default(), &args.inputs, context)?;
    }
    write_file(&file, new_text.as_bytes())?;
    locked.write(&project)?;
    show(&name, &locked, &project, context)
}

/// What is to be added; a file is written relative to the project's folder where it is below it.
fn source_of(text: &str, project: &Project) -> Result<DependencySource, CommandError> {
    if !is_file(text) {
        return Ok(DependencySource::Registry(source::locator(text)?));
    }
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| io_error("find", path, &error));
    let (path, folder) = (absolute(Path::new(text))?, absolute(&project.folder)?);
    Ok(DependencySource::File(path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path)))
}

fn name_of(args: &AddArgs, source: &DependencySource) -> Result<String, CommandError> {
    let name = match (&args.name, source) {
        (Some(name), _) => name.clone(),
        (None, DependencySource::Registry(locator)) => source::name_of(locator).to_owned(),
        (None, DependencySource::File(path)) => {
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
        }
    };
    check_name(&name, "a dependency's name")
        .map_err(|message| CommandError::usage(message).hint("name it with `--name`"))?;
    Ok(name)
}

fn show(name: &str, locked: &Locked, project: &Project, context: &Context) -> Result<ExitCode, CommandError> {
    let Some(found) = locked.found(name) else {
        return Err(CommandError::bug(format!("the dependency `{name}` was not found again")));
    };
    context.ui.done("added", format!("{name} ({}, {})", found.shown, ui::size(found.bytes.len() as u64)));
    let outline = wkit_interface::outline(&found.bytes).map_err(|error| {
        CommandError::from_error(format!("`{name}` cannot be read"), &error)
            .maybe_hint(source::decode_hint(&error))
    })?;
    let mut text = String::new();
    if outline.kind == SurfaceKind::WitPackage {
        let packages: Vec<&str> = outline.packages.iter().map(String::as_str).collect();
        text += &format!("{name} is a WIT package, no component: {}\n", packages.join(", "));
    } else {
        for export in &outline.exports {
            text += &format!("exports {export}\n");
        }
        text += &fills(name, &outline, locked, project);
    }
    ui::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Which imports the new dependency can fill, of what is built and of the other dependencies, and who can fill its own.
fn fills(name: &str, outline: &Outline, locked: &Locked, project: &Project) -> String {
    let mut others: Vec<(String, Outline)> = Vec::new();
    for member in &project.components {
        let built = std::fs::read(project.component_file(&member.name)).ok();
        let outline = built.and_then(|bytes| wkit_interface::outline(&bytes).ok());
        others.extend(outline.map(|outline| (member.name.clone(), outline)));
    }
    for found in locked.all().iter().filter(|found| found.name != name) {
        others
            .extend(wkit_interface::outline(&found.bytes).ok().map(|outline| (found.name.clone(), outline)));
    }
    let fit = |importer: &Outline, exporter: &Outline| -> Vec<String> {
        let exported =
            |import: &&String| exporter.exports.iter().any(|export| wkit_interface::fits(import, export));
        importer.imports.iter().filter(exported).cloned().collect()
    };
    let mut text = String::new();
    for (other, theirs) in &others {
        for import in fit(theirs, outline) {
            text += &format!("fills   {import} of {other}\n");
        }
    }
    for (other, theirs) in &others {
        for import in fit(outline, theirs) {
            text += &format!("needs   {import}, which {other} has\n");
        }
    }
    text
}
