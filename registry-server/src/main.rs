//! `wkit-registry`: the registry as a program of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use tracing_subscriber::EnvFilter;
use wkit_registry_server::{Config, MetadataUrl, Server};

/// An OCI registry that needs no set-up
#[derive(Debug, Parser)]
#[command(name = "wkit-registry", version)]
struct Args {
    /// The folder that holds everything; made when it is missing
    #[arg(long, value_name = "DIR", default_value = Config::DATA_DEFAULT)]
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

    /// How to write the log, which goes to stderr; RUST_LOG chooses what is in it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    start_log(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<()> {
    let mut config = Config::new(args.data);
    config.listen = args.listen;
    config.metadata = Some(args.metadata);
    config.sparse = args.sparse;
    let data = config.data.clone();
    // Before anything slow, so that an early signal is not lost.
    let stop = stop_signal().context("could not wait for signals")?;
    let server = Server::bind(config).await.context("could not start the registry")?;
    println!("listening on http://{} with the data folder `{}`", server.local_addr(), data.display());
    server.run(stop).await.context("the registry stopped")
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
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
