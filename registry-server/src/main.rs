//! `wkit-registry`: the registry as a program of its own.

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use wkit_registry_server::Command;

/// An OCI registry that needs no set-up
#[derive(Debug, Parser)]
#[command(name = "wkit-registry", version)]
struct Args {
    #[command(subcommand)]
    command: Command,

    /// How to write the log, which goes to stderr; RUST_LOG chooses what is in it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn main() -> ExitCode {
    let args = Args::parse();
    start_log(args.log_format);
    match run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The message of a command holds its causes.
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(command.run(&mut std::io::stdout()))?)
}

fn start_log(format: LogFormat) {
    let (filter, wrong) = match std::env::var(EnvFilter::DEFAULT_ENV).map(EnvFilter::try_new) {
        Ok(Ok(filter)) => (filter, None),
        Ok(Err(error)) => (EnvFilter::new("info"), Some(error)),
        Err(_) => (EnvFilter::new("info"), None),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
    if let Some(error) = wrong {
        tracing::warn!(%error, "the variable `RUST_LOG` cannot be used, so what is in the log is `info`");
    }
}
