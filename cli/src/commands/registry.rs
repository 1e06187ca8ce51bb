//! `wkit registry`: an OCI registry of one's own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use wkit_registry_server::{Config, MetadataUrl, Server};

use crate::context::Context;
use crate::error::CommandError;

/// Arguments of `wkit registry`.
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    /// What to do
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Serve a registry until it is interrupted
    Serve(ServeArgs),
}

/// Arguments of `wkit registry serve`.
#[derive(Debug, Args)]
struct ServeArgs {
    /// The folder that holds everything; made when it is missing
    #[arg(long, value_name = "FOLDER", default_value = Config::DATA_DEFAULT)]
    data: PathBuf,

    /// The address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value_t = Config::LISTEN_DEFAULT)]
    listen: SocketAddr,

    /// The metadata store: `redb:` or `sled:` inside the data folder, or with a path after the colon elsewhere
    #[arg(long, value_name = "URL", default_value_t)]
    metadata: MetadataUrl,

    /// Accept manifests that refer to content which was not pushed
    #[arg(long)]
    sparse: bool,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(args: RegistryArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let RegistryCommand::Serve(args) = args.command;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let mut config = Config::new(args.data);
    config.listen = args.listen;
    config.metadata = Some(args.metadata);
    config.sparse = args.sparse;
    let runtime = crate::context::runtime()?;
    runtime.block_on(serve(config, context))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, context: &Context) -> Result<(), CommandError> {
    let no_signals =
        |error: std::io::Error| CommandError::failed(format!("signals cannot be waited for: {error}"));
    // Before anything slow, so that an early signal is not lost.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let data = config.data.display().to_string();
    let server = Server::bind(config)
        .await
        .map_err(|error| CommandError::from_error("the registry cannot start", &error))?;
    context
        .ui
        .done("serving", format!("http://{} from `{data}`, until it is interrupted", server.local_addr()));
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    server.run(stop).await.map_err(|error| CommandError::from_error("the registry stopped", &error))
}
