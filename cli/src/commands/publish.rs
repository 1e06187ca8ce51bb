//! `wkit publish`: a component into a registry.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_artifact::{Digest, Locator, Pack, Packed, annotation};
use wkit_interface::{DecodeError, SurfaceKind};
use wkit_registry_client::PushOptions;

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{Fresh, InputArgs, lock_dependencies};
use crate::progress::Bars;
use crate::project::Project;
use crate::registries;
use crate::source;
use crate::ui::{self, Format};

/// Arguments of `wkit publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The component to publish; the project's composition without it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Where to publish it; `compose.package` of `wkit.toml` without it
    #[arg(long = "as", value_name = "REF")]
    locator: Option<String>,

    /// Add an annotation to the manifest; can be repeated
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = key_value)]
    annotations: Vec<(String, String)>,

    /// Say when the component was made, as RFC 3339; without it the same component always has the same digest
    #[arg(long, value_name = "TIME")]
    created: Option<String>,

    /// Replace a version that is published with other content
    #[arg(long)]
    overwrite: bool,

    /// Pack and show, but push nothing
    #[arg(long)]
    dry_run: bool,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Packs the component as a Wasm OCI artifact and pushes it.
pub(crate) fn run(args: PublishArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let (file, locator) = what_and_where(&args, context)?;
    let bytes = source::read(&source::component_file(&file)?)?;
    let packed = pack(&file, &bytes, &locator, &args)?;
    let size_bytes = bytes.len();
    if args.dry_run {
        return show_dry_run(&packed, &locator, args.format);
    }
    let client = registries::client(&args.inputs.registry, context)?;
    let runtime = crate::context::runtime()?;
    let bars = Bars::new(context.ui);
    let options = PushOptions { overwrite: args.overwrite };
    let pushed =
        runtime.block_on(client.push(&locator, &packed, bytes, options, &bars)).map_err(|error| {
            CommandError::from_error(format!("cannot publish `{}` as `{locator}`", file.display()), &error)
                .maybe_hint(error.hint())
        })?;
    match args.format {
        Format::Json => ui::print_json(&json!({
            "reference": pushed.reference,
            "manifest_digest": pushed.manifest_digest,
            "component_digest": packed.layer_descriptor.digest,
            "size_bytes": size_bytes,
            "already_there": pushed.already_there,
            "resolved": pushed.chain,
        }))?,
        Format::Text => {
            let size = ui::size(size_bytes as u64);
            let verb = if pushed.already_there { "unchanged" } else { "published" };
            context.ui.done(verb, format!("{} ({size})", file.display()));
            ui::print(&format!("{}\n", pushed.reference))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn what_and_where(args: &PublishArgs, context: &Context) -> Result<(PathBuf, Locator), CommandError> {
    let stated = args.locator.as_deref().map(source::locator).transpose()?;
    let (file, locator) = match (&args.file, stated) {
        (Some(file), Some(locator)) => (file.clone(), locator),
        (Some(file), None) => {
            return Err(CommandError::usage(format!("no place to publish `{}`", file.display()))
                .hint("name it with `--as namespace:name@1.2.3` or `--as host/repository:tag`"));
        }
        (None, stated) => {
            let project = Project::find(&context.project_start)?;
            let package = || {
                let package = project.compose.package.clone().map(Locator::Package);
                package.ok_or_else(|| {
                    CommandError::usage("`wkit.toml` does not say what the composition is published as")
                        .hint("add `package = \"namespace:name@1.2.3\"` to `[compose]`, or use `--as`")
                })
            };
            let locator = stated.map_or_else(package, Ok)?;
            let file = project.composition_file();
            if !file.is_file() {
                return Err(CommandError::failed(format!("`{}` does not exist yet", file.display()))
                    .hint("run `wkit compose`"));
            }
            if args.inputs.locked {
                lock_dependencies(&project, &Fresh::None, &args.inputs, context)?.check()?;
            }
            (file, locator)
        }
    };
    if let Locator::Package(package) = &locator
        && package.version().is_none()
    {
        return Err(CommandError::usage(format!("`{package}` has no exact version to publish"))
            .hint(format!("write it like `{}@1.2.3`", package.name())));
    }
    Ok((file, locator))
}

/// The artifact: what the config says is read from the component itself.
fn pack(file: &Path, bytes: &[u8], locator: &Locator, args: &PublishArgs) -> Result<Packed, CommandError> {
    let shown = file.display();
    let unreadable = |error: &DecodeError| {
        CommandError::from_error(format!("cannot publish `{shown}`"), error)
            .maybe_hint(source::decode_hint(error))
    };
    let digest = Digest::sha256(bytes);
    let size_bytes = bytes.len() as u64;
    let mut pack = match wkit_interface::decode(bytes) {
        Ok(surface) if surface.kind == SurfaceKind::WitPackage => {
            let package = surface.package.as_ref().map(ToString::to_string).unwrap_or_default();
            let worlds = surface.worlds.iter().map(|world| in_package(&package, &world.name));
            let interfaces = surface.interfaces.iter().map(|interface| in_package(&package, &interface.name));
            Pack::component(digest, size_bytes).exports(interfaces.chain(worlds))
        }
        Ok(surface) => Pack::component(digest, size_bytes)
            .exports(surface.exports.iter().map(|item| item.name.clone()))
            .imports(surface.imports.iter().map(|item| item.name.clone())),
        Err(DecodeError::CoreModule) => Pack::core_module(digest, size_bytes),
        Err(error) => return Err(unreadable(&error)),
    };
    if let Some(title) = file.file_name() {
        pack = pack.title(title.to_string_lossy());
    }
    if let Locator::Package(package) = locator
        && let Some(version) = package.version()
    {
        pack = pack.annotation(annotation::VERSION, version.to_string());
    }
    for note in wkit_interface::producers(bytes).map_err(|error| unreadable(&error))?.annotations {
        if let Some(key) = annotation_key(&note.name) {
            pack = pack.annotation(key, note.value);
        }
    }
    for (key, value) in &args.annotations {
        pack = pack.annotation(key, value);
    }
    if let Some(created) = &args.created {
        pack = pack.created(created);
    }
    pack.finish()
        .map_err(|error| CommandError::from_error(format!("cannot pack `{shown}`"), &error).into_usage())
}

/// `demo:greet/hi@0.2.0` for the interface `hi` of `demo:greet@0.2.0`; a name that is whole stays as it is.
fn in_package(package: &str, name: &str) -> String {
    if name.contains('/') {
        return name.to_owned();
    }
    match package.split_once('@') {
        Some((package, version)) => format!("{package}/{name}@{version}"),
        None => format!("{package}/{name}"),
    }
}

/// The annotation of the OCI image specification for one of the component's own.
fn annotation_key(name: &str) -> Option<&'static str> {
    match name {
        "authors" => Some(annotation::AUTHORS),
        "description" => Some(annotation::DESCRIPTION),
        "licenses" => Some(annotation::LICENSES),
        "source" => Some(annotation::SOURCE),
        "homepage" => Some(annotation::URL),
        _ => None,
    }
}

fn show_dry_run(packed: &Packed, locator: &Locator, format: Format) -> Result<ExitCode, CommandError> {
    let manifest: serde_json::Value = serde_json::from_slice(&packed.manifest)
        .map_err(|error| CommandError::bug(format!("the manifest is not JSON: {error}")))?;
    let config: serde_json::Value = serde_json::from_slice(&packed.config)
        .map_err(|error| CommandError::bug(format!("the config is not JSON: {error}")))?;
    match format {
        Format::Json => ui::print_json(&json!({
            "reference": locator.to_string(),
            "manifest_digest": packed.manifest_digest,
            "manifest": manifest,
            "config": config,
        }))?,
        Format::Text => ui::print(&format!(
            "{locator}\n{}\nmanifest: {manifest:#}\nconfig: {config:#}\n",
            packed.manifest_digest
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected `KEY=VALUE`".to_owned()),
    }
}
