//! `wkit run`: one component, closed by default.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use wkit_runtime_runner::{
    Access, Grants, InvokeError, Limits, Outcome, Program, RunError, Runner, RunnerConfig,
};

use crate::context::Context;
use crate::error::CommandError;
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

    /// Grant a host folder under a guest path, read-only with `:ro`; can be repeated
    #[arg(long = "dir", value_name = "HOST::GUEST[:ro]")]
    folders: Vec<Folder>,

    /// Set a variable of the guest's environment, or pass one on by its name; can be repeated
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    variables: Vec<String>,

    /// Call one export with WAVE arguments and print what it returns, as in 'add(1, 2)'
    #[arg(long, value_name = "CALL", conflicts_with = "arguments")]
    invoke: Option<String>,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    registry: crate::registries::RegistryArgs,

    /// Arguments of the guest
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Runs the component; the guest's exit code is wkit's.
pub(crate) fn run(args: RunArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let loaded = source::load(&args.component, &args.registry, context)?;
    let grants = grants(&args, &loaded.program_name)?;
    let shown = args.component.as_str();
    let config = RunnerConfig { cache_folder: Some(context.compiled_folder()), ..RunnerConfig::default() };
    let runner =
        Runner::new(&config).map_err(|error| CommandError::from_error("the runner cannot start", &error))?;
    let spinner = context.ui.spinner(format!("compiling {shown}"));
    let program = runner.load(&loaded.bytes).map_err(|error| {
        let cannot = format!("cannot run `{shown}`");
        // The engine stops at the first fault; reading the component says more about files that are none.
        match wkit_interface::decode(&loaded.bytes) {
            Err(fault) => CommandError::from_error(cannot, &fault).maybe_hint(source::decode_hint(&fault)),
            Ok(_) => CommandError::from_error(cannot, &error).maybe_hint(error.hint()),
        }
    })?;
    spinner.finish_and_clear();
    match &args.invoke {
        Some(call) => invoke(&program, call, grants, shown),
        None => run_command(&program, grants, shown),
    }
}

fn run_command(program: &Program, grants: Grants, shown: &str) -> Result<ExitCode, CommandError> {
    let outcome = program.run_blocking(grants, Limits::default()).map_err(|error| {
        let hint = match &error {
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

fn grants(args: &RunArgs, program_name: &str) -> Result<Grants, CommandError> {
    let mut grants = Grants::default().inherit_stdio().argument(program_name);
    for argument in &args.arguments {
        grants = grants.argument(argument);
    }
    for variable in &args.variables {
        let (name, value) = match variable.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => {
                let value = std::env::var(variable).map_err(|_| {
                    CommandError::usage(format!("`--env {variable}` passes on a variable that is not set"))
                        .hint(format!("give it a value: `--env {variable}=VALUE`"))
                })?;
                (variable.as_str(), value)
            }
        };
        if name.is_empty() {
            return Err(CommandError::usage(format!("`--env {variable}` has no name"))
                .hint("write it like `--env NAME=VALUE`"));
        }
        grants = grants.env(name, value);
    }
    for folder in &args.folders {
        grants = grants.preopen(&folder.host, &folder.guest, folder.access);
    }
    Ok(grants)
}

/// A `--dir` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    host: PathBuf,
    guest: String,
    access: Access,
}

impl FromStr for Folder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (paths, access) = match text.strip_suffix(":ro") {
            Some(paths) => (paths, Access::ReadOnly),
            None => (text.strip_suffix(":rw").unwrap_or(text), Access::ReadWrite),
        };
        let (host, guest) = paths.split_once("::").unwrap_or((paths, paths));
        if host.is_empty() || guest.is_empty() {
            return Err("expected `HOST::GUEST`, as in `--dir ./data::/data:ro`".to_owned());
        }
        Ok(Self { host: PathBuf::from(host), guest: guest.to_owned(), access })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_as_written() {
        let folder = |text: &str| text.parse::<Folder>().unwrap();
        assert_eq!(
            folder("./data::/srv:ro"),
            Folder { host: "./data".into(), guest: "/srv".into(), access: Access::ReadOnly }
        );
        assert_eq!(folder("/srv").guest, "/srv");
        assert_eq!(folder("a::b:rw").access, Access::ReadWrite);
        assert!("::".parse::<Folder>().is_err());
        assert!("a::".parse::<Folder>().is_err());
    }
}
