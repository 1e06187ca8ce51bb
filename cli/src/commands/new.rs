//! `wkit new`: the folder of a new component.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use heck::ToKebabCase;

use wkit_artifact::Locator;

use crate::build::{self, Language};
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::new::{self, NewComponent, Template, WitSource};
use crate::output::write_file;
use crate::project::{FILE_NAME, Project, check_name};
use crate::source;

/// Arguments of `wkit new`.
///
/// In the folder of a project the new component becomes a part of that project, elsewhere one of its own.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make; its last part is the component's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// The language of the sources: rust, c, cpp, go, javascript, typescript, python, zig, assemblyscript or module
    #[arg(long, value_name = "LANGUAGE")]
    lang: String,

    /// What to begin with: `command` runs and ends, `library` exports an interface, `http` answers requests; some
    /// languages have more
    #[arg(long, value_name = "TEMPLATE", default_value = "command", conflicts_with = "wit")]
    template: String,

    /// Implement a WIT package instead: a folder or file of WIT, a dependency of the project, or a REF in a registry
    #[arg(long, value_name = "PATH|REF")]
    wit: Option<String>,

    /// The world of that package, where it has several
    #[arg(long, value_name = "WORLD", requires = "wit")]
    world: Option<String>,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// Makes the folder, and says what to do next.
pub(crate) fn run(args: NewArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let folder = context.project_start_folder().join(&args.folder);
    let name = name_of(&folder)?;
    let language = build::language_named(&args.lang).map_err(CommandError::usage)?;
    check_free(&folder)?;
    let wit = args.wit.as_deref().map(|wit| wit_source(wit, &args, context)).transpose()?;
    let template = match &wit {
        Some(_) => Template::skeleton(language),
        None => Template::find(language, &args.template),
    }
    .map_err(|error| CommandError::usage(error.to_string()))?;
    let component = NewComponent { name: &name, language, template, wit };
    let new::Files { mut files, section } = component.render()?;

    let project = Project::find_optional(parent(&folder))?;
    let section = |path: &str| {
        format!("[components.{name}]\npath = \"{path}\"\nlanguage = \"{}\"\n{section}", language.name())
    };
    match &project {
        None => {
            let text = format!("[project]\nname = \"{name}\"\nversion = \"0.1.0\"\n\n{}", section("."));
            files.insert(FILE_NAME.to_owned(), text.into_bytes());
            new::write_folder(&folder, &files)?;
        }
        Some(project) => {
            let path = path_in(project, &folder);
            let text = extended(project, &name, &section(&path))?;
            new::write_folder(&folder, &files)?;
            write_file(&project.folder.join(FILE_NAME), text.as_bytes())?;
        }
    }
    let shown = if args.wit.is_some() { "skeleton" } else { args.template.as_str() };
    context.ui.done("created", format!("{} ({}, {shown})", args.folder.display(), language.name()));
    for step in next_steps(&args, &name, language, project.is_some()) {
        context.ui.next(step);
    }
    Ok(ExitCode::SUCCESS)
}

/// The component's name: the last part of the folder's path.
fn name_of(folder: &Path) -> Result<String, CommandError> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    check_name(name, "a component's name").map_err(|message| {
        let proper = name.to_kebab_case();
        let fits = check_name(&proper, "").is_ok();
        CommandError::usage(message).maybe_hint(fits.then(|| format!("`{proper}` would do")))
    })?;
    Ok(name.to_owned())
}

fn check_free(folder: &Path) -> Result<(), CommandError> {
    let is_empty = |folder: &Path| folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    if folder.symlink_metadata().is_err() || (folder.is_dir() && is_empty(folder)) {
        return Ok(());
    }
    Err(CommandError::usage(format!("`{}` is already there", folder.display()))
        .hint("choose another name, or remove it"))
}

fn wit_source(wit: &str, args: &NewArgs, context: &Context) -> Result<WitSource, CommandError> {
    let path = context.project_start_folder().join(wit);
    let is_binary = path.extension().is_some_and(|ending| ending == "wasm");
    let is_text = path.is_dir() || path.extension().is_some_and(|ending| ending == "wit");
    let is_dependency = || {
        let project = Project::find_optional(&context.project_start)?;
        Ok::<_, CommandError>(project.is_some_and(|project| project.dependency(wit).is_some()))
    };
    let made = if is_text && !is_binary {
        WitSource::from_path(&path, args.world.clone())
    } else if is_binary || wit.parse::<Locator>().is_ok() || is_dependency()? {
        let loaded = source::load(wit, None, &args.inputs, context)?;
        WitSource::from_bytes(&loaded.bytes, wit, args.world.clone())
    } else {
        return Err(CommandError::usage(format!("no WIT at `{wit}`: no such folder, and not a reference"))
            .hint(
                "`--wit` takes a folder or file of WIT, `namespace:name@1.2.3`, or `host/repository:tag`",
            ));
    };
    made.map_err(|error| {
        let shown = CommandError::from_error(format!("cannot implement `{wit}`"), &error);
        let shown = if error.is_usage() { shown.into_usage() } else { shown };
        shown.maybe_hint(error.hint())
    })
}

fn parent(folder: &Path) -> &Path {
    folder.parent().unwrap_or(folder)
}

/// The new folder's path as it stands in `wkit.toml`.
fn path_in(project: &Project, folder: &Path) -> String {
    let path = folder.strip_prefix(&project.folder).unwrap_or(folder);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The text of the project's file with one more component.
fn extended(project: &Project, name: &str, section: &str) -> Result<String, CommandError> {
    let file = project.folder.join(FILE_NAME);
    if project.components.iter().any(|component| component.name == name) {
        return Err(CommandError::usage(format!("the project `{}` has a component `{name}`", project.name))
            .hint(format!("choose another name, or take it out of `{}`", file.display())));
    }
    let text =
        std::fs::read_to_string(&file).map_err(|error| crate::error::io_error("read", &file, &error))?;
    Ok(format!("{}\n\n{section}", text.trim_end()))
}

fn next_steps(args: &NewArgs, name: &str, language: &dyn Language, in_project: bool) -> Vec<String> {
    let build = match in_project {
        true => format!("build it with `wkit build {name}`"),
        false => format!("build it with `cd {} && wkit build`", args.folder.display()),
    };
    let file = format!("build/{name}.wasm");
    let then = match (args.wit.is_some(), args.template.as_str()) {
        (true, _) => "every export is there to be filled in".to_owned(),
        (_, "http") => format!("serve it with `wkit serve {file}`"),
        (_, "library") => format!("call it with `wkit run {file} --invoke 'greet(\"you\")'`"),
        (_, "command") => format!("run it with `wkit run {file} -- you`"),
        _ => "its README.md says how to run it".to_owned(),
    };
    let tools =
        format!("what {} needs is listed by `wkit toolchain doctor {}`", language.title(), language.name());
    vec![tools, build, then]
}
