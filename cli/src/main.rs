//! `wkit`: from WebAssembly source to a running component.
//!
//! This crate turns arguments and `wkit.toml` into calls on the libraries and shows the results. It is the only one
//! that writes to the terminal and reads the home folder or the environment.

mod arguments;
mod baked;
mod baseline;
mod build;
mod closing;
mod commands;
mod components;
mod composing;
mod context;
mod error;
mod file_state;
mod grants;
mod inputs;
mod limits;
mod linked;
mod lock;
mod marks;
mod new;
mod output;
mod progress;
mod project;
mod record;
mod registries;
mod report;
mod rules;
mod script;
mod source;
mod stubs;
mod target;
mod toolchain;
mod ui;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Ui;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ui = Ui::new(arguments.color, arguments.quiet);
    match run(arguments, ui) {
        Ok(code) => code,
        Err(error) => {
            ui.error(&error);
            error.exit_code()
        }
    }
}

fn run(arguments: Arguments, ui: Ui) -> Result<ExitCode, CommandError> {
    let context = Context::from_environment(ui, arguments.project.as_deref())?;
    match arguments.command {
        Command::New(args) => commands::new::run(args, &context),
        Command::Bindings(args) => commands::bindings::run(args, &context),
        Command::Watch(args) => commands::watch::run(args, &context),
        Command::Build(args) => commands::build::run(args, &context),
        Command::Compose(args) => commands::compose::run(args, &context),
        Command::Mock(args) => commands::mock::run(args, &context),
        Command::Virtualise(args) => commands::virtualise::run(args, &context),
        Command::Explode(args) => commands::explode::run(args, &context),
        Command::Graph(args) => commands::graph::run(args, &context),
        Command::Inspect(args) => commands::inspect::run(args, &context),
        Command::Check(args) => commands::check::run(args, &context),
        Command::Diff(args) => commands::diff::run(args, &context),
        Command::Publish(args) => commands::publish::run(args, &context),
        Command::Add(args) => commands::add::run(args, &context),
        Command::Remove(args) => commands::remove::run(args, &context),
        Command::Update(args) => commands::update::run(args, &context),
        Command::Pull(args) => commands::pull::run(args, &context),
        Command::Run(args) => commands::run::run(args, &context),
        Command::Serve(args) => commands::serve::run(args, &context),
        Command::Registry(args) => commands::registry::run(args, &context),
        Command::Toolchain(args) => commands::toolchain::run(args, &context),
    }
}
