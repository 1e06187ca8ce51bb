//! `wkit inspect`: what a component imports, exports and is made of.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use wkit_artifact::Digest;
use wkit_interface::{DecodeError, Item, ItemKind, Part, PartKind, Producers, Surface, SurfaceKind};

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::source::{self, Loaded};
use crate::target::Target;
use crate::ui::{self, Table};

/// Arguments of `wkit inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A component: a file, or a reference in a registry
    #[arg(value_name = "FILE|REF")]
    component: String,

    /// Say instead in what it does not fit this world, and fail when it does not: a folder, file or package of WIT, and a
    /// world of it
    #[arg(long, value_name = "WIT[#WORLD]")]
    targets: Option<String>,

    /// The world of `--targets`, where its WIT has several
    #[arg(long, value_name = "NAME", requires = "targets")]
    world: Option<String>,

    /// How to show it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: InspectFormat,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// How a component is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum InspectFormat {
    /// Imports, exports, size by part and producers, for people.
    #[default]
    Text,
    /// The same and the WIT, for machines.
    Json,
    /// The WIT alone.
    Wit,
}

/// Reads a component and shows it.
pub(crate) fn run(args: InspectArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let loaded = source::load(&args.component, None, &args.inputs, context)?;
    let cannot = |error: DecodeError| {
        let hint = source::decode_hint(&error);
        CommandError::from_error(format!("cannot inspect `{}`", args.component), &error).maybe_hint(hint)
    };
    let surface = wkit_interface::decode(&loaded.bytes).map_err(cannot)?;
    if let Some(targets) = &args.targets {
        return check_target(targets, &args, &surface, context);
    }
    let parts = wkit_interface::parts(&loaded.bytes).map_err(cannot)?;
    let producers = wkit_interface::producers(&loaded.bytes).map_err(cannot)?;
    match args.format {
        InspectFormat::Wit => ui::print(&surface.wit())?,
        InspectFormat::Json => ui::print_json(&json!({
            "source": args.component,
            "reference": loaded.pulled.as_ref().map(|pulled| &pulled.reference),
            "manifest_digest": loaded.pulled.as_ref().map(|pulled| &pulled.manifest_digest),
            "digest": Digest::sha256(&loaded.bytes),
            "size_bytes": loaded.bytes.len(),
            "surface": surface,
            "parts": parts,
            "producers": producers,
        }))?,
        InspectFormat::Text => ui::print(&describe(&args.component, &loaded, &surface, &parts, &producers))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 when the component does not fit.
fn check_target(
    targets: &str,
    args: &InspectArgs,
    surface: &Surface,
    context: &Context,
) -> Result<ExitCode, CommandError> {
    let target = Target::load(targets, args.world.as_deref(), &args.inputs, context)?;
    if args.format == InspectFormat::Json {
        let misfits = target.misfits(surface);
        let fits = misfits.is_empty();
        ui::print_json(&json!({ "world": target.world(), "fits": fits, "misfits": misfits }))?;
        return Ok(if fits { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    target.check(&format!("`{}`", args.component), surface)?;
    context.ui.done("fits", format!("{}: the world `{}` of `{targets}`", args.component, target.world()));
    Ok(ExitCode::SUCCESS)
}

fn describe(name: &str, loaded: &Loaded, surface: &Surface, parts: &[Part], producers: &Producers) -> String {
    let kind = match surface.kind {
        SurfaceKind::Component => "component",
        SurfaceKind::WitPackage => "WIT package",
    };
    let mut text = format!("{name}: {kind}, {}\n", ui::size(loaded.bytes.len() as u64));
    let _ = writeln!(text, "digest    {}", Digest::sha256(&loaded.bytes));
    if let Some(pulled) = &loaded.pulled {
        let _ = writeln!(text, "reference {}", pulled.reference);
    }
    if let Some(package) = &surface.package {
        let _ = writeln!(text, "package   {package}");
    }
    if let Some(runs) = what_runs_it(surface) {
        let _ = writeln!(text, "runs as   {runs}");
    }
    if surface.kind == SurfaceKind::Component {
        text += &items("imports", &surface.imports);
        text += &items("exports", &surface.exports);
    } else {
        text += &items("interfaces", &surface.interfaces);
        for world in &surface.worlds {
            let _ = writeln!(text, "\nworld {}", world.name);
            text += &items("imports", &world.imports);
            text += &items("exports", &world.exports);
        }
    }
    text += "\nsize by part\n";
    text += &size_table(parts, loaded.bytes.len() as u64);
    text += &producers_text(producers);
    text
}

fn what_runs_it(surface: &Surface) -> Option<String> {
    let command = surface.is_command().map(|export| format!("a command (`wkit run`), {export}"));
    command.or_else(|| surface.is_http().map(|export| format!("an HTTP service, {export}")))
}

/// Imports or exports: interfaces with the names of what they hold, functions with their types.
fn items(title: &str, items: &[Item]) -> String {
    let mut text = format!("\n{title} ({})\n", items.len());
    for item in items {
        if let (ItemKind::Function, [function]) = (item.kind, item.functions.as_slice()) {
            let _ = writeln!(text, "  {}: {}", item.name, function.signature);
            continue;
        }
        let _ = writeln!(text, "  {}", item.name);
        // WASI's interfaces are known; the others are what this component is about.
        if item.name.starts_with("wasi:") {
            continue;
        }
        for function in &item.functions {
            let _ = writeln!(text, "    {}: {}", function.name, function.signature);
        }
        for resource in &item.resources {
            let _ = writeln!(text, "    resource {}", resource.name);
            for function in &resource.functions {
                let _ = writeln!(text, "      {}: {}", function.name, function.signature);
            }
        }
    }
    text
}

/// The components and core modules inside, each with what its bytes are spent on.
fn size_table(parts: &[Part], total_bytes: u64) -> String {
    let mut table = Table::new(&["part", ">size", ">share", ">code", ">data", ">names and debug"]);
    for part in parts {
        size_rows(part, 0, total_bytes, &mut table);
    }
    table.render()
}

fn size_rows(part: &Part, depth: usize, total_bytes: u64, table: &mut Table) {
    let own = |kinds: &[PartKind]| -> u64 {
        part.children.iter().filter(|child| kinds.contains(&child.kind)).map(|child| child.size_bytes).sum()
    };
    let what = kind_name(part).unwrap_or_default();
    let name = if part.name == what { what.to_owned() } else { format!("{what} {}", part.name) };
    table.row(vec![
        format!("{}{name}", "  ".repeat(depth)),
        ui::size(part.size_bytes),
        share(part.size_bytes, total_bytes),
        size_cell(own(&[PartKind::Code])),
        size_cell(own(&[PartKind::Data])),
        size_cell(own(&[PartKind::Names, PartKind::DebugInfo])),
    ]);
    // What is too small to matter is counted, so that what matters is seen; JSON has every part.
    let inner = part.children.iter().filter(|child| kind_name(child).is_some());
    let (large, small): (Vec<&Part>, Vec<&Part>) =
        inner.partition(|child| child.size_bytes * 1000 >= total_bytes);
    for child in large {
        size_rows(child, depth + 1, total_bytes, table);
    }
    if !small.is_empty() {
        let bytes = small.iter().map(|child| child.size_bytes).sum();
        let parts = if small.len() == 1 { "smaller part" } else { "smaller parts" };
        let name = format!("{}{} {parts}", "  ".repeat(depth + 1), small.len());
        let blank = String::new;
        table.row(vec![name, ui::size(bytes), share(bytes, total_bytes), blank(), blank(), blank()]);
    }
}

fn kind_name(part: &Part) -> Option<&'static str> {
    match part.kind {
        PartKind::Component => Some("component"),
        PartKind::Module => Some("core module"),
        _ => None,
    }
}

fn share(bytes: u64, total_bytes: u64) -> String {
    let per_mille = (bytes * 1000).checked_div(total_bytes).unwrap_or(0);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

fn size_cell(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { ui::size(bytes) }
}

/// Every language and tool that took part, once.
fn producers_text(producers: &Producers) -> String {
    let mut fields: indexmap::IndexMap<&str, Vec<String>> = indexmap::IndexMap::new();
    collect(producers, &mut fields);
    if fields.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nproducers\n");
    for (field, mut values) in fields {
        values.sort();
        values.dedup();
        let _ = writeln!(text, "  {field:12}  {}", values.join(", "));
    }
    for annotation in &producers.annotations {
        let _ = writeln!(text, "  {:12}  {}", annotation.name, annotation.value);
    }
    text
}

fn collect<'a>(producers: &'a Producers, fields: &mut indexmap::IndexMap<&'a str, Vec<String>>) {
    for field in &producers.fields {
        let values = field
            .values
            .iter()
            .map(|value| format!("{} {}", value.name, value.version).trim_end().to_owned());
        fields.entry(&field.name).or_default().extend(values);
    }
    for child in &producers.children {
        collect(child, fields);
    }
}
