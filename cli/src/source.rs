//! `FILE|REF`: where a component comes from.

use std::path::Path;

use bytes::Bytes;
use wkit_artifact::Locator;
use wkit_interface::DecodeError;
use wkit_registry_client::Pulled;
use wkit_runtime_runner::{Program, Runner, RunnerConfig};

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::limits::COMPONENT_FILE_BYTES_MAX;
use crate::progress::Bars;
use crate::registries::{self, RegistryArgs};

/// A component that was read or pulled.
pub(crate) struct Loaded {
    /// The component.
    pub(crate) bytes: Bytes,
    /// What the guest is told that it is called, as a shell would: the file or reference as it was given.
    pub(crate) program_name: String,
    /// The artifact, if it came from a registry.
    pub(crate) pulled: Option<Pulled>,
}

/// Reads the file or pulls the reference that `text` names.
pub(crate) fn load(text: &str, args: &RegistryArgs, context: &Context) -> Result<Loaded, CommandError> {
    if is_file(text) {
        let bytes = read_component_file(Path::new(text))?.into();
        return Ok(Loaded { bytes, program_name: text.to_owned(), pulled: None });
    }
    let pulled = pull(&locator(text)?, args, context)?;
    Ok(Loaded { bytes: pulled.component.clone(), program_name: text.to_owned(), pulled: Some(pulled) })
}

/// Compiles a component, or finds its code in the cache. `to_do` completes "cannot …".
pub(crate) fn compile(
    loaded: &Loaded,
    config: &RunnerConfig,
    to_do: &str,
    context: &Context,
) -> Result<Program, CommandError> {
    let runner =
        Runner::new(config).map_err(|error| CommandError::from_error("the runner cannot start", &error))?;
    let spinner = context.ui.spinner(format!("compiling {}", loaded.program_name));
    let program = runner.load(&loaded.bytes).map_err(|error| {
        let cannot = format!("cannot {to_do}");
        // The engine stops at the first fault; reading the component says more about files that are none.
        match wkit_interface::decode(&loaded.bytes) {
            Err(fault) => CommandError::from_error(cannot, &fault).maybe_hint(decode_hint(&fault)),
            Ok(_) => CommandError::from_error(cannot, &error).maybe_hint(error.hint()),
        }
    })?;
    spinner.finish_and_clear();
    Ok(program)
}

/// Parses a reference, with a hint for what looks like neither a reference nor a file.
pub(crate) fn locator(text: &str) -> Result<Locator, CommandError> {
    text.parse().map_err(|error: wkit_artifact::ParseLocatorError| {
        let shown = CommandError::from_error(format!("`{text}` is neither a file nor a reference"), &error);
        shown.into_usage().hint(
            "a reference is `namespace:name@1.2.3`, `host/repository:tag` or `host/repository@sha256:…`",
        )
    })
}

/// Pulls with progress; the client verifies every digest.
pub(crate) fn pull(
    locator: &Locator,
    args: &RegistryArgs,
    context: &Context,
) -> Result<Pulled, CommandError> {
    let client = registries::client(args, context)?;
    let runtime = crate::context::runtime()?;
    let bars = Bars::new(context.ui);
    runtime.block_on(client.pull(locator, &bars)).map_err(|error| {
        CommandError::from_error(format!("cannot pull `{locator}`"), &error).maybe_hint(error.hint())
    })
}

/// What to do about bytes that are no component.
pub(crate) fn decode_hint(error: &DecodeError) -> Option<&'static str> {
    match error {
        DecodeError::Empty | DecodeError::NotWasm { .. } => {
            Some("build a component from source with `wkit build`")
        }
        DecodeError::CoreModule => Some(
            "`wkit build` makes a component of it: a project names it with `language = \"module\"` and `module`",
        ),
        DecodeError::Truncated { .. } => Some("build it again, or pull it again"),
        _ => None,
    }
}

/// Reads a file that should be a component.
pub(crate) fn read_component_file(path: &Path) -> Result<Vec<u8>, CommandError> {
    let size_bytes = std::fs::metadata(path).map_err(|error| io_error("read", path, &error))?.len();
    if size_bytes > COMPONENT_FILE_BYTES_MAX {
        return Err(CommandError::failed(format!(
            "`{}` is too large: expected at most {COMPONENT_FILE_BYTES_MAX} bytes, found {size_bytes}",
            path.display()
        )));
    }
    std::fs::read(path).map_err(|error| io_error("read", path, &error))
}

/// A file is what exists, what is written as a path, or what has the ending of one.
pub(crate) fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    let looks_like_a_path = text.starts_with("./") || text.starts_with("../") || path.is_absolute();
    let has_ending =
        !text.contains(':') && path.extension().is_some_and(|ending| ending == "wasm" || ending == "wat");
    looks_like_a_path || has_ending || path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_references_are_told_apart() {
        for file in ["./x", "../x", "/x", "x.wasm", "a/b.wasm", "Cargo.toml"] {
            assert!(is_file(file), "{file}");
        }
        for reference in ["acme:tax@1.0.0", "acme:tax", "host.example/tax:1.0.0", "host.example/tax.wasm:1"] {
            assert!(!is_file(reference), "{reference}");
        }
    }
}
