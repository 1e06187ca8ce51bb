//! `wkit serve`: a component that handles HTTP requests, closed by default.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use wkit_runtime_runner::{Grants, Output, Program, RequestFailure, RunnerConfig, ServeError, ServeLimits};

use crate::context::Context;
use crate::error::{CommandError, io_reason};
use crate::grants::GrantArgs;
use crate::linked;
use crate::source;

/// Where a server listens when nothing is said.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// How long a request may take when nothing is said, in seconds.
const TIMEOUT_S_DEFAULT: u64 = 30;

/// Arguments of `wkit serve`.
///
/// The component exports `wasi:http/incoming-handler` (WASI 0.2) or `wasi:http/handler` (WASI 0.3). Each request is
/// handled by an instance of its own, whose standard output and standard error are wkit's. It sees no files, no
/// environment and no network but what is granted here; outgoing requests are refused.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// A component: a file, or a reference in a registry
    #[arg(value_name = "FILE|REF")]
    component: String,

    /// The address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value_t = LISTEN_DEFAULT)]
    listen: SocketAddr,

    /// How long a request may take before it is ended, in seconds; 0 is without an end
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT_S_DEFAULT)]
    timeout: u64,

    /// A component that fills imports of this one, linked before the run; can be repeated
    #[arg(long, value_name = "[NAME=]FILE|REF")]
    with: Vec<String>,

    /// What the guest may see
    #[command(flatten)]
    grants: GrantArgs,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: crate::inputs::InputArgs,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(args: ServeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let loaded = linked::load(&args.component, &args.with, &args.inputs, context)?;
    let grants = args.grants.grants()?;
    let grants = grants.argument(&loaded.program_name).stdout(Output::Inherit).stderr(Output::Inherit);
    let config = RunnerConfig {
        cache_folder: Some(context.compiled_folder()),
        deadlines: true,
        ..RunnerConfig::default()
    };
    let cannot = format!("serve `{}`", args.component);
    let program = source::compile(&loaded, &config, &cannot, context)?;
    let runtime = crate::context::runtime()?;
    runtime.block_on(serve(&args, &program, grants, context))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    args: &ServeArgs,
    program: &Program,
    grants: Grants,
    context: &Context,
) -> Result<(), CommandError> {
    let no_signals =
        |error: std::io::Error| CommandError::failed(format!("signals cannot be waited for: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let refused = |error: ServeError| {
        CommandError::from_error(format!("cannot serve `{}`", args.component), &error)
            .maybe_hint(error.hint())
    };
    // Before anything is said to be served.
    program.check_handler(&grants).map_err(refused)?;
    let cannot_listen = |error: std::io::Error| {
        CommandError::failed(format!("cannot listen on `{}`: {}", args.listen, io_reason(&error)))
            .hint("choose another address with `--listen`; with port 0 the system chooses the port")
    };
    let listener = TcpListener::bind(args.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    context
        .ui
        .done("serving", format!("http://{address} from `{}`, until it is interrupted", args.component));
    let mut limits = ServeLimits::default();
    limits.request.wall_time_max = (args.timeout > 0).then(|| Duration::from_secs(args.timeout));
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let ui = context.ui;
    let report = move |failure: RequestFailure| ui.failure(&failure.to_string());
    program.serve(listener, grants, limits, report, stop).await.map_err(refused)
}
