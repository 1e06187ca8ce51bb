//! `read-only`: letting a running registry take changes, or not.

use std::io::Write;

use reqwest::Method;

use super::remote::RemoteArgs;
use super::{CommandError, OutputFormat, say};
use crate::routes::admin::read_only::ReadOnly;

/// Arguments of `read-only`.
#[derive(Debug, clap::Args)]
pub struct ReadOnlyArgs {
    /// Whether nothing may be changed; without this, say how it is
    #[arg(value_name = "STATE")]
    state: Option<State>,

    #[command(flatten)]
    remote: RemoteArgs,

    /// How to write the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// Content can be pulled only
    On,
    /// Content can be pushed and removed as well
    Off,
}

/// Switches, or asks.
pub(super) async fn run(args: ReadOnlyArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    let remote = args.remote.require()?;
    let state: ReadOnly = match args.state {
        None => remote.get("read-only").await?,
        Some(state) => {
            let wanted = ReadOnly { read_only: state == State::On };
            remote.send(Method::PUT, "read-only", &wanted).await?
        }
    };
    say(output, args.format, &state, |state| {
        let word = if state.read_only { "read-only: content can be pulled only" } else { "open for changes" };
        format!("the registry is {word}")
    })
}
