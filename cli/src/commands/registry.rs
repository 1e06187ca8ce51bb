//! `wkit registry`: an OCI registry of one's own.

use std::process::ExitCode;

use clap::Args;
use wkit_registry_server::Command;

use crate::context::Context;
use crate::error::CommandError;

/// Arguments of `wkit registry`.
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

/// Does what `wkit-registry` does with the same arguments; only warnings are logged.
pub(crate) fn run(args: RegistryArgs, _: &Context) -> Result<ExitCode, CommandError> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let runtime = crate::context::runtime()?;
    runtime
        .block_on(args.command.run(&mut std::io::stdout()))
        .map_err(|error| CommandError::failed(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
