//! The command line as a whole; each command's own arguments stand in its file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::add::AddArgs;
use crate::commands::bindings::BindingsArgs;
use crate::commands::build::BuildArgs;
use crate::commands::check::CheckArgs;
use crate::commands::compose::ComposeArgs;
use crate::commands::diff::DiffArgs;
use crate::commands::explode::ExplodeArgs;
use crate::commands::graph::GraphArgs;
use crate::commands::inspect::InspectArgs;
use crate::commands::mock::MockArgs;
use crate::commands::new::NewArgs;
use crate::commands::publish::PublishArgs;
use crate::commands::pull::PullArgs;
use crate::commands::registry::RegistryArgs;
use crate::commands::remove::RemoveArgs;
use crate::commands::run::RunArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::toolchain::ToolchainArgs;
use crate::commands::update::UpdateArgs;
use crate::commands::virtualise::VirtualiseArgs;
use crate::commands::watch::WatchArgs;
use crate::ui::Color;

/// From WebAssembly source to a running component
///
/// Builds components from source in many languages, composes them into one linked component, publishes it to any OCI
/// registry, pulls it and runs it. A command that takes a REF takes `namespace:name@version`, `host/repository:tag`
/// and `host/repository@digest`.
#[derive(Debug, Parser)]
#[command(name = "wkit", version, max_term_width = 110)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The project's folder, or its `wkit.toml`; found from the current folder upwards without it
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) project: Option<PathBuf>,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,

    /// Show results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The stations of the road.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the folder of a new component
    New(NewArgs),
    /// Build the components of a project from source
    Build(BuildArgs),
    /// Write the bindings that editors and tests outside Wasm want to see
    Bindings(BindingsArgs),
    /// Build, compose and run again whenever a source changes
    Watch(WatchArgs),
    /// Link components into one component
    Compose(ComposeArgs),
    /// Close what a component may do, or state what it sees instead
    Virtualise(VirtualiseArgs),
    /// Add a dependency to the project
    Add(AddArgs),
    /// Take a dependency out of the project
    Remove(RemoveArgs),
    /// Move dependencies to newer versions within their ranges
    Update(UpdateArgs),
    /// Take a composition apart into its components and the script that composes them
    Explode(ExplodeArgs),
    /// Show who is wired to whom in a composition
    Graph(GraphArgs),
    /// Make a stub of what a component imports, to run and test it alone
    Mock(MockArgs),
    /// Show what a component imports, exports and is made of
    Inspect(InspectArgs),
    /// Say whether a component or interface is sound, and whether it replaces another one
    ///
    /// A component is valid, fits its world and is had by its hosts; WIT resolves, and its gates and names make sense. With
    /// `--against` it is compared with what was there before: what changed, whom that breaks, and which version that needs.
    /// Exit code 0: nothing breaks; 1: something does; 2: it could not be checked.
    Check(CheckArgs),
    /// Show what changed between two components or interfaces
    ///
    /// Both ways to write each change, by which part the version has to grow, and as Markdown what a release note says. A
    /// and B are what `wkit check` takes. What breaks is told and is no failure: that is the work of `wkit check`.
    Diff(DiffArgs),
    /// Push a component to a registry
    Publish(PublishArgs),
    /// Fetch a component from a registry
    Pull(PullArgs),
    /// Run a component with nothing granted but stdio and arguments
    Run(RunArgs),
    /// Serve a component that handles HTTP requests
    Serve(ServeArgs),
    /// Host a registry
    Registry(RegistryArgs),
    /// Get what components are built with, and see what is missing
    Toolchain(ToolchainArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    /// `docs/reference/cli.md` is what `--help` says, command by command.
    #[test]
    fn the_reference_is_what_the_commands_say() {
        let mut text = String::from(
            "# Command line reference\n\nWhat each command's `--help` says. Exit codes: 0 done, 1 refused or failed, \
             2 usage, 3 a bug in wkit;\n`wkit check` exits with 1 for findings alone; `wkit run` passes on the component's own code, and a trap is 134.\n",
        );
        let mut command = Arguments::command().term_width(100);
        command.build();
        describe(&mut command, "wkit", &mut text);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/cli.md");
        wkit_fixtures::golden::assert_golden(file, &text);
    }

    fn describe(command: &mut clap::Command, path: &str, text: &mut String) {
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        *text += &format!("\n## {path}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
        let names: Vec<String> =
            command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        for name in names.iter().filter(|name| *name != "help") {
            let inner = command.find_subcommand_mut(name).expect("the name was just listed");
            describe(inner, &format!("{path} {name}"), text);
        }
    }
}
