//! `wkit virtualise`: one component that can do less, on any host.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_composer::virtualise::{Capability, State, VirtualiseError, Virtualised};

use crate::closing::{self, Closing, FixArgs};
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::output::write_file;
use crate::source;
use crate::ui::{self, Format, Table};

/// Arguments of `wkit virtualise`.
///
/// Closes capabilities of WASI, or states what the component sees instead. The result no longer asks the host for them
/// and gets the answers of a host that grants nothing. What is stated with `--env`, `--arg`, `--dir`, `--file`,
/// `--clock` or `--random` is all that the component sees of its kind.
#[derive(Debug, Args)]
pub(crate) struct VirtualiseArgs {
    /// A component: a file, or a reference in a registry
    #[arg(value_name = "FILE|REF")]
    component: String,

    /// Close capabilities: `filesystem`, `sockets`, `http`, `env`, `args`, `stdin`, `stdout`, `stderr`, `clocks`,
    /// `random`, `exit`, or `all`; can be repeated
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    deny: Vec<String>,

    /// Leave capabilities open that `--deny all` would close; can be repeated
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    allow: Vec<String>,

    /// What the component sees instead
    #[command(flatten)]
    fix: FixArgs,

    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// How to show what became of each capability
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// Writes the component, and shows what became of each capability.
pub(crate) fn run(args: VirtualiseArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let mut closing = Closing::default();
    closing.deny(&args.deny)?;
    closing.allow(&args.allow)?;
    let policy = closing.policy(&args.fix)?;
    if policy.is_empty() {
        let names = Capability::ALL.map(Capability::name).join(", ");
        return Err(CommandError::usage("nothing to close")
            .hint(format!("name capabilities with `--deny`: {names}, or all")));
    }
    let loaded = source::load(&args.component, None, &args.inputs, context)?;
    let name = closing::name_of(Path::new(&args.component));
    let virtualised = wkit_composer::virtualise::virtualise(&name, &loaded.bytes, &policy)
        .map_err(|error| refused(&args.component, &error))?;
    if virtualised.capabilities.iter().all(|outcome| outcome.state == State::NotUsed) {
        return Err(CommandError::failed(format!("`{}` has nothing to close", args.component))
            .detail("it imports no capability of WASI 0.2 or 0.3")
            .hint("look at what it imports with `wkit inspect`"));
    }
    write_file(&args.output, &virtualised.bytes)?;
    show(&args, &virtualised, context)?;
    Ok(ExitCode::SUCCESS)
}

fn refused(component: &str, error: &VirtualiseError) -> CommandError {
    let cannot = format!("cannot virtualise `{component}`");
    match error {
        VirtualiseError::Decode { source, .. } => {
            CommandError::from_error(cannot, source).maybe_hint(source::decode_hint(source))
        }
        _ => CommandError::failed(cannot).detail(error.to_string()).maybe_hint(error.hint()),
    }
}

fn show(args: &VirtualiseArgs, virtualised: &Virtualised, context: &Context) -> Result<(), CommandError> {
    let digest = wkit_artifact::Digest::sha256(&virtualised.bytes);
    match args.format {
        Format::Json => ui::print_json(&json!({
            "file": args.output,
            "digest": digest,
            "size_bytes": virtualised.bytes.len(),
            "changed": virtualised.changed,
            "capabilities": virtualised.capabilities,
            "imports": virtualised.imports,
        }))?,
        Format::Text => {
            let mut table = Table::new(&["capability", "now", "was imported as"]);
            for outcome in &virtualised.capabilities {
                table.row(vec![
                    outcome.capability.to_string(),
                    outcome.state.name().to_owned(),
                    outcome.interfaces.join(", "),
                ]);
            }
            ui::print(&table.render())?;
            if !virtualised.changed {
                context.ui.note(format!(
                    "`{}` imports nothing of what was to be closed and is written as it was",
                    args.component
                ));
            }
            let size = ui::size(virtualised.bytes.len() as u64);
            context.ui.done("wrote", format!("{} ({size}), {digest}", args.output.display()));
        }
    }
    Ok(())
}
