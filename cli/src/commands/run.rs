//! `wkit run`: one component, closed by default.

use std::process::ExitCode;

use clap::Args;
use wkit_runtime_runner::{Grants, InvokeError, Limits, Outcome, Program, RunError, RunnerConfig};

use crate::context::Context;
use crate::error::CommandError;
use crate::grants::GrantArgs;
use crate::linked;
use crate::source;
use crate::ui;

/// Arguments of `wkit run`.
///
/// The guest gets stdin, stdout, stderr and the arguments after `--`. It sees no files, no environment and no network
/// but what is granted here.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A component: a file, or a reference in a registry
    #[arg(value_name = "FILE|REF")]
    component: String,

    /// A component that fills imports of this one, linked before the run; can be repeated
    #[arg(long, value_name = "[NAME=]FILE|REF")]
    with: Vec<String>,

    /// What the guest may see
    #[command(flatten)]
    grants: GrantArgs,

    /// Call one export with WAVE arguments and print what it returns, as in 'add(1, 2)'
    #[arg(long, value_name = "CALL", conflicts_with = "arguments")]
    invoke: Option<String>,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: crate::inputs::InputArgs,

    /// Arguments of the guest
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Runs the component; the guest's exit code is wkit's.
pub(crate) fn run(args: RunArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let loaded = linked::load(&args.component, &args.with, &args.inputs, context)?;
    let grants = args
        .grants
        .grants()?
        .inherit_stdio()
        .argument(&loaded.program_name)
        .arguments(args.arguments.iter().cloned());
    let shown = args.component.as_str();
    let config = RunnerConfig { cache_folder: Some(context.compiled_folder()), ..RunnerConfig::default() };
    let program = source::compile(&loaded, &config, &format!("run `{shown}`"), context)?;
    match &args.invoke {
        Some(call) => invoke(&program, call, grants, shown),
        None => run_command(&program, grants, shown),
    }
}

fn run_command(program: &Program, grants: Grants, shown: &str) -> Result<ExitCode, CommandError> {
    let outcome = program.run_blocking(grants, Limits::default()).map_err(|error| {
        let hint = match &error {
            RunError::NotACommand { .. } if program.is_handler() => {
                Some("it handles HTTP requests; serve it with `wkit serve`".to_owned())
            }
            RunError::NotACommand { has_functions: true, .. } => {
                let functions: Vec<String> = program.exports().map(ToString::to_string).collect();
                Some(format!("call one of its functions with `--invoke`: {}", functions.join("; ")))
            }
            _ => error.hint(),
        };
        CommandError::from_error(format!("cannot run `{shown}`"), &error).maybe_hint(hint)
    })?;
    Ok(match outcome {
        Outcome::Exited(code) => ExitCode::from(code),
        Outcome::Trapped(report) => {
            return Err(CommandError::failed(format!("`{shown}` trapped")).detail(report.to_string()).trap());
        }
        Outcome::Stopped(limit) => {
            return Err(CommandError::failed(format!("`{shown}` was stopped")).detail(limit.to_string()));
        }
    })
}

fn invoke(program: &Program, call: &str, grants: Grants, shown: &str) -> Result<ExitCode, CommandError> {
    match program.invoke_blocking(call, grants, Limits::default()) {
        Ok(values) => {
            ui::print(&values.iter().map(|value| format!("{value}\n")).collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(InvokeError::Exited(code)) => Ok(ExitCode::from(code)),
        Err(InvokeError::Trapped(report)) => {
            Err(CommandError::failed(format!("`{call}` of `{shown}` trapped"))
                .detail(report.to_string())
                .trap())
        }
        Err(error) => Err(CommandError::from_error(format!("cannot call `{call}` of `{shown}`"), &error)
            .maybe_hint(error.hint())),
    }
}
