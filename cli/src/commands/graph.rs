//! `wkit graph`: who is wired to whom.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use wkit_composer::{Graph, GraphError, TreeStyle};

use crate::commands::compose;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::output::write_file;
use crate::project::Project;
use crate::script::{self, ScriptArgs, ScriptInput, ScriptOptions};
use crate::source;
use crate::ui;

const INSTANCE: Style = AnsiColor::Cyan.on_default().bold();
const ASIDE: Style = Style::new().dimmed();

/// Arguments of `wkit graph`.
///
/// Reads any composed component, whichever tool composed it, and says which instances are inside, what they are wired to,
/// what is needed from outside and where each export comes from. A project and a script are composed in memory, from
/// components as they were last built.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// A component (a file, or a reference in a registry), a script of the wac language (`FILE.wac`), or a project's folder;
    /// the current project without it
    #[arg(value_name = "PROJECT|FILE|REF")]
    subject: Option<String>,

    /// How to show it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: GraphFormat,

    /// The file to write; stdout without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Where the packages of a script come from
    #[command(flatten)]
    script: ScriptArgs,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// How a graph is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum GraphFormat {
    /// A tree, for people.
    #[default]
    Text,
    /// For Graphviz, as in `wkit graph --format dot | dot -Tpng`.
    Dot,
    /// For pages of Markdown that show Mermaid.
    Mermaid,
    /// A picture for light and dark screens.
    Svg,
    /// For machines.
    Json,
    /// A page with the picture and everything in it as tables; it needs no other file.
    Html,
}

/// Reads a graph and draws it.
pub(crate) fn run(args: GraphArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let graph = read(&args, context)?;
    let drawn = |drawn: Result<String, GraphError>| {
        drawn.map_err(|error| {
            CommandError::from_error("cannot draw the graph", &error)
                .hint("`--format dot`, `mermaid`, `json` and `text` have no such limit")
        })
    };
    let text = match args.format {
        GraphFormat::Text => text(&graph, args.output.is_none()),
        GraphFormat::Dot => graph.dot(),
        GraphFormat::Mermaid => graph.mermaid(),
        GraphFormat::Svg => drawn(graph.svg())?,
        GraphFormat::Html => drawn(graph.html())?,
        GraphFormat::Json => {
            serde_json::to_string_pretty(&graph)
                .map_err(|error| CommandError::bug(format!("cannot write the result as JSON: {error}")))?
                + "\n"
        }
    };
    match &args.output {
        Some(file) => write_file(file, text.as_bytes())?,
        None => ui::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(args: &GraphArgs, context: &Context) -> Result<Graph, CommandError> {
    let (name, bytes) = match &args.subject {
        None => project(&context.project_start, &args.inputs, context)?,
        Some(subject) if names_project(subject) => project(Path::new(subject), &args.inputs, context)?,
        Some(subject) if script::is_script(Path::new(subject)) => script(Path::new(subject), args, context)?,
        Some(subject) => {
            let loaded = source::load(subject, None, &args.inputs, context)?;
            (called(subject), loaded.bytes.to_vec())
        }
    };
    Graph::read(&name, &bytes).map_err(|error| {
        let shown = args.subject.as_deref().unwrap_or(&name);
        let hint = match &error {
            GraphError::Decode(fault) => source::decode_hint(fault).map(str::to_owned),
            GraphError::WitPackage => Some(format!("`wkit inspect {shown}` shows what is in it")),
            _ => None,
        };
        CommandError::from_error(format!("cannot read the graph of `{shown}`"), &error).maybe_hint(hint)
    })
}

/// A project's folder, or its `wkit.toml`.
fn names_project(subject: &str) -> bool {
    let path = Path::new(subject);
    path.is_dir() || (path.is_file() && path.file_name().is_some_and(|name| name == "wkit.toml"))
}

fn project(start: &Path, args: &InputArgs, context: &Context) -> Result<(String, Vec<u8>), CommandError> {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    let project = Project::find(&start)?;
    let composition = compose::compose_built(&project, args, context)?;
    Ok((project.name, composition.bytes.to_vec().map_err(|error| source::input_error(&error))?))
}

fn script(path: &Path, args: &GraphArgs, context: &Context) -> Result<(String, Vec<u8>), CommandError> {
    let input = ScriptInput { path, args: &args.script, inputs: &args.inputs, output: None, build: None };
    let composition = script::compose(&input, &ScriptOptions::default(), context)?.composition;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let bytes = composition.bytes.to_vec().map_err(|error| source::input_error(&error))?;
    Ok((name.unwrap_or_default(), bytes))
}

/// What a file or reference is called: without its folder and ending, or without its host.
fn called(subject: &str) -> String {
    let last = subject.rsplit('/').next().unwrap_or(subject);
    last.strip_suffix(".wasm").unwrap_or(last).to_owned()
}

/// The tree below a line that says how much there is.
fn text(graph: &Graph, with_colours: bool) -> String {
    let code = |style: Style| [style.render().to_string(), style.render_reset().to_string()];
    let (instance, aside) = (code(INSTANCE), code(ASIDE));
    let plain = TreeStyle { exports: true, ..TreeStyle::default() };
    let style = match with_colours {
        true => {
            TreeStyle { instance: [&instance[0], &instance[1]], aside: [&aside[0], &aside[1]], exports: true }
        }
        false => plain,
    };
    let size = graph.size_bytes.map(|bytes| format!(", {}", ui::size(bytes))).unwrap_or_default();
    let digest = graph.digest.as_ref().map(|digest| format!(", {digest}")).unwrap_or_default();
    format!("{}{size}{digest}\n{}", graph.heading(), graph.tree(&style))
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn graphs_are_named_after_files_and_references() {
        assert_eq!(called("build/shop.wasm"), "shop");
        assert_eq!(called("shop:app@0.1.0"), "shop:app@0.1.0");
        assert_eq!(called("host.example/shop/app:0.1.0"), "app:0.1.0");
    }
}
