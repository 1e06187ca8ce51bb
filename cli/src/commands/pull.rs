//! `wkit pull`: a component from a registry into a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_artifact::Locator;

use crate::context::Context;
use crate::error::CommandError;
use crate::output::write_file;
use crate::registries::RegistryArgs;
use crate::source;
use crate::ui::{self, Format};

/// Arguments of `wkit pull`.
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// A reference in a registry; a package without a version is the newest one
    #[arg(value_name = "REF")]
    reference: String,

    /// The file to write, or `-` for stdout; named after the component without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    registry: RegistryArgs,

    /// How to show the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Pulls, verifies and writes the component.
pub(crate) fn run(args: PullArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let locator = source::locator(&args.reference)?;
    let to_stdout = args.output.as_ref().is_some_and(|output| output.as_os_str() == "-");
    if to_stdout && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return Err(CommandError::usage("a component is not written to a terminal")
            .hint("name a file with `-o`, or send it to another program"));
    }
    let pulled = source::pull(&locator, &args.registry, context)?;
    if to_stdout {
        ui::print_bytes(&pulled.component)?;
        return Ok(ExitCode::SUCCESS);
    }
    let output = args.output.unwrap_or_else(|| default_output(&locator));
    write_file(&output, &pulled.component)?;
    match args.format {
        Format::Json => ui::print_json(&json!({
            "file": output,
            "reference": pulled.reference,
            "manifest_digest": pulled.manifest_digest,
            "size_bytes": pulled.component.len(),
            "from_cache": pulled.from_cache,
            "resolved": pulled.chain,
        }))?,
        Format::Text => {
            let size = ui::size(pulled.component.len() as u64);
            let origin = if pulled.from_cache { "from the cache" } else { "from the registry" };
            context.ui.done("pulled", format!("{} ({size}, {origin})", output.display()));
            ui::print(&format!("{}\n", pulled.reference))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `tax.wasm` for `acme:tax@1.0.0` and for `host.example/acme/tax:1.0.0`.
fn default_output(locator: &Locator) -> PathBuf {
    PathBuf::from(format!("{}.wasm", source::name_of(locator)))
}
