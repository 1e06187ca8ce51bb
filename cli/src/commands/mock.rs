//! `wkit mock`: a component that stands for what another one imports.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_artifact::Digest;
use wkit_composer::{AnswerKind, Answers, Imports, Mock, MockError, Otherwise, Stub};

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::inputs::InputArgs;
use crate::limits::ANSWERS_FILE_BYTES_MAX;
use crate::marks::place_error;
use crate::output::write_file;
use crate::source;
use crate::ui::{self, Format};

/// Arguments of `wkit mock`.
///
/// The stub exports what the component or world imports, without the interfaces of WASI, so that both compose:
/// `wkit compose COMPONENT --plug STUB`. Its functions trap, or answer what a file states.
#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// A component (a file, or a reference in a registry), or WIT: a package, a folder, a `.wit` file
    #[arg(value_name = "COMPONENT|WIT")]
    source: String,

    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The world of a WIT package that has several
    #[arg(long, value_name = "NAME")]
    world: Option<String>,

    /// An import to mock, with or without version; `*` stands for anything; can be repeated. Without it all but `wasi:*`
    #[arg(long = "import", value_name = "NAME")]
    imports: Vec<String>,

    /// Let functions without a stated answer give the default of their type instead of a trap
    #[arg(long)]
    default: bool,

    /// What functions answer, in TOML: `["acme:kv/store"]`, then lines such as `get = 'some("x")'`
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,

    /// Export `wkit:mock/calls` too, which tells what was called
    #[arg(long)]
    record: bool,

    /// How to show what was mocked
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// Makes a stub, and shows what it stands for.
pub(crate) fn run(args: MockArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let output = args.output.clone().ok_or_else(|| {
        CommandError::usage("no place for the stub").hint("name a file with `-o stub.wasm`")
    })?;
    let source = read_source(&args, context)?;
    let (answers, text) = match &args.values {
        Some(path) => {
            let text = read_answers(path)?;
            let answers = Answers::parse(&text).map_err(|error| shown(&error, &args, Some(&text)))?;
            (answers, Some(text))
        }
        None => (Answers::default(), None),
    };
    let mock = Mock {
        source: &source,
        world: args.world.as_deref(),
        imports: if args.imports.is_empty() {
            Imports::default()
        } else {
            Imports::Only(args.imports.clone())
        },
        answers,
        otherwise: if args.default { Otherwise::Default } else { Otherwise::Trap },
        record: args.record,
    };
    let stub = wkit_composer::mock(&mock).map_err(|error| shown(&error, &args, text.as_deref()))?;
    write_file(&output, &stub.bytes)?;
    let digest = Digest::sha256(&stub.bytes);
    match args.format {
        Format::Json => ui::print_json(&json!({
            "file": output,
            "digest": digest,
            "size_bytes": stub.bytes.len(),
            "mocked": stub.mocked,
            "imports": stub.imports,
            "functions": stub.functions,
            "record": args.record,
        }))?,
        Format::Text => {
            ui::print(&describe(&stub))?;
            let size = ui::size(stub.bytes.len() as u64);
            context.ui.done("mocked", format!("{} ({size}), {digest}", output.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A component, or a WIT package in binary form.
fn read_source(args: &MockArgs, context: &Context) -> Result<Vec<u8>, CommandError> {
    let path = Path::new(&args.source);
    if !(path.is_dir() || path.extension().is_some_and(|extension| extension == "wit")) {
        return Ok(source::load(&args.source, None, &args.inputs, context)?.bytes.to_vec());
    }
    let cannot = |error: &dyn std::error::Error| {
        CommandError::from_error(format!("cannot mock `{}`", args.source), error)
    };
    let (resolve, package) = crate::build::load_packages(path).map_err(|error| cannot(&error))?;
    wit_component::encode(&resolve, package, false).map_err(|error| cannot(error.as_ref()))
}

fn read_answers(path: &Path) -> Result<String, CommandError> {
    let size_bytes = std::fs::metadata(path).map_err(|error| io_error("read", path, &error))?.len();
    if size_bytes > ANSWERS_FILE_BYTES_MAX {
        return Err(CommandError::failed(format!(
            "`{}` is too large: expected at most {ANSWERS_FILE_BYTES_MAX} bytes, found {size_bytes}",
            path.display()
        )));
    }
    std::fs::read_to_string(path).map_err(|error| io_error("read", path, &error))
}

/// An error, with its place in the file of answers where it has one.
fn shown(error: &MockError, args: &MockArgs, text: Option<&str>) -> CommandError {
    let hint = error.hint();
    if let (Some(path), Some(text), Some(span)) = (&args.values, text, error.span()) {
        return place_error(path, text, Some(span), &error.to_string()).maybe_hint(hint);
    }
    let shown = CommandError::failed(format!("cannot mock `{}`", args.source)).detail(error.to_string());
    let usage = matches!(
        error,
        MockError::UnknownWorld { .. } | MockError::UnknownImport { .. } | MockError::WorldOfComponent { .. }
    );
    let shown = if usage { shown.into_usage() } else { shown };
    shown.maybe_hint(hint)
}

/// What each function does, by interface.
fn describe(stub: &Stub) -> String {
    let mut text = String::new();
    let mut interfaces = BTreeSet::new();
    let width = stub.functions.iter().map(|function| function.function.len()).max().unwrap_or_default();
    for function in &stub.functions {
        if interfaces.insert(&function.interface) && !function.interface.is_empty() {
            let _ = writeln!(text, "{}", function.interface);
        }
        let does = match function.answer {
            AnswerKind::Stated => "answers as stated",
            AnswerKind::Default => "answers with the default",
            AnswerKind::Trap => "traps",
        };
        let indent = if function.interface.is_empty() { "" } else { "  " };
        let _ = writeln!(text, "{indent}{:width$}  {does}", function.function);
    }
    for import in &stub.imports {
        let _ = writeln!(text, "needs {import}");
    }
    text
}
