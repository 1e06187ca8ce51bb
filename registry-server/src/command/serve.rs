//! `serve`: the registry itself.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::CommandError;
use super::folder_args::configuration;
use crate::config::{Config, MetadataUrl};
use crate::server::Server;
use crate::settings::parse_listen;

/// Arguments of `serve`. What is given here goes before what the configuration file says.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The folder that holds everything; made when it is missing [default: registry-data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// The address to listen on; port 0 lets the system choose [default: 127.0.0.1:5050]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    listen: Option<SocketAddr>,

    /// The metadata store: `redb:` or `sled:` inside the data folder, or with a path after the colon elsewhere
    /// [default: redb:]
    #[arg(long, value_name = "URL")]
    metadata: Option<MetadataUrl>,

    /// Serve plain HTTP where other machines can reach it
    #[arg(long)]
    insecure: bool,

    /// Accept manifests that refer to content which was not pushed
    #[arg(long)]
    sparse: bool,

    /// Let content be pulled only, until this is switched off
    #[arg(long)]
    read_only: bool,
}

impl ServeArgs {
    /// The configuration that the file and the arguments give together.
    fn config(self) -> Result<Config, CommandError> {
        let mut config = configuration(self.config.as_deref(), self.data, self.metadata)?;
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        config.sparse |= self.sparse;
        config.read_only |= self.read_only;
        config.insecure |= self.insecure;
        Ok(config)
    }
}

/// Serves until SIGINT or SIGTERM. One line is printed as soon as clients may connect: it says the address.
pub(super) async fn run(args: ServeArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let config = args.config()?;
    let data = config.data.clone();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    crate::server::raise_descriptor_limit();
    // Before anything slow, so that an early signal is not lost.
    let stop = stop_signal().map_err(CommandError::Signals)?;
    let server = Server::bind(config).await?;
    let line =
        format!("listening on {scheme}://{} with the data folder `{}`", server.local_addr(), data.display());
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(CommandError::Output)?;
    Ok(server.run(stop).await?)
}

/// Ends when the process is asked to stop.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends when the process is asked to stop.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
